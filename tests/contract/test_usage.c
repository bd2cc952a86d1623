/*
 * tests/contract/test_usage.c - proves bbots/usage.h rule by rule, with exact numbers, and that of
 * two who want the last execution one gets it.
 *
 * The plans are a (limit 10, 2 agents), b (20, 5) and c (null limits are not in the schema, so a
 * pack of any number stands for them). BBOTS_ROUNDS sets the rounds of a race.
 */
#include "support/race.h"

#include <bbots/platform.h>
#include <bbots/usage.h>

#define TIERS   (&bbots_subscription_tiers_table)
#define SUBS    (&bbots_user_subscriptions_table)
#define PACKS   (&bbots_execution_packs_table)
#define BOUGHT  (&bbots_user_execution_packs_table)
#define ADD_ONS (&bbots_agent_add_ons_table)
#define HELD    (&bbots_user_agent_add_ons_table)
#define RECORDS (&bbots_subscription_usage_records_table)

#define NOW time_of("2026-01-15T12:00:00")

static bbots_value time_value(const char *text)
{
    return text != NULL ? bbots_value_timestamp(time_of(text)) : null_value();
}

static void add_tier(bbots_txn *txn, const char *slug, int64_t limit, int64_t agents, int64_t order,
                     const char *strategies, const char *features)
{
    assert_ok(insert_named(txn, TIERS, "slug", string(slug), "name", string(slug),
                           "monthlyPriceCents", integer(100), "maxAgents", integer(agents),
                           "maxConcurrentAgents", integer(agents), "monthlyExecutionLimit",
                           integer(limit), "sortOrder", integer(order), "allowedStrategies",
                           bbots_value_json(bbots_json_of(strategies)), "features",
                           bbots_value_json(bbots_json_of(features))));
}

/* User 1 is on plan a in January 2026, user 2 has nothing. */
static void fill(bbots_txn *txn)
{
    for (int i = 0; i < 2; i++) {
        assert_ok(insert_named(txn, &bbots_users_table, "email",
                               string(i == 0 ? "a@example.org" : "b@example.org")));
    }
    add_tier(txn, "a", 10, 2, 1, "[\"auto\"]", "{\"api\": true, \"sso\": false, \"n\": 1}");
    add_tier(txn, "b", 20, 5, 2, "[\"auto\", \"swarm\"]", "{\"api\": true, \"sso\": true}");
    assert_ok(insert_named(txn, SUBS, "userId", integer(1), "tierId", integer(1),
                           "currentPeriodStart", time_value("2026-01-01"), "currentPeriodEnd",
                           time_value("2026-02-01")));
    assert_ok(insert_named(txn, PACKS, "slug", string("small"), "name", string("small"),
                           "executionCount", integer(5), "priceCents", integer(50), "maxPerMonth",
                           integer(2)));
    assert_ok(insert_named(txn, PACKS, "slug", string("big"), "name", string("big"),
                           "executionCount", integer(50), "validForDays", integer(30), "priceCents",
                           integer(400), "minTierId", integer(2)));
    assert_ok(insert_named(txn, PACKS, "slug", string("any"), "name", string("any"), "priceCents",
                           integer(9000), "isActive", bbots_value_boolean(false)));
    assert_ok(insert_named(txn, ADD_ONS, "slug", string("two"), "name", string("two"),
                           "additionalAgents", integer(2), "monthlyPriceCents", integer(10),
                           "maxPerUser", integer(3)));
}

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    fill(txn);
    commit(txn);
    return rc;
}

/* A pack that user 1 has bought. */
static void own_pack(bbots_txn *txn, bbots_value remaining, const char *expires, const char *status)
{
    assert_ok(insert_named(
        txn, BOUGHT, "userId", integer(1), "packId", integer(1), "executionsIncluded", remaining,
        "executionsRemaining", remaining, "purchasedAt", time_value("2026-01-02"), "expiresAt",
        time_value(expires), "pricePaidCents", integer(50), "status", string(status)));
}

static bbots_usage_status status_of(bbots_txn *txn, bbots_timestamp now)
{
    bbots_usage_status status;
    assert_ok(bbots_usage_get(txn, 1, now, &status, &fault));
    return status;
}

static int consume(bbots_txn *txn, int64_t count, uint32_t flags, bbots_verdict *verdict)
{
    return bbots_usage_consume(txn, 1, count, flags, NOW, verdict, &fault);
}

static int64_t number_in(bbots_txn *txn, const bbots_table *table, int64_t id, const char *name)
{
    bbots_row row;
    assert_ok(get_id(txn, table, id, &row));
    return row_at(&row, name).integer;
}

static void assert_text(bbots_txn *txn, const bbots_table *table, int64_t id, const char *name,
                        const char *text)
{
    bbots_row row;
    bbots_value wanted = string(text);
    assert_ok(get_id(txn, table, id, &row));
    bbots_value got = row_at(&row, name);
    assert_true(same_value(&got, &wanted));
}

static void assert_verdict(const bbots_verdict *got, bbots_usage_reason reason,
                           bbots_usage_advice advice)
{
    assert_string_equal(bbots_usage_reason_text(got->reason), bbots_usage_reason_text(reason));
    assert_string_equal(bbots_usage_advice_text(got->advice), bbots_usage_advice_text(advice));
    assert_int_equal(got->allowed, reason == BBOTS_USAGE_ALLOWED);
}

