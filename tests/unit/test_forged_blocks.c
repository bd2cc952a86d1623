/*
 * tests/unit/test_forged_blocks.c - blocks of index entries that nobody wrote, each with a checksum that fits:
 * with other bytes, cut, under other keys, with other fences, or gone. The check tells them from whole
 * ones; a walk gives rows in order or names the damage; so does a change that has to merge into one.
 *
 * Blocks are written past the tables in a write transaction, which is rolled back.
 */
#include "support/findings.h"

#include "codec/block.h"
#include "table/engine.h"

#include <bbots/sample.h>

#define NODES (&sample_nodes_table)

enum { ROWS = 300, BLOCKS_MAX = 16, EVERY = 13 };

/* ------------------------------------------------------------------ the store */

static int setup(void **state)
{
    int rc = fixture_setup_store(state);
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 1; i <= ROWS; i++) { /* a hundred parents, in another order than their children */
        assert_ok(insert_named(txn, NODES, "parent",
                               i <= 100 ? null_value() : integer(1 + i * 37 % 100)));
    }
    commit(txn);
    return rc;
}

typedef struct block {
    uint8_t key[CODEC_ENTRY_MAX];
    size_t key_size;
    uint8_t value[CODEC_BLOCK_VALUE_MAX + CODEC_ENTRY_MAX];
    size_t size;
} block;

static block blocks[BLOCKS_MAX];
static unsigned parent_index;

static unsigned tree_number(void)
{
    parent_index = NODES->foreign_keys[0].index;
    return NODES->indexes[parent_index].tree;
}

static store_tree tree_of(const bbots_store *store)
{
    return store->tables[NODES->number].trees[tree_number()];
}

static unsigned list_blocks(bbots_store *store)
{
    bbots_txn *txn = begin(store, BBOTS_READ);
    store_cursor cursor;
    store_bytes key;
    store_bytes value;
    unsigned count = 0;
    assert_ok(store_cursor_open(&txn->base, tree_of(store), &cursor, &fault));
    int rc = store_cursor_move(&cursor, STORE_FIRST, &key, &value, &fault);
    for (; rc == BBOTS_OK; rc = store_cursor_move(&cursor, STORE_NEXT, &key, &value, &fault)) {
        assert_true(count < BLOCKS_MAX);
        block *of = &blocks[count++];
        of->key_size = key.size;
        of->size = value.size;
        memcpy(of->key, key.data, key.size);
        memcpy(of->value, value.data, value.size);
    }
    assert_int_equal(rc, BBOTS_END);
    store_cursor_close(&cursor);
    commit(txn);
    assert_true(count >= 3);
    return count;
}

/* ------------------------------------------------------------------ what is asked and changed */

/* Walks over all nodes by their parents; how many there were, and BBOTS_END or what was told. */
static int walk(bbots_txn *txn, unsigned *rows)
{
    bbots_cursor *cursor;
    bbots_row row;
    int64_t before = INT64_MIN;
    *rows = 0;
    int rc = bbots_cursor_open(txn, NODES, parent_index, NULL, &cursor, &fault);
    if (rc != BBOTS_OK) {
        return rc;
    }
    while ((rc = bbots_cursor_next(cursor, &row, &fault)) == BBOTS_OK) {
        bbots_value parent = row_at(&row, "parent");
        int64_t now = parent.kind == BBOTS_NULL ? INT64_MAX : parent.integer;
        assert_true(before <= now);
        before = now;
        ++*rows;
    }
    bbots_cursor_close(cursor);
    return rc;
}

