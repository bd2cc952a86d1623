/*
 * bbots/timestamp.h - points in time, in microseconds since 1970-01-01 00:00:00 UTC.
 *
 * The calendar is the proleptic Gregorian one, without leap seconds, from 4714-11-24 BC (day 0 of
 * the Julian count, where PostgreSQL begins too) to 294247-01-10 04:00:54.775806 AD. PostgreSQL
 * ends 30 years later, at the end of 294276, because it counts from 2000: that many microseconds
 * since 1970 are more than 64 bits hold. `timestamp` is a date and time without zone; `timestamp
 * with time zone` is a point in time, held and written in UTC.
 */
#ifndef BBOTS_TIMESTAMP_H
#define BBOTS_TIMESTAMP_H

#include <bbots/value.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BBOTS_TIMESTAMP_INFINITY INT64_MAX          /* 'infinity', later than every other */
#define BBOTS_TIMESTAMP_MINUS_INFINITY INT64_MIN    /* '-infinity', earlier than every other */
#define BBOTS_TIMESTAMP_MIN INT64_C(-210866803200000000)
#define BBOTS_TIMESTAMP_MAX (INT64_MAX - 1)
#define BBOTS_TIMESTAMP_TEXT_MAX 40

/* How a timestamp is written. */
typedef enum bbots_timestamp_style {
    BBOTS_TIMESTAMP_ISO,      /* 2026-01-31T12:00:00.123456, always six digits */
    BBOTS_TIMESTAMP_POSTGRES  /* 2026-01-31 12:00:00.123456, without trailing zeros */
} bbots_timestamp_style;

/*
 * Reads ISO 8601 as PostgreSQL does: "2026-01-31", "2026-01-31 12:00", "2026-01-31T12:00:00.5",
 * "20260131T120000", a zone behind it ("Z", "UTC", "+02", "+02:30", "-0330"), "AM" or "PM", " BC",
 * "infinity", "-infinity", "epoch"; 24:00:00 is the next day and a second of 60 the next minute;
 * digits past the sixth are rounded half to even of the double as PostgreSQL does, that is to the
 * nearest microsecond. The year has three digits or more and comes first.
 * with_zone: whether the zone counts (timestamptz; none means UTC) or is ignored (timestamp).
 *
 * What PostgreSQL also reads and this does not: "now", "today" and the like, names of months, days
 * and zones, years of two digits, days of the year ("2026-045"), Julian days.
 *
 * Returns BBOTS_OK; BBOTS_INVALID_DATETIME when text is none; BBOTS_DATETIME_OUT_OF_RANGE when a
 * field is ("2026-02-30"; "+16" as a zone, for which PostgreSQL has 22009) or the result is outside
 * the range above. timestamp is written on BBOTS_OK only. Any thread.
 */
BBOTS_API BBOTS_CHECKED int bbots_timestamp_parse(bbots_text text, bool with_zone,
                                                  bbots_timestamp *timestamp);

/*
 * Writes a timestamp and a final NUL; with_zone adds "Z" (ISO) or "+00" (POSTGRES). Years before
 * 1 AD have " BC" at the very end, and the infinities are "infinity" and "-infinity", in both
 * styles. buffer has at least BBOTS_TIMESTAMP_TEXT_MAX bytes. Returns the length without the NUL.
 */
BBOTS_API size_t bbots_timestamp_print(bbots_timestamp timestamp, bool with_zone,
                                       bbots_timestamp_style style, char *buffer);

/* The system's clock (CLOCK_REALTIME). */
BBOTS_API bbots_timestamp bbots_timestamp_now(void);

/* The parts of a calendar time. */
typedef struct bbots_calendar {
    int32_t year;        /* astronomical: 0 is 1 BC */
    int32_t month;       /* 1 to 12 */
    int32_t day;         /* 1 to 31 */
    int32_t hour;        /* 0 to 23 */
    int32_t minute;      /* 0 to 59 */
    int32_t second;      /* 0 to 59 */
    int32_t microsecond; /* 0 to 999,999 */
    int32_t weekday;     /* 1 Monday to 7 Sunday (ISO 8601) */
} bbots_calendar;

/* Splits a finite timestamp. */
BBOTS_API void bbots_timestamp_split(bbots_timestamp timestamp, bbots_calendar *calendar);

/*
 * Joins parts, each within the limits above (weekday is ignored). Returns BBOTS_OK, or
 * BBOTS_DATETIME_OUT_OF_RANGE when a part or the result is outside its range.
 */
BBOTS_API BBOTS_CHECKED int bbots_timestamp_join(const bbots_calendar *calendar,
                                                 bbots_timestamp *timestamp);

/* The units to which a timestamp can be truncated. */
typedef enum bbots_time_unit {
    BBOTS_TIME_NONE = 0,
    BBOTS_TIME_MINUTE,
    BBOTS_TIME_HOUR,
    BBOTS_TIME_DAY,
    BBOTS_TIME_WEEK, /* begins on Monday */
    BBOTS_TIME_MONTH,
    BBOTS_TIME_YEAR
} bbots_time_unit;

/*
 * The start of the unit in which timestamp lies, in UTC, as date_trunc() in PostgreSQL; infinities
 * stay. The year and the month in which the range begins start before it: where PostgreSQL raises
 * an error, this gives BBOTS_TIMESTAMP_MIN.
 */
BBOTS_API bbots_timestamp bbots_timestamp_truncate(bbots_timestamp timestamp, bbots_time_unit unit);

#ifdef __cplusplus
}
#endif
#endif