/* ------------------------------------------------------------------ capacity */

static void capacity_is_plan_and_additional_and_packs(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(txn, SUBS, 1, "additionalExecutions", integer(3)));
    own_pack(txn, integer(5), "2026-01-15T12:00:00", "active"); /* expires just now */
    own_pack(txn, integer(7), "2026-01-15T12:00:00.000001", "active");
    own_pack(txn, integer(11), NULL, "active");
    own_pack(txn, integer(13), NULL, "expired");
    own_pack(txn, integer(17), NULL, "depleted");
    bbots_usage_status got = status_of(txn, NOW);
    assert_int_equal(got.capacity, 10 + 3 + 7 + 11);
    assert_int_equal(got.remaining, 31);
    assert_int_equal(got.packs, 2);
    assert_int_equal(got.packs_remaining, 18);
    assert_int_equal(got.plan_limit, 10);
    assert_int_equal(got.additional, 3);
    assert_int_equal(got.percent_hundredths, 0);
    assert_true(got.usable);
    assert_false(got.unlimited);
    own_pack(txn, null_value(), NULL, "active");
    got = status_of(txn, NOW);
    assert_true(got.unlimited);
    assert_int_equal(got.capacity, INT64_MAX);
    assert_int_equal(got.packs_remaining, -1);
    assert_status(bbots_usage_get(txn, 2, NOW, &got, &fault), BBOTS_NOT_FOUND);
    assert_ok(
        delete_id(txn, BOUGHT, 5, NULL)); /* depleted, with something left: the check would tell */
    commit(txn);
}

static void assert_same_text(bbots_text got, const char *wanted)
{
    assert_int_equal(got.size, strlen(wanted));
    assert_memory_equal(got.data, wanted, got.size);
}

static void assert_same_json(bbots_json got, const char *wanted)
{
    char *text;
    size_t size;
    assert_ok(bbots_json_print(got, &text, &size, &fault));
    assert_string_equal(text, wanted);
    free(text);
}

/* What is neither capacity nor use: the plan, the period, what the plan allows, agents that were started. */
static void the_status_tells_the_plan_and_the_period(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(txn, SUBS, 1, "tierId", integer(2), "status", string("trial")));
    assert_ok(bbots_usage_spawn(txn, 1, 3, 0, NOW, &verdict, &fault));
    bbots_usage_status got = status_of(txn, NOW);
    assert_int_equal(got.subscription_id, 1);
    assert_int_equal(got.tier_id, 2);
    assert_same_text(got.tier, "b");
    assert_same_text(got.status, "trial");
    assert_int_equal(got.period_start, time_of("2026-01-01"));
    assert_int_equal(got.period_end, time_of("2026-02-01"));
    assert_int_equal(got.agents_spawned, 3);
    assert_same_json(got.features, "{\"api\": true, \"sso\": true}");
    assert_same_json(got.strategies, "[\"auto\", \"swarm\"]");
    assert_true(got.usable);
    got = status_of(txn, time_of("2026-02-01"));
    assert_false(got.usable);
    assert_ok(update_named(txn, SUBS, 1, "status", string("paused")));
    assert_false(status_of(txn, NOW).usable);
    own_pack(txn, null_value(), NULL, "active");
    assert_ok(update_named(txn, SUBS, 1, "status", string("active"), "executionsUsedThisPeriod",
                           integer(5)));
    got = status_of(txn, NOW);
    assert_true(got.unlimited);
    assert_int_equal(got.used, 5);
    assert_int_equal(got.percent_hundredths, 0);
    commit(txn);
}

static void agents_are_plan_and_slots_and_add_ons(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    int64_t holding;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(status_of(txn, NOW).agents, 2);
    assert_ok(update_named(txn, SUBS, 1, "additionalAgentSlots", integer(1)));
    assert_ok(bbots_usage_take_add_on(txn, 1, 1, 2, NOW, &holding, &verdict, &fault));
    assert_int_equal(holding, 1);
    assert_int_equal(verdict.capacity, 2 + 1 + 4);
    assert_int_equal(status_of(txn, NOW).agents, 7);
    assert_status(bbots_usage_take_add_on(txn, 1, 1, 2, NOW, NULL, &verdict, &fault),
                  BBOTS_REFUSED); /* 2 + 2 of 3 */
    assert_verdict(&verdict, BBOTS_USAGE_LIMIT_REACHED, BBOTS_ADVICE_UPGRADE);
    assert_ok(bbots_usage_take_add_on(txn, 1, 1, 1, NOW, &holding, &verdict, &fault));
    assert_int_equal(verdict.capacity, 9);
    assert_status(bbots_usage_cancel_add_on(txn, 2, 1, NOW, &fault), BBOTS_NOT_FOUND);
    assert_status(bbots_usage_cancel_add_on(txn, 1, 9, NOW, &fault), BBOTS_NOT_FOUND);
    assert_ok(bbots_usage_cancel_add_on(txn, 1, 1, NOW, &fault));
    assert_status(bbots_usage_cancel_add_on(txn, 1, 1, NOW + 1, &fault), BBOTS_UNCHANGED);
    assert_int_equal(number_in(txn, HELD, 1, "cancelledAt"), NOW);
    bbots_usage_status got = status_of(txn, NOW);
    assert_int_equal(got.agents, 5);
    assert_int_equal(got.add_ons, 1);
    commit(txn);
}

