/*
 * table/row.c - rows in hand: found, verified, made.
 */
#include "table/engine.h"

#include "codec/literal.h"
#include "table/secret.h"

#include <stdio.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ stored rows */

/*
 * The layout of rows with fewer columns than the table has today. Made when the first one is met;
 * two threads may both make it, one keeps it.
 */
static const codec_layout *older_layout(engine_table *table, unsigned columns)
{
    codec_layout *layout = atomic_load(&table->older[columns]);
    if (layout == NULL) {
        codec_layout *expected = NULL;
        layout = malloc(sizeof *layout);
        if (layout == NULL) {
            return NULL;
        }
        codec_layout_init(layout, table->table, columns, table->defaults);
        if (!atomic_compare_exchange_strong(&table->older[columns], &expected, layout)) {
            free(layout);
            layout = expected;
        }
    }
    return layout;
}

static int damaged(const engine_table *table, bbots_error *error)
{
    return bb_fail_at(error, BBOTS_CORRUPTED, table->table->name, NULL, NULL,
                      "a row of table \"%s\" is damaged: its checksum or shape does not fit",
                      table->table->name);
}

int row_open(engine_table *table, store_bytes data, bbots_row *row, bb_hash *hash,
             bbots_error *error)
{
    const codec_layout *layout = &table->layout;
    unsigned columns = codec_row_columns(data.data, data.size);
    if (columns != layout->column_count) {
        if (columns > layout->column_count &&
            codec_row_checksum_fits(layout, data.data, data.size)) {
            return bb_fail_at(error, BBOTS_SCHEMA_MISMATCH, table->table->name, NULL, NULL,
                              "a row of table \"%s\" has more columns than this schema: another "
                              "process changed the file's schema, open the store again",
                              table->table->name);
        }
        if (columns == 0 || columns > layout->column_count) {
            return damaged(table, error);
        }
        layout = older_layout(table, columns);
        if (layout == NULL) {
            return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
        }
    }
    if (!codec_row_intact(layout, data.data, data.size, hash)) {
        return damaged(table, error);
    }
    row->table = table->table;
    row->data = data.data;
    row->layout = layout;
    row->txn = NULL;
    row->size = (uint32_t)data.size;
    return BBOTS_OK;
}

void row_read(const bbots_row *row, unsigned column, bbots_value *value)
{
    codec_row_read(row->layout, row->data, row->size, column, value);
    if (row->txn != NULL && value->kind == BBOTS_SEALED) {
        (void)secret_open(row, column, value, NULL); /* it stays what it is when it does not open */
    }
}

bbots_value bbots_row_value(const bbots_row *row, unsigned column)
{
    bbots_value value;
    row_read(row, column, &value);
    return value;
}

/* The common key, a number: a row has it where the layout says, so nothing is made anew. */
static inline bool has_number(const engine_table *table, const bbots_row *row, store_bytes key)
{
    if (table->number_key < 0 || row->layout != &table->layout) {
        return false;
    }
    unsigned width = table->layout.width[table->number_key];
    const uint8_t *at = row->data + table->layout.place[table->number_key];
    return key.size == width &&
           row_number_key(codec_row_integer(at, width), width) ==
               (width == 4 ? bb_load32_big(key.data) : bb_load64_big(key.data));
}

int row_confirm_key(const engine_table *table, const bbots_row *row, store_bytes key,
                    bbots_error *error)
{
    const bbots_tree *tree = &table->table->trees[0];
    if (has_number(table, row, key)) {
        return BBOTS_OK;
    }
    uint8_t own[CODEC_KEY_MAX];
    size_t size = codec_key_of_row(row, tree->columns, tree->column_count, own, NULL);
    if (size != key.size || memcmp(own, key.data, size) != 0) {
        return bb_fail_at(error, BBOTS_CORRUPTED, table->table->name, NULL, NULL,
                          "a row of table \"%s\" lies under another row's key", table->table->name);
    }
    return BBOTS_OK;
}

int row_confirm_entry(const engine_table *table, unsigned tree, const bbots_row *row,
                      store_bytes part, bbots_error *error)
{
    const bbots_tree *shape = &table->table->trees[tree];
    uint8_t own[CODEC_KEY_MAX];
    size_t size = codec_key_of_row(row, shape->columns, shape->column_count, own, NULL);
    if (size != part.size || memcmp(own, part.data, size) != 0) {
        return bb_fail_at(error, BBOTS_CORRUPTED, table->table->name, NULL, NULL,
                          "index tree \"%s\" has an entry that does not fit its row", shape->name);
    }
    return BBOTS_OK;
}

