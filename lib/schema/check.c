/*
 * check.c - the rules that a schema keeps, whoever made it.
 *
 * The generator refuses the same things earlier and with the line of the SQL; here they are what
 * the engine may rely on after reading a file:
 *
 * C1  Names are unique: tables in the schema; columns, indexes and foreign keys in their table.
 * C2  A type is known and in its limits; a serial is an integer that is not null, and a table has
 *     at most one.
 * C3  The first index of a table, and no other one, is its primary key; its columns are not null.
 * C4  Columns of keys can be compared: no jsonb, no vector. An index that tells what is repeated is
 *     the only one of its table and has one column, which may be null.
 * C5  A default is a value of its column's type.
 * C6  A foreign key joins columns of like types.
 * C7  A live aggregate has a name of its own, keyable columns, exact sums and nested units.
 * C8  A secret column is text, varchar or jsonb and in no key: equal values do not look alike once
 *     they are sealed.
 * C9  At most one column of a schema holds data keys. It is text and secret, and the primary key of
 *     its table is a reference with CASCADE to whom the keys belong.
 */
#include "schema/check.h"

#include "schema/build.h"
#include "schema/schema.h"

#include <string.h>

bool schema_name_valid(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    size_t size = strlen(name);
    return size >= 1 && size <= BBOTS_NAME_MAX && strspn(name, letters) >= 1 &&
           strspn(name, others) == size;
}

/* C2 */
static const char *column_fault(const bbots_column *column)
{
    bool serial = (column->flags & BBOTS_COLUMN_SERIAL) != 0;
    bool integer = column->type >= BBOTS_TYPE_SMALLINT && column->type <= BBOTS_TYPE_BIGINT;
    if (column->type == 0 || !schema_type_sized(column->type, column->length, column->scale))
        return "a column's type is unknown or out of its limits";
    if (serial && (!integer || (column->flags & BBOTS_COLUMN_NOT_NULL) == 0))
        return "a serial column is no integer or may be null";
    if ((column->flags & BBOTS_COLUMN_UPDATED_AT) != 0 && column->type != BBOTS_TYPE_TIMESTAMP &&
        column->type != BBOTS_TYPE_TIMESTAMPTZ)
        return "a column that notes updates is no timestamp";
    if ((column->flags & BBOTS_COLUMN_SECRET) != 0 && !schema_type_sealable(column->type))
        return "a secret column is neither text, varchar nor jsonb";
    return schema_default_fault(column);
}

static const char *columns_fault(const bbots_table *table)
{
    unsigned serials = 0;
    if (table->column_count == 0)
        return "a table has no column";
    for (unsigned i = 0; i < table->column_count; i++) {
        const bbots_column *column = &table->columns[i];
        const char *fault = column_fault(column);
        if (fault != NULL)
            return fault;
        if (bbots_table_column(table, bbots_text_of(column->name)) != (int)i)
            return "a column's name is taken twice";
        serials += (column->flags & BBOTS_COLUMN_SERIAL) != 0;
    }
    return serials <= 1 ? NULL : "a table has two serial columns";
}

/* The end of such a tree is told by an entry with a null (table/once.c). */
static const char *once_fault(const bbots_table *table, unsigned number)
{
    const bbots_index *index = &table->indexes[number];
    for (unsigned i = 0; i < number; i++) {
        if ((table->indexes[i].flags & BBOTS_INDEX_ONCE) != 0)
            return "a table has two indexes that tell what is repeated";
    }
    if (index->column_count != 1 ||
        (table->columns[index->columns[0]].flags & BBOTS_COLUMN_NOT_NULL) != 0)
        return "what is repeated is told by one column, which may be null";
    return NULL;
}