/* ------------------------------------------------------------------ consuming */

static void the_plan_is_used_first_then_additional_then_packs(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(txn, SUBS, 1, "additionalExecutions", integer(2), "metadata",
                           bbots_value_json(bbots_json_of("{\"mine\": [1]}"))));
    own_pack(txn, integer(4), NULL, "active");         /* 1: last */
    own_pack(txn, integer(4), "2026-01-30", "active"); /* 2: second */
    own_pack(txn, integer(4), "2026-01-20", "active"); /* 3: first */
    own_pack(txn, integer(4), "2026-01-10", "active"); /* 4: over */
    own_pack(txn, integer(4), NULL, "active");         /* 5: behind 1, as its id is */
    assert_ok(consume(txn, 11, 0, &verdict));
    assert_int_equal(verdict.remaining, 1 + 16);
    for (int64_t id = 1; id <= 5; id++) {
        assert_int_equal(number_in(txn, BOUGHT, id, "executionsRemaining"), 4);
    }
    assert_ok(consume(txn, 6, 0, &verdict)); /* 1 additional, 4 of pack 3, 1 of pack 2 */
    assert_int_equal(number_in(txn, BOUGHT, 3, "executionsRemaining"), 0);
    assert_text(txn, BOUGHT, 3, "status", "depleted");
    assert_int_equal(number_in(txn, BOUGHT, 2, "executionsRemaining"), 3);
    assert_text(txn, BOUGHT, 2, "status", "active");
    bbots_usage_status got = status_of(txn, NOW);
    assert_int_equal(got.used, 17);
    assert_int_equal(got.used_of_packs, 5);
    assert_int_equal(got.remaining, 11);
    assert_int_equal(got.capacity, 10 + 2 + 11);
    assert_int_equal(got.percent_hundredths, 6071); /* 17 / 28 = 60.714... % */
    assert_ok(consume(txn, 9, 0, &verdict));        /* 3 of pack 2, 4 of pack 1, 2 of pack 5 */
    assert_int_equal(number_in(txn, BOUGHT, 1, "executionsRemaining"), 0);
    assert_int_equal(number_in(txn, BOUGHT, 5, "executionsRemaining"), 2);
    assert_int_equal(number_in(txn, BOUGHT, 4, "executionsRemaining"), 4);
    assert_status(consume(txn, 3, 0, &verdict), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_LIMIT_REACHED, BBOTS_ADVICE_BUY_PACK);
    assert_int_equal(verdict.remaining, 2);
    assert_int_equal(verdict.tier_id, 2);
    assert_int_equal(verdict.until, time_of("2026-02-01"));
    assert_int_equal(status_of(txn, NOW).used, 26);
    assert_ok(consume(txn, 2, 0, &verdict));
    assert_int_equal(verdict.remaining, 0);
    bbots_row row;
    bbots_json mine;
    assert_ok(get_id(txn, SUBS, 1, &row));
    bbots_value metadata = row_at(&row, "metadata");
    assert_int_equal(
        bbots_json_get((bbots_json){metadata.data, metadata.size, 0}, ".mine[0]", &mine), BBOTS_OK);
    commit(txn);
}

static void overage_is_counted_when_it_is_allowed(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    own_pack(txn, integer(5), NULL, "active");
    assert_status(consume(txn, 18, 0, &verdict), BBOTS_REFUSED);
    assert_ok(consume(txn, 18, BBOTS_USAGE_OVERAGE, &verdict)); /* 10, 5 of the pack, 3 */
    bbots_usage_status got = status_of(txn, NOW);
    assert_int_equal(got.used, 18);
    assert_int_equal(got.used_of_packs, 5);
    assert_int_equal(got.overage, 3);
    assert_int_equal(got.remaining, 0);
    assert_int_equal(got.percent_hundredths, 10000);
    assert_ok(consume(txn, 1, BBOTS_USAGE_OVERAGE, &verdict));
    assert_int_equal(status_of(txn, NOW).overage, 4);
    /* What is bought now is there, whatever was overage before. */
    own_pack(txn, integer(6), NULL, "active");
    assert_int_equal(status_of(txn, NOW).remaining, 6);
    assert_ok(update_named(txn, SUBS, 1, "tierId", integer(2)));
    assert_int_equal(status_of(txn, NOW).remaining, 16);
    commit(txn);
}

static void a_pack_of_any_number_has_no_end(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    own_pack(txn, integer(3), "2026-01-20", "active");
    own_pack(txn, null_value(), NULL, "active");
    assert_ok(consume(txn, 1000, 0, &verdict));
    assert_true(verdict.unlimited);
    assert_int_equal(number_in(txn, BOUGHT, 1, "executionsRemaining"), 0);
    assert_text(txn, BOUGHT, 2, "status", "active");
    bbots_usage_status got = status_of(txn, NOW);
    assert_int_equal(got.used, 1000);
    assert_int_equal(got.used_of_packs, 990);
    commit(txn);
}

