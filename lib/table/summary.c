/*
 * table/summary.c - count, sum, least and greatest by group: what may be asked, and the answer.
 *
 * Sums are 128-bit integers at the column's scale: a row adds at most 63 bits, so a sum is exact
 * whatever the order of rows, and its end is out of reach of any file; it is guarded all the same.
 * Real numbers have no exact sum and are refused.
 *
 * Nulls make a group of their own, as in SQL, and are passed over by every measure of a column.
 */
#include "table/summary.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ what may be asked */

static bool is_time(const bbots_column *column)
{
    return column->type == BBOTS_TYPE_TIMESTAMP || column->type == BBOTS_TYPE_TIMESTAMPTZ;
}

static bool is_exact(const bbots_column *column)
{
    return column->type == BBOTS_TYPE_SMALLINT || column->type == BBOTS_TYPE_INTEGER ||
           column->type == BBOTS_TYPE_BIGINT || column->type == BBOTS_TYPE_DECIMAL;
}

static int refuse_argument(const bbots_table *table, const char *what, bbots_error *error)
{
    return bb_fail_at(error, BBOTS_INVALID_ARGUMENT, table->name, NULL, NULL,
                      "summary of table \"%s\": %s", table->name, what);
}

static int refuse_type(const bbots_table *table, const bbots_column *column, const char *what,
                       bbots_error *error)
{
    char type[40];
    bbots_column_type_text(column, type);
    return bb_fail_at(error, BBOTS_WRONG_TYPE, table->name, column->name, NULL,
                      "column \"%s\" of type %s cannot %s", column->name, type, what);
}

static int check_group(const bbots_table *table, const bbots_group_column *group,
                       bbots_error *error)
{
    if (group->column >= table->column_count) {
        return refuse_argument(table, "a group names a column behind the last one", error);
    }
    const bbots_column *column = &table->columns[group->column];
    if (group->unit > BBOTS_TIME_YEAR) {
        return refuse_argument(table, "there is no such unit of time", error);
    }
    if (column->type == BBOTS_TYPE_JSONB || column->type == BBOTS_TYPE_VECTOR) {
        return refuse_type(table, column, "make groups", error);
    }
    return group->unit == BBOTS_TIME_NONE || is_time(column)
               ? BBOTS_OK
               : refuse_type(table, column, "be brought to a unit of time", error);
}

static int check_measure(const bbots_table *table, const bbots_measure *measure, bbots_error *error)
{
    bool known = measure->kind >= BBOTS_COUNT && measure->kind <= BBOTS_MAX;
    bool of_rows = measure->kind == BBOTS_COUNT && measure->column == -1;
    if (!known) {
        return refuse_argument(table, "there is no such measure", error);
    }
    if (!of_rows && (measure->column < 0 || measure->column >= (int)table->column_count)) {
        return refuse_argument(table, "a measure names no column of the table", error);
    }
    if (measure->kind == BBOTS_COUNT) {
        return BBOTS_OK;
    }
    const bbots_column *column = &table->columns[measure->column];
    if (is_exact(column) || (is_time(column) && measure->kind != BBOTS_SUM)) {
        return BBOTS_OK;
    }
    return refuse_type(table, column,
                       measure->kind == BBOTS_SUM ? "be summed up" : "be measured exactly", error);
}

static int check_query(const bbots_summary_query *query, bbots_error *error)
{
    int rc = BBOTS_OK;
    if (query->group_count > BBOTS_SUMMARY_GROUPS_MAX ||
        query->measure_count > BBOTS_SUMMARY_MEASURES_MAX ||
        query->threads > BBOTS_SUMMARY_THREADS_MAX) {
        return refuse_argument(query->table, "too many groups, measures or threads", error);
    }
    for (unsigned g = 0; g < query->group_count && rc == BBOTS_OK; g++) {
        rc = check_group(query->table, &query->groups[g], error);
    }
    for (unsigned m = 0; m < query->measure_count && rc == BBOTS_OK; m++) {
        rc = check_measure(query->table, &query->measures[m], error);
    }
    return rc;
}

/* ------------------------------------------------------------------ public */

bbots_summary *summary_new(const bbots_table *table, const bbots_group_column *groups,
                           unsigned group_count, unsigned measure_count)
{
    bbots_summary *summary = calloc(1, sizeof *summary);
    if (summary == NULL) {
        return NULL;
    }
    bb_arena_init(&summary->arena);
    summary->table = table;
    summary->column_count = group_count;
    summary->measure_count = measure_count;
    for (unsigned g = 0; g < group_count; g++) {
        summary->columns[g] = (uint8_t)groups[g].column;
    }
    if (!summary_grow_slots(summary)) {
        bbots_summary_free(summary);
        return NULL;
    }
    return summary;
}

int bbots_summarize(bbots_txn *txn, const bbots_summary_query *query, bbots_summary **summary,
                    bbots_error *error)
{
    engine_table *engine;
    *summary = NULL;
    int rc = statement_begin(txn, query->table, false, &engine, error);
    if (rc == BBOTS_OK) {
        rc = check_query(query, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_summary *made =
        summary_new(query->table, query->groups, query->group_count, query->measure_count);
    if (made == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    rc = summary_scan(txn, engine, query, made, error);
    if (rc == BBOTS_OK) {
        rc = summary_sort_groups(made, error);
    }
    if (rc != BBOTS_OK) {
        bbots_summary_free(made);
        return rc;
    }
    *summary = made;
    return BBOTS_OK;
}

size_t bbots_summary_count(const bbots_summary *summary)
{
    return summary->count;
}

bbots_value bbots_summary_group(const bbots_summary *summary, size_t number, unsigned group)
{
    return number < summary->count && group < summary->column_count
               ? summary_values(summary, summary->groups[number])[group]
               : bbots_value_null();
}

bbots_exact bbots_summary_measure(const bbots_summary *summary, size_t number, unsigned measure)
{
    if (number >= summary->count || measure >= summary->measure_count) {
        return summary_exact(0, true);
    }
    const summary_group *group = summary->groups[number];
    return summary_exact(group->cells[measure], (group->any >> measure & 1) == 0);
}

void bbots_summary_free(bbots_summary *summary)
{
    while (summary != NULL) {
        bbots_summary *next = summary->next_part;
        free(summary->slots);
        free(summary->groups);
        bb_arena_free(&summary->arena);
        free(summary);
        summary = next;
    }
}
