/*
 * table/reference.c - foreign keys, from both ends.
 *
 * From the child: a reference with no null in it has to point to a row (MATCH SIMPLE of the SQL
 * standard, PostgreSQL's default). From the parent: the rows that reference it are found through
 * the tree that every foreign key has, so no table is ever searched through.
 *
 * Loading a million rows of a thousand users asks a million times for the same users. Parents
 * that were found are remembered for the transaction, by the bytes of keys of up to eight bytes;
 * what is remembered of a table is void as soon as one of its keys goes away.
 */
#include "table/engine.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>

#define CACHE_SLOTS 32768u /* 16 bytes each */
#define CACHE_AFTER 256u   /* checks: small transactions go without */

typedef struct cached_parent {
    uint64_t key;
    uint32_t tree;  /* table and tree, plus one: 0 is an empty slot */
    uint32_t epoch; /* of the table's removals */
} cached_parent;

struct reference_cache {
    uint64_t checks;
    cached_parent *slots;
};

void reference_forget(bbots_txn *txn)
{
    if (txn->references != NULL) {
        free(txn->references->slots);
        free(txn->references);
        txn->references = NULL;
    }
}

static uint32_t removals_of(const bbots_txn *txn, const engine_table *table)
{
    const txn_table *state = txn->tables != NULL ? txn->tables[table->table->number] : NULL;
    return state != NULL ? (uint32_t)state->removals : 0;
}

/*
 * The slot in which a key would be remembered, or NULL when nothing is: no memory is a reason to
 * look again, not to fail.
 */
static cached_parent *cache_slot(bbots_txn *txn, const uint8_t *key, size_t size, uint32_t tree,
                                 uint64_t *word)
{
    struct reference_cache *cache = txn->references;
    if (size > 8) {
        return NULL;
    }
    if (cache == NULL) {
        cache = calloc(1, sizeof *cache);
        txn->references = cache;
    }
    if (cache == NULL || ++cache->checks < CACHE_AFTER) {
        return NULL;
    }
    if (cache->slots == NULL) {
        cache->slots = calloc(CACHE_SLOTS, sizeof *cache->slots);
        if (cache->slots == NULL) {
            return NULL;
        }
    }
    uint8_t padded[8] = {0};
    memcpy(padded, key, size);
    *word = bb_load64_big(padded) ^ size;
    uint64_t mixed = (*word ^ tree) * UINT64_C(0x9E3779B97F4A7C15);
    return &cache->slots[mixed >> 49 & (CACHE_SLOTS - 1)];
}

/* ------------------------------------------------------------------ child to parent */

/* Values of the referencing columns in the order of a tree's first columns. */
static void order_values(const bbots_tree *tree, const uint8_t *columns, unsigned count,
                         const bbots_value *values, bbots_value *ordered)
{
    for (unsigned t = 0; t < count; t++) {
        for (unsigned i = 0; i < count; i++) {
            if (tree->columns[t] == columns[i]) {
                ordered[t] = values[i];
            }
        }
    }
}

static int find_parent(bbots_txn *txn, engine_table *parent, const bbots_foreign_key *key,
                       const bbots_value *values, bool *found, bbots_error *error)
{
    unsigned tree = parent->table->indexes[key->parent_index].tree;
    const bbots_tree *shape = &parent->table->trees[tree];
    bbots_value ordered[BBOTS_KEY_COLUMNS_MAX];
    uint8_t bytes[CODEC_KEY_MAX];
    uint64_t word = 0;
    uint32_t name = (uint32_t)parent->table->number << 12 | (tree + 1);
    order_values(shape, key->parent_columns, key->column_count, values, ordered);
    size_t size = codec_key_encode(parent->table, shape->columns, shape->column_count, ordered,
                                   bytes);
    cached_parent *slot = cache_slot(txn, bytes, size, name, &word);
    uint32_t epoch = removals_of(txn, parent);
    if (slot != NULL && slot->tree == name && slot->key == word && slot->epoch == epoch) {
        *found = true;
        return BBOTS_OK;
    }
    store_bytes at = {bytes, size};
    store_bytes value;
    store_bytes nothing = {NULL, 0};
    int rc = tree == 0
                 ? store_get(&txn->base, parent->trees[0], at, &value, error)
                 : index_find_unique(txn, parent, tree, ordered, nothing, &value, error);
    *found = rc == BBOTS_OK;
    if (*found && slot != NULL) {
        *slot = (cached_parent){word, name, epoch};
    }
    return rc < 0 ? rc : BBOTS_OK;
}

