/*
 * table/merge.c - sorted changes are merged into the blocks of a tree.
 *
 * Block by block: the one to which the next change belongs is unpacked once, all changes up to its
 * fence are merged with its entries into a run in memory, and the run is written as one block or,
 * where it has become too long, as several. A block keeps its key, whatever happens to its entries.
 *
 * Cutting: where entries were added only at the end, blocks are cut full, so that keys that ascend
 * leave full blocks behind; otherwise evenly. Joining: a block that removals have made small takes
 * in the one that follows; the last block of a tree has none and only goes when it is empty.
 */
#include "table/entries.h"

#include "table/engine.h"
#include "table/pending.h"

#include <stdlib.h>

#define JOIN_BYTES (CODEC_BLOCK_BYTES / 4) /* a shorter run is joined */

/* A key by value: what lies in the file may move with every write. */
typedef struct held_key {
    size_t size;
    uint8_t bytes[CODEC_ENTRY_MAX];
} held_key;

/*
 * What is known of the entry that the run ends with: its size, and that with any entry that may
 * follow it has the same start in common as `like` has, but not more than `most` bytes. So entries
 * that are passed over need not be unpacked.
 */
typedef struct run_end {
    size_t size;
    const uint8_t *like;
    size_t like_size;
    size_t most;
} run_end;

typedef struct merge {
    const engine_table *table;
    unsigned tree;
    store_cursor nodes;
    bbots_error *error;

    pending_reader changes;
    bool more; /* there is a change in hand */
    bool add;
    store_bytes change;

    /* The block that is made: */
    held_key key;
    held_key fence;
    run_end last; /* at first that of the key */
    uint8_t *run;
    size_t run_size;
    size_t run_room;
    bool removed;
    bool added;
    bool added_between; /* an old entry comes behind an added one */
} merge;

/* A fence may be missing and a run empty: memcpy must not see NULL. */
static void copy(uint8_t *to, const void *from, size_t size)
{
    if (size != 0) {
        memcpy(to, from, size);
    }
}

static void hold(held_key *to, const void *bytes, size_t size)
{
    copy(to->bytes, bytes, size);
    to->size = size;
}

static int damaged(merge *all, const char *what)
{
    return entries_damaged(all->table, all->tree, what, all->error);
}

static void next_change(merge *all)
{
    all->more = pending_next(&all->changes, &all->change, &all->add);
}

static bool change_is_here(const merge *all)
{
    return all->more &&
           (all->fence.size == 0 || codec_entry_compare(all->change.data, all->change.size,
                                                        all->fence.bytes, all->fence.size) < 0);
}

/* ------------------------------------------------------------------ the run */

static int reserve(merge *all, size_t size)
{
    size_t needed = all->run_size + size;
    if (needed <= all->run_room) {
        return BBOTS_OK;
    }
    size_t room = all->run_room != 0 ? all->run_room : 4096;
    while (room < needed) {
        room *= 2;
    }
    uint8_t *moved = realloc(all->run, room);
    if (moved == NULL) {
        return bb_fail(all->error, BBOTS_NO_MEMORY, "out of memory");
    }
    all->run = moved;
    all->run_room = room;
    return BBOTS_OK;
}

static void ends_with(merge *all, size_t size, const void *like, size_t like_size, size_t most)
{
    all->last = (run_end){size, like, like_size, most};
}

/* How many bytes the last entry has in common with one that follows it. */
static size_t common_with_last(const merge *all, const uint8_t *entry, size_t size)
{
    size_t common = codec_entry_common(all->last.like, all->last.like_size, entry, size);
    return common < all->last.most ? common : all->last.most;
}

static int append(merge *all, size_t shared, const uint8_t *entry, size_t size)
{
    int rc = reserve(all, CODEC_PACKED_MAX);
    if (rc == BBOTS_OK) {
        all->run_size +=
            codec_run_pack(all->last.size, shared, entry, size, all->run + all->run_size);
    }
    return rc;
}

