#include "http/h1/head.h"

#include "check.h"
#include "http/scan/scan.h"

#include <stdio.h>
#include <stdlib.h>

static const http_head_limits limits = {
    .head_bytes = 16384, .target_bytes = 8192, .fields = HTTP_HEADERS_MAX};

/** Parses a heap copy of exactly `len` bytes, so that AddressSanitizer detects a read past them. The copy
 * stays allocated until the test's process ends: the head points into it. */
static h1_result parse(h1_head *head, const http_head_limits *with, const char *text, size_t len,
                       size_t *used)
{
    static char *copies[8];
    static unsigned next;
    char **slot = &copies[next++ % 8];
    free(*slot);
    *slot = malloc(len + (len == 0));
    memcpy(*slot, text, len);
    return h1_head_parse(head, with, *slot, len, used);
}

static void must_parse(h1_head *head, const char *text)
{
    size_t used = 0;
    h1_result result = parse(head, &limits, text, strlen(text), &used);
    if (result != H1_COMPLETE)
        check_fail(__FILE__, __LINE__, "result %d, status %d (%s) for: %s", (int)result,
                   result == H1_ERROR ? head->status : 0, result == H1_ERROR ? head->reason : "", text);
    CHECK_INT(used, strlen(text));
}

static void check_str(tern_str seen, const char *want)
{
    CHECK((seen.data == NULL) == (want == NULL));
    if (want != NULL)
        CHECK_BYTES(seen.data, seen.len, want, strlen(want));
}

typedef struct refusal {
    int status;
    const char *text;
    size_t len; /* 0: strlen */
} refusal;

/**
 * Every row is refused with its status, whether it arrives at once or byte by byte, and it stays refused.
 */
static void check_refusals(const refusal *rows, size_t count)
{
    static h1_head head;
    for (size_t i = 0; i < count; i++) {
        size_t len = rows[i].len != 0 ? rows[i].len : strlen(rows[i].text), used = 0;
        bool is_refused = false;
        for (size_t prefix = 0; prefix <= len; prefix++) {
            h1_result result = parse(&head, &limits, rows[i].text, prefix, &used);
            if (result == H1_COMPLETE || (is_refused && result != H1_ERROR))
                check_fail(__FILE__, __LINE__, "row %zu: result %d at byte %zu", i, (int)result, prefix);
            if (result != H1_ERROR)
                continue;
            is_refused = true;
            if (head.status != rows[i].status)
                check_fail(__FILE__, __LINE__, "row %zu: status %d (%s) at byte %zu, not %d", i, head.status,
                           head.reason, prefix, rows[i].status);
        }
        if (!is_refused)
            check_fail(__FILE__, __LINE__, "row %zu is not refused: %s", i, rows[i].text);
    }
}

#define CHECK_REFUSALS(rows) check_refusals(rows, sizeof(rows) / sizeof *(rows))

TEST(head_of_a_plain_request_is_read)
{
    h1_head head;
    must_parse(
        &head,
        "GET /a/b?x=1&y HTTP/1.1\r\nHost: example.org:8080\r\nAccept:\t text/html \t\r\nEmpty:\r\n\r\n");
    CHECK_INT(head.request.method, HTTP_GET);
    CHECK_INT(head.request.version, 1);
    check_str(head.request.method_text, "GET");
    check_str(head.request.path, "/a/b");
    check_str(head.request.query, "x=1&y");
    check_str(head.request.host, "example.org:8080");
    CHECK(head.keep_alive && head.request.path_is_plain);
    CHECK(!head.request.has_length && !head.is_chunked && !head.expects_continue && !head.has_upgrade);
    CHECK(!head.request.is_asterisk);
    CHECK_INT(head.request.length, 0);
    CHECK_INT(head.request.header_count, 3);
    CHECK_BYTES(head.headers[1].name, head.headers[1].name_len, "Accept", 6);
    CHECK_BYTES(head.headers[1].value, head.headers[1].value_len, "text/html", 9);
    CHECK_INT(head.headers[2].value_len, 0);
}

