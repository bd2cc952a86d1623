/*
 * export_rows.c - rows out, so that they come back in as the same bytes.
 *
 * Two values have no form of their own in JSON lines as `import` reads them. A real -0 would come
 * back as the integer 0: it is written as the string "-0". A jsonb value that is JSON null would
 * come back as NULL: there is no way around that but CSV, so it is an error here, and `export --all`
 * writes such a table as CSV.
 */
#include "export_rows.h"

#include "csv_write.h"
#include "jsonl_error.h"

#include <math.h>

#define PROGRESS_INTERVAL 256 /* rows */

bool export_is_secret(const bbots_column *column)
{
    return (column->flags & BBOTS_COLUMN_SECRET) != 0; /* [vault] is cipher text already */
}

void export_shape_whole(export_shape *shape, const bbots_table *table, bool csv, bool secrets)
{
    shape->csv = csv;
    shape->table = table;
    shape->column_count = 0;
    for (unsigned c = 0; c < table->column_count; c++) {
        if (secrets || !export_is_secret(&table->columns[c])) {
            shape->columns[shape->column_count++] = (uint8_t)c;
        }
    }
}

static void put_header(const export_shape *shape, FILE *out)
{
    for (unsigned i = 0; i < shape->column_count; i++) {
        const char *name = shape->table->columns[shape->columns[i]].name;
        fputs(i > 0 ? "," : "", out);
        csv_put_text(out, name, strlen(name));
    }
    putc('\n', out);
}

static int put_csv_row(const export_shape *shape, const bbots_row *row, FILE *out)
{
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < shape->column_count && rc == BBOTS_OK; i++) {
        bbots_value value = bbots_row_value(row, shape->columns[i]);
        fputs(i > 0 ? "," : "", out);
        rc = csv_put_value(out, shape->table, shape->columns[i], &value);
    }
    putc('\n', out);
    return rc;
}

static bool is_json_null(const bbots_value *value)
{
    bbots_json json = {value->data, value->size, BBOTS_JSON_PACKED};
    return value->kind == BBOTS_JSON && bbots_json_type_of(json) == BBOTS_JSON_NULL;
}

static int put_jsonl_value(const export_shape *shape, unsigned column, const bbots_value *value,
                           FILE *out)
{
    if (value->kind == BBOTS_FLOAT && value->real == 0 && signbit(value->real)) {
        fputs("\"-0\"", out);
        return BBOTS_OK;
    }
    return is_json_null(value) ? BBOTS_UNTRANSLATABLE_CHARACTER
                               : json_put_value(out, shape->table, column, value);
}

static int put_jsonl_row(const export_shape *shape, const bbots_row *row, FILE *out)
{
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < shape->column_count && rc == BBOTS_OK; i++) {
        const char *name = shape->table->columns[shape->columns[i]].name;
        bbots_value value = bbots_row_value(row, shape->columns[i]);
        putc(i > 0 ? ',' : '{', out);
        json_put_string(out, name, strlen(name));
        putc(':', out);
        rc = put_jsonl_value(shape, shape->columns[i], &value, out);
    }
    fputs("}\n", out);
    return rc;
}

/* What stays sealed could not be read back: better none than that. */
static int check_open(const export_shape *shape, const bbots_row *row, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < shape->column_count && rc == BBOTS_OK; i++) {
        bbots_value value;
        if (export_is_secret(&shape->table->columns[shape->columns[i]])) {
            rc = bbots_row_secret(row, shape->columns[i], &value, error);
        }
    }
    return rc;
}

static int put_row(const export_shape *shape, const bbots_row *row, FILE *out, bbots_error *error)
{
    int open = check_open(shape, row, error);
    if (open != BBOTS_OK) {
        return open;
    }
    int rc = shape->csv ? put_csv_row(shape, row, out) : put_jsonl_row(shape, row, out);
    if (rc == BBOTS_UNTRANSLATABLE_CHARACTER) {
        return jsonl_fail(error, rc, shape->table, NULL,
                          "table \"%s\" holds the jsonb value null, which JSON lines cannot tell "
                          "from NULL: export it as CSV",
                          shape->table->name);
    }
    return rc == BBOTS_OK ? rc : jsonl_fail(error, rc, shape->table, NULL, "out of memory");
}

int export_rows(bbots_txn *txn, const export_shape *shape, FILE *out, progress *bar, uint64_t *rows,
                bbots_error *error)
{
    bbots_cursor *cursor;
    bbots_row row;
    uint64_t total;
    int rc = bbots_count(txn, shape->table, &total, error);
    if (rc == BBOTS_OK) {
        rc = bbots_cursor_open(txn, shape->table, 0, NULL, &cursor, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (shape->csv) {
        put_header(shape, out);
    }
    for (*rows = 0; rc == BBOTS_OK && !ferror(out); *rows += rc == BBOTS_OK) {
        if (*rows % PROGRESS_INTERVAL == 0) {
            progress_show(bar, *rows, total);
        }
        rc = bbots_cursor_next(cursor, &row, error);
        rc = rc == BBOTS_OK ? put_row(shape, &row, out, error) : rc;
        bbots_txn_wipe(txn);
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc; /* a write error is found when the file is closed */
}
