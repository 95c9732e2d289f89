/* Edge cases of a connection, with client and server in one process, so that the order of arrivals is
 * known. */
#include "check.h"
#include "wire.h"

#include "http/connection.h"
#include "runtime/coro.h"
#include "runtime/unwind.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

static char heard[600000];
static const char *content_type;
static int status;
static unsigned fields;
static bool stays; /* the client waits for the server to close */

static bool path_is(const http_exchange *x, const char *path)
{
    return x->request->path.len == strlen(path) &&
           memcmp(x->request->path.data, path, x->request->path.len) == 0;
}

static void accept_head(void *self, http_exchange *x)
{
    (void)self;
    x->policy.is_streamed = path_is(x, "/stream");
    if (path_is(x, "/cleanup"))
        x->deadline_ms = loop_self.now_ms + 1;
}

static void stream_back(http_exchange *x)
{
    char piece[10];
    long n;
    http_reply_begin(x, 200, NULL, -1);
    while ((n = http_body_read(x, piece, sizeof piece)) > 0)
        http_reply_write(x, piece, (size_t)n);
    if (n == 0)
        http_reply_end(x);
}

static void reply_file(http_exchange *x)
{
    FILE *file = tmpfile();
    fputs("file", file);
    fflush(file);
    http_reply_file(x, status, NULL, fileno(file), 0, 4);
    fclose(file);
}

/** Waits in deferred calls cannot be cancelled, so the handler's deadline passes here. */
static void wait_masked(void)
{
    coro_self()->cancel_masked++;
    coro_wait(loop_self.now_ms + 10);
    coro_self()->cancel_masked--;
}

static void answer(http_exchange *x)
{
    static char value[4001];
    memset(value, 'v', sizeof value - 1);
    for (unsigned i = 0; i < fields; i++)
        http_field_put(x, "X-Long", value, false);
    if (path_is(x, "/cleanup"))
        wait_masked();
    if (path_is(x, "/stream"))
        stream_back(x);
    else if (path_is(x, "/file"))
        reply_file(x);
    else if (path_is(x, "/text")) /* what a handler sees if it uses the body as a C string */
        http_reply(x, 200, NULL, x->body.data, strlen(x->body.data));
    else
        http_reply(x, status, content_type, value, fields != 0 ? 4000 : 4);
}

static void handle(void *self, http_exchange *x)
{
    (void)self;
    unwind_point point;
    if (unwind_catch(&point) == 0) {
        answer(x);
        unwind_release(&point);
    }
}

/**
 * The answer to a client that sends all of `request` and its FIN before the server reads; Date lines are
 * removed.
 */
static const char *talk(const char *request, size_t len, size_t piece)
{
    static const http_service service = {.accept_head = accept_head, .handle = handle};
    const http_limits limits = {.head = {.head_bytes = 8192, .target_bytes = 4096, .fields = 50},
                                .head_ms = 10000,
                                .idle_ms = 10000,
                                .body_bytes = 1000000,
                                .arena_bytes = 1 << 20};
    const wire_script script = {.request = request, .len = len, .piece = piece, .closes_after = !stays};
    CHECK(wire_open(&service, &limits));
    CHECK(wire_talk(&script, heard, sizeof heard) >= 0);
    wire_close();
    for (char *date; (date = strstr(heard, "Date: ")) != NULL;)
        memmove(date, strstr(date, "\r\n") + 2, strlen(strstr(date, "\r\n") + 2) + 1);
    return heard;
}

static int count_of(const char *text, const char *word)
{
    int count = 0;
    for (; (text = strstr(text, word)) != NULL; text += strlen(word))
        count++;
    return count;
}

