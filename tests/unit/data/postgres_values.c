/* Sends each kind of value to the server and back, and checks what columns refuse. */
#include "postgres_test.h"
#include "schema/json/json.h"
#include "schema/plan/plan.h"
#include "schema/scalar.h"

TERN_ENUM(Mood, sad, happy);
TERN_MODEL(Point, (int, x), (double, y), (const char *, name, .optional = true))

/* The value of a statement, as read. */
typedef struct reading {
    const tern_type *type;
    char printed[200];
    const char *problem;
    bool is_null;
    _Alignas(16) char value[64];
} reading;

static char memory_block[8192];
static arena memory;

static bool read_it(data_run *run, const data_row *row)
{
    reading *to = run->sink;
    const char *problem = data_postgres.column_read(row, 0, to->type, to->value, &to->is_null, run->memory);
    if (problem != NULL) {
        snprintf(to->printed, sizeof to->printed, "%s", problem);
        to->problem = to->printed;
        return true;
    }
    size_t len = 0;
    if (to->type->kind == TERN_KIND_TEXT)
        len = (size_t)snprintf(to->printed, sizeof to->printed, "%s", *(const char **)(void *)to->value);
    else if (to->type->kind == TERN_KIND_BYTES || to->type->kind == TERN_KIND_ANY)
        len = (size_t)snprintf(to->printed, sizeof to->printed, "%s", ((tern_any *)(void *)to->value)->data);
    else if (to->type->kind < TERN_KIND_ANY || to->type->kind == TERN_KIND_ENUM)
        len = scalar_print(to->type, to->value, to->printed);
    to->printed[len] = '\0';
    return true;
}

static reading read_value(const tern_type *type, const char *sql, tern_args args)
{
    uint8_t kinds[16];
    reading got = {.type = type};
    for (unsigned i = 0; i < args.count; i++)
        kinds[i] = (uint8_t)args.items[i].kind;
    data_statement statement = {
        .sql = sql, .sql_len = strlen(sql), .arg_count = args.count, .kinds = kinds, .writes = false};
    arena_free(&memory);
    arena_init(&memory, memory_block, sizeof memory_block, 1 << 20);
    data_run run = {
        .statement = &statement, .args = args.items, .memory = &memory, .on_row = read_it, .sink = &got};
    if (!data_postgres.run(db, &run))
        check_fail(__FILE__, __LINE__, "%s: %s", sql, run.error.message);
    return got;
}

#define RETURNS(Type, sql, value, want)                                                                      \
    CHECK_TEXT(read_value(TERN_TYPE(Type), sql, TERN_ARGS(value)).printed, want)

static void there_and_back(void)
{
    static const tern_uuid uuid = {
        {0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0x00}};
    RETURNS(tern_bool, "select $1", (bool)1, "true");
    RETURNS(tern_bool, "select $1", (bool)0, "false");
    RETURNS(tern_int64, "select $1", INT64_MIN, "-9223372036854775808");
    RETURNS(tern_int64, "select $1", INT64_MAX, "9223372036854775807");
    RETURNS(tern_uint64, "select $1", INT64_MAX, "9223372036854775807");
    RETURNS(tern_int8, "select $1::smallint", -128, "-128");
    RETURNS(tern_uint8, "select $1::smallint", 255, "255");
    RETURNS(tern_uint32, "select $1", 4294967295u, "4294967295");
    RETURNS(tern_double, "select $1", 0.1, "0.1");
    RETURNS(tern_double, "select $1", -1.7976931348623157e308, "-1.7976931348623157e308");
    RETURNS(tern_float, "select $1::real", 0.1f, "0.1");
    RETURNS(tern_text, "select $1::text", "\xe2\x82\xac' \\ \"", "\xe2\x82\xac' \\ \"");
    RETURNS(tern_text, "select $1::varchar", "", "");
    RETURNS(tern_bytes, "select $1", ((tern_bytes){(const uint8_t *)"\xff\xfe", 2}), "\xff\xfe");
    RETURNS(tern_uuid, "select $1", uuid, "123e4567-e89b-12d3-a456-426614174000");
    RETURNS(tern_date, "select $1", ((tern_date){1, 1, 1}), "0001-01-01");
    RETURNS(tern_date, "select $1", ((tern_date){2000, 2, 29}), "2000-02-29");
    RETURNS(tern_date, "select $1", ((tern_date){9999, 12, 31}), "9999-12-31");
    RETURNS(tern_time, "select $1", ((tern_time){23, 59, 59, 999999000}), "23:59:59.999999");
    RETURNS(tern_time, "select $1", ((tern_time){0, 0, 0, 0}), "00:00:00");
    RETURNS(tern_datetime, "select $1", ((tern_datetime){-1}), "1969-12-31T23:59:59.999999Z");
    RETURNS(tern_datetime, "select $1", ((tern_datetime){1800000000123456}), "2027-01-15T08:00:00.123456Z");
    RETURNS(tern_duration, "select $1", ((tern_duration){-90061000001}), "-P1DT1H1M1.000001S");
    RETURNS(tern_decimal, "select $1", ((tern_decimal){-1230, 2}), "-12.30");
    RETURNS(tern_decimal, "select $1", ((tern_decimal){999999999999999999, 18}), "0.999999999999999999");
    RETURNS(tern_decimal, "select $1", ((tern_decimal){0, 3}), "0.000");
    RETURNS(tern_any, "select $1", ((tern_any){"{\"a\": [1, 2]}", 13}), "{\"a\": [1, 2]}");
    RETURNS(Mood, "select $1::text", "happy", "happy");
}

