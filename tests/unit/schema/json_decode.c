#include "schema/json/json.h"

#include "check.h"

#include "base/mem.h"
#include "schema/json/scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

TERN_ENUM(Color, red, green, blue);

TERN_MODEL(Tag, (const char *, name), (Color, color, .optional = true))

TERN_MODEL(Todo,
    (int64_t, id, .read_only = true),
    (const char *, title, .min_length = 1, .max_length = 20),
    (bool, done, .optional = true),
    (Tag_list, tags, .optional = true, .max_items = 3),
    (double, weight, .fallback = "1.5"),
    (const char *, secret, .optional = true, .write_only = true),
    (const char *, kind, .json = "type", .fallback = "plain"))

TERN_MODEL(Kinds,
    (bool, flag, .optional = true),
    (int8_t, i8, .optional = true),
    (int16_t, i16, .optional = true),
    (int32_t, i32, .optional = true),
    (int64_t, i64, .optional = true),
    (uint8_t, u8, .optional = true),
    (uint16_t, u16, .optional = true),
    (uint32_t, u32, .optional = true),
    (uint64_t, u64, .optional = true),
    (float, f32, .optional = true),
    (double, f64, .optional = true),
    (const char *, text, .optional = true),
    (tern_bytes, bytes, .optional = true),
    (Color, color, .optional = true),
    (tern_uuid, uuid, .optional = true),
    (tern_date, date, .optional = true),
    (tern_time, time, .optional = true),
    (tern_datetime, when, .optional = true),
    (tern_duration, span, .optional = true),
    (tern_decimal, price, .optional = true),
    (tern_any, any, .optional = true),
    (tern_upload, file, .optional = true),
    (tern_int64_map, counts, .optional = true),
    (tern_text_list, words, .optional = true, .unique_items = true))

TERN_MODEL_WITH(Loose, (.ignore_unknown = true), (int, a, .optional = true))

static void spans_in_order(const void *model, tern_faults *faults);
TERN_MODEL_WITH(Span, (.check = spans_in_order), (int, from), (int, to))

static void spans_in_order(const void *model, tern_faults *faults)
{
    const Span *span = model;
    if (span->from > span->to)
        tern_fault_add(faults, "to", "too_early", "must not lie before from");
}

/** One decoding, with everything it needs. */
typedef struct decoding {
    arena memory;
    tern_faults faults;
    char *text;
    bool ok;
    char said[4096]; /* the faults, one a line */
} decoding;

