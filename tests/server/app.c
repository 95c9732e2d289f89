/**
 * The application for the tests over sockets: a route for every feature, and some that misbehave.
 *
 * TEST_FILES names the folder that /files serves. Only the public interface is used.
 */
#include <tern.h>

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Counts of what ran and what was undone, over all workers. */
static tern_shared_counter *begun, *undone, *smuggled, *unready;

static const char *query_or(tern_ctx *c, const char *name, const char *otherwise)
{
    const char *value = tern_query(c, name);
    return value != NULL ? value : otherwise;
}

/* -- the parts of a request -- */

TERN_HANDLER(hello)
{
    return tern_text(c, "hello");
}

TERN_HANDLER(facts)
{
    return tern_textf(c, "method=%s\npath=%s\nquery=%s\nhost=%s\nroute=%s\naddress=%s\n", tern_method(c),
                      tern_path(c), tern_query_string(c), tern_host(c), tern_route_pattern(c),
                      tern_remote_address(c));
}

TERN_HANDLER(user_me)
{
    return tern_text(c, "me");
}

TERN_HANDLER(user_by_id)
{
    return tern_textf(c, "id %lld", (long long)tern_param_int(c, "id"));
}

TERN_HANDLER(user_by_uuid)
{
    return tern_textf(c, "uuid %s", tern_param(c, "uuid"));
}

TERN_HANDLER(user_by_name)
{
    return tern_textf(c, "name %s", tern_param(c, "name"));
}

TERN_HANDLER(length_of_param)
{
    return tern_textf(c, "%zu", strlen(tern_param(c, "text")));
}

TERN_HANDLER(rest)
{
    return tern_textf(c, "rest %s", tern_param(c, "rest"));
}

TERN_HANDLER(typed_query)
{
    return tern_textf(c, "n=%lld d=%g b=%d text=%s second=%s", (long long)tern_query_int(c, "n", -1),
                      tern_query_double(c, "d", 0.5), tern_query_bool(c, "b", false),
                      query_or(c, "text", "(none)"),
                      tern_query_nth(c, "text", 1) != NULL ? tern_query_nth(c, "text", 1) : "(none)");
}

TERN_HANDLER(header_named)
{
    unsigned nth = (unsigned)tern_query_int(c, "nth", 0);
    const char *value = tern_header_nth(c, query_or(c, "name", ""), nth);
    return tern_text(c, value != NULL ? value : "(none)");
}

TERN_HANDLER(cookie_named)
{
    const char *value = tern_cookie(c, query_or(c, "name", ""));
    return tern_text(c, value != NULL ? value : "(none)");
}

TERN_MODEL(Token, (const char *, token, .json = "access_token", .in = TERN_FROM_HEADER))

TERN_HANDLER(token_named, Token, in)
{
    return tern_text(c, in->token);
}

TERN_HANDLER(echo)
{
    tern_str body = tern_body(c);
    const char *type = tern_header(c, "Content-Type");
    return tern_bytes_reply(c, type != NULL ? type : "application/octet-stream", body.data, body.len);
}

TERN_MODEL(Scan, (const char *, title), (tern_upload, file))

TERN_HANDLER(keep_scan, Scan, in)
{
    return tern_textf(c, "%s: %zu bytes %s", in->title, in->file.size,
                      in->file.fd < 0 ? "in memory" : "on disk");
}

TERN_HANDLER(count_body)
{
    char piece[1000];
    size_t n, sum = 0, pieces = 0;
    for (; (n = tern_body_read(c, piece, sizeof piece)) > 0; pieces++)
        sum += n;
    return tern_textf(c, "%zu bytes%s", sum, pieces > 0 || sum == 0 ? "" : " in no piece");
}

TERN_HANDLER(ignore_body)
{
    return tern_text(c, "not read");
}

/* -- replies -- */

TERN_HANDLER(html)
{
    return tern_html(c, "<p>hello</p>");
}

