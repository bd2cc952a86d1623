/*
 * test_budget.c - budgets: periods whose anchors are kept, verdicts, money set aside, and two who
 * want the last cent.
 */
#include "support/people.h"
#include "support/race.h"

#include <bbots/budget.h>
#include <bbots/costs.h>

static void spend(bbots_txn *txn, int64_t user, int64_t amount, bbots_timestamp at,
                  bbots_cost_recorded *recorded)
{
    bbots_cost_call call = {.source = BBOTS_COST_CLAUDE,
                            .user_id = user,
                            .model = bbots_text_of("x"),
                            .priced = true,
                            .input_cost = amount,
                            .at = at};
    assert_ok(bbots_cost_record_call(txn, &call, 0, at, recorded, &fault));
}

static void test_budget(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    bbots_budget_status status;
    bbots_row row;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_timestamp start = PEOPLE_BEGIN + 30 * PEOPLE_DAY; /* 31 January */
    bbots_budget_limits limits = {.limits = {10000, 30000, 100000}, .auto_stop = true};
    assert_ok(bbots_budget_set(txn, 1, &limits, start, &fault));
    spend(txn, 1, 5000, start + PEOPLE_HOUR, &recorded);
    assert_int_equal(recorded.verdict, BBOTS_BUDGET_WITHIN);
    spend(txn, 1, 3000, start + 2 * PEOPLE_HOUR, &recorded);
    assert_int_equal(recorded.verdict, BBOTS_BUDGET_ALERT);
    spend(txn, 1, 2000, start + 3 * PEOPLE_HOUR, &recorded);
    assert_int_equal(recorded.verdict, BBOTS_BUDGET_ALERT); /* all of it, and not more */
    spend(txn, 1, 1, start + 4 * PEOPLE_HOUR, &recorded);
    assert_int_equal(recorded.verdict, BBOTS_BUDGET_STOP);
    assert_ok(bbots_budget_status_of(txn, 1, start + 4 * PEOPLE_HOUR, &status, &fault));
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].spend, 10001);
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].remaining, 0);
    assert_int_equal(status.periods[BBOTS_BUDGET_WEEK].remaining, 19999);
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].projected, 60006);
    assert_ok(bbots_budget_mark_alert(txn, 1, start + 4 * PEOPLE_HOUR, &fault));
    assert_ok(bbots_budget_status_of(txn, 1, start + 5 * PEOPLE_HOUR, &status, &fault));
    assert_int_equal(status.alerts_today, 1);
    /* Month by month from the 31st, the day is kept. */
    static const char *const begins[] = {"2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30",
                                         "2026-05-31"};
    for (size_t i = 0; i + 1 < COUNT(begins); i++) {
        bbots_timestamp from;
        bbots_timestamp to;
        assert_int_equal(bbots_timestamp_parse(bbots_text_of(begins[i]), false, &from), BBOTS_OK);
        assert_int_equal(bbots_timestamp_parse(bbots_text_of(begins[i + 1]), false, &to), BBOTS_OK);
        assert_ok(bbots_budget_refresh(txn, 1, from + 5 * PEOPLE_HOUR, &fault));
        assert_ok(bbots_budget_status_of(txn, 1, to - 1, &status, &fault));
        assert_int_equal(status.periods[BBOTS_BUDGET_MONTH].from, from);
        assert_int_equal(status.periods[BBOTS_BUDGET_MONTH].to, to);
        assert_ok(get_id(txn, &bbots_cost_budgets_table, 1, &row));
        assert_int_equal(number_at(&row, "monthlyPeriodStart"), from);
        assert_int_equal(number_at(&row, "currentMonthlySpend"), i == 0 ? 10001 : 0);
    }
    assert_int_equal(status.alerts_today, 0);
    assert_status(bbots_budget_refresh(txn, 2, 0, &fault), BBOTS_NOT_FOUND);
    assert_ok(bbots_budget_status_of(txn, 2, 0, &status, &fault));
    assert_int_equal(status.verdict, BBOTS_BUDGET_NONE);
    commit(txn);

    /* A plain insert brings the row up to date at the commit. */
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_budget_refresh(txn, 1, start + 130 * PEOPLE_DAY, &fault));
    assert_ok(insert_named(txn, &bbots_gemini_token_usage_table, "userId", integer(1), "model",
                           string("x"), "totalTokens", integer(1), "inputCost",
                           bbots_value_decimal(1, 6), "outputCost", bbots_value_decimal(1, 6),
                           "totalCost", bbots_value_decimal(1500050, 6), "createdAt",
                           bbots_value_timestamp(start + 130 * PEOPLE_DAY)));
    commit(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_ok(get_id(txn, &bbots_cost_budgets_table, 1, &row));
    assert_int_equal(number_at(&row, "currentDailySpend"), 15001);
    bbots_rollback(txn);
}

