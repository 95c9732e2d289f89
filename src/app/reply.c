/** Constructors of replies. Hot path: tern_json_text and tern_text, a few stores and one strlen. */
#include "app/ctx.h"

#include <tern/log.h>

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

/** The text that only names a status: recognised by its pointer. */
static const char status_type[] = "text/plain; charset=utf-8";

static tern_reply text_reply(const char *type, const char *text)
{
    return (tern_reply){.status = 200, .type = type, .data = text, .len = strlen(text)};
}

tern_reply tern_text(tern_ctx *c, const char *text)
{
    (void)c;
    return text_reply("text/plain; charset=utf-8", text);
}

tern_reply tern_textf(tern_ctx *c, const char *format, ...)
{
    tern_reply reply = {.status = 200, .type = "text/plain; charset=utf-8"};
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(ctx_arena(c), &reply.len, format, args);
    va_end(args);
    reply.data = ctx_need(c, text);
    return reply;
}

const char *tern_escape_html(tern_ctx *c, const char *text)
{
    static const struct {
        char byte;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    char *escaped = tern_alloc(c, strlen(text) * 6 + 1), *out = escaped;
    for (; *text != '\0'; text++) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
            if (entities[i].byte == *text)
                entity = entities[i].entity;
        if (entity != NULL)
            out = stpcpy(out, entity);
        else
            *out++ = *text;
    }
    return escaped;
}

tern_reply tern_html(tern_ctx *c, const char *html)
{
    (void)c;
    return text_reply("text/html; charset=utf-8", html);
}

tern_reply tern_json_text(tern_ctx *c, const char *json)
{
    (void)c;
    return text_reply("application/json", json);
}

tern_reply tern_bytes_reply(tern_ctx *c, const char *type, const void *data, size_t len)
{
    (void)c;
    return (tern_reply){.status = 200, .type = type, .data = data, .len = len};
}

tern_reply tern_status(tern_ctx *c, int status)
{
    tern_reply reply = {.status = status};
    if (status == 204 || status == 304)
        return reply;
    reply.type = status_type;
    reply.data = ctx_need(c, arena_printf(ctx_arena(c), "%d %s", status, http_status_text(status)));
    reply.len = strlen(reply.data);
    return reply;
}

const char *tern_status_text(int status)
{
    return http_status_text(status);
}

bool tern_is_bare(const tern_reply *reply)
{
    return reply->kind == TERN_REPLY_BYTES && (reply->len == 0 || reply->type == status_type);
}

tern_reply tern_no_content(tern_ctx *c)
{
    (void)c;
    return (tern_reply){.status = 204};
}

tern_reply tern_redirect(tern_ctx *c, const char *url)
{
    return tern_redirect_with(c, 302, url);
}

/** The length of the part that is visible ASCII without '\': browsers and proxies read it the same way, on
 * one line. */
static size_t redirect_target_len(const char *url)
{
    size_t len = 0;
    while (url[len] > 0x20 && url[len] < 0x7f && url[len] != '\\')
        len++;
    return len;
}

tern_reply tern_redirect_with(tern_ctx *c, int status, const char *url)
{
    char label[160];
    if (status < 300 || status > 399 || status == 304) {
        tern_log(TERN_LOG_ERROR, "%s: %d is not a redirect status", ctx_route_label(c, label, sizeof label),
                 status);
        return ctx_problem(c, 500, NULL);
    }
    size_t len = redirect_target_len(url);
    if (len == 0 || url[len] != '\0') { /* the target itself may contain a client's secret */
        tern_log(TERN_LOG_ERROR,
                 "%s: a redirect's target must be visible ASCII, but byte %zu of it is 0x%02x",
                 ctx_route_label(c, label, sizeof label), len, (unsigned char)url[len]);
        return ctx_problem(c, 500, NULL);
    }
    const char *kept = ctx_text(c, (tern_str){url, len});
    if (!http_field_put(c->x, "Location", kept, true))
        ctx_need(c, NULL);
    return (tern_reply){.status = status};
}

tern_reply tern_file(tern_ctx *c, const char *path)
{
    struct stat facts;
    /* Checked now, so that middleware sees the 404; opened only when it is sent. */
    if (stat(path, &facts) != 0)
        return ctx_problem(c, ctx_file_status(errno), NULL);
    if (!S_ISREG(facts.st_mode))
        return ctx_problem(c, 404, NULL);
    return (tern_reply){.status = 200,
                        .kind = TERN_REPLY_FILE,
                        .type = mime_of_path(path),
                        .arg = (void *)(uintptr_t)ctx_text(c, (tern_str){path, strlen(path)})};
}

tern_reply tern_stream_reply(tern_ctx *c, const char *type,
                             void (*write)(tern_ctx *c, tern_stream *out, void *arg), void *arg)
{
    (void)c;
    return (tern_reply){.status = 200, .kind = TERN_REPLY_STREAM, .type = type, .write = write, .arg = arg};
}

tern_reply tern_with_status(tern_reply reply, int status)
{
    reply.status = status;
    return reply;
}
