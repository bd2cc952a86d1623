/*
 * table/insert.c - insert and upsert.
 *
 * Checks come in PostgreSQL's order, so that a row that is wrong in two ways gets the same
 * complaint: each value against its column, then NOT NULL, then unique keys in the order of the
 * indexes, then foreign keys.
 */
#include "table/secret.h"

#include "codec/literal.h"

#include <bbots/uuid.h>

static bool in_set(uint64_t set, unsigned column)
{
    return (set & BBOTS_COLUMN_BIT(column)) != 0;
}

/* ------------------------------------------------------------------ checks shared with update */

int check_not_null(const engine_table *table, const bbots_value *values, uint64_t columns,
                   bbots_error *error)
{
    for (uint64_t left = table->not_null & columns; left != 0; left &= left - 1) {
        unsigned column = (unsigned)__builtin_ctzll(left);
        if (values[column].kind == BBOTS_NULL) {
            const char *name = table->table->columns[column].name;
            return bb_fail_at(error, BBOTS_NOT_NULL_VIOLATION, table->table->name, name, NULL,
                              "null value in column \"%s\" of table \"%s\" violates not-null "
                              "constraint",
                              name, table->table->name);
        }
    }
    return BBOTS_OK;
}

const bbots_index *unique_index_of(const bbots_table *table, unsigned tree)
{
    for (unsigned i = 0; i < table->index_count; i++) {
        const bbots_index *index = &table->indexes[i];
        if (index->tree == tree &&
            (index->flags & (BBOTS_INDEX_UNIQUE | BBOTS_INDEX_PRIMARY)) != 0) {
            return index;
        }
    }
    return &table->indexes[0];
}

static int duplicate(const bbots_row *row, unsigned tree, bbots_error *error)
{
    char names[ROW_KEY_TEXT_MAX];
    char values[ROW_KEY_TEXT_MAX];
    const bbots_index *index = unique_index_of(row->table, tree);
    return bb_fail_at(error, BBOTS_UNIQUE_VIOLATION, row->table->name,
                      row->table->columns[index->columns[0]].name, index->name,
                      "duplicate key value violates unique constraint \"%s\": key (%s)=(%s) "
                      "already exists",
                      index->name,
                      row_column_names(row->table, index->columns, index->column_count, names),
                      row_key_text(row, index->columns, index->column_count, values));
}

static int check_primary(bbots_txn *txn, engine_table *table, const engine_image *old,
                         const engine_image *new_image, bbots_error *error)
{
    store_bytes key = {new_image->key, new_image->key_size};
    store_bytes found;
    txn_table *state = txn->tables != NULL ? txn->tables[table->table->number] : NULL;
    if (old != NULL && old->key_size == key.size && memcmp(old->key, key.data, key.size) == 0) {
        return BBOTS_OK;
    }
    if (state != NULL && state->last_known && key.size == state->last_size &&
        memcmp(key.data, state->last_key, key.size) > 0) {
        return BBOTS_OK; /* behind the greatest key: it cannot be there */
    }
    int rc = store_get(&txn->base, table->trees[0], key, &found, error);
    return rc == BBOTS_OK          ? duplicate(&new_image->row, 0, error)
           : rc == BBOTS_NOT_FOUND ? BBOTS_OK
                                   : rc;
}

static int check_tree(bbots_txn *txn, engine_table *table, unsigned tree, const engine_image *old,
                      const engine_image *new_image, bbots_error *error)
{
    const bbots_tree *shape = &table->table->trees[tree];
    bbots_value key[BBOTS_KEY_COLUMNS_MAX];
    store_bytes except = {NULL, 0};
    store_bytes found;
    for (unsigned i = 0; i < shape->column_count; i++) {
        row_read(&new_image->row, shape->columns[i], &key[i]);
        if (key[i].kind == BBOTS_NULL) {
            return BBOTS_OK; /* nulls are distinct */
        }
    }
    if (old != NULL) {
        except.data = old->key;
        except.size = old->key_size;
    }
    int rc = index_find_unique(txn, table, tree, key, except, &found, error);
    return rc == BBOTS_OK          ? duplicate(&new_image->row, tree, error)
           : rc == BBOTS_NOT_FOUND ? BBOTS_OK
                                   : rc;
}

