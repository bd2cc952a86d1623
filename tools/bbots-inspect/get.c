/*
 * get.c - bbots-inspect FILE get: one row by a unique key, a column a line.
 */
#include "key.h"
#include "sheet.h"

static int put_row(const session *in, const bbots_row *row, sheet_options how)
{
    sheet_column columns[BBOTS_COLUMNS_MAX];
    const bbots_table *table = row->table;
    for (unsigned i = 0; i < table->column_count; i++) {
        columns[i] = (sheet_column){table->columns[i].name, SHEET_TEXT};
    }
    sheet *to = sheet_begin(in->line, columns, table->column_count, how);
    for (unsigned i = 0; to != NULL && i < table->column_count; i++) {
        bbots_value value = bbots_row_value(row, i);
        sheet_value(to, table, i, &value);
    }
    return sheet_end(to);
}

static int get(const session *in, const rest_words *rest, const char *by, sheet_options how)
{
    row_name named;
    bbots_error error;
    bbots_row row;
    int rc = read_row_name(in, rest, by, &named);
    if (rc != EXIT_DONE) {
        return rc;
    }
    rc = bbots_get(in->txn, named.table, named.index, named.key, &row, &error);
    if (rc == BBOTS_NOT_FOUND) {
        return no_such_row(in, &named);
    }
    return rc == BBOTS_OK ? put_row(in, &row, how) : library_error(in->line, &error);
}

static int run(const command_line *line)
{
    const char *by = NULL;
    sheet_options how = {.single = true};
    const option options[] = {{"--by", &by, NULL, NULL},
                              {"--full", NULL, &how.full, NULL},
                              {"--show-secrets", NULL, &how.show_secrets, NULL},
                              {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    int rc = read_options(line, options, 2, 1 + BBOTS_KEY_COLUMNS_MAX, "TABLE KEY...", &rest);
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = get(&in, &rest, by, how);
        session_close(&in);
    }
    return rc;
}

const command command_get = {
    "get", "show one row by its key",
    "Usage: bbots-inspect FILE get TABLE KEY... [--by INDEX|COLUMN[,COLUMN]]\n"
    "\n"
    "KEY is a value for each column of the primary key, or of the unique key that --by names.\n"
    "\n"
    "  --by X            the name of a unique index, or its columns in the order of the values\n"
    "  --full            do not cut long texts to the terminal's width\n"
    "  --show-secrets    show columns tagged [secret] and [vault]; otherwise there is no way\n"
    "\n"
    "NULL stands for no value; an empty text is left empty. Exit 1 when there is no such row.\n",
    run};
