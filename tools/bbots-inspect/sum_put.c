/*
 * sum_put.c - the result of `sum`: groups, counts, sums, and for people a line of totals.
 */
#include "sheet.h"
#include "sum_parts.h"

#include <stdlib.h>

enum { COLUMNS_MAX = BBOTS_SUMMARY_GROUPS_MAX + BBOTS_SUMMARY_MEASURES_MAX };

static unsigned scale_of(const bbots_summary_query *query, unsigned measure)
{
    int column = query->measures[measure].column;
    return column >= 0 && query->measures[measure].kind != BBOTS_COUNT &&
                   query->table->columns[column].type == BBOTS_TYPE_DECIMAL
               ? query->table->columns[column].scale
               : 0;
}

/* a + b; both are sums of rows of one table, and the library refuses sums past 128 bits. */
static bbots_exact add(bbots_exact a, bbots_exact b)
{
    if (a.null || b.null) {
        return a.null ? b : a;
    }
    bbots_exact sum = {0, a.low + b.low, false};
    uint64_t high = (uint64_t)a.high + (uint64_t)b.high + (sum.low < a.low ? 1 : 0);
    sum.high = (int64_t)high;
    return sum;
}

static void put_exact(const bbots_summary_query *query, unsigned measure, bbots_exact exact,
                      sheet *to)
{
    char text[48];
    unsigned scale = scale_of(query, measure);
    int column = query->measures[measure].column;
    if (exact.null) {
        sheet_null(to);
        return;
    }
    bbots_exact_print(exact, scale, text);
    sheet_figure(to, text, column < 0 || query->table->columns[column].type != BBOTS_TYPE_DECIMAL);
}

/* People read the day of a day, not its midnight: 2026-01-31, 2026-01, 2026. */
static bool put_period(const command_line *line, const bbots_group_column *by,
                       const bbots_value *value, sheet *to)
{
    static const unsigned sizes[] = {0, 16, 16, 10, 10, 7, 4};
    char text[BBOTS_TIMESTAMP_TEXT_MAX];
    bbots_calendar calendar;
    if (line->format != FORMAT_PEOPLE || by->unit == BBOTS_TIME_NONE ||
        value->kind != BBOTS_TIMESTAMP || value->integer == BBOTS_TIMESTAMP_INFINITY ||
        value->integer == BBOTS_TIMESTAMP_MINUS_INFINITY) {
        return false;
    }
    bbots_timestamp_split(value->integer, &calendar);
    if (calendar.year < 1 || calendar.year > 9999) {
        return false;
    }
    bbots_timestamp_print(value->integer, false, BBOTS_TIMESTAMP_POSTGRES, text);
    text[sizes[by->unit]] = '\0';
    sheet_text(to, text);
    return true;
}

static void put_group(const command_line *line, const bbots_summary_query *query,
                      const bbots_summary *summary, size_t number, sheet *to, bbots_exact *totals)
{
    for (unsigned i = 0; i < query->group_count; i++) {
        bbots_value value = bbots_summary_group(summary, number, i);
        if (!put_period(line, &query->groups[i], &value, to)) {
            sheet_value(to, query->table, query->groups[i].column, &value);
        }
    }
    for (unsigned i = 0; i < query->measure_count; i++) {
        bbots_exact exact = bbots_summary_measure(summary, number, i);
        put_exact(query, i, exact, to);
        totals[i] = add(totals[i], exact);
    }
}

static void put_totals(const bbots_summary_query *query, const bbots_exact *totals, sheet *to)
{
    for (unsigned i = 0; i < query->group_count; i++) {
        sheet_text(to, i == 0 ? "total" : "");
    }
    for (unsigned i = 0; i < query->measure_count; i++) {
        put_exact(query, i, totals[i], to);
    }
}

/* Names tell groups and sums of one column apart: createdAt_day, sum_totalCost. */
static sheet *begin(const command_line *line, const bbots_summary_query *query)
{
    static const char *const units[] = {"", "_minute", "_hour", "_day", "_week", "_month", "_year"};
    char names[COLUMNS_MAX][BBOTS_NAME_MAX + 16];
    sheet_column columns[COLUMNS_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < query->group_count; i++, count++) {
        const bbots_column *by = &query->table->columns[query->groups[i].column];
        snprintf(names[count], sizeof names[count], "%s%s", by->name, units[query->groups[i].unit]);
        columns[count] = (sheet_column){names[count], sheet_shape_of(by)};
    }
    for (unsigned i = 0; i < query->measure_count; i++, count++) {
        int column = query->measures[i].column;
        snprintf(names[count], sizeof names[count], "%s%s", column < 0 ? "count" : "sum_",
                 column < 0 ? "" : query->table->columns[column].name);
        columns[count] = (sheet_column){names[count], SHEET_NUMBER};
    }
    return sheet_begin(line, columns, count, (sheet_options){.single = false});
}

int sum_put(const command_line *line, const bbots_summary_query *query,
            const bbots_summary *summary)
{
    bbots_exact totals[BBOTS_SUMMARY_MEASURES_MAX];
    size_t groups = bbots_summary_count(summary);
    for (unsigned i = 0; i < BBOTS_SUMMARY_MEASURES_MAX; i++) {
        totals[i] = (bbots_exact){0, 0, true};
    }
    sheet *to = begin(line, query);
    for (size_t i = 0; to != NULL && i < groups; i++) {
        put_group(line, query, summary, i, to, totals);
    }
    if (to != NULL && line->format == FORMAT_PEOPLE && query->group_count > 0 && groups > 1) {
        put_totals(query, totals, to);
    }
    return sheet_end(to);
}