TEST(each_kind_goes_to_the_server_and_comes_back_as_it_was)
{
    CHECK(schema_prepare(TERN_TYPE(Mood), NULL));
    with_database(there_and_back);
    schema_forget();
}

#define READS(Type, sql, want) CHECK_TEXT(read_value(TERN_TYPE(Type), sql, NO_ARGS).printed, want)

static void columns_of_other_types(void)
{
    READS(tern_int64, "select count(*) from generate_series(1, 10)", "10");
    READS(tern_int64, "select sum(n) from generate_series(1, 10) n", "55");
    READS(tern_int64, "select sum(n::bigint) from generate_series(1, 10) n", "55");
    READS(tern_int64, "select 9223372036854775807::numeric", "9223372036854775807");
    READS(tern_int64, "select -9223372036854775808::numeric", "-9223372036854775808");
    READS(tern_int64, "select 'pg_class'::regclass::oid::int4", "1259");
    READS(tern_double, "select avg(n) from generate_series(1, 2) n", "1.5");
    READS(tern_double, "select 1::numeric / 3", "0.3333333333333333");
    READS(tern_double, "select 0.000001234::numeric", "0.000001234");
    READS(tern_double, "select 123456789012345678901234567890::numeric", "1.2345678901234568e29");
    READS(tern_double, "select -0.5::numeric", "-0.5");
    READS(tern_double, "select 7::smallint", "7");
    READS(tern_double, "select 1.5::real", "1.5");
    READS(tern_decimal, "select 10000::numeric", "10000");
    READS(tern_decimal, "select 100000000.00010000::numeric", "100000000.00010000");
    READS(tern_decimal, "select 0.00000000000000000100::numeric(30, 20)", "0.000000000000000001");
    READS(tern_decimal, "select 999999999999999999::numeric", "999999999999999999");
    READS(tern_decimal, "select 5::bigint", "5");
    READS(tern_text, "select 'a'::char(3)", "a  ");
    READS(tern_text, "select 'pg_class'::name", "pg_class");
    READS(tern_text, "select '{\"a\":1}'::jsonb", "{\"a\": 1}");
    READS(tern_datetime, "select '2000-01-01 00:00'::timestamp", "2000-01-01T00:00:00Z");
    READS(tern_duration, "select '1 day 1 hour'::interval", "P1DT1H");
    READS(tern_uuid, "select '123e4567-e89b-12d3-a456-426614174000'::text",
          "123e4567-e89b-12d3-a456-426614174000");
    READS(tern_any, "select '[1,2]'::json", "[1,2]");
}

TEST(columns_of_kindred_types_are_read_exactly)
{
    with_database(columns_of_other_types);
}

