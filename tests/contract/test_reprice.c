/*
 * tests/contract/test_reprice.c - proves pricing anew (bbots/prices.h) over the four tables: the costs to
 * the last digit, what a dry run tells, which rows are looked at, and that a failure changes nothing.
 * tests/cli/test_prices.py does it with real calls and real lists.
 */
#include "support/support.h"

#include <bbots/backup.h>
#include <bbots/budget.h>
#include <bbots/costs.h>
#include <bbots/platform.h>
#include <bbots/prices.h>

#define CALLS      (&bbots_api_token_usage_table)
#define GEMINI     (&bbots_gemini_token_usage_table)
#define SESSIONS   (&bbots_browserbase_costs_table)
#define SUMMARIES  (&bbots_daily_cost_summaries_table)
#define OPERATIONS (&bbots_storage_costs_table)

static void put_list(bbots_txn *txn, const char *key, const char *json)
{
    assert_ok(insert_named(txn, &bbots_system_config_table, "key", string(key), "value",
                           bbots_value_json(bbots_json_of(json))));
}

static void add_call(bbots_txn *txn, int64_t user, const char *model, int64_t input,
                     const char *time)
{
    assert_ok(insert_named(txn, CALLS, "userId", integer(user), "model", string(model),
                           "inputTokens", integer(input), "outputTokens", integer(1000),
                           "cacheReadTokens", integer(500), "totalTokens", integer(input + 1500),
                           "inputCost", string("1"), "outputCost", string("1"), "totalCost",
                           string("2"), "createdAt", string(time)));
}

static void add_operation(bbots_txn *txn, const char *type, int64_t bytes)
{
    assert_ok(insert_named(txn, OPERATIONS, "userId", integer(1), "provider", string("s3"),
                           "bucket", string("b"), "operationType", string(type), "sizeBytes",
                           integer(bytes), "totalCost", string("7"), "status", string("success"),
                           "createdAt", string("2026-01-05")));
}

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, &bbots_users_table, "email", string("a@example.org")));
    assert_ok(insert_named(txn, &bbots_users_table, "email", string("b@example.org")));
    put_list(
        txn, "pricing.anthropic",
        "{\"provider\": \"anthropic\", \"models\": [{\"id\": \"x\", \"prices\": [{\"input\": \"3\","
        " \"output\": \"15\", \"cacheRead\": \"0.3\"}, {\"from\": \"2026-02-01\", \"input\": "
        "\"30\","
        " \"output\": \"150\", \"cacheRead\": \"3\"}]}, {\"id\": \"y\", \"prices\": [{\"input\": "
        "\"1\","
        " \"output\": \"1\", \"cacheRead\": \"1\"}]}]}");
    add_call(txn, 1, "x", 10000, "2026-01-05T10:00:00");
    add_call(txn, 1, "x", 20000, "2026-01-05T23:59:59.999999");
    add_call(txn, 2, "x", 10000, "2026-02-01T00:00:00");
    add_call(txn, 2, "y", 10000, "2026-02-01T00:00:00");
    commit(txn);
    return rc;
}

/* One row of cost in a table. */
static void assert_cost(bbots_txn *txn, const bbots_table *table, int64_t id, const char *name,
                        int64_t scaled)
{
    bbots_row row;
    assert_ok(get_id(txn, table, id, &row));
    assert_int_equal(row_at(&row, name).integer, scaled);
}

static void assert_line(const bbots_repricing *done, size_t number, const char *provider,
                        const char *day, const char *model, uint64_t rows, int64_t old_cost,
                        int64_t new_cost)
{
    const bbots_reprice_line *line = bbots_repricing_line(done, number);
    assert_string_equal(line->provider, provider);
    assert_int_equal(line->day, time_of(day));
    assert_int_equal(line->model.size, strlen(model));
    assert_memory_equal(line->model.data, model, strlen(model));
    assert_int_equal(line->rows, rows);
    assert_int_equal(line->old_cost, old_cost);
    assert_int_equal(line->new_cost, new_cost);
    assert_int_equal(line->difference, new_cost - old_cost);
}

