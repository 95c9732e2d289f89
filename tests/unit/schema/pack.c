/** MessagePack and CBOR as other spellings of JSON. */
#include "check.h"
#include "schema/pack/pack.h"

#include <tern/model.h>

#include <stdio.h>
#include <stdlib.h>

TERN_MODEL(Thing, (int64_t, id), (const char *, name, .optional = true), (tern_bytes, data, .optional = true),
           (tern_datetime, at, .optional = true), (tern_uuid, uid, .optional = true), (tern_date, day, .optional = true),
           (tern_decimal, price, .optional = true), (double, size, .optional = true), (tern_any, more, .optional = true),
           (tern_int64_list, counts, .optional = true))

static arena memory;
static pack_error error;
static json_out out;

static uint8_t bytes[4096];

/** The bytes that these hexadecimal digits mean; blanks are skipped. */
static tern_str unhex(const char *digits)
{
    size_t len = 0;
    for (; *digits != '\0'; digits++) {
        unsigned value;
        if (*digits == ' ')
            continue;
        CHECK(sscanf(digits, "%2x", &value) == 1);
        bytes[len++] = (uint8_t)value;
        digits++;
    }
    return (tern_str){(const char *)bytes, len};
}

static const char *read_as(pack_format format, const tern_type *type, tern_str data, const json_limits *limits)
{
    arena_free(&memory);
    arena_init(&memory, NULL, 0, 64 << 20);
    json_out_init(&out, &memory, 16);
    error = (pack_error){0};
    return pack_to_json(format, type, data, limits, &out, &error) ? out.data : error.message;
}

static const char *from_msgpack(const char *digits)
{
    return read_as(PACK_MSGPACK, NULL, unhex(digits), NULL);
}

static const char *from_cbor(const char *digits)
{
    return read_as(PACK_CBOR, NULL, unhex(digits), NULL);
}

static const char *to_hex(pack_format format, const tern_type *type, const char *json)
{
    static char text[8192];
    arena_free(&memory);
    arena_init(&memory, NULL, 0, 64 << 20);
    json_out_init(&out, &memory, 16);
    if (!pack_from_json(format, (pack_shape){.type = type}, (tern_str){json, strlen(json)}, &out))
        return "refused";
    for (size_t i = 0; i < out.len; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned char)out.data[i]);
    text[2 * out.len] = '\0';
    return text;
}

static void forget(void)
{
    arena_free(&memory);
    schema_forget();
}

