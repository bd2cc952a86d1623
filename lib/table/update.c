/*
 * table/update.c - update and soft delete.
 */
#include "table/secret.h"

static bool in_set(uint64_t set, unsigned column)
{
    return (set & BBOTS_COLUMN_BIT(column)) != 0;
}

/*
 * The values of the columns that are written: those in set, and updatedAt. When the row has to be
 * made anew, those of the others as well.
 */
static void merge_values(bbots_txn *txn, const engine_table *table, const bbots_row *old,
                         const bbots_value *values, uint64_t set, uint64_t needed,
                         bbots_value *merged)
{
    for (uint64_t left = needed; left != 0; left &= left - 1) {
        unsigned c = (unsigned)__builtin_ctzll(left);
        if (in_set(set, c)) {
            merged[c] = values[c];
        } else if (in_set(table->updated_at, c)) {
            merged[c] = bbots_value_timestamp(bbots_txn_now(txn));
        } else {
            merged[c] = bbots_row_value(old, c);
        }
    }
}

/*
 * Makes the new row. Most updates write a few numbers and times: then the old row's bytes are taken
 * and these places written over. Where values are sealed the whole row is looked at, since it may
 * have another owner now.
 */
static int change_values(bbots_txn *txn, engine_table *table, engine_image *old,
                         const bbots_value *values, uint64_t set, engine_image *image,
                         bbots_error *error)
{
    bbots_value merged[BBOTS_COLUMNS_MAX];
    uint64_t written = set | table->updated_at;
    bool patch = table->secret == 0 && row_can_patch(table, &old->row, written);
    uint64_t needed = patch ? written : UINT64_MAX >> (64 - table->table->column_count);
    merge_values(txn, table, &old->row, values, set, needed, merged);
    int rc = check_not_null(table, merged, needed, error);
    if (rc == BBOTS_OK && table->secret != 0) {
        rc = secret_seal(txn, table, old, merged, set, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    return patch ? row_patch(txn, table, old, merged, written, image, error)
                 : row_make(txn, table, merged, image, error);
}

int update_row(bbots_txn *txn, engine_table *table, engine_image *old, const bbots_value *values,
               uint64_t set, bbots_row *stored, bbots_error *error)
{
    engine_image image;
    txn_table *state;
    int rc = txn_touch(txn, table, &state, error);
    if (rc == BBOTS_OK) {
        rc = row_keep(txn, old, error); /* its page may move while its entries are written */
    }
    if (rc == BBOTS_OK) {
        rc = change_values(txn, table, old, values, set, &image, error);
    }
    if (rc == BBOTS_OK) {
        uint64_t written = set | table->updated_at | table->secret;
        rc = check_unique(txn, table, old, &image, written, error);
    }
    /* PostgreSQL's triggers of the referenced side come before those of the referencing one. */
    if (rc == BBOTS_OK && (set & table->referenced) != 0) {
        rc = reference_check_children(txn, table, old, &image, error);
    }
    if (rc == BBOTS_OK) {
        rc = defer_check_parents(txn, table, &old->row, &image.row, set, error);
    }
    if (rc == BBOTS_OK) {
        rc = table_change(txn, state, old, &image, error);
    }
    if (rc == BBOTS_OK) {
        serial_note(state, &image.row);
        if (stored != NULL) {
            *stored = image.row;
            row_give(txn, table, stored);
        }
    }
    return rc;
}

static int find_for_change(bbots_txn *txn, engine_table *engine, unsigned index,
                           const bbots_value *key, engine_image *image, bbots_error *error)
{
    bbots_value stored[BBOTS_KEY_COLUMNS_MAX];
    int rc = row_key(txn, engine->table, index, key, stored, NULL, NULL, error);
    return rc == BBOTS_OK ? row_find(txn, engine, index, stored, image, error) : rc;
}

int bbots_update(bbots_txn *txn, const bbots_table *table, unsigned index, const bbots_value *key,
                 const bbots_value *values, uint64_t set, bbots_row *stored, bbots_error *error)
{
    bbots_value key_stored[BBOTS_KEY_COLUMNS_MAX];
    bbots_value changes[BBOTS_COLUMNS_MAX];
    complaint late;
    engine_table *engine;
    engine_image old;
    late.code = BBOTS_OK;
    int rc = statement_begin(txn, table, true, &engine, error);
    if (rc == BBOTS_OK) {
        rc = statement_check_columns(table, set, error);
    }
    if (rc == BBOTS_OK) {
        rc = row_key(txn, table, index, key, key_stored, NULL, NULL, error);
    }
    int found = rc;
    if (rc >= 0) { /* the values are judged also when no row is found */
        rc = values_store(txn, table, values, set, changes, &late, error);
    }
    if (rc == BBOTS_OK) {
        rc = values_judge(&late, error);
    }
    if (rc == BBOTS_OK) {
        rc = found == BBOTS_OK ? row_find(txn, engine, index, key_stored, &old, error) : found;
    }
    return rc == BBOTS_OK ? update_row(txn, engine, &old, changes, set, stored, error) : rc;
}

int bbots_soft_delete(bbots_txn *txn, const bbots_table *table, unsigned index,
                      const bbots_value *key, bbots_error *error)
{
    engine_table *engine;
    engine_image old;
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t set = 0;
    int rc = statement_begin(txn, table, true, &engine, error);
    if (rc == BBOTS_OK && engine->deleted_at < 0 && engine->is_active < 0) {
        rc = bb_fail_at(error, BBOTS_UNKNOWN_COLUMN, table->name, NULL, NULL,
                        "table \"%s\" has neither \"deletedAt\" nor \"isActive\"", table->name);
    }
    if (rc == BBOTS_OK) {
        rc = find_for_change(txn, engine, index, key, &old, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (engine->deleted_at >= 0 &&
        bbots_row_value(&old.row, (unsigned)engine->deleted_at).kind == BBOTS_NULL) {
        values[engine->deleted_at] = bbots_value_timestamp(bbots_txn_now(txn));
        set |= BBOTS_COLUMN_BIT(engine->deleted_at);
    }
    if (engine->is_active >= 0) {
        bbots_value active = bbots_row_value(&old.row, (unsigned)engine->is_active);
        bool text = table->columns[engine->is_active].type == BBOTS_TYPE_VARCHAR;
        bool off = text ? active.size == 5 && memcmp(active.data, "false", 5) == 0
                        : active.kind == BBOTS_BOOLEAN && !active.boolean;
        if (!off) {
            values[engine->is_active] = text ? bbots_value_string("false")
                                             : bbots_value_boolean(false);
            set |= BBOTS_COLUMN_BIT(engine->is_active);
        }
    }
    return set != 0 ? update_row(txn, engine, &old, values, set, NULL, error) : BBOTS_UNCHANGED;
}
