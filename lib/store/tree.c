/*
 * store/tree.c - trees of plain keys and cursors over them.
 *
 * Every result of LMDB that is no success and no plain "not there" is turned into an error here. A
 * transaction in which a write failed is left to its owner to abort.
 */
#include "store/internal.h"

#include "base/bytes.h"
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
    rc = store_write_result(file, rc);
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

/* ------------------------------------------------------------------ calls into LMDB */

typedef struct tree_call {
    store_file *file;
    store_txn *reader; /* of a look-up: direct.c may answer it */
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_dbi tree;
    const char *name;
    MDB_val key;
    MDB_val value;
    MDB_cursor_op operation;
    MDB_val last; /* the key before, of a cursor whose keys stay where they are */
    unsigned flags;
    MDB_stat stat;
} tree_call;

static tree_call call_of(store_txn *txn, store_tree tree)
{
    tree_call call = {.file = txn->file, .txn = txn->handle, .tree = tree};
    return call;
}

/* Keys that are longer than any can be come from a damaged page. */
static int found(const tree_call *call, int rc)
{
    if (rc == 0) {
        if (call->key.mv_size > PAGES_KEY_MAX) {
            return MDB_CORRUPTED;
        }
        store_touch(call->file, &call->value);
    }
    return rc;
}

static int call_open(void *arguments)
{
    tree_call *call = arguments;
    return mdb_dbi_open(call->txn, call->name, call->flags, &call->tree);
}

static int call_get(void *arguments)
{
    tree_call *call = arguments;
    store_bytes value;
    int direct;
    if (call->file->guarded &&
        store_direct_get(call->reader, call->tree, from_val(call->key), &value, &direct)) {
        call->value = to_val(value);
        return direct == BBOTS_OK ? found(call, 0) : MDB_NOTFOUND;
    }
    return found(call, mdb_get(call->txn, call->tree, &call->key, &call->value));
}

/* Several look-ups of a reader; only direct.c has a way to do them together. */
typedef struct many_call {
    store_txn *reader;
    store_tree tree;
    store_pair *pairs;
    unsigned count;
} many_call;

static int call_get_many(void *arguments)
{
    many_call *call = arguments;
    if (!store_direct_get_many(call->reader, call->tree, call->pairs, call->count)) {
        return MDB_NOTFOUND;
    }
    for (unsigned i = 0; i < call->count; i++) {
        MDB_val value = to_val(call->pairs[i].value);
        if (value.mv_data != NULL) {
            store_touch(call->reader->file, &value);
        }
    }
    return 0;
}

static int call_put(void *arguments)
{
    tree_call *call = arguments;
    return mdb_put(call->txn, call->tree, &call->key, &call->value, call->flags);
}

static int call_delete(void *arguments)
{
    tree_call *call = arguments;
    return mdb_del(call->txn, call->tree, &call->key, NULL);
}

static int call_clear(void *arguments)
{
    tree_call *call = arguments;
    return mdb_drop(call->txn, call->tree, 0);
}

static int call_stat(void *arguments)
{
    tree_call *call = arguments;
    return mdb_stat(call->txn, call->tree, &call->stat);
}

static int call_cursor_open(void *arguments)
{
    tree_call *call = arguments;
    return mdb_cursor_open(call->txn, call->tree, &call->cursor);
}

static int call_cursor_close(void *arguments)
{
    tree_call *call = arguments;
    mdb_cursor_close(call->cursor);
    return 0;
}

/* In damaged pages a way can lead in a circle: each step has to come nearer to the end. */
static bool is_in_order(const tree_call *call)
{
    if (call->last.mv_data == NULL ||
        (call->operation != MDB_NEXT && call->operation != MDB_PREV)) {
        return true;
    }
    int order = page_key_compare(call->key.mv_data, call->key.mv_size, call->last.mv_data,
                                 call->last.mv_size);
    return call->operation == MDB_NEXT ? order > 0 : order < 0;
}

static int call_cursor_get(void *arguments)
{
    tree_call *call = arguments;
    int rc = found(call, mdb_cursor_get(call->cursor, &call->key, &call->value, call->operation));
    return rc == 0 && !is_in_order(call) ? MDB_CORRUPTED : rc;
}

static int call_cursor_put(void *arguments)
{
    tree_call *call = arguments;
    return mdb_cursor_put(call->cursor, &call->key, &call->value, call->flags);
}

static int call_cursor_delete(void *arguments)
{
    tree_call *call = arguments;
    int rc = mdb_cursor_get(call->cursor, &call->key, &call->value, MDB_SET);
    return rc == 0 ? mdb_cursor_del(call->cursor, 0) : rc;
}

