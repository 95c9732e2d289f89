/* JSON of unknown shape: parsing, looking up, building, printing. */
#include "schema/value/value.h"

#include "check.h"

#include "base/clock.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

TERN_MODEL(Point, (double, x), (double, y), (const char *, name, .optional = true))

static arena a;

__attribute__((constructor)) static void begin(void)
{
    arena_init(&a, NULL, 0, SIZE_MAX);
}

static value_error error;

static tern_value *parse_bytes(const char *text, size_t len)
{
    char *copy = arena_text(&a, text, len);
    CHECK(copy != NULL);
    return value_parse(&a, (tern_str){copy, len}, NULL, &error);
}

static tern_value *parse(const char *text)
{
    tern_value *value = parse_bytes(text, strlen(text));
    if (value == NULL)
        check_fail(__FILE__, __LINE__, "%.60s: %s", text, error.message);
    return value;
}

static const char *printed_with(const tern_value *value, unsigned indent)
{
    json_out out;
    json_out_init(&out, &a, 0);
    CHECK(value_print(value, &out, indent));
    CHECK(json_out_reserve(&out, 1));
    out.data[out.len] = '\0';
    return out.data;
}

static const char *printed(const tern_value *value)
{
    return printed_with(value, 0);
}

TEST(value_prints_what_it_parsed)
{
    static const struct {
        const char *text, *want; /* NULL: the same */
    } cases[] = {
        {"null", NULL},
        {" true ", "true"},
        {"false", NULL},
        {"0", NULL},
        {"-0", NULL},
        {"-1", NULL},
        {"9223372036854775807", NULL},
        {"-9223372036854775808", NULL},
        {"18446744073709551615", NULL},
        {"18446744073709551616", NULL},
        {"-9223372036854775809", NULL},
        {"1e999", NULL},
        {"1e-999", NULL},
        {"0e-999", "0"},
        {"0.123456789012345678901234567890", NULL},
        {"0.10", "0.1"},
        {"1E3", "1000"},
        {"1.5e300", NULL},
        {"\"\"", NULL},
        {"\"a\\u00e9\\ud83d\\ude00\\/\\n\"", "\"aé😀/\\n\""},
        {"\"a\\u0000b\"", NULL},
        {"[]", NULL},
        {"{}", NULL},
        {" [ 1 , [ ] , { } , [ [ 2 ] ] ] ", "[1,[],{},[[2]]]"},
        {"{\"a\":{\"b\":[1,{\"c\":null}]},\"\":\"x\"}", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(printed(parse(cases[i].text)), cases[i].want != NULL ? cases[i].want : cases[i].text);
}

TEST(value_prints_with_indentation)
{
    CHECK_TEXT(printed_with(parse("{\"a\":[1,{\"b\":[]}],\"c\":{}}"), 2),
               "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}");
}

TEST(value_refuses_text_that_is_not_json_and_reports_where)
{
    static const struct {
        const char *text, *code;
        unsigned line, column;
    } cases[] = {
        {"", "not_json", 1, 1},
        {"[1,]", "not_json", 1, 4},
        {"[1 2]", "not_json", 1, 4},
        {"{\"a\":1,}", "not_json", 1, 8},
        {"{\"a\" 1}", "not_json", 1, 6},
        {"{a:1}", "not_json", 1, 2},
        {"{\n\"a\":\n  nul}", "not_json", 3, 3},
        {"[\"a\\n\\n\",\n x]", "not_json", 2, 2},
        {"1 2", "not_json", 1, 3},
        {"[", "not_json", 1, 2},
        {"[[", "not_json", 1, 3},
        {"{\"a\":", "not_json", 1, 6},
        {"\"a", "not_json", 1, 3},
        {"01", "not_json", 1, 3},
        {"'a'", "not_json", 1, 1},
        {"NaN", "not_json", 1, 1},
        {"]", "not_json", 1, 1},
        {"{\"a\":1,\"b\":2,\"a\":3}", "duplicate", 1, 15},
        {"{\"a\":1,\n\"a\":2,\n\"b\":\"x\\ny\"}", "duplicate", 2, 2},
        {"{\"b\":\"\\n\",\"a\":1,\"a\":2,\"c\":\"\\n\"}", "duplicate", 1, 18},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (parse_bytes(cases[i].text, strlen(cases[i].text)) != NULL)
            check_fail(__FILE__, __LINE__, "%s was parsed", cases[i].text);
        CHECK_TEXT(error.code, cases[i].code);
        if (error.line != cases[i].line || error.column != cases[i].column)
            check_fail(__FILE__, __LINE__, "%s: line %u, column %u: %s", cases[i].text, error.line,
                       error.column, error.message);
    }
}

TEST(threat_077_lone_surrogates_and_bytes_that_are_not_utf8_are_refused_in_a_tree)
{
    static const char *const texts[] = {"\"\\ud800\"",    "\"\\udc00\\ud800\"", "\"\\ud800\\u0041\"",
                                        "\"\xff\"",       "\"\xc0\x80\"",       "\"\xed\xa0\x80\"",
                                        "\xef\xbb\xbf{}", "[\"a\nb\"]"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK(parse_bytes(texts[i], strlen(texts[i])) == NULL);
    CHECK(parse_bytes("\"a\0b\"", 5) == NULL);
    CHECK(parse_bytes("1\0", 2) == NULL);
}

TEST(threat_077_a_nul_never_makes_a_text_shorter)
{
    const tern_value *v = parse("{\"ok\":\"b\",\"a\":\"x\\u0000y\"}");
    CHECK_TEXT(tern_value_text(tern_value_get(v, "a"), "fallback"), "fallback");
    CHECK_BYTES(tern_value_str(tern_value_get(v, "a")).data, tern_value_str(tern_value_get(v, "a")).len,
                "x\0y", 3);
    CHECK(parse_bytes("{\"a\\u0000b\":1}", 14) == NULL);
}

TEST(threat_074_deep_nesting_is_refused_in_a_tree)
{
    static char text[100000];
    memset(text, '[', sizeof text);
    CHECK(parse_bytes(text, sizeof text) == NULL);
    CHECK_TEXT(error.code, "too_deep");
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    CHECK(parse_bytes(text, 128) != NULL);
    CHECK(parse_bytes(text, 127) == NULL);
}

TEST(threat_076_numbers_stay_exact)
{
    const tern_value *v =
        parse("[9007199254740993,18446744073709551615,18446744073709551616,0.1,1e999999,1.0,-0,1e2,-1,"
              "0.30000000000000004]");
    CHECK_INT(tern_value_int(tern_value_at(v, 0), 0), 9007199254740993);
    CHECK_INT(tern_value_int(tern_value_at(v, 1), 7), 7);
    CHECK(tern_value_uint(tern_value_at(v, 1), 7) == UINT64_MAX);
    CHECK(tern_value_uint(tern_value_at(v, 2), 7) == 7);
    CHECK(tern_value_double(tern_value_at(v, 2), 7) == 0x1p64);
    CHECK(tern_value_double(tern_value_at(v, 3), 7) == 0.1);
    CHECK_INT(tern_value_int(tern_value_at(v, 3), 7), 7);
    CHECK(tern_value_double(tern_value_at(v, 4), 7) == 7);
    CHECK_INT(tern_value_int(tern_value_at(v, 5), 0), 1);
    CHECK(signbit(tern_value_double(tern_value_at(v, 6), 7)));
    CHECK_INT(tern_value_uint(tern_value_at(v, 7), 0), 100);
    CHECK_INT(tern_value_uint(tern_value_at(v, 8), 7), 7);
    CHECK_TEXT(printed(tern_value_at(v, 4)), "1e999999");
    CHECK_TEXT(printed(tern_value_at(v, 9)), "0.30000000000000004");
}

TEST(value_getters_accept_missing_values)
{
    const tern_value *v = parse("{\"a\":[true,\"x\",null]}");
    CHECK_INT(tern_value_kind_of(v), TERN_JSON_OBJECT);
    CHECK_INT(tern_value_kind_of(NULL), TERN_JSON_NULL);
    const tern_value *list = tern_value_get(v, "a");
    CHECK_INT(tern_value_count(list), 3);
    CHECK(tern_value_bool(tern_value_at(list, 0), false));
    CHECK(tern_value_bool(tern_value_at(list, 1), true));
    CHECK(!tern_value_bool(NULL, false));
    CHECK_TEXT(tern_value_text(tern_value_at(list, 1), "y"), "x");
    CHECK_TEXT(tern_value_text(tern_value_at(list, 0), "y"), "y");
    CHECK(tern_value_at(list, 3) == NULL);
    CHECK(tern_value_at(list, SIZE_MAX) == NULL);
    CHECK(tern_value_get(list, "a") == NULL);
    CHECK(tern_value_get(NULL, "a") == NULL);
    CHECK(tern_value_key(list, 0) == NULL);
    CHECK_TEXT(tern_value_key(v, 0), "a");
    CHECK_INT(tern_value_count(NULL), 0);
    CHECK_INT(tern_value_int(NULL, 5), 5);
    CHECK_INT(tern_value_str(NULL).len, 0);
}

TEST(value_each_visits_all_in_order)
{
    tern_value *item, *object = parse("{\"b\":1,\"a\":2,\"c\":3}");
    char seen[32] = "";
    tern_value_each(item, object)
    {
        size_t len = strlen(seen);
        snprintf(seen + len, sizeof seen - len, "%s%d", tern_value_key(object, item_index),
                 (int)tern_value_int(item, 0));
    }
    CHECK_TEXT(seen, "b1a2c3");
}

TEST(value_pointers_follow_rfc_6901)
{
    const tern_value *v =
        parse("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,"
              "\"k\\\"l\":6,\" \":7,\"m~n\":8,\"~1\":9,\"deep\":{\"0\":{\"x\":[[42]]}}}");
    static const struct {
        const char *pointer;
        int64_t want;
    } cases[] = {{"/", 0},     {"/a~1b", 1}, {"/c%d", 2},  {"/e^f", 3}, {"/g|h", 4},          {"/i\\j", 5},
                 {"/k\"l", 6}, {"/ ", 7},    {"/m~0n", 8}, {"/~01", 9}, {"/deep/0/x/0/0", 42}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(tern_value_int(tern_value_find(v, cases[i].pointer), -1), cases[i].want);
    CHECK(tern_value_find(v, "") == v);
    CHECK_TEXT(printed(tern_value_find(v, "/foo")), "[\"bar\",\"baz\"]");
    CHECK_TEXT(tern_value_text(tern_value_find(v, "/foo/1"), NULL), "baz");
    static const char *const nowhere[] = {"foo",
                                          "/foo/2",
                                          "/foo/-",
                                          "/foo/01",
                                          "/foo/",
                                          "/foo/+1",
                                          "/foo/1x",
                                          "/foo/0/0",
                                          "/x",
                                          "/m~n",
                                          "/m~2n",
                                          "/foo~",
                                          "/foo/99999999999999999999",
                                          "/deep/0/x/0/0/0"};
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++)
        if (tern_value_find(v, nowhere[i]) != NULL)
            check_fail(__FILE__, __LINE__, "%s leads somewhere", nowhere[i]);
    CHECK(tern_value_find(NULL, "/a") == NULL);
}

TEST(value_equality_compares_meaning)
{
    static const struct {
        const char *one, *other;
        bool are_equal;
    } cases[] = {
        {"1", "1.0", true},
        {"100", "1e2", true},
        {"0", "-0.0", true},
        {"1", "-1", false},
        {"9007199254740993", "9007199254740992.0", false},
        {"18446744073709551615", "18446744073709551615", true},
        {"18446744073709551616", "18446744073709551616.000", true},
        {"18446744073709551616", "18446744073709551617", false},
        {"1e999", "10e998", true},
        {"1e999", "1e998", false},
        {"0.1e1000", "1e999", true},
        {"1e99999999999999999999", "1e99999999999999999999", true},
        {"1e99999999999999999999", "1e99999999999999999998", false},
        {"12.500000000000000000000", "12.5", true},
        {"100000000000000000000", "1e20", true},
        {"0.1", "\"0.1\"", false},
        {"null", "false", false},
        {"[1,2]", "[2,1]", false},
        {"[1,2]", "[1,2,3]", false},
        {"{\"a\":1,\"b\":[{}]}", "{\"b\":[{}],\"a\":1.0}", true},
        {"{\"a\":1}", "{\"b\":1}", false},
        {"{\"a\":null}", "{\"b\":null}", false},
        {"\"a\"", "\"\\u0061\"", true},
        {"[]", "{}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tern_value *one = parse(cases[i].one), *other = parse(cases[i].other);
        if (tern_value_equal(one, other) != cases[i].are_equal ||
            tern_value_equal(other, one) != cases[i].are_equal)
            check_fail(__FILE__, __LINE__, "%s, %s", cases[i].one, cases[i].other);
        CHECK(tern_value_equal(one, one));
    }
    CHECK(tern_value_equal(NULL, NULL));
    CHECK(tern_value_equal(NULL, parse("null")));
    CHECK(!tern_value_equal(NULL, parse("0")));
}

static bool set(tern_value *object, const char *key, tern_value *item)
{
    return value_set(&a, object, key, strlen(key), item);
}

TEST(value_builds_arrays_and_objects)
{
    tern_value *order = value_object(&a), *items = value_array(&a), *item = value_object(&a);
    CHECK(set(order, "items", items));
    CHECK(set(order, "paid", value_bool(&a, true)));
    CHECK(set(order, "note", NULL));
    CHECK(value_add(&a, items, item)); /* an added array may still grow */
    CHECK(value_add(&a, items, value_uint(&a, UINT64_MAX)));
    CHECK(value_add(&a, items, value_double(&a, 0.5)));
    CHECK(value_add(&a, items, value_null(&a)));
    CHECK(set(item, "name", value_text(&a, "a \"b\"", 5)));
    CHECK(set(item, "price", value_int(&a, -5)));
    CHECK(set(item, "name", value_text(&a, "c", 1)));
    CHECK_TEXT(printed(order),
               "{\"items\":[{\"name\":\"c\",\"price\":-5},18446744073709551615,0.5,null],\"paid\":true,"
               "\"note\":null}");
    CHECK(value_double(&a, NAN) == NULL);
    CHECK(!value_add(&a, order, item));
    CHECK(!value_add(&a, NULL, item));
    CHECK(!set(items, "x", item));
    CHECK(!set(NULL, "x", item));
}

TEST(value_that_was_parsed_can_be_changed)
{
    tern_value *v = parse("{\"a\":[1,2,3],\"b\":{\"c\":1}}");
    CHECK(value_add(&a, tern_value_get(v, "a"), value_int(&a, 4)));
    CHECK(tern_value_remove_at(tern_value_get(v, "a"), 0));
    CHECK(!tern_value_remove_at(tern_value_get(v, "a"), 3));
    tern_value *b = tern_value_get(v, "b");
    CHECK(set(v, "d", b));
    CHECK(set(b, "c", value_int(&a, 2)));
    CHECK(tern_value_remove(v, "a"));
    CHECK(!tern_value_remove(v, "a"));
    CHECK_TEXT(printed(v), "{\"b\":{\"c\":2},\"d\":{\"c\":2}}");
    tern_value *list = parse("[1,2,3]");
    CHECK(tern_value_remove_at(list, 1));
    CHECK_TEXT(printed(list), "[1,3]");
}

TEST(value_that_contains_itself_is_refused_when_printed)
{
    tern_value *list = value_array(&a);
    CHECK(value_add(&a, list, list));
    json_out out;
    json_out_init(&out, &a, 0);
    CHECK(!value_print(list, &out, 0));
    CHECK(out.refusal == JSON_TOO_DEEP && out.len == 0);
    CHECK(!tern_value_equal(list, list));
}

/** "key0" to "key<count - 1>", not in alphabetical order. */
static char *many_keys(unsigned count, size_t *len)
{
    char *text = arena_alloc(&a, 24 * (size_t)count + 3), *at = text;
    CHECK(text != NULL);
    *at++ = '{';
    for (unsigned i = 0; i < count; i++)
        at += sprintf(at, "%s\"key%u\":%u", i != 0 ? "," : "", i, i);
    *at++ = '}';
    *at = '\0';
    *len = (size_t)(at - text);
    return text;
}

TEST(threat_061_large_objects_are_found_and_built_in_linear_time)
{
    enum { MANY = 100000 };
    size_t len;
    char key[16], *text = many_keys(MANY, &len);
    uint64_t start = clock_ns();
    json_limits limits = {.items = 2 * MANY};
    tern_value *v = value_parse(&a, (tern_str){text, len}, &limits, &error), *built = value_object(&a);
    CHECK(v != NULL);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "key%u", i);
        CHECK_INT(tern_value_int(tern_value_get(v, key), -1), i);
        CHECK(set(built, key, value_int(&a, i)));
    }
    CHECK(tern_value_get(v, "key") == NULL);
    CHECK(tern_value_equal(v, built));
    CHECK(clock_ns() - start < UINT64_C(3000000000)); /* quadratic time would take minutes */
    CHECK(tern_value_remove(built, "key500"));
    CHECK(tern_value_get(built, "key500") == NULL);
    CHECK_INT(tern_value_int(tern_value_get(built, "key501"), 0), 501);
    CHECK(!tern_value_equal(v, built));
}

TEST(threat_075_duplicate_keys_are_refused_in_small_and_large_objects)
{
    for (unsigned count = 2; count < 100; count += 7) {
        size_t len;
        char *text = many_keys(count, &len);
        memcpy(text + len - 1, ",\"key1\":0}", 11);
        CHECK(value_parse(&a, (tern_str){text, len + 9}, NULL, &error) == NULL);
        CHECK_TEXT(error.code, "duplicate");
    }
}

/** Fills 100,000 bytes with `piece` between `front` and `back`, and checks the memory of its tree. */
static void check_memory(const char *front, const char *piece, const char *back)
{
    static char text[100000];
    size_t len = strlen(front), piece_len = strlen(piece), back_len = strlen(back);
    memcpy(text, front, len);
    while (len + piece_len + back_len < sizeof text) {
        memcpy(text + len, piece, piece_len);
        len += piece_len;
    }
    memcpy(text + len, back, back_len + 1);
    len += back_len;
    arena own;
    arena_init(&own, NULL, 0, 8 * len + 4096 + 4096);
    if (value_parse(&own, (tern_str){text, len}, NULL, &error) == NULL)
        check_fail(__FILE__, __LINE__, "%s: %s", piece, error.message);
    arena_free(&own);
}

TEST(threat_079_a_tree_takes_at_most_eight_times_its_text)
{
    check_memory("[", "1,", "1]");
    check_memory("[", "[],", "1]");
    check_memory("[", "{},", "1]");
    check_memory("[", "[1],", "1]");
    check_memory("[", "[1,2],", "1]");
    check_memory("[", "{\"\":1},", "1]");
    check_memory("[", "\"\",", "1]");
    check_memory("[\"", ",:[{", "\"]");
    check_memory("[\"", "\\\"", "\"]");
    check_memory(
        "[",
        "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,"
        "\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"q\":1},",
        "1]");
}

TEST(threat_079_items_and_memory_have_limits)
{
    char text[] = "[1,2,3,4]", same[] = "[1,2,3,4]", less[] = "[1,2,3,4]";
    CHECK(value_parse(&a, (tern_str){text, 9}, &(json_limits){.items = 3}, &error) == NULL);
    CHECK_TEXT(error.code, "too_many_values");
    CHECK(value_parse(&a, (tern_str){same, 9}, &(json_limits){.items = 4}, &error) != NULL);
    CHECK(value_parse(&a, (tern_str){less, 9}, &(json_limits){.memory_bytes = 79}, &error) == NULL);
}

TEST(value_converts_to_models_and_back)
{
    buf problems = {0};
    CHECK(schema_prepare(TERN_TYPE(Point), &problems));
    const Point point = {.x = 0.1, .y = 2, .name = "p"};
    tern_value *v = value_of_model(&a, TERN_TYPE(Point), &point);
    CHECK_TEXT(printed(v), "{\"x\":0.1,\"y\":2,\"name\":\"p\"}");
    CHECK(set(v, "name", NULL));
    tern_faults faults;
    faults_init(&faults, &a);
    Point again;
    const place body = {NULL, "body", 0};
    CHECK(value_to_model(&a, v, TERN_TYPE(Point), &again, &body, &faults));
    CHECK(again.x == 0.1 && again.y == 2 && again.name == NULL);
    CHECK(set(v, "x", value_text(&a, "far", 3)));
    CHECK(!value_to_model(&a, v, TERN_TYPE(Point), &again, &body, &faults));
    CHECK_INT(faults.count, 1);
    CHECK_TEXT(printed(value_of_any(&a, (tern_any){"[1, {\"a\": 2}]", 13})), "[1,{\"a\":2}]");
    CHECK_TEXT(printed(value_of_any(&a, (tern_any){NULL, 0})), "null");
    schema_forget();
}

TEST(value_survives_every_failed_allocation)
{
    mem_fail_at(0, 0);
    for (unsigned long n = 1; n < 40; n++) {
        static char text[4000];
        size_t len = 0;
        text[len++] = '[';
        for (int i = 0; i < 100; i++)
            len += (size_t)sprintf(text + len, "{\"key%d\":[%d,\"a\\n\"]},", i, i);
        len += (size_t)sprintf(text + len, "{}]");
        arena own;
        arena_init(&own, NULL, 0, SIZE_MAX);
        mem_fail_at(n, 0);
        tern_value *v = value_parse(&own, (tern_str){text, len}, NULL, &error);
        tern_value *object = value_object(&own);
        char key[16];
        for (int i = 0; object != NULL && i < 200; i++) {
            snprintf(key, sizeof key, "key%d", i);
            tern_value *item = value_int(&own, i);
            if (item == NULL || !value_set(&own, object, key, strlen(key), item))
                continue;
            CHECK_INT(tern_value_int(tern_value_get(object, key), -1), i);
        }
        json_out out;
        json_out_init(&out, &own, 0);
        CHECK(value_print(v, &out, 4) != out.failed);
        mem_fail_at(0, 0);
        arena_free(&own);
    }
}