TEST(head_fields_beyond_the_count_are_left_alone)
{
    h1_head head;
    memset(&head, 0xa5, sizeof head);
    must_parse(&head, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_INT(head.request.header_count, 1);
    for (const char *byte = (const char *)&head.headers[1]; byte != (const char *)(&head.headers + 1); byte++)
        CHECK_INT((unsigned char)*byte, 0xa5);
}

static const char *const good_heads[] = {
    "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
    "\r\n\r\n\r\n\r\nGET /%20?a=%zz HTTP/1.0\r\n\r\n",
    "POST http://example.org/x?y HTTP/1.1\r\nHost: o\r\nContent-Length: 12\r\nExpect: 100-Continue\r\n\r\n",
    "PUT / HTTP/1.1\r\nhOST:[::1]:80\r\nTransfer-Encoding:  Chunked \r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n",
    "PROPFIND /dav/ HTTP/1.1\r\nHost: a\r\nX-Text: caf\xc3\xa9 \x80\xff\r\nConnection: close\r\n\r\n",
};

/** Whether two heads of the same bytes at different addresses have the same meaning. */
static bool is_same(const h1_head *a, const char *a_data, const h1_head *b, const char *b_data)
{
    bool same = a->request.method == b->request.method && a->request.version == b->request.version &&
                a->keep_alive == b->keep_alive && a->request.has_length == b->request.has_length &&
                a->is_chunked == b->is_chunked && a->expects_continue == b->expects_continue &&
                a->has_upgrade == b->has_upgrade && a->request.is_asterisk == b->request.is_asterisk &&
                a->request.path_is_plain == b->request.path_is_plain &&
                a->request.length == b->request.length && a->request.path.len == b->request.path.len &&
                a->request.query.len == b->request.query.len && a->request.host.len == b->request.host.len &&
                a->request.header_count == b->request.header_count;
    for (unsigned i = 0; same && i < a->request.header_count; i++)
        same = a->headers[i].name - a_data == b->headers[i].name - b_data &&
               a->headers[i].value - a_data == b->headers[i].value - b_data &&
               a->headers[i].name_len == b->headers[i].name_len &&
               a->headers[i].value_len == b->headers[i].value_len;
    return same;
}

TEST(threat_025_a_head_split_at_every_byte_reads_the_same)
{
    static h1_head whole, part;
    for (size_t i = 0; i < sizeof good_heads / sizeof *good_heads; i++) {
        size_t len = strlen(good_heads[i]), used = 0;
        must_parse(&whole, good_heads[i]);
        for (size_t split = 0; split < len; split++) {
            h1_result result = parse(&part, &limits, good_heads[i], split, &used);
            if (result != H1_PARTIAL)
                check_fail(__FILE__, __LINE__, "head %zu: result %d at byte %zu (%s)", i, (int)result, split,
                           result == H1_ERROR ? part.reason : "");
        }
        char *twice = malloc(2 * len), *alone = malloc(len);
        memcpy(twice, good_heads[i], len);
        memcpy(twice + len, good_heads[i], len);
        memcpy(alone, good_heads[i], len);
        CHECK_INT(h1_head_parse(&part, &limits, twice, 2 * len, &used), H1_COMPLETE);
        CHECK_INT(used, len); /* the rest is the next request */
        CHECK_INT(h1_head_parse(&whole, &limits, alone, len, &used), H1_COMPLETE);
        CHECK(is_same(&whole, alone, &part, twice));
        CHECK_BYTES(alone, len, good_heads[i], len); /* nothing in the buffer was changed */
        free(twice);
        free(alone);
    }
}

TEST(methods_are_known_by_their_exact_name)
{
    static const struct {
        const char *text;
        http_method method;
    } rows[] = {
        {"GET", HTTP_GET},
        {"HEAD", HTTP_HEAD},
        {"POST", HTTP_POST},
        {"PUT", HTTP_PUT},
        {"PATCH", HTTP_PATCH},
        {"DELETE", HTTP_DELETE},
        {"OPTIONS", HTTP_OPTIONS},
        {"TRACE", HTTP_TRACE},
        {"get", HTTP_OTHER_METHOD},
        {"GETS", HTTP_OTHER_METHOD},
        {"A_!#$%&'*+-.^`|~0", HTTP_OTHER_METHOD},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", HTTP_OTHER_METHOD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static h1_head head;
        char text[128];
        snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", rows[i].text);
        must_parse(&head, text);
        CHECK_INT(head.request.method, rows[i].method);
        check_str(head.request.method_text, rows[i].text);
        if (rows[i].method != HTTP_OTHER_METHOD)
            CHECK_TEXT(http_method_name(rows[i].method), rows[i].text);
    }
    CHECK_TEXT(http_method_name(HTTP_OTHER_METHOD), "");
    CHECK_INT(http_method_of("CONNECT", 7), HTTP_CONNECT);
    CHECK_INT(http_method_of("", 0), HTTP_OTHER_METHOD);
}

TEST(targets_give_path_query_and_host)
{
    static const struct {
        const char *line, *path, *query, *host;
        bool is_plain;
    } rows[] = {
        {"GET / ", "/", NULL, "h", true},
        {"GET /? ", "/", "", "h", true},
        {"GET /a?b?c=/../%2e ", "/a", "b?c=/../%2e", "h", true},
        {"GET /a%20b ", "/a%20b", NULL, "h", false},
        {"GET /a\\b ", "/a\\b", NULL, "h", false},
        {"GET //a ", "//a", NULL, "h", false},
        {"GET /a/./b ", "/a/./b", NULL, "h", false},
        {"GET /a/.. ", "/a/..", NULL, "h", false},
        {"GET /a.b/c.. ", "/a.b/c..", NULL, "h", true},
        {"GET /0123456789abcd/0123456789abcdef/..%2f ", "/0123456789abcd/0123456789abcdef/..%2f", NULL, "h",
         false},
        {"GET /0123456789abcde/.. ", "/0123456789abcde/..", NULL, "h", false},
        {"GET /0123456789abcdef0123456789abcde//x ", "/0123456789abcdef0123456789abcde//x", NULL, "h", false},
        {"GET http://x.org/a/b?c ", "/a/b", "c", "x.org", true},
        {"GET HTTPS://x.org:8443 ", "/", NULL, "x.org:8443", true},
        {"GET http://[::1]?q ", "/", "q", "[::1]", true},
        {"GET http://x/a/../b ", "/a/../b", NULL, "x", false},
        {"CONNECT x.org:443 ", "/", NULL, "x.org:443", true},
        {"OPTIONS * ", "*", NULL, "h", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static h1_head head;
        char text[256];
        snprintf(text, sizeof text, "%sHTTP/1.1\r\nHost: h\r\n\r\n", rows[i].line);
        must_parse(&head, text);
        check_str(head.request.path, rows[i].path);
        check_str(head.request.query, rows[i].query);
        check_str(head.request.host, rows[i].host);
        CHECK_INT(head.request.path_is_plain, rows[i].is_plain);
        CHECK_INT(head.request.is_asterisk, rows[i].path[0] == '*');
    }
}

TEST(threat_001_content_length_with_transfer_encoding_is_refused)
{
    static const refusal rows[] = {
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 0},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 0},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\n", 0},
    };
    CHECK_REFUSALS(rows);
}
/* A request whose only oddity is the header lines given. */
#define POST_WITH(lines) "POST / HTTP/1.1\r\nHost: a\r\n" lines "\r\n\r\n"

