/*
 * table/copy.c - a snapshot of a store, tree by tree, into a new file (bbots/backup.h).
 *
 * A copy of our own and not mdb_env_copy2(): LMDB's reads the map in a thread of its own, where no
 * guard stands, copies damage as it is, and its compacting kind does not notice a page that is used
 * twice. Here each row is opened on the way back, so a copy that has its name is one whose rows
 * were all read.
 *
 * The main tree is gone through: records are copied as they are, also those that this version does
 * not know; trees are copied if the schema names them, and left behind if an earlier one did. The
 * copy is committed every few thousand entries, so that LMDB's list of changed pages stays
 * short, and each commit notes its number like any other.
 */
#include "table/engine.h"

#include <bbots/backup.h>

#include <stdio.h>
#include <stdlib.h>

#define BATCH_BYTES (UINT64_C(32) << 20)

typedef struct copy {
    bbots_store *store;
    bbots_txn *snapshot;
    store_file *target;
    store_txn txn;    /* of the target */
    bool open;        /* whether txn is */
    uint64_t waiting; /* bytes since the last commit */
    bbots_error *error;
} copy;

/* ------------------------------------------------------------------ transactions of the target */

static int begin_batch(copy *run)
{
    memset(&run->txn, 0, sizeof run->txn);
    int rc = store_begin(run->target, true, &run->txn, run->error);
    run->open = rc == BBOTS_OK;
    run->waiting = 0;
    return rc;
}

static int commit_batch(copy *run)
{
    run->open = false;
    return store_commit(&run->txn, run->error);
}

static int put(copy *run, store_tree tree, store_bytes key, store_bytes value)
{
    int rc = store_put(&run->txn, tree, key, value, STORE_APPEND, run->error);
    run->waiting += key.size + value.size;
    if (rc == BBOTS_UNCHANGED) {
        return bb_fail(run->error, BBOTS_CORRUPTED, "keys of a tree are not in order");
    }
    if (rc == BBOTS_OK && run->waiting >= BATCH_BYTES) {
        rc = commit_batch(run);
        rc = rc == BBOTS_OK ? begin_batch(run) : rc;
    }
    return rc;
}

/* ------------------------------------------------------------------ trees and records */

