/** One log line a request. */
#include "app/ctx.h"
#include "base/clock.h"

#include <tern/log.h>
#include <tern/middleware.h>

#include <string.h>

enum { CLIENT_LEFT = 499 }; /* shown for a request whose client was gone before there was a reply */

typedef struct line {
    uint64_t began_ns;
    const char *method, *path; /* taken before the handler: nothing may fail where the line is written */
} line;

static void write_line(tern_ctx *c, void *arg)
{
    const line *l = arg;
    int status = c->x->reply_status != 0 ? c->x->reply_status : CLIENT_LEFT;
    const tern_log_field fields[] = {{.name = "method", .text = l->method},
                                     {.name = "path", .text = l->path},
                                     {.name = "status", .number = status},
                                     {.name = "bytes", .number = (int64_t)c->x->sent_bytes},
                                     {.name = "us", .number = (int64_t)((clock_ns() - l->began_ns) / 1000)},
                                     {.name = "address", .text = tern_remote_address(c)},
                                     {.name = "request_id", .text = tern_request_id(c)}};
    tern_log_event(status >= 500 ? TERN_LOG_ERROR : TERN_LOG_INFO, "request", fields,
                   sizeof fields / sizeof *fields);
}

static bool is_skipped(tern_ctx *c, const char *prefix)
{
    return prefix != NULL && strncmp(tern_path(c), prefix, strlen(prefix)) == 0;
}

static tern_reply run(tern_ctx *c, void *skip_prefix)
{
    if (is_skipped(c, skip_prefix) || !tern_log_enabled(TERN_LOG_INFO))
        return tern_next(c);
    line *l = tern_alloc(c, sizeof *l);
    *l = (line){.began_ns = clock_ns(), .method = tern_method(c), .path = tern_path(c)};
    ctx_add_after(c, write_line, l);
    return tern_next(c);
}

tern_middleware tern_logger_with(const tern_logger_options *options)
{
    return (tern_middleware){"logger", run, (void *)(uintptr_t)options->skip_prefix};
}
