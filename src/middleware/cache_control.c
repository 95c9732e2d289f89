/** Cache-Control (RFC 9111 section 5.2) and Expires. */
#include "middleware/cache.h"

#include <string.h>
#include <strings.h>
#include <time.h>

enum { NOT_SAID = -1 };
static const int64_t LONGEST_S = 1LL << 31; /* what a larger number means: RFC 9111 section 1.2.2 */

typedef struct directive {
    const char *name, *value; /* value NULL: none */
    size_t name_len, value_len;
} directive;

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Takes the next directive; false at the end. A comma within quotes does not end one. */
static bool next_directive(const char **rest, directive *d)
{
    const char *at = *rest;
    while (is_blank(*at) || *at == ',')
        at++;
    if (*at == '\0')
        return false;
    *d = (directive){.name = at};
    while (*at != '\0' && *at != ',' && *at != '=')
        at++;
    d->name_len = (size_t)(at - d->name);
    if (*at == '=') {
        bool is_quoted = false;
        d->value = ++at;
        for (; *at != '\0' && (is_quoted || *at != ','); at++)
            is_quoted ^= *at == '"';
        d->value_len = (size_t)(at - d->value);
    }
    while (d->name_len != 0 && is_blank(d->name[d->name_len - 1]))
        d->name_len--;
    while (d->value_len != 0 && is_blank(d->value[d->value_len - 1]))
        d->value_len--;
    *rest = at;
    return true;
}

static bool is_named(const directive *d, const char *name)
{
    return strlen(name) == d->name_len && strncasecmp(d->name, name, d->name_len) == 0;
}

/* The number of a directive, which may be in quotes; 0 for anything else. */
static int64_t seconds_of(const directive *d)
{
    const char *at = d->value, *end = at + d->value_len;
    int64_t seconds = 0;
    if (d->value_len >= 2 && *at == '"' && end[-1] == '"') {
        at++;
        end--;
    }
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return 0;
        seconds = seconds * 10 + (*at - '0');
        if (seconds > LONGEST_S)
            seconds = LONGEST_S;
    }
    return seconds;
}

/* The smaller number is the stricter one, but of min-fresh. */
static void take_seconds(const directive *d, int64_t *seconds, bool larger)
{
    int64_t said = d->value != NULL ? seconds_of(d) : 0;
    if (*seconds == NOT_SAID || (said > *seconds) == larger)
        *seconds = said;
}

static void take(const directive *d, cache_control *out)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"no-store", &out->no_store},
                 {"no-cache", &out->no_cache},
                 {"private", &out->is_private},
                 {"public", &out->is_public},
                 {"must-revalidate", &out->must_revalidate},
                 {"proxy-revalidate", &out->must_revalidate},
                 {"only-if-cached", &out->only_if_cached}};
    const struct {
        const char *name;
        int64_t *seconds;
    } numbers[] = {{"max-age", &out->max_age},
                   {"s-maxage", &out->s_maxage},
                   {"stale-while-revalidate", &out->stale_while_revalidate},
                   {"stale-if-error", &out->stale_if_error},
                   {"min-fresh", &out->min_fresh}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (is_named(d, flags[i].name))
            *flags[i].flag = true;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (is_named(d, numbers[i].name))
            take_seconds(d, numbers[i].seconds, numbers[i].seconds == &out->min_fresh);
    if (is_named(d, "max-stale")) /* without a number: however stale */
        out->max_stale = d->value != NULL ? seconds_of(d) : LONGEST_S;
}

void cache_control_read(const char *value, cache_control *out)
{
    directive d;
    *out = (cache_control){.max_age = NOT_SAID,
                           .s_maxage = NOT_SAID,
                           .stale_while_revalidate = NOT_SAID,
                           .stale_if_error = NOT_SAID,
                           .max_stale = NOT_SAID,
                           .min_fresh = NOT_SAID};
    while (value != NULL && next_directive(&value, &d))
        take(&d, out);
}

int64_t cache_expires_in(const char *value)
{
    struct tm at = {0};
    const char *end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &at);
    time_t expires = end != NULL && *end == '\0' ? timegm(&at) : 0, now = time(NULL);
    return expires > now ? expires - now : 0;
}
