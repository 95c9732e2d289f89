/** A whole application behind one connection: a server in a child process, bytes in and out over a socket
 * pair. */
#include "check.h"

#include "app/ctx.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <tern/app.h>
#include <tern/log.h>
#include <tern/task.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* -- the application -- */

static char *notes; /* shared with the server: what ran, in order */

static void note(void *text)
{
    strcat(notes, text);
}

TERN_HANDLER(hello)
{
    return tern_json_text(c, "{\"message\":\"Hello, World!\"}");
}

TERN_HANDLER(show_name)
{
    return tern_textf(c, "%s of %s by %s", tern_param(c, "name"), tern_path(c), tern_route_pattern(c));
}

TERN_HANDLER(show_path)
{
    return tern_textf(c, "%s in %s", tern_param(c, "path"), tern_param(c, "name"));
}

TERN_HANDLER(echo)
{
    tern_str body = tern_body(c);
    return tern_bytes_reply(c, "text/plain", body.data, body.len);
}

TERN_HANDLER(count)
{
    char piece[100];
    size_t n, sum = 0;
    while ((n = tern_body_read(c, piece, sizeof piece)) > 0)
        sum += n;
    return tern_textf(c, "%zu", sum);
}

TERN_HANDLER(slow)
{
    tern_defer(c, note, "undone ");
    tern_sleep(c, 10000);
    return tern_text(c, "never");
}

static void write_numbers(tern_ctx *c, tern_stream *out, void *arg)
{
    tern_defer(c, note, "stream-end ");
    for (int i = 0; i < 3; i++) {
        tern_stream_printf(out, "%d,", i);
        tern_sleep(c, 1);
    }
    if (arg != NULL)
        tern_fail(c, 500, "half-way");
    tern_stream_write(out, "end", 3);
}

TERN_HANDLER(stream)
{
    return tern_stream_reply(c, "text/plain", write_numbers, NULL);
}

TERN_HANDLER(broken_stream)
{
    return tern_stream_reply(c, "text/plain", write_numbers, "fail");
}

static void write_long(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)c;
    (void)arg;
    tern_stream_printf(out, "%5000s", "x");
    tern_stream_printf(out, "%4000s", "y");
}

TERN_HANDLER(long_stream)
{
    return tern_stream_reply(c, "text/plain", write_long, NULL);
}

static char file_name[] = "/tmp/tern-whole-XXXXXX.css";

TERN_HANDLER(file)
{
    return tern_file(c, file_name);
}

static void endless(tern_ctx *c, void *arg)
{
    int *on_the_handlers_stack = arg;
    for (;;) {
        tern_sleep(c, 1);
        ++*on_the_handlers_stack;
    }
}

TERN_HANDLER(leaves_a_task)
{
    int ticks = 0;
    tern_go(c, endless, &ticks);
    tern_sleep(c, 5);
    tern_fail(c, 409, "left");
}

static void fails_soon(tern_ctx *c, void *arg)
{
    tern_sleep(c, 2);
    tern_fail(c, 418, "%s", (const char *)arg);
}

TERN_HANDLER(waits_for_the_first_of_two)
{
    int ticks = 0;
    char text[] = "a task failed";
    tern_go(c, endless, &ticks);
    tern_wait(c, tern_go(c, fails_soon, text));
    return tern_text(c, "not reached");
}

static tern_mutex held;

TERN_HANDLER(locks)
{
    tern_lock(c, &held);
    return tern_text(c, "locked");
}

static bool is_ready(tern_ctx *c)
{
    (void)c;
    return true;
}

static bool fails(tern_ctx *c)
{
    tern_fail(c, 500, "no database");
}

static tern_reply outermost(tern_ctx *c, void *options)
{
    (void)options;
    tern_reply reply = tern_next(c);
    tern_set_header(c, "X-Seen", tern_route_pattern(c));
    return reply;
}

