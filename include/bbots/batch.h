/*
 * bbots/batch.h - many rows in one call, for hosts to which a call is dear: Node, Python and
 * others that come through a foreign function interface.
 *
 * A batch holds some columns of some rows, column by column: numbers in an array, texts behind one
 * another with the ends of each. All of it is a copy in memory of the batch, so it outlives the
 * transaction. It is filled again and again and keeps its memory.
 *
 *     bbots_batch_new(&bbots_users_table, columns, 2, &batch, &error);
 *     bbots_get_batch(txn, 0, keys, 1000, batch, &error);
 *     bbots_batch_column(batch, 0, &ids);   // ids.numbers[0] ... ids.numbers[999]
 *
 * Threads: a batch belongs to one thread at a time.
 */
#ifndef BBOTS_BATCH_H
#define BBOTS_BATCH_H

#include <bbots/cursor.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BBOTS_BATCH_ROWS_MAX 1000000

typedef struct bbots_batch bbots_batch;

/*
 * A batch for columns of a table, in the order given; columns NULL: all of them. It belongs to the
 * caller. Errors: BBOTS_UNKNOWN_COLUMN, BBOTS_INVALID_ARGUMENT (no column), BBOTS_NO_MEMORY.
 */
BBOTS_API BBOTS_CHECKED int bbots_batch_new(const bbots_table *table, const uint16_t *columns,
                                            unsigned column_count, bbots_batch **batch,
                                            bbots_error *error);
/* Wipes and frees it. NULL is allowed. */
BBOTS_API void bbots_batch_free(bbots_batch *batch);

/*
 * Fills the batch with the rows that these keys find, one for each key and in the order of the keys.
 * keys holds row_count times the values of the unique index's columns. A key that finds nothing
 * gives a row of BBOTS_CELL_NO_ROW; *found (may be NULL) receives how many rows were found.
 *
 * Errors: those of bbots_get(); BBOTS_LIMIT_EXCEEDED (more than BBOTS_BATCH_ROWS_MAX keys);
 * BBOTS_INVALID_ARGUMENT (a batch for another store's table). The batch is empty then.
 */
BBOTS_API BBOTS_CHECKED int bbots_get_batch(bbots_txn *txn, unsigned index,
                                            const bbots_value *keys, uint32_t row_count,
                                            bbots_batch *batch, uint32_t *found,
                                            bbots_error *error);

/*
 * Fills the batch with the next rows of a cursor over its table, at most row_count. Returns BBOTS_OK, or
 * BBOTS_END when there is none left. Errors: those of bbots_cursor_next(); BBOTS_LIMIT_EXCEEDED (row_count
 * past BBOTS_BATCH_ROWS_MAX); BBOTS_INVALID_ARGUMENT (row_count 0, another table's cursor). The batch is
 * empty then.
 */
BBOTS_API BBOTS_CHECKED int bbots_cursor_next_batch(bbots_cursor *cursor, uint32_t row_count,
                                                    bbots_batch *batch, bbots_error *error);

/*
 * Inserts row_count rows, all or none: values holds row_count times the table's columns in its order;
 * given says which of them count, in every row. After a failure nothing has changed and error->row
 * is the number of the row that was refused, from 1 (in a load: its number there).
 * Errors: those of bbots_insert(); BBOTS_DISK_FULL (no room for the temporary file in which a long batch notes
 * how to go back).
 */
BBOTS_API BBOTS_CHECKED int bbots_insert_batch(bbots_txn *txn, const bbots_table *table,
                                               const bbots_value *values, uint64_t given,
                                               uint32_t row_count, bbots_error *error);

/* What is in a cell. */
typedef enum bbots_cell {
    BBOTS_CELL_VALUE = 0,
    BBOTS_CELL_NULL = 1,
    BBOTS_CELL_SEALED = 2, /* a secret whose key is not there (bbots/secret.h) */
    BBOTS_CELL_NO_ROW = 3
} bbots_cell;

/*
 * A column of a batch. Arrays have a place for each row and are valid until the batch is filled
 * again or freed; those that do not fit the kind are NULL. In cells without a value numbers are 0
 * and texts empty.
 */
typedef struct bbots_batch_values {
    uint8_t kind;           /* enum bbots_kind of its values */
    uint8_t scale;          /* of BBOTS_DECIMAL */
    uint32_t rows;
    const uint8_t *cells;   /* enum bbots_cell */
    const int64_t *numbers; /* BBOTS_INTEGER, BBOTS_DECIMAL (times 10^scale), BBOTS_TIMESTAMP, BBOTS_BOOLEAN (0, 1) */
    const double *reals;    /* BBOTS_FLOAT */
    const uint64_t *ends;   /* of the others: row n has bytes ends[n - 1] (0 for the first) to ends[n] */
    const char *bytes;      /* UTF-8 of BBOTS_TEXT and, as JSON text, of BBOTS_JSON; the bytes of
                               BBOTS_BYTES; 16 of BBOTS_UUID; 4 a number of BBOTS_VECTOR */
} bbots_batch_values;

/* The rows in the batch: 0 before it was filled. */
BBOTS_API uint32_t bbots_batch_rows(const bbots_batch *batch);

/* Column number `number` of the batch, which is less than its columns. */
BBOTS_API void bbots_batch_column(const bbots_batch *batch, unsigned number,
                                  bbots_batch_values *values);

#ifdef __cplusplus
}
#endif
#endif
