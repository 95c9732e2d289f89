/* Single values from text and back: tables of what is accepted, what is refused, and what is printed. */
#include "check.h"

#include "base/arena.h"
#include "schema/scalar.h"

#include <stdio.h>

TERN_ENUM(Color, red, green, dark_blue);

static arena memory;

static const char *wants(const tern_type *type, const char *text, void *out)
{
    arena_init(&memory, NULL, 0, 1 << 20);
    return scalar_read(type, text, strlen(text), out, &memory);
}

static void prints(const tern_type *type, const void *value, const char *want)
{
    char text[SCALAR_PRINT_BYTES];
    size_t len = scalar_print(type, value, text);
    CHECK_BYTES(text, len, want, strlen(want));
}

/** Reads `text`, and prints it as `printed`. */
static void round_trip(const tern_type *type, const char *text, const char *printed)
{
    union {
        _Alignas(16) char bytes[64];
        int64_t word;
    } value = {.word = 0};
    const char *wrong = wants(type, text, &value);
    if (wrong != NULL)
        check_fail(__FILE__, __LINE__, "\"%s\" is refused: wants %s", text, wrong);
    prints(type, &value, printed);
    arena_free(&memory);
}

static void refused(const tern_type *type, const char *const *texts)
{
    char value[64];
    for (; *texts != NULL; texts++) {
        const char *wrong = wants(type, *texts, value);
        if (wrong == NULL)
            check_fail(__FILE__, __LINE__, "%s takes \"%s\"", type->name, *texts);
        arena_free(&memory);
    }
}

#define REFUSED(type, ...) refused(&type, (const char *const[]){__VA_ARGS__, NULL})

TEST(bools_are_words_of_any_case)
{
    round_trip(&tern_bool_type, "true", "true");
    round_trip(&tern_bool_type, "ON", "true");
    round_trip(&tern_bool_type, "1", "true");
    round_trip(&tern_bool_type, "No", "false");
    REFUSED(tern_bool_type, "", "2", "tru", "truee", " true", "y");
}

TEST(integers_are_exact_at_their_ends)
{
    round_trip(&tern_int8_type, "-128", "-128");
    round_trip(&tern_uint8_type, "255", "255");
    round_trip(&tern_int16_type, "32767", "32767");
    round_trip(&tern_int32_type, "-2147483648", "-2147483648");
    round_trip(&tern_uint32_type, "4294967295", "4294967295");
    round_trip(&tern_int64_type, "-9223372036854775808", "-9223372036854775808");
    round_trip(&tern_int64_type, "9223372036854775807", "9223372036854775807");
    round_trip(&tern_uint64_type, "18446744073709551615", "18446744073709551615");
    REFUSED(tern_int8_type, "128", "-129", "", "-", "+1", " 1", "1 ", "1.0", "0x1", "1e2");
    REFUSED(tern_uint8_type, "256", "-1");
    REFUSED(tern_int64_type, "9223372036854775808", "-9223372036854775809", "99999999999999999999999");
    REFUSED(tern_uint64_type, "18446744073709551616");
    char value[8];
    CHECK_TEXT(wants(&tern_uint8_type, "x", value), "a whole number from 0 to 255");
}

TEST(floats_are_finite_decimals)
{
    round_trip(&tern_double_type, "0.1", "0.1");
    round_trip(&tern_double_type, "-1.5e3", "-1500");
    round_trip(&tern_float_type, "0.1", "0.1");
    REFUSED(tern_double_type, "", "nan", "inf", "1e999", "0x1p3", "1,5", ".5", "5.", "--1");
    REFUSED(tern_float_type, "1e39");
}

TEST(enums_are_their_names)
{
    round_trip(&Color_type, "dark_blue", "dark_blue");
    int value;
    CHECK_TEXT(wants(&Color_type, "blue", &value), "one of red, green, dark_blue");
    arena_free(&memory);
}

