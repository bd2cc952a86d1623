/*
 * pgname.c - PostgreSQL's automatic names, as in src/backend/commands/indexcmds.c
 * (makeObjectName, ChooseRelationName, ChooseIndexNameAddition) and catalog/pg_constraint.c
 * (ChooseConstraintName) of version 15.
 *
 * They matter because errors and dumps carry them. Names are made table_columns_label; when that is
 * longer than 63 bytes, the longer of the two parts loses its end; when it is taken, a number
 * follows the label.
 */
#include "pgname.h"

#include <string.h>

typedef struct name_list {
    const char **names;
    size_t count;
} name_list;

static name_list relations;
static name_list constraints;

static bool listed(const name_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->names[i], name) == 0)
            return true;
    }
    return false;
}

static void add(name_list *list, const char *name)
{
    if ((list->count & (list->count - 1)) == 0) {
        const char **larger = gen_alloc(list->count == 0 ? 1 : list->count * 2, sizeof *larger);
        if (list->count != 0)
            memcpy(larger, list->names, list->count * sizeof *larger);
        list->names = larger;
    }
    list->names[list->count++] = name;
}

void gen_relation_take(const char *name)
{
    add(&relations, name);
}

bool gen_relation_taken(const char *name)
{
    return listed(&relations, name);
}

/* makeObjectName(); all names are ASCII, so that a cut is never inside a character. */
static const char *object_name(const char *table, const char *columns, const char *label)
{
    size_t table_size = strlen(table);
    size_t columns_size = columns != NULL ? strlen(columns) : 0;
    size_t overhead = (columns != NULL ? 1 : 0) + strlen(label) + 1;
    size_t room = BBOTS_NAME_MAX - overhead;
    while (table_size + columns_size > room) {
        if (table_size > columns_size)
            table_size--;
        else
            columns_size--;
    }
    return gen_format("%.*s%s%.*s_%s", (int)table_size, table, columns != NULL ? "_" : "",
                      (int)columns_size, columns != NULL ? columns : "", label);
}

static const char *choose(const char *table, const char *columns, const char *label,
                          bool is_relation)
{
    const char *name = object_name(table, columns, label);
    for (unsigned pass = 1; (is_relation && listed(&relations, name)) || listed(&constraints, name);
         pass++)
        name = object_name(table, columns, gen_format("%s%u", label, pass));
    return name;
}

const char *gen_relation_choose(const char *table, const char *columns, const char *label)
{
    const char *name = choose(table, columns, label, true);
    add(&relations, name);
    if (strcmp(label, "seq") != 0)
        add(&constraints, name);
    return name;
}

const char *gen_foreign_key_choose(const char *table, const char *columns)
{
    const char *name = choose(table, columns, "fkey", false);
    add(&constraints, name);
    return name;
}

const char *gen_name_addition(const bbots_column *columns, const uint8_t *numbers, unsigned count)
{
    const char *text = columns[numbers[0]].name;
    for (unsigned i = 1; i < count && strlen(text) <= BBOTS_NAME_MAX; i++)
        text = gen_format("%s_%s", text, columns[numbers[i]].name);
    return text;
}