static void who_counts_by_himself_is_understood(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    own_pack(txn, integer(5), NULL, "active");
    assert_ok(consume(txn, 12, 0, &verdict)); /* 10 and 2 of the pack */
    /* A host that begins a new period and counts by itself. */
    assert_ok(update_named(txn, SUBS, 1, "currentPeriodStart", time_value("2026-01-10"),
                           "executionsUsedThisPeriod", integer(4)));
    bbots_usage_status got = status_of(txn, NOW);
    assert_int_equal(got.remaining, 6 + 3);
    assert_int_equal(got.used_of_packs, 0);
    commit(txn);
}

static void who_may_not_work_is_told_why(void **state)
{
    static const struct {
        const char *status;
        const char *trial_end;
        const char *now;
        bbots_usage_reason reason;
        bbots_usage_advice advice;
    } cases[] = {
        {"active", NULL, "2026-01-15", BBOTS_USAGE_ALLOWED, BBOTS_ADVICE_NONE},
        {"active", NULL, "2026-01-31T23:59:59.999999", BBOTS_USAGE_ALLOWED, BBOTS_ADVICE_NONE},
        {"active", NULL, "2026-02-01", BBOTS_USAGE_PERIOD_OVER, BBOTS_ADVICE_WAIT},
        {"trial", NULL, "2026-01-15", BBOTS_USAGE_ALLOWED, BBOTS_ADVICE_NONE},
        {"trial", "2026-01-15", "2026-01-15", BBOTS_USAGE_PERIOD_OVER, BBOTS_ADVICE_WAIT},
        {"active", "2026-01-15", "2026-01-15", BBOTS_USAGE_ALLOWED, BBOTS_ADVICE_NONE},
        {"past_due", NULL, "2026-01-15", BBOTS_USAGE_NOT_ACTIVE, BBOTS_ADVICE_WAIT},
        {"paused", NULL, "2026-01-15", BBOTS_USAGE_NOT_ACTIVE, BBOTS_ADVICE_WAIT},
        {"cancelled", NULL, "2026-01-15", BBOTS_USAGE_NOT_ACTIVE, BBOTS_ADVICE_UPGRADE},
    };
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_ok(update_named(txn, SUBS, 1, "status", string(cases[i].status), "trialEndsAt",
                               time_value(cases[i].trial_end)));
        int wanted = cases[i].reason == BBOTS_USAGE_ALLOWED ? BBOTS_OK : BBOTS_REFUSED;
        bbots_timestamp now = time_of(cases[i].now);
        assert_status(bbots_usage_may_execute(txn, 1, 1, now, &verdict, &fault), wanted);
        assert_verdict(&verdict, cases[i].reason, cases[i].advice);
        assert_status(bbots_usage_may_spawn(txn, 1, 1, 0, now, &verdict, &fault), wanted);
        assert_verdict(&verdict, cases[i].reason, cases[i].advice);
        assert_status(bbots_usage_has_feature(txn, 1, bbots_text_of("api"), now, &verdict, &fault),
                      wanted);
        assert_status(
            bbots_usage_may_use_strategy(txn, 1, bbots_text_of("auto"), now, &verdict, &fault),
            wanted);
        assert_verdict(&verdict, cases[i].reason, cases[i].advice);
        bbots_digest before = digest_of(txn);
        int got = bbots_usage_consume(txn, 1, 1, BBOTS_USAGE_OVERAGE, now, &verdict, &fault);
        assert_status(got, wanted);
        if (wanted == BBOTS_REFUSED) {
            assert_digest(txn, before);
        }
    }
    assert_status(bbots_usage_may_execute(txn, 2, 1, NOW, &verdict, &fault), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_NO_SUBSCRIPTION, BBOTS_ADVICE_UPGRADE);
    assert_status(bbots_usage_consume(txn, 2, 1, 0, NOW, &verdict, &fault), BBOTS_REFUSED);
    assert_status(
        bbots_usage_may_use_strategy(txn, 2, bbots_text_of("auto"), NOW, &verdict, &fault),
        BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_NO_SUBSCRIPTION, BBOTS_ADVICE_UPGRADE);
    assert_status(bbots_usage_spawn(txn, 2, 1, 0, NOW, &verdict, &fault), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_NO_SUBSCRIPTION, BBOTS_ADVICE_UPGRADE);
    commit(txn);
}

static void advice_is_what_is_on_offer(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_status(bbots_usage_may_execute(txn, 1, 11, NOW, &verdict, &fault), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_LIMIT_REACHED, BBOTS_ADVICE_BUY_PACK);
    assert_ok(update_named(txn, PACKS, 1, "isActive", bbots_value_boolean(false)));
    /* The big pack is for plan b. */
    assert_status(bbots_usage_may_execute(txn, 1, 11, NOW, &verdict, &fault), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_LIMIT_REACHED, BBOTS_ADVICE_UPGRADE);
    assert_int_equal(verdict.tier_id, 2);
    assert_ok(update_named(txn, TIERS, 2, "isActive", bbots_value_boolean(false)));
    assert_status(bbots_usage_may_execute(txn, 1, 11, NOW, &verdict, &fault), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_LIMIT_REACHED, BBOTS_ADVICE_WAIT);
    assert_int_equal(verdict.tier_id, 0);
    assert_status(bbots_usage_may_spawn(txn, 1, 1, 2, NOW, &verdict, &fault), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_LIMIT_REACHED, BBOTS_ADVICE_TAKE_ADD_ON);
    assert_ok(delete_id(txn, ADD_ONS, 1, NULL));
    assert_status(bbots_usage_may_spawn(txn, 1, 3, 0, NOW, &verdict, &fault), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_LIMIT_REACHED, BBOTS_ADVICE_WAIT);
    commit(txn);
}

