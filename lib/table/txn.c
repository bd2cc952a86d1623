/*
 * table/txn.c - transactions: begin and end, and what they know of tables.
 */
#include "table/engine.h"
#include "table/follower.h"
#include "table/pending.h"
#include "table/secret.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ spare ones */

static bbots_txn *take_spare(bbots_store *store)
{
    pthread_mutex_lock(&store->spare_mutex);
    bbots_txn *txn = store->spare;
    if (txn != NULL) {
        store->spare = txn->next_spare;
        store->spare_count--;
    }
    pthread_mutex_unlock(&store->spare_mutex);
    return txn;
}

static bool keep_spare(bbots_txn *txn)
{
    bbots_store *store = txn->store;
    pthread_mutex_lock(&store->spare_mutex);
    bool keep = store->spare_count < store->spare_max;
    if (keep) {
        txn->next_spare = store->spare;
        store->spare = txn;
        store->spare_count++;
    }
    pthread_mutex_unlock(&store->spare_mutex);
    return keep;
}

static void free_txn(bbots_txn *txn)
{
    secret_end(txn);
    store_discard(&txn->base);
    bb_arena_free(&txn->arena);
    bb_arena_free(&txn->scratch);
    bb_arena_free(&txn->last_scratch);
    free(txn);
}

void txn_discard_spares(bbots_store *store)
{
    bbots_txn *txn;
    while ((txn = take_spare(store)) != NULL) {
        free_txn(txn);
    }
}

/* ------------------------------------------------------------------ checks */

int txn_check(const bbots_txn *txn, bool write, bbots_error *error)
{
    if (write && !txn->write) {
        return bb_fail(error, BBOTS_READ_ONLY, "cannot write in a read-only transaction");
    }
    if (txn->broken) {
        return bb_fail(error, BBOTS_TRANSACTION_BROKEN,
                       "the transaction failed beneath and can only be rolled back");
    }
    return BBOTS_OK;
}

int txn_break(bbots_txn *txn, int rc)
{
    txn->broken = true;
    return rc;
}

int txn_engine_table(const bbots_txn *txn, const bbots_table *table, engine_table **engine,
                     bbots_error *error)
{
    const bbots_store *store = txn->store;
    if (table == NULL || table->number >= store->schema->table_count ||
        store->schema->tables[table->number] != table) {
        return bb_fail(error, BBOTS_UNKNOWN_TABLE, "table \"%s\" is not of this store's schema",
                       table != NULL ? table->name : "");
    }
    *engine = &store->tables[table->number];
    return BBOTS_OK;
}

