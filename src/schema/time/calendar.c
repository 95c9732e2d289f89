#include "schema/time/calendar.h"

enum { DAYS_400_YEARS = 146097, DAYS_TO_1970 = 719468 /* from 0000-03-01 */ };

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool calendar_is_day(int year, int month, int day)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 0 || year > CALENDAR_LAST_YEAR || month < 1 || month > 12 || day < 1)
        return false;
    return day <= days[month - 1] + (month == 2 && is_leap(year));
}

bool calendar_is_time(tern_time time)
{
    return time.hour < 24 && time.minute < 60 && time.second < 60 && time.nanosecond < 1000000000;
}

/* Years are counted from March, so that the leap day is a year's last and months have regular lengths: day
 * number (153 * m + 2) / 5 begins month m after March. */

int64_t calendar_days(int year, int month, int day)
{
    int64_t shifted = (int64_t)year - (month <= 2);
    int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    int64_t year_of_era = shifted - era * 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_400_YEARS + day_of_era - DAYS_TO_1970;
}

void calendar_day(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + DAYS_TO_1970;
    int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_400_YEARS - 1)) / DAYS_400_YEARS;
    uint32_t of_era =
        (uint32_t)(shifted - era * DAYS_400_YEARS); /* small values from here: cheap divisions */
    uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t month_from_march = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * month_from_march + 2) / 5 + 1);
    *month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}
