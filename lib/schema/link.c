/*
 * link.c - joins tables by their foreign keys.
 *
 * A foreign key is followed in both directions: from the child, to see that the parent is there
 * (through the parent's unique index), and from the parent, to find the children (through an index
 * of the child that begins with the key's columns). Both are looked up once, here.
 */
#include "schema/build.h"

#include <string.h>

static bool link_one(bbots_table *const *tables, bbots_table *table, bbots_foreign_key *key)
{
    bbots_table *parent = tables[key->parent];
    int index = schema_index_serving(table->indexes, table->index_count, key->columns,
                                     key->column_count);
    int parent_index = bbots_table_unique_index(parent, key->parent_columns, key->column_count);
    if (index < 0 || parent_index < 0)
        return false;
    key->index = (uint8_t)index;
    key->parent_index = (uint8_t)parent_index;
    parent->reference_count++;
    return true;
}

static bool make_room(bb_arena *arena, bbots_table *const *tables, unsigned table_count)
{
    for (unsigned i = 0; i < table_count; i++) {
        tables[i]->references =
            bb_arena_alloc(arena, tables[i]->reference_count * sizeof(bbots_reference));
        if (tables[i]->references == NULL)
            return false;
        tables[i]->reference_count = 0;
    }
    return true;
}

static void fill_references(bbots_table *const *tables, unsigned table_count)
{
    for (unsigned i = 0; i < table_count; i++) {
        for (unsigned k = 0; k < tables[i]->foreign_key_count; k++) {
            bbots_table *parent = tables[tables[i]->foreign_keys[k].parent];
            bbots_reference *references = (bbots_reference *)parent->references;
            references[parent->reference_count++] = (bbots_reference){(uint16_t)i, (uint16_t)k};
        }
    }
}

static void number_lives(bbots_table *const *tables, unsigned table_count)
{
    unsigned number = 0;
    for (unsigned i = 0; i < table_count; i++) {
        bbots_live *lives = (bbots_live *)tables[i]->lives;
        for (unsigned k = 0; k < tables[i]->live_count; k++)
            lives[k].number = (uint16_t)number++;
    }
}

int schema_link(bb_arena *arena, bbots_table *const *tables, unsigned table_count,
                bbots_reference *fault)
{
    for (unsigned i = 0; i < table_count; i++) {
        tables[i]->number = (uint16_t)i;
        tables[i]->reference_count = 0;
    }
    for (unsigned i = 0; i < table_count; i++) {
        /* The arrays are const to readers only; whoever builds a table owns them. */
        bbots_foreign_key *keys = (bbots_foreign_key *)tables[i]->foreign_keys;
        for (unsigned k = 0; k < tables[i]->foreign_key_count; k++) {
            if (!link_one(tables, tables[i], &keys[k])) {
                *fault = (bbots_reference){(uint16_t)i, (uint16_t)k};
                return BBOTS_CORRUPTED;
            }
        }
    }
    number_lives(tables, table_count);
    if (!make_room(arena, tables, table_count))
        return BBOTS_NO_MEMORY;
    fill_references(tables, table_count);
    return BBOTS_OK;
}
