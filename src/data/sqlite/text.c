/* Texts in their stored forms: of fixed width where order matters. */
#include "data/sqlite/internal.h"

#include "schema/scalar.h"
#include "schema/time/calendar.h"
#include "schema/time/moment.h"

#include <endian.h>
#include <string.h>

enum { DATE_BYTES = 10, CLOCK_BYTES = 8 /* "17:30:00" */, FRACTION_BYTES = 7 /* ".250000" */ };

/* Extends the fraction from `whole` to `len`, if any, to six digits; returns the new length. */
static size_t fix_fraction(char *out, size_t whole, size_t len)
{
    size_t end = whole + FRACTION_BYTES;
    if (len == whole)
        out[len++] = '.';
    while (len < end)
        out[len++] = '0';
    return end;
}

static size_t print_time(tern_time time, char *out)
{
    return fix_fraction(out, CLOCK_BYTES, time_print(time, out));
}

static size_t print_datetime(tern_datetime moment, char *out)
{
    size_t len = datetime_print(moment, out) - 1; /* without 'Z' */
    len = fix_fraction(out, DATE_BYTES + 1 + CLOCK_BYTES, len);
    out[len++] = 'Z';
    return len;
}

static size_t print_decimal(tern_decimal value, char *out)
{
    while (value.scale > 0 && value.units % 10 == 0) {
        value.units /= 10;
        value.scale--;
    }
    return scalar_print(&tern_decimal_type, &value, out);
}

size_t sqlite_print_form(const tern_arg *value, char *out)
{
    switch (value->kind) {
    case TERN_ARG_UUID:
        return scalar_print(&tern_uuid_type, &value->uuid, out);
    case TERN_ARG_DATE:
        return scalar_print(&tern_date_type, &value->date, out);
    case TERN_ARG_TIME:
        return print_time(value->time, out);
    case TERN_ARG_DATETIME:
        return print_datetime(value->datetime, out);
    default:
        return print_decimal(value->decimal, out);
    }
}

/* Parses eight characters of a form, in which '0' represents a digit: each byte becomes the two-digit number
 * that begins there. After the form is subtracted, adding `room` to a valid byte (a digit's value, or 0)
 * keeps it below 128. */
static inline uint64_t take_eight(const char *text, const char *form, uint64_t room, uint64_t *wrong)
{
    uint64_t have, want;
    memcpy(&have, text, sizeof have);
    memcpy(&want, form, sizeof want);
    uint64_t values = le64toh(have ^ want);
    *wrong |= values | (values + room);
    return values * 10 + (values >> 8);
}

static inline int pair(uint64_t pairs, unsigned at)
{
    return (int)(pairs >> (8 * at) & 0xff);
}

bool sqlite_read_datetime(const char *text, size_t len, tern_datetime *out)
{
    uint64_t wrong = 0;
    if (len != sizeof "2026-11-24T17:30:00.250000Z" - 1)
        return false;
    uint64_t date = take_eight(text, "0000-00-", 0x7f76767f76767676, &wrong);
    uint64_t clock = take_eight(text + 8, "00T00:00", 0x76767f76767f7676, &wrong);
    uint64_t rest = take_eight(text + 16, ":00.0000", 0x767676767f76767f, &wrong);
    uint64_t fraction = take_eight(text + 19, ".000000Z", 0x7f7676767676767f, &wrong);
    int year = 100 * pair(date, 0) + pair(date, 2), month = pair(date, 5), day = pair(clock, 0);
    int hour = pair(clock, 3), minute = pair(clock, 6), second = pair(rest, 1);
    if ((wrong & 0x8080808080808080u) != 0 || hour > 23 || minute > 59 || second > 59 ||
        !calendar_is_day(year, month, day))
        return false;
    int64_t seconds = calendar_days(year, month, day) * 86400 + (hour * 60 + minute) * 60 + second;
    int us = (pair(fraction, 1) * 100 + pair(fraction, 3)) * 100 + pair(fraction, 5);
    out->microseconds = seconds * 1000000 + us;
    return true;
}
