/*
 * table/index.c - index trees: entries that follow the rows.
 *
 * An entry is the index's columns and the row's primary key, with nothing behind it; so every
 * entry is unique and its removal needs no search.
 *
 * Entries of unique trees are written at once, because the next statement may clash with them.
 * Those of other trees wait until somebody reads the tree, until there are many, or until the
 * commit; then they are written in the tree's order. Ten thousand inserts touch a page of the tree
 * once and not once an entry: measured as the largest single gain in loading (docs/decisions/).
 */
#include "table/engine.h"

#include "table/pending.h"

#include <stdlib.h>

#define WAITING_MAX ((size_t)16 << 20) /* bytes of memory that entries of all trees may take */

/* ------------------------------------------------------------------ writing in order */

static int entry_missing(const engine_table *table, unsigned tree, bool missing, bbots_error *error)
{
    return entries_damaged(table, tree,
                           missing ? "lacks the entry of a row" : "has an entry of no row", error);
}

int index_flush(bbots_txn *txn, txn_table *state, unsigned tree, bbots_error *error)
{
    index_pending *pending = state->pending[tree];
    if (pending == NULL || pending_is_empty(pending)) {
        return BBOTS_OK;
    }
    int rc = entries_merge(&txn->base, state->engine, tree, pending, error);
    pending_clear(pending);
    return rc == BBOTS_OK ? rc : txn_break(txn, rc);
}

