/* THREATS 111: the n-th allocation fails, for every n, in everything a request can do. */
#include "check.h"
#include "wire.h"

#include "app/bind/bind.h"
#include "app/ctx.h"
#include "base/mem.h"
#include "base/random.h"

#include <tern.h>

#include <stdio.h>
#include <stdlib.h>

#ifdef TERN_FAULTS

static unsigned undone;

static void undo(void *arg)
{
    (void)arg;
    undone++;
}

static void child_task(tern_ctx *c, void *arg)
{
    int value = 7;
    tern_send(c, arg, &value);
}

TERN_LOCAL(char, kept);

TERN_HANDLER(everything)
{
    int value = 0;
    tern_defer(c, undo, NULL);
    tern_channel *channel = tern_channel_new(c, sizeof value, 1);
    tern_task *task = tern_go(c, child_task, channel);
    tern_receive(c, channel, &value);
    tern_wait(c, task);
    tern_set_local(c, kept, tern_alloc(c, 5000)); /* more than the stack provides */
    tern_set_header(c, "X-Id", tern_request_id(c));
    tern_set_cookie(c, "sid", "abc", .max_age_s = 60);
    const char *query = tern_query(c, "q");
    const char *text =
        tern_sprintf(c, "%s %s %s %s %d %zu %s", tern_param(c, "name"), query != NULL ? query : "-",
                     tern_header(c, "User-Agent"), tern_cookie(c, "k"), value, tern_body(c).len,
                     tern_url(c, "everything", "a b"));
    return tern_text(c, text);
}

/** Leaves so few bytes of the memory on the stack that one of the reply's texts needs an allocation. */
static void leave_bytes(tern_ctx *c)
{
    const arena *a = ctx_arena(c);
    int64_t left = tern_query_int(c, "left", 1 << 20);
    while (a->end - a->next > left)
        tern_alloc(c, 16);
}

static void write_stream(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++)
        tern_stream_printf(out, "%s %d\n", (char *)tern_alloc(c, 1000), i);
}

static void write_trailer(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    leave_bytes(c);
    tern_stream_trailer(out, "X-Trailer", "value");
}

TERN_HANDLER(around)
{
    if (tern_query_bool(c, "hint", false))
        leave_bytes(c);
    tern_early_hints(c, "</style.css>; rel=preload");
    tern_reply_trailer(c, "X-Trailer");
    return tern_stream_reply(c, "text/plain", write_trailer, NULL);
}

TERN_HANDLER(stream)
{
    return tern_stream_reply(c, "text/plain", write_stream, NULL);
}

TERN_HANDLER(fails)
{
    tern_defer(c, undo, NULL);
    tern_fail(c, 418, "no %s here", tern_param(c, "name"));
}

TERN_HANDLER(file)
{
    return tern_file(c, "/etc/passwd");
}

TERN_HANDLER(part)
{
    tern_reply reply = tern_file(c, "/etc/passwd");
    leave_bytes(c);
    return reply;
}

TERN_HANDLER(tagged)
{
    leave_bytes(c);
    tern_set_etag(c, "v7");
    return tern_conditional(c, tern_text(c, "seven"));
}

TERN_HANDLER(plain)
{
    return tern_text(c, "plain");
}

TERN_MODEL(Piece,
    (int64_t, id, .key = true),
    (const char *, name, .min_length = 2),
    (tern_text_list, tags, .optional = true),
    (int, count, .in = TERN_FROM_QUERY, .fallback = "1"),
    (tern_text_list, accept, .in = TERN_FROM_HEADER, .optional = true))

TERN_HANDLER(bound, Piece, in)
{
    return tern_created(c, Piece, in);
}

TERN_MODEL(Scan, (const char *, name), (tern_upload, scan, .optional = true))

TERN_HANDLER(upload, Scan, in)
{
    return tern_textf(c, "%s %zu", in->name, in->scan.size);
}

TERN_MODEL(Range,
    (int, from, .fallback = "0"),
    (int, to, .fallback = "9", .max = 99),
    (const char *, x_unit, .in = TERN_FROM_HEADER, .optional = true))

TERN_PROVIDES(Range, range, Range, in)
{
    tern_defer(c, undo, NULL);
    return in;
}

TERN_REQUIRES(gate, range, r)
{
    tern_defer(c, undo, NULL);
    if (r->from > r->to)
        tern_fail(c, 409, "from %d is after %d", r->from, r->to);
}

TERN_HANDLER(provided, Piece, in, range, r)
{
    return tern_textf(c, "%s %d", in->name, r->to);
}

