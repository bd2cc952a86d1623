/*
 * sql.c - a schema as SQL again.
 *
 * The text loads into PostgreSQL 15 (with pgvector, when a table has a vector) and into SQLite, and
 * into bbots-schema, which makes the same schema with the same fingerprint of it: comments and tags
 * are written in the form that the generator reads. Keys stand behind the columns, in the order
 * in which their constraints were declared, because that order decides their automatic names.
 */
#include "schema/build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text that grows. (libc's open_memstream() hides it when memory runs out.) */
typedef struct writer {
    char *data;
    size_t size;
    size_t room;
    bool failed; /* no memory: what follows is left out */
} writer;

/* Words that PostgreSQL 15 or SQLite 3.40 reserve, so that a bare name would not be one. Sorted. */
static const char *const reserved[] = {
    "add", "all", "alter", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric",
    "authorization", "autoincrement", "between", "binary", "both", "case", "cast", "check",
    "collate", "collation", "column", "commit", "concurrently", "constraint", "create", "cross",
    "current_catalog", "current_date", "current_role", "current_schema", "current_time",
    "current_timestamp", "current_user", "default", "deferrable", "delete", "desc", "distinct",
    "do", "drop", "else", "end", "escape", "except", "exists", "false", "fetch", "for", "foreign",
    "freeze", "from", "full", "generated", "glob", "grant", "group", "having", "if", "ilike", "in",
    "index", "indexed", "initially", "inner", "insert", "intersect", "into", "is", "isnull", "join",
    "lateral", "leading", "left", "like", "limit", "localtime", "localtimestamp", "match",
    "natural", "not", "nothing", "notnull", "null", "offset", "on", "only", "or", "order", "outer",
    "overlaps", "placing", "primary", "raise", "references", "regexp", "returning", "right",
    "select", "session_user", "set", "similar", "some", "symmetric", "table", "tablesample", "then",
    "to", "trailing", "transaction", "true", "union", "unique", "update", "user", "using", "values",
    "variadic", "verbose", "view", "when", "where", "window", "with",
};

static int compare_words(const void *key, const void *element)
{
    return strcmp(key, *(const char *const *)element);
}

static bool needs_quotes(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    return name[strspn(name, plain)] != '\0' || (*name >= '0' && *name <= '9') ||
           bsearch(name, reserved, sizeof reserved / sizeof reserved[0], sizeof reserved[0],
                   compare_words) != NULL;
}

/* Makes room for more bytes and a NUL. */
static bool reserve(writer *to, size_t more)
{
    if (to->room - to->size <= more && !to->failed) {
        size_t room = (to->size + more + 1) * 2;
        char *larger = realloc(to->data, room);
        to->failed = larger == NULL;
        if (larger != NULL) {
            to->data = larger;
            to->room = room;
        }
    }
    return !to->failed;
}

__attribute__((format(printf, 2, 3))) static void print(writer *to, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int size = vsnprintf(NULL, 0, format, values);
    va_end(values);
    if (size >= 0 && reserve(to, (size_t)size)) {
        va_start(values, format);
        vsnprintf(to->data + to->size, (size_t)size + 1, format, values);
        va_end(values);
        to->size += (size_t)size;
    }
}

static void put(writer *to, const char *text)
{
    print(to, "%s", text);
}

/* Names have no quotes inside: letters, digits and underscores only. */
static void put_name(writer *to, const char *name)
{
    const char *quote = needs_quotes(name) ? "\"" : "";
    print(to, "%s%s%s", quote, name, quote);
}

static void put_quoted(writer *to, const char *text)
{
    put(to, "'");
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            put(to, "'");
        print(to, "%c", *text);
    }
    put(to, "'");
}

static void put_names(writer *to, const bbots_table *table, const uint8_t *columns, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        put(to, i == 0 ? "(" : ", ");
        put_name(to, table->columns[columns[i]].name);
    }
    put(to, ")");
}

