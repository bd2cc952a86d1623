/*
 * sum.c - bbots-inspect FILE sum: counts and sums by group, exactly.
 *
 * The library groups and adds; here the request is understood and the result laid out. The line
 * of totals adds the groups' exact numbers, so it cannot disagree with them; documents have no
 * such line, because a program that reads them would take it for a group.
 */
#include "rows.h"
#include "sheet.h"
#include "suggest.h"
#include "sum_parts.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ the request */

static const struct {
    const char *name;
    bbots_time_unit unit;
} units[] = {
    {"minute", BBOTS_TIME_MINUTE}, {"hour", BBOTS_TIME_HOUR},   {"day", BBOTS_TIME_DAY},
    {"week", BBOTS_TIME_WEEK},     {"month", BBOTS_TIME_MONTH}, {"year", BBOTS_TIME_YEAR},
};

static int read_unit(const command_line *line, const char *text, size_t size, uint16_t *unit)
{
    char word[32];
    char near_text[128];
    snprintf(word, sizeof word, "%.*s", size < sizeof word ? (int)size : 31, text);
    suggestion near = suggestion_for(word);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(units[i].name, word) == 0) {
            *unit = (uint16_t)units[i].unit;
            return EXIT_DONE;
        }
        suggestion_offer(&near, units[i].name);
    }
    return usage_error(line, "--by: there is no unit of time \"%s\"%s", word,
                       suggestion_text(&near, near_text));
}

/* One COLUMN[:UNIT] of --by. */
static int read_group(const session *in, const bbots_table *table, const char *text, size_t size,
                      bbots_group_column *group)
{
    char name[128];
    unsigned column;
    const char *colon = memchr(text, ':', size);
    size_t name_size = colon != NULL ? (size_t)(colon - text) : size;
    snprintf(name, sizeof name, "%.*s", name_size < sizeof name ? (int)name_size : 127, text);
    int rc = session_column(in, table, name, &column);
    if (rc != EXIT_DONE) {
        return rc;
    }
    group->column = (uint16_t)column;
    group->unit = BBOTS_TIME_NONE;
    const bbots_column *by = &table->columns[column];
    if (sheet_is_secret(by)) {
        return usage_error(in->line, "--by: column \"%s\" is secret; its values are not shown",
                           by->name);
    }
    if (colon == NULL) {
        return EXIT_DONE;
    }
    if (by->type != BBOTS_TYPE_TIMESTAMP && by->type != BBOTS_TYPE_TIMESTAMPTZ) {
        return usage_error(in->line, "--by: column \"%s\" is no timestamp and has no \"%.*s\"",
                           by->name, (int)(size - name_size), colon);
    }
    return read_unit(in->line, colon + 1, size - name_size - 1, &group->unit);
}

/* A group or sum given twice would give two members of one name in JSON. */
static int named_twice(const command_line *line, const bbots_summary_query *query)
{
    for (unsigned i = 0; i < query->group_count; i++) {
        for (unsigned j = 0; j < i; j++) {
            if (query->groups[i].column == query->groups[j].column &&
                query->groups[i].unit == query->groups[j].unit) {
                return usage_error(line, "--by names column \"%s\" twice",
                                   query->table->columns[query->groups[i].column].name);
            }
        }
    }
    for (unsigned i = 1; i < query->measure_count; i++) {
        for (unsigned j = 1; j < i; j++) {
            if (query->measures[i].column == query->measures[j].column) {
                return usage_error(line, "column \"%s\" is named twice",
                                   query->table->columns[query->measures[i].column].name);
            }
        }
    }
    return EXIT_DONE;
}

static int read_groups(const session *in, const char *by, bbots_summary_query *query)
{
    for (const char *at = by; at != NULL; at++) {
        size_t size = strcspn(at, ",");
        if (query->group_count == BBOTS_SUMMARY_GROUPS_MAX) {
            return usage_error(in->line, "--by takes at most %d columns", BBOTS_SUMMARY_GROUPS_MAX);
        }
        int rc = read_group(in, query->table, at, size, &query->groups[query->group_count++]);
        if (rc != EXIT_DONE) {
            return rc;
        }
        at += size;
        if (*at == '\0') {
            break;
        }
    }
    return EXIT_DONE;
}