TEST(uuids_are_36_characters)
{
    round_trip(&tern_uuid_type, "123e4567-E89B-12d3-a456-426614174000",
               "123e4567-e89b-12d3-a456-426614174000");
    REFUSED(tern_uuid_type, "", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g",
            "123e4567-e89b-12d3-a456_426614174000", "{23e4567-e89b-12d3-a456-42661417400}");
}

TEST(dates_are_days_that_exist)
{
    round_trip(&tern_date_type, "2024-02-29", "2024-02-29");
    round_trip(&tern_date_type, "0000-01-01", "0000-01-01");
    round_trip(&tern_date_type, "2000-02-29", "2000-02-29");
    REFUSED(tern_date_type, "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "24-01-01",
            "2024-1-1", "2024-01-01T", "2024/01/01", "");
}

TEST(times_keep_nanoseconds)
{
    round_trip(&tern_time_type, "17:30:00", "17:30:00");
    round_trip(&tern_time_type, "17:30:00.250", "17:30:00.25");
    round_trip(&tern_time_type, "23:59:59.1234567891", "23:59:59.123456789");
    round_trip(&tern_time_type, "23:59:60", "23:59:59.999999999");
    REFUSED(tern_time_type, "12:00:60", "23:58:60", "22:59:60", "24:00:00", "12:60:00", "12:00:61", "12:00",
            "12:00:00.", "1:00:00", "12:00:00Z");
}

