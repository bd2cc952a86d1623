/*
 * table/summary.c - count, sum, least and greatest by group, in one pass over a cursor.
 *
 * A cursor already knows ranges, indexes and soft-deleted rows, and it decodes nothing; of each row
 * only the columns of the query are read. Sums are 128-bit integers at the column's scale: a row
 * adds at most 63 bits, so a sum is exact whatever the order of rows, and its end is out of reach
 * of any file; it is guarded all the same. Real numbers have no exact sum and are refused.
 *
 * Nulls make a group of their own, as in SQL, and are passed over by every measure of a column.
 */
#include "table/summary.h"

#include <bbots/timestamp.h>
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
        query->measure_count > BBOTS_SUMMARY_MEASURES_MAX) {
        return refuse_argument(query->table, "too many groups or measures", error);
    }
    for (unsigned g = 0; g < query->group_count && rc == BBOTS_OK; g++) {
        rc = check_group(query->table, &query->groups[g], error);
    }
    for (unsigned m = 0; m < query->measure_count && rc == BBOTS_OK; m++) {
        rc = check_measure(query->table, &query->measures[m], error);
    }
    return rc;
}

/* ------------------------------------------------------------------ rows */

static int refuse_sum(const bbots_table *table, const bbots_measure *measure, bbots_error *error)
{
    const char *column = measure->column >= 0 ? table->columns[measure->column].name : "";
    return bb_fail_at(error, BBOTS_NUMERIC_OUT_OF_RANGE, table->name, column, NULL,
                      "the sum of column \"%s\" needs more than 128 bits", column);
}

/* A row's part in one measure; false when the sum is past its end. */
static bool add_to_cell(summary_cell *cell, uint16_t kind, const bbots_value *value)
{
    bool first = !cell->any;
    summary_number number = kind == BBOTS_COUNT ? 1 : value->integer;
    cell->any = true;
    switch ((bbots_measure_kind)kind) {
    case BBOTS_COUNT:
    case BBOTS_SUM:
        return !__builtin_add_overflow(cell->number, number, &cell->number);
    case BBOTS_MIN:
        cell->number = first || number < cell->number ? number : cell->number;
        break;
    case BBOTS_MAX:
        cell->number = first || number > cell->number ? number : cell->number;
        break;
    }
    return true;
}

static int add_row(bbots_summary *summary, const bbots_summary_query *query, const bbots_row *row,
                   bbots_error *error)
{
    bbots_value values[BBOTS_SUMMARY_GROUPS_MAX];
    summary_group *group;
    for (unsigned g = 0; g < query->group_count; g++) {
        values[g] = bbots_row_value(row, query->groups[g].column);
        if (values[g].kind == BBOTS_TIMESTAMP) {
            values[g].integer =
                bbots_timestamp_truncate(values[g].integer, (bbots_time_unit)query->groups[g].unit);
        }
    }
    int rc = summary_find_group(summary, values, &group, error);
    for (unsigned m = 0; m < query->measure_count && rc == BBOTS_OK; m++) {
        const bbots_measure *measure = &query->measures[m];
        bbots_value value = bbots_value_integer(1);
        if (measure->column >= 0) {
            value = bbots_row_value(row, (unsigned)measure->column);
        }
        if (value.kind != BBOTS_NULL && !add_to_cell(&group->cells[m], measure->kind, &value)) {
            rc = refuse_sum(row->table, measure, error);
        }
    }
    return rc;
}

static int read_rows(bbots_txn *txn, const bbots_summary_query *query, bbots_summary *summary,
                     bbots_error *error)
{
    bbots_cursor *cursor;
    bbots_row row;
    int rc = bbots_cursor_open(txn, query->table, query->index, query->range, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = bbots_cursor_next(cursor, &row, error);
    while (rc == BBOTS_OK) {
        rc = add_row(summary, query, &row, error);
        if (rc == BBOTS_OK) {
            rc = bbots_cursor_next(cursor, &row, error);
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
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
    return summary;
}

int bbots_summarize(bbots_txn *txn, const bbots_summary_query *query, bbots_summary **summary,
                    bbots_error *error)
{
    engine_table *engine;
    summary_group *only;
    *summary = NULL;
    int rc = statement_begin(txn, query->table, false, &engine, error);
    if (rc == BBOTS_OK) {
        rc = check_query(query, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_summary *made = summary_new(query->table, query->groups, query->group_count,
                                      query->measure_count);
    if (made == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    if (query->group_count == 0) {
        rc = summary_find_group(made, NULL, &only, error); /* it stands also without a row */
    }
    if (rc == BBOTS_OK) {
        rc = read_rows(txn, query, made, error);
    }
    if (rc != BBOTS_OK) {
        bbots_summary_free(made);
        return rc;
    }
    for (size_t i = 0; i < made->count; i++) {
        for (unsigned m = 0; m < query->measure_count; m++) {
            /* A count of nothing is 0, not null. */
            made->groups[i]->cells[m].any |= query->measures[m].kind == BBOTS_COUNT;
        }
    }
    summary_sort_groups(made);
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
               ? summary->groups[number]->values[group]
               : bbots_value_null();
}

bbots_exact bbots_summary_measure(const bbots_summary *summary, size_t number, unsigned measure)
{
    static const summary_cell nothing;
    bool there = number < summary->count && measure < summary->measure_count;
    return summary_exact(there ? &summary->groups[number]->cells[measure] : &nothing);
}

void bbots_summary_free(bbots_summary *summary)
{
    if (summary != NULL) {
        free(summary->slots);
        free(summary->groups);
        bb_arena_free(&summary->arena);
        free(summary);
    }
}
