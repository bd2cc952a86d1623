/*
 * test_costs.c - costs are recorded; derived values; what is refused; time zones,
 * executions, the forecast. That every answer equals the rows is proved by tests/ledger.
 */
#include "support/people.h"

#include <bbots/budget.h>
#include <bbots/costs.h>

static const bbots_table *const sources[] = {
    &bbots_api_token_usage_table, &bbots_gemini_token_usage_table, &bbots_browserbase_costs_table,
    &bbots_storage_costs_table};

/* ------------------------------------------------------------------ summaries */

/* Every summary says what is answered of its user and day, and no day lacks one. */
static void check_summaries(bbots_txn *txn)
{
    bbots_cursor *cursor;
    bbots_row row;
    uint64_t found = 0;
    uint64_t wanted = 0;
    assert_ok(bbots_cursor_open(txn, &bbots_daily_cost_summaries_table, 0, NULL, &cursor, &fault));
    while (bbots_cursor_next(cursor, &row, &fault) == BBOTS_OK) {
        bbots_cost_question question = {.user_id = number_at(&row, "userId"),
                                        .from = number_at(&row, "date"),
                                        .to = number_at(&row, "date") + PEOPLE_DAY};
        bbots_cost_answer *answer;
        assert_ok(bbots_cost_ask(txn, &question, &answer, &fault));
        const bbots_cost_sums *sums = bbots_cost_answer_sums(answer);
        assert_int_equal(number_at(&row, "totalApiCalls"), sums->count[0]);
        assert_int_equal(number_at(&row, "totalStorageOperations"), sums->count[3]);
        assert_int_equal(number_at(&row, "apiCostUsd") * 100, sums->cost[0]);
        assert_int_equal(number_at(&row, "geminiCostUsd"), sums->cost[1]);
        assert_int_equal(number_at(&row, "totalCostUsd"), (sums->total + 50) / 100);
        assert_int_equal(number_at(&row, "totalSessionMinutes"), sums->minutes);
        for (unsigned source = 0; source < BBOTS_COST_SOURCES; source++) {
            found += (uint64_t)sums->count[source];
        }
        bbots_cost_answer_free(answer);
    }
    bbots_cursor_close(cursor);
    for (unsigned source = 0; source < BBOTS_COST_SOURCES; source++) {
        wanted += count_of(txn, sources[source]);
    }
    assert_int_equal(found, wanted);
}

static void insert_plain(bbots_txn *txn, int64_t user, const char *request, bbots_timestamp at)
{
    assert_ok(insert_named(txn, &bbots_api_token_usage_table, "userId", integer(user), "requestId",
                           string(request), "model", string("by hand"), "totalTokens", integer(7),
                           "inputCost", bbots_value_decimal(1, 4), "outputCost",
                           bbots_value_decimal(2, 4), "totalCost", bbots_value_decimal(41, 4),
                           "createdAt", bbots_value_timestamp(at)));
}

/* Summaries that a plain store left behind, or a hand spoilt, are brought in line. */
static void test_summaries_rebuild(void **state)
{
    fixture *place = *state;
    bbots_options plain = {.schema = &bbots_platform_schema, .flags = BBOTS_OPEN_UNFOLLOWED};
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    insert_plain(txn, 1, "a", PEOPLE_BEGIN);
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &plain);
    txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 20; i++) {
        insert_plain(txn, 1 + i % PEOPLE_USERS, "b", PEOPLE_BEGIN + i % 3 * PEOPLE_DAY);
    }
    assert_int_equal(count_of(txn, &bbots_daily_cost_summaries_table), 1);
    assert_ok(insert_named(txn, &bbots_daily_cost_summaries_table, "userId", integer(1), "date",
                           bbots_value_timestamp(0), "totalCostUsd", bbots_value_decimal(1, 4)));
    assert_ok(bbots_cost_summaries_rebuild(txn, &fault));
    assert_int_equal(count_of(txn, &bbots_daily_cost_summaries_table), 15);
    check_summaries(txn);
    commit(txn);
}

/* The only summary there is of user 1 says these costs. */
static void expect_one_summary(bbots_store *store, int64_t cost, const char *models)
{
    bbots_row row;
    char *text;
    size_t size;
    bbots_txn *txn = begin(store, BBOTS_READ);
    bbots_cursor *cursor;
    assert_int_equal(count_of(txn, &bbots_daily_cost_summaries_table), 1);
    assert_ok(bbots_cursor_open(txn, &bbots_daily_cost_summaries_table, 0, NULL, &cursor, &fault));
    assert_ok(bbots_cursor_next(cursor, &row, &fault));
    assert_int_equal(number_at(&row, "totalCostUsd"), cost);
    bbots_value json = row_at(&row, "costByModel");
    assert_ok(bbots_json_print((bbots_json){json.data, json.size, BBOTS_JSON_PACKED}, &text, &size,
                               &fault));
    assert_string_equal(text, models);
    free(text);
    bbots_cursor_close(cursor);
    commit(txn);
}

