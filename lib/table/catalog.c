/*
 * table/catalog.c - what the file says about itself (docs/format.md, "Catalogue").
 *
 * The records lie in LMDB's main tree, beside the records of the tables' trees, under names that
 * no table can have: "@..." for the file, "users#" for the table users. A table's record is thus
 * on the page that a commit has to write anyway because the table's trees changed their roots: it
 * costs no page of its own.
 */
#include "table/engine.h"

#include "base/bytes.h"
#include "schema/schema.h"

#include <stdio.h>

#define FORMAT_KEY "@bbots"
#define SCHEMA_KEY "@schema"
#define KEYS_KEY "@keys"
#define STAT_SIZE 32
#define CATALOG_FEATURES CATALOG_SEALED /* all that this library knows */

static const char format_magic[8] = {'b', 'b', 'o', 't', 's', '\r', '\n', '\x1a'};

static store_bytes string_key(const char *string)
{
    store_bytes key = {string, strlen(string)};
    return key;
}

/* ------------------------------------------------------------------ format and schema */

static int save_format(store_txn *txn, const bbots_fingerprint *fingerprint, uint32_t features,
                       bbots_error *error)
{
    uint8_t record[CATALOG_FORMAT_SIZE];
    memcpy(record, format_magic, 8);
    bb_store32(record + 8, CATALOG_FORMAT_VERSION);
    bb_store32(record + 12, features);
    memcpy(record + 16, fingerprint->bytes, 16);
    store_bytes value = {record, sizeof record};
    return store_put(txn, STORE_MAIN, string_key(FORMAT_KEY), value, STORE_REPLACE, error);
}

static uint32_t features_of(store_bytes record)
{
    return bb_load32((const uint8_t *)record.data + 12);
}

static int save_schema(store_txn *txn, const bbots_schema *schema, bbots_error *error)
{
    bb_arena arena;
    store_bytes value;
    bb_arena_init(&arena);
    int rc = schema_serialize(&arena, schema, &value.data, &value.size, error);
    if (rc == BBOTS_OK) {
        rc = store_put(txn, STORE_MAIN, string_key(SCHEMA_KEY), value, STORE_REPLACE, error);
    }
    bb_arena_free(&arena);
    return rc;
}

static store_bytes stat_key(const bbots_table *table, char buffer[BBOTS_NAME_MAX + 2])
{
    store_bytes key = {buffer, 0};
    key.size = (size_t)snprintf(buffer, BBOTS_NAME_MAX + 2, "%s#", table->name);
    return key;
}

/* Makes the trees and the record of a table that does not have them yet. */
static int save_table(store_txn *txn, const bbots_table *table, bbots_error *error)
{
    engine_stat stat = {.serial_next = 1};
    char name[BBOTS_NAME_MAX + 2];
    store_bytes record;
    store_tree tree;
    int rc = BBOTS_OK;
    for (unsigned t = 0; t < table->tree_count && rc == BBOTS_OK; t++) {
        rc = store_tree_open(txn, table->trees[t].name, true, &tree, error);
    }
    if (rc == BBOTS_OK) {
        rc = store_get(txn, STORE_MAIN, stat_key(table, name), &record, error);
        if (rc == BBOTS_NOT_FOUND) { /* the table is new */
            rc = catalog_save_stat(txn, table, &stat, error);
        }
    }
    return rc;
}

int catalog_write_schema(store_txn *txn, const bbots_schema *schema, bbots_error *error)
{
    store_bytes before;
    int rc = store_get(txn, STORE_MAIN, string_key(FORMAT_KEY), &before, error);
    if (rc < 0) {
        return rc;
    }
    uint32_t features = rc == BBOTS_OK && before.size >= CATALOG_FORMAT_SIZE ? features_of(before) : 0;
    rc = save_format(txn, &schema->fingerprint, features, error);
    if (rc == BBOTS_OK) {
        rc = save_schema(txn, schema, error);
    }
    for (uint32_t t = 0; t < schema->table_count && rc == BBOTS_OK; t++) {
        rc = save_table(txn, schema->tables[t], error);
    }
    if (rc == BBOTS_OK && live_declared(schema)) {
        store_tree tree;
        rc = store_tree_open(txn, LIVE_TREE, true, &tree, error);
        if (rc == BBOTS_OK) {
            rc = store_tree_open(txn, MARK_TREE, true, &tree, error);
        }
    }
    return rc;
}

