/*
 * sheet.c - rows of named cells in JSON, in CSV, or handed to the page that people see.
 *
 * One cell function a kind of cell and one switch over the three formats in each: what a kind of
 * cell looks like everywhere can be read in one place.
 */
#include "sheet.h"

#include "sheet_parts.h"
#include "terminal.h"

#include <inttypes.h>
#include <stdlib.h>

/* Rows that are held back to learn widths, and the bytes of text. */
enum { PAGE_ROWS = 1000, PAGE_BYTES = 1 << 20 };

/* ------------------------------------------------------------------ life */

static void csv_field(const char *data, size_t size)
{
    if (size > 0 && memchr(data, '"', size) == NULL && memchr(data, ',', size) == NULL &&
        memchr(data, '\n', size) == NULL && memchr(data, '\r', size) == NULL) {
        fwrite(data, 1, size, stdout);
        return;
    }
    putchar('"');
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '"') {
            putchar('"');
        }
        putchar(data[i]);
    }
    putchar('"');
}

static void csv_header(const sheet *to)
{
    for (unsigned i = 0; i < to->column_count; i++) {
        fputs(i > 0 ? "," : "", stdout);
        csv_field(to->names[i], strlen(to->names[i]));
    }
    fputs("\r\n", stdout);
}

sheet *sheet_begin(const command_line *line, const sheet_column *columns, unsigned count,
                   sheet_options options)
{
    sheet *made = calloc(1, sizeof *made);
    if (made == NULL || count > SHEET_COLUMNS_MAX) {
        (void)usage_error(line, "out of memory");
        free(made);
        return NULL;
    }
    made->line = line;
    made->options = options;
    made->column_count = count;
    for (unsigned i = 0; i < count; i++) {
        snprintf(made->names[i], sizeof made->names[i], "%s", columns[i].name);
        made->shapes[i] = columns[i].shape;
    }
    if (line->format == FORMAT_PEOPLE) {
        made->terminal = terminal_width(stdout);
        made->colour = terminal_has_colour(stdout);
        made->text_max = made->terminal > 0 && !options.full ? made->terminal : 0;
    } else if (line->format == FORMAT_CSV) {
        csv_header(made);
    } else if (!options.single) {
        fputs("[", stdout);
    }
    return made;
}

int sheet_end(sheet *done)
{
    if (done == NULL) {
        return EXIT_FAILED;
    }
    const command_line *line = done->line;
    bool failed = done->failed;
    if (line->format == FORMAT_PEOPLE && !failed) {
        page_flush(done);
        if (done->rows == 0 && done->options.empty != NULL) {
            puts(done->options.empty);
        }
    } else if (line->format == FORMAT_JSON && !done->options.single) {
        fputs(done->rows > 0 ? "\n]\n" : "]\n", stdout);
    }
    free(done->page.bytes);
    free(done->page.cells);
    free(done);
    if (failed) {
        (void)usage_error(line, "out of memory; the output is not complete");
    }
    return failed ? EXIT_FAILED : EXIT_DONE;
}

/* ------------------------------------------------------------------ cells */

/* What stands before a cell. */
static void begin_cell(sheet *to)
{
    if (to->line->format == FORMAT_CSV) {
        fputs(to->at > 0 ? "," : "", stdout);
    } else if (to->line->format == FORMAT_JSON) {
        if (to->at > 0) {
            fputs(", ", stdout);
        } else if (to->options.single) {
            fputs("{", stdout);
        } else {
            fputs(to->rows > 0 ? ",\n{" : "\n{", stdout);
        }
        json_put_string(stdout, to->names[to->at], strlen(to->names[to->at]));
        fputs(": ", stdout);
    }
}

