/* base/calendar.h - days of the proleptic Gregorian calendar, counted from 1970-01-01. */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include <stdint.h>

#define BB_DAY_SECONDS         INT64_C(86400)
#define BB_SECOND_MICROSECONDS INT64_C(1000000)

/* Years (astronomical) outside of which no timestamp lies; within, no sum of days overflows. */
#define BB_YEAR_MIN INT64_C(-4713)
#define BB_YEAR_MAX INT64_C(294276)

/* The number of days in a month (1 to 12) of an astronomical year. */
int bb_calendar_month_days(int64_t year, int64_t month);

/* The day number of a valid date. */
int64_t bb_calendar_day(int64_t year, int64_t month, int64_t day);

#endif
