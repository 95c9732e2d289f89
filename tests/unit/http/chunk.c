#include "http/h1/chunk.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>

static const h1_chunk_limits limits = {.body_bytes = 1 << 20, .overhead_bytes = 64, .trailer_bytes = 64};

typedef struct outcome {
    h1_chunk_result result;
    int status;
    size_t used, len;
    char body[4096];
} outcome;

/** Decodes `text` in pieces of `piece` bytes, each in a heap block of exactly its size. */
static void decode(outcome *o, const h1_chunk_limits *with, const char *text, size_t len, size_t piece)
{
    h1_chunk c = {0};
    *o = (outcome){.result = H1_CHUNK_MORE};
    while (o->used < len && o->result == H1_CHUNK_MORE) {
        size_t n = len - o->used < piece ? len - o->used : piece, used = 0, given = n;
        char *block = malloc(n);
        memcpy(block, text + o->used, n);
        o->result = h1_chunk_decode(&c, with, block, &n, &used);
        CHECK(used <= given && n <= used && o->len + n <= sizeof o->body);
        CHECK(o->result != H1_CHUNK_MORE || used == given);
        memcpy(o->body + o->len, block, n);
        o->len += n;
        o->used += used;
        free(block);
    }
    o->status = o->result == H1_CHUNK_ERROR ? c.status : 0;
    CHECK(o->result != H1_CHUNK_ERROR || c.reason != NULL);
    CHECK_INT(c.decoded, o->len);
}

/** `text` decodes to `body` at any split, and `rest` at its end is not consumed. */
static void check_decodes(const h1_chunk_limits *with, const char *text, const char *rest, const char *body)
{
    static outcome o;
    for (size_t piece = 1; piece <= strlen(text); piece++) {
        decode(&o, with, text, strlen(text), piece);
        if (o.result != H1_CHUNK_END)
            check_fail(__FILE__, __LINE__, "result %d, status %d in pieces of %zu: %s", (int)o.result,
                       o.status, piece, text);
        CHECK_BYTES(o.body, o.len, body, strlen(body));
        CHECK_INT(o.used, strlen(text) - strlen(rest));
    }
}

typedef struct refusal {
    int status;
    const char *text;
    size_t len; /* 0: strlen */
} refusal;

/** Every row ends in an error with its status, at the same byte however it is split. */
static void check_refusals(const refusal *rows, size_t count)
{
    static outcome o;
    for (size_t i = 0; i < count; i++) {
        size_t len = rows[i].len != 0 ? rows[i].len : strlen(rows[i].text), at = 0;
        for (size_t piece = len; piece >= 1; piece--) {
            decode(&o, &limits, rows[i].text, len, piece);
            if (o.result != H1_CHUNK_ERROR || o.status != rows[i].status)
                check_fail(__FILE__, __LINE__, "row %zu: result %d, status %d, not %d, in pieces of %zu", i,
                           (int)o.result, o.status, rows[i].status, piece);
            if (piece == len)
                at = o.used;
            CHECK_INT(o.used, at);
        }
    }
}

#define CHECK_REFUSALS(rows) check_refusals(rows, sizeof(rows) / sizeof *(rows))

TEST(chunks_are_joined_at_any_split)
{
    check_decodes(&limits, "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\nGET /", "GET /", "hello world");
    check_decodes(&limits, "0\r\n\r\n", "", "");
    check_decodes(&limits, "00A\r\n0123456789\r\n000;last\r\n\r\n", "", "0123456789");
    check_decodes(&limits, "1; a ; b = c;d=\"\"\t;e\r\nx\r\n0;a=\"\\\"\\\\\"\r\n\r\n", "", "x");
    check_decodes(&limits, "3;q=\"\xe9 \t;\"\r\n\r\n\n\r\n0000000000000000\r\n\r\n", "", "\r\n\n");
}

TEST(chunk_trailers_are_checked_and_dropped)
{
    check_decodes(&limits, "1\r\nx\r\n0\r\nA_b: c\r\n_: d\r\n\r\n", "", "x");
    check_decodes(&limits, "1\r\nx\r\n0\r\nA: b\r\nEmpty:\r\nC:\td\x80\r\n\r\n", "", "x");
}

