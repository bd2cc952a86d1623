/* ledger/usage_tables.c - what usage needs of its tables. */
#include "ledger/usage.h"

#define NEED(slot, table, columns, keys)                                                           \
    {                                                                                              \
        slot, table, columns, keys, sizeof columns / sizeof *columns, sizeof keys / sizeof *keys   \
    }

static const ledger_column tier_columns[] = {
    [TIER_ID] = {"id", LEDGER_INTEGER},
    [TIER_SLUG] = {"slug", LEDGER_TEXT},
    [TIER_NAME] = {"name", LEDGER_TEXT},
    [TIER_PRICE] = {"monthlyPriceCents", LEDGER_INTEGER},
    [TIER_AGENTS] = {"maxAgents", LEDGER_INTEGER},
    [TIER_CONCURRENT] = {"maxConcurrentAgents", LEDGER_INTEGER},
    [TIER_LIMIT] = {"monthlyExecutionLimit", LEDGER_INTEGER},
    [TIER_FEATURES] = {"features", LEDGER_JSON},
    [TIER_STRATEGIES] = {"allowedStrategies", LEDGER_JSON},
    [TIER_ORDER] = {"sortOrder", LEDGER_INTEGER},
    [TIER_ACTIVE] = {"isActive", LEDGER_BOOLEAN},
    [TIER_CREATED] = {"createdAt", LEDGER_TIME},
    [TIER_UPDATED] = {"updatedAt", LEDGER_TIME},
};
static const ledger_key tier_keys[] = {
    [TIER_BY_ID] = {true, 1, {TIER_ID}},
    [TIER_BY_SLUG] = {true, 1, {TIER_SLUG}},
};
const ledger_need usage_tiers = NEED(LEDGER_TIERS, "subscription_tiers", tier_columns, tier_keys);

static const ledger_column subscription_columns[] = {
    [SUB_ID] = {"id", LEDGER_INTEGER},
    [SUB_USER] = {"userId", LEDGER_INTEGER},
    [SUB_TIER] = {"tierId", LEDGER_INTEGER},
    [SUB_STATUS] = {"status", LEDGER_TEXT},
    [SUB_FREQUENCY] = {"paymentFrequency", LEDGER_TEXT},
    [SUB_START] = {"currentPeriodStart", LEDGER_TIME},
    [SUB_END] = {"currentPeriodEnd", LEDGER_TIME},
    [SUB_CANCEL_AT_END] = {"cancelAtPeriodEnd", LEDGER_BOOLEAN},
    [SUB_USED] = {"executionsUsedThisPeriod", LEDGER_INTEGER},
    [SUB_SPAWNED] = {"agentsSpawnedThisPeriod", LEDGER_INTEGER},
    [SUB_SLOTS] = {"additionalAgentSlots", LEDGER_INTEGER},
    [SUB_ADDITIONAL] = {"additionalExecutions", LEDGER_INTEGER},
    [SUB_TRIAL_END] = {"trialEndsAt", LEDGER_TIME},
    [SUB_CANCELLED] = {"cancelledAt", LEDGER_TIME},
    [SUB_METADATA] = {"metadata", LEDGER_JSON},
    [SUB_UPDATED] = {"updatedAt", LEDGER_TIME},
};
static const ledger_key subscription_keys[] = {[SUB_BY_USER] = {true, 1, {SUB_USER}}};
const ledger_need usage_subscriptions =
    NEED(LEDGER_SUBSCRIPTIONS, "user_subscriptions", subscription_columns, subscription_keys);

static const ledger_column pack_columns[] = {
    [PACK_ID] = {"id", LEDGER_INTEGER},
    [PACK_COUNT] = {"executionCount", LEDGER_INTEGER},
    [PACK_DAYS] = {"validForDays", LEDGER_INTEGER},
    [PACK_PRICE] = {"priceCents", LEDGER_INTEGER},
    [PACK_MIN_TIER] = {"minTierId", LEDGER_INTEGER},
    [PACK_PER_MONTH] = {"maxPerMonth", LEDGER_INTEGER},
    [PACK_ACTIVE] = {"isActive", LEDGER_BOOLEAN},
};
static const ledger_key pack_keys[] = {[PACK_BY_ID] = {true, 1, {PACK_ID}}};
const ledger_need usage_packs = NEED(LEDGER_PACKS, "execution_packs", pack_columns, pack_keys);