static tern_type *prepared(tern_type *type)
{
    buf problems = {0};
    if (!schema_prepare(type, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    buf_free(&problems);
    return type;
}

static void decode_bytes(decoding *d, tern_type *type, void *out, const char *text, size_t len,
                         const json_limits *limits)
{
    static const place body = {NULL, "body", 0};
    memset(d, 0, sizeof *d);
    arena_init(&d->memory, NULL, 0, SIZE_MAX);
    faults_init(&d->faults, &d->memory);
    d->text = malloc(len + 1); /* of the exact size: a read past its NUL is detected */
    if (len != 0)
        memcpy(d->text, text, len);
    d->text[len] = '\0';
    d->ok = json_decode(prepared(type), out, (tern_str){d->text, len}, limits, &body, &d->memory, &d->faults);
    CHECK(d->ok == (d->faults.count == 0));
    buf said = {0};
    CHECK(faults_print(&d->faults, &said));
    snprintf(d->said, sizeof d->said, "%s", said.data != NULL ? said.data : "");
    buf_free(&said);
}

static void decode(decoding *d, tern_type *type, void *out, const char *text)
{
    decode_bytes(d, type, out, text, strlen(text), NULL);
}

static void forget(decoding *d)
{
    arena_free(&d->memory);
    free(d->text);
}

static void want_right(tern_type *type, void *out, const char *text)
{
    decoding d;
    decode(&d, type, out, text);
    if (!d.ok)
        check_fail(__FILE__, __LINE__, "%s: %s", text, d.said);
    forget(&d);
}

static void want_code(tern_type *type, const char *text, const char *code)
{
    char out[1024];
    decoding d;
    decode(&d, type, out, text);
    if (d.ok || strcmp(d.faults.first->code, code) != 0)
        check_fail(__FILE__, __LINE__, "%s: %s (%s), not %s", text, d.ok ? "right" : d.faults.first->code,
                   d.said, code);
    forget(&d);
}

static void want_said(tern_type *type, const char *text, const char *said)
{
    char out[1024];
    decoding d;
    decode(&d, type, out, text);
    CHECK_TEXT(d.said, said);
    forget(&d);
}

/* -- into structs -- */

TEST(json_is_stored_in_the_struct)
{
    Todo todo;
    decoding d;
    decode(&d, TERN_TYPE(Todo), &todo,
           "{\"title\":\"Buy "
           "milk\",\"done\":true,\"tags\":[{\"name\":\"a\",\"color\":\"blue\"},{\"name\":\"b\"}],"
           "\"weight\":2.25,\"secret\":\"s\",\"type\":\"big\"}");
    CHECK_TEXT(d.said, "");
    CHECK_TEXT(todo.title, "Buy milk");
    CHECK(todo.done && todo.weight == 2.25);
    CHECK_INT(todo.tags.count, 2);
    CHECK_TEXT(todo.tags.items[0].name, "a");
    CHECK_INT(todo.tags.items[0].color, Color_blue);
    CHECK_TEXT(todo.tags.items[1].name, "b");
    CHECK_INT(todo.tags.items[1].tern_state.color, TERN_STATE_ABSENT);
    CHECK_TEXT(todo.secret, "s");
    CHECK_TEXT(todo.kind, "big");
    CHECK_INT(todo.tern_state.title, TERN_STATE_GIVEN);
    CHECK(todo.title > d.text && todo.title < d.text + 30); /* in place, not a copy */
    forget(&d);
}

TEST(json_accepts_keys_in_any_order_and_with_escapes)
{
    Todo todo;
    decoding d;
    decode(&d, TERN_TYPE(Todo), &todo,
           " { \"ty\\u0070e\" : \"x\" ,\n\t\"done\":false\r\n, \"title\" :\"t\" } ");
    CHECK_TEXT(d.said, "");
    CHECK_TEXT(todo.kind, "x");
    CHECK_TEXT(todo.title, "t");
    CHECK(!todo.done);
    forget(&d);
}

TEST(json_absent_fields_get_their_fallback_or_nothing)
{
    Todo todo;
    memset(&todo, 0xff, sizeof todo);
    want_right(TERN_TYPE(Todo), &todo, "{\"title\":\"t\"}");
    CHECK(todo.weight == 1.5 && todo.id == 0 && !todo.done && todo.secret == NULL);
    CHECK(todo.tags.items == NULL && todo.tags.count == 0);
    CHECK_TEXT(todo.kind, "plain");
    CHECK_INT(todo.tern_state.done, TERN_STATE_ABSENT);
    CHECK_INT(todo.tern_state.weight, TERN_STATE_VALUE); /* so that it is printed */
    CHECK(!tern_has(&todo, weight));
    CHECK(!tern_has(&todo, done));
}

TEST(json_distinguishes_null_absent_and_a_value)
{
    Todo todo;
    want_right(TERN_TYPE(Todo), &todo, "{\"title\":\"t\",\"done\":null,\"tags\":[],\"secret\":null}");
    CHECK(tern_is_null(&todo, done) && tern_is_null(&todo, secret) && !todo.done && todo.secret == NULL);
    CHECK_INT(todo.tern_state.tags, TERN_STATE_GIVEN);
    want_said(TERN_TYPE(Todo), "{\"title\":null}", "body.title: must not be null\n");
    want_code(TERN_TYPE(Todo), "{\"title\":nul}", "not_json");
    want_code(TERN_TYPE(Todo), "{\"title\":\"t\",\"done\":nuls}", "not_json");
    want_said(TERN_TYPE(Todo), "null", "body: must not be null\n");
    want_said(TERN_TYPE(tern_text_list), "[\"a\",null]", "body[1]: must not be null\n");
}

TERN_MODEL(Keeper, (const char *, name), (const char *, hash, .secret = true, .optional = true),
    (bool, is_admin, .secret = true))

TEST(threat_099_json_ignores_secret_fields_in_input)
{
    Keeper keeper;
    decoding d;
    static const char text[] = "{\"hash\":\"x\",\"name\":\"a\",\"is_admin\":true}";
    decode_bytes(&d, TERN_TYPE(Keeper), &keeper, text, strlen(text), NULL);
    CHECK_TEXT(d.said, "");
    CHECK(keeper.hash == NULL && !keeper.is_admin);
    CHECK_TEXT(keeper.name, "a");
    forget(&d);
}

TERN_MODEL(Reply, (int64_t, id, .read_only = true), (const char *, secret, .write_only = true), (int, n))

TEST(json_of_a_reply_has_read_only_fields_and_unknown_keys_and_no_write_only_ones)
{
    static const char text[] = "{\"more\":[{}],\"id\":7,\"n\":1}";
    const json_limits limits = {.is_reply = true};
    Reply reply;
    decoding d;
    decode_bytes(&d, TERN_TYPE(Reply), &reply, text, strlen(text), &limits);
    CHECK_TEXT(d.said, "");
    CHECK(reply.id == 7 && reply.n == 1 && reply.secret == NULL);
    CHECK_INT(reply.tern_state.secret, TERN_STATE_ABSENT);
    forget(&d);
    decode_bytes(&d, TERN_TYPE(Reply), &reply, "{\"id\":7}", 8, &limits);
    CHECK_TEXT(d.said, "body.n: must be given\n");
    forget(&d);
    decode_bytes(&d, TERN_TYPE(Reply), &reply, text, strlen(text), NULL);
    CHECK(!d.ok);
    forget(&d);
}

TEST(json_reads_every_kind)
{
    Kinds k;
    decoding d;
    decode(
        &d, TERN_TYPE(Kinds), &k,
        "{\"flag\":true,\"i8\":-128,\"i16\":-32768,\"i32\":-2147483648,\"i64\":-9223372036854775808,"
        "\"u8\":255,\"u16\":65535,\"u32\":4294967295,\"u64\":18446744073709551615,\"f32\":0.1,\"f64\":0.1,"
        "\"text\":\"\",\"bytes\":\"aGk\\/\",\"color\":\"green\","
        "\"uuid\":\"123e4567-e89b-12d3-a456-426614174000\",\"date\":\"2026-11-23\",\"time\":\"17:30:00.25\","
        "\"when\":\"1970-01-01T00:00:01Z\",\"span\":\"PT2S\",\"price\":12.30,\"any\": [1, "
        "{\"a\":\"\\u0000\"}] ,"
        "\"file\":null,\"counts\":{\"a\":1,\"b\":-2},\"words\":[\"x\",\"y\"]}");
    CHECK_TEXT(d.said, "");
    CHECK(k.flag && k.i8 == -128 && k.i16 == -32768 && k.i32 == INT32_MIN && k.i64 == INT64_MIN);
    CHECK(k.u8 == 255 && k.u16 == 65535 && k.u32 == UINT32_MAX && k.u64 == UINT64_MAX);
    CHECK(k.f32 == 0.1f && k.f64 == 0.1);
    CHECK_BYTES(k.bytes.data, k.bytes.len, "hi?", 3);
    CHECK_INT(k.color, Color_green);
    CHECK_INT(k.uuid.bytes[0], 0x12);
    CHECK(k.date.year == 2026 && k.date.month == 11 && k.date.day == 23);
    CHECK_INT(k.time.nanosecond, 250000000);
    CHECK_INT(k.when.microseconds, 1000000);
    CHECK_INT(k.span.microseconds, 2000000);
    CHECK(k.price.units == 1230 && k.price.scale == 2);
    CHECK_BYTES(k.any.data, k.any.len, "[1, {\"a\":\"\\u0000\"}]", 19);
    CHECK_INT(k.file.fd, -1);
    CHECK_INT(k.counts.count, 2);
    CHECK_TEXT(k.counts.entries[1].key, "b");
    CHECK_INT(k.counts.entries[1].value, -2);
    CHECK_TEXT(k.words.items[1], "y");
    forget(&d);
}

TEST(json_reads_values_at_the_root)
{
    int64_t number;
    want_right(TERN_TYPE(tern_int64), &number, " 12 ");
    CHECK_INT(number, 12);
    bool flag;
    want_right(TERN_TYPE(tern_bool), &flag, "true");
    CHECK(flag);
    double d;
    want_right(TERN_TYPE(tern_double), &d, "-0");
    CHECK(d == 0 && signbit(d));
    tern_any any;
    want_right(TERN_TYPE(tern_any), &any, "null");
    CHECK_INT(any.len, 4);
    tern_int64_list list;
    want_right(TERN_TYPE(tern_int64_list), &list, "[]");
    CHECK(list.count == 0 && list.items == NULL);
}

TEST(json_text_that_does_not_end_in_nul_is_copied)
{
    char text[] = "123456";
    static const place body = {NULL, "body", 0};
    arena memory;
    arena_init(&memory, NULL, 0, SIZE_MAX);
    tern_faults faults;
    faults_init(&faults, &memory);
    int64_t number;
    CHECK(json_decode(prepared(TERN_TYPE(tern_int64)), &number, (tern_str){text, 3}, NULL, &body, &memory,
                      &faults));
    CHECK_INT(number, 123);
    arena_free(&memory);
}

TEST(json_lists_of_every_length_arrive_whole)
{
    static char text[400000];
    for (size_t count = 0; count < 40000; count = count * 3 / 2 + 1) {
        char *at = text;
        *at++ = '[';
        for (size_t i = 0; i < count; i++)
            at += sprintf(at, "%s[%zu,%zu]", i > 0 ? "," : "", i, i * 2);
        strcpy(at, "]");
        static tern_type pairs = {
            .kind = TERN_KIND_LIST, .name = "pair", .size = 16, .item = &tern_int64_list_type};
        struct {
            tern_int64_list *items;
            size_t count;
        } out;
        decoding d;
        decode(&d, &pairs, &out, text);
        CHECK_TEXT(d.said, "");
        CHECK_INT(out.count, count);
        for (size_t i = 0; i < count; i++) {
            CHECK_INT(out.items[i].count, 2);
            CHECK_INT(out.items[i].items[1], i * 2);
        }
        forget(&d);
    }
}

/* -- text -- */

TEST(json_lists_of_numbers_accept_every_form_and_white_space)
{
    tern_double_list doubles;
    decoding d;
    decode(&d, TERN_LIST(tern_double), &doubles,
           "[1,-2.5 , 3e2,\n  0.12345678901234567,12345678901234567890123,-0.0,1234567.125]");
    CHECK_TEXT(d.said, "");
    const double want[] = {1, -2.5, 300, 0.12345678901234567, 12345678901234567890123.0, -0.0, 1234567.125};
    CHECK_INT(doubles.count, 7);
    CHECK_BYTES(doubles.items, sizeof want, want, sizeof want);
    forget(&d);
    tern_int16_list ints;
    decode(&d, TERN_LIST(tern_int16), &ints, "[ 1 ,-32768,\t0 , 12 ]");
    CHECK_TEXT(d.said, "");
    const int16_t want_ints[] = {1, -32768, 0, 12};
    CHECK_INT(ints.count, 4);
    CHECK_BYTES(ints.items, sizeof want_ints, want_ints, sizeof want_ints);
    forget(&d);
}

TEST(json_invalid_items_are_all_reported)
{
    tern_double_list doubles;
    tern_int8_list ints;
    decoding d;
    decode(&d, TERN_LIST(tern_double), &doubles, "[1,\"x\",2.5,1e999,null,[3]]");
    CHECK_TEXT(d.said, "body[1]: must be a number\n"
                       "body[3]: must be a number that fits into a double\n"
                       "body[4]: must not be null\n"
                       "body[5]: must be a number\n");
    forget(&d);
    decode(&d, TERN_LIST(tern_int8), &ints, "[127,128,1.0,-129,1.27e2]");
    CHECK_TEXT(d.said, "body[1]: must be a whole number from -128 to 127\n"
                       "body[3]: must be a whole number from -128 to 127\n");
    forget(&d);
    want_code(TERN_LIST(tern_double), "[1.5,]", "not_json");
    want_code(TERN_LIST(tern_double), "[1.5 2]", "not_json");
    want_code(TERN_LIST(tern_int8), "[1,", "not_json");
    want_code(TERN_LIST(tern_int8), "[01]", "not_json");
}

TEST(json_decodes_escapes_in_place)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"\"\"", ""},
        {"\"a\\\"b\\\\c\\/d\\be\\ff\\ng\\rh\\ti\"", "a\"b\\c/d\be\ff\ng\rh\ti"},
        {"\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\"\\uD83D\\uDE00\"", "\xf0\x9f\x98\x80"},
        {"\"\\uFFFF\\ufffe\"", "\xef\xbf\xbf\xef\xbf\xbe"},
        {"\"a plain text of more than thirty-two bytes\\tand then some more of it after that\"",
         "a plain text of more than thirty-two bytes\tand then some more of it after that"},
        {"\"\x7f\"", "\x7f"},
        {"\"\xf4\x8f\xbf\xbf\"", "\xf4\x8f\xbf\xbf"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text;
        decoding d;
        decode(&d, TERN_TYPE(tern_text), &text, cases[i].text);
        CHECK_TEXT(d.said, "");
        CHECK_TEXT(text, cases[i].want);
        forget(&d);
    }
}

