/** The proleptic Gregorian calendar, in days and microseconds. */
#ifndef SCHEMA_TIME_CALENDAR_H
#define SCHEMA_TIME_CALENDAR_H

#include <tern/model.h>

#include <stdbool.h>
#include <stdint.h>

enum { CALENDAR_LAST_YEAR = 9999 };

/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: what RFC 3339 can write. */
static const int64_t CALENDAR_FIRST_US = -62167219200 * 1000000,
                     CALENDAR_LAST_US = 253402300799 * 1000000 + 999999;

/** Whether the instant is in the years 0 to CALENDAR_LAST_YEAR. */
static inline bool calendar_has(tern_datetime moment)
{
    return moment.microseconds >= CALENDAR_FIRST_US && moment.microseconds <= CALENDAR_LAST_US;
}

/** Whether the day exists and is in the years 0 to CALENDAR_LAST_YEAR. */
bool calendar_is_day(int year, int month, int day);
/** Whether the time of day exists: 00:00:00 to 23:59:59.999999999. */
bool calendar_is_time(tern_time time);
/** The days from 1970-01-01 to a valid day. */
int64_t calendar_days(int year, int month, int day);
/** The day `days` days after 1970-01-01. */
void calendar_day(int64_t days, int *year, int *month, int *day);

#endif
