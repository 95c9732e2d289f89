/** What the files of this folder share. */
#ifndef AUTH_PASSWORD_INTERNAL_H
#define AUTH_PASSWORD_INTERNAL_H

#include <tern/password.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PASSWORD_HASH_BYTES = 256 }; /* of a text that is a hash, with its NUL */

/** The process's settings, with defaults in place; threads that hash read them, too. */
extern tern_password_options password_settings;

/** A password as it is hashed. */
typedef struct password_text {
    const char *data;
    size_t len;
} password_text;

typedef enum password_verdict {
    VERDICT_WRONG,
    VERDICT_RIGHT,
    VERDICT_OLD,       /* right, and to be replaced */
    VERDICT_UNKNOWN,   /* not a hash of this kind, or malformed */
    VERDICT_EXCESSIVE, /* its cost is out of reason */
    VERDICT_NO_MEMORY
} password_verdict;

/* -- argon2.c -- */

/** Writes the hash of `text` by the settings, on a thread; false without memory. */
bool argon2_make(password_text text, char out[PASSWORD_HASH_BYTES]);
/** Compares with "$argon2id$..." or "$argon2i$...", on a thread. */
password_verdict argon2_check(password_text text, const char *hash);
/** Whether a cost is at least what OWASP recommends. */
bool argon2_is_strong(unsigned memory_kib, unsigned passes);

/* -- foreign.c -- */

/** Compares with a hash of another maker, on a thread. */
password_verdict foreign_check(password_text text, const char *hash);
/** Loads the library that this hash needs, on the loop's thread; false with the problem. */
bool foreign_load(const char *hash, const char **problem);

/* -- normal.c -- */

/** `text` as it is hashed (RFC 8265 section 4.2): in Unicode's normal form C, each kind of space as ' '. The text
 * itself when it is that already, else a copy in the request's memory. */
const char *password_normal(tern_ctx *c, const char *text);

#endif