TEST(json_text_ends_at_its_quote_at_any_offset)
{
    /* Every length, every position of a high byte and of an escape, at every distance from the end. */
    const json_scan_kit *kits[JSON_SCAN_KITS];
    unsigned kit_count = json_scan_kits(kits);
    for (unsigned k = 0; k < kit_count; k++) {
        json_scan_best = kits[k];
        for (size_t len = 0; len < 100; len++)
            for (size_t tail = 0; tail < 40; tail += 3) {
                char text[256], want[128];
                memset(want, 'x', len);
                if (len >= 2)
                    memcpy(want + (len - 2) / 2, "\xc3\xa9", 2);
                want[len] = '\0';
                snprintf(text, sizeof text, "\"%s\"%*s", want, (int)tail, "");
                const char *seen;
                decoding d;
                decode(&d, TERN_TYPE(tern_text), &seen, text);
                CHECK_TEXT(d.said, "");
                CHECK_TEXT(seen, want);
                forget(&d);
            }
    }
}

TEST(json_kits_agree_on_utf8)
{
    const json_scan_kit *kits[JSON_SCAN_KITS];
    unsigned kit_count = json_scan_kits(kits);
    static const char *const samples[] = {"a",
                                          "\xc3\xa9",
                                          "\xe2\x82\xac",
                                          "\xf0\x9f\x98\x80",
                                          "\xed\x9f\xbf",
                                          "\xf4\x8f\xbf\xbf",
                                          "\xef\xbf\xbf",
                                          "\xe0\xa0\x80",
                                          "\xf0\x90\x80\x80"};
    uint64_t seed = 1;
    size_t right = 0;
    for (unsigned round = 0; round < 60000; round++) {
        char text[160];
        size_t len = 0;
        while (len < 120) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            const char *sample = samples[(seed >> 33) % 9];
            memcpy(text + len, sample, strlen(sample));
            len += strlen(sample);
            if ((seed >> 50) % 40 == 0)
                break;
        }
        if (round % 2 == 1) { /* one byte differs */
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            text[(seed >> 33) % len] = (char)(seed >> 20);
        }
        len -= round % 16 == 0;
        bool want = kits[0]->utf8(text, len);
        right += want;
        for (unsigned k = 1; k < kit_count; k++)
            CHECK(kits[k]->utf8(text, len) == want);
    }
    CHECK(right > 20000 && right < 50000);
}

