/*
 * engine_lmdb.c - the works straight on LMDB, as a host would write them that wants no library in
 * between: what bbots costs, and what it gains.
 *
 * Nothing is done that SQLite and bbots do not do as well: constraints are checked, cascades are
 * followed, commits wait for the same. Nothing clever is done either: no sorting of a transaction's
 * entries, no reading of pages behind LMDB's back. There are no checksums, counts or digests.
 */
#include "bench/groups.h"
#include "bench/lmdb.h"
#include "bench/measure.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ writes */

static void insert_calls(bench_session *session, const call_row *rows, uint32_t count)
{
    MDB_txn *txn = lmdb_begin_write(session);
    for (uint32_t i = 0; i < count; i++) {
        lmdb_call_insert(session->store, txn, &rows[i]);
    }
    lmdb_commit(txn);
}

static void update_calls(bench_session *session, const uint32_t *ids, const int32_t *times,
                         uint32_t count)
{
    MDB_dbi rows = session->store->calls[CALL_ROWS];
    MDB_txn *txn = lmdb_begin_write(session);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t key[4];
        uint8_t copy[CALL_RECORD_MAX];
        MDB_val data;
        lmdb_id_key((int32_t)ids[i], key);
        if (!lmdb_find(txn, rows, key, sizeof key, &data)) {
            die("lmdb: there is no call %u", (unsigned)ids[i]);
        }
        memcpy(copy, data.mv_data, data.mv_size);
        ((call_record *)copy)->response_time = times[i];
        lmdb_put(txn, rows, key, sizeof key, copy, data.mv_size, 0);
    }
    lmdb_commit(txn);
}

static void delete_row(bench_store *store, MDB_txn *txn, workload_number number, int32_t id);

/*
 * What a deletion does to the rows of one foreign key. The rules are the schema's; that the work has
 * rows for CASCADE in three tables only is no reason not to look into the others.
 */
static void follow(bench_store *store, MDB_txn *txn, bbots_reference reference, int32_t id)
{
    const bbots_table *child = bbots_platform_schema.tables[reference.table];
    int32_t *numbers;
    uint32_t count = lmdb_references(store, txn, reference, id, &numbers);
    bool cascades = child->foreign_keys[reference.foreign_key].on_delete == BBOTS_CASCADE;
    for (uint32_t i = 0; i < count; i++) {
        if (cascades && child == lmdb_table(WORKLOAD_CALLS)) {
            lmdb_call_delete(store, txn, numbers[i]);
        } else if (cascades && child == lmdb_table(WORKLOAD_TASKS)) {
            delete_row(store, txn, WORKLOAD_TASKS, numbers[i]);
        } else if (cascades && child == lmdb_table(WORKLOAD_EXECUTIONS)) {
            delete_row(store, txn, WORKLOAD_EXECUTIONS, numbers[i]);
        } else {
            die("lmdb: row %d is referenced by %s, which the work does not fill", (int)id,
                child->name);
        }
    }
    free(numbers);
}

/* First what goes with the row, then what must not be left, then the row. */
static void delete_row(bench_store *store, MDB_txn *txn, workload_number number, int32_t id)
{
    const bbots_table *table = lmdb_table(number);
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < table->reference_count; i++) {
            bbots_reference reference = table->references[i];
            const bbots_table *child = bbots_platform_schema.tables[reference.table];
            bool cascades = child->foreign_keys[reference.foreign_key].on_delete == BBOTS_CASCADE;
            if (cascades == (pass == 0)) {
                follow(store, txn, reference, id);
            }
        }
    }
    lmdb_row_delete(store, txn, number, id);
}

static void delete_users(bench_session *session, const uint32_t *users, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        MDB_txn *txn = lmdb_begin_write(session);
        delete_row(session->store, txn, WORKLOAD_USERS, (int32_t)users[i]);
        lmdb_commit(txn);
    }
}

/* ------------------------------------------------------------------ reads */

static void read_call(MDB_txn *txn, MDB_dbi rows, uint32_t id, answer *found)
{
    uint8_t key[4];
    MDB_val data;
    lmdb_id_key((int32_t)id, key);
    if (!lmdb_find(txn, rows, key, sizeof key, &data)) {
        die("lmdb: there is no call %u", (unsigned)id);
    }
    const call_record *record = data.mv_data;
    answer_call(found, record->user, record->total_tokens, record->total_cost, call_model(record),
                record->model_size);
}

static void read_calls(bench_session *session, const uint32_t *ids, uint32_t count, bool one_each,
                       answer *found)
{
    MDB_dbi rows = session->store->calls[CALL_ROWS];
    MDB_txn *txn = one_each ? NULL : lmdb_begin_read(session);
    for (uint32_t i = 0; i < count; i++) {
        MDB_txn *own = one_each ? lmdb_begin_read(session) : txn;
        read_call(own, rows, ids[i], found);
        if (one_each) {
            lmdb_end_read(session, own);
        }
    }
    if (!one_each) {
        lmdb_end_read(session, txn);
    }
}

