/*
 * tests/contract/test_dear.c - a host's costs may have more digits than the documented ones: whatever is
 * asked, a sum past 64 bits is refused by its name, and one that still fits is exact.
 */
#include "support/variant.h"

#include <bbots/costs.h>
#include <bbots/platform.h>
#include <bbots/prices.h>

#define BEGIN time_of("2026-01-15 00:00:00")
#define HOUR  INT64_C(3600000000)
#define DAY   (24 * HOUR)
#define MOST  INT64_C(999999999999999999) /* of 18 digits */

/* Costs of one hour after the other, each as dear as can be. */
typedef struct pile {
    const char *name;
    unsigned scale; /* of the columns */
    int64_t each;
    unsigned calls;
    unsigned sessions; /* in the same hours */
    unsigned fitting;  /* hours from the first on that can be added up */
} pile;

static const pile piles[] = {
    {"many calls", 6, MOST, 10, 0, 9},
    {"much less than nothing", 6, -MOST, 10, 0, 9},
    {"two sources", 6, MOST, 5, 5, 4},
    {"no room for digits", 0, INT64_C(10000000000000), 1, 0, 0},
    {"no room for digits of a session", 0, INT64_C(10000000000000), 0, 1, 0},
};

static const bbots_cost_by ways[] = {
    BBOTS_COST_BY_NOTHING, BBOTS_COST_BY_HOUR,     BBOTS_COST_BY_DAY,  BBOTS_COST_BY_WEEK,
    BBOTS_COST_BY_MONTH,   BBOTS_COST_BY_PROVIDER, BBOTS_COST_BY_USER, BBOTS_COST_BY_EXECUTION};

static const char *const zones[] = {NULL, "Europe/Berlin", "Asia/Kolkata"};

static variant *dear_variant(const pile *of, bool summed_up)
{
    static const char *const tables[] = {"api_token_usage", "gemini_token_usage",
                                         "browserbase_costs", "storage_costs"};
    variant *made = variant_new();
    if (!summed_up) { /* summaries of days cannot hold them */
        variant_rename(made, "daily_cost_summaries", "something_else");
    }
    for (size_t i = 0; i < COUNT(tables); i++) {
        bbots_column *total = variant_column(made, tables[i], "totalCost");
        total->length = 18;
        total->scale = (uint8_t)of->scale;
    }
    variant_settle(made);
    return made;
}

static void fill(bbots_txn *txn, const variant *made, const pile *of)
{
    static const char prices[] =
        "{\"provider\": \"anthropic\", \"models\": [{\"id\": \"m\", \"prices\": [{\"input\": "
        "\"3\", \"output\": \"15\"}]}]}";
    bbots_value each = bbots_value_decimal(of->each, of->scale);
    variant_insert(txn, made, system_config, "key", string("pricing.anthropic"), "value",
                   bbots_value_json(bbots_json_of(prices)));
    variant_insert(txn, made, users, "email", string("a@example.org"));
    variant_insert(txn, made, agency_tasks, "userId", integer(1), "sourceType", string("x"),
                   "title", string("t"), "taskType", string("x"));
    variant_insert(txn, made, task_executions, "taskId", integer(1), "triggeredBy", string("x"));
    for (unsigned i = 0; i < of->calls; i++) {
        variant_insert(txn, made, api_token_usage, "userId", integer(1), "executionId", integer(1),
                       "model", string("m"), "inputTokens", integer(1), "outputTokens", integer(0),
                       "totalTokens", integer(1), "inputCost", bbots_value_decimal(0, 4),
                       "outputCost", bbots_value_decimal(0, 4), "totalCost", each, "createdAt",
                       bbots_value_timestamp(BEGIN + i * HOUR));
    }
    for (unsigned i = 0; i < of->sessions; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%u", i);
        variant_insert(txn, made, browserbase_costs, "userId", integer(1), "executionId",
                       integer(1), "sessionId", string(name), "status", string("completed"),
                       "durationMs", integer(0), "durationMinutes", bbots_value_decimal(0, 2),
                       "startedAt", bbots_value_timestamp(BEGIN), "totalCost", each, "createdAt",
                       bbots_value_timestamp(BEGIN + i * HOUR));
    }
}