int check_unique(bbots_txn *txn, engine_table *table, const engine_image *old,
                 const engine_image *new_image, uint64_t columns, bbots_error *error)
{
    int rc = check_primary(txn, table, old, new_image, error);
    for (unsigned t = 1; t < table->table->tree_count && rc == BBOTS_OK; t++) {
        if (table->table->trees[t].unique && (table->tree_columns[t] & columns) != 0) {
            rc = check_tree(txn, table, t, old, new_image, error);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ a whole row */

static int next_serial(txn_table *state, unsigned column, bbots_value *value, bbots_error *error)
{
    const bbots_table *table = state->engine->table;
    const bbots_column *description = &table->columns[column];
    int64_t most = description->type == BBOTS_TYPE_SMALLINT  ? INT16_MAX
                   : description->type == BBOTS_TYPE_INTEGER ? INT32_MAX
                                                             : INT64_MAX - 1;
    if (state->stat.serial_next > most) {
        return bb_fail_at(error, BBOTS_SERIAL_EXHAUSTED, table->name, description->name, NULL,
                          "serial column \"%s\" of table \"%s\" reached its last number",
                          description->name, table->name);
    }
    *value = bbots_value_integer(state->stat.serial_next);
    return BBOTS_OK;
}

static int default_value(bbots_txn *txn, txn_table *state, unsigned column, bbots_value *value,
                         bbots_error *error)
{
    const engine_table *table = state->engine;
    if ((int)column == table->serial) {
        return next_serial(state, column, value, error);
    }
    switch ((bbots_default)table->table->columns[column].default_kind) {
    case BBOTS_DEFAULT_NOW:
        *value = bbots_value_timestamp(bbots_txn_now(txn));
        break;
    case BBOTS_DEFAULT_UUID:
        *value = bbots_value_uuid(bbots_uuid_random());
        break;
    default:
        if ((int)column == table->data_key) {
            return data_key_make(txn, table->table, column, value, error);
        }
        *value = table->defaults[column];
        break;
    }
    return BBOTS_OK;
}

int values_store(bbots_txn *txn, const bbots_table *table, const bbots_value *values,
                 uint64_t columns, bbots_value *stored, complaint *late, bbots_error *error)
{
    bbots_error mine;
    bbots_error *to = error != NULL ? error : &mine;
    if (error == NULL) {
        bb_error_clear(&mine);
    }
    for (uint64_t left = columns; left != 0; left &= left - 1) {
        unsigned c = (unsigned)__builtin_ctzll(left);
        int rc = codec_value_store(&txn->scratch, table, c, &values[c], &stored[c], to);
        if (rc != BBOTS_OK && !codec_judged_late(&table->columns[c], &values[c], rc)) {
            return rc;
        }
        if (rc != BBOTS_OK) {
            if (late->code == BBOTS_OK) {
                late->code = rc;
                late->error = *to;
            }
            bb_error_clear(to);
        }
    }
    return BBOTS_OK;
}

int values_judge(const complaint *late, bbots_error *error)
{
    if (late->code != BBOTS_OK) {
        bb_error_give(error, &late->error);
    }
    return late->code;
}

static int give_defaults(bbots_txn *txn, txn_table *state, uint64_t given, bbots_value *complete,
                         bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned c = 0; c < state->engine->table->column_count && rc == BBOTS_OK; c++) {
        if (!in_set(given, c)) {
            rc = default_value(txn, state, c, &complete[c], error);
        }
    }
    return rc;
}

void serial_note(txn_table *state, const bbots_row *row)
{
    int serial = state->engine->serial;
    if (serial < 0) {
        return;
    }
    bbots_value given;
    row_read(row, (unsigned)serial, &given);
    int64_t number = given.integer;
    if (number >= state->stat.serial_next) {
        state->stat.serial_next = number + (number != INT64_MAX);
        state->dirty = true;
    }
}

/* Inserts a row of stored-form values that passed NOT NULL. */
static int insert_complete(bbots_txn *txn, txn_table *state, bbots_value *complete,
                           bbots_row *stored, bbots_error *error)
{
    engine_table *table = state->engine;
    engine_image image;
    int rc = table->secret != 0 ? secret_seal(txn, table, NULL, complete, ~UINT64_C(0), error) : BBOTS_OK;
    if (rc == BBOTS_OK) {
        rc = row_make(txn, table, complete, &image, error);
    }
    if (rc == BBOTS_OK) {
        rc = check_unique(txn, table, NULL, &image, ~UINT64_C(0), error);
    }
    if (rc == BBOTS_OK) {
        rc = defer_check_parents(txn, table, NULL, &image.row, ~UINT64_C(0), error);
    }
    if (rc == BBOTS_OK) {
        rc = table_change(txn, state, NULL, &image, error);
    }
    if (rc == BBOTS_OK) {
        serial_note(state, &image.row);
        if (stored != NULL) {
            *stored = image.row; /* in scratch: it lives until the next statement */
            row_give(txn, table, stored);
        }
    }
    return rc;
}

static int insert_row(bbots_txn *txn, engine_table *table, const bbots_value *values, uint64_t given,
               bbots_row *stored, bbots_error *error)
{
    bbots_value complete[BBOTS_COLUMNS_MAX];
    complaint late;
    txn_table *state;
    late.code = BBOTS_OK;
    int rc = txn_touch(txn, table, &state, error);
    if (rc == BBOTS_OK) {
        rc = values_store(txn, table->table, values, given, complete, &late, error);
    }
    if (rc == BBOTS_OK) {
        rc = values_judge(&late, error);
    }
    if (rc == BBOTS_OK) {
        rc = give_defaults(txn, state, given, complete, error);
    }
    if (rc == BBOTS_OK) {
        rc = check_not_null(table, complete, ~UINT64_C(0), error);
    }
    return rc == BBOTS_OK ? insert_complete(txn, state, complete, stored, error) : rc;
}

/* ------------------------------------------------------------------ public */

/* Every statement begins here: its memory is what the last one used. */
int statement_begin(bbots_txn *txn, const bbots_table *table, bool write, engine_table **engine,
                    bbots_error *error)
{
    bb_error_clear(error);
    int rc = store_check_process(txn->store->file, error);
    if (rc == BBOTS_OK) {
        rc = txn_check(txn, write, error);
    }
    if (rc == BBOTS_OK) {
        rc = txn_engine_table(txn, table, engine, error);
    }
    if (write) {
        /* What the last write gave is still at hand, and may be given to this one. */
        bb_arena last = txn->scratch;
        txn->scratch = txn->last_scratch;
        txn->last_scratch = last;
        if (txn->secrets != NULL) {
            secret_turn(txn->secrets);
        }
    }
    if (write || !txn->write) {
        bb_arena_reset(&txn->scratch);
        txn->scratch.wipe = rc == BBOTS_OK && (*engine)->secret != 0 && txn->store->keys != NULL;
    }
    return rc;
}

int statement_check_columns(const bbots_table *table, uint64_t columns, bbots_error *error)
{
    if (table->column_count < BBOTS_COLUMNS_MAX && columns >> table->column_count != 0) {
        return bb_fail_at(error, BBOTS_UNKNOWN_COLUMN, table->name, NULL, NULL,
                          "table \"%s\" has %u columns; the set names one behind them",
                          table->name, table->column_count);
    }
    return BBOTS_OK;
}

int bbots_insert(bbots_txn *txn, const bbots_table *table, const bbots_value *values,
                 uint64_t given, bbots_row *stored, bbots_error *error)
{
    engine_table *engine;
    int rc = statement_begin(txn, table, true, &engine, error);
    if (rc == BBOTS_OK) {
        rc = statement_check_columns(table, given, error);
    }
    if (rc == BBOTS_OK) {
        rc = insert_row(txn, engine, values, given, stored, error);
    }
    return txn->load_row != 0 ? load_count(txn, rc, error) : rc;
}

/* The row with which the new one would clash in the conflict index. */
static int find_conflict(bbots_txn *txn, engine_table *engine, unsigned conflict,
                         const bbots_value *complete, engine_image *image, bbots_error *error)
{
    bbots_value key[BBOTS_KEY_COLUMNS_MAX];
    const bbots_index *index = &engine->table->indexes[conflict];
    for (unsigned i = 0; i < index->column_count; i++) {
        key[i] = complete[index->columns[i]];
    }
    return row_find(txn, engine, conflict, key, image, error);
}

/*
 * PostgreSQL reads the values of the row and of the change, judges them, then completes the row and
 * judges NOT NULL, and only then looks for the clash.
 */
static int upsert_values(bbots_txn *txn, txn_table *state, const bbots_value *values,
                         uint64_t given, const bbots_value *set_values, uint64_t set,
                         bbots_value *complete, bbots_value *changes, bbots_error *error)
{
    const bbots_table *table = state->engine->table;
    complaint late;
    late.code = BBOTS_OK;
    int rc = values_store(txn, table, values, given, complete, &late, error);
    if (rc == BBOTS_OK) {
        rc = values_store(txn, table, set_values, set, changes, &late, error);
    }
    if (rc == BBOTS_OK) {
        rc = values_judge(&late, error);
    }
    if (rc == BBOTS_OK) {
        rc = give_defaults(txn, state, given, complete, error);
    }
    return rc == BBOTS_OK ? check_not_null(state->engine, complete, ~UINT64_C(0), error) : rc;
}

/* Whether the statement can begin: the columns and the index that it names are there. */
static int check_upsert(const bbots_table *table, unsigned conflict, uint64_t columns,
                        bbots_error *error)
{
    int rc = statement_check_columns(table, columns, error);
    return rc == BBOTS_OK ? row_check_unique_index(table, conflict, error) : rc;
}

int bbots_upsert(bbots_txn *txn, const bbots_table *table, unsigned conflict,
                 const bbots_value *values, uint64_t given, const bbots_value *set_values,
                 uint64_t set, bbots_row *stored, bool *inserted, bbots_error *error)
{
    bbots_value complete[BBOTS_COLUMNS_MAX];
    bbots_value changes[BBOTS_COLUMNS_MAX];
    engine_table *engine;
    engine_image image;
    txn_table *state;
    int rc = statement_begin(txn, table, true, &engine, error);
    if (rc == BBOTS_OK) {
        rc = check_upsert(table, conflict, given | set, error);
    }
    if (rc == BBOTS_OK) {
        rc = txn_touch(txn, engine, &state, error);
    }
    if (rc == BBOTS_OK) {
        rc = upsert_values(txn, state, values, given, set_values, set, complete, changes, error);
    }
    if (rc == BBOTS_OK) {
        rc = find_conflict(txn, engine, conflict, complete, &image, error);
    }
    if (rc < 0) {
        return rc;
    }
    if (inserted != NULL) {
        *inserted = rc == BBOTS_NOT_FOUND;
    }
    if (rc == BBOTS_NOT_FOUND) {
        return insert_complete(txn, state, complete, stored, error);
    }
    if (set != 0) {
        return update_row(txn, engine, &image, changes, set, stored, error);
    }
    if (stored != NULL) {
        *stored = image.row;
        row_give(txn, engine, stored);
    }
    return BBOTS_OK;
}
