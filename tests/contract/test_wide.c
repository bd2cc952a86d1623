/*
 * test_wide.c - a host's tables may be wider than the documented ones: integers of 64 bits, limits
 * that may be null, amounts with more digits. What is added up then is exact or refused, and nothing
 * wraps around; a column of another kind is named.
 */
#include "support/acts.h"
#include "support/variant.h"

#include <bbots/budget.h>
#include <bbots/costs.h>
#include <bbots/credits.h>
#include <bbots/platform.h>
#include <bbots/usage.h>

#define NOW  ACTS_NOW
#define DAY  ACTS_DAY
#define CALL bbots_text_of("call")

/* ------------------------------------------------------------------ the store */

static void widen(variant *made, const char *table, const char *const *columns)
{
    for (; *columns != NULL; columns++) {
        bbots_column *column = variant_column(made, table, *columns);
        column->type = BBOTS_TYPE_BIGINT;
        column->flags &= (uint8_t)~BBOTS_COLUMN_NOT_NULL;
    }
}

#define WIDEN(table, ...) widen(made, table, (const char *const[]){__VA_ARGS__, NULL})

static variant *wide_variant(void)
{
    variant *made = variant_new();
    WIDEN("user_credits", "balance", "totalPurchased", "totalUsed");
    WIDEN("subscription_tiers", "monthlyExecutionLimit", "maxAgents");
    WIDEN("user_subscriptions", "executionsUsedThisPeriod", "agentsSpawnedThisPeriod",
          "additionalAgentSlots", "additionalExecutions");
    WIDEN("user_execution_packs", "executionsIncluded", "executionsRemaining");
    WIDEN("execution_packs", "validForDays", "executionCount");
    WIDEN("agent_add_ons", "additionalAgents");
    WIDEN("user_agent_add_ons", "quantity");
    WIDEN("subscription_usage_records", "executionsUsed", "additionalExecutionsPurchased",
          "overageChargedCents", "executionLimit", "agentLimit", "overageExecutions");
    static const char *const amounts[] = {"dailyBudget", "weeklyBudget", "currentDailySpend",
                                          "currentWeeklySpend", "currentMonthlySpend"};
    for (size_t i = 0; i < COUNT(amounts); i++) {
        bbots_column *column = variant_column(made, "cost_budgets", amounts[i]);
        column->length = 18;
        column->scale = i == 0 ? 1 : 8;
    }
    variant_column(made, "browserbase_costs", "durationMinutes")->scale = 15;
    variant_column(made, "browserbase_costs", "durationMinutes")->length = 18;
    variant_column(made, "storage_costs", "sizeMb")->scale = 15;
    variant_column(made, "storage_costs", "sizeMb")->length = 18;
    variant_column(made, "storage_costs", "sizeBytes")->type = BBOTS_TYPE_BIGINT;
    variant_column(made, "browserbase_costs", "durationMs")->type = BBOTS_TYPE_BIGINT;
    variant_settle(made);
    return made;
}

#define PUT(table, ...) variant_insert(txn, made, table, __VA_ARGS__)

/* User 1 on a plan of 10 executions and 5 agents; a pack and an add-on on offer. */
static void fill(bbots_txn *txn, const variant *made)
{
    PUT(users, "email", string("a@example.org"));
    PUT(subscription_tiers, "slug", string("a"), "name", string("a"), "monthlyPriceCents",
        integer(1), "maxAgents", integer(5), "maxConcurrentAgents", integer(5),
        "monthlyExecutionLimit", integer(10), "sortOrder", integer(1));
    PUT(user_subscriptions, "userId", integer(1), "tierId", integer(1), "currentPeriodStart",
        bbots_value_timestamp(NOW - 10 * DAY), "currentPeriodEnd",
        bbots_value_timestamp(NOW + 20 * DAY));
    PUT(execution_packs, "slug", string("p"), "name", string("p"), "executionCount", integer(5),
        "priceCents", integer(50));
    PUT(agent_add_ons, "slug", string("p"), "name", string("p"), "additionalAgents", integer(2),
        "monthlyPriceCents", integer(10));
}

typedef struct wide {
    fixture *place;
    variant *made;
    bbots_txn *txn;
} wide;

static wide wide_begin(void **state)
{
    wide of = {.place = *state, .made = wide_variant()};
    variant_open(of.place, of.made);
    of.txn = begin(of.place->store, BBOTS_WRITE);
    bbots_txn_set_now(of.txn, NOW);
    fill(of.txn, of.made);
    return of;
}

static void wide_end(wide *of)
{
    commit(of->txn);
    variant_close(of->place);
    variant_free(of->made);
}

static const bbots_table *table_of(const wide *of, const bbots_table *platform)
{
    return of->made->tables[platform->number];
}

