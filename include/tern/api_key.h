/**
 * Keys for programs: what a user makes once, and a script sends with each request.
 *
 *     tern_api_keys(app, .prefix = "shop");
 *     tern_auth(app, TERN_API_KEYS(.header = "X-API-Key"));
 *
 *     const char *key = tern_api_key_new(c, .owner = user_id, .name = "laptop", .scopes = "books.read");
 *     // shop_5f2c9a01b7d3e846_... : shown once, as only a hash of it is stored
 *
 * A key is `PREFIX_ID_SECRET`: the ID (16 hexadecimal digits) is shown in lists, the secret (32 random bytes) is nowhere.
 * docs/authentication.md has whole programs.
 */
#ifndef TERN_API_KEY_H
#define TERN_API_KEY_H

#include <tern/auth.h>
#include <tern/data.h>

typedef struct tern_api_keys_options {
    const char *
        prefix; /* of keys, so that people and scanners recognize them: 1 to 16 small letters and digits; "key" */
    /* How long a worker uses a key without looking it up again; default 10. On one machine a revoked key is worth nothing
     * at once; on others at the latest after this. */
    unsigned cache_s;
    unsigned used_s; /* how often the time of the last use is written, for each key and worker; default 60 */
} tern_api_keys_options;
void tern_api_keys_with(tern_app *app, const tern_api_keys_options *options);
/** Has the application keep API keys, in a table `api_key` of its database; once, in `main`. */
#define tern_api_keys(app, ...) tern_api_keys_with(app, &(tern_api_keys_options){__VA_ARGS__})

/** A key as it is stored: all but its secret. */
TERN_MODEL_WITH(tern_api_key, (.table = "api_key"),
    (const char *, id, .key = true, .max_length = 16, .read_only = true),
    (const char *, owner, .max_length = 200, .read_only = true, .index = true),
    (const char *, name, .max_length = 200),
    (const char *, hash, .max_length = 64, .write_only = true),
    (const char *, scopes, .optional = true, .max_length = 2000),
    (tern_datetime, created, .created = true),
    (tern_datetime, expires, .optional = true),
    (tern_datetime, used, .optional = true, .read_only = true))

typedef struct tern_api_key_options {
    const char *owner;  /* the id of the user, as in tern_identity; needed */
    const char *name;   /* for people: "laptop" */
    const char *scopes; /* "books.read books.write"; NULL: all that its owner may do */
    uint64_t expires_s; /* from now; 0: never */
} tern_api_key_options;
const char *tern_api_key_new_with(tern_ctx *c, const tern_api_key_options *options);
/** Makes a key and returns its text, which cannot be had again. Fails with 503 when the system has no randomness. */
#define tern_api_key_new(c, ...) tern_api_key_new_with(c, &(tern_api_key_options){__VA_ARGS__})
/** The keys of an owner, the newest first. */
tern_api_key_list tern_api_keys_of(tern_ctx *c, const char *owner);
/** Ends a key of this owner; false when the owner has no key of this id. */
bool tern_api_key_revoke(tern_ctx *c, const char *owner, const char *id);

typedef struct tern_api_keys_way_options {
    const char *header; /* "X-API-Key"; NULL: `Authorization: Bearer` */
    /* After the check: may change `who`, whose id is the owner, and return false for one who is gone. It may query. */
    bool (*user)(tern_ctx *c, const tern_api_key *key, tern_identity *who);
} tern_api_keys_way_options;
/** A way of tern_auth: an API key. A bearer text that does not begin with the prefix and '_' is left to the ways after it.
 * The identity's `data` is its tern_api_key. A request costs no query while the worker remembers the key. */
#define TERN_API_KEYS(...) tern_api_keys_way(&(tern_api_keys_way_options){__VA_ARGS__})
tern_way tern_api_keys_way(const tern_api_keys_way_options *options);

#endif
