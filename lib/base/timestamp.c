/*
 * base/timestamp.c - points in time as calendar dates, and back.
 *
 * Days are turned into dates and back by arithmetic, without tables or loops. Both directions let
 * the year begin in March, so that the leap day is the last day of a year and the lengths of the
 * months before it follow one line, (153 * month + 2) / 5; and both work in eras of 400 years,
 * which all have 146,097 days. Divisions round down, not towards zero: that alone makes the years
 * before 1970 and before Christ come out right.
 */
#include <bbots/timestamp.h>

#include <base/calendar.h>

#include <assert.h>
#include <time.h>

#define ERA_YEARS        400
#define ERA_DAYS         146097
#define DAYS_BEFORE_1970 719468 /* from 0000-03-01, where era 0 begins */
#define DAY_MICROSECONDS (BB_DAY_SECONDS * BB_SECOND_MICROSECONDS)

/* number / divisor rounded down; divisor is positive. */
static int64_t floor_divide(int64_t number, int64_t divisor)
{
    return number / divisor - (number % divisor < 0);
}

static bool is_leap_year(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int bb_calendar_month_days(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    assert(month >= 1 && month <= 12);
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

int64_t bb_calendar_day(int64_t year, int64_t month, int64_t day)
{
    assert(month >= 1 && month <= 12);
    int64_t march_year = month > 2 ? year : year - 1;
    int64_t march_month = month > 2 ? month - 3 : month + 9;
    int64_t era = floor_divide(march_year, ERA_YEARS);
    int64_t year_of_era = march_year - era * ERA_YEARS;
    int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - DAYS_BEFORE_1970;
}

/* Fills year, month and day. */
static void split_day(int64_t day_number, bbots_calendar *calendar)
{
    int64_t day = day_number + DAYS_BEFORE_1970;
    int64_t era = floor_divide(day, ERA_DAYS);
    int64_t day_of_era = day - era * ERA_DAYS;
    /* Takes the leap days out, so that 365 divides: one each 4 years, but not each 100, but 400. */
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (year_of_era * 365 + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    calendar->year = (int32_t)(era * ERA_YEARS + year_of_era + (month <= 2));
    calendar->month = (int32_t)month;
    calendar->day = (int32_t)(day_of_year - (153 * march_month + 2) / 5 + 1);
}

/* 0 for Monday to 6 for Sunday; 1970-01-01 was a Thursday. */
static int64_t day_of_week(int64_t day_number)
{
    return day_number + 3 - floor_divide(day_number + 3, 7) * 7;
}

void bbots_timestamp_split(bbots_timestamp timestamp, bbots_calendar *calendar)
{
    int64_t day = floor_divide(timestamp, DAY_MICROSECONDS);
    /* Not timestamp - day * DAY_MICROSECONDS: that product can lie below every int64_t. */
    int64_t rest = timestamp % DAY_MICROSECONDS;
    rest += rest < 0 ? DAY_MICROSECONDS : 0;
    split_day(day, calendar);
    calendar->weekday = (int32_t)day_of_week(day) + 1;
    calendar->microsecond = (int32_t)(rest % BB_SECOND_MICROSECONDS);
    int32_t second = (int32_t)(rest / BB_SECOND_MICROSECONDS);
    calendar->hour = second / 3600;
    calendar->minute = second / 60 % 60;
    calendar->second = second % 60;
}

static bool is_between(int64_t number, int64_t low, int64_t high)
{
    return number >= low && number <= high;
}

static bool is_calendar_time(const bbots_calendar *calendar)
{
    return is_between(calendar->year, BB_YEAR_MIN, BB_YEAR_MAX) &&
           is_between(calendar->month, 1, 12) &&
           is_between(calendar->day, 1, bb_calendar_month_days(calendar->year, calendar->month)) &&
           is_between(calendar->hour, 0, 23) && is_between(calendar->minute, 0, 59) &&
           is_between(calendar->second, 0, 59) && is_between(calendar->microsecond, 0, 999999);
}

int bbots_timestamp_join(const bbots_calendar *calendar, bbots_timestamp *timestamp)
{
    if (!is_calendar_time(calendar)) {
        return BBOTS_DATETIME_OUT_OF_RANGE;
    }
    int64_t day = bb_calendar_day(calendar->year, calendar->month, calendar->day);
    int64_t second = day * BB_DAY_SECONDS + calendar->hour * INT64_C(3600) +
                     calendar->minute * INT64_C(60) + calendar->second;
    int64_t joined;
    if (__builtin_mul_overflow(second, BB_SECOND_MICROSECONDS, &joined) ||
        __builtin_add_overflow(joined, (int64_t)calendar->microsecond, &joined) ||
        !is_between(joined, BBOTS_TIMESTAMP_MIN, BBOTS_TIMESTAMP_MAX)) {
        return BBOTS_DATETIME_OUT_OF_RANGE;
    }
    *timestamp = joined;
    return BBOTS_OK;
}

/* The first day of the week, month or year in which a day lies. */
static int64_t truncate_day(int64_t day, bbots_time_unit unit)
{
    if (unit == BBOTS_TIME_DAY) {
        return day;
    }
    if (unit == BBOTS_TIME_WEEK) {
        return day - day_of_week(day);
    }
    bbots_calendar calendar;
    split_day(day, &calendar);
    return bb_calendar_day(calendar.year, unit == BBOTS_TIME_MONTH ? calendar.month : 1, 1);
}

bbots_timestamp bbots_timestamp_truncate(bbots_timestamp timestamp, bbots_time_unit unit)
{
    if (unit == BBOTS_TIME_NONE ||
        !is_between(timestamp, BBOTS_TIMESTAMP_MIN, BBOTS_TIMESTAMP_MAX)) {
        return timestamp;
    }
    int64_t start;
    if (unit == BBOTS_TIME_MINUTE || unit == BBOTS_TIME_HOUR) {
        int64_t size = (unit == BBOTS_TIME_HOUR ? 3600 : 60) * BB_SECOND_MICROSECONDS;
        start = floor_divide(timestamp, size) * size;
    } else {
        start = truncate_day(floor_divide(timestamp, DAY_MICROSECONDS), unit) * DAY_MICROSECONDS;
    }
    return start < BBOTS_TIMESTAMP_MIN ? BBOTS_TIMESTAMP_MIN : start;
}

bbots_timestamp bbots_timestamp_now(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * BB_SECOND_MICROSECONDS + now.tv_nsec / 1000;
}

/* Writes a number with at least width digits; returns where the text goes on. */
static char *put_number(char *out, int64_t number, int width)
{
    char reversed[20];
    int count = 0;
    assert(number >= 0);
    while (number > 0 || count < width) {
        reversed[count++] = (char)('0' + number % 10);
        number /= 10;
    }
    while (count > 0) {
        *out++ = reversed[--count];
    }
    return out;
}

static char *put_text(char *out, const char *text)
{
    size_t size = strlen(text);
    memcpy(out, text, size);
    return out + size;
}

/* The fraction of a second: six digits in ISO style, as few as possible in PostgreSQL's. */
static char *put_fraction(char *out, int32_t microsecond, bbots_timestamp_style style)
{
    if (style == BBOTS_TIMESTAMP_POSTGRES && microsecond == 0) {
        return out;
    }
    *out++ = '.';
    out = put_number(out, microsecond, 6);
    while (style == BBOTS_TIMESTAMP_POSTGRES && out[-1] == '0') {
        out--;
    }
    return out;
}

static char *put_calendar(char *out, const bbots_calendar *calendar, bbots_timestamp_style style)
{
    int64_t year = calendar->year;
    out = put_number(out, year > 0 ? year : 1 - year, 4);
    *out++ = '-';
    out = put_number(out, calendar->month, 2);
    *out++ = '-';
    out = put_number(out, calendar->day, 2);
    *out++ = style == BBOTS_TIMESTAMP_ISO ? 'T' : ' ';
    out = put_number(out, calendar->hour, 2);
    *out++ = ':';
    out = put_number(out, calendar->minute, 2);
    *out++ = ':';
    out = put_number(out, calendar->second, 2);
    return put_fraction(out, calendar->microsecond, style);
}

size_t bbots_timestamp_print(bbots_timestamp timestamp, bool with_zone, bbots_timestamp_style style,
                             char *buffer)
{
    char *out = buffer;
    if (timestamp == BBOTS_TIMESTAMP_INFINITY) {
        out = put_text(out, "infinity");
    } else if (timestamp == BBOTS_TIMESTAMP_MINUS_INFINITY) {
        out = put_text(out, "-infinity");
    } else {
        bbots_calendar calendar;
        bbots_timestamp_split(timestamp, &calendar);
        out = put_calendar(out, &calendar, style);
        if (with_zone) {
            out = put_text(out, style == BBOTS_TIMESTAMP_ISO ? "Z" : "+00");
        }
        if (calendar.year <= 0) {
            out = put_text(out, " BC");
        }
    }
    *out = '\0';
    return (size_t)(out - buffer);
}