/* ------------------------------------------------------------------ trees */

int store_tree_open(store_txn *txn, const char *name, bool create, store_tree *tree,
                    bbots_error *error)
{
    tree_call call = call_of(txn, 0);
    call.name = name;
    call.flags = create ? MDB_CREATE : 0;
    int rc = create ? store_note_number(txn) : 0;
    if (rc == 0) {
        rc = store_guarded(txn->file, call_open, &call, create);
    }
    if (rc == MDB_NOTFOUND) {
        return BBOTS_NOT_FOUND;
    }
    if (rc != 0) {
        return store_fail(error, rc, "cannot open a tree");
    }
    *tree = call.tree;
    return note_name(txn->file, call.tree, name, error);
}

int store_get(store_txn *txn, store_tree tree, store_bytes key, store_bytes *value,
              bbots_error *error)
{
    int direct;
    if (!txn->file->guarded && store_direct_get(txn, tree, key, value, &direct)) {
        return direct;
    }
    tree_call call = call_of(txn, tree);
    call.reader = txn;
    call.key = to_val(key);
    int rc = store_guarded(txn->file, call_get, &call, false);
    if (rc == 0) {
        *value = from_val(call.value);
        return BBOTS_OK;
    }
    return rc == MDB_NOTFOUND ? BBOTS_NOT_FOUND : store_fail(error, rc, "cannot read");
}

int store_get_many(store_txn *txn, store_tree tree, store_pair *pairs, unsigned count,
                   bbots_error *error)
{
    many_call call = {txn, tree, pairs, count};
    int rc = BBOTS_OK;
    if (count > 1 && store_guarded(txn->file, call_get_many, &call, false) == 0) {
        return BBOTS_OK;
    }
    for (unsigned i = 0; i < count && rc >= 0; i++) {
        rc = store_get(txn, tree, pairs[i].key, &pairs[i].value, error);
        if (rc == BBOTS_NOT_FOUND) {
            pairs[i].value = (store_bytes){NULL, 0};
        }
    }
    return rc < 0 ? rc : BBOTS_OK;
}

