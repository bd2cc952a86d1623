/*
 * compare.c - whether a file made for one schema can serve another.
 *
 * Allowed is what leaves every stored row readable as it stands: new tables, new indexes, and new
 * columns at the end of a table that old rows can answer for (null, or a literal default). Things
 * are matched by name. Everything else is an obstacle, and the first one is named:
 *
 * M1  A table, column, index or foreign key of the old schema is missing, changed or moved.
 *     A default counts as changed, too: rows older than their column read it.
 * M2  A new column is NOT NULL without a literal default.
 * M3  A new foreign key of an old table has no new, nullable column: old rows would have to be
 *     checked.
 *
 * Live aggregates may come, go and change: they are made of the rows.
 *
 * An index that was only made for a foreign key may go: it does when a documented one serves.
 */
#include "schema/schema.h"

#include "base/error.h"
#include "schema/build.h"

#include <string.h>

typedef struct comparison {
    const bbots_schema *old;
    const bbots_schema *new_schema;
    bbots_error *error;
    bool differs;
} comparison;

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_column(const bbots_column *a, const bbots_column *b)
{
    return strcmp(a->name, b->name) == 0 && a->type == b->type && a->length == b->length &&
           a->scale == b->scale && a->flags == b->flags && a->default_kind == b->default_kind &&
           same_text(a->default_text, b->default_text);
}

/* Old columns keep their numbers, so that lists of numbers can be compared. */
static bool same_numbers(const uint8_t *a, unsigned a_count, const uint8_t *b, unsigned b_count)
{
    return a_count == b_count && memcmp(a, b, a_count) == 0;
}

static int compare_column(const comparison *compare, const bbots_table *table,
                          const bbots_table *new_table, unsigned number)
{
    const bbots_column *column = &table->columns[number];
    int place = bbots_table_column(new_table, bbots_text_of(column->name));
    const char *what = place < 0                                                ? "missing"
                       : (unsigned)place != number                              ? "moved"
                       : !same_column(column, &new_table->columns[number]) ? "changed"
                                                                                : NULL;
    if (what == NULL)
        return BBOTS_OK;
    return bb_fail_at(compare->error, BBOTS_SCHEMA_MISMATCH, table->name, column->name, NULL,
                      "column \"%s\" of table \"%s\" is %s in the new schema", column->name,
                      table->name, what);
}

static int check_new_column(comparison *compare, const bbots_table *table, unsigned number)
{
    const bbots_column *column = &table->columns[number];
    compare->differs = true;
    if ((column->flags & BBOTS_COLUMN_NOT_NULL) == 0 ||
        column->default_kind == BBOTS_DEFAULT_LITERAL)
        return BBOTS_OK;
    return bb_fail_at(compare->error, BBOTS_SCHEMA_MISMATCH, table->name, column->name, NULL,
                      "new column \"%s\" of table \"%s\" must have a value, and old rows have none",
                      column->name, table->name);
}

static int compare_columns(comparison *compare, const bbots_table *table,
                           const bbots_table *new_table)
{
    int status = BBOTS_OK;
    for (unsigned i = 0; i < table->column_count && status == BBOTS_OK; i++)
        status = compare_column(compare, table, new_table, i);
    for (unsigned i = table->column_count; i < new_table->column_count && status == BBOTS_OK; i++)
        status = check_new_column(compare, new_table, i);
    return status;
}

static int compare_index(comparison *compare, const bbots_table *table,
                         const bbots_table *new_table, const bbots_index *index)
{
    int place = bbots_table_index(new_table, index->name);
    if (place < 0 && (index->flags & (BBOTS_INDEX_REFERENCE | BBOTS_INDEX_QUEUE |
                                      BBOTS_INDEX_ONCE)) != 0) {
        compare->differs = true;
        return BBOTS_OK;
    }
    const bbots_index *other = place < 0 ? NULL : &new_table->indexes[place];
    if (other != NULL && other->flags == index->flags &&
        same_numbers(index->columns, index->column_count, other->columns, other->column_count))
        return BBOTS_OK;
    return bb_fail_at(compare->error, BBOTS_SCHEMA_MISMATCH, table->name, NULL, index->name,
                      "index \"%s\" of table \"%s\" is %s in the new schema", index->name,
                      table->name, other == NULL ? "missing" : "changed");
}

static int compare_indexes(comparison *compare, const bbots_table *table,
                           const bbots_table *new_table)
{
    int status = BBOTS_OK;
    for (unsigned i = 0; i < table->index_count && status == BBOTS_OK; i++)
        status = compare_index(compare, table, new_table, &table->indexes[i]);
    compare->differs |= table->index_count != new_table->index_count;
    return status;
}

