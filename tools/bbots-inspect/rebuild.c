/*
 * rebuild.c - bbots-inspect FILE rebuild: live aggregates made anew from the rows.
 */
#include "inspect.h"
#include "options.h"

static int rebuild(bbots_txn *txn, void *context, bbots_error *error)
{
    return bbots_live_rebuild(txn, context, error);
}

/* The table that is meant, NULL for all; a name that is none fails as everywhere. */
static int run_on(const command_line *line, bbots_store *store, const char *name)
{
    const bbots_table *table = NULL;
    bbots_error error;
    if (name != NULL) {
        table = bbots_store_table(store, name, &error);
        if (table == NULL) {
            return usage_error(line, "%s has no table \"%s\"", line->file, name);
        }
    }
    if (bbots_write(store, rebuild, (void *)(uintptr_t)table, &error) < 0) {
        return library_error(line, &error);
    }
    if (line->format == FORMAT_JSON) {
        puts("{\"rebuilt\": true}");
    } else if (line->format == FORMAT_PEOPLE && !line->quiet) {
        puts("the live aggregates were built anew from the rows");
    }
    return EXIT_DONE;
}

static int run(const command_line *line)
{
    const char *name = NULL;
    const option options[] = {{"--table", &name, NULL, NULL}, {NULL, NULL, NULL, NULL}};
    rest_words rest;
    int rc = read_options(line, options, 0, 0, "no words", &rest);
    if (rc != EXIT_DONE) {
        return rc;
    }
    bbots_store *store = open_store(line, 0);
    if (store == NULL) {
        return EXIT_FAILED;
    }
    rc = run_on(line, store, name);
    (void)bbots_close(store, NULL);
    return rc;
}

const command command_rebuild = {
    "rebuild", "build the live aggregates anew",
    "Usage: bbots-inspect FILE rebuild [--table NAME]\n"
    "\n"
    "Reads the rows of all tables, or of one, and writes their live aggregates anew, in one\n"
    "transaction. For a file in which check found them wrong.\n",
    run};
