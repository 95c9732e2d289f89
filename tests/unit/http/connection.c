/* A whole connection: a server in a child process, bytes in and bytes out over a socket pair. */
#include "check.h"

#include "http/exchange.h"
#include "runtime/coro.h"
#include "runtime/loop.h"
#include "runtime/unwind.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* -- the server's side -- */

static void sleep_ms(uint64_t ms)
{
    if (coro_wait(loop_self.now_ms + ms) == CORO_CANCELLED)
        unwind_throw(UNWIND_CANCELLED);
}

static bool path_is(const http_exchange *x, const char *path)
{
    return x->request->path.len == strlen(path) &&
           memcmp(x->request->path.data, path, x->request->path.len) == 0;
}

static void reply_file(http_exchange *x)
{
    char name[] = "/tmp/tern-connection-XXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    char block[1000];
    memset(block, 'f', sizeof block);
    for (int i = 0; i < 300; i++)
        if (write(fd, block, sizeof block) != sizeof block)
            exit(3);
    http_reply_file(x, 200, "text/plain", fd, 0, path_is(x, "/short-file") ? 400000 : 300000);
    close(fd);
}

static void handle_path(http_exchange *x)
{
    if (path_is(x, "/echo")) {
        http_reply(x, 200, "text/plain", x->body.data, x->body.len);
    } else if (path_is(x, "/stream")) {
        http_reply_begin(x, 200, "text/plain", -1);
        http_reply_write(x, "one", 3);
        http_reply_flush(x);
        sleep_ms(20);
        http_reply_write(x, "two!", 4);
        http_reply_end(x);
    } else if (path_is(x, "/half")) {
        http_reply_begin(x, 200, "text/plain", -1);
        http_reply_write(x, "one", 3);
    } else if (path_is(x, "/count")) {
        char piece[1000], text[32];
        long n, sum = 0;
        while ((n = http_body_read(x, piece, sizeof piece)) > 0)
            sum += n;
        const char *detail = "";
        if (n < 0)
            http_reply(x, http_body_error(x, &detail), NULL, "", 0);
        else
            http_reply(x, 200, "text/plain", text, (size_t)sprintf(text, "%ld", sum));
    } else if (path_is(x, "/sleep")) {
        sleep_ms(50);
        http_reply(x, 200, "text/plain", "slept", 5);
    } else if (path_is(x, "/big")) {
        static char big[3000000];
        memset(big, 'b', sizeof big);
        http_reply(x, 200, "text/plain", big, sizeof big);
    } else if (path_is(x, "/file") || path_is(x, "/short-file")) {
        reply_file(x);
    } else {
        http_reply(x, 200, "text/plain", x->request->path.data, x->request->path.len);
    }
}

static void handle(void *self, http_exchange *x)
{
    (void)self;
    unwind_point point;
    if (unwind_catch(&point) == 0) {
        handle_path(x);
        unwind_release(&point);
    } else if (!x->has_replied && !x->has_client_left) {
        http_reply(x, 503, NULL, "late", 4);
    }
}

static void accept_head(void *self, http_exchange *x)
{
    (void)self;
    x->policy.is_streamed = path_is(x, "/count");
    x->deadline_ms = loop_self.now_ms + (path_is(x, "/sleep") && x->request->query.len != 0 ? 10 : 5000);
    if (path_is(x, "/early"))
        http_reply(x, 404, NULL, "no", 2);
}

static void stop_when_empty(timer_entry *timer)
{
    if (http_server_count() == 0)
        loop_stop();
    else
        timer_start(&loop_self.timers, timer, loop_self.now_ms + 2);
}

static http_limits limits;

static void serve(int fd)
{
    const http_service service = {.accept_head = accept_head, .handle = handle};
    static timer_entry timer = {.fire = stop_when_empty};
    if (!loop_open() || !http_server_open(&service, &limits))
        exit(2);
    http_server_on_connection(NULL, fd, (worker_arrival){0});
    timer_start(&loop_self.timers, &timer, loop_self.now_ms + 2);
    loop_run();
    http_server_close();
    loop_close();
    coro_trim(0);
}

/* -- the client's side -- */

static pid_t server_pid;

static void use_limits(void)
{
    limits = (http_limits){.head = {.head_bytes = 8192, .target_bytes = 4096, .fields = 50},
                           .head_ms = 2000,
                           .idle_ms = 2000,
                           .body_ms = 2000,
                           .min_rate_bytes_s = 100,
                           .body_bytes = 1000000,
                           .arena_bytes = 1 << 20,
                           .server_name = "tern"};
}

