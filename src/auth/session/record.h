/**
 * A session as it is stored.
 *
 *     version 1 | flags | factors | 0 | created 8 | seen 8 | renewed 8 | since 8 | link 32 (of some) |
 *     user, device, address: length 2, bytes | then up to the end: name's length 2, value's length 4, name, value
 *
 * Numbers are little-endian, times Unix seconds. The bytes come from a store that others may write to, so that reading
 * checks every length.
 */
#ifndef AUTH_SESSION_RECORD_H
#define AUTH_SESSION_RECORD_H

#include <tern/context.h>

enum { SESSION_KEY_BYTES = 32, SESSION_NAME_MAX = 64, SESSION_ENTRIES_MAX = 256, SESSION_TEXT_MAX = 255 };

typedef struct session_entry {
    tern_str name, value; /* value.data NULL: removed */
    bool is_changed;      /* by this request */
} session_entry;

typedef enum session_link {
    SESSION_NO_LINK,
    SESSION_MOVED,    /* nothing else: the session is under the key `link` */
    SESSION_FOLLOWED, /* the key `link` refers to this session until the new id has been used */
} session_link;

typedef struct session_record {
    int64_t created, seen, renewed, since;
    unsigned factors;
    bool is_remembered;
    session_link linked;
    uint8_t link[SESSION_KEY_BYTES];
    tern_str user, device, address; /* user.len 0: nobody */
    session_entry *entries;
    unsigned count, room;
} session_record;

/** Reads a record, whose texts are then parts of `bytes`; false when it is not one. */
bool session_record_read(tern_ctx *c, tern_str bytes, session_record *out);
/** The bytes of a record, in the request's memory. */
tern_str session_record_write(tern_ctx *c, const session_record *r);
/** The entry of a name, or NULL; one that was removed counts. */
session_entry *session_record_find(const session_record *r, tern_str name);
/** Sets the value of a name (NULL data: removes it), as a change of this request. Fails with 500 when there are too many. */
void session_record_set(tern_ctx *c, session_record *r, tern_str name, tern_str value);

#endif
