/** Hands a reply to http. Hot path: ctx_send for bytes. */
#include "app/ctx.h"
#include "runtime/loop.h"

#include <tern/log.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct tern_stream {
    tern_ctx *c;
    char *scratch; /* for formatted text longer than usual; grows in the arena */
    size_t scratch_bytes;
    void (*write)(tern_ctx *c, tern_stream *out, void *arg);
    void *arg;
    tern_stream *next; /* what the filter sends to; NULL: there is no filter */
    const tern_stream_filter *filter;
};

static void send_bytes(tern_ctx *c, const tern_reply *reply, const char *type)
{
    http_reply(c->x, reply->status, type, reply->data, reply->len);
}

/** The headers that describe the content that is not sent. What a cache may do with it does not hold for a
 * problem. */
static void drop_content_headers(tern_ctx *c)
{
    static const char *const names[] = {
        "Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition",
        "ETag",         "Last-Modified",    "Expires"};
    for (size_t i = 0; i < sizeof names / sizeof *names && c->x->field_count != 0; i++)
        http_field_remove(c->x, names[i]);
    if (http_field_get(c->x, "Cache-Control") != NULL)
        http_field_put(c->x, "Cache-Control", "no-store", true);
}

/** The application's file or stream for the problem could fail as well, so problem details are sent. */
void ctx_send_problem(tern_ctx *c, int status)
{
    drop_content_headers(c);
    if (c->app->shaper != NULL)
        http_set_deadline(c->x, loop_self.now_ms + c->timeout_ms);
    ctx_enter(c);
    tern_reply problem = ctx_problem(c, status, NULL);
    if (problem.kind != TERN_REPLY_BYTES)
        problem = ctx_problem_details(c, &(tern_problem){.status = status});
    ctx_leave(c);
    bool has_type = http_field_get(c->x, "Content-Type") != NULL;
    send_bytes(c, &problem, has_type ? NULL : problem.type);
}

/* -- streams -- */

static void run_stream(tern_ctx *c, void *arg)
{
    tern_stream *out = arg;
    out->write(c, out, out->arg);
}

static void send_stream(tern_ctx *c, const tern_reply *reply, const char *type)
{
    http_exchange *x = c->x;
    http_reply_begin(x, reply->status, type, -1);
    tern_stream out = {.c = c, .write = reply->write, .arg = reply->arg};
    unwind_reason why = UNWIND_NONE;
    if (x->request->method != HTTP_HEAD && reply->status != 204 && reply->status != 304) {
        ctx_enter(c);
        why = ctx_guard(c, run_stream, &out);
        ctx_leave(c);
    }
    if (why == UNWIND_NONE) {
        http_reply_end(x);
        return;
    }
    /* Not ended: http closes the connection, so that no client takes a part for the whole. */
    char label[160];
    if (why == UNWIND_FAIL)
        tern_log(TERN_LOG_ERROR, "%s: the stream failed half-way: %s",
                 ctx_route_label(c, label, sizeof label),
                 c->scope.problem_detail != NULL ? c->scope.problem_detail
                                                 : http_status_text(c->scope.problem_status));
}

tern_ctx *ctx_of_stream(const tern_stream *out)
{
    return out->c;
}

void tern_stream_write(tern_stream *out, const void *data, size_t len)
{
    if (out->next != NULL)
        out->filter->write(out->c, out->next, data, len, out->filter->arg);
    else
        http_reply_write(out->c->x, data, len);
}

void tern_stream_flush(tern_stream *out)
{
    if (out->next == NULL) {
        http_reply_flush(out->c->x);
        return;
    }
    if (out->filter->flush != NULL)
        out->filter->flush(out->c, out->next, out->filter->arg);
    tern_stream_flush(out->next);
}

/** A stream inside a filter. */
typedef struct filtered {
    tern_stream_filter filter;
    void (*write)(tern_ctx *c, tern_stream *out, void *arg);
    void *arg;
} filtered;

static void run_filtered(tern_ctx *c, tern_stream *next, void *arg)
{
    filtered *f = arg;
    tern_stream out = {.c = c, .next = next, .filter = &f->filter};
    f->write(c, &out, f->arg);
    if (f->filter.end != NULL)
        f->filter.end(c, next, f->filter.arg);
}

tern_reply tern_filter_stream(tern_ctx *c, tern_reply reply, const tern_stream_filter *filter)
{
    if (reply.kind != TERN_REPLY_STREAM)
        return reply;
    filtered *f = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *f));
    *f = (filtered){*filter, reply.write, reply.arg};
    reply.write = run_filtered;
    reply.arg = f;
    return reply;
}

/** At least `size` bytes to format into, reused by later calls so that a long stream does not use more and
 * more. */
static char *scratch(tern_stream *out, size_t size)
{
    if (size > out->scratch_bytes) {
        size_t doubled = out->scratch_bytes * 2;
        size_t bytes = size > doubled ? size : doubled;
        out->scratch = ctx_need(out->c, arena_alloc(&out->c->x->arena, bytes));
        out->scratch_bytes = bytes;
    }
    return out->scratch;
}

void tern_stream_printf(tern_stream *out, const char *format, ...)
{
    char small[1024], *text = small;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(small, sizeof small, format, args);
    if (len >= (int)sizeof small) {
        text = scratch(out, (size_t)len + 1);
        vsnprintf(text, (size_t)len + 1, format, again);
    }
    va_end(again);
    va_end(args);
    if (len < 0)
        ctx_fail(out->c, 500, "the text of a stream could not be formatted");
    tern_stream_write(out, text, (size_t)len);
}

/* -- any reply -- */

void ctx_send(tern_ctx *c, const tern_reply *reply)
{
    http_exchange *x = c->x;
    x->deadline_ms = 0;           /* it was the handler's; from here only the client's pace counts */
    if (!reply_is_sound(reply)) { /* a handler's was checked: middleware made this one */
        char label[160];
        tern_log(TERN_LOG_ERROR, "%s: middleware returned a reply that cannot be sent (status %d)",
                 ctx_route_label(c, label, sizeof label), reply->status);
        ctx_send_problem(c, 500);
        return;
    }
    bool has_type = x->field_count != 0 && http_field_get(x, "Content-Type") != NULL;
    const char *type = has_type ? NULL : reply->type;
    switch (reply->kind) {
    case TERN_REPLY_BYTES:
        send_bytes(c, reply, type);
        break;
    case TERN_REPLY_FILE:
        ctx_send_file(c, reply, has_type);
        break;
    case TERN_REPLY_STREAM:
        send_stream(c, reply, type);
        break;
    case TERN_REPLY_TUNNEL:
        ctx_send_tunnel(c, reply);
        break;
    }
}
