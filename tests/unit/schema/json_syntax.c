/* The grammar: what RFC 8259 requires (y), forbids (n) and leaves open (i), for both the checker and the
 * decoder. And the threats that concern JSON. */
#include "schema/json/json.h"

#include "check.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

TERN_MODEL(Account, (const char *, name), (int, age, .optional = true), (bool, is_admin, .read_only = true))
TERN_MODEL(Large,
    (tern_upload, a, .optional = true),
    (tern_upload, b, .optional = true),
    (tern_upload, c, .optional = true),
    (tern_upload, d, .optional = true),
    (tern_upload, e, .optional = true),
    (tern_upload, f, .optional = true))

static const place body = {NULL, "body", 0};

static tern_type *prepared(tern_type *type)
{
    buf problems = {0};
    if (!schema_prepare(type, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    buf_free(&problems);
    return type;
}

/** Processor time, so that other programs on the machine do not count. */
static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/** The result of one decoding: the code of its first fault, NULL when it is valid. */
typedef struct outcome {
    const char *code;
    unsigned faults;
    size_t arena_bytes;
    uint64_t took_ns;
} outcome;

/** The text is in a block of its exact size, followed by a NUL. */
static outcome decode(tern_type *type, void *out, const char *text, size_t len, const json_limits *limits)
{
    static arena memory;
    arena_free(&memory);
    arena_init(&memory, NULL, 0, SIZE_MAX);
    tern_faults faults;
    faults_init(&faults, &memory);
    char *copy = malloc(len + 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    prepared(type);
    uint64_t start = cpu_ns();
    bool ok = json_decode(type, out, (tern_str){copy, len}, limits, &body, &memory, &faults);
    outcome o = {.faults = faults.count,
                 .arena_bytes = memory.taken_bytes - (size_t)(memory.end - memory.next),
                 .took_ns = cpu_ns() - start};
    if (!ok) {
        CHECK(faults.first != NULL);
        o.code = faults.first->code;
    }
    free(copy);
    return o;
}

static const char *code_of(tern_type *type, const char *text)
{
    char out[512];
    return decode(type, out, text, strlen(text), NULL).code;
}

/** Whether the text is JSON: the checker, the decoder of free values, and a decoder that skips it must all
 * agree. */
static bool is_json(const char *text, size_t len)
{
    tern_any any;
    int64_t number;
    size_t offset = 0;
    char *copy = malloc(len != 0 ? len : 1); /* no byte after it may be read */
    memcpy(copy, text, len);
    bool checked = json_check((tern_str){copy, len}, NULL, &offset) == NULL;
    free(copy);
    const char *as_any = decode(TERN_TYPE(tern_any), &any, text, len, NULL).code;
    const char *as_number = decode(TERN_TYPE(tern_int64), &number, text, len, NULL).code;
    CHECK(checked == (as_any == NULL || strcmp(as_any, "duplicate") == 0));
    CHECK(checked == (as_number == NULL || strcmp(as_number, "not_json") != 0));
    CHECK(checked || offset <= len);
    return checked;
}

typedef struct sample {
    const char *text;
    size_t len;
} sample;
#define S(text)                                                                                              \
    {                                                                                                        \
        text, sizeof(text) - 1                                                                               \
    }

TEST(json_accepts_everything_that_the_rfc_requires)
{
    static const sample samples[] = {
        S("{}"),
        S("[]"),
        S("null"),
        S("true"),
        S("false"),
        S("0"),
        S("-0"),
        S("-1"),
        S("10"),
        S("\"\""),
        S(" \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n"),
        S("{ \"a\" : 1 , \"b\" : [ ] }"),
        S("1.5"),
        S("0.5"),
        S("-0.0"),
        S("1e5"),
        S("1E5"),
        S("1e+5"),
        S("1e-5"),
        S("1.5e0"),
        S("0e1"),
        S("0e+1"),
        S("1e00001"),
        S("123456789012345678901234567890"),
        S("0.00000000000000000000000000000000000001"),
        S("1e999999"),
        S("-1e-999999"),
        S("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
        S("\"\\u0000\""),
        S("\"\\u0012\\uABCD\\uabcd\""),
        S("\"\\ud83d\\ude39\\ud83d\\udc8d\""),
        S("\"\\udbff\\udfff\""),
        S("\"\\uFFFF\""),
        S("\"\\u005C\""),
        S("\"\x7f\""),
        S("\"\xc2\x80\""),
        S("\"\xe0\xa0\x80\""),
        S("\"\xed\x9f\xbf\xee\x80\x80\""),
        S("\"\xef\xbf\xbf\""),
        S("\"\xf0\x90\x80\x80\""),
        S("\"\xf4\x8f\xbf\xbf\""),
        S("\"\xe2\x80\xa8\""),
        S("\"a/*b*/c\""),
        S("[[],[[]],{\"\":{}}]"),
        S("[1,[2,[3,{\"a\":[4]}]]]"),
        S("{\"a\":null,\"b\":false}"),
        S("[\"\xef\xbb\xbf\"]"),
        S("[null, 1, \"1\", {}]"),
        S("[2] "),
        S("\"\\u0060\\u012a\\u12AB\""),
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        if (!is_json(samples[i].text, samples[i].len))
            check_fail(__FILE__, __LINE__, "%s is refused", samples[i].text);
}

static const sample forbidden[] = {
    S(""),
    S(" "),
    S("["),
    S("]"),
    S("{"),
    S("}"),
    S("[1"),
    S("[1,"),
    S("[1,]"),
    S("[,1]"),
    S("[1,,2]"),
    S("[1 2]"),
    S("[\"a\" \"b\"]"),
    S("{\"a\"}"),
    S("{\"a\":}"),
    S("{\"a\":1,}"),
    S("{,}"),
    S("{\"a\":1 \"b\":2}"),
    S("{1:1}"),
    S("{a:1}"),
    S("{\"a\"::1}"),
    S("{\"a\":1,,\"b\":2}"),
    S("{\"a\":1]"),
    S("[1}"),
    S("[[1]"),
    S("{\"a\":[1}"),
    S("{null:1}"),
    S("[}"),
    S("{]"),
    S("1]"),
    S("{}}"),
    S("[1],"),
    S("1 2"),
    S("{}{}"),
    S("01"),
    S("-01"),
    S("00"),
    S("+1"),
    S(".5"),
    S("-.5"),
    S("1."),
    S("1.e5"),
    S("1e"),
    S("1e+"),
    S("1eE2"),
    S("1.5e"),
    S("-"),
    S("--1"),
    S("-a"),
    S("1a"),
    S("0x10"),
    S("1_000"),
    S("1,000"),
    S("1.2.3"),
    S("1e1.5"),
    S("Infinity"),
    S("-Infinity"),
    S("NaN"),
    S("-NaN"),
    S("nan"),
    S("inf"),
    S("True"),
    S("NULL"),
    S("nul"),
    S("nulll"),
    S("tru"),
    S("truth"),
    S("fals"),
    S("undefined"),
    S("'a'"),
    S("\"a"),
    S("a\""),
    S("\""),
    S("\"\\\""),
    S("\"\\x41\""),
    S("\"\\a\""),
    S("\"\\'\""),
    S("\"\\0\""),
    S("\"\\U0041\""),
    S("\"\\u004\""),
    S("\"\\u004g\""),
    S("\"\\u 041\""),
    S("\"\\u\""),
    S("\"\n\""),
    S("\"\t\""),
    S("\"\x01\""),
    S("\"\x1f\""),
    S("\"a\0b\""),
    S("\0"),
    S("[1]\0"),
    S("[\0]"),
    S("// c\n1"),
    S("/* c */1"),
    S("1 // c"),
    S("[1 /* c */]"),
    S("# c\n1"),
    S("\xef\xbb\xbf{}"),
    S("\xff\xfe[\0]\0"),
    S("\xfe\xff\0[\0]"),
    S("\xa0[]"),
    S("\x0c[]"),
    S("[\x0b]"),
    S("\xe2\x80\xa8[]"),
    S("\"\\ud800\""),
    S("\"\\udc00\""),
    S("\"\\ud800\\ud800\""),
    S("\"\\ud800a\""),
    S("\"\\ud800\\n\""),
    S("\"\\udc00\\ud800\""),
    S("\"\\ud83d\\u00e9\""),
    S("\"\\ud800\\u\""),
    S("\"\x80\""),
    S("\"\xc0\x80\""),
    S("\"\xc1\xbf\""),
    S("\"\xc3\""),
    S("\"\xc3(\""),
    S("\"\xe0\x80\x80\""),
    S("\"\xe0\x9f\xbf\""),
    S("\"\xe2\x82\""),
    S("\"\xed\xa0\x80\""),
    S("\"\xed\xbf\xbf\""),
    S("\"\xf0\x80\x80\x80\""),
    S("\"\xf0\x8f\xbf\xbf\""),
    S("\"\xf4\x90\x80\x80\""),
    S("\"\xf5\x80\x80\x80\""),
    S("\"\xf8\x88\x80\x80\x80\""),
    S("\"\xff\""),
    S("\"\xfe\""),
    S("\"\xf0\x9f\x98\""),
    S("\"\xc3\\u00a9\""),
    S("{\"\xff\":1}"),
    S("{\"a\\ud800\":1}"),
    S("[\"a\xe9\"]"),
    S("\xe9"),
    S("*"),
    S("<null>"),
    S("[1:2]"),
    S("[1;2]"),
    S("{\"a\":1;}"),
    S("{\"a\" 1}"),
    S("{'a':1}"),
    S("[\"a\",\n4\n,1,"),
    S("\\u0061"),
    S("[\\n]"),
    S("()"),
};

TEST(json_refuses_everything_that_the_rfc_forbids)
{
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        if (is_json(forbidden[i].text, forbidden[i].len))
            check_fail(__FILE__, __LINE__, "%s is accepted", forbidden[i].text);
}

TEST(json_cut_short_is_refused_at_every_byte)
{
    static const char text[] = "{\"name\":\"a\\u00e9\\ud83d\\ude00\xf0\x9f\x98\x80\",\"age\": -12 }";
    for (size_t len = 0; len + 1 < sizeof text; len++) {
        Account account;
        CHECK(!is_json(text, len));
        CHECK_TEXT(decode(TERN_TYPE(Account), &account, text, len, NULL).code, "not_json");
    }
    CHECK(code_of(TERN_TYPE(Account), text) == NULL);
}

TEST(json_doubles_are_correctly_rounded)
{
    static const struct {
        const char *text;
        double want;
    } cases[] = {
        {"0.1", 0.1},
        {"1e22", 1e22},
        {"1e23", 1e23},
        {"5e-324", 5e-324},
        {"2e-324", 0},
        {"3e-324", 5e-324},
        {"1.7976931348623157e308", 1.7976931348623157e308},
        {"9007199254740993", 9007199254740992.0},
        {"9007199254740993.00000000000000000000000000000000001", 9007199254740994.0},
        {"-65.613616999999977", -65.613616999999977},
        {"1e-999999", 0},
        {"0e999999", 0},
        {"123E-2", 1.23},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double seen;
        CHECK(decode(TERN_TYPE(tern_double), &seen, cases[i].text, strlen(cases[i].text), NULL).code == NULL);
        CHECK(seen == cases[i].want);
    }
}

/* -- the threat list -- */

/** `count` times `piece`, between `before` and `after`; to be freed. */
static char *repeated(const char *before, const char *piece, size_t count, const char *after, size_t *len)
{
    size_t piece_len = strlen(piece);
    char *text = malloc(strlen(before) + piece_len * count + strlen(after) + 1), *at = text;
    at = stpcpy(at, before);
    for (size_t i = 0; i < count; i++, at += piece_len)
        memcpy(at, piece, piece_len);
    *len = (size_t)(stpcpy(at, after) - text);
    return text;
}

static void want_code(tern_type *type, const char *before, const char *piece, size_t count, const char *after,
                      const char *code)
{
    char out[512];
    size_t len;
    char *text = repeated(before, piece, count, after, &len);
    outcome o = decode(type, out, text, len, NULL);
    free(text);
    CHECK_TEXT(o.code, code);
    CHECK_INT(o.faults, code != NULL);
    CHECK(o.arena_bytes <= 8 * len + 4096 + 4096); /* and the first chunk of an arena for the fault */
}

TEST(threat_074_deep_nesting_is_refused_without_the_stack_overflowing)
{
    want_code(TERN_TYPE(tern_any), "", "[", 100000, "", "too_deep");
    want_code(TERN_TYPE(tern_any), "", "{\"a\":", 100000, "", "too_deep");
    want_code(TERN_TYPE(Account), "{\"x\":", "[{\"a\":", 100000, "", "too_deep");
    want_code(TERN_TYPE(tern_int64), "", "[", 100000, "", "too_deep");
    want_code(TERN_TYPE(tern_any), "", "[", 65, "", "too_deep");
    want_code(TERN_TYPE(tern_any), "", "[", 64, "", "not_json");
    json_limits deepest = {.depth = 100000};
    size_t len, offset;
    char *text = repeated("", "[", 100000, "", &len);
    CHECK(json_check((tern_str){text, len}, &deepest, &offset) != NULL && offset <= 256);
    free(text);
}

TEST(threat_074_typed_lists_and_maps_count_their_levels_too)
{
    static tern_type levels[300];
    for (unsigned i = 0; i < 300; i++)
        levels[i] = (tern_type){.kind = i % 2 ? TERN_KIND_LIST : TERN_KIND_MAP,
                                .name = "level",
                                .size = 16,
                                .item = i + 1 < 300 ? &levels[i + 1] : TERN_TYPE(tern_bool)};
    static const json_limits deepest = {.depth = 300};
    char *text, out[16];
    size_t len;
    text = repeated("", "{\"a\":[", 150, "", &len);
    outcome o = decode(&levels[0], out, text, len, &deepest);
    CHECK_TEXT(o.code, "too_deep");
    o = decode(&levels[0], out, text, 128 * 6, &deepest);
    CHECK_TEXT(o.code, "not_json"); /* 256 levels were accepted before the text ended */
    free(text);
}

TEST(threat_075_duplicate_keys_are_refused)
{
    CHECK_TEXT(code_of(TERN_TYPE(Account), "{\"name\":\"a\",\"name\":\"b\"}"), "duplicate");
    CHECK_TEXT(code_of(TERN_TYPE(Account), "{\"name\":\"a\",\"n\\u0061me\":\"a\"}"), "duplicate");
    CHECK_TEXT(code_of(TERN_TYPE(Account), "{\"name\":\"a\",\"is_admin\":true,\"is_admin\":false}"),
               "duplicate");
    CHECK_TEXT(code_of(TERN_TYPE(Account), "{\"name\":\"a\",\"age\":null,\"age\":1}"), "duplicate");
    CHECK_TEXT(code_of(TERN_TYPE(tern_int64_map), "{\"a\":1,\"b\":2,\"a\":1}"), "duplicate");
    CHECK_TEXT(code_of(TERN_TYPE(tern_int64_map), "{\"a\":1,\"b\":2,\"\\u0061\":1}"), "duplicate");
    CHECK_TEXT(code_of(TERN_TYPE(tern_int64_map),
                       "{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,"
                       "\"9\":9,\"10\":10,\"7\":0}"),
               "duplicate");
}

TEST(threat_075_duplicate_keys_inside_free_json_are_refused)
{
    static const char *const duplicate[] = {
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"b\":2,\"\\u0061\":1}",
        "{\"\\/\":1,\"/\":1}",
        "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":1}",
        "[{\"x\":{\"a\" : 1 , \"b\":[{\"a\":1}], \"a\" :2}}]",
        "{\"a\":{\"a\":1},\"b\":{\"a\":1},\"a\":3}",
        "{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"9\":9,\"10\":10,\"7\":0}",
    };
    static const char *const right[] = {
        "{\"a\":1,\"A\":1,\"\":1,\" \":1,\"a\\u0000\":1}",
        "{\"a\":{\"a\":{\"a\":\"a\"}},\"b\":[\"a\",\"a\",{\"a\":1},{\"a\":1}]}",
        "{\"a\":\"\\\"a\\\":1,\",\"b\":\":\",\"c\":\"}{\"}",
        "{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"9\":{\"7\":7},\"10\":10}",
        "\"{\\\"a\\\":1,\\\"a\\\":1}\"",
    };
    for (size_t i = 0; i < sizeof duplicate / sizeof *duplicate; i++)
        CHECK_TEXT(code_of(TERN_TYPE(tern_any), duplicate[i]), "duplicate");
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        CHECK_TEXT(code_of(TERN_TYPE(tern_any), right[i]), NULL);
}

/** An object of `count` different keys in the order of their numbers, and its first key again at the end. */
static char *many_keys(size_t count, size_t *len)
{
    char *text = malloc(count * 24 + 32), *at = text;
    *at++ = '{';
    for (size_t i = 0; i < count; i++)
        at += sprintf(at, "\"key%zu\":1,", i);
    at += sprintf(at, "\"key0\":2}");
    *len = (size_t)(at - text);
    return text;
}

TEST(threat_061_many_keys_take_linear_time)
{
    uint64_t small_ns = UINT64_MAX, large_ns = UINT64_MAX;
    for (unsigned turn = 0; turn < 5; turn++) {
        tern_int64_map map;
        size_t len;
        char *text = many_keys(10000, &len);
        outcome o = decode(TERN_TYPE(tern_int64_map), &map, text, len, NULL);
        CHECK(strcmp(o.code, "duplicate") == 0 && o.faults == 1);
        small_ns = o.took_ns < small_ns ? o.took_ns : small_ns;
        free(text);
        text = many_keys(100000, &len);
        o = decode(TERN_TYPE(tern_int64_map), &map, text, len, NULL);
        CHECK(strcmp(o.code, "duplicate") == 0 && o.faults == 1);
        large_ns = o.took_ns < large_ns ? o.took_ns : large_ns;
        free(text);
    }
    CHECK(large_ns < small_ns * 60); /* ten times the keys; a hundred times if quadratic */
}

TEST(threat_061_many_unknown_keys_are_counted_but_not_all_kept)
{
    size_t len;
    char *text = many_keys(100000, &len);
    Account account;
    outcome o = decode(TERN_TYPE(Account), &account, text, len, NULL);
    CHECK_TEXT(o.code, "unknown");
    CHECK_INT(o.faults, 100001 + 1); /* and the name is missing */
    CHECK(o.arena_bytes < 100000);
    free(text);
}

TEST(threat_076_numbers_are_exact_or_an_error)
{
    int64_t i;
    uint64_t u;
    double d;
    CHECK(decode(TERN_TYPE(tern_int64), &i, "9007199254740993", 16, NULL).code == NULL);
    CHECK(i == 9007199254740993);
    CHECK(decode(TERN_TYPE(tern_int64), &i, "9223372036854775807", 19, NULL).code == NULL && i == INT64_MAX);
    CHECK(decode(TERN_TYPE(tern_int64), &i, "-9223372036854775808", 20, NULL).code == NULL && i == INT64_MIN);
    CHECK(decode(TERN_TYPE(tern_uint64), &u, "18446744073709551615", 20, NULL).code == NULL &&
          u == UINT64_MAX);
    CHECK(decode(TERN_TYPE(tern_int64), &i, "-0", 2, NULL).code == NULL && i == 0);
    CHECK(decode(TERN_TYPE(tern_uint64), &u, "-0", 2, NULL).code == NULL && u == 0);
    CHECK(decode(TERN_TYPE(tern_double), &d, "-0", 2, NULL).code == NULL && d == 0 && signbit(d));
    CHECK_TEXT(code_of(TERN_TYPE(tern_int64), "9223372036854775808"), "out_of_range");
    CHECK_TEXT(code_of(TERN_TYPE(tern_int64), "-9223372036854775809"), "out_of_range");
    CHECK_TEXT(code_of(TERN_TYPE(tern_uint64), "18446744073709551616"), "out_of_range");
    CHECK_TEXT(code_of(TERN_TYPE(tern_uint64), "99999999999999999999"), "out_of_range");
    CHECK_TEXT(code_of(TERN_TYPE(tern_uint64), "100000000000000000000"), "out_of_range");
    CHECK_TEXT(code_of(TERN_TYPE(tern_double), "1e999999"), "out_of_range");
    CHECK_TEXT(code_of(TERN_TYPE(tern_double), "-1e999999"), "out_of_range");
    CHECK_TEXT(code_of(TERN_TYPE(tern_int64), "1e999999"), "out_of_range");
    CHECK_TEXT(code_of(TERN_TYPE(tern_int64), "1e-999999"), "not_int");
}

TEST(threat_076_a_hundred_thousand_digits_take_linear_time)
{
    static tern_type *const types[] = {TERN_TYPE(tern_int64), TERN_TYPE(tern_double), TERN_TYPE(tern_decimal),
                                       TERN_TYPE(tern_any)};
    static const char *const codes[] = {"out_of_range", "out_of_range", "not_decimal", NULL};
    for (size_t t = 0; t < 4; t++) {
        uint64_t small_ns = UINT64_MAX, large_ns = UINT64_MAX;
        for (unsigned turn = 0; turn < 5; turn++) {
            char out[16];
            size_t len;
            char *text = repeated("", "7", 100000, "", &len);
            outcome o = decode(types[t], out, text, 10000, NULL);
            small_ns = o.took_ns < small_ns ? o.took_ns : small_ns;
            o = decode(types[t], out, text, len, NULL);
            large_ns = o.took_ns < large_ns ? o.took_ns : large_ns;
            CHECK_TEXT(o.code, codes[t]);
            free(text);
        }
        CHECK(large_ns < small_ns * 40 + 100000);
    }
    double d;
    size_t len;
    char *text = repeated("0.", "3", 100000, "", &len);
    CHECK(decode(TERN_TYPE(tern_double), &d, text, len, NULL).code == NULL && d == 1.0 / 3);
    free(text);
}

TEST(threat_061_many_keys_of_free_json_take_linear_time)
{
    uint64_t small_ns = UINT64_MAX, large_ns = UINT64_MAX;
    for (unsigned turn = 0; turn < 3; turn++) {
        tern_any any;
        size_t len;
        char *text = many_keys(5000, &len);
        outcome o = decode(TERN_TYPE(tern_any), &any, text, len, NULL);
        CHECK(strcmp(o.code, "duplicate") == 0 && o.faults == 1);
        small_ns = o.took_ns < small_ns ? o.took_ns : small_ns;
        free(text);
        text = many_keys(200000, &len);
        o = decode(TERN_TYPE(tern_any), &any, text, len, NULL);
        CHECK(strcmp(o.code, "duplicate") == 0 && o.faults == 1);
        large_ns = o.took_ns < large_ns ? o.took_ns : large_ns;
        free(text);
    }
    CHECK(large_ns < small_ns * 400); /* 40 times the keys, partly outside the caches; 1600 if quadratic */
}

TEST(free_json_with_short_keys_fits_the_memory_of_its_text)
{
    static char text[64 * 1024];
    char *at = text;
    tern_any any;
    *at++ = '{';
    for (unsigned i = 0; i < 62 * 62; i++) { /* as many keys as possible in as little text */
        static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        at += sprintf(at, "%s\"%c%c\":1", i > 0 ? "," : "", letters[i / 62], letters[i % 62]);
    }
    *at++ = '}';
    CHECK_TEXT(decode(TERN_TYPE(tern_any), &any, text, (size_t)(at - text), NULL).code, NULL);
}

TEST(free_json_survives_every_failed_allocation)
{
    size_t len;
    char *text = many_keys(200, &len);
    text[len - 10] = '}'; /* without the duplicate */
    len -= 9;
    text[len] = '\0';
    tern_any any;
    prepared(TERN_TYPE(tern_any));
    CHECK_TEXT(decode(TERN_TYPE(tern_any), &any, text, len, NULL).code, NULL);
    bool done = false;
    for (unsigned long n = 1; !done; n++) {
        arena memory;
        tern_faults faults;
        arena_init(&memory, NULL, 0, SIZE_MAX);
        faults_init(&faults, &memory);
        mem_fail_at(n, 0);
        done = json_decode(TERN_TYPE(tern_any), &any, (tern_str){text, len}, NULL, &body, &memory, &faults);
        mem_fail_at(0, 0);
        CHECK(done || faults.is_memory_short);
        arena_free(&memory);
        CHECK(n < 20);
    }
    free(text);
}

TEST(threat_077_text_is_utf8_without_nul_or_lone_surrogates)
{
    CHECK_TEXT(code_of(TERN_TYPE(Account), "{\"name\":\"a\\ud800\"}"), "not_json");
    CHECK_TEXT(code_of(TERN_TYPE(Account), "{\"name\":\"a\\udc00b\"}"), "not_json");
    CHECK_TEXT(code_of(TERN_TYPE(Account), "{\"name\":\"\xc0\xaf\"}"), "not_json");
    CHECK_TEXT(code_of(TERN_TYPE(Account), "\xef\xbb\xbf{\"name\":\"a\"}"), "not_json");
    CHECK_TEXT(code_of(TERN_TYPE(Account), "{\"name\":\"admin\\u0000x\"}"), "nul_in_text");
    CHECK_TEXT(code_of(TERN_TYPE(Account), "{\"name\\u0000\":\"x\"}"), "unknown");
    CHECK_TEXT(code_of(TERN_TYPE(tern_text_map), "{\"a\\u0000b\":\"x\"}"), "nul_in_text");
    Account account;
    static const char raw_nul[] = "{\"name\":\"a\0b\"}", utf16[] = "\xff\xfe{\0\"\0}\0";
    CHECK_TEXT(decode(TERN_TYPE(Account), &account, raw_nul, sizeof raw_nul - 1, NULL).code, "not_json");
    CHECK_TEXT(decode(TERN_TYPE(Account), &account, utf16, sizeof utf16 - 1, NULL).code, "not_json");
}

TEST(threat_078_only_json_is_json)
{
    static const char *const texts[] = {"{\"name\":\"a\"} x", "{\"name\":\"a\"}{}",   "{\"name\":NaN}",
                                        "{\"age\":Infinity}", "{\"name\":\"a\",}",    "{\"name\":'a'}",
                                        "{name:\"a\"}",       "{\"name\":\"a\"/**/}", "{\"name\":\"a\"//\n}",
                                        "{\"age\":+1}",       "{\"age\":01}",         "{\"age\":0x1}",
                                        "{\"age\":1.}",       "{\"age\":.5}",         "{\"age\":-}",
                                        "{\"age\":1 2}",      "{\"name\":\"a\"]"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK_TEXT(code_of(TERN_TYPE(Account), texts[i]), "not_json");
}

TEST(threat_079_memory_is_at_most_eight_times_the_text)
{
    want_code(TERN_TYPE(Large_list), "[{}", ",{}", 100000, "]", "too_costly");
    want_code(TERN_TYPE(tern_any_list), "[1", ",1", 100000, "]", NULL);
    want_code(TERN_TYPE(tern_int64_list), "[1", ",1", 100000, "]", NULL);
    want_code(TERN_TYPE(tern_text_list), "[\"\"", ",\"\"", 100000, "]", NULL);
    static tern_type lists = {
        .kind = TERN_KIND_LIST, .name = "list", .size = 16, .item = &tern_int64_list_type};
    want_code(&lists, "[[]", ",[]", 100000, "]", NULL);
    want_code(&lists, "[[1,2]", ",[1,2]", 100000, "]", NULL);
}

TEST(threat_079_ten_million_values_are_too_many)
{
    want_code(TERN_TYPE(tern_uint8_list), "[1", ",1", 10000000, "]", "too_many_values");
    want_code(TERN_TYPE(tern_any), "[1", ",1", 10000000, "]", "too_many_values");
    want_code(TERN_TYPE(tern_int64), "[1", ",1", 10000000, "]", "too_many_values");
    static const json_limits few = {.items = 3};
    tern_any any;
    CHECK(decode(TERN_TYPE(tern_any), &any, "{\"a\":[1,2]}", 11, &few).code == NULL);
    CHECK_TEXT(decode(TERN_TYPE(tern_any), &any, "{\"a\":[1,2,3]}", 13, &few).code, "too_many_values");
}

TEST(threat_099_only_declared_fields_bind)
{
    Account account;
    CHECK_TEXT(code_of(TERN_TYPE(Account), "{\"name\":\"a\",\"role\":\"admin\"}"), "unknown");
    static const char text[] = "{\"name\":\"a\",\"is_admin\":true}";
    CHECK(decode(TERN_TYPE(Account), &account, text, sizeof text - 1, NULL).code == NULL);
    CHECK(!account.is_admin);
}
