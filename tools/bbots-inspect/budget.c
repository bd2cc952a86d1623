/* budget.c - bbots-inspect FILE budget: how a user stands against his budget. */
#include "cells.h"
#include "costs_draw.h"
#include "options.h"
#include "session.h"
#include "terminal.h"

#include <inttypes.h>

static void put_money(sheet *to, int64_t amount)
{
    if (amount == BBOTS_BUDGET_UNLIMITED) {
        sheet_null(to);
    } else {
        cell_decimal(to, amount, BBOTS_BUDGET_SCALE);
    }
}

static void put_moment(sheet *to, bbots_timestamp time)
{
    char text[BBOTS_TIMESTAMP_TEXT_MAX];
    bbots_timestamp_print(time, false, BBOTS_TIMESTAMP_POSTGRES, text);
    sheet_text(to, text);
}

static int put_budget(const session *in, const bbots_budget_status *status)
{
    static const sheet_column columns[] = {
        {"period", SHEET_TEXT},     {"budget", SHEET_NUMBER},    {"spend", SHEET_NUMBER},
        {"reserved", SHEET_NUMBER}, {"remaining", SHEET_NUMBER}, {"projected", SHEET_NUMBER},
        {"resets", SHEET_WHOLE},    {"state", SHEET_TEXT},       {"used", SHEET_TEXT}};
    static const char *const names[] = {"day", "week", "month"};
    bool people = in->line->format == FORMAT_PEOPLE;
    bool drawn = costs_drawn(in->line);
    sheet *to = sheet_begin(in->line, columns, drawn ? 9 : 8, (sheet_options){.single = false});
    if (to == NULL) {
        return EXIT_FAILED;
    }
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS; i++) {
        const bbots_budget_state *state = &status->periods[i];
        sheet_text(to, names[i]);
        put_money(to, state->budget);
        put_money(to, state->spend);
        put_money(to, state->reserved);
        put_money(to, state->remaining);
        put_money(to, state->projected);
        put_moment(to, state->to);
        sheet_text(to, state->over ? "over" : state->alert ? "alert" : "within");
        if (drawn) {
            bool limited = state->budget != BBOTS_BUDGET_UNLIMITED;
            costs_put_bar(to,
                          limited && state->spend > state->budget ? state->budget : state->spend,
                          limited ? state->budget : 0);
        }
    }
    int rc = sheet_end(to);
    if (people && !in->line->quiet) {
        printf("\nVerdict: %s\n", costs_verdict_name(status->verdict));
    }
    return rc;
}

static int run_budget(const command_line *line)
{
    const char *at = NULL;
    const option options[] = {{"--at", &at, NULL, NULL}, {NULL, NULL, NULL, NULL}};
    bbots_budget_status status;
    bbots_timestamp now = 0;
    bbots_error error;
    int64_t user = 0;
    rest_words rest;
    session in;
    int rc = read_options(line, options, 1, 1, "USER", &rest);
    if (rc == EXIT_DONE) {
        rc = read_id(line, "USER", rest.words[0], &user);
    }
    if (rc == EXIT_DONE && at != NULL) {
        rc = read_time(line, "--at", at, &now);
    }
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc != EXIT_DONE) {
        return rc;
    }
    if (bbots_budget_status_of(in.txn, (int64_t)user, now, &status, &error) != BBOTS_OK) {
        rc = library_error(line, &error);
    } else if (status.has_budget) {
        rc = put_budget(&in, &status);
    } else {
        rc = EXIT_NOTHING;
        if (line->format == FORMAT_PEOPLE) {
            printf("user %" PRIu64 " has no active budget\n", user);
        } else if (line->format == FORMAT_JSON) {
            puts("[]");
        }
    }
    session_close(&in);
    return rc;
}

const command command_budget = {
    "budget", "how a user stands against his budget",
    "Usage: bbots-inspect FILE budget USER [--at T]\n"
    "\n"
    "Budget, spend, open reservations, what remains and what the period will come to at the\n"
    "present rate, for the day, the week and the month that hold T (now). Exit 1: no budget.\n",
    run_budget};
