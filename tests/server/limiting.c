/* The server for test_limiting.py: a route within each piece of middleware that limits requests. */
#include <tern.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

static tern_shared_counter *handled;

/** Counts over all workers how often a handler ran. */
TERN_HANDLER(counted)
{
    tern_shared_add(handled, 1);
    return tern_text(c, "ok");
}

TERN_HANDLER(count)
{
    return tern_textf(c, "%ld", (long)tern_shared_get(handled));
}

static void add_rates(tern_app *app)
{
    tern_get(app, "/rate", counted,
             .use = TERN_USE(tern_rate_limit(.requests = 100, .window_s = 3600, .by = tern_by_everyone)));
    tern_get(app, "/second", counted,
             .use = TERN_USE(tern_rate_limit(.requests = 2, .window_s = 1, .algorithm = TERN_RATE_FIXED)));
    tern_get(app, "/key", counted,
             .use = TERN_USE(tern_rate_limit(.requests = 1, .window_s = 3600, .by_header = "X-Api-Key")));
    tern_get(app, "/bucket", counted,
             .use = TERN_USE(tern_rate_limit(.requests = 600, .window_s = 60, .algorithm = TERN_RATE_TOKENS,
                                             .burst = 5, .by = tern_by_everyone)));
}

/** Uses the processor for `ms` milliseconds. */
static void compute(int64_t ms)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    int64_t until_ns = now.tv_sec * 1000000000 + now.tv_nsec + ms * 1000000;
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while (now.tv_sec * 1000000000 + now.tv_nsec < until_ns);
}

TERN_HANDLER(work)
{
    compute(tern_query_int(c, "ms", 2));
    tern_shared_add(handled, 1);
    return tern_text(c, "done");
}

static const char *by_tenant(tern_ctx *c)
{
    return tern_header(c, "X-Tenant");
}

static void add_loads(tern_app *app)
{
    tern_get(app, "/unshed", work);
    tern_get(app, "/shed", work, .use = TERN_USE(tern_load_shed()));
    tern_get(app, "/shed/low", work, .use = TERN_USE(tern_load_shed(.priority = TERN_PRIORITY_LOW)));
    tern_get(app, "/shed/high", work, .use = TERN_USE(tern_load_shed(.priority = TERN_PRIORITY_HIGH)));
    tern_get(app, "/shed/tenant", work, .use = TERN_USE(tern_load_shed(.tenant = by_tenant)));
}

TERN_HANDLER(slow)
{
    tern_sleep(c, (uint64_t)tern_query_int(c, "ms", 50));
    int64_t inside = tern_shared_add(handled, 1);
    return tern_textf(c, "%ld", (long)inside);
}

static tern_shared_counter *inside, *most_inside;

/** Keeps how many of them ran at the same time, at most. */
TERN_HANDLER(crowd)
{
    int64_t now = tern_shared_add(inside, 1), most;
    while ((most = tern_shared_get(most_inside)) < now)
        tern_shared_set(most_inside, now);
    tern_sleep(c, 20);
    tern_shared_add(inside, -1);
    return tern_text(c, "ok");
}

TERN_HANDLER(most)
{
    return tern_textf(c, "%ld", (long)tern_shared_get(most_inside));
}

TERN_HANDLER(flaky)
{
    tern_shared_add(handled, 1);
    if (tern_query_bool(c, "fail", false))
        tern_fail(c, 502, "the other service is away");
    return tern_text(c, "ok");
}

static void add_gates(tern_app *app)
{
    inside = tern_shared_counter_new("inside");
    most_inside = tern_shared_counter_new("most inside");
    tern_get(app, "/most", most);
    tern_get(app, "/gate", slow,
             .use = TERN_USE(tern_concurrency_limit(.most = 2, .waiting = 3, .wait_ms = 5000)));
    tern_get(app, "/gate/closed", slow,
             .use = TERN_USE(tern_concurrency_limit(.most = 1, .refuse_at_once = true)));
    tern_get(app, "/gate/short", slow, .use = TERN_USE(tern_concurrency_limit(.most = 1, .wait_ms = 50)));
    tern_get(app, "/gate/all", crowd,
             .use = TERN_USE(
                 tern_concurrency_limit(.most = 5, .all_workers = true, .waiting = 1000, .wait_ms = 20000)));
    tern_get(app, "/circuit/late", slow, .timeout_ms = 50,
             .use = TERN_USE(tern_circuit_breaker(.least = 2, .open_s = 60)));
    tern_get(app, "/circuit/slow", slow,
             .use = TERN_USE(tern_circuit_breaker(.least = 2, .slow_ms = 30, .open_s = 60)));
    tern_get(app, "/circuit", flaky,
             .use = TERN_USE(tern_circuit_breaker(.least = 4, .open_s = 1, .probes = 2, .name = "flaky")));
}

/** Computes for 100 seconds, and allocates now and then. */
TERN_HANDLER(compute_for_ever)
{
    for (unsigned i = 0; i < 100000; i++) {
        compute(1);
        tern_sprintf(c, "%d", 1);
    }
    return tern_text(c, "never");
}

