/*
 * tests/contract/test_other_lives.c - a store whose tables of costs keep other live aggregates than the
 * documented ones, or columns that may be null: what a question needs is named, costs can be written
 * all the same, and no summaries of days are kept that could be wrong.
 */
#include "support/variant.h"

#include <bbots/costs.h>
#include <bbots/platform.h>

#define NOW time_of("2026-01-15 12:00:00")

typedef struct other {
    const char *table;
    const char *live;
} other;

static const other others[] = {
    {"api_token_usage", "users"},        {"api_token_usage", "all"},
    {"api_token_usage", "executions"},   {"gemini_token_usage", "executions"},
    {"gemini_token_usage", "execution"}, {"browserbase_costs", "execution"},
    {"storage_costs", "users"},          {"storage_costs", "all"},
};

static void add_cost(bbots_txn *txn, const variant *made)
{
    variant_insert(txn, made, api_token_usage, "userId", integer(1), "model", string("m"),
                   "inputTokens", integer(3), "outputTokens", integer(4), "totalTokens", integer(7),
                   "inputCost", bbots_value_decimal(1, 4), "outputCost", bbots_value_decimal(2, 4),
                   "totalCost", bbots_value_decimal(3, 4), "createdAt", bbots_value_timestamp(NOW));
}

/* Whether a cost that is committed has a summary of its day. */
static bool is_summed_up(fixture *place, const variant *made)
{
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_txn_set_now(txn, NOW);
    variant_insert(txn, made, users, "email", string("a@example.org"));
    add_cost(txn, made);
    commit(txn);
    txn = begin(place->store, BBOTS_READ);
    uint64_t summaries = count_of(txn, made->tables[bbots_daily_cost_summaries_table.number]);
    commit(txn);
    return summaries != 0;
}

static void the_documented_ones_are_enough(void **state)
{
    fixture *place = *state;
    variant *made = variant_new();
    variant_settle(made);
    variant_open(place, made);
    assert_true(is_summed_up(place, made));
    variant_close(place);
    variant_free(made);
}

static void a_live_aggregate_of_another_name_is_named(void **state)
{
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(others); i++) {
        const other *of = &others[i];
        char says[64];
        bbots_cost_answer *answer;
        bbots_cost_question question = {.user_id = 1, .by = BBOTS_COST_BY_MODEL};
        variant *made = variant_new();
        variant_live(made, of->table, of->live)->name = "else";
        variant_settle(made);
        variant_open(place, made);
        assert_false(is_summed_up(place, made));
        snprintf(says, sizeof says, "\"%s\" has no live aggregate \"%s\"", of->table, of->live);
        bbots_txn *txn = begin(place->store, BBOTS_READ);
        assert_status(bbots_cost_ask(txn, &question, &answer, &fault), BBOTS_UNKNOWN_INDEX);
        assert_non_null(strstr(fault.message, says));
        commit(txn);
        variant_close(place);
        variant_free(made);
    }
}

/* ------------------------------------------------------------------ of another form */

static uint8_t column_number(const char *table, const char *name)
{
    const bbots_table *of = bbots_schema_table(&bbots_platform_schema, table, NULL);
    return (uint8_t)column(of, name);
}

/* Where a question about a user could be answered wrongly, it is refused. */
enum form {
    BY_NOBODY,
    BY_EXECUTION,
    NO_TIME,
    OTHER_TIME,
    NO_HOURS,
    YEARS,
    NO_MODELS,
    TYPES,
    FEWER_SUMS,
    NO_TOKENS,
    FORMS
};

static void of_another_form(variant *made, enum form form)
{
    static uint8_t by[1];
    static uint8_t split[1];
    static const uint8_t years[] = {BBOTS_TIME_YEAR, BBOTS_TIME_MONTH, BBOTS_TIME_DAY};
    bool sessions = form == FEWER_SUMS || form == OTHER_TIME;
    const char *table = sessions ? "browserbase_costs" : "api_token_usage";
    bbots_live *live = variant_live(made, table, "users");
    switch (form) {
    case BY_NOBODY:
        live->by_count = 0;
        break;
    case BY_EXECUTION:
        by[0] = column_number(table, "executionId");
        live->by = by;
        break;
    case OTHER_TIME:
        live->time = column_number(table, "startedAt");
        break;
    case NO_HOURS:
        live->unit_count = 2;
        break;
    case YEARS:
        live->units = years;
        break;
    case NO_MODELS:
        live->split_count = 0;
        break;
    case TYPES:
        split[0] = column_number(table, "promptType");
        live->split = split;
        live->split_count = 1;
        break;
    case NO_TIME:
        live->unit_count = 0;
        live->fine_count = 0;
        break;
    case NO_TOKENS: /* the first of the fine ones */
        assert_int_equal(live->sums[0], column_number(table, "totalTokens"));
        live->sums++;
        live->sum_count--;
        live->fine_count--;
        break;
    default:
        live->sum_count = 1;
        break;
    }
}

