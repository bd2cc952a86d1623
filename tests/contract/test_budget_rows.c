/*
 * test_budget_rows.c - budgets and reservations as a host's own hand can leave them: limits that are
 * none, rows that are not watched, costs below zero, notes that cannot be read. Each has its answer
 * or its sentence.
 */
#include "support/people.h"

#include <bbots/budget.h>
#include <bbots/costs.h>

#define BUDGETS (&bbots_cost_budgets_table)
#define CONFIG  (&bbots_system_config_table)
#define NOW     (PEOPLE_BEGIN + 12 * PEOPLE_HOUR)

static int setup(void **state)
{
    int rc = fixture_setup(state);
    people_make(*state);
    return rc;
}

static void assert_refused(int got, int wanted, const char *says)
{
    assert_status(got, wanted);
    if (strstr(fault.message, says) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.message, says);
    }
}

static bbots_budget_status status_of(bbots_txn *txn, int64_t user)
{
    bbots_budget_status status;
    assert_ok(bbots_budget_status_of(txn, user, NOW, &status, &fault));
    return status;
}

static void spend(bbots_txn *txn, int64_t amount)
{
    assert_ok(insert_named(txn, &bbots_api_token_usage_table, "userId", integer(1), "model",
                           string("x"), "totalTokens", integer(1), "inputCost",
                           bbots_value_decimal(0, 4), "outputCost", bbots_value_decimal(0, 4),
                           "totalCost", bbots_value_decimal(amount, 4), "createdAt",
                           bbots_value_timestamp(NOW - PEOPLE_HOUR)));
}

/* ------------------------------------------------------------------ budgets */

static void limits_have_their_rules(void **state)
{
    static const struct {
        bbots_budget_limits limits;
        const char *says;
    } bad[] = {
        {{.limits = {0, -1, -1}}, "has to be positive"},
        {{.limits = {-1, -2, -1}}, "has to be positive"},
        {{.limits = {-1, -1, 150}}, "two digits after the point"},
        {{.limits = {100, -1, -1}, .alert_threshold = -1}, "1 to 100 percent"},
        {{.limits = {100, -1, -1}, .alert_threshold = 101}, "1 to 100 percent"},
    };
    fixture *place = *state;
    bbots_budget_status status;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(txn);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refused(bbots_budget_set(txn, 1, &bad[i].limits, NOW, &fault),
                       BBOTS_INVALID_ARGUMENT, bad[i].says);
    }
    bbots_budget_limits limits = {.limits = {100, -1, -1}};
    assert_refused(bbots_budget_set(txn, 0, &limits, NOW, &fault), BBOTS_INVALID_ARGUMENT,
                   "one user's");
    assert_refused(bbots_budget_status_of(txn, -1, NOW, &status, &fault), BBOTS_INVALID_ARGUMENT,
                   "one user's");
    assert_status(bbots_budget_set(txn, 99, &limits, NOW, &fault), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_status(bbots_budget_mark_alert(txn, 1, NOW, &fault), BBOTS_NOT_FOUND);
    assert_digest(txn, before);
    commit(txn);
}

static void a_budget_is_set_anew(void **state)
{
    fixture *place = *state;
    bbots_budget_limits limits = {.limits = {10000, 20000, -1}};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_budget_set(txn, 1, &limits, NOW, &fault));
    assert_int_equal(status_of(txn, 1).alert_threshold, 80);
    limits = (bbots_budget_limits){.limits = {-1, 50000, 70000}, .alert_threshold = 50};
    assert_ok(bbots_budget_set(txn, 1, &limits, NOW, &fault));
    assert_int_equal(count_of(txn, BUDGETS), 1);
    spend(txn, 25000);
    bbots_budget_status status = status_of(txn, 1);
    assert_int_equal(status.alert_threshold, 50);
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].budget, BBOTS_BUDGET_UNLIMITED);
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].remaining, BBOTS_BUDGET_UNLIMITED);
    assert_int_equal(status.periods[BBOTS_BUDGET_WEEK].remaining, 25000);
    assert_int_equal(status.verdict, BBOTS_BUDGET_ALERT);
    spend(txn, 45001);
    status = status_of(txn, 1); /* past both: no alert takes that back */
    assert_int_equal(status.verdict, BBOTS_BUDGET_OVER);
    assert_false(status.stop);
    limits.inactive = true;
    assert_ok(bbots_budget_set(txn, 1, &limits, NOW, &fault));
    status = status_of(txn, 1);
    assert_int_equal(status.verdict, BBOTS_BUDGET_NONE);
    assert_false(status.has_budget);
    commit(txn);
}

