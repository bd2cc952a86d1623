/*
 * ledger/usage.c - a user's subscription with what its rules need, and the questions about it.
 *
 * One read gathers it: the subscription, its tier, the user's packs and add-ons; a handful of
 * rows, each by an index. The questions and the changes all decide from that.
 */
#include "ledger/usage.h"

#include <bbots/json.h>

/* ------------------------------------------------------------------ small things */

bool usage_text_is(bbots_value value, const char *text)
{
    return value.kind == BBOTS_TEXT && value.size == strlen(text) &&
           memcmp(value.data, text, value.size) == 0;
}

static bbots_json json_of(bbots_value value)
{
    return (bbots_json){value.kind == BBOTS_JSON ? value.data : NULL, value.size,
                        BBOTS_JSON_PACKED};
}

/* Adds what is not null; a sum past 64 bits is out of range. */
static int add(int64_t *sum, int64_t number, bbots_error *error)
{
    return __builtin_add_overflow(*sum, number, sum)
               ? bb_fail(error, BBOTS_NUMERIC_OUT_OF_RANGE, "a capacity needs more than 64 bits")
               : BBOTS_OK;
}

bool usage_pack_counts(const ledger_table *of, const bbots_row *row, bbots_timestamp now)
{
    bbots_value expires = ledger_value(of, row, BOUGHT_EXPIRES);
    return usage_text_is(ledger_value(of, row, BOUGHT_STATUS), "active") &&
           (expires.kind == BBOTS_NULL || expires.integer > now);
}

/* ------------------------------------------------------------------ reading */

