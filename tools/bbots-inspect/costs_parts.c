/*
 * costs_parts.c - bbots-inspect FILE latest, execution, forecast: single costs, those of one execution,
 * and what the month will come to.
 */
#include "cells.h"
#include "options.h"
#include "session.h"

/* ------------------------------------------------------------------ latest */

enum { SHOWN = 7 };

static const struct kind {
    const char *name;
    bbots_cost_source source;
    const char *table;
    const char *columns[SHOWN];
} kinds[] = {
    {"claude",
     BBOTS_COST_CLAUDE,
     "api_token_usage",
     {"id", "createdAt", "userId", "executionId", "model", "totalTokens", "totalCost"}},
    {"gemini",
     BBOTS_COST_GEMINI,
     "gemini_token_usage",
     {"id", "createdAt", "userId", "executionId", "model", "totalTokens", "totalCost"}},
    {"sessions",
     BBOTS_COST_BROWSER,
     "browserbase_costs",
     {"id", "createdAt", "userId", "sessionId", "status", "durationMinutes", "totalCost"}},
    {"operations",
     BBOTS_COST_STORAGE,
     "storage_costs",
     {"id", "createdAt", "userId", "provider", "operationType", "sizeBytes", "totalCost"}},
};

typedef struct listing {
    const bbots_table *table;
    unsigned columns[SHOWN];
    sheet *to;
} listing;

static int put_row(const bbots_row *row, void *context)
{
    const listing *run = context;
    for (unsigned i = 0; i < SHOWN; i++) {
        bbots_value value = bbots_row_value(row, run->columns[i]);
        sheet_value(run->to, run->table, run->columns[i], &value);
    }
    return 0;
}

static int show_latest(const session *in, const struct kind *kind, int64_t user, uint32_t limit)
{
    sheet_column shapes[SHOWN];
    listing run = {.table = session_table(in, kind->table)};
    bbots_error error;
    if (run.table == NULL) {
        return EXIT_FAILED;
    }
    for (unsigned i = 0; i < SHOWN; i++) {
        int rc = session_column(in, run.table, kind->columns[i], &run.columns[i]);
        if (rc != EXIT_DONE) {
            return rc;
        }
        shapes[i] =
            (sheet_column){kind->columns[i], sheet_shape_of(&run.table->columns[run.columns[i]])};
    }
    run.to = sheet_begin(in->line, shapes, SHOWN, (sheet_options){.empty = "no costs"});
    int status = run.to != NULL
                     ? bbots_cost_latest(in->txn, kind->source, user, limit, put_row, &run, &error)
                     : BBOTS_OK;
    int rc = sheet_end(run.to);
    return status < 0 ? library_error(in->line, &error) : rc;
}

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

