/*
 * import_wait.c - the order of a file need not be the order of its references.
 *
 * PostgreSQL looks at foreign keys at the end of a statement, so a COPY may bring a row before the
 * one it references; here every insert is a statement. A row that is refused for a reference to its
 * own table (or, with several files, to a table whose file is yet to come) waits in memory and is
 * tried again at the end. Rounds go forward and backward in turn, so that a chain is done in one
 * round whichever way it runs. A round in which nothing got in ends it: what is left references
 * nothing.
 *
 * Drawback: waiting rows are the one thing in an import that takes memory by their number.
 */
#include "import_wait.h"

#include <stdlib.h>

static bool has_data(const bbots_value *value)
{
    switch ((bbots_kind)value->kind) {
    case BBOTS_TEXT:
    case BBOTS_JSON:
    case BBOTS_JSONTEXT:
    case BBOTS_VECTOR:
    case BBOTS_BYTES:
        return true;
    default:
        return false;
    }
}

/* The row, its values and their data in one block. */
static waiting_row *copy_row(const bbots_table *table, const bbots_value *values, uint64_t given)
{
    size_t data_size = 0;
    size_t values_size = table->column_count * sizeof *values;
    for (unsigned c = 0; c < table->column_count; c++) {
        bool counts = (given & BBOTS_COLUMN_BIT(c)) != 0 && has_data(&values[c]);
        data_size += counts ? values[c].size : 0;
    }
    waiting_row *row = malloc(sizeof *row + values_size + data_size + 1);
    if (row == NULL) {
        return NULL;
    }
    row->values = (bbots_value *)(row + 1);
    char *data = (char *)(row->values + table->column_count);
    for (unsigned c = 0; c < table->column_count; c++) {
        bool counts = (given & BBOTS_COLUMN_BIT(c)) != 0;
        row->values[c] = counts ? values[c] : bbots_value_null();
        if (counts && has_data(&values[c])) {
            memcpy(data, values[c].data, values[c].size);
            row->values[c].data = data;
            data += values[c].size;
        }
    }
    return row;
}

int import_wait_add(import_wait *wait, const bbots_table *table, const bbots_value *values,
                    uint64_t given, const char *file, uint64_t line)
{
    if (wait->count == wait->capacity) {
        size_t wanted = wait->capacity == 0 ? 64 : wait->capacity * 2;
        waiting_row **grown = realloc(wait->rows, wanted * sizeof *grown);
        if (grown == NULL) {
            return BBOTS_NO_MEMORY;
        }
        wait->rows = grown;
        wait->capacity = wanted;
    }
    waiting_row *row = copy_row(table, values, given);
    if (row == NULL) {
        return BBOTS_NO_MEMORY;
    }
    row->table = table;
    row->file = file;
    row->line = line;
    row->given = given;
    wait->rows[wait->count++] = row;
    return BBOTS_OK;
}

/* Drops the rows that are in and keeps the order of the rest. */
static void close_gaps(import_wait *wait)
{
    size_t kept = 0;
    for (size_t i = 0; i < wait->count; i++) {
        if (wait->rows[i] != NULL) {
            wait->rows[kept++] = wait->rows[i];
        }
    }
    wait->count = kept;
}

/* Tries every row once. *failed is the first in the file's order that has to wait on. */
static int retry_round(import_wait *wait, bool backward, bbots_txn *txn, uint64_t *inserted,
                       const waiting_row **failed, bbots_error *error)
{
    bbots_error why = {0};
    *failed = NULL;
    for (size_t i = 0; i < wait->count; i++) {
        size_t at = backward ? wait->count - 1 - i : i;
        waiting_row *row = wait->rows[at];
        int rc = bbots_insert(txn, row->table, row->values, row->given, NULL, &why);
        if (rc == BBOTS_OK) {
            *inserted += 1;
            free(row);
            wait->rows[at] = NULL;
        } else if (rc != BBOTS_FOREIGN_KEY_VIOLATION || *failed == NULL || backward) {
            *failed = row;
            *error = why;
            if (rc != BBOTS_FOREIGN_KEY_VIOLATION) {
                return rc;
            }
        }
    }
    return BBOTS_OK;
}

int import_wait_retry(import_wait *wait, bbots_txn *txn, uint64_t *inserted,
                      const waiting_row **failed, bbots_error *error)
{
    bool backward = false;
    *failed = NULL;
    while (wait->count > 0) {
        size_t before = wait->count;
        int rc = retry_round(wait, backward, txn, inserted, failed, error);
        close_gaps(wait);
        if (rc != BBOTS_OK) {
            return rc;
        }
        if (wait->count == before) {
            return BBOTS_FOREIGN_KEY_VIOLATION;
        }
        backward = !backward;
    }
    return BBOTS_OK;
}

void import_wait_free(import_wait *wait)
{
    for (size_t i = 0; i < wait->count; i++) {
        free(wait->rows[i]);
    }
    free(wait->rows);
    memset(wait, 0, sizeof *wait);
}
