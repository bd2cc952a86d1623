/*
 * lmdb.c - a store straight on LMDB: opened, and read back whole.
 *
 * Reading back proves the index trees too: every entry that a row must have is there, and there
 * are no more entries than that.
 */
#include "bench/lmdb.h"

#include "bench/measure.h"

#include <bbots/platform/agency_tasks.h>
#include <bbots/platform/api_token_usage.h>
#include <bbots/platform/task_executions.h>
#include <bbots/platform/users.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lmdb_must(int result, const char *what)
{
    if (result != 0) {
        die("lmdb: %s: %s", what, mdb_strerror(result));
    }
}

const bbots_table *lmdb_table(workload_number number)
{
    static const bbots_table *const tables[WORKLOAD_TABLES] = {
        &bbots_users_table, &bbots_agency_tasks_table, &bbots_task_executions_table,
        &bbots_api_token_usage_table};
    return tables[number];
}

/* ------------------------------------------------------------------ trees */

MDB_dbi lmdb_tree(bench_store *store, MDB_txn *txn, const bbots_table *table, unsigned index)
{
    MDB_dbi *tree = &store->trees[table->number][index];
    if (index >= LMDB_INDEXES_MAX) {
        die("lmdb: %s has too many indexes", table->name);
    }
    if (*tree == 0) {
        const char *name = index == 0 ? table->name : table->indexes[index].name;
        lmdb_must(mdb_dbi_open(txn, name, 0, tree), name);
    }
    return *tree;
}

/* All tables and indexes of the schema: a file of 92 tables, as on the other sides. */
static void make_trees(bench_store *store)
{
    MDB_txn *txn;
    lmdb_must(mdb_txn_begin(store->env, NULL, 0, &txn), "begin");
    for (uint32_t t = 0; t < bbots_platform_schema.table_count; t++) {
        const bbots_table *table = bbots_platform_schema.tables[t];
        for (unsigned i = 0; i < table->index_count; i++) {
            const char *name = i == 0 ? table->name : table->indexes[i].name;
            lmdb_must(mdb_dbi_open(txn, name, MDB_CREATE, &store->trees[t][i]), name);
        }
    }
    lmdb_commit(txn);
}

/* The trees that every work needs; handles are not free, so the others wait. */
static void open_trees(bench_store *store)
{
    static const char *const names[CALL_TREES] = {
        [CALL_BY_USER] = "api_token_usage_user_id_idx",
        [CALL_BY_EXECUTION] = "api_token_usage_execution_id_idx",
        [CALL_BY_MODEL] = "api_token_usage_model_idx",
        [CALL_BY_TIME] = "api_token_usage_created_at_idx",
        [CALL_BY_USER_TIME] = "api_token_usage_user_created_idx"};
    const bbots_table *calls = lmdb_table(WORKLOAD_CALLS);
    const bbots_table *users = lmdb_table(WORKLOAD_USERS);
    MDB_txn *txn;
    lmdb_must(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn), "begin");
    store->calls[CALL_ROWS] = lmdb_tree(store, txn, calls, 0);
    for (unsigned i = 1; i < CALL_TREES; i++) {
        int index = bbots_table_index(calls, names[i]);
        store->calls[i] = lmdb_tree(store, txn, calls, (unsigned)index);
    }
    lmdb_tree(store, txn, users, 0);
    lmdb_tree(store, txn, users, (unsigned)bbots_table_index(users, "users_email_key"));
    lmdb_tree(store, txn, lmdb_table(WORKLOAD_EXECUTIONS), 0);
    lmdb_commit(txn); /* keeps the handles */
}

/* ------------------------------------------------------------------ open and close */

bench_store *lmdb_open(const char *path, bool create, durability level)
{
    bench_store *store = allocate(1, sizeof *store);
    const char *map_mib = getenv("BBOTS_BENCH_MAP_MIB"); /* valgrind cannot map 64 GiB */
    store->trees = allocate(bbots_platform_schema.table_count, sizeof *store->trees);
    lmdb_must(mdb_env_create(&store->env), path);
    lmdb_must(mdb_env_set_maxdbs(store->env, 1024), path);
    lmdb_must(
        mdb_env_set_mapsize(store->env,
                            (size_t)(map_mib != NULL ? strtoull(map_mib, NULL, 10) : 65536) << 20),
        path);
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (level != DURABLE ? MDB_NOMETASYNC : 0);
    lmdb_must(mdb_env_open(store->env, path, flags, 0600), path);
    if (create) {
        make_trees(store);
    }
    open_trees(store);
    return store;
}

void lmdb_close(bench_store *store)
{
    mdb_env_close(store->env);
    free(store->trees);
    free(store);
}

bench_session *lmdb_attach(bench_store *store)
{
    bench_session *session = allocate(1, sizeof *session);
    session->store = store;
    return session;
}

void lmdb_detach(bench_session *session)
{
    mdb_txn_abort(session->resting);
    free(session);
}

/* ------------------------------------------------------------------ transactions, keys, values */

MDB_txn *lmdb_begin_read(bench_session *session)
{
    MDB_txn *txn = session->resting;
    session->resting = NULL;
    lmdb_must(txn != NULL ? mdb_txn_renew(txn)
                          : mdb_txn_begin(session->store->env, NULL, MDB_RDONLY, &txn),
              "begin");
    return txn;
}

void lmdb_end_read(bench_session *session, MDB_txn *txn)
{
    mdb_txn_reset(txn);
    session->resting = txn;
}

MDB_txn *lmdb_begin_write(bench_session *session)
{
    MDB_txn *txn = NULL;
    lmdb_must(mdb_txn_begin(session->store->env, NULL, 0, &txn), "begin");
    return txn;
}

