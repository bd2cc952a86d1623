/*
 * serialize.c - a schema as MessagePack, and its fingerprint.
 *
 * The form is written for strangers: maps with names instead of positions, columns by name instead
 * of by number, words instead of codes, so that any MessagePack reader shows it and a file explains
 * itself without this library. It depends on nothing but the schema: no pointer, no build, no
 * locale. What is empty or false is left out.
 *
 *   schema      {format: 1, name, tables: [table]}
 *   table       {name, comment?, columns: [column], indexes: [index], foreignKeys?: [key],
 *                trees: [tree], live?: [live]}
 *   column      {name, type, length?, scale?, notNull?, serial?, updatedAt?, secret?, vault?, dataKey?,
 *                default?, defaultFunction?, comment?, unit?, values?}
 *   index       {name, kind, columns: [name]}
 *   key         {name, columns: [name], parent, parentColumns: [name], onDelete?}
 *   tree        {name, columns: [name], unique?}
 *   live        {name, by?: [name], split?: [name], time?, units?: [word], fine?: [name],
 *                sum?: [name]}
 *
 * Members stand in this order. msgpack-c packs into a callback: a first run counts the bytes, a
 * second one writes them, so that the arena is asked once.
 */
#include "schema/schema.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "schema/build.h"
#include "schema/words.h"

#include <msgpack.h>

#include <string.h>

typedef struct sink {
    uint8_t *data; /* NULL while counting */
    size_t size;
} sink;

static int sink_write(void *data, const char *bytes, size_t size)
{
    sink *to = data;
    if (to->data != NULL)
        memcpy(to->data + to->size, bytes, size);
    to->size += size;
    return 0;
}

static void put_string(msgpack_packer *pack, const char *string)
{
    size_t size = strlen(string);
    msgpack_pack_str(pack, size);
    msgpack_pack_str_body(pack, string, size);
}

static void put_text(msgpack_packer *pack, const char *name, const char *text)
{
    if (text != NULL && *text != '\0') {
        put_string(pack, name);
        put_string(pack, text);
    }
}

static void put_number(msgpack_packer *pack, const char *name, uint32_t number)
{
    if (number != 0) {
        put_string(pack, name);
        msgpack_pack_uint32(pack, number);
    }
}

static void put_true(msgpack_packer *pack, const char *name, bool is_true)
{
    if (is_true) {
        put_string(pack, name);
        msgpack_pack_true(pack);
    }
}

static void put_columns(msgpack_packer *pack, const char *name, const bbots_column *columns,
                        const uint8_t *numbers, unsigned count)
{
    put_string(pack, name);
    msgpack_pack_array(pack, count);
    for (unsigned i = 0; i < count; i++)
        put_string(pack, columns[numbers[i]].name);
}

static void put_usual(msgpack_packer *pack, const char *const *usual)
{
    if (usual == NULL)
        return;
    size_t count = 0;
    while (usual[count] != NULL)
        count++;
    put_string(pack, "values");
    msgpack_pack_array(pack, count);
    for (size_t i = 0; i < count; i++)
        put_string(pack, usual[i]);
}

static bool has(const char *text)
{
    return text != NULL && *text != '\0';
}

static unsigned column_members(const bbots_column *column)
{
    return 2U + (column->length != 0) + (column->scale != 0) +
           (unsigned)__builtin_popcount(column->flags) +
           (column->default_kind != BBOTS_DEFAULT_NONE) + has(column->comment) +
           has(column->unit) + (column->usual != NULL);
}

static void put_column(msgpack_packer *pack, const bbots_column *column)
{
    msgpack_pack_map(pack, column_members(column));
    put_text(pack, "name", column->name);
    put_text(pack, "type", schema_type_word(column->type));
    put_number(pack, "length", column->length);
    put_number(pack, "scale", column->scale);
    for (unsigned i = 0; i < SCHEMA_COLUMN_FLAG_COUNT; i++)
        put_true(pack, schema_column_flags[i].word,
                 (column->flags & schema_column_flags[i].code) != 0);
    if (column->default_kind == BBOTS_DEFAULT_LITERAL) {
        put_string(pack, "default");
        put_string(pack, column->default_text); /* '' is a default, too */
    } else if (column->default_kind != BBOTS_DEFAULT_NONE) {
        put_text(pack, "defaultFunction",
                 column->default_kind == BBOTS_DEFAULT_NOW ? "now" : "uuid");
    }
    put_text(pack, "comment", column->comment);
    put_text(pack, "unit", column->unit);
    put_usual(pack, column->usual);
}

static void put_index(msgpack_packer *pack, const bbots_table *table, const bbots_index *index)
{
    msgpack_pack_map(pack, 3);
    put_text(pack, "name", index->name);
    put_text(pack, "kind", schema_word_of(schema_index_kinds, SCHEMA_INDEX_KIND_COUNT,
                                          index->flags));
    put_columns(pack, "columns", table->columns, index->columns, index->column_count);
}

