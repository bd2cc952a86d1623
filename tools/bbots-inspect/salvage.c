/*
 * salvage.c - bbots-inspect BROKEN salvage NEW: every provable row into a new store.
 */
#include "options.h"
#include "sheet.h"
#include "terminal.h"

#include <inttypes.h>

static void on_loss(const bbots_finding *finding, void *context)
{
    sheet *to = context;
    if (to != NULL) {
        sheet_text(to, finding->table);
        sheet_text(to, finding->key);
        sheet_text(to, finding->object);
        sheet_text(to, finding->message);
    }
}

static void put_summary(const command_line *line, const bbots_salvage_result *result)
{
    if (line->format == FORMAT_JSON) {
        printf(", \"rows\": %" PRIu64 ", \"scattered\": %" PRIu64 ", \"damaged\": %" PRIu64
               ", \"dropped\": %" PRIu64 "}\n",
               result->rows, result->scattered, result->damaged, result->dropped);
    } else if (line->format == FORMAT_PEOPLE) {
        char text[300];
        snprintf(text, sizeof text,
                 "%" PRIu64 " rows were written (%" PRIu64 " found on pages that no tree reaches), "
                 "%" PRIu64 " were damaged, %" PRIu64 " dropped for a constraint's sake.",
                 result->rows, result->scattered, result->damaged, result->dropped);
        text_put_wrapped(stdout, 0, terminal_width(stdout), text);
    }
}

static int run(const command_line *line)
{
    bool built_in = false;
    const option options[] = {{"--built-in", NULL, &built_in, NULL}, {NULL, NULL, NULL, NULL}};
    static const sheet_column columns[] = {{"table", SHEET_TEXT},
                                           {"key", SHEET_TEXT},
                                           {"constraint", SHEET_TEXT},
                                           {"message", SHEET_TEXT}};
    rest_words rest;
    bbots_error error;
    bbots_salvage_result result;
    int rc = read_options(line, options, 1, 1, "the new file's name", &rest);
    if (rc != EXIT_DONE) {
        return rc;
    }
    fputs(line->format == FORMAT_JSON ? "{\"losses\": " : "", stdout);
    sheet *to = sheet_begin(line, columns, 4, (sheet_options){.single = false});
    bbots_salvage_options how = {
        .schema = built_in ? &bbots_platform_schema : NULL, .on_loss = on_loss, .context = to};
    rc = bbots_salvage(line->file, rest.words[0], &how, &result, &error);
    int ended = sheet_end(to);
    if (rc == BBOTS_OK || line->format == FORMAT_JSON) { /* which ends what was begun */
        put_summary(line, &result);
    }
    if (rc != BBOTS_OK) {
        return library_error(line, &error);
    }
    return ended != EXIT_DONE                    ? ended
           : result.damaged + result.dropped > 0 ? EXIT_FINDINGS
                                                 : EXIT_DONE;
}

const command command_salvage = {
    "salvage", "write every provable row of a broken file into a new store",
    "Usage: bbots-inspect BROKEN salvage NEW [--built-in]\n"
    "\n"
    "Reads the broken file page by page and writes each row whose checksum fits into a new store "
    "in\n"
    "which all constraints hold. Rows that are damaged, or have to be dropped because a "
    "constraint\n"
    "would not hold, are listed. The broken file is not changed. Exit 4: rows were lost.\n"
    "\n"
    "--built-in takes the built-in schema, for a file whose own cannot be read any more.\n",
    run};