void lmdb_commit(MDB_txn *txn)
{
    lmdb_must(mdb_txn_commit(txn), "commit");
}

bool lmdb_find(MDB_txn *txn, MDB_dbi tree, const void *key, size_t size, MDB_val *value)
{
    MDB_val wanted = {size, (void *)(uintptr_t)key};
    int result = mdb_get(txn, tree, &wanted, value);
    if (result != MDB_NOTFOUND) {
        lmdb_must(result, "get");
    }
    return result == 0;
}

void lmdb_put(MDB_txn *txn, MDB_dbi tree, const void *key, size_t key_size, const void *data,
              size_t size, unsigned flags)
{
    MDB_val put_key = {key_size, (void *)(uintptr_t)key};
    MDB_val put_data = {size, (void *)(uintptr_t)data};
    lmdb_must(mdb_put(txn, tree, &put_key, &put_data, flags), "put");
}

void lmdb_delete(MDB_txn *txn, MDB_dbi tree, const void *key, size_t size)
{
    MDB_val wanted = {size, (void *)(uintptr_t)key};
    lmdb_must(mdb_del(txn, tree, &wanted, NULL), "delete");
}

void lmdb_id_key(int32_t id, uint8_t key[4])
{
    uint32_t number = __builtin_bswap32((uint32_t)id);
    memcpy(key, &number, sizeof number);
}

int32_t lmdb_key_id(const void *key)
{
    uint32_t number;
    memcpy(&number, key, sizeof number);
    return (int32_t)__builtin_bswap32(number);
}

/* ------------------------------------------------------------------ state */

static uint64_t mix_cell(uint64_t mixed, const cell *from)
{
    switch (from->kind) {
    case CELL_NULL:
        return mix_number(mixed, MIX_NULL);
    case CELL_TEXT:
    case CELL_JSON:
    case CELL_UUID:
        return mix_bytes(mixed, from->data, from->size);
    case CELL_INTEGER:
    case CELL_BOOLEAN:
    case CELL_COST:
    case CELL_TIMESTAMP:
        break;
    }
    return mix_number(mixed, from->number);
}

static void need_entry(MDB_txn *txn, MDB_dbi tree, const uint8_t *key, size_t size)
{
    MDB_val unused;
    if (!lmdb_find(txn, tree, key, size, &unused)) {
        die("lmdb: a row has no entry in an index tree");
    }
}

static uint64_t parent_state(bench_store *store, MDB_txn *txn, const bbots_table *table, int32_t id,
                             MDB_val data)
{
    full_row row;
    uint64_t mixed = 0;
    lmdb_row_read(table, data, &row);
    for (unsigned c = 0; c < table->column_count; c++) {
        mixed = mix_cell(mixed, &row.cells[c]);
    }
    for (unsigned i = 1; i < table->index_count; i++) {
        uint8_t key[LMDB_KEY_MAX];
        bool unique;
        size_t size = lmdb_row_key(table, &table->indexes[i], &row, id, key, &unique);
        need_entry(txn, lmdb_tree(store, txn, table, i), key, size);
    }
    return mixed;
}

static uint64_t call_state(bench_store *store, MDB_txn *txn, int32_t id, MDB_val data,
                           answer *found)
{
    const call_record *record = data.mv_data;
    call_row row;
    cell cells[WORKLOAD_CELLS_MAX];
    uint64_t mixed = 0;
    lmdb_call_unpack(id, record, &row);
    call_cells(&row, cells);
    for (unsigned c = 0; c < workload_tables[WORKLOAD_CALLS].column_count; c++) {
        mixed = mix_cell(mixed, &cells[c]);
    }
    for (unsigned i = 1; i < CALL_TREES; i++) {
        uint8_t key[LMDB_KEY_MAX];
        need_entry(txn, store->calls[i], key, lmdb_call_key((call_tree)i, id, record, key));
    }
    found->sum += record->total_cost;
    return mixed;
}

static void table_state(bench_store *store, MDB_txn *txn, workload_number number, answer *found)
{
    const bbots_table *table = lmdb_table(number);
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val data;
    uint64_t rows = 0;
    int result;
    lmdb_must(mdb_cursor_open(txn, lmdb_tree(store, txn, table, 0), &cursor), "cursor");
    while ((result = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) == 0) {
        int32_t id = lmdb_key_id(key.mv_data);
        found->checksum += number == WORKLOAD_CALLS ? call_state(store, txn, id, data, found)
                                                    : parent_state(store, txn, table, id, data);
        rows++;
    }
    lmdb_must(result == MDB_NOTFOUND ? 0 : result, "scan");
    mdb_cursor_close(cursor);
    found->count += rows;
    for (unsigned i = 1; i < table->index_count; i++) {
        MDB_stat stat;
        bool kept = (table->indexes[i].flags & BBOTS_INDEX_ONCE) == 0; /* libbbots' own affair */
        lmdb_must(mdb_stat(txn, lmdb_tree(store, txn, table, i), &stat), "stat");
        if (stat.ms_entries != (kept ? rows : 0)) {
            die("lmdb: index %s has entries of no row", table->indexes[i].name);
        }
    }
}

void lmdb_state(bench_session *session, answer *found)
{
    MDB_txn *txn;
    lmdb_must(mdb_txn_begin(session->store->env, NULL, MDB_RDONLY, &txn), "begin");
    for (unsigned i = 0; i < WORKLOAD_TABLES; i++) {
        table_state(session->store, txn, (workload_number)i, found);
    }
    lmdb_commit(txn); /* keeps the handles that it opened */
}