static void columns_as_text(void)
{
    READS(tern_text, "select 7::smallint", "7");
    READS(tern_text, "select -2147483648", "-2147483648");
    READS(tern_text, "select 9223372036854775807", "9223372036854775807");
    READS(tern_text, "select true", "true");
    READS(tern_text, "select 0.1::float8", "0.1");
    READS(tern_text, "select 0.1::float4", "0.1");
    READS(tern_text, "select 'NaN'::float8", "NaN");
    READS(tern_text, "select '-Infinity'::float4", "-Infinity");
    READS(tern_text, "select 12.50", "12.50");
    READS(tern_text, "select -0.000001", "-0.000001");
    READS(tern_text, "select 100000000.00010000", "100000000.00010000");
    READS(tern_text, "select 1234567890123456789012345678901234567890::numeric",
          "1234567890123456789012345678901234567890");
    READS(tern_text, "select 10000::numeric", "10000");
    READS(tern_text, "select 0::numeric", "0");
    READS(tern_text, "select 'NaN'::numeric", "NaN");
    READS(tern_text, "select '123e4567-e89b-12d3-a456-426614174000'::uuid",
          "123e4567-e89b-12d3-a456-426614174000");
    READS(tern_text, "select '2026-11-24'::date", "2026-11-24");
    READS(tern_text, "select '17:30:00.25'::time", "17:30:00.25");
    READS(tern_text, "select '2026-11-24 17:30:00+02'::timestamptz", "2026-11-24T15:30:00Z");
    READS(tern_text, "select '1 year 2 months 3 days 04:05:06.789'::interval", "P1Y2M3DT4H5M6.789S");
    READS(tern_text, "select '-1 year -2 months +3 days -04:05:06.5'::interval", "P-1Y-2M3DT-4H-5M-6.5S");
    READS(tern_text, "select '0'::interval", "PT0S");
    READS(tern_text, "select '-0.000001 seconds'::interval", "PT-0.000001S");
    READS(tern_text, "select '192.168.1.5'::inet", "192.168.1.5");
    READS(tern_text, "select '192.168.1.5/24'::inet", "192.168.1.5/24");
    READS(tern_text, "select '192.168.1.5/32'::cidr", "192.168.1.5/32");
    READS(tern_text, "select '2001:db8::1'::inet", "2001:db8::1");
    READS(tern_text, "select '2001:db8::/32'::cidr", "2001:db8::/32");
    READS(tern_text, "select '08:00:2b:01:02:03'::macaddr", "08:00:2b:01:02:03");
    READS(tern_text, "select '08:00:2b:01:02:03:04:05'::macaddr8", "08:00:2b:01:02:03:04:05");
    READS(tern_text, "select b'10110'", "10110");
    READS(tern_text, "select ''::varbit", "");
    READS(tern_text, "select b'1011000010'::varbit", "1011000010");
    READS(tern_text, "select '<a>b</a>'::xml", "<a>b</a>");
    READS(tern_text, "select to_tsvector('simple', 'the cat''s rat cat')", "'cat':2,5 'rat':4 's':3 'the':1");
    READS(tern_text, "select '''it''''s'':1A,2B,3C fat'::tsvector", "'fat' 'it''s':1A,2B,3C");
    READS(tern_text, "select '[1,5)'::int4range", "[1,5)");
    READS(tern_text, "select '(,5]'::int8range", "(,6)");
    READS(tern_text, "select 'empty'::int4range", "empty");
    READS(tern_text, "select '(1.5,)'::numrange", "(1.5,)");
    READS(tern_text, "select '[2026-01-01,2026-02-01]'::daterange", "[2026-01-01,2026-02-02)");
    READS(tern_text, "select tstzrange('2026-01-01', '2026-02-01')",
          "[2026-01-01T00:00:00Z,2026-02-01T00:00:00Z)");
    READS(tern_text, "select 'happy'::mood_of_tests", "happy");
}

static void make_mood(void)
{
    must("drop type if exists mood_of_tests");
    must("create type mood_of_tests as enum ('sad', 'happy')");
}

static void columns_as_text_with_mood(void)
{
    make_mood();
    columns_as_text();
}

