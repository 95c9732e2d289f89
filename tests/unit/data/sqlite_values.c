#include "sqlite_fixture.h"

#include "schema/plan/plan.h"

#include <math.h>

TERN_ENUM(Hue, red, green)
TERN_MODEL(Pair, (int32_t, left), (const char *, right))

/* -- bound values -- */

typedef struct cell {
    char text[300];
    bool is_null;
} cell;

static bool keep_text(data_run *run, const data_row *row)
{
    cell *into = run->sink;
    const char *text = NULL;
    const char *problem =
        data_sqlite.column_read(row, 0, &tern_text_type, &text, &into->is_null, run->memory);
    CHECK_TEXT(problem, NULL);
    snprintf(into->text, sizeof into->text, "%s", text != NULL ? text : "(null)");
    return true;
}

/* A stored value in SQLite's SQL form, with its type: "text 'abc'". */
static const char *stored(tern_ctx *c, tern_arg value)
{
    static cell kept;
    query *q = query_of(c, "insert into t values (?1)", 1, true, (tern_args){&value, 1});
    must_run(c, "create table if not exists t (v blob)");
    must_run(c, "delete from t");
    if (!data_sqlite.run(db, &q->run))
        check_fail(__FILE__, __LINE__, "%s", q->run.error.message);
    query *read = query_of(c, "select typeof(v) || ' ' || quote(v) from t", 2, false, NO_ARGS);
    read->run.on_row = keep_text;
    read->run.sink = &kept;
    CHECK(data_sqlite.run(db, &read->run));
    return kept.text;
}

static void store_each(tern_ctx *c)
{
    CHECK_TEXT(stored(c, TERN_ARG((bool)true)), "integer 1");
    CHECK_TEXT(stored(c, TERN_ARG((bool)false)), "integer 0");
    CHECK_TEXT(stored(c, TERN_ARG(INT64_MIN)), "integer -9223372036854775808");
    CHECK_TEXT(stored(c, TERN_ARG((uint64_t)INT64_MAX)), "integer 9223372036854775807");
    CHECK_TEXT(stored(c, TERN_ARG(0.5)), "real 0.5");
    CHECK_TEXT(stored(c, TERN_ARG("it's \xc3\xa9")), "text 'it''s \xc3\xa9'");
    CHECK_TEXT(stored(c, TERN_ARG("")), "text ''");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_str){"abcdef", 3}))), "text 'abc'");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_bytes){(const uint8_t *)"\0\xff", 2}))), "blob X'00FF'");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_bytes){(const uint8_t *)"", 0}))), "blob X''");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_date){2026, 1, 2}))), "text '2026-01-02'");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_duration){-1500000}))), "integer -1500000");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_any){"{\"a\":1}", 7}))), "text '{\"a\":1}'");
    tern_uuid id = {{0x0a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff}};
    CHECK_TEXT(stored(c, TERN_ARG(id)), "text '0a010203-0405-0607-0809-0a0b0c0d0eff'");
}

TEST(each_kind_is_stored_in_its_own_form)
{
    WITH_DATABASE(store_each);
}

static void store_fixed_widths(tern_ctx *c)
{
    CHECK_TEXT(stored(c, TERN_ARG(((tern_time){17, 30, 0, 0}))), "text '17:30:00.000000'");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_time){1, 2, 3, 250000000}))), "text '01:02:03.250000'");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_time){23, 59, 59, 999999999}))), "text '23:59:59.999999'");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_datetime){0}))), "text '1970-01-01T00:00:00.000000Z'");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_datetime){-1}))), "text '1969-12-31T23:59:59.999999Z'");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_datetime){1795887000250000}))),
               "text '2026-11-28T17:30:00.250000Z'");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_datetime){253402300799999999}))),
               "text '9999-12-31T23:59:59.999999Z'");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_decimal){1230, 2}))), "text '12.3'");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_decimal){-1200, 2}))), "text '-12'");
    CHECK_TEXT(stored(c, TERN_ARG(((tern_decimal){1200, 0}))), "text '1200'");
}

TEST(times_have_six_digits_and_decimals_no_trailing_zeros)
{
    WITH_DATABASE(store_fixed_widths);
}

static void store_nulls(tern_ctx *c)
{
    for (int kind = TERN_ARG_NULL; kind < TERN_ARG_TOO_BIG; kind++)
        CHECK_TEXT(stored(c, (tern_arg){.kind = (tern_arg_kind)kind, .is_null = true}), "null NULL");
}

TEST(a_null_of_any_kind_is_stored_as_null)
{
    WITH_DATABASE(store_nulls);
}

