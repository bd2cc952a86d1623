/*
 * deserialize.c - a schema out of bytes that nobody vouches for.
 *
 * Three nets, each one simple:
 *
 * D1  Shape. The members stand in the one order that serialize.c writes; what is missing, unknown
 *     or out of range is refused where it stands.
 * D2  Sense. Names are names and unique, columns exist, keys are keyable, defaults fit, references
 *     join columns of like types and have their indexes: check.c, after all tables are read.
 * D3  One form. What follows from the rest (trees, the order of words) is not compared member by
 *     member: the finished schema is serialized again and must give the very same bytes. So a
 *     schema has exactly one record, and its fingerprint is its identity.
 */
#include "schema/schema.h"

#include "base/error.h"
#include "schema/build.h"
#include "schema/check.h"
#include "schema/reader.h"
#include "schema/words.h"

#include <string.h>

static const char *read_name(schema_reader *reader)
{
    const char *name = schema_read_string(reader, false);
    if (!schema_name_valid(name))
        schema_reader_fail(reader, "a name is empty, too long or has characters other than "
                                   "letters, digits and underscores");
    return name;
}

/* The code of one of the words of a list. */
static unsigned read_code(schema_reader *reader, const schema_word *words, size_t count)
{
    int place = schema_word_find(words, count, schema_read_string(reader, false));
    if (place < 0) {
        schema_reader_fail(reader, "a word is unknown");
        return 0;
    }
    return words[place].code;
}

/* A list of columns of a table that is read already. *columns stays NULL after a failure. */
static uint8_t read_numbers(schema_reader *reader, const bbots_table *table, uint32_t most,
                            const uint8_t **columns)
{
    uint32_t count = schema_read_array(reader, most);
    uint8_t *numbers = schema_reader_alloc(reader, count, 1);
    if (count == 0)
        schema_reader_fail(reader, "a key has no column");
    for (uint32_t i = 0; i < count && reader->status == BBOTS_OK; i++) {
        int column = bbots_table_column(table, bbots_text_of(schema_read_string(reader, false)));
        if (column < 0 || memchr(numbers, column, i) != NULL)
            schema_reader_fail(reader, "a key's column is unknown or named twice");
        else
            numbers[i] = (uint8_t)column;
    }
    *columns = numbers;
    return (uint8_t)count;
}

static uint8_t read_columns(schema_reader *reader, const char *member, const bbots_table *table,
                            const uint8_t **columns)
{
    schema_expect_word(reader, member);
    return read_numbers(reader, table, BBOTS_KEY_COLUMNS_MAX, columns);
}

static void read_usual(schema_reader *reader, bbots_column *column)
{
    uint32_t count = schema_read_array(reader, SCHEMA_USUAL_MAX);
    const char **usual = schema_reader_alloc(reader, count + 1, sizeof *usual);
    for (uint32_t i = 0; i < count && reader->status == BBOTS_OK; i++)
        usual[i] = schema_read_string(reader, false);
    column->usual = usual;
}

static void read_default(schema_reader *reader, uint32_t *members, bbots_column *column)
{
    if (schema_read_member(reader, members, "default")) {
        column->default_kind = BBOTS_DEFAULT_LITERAL;
        column->default_text = schema_read_string(reader, true);
    } else if (schema_read_member(reader, members, "defaultFunction")) {
        column->default_kind = BBOTS_DEFAULT_NOW;
        if (!schema_read_word(reader, "now")) {
            schema_expect_word(reader, "uuid");
            column->default_kind = BBOTS_DEFAULT_UUID;
        }
    }
}

static void read_flags(schema_reader *reader, uint32_t *members, bbots_column *column)
{
    for (unsigned i = 0; i < SCHEMA_COLUMN_FLAG_COUNT; i++) {
        if (schema_read_member(reader, members, schema_column_flags[i].word)) {
            schema_read_true(reader);
            column->flags = (uint8_t)(column->flags | schema_column_flags[i].code);
        }
    }
}

static void read_column(schema_reader *reader, bbots_column *column)
{
    uint32_t members = schema_read_map(reader);
    if (members < 2)
        schema_reader_fail(reader, "a column lacks its name or type");
    members -= 2;
    schema_expect_word(reader, "name");
    column->name = read_name(reader);
    schema_expect_word(reader, "type");
    column->type = (uint8_t)schema_type_of_word(schema_read_string(reader, false));
    if (schema_read_member(reader, &members, "length"))
        column->length = schema_read_number(reader);
    if (schema_read_member(reader, &members, "scale"))
        column->scale = (uint8_t)schema_read_number(reader); /* D3 sees a number cut to a byte */
    read_flags(reader, &members, column);
    read_default(reader, &members, column);
    column->comment =
        schema_read_member(reader, &members, "comment") ? schema_read_string(reader, false) : "";
    column->unit =
        schema_read_member(reader, &members, "unit") ? schema_read_string(reader, false) : "";
    if (schema_read_member(reader, &members, "values"))
        read_usual(reader, column);
    if (members != 0)
        schema_reader_fail(reader, "a column has a member too many");
}

