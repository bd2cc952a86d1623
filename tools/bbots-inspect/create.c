/*
 * create.c - bbots-inspect FILE create: an empty store with the built-in schema.
 */
#include "inspect.h"
#include "options.h"
#include "sheet.h"

static int run(const command_line *line)
{
    static const option options[] = {{NULL, NULL, NULL, NULL}};
    rest_words rest;
    bbots_store *store;
    bbots_error error;
    bbots_options how;
    int rc = read_options(line, options, 0, 0, "no words", &rest);
    if (rc != EXIT_DONE) {
        return rc;
    }
    memset(&how, 0, sizeof how);
    how.schema = &bbots_platform_schema;
    how.keys = line->keys;
    how.flags = BBOTS_OPEN_CREATE | BBOTS_OPEN_EXCLUSIVE;
    if (bbots_open(line->file, &how, &store, &error) != BBOTS_OK) {
        return library_error(line, &error);
    }
    uint32_t tables = bbots_store_schema(store)->table_count;
    if (bbots_close(store, &error) != BBOTS_OK) {
        return library_error(line, &error);
    }
    if (line->format == FORMAT_PEOPLE) {
        if (!line->quiet) {
            printf("created %s with %u empty tables\n", line->file, tables);
        }
        return EXIT_DONE;
    }
    static const sheet_column columns[] = {{"file", SHEET_TEXT}, {"tables", SHEET_NUMBER}};
    sheet *to = sheet_begin(line, columns, 2, (sheet_options){.single = true});
    if (to != NULL) {
        sheet_text(to, line->file);
        sheet_number(to, tables);
    }
    return sheet_end(to);
}

const command command_create = {
    "create", "make an empty store with the built-in schema",
    "Usage: bbots-inspect FILE create\n"
    "\n"
    "Makes FILE, readable and writable by you alone. A file that exists is left alone: exit 3.\n",
    run};
