/*
 * table/batch.c - some columns of many rows, copied out column by column (bbots/batch.h).
 *
 * Look-ups of numbers by the primary key go to the store together, so that their waits for memory
 * overlap; all others go one by one, as bbots_get() does it.
 */
#include "table/engine.h"

#include <bbots/batch.h>
#include <bbots/json.h>
#include <stdlib.h>

/* Of the three arrays of values a column has one. */
typedef struct column_store {
    uint16_t column;
    uint8_t kind;
    bool secret;
    uint8_t *cells;
    int64_t *numbers;
    double *reals;
    uint64_t *ends;
    char *bytes;
    size_t bytes_room;
} column_store;

struct bbots_batch {
    const bbots_table *table;
    uint32_t rows;
    uint32_t room;
    unsigned column_count;
    column_store columns[];
};

/* ------------------------------------------------------------------ memory */

static bool is_number(uint8_t kind)
{
    return kind == BBOTS_BOOLEAN || kind == BBOTS_INTEGER || kind == BBOTS_DECIMAL ||
           kind == BBOTS_TIMESTAMP;
}

static int no_memory(bbots_error *error)
{
    return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
}

int bbots_batch_new(const bbots_table *table, const uint16_t *columns, unsigned column_count,
                    bbots_batch **batch, bbots_error *error)
{
    unsigned count = columns != NULL ? column_count : table->column_count;
    bb_error_clear(error);
    *batch = NULL;
    if (count == 0) {
        return bb_fail_at(error, BBOTS_INVALID_ARGUMENT, table->name, NULL, NULL,
                          "a batch needs a column");
    }
    bbots_batch *made = calloc(1, sizeof *made + count * sizeof *made->columns);
    if (made == NULL) {
        return no_memory(error);
    }
    made->table = table;
    made->column_count = count;
    for (unsigned i = 0; i < count; i++) {
        column_store *column = &made->columns[i];
        column->column = (uint16_t)(columns != NULL ? columns[i] : i);
        if (column->column >= table->column_count) {
            free(made);
            return bb_fail_at(error, BBOTS_UNKNOWN_COLUMN, table->name, NULL, NULL,
                              "table \"%s\" has no column number %u", table->name, columns[i]);
        }
        column->kind = (uint8_t)codec_column_kind(&table->columns[column->column]);
        column->secret = (table->columns[column->column].flags & BBOTS_COLUMN_SECRET) != 0;
    }
    *batch = made;
    return BBOTS_OK;
}

/* Secrets do not stay in memory that is given back. */
static void free_bytes(column_store *column)
{
    if (column->secret && column->bytes != NULL) {
        explicit_bzero(column->bytes, column->bytes_room);
    }
    free(column->bytes);
}

void bbots_batch_free(bbots_batch *batch)
{
    if (batch == NULL) {
        return;
    }
    for (unsigned i = 0; i < batch->column_count; i++) {
        column_store *column = &batch->columns[i];
        free_bytes(column);
        free(column->cells);
        free(column->numbers);
        free(column->reals);
        free(column->ends);
    }
    free(batch);
}

/* Makes an array longer; false: no memory, and it is as it was. */
static bool lengthen(void *array, size_t size)
{
    void **at = array;
    void *moved = realloc(*at, size);
    *at = moved != NULL ? moved : *at;
    return moved != NULL;
}