TERN_HANDLER(listed)
{
    Piece *items = tern_alloc(c, 100 * sizeof *items);
    for (int i = 0; i < 100; i++)
        items[i] = (Piece){.id = i, .name = tern_sprintf(c, "piece number %d", i)};
    return tern_page(c, Piece, ((Piece_list){items, 100}), 1000);
}

TERN_MODEL(Wrong, (tern_text_list_map, errors))

static tern_reply wrong(tern_ctx *c, const tern_problem *problem)
{
    tern_set_header(c, "X-Method", tern_method(c));
    return tern_json(c, Wrong, (&(Wrong){.errors = tern_problem_by_field(c, problem)}));
}

TERN_HANDLER(faulty)
{
    tern_fail_field(c, 422, "name", "taken", "is %s", "taken");
}

static void after(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_alloc(c, 5000);
}

static tern_reply followed(tern_ctx *c, void *options)
{
    (void)options;
    tern_after(c, after, NULL);
    return tern_next(c);
}

static tern_app *build_app(void)
{
    tern_app *app = tern_app_new(.title = "t", .health = true, .slashes = TERN_SLASH_REDIRECT);
    tern_use(app, tern_request_ids(), tern_problem_pages(.html_for_browsers = true));
    tern_group *api = tern_group_new(app, "/api", .use = TERN_USE(tern_logger()));
    tern_post(api, "/everything/{name}", everything);
    tern_get(api, "/stream", stream);
    tern_get(api, "/fails/{name}", fails);
    tern_get(app, "/file", file);
    tern_get(app, "/part", part);
    tern_get(app, "/tagged", tagged);
    tern_get(app, "/around", around);
    tern_get(app, "/plain", plain);
    tern_put(app, "/pieces/{id}", bound, .returns = TERN_TYPE(Piece));
    tern_post(app, "/scans", upload);
    tern_post(app, "/provided/{id}", provided, .needs = TERN_NEEDS(gate));
    tern_get(app, "/pieces", listed, .returns = TERN_LIST(Piece), .paged = true);
    tern_on_status(app, 400, wrong, .returns = TERN_TYPE(Wrong));
    tern_group *shaped = tern_group_new(app, "/shaped", .use = TERN_USE(TERN_MIDDLEWARE(followed)));
    tern_on_problem(shaped, wrong, .returns = TERN_TYPE(Wrong));
    tern_get(shaped, "/faulty", faulty);
    tern_put(shaped, "/pieces/{id}", bound, .name = "shaped");
    return app;
}

