/*
 * count.c - bbots-inspect FILE count: how many rows a table has, or how many meet a condition.
 */
#include "rows.h"
#include "sheet.h"

#include <inttypes.h>

static void count_row(void *context, const bbots_row *row)
{
    (void)row;
    ++*(uint64_t *)context;
}

/* Without condition, range or --live the catalogue knows: constant time. */
static int count_rows(const session *in, const bbots_table *table, const rows_request *request,
                      uint64_t *count)
{
    bbots_error error;
    rows from;
    if (request->where.count == 0 && request->from == NULL && request->to == NULL &&
        request->index == NULL && !request->exclusive && !request->live) {
        return bbots_count(in->txn, table, count, &error) == BBOTS_OK
                   ? EXIT_DONE
                   : library_error(in->line, &error);
    }
    *count = 0;
    int rc = rows_read(in, table, request, &from);
    if (rc == EXIT_DONE) {
        rc = rows_each(&from, count_row, count);
    }
    rows_free(&from);
    return rc;
}

static int put_count(const command_line *line, const bbots_table *table, uint64_t count)
{
    static const sheet_column columns[] = {{"table", SHEET_TEXT}, {"rows", SHEET_NUMBER}};
    if (line->format == FORMAT_PEOPLE) {
        printf("%" PRIu64 "\n", count);
        return EXIT_DONE;
    }
    sheet *to = sheet_begin(line, columns, 2, (sheet_options){.single = true});
    if (to != NULL) {
        sheet_text(to, table->name);
        sheet_number(to, count);
    }
    return sheet_end(to);
}

static int run(const command_line *line)
{
    rows_request request;
    memset(&request, 0, sizeof request);
    const option options[] = {{"--index", &request.index, NULL, NULL},
                              {"--from", &request.from, NULL, NULL},
                              {"--to", &request.to, NULL, NULL},
                              {"--exclusive", NULL, &request.exclusive, NULL},
                              {"--live", NULL, &request.live, NULL},
                              {"--where", NULL, NULL, &request.where},
                              {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    uint64_t count;
    int rc = read_options(line, options, 1, 1, "TABLE", &rest);
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc != EXIT_DONE) {
        return rc;
    }
    const bbots_table *table = session_table(&in, rest.words[0]);
    rc = table != NULL ? count_rows(&in, table, &request, &count) : EXIT_USAGE;
    if (rc == EXIT_DONE) {
        rc = put_count(line, table, count);
    }
    session_close(&in);
    return rc == EXIT_DONE && count == 0 ? EXIT_NOTHING : rc;
}

const command command_count = {
    "count", "count the rows of a table, or those that meet a condition",
    "Usage: bbots-inspect FILE count TABLE [--where 'C OP V']... [--live]\n"
    "                                 [--index NAME] [--from V] [--to V] [--exclusive]\n"
    "\n"
    "The options are those of scan. Without any the number comes from the catalogue, in constant\n"
    "time. Exit 1 when it is 0.\n",
    run};