TEST(json_every_pair_of_bytes_is_judged_the_same_by_every_kit)
{
    const json_scan_kit *kits[JSON_SCAN_KITS];
    unsigned kit_count = json_scan_kits(kits);
    for (unsigned pair = 0; pair < 65536; pair++)
        for (unsigned more = 0; more < 3; more++) {
            char text[40];
            memset(text, 'x', sizeof text);
            unsigned at = 30;
            text[at] = (char)(pair >> 8);
            text[at + 1] = (char)pair;
            for (unsigned i = 0; i < more; i++)
                text[at + 2 + i] = (char)0x80;
            bool want = json_scan_scalar.utf8(text, sizeof text);
            for (unsigned k = 1; k < kit_count; k++)
                CHECK(kits[k]->utf8(text, sizeof text) == want);
        }
}

/* -- faults of meaning -- */

TEST(json_reports_all_faults_with_their_places)
{
    want_said(TERN_TYPE(Todo),
              "{\"title\":\"\",\"done\":\"yes\",\"tags\":[{\"name\":\"a\"},{\"color\":\"pink\"},7],"
              "\"weight\":\"x\",\"shape\":[1,{\"a\":2}],\"weight\":2}",
              "body.title: must have at least 1 character\n"
              "body.done: must be true or false\n"
              "body.tags[1].color: must be one of red, green, blue\n"
              "body.tags[1].name: must be given\n"
              "body.tags[2]: must be an object\n"
              "body.weight: must be a number\n"
              "body.shape: is not a known field\n"
              "body.weight: is given twice\n");
}

