/** The media types that a client prefers: the Accept header (RFC 9110 section 12.5.1). */
#include "app/ctx.h"
#include "base/text.h"

#include <string.h>

static void trim(tern_str *s)
{
    while (s->len > 0 && (s->data[0] == ' ' || s->data[0] == '\t')) {
        s->data++;
        s->len--;
    }
    while (s->len > 0 && (s->data[s->len - 1] == ' ' || s->data[s->len - 1] == '\t'))
        s->len--;
}

/** The next part of `*rest` up to `separator`; false at the end. */
static bool next_part(tern_str *rest, char separator, tern_str *part)
{
    if (rest->data == NULL)
        return false;
    const char *end = rest->len != 0 ? memchr(rest->data, separator, rest->len) : NULL;
    *part = (tern_str){rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len};
    *rest = end != NULL ? (tern_str){end + 1, rest->len - part->len - 1} : (tern_str){NULL, 0};
    trim(part);
    return true;
}

/** "0.8" as 800: thousandths, RFC 9110 section 12.4.2. Other text counts as 0. */
static unsigned quality(tern_str text)
{
    unsigned thousandths = 0, weight = 1000;
    for (size_t i = 0; i < text.len && i < 5; i++) {
        if (i == 1 && text.data[i] == '.')
            continue;
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        thousandths += weight * (unsigned)(text.data[i] - '0');
        weight /= 10;
    }
    return thousandths <= 1000 ? thousandths : 1000;
}

static bool is_text(tern_str s, const char *text)
{
    return s.len == strlen(text) && text_equal_nocase(s.data, text, s.len);
}

/** The weight in an Accept header of the media type `type` in the family `family` ("text", then the star). */
static unsigned wanted(tern_str accept, const char *type, const char *family)
{
    const char *const names[] = {"*/*", family, type}; /* the more specific one counts */
    unsigned best = 0, exactness = 0;
    tern_str item, part;
    while (next_part(&accept, ',', &item)) {
        unsigned q = 1000, found = 0;
        next_part(&item, ';', &part);
        for (unsigned i = 0; i < 3; i++)
            if (is_text(part, names[i]))
                found = i + 1;
        while (next_part(&item, ';', &part))
            if (part.len > 2 && text_equal_nocase(part.data, "q=", 2))
                q = quality((tern_str){part.data + 2, part.len - 2});
        if (found > exactness) {
            exactness = found;
            best = q;
        }
    }
    return best;
}

bool tern_prefers_html(tern_ctx *c)
{
    const char *accept = tern_header(c, "Accept"), *more;
    if (accept == NULL)
        return false;
    for (unsigned nth = 1; (more = tern_header_nth(c, "Accept", nth)) != NULL; nth++)
        accept = tern_sprintf(c, "%s,%s", accept, more); /* several lines are one list */
    tern_str all = {accept, strlen(accept)};
    unsigned html = wanted(all, "text/html", "text/*");
    return html > wanted(all, "application/problem+json", "application/*") &&
           html > wanted(all, "application/json", "application/*");
}