TEST(columns_of_types_without_a_kind_are_read_as_text)
{
    with_database(columns_as_text_with_mood);
}

/** The items of an array, as JSON. */
#define LISTS(Type, sql, want) check_list(TERN_LIST(Type), sql, want)

static void check_list(const tern_type *type, const char *sql, const char *want)
{
    reading got = read_value(type, sql, NO_ARGS);
    if (got.problem != NULL)
        check_fail(__FILE__, __LINE__, "%s: %s", sql, got.problem);
    json_out out;
    json_out_init(&out, &memory, 256);
    CHECK(json_encode(type, got.value, &out));
    CHECK_BYTES(out.data, out.len, want, strlen(want));
}

static void arrays(void)
{
    make_mood();
    LISTS(tern_text, "select array['a', 'b c', '', 'NULL']", "[\"a\",\"b c\",\"\",\"NULL\"]");
    LISTS(tern_text, "select '{}'::text[]", "[]");
    LISTS(tern_text, "select array['x']::varchar(5)[]", "[\"x\"]");
    LISTS(tern_text, "select '[0:1]={a,b}'::text[]", "[\"a\",\"b\"]");
    LISTS(tern_text, "select array['10.0.0.1'::inet]", "[\"10.0.0.1\"]");
    LISTS(tern_int64, "select array[1, -2, 9223372036854775807]", "[1,-2,9223372036854775807]");
    LISTS(tern_int32, "select array[1, 2]::int[]", "[1,2]");
    LISTS(tern_int64, "select array[1, 2]::smallint[]", "[1,2]");
    LISTS(tern_double, "select array[0.5, 1]::float8[]", "[0.5,1]");
    LISTS(tern_bool, "select array[true, false]", "[true,false]");
    LISTS(tern_uuid, "select array['123e4567-e89b-12d3-a456-426614174000'::uuid]",
          "[\"123e4567-e89b-12d3-a456-426614174000\"]");
    LISTS(tern_datetime, "select array['2026-11-24 17:30:00+00'::timestamptz]", "[\"2026-11-24T17:30:00Z\"]");
    LISTS(tern_date, "select array['2026-11-24'::date]", "[\"2026-11-24\"]");
    LISTS(tern_decimal, "select array[12.50, 1]", "[12.50,1]");
    LISTS(Mood, "select array['happy', 'sad']::mood_of_tests[]", "[\"happy\",\"sad\"]");
    LISTS(tern_text, "select '[\"json\"]'::jsonb", "[\"json\"]");
    LISTS(tern_text, "select '[\"json\"]'::text", "[\"json\"]");
    CHECK_TEXT(read_value(TERN_LIST(tern_text), "select array['a', null]", NO_ARGS).printed,
               "an array without nulls");
    CHECK_TEXT(read_value(TERN_LIST(tern_text), "select array[['a'], ['b']]", NO_ARGS).printed,
               "an array of one dimension");
    CHECK_TEXT(read_value(TERN_LIST(tern_int8), "select array[1, 128]", NO_ARGS).printed,
               "an array whose items are each a whole number from -128 to 127");
    CHECK_TEXT(read_value(TERN_LIST(tern_int8), "select 1", NO_ARGS).printed,
               "an array, or JSON (json or jsonb)");
}

TEST(arrays_are_read_into_lists)
{
    tern_type *const lists[] = {TERN_LIST(tern_text),    TERN_LIST(tern_int64),    TERN_LIST(tern_int32),
                                TERN_LIST(tern_int8),    TERN_LIST(tern_bool),     TERN_LIST(tern_double),
                                TERN_LIST(tern_uuid),    TERN_LIST(tern_datetime), TERN_LIST(tern_date),
                                TERN_LIST(tern_decimal), TERN_LIST(Mood)};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        CHECK(schema_prepare(lists[i], NULL));
    with_database(arrays);
    schema_forget();
}