static void read_index(schema_reader *reader, const bbots_table *table, bbots_index *index)
{
    if (schema_read_map(reader) != 3)
        schema_reader_fail(reader, "an index has not three members");
    schema_expect_word(reader, "name");
    index->name = read_name(reader);
    schema_expect_word(reader, "kind");
    index->flags = (uint8_t)read_code(reader, schema_index_kinds, SCHEMA_INDEX_KIND_COUNT);
    index->column_count = read_columns(reader, "columns", table, &index->columns);
}

/* Parents may come later in the record: their names are kept and looked up when all are read. */
typedef struct pending {
    const char *parent;
    const char *parent_columns[BBOTS_KEY_COLUMNS_MAX];
    unsigned parent_column_count;
} pending;

static void read_foreign_key(schema_reader *reader, const bbots_table *table,
                             bbots_foreign_key *key, pending *later)
{
    uint32_t members = schema_read_map(reader);
    schema_expect_word(reader, "name");
    key->name = read_name(reader);
    key->column_count = read_columns(reader, "columns", table, &key->columns);
    schema_expect_word(reader, "parent");
    later->parent = schema_read_string(reader, false);
    schema_expect_word(reader, "parentColumns");
    later->parent_column_count = schema_read_array(reader, BBOTS_KEY_COLUMNS_MAX);
    for (unsigned i = 0; i < later->parent_column_count && reader->status == BBOTS_OK; i++)
        later->parent_columns[i] = schema_read_string(reader, false);
    if (members < 4 || later->parent_column_count != key->column_count)
        schema_reader_fail(reader, "a foreign key lacks a member or a column");
    members -= 4;
    if (schema_read_member(reader, &members, "onDelete"))
        key->on_delete = (uint8_t)read_code(reader, schema_rules, SCHEMA_RULE_COUNT);
    if (members != 0)
        schema_reader_fail(reader, "a foreign key has a member too many");
}

/* Trees follow from the indexes; here they are only read over, D3 compares them. */
static void skip_tree(schema_reader *reader, const bbots_table *table)
{
    const uint8_t *columns;
    uint32_t members = schema_read_map(reader);
    schema_expect_word(reader, "name");
    schema_read_string(reader, false);
    read_columns(reader, "columns", table, &columns);
    if (members == 3) {
        schema_expect_word(reader, "unique");
        schema_read_true(reader);
    }
}

static void read_trees(schema_reader *reader, bbots_table *table)
{
    schema_expect_word(reader, "trees");
    uint32_t count = schema_read_array(reader, table->index_count);
    for (uint32_t i = 0; i < count && reader->status == BBOTS_OK; i++)
        skip_tree(reader, table);
}

static void read_units(schema_reader *reader, bbots_live *live)
{
    live->unit_count = (uint8_t)schema_read_array(reader, BBOTS_LIVE_UNITS_MAX);
    uint8_t *units = schema_reader_alloc(reader, live->unit_count, 1);
    for (unsigned i = 0; i < live->unit_count && reader->status == BBOTS_OK; i++)
        units[i] = (uint8_t)schema_unit_of_word(schema_read_string(reader, false));
    live->units = units;
}

/* Fine sums come first; the others are put behind them. */
static void read_sums(schema_reader *reader, const bbots_table *table, uint32_t *members,
                      bbots_live *live)
{
    const uint8_t *fine = NULL;
    const uint8_t *others = NULL;
    unsigned other_count = 0;
    if (schema_read_member(reader, members, "fine"))
        live->fine_count = read_numbers(reader, table, BBOTS_LIVE_SUMS_MAX, &fine);
    if (schema_read_member(reader, members, "sum"))
        other_count = read_numbers(reader, table, BBOTS_LIVE_SUMS_MAX, &others);
    uint8_t *sums = schema_reader_alloc(reader, live->fine_count + other_count, 1);
    if (live->fine_count + other_count > BBOTS_LIVE_SUMS_MAX)
        schema_reader_fail(reader, "a live aggregate has too many sums");
    if (reader->status != BBOTS_OK)
        return;
    for (unsigned i = 0; i < live->fine_count; i++)
        sums[i] = fine[i];
    for (unsigned i = 0; i < other_count; i++)
        sums[live->fine_count + i] = others[i];
    live->sums = sums;
    live->sum_count = (uint8_t)(live->fine_count + other_count);
}

