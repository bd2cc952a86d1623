/*
 * store/direct.c - reading a committed state without LMDB's cursor.
 *
 * A read transaction sees pages that nobody writes, in a format that is known (pages/README.md), so
 * a look-up can go from the root to the leaf by itself. The root of a tree is in its record in the
 * main tree, which LMDB finds once for each tree and state. A write transaction, whose pages may be
 * in memory of LMDB's, always asks LMDB.
 *
 * Whatever is not as it should be is left to LMDB, which finds the same or says what is wrong.
 */
#include "store/internal.h"
#include "store/scan.h"

#include "base/error.h"
#include "pages/find.h"

#include <assert.h>
#include <stdlib.h>

#define META_TRANSACTION 144 /* where a meta page has its transaction (docs/format.md) */
#define SETTLE_TRIES     8

typedef struct direct_root {
    uint64_t number; /* the state whose root this is; 0: none is known */
    page_tree tree;
} direct_root;

static_assert(STORE_MANY <= PAGES_MANY, "the pages take as many keys");

struct store_direct {
    unsigned count;
    direct_root roots[]; /* by tree */
};

/* ------------------------------------------------------------------ which state it is */

/*
 * Where the map begins: the first key of the main tree lies in a page, and a page knows its number.
 * Found once after each move of the map.
 */
static const uint8_t *find_map(store_txn *txn)
{
    store_file *file = txn->file;
    const uint8_t *map = atomic_load(&file->map);
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    if (map != NULL || mdb_cursor_open(txn->handle, STORE_MAIN, &cursor) != 0) {
        return map;
    }
    if (mdb_cursor_get(cursor, &key, &value, MDB_FIRST) == 0) {
        uintptr_t at = (uintptr_t)key.mv_data & ~(uintptr_t)(file->page_bytes - 1);
        const uint8_t *page = (const uint8_t *)key.mv_data - ((uintptr_t)key.mv_data - at);
        map = page - page_number(page) * file->page_bytes;
        atomic_store(&file->map, map);
    }
    mdb_cursor_close(cursor);
    return map;
}

static uint64_t meta_transaction(const uint8_t *map, size_t page_bytes, uint64_t number)
{
    atomic_thread_fence(memory_order_acquire);
    return bb_load64(map + (number & 1) * page_bytes + META_TRANSACTION);
}

/*
 * LMDB's reader takes a number and then copies the roots of that number's meta page, and when two
 * commits come in between it has the roots of a later state under the number of the earlier one.
 * That is harmless to LMDB. Here states are told apart by their numbers, so it begins again until
 * nothing newer than its number is there afterwards: then nobody wrote what it copied.
 */
static int settle(store_txn *txn, const uint8_t *map, uint64_t *number)
{
    size_t page_bytes = txn->file->page_bytes;
    for (int tries = 0; tries < SETTLE_TRIES; tries++) {
        *number = mdb_txn_id(txn->handle);
        if (meta_transaction(map, page_bytes, *number) == *number &&
            meta_transaction(map, page_bytes, *number + 1) < *number) {
            return 0;
        }
        mdb_txn_reset(txn->handle);
        int rc = mdb_txn_renew(txn->handle);
        if (rc != 0) {
            return rc;
        }
    }
    *number = 0;
    return 0;
}

int store_direct_begin(void *arguments)
{
    store_txn *txn = arguments;
    uint64_t number = 0;
    txn->number = 0;
    const uint8_t *map = txn->file->reads_directly ? find_map(txn) : NULL;
    int rc = map != NULL ? settle(txn, map, &number) : 0;
    if (rc == 0 && number != 0) {
        pages_meta meta =
            pages_meta_read(map + (number & 1) * txn->file->page_bytes, (unsigned)(number & 1));
        txn->number = pages_meta_is_known(&meta) ? number : 0;
        txn->map = map;
        txn->page_count = meta.last_page + 1;
    }
    return rc;
}

/* ------------------------------------------------------------------ roots */

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

static bool find_root(store_txn *txn, store_tree tree, direct_root *root)
{
    const char *name = txn->file->tree_names[tree];
    MDB_val record;
    if (name == NULL) {
        return false;
    }
    MDB_val key = {strlen(name), (void *)(uintptr_t)name};
    if (mdb_get(txn->handle, STORE_MAIN, &key, &record) != 0 ||
        record.mv_size != PAGES_RECORD_BYTES) {
        return false;
    }
    root->number = txn->number;
    root->tree = page_tree_read(record.mv_data);
    return true;
}

