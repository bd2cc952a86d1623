/* import_wait.h - rows that wait until the row they reference has come in. */
#ifndef IMPORT_WAIT_H
#define IMPORT_WAIT_H

#include <bbots/bbots.h>

/* A row with a copy of all that its values point to. */
typedef struct waiting_row {
    const bbots_table *table;
    const char *file;
    uint64_t line;
    uint64_t given;
    bbots_value *values;
} waiting_row;

typedef struct import_wait {
    waiting_row **rows;
    size_t count;
    size_t capacity;
} import_wait;

/*
 * Keeps a copy of a row; file must live as long as the list. BBOTS_OK or BBOTS_NO_MEMORY.
 */
int import_wait_add(import_wait *wait, const bbots_table *table, const bbots_value *values,
                    uint64_t given, const char *file, uint64_t line);

/*
 * Tries the rows again until all are in or none gets in any more. On a failure *failed is the row
 * that it concerns, otherwise NULL. inserted counts those that came in.
 */
int import_wait_retry(import_wait *wait, bbots_txn *txn, uint64_t *inserted,
                      const waiting_row **failed, bbots_error *error);

void import_wait_free(import_wait *wait);

#endif
