/*
 * ledger/zone.c - time zones from the system's files, without the process's TZ: threads may ask for
 * different ones.
 *
 * The files are in the format of RFC 8536: a block with 32-bit times, one with 64-bit times, and a
 * line with the rule that holds behind the last change ("CET-1CEST,M3.5.0,M10.5.0/3"). The file is
 * the system's, but nothing of it is believed beyond its size.
 */
#include "ledger/zone.h"

#include "base/bytes.h"
#include "base/calendar.h"
#include "base/error.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FOLDER     "/usr/share/zoneinfo/"
#define SIZE_MAX_  (1 << 20) /* bytes of a file */
#define NAME_MAX_  64
#define HEADER     44
#define DAY        BB_DAY_SECONDS
#define OFFSET_MAX (26 * 3600)

static int unknown(const char *name, bbots_error *error)
{
    char shown[BB_QUOTE_MAX];
    return bb_fail(error, BBOTS_INVALID_ARGUMENT, "there is no time zone %s",
                   bb_quote(name, strlen(name), shown));
}

/* ------------------------------------------------------------------ the rule of the last line */

/* "CET" or "<+03>"; returns what follows, NULL when there is no name. */
static const char *skip_name(const char *at)
{
    if (*at == '<') {
        const char *end = strchr(at, '>');
        return end != NULL ? end + 1 : NULL;
    }
    const char *start = at;
    while (isalpha((unsigned char)*at)) {
        at++;
    }
    return at - start >= 3 ? at : NULL;
}

/* "-1", "5:30", "+02:00:00"; NULL when there is no number. */
static const char *read_clock(const char *at, int32_t *seconds)
{
    int sign = *at == '-' ? -1 : 1;
    int32_t part = 3600;
    at += *at == '-' || *at == '+';
    *seconds = 0;
    if (!isdigit((unsigned char)*at)) {
        return NULL;
    }
    for (;; part /= 60) {
        int32_t number = 0;
        for (; isdigit((unsigned char)*at) && number < 1000; at++) {
            number = number * 10 + (*at - '0');
        }
        *seconds += sign * number * part;
        if (*at != ':' || part == 1 || !isdigit((unsigned char)at[1])) {
            return at;
        }
        at++;
    }
}

/* ",M3.5.0/2" */
static const char *read_date(const char *at, struct zone_date *date)
{
    int used = 0;
    date->second = 2 * 3600;
    if (sscanf(at, ",M%d.%d.%d%n", &date->month, &date->week, &date->weekday, &used) != 3 ||
        date->month < 1 || date->month > 12 || date->week < 1 || date->week > 5 ||
        date->weekday < 0 || date->weekday > 6) {
        return NULL;
    }
    at += used;
    return *at == '/' ? read_clock(at + 1, &date->second) : at;
}

/* Other forms than months (days of the year) are in no file of today: they are left out. */
static void read_rule(const char *line, struct zone_rule *rule)
{
    int32_t west;
    const char *at = skip_name(line);
    at = at != NULL ? read_clock(at, &west) : NULL;
    if (at == NULL) {
        return;
    }
    rule->standard = -west;
    rule->summer = rule->standard + 3600;
    if (*at == '\0' || (at = skip_name(at)) == NULL) {
        return;
    }
    if (*at != ',') {
        at = read_clock(at, &west);
        rule->summer = -west;
    }
    at = at != NULL ? read_date(at, &rule->begin) : NULL;
    at = at != NULL ? read_date(at, &rule->end) : NULL;
    rule->there = at != NULL;
}

