/** Cookies: strict reading of Cookie and writing of Set-Cookie (RFC 6265bis). */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>

/**
 * Finds cookie `name` in the value of one Cookie header, by the steps of RFC 6265 section 5.2: pairs are
 * split at ';', a name ends at the first '=', spaces and tabs around names and values are ignored, quotes are
 * a part of the value, nothing is unescaped. `$Version` is a name like any other, and a pair without '=' has
 * no name. Names are compared exactly. A pair whose value has a control byte is skipped. Of pairs with one
 * name the first counts; but if a name begins with "__Host-" and its values differ, there is none: browsers send such a
 * cookie once.
 */
bool cookie_find(tern_str header, const char *name, tern_str *value);

typedef struct cookie_attributes {
    const char *path;      /* NULL: "/" */
    const char *domain;    /* NULL: host-only */
    long max_age_s;        /* 0: a session cookie; negative: delete it now */
    const char *same_site; /* NULL: "Lax"; "Strict", "Lax" or "None" (which needs secure) */
    bool secure;
    bool script_readable; /* false: HttpOnly */
} cookie_attributes;

/**
 * Writes a Set-Cookie value into `out`, with a NUL after it; returns its length. `attributes` may be NULL for
 * all defaults; `reason` may be NULL.
 * @return -1 with `*reason` (static text) when the name is not a token, the value has a byte outside RFC
 * 6265's cookie-octet, both have more than 4096 bytes, the path does not begin with '/', an attribute has ';' or a control
 * byte, the rules of a prefix (`__Host-`, `__Secure-`, `__Http-`, `__Host-Http-`) are broken, SameSite=None is without
 * Secure, or it does not fit in `size`.
 */
long cookie_write(const char *name, const char *value, const cookie_attributes *attributes, char *out,
                  size_t size, const char **reason);

#endif
