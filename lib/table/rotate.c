/*
 * table/rotate.c - a new key: every secret value is sealed by the key that would seal it today.
 *
 * Rows are looked at in the order of their keys by reading transactions, which hold nobody up. Where one
 * has to change, a writing transaction takes a batch of rows from there. Nothing has to be remembered
 * between batches: a value says itself who sealed it, so whoever is stopped or killed begins again and
 * soon comes to where there is work. Rows that others write meanwhile have the new key already.
 */
#include "table/secret.h"

#include <stdlib.h>

#define BATCH_DEFAULT 500u
#define BATCH_MAX     100000u
#define LOOK_MAX      100000u /* rows that one reading transaction looks at */

typedef struct row_place {
    size_t size;
    uint8_t key[CODEC_KEY_MAX];
} row_place;

/* A rotation under way. */
typedef struct rotation {
    bbots_store *store;
    bbots_rotation *asked;
    uint64_t total;
    engine_table *table;
    row_place at;     /* the last row that was looked at; of size 0: none was */
    row_place *batch; /* rows to change in one transaction */
    unsigned batch_max;
    uint64_t renewed; /* by the batch under way, which may have to run again */
    uint64_t closed;
    row_place batch_end;
    bool table_done;
} rotation;

/* ------------------------------------------------------------------ walking */

/* To the first row behind the last one that was looked at. */
static int seek(const rotation *on, store_cursor *cursor, store_bytes *key, store_bytes *data,
                bbots_error *error)
{
    store_bytes last = {on->at.key, on->at.size};
    return store_cursor_seek_behind(cursor, last, key, data, error);
}

static int note_place(row_place *place, store_bytes key, bbots_error *error)
{
    if (key.size > sizeof place->key) {
        return bb_fail(error, BBOTS_CORRUPTED, "a key of a row is too long");
    }
    place->size = key.size;
    memcpy(place->key, key.data, key.size);
    return BBOTS_OK;
}

/*
 * Goes on from where the rotation is, over rows that need nothing. BBOTS_OK: the row behind `at` has
 * to change. BBOTS_END: the table has no further one. BBOTS_UNCHANGED: looked at enough, go on anew.
 */
