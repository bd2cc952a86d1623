/*
 * table/once.c - an index that tells whether a row with a name is there, for next to nothing.
 *
 * A name such as that of a call is as good as random: to keep an index of such names costs a bulk
 * load a page for every row, and only those need it who ask. So the tree has the entries of the
 * rows up to an end, in the order of their primary keys, and no others. A question moves the end
 * behind the last row and adds what it passes; a change behind the end leaves the tree alone; a
 * change before it is followed at once. Rows whose name is null have no entry.
 *
 * The end is an entry too: null, and the primary key of the last row that is followed. It is the
 * last of the tree, since nulls are. A tree without it follows no row.
 */
#include "table/engine.h"

#include "codec/literal.h"

static const uint8_t null_part[] = {2}; /* of a key (codec/key.h) */

bool once_is_end(store_bytes entry)
{
    return entry.size > sizeof null_part && *(const uint8_t *)entry.data == *null_part;
}

static size_t put_end(const uint8_t *key, size_t size, uint8_t out[CODEC_ENTRY_MAX])
{
    out[0] = *null_part;
    memcpy(out + sizeof null_part, key, size);
    return sizeof null_part + size;
}

/* ------------------------------------------------------------------ the end */

static int read_end(bbots_txn *txn, txn_table *state, bbots_error *error)
{
    entries_cursor cursor = {0};
    store_bytes from = {null_part, sizeof null_part};
    store_bytes entry;
    store_bytes value;
    int rc = entries_open(&txn->base, state->engine, state->engine->once, &cursor, error);
    if (rc == BBOTS_OK) {
        rc = entries_seek(&cursor, from, &entry, &value, error);
    }
    if (rc == BBOTS_OK && entry.size - sizeof null_part <= sizeof state->once_end) {
        state->once_end_size = entry.size - sizeof null_part;
        memcpy(state->once_end, (const uint8_t *)entry.data + sizeof null_part,
               state->once_end_size);
    }
    entries_close(&cursor);
    return rc < 0 ? rc : BBOTS_OK;
}

/* Learns in each transaction once up to where the tree follows the rows; nothing waits for it yet. */
static int know_end(bbots_txn *txn, txn_table *state, bbots_error *error)
{
    uint64_t count = 0;
    int rc = BBOTS_OK;
    if (!state->once_known) {
        store_tree tree = state->engine->trees[state->engine->once];
        rc = store_tree_count(&txn->base, tree, &count, error);
        if (rc == BBOTS_OK && count != 0) {
            rc = read_end(txn, state, error);
        }
        state->once_known = rc == BBOTS_OK;
    }
    return rc;
}

/* Moves the end to the key of a row. */
static int move_end(bbots_txn *txn, txn_table *state, const engine_image *last, bbots_error *error)
{
    uint8_t entry[CODEC_ENTRY_MAX];
    store_bytes key = {entry, 0};
    int rc = BBOTS_OK;
    if (state->once_end_size != 0) {
        key.size = put_end(state->once_end, state->once_end_size, entry);
        rc = index_wait(txn, state, state->engine->once, key, false, error);
    }
    if (rc == BBOTS_OK) {
        key.size = put_end(last->key, last->key_size, entry);
        rc = index_wait(txn, state, state->engine->once, key, true, error);
    }
    memcpy(state->once_end, last->key, last->key_size);
    state->once_end_size = last->key_size;
    state->dirty = true; /* the commit leaves its number */
    return rc;
}

/* ------------------------------------------------------------------ rows */

static unsigned name_column(const engine_table *table)
{
    return table->table->trees[table->once].columns[0];
}

static bool has_name(const engine_table *table, const bbots_row *row)
{
    return bbots_row_value(row, name_column(table)).kind != BBOTS_NULL;
}

int once_follows(bbots_txn *txn, txn_table *state, const engine_image *image, bool *follows,
                 bbots_error *error)
{
    *follows = false;
    if (image == NULL) {
        return BBOTS_OK;
    }
    int rc = know_end(txn, state, error);
    *follows = rc == BBOTS_OK && state->once_end_size != 0 &&
               codec_entry_compare(image->key, image->key_size, state->once_end,
                                   state->once_end_size) <= 0 &&
               has_name(state->engine, &image->row);
    return rc;
}

