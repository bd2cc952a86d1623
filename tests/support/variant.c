/* tests/support/variant.c - see variant.h */
#include "support/variant.h"

#include "schema/schema.h"

#include <bbots/platform.h>

enum { INDEXES_MAX = 64 }; /* of a table of the platform */

variant *variant_new(void)
{
    variant *made = calloc(1, sizeof *made);
    assert_non_null(made);
    bb_arena_init(&made->arena);
    made->schema = bbots_platform_schema;
    memcpy(made->tables, made->schema.tables, made->schema.table_count * sizeof *made->tables);
    made->schema.tables = made->tables;
    return made;
}

void variant_free(variant *made)
{
    bb_arena_free(&made->arena);
    free(made);
}

static void *copy(variant *made, const void *data, size_t size)
{
    void *copied = bb_arena_copy(&made->arena, data, size);
    assert_non_null(copied);
    return copied;
}

/* A table as a copy of its own. */
static bbots_table *own_table(variant *made, const char *name)
{
    uint32_t number;
    const bbots_table *old = bbots_schema_table(&made->schema, name, &number);
    assert_non_null(old);
    bbots_table *table = copy(made, old, sizeof *old);
    table->columns = copy(made, old->columns, old->column_count * sizeof *old->columns);
    made->tables[number] = table;
    return table;
}

void variant_rename(variant *made, const char *table, const char *name)
{
    own_table(made, table)->name = name;
}

bbots_column *variant_column(variant *made, const char *table, const char *column)
{
    bbots_table *own = own_table(made, table);
    int number = bbots_table_column(own, bbots_text_of(column));
    assert_true(number >= 0);
    return (bbots_column *)(uintptr_t)&own->columns[number];
}

bbots_index *variant_index(variant *made, const char *table, const char *index)
{
    bbots_table *own = own_table(made, table);
    int number = bbots_table_index(own, index);
    assert_true(number >= 0);
    bbots_index *indexes = copy(made, own->indexes, own->index_count * sizeof *own->indexes);
    own->indexes = indexes;
    return &indexes[number];
}

bbots_live *variant_live(variant *made, const char *table, const char *live)
{
    bbots_table *own = own_table(made, table);
    const bbots_live *old = bbots_table_live(own, live);
    assert_non_null(old);
    ptrdiff_t number = old - own->lives;
    bbots_live *lives = copy(made, own->lives, own->live_count * sizeof *own->lives);
    own->lives = lives;
    return &lives[number];
}

/* Trees have the names of their tables and columns. */
static void name_trees(variant *made, uint32_t number)
{
    const bbots_table *old = made->tables[number];
    bbots_tree trees[INDEXES_MAX + 1];
    assert_true(old->index_count <= INDEXES_MAX);
    bbots_table *table = copy(made, old, sizeof *old);
    bbots_index *indexes = copy(made, old->indexes, old->index_count * sizeof *old->indexes);
    unsigned count = schema_assign_trees(&made->arena, old->name, old->columns, indexes,
                                         old->index_count, trees);
    assert_true(count > 0);
    table->tree_count = (uint16_t)count;
    table->indexes = indexes;
    table->trees = copy(made, trees, count * sizeof *trees);
    made->tables[number] = table;
}

void variant_settle(variant *made)
{
    const void *data;
    size_t size;
    for (uint32_t t = 0; t < made->schema.table_count; t++) {
        if (made->tables[t] != bbots_platform_schema.tables[t]) {
            name_trees(made, t);
        }
    }
    assert_ok(schema_serialize(&made->arena, &made->schema, &data, &size, &fault));
    made->schema.fingerprint = schema_fingerprint(data, size);
}

void variant_open(fixture *place, const variant *made)
{
    bbots_options options = {
        .schema = &made->schema, .flags = BBOTS_OPEN_CREATE, .durability = BBOTS_RELAXED};
    assert_ok(bbots_open(place->path, &options, &place->store, &fault));
}

void variant_close(fixture *place)
{
    char lock[sizeof place->path + 8];
    check_store(place->store);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    snprintf(lock, sizeof lock, "%s-lock", place->path);
    remove(place->path);
    remove(lock);
}
