/*
 * rows_each.c - reading the rows that are asked for: streaming, or through a sorted collection.
 *
 * Collected rows keep the place they were read in, which decides between equal ones: the order is
 * the same every time. A row of a read transaction stays where it is until the transaction ends,
 * so a collected row is a pointer and its sorting value is read anew at each comparison.
 */
#include "rows.h"

#include <stdlib.h>

typedef struct sorted_row {
    bbots_row row;
    uint64_t place;
} sorted_row;

typedef struct collection {
    sorted_row *rows;
    size_t count;
    size_t capacity;
} collection;

/* ------------------------------------------------------------------ reading */

static bool matches(const rows *from, const bbots_row *row, bool *failed)
{
    for (unsigned i = 0; i < from->filter_count; i++) {
        if (!filter_matches(&from->filters[i], row, failed)) {
            return false;
        }
    }
    return true;
}

/* The next row that meets all conditions: BBOTS_OK, BBOTS_END, or a failure in error. */
static int next_match(const rows *from, bbots_cursor *cursor, bbots_row *row, bbots_error *error)
{
    bool failed = false;
    int rc = bbots_cursor_next(cursor, row, error);
    while (rc == BBOTS_OK && !matches(from, row, &failed)) {
        rc = bbots_cursor_next(cursor, row, error);
    }
    if (failed) {
        memset(error, 0, sizeof *error);
        error->code = rc = BBOTS_NO_MEMORY;
        snprintf(error->sqlstate, sizeof error->sqlstate, "%s", bbots_status_sqlstate(rc));
    }
    return rc;
}

/* Streams; one row more than the limit is looked for, to know whether there are more. */
static int stream(rows *from, bbots_cursor *cursor, rows_take *take, void *context,
                  bbots_error *error)
{
    bbots_row row;
    uint64_t given = 0;
    int rc;
    while ((rc = next_match(from, cursor, &row, error)) == BBOTS_OK) {
        if (from->limit != 0 && given == from->limit) {
            from->more = true;
            return BBOTS_END;
        }
        take(context, &row);
        given++;
    }
    return rc;
}

/* ------------------------------------------------------------------ sorting */

static int compare_rows(const void *left, const void *right, void *context)
{
    const rows *from = context;
    const sorted_row *a = left, *b = right;
    bbots_value a_value = bbots_row_value(&a->row, (unsigned)from->order);
    bbots_value b_value = bbots_row_value(&b->row, (unsigned)from->order);
    int order = value_compare(&from->table->columns[from->order], &a_value, &b_value);
    order = order != 0 ? order : (a->place > b->place) - (a->place < b->place);
    return from->descending ? -order : order;
}

static void sort(rows *from, collection *all)
{
    qsort_r(all->rows, all->count, sizeof *all->rows, compare_rows, from);
    if (from->limit != 0 && all->count > from->limit) {
        all->count = from->limit;
        from->more = true;
    }
}

/* Makes room for one row more: by growing, or, when the limit allows, by dropping the worst. */
static bool make_room(rows *from, collection *all)
{
    if (all->count < all->capacity) {
        return true;
    }
    if (from->limit != 0 && from->limit <= all->capacity / 2) {
        sort(from, all);
        return true;
    }
    size_t capacity = all->capacity == 0 ? 1024 : 2 * all->capacity;
    sorted_row *grown = realloc(all->rows, capacity * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    all->rows = grown;
    all->capacity = capacity;
    return true;
}

static int too_many(const rows *from)
{
    const char *column = from->table->columns[from->order].name;
    return usage_error(from->in->line,
                       "--order %s: no index of table \"%s\" serves it, and more than %d rows are "
                       "not sorted in memory; give --limit or a condition",
                       column, from->table->name, (int)ROWS_SORTED_MAX);
}

/* Collects and sorts; *code is the exit code when it is refused or memory is exhausted. */
static int collect(rows *from, bbots_cursor *cursor, collection *all, int *code, bbots_error *error)
{
    bbots_row row;
    uint64_t place = 0;
    int rc;
    while ((rc = next_match(from, cursor, &row, error)) == BBOTS_OK) {
        if (all->count == ROWS_SORTED_MAX) {
            *code = too_many(from);
            return BBOTS_END;
        }
        if (!make_room(from, all)) {
            (void)usage_error(from->in->line, "out of memory");
            *code = EXIT_FAILED;
            return BBOTS_END;
        }
        all->rows[all->count++] = (sorted_row){row, place++};
    }
    if (all->count > 0) {
        sort(from, all);
    }
    return rc;
}

int rows_each(rows *from, rows_take *take, void *context)
{
    bbots_error error;
    bbots_cursor *cursor;
    collection all = {NULL, 0, 0};
    int code = EXIT_DONE;
    int rc =
        bbots_cursor_open(from->in->txn, from->table, from->index, &from->range, &cursor, &error);
    if (rc != BBOTS_OK) {
        return library_error(from->in->line, &error);
    }
    if (from->order < 0) {
        rc = stream(from, cursor, take, context, &error);
    } else {
        rc = collect(from, cursor, &all, &code, &error);
        for (size_t i = 0; rc == BBOTS_END && code == EXIT_DONE && i < all.count; i++) {
            take(context, &all.rows[i].row);
        }
    }
    free(all.rows);
    bbots_cursor_close(cursor);
    return rc < 0 ? library_error(from->in->line, &error) : code;
}