static const bbots_foreign_key *find_key(const bbots_table *table, const char *name)
{
    for (unsigned i = 0; i < table->foreign_key_count; i++) {
        if (strcmp(table->foreign_keys[i].name, name) == 0)
            return &table->foreign_keys[i];
    }
    return NULL;
}

static bool same_key(const comparison *compare, const bbots_foreign_key *a,
                     const bbots_foreign_key *b)
{
    return same_numbers(a->columns, a->column_count, b->columns, b->column_count) &&
           same_numbers(a->parent_columns, a->column_count, b->parent_columns, b->column_count) &&
           a->on_delete == b->on_delete &&
           strcmp(compare->old->tables[a->parent]->name,
                  compare->new_schema->tables[b->parent]->name) == 0;
}

static int compare_key(const comparison *compare, const bbots_table *table,
                       const bbots_table *new_table, const bbots_foreign_key *key)
{
    const bbots_foreign_key *other = find_key(new_table, key->name);
    if (other != NULL && same_key(compare, key, other))
        return BBOTS_OK;
    return bb_fail_at(compare->error, BBOTS_SCHEMA_MISMATCH, table->name, NULL, key->name,
                      "foreign key \"%s\" of table \"%s\" is %s in the new schema", key->name,
                      table->name, other == NULL ? "missing" : "changed");
}

/* M3: a reference with a null in it points nowhere, and needs no parent. */
static bool null_in_old_rows(const bbots_table *table, const bbots_table *new_table,
                             const bbots_foreign_key *key)
{
    for (unsigned i = 0; i < key->column_count; i++) {
        const bbots_column *column = &new_table->columns[key->columns[i]];
        if (key->columns[i] >= table->column_count &&
            column->default_kind != BBOTS_DEFAULT_LITERAL)
            return true;
    }
    return false;
}

static int check_new_key(comparison *compare, const bbots_table *table,
                         const bbots_table *new_table, const bbots_foreign_key *key)
{
    if (find_key(table, key->name) != NULL)
        return BBOTS_OK;
    compare->differs = true;
    if (null_in_old_rows(table, new_table, key))
        return BBOTS_OK;
    return bb_fail_at(compare->error, BBOTS_SCHEMA_MISMATCH, table->name, NULL, key->name,
                      "new foreign key \"%s\" of table \"%s\" is on columns of old rows", key->name,
                      table->name);
}

static int compare_keys(comparison *compare, const bbots_table *table,
                        const bbots_table *new_table)
{
    int status = BBOTS_OK;
    for (unsigned i = 0; i < table->foreign_key_count && status == BBOTS_OK; i++)
        status = compare_key(compare, table, new_table, &table->foreign_keys[i]);
    for (unsigned i = 0; i < new_table->foreign_key_count && status == BBOTS_OK; i++)
        status = check_new_key(compare, table, new_table, &new_table->foreign_keys[i]);
    return status;
}

static bool same_lives(const bbots_table *table, const bbots_table *new_table)
{
    bool same = table->live_count == new_table->live_count;
    for (unsigned i = 0; i < table->live_count && same; i++)
        same = schema_live_same(table, &table->lives[i], new_table, &new_table->lives[i]);
    return same;
}

static int compare_table(comparison *compare, const bbots_table *table, uint32_t *previous)
{
    uint32_t number;
    const bbots_table *new_table = bbots_schema_table(compare->new_schema, table->name, &number);
    if (new_table == NULL || number < *previous)
        return bb_fail_at(compare->error, BBOTS_SCHEMA_MISMATCH, table->name, NULL, NULL,
                          "table \"%s\" is %s in the new schema", table->name,
                          new_table == NULL ? "missing" : "moved");
    *previous = number;
    compare->differs |= !same_lives(table, new_table);
    int status = compare_columns(compare, table, new_table);
    if (status == BBOTS_OK)
        status = compare_indexes(compare, table, new_table);
    if (status == BBOTS_OK)
        status = compare_keys(compare, table, new_table);
    return status;
}

int schema_compare(const bbots_schema *old, const bbots_schema *new_schema, bbots_error *error)
{
    comparison compare = {old, new_schema, error, old->table_count != new_schema->table_count};
    uint32_t previous = 0;
    if (strcmp(old->name, new_schema->name) != 0)
        return bb_fail(error, BBOTS_SCHEMA_MISMATCH, "the file holds schema \"%s\", not \"%s\"",
                       old->name, new_schema->name);
    for (uint32_t i = 0; i < old->table_count; i++) {
        int status = compare_table(&compare, old->tables[i], &previous);
        if (status != BBOTS_OK)
            return status;
    }
    return compare.differs ? BBOTS_OK : BBOTS_UNCHANGED;
}
