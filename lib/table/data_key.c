/*
 * table/data_key.c - keys that are rows, so that to delete a row is to lose what its key sealed.
 *
 * A schema may have one table with a column tagged [datakey]. Its primary key is a foreign key with
 * CASCADE to the table of owners, say users. A row of any table that has a foreign key to the owners
 * belongs to the one it names (the first such key in the order of declaration counts); an owner's
 * own row belongs to itself. When the owner has a row with a data key, that one seals the secrets of
 * what he owns. The data key itself is sealed by the host's key. Deleting the owner deletes the data
 * key by its foreign key, in the same transaction, and needs no code.
 */
#include "table/secret.h"

#include "schema/schema.h"

#include "codec/literal.h"

/* ------------------------------------------------------------------ who belongs to whom */

static int owner_of(const bbots_table *table, const bbots_foreign_key *holder_key)
{
    if (table->number == holder_key->parent) {
        return holder_key->parent_columns[0];
    }
    for (unsigned f = 0; f < table->foreign_key_count; f++) {
        const bbots_foreign_key *key = &table->foreign_keys[f];
        if (key->parent == holder_key->parent && key->column_count == 1 &&
            key->parent_columns[0] == holder_key->parent_columns[0]) {
            return key->columns[0];
        }
    }
    return -1;
}

/* The column of a table that holds data keys, or -1. */
static int data_key_column(const bbots_table *table)
{
    for (unsigned c = 0; c < table->column_count; c++) {
        if ((table->columns[c].flags & BBOTS_COLUMN_DATA_KEY) != 0) {
            return (int)c;
        }
    }
    return -1;
}

void data_key_prepare(bbots_store *store)
{
    uint32_t count = store->schema->table_count;
    for (uint32_t t = 0; t < count; t++) {
        store->tables[t].data_key = data_key_column(store->tables[t].table);
        if (store->tables[t].data_key >= 0) {
            store->data_keys = &store->tables[t];
        }
    }
    for (uint32_t t = 0; store->data_keys != NULL && t < count; t++) {
        engine_table *engine = &store->tables[t];
        const bbots_foreign_key *key = schema_data_key_owner(store->data_keys->table);
        engine->owner = engine == store->data_keys || engine->secret == 0 || key == NULL
                            ? -1
                            : owner_of(engine->table, key);
    }
}

/* ------------------------------------------------------------------ keys */

/* Reads the key out of the row that holds it. */
static int read_key(bbots_txn *txn, const engine_table *holder, bbots_row *row, vault_key *key,
                    bbots_error *error)
{
    unsigned column = (unsigned)holder->data_key;
    bbots_value value;
    row->txn = txn;
    int rc = bbots_row_secret(row, column, &value, error);
    if (rc == BBOTS_OK && !vault_key_read(value.data, value.size, key->secret)) {
        rc = bb_fail_at(
            error, BBOTS_CORRUPTED, holder->table->name, holder->table->columns[column].name, NULL,
            "a data key of table \"%s\" is not 64 hexadecimal digits or 44 characters of "
            "base64",
            holder->table->name);
    }
    if (rc == BBOTS_OK) {
        vault_key_derive(key);
    }
    return rc;
}

/* The key of a row that holds one, from those at hand or opened. */
static int key_of_holder(bbots_txn *txn, const engine_table *holder, bbots_row *row,
                         const vault_key **key, bbots_error *error)
{
    secret_state *state;
    bbots_value value =
        codec_row_value(row->layout, row->data, row->size, (unsigned)holder->data_key);
    if (value.kind == BBOTS_NULL) {
        return BBOTS_NOT_FOUND;
    }
    if (value.kind != BBOTS_SEALED || value.size < VAULT_SEAL_BYTES) {
        return bb_fail_at(error, BBOTS_KEY_MISSING, holder->table->name,
                          holder->table->columns[holder->data_key].name, NULL,
                          "a data key of table \"%s\" is not sealed", holder->table->name);
    }
    int rc = secret_state_of(txn, &state, error);
    if (rc == BBOTS_OK && state->data_keys == NULL) {
        state->data_keys = vault_alloc(sizeof *state->data_keys);
        if (state->data_keys == NULL) {
            rc = bb_fail(error, BBOTS_NO_MEMORY, "out of guarded memory");
        }
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    const uint8_t *nonce = (const uint8_t *)value.data + VAULT_HEADER_BYTES - VAULT_NONCE_BYTES;
    unsigned slot = nonce[0] % DATA_KEYS_AT_HAND;
    vault_key *at = &state->data_keys->keys[slot];
    if (memcmp(state->data_keys->nonces[slot], nonce, VAULT_NONCE_BYTES) != 0) {
        memset(state->data_keys->nonces[slot], 0, VAULT_NONCE_BYTES);
        rc = read_key(txn, holder, row, at, error);
        if (rc == BBOTS_OK) {
            memcpy(state->data_keys->nonces[slot], nonce, VAULT_NONCE_BYTES);
        }
    }
    *key = at;
    return rc;
}

/* The key of an owner. */
static int key_of_owner(bbots_txn *txn, const bbots_value *owner, const vault_key **key,
                        bbots_error *error)
{
    engine_table *holder = txn->store->data_keys;
    const bbots_tree *primary = &holder->table->trees[0];
    uint8_t bytes[CODEC_KEY_MAX];
    bbots_row row;
    if (owner->kind == BBOTS_NULL) {
        return BBOTS_NOT_FOUND;
    }
    size_t size = codec_key_encode(holder->table, primary->columns, 1, owner, bytes);
    store_bytes place = {bytes, size};
    int rc = row_fetch(txn, holder, place, &row, NULL, error);
    return rc == BBOTS_OK ? key_of_holder(txn, holder, &row, key, error) : rc;
}

int data_key_of_row(bbots_txn *txn, const engine_table *table, const bbots_row *row,
                    const vault_key **key, bbots_error *error)
{
    if (table->owner < 0) {
        return BBOTS_NOT_FOUND;
    }
    bbots_value owner = codec_row_value(row->layout, row->data, row->size, (unsigned)table->owner);
    return key_of_owner(txn, &owner, key, error);
}

int data_key_of_values(bbots_txn *txn, const engine_table *table, const bbots_value *values,
                       const vault_key **key, bbots_error *error)
{
    return table->owner < 0 ? BBOTS_NOT_FOUND
                            : key_of_owner(txn, &values[table->owner], key, error);
}

int data_key_make(bbots_txn *txn, const bbots_table *table, unsigned column, bbots_value *value,
                  bbots_error *error)
{
    void *text;
    if (txn->store->keys == NULL) {
        return bb_fail_at(error, BBOTS_KEY_MISSING, table->name, table->columns[column].name, NULL,
                          "a data key has to be sealed, and the store was opened without keys");
    }
    int rc = secret_room(txn, 2 * BBOTS_KEY_BYTES + 1, &text, error);
    if (rc == BBOTS_OK) {
        vault_key_random_text(text);
        *value = bbots_value_of_bytes(BBOTS_TEXT, text, 2 * BBOTS_KEY_BYTES);
    }
    return rc;
}