static void refused_columns(void)
{
    READS(tern_int8, "select 128::smallint", "a whole number from -128 to 127");
    READS(tern_uint8, "select -1::smallint", "a whole number from 0 to 255");
    READS(tern_uint64, "select -1::bigint", "a whole number from 0 to 18446744073709551615");
    READS(tern_int64, "select 9223372036854775808::numeric",
          "a whole number from -9223372036854775808 to 9223372036854775807");
    READS(tern_int64, "select 1.5::numeric",
          "a whole number from -9223372036854775808 to 9223372036854775807");
    READS(tern_int64, "select 'NaN'::numeric",
          "a whole number from -9223372036854775808 to 9223372036854775807");
    READS(tern_int64, "select 1.5::float8",
          "a whole number from -9223372036854775808 to 9223372036854775807");
    READS(tern_decimal, "select 1234567890123456789::numeric", "a decimal of at most 18 digits");
    READS(tern_decimal, "select 'Infinity'::numeric", "a decimal of at most 18 digits");
    READS(tern_float, "select 1e300::float8", "a number that a float holds");
    READS(tern_date, "select 'infinity'::date", "a date other than infinity");
    READS(tern_date, "select '-infinity'::date", "a date other than -infinity");
    READS(tern_date, "select '10000-01-01'::date", "a date of the years 0 to 9999 but 10000-01-01");
    READS(tern_date, "select '0044-03-15 BC'::date", "a date of the years 0 to 9999 but 0044-03-15 BC");
    READS(tern_datetime, "select 'infinity'::timestamptz", "a date and time other than infinity");
    READS(tern_datetime, "select '-infinity'::timestamp", "a date and time other than -infinity");
    READS(tern_datetime, "select '20000-01-01 12:00+00'::timestamptz",
          "a date and time of the years 0 to 9999 but 20000-01-01");
    READS(tern_datetime, "select '294276-12-31 23:59:59.999999'::timestamp",
          "a date and time of the years 0 to 9999 but 294276-12-31");
    READS(tern_datetime, "select '4713-01-01 BC'::timestamp",
          "a date and time of the years 0 to 9999 but 4713-01-01 BC");
    READS(tern_time, "select '24:00:00'::time",
          "a time of day from 00:00:00 to 23:59:59.999999 but 24:00:00");
    READS(tern_time, "select '12:00:00+02'::timetz",
          "a time of day without a zone: the column is of timetz; select it with a cast (::time)");
    READS(tern_duration, "select '1 month'::interval",
          "a span of days to microseconds: months and years have no fixed length");
    READS(tern_bool, "select 1", "a boolean");
    READS(tern_text, "select point(1, 2)",
          "text: the column is of a type without a kind in C; select it with a cast (::text)");
    READS(tern_text, "select 1::money", "text: the column is of money; select it with a cast (::numeric)");
    READS(tern_double, "select 1::money",
          "a number: the column is of money; select it with a cast (::numeric)");
    READS(tern_text, "select '\\x00'::bytea", "text: the column is of bytea; select it with a cast (::text)");
    READS(tern_text, "select row(1, 2)",
          "text: the column is of a type without a kind in C; select it with a cast (::text)");
    READS(tern_text, "select array[1]",
          "text: the column is of a type without a kind in C; select it with a cast (::text)");
    READS(tern_uuid, "select 'x'::bytea", "a UUID");
}

TEST(columns_that_do_not_fit_say_what_they_should_have_been)
{
    with_database(refused_columns);
}

static void nulls(void)
{
    static const tern_type *const types[] = {
        TERN_TYPE(tern_bool), TERN_TYPE(tern_int64),    TERN_TYPE(tern_double),   TERN_TYPE(tern_text),
        TERN_TYPE(tern_date), TERN_TYPE(tern_datetime), TERN_TYPE(tern_duration), TERN_TYPE(tern_decimal)};
    static const char zeros[64];
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        reading got = read_value(types[i], "select null::text", NO_ARGS);
        CHECK(got.is_null);
        CHECK_BYTES(got.value, types[i]->size, zeros, types[i]->size);
    }
    for (int kind = TERN_ARG_NULL; kind < TERN_ARG_TOO_BIG; kind++) {
        const tern_arg null = {.kind = (tern_arg_kind)kind, .is_null = true};
        reading got = read_value(TERN_TYPE(tern_bool), "select $1::text is null", (tern_args){&null, 1});
        CHECK_TEXT(got.printed, "true");
    }
}

