/*
 * lmdb_rows.c - users, tasks and executions straight on LMDB, by the schema's descriptors.
 *
 * A row is a set of the columns that are not NULL, eight bytes for each of them in order (a number,
 * or where its bytes lie and how many), then the bytes. So any column is reached at once.
 */
#include "bench/lmdb.h"

#include "bench/measure.h"

#include <stdlib.h>
#include <string.h>

enum { ROW_MAX = 4096 };

static bool is_bytes(const bbots_column *column)
{
    return column->type == BBOTS_TYPE_TEXT || column->type == BBOTS_TYPE_VARCHAR ||
           column->type == BBOTS_TYPE_JSONB || column->type == BBOTS_TYPE_UUID;
}

/* ------------------------------------------------------------------ rows as bytes */

static size_t pack(const bbots_table *table, const full_row *row, uint8_t *out)
{
    uint64_t present = 0;
    for (unsigned c = 0; c < table->column_count; c++) {
        present |= (uint64_t)(row->cells[c].kind != CELL_NULL) << c;
    }
    memcpy(out, &present, sizeof present);
    uint8_t *slot = out + sizeof present;
    size_t at = 8 + 8 * (size_t)__builtin_popcountll(present);
    for (unsigned c = 0; c < table->column_count; c++) {
        const cell *from = &row->cells[c];
        uint64_t held = (uint64_t)from->number;
        if (from->kind == CELL_NULL) {
            continue;
        }
        if (is_bytes(&table->columns[c])) {
            if (at + from->size > ROW_MAX) {
                die("lmdb: a row of %s is too long", table->name);
            }
            held = (uint64_t)at << 32 | from->size;
            memcpy(out + at, from->data, from->size);
            at += from->size;
        }
        memcpy(slot, &held, sizeof held);
        slot += sizeof held;
    }
    return at;
}

cell lmdb_row_cell(const bbots_table *table, MDB_val data, unsigned column)
{
    const uint8_t *bytes = data.mv_data;
    cell value = {CELL_NULL, 0, {0}};
    uint64_t present;
    uint64_t held;
    memcpy(&present, bytes, sizeof present);
    if ((present >> column & 1) == 0) {
        return value;
    }
    uint64_t before = present & ((UINT64_C(1) << column) - 1);
    memcpy(&held, bytes + 8 + 8 * __builtin_popcountll(before), sizeof held);
    if (is_bytes(&table->columns[column])) {
        value.kind = CELL_TEXT;
        value.size = (uint32_t)held;
        value.data = (const char *)bytes + (held >> 32);
    } else {
        value.kind = CELL_INTEGER;
        value.number = (int64_t)held;
    }
    return value;
}

void lmdb_row_read(const bbots_table *table, MDB_val data, full_row *row)
{
    for (unsigned c = 0; c < table->column_count; c++) {
        row->cells[c] = lmdb_row_cell(table, data, c);
    }
}

/* ------------------------------------------------------------------ keys */

static size_t put_number(uint8_t *out, const bbots_column *column, int64_t number)
{
    size_t width = column->type == BBOTS_TYPE_INTEGER ? 4 : 8;
    uint64_t turned = (uint64_t)number ^ UINT64_C(1) << (8 * width - 1);
    turned = __builtin_bswap64(turned << (64 - 8 * width));
    memcpy(out, &turned, width);
    return width;
}

static size_t put_cell(uint8_t *out, const bbots_column *column, const cell *from)
{
    size_t size = 0;
    if ((column->flags & BBOTS_COLUMN_NOT_NULL) == 0) {
        out[size++] = from->kind == CELL_NULL ? 2 : 1;
    }
    if (from->kind == CELL_NULL) {
        return size;
    }
    if (!is_bytes(column)) {
        return size + put_number(out + size, column, from->number);
    }
    if (from->size + 16 > LMDB_KEY_MAX / 2) {
        die("lmdb: a text of column %s is too long for a key", column->name);
    }
    memcpy(out + size, from->data, from->size);
    size += from->size;
    if (column->type != BBOTS_TYPE_UUID) {
        out[size++] = 0;
    }
    return size;
}

size_t lmdb_row_key(const bbots_table *table, const bbots_index *index, const full_row *row,
                    int32_t id, uint8_t *key, bool *unique)
{
    size_t size = 0;
    *unique = (index->flags & BBOTS_INDEX_UNIQUE) != 0;
    for (unsigned i = 0; i < index->column_count; i++) {
        const cell *from = &row->cells[index->columns[i]];
        *unique = *unique && from->kind != CELL_NULL;
        size += put_cell(key + size, &table->columns[index->columns[i]], from);
    }
    if (!*unique) {
        lmdb_id_key(id, key + size);
        size += 4;
    }
    return size;
}

/* ------------------------------------------------------------------ load */

static cell default_cell(const bbots_column *column)
{
    cell value = {CELL_NULL, 0, {0}};
    if (column->default_kind != BBOTS_DEFAULT_LITERAL) {
        return value;
    }
    if (is_bytes(column)) {
        value.kind = CELL_TEXT;
        value.size = strlen(column->default_text);
        value.data = column->default_text;
        return value;
    }
    value.kind = CELL_INTEGER;
    value.number = column->type == BBOTS_TYPE_BOOLEAN ? column->default_text[0] == 't'
                                                      : strtoll(column->default_text, NULL, 10);
    return value;
}