/* What a hand does to a summary is gone with the next commit, be it a second one of the same day. */
static void test_summaries_by_hand(void **state)
{
    static const char *const models[] = {NULL, "{\"by hand\": 0.004200}", "{}"};
    static const char is[] = "{\"by hand\": 0.004100}";
    fixture *place = *state;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    insert_plain(txn, 1, "a", PEOPLE_BEGIN);
    commit(txn);
    expect_one_summary(place->store, 41, is);
    for (size_t i = 0; i < COUNT(models); i++) {
        bbots_value wrong =
            models[i] == NULL ? null_value() : bbots_value_json(bbots_json_of(models[i]));
        txn = begin(place->store, BBOTS_WRITE);
        assert_ok(update_named(txn, &bbots_daily_cost_summaries_table, 1, "costByModel", wrong));
        commit(txn);
        expect_one_summary(place->store, 41, is);
    }
    txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 2; i++) {
        assert_ok(insert_named(txn, &bbots_daily_cost_summaries_table, "userId", integer(1), "date",
                               bbots_value_timestamp(PEOPLE_BEGIN), "totalCostUsd",
                               bbots_value_decimal(1, 4)));
    }
    commit(txn);
    expect_one_summary(place->store, 41, is);
}

/* A cost of no time has no day, until it gets one. */
static void test_costs_of_no_day(void **state)
{
    fixture *place = *state;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    insert_plain(txn, 1, "a", BBOTS_TIMESTAMP_INFINITY);
    insert_plain(txn, 1, "b", BBOTS_TIMESTAMP_MINUS_INFINITY);
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(count_of(txn, &bbots_daily_cost_summaries_table), 0);
    assert_ok(update_named(txn, &bbots_api_token_usage_table, 1, "createdAt",
                           bbots_value_timestamp(PEOPLE_BEGIN)));
    commit(txn);
    expect_one_summary(place->store, 41, "{\"by hand\": 0.004100}");
}

/* ------------------------------------------------------------------ recording */

