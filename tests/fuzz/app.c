/**
 * A whole application under libFuzzer: bytes in pieces to routes of every kind, over a socket pair. The first
 * two bytes of the input choose the client's behaviour, as in connection.c.
 *
 * Finds crashes, leaks, requests that never end, and leaked coroutines and locks.
 */
#include "wire.h"

#include "app/ctx.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <tern/access.h>
#include <tern/app.h>
#include <tern/log.h>
#include <tern/paths.h>
#include <tern/task.h>
#include <tern/timing.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char file_name[] = "/tmp/tern-fuzz-XXXXXX";
static tern_mutex mutex;
static tern_semaphore permits = {.permits = 2};
static int open_things; /* taken and not yet returned by a deferred call */

static void give_back(void *arg)
{
    *(int *)arg -= 1;
}

static void take(tern_ctx *c)
{
    open_things++;
    tern_defer(c, give_back, &open_things);
}

TERN_HANDLER(getters)
{
    char page[4];
    take(c);
    int64_t n = tern_query_int(c, "n", 1);
    double d = tern_query_double(c, "d", 0.5);
    bool b = tern_query_bool(c, "b", false);
    for (unsigned i = 0; tern_query_nth(c, "a", i) != NULL && i < 5; i++)
        tern_add_header(c, "X-A", tern_query_nth(c, "a", i));
    const char *cookie = tern_cookie(c, "id"), *agent = tern_header(c, "User-Agent");
    if (cookie != NULL)
        tern_set_cookie(c, "id", cookie, .max_age_s = n < 0 ? -1 : 60);
    if (agent != NULL)
        tern_set_header(c, agent, "x");
    memcpy(page, "abc", sizeof page);
    return tern_textf(c, "%s %s %s %s %lld %g %d %s %s %s", tern_method(c), tern_path(c), tern_host(c),
                      tern_query_string(c), (long long)n, d, b, tern_strdup(c, page), tern_request_id(c),
                      tern_remote_address(c));
}

TERN_HANDLER(parameter)
{
    const char *name = tern_param(c, "name");
    tern_set_header(c, "X-Name", name);
    return tern_text(c, name);
}

TERN_HANDLER(number)
{
    take(c);
    if (tern_param_int(c, "n") == 7)
        tern_fail(c, 409, "no \"%s\"", tern_param(c, "n"));
    return tern_text(c, "ok");
}

TERN_HANDLER(rest)
{
    return tern_redirect(c, tern_param(c, "rest"));
}

TERN_HANDLER(echo)
{
    tern_str body = tern_body(c);
    if (body.data[body.len] != '\0')
        abort();
    take(c);
    tern_sleep(c, 0);
    return tern_bytes_reply(c, body.len % 2 ? body.data : NULL, body.data, body.len);
}

TERN_HANDLER(count)
{
    char piece[50];
    size_t n, sum = 0;
    while ((n = tern_body_read(c, piece, sizeof piece)) > 0) {
        sum += n;
        tern_sleep(c, 0);
    }
    return tern_textf(c, "%zu", sum);
}

static void write_back(tern_ctx *c, tern_stream *out, void *arg)
{
    char piece[50];
    size_t n;
    (void)arg;
    take(c);
    while ((n = tern_body_read(c, piece, sizeof piece)) > 0) {
        memset(piece, 'x', n);
        tern_stream_write(out, piece, n);
        tern_sleep(c, 0);
        if (n == 13)
            tern_fail(c, 500, "half-way");
    }
    tern_stream_printf(out, "%2000d", 1);
    tern_stream_flush(out);
}

TERN_HANDLER(stream_back)
{
    return tern_stream_reply(c, "text/plain", write_back, NULL);
}

static void task(tern_ctx *c, void *arg)
{
    tern_channel *channel = arg;
    int value = 1;
    take(c);
    tern_semaphore_acquire(c, &permits);
    while (tern_send(c, channel, &value) && value++ < 3)
        tern_sleep(c, 0);
    if (tern_query(c, "fail") != NULL)
        tern_fail(c, 418, "task");
    tern_lock(c, &mutex);
    tern_sleep(c, 0);
}

TERN_HANDLER(tasks)
{
    tern_channel *channel = tern_channel_new(c, sizeof(int), (size_t)(tern_query_int(c, "room", 0) & 3));
    tern_task *all[3];
    int value;
    for (int i = 0; i < 3; i++)
        all[i] = tern_go(c, task, channel);
    for (int i = 0; i < 7 && tern_receive(c, channel, &value); i++)
        if (i == 4)
            tern_cancel(all[1]);
    if (tern_query(c, "leave") != NULL)
        return tern_text(c, "left");
    tern_channel_close(channel);
    for (int i = 0; i < 3; i++)
        tern_wait(c, all[i]);
    return tern_no_content(c);
}

TERN_HANDLER(locked)
{
    tern_lock(c, &mutex);
    tern_sleep(c, (uint64_t)(tern_query_int(c, "ms", 0) & 3));
    return tern_text(c, "locked");
}