static void costs_below_zero_are_spent_less(void **state)
{
    fixture *place = *state;
    bbots_budget_limits limits = {.limits = {10000, -1, -1}};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_budget_set(txn, 1, &limits, NOW, &fault));
    spend(txn, -5000);
    bbots_budget_status status = status_of(txn, 1);
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].spend, -5000);
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].remaining, 15000);
    assert_int_equal(status.verdict, BBOTS_BUDGET_WITHIN);
    commit(txn);
}

/* A month that has not begun is the first one. */
static void a_period_may_lie_ahead(void **state)
{
    fixture *place = *state;
    bbots_timestamp later = PEOPLE_BEGIN + 40 * PEOPLE_DAY;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(
        txn, BUDGETS, "userId", integer(1), "monthlyBudget", bbots_value_decimal(1000, 2),
        "monthlyPeriodStart", bbots_value_timestamp(later), "weeklyPeriodStart",
        bbots_value_timestamp(later), "dailyPeriodStart", bbots_value_timestamp(later)));
    spend(txn, 7);
    bbots_budget_status status = status_of(txn, 1);
    assert_int_equal(status.periods[BBOTS_BUDGET_MONTH].from, later);
    assert_int_equal(status.periods[BBOTS_BUDGET_MONTH].spend, 0);
    assert_int_equal(status.periods[BBOTS_BUDGET_WEEK].from, later);
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].spend, 7);
    commit(txn);
}

static void expect_spends(fixture *place, int64_t day, int64_t week, int64_t month)
{
    bbots_row row;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    bbots_value key = integer(1);
    assert_ok(
        bbots_get(txn, BUDGETS, index_of(BUDGETS, "cost_budgets_userId_key"), &key, &row, &fault));
    assert_int_equal(row_at(&row, "currentDailySpend").integer, day);
    assert_int_equal(row_at(&row, "currentWeeklySpend").integer, week);
    assert_int_equal(row_at(&row, "currentMonthlySpend").integer, month);
    bbots_rollback(txn);
    check_store(place->store);
}

#define SPENDS(day, week, month)                                                                   \
    "currentDailySpend", bbots_value_decimal(day, 4), "currentWeeklySpend",                        \
        bbots_value_decimal(week, 4), "currentMonthlySpend", bbots_value_decimal(month, 4)

/* A row that comes behind its costs, or is changed by hand, says at the commit what they come to. */
static void a_row_of_the_hosts_own_is_right_at_its_commit(void **state)
{
    fixture *place = *state;
    bbots_value today = bbots_value_timestamp(PEOPLE_BEGIN);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    spend(txn, 70000);
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, BUDGETS, "userId", integer(1), SPENDS(1, 0, 99), "dailyPeriodStart",
                           today, "weeklyPeriodStart",
                           bbots_value_timestamp(PEOPLE_BEGIN - 3 * PEOPLE_DAY),
                           "monthlyPeriodStart", bbots_value_timestamp(NOW)));
    commit(txn);
    expect_spends(place, 70000, 70000, 0);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(txn, BUDGETS, 1, SPENDS(5, 6, 7)));
    commit(txn);
    expect_spends(place, 70000, 70000, 0);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_savepoint(txn, "before", &fault));
    assert_ok(update_named(txn, BUDGETS, 1, "monthlyPeriodStart", today));
    spend(txn, 1);
    assert_ok(bbots_savepoint_rollback(txn, "before", &fault));
    assert_ok(update_named(txn, BUDGETS, 1, "weeklyPeriodStart", bbots_value_timestamp(NOW)));
    commit(txn);
    expect_spends(place, 70000, 0, 0);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(txn, BUDGETS, 1, "monthlyPeriodStart", today));
    commit(txn);
    expect_spends(place, 70000, 0, 70000);
}