/* An answer has the whole cost, or there is none. */
static void ask_of_form(fixture *place, enum form form, bbots_cost_by by)
{
    bbots_cost_question question = {.user_id = 1, .by = by};
    bbots_cost_answer *answer;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    int rc = bbots_cost_ask(txn, &question, &answer, &fault);
    if (form <= OTHER_TIME) {
        assert_status(rc, BBOTS_UNKNOWN_INDEX);
        assert_non_null(strstr(fault.message, "has no live aggregate \"users\" as it is needed"));
    } else if (rc == BBOTS_OK) {
        assert_int_equal(bbots_cost_answer_sums(answer)->total, 300);
        bbots_cost_answer_free(answer);
    } else {
        assert_status(rc, BBOTS_INVALID_ARGUMENT);
        assert_non_null(strstr(fault.message, "live aggregate \"users\" does not have the"));
    }
    commit(txn);
}

static void none_of_another_form_makes_summaries(void **state)
{
    fixture *place = *state;
    for (enum form form = 0; form < FORMS; form++) {
        variant *made = variant_new();
        of_another_form(made, form);
        variant_settle(made);
        variant_open(place, made);
        if (is_summed_up(place, made)) {
            fail_msg("a summary was made of form %u", (unsigned)form);
        }
        for (bbots_cost_by by = 0; by <= BBOTS_COST_BY_USER; by++) {
            ask_of_form(place, form, by);
        }
        variant_close(place);
        variant_free(made);
    }
}

/* ------------------------------------------------------------------ columns that may be null */

/* The platform's, but a call may be nobody's, of no time and of no model. */
static variant *loose_variant(void)
{
    static const char *const columns[] = {"userId", "createdAt", "model"};
    variant *made = variant_new();
    for (size_t i = 0; i < COUNT(columns); i++) {
        variant_column(made, "api_token_usage", columns[i])->flags &=
            (uint8_t)~BBOTS_COLUMN_NOT_NULL;
    }
    variant_settle(made);
    return made;
}

static void put_loose(bbots_txn *txn, const variant *made, bbots_value user, bbots_value model,
                      bbots_value time)
{
    variant_insert(txn, made, api_token_usage, "userId", user, "model", model, "totalTokens",
                   integer(7), "inputCost", bbots_value_decimal(1, 4), "outputCost",
                   bbots_value_decimal(2, 4), "totalCost", bbots_value_decimal(3, 4), "createdAt",
                   time);
}

/* What has no user or no time is of no day; what has no model is of the day and of no model. */
static void costs_of_nobody_make_no_summary(void **state)
{
    fixture *place = *state;
    bbots_row row;
    variant *made = loose_variant();
    variant_open(place, made);
    const bbots_table *summaries = made->tables[bbots_daily_cost_summaries_table.number];
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    variant_insert(txn, made, users, "email", string("a@example.org"));
    put_loose(txn, made, null_value(), string("m"), bbots_value_timestamp(NOW));
    put_loose(txn, made, integer(1), string("m"), null_value());
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(count_of(txn, summaries), 0);
    put_loose(txn, made, integer(1), null_value(), bbots_value_timestamp(NOW));
    commit(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_int_equal(count_of(txn, summaries), 1);
    assert_ok(get_id(txn, summaries, 1, &row));
    assert_int_equal(row_at(&row, "totalApiCalls").integer, 1);
    assert_int_equal(row_at(&row, "totalCostUsd").integer, 3);
    bbots_value models = row_at(&row, "costByModel");
    assert_int_equal(bbots_json_count((bbots_json){models.data, models.size, BBOTS_JSON_PACKED}),
                     0);
    commit(txn);
    variant_close(place);
    variant_free(made);
}

#define FOLDER(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER(the_documented_ones_are_enough),
        FOLDER(a_live_aggregate_of_another_name_is_named),
        FOLDER(none_of_another_form_makes_summaries),
        FOLDER(costs_of_nobody_make_no_summary),
    };
    choose_tests();
    return cmocka_run_group_tests_name("other live aggregates", tests, NULL, NULL);
}