/** Starts a server for one connection and returns the client's end of it. */
static int start(void)
{
    int ends[2];
    if (limits.head_ms == 0)
        use_limits();
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    server_pid = fork();
    CHECK(server_pid >= 0);
    if (server_pid == 0) {
        close(ends[0]);
        serve(ends[1]);
        exit(0);
    }
    close(ends[1]);
    return ends[0];
}

static void say(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n < 0)
            return; /* the server has closed: the test checks what it sent */
        data += n;
        len -= (size_t)n;
    }
}

static void say_text(int fd, const char *text)
{
    say(fd, text, strlen(text));
}

static char heard[4000000];
static bool was_reset; /* the server closed with unread input, which can discard what it sent */

/** All bytes until the server closes, with each Date line taken out. */
static const char *hear_all(int fd)
{
    size_t len = 0;
    ssize_t n;
    while ((n = recv(fd, heard + len, sizeof heard - 1 - len, 0)) > 0)
        len += (size_t)n;
    heard[len] = '\0';
    was_reset = n < 0;
    char *date;
    while ((date = strstr(heard, "Date: ")) != NULL)
        memmove(date, strstr(date, "\r\n") + 2, strlen(strstr(date, "\r\n") + 2) + 1);
    close(fd);
    int status = 0;
    waitpid(server_pid, &status, 0);
    CHECK_INT(status, 0); /* no crash, no leak */
    return heard;
}

static const char *hear_after_end(int fd)
{
    shutdown(fd, SHUT_WR);
    return hear_all(fd);
}

#define OK_HEAD(len)                                                                                         \
    "HTTP/1.1 200 OK\r\nServer: tern\r\nContent-Type: text/plain\r\nContent-Length: " #len "\r\n"

static int count_of(const char *text, const char *word)
{
    int count = 0;
    for (; (text = strstr(text, word)) != NULL; text += strlen(word))
        count++;
    return count;
}

/* -- tests -- */