static bool has_failing_check;

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Whole", .slashes = TERN_SLASH_REDIRECT, .health = true);
    tern_ready_check(app, "db", is_ready);
    if (has_failing_check)
        tern_ready_check(app, "queue", fails);
    tern_use(app, TERN_MIDDLEWARE(outermost), tern_logger());
    tern_get(app, "/", hello);
    tern_get(app, "/users/{name}", show_name);
    tern_get(app, "/branches/{name}", show_name, .name = "branch", .allow_encoded_slashes = true);
    tern_get(app, "/trees/{name}/{path...}", show_path, .allow_encoded_slashes = true);
    tern_get(app, "/dir/", hello, .name = "dir");
    tern_post(app, "/echo", echo, .max_body = 10);
    tern_post(app, "/count", count, .stream_body = true, .max_body = 1000);
    tern_get(app, "/slow", slow, .timeout_ms = 30);
    tern_post(app, "/slow", slow, .timeout_ms = 30);
    tern_get(app, "/stream", stream);
    tern_get(app, "/broken", broken_stream);
    tern_get(app, "/long", long_stream);
    tern_get(app, "/file", file);
    tern_get(app, "/task", leaves_a_task);
    tern_get(app, "/tasks", waits_for_the_first_of_two);
    tern_get(app, "/lock", locks);
    buf problems = {0};
    if (!app_compile(app, &problems)) {
        fputs(problems.data != NULL ? problems.data : "app_compile failed\n", stderr);
        exit(4);
    }
    return app;
}

/* -- the server -- */

static void stop_when_empty(timer_entry *timer)
{
    if (http_server_count() == 0)
        loop_stop();
    else
        timer_start(&loop_self.timers, timer, loop_self.now_ms + 2);
}

static void serve(int fd)
{
    static const http_limits limits = {.head = {.head_bytes = 8192, .target_bytes = 4096, .fields = 50},
                                       .head_ms = 2000,
                                       .idle_ms = 2000,
                                       .body_ms = 2000,
                                       .body_bytes = 1000000,
                                       .arena_bytes = 1 << 20};
    static timer_entry timer = {.fire = stop_when_empty};
    http_service service;
    tern_app *app = make_app();
    app_service(app, &service);
    if (!loop_open() || !http_server_open(&service, &limits))
        exit(2);
    http_server_on_connection(NULL, fd, (worker_arrival){0});
    timer_start(&loop_self.timers, &timer, loop_self.now_ms + 2);
    loop_run();
    http_server_close();
    loop_close();
    coro_trim(0);
    app_free(app);
}

/* -- the client -- */

static pid_t server;
static int log_pipe[2];
static char heard[100000], logged[10000];

