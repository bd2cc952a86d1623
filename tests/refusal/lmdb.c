/*
 * tests/refusal/lmdb.c - calls of LMDB that fail as they do in a damaged file; see refusal.h.
 *
 * The program's own functions stand in place of LMDB's, as in system.c, for what reads and writes
 * trees: each may find at any time that a page does not hold together. A commit that fails has ended
 * its transaction. And reads that seem to succeed: of a value that is not what was written, or with an
 * entry that has gone.
 */
#include "refusal.h"

#include <dlfcn.h>
#include <lmdb.h>

enum {
    TXN_BEGIN,
    TXN_RENEW,
    TXN_COMMIT,
    TREE_OPEN,
    TREE_STAT,
    TREE_DROP,
    GET,
    PUT,
    DELETE,
    CURSOR_OPEN,
    CURSOR_GET,
    CURSOR_PUT,
    CURSOR_DELETE,
    CALLS
};

enum { SPOILED_MAX = 64, SPOILED_BYTES = 1 << 16 };

static const char *const names[CALLS] = {
    "mdb_txn_begin",  "mdb_txn_renew",  "mdb_txn_commit", "mdb_dbi_open", "mdb_stat",
    "mdb_drop",       "mdb_get",        "mdb_put",        "mdb_del",      "mdb_cursor_open",
    "mdb_cursor_get", "mdb_cursor_put", "mdb_cursor_del"};

static union {
    void *found;
    int (*txn_begin)(MDB_env *, MDB_txn *, unsigned, MDB_txn **);
    int (*txn_end)(MDB_txn *);
    int (*tree_open)(MDB_txn *, const char *, unsigned, MDB_dbi *);
    int (*tree_stat)(MDB_txn *, MDB_dbi, MDB_stat *);
    int (*tree_drop)(MDB_txn *, MDB_dbi, int);
    int (*pair)(MDB_txn *, MDB_dbi, MDB_val *, MDB_val *);
    int (*put)(MDB_txn *, MDB_dbi, MDB_val *, MDB_val *, unsigned);
    int (*cursor_open)(MDB_txn *, MDB_dbi, MDB_cursor **);
    int (*cursor_get)(MDB_cursor *, MDB_val *, MDB_val *, MDB_cursor_op);
    int (*cursor_put)(MDB_cursor *, MDB_val *, MDB_val *, unsigned);
    int (*cursor_delete)(MDB_cursor *, unsigned);
} beneath[CALLS];

__attribute__((constructor)) static void look_up(void)
{
    for (unsigned i = 0; i < CALLS; i++) {
        beneath[i].found = dlsym(RTLD_NEXT, names[i]);
    }
}

static bool refuses(unsigned call)
{
    return system_refuses(REFUSE_LMDB, names[call], MDB_CORRUPTED);
}

#define INSTEAD(call, form, ...) (refuses(call) ? MDB_CORRUPTED : beneath[call].form(__VA_ARGS__))

/* A value that came is another one, in memory that stays for a while. */
static void spoil(MDB_val *value)
{
    static uint8_t copies[SPOILED_MAX][SPOILED_BYTES];
    static unsigned next;
    if (value == NULL || value->mv_size == 0 || value->mv_size > SPOILED_BYTES) {
        return;
    }
    if (system_refuses(REFUSE_VALUE_FLIPPED, "a value", 0)) {
        uint8_t *copy = copies[next++ % SPOILED_MAX];
        memcpy(copy, value->mv_data, value->mv_size);
        copy[value->mv_size / 2] ^= 0x10;
        value->mv_data = copy;
    } else if (system_refuses(REFUSE_VALUE_CUT, "half a value", 0)) {
        value->mv_size /= 2;
    }
}

/* What a read gives that had an answer, or failed. */
static int as_read(int rc, MDB_val *value)
{
    if (rc == 0 && system_refuses(REFUSE_ENTRY, "an entry", 0)) {
        return MDB_NOTFOUND;
    }
    if (rc == 0) {
        spoil(value);
    }
    return rc;
}

BBOTS_API int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
    return INSTEAD(TXN_BEGIN, txn_begin, env, parent, flags, txn);
}

BBOTS_API int mdb_txn_renew(MDB_txn *txn)
{
    return INSTEAD(TXN_RENEW, txn_end, txn);
}

BBOTS_API int mdb_txn_commit(MDB_txn *txn)
{
    if (refuses(TXN_COMMIT)) {
        mdb_txn_abort(txn);
        return MDB_CORRUPTED;
    }
    return beneath[TXN_COMMIT].txn_end(txn);
}

BBOTS_API int mdb_dbi_open(MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *tree)
{
    return INSTEAD(TREE_OPEN, tree_open, txn, name, flags, tree);
}

BBOTS_API int mdb_stat(MDB_txn *txn, MDB_dbi tree, MDB_stat *stat)
{
    return INSTEAD(TREE_STAT, tree_stat, txn, tree, stat);
}

BBOTS_API int mdb_drop(MDB_txn *txn, MDB_dbi tree, int remove)
{
    return INSTEAD(TREE_DROP, tree_drop, txn, tree, remove);
}

BBOTS_API int mdb_get(MDB_txn *txn, MDB_dbi tree, MDB_val *key, MDB_val *data)
{
    return as_read(INSTEAD(GET, pair, txn, tree, key, data), data);
}

BBOTS_API int mdb_put(MDB_txn *txn, MDB_dbi tree, MDB_val *key, MDB_val *data, unsigned flags)
{
    return INSTEAD(PUT, put, txn, tree, key, data, flags);
}

BBOTS_API int mdb_del(MDB_txn *txn, MDB_dbi tree, MDB_val *key, MDB_val *data)
{
    return INSTEAD(DELETE, pair, txn, tree, key, data);
}

BBOTS_API int mdb_cursor_open(MDB_txn *txn, MDB_dbi tree, MDB_cursor **cursor)
{
    return INSTEAD(CURSOR_OPEN, cursor_open, txn, tree, cursor);
}

BBOTS_API int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data, MDB_cursor_op where)
{
    return as_read(INSTEAD(CURSOR_GET, cursor_get, cursor, key, data, where), data);
}

BBOTS_API int mdb_cursor_put(MDB_cursor *cursor, MDB_val *key, MDB_val *data, unsigned flags)
{
    return INSTEAD(CURSOR_PUT, cursor_put, cursor, key, data, flags);
}

BBOTS_API int mdb_cursor_del(MDB_cursor *cursor, unsigned flags)
{
    return INSTEAD(CURSOR_DELETE, cursor_delete, cursor, flags);
}
