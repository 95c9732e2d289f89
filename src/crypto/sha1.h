/** SHA-1 (RFC 3174) and its HMAC (RFC 2104), where a standard asks for it: the names of scripts in Redis, one-time codes
 * (RFC 4226), lists of stolen passwords. Not for anything that must resist collisions. */
#ifndef CRYPTO_SHA1_H
#define CRYPTO_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_BYTES = 20, SHA1_HEX_BYTES = 41 };

void sha1_of(const void *data, size_t len, uint8_t out[SHA1_BYTES]);
/** The hash as 40 hexadecimal digits in lowercase, and a NUL. */
void sha1_hex(const void *data, size_t len, char out[SHA1_HEX_BYTES]);
/** HMAC of up to 64 bytes of data. */
void sha1_hmac(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[SHA1_BYTES]);

#endif
