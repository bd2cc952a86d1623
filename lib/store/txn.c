/*
 * store/txn.c - transactions: begin, end, and everything that can be in the way.
 */
#include "store/internal.h"

#include "base/error.h"
#include "base/room.h"

#define COMMIT_PAGES 24u /* that lie above those that were put something on, about */

int store_check_thread(store_file *file, bbots_error *error)
{
    if (!atomic_load(&file->writing) ||
        pthread_equal(atomic_load(&file->writer), pthread_self()) == 0) {
        return BBOTS_OK;
    }
    return bb_fail(error, BBOTS_TRANSACTION_ACTIVE,
                   "this thread has a write transaction on file \"%s\" already", file->path);
}

void store_take_over(store_txn *txn)
{
    atomic_store(&txn->file->writer, pthread_self());
}

/* ------------------------------------------------------------------ calls into LMDB */

static int call_renew(void *arguments)
{
    store_txn *txn = arguments;
    return mdb_txn_renew(txn->handle);
}

static int call_begin(void *arguments)
{
    store_txn *txn = arguments;
    return mdb_txn_begin(txn->file->env, NULL, txn->write ? 0 : MDB_RDONLY, &txn->handle);
}

static int call_commit(void *arguments)
{
    store_txn *txn = arguments;
    return mdb_txn_commit(txn->handle);
}

static int call_abort(void *arguments)
{
    store_txn *txn = arguments;
    mdb_txn_abort(txn->handle);
    return 0;
}

static int call_reset(void *arguments)
{
    store_txn *txn = arguments;
    mdb_txn_reset(txn->handle);
    return 0;
}

/* ------------------------------------------------------------------ begin */

static int begin_once(store_file *file, store_txn *txn)
{
    if (atomic_load(&file->unmapped)) { /* while we waited at the gate */
        return STORE_FAULTED;
    }
    if (txn->resting) {
        int rc = store_guarded(file, call_renew, txn, false);
        txn->resting = rc != 0;
        return rc;
    }
    return store_guarded(file, call_begin, txn, txn->write);
}

/* Begins; clears dead readers when their slots are missing, adopts another process's growth. */
static int begin_patiently(store_file *file, store_txn *txn, bbots_error *error)
{
    int rc = begin_once(file, txn);
    if (rc == MDB_READERS_FULL) {
        int dead;
        mdb_reader_check(file->env, &dead);
        rc = begin_once(file, txn);
    }
    for (int tries = 0; rc == MDB_MAP_RESIZED && tries < 8; tries++) {
        store_gate_leave(&file->gate);
        int adopted = store_map_adopt(file, error);
        store_gate_enter(&file->gate);
        if (adopted != BBOTS_OK) {
            return adopted;
        }
        rc = begin_once(file, txn);
    }
    return rc == 0                        ? BBOTS_OK
           : atomic_load(&file->unmapped) ? store_check_poison(file, error)
                                          : store_fail(error, rc, "cannot begin a transaction");
}

/* minds: whether long readers may be in the way of a write. */
static int begin(store_file *file, bool write, bool minds, store_txn *txn, bbots_error *error)
{
    int rc = store_check_process(file, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = store_check_poison(file, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    txn->file = file;
    txn->write = write;
    txn->numbered = false;
    txn->dirty_bytes = 0;
    txn->dirty_max = STORE_DIRTY_MAX;
    txn->changed_bytes = 0;
    txn->pages_most = 0;
    if (write) {
        rc = store_check_thread(file, error);
        if (rc == BBOTS_OK && minds) {
            rc = store_mind_readers(file, error);
        }
        if (rc == BBOTS_OK) {
            rc = store_map_grow(file, error);
        }
        if (rc != BBOTS_OK) {
            return rc;
        }
        atomic_store(&file->size_limited, bb_file_limit() != UINT64_MAX);
    }
    store_gate_enter(&file->gate);
    rc = begin_patiently(file, txn, error);
    if (rc != BBOTS_OK) {
        store_gate_leave(&file->gate);
        return rc;
    }
    txn->number = 0;
    int settled = write ? 0 : store_guarded(file, store_direct_begin, txn, false);
    if (settled == STORE_FAULTED) {
        store_abort(txn);
        return store_check_poison(file, error);
    }
    if (settled != 0) { /* it was reset: the map has grown, as it seems */
        txn->resting = true;
        rc = begin_patiently(file, txn, error);
        if (rc != BBOTS_OK) {
            store_gate_leave(&file->gate);
            return rc;
        }
    }
    if (write) {
        atomic_store(&file->writer, pthread_self());
        atomic_store(&file->writing, true);
    }
    return BBOTS_OK;
}

int store_begin_bare(store_file *file, store_txn *txn, bbots_error *error)
{
    return begin(file, true, false, txn, error);
}

int store_begin(store_file *file, bool write, store_txn *txn, bbots_error *error)
{
    int rc = begin(file, write, true, txn, error);
    if (rc == BBOTS_OK && write) {
        rc = store_anchor_mind(file, error);
        if (rc != BBOTS_OK) {
            store_abort(txn);
        }
    }
    return rc;
}

/*
 * The mark of the writing thread goes before LMDB's lock does: once that is free, the next writer
 * of this process sets its own.
 */
static void unmark_writer(store_txn *txn)
{
    if (txn->write) {
        atomic_store(&txn->file->writing, false);
    }
}

static void leave(store_txn *txn)
{
    store_direct_free(txn);
    txn->handle = NULL;
    store_gate_leave(&txn->file->gate);
}

int store_commit(store_txn *txn, bbots_error *error)
{
    store_file *file = txn->file;
    if (store_check_process(file, error) != BBOTS_OK) {
        return BBOTS_FORKED;
    }
    file->changed_bytes += txn->changed_bytes + COMMIT_PAGES * file->page_bytes;
    unmark_writer(txn);
    int rc = store_guarded(file, call_commit, txn, true);
    if (rc == STORE_FAULTED) {
        store_guarded_end(file, call_abort, txn);
    }
    if (rc == MDB_MAP_FULL) {
        atomic_store(&file->map_was_full, true);
    }
    rc = store_write_result(file, rc);
    leave(txn);
    return rc == 0 ? BBOTS_OK : store_fail(error, rc, "cannot commit");
}

void store_abort(store_txn *txn)
{
    if (*txn->file->alive == 0) {
        return; /* a forked child: the transaction is its parent's */
    }
    unmark_writer(txn);
    store_guarded_end(txn->file, call_abort, txn);
    leave(txn);
}

void store_rest(store_txn *txn)
{
    store_guarded_end(txn->file, call_reset, txn);
    txn->resting = true;
    store_gate_leave(&txn->file->gate);
}

void store_discard(store_txn *txn)
{
    if (txn->resting && *txn->file->alive != 0) {
        store_guarded_end(txn->file, call_abort, txn);
    }
    txn->resting = false;
    txn->handle = NULL;
    store_direct_free(txn);
}

void store_limit_dirty(store_txn *txn, size_t bytes)
{
    txn->dirty_max = bytes;
}

uint64_t store_txn_number(const store_txn *txn)
{
    return mdb_txn_id(txn->handle);
}
