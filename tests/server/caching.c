/** Kept replies and values in several workers: what tests/server/test_caching.py talks to. */
#include <tern.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static tern_shared_counter *runs, *maker, *is_down, *version;

/* Counts a run, and takes as long as is asked for. */
static int64_t run_slowly(tern_ctx *c)
{
    int64_t number = tern_shared_add(runs, 1);
    tern_shared_set(maker, getpid());
    tern_sleep(c, (uint64_t)tern_query_int(c, "ms", 0));
    return number;
}

TERN_HANDLER(slow)
{
    int64_t seen = tern_shared_get(version);
    int64_t number = run_slowly(c);
    tern_cache_tag(c, "slow");
    if (tern_shared_get(is_down) != 0)
        tern_fail(c, 503, "down");
    return tern_textf(c, "%lld version %lld", (long long)number, (long long)seen);
}

/* A reply with the Cache-Control of the query. */
TERN_HANDLER(told)
{
    tern_set_header(c, "Cache-Control", tern_query(c, "control"));
    int64_t number = run_slowly(c);
    if (tern_shared_get(is_down) != 0)
        tern_fail(c, 500, "down");
    return tern_textf(c, "%lld", (long long)number);
}

TERN_HANDLER(link_page)
{
    const char *host = tern_header(c, "X-Forwarded-Host");
    tern_set_header(c, "Cache-Control", "max-age=60");
    return tern_textf(c, "//%s/", host != NULL ? host : "own");
}

TERN_HANDLER(private_page)
{
    const char *session = tern_cookie(c, "session");
    run_slowly(c);
    return tern_textf(c, "page of %s", session != NULL ? session : "nobody");
}

TERN_HANDLER(state)
{
    return tern_textf(c, "{\"runs\":%lld,\"maker\":%lld,\"pid\":%d}", (long long)tern_shared_get(runs),
                      (long long)tern_shared_get(maker), (int)getpid());
}

TERN_HANDLER(set_state)
{
    tern_shared_set(is_down, tern_query_int(c, "down", 0));
    return tern_no_content(c);
}

/* A change, and then its purge. */
TERN_HANDLER(change)
{
    int64_t now = tern_shared_add(version, 1);
    if (!tern_cache_purge(c, "slow"))
        tern_fail(c, 503, "the cache cannot be reached");
    return tern_textf(c, "%lld", (long long)now);
}

TERN_HANDLER(pay)
{
    int64_t number = run_slowly(c);
    int status = (int)tern_query_int(c, "status", 201);
    if (status >= 500)
        tern_fail(c, status, "down");
    tern_set_header(c, "Location", tern_sprintf(c, "/payments/%lld", (long long)number));
    return tern_with_status(tern_textf(c, "paid %lld", (long long)number), status);
}

TERN_HANDLER(put_value)
{
    tern_str body = tern_body(c);
    return tern_textf(c, "%d", tern_cache_put(c, tern_param(c, "key"), body, 60));
}

TERN_HANDLER(get_value)
{
    tern_str value = tern_cache_get(c, tern_param(c, "key"));
    if (value.data == NULL)
        tern_fail(c, 404, "no value");
    return tern_bytes_reply(c, "text/plain", value.data, value.len);
}

static unsigned number_of(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? (unsigned)atoi(text) : otherwise;
}

int main(int argc, char **argv)
{
    runs = tern_shared_counter_new("runs");
    maker = tern_shared_counter_new("maker");
    is_down = tern_shared_counter_new("down");
    version = tern_shared_counter_new("version");
    tern_app *app = tern_app_new();
    tern_store *store = getenv("IN_REDIS") != NULL ? tern_redis_store(.prefix = "test:") : tern_memory_store();
    tern_cache_in(app, store);
    tern_middleware kept = tern_cache(.max_age_s = 600, .wait_ms = number_of("WAIT_MS", 8000), .store = store,
                                      .refuse_without_store = getenv("REFUSE") != NULL);
    tern_get(app, "/slow", slow, .use = TERN_USE(kept));
    tern_get(app, "/told", told, .use = TERN_USE(kept));
    tern_get(app, "/link", link_page, .use = TERN_USE(kept));
    tern_get(app, "/account/{rest...}", private_page, .use = TERN_USE(kept));
    tern_get(app, "/values/{key}", get_value);
    tern_put(app, "/values/{key}", put_value);
    tern_get(app, "/state", state);
    tern_post(app, "/state", set_state);
    tern_post(app, "/change", change);
    tern_post(app, "/pay", pay, .use = TERN_USE(tern_idempotency(.store = store)));
    tern_post(app, "/pay-waiting", pay, .use = TERN_USE(tern_idempotency(.store = store, .wait_ms = 8000)));
    return tern_run(app, argc, argv);
}