/** Computes for 100 seconds, and lets others run in between. */
TERN_HANDLER(compute_politely)
{
    for (unsigned i = 0; i < 100000; i++) {
        compute(1);
        tern_sleep(c, 0);
    }
    return tern_text(c, "never");
}

static void undo(void *arg)
{
    tern_shared_add(arg, 1);
}

/** Waits for longer than it may compute. */
TERN_HANDLER(wait_long)
{
    tern_defer(c, undo, handled);
    tern_sleep(c, 300);
    return tern_text(c, "waited");
}

TERN_HANDLER(take_body)
{
    return tern_textf(c, "%zu", tern_body(c).len);
}

static void add_route_limits(tern_app *app)
{
    tern_get(app, "/cpu", compute_for_ever, .cpu_ms = 50);
    tern_group *group = tern_group_new(
        app, "/group",
        .use = TERN_USE(tern_body_limit(.bytes = 100), tern_timeout(.ms = 150), tern_cpu_limit(.ms = 40)));
    tern_get(group, "/cpu", compute_politely, .timeout_ms = 20000);
    tern_get(group, "/wait", wait_long);
    tern_get(group, "/wait/longer", wait_long, .timeout_ms = 3000);
    tern_post(group, "/body", take_body);
    tern_post(group, "/body/longer", take_body, .max_body = 1000);
}

/** 30,000 bytes of a stream, in three pieces. */
static void write_pieces(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)c, (void)arg;
    for (int i = 0; i < 3; i++) {
        char piece[10000];
        memset(piece, 'a' + i, sizeof piece);
        tern_stream_write(out, piece, sizeof piece);
    }
}

TERN_HANDLER(streamed)
{
    return tern_stream_reply(c, "text/plain", write_pieces, NULL);
}

TERN_HANDLER(whole)
{
    char *bytes = tern_alloc(c, 30000);
    memset(bytes, 'w', 30000);
    return tern_bytes_reply(c, "text/plain", bytes, 30000);
}

TERN_HANDLER(own_file)
{
    return tern_file(c, "/proc/self/exe");
}

/** Replies of 30,000 bytes at 100,000 a second, and bodies that must be fast. */
static void add_throttled(tern_app *app)
{
    tern_group *group =
        tern_group_new(app, "/throttled", .use = TERN_USE(tern_throttle(.reply_rate = 100000)));
    tern_get(group, "/stream", streamed);
    tern_get(group, "/whole", whole);
    tern_get(group, "/file", own_file);
    tern_get(group, "/free", whole, .use = TERN_USE(tern_throttle(.reply_rate = 10, .reply_free = 30000)));
    tern_get(group, "/held", whole, .use = TERN_USE(tern_throttle(.reply_rate = 10)));
    tern_post(app, "/fast-bodies", take_body, .use = TERN_USE(tern_throttle(.min_body_rate = 1000000)));
}

static void add_redis(tern_app *app)
{
    tern_redis_setup(app);
    tern_get(app, "/redis", counted,
             .use = TERN_USE(
                 tern_rate_limit(.requests = 100, .window_s = 3600, .by = tern_by_everyone, .redis = true)));
    tern_get(app, "/redis/several", counted,
             .use = TERN_USE(tern_rate_limit(.requests = 5, .window_s = 3600, .redis = true, .name = "hour",
                                             .also = TERN_RATES({.requests = 3,
                                                                 .window_s = 600,
                                                                 .name = "bucket",
                                                                 .algorithm = TERN_RATE_TOKENS}))));
    tern_get(app, "/redis/failures", flaky,
             .use = TERN_USE(tern_rate_limit(.requests = 2, .window_s = 3600, .redis = true,
                                             .name = "failures", .counts = TERN_COUNT_FAILURES)));
}

static tern_reply closed_page(tern_ctx *c, const tern_problem *problem)
{
    return tern_html(c, tern_sprintf(c, "<h1>Back soon</h1><p>%s</p>", problem->detail));
}

TERN_HANDLER(close_service)
{
    tern_maintenance_switch(tern_query_bool(c, "on", true));
    return tern_text(c, "ok");
}

static void add_maintenance(tern_app *app)
{
    tern_post(app, "/close", close_service);
    tern_get(app, "/closing", counted,
             .use = TERN_USE(tern_maintenance(.file = getenv("MAINTENANCE_FILE"), .page = closed_page,
                                              .retry_after_s = 7)));
    tern_get(app, "/closing/allowed", counted,
             .use = TERN_USE(
                 tern_maintenance(.file = getenv("MAINTENANCE_FILE"), .allow = "10.0.0.0/8, 127.0.0.0/8")));
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.health = true, .title = "Limits", .version = "1");
    handled = tern_shared_counter_new("handled");
    tern_get(app, "/count", count);
    add_rates(app);
    add_loads(app);
    add_gates(app);
    add_route_limits(app);
    add_maintenance(app);
    add_throttled(app);
    if (getenv("TERN_REDIS_URL") != NULL) /* a test of several machines */
        add_redis(app);
    return tern_run(app, argc, argv);
}
