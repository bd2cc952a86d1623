/*
 * key.c - reads keys and indexes back from the catalogue.
 *
 * SQLite names what has no name in its own way and lists foreign keys backward; the order of
 * declaration is the order in which sqlite_schema got its rows, and that of falling ids. Names are
 * PostgreSQL's.
 */
#include "key.h"

#include "pgname.h"

#include <string.h>
#include <strings.h>

/* An index or a foreign key on columns of the table; refuses what cannot be a key. */
static void add_column(const gen_table *table, gen_place place, const char *name, uint8_t *columns,
                       uint8_t *count)
{
    int number = gen_column_find(table, name);
    if (number < 0)
        gen_refuse(place, "column \"%s\" of table \"%s\" does not exist", name, table->table.name);
    if (!schema_type_keyable(table->columns[number].type))
        gen_refuse(place, "column \"%s\" of table \"%s\" is of type %s, which has no order and "
                          "cannot be in a key or index",
                   name, table->table.name, schema_type_word(table->columns[number].type));
    if ((table->columns[number].flags & BBOTS_COLUMN_SECRET) != 0)
        gen_refuse(place, "column \"%s\" of table \"%s\" is secret and cannot be in a key or index: "
                          "equal values do not look alike once they are sealed",
                   name, table->table.name);
    if (*count == BBOTS_KEY_COLUMNS_MAX)
        gen_refuse(place, "a key or index of table \"%s\" has more than %d columns",
                   table->table.name, BBOTS_KEY_COLUMNS_MAX);
    if (memchr(columns, number, *count) != NULL)
        gen_refuse(place, "column \"%s\" of table \"%s\" is named twice in a key or index", name,
                   table->table.name);
    columns[(*count)++] = (uint8_t)number;
}

static bbots_index *add_index(gen_table *table, gen_place place, unsigned flags)
{
    unsigned number = table->table.index_count;
    if (number == SCHEMA_INDEXES_MAX)
        gen_refuse(place, "table \"%s\" has more than %d indexes", table->table.name,
                   SCHEMA_INDEXES_MAX);
    table->index_places[number] = place;
    table->table.index_count++;
    table->indexes[number].flags = (uint8_t)flags;
    return &table->indexes[number];
}

/* The columns that a query lists in its first column. */
static void read_columns(sqlite3_stmt *query, const gen_table *table, gen_place place,
                         bbots_index *index)
{
    uint8_t *columns = gen_alloc(BBOTS_KEY_COLUMNS_MAX, 1);
    while (gen_catalogue_row(query))
        add_column(table, place, gen_catalogue_text(query, 0), columns, &index->column_count);
    index->columns = columns;
}

static void take_sequences(const gen_table *table)
{
    for (unsigned i = 0; i < table->table.column_count; i++) {
        if ((table->columns[i].flags & BBOTS_COLUMN_SERIAL) != 0)
            gen_relation_choose(table->table.name, table->columns[i].name, "seq");
    }
}

static void read_primary_key(sqlite3 *database, gen_table *table)
{
    bbots_index *index = add_index(
        table, table->place, BBOTS_INDEX_PRIMARY | BBOTS_INDEX_UNIQUE | BBOTS_INDEX_CONSTRAINT);
    sqlite3_stmt *query = gen_catalogue_ask(
        database, "SELECT name FROM pragma_table_xinfo(?1) WHERE pk > 0 ORDER BY pk",
        table->table.name, NULL);
    read_columns(query, table, table->place, index);
    if (index->column_count == 0)
        gen_refuse(table->place, "table \"%s\" has no primary key", table->table.name);
    index->name = gen_relation_choose(table->table.name, NULL, "pkey");
}

static void read_unique(sqlite3 *database, gen_table *table, const char *sqlite_name)
{
    unsigned flags = BBOTS_INDEX_UNIQUE | BBOTS_INDEX_CONSTRAINT;
    bbots_index *index = add_index(table, table->place, flags);
    sqlite3_stmt *query = gen_catalogue_ask(
        database, "SELECT name FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno", sqlite_name,
        NULL);
    read_columns(query, table, table->place, index);
    const bbots_index *primary = &table->indexes[0];
    if (index->column_count == primary->column_count &&
        schema_index_begins(primary, index->columns, index->column_count)) {
        table->table.index_count--; /* PostgreSQL merges it with the primary key */
        memset(index, 0, sizeof *index);
        return;
    }
    index->name = gen_relation_choose(
        table->table.name, gen_name_addition(table->columns, index->columns, index->column_count),
        "key");
}

