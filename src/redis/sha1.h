/** SHA-1 (RFC 3174): the name of a script in Redis. Not for anything that must resist an attacker. */
#ifndef REDIS_SHA1_H
#define REDIS_SHA1_H

#include <stddef.h>

enum { SHA1_HEX_BYTES = 41 };

/** Writes the hash of `len` bytes as 40 hexadecimal digits and a NUL. */
void redis_sha1_hex(const char *data, size_t len, char out[SHA1_HEX_BYTES]);

#endif