static void refuse_values(tern_ctx *c)
{
    static const struct {
        tern_arg value;
        const char *message;
    } cases[] = {
        {{.kind = TERN_ARG_TOO_BIG}, "value 2: is above 9223372036854775807, which does not fit a column"},
        {{.kind = TERN_ARG_DOUBLE, .real = (double)NAN}, "value 2: is not a number"},
        {{.kind = TERN_ARG_TEXT, .text = {"a\0b", 3}},
         "value 2: is not text: it has a NUL inside or is not UTF-8"},
        {{.kind = TERN_ARG_TEXT, .text = {"\xc3(", 2}},
         "value 2: is not text: it has a NUL inside or is not UTF-8"},
        {{.kind = TERN_ARG_JSON, .text = {"\"\xff\"", 3}},
         "value 2: is not text: it has a NUL inside or is not UTF-8"},
        {{.kind = TERN_ARG_DATETIME, .datetime = {253402300800000000}},
         "value 2: is not in the years 0 to 9999"},
        {{.kind = TERN_ARG_BYTES, .text = {"", (size_t)65 << 20}}, "value 2: is too long"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        data_error error;
        tern_arg args[] = {TERN_ARG(1), cases[i].value};
        CHECK_INT(fault_of(c, "select ?1, ?2", (tern_args){args, 2}, &error), TERN_DATA_BAD_VALUE);
        CHECK_TEXT(error.message, cases[i].message);
    }
}

TEST(a_value_outside_a_columns_range_is_refused)
{
    WITH_DATABASE(refuse_values);
}

static void refuse_counts(tern_ctx *c)
{
    data_error error;
    CHECK_INT(fault_of(c, "select ?1, ?2", TERN_ARGS(1), &error), TERN_DATA_REFUSED);
    CHECK_TEXT(error.message, "the statement needs 2 values, not 1");
}

TEST(the_number_of_values_must_match_the_statement)
{
    WITH_DATABASE(refuse_counts);
}

/* -- read values -- */

typedef union value {
    bool boolean;
    int8_t i8;
    uint8_t u8;
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    uint64_t u64;
    float f32;
    double f64;
    const char *text;
    tern_bytes bytes;
    tern_uuid uuid;
    tern_date date;
    tern_time time;
    tern_datetime datetime;
    tern_duration duration;
    tern_decimal decimal;
    tern_any any;
    Hue hue;
    Pair pair;
    Pair_list pairs;
    tern_int32_map numbers;
} value;

typedef struct reading {
    const tern_type *type;
    value value;
    bool is_null;
    const char *problem;
} reading;

static bool read_first(data_run *run, const data_row *row)
{
    reading *r = run->sink;
    memset(&r->value, 0x55, sizeof r->value);
    r->problem = data_sqlite.column_read(row, 0, r->type, &r->value, &r->is_null, run->memory);
    return true;
}

/* The value of an SQL expression, read as `type`. */
static reading read_as(tern_ctx *c, const tern_type *type, const char *expression)
{
    reading r = {.type = type};
    query *q = query_of(c, arena_printf(&fake_of(c)->arena, "select %s", expression), 0, false, NO_ARGS);
    q->run.on_row = read_first;
    q->run.sink = &r;
    if (!data_sqlite.run(db, &q->run))
        check_fail(__FILE__, __LINE__, "%s: %s", expression, q->run.error.message);
    return r;
}

static value good(tern_ctx *c, const tern_type *type, const char *expression)
{
    reading r = read_as(c, type, expression);
    if (r.problem != NULL || r.is_null)
        check_fail(__FILE__, __LINE__, "%s: %s", expression, r.problem != NULL ? r.problem : "is null");
    return r.value;
}

static const char *problem(tern_ctx *c, const tern_type *type, const char *expression)
{
    reading r = read_as(c, type, expression);
    CHECK(!r.is_null);
    return r.problem;
}

static void read_numbers(tern_ctx *c)
{
    CHECK(good(c, &tern_bool_type, "1").boolean);
    CHECK(!good(c, &tern_bool_type, "0").boolean);
    CHECK_INT(good(c, &tern_int8_type, "-128").i8, -128);
    CHECK_INT(good(c, &tern_uint8_type, "255").u8, 255);
    CHECK_INT(good(c, &tern_int16_type, "-32768").i16, -32768);
    CHECK_INT(good(c, &tern_uint16_type, "65535").u16, 65535);
    CHECK_INT(good(c, &tern_int32_type, "-2147483648").i32, INT32_MIN);
    CHECK_INT(good(c, &tern_uint32_type, "4294967295").u32, UINT32_MAX);
    CHECK_INT(good(c, &tern_int64_type, "-9223372036854775807 - 1").i64, INT64_MIN);
    CHECK_INT(good(c, &tern_uint64_type, "9223372036854775807").u64, INT64_MAX);
    CHECK(good(c, &tern_float_type, "0.5").f32 == 0.5f);
    CHECK(good(c, &tern_double_type, "0.1").f64 == 0.1);
    CHECK(good(c, &tern_double_type, "9e999").f64 == (double)INFINITY);
    CHECK_INT(good(c, &tern_duration_type, "-1500000").duration.microseconds, -1500000);
}

TEST(numbers_are_read_into_every_size)
{
    WITH_DATABASE(read_numbers);
}

static void read_other_forms(tern_ctx *c)
{
    CHECK(good(c, &tern_bool_type, "'true'").boolean);
    CHECK_INT(good(c, &tern_int32_type, "7.0").i32, 7);
    CHECK_INT(good(c, &tern_int32_type, "'-7'").i32, -7);
    CHECK(good(c, &tern_double_type, "9007199254740992").f64 == 9007199254740992.0);
    CHECK(good(c, &tern_double_type, "'0.25'").f64 == 0.25);
    CHECK_INT(good(c, &tern_decimal_type, "12").decimal.units, 12);
    CHECK_INT(good(c, &tern_decimal_type, "12.5").decimal.units, 125);
    CHECK_INT(good(c, &tern_decimal_type, "12.5").decimal.scale, 1);
    CHECK_TEXT(good(c, &tern_text_type, "12").text, "12");
    CHECK_TEXT(good(c, &tern_text_type, "0.1").text, "0.1");
    CHECK_INT(good(c, &tern_duration_type, "'PT1S'").duration.microseconds, 1000000);
    CHECK_INT(good(c, &tern_uuid_type, "x'000102030405060708090a0b0c0d0e0f'").uuid.bytes[15], 15);
    CHECK_INT(good(c, &tern_datetime_type, "datetime(1, 'unixepoch')").datetime.microseconds, 1000000);
    CHECK_INT(good(c, &tern_datetime_type, "'1970-01-01T01:00:01+01:00'").datetime.microseconds, 1000000);
    CHECK_BYTES(good(c, &tern_bytes_type, "'abc'").bytes.data, 3, "abc", 3);
    CHECK_TEXT(good(c, &tern_any_type, "15").any.data, "15");
}

TEST(values_of_other_programs_are_converted_where_nothing_is_lost)
{
    WITH_DATABASE(read_other_forms);
}

static void read_texts(tern_ctx *c)
{
    CHECK_TEXT(good(c, &tern_text_type, "'\xc3\xa9'").text, "\xc3\xa9");
    CHECK_TEXT(good(c, &tern_text_type, "''").text, "");
    CHECK_INT(good(c, &tern_bytes_type, "x''").bytes.len, 0);
    CHECK(good(c, &tern_bytes_type, "x''").bytes.data != NULL);
    CHECK_BYTES(good(c, &tern_bytes_type, "x'00ff'").bytes.data, 2, "\0\xff", 2);
    CHECK_INT(good(c, TERN_TYPE(Hue), "'green'").hue, Hue_green);
    tern_date date = good(c, &tern_date_type, "'2026-01-02'").date;
    CHECK(date.year == 2026 && date.month == 1 && date.day == 2);
    tern_time time = good(c, &tern_time_type, "'01:02:03.250000'").time;
    CHECK(time.hour == 1 && time.minute == 2 && time.second == 3 && time.nanosecond == 250000000);
    CHECK_INT(good(c, &tern_datetime_type, "'1970-01-01T00:00:00.000001Z'").datetime.microseconds, 1);
    CHECK_INT(good(c, &tern_uuid_type, "'0a010203-0405-0607-0809-0a0b0c0d0eff'").uuid.bytes[0], 10);
    CHECK_INT(good(c, &tern_decimal_type, "'-12.3'").decimal.units, -123);
}

TEST(texts_and_fixed_forms_are_read)
{
    WITH_DATABASE(read_texts);
}

static void read_json(tern_ctx *c)
{
    buf problems = {0};
    CHECK(schema_prepare(TERN_TYPE(Pair), &problems) && schema_prepare(TERN_LIST(Pair), &problems) &&
          schema_prepare(TERN_MAP(tern_int32), &problems));
    CHECK_TEXT(good(c, &tern_any_type, "'{\"a\": [1]}'").any.data, "{\"a\": [1]}");
    CHECK_TEXT(good(c, TERN_TYPE(Pair), "'{\"left\":1,\"right\":\"r\"}'").pair.right, "r");
    value v = good(c, TERN_LIST(Pair), "'[{\"left\":1,\"right\":\"r\"},{\"left\":2,\"right\":\"s\"}]'");
    CHECK_INT(v.pairs.count, 2);
    CHECK_TEXT(v.pairs.items[1].right, "s");
    CHECK_TEXT(good(c, TERN_MAP(tern_int32), "'{\"k\":5}'").numbers.entries[0].key, "k");
    CHECK_TEXT(problem(c, TERN_TYPE(Pair), "'{\"left\":1}'"), "JSON of its type (right must be given)");
    CHECK_TEXT(problem(c, TERN_TYPE(Pair), "x'00'"), "JSON");
    CHECK_TEXT(problem(c, &tern_any_type, "'{oops'"), "JSON");
    CHECK_TEXT(problem(c, &tern_any_type, "x'7b7d'"), "JSON");
    schema_forget();
}

TEST(json_columns_are_decoded_and_checked)
{
    WITH_DATABASE(read_json);
}

static void read_wrong(tern_ctx *c)
{
    CHECK_TEXT(problem(c, &tern_bool_type, "2"), "true or false (1 or 0)");
    CHECK_TEXT(problem(c, &tern_uint8_type, "256"), "a whole number from 0 to 255");
    CHECK_TEXT(problem(c, &tern_uint8_type, "-1"), "a whole number from 0 to 255");
    CHECK_TEXT(problem(c, &tern_int8_type, "'200'"), "a whole number from -128 to 127");
    CHECK_TEXT(problem(c, &tern_int32_type, "1.5"), "a whole number from -2147483648 to 2147483647");
    CHECK_TEXT(problem(c, &tern_int64_type, "9.3e18"),
               "a whole number from -9223372036854775808 to 9223372036854775807");
    CHECK_TEXT(problem(c, &tern_uint64_type, "-1"), "a whole number from 0 to 18446744073709551615");
    CHECK_TEXT(problem(c, &tern_double_type, "9007199254740993"), "a number that a double holds exactly");
    CHECK_TEXT(problem(c, &tern_float_type, "1e300"), "a number that a float can hold");
    CHECK_TEXT(problem(c, &tern_text_type, "x'41'"), "a text");
    CHECK_TEXT(problem(c, &tern_text_type, "cast(x'c328' as text)"), "a text: UTF-8 without a NUL inside");
    CHECK_TEXT(problem(c, &tern_text_type, "cast(x'410042' as text)"), "a text: UTF-8 without a NUL inside");
    CHECK_TEXT(problem(c, &tern_bytes_type, "1"), "bytes");
    CHECK_TEXT(problem(c, TERN_TYPE(Hue), "'blue'"), "one of red, green");
    CHECK_TEXT(problem(c, TERN_TYPE(Hue), "1"), "one of red, green");
    CHECK(problem(c, &tern_uuid_type, "x'00'") != NULL);
    CHECK(problem(c, &tern_date_type, "'2026-13-01'") != NULL);
    CHECK(problem(c, &tern_time_type, "5") != NULL);
    CHECK(problem(c, &tern_datetime_type, "'2026-01-01'") != NULL);
    CHECK(problem(c, &tern_datetime_type, "1000") != NULL);
    CHECK(problem(c, &tern_decimal_type, "9e999") != NULL);
    CHECK(problem(c, &tern_duration_type, "0.5") != NULL);
    CHECK(problem(c, &tern_upload_type, "'x'") != NULL);
}

TEST(an_unsuitable_value_is_reported_with_the_expected_kind)
{
    WITH_DATABASE(read_wrong);
}

static void read_null(tern_ctx *c)
{
    static const value zero;
    static tern_type *const types[] = {&tern_bool_type, &tern_int32_type, &tern_double_type,
                                       &tern_text_type, &tern_bytes_type, &tern_uuid_type,
                                       &tern_any_type,  TERN_TYPE(Pair)};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        reading r = read_as(c, types[i], "null");
        CHECK(r.is_null && r.problem == NULL);
        CHECK_BYTES(&r.value, types[i]->size, &zero, types[i]->size);
    }
}

