/*
 * delete.c - bbots-inspect FILE delete: one row, and no more than was agreed to.
 */
#include "explain_put.h"
#include "key.h"

/* What is deleted; bbots_write() may run it twice. */
typedef struct work {
    const row_name *named;
    uint64_t rows_max;
    bbots_deleted deleted;
} work;

static int delete_row(bbots_txn *txn, void *context, bbots_error *error)
{
    work *what = context;
    return bbots_delete_at_most(txn, what->named->table, what->named->index, what->named->key,
                                what->rows_max, &what->deleted, error);
}

static int put_deleted(const command_line *line, const bbots_deleted *deleted)
{
    const char *form = line->format == FORMAT_JSON
                           ? "{\"rows\": %llu, \"cascaded\": %llu, \"set_null\": %llu}\n"
                       : line->format == FORMAT_CSV
                           ? "rows,cascaded,set_null\r\n%llu,%llu,%llu\r\n"
                           : "deleted %llu row, %llu more that referenced it; set %llu to null\n";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    printf(form, (unsigned long long)deleted->rows, (unsigned long long)deleted->cascaded,
           (unsigned long long)deleted->set_null);
#pragma GCC diagnostic pop
    return EXIT_DONE;
}

/* What the library says, and where the whole of it can be seen. */
static int refused(const command_line *line, const row_name *named, const bbots_error *error)
{
    bool too_many = error->code == BBOTS_TOO_MANY_ROWS;
    if (!too_many && error->code != BBOTS_FOREIGN_KEY_VIOLATION &&
        error->code != BBOTS_NOT_NULL_VIOLATION) {
        return library_error(line, error);
    }
    (void)usage_error(line, "%s (SQLSTATE %s); `explain %s ...` shows the whole of it%s",
                      error->message, error->sqlstate, named->table->name,
                      too_many ? ", --max-rows N allows more" : "");
    return EXIT_FAILED;
}

static int delete_named(const session *in, const row_name *named, uint64_t rows_max)
{
    bbots_error error;
    work what = {named, rows_max, {0, 0, 0}};
    int rc = bbots_write(in->store, delete_row, &what, &error);
    if (rc == BBOTS_NOT_FOUND) {
        return no_such_row(in, named);
    }
    return rc == BBOTS_OK ? put_deleted(in->line, &what.deleted) : refused(in->line, named, &error);
}

static int dry_run(const session *in, const row_name *named, uint64_t rows_max)
{
    bbots_error error;
    bbots_txn *txn;
    bbots_explanation *explained = NULL;
    int rc = bbots_begin(in->store, BBOTS_READ, &txn, &error);
    if (rc == BBOTS_OK) {
        rc = bbots_explain_delete(txn, named->table, named->index, named->key, &explained, &error);
        bbots_rollback(txn);
    }
    if (rc != BBOTS_OK) {
        return rc == BBOTS_NOT_FOUND ? no_such_row(in, named) : library_error(in->line, &error);
    }
    rc = put_explanation(in->line, explained);
    if (rc == EXIT_DONE && explained->deleted + explained->set_null > rows_max) {
        (void)usage_error(in->line, "refused without --max-rows %llu",
                          (unsigned long long)(explained->deleted + explained->set_null));
        rc = EXIT_FINDINGS;
    }
    bbots_explanation_free(explained);
    return rc;
}

static int delete_or_explain(const session *in, const rest_words *rest, const char *by,
                             uint64_t rows_max, bool dry)
{
    row_name named;
    int rc = read_row_name(in, rest, by, &named);
    if (rc != EXIT_DONE) {
        return rc;
    }
    return dry ? dry_run(in, &named, rows_max) : delete_named(in, &named, rows_max);
}

static int run(const command_line *line)
{
    const char *by = NULL;
    const char *most = NULL;
    bool dry = false;
    uint64_t rows_max = 1;
    const option options[] = {{"--by", &by, NULL, NULL},
                              {"--max-rows", &most, NULL, NULL},
                              {"--dry-run", NULL, &dry, NULL},
                              {NULL, NULL, NULL, NULL}};
    rest_words rest;
    int rc = read_options(line, options, 2, 1 + BBOTS_KEY_COLUMNS_MAX, "TABLE KEY...", &rest);
    if (rc == EXIT_DONE && most != NULL) {
        rc = read_number(line, "--max-rows", most, &rows_max);
    }
    if (rc != EXIT_DONE) {
        return rc;
    }
    session in = {.line = line, .store = open_store(line, dry ? BBOTS_OPEN_READ_ONLY : 0)};
    if (in.store == NULL) {
        return EXIT_FAILED;
    }
    in.schema = bbots_store_schema(in.store);
    rc = delete_or_explain(&in, &rest, by, rows_max, dry);
    (void)bbots_close(in.store, NULL);
    return rc;
}

const command command_delete = {
    "delete", "delete one row by its key, and what hangs on it when allowed",
    "Usage: bbots-inspect FILE delete TABLE KEY... [--by INDEX|COLUMN[,COLUMN]] [--max-rows N]\n"
    "\n"
    "Deletes a row. Other rows that reference it are deleted or set to null as their constraints\n"
    "say, but only as many as --max-rows allows: past that nothing is done.\n"
    "\n"
    "  --by X        the name of a unique index, or its columns in the order of the values\n"
    "  --max-rows N  rows that may be deleted or set to null in all; 1 unless given: the row "
    "alone\n"
    "  --dry-run     change nothing and show what would happen, as `explain` does\n"
    "\n"
    "Exit 1 when there is no such row, 3 when the delete is refused; with --dry-run 4 when it\n"
    "would be.\n",
    run};