static void strategies_and_features_are_the_plans(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_usage_may_use_strategy(txn, 1, bbots_text_of("auto"), NOW, &verdict, &fault));
    assert_status(
        bbots_usage_may_use_strategy(txn, 1, bbots_text_of("swarm"), NOW, &verdict, &fault),
        BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_PLAN_TOO_LOW, BBOTS_ADVICE_UPGRADE);
    assert_int_equal(verdict.tier_id, 2);
    assert_ok(bbots_usage_has_feature(txn, 1, bbots_text_of("api"), NOW, &verdict, &fault));
    assert_status(bbots_usage_has_feature(txn, 1, bbots_text_of("sso"), NOW, &verdict, &fault),
                  BBOTS_REFUSED);
    assert_int_equal(verdict.tier_id, 2);
    assert_status(bbots_usage_has_feature(txn, 1, bbots_text_of("n"), NOW, &verdict, &fault),
                  BBOTS_REFUSED); /* a number is no switch */
    assert_verdict(&verdict, BBOTS_USAGE_PLAN_TOO_LOW, BBOTS_ADVICE_NONE);
    assert_ok(update_named(txn, SUBS, 1, "tierId", integer(2)));
    assert_ok(bbots_usage_may_use_strategy(txn, 1, bbots_text_of("swarm"), NOW, &verdict, &fault));
    assert_ok(bbots_usage_has_feature(txn, 1, bbots_text_of("sso"), NOW, &verdict, &fault));
    commit(txn);
}

static void agents_are_counted_with_their_peak(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_usage_spawn(txn, 1, 2, 0, NOW, &verdict, &fault));
    assert_int_equal(verdict.remaining, 0);
    assert_status(bbots_usage_spawn(txn, 1, 1, 2, NOW, &verdict, &fault), BBOTS_REFUSED);
    assert_ok(bbots_usage_spawn(txn, 1, 1, 0, NOW, &verdict, &fault));
    assert_int_equal(verdict.remaining, 1);
    assert_int_equal(number_in(txn, SUBS, 1, "agentsSpawnedThisPeriod"), 3);
    bbots_renewal renewal;
    assert_ok(bbots_usage_renew(txn, 1, 0, time_of("2026-02-01"), &renewal, &fault));
    assert_int_equal(number_in(txn, RECORDS, 1, "peakConcurrentAgents"), 2);
    assert_int_equal(number_in(txn, SUBS, 1, "agentsSpawnedThisPeriod"), 0);
    commit(txn);
}

/* ------------------------------------------------------------------ buying */

static void a_pack_is_bought_within_its_rules(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    int64_t purchase;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_usage_buy_pack(txn, 1, 1, NOW, &purchase, &verdict, &fault));
    assert_int_equal(purchase, 1);
    assert_int_equal(verdict.capacity, 15);
    assert_int_equal(number_in(txn, BOUGHT, 1, "executionsIncluded"), 5);
    assert_int_equal(number_in(txn, BOUGHT, 1, "executionsRemaining"), 5);
    assert_int_equal(number_in(txn, BOUGHT, 1, "pricePaidCents"), 50);
    assert_int_equal(number_in(txn, BOUGHT, 1, "purchasedAt"), NOW);
    assert_int_equal(number_in(txn, BOUGHT, 1, "expiresAt"), time_of("2026-02-01"));
    assert_ok(bbots_usage_buy_pack(txn, 1, 1, time_of("2026-01-31"), &purchase, &verdict, &fault));
    assert_status(
        bbots_usage_buy_pack(txn, 1, 1, time_of("2026-01-31"), &purchase, &verdict, &fault),
        BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_LIMIT_REACHED, BBOTS_ADVICE_WAIT);
    assert_status(bbots_usage_buy_pack(txn, 1, 2, NOW, &purchase, &verdict, &fault), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_PLAN_TOO_LOW, BBOTS_ADVICE_UPGRADE);
    assert_int_equal(verdict.tier_id, 2);
    assert_status(bbots_usage_buy_pack(txn, 1, 3, NOW, &purchase, &verdict, &fault), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_NOT_SOLD, BBOTS_ADVICE_NONE);
    assert_status(bbots_usage_buy_pack(txn, 2, 1, NOW, &purchase, &verdict, &fault), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_NO_SUBSCRIPTION, BBOTS_ADVICE_UPGRADE);
    assert_ok(update_named(txn, SUBS, 1, "tierId", integer(2), "currentPeriodEnd",
                           time_value("2026-03-01")));
    assert_ok(bbots_usage_buy_pack(txn, 1, 2, NOW, &purchase, &verdict, &fault));
    assert_int_equal(number_in(txn, BOUGHT, purchase, "expiresAt"), time_of("2026-02-14T12:00:00"));
    /* February is another month. */
    assert_ok(bbots_usage_buy_pack(txn, 1, 1, time_of("2026-02-01"), &purchase, &verdict, &fault));
    commit(txn);
}

static int take(bbots_txn *txn, int64_t user, int64_t add_on, int64_t quantity,
                bbots_verdict *verdict)
{
    int64_t holding;
    return bbots_usage_take_add_on(txn, user, add_on, quantity, NOW, &holding, verdict, &fault);
}

