/*
 * check.c - bbots-inspect FILE check: does everything that is stored twice agree?
 */
#include "options.h"
#include "session.h"
#include "sheet.h"
#include "terminal.h"

#include <inttypes.h>

typedef struct check_output {
    sheet *to;
    progress *bar;
    bool people;
} check_output;

static const char *severity_name(bbots_severity severity)
{
    return severity == BBOTS_NOTE ? "note" : severity == BBOTS_DERIVED ? "derived" : "damage";
}

/* Findings for people wait in the sheet while the bar runs; a document is written at once. */
static void on_finding(const bbots_finding *finding, void *context)
{
    check_output *out = context;
    if (!out->people) {
        progress_end(out->bar);
        out->bar = NULL;
    }
    sheet_text(out->to, severity_name(finding->severity));
    sheet_text(out->to, finding->table);
    sheet_text(out->to, finding->object);
    sheet_text(out->to, finding->key);
    sheet_text(out->to, finding->message);
}

static int on_progress(uint64_t done, uint64_t total, void *context)
{
    progress_show(((check_output *)context)->bar, done, total);
    return 0;
}

/* The sentence at the end. */
static void put_summary(const bbots_check_result *result)
{
    char text[512];
    bool findings = result->damage + result->derived + result->notes > 0;
    int size =
        snprintf(text, sizeof text,
                 "%" PRIu64 " table%s, %" PRIu64 " row%s and %" PRIu64 " index entr%s checked: ",
                 result->tables, result->tables == 1 ? "" : "s", result->rows,
                 result->rows == 1 ? "" : "s", result->entries, result->entries == 1 ? "y" : "ies");
    if (findings) {
        snprintf(text + size, sizeof text - (size_t)size,
                 "%" PRIu64 " damaged, %" PRIu64 " derived, %" PRIu64 " note%s.", result->damage,
                 result->derived, result->notes, result->notes == 1 ? "" : "s");
    } else {
        snprintf(text + size, sizeof text - (size_t)size, "all is well.");
    }
    fputs(findings ? "\n" : "", stdout);
    text_put_wrapped(stdout, 0, terminal_width(stdout), text);
}

static void put_json_summary(const bbots_check_result *result)
{
    printf(", \"tables\": %" PRIu64 ", \"rows\": %" PRIu64 ", \"entries\": %" PRIu64
           ", \"damage\": %" PRIu64 ", \"derived\": %" PRIu64 ", \"notes\": %" PRIu64 "}\n",
           result->tables, result->rows, result->entries, result->damage, result->derived,
           result->notes);
}

static int exit_code(const bbots_check_result *result)
{
    if (result->damage + result->derived > 0) {
        return EXIT_FINDINGS;
    }
    return result->notes > 0 ? EXIT_NOTHING : EXIT_DONE;
}

static int check(const session *in, bbots_check_options *options)
{
    static const sheet_column columns[] = {{"severity", SHEET_TEXT},
                                           {"table", SHEET_TEXT},
                                           {"object", SHEET_TEXT},
                                           {"key", SHEET_TEXT},
                                           {"message", SHEET_TEXT}};
    const command_line *line = in->line;
    bbots_check_result result;
    bbots_error error;
    memset(&result, 0, sizeof result);
    fputs(line->format == FORMAT_JSON ? "{\"findings\": " : "", stdout);
    check_output out = {sheet_begin(line, columns, 5, (sheet_options){.single = false}),
                        progress_begin(line, "checking"), line->format == FORMAT_PEOPLE};
    options->on_finding = out.to != NULL ? on_finding : NULL;
    options->on_progress = on_progress;
    options->context = &out;
    int rc = bbots_check(in->txn, options, &result, &error);
    progress_end(out.bar);
    int ended = sheet_end(out.to);
    if (line->format == FORMAT_JSON) {
        put_json_summary(&result);
    }
    if (rc < 0) {
        return library_error(line, &error);
    }
    if (line->format == FORMAT_PEOPLE) {
        put_summary(&result);
    }
    return ended != EXIT_DONE ? ended : exit_code(&result);
}

