/** Writes one log line for each request. */
#include <tern/log.h>
#include <tern/middleware.h>

#include <string.h>
#include <time.h>

enum { CLIENT_LEFT = 499 }; /* shown for a request whose client left before the reply */

typedef struct line {
    int64_t began_us;
    const char *method, *path; /* read before the handler: nothing may fail where the line is written */
} line;

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void write_line(tern_ctx *c, void *arg)
{
    const line *l = arg;
    tern_sent_reply sent = tern_sent(c);
    int status = sent.status != 0 ? sent.status : CLIENT_LEFT;
    const tern_log_field fields[] = {{.name = "method", .text = l->method},
                                     {.name = "path", .text = l->path},
                                     {.name = "status", .number = status},
                                     {.name = "bytes", .number = (int64_t)sent.bytes},
                                     {.name = "us", .number = now_us() - l->began_us},
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
    *l = (line){.began_us = now_us(), .method = tern_method(c), .path = tern_path(c)};
    tern_after(c, write_line, l);
    return tern_next(c);
}

tern_middleware tern_logger_with(const tern_logger_options *options)
{
    return (tern_middleware){.name = "logger",
                             .run = run,
                             .options = (void *)(uintptr_t)options->skip_prefix,
                             .skip = options->skip,
                             .stage = TERN_STAGE_LOG,
                             .repeats = true};
}