TEST(json_reports_what_a_value_must_be)
{
    static const struct {
        const char *text, *code, *said;
    } cases[] = {
        {"{\"flag\":1}", "not_bool", "body.flag: must be true or false\n"},
        {"{\"i8\":128}", "out_of_range", "body.i8: must be a whole number from -128 to 127\n"},
        {"{\"i8\":-129}", "out_of_range", "body.i8: must be a whole number from -128 to 127\n"},
        {"{\"u8\":256}", "out_of_range", "body.u8: must be a whole number from 0 to 255\n"},
        {"{\"u8\":-1}", "out_of_range", "body.u8: must be a whole number from 0 to 255\n"},
        {"{\"i64\":9223372036854775808}", "out_of_range",
         "body.i64: must be a whole number from -9223372036854775808 to 9223372036854775807\n"},
        {"{\"u64\":18446744073709551616}", "out_of_range",
         "body.u64: must be a whole number from 0 to 18446744073709551615\n"},
        {"{\"i32\":1.5}", "not_int", "body.i32: must be a whole number\n"},
        {"{\"i32\":1e-2}", "not_int", "body.i32: must be a whole number\n"},
        {"{\"i32\":1e10}", "out_of_range",
         "body.i32: must be a whole number from -2147483648 to 2147483647\n"},
        {"{\"i32\":\"1\"}", "not_int", "body.i32: must be a whole number\n"},
        {"{\"f64\":\"1\"}", "not_number", "body.f64: must be a number\n"},
        {"{\"f64\":1e999999}", "out_of_range", "body.f64: must be a number that fits into a double\n"},
        {"{\"f32\":1e39}", "out_of_range", "body.f32: must be a number that fits into a float\n"},
        {"{\"text\":1}", "not_text", "body.text: must be text\n"},
        {"{\"text\":\"a\\u0000b\"}", "nul_in_text", "body.text: must not contain the character U+0000\n"},
        {"{\"bytes\":\"a\"}", "not_bytes", "body.bytes: must be bytes in base64\n"},
        {"{\"bytes\":7}", "not_bytes", "body.bytes: must be bytes in base64\n"},
        {"{\"color\":\"Red\"}", "not_a_choice", "body.color: must be one of red, green, blue\n"},
        {"{\"color\":0}", "not_a_choice", "body.color: must be one of red, green, blue\n"},
        {"{\"color\":\"red\\u0000\"}", "not_a_choice", "body.color: must be one of red, green, blue\n"},
        {"{\"uuid\":\"x\"}", "not_uuid",
         "body.uuid: must be a UUID like 123e4567-e89b-12d3-a456-426614174000\n"},
        {"{\"date\":20261123}", "not_date", "body.date: must be a date like 2026-11-23\n"},
        {"{\"file\":\"x\"}", "not_upload", "body.file: must be a file, sent as multipart/form-data\n"},
        {"{\"counts\":[]}", "not_object", "body.counts: must be an object\n"},
        {"{\"counts\":{\"a\":\"x\"}}", "not_int", "body.counts.a: must be a whole number\n"},
        {"{\"counts\":{\"a\\u0000\":1}}", "nul_in_text",
         "body.counts.a\xef\xbf\xbd: the key must not contain the character U+0000\n"},
        {"{\"words\":{}}", "not_list", "body.words: must be a list\n"},
        {"{\"words\":[\"a\",\"b\",\"a\"]}", "not_unique", "body.words: item 2 is the same as item 0\n"},
        {"[]", "not_object", "body: must be an object\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        want_said(TERN_TYPE(Kinds), cases[i].text, cases[i].said);
        want_code(TERN_TYPE(Kinds), cases[i].text, cases[i].code);
    }
}

TEST(json_whole_numbers_are_accepted_in_any_notation)
{
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {{"30.0", 30},
                 {"1e3", 1000},
                 {"-0.0", 0},
                 {"1.5e1", 15},
                 {"0e99999999999999999999", 0},
                 {"0.0000000000000000000000000", 0},
                 {"9223372036854775807.0", INT64_MAX},
                 {"922337203685477580.7e1", INT64_MAX},
                 {"-92233720368547758080000e-4", INT64_MIN},
                 {"-9.223372036854775808E+18", INT64_MIN},
                 {"1000000000000000000000e-20", 10},
                 {"12345678901234567890e-1", 1234567890123456789}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = -1;
        want_right(TERN_TYPE(tern_int64), &value, cases[i].text);
        CHECK_INT(value, cases[i].value);
    }
    uint64_t large;
    want_right(TERN_TYPE(tern_uint64), &large, "1844674407370955161.5e1");
    CHECK(large == UINT64_MAX);
    static const char *const fractions[] = {"0.5", "1e-1", "1.05e1", "1e-99999999999999999999",
                                            "123456789012345678901234567890.5"};
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++)
        want_code(TERN_TYPE(tern_int64), fractions[i], "not_int");
    static const char *const large_ones[] = {"1e400",
                                             "-1e400",
                                             "9223372036854775808.0",
                                             "922337203685477580.8e1",
                                             "1e99999999999999999999",
                                             "123456789012345678901234567890.0",
                                             "100000000000000000001e1"};
    for (size_t i = 0; i < sizeof large_ones / sizeof *large_ones; i++)
        want_code(TERN_TYPE(tern_int64), large_ones[i], "out_of_range");
}

