/*
 * explain.c - bbots-inspect FILE explain: what deleting a row would do.
 */
#include "explain_put.h"
#include "key.h"

static int explain(const session *in, const row_name *named)
{
    bbots_error error;
    bbots_explanation *explained = NULL;
    int rc =
        bbots_explain_delete(in->txn, named->table, named->index, named->key, &explained, &error);
    if (rc == BBOTS_NOT_FOUND) {
        return no_such_row(in, named);
    }
    if (rc != BBOTS_OK) {
        return library_error(in->line, &error);
    }
    rc = put_explanation(in->line, explained);
    bbots_explanation_free(explained);
    return rc;
}

static int run(const command_line *line)
{
    const char *by = NULL;
    const option options[] = {{"--by", &by, NULL, NULL}, {NULL, NULL, NULL, NULL}};
    rest_words rest;
    row_name named;
    session in;
    int rc = read_options(line, options, 2, 1 + BBOTS_KEY_COLUMNS_MAX, "TABLE KEY...", &rest);
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = read_row_name(&in, &rest, by, &named);
        rc = rc == EXIT_DONE ? explain(&in, &named) : rc;
        session_close(&in);
    }
    return rc;
}

const command command_explain = {
    "explain", "show what deleting a row would do",
    "Usage: bbots-inspect FILE explain TABLE KEY... [--by INDEX|COLUMN[,COLUMN]]\n"
    "\n"
    "Walks through the delete of a row with all that its references' rules say, and changes\n"
    "nothing. A line for each table and effect:\n"
    "\n"
    "  delete       these rows would be deleted; the first line is the row itself\n"
    "  set null     these rows would stay and lose the reference in `columns`\n"
    "  refuse       these rows are in the way: they reference a deleted row by `constraint`\n"
    "  refuse null  `constraint` would set `columns` to null, which must have a value\n"
    "\n"
    "The first line that refuses is what a delete would report. Lines behind it show what the\n"
    "delete would meet if those rows were not there. `keys` are the first primary keys.\n"
    "\n"
    "  --by X       the name of a unique index, or its columns in the order of the values\n"
    "\n"
    "Exit 0 when the delete would succeed, 4 when it would be refused, 1 when there is no such "
    "row.\n",
    run};
