/*
 * table/secret.c - a secret column's values are sealed on their way in and opened on their way out.
 *
 * What is authenticated with a value is its place: table, column, and the row's primary key as bytes.
 * So a change of the primary key has to open and seal again, and so has a change of whoever owns the
 * row, when owners have keys of their own (data_key.c). Any other update copies sealed bytes.
 *
 * No value is ever stored in the open once a store holds sealed ones: without a key the statement is
 * refused. It could not be told later which values somebody saw.
 */
#include "table/secret.h"

#include "codec/literal.h"

#include <assert.h>

/* A value's place with the memory that it points to. */
typedef struct seat {
    vault_place place;
    uint8_t key[CODEC_KEY_MAX];
} seat;

static void sit(seat *at, const bbots_table *table, unsigned column, const uint8_t *key,
                size_t key_size)
{
    memcpy(at->key, key, key_size);
    at->place = (vault_place){table->name, table->columns[column].name, at->key, key_size};
}

static void sit_of_row(seat *at, const bbots_row *row, unsigned column)
{
    const bbots_tree *primary = &row->table->trees[0];
    uint8_t key[CODEC_KEY_MAX];
    size_t size = codec_key_of_row(row, primary->columns, primary->column_count, key, NULL);
    sit(at, row->table, column, key, size);
}

/* ------------------------------------------------------------------ opening */

static int no_key(const bbots_table *table, unsigned column, bbots_key_id id, bbots_error *error)
{
    char shown[BBOTS_KEY_ID_TEXT_MAX];
    const char *name = table->columns[column].name;
    bbots_key_id_print(id, shown);
    return bb_fail_at(error, BBOTS_KEY_MISSING, table->name, name, NULL,
                      "column \"%s\" of table \"%s\" is sealed with key %s, which was not given",
                      name, table->name, shown);
}

static int no_data_key(const bbots_table *table, unsigned column, bbots_error *error)
{
    const char *name = table->columns[column].name;
    return bb_fail_at(error, BBOTS_KEY_MISSING, table->name, name, NULL,
                      "column \"%s\" of table \"%s\" is sealed with a data key that is gone", name,
                      table->name);
}

static int tampered(const bbots_table *table, unsigned column, bbots_error *error)
{
    const char *name = table->columns[column].name;
    return bb_fail_at(error, BBOTS_TAMPERED, table->name, name, NULL,
                      "a sealed value of column \"%s\" of table \"%s\" was changed or moved", name,
                      table->name);
}

/* The key that sealed a value of a row. */
static int opening_key(bbots_txn *txn, const engine_table *table, const bbots_row *row,
                       unsigned column, const bbots_value *sealed, const vault_key **key,
                       bbots_error *error)
{
    bbots_key_id id;
    uint8_t by;
    if (!vault_sealed_shape(sealed->data, sealed->size, &by, &id)) {
        return tampered(table->table, column, error);
    }
    if (by == VAULT_BY_RING) {
        *key = vault_keyring_find(txn->store->keys, id);
        return *key != NULL ? BBOTS_OK : no_key(table->table, column, id, error);
    }
    int rc = data_key_of_row(txn, table, row, key, error);
    if (rc == BBOTS_NOT_FOUND ||
        (rc == BBOTS_OK && memcmp((*key)->id.bytes, id.bytes, sizeof id.bytes) != 0)) {
        rc = no_data_key(table->table, column, error);
    }
    return rc;
}