/* The rules of packs hold for add-ons too; and what was given up counts for nothing. */
static void an_add_on_is_taken_within_its_rules(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, ADD_ONS, "slug", string("better"), "name", string("better"),
                           "additionalAgents", integer(7), "monthlyPriceCents", integer(10),
                           "minTierId", integer(2)));
    assert_ok(insert_named(txn, ADD_ONS, "slug", string("old"), "name", string("old"),
                           "additionalAgents", integer(1), "monthlyPriceCents", integer(10),
                           "isActive", bbots_value_boolean(false)));
    bbots_digest before = digest_of(txn);
    assert_status(take(txn, 1, 1, 4, &verdict), BBOTS_REFUSED); /* 4 of 3 at once */
    assert_verdict(&verdict, BBOTS_USAGE_LIMIT_REACHED, BBOTS_ADVICE_UPGRADE);
    assert_status(take(txn, 1, 2, 1, &verdict), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_PLAN_TOO_LOW, BBOTS_ADVICE_UPGRADE);
    assert_int_equal(verdict.tier_id, 2);
    assert_status(take(txn, 1, 3, 1, &verdict), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_NOT_SOLD, BBOTS_ADVICE_NONE);
    assert_status(take(txn, 2, 1, 1, &verdict), BBOTS_REFUSED);
    assert_verdict(&verdict, BBOTS_USAGE_NO_SUBSCRIPTION, BBOTS_ADVICE_UPGRADE);
    assert_digest(txn, before);
    assert_ok(take(txn, 1, 1, 3, &verdict));
    assert_status(take(txn, 1, 1, 1, &verdict), BBOTS_REFUSED);
    assert_ok(bbots_usage_cancel_add_on(txn, 1, 1, NOW, &fault));
    assert_text(txn, HELD, 1, "status", "cancelled");
    assert_ok(take(txn, 1, 1, 3, &verdict));
    assert_ok(update_named(txn, SUBS, 1, "tierId", integer(2)));
    assert_ok(take(txn, 1, 2, 100, &verdict)); /* any number of them */
    assert_int_equal(verdict.capacity, 5 + 6 + 700);
    assert_int_equal(number_in(txn, HELD, 3, "quantity"), 100);
    commit(txn);
}

/* ------------------------------------------------------------------ periods */

static void a_period_is_archived_and_the_next_begins(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_renewal renewal;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(txn, SUBS, 1, "additionalExecutions", integer(4)));
    own_pack(txn, integer(6), "2026-02-01", "active"); /* bought in January, ends with it */
    own_pack(txn, integer(6), "2026-02-02", "active");
    assert_ok(consume(txn, 30, BBOTS_USAGE_OVERAGE, &verdict)); /* 10, 4, 12 of packs, 4 */
    bbots_digest before = digest_of(txn);
    assert_status(bbots_usage_renew(txn, 1, 25, time_of("2026-01-31T23:59:59"), &renewal, &fault),
                  BBOTS_UNCHANGED);
    assert_digest(txn, before);
    own_pack(txn, integer(9), "2026-01-20", "active"); /* expired unused */
    assert_ok(bbots_usage_renew(txn, 1, 25, time_of("2026-02-01"), &renewal, &fault));
    assert_int_equal(renewal.periods, 1);
    assert_int_equal(renewal.expired_packs, 1); /* the other two are depleted */
    assert_int_equal(renewal.start, time_of("2026-02-01"));
    assert_int_equal(renewal.end, time_of("2026-03-01"));
    static const struct {
        const char *name;
        int64_t number;
    } record[] = {{"userId", 1},
                  {"tierId", 1},
                  {"executionLimit", 10},
                  {"agentLimit", 2},
                  {"executionsUsed", 30},
                  {"additionalExecutionsPurchased", 4 + 6 + 6 + 9},
                  {"additionalExecutionsUsed", 4 + 12},
                  {"overageExecutions", 4},
                  {"overageChargedCents", 100}};
    for (size_t i = 0; i < COUNT(record); i++) {
        assert_int_equal(number_in(txn, RECORDS, 1, record[i].name), record[i].number);
    }
    assert_int_equal(number_in(txn, RECORDS, 1, "periodStart"), time_of("2026-01-01"));
    assert_int_equal(number_in(txn, RECORDS, 1, "periodEnd"), time_of("2026-02-01"));
    bbots_usage_status got = status_of(txn, time_of("2026-02-01"));
    assert_int_equal(got.used, 0);
    assert_int_equal(got.overage, 0);
    assert_int_equal(got.additional, 0);
    assert_int_equal(got.remaining, 10);
    assert_text(txn, BOUGHT, 3, "status", "expired");
    commit(txn);
}

