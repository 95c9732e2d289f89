#include "check.h"

#include "schema/time/calendar.h"

#include <time.h>

TEST(every_day_of_ten_thousand_years_is_found_again)
{
    int64_t days = calendar_days(0, 1, 1);
    for (int year = 0; year <= CALENDAR_LAST_YEAR; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; calendar_is_day(year, month, day); day++, days++) {
                int y, m, d;
                calendar_day(days, &y, &m, &d);
                if (y != year || m != month || d != day || calendar_days(year, month, day) != days)
                    check_fail(__FILE__, __LINE__, "%04d-%02d-%02d", year, month, day);
            }
        }
    }
    CHECK_INT(days, calendar_days(CALENDAR_LAST_YEAR, 12, 31) + 1);
}

TEST(days_agree_with_the_c_library)
{
    for (int64_t days = -30000; days < 60000; days += 17) {
        time_t seconds = (time_t)(days * 86400);
        struct tm t;
        int year, month, day;
        CHECK(gmtime_r(&seconds, &t) != NULL);
        calendar_day(days, &year, &month, &day);
        CHECK(year == t.tm_year + 1900 && month == t.tm_mon + 1 && day == t.tm_mday);
    }
}
