/** Errors on their way to the client: problem details (RFC 9457). */
#include "app/ctx.h"
#include "base/buf.h"
#include "base/text.h"

#include <tern/log.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char ctx_problem_type[] = "application/problem+json";
const char ctx_status_type[] = "text/plain; charset=utf-8";

const char *ctx_route_label(tern_ctx *c, char *out, size_t size)
{
    const char *method = http_method_name(c->x->head.method);
    const route *r = c->match.route;
    snprintf(out, size, "%s %s", method[0] != '\0' ? method : "(other)",
             r != NULL ? r->pattern : "(no route)");
    return out;
}

tern_reply ctx_problem(tern_ctx *c, int status, const char *detail)
{
    return ctx_problem_errors(c, status, detail, NULL);
}

tern_reply ctx_problem_errors(tern_ctx *c, int status, const char *detail, const char *errors)
{
    static const char no_memory[] = "{\"type\":\"about:blank\",\"title\":\"Error\"}";
    const char *title = http_status_text(status);
    tern_reply reply = {.status = status, .type = ctx_problem_type};
    c->scope.problem_status = status;
    c->scope.problem_detail = detail;
    size_t detail_len = detail != NULL ? strlen(detail) : 0;
    size_t size = 128 + strlen(title) + detail_len * TEXT_JSON_BYTES + (errors != NULL ? strlen(errors) : 0);
    char *room = arena_alloc(&c->x->arena, size);
    if (room == NULL) {
        reply.data = no_memory;
        reply.len = sizeof no_memory - 1;
        return reply;
    }
    buf body = {.data = room, .cap = size, .limit = size - 1}; /* lent: it never grows */
    buf_add_printf(&body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d", title, status);
    if (detail != NULL) {
        buf_add_text(&body, ",\"detail\":\"");
        buf_add_json(&body, detail, detail_len);
        buf_add_text(&body, "\"");
    }
    if (errors != NULL) {
        buf_add_text(&body, ",\"errors\":");
        buf_add_text(&body, errors);
    }
    buf_add_text(&body, "}");
    reply.data = body.data;
    reply.len = body.len;
    return reply;
}

void ctx_fail(tern_ctx *c, int status, const char *detail)
{
    ctx_fail_errors(c, status, detail, NULL);
}

static _Noreturn void fail(tern_ctx *c, int status, const char *detail, const char *errors,
                           const http_field *field)
{
    if (status < 400 || status > 599) {
        char label[160];
        tern_log(TERN_LOG_ERROR, "%s failed with status %d, which is no error; 500 is sent",
                 ctx_route_label(c, label, sizeof label), status);
        status = 500;
    }
    scope_before_throw(); /* now: a task that fails while it is ended must not put its problem in place of
                             this */
    c->scope.problem_status = status;
    c->scope.problem_detail = detail;
    c->problem_errors = errors;
    c->problem_field = field;
    unwind_throw(UNWIND_FAIL);
}

void ctx_fail_errors(tern_ctx *c, int status, const char *detail, const char *errors)
{
    fail(c, status, detail, errors, NULL);
}

void ctx_fail_field(tern_ctx *c, int status, const char *detail, const http_field *field)
{
    http_field *kept = ctx_need(c, arena_alloc(&c->x->arena, sizeof *kept));
    *kept = *field;
    fail(c, status, detail, NULL, kept);
}

void tern_fail(tern_ctx *c, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *detail = arena_vprintf(&c->x->arena, NULL, format, args);
    va_end(args);
    ctx_fail(c, status, detail != NULL ? detail : "there is no memory left for the details");
}
