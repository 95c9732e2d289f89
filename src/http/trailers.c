/** Trailers of a streamed reply: RFC 9110 section 6.5. */
#include "http/wire.h"

#include "base/text.h"

#include <string.h>

enum {
    TRAILERS_MAX = 32,
    LINE_BYTES = 4, /* ": " and a line's end */
    END_BYTES = 8   /* the last chunk and the end of the section */
};

/** Fields that a client needs before the body, or that it would take for another message's (section
 * 6.5.1). */
static bool is_forbidden(const char *name, size_t len)
{
    static const char *const names[] = {
        "Accept-Ranges",
        "Age",
        "Allow",
        "Alt-Svc",
        "Authorization",
        "Cache-Control",
        "Connection",
        "Content-Encoding",
        "Content-Length",
        "Content-Location",
        "Content-Range",
        "Content-Type",
        "Cookie",
        "Date",
        "Expect",
        "Expires",
        "Host",
        "Keep-Alive",
        "Location",
        "Max-Forwards",
        "Pragma",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Range",
        "Retry-After",
        "Set-Cookie",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Vary",
        "WWW-Authenticate",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == len && text_equal_nocase(names[i], name, len))
            return true;
    return false;
}

/** Whether `list`, the value of TE, has the element "trailers". */
static bool names_trailers(tern_str list)
{
    static const char word[] = "trailers";
    const char *at = list.data, *end = at + list.len;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma != NULL ? comma : end;
        while (at < stop && (*at == ' ' || *at == '\t'))
            at++;
        while (at < stop && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        if ((size_t)(stop - at) == sizeof word - 1 && text_equal_nocase(at, word, sizeof word - 1))
            return true;
        at = comma != NULL ? comma + 1 : end;
    }
    return false;
}

bool http_accepts_trailers(const http_exchange *x)
{
    unsigned from = 0;
    const http_header *header;
    if (x->request->version < HTTP_1_1 || x->request->method == HTTP_HEAD)
        return false;
    while ((header = http_request_header(x->request, "TE", 2, &from)) != NULL)
        if (names_trailers((tern_str){header->value, header->value_len}))
            return true;
    return false;
}

bool http_trailer_is_allowed(const char *name, const char *value)
{
    const size_t name_len = strlen(name);
    return http_field_is_valid(name, name_len, value, strlen(value)) && !is_forbidden(name, name_len);
}

size_t trailers_bytes(const http_exchange *x)
{
    size_t bytes = END_BYTES;
    for (const http_trailer *t = x->trailers; t != NULL; t = t->next)
        bytes += (size_t)t->field.name_len + t->field.value_len + LINE_BYTES;
    return bytes;
}

bool http_reply_trailer(http_exchange *x, const char *name, const char *value)
{
    const http_field field = {name, value, (uint32_t)strlen(name), (uint32_t)strlen(value)};
    http_trailer **end = &x->trailers;
    unsigned count = 0;
    for (; *end != NULL; end = &(*end)->next)
        count++;
    const size_t bytes = trailers_bytes(x) + field.name_len + field.value_len + LINE_BYTES;
    if (count == TRAILERS_MAX || bytes > http_self.block_bytes)
        return false;
    http_trailer *added = arena_alloc(&x->arena, sizeof *added);
    if (added == NULL)
        return false;
    *added = (http_trailer){.field = field};
    *end = added;
    return true;
}