int txn_touch(bbots_txn *txn, engine_table *table, txn_table **touched, bbots_error *error)
{
    unsigned number = table->table->number;
    if (txn->tables == NULL) {
        size_t size = sizeof(txn_table *) * txn->store->schema->table_count;
        txn->tables = bb_arena_alloc(&txn->arena, size);
        if (txn->tables == NULL) {
            return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
        }
        memset(txn->tables, 0, size);
    }
    if (txn->tables[number] == NULL) {
        size_t pending_size = sizeof(struct index_pending *) * table->table->tree_count;
        txn_table *state = bb_arena_alloc(&txn->arena, sizeof *state);
        struct index_pending **pending = bb_arena_alloc(&txn->arena, pending_size);
        if (state == NULL || pending == NULL) {
            return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
        }
        memset(state, 0, sizeof *state);
        memset(pending, 0, pending_size);
        state->engine = table;
        state->pending = pending;
        int rc = catalog_load_stat(&txn->base, table->table, &state->stat, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
        txn->tables[number] = state;
    }
    *touched = txn->tables[number];
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ begin and end */

static bbots_txn *new_txn(bbots_store *store)
{
    bbots_txn *txn = calloc(1, sizeof *txn);
    if (txn != NULL) {
        txn->store = store;
        bb_arena_init(&txn->arena);
        bb_arena_init(&txn->scratch);
        bb_arena_init(&txn->last_scratch);
    }
    return txn;
}

int bbots_begin(bbots_store *store, bbots_access access, bbots_txn **begun, bbots_error *error)
{
    bool write = access == BBOTS_WRITE;
    bb_error_clear(error);
    *begun = NULL;
    if (write && store->read_only) {
        return bb_fail(error, BBOTS_READ_ONLY, "the store was opened read-only");
    }
    bbots_txn *txn = write ? NULL : take_spare(store);
    if (txn == NULL) {
        txn = new_txn(store);
        if (txn == NULL) {
            return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
        }
    }
    txn->write = write;
    int rc = store_begin(store->file, write, &txn->base, error);
    if (rc == BBOTS_OK && write) {
        rc = catalog_confirm(&txn->base, &store->fingerprint, &txn->features, error);
        if (rc != BBOTS_OK) {
            store_abort(&txn->base);
        }
    }
    if (rc != BBOTS_OK) {
        free_txn(txn);
        return rc;
    }
    *begun = txn;
    return BBOTS_OK;
}

static void forget_tables(bbots_txn *txn)
{
    for (uint32_t t = 0; txn->tables != NULL && t < txn->store->schema->table_count; t++) {
        txn_table *state = txn->tables[t];
        for (unsigned i = 0; state != NULL && i < state->engine->table->tree_count; i++) {
            pending_free(state->pending[i]);
        }
        if (state != NULL) {
            live_forget(state);
        }
    }
    txn->tables = NULL;
    follower_forget(txn);
    reference_forget(txn);
    undo_free(txn->undo);
    txn->undo = NULL;
}

/* After its LMDB transaction has ended. */
static void dispose(bbots_txn *txn)
{
    forget_tables(txn);
    free_txn(txn);
}

void bbots_rollback(bbots_txn *txn)
{
    if (txn == NULL) {
        return;
    }
    if (!txn->write && store_check_process(txn->store->file, NULL) == BBOTS_OK) {
        store_rest(&txn->base);
        txn->now_known = false;
        txn->kept = NULL;
        if (txn->secrets != NULL) {
            secret_rest(txn->secrets);
        }
        bb_arena_reset(&txn->arena);
        bb_arena_reset(&txn->scratch);
        if (!keep_spare(txn)) {
            free_txn(txn);
        }
        return;
    }
    store_abort(&txn->base);
    dispose(txn);
}

/* Writes what waits and the catalogue: the last steps of a write transaction. */
static int complete(bbots_txn *txn, bbots_error *error)
{
    int rc = defer_judge(txn, error);
    if (rc == BBOTS_OK) {
        rc = follower_settle(txn, error);
    }
    if (rc == BBOTS_OK) {
        rc = index_flush_all(txn, error);
    }
    if (rc == BBOTS_OK) {
        rc = live_flush_all(txn, error);
    }
    for (uint32_t t = 0; txn->tables != NULL && t < txn->store->schema->table_count; t++) {
        txn_table *state = txn->tables[t];
        if (rc == BBOTS_OK && state != NULL && state->dirty) {
            rc = catalog_save_stat(&txn->base, state->engine->table, &state->stat, error);
        }
    }
    if (rc == BBOTS_OK) {
        rc = secret_save_counts(txn, error);
    }
    /* What makes the store smaller may have the last free pages, so that it can always be done. */
    return rc == BBOTS_OK && txn->changes > 0 && txn->growth >= 0
               ? store_keep_reserve(&txn->base, error)
               : rc;
}

int bbots_commit(bbots_txn *txn, bbots_error *error)
{
    bb_error_clear(error);
    int rc = store_check_process(txn->store->file, error);
    if (!txn->write) {
        bbots_rollback(txn);
        return rc;
    }
    if (rc == BBOTS_OK) {
        rc = txn_check(txn, true, error);
    }
    if (rc == BBOTS_OK) {
        rc = complete(txn, error);
    }
    if (rc == BBOTS_OK) {
        rc = store_commit(&txn->base, error);
    } else {
        store_abort(&txn->base);
    }
    dispose(txn);
    return rc;
}

/* ------------------------------------------------------------------ small things */

bbots_timestamp bbots_txn_now(bbots_txn *txn)
{
    if (!txn->now_known) {
        bbots_txn_set_now(txn, bbots_timestamp_now());
    }
    return txn->now;
}

void bbots_txn_set_now(bbots_txn *txn, bbots_timestamp now)
{
    txn->now = now;
    txn->now_known = true;
}

bbots_store *bbots_txn_store(const bbots_txn *txn)
{
    return txn->store;
}