static const tern_type *thing(void)
{
    buf problems = {0};
    atexit(forget);
    if (!schema_prepare(TERN_TYPE(Thing), &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    buf_free(&problems);
    return TERN_TYPE(Thing);
}

/** Items and their meaning, from the appendices of both specifications. */
TEST(items_of_messagepack_are_json)
{
    static const struct {
        const char *hex, *json;
    } rows[] = {
        {"c0", "null"},
        {"c2", "false"},
        {"c3", "true"},
        {"00", "0"},
        {"7f", "127"},
        {"e0", "-32"},
        {"ff", "-1"},
        {"ccff", "255"},
        {"cdffff", "65535"},
        {"ceffffffff", "4294967295"},
        {"cfffffffffffffffff", "18446744073709551615"},
        {"d080", "-128"},
        {"d07f", "127"},
        {"d18000", "-32768"},
        {"d280000000", "-2147483648"},
        {"d38000000000000000", "-9223372036854775808"},
        {"ca3fc00000", "1.5"},
        {"cb3ff199999999999a", "1.1"},
        {"cb8000000000000000", "-0"},
        {"a0", "\"\""},
        {"a3616263", "\"abc\""},
        {"d903616263", "\"abc\""},
        {"da0003616263", "\"abc\""},
        {"db00000003616263", "\"abc\""},
        {"a3220a00", "\"\\\"\\n\\u0000\""},
        {"c403010203", "\"AQID\""},
        {"93010203", "[1,2,3]"},
        {"90", "[]"},
        {"dc000101", "[1]"},
        {"dd0000000101", "[1]"},
        {"82a16101a16290", "{\"a\":1,\"b\":[]}"},
        {"de0001a16101", "{\"a\":1}"},
        {"df00000001a16101", "{\"a\":1}"},
        {"d6ff00000000", "\"1970-01-01T00:00:00Z\""},
        {"d7ff77359400 5f5e1000", "\"2020-09-13T12:26:40.5Z\""},
        {"c70cff00000000ffffffffffffffff", "\"1969-12-31T23:59:59Z\""},
    };
    atexit(forget);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_TEXT(from_msgpack(rows[i].hex), rows[i].json);
}

TEST(items_of_cbor_are_json)
{
    static const struct {
        const char *hex, *json;
    } rows[] = {
        {"00", "0"},
        {"17", "23"},
        {"1818", "24"},
        {"1903e8", "1000"},
        {"1a000f4240", "1000000"},
        {"1bffffffffffffffff", "18446744073709551615"},
        {"c249010000000000000000", "18446744073709551616"},
        {"3bffffffffffffffff", "-18446744073709551616"},
        {"c349010000000000000000", "-18446744073709551617"},
        {"c240", "0"},
        {"c340", "-1"},
        {"20", "-1"},
        {"3903e7", "-1000"},
        {"f90000", "0"},
        {"f98000", "-0"},
        {"f93c00", "1"},
        {"f93e00", "1.5"},
        {"f97bff", "65504"},
        {"f90001", "5.960464477539063e-8"},
        {"f90400", "0.00006103515625"},
        {"f9c400", "-4"},
        {"fa47c35000", "100000"},
        {"fbc010666666666666", "-4.1"},
        {"f4", "false"},
        {"f5", "true"},
        {"f6", "null"},
        {"f7", "null"},
        {"c074323031332d30332d32315432303a30343a30305a", "\"2013-03-21T20:04:00Z\""},
        {"c11a514b67b0", "\"2013-03-21T20:04:00Z\""},
        {"c1fb41d452d9ec200000", "\"2013-03-21T20:04:00.5Z\""},
        {"c120", "\"1969-12-31T23:59:59Z\""},
        {"c48221196ab3", "27315e-2"},
        {"c48200c249010000000000000000", "18446744073709551616e0"},
        {"d74401020304", "\"AQIDBA==\""},
        {"d82550000102030405060708090a0b0c0d0e0f", "\"00010203-0405-0607-0809-0a0b0c0d0e0f\""},
        {"d9d9f701", "1"},
        {"40", "\"\""},
        {"60", "\"\""},
        {"62c3bc", "\"\xc3\xbc\""},
        {"80", "[]"},
        {"8301820203820405", "[1,[2,3],[4,5]]"},
        {"a0", "{}"},
        {"a26161016162820203", "{\"a\":1,\"b\":[2,3]}"},
        {"5f42010243030405ff", "\"AQIDBAU=\""},
        {"7f657374726561646d696e67ff", "\"streaming\""},
        {"7fff", "\"\""},
        {"9fff", "[]"},
        {"9f018202039f0405ffff", "[1,[2,3],[4,5]]"},
        {"bf61610161629f0203ffff", "{\"a\":1,\"b\":[2,3]}"},
    };
    atexit(forget);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_TEXT(from_cbor(rows[i].hex), rows[i].json);
}

TEST(threat_078_data_that_breaks_the_grammar_is_refused)
{
    static const struct {
        const char *hex, *message;
    } msgpack[] = {
        {"", "the body ends too early"},
        {"0000", "bytes after the value"},
        {"c1", "the byte 0xc1, which means nothing"},
        {"d40100", "an extension that is not a timestamp"},
        {"8101a0", "a key that is not text"},
        {"81c0a0", "a key that is not text"},
        {"cd00", "the body ends too early"},
        {"cb7ff0000000000000", "a number that is infinite or not a number"},
        {"c70cff3b9aca000000000000000000", "a timestamp that is not a time"},
        {"c70cff000000007fffffffffffffff", "a timestamp that is not a time"},
        {"c70cff00000000000003ffffffffff", "a time outside the years 0 to 9999"},
    };
    static const struct {
        const char *hex, *message;
    } cbor[] = {
        {"", "the body ends too early"},
        {"0000", "bytes after the value"},
        {"1c", "a byte that means nothing in CBOR"},
        {"1f", "a number without an end"},
        {"df", "a number without an end"},
        {"ff", "an end without a beginning"},
        {"81ff", "an end without a beginning"},
        {"9f01", "the body ends too early"},
        {"bf6161ff", "an end without a beginning"},
        {"7f4161ff", "a piece of another kind within a string"},
        {"7f7f6161ffff", "a piece of another kind within a string"},
        {"e0", "a simple value that is not true, false, null or undefined"},
        {"f820", "a simple value that is not true, false, null or undefined"},
        {"f97e00", "a number that is infinite or not a number"},
        {"a10102", "a key that is not text"},
        {"c160", "a time (tag 1) that is not a number of seconds"},
        {"c11bffffffffffffffff", "a time (tag 1) that is not a number of seconds"},
        {"c201", "a large number (tag 2 or 3) that is not a byte string"},
        {"c401", "a decimal (tag 4) that is not a list of two"},
        {"c4821a7fffffff01", "a decimal (tag 4) without an exponent from -10000 to 9999"},
        {"d81801", "a tag that means nothing here"},
    };
    atexit(forget);
    for (size_t i = 0; i < sizeof msgpack / sizeof *msgpack; i++)
        CHECK_TEXT(from_msgpack(msgpack[i].hex), msgpack[i].message);
    for (size_t i = 0; i < sizeof cbor / sizeof *cbor; i++)
        CHECK_TEXT(from_cbor(cbor[i].hex), cbor[i].message);
}

TEST(threat_074_deeply_nested_data_is_refused_without_a_stack_overflow)
{
    static char deep[100000];
    static const struct {
        pack_format format;
        int byte;
    } rows[] = {{PACK_MSGPACK, 0x91}, {PACK_CBOR, 0x81}, {PACK_CBOR, 0x9f}, {PACK_CBOR, 0xd5}};
    atexit(forget);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(deep, rows[i].byte, sizeof deep);
        CHECK_TEXT(read_as(rows[i].format, NULL, (tern_str){deep, sizeof deep}, NULL), "is nested too deeply");
        CHECK_TEXT(error.code, "too_deep");
    }
}

TEST(threat_077_text_that_is_not_utf_8_is_refused)
{
    static const char *const texts[] = {"a1ff", "a2c080", "a3eda080", "a1c3"};
    atexit(forget);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK_TEXT(from_msgpack(texts[i]), "a text that is not UTF-8");
    CHECK_TEXT(from_cbor("61ff"), "a text that is not UTF-8");
    CHECK_TEXT(from_cbor("7f61c361bcff"), "a text that is not UTF-8"); /* each piece is text: RFC 8949 section 3.2.3 */
    CHECK_TEXT(from_cbor("a161ff01"), "a text that is not UTF-8");
}

TEST(threat_079_a_claimed_length_takes_no_memory_and_values_are_counted)
{
    static const struct {
        pack_format format;
        const char *hex;
    } claims[] = {{PACK_MSGPACK, "dbffffffff61"}, {PACK_MSGPACK, "c6ffffffff61"}, {PACK_MSGPACK, "ddffffffff01"},
                  {PACK_MSGPACK, "dfffffffffa16101"}, {PACK_CBOR, "5bffffffffffffffff01"},
                  {PACK_CBOR, "7bffffffffffffffff61"}, {PACK_CBOR, "9bffffffffffffffff01"},
                  {PACK_CBOR, "bbffffffffffffffff616101"}};
    static char many[100];
    atexit(forget);
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        read_as(claims[i].format, NULL, unhex(claims[i].hex), NULL);
        CHECK_TEXT(error.code, "not_packed");
        CHECK(memory.taken_bytes < 65536);
    }
    memset(many, 0, sizeof many);
    memcpy(many, "\xdc\x00\x61", 3);
    read_as(PACK_MSGPACK, NULL, (tern_str){many, sizeof many}, &(json_limits){.items = 96});
    CHECK_TEXT(error.code, "too_many_values");
    read_as(PACK_MSGPACK, NULL, (tern_str){many, sizeof many}, &(json_limits){.items = 97});
    CHECK_TEXT(error.code, NULL);
}

