/* table/check_mark.c - every mark stands beside a row (mark.c). */
#include "table/check.h"

#include "base/bytes.h"

/* The table of a seed, or NULL. */
static engine_table *table_of(const bbots_store *store, uint64_t seed)
{
    for (uint32_t t = 0; t < store->schema->table_count; t++) {
        if (store->tables[t].layout.seed == seed) {
            return &store->tables[t];
        }
    }
    return NULL;
}

int mark_has_row(bbots_txn *txn, store_bytes key, const engine_table **of, bool *stands,
                 bbots_error *error)
{
    store_bytes row;
    engine_table *table = key.size > 8 ? table_of(txn->store, bb_load64_big(key.data)) : NULL;
    int rc = BBOTS_NOT_FOUND;
    if (table != NULL) {
        store_bytes row_key = {(const uint8_t *)key.data + 8, key.size - 8};
        rc = store_get(&txn->base, table->trees[0], row_key, &row, error);
    }
    if (of != NULL) {
        *of = table;
    }
    *stands = rc == BBOTS_OK;
    return rc < 0 ? rc : BBOTS_OK;
}

static int check_mark(check *run, store_bytes key)
{
    static const store_bytes no_row = {NULL, 0};
    const engine_table *table;
    bool stands;
    int rc = mark_has_row(run->txn, key, &table, &stands, run->error);
    return rc != BBOTS_OK || stands
               ? rc
               : check_report(run, BBOTS_DERIVED, MARK_TREE, no_row,
                              "tree \"%s\" has a mark of a row of table \"%s\" that is not there",
                              MARK_TREE, table != NULL ? table->table->name : "");
}

int check_marks(check *run)
{
    store_cursor cursor;
    store_bytes key;
    store_bytes value;
    if (!run->txn->store->has_marks) {
        return BBOTS_OK;
    }
    int rc = store_cursor_open(&run->txn->base, run->txn->store->marks, &cursor, run->error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = store_cursor_move(&cursor, STORE_FIRST, &key, &value, run->error);
    while (rc == BBOTS_OK) {
        rc = check_mark(run, key);
        if (rc == BBOTS_OK) {
            rc = store_cursor_move(&cursor, STORE_NEXT, &key, &value, run->error);
        }
    }
    store_cursor_close(&cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}
