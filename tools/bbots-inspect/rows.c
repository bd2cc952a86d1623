/*
 * rows.c - understanding which rows are asked for, and by which index they are read.
 *
 * The index is the one that --index names. Without one and without bounds, the index that begins
 * with the column of --order is used, or else one that begins with a column that a condition
 * compares with =, so that the usual questions do not read the whole table. Otherwise it is the
 * primary key. A chosen index changes only the work, never which rows are given.
 */
#include "rows.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ range */

static int read_bound(rows *made, const char *name, const char *text, bbots_value *values,
                      uint8_t *count, char **memory)
{
    unsigned read;
    if (text == NULL) {
        return EXIT_DONE;
    }
    int rc = read_values(made->in->line, name, text, made->table->indexes[made->index].column_count,
                         values, &read, memory);
    *count = (uint8_t)read;
    return rc;
}

int rows_read_range(const session *in, const bbots_table *table, const rows_request *request,
                    rows *made)
{
    memset(made, 0, sizeof *made);
    made->in = in;
    made->table = table;
    made->order = -1;
    made->range.from = made->from;
    made->range.to = made->to;
    made->range.from_exclusive = made->range.to_exclusive = request->exclusive;
    made->range.live_only = request->live;
    int rc = EXIT_DONE;
    if (request->index != NULL) {
        rc = session_index(in, table, request->index, &made->index);
    }
    if (rc == EXIT_DONE) {
        rc = read_bound(made, "--from", request->from, made->from, &made->range.from_count,
                        &made->from_memory);
    }
    if (rc == EXIT_DONE) {
        rc = read_bound(made, "--to", request->to, made->to, &made->range.to_count,
                        &made->to_memory);
    }
    if (rc == EXIT_DONE && request->exclusive && request->from == NULL && request->to == NULL) {
        rc = usage_error(in->line, "--exclusive says that the bounds do not count; give --from or "
                                   "--to with it");
    }
    if (rc == EXIT_DONE && request->limit != NULL) {
        rc = read_number(in->line, "--limit", request->limit, &made->limit);
    }
    return rc;
}

/* ------------------------------------------------------------------ order and index */

static bool index_begins(const bbots_index *index, unsigned column)
{
    return index->columns[0] == column && (index->flags & BBOTS_INDEX_ONCE) == 0;
}

/* An index that begins with a column, or -1. Long texts are in an index by their beginning only. */
static int index_for_order(const bbots_table *table, unsigned column)
{
    const bbots_column *by = &table->columns[column];
    bool short_enough = by->type != BBOTS_TYPE_TEXT && by->type != BBOTS_TYPE_BYTEA &&
                        (by->type != BBOTS_TYPE_VARCHAR || (by->length > 0 && by->length <= 50));
    for (unsigned i = 0; i < table->index_count; i++) {
        if (index_begins(&table->indexes[i], column) && short_enough) {
            return (int)i;
        }
    }
    return -1;
}

/* Splits COLUMN[:asc|:desc] and reads it. */
static int read_order(const rows_request *request, rows *made, bool *descending)
{
    char name[128];
    unsigned column;
    const command_line *line = made->in->line;
    size_t size = strcspn(request->order, ":");
    const char *way = request->order + size;
    snprintf(name, sizeof name, "%.*s", size < sizeof name ? (int)size : 127, request->order);
    int rc = session_column(made->in, made->table, name, &column);
    if (rc != EXIT_DONE) {
        return rc;
    }
    if (*way != '\0' && strcmp(way, ":desc") != 0 && strcmp(way, ":asc") != 0) {
        return usage_error(line, "--order takes COLUMN, COLUMN:asc or COLUMN:desc, not \"%s\"",
                           request->order);
    }
    const bbots_column *by = &made->table->columns[column];
    if (by->type == BBOTS_TYPE_JSONB || by->type == BBOTS_TYPE_VECTOR) {
        return usage_error(line, "--order: column \"%s\" is of a type that has no order", by->name);
    }
    *descending = strcmp(way, ":desc") == 0;
    made->order = (int)column;
    return EXIT_DONE;
}

/* Whether a condition can be a bound: its operand fits the column. */
static bool can_be_bound(const filter *condition)
{
    const bbots_column *column = &condition->table->columns[condition->column];
    bool fits = column->type != BBOTS_TYPE_VARCHAR || column->length == 0 ||
                condition->text_size <= column->length;
    return condition->operator== FILTER_EQUAL && fits && column->type != BBOTS_TYPE_JSONB &&
        column->type != BBOTS_TYPE_VECTOR && column->type != BBOTS_TYPE_BYTEA;
}

static void use_condition(rows *made)
{
    for (unsigned i = 0; i < made->filter_count; i++) {
        const filter *condition = &made->filters[i];
        for (unsigned j = 0; can_be_bound(condition) && j < made->table->index_count; j++) {
            if (index_begins(&made->table->indexes[j], condition->column)) {
                made->index = j;
                made->from[0] = made->to[0] = condition->operand;
                made->range.from_count = made->range.to_count = 1;
                return;
            }
        }
    }
}

/* Chooses the index; what it does not put in order stays to be sorted. */
static void choose_index(const rows_request *request, rows *made, bool descending)
{
    bool free_choice = request->index == NULL && request->from == NULL && request->to == NULL;
    made->range.reverse = request->reverse;
    if (made->order >= 0) {
        int serves = index_for_order(made->table, (unsigned)made->order);
        made->descending = descending != request->reverse;
        made->range.reverse = false;
        if (serves >= 0 && (free_choice || (unsigned)serves == made->index)) {
            made->index = (unsigned)serves;
            made->range.reverse = made->descending;
            made->order = -1;
            return;
        }
    }
    if (free_choice) {
        use_condition(made);
    }
}

int rows_read(const session *in, const bbots_table *table, const rows_request *request, rows *made)
{
    bool descending = false;
    int rc = rows_read_range(in, table, request, made);
    for (unsigned i = 0; rc == EXIT_DONE && i < request->where.count; i++) {
        rc = filter_read(in->line, table, request->where.values[i], &made->filters[i]);
        made->filter_count = i + 1;
    }
    if (rc == EXIT_DONE && request->order != NULL) {
        rc = read_order(request, made, &descending);
    }
    if (rc == EXIT_DONE) {
        choose_index(request, made, descending);
    }
    return rc;
}

void rows_free(rows *made)
{
    for (unsigned i = 0; i < made->filter_count; i++) {
        filter_free(&made->filters[i]);
    }
    free(made->from_memory);
    free(made->to_memory);
}
