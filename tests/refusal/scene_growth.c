/*
 * tests/refusal/scene_growth.c - stores of their own: rows that take over what a later schema adds,
 * an index that loses most of its entries, and secrets of owners who have keys of their own; see refusal.h.
 */
#include "refusal.h"

#include <bbots/evolve_1.h>
#include <bbots/secrets.h>

static int close_after(int rc, bbots_store *store, bbots_error *error)
{
    bbots_error closing;
    int closed = bbots_close(store, &closing);
    if (rc >= 0 && closed < 0) {
        *error = closing;
        return closed;
    }
    return rc;
}

/* Opens the store of the other name, does some work in a transaction of its own, closes it. */
static int work_in(stage *at, const bbots_options *options,
                   int (*work)(stage *at, bbots_txn *txn, bbots_error *error), bbots_error *error)
{
    bbots_store *store;
    bbots_txn *txn;
    int rc = bbots_open(at->other, options, &store, error);
    if (rc < 0) {
        return rc;
    }
    rc = bbots_begin(store, BBOTS_WRITE, &txn, error);
    if (rc >= 0) {
        bbots_txn_set_now(txn, NOW);
        rc = work(at, txn, error);
        if (rc >= 0) {
            rc = bbots_commit(txn, error);
        } else {
            bbots_rollback(txn);
        }
    }
    return close_after(rc, store, error);
}

/* ------------------------------------------------------------------ a later schema */

static int put_items(stage *at, bbots_txn *txn, bbots_error *error)
{
    int rc = BBOTS_OK;
    (void)at;
    for (int i = 0; i < 20 && rc >= 0; i++) {
        rc = put(txn, error, &evolve_1_items_table, "name", string(i % 2 == 0 ? "even" : "odd"),
                 "kind", string("k"), "part", integer(i), NULL);
    }
    return rc;
}

/* Rows of fewer columns are read, changed, counted and referenced. */
static int use_items(stage *at, bbots_txn *txn, bbots_error *error)
{
    const bbots_table *items = at->grown.tables[0];
    const bbots_table *labels = at->grown.tables[1];
    bbots_summary_query query = {.table = items, .group_count = 1, .measure_count = 1};
    bbots_summary *summary;
    query.groups[0].column = (uint16_t)bbots_table_column(items, bbots_text_of("colour"));
    query.measures[0] = (bbots_measure){BBOTS_COUNT, -1};
    int rc = bbots_summarize(txn, &query, &summary, error);
    if (rc < 0) {
        return rc;
    }
    rc = bbots_summary_count(summary) == 1 ? BBOTS_OK : BBOTS_CORRUPTED;
    bbots_summary_free(summary);
    rc = rc < 0 ? rc : change(txn, error, items, 3, "colour", string("red"), NULL);
    rc = rc < 0 ? rc : put(txn, error, labels, "item", integer(3), "text", string("t"), NULL);
    bbots_value key = integer(3);
    return rc < 0 ? rc : bbots_delete(txn, items, 0, &key, NULL, error);
}

static int act_upgrade_rows(stage *at, bbots_error *error)
{
    bbots_options options = {.schema = &bbots_evolve_1_schema, .flags = BBOTS_OPEN_CREATE};
    int rc = work_in(at, &options, put_items, error);
    options.schema = &at->grown;
    options.flags = BBOTS_OPEN_UPGRADE;
    return rc < 0 ? rc : work_in(at, &options, use_items, error);
}

/* ------------------------------------------------------------------ an index that shrinks */

enum { MANY = 400, LEFT = 20 };

static int put_many(stage *at, bbots_txn *txn, bbots_error *error)
{
    int rc = BBOTS_OK;
    (void)at;
    for (int i = 0; i < MANY && rc >= 0; i++) {
        char name[32];
        snprintf(name, sizeof name, "item %08d", i * 7919 % MANY);
        rc = put(txn, error, &evolve_1_items_table, "name", string(name), NULL);
    }
    return rc;
}

/* Blocks of the index become small, and each takes in the one that follows. */
static int drop_most(stage *at, bbots_txn *txn, bbots_error *error)
{
    int rc = BBOTS_OK;
    (void)at;
    for (int i = 1; i <= MANY && rc >= 0; i++) {
        bbots_value key = integer(i);
        if (i % (MANY / LEFT) != 0) {
            rc = bbots_delete(txn, &evolve_1_items_table, 0, &key, NULL, error);
        }
    }
    return rc;
}

static int act_shrink(stage *at, bbots_error *error)
{
    bbots_options options = {.schema = &bbots_evolve_1_schema,
                             .flags = BBOTS_OPEN_CREATE |
                                      (at->plain_reads ? BBOTS_OPEN_PLAIN_READS : 0u)};
    int rc = work_in(at, &options, put_many, error);
    return rc < 0 ? rc : work_in(at, &options, drop_most, error);
}

/* ------------------------------------------------------------------ keys of owners */

static int put_owners(stage *at, bbots_txn *txn, bbots_error *error)
{
    int rc = BBOTS_OK;
    (void)at;
    for (int i = 1; i <= 3 && rc >= 0; i++) {
        rc = put(txn, error, &secrets_people_table, "name", string("n"), "pin", string("1234"),
                 NULL);
        rc = rc < 0 || i == 3
                 ? rc
                 : put(txn, error, &secrets_people_keys_table, "personId", integer(i), NULL);
        rc = rc < 0 ? rc
                    : put(txn, error, &secrets_accounts_table, "personId", integer(i), "token",
                          string("token"), "settings", json_of("{\"a\": 1}"), NULL);
    }
    return rc;
}

/* An account goes from one owner to another, and one of them goes with his key. */
static int use_owners(stage *at, bbots_txn *txn, bbots_error *error)
{
    bbots_value key = integer(1);
    bbots_value value;
    bbots_row row;
    (void)at;
    int rc = change(txn, error, &secrets_accounts_table, 1, "personId", integer(2), NULL);
    rc = rc < 0 ? rc : bbots_get(txn, &secrets_accounts_table, 0, &key, &row, error);
    int token = bbots_table_column(&secrets_accounts_table, bbots_text_of("token"));
    rc = rc != BBOTS_OK ? rc : bbots_row_secret(&row, (unsigned)token, &value, error);
    rc = rc < 0 ? rc : change(txn, error, &secrets_people_table, 1, "pin", string("4321"), NULL);
    return rc < 0 ? rc : bbots_delete(txn, &secrets_people_table, 0, &key, NULL, error);
}

static int act_owners(stage *at, bbots_error *error)
{
    bbots_options options = {.schema = &bbots_secrets_schema,
                             .flags = BBOTS_OPEN_CREATE |
                                      (at->plain_reads ? BBOTS_OPEN_PLAIN_READS : 0u),
                             .keys = at->ring};
    int rc = work_in(at, &options, put_owners, error);
    return rc < 0 ? rc : work_in(at, &options, use_owners, error);
}

const scene growth_scenes[] = {
    {"upgrade rows", FILES, STEPWISE | TOLERANT, act_upgrade_rows},
    {"shrink", FILES, STEPWISE | TOLERANT, act_shrink},
    {"owners", FILES, STEPWISE | TOLERANT, act_owners},
    {NULL, PLAIN, 0, NULL},
};
