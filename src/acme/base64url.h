/** base64url without padding (RFC 4648 section 5, RFC 7515 section 2). */
#ifndef ACME_BASE64URL_H
#define ACME_BASE64URL_H

#include "base/arena.h"

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A NUL-terminated text in `a`; NULL when out of memory. */
const char *base64url_print(arena *a, const void *data, size_t len);
/** The bytes of `text` in `a`, `*len` of them; NULL when it is not base64url without padding, or out of
 * memory. */
const uint8_t *base64url_read(arena *a, tern_str text, size_t *len);
/** Whether all of `text` are characters of the alphabet. */
bool base64url_is(tern_str text);

#endif
