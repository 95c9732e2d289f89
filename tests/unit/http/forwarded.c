/* What trusted proxies forward, over a socket pair: the peer of all requests is "unix". */
#include "http/forwarded.h"

#include "base/mem.h"
#include "check.h"
#include "wire.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { X = FORWARDED_FOR | FORWARDED_PROTO };

static const http_network trusted[] = {{.family = AF_UNIX}, {.family = AF_INET, .bits = 8, .bytes = {10}}};

static void handle(void *self, http_exchange *x)
{
    (void)self;
    const char *body =
        arena_printf(&x->arena, "%s %u %s %.*s", http_remote_address(x), http_remote_port(x),
                     http_is_secure(x) ? "https" : "http", (int)x->request->host.len, x->request->host.data);
    http_reply(x, 200, NULL, body, strlen(body));
}

static void open_server(unsigned trusted_count, unsigned forwarded)
{
    const http_service service = {.handle = handle};
    const http_limits limits = {.head = {.head_bytes = 8192, .target_bytes = 4096, .fields = 50},
                                .head_ms = 5000,
                                .idle_ms = 5000,
                                .body_bytes = 1000,
                                .arena_bytes = 100000,
                                .trusted = trusted,
                                .trusted_count = trusted_count,
                                .forwarded = forwarded};
    CHECK(wire_open(&service, &limits));
}

/** What a request with these lines is answered: the body of a 200, the status line of others. */
static const char *said(const char *lines)
{
    static char reply[4096];
    char request[4096];
    int len =
        snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s\r\n", lines);
    const wire_script script = {.request = request, .len = (size_t)len};
    CHECK(len > 0 && (size_t)len < sizeof request);
    CHECK(wire_talk(&script, reply, sizeof reply) > 0);
    char *end = strstr(reply, "\r\n\r\n");
    CHECK(end != NULL);
    if (strncmp(reply, "HTTP/1.1 200", 12) == 0)
        return end + 4;
    *strchr(reply, '\r') = '\0';
    return reply;
}

TEST(forwarded_addresses_of_a_trusted_proxy_are_the_clients)
{
    open_server(2, X);
    CHECK_TEXT(said("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"), "192.0.2.7 0 https h");
    CHECK_TEXT(said("X-Forwarded-For: 192.0.2.7:4711\r\n"), "192.0.2.7 4711 http h");
    CHECK_TEXT(said("X-Forwarded-For: 2001:DB8::7\r\n"), "2001:db8::7 0 http h");
    CHECK_TEXT(said("X-Forwarded-For: [2001:db8::7]:80\r\n"), "2001:db8::7 80 http h");
    CHECK_TEXT(said("X-Forwarded-For: ::ffff:192.0.2.7\r\n"), "192.0.2.7 0 http h");
    CHECK_TEXT(said(""), "unix: 0 http h");
    wire_close();
}

TEST(threat_090_a_client_that_forwards_itself_is_not_believed)
{
    open_server(2, X);
    /* the proxy has added 192.0.2.7 */
    CHECK_TEXT(said("X-Forwarded-For: 127.0.0.1, 192.0.2.7\r\n"), "192.0.2.7 0 http h");
    CHECK_TEXT(said("X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-For: 192.0.2.7\r\n"), "192.0.2.7 0 http h");
    /* 10.0.0.1 is trusted, too, and has added 192.0.2.7 */
    CHECK_TEXT(said("X-Forwarded-For: 127.0.0.1, 192.0.2.7, 10.0.0.1\r\n"), "192.0.2.7 0 http h");
    CHECK_TEXT(said("X-Forwarded-For: 10.0.0.2, 10.0.0.1\r\n"), "10.0.0.2 0 http h");
    /* what the proxy at the right has written is not an address: the last known one counts */
    CHECK_TEXT(said("X-Forwarded-For: 127.0.0.1, unknown\r\n"), "unix: 0 http h");
    CHECK_TEXT(said("X-Forwarded-For: 127.0.0.1, , 10.0.0.1\r\n"), "10.0.0.1 0 http h");
    CHECK_TEXT(said("X-Forwarded-For: 127.0.0.1, fe80::1%eth0\r\n"), "unix: 0 http h");
    wire_close();
}

