/*
 * table/check_tree.c - index trees against rows, both ways.
 *
 * From the tree: an entry splits into the index's columns and a primary key, the row of that key
 * is there, and it makes this very entry. From the rows: each has its entry. The second way is
 * gone only when the first counted fewer good entries than rows, or met rows that cannot be asked:
 * entries are distinct and each good one is its row's, so equal numbers leave no row without.
 *
 * In a unique tree two rows with the same columns are neighbours, for the columns come first.
 *
 * A tree that tells what is repeated has no entries of rows without a name and behind its end, and
 * what has to be in it is looked for row by row.
 *
 * Of a tree of blocks every block is looked at by itself, so that a damaged one hides no other: its
 * checksum, its place behind the block before it, and the order of its entries.
 */
#include "table/check.h"

/* A walk over one tree. */
typedef struct tree_walk {
    const bbots_tree *tree;
    unsigned number;
    uint64_t good;     /* entries that are their row's */
    bool lost;         /* the last block could not be read: what follows it is not known */
    size_t fence_size; /* the key that the next block has to have */
    uint8_t fence[CODEC_ENTRY_MAX];
    entries_cursor own; /* looks for the entries of rows */
    size_t before_size; /* the columns' part of the last good entry */
    uint8_t before[CODEC_KEY_MAX];
    bool once;        /* the tree has rows up to an end only (once.c) */
    size_t last_size; /* the greatest primary key of a good entry in it */
    uint8_t last[CODEC_KEY_MAX];
    size_t end_size; /* the primary key at its end, 0: it has none */
    uint8_t end[CODEC_KEY_MAX];
} tree_walk;

/* The entry that a row makes, which lies under `key`. */
static size_t make_entry(const bbots_row *row, const bbots_tree *tree, store_bytes key,
                         uint8_t entry[CODEC_ENTRY_MAX], bool *has_null)
{
    size_t size = codec_key_of_row(row, tree->columns, tree->column_count, entry, has_null);
    memcpy(entry + size, key.data, key.size);
    return size + key.size;
}

static int report_entry(check *run, const tree_walk *walk, store_bytes key, const char *what)
{
    return check_report(run, BBOTS_DERIVED, walk->tree->name, key,
                        "index tree \"%s\" has an entry %s", walk->tree->name, what);
}

/*
 * Splits an entry; *key is empty when it cannot be. The longest key that LMDB takes is longer than
 * our parts, so both are measured.
 */
static size_t split_entry(const bbots_table *table, const bbots_tree *tree, store_bytes entry,
                          store_bytes *key)
{
    size_t part = codec_key_part(table, tree->columns, tree->column_count, entry.data, entry.size);
    bool split = part != 0 && part < entry.size && entry.size - part <= CODEC_KEY_MAX;
    key->data = (const uint8_t *)entry.data + (split ? part : 0);
    key->size = split ? entry.size - part : 0;
    return part;
}

static int check_neighbour(check *run, tree_walk *walk, store_bytes entry, size_t part,
                           store_bytes key, bool has_null)
{
    int rc = BBOTS_OK;
    if (walk->tree->unique && !has_null && part == walk->before_size &&
        memcmp(walk->before, entry.data, part) == 0) {
        char names[ROW_KEY_TEXT_MAX];
        rc = check_report(run, BBOTS_DAMAGE, walk->tree->name, key,
                          "another row has the same unique key (%s)",
                          row_column_names(run->engine->table, walk->tree->columns,
                                           walk->tree->column_count, names));
    }
    walk->before_size = part;
    memcpy(walk->before, entry.data, part);
    return rc;
}