static int run_latest(const command_line *line)
{
    const char *user_text = NULL;
    const char *limit_text = NULL;
    const option options[] = {{"--user", &user_text, NULL, NULL},
                              {"--limit", &limit_text, NULL, NULL},
                              {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    int64_t user = 0;
    uint32_t limit = 20;
    int rc = read_options(line, options, 1, 1, "sessions, operations, claude or gemini", &rest);
    const struct kind *kind = rc == EXIT_DONE ? find_kind(rest.words[0]) : NULL;
    if (rc == EXIT_DONE && kind == NULL) {
        rc = usage_error(line,
                         "latest has no \"%s\"; known are sessions, operations, claude, gemini",
                         rest.words[0]);
    }
    if (rc == EXIT_DONE && user_text != NULL) {
        rc = read_id(line, "--user", user_text, &user);
    }
    if (rc == EXIT_DONE && limit_text != NULL) {
        rc = read_count(line, "--limit", limit_text, &limit);
    }
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = show_latest(&in, kind, user, limit);
        session_close(&in);
    }
    return rc;
}

const command command_latest = {
    "latest", "the last browser sessions, storage operations or calls",
    "Usage: bbots-inspect FILE latest sessions|operations|claude|gemini [--user ID] [--limit N]\n"
    "\n"
    "The N (20) rows that are newest by their createdAt, the newest first.\n",
    run_latest};

/* ------------------------------------------------------------------ execution */

static void put_source(sheet *to, const char *name, int64_t cost, int64_t count)
{
    sheet_text(to, name);
    cell_decimal(to, cost, BBOTS_COST_SCALE);
    cell_integer(to, count);
}

static int show_execution(const session *in, int64_t id)
{
    static const char *const providers[] = {"anthropic", "google", "browserbase", "storage"};
    static const sheet_column columns[] = {
        {"provider", SHEET_TEXT}, {"cost_usd", SHEET_NUMBER}, {"costs", SHEET_NUMBER}};
    bbots_cost_sums sums;
    bbots_error error;
    int64_t count = 0;
    if (bbots_cost_execution(in->txn, id, &sums, &error) != BBOTS_OK) {
        return library_error(in->line, &error);
    }
    for (unsigned i = 0; i < BBOTS_COST_SOURCES; i++) {
        count += sums.count[i];
    }
    sheet *to = sheet_begin(in->line, columns, 3, (sheet_options){.empty = "no costs"});
    for (unsigned i = 0; i < BBOTS_COST_SOURCES && to != NULL && count != 0; i++) {
        put_source(to, providers[i], sums.cost[i], sums.count[i]);
    }
    if (to != NULL && count != 0) {
        put_source(to, "total", sums.total, count);
    }
    int rc = sheet_end(to);
    return rc == EXIT_DONE && count == 0 ? EXIT_NOTHING : rc;
}

static int run_execution(const command_line *line)
{
    const option options[] = {{NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    int64_t id = 0;
    int rc = read_options(line, options, 1, 1, "ID", &rest);
    if (rc == EXIT_DONE) {
        rc = read_id(line, "ID", rest.words[0], &id);
    }
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = show_execution(&in, id);
        session_close(&in);
    }
    return rc;
}

const command command_execution = {
    "execution", "what one execution cost",
    "Usage: bbots-inspect FILE execution ID\n"
    "\n"
    "What the execution cost at each provider, and in all, whoever paid. Exit 1: nothing.\n",
    run_execution};

/* ------------------------------------------------------------------ forecast */

static int show_forecast(const session *in, int64_t user, const char *zone, bbots_timestamp at)
{
    static const sheet_column columns[] = {
        {"from", SHEET_WHOLE},       {"to", SHEET_WHOLE},    {"spent_usd", SHEET_NUMBER},
        {"month_usd", SHEET_NUMBER}, {"days", SHEET_NUMBER}, {"days_of_month", SHEET_NUMBER}};
    bbots_cost_forecast forecast;
    bbots_error error;
    if (bbots_cost_forecast_of(in->txn, user, zone, at, &forecast, &error) != BBOTS_OK) {
        return library_error(in->line, &error);
    }
    sheet *to = sheet_begin(in->line, columns, sizeof columns / sizeof *columns,
                            (sheet_options){.single = true});
    if (to != NULL) {
        cell_time(in->line, to, forecast.from);
        cell_time(in->line, to, forecast.to);
        cell_decimal(to, forecast.spent, BBOTS_COST_SCALE);
        cell_decimal(to, forecast.month, BBOTS_COST_SCALE);
        cell_integer(to, forecast.days);
        cell_integer(to, forecast.days_of_month);
    }
    return sheet_end(to);
}

static int run_forecast(const command_line *line)
{
    const char *at_text = NULL;
    const char *zone = NULL;
    const char *user_text = NULL;
    const option options[] = {{"--user", &user_text, NULL, NULL},
                              {"--at", &at_text, NULL, NULL},
                              {"--tz", &zone, NULL, NULL},
                              {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    bbots_timestamp at = 0;
    int64_t user = 0;
    int rc = read_options(line, options, 0, 0, "no words", &rest);
    if (rc == EXIT_DONE && user_text != NULL) {
        rc = read_id(line, "--user", user_text, &user);
    }
    if (rc == EXIT_DONE && at_text != NULL) {
        rc = read_time(line, "--at", at_text, &at);
    }
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = show_forecast(&in, user, zone, at);
        session_close(&in);
    }
    return rc;
}

const command command_forecast = {
    "forecast", "what the month will come to",
    "Usage: bbots-inspect FILE forecast [--user ID] [--at T] [--tz ZONE]\n"
    "\n"
    "What a user, or all together, spent in the month that holds T (now), what the whole month\n"
    "comes to at this rate, and on how many days that rests.\n",
    run_forecast};