TEST(a_byte_string_is_bytes_for_a_field_of_bytes_and_wrong_for_text)
{
    const tern_type *type = thing();
    CHECK_TEXT(read_as(PACK_MSGPACK, type, unhex("82 a2 6964 01 a4 64617461 c4 02 0102"), NULL),
               "{\"id\":1,\"data\":\"AQI=\"}");
    CHECK_TEXT(read_as(PACK_MSGPACK, type, unhex("82 a2 6964 01 a4 6e616d65 c4 02 0102"), NULL),
               "{\"id\":1,\"name\":[]}");
    CHECK_TEXT(read_as(PACK_MSGPACK, type, unhex("82 a2 6964 01 a6 636f756e7473 c4 02 0102"), NULL),
               "{\"id\":1,\"counts\":{}}");
    CHECK_TEXT(read_as(PACK_MSGPACK, type, unhex("82 a2 6964 01 a4 73697a65 cb 7ff8000000000000"), NULL),
               "{\"id\":1,\"size\":[]}");
}

TEST(json_becomes_the_shortest_items)
{
    static const struct {
        const char *json, *msgpack, *cbor;
    } rows[] = {
        {"null", "c0", "f6"},
        {" true ", "c3", "f5"},
        {"false", "c2", "f4"},
        {"0", "00", "00"},
        {"23", "17", "17"},
        {"24", "18", "1818"},
        {"128", "cc80", "1880"},
        {"65536", "ce00010000", "1a00010000"},
        {"18446744073709551615", "cfffffffffffffffff", "1bffffffffffffffff"},
        {"-1", "ff", "20"},
        {"-32", "e0", "381f"},
        {"-33", "d0df", "3820"},
        {"-129", "d1ff7f", "3880"},
        {"-9223372036854775808", "d38000000000000000", "3b7fffffffffffffff"},
        {"1.5", "ca3fc00000", "fa3fc00000"},
        {"1.1", "cb3ff199999999999a", "fb3ff199999999999a"},
        {"1e3", "ca447a0000", "fa447a0000"},
        {"-0", "ca80000000", "fa80000000"},
        {"\"\"", "a0", "60"},
        {"\"a\\u00fc\\n\\ud83d\\ude00\"", "a861c3bc0af09f9880", "6861c3bc0af09f9880"},
        {"[]", "90", "80"},
        {"[ 1 , [ ] , {} ]", "93019080", "83" "0180a0"},
        {"{\"a\":{\"b\":[1,2]}}", "81a16181a162920102", "a16161a16162820102"},
        {"[", "refused", "refused"},
        {"[1 2]", "refused", "refused"},
        {"[1,]", "refused", "refused"},
        {"{\"a\"}", "refused", "refused"},
        {"{\"a\":1]", "refused", "refused"},
        {"\"a", "refused", "refused"},
        {"1 1", "refused", "refused"},
        {"", "refused", "refused"},
        {"x", "refused", "refused"},
        {"]", "refused", "refused"},
        {",", "refused", "refused"},
    };
    atexit(forget);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_TEXT(to_hex(PACK_MSGPACK, NULL, rows[i].json), rows[i].msgpack);
        CHECK_TEXT(to_hex(PACK_CBOR, NULL, rows[i].json), rows[i].cbor);
    }
}

