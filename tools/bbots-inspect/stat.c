/*
 * stat.c - bbots-inspect FILE stat: sizes and state of a store.
 */
#include "options.h"
#include "session.h"
#include "sheet.h"

#include <inttypes.h>

static const sheet_column columns[] = {
    {"file", SHEET_TEXT},        {"file_bytes", SHEET_TEXT},  {"used_bytes", SHEET_TEXT},
    {"used_pages", SHEET_TEXT},  {"page_bytes", SHEET_TEXT},  {"map_bytes", SHEET_TEXT},
    {"transaction", SHEET_TEXT}, {"readers", SHEET_TEXT},     {"readers_max", SHEET_TEXT},
    {"format", SHEET_TEXT},      {"schema", SHEET_TEXT},      {"tables", SHEET_TEXT},
    {"rows", SHEET_TEXT},        {"fingerprint", SHEET_TEXT}, {"digest", SHEET_TEXT},
};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

/* "1234567 (1.2 MiB)" */
static void put_bytes(sheet *to, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    char text[64];
    unsigned unit = 0;
    double scaled = (double)bytes;
    while (scaled >= 1024) {
        scaled /= 1024;
        unit++;
    }
    if (unit == 0) {
        snprintf(text, sizeof text, "%" PRIu64, bytes);
    } else {
        snprintf(text, sizeof text, "%" PRIu64 " (%.1f %s)", bytes, scaled, units[unit]);
    }
    sheet_number_as(to, bytes, text);
}

static int count_all(const session *in, uint64_t *rows, bbots_error *error)
{
    *rows = 0;
    for (uint32_t i = 0; i < in->schema->table_count; i++) {
        uint64_t count;
        int rc = bbots_count(in->txn, in->schema->tables[i], &count, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
        *rows += count;
    }
    return BBOTS_OK;
}

static int put_stat(const session *in, const bbots_stat *stat, uint64_t rows,
                    const bbots_digest *digest)
{
    char text[33];
    sheet *to = sheet_begin(in->line, columns, COLUMN_COUNT, (sheet_options){.single = true});
    if (to == NULL) {
        return EXIT_FAILED;
    }
    sheet_text(to, in->line->file);
    put_bytes(to, stat->file_bytes);
    put_bytes(to, stat->used_bytes);
    sheet_number(to, stat->page_bytes > 0 ? stat->used_bytes / stat->page_bytes : 0);
    sheet_number(to, stat->page_bytes);
    put_bytes(to, stat->map_bytes);
    sheet_number(to, stat->transaction);
    sheet_number(to, stat->readers);
    sheet_number(to, stat->readers_max);
    sheet_number(to, stat->format_version);
    sheet_text(to, in->schema->name);
    sheet_number(to, in->schema->table_count);
    sheet_number(to, rows);
    sheet_print_hex(in->schema->fingerprint.bytes, 16, text);
    sheet_text(to, text);
    sheet_print_hex(digest->bytes, 16, text);
    sheet_text(to, text);
    return sheet_end(to);
}

static int run(const command_line *line)
{
    static const option options[] = {{NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    bbots_stat stat;
    bbots_digest digest;
    bbots_error error;
    uint64_t rows;
    int rc = read_options(line, options, 0, 0, "no words", &rest);
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc != EXIT_DONE) {
        return rc;
    }
    if (bbots_store_stat(in.store, &stat, &error) != BBOTS_OK ||
        bbots_store_digest(in.txn, &digest, &error) != BBOTS_OK ||
        count_all(&in, &rows, &error) != BBOTS_OK) {
        rc = library_error(line, &error);
    } else {
        rc = put_stat(&in, &stat, rows, &digest);
    }
    session_close(&in);
    return rc;
}

const command command_stat = {
    "stat", "show sizes, state and digest of the store",
    "Usage: bbots-inspect FILE stat\n"
    "\n"
    "readers counts slots in use over all processes, this command's own among them. Stores with\n"
    "the same rows under the same schema have the same digest.\n",
    run};
