/* What the client parses itself: events, Retry-After, heads of replies, URLs, addresses. */
#include "base/arena.h"
#include "base/mem.h"
#include "check.h"
#include "fetch/address.h"
#include "fetch/reply_head.h"
#include "fetch/retry.h"
#include "fetch/srv.h"
#include "fetch/sse.h"
#include "fetch/target.h"

#include <stdio.h>

/* -- SRV records -- */

/* A message with one question, "q", and these answers. */
static srv_answer read_srv(const char *answers, size_t len, unsigned count)
{
    unsigned char message[600] = {0, 1, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'q', 0, 0, 33, 0, 1};
    srv_answer out;
    message[7] = (unsigned char)count;
    memcpy(message + 19, answers, len);
    srv_read(&out, message, 19 + len);
    return out;
}

#define READ_SRV(count, text) read_srv(text, sizeof(text) - 1, count)
#define SRV_HEAD(ttl, len)    "\xc0\x0c\0\x21\0\1" ttl "\0" len

TEST(srv_records_are_read_with_compressed_names_and_their_shortest_time)
{
    srv_answer a = READ_SRV(2, SRV_HEAD("\0\0\0\x3c", "\x0b") "\0\1\0\2\x1f\x90\3A-b\0" SRV_HEAD(
                                   "\0\0\0\x14", "\x0a") "\0\0\0\0\0\x50\1c\xc0\x0c");
    CHECK(a.problem == NULL && a.count == 2 && a.ttl_s == 20);
    CHECK(a.records[0].priority == 1 && a.records[0].weight == 2 && a.records[0].port == 8080);
    CHECK(strcmp(a.records[0].host, "a-b") == 0 && strcmp(a.records[1].host, "c.q") == 0);
}

TEST(the_time_of_srv_records_is_bounded)
{
    CHECK(READ_SRV(1, SRV_HEAD("\0\0\0\0", "\x09") "\0\0\0\0\0\x50\1a\0").ttl_s == SRV_TTL_LEAST_S);
    CHECK(READ_SRV(1, SRV_HEAD("\xff\xff\xff\xff", "\x09") "\0\0\0\0\0\x50\1a\0").ttl_s == SRV_TTL_MOST_S);
}

TEST(srv_records_without_a_name_or_a_port_are_left_out)
{
    CHECK(READ_SRV(1, SRV_HEAD("\0\0\0\1", "\x07") "\0\0\0\0\0\x50\0").problem != NULL); /* "." */
    CHECK(READ_SRV(1, SRV_HEAD("\0\0\0\1", "\x09") "\0\0\0\0\0\0\1a\0").problem != NULL);
    CHECK(READ_SRV(1, SRV_HEAD("\0\0\0\1", "\x0b") "\0\0\0\0\0\x50\3a/b\0").problem != NULL);
    CHECK(READ_SRV(1, SRV_HEAD("\0\0\0\1", "\x0b") "\0\0\0\0\0\x50\3127\0").problem != NULL);
    CHECK(READ_SRV(1, SRV_HEAD("\0\0\0\1", "\x0b") "\0\0\0\0\0\x50\3a b\0").problem != NULL);
    CHECK(READ_SRV(2, SRV_HEAD("\0\0\0\1", "\x09") "\0\0\0\0\0\x50\1a\0" SRV_HEAD(
                          "\0\0\0\1", "\x09") "\0\7\0\0\0\x50\1A\0")
              .count == 1);
}

TEST(malformed_answers_have_no_srv_records)
{
    static const char whole[] = SRV_HEAD("\0\0\0\1", "\x09") "\0\0\0\0\0\x50\1a\0";
    CHECK(read_srv(whole, sizeof whole - 1, 1).count == 1);
    for (size_t len = 0; len + 1 < sizeof whole; len++)
        CHECK(read_srv(whole, len, 1).count == 0 && read_srv(whole, len, 1).problem != NULL);
    CHECK(read_srv(whole, sizeof whole - 1, 2).count == 0);
    CHECK(READ_SRV(1, SRV_HEAD("\0\0\0\1", "\x08") "\0\0\0\0\0\x50\xc0\x2b").count == 0); /* a circle */
    srv_answer none;
    srv_read(&none, (const unsigned char *)"", 0);
    CHECK(none.count == 0 && none.problem != NULL);
}

/* -- addresses -- */

