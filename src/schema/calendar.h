/** The proleptic Gregorian calendar, in days and microseconds. */
#ifndef SCHEMA_CALENDAR_H
#define SCHEMA_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

enum { CALENDAR_LAST_YEAR = 9999 };

/** Whether there is such a day, in the years 0 to CALENDAR_LAST_YEAR. */
bool calendar_is_day(int year, int month, int day);
/** Days since 1970-01-01 of a valid day. */
int64_t calendar_days(int year, int month, int day);
/** The day that many days after 1970-01-01. */
void calendar_day(int64_t days, int *year, int *month, int *day);

#endif
