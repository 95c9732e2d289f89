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
    tern_get(app, "/circuit", flaky,
             .use = TERN_USE(tern_circuit_breaker(.least = 4, .open_s = 1, .probes = 2, .name = "flaky")));
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.health = true, .title = "Limits", .version = "1");
    handled = tern_shared_counter_new("handled");
    tern_get(app, "/count", count);
    add_rates(app);
    add_loads(app);
    add_gates(app);
    return tern_run(app, argc, argv);
}
