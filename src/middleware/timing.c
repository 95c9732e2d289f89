/** Response time, and Server-Timing (W3C). */
#include <tern/timing.h>

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { METRICS = 32 };

typedef struct metric {
    const char *name, *description;
    int64_t us;
} metric;

typedef struct metrics {
    unsigned count;
    metric list[METRICS];
} metrics;

TERN_LOCAL(metrics, timing_metrics)

int64_t tern_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool is_token(const char *text)
{
    size_t len =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~");
    return len != 0 && text[len] == '\0';
}

/* -- response time -- */

static void prepare_response_time(tern_app *app, void *options)
{
    if (!is_token(options))
        tern_mistake(app, "response_time: .header is \"%s\": use the name of a header",
                     (const char *)options);
}

static tern_reply run_response_time(tern_ctx *c, void *header)
{
    int64_t began_us = tern_now_us();
    tern_reply reply = tern_next(c);
    int64_t us = tern_now_us() - began_us;
    tern_set_header(c, header, tern_sprintf(c, "%" PRId64 ".%03" PRId64 "ms", us / 1000, us % 1000));
    return reply;
}

tern_middleware tern_response_time_with(const tern_response_time_options *options)
{
    const char *header = options->header != NULL ? options->header : "X-Response-Time";
    return (tern_middleware){.name = "response_time",
                             .run = run_response_time,
                             .options = (void *)(uintptr_t)header,
                             .skip = options->skip,
                             .prepare = prepare_response_time,
                             .headers = header,
                             .stage = TERN_STAGE_LOG};
}

/* -- Server-Timing -- */

static bool is_description(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

void tern_timing_with(tern_ctx *c, const char *name, const tern_timing_options *options)
{
    metrics *m = tern_local(c, timing_metrics);
    if (m == NULL || !is_token(name) ||
        (options->description != NULL && !is_description(options->description)))
        return;
    for (unsigned i = 0; i < m->count; i++)
        if (strcmp(m->list[i].name, name) == 0) {
            m->list[i].us += options->us;
            return;
        }
    if (m->count == METRICS)
        return;
    m->list[m->count++] =
        (metric){.name = tern_strdup(c, name),
                 .description = options->description != NULL ? tern_strdup(c, options->description) : NULL,
                 .us = options->us};
}

/** The text in quotes, with those inside escaped (RFC 9110 section 5.6.4). */
static const char *quote(tern_ctx *c, const char *text)
{
    char *quoted = tern_alloc(c, 2 * strlen(text) + 3), *at = quoted;
    *at++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            *at++ = '\\';
        *at++ = *text;
    }
    *at = '"';
    return quoted;
}

static void add_metric(tern_ctx *c, const metric *m)
{
    const char *duration =
        m->us > 0 ? tern_sprintf(c, ";dur=%" PRId64 ".%03" PRId64, m->us / 1000, m->us % 1000) : "";
    tern_add_header(c, "Server-Timing",
                    tern_sprintf(c, "%s%s%s%s", m->name, duration, m->description != NULL ? ";desc=" : "",
                                 m->description != NULL ? quote(c, m->description) : ""));
}

static tern_reply run_server_timing(tern_ctx *c, void *options)
{
    bool has_total = options != NULL;
    int64_t began_us = tern_now_us();
    metrics *m = tern_alloc(c, sizeof *m);
    tern_set_local(c, timing_metrics, m);
    tern_reply reply = tern_next(c);
    if (has_total)
        add_metric(c, &(metric){.name = "total", .us = tern_now_us() - began_us});
    for (unsigned i = 0; i < m->count; i++)
        add_metric(c, &m->list[i]);
    return reply;
}

tern_middleware tern_server_timing_with(const tern_server_timing_options *options)
{
    static char with_total; /* its address is the option */
    return (tern_middleware){.name = "server_timing",
                             .run = run_server_timing,
                             .options = options->without_total ? NULL : &with_total,
                             .skip = options->skip,
                             .headers = "Server-Timing",
                             .stage = TERN_STAGE_LOG};
}
