/*
 * store/dirty.c - changed pages of a long transaction leave memory before it ends.
 *
 * LMDB keeps every page that a transaction changed in memory until the commit, up to 512 MiB; from
 * then on it writes pages out to the places in the file where the commit would have put them, and
 * reads them back if they change again. Nobody can see them there: no meta page leads to them before the
 * commit does. That is done here much earlier, so that a load of any size needs little memory.
 *
 * LMDB has no function for it, but it does it before each write for which its list of changed pages
 * seems too short, and it counts the value's size among the need. So a write is begun that is so
 * large that all pages have to go, and that LMDB must refuse afterwards: it does not let a value take the
 * place of a tree. The value is never read. If an LMDB wrote nothing out then, memory would be what it was
 * without this file, and nothing would be wrong.
 *
 * LMDB 0.9.24 (Debian 12) does not free the list of pages that a transaction wrote out: 1 MiB of address
 * space, of which 8 bytes a page were touched. So only long transactions come to it.
 */
#include "store/internal.h"

#include "base/bytes.h"

#include <string.h>

/* As many bytes as LMDB holds pages for: more than its list has room for, whatever is on it. */
#define NEEDS_ALL_PAGES ((size_t)1 << 30)

typedef struct write_out {
    MDB_txn *txn;
    const char *name;
} write_out;

static int call_write_out(void *arguments)
{
    const write_out *call = arguments;
    MDB_val key = {strlen(call->name), (void *)(uintptr_t)call->name};
    MDB_val value = {NEEDS_ALL_PAGES, NULL};
    int rc = mdb_put(call->txn, STORE_MAIN, &key, &value, MDB_RESERVE);
    return rc == MDB_INCOMPATIBLE ? 0 : rc;
}

/*
 * A key that is appended lies on the page of the one before it. Of others that are put in order
 * several may share a page, and of those that are put anywhere few do.
 */
static size_t weight(const store_txn *txn, store_way how, size_t size)
{
    size_t page = txn->file->page_bytes;
    return how == STORE_PUT_APPENDED  ? size
           : how == STORE_PUT_ORDERED ? size + page / 2
                                      : size + page;
}

/*
 * The first thing that a transaction writes into the main tree is its number. So whatever page of the
 * tree gets into the file, written out early or before a power failure, says by whom: one that lies
 * in the place of an older state's root is not taken for that state (look.c).
 */
static int call_number(void *arguments)
{
    store_txn *txn = arguments;
    uint8_t number[8];
    MDB_val key = {strlen(STORE_COMMIT_KEY), STORE_COMMIT_KEY};
    MDB_val value = {sizeof number, number};
    bb_store64(number, store_txn_number(txn));
    return mdb_put(txn->handle, STORE_MAIN, &key, &value, 0);
}

int store_note_number(store_txn *txn)
{
    int rc = txn->numbered ? 0 : store_guarded(txn->file, call_number, txn, true);
    txn->numbered = txn->numbered || rc == 0;
    return rc;
}

int store_note_put(store_txn *txn, store_tree tree, store_way how, size_t size)
{
    int rc = store_note_number(txn);
    if (rc != 0) {
        return rc;
    }
    store_note_pages(txn, size);
    size_t bytes = weight(txn, how, size);
    txn->dirty_bytes += bytes;
    txn->changed_bytes += bytes;
    if (txn->dirty_bytes < txn->dirty_max || tree == STORE_MAIN) {
        return 0;
    }
    write_out call = {txn->handle, txn->file->tree_names[tree]};
    txn->dirty_bytes = 0;
    return store_guarded(txn->file, call_write_out, &call, true);
}

void store_note_delete(store_txn *txn)
{
    store_note_pages(txn, 0);
    txn->changed_bytes += txn->file->page_bytes;
}