int index_flush_all(bbots_txn *txn, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (uint32_t t = 0; txn->tables != NULL && t < txn->store->schema->table_count; t++) {
        txn_table *state = txn->tables[t];
        for (unsigned i = 1; state != NULL && i < state->engine->table->tree_count; i++) {
            if (rc == BBOTS_OK) {
                rc = index_flush(txn, state, i, error);
            }
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ entries of rows */

size_t index_entry(const bbots_tree *tree, const engine_image *image,
                   uint8_t entry[CODEC_ENTRY_MAX])
{
    size_t size = codec_key_of_row(&image->row, tree->columns, tree->column_count, entry, NULL);
    memcpy(entry + size, image->key, image->key_size);
    return size + image->key_size;
}

/* Lets all that waits in memory leave it, of whatever tree. */
static int spill_all(bbots_txn *txn, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (uint32_t t = 0; t < txn->store->schema->table_count; t++) {
        txn_table *state = txn->tables[t];
        for (unsigned i = 1; state != NULL && i < state->engine->table->tree_count; i++) {
            if (rc == BBOTS_OK && state->pending[i] != NULL) {
                rc = pending_spill(state->pending[i], error);
            }
        }
    }
    txn->waiting_bytes = 0;
    return rc;
}

int index_wait(bbots_txn *txn, txn_table *state, unsigned tree, store_bytes key, bool add,
               bbots_error *error)
{
    index_pending **pending = &state->pending[tree];
    if (*pending == NULL) {
        *pending = pending_new();
    }
    size_t before = *pending != NULL ? pending_memory(*pending) : 0;
    if (*pending == NULL || !pending_note(*pending, key.data, key.size, add)) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    txn->waiting_bytes += pending_memory(*pending) - before;
    return txn->waiting_bytes > WAITING_MAX ? spill_all(txn, error) : BBOTS_OK;
}

static int change_entry(bbots_txn *txn, txn_table *state, unsigned tree, const uint8_t *entry,
                        size_t size, bool add, bbots_error *error)
{
    static const store_bytes nothing = {"", 0};
    store_tree handle = state->engine->trees[tree];
    store_bytes key = {entry, size};
    if (!state->engine->table->trees[tree].unique) {
        return index_wait(txn, state, tree, key, add, error);
    }
    int rc = add ? store_put(&txn->base, handle, key, nothing, STORE_NEW, error)
                 : store_delete(&txn->base, handle, key, error);
    if (rc == BBOTS_NOT_FOUND || rc == BBOTS_UNCHANGED) {
        return entry_missing(state->engine, tree, !add, error);
    }
    return rc;
}

/* The entry that a row has in a tree; *size 0: none, as there is no row or the tree leaves it out. */
static int entry_in(bbots_txn *txn, txn_table *state, unsigned tree, const engine_image *image,
                    uint8_t entry[CODEC_ENTRY_MAX], size_t *size, bbots_error *error)
{
    bool there = image != NULL;
    int rc = BBOTS_OK;
    if (there && tree == state->engine->once) {
        rc = once_follows(txn, state, image, &there, error);
    }
    *size = there ? index_entry(&state->engine->table->trees[tree], image, entry) : 0;
    return rc;
}

static int change_tree(bbots_txn *txn, txn_table *state, unsigned tree, const engine_image *old,
                       const engine_image *new_image, bbots_error *error)
{
    uint8_t before[CODEC_ENTRY_MAX];
    uint8_t after[CODEC_ENTRY_MAX];
    size_t before_size;
    size_t after_size = 0;
    int rc = entry_in(txn, state, tree, old, before, &before_size, error);
    if (rc == BBOTS_OK) {
        rc = entry_in(txn, state, tree, new_image, after, &after_size, error);
    }
    if (before_size == after_size && memcmp(before, after, after_size) == 0) {
        return rc;
    }
    if (rc == BBOTS_OK && before_size != 0) {
        rc = change_entry(txn, state, tree, before, before_size, false, error);
    }
    if (rc == BBOTS_OK && after_size != 0) {
        rc = change_entry(txn, state, tree, after, after_size, true, error);
    }
    return rc;
}

int index_change(bbots_txn *txn, txn_table *state, const engine_image *old,
                 const engine_image *new_image, uint64_t changed, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned t = 1; t < state->engine->table->tree_count && rc == BBOTS_OK; t++) {
        if ((state->engine->tree_columns[t] & changed) != 0) {
            rc = change_tree(txn, state, t, old, new_image, error);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ looking */

/* Whether an entry has a key as its first part; the rest is the row's. */
static bool take_row_key(store_bytes entry, store_bytes key, store_bytes *row_key)
{
    if (entry.size < key.size || memcmp(entry.data, key.data, key.size) != 0) {
        return false;
    }
    *row_key = (store_bytes){(const uint8_t *)entry.data + key.size, entry.size - key.size};
    return true;
}

/* Whether an entry's row is the one that is left out; of size 0: none is. */
static bool is_left_out(store_bytes row_key, store_bytes except)
{
    return except.size != 0 && row_key.size == except.size &&
           memcmp(row_key.data, except.data, except.size) == 0;
}

/* The entry behind another: the least key that is greater has one zero more. */
static int find_next(store_txn *txn, store_tree tree, store_bytes entry, store_bytes *next,
                     bbots_error *error)
{
    uint8_t behind[CODEC_ENTRY_MAX + 1];
    store_bytes value;
    if (entry.size > CODEC_ENTRY_MAX) {
        return BBOTS_END;
    }
    memcpy(behind, entry.data, entry.size);
    behind[entry.size] = 0;
    store_bytes key = {behind, entry.size + 1};
    return store_seek(txn, tree, key, next, &value, error);
}

int index_find_unique(bbots_txn *txn, engine_table *table, unsigned tree, const bbots_value *values,
                      store_bytes except, store_bytes *row_key, bbots_error *error)
{
    const bbots_tree *shape = &table->table->trees[tree];
    uint8_t part[CODEC_KEY_MAX];
    store_bytes key = {part, 0};
    store_bytes entry;
    store_bytes value;
    key.size = codec_key_encode(table->table, shape->columns, shape->column_count, values, part);
    int rc = store_seek(&txn->base, table->trees[tree], key, &entry, &value, error);
    if (rc == BBOTS_OK && take_row_key(entry, key, row_key) && is_left_out(*row_key, except)) {
        rc = find_next(&txn->base, table->trees[tree], entry, &entry, error);
    }
    if (rc != BBOTS_OK || !take_row_key(entry, key, row_key)) {
        return rc < 0 ? rc : BBOTS_NOT_FOUND;
    }
    return row_key->size != 0 && row_key->size <= CODEC_KEY_MAX
               ? BBOTS_OK
               : entry_missing(table, tree, false, error);
}

/* ------------------------------------------------------------------ a new tree for old rows */

static int note_entry(engine_table *table, unsigned tree, store_bytes key, store_bytes data,
                      index_pending *pending, bbots_error *error)
{
    const bbots_tree *shape = &table->table->trees[tree];
    uint8_t entry[CODEC_ENTRY_MAX];
    engine_image image;
    if (key.size > CODEC_KEY_MAX) {
        return bb_fail(error, BBOTS_CORRUPTED, "a key of table \"%s\" is too long",
                       table->table->name);
    }
    int rc = row_open(table, data, &image.row, NULL, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    memcpy(image.key, key.data, key.size);
    image.key_size = key.size;
    return pending_note(pending, entry, index_entry(shape, &image, entry), true)
               ? BBOTS_OK
               : bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
}

/* Writes the entries into the empty tree, in its order. */
static int write_entries(store_txn *txn, engine_table *table, unsigned tree, index_pending *pending,
                         bbots_error *error)
{
    static const store_bytes nothing = {"", 0};
    pending_reader reader;
    store_bytes key;
    bool add;
    if (entries_in_blocks(table->table, tree)) {
        return entries_merge(txn, table, tree, pending, error);
    }
    int rc = pending_read(&reader, pending, error);
    while (rc == BBOTS_OK && pending_next(&reader, &key, &add)) {
        rc = store_put(txn, table->trees[tree], key, nothing, STORE_APPEND, error);
    }
    pending_read_end(&reader);
    return rc;
}

/* All entries of the rows that are there. */
static int gather_entries(store_txn *txn, engine_table *table, unsigned tree,
                          index_pending *pending, bbots_error *error)
{
    store_cursor cursor;
    store_bytes key;
    store_bytes data;
    int rc = store_cursor_open(txn, table->trees[0], &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    int step = store_cursor_move(&cursor, STORE_FIRST, &key, &data, error);
    while (step == BBOTS_OK) {
        step = note_entry(table, tree, key, data, pending, error);
        if (step == BBOTS_OK && pending_is_full(pending)) {
            step = pending_spill(pending, error);
        }
        if (step == BBOTS_OK) {
            step = store_cursor_move(&cursor, STORE_NEXT, &key, &data, error);
        }
    }
    store_cursor_close(&cursor);
    return step == BBOTS_END ? write_entries(txn, table, tree, pending, error) : step;
}

/* A long part does not show what lies behind its cut: then the row is asked. */
static int entry_has_null(store_txn *txn, engine_table *table, unsigned tree, store_bytes entry,
                          size_t part, bool *null, bbots_error *error)
{
    const bbots_tree *shape = &table->table->trees[tree];
    store_bytes key = {(const uint8_t *)entry.data + part, entry.size - part};
    store_bytes data;
    bbots_row row;
    uint8_t bytes[CODEC_KEY_MAX];
    if (part < CODEC_KEY_MAX) {
        *null =
            codec_key_has_null(table->table, shape->columns, shape->column_count, entry.data, part);
        return BBOTS_OK;
    }
    int rc = store_get(txn, table->trees[0], key, &data, error);
    if (rc == BBOTS_NOT_FOUND) {
        return entry_missing(table, tree, false, error);
    }
    if (rc == BBOTS_OK) {
        rc = row_open(table, data, &row, NULL, error);
    }
    if (rc == BBOTS_OK) {
        codec_key_of_row(&row, shape->columns, shape->column_count, bytes, null);
    }
    return rc;
}

/* Neighbours of a unique tree may not have the same columns, unless one is null. */
static int confirm_unique(store_txn *txn, engine_table *table, unsigned tree, bbots_error *error)
{
    const bbots_tree *shape = &table->table->trees[tree];
    uint8_t before[CODEC_KEY_MAX];
    size_t before_size = 0;
    store_cursor cursor;
    store_bytes entry;
    store_bytes value;
    int rc = store_cursor_open(txn, table->trees[tree], &cursor, error);
    int step = rc == BBOTS_OK ? store_cursor_move(&cursor, STORE_FIRST, &entry, &value, error) : rc;
    while (step == BBOTS_OK) {
        size_t part = codec_key_part(table->table, shape->columns, shape->column_count, entry.data,
                                     entry.size);
        bool null = true;
        if (part == before_size && memcmp(before, entry.data, part) == 0) {
            step = entry_has_null(txn, table, tree, entry, part, &null, error);
        }
        if (step != BBOTS_OK || !null) {
            const bbots_index *index = unique_index_of(table->table, tree);
            step = step != BBOTS_OK
                       ? step
                       : bb_fail_at(error, BBOTS_UNIQUE_VIOLATION, table->table->name,
                                    table->table->columns[index->columns[0]].name, index->name,
                                    "could not create unique index \"%s\": two rows have the same "
                                    "key",
                                    index->name);
            break;
        }
        memcpy(before, entry.data, part);
        before_size = part;
        step = store_cursor_move(&cursor, STORE_NEXT, &entry, &value, error);
    }
    store_cursor_close(&cursor);
    return step == BBOTS_END ? BBOTS_OK : step;
}

int index_build(store_txn *txn, engine_table *table, unsigned tree, bbots_error *error)
{
    /* A tree of this name may be left from an earlier schema. */
    int rc = store_tree_clear(txn, table->trees[tree], error);
    if (rc != BBOTS_OK || tree == table->once) {
        return rc; /* empty, such a tree follows no row: the next question fills it */
    }
    index_pending *pending = pending_new();
    if (pending == NULL) {
        rc = bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    if (rc == BBOTS_OK) {
        rc = gather_entries(txn, table, tree, pending, error);
    }
    pending_free(pending);
    if (rc == BBOTS_OK && table->table->trees[tree].unique) {
        rc = confirm_unique(txn, table, tree, error);
    }
    return rc;
}