static void read_uniques(sqlite3 *database, gen_table *table)
{
    sqlite3_stmt *query = gen_catalogue_ask(
        database,
        "SELECT l.name FROM pragma_index_list(?1) AS l JOIN sqlite_schema AS s ON s.name = l.name "
        "WHERE l.origin = 'u' ORDER BY s.rowid",
        table->table.name, NULL);
    while (gen_catalogue_row(query))
        read_unique(database, table, gen_catalogue_text(query, 0));
}

static unsigned read_rule(gen_place place, const char *rule)
{
    if (strcasecmp(rule, "NO ACTION") == 0)
        return BBOTS_NO_ACTION;
    if (strcasecmp(rule, "CASCADE") == 0)
        return BBOTS_CASCADE;
    if (strcasecmp(rule, "SET NULL") == 0)
        return BBOTS_SET_NULL;
    gen_refuse(place, "ON DELETE %s is not kept", rule);
}

/* A reference without columns means the parent's primary key. */
static void default_parent_columns(const gen_table *parent, uint8_t *columns, uint8_t *count)
{
    *count = parent->indexes[0].column_count;
    memcpy(columns, parent->indexes[0].columns, *count);
}

static void check_types(const gen_table *table, const gen_table *parent, gen_place place,
                        const bbots_foreign_key *key, unsigned parent_column_count)
{
    if (parent_column_count != key->column_count)
        gen_refuse(place, "a foreign key has other columns than what it refers to");
    for (unsigned i = 0; i < key->column_count; i++) {
        const bbots_column *child = &table->columns[key->columns[i]];
        const bbots_column *target = &parent->columns[key->parent_columns[i]];
        char child_type[40];
        char target_type[40];
        bbots_column_type_text(child, child_type);
        bbots_column_type_text(target, target_type);
        if (!schema_types_joinable(child, target))
            gen_refuse(place, "column \"%s\" is of type %s and refers to \"%s\".\"%s\" of type %s",
                       child->name, child_type, parent->table.name, target->name, target_type);
    }
}

static const gen_table *find_parent(const gen_model *model, const gen_table *table, gen_place place,
                                    const char *name, bbots_foreign_key *key)
{
    unsigned number;
    const gen_table *parent = gen_table_find(model, name, &number);
    if (parent == NULL)
        gen_refuse(place, "table \"%s\" refers to table \"%s\", which does not exist",
                   table->table.name, name);
    if (parent->table.index_count == 0)
        gen_refuse(place, "table \"%s\" refers to table \"%s\", which is declared later",
                   table->table.name, name);
    key->parent = (uint16_t)number;
    return parent;
}

/* The columns of one foreign key, and its rule. */
static void read_foreign_key_columns(sqlite3_stmt *query, gen_table *table, const gen_table *parent,
                                     gen_place place, bbots_foreign_key *key)
{
    uint8_t *columns = gen_alloc(BBOTS_KEY_COLUMNS_MAX, 1);
    uint8_t *parent_columns = gen_alloc(BBOTS_KEY_COLUMNS_MAX, 1);
    uint8_t parent_count = 0;
    while (gen_catalogue_row(query)) {
        add_column(table, place, gen_catalogue_text(query, 0), columns, &key->column_count);
        if (sqlite3_column_type(query, 1) != SQLITE_NULL)
            add_column(parent, place, gen_catalogue_text(query, 1), parent_columns, &parent_count);
        key->on_delete = (uint8_t)read_rule(place, gen_catalogue_text(query, 2));
    }
    if (parent_count == 0)
        default_parent_columns(parent, parent_columns, &parent_count);
    key->columns = columns;
    key->parent_columns = parent_columns;
    check_types(table, parent, place, key, parent_count);
}

static void read_foreign_key(sqlite3 *database, gen_model *model, gen_table *table, const char *id,
                             const char *parent_name)
{
    unsigned number = table->table.foreign_key_count;
    gen_place place = number < table->reference_place_count ? table->reference_places[number]
                                                            : table->place;
    bbots_foreign_key *key = &table->foreign_keys[number];
    const gen_table *parent = find_parent(model, table, place, parent_name, key);
    sqlite3_stmt *query = gen_catalogue_ask(
        database,
        "SELECT \"from\", \"to\", on_delete FROM pragma_foreign_key_list(?1) "
        "WHERE id = CAST(?2 AS INTEGER) ORDER BY seq",
        table->table.name, id, NULL);
    read_foreign_key_columns(query, table, parent, place, key);
    if (bbots_table_unique_index(&parent->table, key->parent_columns, key->column_count) < 0)
        gen_refuse(place, "table \"%s\" refers to columns of table \"%s\" that are no unique key",
                   table->table.name, parent->table.name);
    key->name = gen_foreign_key_choose(
        table->table.name, gen_name_addition(table->columns, key->columns, key->column_count));
    table->table.foreign_key_count++;
}

