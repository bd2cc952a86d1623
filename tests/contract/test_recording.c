/*
 * test_recording.c - what a recording of costs refuses, each rule by its sentence, with nothing
 * changed; and where the prices of sessions and operations come from.
 */
#include "support/people.h"

#include <bbots/costs.h>

#define TEXT(chars)                                                                                \
    {                                                                                              \
        chars, sizeof(chars) - 1                                                                   \
    }
#define MODEL   .user_id = 1, .model = TEXT("m1")
#define SESSION .user_id = 1, .session_id = TEXT("s"), .status = TEXT("active")
#define OPERATION                                                                                  \
    .user_id = 1, .provider = TEXT("s3"), .bucket = TEXT("b"), .operation = TEXT("download")

static const bbots_table *const SESSIONS = &bbots_browserbase_costs_table;
static const bbots_table *const OPERATIONS = &bbots_storage_costs_table;

/* ------------------------------------------------------------------ what is refused */

static void assert_refused(int got, int wanted, const char *says)
{
    assert_status(got, wanted);
    if (strstr(fault.message, says) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.message, says);
    }
}

#define NEGATIVE_TOKENS "a number of tokens is negative"
#define MANY_TOKENS     "a number of tokens is past its column"
#define PAST_64         "a cost is past 64 bits"

static const struct refused_call {
    bbots_cost_call call;
    uint32_t flags;
    int status;
    const char *says;
} refused_calls[] = {
    {{MODEL, .source = BBOTS_COST_BROWSER}, 0, BBOTS_INVALID_ARGUMENT, "one of Claude or of"},
    {{.user_id = 1}, 0, BBOTS_INVALID_ARGUMENT, "needs the name of its model"},
    {{.user_id = 1, .model = TEXT("")}, 0, BBOTS_INVALID_ARGUMENT, "needs the name of its model"},
    {{MODEL, .input_tokens = -1}, 0, BBOTS_INVALID_ARGUMENT, NEGATIVE_TOKENS},
    {{MODEL, .output_tokens = -1}, 0, BBOTS_INVALID_ARGUMENT, NEGATIVE_TOKENS},
    {{MODEL, .cache_creation_tokens = -1}, 0, BBOTS_INVALID_ARGUMENT, NEGATIVE_TOKENS},
    {{MODEL, .cache_read_tokens = -1}, 0, BBOTS_INVALID_ARGUMENT, NEGATIVE_TOKENS},
    {{MODEL, .input_tokens = INT64_MAX}, 0, BBOTS_NUMERIC_OUT_OF_RANGE, MANY_TOKENS},
    {{MODEL, .output_tokens = INT64_MAX}, 0, BBOTS_NUMERIC_OUT_OF_RANGE, MANY_TOKENS},
    {{MODEL, .cache_creation_tokens = INT64_MAX}, 0, BBOTS_NUMERIC_OUT_OF_RANGE, MANY_TOKENS},
    {{MODEL, .cache_read_tokens = INT64_MAX}, 0, BBOTS_NUMERIC_OUT_OF_RANGE, MANY_TOKENS},
    {{MODEL, .source = BBOTS_COST_GEMINI, .cache_creation_tokens = 1},
     0,
     BBOTS_INVALID_ARGUMENT,
     "no tokens of a cache"},
    {{MODEL, .source = BBOTS_COST_GEMINI, .priced = true, .cache_cost = 1},
     0,
     BBOTS_INVALID_ARGUMENT,
     "no tokens of a cache"},
    {{MODEL, .priced = true, .input_cost = -1}, 0, BBOTS_INVALID_ARGUMENT, "a cost is negative"},
    {{MODEL, .priced = true, .output_cost = -1}, 0, BBOTS_INVALID_ARGUMENT, "a cost is negative"},
    {{MODEL, .priced = true, .cache_cost = -1}, 0, BBOTS_INVALID_ARGUMENT, "a cost is negative"},
    {{MODEL, .priced = true, .input_cost = INT64_MAX, .output_cost = 1},
     0,
     BBOTS_NUMERIC_OUT_OF_RANGE,
     PAST_64},
    {{MODEL, .priced = true, .input_cost = INT64_MAX, .cache_cost = 1},
     0,
     BBOTS_NUMERIC_OUT_OF_RANGE,
     PAST_64},
    {{MODEL}, 4, BBOTS_INVALID_ARGUMENT, "a flag of the recording is unknown"},
    {{MODEL}, BBOTS_COST_ONCE, BBOTS_INVALID_ARGUMENT, "recorded once needs a name"},
};

