/** The keys of tokens as the files of src/auth/token see them. */
#ifndef AUTH_TOKEN_KEYS_H
#define AUTH_TOKEN_KEYS_H

#include "crypto/signature.h"

#include <tern/jwt.h>
#include <tern/task.h>

#include <time.h>

enum {
    JWT_MOST = 8192,      /* characters of a token */
    JWT_KEYS_MOST = 32,   /* of one tern_jwt_keys */
    JWT_HEADER_MOST = 512 /* characters of a header that is remembered */
};

/** One key. */
typedef struct jwt_key {
    key *key;
    const char *id;     /* `kid`: the JWK's, or the thumbprint */
    bool id_is_given;   /* the JWK's: the key is for tokens with it */
    const char *header; /* `"alg":...,"kid":...` of tokens that it signs */
} jwt_key;

typedef struct jwt_key_list {
    jwt_key list[JWT_KEYS_MOST];
    unsigned count;
} jwt_key_list;

struct tern_jwt_keys {
    tern_jwt_keys_options options;
    jwt_key_list own;
    jwt_key_list *fetched; /* of .url, in memory of its own; NULL: not fetched yet */
    tern_mutex fetching;
    int64_t fetched_at, tried_at; /* seconds of the monotonic clock; 0: never */
    /* the last header that was understood: those of one service are all alike */
    struct {
        char text[JWT_HEADER_MOST];
        size_t len;
        const jwt_key *key;
    } last;
};

/** A decoded JSON Web Key becomes a key of the list. False, with `*problem` (static), for one that is not for signing, or
 * not of a kind that Tern uses. (jwk.c) */
bool jwk_add(const tern_value *jwk, jwt_key_list *list, const char **problem);
/** Adds those of a set, or a single key; returns how many were not usable, with the last `*problem`. (jwk.c) */
unsigned jwk_add_all(const tern_value *set, jwt_key_list *list, const char **problem);
/** Adds a key, which becomes the list's; `id` NULL: its thumbprint. False, and the key freed, when out of memory or room.
 * (jwk.c) */
bool jwt_key_add(jwt_key_list *list, key *k, const char *id, const char **problem);
void jwt_keys_free(jwt_key_list *list);

/** The scopes of the claim `name`, a text or an array; NULL: of `scope`, `scopes` or `scp`. NULL without one. (check.c) */
const char *jwt_scopes(tern_ctx *c, const tern_value *all, const char *name);
/** The text after "Authorization: Bearer"; NULL without it, and "" when the header is there twice. (way.c) */
const char *jwt_bearer_text(tern_ctx *c);
/** Has `keys` fetch its .url, if that is needed: it has nothing yet, it is too old, or `id` is unknown. Waits. Fails with
 * 503 when there are no keys at all. (remote.c) */
void jwt_keys_refresh(tern_ctx *c, tern_jwt_keys *keys, bool is_unknown);

#endif
