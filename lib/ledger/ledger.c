/*
 * ledger/ledger.c - tables found by name, once for each store, and rows of them.
 *
 * What was found hangs on the store and is freed with it. Two threads that ask for the same at the
 * same time both look it up; one of them keeps its answer, the other drops it.
 */
#include "ledger/ledger.h"

#include "table/engine.h"

#include <assert.h>
#include <stdlib.h>

_Static_assert(LEDGER_SLOTS <= ENGINE_KEPT_MAX, "a store keeps too few answers");

/* ------------------------------------------------------------------ finding */

static const char *const kind_names[] = {
    [LEDGER_INTEGER] = "an integer", [LEDGER_DECIMAL] = "a decimal", [LEDGER_BOOLEAN] = "a boolean",
    [LEDGER_TEXT] = "a text",        [LEDGER_TIME] = "a timestamp",  [LEDGER_JSON] = "jsonb",
    [LEDGER_ANY] = "a value",
};

static bool is_of_kind(const bbots_column *column, ledger_kind kind)
{
    if (kind == LEDGER_ANY) {
        return true;
    }
    switch (column->type) {
    case BBOTS_TYPE_SMALLINT:
    case BBOTS_TYPE_INTEGER:
    case BBOTS_TYPE_BIGINT:
        return kind == LEDGER_INTEGER;
    case BBOTS_TYPE_DECIMAL:
        return kind == LEDGER_DECIMAL;
    case BBOTS_TYPE_BOOLEAN:
        return kind == LEDGER_BOOLEAN;
    case BBOTS_TYPE_TEXT:
    case BBOTS_TYPE_VARCHAR:
        return kind == LEDGER_TEXT;
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        return kind == LEDGER_TIME;
    case BBOTS_TYPE_JSONB:
        return kind == LEDGER_JSON;
    default:
        return false;
    }
}

static int find_column(const bbots_table *table, const ledger_column *wanted, uint8_t *found,
                       bbots_error *error)
{
    int number = bbots_table_column(table, bbots_text_of(wanted->name));
    if (number < 0) {
        return bb_fail_at(error, BBOTS_UNKNOWN_COLUMN, table->name, wanted->name, NULL,
                          "table \"%s\" has no column \"%s\", which is needed here", table->name,
                          wanted->name);
    }
    if (!is_of_kind(&table->columns[number], wanted->kind)) {
        char type[40];
        bbots_column_type_text(&table->columns[number], type);
        return bb_fail_at(error, BBOTS_WRONG_TYPE, table->name, wanted->name, NULL,
                          "column \"%s\" of table \"%s\" is of type %s; %s is needed here",
                          wanted->name, table->name, type, kind_names[wanted->kind]);
    }
    *found = (uint8_t)number;
    return BBOTS_OK;
}

static bool serves(const bbots_index *index, const ledger_key *key, const uint8_t *columns)
{
    return (index->flags & BBOTS_INDEX_ONCE) == 0 && index->column_count >= key->count &&
           memcmp(index->columns, columns, key->count) == 0 &&
           (!key->unique ||
            ((index->flags & BBOTS_INDEX_UNIQUE) != 0 && index->column_count == key->count));
}

static int find_key(const ledger_need *need, const ledger_table *of, const ledger_key *key,
                    uint8_t *found, bbots_error *error)
{
    uint8_t columns[LEDGER_KEY_COLUMNS_MAX];
    char names[LEDGER_KEY_COLUMNS_MAX * (BBOTS_NAME_MAX + 2) + 1] = "";
    for (unsigned i = 0; i < key->count; i++) {
        columns[i] = of->columns[key->columns[i]];
        strcat(names, i > 0 ? ", " : "");
        strcat(names, need->columns[key->columns[i]].name);
    }
    for (unsigned i = 0; i < of->table->index_count; i++) {
        if (serves(&of->table->indexes[i], key, columns)) {
            *found = (uint8_t)i;
            return BBOTS_OK;
        }
    }
    return bb_fail_at(error, BBOTS_UNKNOWN_INDEX, of->table->name, NULL, NULL,
                      "table \"%s\" has no %s (%s), which is needed here", of->table->name,
                      key->unique ? "unique key on" : "index that begins with", names);
}

static int look_up(const bbots_schema *schema, const ledger_need *need, ledger_table *found,
                   bbots_error *error)
{
    assert(need->column_count <= LEDGER_COLUMNS_MAX && need->key_count <= LEDGER_KEYS_MAX);
    found->table = bbots_schema_table(schema, need->table, NULL);
    if (found->table == NULL) {
        return bb_fail_at(error, BBOTS_UNKNOWN_TABLE, need->table, NULL, NULL,
                          "the store has no table \"%s\", which is needed here", need->table);
    }
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < need->column_count && rc == BBOTS_OK; i++) {
        rc = find_column(found->table, &need->columns[i], &found->columns[i], error);
    }
    for (unsigned i = 0; i < need->key_count && rc == BBOTS_OK; i++) {
        rc = find_key(need, found, &need->keys[i], &found->indexes[i], error);
    }
    return rc;
}