static void calls_are_refused(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(txn);
    for (size_t i = 0; i < COUNT(refused_calls); i++) {
        const struct refused_call *one = &refused_calls[i];
        assert_refused(bbots_cost_record_call(txn, &one->call, one->flags, 0, &recorded, &fault),
                       one->status, one->says);
    }
    assert_digest(txn, before);
    commit(txn);
}

#define LIST_PRICES                                                                                \
    .minute_cost = BBOTS_COST_UNKNOWN, .recording_cost = BBOTS_COST_UNKNOWN,                       \
    .screenshot_cost = BBOTS_COST_UNKNOWN

static const struct refused_session {
    bbots_cost_session session;
    int status;
    const char *says;
} refused_sessions[] = {
    {{.user_id = 1, .status = TEXT("active")}, BBOTS_INVALID_ARGUMENT, "a name and a status"},
    {{.user_id = 1, .session_id = TEXT("s")}, BBOTS_INVALID_ARGUMENT, "a name and a status"},
    {{SESSION, .duration_ms = -1}, BBOTS_INVALID_ARGUMENT, "a duration or a number"},
    {{SESSION, .screenshots = -1}, BBOTS_INVALID_ARGUMENT, "a duration or a number"},
    {{SESSION, .minute_cost = -1}, BBOTS_INVALID_ARGUMENT, "a cost is negative"},
    {{SESSION, .recording_cost = -1}, BBOTS_INVALID_ARGUMENT, "a cost is negative"},
    {{SESSION, .screenshot_cost = -1}, BBOTS_INVALID_ARGUMENT, "a cost is negative"},
    {{SESSION, .started = 2, .completed = 1}, BBOTS_INVALID_ARGUMENT, "ends before it starts"},
    {{SESSION, .minute_cost = INT64_MAX}, BBOTS_NUMERIC_OUT_OF_RANGE, "a price is past its column"},
    {{SESSION, .minute_cost = 1000000, .duration_ms = INT64_MAX}, BBOTS_NUMERIC_OUT_OF_RANGE, "priced"},
    {{.user_id = 99, .session_id = TEXT("s"), .status = TEXT("active")},
     BBOTS_FOREIGN_KEY_VIOLATION,
     "userId"},
};

static void sessions_are_refused(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(txn);
    for (size_t i = 0; i < COUNT(refused_sessions); i++) {
        const struct refused_session *one = &refused_sessions[i];
        assert_refused(bbots_cost_record_session(txn, &one->session, 0, 0, &recorded, &fault),
                       one->status, one->says);
    }
    bbots_cost_session session = {SESSION, LIST_PRICES};
    assert_refused(bbots_cost_record_session(txn, &session, 4, 0, &recorded, &fault),
                   BBOTS_INVALID_ARGUMENT, "a flag of the recording is unknown");
    assert_digest(txn, before);
    /* One that is known keeps its user, and its beginning. */
    session.started = PEOPLE_BEGIN;
    assert_ok(bbots_cost_record_session(txn, &session, 0, 0, &recorded, &fault));
    before = digest_of(txn);
    session.user_id = 2;
    assert_refused(bbots_cost_record_session(txn, &session, 0, 0, &recorded, &fault),
                   BBOTS_INVALID_ARGUMENT, "another user's");
    session.user_id = 1;
    session.started = 0;
    session.completed = PEOPLE_BEGIN - 1;
    assert_refused(bbots_cost_record_session(txn, &session, 0, 0, &recorded, &fault),
                   BBOTS_INVALID_ARGUMENT, "ends before it starts");
    assert_digest(txn, before);
    commit(txn);
}

#define NO_NAME "a provider, a bucket and a type"