static int read_packs(usage *of, bbots_error *error)
{
    const ledger_table *bought;
    bbots_cursor *cursor;
    bbots_row row;
    int rc =
        ledger_open(of->txn, &usage_bought, BOUGHT_BY_USER, &of->user, 1, &bought, &cursor, error);
    while (rc == BBOTS_OK && (rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        if (!usage_pack_counts(bought, &row, of->now)) {
            continue;
        }
        bbots_value remaining = ledger_value(bought, &row, BOUGHT_REMAINING);
        of->packs++;
        of->packs_unlimited |= remaining.kind == BBOTS_NULL;
        rc = add(&of->packs_remaining, remaining.kind != BBOTS_NULL ? remaining.integer : 0, error);
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* The agents that one unit of an add-on adds. */
static int agents_of_add_on(bbots_txn *txn, bbots_value add_on, int64_t *agents, bbots_error *error)
{
    const ledger_table *of;
    bbots_row row;
    int rc = ledger_get(txn, &usage_add_ons, ADD_ON_BY_ID, &add_on, &of, &row, error);
    *agents = rc == BBOTS_OK ? ledger_integer(of, &row, ADD_ON_AGENTS) : 0;
    return rc == BBOTS_NOT_FOUND ? BBOTS_OK : rc;
}

static int read_add_ons(usage *of, bbots_error *error)
{
    const ledger_table *held;
    bbots_cursor *cursor;
    bbots_row row;
    int rc = ledger_open(of->txn, &usage_held, HELD_BY_USER, &of->user, 1, &held, &cursor, error);
    while (rc == BBOTS_OK && (rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        int64_t agents;
        int64_t product;
        if (!usage_text_is(ledger_value(held, &row, HELD_STATUS), "active")) {
            continue;
        }
        of->add_ons++;
        rc = agents_of_add_on(of->txn, ledger_value(held, &row, HELD_ADD_ON), &agents, error);
        if (rc == BBOTS_OK &&
            __builtin_mul_overflow(agents, ledger_integer(held, &row, HELD_QUANTITY), &product)) {
            product = INT64_MAX; /* the sum is out of range then */
        }
        if (rc == BBOTS_OK) {
            rc = add(&of->agents, product, error);
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int read_tier(usage *of, bbots_error *error)
{
    const ledger_table *tiers;
    bbots_row row;
    bbots_value id = bbots_value_integer(of->tier_id);
    int rc = ledger_get(of->txn, &usage_tiers, TIER_BY_ID, &id, &tiers, &row, error);
    if (rc != BBOTS_OK) {
        return rc == BBOTS_NOT_FOUND ? bb_fail(error, BBOTS_CORRUPTED,
                                               "a subscription has plan %lld, which is not there",
                                               (long long)of->tier_id)
                                     : rc;
    }
    bbots_value limit = ledger_value(tiers, &row, TIER_LIMIT);
    bbots_value slug = ledger_value(tiers, &row, TIER_SLUG);
    of->plan_unlimited = limit.kind == BBOTS_NULL;
    of->plan_limit = of->plan_unlimited ? 0 : limit.integer;
    of->tier_agents = ledger_integer(tiers, &row, TIER_AGENTS);
    of->tier_order = ledger_integer(tiers, &row, TIER_ORDER);
    of->tier_slug = (bbots_text){slug.data, slug.size};
    of->features = json_of(ledger_value(tiers, &row, TIER_FEATURES));
    of->strategies = json_of(ledger_value(tiers, &row, TIER_STRATEGIES));
    return add(&of->agents, of->tier_agents, error);
}

/* Why nothing is allowed at this time. */
static bbots_usage_reason judge(const usage *of, const bbots_row *row)
{
    bbots_value status = ledger_value(of->of, row, SUB_STATUS);
    bbots_value trial_end = ledger_value(of->of, row, SUB_TRIAL_END);
    bool trial = usage_text_is(status, "trial");
    if (!trial && !usage_text_is(status, "active")) {
        return BBOTS_USAGE_NOT_ACTIVE;
    }
    bool trial_over = trial && trial_end.kind != BBOTS_NULL && trial_end.integer <= of->now;
    return of->now >= of->end || trial_over ? BBOTS_USAGE_PERIOD_OVER : BBOTS_USAGE_ALLOWED;
}

static void read_subscription(usage *of, const bbots_row *row)
{
    bbots_value status = ledger_value(of->of, row, SUB_STATUS);
    of->id = ledger_value(of->of, row, SUB_ID);
    of->tier_id = ledger_integer(of->of, row, SUB_TIER);
    of->status = (bbots_text){status.data, status.size};
    of->start = ledger_integer(of->of, row, SUB_START);
    of->end = ledger_integer(of->of, row, SUB_END);
    of->additional = ledger_integer(of->of, row, SUB_ADDITIONAL);
    of->used = ledger_integer(of->of, row, SUB_USED);
    of->spawned = ledger_integer(of->of, row, SUB_SPAWNED);
    of->agents = ledger_integer(of->of, row, SUB_SLOTS);
    of->metadata = json_of(ledger_value(of->of, row, SUB_METADATA));
    usage_read_counters(of);
    of->reason = judge(of, row);
}

/* What the functions below add up fits, so that they need not look. */
static int check_totals(const usage *of, bbots_error *error)
{
    int64_t capacity = of->plan_limit;
    int64_t elsewhere = of->used_of_packs;
    int rc = add(&capacity, of->additional, error);
    if (rc == BBOTS_OK) {
        rc = add(&capacity, of->packs_remaining, error);
    }
    return rc == BBOTS_OK ? add(&elsewhere, of->overage, error) : rc;
}

int usage_read(bbots_txn *txn, int64_t user_id, bbots_timestamp now, usage *read,
               bbots_error *error)
{
    bbots_row row;
    memset(read, 0, sizeof *read);
    read->txn = txn;
    read->user = bbots_value_integer(user_id);
    read->now = now;
    read->reason = BBOTS_USAGE_NO_SUBSCRIPTION;
    int rc =
        ledger_get(txn, &usage_subscriptions, SUB_BY_USER, &read->user, &read->of, &row, error);
    if (rc != BBOTS_OK) {
        return rc == BBOTS_NOT_FOUND ? BBOTS_OK : rc;
    }
    read_subscription(read, &row);
    rc = read_tier(read, error);
    if (rc == BBOTS_OK) {
        rc = read_packs(read, error);
    }
    if (rc == BBOTS_OK) {
        rc = read_add_ons(read, error);
    }
    return rc == BBOTS_OK ? check_totals(read, error) : rc;
}

/* ------------------------------------------------------------------ what is left */

int64_t usage_plan_left(const usage *of)
{
    if (of->plan_unlimited) {
        return INT64_MAX;
    }
    int64_t elsewhere = of->used_of_packs + of->overage;
    int64_t of_plan = of->used > elsewhere ? of->used - elsewhere : 0;
    int64_t granted = of->plan_limit + of->additional;
    return granted > of_plan ? granted - of_plan : 0;
}

int64_t usage_left(const usage *of)
{
    int64_t left = usage_plan_left(of);
    return of->packs_unlimited || left > INT64_MAX - of->packs_remaining
               ? INT64_MAX
               : left + of->packs_remaining;
}

static bool is_unlimited(const usage *of)
{
    return of->plan_unlimited || of->packs_unlimited;
}

static int64_t capacity_of(const usage *of)
{
    return is_unlimited(of) ? INT64_MAX : of->plan_limit + of->additional + of->packs_remaining;
}

void usage_decide(const usage *of, bbots_usage_reason reason, bbots_verdict *verdict)
{
    *verdict = (bbots_verdict){.allowed = reason == BBOTS_USAGE_ALLOWED,
                               .unlimited = is_unlimited(of),
                               .reason = reason,
                               .remaining = usage_left(of),
                               .capacity = capacity_of(of),
                               .until = of->end};
    bool cancelled = usage_text_is(bbots_value_text(of->status), "cancelled");
    switch (reason) {
    case BBOTS_USAGE_NO_SUBSCRIPTION:
        verdict->advice = BBOTS_ADVICE_UPGRADE;
        break;
    case BBOTS_USAGE_NOT_ACTIVE:
        verdict->advice = cancelled ? BBOTS_ADVICE_UPGRADE : BBOTS_ADVICE_WAIT;
        break;
    case BBOTS_USAGE_PERIOD_OVER:
        verdict->advice = BBOTS_ADVICE_WAIT;
        break;
    default:
        verdict->advice = BBOTS_ADVICE_NONE;
        break;
    }
}

/* ------------------------------------------------------------------ status */

/* used / (used + left) in hundredths of a percent, half away from zero. */
static int64_t percent_of(const usage *of, int64_t left)
{
    __extension__ typedef __int128 wide;
    wide whole = (wide)of->used + left;
    return whole <= 0 ? 0 : (int64_t)(((wide)of->used * 20000 + whole) / (whole * 2));
}

int bbots_usage_get(bbots_txn *txn, int64_t user_id, bbots_timestamp now,
                    bbots_usage_status *status, bbots_error *error)
{
    usage of;
    int rc = ledger_begin(txn, false, &now, error);
    if (rc == BBOTS_OK) {
        rc = usage_read(txn, user_id, now, &of, error);
    }
    if (rc != BBOTS_OK || of.reason == BBOTS_USAGE_NO_SUBSCRIPTION) {
        return rc == BBOTS_OK ? BBOTS_NOT_FOUND : rc;
    }
    *status = (bbots_usage_status){
        .subscription_id = of.id.integer,
        .tier_id = of.tier_id,
        .tier = of.tier_slug,
        .status = of.status,
        .period_start = of.start,
        .period_end = of.end,
        .usable = of.reason == BBOTS_USAGE_ALLOWED,
        .unlimited = is_unlimited(&of),
        .capacity = capacity_of(&of),
        .remaining = usage_left(&of),
        .used = of.used,
        .used_of_packs = of.used_of_packs,
        .overage = of.overage,
        .percent_hundredths = is_unlimited(&of) ? 0 : percent_of(&of, usage_left(&of)),
        .plan_limit = of.plan_unlimited ? -1 : of.plan_limit,
        .additional = of.additional,
        .packs = of.packs,
        .packs_remaining = of.packs_unlimited ? -1 : of.packs_remaining,
        .agents = of.agents,
        .agents_spawned = of.spawned,
        .add_ons = of.add_ons,
        .features = of.features,
        .strategies = of.strategies,
    };
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ questions */

static int answer(const bbots_verdict *verdict)
{
    return verdict->allowed ? BBOTS_OK : BBOTS_REFUSED;
}

/* Reads the subscription and decides what holds for every question. */
static int ask(bbots_txn *txn, int64_t user_id, bbots_timestamp now, usage *of,
               bbots_verdict *verdict, bbots_error *error)
{
    int rc = ledger_begin(txn, false, &now, error);
    if (rc == BBOTS_OK) {
        rc = usage_read(txn, user_id, now, of, error);
    }
    if (rc == BBOTS_OK) {
        usage_decide(of, of->reason, verdict);
        rc = answer(verdict);
    }
    return rc;
}

int bbots_usage_may_execute(bbots_txn *txn, int64_t user_id, int64_t executions,
                            bbots_timestamp now, bbots_verdict *verdict, bbots_error *error)
{
    usage of;
    bb_error_clear(error);
    int rc = ledger_check_positive("the number of executions", executions, error);
    if (rc == BBOTS_OK) {
        rc = ask(txn, user_id, now, &of, verdict, error);
    }
    if (rc == BBOTS_OK && executions > usage_left(&of)) {
        rc = usage_advise_executions(&of, verdict, error);
        rc = rc == BBOTS_OK ? BBOTS_REFUSED : rc;
    }
    return rc;
}

int bbots_usage_may_spawn(bbots_txn *txn, int64_t user_id, int64_t agents, int64_t running,
                          bbots_timestamp now, bbots_verdict *verdict, bbots_error *error)
{
    usage of;
    bb_error_clear(error);
    int rc = ledger_check_positive("the number of agents", agents, error);
    if (rc == BBOTS_OK && running < 0) {
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT, "there cannot be %lld running agents",
                     (long long)running);
    }
    if (rc == BBOTS_OK) {
        rc = ask(txn, user_id, now, &of, verdict, error);
    }
    if (rc < 0) {
        return rc;
    }
    verdict->unlimited = false;
    verdict->capacity = of.agents;
    verdict->remaining = of.agents > running ? of.agents - running : 0;
    if (rc == BBOTS_OK && agents > verdict->remaining) {
        rc = usage_advise_agents(&of, verdict, error);
        rc = rc == BBOTS_OK ? BBOTS_REFUSED : rc;
    }
    return rc;
}

/* ------------------------------------------------------------------ strategies and features */

static bool has_strategy(bbots_json strategies, bbots_text wanted)
{
    bbots_json one;
    bbots_text text;
    size_t position = 0;
    while (strategies.data != NULL && bbots_json_type_of(strategies) == BBOTS_JSON_ARRAY &&
           bbots_json_next(strategies, &position, NULL, &one) == BBOTS_OK) {
        if (bbots_json_string(one, &text) == BBOTS_OK && text.size == wanted.size &&
            memcmp(text.data, wanted.data, text.size) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_feature(bbots_json features, bbots_text wanted)
{
    bbots_json found;
    bool on = false;
    return features.data != NULL && bbots_json_member(features, wanted, &found) == BBOTS_OK &&
           bbots_json_boolean(found, &on) == BBOTS_OK && on;
}

typedef struct ability {
    bool (*has)(bbots_json of, bbots_text wanted);
    unsigned column; /* of a tier */
    const char *what;
} ability;

static const ability strategy_ability = {has_strategy, TIER_STRATEGIES, "strategy"};
static const ability feature_ability = {has_feature, TIER_FEATURES, "feature"};

/* The lowest plan on offer that has an ability; 0 when none has. */
static int lowest_tier_with(bbots_txn *txn, const ability *of, bbots_text wanted, int64_t *tier_id,
                            bbots_error *error)
{
    const ledger_table *tiers;
    bbots_cursor *cursor;
    bbots_row row;
    int64_t best = INT64_MAX;
    *tier_id = 0;
    int rc = ledger_open(txn, &usage_tiers, TIER_BY_ID, NULL, 0, &tiers, &cursor, error);
    while (rc == BBOTS_OK && (rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        int64_t order = ledger_integer(tiers, &row, TIER_ORDER);
        if (ledger_value(tiers, &row, TIER_ACTIVE).boolean && order < best &&
            of->has(json_of(ledger_value(tiers, &row, of->column)), wanted)) {
            best = order;
            *tier_id = ledger_integer(tiers, &row, TIER_ID);
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int may_use(bbots_txn *txn, int64_t user_id, const ability *wanted, bbots_text name,
                   bbots_timestamp now, bbots_verdict *verdict, bbots_error *error)
{
    usage of;
    bb_error_clear(error);
    if (name.data == NULL || name.size == 0) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "the name of the %s is missing",
                       wanted->what);
    }
    int rc = ask(txn, user_id, now, &of, verdict, error);
    if (rc != BBOTS_OK ||
        wanted->has(wanted->column == TIER_FEATURES ? of.features : of.strategies, name)) {
        return rc;
    }
    usage_decide(&of, BBOTS_USAGE_PLAN_TOO_LOW, verdict);
    rc = lowest_tier_with(txn, wanted, name, &verdict->tier_id, error);
    verdict->advice = verdict->tier_id != 0 ? BBOTS_ADVICE_UPGRADE : BBOTS_ADVICE_NONE;
    return rc == BBOTS_OK ? BBOTS_REFUSED : rc;
}

int bbots_usage_may_use_strategy(bbots_txn *txn, int64_t user_id, bbots_text strategy,
                                 bbots_timestamp now, bbots_verdict *verdict, bbots_error *error)
{
    return may_use(txn, user_id, &strategy_ability, strategy, now, verdict, error);
}

int bbots_usage_has_feature(bbots_txn *txn, int64_t user_id, bbots_text feature,
                            bbots_timestamp now, bbots_verdict *verdict, bbots_error *error)
{
    return may_use(txn, user_id, &feature_ability, feature, now, verdict, error);
}

/* ------------------------------------------------------------------ for people */

const char *bbots_usage_reason_text(bbots_usage_reason reason)
{
    static const char *const texts[] = {
        [BBOTS_USAGE_ALLOWED] = "allowed",
        [BBOTS_USAGE_NO_SUBSCRIPTION] = "no subscription",
        [BBOTS_USAGE_NOT_ACTIVE] = "the subscription is not active",
        [BBOTS_USAGE_PERIOD_OVER] = "the period is over",
        [BBOTS_USAGE_LIMIT_REACHED] = "the limit is reached",
        [BBOTS_USAGE_PLAN_TOO_LOW] = "the plan is too low",
        [BBOTS_USAGE_NOT_SOLD] = "no longer on offer",
    };
    return (unsigned)reason < sizeof texts / sizeof *texts ? texts[reason] : "unknown";
}

const char *bbots_usage_advice_text(bbots_usage_advice advice)
{
    static const char *const texts[] = {
        [BBOTS_ADVICE_NONE] = "",
        [BBOTS_ADVICE_UPGRADE] = "upgrade",
        [BBOTS_ADVICE_BUY_PACK] = "buy a pack",
        [BBOTS_ADVICE_TAKE_ADD_ON] = "take an add-on",
        [BBOTS_ADVICE_WAIT] = "wait",
    };
    return (unsigned)advice < sizeof texts / sizeof *texts ? texts[advice] : "";
}