TERN_MODEL(Lacking, (int, leave, .optional = true, .nullable = false), (int, null, .nullable = true))

TEST(json_null_and_absence_are_distinguished)
{
    Lacking in;
    want_right(TERN_TYPE(Lacking), &in, "{\"null\":null}");
    CHECK_INT(in.tern_state.leave, TERN_STATE_ABSENT);
    CHECK_INT(in.tern_state.null, TERN_STATE_NULL);
    want_right(TERN_TYPE(Lacking), &in, "{\"leave\":2,\"null\":3}");
    CHECK_INT(in.leave + in.null, 5);
    want_said(TERN_TYPE(Lacking), "{\"leave\":null,\"null\":1}", "body.leave: must not be null\n");
    want_said(TERN_TYPE(Lacking), "{\"leave\":1}", "body.null: must be given\n");
}

TEST(json_model_checks_itself_when_its_fields_are_valid)
{
    want_said(TERN_TYPE(Span), "{\"from\":3,\"to\":2}", "body.to: must not lie before from\n");
    want_said(TERN_TYPE(Span), "{\"from\":3,\"to\":\"2\"}", "body.to: must be a whole number\n");
    want_said(TERN_TYPE(Span_list), "[{\"from\":1,\"to\":2},{\"from\":1,\"to\":0}]",
              "body[1].to: must not lie before from\n");
}