TERN_HANDLER(json)
{
    return tern_json_text(c, "{\"hello\":\"world\"}");
}

TERN_HANDLER(status)
{
    return tern_status(c, (int)tern_query_int(c, "code", 200));
}

TERN_HANDLER(created)
{
    return tern_with_status(tern_text(c, "made"), 201);
}

TERN_HANDLER(redirect)
{
    return tern_redirect_with(c, (int)tern_query_int(c, "code", 302), query_or(c, "to", "/"));
}

TERN_HANDLER(big)
{
    size_t len = (size_t)tern_query_int(c, "bytes", 1000);
    char *bytes = tern_alloc(c, len + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)('a' + i % 26);
    return tern_bytes_reply(c, "text/plain", bytes, len);
}

TERN_HANDLER(file)
{
    const char *folder = getenv("TEST_FILES");
    return tern_file(c,
                     tern_sprintf(c, "%s/%s", folder != NULL ? folder : "/nowhere", tern_param(c, "rest")));
}

TERN_HANDLER(own_file)
{
    const char *own = query_or(c, "own", "");
    bool is_all = strcmp(own, "all") == 0;
    if (is_all || strcmp(own, "etag") == 0)
        tern_set_etag(c, "own");
    if (is_all || strcmp(own, "date") == 0)
        tern_set_header(c, "Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    if (is_all) {
        tern_set_header(c, "Content-Type", "text/own");
        tern_set_header(c, "Content-Language", "de");
        tern_set_header(c, "Content-Encoding", "own");
        tern_set_header(c, "Content-Disposition", "attachment");
        tern_set_header(c, "Cache-Control", "max-age=31536000");
        tern_set_header(c, "Expires", "Sun, 06 Nov 2094 08:49:37 GMT");
    }
    return file->run(c);
}

TERN_HANDLER(conditional)
{
    bool is_put = strcmp(tern_method(c), "PUT") == 0;
    tern_set_etag(c, "v7");
    if (is_put) {
        tern_need_match(c);
        return tern_no_content(c);
    }
    if (tern_query_bool(c, "early", false))
        return tern_is_not_modified(c) ? tern_status(c, 304) : tern_text(c, "version 7");
    return tern_conditional(c, tern_text(c, "version 7"));
}

TERN_HANDLER(set_etag)
{
    return tern_text(c, tern_set_etag(c, query_or(c, "text", "")) ? "set" : "refused");
}

static void write_and_end(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    tern_stream_printf(out, "body");
    if (tern_query_bool(c, "flush", false))
        tern_stream_flush(out);
    const char *name = tern_query(c, "name");
    bool is_set = tern_stream_trailer(out, name != NULL ? name : "X-Sum", query_or(c, "value", "7"));
    for (int64_t more = tern_query_int(c, "more", 0); more > 0; more--)
        is_set &= tern_stream_trailer(out, tern_sprintf(c, "X-More-%lld", (long long)more),
                                      query_or(c, "value", "more"));
    tern_stream_printf(out, is_set ? " set" : " not set");
    if (tern_query_bool(c, "fail", false))
        tern_fail(c, 500, "no end");
}

/** A stream with a trailer, whose name and value are in the query. */
TERN_HANDLER(trailer)
{
    tern_set_header(c, "X-Announced", tern_reply_trailer(c, query_or(c, "name", "X-Sum")) ? "yes" : "no");
    return tern_stream_reply(c, "text/plain", write_and_end, NULL);
}

TERN_HANDLER(hints)
{
    unsigned sent = 0;
    for (int64_t times = tern_query_int(c, "times", 1); times > 0; times--)
        sent += tern_early_hints(c, "</style.css>; rel=preload; as=style",
                                 "</script.js>; rel=preload; as=script");
    tern_sleep(c, (uint64_t)tern_query_int(c, "ms", 0));
    if (tern_query_bool(c, "fail", false))
        tern_fail(c, 409, "no page");
    return tern_textf(c, "%u sent, %zu bytes", sent, tern_body(c).len);
}