TEST(fields_have_the_items_of_their_kinds)
{
    const tern_type *type = thing();
    static const struct {
        const char *json, *msgpack, *cbor;
    } rows[] = {
        {"{\"data\":\"AQI=\"}", "81a464617461c4020102", "a16464617461420102"},
        {"{\"at\":\"2013-03-21T20:04:00Z\"}", "81a26174d6ff514b67b0",
         "a1626174c074323031332d30332d32315432303a30343a30305a"},
        {"{\"at\":\"2013-03-21T20:04:00.5Z\"}", "81a26174d7ff77359400514b67b0",
         "a1626174c076323031332d30332d32315432303a30343a30302e355a"},
        {"{\"at\":\"1969-12-31T23:59:59Z\"}", "81a26174c70cff00000000ffffffffffffffff",
         "a1626174c074313936392d31322d33315432333a35393a35395a"},
        {"{\"price\":12.30}", "81a57072696365a531322e3330", "a1657072696365c482211904ce"},
        {"{\"price\":-5}", "81a57072696365a22d35", "a1657072696365c4820024"},
        {"{\"day\":\"2026-11-30\"}", "81a3646179aa323032362d31312d3330", "a163646179d903ec6a323032362d31312d3330"},
        {"{\"size\":3}", "81a473697a65ca40400000", "a16473697a65fa40400000"},
        {"{\"more\":{\"data\":\"AQI=\"}}", "81a46d6f726581a464617461a44151493d", "a1646d6f7265a164646174616441" "51493d"},
        {"{\"uid\":\"00010203-0405-0607-0809-0a0b0c0d0e0f\"}",
         "81a3756964d92430303031303230332d303430352d303630372d303830392d306130623063306430653066",
         "a163756964d82550000102030405060708090a0b0c0d0e0f"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_TEXT(to_hex(PACK_MSGPACK, type, rows[i].json), rows[i].msgpack);
        CHECK_TEXT(to_hex(PACK_CBOR, type, rows[i].json), rows[i].cbor);
    }
}

TEST(memory_may_run_out_at_any_byte)
{
    static const char json[] = "{\"a\":\"x\\ny\",\"b\":[1,2,3,\"0123456789012345678901234567890123456789\"]}";
    char lent[600];
    for (size_t size = 0; size < sizeof lent; size += 8) {
        arena small;
        json_out text;
        arena_init(&small, lent, size, 0);
        json_out_init(&text, &small, 16);
        const bool is_packed = pack_from_json(PACK_CBOR, (pack_shape){0}, (tern_str){json, sizeof json - 1}, &text);
        CHECK(is_packed || text.len == 0);
        arena_free(&small);
    }
}