TEST(threat_002_two_content_lengths_are_refused)
{
    static const refusal rows[] = {
        {400, POST_WITH("Content-Length: 5\r\nContent-Length: 6"), 0},
        {400, POST_WITH("Content-Length: 5, 6"), 0},
        {400, POST_WITH("Content-Length: 5,5"), 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_003_a_repeated_content_length_is_refused)
{
    static const refusal rows[] = {
        {400, POST_WITH("Content-Length: 5\r\nContent-Length: 5"), 0},
        {400, POST_WITH("Content-Length: 0\r\nX: y\r\ncontent-length: 0"), 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_004_a_content_length_that_is_not_digits_is_refused)
{
    static const refusal rows[] = {
        {400, POST_WITH("Content-Length: -5"), 0},  {400, POST_WITH("Content-Length: +5"), 0},
        {400, POST_WITH("Content-Length: 0x5"), 0}, {400, POST_WITH("Content-Length: 5 5"), 0},
        {400, POST_WITH("Content-Length: 5_0"), 0}, {400, POST_WITH("Content-Length:"), 0},
        {400, POST_WITH("Content-Length: \t "), 0}, {400, POST_WITH("Content-Length: 5a"), 0},
        {400, POST_WITH("Content-Length: 5.0"), 0}, {400, POST_WITH("Content-Length: \"5\""), 0},
        {400, POST_WITH("Content-Length: 5;"), 0},  {400, POST_WITH("Content-Length: \xef\xbc\x95"), 0},
        {400, POST_WITH("Content-Length: 5\v"), 0}, {400, POST_WITH("Content-Length: 1e3"), 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_005_a_huge_content_length_never_wraps)
{
    static h1_head head;
    static const refusal rows[] = {
        {413, POST_WITH("Content-Length: 9223372036854775808"), 0},
        {413, POST_WITH("Content-Length: 18446744073709551616"), 0},
        {413, POST_WITH("Content-Length: 18446744073709551621"), 0},
        {413, POST_WITH("Content-Length: 99999999999999999999999999999999999999999999999999"), 0},
        {400, POST_WITH("Content-Length: 99999999999999999999999999999999999999999999999999x"), 0},
    };
    CHECK_REFUSALS(rows);
    must_parse(&head, POST_WITH("Content-Length: 9223372036854775807"));
    CHECK(head.request.has_length && head.request.length == (uint64_t)INT64_MAX);
    must_parse(&head, POST_WITH("Content-Length: 00000000000000000000000000000000000000000000000005"));
    CHECK(head.request.has_length && head.request.length == 5);
    char text[600], digits[401];
    memset(digits, '7', 400);
    digits[400] = '\0';
    snprintf(text, sizeof text, POST_WITH("Content-Length: %s"), digits);
    const refusal many[] = {{413, text, 0}};
    CHECK_REFUSALS(many);
}

TEST(threat_006_transfer_codings_other_than_chunked_once_are_refused)
{
    static h1_head head;
    static const refusal rows[] = {
        {501, POST_WITH("Transfer-Encoding: xchunked"), 0},
        {501, POST_WITH("Transfer-Encoding: identity"), 0},
        {501, POST_WITH("Transfer-Encoding: gzip, chunked"), 0},
        {501, POST_WITH("Transfer-Encoding: gzip"), 0},
        {501, POST_WITH("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"), 0},
        {400, POST_WITH("Transfer-Encoding: chunked, identity"), 0},
        {400, POST_WITH("Transfer-Encoding: chunked, chunked"), 0},
        {400, POST_WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 0},
        {400, POST_WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), 0},
        {400, POST_WITH("Transfer-Encoding: chunked;q=1"), 0},
        {400, POST_WITH("Transfer-Encoding: chunked ;"), 0},
        {400, POST_WITH("Transfer-Encoding: \"chunked\""), 0},
        {400, POST_WITH("Transfer-Encoding: 'chunked' x"), 0},
        {400, POST_WITH("Transfer-Encoding:"), 0},
        {400, POST_WITH("Transfer-Encoding: ,chunked"), 0},
        {400, POST_WITH("Transfer-Encoding: chunked,"), 0},
        {400, POST_WITH("Transfer-Encoding: chunked chunked"), 0},
    };
    CHECK_REFUSALS(rows);
    must_parse(&head, POST_WITH("Transfer-Encoding: chunked"));
    CHECK(head.is_chunked && !head.request.has_length);
}

TEST(threat_007_control_and_high_bytes_beside_chunked_are_refused)
{
    static const refusal rows[] = {
        {400, POST_WITH("Transfer-Encoding: \vchunked"), 0},
        {400, POST_WITH("Transfer-Encoding: \fchunked"), 0},
        {400, POST_WITH("Transfer-Encoding: chunked\v"), 0},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \0chunked\r\n\r\n", 56},
        {400,
         POST_WITH("Transfer-Encoding: \x85"
                   "chunked"),
         0},
        {400,
         POST_WITH("Transfer-Encoding: \xa0"
                   "chunked"),
         0},
        {400, POST_WITH("Transfer-Encoding: chunked\xa0"), 0},
        {400, POST_WITH("Transfer-Encoding: chunked\x7f"), 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_008_white_space_around_a_header_name_is_refused)
{
    static const refusal rows[] = {
        {400, POST_WITH("Content-Length : 5"), 0},      {400, POST_WITH("Content-Length\t: 5"), 0},
        {400, POST_WITH(" Content-Length: 5"), 0},      {400, POST_WITH("\tContent-Length: 5"), 0},
        {400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 0}, {400, POST_WITH("Content Length: 5"), 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_009_folded_header_lines_are_refused)
{
    static const refusal rows[] = {
        {400, POST_WITH("X: a\r\n b"), 0},
        {400, POST_WITH("X: a\r\n\tb"), 0},
        {400, POST_WITH("X:\r\n b"), 0},
        {400, POST_WITH("X: a\r\n "), 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_010_bare_line_feeds_and_carriage_returns_are_refused)
{
    static const refusal rows[] = {
        {400, "GET / HTTP/1.1\nHost: a\n\n", 0},
        {400, "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 0},
        {400, "GET / HTTP/1.1\r\nHost: a\r\n\n", 0},
        {400, "GET / HTTP/1.1\rHost: a\r\r", 0},
        {400, "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", 0},
        {400, "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 0},
        {400, "GET / HTTP/1.1\r\nHost: a\r\n\rX", 0},
        {400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET /\r\nHost: a\r\n\r\n", 0},
        {400, "GET / \r\nHost: a\r\n\r\n", 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_017_versions_other_than_1_0_and_1_1_are_refused)
{
    static const refusal rows[] = {
        {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 0},
        {505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 0},
        {505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 0},
        {505, "GET / HTTP/3.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET / HTTP/01.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET / http/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET / HTTP/1.01\r\nHost: a\r\n\r\n", 0},
        {400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 0},
        {400, "GET / HTTP/1\r\nHost: a\r\n\r\n", 0},
        {400, "GET / HTTP/1,1\r\nHost: a\r\n\r\n", 0},
        {400, "GET / HTTP/a.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET / HTTPS/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET / x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 0},
        {400, "POST / HTTP/1.0\r\nTransfer-Encoding: identity\r\n\r\n", 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_018_malformed_header_names_are_refused)
{
    static const refusal rows[] = {
        {400, POST_WITH(": x"), 0},      {400, POST_WITH("X_(: x"), 0},
        {400, POST_WITH("X_Y : x"), 0},  {400, POST_WITH("X_"), 0},
        {400, POST_WITH("_\x80: x"), 0}, {400, POST_WITH("X(Y): x"), 0},
        {400, POST_WITH("X\x80: x"), 0}, {400, POST_WITH("X"), 0},
        {400, POST_WITH("X\"Y: x"), 0},  {400, "GET / HTTP/1.1\r\nHost: a\r\nX\0Y: x\r\n\r\n", 35},
        {400, POST_WITH("X/Y: x"), 0},   {400, POST_WITH("X[0]: x"), 0},
    };
    CHECK_REFUSALS(rows);
}

/** The names of the kept fields, each followed by a blank. */
static const char *names_with(const http_head_limits *with, const char *text)
{
    static char names[256];
    static h1_head head;
    size_t used = 0, len = 0;
    CHECK_INT(parse(&head, with, text, strlen(text), &used), H1_COMPLETE);
    CHECK_INT(used, strlen(text));
    for (unsigned i = 0; i < head.request.header_count; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%.*s ", (int)head.headers[i].name_len,
                                head.headers[i].name);
    return names;
}

TEST(threat_018_a_field_with_an_underscore_is_ignored)
{
    static const tern_str names[] = {{"access_token", 12}};
    http_head_limits named = limits, all = limits;
    named.underscored_names = names;
    named.underscored_count = 1;
    all.keeps_underscores = true;
    static const char text[] = "GET / HTTP/1.1\r\n_: a\r\nX_Y: b\r\nHost: a\r\nACCESS_token: c\r\n"
                               "access_token2:d\r\nX-Y: e\r\n\r\n";
    CHECK_TEXT(names_with(&limits, text), "Host X-Y ");
    CHECK_TEXT(names_with(&named, text), "Host ACCESS_token X-Y ");
    CHECK_TEXT(names_with(&all, text), "_ X_Y Host ACCESS_token access_token2 X-Y ");
}

TEST(threat_018_a_field_with_an_underscore_never_frames_a_body)
{
    static const char text[] =
        "POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\nTransfer_Encoding: chunked\r\n"
        "Content_Length: 6\r\n\r\n";
    static h1_head head;
    http_head_limits all = limits;
    all.keeps_underscores = true;
    const http_head_limits *each[] = {&limits, &all};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        size_t used = 0;
        CHECK_INT(parse(&head, each[i], text, strlen(text), &used), H1_COMPLETE);
        CHECK(!head.request.has_length && !head.is_chunked);
    }
}

TEST(threat_018_ignored_fields_count_only_as_bytes)
{
    http_head_limits with = limits;
    with.fields = 2;
    CHECK_TEXT(names_with(&with, "GET / HTTP/1.1\r\na_: 1\r\nb_: 2\r\nHost: a\r\nc_: 3\r\nX: 4\r\n\r\n"),
               "Host X ");
}

#define GET_FROM(host) "GET / HTTP/1.1\r\nHost: " host "\r\n\r\n"

TEST(threat_019_a_missing_duplicate_or_malformed_host_is_refused)
{
    static h1_head head;
    static const refusal rows[] = {
        {400, "GET / HTTP/1.1\r\n\r\n", 0},
        {400, "GET / HTTP/1.1\r\nX: y\r\n\r\n", 0},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 0},
        {400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 0},
        {400, GET_FROM(""), 0},
        {400, GET_FROM("user@a"), 0},
        {400, GET_FROM("a/b"), 0},
        {400, GET_FROM("a,b"), 0},
        {400, GET_FROM("a b"), 0},
        {400, GET_FROM("a:"), 0},
        {400, GET_FROM("a:x"), 0},
        {400, GET_FROM("a:65536"), 0},
        {400, GET_FROM("a:080808"), 0},
        {400, GET_FROM("a:-1"), 0},
        {400, GET_FROM(":80"), 0},
        {400, GET_FROM("a:80:80"), 0},
        {400, GET_FROM("a?b"), 0},
        {400, GET_FROM("a#b"), 0},
        {400, GET_FROM("a%2f"), 0},
        {400, GET_FROM("a\\b"), 0},
        {400, GET_FROM("<a>"), 0},
        {400, GET_FROM("caf\xc3\xa9"), 0},
        {400, GET_FROM("[::1"), 0},
        {400, GET_FROM("[]"), 0},
        {400, GET_FROM("[::g]"), 0},
        {400, GET_FROM("[::1]x"), 0},
        {400, GET_FROM("[::1]:"), 0},
        {400, GET_FROM("[fe80::1%25eth0]"), 0},
        {400, GET_FROM("[1:2:3:4:5:6:7:8:9]"), 0},
        {400, GET_FROM("[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"), 0},
        {400, GET_FROM("::1"), 0},
        {400, GET_FROM("http://a"), 0},
        {400, GET_FROM("a\xa0"), 0},
    };
    CHECK_REFUSALS(rows);
    static const char *const good[] = {
        "a",     "A.b-c_d~1",         "127.0.0.1:0",        "a:65535",
        "[::1]", "[2001:db8::7]:443", "[::ffff:192.0.2.1]", "xn--caf-dma.example."};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[128];
        snprintf(text, sizeof text, GET_FROM("%s"), good[i]);
        must_parse(&head, text);
        check_str(head.request.host, good[i]);
    }
    must_parse(&head, "GET / HTTP/1.0\r\n\r\n");
    check_str(head.request.host, NULL);
    must_parse(&head, "GET / HTTP/1.0\r\nHost:\r\n\r\n");
    check_str(head.request.host, NULL);
}

TEST(threat_020_the_host_of_an_absolute_target_wins_over_host)
{
    static h1_head head;
    must_parse(&head, "GET http://one.example/ HTTP/1.1\r\nHost: two.example\r\n\r\n");
    check_str(head.request.host, "one.example");
    static const refusal rows[] = {
        {400, "GET http://one.example/ HTTP/1.1\r\n\r\n", 0},
        {400, "GET http://one.example/ HTTP/1.1\r\nHost: a/b\r\n\r\n", 0},
        {400, "GET http://one.example/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 0},
        {400, "GET http://u:p@one.example/ HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET http://a:99999/x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET http:/x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET example.org HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET example.org:80 HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET ?x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "OPTIONS *?x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_021_bodies_and_odd_methods_are_reported_to_the_server)
{
    static h1_head head;
    must_parse(&head, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
    CHECK(head.request.has_length && head.request.length == 9);
    must_parse(&head, "HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK(head.is_chunked);
    char *long_method = malloc(10240);
    memset(long_method, 'A', 10240);
    size_t used = 0;
    CHECK_INT(parse(&head, &limits, long_method, 32, &used), H1_PARTIAL);
    for (size_t len = 33; len <= 10240; len = len * 3 / 2) {
        CHECK_INT(parse(&head, &limits, long_method, len, &used), H1_ERROR);
        CHECK_INT(head.status, 501);
    }
    free(long_method);
    static const refusal rows[] = {
        {400, "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "CONNECT http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "CONNECT a:80?x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, " / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_022_expectations_other_than_100_continue_are_417)
{
    static h1_head head;
    static const refusal rows[] = {
        {417, POST_WITH("Content-Length: 5\r\nExpect: 200-ok"), 0},
        {417, POST_WITH("Expect:"), 0},
        {417, POST_WITH("Expect: 100-continue, x"), 0},
        {417, POST_WITH("Expect: 100-continue\r\nExpect: y"), 0},
        {417, POST_WITH("Expect: 100-continue;a=b"), 0},
    };
    CHECK_REFUSALS(rows);
    must_parse(&head, POST_WITH("Content-Length: 5\r\nExpect: 100-CONTINUE"));
    CHECK(head.expects_continue);
    must_parse(&head, POST_WITH("Expect: 100-continue\r\nTransfer-Encoding: chunked"));
    CHECK(head.expects_continue);
    must_parse(&head, POST_WITH("Expect: 100-continue"));
    CHECK(!head.expects_continue); /* no body to wait for */
    must_parse(&head, "POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    CHECK(!head.expects_continue);
}

/** The status of a request of `len` bytes that arrives in pieces of doubling size. */
static int status_of(const http_head_limits *with, const char *text, size_t len)
{
    static h1_head head;
    size_t used = 0;
    for (size_t prefix = 1;; prefix = prefix * 2 < len ? prefix * 2 : len) {
        h1_result result = parse(&head, with, text, prefix, &used);
        if (result == H1_ERROR)
            return head.status;
        if (result == H1_COMPLETE)
            return 200;
        if (prefix == len)
            return 0;
    }
}

/** "GET /" + `fill` times 'x' + ` HTTP/1.1` + one `line` of headers `lines` times. */
static char *big_request(size_t fill, const char *line, size_t lines, size_t *len)
{
    size_t line_len = strlen(line);
    char *text = malloc(fill + lines * line_len + 64), *at = text;
    memcpy(at, "GET /", 5);
    memset(at + 5, 'x', fill);
    at += 5 + fill;
    memcpy(at, " HTTP/1.1\r\nHost: a\r\n", 20);
    at += 20;
    for (size_t i = 0; i < lines; i++, at += line_len)
        memcpy(at, line, line_len);
    memcpy(at, "\r\n", 2);
    *len = (size_t)(at + 2 - text);
    return text;
}

TEST(threat_024_heads_beyond_the_limits_are_414_and_431)
{
    static const struct {
        size_t fill, lines;
        const char *line;
        int status;
    } rows[] = {
        {8191, 0, "", 200},
        {8192, 0, "", 414},
        {1 << 20, 0, "", 414},
        {0, 99, "A: b\r\n", 200},
        {0, 100, "A: b\r\n", 431},
        {0, 10000, "A: b\r\n", 431},
        {8191, 50,
         "Long: 0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
         "2345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
         "\r\n",
         431},
    };
    size_t len = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = big_request(rows[i].fill, rows[i].line, rows[i].lines, &len);
        CHECK_INT(status_of(&limits, text, len), rows[i].status);
        free(text);
    }
    char *value = malloc(1 << 20);
    memset(value, 'v', 1 << 20);
    memcpy(value, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
    CHECK_INT(status_of(&limits, value, 1 << 20), 431);
    memset(value, 'n', 1 << 20);
    memcpy(value, "GET / HTTP/1.1\r\nHost: a\r\n", 25);
    CHECK_INT(status_of(&limits, value, 1 << 20), 431);
    free(value);
}

TEST(threat_024_the_head_limit_is_exact)
{
    const char text[] = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    size_t len = sizeof text - 1, used = 0;
    static h1_head head;
    http_head_limits with = limits;
    with.head_bytes = len;
    CHECK_INT(parse(&head, &with, text, len, &used), H1_COMPLETE);
    CHECK_INT(parse(&head, &with, text, len - 1, &used), H1_PARTIAL);
    with.head_bytes = len - 1; /* a buffer of that size is full without a complete head */
    CHECK_INT(parse(&head, &with, text, len - 2, &used), H1_PARTIAL);
    CHECK_INT(parse(&head, &with, text, len - 1, &used), H1_ERROR);
    CHECK_INT(head.status, 431);
    CHECK_INT(parse(&head, &with, text, len, &used), H1_ERROR);
    CHECK_INT(head.status, 431);
    with = limits;
    with.fields = 0;
    CHECK_INT(parse(&head, &with, text, len, &used), H1_ERROR);
    CHECK_INT(head.status, 431);
}

TEST(threat_026_control_bytes_and_fragments_are_refused)
{
    char text[64];
    for (int byte = 0; byte < 256; byte++) {
        size_t len = (size_t)snprintf(text, sizeof text, "GET /aXb HTTP/1.1\r\nHost: a\r\n\r\n");
        text[6] = (char)byte;
        bool is_good = byte > ' ' && byte < 0x7f && byte != '#';
        const refusal in_target[] = {{400, text, len}};
        if (is_good)
            CHECK_INT(status_of(&limits, text, len), 200);
        else
            CHECK_REFUSALS(in_target);
        len = (size_t)snprintf(text, sizeof text, "GET /a?X HTTP/1.1\r\nHost: a\r\n\r\n");
        text[7] = (char)byte;
        if (is_good)
            CHECK_INT(status_of(&limits, text, len), 200);
        else
            CHECK_REFUSALS(in_target);
        len = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nA: bXc\r\n\r\n");
        text[29] = (char)byte;
        if (byte == '\t' || (byte >= ' ' && byte != 0x7f)) {
            CHECK_INT(status_of(&limits, text, len), 200);
        } else {
            const refusal in_value[] = {{400, text, len}};
            CHECK_REFUSALS(in_value);
        }
    }
}

TEST(threat_027_other_protocols_are_refused_at_once)
{
    static h1_head head;
    static const refusal rows[] = {
        {400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11},
        {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
        {400, "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", 0},
        {400, "\r\n\r\n\x00\r\nQUIT\n", 12},
        {400, "SSH-2.0-OpenSSH_9.2\r\n", 0},
        {400, "{\"json\": true}\n", 0},
        {400, "EHLO mail.example.org\r\n", 0},
        {400, "\x80\x2e\x01\x03\x01", 5},
    };
    CHECK_REFUSALS(rows);
    size_t used = 0;
    CHECK_INT(parse(&head, &limits, rows[0].text, 1, &used), H1_ERROR);
}

TEST(threat_028_upgrade_is_reported_only_with_its_connection_token)
{
    static const struct {
        const char *text;
        bool has_upgrade;
    } rows[] = {
        {POST_WITH("Upgrade: websocket\r\nConnection: Upgrade"), true},
        {POST_WITH("Connection: keep-alive,\tUPGRADE\r\nUpgrade: h2c, websocket"), true},
        {POST_WITH("Connection: close\r\nUpgrade: h2c\r\nConnection: x, upgrade"), true},
        {POST_WITH("Upgrade: websocket"), false},
        {POST_WITH("Connection: upgrade"), false},
        {POST_WITH("Upgrade: websocket\r\nConnection: upgraded, \"upgrade\", up grade"), false},
    };
    static h1_head head;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        must_parse(&head, rows[i].text);
        CHECK_INT(head.has_upgrade, rows[i].has_upgrade);
    }
}

TEST(threat_029_connection_never_removes_a_header)
{
    static h1_head head;
    must_parse(&head, POST_WITH("Connection: close, Authorization, Cookie, X-Forwarded-For, Host\r\n"
                                "Authorization: secret\r\nCookie: a=b\r\nX-Forwarded-For: 192.0.2.1"));
    CHECK_INT(head.request.header_count, 5);
    unsigned from = 0;
    CHECK(http_request_header(&head.request, "authorization", 13, &from) == &head.headers[2]);
    check_str(head.request.host, "a");
    CHECK(!head.keep_alive);
}

TEST(connection_tokens_decide_about_keep_alive)
{
    static const struct {
        const char *text;
        bool keep_alive;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: , CLOSE ,\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection:\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nProxy-Connection: close\r\n\r\n", true},
    };
    static h1_head head;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        must_parse(&head, rows[i].text);
        CHECK_INT(head.keep_alive, rows[i].keep_alive);
    }
}

TEST(header_names_are_compared_in_full)
{
    static h1_head head;
    must_parse(
        &head,
        POST_WITH("Contant-Length: 1\r\nContent-Lengty: 2\r\nContentxLength: 3\r\nXontent-Length: 4\r\n"
                  "Transfer-Encodinx: x\r\nTransferxEncoding: x\r\nHosx: b\r\nConnectiox: close\r\n"
                  "Expecx: y\r\nUpgradx: z\r\nXpgrade: z"));
    CHECK(!head.request.has_length && !head.is_chunked && head.keep_alive);
    CHECK_INT(head.request.header_count, 12);
    must_parse(&head, "POST / HTTP/1.1\r\nhOsT: a\r\ncOnTeNt-LeNgTh: 7\r\ncOnNeCtIoN: cLoSe\r\n\r\n");
    CHECK(head.request.has_length && head.request.length == 7 && !head.keep_alive);
}

TEST(fields_are_found_one_after_the_other)
{
    static h1_head head;
    must_parse(&head, POST_WITH("Accept: a\r\nCookie: b\r\naccept: c"));
    unsigned from = 0;
    const http_header *field = http_request_header(&head.request, "Accept", 6, &from);
    CHECK(field != NULL);
    CHECK_BYTES(field->value, field->value_len, "a", 1);
    field = http_request_header(&head.request, "Accept", 6, &from);
    CHECK(field != NULL);
    CHECK_BYTES(field->value, field->value_len, "c", 1);
    CHECK(http_request_header(&head.request, "Accept", 6, &from) == NULL);
    CHECK(http_request_header(&head.request, "Accept", 6, &from) == NULL);
}

static uint32_t random_state = 1;

static uint32_t next_random(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

TEST(every_scan_kit_reads_mutated_heads_alike)
{
    static const char odd[] = "\r\n\t :/?%\\.#_\x7f\x80\0,;[]@";
    static h1_head seen[SCAN_KITS];
    const scan_kit *kits[SCAN_KITS];
    unsigned count = scan_kits(kits);
    int refused = 0;
    for (int round = 0; round < 30000; round++) {
        const char *text = good_heads[next_random() % (sizeof good_heads / sizeof *good_heads)];
        size_t len = strlen(text), used[SCAN_KITS];
        char *data = malloc(len);
        h1_result results[SCAN_KITS] = {H1_PARTIAL};
        memcpy(data, text, len);
        for (uint32_t i = next_random() % 4; i > 0; i--)
            data[next_random() % len] =
                next_random() % 2 == 0 ? odd[next_random() % (sizeof odd - 1)] : (char)next_random();
        size_t given = next_random() % 4 == 0 ? next_random() % len : len;
        for (unsigned k = 0; k < count; k++) {
            scan_best = kits[k];
            used[k] = 0;
            results[k] = h1_head_parse(&seen[k], &limits, data, given, &used[k]);
            CHECK_INT(results[k], results[0]);
            CHECK_INT(used[k], used[0]);
            if (results[0] == H1_ERROR)
                CHECK(seen[k].status == seen[0].status && seen[k].reason == seen[0].reason);
            if (results[0] == H1_COMPLETE)
                CHECK(is_same(&seen[0], data, &seen[k], data));
        }
        refused += results[0] == H1_ERROR;
        free(data);
    }
    CHECK(refused > 1000 && refused < 29000); /* both kinds occurred */
}
