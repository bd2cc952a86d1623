/*
 * readers.c - bbots-inspect FILE readers: who reads, and how far behind.
 */
#include "options.h"
#include "sheet.h"

static int on_reader(const bbots_reader *reader, void *context)
{
    sheet *to = context;
    if (to != NULL && !reader->own) {
        sheet_number(to, (uint64_t)reader->process);
        sheet_number(to, reader->transaction);
        sheet_number(to, reader->behind);
    }
    return 0;
}

static int run(const command_line *line)
{
    static const option options[] = {{NULL, NULL, NULL, NULL}};
    static const sheet_column columns[] = {
        {"process", SHEET_TEXT}, {"transaction", SHEET_TEXT}, {"behind", SHEET_TEXT}};
    rest_words rest;
    bbots_error error;
    int rc = read_options(line, options, 0, 0, "no words", &rest);
    if (rc != EXIT_DONE) {
        return rc;
    }
    bbots_store *store = open_store(line, BBOTS_OPEN_READ_ONLY);
    if (store == NULL) {
        return EXIT_FAILED;
    }
    sheet *to = sheet_begin(line, columns, 3, (sheet_options){.empty = "no read transaction is open"});
    rc = bbots_readers(store, on_reader, to, &error);
    int ended = sheet_end(to);
    (void)bbots_close(store, NULL);
    return rc < 0 ? library_error(line, &error) : ended;
}

const command command_readers = {
    "readers", "list the read transactions that are open",
    "Usage: bbots-inspect FILE readers\n"
    "\n"
    "One line for each read transaction of another process: the process, the commit that it sees, "
    "and\n"
    "how many commits came since. A reader that is far behind keeps freed pages from being used\n"
    "again, and the file grows. Readers of processes that are gone are cleared first.\n",
    run};