TEST(public_addresses_are_public)
{
    static const char *const cases[] = {
        "1.1.1.1",         "8.8.8.8",          "9.255.255.255",    "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",     "172.15.0.1",       "172.32.0.1",       "192.167.0.1",     "192.169.0.1",
        "223.255.255.255", "2606:4700::1",     "2a00:1450::1",     "2001:4860::8888", "2400::1",
        "::ffff:1.1.1.1",  "64:ff9b::1.1.1.1", "2002:0101:0101::1"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!address_text_is_public(cases[i]))
            check_fail(__FILE__, __LINE__, "%s is not public", cases[i]);
}

TEST(inner_addresses_are_not_public_in_any_form)
{
    static const char *const cases[] = {"0.0.0.0",
                                        "0.1.2.3",
                                        "10.0.0.0",
                                        "10.255.255.255",
                                        "100.64.0.0",
                                        "100.127.255.255",
                                        "127.0.0.1",
                                        "127.255.0.1",
                                        "169.254.169.254",
                                        "172.16.0.0",
                                        "172.31.255.255",
                                        "192.0.0.1",
                                        "192.0.2.1",
                                        "192.88.99.1",
                                        "192.168.0.1",
                                        "198.18.0.1",
                                        "198.19.255.255",
                                        "198.51.100.1",
                                        "203.0.113.1",
                                        "224.0.0.1",
                                        "239.0.0.1",
                                        "240.0.0.1",
                                        "255.255.255.255",
                                        "::",
                                        "::1",
                                        "::7f00:1",
                                        "::ffff:127.0.0.1",
                                        "::ffff:10.0.0.1",
                                        "::ffff:169.254.169.254",
                                        "64:ff9b::127.0.0.1",
                                        "64:ff9b::a00:1",
                                        "64:ff9b:1::1",
                                        "100::1",
                                        "2001::1",
                                        "2001:db8::1",
                                        "2001:20::1",
                                        "2002:7f00:1::",
                                        "2002:0a00:0001::1",
                                        "2002:c0a8:0101::",
                                        "3fff::1",
                                        "5f00::1",
                                        "fc00::1",
                                        "fd12::1",
                                        "fe80::1",
                                        "fe80::1%eth0",
                                        "fec0::1",
                                        "ff02::1",
                                        "2606:4700::5efe:127.0.0.1",
                                        "2606:4700::200:5efe:10.0.0.1",
                                        "",
                                        "localhost",
                                        "1.2.3",
                                        "1.2.3.4.5",
                                        "0x7f.1",
                                        "00000000000000000000000000000000000000000000000000000000000001"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (address_text_is_public(cases[i]))
            check_fail(__FILE__, __LINE__, "%s is public", cases[i]);
}

TEST(other_families_of_sockets_are_not_public)
{
    CHECK(!address_is_public(&(struct sockaddr){.sa_family = AF_UNIX}));
}

/* -- Retry-After -- */

TEST(retry_after_is_seconds_or_a_date)
{
    uint64_t ms = 1;
    const int64_t now_s = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */
    CHECK(retry_after_read(TERN_STR("0"), now_s, &ms));
    CHECK_INT(ms, 0);
    CHECK(retry_after_read(TERN_STR("120"), now_s, &ms));
    CHECK_INT(ms, 120000);
    CHECK(retry_after_read(TERN_STR("Sun, 06 Nov 1994 08:49:47 GMT"), now_s, &ms));
    CHECK_INT(ms, 10000);
    CHECK(retry_after_read(TERN_STR("Sun, 06 Nov 1994 08:00:00 GMT"), now_s, &ms));
    CHECK_INT(ms, 0);
    CHECK(retry_after_read(TERN_STR("18446744073709551615"), now_s, &ms));
    CHECK_INT(ms, 24 * 3600 * 1000);
}

TEST(other_texts_are_not_retry_after)
{
    static const char *const cases[] = {"", "-1", "1.5", "1s", " 1", "soon", "99999999999999999999999"};
    uint64_t ms;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(!retry_after_read((tern_str){cases[i], strlen(cases[i])}, 0, &ms));
}

TEST(delays_before_retries_grow_and_are_bounded)
{
    for (unsigned number = 1; number < 40; number++)
        for (int i = 0; i < 20; i++)
            CHECK(retry_delay_ms(number) <= (number < 6 ? 100u << (number - 1) : 3200u));
}

/* -- events -- */

static void show_events(const char *text, size_t piece, char *out, size_t size)
{
    sse_reader r = {0};
    size_t len = strlen(text), written = 0;
    out[0] = '\0';
    for (size_t at = 0; at < len;) {
        size_t used, most = len - at < piece ? len - at : piece;
        if (sse_read(&r, text + at, most, &used))
            written += (size_t)snprintf(out + written, size - written, "[%s|%s|%s|%u]",
                                        r.event.len != 0 ? r.event.data : "message", r.data.data,
                                        r.id.len != 0 ? r.id.data : "", r.retry_ms);
        CHECK(used > 0 && !r.failed);
        at += used;
    }
    sse_free(&r);
}

TEST(events_are_read_at_any_split)
{
    static const struct {
        const char *text, *events;
    } cases[] = {
        {"data: a\n\n", "[message|a||0]"},
        {"data:a\r\n\r\ndata:b\r\rdata:c\n\n", "[message|a||0][message|b||0][message|c||0]"},
        {"data: YHOO\ndata: +2\ndata: 10\n\n", "[message|YHOO\n+2\n10||0]"},
        {": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
         "[message|first event|1|0][message|second event||0][message| third event||0]"},
        {"data\n\ndata\ndata\n\ndata:", "[message|||0][message|\n||0]"},
        {"event: a\n\ndata: x\n\n", "[message|x||0]"},
        {"event: a\ndata: x\nretry: 10\n\ndata: y\n\n", "[a|x||10][message|y||0]"},
        {"retry: 1x\nretry:\nunknown: z\ndata: x\n\n", "[message|x||0]"},
        {"\xef\xbb\xbf"
         "data: x\n\n",
         "[message|x||0]"},
        {"data: lost", ""},
    };
    char out[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece <= strlen(cases[i].text); piece++) {
            show_events(cases[i].text, piece, out, sizeof out);
            CHECK_TEXT(out, cases[i].events);
        }
}

TEST(an_endless_event_fails)
{
    sse_reader r = {0};
    char piece[4096];
    size_t used;
    memset(piece, 'x', sizeof piece);
    for (int i = 0; i < 300 && !r.failed; i++)
        CHECK(!sse_read(&r, piece, sizeof piece, &used));
    CHECK(r.failed);
    sse_free(&r);
}

/* -- heads of replies -- */

static reply_result read_head(const char *text, reply_head *h)
{
    return reply_head_read(h, text, strlen(text));
}

TEST(heads_of_replies_are_read)
{
    reply_head h;
    CHECK_INT(read_head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello", &h), REPLY_WHOLE);
    CHECK(h.status == 200 && h.has_length && h.length == 5 && h.keep_alive && !h.is_chunked);
    CHECK_INT(h.lines, 17);
    CHECK_INT(h.used, 44);
    CHECK_INT(read_head("HTTP/1.1 204\r\n\r\n", &h), REPLY_WHOLE);
    CHECK_INT(h.status, 204);
    CHECK_INT(read_head("HTTP/1.0 200 \r\n\r\n", &h), REPLY_WHOLE);
    CHECK(!h.keep_alive);
    CHECK_INT(read_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nConnection: a, CLOSE\r\n\r\n", &h),
              REPLY_WHOLE);
    CHECK(h.is_chunked && !h.keep_alive);
    CHECK_INT(read_head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n", &h),
              REPLY_WHOLE);
}

TEST(every_beginning_of_a_head_is_a_part_of_it)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\n";
    reply_head h;
    for (size_t len = 0; len < sizeof text - 1; len++)
        CHECK_INT(reply_head_read(&h, text, len), REPLY_PARTIAL);
}

TEST(malformed_heads_of_replies_are_refused)
{
    static const char *const cases[] = {
        "ICY 200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\n\n",
        "\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA b: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\n A: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nnone\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n"};
    reply_head h;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (read_head(cases[i], &h) != REPLY_WRONG || h.reason == NULL)
            check_fail(__FILE__, __LINE__, "%s is accepted", cases[i]);
}

/* -- URLs -- */

static char lent[16384];
static arena memory;

static const char *read_url(fetch_target *t, const char *url, const char *const *query)
{
    arena_free(&memory);
    arena_init(&memory, lent, sizeof lent, 1024 * 1024);
    return target_read(t, &memory, url, query);
}

TEST(urls_have_their_parts)
{
    static const struct {
        const char *url, *whole, *origin, *path, *shown;
        bool is_usual;
    } cases[] = {
        {"http://a.example", "http://a.example", "http://a.example:80", "/", "http://a.example", true},
        {"https://A.example:8443/x?y=1#z", "https://A.example:8443/x?y=1", "https://a.example:8443", "/x?y=1",
         "https://A.example:8443/x", true},
        {"http://10.0.0.1:1/x", "http://10.0.0.1:1/x", "http://10.0.0.1:1", "/x", "http://10.0.0.1:1/x",
         true},
        {"http://127.1/x", "http://127.0.0.1/x", "http://127.0.0.1:80", "/", "http://127.0.0.1/x", false},
        {"http://0x7f.1/", "http://127.0.0.1/", "http://127.0.0.1:80", "/", "http://127.0.0.1/", false},
        {"http://2130706433/", "http://127.0.0.1/", "http://127.0.0.1:80", "/", "http://127.0.0.1/", false},
        {"http://010.0.0.1/", "http://8.0.0.1/", "http://8.0.0.1:80", "/", "http://8.0.0.1/", false},
        {"http://[::1]:8/x", "http://[::1]:8/x", "http://[::1]:8", "/", "http://[::1]:8/x", false},
        {"http://a/b/../c", "http://a/c", "http://a:80", "/", "http://a/c", false},
        {"http://a/b c", "http://a/b%20c", "http://a:80", "/", "http://a/b%20c", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fetch_target t;
        CHECK_TEXT(read_url(&t, cases[i].url, NULL), NULL);
        CHECK_TEXT(t.url, cases[i].whole);
        CHECK_TEXT(t.origin, cases[i].origin);
        CHECK_INT(t.origin_len, strlen(cases[i].origin));
        CHECK_TEXT(t.path, cases[i].path);
        CHECK_TEXT(t.shown, cases[i].shown);
        CHECK_INT(t.is_usual, cases[i].is_usual);
    }
}

TEST(queries_are_encoded_and_added)
{
    fetch_target t;
    static const char *const pairs[] = {"a b", "&=?", "none", NULL, "c", "\xc3\xa9", NULL, NULL};
    CHECK_TEXT(read_url(&t, "http://a/x", pairs), NULL);
    CHECK_TEXT(t.url, "http://a/x?a%20b=%26%3D%3F&c=%C3%A9");
    CHECK_TEXT(read_url(&t, "http://a/x?y=1#z", pairs), NULL);
    CHECK_TEXT(t.url, "http://a/x?y=1&a%20b=%26%3D%3F&c=%C3%A9");
    static const char *const odd[] = {"a", "1", "lonely", NULL, NULL};
    CHECK_TEXT(read_url(&t, "http://a/?", odd), NULL);
    CHECK_TEXT(t.url, "http://a/?a=1");
}

TEST(what_is_not_an_http_url_is_refused)
{
    static const char *const cases[] = {"",
                                        "a",
                                        "/x",
                                        "//a/x",
                                        "file:///etc/passwd",
                                        "ftp://a/",
                                        "gopher://a",
                                        "dict://a",
                                        "http://",
                                        "http://a:0/",
                                        "http://a:65536/",
                                        "http://a:x/",
                                        "http://u:p@a/",
                                        "http://u@a/",
                                        "http://a b/",
                                        "http://a/\r\nX: y",
                                        "http://a/\x7f",
                                        "http://a[/",
                                        "http://%7f/",
                                        "http://a%0d%0ab/",
                                        "http://[::1/",
                                        "HTTPX://a/"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fetch_target t;
        if (read_url(&t, cases[i], NULL) == NULL)
            check_fail(__FILE__, __LINE__, "%s is accepted", cases[i]);
    }
}

TEST(locations_are_relative_to_the_url)
{
    static const struct {
        const char *location, *url;
    } cases[] = {{"/y", "http://a:8/y"},       {"y?z", "http://a:8/b/y?z"},     {"../y", "http://a:8/y"},
                 {"?q", "http://a:8/b/c?q"},   {"//other/y", "http://other/y"}, {"https://b/", "https://b/"},
                 {"y z", "http://a:8/b/y%20z"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fetch_target from, to;
        CHECK_TEXT(read_url(&from, "http://a:8/b/c?d", NULL), NULL);
        CHECK_TEXT(target_follow(&to, &memory, &from, cases[i].location), NULL);
        CHECK_TEXT(to.url, cases[i].url);
    }
}

TEST(reading_a_url_survives_every_failed_allocation)
{
    static const char *const urls[] = {"http://a.example/x?y#z", "http://127.1/x"};
    static const char *const pairs[] = {"a", "b", NULL, NULL};
    for (size_t i = 0; i < 2; i++)
        for (unsigned long n = 1; n < 60; n++) {
            fetch_target t;
            arena_free(&memory);
            arena_init(&memory, NULL, 0, 1024 * 1024);
            mem_fail_at(n, true);
            const char *problem = target_read(&t, &memory, urls[i], pairs);
            mem_fail_at(0, false);
            CHECK(problem == NULL ? t.url != NULL && t.path != NULL : *problem != '\0');
        }
}