/* Numbers and truth values stand bare, all else as a string. */
static void put_default(writer *to, const bbots_column *column)
{
    bool bare = column->type == BBOTS_TYPE_BOOLEAN ||
                (column->type <= BBOTS_TYPE_DECIMAL && column->default_text != NULL &&
                 column->default_text[strspn(column->default_text, "-+.0123456789eE")] == '\0');
    if (column->default_kind == BBOTS_DEFAULT_NOW) {
        put(to, " DEFAULT CURRENT_TIMESTAMP");
    } else if (column->default_kind == BBOTS_DEFAULT_UUID) {
        put(to, " DEFAULT (gen_random_uuid())");
    } else if (column->default_kind == BBOTS_DEFAULT_LITERAL) {
        put(to, " DEFAULT ");
        if (bare)
            put(to, column->default_text);
        else
            put_quoted(to, column->default_text);
    }
}

static void put_tags(writer *to, const bbots_column *column)
{
    for (size_t i = 0; column->usual != NULL && column->usual[i] != NULL; i++)
        print(to, "%s%s", i == 0 ? " [values: " : ", ", column->usual[i]);
    if (column->usual != NULL)
        put(to, "]");
    if (*column->unit != '\0')
        print(to, " [unit: %s]", column->unit);
    if ((column->flags & BBOTS_COLUMN_DATA_KEY) != 0)
        put(to, " [datakey]");
    else if ((column->flags & BBOTS_COLUMN_SECRET) != 0)
        put(to, " [secret]");
    if ((column->flags & BBOTS_COLUMN_VAULT) != 0)
        put(to, " [vault]");
}

static void put_comment(writer *to, const bbots_column *column)
{
    if (*column->comment == '\0' && *column->unit == '\0' && column->usual == NULL &&
        (column->flags & (BBOTS_COLUMN_SECRET | BBOTS_COLUMN_VAULT)) == 0)
        return;
    put(to, " --");
    if (*column->comment != '\0')
        print(to, " %s", column->comment);
    put_tags(to, column);
}

static void put_column(writer *to, const bbots_column *column)
{
    char type[40];
    bbots_column_type_text(column, type);
    put(to, "    ");
    put_name(to, column->name);
    print(to, " %s", type);
    if ((column->flags & (BBOTS_COLUMN_NOT_NULL | BBOTS_COLUMN_SERIAL)) == BBOTS_COLUMN_NOT_NULL)
        put(to, " NOT NULL");
    put_default(to, column);
    put(to, ","); /* a primary key always follows */
    put_comment(to, column);
    put(to, "\n");
}

static void put_constraint(writer *to, const bbots_table *table, const bbots_index *index)
{
    bool primary = (index->flags & BBOTS_INDEX_PRIMARY) != 0;
    put(to, primary ? "    PRIMARY KEY " : ",\n    UNIQUE ");
    put_names(to, table, index->columns, index->column_count);
}

static void put_foreign_key(writer *to, const bbots_schema *schema, const bbots_table *table,
                            const bbots_foreign_key *key)
{
    const bbots_table *parent = schema->tables[key->parent];
    put(to, ",\n    FOREIGN KEY ");
    put_names(to, table, key->columns, key->column_count);
    put(to, " REFERENCES ");
    put_name(to, parent->name);
    put(to, " ");
    put_names(to, parent, key->parent_columns, key->column_count);
    if (key->on_delete != BBOTS_NO_ACTION)
        put(to, key->on_delete == BBOTS_CASCADE ? " ON DELETE CASCADE" : " ON DELETE SET NULL");
}

