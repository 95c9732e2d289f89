/** Dates, times, instants and spans as text: RFC 3339, and ISO 8601 durations of days to seconds. */
#include "schema/time/moment.h"
#include "base/text.h"
#include "schema/scalar.h"
#include "schema/time/calendar.h"

#include <string.h>

static const int64_t SECOND_US = 1000000, DAY_S = 86400;

/** The rest of a text. Each take_ function moves past what it read, or returns false. */
typedef struct reader {
    const char *at, *end;
} reader;

static bool take(reader *in, char byte)
{
    if (in->at == in->end || *in->at != byte)
        return false;
    in->at++;
    return true;
}

static bool take_digits(reader *in, int count, int *value)
{
    *value = 0;
    if (in->end - in->at < count)
        return false;
    for (int i = 0; i < count; i++) {
        unsigned digit = (unsigned)(unsigned char)*in->at++ - '0';
        if (digit > 9)
            return false;
        *value = *value * 10 + (int)digit;
    }
    return true;
}

/** ".25" as a fraction of a second in nanoseconds; digits after the ninth are dropped. */
static bool take_fraction(reader *in, uint32_t *nanosecond)
{
    *nanosecond = 0;
    if (!take(in, '.'))
        return true;
    uint32_t unit = 100000000;
    const char *from = in->at;
    for (; in->at != in->end && (unsigned char)(*in->at - '0') < 10; in->at++, unit /= 10)
        *nanosecond += (uint32_t)(*in->at - '0') * unit;
    return in->at != from;
}

static bool take_date(reader *in, tern_date *out)
{
    int year, month, day;
    if (!take_digits(in, 4, &year) || !take(in, '-') || !take_digits(in, 2, &month) || !take(in, '-') ||
        !take_digits(in, 2, &day) || !calendar_is_day(year, month, day))
        return false;
    *out = (tern_date){(int16_t)year, (uint8_t)month, (uint8_t)day};
    return true;
}

/** A leap second (":60") is read as the last nanosecond of its minute, since a time cannot represent it. The
 * caller checks whether the minute can have one. */