#define SET(table, id, ...)                                                                        \
    assert_ok(update_named(of.txn, table_of(&of, &bbots_##table##_table), (id), __VA_ARGS__))

static void own_pack(wide *of, bbots_value remaining)
{
    assert_ok(insert_named(of->txn, table_of(of, &bbots_user_execution_packs_table), "userId",
                           integer(1), "packId", integer(1), "executionsIncluded", remaining,
                           "executionsRemaining", remaining, "pricePaidCents", integer(1),
                           "purchasedAt", bbots_value_timestamp(NOW)));
}

static void assert_refused(int got, int wanted, const char *says)
{
    assert_status(got, wanted);
    if (strstr(fault.message, says) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.message, says);
    }
}

#define TOO_MUCH(call, says)                                                                       \
    do {                                                                                           \
        bbots_digest unchanged = digest_of(of.txn);                                                \
        assert_refused((call), BBOTS_NUMERIC_OUT_OF_RANGE, (says));                                \
        assert_digest(of.txn, unchanged);                                                          \
    } while (0)

/* ------------------------------------------------------------------ plans */

static int ask(wide *of, bbots_usage_status *status)
{
    return bbots_usage_get(of->txn, 1, NOW, status, &fault);
}

static void capacities_past_64_bits_are_refused(void **state)
{
    wide of = wide_begin(state);
    bbots_usage_status status;
    assert_ok(ask(&of, &status));
    assert_int_equal(status.capacity, 10);
    SET(subscription_tiers, 1, "monthlyExecutionLimit", integer(INT64_MAX));
    assert_ok(ask(&of, &status));
    assert_int_equal(status.capacity, INT64_MAX);
    SET(user_subscriptions, 1, "additionalExecutions", integer(1));
    TOO_MUCH(ask(&of, &status), "a capacity needs more than 64 bits");
    SET(user_subscriptions, 1, "additionalExecutions", integer(0));
    own_pack(&of, integer(1));
    TOO_MUCH(ask(&of, &status), "a capacity needs more than 64 bits");
    SET(subscription_tiers, 1, "monthlyExecutionLimit", integer(10));
    own_pack(&of, integer(INT64_MAX));
    TOO_MUCH(ask(&of, &status), "a capacity needs more than 64 bits");
    wide_end(&of);
}

static void agents_past_64_bits_are_refused(void **state)
{
    wide of = wide_begin(state);
    bbots_verdict verdict;
    bbots_usage_status status;
    int64_t id;
    assert_ok(bbots_usage_take_add_on(of.txn, 1, 1, 3, NOW, &id, &verdict, &fault));
    assert_ok(ask(&of, &status));
    assert_int_equal(status.agents, 5 + 3 * 2);
    SET(agent_add_ons, 1, "additionalAgents", integer(INT64_MAX));
    TOO_MUCH(ask(&of, &status), "a capacity needs more than 64 bits");
    SET(agent_add_ons, 1, "additionalAgents", integer(0));
    assert_ok(bbots_usage_take_add_on(of.txn, 1, 1, INT64_MAX - 3, NOW, &id, &verdict, &fault));
    SET(user_agent_add_ons, 1, "quantity", integer(4));
    TOO_MUCH(bbots_usage_take_add_on(of.txn, 1, 1, 1, NOW, &id, &verdict, &fault),
             "units need more than 64 bits");
    SET(subscription_tiers, 1, "maxAgents", integer(INT64_MAX));
    SET(user_subscriptions, 1, "agentsSpawnedThisPeriod", integer(INT64_MAX));
    TOO_MUCH(bbots_usage_spawn(of.txn, 1, 1, 0, NOW, &verdict, &fault), "");
    wide_end(&of);
}

static void what_was_used_stays_within_64_bits(void **state)
{
    wide of = wide_begin(state);
    bbots_verdict verdict;
    bbots_renewal renewal;
    SET(user_subscriptions, 1, "executionsUsedThisPeriod", integer(INT64_MAX));
    TOO_MUCH(bbots_usage_consume(of.txn, 1, 1, BBOTS_USAGE_OVERAGE, NOW, &verdict, &fault),
             "too many");
    SET(user_subscriptions, 1, "executionsUsedThisPeriod", integer(20));
    assert_ok(bbots_usage_consume(of.txn, 1, 10, BBOTS_USAGE_OVERAGE, NOW, &verdict, &fault));
    TOO_MUCH(bbots_usage_renew(of.txn, 1, INT64_MAX, NOW + 20 * DAY, &renewal, &fault),
             "totals need more than 64 bits");
    own_pack(&of, integer(INT64_MAX - 20));
    SET(user_subscriptions, 1, "additionalExecutions", integer(8));
    own_pack(&of, integer(15));
    SET(user_execution_packs, 2, "status", string("expired"));
    TOO_MUCH(bbots_usage_renew(of.txn, 1, 0, NOW + 20 * DAY, &renewal, &fault),
             "totals need more than 64 bits");
    own_pack(&of, integer(INT64_MAX));
    SET(user_execution_packs, 3, "status", string("expired"));
    TOO_MUCH(bbots_usage_renew(of.txn, 1, 0, NOW + 20 * DAY, &renewal, &fault),
             "packs need more than 64 bits");
    SET(user_subscriptions, 1, "metadata",
        bbots_value_json(bbots_json_of("{\"usage\": {\"periodStart\": 1767614400000000, "
                                       "\"packExecutions\": 9223372036854775807, "
                                       "\"overageExecutions\": 1}}")));
    SET(user_subscriptions, 1, "executionsUsedThisPeriod", integer(INT64_MAX));
    TOO_MUCH(bbots_usage_consume(of.txn, 1, 1, 0, NOW, &verdict, &fault), "more than 64 bits");
    SET(user_subscriptions, 1, "metadata", null_value());
    wide_end(&of);
}

static void a_plan_without_a_limit_is_never_used_up(void **state)
{
    wide of = wide_begin(state);
    bbots_verdict verdict;
    bbots_renewal renewal;
    bbots_usage_status status;
    SET(subscription_tiers, 1, "monthlyExecutionLimit", null_value());
    SET(user_subscriptions, 1, "additionalExecutions", integer(8));
    assert_ok(bbots_usage_consume(of.txn, 1, 1000000, 0, NOW, &verdict, &fault));
    assert_true(verdict.unlimited && verdict.remaining == INT64_MAX);
    assert_ok(ask(&of, &status));
    assert_int_equal(status.plan_limit, -1);
    assert_int_equal(status.used, 1000000);
    assert_int_equal(status.percent_hundredths, 0);
    assert_ok(bbots_usage_renew(of.txn, 1, 1, NOW + 20 * DAY, &renewal, &fault));
    bbots_row row;
    assert_ok(get_id(of.txn, table_of(&of, &bbots_subscription_usage_records_table), 1, &row));
    assert_int_equal(row_at(&row, "executionLimit").integer,
                     0); /* the column of the platform cannot be null */
    assert_int_equal(row_at(&row, "executionsUsed").integer, 1000000);
    assert_int_equal(row_at(&row, "additionalExecutionsUsed").integer, 0);
    wide_end(&of);
}

static void a_pack_may_not_last_for_ever(void **state)
{
    wide of = wide_begin(state);
    bbots_verdict verdict;
    int64_t id;
    static const int64_t days[] = {INT64_MAX, 106751992, 106740000};
    for (size_t i = 0; i < COUNT(days); i++) {
        SET(execution_packs, 1, "validForDays", integer(days[i]));
        bbots_digest before = digest_of(of.txn);
        assert_status(bbots_usage_buy_pack(of.txn, 1, 1, NOW, &id, &verdict, &fault),
                      BBOTS_DATETIME_OUT_OF_RANGE);
        assert_digest(of.txn, before);
    }
    SET(execution_packs, 1, "validForDays", integer(1));
    assert_ok(bbots_usage_buy_pack(of.txn, 1, 1, NOW, &id, &verdict, &fault));
    wide_end(&of);
}

/* The check adds up too: what a plan grants does not wrap around. */
static void the_check_does_not_wrap_around(void **state)
{
    wide of = wide_begin(state);
    SET(subscription_tiers, 1, "monthlyExecutionLimit", integer(INT64_MAX));
    SET(user_subscriptions, 1, "additionalExecutions", integer(INT64_MAX),
        "executionsUsedThisPeriod", integer(INT64_MAX));
    bbots_check_options options = {.usual_values = true};
    bbots_check_result result;
    assert_ok(bbots_check(of.txn, &options, &result, &fault));
    assert_int_equal(result.notes, 0);
    SET(subscription_tiers, 1, "monthlyExecutionLimit", integer(1));
    SET(user_subscriptions, 1, "additionalExecutions", integer(2), "executionsUsedThisPeriod",
        integer(4));
    assert_ok(bbots_check(of.txn, &options, &result, &fault));
    assert_int_equal(result.notes, 1);
    wide_end(&of);
}

/* ------------------------------------------------------------------ credits */

static void own_credits(wide *of, int64_t purchased, int64_t used)
{
    assert_ok(insert_named(of->txn, table_of(of, &bbots_user_credits_table), "userId", integer(1),
                           "creditType", string("call"), "totalPurchased", integer(purchased),
                           "totalUsed", integer(used), "balance", integer(purchased - used)));
}

static void credits_past_64_bits_are_refused(void **state)
{
    wide of = wide_begin(state);
    bbots_credits got;
    const char *says = "need more than 64 bits";
    assert_ok(bbots_credits_add(of.txn, 1, CALL, INT64_MAX, NOW, &got, &fault));
    TOO_MUCH(bbots_credits_add(of.txn, 1, CALL, 1, NOW, &got, &fault), says);
    assert_ok(bbots_credits_consume(of.txn, 1, CALL, INT64_MAX, NOW, &got, &fault));
    assert_int_equal(got.balance, 0);
    TOO_MUCH(bbots_credits_add(of.txn, 1, CALL, 1, NOW, &got, &fault), says);
    own_credits(&of, 0, 0);
    assert_ok(bbots_credits_balance(of.txn, 1, CALL, &got, &fault));
    own_credits(&of, 1, 1);
    TOO_MUCH(bbots_credits_balance(of.txn, 1, CALL, &got, &fault), says);
    SET(user_credits, 3, "totalPurchased", integer(0), "balance", integer(-1));
    TOO_MUCH(bbots_credits_balance(of.txn, 1, CALL, &got, &fault), says);
    SET(user_credits, 3, "totalUsed", integer(0), "balance", integer(0));
    wide_end(&of);
}

/* ------------------------------------------------------------------ amounts */

static void budgets_are_read_at_any_scale(void **state)
{
    wide of = wide_begin(state);
    const bbots_table *budgets = table_of(&of, &bbots_cost_budgets_table);
    bbots_budget_limits limits = {.limits = {1000 * 10000, 2000 * 10000, 50 * 10000}};
    bbots_budget_status status;
    bbots_cost_recorded recorded;
    bbots_row row;
    bbots_cost_call call = {
        .user_id = 1, .model = bbots_text_of("m"), .priced = true, .input_cost = 12345};
    assert_ok(bbots_budget_set(of.txn, 1, &limits, NOW, &fault));
    assert_ok(bbots_cost_record_call(of.txn, &call, 0, NOW, &recorded, &fault));
    assert_ok(bbots_budget_status_of(of.txn, 1, NOW, &status, &fault));
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS; i++) {
        assert_int_equal(status.periods[i].budget, limits.limits[i]);
        assert_int_equal(status.periods[i].spend, 12345);
    }
    assert_ok(get_id(of.txn, budgets, 1, &row));
    assert_int_equal(row_at(&row, "dailyBudget").integer, 1000 * 10);
    assert_int_equal(row_at(&row, "weeklyBudget").integer, INT64_C(2000) * 100000000);
    assert_int_equal(row_at(&row, "currentDailySpend").integer, 123450000);
    /* One of more digits than an amount has here is past every spend. */
    SET(cost_budgets, 1, "dailyBudget", bbots_value_decimal(INT64_C(999999999999999999), 1));
    assert_ok(bbots_budget_status_of(of.txn, 1, NOW, &status, &fault));
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].budget, INT64_MAX);
    assert_int_equal(status.verdict, BBOTS_BUDGET_WITHIN);
    wide_end(&of);
}

