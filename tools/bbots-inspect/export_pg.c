/*
 * export_pg.c - the whole store as a script for psql.
 *
 * The script is one transaction: PostgreSQL has all of it or nothing, also when the file was cut
 * off. Tables and primary keys come first, then rows by COPY, then sequences, unique keys and
 * indexes, which are made faster over rows that are there, and at last foreign keys. Tables come in
 * the schema's order, parents first, so that the rows alone can also be loaded into tables that have
 * their foreign keys.
 *
 * Times are in PostgreSQL's ISO style, numbers in their shortest form: what psql reads is what the
 * store holds, and a dump of it gives the same digests again.
 */
#include "export_pg.h"

#include "export_rows.h"

#include <inttypes.h>
#include <stdlib.h>

#define PROGRESS_INTERVAL 256 /* rows */

/* ------------------------------------------------------------------ COPY's text format */

/* A backslash and this letter stand for a byte; 0: it stands for itself. */
static const char escapes[256] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
                                  ['\t'] = 't', ['\v'] = 'v', ['\\'] = '\\'};

static void put_text(FILE *out, const char *text, size_t size)
{
    size_t start = 0;
    for (size_t i = 0; i < size; i++) {
        char escape = escapes[(unsigned char)text[i]];
        if (escape != '\0') {
            fwrite(text + start, 1, i - start, out);
            putc('\\', out);
            putc(escape, out);
            start = i + 1;
        }
    }
    fwrite(text + start, 1, size - start, out);
}

/* pgvector's [1,2] as an array: {1,2}. */
static void make_array(char *text, size_t size)
{
    text[0] = '{';
    text[size - 1] = '}';
}

static int put_printed(FILE *out, const bbots_table *table, unsigned column,
                       const bbots_value *value, pg_vectors vectors, bbots_error *error)
{
    char *text = NULL;
    size_t size = 0;
    int rc = bbots_value_print(table, column, value, BBOTS_TIMESTAMP_POSTGRES, &text, &size, error);
    if (rc == BBOTS_OK) {
        if (value->kind == BBOTS_VECTOR && vectors == PG_VECTORS_ARRAY) {
            make_array(text, size);
        }
        put_text(out, text, size);
        free(text);
    }
    return rc;
}

static int put_value(FILE *out, const bbots_table *table, unsigned column, const bbots_value *value,
                     pg_vectors vectors, bbots_error *error)
{
    switch ((bbots_kind)value->kind) {
    case BBOTS_NULL:
        fputs("\\N", out);
        return BBOTS_OK;
    case BBOTS_BOOLEAN:
        putc(value->boolean ? 't' : 'f', out);
        return BBOTS_OK;
    case BBOTS_INTEGER:
        fprintf(out, "%" PRId64, value->integer);
        return BBOTS_OK;
    case BBOTS_TEXT:
        put_text(out, value->data, value->size);
        return BBOTS_OK;
    default:
        return put_printed(out, table, column, value, vectors, error);
    }
}

static int put_row(FILE *out, const export_shape *shape, const bbots_row *row, pg_vectors vectors,
                   bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < shape->column_count && rc == BBOTS_OK; i++) {
        unsigned column = shape->columns[i];
        bbots_value value;
        rc = bbots_row_secret(row, column, &value, error);
        if (i > 0) {
            putc('\t', out);
        }
        if (rc == BBOTS_OK) {
            rc = put_value(out, row->table, column, &value, vectors, error);
        }
    }
    putc('\n', out);
    return rc;
}

/* ------------------------------------------------------------------ rows */

/* The export under way. */
typedef struct writer {
    session *in;
    const export_pg_options *options;
    FILE *out;
    progress *bar;
    uint64_t done;
    uint64_t total;
    bbots_error *error;
} writer;