/* The row of the work with the defaults of the columns that it does not name. */
static void complete(const bbots_table *table, workload_number number, const cell_row *from,
                     full_row *row)
{
    const workload_table *named = &workload_tables[number];
    for (unsigned c = 0; c < table->column_count; c++) {
        row->cells[c] = default_cell(&table->columns[c]);
    }
    for (unsigned i = 0; i < named->column_count; i++) {
        int column = bbots_table_column(table, bbots_text_of(named->columns[i]));
        row->cells[column] = from->cells[i];
    }
}

static void insert(bench_store *store, MDB_txn *txn, const bbots_table *table, int32_t id,
                   const full_row *row)
{
    uint8_t bytes[ROW_MAX];
    uint8_t id_key[4];
    lmdb_id_key(id, id_key);
    lmdb_put(txn, lmdb_tree(store, txn, table, 0), id_key, 4, bytes, pack(table, row, bytes),
             MDB_NOOVERWRITE);
    for (unsigned i = 1; i < table->index_count; i++) {
        uint8_t key[LMDB_KEY_MAX];
        bool unique;
        size_t size = lmdb_row_key(table, &table->indexes[i], row, id, key, &unique);
        lmdb_put(txn, lmdb_tree(store, txn, table, i), key, size, id_key, unique ? 4 : 0,
                 MDB_NOOVERWRITE);
    }
}

void lmdb_row_load(bench_session *session, const workload *data, workload_number number)
{
    const bbots_table *table = lmdb_table(number);
    uint32_t rows = workload_count(data, number);
    MDB_txn *txn = lmdb_begin_write(session);
    for (uint32_t id = 1; id <= rows; id++) {
        cell_row made;
        full_row row;
        workload_row(data, number, id, &made);
        complete(table, number, &made, &row);
        insert(session->store, txn, table, (int32_t)id, &row);
        if (id % 10000 == 0) {
            lmdb_commit(txn);
            txn = lmdb_begin_write(session);
        }
    }
    lmdb_commit(txn);
}

/* ------------------------------------------------------------------ delete */

void lmdb_row_delete(bench_store *store, MDB_txn *txn, workload_number number, int32_t id)
{
    const bbots_table *table = lmdb_table(number);
    uint8_t id_key[4];
    uint8_t copy[ROW_MAX];
    MDB_val data;
    full_row row;
    lmdb_id_key(id, id_key);
    if (!lmdb_find(txn, lmdb_tree(store, txn, table, 0), id_key, 4, &data)) {
        die("lmdb: %s has no row %d", table->name, (int)id);
    }
    memcpy(copy, data.mv_data, data.mv_size); /* its page moves when entries are deleted */
    data.mv_data = copy;
    lmdb_row_read(table, data, &row);
    for (unsigned i = 1; i < table->index_count; i++) {
        uint8_t key[LMDB_KEY_MAX];
        bool unique;
        size_t size = lmdb_row_key(table, &table->indexes[i], &row, id, key, &unique);
        lmdb_delete(txn, lmdb_tree(store, txn, table, i), key, size);
    }
    lmdb_delete(txn, lmdb_tree(store, txn, table, 0), id_key, 4);
}

static void keep(int32_t **numbers, uint32_t count, int32_t number)
{
    if ((count & (count - 1)) == 0) { /* room for twice as many at 0, 1, 2, 4, ... */
        *numbers = realloc(*numbers, (count > 0 ? 2 * (size_t)count : 1) * sizeof **numbers);
        if (*numbers == NULL) {
            die("out of memory");
        }
    }
    (*numbers)[count] = number;
}

uint32_t lmdb_references(bench_store *store, MDB_txn *txn, bbots_reference reference, int32_t id,
                         int32_t **numbers)
{
    const bbots_table *child = bbots_platform_schema.tables[reference.table];
    const bbots_foreign_key *foreign = &child->foreign_keys[reference.foreign_key];
    cell wanted = {CELL_INTEGER, 0, {id}};
    uint8_t prefix[LMDB_KEY_MAX];
    uint32_t count = 0;
    MDB_cursor *cursor;
    MDB_val data;
    MDB_val key = {put_cell(prefix, &child->columns[foreign->columns[0]], &wanted), prefix};
    size_t size = key.mv_size;
    *numbers = NULL;
    lmdb_must(mdb_cursor_open(txn, lmdb_tree(store, txn, child, foreign->index), &cursor),
              "cursor");
    int result = mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE);
    while (result == 0 && key.mv_size >= size && memcmp(key.mv_data, prefix, size) == 0) {
        const uint8_t *last = (const uint8_t *)key.mv_data + key.mv_size - 4;
        keep(numbers, count++, lmdb_key_id(data.mv_size == 4 ? data.mv_data : last));
        result = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
    }
    lmdb_must(result == MDB_NOTFOUND ? 0 : result, "scan");
    mdb_cursor_close(cursor);
    return count;
}
