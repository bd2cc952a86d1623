/*
 * store/tree.c - trees of plain keys and cursors over them.
 *
 * Every result of LMDB that is no success and no plain "not there" is turned into an error here. A
 * transaction in which a write failed is left to its owner to abort.
 */
#include "store/internal.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static MDB_val to_val(store_bytes bytes)
{
    MDB_val val = {bytes.size, (void *)(uintptr_t)bytes.data};
    return val;
}

static store_bytes from_val(MDB_val val)
{
    store_bytes bytes = {val.mv_data, val.mv_size};
    return bytes;
}

static int fail_write(store_file *file, int rc, bbots_error *error)
{
    if (rc == MDB_MAP_FULL) {
        atomic_store(&file->map_was_full, true);
        return bb_fail(error, BBOTS_MAP_FULL,
                       "file \"%s\" cannot grow past %llu bytes in this transaction", file->path,
                       (unsigned long long)file->map_bytes);
    }
    return store_fail(error, rc, "cannot write");
}

/* Keeps a tree's name, by which its record is found. */
static int note_name(store_file *file, store_tree tree, const char *name, bbots_error *error)
{
    if (tree >= file->tree_count) {
        unsigned count = tree + 64;
        char **names = realloc(file->tree_names, count * sizeof *names);
        if (names == NULL) {
            return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
        }
        memset(names + file->tree_count, 0, (count - file->tree_count) * sizeof *names);
        file->tree_names = names;
        file->tree_count = count;
    }
    if (file->tree_names[tree] == NULL) {
        file->tree_names[tree] = strdup(name);
    }
    return file->tree_names[tree] != NULL ? BBOTS_OK
                                          : bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
}

int store_tree_open(store_txn *txn, const char *name, bool create, store_tree *tree,
                    bbots_error *error)
{
    MDB_dbi handle;
    int rc = mdb_dbi_open(txn->handle, name, create ? MDB_CREATE : 0, &handle);
    if (rc == MDB_NOTFOUND) {
        return BBOTS_NOT_FOUND;
    }
    if (rc != 0) {
        return store_fail(error, rc, "cannot open a tree");
    }
    *tree = handle;
    return note_name(txn->file, handle, name, error);
}

int store_get(store_txn *txn, store_tree tree, store_bytes key, store_bytes *value,
              bbots_error *error)
{
    MDB_val key_val = to_val(key);
    MDB_val found;
    int direct;
    if (store_direct_get(txn, tree, key, value, &direct)) {
        return direct;
    }
    int rc = mdb_get(txn->handle, tree, &key_val, &found);
    if (rc == 0) {
        *value = from_val(found);
        return BBOTS_OK;
    }
    return rc == MDB_NOTFOUND ? BBOTS_NOT_FOUND : store_fail(error, rc, "cannot read");
}

int store_seek(store_txn *txn, store_tree tree, store_bytes key, store_bytes *found_key,
               store_bytes *value, bbots_error *error)
{
    store_cursor cursor;
    if (store_direct_seek(txn, tree, key, found_key, value)) {
        return BBOTS_OK;
    }
    int rc = store_cursor_open(txn, tree, &cursor, error);
    if (rc == BBOTS_OK) {
        rc = store_cursor_seek(&cursor, key, found_key, value, error);
        store_cursor_close(&cursor);
    }
    return rc;
}

static unsigned put_flags(store_put_mode mode)
{
    return mode == STORE_NEW ? MDB_NOOVERWRITE : mode == STORE_APPEND ? MDB_APPEND : 0;
}

static int put_result(store_file *file, int rc, bbots_error *error)
{
    return rc == 0 ? BBOTS_OK : rc == MDB_KEYEXIST ? BBOTS_UNCHANGED : fail_write(file, rc, error);
}

int store_put(store_txn *txn, store_tree tree, store_bytes key, store_bytes value,
              store_put_mode mode, bbots_error *error)
{
    MDB_val key_val = to_val(key);
    MDB_val value_val = to_val(value);
    int rc = mdb_put(txn->handle, tree, &key_val, &value_val, put_flags(mode));
    return put_result(txn->file, rc, error);
}

