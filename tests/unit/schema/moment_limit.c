#include "schema/time/moment_limit.h"

#include "check.h"

#include "schema/scalar.h"

#include <time.h>

static moment_limit read_limit(const tern_type *type, const char *text)
{
    moment_limit limit;
    CHECK_TEXT(moment_limit_read(type, text, &limit) == NULL ? "read" : text, "read");
    return limit;
}

TEST(limits_count_in_the_unit_of_their_kind)
{
    CHECK_INT(read_limit(&tern_date_type, "1970-01-02").number, 1);
    CHECK_INT(read_limit(&tern_date_type, "1969-12-31").number, -1);
    CHECK_INT(read_limit(&tern_time_type, "00:01:00.5").number, 60500000000);
    CHECK_INT(read_limit(&tern_datetime_type, "1970-01-01T01:00:00+01:00").number, 0);
    CHECK_INT(read_limit(&tern_duration_type, "PT5M").number, 300000000);
    CHECK_INT(read_limit(&tern_duration_type, "-PT1S").number, -1000000);
}

TEST(limits_that_move_keep_their_distance)
{
    static const struct {
        const tern_type *type;
        const char *text;
        int64_t number;
    } cases[] = {
        {&tern_date_type, "today", 0},
        {&tern_date_type, "today+P30D", 30},
        {&tern_date_type, "today-P1D", -1},
        {&tern_date_type, "today+PT24H", 1},
        {&tern_datetime_type, "now", 0},
        {&tern_datetime_type, "now-PT5M", -300000000},
        {&tern_datetime_type, "now+PT0.5S", 500000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        moment_limit limit = read_limit(cases[i].type, cases[i].text);
        CHECK(limit.is_moving);
        CHECK_INT(limit.number, cases[i].number);
    }
}

TEST(limits_that_move_are_counted_from_the_clock)
{
    moment_limit limit = read_limit(&tern_datetime_type, "now+PT1H");
    int64_t before = (int64_t)time(NULL) - 1, at = moment_limit_number(&tern_datetime_type, &limit) / 1000000;
    CHECK(at >= before + 3600 && at <= (int64_t)time(NULL) + 3601);
    limit = read_limit(&tern_date_type, "today-P1D");
    before = (int64_t)time(NULL) / 86400 - 1;
    at = moment_limit_number(&tern_date_type, &limit);
    CHECK(at == before || at == before + 1); /* midnight may have passed */
}

TEST(limits_that_move_stay_in_the_calendar)
{
    char text[SCALAR_PRINT_BYTES + 1];
    moment_limit far = read_limit(&tern_date_type, "today+P90000000D");
    CHECK_TEXT(moment_limit_print(&tern_date_type, &far, moment_limit_number(&tern_date_type, &far), text),
               "9999-12-31");
    far = read_limit(&tern_date_type, "today-P90000000D");
    CHECK_TEXT(moment_limit_print(&tern_date_type, &far, moment_limit_number(&tern_date_type, &far), text),
               "0000-01-01");
    far = read_limit(&tern_datetime_type, "now+P106751990D");
    CHECK(moment_limit_number(&tern_datetime_type, &far) == INT64_MAX);
}

TEST(limits_are_printed_as_declared_or_with_their_value_now)
{
    char text[SCALAR_PRINT_BYTES + 1];
    moment_limit fixed = read_limit(&tern_datetime_type, "2020-01-01T00:00:00+02:00"),
                 moving = read_limit(&tern_datetime_type, "now");
    CHECK_TEXT(moment_limit_print(&tern_datetime_type, &fixed, fixed.number, text),
               "2020-01-01T00:00:00+02:00");
    CHECK_TEXT(moment_limit_print(&tern_datetime_type, &moving, 1000000, text), "1970-01-01T00:00:01Z");
}

TEST(limits_that_are_not_moments_report_what_they_should_be)
{
    static const struct {
        const tern_type *type;
        const char *text, *wants;
    } cases[] = {
        {&tern_date_type, "", "a date like 2026-11-23"},
        {&tern_date_type, "todays", "a day like today+P30D"},
        {&tern_date_type, "today+", "a day like today+P30D"},
        {&tern_date_type, "today+P1DT1H", "a day like today+P30D"},
        {&tern_date_type, "now", "a date like 2026-11-23"},
        {&tern_datetime_type, "now5", "an instant like now-PT5M"},
        {&tern_time_type, "now", "a time of day like 17:30:00"},
        {&tern_duration_type, "5", "a span of time like P1DT2H30M"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        moment_limit limit;
        CHECK_TEXT(moment_limit_read(cases[i].type, cases[i].text, &limit), cases[i].wants);
    }
}