int catalog_create(store_file *file, void *schema, bbots_error *error)
{
    store_txn txn = {0};
    int rc = store_begin(file, true, &txn, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = catalog_write_schema(&txn, schema, error);
    if (rc != BBOTS_OK) {
        store_abort(&txn);
        return rc;
    }
    return store_commit(&txn, error);
}

/* Judges the format record. */
static int check_format(const char *path, int rc, store_bytes record, bbots_error *error)
{
    if (rc == BBOTS_NOT_FOUND || (rc == BBOTS_OK && (record.size < CATALOG_FORMAT_SIZE ||
                                                     memcmp(record.data, format_magic, 8) != 0))) {
        return bb_fail(error, BBOTS_NOT_A_STORE,
                       "file \"%s\" is an LMDB file, but no store of this library", path);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    uint32_t version = bb_load32((const uint8_t *)record.data + 8);
    uint32_t features = features_of(record);
    if (version != CATALOG_FORMAT_VERSION || (features & ~CATALOG_FEATURES) != 0) {
        return bb_fail(error, BBOTS_UNSUPPORTED_VERSION,
                       "file \"%s\" has format version %u with features %#x; this library reads "
                       "version %u with features %#x",
                       path, version, features, CATALOG_FORMAT_VERSION, CATALOG_FEATURES);
    }
    return BBOTS_OK;
}

/* The number that the last commit wrote has to be LMDB's own: otherwise a meta page is stale. */
static int check_commit(store_txn *txn, const char *path, bbots_error *error)
{
    store_bytes record;
    int rc = store_get(txn, STORE_MAIN, string_key(STORE_COMMIT_KEY), &record, error);
    if (rc < 0) {
        return rc;
    }
    if (rc == BBOTS_NOT_FOUND || record.size != 8 ||
        bb_load64(record.data) != store_txn_number(txn)) {
        return bb_fail(error, BBOTS_CORRUPTED,
                       "file \"%s\" is damaged: its catalogue is of another commit than its pages",
                       path);
    }
    return BBOTS_OK;
}

static int read_schema(store_txn *txn, const uint8_t *fingerprint, bb_arena *arena,
                       const bbots_schema **found, bbots_error *error)
{
    store_bytes record;
    int rc = store_get(txn, STORE_MAIN, string_key(SCHEMA_KEY), &record, error);
    if (rc == BBOTS_NOT_FOUND) {
        return bb_fail(error, BBOTS_CORRUPTED, "the file's schema record is missing");
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = schema_deserialize(arena, record.data, record.size, found, error);
    if (rc == BBOTS_OK && memcmp((*found)->fingerprint.bytes, fingerprint, 16) != 0) {
        rc = bb_fail(error, BBOTS_CORRUPTED,
                     "the file's schema record is damaged: it does not have its fingerprint");
    }
    return rc;
}

int catalog_check_schema(store_txn *txn, bbots_error *error)
{
    const bbots_schema *found;
    bb_arena arena;
    store_bytes record;
    int rc = store_get(txn, STORE_MAIN, string_key(FORMAT_KEY), &record, error);
    if (rc == BBOTS_NOT_FOUND || (rc == BBOTS_OK && record.size < CATALOG_FORMAT_SIZE)) {
        return bb_fail(error, BBOTS_CORRUPTED, "the file's format record is missing or damaged");
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    bb_arena_init(&arena);
    rc = read_schema(txn, (const uint8_t *)record.data + CATALOG_FINGERPRINT_AT, &arena, &found,
                     error);
    bb_arena_free(&arena);
    return rc;
}

int catalog_read(store_file *file, const char *path, const bbots_schema *expected, bb_arena *arena,
                 const bbots_schema **found, bbots_error *error)
{
    store_txn txn = {0};
    store_bytes record;
    int rc = store_begin(file, false, &txn, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = store_get(&txn, STORE_MAIN, string_key(FORMAT_KEY), &record, error);
    rc = check_format(path, rc, record, error);
    if (rc == BBOTS_OK) {
        rc = check_commit(&txn, path, error);
    }
    if (rc == BBOTS_OK) {
        const uint8_t *fingerprint = (const uint8_t *)record.data + 16;
        if (expected != NULL && memcmp(expected->fingerprint.bytes, fingerprint, 16) == 0) {
            rc = BBOTS_UNCHANGED;
        } else {
            rc = read_schema(&txn, fingerprint, arena, found, error);
        }
    }
    store_abort(&txn);
    return rc;
}

int catalog_confirm(store_txn *txn, const bbots_fingerprint *fingerprint, uint32_t *features,
                    bbots_error *error)
{
    store_bytes record;
    int rc = store_get(txn, STORE_MAIN, string_key(FORMAT_KEY), &record, error);
    if (rc < 0) {
        return rc;
    }
    if (rc == BBOTS_NOT_FOUND || record.size < CATALOG_FORMAT_SIZE ||
        memcmp((const uint8_t *)record.data + 16, fingerprint->bytes, 16) != 0) {
        return bb_fail(error, BBOTS_SCHEMA_MISMATCH,
                       "another process changed the file's schema: open the store again");
    }
    *features = features_of(record);
    return BBOTS_OK;
}

int catalog_save_features(store_txn *txn, uint32_t features, bbots_error *error)
{
    store_bytes record;
    bbots_fingerprint fingerprint;
    int rc = store_get(txn, STORE_MAIN, string_key(FORMAT_KEY), &record, error);
    if (rc == BBOTS_NOT_FOUND || (rc == BBOTS_OK && record.size < CATALOG_FORMAT_SIZE)) {
        return bb_fail(error, BBOTS_CORRUPTED, "the file's format record is missing or damaged");
    }
    if (rc == BBOTS_OK) {
        memcpy(fingerprint.bytes, (const uint8_t *)record.data + 16, sizeof fingerprint.bytes);
        rc = save_format(txn, &fingerprint, features, error);
    }
    return rc;
}

int catalog_load_keys(store_txn *txn, store_bytes *record, bbots_error *error)
{
    int rc = store_get(txn, STORE_MAIN, string_key(KEYS_KEY), record, error);
    if (rc == BBOTS_NOT_FOUND) {
        record->data = NULL;
        record->size = 0;
        rc = BBOTS_OK;
    }
    return rc;
}

int catalog_save_keys(store_txn *txn, store_bytes record, bbots_error *error)
{
    return store_put(txn, STORE_MAIN, string_key(KEYS_KEY), record, STORE_REPLACE, error);
}

/* ------------------------------------------------------------------ tables and commits */

int catalog_load_stat(store_txn *txn, const bbots_table *table, engine_stat *stat,
                      bbots_error *error)
{
    char name[BBOTS_NAME_MAX + 2];
    store_bytes record;
    int rc = store_get(txn, STORE_MAIN, stat_key(table, name), &record, error);
    if (rc == BBOTS_NOT_FOUND || (rc == BBOTS_OK && record.size != STAT_SIZE)) {
        return bb_fail_at(error, BBOTS_CORRUPTED, table->name, NULL, NULL,
                          "the catalogue's record of table \"%s\" is missing or damaged",
                          table->name);
    }
    if (rc == BBOTS_OK) {
        const uint8_t *at = record.data;
        stat->count = bb_load64(at);
        stat->digest.low = bb_load64(at + 8);
        stat->digest.high = bb_load64(at + 16);
        stat->serial_next = (int64_t)bb_load64(at + 24);
    }
    return rc;
}

int catalog_save_stat(store_txn *txn, const bbots_table *table, const engine_stat *stat,
                      bbots_error *error)
{
    char name[BBOTS_NAME_MAX + 2];
    uint8_t record[STAT_SIZE];
    bb_store64(record, stat->count);
    bb_store64(record + 8, stat->digest.low);
    bb_store64(record + 16, stat->digest.high);
    bb_store64(record + 24, (uint64_t)stat->serial_next);
    store_bytes value = {record, sizeof record};
    return store_put(txn, STORE_MAIN, stat_key(table, name), value, STORE_REPLACE, error);
}
