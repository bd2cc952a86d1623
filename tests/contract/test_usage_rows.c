/*
 * test_usage_rows.c - plans, subscriptions and packs as a host's own hand can leave them: JSON of
 * another form, trials without an end, periods at the end of time. Each has its answer or its
 * sentence, and what is not the library's stays as it was.
 */
#include "support/support.h"

#include <bbots/platform.h>
#include <bbots/usage.h>

#define TIERS   (&bbots_subscription_tiers_table)
#define SUBS    (&bbots_user_subscriptions_table)
#define PACKS   (&bbots_execution_packs_table)
#define BOUGHT  (&bbots_user_execution_packs_table)
#define ADD_ONS (&bbots_agent_add_ons_table)
#define NOW     INT64_C(1768478400000000) /* 2026-01-15 12:00 UTC */
#define DAY     INT64_C(86400000000)
#define START   INT64_C(1767614400000000) /* ten days before */

#define json(text)    bbots_value_json(bbots_json_of(text))
#define time_at(time) bbots_value_timestamp(time)
#define word(text)    bbots_text_of(text)

static void add_tier(bbots_txn *txn, const char *slug, int64_t order)
{
    assert_ok(insert_named(txn, TIERS, "slug", string(slug), "name", string(slug),
                           "monthlyPriceCents", integer(1), "maxAgents", integer(order),
                           "maxConcurrentAgents", integer(order), "monthlyExecutionLimit",
                           integer(10 * order), "sortOrder", integer(order)));
}

/* User 1 on the second of three plans; a pack and an add-on on offer. */
static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_txn_set_now(txn, NOW);
    assert_ok(insert_named(txn, &bbots_users_table, "email", string("a@example.org")));
    add_tier(txn, "low", 1);
    add_tier(txn, "middle", 2);
    add_tier(txn, "high", 3);
    assert_ok(insert_named(txn, SUBS, "userId", integer(1), "tierId", integer(2),
                           "currentPeriodStart", time_at(START), "currentPeriodEnd",
                           time_at(NOW + 20 * DAY)));
    assert_ok(insert_named(txn, PACKS, "slug", string("p"), "name", string("p"), "executionCount",
                           integer(5), "priceCents", integer(50)));
    assert_ok(insert_named(txn, ADD_ONS, "slug", string("p"), "name", string("p"),
                           "additionalAgents", integer(2), "monthlyPriceCents", integer(10),
                           "maxPerUser", integer(3)));
    commit(txn);
    return rc;
}

static int64_t number_in(bbots_txn *txn, const bbots_table *table, int64_t id, const char *name)
{
    bbots_row row;
    assert_ok(get_id(txn, table, id, &row));
    return row_at(&row, name).integer;
}

/* ------------------------------------------------------------------ what a plan can do */

static void abilities_of_another_form_are_none(void **state)
{
    static const struct {
        const char *strategies;
        const char *features;
        bool has;
    } cases[] = {
        {"[\"auto\"]", "{\"auto\": true}", true},
        {"[5, null, \"some\", \"auto\"]", "{\"a\": 1, \"auto\": true}", true},
        {"[\"some\", \"autos\"]", "{\"auto\": false}", false},
        {"[]", "{}", false},
        {"{\"auto\": true}", "[\"auto\"]", false},
        {"\"auto\"", "{\"auto\": \"true\"}", false},
        {"true", "{\"auto\": 1}", false},
    };
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (size_t i = 0; i < COUNT(cases); i++) {
        int wanted = cases[i].has ? BBOTS_OK : BBOTS_REFUSED;
        assert_ok(update_named(txn, TIERS, 2, "allowedStrategies", json(cases[i].strategies),
                               "features", json(cases[i].features)));
        assert_status(bbots_usage_may_use_strategy(txn, 1, word("auto"), NOW, &verdict, &fault),
                      wanted);
        assert_status(bbots_usage_has_feature(txn, 1, word("auto"), NOW, &verdict, &fault), wanted);
    }
    assert_status(
        bbots_usage_may_use_strategy(txn, 1, (bbots_text){NULL, 0}, NOW, &verdict, &fault),
        BBOTS_INVALID_ARGUMENT);
    commit(txn);
}