TEST(json_unknown_keys_are_skipped_when_the_model_says_so)
{
    Loose loose;
    want_right(TERN_TYPE(Loose), &loose, "{\"x\":[{\"a\":[1,2,{}]}],\"a\":5,\"x\":\"\\u0000\"}");
    CHECK_INT(loose.a, 5);
    want_code(TERN_TYPE(Loose), "{\"x\":[1,],\"a\":5}", "not_json");
    want_code(TERN_TYPE(Loose), "{\"x\":\"\xff\",\"a\":5}", "not_json");
}

TEST(json_syntax_faults_are_alone_with_line_and_column)
{
    want_said(TERN_TYPE(Todo), "{\"title\":\"\",\n  \"done\": yes}",
              "body: is not JSON, line 2, column 11: expected a value\n");
    want_said(TERN_TYPE(Todo), "{\"title\":\"a\\nb\\nc\",\n\"done\" true}",
              "body: is not JSON, line 2, column 8: expected ':' after the key\n");
    want_said(TERN_TYPE(Todo), "{\"title\":\"a\"",
              "body: is not JSON, line 1, column 13: expected ',' or '}', but the text ends\n");
    want_said(TERN_TYPE(Todo), "",
              "body: is not JSON, line 1, column 1: expected a value, but the text ends\n");
    want_said(TERN_TYPE(Todo), "{'title':1}",
              "body: is not JSON, line 1, column 2: expected a key in double quotes\n");
}

