/*
 * test_accounts.c - proves that the check holds accounts against each other: balances of credits, packs,
 * subscriptions, closed periods, budgets, reservations, summaries of days. Each is made wrong in one way, by an ordinary
 * statement of a host; the check names just that, a repair mends what follows from other facts, and
 * leaves the rest as it was.
 */
#include "support/support.h"

#include <bbots/budget.h>
#include <bbots/costs.h>
#include <bbots/platform.h>
#include <bbots/usage.h>

#define USERS     (&bbots_users_table)
#define TIERS     (&bbots_subscription_tiers_table)
#define SUBS      (&bbots_user_subscriptions_table)
#define PACKS     (&bbots_execution_packs_table)
#define BOUGHT    (&bbots_user_execution_packs_table)
#define RECORDS   (&bbots_subscription_usage_records_table)
#define CREDITS   (&bbots_user_credits_table)
#define BUDGETS   (&bbots_cost_budgets_table)
#define CONFIG    (&bbots_system_config_table)
#define SUMMARIES (&bbots_daily_cost_summaries_table)

static const bbots_options usual = {.schema = &bbots_platform_schema};

#define NOW time_of("2026-01-15T12:00:00")

static bbots_value time_value(const char *text)
{
    return bbots_value_timestamp(time_of(text));
}

static bbots_value json(const char *text)
{
    return bbots_value_json(bbots_json_of(text));
}

/* ------------------------------------------------------------------ a store in order */

static void fill_plans(bbots_txn *txn)
{
    bbots_verdict verdict;
    assert_ok(insert_named(txn, TIERS, "slug", string("a"), "name", string("a"),
                           "monthlyPriceCents", integer(100), "maxAgents", integer(2),
                           "maxConcurrentAgents", integer(2), "monthlyExecutionLimit", integer(10),
                           "sortOrder", integer(1), "allowedStrategies", json("[]"), "features",
                           json("{}")));
    assert_ok(insert_named(txn, SUBS, "userId", integer(1), "tierId", integer(1),
                           "currentPeriodStart", time_value("2026-01-01"), "currentPeriodEnd",
                           time_value("2026-02-01")));
    assert_ok(insert_named(txn, PACKS, "slug", string("p"), "name", string("p"), "executionCount",
                           integer(5), "priceCents", integer(50)));
    for (int i = 0; i < 2; i++) {
        assert_ok(insert_named(txn, BOUGHT, "userId", integer(1), "packId", integer(1),
                               "executionsIncluded", integer(5), "executionsRemaining", integer(5),
                               "purchasedAt", time_value("2026-01-02"), "pricePaidCents",
                               integer(50)));
    }
    /* Ten of the plan, five of the first pack, two of the second, which has three left. */
    assert_ok(bbots_usage_consume(txn, 1, 17, 0, NOW, &verdict, &fault));
    assert_ok(insert_named(txn, BOUGHT, "userId", integer(1), "packId", integer(1), "purchasedAt",
                           time_value("2026-01-02"), "pricePaidCents", integer(50)));
    assert_ok(insert_named(
        txn, RECORDS, "userId", integer(1), "periodStart", time_value("2025-12-01"), "periodEnd",
        time_value("2026-01-01"), "tierId", integer(1), "executionLimit", integer(10), "agentLimit",
        integer(2), "executionsUsed", integer(14), "additionalExecutionsPurchased", integer(3),
        "additionalExecutionsUsed", integer(3), "overageExecutions", integer(1)));
}

static void record_call(bbots_txn *txn, const char *when, int64_t cost)
{
    bbots_cost_recorded recorded;
    bbots_cost_call call = {.source = BBOTS_COST_CLAUDE,
                            .user_id = 1,
                            .model = bbots_text_of("opus"),
                            .input_tokens = 10,
                            .at = time_of(when),
                            .priced = true,
                            .input_cost = cost};
    assert_ok(bbots_cost_record_call(txn, &call, 0, NOW, &recorded, &fault));
}

