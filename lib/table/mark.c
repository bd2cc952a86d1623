/*
 * table/mark.c - a mark beside a row: a few bytes about it that its columns have no place for.
 *
 * Marks of all tables share one tree, keyed by the seed of the table's hashes and the row's primary
 * key. They follow their row through table_change(): a row that goes takes its mark along, one whose
 * key changes keeps it, and a rollback to a savepoint brings back what was there. A mark is no part
 * of the row: not of its checksum, the table's digest, or an export.
 */
#include "table/engine.h"

#include "base/bytes.h"

#define MARK_KEY_MAX (8 + CODEC_KEY_MAX)

/* Whether a table has any, as a transaction knows. */
enum { MARKS_UNKNOWN, MARKS_NONE, MARKS_SOME };

static store_bytes mark_key(const engine_table *table, const uint8_t *key, size_t size,
                            uint8_t out[MARK_KEY_MAX])
{
    bb_store64_big(out, table->layout.seed);
    if (size != 0) {
        memcpy(out + 8, key, size);
    }
    return (store_bytes){out, size + 8};
}

int mark_open(bbots_store *store, store_txn *txn, bool create, bbots_error *error)
{
    store->has_marks = live_declared(store->schema);
    int rc =
        store->has_marks ? store_tree_open(txn, MARK_TREE, create, &store->marks, error) : BBOTS_OK;
    return rc == BBOTS_NOT_FOUND
               ? bb_fail(error, BBOTS_CORRUPTED, "tree \"%s\" is missing from the file", MARK_TREE)
               : rc;
}

/* ------------------------------------------------------------------ writing */

/* Writes or (no bytes) removes a mark and leaves a note of the one before. */
static int change(bbots_txn *txn, const engine_table *table, store_bytes key, store_bytes mark,
                  bbots_error *error)
{
    store_bytes before = {NULL, 0};
    int rc = store_get(&txn->base, txn->store->marks, key, &before, error);
    if (rc < 0) {
        return rc;
    }
    if (rc == BBOTS_NOT_FOUND) {
        before = (store_bytes){NULL, 0};
    }
    rc = undo_note_mark(txn, table, key, before, error);
    return rc == BBOTS_OK ? mark_restore(txn, key, mark, error) : rc;
}

int mark_restore(bbots_txn *txn, store_bytes key, store_bytes mark, bbots_error *error)
{
    int rc = mark.size != 0
                 ? store_put(&txn->base, txn->store->marks, key, mark, STORE_REPLACE, error)
                 : store_delete(&txn->base, txn->store->marks, key, error);
    return rc == BBOTS_NOT_FOUND ? BBOTS_OK : rc;
}

/* Whether a table has marks: looked up once. */
static int has_marks(bbots_txn *txn, txn_table *state, bool *yes, bbots_error *error)
{
    if (state->marks == MARKS_UNKNOWN) {
        uint8_t bytes[MARK_KEY_MAX];
        store_bytes from = mark_key(state->engine, NULL, 0, bytes);
        store_bytes key;
        store_bytes value;
        store_cursor cursor;
        int rc = store_cursor_open(&txn->base, txn->store->marks, &cursor, error);
        if (rc == BBOTS_OK) {
            rc = store_cursor_seek(&cursor, from, &key, &value, error);
            store_cursor_close(&cursor);
        }
        if (rc < 0) {
            return rc;
        }
        bool some = rc == BBOTS_OK && key.size >= 8 && memcmp(key.data, bytes, 8) == 0;
        state->marks = some ? MARKS_SOME : MARKS_NONE;
    }
    *yes = state->marks == MARKS_SOME;
    return BBOTS_OK;
}

