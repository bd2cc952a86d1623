/*
 * store/direct.c - reading a committed state without LMDB's cursor.
 *
 * A read transaction sees pages that nobody writes, in a format that is known (pages/README.md), so
 * a look-up can go from the root to the leaf by itself. The root of a tree is in its record in the
 * main tree, which LMDB finds once for each tree and state; that record's own address tells where
 * the map begins. A write transaction, whose pages may be in memory of LMDB's, always asks LMDB.
 *
 * Whatever is not as it should be is left to LMDB, which finds the same or says what is wrong.
 */
#include "store/internal.h"

#include "pages/find.h"

#include <stdlib.h>
#include <unistd.h>

typedef struct direct_root {
    uint64_t number; /* the state whose root this is; 0: none is known */
    page_tree tree;
} direct_root;

struct store_direct {
    pages_memory memory; /* of the state `number` */
    uint64_t number;
    uint64_t moves; /* of the map, when memory was taken */
    unsigned count;
    direct_root roots[]; /* by tree */
};

void store_direct_free(store_txn *txn)
{
    free(txn->direct);
    txn->direct = NULL;
}

static struct store_direct *make_direct(store_txn *txn)
{
    unsigned count = txn->file->tree_count;
    txn->direct = calloc(1, sizeof *txn->direct + count * sizeof(direct_root));
    if (txn->direct != NULL) {
        txn->direct->count = count;
    }
    return txn->direct;
}

/*
 * Finds out where the map begins: a page knows its number. And how many pages there are: the state
 * is not newer than the newest meta page, and a file never uses fewer pages than before.
 */
static bool take_memory(const store_txn *txn, const uint8_t *record, pages_memory *memory)
{
    size_t page_bytes = txn->file->page_bytes;
    const uint8_t *page = (const uint8_t *)((uintptr_t)record & ~(uintptr_t)(page_bytes - 1));
    const uint8_t *bytes = page - page_number(page) * page_bytes;
    pages_meta first = pages_meta_read(bytes, 0);
    pages_meta second = pages_meta_read(bytes + page_bytes, 1);
    uint64_t last = first.last_page > second.last_page ? first.last_page : second.last_page;
    *memory = (pages_memory){bytes, last + 1, (uint32_t)page_bytes};
    return pages_meta_is_known(&first) && pages_meta_is_known(&second);
}

static bool find_root(store_txn *txn, store_tree tree, struct store_direct *direct)
{
    const char *name = tree < direct->count ? txn->file->tree_names[tree] : NULL;
    MDB_val record;
    if (name == NULL) {
        return false;
    }
    MDB_val key = {strlen(name), (void *)(uintptr_t)name};
    if (mdb_get(txn->handle, STORE_MAIN, &key, &record) != 0 ||
        record.mv_size != PAGES_RECORD_BYTES) {
        return false;
    }
    uint64_t moves = txn->file->map_moves;
    if (direct->number != txn->number || direct->moves != moves) {
        direct->number = 0;
        if (!take_memory(txn, record.mv_data, &direct->memory)) {
            return false;
        }
        direct->number = txn->number;
        direct->moves = moves;
    }
    direct->roots[tree].number = txn->number;
    direct->roots[tree].tree = page_tree_read(record.mv_data);
    return true;
}

/* Whether a tree can be read directly; its root is known then. */
static inline bool can_read(store_txn *txn, store_tree tree)
{
    struct store_direct *direct = txn->direct;
    if (txn->write || !txn->file->reads_directly) {
        return false;
    }
    if (direct == NULL && (direct = make_direct(txn)) == NULL) {
        return false;
    }
    return (tree < direct->count && direct->roots[tree].number == txn->number &&
            direct->number == txn->number && direct->moves == txn->file->map_moves) ||
           find_root(txn, tree, direct);
}

bool store_direct_get(store_txn *txn, store_tree tree, store_bytes key, store_bytes *value,
                      int *result)
{
    pages_entry found;
    if (!can_read(txn, tree)) {
        return false;
    }
    *result =
        pages_get(&txn->direct->memory, &txn->direct->roots[tree].tree, key.data, key.size, &found);
    *value = (store_bytes){found.value, found.value_size};
    return *result >= 0;
}

bool store_direct_seek(store_txn *txn, store_tree tree, store_bytes key, store_bytes *found_key,
                       store_bytes *value)
{
    pages_entry found;
    if (!can_read(txn, tree) || pages_seek(&txn->direct->memory, &txn->direct->roots[tree].tree,
                                           key.data, key.size, &found) != BBOTS_OK) {
        return false;
    }
    *found_key = (store_bytes){found.key, found.key_size};
    *value = (store_bytes){found.value, found.value_size};
    return true;
}
