/** base64url of a request: crypto/base64url.h with results in the request's memory. */
#ifndef AUTH_BASE64URL_H
#define AUTH_BASE64URL_H

#include <tern/context.h>
#include <tern/str.h>

#include <stddef.h>

/** The bytes as base64url without padding. */
const char *auth_base64url(tern_ctx *c, const void *data, size_t len);
/** The bytes that `text` is in base64url, with a NUL after them; data NULL when it is not. */
tern_str auth_base64url_bytes(tern_ctx *c, tern_str text);

#endif