/* Of a plan that grants nothing nothing is used, and nothing can be. */
static void a_plan_may_grant_nothing(void **state)
{
    fixture *place = *state;
    bbots_usage_status status;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(txn, TIERS, 2, "monthlyExecutionLimit", integer(0)));
    assert_ok(bbots_usage_get(txn, 1, NOW, &status, &fault));
    assert_int_equal(status.percent_hundredths, 0);
    assert_status(bbots_usage_may_execute(txn, 1, 1, NOW, &verdict, &fault), BBOTS_REFUSED);
    assert_status(bbots_usage_may_execute(txn, 1, 0, NOW, &verdict, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_usage_may_spawn(txn, 1, 0, 0, NOW, &verdict, &fault),
                  BBOTS_INVALID_ARGUMENT);
    commit(txn);
}

/* Of the plans that can, the lowest one on offer is told. */
static void the_lowest_plan_that_can_is_told(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_tier(txn, "above", 9);
    for (int id = 1; id <= 4; id++) {
        assert_ok(update_named(txn, TIERS, id, "features", json("{\"sso\": true}")));
    }
    assert_ok(update_named(txn, TIERS, 2, "features", json("{}")));
    static const int64_t told[] = {1, 3, 4, 0};
    for (size_t i = 0; i < COUNT(told); i++) {
        assert_status(bbots_usage_has_feature(txn, 1, word("sso"), NOW, &verdict, &fault),
                      BBOTS_REFUSED);
        assert_int_equal(verdict.tier_id, told[i]);
        assert_int_equal(verdict.advice, told[i] != 0 ? BBOTS_ADVICE_UPGRADE : BBOTS_ADVICE_NONE);
        if (told[i] != 0) {
            assert_ok(update_named(txn, TIERS, told[i], "isActive", bbots_value_boolean(false)));
        }
    }
    commit(txn);
}

/* Advice at a limit: the lowest plan on offer above one's own that grants enough. */
static void the_lowest_plan_that_is_enough_is_advised(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(txn, PACKS, 1, "isActive", bbots_value_boolean(false)));
    add_tier(txn, "above", 9);
    add_tier(txn, "between", 5);
    static const int64_t told[] = {3, 5, 4, 0};
    for (size_t i = 0; i < COUNT(told); i++) {
        assert_status(bbots_usage_may_execute(txn, 1, 21, NOW, &verdict, &fault), BBOTS_REFUSED);
        assert_int_equal(verdict.tier_id, told[i]);
        if (told[i] != 0) {
            assert_ok(update_named(txn, TIERS, told[i], "isActive", bbots_value_boolean(false)));
        }
    }
    commit(txn);
}

static void texts_for_people_know_their_numbers(void **state)
{
    (void)state;
    assert_string_equal(bbots_usage_reason_text(BBOTS_USAGE_NOT_SOLD), "no longer on offer");
    assert_string_equal(bbots_usage_reason_text((bbots_usage_reason)77), "unknown");
    assert_string_equal(bbots_usage_advice_text(BBOTS_ADVICE_WAIT), "wait");
    assert_string_equal(bbots_usage_advice_text((bbots_usage_advice)77), "");
}

/* ------------------------------------------------------------------ trials and notes */

static void a_trial_ends_when_it_says(void **state)
{
    static const struct {
        int64_t end; /* 0: none */
        int wanted;
    } cases[] = {
        {0, BBOTS_OK}, {NOW + 1, BBOTS_OK}, {NOW, BBOTS_REFUSED}, {NOW - 1, BBOTS_REFUSED}};
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_ok(update_named(txn, SUBS, 1, "status", string("trial"), "trialEndsAt",
                               cases[i].end != 0 ? time_at(cases[i].end) : null_value()));
        assert_status(bbots_usage_may_execute(txn, 1, 1, NOW, &verdict, &fault), cases[i].wanted);
        assert_int_equal(verdict.reason, cases[i].wanted == BBOTS_OK ? BBOTS_USAGE_ALLOWED
                                                                     : BBOTS_USAGE_PERIOD_OVER);
    }
    commit(txn);
}

#define PERIOD "\"periodStart\": 1767614400000000"