static void put_foreign_key(msgpack_packer *pack, const bbots_schema *schema,
                            const bbots_table *table, const bbots_foreign_key *key)
{
    const bbots_table *parent = schema->tables[key->parent];
    msgpack_pack_map(pack, 4U + (key->on_delete != BBOTS_NO_ACTION));
    put_text(pack, "name", key->name);
    put_columns(pack, "columns", table->columns, key->columns, key->column_count);
    put_text(pack, "parent", parent->name);
    put_columns(pack, "parentColumns", parent->columns, key->parent_columns, key->column_count);
    if (key->on_delete != BBOTS_NO_ACTION)
        put_text(pack, "onDelete",
                 schema_word_of(schema_rules, SCHEMA_RULE_COUNT, key->on_delete));
}

static void put_tree(msgpack_packer *pack, const bbots_table *table, const bbots_tree *tree)
{
    msgpack_pack_map(pack, 2U + (tree->unique != 0));
    put_text(pack, "name", tree->name);
    put_columns(pack, "columns", table->columns, tree->columns, tree->column_count);
    put_true(pack, "unique", tree->unique != 0);
}

static void put_array(msgpack_packer *pack, const char *name, size_t count)
{
    put_string(pack, name);
    msgpack_pack_array(pack, count);
}

static void put_some_columns(msgpack_packer *pack, const char *name, const bbots_table *table,
                             const uint8_t *numbers, unsigned count)
{
    if (count != 0)
        put_columns(pack, name, table->columns, numbers, count);
}

static void put_live(msgpack_packer *pack, const bbots_table *table, const bbots_live *live)
{
    unsigned others = live->sum_count - live->fine_count;
    msgpack_pack_map(pack, 1U + (live->by_count != 0) + (live->split_count != 0) +
                               2U * (live->unit_count != 0) + (live->fine_count != 0) +
                               (others != 0));
    put_text(pack, "name", live->name);
    put_some_columns(pack, "by", table, live->by, live->by_count);
    put_some_columns(pack, "split", table, live->split, live->split_count);
    if (live->unit_count != 0) {
        put_text(pack, "time", table->columns[live->time].name);
        put_array(pack, "units", live->unit_count);
        for (unsigned i = 0; i < live->unit_count; i++)
            put_string(pack, schema_unit_word(live->units[i]));
    }
    put_some_columns(pack, "fine", table, live->sums, live->fine_count);
    put_some_columns(pack, "sum", table, live->sums + live->fine_count, others);
}

static void put_table(msgpack_packer *pack, const bbots_schema *schema, const bbots_table *table)
{
    msgpack_pack_map(pack, 4U + has(table->comment) + (table->foreign_key_count != 0) +
                               (table->live_count != 0));
    put_text(pack, "name", table->name);
    put_text(pack, "comment", table->comment);
    put_array(pack, "columns", table->column_count);
    for (unsigned i = 0; i < table->column_count; i++)
        put_column(pack, &table->columns[i]);
    put_array(pack, "indexes", table->index_count);
    for (unsigned i = 0; i < table->index_count; i++)
        put_index(pack, table, &table->indexes[i]);
    if (table->foreign_key_count != 0)
        put_array(pack, "foreignKeys", table->foreign_key_count);
    for (unsigned i = 0; i < table->foreign_key_count; i++)
        put_foreign_key(pack, schema, table, &table->foreign_keys[i]);
    put_array(pack, "trees", table->tree_count);
    for (unsigned i = 0; i < table->tree_count; i++)
        put_tree(pack, table, &table->trees[i]);
    if (table->live_count != 0)
        put_array(pack, "live", table->live_count);
    for (unsigned i = 0; i < table->live_count; i++)
        put_live(pack, table, &table->lives[i]);
}

static void put_schema(sink *to, const bbots_schema *schema)
{
    msgpack_packer pack;
    msgpack_packer_init(&pack, to, sink_write);
    msgpack_pack_map(&pack, 3);
    put_string(&pack, "format");
    msgpack_pack_uint32(&pack, SCHEMA_FORMAT);
    put_text(&pack, "name", schema->name);
    put_array(&pack, "tables", schema->table_count);
    for (uint32_t i = 0; i < schema->table_count; i++)
        put_table(&pack, schema, schema->tables[i]);
}

int schema_serialize(bb_arena *arena, const bbots_schema *schema, const void **data, size_t *size,
                     bbots_error *error)
{
    sink to = {NULL, 0};
    put_schema(&to, schema);
    to.data = bb_arena_alloc(arena, to.size);
    if (to.data == NULL)
        return bb_fail(error, BBOTS_NO_MEMORY, "no memory to serialize schema \"%s\"",
                       schema->name);
    to.size = 0;
    put_schema(&to, schema);
    *data = to.data;
    *size = to.size;
    return BBOTS_OK;
}

bbots_fingerprint schema_fingerprint(const void *serialized, size_t size)
{
    bbots_fingerprint fingerprint;
    bb_hash hash = bb_hash128(serialized, size, 0);
    bb_store64_big(fingerprint.bytes, hash.high);
    bb_store64_big(fingerprint.bytes + 8, hash.low);
    return fingerprint;
}