/* Opens into the transaction's memory. */
static int open_value(bbots_txn *txn, const engine_table *table, const bbots_row *row,
                      unsigned column, bbots_value *value, bbots_error *error)
{
    const vault_key *key;
    void *plain;
    seat at;
    int rc = opening_key(txn, table, row, column, value, &key, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    size_t size = value->size - VAULT_SEAL_BYTES;
    rc = secret_room(txn, size, &plain, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    vault_text sealed = {value->data, value->size};
    sit_of_row(&at, row, column);
    if (!vault_open(key, &at.place, sealed, plain)) {
        return tampered(table->table, column, error);
    }
    secret_memory_note(&txn->secrets->opened, value->data, plain);
    bool json = table->table->columns[column].type == BBOTS_TYPE_JSONB;
    *value = bbots_value_of_bytes(json ? BBOTS_JSON : BBOTS_TEXT, plain, size);
    return BBOTS_OK;
}

int secret_open(const bbots_row *row, unsigned column, bbots_value *value, bbots_error *error)
{
    bbots_txn *txn = row->txn;
    const engine_table *table = &txn->store->tables[row->table->number];
    if (txn->secrets != NULL && value->size >= VAULT_SEAL_BYTES) {
        const void *plain = secret_memory_find(&txn->secrets->opened, value->data);
        if (plain != NULL) {
            bool json = row->table->columns[column].type == BBOTS_TYPE_JSONB;
            *value = bbots_value_of_bytes(json ? BBOTS_JSON : BBOTS_TEXT, plain,
                                          value->size - VAULT_SEAL_BYTES);
            return BBOTS_OK;
        }
    }
    return open_value(txn, table, row, column, value, error);
}

int bbots_row_secret(const bbots_row *row, unsigned column, bbots_value *value, bbots_error *error)
{
    bb_error_clear(error);
    *value = codec_row_value(row->layout, row->data, row->size, column);
    if (value->kind != BBOTS_SEALED) {
        return BBOTS_OK;
    }
    if (row->txn == NULL) { /* the store was opened without keys */
        bbots_key_id id;
        uint8_t by;
        return !vault_sealed_shape(value->data, value->size, &by, &id)
                   ? tampered(row->table, column, error)
               : by == VAULT_BY_ROW ? bb_fail_at(error, BBOTS_KEY_MISSING, row->table->name,
                                                 row->table->columns[column].name, NULL,
                                                 "the store was opened without keys")
                                    : no_key(row->table, column, id, error);
    }
    return secret_open(row, column, value, error);
}

/* ------------------------------------------------------------------ sealing */

/* A key to seal with, and who holds it. */
typedef struct sealer {
    const vault_key *key; /* NULL: there is none */
    uint8_t by;
} sealer;

static int choose_sealer(bbots_txn *txn, const engine_table *table, const bbots_value *values,
                         sealer *with, bbots_error *error)
{
    with->key = NULL;
    with->by = VAULT_BY_ROW;
    if (txn->store->keys == NULL) {
        return BBOTS_OK;
    }
    int rc = data_key_of_values(txn, table, values, &with->key, error);
    if (rc == BBOTS_NOT_FOUND) {
        with->key = &txn->store->keys->keys[0];
        with->by = VAULT_BY_RING;
        rc = BBOTS_OK;
    }
    return rc;
}

static int seal_value(bbots_txn *txn, sealer with, const seat *at, bbots_value *value,
                      bbots_error *error)
{
    secret_state *state;
    vault_text plain = {value->data, value->size};
    int rc = secret_state_of(txn, &state, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    size_t size = plain.size + VAULT_SEAL_BYTES;
    uint8_t *sealed = size <= CODEC_ROW_MAX ? bb_arena_alloc(&txn->scratch, size) : NULL;
    if (sealed == NULL) {
        return size <= CODEC_ROW_MAX
                   ? bb_fail(error, BBOTS_NO_MEMORY, "out of memory")
                   : bb_fail_at(error, BBOTS_LIMIT_EXCEEDED, at->place.table, at->place.column,
                                NULL, "a row of table \"%s\" would be larger than %u bytes",
                                at->place.table, CODEC_ROW_MAX);
    }
    vault_seal(with.key, with.by, &at->place, &state->nonces, plain, sealed);
    *value = bbots_value_of_bytes(BBOTS_SEALED, sealed, size);
    return BBOTS_OK;
}

static int refuse_open(const bbots_table *table, unsigned column, bbots_error *error)
{
    const char *name = table->columns[column].name;
    return bb_fail_at(
        error, BBOTS_KEY_MISSING, table->name, name, NULL,
        "column \"%s\" of table \"%s\" is secret: this store holds sealed values and was "
        "opened without keys, so the value cannot be stored",
        name, table->name);
}

/* A row on its way to being sealed. */
typedef struct sealing {
    bbots_txn *txn;
    engine_table *table;
    const engine_image *old;
    bbots_value *values;
    sealer with;
    uint8_t key[CODEC_KEY_MAX]; /* of the new row */
    size_t key_size;
    bool moved; /* the row has another key or owner than it had */
} sealing;

static int begin_sealing(sealing *on, bbots_error *error)
{
    const bbots_table *table = on->table->table;
    const bbots_tree *primary = &table->trees[0];
    bbots_value key[BBOTS_KEY_COLUMNS_MAX];
    for (unsigned i = 0; i < primary->column_count; i++) {
        key[i] = on->values[primary->columns[i]];
    }
    on->key_size = codec_key_encode(table, primary->columns, primary->column_count, key, on->key);
    on->moved = on->old != NULL && (on->old->key_size != on->key_size ||
                                    memcmp(on->old->key, on->key, on->key_size) != 0);
    if (on->old != NULL && !on->moved && on->table->owner >= 0) {
        unsigned owner = (unsigned)on->table->owner;
        uint8_t column = (uint8_t)owner;
        on->moved = codec_key_compare(&on->old->row, &column, 1, &on->values[owner]) != 0;
    }
    return choose_sealer(on->txn, on->table, on->values, &on->with, error);
}

/*
 * A value that the row has sealed already, to be sealed by today's key for today's place. The key of
 * the old owner, which opens it, may have taken the place at hand of the new one's: that is fetched again.
 */
static int seal_again(sealing *on, unsigned column, bbots_error *error)
{
    seat at;
    int rc = open_value(on->txn, on->table, &on->old->row, column, &on->values[column], error);
    if (rc == BBOTS_OK) {
        rc = choose_sealer(on->txn, on->table, on->values, &on->with, error);
    }
    if (rc == BBOTS_OK) {
        sit(&at, on->table->table, column, on->key, on->key_size);
        rc = seal_value(on->txn, on->with, &at, &on->values[column], error);
    }
    return rc;
}

/* Sealed bytes that the caller gave have to open here, as far as that can be told. */
static int judge_given(const sealing *on, unsigned column, bbots_error *error)
{
    const bbots_value *value = &on->values[column];
    bbots_key_id id;
    uint8_t by;
    seat at;
    bool fits = vault_sealed_shape(value->data, value->size, &by, &id);
    assert(fits); /* codec_value_store() has looked at it */
    (void)fits;
    const vault_key *key = by == VAULT_BY_RING ? vault_keyring_find(on->txn->store->keys, id)
                           : on->with.by == VAULT_BY_ROW ? on->with.key
                                                         : NULL;
    if (key == NULL) {
        return BBOTS_OK; /* nobody can tell here; who reads it with the key will */
    }
    void *plain;
    int rc = secret_room(on->txn, value->size, &plain, error);
    if (rc == BBOTS_OK) {
        vault_text sealed = {value->data, value->size};
        sit(&at, on->table->table, column, on->key, on->key_size);
        rc = vault_open(key, &at.place, sealed, plain) ? BBOTS_OK
                                                       : tampered(on->table->table, column, error);
    }
    return rc;
}

/*
 * A data key that was given has to be one, and stays what it is: with another in its place, what it
 * sealed would be lost. Who wants that deletes the row.
 */
static int judge_data_key(const sealing *on, unsigned column, bbots_error *error)
{
    const bbots_table *table = on->table->table;
    const char *name = table->columns[column].name;
    const bbots_value *value = &on->values[column];
    bbots_value before = on->old != NULL ? codec_row_value(on->old->row.layout, on->old->row.data,
                                                           on->old->row.size, column)
                                         : bbots_value_null();
    bool same =
        before.kind == BBOTS_NULL || (value->kind == BBOTS_SEALED && value->size == before.size &&
                                      memcmp(value->data, before.data, before.size) == 0);
    if (!same) {
        return bb_fail_at(error, BBOTS_INVALID_ARGUMENT, table->name, name, NULL,
                          "column \"%s\" of table \"%s\" is a data key, which cannot be changed",
                          name, table->name);
    }
    return value->kind != BBOTS_TEXT || vault_key_fits(value->data, value->size)
               ? BBOTS_OK
               : bb_fail_at(
                     error, BBOTS_INVALID_TEXT, table->name, name, NULL,
                     "column \"%s\" of table \"%s\" takes a key: 64 hexadecimal digits or 44 "
                     "characters of base64",
                     name, table->name);
}

static int seal_column(sealing *on, unsigned column, bool given, bbots_error *error)
{
    bbots_value *value = &on->values[column];
    seat at;
    if (given && (int)column == on->table->data_key) {
        int rc = judge_data_key(on, column, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
    if (value->kind == BBOTS_NULL) {
        return BBOTS_OK;
    }
    if (value->kind == BBOTS_SEALED) {
        return given       ? judge_given(on, column, error)
               : on->moved ? seal_again(on, column, error)
                           : BBOTS_OK;
    }
    if (on->with.key == NULL) {
        return given && (on->txn->features & CATALOG_SEALED) != 0
                   ? refuse_open(on->table->table, column, error)
                   : BBOTS_OK;
    }
    sit(&at, on->table->table, column, on->key, on->key_size);
    return seal_value(on->txn, on->with, &at, value, error);
}

int secret_seal(bbots_txn *txn, engine_table *table, const engine_image *old, bbots_value *values,
                uint64_t set, bbots_error *error)
{
    sealing on = {.txn = txn, .table = table, .old = old, .values = values};
    int rc = begin_sealing(&on, error);
    for (uint64_t left = table->secret; left != 0 && rc == BBOTS_OK; left &= left - 1) {
        unsigned column = (unsigned)__builtin_ctzll(left);
        rc = seal_column(&on, column, (set & BBOTS_COLUMN_BIT(column)) != 0, error);
    }
    return rc;
}

/* ------------------------------------------------------------------ a new key */

static bool is_of(const bbots_value *sealed, sealer with)
{
    bbots_key_id id;
    uint8_t by;
    return vault_sealed_shape(sealed->data, sealed->size, &by, &id) && by == with.by &&
           memcmp(id.bytes, with.key->id.bytes, sizeof id.bytes) == 0;
}

int secret_renew(bbots_txn *txn, engine_table *table, const engine_image *old, bbots_value *values,
                 bool *changed, uint64_t *closed, bbots_error *error)
{
    sealing on = {.txn = txn, .table = table, .old = old, .values = values};
    int rc = begin_sealing(&on, error);
    for (uint64_t left = table->secret; left != 0 && rc == BBOTS_OK; left &= left - 1) {
        unsigned column = (unsigned)__builtin_ctzll(left);
        bbots_value before = values[column];
        if (before.kind == BBOTS_NULL || (before.kind == BBOTS_SEALED && is_of(&before, on.with))) {
            continue;
        }
        bbots_error why;
        bb_error_clear(&why);
        rc = before.kind == BBOTS_SEALED ? seal_again(&on, column, &why)
                                         : seal_column(&on, column, false, &why);
        if (rc == BBOTS_KEY_MISSING || rc == BBOTS_TAMPERED) {
            values[column] = before; /* it stays as it is and is told */
            ++*closed;
            rc = BBOTS_OK;
        } else if (rc == BBOTS_OK) {
            *changed = true;
        } else {
            bb_error_give(error, &why);
        }
    }
    return rc;
}

int secret_is_old(bbots_txn *txn, engine_table *table, const bbots_row *row, bool *old,
                  bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    sealer with;
    *old = false;
    if (table->owner >= 0) {
        values[table->owner] = bbots_row_value(row, (unsigned)table->owner);
    }
    int rc = choose_sealer(txn, table, values, &with, error);
    for (uint64_t left = table->secret; left != 0 && rc == BBOTS_OK && !*old; left &= left - 1) {
        bbots_value value = bbots_row_value(row, (unsigned)__builtin_ctzll(left));
        *old = value.kind != BBOTS_NULL && (value.kind != BBOTS_SEALED || !is_of(&value, with));
    }
    return rc;
}
