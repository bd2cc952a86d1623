/*
 * ledger/usage_tiers.c - the plans that a new store begins with.
 */
#include "ledger/usage.h"

typedef struct plan {
    const char *slug;
    const char *name;
    int64_t price_cents;
    int64_t agents; /* also at work at the same time */
    int64_t executions;
} plan;

static const plan plans[] = {
    {"starter", "Starter", 99700, 5, 200},
    {"growth", "Growth", 169700, 10, 500},
    {"professional", "Professional", 319700, 25, 1250},
    {"enterprise", "Enterprise", 499700, 50, 3000},
};

static int insert_plan(bbots_txn *txn, const ledger_table *tiers, const plan *of, int64_t order,
                       bbots_timestamp now, bbots_error *error)
{
    ledger_values made;
    ledger_values_begin(&made, tiers);
    ledger_set(&made, TIER_SLUG, bbots_value_string(of->slug));
    ledger_set(&made, TIER_NAME, bbots_value_string(of->name));
    ledger_set_integer(&made, TIER_PRICE, of->price_cents);
    ledger_set_integer(&made, TIER_AGENTS, of->agents);
    ledger_set_integer(&made, TIER_CONCURRENT, of->agents);
    ledger_set_integer(&made, TIER_LIMIT, of->executions);
    ledger_set_integer(&made, TIER_ORDER, order);
    ledger_set_time(&made, TIER_CREATED, now);
    ledger_set_time(&made, TIER_UPDATED, now);
    return ledger_insert(txn, &made, NULL, error);
}

int bbots_usage_seed_tiers(bbots_txn *txn, bbots_timestamp now, unsigned *made, bbots_error *error)
{
    const ledger_table *tiers;
    unsigned count = 0;
    int rc = ledger_begin(txn, true, &now, error);
    if (rc == BBOTS_OK) {
        rc = ledger_find(txn, &usage_tiers, &tiers, error);
    }
    if (rc == BBOTS_OK) {
        rc = ledger_begin_rows(txn, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (size_t i = 0; i < sizeof plans / sizeof *plans && rc == BBOTS_OK; i++) {
        bbots_row row;
        bbots_value slug = bbots_value_string(plans[i].slug);
        rc = bbots_get(txn, tiers->table, tiers->indexes[TIER_BY_SLUG], &slug, &row, error);
        if (rc == BBOTS_NOT_FOUND) {
            rc = insert_plan(txn, tiers, &plans[i], (int64_t)i + 1, now, error);
            count++;
        }
    }
    rc = ledger_end_rows(txn, rc);
    if (rc == BBOTS_OK && made != NULL) {
        *made = count;
    }
    return rc;
}