static void test_recording(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    bbots_row row;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_cost_call call = {.source = BBOTS_COST_CLAUDE,
                            .user_id = 1,
                            .request_id = bbots_text_of("r1"),
                            .model = bbots_text_of("m1"),
                            .input_tokens = 1000,
                            .output_tokens = 333,
                            .cache_creation_tokens = 10,
                            .cache_read_tokens = 7,
                            .response_ms = 12,
                            .at = PEOPLE_BEGIN};
    assert_ok(bbots_cost_record_call(txn, &call, BBOTS_COST_ONCE, 0, &recorded, &fault));
    assert_false(recorded.repeated);
    assert_string_equal(recorded.price, "anthropic/m1");
    assert_ok(get_id(txn, &bbots_api_token_usage_table, recorded.id, &row));
    /* 3 x 1000 + 15 x 333 + 3.75 x 10 + 0.3 x 7 = 8034.6 millionths */
    assert_int_equal(number_at(&row, "inputCost"), 30);
    assert_int_equal(number_at(&row, "outputCost"), 50);
    assert_int_equal(number_at(&row, "cacheCost"), 0);
    assert_int_equal(number_at(&row, "totalCost"), 80);
    assert_int_equal(number_at(&row, "totalTokens"), 1350);
    int64_t first = recorded.id;
    assert_ok(bbots_cost_record_call(txn, &call, BBOTS_COST_ONCE, 0, &recorded, &fault));
    assert_true(recorded.repeated && recorded.id == first && recorded.total == 80);
    assert_int_equal(count_of(txn, &bbots_api_token_usage_table), 1);
    assert_int_equal(count_of(txn, &bbots_daily_cost_summaries_table), 1);
    assert_ok(get_id(txn, &bbots_daily_cost_summaries_table, 1, &row));
    bbots_value models = row_at(&row, "costByModel");
    char *text;
    size_t size;
    assert_ok(bbots_json_print((bbots_json){models.data, models.size, BBOTS_JSON_PACKED}, &text,
                               &size, &fault));
    assert_string_equal(text, "{\"m1\": 0.008000}");
    free(text);

    bbots_cost_session session = {.user_id = 2,
                                  .session_id = bbots_text_of("s1"),
                                  .status = bbots_text_of("active"),
                                  .duration_ms = 90000,
                                  .minute_cost = BBOTS_COST_UNKNOWN,
                                  .recording_cost = 500,
                                  .screenshot_cost = 10,
                                  .screenshots = 3,
                                  .started = PEOPLE_BEGIN,
                                  .at = PEOPLE_BEGIN};
    assert_ok(bbots_cost_record_session(txn, &session, 0, 0, &recorded, &fault));
    assert_int_equal(recorded.total, 180); /* 1.5 minutes at 0.01, 3 pictures at 0.001 */
    session.duration_ms = 120000;
    session.recorded = true;
    session.completed = PEOPLE_BEGIN + 120 * INT64_C(1000000);
    session.at = PEOPLE_BEGIN + 5 * PEOPLE_DAY;
    assert_ok(bbots_cost_record_session(txn, &session, 0, 0, &recorded, &fault));
    assert_true(recorded.updated);
    assert_int_equal(recorded.total, 730);
    assert_ok(get_id(txn, &bbots_browserbase_costs_table, recorded.id, &row));
    assert_int_equal(number_at(&row, "createdAt"), PEOPLE_BEGIN);
    assert_int_equal(number_at(&row, "durationMinutes"), 200);

    bbots_cost_operation operation = {.user_id = 2,
                                      .provider = bbots_text_of("s3"),
                                      .bucket = bbots_text_of("b"),
                                      .operation = bbots_text_of("download"),
                                      .size_bytes = 1073741824,
                                      .request_cost = 40,
                                      .transfer_cost = 90000,
                                      .at = PEOPLE_BEGIN};
    assert_ok(bbots_cost_record_operation(txn, &operation, 0, 0, &recorded, &fault));
    assert_int_equal(recorded.total, 90000); /* 0.0000004 + 0.09 */
    operation.operation = bbots_text_of("delete");
    assert_ok(bbots_cost_record_operation(txn, &operation, 0, 0, &recorded, &fault));
    assert_int_equal(recorded.total, 0);
    check_summaries(txn);
    commit(txn);
}

/* ------------------------------------------------------------------ bad input */

static void test_refused(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    bbots_cost_answer *answer;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(txn);
    bbots_cost_call call = {.source = BBOTS_COST_CLAUDE,
                            .user_id = 1,
                            .model = bbots_text_of("m1"),
                            .input_tokens = -1,
                            .response_ms = -1};
#define REFUSED(status)                                                                            \
    assert_status(bbots_cost_record_call(txn, &call, 0, 0, &recorded, &fault), (status))
    REFUSED(BBOTS_INVALID_ARGUMENT);
    call.input_tokens = 1;
    call.model = bbots_text_of("nobody knows it");
    REFUSED(BBOTS_UNKNOWN_PRICE);
    call.model = bbots_text_of("m1");
    call.user_id = 99;
    REFUSED(BBOTS_FOREIGN_KEY_VIOLATION);
    call.user_id = 1;
    call.priced = true;
    call.input_cost = INT64_C(10000000000);
    REFUSED(BBOTS_NUMERIC_OUT_OF_RANGE);
    call.input_cost = -1;
    REFUSED(BBOTS_INVALID_ARGUMENT);
    call.source = BBOTS_COST_STORAGE;
    REFUSED(BBOTS_INVALID_ARGUMENT);
    call = (bbots_cost_call){
        .source = BBOTS_COST_GEMINI, .user_id = 1, .model = call.model, .cache_read_tokens = 1};
    REFUSED(BBOTS_INVALID_ARGUMENT);
    call.cache_read_tokens = 0;
    assert_status(bbots_cost_record_call(txn, &call, BBOTS_COST_ONCE, 0, &recorded, &fault),
                  BBOTS_INVALID_ARGUMENT);
    bbots_cost_session session = {.user_id = 1,
                                  .session_id = bbots_text_of("s"),
                                  .status = bbots_text_of("failed"),
                                  .started = PEOPLE_BEGIN + 2,
                                  .completed = PEOPLE_BEGIN + 1};
    assert_status(bbots_cost_record_session(txn, &session, 0, 0, &recorded, &fault),
                  BBOTS_INVALID_ARGUMENT);
    static const char *const zones[] = {
        "Europe/Nowhere", "../etc/passwd",  "+99", "", "5", "+5x", "/etc/localtime",
        "Europe",         "Europe/Berlin/x"};
    for (size_t i = 0; i < COUNT(zones); i++) {
        bbots_cost_question question = {.zone = zones[i], .from = 5, .to = 6};
        assert_status(bbots_cost_ask(txn, &question, &answer, &fault), BBOTS_INVALID_ARGUMENT);
    }
    bbots_cost_question backward = {.from = 6, .to = 5};
    assert_status(bbots_cost_ask(txn, &backward, &answer, &fault), BBOTS_INVALID_ARGUMENT);
    bbots_budget_limits limits = {.limits = {0, -1, -1}};
    assert_status(bbots_budget_set(txn, 1, &limits, 0, &fault), BBOTS_INVALID_ARGUMENT);
    assert_digest(txn, before);
    commit(txn);
}