/* A period that begins never, or at an end of the calendar, begins today; costs are not refused. */
static void a_period_without_a_begin_begins_today(void **state)
{
    static const bbots_timestamp starts[] = {
        BBOTS_TIMESTAMP_INFINITY, BBOTS_TIMESTAMP_MINUS_INFINITY, BBOTS_TIMESTAMP_MAX,
        BBOTS_TIMESTAMP_MIN, BBOTS_TIMESTAMP_MAX - 380 * PEOPLE_DAY};
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(starts); i++) {
        bbots_value start = bbots_value_timestamp(starts[i]);
        bbots_value id = integer((int64_t)i + 1);
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        bbots_txn_set_now(txn, NOW);
        assert_ok(insert_named(txn, BUDGETS, "userId", integer(1), "dailyBudget",
                               bbots_value_decimal(1000, 2), "dailyPeriodStart", start,
                               "weeklyPeriodStart", start, "monthlyPeriodStart", start));
        spend(txn, 7);
        bbots_budget_status status = status_of(txn, 1);
        for (unsigned p = 0; p < BBOTS_BUDGET_PERIODS; p++) {
            assert_int_equal(status.periods[p].from, PEOPLE_BEGIN);
            assert_int_equal(status.periods[p].spend, 7 * (int64_t)(i + 1));
        }
        commit(txn);
        expect_spends(place, 7 * (int64_t)(i + 1), 7 * (int64_t)(i + 1), 7 * (int64_t)(i + 1));
        txn = begin(place->store, BBOTS_WRITE);
        assert_ok(bbots_delete(txn, BUDGETS, 0, &id, NULL, &fault));
        commit(txn);
    }
}

/* What a host keeps by himself may count a day from its noon on: then that is what it has to come to. */
static void a_hosts_day_may_begin_at_noon(void **state)
{
    static const int64_t spends[] = {0, 70000, 5};
    fixture *place = *state;
    bbots_options plain = {.schema = &bbots_platform_schema, .flags = BBOTS_OPEN_UNFOLLOWED};
    bbots_check_result result;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    spend(txn, 70000); /* at eleven */
    commit(txn);
    for (size_t i = 0; i < COUNT(spends); i++) {
        assert_ok(bbots_close(place->store, &fault));
        place->store = open_store(place->path, &plain);
        txn = begin(place->store, BBOTS_WRITE);
        if (i == 0) {
            assert_ok(insert_named(txn, BUDGETS, "userId", integer(1), SPENDS(0, 70000, 70000),
                                   "dailyPeriodStart", bbots_value_timestamp(NOW),
                                   "weeklyPeriodStart", bbots_value_timestamp(PEOPLE_BEGIN),
                                   "monthlyPeriodStart", bbots_value_timestamp(PEOPLE_BEGIN)));
        }
        assert_ok(
            update_named(txn, BUDGETS, 1, "currentDailySpend", bbots_value_decimal(spends[i], 4)));
        commit(txn);
        reopen(place);
        txn = begin(place->store, BBOTS_READ);
        assert_ok(bbots_check(txn, NULL, &result, &fault));
        assert_int_equal(result.derived, i == 2); /* neither from noon nor from midnight on */
        assert_int_equal(result.damage, 0);
        bbots_rollback(txn);
    }
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(delete_id(txn, BUDGETS, 1, NULL));
    commit(txn);
}

/* ------------------------------------------------------------------ reservations */

static void put_note(bbots_txn *txn, const char *key, const char *json)
{
    assert_ok(insert_named(txn, CONFIG, "key", string(key), "value",
                           bbots_value_json(bbots_json_of(json))));
}

#define ONE "\"id\": \"11111111-1111-4111-8111-111111111111\""