static void fill_money(bbots_txn *txn)
{
    bbots_budget_limits limits = {.limits = {500000, 1000000, 2000000}};
    bbots_uuid id;
    assert_ok(bbots_credits_add(txn, 1, bbots_text_of("calling"), 100, NOW, NULL, &fault));
    assert_ok(bbots_credits_consume(txn, 1, bbots_text_of("calling"), 30, NOW, NULL, &fault));
    assert_ok(bbots_budget_set(txn, 1, &limits, NOW, &fault));
    record_call(txn, "2026-01-15T01:00:00", 12345);
    record_call(txn, "2026-01-16T01:00:00", 20000);
    assert_ok(
        bbots_budget_reserve(txn, 1, 1000, time_of("2026-01-15T13:00:00"), NOW, &id, NULL, &fault));
    assert_ok(
        bbots_budget_reserve(txn, 1, 2000, time_of("2026-01-15T13:00:00"), NOW, &id, NULL, &fault));
}

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_txn_set_now(txn, NOW);
    for (int i = 0; i < 2; i++) {
        assert_ok(
            insert_named(txn, USERS, "email", string(i == 0 ? "a@example.org" : "b@example.org")));
    }
    fill_plans(txn);
    fill_money(txn);
    commit(txn);
    assert_int_equal(check_store(place->store) > 0, true);
    return rc;
}

/* ------------------------------------------------------------------ findings */

typedef struct heard {
    unsigned count;
    bbots_severity severity;
    char table[64];
    char object[64];
    char key[64];
    char message[256];
} heard;

static void hear(const bbots_finding *finding, void *context)
{
    heard *of = context;
    of->count++;
    of->severity = finding->severity;
    snprintf(of->table, sizeof of->table, "%s", finding->table);
    snprintf(of->object, sizeof of->object, "%s", finding->object);
    snprintf(of->key, sizeof of->key, "%s", finding->key);
    snprintf(of->message, sizeof of->message, "%s", finding->message);
}

static heard check_all(bbots_store *store, const bbots_table *only, bool with_usual)
{
    heard all = {0};
    bbots_check_result result;
    bbots_check_options how = {
        .table = only, .usual_values = with_usual, .on_finding = hear, .context = &all};
    bbots_txn *txn = begin(store, BBOTS_READ);
    assert_ok(bbots_check(txn, &how, &result, &fault));
    bbots_rollback(txn);
    assert_int_equal(result.notes + result.derived + result.damage, all.count);
    return all;
}

static bbots_check_result repair(bbots_store *store, heard *told)
{
    bbots_check_result result;
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    *told = (heard){0};
    assert_ok(bbots_repair(txn, hear, told, &result, &fault));
    commit(txn);
    return result;
}

/* Writes a column of a row; the value that was there is returned (an integer, a decimal, a time). */
static bbots_value put(bbots_store *store, const bbots_table *table, int64_t id, const char *name,
                       bbots_value value)
{
    bbots_row row;
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    assert_ok(get_id(txn, table, id, &row));
    bbots_value before = row_at(&row, name);
    assert_ok(update_named(txn, table, id, name, value));
    commit(txn);
    return before;
}

/* As put(), of what a follower keeps: where none does. */
static bbots_value put_unfollowed(fixture *place, const bbots_table *table, int64_t id,
                                  const char *name, bbots_value value)
{
    bbots_options plain = usual;
    plain.flags = BBOTS_OPEN_UNFOLLOWED;
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &plain);
    bbots_value before = put(place->store, table, id, name, value);
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &usual);
    return before;
}

static bbots_value read_one(bbots_store *store, const bbots_table *table, int64_t id,
                            const char *name)
{
    bbots_row row;
    bbots_txn *txn = begin(store, BBOTS_READ);
    assert_ok(get_id(txn, table, id, &row));
    bbots_value value = row_at(&row, name);
    bbots_rollback(txn);
    return value;
}

static void expect_finding(const heard *found, bbots_severity severity, const bbots_table *table,
                           const char *object, int64_t id)
{
    char key[64];
    snprintf(key, sizeof key, "%lld", (long long)id);
    if (found->count != 1 || found->severity != severity) {
        print_error("%u findings, the last: %s %s %s %s\n", found->count, found->table,
                    found->object, found->key, found->message);
    }
    assert_int_equal(found->count, 1);
    assert_int_equal(found->severity, severity);
    assert_string_equal(found->table, table->name);
    assert_string_equal(found->object, object);
    assert_string_equal(found->key, key);
    assert_true(found->message[0] != '\0');
}

/* ------------------------------------------------------------------ tests */

/* What follows from other facts is found, and written anew. */
static void what_follows_is_mended(void **state)
{
    static const struct {
        const bbots_table *table;
        int64_t id;
        const char *column;
        int64_t wrong;
    } cases[] = {
        {CREDITS, 1, "balance", 71},
        {CREDITS, 1, "balance", -70},
        {BUDGETS, 1, "currentDailySpend", 0},
        {BUDGETS, 1, "currentWeeklySpend", 1},
        {BUDGETS, 1, "currentMonthlySpend", 99999999},
    };
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const bbots_table *table = cases[i].table;
        const char *name = cases[i].column;
        bool amount = table == BUDGETS;
        bbots_value before = put_unfollowed(place, table, cases[i].id, name,
                                            amount ? bbots_value_decimal(cases[i].wrong, 4)
                                                   : integer(cases[i].wrong));
        heard found = check_all(place->store, NULL, false);
        expect_finding(&found, BBOTS_DERIVED, table, name, cases[i].id);
        found = check_all(place->store, table, false);
        expect_finding(&found, BBOTS_DERIVED, table, name, cases[i].id);
        assert_int_equal(repair(place->store, &found).derived, 1);
        expect_finding(&found, BBOTS_DERIVED, table, name, cases[i].id);
        assert_int_equal(read_one(place->store, table, cases[i].id, name).integer, before.integer);
        check_store(place->store);
    }
}