/* Ends the row behind its last cell. */
static void end_cell(sheet *to)
{
    if (++to->at < to->column_count) {
        return;
    }
    to->at = 0;
    to->rows++;
    if (to->line->format == FORMAT_CSV) {
        fputs("\r\n", stdout);
    } else if (to->line->format == FORMAT_JSON) {
        fputs(to->options.single ? "}\n" : "}", stdout);
    } else if (to->page.size >= PAGE_BYTES ||
               to->page.cell_count >= (size_t)PAGE_ROWS * to->column_count) {
        page_flush(to);
    }
}

/* A cell of text; as JSON it stands in quotes unless bare. */
static void put_cell(sheet *to, const char *text, size_t size, bool bare)
{
    begin_cell(to);
    if (to->line->format == FORMAT_PEOPLE) {
        page_add(to, CELL_PLAIN, text, size);
    } else if (to->line->format == FORMAT_CSV) {
        csv_field(text, size);
    } else if (bare) {
        fwrite(text, 1, size, stdout);
    } else {
        json_put_string(stdout, text, size);
    }
    end_cell(to);
}

void sheet_null(sheet *to)
{
    begin_cell(to);
    if (to->line->format == FORMAT_PEOPLE) {
        page_add(to, CELL_NULL, "NULL", 4);
    } else if (to->line->format == FORMAT_JSON) {
        fputs("null", stdout);
    }
    end_cell(to);
}

void sheet_text(sheet *to, const char *text)
{
    put_cell(to, text, strlen(text), false);
}

void sheet_figure(sheet *to, const char *text, bool bare)
{
    put_cell(to, text, strlen(text), bare);
}

void sheet_number(sheet *to, uint64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRIu64, number);
    put_cell(to, text, (size_t)size, true);
}

void sheet_number_as(sheet *to, uint64_t number, const char *people)
{
    if (to->line->format == FORMAT_PEOPLE) {
        sheet_text(to, people);
    } else {
        sheet_number(to, number);
    }
}

void sheet_boolean(sheet *to, bool boolean)
{
    if (to->line->format == FORMAT_PEOPLE) {
        sheet_text(to, boolean ? "yes" : "no");
    } else {
        sheet_figure(to, boolean ? "true" : "false", true);
    }
}

/* ------------------------------------------------------------------ values */

sheet_shape sheet_shape_of(const bbots_column *column)
{
    switch (column->type) {
    case BBOTS_TYPE_SMALLINT:
    case BBOTS_TYPE_INTEGER:
    case BBOTS_TYPE_BIGINT:
    case BBOTS_TYPE_REAL:
    case BBOTS_TYPE_DOUBLE:
    case BBOTS_TYPE_DECIMAL:
        return SHEET_NUMBER;
    case BBOTS_TYPE_BOOLEAN:
    case BBOTS_TYPE_UUID:
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        return SHEET_WHOLE;
    default:
        return SHEET_TEXT;
    }
}

bool sheet_is_secret(const bbots_column *column)
{
    return (column->flags & (BBOTS_COLUMN_SECRET | BBOTS_COLUMN_VAULT)) != 0;
}

void sheet_value(sheet *to, const bbots_table *table, unsigned column, const bbots_value *value)
{
    char *text;
    size_t size;
    if (value->kind == BBOTS_NULL) {
        sheet_null(to);
        return;
    }
    if (!to->options.show_secrets && sheet_is_secret(&table->columns[column])) {
        sheet_text(to, "(secret)");
        return;
    }
    if (to->line->format == FORMAT_JSON) {
        begin_cell(to);
        to->failed |= json_put_value(stdout, table, column, value) != BBOTS_OK;
        end_cell(to);
        return;
    }
    if (bbots_value_print(table, column, value, BBOTS_TIMESTAMP_POSTGRES, &text, &size, NULL) !=
        BBOTS_OK) {
        to->failed = true;
        sheet_null(to);
        return;
    }
    put_cell(to, text, size, false);
    free(text);
}

void sheet_print_hex(const uint8_t *bytes, unsigned count, char *text)
{
    for (unsigned i = 0; i < count; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
}
