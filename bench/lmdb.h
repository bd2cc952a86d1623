/*
 * lmdb.h - what the files of the LMDB engine share: a store without bbots, as a careful host would
 * write it by hand.
 *
 * Every table of the schema has a tree of rows and every index a tree of its own, by name, as in
 * SQLite. Calls, of which the works are, have packed rows and five index trees written out by hand
 * (lmdb_calls.c). Users, tasks and executions go through a short generic form (lmdb_rows.c); what
 * is stored is the same, every column and every index.
 */
#ifndef BENCH_LMDB_H
#define BENCH_LMDB_H

#include "bench/engine.h"

#include <bbots/schema.h>
#include <lmdb.h>

/* The trees of api_token_usage: rows, and the five documented indexes in their order. */
typedef enum call_tree {
    CALL_ROWS,
    CALL_BY_USER,
    CALL_BY_EXECUTION,
    CALL_BY_MODEL,
    CALL_BY_TIME,
    CALL_BY_USER_TIME,
    CALL_TREES
} call_tree;

enum { LMDB_KEY_MAX = 511, LMDB_INDEXES_MAX = 32 };

struct bench_store {
    MDB_env *env;
    MDB_dbi calls[CALL_TREES];
    /* By table and index, [0] the rows; 0 where a tree was not needed yet. */
    MDB_dbi (*trees)[LMDB_INDEXES_MAX];
};

struct bench_session {
    bench_store *store;
    MDB_txn *resting; /* a read transaction that rests between two uses, or NULL */
};

/* ------------------------------------------------------------------ lmdb.c */

/* Ends the run unless LMDB's result is success. */
void lmdb_must(int result, const char *what);

bench_store *lmdb_open(const char *path, bool create, durability level);
void lmdb_close(bench_store *store);
bench_session *lmdb_attach(bench_store *store);
void lmdb_detach(bench_session *session);

MDB_txn *lmdb_begin_read(bench_session *session);
void lmdb_end_read(bench_session *session, MDB_txn *txn);
MDB_txn *lmdb_begin_write(bench_session *session);
void lmdb_commit(MDB_txn *txn);

/* The tree of an index of a table; 0 is the rows' own. Opened when it is first asked for. */
MDB_dbi lmdb_tree(bench_store *store, MDB_txn *txn, const bbots_table *table, unsigned index);

/* One of the four tables of the work. */
const bbots_table *lmdb_table(workload_number number);

/* Reads a value; false when the key is not there. */
bool lmdb_find(MDB_txn *txn, MDB_dbi tree, const void *key, size_t size, MDB_val *value);

void lmdb_put(MDB_txn *txn, MDB_dbi tree, const void *key, size_t key_size, const void *data,
              size_t size, unsigned flags);
void lmdb_delete(MDB_txn *txn, MDB_dbi tree, const void *key, size_t size);

/* A row's key: its number, big endian. */
void lmdb_id_key(int32_t id, uint8_t key[4]);
int32_t lmdb_key_id(const void *key);

void lmdb_state(bench_session *session, answer *found);

/* ------------------------------------------------------------------ lmdb_rows.c */

/* All columns of a table: numbers, bytes, NULLs. */
typedef struct full_row {
    cell cells[BBOTS_COLUMNS_MAX];
} full_row;

void lmdb_row_load(bench_session *session, const workload *data, workload_number number);
void lmdb_row_read(const bbots_table *table, MDB_val data, full_row *row);

/* One column of a stored row. */
cell lmdb_row_cell(const bbots_table *table, MDB_val data, unsigned column);

/* The key of a row in an index tree; *unique: nothing but the row's number is stored under it. */
size_t lmdb_row_key(const bbots_table *table, const bbots_index *index, const full_row *row,
                    int32_t id, uint8_t *key, bool *unique);

/* Deletes a row and its index entries. */
void lmdb_row_delete(bench_store *store, MDB_txn *txn, workload_number number, int32_t id);

/* Looks for rows that reference row `id` by a foreign key: their numbers, to be freed. */
uint32_t lmdb_references(bench_store *store, MDB_txn *txn, bbots_reference reference, int32_t id,
                         int32_t **numbers);

/* ------------------------------------------------------------------ lmdb_calls.c */

/* A stored call: the texts follow in the order of their sizes. */
typedef struct __attribute__((packed)) call_record {
    int32_t user;
    int32_t execution; /* 0: NULL */
    int32_t input_tokens;
    int32_t output_tokens;
    int32_t cache_creation_tokens;
    int32_t cache_read_tokens;
    int32_t total_tokens;
    int32_t response_time;
    int64_t input_cost;
    int64_t output_cost;
    int64_t cache_cost;
    int64_t total_cost;
    int64_t created_at;
    uint8_t model_size;
    uint8_t request_size;
    uint8_t prompt_size;
    uint8_t stop_size;
    uint16_t tools_size;
    uint8_t nulls; /* of the last four texts, a bit each */
} call_record;

enum { CALL_RECORD_MAX = sizeof(call_record) + 4 * 255 + UINT16_MAX };

static inline const char *call_model(const call_record *record)
{
    return (const char *)(record + 1);
}

size_t lmdb_call_pack(const call_row *row, uint8_t *out);
void lmdb_call_unpack(int32_t id, const call_record *record, call_row *row);

/* The key of a call in one of its index trees. */
size_t lmdb_call_key(call_tree tree, int32_t id, const call_record *record, uint8_t *key);

void lmdb_call_insert(bench_store *store, MDB_txn *txn, const call_row *row);
void lmdb_call_delete(bench_store *store, MDB_txn *txn, int32_t id);
void lmdb_call_bulk_load(bench_session *session, call_source *source);

#endif