static void put_index(writer *to, const bbots_table *table, const bbots_index *index)
{
    put(to, (index->flags & BBOTS_INDEX_UNIQUE) != 0 ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
    put_name(to, index->name);
    put(to, " ON ");
    put_name(to, table->name);
    put(to, " ");
    put_names(to, table, index->columns, index->column_count);
    put(to, ";\n");
}

/* A clause of the tag, behind a semicolon unless it is the first. */
static void put_clause(writer *to, bool *first, const char *word)
{
    print(to, "%s %s ", *first ? "" : ";", word);
    *first = false;
}

static void put_column_clause(writer *to, bool *first, const char *word, const bbots_table *table,
                              const uint8_t *columns, unsigned count)
{
    if (count != 0)
        put_clause(to, first, word);
    for (unsigned i = 0; i < count; i++)
        print(to, "%s%s", i == 0 ? "" : ", ", table->columns[columns[i]].name);
}

static void put_live(writer *to, const bbots_table *table, const bbots_live *live)
{
    bool first = true;
    print(to, " [live %s:", live->name);
    put_column_clause(to, &first, "by", table, live->by, live->by_count);
    put_column_clause(to, &first, "split", table, live->split, live->split_count);
    if (live->unit_count != 0) {
        put_clause(to, &first, "time");
        put(to, table->columns[live->time].name);
        for (unsigned i = 0; i < live->unit_count; i++)
            print(to, "%s %s", i == 0 ? "" : ",", schema_unit_word(live->units[i]));
    }
    put_column_clause(to, &first, "fine", table, live->sums, live->fine_count);
    put_column_clause(to, &first, "sum", table, live->sums + live->fine_count,
                      live->sum_count - live->fine_count);
    put(to, "]");
}

/* The index that the generator made from a tag, as that tag. */
static void put_tag(writer *to, const bbots_table *table, const bbots_index *index)
{
    print(to, " [%s: ", (index->flags & BBOTS_INDEX_QUEUE) != 0 ? "queue" : "once");
    for (unsigned i = 0; i < index->column_count; i++)
        print(to, "%s%s", i == 0 ? "" : ", ", table->columns[index->columns[i]].name);
    put(to, "]");
}

static bool is_tag(const bbots_index *index)
{
    return (index->flags & (BBOTS_INDEX_QUEUE | BBOTS_INDEX_ONCE)) != 0;
}

static bool has_tag(const bbots_table *table)
{
    bool any = table->live_count != 0;
    for (unsigned i = 0; i < table->index_count; i++)
        any = any || is_tag(&table->indexes[i]);
    return any;
}

static void put_table_comment(writer *to, const bbots_table *table)
{
    if (*table->comment == '\0' && !has_tag(table))
        return;
    put(to, " --");
    if (*table->comment != '\0')
        print(to, " %s", table->comment);
    for (unsigned i = 0; i < table->live_count; i++)
        put_live(to, table, &table->lives[i]);
    for (unsigned i = 0; i < table->index_count; i++) {
        if (is_tag(&table->indexes[i]))
            put_tag(to, table, &table->indexes[i]);
    }
}

static void put_table(writer *to, const bbots_schema *schema, const bbots_table *table)
{
    put(to, "CREATE TABLE ");
    put_name(to, table->name);
    put(to, " (");
    put_table_comment(to, table);
    put(to, "\n");
    for (unsigned i = 0; i < table->column_count; i++)
        put_column(to, &table->columns[i]);
    for (unsigned i = 0; i < table->index_count; i++) {
        if ((table->indexes[i].flags & BBOTS_INDEX_CONSTRAINT) != 0)
            put_constraint(to, table, &table->indexes[i]);
    }
    for (unsigned i = 0; i < table->foreign_key_count; i++)
        put_foreign_key(to, schema, table, &table->foreign_keys[i]);
    put(to, "\n);\n");
    for (unsigned i = 0; i < table->index_count; i++) {
        if ((table->indexes[i].flags & (BBOTS_INDEX_CONSTRAINT | BBOTS_INDEX_REFERENCE)) == 0 &&
            !is_tag(&table->indexes[i]))
            put_index(to, table, &table->indexes[i]);
    }
}

int bbots_schema_sql(const bbots_schema *schema, const bbots_table *table, char **sql, size_t *size)
{
    writer to = {NULL, 0, 0, false};
    put(&to, ""); /* there is a text, whatever is in it */
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (table == NULL || table == schema->tables[i])
            put_table(&to, schema, schema->tables[i]);
        if (table == NULL && i + 1 < schema->table_count)
            put(&to, "\n");
    }
    if (to.failed) {
        free(to.data);
        return BBOTS_NO_MEMORY;
    }
    *sql = to.data;
    *size = to.size;
    return BBOTS_OK;
}