int row_accept(engine_table *table, store_bytes key, store_bytes data, bbots_row *row,
               bb_hash *hash, bbots_error *error)
{
    int rc = row_open(table, data, row, hash, error);
    return rc == BBOTS_OK ? row_confirm_key(table, row, key, error) : rc;
}

int row_fetch(bbots_txn *txn, engine_table *table, store_bytes key, bbots_row *row, bb_hash *hash,
              bbots_error *error)
{
    store_bytes data;
    int rc = store_get(&txn->base, table->trees[0], key, &data, error);
    return rc == BBOTS_OK ? row_accept(table, key, data, row, hash, error) : rc;
}

/* ------------------------------------------------------------------ look-up by key */

int row_check_unique_index(const bbots_table *table, unsigned index, bbots_error *error)
{
    if (index >= table->index_count ||
        (table->indexes[index].flags & (BBOTS_INDEX_UNIQUE | BBOTS_INDEX_PRIMARY)) == 0) {
        return bb_fail_at(error, BBOTS_UNKNOWN_INDEX, table->name, NULL, NULL,
                          "table \"%s\" has no unique index number %u", table->name, index);
    }
    return BBOTS_OK;
}

bool row_number_bytes(const engine_table *table, unsigned index, const bbots_value *key,
                      engine_image *image)
{
    if (table->number_key < 0 || index >= table->table->index_count ||
        (table->table->indexes[index].flags & BBOTS_INDEX_PRIMARY) == 0 ||
        key->kind != BBOTS_INTEGER) {
        return false;
    }
    unsigned width = table->layout.width[table->number_key];
    if (width == 4 && key->integer != (int32_t)key->integer) {
        return false;
    }
    uint64_t number = row_number_key(key->integer, width);
    bb_store64_big(image->key, width == 4 ? number << 32 : number);
    image->key_size = width;
    return true;
}

int row_key(bbots_txn *txn, const bbots_table *table, unsigned index, const bbots_value *key,
            bbots_value *stored, uint8_t *bytes, size_t *size, bbots_error *error)
{
    int known = row_check_unique_index(table, index, error);
    if (known != BBOTS_OK) {
        return known;
    }
    const bbots_index *unique = &table->indexes[index];
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < unique->column_count; i++) {
        int one = codec_value_look_for(&txn->scratch, table, unique->columns[i], &key[i],
                                       &stored[i], error);
        if (one < 0) {
            return one;
        }
        rc = one != BBOTS_OK ? one : rc;
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (bytes != NULL) {
        *size = codec_key_encode(table, unique->columns, unique->column_count, stored, bytes);
    }
    return BBOTS_OK;
}

static bool any_null(const bbots_value *values, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (values[i].kind == BBOTS_NULL) {
            return true;
        }
    }
    return false;
}

/*
 * The values in the order of the tree that serves the index: a unique tree has the same columns,
 * but another index may have named them first.
 */
static void order_as_tree(const bbots_index *index, const bbots_tree *tree,
                          const bbots_value *values, bbots_value *ordered)
{
    for (unsigned t = 0; t < tree->column_count; t++) {
        for (unsigned i = 0; i < index->column_count; i++) {
            if (index->columns[i] == tree->columns[t]) {
                ordered[t] = values[i];
            }
        }
    }
}