TERN_HANDLER(hints_with_body)
{
    char piece[1000];
    size_t n, sum = 0;
    unsigned sent = tern_early_hints(c, "</before.css>; rel=preload");
    for (; (n = tern_body_read(c, piece, sizeof piece)) > 0;)
        sum += n;
    sent += tern_early_hints(c, "</after.css>; rel=preload");
    return tern_textf(c, "%u sent, %zu bytes", sent, sum);
}

static void write_pieces(tern_ctx *c, tern_stream *out, void *arg)
{
    const int64_t *pieces = arg;
    for (int64_t i = 0; i < *pieces; i++) {
        tern_stream_printf(out, "piece %lld\n", (long long)i);
        tern_stream_flush(out);
        tern_sleep(c, 0);
    }
}

TERN_HANDLER(stream)
{
    int64_t *pieces = tern_alloc(c, sizeof *pieces);
    *pieces = tern_query_int(c, "pieces", 3);
    return tern_stream_reply(c, "text/plain", write_pieces, pieces);
}

static void write_slowly(tern_ctx *c, tern_stream *out, void *arg)
{
    const int64_t *pieces = arg;
    int64_t ms = tern_query_int(c, "ms", 1);
    for (int64_t i = 0; i < *pieces; i++) {
        tern_stream_printf(out, "piece %lld\n", (long long)i);
        tern_stream_flush(out);
        tern_sleep(c, (uint64_t)ms);
    }
}

TERN_HANDLER(slow_stream)
{
    int64_t *pieces = tern_alloc(c, sizeof *pieces);
    *pieces = tern_query_int(c, "pieces", 3);
    return tern_stream_reply(c, "text/plain", write_slowly, pieces);
}

static void count_one(void *counter)
{
    tern_shared_add(counter, 1);
}

static void write_for_ever(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    static char block[16 * 1024];
    memset(block, 'x', sizeof block);
    tern_shared_add(begun, 1);
    tern_defer(c, count_one, undone);
    for (;;)
        tern_stream_write(out, block, sizeof block);
}

TERN_HANDLER(endless_stream)
{
    return tern_stream_reply(c, "text/plain", write_for_ever, NULL);
}

static void write_once(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    tern_shared_add(begun, 1);
    tern_defer(c, count_one, undone);
    tern_stream_printf(out, "piece");
    tern_stream_flush(out);
    tern_sleep(c, 60000);
}

TERN_HANDLER(silent_stream)
{
    return tern_stream_reply(c, "text/plain", write_once, NULL);
}

static void write_and_fail(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    tern_stream_printf(out, "half");
    tern_fail(c, 500, "the other half is missing");
}

TERN_HANDLER(broken_stream)
{
    return tern_stream_reply(c, "text/plain", write_and_fail, NULL);
}

TERN_HANDLER(reply_header)
{
    bool is_set = tern_set_header(c, query_or(c, "name", "X-Test"), query_or(c, "value", ""));
    return tern_text(c, is_set ? "set" : "refused");
}

/** The value may contain what no query can carry: it is in the source. */
TERN_HANDLER(hostile_headers)
{
    static const char *const values[] = {"a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1"};
    unsigned set = 0;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        set += tern_set_header(c, "X-Test", values[i]);
        set += tern_add_header(c, values[i], "x");
        set += tern_set_cookie(c, "name", values[i]);
        set += tern_set_cookie(c, values[i], "x");
        set += tern_set_cookie(c, "name", "x", .path = values[i]);
        set += tern_set_cookie(c, "name", "x", .domain = values[i]);
        set += tern_set_cookie(c, "name", "x", .same_site = values[i]);
    }
    static const char *const servers[] = {"Content-Length", "Transfer-Encoding", "Connection", "Date"};
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++)
        set += tern_set_header(c, servers[i], "7");
    return tern_textf(c, "%u set", set);
}

