/*
 * schema_json.c - a table's description as a JSON object.
 *
 * Members are always there and in the same order; what a table does not have is null or [].
 */
#include "schema_parts.h"
#include "sheet.h"

static void put_text(const char *name, const char *text)
{
    json_put_string(stdout, name, strlen(name));
    fputs(": ", stdout);
    if (text != NULL) {
        json_put_string(stdout, text, strlen(text));
    } else {
        fputs("null", stdout);
    }
}

/* The same behind a comma. */
static void put_next(const char *name, const char *text)
{
    fputs(", ", stdout);
    put_text(name, text);
}

static void put_flag(const char *name, bool flag)
{
    printf(", \"%s\": %s", name, flag ? "true" : "false");
}

static void put_names(const char *name, const bbots_table *table, const uint8_t *columns,
                      unsigned count)
{
    printf(", \"%s\": [", name);
    for (unsigned i = 0; i < count; i++) {
        const char *column = table->columns[columns[i]].name;
        fputs(i > 0 ? ", " : "", stdout);
        json_put_string(stdout, column, strlen(column));
    }
    putchar(']');
}

static void put_column(const bbots_column *column)
{
    char type[40];
    bbots_column_type_text(column, type);
    putchar('{');
    put_text("name", column->name);
    put_next("type", type);
    put_flag("null", (column->flags & BBOTS_COLUMN_NOT_NULL) == 0);
    put_next("default", schema_default(column));
    fputs(", \"usual\": [", stdout);
    for (unsigned i = 0; column->usual != NULL && column->usual[i] != NULL; i++) {
        fputs(i > 0 ? ", " : "", stdout);
        json_put_string(stdout, column->usual[i], strlen(column->usual[i]));
    }
    putchar(']');
    put_next("unit", column->unit[0] != '\0' ? column->unit : NULL);
    put_flag("secret", sheet_is_secret(column));
    put_next("comment", column->comment);
    putchar('}');
}

static void put_index(const bbots_table *table, const bbots_index *index)
{
    putchar('{');
    put_text("name", index->name);
    put_next("kind", schema_index_kind(index));
    put_names("columns", table, index->columns, index->column_count);
    put_next("tree", table->trees[index->tree].name);
    putchar('}');
}

static void put_foreign_key(const bbots_schema *schema, const bbots_table *table,
                            const bbots_foreign_key *key)
{
    const bbots_table *parent = schema->tables[key->parent];
    putchar('{');
    put_text("name", key->name);
    put_next("table", table->name);
    put_names("columns", table, key->columns, key->column_count);
    put_next("parent", parent->name);
    put_names("parent_columns", parent, key->parent_columns, key->column_count);
    put_next("on_delete", schema_rule(key->on_delete));
    putchar('}');
}

void schema_put_json(const bbots_schema *schema, const bbots_table *table)
{
    putchar('{');
    put_text("table", table->name);
    put_next("comment", table->comment);
    fputs(",\n \"columns\": [", stdout);
    for (unsigned i = 0; i < table->column_count; i++) {
        fputs(i > 0 ? ",\n  " : "\n  ", stdout);
        put_column(&table->columns[i]);
    }
    fputs("],\n \"indexes\": [", stdout);
    for (unsigned i = 0; i < table->index_count; i++) {
        fputs(i > 0 ? ",\n  " : "\n  ", stdout);
        put_index(table, &table->indexes[i]);
    }
    fputs("],\n \"foreign_keys\": [", stdout);
    for (unsigned i = 0; i < table->foreign_key_count; i++) {
        fputs(i > 0 ? ",\n  " : "\n  ", stdout);
        put_foreign_key(schema, table, &table->foreign_keys[i]);
    }
    fputs("],\n \"referenced_by\": [", stdout);
    for (unsigned i = 0; i < table->reference_count; i++) {
        const bbots_table *child = schema->tables[table->references[i].table];
        fputs(i > 0 ? ",\n  " : "\n  ", stdout);
        put_foreign_key(schema, child, &child->foreign_keys[table->references[i].foreign_key]);
    }
    fputs("]}", stdout);
}
