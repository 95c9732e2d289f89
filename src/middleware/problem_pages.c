/** Errors without a body of their own become problem details, or pages for people. */
#include "app/ctx.h"
#include "base/text.h"

#include <tern/log.h>
#include <tern/middleware.h>

#include <stdlib.h>
#include <string.h>

/* -- what the client would rather read -- */

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

/** "0.8" as 800: thousandths, RFC 9110 section 12.4.2. What is no such number counts as 0. */
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

/** How much an Accept header wants the media type `type` of the family `family` ("text", then the star). */
static unsigned wanted(tern_str accept, const char *type, const char *family)
{
    const char *const names[] = {"*/*", family, type}; /* the more exact one counts */
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

static bool prefers_html(tern_ctx *c)
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

/* -- the page -- */

/** `text` with what HTML gives a meaning to written as entities. */
static const char *escape_html(tern_ctx *c, const char *text)
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

static tern_reply page(tern_ctx *c, int status, const char *detail)
{
    const char *title = http_status_text(status);
    const char *html = tern_sprintf(c,
                                    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                                    "<title>%d %s</title>\n<h1>%s</h1>\n<p>%s</p>\n</html>\n",
                                    status, title, title, detail != NULL ? escape_html(c, detail) : "");
    return tern_with_status(tern_html(c, html), status);
}

/* -- the middleware -- */

static void log_failure(tern_ctx *c, int status, const char *detail)
{
    const tern_log_field fields[] = {{.name = "method", .text = tern_method(c)},
                                     {.name = "path", .text = tern_path(c)},
                                     {.name = "route", .text = tern_route_pattern(c)},
                                     {.name = "status", .number = status},
                                     {.name = "request_id", .text = tern_request_id(c)}};
    tern_log_event(TERN_LOG_ERROR, detail != NULL ? detail : http_status_text(status), fields,
                   sizeof fields / sizeof *fields);
}

static tern_reply run(tern_ctx *c, void *html_for_browsers)
{
    tern_reply reply = tern_next(c);
    if (reply.status < 400)
        return reply;
    bool is_problem = reply.type == ctx_problem_type;
    bool has_own_body =
        reply.kind != TERN_REPLY_BYTES || (reply.len != 0 && !is_problem && reply.type != ctx_status_type);
    /* Only a problem that is still this reply's may lend it its text. */
    const char *detail =
        is_problem && c->scope.problem_status == reply.status ? c->scope.problem_detail : NULL;
    if (reply.status >= 500)
        log_failure(c, reply.status, detail);
    if (has_own_body)
        return reply;
    if (html_for_browsers != NULL) {
        tern_add_header(c, "Vary", "Accept");
        if (prefers_html(c))
            return page(c, reply.status, detail);
    }
    return is_problem ? reply : ctx_problem(c, reply.status, NULL);
}

tern_middleware tern_problem_pages_with(const tern_problem_pages_options *options)
{
    static char yes;
    return (tern_middleware){"problem_pages", run, options->html_for_browsers ? &yes : NULL};
}
