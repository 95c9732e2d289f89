/** Keys of kept replies. */
#include "middleware/cache.h"

#include <tern/tls.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* -- names -- */

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + 'a' - 'A') : byte;
}

bool cache_names_have(const cache_names *names, const char *name, size_t len)
{
    for (unsigned i = 0; i < names->count; i++)
        if (strncasecmp(names->names[i], name, len) == 0 && names->names[i][len] == '\0')
            return true;
    return false;
}

static void add_name(tern_ctx *c, cache_names *to, const char *name, size_t len)
{
    if (to->count == CACHE_NAMES_MAX || (len == 1 && *name == '*')) {
        to->is_any = true;
        return;
    }
    char *kept = tern_alloc(c, len + 1);
    for (size_t i = 0; i < len; i++)
        kept[i] = lower(name[i]);
    to->names[to->count++] = kept;
}

void cache_names_add(tern_ctx *c, cache_names *to, const char *list, const cache_names *but)
{
    for (const char *at = list; at != NULL && *at != '\0';) {
        at += strspn(at, " \t,");
        size_t len = strcspn(at, " \t,");
        if (len != 0 && !cache_names_have(to, at, len) && (but == NULL || !cache_names_have(but, at, len)))
            add_name(c, to, at, len);
        at += len;
    }
}

/* -- keys -- */

bool cache_key_of(tern_ctx *c, const tern_cache_options *options, tern_str *key)
{
    if (options->key != NULL) {
        const char *own = options->key(c);
        if (own == NULL)
            return false;
        key->data = tern_sprintf(c, "k%s\n%s", tern_route_pattern(c), own);
        key->len = strlen(key->data);
        return true;
    }
    const char *host = tern_host(c), *target = tern_target(c);
    size_t host_len = strlen(host), target_len = strlen(target);
    char *text = tern_alloc(c, 2 + host_len + target_len), *at = text;
    *at++ = tern_is_tls(c) ? 's' : 'p';
    for (size_t i = 0; i < host_len; i++) /* the host's case does not matter, the path's does */
        *at++ = lower(host[i]);
    memcpy(at, target, target_len); /* it begins with '/', which no host contains */
    *key = (tern_str){text, 1 + host_len + target_len};
    return true;
}

/* The codings that a client accepts, of those that servers use: browsers write the same in many ways. */
static const char *plain_encodings(tern_ctx *c, const char *value)
{
    static const char *const codings[] = {"br", "deflate", "gzip", "zstd", "*"};
    char *list = tern_alloc(c, sizeof "br deflate gzip zstd * ");
    char *out = list;
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++)
        for (const char *at = value; *at != '\0';) {
            at += strspn(at, " \t,");
            size_t whole = strcspn(at, ","), len = strcspn(at, " \t,;");
            const char *q = memmem(at, whole, "q=", 2);
            bool is_wanted = q == NULL || strtod(q + 2, NULL) > 0;
            if (len == strlen(codings[i]) && strncasecmp(at, codings[i], len) == 0 && is_wanted) {
                out = stpcpy(stpcpy(out, codings[i]), " ");
                break;
            }
            at += whole;
        }
    return list;
}

/* The lines of a header, joined; "" without one. */
static const char *header_lines(tern_ctx *c, const char *name)
{
    const char *first = tern_header(c, name), *line;
    if (first == NULL)
        return "";
    const char *joined = first;
    for (unsigned nth = 1; (line = tern_header_nth(c, name, nth)) != NULL; nth++)
        joined = tern_sprintf(c, "%s,%s", joined, line);
    return strcmp(name, "accept-encoding") == 0 ? plain_encodings(c, joined) : joined;
}

tern_str cache_variant_key(tern_ctx *c, tern_str key, const cache_names *names)
{
    const char *values[CACHE_NAMES_MAX];
    size_t len = key.len;
    for (unsigned i = 0; i < names->count; i++) {
        values[i] = header_lines(c, names->names[i]);
        len += strlen(names->names[i]) + strlen(values[i]) + 2;
    }
    char *text = tern_alloc(c, len + 1), *at = text;
    memcpy(at, key.data, key.len);
    at += key.len;
    for (unsigned i = 0; i < names->count; i++) { /* neither has a line break */
        *at++ = '\n';
        at = stpcpy(at, names->names[i]);
        *at++ = ':';
        at = stpcpy(at, values[i]);
    }
    return (tern_str){text, len};
}
