/*
 * lmdb_calls.c - calls straight on LMDB: a packed struct a row, five index trees of plain keys.
 *
 * Keys have the form that lmdb_rows.c gives the other tables, so a cascade finds calls as it finds
 * anything else. A host knows that ids ascend: it appends rows, and LMDB refuses if that is wrong.
 */
#include "bench/lmdb.h"

#include "bench/measure.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ rows as bytes */

static uint8_t *put_text(uint8_t *out, span text)
{
    if (text.size != 0) {
        memcpy(out, text.data, text.size);
    }
    return out + text.size;
}

size_t lmdb_call_pack(const call_row *row, uint8_t *out)
{
    const span texts[] = {row->request_id, row->prompt_type, row->stop_reason, row->tools_used};
    call_record record = {
        .user = row->user,
        .execution = row->execution,
        .input_tokens = row->input_tokens,
        .output_tokens = row->output_tokens,
        .cache_creation_tokens = row->cache_creation_tokens,
        .cache_read_tokens = row->cache_read_tokens,
        .total_tokens = row->total_tokens,
        .response_time = row->response_time,
        .input_cost = row->input_cost,
        .output_cost = row->output_cost,
        .cache_cost = row->cache_cost,
        .total_cost = row->total_cost,
        .created_at = row->created_at,
        .model_size = (uint8_t)row->model.size,
        .request_size = (uint8_t)row->request_id.size,
        .prompt_size = (uint8_t)row->prompt_type.size,
        .stop_size = (uint8_t)row->stop_reason.size,
        .tools_size = (uint16_t)row->tools_used.size,
    };
    uint8_t *end = put_text(out + sizeof record, row->model);
    for (unsigned i = 0; i < 4; i++) {
        record.nulls |= (uint8_t)((texts[i].data == NULL) << i);
        end = put_text(end, texts[i]);
    }
    memcpy(out, &record, sizeof record);
    return (size_t)(end - out);
}

static span get_text(const char **at, size_t size, bool null)
{
    span text = {null ? NULL : *at, size};
    *at += size;
    return text;
}

void lmdb_call_unpack(int32_t id, const call_record *record, call_row *row)
{
    const char *at = call_model(record);
    *row = (call_row){
        .id = id,
        .user = record->user,
        .execution = record->execution,
        .input_tokens = record->input_tokens,
        .output_tokens = record->output_tokens,
        .cache_creation_tokens = record->cache_creation_tokens,
        .cache_read_tokens = record->cache_read_tokens,
        .total_tokens = record->total_tokens,
        .response_time = record->response_time,
        .input_cost = record->input_cost,
        .output_cost = record->output_cost,
        .cache_cost = record->cache_cost,
        .total_cost = record->total_cost,
        .created_at = record->created_at,
    };
    row->model = get_text(&at, record->model_size, false);
    row->request_id = get_text(&at, record->request_size, (record->nulls & 1) != 0);
    row->prompt_type = get_text(&at, record->prompt_size, (record->nulls & 2) != 0);
    row->stop_reason = get_text(&at, record->stop_size, (record->nulls & 4) != 0);
    row->tools_used = get_text(&at, record->tools_size, (record->nulls & 8) != 0);
}

/* ------------------------------------------------------------------ keys */

static uint8_t *put32(uint8_t *out, int32_t number)
{
    uint32_t turned = __builtin_bswap32((uint32_t)number ^ UINT32_C(1) << 31);
    memcpy(out, &turned, sizeof turned);
    return out + sizeof turned;
}

static uint8_t *put64(uint8_t *out, int64_t number)
{
    uint64_t turned = __builtin_bswap64((uint64_t)number ^ UINT64_C(1) << 63);
    memcpy(out, &turned, sizeof turned);
    return out + sizeof turned;
}

