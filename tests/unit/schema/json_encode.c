/* Structs as JSON: the bytes of every kind, escapes, and refused values. */
#include "schema/json/json.h"
#include "schema/time/calendar.h"

#include "check.h"

#include "base/mem.h"
#include "base/text.h"
#include "schema/json/plain.h"
#include "schema/scalar.h"

#include <math.h>
#include <stdlib.h>

TERN_ENUM(Color, red, green, blue);

TERN_MODEL(Tag, (const char *, name), (Color, color))

TERN_MODEL(Todo, (int64_t, id), (const char *, title), (bool, done))

TERN_MODEL(Kinds,
    (bool, yes),
    (bool, no),
    (int8_t, i8),
    (int16_t, i16),
    (int32_t, i32),
    (int64_t, i64),
    (uint8_t, u8),
    (uint16_t, u16),
    (uint32_t, u32),
    (uint64_t, u64),
    (float, f),
    (double, d),
    (const char *, text),
    (tern_bytes, bytes),
    (tern_uuid, uuid),
    (tern_date, date),
    (tern_time, time),
    (tern_datetime, datetime),
    (tern_duration, duration),
    (tern_decimal, decimal),
    (tern_any, any),
    (Color, color),
    (Tag, tag),
    (Tag_list, tags),
    (Tag_map, by_name),
    (tern_int32_list, numbers),
    (tern_text_map, texts))

TERN_MODEL(Secret,
    (int, shown),
    (const char *, password, .write_only = true),
    (int, last, .json = "the \"last\"", .nullable = true))

TERN_MODEL(Node, (int, id), (Node_list, children))

static char memory[1 << 20];
static arena a;