static void read_foreign_keys(sqlite3 *database, gen_model *model, gen_table *table)
{
    sqlite3_stmt *query = gen_catalogue_ask(
        database,
        "SELECT id, \"table\" FROM pragma_foreign_key_list(?1) WHERE seq = 0 ORDER BY id DESC",
        table->table.name, NULL);
    while (gen_catalogue_row(query))
        read_foreign_key(database, model, table, gen_catalogue_text(query, 0),
                         gen_catalogue_text(query, 1));
}

void gen_table_keys(sqlite3 *database, gen_model *model, gen_table *table)
{
    if (gen_relation_taken(table->table.name))
        gen_refuse(table->place, "name \"%s\" is taken by an index or sequence that PostgreSQL "
                                 "names by itself",
                   table->table.name);
    gen_relation_take(table->table.name);
    take_sequences(table);
    read_primary_key(database, table);
    read_uniques(database, table);
    read_foreign_keys(database, model, table);
}

void gen_index(sqlite3 *database, gen_model *model, const gen_object *object)
{
    gen_table *table = gen_table_find(model, object->on, NULL);
    if (table == NULL || table->table.index_count == 0)
        gen_refuse(object->place, "table \"%s\" does not exist", object->on);
    if (gen_relation_taken(object->name))
        gen_refuse(object->place, "name \"%s\" is taken by an index or sequence that PostgreSQL "
                                  "names by itself",
                   object->name);
    gen_relation_take(object->name);
    sqlite3_stmt *query = gen_catalogue_ask(
        database, "SELECT \"unique\" FROM pragma_index_list(?1) WHERE name = ?2",
        table->table.name, object->name, NULL);
    bool unique = false;
    while (gen_catalogue_row(query))
        unique = sqlite3_column_int(query, 0) != 0;
    bbots_index *index = add_index(table, object->place, unique ? BBOTS_INDEX_UNIQUE : 0);
    index->name = object->name;
    query = gen_catalogue_ask(
        database, "SELECT name FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno",
        object->name, NULL);
    read_columns(query, table, object->place, index);
}

static void add_tag_index(gen_table *table, const gen_table_tag *tag, uint8_t flag,
                          const char *word)
{
    if (tag->text == NULL)
        return;
    bbots_index *index = add_index(table, tag->place, flag);
    uint8_t *columns = gen_alloc(BBOTS_KEY_COLUMNS_MAX, 1);
    const char *at = tag->text;
    do {
        at += strspn(at, ", ");
        size_t size = strcspn(at, ", ");
        add_column(table, tag->place, gen_copy(at, size), columns, &index->column_count);
        at += size;
    } while (*at != '\0');
    index->columns = columns;
    bool one = index->column_count == 1 &&
               (table->columns[columns[0]].flags & BBOTS_COLUMN_NOT_NULL) == 0;
    if ((flag & BBOTS_INDEX_ONCE) != 0 && !one)
        gen_refuse(tag->place, "tag [once: ...] of table \"%s\" takes one column that may be null",
                   table->table.name);
    index->name = gen_relation_choose(table->table.name, NULL, word);
}

void gen_tag_indexes(gen_table *table)
{
    add_tag_index(table, &table->queue_tag, BBOTS_INDEX_QUEUE, "queue");
    add_tag_index(table, &table->once_tag, BBOTS_INDEX_ONCE, "once");
}

void gen_reference_indexes(gen_table *table)
{
    for (unsigned i = 0; i < table->table.foreign_key_count; i++) {
        const bbots_foreign_key *key = &table->foreign_keys[i];
        if (schema_index_serving(table->indexes, table->table.index_count, key->columns,
                                 key->column_count) >= 0)
            continue;
        if (bbots_table_index(&table->table, key->name) >= 0)
            gen_refuse(table->place, "name \"%s\" of a foreign key is taken by an index",
                       key->name);
        bbots_index *index = add_index(table, table->place, BBOTS_INDEX_REFERENCE);
        index->name = key->name;
        index->columns = key->columns;
        index->column_count = key->column_count;
    }
}
