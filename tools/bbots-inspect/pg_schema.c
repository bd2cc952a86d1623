/*
 * pg_schema.c - tables as PostgreSQL's definitions, in the parts that a load wants apart.
 *
 * Every name stands in quotes, so no list of reserved words can be out of date. Constraints have
 * the names that the store reports in its errors. Indexes that the generator made by itself, for a
 * foreign key or a queue, are not written: they are none of the schema.
 */
#include "pg_schema.h"

void pg_put_name(FILE *out, const char *name)
{
    putc('"', out);
    for (; *name != '\0'; name++) {
        fputs(*name == '"' ? "\"" : "", out);
        putc(*name, out);
    }
    putc('"', out);
}

void pg_put_names(FILE *out, const bbots_table *table, const uint8_t *columns, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        fputs(i == 0 ? "(" : ", ", out);
        pg_put_name(out, table->columns[columns[i]].name);
    }
    putc(')', out);
}

void pg_put_quoted(FILE *out, const char *text)
{
    putc('\'', out);
    for (; *text != '\0'; text++) {
        fputs(*text == '\'' ? "'" : "", out);
        putc(*text, out);
    }
    putc('\'', out);
}

/* ------------------------------------------------------------------ columns */

/* Numbers stand bare, as they would be written by hand; PostgreSQL keeps the spelling. */
static bool is_bare(const bbots_column *column)
{
    bool number = column->type >= BBOTS_TYPE_SMALLINT && column->type <= BBOTS_TYPE_DECIMAL;
    const char *text = column->default_text;
    return number && text[strspn(text, "-+.0123456789eE")] == '\0';
}

static void put_literal(FILE *out, const bbots_column *column)
{
    fputs(" DEFAULT ", out);
    if (is_bare(column)) {
        fputs(column->default_text, out);
    } else {
        pg_put_quoted(out, column->default_text);
    }
}

static void put_default(FILE *out, const bbots_column *column)
{
    switch ((bbots_default)column->default_kind) {
    case BBOTS_DEFAULT_LITERAL:
        put_literal(out, column);
        break;
    case BBOTS_DEFAULT_NOW:
        fputs(" DEFAULT CURRENT_TIMESTAMP", out);
        break;
    case BBOTS_DEFAULT_UUID:
        fputs(" DEFAULT gen_random_uuid()", out);
        break;
    case BBOTS_DEFAULT_NONE:
        break;
    }
}

static void put_column(FILE *out, const bbots_column *column, pg_vectors vectors)
{
    char type[40];
    bbots_column_type_text(column, type);
    bool array = column->type == BBOTS_TYPE_VECTOR && vectors == PG_VECTORS_ARRAY;
    fputs("    ", out);
    pg_put_name(out, column->name);
    fprintf(out, " %s", array ? "real[]" : type);
    put_default(out, column);
    fputs((column->flags & BBOTS_COLUMN_NOT_NULL) != 0 ? " NOT NULL,\n" : ",\n", out);
}

void pg_put_table(FILE *out, const bbots_table *table, pg_vectors vectors)
{
    const bbots_index *key = &table->indexes[0];
    fputs("CREATE TABLE ", out);
    pg_put_name(out, table->name);
    fputs(" (\n", out);
    for (unsigned c = 0; c < table->column_count; c++) {
        put_column(out, &table->columns[c], vectors);
    }
    fputs("    CONSTRAINT ", out);
    pg_put_name(out, key->name);
    fputs(" PRIMARY KEY ", out);
    pg_put_names(out, table, key->columns, key->column_count);
    fputs("\n);\n", out);
}

bool pg_has_vectors(const bbots_schema *schema)
{
    for (uint32_t t = 0; t < schema->table_count; t++) {
        for (unsigned c = 0; c < schema->tables[t]->column_count; c++) {
            if (schema->tables[t]->columns[c].type == BBOTS_TYPE_VECTOR) {
                return true;
            }
        }
    }
    return false;
}

/* ------------------------------------------------------------------ keys */

static void put_index(FILE *out, const bbots_table *table, const bbots_index *index)
{
    bool unique = (index->flags & BBOTS_INDEX_UNIQUE) != 0;
    if ((index->flags & BBOTS_INDEX_CONSTRAINT) != 0) {
        fputs("ALTER TABLE ", out);
        pg_put_name(out, table->name);
        fputs(" ADD CONSTRAINT ", out);
        pg_put_name(out, index->name);
        fputs(" UNIQUE ", out);
    } else {
        fputs(unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ", out);
        pg_put_name(out, index->name);
        fputs(" ON ", out);
        pg_put_name(out, table->name);
        putc(' ', out);
    }
    pg_put_names(out, table, index->columns, index->column_count);
    fputs(";\n", out);
}

void pg_put_indexes(FILE *out, const bbots_table *table)
{
    const unsigned own = BBOTS_INDEX_REFERENCE | BBOTS_INDEX_QUEUE | BBOTS_INDEX_ONCE;
    for (unsigned i = 1; i < table->index_count; i++) {
        if ((table->indexes[i].flags & own) == 0) {
            put_index(out, table, &table->indexes[i]);
        }
    }
}

void pg_put_foreign_keys(FILE *out, const bbots_schema *schema, const bbots_table *table)
{
    static const char *const rules[] = {[BBOTS_NO_ACTION] = "",
                                        [BBOTS_CASCADE] = " ON DELETE CASCADE",
                                        [BBOTS_SET_NULL] = " ON DELETE SET NULL"};
    for (unsigned f = 0; f < table->foreign_key_count; f++) {
        const bbots_foreign_key *key = &table->foreign_keys[f];
        const bbots_table *parent = schema->tables[key->parent];
        fputs("ALTER TABLE ", out);
        pg_put_name(out, table->name);
        fputs(" ADD CONSTRAINT ", out);
        pg_put_name(out, key->name);
        fputs(" FOREIGN KEY ", out);
        pg_put_names(out, table, key->columns, key->column_count);
        fputs(" REFERENCES ", out);
        pg_put_name(out, parent->name);
        putc(' ', out);
        pg_put_names(out, parent, key->parent_columns, key->column_count);
        fprintf(out, "%s;\n", rules[key->on_delete]);
    }
}