static const char *const requests[] = {
    "POST /api/everything/b%20c?q=1%202 HTTP/1.1\r\nHost: h\r\nUser-Agent: u\r\nCookie: "
    "k=v\r\nContent-Length: 5\r\n\r\nhello",
    "POST /api/everything/b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "GET /api/stream HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /api/fails/x HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\n\r\n",
    "GET /file HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n",
    "DELETE /plain HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /plain/ HTTP/1.1\r\nHost: h\r\n\r\n",
    "PUT /pieces/5?count=2&other=3 HTTP/1.1\r\nHost: h\r\nAccept: a, b\r\nContent-Type: application/json\r\n"
    "Content-Length: 35\r\n\r\n{\"name\":\"a\\u0041\",\"tags\":[\"b\",\"c\"]}",
    "PUT /pieces/x?count=y HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    "Content-Length: 22\r\n\r\n{\"name\":1,\"unknown\":2}",
    "PUT /pieces/5 HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 28\r\n\r\nname=a+b&tags=c&tags=d&foo=1",
    "POST /scans HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: "
    "159\r\n\r\n"
    "--B\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\na scan\r\n"
    "--B\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"s.txt\"\r\n\r\nsome bytes of a file\r\n"
    "--B--\r\n",
    "GET /pieces HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST /provided/5?to=7 HTTP/1.1\r\nHost: h\r\nX-Unit: cm\r\nContent-Type: application/json\r\n"
    "Content-Length: 13\r\n\r\n{\"name\":\"ab\"}",
    "POST /provided/5?to=100&count=x HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    "Content-Length: 12\r\n\r\n{\"name\":\"a\"}",
    "POST /provided/5?from=8&to=7 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
    "GET /bad HTTP/1.1\nHost: h\r\n\r\n",
    "GET /shaped/faulty HTTP/1.1\r\nHost: h\r\n\r\n",
    "PUT /shaped/nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
    "PUT /shaped/pieces/x?count=y HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    "Content-Length: 22\r\n\r\n{\"name\":1,\"unknown\":2}",
};

static const http_limits limits = {.head = {.head_bytes = 2048, .target_bytes = 1024, .fields = 20},
                                   .head_ms = 10000,
                                   .idle_ms = 10000,
                                   .body_ms = 10000,
                                   .body_bytes = 100000,
                                   .arena_bytes = 1 << 20,
                                   .server_name = "tern"};

static char reply[1 << 20];
static unsigned long faults; /* how many allocations have been made to fail */

static long talk(const char *request, size_t piece)
{
    static const char last[] = "GET /plain HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    static char both[4096];
    int len = snprintf(both, sizeof both, "%s%s", request, last);
    const wire_script script = {.request = both, .len = (size_t)len, .piece = piece};
    return wire_talk(&script, reply, sizeof reply);
}

/** Serves `request` while the n-th allocation fails, then a plain request with working memory. */
static void sweep_one(const http_service *service, const char *request, int for_good)
{
    for (unsigned long n = 1;; n++) {
        CHECK(wire_open(service, &limits));
        mem_fail_at(n, for_good);
        long heard = talk(request, 37);
        unsigned long tried = mem_tried();
        mem_fail_at(0, 0);
        if (heard < 0)
            check_fail(__FILE__, __LINE__, "allocation %lu failing leaves \"%.40s\" hanging", n, request);
        CHECK(heard == 0 || strncmp(reply, "HTTP/1.1 ", 9) == 0);
        heard = talk("", 0);
        CHECK(heard > 0 && strncmp(reply, "HTTP/1.1 200 OK\r\n", 17) == 0);
        wire_close();
        if (tried < n)
            return; /* the whole request succeeded: every allocation has failed once */
        faults++;
    }
}

static void sweep(int for_good)
{
    buf problems = {0};
    http_service service;
    tern_app *app = build_app();
    CHECK(app_compile(app, &problems));
    app_service(app, &service);
    tern_log_set_level(TERN_LOG_SILENT);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        sweep_one(&service, requests[i], for_good);
    CHECK(undone > 0);
    CHECK(faults > 20);
    buf_free(&problems);
    app_free(app);
}

TEST(threat_111_any_one_allocation_of_a_request_may_fail)
{
    sweep(0);
}

TEST(threat_111_all_allocations_from_any_point_on_may_fail)
{
    sweep(1);
}

static const struct {
    const char *path, *headers;
} around_texts[] = {
    {"/part?", "Range: bytes=0-0\r\nIf-None-Match: \"a\"\r\nIf-None-Match: \"b\""},
    {"/part?", "Range: bytes=0-0,2-2\r\nIf-Match: \"a\"\r\nIf-Match: *"},
    {"/part?", "Range: bytes=0-0,2-2,4-4"},
    {"/part?", "Range: bytes=999999-"},
    {"/around?hint=1", "TE: trailers\r\nSec-Fetch-Mode: navigate"},
    {"/around?hint=0", "TE: trailers\r\nSec-Fetch-Mode: navigate"},
    {"/tagged?", "If-None-Match: \"v6\"\r\nIf-None-Match: \"v7\""},
};

TEST(threat_111_any_text_around_a_reply_may_lack_memory)
{
    buf problems = {0};
    http_service service;
    char request[512];
    tern_app *app = build_app();
    CHECK(app_compile(app, &problems));
    app_service(app, &service);
    tern_log_set_level(TERN_LOG_SILENT);
    for (size_t i = 0; i < sizeof around_texts / sizeof *around_texts; i++) {
        for (unsigned left = 0; left < 1200; left += 16) {
            snprintf(request, sizeof request, "GET %s&left=%u HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n",
                     around_texts[i].path, left, around_texts[i].headers);
            sweep_one(&service, request, 0);
            sweep_one(&service, request, 1);
        }
    }
    buf_free(&problems);
    app_free(app);
}

/** Registration: an allocation that fails is a problem that app_compile reports, never a crash. */
TEST(threat_111_any_allocation_at_start_may_fail)
{
    for (unsigned long n = 2;; n++) { /* the first one is tern_app_new's, which reports it and exits */
        buf problems = {0};
        mem_fail_at(n, 0);
        tern_app *app = build_app();
        bool compiled = app_compile(app, &problems);
        unsigned long tried = mem_tried();
        mem_fail_at(0, 0);
        app_free(app);
        buf_free(&problems);
        schema_forget(); /* the next round creates the plans again */
        bind_forget();
        if (tried < n) {
            CHECK(compiled);
            return;
        }
    }
}

#else

TEST(threat_111_needs_a_build_with_faults)
{
    check_skip("allocations can be made to fail only with -DTERN_FAULTS=ON");
}

#endif
