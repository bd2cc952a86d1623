/*
 * ledger/usage.h - what the files of usage share: the tables, and a subscription in hand.
 */
#ifndef LEDGER_USAGE_H
#define LEDGER_USAGE_H

#include "base/arena.h"
#include "ledger/ledger.h"

#include <bbots/usage.h>

/* ------------------------------------------------------------------ tables (usage_tables.c) */

enum {
    TIER_ID,
    TIER_SLUG,
    TIER_NAME,
    TIER_PRICE,
    TIER_AGENTS,
    TIER_CONCURRENT,
    TIER_LIMIT,
    TIER_FEATURES,
    TIER_STRATEGIES,
    TIER_ORDER,
    TIER_ACTIVE,
    TIER_CREATED,
    TIER_UPDATED
};
enum { TIER_BY_ID, TIER_BY_SLUG };
extern const ledger_need usage_tiers;

enum {
    SUB_ID,
    SUB_USER,
    SUB_TIER,
    SUB_STATUS,
    SUB_FREQUENCY,
    SUB_START,
    SUB_END,
    SUB_CANCEL_AT_END,
    SUB_USED,
    SUB_SPAWNED,
    SUB_SLOTS,
    SUB_ADDITIONAL,
    SUB_TRIAL_END,
    SUB_CANCELLED,
    SUB_METADATA,
    SUB_UPDATED
};
enum { SUB_BY_USER };
extern const ledger_need usage_subscriptions;

enum { PACK_ID, PACK_COUNT, PACK_DAYS, PACK_PRICE, PACK_MIN_TIER, PACK_PER_MONTH, PACK_ACTIVE };
enum { PACK_BY_ID };
extern const ledger_need usage_packs;

enum {
    BOUGHT_ID,
    BOUGHT_USER,
    BOUGHT_PACK,
    BOUGHT_INCLUDED,
    BOUGHT_REMAINING,
    BOUGHT_AT,
    BOUGHT_EXPIRES,
    BOUGHT_PRICE,
    BOUGHT_STATUS
};
enum { BOUGHT_BY_USER };
extern const ledger_need usage_bought;

enum { ADD_ON_ID, ADD_ON_AGENTS, ADD_ON_MIN_TIER, ADD_ON_PER_USER, ADD_ON_ACTIVE };
enum { ADD_ON_BY_ID };
extern const ledger_need usage_add_ons;

enum { HELD_ID, HELD_USER, HELD_ADD_ON, HELD_QUANTITY, HELD_STATUS, HELD_STARTED, HELD_CANCELLED };
enum { HELD_BY_ID, HELD_BY_USER };
extern const ledger_need usage_held;

enum {
    RECORD_USER,
    RECORD_START,
    RECORD_END,
    RECORD_TIER,
    RECORD_LIMIT,
    RECORD_AGENTS,
    RECORD_USED,
    RECORD_PEAK,
    RECORD_PURCHASED,
    RECORD_PURCHASED_USED,
    RECORD_OVERAGE,
    RECORD_CHARGED,
    RECORD_CREATED
};
extern const ledger_need usage_records;

/* ------------------------------------------------------------------ in hand (usage.c) */

/* A user's subscription with all that its rules need. Texts and JSON as those of a row. */
typedef struct usage {
    bbots_txn *txn;
    const ledger_table *of; /* user_subscriptions */
    bbots_value user;
    bbots_timestamp now;

    bbots_value id;
    int64_t tier_id;
    int64_t tier_order;
    bbots_text status;
    bbots_timestamp start;
    bbots_timestamp end;
    bbots_usage_reason reason; /* why nothing is allowed; BBOTS_USAGE_ALLOWED: it is */

    bool plan_unlimited;
    int64_t plan_limit;
    int64_t additional;
    int64_t used;
    int64_t used_of_packs;
    int64_t overage;
    int64_t peak_agents;
    int anchor_day; /* 0: the period's start and end tell it */
    bool counted;   /* metadata has counters, of this period or of an earlier one */
    int64_t spawned;

    bool packs_unlimited;
    int64_t packs;
    int64_t packs_remaining;
    int64_t agents; /* capacity */
    int64_t tier_agents;
    int64_t add_ons;

    bbots_text tier_slug;
    bbots_json features;
    bbots_json strategies;
    bbots_json metadata;
} usage;

/*
 * Reads it. Without a subscription reason says so and the rest is zero; BBOTS_OK all the same. To
 * be called behind ledger_begin().
 */
int usage_read(bbots_txn *txn, int64_t user_id, bbots_timestamp now, usage *read,
               bbots_error *error);

/* What is left of the plan and the additional executions; INT64_MAX when it has no bound. */
int64_t usage_plan_left(const usage *of);
/* Of all; INT64_MAX when it has no bound. */
int64_t usage_left(const usage *of);

/* A verdict of this reason, with the numbers of executions. */
void usage_decide(const usage *of, bbots_usage_reason reason, bbots_verdict *verdict);

/* What to advise when executions, or agents, are at their limit. */
int usage_advise_executions(const usage *of, bbots_verdict *verdict, bbots_error *error);
int usage_advise_agents(const usage *of, bbots_verdict *verdict, bbots_error *error);

/* Whether a pack counts: active and not expired at a time. */
bool usage_pack_counts(const ledger_table *of, const bbots_row *row, bbots_timestamp now);

bool usage_text_is(bbots_value value, const char *text);

/* The place of a tier in the order of plans; BBOTS_INVALID_ARGUMENT when there is no such tier. */
int usage_tier_order(bbots_txn *txn, int64_t tier_id, int64_t *order, bbots_error *error);

/* ------------------------------------------------------------------ counters (usage_counters.c) */

/* Reads the counters of a subscription's metadata; 0 for what is not there. */
void usage_read_counters(usage *of);

/* The metadata with the counters as they are now, in memory of the arena. */
int usage_write_counters(const usage *of, bb_arena *arena, bbots_value *metadata,
                         bbots_error *error);

#endif