TERN_HANDLER(reply_cookie)
{
    bool is_set = tern_set_cookie(c, query_or(c, "name", "n"), query_or(c, "value", "v"),
                                  .max_age_s = (long)tern_query_int(c, "age", 0));
    return tern_text(c, is_set ? "set" : "refused");
}

/* -- failing and undoing -- */

TERN_HANDLER(fail)
{
    tern_set_header(c, "X-Lost", "yes");
    tern_fail(c, (int)tern_query_int(c, "status", 418), "%s", query_or(c, "detail", "a teapot"));
}

TERN_HANDLER(defer)
{
    tern_shared_add(begun, 1);
    tern_defer(c, count_one, undone);
    if (tern_query_bool(c, "fail", false))
        tern_fail(c, 409, "on purpose");
    tern_sleep(c, (uint64_t)tern_query_int(c, "ms", 0));
    return tern_text(c, "done");
}

TERN_HANDLER(counters)
{
    return tern_textf(c, "begun=%lld undone=%lld smuggled=%lld", (long long)tern_shared_get(begun),
                      (long long)tern_shared_get(undone), (long long)tern_shared_get(smuggled));
}

/** What encrypts the connection, who the client is, and how often certificates were reloaded. */
TERN_HANDLER(security)
{
    const tern_certificate *client = tern_client_certificate(c);
    return tern_textf(c, "scheme=%s subject=%s names=%zu pem=%d reloads=%lld failures=%lld", tern_scheme(c),
                      client != NULL ? client->subject : "-", client != NULL ? client->name_count : 0,
                      tern_client_certificate_pem(c) != NULL,
                      (long long)tern_shared_get(tern_shared_counter_new("tern_tls_reloads")),
                      (long long)tern_shared_get(tern_shared_counter_new("tern_tls_reload_failures")));
}

/** Only requested after a request that must have ended its connection. */
TERN_HANDLER(smuggle)
{
    tern_shared_add(smuggled, 1);
    return tern_text(c, "smuggled");
}

TERN_HANDLER(hog)
{
    for (;;)
        memset(tern_alloc(c, 1 << 20), 1, 1 << 20);
    return tern_no_content(c);
}

/* -- tasks -- */

TERN_HANDLER(nap)
{
    tern_sleep(c, (uint64_t)tern_query_int(c, "ms", 1));
    return tern_text(c, "rested");
}

typedef struct squares {
    tern_channel *numbers;
    int64_t sum;
} squares;

static void add_square(tern_ctx *c, void *arg)
{
    squares *s = arg;
    int64_t number;
    while (tern_receive(c, s->numbers, &number))
        s->sum += number * number;
}

TERN_HANDLER(sum_of_squares)
{
    squares s = {.numbers = tern_channel_new(c, sizeof(int64_t), 2)};
    tern_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = tern_go(c, add_square, &s);
    for (int64_t i = 1; i <= 10; i++)
        tern_send(c, s.numbers, &i);
    tern_channel_close(s.numbers);
    for (int i = 0; i < 3; i++)
        tern_wait(c, tasks[i]);
    return tern_textf(c, "%lld", (long long)s.sum);
}

static void fail_soon(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_sleep(c, 1);
    tern_fail(c, 424, "the task failed");
}

TERN_HANDLER(failing_task)
{
    tern_wait(c, tern_go(c, fail_soon, NULL));
    return tern_text(c, "never");
}

typedef struct addition {
    uint64_t up_to, sum;
    unsigned rest_ms;
} addition;

static void add_up(void *arg)
{
    addition *a = arg;
    usleep(a->rest_ms * 1000);
    for (uint64_t i = 1; i <= a->up_to; i++)
        a->sum += i;
}

TERN_HANDLER(offloaded)
{
    addition a = {.up_to = 1000, .rest_ms = (unsigned)tern_query_int(c, "ms", 0)};
    tern_shared_add(begun, 1);
    tern_defer(c, count_one, undone);
    tern_offload(c, add_up, &a);
    return tern_textf(c, "%llu", (unsigned long long)a.sum);
}

