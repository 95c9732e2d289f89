/** Limits of routes for whole groups: they are set before any middleware runs, so the pieces only carry them. */
#include <tern/app.h>
#include <tern/limits.h>

static tern_reply pass(tern_ctx *c, void *options)
{
    (void)options;
    return tern_next(c);
}

static void prepare_body_limit(tern_app *app, void *options)
{
    const tern_route_limits *limits = options;
    if (limits == NULL)
        tern_mistake(app, "body_limit: out of memory for its options");
    else if (limits->max_body == 0)
        tern_mistake(app, "body_limit: .bytes is not set: say how long a body may be");
}

tern_middleware tern_body_limit_with(const tern_body_limit_options *options)
{
    const tern_route_limits limits = {.max_body = options->bytes};
    void *kept = tern_keep(&limits, sizeof limits);
    return (tern_middleware){.name = "body_limit",
                             .run = pass,
                             .options = kept,
                             .prepare = prepare_body_limit,
                             .limits = kept,
                             .repeats = true};
}

static void prepare_timeout(tern_app *app, void *options)
{
    const tern_route_limits *limits = options;
    if (limits == NULL)
        tern_mistake(app, "timeout: out of memory for its options");
    else if (limits->timeout_ms == 0)
        tern_mistake(app, "timeout: .ms is not set: say how long a request may take");
}

tern_middleware tern_timeout_with(const tern_timeout_options *options)
{
    const tern_route_limits limits = {.timeout_ms = options->ms};
    void *kept = tern_keep(&limits, sizeof limits);
    return (tern_middleware){.name = "timeout",
                             .run = pass,
                             .options = kept,
                             .prepare = prepare_timeout,
                             .answers = "503",
                             .limits = kept,
                             .repeats = true};
}

static void prepare_throttle(tern_app *app, void *options)
{
    const tern_route_limits *limits = options;
    if (limits == NULL)
        tern_mistake(app, "throttle: out of memory for its options");
    else if (limits->min_body_rate == 0 && limits->min_reply_rate == 0 && limits->reply_rate == 0)
        tern_mistake(app, "throttle: no rate is set: give .min_body_rate, .min_reply_rate or .reply_rate");
    else if (limits->reply_rate != 0 && limits->min_reply_rate > limits->reply_rate)
        tern_mistake(
            app,
            "throttle: .min_reply_rate is %llu, and .reply_rate %llu: a client cannot take more than it "
            "is sent",
            (unsigned long long)limits->min_reply_rate, (unsigned long long)limits->reply_rate);
    else if (limits->reply_free != 0 && limits->reply_rate == 0)
        tern_mistake(app, "throttle: .reply_free is set, but .reply_rate is not: set it, too");
}

tern_middleware tern_throttle_with(const tern_throttle_options *options)
{
    const tern_route_limits limits = {.min_body_rate = options->min_body_rate,
                                      .min_reply_rate = options->min_reply_rate,
                                      .reply_rate = options->reply_rate,
                                      .reply_free = options->reply_free};
    void *kept = tern_keep(&limits, sizeof limits);
    return (tern_middleware){.name = "throttle",
                             .run = pass,
                             .options = kept,
                             .prepare = prepare_throttle,
                             .answers = options->min_body_rate != 0 ? "408" : NULL,
                             .limits = kept,
                             .repeats = true};
}

static void prepare_cpu_limit(tern_app *app, void *options)
{
    const tern_route_limits *limits = options;
    if (limits == NULL)
        tern_mistake(app, "cpu_limit: out of memory for its options");
    else if (limits->cpu_ms == 0)
        tern_mistake(app, "cpu_limit: .ms is not set: say how much processor time a request may use");
}

tern_middleware tern_cpu_limit_with(const tern_cpu_limit_options *options)
{
    const tern_route_limits limits = {.cpu_ms = options->ms};
    void *kept = tern_keep(&limits, sizeof limits);
    return (tern_middleware){.name = "cpu_limit",
                             .run = pass,
                             .options = kept,
                             .prepare = prepare_cpu_limit,
                             .answers = "503",
                             .limits = kept,
                             .repeats = true};
}