/* A row of the host's own: its week begins on a Wednesday, its month on the 31st, at half past ten. */
static void own_budget(bbots_txn *txn)
{
    assert_ok(insert_named(txn, &bbots_cost_budgets_table, "userId", integer(1), "weeklyBudget",
                           bbots_value_decimal(100, 2), "dailyPeriodStart",
                           string("2026-01-07T10:30:00"), "weeklyPeriodStart",
                           string("2026-01-07T10:30:00"), "monthlyPeriodStart",
                           string("2026-01-31T10:30:00")));
}

static void periods_are_counted_from_their_begins(void **state)
{
    static const struct {
        const char *now;
        const char *week;
        const char *week_end;
        const char *month;
        const char *month_end;
    } cases[] = {
        /* What has not begun is the first. */
        {"2026-01-01", "2026-01-07T10:30", "2026-01-14T10:30", "2026-01-31T10:30",
         "2026-02-28T10:30"},
        {"2026-01-14T10:29:59.999999", "2026-01-07T10:30", "2026-01-14T10:30", "2026-01-31T10:30",
         "2026-02-28T10:30"},
        {"2026-01-14T10:30", "2026-01-14T10:30", "2026-01-21T10:30", "2026-01-31T10:30",
         "2026-02-28T10:30"},
        {"2026-02-28T10:29:59.999999", "2026-02-25T10:30", "2026-03-04T10:30", "2026-01-31T10:30",
         "2026-02-28T10:30"},
        {"2026-02-28T10:30", "2026-02-25T10:30", "2026-03-04T10:30", "2026-02-28T10:30",
         "2026-03-31T10:30"},
        {"2027-01-31T10:29", "2027-01-27T10:30", "2027-02-03T10:30", "2026-12-31T10:30",
         "2027-01-31T10:30"},
        {"2028-02-29T10:30", "2028-02-23T10:30", "2028-03-01T10:30", "2028-02-29T10:30",
         "2028-03-31T10:30"},
    };
    fixture *place = *state;
    bbots_budget_status status;
    people_make(place);
    for (int refreshed = 0; refreshed < 2;
         refreshed++) { /* the row that was moved on says the same */
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        own_budget(txn);
        for (size_t i = 0; i < COUNT(cases); i++) {
            bbots_timestamp now = time_of(cases[i].now);
            const bbots_budget_state *periods = status.periods;
            if (refreshed && i >= 2) {
                assert_ok(bbots_budget_refresh(txn, 1, now, &fault));
            }
            assert_ok(bbots_budget_status_of(txn, 1, now, &status, &fault));
            assert_int_equal(periods[BBOTS_BUDGET_DAY].from, now - now % PEOPLE_DAY);
            assert_int_equal(periods[BBOTS_BUDGET_WEEK].from, time_of(cases[i].week));
            assert_int_equal(periods[BBOTS_BUDGET_WEEK].to, time_of(cases[i].week_end));
            assert_int_equal(periods[BBOTS_BUDGET_MONTH].from, time_of(cases[i].month));
            assert_int_equal(periods[BBOTS_BUDGET_MONTH].to, time_of(cases[i].month_end));
        }
        bbots_rollback(txn);
    }
}