static void amounts_past_64_bits_are_refused(void **state)
{
    wide of = wide_begin(state);
    bbots_cost_recorded recorded;
    bbots_cost_session session = {.user_id = 1,
                                  .session_id = bbots_text_of("s"),
                                  .status = bbots_text_of("active"),
                                  .duration_ms = 1000000000};
    bbots_cost_operation operation = {.user_id = 1,
                                      .provider = bbots_text_of("s3"),
                                      .bucket = bbots_text_of("b"),
                                      .operation = bbots_text_of("list"),
                                      .size_bytes = 10000000000};
    const char *says = "an amount needs more than 64 bits";
    TOO_MUCH(bbots_cost_record_session(of.txn, &session, 0, NOW, &recorded, &fault), says);
    TOO_MUCH(bbots_cost_record_operation(of.txn, &operation, 0, NOW, &recorded, &fault), says);
    session.duration_ms = 90000;
    operation.size_bytes = 1048576;
    assert_ok(bbots_cost_record_session(of.txn, &session, 0, NOW, &recorded, &fault));
    assert_ok(bbots_cost_record_operation(of.txn, &operation, 0, NOW, &recorded, &fault));
    bbots_row row;
    assert_ok(get_id(of.txn, table_of(&of, &bbots_browserbase_costs_table), 1, &row));
    assert_int_equal(row_at(&row, "durationMinutes").integer, INT64_C(1500000000000000));
    wide_end(&of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(capacities_past_64_bits_are_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(agents_past_64_bits_are_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_was_used_stays_within_64_bits, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_plan_without_a_limit_is_never_used_up, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_pack_may_not_last_for_ever, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(the_check_does_not_wrap_around, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(credits_past_64_bits_are_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(budgets_are_read_at_any_scale, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(amounts_past_64_bits_are_refused, fixture_setup,
                                        fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
