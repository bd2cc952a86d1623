/*
 * living.c - rows that are there, for statements that want to meet one.
 *
 * The store is asked, since it answers faster than a model could be kept right through cascades
 * and rollbacks. A fault of the store can make the stream less apt by this, never a difference
 * unseen: what the statements say is judged by PostgreSQL.
 */
#include "diffpg.h"

static void print_literal(generator *from, const bbots_row *row, unsigned column, literal *made)
{
    builder text = {NULL, 0, 0};
    bbots_value value = bbots_row_value(row, column);
    literal_null(made);
    if (value.kind != BBOTS_NULL) {
        builder_add(&text, "", 0);
        store_print_value(row->table, column, &value, &text);
        made->text = pool_copy(from->memory, text.data, text.size);
        made->size = text.size;
        builder_free(&text);
    }
    if (value.kind == BBOTS_INTEGER && chance(&from->source, 50)) {
        made->typed = value;
    }
}

/* Somewhere among the keys: a number below the serial's next, or any value. */
static bbots_value somewhere(generator *from, bbots_txn *txn, const bbots_table *table)
{
    const bbots_column *column = &table->columns[table->indexes[0].columns[0]];
    bool number = column->type == BBOTS_TYPE_INTEGER || column->type == BBOTS_TYPE_SMALLINT ||
                  column->type == BBOTS_TYPE_BIGINT;
    int64_t next = 0;
    literal made;
    if (number) {
        if (bbots_serial_next(txn, table, &next, NULL) != BBOTS_OK || next < 1) {
            next = 60;
        }
        return bbots_value_integer((int64_t)random_below(&from->source, (uint64_t)next) & 0x7fff);
    }
    literal_make(&from->source, from->memory, column, PLAIN, true, &made);
    return made.typed.kind != BBOTS_NULL ? made.typed
                                         : bbots_value_of_bytes(BBOTS_TEXT, made.text, made.size);
}

static int find(generator *from, bbots_txn *txn, const bbots_table *table, bool bounded,
                uint64_t columns, literal *row)
{
    bbots_error error;
    bbots_cursor *cursor;
    bbots_row found;
    bbots_value bound = somewhere(from, txn, table);
    bbots_range range = {.from = bounded ? &bound : NULL, .from_count = bounded, .limit = 1};
    int rc = bbots_cursor_open(txn, table, 0, &range, &cursor, &error);
    if (rc == BBOTS_OK) {
        rc = bbots_cursor_next(cursor, &found, &error);
        for (unsigned c = 0; rc == BBOTS_OK && c < table->column_count; c++) {
            if ((columns & BBOTS_COLUMN_BIT(c)) != 0) {
                print_literal(from, &found, c, &row[c]);
            }
        }
        bbots_cursor_close(cursor);
    }
    return rc;
}

bool living_row(generator *from, const bbots_table *table, uint64_t columns, literal *row)
{
    bool began;
    bbots_txn *txn = store_peek(from->side, &began);
    int rc = find(from, txn, table, true, columns, row);
    if (rc != BBOTS_OK) {
        rc = find(from, txn, table, false, columns, row);
    }
    store_peek_end(txn, began);
    return rc == BBOTS_OK;
}

uint64_t living_count(generator *from, const bbots_table *table)
{
    bool began;
    uint64_t count = 0;
    bbots_txn *txn = store_peek(from->side, &began);
    if (bbots_count(txn, table, &count, NULL) != BBOTS_OK) {
        count = 0;
    }
    store_peek_end(txn, began);
    return count;
}
