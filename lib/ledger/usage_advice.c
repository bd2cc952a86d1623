/*
 * ledger/usage_advice.c - what somebody at a limit can do: what is on offer for their plan.
 *
 * Offers are few (plans, packs, add-ons), and they are read only when a limit is reached.
 */
#include "ledger/usage.h"

int usage_tier_order(bbots_txn *txn, int64_t tier_id, int64_t *order, bbots_error *error)
{
    const ledger_table *of;
    bbots_row row;
    bbots_value id = bbots_value_integer(tier_id);
    int rc = ledger_get(txn, &usage_tiers, TIER_BY_ID, &id, &of, &row, error);
    if (rc == BBOTS_NOT_FOUND) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "there is no plan %lld", (long long)tier_id);
    }
    if (rc == BBOTS_OK) {
        *order = ledger_integer(of, &row, TIER_ORDER);
    }
    return rc;
}

/* An offer, as packs and add-ons have it. */
typedef struct offer {
    const ledger_need *need;
    unsigned key; /* by id */
    unsigned min_tier;
    unsigned active;
} offer;

static const offer packs = {&usage_packs, PACK_BY_ID, PACK_MIN_TIER, PACK_ACTIVE};
static const offer add_ons = {&usage_add_ons, ADD_ON_BY_ID, ADD_ON_MIN_TIER, ADD_ON_ACTIVE};

static int is_for(const usage *of, const ledger_table *table, const bbots_row *row,
                  const offer *kind, bool *yes, bbots_error *error)
{
    bbots_value min_tier = ledger_value(table, row, kind->min_tier);
    int64_t order = INT64_MIN;
    *yes = ledger_value(table, row, kind->active).boolean;
    int rc = *yes && min_tier.kind != BBOTS_NULL
                 ? usage_tier_order(of->txn, min_tier.integer, &order, error)
                 : BBOTS_OK;
    *yes = *yes && order <= of->tier_order;
    return rc;
}

/* Whether anything of a kind is on offer for the plan. */
static int is_on_offer(const usage *of, const offer *kind, bool *yes, bbots_error *error)
{
    const ledger_table *table;
    bbots_cursor *cursor;
    bbots_row row;
    *yes = false;
    int rc = ledger_open(of->txn, kind->need, kind->key, NULL, 0, &table, &cursor, error);
    while (rc == BBOTS_OK && !*yes && (rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        rc = is_for(of, table, &row, kind, yes, error);
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* The lowest plan on offer above the user's that has more of a column; 0 when there is none. */
static int higher_tier(const usage *of, unsigned column, int64_t than, int64_t *tier_id,
                       bbots_error *error)
{
    const ledger_table *tiers;
    bbots_cursor *cursor;
    bbots_row row;
    int64_t best = INT64_MAX;
    *tier_id = 0;
    int rc = ledger_open(of->txn, &usage_tiers, TIER_BY_ID, NULL, 0, &tiers, &cursor, error);
    while (rc == BBOTS_OK && (rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        int64_t order = ledger_integer(tiers, &row, TIER_ORDER);
        bbots_value has = ledger_value(tiers, &row, column);
        if (ledger_value(tiers, &row, TIER_ACTIVE).boolean && order > of->tier_order &&
            order < best && (has.kind == BBOTS_NULL || has.integer > than)) {
            best = order;
            *tier_id = ledger_integer(tiers, &row, TIER_ID);
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int advise(const usage *of, const offer *kind, bbots_usage_advice buy, unsigned column,
                  int64_t limit, bbots_verdict *verdict, bbots_error *error)
{
    bool on_offer;
    int rc = is_on_offer(of, kind, &on_offer, error);
    if (rc == BBOTS_OK) {
        rc = higher_tier(of, column, limit, &verdict->tier_id, error);
    }
    verdict->allowed = false;
    verdict->reason = BBOTS_USAGE_LIMIT_REACHED;
    verdict->advice = on_offer                ? buy
                      : verdict->tier_id != 0 ? BBOTS_ADVICE_UPGRADE
                                              : BBOTS_ADVICE_WAIT;
    return rc;
}

int usage_advise_executions(const usage *of, bbots_verdict *verdict, bbots_error *error)
{
    return advise(of, &packs, BBOTS_ADVICE_BUY_PACK, TIER_LIMIT, of->plan_limit, verdict, error);
}

int usage_advise_agents(const usage *of, bbots_verdict *verdict, bbots_error *error)
{
    return advise(of, &add_ons, BBOTS_ADVICE_TAKE_ADD_ON, TIER_AGENTS, of->tier_agents, verdict,
                  error);
}
