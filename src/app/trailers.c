/** Trailers of streams, and the headers that are sent ahead of a reply. */
#include "app/ctx.h"

#include <tern/log.h>

#include <string.h>

static bool is_refused(tern_ctx *c, const char *name, const char *value)
{
    if (http_trailer_is_allowed(name, value))
        return false;
    char label[160];
    tern_log(
        TERN_LOG_WARN,
        "%s: trailer \"%s\" is not set: its name or value is not that of a header, or clients need it before the "
        "body",
        ctx_route_label(c, label, sizeof label), name);
    return true;
}

bool tern_reply_trailer(tern_ctx *c, const char *name)
{
    return !is_refused(c, name, "") && http_accepts_trailers(c->x) && tern_add_header(c, "Trailer", name);
}

bool tern_stream_trailer(tern_stream *out, const char *name, const char *value)
{
    tern_ctx *c = ctx_of_stream(out);
    if (is_refused(c, name, value) || !http_accepts_trailers(c->x))
        return false;
    const char *kept_name = ctx_text(c, (tern_str){name, strlen(name)});
    const char *kept_value = ctx_text(c, (tern_str){value, strlen(value)});
    if (http_reply_trailer(c->x, kept_name, kept_value))
        return true;
    char label[160];
    tern_log(TERN_LOG_WARN, "%s: trailer \"%s\" is not set: the trailers are too many or too large",
             ctx_route_label(c, label, sizeof label), name);
    return false;
}

bool tern_early_hints_with(tern_ctx *c, const char *const *links)
{
    enum { MOST = 32 };
    http_field fields[MOST];
    unsigned count = 0;
    for (; count < MOST && links[count] != NULL; count++) {
        const char *link = ctx_text(c, (tern_str){links[count], strlen(links[count])});
        if (!tern_add_header(c, "Link", link))
            return false;
        fields[count] = (http_field){"Link", link, 4, (uint32_t)strlen(link)};
    }
    return count != 0 && http_early_hints(c->x, fields, count);
}