/* Empties a batch and gives it room for so many rows. */
static int begin(bbots_batch *batch, uint32_t rows, bbots_error *error)
{
    batch->rows = 0;
    if (rows > BBOTS_BATCH_ROWS_MAX) {
        return bb_fail(error, BBOTS_LIMIT_EXCEEDED, "a batch has at most %d rows, not %u",
                       BBOTS_BATCH_ROWS_MAX, rows);
    }
    for (unsigned i = 0; i < batch->column_count && batch->room < rows; i++) {
        column_store *column = &batch->columns[i];
        bool fine = lengthen(&column->cells, rows);
        if (is_number(column->kind)) {
            fine = fine && lengthen(&column->numbers, rows * sizeof *column->numbers);
        } else if (column->kind == BBOTS_FLOAT) {
            fine = fine && lengthen(&column->reals, rows * sizeof *column->reals);
        } else {
            fine = fine && lengthen(&column->ends, rows * sizeof *column->ends);
        }
        if (!fine) {
            return no_memory(error);
        }
    }
    batch->room = batch->room < rows ? rows : batch->room;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ cells */

static int put_bytes(column_store *column, uint32_t row, const void *data, size_t size,
                     bbots_error *error)
{
    uint64_t from = row != 0 ? column->ends[row - 1] : 0;
    if (size > column->bytes_room - from) {
        size_t room = (from + size) * 2;
        char *bytes = malloc(room);
        if (bytes == NULL) {
            return no_memory(error);
        }
        if (from != 0) {
            memcpy(bytes, column->bytes, from);
        }
        free_bytes(column);
        column->bytes = bytes;
        column->bytes_room = room;
    }
    if (size != 0) {
        memcpy(column->bytes + from, data, size);
    }
    column->ends[row] = from + size;
    return BBOTS_OK;
}

static int put_json(column_store *column, uint32_t row, const bbots_value *value,
                    bbots_error *error)
{
    bbots_json json = {value->data, value->size, BBOTS_JSON_PACKED};
    char *text;
    size_t size;
    int rc = bbots_json_print(json, &text, &size, error);
    if (rc == BBOTS_OK) {
        rc = put_bytes(column, row, text, size, error);
        if (column->secret) {
            explicit_bzero(text, size);
        }
        free(text);
    }
    return rc;
}

static int put_nothing(column_store *column, uint32_t row, bbots_cell cell, bbots_error *error)
{
    column->cells[row] = (uint8_t)cell;
    if (column->numbers != NULL) {
        column->numbers[row] = 0;
    } else if (column->reals != NULL) {
        column->reals[row] = 0;
    } else {
        return put_bytes(column, row, NULL, 0, error);
    }
    return BBOTS_OK;
}

static int put_value(column_store *column, uint32_t row, const bbots_value *value,
                     bbots_error *error)
{
    if (value->kind == BBOTS_NULL || value->kind == BBOTS_SEALED) {
        return put_nothing(column, row,
                           value->kind == BBOTS_NULL ? BBOTS_CELL_NULL : BBOTS_CELL_SEALED, error);
    }
    column->cells[row] = BBOTS_CELL_VALUE;
    switch ((bbots_kind)column->kind) {
    case BBOTS_BOOLEAN:
        column->numbers[row] = value->boolean;
        return BBOTS_OK;
    case BBOTS_INTEGER:
    case BBOTS_DECIMAL:
    case BBOTS_TIMESTAMP:
        column->numbers[row] = value->integer;
        return BBOTS_OK;
    case BBOTS_FLOAT:
        column->reals[row] = value->real;
        return BBOTS_OK;
    case BBOTS_UUID:
        return put_bytes(column, row, value->uuid.bytes, sizeof value->uuid.bytes, error);
    case BBOTS_JSON:
        return put_json(column, row, value, error);
    default:
        return put_bytes(column, row, value->data, value->size, error);
    }
}

/* Adds a row, or with NULL one that was not found; there is room for it. */
static int put_row(bbots_batch *batch, const bbots_row *row, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < batch->column_count && rc == BBOTS_OK; i++) {
        column_store *column = &batch->columns[i];
        if (row == NULL) {
            rc = put_nothing(column, batch->rows, BBOTS_CELL_NO_ROW, error);
        } else {
            bbots_value value;
            row_read(row, column->column, &value);
            rc = put_value(column, batch->rows, &value, error);
        }
    }
    batch->rows += rc == BBOTS_OK;
    return rc;
}

/* ------------------------------------------------------------------ reading */

typedef struct getting {
    bbots_txn *txn;
    engine_table *engine;
    unsigned index;
    bbots_batch *batch;
    uint32_t found;
    bbots_error *error;
} getting;

static int put_found(getting *get, int rc, bbots_row *row)
{
    if (rc < 0) {
        return rc;
    }
    get->found += rc == BBOTS_OK;
    return put_row(get->batch, rc == BBOTS_OK ? row : NULL, get->error);
}

/* Up to STORE_MANY keys that are numbers; false: one of them has to go the general way. */
static bool number_keys(const getting *get, const bbots_value *keys, unsigned count,
                        engine_image *images, store_pair *pairs)
{
    for (unsigned i = 0; i < count; i++) {
        if (!row_number_bytes(get->engine, get->index, &keys[i], &images[i])) {
            return false;
        }
        pairs[i].key = (store_bytes){images[i].key, images[i].key_size};
    }
    return true;
}

static int get_together(getting *get, store_pair *pairs, unsigned count)
{
    int rc = store_get_many(&get->txn->base, get->engine->trees[0], pairs, count, get->error);
    for (unsigned i = 0; i < count && rc == BBOTS_OK; i++) {
        bbots_row row;
        int one = BBOTS_NOT_FOUND;
        if (pairs[i].value.data != NULL) {
            one = row_accept(get->engine, pairs[i].key, pairs[i].value, &row, NULL, get->error);
        }
        if (one == BBOTS_OK) {
            row_give(get->txn, get->engine, &row);
        }
        rc = put_found(get, one, &row);
    }
    return rc;
}