static const ledger_column bought_columns[] = {
    [BOUGHT_ID] = {"id", LEDGER_INTEGER},
    [BOUGHT_USER] = {"userId", LEDGER_INTEGER},
    [BOUGHT_PACK] = {"packId", LEDGER_INTEGER},
    [BOUGHT_INCLUDED] = {"executionsIncluded", LEDGER_INTEGER},
    [BOUGHT_REMAINING] = {"executionsRemaining", LEDGER_INTEGER},
    [BOUGHT_AT] = {"purchasedAt", LEDGER_TIME},
    [BOUGHT_EXPIRES] = {"expiresAt", LEDGER_TIME},
    [BOUGHT_PRICE] = {"pricePaidCents", LEDGER_INTEGER},
    [BOUGHT_STATUS] = {"status", LEDGER_TEXT},
};
static const ledger_key bought_keys[] = {[BOUGHT_BY_USER] = {false, 1, {BOUGHT_USER}}};
const ledger_need usage_bought =
    NEED(LEDGER_BOUGHT_PACKS, "user_execution_packs", bought_columns, bought_keys);

static const ledger_column add_on_columns[] = {
    [ADD_ON_ID] = {"id", LEDGER_INTEGER},
    [ADD_ON_AGENTS] = {"additionalAgents", LEDGER_INTEGER},
    [ADD_ON_MIN_TIER] = {"minTierId", LEDGER_INTEGER},
    [ADD_ON_PER_USER] = {"maxPerUser", LEDGER_INTEGER},
    [ADD_ON_ACTIVE] = {"isActive", LEDGER_BOOLEAN},
};
static const ledger_key add_on_keys[] = {[ADD_ON_BY_ID] = {true, 1, {ADD_ON_ID}}};
const ledger_need usage_add_ons =
    NEED(LEDGER_ADD_ONS, "agent_add_ons", add_on_columns, add_on_keys);

static const ledger_column held_columns[] = {
    [HELD_ID] = {"id", LEDGER_INTEGER},
    [HELD_USER] = {"userId", LEDGER_INTEGER},
    [HELD_ADD_ON] = {"addOnId", LEDGER_INTEGER},
    [HELD_QUANTITY] = {"quantity", LEDGER_INTEGER},
    [HELD_STATUS] = {"status", LEDGER_TEXT},
    [HELD_STARTED] = {"startedAt", LEDGER_TIME},
    [HELD_CANCELLED] = {"cancelledAt", LEDGER_TIME},
};
static const ledger_key held_keys[] = {
    [HELD_BY_ID] = {true, 1, {HELD_ID}},
    [HELD_BY_USER] = {false, 1, {HELD_USER}},
};
const ledger_need usage_held =
    NEED(LEDGER_HELD_ADD_ONS, "user_agent_add_ons", held_columns, held_keys);

static const ledger_column record_columns[] = {
    [RECORD_USER] = {"userId", LEDGER_INTEGER},
    [RECORD_START] = {"periodStart", LEDGER_TIME},
    [RECORD_END] = {"periodEnd", LEDGER_TIME},
    [RECORD_TIER] = {"tierId", LEDGER_INTEGER},
    [RECORD_LIMIT] = {"executionLimit", LEDGER_INTEGER},
    [RECORD_AGENTS] = {"agentLimit", LEDGER_INTEGER},
    [RECORD_USED] = {"executionsUsed", LEDGER_INTEGER},
    [RECORD_PEAK] = {"peakConcurrentAgents", LEDGER_INTEGER},
    [RECORD_PURCHASED] = {"additionalExecutionsPurchased", LEDGER_INTEGER},
    [RECORD_PURCHASED_USED] = {"additionalExecutionsUsed", LEDGER_INTEGER},
    [RECORD_OVERAGE] = {"overageExecutions", LEDGER_INTEGER},
    [RECORD_CHARGED] = {"overageChargedCents", LEDGER_INTEGER},
    [RECORD_CREATED] = {"createdAt", LEDGER_TIME},
};
static const ledger_key record_keys[] = {{false, 1, {RECORD_USER}}};
const ledger_need usage_records =
    NEED(LEDGER_USAGE_RECORDS, "subscription_usage_records", record_columns, record_keys);