TERN_HANDLER(late)
{
    take(c);
    tern_sleep(c, 100000);
    return tern_text(c, "never");
}

TERN_HANDLER(file)
{
    return tern_with_status(tern_file(c, file_name), (int)tern_query_int(c, "status", 200));
}

TERN_HANDLER(greedy)
{
    size_t bytes = (size_t)tern_query_int(c, "bytes", 10);
    char *taken = tern_alloc(c, bytes);
    if (bytes != 0)
        *taken = 1;
    return tern_status(c, (int)tern_query_int(c, "status", 200));
}

static tern_reply outermost(tern_ctx *c, void *options)
{
    (void)options;
    take(c);
    tern_set_header(c, "X-Outer", "1");
    tern_reply reply = tern_next(c);
    if (tern_header(c, "X-Again") != NULL)
        return tern_next(c);
    if (tern_header(c, "X-Fail") != NULL)
        tern_fail(c, 502, "outer");
    return reply;
}

static bool is_ready(tern_ctx *c)
{
    tern_sleep(c, 0);
    if (tern_query(c, "fail") != NULL)
        tern_fail(c, 500, "check");
    return tern_query(c, "no") == NULL;
}

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Fuzz", .slashes = TERN_SLASH_REDIRECT, .health = true,
                                 .limits = {.body_bytes = 1000, .request_timeout_ms = 1000});
    tern_use(app, tern_request_ids(.trust_client = true), tern_logger(), TERN_MIDDLEWARE(outermost),
             tern_problem_pages(.html_for_browsers = true));
    tern_use(
        app, tern_method_override(.field = "_method"),
        tern_versions(.versions = "1, 2", .header = "V", .media_type = "application/vnd.x", .fallback = "1"),
        tern_rewrites(.paths = TERN_PATHS({"/w/{rest...}", "/r/{rest}"}, {"/s", "/"})),
        tern_redirects(.paths = TERN_PATHS({"/o/{a}/{b...}", "/{b}/{a}"})));
    tern_get(app, "/b", getters, .use = TERN_USE(tern_basic_auth(.users = "a:b")));
    tern_get(app, "/k", getters,
             .use = TERN_USE(tern_key_auth(.keys = "0123456789abcdef", .header = "K", .query = "k",
                                           .cookie = "k", .bearer = true)));
    tern_get(app, "/api/v1/x", getters,
             .use = TERN_USE(tern_ip_filter(.deny = "10.0.0.0/8"), tern_server_timing()));
    tern_delete(app, "/echo", echo,
                .use = TERN_USE(tern_deprecated(.since = "2020-01-01", .sunset = "2099-01-01")));
    tern_ready_check(app, "ready", is_ready);
    tern_get(app, "/", getters);
    tern_get(app, "/p/{name}", parameter);
    tern_get(app, "/n/{n:int}", number);
    tern_get(app, "/r/{rest...}", rest);
    tern_post(app, "/echo", echo);
    tern_post(app, "/count", count, .stream_body = true, .max_body = 500);
    tern_post(app, "/back", stream_back, .stream_body = true);
    tern_get(app, "/tasks", tasks);
    tern_get(app, "/lock", locked);
    tern_get(app, "/late", late, .timeout_ms = 1);
    tern_get(app, "/file", file);
    tern_get(app, "/greedy", greedy);
    tern_on(app, "PURGE", "/echo/", echo);
    buf problems = {0};
    if (!app_compile(app, &problems))
        abort();
    return app;
}

static void open_file(void)
{
    int fd = mkstemp(file_name);
    if (fd < 0 || write(fd, "a file\n", 7) != 7)
        abort();
    close(fd);
}

static void remove_file(void)
{
    unlink(file_name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const http_limits limits = {.head = {.head_bytes = 2048, .target_bytes = 1024, .fields = 20},
                                       .head_ms = 10000,
                                       .idle_ms = 10000,
                                       .body_ms = 10000,
                                       .body_bytes = 1000,
                                       .arena_bytes = 1 << 16,
                                       .server_name = "t"};
    static char heard[1 << 21];
    static tern_app *app;
    http_service service;
    if (size < 3 || size > 4096)
        return 0;
    tern_log_set_level(TERN_LOG_SILENT);
    if (app == NULL) {
        open_file();
        atexit(remove_file);
        app = make_app();
    }
    app_service(app, &service);
    if (!wire_open(&service, &limits))
        abort();
    const wire_script script = {.request = data + 2,
                                .len = size - 2,
                                .piece = (size_t)data[0] * 4 + 1,
                                .closes_after = (data[1] & 1) != 0 || data[1] < 2,
                                .leaves_at = (data[1] & 128) == 0 ? data[1] >> 1 : 0,
                                .drains_at = (data[1] & 128) != 0 ? 1 + (data[1] >> 1 & 63) : 0};
    if (wire_talk(&script, heard, sizeof heard) < 0)
        abort(); /* neither answered nor closed */
    if (coro_count() != 0 || open_things != 0 || mutex.owner != NULL || permits.permits != 2)
        abort(); /* something outlived its request */
    wire_close();
    return 0;
}
