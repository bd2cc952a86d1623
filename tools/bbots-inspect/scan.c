/*
 * scan.c - bbots-inspect FILE scan: rows of a table, by range, condition and order.
 */
#include "rows.h"
#include "sheet.h"
#include "terminal.h"

#include <inttypes.h>

/* On a terminal more than this scrolls away. */
enum { TERMINAL_LIMIT = 100 };

typedef struct output {
    sheet *to;
    const uint8_t *columns;
    unsigned column_count;
    uint64_t rows;
} output;

static void put_row(void *context, const bbots_row *row)
{
    output *out = context;
    out->rows++;
    for (unsigned i = 0; i < out->column_count; i++) {
        bbots_value value = bbots_row_value(row, out->columns[i]);
        sheet_value(out->to, row->table, out->columns[i], &value);
    }
}

/* Says how many rows there were; on standard error when standard output is a document. */
static void put_count(const command_line *line, const rows *from, uint64_t count)
{
    bool people = line->format == FORMAT_PEOPLE;
    if (!people && !from->more) {
        return;
    }
    if (line->quiet) {
        return;
    }
    fflush(stdout);
    FILE *out = people ? stdout : stderr;
    char text[128];
    snprintf(text, sizeof text, "%" PRIu64 " row%s%s", count, count == 1 ? "" : "s",
             from->more ? "; there are more (--limit N, or --limit 0 for all)" : "");
    fputs(people && count > 0 ? "\n" : "", out);
    text_put_wrapped(out, 0, terminal_width(out), text);
}

/* All columns of a table, in its order. */
static unsigned all_columns(const bbots_table *table, uint8_t *columns)
{
    for (unsigned i = 0; i < table->column_count; i++) {
        columns[i] = (uint8_t)i;
    }
    return table->column_count;
}

static int put_rows(const session *in, rows *from, const char *only, sheet_options how)
{
    const bbots_table *table = from->table;
    uint8_t columns[BBOTS_COLUMNS_MAX];
    sheet_column headers[BBOTS_COLUMNS_MAX];
    output out = {NULL, columns, 0, 0};
    int rc = EXIT_DONE;
    if (only != NULL) {
        rc = read_columns(in->line, table, only, BBOTS_COLUMNS_MAX, columns, &out.column_count);
    } else {
        out.column_count = all_columns(table, columns);
    }
    if (rc != EXIT_DONE) {
        return rc;
    }
    for (unsigned i = 0; i < out.column_count; i++) {
        const bbots_column *column = &table->columns[columns[i]];
        headers[i] = (sheet_column){column->name, sheet_shape_of(column)};
    }
    out.to = sheet_begin(in->line, headers, out.column_count, how);
    if (out.to != NULL) {
        rc = rows_each(from, put_row, &out);
    }
    int ended = sheet_end(out.to);
    if (rc == EXIT_DONE && ended == EXIT_DONE) {
        put_count(in->line, from, out.rows);
    }
    return rc != EXIT_DONE ? rc : ended;
}

static int scan(const session *in, const rest_words *rest, const rows_request *request,
                const char *only, sheet_options how)
{
    rows from;
    const bbots_table *table = session_table(in, rest->words[0]);
    if (table == NULL) {
        return EXIT_USAGE;
    }
    int rc = rows_read(in, table, request, &from);
    if (rc == EXIT_DONE) {
        if (request->limit == NULL && terminal_width(stdout) > 0) {
            from.limit = TERMINAL_LIMIT;
        }
        rc = put_rows(in, &from, only, how);
    }
    rows_free(&from);
    return rc;
}

static int run(const command_line *line)
{
    rows_request request;
    const char *only = NULL;
    sheet_options how = {.single = false};
    memset(&request, 0, sizeof request);
    const option options[] = {{"--index", &request.index, NULL, NULL},
                              {"--from", &request.from, NULL, NULL},
                              {"--to", &request.to, NULL, NULL},
                              {"--exclusive", NULL, &request.exclusive, NULL},
                              {"--reverse", NULL, &request.reverse, NULL},
                              {"--limit", &request.limit, NULL, NULL},
                              {"--columns", &only, NULL, NULL},
                              {"--live", NULL, &request.live, NULL},
                              {"--where", NULL, NULL, &request.where},
                              {"--order", &request.order, NULL, NULL},
                              {"--full", NULL, &how.full, NULL},
                              {"--show-secrets", NULL, &how.show_secrets, NULL},
                              {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    int rc = read_options(line, options, 1, 1, "TABLE", &rest);
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = scan(&in, &rest, &request, only, how);
        session_close(&in);
    }
    return rc;
}

const command command_scan = {
    "scan", "show rows by range, condition and order",
    "Usage: bbots-inspect FILE scan TABLE [options]\n"
    "\n"
    "  --index NAME      read in the order of this index (otherwise the primary key)\n"
    "  --from V[,V]      from these values of the index's first columns on\n"
    "  --to V[,V]        up to these values; a value with a comma stands in double quotes,\n"
    "                    NULL without quotes is null, which comes after every value\n"
    "  --exclusive       rows at the bounds do not count\n"
    "  --where 'C OP V'  only rows that meet it; may be repeated, then all have to hold.\n"
    "                    OP: = != < <= > >= ~ (contains), or \"is null\", \"is not null\".\n"
    "                    C: a column, or a path into jsonb: metadata.steps[0].name\n"
    "  --live            leave out rows that were soft-deleted\n"
    "  --order C[:desc]  sort by a column: by an index when one serves, otherwise in memory,\n"
    "                    at most 1000000 rows unless --limit is given\n"
    "  --reverse         from the end to the start\n"
    "  --limit N         rows at most; 0 is all. On a terminal 100 unless given\n"
    "  --columns A,B     only these columns, in this order\n"
    "  --full            do not cut long texts to the terminal's width\n"
    "  --show-secrets    show columns tagged [secret] and [vault]; otherwise there is no way\n",
    run};