static int put_rows(writer *to, const bbots_table *table, const export_shape *shape)
{
    bbots_cursor *cursor;
    bbots_row row;
    int rc = bbots_cursor_open(to->in->txn, table, 0, NULL, &cursor, to->error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    while (rc == BBOTS_OK && !ferror(to->out)) {
        if (to->done % PROGRESS_INTERVAL == 0) {
            progress_show(to->bar, to->done, to->total);
        }
        rc = bbots_cursor_next(cursor, &row, to->error);
        if (rc == BBOTS_OK) {
            rc = put_row(to->out, shape, &row, to->options->vectors, to->error);
            bbots_txn_wipe(to->in->txn);
            to->done++;
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int put_copy(writer *to, const bbots_table *table)
{
    export_shape shape;
    uint64_t count;
    int rc = bbots_count(to->in->txn, table, &count, to->error);
    if (rc != BBOTS_OK || count == 0) {
        return rc;
    }
    export_shape_whole(&shape, table, false, to->options->secrets);
    fputs("\nCOPY ", to->out);
    pg_put_name(to->out, table->name);
    putc(' ', to->out);
    pg_put_names(to->out, table, shape.columns, shape.column_count);
    fputs(" FROM stdin;\n", to->out);
    rc = put_rows(to, table, &shape);
    fputs("\\.\n", to->out);
    return rc;
}

/* ------------------------------------------------------------------ sequences */

static const bbots_column *serial_of(const bbots_table *table)
{
    for (unsigned c = 0; c < table->column_count; c++) {
        if ((table->columns[c].flags & BBOTS_COLUMN_SERIAL) != 0) {
            return &table->columns[c];
        }
    }
    return NULL;
}

/* A serial that gave its last number stands at it, and nextval fails there too. */
static int put_setval(writer *to, const bbots_table *table)
{
    const bbots_column *column = serial_of(table);
    int64_t next;
    if (column == NULL) {
        return BBOTS_OK;
    }
    int rc = bbots_serial_next(to->in->txn, table, &next, to->error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    int64_t most = column->type == BBOTS_TYPE_SMALLINT  ? INT16_MAX
                   : column->type == BBOTS_TYPE_INTEGER ? INT32_MAX
                                                        : INT64_MAX;
    fputs("SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence('", to->out);
    pg_put_name(to->out, table->name);
    fputs("', ", to->out);
    pg_put_quoted(to->out, column->name);
    fprintf(to->out, "), %" PRId64 ", %s);\n", next > most ? most : next,
            next > most ? "true" : "false");
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ the script */

static void put_head(const writer *to)
{
    fputs("-- All tables of a libbbots store, for PostgreSQL 15 or later:\n"
          "--     psql -X -v ON_ERROR_STOP=1 -f FILE DATABASE\n\n"
          "SET client_encoding = 'UTF8';\n"
          "SET standard_conforming_strings = on;\n"
          "SET client_min_messages = warning;\n",
          to->out);
    if (to->options->schema && to->options->vectors == PG_VECTORS_PGVECTOR &&
        pg_has_vectors(to->in->schema)) {
        fputs("CREATE EXTENSION IF NOT EXISTS vector;\n", to->out);
    }
    fputs("BEGIN;\n", to->out);
}

/* Something of each table in turn. */
static int each_table(writer *to, int (*put)(writer *to, const bbots_table *table))
{
    int rc = BBOTS_OK;
    for (uint32_t t = 0; t < to->in->schema->table_count && rc == BBOTS_OK; t++) {
        rc = put(to, to->in->schema->tables[t]);
    }
    return rc;
}

static int put_table(writer *to, const bbots_table *table)
{
    putc('\n', to->out);
    pg_put_table(to->out, table, to->options->vectors);
    return BBOTS_OK;
}

static int put_indexes(writer *to, const bbots_table *table)
{
    pg_put_indexes(to->out, table);
    return BBOTS_OK;
}

static int put_foreign_keys(writer *to, const bbots_table *table)
{
    pg_put_foreign_keys(to->out, to->in->schema, table);
    return BBOTS_OK;
}

static int add_count(writer *to, const bbots_table *table)
{
    uint64_t count = 0;
    int rc = bbots_count(to->in->txn, table, &count, to->error);
    to->total += count;
    return rc;
}

static int put_data(writer *to)
{
    int rc = each_table(to, put_copy);
    putc('\n', to->out);
    return rc == BBOTS_OK ? each_table(to, put_setval) : rc;
}

int export_pg(session *in, const export_pg_options *options, FILE *out, progress *bar,
              bbots_error *error)
{
    writer to = {.in = in, .options = options, .out = out, .bar = bar, .error = error};
    int rc = each_table(&to, add_count);
    put_head(&to);
    if (rc == BBOTS_OK && options->schema) {
        rc = each_table(&to, put_table);
    }
    if (rc == BBOTS_OK && options->data) {
        rc = put_data(&to);
    }
    if (rc == BBOTS_OK && options->schema) {
        putc('\n', out);
        rc = each_table(&to, put_indexes);
    }
    if (rc == BBOTS_OK && options->schema) {
        putc('\n', out);
        rc = each_table(&to, put_foreign_keys);
    }
    if (rc == BBOTS_OK) { /* without it nothing of the script counts */
        fputs("\nCOMMIT;\n", out);
    }
    return rc;
}
