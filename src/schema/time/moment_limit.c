#include "schema/time/moment_limit.h"

#include "schema/scalar.h"
#include "schema/time/calendar.h"
#include "schema/time/moment.h"

#include <string.h>
#include <time.h>

static const int64_t SECOND_US = 1000000, SECOND_NS = 1000000000, DAY_S = 86400;

int64_t moment_number(const tern_type *type, const void *value)
{
    switch (type->kind) {
    case TERN_KIND_DATE: {
        const tern_date *d = value;
        return calendar_days(d->year, d->month, d->day);
    }
    case TERN_KIND_TIME: {
        const tern_time *t = value;
        return ((t->hour * 60 + t->minute) * 60 + t->second) * SECOND_NS + t->nanosecond;
    }
    case TERN_KIND_DATETIME:
        return ((const tern_datetime *)value)->microseconds;
    default:
        return ((const tern_duration *)value)->microseconds;
    }
}

/** "+P30D" after "today" or "now", in days or microseconds; empty text is 0. */
static bool read_distance(const char *text, bool is_day, int64_t *out)
{
    tern_duration span;
    *out = 0;
    if (*text == '\0')
        return true;
    if ((*text != '+' && *text != '-') || !duration_read(text + 1, strlen(text + 1), &span))
        return false;
    int64_t unit = is_day ? DAY_S * SECOND_US : 1;
    *out = span.microseconds / unit * (*text == '-' ? -1 : 1);
    return span.microseconds % unit == 0;
}

const char *moment_limit_read(const tern_type *type, const char *text, moment_limit *out)
{
    bool is_day = type->kind == TERN_KIND_DATE;
    const char *word = is_day ? "today" : "now";
    union {
        tern_date date;
        tern_time time;
        tern_datetime datetime;
        tern_duration duration;
    } value;
    *out = (moment_limit){.text = text};
    out->is_moving = (is_day || type->kind == TERN_KIND_DATETIME) && strncmp(text, word, strlen(word)) == 0;
    if (out->is_moving) {
        const char *wants = is_day ? "a day like today+P30D" : "an instant like now-PT5M";
        return read_distance(text + strlen(word), is_day, &out->number) ? NULL : wants;
    }
    const char *wants = scalar_read(type, text, strlen(text), &value, NULL);
    if (wants == NULL)
        out->number = moment_number(type, &value);
    return wants;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

int64_t moment_limit_number(const tern_type *type, const moment_limit *limit)
{
    if (!limit->is_moving)
        return limit->number;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    int64_t first = calendar_days(0, 1, 1), last = calendar_days(CALENDAR_LAST_YEAR, 12, 31), moved;
    if (type->kind == TERN_KIND_DATE)
        return clamp(t.tv_sec / DAY_S + limit->number, first, last);
    if (!__builtin_add_overflow(t.tv_sec * SECOND_US + t.tv_nsec / 1000, limit->number, &moved))
        return moved;
    return limit->number < 0 ? INT64_MIN : INT64_MAX;
}

const char *moment_limit_print(const tern_type *type, const moment_limit *limit, int64_t number, char *out)
{
    if (!limit->is_moving)
        return limit->text;
    if (type->kind == TERN_KIND_DATETIME) {
        out[datetime_print((tern_datetime){number}, out)] = '\0';
        return out;
    }
    int year, month, day;
    calendar_day(number, &year, &month, &day);
    out[date_print((tern_date){(int16_t)year, (uint8_t)month, (uint8_t)day}, out)] = '\0';
    return out;
}