int store_seek(store_txn *txn, store_tree tree, store_bytes key, store_bytes *found_key,
               store_bytes *value, bbots_error *error)
{
    store_cursor cursor;
    if (!txn->file->guarded && store_direct_seek(txn, tree, key, found_key, value)) {
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
    tree_call call = call_of(txn, tree);
    call.key = to_val(key);
    call.value = to_val(value);
    call.flags = put_flags(mode);
    int rc =
        store_note_put(txn, tree, mode == STORE_APPEND ? STORE_PUT_APPENDED : STORE_PUT_ANYWHERE,
                       key.size + value.size);
    if (rc == 0) {
        rc = store_guarded(txn->file, call_put, &call, true);
    }
    return put_result(txn->file, rc, error);
}

int store_delete(store_txn *txn, store_tree tree, store_bytes key, bbots_error *error)
{
    tree_call call = call_of(txn, tree);
    call.key = to_val(key);
    store_note_delete(txn);
    int rc = store_guarded(txn->file, call_delete, &call, true);
    return rc == 0              ? BBOTS_OK
           : rc == MDB_NOTFOUND ? BBOTS_NOT_FOUND
                                : fail_write(txn->file, rc, error);
}

int store_tree_clear(store_txn *txn, store_tree tree, bbots_error *error)
{
    tree_call call = call_of(txn, tree);
    store_note_delete(txn);
    int rc = store_guarded(txn->file, call_clear, &call, true);
    return rc == 0 ? BBOTS_OK : fail_write(txn->file, rc, error);
}

/* A key lies behind its node's header, whose flags say what the value is (pages/page.h). */
bool store_is_tree_record(store_bytes key)
{
    const uint8_t *node = (const uint8_t *)key.data - PAGES_NODE_HEADER;
    return (bb_load16(node + 4) & PAGES_TREE) != 0;
}

int store_tree_count(store_txn *txn, store_tree tree, uint64_t *count, bbots_error *error)
{
    tree_call call = call_of(txn, tree);
    int rc = store_guarded(txn->file, call_stat, &call, false);
    if (rc != 0) {
        return store_fail(error, rc, "cannot read a tree's record");
    }
    *count = call.stat.ms_entries;
    return BBOTS_OK;
}

int store_cursor_open(store_txn *txn, store_tree tree, store_cursor *cursor, bbots_error *error)
{
    cursor->txn = txn;
    cursor->last = (store_bytes){NULL, 0};
    tree_call call = call_of(txn, tree);
    int rc = store_guarded(txn->file, call_cursor_open, &call, false);
    cursor->handle = call.cursor;
    if (rc != 0) {
        cursor->handle = NULL;
        return store_fail(error, rc, "cannot open a cursor");
    }
    return BBOTS_OK;
}

void store_cursor_close(store_cursor *cursor)
{
    if (cursor->handle != NULL && *cursor->txn->file->alive != 0) {
        tree_call call = {.file = cursor->txn->file, .cursor = cursor->handle};
        store_guarded_end(cursor->txn->file, call_cursor_close, &call);
    }
    cursor->handle = NULL;
}

static int cursor_get(store_cursor *cursor, MDB_val key, store_bytes *found_key, store_bytes *value,
                      MDB_cursor_op operation, bbots_error *error)
{
    store_file *file = cursor->txn->file;
    tree_call call = {.file = file, .cursor = cursor->handle, .key = key, .operation = operation};
    call.last = to_val(cursor->last);
    int rc = store_guarded(file, call_cursor_get, &call, false);
    if (rc == 0 && !cursor->txn->write) {
        cursor->last = from_val(call.key);
    }
    if (rc == 0) {
        *found_key = from_val(call.key);
        *value = from_val(call.value);
        return BBOTS_OK;
    }
    return rc == MDB_NOTFOUND ? BBOTS_END : store_fail(error, rc, "cannot read");
}

int store_cursor_seek(store_cursor *cursor, store_bytes key, store_bytes *found_key,
                      store_bytes *value, bbots_error *error)
{
    MDB_val key_val = to_val(key);
    if (key.size == 0) {
        return cursor_get(cursor, key_val, found_key, value, MDB_FIRST, error);
    }
    return cursor_get(cursor, key_val, found_key, value, MDB_SET_RANGE, error);
}

int store_cursor_seek_behind(store_cursor *cursor, store_bytes key, store_bytes *found_key,
                             store_bytes *value, bbots_error *error)
{
    int rc = store_cursor_seek(cursor, key, found_key, value, error);
    if (rc == BBOTS_OK && key.size != 0 && found_key->size == key.size &&
        memcmp(found_key->data, key.data, key.size) == 0) {
        rc = store_cursor_move(cursor, STORE_NEXT, found_key, value, error);
    }
    return rc;
}

int store_next(store_txn *txn, store_tree tree, uint8_t key[], size_t *size, store_bytes *value,
               bbots_error *error)
{
    store_bytes before = {key, *size};
    store_bytes found_key;
    store_cursor cursor;
    int rc = store_cursor_open(txn, tree, &cursor, error);
    if (rc == BBOTS_OK) {
        rc = store_cursor_seek_behind(&cursor, before, &found_key, value, error);
        store_cursor_close(&cursor);
    }
    if (rc == BBOTS_OK) {
        memcpy(key, found_key.data, found_key.size);
        *size = found_key.size;
    }
    return rc;
}

int store_cursor_move(store_cursor *cursor, store_step step, store_bytes *key, store_bytes *value,
                      bbots_error *error)
{
    static const MDB_cursor_op operations[] = {MDB_FIRST, MDB_LAST, MDB_NEXT, MDB_PREV};
    MDB_val key_val = {0, NULL};
    return cursor_get(cursor, key_val, key, value, operations[step], error);
}

int store_cursor_put(store_cursor *cursor, store_bytes key, store_bytes value, store_put_mode mode,
                     bbots_error *error)
{
    tree_call call = {.file = cursor->txn->file,
                      .cursor = cursor->handle,
                      .key = to_val(key),
                      .value = to_val(value),
                      .flags = put_flags(mode)};
    int rc = store_note_put(cursor->txn, mdb_cursor_dbi(cursor->handle),
                            mode == STORE_APPEND ? STORE_PUT_APPENDED : STORE_PUT_ORDERED,
                            key.size + value.size);
    if (rc == 0) {
        rc = store_guarded(cursor->txn->file, call_cursor_put, &call, true);
    }
    return put_result(cursor->txn->file, rc, error);
}

int store_cursor_delete(store_cursor *cursor, store_bytes key, bbots_error *error)
{
    tree_call call = {.file = cursor->txn->file, .cursor = cursor->handle, .key = to_val(key)};
    store_note_delete(cursor->txn);
    int rc = store_guarded(cursor->txn->file, call_cursor_delete, &call, true);
    return rc == 0              ? BBOTS_OK
           : rc == MDB_NOTFOUND ? BBOTS_NOT_FOUND
                                : fail_write(cursor->txn->file, rc, error);
}