static bool take_time(reader *in, tern_time *out, bool *is_leap)
{
    int hour, minute, second;
    uint32_t nanosecond;
    if (!take_digits(in, 2, &hour) || !take(in, ':') || !take_digits(in, 2, &minute) || !take(in, ':') ||
        !take_digits(in, 2, &second) || !take_fraction(in, &nanosecond) || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    *is_leap = second == 60;
    if (*is_leap) {
        second = 59;
        nanosecond = 999999999;
    }
    *out = (tern_time){(uint8_t)hour, (uint8_t)minute, (uint8_t)second, nanosecond};
    return true;
}

/** 'Z' or "+hh:mm": the seconds by which local time is ahead of UTC. */
static bool take_offset(reader *in, int64_t *seconds)
{
    *seconds = 0;
    if (take(in, 'Z') || take(in, 'z'))
        return true;
    bool is_behind = take(in, '-');
    int hours, minutes;
    if ((!is_behind && !take(in, '+')) || !take_digits(in, 2, &hours) || !take(in, ':') ||
        !take_digits(in, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *seconds = (is_behind ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

bool date_read(const char *text, size_t len, tern_date *out)
{
    reader in = {text, text + len};
    return take_date(&in, out) && in.at == in.end;
}

bool time_read(const char *text, size_t len, tern_time *out)
{
    reader in = {text, text + len};
    bool is_leap;
    return take_time(&in, out, &is_leap) && in.at == in.end &&
           (!is_leap || (out->hour == 23 && out->minute == 59));
}

/** Whether a leap second may follow this second of UTC: the last one of a month (RFC 3339, 5.7). */
static bool may_leap_after(int64_t seconds)
{
    int year, month, day;
    if ((seconds + 1) % DAY_S != 0)
        return false;
    calendar_day((seconds + 1) / DAY_S, &year, &month, &day);
    return day == 1;
}

bool datetime_read(const char *text, size_t len, tern_datetime *out)
{
    reader in = {text, text + len};
    tern_date date;
    tern_time time;
    bool is_leap;
    int64_t offset;
    if (!take_date(&in, &date) || !(take(&in, 'T') || take(&in, 't') || take(&in, ' ')) ||
        !take_time(&in, &time, &is_leap) || !take_offset(&in, &offset) || in.at != in.end)
        return false;
    int64_t seconds = calendar_days(date.year, date.month, date.day) * DAY_S + time.hour * 3600 +
                      time.minute * 60 + time.second - offset;
    out->microseconds = seconds * SECOND_US + time.nanosecond / 1000;
    return calendar_has(*out) &&
           (!is_leap || may_leap_after(seconds)); /* an offset may lead outside the years */
}

/* -- durations -- */

typedef struct duration_unit {
    char letter;
    bool is_time; /* comes after 'T' */
    int64_t seconds;
} duration_unit;

static const duration_unit units[] = {
    {'W', false, 7 * 86400}, {'D', false, 86400}, {'H', true, 3600}, {'M', true, 60}, {'S', true, 1}};

/** Adds `count` units and a fraction of a second to `*sum`; false on overflow. */
static bool add_units(int64_t *sum, uint64_t count, int64_t seconds, uint32_t nanosecond)
{
    int64_t amount;
    return count <= INT64_MAX && !__builtin_mul_overflow((int64_t)count, seconds * SECOND_US, &amount) &&
           !__builtin_add_overflow(amount, nanosecond / 1000, &amount) &&
           !__builtin_add_overflow(*sum, amount, sum);
}

/** Reads "12H" or "3.5S", whose unit comes after units[*next - 1]. */
static bool take_part(reader *in, bool in_time, size_t *next, int64_t *sum)
{
    const char *from = in->at;
    uint64_t count;
    uint32_t nanosecond;
    while (in->at != in->end && (unsigned char)(*in->at - '0') < 10)
        in->at++;
    if (!text_get_u64(from, (size_t)(in->at - from), &count))
        return false;
    bool has_fraction = in->at != in->end && *in->at == '.';
    if (!take_fraction(in, &nanosecond))
        return false;
    for (size_t i = *next; i < sizeof units / sizeof *units; i++) {
        if (units[i].is_time != in_time || !take(in, units[i].letter))
            continue;
        *next = i + 1;
        return (!has_fraction || units[i].letter == 'S') &&
               add_units(sum, count, units[i].seconds, nanosecond);
    }
    return false;
}

bool duration_read(const char *text, size_t len, tern_duration *out)
{
    reader in = {text, text + len};
    bool is_negative = take(&in, '-'), in_time = false;
    size_t next = 0;
    int64_t sum = 0;
    if (!take(&in, 'P') || in.at == in.end)
        return false;
    while (in.at != in.end) {
        if (!in_time && take(&in, 'T'))
            in_time = true;
        if (!take_part(&in, in_time, &next, &sum))
            return false;
    }
    out->microseconds = is_negative ? -sum : sum;
    return true;
}

/* -- printing -- */

static char *put_digits(char *at, uint32_t value, int count)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + count;
}

/** Two digits of a number below 100: most of a date-time's text. */
static inline char *put_two(char *at, uint32_t value)
{
    at[0] = (char)('0' + value / 10);
    at[1] = (char)('0' + value % 10);
    return at + 2;
}

/** ".25" without trailing zeros; nothing for 0. */
static char *put_fraction(char *at, uint32_t nanosecond)
{
    if (nanosecond == 0)
        return at;
    *at++ = '.';
    at = put_digits(at, nanosecond, 9);
    while (at[-1] == '0')
        at--;
    return at;
}

static inline char *put_date(char *at, uint32_t year, uint32_t month, uint32_t day)
{
    at = put_two(put_two(at, year / 100), year % 100);
    *at++ = '-';
    at = put_two(at, month);
    *at++ = '-';
    return put_two(at, day);
}

static inline char *put_time(char *at, uint32_t hour, uint32_t minute, uint32_t second, uint32_t nanosecond)
{
    at = put_two(at, hour);
    *at++ = ':';
    at = put_two(at, minute);
    *at++ = ':';
    return put_fraction(put_two(at, second), nanosecond);
}

size_t date_print(tern_date date, char *out)
{
    return (size_t)(put_date(out, (uint16_t)date.year % 10000u, date.month % 100u, date.day % 100u) - out);
}

size_t time_print(tern_time time, char *out)
{
    return (size_t)(put_time(out, time.hour % 100u, time.minute % 100u, time.second % 100u, time.nanosecond) -
                    out);
}

static int64_t divide_down(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

size_t datetime_print(tern_datetime moment, char *out)
{
    if (!calendar_has(moment))
        moment.microseconds = moment.microseconds < 0 ? CALENDAR_FIRST_US : CALENDAR_LAST_US;
    int64_t seconds = divide_down(moment.microseconds, SECOND_US);
    uint32_t micros = (uint32_t)(moment.microseconds - seconds * SECOND_US);
    int64_t days = divide_down(seconds, DAY_S);
    int64_t of_day = seconds - days * DAY_S;
    int year, month, day;
    calendar_day(days, &year, &month, &day);
    uint32_t second = (uint32_t)of_day, minute = second / 60;
    char *at = put_date(out, (uint32_t)year, (uint32_t)month, (uint32_t)day);
    *at++ = 'T';
    at = put_time(at, minute / 60, minute % 60, second % 60, micros * 1000);
    *at++ = 'Z';
    return (size_t)(at - out);
}

static char *put_part(char *at, uint64_t count, char letter)
{
    if (count == 0)
        return at;
    at += text_put_u64(at, count);
    *at++ = letter;
    return at;
}

size_t duration_print(tern_duration span, char *out)
{
    uint64_t size = span.microseconds < 0 ? 0 - (uint64_t)span.microseconds : (uint64_t)span.microseconds;
    uint64_t seconds = size / (uint64_t)SECOND_US;
    uint32_t nanosecond = (uint32_t)(size % (uint64_t)SECOND_US) * 1000;
    char *at = out;
    if (span.microseconds < 0)
        *at++ = '-';
    *at++ = 'P';
    at = put_part(at, seconds / 86400, 'D');
    uint64_t of_day = seconds % 86400;
    bool is_zero = size == 0;
    if (of_day != 0 || nanosecond != 0 || is_zero) {
        *at++ = 'T';
        at = put_part(at, of_day / 3600, 'H');
        at = put_part(at, of_day / 60 % 60, 'M');
        if (of_day % 60 != 0 || nanosecond != 0 || is_zero) {
            at += text_put_u64(at, of_day % 60);
            at = put_fraction(at, nanosecond);
            *at++ = 'S';
        }
    }
    return (size_t)(at - out);
}