static int look(rotation *on, bbots_txn *txn, bbots_error *error)
{
    store_cursor cursor;
    store_bytes key;
    store_bytes data;
    bbots_row row;
    unsigned looked = 0;
    bool needed = false;
    int rc = store_cursor_open(&txn->base, on->table->trees[0], &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = seek(on, &cursor, &key, &data, error);
    while (rc == BBOTS_OK && looked++ < LOOK_MAX) {
        rc = row_open(on->table, data, &row, NULL, error);
        if (rc == BBOTS_OK) {
            rc = secret_is_old(txn, on->table, &row, &needed, error);
        }
        if (rc != BBOTS_OK || needed) {
            break;
        }
        rc = note_place(&on->at, key, error);
        if (rc == BBOTS_OK) {
            rc = store_cursor_move(&cursor, STORE_NEXT, &key, &data, error);
        }
    }
    store_cursor_close(&cursor);
    return rc == BBOTS_OK && !needed ? BBOTS_UNCHANGED : rc;
}

/* ------------------------------------------------------------------ changing */

static int renew_row(rotation *on, bbots_txn *txn, txn_table *state, const row_place *place,
                     bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    engine_image old;
    engine_image new_image;
    store_bytes key = {place->key, place->size};
    bool changed = false;
    int rc = row_fetch(txn, on->table, key, &old.row, &old.hash, error);
    if (rc == BBOTS_OK) {
        memcpy(old.key, place->key, place->size);
        old.key_size = place->size;
        rc = row_keep(txn, &old, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (unsigned c = 0; c < on->table->table->column_count; c++) {
        values[c] = bbots_row_value(&old.row, c);
    }
    rc = secret_renew(txn, on->table, &old, values, &changed, &on->closed, error);
    if (rc == BBOTS_OK && changed) {
        rc = row_make(txn, on->table, values, &new_image, error);
        if (rc == BBOTS_OK) {
            rc = table_change(txn, state, &old, &new_image, error);
        }
        on->renewed++;
    }
    secret_memory_wipe(&txn->secrets->opened, true);
    return rc;
}

/* The keys of the next rows: the tree changes under a cursor while they are written. */
static int gather(rotation *on, bbots_txn *txn, unsigned *count, bbots_error *error)
{
    store_cursor cursor;
    store_bytes key;
    store_bytes data;
    *count = 0;
    int rc = store_cursor_open(&txn->base, on->table->trees[0], &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = seek(on, &cursor, &key, &data, error);
    while (rc == BBOTS_OK && *count < on->batch_max) {
        rc = note_place(&on->batch[(*count)++], key, error);
        if (rc == BBOTS_OK) {
            rc = store_cursor_move(&cursor, STORE_NEXT, &key, &data, error);
        }
    }
    store_cursor_close(&cursor);
    on->table_done = rc == BBOTS_END;
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* One transaction; it may have to run again when the map had to grow. */
static int renew_batch(bbots_txn *txn, void *context, bbots_error *error)
{
    rotation *on = context;
    engine_table *engine;
    txn_table *state;
    secret_state *secrets;
    unsigned count = 0;
    on->renewed = 0;
    on->closed = 0;
    int rc = statement_begin(txn, on->table->table, true, &engine, error);
    if (rc == BBOTS_OK) {
        rc = txn_touch(txn, on->table, &state, error);
    }
    if (rc == BBOTS_OK) {
        rc = secret_state_of(txn, &secrets, error);
    }
    if (rc == BBOTS_OK) {
        rc = gather(on, txn, &count, error);
    }
    for (unsigned i = 0; i < count && rc == BBOTS_OK; i++) {
        bb_arena_mark mark = bb_arena_mark_here(&txn->scratch);
        rc = renew_row(on, txn, state, &on->batch[i], error);
        bb_arena_rewind(&txn->scratch, mark);
    }
    if (count != 0) {
        on->batch_end = on->batch[count - 1];
    }
    return rc;
}

static int report(const rotation *on, bbots_error *error)
{
    const bbots_rotation *asked = on->asked;
    if (asked->on_progress != NULL &&
        asked->on_progress(asked->renewed, on->total, asked->context) != 0) {
        return bb_fail(error, BBOTS_CANCELLED,
                       "the rotation was stopped by its caller; what it did stays");
    }
    return BBOTS_OK;
}

static int rotate_table(rotation *on, bbots_error *error)
{
    int rc = BBOTS_UNCHANGED;
    on->at.size = 0;
    while (rc == BBOTS_OK || rc == BBOTS_UNCHANGED) {
        bbots_txn *txn;
        rc = bbots_begin(on->store, BBOTS_READ, &txn, error);
        if (rc == BBOTS_OK) {
            rc = look(on, txn, error);
            bbots_rollback(txn);
        }
        if (rc != BBOTS_OK) {
            continue;
        }
        rc = bbots_write(on->store, renew_batch, on, error);
        if (rc == BBOTS_OK) {
            on->asked->renewed += on->renewed;
            on->asked->closed += on->closed;
            on->at = on->batch_end;
            rc = report(on, error);
        }
        if (rc == BBOTS_OK && on->table_done) {
            rc = BBOTS_END;
        }
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* ------------------------------------------------------------------ all tables */

static int begin_rotation(rotation *on, bbots_error *error)
{
    bbots_txn *txn;
    int rc = bbots_begin(on->store, BBOTS_READ, &txn, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (uint32_t t = 0; t < on->store->schema->table_count && rc == BBOTS_OK; t++) {
        uint64_t count = 0;
        if (on->store->tables[t].secret != 0) {
            rc = bbots_count(txn, on->store->schema->tables[t], &count, error);
            on->total += count;
        }
    }
    bbots_rollback(txn);
    on->batch = rc == BBOTS_OK ? malloc(on->batch_max * sizeof *on->batch) : NULL;
    return rc != BBOTS_OK || on->batch != NULL ? rc
                                               : bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
}

int bbots_keys_rotate(bbots_store *store, bbots_rotation *asked, bbots_error *error)
{
    rotation on = {.store = store, .asked = asked};
    bb_error_clear(error);
    asked->renewed = 0;
    asked->closed = 0;
    on.batch_max = asked->batch_rows != 0 ? asked->batch_rows : BATCH_DEFAULT;
    if (on.batch_max > BATCH_MAX) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "a batch has at most %u rows", BATCH_MAX);
    }
    if (store->keys == NULL) {
        return bb_fail(error, BBOTS_KEY_MISSING, "the store was opened without keys");
    }
    int rc = begin_rotation(&on, error);
    for (uint32_t t = 0; t < store->schema->table_count && rc == BBOTS_OK; t++) {
        on.table = &store->tables[t];
        if (on.table->secret != 0) {
            rc = rotate_table(&on, error);
        }
    }
    free(on.batch);
    return rc;
}