static void read_live(schema_reader *reader, const bbots_table *table, bbots_live *live)
{
    uint32_t members = schema_read_map(reader);
    if (members < 1)
        schema_reader_fail(reader, "a live aggregate lacks its name");
    members -= members > 0;
    schema_expect_word(reader, "name");
    live->name = read_name(reader);
    if (schema_read_member(reader, &members, "by"))
        live->by_count = read_numbers(reader, table, BBOTS_LIVE_BY_MAX, &live->by);
    if (schema_read_member(reader, &members, "split"))
        live->split_count = read_numbers(reader, table, BBOTS_LIVE_SPLIT_MAX, &live->split);
    if (schema_read_member(reader, &members, "time")) {
        int column = bbots_table_column(table, bbots_text_of(schema_read_string(reader, false)));
        if (column < 0)
            schema_reader_fail(reader, "a live aggregate's time is no column");
        live->time = (uint8_t)(column < 0 ? 0 : column);
        schema_expect_word(reader, "units");
        members -= members > 0;
        read_units(reader, live);
    }
    read_sums(reader, table, &members, live);
    if (members != 0)
        schema_reader_fail(reader, "a live aggregate has a member too many");
}

static void read_live_array(schema_reader *reader, bbots_table *table)
{
    if (!schema_read_word(reader, "live"))
        return;
    uint32_t count = schema_read_array(reader, SCHEMA_LIVES_MAX);
    bbots_live *lives = schema_reader_alloc(reader, count, sizeof *lives);
    for (uint32_t i = 0; i < count && reader->status == BBOTS_OK; i++)
        read_live(reader, table, &lives[i]);
    table->lives = lives;
    table->live_count = (uint16_t)count;
}

static void read_column_array(schema_reader *reader, bbots_table *table)
{
    schema_expect_word(reader, "columns");
    uint32_t count = schema_read_array(reader, BBOTS_COLUMNS_MAX);
    bbots_column *columns = schema_reader_alloc(reader, count, sizeof *columns);
    for (uint32_t i = 0; i < count && reader->status == BBOTS_OK; i++)
        read_column(reader, &columns[i]);
    table->columns = columns;
    table->column_count = (uint16_t)count;
}

static void read_index_array(schema_reader *reader, bbots_table *table)
{
    schema_expect_word(reader, "indexes");
    uint32_t count = schema_read_array(reader, SCHEMA_INDEXES_MAX);
    bbots_index *indexes = schema_reader_alloc(reader, count, sizeof *indexes);
    for (uint32_t i = 0; i < count && reader->status == BBOTS_OK; i++)
        read_index(reader, table, &indexes[i]);
    table->indexes = indexes;
    table->index_count = (uint16_t)count;
}

static void read_foreign_key_array(schema_reader *reader, bbots_table *table, pending **later)
{
    if (!schema_read_word(reader, "foreignKeys"))
        return;
    uint32_t count = schema_read_array(reader, SCHEMA_FOREIGN_KEYS_MAX);
    bbots_foreign_key *keys = schema_reader_alloc(reader, count, sizeof *keys);
    *later = schema_reader_alloc(reader, count, sizeof **later);
    for (uint32_t i = 0; i < count && reader->status == BBOTS_OK; i++)
        read_foreign_key(reader, table, &keys[i], &(*later)[i]);
    table->foreign_keys = keys;
    table->foreign_key_count = (uint16_t)count;
}

static void read_table(schema_reader *reader, bbots_table *table, pending **later)
{
    reader->where = "";
    schema_read_map(reader); /* D3 sees a wrong count */
    schema_expect_word(reader, "name");
    table->name = read_name(reader);
    reader->where = table->name;
    table->comment =
        schema_read_word(reader, "comment") ? schema_read_string(reader, false) : "";
    read_column_array(reader, table);
    if (reader->status == BBOTS_OK)
        read_index_array(reader, table);
    if (reader->status == BBOTS_OK)
        read_foreign_key_array(reader, table, later);
    if (reader->status == BBOTS_OK)
        read_trees(reader, table);
    if (reader->status == BBOTS_OK)
        read_live_array(reader, table);
}

static void resolve_key(schema_reader *reader, const bbots_schema *schema, bbots_foreign_key *key,
                        const pending *later)
{
    uint32_t number;
    const bbots_table *parent = bbots_schema_table(schema, later->parent, &number);
    uint8_t *columns = schema_reader_alloc(reader, key->column_count, 1);
    for (unsigned i = 0; i < key->column_count && columns != NULL; i++) {
        int column = -1;
        if (parent != NULL)
            column = bbots_table_column(parent, bbots_text_of(later->parent_columns[i]));
        if (column < 0) {
            schema_reader_fail(reader, "a foreign key points to an unknown table or column");
            return;
        }
        columns[i] = (uint8_t)column;
    }
    key->parent = (uint16_t)number;
    key->parent_columns = columns;
}

