/*
 * table/load.c - transactions that are made for inserting many rows.
 *
 * What makes a load fast is the way of any large transaction: rows are appended while their keys
 * ascend, entries are sorted in runs and merged into their trees once (pending.h), live aggregates
 * and summaries are settled once. A load adds that it needs little memory (store/dirty.c), and
 * that its rows have numbers.
 */
#include "table/engine.h"

#include <bbots/load.h>

#define DIRTY_MAX ((size_t)32 << 20) /* bytes of changed pages in memory */

int bbots_load_begin(bbots_store *store, bbots_txn **txn, bbots_error *error)
{
    int rc = bbots_begin(store, BBOTS_WRITE, txn, error);
    if (rc == BBOTS_OK) {
        store_limit_dirty(&(*txn)->base, DIRTY_MAX);
        (*txn)->load_row = 1;
    }
    return rc;
}

void bbots_load_number(bbots_txn *txn, uint64_t number)
{
    if (txn->load_row != 0) {
        txn->load_row = number != 0 ? number : 1;
    }
}

int load_count(bbots_txn *txn, int rc, bbots_error *error)
{
    if (rc < 0 && error != NULL) {
        error->row = txn->load_row;
    }
    txn->load_row++;
    return rc;
}
