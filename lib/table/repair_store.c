/*
 * table/repair_store.c - derived data that belongs to no single table: marks whose row is gone, blocks of live
 * aggregates that no table has, the counts of sealed values by key.
 */
#include "table/check.h"

#include "pages/page.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ entries that nothing needs */

/* Whether an entry has to go: BBOTS_OK, BBOTS_NOT_FOUND when it may stay, or a failure. */
typedef int is_stray(bbots_txn *txn, store_bytes key, bbots_error *error);

/* Takes out what is stray. The tree is written to meanwhile, so each step begins behind the key before. */
static int remove_strays(bbots_txn *txn, store_tree tree, is_stray *stray, uint64_t *removed,
                         bbots_error *error)
{
    uint8_t bytes[PAGES_KEY_MAX];
    store_bytes key = {bytes, 0};
    store_bytes value;
    int rc = store_next(&txn->base, tree, bytes, &key.size, &value, error);
    while (rc == BBOTS_OK) {
        int found = stray(txn, key, error);
        if (found == BBOTS_OK) {
            ++*removed;
            found = store_delete(&txn->base, tree, key, error);
        }
        rc = found < 0 ? found : store_next(&txn->base, tree, bytes, &key.size, &value, error);
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int is_stray_mark(bbots_txn *txn, store_bytes key, bbots_error *error)
{
    bool stands;
    int rc = mark_has_row(txn, key, NULL, &stands, error);
    return rc != BBOTS_OK ? rc : stands ? BBOTS_NOT_FOUND : BBOTS_OK;
}

/* A block's key begins with its aggregate's number. */
static int is_stray_block(bbots_txn *txn, store_bytes key, bbots_error *error)
{
    const bbots_schema *schema = txn->store->schema;
    const uint8_t *bytes = key.data;
    (void)error;
    for (uint32_t t = 0; t < schema->table_count && key.size > 2; t++) {
        const bbots_table *table = schema->tables[t];
        for (unsigned i = 0; i < table->live_count; i++) {
            if (table->lives[i].number == (bytes[0] << 8 | bytes[1])) {
                return BBOTS_NOT_FOUND;
            }
        }
    }
    return BBOTS_OK;
}

int repair_strays(bbots_txn *txn, uint64_t *marks, uint64_t *blocks, bbots_error *error)
{
    const bbots_store *store = txn->store;
    *marks = 0;
    *blocks = 0;
    int rc =
        store->has_marks ? remove_strays(txn, store->marks, is_stray_mark, marks, error) : BBOTS_OK;
    return rc == BBOTS_OK && store->has_lives
               ? remove_strays(txn, store->live, is_stray_block, blocks, error)
               : rc;
}

/* ------------------------------------------------------------------ sealed values by key */

/* What the rows of a table sealed; rows that cannot be read are not counted. */
static int count_table(bbots_txn *txn, engine_table *engine, secret_state *counts,
                       bbots_error *error)
{
    store_cursor cursor;
    store_bytes key;
    store_bytes data;
    int rc = store_cursor_open(&txn->base, engine->trees[0], &cursor, error);
    int step = rc == BBOTS_OK ? store_cursor_move(&cursor, STORE_FIRST, &key, &data, error) : rc;
    while (step == BBOTS_OK) {
        bbots_row row;
        if (row_open(engine, data, &row, NULL, NULL) == BBOTS_OK) {
            step = secret_count_row(counts, engine, &row, error);
        }
        if (step == BBOTS_OK) {
            step = store_cursor_move(&cursor, STORE_NEXT, &key, &data, error);
        }
    }
    store_cursor_close(&cursor);
    return step == BBOTS_END ? BBOTS_OK : step;
}

int repair_key_counts(bbots_txn *txn, bool *changed, bbots_error *error)
{
    secret_state counted = {.counts_loaded = true};
    const bbots_store *store = txn->store;
    *changed = false;
    int rc = secret_save_counts(txn, error);
    for (uint32_t t = 0; t < store->schema->table_count && rc == BBOTS_OK; t++) {
        if (store->tables[t].secret != 0) {
            rc = count_table(txn, &store->tables[t], &counted, error);
        }
    }
    if (rc == BBOTS_OK) {
        rc = secret_replace_counts(txn, &counted, changed, error);
    }
    free(counted.counts);
    return rc;
}