static void resolve_keys(schema_reader *reader, const bbots_schema *schema, pending *const *later)
{
    for (uint32_t i = 0; i < schema->table_count; i++) {
        const bbots_table *table = schema->tables[i];
        bbots_foreign_key *keys = (bbots_foreign_key *)table->foreign_keys;
        reader->where = table->name;
        for (unsigned k = 0; k < table->foreign_key_count && reader->status == BBOTS_OK; k++)
            resolve_key(reader, schema, &keys[k], &later[i][k]);
    }
}

static void assign_trees(schema_reader *reader, bbots_table *const *tables, uint32_t table_count)
{
    for (uint32_t i = 0; i < table_count && reader->status == BBOTS_OK; i++) {
        bbots_table *table = tables[i];
        bbots_tree *trees = schema_reader_alloc(reader, table->index_count + 1U, sizeof *trees);
        if (trees == NULL)
            return;
        table->trees = trees;
        table->tree_count = (uint16_t)schema_assign_trees(
            reader->arena, table->name, table->columns, (bbots_index *)table->indexes,
            table->index_count, trees);
        if (table->tree_count == 0)
            schema_reader_no_memory(reader);
    }
}

static void link_tables(schema_reader *reader, bbots_table *const *tables, uint32_t table_count)
{
    bbots_reference fault;
    if (reader->status != BBOTS_OK)
        return;
    int status = schema_link(reader->arena, tables, table_count, &fault);
    if (status == BBOTS_NO_MEMORY) {
        schema_reader_no_memory(reader);
    } else if (status != BBOTS_OK) {
        reader->where = tables[fault.table]->name;
        schema_reader_fail(reader, "a foreign key has no index, or its parent no unique one");
    }
}

/* D3 */
static void compare_bytes(schema_reader *reader, const bbots_schema *schema)
{
    const void *again;
    size_t size;
    if (reader->status != BBOTS_OK)
        return;
    bb_arena_mark mark = bb_arena_mark_here(reader->arena);
    if (schema_serialize(reader->arena, schema, &again, &size, NULL) != BBOTS_OK)
        schema_reader_no_memory(reader);
    else if (size != reader->size || memcmp(again, reader->data, size) != 0)
        schema_reader_fail(reader, "it is not in the one form that this schema has");
    bb_arena_rewind(reader->arena, mark);
}

static void read_schema(schema_reader *reader, bbots_schema *schema)
{
    schema_read_map(reader);
    schema_expect_word(reader, "format");
    if (schema_read_number(reader) != SCHEMA_FORMAT)
        schema_reader_fail(reader, "its format is unknown");
    schema_expect_word(reader, "name");
    schema->name = read_name(reader);
    schema_expect_word(reader, "tables");
    uint32_t count = schema_read_array(reader, BBOTS_TABLES_MAX);
    bbots_table *rooms = schema_reader_alloc(reader, count, sizeof *rooms);
    bbots_table **tables = schema_reader_alloc(reader, count, sizeof *tables);
    pending **later = schema_reader_alloc(reader, count, sizeof *later);
    for (uint32_t i = 0; i < count && reader->status == BBOTS_OK; i++) {
        tables[i] = &rooms[i];
        read_table(reader, tables[i], &later[i]);
    }
    schema->tables = (const bbots_table *const *)tables;
    schema->table_count = count;
    reader->where = "";
    if (reader->status == BBOTS_OK && reader->position != reader->size)
        schema_reader_fail(reader, "bytes follow it");
    if (reader->status == BBOTS_OK)
        resolve_keys(reader, schema, later);
    if (reader->status == BBOTS_OK)
        schema_check(reader, schema); /* D2 */
    assign_trees(reader, tables, count);
    link_tables(reader, tables, count);
}

int schema_deserialize(bb_arena *arena, const void *data, size_t size, const bbots_schema **schema,
                       bbots_error *error)
{
    schema_reader reader = {arena, data, size, 0, "", error, BBOTS_OK};
    bbots_schema *made = schema_reader_alloc(&reader, 1, sizeof *made);
    if (made != NULL)
        read_schema(&reader, made);
    compare_bytes(&reader, made);
    if (reader.status != BBOTS_OK)
        return reader.status;
    made->fingerprint = schema_fingerprint(data, size);
    *schema = made;
    return BBOTS_OK;
}