int store_delete(store_txn *txn, store_tree tree, store_bytes key, bbots_error *error)
{
    MDB_val key_val = to_val(key);
    int rc = mdb_del(txn->handle, tree, &key_val, NULL);
    return rc == 0              ? BBOTS_OK
           : rc == MDB_NOTFOUND ? BBOTS_NOT_FOUND
                                : fail_write(txn->file, rc, error);
}

int store_tree_clear(store_txn *txn, store_tree tree, bbots_error *error)
{
    int rc = mdb_drop(txn->handle, tree, 0);
    return rc == 0 ? BBOTS_OK : fail_write(txn->file, rc, error);
}

int store_tree_count(store_txn *txn, store_tree tree, uint64_t *count, bbots_error *error)
{
    MDB_stat stat;
    int rc = mdb_stat(txn->handle, tree, &stat);
    if (rc != 0) {
        return store_fail(error, rc, "cannot read a tree's record");
    }
    *count = stat.ms_entries;
    return BBOTS_OK;
}

int store_cursor_open(store_txn *txn, store_tree tree, store_cursor *cursor, bbots_error *error)
{
    cursor->txn = txn;
    int rc = mdb_cursor_open(txn->handle, tree, &cursor->handle);
    if (rc != 0) {
        cursor->handle = NULL;
        return store_fail(error, rc, "cannot open a cursor");
    }
    return BBOTS_OK;
}

void store_cursor_close(store_cursor *cursor)
{
    if (cursor->handle != NULL && *cursor->txn->file->alive != 0) {
        mdb_cursor_close(cursor->handle);
    }
    cursor->handle = NULL;
}

static int cursor_get(store_cursor *cursor, MDB_val *key, store_bytes *found_key,
                      store_bytes *value, MDB_cursor_op operation, bbots_error *error)
{
    MDB_val found;
    int rc = mdb_cursor_get(cursor->handle, key, &found, operation);
    if (rc == 0) {
        *found_key = from_val(*key);
        *value = from_val(found);
        return BBOTS_OK;
    }
    return rc == MDB_NOTFOUND ? BBOTS_END : store_fail(error, rc, "cannot read");
}

int store_cursor_seek(store_cursor *cursor, store_bytes key, store_bytes *found_key,
                      store_bytes *value, bbots_error *error)
{
    MDB_val key_val = to_val(key);
    if (key.size == 0) {
        return cursor_get(cursor, &key_val, found_key, value, MDB_FIRST, error);
    }
    return cursor_get(cursor, &key_val, found_key, value, MDB_SET_RANGE, error);
}

int store_cursor_move(store_cursor *cursor, store_step step, store_bytes *key, store_bytes *value,
                      bbots_error *error)
{
    static const MDB_cursor_op operations[] = {MDB_FIRST, MDB_LAST, MDB_NEXT, MDB_PREV};
    MDB_val key_val = {0, NULL};
    return cursor_get(cursor, &key_val, key, value, operations[step], error);
}

int store_cursor_put(store_cursor *cursor, store_bytes key, store_bytes value, store_put_mode mode,
                     bbots_error *error)
{
    MDB_val key_val = to_val(key);
    MDB_val value_val = to_val(value);
    int rc = mdb_cursor_put(cursor->handle, &key_val, &value_val, put_flags(mode));
    return put_result(cursor->txn->file, rc, error);
}

int store_cursor_delete(store_cursor *cursor, store_bytes key, bbots_error *error)
{
    MDB_val key_val = to_val(key);
    MDB_val found;
    int rc = mdb_cursor_get(cursor->handle, &key_val, &found, MDB_SET);
    if (rc == 0) {
        rc = mdb_cursor_del(cursor->handle, 0);
    }
    return rc == 0              ? BBOTS_OK
           : rc == MDB_NOTFOUND ? BBOTS_NOT_FOUND
                                : fail_write(cursor->txn->file, rc, error);
}
