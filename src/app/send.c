/** Hands a reply to http. Hot path: ctx_send for bytes. */
#include "app/ctx.h"
#include "http/date.h"
#include "runtime/loop.h"

#include <tern/log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct tern_stream {
    tern_ctx *c;
    char *scratch; /* for formatted text longer than usual; grows in the arena */
    size_t scratch_bytes;
    void (*write)(tern_ctx *c, tern_stream *out, void *arg);
    void *arg;
};

static void send_bytes(tern_ctx *c, const tern_reply *reply, const char *type)
{
    http_reply(c->x, reply->status, type, reply->data, reply->len);
}

/** A problem found only now, after all middleware. The application's file or stream for it could fail as
 * well, so problem details are sent. */
static void send_problem(tern_ctx *c, int status)
{
    http_field_remove(c->x, "Content-Type"); /* it described the other body */
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

/* -- files -- */

int ctx_file_status(int error)
{
    static const struct {
        int error, status;
    } known[] = {
        {0, 404}, /* it exists, but is not a regular file */
        {ENOENT, 404}, {ENOTDIR, 404}, {EACCES, 404}, {ELOOP, 404},  {ENAMETOOLONG, 404},
        {ENXIO, 404},  {EPERM, 404},   {EMFILE, 503}, {ENFILE, 503}, {ENOMEM, 503},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].error == error)
            return known[i].status;
    return 500; /* EIO and others: the file may exist, so clients must not cache that it does not */
}

/** Opens a regular file; -1 with the `*status` of the reply. A FIFO or a device is neither waited for nor
 * opened. */
static int open_file(tern_ctx *c, const char *path, struct stat *facts, int *status)
{
    int fd;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (fd < 0 && errno == EINTR); /* some network file systems block, and are interrupted */
    if (fd >= 0 && fstat(fd, facts) == 0) {
        if (S_ISREG(facts->st_mode))
            return fd;
        errno = 0;
    }
    int error = errno;
    if (fd >= 0)
        close(fd);
    *status = ctx_file_status(error);
    if (*status != 404 || error == EACCES) {
        char label[160];
        tern_log(TERN_LOG_WARN, "%s: cannot open %s: %s", ctx_route_label(c, label, sizeof label), path,
                 strerror(error));
    }
    return -1;
}

/** Sets Last-Modified. When out of memory it is left out: it is only a hint to caches. Never later than now:
 * a wrong clock must not keep a file new for years (RFC 9110 section 8.8.2.1). */
static void put_last_modified(tern_ctx *c, int64_t at)
{
    char *date = arena_alloc(ctx_arena(c), HTTP_DATE_LEN + 1);
    if (date == NULL || http_field_get(c->x, "Last-Modified") != NULL)
        return;
    int64_t now = (int64_t)time(NULL);
    http_date_write(date, at < now ? at : now);
    date[HTTP_DATE_LEN] = '\0';
    http_field_put(c->x, "Last-Modified", date, true);
}

/** The date in a request's header, if it has exactly one line and that is a date. */
static bool date_in(tern_ctx *c, const char *name, int64_t *seconds)
{
    const char *value = tern_header(c, name);
    return value != NULL && tern_header_nth(c, name, 1) == NULL &&
           http_date_read((tern_str){value, strlen(value)}, (int64_t)time(NULL), seconds);
}

/** The status of a file under the request's conditions: 200, 304 or 412. In the order of RFC 9110 section
 * 13.2.2; the file has an entity tag only if the application set one. */
static int file_status(tern_ctx *c)
{
    const http_field *modified = http_field_get(c->x, "Last-Modified"), *tag = http_field_get(c->x, "ETag");
    int64_t now = (int64_t)time(NULL), at, theirs;
    bool has_date =
        modified != NULL && http_date_read((tern_str){modified->value, modified->value_len}, now, &at);
    if (has_date && tern_header(c, "If-Match") == NULL && date_in(c, "If-Unmodified-Since", &theirs) &&
        at > theirs)
        return 412;
    if (tern_header(c, "If-None-Match") != NULL)
        return tag != NULL && ctx_tag_is_known(c, tag->value) ? 304 : 200;
    return has_date && date_in(c, "If-Modified-Since", &theirs) && at <= theirs ? 304 : 200;
}

static bool is_conditional(const tern_ctx *c, const tern_reply *reply)
{
    http_method method = c->x->request->method;
    return reply->status == 200 && (method == HTTP_GET || method == HTTP_HEAD);
}

static void send_file(tern_ctx *c, const tern_reply *reply, bool has_type)
{
    const char *path = reply->arg;
    struct stat facts;
    int status;
    int fd = open_file(c, path, &facts, &status);
    if (fd < 0) {
        send_problem(c, status);
        return;
    }
    const char *type = reply->type != NULL ? reply->type : mime_of_path(path);
    put_last_modified(c, facts.st_mtime);
    int met = is_conditional(c, reply) ? file_status(c) : 200;
    if (met == 412)
        send_problem(c, 412);
    else if (met == 304)
        http_reply(c->x, 304, NULL, NULL, 0);
    else
        http_reply_file(c->x, reply->status, has_type ? NULL : type, fd, 0, (uint64_t)facts.st_size);
    close(fd);
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

void tern_stream_write(tern_stream *out, const void *data, size_t len)
{
    http_reply_write(out->c->x, data, len);
}

void tern_stream_flush(tern_stream *out)
{
    http_reply_flush(out->c->x);
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
    http_reply_write(out->c->x, text, (size_t)len);
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
        send_problem(c, 500);
        return;
    }
    bool has_type = x->field_count != 0 && http_field_get(x, "Content-Type") != NULL;
    const char *type = has_type ? NULL : reply->type;
    switch (reply->kind) {
    case TERN_REPLY_BYTES:
        send_bytes(c, reply, type);
        break;
    case TERN_REPLY_FILE:
        send_file(c, reply, has_type);
        break;
    case TERN_REPLY_STREAM:
        send_stream(c, reply, type);
        break;
    }
}