/* A spend is told as the number that it is, below zero too. */
static void a_spend_is_told_exactly(void **state)
{
    static const struct {
        int64_t spend;
        const char *told;
    } cases[] = {
        {-500, "the day's spend is -0.0500, but its costs come to 1.2345"},
        {-20001, "the day's spend is -2.0001, but its costs come to 1.2345"},
        {INT64_C(9999999999), "the day's spend is 999999.9999, but its costs come to 1.2345"},
    };
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_unfollowed(place, BUDGETS, 1, "currentDailySpend",
                       bbots_value_decimal(cases[i].spend, 4));
        heard found = check_all(place->store, NULL, false);
        expect_finding(&found, BBOTS_DERIVED, BUDGETS, "currentDailySpend", 1);
        assert_string_equal(found.message, cases[i].told);
    }
    assert_int_equal(repair(place->store, &(heard){0}).derived, 1);
    check_store(place->store);
}

static void the_status_of_a_pack_agrees_with_what_remains(void **state)
{
    fixture *place = *state;
    bbots_row row;
    put(place->store, BOUGHT, 1, "status", string("active"));
    heard found = check_all(place->store, NULL, false);
    expect_finding(&found, BBOTS_DERIVED, BOUGHT, "status", 1);
    assert_int_equal(repair(place->store, &found).derived, 1);
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_ok(get_id(txn, BOUGHT, 1, &row));
    bbots_value depleted = string("depleted");
    bbots_value now = row_at(&row, "status");
    assert_true(same_value(&now, &depleted));
    bbots_rollback(txn);
    check_store(place->store);
    for (int id = 2; id <= 3; id++) { /* some left, and any number left: who is right? */
        put(place->store, BOUGHT, id, "status", depleted);
        found = check_all(place->store, NULL, false);
        expect_finding(&found, BBOTS_DAMAGE, BOUGHT, "status", id);
        assert_int_equal(repair(place->store, &found).derived, 0);
        put(place->store, BOUGHT, id, "status", string("expired")); /* whatever remains */
        check_store(place->store);
    }
    put(place->store, BOUGHT, 2, "executionsRemaining", integer(0)); /* a pack of nothing */
    put(place->store, BOUGHT, 2, "executionsIncluded", integer(0));
    put(place->store, BOUGHT, 2, "status", string("active"));
    check_store(place->store);
}

/* What follows from nothing is told, and left as it is. */
static void what_contradicts_itself_is_damage(void **state)
{
    static const struct {
        const bbots_table *table;
        int64_t id;
        const char *column;
        int64_t wrong;
    } cases[] = {
        {CREDITS, 1, "totalPurchased", -1},
        {CREDITS, 1, "totalPurchased", 29},
        {CREDITS, 1, "totalUsed", -1},
        {CREDITS, 1, "totalUsed", 101},
        {BOUGHT, 2, "executionsIncluded", -5},
        {BOUGHT, 2, "executionsRemaining", -1},
        {BOUGHT, 2, "executionsRemaining", 6},
        {SUBS, 1, "executionsUsedThisPeriod", -1},
        {SUBS, 1, "executionsUsedThisPeriod", 6},
        {SUBS, 1, "agentsSpawnedThisPeriod", -1},
        {SUBS, 1, "additionalAgentSlots", -1},
        {SUBS, 1, "additionalExecutions", -1},
        {RECORDS, 1, "executionsUsed", -1},
        {RECORDS, 1, "executionsUsed", 3},
        {RECORDS, 1, "overageExecutions", 12},
        {RECORDS, 1, "overageExecutions", -1},
        {RECORDS, 1, "additionalExecutionsUsed", -1},
        {RECORDS, 1, "peakConcurrentAgents", -1},
    };
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const bbots_table *table = cases[i].table;
        bbots_value before =
            put(place->store, table, cases[i].id, cases[i].column, integer(cases[i].wrong));
        bbots_check_options plain = {.no_accounts = true};
        bbots_check_result none;
        bbots_txn *txn = begin(place->store, BBOTS_READ);
        assert_ok(bbots_check(txn, &plain, &none, &fault));
        assert_int_equal(none.damage + none.derived, 0);
        bbots_rollback(txn);
        heard found = check_all(place->store, NULL, false);
        bool totals = cases[i].wrong == 29; /* of two columns the second is named */
        bool beyond = cases[i].wrong == 12;
        expect_finding(&found, BBOTS_DAMAGE, table,
                       totals   ? "totalUsed"
                       : beyond ? "executionsUsed"
                                : cases[i].column,
                       cases[i].id);
        bbots_check_result result = repair(place->store, &found);
        assert_int_equal(result.damage, 1);
        assert_int_equal(result.derived, 0);
        assert_int_equal(found.count, 0);
        assert_int_equal(read_one(place->store, table, cases[i].id, cases[i].column).integer,
                         cases[i].wrong);
        put(place->store, table, cases[i].id, cases[i].column, before);
        check_store(place->store);
    }
}