/* Adds a row behind the end; in image its key and, if it has a name, the entry's row. */
static int take_row(bbots_txn *txn, txn_table *state, store_bytes key, store_bytes data,
                    engine_image *image, bbots_error *error)
{
    uint8_t entry[CODEC_ENTRY_MAX];
    int rc = row_accept(state->engine, key, data, &image->row, NULL, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    memcpy(image->key, key.data, key.size);
    image->key_size = key.size;
    if (!has_name(state->engine, &image->row)) {
        return BBOTS_OK;
    }
    unsigned tree = state->engine->once;
    store_bytes made = {entry, index_entry(&state->engine->table->trees[tree], image, entry)};
    return index_wait(txn, state, tree, made, true, error);
}

/* Goes through the rows behind the end. What was passed when it fails is followed. */
static int follow_rows(bbots_txn *txn, txn_table *state, bbots_error *error)
{
    store_bytes end = {state->once_end, state->once_end_size};
    store_bytes key;
    store_bytes data;
    store_cursor cursor;
    engine_image last;
    engine_image image;
    last.key_size = 0;
    int rc = store_cursor_open(&txn->base, state->engine->trees[0], &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    int step = store_cursor_seek_behind(&cursor, end, &key, &data, error);
    while (step == BBOTS_OK) {
        step = take_row(txn, state, key, data, &image, error);
        if (step == BBOTS_OK) {
            memcpy(last.key, image.key, image.key_size);
            last.key_size = image.key_size;
            step = store_cursor_move(&cursor, STORE_NEXT, &key, &data, error);
        }
    }
    store_cursor_close(&cursor);
    rc = last.key_size != 0 ? move_end(txn, state, &last, step < 0 ? NULL : error) : BBOTS_OK;
    if (rc < 0) {
        return txn_break(txn, step < 0 ? step : rc);
    }
    return step < 0 ? step : BBOTS_OK;
}

/* ------------------------------------------------------------------ the question */

/* The row to which the first entry of a name leads. */
static int find_entry(bbots_txn *txn, engine_table *table, store_bytes part, bbots_row *row,
                      bbots_error *error)
{
    entries_cursor cursor = {0};
    store_bytes entry;
    store_bytes value;
    int rc = entries_open(&txn->base, table, table->once, &cursor, error);
    if (rc == BBOTS_OK) {
        rc = entries_seek(&cursor, part, &entry, &value, error);
    }
    bool found =
        rc == BBOTS_OK && entry.size > part.size && memcmp(entry.data, part.data, part.size) == 0;
    if (found) {
        store_bytes key = {(const uint8_t *)entry.data + part.size, entry.size - part.size};
        rc = row_fetch(txn, table, key, row, NULL, error);
        rc = rc == BBOTS_NOT_FOUND
                 ? entries_damaged(table, table->once, "has an entry of no row", error)
                 : rc;
        rc = rc == BBOTS_OK ? row_confirm_entry(table, table->once, row, part, error) : rc;
    }
    entries_close(&cursor);
    return rc < 0 || found ? rc : BBOTS_NOT_FOUND;
}

int once_find(bbots_txn *txn, const bbots_table *table, bbots_text name, bbots_row *row,
              bbots_error *error)
{
    engine_table *engine;
    txn_table *state;
    bbots_value wanted = bbots_value_text(name);
    bbots_value stored;
    uint8_t bytes[CODEC_KEY_MAX];
    int rc = txn_check(txn, true, error);
    if (rc == BBOTS_OK) {
        rc = txn_engine_table(txn, table, &engine, error);
    }
    if (rc == BBOTS_OK && engine->once == 0) {
        rc = bb_fail_at(error, BBOTS_UNKNOWN_INDEX, table->name, NULL, NULL,
                        "table \"%s\" has no index [once: ...], which is needed here: the file has "
                        "an earlier schema",
                        table->name);
    }
    if (rc == BBOTS_OK) {
        rc = codec_value_look_for(&txn->scratch, table, name_column(engine), &wanted, &stored,
                                  error);
    }
    if (rc == BBOTS_OK) {
        rc = txn_touch(txn, engine, &state, error);
    }
    if (rc == BBOTS_OK) {
        rc = know_end(txn, state, error);
    }
    if (rc == BBOTS_OK) {
        rc = follow_rows(txn, state, error);
    }
    if (rc == BBOTS_OK) {
        rc = index_flush(txn, state, engine->once, error);
    }
    if (rc != BBOTS_OK) {
        return rc < 0 ? rc : BBOTS_NOT_FOUND;
    }
    const bbots_tree *tree = &table->trees[engine->once];
    size_t size = codec_key_encode(table, tree->columns, tree->column_count, &stored, bytes);
    return find_entry(txn, engine, (store_bytes){bytes, size}, row, error);
}