/* From <= time < to; what is on the other side of a border is another period's. */
static void a_period_has_the_costs_within_it(void **state)
{
    static const struct {
        const char *time;
        int64_t cost;
    } costs[] = {{"2026-01-14T10:29:59.999999", 1},
                 {"2026-01-14T10:30:00", 20},
                 {"2026-01-21T10:29:59.999999", 300},
                 {"2026-01-21T10:30:00", 4000}};
    fixture *place = *state;
    bbots_cost_recorded recorded;
    bbots_budget_status status;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (size_t i = 0; i < COUNT(costs); i++) {
        spend(txn, 1, costs[i].cost, time_of(costs[i].time), &recorded);
    }
    own_budget(txn); /* behind them: a cost moves the periods on */
    static const int64_t weeks[] = {1, 320, 4000, 0};
    for (int i = 0; i < 4; i++) {
        bbots_timestamp now = time_of("2026-01-07T10:30:00") + i * 7 * PEOPLE_DAY;
        assert_ok(bbots_budget_status_of(txn, 1, now, &status, &fault));
        assert_int_equal(status.periods[BBOTS_BUDGET_WEEK].spend, weeks[i]);
        assert_int_equal(status.periods[BBOTS_BUDGET_WEEK].remaining,
                         weeks[i] < 10000 ? 10000 - weeks[i] : 0);
        assert_int_equal(status.periods[BBOTS_BUDGET_DAY].budget, BBOTS_BUDGET_UNLIMITED);
        assert_int_equal(status.periods[BBOTS_BUDGET_DAY].remaining, BBOTS_BUDGET_UNLIMITED);
        assert_false(status.periods[BBOTS_BUDGET_DAY].alert);
    }
    assert_ok(bbots_budget_refresh(txn, 1, time_of("2026-01-14T10:30:00"), &fault));
    commit(txn);
}

/* What cannot be a budget is named with what is wrong, and the one before stays. */
static void a_budget_that_cannot_be_is_refused(void **state)
{
    static const struct {
        int64_t user;
        bbots_budget_limits limits;
        int rc;
        const char *message;
    } cases[] = {
        {1,
         {{0, -1, -1}, 0, false, false},
         BBOTS_INVALID_ARGUMENT,
         "the daily budget has to be positive, not 0.0000"},
        {1,
         {{100, -10000, -1}, 0, false, false},
         BBOTS_INVALID_ARGUMENT,
         "the weekly budget has to be positive, not -1.0000"},
        {1,
         {{100, 100, 12345}, 0, false, false},
         BBOTS_INVALID_ARGUMENT,
         "the monthly budget has two digits after the point, not 1.2345"},
        {1,
         {{100, -1, -1}, 101, false, false},
         BBOTS_INVALID_ARGUMENT,
         "an alert threshold is 1 to 100 percent, not 101"},
        {1,
         {{100, -1, -1}, -1, false, false},
         BBOTS_INVALID_ARGUMENT,
         "an alert threshold is 1 to 100 percent, not -1"},
        {1, {{INT64_C(1000000000000), -1, -1}, 0, false, false}, BBOTS_NUMERIC_OUT_OF_RANGE, NULL},
        {99, {{100, -1, -1}, 0, false, false}, BBOTS_FOREIGN_KEY_VIOLATION, NULL},
        {0, {{100, -1, -1}, 0, false, false}, BBOTS_INVALID_ARGUMENT, NULL},
    };
    fixture *place = *state;
    bbots_budget_limits good = {.limits = {100, 200, 300}, .alert_threshold = 50};
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_budget_set(txn, 1, &good, PEOPLE_BEGIN, &fault));
    bbots_digest before = digest_of(txn);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_status(bbots_budget_set(txn, cases[i].user, &cases[i].limits, PEOPLE_BEGIN, &fault),
                      cases[i].rc);
        if (cases[i].message != NULL) {
            assert_string_equal(fault.message, cases[i].message);
        }
        assert_digest(txn, before);
    }
    commit(txn);
}

/* Alerts that were sent are counted by the day. */
static void alerts_are_counted_by_the_day(void **state)
{
    fixture *place = *state;
    bbots_budget_status status;
    bbots_row row;
    bbots_timestamp noon = time_of("2026-01-10T12:00:00");
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_status(bbots_budget_mark_alert(txn, 1, noon, &fault), BBOTS_NOT_FOUND);
    own_budget(txn);
    assert_ok(bbots_budget_status_of(txn, 1, noon, &status, &fault));
    assert_int_equal(status.alerts_today, 0);
    assert_int_equal(status.last_alert, 0);
    static const struct {
        int64_t hours;
        int64_t count;
    } sent[] = {{0, 1}, {11, 2}, {12, 1}, {13, 2}, {80, 1}};
    for (size_t i = 0; i < COUNT(sent); i++) {
        bbots_timestamp now = noon + sent[i].hours * PEOPLE_HOUR;
        assert_ok(bbots_budget_mark_alert(txn, 1, now, &fault));
        assert_ok(bbots_budget_status_of(txn, 1, now, &status, &fault));
        assert_int_equal(status.alerts_today, sent[i].count);
        assert_int_equal(status.last_alert, now);
        assert_ok(get_id(txn, &bbots_cost_budgets_table, 1, &row));
        assert_int_equal(number_at(&row, "alertsSentToday"), sent[i].count);
        assert_int_equal(number_at(&row, "lastAlertSent"), now);
    }
    commit(txn);
}

