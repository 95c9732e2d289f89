/** crypt(3): bcrypt and SHA-crypt, by the system's libcrypt, which is loaded where it is needed. */
#ifndef CRYPTO_UNIX_CRYPT_H
#define CRYPTO_UNIX_CRYPT_H

#include <stdbool.h>
#include <stddef.h>

/** Loads libcrypt; false with the problem. On the loop's thread, before the first unix_crypt. */
bool unix_crypt_load(const char **problem);
typedef enum unix_crypt_result {
    UNIX_CRYPT_MADE,
    UNIX_CRYPT_UNKNOWN, /* the setting is not one that libcrypt knows */
    UNIX_CRYPT_NO_MEMORY
} unix_crypt_result;

/** Hashes `password` as `setting`, which may be a whole hash, says. May run on any thread. */
unix_crypt_result unix_crypt(const char *password, const char *setting, char *out, size_t size);

#endif