/* ------------------------------------------------------------------ zones, executions, forecast */

static void test_zones(void **state)
{
    bbots_timestamp from;
    bbots_timestamp to;
    char text[BBOTS_TIMESTAMP_TEXT_MAX];
    (void)state;
    /* zone, a time, and where its day begins and ends */
    static const char *const days[][4] = {
        {"Europe/Berlin", "2026-03-29 12:00", "2026-03-28 23:00:00", "2026-03-29 22:00:00"},
        {"Europe/Berlin", "2026-10-25 12:00", "2026-10-24 22:00:00", "2026-10-25 23:00:00"},
        {"Asia/Kolkata", "2026-01-01 00:00", "2025-12-31 18:30:00", "2026-01-01 18:30:00"},
        {"+05:30", "2026-01-01 00:00", "2025-12-31 18:30:00", "2026-01-01 18:30:00"},
        {"America/Sao_Paulo", "2018-11-04 12:00", "2018-11-04 03:00:00", "2018-11-05 02:00:00"},
        {"Europe/Berlin", "2080-07-01 12:00", "2080-06-30 22:00:00", "2080-07-01 22:00:00"},
        {"Europe/Berlin", "2080-01-01 12:00", "2079-12-31 23:00:00", "2080-01-01 23:00:00"},
        {"Australia/Sydney", "2090-01-01 00:00", "2089-12-31 13:00:00", "2090-01-01 13:00:00"},
        {"-8", "2026-01-01 00:00", "2025-12-31 08:00:00", "2026-01-01 08:00:00"},
        /* Clocks leapt from half an hour before midnight to half an hour behind it. */
        {"America/Toronto", "1919-03-31 12:00", "1919-03-31 04:30:00", "1919-04-01 04:00:00"},
    };
    static const struct {
        bbots_timestamp at;
        bbots_time_unit unit;
    } none[] = {{PEOPLE_BEGIN, BBOTS_TIME_NONE},
                {PEOPLE_BEGIN, (bbots_time_unit)(BBOTS_TIME_YEAR + 1)},
                {BBOTS_TIMESTAMP_MIN, BBOTS_TIME_DAY},
                {BBOTS_TIMESTAMP_MAX, BBOTS_TIME_DAY}};
    for (size_t i = 0; i < COUNT(none); i++) {
        assert_status(bbots_zone_unit("UTC", none[i].at, none[i].unit, &from, &to, &fault),
                      BBOTS_INVALID_ARGUMENT);
    }
    for (size_t i = 0; i < COUNT(days); i++) {
        bbots_timestamp at;
        assert_int_equal(bbots_timestamp_parse(bbots_text_of(days[i][1]), false, &at), BBOTS_OK);
        assert_ok(bbots_zone_unit(days[i][0], at, BBOTS_TIME_DAY, &from, &to, &fault));
        bbots_timestamp_print(from, false, BBOTS_TIMESTAMP_POSTGRES, text);
        assert_string_equal(text, days[i][2]);
        bbots_timestamp_print(to, false, BBOTS_TIMESTAMP_POSTGRES, text);
        assert_string_equal(text, days[i][3]);
    }
}