static void what_is_no_number_is_judged_too(void **state)
{
    fixture *place = *state;
    heard found;
    bbots_value before = put(place->store, BOUGHT, 2, "executionsRemaining", null_value());
    found = check_all(place->store, NULL, false);
    expect_finding(&found, BBOTS_DAMAGE, BOUGHT, "executionsRemaining", 2);
    put(place->store, BOUGHT, 2, "executionsRemaining", before);
    put(place->store, BOUGHT, 3, "executionsRemaining", integer(1));
    found = check_all(place->store, NULL, false);
    expect_finding(&found, BBOTS_DAMAGE, BOUGHT, "executionsRemaining", 3);
    put(place->store, BOUGHT, 3, "executionsRemaining", null_value());
    before = put(place->store, SUBS, 1, "currentPeriodEnd", time_value("2025-12-31"));
    found = check_all(place->store, NULL, false);
    expect_finding(&found, BBOTS_DAMAGE, SUBS, "currentPeriodEnd", 1);
    put(place->store, SUBS, 1, "currentPeriodEnd", before);
    before = put(place->store, RECORDS, 1, "periodEnd", time_value("2025-11-01"));
    found = check_all(place->store, NULL, false);
    expect_finding(&found, BBOTS_DAMAGE, RECORDS, "periodEnd", 1);
    put(place->store, RECORDS, 1, "periodEnd", before);
    before = put(place->store, BUDGETS, 1, "weeklyBudget", bbots_value_decimal(-1, 2));
    found = check_all(place->store, NULL, false);
    expect_finding(&found, BBOTS_DAMAGE, BUDGETS, "weeklyBudget", 1);
    put(place->store, BUDGETS, 1, "weeklyBudget", before);
}

/* A plan that was taken down within the period is allowed, and told only when it is asked for. */
static void a_plan_that_is_exceeded_is_unusual(void **state)
{
    fixture *place = *state;
    put(place->store, TIERS, 1, "monthlyExecutionLimit", integer(9));
    assert_int_equal(check_all(place->store, NULL, false).count, 0);
    heard found = check_all(place->store, SUBS, true);
    expect_finding(&found, BBOTS_NOTE, SUBS, "executionsUsedThisPeriod", 1);
    put(place->store, SUBS, 1, "executionsUsedThisPeriod", integer(-1));
    found = check_all(place->store, SUBS, true);
    expect_finding(&found, BBOTS_DAMAGE, SUBS, "executionsUsedThisPeriod", 1);
    put(place->store, SUBS, 1, "executionsUsedThisPeriod", integer(17));
}

static int64_t reservations_row(bbots_store *store)
{
    bbots_row row;
    bbots_value key = string("reservations.1");
    bbots_txn *txn = begin(store, BBOTS_READ);
    assert_ok(
        bbots_get(txn, CONFIG, index_of(CONFIG, "system_config_key_key"), &key, &row, &fault));
    int64_t id = row_at(&row, "id").integer;
    bbots_rollback(txn);
    return id;
}

static void reservations_can_be_read_and_are_there_once(void **state)
{
    static const char one[] = "{\"id\": \"123e4567-e89b-42d3-a456-426614174000\", \"amount\": 5, "
                              "\"expires\": 1800000000000000}";
    fixture *place = *state;
    char twice[512];
    snprintf(twice, sizeof twice, "{\"open\": [%s, %s]}", one, one);
    const char *const wrong[] = {twice, "{\"open\": [{\"id\": \"nobody\", \"amount\": 5}]}",
                                 "{\"open\": [{\"id\": \"123e4567-e89b-42d3-a456-426614174000\", "
                                 "\"amount\": -5, \"expires\": 1800000000000000}]}"};
    int64_t id = reservations_row(place->store);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        put(place->store, CONFIG, id, "value", json(wrong[i]));
        heard found = check_all(place->store, CONFIG, false);
        expect_finding(&found, BBOTS_DAMAGE, CONFIG, "value", id);
    }
    put(place->store, CONFIG, id, "value", json("{\"open\": []}"));
    check_store(place->store);
}