TEST(a_null_reads_as_zero_and_is_reported)
{
    WITH_DATABASE(read_null);
}

static void read_with_little_memory(tern_ctx *c)
{
    CHECK_TEXT(problem(c, &tern_text_type, "replace(hex(zeroblob(600000)), '0', 'a')"),
               "smaller: the request's memory is used up");
    CHECK_TEXT(problem(c, &tern_bytes_type, "zeroblob(2000000)"), "smaller: the request's memory is used up");
}

TEST(a_text_larger_than_the_requests_memory_is_refused)
{
    WITH_DATABASE(read_with_little_memory);
}

static void read_utf16(tern_ctx *c)
{
    must_run(c, "pragma encoding = 'UTF-16le'; create table w (v text); insert into w values ('a\xc3\xa9')");
    CHECK_INT(int_of(c, "select count(*) from pragma_encoding where encoding = 'UTF-16le'"), 1);
    CHECK_TEXT(good(c, &tern_text_type, "v from w").text, "a\xc3\xa9");
    CHECK_TEXT(stored(c, TERN_ARG("\xc3\xa9")), "text '\xc3\xa9'");
}

TEST(a_database_in_utf16_is_read_as_utf8)
{
    CHECK_INT(with_database(&(data_engine_options){.url = "sqlite::memory:"}, read_utf16).reason,
              UNWIND_NONE);
}
