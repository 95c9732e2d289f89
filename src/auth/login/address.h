/** Addresses of providers: which are called, and how values are added to them. */
#ifndef AUTH_LOGIN_ADDRESS_H
#define AUTH_LOGIN_ADDRESS_H

#include <tern/context.h>

#include <stdbool.h>

/**
 * Whether an address of a provider may be called: https with a host, or http to this machine (localhost, 127.0.0.0/8,
 * ::1), which development and tests use. No user, no fragment, no space and nothing beyond ASCII; at most 2048 bytes.
 */
bool login_address_is_safe(const char *url);
/** Whether it is http, which is allowed to this machine alone. */
bool login_address_is_plain(const char *url);

/** `url` with names and values, in turn and ended by NULL, added to its query; pairs whose value is NULL are left out.
 * Spaces become %20. In the request's memory. */
const char *login_address_with(tern_ctx *c, const char *url, const char *const *pairs);
/** `text` with all but unreserved bytes as %XX (RFC 3986). */
const char *login_encode(tern_ctx *c, const char *text);
/** The first place of `word` in a text in which words are divided by spaces; NULL without it. */
const char *login_find_word(const char *text, const char *word);

#endif