TEST(a_body_in_the_block_ends_with_a_nul_and_not_with_an_older_request)
{
    static const char two[] =
        "POST /text HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\nsecret secret secret"
        "POST /text HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    status = 200;
    CHECK_TEXT(talk(two, sizeof two - 1, sizeof two - 1 - 3),
               "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nsecret secret secret"
               "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    /* and alone, in a block that another connection has used */
    static char one[6000];
    int head = sprintf(one, "POST /text HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n");
    memset(one + head, 's', 5000);
    size_t len = (size_t)head + 5000;
    len += (size_t)sprintf(one + len, GET("/a"));
    talk(one, len, len - 5);
    talk("POST /text HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 54, 0);
    CHECK_TEXT(heard, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
}

TEST(a_body_on_the_heap_ends_with_a_nul_too)
{
    static char request[40100];
    talk("POST /text HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 65, 0);
    CHECK_TEXT(heard, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    int head = sprintf(request, "POST /text HTTP/1.1\r\nHost: h\r\nContent-Length: 40000\r\n\r\n");
    memset(request + head, 'b', 40000);
    talk(request, (size_t)head + 40000, 20000);
    CHECK(strncmp(heard, "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n", 40) == 0);
}

TEST(a_client_that_pipelines_much_and_half_closes_gets_every_answer)
{
    static char all[200000];
    size_t len = 0;
    status = 204;
    for (int i = 0; i < 30; i++) {
        len += (size_t)sprintf(all + len, "GET /a HTTP/1.1\r\nHost: h\r\nX: ");
        memset(all + len, 'x', 6000);
        len += 6000;
        len += (size_t)sprintf(all + len, "\r\n\r\n");
    }
    CHECK_INT(count_of(talk(all, len, 0), "HTTP/1.1 204"), 30);
}

TEST(a_streamed_reply_may_begin_before_the_body_is_read)
{
    static const char request[] = "POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 25\r\n\r\n"
                                  "abcdefghijklmnopqrstuvwxy";
    static const char want[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                               "a\r\nabcdefghij\r\na\r\nklmnopqrst\r\n5\r\nuvwxy\r\n0\r\n\r\n";
    CHECK_TEXT(talk(request, sizeof request - 1, 0), want);
}

TEST(no_100_follows_the_beginning_of_the_reply)
{
    static const char request[] = "POST /stream HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                                  "Content-Length: 5\r\n\r\nabcde";
    static const char want[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                               "5\r\nabcde\r\n0\r\n\r\n";
    CHECK_TEXT(talk(request, sizeof request - 1, sizeof request - 1 - 5), want);
}

TEST(a_reply_after_the_deadline_says_that_it_is_the_last)
{
    status = 200;
    stays = true;
    talk(GET("/cleanup") GET("/b"), sizeof GET("/cleanup") GET("/b") - 1, 0);
    CHECK_TEXT(heard, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nvvvv");
}

TEST(a_204_has_no_length_for_every_kind_of_reply)
{
    status = 204;
    CHECK_TEXT(talk(GET("/file"), sizeof GET("/file") - 1, 0), "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK_TEXT(talk(GET("/a"), sizeof GET("/a") - 1, 0), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(headers_too_large_for_a_block_give_a_500_that_is_framed_by_its_own_status)
{
    status = 304;
    fields = 5;
    talk(GET("/a") GET("/b"), sizeof GET("/a") GET("/b") - 1, 0);
    CHECK(strncmp(heard, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4000\r\n\r\nvvvv", 64) == 0);
    CHECK_INT(strlen(heard),
              2 * (strlen("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4000\r\n\r\n") + 4000));
}

TEST(large_headers_and_a_body_that_fit_a_block_only_apart_are_both_sent)
{
    status = 200;
    fields = 3;
    talk(GET("/a"), sizeof GET("/a") - 1, 0);
    CHECK(strncmp(heard, "HTTP/1.1 200 OK\r\n", 17) == 0);
    CHECK_INT(count_of(heard, "X-Long: vvv"), 3);
    CHECK_INT(strlen(strstr(heard, "\r\n\r\n") + 4), 4000);
}

TEST(threat_030_a_content_type_with_a_line_break_is_left_out)
{
    static char long_type[100];
    memset(long_type, 't', sizeof long_type - 1);
    memcpy(long_type + 20, "\r\nX: y", 6);
    const char *const types[] = {"text/plain\r\nSet-Cookie: a=b", "a\nb", long_type};
    status = 200;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        content_type = types[i];
        talk(GET("/a") GET("/b"), sizeof GET("/a") GET("/b") - 1, 0);
        CHECK_TEXT(heard, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nvvvv"
                          "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nvvvv");
    }
}

TEST(a_content_type_larger_than_a_block_closes_the_connection)
{
    static char huge[20000];
    memset(huge, 't', sizeof huge - 1);
    content_type = huge;
    status = 200;
    stays = true;
    CHECK_TEXT(talk(GET("/a") GET("/b"), sizeof GET("/a") GET("/b") - 1, 0), "");
}