static int no_parent(const bbots_row *row, const bbots_foreign_key *key, const char *parent,
                     bbots_error *error)
{
    char names[ROW_KEY_TEXT_MAX];
    char values[ROW_KEY_TEXT_MAX];
    const char *table = row->table->name;
    return bb_fail_at(error, BBOTS_FOREIGN_KEY_VIOLATION, table,
                      row->table->columns[key->columns[0]].name, key->name,
                      "insert or update on table \"%s\" violates foreign key constraint \"%s\": "
                      "key (%s)=(%s) is not present in table \"%s\"",
                      table, key->name,
                      row_column_names(row->table, key->columns, key->column_count, names),
                      row_key_text(row, key->columns, key->column_count, values), parent);
}

/* A row may reference itself although it is not stored yet. */
static bool references_itself(const bbots_row *row, const bbots_foreign_key *key,
                              const bbots_value *values)
{
    return key->parent == row->table->number &&
           codec_key_compare(row, key->parent_columns, key->column_count, values) == 0;
}

int reference_check_parent(bbots_txn *txn, const bbots_row *old, const bbots_row *row,
                           const bbots_foreign_key *key, bbots_error *error)
{
    engine_table *parent = &txn->store->tables[key->parent];
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
    bool found = false;
    for (unsigned i = 0; i < key->column_count; i++) {
        row_read(row, key->columns[i], &values[i]);
        if (values[i].kind == BBOTS_NULL) {
            return BBOTS_OK;
        }
    }
    if (references_itself(row, key, values)) {
        return BBOTS_OK;
    }
    if (old != NULL && references_itself(old, key, values)) {
        return no_parent(row, key, parent->table->name, error); /* the key that it just gives up */
    }
    int rc = find_parent(txn, parent, key, values, &found, error);
    if (rc == BBOTS_OK && !found) {
        rc = no_parent(row, key, parent->table->name, error);
    }
    return rc;
}