/* A row's mark goes with it, or on to its new key. */
static int move(bbots_txn *txn, txn_table *state, const engine_image *old,
                const engine_image *new_image, bbots_error *error)
{
    uint8_t bytes[MARK_KEY_MAX];
    uint8_t new_bytes[MARK_KEY_MAX];
    uint8_t copy[MARK_MAX];
    store_bytes mark;
    store_bytes key = mark_key(state->engine, old->key, old->key_size, bytes);
    int rc = store_get(&txn->base, txn->store->marks, key, &mark, error);
    if (rc != BBOTS_OK) {
        return rc == BBOTS_NOT_FOUND ? BBOTS_OK : rc;
    }
    size_t size = mark.size < MARK_MAX ? mark.size : MARK_MAX;
    memcpy(copy, mark.data, size);
    rc = change(txn, state->engine, key, (store_bytes){NULL, 0}, error);
    if (rc == BBOTS_OK && new_image != NULL) {
        key = mark_key(state->engine, new_image->key, new_image->key_size, new_bytes);
        rc = change(txn, state->engine, key, (store_bytes){copy, size}, error);
    }
    return rc;
}

int mark_follow(bbots_txn *txn, txn_table *state, const engine_image *old,
                const engine_image *new_image, bbots_error *error)
{
    bool yes;
    bool stays = old == NULL || (new_image != NULL && old->key_size == new_image->key_size &&
                                 memcmp(old->key, new_image->key, old->key_size) == 0);
    if (stays || !txn->store->has_marks) {
        return BBOTS_OK;
    }
    int rc = has_marks(txn, state, &yes, error);
    return rc == BBOTS_OK && yes ? move(txn, state, old, new_image, error) : rc;
}

/* ------------------------------------------------------------------ for the rooms above */

/* The row's key in the tree of marks; BBOTS_NOT_FOUND when there is no such row. */
static int find_row(bbots_txn *txn, engine_table *engine, const bbots_value *key,
                    uint8_t out[MARK_KEY_MAX], store_bytes *found, bbots_error *error)
{
    bbots_value stored[BBOTS_KEY_COLUMNS_MAX];
    uint8_t bytes[CODEC_KEY_MAX];
    size_t size;
    store_bytes row;
    int rc = row_key(txn, engine->table, 0, key, stored, bytes, &size, error);
    if (rc == BBOTS_OK) {
        rc = store_get(&txn->base, engine->trees[0], (store_bytes){bytes, size}, &row, error);
    }
    if (rc == BBOTS_OK) {
        *found = mark_key(engine, bytes, size, out);
    }
    return rc;
}

int mark_put(bbots_txn *txn, const bbots_table *table, const bbots_value *key, bbots_text mark,
             bbots_error *error)
{
    engine_table *engine;
    txn_table *state;
    uint8_t bytes[MARK_KEY_MAX];
    store_bytes place;
    int rc = statement_begin(txn, table, true, &engine, error);
    if (rc == BBOTS_OK && (mark.size > MARK_MAX || !txn->store->has_marks)) {
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT,
                     "a mark has up to %d bytes, in a store with live aggregates", MARK_MAX);
    }
    if (rc == BBOTS_OK) {
        rc = txn_touch(txn, engine, &state, error);
    }
    if (rc == BBOTS_OK) {
        rc = find_row(txn, engine, key, bytes, &place, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = change(txn, engine, place, (store_bytes){mark.data, mark.size}, error);
    if (rc != BBOTS_OK) {
        return txn_break(txn, rc);
    }
    state->marks = MARKS_SOME;
    state->dirty = true; /* so that the commit is a commit */
    txn->changes++;
    return BBOTS_OK;
}

int mark_get(bbots_txn *txn, const bbots_table *table, const bbots_value *key, bbots_text *mark,
             bbots_error *error)
{
    engine_table *engine;
    uint8_t bytes[MARK_KEY_MAX];
    store_bytes place;
    store_bytes found;
    int rc = statement_begin(txn, table, false, &engine, error);
    if (rc == BBOTS_OK && !txn->store->has_marks) {
        return BBOTS_NOT_FOUND;
    }
    if (rc == BBOTS_OK) {
        rc = find_row(txn, engine, key, bytes, &place, error);
    }
    if (rc == BBOTS_OK) {
        rc = store_get(&txn->base, txn->store->marks, place, &found, error);
    }
    if (rc == BBOTS_OK) {
        *mark = (bbots_text){found.data, found.size};
    }
    return rc;
}
