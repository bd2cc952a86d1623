/*
 * lookup.c - finding tables, columns and indexes by name or by columns.
 *
 * Plain linear searches. The largest schema in use has 92 tables, a table rarely more than 30
 * columns, and hot paths do not look names up: typed rows know their numbers, and everybody else
 * looks a name up once and keeps the number. A sorted copy of the names would have to be built,
 * kept and checked for no measurable gain.
 */
#include "schema/build.h"

#include <string.h>

const bbots_table *bbots_schema_table(const bbots_schema *schema, const char *name,
                                      uint32_t *number)
{
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (strcmp(schema->tables[i]->name, name) == 0) {
            if (number != NULL)
                *number = i;
            return schema->tables[i];
        }
    }
    return NULL;
}

int bbots_table_column(const bbots_table *table, bbots_text name)
{
    if (name.data == NULL)
        return -1;
    for (unsigned i = 0; i < table->column_count; i++) {
        const char *candidate = table->columns[i].name;
        if (strlen(candidate) == name.size && memcmp(candidate, name.data, name.size) == 0)
            return (int)i;
    }
    return -1;
}

int bbots_table_index(const bbots_table *table, const char *name)
{
    for (unsigned i = 0; i < table->index_count; i++) {
        if (strcmp(table->indexes[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

/* Columns of one table fit one word, so that "in any order" is one comparison. */
static uint64_t column_set(const uint8_t *columns, unsigned column_count)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < column_count; i++)
        set |= UINT64_C(1) << (columns[i] % BBOTS_COLUMNS_MAX);
    return set;
}

int bbots_table_unique_index(const bbots_table *table, const uint8_t *columns,
                             unsigned column_count)
{
    uint64_t wanted = column_set(columns, column_count);
    for (unsigned i = 0; i < table->index_count; i++) {
        const bbots_index *index = &table->indexes[i];
        if ((index->flags & BBOTS_INDEX_UNIQUE) != 0 && index->column_count == column_count &&
            column_set(index->columns, column_count) == wanted)
            return (int)i;
    }
    return -1;
}

bool schema_index_begins(const bbots_index *index, const uint8_t *columns, unsigned column_count)
{
    return (index->flags & BBOTS_INDEX_ONCE) == 0 && index->column_count >= column_count &&
           memcmp(index->columns, columns, column_count) == 0;
}

int schema_index_serving(const bbots_index *indexes, unsigned index_count, const uint8_t *columns,
                         unsigned column_count)
{
    for (unsigned i = 0; i < index_count; i++) {
        if (schema_index_begins(&indexes[i], columns, column_count))
            return (int)i;
    }
    return -1;
}

const bbots_foreign_key *schema_data_key_owner(const bbots_table *table)
{
    const bbots_index *primary = &table->indexes[0];
    for (unsigned f = 0; f < table->foreign_key_count; f++) {
        const bbots_foreign_key *key = &table->foreign_keys[f];
        if (primary->column_count == 1 && key->column_count == 1 &&
            key->columns[0] == primary->columns[0] && key->on_delete == BBOTS_CASCADE)
            return key;
    }
    return NULL;
}
