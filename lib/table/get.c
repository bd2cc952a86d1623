/*
 * table/get.c - a row by a unique key, and what the catalogue knows without reading rows.
 */
#include "table/engine.h"

#include "base/bytes.h"

static int find_row(bbots_txn *txn, engine_table *engine, unsigned index, const bbots_value *key,
                    engine_image *image, bbots_error *error)
{
    bbots_value stored[BBOTS_KEY_COLUMNS_MAX];
    if (row_number_bytes(engine, index, key, image)) {
        store_bytes bytes = {image->key, image->key_size};
        return row_fetch(txn, engine, bytes, &image->row, NULL, error);
    }
    int rc = row_key(txn, engine->table, index, key, stored, NULL, NULL, error);
    return rc == BBOTS_OK ? row_find(txn, engine, index, stored, image, error) : rc;
}

int bbots_get(bbots_txn *txn, const bbots_table *table, unsigned index, const bbots_value *key,
              bbots_row *row, bbots_error *error)
{
    engine_table *engine;
    engine_image image;
    int rc = statement_begin(txn, table, false, &engine, error);
    if (rc == BBOTS_OK) {
        rc = find_row(txn, engine, index, key, &image, error);
    }
    if (rc == BBOTS_OK) {
        *row = image.row;
        row_give(txn, engine, row);
    }
    return rc;
}

/* ------------------------------------------------------------------ the catalogue's record */

static int load_stat(bbots_txn *txn, const bbots_table *table, engine_stat *stat,
                     bbots_error *error)
{
    engine_table *engine;
    int rc = statement_begin(txn, table, false, &engine, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (txn->tables != NULL && txn->tables[table->number] != NULL) {
        *stat = txn->tables[table->number]->stat;
        return BBOTS_OK;
    }
    return catalog_load_stat(&txn->base, table, stat, error);
}

int bbots_count(bbots_txn *txn, const bbots_table *table, uint64_t *count, bbots_error *error)
{
    engine_stat stat;
    int rc = load_stat(txn, table, &stat, error);
    if (rc == BBOTS_OK) {
        *count = stat.count;
    }
    return rc;
}

static void print_digest(bb_hash hash, bbots_digest *digest)
{
    bb_store64_big(digest->bytes, hash.high);
    bb_store64_big(digest->bytes + 8, hash.low);
}

int bbots_table_digest(bbots_txn *txn, const bbots_table *table, bbots_digest *digest,
                       bbots_error *error)
{
    engine_stat stat;
    int rc = load_stat(txn, table, &stat, error);
    if (rc == BBOTS_OK) {
        print_digest(stat.digest, digest);
    }
    return rc;
}

int bbots_store_digest(bbots_txn *txn, bbots_digest *digest, bbots_error *error)
{
    const bbots_schema *schema = txn->store->schema;
    bb_hash sum = {0, 0};
    for (uint32_t t = 0; t < schema->table_count; t++) {
        engine_stat stat;
        uint8_t record[24];
        int rc = load_stat(txn, schema->tables[t], &stat, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
        bb_store64(record, stat.count);
        bb_store64(record + 8, stat.digest.low);
        bb_store64(record + 16, stat.digest.high);
        /* A sum, so that the order of tables in the schema does not count. */
        sum = bb_hash_add(sum, bb_hash128(record, sizeof record,
                                                codec_table_seed(schema->tables[t]->name)));
    }
    print_digest(sum, digest);
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ serials */

int bbots_serial_next(bbots_txn *txn, const bbots_table *table, int64_t *next, bbots_error *error)
{
    engine_stat stat;
    int rc = load_stat(txn, table, &stat, error);
    if (rc == BBOTS_OK && txn->store->tables[table->number].serial < 0) {
        return BBOTS_NOT_FOUND;
    }
    if (rc == BBOTS_OK) {
        *next = stat.serial_next;
    }
    return rc;
}

int bbots_serial_advance(bbots_txn *txn, const bbots_table *table, int64_t next,
                         bbots_error *error)
{
    engine_table *engine;
    txn_table *state;
    int rc = statement_begin(txn, table, true, &engine, error);
    if (rc == BBOTS_OK && engine->serial < 0) {
        rc = bb_fail_at(error, BBOTS_UNKNOWN_COLUMN, table->name, NULL, NULL,
                        "table \"%s\" has no serial column", table->name);
    }
    if (rc == BBOTS_OK) {
        rc = txn_touch(txn, engine, &state, error);
    }
    if (rc == BBOTS_OK && next > state->stat.serial_next) {
        state->stat.serial_next = next;
        state->dirty = true;
    }
    return rc;
}