static void a_note_that_cannot_be_read_is_named(void **state)
{
    static const char *const bad[] = {
        "{\"open\": [5]}",
        "{\"open\": [{}]}",
        "{\"open\": [{\"id\": 5, \"amount\": 1, \"expires\": 2}]}",
        "{\"open\": [{\"id\": \"x\", \"amount\": 1, \"expires\": 2}]}",
        "{\"open\": [{" ONE ", \"expires\": 2}]}",
        "{\"open\": [{" ONE ", \"amount\": \"1\", \"expires\": 2}]}",
        "{\"open\": [{" ONE ", \"amount\": -1, \"expires\": 2}]}",
    };
    static const char *const good[] = {
        "{}",
        "[]",
        "5",
        "{\"open\": {}}",
        "{\"open\": []}",
        "{\"open\": 5}",
        "{\"monthAnchor\": 5}",
    };
    fixture *place = *state;
    bbots_budget_status status;
    bbots_uuid id;
    for (size_t i = 0; i < COUNT(bad) + COUNT(good); i++) {
        bool fine = i >= COUNT(bad);
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        put_note(txn, "reservations.1", fine ? good[i - COUNT(bad)] : bad[i]);
        assert_status(bbots_budget_status_of(txn, 1, NOW, &status, &fault),
                      fine ? BBOTS_OK : BBOTS_INVALID_TEXT);
        assert_status(bbots_budget_reserve(txn, 1, 5, NOW + PEOPLE_DAY, NOW, &id, NULL, &fault),
                      fine ? BBOTS_OK : BBOTS_INVALID_TEXT);
        assert_status(bbots_budget_settle(txn, 1, id, NOW, &fault),
                      fine ? BBOTS_OK : BBOTS_INVALID_TEXT);
        bbots_rollback(txn);
    }
}

/* Of what ended only what can be read is told. */
static void what_ended_is_told_as_far_as_it_can_be_read(void **state)
{
    static const struct {
        const char *ended;
        const char *says;
    } cases[] = {
        {"[{" ONE ", \"how\": 0, \"at\": 0}]", "it was settled at 1970-01-01T00:00:00"},
        {"[{" ONE ", \"how\": 2, \"at\": 0}]", "it expired at 1970-01-01T00:00:00"},
        {"[{" ONE ", \"how\": 3, \"at\": 0}]", "none of the last"},
        {"[{" ONE ", \"how\": -1, \"at\": 0}]", "none of the last"},
        {"[{\"id\": 5, \"how\": 0}, 7]", "none of the last"},
        {"{}", "none of the last"},
        {"5", "none of the last"},
    };
    fixture *place = *state;
    bbots_uuid id;
    assert_int_equal(bbots_uuid_parse(bbots_text_of("11111111-1111-4111-8111-111111111111"), &id),
                     BBOTS_OK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char note[200];
        snprintf(note, sizeof note, "{\"ended\": %s}", cases[i].ended);
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        put_note(txn, "reservations.1", note);
        assert_refused(bbots_budget_settle(txn, 1, id, NOW, &fault), BBOTS_INVALID_ARGUMENT,
                       cases[i].says);
        bbots_rollback(txn);
    }
}

/* The check reads notes too, and only those that are some user's. */
static void keys_of_others_are_no_notes(void **state)
{
    static const char *const keys[] = {"reservations.",   "reservations.x",
                                       "reservations.1x", "reservations./",
                                       "reservations.01", "reservations.1234567890123456789",
                                       "reservationsX1",  "reservation"};
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (size_t i = 0; i < COUNT(keys); i++) {
        put_note(txn, keys[i], "{\"open\": [5]}");
    }
    check_txn(txn);
    commit(txn);
}

