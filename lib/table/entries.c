/*
 * table/entries.c - a cursor over entries.
 *
 * Forward, a block is unpacked entry by entry while the cursor walks. Backward, all entries of a
 * block that come before the one in hand are unpacked into memory first and taken from its end.
 */
#include "table/entries.h"

#include "base/bytes.h"
#include "table/engine.h"

#include <stdlib.h>

bool entries_in_blocks(const bbots_table *table, unsigned tree)
{
    return tree != 0 && !table->trees[tree].unique;
}

int entries_damaged(const engine_table *table, unsigned tree, const char *what, bbots_error *error)
{
    return bb_fail_at(error, BBOTS_CORRUPTED, table->table->name, NULL, NULL,
                      "index tree \"%s\" %s", table->table->trees[tree].name, what);
}

static int damaged(const entries_cursor *cursor, const char *what, bbots_error *error)
{
    return entries_damaged(cursor->table, cursor->tree, what, error);
}

int entries_open(store_txn *txn, const engine_table *table, unsigned tree, entries_cursor *cursor,
                 bbots_error *error)
{
    cursor->table = table;
    cursor->tree = tree;
    cursor->blocks = entries_in_blocks(table->table, tree);
    cursor->behind = false;
    cursor->before = NULL;
    cursor->before_room = 0;
    return store_cursor_open(txn, table->trees[tree], &cursor->nodes, error);
}

void entries_close(entries_cursor *cursor)
{
    if (cursor->nodes.handle != NULL) {
        free(cursor->before);
        cursor->before = NULL;
        store_cursor_close(&cursor->nodes);
    }
}

/* ------------------------------------------------------------------ blocks */

static int compare(const uint8_t *a, size_t a_size, store_bytes b)
{
    return codec_entry_compare(a, a_size, b.data, b.size);
}

static int open_block(entries_cursor *cursor, store_bytes key, store_bytes value,
                      bbots_error *error)
{
    cursor->behind = false;
    if (!codec_block_open(cursor->table->tree_seeds[cursor->tree], key.data, key.size, value.data,
                          value.size, &cursor->block)) {
        return damaged(cursor, "has a damaged block", error);
    }
    codec_run_begin(&cursor->run, &cursor->block);
    return BBOTS_OK;
}

static bool is_first(const codec_block *block)
{
    return block->key_size == 1 && block->key[0] == CODEC_BLOCK_FIRST[0];
}

/* Whether a block is the one to which a step from another has to lead. */
static bool follows(const codec_block *from, store_step step, const codec_block *to)
{
    switch (step) {
    case STORE_FIRST:
        return is_first(to);
    case STORE_LAST:
        return to->fence_size == 0;
    case STORE_NEXT:
        return codec_entry_compare(from->fence, from->fence_size, to->key, to->key_size) == 0;
    default:
        return codec_entry_compare(to->fence, to->fence_size, from->key, from->key_size) == 0;
    }
}

/* To a block next to the one in hand, or to an end of the tree. BBOTS_OK or BBOTS_END. */
static int step_block(entries_cursor *cursor, store_step step, bbots_error *error)
{
    codec_block from = cursor->block;
    store_bytes key;
    store_bytes value;
    int rc = store_cursor_move(&cursor->nodes, step, &key, &value, error);
    if (rc == BBOTS_END) {
        bool torn = step == STORE_NEXT || (step == STORE_PREVIOUS && !is_first(&from));
        return torn ? damaged(cursor, "lacks a block", error) : rc;
    }
    if (rc == BBOTS_OK) {
        rc = open_block(cursor, key, value, error);
    }
    return rc != BBOTS_OK || follows(&from, step, &cursor->block)
               ? rc
               : damaged(cursor, "lacks a block", error);
}

/* Whether an entry of this key would be in the block. */
static bool covers(const codec_block *block, store_bytes key)
{
    return compare(block->key, block->key_size, key) <= 0 &&
           (block->fence_size == 0 || compare(block->fence, block->fence_size, key) > 0);
}

/* To the block in which an entry would be: the last one whose key is not greater. */
static int seek_block(entries_cursor *cursor, store_bytes key, bbots_error *error)
{
    uint8_t above[CODEC_ENTRY_MAX + 1]; /* the least key that is greater */
    store_bytes target = {above, key.size + 1};
    store_bytes found;
    store_bytes value;
    memcpy(above, key.data, key.size);
    above[key.size] = 0;
    int rc = store_cursor_seek(&cursor->nodes, target, &found, &value, error);
    bool behind_all = rc == BBOTS_END;
    if (rc >= 0) {
        rc = store_cursor_move(&cursor->nodes, behind_all ? STORE_LAST : STORE_PREVIOUS, &found,
                               &value, error);
    }
    if (rc == BBOTS_OK) {
        rc = open_block(cursor, found, value, error);
    }
    bool lost = rc == BBOTS_OK ? !covers(&cursor->block, key) : rc == BBOTS_END && !behind_all;
    return lost ? damaged(cursor, "lacks a block", error) : rc;
}

static int run_result(const entries_cursor *cursor, int rc, bbots_error *error)
{
    return rc == BBOTS_CORRUPTED ? damaged(cursor, "has a damaged block", error) : rc;
}

static int next_in_block(entries_cursor *cursor, bbots_error *error)
{
    return run_result(cursor, codec_run_next(&cursor->run), error);
}

static int seek_in_block(entries_cursor *cursor, store_bytes key, bbots_error *error)
{
    return run_result(cursor, codec_run_seek(&cursor->run, key.data, key.size), error);
}

