/*
 * contents.c - all that both hold.
 *
 * Of every table: the rows in the order of the primary key, each column as text. Of every index:
 * the values of its columns in its order (rows with equal values may come in any order, so the
 * other columns are not looked at). Then the store checks itself: indexes against rows, counts,
 * references, digests.
 */
#include "diffpg.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct comparison {
    store_side *ours;
    postgres *theirs;
    bbots_txn *txn;
    builder *text; /* what differs */
    builder cell;
    bool same;
} comparison;

static void differ(comparison *all, const bbots_table *table, const char *what, int row,
                   const char *ours, const char *theirs)
{
    all->same = false;
    builder_print(all->text, "  table \"%s\", %s, row %d: libbbots %s, PostgreSQL %s\n",
                  table->name, what, row, ours, theirs);
}

/* ------------------------------------------------------------------ one row */

static bool same_cell(comparison *all, const bbots_row *row, unsigned column,
                      const PGresult *result, int number, int field, bool in_order)
{
    const bbots_column *described = &row->table->columns[column];
    bool real = described->type == BBOTS_TYPE_REAL || described->type == BBOTS_TYPE_DOUBLE;
    bbots_value value = bbots_row_value(row, column);
    const char *theirs = PQgetvalue(result, number, field);
    bool null = PQgetisnull(result, number, field);
    all->cell.size = 0;
    store_print_value(row->table, column, &value, &all->cell);
    if (null || value.kind == BBOTS_NULL) {
        return null && value.kind == BBOTS_NULL;
    }
    if (in_order && real && strcmp(all->cell.data, "-0") == 0) {
        return strcmp(theirs, "0") == 0 || strcmp(theirs, "-0") == 0; /* equal to an order */
    }
    if (in_order && real && strcmp(theirs, "-0") == 0) {
        return strcmp(all->cell.data, "0") == 0;
    }
    return all->cell.size == (size_t)PQgetlength(result, number, field) &&
           memcmp(all->cell.data, theirs, all->cell.size) == 0;
}

static void compare_row(comparison *all, const bbots_row *row, const uint8_t *columns,
                        unsigned count, const PGresult *result, int number, const char *what)
{
    char said[200];
    for (unsigned i = 0; i < count && all->same; i++) {
        if (!same_cell(all, row, columns[i], result, number, (int)i, what[0] == 'i')) {
            snprintf(said, sizeof said, "%s, column \"%s\"", what,
                     row->table->columns[columns[i]].name);
            differ(all, row->table, said, number,
                   all->cell.data[0] == FIELD_NULL[0] ? "null" : all->cell.data,
                   PQgetisnull(result, number, (int)i) ? "null"
                                                       : PQgetvalue(result, number, (int)i));
        }
    }
}

/* ------------------------------------------------------------------ a table in one order */

static PGresult *ask(comparison *all, const bbots_table *table, const uint8_t *columns,
                     unsigned count, const uint8_t *order, unsigned order_count)
{
    builder sql = {NULL, 0, 0};
    for (unsigned i = 0; i < count; i++) {
        builder_print(&sql, "%s\"%s\"", i == 0 ? "SELECT " : ", ", table->columns[columns[i]].name);
    }
    builder_print(&sql, " FROM \"%s\"", table->name);
    for (unsigned i = 0; i < order_count; i++) {
        const bbots_column *column = &table->columns[order[i]];
        bool text = column->type == BBOTS_TYPE_TEXT || column->type == BBOTS_TYPE_VARCHAR;
        builder_print(&sql, "%s\"%s\"%s NULLS LAST", i == 0 ? " ORDER BY " : ", ", column->name,
                      text ? " COLLATE \"C\"" : "");
    }
    PGresult *result = postgres_ask(all->theirs, sql.data);
    builder_free(&sql);
    return result;
}

static void compare_order(comparison *all, const bbots_table *table, unsigned index,
                          const uint8_t *columns, unsigned count, const char *what)
{
    bbots_error error;
    bbots_cursor *cursor;
    bbots_row row;
    int number = 0;
    const bbots_index *order = &table->indexes[index];
    PGresult *result = ask(all, table, columns, count, order->columns, order->column_count);
    int rc = bbots_cursor_open(all->txn, table, index, NULL, &cursor, &error);
    if (rc == BBOTS_OK) {
        while (all->same && (rc = bbots_cursor_next(cursor, &row, &error)) == BBOTS_OK) {
            if (number == PQntuples(result)) {
                differ(all, table, what, number, "a row", "none");
            } else {
                compare_row(all, &row, columns, count, result, number++, what);
            }
        }
        bbots_cursor_close(cursor);
    }
    if (rc < 0) {
        differ(all, table, what, number, error.message, "nothing wrong");
    } else if (all->same && number != PQntuples(result)) {
        differ(all, table, what, number, "no row", "one");
    }
    PQclear(result);
}

static uint64_t compare_table(comparison *all, const bbots_table *table)
{
    uint8_t columns[BBOTS_COLUMNS_MAX];
    unsigned count = 0;
    uint64_t rows = 0;
    char what[100];
    for (uint64_t left = shared_columns(table); left != 0; left &= left - 1) {
        columns[count++] = (uint8_t)__builtin_ctzll(left);
    }
    compare_order(all, table, 0, columns, count, "rows");
    for (unsigned i = 0; i < table->index_count && all->same; i++) {
        const bbots_index *index = &table->indexes[i];
        if ((index->flags & BBOTS_INDEX_ONCE) != 0) {
            continue; /* no rows are read along it; the check looks at it */
        }
        snprintf(what, sizeof what, "index \"%s\"", index->name);
        compare_order(all, table, i, index->columns, index->column_count, what);
    }
    if (bbots_count(all->txn, table, &rows, NULL) != BBOTS_OK) {
        differ(all, table, "count", 0, "fails", "");
    }
    return rows;
}

/* ------------------------------------------------------------------ all */

static void on_finding(const bbots_finding *finding, void *context)
{
    comparison *all = context;
    all->same = false;
    builder_print(all->text, "  bbots_check: %s %s %s: %s\n", finding->table, finding->object,
                  finding->key, finding->message);
}

bool contents_same(store_side *ours, postgres *theirs, uint64_t *rows, builder *text)
{
    bool began;
    bbots_error error;
    bbots_check_result result;
    comparison all = {.ours = ours, .theirs = theirs, .text = text, .same = true};
    /* Random rows keep no accounts. */
    bbots_check_options options = {
        .on_finding = on_finding, .context = &all, .no_accounts = true};
    all.txn = store_peek(ours, &began);
    if (bbots_check(all.txn, &options, &result, &error) != BBOTS_OK) {
        all.same = false;
        builder_print(text, "  bbots_check: %s\n", error.message);
    }
    *rows = 0;
    for (unsigned t = 0; t < ours->schema->table_count && all.same; t++) {
        *rows += compare_table(&all, ours->schema->tables[t]);
    }
    store_peek_end(all.txn, began);
    builder_free(&all.cell);
    return all.same;
}
