/** crypt(3): bcrypt and SHA-crypt, by the system's libcrypt, which is loaded where it is needed. */
#ifndef CRYPTO_UNIX_CRYPT_H
#define CRYPTO_UNIX_CRYPT_H

#include <stdbool.h>
#include <stddef.h>

/** Loads libcrypt; false with the problem. On the loop's thread, before the first unix_crypt. */
bool unix_crypt_load(const char **problem);
/** Hashes `password` as `setting`, which may be a whole hash, says; false when it is not one that libcrypt knows, or
 * without memory. May run on any thread. */
bool unix_crypt(const char *password, const char *setting, char *out, size_t size);

#endif