int row_find(bbots_txn *txn, engine_table *table, unsigned index, const bbots_value *values,
             engine_image *image, bbots_error *error)
{
    const bbots_index *unique = &table->table->indexes[index];
    const bbots_tree *tree = &table->table->trees[unique->tree];
    bbots_value ordered[BBOTS_KEY_COLUMNS_MAX];
    store_bytes key = {image->key, 0};
    if (any_null(values, unique->column_count)) {
        return BBOTS_NOT_FOUND;
    }
    order_as_tree(unique, tree, values, ordered);
    if (unique->tree == 0) {
        image->key_size =
            codec_key_encode(table->table, tree->columns, tree->column_count, ordered, image->key);
    } else {
        store_bytes found;
        store_bytes nothing = {NULL, 0};
        int rc = index_find_unique(txn, table, unique->tree, ordered, nothing, &found, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
        memcpy(image->key, found.data, found.size);
        image->key_size = found.size;
    }
    key.size = image->key_size;
    int rc = row_fetch(txn, table, key, &image->row, &image->hash, error);
    if (rc == BBOTS_OK && unique->tree != 0 &&
        codec_key_compare(&image->row, tree->columns, tree->column_count, ordered) != 0) {
        return bb_fail_at(error, BBOTS_CORRUPTED, table->table->name, NULL, unique->name,
                          "index tree \"%s\" has an entry that does not fit its row", tree->name);
    }
    if (rc == BBOTS_NOT_FOUND && unique->tree != 0) {
        return bb_fail_at(error, BBOTS_CORRUPTED, table->table->name, NULL, unique->name,
                          "index \"%s\" of table \"%s\" has an entry without a row", unique->name,
                          table->table->name);
    }
    return rc;
}

/* ------------------------------------------------------------------ new rows */

int row_make(bbots_txn *txn, engine_table *table, const bbots_value *values, engine_image *image,
             bbots_error *error)
{
    const bbots_tree *primary = &table->table->trees[0];
    size_t size = codec_row_size(&table->layout, values);
    if (size == 0) {
        return bb_fail_at(error, BBOTS_LIMIT_EXCEEDED, table->table->name, NULL, NULL,
                          "a row of table \"%s\" would be larger than %u bytes", table->table->name,
                          CODEC_ROW_MAX);
    }
    uint8_t *bytes = bb_arena_alloc(&txn->scratch, size);
    if (bytes == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    image->hash = codec_row_encode(&table->layout, values, bytes, size);
    image->row.table = table->table;
    image->row.data = bytes;
    image->row.size = (uint32_t)size;
    image->row.layout = &table->layout;
    image->row.txn = NULL;
    image->key_size =
        codec_key_of_row(&image->row, primary->columns, primary->column_count, image->key, NULL);
    return BBOTS_OK;
}

int row_patch(bbots_txn *txn, engine_table *table, const engine_image *old,
              const bbots_value *values, uint64_t columns, engine_image *image, bbots_error *error)
{
    const bbots_tree *primary = &table->table->trees[0];
    uint8_t *bytes = bb_arena_alloc(&txn->scratch, old->row.size);
    if (bytes == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    memcpy(bytes, old->row.data, old->row.size);
    image->hash = codec_row_patch(&table->layout, values, columns, bytes, old->row.size);
    image->row = old->row;
    image->row.data = bytes;
    image->row.txn = NULL;
    image->key_size =
        codec_key_of_row(&image->row, primary->columns, primary->column_count, image->key, NULL);
    return BBOTS_OK;
}

int row_keep(bbots_txn *txn, engine_image *image, bbots_error *error)
{
    const uint8_t *copy = bb_arena_copy(&txn->scratch, image->row.data, image->row.size);
    if (copy == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    image->row.data = copy;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ for messages */

const char *row_key_text(const bbots_row *row, const uint8_t *columns, unsigned count,
                         char buffer[ROW_KEY_TEXT_MAX])
{
    size_t size = 0;
    buffer[0] = '\0';
    for (unsigned i = 0; i < count && size < ROW_KEY_TEXT_MAX - 1; i++) {
        char shown[BB_QUOTE_MAX];
        bbots_value value = bbots_row_value(row, columns[i]);
        codec_value_show(&row->table->columns[columns[i]], &value, shown);
        int more =
            snprintf(buffer + size, ROW_KEY_TEXT_MAX - size, "%s%s", i > 0 ? ", " : "", shown);
        size += more > 0 ? (size_t)more : 0;
    }
    return buffer;
}

const char *row_column_names(const bbots_table *table, const uint8_t *columns, unsigned count,
                             char buffer[ROW_KEY_TEXT_MAX])
{
    size_t size = 0;
    buffer[0] = '\0';
    for (unsigned i = 0; i < count && size < ROW_KEY_TEXT_MAX - 1; i++) {
        int more = snprintf(buffer + size, ROW_KEY_TEXT_MAX - size, "%s%s", i > 0 ? ", " : "",
                            table->columns[columns[i]].name);
        size += more > 0 ? (size_t)more : 0;
    }
    return buffer;
}

bool bbots_row_is_deleted(const bbots_row *row)
{
    for (unsigned c = 0; c < row->table->column_count; c++) {
        const char *name = row->table->columns[c].name;
        if (strcmp(name, "deletedAt") == 0 && bbots_row_value(row, c).kind == BBOTS_TIMESTAMP) {
            return true;
        }
        if (strcmp(name, "isActive") == 0) {
            bbots_value value = bbots_row_value(row, c);
            if ((value.kind == BBOTS_BOOLEAN && !value.boolean) ||
                (value.kind == BBOTS_TEXT && value.size == 5 &&
                 memcmp(value.data, "false", 5) == 0)) {
                return true;
            }
        }
    }
    return false;
}
