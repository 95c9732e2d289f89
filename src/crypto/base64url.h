/** base64url without padding (RFC 4648 section 5): no allocation, and no table that an attacker could time. */
#ifndef CRYPTO_BASE64URL_H
#define CRYPTO_BASE64URL_H

#include <stddef.h>

/** Characters for `bytes` bytes, and the most bytes in `characters` characters. */
#define BASE64URL_LEN(bytes)        (((bytes)*4 + 2) / 3)
#define BASE64URL_BYTES(characters) ((characters)*3 / 4)

/** Writes `len` bytes as BASE64URL_LEN(len) characters, without a NUL; returns their number. */
size_t base64url_write(const void *data, size_t len, char *out);
/** Reads exactly `len` characters into `out`, which has room for BASE64URL_BYTES(len) bytes, and may be the text itself.
 * Returns the bytes, or -1 when the text is not base64url: another character, padding, a length of 4n + 1, or unused
 * bits that are not 0. One value thus has one text. */
long base64url_parse(const char *text, size_t len, void *out);

#endif