/* ------------------------------------------------------------------ forward */

/* The next entry, in this block or in one of those that follow. */
static int forward(entries_cursor *cursor, bbots_error *error)
{
    int rc = next_in_block(cursor, error);
    while (rc == BBOTS_END && cursor->block.fence_size != 0) {
        rc = step_block(cursor, STORE_NEXT, error);
        rc = rc == BBOTS_OK ? next_in_block(cursor, error) : rc;
    }
    return rc;
}

static int seek(entries_cursor *cursor, store_bytes key, bbots_error *error)
{
    int rc = seek_block(cursor, key, error);
    if (rc != BBOTS_OK) {
        return rc; /* END: the tree is empty */
    }
    rc = seek_in_block(cursor, key, error);
    return rc == BBOTS_END && cursor->block.fence_size != 0 ? forward(cursor, error) : rc;
}

/* ------------------------------------------------------------------ backward */

static int note_before(entries_cursor *cursor, bbots_error *error)
{
    size_t size = cursor->run.size;
    size_t needed = cursor->before_size + size + 2;
    if (needed > cursor->before_room) {
        size_t room = cursor->before_room != 0 ? 2 * cursor->before_room : 4096;
        uint8_t *moved = realloc(cursor->before, room);
        if (moved == NULL) {
            return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
        }
        cursor->before = moved;
        cursor->before_room = room;
    }
    memcpy(cursor->before + cursor->before_size, cursor->run.entry, size);
    bb_store16(cursor->before + needed - 2, (uint16_t)size);
    cursor->before_size = needed;
    return BBOTS_OK;
}

/* Unpacks the block's entries before a place in its run; NULL: all. */
static int unpack_before(entries_cursor *cursor, const uint8_t *place, bbots_error *error)
{
    int rc = BBOTS_OK;
    codec_run_begin(&cursor->run, &cursor->block);
    cursor->before_size = 0;
    cursor->behind = true;
    while (rc == BBOTS_OK) {
        rc = next_in_block(cursor, error);
        if (rc == BBOTS_OK && cursor->run.from == place) {
            break;
        }
        rc = rc == BBOTS_OK ? note_before(cursor, error) : rc;
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static void take_before(entries_cursor *cursor)
{
    size_t size = bb_load16(cursor->before + cursor->before_size - 2);
    cursor->before_size -= size + 2;
    cursor->run.size = size;
    memcpy(cursor->run.entry, cursor->before + cursor->before_size, size);
}

static int backward(entries_cursor *cursor, bbots_error *error)
{
    int rc = cursor->behind ? BBOTS_OK : unpack_before(cursor, cursor->run.from, error);
    while (rc == BBOTS_OK && cursor->before_size == 0) {
        rc = step_block(cursor, STORE_PREVIOUS, error);
        rc = rc == BBOTS_OK ? unpack_before(cursor, NULL, error) : rc;
    }
    if (rc == BBOTS_OK) {
        take_before(cursor);
    }
    return rc;
}

static int backward_from_end(entries_cursor *cursor, bbots_error *error)
{
    int rc = step_block(cursor, STORE_LAST, error);
    rc = rc == BBOTS_OK ? unpack_before(cursor, NULL, error) : rc;
    return rc == BBOTS_OK ? backward(cursor, error) : rc;
}

/* A cursor that walked backward turns round: its place is found from the block's start. */
static int turn_round(entries_cursor *cursor, bbots_error *error)
{
    uint8_t entry[CODEC_ENTRY_MAX];
    store_bytes key = {entry, cursor->run.size};
    memcpy(entry, cursor->run.entry, cursor->run.size);
    codec_run_begin(&cursor->run, &cursor->block);
    cursor->behind = false;
    return seek_in_block(cursor, key, error);
}

/* ------------------------------------------------------------------ both kinds */

static int hand_out(entries_cursor *cursor, int rc, store_bytes *entry, store_bytes *value)
{
    static const store_bytes nothing = {"", 0};
    if (rc == BBOTS_OK) {
        entry->data = cursor->run.entry;
        entry->size = cursor->run.size;
        *value = nothing;
    }
    return rc;
}

int entries_seek(entries_cursor *cursor, store_bytes key, store_bytes *entry, store_bytes *value,
                 bbots_error *error)
{
    if (!cursor->blocks) {
        return store_cursor_seek(&cursor->nodes, key, entry, value, error);
    }
    if (key.size == 0) {
        return entries_move(cursor, STORE_FIRST, entry, value, error);
    }
    return hand_out(cursor, seek(cursor, key, error), entry, value);
}

int entries_move(entries_cursor *cursor, store_step step, store_bytes *entry, store_bytes *value,
                 bbots_error *error)
{
    int rc;
    if (!cursor->blocks) {
        return store_cursor_move(&cursor->nodes, step, entry, value, error);
    }
    switch (step) {
    case STORE_FIRST:
        rc = step_block(cursor, STORE_FIRST, error);
        rc = rc == BBOTS_OK ? forward(cursor, error) : rc;
        break;
    case STORE_LAST:
        rc = backward_from_end(cursor, error);
        break;
    case STORE_NEXT:
        rc = cursor->behind ? turn_round(cursor, error) : BBOTS_OK;
        rc = rc == BBOTS_OK ? forward(cursor, error) : rc;
        break;
    default:
        rc = backward(cursor, error);
        break;
    }
    return hand_out(cursor, rc, entry, value);
}