/* Packed entries that follow in the old run on what the new one ends with. */
static int append_packed(merge *all, const uint8_t *from, const uint8_t *to)
{
    size_t size = (size_t)(to - from);
    if (size == 0) {
        return BBOTS_OK; /* there may be no run yet */
    }
    int rc = reserve(all, size);
    if (rc == BBOTS_OK) {
        memcpy(all->run + all->run_size, from, size);
        all->run_size += size;
    }
    return rc;
}

/* An old entry that was unpacked, behind one that may be another than before. */
static int append_old(merge *all, const codec_run *old)
{
    all->added_between = all->added_between || all->added;
    return append(all, common_with_last(all, old->entry, old->size), old->entry, old->size);
}

/* ------------------------------------------------------------------ one block */

/*
 * The old entries that are less than the change in hand. *in_hand: old->entry is one that is not in
 * the run yet, before and after. *shared: what the last one has in common with the change.
 */
static int keep_lesser(merge *all, codec_run *old, bool *in_hand, size_t *shared)
{
    const uint8_t *change = all->change.data;
    size_t size = all->change.size;
    if (*in_hand) {
        if (codec_entry_compare(old->entry, old->size, change, size) >= 0) {
            *shared = common_with_last(all, change, size);
            return BBOTS_OK;
        }
        int rc = append_old(all, old);
        if (rc != BBOTS_OK) {
            return rc;
        }
    } else if (old->at == old->end) {
        *shared = common_with_last(all, change, size);
        return BBOTS_OK;
    }
    const uint8_t *from = old->at;
    int step = codec_run_seek(old, change, size);
    if (step == BBOTS_CORRUPTED) {
        return damaged(all, "has a damaged block");
    }
    *in_hand = step == BBOTS_OK;
    *shared = old->match;
    all->last.size = old->before_size;
    all->added_between = all->added_between || (all->added && old->from != from);
    return append_packed(all, from, old->from);
}

/* Adds the change in hand to the run, or leaves the old entry out. */
static int apply_change(merge *all, codec_run *old, bool *in_hand, size_t shared)
{
    const uint8_t *change = all->change.data;
    size_t size = all->change.size;
    bool is_there = *in_hand && old->size == size && memcmp(old->entry, change, size) == 0;
    if (all->add == is_there) {
        return damaged(all, is_there ? "has an entry of no row" : "lacks the entry of a row");
    }
    int rc = BBOTS_OK;
    if (all->add) {
        rc = append(all, shared, change, size);
        ends_with(all, size, change, size, size);
        all->added = true;
    } else {
        int step = codec_run_next(old);
        rc = step == BBOTS_CORRUPTED ? damaged(all, "has a damaged block") : BBOTS_OK;
        *in_hand = step == BBOTS_OK;
        ends_with(all, all->last.size, change, size, shared);
        all->removed = true;
    }
    next_change(all);
    return rc;
}

/* All changes up to the fence, and then what is left of the block. */
static int merge_rest(merge *all, codec_run *old, bool in_hand)
{
    int rc = BBOTS_OK;
    while (rc == BBOTS_OK && change_is_here(all)) {
        size_t shared = 0;
        rc = keep_lesser(all, old, &in_hand, &shared);
        if (rc == BBOTS_OK) {
            rc = apply_change(all, old, &in_hand, shared);
        }
    }
    if (rc == BBOTS_OK && in_hand) {
        rc = append_old(all, old);
    }
    return rc == BBOTS_OK ? append_packed(all, old->at, old->end) : rc;
}

/* ------------------------------------------------------------------ reading nodes */

static int open_block(merge *all, store_bytes key, store_bytes value, codec_block *block)
{
    return codec_block_open(all->table->tree_seeds[all->tree], key.data, key.size, value.data,
                            value.size, block)
               ? BBOTS_OK
               : damaged(all, "has a damaged block");
}

/*
 * The block to which the change in hand belongs, merged; of an empty tree the first block, without
 * an entry yet.
 */
