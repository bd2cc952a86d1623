/*
 * literal_time.c - dates and times, good and bad.
 *
 * Left out is what include/bbots/timestamp.h names as not read here: words of the clock, names of
 * months, days and zones, years of two digits, days of the year, Julian days, the years past
 * 294246, and zones past 15 hours (22009 there).
 */
#include "diffpg.h"

#include <stdio.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *pick(random_source *source, const char *const *list, size_t count)
{
    return list[random_below(source, count)];
}

static void random_date(random_source *source, bool bad, builder *text)
{
    static const unsigned years[] = {1970,   2000, 2024, 2026, 1900, 1,    4,     9999, 10000,
                                     294246, 100,  4713, 1582, 999,  2038, 65535, 4714};
    unsigned year = chance(source, 50) ? 1990 + (unsigned)random_below(source, 60)
                                       : years[random_below(source, COUNT(years))];
    unsigned month = 1 + (unsigned)random_below(source, bad ? 14 : 12);
    unsigned day = 1 + (unsigned)random_below(source, bad ? 33 : chance(source, 20) ? 31 : 28);
    const char *forms[] = {"%04u-%02u-%02u", "%04u/%u/%u",     "%04u.%02u.%02u",
                           "%04u%02u%02u",   "%06u-%02u-%02u", "%04u-%u-%u"};
    unsigned form = (unsigned)random_below(source, chance(source, 50) ? 1 : COUNT(forms));
    if (bad && chance(source, 10)) {
        month = 0;
    }
    if (bad && chance(source, 10)) {
        day = 0;
    }
    if (form == 3 && year > 9999) {
        form = 0;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    builder_print(text, forms[form], year, month, day);
#pragma GCC diagnostic pop
}

static void random_clock(random_source *source, bool bad, builder *text)
{
    unsigned hour = (unsigned)random_below(source, bad ? 27 : 24);
    unsigned minute = (unsigned)random_below(source, bad ? 63 : 60);
    unsigned second = (unsigned)random_below(source, bad ? 63 : 60);
    static const char *const fractions[] = {
        ".5",      ".123456",  ".1234565", ".999999",      ".9999995", ".0000005",     ".",
        ".000001", ".1234575", ".1",       ".00000049999", ".9999994", ".123456789012"};
    builder_print(text, "%02u:%02u", hour, minute);
    if (chance(source, 80)) {
        builder_print(text, ":%02u", second);
        if (chance(source, 50)) {
            builder_print(text, "%s", pick(source, fractions, COUNT(fractions)));
        }
    }
}

static void random_tail(random_source *source, builder *text)
{
    static const char *const zones[] = {"Z",      "z",     "+00",  "+02",    "-08:00",    " UTC",
                                        "+05:30", "-0330", " +14", "-15:59", "+01:02:03", " GMT",
                                        "+15",    " utc",  "-00",  "+5"};
    if (chance(source, 40)) {
        builder_print(text, "%s", pick(source, zones, COUNT(zones)));
    }
    if (chance(source, 10)) {
        builder_print(text, "%s", chance(source, 50) ? " BC" : " AD");
    }
}

static void make_time(random_source *source, pool *memory, bool bad, literal *made)
{
    builder text = {NULL, 0, 0};
    random_date(source, bad, &text);
    if (chance(source, 80)) {
        builder_print(&text, "%s", chance(source, 30) ? "T" : " ");
        random_clock(source, bad, &text);
        random_tail(source, &text);
    } else if (chance(source, 15)) {
        builder_print(&text, " BC");
    }
    literal_text(memory, made, "%s", text.data);
    builder_free(&text);
}

static const char *const odd_times[] = {"infinity",
                                        "-infinity",
                                        "Infinity",
                                        "-INFINITY",
                                        "epoch",
                                        " 2026-01-05 ",
                                        "4714-11-24 BC",
                                        "4714-11-24 00:00:00 BC",
                                        "294246-12-31 23:59:59.999999",
                                        "0001-01-01",
                                        "0001-12-31 BC",
                                        "2026-01-31T24:00:00",
                                        "2026-02-28 23:59:60",
                                        "2024-02-29",
                                        "20260131T120000",
                                        "2026-01-31 12:00:00 PM",
                                        "2026-01-31 12:30 am",
                                        "1999-12-31 23:59:59.9999999",
                                        "2000-02-29 00:00:00+14",
                                        "1969-12-31 23:59:59.999999",
                                        "1970-01-01 00:00:00.000001 BC",
                                        "2026-03-01 10:00:00.123456-12:34",
                                        "  2026-01-05T00:00Z",
                                        "+infinity",
                                        "2026-01-05T10"};
static const char *const bad_times[] = {"",
                                        " ",
                                        "x",
                                        "2026",
                                        "2026-13-01",
                                        "2026-02-30",
                                        "2025-02-29",
                                        "2026-01-01 24:00:01",
                                        "2026-01-01 25:00",
                                        "2026-01-01 12:60",
                                        "2026-01-01 12:00:61",
                                        "0000-01-01",
                                        "null",
                                        "4714-11-23 BC",
                                        "2026-01-01T",
                                        "2026-01-01 12:00:00 12:00:00",
                                        "infinityx",
                                        "2026-01-01 BC BC",
                                        "2026-01-01 13:00 PM",
                                        "300000-01-01",
                                        "2026-00-01",
                                        "2026-01-00",
                                        "2026/01",
                                        "2026-01-01 zzz",
                                        "2026-01-01 12:00:00 +",
                                        "99999999999999",
                                        "2026-1-1-1",
                                        "5000-01-01 BC",
                                        "\u0662026-01-01"};

void literal_time(random_source *source, pool *memory, const bbots_column *column, manner how,
                  literal *made)
{
    char text[BBOTS_TIMESTAMP_TEXT_MAX];
    bool zone = column->type == BBOTS_TYPE_TIMESTAMPTZ;
    if (how == PLAIN) {
        int64_t at = INT64_C(1700000000000000) + (int64_t)random_below(source, 100000000) * 999983;
        at -= chance(source, 50) ? at % 1000000 : 0;
        bbots_timestamp_print(at, zone, BBOTS_TIMESTAMP_POSTGRES, text);
        literal_text(memory, made, "%s", text);
        made->typed = chance(source, 40) ? bbots_value_timestamp(at) : bbots_value_null();
    } else if (chance(source, 50)) {
        make_time(source, memory, how == BAD, made);
    } else {
        literal_text(memory, made, "%s",
                     how == ODD ? pick(source, odd_times, COUNT(odd_times))
                                : pick(source, bad_times, COUNT(bad_times)));
    }
}
