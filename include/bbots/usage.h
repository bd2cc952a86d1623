/*
 * bbots/usage.h - subscriptions: what a user may still do, what was done, what was bought on top.
 *
 * Tables: subscription_tiers, user_subscriptions, execution_packs, user_execution_packs,
 * agent_add_ons, user_agent_add_ons, subscription_usage_records, found by name in the schema of
 * the store. Rules:
 *
 *   executions  capacity = the tier's "monthlyExecutionLimit" + the subscription's
 *               "additionalExecutions" + what remains in packs that are active and not expired;
 *               a null among them is: any number
 *   agents      capacity = the tier's "maxAgents" + "additionalAgentSlots" + the sum over active
 *               add-ons of "additionalAgents" x quantity
 *   order       the plan's limit is used up first, then additional executions, then packs: earliest
 *               expiry first, no expiry last, then by id
 *   may work    who has a subscription that is active or trial and whose period is not over (of a
 *               trial with "trialEndsAt": nor that)
 *
 * "executionsUsedThisPeriod" counts every execution of the period. How many of them came out of
 * packs, how many were overage, and the greatest number of agents at work are kept in the member
 * "usage" of the subscription's metadata; its other members stay as they are.
 *
 * All functions run in the caller's transaction, on its thread; check and change are one, so that
 * of those who race for the last execution, in threads or processes, exactly one gets it. now is
 * the time of the question or change; 0 is the transaction's.
 *
 * Results: BBOTS_REFUSED is an answer: the rules say no, *verdict says why, and nothing was
 * changed. Errors of every function: those of bbots/table.h; BBOTS_UNKNOWN_TABLE,
 * BBOTS_UNKNOWN_COLUMN, BBOTS_WRONG_TYPE, BBOTS_UNKNOWN_INDEX when the store's schema lacks what is
 * needed; BBOTS_INVALID_ARGUMENT for a number that is not positive; BBOTS_NUMERIC_OUT_OF_RANGE for
 * a total past 64 bits or past its column.
 */
#ifndef BBOTS_USAGE_H
#define BBOTS_USAGE_H

#include <bbots/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bbots_usage_reason {
    BBOTS_USAGE_ALLOWED = 0,
    BBOTS_USAGE_NO_SUBSCRIPTION,
    BBOTS_USAGE_NOT_ACTIVE,    /* the status is neither active nor trial */
    BBOTS_USAGE_PERIOD_OVER,   /* and was not renewed; or the trial is over */
    BBOTS_USAGE_LIMIT_REACHED, /* of executions, agents, purchases a month, units a user */
    BBOTS_USAGE_PLAN_TOO_LOW,  /* for the strategy, feature, pack or add-on */
    BBOTS_USAGE_NOT_SOLD       /* the pack or add-on is no longer on offer */
} bbots_usage_reason;

typedef enum bbots_usage_advice {
    BBOTS_ADVICE_NONE = 0,
    BBOTS_ADVICE_UPGRADE,     /* take a plan, or the one that the verdict names */
    BBOTS_ADVICE_BUY_PACK,    /* there is one that this plan may buy */
    BBOTS_ADVICE_TAKE_ADD_ON, /* the same for agents */
    BBOTS_ADVICE_WAIT         /* for the next period, or until the payment is settled */
} bbots_usage_advice;

/* "limit reached", "buy a pack": for people. */
BBOTS_API const char *bbots_usage_reason_text(bbots_usage_reason reason);
BBOTS_API const char *bbots_usage_advice_text(bbots_usage_advice advice);

typedef struct bbots_verdict {
    bool allowed;
    bool unlimited; /* remaining and capacity have no bound and are INT64_MAX */
    bbots_usage_reason reason;
    bbots_usage_advice advice;
    int64_t remaining; /* executions or agents, after what was just consumed */
    int64_t capacity;
    int64_t tier_id;       /* the lowest plan on offer that would do, 0 for none */
    bbots_timestamp until; /* end of the period, 0 without a subscription */
} bbots_verdict;

/* ------------------------------------------------------------------ questions */

typedef struct bbots_usage_status {
    int64_t subscription_id;
    int64_t tier_id;
    bbots_text tier; /* its slug; valid as a row's texts are */
    bbots_text status;
    bbots_timestamp period_start;
    bbots_timestamp period_end;
    bool usable;      /* may work, see above */
    bool unlimited;   /* capacity and remaining are INT64_MAX */
    int64_t capacity; /* of executions */
    int64_t remaining;
    int64_t used; /* in this period: plan, additional, packs, overage */
    int64_t used_of_packs;
    int64_t overage;
    int64_t percent_hundredths; /* used / (used + remaining), 84.00 % is 8400; half away from
                                       zero; 0 when unlimited */
    int64_t plan_limit;         /* -1: any number */
    int64_t additional;
    int64_t packs;           /* active and not expired */
    int64_t packs_remaining; /* in them; -1: any number */
    int64_t agents;          /* capacity */
    int64_t agents_spawned;  /* in this period */
    int64_t add_ons;         /* active holdings */
    bbots_json features;     /* of the tier */
    bbots_json strategies;
} bbots_usage_status;

/* Returns BBOTS_OK or BBOTS_NOT_FOUND: the user has no subscription. */
BBOTS_API BBOTS_CHECKED int bbots_usage_get(bbots_txn *txn, int64_t user_id, bbots_timestamp now,
                                            bbots_usage_status *status, bbots_error *error);

/* May the user run so many executions? BBOTS_OK or BBOTS_REFUSED. */
BBOTS_API BBOTS_CHECKED int bbots_usage_may_execute(bbots_txn *txn, int64_t user_id,
                                                    int64_t executions, bbots_timestamp now,
                                                    bbots_verdict *verdict, bbots_error *error);

