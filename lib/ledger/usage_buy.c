/*
 * ledger/usage_buy.c - packs that are bought, add-ons that are taken and given up.
 */
#include "ledger/usage.h"

#include <bbots/timestamp.h>

#define DAY INT64_C(86400000000)

/* What a pack and an add-on have in common when somebody wants one. */
typedef struct wanted {
    const ledger_table *of;
    bbots_row row;
    bool sold;
    bbots_value min_tier;
} wanted;

static int find_offer(bbots_txn *txn, const ledger_need *need, unsigned key, int64_t id,
                      unsigned active, unsigned min_tier, const char *what, wanted *found,
                      bbots_error *error)
{
    bbots_value value = bbots_value_integer(id);
    int rc = ledger_get(txn, need, key, &value, &found->of, &found->row, error);
    if (rc == BBOTS_NOT_FOUND) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "there is no %s %lld", what, (long long)id);
    }
    if (rc == BBOTS_OK) {
        found->sold = ledger_value(found->of, &found->row, active).boolean;
        found->min_tier = ledger_value(found->of, &found->row, min_tier);
    }
    return rc;
}

static void refuse(const usage *of, bbots_usage_reason reason, bbots_usage_advice advice,
                   bbots_verdict *verdict)
{
    usage_decide(of, reason, verdict);
    verdict->advice = advice;
}

/* Whether the plan may buy it, but for how often: BBOTS_OK or BBOTS_REFUSED. */
static int judge(const usage *of, const wanted *offer, bbots_verdict *verdict, bbots_error *error)
{
    int64_t least = INT64_MIN;
    usage_decide(of, of->reason, verdict);
    if (!verdict->allowed) {
        return BBOTS_REFUSED;
    }
    if (!offer->sold) {
        refuse(of, BBOTS_USAGE_NOT_SOLD, BBOTS_ADVICE_NONE, verdict);
        return BBOTS_REFUSED;
    }
    int rc = offer->min_tier.kind != BBOTS_NULL
                 ? usage_tier_order(of->txn, offer->min_tier.integer, &least, error)
                 : BBOTS_OK;
    if (rc == BBOTS_OK && of->tier_order < least) {
        refuse(of, BBOTS_USAGE_PLAN_TOO_LOW, BBOTS_ADVICE_UPGRADE, verdict);
        verdict->tier_id = offer->min_tier.integer;
        rc = BBOTS_REFUSED;
    }
    return rc;
}

/* Begins both: the subscription, the offer, and whether the plan may have it. */
static int begin(bbots_txn *txn, int64_t user_id, bbots_timestamp now, const wanted *offer,
                 usage *of, bbots_verdict *verdict, bbots_error *error)
{
    int rc = usage_read(txn, user_id, now, of, error);
    return rc == BBOTS_OK ? judge(of, offer, verdict, error) : rc;
}

static int insert(bbots_txn *txn, const ledger_values *values, unsigned id, int64_t *made,
                  bbots_error *error)
{
    bbots_row row;
    int rc = ledger_insert(txn, values, &row, error);
    if (rc == BBOTS_OK && made != NULL) {
        *made = ledger_integer(values->of, &row, id);
    }
    return rc;
}

/* ------------------------------------------------------------------ packs */