/* The root of a tree in the state of a reader; NULL: LMDB has to be asked. */
static inline const page_tree *root_of(store_txn *txn, store_tree tree)
{
    struct store_direct *direct = txn->direct;
    if (txn->number == 0 || (direct == NULL && (direct = make_direct(txn)) == NULL) ||
        tree >= direct->count) {
        return NULL;
    }
    direct_root *root = &direct->roots[tree];
    return root->number == txn->number || find_root(txn, tree, root) ? &root->tree : NULL;
}

/* ------------------------------------------------------------------ look-ups */

static pages_memory memory_of(const store_txn *txn)
{
    pages_memory memory = {txn->map, txn->page_count, (uint32_t)txn->file->page_bytes};
    return memory;
}

bool store_direct_get(store_txn *txn, store_tree tree, store_bytes key, store_bytes *value,
                      int *result)
{
    const page_tree *root = root_of(txn, tree);
    pages_memory memory = memory_of(txn);
    pages_entry found;
    if (root == NULL) {
        return false;
    }
    *result = pages_get(&memory, root, key.data, key.size, &found);
    *value = (store_bytes){found.value, found.value_size};
    return *result >= 0;
}

bool store_direct_seek(store_txn *txn, store_tree tree, store_bytes key, store_bytes *found_key,
                       store_bytes *value)
{
    const page_tree *root = root_of(txn, tree);
    pages_memory memory = memory_of(txn);
    pages_entry found;
    if (root == NULL || pages_seek(&memory, root, key.data, key.size, &found) != BBOTS_OK) {
        return false;
    }
    *found_key = (store_bytes){found.key, found.key_size};
    *value = (store_bytes){found.value, found.value_size};
    return true;
}

bool store_direct_get_many(store_txn *txn, store_tree tree, store_pair *pairs, unsigned count)
{
    const page_tree *root = root_of(txn, tree);
    pages_memory memory = memory_of(txn);
    pages_entry found[STORE_MANY];
    if (root == NULL) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        found[i].key = pairs[i].key.data;
        found[i].key_size = pairs[i].key.size;
    }
    if (pages_get_many(&memory, root, found, count) != BBOTS_OK) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        pairs[i].value = (store_bytes){found[i].value, found[i].value_size};
    }
    return true;
}

/* ------------------------------------------------------------------ scans */

typedef struct scan_call {
    store_scan *scan;
    store_txn *txn;
    store_tree tree;
    unsigned part;
    unsigned parts;
    store_pair *pairs;
    unsigned count;
} scan_call;

static int call_begin(void *arguments)
{
    scan_call *call = arguments;
    const page_tree *root = root_of(call->txn, call->tree);
    pages_memory memory = memory_of(call->txn);
    return root != NULL &&
                   pages_scan_begin(&call->scan->pages, &memory, root, call->part, call->parts)
               ? 0
               : MDB_NOTFOUND;
}

bool store_scan_begin(store_scan *scan, store_txn *txn, store_tree tree, unsigned part,
                      unsigned parts)
{
    scan_call call = {.scan = scan, .txn = txn, .tree = tree, .part = part, .parts = parts};
    scan->file = txn->file;
    return store_guarded(txn->file, call_begin, &call, false) == 0;
}

static int call_next(void *arguments)
{
    scan_call *call = arguments;
    pages_entry entries[STORE_SCAN_MANY];
    int rc = pages_scan_next(&call->scan->pages, entries, STORE_SCAN_MANY, &call->count);
    for (unsigned i = 0; i < call->count; i++) {
        MDB_val value = {entries[i].value_size, (void *)(uintptr_t)entries[i].value};
        store_touch(call->scan->file, &value);
        call->pairs[i].key = (store_bytes){entries[i].key, entries[i].key_size};
        call->pairs[i].value = (store_bytes){entries[i].value, entries[i].value_size};
    }
    return rc == BBOTS_CORRUPTED ? MDB_CORRUPTED : rc;
}

int store_scan_next(store_scan *scan, store_pair *pairs, unsigned *count, bbots_error *error)
{
    scan_call call = {.scan = scan, .pairs = pairs};
    int rc = store_guarded(scan->file, call_next, &call, false);
    *count = call.count;
    return rc >= 0 ? rc : store_fail(error, rc, "cannot read a tree");
}