static void notes_of_another_form_count_as_none(void **state)
{
    static const struct {
        const char *metadata;
        int64_t of_packs;
        int64_t overage;
    } cases[] = {
        {"{\"usage\": {" PERIOD ", \"packExecutions\": 2, \"overageExecutions\": 3}}", 2, 3},
        {"{\"usage\": {" PERIOD ", \"packExecutions\": -2, \"overageExecutions\": 3}}", 0, 3},
        {"{\"usage\": {" PERIOD ", \"packExecutions\": \"2\", \"anchorDay\": 77}}", 0, 0},
        {"{\"usage\": {\"periodStart\": 5, \"packExecutions\": 2}}", 0, 0},
        {"{\"usage\": {\"periodStart\": \"x\", \"packExecutions\": 2}}", 0, 0},
        {"{\"usage\": {\"packExecutions\": 2}}", 0, 0},
        {"{\"usage\": [2]}", 0, 0},
        {"{\"usagf\": {}}", 0, 0},
        {"{}", 0, 0},
    };
    fixture *place = *state;
    bbots_usage_status status;
    bbots_verdict verdict;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        assert_ok(update_named(txn, SUBS, 1, "metadata", json(cases[i].metadata),
                               "executionsUsedThisPeriod", integer(9)));
        assert_ok(bbots_usage_get(txn, 1, NOW, &status, &fault));
        assert_int_equal(status.used_of_packs, cases[i].of_packs);
        assert_int_equal(status.overage, cases[i].overage);
        /* Past the plan: the note is written anew, with what was there. */
        assert_ok(bbots_usage_consume(txn, 1, 30, BBOTS_USAGE_OVERAGE, NOW, &verdict, &fault));
        assert_ok(bbots_usage_get(txn, 1, NOW, &status, &fault));
        assert_int_equal(status.used, 39);
        assert_int_equal(status.used_of_packs, cases[i].of_packs);
        assert_int_equal(status.overage, 39 - 20 - cases[i].of_packs);
        bbots_rollback(txn);
    }
}

static void what_else_the_metadata_hold_stays(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_row row;
    bbots_json found;
    bool yes = false;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(txn, SUBS, 1, "metadata",
                           json("{\"mine\": true, \"usage\": 5, \"also\": [1]}")));
    assert_ok(bbots_usage_consume(txn, 1, 30, BBOTS_USAGE_OVERAGE, NOW, &verdict, &fault));
    assert_ok(get_id(txn, SUBS, 1, &row));
    bbots_value value = row_at(&row, "metadata");
    bbots_json metadata = {value.data, value.size, BBOTS_JSON_PACKED};
    assert_int_equal(bbots_json_count(metadata), 3);
    assert_int_equal(bbots_json_member(metadata, word("mine"), &found), BBOTS_OK);
    assert_true(bbots_json_boolean(found, &yes) == BBOTS_OK && yes);
    /* Beside what is no object nothing can be kept. */
    assert_ok(update_named(txn, SUBS, 1, "metadata", json("[1, 2]")));
    bbots_digest before = digest_of(txn);
    assert_status(bbots_usage_consume(txn, 1, 30, BBOTS_USAGE_OVERAGE, NOW, &verdict, &fault),
                  BBOTS_WRONG_TYPE);
    assert_string_equal(fault.column, "metadata");
    assert_digest(txn, before);
    commit(txn);
}

/* ------------------------------------------------------------------ buying and renewing */

static void who_does_not_ask_for_the_number_gets_none(void **state)
{
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_usage_buy_pack(txn, 1, 1, NOW, NULL, &verdict, &fault));
    assert_ok(bbots_usage_take_add_on(txn, 1, 1, 2, NOW, NULL, &verdict, &fault));
    assert_status(bbots_usage_take_add_on(txn, 1, 1, 2, NOW, NULL, &verdict, &fault),
                  BBOTS_REFUSED);
    assert_int_equal(verdict.reason, BBOTS_USAGE_LIMIT_REACHED);
    assert_ok(bbots_usage_take_add_on(txn, 1, 1, 1, NOW, NULL, &verdict, &fault));
    assert_int_equal(verdict.capacity, 2 + 3 * 2);
    /* What was given up counts no more, and another's is not there. */
    assert_ok(bbots_usage_cancel_add_on(txn, 1, 1, NOW, &fault));
    assert_status(bbots_usage_cancel_add_on(txn, 1, 1, NOW, &fault), BBOTS_UNCHANGED);
    assert_status(bbots_usage_cancel_add_on(txn, 2, 2, NOW, &fault), BBOTS_NOT_FOUND);
    assert_status(bbots_usage_cancel_add_on(txn, 1, 9, NOW, &fault), BBOTS_NOT_FOUND);
    assert_ok(bbots_usage_take_add_on(txn, 1, 1, 2, NOW, NULL, &verdict, &fault));
    assert_ok(bbots_usage_seed_tiers(txn, NOW, NULL, &fault));
    commit(txn);
}

