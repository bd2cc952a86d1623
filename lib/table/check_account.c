/*
 * table/check_account.c - rows before the judges of the rooms above (judge.h): balances, packs,
 * subscriptions, budgets.
 *
 * They come last, when indexes and live aggregates have been judged themselves: judges ask them.
 * What a judge meets of damage there is a finding of its own table already.
 */
#include "table/check.h"
#include "table/judge.h"

#include "pages/page.h"

#include <stdarg.h>
#include <stdio.h>

void judge_tell(judged_row *of, bbots_severity severity, const char *object, const char *format,
                ...)
{
    char message[sizeof((bbots_error *)NULL)->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    of->tell(of, severity, object, message);
}

/* The judges of a table, as bits of their places in the list. To ask them takes longer than a row. */
static uint32_t judges_of(const bbots_schema *schema, const bbots_table *table)
{
    uint32_t judges = 0;
    for (unsigned i = 0; table_judges[i] != NULL; i++) {
        judges |= (uint32_t)table_judges[i]->judges(schema, table) << i;
    }
    return judges;
}

/* What a follower keeps is not judged while it has something to do, or where nothing follows. */
static bool waits(const bbots_txn *txn)
{
    bool any = txn->store->plain;
    for (unsigned i = 0; i < FOLLOWERS_MAX; i++) {
        any = any || txn->followers[i] != NULL;
    }
    return any;
}

/* The judges of a table, one after the other. */
static int judge_row(judged_row *of, uint32_t judges, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (uint32_t left = judges; left != 0 && rc == BBOTS_OK; left &= left - 1) {
        const table_judge *judge = table_judges[__builtin_ctz(left)];
        if (!judge->followed || !waits(of->txn)) {
            rc = judge->judge(of, error);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ in a check */

typedef struct hearing {
    check *run;
    int rc; /* of the last report */
} hearing;

static void report(judged_row *of, bbots_severity severity, const char *object, const char *message)
{
    hearing *held = of->context;
    if (held->rc == BBOTS_OK) {
        held->rc = check_report(held->run, severity, object, of->key, "%s", message);
    }
}

static int visit(check *run, store_bytes key, store_bytes data, void *context)
{
    bbots_error error;
    hearing held = {run, BBOTS_OK};
    judged_row of = {.txn = run->txn,
                     .usual = run->options->usual_values,
                     .tell = report,
                     .context = &held,
                     .key = key};
    const uint32_t *judges = context;
    if (row_accept(run->engine, key, data, &of.row, NULL, NULL) != BBOTS_OK) {
        return BBOTS_OK; /* it was reported */
    }
    bb_error_clear(&error);
    int rc = judge_row(&of, *judges, &error);
    if (rc == BBOTS_CORRUPTED || rc == BBOTS_OK) {
        return held.rc;
    }
    return bb_fail(run->error, rc, "%s", error.message);
}

int check_accounts(check *run)
{
    const bbots_store *store = run->txn->store;
    int rc = BBOTS_OK;
    for (uint32_t t = 0; t < store->schema->table_count && rc == BBOTS_OK; t++) {
        const bbots_table *table = store->schema->tables[t];
        bool wanted = run->options->table == NULL || run->options->table == table;
        uint32_t judges = wanted ? judges_of(store->schema, table) : 0;
        if (judges != 0) {
            run->engine = &store->tables[t];
            rc = check_walk(run, run->engine->trees[0], visit, &judges);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ in a repair */

int account_mend(bbots_txn *txn, engine_table *engine, judge_teller *tell, void *context,
                 bbots_error *error)
{
    uint8_t key[PAGES_KEY_MAX];
    size_t size = 0;
    store_bytes data;
    uint32_t judges = judges_of(txn->store->schema, engine->table);
    int rc = judges != 0 ? BBOTS_OK : BBOTS_END;
    while (rc == BBOTS_OK) {
        judged_row of = {.txn = txn, .mend = true, .tell = tell, .context = context};
        rc = store_next(&txn->base, engine->trees[0], key, &size, &data, error);
        of.key = (store_bytes){key, size};
        if (rc == BBOTS_OK && row_accept(engine, of.key, data, &of.row, NULL, NULL) == BBOTS_OK) {
            rc = judge_row(&of, judges, error);
        }
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}