size_t lmdb_call_key(call_tree tree, int32_t id, const call_record *record, uint8_t *key)
{
    uint8_t *at = key;
    switch (tree) {
    case CALL_BY_USER:
        at = put32(at, record->user);
        break;
    case CALL_BY_EXECUTION:
        *at++ = record->execution == 0 ? 2 : 1; /* the column may be NULL */
        at = record->execution == 0 ? at : put32(at, record->execution);
        break;
    case CALL_BY_MODEL:
        memcpy(at, call_model(record), record->model_size);
        at += record->model_size;
        *at++ = 0;
        break;
    case CALL_BY_TIME:
        at = put64(at, record->created_at);
        break;
    case CALL_BY_USER_TIME:
        at = put64(put32(at, record->user), record->created_at);
        break;
    case CALL_ROWS:
    case CALL_TREES:
        break;
    }
    lmdb_id_key(id, at);
    return (size_t)(at - key) + 4;
}

/* ------------------------------------------------------------------ insert and delete */

static void need_row(bench_store *store, MDB_txn *txn, workload_number number, int32_t id)
{
    uint8_t key[4];
    MDB_val unused;
    lmdb_id_key(id, key);
    if (!lmdb_find(txn, lmdb_tree(store, txn, lmdb_table(number), 0), key, sizeof key, &unused)) {
        die("lmdb: a call refers to row %d of %s, which is not there", (int)id,
            workload_tables[number].name);
    }
}

/* Appends when the id is the greatest; in any case refuses one that is there. */
static void put_row(bench_store *store, MDB_txn *txn, int32_t id, const uint8_t *bytes, size_t size)
{
    uint8_t key[4];
    lmdb_id_key(id, key);
    MDB_val put_key = {sizeof key, key};
    MDB_val data = {size, (void *)(uintptr_t)bytes};
    int result = mdb_put(txn, store->calls[CALL_ROWS], &put_key, &data, MDB_APPEND);
    if (result == MDB_KEYEXIST) {
        lmdb_put(txn, store->calls[CALL_ROWS], key, sizeof key, bytes, size, MDB_NOOVERWRITE);
    } else {
        lmdb_must(result, "put");
    }
}

void lmdb_call_insert(bench_store *store, MDB_txn *txn, const call_row *row)
{
    uint8_t bytes[CALL_RECORD_MAX];
    size_t size = lmdb_call_pack(row, bytes);
    const call_record *record = (const call_record *)bytes;
    need_row(store, txn, WORKLOAD_USERS, row->user);
    if (row->execution != 0) {
        need_row(store, txn, WORKLOAD_EXECUTIONS, row->execution);
    }
    put_row(store, txn, row->id, bytes, size);
    for (unsigned tree = 1; tree < CALL_TREES; tree++) {
        uint8_t key[LMDB_KEY_MAX];
        size_t key_size = lmdb_call_key((call_tree)tree, row->id, record, key);
        lmdb_put(txn, store->calls[tree], key, key_size, NULL, 0, 0);
    }
}

void lmdb_call_delete(bench_store *store, MDB_txn *txn, int32_t id)
{
    uint8_t id_key[4];
    uint8_t copy[CALL_RECORD_MAX];
    MDB_val data;
    lmdb_id_key(id, id_key);
    if (!lmdb_find(txn, store->calls[CALL_ROWS], id_key, sizeof id_key, &data)) {
        die("lmdb: there is no call %d", (int)id);
    }
    memcpy(copy, data.mv_data, data.mv_size);
    for (unsigned tree = 1; tree < CALL_TREES; tree++) {
        uint8_t key[LMDB_KEY_MAX];
        size_t size = lmdb_call_key((call_tree)tree, id, (const call_record *)copy, key);
        lmdb_delete(txn, store->calls[tree], key, size);
    }
    lmdb_delete(txn, store->calls[CALL_ROWS], id_key, sizeof id_key);
}

/* ------------------------------------------------------------------ bulk load */

/*
 * Rows are appended as they come. Then one tree after another: its keys are read off the rows,
 * sorted, and appended, which fills its pages. Foreign keys are looked up once for each parent,
 * when the sorted keys come to it. A transaction ends after so many puts, or its list of changed
 * pages overflows.
 */
enum { PUTS_A_TRANSACTION = 200000 };

typedef struct sort_key {
    uint64_t lead; /* the first eight bytes, so that most comparisons are one */
    uint8_t rest[23];
    uint8_t size;
} sort_key;

typedef struct bulk_load {
    bench_session *session;
    MDB_txn *txn;
    uint32_t puts;
    uint32_t rows;
} bulk_load;