TEST(json_place_counts_lines_and_columns_from_1)
{
    unsigned line, column;
    json_place(TERN_STR("ab\n\ncd"), 0, &line, &column);
    CHECK(line == 1 && column == 1);
    json_place(TERN_STR("ab\n\ncd"), 2, &line, &column);
    CHECK(line == 1 && column == 3);
    json_place(TERN_STR("ab\n\ncd"), 5, &line, &column);
    CHECK(line == 3 && column == 2);
}

TEST(json_reports_that_memory_is_short)
{
    const char *text = "[[1,2,3],[4],[5,6,7,8,9,10],[],[1],[2],[3]]";
    static tern_type lists = {
        .kind = TERN_KIND_LIST, .name = "list", .size = 16, .item = &tern_int64_list_type};
    prepared(&lists);
    struct {
        void *items;
        size_t count;
    } out;
    bool ok = false;
    for (unsigned long n = 1; !ok; n++) {
        static const place body = {NULL, "body", 0};
        char copy[64];
        strcpy(copy, text);
        arena memory;
        arena_init(&memory, NULL, 0, SIZE_MAX);
        tern_faults faults;
        faults_init(&faults, &memory);
        mem_fail_at(n, 0);
        ok = json_decode(&lists, &out, (tern_str){copy, strlen(copy)}, NULL, &body, &memory, &faults);
        mem_fail_at(0, 0);
        CHECK(ok || faults.is_memory_short);
        arena_free(&memory);
        CHECK(n < 100);
    }
}
