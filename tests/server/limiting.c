/* The server for test_limiting.py: a route within each piece of middleware that limits requests. */
#include <tern.h>

#include <stdlib.h>
#include <string.h>

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

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.health = true, .title = "Limits", .version = "1");
    handled = tern_shared_counter_new("handled");
    tern_get(app, "/count", count);
    add_rates(app);
    return tern_run(app, argc, argv);
}
