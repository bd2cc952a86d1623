/*
 * table/check_tree.c - index trees against rows, both ways.
 *
 * From the tree: an entry splits into the index's columns and a primary key, the row of that key
 * is there, and it makes this very entry. From the rows: each has its entry. The second way is
 * gone only when the first counted fewer good entries than rows, or met rows that cannot be asked:
 * entries are distinct and each good one is its row's, so equal numbers leave no row without.
 *
 * In a unique tree two rows with the same columns are neighbours, for the columns come first.
 */
#include "table/check.h"

/* A walk over one tree. */
typedef struct tree_walk {
    const bbots_tree *tree;
    unsigned number;
    uint64_t good;      /* entries that are their row's */
    size_t before_size; /* the columns' part of the last good entry */
    uint8_t before[CODEC_KEY_MAX];
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
    return check_neighbour(run, walk, entry, part, key, has_null);
}

static int visit_entry(check *run, store_bytes entry, store_bytes value, void *context)
{
    static const store_bytes no_row = {NULL, 0};
    tree_walk *walk = context;
    store_bytes key;
    run->result->entries++;
    size_t part = split_entry(run->engine->table, walk->tree, entry, &key);
    if (key.size == 0) {
        return report_entry(run, walk, no_row, "that is none of this index");
    }
    int rc = value.size == 0 ? BBOTS_OK : report_entry(run, walk, key, "with bytes behind it");
    return rc == BBOTS_OK ? check_entry(run, walk, entry, part, key) : rc;
}

/* The way back: the entry that a row makes has to be in the tree. */
static int visit_row(check *run, store_bytes key, store_bytes data, void *context)
{
    const tree_walk *walk = context;
    uint8_t own[CODEC_ENTRY_MAX];
    store_bytes entry = {own, 0};
    store_bytes found;
    bbots_row row;
    if (key.size > CODEC_KEY_MAX || row_open(run->engine, data, &row, NULL, NULL) != BBOTS_OK) {
        return BBOTS_OK; /* reported with the rows */
    }
    entry.size = make_entry(&row, walk->tree, key, own, NULL);
    int rc =
        store_get(&run->txn->base, run->engine->trees[walk->number], entry, &found, run->error);
    return rc == BBOTS_NOT_FOUND
               ? check_report(run, BBOTS_DERIVED, walk->tree->name, key,
                              "index tree \"%s\" lacks the entry of the row", walk->tree->name)
               : rc;
}

int check_tree(check *run, unsigned tree)
{
    tree_walk walk = {.tree = &run->engine->table->trees[tree], .number = tree};
    int rc = check_walk(run, run->engine->trees[tree], visit_entry, &walk);
    if (rc == BBOTS_OK && (walk.good != run->rows || run->unreadable != 0)) {
        rc = check_walk(run, run->engine->trees[0], visit_row, &walk);
    }
    return rc;
}