int reference_check_parents(bbots_txn *txn, engine_table *table, const bbots_row *old,
                            const bbots_row *row, uint64_t changed, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned f = 0; f < table->table->foreign_key_count && rc == BBOTS_OK; f++) {
        const bbots_foreign_key *key = &table->table->foreign_keys[f];
        uint64_t columns = 0;
        for (unsigned i = 0; i < key->column_count; i++) {
            columns |= BBOTS_COLUMN_BIT(key->columns[i]);
        }
        if ((columns & changed) != 0) {
            rc = reference_check_parent(txn, old, row, key, error);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ parent to children */

int reference_settle(bbots_txn *txn, bbots_reference reference, bbots_error *error)
{
    const bbots_table *child = txn->store->tables[reference.table].table;
    unsigned tree = child->indexes[child->foreign_keys[reference.foreign_key].index].tree;
    txn_table *state = txn->tables != NULL ? txn->tables[reference.table] : NULL;
    return state != NULL ? index_flush(txn, state, tree, error) : BBOTS_OK;
}

int reference_scan_open(bbots_txn *txn, bbots_reference reference, const bbots_row *parent,
                        reference_scan *scan, bbots_error *error)
{
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
    memset(scan, 0, sizeof *scan);
    scan->child = &txn->store->tables[reference.table];
    scan->key = &scan->child->table->foreign_keys[reference.foreign_key];
    scan->tree = scan->child->table->indexes[scan->key->index].tree;
    const bbots_tree *tree = &scan->child->table->trees[scan->tree];
    for (unsigned i = 0; i < scan->key->column_count; i++) {
        values[i] = bbots_row_value(parent, scan->key->parent_columns[i]);
        scan->nothing = scan->nothing || values[i].kind == BBOTS_NULL;
    }
    if (scan->nothing) {
        return BBOTS_OK;
    }
    order_values(tree, scan->key->columns, scan->key->column_count, values, scan->values);
    scan->prefix_size = codec_key_bound(scan->child->table, tree->columns, scan->key->column_count,
                                        scan->values, scan->prefix, &scan->exact);
    int rc = reference_settle(txn, reference, error);
    return rc == BBOTS_OK
               ? entries_open(&txn->base, scan->child, scan->tree, &scan->cursor, error)
               : rc;
}

/* The primary key within an entry of the scan's tree. */
static int split_entry(const reference_scan *scan, store_bytes entry, store_bytes *row_key,
                       bbots_error *error)
{
    const bbots_table *table = scan->child->table;
    const bbots_tree *tree = &table->trees[scan->tree];
    size_t part = scan->tree == 0 ? 0
                                  : codec_key_part(table, tree->columns, tree->column_count,
                                                   entry.data, entry.size);
    if ((scan->tree != 0 && part == 0) || part >= entry.size ||
        entry.size - part > CODEC_KEY_MAX) {
        return bb_fail_at(error, BBOTS_CORRUPTED, table->name, NULL, NULL,
                          "index tree \"%s\" has an entry of no row", tree->name);
    }
    row_key->data = (const uint8_t *)entry.data + part;
    row_key->size = entry.size - part;
    return BBOTS_OK;
}

/* A long key's entry only begins like the one looked for: the row itself decides. */
static int confirm_child(bbots_txn *txn, const reference_scan *scan, store_bytes row_key,
                         bool *same, bbots_error *error)
{
    bbots_row row;
    const bbots_tree *tree = &scan->child->table->trees[scan->tree];
    int rc = row_fetch(txn, scan->child, row_key, &row, NULL, error);
    *same = rc == BBOTS_OK &&
            codec_key_compare(&row, tree->columns, scan->key->column_count, scan->values) == 0;
    return rc < 0 ? rc : BBOTS_OK;
}

int reference_scan_next(bbots_txn *txn, reference_scan *scan, store_bytes *row_key,
                        bbots_error *error)
{
    store_bytes entry;
    store_bytes value;
    store_bytes prefix = {scan->prefix, scan->prefix_size};
    while (!scan->nothing) {
        bool same = true;
        int rc = scan->started
                     ? entries_move(&scan->cursor, STORE_NEXT, &entry, &value, error)
                     : entries_seek(&scan->cursor, prefix, &entry, &value, error);
        scan->started = true;
        if (rc != BBOTS_OK) {
            return rc;
        }
        if (entry.size < prefix.size || memcmp(entry.data, prefix.data, prefix.size) != 0) {
            return BBOTS_END;
        }
        rc = split_entry(scan, entry, row_key, error);
        if (rc == BBOTS_OK && !scan->exact) {
            rc = confirm_child(txn, scan, *row_key, &same, error);
        }
        if (rc != BBOTS_OK || same) {
            return rc;
        }
    }
    return BBOTS_END;
}

void reference_scan_close(reference_scan *scan)
{
    entries_close(&scan->cursor);
}

/* "3 rows with (id) 7, 8, 9": how many are in the way and which the first are. */
static const char *in_short(const bbots_table *table, const bbots_row_sample *rows, char *text,
                            size_t room)
{
    char names[ROW_KEY_TEXT_MAX];
    const bbots_tree *primary = &table->trees[0];
    bool more = rows->count > REFERENCE_COUNT_MAX;
    int size = snprintf(text, room, "%s%llu row%s", more ? "more than " : "",
                        (unsigned long long)(more ? REFERENCE_COUNT_MAX : rows->count),
                        rows->count == 1 ? "" : "s");
    if (rows->named > 0) {
        snprintf(text + size, room - (size_t)size, "%s with (%s) %s",
                 rows->named < rows->count ? ", the first" : "",
                 row_column_names(table, primary->columns, primary->column_count, names),
                 rows->keys);
    }
    return text;
}

int reference_refuse(const bbots_row *parent, const reference_scan *scan,
                     const bbots_row_sample *in_the_way, bbots_error *error)
{
    char names[ROW_KEY_TEXT_MAX];
    char values[ROW_KEY_TEXT_MAX];
    char columns[ROW_KEY_TEXT_MAX];
    char rows[ROW_KEY_TEXT_MAX + BBOTS_SAMPLE_TEXT + 64];
    const bbots_foreign_key *key = scan->key;
    const bbots_table *child = scan->child->table;
    return bb_fail_at(error, BBOTS_FOREIGN_KEY_VIOLATION, child->name,
                      child->columns[key->columns[0]].name, key->name,
                      "update or delete on table \"%s\" violates foreign key constraint \"%s\" on "
                      "table \"%s\": key (%s)=(%s) is still referenced by (%s) of %s",
                      parent->table->name, key->name, child->name,
                      row_column_names(parent->table, key->parent_columns, key->column_count,
                                       names),
                      row_key_text(parent, key->parent_columns, key->column_count, values),
                      row_column_names(child, key->columns, key->column_count, columns),
                      in_short(child, in_the_way, rows, sizeof rows));
}

static bool key_changes(const bbots_foreign_key *key, const engine_image *old,
                        const engine_image *new_image)
{
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
    for (unsigned i = 0; i < key->column_count; i++) {
        values[i] = bbots_row_value(&new_image->row, key->parent_columns[i]);
    }
    return codec_key_compare(&old->row, key->parent_columns, key->column_count, values) != 0;
}

/* A child that is the changed row itself is judged by what it references now. */
static bool is_repaired_self(const reference_scan *scan, const engine_image *old,
                             const engine_image *new_image, store_bytes row_key)
{
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
    const bbots_foreign_key *key = scan->key;
    if (scan->child->table != old->row.table || row_key.size != old->key_size ||
        memcmp(row_key.data, old->key, row_key.size) != 0) {
        return false;
    }
    for (unsigned i = 0; i < key->column_count; i++) {
        values[i] = bbots_row_value(&old->row, key->parent_columns[i]);
    }
    return codec_key_compare(&new_image->row, key->columns, key->column_count, values) != 0;
}

/* A row that leaves its key and begins to reference it: nobody has that key any more. */
static bool references_old_self(const reference_scan *scan, const engine_image *old,
                                const engine_image *new_image)
{
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
    const bbots_foreign_key *key = scan->key;
    if (scan->nothing || scan->child->table != old->row.table) {
        return false;
    }
    for (unsigned i = 0; i < key->column_count; i++) {
        values[i] = bbots_row_value(&old->row, key->parent_columns[i]);
    }
    return codec_key_compare(&new_image->row, key->columns, key->column_count, values) == 0;
}

static int check_reference(bbots_txn *txn, bbots_reference reference, const engine_image *old,
                           const engine_image *new_image, bbots_error *error)
{
    reference_scan scan;
    store_bytes row_key;
    bbots_row_sample in_the_way = {.count = 0};
    int rc = reference_scan_open(txn, reference, &old->row, &scan, error);
    if (rc == BBOTS_OK && references_old_self(&scan, old, new_image)) {
        sample_add_row(&old->row, &in_the_way);
    }
    while (rc == BBOTS_OK && in_the_way.count <= REFERENCE_COUNT_MAX) {
        rc = reference_scan_next(txn, &scan, &row_key, error);
        if (rc == BBOTS_OK && !is_repaired_self(&scan, old, new_image, row_key)) {
            rc = sample_add(txn, scan.child, row_key, &in_the_way, error);
        }
    }
    if (rc >= 0 && in_the_way.count > 0) {
        rc = reference_refuse(&old->row, &scan, &in_the_way, error);
    }
    reference_scan_close(&scan);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

int reference_check_children(bbots_txn *txn, engine_table *table, const engine_image *old,
                             const engine_image *new_image, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned r = 0; r < table->table->reference_count && rc == BBOTS_OK; r++) {
        bbots_reference reference = table->table->references[r];
        const bbots_foreign_key *key =
            &txn->store->schema->tables[reference.table]->foreign_keys[reference.foreign_key];
        if (key_changes(key, old, new_image)) {
            rc = check_reference(txn, reference, old, new_image, error);
        }
    }
    return rc;
}
