/*
 * tables.c - bbots-inspect FILE tables: what is in a store, a table a line.
 */
#include "options.h"
#include "session.h"
#include "sheet.h"
#include "terminal.h"

/* Enough of a digest to see by eye that two differ; --json has all of it. */
enum { SHORT_DIGEST = 4, FULL_DIGEST = 16 };

static int put_table(const session *in, const bbots_table *table, bool all, sheet *to,
                     unsigned *empty)
{
    char text[2 * FULL_DIGEST + 1];
    bbots_error error;
    bbots_digest digest;
    uint64_t rows;
    if (bbots_count(in->txn, table, &rows, &error) != BBOTS_OK ||
        bbots_table_digest(in->txn, table, &digest, &error) != BBOTS_OK) {
        return library_error(in->line, &error);
    }
    *empty += rows == 0 ? 1 : 0;
    if (rows > 0 || all) {
        sheet_text(to, table->name);
        sheet_number(to, rows);
        sheet_print_hex(digest.bytes,
                        in->line->format == FORMAT_PEOPLE ? SHORT_DIGEST : FULL_DIGEST, text);
        sheet_text(to, text);
        sheet_text(to, table->comment);
    }
    return EXIT_DONE;
}

static int put_tables(const session *in, bool all)
{
    static const sheet_column columns[] = {{"table", SHEET_TEXT},
                                           {"rows", SHEET_NUMBER},
                                           {"digest", SHEET_TEXT},
                                           {"comment", SHEET_TEXT}};
    unsigned empty = 0;
    int rc = EXIT_DONE;
    sheet *to = sheet_begin(in->line, columns, 4, (sheet_options){.single = false});
    for (uint32_t i = 0; to != NULL && rc == EXIT_DONE && i < in->schema->table_count; i++) {
        rc = put_table(in, in->schema->tables[i], all, to, &empty);
    }
    int ended = sheet_end(to);
    if (rc == EXIT_DONE && ended == EXIT_DONE && in->line->format == FORMAT_PEOPLE && empty > 0) {
        char text[96];
        snprintf(text, sizeof text, "%u of %u tables are empty%s", empty, in->schema->table_count,
                 all ? "" : " (--all lists them)");
        fputs(all || empty < in->schema->table_count ? "\n" : "", stdout);
        text_put_wrapped(stdout, 0, terminal_width(stdout), text);
    }
    return rc != EXIT_DONE ? rc : ended;
}

static int run(const command_line *line)
{
    bool all = false;
    const option options[] = {{"--all", NULL, &all, NULL}, {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    int rc = read_options(line, options, 0, 0, "no words", &rest);
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = put_tables(&in, all);
        session_close(&in);
    }
    return rc;
}

const command command_tables = {
    "tables", "list the tables with their rows and digests",
    "Usage: bbots-inspect FILE tables [--all]\n"
    "\n"
    "  --all   also tables without rows\n"
    "\n"
    "Tables with the same rows have the same digest, whatever the order in which they were\n"
    "written. People see its first 8 digits; --json and --csv have all 32.\n",
    run};