/* May the user start so many agents beside those that are running? */
BBOTS_API BBOTS_CHECKED int bbots_usage_may_spawn(bbots_txn *txn, int64_t user_id, int64_t agents,
                                                  int64_t running, bbots_timestamp now,
                                                  bbots_verdict *verdict, bbots_error *error);

/* Is the strategy one of the plan's "allowedStrategies"? */
BBOTS_API BBOTS_CHECKED int bbots_usage_may_use_strategy(bbots_txn *txn, int64_t user_id,
                                                         bbots_text strategy, bbots_timestamp now,
                                                         bbots_verdict *verdict,
                                                         bbots_error *error);

/* Is the switch true in the plan's features? */
BBOTS_API BBOTS_CHECKED int bbots_usage_has_feature(bbots_txn *txn, int64_t user_id,
                                                    bbots_text feature, bbots_timestamp now,
                                                    bbots_verdict *verdict, bbots_error *error);

/* ------------------------------------------------------------------ using */

typedef enum bbots_usage_flag {
    BBOTS_USAGE_OVERAGE = 1 /* what is past the capacity is counted as overage, not refused */
} bbots_usage_flag;

/* Consumes executions, all of them or none. A pack that is used up becomes depleted. */
BBOTS_API BBOTS_CHECKED int bbots_usage_consume(bbots_txn *txn, int64_t user_id, int64_t executions,
                                                uint32_t flags, bbots_timestamp now,
                                                bbots_verdict *verdict, bbots_error *error);

/* Counts agents that are started beside those that are running, when they may be. */
BBOTS_API BBOTS_CHECKED int bbots_usage_spawn(bbots_txn *txn, int64_t user_id, int64_t agents,
                                              int64_t running, bbots_timestamp now,
                                              bbots_verdict *verdict, bbots_error *error);

/* ------------------------------------------------------------------ buying */

/*
 * Buys a pack: *purchase_id is the new row of user_execution_packs. Refused when it is not sold,
 * the plan is below "minTierId" (plans are ordered by "sortOrder"), or "maxPerMonth" were bought
 * in the calendar month of now (UTC). It expires after "validForDays", otherwise at the end of the
 * period. Errors: BBOTS_INVALID_ARGUMENT when there is no such pack.
 */
BBOTS_API BBOTS_CHECKED int bbots_usage_buy_pack(bbots_txn *txn, int64_t user_id, int64_t pack_id,
                                                 bbots_timestamp now, int64_t *purchase_id,
                                                 bbots_verdict *verdict, bbots_error *error);

/* Takes units of an add-on, the same way; "maxPerUser" counts units in active holdings. */
BBOTS_API BBOTS_CHECKED int bbots_usage_take_add_on(bbots_txn *txn, int64_t user_id,
                                                    int64_t add_on_id, int64_t quantity,
                                                    bbots_timestamp now, int64_t *holding_id,
                                                    bbots_verdict *verdict, bbots_error *error);

/*
 * Gives up a holding, a row of user_agent_add_ons. Returns BBOTS_OK, BBOTS_UNCHANGED (it was
 * cancelled before) or BBOTS_NOT_FOUND (the user has no such holding).
 */
BBOTS_API BBOTS_CHECKED int bbots_usage_cancel_add_on(bbots_txn *txn, int64_t user_id,
                                                      int64_t holding_id, bbots_timestamp now,
                                                      bbots_error *error);

/* ------------------------------------------------------------------ periods */

typedef struct bbots_renewal {
    uint64_t periods; /* that were archived */
    uint64_t expired_packs;
    bool cancelled;        /* the plan ended with its period ("cancelAtPeriodEnd") */
    bbots_timestamp start; /* of the period that runs now */
    bbots_timestamp end;
} bbots_renewal;

/*
 * Closes every period that is over at now: a row of subscription_usage_records for each, counters
 * and additional executions back to 0, packs that have expired marked so. The next period is as
 * long as "paymentFrequency" says: 7 days, 1, 6 or 12 months; a month that began on the 31st ends
 * on the last day of a shorter one, and the 31st is kept for the next. overage_cents is the price
 * of one execution of overage.
 *
 * The record: "executionLimit" the plan's, or 0 for any number (the column cannot be null; then
 * "executionsUsed" may be more, and nothing was overage), "agentLimit" the capacity of agents,
 * "additionalExecutionsPurchased" the additional ones and those in packs bought within the period,
 * "additionalExecutionsUsed" what was used of additional ones and of packs, also of earlier ones.
 *
 * Returns BBOTS_OK, BBOTS_UNCHANGED (the period is not over), BBOTS_NOT_FOUND (no subscription), or
 * BBOTS_REFUSED: the status is neither active nor trial. Errors: BBOTS_INVALID_ARGUMENT (a period
 * that ends before it begins, a frequency that is not known, more than 10,000 periods at once).
 */
BBOTS_API BBOTS_CHECKED int bbots_usage_renew(bbots_txn *txn, int64_t user_id,
                                              int64_t overage_cents, bbots_timestamp now,
                                              bbots_renewal *renewal, bbots_error *error);

/* ------------------------------------------------------------------ plans */

/*
 * Makes sure that the four default plans are there, by their slugs: starter, growth, professional,
 * enterprise. One that is there stays as it is. *made (may be NULL) is how many were not.
 */
BBOTS_API BBOTS_CHECKED int bbots_usage_seed_tiers(bbots_txn *txn, bbots_timestamp now,
                                                   unsigned *made, bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
