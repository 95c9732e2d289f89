#include "http/h1_head.h"

#include "check.h"
#include "http/scan.h"

#include <stdio.h>
#include <stdlib.h>

static const h1_limits limits = {.head_bytes = 16384, .target_bytes = 8192, .fields = H1_FIELDS_MAX};

/** Parses a heap copy of exactly `len` bytes, so that a read past them is seen by AddressSanitizer. The copy
 * stays allocated until the test's process ends: the head points into it. */
static h1_result parse(h1_head *head, const h1_limits *with, const char *text, size_t len, size_t *used)
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

/** Every row is refused with its status, whether it comes whole or byte by byte; and once refused stays so.
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
    CHECK_INT(head.method, HTTP_GET);
    CHECK_INT(head.minor_version, 1);
    check_str(head.method_text, "GET");
    check_str(head.path, "/a/b");
    check_str(head.query, "x=1&y");
    check_str(head.host, "example.org:8080");
    CHECK(head.keep_alive && head.path_is_plain);
    CHECK(!head.has_length && !head.is_chunked && !head.expects_continue && !head.has_upgrade);
    CHECK(!head.is_asterisk);
    CHECK_INT(head.length, 0);
    CHECK_INT(head.field_count, 3);
    CHECK_BYTES(head.fields[1].name, head.fields[1].name_len, "Accept", 6);
    CHECK_BYTES(head.fields[1].value, head.fields[1].value_len, "text/html", 9);
    CHECK_INT(head.fields[2].value_len, 0);
}

TEST(head_fields_beyond_the_count_are_left_alone)
{
    h1_head head;
    memset(&head, 0xa5, sizeof head);
    must_parse(&head, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_INT(head.field_count, 1);
    for (const char *byte = (const char *)&head.fields[1]; byte != (const char *)(&head.fields + 1); byte++)
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

/** Whether two heads of the same bytes at different places say the same. */
static bool is_same(const h1_head *a, const char *a_data, const h1_head *b, const char *b_data)
{
    bool same = a->method == b->method && a->minor_version == b->minor_version &&
                a->keep_alive == b->keep_alive && a->has_length == b->has_length &&
                a->is_chunked == b->is_chunked && a->expects_continue == b->expects_continue &&
                a->has_upgrade == b->has_upgrade && a->is_asterisk == b->is_asterisk &&
                a->path_is_plain == b->path_is_plain && a->length == b->length &&
                a->path.len == b->path.len && a->query.len == b->query.len && a->host.len == b->host.len &&
                a->field_count == b->field_count;
    for (unsigned i = 0; same && i < a->field_count; i++)
        same = a->fields[i].name - a_data == b->fields[i].name - b_data &&
               a->fields[i].value - a_data == b->fields[i].value - b_data &&
               a->fields[i].name_len == b->fields[i].name_len &&
               a->fields[i].value_len == b->fields[i].value_len;
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
        CHECK_INT(used, len); /* what follows is the next request's */
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
        CHECK_INT(head.method, rows[i].method);
        check_str(head.method_text, rows[i].text);
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
        check_str(head.path, rows[i].path);
        check_str(head.query, rows[i].query);
        check_str(head.host, rows[i].host);
        CHECK_INT(head.path_is_plain, rows[i].is_plain);
        CHECK_INT(head.is_asterisk, rows[i].path[0] == '*');
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