/* Packs are drawn on in the order of their end, those without one last; of equals the first bought. */
static void packs_are_used_in_the_order_of_their_end(void **state)
{
    static const int64_t ends[] = {0, 5, 5, 3, 0}; /* in days, 0: none */
    static const int64_t order[] = {4, 2, 3, 1, 5};
    fixture *place = *state;
    bbots_verdict verdict;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (size_t i = 0; i < COUNT(ends); i++) {
        assert_ok(insert_named(txn, BOUGHT, "userId", integer(1), "packId", integer(1),
                               "executionsIncluded", integer(2), "executionsRemaining", integer(2),
                               "pricePaidCents", integer(1), "expiresAt",
                               ends[i] != 0 ? time_at(NOW + ends[i] * DAY) : null_value()));
    }
    assert_ok(bbots_usage_consume(txn, 1, 20, 0, NOW, &verdict, &fault));
    for (size_t i = 0; i < COUNT(order); i++) {
        assert_ok(bbots_usage_consume(txn, 1, 2, 0, NOW, &verdict, &fault));
        assert_int_equal(number_in(txn, BOUGHT, order[i], "executionsRemaining"), 0);
        assert_int_equal(verdict.remaining, 2 * (int64_t)(COUNT(order) - 1 - i));
    }
    commit(txn);
}

/* Only packs that were bought within a period are told of in its record. */
static void a_record_tells_of_its_own_packs(void **state)
{
    static const int64_t bought[] = {START - 1, START, NOW, NOW + 20 * DAY - 1, NOW + 20 * DAY};
    fixture *place = *state;
    bbots_renewal renewal;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (size_t i = 0; i < COUNT(bought); i++) {
        assert_ok(insert_named(txn, BOUGHT, "userId", integer(1), "packId", integer(1),
                               "executionsIncluded", integer((int64_t)1 << i),
                               "executionsRemaining", integer(1), "pricePaidCents", integer(1),
                               "purchasedAt", time_at(bought[i])));
    }
    assert_ok(bbots_usage_renew(txn, 1, 0, NOW + 20 * DAY, &renewal, &fault));
    assert_int_equal(
        number_in(txn, &bbots_subscription_usage_records_table, 1, "additionalExecutionsPurchased"),
        2 + 4 + 8);
    commit(txn);
}

static void no_period_ends_behind_all_time(void **state)
{
    static const char *const frequencies[] = {"weekly", "monthly", "six_month", "annual"};
    fixture *place = *state;
    bbots_renewal renewal;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (size_t i = 0; i < COUNT(frequencies); i++) {
        assert_ok(update_named(txn, SUBS, 1, "paymentFrequency", string(frequencies[i]),
                               "currentPeriodStart", time_at(BBOTS_TIMESTAMP_MAX - 40 * DAY),
                               "currentPeriodEnd", time_at(BBOTS_TIMESTAMP_MAX - DAY)));
        bbots_digest before = digest_of(txn);
        assert_status(bbots_usage_renew(txn, 1, 0, BBOTS_TIMESTAMP_MAX, &renewal, &fault),
                      BBOTS_DATETIME_OUT_OF_RANGE);
        assert_digest(txn, before);
    }
    commit(txn);
}

#define ON_PLANS(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PLANS(abilities_of_another_form_are_none),
        ON_PLANS(a_plan_may_grant_nothing),
        ON_PLANS(the_lowest_plan_that_can_is_told),
        ON_PLANS(the_lowest_plan_that_is_enough_is_advised),
        cmocka_unit_test(texts_for_people_know_their_numbers),
        ON_PLANS(a_trial_ends_when_it_says),
        ON_PLANS(notes_of_another_form_count_as_none),
        ON_PLANS(what_else_the_metadata_hold_stays),
        ON_PLANS(who_does_not_ask_for_the_number_gets_none),
        ON_PLANS(packs_are_used_in_the_order_of_their_end),
        ON_PLANS(a_record_tells_of_its_own_packs),
        ON_PLANS(no_period_ends_behind_all_time),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