/* What the first hours cost together, and one of them if it has anything. */
static int64_t cost_of(const pile *of, unsigned hours)
{
    int64_t cost = 0;
    int64_t unit = of->scale == 0 ? 1000000 : 1;
    for (unsigned i = 0; i < hours; i++) {
        cost += (i < of->calls ? of->each * unit : 0) + (i < of->sessions ? of->each * unit : 0);
    }
    return cost;
}

/* A question about the first hours. */
static bbots_cost_question about(unsigned hours, unsigned way, unsigned zone)
{
    return (bbots_cost_question){.user_id = way % 2,
                                 .from = BEGIN,
                                 .to = BEGIN + hours * HOUR,
                                 .zone = zones[zone],
                                 .costs_first = way % 3 == 0,
                                 .by = ways[way]};
}

static void try_questions(bbots_txn *txn, const pile *of)
{
    for (unsigned way = 0; way < COUNT(ways); way++) {
        for (unsigned zone = 0; zone < COUNT(zones); zone++) {
            bbots_cost_question all = about(48, way, zone);
            bbots_cost_question ever = {.zone = zones[zone], .by = ways[way]};
            bbots_cost_question some = about(of->fitting, way, zone);
            bbots_cost_answer *answer;
            assert_status(bbots_cost_ask(txn, &all, &answer, &fault), BBOTS_NUMERIC_OUT_OF_RANGE);
            assert_non_null(strstr(fault.message, "more than 64 bits"));
            assert_status(bbots_cost_ask(txn, &ever, &answer, &fault), BBOTS_NUMERIC_OUT_OF_RANGE);
            assert_ok(bbots_cost_ask(txn, &some, &answer, &fault));
            assert_int_equal(bbots_cost_answer_sums(answer)->total, cost_of(of, of->fitting));
            bbots_cost_answer_free(answer);
        }
    }
}

