/*
 * usage.c - bbots-inspect FILE usage: what subscribers have used and may still use.
 */
#include "cells.h"
#include "options.h"
#include "session.h"
#include "terminal.h"

static void put_count(sheet *to, int64_t number)
{
    if (number == INT64_MAX || number < 0) { /* any number */
        sheet_null(to);
    } else {
        cell_integer(to, number);
    }
}

/* ------------------------------------------------------------------ one user */

static void put_one(const command_line *line, sheet *to, int64_t user,
                    const bbots_usage_status *status)
{
    cell_integer(to, user);
    cell_text(to, status->tier);
    cell_text(to, status->status);
    sheet_boolean(to, status->usable);
    cell_time(line, to, status->period_start);
    cell_time(line, to, status->period_end);
    cell_integer(to, status->used);
    put_count(to, status->remaining);
    put_count(to, status->capacity);
    cell_decimal(to, status->percent_hundredths, 2);
    put_count(to, status->plan_limit);
    cell_integer(to, status->additional);
    cell_integer(to, status->packs);
    put_count(to, status->packs_remaining);
    cell_integer(to, status->used_of_packs);
    cell_integer(to, status->overage);
    cell_integer(to, status->agents);
    cell_integer(to, status->agents_spawned);
    cell_integer(to, status->add_ons);
}

/* On a terminal, how full it is at a glance. */
static void put_bar(const bbots_usage_status *status)
{
    size_t width = terminal_width(stdout);
    if (width < 30 || status->unlimited) {
        return;
    }
    size_t room = width < 60 ? width - 10 : 50;
    size_t full = (size_t)status->percent_hundredths * room / 10000;
    fputs("\n  ", stdout);
    for (size_t i = 0; i < room; i++) {
        fputs(i < full ? "\xe2\x96\x88" : "\xe2\x96\x91", stdout);
    }
    printf(" %lld %%\n", (long long)(status->percent_hundredths + 50) / 100);
}

static int show_user(const session *in, int64_t user, bbots_timestamp at)
{
    static const sheet_column columns[] = {
        {"user", SHEET_NUMBER},          {"plan", SHEET_TEXT},
        {"status", SHEET_TEXT},          {"usable", SHEET_TEXT},
        {"from", SHEET_WHOLE},           {"to", SHEET_WHOLE},
        {"used", SHEET_NUMBER},          {"remaining", SHEET_NUMBER},
        {"capacity", SHEET_NUMBER},      {"percent", SHEET_NUMBER},
        {"plan_limit", SHEET_NUMBER},    {"additional", SHEET_NUMBER},
        {"packs", SHEET_NUMBER},         {"packs_remaining", SHEET_NUMBER},
        {"used_of_packs", SHEET_NUMBER}, {"overage", SHEET_NUMBER},
        {"agents", SHEET_NUMBER},        {"agents_spawned", SHEET_NUMBER},
        {"add_ons", SHEET_NUMBER},
    };
    bbots_usage_status status;
    bbots_error error;
    int rc = bbots_usage_get(in->txn, user, at, &status, &error);
    if (rc < 0) {
        return library_error(in->line, &error);
    }
    if (rc == BBOTS_NOT_FOUND) {
        fprintf(stderr, "%s: user %lld has no subscription\n", in->line->program, (long long)user);
        return EXIT_NOTHING;
    }
    sheet *to = sheet_begin(in->line, columns, sizeof columns / sizeof *columns,
                            (sheet_options){.single = true});
    if (to != NULL) {
        put_one(in->line, to, user, &status);
    }
    rc = sheet_end(to);
    if (rc == EXIT_DONE && in->line->format == FORMAT_PEOPLE) {
        put_bar(&status);
    }
    return rc;
}

/* ------------------------------------------------------------------ all users */

static int show_row(const session *in, sheet *to, int64_t user, bbots_timestamp at,
                    bbots_error *error)
{
    bbots_usage_status status;
    int rc = bbots_usage_get(in->txn, user, at, &status, error);
    if (rc == BBOTS_OK) {
        cell_integer(to, user);
        cell_text(to, status.tier);
        cell_text(to, status.status);
        sheet_boolean(to, status.usable);
        cell_time(in->line, to, status.period_end);
        cell_integer(to, status.used);
        put_count(to, status.remaining);
        put_count(to, status.capacity);
        cell_decimal(to, status.percent_hundredths, 2);
        cell_integer(to, status.overage);
        cell_integer(to, status.agents);
    }
    return rc;
}

static int show_rows(const session *in, sheet *to, bbots_timestamp at, bbots_error *error)
{
    const bbots_table *table = bbots_store_table(in->store, "user_subscriptions", error);
    int user = table != NULL ? bbots_table_column(table, bbots_text_of("userId")) : -1;
    bbots_cursor *cursor;
    bbots_row row;
    if (table == NULL || user < 0) {
        return table == NULL ? BBOTS_UNKNOWN_TABLE : BBOTS_OK;
    }
    int rc = bbots_cursor_open(in->txn, table, 0, NULL, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    while ((rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        rc = show_row(in, to, bbots_row_value(&row, (unsigned)user).integer, at, error);
        if (rc < 0) {
            break;
        }
    }
    bbots_cursor_close(cursor);
    return rc;
}

static int show_all(const session *in, bbots_timestamp at)
{
    static const sheet_column columns[] = {
        {"user", SHEET_NUMBER},      {"plan", SHEET_TEXT},       {"status", SHEET_TEXT},
        {"usable", SHEET_TEXT},      {"to", SHEET_WHOLE},        {"used", SHEET_NUMBER},
        {"remaining", SHEET_NUMBER}, {"capacity", SHEET_NUMBER}, {"percent", SHEET_NUMBER},
        {"overage", SHEET_NUMBER},   {"agents", SHEET_NUMBER},
    };
    bbots_error error;
    sheet *to = sheet_begin(in->line, columns, sizeof columns / sizeof *columns,
                            (sheet_options){.empty = "no user has a subscription"});
    int status = to != NULL ? show_rows(in, to, at, &error) : BBOTS_OK;
    int rc = sheet_end(to);
    return status < 0 ? library_error(in->line, &error) : rc;
}

/* ------------------------------------------------------------------ */

static int run(const command_line *line)
{
    const char *at_text = NULL;
    const option options[] = {{"--at", &at_text, NULL, NULL}, {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    bbots_timestamp at = 0;
    int64_t user = 0;
    int rc = read_options(line, options, 0, 1, "USER", &rest);
    if (rc == EXIT_DONE && at_text != NULL) {
        rc = read_time(line, "--at", at_text, &at);
    }
    if (rc == EXIT_DONE && rest.count == 1) {
        rc = read_id(line, "USER", rest.words[0], &user);
    }
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc != EXIT_DONE) {
        return rc;
    }
    rc = rest.count == 1 ? show_user(&in, user, at) : show_all(&in, at);
    session_close(&in);
    return rc;
}

const command command_usage = {
    "usage", "show what subscribers have used and may still use",
    "Usage: bbots-inspect FILE usage [USER] [--at T]\n"
    "\n"
    "Shows the subscription of a user, or a line for each: executions used, what remains, and the\n"
    "capacity of the plan, the additional executions and the packs that are active and not "
    "expired.\n"
    "NULL is any number. percent is used of used and remaining. Exit 1 when the user has none.\n"
    "\n"
    "  --at T   as of this time instead of now\n",
    run};