static const struct refused_operation {
    bbots_cost_operation operation;
    int status;
    const char *says;
} refused_operations[] = {
    {{.bucket = TEXT("b"), .operation = TEXT("o")}, BBOTS_INVALID_ARGUMENT, NO_NAME},
    {{.provider = TEXT("p"), .operation = TEXT("o")}, BBOTS_INVALID_ARGUMENT, NO_NAME},
    {{.provider = TEXT("p"), .bucket = TEXT("b")}, BBOTS_INVALID_ARGUMENT, NO_NAME},
    {{OPERATION, .size_bytes = -1}, BBOTS_INVALID_ARGUMENT, "a size is negative"},
    {{OPERATION, .request_cost = -1}, BBOTS_INVALID_ARGUMENT, "a cost is negative"},
    {{OPERATION, .transfer_cost = -1}, BBOTS_INVALID_ARGUMENT, "a cost is negative"},
    {{OPERATION, .request_cost = BBOTS_COST_UNKNOWN}, BBOTS_UNKNOWN_PRICE, "s3/download"},
    {{OPERATION, .transfer_cost = BBOTS_COST_UNKNOWN}, BBOTS_UNKNOWN_PRICE, "s3/download"},
    {{OPERATION, .request_cost = INT64_MAX}, BBOTS_NUMERIC_OUT_OF_RANGE, "past its column"},
    {{OPERATION, .transfer_cost = INT64_MAX}, BBOTS_NUMERIC_OUT_OF_RANGE, "past its column"},
    {{OPERATION, .size_bytes = INT64_MAX}, BBOTS_NUMERIC_OUT_OF_RANGE, "too many to be priced"},
    {{.user_id = 1,
      .provider = TEXT("s3"),
      .bucket = TEXT("b"),
      .operation = TEXT("list"),
      .size_bytes = INT64_MAX},
     BBOTS_NUMERIC_OUT_OF_RANGE,
     "column \"sizeBytes\""},
};

static void operations_are_refused(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(txn);
    for (size_t i = 0; i < COUNT(refused_operations); i++) {
        const struct refused_operation *one = &refused_operations[i];
        assert_refused(bbots_cost_record_operation(txn, &one->operation, 0, 0, &recorded, &fault),
                       one->status, one->says);
    }
    bbots_cost_operation nameless = {OPERATION};
    assert_refused(
        bbots_cost_record_operation(txn, &nameless, BBOTS_COST_ONCE, 0, &recorded, &fault),
        BBOTS_INVALID_ARGUMENT, "recorded once needs a name");
    assert_digest(txn, before);
    commit(txn);
}

/* ------------------------------------------------------------------ where prices come from */

static void put_list(bbots_txn *txn, const char *key, const char *list)
{
    bbots_value name = string(key);
    int by_key = bbots_table_index(&bbots_system_config_table, "system_config_key_key");
    assert_true(by_key >= 0);
    assert_true(
        bbots_delete(txn, &bbots_system_config_table, (unsigned)by_key, &name, NULL, &fault) >= 0);
    assert_ok(insert_named(txn, &bbots_system_config_table, "key", string(key), "value",
                           bbots_value_json(bbots_json_of(list))));
}

static int64_t session_total(bbots_txn *txn, const char *name, bbots_cost_session session)
{
    bbots_cost_recorded recorded;
    session.session_id = bbots_text_of(name);
    assert_ok(bbots_cost_record_session(txn, &session, 0, 0, &recorded, &fault));
    return recorded.total;
}

/* Ten minutes, recorded, two pictures. */
#define TEN_MINUTES SESSION, .duration_ms = 600000, .recorded = true, .screenshots = 2

static void a_session_takes_what_is_not_given_from_the_list(void **state)
{
    fixture *place = *state;
    bbots_cost_session unpriced = {TEN_MINUTES, LIST_PRICES};
    bbots_cost_session priced = {TEN_MINUTES, .minute_cost = 3, .recording_cost = 5,
                                 .screenshot_cost = 7};
    bbots_cost_session half = unpriced;
    half.minute_cost = 3;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    /* Without a list a minute is 0.01 and the rest is free. */
    assert_int_equal(session_total(txn, "a", unpriced), 1000);
    assert_int_equal(session_total(txn, "b", priced), 10 * 3 + 5 + 2 * 7);
    put_list(txn, "pricing.browserbase",
             "{\"provider\": \"browserbase\", \"models\": [{\"id\": \"session\", \"prices\": ["
             "{\"recording\": \"0.05\", \"screenshot\": \"0.0007\"}]}]}");
    /* A list that says nothing of minutes leaves them at 0.01. */
    assert_int_equal(session_total(txn, "c", unpriced), 1000 + 500 + 14);
    put_list(txn, "pricing.browserbase",
             "{\"provider\": \"browserbase\", \"models\": [{\"id\": \"session\", \"prices\": ["
             "{\"minute\": \"0.02\", \"recording\": \"0.05\", \"screenshot\": \"0.0007\"}]}]}");
    assert_int_equal(session_total(txn, "d", unpriced), 2000 + 500 + 14);
    assert_int_equal(session_total(txn, "e", half), 30 + 500 + 14);
    half = priced;
    half.recording_cost = BBOTS_COST_UNKNOWN;
    assert_int_equal(session_total(txn, "f", half), 30 + 500 + 14);
    half = priced;
    half.screenshot_cost = BBOTS_COST_UNKNOWN;
    assert_int_equal(session_total(txn, "g", half), 30 + 5 + 14);
    /* A list that cannot be read is an error, not a list that says nothing. */
    put_list(txn, "pricing.browserbase", "{\"provider\": \"browserbase\"}");
    bbots_cost_recorded recorded;
    unpriced.session_id = bbots_text_of("h");
    assert_refused(bbots_cost_record_session(txn, &unpriced, 0, 0, &recorded, &fault),
                   BBOTS_INVALID_TEXT, "\"models\" is missing");
    commit(txn);
}