/* The seconds since 1970, by a clock that knows no offset, of a date in a year. */
static int64_t date_in(const struct zone_date *date, int64_t year)
{
    int64_t first = bb_calendar_day(year, date->month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = (date->weekday - weekday + 7) % 7 + 7 * (date->week - 1);
    while (day >= bb_calendar_month_days(year, date->month)) {
        day -= 7;
    }
    return (first + day) * DAY + date->second;
}

static int32_t rule_offset(const struct zone_rule *rule, int64_t seconds)
{
    bbots_calendar calendar;
    bbots_timestamp_split((seconds + rule->standard) * BB_SECOND_MICROSECONDS, &calendar);
    int64_t begin = date_in(&rule->begin, calendar.year) - rule->standard;
    int64_t end = date_in(&rule->end, calendar.year) - rule->summer;
    bool summer =
        begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;
    return summer ? rule->summer : rule->standard;
}

/* ------------------------------------------------------------------ files */

typedef struct counts {
    uint32_t utc;
    uint32_t standard;
    uint32_t leaps;
    uint32_t times;
    uint32_t types;
    uint32_t characters;
} counts;

static bool read_counts(const uint8_t *at, size_t left, counts *found)
{
    if (left < HEADER || memcmp(at, "TZif", 4) != 0) {
        return false;
    }
    *found = (counts){bb_load32_big(at + 20), bb_load32_big(at + 24), bb_load32_big(at + 28),
                      bb_load32_big(at + 32), bb_load32_big(at + 36), bb_load32_big(at + 40)};
    return found->times <= 100000 && found->types >= 1 && found->types <= 256 &&
           found->characters <= 10000 && found->leaps <= 10000 && found->utc <= 256 &&
           found->standard <= 256;
}

static size_t block_size(const counts *of, size_t width)
{
    return of->times * (width + 1) + of->types * 6 + of->characters + of->leaps * (width + 4) +
           of->standard + of->utc;
}

/* The block with 64-bit times; at is behind its header. */
static bool read_changes(const uint8_t *at, const counts *of, zone *made)
{
    const uint8_t *kinds = at + of->times * 8;
    const uint8_t *types = kinds + of->times;
    made->times = malloc((of->times + 1) * sizeof *made->times);
    made->offsets = malloc((of->times + 1) * sizeof *made->offsets);
    if (made->times == NULL || made->offsets == NULL) {
        return false;
    }
    made->first = (int32_t)bb_load32_big(types);
    for (uint32_t i = 0; i < of->times; i++) {
        uint8_t kind = kinds[i] < of->types ? kinds[i] : 0;
        made->times[i] = (int64_t)bb_load64_big(at + i * 8);
        made->offsets[i] = (int32_t)bb_load32_big(types + kind * 6);
    }
    made->count = of->times;
    return true;
}

static bool is_sound(const zone *made)
{
    bool sound = made->first > -OFFSET_MAX && made->first < OFFSET_MAX;
    for (size_t i = 0; i < made->count && sound; i++) {
        sound = made->offsets[i] > -OFFSET_MAX && made->offsets[i] < OFFSET_MAX &&
                (i == 0 || made->times[i] > made->times[i - 1]);
    }
    return sound && made->rule.standard > -OFFSET_MAX && made->rule.standard < OFFSET_MAX &&
           made->rule.summer > -OFFSET_MAX && made->rule.summer < OFFSET_MAX;
}

int zone_read(const char *name, const uint8_t *data, size_t size, zone *made, bbots_error *error)
{
    counts of;
    if (!read_counts(data, size, &of) || data[4] < '2') {
        return unknown(name, error);
    }
    size_t at = HEADER + block_size(&of, 4);
    if (at > size || !read_counts(data + at, size - at, &of)) {
        return unknown(name, error);
    }
    at += HEADER;
    size_t end = at + block_size(&of, 8);
    if (end > size) {
        return unknown(name, error);
    }
    if (!read_changes(data + at, &of, made)) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    char line[128];
    if (end < size && data[end] == '\n') {
        snprintf(line, sizeof line, "%.*s", (int)(size - end - 1), (const char *)data + end + 1);
        line[strcspn(line, "\n")] = '\0';
        read_rule(line, &made->rule);
    }
    return is_sound(made) ? BBOTS_OK : unknown(name, error);
}

/* Letters, digits, and a few marks: no way out of the folder. */
static bool is_name(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size <= NAME_MAX_ && isalpha((unsigned char)*name) &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
               size &&
           strstr(name, "//") == NULL;
}

/* A zone file's bytes; BBOTS_NOT_FOUND: there is none, or an empty one. */
static int read_bytes(const char *path, uint8_t *data, size_t *size, bbots_error *error)
{
    FILE *file = fopen(path, "rbe");
    int system = errno;
    if (file == NULL && (system == ENOENT || system == ENOTDIR)) {
        return BBOTS_NOT_FOUND;
    }
    *size = file != NULL ? fread(data, 1, SIZE_MAX_, file) : 0;
    bool failed = file == NULL || ferror(file);
    if (file != NULL) {
        system = errno;
        fclose(file);
    }
    if (failed && system != EISDIR) { /* a folder opens and cannot be read */
        return bb_fail_system(error, system == ENOMEM ? BBOTS_NO_MEMORY : BBOTS_IO, system,
                              "cannot read the time zone's file \"%s\"", path);
    }
    return *size > 0 ? BBOTS_OK : BBOTS_NOT_FOUND;
}

static int read_file(const char *name, zone *made, bbots_error *error)
{
    char path[sizeof FOLDER + NAME_MAX_];
    size_t size = 0;
    snprintf(path, sizeof path, FOLDER "%s", name);
    uint8_t *data = malloc(SIZE_MAX_);
    if (data == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    int rc = read_bytes(path, data, &size, error);
    if (rc >= 0) {
        rc = rc == BBOTS_OK ? zone_read(name, data, size, made, error) : unknown(name, error);
    }
    free(data);
    return rc;
}

int zone_open(const char *name, zone *opened, bbots_error *error)
{
    memset(opened, 0, sizeof *opened);
    if (name == NULL || strcmp(name, "UTC") == 0 || strcmp(name, "Z") == 0) {
        return BBOTS_OK;
    }
    if (*name == '+' || *name == '-') {
        const char *end = read_clock(name, &opened->first);
        bool fits =
            end != NULL && *end == '\0' && opened->first > -16 * 3600 && opened->first < 16 * 3600;
        return fits ? BBOTS_OK : unknown(name, error);
    }
    int rc = is_name(name) ? read_file(name, opened, error) : unknown(name, error);
    if (rc != BBOTS_OK) {
        zone_close(opened);
    }
    return rc;
}

void zone_close(zone *opened)
{
    free(opened->times);
    free(opened->offsets);
    memset(opened, 0, sizeof *opened);
}

bool zone_is_utc(const zone *at)
{
    return at->count == 0 && at->first == 0 && !at->rule.there;
}

/* ------------------------------------------------------------------ times */

static int32_t offset_at(const zone *at, int64_t seconds)
{
    if (at->rule.there && (at->count == 0 || seconds >= at->times[at->count - 1])) {
        return rule_offset(&at->rule, seconds);
    }
    size_t low = 0;
    size_t high = at->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool before = at->times[middle] <= seconds;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    return low == 0 ? at->first : at->offsets[low - 1];
}

static int64_t floor_seconds(bbots_timestamp time)
{
    return time / BB_SECOND_MICROSECONDS - (time % BB_SECOND_MICROSECONDS < 0);
}

bool zone_is_past_calendar(bbots_timestamp time)
{
    const int64_t margin = 400 * DAY * BB_SECOND_MICROSECONDS;
    return time < BBOTS_TIMESTAMP_MIN + margin || time > BBOTS_TIMESTAMP_MAX - margin;
}

int64_t zone_offset(const zone *at, bbots_timestamp time)
{
    return zone_is_past_calendar(time)
               ? 0
               : offset_at(at, floor_seconds(time)) * BB_SECOND_MICROSECONDS;
}

/*
 * The first moment at which the zone's clocks show a local time or a later one. Clocks that are
 * turned back show it twice: the first counts. Clocks that leap over it show it never: the leap
 * counts.
 */
static bbots_timestamp moment_of(const zone *at, bbots_timestamp local)
{
    int64_t before = zone_offset(at, local - DAY * BB_SECOND_MICROSECONDS);
    int64_t after = zone_offset(at, local + DAY * BB_SECOND_MICROSECONDS);
    if (zone_offset(at, local - before) == before) {
        return local - before;
    }
    if (zone_offset(at, local - after) == after) {
        return local - after;
    }
    int64_t low = floor_seconds(local - (before > after ? before : after));
    int64_t high = floor_seconds(local - (before > after ? after : before));
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        bool there = offset_at(at, middle) * BB_SECOND_MICROSECONDS == after;
        high = there ? middle : high;
        low = there ? low : middle + 1;
    }
    return low * BB_SECOND_MICROSECONDS;
}

/* The beginning of the unit behind the one that begins at a local time. */
static bbots_timestamp next_local(bbots_timestamp start, bbots_time_unit unit)
{
    static const int32_t seconds[BBOTS_TIME_YEAR + 1] = {[BBOTS_TIME_MINUTE] = 60,
                                                         [BBOTS_TIME_HOUR] = 3600,
                                                         [BBOTS_TIME_DAY] = DAY,
                                                         [BBOTS_TIME_WEEK] = 7 * DAY};
    bbots_calendar calendar;
    bbots_timestamp next;
    if (seconds[unit] != 0) {
        return start + seconds[unit] * BB_SECOND_MICROSECONDS;
    }
    bbots_timestamp_split(start, &calendar);
    int month = calendar.month + (unit == BBOTS_TIME_MONTH ? 1 : 12);
    calendar.year += month > 12;
    calendar.month = month > 12 ? month - 12 : month;
    return bbots_timestamp_join(&calendar, &next) == BBOTS_OK ? next : BBOTS_TIMESTAMP_MAX;
}

/* The moment behind low, at the latest high, from which on clocks have the offset of high. */
static bbots_timestamp change_between(const zone *at, bbots_timestamp low, bbots_timestamp high)
{
    int64_t before = floor_seconds(low);
    int64_t after = floor_seconds(high);
    int32_t offset = offset_at(at, after);
    while (after - before > 1) {
        int64_t middle = before + (after - before) / 2;
        bool there = offset_at(at, middle) == offset;
        after = there ? middle : after;
        before = there ? before : middle;
    }
    return after * BB_SECOND_MICROSECONDS;
}

/*
 * An hour, or a minute, that clocks show twice is two. One inside which they are turned by a part
 * of it ends there, and another begins.
 */
static void clock_unit(const zone *at, bbots_timestamp time, bbots_time_unit unit,
                       bbots_timestamp *from, bbots_timestamp *to)
{
    int64_t offset = zone_offset(at, time);
    bbots_timestamp start = bbots_timestamp_truncate(time + offset, unit);
    int64_t length = next_local(start, unit) - start;
    *from = start - offset;
    *to = *from + length;
    if ((zone_offset(at, *from) - offset) % length != 0) {
        *from = change_between(at, *from, time);
    }
    if ((zone_offset(at, *to - 1) - offset) % length != 0) {
        *to = change_between(at, time, *to - 1);
    }
}

/* A unit of UTC that may not end before times do. */
static void last_unit(bbots_timestamp time, bbots_time_unit unit, bbots_timestamp *from,
                      bbots_timestamp *to)
{
    bbots_timestamp start = bbots_timestamp_truncate(time, unit);
    *from = start < BBOTS_TIMESTAMP_MIN ? BBOTS_TIMESTAMP_MIN : start;
    *to = start > BBOTS_TIMESTAMP_MAX - 366 * DAY * BB_SECOND_MICROSECONDS
              ? BBOTS_TIMESTAMP_MAX
              : next_local(start, unit);
    *to = *to <= time ? BBOTS_TIMESTAMP_INFINITY : *to;
}

/* Where clocks are turned back over midnight, the next day has begun when they first showed it. */
void zone_unit(const zone *at, bbots_timestamp time, bbots_time_unit unit, bbots_timestamp *from,
               bbots_timestamp *to)
{
    if (zone_is_past_calendar(time)) {
        last_unit(time, unit, from, to);
        return;
    }
    if (unit == BBOTS_TIME_HOUR || unit == BBOTS_TIME_MINUTE) {
        clock_unit(at, time, unit, from, to);
        return;
    }
    bbots_timestamp start = bbots_timestamp_truncate(time + zone_offset(at, time), unit);
    bbots_timestamp next = next_local(start, unit);
    *from = moment_of(at, start);
    *to = moment_of(at, next);
    while (*to <= time) {
        next = next_local(next, unit);
        *from = *to;
        *to = moment_of(at, next);
    }
}

int bbots_zone_unit(const char *name, bbots_timestamp at, bbots_time_unit unit,
                    bbots_timestamp *from, bbots_timestamp *to, bbots_error *error)
{
    zone opened;
    bb_error_clear(error);
    if (unit < BBOTS_TIME_MINUTE || unit > BBOTS_TIME_YEAR || zone_is_past_calendar(at)) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "the unit or time is past what a zone tells");
    }
    int rc = zone_open(name, &opened, error);
    if (rc == BBOTS_OK) {
        zone_unit(&opened, at, unit, from, to);
        zone_close(&opened);
    }
    return rc;
}