TEST(threat_090_fields_of_peers_that_are_not_trusted_do_not_count)
{
    static const char lines[] = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"
                                "X-Forwarded-Host: evil\r\nForwarded: for=192.0.2.7;host=evil\r\n";
    open_server(0, X | FORWARDED_HOST);
    CHECK_TEXT(said(lines), "unix: 0 http h");
    wire_close();
    const http_network other = {.family = AF_INET, .bits = 8, .bytes = {10}};
    const http_service service = {.handle = handle};
    const http_limits limits = {.head = {.head_bytes = 8192, .target_bytes = 4096, .fields = 50},
                                .head_ms = 5000,
                                .idle_ms = 5000,
                                .arena_bytes = 100000,
                                .trusted = &other,
                                .trusted_count = 1,
                                .forwarded = X | FORWARDED_HOST};
    CHECK(wire_open(&service, &limits));
    CHECK_TEXT(said(lines), "unix: 0 http h");
    wire_close();
}

TEST(threat_090_fields_that_the_operator_does_not_name_do_not_count)
{
    open_server(2, X);
    CHECK_TEXT(
        said("X-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\nForwarded: for=192.0.2.7;host=evil\r\n"),
        "unix: 0 http h");
    wire_close();
    open_server(2, FORWARDED_STANDARD);
    CHECK_TEXT(said("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n"),
               "unix: 0 http h");
    wire_close();
}

TEST(forwarded_hosts_and_ports_are_those_of_the_request_if_the_operator_names_them)
{
    open_server(2, X | FORWARDED_HOST | FORWARDED_PORT);
    CHECK_TEXT(said("X-Forwarded-Host: shop.example\r\n"), "unix: 0 http shop.example");
    CHECK_TEXT(said("X-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 8443\r\n"),
               "unix: 0 http shop.example:8443");
    CHECK_TEXT(said("X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n"), "unix: 0 https h");
    CHECK_TEXT(said("X-Forwarded-Port: 443\r\n"), "unix: 0 http h:443");
    CHECK_TEXT(said("X-Forwarded-Port: 70000\r\n"), "unix: 0 http h");
    CHECK_TEXT(said("X-Forwarded-Host: a b\r\n"), "HTTP/1.1 400 Bad Request");
    CHECK_TEXT(said("X-Forwarded-Host: user@shop.example\r\n"), "HTTP/1.1 400 Bad Request");
    CHECK_TEXT(said("X-Forwarded-Host: shop.example/path\r\n"), "HTTP/1.1 400 Bad Request");
    wire_close();
}

TEST(forwarded_lists_beside_the_addresses_belong_to_the_same_proxy)
{
    open_server(2, X | FORWARDED_HOST);
    CHECK_TEXT(said("X-Forwarded-For: 192.0.2.7, 10.0.0.1\r\nX-Forwarded-Proto: https, http\r\n"),
               "192.0.2.7 0 https h");
    CHECK_TEXT(said("X-Forwarded-For: 1.1.1.1, 192.0.2.7\r\nX-Forwarded-Proto: https, http\r\n"),
               "192.0.2.7 0 http h");
    CHECK_TEXT(said("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https, http\r\n"),
               "192.0.2.7 0 http h");
    CHECK_TEXT(said("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Host: evil, shop.example\r\n"),
               "192.0.2.7 0 http shop.example");
    wire_close();
}