static int start(void)
{
    int ends[2];
    notes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(notes != MAP_FAILED && pipe(log_pipe) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    server = fork();
    CHECK(server >= 0);
    if (server == 0) {
        close(ends[0]);
        dup2(log_pipe[1], STDERR_FILENO);
        close(log_pipe[0]);
        close(log_pipe[1]);
        serve(ends[1]);
        exit(0);
    }
    close(ends[1]);
    close(log_pipe[1]);
    return ends[0];
}

static void fill(int fd, char *into, size_t size)
{
    size_t len = 0;
    ssize_t n;
    while ((n = read(fd, into + len, size - 1 - len)) > 0)
        len += (size_t)n;
    into[len] = '\0';
    close(fd);
}

static void finish(void)
{
    int status = 0;
    fill(log_pipe[0], logged, sizeof logged);
    waitpid(server, &status, 0);
    if (status != 0)
        check_fail(__FILE__, __LINE__, "the server ended with %d: %s", status, logged);
}

/** Sends one request that asks to close, and reads the whole answer; Date is removed. */
static const char *ask(const char *request)
{
    int fd = start();
    char text[4096];
    const char *head_end = strstr(request, "\r\n") + 2;
    int len = snprintf(text, sizeof text, "%.*sHost: h\r\nConnection: close\r\n%s", (int)(head_end - request),
                       request, head_end);
    CHECK(send(fd, text, (size_t)len, MSG_NOSIGNAL) == len);
    fill(fd, heard, sizeof heard);
    finish();
    char *date = strstr(heard, "Date: ");
    if (date != NULL)
        memmove(date, strstr(date, "\r\n") + 2, strlen(strstr(date, "\r\n") + 2) + 1);
    return heard;
}

static const char *body(void)
{
    const char *end = strstr(heard, "\r\n\r\n");
    return end != NULL ? end + 4 : "(no reply)";
}

#define CHECK_STATUS(status)                                                                                 \
    CHECK_BYTES(heard, strlen(heard) < 12 ? strlen(heard) : 12, "HTTP/1.1 " #status, 12)
#define CHECK_HAS(line)                                                                                      \
    do {                                                                                                     \
        if (strstr(heard, "\r\n" line "\r\n") == NULL)                                                       \
            check_fail(__FILE__, __LINE__, "no line \"%s\" in: %s", line, heard);                            \
    } while (0)

/* -- tests -- */

TEST(a_route_is_answered_through_its_middleware)
{
    CHECK_TEXT(ask("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                              "Content-Length: 27\r\nConnection: close\r\nX-Seen: /\r\n\r\n"
                                              "{\"message\":\"Hello, World!\"}");
}

TEST(head_is_answered_by_the_get_route)
{
    ask("HEAD / HTTP/1.1\r\n\r\n");
    CHECK_STATUS(200);
    CHECK_HAS("Content-Length: 27");
    CHECK_TEXT(body(), "");
}

TEST(parameters_are_decoded)
{
    ask("GET /users/%C3%A4%20b HTTP/1.1\r\n\r\n");
    CHECK_STATUS(200);
    CHECK_TEXT(body(), "\xc3\xa4 b of /users/\xc3\xa4 b by /users/{name}");
}

TEST(an_unknown_path_is_404_and_middleware_sees_it)
{
    ask("GET /nowhere HTTP/1.1\r\n\r\n");
    CHECK_STATUS(404);
    CHECK_HAS("Content-Type: application/problem+json");
    CHECK_HAS("X-Seen: ");
    CHECK_TEXT(body(), "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}");
}

TEST(another_method_is_405_with_allow)
{
    ask("DELETE /echo HTTP/1.1\r\n\r\n");
    CHECK_STATUS(405);
    CHECK(strstr(heard, "\r\nAllow: ") != NULL && strstr(heard, "POST") != NULL);
}

TEST(options_is_answered_by_itself)
{
    ask("OPTIONS /echo HTTP/1.1\r\n\r\n");
    CHECK_STATUS(204);
    CHECK(strstr(heard, "\r\nAllow: ") != NULL && strstr(heard, "POST") != NULL);
    ask("OPTIONS * HTTP/1.1\r\n\r\n");
    CHECK_STATUS(204);
}

TEST(threat_066_wrongly_encoded_paths_are_400)
{
    static const char *const paths[] = {"/users/%00", "/users/%zz", "/users/%", "/users/%c0%ae",
                                        "/users/a%2Fb"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char request[100];
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n\r\n", paths[i]);
        ask(request);
        CHECK_STATUS(400);
        CHECK_HAS("X-Seen: ");
    }
}

TEST(an_encoded_slash_is_a_slash_in_the_parameter_of_a_route_that_accepts_it)
{
    ask("GET /branches/fix%2f1%2F%C3%A4 HTTP/1.1\r\n\r\n");
    CHECK_TEXT(body(), "fix/1/\xc3\xa4 of /branches/fix%2F1%2F\xc3\xa4 by /branches/{name}");
    ask("GET /branches/%2F HTTP/1.1\r\n\r\n");
    CHECK_TEXT(body(), "/ of /branches/%2F by /branches/{name}");
    ask("GET /branches/a%252Fb HTTP/1.1\r\n\r\n");
    CHECK_TEXT(body(), "a%2Fb of /branches/a%2Fb by /branches/{name}");
    ask("GET /trees/a%2Fb/c/d%2Fe HTTP/1.1\r\n\r\n");
    CHECK_TEXT(body(), "c/d/e in a/b");
}

TEST(an_encoded_slash_does_not_separate_segments)
{
    ask("GET /branches%2Fa HTTP/1.1\r\n\r\n");
    CHECK_STATUS(400);
    ask("GET /branches/a/b HTTP/1.1\r\n\r\n");
    CHECK_STATUS(404);
    ask("POST /branches/a%2Fb HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
    CHECK_STATUS(405);
}

TEST(threat_065_an_encoded_slash_does_not_climb)
{
    static const char *const paths[] = {"/branches/..%2Fx",         "/branches/a%2F..",
                                        "/branches/a%2F%2e%2e%2Fb", "/trees/a/b%2F..%2F..%2Fetc",
                                        "/branches/.%2F",           "/branches/a%2F%00"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char request[100];
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n\r\n", paths[i]);
        ask(request);
        CHECK_STATUS(400);
    }
}

TEST(threat_026_an_encoded_control_byte_in_the_path_is_400)
{
    ask("GET /users/a%0d%0aX:%20y HTTP/1.1\r\n\r\n");
    CHECK_STATUS(400);
    CHECK_TEXT(body(), "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                       "\"detail\":\"the path is wrongly encoded\"}");
}

TEST(a_missing_slash_redirects_with_the_query)
{
    ask("GET /dir?a=%20b HTTP/1.1\r\n\r\n");
    CHECK_STATUS(308);
    CHECK_HAS("Location: /dir/?a=%20b");
}

TEST(a_body_is_there_for_the_handler_and_a_larger_one_is_413)
{
    ask("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
    CHECK_STATUS(200);
    CHECK_TEXT(body(), "hello");
    ask("POST /echo HTTP/1.1\r\nContent-Length: 11\r\n\r\nhello world");
    CHECK_STATUS(413);
}

TEST(a_streamed_body_is_read_in_pieces_and_a_larger_one_fails_with_413)
{
    ask("POST /count HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n");
    CHECK_STATUS(200);
    CHECK_TEXT(body(), "8");
    ask("POST /count HTTP/1.1\r\nContent-Length: 1001\r\n\r\n");
    CHECK_STATUS(413);
    CHECK_HAS("Content-Type: application/problem+json");
}

TEST(a_broken_streamed_body_fails_the_handler_with_400)
{
    ask("POST /count HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n");
    CHECK_STATUS(400);
}

TEST(a_handler_that_takes_too_long_is_503_and_undone)
{
    ask("GET /slow HTTP/1.1\r\n\r\n");
    CHECK_STATUS(503);
    CHECK_TEXT(body(), "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                       "\"detail\":\"the request took longer than 30 ms\"}");
    CHECK_TEXT(notes, "undone ");
    CHECK(strstr(logged, "\"status\":503") != NULL);
}

TEST(a_body_that_was_waited_for_does_not_lengthen_the_handlers_time)
{
    int fd = start();
    static const char head[] = "POST /slow HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                               "Content-Length: 1\r\n\r\n";
    char leave[25]; /* "HTTP/1.1 100 Continue": the server has begun to wait */
    CHECK(send(fd, head, sizeof head - 1, MSG_NOSIGNAL) == sizeof head - 1);
    CHECK(recv(fd, leave, sizeof leave, MSG_WAITALL) == sizeof leave);
    CHECK(send(fd, "b", 1, MSG_NOSIGNAL) == 1);
    fill(fd, heard, sizeof heard);
    finish();
    CHECK_STATUS(503);
}

TEST(threat_119_a_client_that_leaves_cancels_the_handler_and_is_logged)
{
    int fd = start();
    CHECK(send(fd, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n", 31, MSG_NOSIGNAL) == 31);
    close(fd);
    finish();
    CHECK_TEXT(notes, "undone ");
    CHECK(strstr(logged, "\"status\":499") != NULL);
}

TEST(a_stream_is_sent_in_chunks)
{
    ask("GET /stream HTTP/1.1\r\n\r\n");
    CHECK_STATUS(200);
    CHECK_TEXT(body(), "2\r\n0,\r\n2\r\n1,\r\n2\r\n2,\r\n3\r\nend\r\n0\r\n\r\n");
    CHECK_TEXT(notes, "stream-end ");
    CHECK(strstr(logged, "\"bytes\":9") != NULL);
    ask("HEAD /stream HTTP/1.1\r\n\r\n");
    CHECK_STATUS(200);
    CHECK_TEXT(body(), "");
    CHECK_TEXT(notes, "");
}

TEST(a_stream_that_fails_never_looks_whole)
{
    ask("GET /broken HTTP/1.1\r\n\r\n");
    CHECK_STATUS(200);
    CHECK_TEXT(notes, "stream-end ");
    CHECK(strstr(body(), "2,\r\n") != NULL);
    CHECK(strstr(body(), "0\r\n\r\n") == NULL);
    CHECK(strstr(logged, "half-way") != NULL);
}

TEST(long_formatted_text_is_streamed_whole)
{
    ask("GET /long HTTP/1.1\r\n\r\n");
    CHECK(strncmp(body(), "1388\r\n", 6) == 0);
    CHECK_INT(strlen(body()), 6 + 5000 + 2 + 5 + 4000 + 2 + 5);
}

TEST(a_file_is_sent_with_its_type_and_time)
{
    int fd = mkstemps(file_name, 4);
    const struct timespec times[2] = {{.tv_sec = 784111777}, {.tv_sec = 784111777}};
    CHECK(fd >= 0 && write(fd, "a{}", 3) == 3 && futimens(fd, times) == 0);
    close(fd);
    ask("GET /file HTTP/1.1\r\n\r\n");
    unlink(file_name);
    CHECK_STATUS(200);
    CHECK_HAS("Content-Type: text/css; charset=utf-8");
    CHECK_HAS("Content-Length: 3");
    CHECK_HAS("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK_TEXT(body(), "a{}");
}

TEST(an_abandoned_task_ends_before_the_handlers_frame_is_reused)
{
    ask("GET /task HTTP/1.1\r\n\r\n");
    CHECK_STATUS(409);
    CHECK_HAS("X-Seen: /task");
}

TEST(a_failed_task_fails_its_waiter_and_ends_the_others)
{
    ask("GET /tasks HTTP/1.1\r\n\r\n");
    CHECK_BYTES(heard, 12, "HTTP/1.1 418", 12);
    CHECK(strstr(body(), "\"detail\":\"a task failed\"") != NULL);
}

TEST(a_lock_that_is_not_unlocked_is_free_for_the_next_request)
{
    int fd = start();
    static const char two[] = "GET /lock HTTP/1.1\r\nHost: h\r\n\r\n"
                              "GET /lock HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    CHECK(send(fd, two, sizeof two - 1, MSG_NOSIGNAL) == sizeof two - 1);
    fill(fd, heard, sizeof heard);
    finish();
    const char *second = strstr(heard, "locked") + 6;
    CHECK(strncmp(second, "HTTP/1.1 200", 12) == 0);
}

TEST(health_reports_the_process_and_readiness_its_checks)
{
    ask("GET /healthz HTTP/1.1\r\n\r\n");
    CHECK_STATUS(200);
    CHECK_TEXT(body(), "{\"status\":\"ok\"}");
    ask("GET /readyz HTTP/1.1\r\n\r\n");
    CHECK_STATUS(200);
    CHECK_HAS("Cache-Control: no-store");
    CHECK_TEXT(body(), "{\"status\":\"ok\",\"checks\":{\"db\":\"ok\"}}");
}

TEST(a_check_that_fails_is_named_with_503)
{
    has_failing_check = true;
    ask("GET /readyz HTTP/1.1\r\n\r\n");
    CHECK_STATUS(503);
    CHECK_TEXT(body(), "{\"status\":\"unavailable\",\"checks\":{\"db\":\"ok\",\"queue\":\"failed\"}}");
}