static int merge_first(merge *all)
{
    uint8_t above[CODEC_ENTRY_MAX + 1]; /* the least key that is greater than the change's */
    store_bytes target = {above, all->change.size + 1};
    store_bytes key;
    store_bytes value;
    codec_block block = {.key = (const uint8_t *)CODEC_BLOCK_FIRST, .key_size = 1};
    codec_run old;
    memcpy(above, all->change.data, all->change.size);
    above[all->change.size] = 0;
    int rc = store_cursor_seek(&all->nodes, target, &key, &value, all->error);
    bool behind_all = rc == BBOTS_END;
    if (rc >= 0) {
        rc = store_cursor_move(&all->nodes, behind_all ? STORE_LAST : STORE_PREVIOUS, &key, &value,
                               all->error);
    }
    if (rc == BBOTS_OK) {
        rc = open_block(all, key, value, &block);
    } else if (rc == BBOTS_END) {
        rc = behind_all ? BBOTS_OK : damaged(all, "lacks a block");
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    hold(&all->key, block.key, block.key_size);
    hold(&all->fence, block.fence, block.fence_size);
    ends_with(all, all->key.size, all->key.bytes, all->key.size, all->key.size);
    if (!change_is_here(all)) {
        return damaged(all, "lacks a block");
    }
    codec_run_begin(&old, &block);
    return merge_rest(all, &old, false);
}

/* Unpacks the run's last entry, which passing over others left unknown. */
static int find_last(merge *all, codec_run *walk)
{
    codec_block whole = {all->key.bytes, all->key.size, NULL, 0, all->run, all->run_size};
    int step;
    codec_run_begin(walk, &whole);
    do {
        step = codec_run_next(walk);
    } while (step == BBOTS_OK);
    ends_with(all, walk->size, walk->entry, walk->size, walk->size);
    return step == BBOTS_END ? BBOTS_OK : damaged(all, "has a damaged block");
}

/* Takes in the block that follows. */
static int merge_following(merge *all)
{
    held_key following = all->fence;
    store_bytes target = {following.bytes, following.size};
    store_bytes key;
    store_bytes value;
    codec_block block;
    codec_run last;
    codec_run old;
    int rc = store_cursor_seek(&all->nodes, target, &key, &value, all->error);
    if (rc == BBOTS_END || (rc == BBOTS_OK && codec_entry_compare(key.data, key.size, target.data,
                                                                  target.size) != 0)) {
        rc = damaged(all, "lacks a block");
    }
    rc = rc == BBOTS_OK ? open_block(all, key, value, &block) : rc;
    rc = rc == BBOTS_OK ? find_last(all, &last) : rc;
    if (rc == BBOTS_OK) {
        hold(&all->fence, block.fence, block.fence_size);
        codec_run_begin(&old, &block);
        bool in_hand = codec_run_next(&old) == BBOTS_OK;
        rc = in_hand ? merge_rest(all, &old, true) : damaged(all, "has a damaged block");
    }
    return rc == BBOTS_OK ? store_cursor_delete(&all->nodes, target, all->error) : rc;
}

/* ------------------------------------------------------------------ writing blocks */

/* A block on its way to the file. */
typedef struct made_block {
    held_key key;
    bool first; /* it replaces the one that was merged */
    size_t run_size;
    uint8_t value[CODEC_BLOCK_VALUE_MAX];
} made_block;

static int put_block(merge *all, made_block *made, const void *fence, size_t fence_size)
{
    store_bytes key = {made->key.bytes, made->key.size};
    store_bytes value = {made->value, 0};
    store_put_mode mode = made->first            ? STORE_REPLACE
                          : all->fence.size == 0 ? STORE_APPEND
                                                 : STORE_NEW;
    value.size = codec_block_close(all->table->tree_seeds[all->tree], key.data, key.size, fence,
                                   fence_size, made->value, made->run_size);
    int rc = store_cursor_put(&all->nodes, key, value, mode, all->error);
    made->first = false;
    return rc == BBOTS_UNCHANGED ? damaged(all, "has a block in a wrong place") : rc;
}

/* The bytes that a block's run should have at most; its fence is taken to be as long as its key. */
static size_t run_limit(size_t key_size)
{
    size_t taken = CODEC_BLOCK_HEAD + 2 * key_size;
    return taken + JOIN_BYTES < CODEC_BLOCK_BYTES ? CODEC_BLOCK_BYTES - taken : JOIN_BYTES;
}

/* Cuts the run into blocks. The key of each tells it from the one before and says no more. */
static int cut_run(merge *all, made_block *made)
{
    codec_block whole = {all->key.bytes, all->key.size, NULL, 0, all->run, all->run_size};
    codec_run old;
    bool even = !all->added || all->added_between;
    size_t limit = run_limit(all->key.size);
    size_t target = even ? all->run_size / (all->run_size / limit + 1) + 1 : limit;
    int rc = BBOTS_OK;
    codec_run_begin(&old, &whole);
    while (rc == BBOTS_OK && codec_run_next(&old) == BBOTS_OK) {
        size_t packed = (size_t)(old.at - old.from);
        bool cut = made->run_size >= target || made->run_size + packed > limit;
        if (cut && made->run_size != 0) {
            size_t key_size = old.shared + 1;
            rc = put_block(all, made, old.entry, key_size);
            hold(&made->key, old.entry, key_size);
            limit = run_limit(key_size);
            made->run_size = codec_run_pack(key_size, key_size, old.entry, old.size,
                                            made->value + CODEC_BLOCK_HEAD);
        } else {
            copy(made->value + CODEC_BLOCK_HEAD + made->run_size, old.from, packed);
            made->run_size += packed;
        }
    }
    return rc == BBOTS_OK ? put_block(all, made, all->fence.bytes, all->fence.size) : rc;
}

static int write_run(merge *all)
{
    made_block made;
    hold(&made.key, all->key.bytes, all->key.size);
    made.first = true;
    made.run_size = 0;
    if (all->run_size > run_limit(all->key.size)) {
        return cut_run(all, &made);
    }
    made.run_size = all->run_size;
    copy(made.value + CODEC_BLOCK_HEAD, all->run, all->run_size);
    return put_block(all, &made, all->fence.bytes, all->fence.size);
}

/* The last block has become empty: it goes, and the one before it becomes the last. */
static int drop_last(merge *all)
{
    store_bytes key = {all->key.bytes, all->key.size};
    store_bytes value;
    codec_block block;
    int rc = store_cursor_delete(&all->nodes, key, all->error);
    if (rc == BBOTS_OK) {
        rc = store_cursor_move(&all->nodes, STORE_LAST, &key, &value, all->error);
    }
    if (rc == BBOTS_OK) {
        rc = open_block(all, key, value, &block);
    }
    if (rc == BBOTS_OK &&
        codec_entry_compare(block.fence, block.fence_size, all->key.bytes, all->key.size) != 0) {
        rc = damaged(all, "lacks a block");
    }
    rc = rc == BBOTS_OK ? reserve(all, block.run_size) : rc;
    if (rc != BBOTS_OK) {
        return rc == BBOTS_END ? BBOTS_OK : rc; /* nothing is left of the tree */
    }
    hold(&all->key, block.key, block.key_size);
    copy(all->run, block.run, block.run_size);
    all->run_size = block.run_size;
    return write_run(all);
}

/* ------------------------------------------------------------------ all changes */

static int merge_some(merge *all)
{
    all->run_size = 0;
    all->removed = false;
    all->added = false;
    all->added_between = false;
    int rc = merge_first(all);
    while (rc == BBOTS_OK && all->removed && all->fence.size != 0 && all->run_size < JOIN_BYTES) {
        rc = merge_following(all);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    return all->run_size != 0 ? write_run(all) : drop_last(all);
}

int entries_merge(store_txn *txn, const engine_table *table, unsigned tree,
                  struct index_pending *pending, bbots_error *error)
{
    merge all = {.table = table, .tree = tree, .error = error};
    int rc = pending_read(&all.changes, pending, error);
    if (rc == BBOTS_OK) {
        rc = store_cursor_open(txn, table->trees[tree], &all.nodes, error);
    }
    if (rc == BBOTS_OK) {
        next_change(&all);
        while (rc == BBOTS_OK && all.more) {
            rc = merge_some(&all);
        }
        store_cursor_close(&all.nodes);
    }
    pending_read_end(&all.changes);
    free(all.run);
    return rc;
}