static void the_anchor_of_a_month_is_kept(void **state)
{
    static const struct {
        const char *frequency;
        const char *start;
        const char *end;
        const char *next[4];
    } cases[] = {
        {"monthly", "2026-01-31", "2026-02-28", {"2026-03-31", "2026-04-30", "2026-05-31", NULL}},
        {"monthly", "2026-01-28", "2026-02-28", {"2026-03-28", "2026-04-28", "2026-05-28", NULL}},
        {"monthly", "2023-12-30", "2024-01-30", {"2024-02-29", "2024-03-30", "2024-04-30", NULL}},
        {"weekly", "2026-01-01", "2026-01-08", {"2026-01-15", "2026-01-22", "2026-01-29", NULL}},
        {"six_month", "2025-08-31", "2026-02-28", {"2026-08-31", "2027-02-28", NULL, NULL}},
        {"annual", "2024-02-29", "2025-02-28", {"2026-02-28", "2027-02-28", "2028-02-29", NULL}},
    };
    fixture *place = *state;
    bbots_renewal renewal;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        assert_ok(update_named(txn, SUBS, 1, "paymentFrequency", string(cases[i].frequency),
                               "currentPeriodStart", time_value(cases[i].start), "currentPeriodEnd",
                               time_value(cases[i].end)));
        bbots_timestamp end = time_of(cases[i].end);
        for (unsigned n = 0; cases[i].next[n] != NULL; n++) {
            assert_ok(bbots_usage_renew(txn, 1, 0, end, &renewal, &fault));
            assert_int_equal(renewal.start, end);
            end = time_of(cases[i].next[n]);
            assert_int_equal(renewal.end, end);
        }
        bbots_rollback(txn);
    }
}

static void periods_that_were_missed_are_all_closed(void **state)
{
    fixture *place = *state;
    bbots_renewal renewal;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(consume(txn, 3, 0, &verdict));
    assert_ok(bbots_usage_renew(txn, 1, 0, time_of("2026-04-15"), &renewal, &fault));
    assert_int_equal(renewal.periods, 3);
    assert_int_equal(renewal.start, time_of("2026-04-01"));
    assert_int_equal(count_of(txn, RECORDS), 3);
    assert_int_equal(number_in(txn, RECORDS, 1, "executionsUsed"), 3);
    assert_int_equal(number_in(txn, RECORDS, 2, "executionsUsed"), 0);
    assert_int_equal(number_in(txn, RECORDS, 3, "periodEnd"), time_of("2026-04-01"));
    commit(txn);
}

static void a_plan_that_was_given_up_ends_with_its_period(void **state)
{
    fixture *place = *state;
    bbots_renewal renewal;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(txn, SUBS, 1, "cancelAtPeriodEnd", bbots_value_boolean(true)));
    assert_ok(bbots_usage_renew(txn, 1, 0, time_of("2026-04-15"), &renewal, &fault));
    assert_true(renewal.cancelled);
    assert_int_equal(renewal.periods, 1);
    assert_text(txn, SUBS, 1, "status", "cancelled");
    assert_int_equal(number_in(txn, SUBS, 1, "cancelledAt"), time_of("2026-02-01"));
    assert_int_equal(count_of(txn, RECORDS), 1);
    assert_status(consume(txn, 1, 0, &verdict), BBOTS_REFUSED);
    assert_status(bbots_usage_renew(txn, 1, 0, time_of("2026-05-15"), &renewal, &fault),
                  BBOTS_REFUSED);
    assert_status(bbots_usage_renew(txn, 2, 0, NOW, &renewal, &fault), BBOTS_NOT_FOUND);
    commit(txn);
}

/* ------------------------------------------------------------------ bad input, plans */

