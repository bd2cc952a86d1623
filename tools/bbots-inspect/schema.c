/*
 * schema.c - bbots-inspect FILE schema: what the tables of a store look like.
 *
 * The schema shown is the file's own. For --csv every column of a table is a row: that is the form
 * in which schemas are compared with a spreadsheet or diff.
 */
#include "options.h"
#include "schema_parts.h"
#include "session.h"
#include "sheet.h"

#include <stdlib.h>

const char *schema_index_kind(const bbots_index *index)
{
    if ((index->flags & BBOTS_INDEX_PRIMARY) != 0) {
        return "primary key";
    }
    return (index->flags & BBOTS_INDEX_UNIQUE) != 0 ? "unique" : "index";
}

const char *schema_rule(uint8_t rule)
{
    return rule == BBOTS_CASCADE ? "cascade" : rule == BBOTS_SET_NULL ? "set null" : "no action";
}

const char *schema_default(const bbots_column *column)
{
    if ((column->flags & BBOTS_COLUMN_SERIAL) != 0) {
        return "next number";
    }
    switch (column->default_kind) {
    case BBOTS_DEFAULT_LITERAL:
        return column->default_text;
    case BBOTS_DEFAULT_NOW:
        return "CURRENT_TIMESTAMP";
    case BBOTS_DEFAULT_UUID:
        return "random uuid";
    default:
        return NULL;
    }
}

/* ------------------------------------------------------------------ --sql and --csv */

static int put_sql(const session *in, const bbots_table *table)
{
    char *sql;
    size_t size;
    if (bbots_schema_sql(in->schema, table, &sql, &size) != BBOTS_OK) {
        (void)usage_error(in->line, "out of memory");
        return EXIT_FAILED;
    }
    fwrite(sql, 1, size, stdout);
    free(sql);
    return EXIT_DONE;
}

static void put_csv_column(const bbots_table *table, const bbots_column *column, sheet *to)
{
    char type[40];
    char usual[2048];
    size_t used = 0;
    usual[0] = '\0';
    for (unsigned i = 0; column->usual != NULL && column->usual[i] != NULL; i++) {
        int size = snprintf(usual + used, sizeof usual - used, "%s%s", i > 0 ? ", " : "",
                            column->usual[i]);
        used = used + (size_t)size < sizeof usual ? used + (size_t)size : sizeof usual - 1;
    }
    bbots_column_type_text(column, type);
    sheet_text(to, table->name);
    sheet_text(to, column->name);
    sheet_text(to, type);
    sheet_boolean(to, (column->flags & BBOTS_COLUMN_NOT_NULL) == 0);
    if (schema_default(column) != NULL) {
        sheet_text(to, schema_default(column));
    } else {
        sheet_null(to);
    }
    sheet_text(to, usual);
    sheet_text(to, column->unit);
    sheet_boolean(to, sheet_is_secret(column));
    sheet_text(to, column->comment);
}

static int put_csv(const session *in, const bbots_table *only)
{
    static const sheet_column columns[] = {
        {"table", SHEET_TEXT}, {"column", SHEET_TEXT},  {"type", SHEET_TEXT},
        {"null", SHEET_TEXT},  {"default", SHEET_TEXT}, {"usual", SHEET_TEXT},
        {"unit", SHEET_TEXT},  {"secret", SHEET_TEXT},  {"comment", SHEET_TEXT}};
    sheet *to = sheet_begin(in->line, columns, 9, (sheet_options){.single = false});
    for (uint32_t i = 0; to != NULL && i < in->schema->table_count; i++) {
        const bbots_table *table = in->schema->tables[i];
        for (unsigned j = 0; (only == NULL || only == table) && j < table->column_count; j++) {
            put_csv_column(table, &table->columns[j], to);
        }
    }
    return sheet_end(to);
}

/* ------------------------------------------------------------------ the command */

static void put_all(const session *in)
{
    bool json = in->line->format == FORMAT_JSON;
    fputs(json ? "[\n" : "", stdout);
    for (uint32_t i = 0; i < in->schema->table_count; i++) {
        if (json) {
            fputs(i > 0 ? ",\n" : "", stdout);
            schema_put_json(in->schema, in->schema->tables[i]);
        } else {
            fputs(i > 0 ? "\n\n" : "", stdout);
            schema_put_people(in->schema, in->schema->tables[i]);
        }
    }
    fputs(json ? "\n]\n" : "", stdout);
}

static int show(const session *in, const bbots_table *table, bool sql)
{
    if (sql) {
        return put_sql(in, table);
    }
    if (in->line->format == FORMAT_CSV) {
        return put_csv(in, table);
    }
    if (table == NULL) {
        put_all(in);
    } else if (in->line->format == FORMAT_JSON) {
        schema_put_json(in->schema, table);
        putchar('\n');
    } else {
        schema_put_people(in->schema, table);
    }
    return EXIT_DONE;
}

static int run(const command_line *line)
{
    bool sql = false;
    const option options[] = {{"--sql", NULL, &sql, NULL}, {NULL, NULL, NULL, NULL}};
    const bbots_table *table = NULL;
    rest_words rest;
    session in;
    int rc = read_options(line, options, 0, 1, "TABLE", &rest);
    if (rc == EXIT_DONE && sql && line->format != FORMAT_PEOPLE) {
        rc = usage_error(line, "--sql is a form of its own and excludes --json and --csv");
    }
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc != EXIT_DONE) {
        return rc;
    }
    if (rest.count > 0) {
        table = session_table(&in, rest.words[0]);
    }
    rc = rest.count > 0 && table == NULL ? EXIT_USAGE : show(&in, table, sql);
    session_close(&in);
    return rc;
}

const command command_schema = {
    "schema", "show columns, keys, indexes and references",
    "Usage: bbots-inspect FILE schema [TABLE] [--sql|--json|--csv]\n"
    "\n"
    "  --sql    as SQL that PostgreSQL and SQLite load\n"
    "  --csv    a row for each column\n"
    "\n"
    "Shown is the schema that the file carries: of one table, or of all.\n",
    run};
