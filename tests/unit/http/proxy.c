/* Connections that begin with a PROXY header, over a socket pair: the peer of all of them is "unix". */
#include "http/proxy.h"

#include "base/mem.h"
#include "check.h"
#include "http/network.h"
#include "wire.h"

#include <sys/socket.h>

#define LINE   "PROXY TCP4 192.0.2.7 192.0.2.1 56324 80\r\n"
#define BINARY "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x01\xdc\x04\0\x50"
#define GET    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static const http_network local = {.family = AF_UNIX};

static void handle(void *self, http_exchange *x)
{
    (void)self;
    const char *address = http_remote_address(x);
    http_reply(x, 200, NULL, address, strlen(address));
}

static bool open_patient(uint64_t head_ms)
{
    const http_service service = {.handle = handle};
    const http_limits limits = {.head = {.head_bytes = 8192, .target_bytes = 4096, .fields = 50},
                                .head_ms = head_ms,
                                .idle_ms = 5000,
                                .min_rate_bytes_s = 100,
                                .body_bytes = 1000,
                                .arena_bytes = 100000,
                                .proxies = &local,
                                .proxy_count = 1};
    return wire_open(&service, &limits);
}

static bool open_server(void)
{
    return open_patient(5000);
}

/** The body of the only reply; "" when the connection was closed without one, NULL when it was neither. */
static const char *body_of(const wire_script *script)
{
    static char reply[4096];
    if (wire_talk(script, reply, sizeof reply) < 0)
        return NULL;
    const char *end = strstr(reply, "\r\n\r\n");
    return end != NULL ? end + 4 : "";
}

static const wire_script line = {.request = LINE GET, .len = sizeof(LINE GET) - 1};
static const wire_script binary = {.request = BINARY GET, .len = sizeof(BINARY GET) - 1};

TEST(proxied_connections_have_the_announced_client_however_their_bytes_arrive)
{
    CHECK(open_server());
    for (size_t piece = 0; piece < 60; piece++) {
        wire_script first = line, second = binary;
        first.piece = second.piece = piece;
        CHECK_TEXT(body_of(&first), "192.0.2.7");
        CHECK_TEXT(body_of(&second), "192.0.2.7");
    }
    wire_close();
}

TEST(proxied_connections_whose_client_sends_no_more_are_answered)
{
    CHECK(open_server());
    wire_script script = line;
    script.closes_after = true;
    CHECK_TEXT(body_of(&script), "192.0.2.7");
    wire_close();
}

TEST(threat_027_proxied_connections_without_a_header_are_closed_without_an_answer)
{
    CHECK(open_server());
    for (size_t piece = 0; piece < 10; piece++) {
        const wire_script script = {.request = GET, .len = sizeof GET - 1, .piece = piece};
        CHECK_TEXT(body_of(&script), "");
    }
    wire_close();
}

TEST(proxied_connections_that_end_anywhere_are_closed)
{
    CHECK(open_server());
    for (size_t len = 1; len < sizeof BINARY - 1; len++) {
        wire_script script = binary;
        script.len = len;
        script.closes_after = true;
        CHECK_TEXT(body_of(&script), "");
    }
    wire_close();
}

TEST(threat_027_proxied_connections_that_send_too_slowly_are_closed)
{
    CHECK(open_patient(10));
    wire_script script = line;
    script.len = 20;
    CHECK_TEXT(body_of(&script), "");
    wire_close();
}

TEST(proxied_connections_of_a_draining_server_are_answered_or_closed)
{
    CHECK(open_server());
    for (unsigned turn = 1; turn < 60; turn++) {
        wire_script script = line;
        script.piece = 1;
        script.drains_at = turn;
        const char *body = body_of(&script);
        CHECK(body != NULL);
        wire_close();
        CHECK(open_server());
    }
    wire_close();
}

TEST(threat_111_proxied_connections_are_answered_or_closed_when_memory_is_short)
{
#ifdef TERN_FAULTS
    CHECK(open_server());
    bool is_answered = false;
    for (unsigned long n = 1; !is_answered; n++) {
        CHECK(n < 50);
        mem_fail_at(n, 0);
        const char *body = body_of(&line);
        mem_fail_at(0, 0);
        CHECK(body != NULL);
        is_answered = strcmp(body, "192.0.2.7") == 0;
    }
    wire_close();
#else
    check_skip("no faults in this build");
#endif
}