static int copy_tree(copy *run, store_tree from, const char *name)
{
    store_tree to;
    store_cursor cursor;
    store_bytes key;
    store_bytes value;
    int rc = store_tree_open(&run->txn, name, false, &to, run->error);
    if (rc == BBOTS_OK) {
        rc = store_cursor_open(&run->snapshot->base, from, &cursor, run->error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    int step = store_cursor_move(&cursor, STORE_FIRST, &key, &value, run->error);
    while (step == BBOTS_OK) {
        step = put(run, to, key, value);
        if (step == BBOTS_OK) {
            step = store_cursor_move(&cursor, STORE_NEXT, &key, &value, run->error);
        }
    }
    store_cursor_close(&cursor);
    return step == BBOTS_END ? BBOTS_OK : step;
}

static bool is_commit_key(store_bytes key)
{
    return key.size == strlen(STORE_COMMIT_KEY) &&
           memcmp(key.data, STORE_COMMIT_KEY, key.size) == 0;
}

static int copy_records(copy *run)
{
    store_cursor cursor;
    store_bytes key;
    store_bytes value;
    int rc = store_cursor_open(&run->snapshot->base, STORE_MAIN, &cursor, run->error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    int step = store_cursor_move(&cursor, STORE_FIRST, &key, &value, run->error);
    while (step == BBOTS_OK) {
        if (!store_is_tree_record(key) && !is_commit_key(key)) {
            step = store_put(&run->txn, STORE_MAIN, key, value, STORE_REPLACE, run->error);
        }
        if (step == BBOTS_OK) {
            step = store_cursor_move(&cursor, STORE_NEXT, &key, &value, run->error);
        }
    }
    store_cursor_close(&cursor);
    return step == BBOTS_END ? BBOTS_OK : step;
}

/* Trees are made in a transaction of their own: handles of one that aborts are gone. */
static int make_trees(copy *run)
{
    const bbots_schema *schema = run->store->schema;
    store_tree tree;
    int rc = begin_batch(run);
    for (uint32_t t = 0; t < schema->table_count && rc == BBOTS_OK; t++) {
        const bbots_table *table = schema->tables[t];
        for (unsigned i = 0; i < table->tree_count && rc == BBOTS_OK; i++) {
            rc = store_tree_open(&run->txn, table->trees[i].name, true, &tree, run->error);
        }
    }
    if (rc == BBOTS_OK && run->store->has_lives) {
        rc = store_tree_open(&run->txn, LIVE_TREE, true, &tree, run->error);
    }
    if (rc == BBOTS_OK && run->store->has_marks) {
        rc = store_tree_open(&run->txn, MARK_TREE, true, &tree, run->error);
    }
    if (rc == BBOTS_OK) {
        rc = copy_records(run);
    }
    return rc == BBOTS_OK ? commit_batch(run) : rc;
}

static int copy_trees(copy *run)
{
    const bbots_schema *schema = run->store->schema;
    int rc = begin_batch(run);
    for (uint32_t t = 0; t < schema->table_count && rc == BBOTS_OK; t++) {
        const bbots_table *table = schema->tables[t];
        for (unsigned i = 0; i < table->tree_count && rc == BBOTS_OK; i++) {
            rc = copy_tree(run, run->store->tables[t].trees[i], table->trees[i].name);
        }
    }
    if (rc == BBOTS_OK && run->store->has_lives) {
        rc = copy_tree(run, run->store->live, LIVE_TREE);
    }
    if (rc == BBOTS_OK && run->store->has_marks) {
        rc = copy_tree(run, run->store->marks, MARK_TREE);
    }
    return rc == BBOTS_OK ? commit_batch(run) : rc;
}

/* Fills the new file. */
static int fill(store_file *target, void *context, bbots_error *error)
{
    copy *run = context;
    run->target = target;
    run->error = error;
    int rc = make_trees(run);
    if (rc == BBOTS_OK) {
        rc = copy_trees(run);
    }
    if (run->open) {
        store_abort(&run->txn);
        run->open = false;
    }
    return rc;
}

/* ------------------------------------------------------------------ the copy is read back */

static int confirm_table(const copy *run, bbots_txn *copied, uint32_t number, bbots_error *error)
{
    const bbots_table *table = run->store->schema->tables[number];
    engine_stat said;
    engine_stat found = {.serial_next = 1};
    int rc = catalog_load_stat(&run->snapshot->base, table, &said, error);
    if (rc == BBOTS_OK) {
        rc = stat_add_up(&copied->base, &copied->store->tables[number], &found, error);
    }
    if (rc == BBOTS_OK && (said.count != found.count || said.digest.low != found.digest.low ||
                           said.digest.high != found.digest.high)) {
        rc = bb_fail_at(error, BBOTS_CORRUPTED, table->name, NULL, NULL,
                        "the rows of table \"%s\" are not those that the catalogue counts: check "
                        "the store",
                        table->name);
    }
    return rc;
}

static int confirm(const copy *run, const char *made, bbots_error *error)
{
    bbots_options options = {.schema = run->store->schema,
                             .flags =
                                 BBOTS_OPEN_READ_ONLY | BBOTS_OPEN_VERIFY | BBOTS_OPEN_NETWORK};
    bbots_store *copied;
    bbots_txn *txn;
    if (store_is_guarded(run->store->file)) {
        options.flags |= BBOTS_OPEN_GUARD;
    }
    int rc = bbots_open(made, &options, &copied, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = bbots_begin(copied, BBOTS_READ, &txn, error);
    if (rc == BBOTS_OK) {
        for (uint32_t t = 0; t < run->store->schema->table_count && rc == BBOTS_OK; t++) {
            rc = confirm_table(run, txn, t, error);
        }
        bbots_rollback(txn);
    }
    (void)bbots_close(copied, NULL);
    return rc;
}

/* Makes a confirmed copy under a working name. */
static int make_copy(bbots_store *store, const store_making *making, bbots_error *error)
{
    store_options options = {.allow_network = true, .trees_max = 8 * BBOTS_TABLES_MAX};
    copy run = {.store = store};
    options.guard = store_is_guarded(store->file);
    int rc = bbots_begin(store, BBOTS_READ, &run.snapshot, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = store_make_fill(making, &options, fill, &run, error);
    if (rc == BBOTS_OK) {
        rc = confirm(&run, making->path, error);
    }
    bbots_rollback(run.snapshot);
    return rc;
}

int bbots_backup(bbots_store *store, const char *path, bbots_error *error)
{
    bb_error_clear(error);
    store_making making;
    int rc = store_make_begin(path, 0600, &making, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = make_copy(store, &making, error);
    if (rc == BBOTS_OK) {
        rc = store_make_name(&making, path, error);
    }
    store_make_end(&making);
    return rc;
}

static uint64_t size_of(bbots_store *store)
{
    bbots_stat stat;
    return bbots_store_stat(store, &stat, NULL) == BBOTS_OK ? stat.file_bytes : 0;
}

/* The store is open, and nobody else has it. */
static int replace(bbots_store **store, bbots_error *error)
{
    store_making making;
    int turn;
    const char *path = store_file_path((*store)->file);
    int rc = store_make_begin(path, store_file_mode((*store)->file), &making, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = store_make_belong(&making, path, error);
    if (rc == BBOTS_OK) {
        rc = make_copy(*store, &making, error);
    }
    if (rc == BBOTS_OK) {
        /* The old lock file serves the new file too: nobody may use it before we are done with it. */
        rc = store_make_replace(&making, path, &turn, error);
    }
    if (rc == BBOTS_OK) {
        (void)bbots_close(*store, NULL);
        *store = NULL;
        store_make_release(turn);
    }
    store_make_end(&making);
    return rc;
}

int bbots_compact(const char *path, uint64_t *before_bytes, uint64_t *after_bytes,
                  bbots_error *error)
{
    bbots_options options = {.flags = BBOTS_OPEN_READ_ONLY | BBOTS_OPEN_VERIFY | BBOTS_OPEN_ALONE};
    bbots_store *store;
    int rc = bbots_open(path, &options, &store, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    uint64_t before = size_of(store);
    rc = replace(&store, error);
    if (store != NULL) {
        (void)bbots_close(store, NULL);
    }
    if (rc == BBOTS_OK) {
        if (before_bytes != NULL) {
            *before_bytes = before;
        }
        if (after_bytes != NULL) {
            *after_bytes = store_file_size(path);
        }
    }
    return rc;
}