static tern_mutex door;
static int passed;

TERN_HANDLER(locked)
{
    tern_shared_add(begun, 1);
    tern_defer(c, count_one, undone);
    tern_lock(c, &door);
    int before = passed;
    tern_sleep(c, (uint64_t)tern_query_int(c, "ms", 1));
    passed = before + 1;
    return tern_textf(c, "%d", passed);
}

static tern_semaphore seats = {.permits = 2};
static int seated;

static void stand_up(void *arg)
{
    (void)arg;
    seated--;
}

TERN_HANDLER(two_at_most)
{
    tern_semaphore_acquire(c, &seats);
    int now = ++seated;
    tern_defer(c, stand_up, NULL);
    tern_sleep(c, 1);
    return tern_textf(c, "%d", now);
}

/* -- memory shared by the workers -- */

static tern_shared_map *notes;

TERN_HANDLER(put_note)
{
    const char *name = query_or(c, "name", "");
    tern_str text = tern_body(c);
    bool is_kept = tern_shared_map_put(notes, name, strlen(name), text.data, text.len, 0);
    return tern_status(c, is_kept ? 204 : 413);
}

TERN_HANDLER(get_note)
{
    const char *name = query_or(c, "name", "");
    char text[256];
    size_t len;
    if (!tern_shared_map_get(notes, name, strlen(name), text, sizeof text, &len))
        tern_fail(c, 404, "no note \"%s\"", name);
    return tern_textf(c, "%.*s", (int)len, text);
}

/* -- middleware -- */

TERN_LOCAL(const char, rings);

static tern_reply ring(tern_ctx *c, void *name)
{
    const char *so_far = tern_local(c, rings);
    tern_set_local(c, rings, tern_sprintf(c, "%s%s", so_far != NULL ? so_far : "", (const char *)name));
    tern_reply reply = tern_next(c);
    tern_add_header(c, "X-Ring", tern_sprintf(c, "%s saw %d", (const char *)name, reply.status));
    return reply;
}

static tern_reply closed_door(tern_ctx *c, void *options)
{
    (void)options;
    return tern_with_status(tern_text(c, "no entry"), 403);
}

static tern_reply fails_before(tern_ctx *c, void *options)
{
    (void)options;
    tern_fail(c, 402, "before the handler");
}

static tern_reply fails_after(tern_ctx *c, void *options)
{
    (void)options;
    tern_next(c);
    tern_fail(c, 502, "after the handler");
}

TERN_HANDLER(rings)
{
    return tern_text(c, tern_local(c, rings));
}

static char outer[] = "a", middle[] = "b", inner[] = "c";

static void add_rings(tern_app *app)
{
    tern_group *group =
        tern_group_new(app, "/rings", .use = TERN_USE(TERN_MIDDLEWARE(ring, .options = outer)));
    tern_group *inside =
        tern_group_new(group, "/inside", .use = TERN_USE(TERN_MIDDLEWARE(ring, .options = middle)));
    tern_get(inside, "/order", rings, .use = TERN_USE(TERN_MIDDLEWARE(ring, .options = inner)));
    tern_get(inside, "/fail", fail);
    tern_get(group, "/closed", rings, .name = "closed", .use = TERN_USE(TERN_MIDDLEWARE(closed_door)));
    tern_get(group, "/before", rings, .name = "before", .use = TERN_USE(TERN_MIDDLEWARE(fails_before)));
    tern_get(group, "/after", rings, .name = "after", .use = TERN_USE(TERN_MIDDLEWARE(fails_after)));
}

/* -- the process -- */

TERN_HANDLER(pid)
{
    return tern_textf(c, "%ld", (long)getpid());
}

TERN_HANDLER(request_id)
{
    return tern_text(c, tern_request_id(c));
}

TERN_HANDLER(url)
{
    return tern_text(c, tern_url(c, "greeting", query_or(c, "who", "you"), "2"));
}

TERN_HANDLER(url_unknown)
{
    return tern_text(c, tern_url(c, "no such route"));
}