TEST(a_null_of_every_kind_is_null)
{
    with_database(nulls);
}

static void bad_values(void)
{
    answer got = ask("select $1", TERN_ARGS(((tern_date){2001, 2, 29})));
    CHECK_TEXT(got.error.message, "value 1 is not a day of the calendar");
    got = ask("select $1", TERN_ARGS(((tern_time){24, 0, 0, 0})));
    CHECK_TEXT(got.error.message, "value 1 is not a time of day");
    got = ask("select $1", TERN_ARGS(((tern_datetime){INT64_MIN})));
    CHECK_TEXT(got.error.message, "value 1 is not in the years 0 to 9999");
    got = ask("select $1, $2::bigint", TERN_ARGS(1, "x"));
    CHECK_INT(got.error.fault, TERN_DATA_BAD_VALUE);
    got = ask("select $1", TERN_ARGS(((tern_any){"{oops", 5})));
    CHECK_INT(got.error.fault, TERN_DATA_BAD_VALUE);
}

TEST(values_that_no_column_holds_are_refused)
{
    with_database(bad_values);
}

static void models(void)
{
    reading got =
        read_value(TERN_TYPE(Point), "select '{\"x\": 3, \"y\": 0.5, \"name\": \"p\"}'::jsonb", NO_ARGS);
    const Point *point = (const void *)got.value;
    CHECK_TEXT(got.problem, NULL);
    CHECK_INT(point->x, 3);
    CHECK(point->y == 0.5);
    CHECK_TEXT(point->name, "p");
    got = read_value(TERN_LIST(tern_int32), "select '[1, 2, 3]'::jsonb", NO_ARGS);
    CHECK_INT(((const tern_int32_list *)(const void *)got.value)->count, 3);
    got = read_value(TERN_TYPE(Point), "select '{\"x\": \"three\", \"y\": 1}'::json", NO_ARGS);
    CHECK(got.problem != NULL);
}

TEST(a_json_column_is_read_into_a_model)
{
    CHECK(schema_prepare(TERN_TYPE(Point), NULL));
    CHECK(schema_prepare(TERN_LIST(tern_int32), NULL));
    with_database(models);
    schema_forget();
}

static void many_values(void)
{
    enum { COUNT = 3000 };
    static tern_arg args[COUNT];
    static uint8_t kinds[COUNT];
    buf sql = {0};
    reading got = {.type = TERN_TYPE(tern_int64)};
    buf_add_text(&sql, "select 0");
    for (int i = 0; i < COUNT; i++) {
        args[i] = TERN_ARG(i);
        kinds[i] = TERN_ARG_INT;
        buf_add_printf(&sql, " + $%d", i + 1);
    }
    data_statement statement = {
        .sql = sql.data, .sql_len = sql.len, .id = 1, .arg_count = COUNT, .kinds = kinds};
    arena_init(&memory, memory_block, sizeof memory_block, 1 << 20);
    data_run run = {
        .statement = &statement, .args = args, .memory = &memory, .on_row = read_it, .sink = &got};
    CHECK(data_postgres.run(db, &run));
    CHECK_TEXT(got.printed, "4498500");
    buf_free(&sql);
}

TEST(a_statement_may_have_thousands_of_values)
{
    with_database(many_values);
}

static void look_at_zone(void)
{
    CHECK_TEXT(ask("show timezone", NO_ARGS, .as_text = true).text, "UTC");
    CHECK(ask("set time zone 'Pacific/Apia'", NO_ARGS).is_ok);
    CHECK(ask("reset time zone", NO_ARGS).is_ok);
    CHECK_TEXT(ask("show timezone", NO_ARGS, .as_text = true).text, "UTC");
}

static void be_elsewhere(void)
{
    must("alter database tern set timezone = 'America/St_Johns'");
    must("alter role tern set timezone = 'Asia/Kathmandu'");
}

static void be_back(void)
{
    must("alter database tern reset timezone");
    must("alter role tern reset timezone");
}

TEST(threat_128_a_session_is_in_utc_whatever_database_and_role_say)
{
    with_database(be_elsewhere);
    with_database(look_at_zone);
    with_database(be_back);
}