static int get_each(getting *get, const bbots_value *keys, unsigned width, unsigned count)
{
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < count && rc == BBOTS_OK; i++) {
        bbots_row row;
        int one =
            bbots_get(get->txn, get->engine->table, get->index, keys + i * width, &row, get->error);
        rc = put_found(get, one, &row);
    }
    return rc;
}

static int get_all(getting *get, const bbots_value *keys, uint32_t row_count)
{
    engine_image images[STORE_MANY];
    store_pair pairs[STORE_MANY];
    unsigned width = get->engine->table->indexes[get->index].column_count;
    int rc = BBOTS_OK;
    for (uint32_t done = 0; done < row_count && rc == BBOTS_OK; done += STORE_MANY) {
        const bbots_value *from = keys + (size_t)done * width;
        unsigned count = row_count - done < STORE_MANY ? row_count - done : STORE_MANY;
        rc = number_keys(get, from, count, images, pairs) ? get_together(get, pairs, count)
                                                          : get_each(get, from, width, count);
    }
    return rc;
}

int bbots_get_batch(bbots_txn *txn, unsigned index, const bbots_value *keys, uint32_t row_count,
                    bbots_batch *batch, uint32_t *found, bbots_error *error)
{
    getting get = {.txn = txn, .index = index, .batch = batch, .error = error};
    batch->rows = 0;
    int rc = statement_begin(txn, batch->table, false, &get.engine, error);
    if (rc == BBOTS_OK) {
        rc = row_check_unique_index(batch->table, index, error);
    }
    if (rc == BBOTS_OK) {
        rc = begin(batch, row_count, error);
    }
    if (rc == BBOTS_OK) {
        rc = get_all(&get, keys, row_count);
    }
    batch->rows = rc == BBOTS_OK ? batch->rows : 0;
    if (found != NULL) {
        *found = rc == BBOTS_OK ? get.found : 0;
    }
    return rc;
}

int bbots_cursor_next_batch(bbots_cursor *cursor, uint32_t row_count, bbots_batch *batch,
                            bbots_error *error)
{
    bb_error_clear(error);
    batch->rows = 0;
    if (row_count == 0 || cursor_table(cursor) != batch->table) {
        return bb_fail_at(error, BBOTS_INVALID_ARGUMENT, batch->table->name, NULL, NULL,
                          row_count == 0 ? "a batch of no rows was asked for"
                                         : "the cursor is one over another table than the batch");
    }
    int rc = begin(batch, row_count, error);
    while (rc == BBOTS_OK && batch->rows < row_count) {
        bbots_row row;
        rc = bbots_cursor_next(cursor, &row, error);
        if (rc == BBOTS_OK) {
            rc = put_row(batch, &row, error);
        }
    }
    if (rc < 0) {
        batch->rows = 0;
        return rc;
    }
    return batch->rows != 0 ? BBOTS_OK : BBOTS_END;
}

uint32_t bbots_batch_rows(const bbots_batch *batch)
{
    return batch->rows;
}

void bbots_batch_column(const bbots_batch *batch, unsigned number, bbots_batch_values *values)
{
    const column_store *column = &batch->columns[number];
    *values = (bbots_batch_values){.kind = column->kind,
                                   .scale = batch->table->columns[column->column].scale,
                                   .rows = batch->rows,
                                   .cells = column->cells,
                                   .numbers = column->numbers,
                                   .reals = column->reals,
                                   .ends = column->ends,
                                   .bytes = column->bytes};
}

/* ------------------------------------------------------------------ writing */

int bbots_insert_batch(bbots_txn *txn, const bbots_table *table, const bbots_value *values,
                       uint64_t given, uint32_t row_count, bbots_error *error)
{
    engine_table *engine;
    int rc = statement_begin(txn, table, true, &engine, error);
    rc = rc == BBOTS_OK ? undo_begin(txn, error) : rc;
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < row_count && rc == BBOTS_OK; i++) {
        rc = bbots_insert(txn, table, values + (size_t)i * table->column_count, given, NULL, error);
        if (rc < 0 && error != NULL && error->row == 0) {
            error->row = i + UINT64_C(1);
        }
    }
    /* A transaction that broke cannot go back; what failed is told already. */
    int ended = undo_end(txn, rc == BBOTS_OK, rc == BBOTS_OK ? error : NULL);
    return rc == BBOTS_OK ? ended : rc;
}