static void test_reservations(void **state)
{
    fixture *place = *state;
    bbots_budget_status status;
    bbots_uuid first;
    bbots_uuid second;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_budget_limits limits = {.limits = {10000, -1, -1}, .auto_stop = true};
    bbots_timestamp now = PEOPLE_BEGIN + PEOPLE_HOUR;
    assert_ok(bbots_budget_set(txn, 1, &limits, now, &fault));
    assert_ok(bbots_budget_reserve(txn, 1, 6000, now + PEOPLE_HOUR, now, &first, &status, &fault));
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].reserved, 6000);
    assert_status(
        bbots_budget_reserve(txn, 1, 4001, now + PEOPLE_HOUR, now, &second, &status, &fault),
        BBOTS_REFUSED);
    assert_ok(bbots_budget_reserve(txn, 1, 4000, now + PEOPLE_HOUR, now, &second, NULL, &fault));
    assert_ok(bbots_budget_settle(txn, 1, first, now, &fault));
    bbots_digest settled = digest_of(txn);
    assert_status(bbots_budget_settle(txn, 1, first, now, &fault), BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_budget_release(txn, 1, first, now, &fault), BBOTS_INVALID_ARGUMENT);
    assert_digest(txn, settled);
    /* The other one expires by itself. */
    assert_status(
        bbots_budget_reserve(txn, 1, 10000, now + 3 * PEOPLE_HOUR, now, &first, NULL, &fault),
        BBOTS_REFUSED);
    assert_ok(bbots_budget_reserve(txn, 1, 10000, now + 3 * PEOPLE_HOUR, now + PEOPLE_HOUR, &first,
                                   NULL, &fault));
    assert_status(bbots_budget_reserve(txn, 1, 0, now + PEOPLE_HOUR, now, &first, NULL, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_budget_reserve(txn, 1, 1, now, now, &first, NULL, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_budget_reserve(txn, 77, 1, now + PEOPLE_HOUR, now, &first, NULL, &fault),
                  BBOTS_FOREIGN_KEY_VIOLATION);
    commit(txn);
}

static bbots_uuid reserve(bbots_txn *txn, bbots_timestamp now)
{
    bbots_uuid id;
    assert_ok(bbots_budget_reserve(txn, 1, 1, now + PEOPLE_HOUR, now, &id, NULL, &fault));
    return id;
}

/* To end it both ways is refused, says this of it, and changes nothing. */
static void expect_ended(bbots_txn *txn, int64_t user, bbots_uuid id, bbots_timestamp now,
                         const char *what)
{
    char wanted[256];
    char name[BBOTS_UUID_TEXT_MAX];
    bbots_digest before = digest_of(txn);
    bbots_uuid_print(&id, name);
    snprintf(wanted, sizeof wanted, "reservation %s of user %d is not open%s", name, (int)user,
             what);
    assert_status(bbots_budget_settle(txn, user, id, now, &fault), BBOTS_INVALID_ARGUMENT);
    assert_string_equal(fault.message, wanted);
    assert_status(bbots_budget_release(txn, user, id, now, &fault), BBOTS_INVALID_ARGUMENT);
    assert_string_equal(fault.message, wanted);
    assert_digest(txn, before);
}

/* Who ends a reservation twice hears what became of it. */
static void a_reservation_ends_once(void **state)
{
    static const char unknown[] =
        ", and none of the last 16 that ended: it ended long ago, is another "
        "user's or never was";
    fixture *place = *state;
    bbots_timestamp now = PEOPLE_BEGIN + PEOPLE_HOUR; /* 01:00 */
    bbots_uuid nobody = {{1, 2, 3}};
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    expect_ended(txn, 1, nobody, now, unknown);
    bbots_uuid settled = reserve(txn, now);
    bbots_uuid released = reserve(txn, now);
    bbots_uuid left = reserve(txn, now);
    assert_ok(bbots_budget_settle(txn, 1, settled, now + 1, &fault));
    assert_ok(bbots_budget_release(txn, 1, released, now + PEOPLE_HOUR, &fault));
    commit(txn);
    reopen(place); /* reservations are rows, and durable */
    txn = begin(place->store, BBOTS_WRITE);
    expect_ended(txn, 1, settled, now, ": it was settled at 2026-01-01T01:00:00.000001Z");
    expect_ended(txn, 1, released, now, ": it was released at 2026-01-01T02:00:00.000000Z");
    expect_ended(txn, 2, released, now, unknown);
    /* One that expired can be ended within a day; the next reservation forgets it after that. */
    bbots_uuid last = reserve(txn, now + 25 * PEOPLE_HOUR - 1);
    assert_ok(bbots_budget_settle(txn, 1, last, now + 50 * PEOPLE_HOUR, &fault));
    reserve(txn, now + 25 * PEOPLE_HOUR);
    expect_ended(txn, 1, left, now, ": it expired at 2026-01-01T02:00:00.000000Z");
    for (int i = 0; i < 16; i++) {
        assert_ok(bbots_budget_settle(txn, 1, reserve(txn, now), now, &fault));
    }
    expect_ended(txn, 1, left, now, unknown);
    commit(txn);
}

/* A cost below the budget's last digit counts: with it the whole budget is too much. */
static void test_reserve_last_digit(void **state)
{
    fixture *place = *state;
    bbots_uuid id;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_timestamp now = PEOPLE_BEGIN + PEOPLE_HOUR;
    bbots_budget_limits limits = {.limits = {10000, -1, -1}, .auto_stop = true};
    assert_ok(bbots_budget_set(txn, 1, &limits, now, &fault));
    assert_ok(insert_named(txn, &bbots_gemini_token_usage_table, "userId", integer(1), "model",
                           string("x"), "totalTokens", integer(1), "inputCost",
                           bbots_value_decimal(1, 6), "outputCost", bbots_value_decimal(0, 6),
                           "totalCost", bbots_value_decimal(1, 6), "createdAt",
                           bbots_value_timestamp(now)));
    assert_status(bbots_budget_reserve(txn, 1, 10000, now + PEOPLE_HOUR, now, &id, NULL, &fault),
                  BBOTS_REFUSED);
    assert_ok(bbots_budget_reserve(txn, 1, 9999, now + PEOPLE_HOUR, now, &id, NULL, &fault));
    commit(txn);
}

/* ------------------------------------------------------------------ races */

#define RACE_TIME (PEOPLE_BEGIN + PEOPLE_HOUR)

/* Nothing is set aside any more: the last cent is there again. */
static int put_cent(bbots_txn *txn, void *context, bbots_error *error)
{
    const bbots_table *table = &bbots_system_config_table;
    bbots_value key = string("reservations.1");
    (void)context;
    int rc = bbots_delete(txn, table, index_of(table, "system_config_key_key"), &key, NULL, error);
    return rc == BBOTS_NOT_FOUND ? BBOTS_OK : rc;
}

static int reserve_cent(bbots_txn *txn, void *context, bbots_error *error)
{
    bbots_uuid id;
    (void)context;
    return bbots_budget_reserve(txn, 1, 100, RACE_TIME + PEOPLE_HOUR, RACE_TIME, &id, NULL, error);
}

static race race_of(fixture *place)
{
    bbots_budget_limits limits = {.limits = {100, -1, -1}, .auto_stop = true};
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_budget_set(txn, 1, &limits, RACE_TIME, &fault));
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    return (race){place->path, &bbots_platform_schema, put_cent, reserve_cent, NULL};
}

static void one_of_two_threads_gets_the_last_cent(void **state)
{
    race run = race_of(*state);
    race_threads(&run, race_rounds(50));
}

static void one_of_two_processes_gets_the_last_cent(void **state)
{
    race run = race_of(*state);
    race_processes(&run, race_rounds(50));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_budget, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(periods_are_counted_from_their_begins, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_period_has_the_costs_within_it, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_budget_that_cannot_be_is_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(alerts_are_counted_by_the_day, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_reservations, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_reservation_ends_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_reserve_last_digit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(one_of_two_threads_gets_the_last_cent, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(one_of_two_processes_gets_the_last_cent, fixture_setup,
                                        fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