/* ------------------------------------------------------------------ repair */

typedef struct repair_output {
    sheet *to;
    bbots_check_result result;
} repair_output;

static void on_repair(const bbots_finding *finding, void *context)
{
    repair_output *out = context;
    sheet_text(out->to, finding->table);
    sheet_text(out->to, finding->object);
    sheet_text(out->to, finding->message);
}

static int repair_all(bbots_txn *txn, void *context, bbots_error *error)
{
    repair_output *out = context;
    return bbots_repair(txn, out->to != NULL ? on_repair : NULL, out, &out->result, error);
}

static int repair(const command_line *line)
{
    static const sheet_column columns[] = {
        {"table", SHEET_TEXT}, {"object", SHEET_TEXT}, {"repair", SHEET_TEXT}};
    bbots_error error;
    repair_output out = {.to = NULL};
    bbots_store *store = open_store(line, BBOTS_OPEN_REPAIR);
    if (store == NULL) {
        return EXIT_FAILED;
    }
    out.to = sheet_begin(line, columns, 3, (sheet_options){.single = false});
    int rc = bbots_write(store, repair_all, &out, &error);
    int ended = sheet_end(out.to);
    (void)bbots_close(store, NULL);
    if (rc < 0) {
        return library_error(line, &error);
    }
    if (line->format == FORMAT_PEOPLE) {
        printf("%" PRIu64 " findings about derived data, which were repaired; %" PRIu64
               " about damage, which was not.\n",
               out.result.derived, out.result.damage);
    }
    return ended != EXIT_DONE ? ended : out.result.damage > 0 ? EXIT_FINDINGS : EXIT_DONE;
}

static int run(const command_line *line)
{
    const char *name = NULL;
    bool mend = false;
    bbots_check_options how;
    memset(&how, 0, sizeof how);
    const option options[] = {{"--table", &name, NULL, NULL},
                              {"--usual", NULL, &how.usual_values, NULL},
                              {"--no-accounts", NULL, &how.no_accounts, NULL},
                              {"--repair", NULL, &mend, NULL},
                              {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    int rc = read_options(line, options, 0, 0, "no words", &rest);
    if (rc == EXIT_DONE && mend) {
        return name != NULL || how.usual_values || how.no_accounts
                   ? usage_error(line, "--repair goes over the whole store, and stands alone")
                   : repair(line);
    }
    if (rc == EXIT_DONE) { /* the check itself walks the pages, and says more */
        rc = session_open_as(line, name == NULL ? BBOTS_OPEN_UNVERIFIED : 0, &in);
    }
    if (rc != EXIT_DONE) {
        return rc;
    }
    if (name != NULL) {
        how.table = session_table(&in, name);
    }
    rc = name != NULL && how.table == NULL ? EXIT_USAGE : check(&in, &how);
    session_close(&in);
    return rc;
}

const command command_check = {
    "check", "check the whole store",
    "Usage: bbots-inspect FILE check [--table NAME] [--usual] [--no-accounts] | --repair\n"
    "\n"
    "  --table NAME   only this table, with what it refers to\n"
    "  --usual        also note values outside a column's usual ones\n"
    "  --no-accounts  leave accounts out: rows that another program keeps may contradict them\n"
    "  --repair       rebuild what can be derived, in one transaction: indexes, live aggregates,\n"
    "                 counts, digests, next numbers, balances, the status of packs, summaries of\n"
    "                 days, spends of budgets; if need be, go back to the commit before\n"
    "\n"
    "Reads everything: the structure of the pages, checksums, types, NOT NULL, UNIQUE, foreign\n"
    "keys, every index against its rows, counts, digests, serials, live aggregates, accounts\n"
    "(credits, packs, subscriptions, summaries of days, budgets, reservations). Stops after 1000\n"
    "findings. A finding is damage (pages do not hold together, a row is unreadable, breaks a\n"
    "constraint or contradicts itself), derived (an index, count or balance is wrong and can be\n"
    "rebuilt) or a note.\n"
    "Exit 0: all is well; 1: notes only; 4: damage or wrong derived data.\n",
    run};
