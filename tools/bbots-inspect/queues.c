/*
 * queues.c - bbots-inspect FILE queues: what waits in the tables that are polled.
 */
#include "cells.h"
#include "options.h"
#include "session.h"

static int put_queue(const session *in, sheet *to, bbots_queue queue, bbots_timestamp at,
                     bbots_error *error)
{
    bbots_queue_state state;
    int rc = bbots_queue_look(in->txn, queue, at, &state, error);
    if (rc == BBOTS_OK) {
        sheet_text(to, bbots_queue_table(queue));
        sheet_number(to, state.due);
        sheet_number(to, state.later);
        sheet_number(to, state.claimed);
        sheet_number(to, state.came_back);
        if (state.oldest != 0) {
            cell_time(in->line, to, state.oldest);
        } else {
            sheet_null(to);
        }
    }
    return rc;
}

static int show(const session *in, bbots_timestamp at)
{
    static const sheet_column columns[] = {{"queue", SHEET_TEXT},       {"due", SHEET_NUMBER},
                                           {"later", SHEET_NUMBER},     {"claimed", SHEET_NUMBER},
                                           {"came_back", SHEET_NUMBER}, {"oldest", SHEET_WHOLE}};
    bbots_error error;
    int status = BBOTS_OK;
    sheet *to = sheet_begin(in->line, columns, 6, (sheet_options){.single = false});
    for (int i = 0; i < BBOTS_QUEUES && to != NULL && status == BBOTS_OK; i++) {
        status = put_queue(in, to, (bbots_queue)i, at, &error);
    }
    int rc = sheet_end(to);
    return status < 0 ? library_error(in->line, &error) : rc;
}

static int run(const command_line *line)
{
    const char *at_text = NULL;
    const option options[] = {{"--at", &at_text, NULL, NULL}, {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    bbots_timestamp at = 0;
    int rc = read_options(line, options, 0, 0, "no words", &rest);
    if (rc == EXIT_DONE && at_text != NULL) {
        rc = read_time(line, "--at", at_text, &at);
    }
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = show(&in, at);
        session_close(&in);
    }
    return rc;
}

const command command_queues = {
    "queues", "show what waits in the tables that are polled",
    "Usage: bbots-inspect FILE queues [--at T]\n"
    "\n"
    "A line for each queue: rows that are due, that wait for their time, that are claimed, and\n"
    "whose claim's lease is over; oldest is the due time of the one that waits longest.\n"
    "\n"
    "  --at T   as of this time instead of now\n",
    run};