TERN_HANDLER(greeting)
{
    return tern_textf(c, "%s, %lld times", tern_param(c, "who"), (long long)tern_param_int(c, "times"));
}

TERN_HANDLER(set_ready)
{
    tern_shared_set(unready, !tern_query_bool(c, "ready", true));
    return tern_no_content(c);
}

static bool is_ready(tern_ctx *c)
{
    (void)c;
    return tern_shared_get(unready) == 0;
}

TERN_HANDLER(host_exact)
{
    return tern_text(c, "exact host");
}

TERN_HANDLER(host_wild)
{
    return tern_text(c, "wild host");
}

/* -- misbehaving; crash reports must contain the names -- */

TERN_HANDLER(crash_by_bad_address)
{
    volatile int *volatile nowhere =
        (volatile int *)(uintptr_t)64; /* not NULL: UBSan would report that first */
    return tern_textf(c, "%d", *nowhere);
}

TERN_HANDLER(crash_by_abort)
{
    abort();
}

static __attribute__((noinline)) unsigned deeper(volatile unsigned *depth)
{
    volatile unsigned here[64] = {0};
    here[*depth % 64] = *depth + 1;
    return *depth == UINT32_MAX ? 0 : deeper(&here[*depth % 64]) + here[3];
}

TERN_HANDLER(crash_by_recursion)
{
    volatile unsigned start = 0;
    return tern_textf(c, "%u", deeper(&start));
}

TERN_HANDLER(crash_by_alloca)
{
    size_t len = (size_t)tern_query_int(c, "bytes", 16 << 20);
    volatile char *room = alloca(len);
    for (size_t i = len; i > 0; i -= 512)
        room[i - 1] = 1;
    return tern_textf(c, "%d", room[len - 1]);
}

TERN_HANDLER(leave_by_exit)
{
    exit((int)tern_query_int(c, "code", 7));
}

TERN_HANDLER(hang)
{
    for (volatile int i = 0;; i = !i)
        continue;
    return tern_no_content(c);
}

static void add_misbehaving(tern_app *app)
{
    tern_group *crash = tern_group_new(app, "/crash");
    tern_get(crash, "/address", crash_by_bad_address);
    tern_get(crash, "/abort", crash_by_abort);
    tern_get(crash, "/recursion", crash_by_recursion);
    tern_get(crash, "/alloca", crash_by_alloca);
    tern_get(crash, "/exit", leave_by_exit);
    tern_get(crash, "/hang", hang);
}

/* -- all of it -- */

static void add_requests(tern_app *app)
{
    tern_get(app, "/", hello);
    tern_get(app, "/facts", facts);
    tern_on(app, "PROPFIND", "/facts", facts, .name = "facts by another method");
    tern_get(app, "/users/me", user_me);
    tern_get(app, "/users/{id:int}", user_by_id);
    tern_get(app, "/users/{uuid:uuid}", user_by_uuid);
    tern_get(app, "/users/{name}", user_by_name);
    tern_get(app, "/length/{text}", length_of_param);
    tern_get(app, "/rest/{rest...}", rest);
    tern_get(app, "/query", typed_query);
    tern_get(app, "/token", token_named);
    tern_get(app, "/header", header_named);
    tern_post(app, "/header", header_named, .name = "header of a post");
    tern_get(app, "/cookie", cookie_named);
    tern_post(app, "/echo", echo);
    tern_put(app, "/echo", echo, .name = "put");
    tern_patch(app, "/echo", echo, .name = "patch");
    tern_delete(app, "/echo", echo, .name = "delete");
    tern_post(app, "/small", echo, .name = "small", .max_body = 10);
    tern_post(app, "/count", count_body, .stream_body = true, .max_body = 64 << 20);
    tern_post(app, "/scans", keep_scan, .max_body = 256 << 20);
    tern_post(app, "/ignore", ignore_body, .stream_body = true);
    tern_get(app, "/leaf", hello, .name = "leaf");
    tern_get(app, "/folder/", hello, .name = "folder");
    tern_get(app, "/greet/{who}/{times:int}", greeting, .name = "greeting");
    tern_get(app, "/url", url);
    tern_get(app, "/url/unknown", url_unknown);
    tern_get(tern_group_new(app, "", .host = "api.example.org"), "/host", host_exact);
    tern_get(tern_group_new(app, "", .host = "*.example.org"), "/host", host_wild);
}