static void assert_text(const bbots_row *row, const char *name, const char *wanted)
{
    bbots_value got = row_at(row, name);
    bbots_value text = wanted != NULL ? string(wanted) : null_value();
    assert_true(same_value(&got, &text));
}

static void a_session_keeps_what_is_known_of_it(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    bbots_row row;
    bbots_cost_session session = {SESSION, .execution_id = 1, .minute_cost = 1};
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_cost_record_session(txn, &session, 0, PEOPLE_BEGIN, &recorded, &fault));
    assert_ok(get_id(txn, SESSIONS, recorded.id, &row));
    assert_int_equal(number_at(&row, "startedAt"), PEOPLE_BEGIN);
    assert_int_equal(row_at(&row, "completedAt").kind, BBOTS_NULL);
    assert_text(&row, "projectId", NULL);
    session.project_id = bbots_text_of("p");
    session.debug_url = bbots_text_of("d");
    session.recording_url = bbots_text_of("r");
    session.completed = PEOPLE_BEGIN + 1;
    assert_ok(bbots_cost_record_session(txn, &session, 0, PEOPLE_BEGIN + 5, &recorded, &fault));
    session.project_id = session.debug_url = session.recording_url = (bbots_text){NULL, 0};
    assert_ok(bbots_cost_record_session(txn, &session, 0, PEOPLE_BEGIN + 9, &recorded, &fault));
    assert_true(recorded.updated);
    assert_int_equal(count_of(txn, SESSIONS), 1);
    assert_ok(get_id(txn, SESSIONS, recorded.id, &row));
    assert_text(&row, "projectId", "p");
    assert_text(&row, "debugUrl", "d");
    assert_text(&row, "recordingUrl", "r");
    assert_int_equal(number_at(&row, "startedAt"), PEOPLE_BEGIN);
    assert_int_equal(number_at(&row, "completedAt"), PEOPLE_BEGIN + 1);
    commit(txn);
}

static void an_operation_takes_what_is_not_given_from_the_list(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    bbots_row row;
    bbots_cost_operation operation = {OPERATION, .size_bytes = INT64_C(1) << 30,
                                      .request_cost = BBOTS_COST_UNKNOWN,
                                      .transfer_cost = BBOTS_COST_UNKNOWN};
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    put_list(txn, "pricing.storage",
             "{\"provider\": \"storage\", \"models\": [{\"id\": \"s3/download\", \"prices\": ["
             "{\"request\": \"0.001\", \"transferGb\": \"0.09\"}]}]}");
    assert_ok(bbots_cost_record_operation(txn, &operation, 0, 0, &recorded, &fault));
    assert_int_equal(recorded.total, 91000);
    operation.request_cost = 0;
    assert_ok(bbots_cost_record_operation(txn, &operation, 0, 0, &recorded, &fault));
    assert_int_equal(recorded.total, 90000);
    operation.request_cost = BBOTS_COST_UNKNOWN;
    operation.transfer_cost = 0;
    operation.status = bbots_text_of("failed");
    assert_ok(bbots_cost_record_operation(txn, &operation, 0, 0, &recorded, &fault));
    assert_int_equal(recorded.total, 1000);
    assert_ok(get_id(txn, OPERATIONS, recorded.id, &row));
    assert_text(&row, "status", "failed");
    assert_ok(get_id(txn, OPERATIONS, recorded.id - 1, &row));
    assert_text(&row, "status", "success");
    commit(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(calls_are_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(sessions_are_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(operations_are_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_session_takes_what_is_not_given_from_the_list,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_session_keeps_what_is_known_of_it, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(an_operation_takes_what_is_not_given_from_the_list,
                                        fixture_setup, fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
