/**
 * The application's secret keys: where they come from, and the keys that are derived from them.
 *
 * Hot path: secret_keys_for finds a purpose that was used before by a hash and a comparison, and allocates nothing.
 */
#ifndef APP_SECRET_KEYS_H
#define APP_SECRET_KEYS_H

#include "app/ctx.h"
#include "crypto/mac.h"

enum {
    SECRET_KEYS_MAX = 8,
    SECRET_TEXT_MIN = 32, /* characters of a key */
    SECRET_TEXT_MAX = 256,
    SECRET_ID_BYTES = 4,
    SECRET_PURPOSE_MAX = 200,
    SECRET_PURPOSES = 32 /* whose keys are kept; a power of 2 */
};
#define SECRET_DEFAULT_FILE "secret.keys"

/** What a derived key does. */
typedef enum secret_use { SECRET_SEALS, SECRET_SIGNS } secret_use;

/** The keys of one purpose, newest first. A value names its key by the id. */
typedef struct secret_keys {
    uint8_t key[SECRET_KEYS_MAX][MAC_BYTES];
    uint8_t id[SECRET_KEYS_MAX][SECRET_ID_BYTES];
} secret_keys;

typedef struct secret_purpose {
    char name[48]; /* "": free */
    secret_use use;
    secret_keys keys;
} secret_purpose;

typedef struct app_secrets {
    unsigned count; /* of keys; 0: not loaded */
    uint8_t roots[SECRET_KEYS_MAX][MAC_BYTES];
    secret_purpose purposes[SECRET_PURPOSES];
} app_secrets;

/** Reads keys from a text, newest first, divided by white space or commas; a '#' begins a comment up to the line's end.
 * False with a line in `problems` that begins with `place`, and does not show a key. */
bool secret_keys_parse(app_secrets *s, const char *place, tern_str text, buf *problems);
/** Loads the keys from TERN_SECRET_KEYS, from a file, or makes one for development. False with a line in `problems`.
 * `program` is what users type. */
bool secret_keys_load(const tern_app *app, const char *program, buf *problems);
/** The path of the file; `into` is the caller's, freed by buf_free. NULL when out of memory. */
const char *secret_keys_path(const tern_app *app, buf *into);
/** The keys of a purpose; `scratch` has room for those that are not kept. */
const secret_keys *secret_keys_for(app_secrets *s, secret_use use, const char *purpose, secret_keys *scratch);
/** The number of the key with this id; -1 if there is none. */
int secret_keys_find(const app_secrets *s, const secret_keys *keys, const uint8_t *id);
/** A short name of a key for people: 8 hexadecimal digits. It tells nothing of the key. */
void secret_key_name(const app_secrets *s, unsigned number, char out[9]);
/** `APP secret ...`. */
int secret_command(void *app, const char *program, int count, char **arguments);

#endif