static void add_replies(tern_app *app)
{
    tern_get(app, "/html", html);
    tern_get(app, "/json", json);
    tern_get(app, "/status", status);
    tern_get(app, "/created", created);
    tern_get(app, "/redirect", redirect);
    tern_get(app, "/big", big);
    tern_get(app, "/files/{rest...}", file);
    tern_post(app, "/files/{rest...}", file);
    tern_get(app, "/own-file/{rest...}", own_file);
    tern_get(app, "/conditional", conditional);
    tern_put(app, "/conditional", conditional);
    tern_get(app, "/etag", set_etag);
    tern_get(app, "/trailer", trailer);
    tern_get(app, "/hints", hints);
    tern_post(app, "/hints", hints_with_body, .stream_body = true);
    tern_get(app, "/stream", stream);
    tern_get(app, "/stream/slow", slow_stream);
    tern_get(app, "/stream/silent", silent_stream);
    tern_get(app, "/stream/endless", endless_stream);
    tern_get(app, "/stream/broken", broken_stream);
    tern_get(app, "/reply/header", reply_header);
    tern_get(app, "/reply/hostile", hostile_headers);
    tern_get(app, "/reply/cookie", reply_cookie);
}

static void add_work(tern_app *app)
{
    tern_get(app, "/fail", fail, .name = "failing");
    tern_get(app, "/defer", defer);
    tern_get(app, "/counters", counters);
    tern_get(app, "/security", security);
    tern_get(app, "/smuggled", smuggle);
    tern_get(app, "/hog", hog);
    tern_get(app, "/sleep", nap);
    tern_get(app, "/sleep/short", nap, .name = "short", .timeout_ms = 50);
    tern_get(app, "/tasks/squares", sum_of_squares);
    tern_get(app, "/tasks/fail", failing_task);
    tern_get(app, "/tasks/offload", offloaded);
    tern_get(app, "/tasks/lock", locked);
    tern_get(app, "/tasks/two", two_at_most);
    tern_post(app, "/notes", put_note);
    tern_get(app, "/notes", get_note);
    tern_get(app, "/pid", pid);
    tern_get(app, "/id", request_id);
    tern_post(app, "/ready", set_ready);
}

static bool say_start(void *arg)
{
    (void)arg;
    tern_log(TERN_LOG_INFO, "start hook of the worker");
    return true;
}

static void say_stop(void *arg)
{
    (void)arg;
    tern_log(TERN_LOG_INFO, "stop hook of the worker");
}

int main(int argc, char **argv)
{
    begun = tern_shared_counter_new("begun");
    undone = tern_shared_counter_new("undone");
    smuggled = tern_shared_counter_new("smuggled");
    unready = tern_shared_counter_new("unready");
    notes = tern_shared_map_new("notes", .entries = 100);
    if (begun == NULL || undone == NULL || smuggled == NULL || unready == NULL || notes == NULL) {
        perror("no shared memory");
        return 1;
    }
    tern_app *app =
        tern_app_new(.title = "Test", .version = "1", .slashes = TERN_SLASH_REDIRECT, .health = true);
    tern_on_start(app, say_start, NULL);
    tern_on_stop(app, say_stop, NULL);
    tern_ready_check(app, "switch", is_ready);
    tern_use(app, tern_request_ids(.trust_client = true), tern_logger(), tern_problem_pages());
    add_requests(app);
    add_replies(app);
    add_work(app);
    add_rings(app);
    add_misbehaving(app);
    return tern_run(app, argc, argv);
}