TEST(instants_are_written_in_utc)
{
    round_trip(&tern_datetime_type, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z");
    round_trip(&tern_datetime_type, "2026-11-23T17:30:00.5+02:00", "2026-11-23T15:30:00.5Z");
    round_trip(&tern_datetime_type, "1969-12-31t23:59:59.999999z", "1969-12-31T23:59:59.999999Z");
    round_trip(&tern_datetime_type, "2038-01-19 03:14:08Z", "2038-01-19T03:14:08Z");
    round_trip(&tern_datetime_type, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z");
    round_trip(&tern_datetime_type, "2024-02-29T00:30:00+01:00", "2024-02-28T23:30:00Z");
    REFUSED(tern_datetime_type, "2026-11-23T17:30:00", "2026-11-23", "2026-11-23T17:30:00+0200",
            "2026-11-23T17:30Z", "2026-11-23T17:30:00+24:00", "2026-11-23T17:30:00Z ");
}

TEST(threat_128_an_offset_does_not_lead_outside_the_years_0_to_9999)
{
    round_trip(&tern_datetime_type, "9999-12-31T22:59:59.999999-01:00", "9999-12-31T23:59:59.999999Z");
    round_trip(&tern_datetime_type, "0000-01-01T01:00:00+01:00", "0000-01-01T00:00:00Z");
    REFUSED(tern_datetime_type, "9999-12-31T23:59:59-01:00", "9999-12-31T23:00:00-01:00",
            "9999-12-31T00:01:00-23:59", "0000-01-01T00:59:59.999999+01:00", "0000-01-01T00:00:00+00:01");
}

TEST(threat_128_second_60_is_accepted_only_at_the_end_of_a_month_in_utc)
{
    round_trip(&tern_datetime_type, "1990-12-31T23:59:60Z", "1990-12-31T23:59:59.999999Z");
    round_trip(&tern_datetime_type, "1990-12-31T15:59:60-08:00", "1990-12-31T23:59:59.999999Z");
    round_trip(&tern_datetime_type, "2016-12-31T23:59:60.25Z", "2016-12-31T23:59:59.999999Z");
    round_trip(&tern_datetime_type, "2015-07-01T05:29:60+05:30", "2015-06-30T23:59:59.999999Z");
    round_trip(&tern_datetime_type, "2024-02-29T23:59:60Z", "2024-02-29T23:59:59.999999Z");
    REFUSED(tern_datetime_type, "2026-06-15T12:00:60Z", "1998-12-31T23:58:60Z", "1998-12-31T22:59:60Z",
            "1998-12-30T23:59:60Z", "1998-12-31T23:59:60+01:00", "2024-02-28T23:59:60Z",
            "1998-12-31T23:59:61Z", "1990-12-31T15:59:60-07:00");
}

TEST(threat_117_times_after_2038_and_before_1970_are_sane)
{
    tern_datetime moment;
    CHECK(datetime_read("2106-02-07T06:28:16Z", 20, &moment));
    CHECK_INT(moment.microseconds, 4294967296 * 1000000);
    CHECK(datetime_read("1901-12-13T20:45:51Z", 20, &moment));
    CHECK_INT(moment.microseconds, -2147483649 * 1000000);
}

TEST(spans_have_days_to_seconds)
{
    round_trip(&tern_duration_type, "P1DT2H3.5S", "P1DT2H3.5S");
    round_trip(&tern_duration_type, "PT90M", "PT1H30M");
    round_trip(&tern_duration_type, "P2W", "P14D");
    round_trip(&tern_duration_type, "-PT0.000001S", "-PT0.000001S");
    round_trip(&tern_duration_type, "PT0S", "PT0S");
    REFUSED(tern_duration_type, "", "P", "PT", "P1Y", "P1M", "P1D2H", "PT1S1H", "PT1.5H", "P-1D", "1D",
            "P1DT", "P999999999999999999D");
}

TEST(decimals_are_exact)
{
    round_trip(&tern_decimal_type, "12.30", "12.30");
    round_trip(&tern_decimal_type, "-0.05", "-0.05");
    round_trip(&tern_decimal_type, "999999999999999999", "999999999999999999");
    round_trip(&tern_decimal_type, "0.000000000000000001", "0.000000000000000001");
    round_trip(&tern_decimal_type, "000012", "12");
    round_trip(&tern_decimal_type, "1e2", "100");
    round_trip(&tern_decimal_type, "1e-7", "0.0000001");
    round_trip(&tern_decimal_type, "-1.50E+1", "-15");
    round_trip(&tern_decimal_type, "1.5000000000000000000000", "1.5");
    round_trip(&tern_decimal_type, "0e999999999999999999999", "0");
    REFUSED(tern_decimal_type, "", "-", ".5", "5.", "1e", "1e18", "1e-19", "1e999999999999999999999", "1.2.3",
            "1000000000000000000", "+1");
}

TEST(bytes_are_base64_in_one_form)
{
    static const struct {
        const char *text, *bytes;
    } cases[] = {{"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9vYmFy", "foobar"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tern_bytes value = {0};
        CHECK(wants(&tern_bytes_type, cases[i].text, &value) == NULL);
        CHECK_BYTES(value.data, value.len, cases[i].bytes, strlen(cases[i].bytes));
        char text[16];
        size_t len = base64_print(value.data, value.len, text);
        CHECK_BYTES(text, len, cases[i].text, strlen(cases[i].text));
        arena_free(&memory);
    }
    REFUSED(tern_bytes_type, "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "Zg==Zg==", "Zm9-", "Zm 9v");
}

TEST(text_has_no_nul_and_is_utf8)
{
    const char *value;
    arena_init(&memory, NULL, 0, 1000);
    CHECK(scalar_read(&tern_text_type, "a\0b", 3, &value, &memory) != NULL);
    CHECK(scalar_read(&tern_text_type, "a\xff", 2, &value, &memory) != NULL);
    CHECK(scalar_read(&tern_text_type, "gr\xc3\xbc\xc3\x9f", 6, &value, &memory) == NULL);
    CHECK_TEXT(value, "gr\xc3\xbc\xc3\x9f");
    arena_free(&memory);
}

TEST(lists_and_models_are_not_single_values)
{
    char value[64];
    CHECK(wants(&tern_text_list_type, "a", value) != NULL);
    CHECK(wants(&tern_text_map_type, "a", value) != NULL);
    CHECK(wants(&tern_any_type, "1", value) != NULL);
}
