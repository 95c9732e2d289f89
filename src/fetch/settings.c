/* The defaults of an application's calls. */
#include "fetch/call.h"
#include "fetch/multi.h"

tern_fetch_settings fetch_settings = {.user_agent = "tern",
                                      .timeout_ms = 30000,
                                      .connect_timeout_ms = 5000,
                                      .max_bytes = 4 * 1024 * 1024,
                                      .per_host = 256,
                                      .waiting = 1024,
                                      .idle_ms = 30000,
                                      .idle_most = 256,
                                      .retry_percent = 20,
                                      .failures = 10,
                                      .pause_ms = 2000};

/* A worker ends: nothing calls any more. */
static void stop(void *arg)
{
    (void)arg;
    multi_close();
    hosts_forget();
}

static void set(unsigned *into, unsigned value)
{
    if (value != 0)
        *into = value;
}

void tern_fetch_defaults_with(tern_app *app, const tern_fetch_settings *given)
{
    tern_fetch_settings *s = &fetch_settings;
    if (given->user_agent != NULL)
        s->user_agent = app_keep_text(app, given->user_agent);
    s->ca_file = app_keep_text(app, given->ca_file);
    s->proxy = app_keep_text(app, given->proxy);
    if (s->user_agent == NULL)
        s->user_agent = "tern"; /* memory is short: app_compile reports it */
    if (given->max_bytes != 0)
        s->max_bytes = given->max_bytes;
    set(&s->timeout_ms, given->timeout_ms);
    set(&s->connect_timeout_ms, given->connect_timeout_ms);
    set(&s->per_host, given->per_host);
    set(&s->waiting, given->waiting);
    set(&s->idle_ms, given->idle_ms);
    set(&s->idle_most, given->idle_most);
    set(&s->retry_percent, given->retry_percent);
    set(&s->failures, given->failures);
    set(&s->pause_ms, given->pause_ms);
    app_add_hook(app, &(app_hook){.stop = stop});
}