static void test_executions_and_forecast(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    bbots_cost_executions executions;
    bbots_cost_forecast forecast;
    bbots_cost_sums sums;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 10; i++) {
        bbots_cost_call call = {.source = BBOTS_COST_CLAUDE,
                                .user_id = 1,
                                .execution_id = i % 3,
                                .model = bbots_text_of("x"),
                                .input_tokens = 5,
                                .priced = true,
                                .input_cost = 10000,
                                .at = PEOPLE_BEGIN + i * PEOPLE_DAY};
        assert_ok(bbots_cost_record_call(txn, &call, 0, 0, &recorded, &fault));
    }
    bbots_cost_question question = {
        .user_id = 1, .from = PEOPLE_BEGIN, .to = PEOPLE_BEGIN + 31 * PEOPLE_DAY};
    assert_ok(bbots_cost_executions_of(txn, &question, &executions, &fault));
    assert_int_equal(executions.count, 2);
    assert_int_equal(executions.total, 6000000);
    assert_int_equal(executions.average, 3000000);
    assert_ok(bbots_cost_execution(txn, 1, &sums, &fault));
    assert_int_equal(sums.total, 3000000);
    assert_int_equal(sums.input_tokens, 15);
    assert_ok(
        bbots_cost_forecast_of(txn, 1, NULL, PEOPLE_BEGIN + 10 * PEOPLE_DAY, &forecast, &fault));
    assert_int_equal(forecast.spent, 10000000);
    assert_int_equal(forecast.month, 31000000);
    assert_int_equal(forecast.days, 10);
    assert_int_equal(forecast.days_of_month, 31);
    /* A month that begins just now is not foretold, and one that costs less than nothing is. */
    assert_ok(
        bbots_cost_forecast_of(txn, 1, NULL, PEOPLE_BEGIN + 31 * PEOPLE_DAY, &forecast, &fault));
    assert_int_equal(forecast.spent, 0);
    assert_int_equal(forecast.month, 0);
    assert_int_equal(forecast.days, 0);
    assert_ok(insert_named(txn, &bbots_storage_costs_table, "userId", integer(2), "provider",
                           string("s3"), "bucket", string("b"), "operationType", string("upload"),
                           "totalCost", bbots_value_decimal(-1000, 6), "status", string("success"),
                           "createdAt", bbots_value_timestamp(PEOPLE_BEGIN)));
    assert_ok(bbots_cost_forecast_of(txn, 2, NULL, PEOPLE_BEGIN + PEOPLE_DAY, &forecast, &fault));
    assert_int_equal(forecast.month, -31000);
    sums = (bbots_cost_sums){.input_tokens = 1, .cache_read_tokens = 1, .cache_creation_tokens = 1};
    assert_int_equal(bbots_cost_cache_hits(&sums), 333333);
    commit(txn);
}

/* ------------------------------------------------------------------ the latest */

typedef struct heard {
    int64_t ids[8];
    unsigned count;
    unsigned most;
} heard;

static int hear(const bbots_row *row, void *context)
{
    heard *all = context;
    all->ids[all->count++] = number_at(row, "id");
    return all->count == all->most;
}

/* The newest come first, of one user or of all, as many as are wanted. */
static void test_latest(void **state)
{
    fixture *place = *state;
    heard all = {.most = 8};
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    insert_plain(txn, 1, "a", PEOPLE_BEGIN + 3 * PEOPLE_DAY);
    insert_plain(txn, 2, "b", PEOPLE_BEGIN + 2 * PEOPLE_DAY);
    insert_plain(txn, 1, "c", PEOPLE_BEGIN + 1 * PEOPLE_DAY);
    insert_plain(txn, 1, "d", PEOPLE_BEGIN + 4 * PEOPLE_DAY);
    assert_ok(bbots_cost_latest(txn, BBOTS_COST_CLAUDE, 0, 3, hear, &all, &fault));
    assert_true(all.count == 3 && all.ids[0] == 4 && all.ids[1] == 1 && all.ids[2] == 2);
    all = (heard){.most = 8};
    assert_ok(bbots_cost_latest(txn, BBOTS_COST_CLAUDE, 1, 9, hear, &all, &fault));
    assert_true(all.count == 3 && all.ids[0] == 4 && all.ids[1] == 1 && all.ids[2] == 3);
    all = (heard){.most = 1};
    assert_ok(bbots_cost_latest(txn, BBOTS_COST_CLAUDE, 1, 9, hear, &all, &fault));
    assert_int_equal(all.count, 1);
    assert_ok(bbots_cost_latest(txn, BBOTS_COST_STORAGE, 0, 9, hear, &all, &fault));
    assert_int_equal(all.count, 1);
    assert_status(bbots_cost_latest(txn, BBOTS_COST_CLAUDE, 1, 0, hear, &all, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_cost_latest(txn, BBOTS_COST_SOURCES, 1, 1, hear, &all, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_cost_latest(txn, BBOTS_COST_CLAUDE, -1, 1, hear, &all, &fault),
                  BBOTS_INVALID_ARGUMENT);
    commit(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_summaries_rebuild, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_summaries_by_hand, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_costs_of_no_day, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_recording, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_zones),
        cmocka_unit_test_setup_teardown(test_executions_and_forecast, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_latest, fixture_setup, fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