static void bad_input_changes_nothing(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_renewal renewal;
    int64_t id;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(txn);
    assert_status(consume(txn, 0, 0, &verdict), BBOTS_INVALID_ARGUMENT);
    assert_status(consume(txn, -1, 0, &verdict), BBOTS_INVALID_ARGUMENT);
    assert_status(consume(txn, INT64_MAX, BBOTS_USAGE_OVERAGE, &verdict),
                  BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_status(bbots_usage_may_spawn(txn, 1, 1, -1, NOW, &verdict, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_usage_may_use_strategy(txn, 1, bbots_text_of(""), NOW, &verdict, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_usage_buy_pack(txn, 1, 99, NOW, &id, &verdict, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_usage_take_add_on(txn, 1, 99, 1, NOW, &id, &verdict, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_usage_take_add_on(txn, 1, 1, 0, NOW, &id, &verdict, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_usage_renew(txn, 1, -1, NOW, &renewal, &fault), BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_usage_renew(txn, 1, 0, time_of("9999-01-01"), &renewal, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_digest(txn, before);
    assert_ok(consume(txn, 1000, BBOTS_USAGE_OVERAGE, &verdict));
    before = digest_of(txn);
    /* The charge does not fit its column: the record fails after the period was looked at. */
    assert_status(bbots_usage_renew(txn, 1, INT32_MAX, time_of("2026-02-01"), &renewal, &fault),
                  BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_digest(txn, before);
    assert_ok(update_named(txn, SUBS, 1, "currentPeriodEnd", time_value("2025-01-01")));
    assert_status(bbots_usage_renew(txn, 1, 0, NOW, &renewal, &fault), BBOTS_INVALID_ARGUMENT);
    assert_ok(update_named(txn, SUBS, 1, "currentPeriodEnd", time_value("2026-01-02"),
                           "paymentFrequency", string("hourly")));
    assert_status(bbots_usage_renew(txn, 1, 0, NOW, &renewal, &fault), BBOTS_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.message, "hourly"));
    bbots_rollback(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_status(consume(txn, 1, 0, &verdict), BBOTS_READ_ONLY);
    bbots_rollback(txn);
}

static void the_default_plans_are_made_once(void **state)
{
    static const struct {
        int64_t cents;
        int64_t agents;
        int64_t executions;
    } plans[] = {{99700, 5, 200}, {169700, 10, 500}, {319700, 25, 1250}, {499700, 50, 3000}};
    fixture *place = *state;
    unsigned made;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, TIERS, "slug", string("growth"), "name", string("mine"),
                           "monthlyPriceCents", integer(1), "maxAgents", integer(1),
                           "maxConcurrentAgents", integer(1), "monthlyExecutionLimit", integer(1)));
    assert_ok(bbots_usage_seed_tiers(txn, NOW, &made, &fault));
    assert_int_equal(made, 3);
    assert_text(txn, TIERS, 3, "name", "mine");
    assert_ok(delete_id(txn, TIERS, 3, NULL));
    assert_ok(bbots_usage_seed_tiers(txn, NOW, &made, &fault));
    assert_int_equal(made, 1);
    bbots_digest before = digest_of(txn);
    assert_ok(bbots_usage_seed_tiers(txn, NOW, &made, &fault));
    assert_int_equal(made, 0);
    assert_digest(txn, before);
    static const int64_t ids[] = {4, 7, 5, 6}; /* growth came back last */
    for (size_t i = 0; i < COUNT(plans); i++) {
        assert_int_equal(number_in(txn, TIERS, ids[i], "monthlyPriceCents"), plans[i].cents);
        assert_int_equal(number_in(txn, TIERS, ids[i], "maxAgents"), plans[i].agents);
        assert_int_equal(number_in(txn, TIERS, ids[i], "monthlyExecutionLimit"),
                         plans[i].executions);
        assert_int_equal(number_in(txn, TIERS, ids[i], "maxConcurrentAgents"), plans[i].agents);
        assert_int_equal(number_in(txn, TIERS, ids[i], "sortOrder"), (int64_t)i + 1);
    }
    commit(txn);
}

/* ------------------------------------------------------------------ races */

/* One execution more, once as an additional one and once as a pack's. */
static int grant_one(bbots_txn *txn, void *context, bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    bbots_value user = integer(1);
    bbots_row row;
    int *round = context;
    int rc =
        bbots_get(txn, SUBS, index_of(SUBS, "user_subscriptions_userId_key"), &user, &row, error);
    if (rc != BBOTS_OK || (*round)++ % 2 == 0) {
        if (update_named(txn, BOUGHT, 1, "executionsRemaining", integer(1), "status",
                         string("active")) == BBOTS_NOT_FOUND) {
            own_pack(txn, integer(1), NULL, "active");
        }
        return rc;
    }
    uint64_t set = fill_row(SUBS, values, "additionalExecutions",
                            integer(row_at(&row, "additionalExecutions").integer + 1), NULL);
    return bbots_update(txn, SUBS, index_of(SUBS, "user_subscriptions_userId_key"), &user, values,
                        set, NULL, error);
}

static int grab_one(bbots_txn *txn, void *context, bbots_error *error)
{
    bbots_verdict verdict;
    (void)context;
    return bbots_usage_consume(txn, 1, 1, 0, NOW, &verdict, error);
}

static int rounds_so_far;

static race race_of(fixture *place)
{
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(consume(txn, 10, 0, &verdict));
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    rounds_so_far = 0;
    return (race){place->path, &bbots_platform_schema, grant_one, grab_one, &rounds_so_far};
}

static void one_of_two_threads_gets_the_last_execution(void **state)
{
    race run = race_of(*state);
    race_threads(&run, race_rounds(50));
}

static void one_of_two_processes_gets_the_last_execution(void **state)
{
    race run = race_of(*state);
    race_processes(&run, race_rounds(50));
}

#define ON_PLATFORM(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PLATFORM(capacity_is_plan_and_additional_and_packs),
        ON_PLATFORM(the_status_tells_the_plan_and_the_period),
        ON_PLATFORM(agents_are_plan_and_slots_and_add_ons),
        ON_PLATFORM(the_plan_is_used_first_then_additional_then_packs),
        ON_PLATFORM(overage_is_counted_when_it_is_allowed),
        ON_PLATFORM(a_pack_of_any_number_has_no_end),
        ON_PLATFORM(who_counts_by_himself_is_understood),
        ON_PLATFORM(who_may_not_work_is_told_why),
        ON_PLATFORM(advice_is_what_is_on_offer),
        ON_PLATFORM(strategies_and_features_are_the_plans),
        ON_PLATFORM(agents_are_counted_with_their_peak),
        ON_PLATFORM(a_pack_is_bought_within_its_rules),
        ON_PLATFORM(an_add_on_is_taken_within_its_rules),
        ON_PLATFORM(a_period_is_archived_and_the_next_begins),
        ON_PLATFORM(the_anchor_of_a_month_is_kept),
        ON_PLATFORM(periods_that_were_missed_are_all_closed),
        ON_PLATFORM(a_plan_that_was_given_up_ends_with_its_period),
        ON_PLATFORM(bad_input_changes_nothing),
        ON_PLATFORM(the_default_plans_are_made_once),
        ON_PLATFORM(one_of_two_threads_gets_the_last_execution),
        ON_PLATFORM(one_of_two_processes_gets_the_last_execution),
    };
    choose_tests();
    return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