/* An entry that could be split, against the row it names. */
static int check_entry(check *run, tree_walk *walk, store_bytes entry, size_t part, store_bytes key)
{
    store_bytes data;
    bbots_row row;
    uint8_t own[CODEC_ENTRY_MAX];
    bool has_null = false;
    int rc = store_get(&run->txn->base, run->engine->trees[0], key, &data, run->error);
    if (rc == BBOTS_NOT_FOUND) {
        return report_entry(run, walk, key, "of no row");
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = row_open(run->engine, data, &row, NULL, NULL);
    if (rc == BBOTS_CORRUPTED || rc == BBOTS_SCHEMA_MISMATCH) {
        return BBOTS_OK; /* reported with the rows; nothing can be said of the entry */
    }
    if (rc != BBOTS_OK) {
        return bb_fail(run->error, rc, "out of memory");
    }
    size_t size = make_entry(&row, walk->tree, key, own, &has_null);
    if (size != entry.size || memcmp(own, entry.data, size) != 0) {
        return report_entry(run, walk, key, "that is not its row's");
    }
    walk->good++;
    if (walk->once && codec_entry_compare(key.data, key.size, walk->last, walk->last_size) > 0) {
        memcpy(walk->last, key.data, key.size);
        walk->last_size = key.size;
    }
    return check_neighbour(run, walk, entry, part, key, has_null);
}

/* An entry of any tree. */
static int judge_entry(check *run, tree_walk *walk, store_bytes entry, store_bytes value)
{
    static const store_bytes no_row = {NULL, 0};
    store_bytes key;
    run->result->entries++;
    size_t part = split_entry(run->engine->table, walk->tree, entry, &key);
    if (key.size == 0) {
        return report_entry(run, walk, no_row, "that is none of this index");
    }
    if (walk->once && once_is_end(entry) && walk->end_size == 0) {
        memcpy(walk->end, key.data, key.size);
        walk->end_size = key.size;
        return BBOTS_OK;
    }
    int rc = value.size == 0 ? BBOTS_OK : report_entry(run, walk, key, "with bytes behind it");
    return rc == BBOTS_OK ? check_entry(run, walk, entry, part, key) : rc;
}

static int visit_entry(check *run, store_bytes entry, store_bytes value, void *context)
{
    return judge_entry(run, context, entry, value);
}

/* ------------------------------------------------------------------ blocks */

static int report_block(check *run, const tree_walk *walk, const char *what)
{
    static const store_bytes no_row = {NULL, 0};
    return check_report(run, BBOTS_DERIVED, walk->tree->name, no_row, "index tree \"%s\" %s",
                        walk->tree->name, what);
}

static void expect_next(tree_walk *walk, const uint8_t *fence, size_t size)
{
    memcpy(walk->fence, fence, size);
    walk->fence_size = size;
}

static int check_run(check *run, tree_walk *walk, const codec_block *block)
{
    static const store_bytes nothing = {"", 0};
    codec_run entries;
    codec_run_begin(&entries, block);
    int rc = BBOTS_OK;
    int step = codec_run_next(&entries);
    while (step == BBOTS_OK && rc == BBOTS_OK) {
        store_bytes entry = {entries.entry, entries.size};
        rc = judge_entry(run, walk, entry, nothing);
        if (rc == BBOTS_OK) {
            step = codec_run_next(&entries);
        }
    }
    if (rc == BBOTS_OK && step == BBOTS_CORRUPTED) {
        rc = report_block(run, walk, "has a damaged block");
    }
    if (rc == BBOTS_OK && block->fence_size != 0 &&
        codec_entry_compare(entries.entry, entries.size, block->fence, block->fence_size) >= 0) {
        rc = report_block(run, walk, "has an entry in a wrong block");
    }
    return rc;
}

static int visit_block(check *run, store_bytes key, store_bytes value, void *context)
{
    tree_walk *walk = context;
    codec_block block;
    int rc = BBOTS_OK;
    bool here = codec_entry_compare(key.data, key.size, walk->fence, walk->fence_size) == 0;
    if (!walk->lost && !here) {
        rc = report_block(run, walk, "lacks a block");
    }
    walk->lost = !codec_block_open(run->engine->tree_seeds[walk->number], key.data, key.size,
                                   value.data, value.size, &block);
    if (rc == BBOTS_OK && walk->lost) {
        return report_block(run, walk, "has a damaged block");
    }
    if (rc == BBOTS_OK) {
        expect_next(walk, block.fence, block.fence_size);
        rc = check_run(run, walk, &block);
    }
    return rc;
}

/* An empty tree has no blocks; any other has a first one of a key that is always the same. */
static int check_blocks(check *run, tree_walk *walk)
{
    uint64_t count;
    expect_next(walk, (const uint8_t *)CODEC_BLOCK_FIRST, 1);
    int rc =
        store_tree_count(&run->txn->base, run->engine->trees[walk->number], &count, run->error);
    if (rc == BBOTS_OK && count != 0) {
        rc = check_walk(run, run->engine->trees[walk->number], visit_block, walk);
        if (rc == BBOTS_OK && !walk->lost && walk->fence_size != 0) {
            rc = report_block(run, walk, "lacks a block");
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ the way back */

/* The entry that a row makes has to be in the tree; in a block that was reported it may be. */
static int visit_row(check *run, store_bytes key, store_bytes data, void *context)
{
    tree_walk *walk = context;
    uint8_t own[CODEC_ENTRY_MAX];
    store_bytes entry = {own, 0};
    store_bytes found;
    store_bytes value;
    bbots_row row;
    if (key.size > CODEC_KEY_MAX || row_open(run->engine, data, &row, NULL, NULL) != BBOTS_OK) {
        return BBOTS_OK; /* reported with the rows */
    }
    bool null;
    entry.size = make_entry(&row, walk->tree, key, own, &null);
    if (walk->once &&
        (null || codec_entry_compare(key.data, key.size, walk->end, walk->end_size) > 0)) {
        return BBOTS_OK;
    }
    bbots_error error;
    bb_error_clear(&error);
    int rc = entries_seek(&walk->own, entry, &found, &value, &error);
    if (rc == BBOTS_CORRUPTED && walk->own.blocks) {
        return BBOTS_OK;
    }
    if (rc < 0) {
        bb_error_give(run->error, &error);
    }
    bool there =
        rc == BBOTS_OK && codec_entry_compare(found.data, found.size, own, entry.size) == 0;
    return rc < 0 || there
               ? rc
               : check_report(run, BBOTS_DERIVED, walk->tree->name, key,
                              "index tree \"%s\" lacks the entry of the row", walk->tree->name);
}

static int check_rows_of_tree(check *run, tree_walk *walk)
{
    int rc = entries_open(&run->txn->base, run->engine, walk->number, &walk->own, run->error);
    if (rc == BBOTS_OK) {
        rc = check_walk(run, run->engine->trees[0], visit_row, walk);
        entries_close(&walk->own);
    }
    return rc;
}

int check_tree(check *run, unsigned tree)
{
    tree_walk walk = {.tree = &run->engine->table->trees[tree],
                      .number = tree,
                      .once = tree == run->engine->once};
    int rc = entries_in_blocks(run->engine->table, tree)
                 ? check_blocks(run, &walk)
                 : check_walk(run, run->engine->trees[tree], visit_entry, &walk);
    bool followed = !walk.once || walk.end_size != 0;
    if (rc == BBOTS_OK && followed && (walk.good != run->rows || run->unreadable != 0)) {
        rc = check_rows_of_tree(run, &walk);
    }
    if (rc == BBOTS_OK && walk.once && !walk.lost &&
        codec_entry_compare(walk.last, walk.last_size, walk.end, walk.end_size) > 0) {
        rc = report_block(run, &walk, "has rows behind its end");
    }
    return rc;
}