TEST(chunk_decoder_stays_ended_and_stays_failed)
{
    h1_chunk c = {0};
    char good[] = "0\r\n\r\nx", bad[] = "zz";
    size_t len = 6, used = 0;
    CHECK_INT(h1_chunk_decode(&c, &limits, good, &len, &used), H1_CHUNK_END);
    len = 1;
    CHECK_INT(h1_chunk_decode(&c, &limits, good + 5, &len, &used), H1_CHUNK_END);
    CHECK(len == 0 && used == 0);
    c = (h1_chunk){0};
    len = 2;
    CHECK_INT(h1_chunk_decode(&c, &limits, bad, &len, &used), H1_CHUNK_ERROR);
    CHECK_INT(used, 1);
    len = 1;
    CHECK_INT(h1_chunk_decode(&c, &limits, bad + 1, &len, &used), H1_CHUNK_ERROR);
    CHECK(len == 0 && used == 0 && c.status == 400);
}

TEST(chunk_body_limit_is_413_before_the_body_comes)
{
    const h1_chunk_limits small = {.body_bytes = 6, .overhead_bytes = 64, .trailer_bytes = 0};
    static outcome o;
    check_decodes(&small, "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", "", "abcdef");
    decode(&o, &small, "3\r\nabc\r\n4\r\n", 11, 11);
    CHECK_INT(o.status, 413);
    decode(&o, &small, "ffffffffffffffff\r\n", 18, 18);
    CHECK_INT(o.status, 413);
    decode(&o, &small, "1\r\na\r\nffffffffffffffff;", 23, 1);
    CHECK_INT(o.status, 413);
}

TEST(chunk_trailer_limit_is_exact)
{
    h1_chunk_limits with = limits;
    with.trailer_bytes = 12;
    check_decodes(&with, "0\r\na: b\r\nc: d\r\n\r\n", "", "");
    static outcome o;
    for (with.trailer_bytes = 0; with.trailer_bytes < 12; with.trailer_bytes++) {
        decode(&o, &with, "0\r\na: b\r\nc: d\r\n\r\n", 17, 1);
        CHECK_INT(o.status, 431);
    }
}

TEST(chunks_of_one_byte_pass_for_a_full_body)
{
    h1_chunk c = {0};
    for (uint64_t i = 0; i < limits.body_bytes; i++) {
        char text[] = "1\r\nx\r\n";
        size_t len = 6, used = 0;
        if (h1_chunk_decode(&c, &limits, text, &len, &used) != H1_CHUNK_MORE)
            check_fail(__FILE__, __LINE__, "chunk %llu: %s", (unsigned long long)i, c.reason);
    }
    CHECK_INT(c.decoded, limits.body_bytes);
    char last[] = "0\r\n\r\n";
    size_t len = 5, used = 0;
    CHECK_INT(h1_chunk_decode(&c, &limits, last, &len, &used), H1_CHUNK_END);
}