static void find_users(bench_session *session, const span *emails, uint32_t count, answer *found)
{
    const bbots_table *table = lmdb_table(WORKLOAD_USERS);
    unsigned name = (unsigned)bbots_table_column(table, bbots_text_of("name"));
    unsigned by_email = (unsigned)bbots_table_index(table, "users_email_key");
    MDB_txn *txn = lmdb_begin_read(session);
    MDB_dbi rows = lmdb_tree(session->store, txn, table, 0);
    MDB_dbi tree = lmdb_tree(session->store, txn, table, by_email);
    for (uint32_t i = 0; i < count; i++) {
        char key[LMDB_KEY_MAX];
        MDB_val id;
        MDB_val data;
        memcpy(key, emails[i].data, emails[i].size);
        key[emails[i].size] = 0;
        if (!lmdb_find(txn, tree, key, emails[i].size + 1, &id) ||
            !lmdb_find(txn, rows, id.mv_data, id.mv_size, &data)) {
            die("lmdb: an email is not there");
        }
        found->count++;
        found->checksum +=
            (uint64_t)lmdb_key_id(id.mv_data) * 31 + lmdb_row_cell(table, data, name).size;
    }
    lmdb_end_read(session, txn);
}

static void sum_window(MDB_txn *txn, MDB_dbi rows, MDB_cursor *cursor, const window *over,
                       answer *found)
{
    call_record bound = {.user = over->user, .created_at = over->from};
    uint8_t from[LMDB_KEY_MAX];
    uint8_t to[LMDB_KEY_MAX];
    MDB_val key = {lmdb_call_key(CALL_BY_USER_TIME, 0, &bound, from), from};
    MDB_val data;
    bound.created_at = over->to;
    size_t size = lmdb_call_key(CALL_BY_USER_TIME, 0, &bound, to) - 4;
    int result = mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE);
    while (result == 0 && memcmp(key.mv_data, to, size) < 0) {
        const uint8_t *id = (const uint8_t *)key.mv_data + size;
        MDB_val row;
        if (!lmdb_find(txn, rows, id, 4, &row)) {
            die("lmdb: an index entry leads nowhere");
        }
        found->count++;
        found->sum += ((const call_record *)row.mv_data)->total_cost;
        result = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
    }
    lmdb_must(result == MDB_NOTFOUND ? 0 : result, "window");
}

static void sum_windows(bench_session *session, const window *windows, uint32_t count,
                        answer *found)
{
    const bench_store *store = session->store;
    MDB_txn *txn = lmdb_begin_read(session);
    MDB_cursor *cursor;
    lmdb_must(mdb_cursor_open(txn, store->calls[CALL_BY_USER_TIME], &cursor), "cursor");
    for (uint32_t i = 0; i < count; i++) {
        sum_window(txn, store->calls[CALL_ROWS], cursor, &windows[i], found);
    }
    mdb_cursor_close(cursor);
    lmdb_end_read(session, txn);
}

/* ------------------------------------------------------------------ sums over all rows */

static void sum_models(bench_session *session, answer *found)
{
    MDB_txn *txn = lmdb_begin_read(session);
    text_groups all = {0};
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val data;
    int result;
    lmdb_must(mdb_cursor_open(txn, session->store->calls[CALL_ROWS], &cursor), "cursor");
    while ((result = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) == 0) {
        const call_record *record = data.mv_data;
        text_groups_add(&all, call_model(record), record->model_size, record->total_tokens,
                        record->total_cost);
    }
    lmdb_must(result == MDB_NOTFOUND ? 0 : result, "scan");
    mdb_cursor_close(cursor);
    lmdb_end_read(session, txn);
    text_groups_answer(&all, found);
}

static void sum_days(bench_session *session, answer *found)
{
    MDB_txn *txn = lmdb_begin_read(session);
    groups all = {NULL, 0, 0};
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val data;
    int result;
    lmdb_must(mdb_cursor_open(txn, session->store->calls[CALL_ROWS], &cursor), "cursor");
    while ((result = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) == 0) {
        const call_record *record = data.mv_data;
        groups_add(&all, user_day_key(record->user, record->created_at / WORKLOAD_DAY),
                   record->total_tokens, record->total_cost);
    }
    lmdb_must(result == MDB_NOTFOUND ? 0 : result, "scan");
    mdb_cursor_close(cursor);
    lmdb_end_read(session, txn);
    groups_answer(&all, found);
}

const bench_engine engine_lmdb = {
    .name = "lmdb",
    .tuning = "straight: packed structs, a tree for each index; DURABLE: LMDB's default, RELAXED: "
              "MDB_NOMETASYNC",
    .open = lmdb_open,
    .close = lmdb_close,
    .attach = lmdb_attach,
    .detach = lmdb_detach,
    .load = lmdb_row_load,
    .state = lmdb_state,
    .bulk_load = lmdb_call_bulk_load,
    .insert_calls = insert_calls,
    .read_calls = read_calls,
    .find_users = find_users,
    .sum_windows = sum_windows,
    .sum_models = sum_models,
    .sum_days = sum_days,
    .delete_users = delete_users,
    .update_calls = update_calls,
};