/* Each column of a summary is what the costs of the day come to. */
static void summaries_of_days_are_held_against_costs(void **state)
{
    static const struct {
        const char *column;
        bool whole;
    } cases[] = {{"totalApiCalls", true},        {"totalInputTokens", true},
                 {"apiCostUsd", false},          {"totalCostUsd", false},
                 {"totalSessionMinutes", false}, {"totalStorageOperations", true}};
    fixture *place = *state;
    bbots_check_result result;
    heard found;
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned number = column(SUMMARIES, cases[i].column);
        bbots_value wrong = cases[i].whole
                                ? integer(77)
                                : bbots_value_decimal(77, SUMMARIES->columns[number].scale);
        bbots_value before = put_unfollowed(place, SUMMARIES, 1, cases[i].column, wrong);
        found = check_all(place->store, NULL, false);
        expect_finding(&found, BBOTS_DERIVED, SUMMARIES, cases[i].column, 1);
        result = repair(place->store, &found);
        assert_int_equal(result.derived, 1);
        assert_int_equal(read_one(place->store, SUMMARIES, 1, cases[i].column).integer,
                         before.integer);
        check_store(place->store);
    }
    put_unfollowed(place, SUMMARIES, 1, "date", time_value("2026-03-01"));
    found = check_all(place->store, SUMMARIES, false); /* a day without costs ... */
    expect_finding(&found, BBOTS_DERIVED, SUMMARIES, "date", 1);
    found = check_all(place->store, USERS, false); /* ... and one without a summary */
    expect_finding(&found, BBOTS_DERIVED, USERS, "daily_cost_summaries", 1);
    assert_non_null(strstr(found.message, "2026-01-15"));
    repair(place->store, &found);
    check_store(place->store);
    /* A time that is no day is the host's own. */
    put_unfollowed(place, SUMMARIES, 2, "date", time_value("2026-01-16T00:00:01"));
    found = check_all(place->store, NULL, false);
    expect_finding(&found, BBOTS_DERIVED, USERS, "daily_cost_summaries", 1);
    result = repair(place->store, &found);
    assert_int_equal(result.derived, 1);
    check_store(place->store);
}

/* Within a transaction whose costs are not settled yet, budgets are not judged. */
static void costs_that_wait_are_no_finding(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_txn_set_now(txn, NOW);
    record_call(txn, "2026-01-15T03:00:00", 777);
    assert_ok(insert_named(txn, &bbots_api_token_usage_table, "userId", integer(1), "model",
                           string("opus"), "totalTokens", integer(1), "inputCost",
                           bbots_value_decimal(5000, 4), "outputCost", bbots_value_decimal(0, 4),
                           "totalCost", bbots_value_decimal(5000, 4), "createdAt",
                           time_value("2026-01-15T04:00:00")));
    check_txn(txn);
    commit(txn);
    check_store(place->store);
}

/* Where nothing follows, what a follower keeps is the host's. */
static void an_unfollowed_store_is_not_judged_by_followers(void **state)
{
    fixture *place = *state;
    bbots_options plain = usual;
    plain.flags = BBOTS_OPEN_UNFOLLOWED;
    put_unfollowed(place, BUDGETS, 1, "currentDailySpend", bbots_value_decimal(0, 4));
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &plain);
    assert_int_equal(check_all(place->store, NULL, false).count, 0);
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &usual);
    assert_int_equal(check_all(place->store, NULL, false).count, 1);
    heard told;
    assert_int_equal(repair(place->store, &told).derived, 1);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(what_follows_is_mended),
        WITH_STORE(a_spend_is_told_exactly),
        WITH_STORE(the_status_of_a_pack_agrees_with_what_remains),
        WITH_STORE(what_contradicts_itself_is_damage),
        WITH_STORE(what_is_no_number_is_judged_too),
        WITH_STORE(a_plan_that_is_exceeded_is_unusual),
        WITH_STORE(reservations_can_be_read_and_are_there_once),
        WITH_STORE(summaries_of_days_are_held_against_costs),
        WITH_STORE(costs_that_wait_are_no_finding),
        WITH_STORE(an_unfollowed_store_is_not_judged_by_followers),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