/* The number of rows, then the sum of each column that is named. */
static int read_measures(const session *in, const rest_words *rest, bbots_summary_query *query)
{
    query->measures[0] = (bbots_measure){BBOTS_COUNT, -1};
    query->measure_count = 1;
    for (unsigned i = 1; i < rest->count; i++) {
        unsigned column;
        int rc = session_column(in, query->table, rest->words[i], &column);
        if (rc != EXIT_DONE) {
            return rc;
        }
        const bbots_column *summed = &query->table->columns[column];
        if (sheet_shape_of(summed) != SHEET_NUMBER || summed->type == BBOTS_TYPE_REAL ||
            summed->type == BBOTS_TYPE_DOUBLE) {
            return usage_error(in->line,
                               "column \"%s\" cannot be summed exactly: it is neither an integer "
                               "nor a decimal",
                               summed->name);
        }
        if (sheet_is_secret(summed)) {
            return usage_error(in->line, "column \"%s\" is secret", summed->name);
        }
        query->measures[query->measure_count++] = (bbots_measure){BBOTS_SUM, (int16_t)column};
    }
    return EXIT_DONE;
}

/* ------------------------------------------------------------------ running */

static int summarize(const session *in, const rest_words *rest, const rows_request *request,
                     const char *by)
{
    rows range;
    bbots_summary_query query;
    bbots_summary *summary;
    bbots_error error;
    memset(&query, 0, sizeof query);
    query.table = session_table(in, rest->words[0]);
    if (query.table == NULL) {
        return EXIT_USAGE;
    }
    int rc = rows_read_range(in, query.table, request, &range);
    if (rc == EXIT_DONE) {
        rc = read_groups(in, by, &query);
    }
    if (rc == EXIT_DONE) {
        rc = read_measures(in, rest, &query);
    }
    if (rc == EXIT_DONE) {
        rc = named_twice(in->line, &query);
    }
    if (rc == EXIT_DONE) {
        query.index = range.index;
        query.range = &range.range;
        if (bbots_summarize(in->txn, &query, &summary, &error) == BBOTS_OK) {
            rc = sum_put(in->line, &query, summary);
            bbots_summary_free(summary);
        } else {
            rc = library_error(in->line, &error);
        }
    }
    rows_free(&range);
    return rc;
}

static int run(const command_line *line)
{
    rows_request request;
    const char *by = NULL;
    memset(&request, 0, sizeof request);
    const option options[] = {{"--by", &by, NULL, NULL},
                              {"--index", &request.index, NULL, NULL},
                              {"--from", &request.from, NULL, NULL},
                              {"--to", &request.to, NULL, NULL},
                              {"--exclusive", NULL, &request.exclusive, NULL},
                              {"--live", NULL, &request.live, NULL},
                              {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    int rc = read_options(line, options, 1, BBOTS_SUMMARY_MEASURES_MAX, "TABLE COLUMN...", &rest);
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = summarize(&in, &rest, &request, by);
        session_close(&in);
    }
    return rc;
}

const command command_sum = {
    "sum", "count and sum by group",
    "Usage: bbots-inspect FILE sum TABLE [COLUMN...] [--by C[:UNIT][,C...]]\n"
    "                               [--index NAME] [--from V] [--to V] [--exclusive] [--live]\n"
    "\n"
    "Shows the number of rows and the exact sum of up to 7 integer or decimal columns.\n"
    "\n"
    "  --by C,...      a line for each group: up to 4 columns; of a timestamp also C:minute,\n"
    "                  C:hour, C:day, C:week (from Monday), C:month, C:year, in UTC\n"
    "  --index, --from, --to, --exclusive, --live\n"
    "                  only rows of a range, as of scan\n"
    "\n"
    "The line of totals is for people; --json and --csv have the groups alone.\n",
    run};