/* Rows come, change or nearly all go in all blocks; then the tree is asked, which writes what waits. */
static int change(bbots_txn *txn, int way)
{
    unsigned rows;
    int rc = BBOTS_OK;
    for (int i = 1; i <= 100 && rc == BBOTS_OK; i += 9) {
        rc = way == 0   ? insert_named(txn, NODES, "parent", integer(i))
             : way == 1 ? update_named(txn, NODES, 100 + 2 * i, "parent", integer(101 - i))
                        : BBOTS_OK;
    }
    for (int id = 101; way == 2 && id <= ROWS && rc == BBOTS_OK; id++) {
        rc = id % 60 != 0 ? update_named(txn, NODES, id, "parent", null_value()) : BBOTS_OK;
    }
    rc = rc == BBOTS_OK ? walk(txn, &rows) : rc;
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static void told_or_done(int rc)
{
    if (rc != BBOTS_OK) {
        assert_status(rc, BBOTS_CORRUPTED);
        assert_string_equal(fault.table, "nodes");
    }
}

static unsigned told; /* how many forgeries a walk told */

/* made: NULL: the block is gone. most: with what takes longer, too. */
static void live_through(bbots_store *store, const block *own, const block *made, bool most)
{
    static unsigned number;
    if (getenv("BBOTS_VALGRIND") != NULL && ++number % 16 != 0) {
        return;
    }
    for (int way = 0; way < 4; way++) {
        unsigned rows;
        if (way == 2 && !most) {
            continue;
        }
        bbots_check_result found;
        bbots_txn *txn = begin(store, BBOTS_WRITE);
        store_tree tree = tree_of(store);
        assert_ok(store_delete(&txn->base, tree, (store_bytes){own->key, own->key_size}, &fault));
        if (made != NULL) {
            assert_ok(store_put(&txn->base, tree, (store_bytes){made->key, made->key_size},
                                (store_bytes){made->value, made->size}, STORE_REPLACE, &fault));
        }
        if (way < 3) {
            told_or_done(change(txn, way));
        } else {
            int rc = walk(txn, &rows);
            told += rc != BBOTS_END;
            told_or_done(rc == BBOTS_END ? BBOTS_OK : rc);
            assert_ok(bbots_check(txn, NULL, &found, &fault));
            assert_int_equal(found.damage, 0);
            assert_true(found.derived > 0 || (rc == BBOTS_END && rows == ROWS));
            assert_true(!most || check_in_steps(txn) > 0);
        }
        bbots_rollback(txn);
    }
}

/* ------------------------------------------------------------------ forgeries */

/* A checksum that fits, for a value with a fence of so many bytes at its end. */
static void seal(const bbots_store *store, block *made, size_t fence_size)
{
    uint8_t fence[CODEC_ENTRY_MAX];
    uint64_t seed = store->tables[NODES->number].tree_seeds[tree_number()];
    size_t run_size = made->size - CODEC_BLOCK_HEAD - fence_size;
    memcpy(fence, made->value + made->size - fence_size, fence_size);
    (void)codec_block_close(seed, made->key, made->key_size, fence, fence_size, made->value,
                            run_size);
}

static size_t fence_of(const block *of)
{
    return of->value[4] | (size_t)of->value[5] << 8;
}

static void other_bytes_are_told(void **state)
{
    static const uint8_t ways[] = {0x01, 0x80, 0x7f};
    fixture *place = *state;
    unsigned count = list_blocks(place->store);
    told = 0;
    for (unsigned i = 0; i < count; i++) {
        for (size_t at = CODEC_BLOCK_HEAD + i; at < blocks[i].size; at += EVERY) {
            for (size_t way = 0; way < COUNT(ways); way++) {
                block made = blocks[i];
                made.value[at] ^= ways[way];
                seal(place->store, &made, fence_of(&blocks[i]));
                live_through(place->store, &blocks[i], &made, false);
            }
        }
    }
    assert_true(told > 0);
}

static void a_run_that_is_cut_is_told(void **state)
{
    fixture *place = *state;
    unsigned count = list_blocks(place->store);
    for (unsigned i = 0; i < count; i++) {
        size_t fence = fence_of(&blocks[i]);
        size_t run = blocks[i].size - CODEC_BLOCK_HEAD - fence;
        for (size_t left = i; left < run; left += EVERY) {
            block made = blocks[i];
            memmove(made.value + CODEC_BLOCK_HEAD + left, made.value + CODEC_BLOCK_HEAD + run,
                    fence);
            made.size = CODEC_BLOCK_HEAD + left + fence;
            seal(place->store, &made, fence);
            live_through(place->store, &blocks[i], &made, false);
        }
    }
}

/* A fence that is shorter, gone, or of which bytes are the run's. */
static void another_fence_is_told(void **state)
{
    fixture *place = *state;
    unsigned count = list_blocks(place->store);
    for (unsigned i = 0; i < count; i++) {
        size_t fence = fence_of(&blocks[i]);
        for (size_t other = 0; other <= fence + 3; other++) {
            block made = blocks[i];
            if (other == fence) {
                continue;
            }
            if (other < fence) {
                made.size -= fence - other;
            }
            seal(place->store, &made, other);
            live_through(place->store, &blocks[i], &made, true);
        }
    }
}

static void a_block_in_another_place_is_told(void **state)
{
    fixture *place = *state;
    unsigned count = list_blocks(place->store);
    for (unsigned i = 0; i < count; i++) {
        live_through(place->store, &blocks[i], NULL, true);
        for (int way = 0; way < 4; way++) {
            block made = blocks[i];
            made.key[made.key_size - 1] ^= way == 0 ? 1 : way == 1 ? 0x80 : 0;
            if (way == 2 && --made.key_size == 0) {
                continue; /* the first one's key has one byte */
            }
            if (way == 3) {
                made.key[made.key_size++] = 7;
            }
            seal(place->store, &made, fence_of(&blocks[i]));
            live_through(place->store, &blocks[i], &made, true);
        }
    }
}

#define FILLED(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILLED(other_bytes_are_told),
        FILLED(a_run_that_is_cut_is_told),
        FILLED(another_fence_is_told),
        FILLED(a_block_in_another_place_is_told),
    };
    choose_tests();
    return cmocka_run_group_tests_name("forged index blocks", tests, NULL, NULL);
}