/* How many of a pack the user bought in the calendar month of now. */
static int count_month(const usage *of, const ledger_table *bought, int64_t pack_id, int64_t *count,
                       bbots_error *error)
{
    bbots_cursor *cursor;
    bbots_row row;
    bbots_timestamp month = bbots_timestamp_truncate(of->now, BBOTS_TIME_MONTH);
    *count = 0;
    int rc = ledger_scan(of->txn, bought, BOUGHT_BY_USER, &of->user, 1, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    while ((rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        bbots_timestamp at = ledger_integer(bought, &row, BOUGHT_AT);
        *count += ledger_integer(bought, &row, BOUGHT_PACK) == pack_id &&
                  bbots_timestamp_truncate(at, BBOTS_TIME_MONTH) == month;
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int expiry_of(const usage *of, const wanted *pack, bbots_timestamp *expires,
                     bbots_error *error)
{
    bbots_value days = ledger_value(pack->of, &pack->row, PACK_DAYS);
    int64_t span;
    *expires = of->end;
    if (days.kind != BBOTS_NULL && (__builtin_mul_overflow(days.integer, DAY, &span) ||
                                    __builtin_add_overflow(of->now, span, expires))) {
        return bb_fail(error, BBOTS_DATETIME_OUT_OF_RANGE, "a pack that lasts %lld days",
                       (long long)days.integer);
    }
    return BBOTS_OK;
}

static int insert_pack(const usage *of, const ledger_table *bought, const wanted *pack,
                       bbots_timestamp expires, int64_t *purchase_id, bbots_error *error)
{
    ledger_values made;
    bbots_value count = ledger_value(pack->of, &pack->row, PACK_COUNT);
    ledger_values_begin(&made, bought);
    ledger_set(&made, BOUGHT_USER, of->user);
    ledger_set(&made, BOUGHT_PACK, ledger_value(pack->of, &pack->row, PACK_ID));
    ledger_set(&made, BOUGHT_INCLUDED, count);
    ledger_set(&made, BOUGHT_REMAINING, count);
    ledger_set_time(&made, BOUGHT_AT, of->now);
    ledger_set_time(&made, BOUGHT_EXPIRES, expires);
    ledger_set(&made, BOUGHT_PRICE, ledger_value(pack->of, &pack->row, PACK_PRICE));
    ledger_set(&made, BOUGHT_STATUS, bbots_value_string("active"));
    return insert(of->txn, &made, BOUGHT_ID, purchase_id, error);
}

int bbots_usage_buy_pack(bbots_txn *txn, int64_t user_id, int64_t pack_id, bbots_timestamp now,
                         int64_t *purchase_id, bbots_verdict *verdict, bbots_error *error)
{
    usage of;
    wanted pack;
    const ledger_table *bought;
    bbots_timestamp expires;
    int64_t count;
    int rc = ledger_begin(txn, true, &now, error);
    if (rc == BBOTS_OK) {
        rc = ledger_find(txn, &usage_bought, &bought, error);
    }
    if (rc == BBOTS_OK) {
        rc = find_offer(txn, &usage_packs, PACK_BY_ID, pack_id, PACK_ACTIVE, PACK_MIN_TIER, "pack",
                        &pack, error);
    }
    if (rc == BBOTS_OK) {
        rc = begin(txn, user_id, now, &pack, &of, verdict, error);
    }
    if (rc == BBOTS_OK) {
        rc = count_month(&of, bought, pack_id, &count, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_value most = ledger_value(pack.of, &pack.row, PACK_PER_MONTH);
    if (most.kind != BBOTS_NULL && count >= most.integer) {
        refuse(&of, BBOTS_USAGE_LIMIT_REACHED, BBOTS_ADVICE_WAIT, verdict);
        return BBOTS_REFUSED;
    }
    rc = expiry_of(&of, &pack, &expires, error);
    if (rc == BBOTS_OK) {
        rc = insert_pack(&of, bought, &pack, expires, purchase_id, error);
    }
    if (rc == BBOTS_OK) {
        rc = usage_read(txn, user_id, now, &of, error);
    }
    if (rc == BBOTS_OK) {
        usage_decide(&of, BBOTS_USAGE_ALLOWED, verdict);
    }
    return rc;
}

/* ------------------------------------------------------------------ add-ons */

/* Units of an add-on in the user's active holdings. */
static int count_units(const usage *of, const ledger_table *held, int64_t add_on_id, int64_t *units,
                       bbots_error *error)
{
    bbots_cursor *cursor;
    bbots_row row;
    *units = 0;
    int rc = ledger_scan(of->txn, held, HELD_BY_USER, &of->user, 1, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    while ((rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        if (ledger_integer(held, &row, HELD_ADD_ON) == add_on_id &&
            usage_text_is(ledger_value(held, &row, HELD_STATUS), "active") &&
            __builtin_add_overflow(*units, ledger_integer(held, &row, HELD_QUANTITY), units)) {
            rc = bb_fail(error, BBOTS_NUMERIC_OUT_OF_RANGE, "units need more than 64 bits");
            break;
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int insert_holding(const usage *of, const ledger_table *held, int64_t add_on_id,
                          int64_t quantity, int64_t *holding_id, bbots_error *error)
{
    ledger_values made;
    ledger_values_begin(&made, held);
    ledger_set(&made, HELD_USER, of->user);
    ledger_set_integer(&made, HELD_ADD_ON, add_on_id);
    ledger_set_integer(&made, HELD_QUANTITY, quantity);
    ledger_set(&made, HELD_STATUS, bbots_value_string("active"));
    ledger_set_time(&made, HELD_STARTED, of->now);
    return insert(of->txn, &made, HELD_ID, holding_id, error);
}

static void decide_agents(const usage *of, bbots_verdict *verdict)
{
    usage_decide(of, BBOTS_USAGE_ALLOWED, verdict);
    verdict->unlimited = false;
    verdict->remaining = verdict->capacity = of->agents;
}

int bbots_usage_take_add_on(bbots_txn *txn, int64_t user_id, int64_t add_on_id, int64_t quantity,
                            bbots_timestamp now, int64_t *holding_id, bbots_verdict *verdict,
                            bbots_error *error)
{
    usage of;
    wanted add_on;
    const ledger_table *held;
    int64_t units;
    int rc = ledger_begin(txn, true, &now, error);
    if (rc == BBOTS_OK) {
        rc = ledger_check_positive("the number of units", quantity, error);
    }
    if (rc == BBOTS_OK) {
        rc = ledger_find(txn, &usage_held, &held, error);
    }
    if (rc == BBOTS_OK) {
        rc = find_offer(txn, &usage_add_ons, ADD_ON_BY_ID, add_on_id, ADD_ON_ACTIVE,
                        ADD_ON_MIN_TIER, "add-on", &add_on, error);
    }
    if (rc == BBOTS_OK) {
        rc = begin(txn, user_id, now, &add_on, &of, verdict, error);
    }
    if (rc == BBOTS_OK) {
        rc = count_units(&of, held, add_on_id, &units, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_value most = ledger_value(add_on.of, &add_on.row, ADD_ON_PER_USER);
    if (most.kind != BBOTS_NULL && quantity > most.integer - units) {
        refuse(&of, BBOTS_USAGE_LIMIT_REACHED, BBOTS_ADVICE_UPGRADE, verdict);
        return BBOTS_REFUSED;
    }
    rc = insert_holding(&of, held, add_on_id, quantity, holding_id, error);
    if (rc == BBOTS_OK) {
        rc = usage_read(txn, user_id, now, &of, error);
    }
    if (rc == BBOTS_OK) {
        decide_agents(&of, verdict);
    }
    return rc;
}

int bbots_usage_cancel_add_on(bbots_txn *txn, int64_t user_id, int64_t holding_id,
                              bbots_timestamp now, bbots_error *error)
{
    const ledger_table *held;
    bbots_row row;
    ledger_values change;
    bbots_value id = bbots_value_integer(holding_id);
    int rc = ledger_begin(txn, true, &now, error);
    if (rc == BBOTS_OK) {
        rc = ledger_get(txn, &usage_held, HELD_BY_ID, &id, &held, &row, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (ledger_integer(held, &row, HELD_USER) != user_id) {
        return BBOTS_NOT_FOUND;
    }
    if (usage_text_is(ledger_value(held, &row, HELD_STATUS), "cancelled")) {
        return BBOTS_UNCHANGED;
    }
    ledger_values_begin(&change, held);
    ledger_set(&change, HELD_STATUS, bbots_value_string("cancelled"));
    ledger_set_time(&change, HELD_CANCELLED, now);
    return ledger_update(txn, &change, id, error);
}
