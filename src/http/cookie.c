#include "http/cookie.h"

#include "base/text.h"
#include "http/scan/scan.h"

#include <stdio.h>
#include <string.h>

enum { COOKIE_PAIR_BYTES = 4096 }; /* RFC 6265bis section 5.7 */

static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!scan_is(SCAN_TOKEN, text[i]))
            return false;
    return len > 0;
}

static bool is_control(char byte)
{
    return (unsigned char)byte < 0x20 || byte == 0x7f;
}

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (is_control(text[i]))
            return true;
    return false;
}

/** The text without the spaces and tabs around it. */
static tern_str trim(const char *at, const char *end)
{
    while (at != end && (*at == ' ' || *at == '\t'))
        at++;
    while (end != at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (tern_str){at, (size_t)(end - at)};
}

/** Whether `pair` is of that name; takes its value then. */
static bool take_pair(tern_str pair, const char *name, size_t name_len, tern_str *value)
{
    const char *end = pair.data + pair.len, *equals;
    if (pair.len <= name_len || memcmp(pair.data, name, name_len) != 0 ||
        (equals = memchr(pair.data, '=', pair.len)) == NULL || trim(pair.data, equals).len != name_len)
        return false;
    *value = trim(equals + 1, end);
    return !has_control(value->data, value->len);
}

/** Browsers have at most one of such a name for a host: another one has been smuggled in, as a cookie without a name whose
 * value looks like this one. */
static bool is_host_cookie(const char *name, size_t len)
{
    return len > 7 && memcmp(name, "__Host-", 7) == 0;
}

bool cookie_find(tern_str header, const char *name, tern_str *value)
{
    size_t name_len = strlen(name);
    if (header.len == 0 || !is_token(name, name_len))
        return false;
    const char *at = header.data, *end = header.data + header.len;
    const bool is_only = is_host_cookie(name, name_len);
    bool is_found = false;
    tern_str other;
    while (at != end) {
        const char *semicolon = memchr(at, ';', (size_t)(end - at));
        const tern_str pair = trim(at, semicolon != NULL ? semicolon : end);
        if (is_found && take_pair(pair, name, name_len, &other) &&
            (other.len != value->len || memcmp(other.data, value->data, other.len) != 0))
            return false;
        if (!is_found && take_pair(pair, name, name_len, value)) {
            if (!is_only)
                return true;
            is_found = true;
        }
        at = semicolon != NULL ? semicolon + 1 : end;
    }
    return is_found;
}

/** RFC 6265bis section 4.1.1: visible ASCII without '"', ',', ';' and '\'. */
static bool is_cookie_octet(char byte)
{
    return byte > ' ' && byte < 0x7f && byte != '"' && byte != ',' && byte != ';' && byte != '\\';
}

static bool attribute_is_safe(const char *text)
{
    return text == NULL || (strchr(text, ';') == NULL && !has_control(text, strlen(text)));
}

static bool begins(const char *name, const char *prefix)
{
    size_t len = strlen(prefix); /* browsers compare these prefixes without case */
    return strlen(name) >= len && text_equal_nocase(name, prefix, len);
}

/** What forbids the cookie, or NULL. `path` and `same_site` have their defaults. */
static const char *fault(const char *name, const char *value, const cookie_attributes *a, const char *path,
                         const char *same_site)
{
    if (!is_token(name, strlen(name)))
        return "the cookie's name is not a token";
    for (const char *byte = value; *byte != '\0'; byte++)
        if (!is_cookie_octet(*byte))
            return "the cookie's value has a byte that is not allowed in cookies";
    if (strlen(name) + strlen(value) > COOKIE_PAIR_BYTES)
        return "the cookie's name and value have more than 4096 bytes, which browsers refuse";
    if (path[0] != '/')
        return "the cookie's path does not begin with a '/', so browsers would take another one";
    if (!attribute_is_safe(path) || !attribute_is_safe(a->domain))
        return "a cookie attribute has a ';' or a control byte";
    if (strcmp(same_site, "Lax") != 0 && strcmp(same_site, "Strict") != 0 && strcmp(same_site, "None") != 0)
        return "SameSite is not Strict, Lax or None";
    if (strcmp(same_site, "None") == 0 && !a->secure)
        return "SameSite=None needs Secure";
    if (begins(name, "__Secure-") && !a->secure)
        return "a __Secure- cookie needs Secure";
    if ((begins(name, "__Http-") || begins(name, "__Host-Http-")) && (!a->secure || a->script_readable))
        return "a __Http- cookie needs Secure and HttpOnly";
    if (begins(name, "__Host-") && (!a->secure || a->domain != NULL || strcmp(path, "/") != 0))
        return "a __Host- cookie needs Secure, Path=/ and no Domain";
    return NULL;
}

long cookie_write(const char *name, const char *value, const cookie_attributes *attributes, char *out,
                  size_t size, const char **reason)
{
    static const cookie_attributes defaults;
    const cookie_attributes *a = attributes != NULL ? attributes : &defaults;
    const char *path = a->path != NULL ? a->path : "/";
    const char *same_site = a->same_site != NULL ? a->same_site : "Lax";
    const char *why = fault(name, value, a, path, same_site);
    char age[80] = "";
    if (a->max_age_s > 0)
        snprintf(age, sizeof age, "; Max-Age=%ld", a->max_age_s);
    else if (a->max_age_s < 0)
        snprintf(age, sizeof age, "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    if (why == NULL) {
        int len = snprintf(out, size, "%s=%s; Path=%s%s%s%s; SameSite=%s%s%s", name, value, path,
                           a->domain != NULL ? "; Domain=" : "", a->domain != NULL ? a->domain : "", age,
                           same_site, a->secure ? "; Secure" : "", a->script_readable ? "" : "; HttpOnly");
        if (len >= 0 && (size_t)len < size)
            return len;
        why = "the cookie is too long";
    }
    if (reason != NULL)
        *reason = why;
    return -1;
}