static void try_others(bbots_txn *txn, const pile *of)
{
    bbots_cost_question all = about(48, 0, 0);
    bbots_cost_question some = about(of->fitting, 0, 0);
    bbots_cost_executions executions;
    bbots_cost_forecast forecast;
    bbots_cost_sums sums;
    assert_status(bbots_cost_execution(txn, 1, &sums, &fault), BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_status(bbots_cost_executions_of(txn, &all, &executions, &fault),
                  BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_ok(bbots_cost_executions_of(txn, &some, &executions, &fault));
    assert_int_equal(executions.total, cost_of(of, of->fitting));
    for (unsigned zone = 0; zone < COUNT(zones); zone++) {
        assert_status(bbots_cost_forecast_of(txn, 1, zones[zone], BEGIN + DAY, &forecast, &fault),
                      BBOTS_NUMERIC_OUT_OF_RANGE);
        /* What was spent fits, and goes on as it went until the month ends. */
        assert_status(bbots_cost_forecast_of(txn, 1, zones[zone], BEGIN + of->fitting * HOUR,
                                             &forecast, &fault),
                      of->fitting != 0 ? BBOTS_NUMERIC_OUT_OF_RANGE : BBOTS_OK);
    }
}

/* Prices that are computed anew tell what the rows of a day cost before. */
static void try_prices(bbots_txn *txn, const pile *of)
{
    __extension__ __int128 cost = (__int128)of->each * of->calls * (of->scale == 0 ? 1000000 : 1);
    bool fits = cost <= INT64_MAX && cost >= INT64_MIN;
    bbots_reprice_request request = {.user_id = 1};
    bbots_repricing *done;
    int rc = bbots_prices_reprice(txn, &request, &done, &fault);
    assert_status(rc, fits ? BBOTS_OK : BBOTS_NUMERIC_OUT_OF_RANGE);
    if (fits) {
        assert_int_equal(bbots_repricing_rows(done), of->calls);
        for (size_t i = 0; i < bbots_repricing_count(done); i++) {
            assert_int_equal(bbots_repricing_line(done, i)->old_cost, (int64_t)cost);
        }
    }
    bbots_repricing_free(done);
}

static void a_sum_past_64_bits_is_refused_and_one_that_fits_is_exact(void **state)
{
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(piles); i++) {
        variant *made = dear_variant(&piles[i], false);
        print_message("%s\n", piles[i].name);
        variant_open(place, made);
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        bbots_txn_set_now(txn, BEGIN + DAY);
        fill(txn, made, &piles[i]);
        try_questions(txn, &piles[i]);
        try_others(txn, &piles[i]);
        try_prices(txn, &piles[i]);
        commit(txn);
        txn = begin(place->store, BBOTS_READ);
        try_questions(txn, &piles[i]);
        commit(txn);
        variant_close(place);
        variant_free(made);
    }
}

static void put_call(bbots_txn *txn, const variant *made, int64_t execution, bbots_value cost,
                     bbots_timestamp at)
{
    variant_insert(txn, made, api_token_usage, "userId", integer(1), "executionId",
                   integer(execution), "model", string(cost.integer > 0 ? "dear" : "back"),
                   "totalTokens", integer(1), "inputCost", bbots_value_decimal(0, 4), "outputCost",
                   bbots_value_decimal(0, 4), "totalCost", cost, "createdAt",
                   bbots_value_timestamp(at));
}

static void put_session(bbots_txn *txn, const variant *made, const char *name, int64_t cost,
                        bbots_timestamp at)
{
    variant_insert(txn, made, browserbase_costs, "userId", integer(1), "executionId", integer(1),
                   "sessionId", string(name), "status", string("completed"), "durationMs",
                   integer(0), "durationMinutes", bbots_value_decimal(0, 2), "startedAt",
                   bbots_value_timestamp(BEGIN), "totalCost", bbots_value_decimal(cost, 6),
                   "createdAt", bbots_value_timestamp(at));
}

static void put_owners(bbots_txn *txn, const variant *made)
{
    variant_insert(txn, made, users, "email", string("a@example.org"));
    variant_insert(txn, made, agency_tasks, "userId", integer(1), "sourceType", string("x"),
                   "title", string("t"), "taskType", string("x"));
    for (int i = 0; i < 4; i++) {
        variant_insert(txn, made, task_executions, "taskId", integer(1), "triggeredBy",
                       string("x"));
    }
}

/* All of it comes to nothing; what it is taken apart by has a part that does not fit. */
static void expect_part_refused(bbots_txn *txn, bbots_cost_by by, const char *zone, int64_t days)
{
    bbots_cost_answer *answer;
    bbots_cost_question question = {
        .user_id = 1, .from = BEGIN, .to = BEGIN + days * DAY, .zone = zone};
    assert_ok(bbots_cost_ask(txn, &question, &answer, &fault));
    assert_int_equal(bbots_cost_answer_sums(answer)->total, 0);
    bbots_cost_answer_free(answer);
    question.by = by;
    assert_status(bbots_cost_ask(txn, &question, &answer, &fault), BBOTS_NUMERIC_OUT_OF_RANGE);
}

/* What was dear on one day and given back on another: all of it fits, and a day of it does not. */
static void a_part_past_64_bits_is_refused(void **state)
{
    static const pile of = {"given back", 6, MOST, 20, 0, 0};
    static const bbots_cost_by parts[] = {BBOTS_COST_BY_DAY, BBOTS_COST_BY_EXECUTION};
    fixture *place = *state;
    bbots_cost_answer *answer;
    bbots_cost_executions executions;
    variant *made = dear_variant(&of, false);
    variant_open(place, made);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    put_owners(txn, made);
    for (int i = 0; i < 20; i++) {
        put_call(txn, made, 1 + i / 5, bbots_value_decimal(i < 10 ? MOST : -MOST, 6),
                 BEGIN + i / 10 * DAY + (1 + i % 10) * HOUR);
    }
    for (unsigned zone = 0; zone < COUNT(zones); zone++) {
        for (int long_one = 0; long_one < 2; long_one++) {
            bbots_cost_question question = {.user_id = 1,
                                            .from = BEGIN + long_one,
                                            .to = BEGIN + (long_one ? 40 : 2) * DAY,
                                            .zone = zones[zone]};
            assert_ok(bbots_cost_ask(txn, &question, &answer, &fault));
            assert_int_equal(bbots_cost_answer_sums(answer)->total, 0);
            bbots_cost_answer_free(answer);
            question.by = BBOTS_COST_BY_HOUR;
            assert_ok(bbots_cost_ask(txn, &question, &answer, &fault));
            assert_int_equal(bbots_cost_answer_count(answer), 20);
            bbots_cost_answer_free(answer);
            question.by = parts[0];
            assert_status(bbots_cost_ask(txn, &question, &answer, &fault),
                          BBOTS_NUMERIC_OUT_OF_RANGE);
        }
    }
    expect_part_refused(txn, BBOTS_COST_BY_MODEL, NULL, 40);
    bbots_cost_question all = {.user_id = 1, .by = parts[1]};
    assert_ok(bbots_cost_ask(txn, &all, &answer, &fault));
    assert_int_equal(bbots_cost_answer_group(answer, 0)->sums.total, 5 * MOST);
    bbots_cost_answer_free(answer);
    assert_status(bbots_cost_executions_of(txn, &all, &executions, &fault),
                  BBOTS_NUMERIC_OUT_OF_RANGE);
    commit(txn);
    variant_close(place);
    variant_free(made);
}

/* Whole dollars of which so many have no room for digits, and two sources that are too dear together. */
static void parts_that_do_not_fit_together_are_refused(void **state)
{
    static const pile of[] = {{"whole dollars", 0, 1, 2, 0, 0}, {"two sources", 6, MOST, 9, 9, 0}};
    const int64_t dollars = INT64_C(10000000000000);
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(of); i++) {
        variant *made = dear_variant(&of[i], false);
        variant_open(place, made);
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        put_owners(txn, made);
        for (int n = 0; i == 0 && n < 2; n++) {
            put_call(txn, made, 1, bbots_value_decimal(n == 0 ? dollars : -dollars, 0),
                     BEGIN + 2 * HOUR + n * DAY);
        }
        for (int n = 0; i == 1 && n < 18; n++) {
            char name[16];
            snprintf(name, sizeof name, "s%d", n);
            put_call(txn, made, 1, bbots_value_decimal(n < 9 ? MOST : -MOST, 6),
                     BEGIN + n / 9 * DAY);
            put_session(txn, made, name, n < 9 ? MOST : -MOST, BEGIN + n / 9 * DAY);
        }
        for (unsigned zone = 0; zone < COUNT(zones); zone++) {
            expect_part_refused(txn, BBOTS_COST_BY_HOUR, zones[zone], 2);
            expect_part_refused(txn, BBOTS_COST_BY_DAY, zones[zone], 2);
            expect_part_refused(txn, BBOTS_COST_BY_DAY, zones[zone], 40);
        }
        commit(txn);
        variant_close(place);
        variant_free(made);
    }
}

/* A day that no summary can hold is refused when it is committed, and nothing of it is there. */
static void a_day_past_its_summary_is_refused(void **state)
{
    static const pile days[] = {{"many calls", 4, MOST, 10, 0, 0},
                                {"much less than nothing", 4, -MOST, 10, 0, 0}};
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(days); i++) {
        variant *made = dear_variant(&days[i], true);
        variant_open(place, made);
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        bbots_txn_set_now(txn, BEGIN + DAY);
        fill(txn, made, &days[i]);
        assert_status(bbots_commit(txn, &fault), BBOTS_NUMERIC_OUT_OF_RANGE);
        assert_non_null(strstr(fault.message, "the day's sum for column"));
        txn = begin(place->store, BBOTS_READ);
        assert_int_equal(count_of(txn, made->tables[bbots_users_table.number]), 0);
        commit(txn);
        variant_close(place);
        variant_free(made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sum_past_64_bits_is_refused_and_one_that_fits_is_exact,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_part_past_64_bits_is_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(parts_that_do_not_fit_together_are_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_day_past_its_summary_is_refused, fixture_setup,
                                        fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests_name("dear", tests, NULL, NULL);
}
