/**
 * The session of a request: loaded at its first use, written once before the head is sent.
 *
 * Hot path: a request that does not ask for its session costs one allocation in the request's memory.
 *
 * Requests of one session run at once, in several processes. What each has changed is kept key by key, and the stored
 * bytes are replaced only if they are those that the request has read; else it reads them again, makes its own changes to
 * them, and tries again. A session that was ended meanwhile is not made again.
 */
#ifndef AUTH_SESSION_SESSION_H
#define AUTH_SESSION_SESSION_H

#include "auth/session/record.h"

#include <tern/session.h>

enum {
    SESSION_ID_BYTES = 24,
    SESSION_ID_TEXT = 32,
    SESSION_PARTS = 16,
    SESSION_COOKIE_MAX = 4096,
    SESSION_TRIES = 16 /* of replacing what others change, too */
};

typedef struct session_config {
    tern_sessions_options options;
    unsigned touch_s; /* how often the time of the last use is written */
} session_config;

/** A part by a model, as a handler sees it. */
typedef struct session_part {
    const tern_type *type;
    void *value;
    const char *before; /* its JSON when it was handed out */
} session_part;

typedef struct session {
    const session_config *config;
    bool is_loaded;
    bool is_stored; /* the store, or the cookie, has it */
    bool is_changed;
    bool is_renewed; /* it needs a new id, and the old one ends at once */
    bool is_signing_in;
    bool is_ended;     /* the browser's cookie is to be deleted */
    bool is_away;      /* the store could not be reached */
    bool is_sent;      /* the head of the reply is, or will be at once */
    bool writes_late;  /* tern_after writes what a stream changes */
    bool is_confirmed; /* by the new id of a session that was renewed by its age */
    bool has_key;
    uint8_t key[SESSION_KEY_BYTES];   /* where it is stored */
    uint8_t asked[SESSION_KEY_BYTES]; /* the digest of the cookie's id: another one in the overlap */
    bool moves_again;                 /* the client has not taken the new id */
    tern_str stored;                  /* as it was read */
    session_record record;
    session_part *parts; /* SESSION_PARTS of them; NULL until one is used */
    unsigned part_count;
} session;

/** Whether tern_sessions was called for this application. */
bool session_is_declared(const tern_app *app);

/** The session of the request, loaded. Fails with 500 without tern_sessions, and with 503 when the store is away. */
session *session_of(tern_ctx *c);
/** Loads it. (load.c) */
void session_load(tern_ctx *c, session *s);
/** Before a change: fails when it is too late for one. */
void session_before_change(tern_ctx *c, session *s);
/** Begins a session where there is none. */
void session_begin(tern_ctx *c, session *s);
/** Ends it in the store at once. (save.c) */
void session_end_now(tern_ctx *c, session *s);
/** Writes what has changed, and sets the cookie unless the head is sent. (save.c) */
void session_save(tern_ctx *c, session *s);
/** Writes the changes of parts into the record. (values.c) */
void session_collect(tern_ctx *c, session *s);
/** Cache-Control and Vary of a reply that depends on the session. (load.c) */
void session_mark(tern_ctx *c, bool sets_cookie);

/** The name of the cookie for this request. (load.c) */
const char *session_cookie_name(tern_ctx *c, const session_config *config);
int64_t session_now(void);
/** Seconds until the session ends, of not being used or of its age. */
uint64_t session_left(const session_config *config, const session_record *r, int64_t now);
/** The store's key of a session. */
tern_str session_store_key(tern_ctx *c, const uint8_t *key);
/** Reads the record of a key: TERN_STORED, _NOT, or _AWAY. (load.c) */
tern_stored session_fetch(tern_ctx *c, const session_config *config, const uint8_t *key, tern_str *bytes,
                          session_record *out);
/** How long a record stays in the store. Those of users never make room for others. */
tern_stay session_stay(const session_config *config, const session_record *r);
/** Fails with 503: the store is away. */
_Noreturn void session_fail_away(tern_ctx *c);

/* users.c: the list of a user's sessions */
void session_user_add(tern_ctx *c, const session_config *config, tern_str user, const uint8_t *key);
void session_user_remove(tern_ctx *c, const session_config *config, tern_str user, const uint8_t *key);

#endif
