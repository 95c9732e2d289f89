/** SHA-1 (RFC 3174): names of scripts in Redis, and the handshake of WebSockets. Not for anything that must resist an
 * attacker. */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include <stddef.h>

enum { SHA1_BYTES = 20, SHA1_HEX_BYTES = 41 };

/** Writes the hash of `len` bytes. */
void sha1(const void *data, size_t len, unsigned char out[SHA1_BYTES]);
/** The same as 40 hexadecimal digits and a NUL. */
void sha1_hex(const void *data, size_t len, char out[SHA1_HEX_BYTES]);

#endif