bool ledger_has(const bbots_schema *schema, const ledger_need *need)
{
    ledger_table found;
    return look_up(schema, need, &found, NULL) == BBOTS_OK;
}

int ledger_find(bbots_txn *txn, const ledger_need *need, const ledger_table **found,
                bbots_error *error)
{
    _Atomic(void *) *kept = &txn->store->kept[need->slot];
    void *before = atomic_load_explicit(kept, memory_order_acquire);
    if (before != NULL) {
        *found = before;
        return BBOTS_OK;
    }
    ledger_table *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    int rc = look_up(txn->store->schema, need, made, error);
    if (rc != BBOTS_OK) {
        free(made);
        return rc;
    }
    *found = made;
    if (!atomic_compare_exchange_strong_explicit(kept, &before, made, memory_order_acq_rel,
                                                 memory_order_acquire)) {
        free(made);
        *found = before;
    }
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ rows */

void ledger_values_begin(ledger_values *values, const ledger_table *of)
{
    values->of = of;
    values->given = 0;
}

void ledger_set_integer(ledger_values *values, unsigned column, int64_t integer)
{
    ledger_set(values, column, bbots_value_integer(integer));
}

void ledger_set_time(ledger_values *values, unsigned column, bbots_timestamp time)
{
    ledger_set(values, column, bbots_value_timestamp(time));
}

int ledger_insert(bbots_txn *txn, const ledger_values *values, bbots_row *stored,
                  bbots_error *error)
{
    return bbots_insert(txn, values->of->table, values->values, values->given, stored, error);
}

int ledger_update(bbots_txn *txn, const ledger_values *values, bbots_value id, bbots_error *error)
{
    const bbots_table *table = values->of->table;
    int rc = bbots_update(txn, table, 0, &id, values->values, values->given, NULL, error);
    return rc != BBOTS_NOT_FOUND
               ? rc
               : bb_fail_at(error, BBOTS_CORRUPTED, table->name, NULL, NULL,
                            "table \"%s\": a row was found by one way and not by the other",
                            table->name);
}

bbots_value ledger_value(const ledger_table *of, const bbots_row *row, unsigned column)
{
    return bbots_row_value(row, of->columns[column]);
}

int64_t ledger_integer(const ledger_table *of, const bbots_row *row, unsigned column)
{
    bbots_value value = ledger_value(of, row, column);
    return value.kind != BBOTS_NULL ? value.integer : 0;
}

int ledger_get(bbots_txn *txn, const ledger_need *need, unsigned key, const bbots_value *value,
               const ledger_table **of, bbots_row *row, bbots_error *error)
{
    int rc = ledger_find(txn, need, of, error);
    return rc == BBOTS_OK ? bbots_get(txn, (*of)->table, (*of)->indexes[key], value, row, error)
                          : rc;
}

int ledger_scan(bbots_txn *txn, const ledger_table *of, unsigned key, const bbots_value *values,
                unsigned count, bbots_cursor **cursor, bbots_error *error)
{
    bbots_range range;
    memset(&range, 0, sizeof range);
    range.from = range.to = values;
    range.from_count = range.to_count = (uint8_t)(values != NULL ? count : 0);
    return bbots_cursor_open(txn, of->table, of->indexes[key], &range, cursor, error);
}

int ledger_open(bbots_txn *txn, const ledger_need *need, unsigned key, const bbots_value *values,
                unsigned count, const ledger_table **of, bbots_cursor **cursor, bbots_error *error)
{
    *cursor = NULL;
    int rc = ledger_find(txn, need, of, error);
    return rc == BBOTS_OK ? ledger_scan(txn, *of, key, values, count, cursor, error) : rc;
}

/* ------------------------------------------------------------------ small things */

int ledger_begin(bbots_txn *txn, bool write, bbots_timestamp *now, bbots_error *error)
{
    bb_error_clear(error);
    int rc = store_check_process(txn->store->file, error);
    if (rc == BBOTS_OK) {
        rc = txn_check(txn, write, error);
    }
    if (rc == BBOTS_OK && now != NULL && *now == 0) {
        *now = bbots_txn_now(txn);
    }
    return rc;
}

/* A name that a host's savepoints will hardly have; if they do, this one hides theirs meanwhile. */
#define SAVEPOINT "@ledger"

int ledger_begin_rows(bbots_txn *txn, bbots_error *error)
{
    return bbots_savepoint(txn, SAVEPOINT, error);
}

int ledger_end_rows(bbots_txn *txn, int rc)
{
    /* A transaction that broke cannot go back; what failed is in the caller's error already. */
    int ended = rc < 0 ? bbots_savepoint_rollback(txn, SAVEPOINT, NULL) : BBOTS_OK;
    if (ended == BBOTS_OK) {
        ended = bbots_savepoint_release(txn, SAVEPOINT, NULL);
    }
    return rc < 0 || ended == BBOTS_OK ? rc : ended;
}

int ledger_check_positive(const char *what, int64_t number, bbots_error *error)
{
    return number > 0 ? BBOTS_OK
                      : bb_fail(error, BBOTS_INVALID_ARGUMENT, "%s is %lld and has to be positive",
                                what, (long long)number);
}