TEST(forwarded_elements_of_the_standard_field_belong_together)
{
    open_server(2, FORWARDED_STANDARD);
    CHECK_TEXT(said("Forwarded: for=192.0.2.7;proto=https;host=shop.example\r\n"),
               "192.0.2.7 0 https shop.example");
    CHECK_TEXT(said("Forwarded: For=\"[2001:db8::7]:4711\" ; Proto=HTTPS\r\n"), "2001:db8::7 4711 https h");
    CHECK_TEXT(said("Forwarded: for=127.0.0.1;host=evil, for=192.0.2.7;host=shop.example, for=10.0.0.1\r\n"),
               "192.0.2.7 0 http shop.example");
    CHECK_TEXT(said("Forwarded: for=127.0.0.1;proto=https\r\nForwarded: for=192.0.2.7\r\n"),
               "192.0.2.7 0 http h");
    CHECK_TEXT(said("Forwarded: for=127.0.0.1, for=_hidden;proto=https\r\n"), "unix: 0 https h");
    CHECK_TEXT(said("Forwarded: for=127.0.0.1, proto=https\r\n"), "unix: 0 https h");
    CHECK_TEXT(said("Forwarded: for=unknown\r\n"), "unix: 0 http h");
    CHECK_TEXT(said("Forwarded: by=10.0.0.1;secret=\"a;b,\\\"c\";for=192.0.2.7,,\r\n"), "192.0.2.7 0 http h");
    wire_close();
}

TEST(threat_090_malformed_standard_fields_are_refused)
{
    static const char *const lines[] = {
        "for=\", for=192.0.2.7",
        "for=127.0.0.1\", for=192.0.2.7",
        "for=192.0.2.7;for=127.0.0.1",
        "for",
        "for=192.0.2.7;host=",
        "for=192.0.2.7 host=evil",
        "=192.0.2.7",
        "for=\"a\\",
        "for=192.0.2.7;host=\"a b\"",
        "for=192.0.2.7;host=\"evil/\"",
        "f or=192.0.2.7",
    };
    open_server(2, FORWARDED_STANDARD);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char line[256];
        snprintf(line, sizeof line, "Forwarded: %s\r\n", lines[i]);
        CHECK_TEXT(said(line), "HTTP/1.1 400 Bad Request");
    }
    wire_close();
}

TEST(forwarded_lists_of_any_length_are_read_from_the_right)
{
    char lines[2048] = "X-Forwarded-For: 127.0.0.1";
    open_server(2, X);
    for (unsigned i = 0; i < 100; i++)
        strcat(lines, ", 9.9.9.9");
    strcat(lines, ", 192.0.2.7, 10.0.0.1\r\n");
    CHECK_TEXT(said(lines), "192.0.2.7 0 http h");
    lines[0] = '\0';
    strcat(lines, "X-Forwarded-For: 192.0.2.7");
    for (unsigned i = 0; i < 50; i++)
        strcat(lines, ", 10.0.0.1");
    strcat(lines, "\r\n");
    CHECK_TEXT(said(lines), "10.0.0.1 0 http h"); /* past the last 32 nothing is read */
    wire_close();
}

TEST(forwarded_nodes_that_are_not_addresses_are_refused)
{
    static const char *const texts[] = {"",           "a",         "1.2.3",    "1.2.3.4:", "1.2.3.4:65536",
                                        "1.2.3.4:-1", "[1.2.3.4]", "[::1",     "::1]",     "[::1]x",
                                        "[::1]:x",    "[]",        ":80",      "1.2.3.04", "1.2.3.4 ",
                                        "_a",         "[::1%lo]",  "1.2.3.4.5"};
    forwarded_node node;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (forwarded_node_read((tern_str){texts[i], strlen(texts[i])}, &node))
            check_fail(__FILE__, __LINE__, "\"%s\" was taken for an address", texts[i]);
}

TEST(forwarded_hosts_are_refused_with_503_without_memory)
{
    open_server(2, FORWARDED_STANDARD);
    for (unsigned long nth = 1; nth < 30; nth++) {
        char reply[4096];
        static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                                      "Forwarded: for=192.0.2.7;host=shop.example\r\n\r\n";
        const wire_script script = {.request = request, .len = sizeof request - 1};
        mem_fail_at(nth, 0);
        long len = wire_talk(&script, reply, sizeof reply);
        mem_fail_at(0, 0);
        CHECK(len <= 0 || strstr(reply, " 503 ") != NULL ||
              strstr(reply, "192.0.2.7 0 http shop.example") != NULL);
    }
    wire_close();
}