static void count_put(bulk_load *load)
{
    if (++load->puts % PUTS_A_TRANSACTION == 0) {
        lmdb_commit(load->txn);
        load->txn = lmdb_begin_write(load->session);
    }
}

static int compare_keys(const void *left, const void *right)
{
    const sort_key *a = left;
    const sort_key *b = right;
    return a->lead != b->lead ? (a->lead > b->lead) - (a->lead < b->lead)
                              : memcmp(a->rest, b->rest, sizeof a->rest);
}

static void set_key(sort_key *to, const uint8_t *bytes, size_t size)
{
    uint8_t whole[31] = {0};
    if (size > sizeof whole) {
        die("lmdb: a key is too long to be sorted");
    }
    memcpy(whole, bytes, size);
    memcpy(&to->lead, whole, sizeof to->lead);
    to->lead = __builtin_bswap64(to->lead);
    memcpy(to->rest, whole + sizeof to->lead, sizeof to->rest);
    to->size = (uint8_t)size;
}

static void get_key(const sort_key *from, uint8_t bytes[31])
{
    uint64_t lead = __builtin_bswap64(from->lead);
    memcpy(bytes, &lead, sizeof lead);
    memcpy(bytes + sizeof lead, from->rest, sizeof from->rest);
}

/* The keys of all rows in one index tree, sorted. */
static sort_key *sorted_keys(bulk_load *load, call_tree tree)
{
    sort_key *keys = allocate(load->rows, sizeof *keys);
    MDB_cursor *cursor;
    MDB_val id;
    MDB_val data;
    uint32_t count = 0;
    bool ascending = true;
    lmdb_must(mdb_cursor_open(load->txn, load->session->store->calls[CALL_ROWS], &cursor),
              "cursor");
    while (mdb_cursor_get(cursor, &id, &data, MDB_NEXT) == 0) {
        uint8_t key[LMDB_KEY_MAX];
        size_t size = lmdb_call_key(tree, lmdb_key_id(id.mv_data), data.mv_data, key);
        set_key(&keys[count], key, size);
        ascending = ascending && (count == 0 || compare_keys(&keys[count - 1], &keys[count]) < 0);
        count++;
    }
    mdb_cursor_close(cursor);
    if (!ascending) {
        qsort(keys, count, sizeof *keys, compare_keys);
    }
    return keys;
}

/* The parent that a key names, at its beginning; 0 for none. */
static int32_t parent_of(call_tree tree, const uint8_t *key)
{
    if (tree == CALL_BY_EXECUTION && key[0] == 2) {
        return 0;
    }
    return (int32_t)((uint32_t)lmdb_key_id(key + (tree == CALL_BY_EXECUTION)) ^ UINT32_C(1) << 31);
}

static void load_tree(bulk_load *load, call_tree tree)
{
    bench_store *store = load->session->store;
    sort_key *keys = sorted_keys(load, tree);
    int32_t last = 0;
    for (uint32_t i = 0; i < load->rows; i++) {
        uint8_t key[31];
        get_key(&keys[i], key);
        if (tree == CALL_BY_USER || tree == CALL_BY_EXECUTION) {
            int32_t parent = parent_of(tree, key);
            if (parent != 0 && parent != last) {
                need_row(store, load->txn,
                         tree == CALL_BY_USER ? WORKLOAD_USERS : WORKLOAD_EXECUTIONS, parent);
                last = parent;
            }
        }
        lmdb_put(load->txn, store->calls[tree], key, keys[i].size, NULL, 0, MDB_APPEND);
        count_put(load);
    }
    free(keys);
}

void lmdb_call_bulk_load(bench_session *session, call_source *source)
{
    bulk_load load = {session, lmdb_begin_write(session), 0, 0};
    const call_row *row;
    while ((row = call_source_next(source)) != NULL) {
        uint8_t bytes[CALL_RECORD_MAX];
        size_t size = lmdb_call_pack(row, bytes);
        put_row(session->store, load.txn, row->id, bytes, size);
        load.rows++;
        count_put(&load);
    }
    for (unsigned tree = 1; tree < CALL_TREES; tree++) {
        load_tree(&load, (call_tree)tree);
    }
    lmdb_commit(load.txn);
}
