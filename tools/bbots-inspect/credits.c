/*
 * credits.c - bbots-inspect FILE credits: what users have bought to be used up; added and consumed.
 */
#include "cells.h"
#include "options.h"
#include "session.h"

/* ------------------------------------------------------------------ balances */

static const sheet_column columns[] = {{"user", SHEET_NUMBER},
                                       {"type", SHEET_TEXT},
                                       {"balance", SHEET_NUMBER},
                                       {"purchased", SHEET_NUMBER},
                                       {"used", SHEET_NUMBER}};
enum { COLUMNS = sizeof columns / sizeof *columns };

typedef struct listing {
    sheet *to;
    int64_t user;
    const char *type; /* the one that is asked for, or NULL */
    unsigned count;
} listing;

static int put_credits(bbots_text type, const bbots_credits *credits, void *context)
{
    listing *run = context;
    if (run->type == NULL ||
        (strlen(run->type) == type.size && memcmp(run->type, type.data, type.size) == 0)) {
        cell_integer(run->to, run->user);
        cell_text(run->to, type);
        cell_integer(run->to, credits->balance);
        cell_integer(run->to, credits->purchased);
        cell_integer(run->to, credits->used);
        run->count++;
    }
    return 0;
}

/* Goes from user to user along the index that begins with his number. */
static int put_users(const session *in, listing *run, bbots_error *error)
{
    const bbots_table *table = bbots_store_table(in->store, "user_credits", error);
    unsigned index = 0;
    bbots_cursor *cursor;
    bbots_row row;
    if (table == NULL) {
        return BBOTS_UNKNOWN_TABLE;
    }
    int user = bbots_table_column(table, bbots_text_of("userId"));
    while (index < table->index_count && table->indexes[index].columns[0] != user) {
        index++;
    }
    int rc = bbots_cursor_open(in->txn, table, index, NULL, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    while ((rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        int64_t next = bbots_row_value(&row, (unsigned)user).integer;
        if (next != run->user) {
            run->user = next;
            rc = bbots_credits_list(in->txn, next, put_credits, run, error);
        }
        if (rc != BBOTS_OK) {
            break;
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int show(const command_line *line, int64_t user, const char *type)
{
    listing run = {.user = user, .type = type};
    bbots_error error;
    session in;
    int rc = session_open(line, &in);
    if (rc != EXIT_DONE) {
        return rc;
    }
    run.to = sheet_begin(line, columns, COLUMNS, (sheet_options){.empty = "no credits"});
    int status = run.to == NULL ? BBOTS_OK
                 : user != 0    ? bbots_credits_list(in.txn, user, put_credits, &run, &error)
                                : put_users(&in, &run, &error);
    rc = sheet_end(run.to);
    if (status < 0) {
        rc = library_error(line, &error);
    } else if (rc == EXIT_DONE && run.count == 0) {
        rc = EXIT_NOTHING;
    }
    session_close(&in);
    return rc;
}

/* ------------------------------------------------------------------ changes */

typedef struct change {
    int64_t user;
    bbots_text type;
    int64_t amount;
    bool consume;
    bbots_credits after;
} change;

static int carry_out(bbots_txn *txn, void *context, bbots_error *error)
{
    change *run = context;
    return run->consume
               ? bbots_credits_consume(txn, run->user, run->type, run->amount, 0, &run->after,
                                       error)
               : bbots_credits_add(txn, run->user, run->type, run->amount, 0, &run->after, error);
}

static int change_balance(const command_line *line, change *run)
{
    bbots_error error;
    bbots_store *store = open_store(line, 0);
    if (store == NULL) {
        return EXIT_FAILED;
    }
    int status = bbots_write(store, carry_out, run, &error);
    (void)bbots_close(store, NULL);
    if (status < 0) {
        return library_error(line, &error);
    }
    listing after = {.user = run->user};
    after.to = sheet_begin(line, columns, COLUMNS, (sheet_options){.single = true});
    if (after.to != NULL) {
        (void)put_credits(run->type, &run->after, &after);
    }
    int rc = sheet_end(after.to);
    if (status == BBOTS_REFUSED) {
        fprintf(stderr, "%s: fewer credits are left: nothing was consumed\n", line->program);
        return EXIT_NOTHING;
    }
    return rc;
}

/* ------------------------------------------------------------------ which of them */

static int run(const command_line *line)
{
    const option options[] = {{NULL, NULL, NULL, NULL}};
    rest_words rest;
    int64_t user = 0;
    uint32_t amount = 0;
    int rc = read_options(line, options, 0, 4, "[USER [TYPE]] or add|consume USER TYPE N", &rest);
    bool consume = rest.count > 0 && strcmp(rest.words[0], "consume") == 0;
    bool changes = consume || (rest.count > 0 && strcmp(rest.words[0], "add") == 0);
    if (rc == EXIT_DONE && (changes ? rest.count != 4 : rest.count > 2)) {
        rc = usage_error(line, "credits takes [USER [TYPE]], or add or consume with USER TYPE N");
    }
    if (rc == EXIT_DONE && rest.count > 0) {
        rc = read_id(line, "USER", rest.words[changes ? 1 : 0], &user);
    }
    if (rc == EXIT_DONE && changes) {
        rc = read_count(line, "N", rest.words[3], &amount);
    }
    if (rc != EXIT_DONE) {
        return rc;
    }
    if (!changes) {
        return show(line, user, rest.count > 1 ? rest.words[1] : NULL);
    }
    change made = {
        .user = user, .type = bbots_text_of(rest.words[2]), .amount = amount, .consume = consume};
    return change_balance(line, &made);
}

const command command_credits = {
    "credits", "show, add and consume what users have bought",
    "Usage: bbots-inspect FILE credits [USER [TYPE]]\n"
    "       bbots-inspect FILE credits add USER TYPE N\n"
    "       bbots-inspect FILE credits consume USER TYPE N\n"
    "\n"
    "Shows the balance of each user and type of credits: purchased less used. Exit 1: there are\n"
    "none.\n"
    "\n"
    "add grants N of them, consume takes N or, when fewer are left, none: exit 1. Both show the\n"
    "balance after it.\n",
    run};