TEST(threat_011_a_bare_lf_is_refused_everywhere_in_a_chunked_body)
{
    static const refusal rows[] = {
        {400, "5\nhello\r\n0\r\n\r\n", 0},    {400, "5\r\nhello\n0\r\n\r\n", 0},
        {400, "5\r\nhello\r\n0\n\r\n", 0},    {400, "5\r\nhello\r\n0\r\n\n", 0},
        {400, "0\r\nA: b\n\r\n", 0},          {400, "0\r\nA: b\r\n\n", 0},
        {400, "5\rhello\r\n0\r\n\r\n", 0},    {400, "5\r\nhello\r0\r\n\r\n", 0},
        {400, "5\r\nhelloX\r\n0\r\n\r\n", 0}, {400, "5\r\nhello\r\n0\r\nA: b\rC\r\n\r\n", 0},
        {400, "2\r\nhello\r\n0\r\n\r\n", 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_012_control_bytes_in_chunk_extensions_are_refused)
{
    static const refusal rows[] = {
        {400, "5;a\nhello\r\n", 0},
        {400, "5;a\rhello\r\n", 0},
        {400, "5;a\0b\r\nhello\r\n", 15},
        {400, "5;a=\x01\r\nhello\r\n", 0},
        {400, "5;a=\x7f\r\nhello\r\n", 0},
        {400, "5;a=\"x\ny\"\r\nhello\r\n", 0},
        {400, "5;\n\r\nhello\r\n", 0},
        {400, "5;a\r\r\nhello\r\n", 0},
        {400, "0;a\n\r\n", 0},
        {400, "5;\r\nhello\r\n", 0},
        {400, "5; \r\nhello\r\n", 0},
        {400, "5;a;\r\nhello\r\n", 0},
        {400, "5;;a\r\nhello\r\n", 0},
        {400, "5;bad[=x\r\nhello\r\n", 0},
        {400, "5;a=\r\nhello\r\n", 0},
        {400, "5;a==b\r\nhello\r\n", 0},
        {400, "5;=b\r\nhello\r\n", 0},
        {400, "5;a=b=c\r\nhello\r\n", 0},
        {400, "5;a b\r\nhello\r\n", 0},
        {400, "5;a \r\nhello\r\n", 0},
        {400, "5;a=b \r\nhello\r\n", 0},
        {400, "5;a=b c\r\nhello\r\n", 0},
        {400, "5;a=\"b\r\nhello\r\n", 0},
        {400, "5;a=\"b\"c\r\nhello\r\n", 0},
        {400, "5;a=\"b\\\"\r\nhello\r\n", 0},
        {400, "5;a=b\"\r\nhello\r\n", 0},
        {400, "5;a\xe9\r\nhello\r\n", 0},
        {400, "5,a\r\nhello\r\n", 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_013_chunk_extensions_and_padded_sizes_are_limited)
{
    static outcome o;
    size_t len = 65536;
    char *big = malloc(len);
    memset(big, 'e', len);
    memcpy(big, "5;", 2);
    for (size_t piece = 1; piece <= len; piece *= 4) {
        decode(&o, &limits, big, len, piece);
        CHECK_INT(o.status, 400);
        CHECK_INT(o.used, 2 + 64 + 1); /* including the first byte over the limit */
    }
    h1_chunk c = {0};
    size_t chunks = 0, n = 0, used = 0;
    h1_chunk_result result = H1_CHUNK_MORE;
    for (; result == H1_CHUNK_MORE && chunks < 1000; chunks++) {
        n = (size_t)snprintf(big, len, "1;ext\r\nx\r\n");
        result = h1_chunk_decode(&c, &limits, big, &n, &used);
    }
    CHECK_INT(result, H1_CHUNK_ERROR);
    CHECK_INT(chunks, 64 / 3 + 1); /* the extensions of all chunks together */
    c = (h1_chunk){0};
    result = H1_CHUNK_MORE;
    for (chunks = 0; result == H1_CHUNK_MORE && chunks < 100000; chunks++) {
        n = (size_t)snprintf(big, len, "0000000000000001\r\nx\r\n");
        result = h1_chunk_decode(&c, &limits, big, &n, &used);
    }
    CHECK_INT(result, H1_CHUNK_ERROR);
    CHECK(chunks < 200);
    free(big);
}

TEST(threat_014_malformed_chunk_sizes_are_refused)
{
    static const refusal rows[] = {
        {400, "\r\n", 0},
        {400, "0x5\r\nhello\r\n", 0},
        {400, "-1\r\n", 0},
        {400, "+5\r\nhello\r\n", 0},
        {400, " 5\r\nhello\r\n", 0},
        {400, "5 \r\nhello\r\n", 0},
        {400, "5\t;a\r\nhello\r\n", 0},
        {400, ";a\r\n", 0},
        {400, "5_0\r\n", 0},
        {400, "5,5\r\n", 0},
        {400, "g\r\n", 0},
        {400, "\xef\xbc\x95\r\n", 0}, /* a full-width digit */
        {400, "00000000000000005\r\nhello\r\n", 0},
        {400, "ffffffffffffffffffff\r\n", 0},
        {413, "ffffffffffffffff\r\n", 0},
        {413, "8000000000000000\r\n", 0},
        {413, "100001\r\n", 0},
    };
    CHECK_REFUSALS(rows);
}

TEST(threat_015_a_body_without_its_last_chunk_never_ends)
{
    static outcome o;
    const char text[] = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        decode(&o, &limits, text, len, len + 1);
        CHECK_INT(o.result, H1_CHUNK_MORE);
    }
}

TEST(threat_016_trailer_fields_are_never_given_out)
{
    check_decodes(&limits, "2\r\nok\r\n0\r\nContent-Length: 9\r\nHost: evil\r\nAuthorization: x\r\n\r\n", "",
                  "ok");
    static const refusal rows[] = {
        {400, "0\r\n: b\r\n\r\n", 0},
        {400, "0\r\nA : b\r\n\r\n", 0},
        {400, "0\r\n A: b\r\n\r\n", 0},
        {400, "0\r\nA: b\r\n folded\r\n\r\n", 0},
        {400, "0\r\nA\r\n\r\n", 0},
        {400, "0\r\nA_(: c\r\n\r\n", 0},
        {400, "0\r\nA: \x01\r\n\r\n", 0},
        {400, "0\r\nA: b\0\r\n\r\n", 12},
        {431, "0\r\nA: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n\r\n", 0},
    };
    CHECK_REFUSALS(rows);
}