static void reservations_are_dropped_a_day_after_their_end(void **state)
{
    fixture *place = *state;
    bbots_uuid id;
    bbots_row row;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_timestamp later = NOW + 2 * PEOPLE_HOUR + PEOPLE_DAY;
    assert_ok(bbots_budget_reserve(txn, 1, 5, NOW + PEOPLE_HOUR, NOW, &id, NULL, &fault));
    assert_ok(bbots_budget_reserve(txn, 1, 6, NOW + 3 * PEOPLE_HOUR, NOW, &id, NULL, &fault));
    assert_ok(bbots_budget_reserve(txn, 1, 7, later + 1, later, &id, NULL, &fault));
    bbots_value key = string("reservations.1");
    assert_ok(
        bbots_get(txn, CONFIG, index_of(CONFIG, "system_config_key_key"), &key, &row, &fault));
    bbots_value note = row_at(&row, "value");
    bbots_json open;
    assert_int_equal(bbots_json_member((bbots_json){note.data, note.size, BBOTS_JSON_PACKED},
                                       bbots_text_of("open"), &open),
                     BBOTS_OK);
    assert_int_equal(bbots_json_count(open), 2);
    commit(txn);
}

static void reservations_have_a_greatest_number(void **state)
{
    enum { MOST = 1000 };
    fixture *place = *state;
    bbots_uuid id;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    char *note = malloc(MOST * 100);
    assert_non_null(note);
    size_t size = (size_t)sprintf(note, "{\"open\": [");
    for (int i = 0; i < MOST - 1; i++) {
        size += (size_t)sprintf(note + size,
                                "%s{\"id\": \"11111111-1111-4111-8111-%012d\", \"amount\": 1, "
                                "\"expires\": 9999999999999999}",
                                i != 0 ? ", " : "", i);
    }
    strcpy(note + size, "]}");
    put_note(txn, "reservations.1", note);
    free(note);
    assert_ok(bbots_budget_reserve(txn, 1, 5, NOW + PEOPLE_DAY, NOW, &id, NULL, &fault));
    bbots_digest before = digest_of(txn);
    assert_refused(bbots_budget_reserve(txn, 1, 5, NOW + PEOPLE_DAY, NOW, &id, NULL, &fault),
                   BBOTS_LIMIT_EXCEEDED, "1000 open reservations");
    assert_digest(txn, before);
    assert_ok(bbots_budget_settle(txn, 1, id, NOW, &fault));
    commit(txn);
}

/* What is reserved does not wrap around. */
static void too_much_is_reserved_at_once(void **state)
{
    fixture *place = *state;
    bbots_budget_limits limits = {.limits = {10000, -1, -1}};
    bbots_budget_status status;
    bbots_uuid id;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_budget_set(txn, 1, &limits, NOW, &fault));
    for (int i = 0; i < 3; i++) {
        assert_ok(
            bbots_budget_reserve(txn, 1, INT64_MAX, NOW + PEOPLE_DAY, NOW, &id, &status, &fault));
        assert_int_equal(status.periods[BBOTS_BUDGET_DAY].reserved, INT64_MAX);
        assert_int_equal(status_of(txn, 1).periods[BBOTS_BUDGET_DAY].reserved, INT64_MAX);
    }
    limits.auto_stop = true;
    assert_ok(bbots_budget_set(txn, 1, &limits, NOW, &fault));
    assert_status(bbots_budget_reserve(txn, 1, 1, NOW + PEOPLE_DAY, NOW, &id, &status, &fault),
                  BBOTS_REFUSED);
    commit(txn);
}

#define ON_PEOPLE(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEOPLE(limits_have_their_rules),
        ON_PEOPLE(a_budget_is_set_anew),
        ON_PEOPLE(costs_below_zero_are_spent_less),
        ON_PEOPLE(a_period_may_lie_ahead),
        ON_PEOPLE(a_row_of_the_hosts_own_is_right_at_its_commit),
        ON_PEOPLE(a_period_without_a_begin_begins_today),
        ON_PEOPLE(what_ended_is_told_as_far_as_it_can_be_read),
        ON_PEOPLE(a_hosts_day_may_begin_at_noon),
        ON_PEOPLE(a_note_that_cannot_be_read_is_named),
        ON_PEOPLE(keys_of_others_are_no_notes),
        ON_PEOPLE(reservations_are_dropped_a_day_after_their_end),
        ON_PEOPLE(reservations_have_a_greatest_number),
        ON_PEOPLE(too_much_is_reserved_at_once),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