static const char *encoded(tern_type *type, const void *value)
{
    buf problems = {0};
    if (!schema_prepare(type, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    buf_free(&problems);
    arena_init(&a, memory, sizeof memory, 1 << 24);
    json_out out;
    json_out_init(&out, &a, 0);
    CHECK(json_encode(type, value, &out));
    CHECK(json_out_reserve(&out, 1));
    out.data[out.len] = '\0';
    return out.data;
}

TEST(json_encode_writes_a_model_in_order)
{
    const Todo todo = {.id = 42, .title = "Buy \"milk\"\n", .done = true};
    CHECK_TEXT(encoded(TERN_TYPE(Todo), &todo),
               "{\"id\":42,\"title\":\"Buy \\\"milk\\\"\\n\",\"done\":true}");
}

TEST(json_encode_writes_every_kind)
{
    Tag tags[] = {{.name = "a", .color = Color_green}, {.name = "b", .color = Color_blue}};
    Tag_entry entries[] = {{"x\n", {.name = "c"}}, {NULL, {.name = "d"}}};
    int32_t numbers[] = {1, -2, 3};
    tern_text_entry texts[] = {{"k", "v"}, {"n", ""}};
    const Kinds kinds = {
        .yes = true,
        .i8 = INT8_MIN,
        .i16 = INT16_MIN,
        .i32 = INT32_MIN,
        .i64 = INT64_MIN,
        .u8 = UINT8_MAX,
        .u16 = UINT16_MAX,
        .u32 = UINT32_MAX,
        .u64 = UINT64_MAX,
        .f = 0.1f,
        .d = 0.1,
        .text = "t",
        .bytes = {(const uint8_t *)"\0\1\2\3", 4},
        .uuid = {{0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40,
                  0}},
        .date = {2026, 11, 23},
        .time = {17, 30, 0, 250000000},
        .datetime = {0},
        .duration = {90000000},
        .decimal = {1230, 2},
        .any = {"[1, 2]", 6},
        .color = Color_blue,
        .tag = {.name = "main"},
        .tags = {tags, 2},
        .by_name = {entries, 2},
        .numbers = {numbers, 3},
        .texts = {texts, 2},
    };
    CHECK_TEXT(
        encoded(TERN_TYPE(Kinds), &kinds),
        "{\"yes\":true,\"no\":false,\"i8\":-128,\"i16\":-32768,\"i32\":-2147483648,"
        "\"i64\":-9223372036854775808,\"u8\":255,\"u16\":65535,\"u32\":4294967295,"
        "\"u64\":18446744073709551615,\"f\":0.1,\"d\":0.1,\"text\":\"t\",\"bytes\":\"AAECAw==\","
        "\"uuid\":\"123e4567-e89b-12d3-a456-426614174000\",\"date\":\"2026-11-23\","
        "\"time\":\"17:30:00.25\",\"datetime\":\"1970-01-01T00:00:00Z\",\"duration\":\"PT1M30S\","
        "\"decimal\":12.30,\"any\":[1, 2],\"color\":\"blue\",\"tag\":{\"name\":\"main\",\"color\":\"red\"},"
        "\"tags\":[{\"name\":\"a\",\"color\":\"green\"},{\"name\":\"b\",\"color\":\"blue\"}],"
        "\"by_name\":{\"x\\n\":{\"name\":\"c\",\"color\":\"red\"},\"\":{\"name\":\"d\",\"color\":\"red\"}},"
        "\"numbers\":[1,-2,3],\"texts\":{\"k\":\"v\",\"n\":\"\"}}");
}

TEST(json_encode_writes_empty_lists_and_maps)
{
    const Kinds kinds = {.text = "", .date = {2026, 1, 1}, .tag = {.name = ""}};
    const char *text = encoded(TERN_TYPE(Kinds), &kinds);
    CHECK(strstr(text, "\"text\":\"\",\"bytes\":\"\",") != NULL);
    CHECK(strstr(text, "\"any\":null,") != NULL);
    CHECK(strstr(text, "\"tags\":[],\"by_name\":{},\"numbers\":[],\"texts\":{}}") != NULL);
    CHECK_TEXT(encoded(TERN_LIST(Todo), &(Todo_list){NULL, 0}), "[]");
    CHECK_TEXT(encoded(TERN_MAP(Todo), &(Todo_map){NULL, 0}), "{}");
}

TEST(json_encode_writes_lists_of_every_kind_of_item)
{
    double doubles[] = {0.5, -12.25, 100, 1e300};
    int8_t ints[] = {-128, 127};
    uint64_t uints[] = {UINT64_MAX, 0};
    bool bools[] = {true, false};
    const char *texts[] = {"a\"", "b", ""};
    Node nodes[] = {{.id = 1}, {.id = 2}};
    CHECK_TEXT(encoded(TERN_LIST(tern_double), &(tern_double_list){doubles, 4}), "[0.5,-12.25,100,1e300]");
    CHECK_TEXT(encoded(TERN_LIST(tern_int8), &(tern_int8_list){ints, 2}), "[-128,127]");
    CHECK_TEXT(encoded(TERN_LIST(tern_uint64), &(tern_uint64_list){uints, 2}), "[18446744073709551615,0]");
    CHECK_TEXT(encoded(TERN_LIST(tern_bool), &(tern_bool_list){bools, 2}), "[true,false]");
    CHECK_TEXT(encoded(TERN_LIST(tern_text), &(tern_text_list){texts, 3}), "[\"a\\\"\",\"b\",\"\"]");
    CHECK_TEXT(encoded(TERN_LIST(Node), &(Node_list){nodes, 2}),
               "[{\"id\":1,\"children\":[]},{\"id\":2,\"children\":[]}]");
}

TEST(json_encode_leaves_out_write_only_and_absent_fields)
{
    Secret secret = {.shown = 1, .password = "hunter2", .last = 2};
    CHECK_TEXT(encoded(TERN_TYPE(Secret), &secret), "{\"shown\":1,\"the \\\"last\\\"\":2}");
    secret.tern_state.shown = TERN_STATE_ABSENT;
    CHECK_TEXT(encoded(TERN_TYPE(Secret), &secret), "{\"the \\\"last\\\"\":2}");
    secret.tern_state.last = TERN_STATE_NULL;
    CHECK_TEXT(encoded(TERN_TYPE(Secret), &secret), "{\"the \\\"last\\\"\":null}");
    secret.tern_state.last = TERN_STATE_ABSENT;
    CHECK_TEXT(encoded(TERN_TYPE(Secret), &secret), "{}");
}

TERN_MODEL(Keeper, (const char *, name), (const char *, hash, .secret = true, .optional = true))

TEST(threat_099_json_encode_leaves_out_secret_fields)
{
    Keeper keeper = {.name = "a", .hash = "$argon2id$"};
    CHECK_TEXT(encoded(TERN_TYPE(Keeper), &keeper), "{\"name\":\"a\"}");
}

TEST(json_encode_appends)
{
    buf problems = {0};
    CHECK(schema_prepare(TERN_TYPE(Todo), &problems));
    arena_init(&a, NULL, 0, 1 << 20);
    json_out out;
    json_out_init(&out, &a, 4);
    const Todo todo = {.id = 1, .title = ""};
    for (int i = 0; i < 100; i++) {
        CHECK(json_encode_text(&out, "é", 2));
        CHECK(json_encode(TERN_TYPE(Todo), &todo, &out));
        CHECK(arena_alloc(&a, i == 50 ? 5000 : 1) !=
              NULL); /* so that the block cannot always grow in place */
    }
    const char want[] = "\"é\"{\"id\":1,\"title\":\"\",\"done\":false}";
    CHECK_INT(out.len, 100 * (sizeof want - 1));
    for (size_t i = 0; i < 100; i++)
        CHECK_BYTES(out.data + i * (sizeof want - 1), sizeof want - 1, want, sizeof want - 1);
    arena_free(&a);
    schema_forget();
}

static const char *encoded_text(const char *text, size_t len)
{
    arena_init(&a, memory, sizeof memory, 1 << 24);
    json_out out;
    json_out_init(&out, &a, 0);
    CHECK(json_encode_text(&out, text, len));
    CHECK(json_out_reserve(&out, 1));
    out.data[out.len] = '\0';
    return out.data;
}

TEST(json_text_escapes_only_what_it_must)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"\"\\/", "\"\\\"\\\\/\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"\1\37\177", "\"\\u0001\\u001f\177\""},
        {"</script>", "\"</script>\""},
        {"Größe 漢字 😀", "\"Größe 漢字 😀\""},
        {"\xe2\x80\xa8", "\"\xe2\x80\xa8\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(encoded_text(cases[i].text, strlen(cases[i].text)), cases[i].want);
    CHECK_TEXT(encoded_text("a\0b", 3), "\"a\\u0000b\"");
}

TEST(threat_077_bytes_that_are_not_utf8_are_replaced_when_printed)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"\x80", "\"\xef\xbf\xbd\""},
        {"a\xff"
         "b",
         "\"a\xef\xbf\xbd"
         "b\""},
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong '/' */
        {"\xe0\x80\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* overlong '/', longer */
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* past U+10FFFF */
        {"ok\xe6\xbc", "\"ok\xef\xbf\xbd\xef\xbf\xbd\""},                             /* cut off */
        {"ok\xc3", "\"ok\xef\xbf\xbd\""},
        {"\xe6\xbc\"", "\"\xef\xbf\xbd\xef\xbf\xbd\\\"\""},
        {"a line\n of more than thirty-two bytes with \xc3\xa4\t, then \xff and \xe6\xbc\xa2",
         "\"a line\\n of more than thirty-two bytes with \xc3\xa4\\t, then \xef\xbf\xbd and \xe6\xbc\xa2\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(encoded_text(cases[i].text, strlen(cases[i].text)), cases[i].want);
}

/** Each byte at each position of texts of all lengths that a block can end in. */
static void check_kit(json_copy_plain *copy)
{
    for (size_t len = 0; len <= 100; len++) {
        char *text = malloc(len + 1),
             *to = malloc(len + 1); /* exactly, so that ASan detects a byte too many */
        CHECK(text != NULL && to != NULL);
        for (size_t at = 0; at < len; at++)
            for (unsigned byte = 0; byte < 256; byte += at % 7 == 0 ? 1 : 13) {
                memset(text, 'x', len);
                text[at] = (char)byte;
                if (at + 1 < len)
                    text[len - 1] = byte % 3 == 0 ? '"' : 'x'; /* one more after it changes nothing */
                size_t want = at;
                while (want < len && json_plain_byte((unsigned char)text[want]))
                    want++;
                uint64_t high = 0;
                CHECK_INT(copy(to, text, len, &high), want);
                if (byte >= 0x80)
                    CHECK(high != 0);
                else
                    CHECK(high == 0);
                CHECK_BYTES(to, want, text, want);
            }
        free(text);
        free(to);
    }
}

TEST(json_text_is_scanned_the_same_by_every_kit)
{
    check_kit(json_copy_plain_scalar);
    check_kit(json_copy_plain_16);
    check_kit(json_copy_plain_any);
    check_kit(json_copy_plain_best);
}

TEST(json_text_of_only_escapes_grows)
{
    static char text[5000];
    memset(text, 1, sizeof text);
    const char *seen = encoded_text(text, sizeof text);
    CHECK_INT(strlen(seen), 6 * sizeof text + 2);
    memset(text, 0xff, sizeof text);
    CHECK_INT(strlen(encoded_text(text, sizeof text)), 3 * sizeof text + 2);
}

static json_out refused(tern_type *type, const void *value)
{
    buf problems = {0};
    CHECK(schema_prepare(type, &problems));
    arena_init(&a, memory, sizeof memory, 1 << 20);
    json_out out;
    json_out_init(&out, &a, 0);
    CHECK(!json_encode(type, value, &out));
    CHECK(out.failed);
    CHECK_INT(out.len, 0);
    CHECK(!json_encode_text(&out, "x", 1));
    return out;
}

TEST(json_encode_refuses_numbers_that_json_cannot_write)
{
    const double values[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        CHECK(refused(TERN_TYPE(tern_double), &values[i]).refusal == JSON_NOT_FINITE);
        CHECK(refused(TERN_TYPE(tern_float), &(float){(float)values[i]}).refusal == JSON_NOT_FINITE);
    }
    double list[] = {1, NAN};
    CHECK(refused(TERN_LIST(tern_double), &(tern_double_list){list, 2}).refusal == JSON_NOT_FINITE);
}

TEST(threat_128_json_encode_refuses_an_instant_outside_the_years_0_to_9999)
{
    const int64_t beyond[] = {INT64_MIN, CALENDAR_FIRST_US - 1, CALENDAR_LAST_US + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        CHECK(refused(TERN_TYPE(tern_datetime), &(tern_datetime){beyond[i]}).refusal == JSON_OUT_OF_YEARS);
}

TEST(json_encode_refuses_a_list_that_contains_itself)
{
    Node node = {.id = 1};
    node.children = (Node_list){&node, 1};
    CHECK(refused(TERN_TYPE(Node), &node).refusal == JSON_TOO_DEEP);
    Node_list list = {&node, 1};
    CHECK(refused(TERN_LIST(Node), &list).refusal == JSON_TOO_DEEP);
}

TEST(json_encode_nests_as_deep_as_readers_go)
{
    Node nodes[32] = {{.id = 0}};
    for (int i = 0; i < 31; i++)
        nodes[i].children = (Node_list){&nodes[i + 1], 1};
    const char *text = encoded(TERN_TYPE(Node), nodes);
    CHECK_TEXT(text + strlen(text) - 65, "[]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}");
}

TEST(json_out_leaves_no_large_copies_behind)
{
    static char text[100];
    memset(text, 'x', sizeof text);
    arena_init(&a, NULL, 0, 1400000);
    json_out out;
    json_out_init(&out, &a, 0);
    for (int i = 0; i < 8000; i++)
        CHECK(json_encode_text(&out, text, sizeof text));
    CHECK_INT(out.len, 8000 * (sizeof text + 2));
    for (size_t i = 0; i < out.len; i++)
        CHECK(out.data[i] == (i % 102 % 101 == 0 ? '"' : 'x'));
    arena_free(&a);
}

TEST(json_encode_fails_when_memory_is_short)
{
    buf problems = {0};
    CHECK(schema_prepare(TERN_LIST(Todo), &problems));
    static Todo todos[200];
    for (size_t i = 0; i < 200; i++)
        todos[i].title = "text";
    for (size_t limit = 0; limit < 64000; limit += 900) {
        arena_init(&a, NULL, 0, limit);
        json_out out;
        json_out_init(&out, &a, 100);
        bool ok = json_encode(TERN_LIST(Todo), &(Todo_list){todos, 200}, &out);
        CHECK(ok != out.failed);
        CHECK(ok == (out.len != 0));
        CHECK(ok || limit < 60000);
        arena_free(&a);
    }
    schema_forget();
}