TEST(a_request_is_answered)
{
    int fd = start();
    say_text(fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_TEXT(hear_after_end(fd), OK_HEAD(2) "\r\n/a");
}

TEST(a_request_split_at_every_byte_is_answered_alike)
{
    static const char two[] =
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: h\r\n\r\n";
    for (size_t cut = 1; cut < sizeof two - 1; cut++) {
        int fd = start();
        say(fd, two, cut);
        usleep(2000); /* so that the server sees two pieces; the answer is the same otherwise */
        say(fd, two + cut, sizeof two - 1 - cut);
        CHECK_TEXT(hear_after_end(fd), OK_HEAD(5) "\r\nhello" OK_HEAD(2) "\r\n/b");
    }
}

TEST(a_request_byte_by_byte_is_answered)
{
    static const char one[] =
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    int fd = start();
    for (size_t i = 0; i < sizeof one - 1; i++) {
        say(fd, one + i, 1);
        usleep(300);
    }
    CHECK_TEXT(hear_after_end(fd), OK_HEAD(3) "\r\nabc");
}

TEST(a_thousand_pipelined_requests_are_answered_in_order)
{
    int fd = start();
    static char all[100000];
    size_t len = 0;
    for (int i = 0; i < 1000; i++)
        len += (size_t)sprintf(all + len, "GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", i);
    say(fd, all, len);
    const char *at = hear_after_end(fd);
    for (int i = 0; i < 1000; i++) {
        char want[40];
        sprintf(want, "\r\n\r\n/%d%s", i, i < 999 ? "HTTP/1.1 200" : "");
        at = strstr(at, want);
        if (at == NULL)
            check_fail(__FILE__, __LINE__, "answer %d is missing or out of order", i);
    }
}

TEST(a_pipelined_request_that_waits_does_not_delay_the_answers_before_it)
{
    int fd = start();
    say_text(fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /sleep HTTP/1.1\r\nHost: h\r\n\r\n"
                 "GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    struct pollfd p = {.fd = fd, .events = POLLIN};
    CHECK_INT(poll(&p, 1, 1000), 1);
    char first[1000];
    ssize_t n = recv(fd, first, sizeof first, 0);
    CHECK(n > 2 && memcmp(first + n - 2, "/a", 2) == 0);
    const char *rest = hear_all(fd);
    CHECK_TEXT(rest, OK_HEAD(5) "\r\nslept" OK_HEAD(2) "Connection: close\r\n\r\n/b");
}

TEST(large_bodies_arrive_whole_and_replies_reach_slow_readers)
{
    static char body[500000];
    int fd = start();
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)('a' + i % 23);
    say_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\nConnection: close\r\n\r\n");
    say(fd, body, sizeof body);
    usleep(10000);
    const char *all = hear_after_end(fd);
    const char *got = strstr(all, "\r\n\r\n") + 4;
    CHECK_BYTES(got, strlen(got), body, sizeof body);
    fd = start();
    say_text(fd, "GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    usleep(10000);
    CHECK_INT(strlen(strstr(hear_all(fd), "\r\n\r\n") + 4), 3000000);
}

TEST(chunked_bodies_arrive_whole_and_may_be_streamed)
{
    for (int streamed = 0; streamed < 2; streamed++) {
        int fd = start();
        say_text(fd, streamed ? "POST /count HTTP/1.1\r\n" : "POST /echo HTTP/1.1\r\n");
        say_text(fd, "Host: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        static char chunk[30000];
        memset(chunk, 'c', sizeof chunk);
        for (int i = 0; i < 10; i++) {
            say_text(fd, "7530\r\n");
            say(fd, chunk, sizeof chunk);
            say_text(fd, "\r\n");
        }
        say_text(fd, "0\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
        const char *all = hear_after_end(fd);
        CHECK_INT(count_of(all, "HTTP/1.1 200 OK"), 2);
        CHECK(strstr(all, streamed ? "\r\n300000" : "Content-Length: 300000") != NULL ||
              strstr(all, "300000HTTP"));
        CHECK(strstr(all, "/next") != NULL);
    }
}

TEST(expect_100_gets_one_100_and_early_answers_close)
{
    int fd = start();
    say_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    char line[100];
    ssize_t n = recv(fd, line, sizeof line, 0);
    CHECK_BYTES(line, (size_t)n, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    say_text(fd, "ok");
    CHECK_TEXT(hear_after_end(fd), OK_HEAD(2) "\r\nok");
    fd = start();
    say_text(fd, "POST /early HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK_TEXT(hear_all(fd),
               "HTTP/1.1 404 Not Found\r\nServer: tern\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
}

TEST(threat_023_a_pipelined_request_after_an_unread_body_is_never_part_of_it)
{
    int fd = start();
    say_text(fd, "POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: "
                 "h\r\n\r\n");
    CHECK_TEXT(hear_after_end(fd),
               "HTTP/1.1 404 Not Found\r\nServer: tern\r\nContent-Length: 2\r\n\r\nno" OK_HEAD(2) "\r\n/b");
    fd = start();
    say_text(fd, "POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nhello");
    CHECK(strstr(hear_after_end(fd), "Connection: close\r\n") != NULL);
}

TEST(a_body_over_the_limit_is_refused_before_it_is_read)
{
    int fd = start();
    say_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000001\r\n\r\n");
    const char *all = hear_all(fd);
    CHECK(strstr(all, "HTTP/1.1 413 Content Too Large\r\n") == all);
    CHECK(strstr(all, "Connection: close\r\n") != NULL);
}

TEST(a_refused_body_is_read_to_its_end_before_the_socket_is_closed)
{
    static char body[60000];
    int fd = start();
    say_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000001\r\n\r\n");
    say(fd, body, sizeof body);
    CHECK(strstr(hear_after_end(fd), "HTTP/1.1 413 Content Too Large\r\n") == heard);
    CHECK(!was_reset);
}

TEST(threat_015_a_body_cut_short_is_an_error)
{
    int fd = start();
    say_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello");
    CHECK(strstr(hear_after_end(fd), "HTTP/1.1 400 Bad Request\r\n") == heard);
    fd = start();
    say_text(fd, "POST /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    CHECK(strstr(hear_after_end(fd), "HTTP/1.1 400 Bad Request\r\n") == heard);
}

TEST(streams_are_chunked_and_close_delimited_for_http_1_0)
{
    int fd = start();
    say_text(fd, "GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK_TEXT(hear_all(fd),
               "HTTP/1.1 200 OK\r\nServer: tern\r\nContent-Type: text/plain\r\n"
               "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\none\r\n4\r\ntwo!\r\n0\r\n\r\n");
    fd = start();
    say_text(fd, "GET /stream HTTP/1.0\r\n\r\n");
    CHECK_TEXT(
        hear_all(fd),
        "HTTP/1.1 200 OK\r\nServer: tern\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nonetwo!");
}

TEST(a_stream_that_is_never_ended_is_not_a_whole_reply)
{
    int fd = start();
    say_text(fd, "GET /half HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    const char *all = hear_all(fd);
    CHECK(strstr(all, "\r\n0\r\n") == NULL);
    CHECK(strstr(all, "/b") == NULL);
}

TEST(files_are_sent_and_a_shrunk_one_closes)
{
    int fd = start();
    say_text(fd, "GET /file HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    const char *all = hear_after_end(fd);
    CHECK(strlen(all) > 300000 && strstr(all, "fffHTTP/1.1 200 OK") != NULL);
    fd = start();
    say_text(fd, "GET /short-file HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_INT(count_of(hear_all(fd), "HTTP/1.1"), 1);
}

TEST(head_requests_get_no_body)
{
    int fd = start();
    say_text(fd, "HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\nHEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_TEXT(hear_after_end(fd),
               OK_HEAD(4) "\r\nHTTP/1.1 200 OK\r\nServer: tern\r\nContent-Type: text/plain\r\n\r\n");
}

TEST(a_handler_past_its_deadline_is_cancelled)
{
    int fd = start();
    say_text(fd, "GET /sleep?late HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(strstr(hear_all(fd), "HTTP/1.1 503 Service Unavailable\r\n") == heard);
}

TEST(threat_119_a_client_that_leaves_cancels_its_handler)
{
    int fd = start();
    say_text(fd, "GET /sleep HTTP/1.1\r\nHost: h\r\n\r\n");
    usleep(10000);
    hear_after_end(fd); /* the child exits only after the connection has ended, cleanly and without a leak */
}

TEST(threat_055_a_head_that_comes_too_slowly_gets_408)
{
    limits = (http_limits){.head = {.head_bytes = 8192, .target_bytes = 4096, .fields = 50},
                           .head_ms = 60,
                           .idle_ms = 50,
                           .body_bytes = 1000,
                           .arena_bytes = 1 << 20};
    int fd = start();
    say_text(fd, "GET / HTT");
    CHECK(strstr(hear_all(fd), "HTTP/1.1 408 Request Timeout\r\n") == heard);
    fd = start(); /* a silent connection, and an idle one after an answer, are closed without an answer */
    CHECK_TEXT(hear_all(fd), "");
    fd = start();
    say_text(fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_INT(count_of(hear_all(fd), "HTTP/1.1"), 1);
}

TEST(threat_056_a_reader_that_reads_nothing_is_dropped)
{
    use_limits();
    limits.min_rate_bytes_s = 1; /* bytes in the kernel's buffer must not count as read, or this takes days */
    int fd = start(), status_of_server = 0;
    say_text(fd, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(waitpid(server_pid, &status_of_server, 0) == server_pid);
    CHECK_INT(status_of_server, 0);
}

TEST(threat_056_a_slow_body_gets_408)
{
    limits = (http_limits){.head = {.head_bytes = 8192, .target_bytes = 4096, .fields = 50},
                           .head_ms = 1000,
                           .idle_ms = 1000,
                           .body_ms = 50,
                           .body_bytes = 1000,
                           .arena_bytes = 1 << 20};
    int fd = start();
    say_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhel");
    CHECK(strstr(hear_all(fd), "HTTP/1.1 408 Request Timeout\r\n") == heard);
}

TEST(a_bad_head_is_refused_and_nothing_after_it_is_read)
{
    int fd = start();
    say_text(fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\nHost: h\r\n\r\nGET /c HTTP/1.1\r\nHost: "
                 "h\r\n\r\n");
    const char *all = hear_all(fd);
    CHECK_INT(count_of(all, "HTTP/1.1 200"), 1);
    CHECK_INT(count_of(all, "HTTP/1.1 400"), 1);
    CHECK_INT(count_of(all, "HTTP/1.1 "), 2);
}

TEST(requests_per_connection_are_limited)
{
    use_limits();
    limits.requests_per_connection = 2;
    int fd = start();
    say_text(fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\nGET /c "
                 "HTTP/1.1\r\nHost: h\r\n\r\n");
    const char *all = hear_all(fd);
    CHECK_INT(count_of(all, "HTTP/1.1 200"), 2);
    CHECK_INT(count_of(all, "Connection: close"), 1);
}