/* C3, C4 */
static const char *index_fault(const bbots_table *table, unsigned number)
{
    const bbots_index *index = &table->indexes[number];
    bool primary = (index->flags & BBOTS_INDEX_PRIMARY) != 0;
    if (primary != (number == 0))
        return "the primary key is not the first index";
    for (unsigned i = 0; i < index->column_count; i++) {
        const bbots_column *column = &table->columns[index->columns[i]];
        if (!schema_type_keyable(column->type))
            return "a key's column has a type without order";
        if ((column->flags & BBOTS_COLUMN_SECRET) != 0)
            return "a secret column is in a key or index";
        if (primary && (column->flags & BBOTS_COLUMN_NOT_NULL) == 0)
            return "a primary key's column may be null";
    }
    if (bbots_table_index(table, index->name) != (int)number)
        return "an index's name is taken twice";
    return (index->flags & BBOTS_INDEX_ONCE) != 0 ? once_fault(table, number) : NULL;
}

static const char *indexes_fault(const bbots_table *table)
{
    const char *fault = table->index_count == 0 ? "a table has no primary key" : NULL;
    for (unsigned i = 0; i < table->index_count && fault == NULL; i++)
        fault = index_fault(table, i);
    return fault;
}

/* C1, C6 */
static const char *foreign_key_fault(const bbots_schema *schema, const bbots_table *table,
                                     unsigned number)
{
    const bbots_foreign_key *key = &table->foreign_keys[number];
    const bbots_table *parent = schema->tables[key->parent];
    for (unsigned i = 0; i < key->column_count; i++) {
        if (memchr(key->parent_columns, key->parent_columns[i], i) != NULL)
            return "a foreign key names a parent's column twice";
        if (!schema_types_joinable(&table->columns[key->columns[i]],
                                   &parent->columns[key->parent_columns[i]]))
            return "a foreign key joins columns of different types";
    }
    for (unsigned i = 0; i < number; i++) {
        if (strcmp(table->foreign_keys[i].name, key->name) == 0)
            return "a foreign key's name is taken twice";
    }
    return NULL;
}

/* C7 */
static const char *lives_fault(const bbots_table *table)
{
    for (unsigned i = 0; i < table->live_count; i++) {
        const char *fault = schema_live_fault(table, &table->lives[i]);
        if (fault != NULL)
            return fault;
        if (bbots_table_live(table, table->lives[i].name) != &table->lives[i])
            return "a live aggregate's name is taken twice";
    }
    return NULL;
}

static const char *table_fault(const bbots_schema *schema, uint32_t number)
{
    const bbots_table *table = schema->tables[number];
    uint32_t first;
    bbots_schema_table(schema, table->name, &first);
    if (first != number)
        return "a table's name is taken twice";
    const char *fault = columns_fault(table);
    if (fault == NULL)
        fault = indexes_fault(table);
    for (unsigned i = 0; i < table->foreign_key_count && fault == NULL; i++)
        fault = foreign_key_fault(schema, table, i);
    return fault == NULL ? lives_fault(table) : fault;
}

/* C9 */
static const char *data_key_fault(const bbots_table *table, unsigned *seen)
{
    for (unsigned i = 0; i < table->column_count; i++) {
        const bbots_column *column = &table->columns[i];
        if ((column->flags & BBOTS_COLUMN_DATA_KEY) == 0)
            continue;
        if ((*seen)++ != 0)
            return "a second column holds data keys";
        if ((column->flags & BBOTS_COLUMN_SECRET) == 0 || column->type != BBOTS_TYPE_TEXT)
            return "a column that holds data keys is not text and secret";
        if (schema_data_key_owner(table) == NULL)
            return "data keys belong to nobody: the primary key is no reference with CASCADE";
    }
    return NULL;
}

void schema_check(schema_reader *reader, const bbots_schema *schema)
{
    unsigned data_keys = 0;
    for (uint32_t i = 0; i < schema->table_count; i++) {
        const char *fault = table_fault(schema, i);
        if (fault == NULL)
            fault = data_key_fault(schema->tables[i], &data_keys);
        if (fault != NULL) {
            reader->where = schema->tables[i]->name;
            schema_reader_fail(reader, fault);
            return;
        }
    }
}