static void a_dry_run_tells_and_applying_does(void **state)
{
    fixture *place = *state;
    bbots_repricing *done;
    bbots_reprice_request request = {.flags = 0};
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    bbots_digest before = digest_of(txn);
    assert_ok(bbots_prices_reprice(txn, &request, &done, &fault));
    assert_int_equal(bbots_repricing_rows(done), 4);
    assert_int_equal(bbots_repricing_count(done), 3);
    /* 0.03 + 0.015 + 0.00015 = 0.04515 is 0.0452; 0.06 + 0.015 + 0.00015 = 0.07515 is 0.0752 */
    assert_line(done, 0, "anthropic", "2026-01-05", "x", 2, 4000000, 120400);
    assert_line(done, 1, "anthropic", "2026-02-01", "x", 1, 2000000, 451500);
    assert_line(done, 2, "anthropic", "2026-02-01", "y", 1, 2000000, 11500);
    bbots_repricing_free(done);
    request.flags = BBOTS_REPRICE_APPLY;
    assert_status(bbots_prices_reprice(txn, &request, &done, &fault), BBOTS_READ_ONLY);
    bbots_rollback(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_digest(txn, before);
    assert_ok(bbots_prices_reprice(txn, &request, &done, &fault));
    assert_int_equal(bbots_repricing_count(done), 3);
    bbots_repricing_free(done);
    assert_cost(txn, CALLS, 1, "inputCost", 300);
    assert_cost(txn, CALLS, 1, "outputCost", 150);
    assert_cost(txn, CALLS, 1, "cacheCost", 2); /* 0.00015 */
    assert_cost(txn, CALLS, 1, "totalCost", 452);
    assert_cost(txn, CALLS, 3, "totalCost", 4515);
    assert_ok(bbots_prices_reprice(txn, &request, &done, &fault));
    assert_int_equal(bbots_repricing_count(done), 0);
    assert_int_equal(bbots_repricing_rows(done), 4);
    bbots_repricing_free(done);
    commit(txn);
}

static int64_t total_of(bbots_txn *txn, int64_t user)
{
    bbots_cost_question question = {.user_id = user};
    bbots_cost_answer *answer;
    assert_ok(bbots_cost_ask(txn, &question, &answer, &fault));
    int64_t total = bbots_cost_answer_sums(answer)->total;
    bbots_cost_answer_free(answer);
    return total;
}

/* The overview, the summary of the day and the budget's copies say the new costs. */
static void every_total_follows_new_prices(void **state)
{
    fixture *place = *state;
    bbots_repricing *done;
    bbots_row row;
    bbots_budget_limits limits = {.limits = {100, 100, 1000000}};
    bbots_reprice_request request = {.flags = BBOTS_REPRICE_APPLY};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_budget_set(txn, 1, &limits, time_of("2026-01-05"), &fault));
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(total_of(txn, 0), 8000000);
    assert_cost(txn, SUMMARIES, 1, "totalCostUsd", 40000);
    assert_ok(bbots_prices_reprice(txn, &request, &done, &fault));
    bbots_repricing_free(done);
    assert_int_equal(total_of(txn, 0), 120400 + 451500 + 11500);
    assert_int_equal(total_of(txn, 1), 120400);
    commit(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_int_equal(total_of(txn, 1), 120400);
    assert_ok(get_id(txn, SUMMARIES, 1, &row));
    assert_int_equal(row_at(&row, "date").integer, time_of("2026-01-05"));
    assert_cost(txn, SUMMARIES, 1, "apiCostUsd", 1204);
    assert_cost(txn, SUMMARIES, 1, "totalCostUsd", 1204);
    assert_cost(txn, &bbots_cost_budgets_table, 1, "currentDailySpend", 1204);
    assert_cost(txn, &bbots_cost_budgets_table, 1, "currentMonthlySpend", 1204);
    bbots_rollback(txn);
}

static uint64_t rows_of(bbots_txn *txn, bbots_reprice_request request)
{
    bbots_repricing *done;
    assert_ok(bbots_prices_reprice(txn, &request, &done, &fault));
    uint64_t rows = bbots_repricing_rows(done);
    bbots_repricing_free(done);
    return rows;
}

static void rows_are_chosen_by_user_time_and_model(void **state)
{
    fixture *place = *state;
    bbots_timestamp january = time_of("2026-01-05T10:00:00");
    bbots_timestamp end = time_of("2026-01-05T23:59:59.999999");
    bbots_timestamp february = time_of("2026-02-01");
    bbots_txn *txn = begin(place->store, BBOTS_READ);
#define ROWS(...) rows_of(txn, (bbots_reprice_request){__VA_ARGS__})
    assert_int_equal(ROWS(.user_id = 1), 2);
    assert_int_equal(ROWS(.user_id = 3), 0);
    assert_int_equal(ROWS(.from = january, .to = end), 1);
    assert_int_equal(ROWS(.from = january, .to = end + 1), 2);
    assert_int_equal(ROWS(.from = january + 1, .to = february), 1);
    assert_int_equal(ROWS(.from = january, .to = february + 1), 4);
    assert_int_equal(ROWS(.user_id = 2, .from = january, .to = february + 1), 2);
    assert_int_equal(ROWS(.to = february), 2);
    assert_int_equal(ROWS(.model = bbots_text_of("y")), 1);
    assert_int_equal(ROWS(.model = bbots_text_of("z")), 0);
    assert_int_equal(ROWS(.provider = bbots_text_of("anthropic")), 4);
    assert_int_equal(ROWS(.provider = bbots_text_of("storage")), 0);
    bbots_rollback(txn);
}

static void sessions_and_operations_are_priced_too(void **state)
{
    fixture *place = *state;
    bbots_repricing *done;
    bbots_reprice_request request = {.flags = BBOTS_REPRICE_APPLY};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    put_list(txn, "pricing.browserbase",
             "{\"provider\": \"browserbase\", \"models\": [{\"id\": \"session\", \"prices\":"
             " [{\"minute\": \"0.02\", \"recording\": \"0.05\", \"screenshot\": \"0.0007\"}]}]}");
    put_list(txn, "pricing.storage",
             "{\"provider\": \"storage\", \"models\": [{\"id\": \"s3/download\", \"prices\":"
             " [{\"request\": \"0.0000004\", \"transferGb\": \"0.08\"}]},"
             " {\"id\": \"s3/upload\", \"prices\": [{\"request\": \"0.000005\"}]}]}");
    assert_ok(insert_named(txn, SESSIONS, "userId", integer(1), "sessionId", string("s"),
                           "durationMs", integer(90001), "durationMinutes", string("1.50"),
                           "totalCost", string("1"), "hasRecording", bbots_value_boolean(true),
                           "screenshotCount", integer(3), "status", string("completed"),
                           "startedAt", string("2026-01-05"), "createdAt", string("2026-01-05")));
    add_operation(txn, "download", 1234567890);
    add_operation(txn, "upload", 1234567890);
    add_operation(txn, "delete", 0);
    assert_ok(bbots_prices_reprice(txn, &request, &done, &fault));
    assert_int_equal(bbots_repricing_count(done), 3 + 1 + 3);
    assert_line(done, 3, "browserbase", "2026-01-05", "session", 1, 1000000, 82100);
    assert_line(done, 4, "storage", "2026-01-05", "s3/delete", 1, 7000000, 0);
    assert_line(done, 5, "storage", "2026-01-05", "s3/download", 1, 7000000, 91983);
    assert_line(done, 6, "storage", "2026-01-05", "s3/upload", 1, 7000000, 5);
    bbots_repricing_free(done);
    assert_cost(txn, SESSIONS, 1, "costPerMinute", 200);
    assert_cost(txn, SESSIONS, 1, "recordingCost", 500);
    assert_cost(txn, SESSIONS, 1, "screenshotCost", 21);
    assert_cost(txn, SESSIONS, 1, "totalCost", 821); /* 0.0300003... + 0.05 + 0.0021 */
    assert_cost(txn, OPERATIONS, 1, "transferCostPerGb", 80000);
    assert_cost(txn, OPERATIONS, 1, "requestCost", 40);
    assert_cost(txn, OPERATIONS, 1, "totalCost", 91983); /* 0.0919829... */
    assert_cost(txn, OPERATIONS, 2, "totalCost", 5);
    assert_cost(txn, OPERATIONS, 3, "totalCost", 0);
    commit(txn);
}

static void a_failure_changes_nothing(void **state)
{
    fixture *place = *state;
    bbots_repricing *done;
    bbots_reprice_request request = {.flags = BBOTS_REPRICE_APPLY};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_call(txn, 1, "unheard-of", 5, "2026-03-01"); /* behind rows that would change */
    bbots_digest before = digest_of(txn);
    assert_status(bbots_prices_reprice(txn, &request, &done, &fault), BBOTS_UNKNOWN_PRICE);
    assert_non_null(strstr(fault.message, "unheard-of"));
    assert_non_null(strstr(fault.message, "row 5"));
    assert_null(done);
    request.flags |= BBOTS_REPRICE_FALLBACK;
    assert_status(bbots_prices_reprice(txn, &request, &done, &fault), BBOTS_UNKNOWN_PRICE);
    request.provider = bbots_text_of("aws");
    assert_status(bbots_prices_reprice(txn, &request, &done, &fault), BBOTS_INVALID_ARGUMENT);
    request = (bbots_reprice_request){.from = 5, .to = 4};
    assert_status(bbots_prices_reprice(txn, &request, &done, &fault), BBOTS_INVALID_ARGUMENT);
    assert_digest(txn, before);
    bbots_repricing_free(NULL);
    commit(txn);
}

/* Quantities that a hand wrote below zero have no price; nothing of their table is changed. */
static void what_no_price_fits_is_refused(void **state)
{
    fixture *place = *state;
    bbots_repricing *done;
    bbots_reprice_request request = {.flags = BBOTS_REPRICE_APPLY};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    put_list(txn, "pricing.google",
             "{\"provider\": \"google\", \"models\": [{\"id\": \"x\", \"prices\": [{\"input\": "
             "\"1\", \"output\": \"2\"}]}]}");
    put_list(txn, "pricing.browserbase",
             "{\"provider\": \"browserbase\", \"models\": [{\"id\": \"session\", \"prices\":"
             " [{\"minute\": \"0.02\"}]}]}");
    put_list(txn, "pricing.storage",
             "{\"provider\": \"storage\", \"models\": [{\"id\": \"s3/download\", \"prices\":"
             " [{\"request\": \"0.0000004\", \"transferGb\": \"0.08\"}]}]}");
    commit(txn);
    for (int i = 0; i < 4; i++) {
        txn = begin(place->store, BBOTS_WRITE);
        if (i == 0) {
            add_call(txn, 1, "x", -5, "2026-03-01");
        } else if (i == 1) {
            assert_ok(insert_named(txn, GEMINI, "userId", integer(1), "model", string("x"),
                                   "inputTokens", integer(-1), "outputTokens", integer(1),
                                   "totalTokens", integer(0), "inputCost", string("1"),
                                   "outputCost", string("1"), "totalCost", string("2"), "createdAt",
                                   string("2026-03-01")));
        } else if (i == 2) {
            assert_ok(insert_named(txn, SESSIONS, "userId", integer(1), "sessionId", string("s"),
                                   "durationMs", integer(-1), "durationMinutes", string("1.50"),
                                   "totalCost", string("1"), "status", string("completed"),
                                   "startedAt", string("2026-01-05"), "createdAt",
                                   string("2026-01-05")));
        } else {
            add_operation(txn, "download", -1);
        }
        bbots_digest before = digest_of(txn);
        assert_status(bbots_prices_reprice(txn, &request, &done, &fault), BBOTS_INVALID_ARGUMENT);
        assert_digest(txn, before);
        bbots_rollback(txn);
    }
}

/* There is a line for each day and model, however many. */
static void each_day_has_its_line(void **state)
{
    enum { DAYS = 150 };
    fixture *place = *state;
    bbots_repricing *done;
    bbots_reprice_request request = {.user_id = 1, .from = time_of("2027-01-01")};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    request.to = request.from + DAYS * INT64_C(86400000000);
    for (int i = 0; i < DAYS; i++) {
        char text[BBOTS_TIMESTAMP_TEXT_MAX];
        bbots_timestamp_print(request.from + i * INT64_C(86400000000), false, BBOTS_TIMESTAMP_ISO,
                              text);
        add_call(txn, 1, "x", 10000, text);
        add_call(txn, 1, "y", 10000, text);
    }
    assert_ok(bbots_prices_reprice(txn, &request, &done, &fault));
    assert_int_equal(bbots_repricing_rows(done), 2 * DAYS);
    assert_int_equal(bbots_repricing_count(done), 2 * DAYS);
    for (size_t i = 0; i < 2 * DAYS; i++) {
        const bbots_reprice_line *line = bbots_repricing_line(done, i);
        assert_int_equal(line->rows, 1);
        assert_int_equal(line->day, request.from + (int64_t)(i / 2) * INT64_C(86400000000));
        assert_memory_equal(line->model.data, i % 2 == 0 ? "x" : "y", 1);
    }
    bbots_repricing_free(done);
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ which entry it was */

/* A model that no list knows: an error that names it, unless the fallback is asked for. */
static void a_fallback_counts_for_who_asks(void **state)
{
    fixture *place = *state;
    bbots_repricing *done;
    bbots_cost_recorded recorded;
    bbots_reprice_request request = {.flags = BBOTS_REPRICE_APPLY};
    bbots_cost_call call = {.source = BBOTS_COST_GEMINI,
                            .user_id = 1,
                            .model = bbots_text_of("unheard-of"),
                            .input_tokens = 1000000};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    put_list(
        txn, "pricing.google",
        "{\"provider\": \"google\", \"models\": [{\"id\": \"g\", \"prices\": [{\"input\": "
        "\"1\"}]}],"
        " \"fallback\": {\"id\": \"any\", \"prices\": [{\"input\": \"5\", \"output\": \"7\"}]}}");
    bbots_digest before = digest_of(txn);
    assert_status(bbots_cost_record_call(txn, &call, 0, 0, &recorded, &fault), BBOTS_UNKNOWN_PRICE);
    assert_non_null(strstr(fault.message, "unheard-of"));
    assert_digest(txn, before);
    assert_ok(bbots_cost_record_call(txn, &call, BBOTS_COST_FALLBACK, 0, &recorded, &fault));
    assert_cost(txn, GEMINI, recorded.id, "totalCost", 5000000);
    char noted[BBOTS_PRICE_ID_MAX + 1];
    assert_ok(bbots_price_noted(txn, GEMINI, recorded.id, noted, &fault));
    assert_string_equal(noted, "google/any");
    assert_ok(update_named(txn, GEMINI, recorded.id, "outputTokens", integer(1000000)));
    request.provider = bbots_text_of("google");
    before = digest_of(txn);
    assert_status(bbots_prices_reprice(txn, &request, &done, &fault), BBOTS_UNKNOWN_PRICE);
    assert_non_null(strstr(fault.message, "unheard-of"));
    assert_digest(txn, before);
    request.flags |= BBOTS_REPRICE_FALLBACK;
    assert_ok(bbots_prices_reprice(txn, &request, &done, &fault));
    assert_int_equal(bbots_repricing_count(done), 1);
    bbots_repricing_free(done);
    assert_cost(txn, GEMINI, recorded.id, "totalCost", 12000000);
    commit(txn);
}

static void assert_noted(bbots_txn *txn, int64_t id, const char *entry)
{
    char noted[BBOTS_PRICE_ID_MAX + 1];
    int rc = bbots_price_noted(txn, CALLS, id, noted, &fault);
    assert_status(rc, entry != NULL ? BBOTS_OK : BBOTS_NOT_FOUND);
    if (entry != NULL) {
        assert_string_equal(noted, entry);
    }
}

static void the_entry_is_noted_beside_the_row(void **state)
{
    fixture *place = *state;
    bbots_repricing *done;
    bbots_reprice_request request = {.user_id = 2, .flags = BBOTS_REPRICE_APPLY};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_noted(txn, 3, NULL);
    assert_ok(bbots_prices_reprice(txn, &request, &done, &fault));
    bbots_repricing_free(done);
    assert_noted(txn, 1, NULL);
    assert_noted(txn, 3, "anthropic/x@2026-02-01");
    assert_noted(txn, 4, "anthropic/y");
    commit(txn);
    reopen(place);
    txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(ROWS(.flags = 0), 4);
    assert_int_equal(ROWS(.flags = BBOTS_REPRICE_NOTED), 2);
    bbots_digest before = digest_of(txn);
    assert_ok(bbots_price_note(txn, CALLS, 4, "", &fault));
    assert_noted(txn, 4, NULL);
    assert_status(bbots_price_note(txn, CALLS, 99, "a", &fault), BBOTS_NOT_FOUND);
    assert_digest(txn, before); /* a note is no part of the row */
    commit(txn);
    reopen(place);
    txn = begin(place->store, BBOTS_READ);
    assert_noted(txn, 4, NULL);
    assert_status(bbots_price_note(txn, CALLS, 4, "a", &fault), BBOTS_READ_ONLY);
    bbots_rollback(txn);
}

static void recording_notes_it_and_a_compaction_keeps_it(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    bbots_cost_call call = {
        .source = BBOTS_COST_CLAUDE, .user_id = 1, .model = bbots_text_of("y"), .input_tokens = 10};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_cost_record_call(txn, &call, 0, 0, &recorded, &fault));
    assert_noted(txn, recorded.id, "anthropic/y");
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    assert_ok(bbots_compact(place->path, NULL, NULL, &fault));
    const bbots_options options = {.schema = &bbots_platform_schema};
    place->store = open_store(place->path, &options);
    txn = begin(place->store, BBOTS_READ);
    assert_noted(txn, recorded.id, "anthropic/y");
    bbots_rollback(txn);
}

static void a_note_goes_and_comes_with_its_row(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_price_note(txn, CALLS, 1, "one", &fault));
    assert_ok(bbots_price_note(txn, CALLS, 3, "three", &fault));
    assert_ok(bbots_price_note(txn, CALLS, 4, "four", &fault));
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(txn, CALLS, 1, "model", string("z"))); /* an update leaves it */
    assert_noted(txn, 1, "one");
    assert_ok(bbots_savepoint(txn, "s", &fault));
    assert_ok(bbots_price_note(txn, CALLS, 1, "other", &fault));
    assert_ok(bbots_price_note(txn, CALLS, 2, "two", &fault));
    assert_ok(update_named(txn, CALLS, 1, "id", integer(100))); /* takes it along */
    assert_noted(txn, 100, "other");
    assert_noted(txn, 1, NULL);
    assert_ok(delete_id(txn, &bbots_users_table, 2, NULL)); /* a cascade */
    assert_noted(txn, 3, NULL);
    check_txn(txn);
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    assert_noted(txn, 1, "one");
    assert_noted(txn, 2, NULL);
    assert_noted(txn, 3, "three");
    assert_noted(txn, 4, "four");
    assert_noted(txn, 100, NULL);
    check_txn(txn);
    assert_ok(delete_id(txn, CALLS, 3, NULL));
    assert_noted(txn, 3, NULL);
    /* A row that comes anew under an old number has no note. */
    assert_ok(insert_named(txn, CALLS, "id", integer(3), "userId", integer(1), "model", string("x"),
                           "totalTokens", integer(0), "inputCost", string("0"), "outputCost",
                           string("0"), "totalCost", string("0")));
    assert_noted(txn, 3, NULL);
    commit(txn);
}

#define ON_PLATFORM(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PLATFORM(a_dry_run_tells_and_applying_does),
        ON_PLATFORM(every_total_follows_new_prices),
        ON_PLATFORM(rows_are_chosen_by_user_time_and_model),
        ON_PLATFORM(sessions_and_operations_are_priced_too),
        ON_PLATFORM(a_failure_changes_nothing),
        ON_PLATFORM(what_no_price_fits_is_refused),
        ON_PLATFORM(each_day_has_its_line),
        ON_PLATFORM(a_fallback_counts_for_who_asks),
        ON_PLATFORM(the_entry_is_noted_beside_the_row),
        ON_PLATFORM(recording_notes_it_and_a_compaction_keeps_it),
        ON_PLATFORM(a_note_goes_and_comes_with_its_row),
    };
    choose_tests();
    return cmocka_run_group_tests_name("reprice", tests, NULL, NULL);
}
