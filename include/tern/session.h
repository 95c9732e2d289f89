/**
 * Sessions: what the service remembers of a browser from one request to the next.
 *
 *     tern_sessions(app);                               // in main: in memory that the workers share
 *     tern_sessions(app, .store = tern_redis_store());  // or for several machines
 *
 *     TERN_HANDLER(visit)
 *     {
 *         const char *seen = tern_session_get(c, "seen");
 *         tern_session_set(c, "seen", "yes");
 *         return tern_text(c, seen != NULL ? "welcome back" : "hello");
 *     }
 *
 * The browser has a cookie with a random id of 192 bits (HttpOnly, SameSite=Lax; over TLS Secure and `__Host-session`);
 * the store has a digest of the id, and the data. A session is loaded when a handler first asks for it, and written when
 * it has changed. docs/sessions.md has whole programs.
 */
#ifndef TERN_SESSION_H
#define TERN_SESSION_H

#include <tern/app.h>
#include <tern/cache.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tern_sessions_options {
    tern_store *store; /* default tern_memory_store(.name = "sessions") */
    /* The whole session is in the cookie, sealed (tern/secret.h): no store, up to some 2900 bytes of data. Such a session
     * cannot be ended from the server: signing out forgets it in the browser alone. */
    bool in_cookie;
    unsigned idle_s;    /* a session ends when it was not used for so long; default 7 days */
    unsigned life_s;    /* and when it is this old; default 30 days, also for users who are remembered */
    unsigned renew_s;   /* it gets a new id after so long; default 1 day. 0 is the default too */
    unsigned overlap_s; /* how long the id before counts after the new one was used; default 30 */
    size_t
        max_bytes; /* of a session's data; default 64 KiB. More: 500, which names the session's largest value */
    unsigned
        max_of_user; /* sessions of one user; the oldest ends when there is one more; default 50, at most 1000 */
    bool go_on_without_store;  /* serve without a session when the store cannot be reached; default: 503 */
    const char *cookie;        /* its name; default "__Host-session" over TLS, "session" else */
    const char *path, *domain; /* of the cookie; default "/" and this host alone */
    const char *same_site;     /* default "Lax" */
    bool (*skip)(tern_ctx *c);
} tern_sessions_options;
void tern_sessions_with(tern_app *app, const char *file, int line, const tern_sessions_options *options);
/** Gives the application sessions, by a piece of middleware of TERN_STAGE_AUTH. Once, in `main`. */
#define tern_sessions(app, ...)                                                                              \
    tern_sessions_with(app, __FILE__, __LINE__, &(tern_sessions_options){__VA_ARGS__})

/* -- values by key -- */

/** The text of a key; NULL without one, or without a session. In the request's memory. */
const char *tern_session_get(tern_ctx *c, const char *key);
/**
 * Sets the text of a key, which begins a session where there is none. A key has 1 to 64 bytes, and does not begin with
 * '@'.
 *
 * Written before the reply is sent, and not at all when its status is 5xx. Of requests of one session that run at once,
 * each writes only the keys that it has set or removed; of two that set the same key the last one counts. Ends the handler
 * with 500 in a streamed reply whose head has been sent, if the session is new, or in the cookie.
 */
void tern_session_set(tern_ctx *c, const char *key, const char *text);
void tern_session_remove(tern_ctx *c, const char *key);

/* -- values by a model -- */

/**
 * Declares in `main` that sessions have a part of this model: `TERN_SESSION(app, Cart)`. Kept as JSON, under a key of its
 * own.
 */
#define TERN_SESSION(app, Model) tern_session_part_(app, TERN_TYPE(Model))
void tern_session_part_(tern_app *app, const tern_type *type);
/** The session's part, `Cart *cart = tern_session(c, Cart)`; zeroed when there is none, or when what was kept does not fit
 * the model any more. What the handler changes in it is written, as by tern_session_set. */
#define tern_session(c, Model) ((Model *)tern_session_part_of_(c, TERN_TYPE(Model)))
void *tern_session_part_of_(tern_ctx *c, const tern_type *type);

/* -- messages for the next page -- */

/** Leaves a message for the next page that asks for messages: `tern_flash(c, "saved")`. */
void tern_flash(tern_ctx *c, const char *text);
/** The next of the messages, oldest first, which is thereby taken; NULL after the last one. */
const char *tern_flash_next(tern_ctx *c);

/* -- users -- */

typedef struct tern_sign_in_options {
    unsigned factors; /* that the user has proved; default 1 */
    bool remember;    /* the cookie outlives the browser */
} tern_sign_in_options;
void tern_session_sign_in_with(tern_ctx *c, const char *user, const tern_sign_in_options *options);
/**
 * Signs a user in: `tern_session_sign_in(c, "42", .remember = true)`. Call it again for the same user after another proof,
 * such as a second factor.
 *
 * The session gets a new id, and the old one ends at once, so that who knew it has nothing. Its data stay, unless another
 * user was signed in.
 */
#define tern_session_sign_in(c, user, ...)                                                                   \
    tern_session_sign_in_with(c, user, &(tern_sign_in_options){__VA_ARGS__})
/** Ends the session, in the store at once, and in the browser. */
void tern_session_sign_out(tern_ctx *c);
/** The user of the session; NULL when nobody is signed in. */
const char *tern_session_user(tern_ctx *c);
/** Unix seconds when the user signed in; 0 when nobody is. */
int64_t tern_session_since(tern_ctx *c);
/** The factors that the user has proved; 0 when nobody is signed in. */
unsigned tern_session_factors(tern_ctx *c);
/** Gives the session a new id, and ends the old one: for a change of what its user may do. */
void tern_session_renew(tern_ctx *c);

/** A session of a user. */
typedef struct tern_user_session {
    const char *id;      /* for tern_session_end; not the cookie's, from which nobody can sign in */
    const char *device;  /* the User-Agent that signed in, up to 200 bytes; "" without one */
    const char *address; /* from which */
    int64_t since, seen; /* Unix seconds: signed in, last used (to some minutes) */
    bool is_this;
} tern_user_session;
/** The user's sessions, newest first, in the request's memory; `*count` of them. None where sessions are in cookies. */
const tern_user_session *tern_sessions_of_user(tern_ctx *c, const char *user, size_t *count);
/** Ends one of them; false when there is none with this id. */
bool tern_session_end(tern_ctx *c, const char *user, const char *id);
/** Ends all of them, or all but this one: after a change of the password. Returns how many there were. Fails with 500
 * where sessions are in cookies. */
size_t tern_sessions_end(tern_ctx *c, const char *user, bool except_this);

#endif
