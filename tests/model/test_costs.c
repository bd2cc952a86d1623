/*
 * test_costs.c - costs: whatever was done to the rows of the four sources, every answer equals what
 * reading all rows gives, and so does every row of daily_cost_summaries.
 *
 * Random recordings, plain inserts, updates, deletes, cascades, savepoints and backdated rows. The
 * number of steps is N= (BBOTS_STEPS).
 */
#include "support/race.h"
#include "support/support.h"

#include <bbots/budget.h>
#include <bbots/costs.h>
#include <bbots/platform.h>
#include <bbots/prices.h>

#define USERS      5
#define EXECUTIONS 8
#define DAY        INT64_C(86400000000)
#define HOUR       INT64_C(3600000000)

static const int64_t begin_time = INT64_C(1767225600000000); /* 2026-01-01 */

static const bbots_table *const sources[] = {
    &bbots_api_token_usage_table, &bbots_gemini_token_usage_table, &bbots_browserbase_costs_table,
    &bbots_storage_costs_table};

static const char *const prices =
    "{\"provider\": \"anthropic\", \"models\": [{\"id\": \"m1\", \"prices\": [{\"input\": \"3\", "
    "\"output\": \"15\", \"cacheWrite\": \"3.75\", \"cacheRead\": \"0.3\"}]}]}";
static const char *const gemini_prices =
    "{\"provider\": \"google\", \"models\": [{\"id\": \"g1\", \"prices\": [{\"input\": \"0.1\", "
    "\"output\": \"0.4\"}]}]}";

/* ------------------------------------------------------------------ a store with people in it */

static void insert_user(bbots_txn *txn, int64_t id)
{
    char email[48];
    snprintf(email, sizeof email, "u%lld@example.org", (long long)id);
    assert_ok(insert_named(txn, &bbots_users_table, "id", integer(id), "email", string(email)));
}

static void make_people(fixture *place)
{
    place->store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 1; i <= USERS; i++) {
        insert_user(txn, i);
    }
    for (int i = 1; i <= EXECUTIONS; i++) {
        assert_ok(insert_named(txn, &bbots_agency_tasks_table, "id", integer(i), "userId",
                               integer(1 + i % USERS), "sourceType", string("x"), "title",
                               string("x"), "description", string("x"), "taskType", string("x")));
        assert_ok(insert_named(txn, &bbots_task_executions_table, "id", integer(i), "taskId",
                               integer(i), "triggeredBy", string("x")));
    }
    assert_ok(insert_named(txn, &bbots_system_config_table, "key", string("pricing.anthropic"),
                           "value", bbots_value_json(bbots_json_of(prices))));
    assert_ok(insert_named(txn, &bbots_system_config_table, "key", string("pricing.google"),
                           "value", bbots_value_json(bbots_json_of(gemini_prices))));
    commit(txn);
}

/* ------------------------------------------------------------------ by reading all rows */

static int64_t number_at(const bbots_row *row, const char *name)
{
    bbots_value value = row_at(row, name);
    return value.kind != BBOTS_NULL ? value.integer : 0;
}

static int64_t cost_at(const bbots_row *row, unsigned source)
{
    return number_at(row, "totalCost") *
           (source == BBOTS_COST_CLAUDE || source == BBOTS_COST_BROWSER ? 100 : 1);
}

static void add_row(bbots_cost_sums *sums, unsigned source, const bbots_row *row)
{
    sums->count[source]++;
    sums->cost[source] += cost_at(row, source);
    sums->total += cost_at(row, source);
    if (source <= BBOTS_COST_GEMINI) {
        sums->tokens += number_at(row, "totalTokens");
        sums->input_tokens += number_at(row, "inputTokens");
        sums->output_tokens += number_at(row, "outputTokens");
    }
    if (source == BBOTS_COST_CLAUDE) {
        sums->cache_creation_tokens += number_at(row, "cacheCreationTokens");
        sums->cache_read_tokens += number_at(row, "cacheReadTokens");
    }
    if (source == BBOTS_COST_BROWSER) {
        sums->duration_ms += number_at(row, "durationMs");
        sums->minutes += number_at(row, "durationMinutes");
        sums->recording_cost += number_at(row, "recordingCost");
        sums->screenshots += number_at(row, "screenshotCount");
        sums->screenshot_cost += number_at(row, "screenshotCost");
    }
    if (source == BBOTS_COST_STORAGE) {
        sums->bytes += number_at(row, "sizeBytes");
        sums->mb += number_at(row, "sizeMb");
    }
}

/* The group of a row as text; "" leaves it out. */
static void group_of(const bbots_cost_question *question, unsigned source, const bbots_row *row,
                     char text[128])
{
    static const char *const columns[] = {[BBOTS_COST_BY_MODEL] = "model",
                                          [BBOTS_COST_BY_PROMPT_TYPE] = "promptType",
                                          [BBOTS_COST_BY_STATUS] = "status",
                                          [BBOTS_COST_BY_STORE] = "provider",
                                          [BBOTS_COST_BY_OPERATION] = "operationType",
                                          [BBOTS_COST_BY_EXECUTION] = "executionId",
                                          [BBOTS_COST_BY_USER] = "userId"};
    static const char *const providers[] = {"anthropic", "google", "browserbase", "storage"};
    static const bbots_time_unit units[] = {[BBOTS_COST_BY_HOUR] = BBOTS_TIME_HOUR,
                                            [BBOTS_COST_BY_DAY] = BBOTS_TIME_DAY,
                                            [BBOTS_COST_BY_WEEK] = BBOTS_TIME_WEEK,
                                            [BBOTS_COST_BY_MONTH] = BBOTS_TIME_MONTH};
    bool called = source <= BBOTS_COST_GEMINI;
    text[0] = '\0';
    if (question->by == BBOTS_COST_BY_PROVIDER) {
        strcpy(text, providers[source]);
        return;
    }
    if (question->by == BBOTS_COST_BY_NOTHING) {
        return;
    }
    if (question->by <= BBOTS_COST_BY_MONTH) {
        bbots_timestamp from;
        bbots_timestamp to;
        assert_ok(bbots_zone_unit(question->zone, number_at(row, "createdAt"), units[question->by],
                                  &from, &to, &fault));
        snprintf(text, 128, "%lld", (long long)from);
        return;
    }
    if (((question->by == BBOTS_COST_BY_MODEL || question->by == BBOTS_COST_BY_PROMPT_TYPE) &&
         !called) ||
        (question->by == BBOTS_COST_BY_STATUS && source != BBOTS_COST_BROWSER) ||
        ((question->by == BBOTS_COST_BY_STORE || question->by == BBOTS_COST_BY_OPERATION) &&
         source != BBOTS_COST_STORAGE)) {
        return;
    }
    bbots_value value = row_at(row, columns[question->by]);
    if (value.kind == BBOTS_TEXT) {
        snprintf(text, 128, "=%.*s", (int)value.size, (const char *)value.data);
    } else if (value.kind == BBOTS_INTEGER) {
        snprintf(text, 128, "%lld", (long long)value.integer);
    } else if (question->by != BBOTS_COST_BY_EXECUTION) {
        strcpy(text, "null");
    }
}

typedef struct expected {
    bbots_cost_sums sums;
    struct {
        char name[128];
        bbots_cost_sums sums;
    } groups[600];
    size_t count;
} expected;

static void read_source(bbots_txn *txn, const bbots_cost_question *question, unsigned source,
                        expected *all)
{
    bbots_cursor *cursor;
    bbots_row row;
    assert_ok(bbots_cursor_open(txn, sources[source], 0, NULL, &cursor, &fault));
    while (bbots_cursor_next(cursor, &row, &fault) == BBOTS_OK) {
        int64_t time = number_at(&row, "createdAt");
        char name[128];
        if ((question->user_id != 0 && number_at(&row, "userId") != question->user_id) ||
            ((question->from != 0 || question->to != 0) &&
             (time < question->from || time >= question->to))) {
            continue;
        }
        add_row(&all->sums, source, &row);
        group_of(question, source, &row, name);
        if (question->by == BBOTS_COST_BY_NOTHING || name[0] == '\0') {
            continue;
        }
        size_t at = 0;
        while (at < all->count && strcmp(all->groups[at].name, name) != 0) {
            at++;
        }
        assert_true(at < COUNT(all->groups));
        if (at == all->count) {
            memset(&all->groups[at], 0, sizeof all->groups[at]);
            strcpy(all->groups[at].name, name);
            all->count++;
        }
        add_row(&all->groups[at].sums, source, &row);
    }
    bbots_cursor_close(cursor);
}

/* ------------------------------------------------------------------ both answers */

static void same_sums(const bbots_cost_sums *got, const bbots_cost_sums *wanted,
                      const bbots_cost_question *question)
{
    bbots_cost_sums reduced = *wanted;
    bool times = question->by >= BBOTS_COST_BY_HOUR && question->by <= BBOTS_COST_BY_MONTH;
    if (times || question->by == BBOTS_COST_BY_EXECUTION) {
        bbots_cost_sums fine = {.total = wanted->total, .tokens = times ? wanted->tokens : 0};
        memcpy(fine.count, wanted->count, sizeof fine.count);
        memcpy(fine.cost, wanted->cost, sizeof fine.cost);
        reduced = fine;
    }
    assert_memory_equal(got, &reduced, sizeof reduced);
}

static void compare(bbots_txn *txn, const bbots_cost_question *question)
{
    static expected all;
    bbots_cost_answer *answer;
    memset(&all.sums, 0, sizeof all.sums);
    all.count = 0;
    for (unsigned source = 0; source < BBOTS_COST_SOURCES; source++) {
        read_source(txn, question, source, &all);
    }
    assert_ok(bbots_cost_ask(txn, question, &answer, &fault));
    assert_memory_equal(bbots_cost_answer_sums(answer), &all.sums, sizeof all.sums);
    if (bbots_cost_answer_count(answer) != all.count) {
        fail_msg("by %d, zone %s: %zu groups, rows give %zu", question->by,
                 question->zone != NULL ? question->zone : "UTC", bbots_cost_answer_count(answer),
                 all.count);
    }
    for (size_t i = 0; i < all.count; i++) {
        const bbots_cost_group *group = bbots_cost_answer_group(answer, i);
        char name[128];
        bool text = group->name.data != NULL && group->number == 0 &&
                    question->by != BBOTS_COST_BY_PROVIDER;
        snprintf(name, sizeof name, text ? "=%s" : "%s",
                 group->name.data != NULL ? group->name.data : "null");
        if (group->number != 0) {
            snprintf(name, sizeof name, "%lld", (long long)group->number);
        }
        size_t at = 0;
        while (at < all.count && strcmp(all.groups[at].name, name) != 0) {
            at++;
        }
        if (at == all.count) {
            fail_msg("group %s is not in the rows", name);
        }
        same_sums(&group->sums, &all.groups[at].sums, question);
    }
    bbots_cost_answer_free(answer);
}

static void ask(bbots_txn *txn, random_source *source)
{
    static const char *const zones[] = {
        NULL,     "UTC", "Europe/Berlin",      "America/New_York", "Asia/Kolkata",
        "+05:30", "-8",  "Australia/Lord_Howe"};
    bbots_cost_question question = {0};
    question.user_id = (int64_t)random_below(source, USERS + 1);
    question.by = (bbots_cost_by)random_below(source, BBOTS_COST_BY_USER + 1);
    question.zone = zones[random_below(source, COUNT(zones))];
    question.costs_first = random_below(source, 2) != 0;
    if (random_below(source, 4) != 0) {
        int64_t step = random_below(source, 2) != 0 ? DAY : HOUR / 7;
        int64_t days = (int64_t)random_below(source, 100 * (uint64_t)(DAY / step));
        question.from = begin_time + days * step - 5 * DAY;
        question.to =
            question.from + (int64_t)random_below(source, 60 * (uint64_t)(DAY / step)) * step;
    }
    compare(txn, &question);
}

/* Every summary says what the rows of its user and day come to, and no day lacks one. */
static void check_summaries(bbots_txn *txn)
{
    bbots_cursor *cursor;
    bbots_row row;
    uint64_t found = 0;
    uint64_t wanted = 0;
    assert_ok(bbots_cursor_open(txn, &bbots_daily_cost_summaries_table, 0, NULL, &cursor, &fault));
    while (bbots_cursor_next(cursor, &row, &fault) == BBOTS_OK) {
        static expected all;
        bbots_cost_question question = {.user_id = number_at(&row, "userId"),
                                        .from = number_at(&row, "date"),
                                        .to = number_at(&row, "date") + DAY};
        memset(&all.sums, 0, sizeof all.sums);
        all.count = 0;
        for (unsigned source = 0; source < BBOTS_COST_SOURCES; source++) {
            read_source(txn, &question, source, &all);
        }
        const bbots_cost_sums *sums = &all.sums;
        assert_int_equal(number_at(&row, "totalApiCalls"), sums->count[0]);
        assert_int_equal(number_at(&row, "totalGeminiCalls"), sums->count[1]);
        assert_int_equal(number_at(&row, "totalSessions"), sums->count[2]);
        assert_int_equal(number_at(&row, "totalStorageOperations"), sums->count[3]);
        assert_int_equal(number_at(&row, "apiCostUsd") * 100, sums->cost[0]);
        assert_int_equal(number_at(&row, "geminiCostUsd"), sums->cost[1]);
        assert_int_equal(number_at(&row, "browserbaseCostUsd") * 100, sums->cost[2]);
        assert_int_equal(number_at(&row, "storageCostUsd"), sums->cost[3]);
        assert_int_equal(number_at(&row, "totalCostUsd"), (sums->total + 50) / 100);
        assert_int_equal(number_at(&row, "totalInputTokens") +
                             number_at(&row, "totalGeminiInputTokens"),
                         sums->input_tokens);
        assert_int_equal(number_at(&row, "totalOutputTokens") +
                             number_at(&row, "totalGeminiOutputTokens"),
                         sums->output_tokens);
        assert_int_equal(number_at(&row, "totalCacheTokens"),
                         sums->cache_creation_tokens + sums->cache_read_tokens);
        assert_int_equal(number_at(&row, "totalSessionMinutes"), sums->minutes);
        assert_int_equal(number_at(&row, "totalStorageMb"), sums->mb);
        for (unsigned source = 0; source < BBOTS_COST_SOURCES; source++) {
            found += (uint64_t)sums->count[source];
        }
    }
    bbots_cursor_close(cursor);
    for (unsigned source = 0; source < BBOTS_COST_SOURCES; source++) {
        wanted += count_of(txn, sources[source]);
    }
    assert_int_equal(found, wanted);
}

/* ------------------------------------------------------------------ doing */

static int64_t draw_time(random_source *source)
{
    return begin_time + (int64_t)random_below(source, 90 * (uint64_t)DAY);
}

static int64_t draw_user(random_source *source)
{
    return 1 + (int64_t)random_below(source, USERS);
}

static int64_t draw_execution(random_source *source)
{
    return (int64_t)random_below(source, EXECUTIONS + 1);
}

static void record(bbots_txn *txn, random_source *source)
{
    static const char *const statuses[] = {"active", "completed", "failed"};
    static const char *const operations[] = {"upload", "download", "delete", "list"};
    bbots_cost_recorded recorded;
    bbots_timestamp at = draw_time(source);
    char name[32];
    snprintf(name, sizeof name, "n%llu", (unsigned long long)random_below(source, 40));
    switch (random_below(source, 4)) {
    case 0:
    case 1: {
        bool claude = random_below(source, 2) != 0;
        bbots_cost_call call = {.source = claude ? BBOTS_COST_CLAUDE : BBOTS_COST_GEMINI,
                                .user_id = draw_user(source),
                                .execution_id = draw_execution(source),
                                .request_id = bbots_text_of(name),
                                .model = bbots_text_of(claude ? "m1" : "g1"),
                                .input_tokens = (int64_t)random_below(source, 100000),
                                .output_tokens = (int64_t)random_below(source, 10000),
                                .response_ms = -1,
                                .at = at};
        if (random_below(source, 2) != 0) {
            call.prompt_type = bbots_text_of("task");
        }
        if (claude) {
            call.cache_creation_tokens = (int64_t)random_below(source, 5000);
            call.cache_read_tokens = (int64_t)random_below(source, 5000);
        }
        assert_ok(bbots_cost_record_call(txn, &call, BBOTS_COST_ONCE, 0, &recorded, &fault));
        assert_true(recorded.id != 0);
        break;
    }
    case 2: {
        bbots_cost_session session = {.user_id = 1 + name[1] % USERS,
                                      .execution_id = draw_execution(source),
                                      .session_id = bbots_text_of(name),
                                      .status = bbots_text_of(statuses[random_below(source, 3)]),
                                      .duration_ms = (int64_t)random_below(source, 4000000),
                                      .recorded = random_below(source, 2) != 0,
                                      .screenshots = (int64_t)random_below(source, 20),
                                      .minute_cost = BBOTS_COST_UNKNOWN,
                                      .recording_cost = 1000,
                                      .screenshot_cost = 15,
                                      .at = at};
        int rc = bbots_cost_record_session(txn, &session, 0, 0, &recorded, &fault);
        /* A plain update may have given the session to somebody else. */
        assert_true(rc == BBOTS_OK || rc == BBOTS_INVALID_ARGUMENT);
        break;
    }
    default: {
        bbots_cost_operation operation = {
            .user_id = draw_user(source),
            .execution_id = draw_execution(source),
            .provider = bbots_text_of(random_below(source, 2) != 0 ? "s3" : "r2"),
            .bucket = bbots_text_of("b"),
            .operation = bbots_text_of(operations[random_below(source, 4)]),
            .size_bytes = (int64_t)random_below(source, 2000000000),
            .request_cost = 500,
            .transfer_cost = 90000,
            .at = at};
        assert_ok(bbots_cost_record_operation(txn, &operation, 0, 0, &recorded, &fault));
        break;
    }
    }
}

static void insert_plain(bbots_txn *txn, random_source *source)
{
    assert_ok(insert_named(txn, &bbots_api_token_usage_table, "userId", integer(draw_user(source)),
                           "model", string("by hand"), "totalTokens", integer(7), "inputCost",
                           bbots_value_decimal(1, 4), "outputCost", bbots_value_decimal(2, 4),
                           "totalCost",
                           bbots_value_decimal((int64_t)random_below(source, 100000), 4),
                           "createdAt", bbots_value_timestamp(draw_time(source))));
}

static void change_plain(bbots_txn *txn, random_source *source)
{
    const bbots_table *table = sources[random_below(source, COUNT(sources))];
    int64_t id = 1 + (int64_t)random_below(source, 60);
    int rc = random_below(source, 3) == 0
                 ? delete_id(txn, table, id, NULL)
                 : update_named(txn, table, id, "totalCost",
                                bbots_value_decimal((int64_t)random_below(source, 100000), 4),
                                "createdAt", bbots_value_timestamp(draw_time(source)), "userId",
                                integer(draw_user(source)));
    assert_true(rc >= 0);
}

static void step(bbots_txn *txn, random_source *source)
{
    switch (random_below(source, 12)) {
    case 0: { /* a user goes, with his costs, and comes back without */
        int64_t user = draw_user(source);
        assert_true(delete_id(txn, &bbots_users_table, user, NULL) >= 0);
        insert_user(txn, user);
        for (int i = 1; i <= EXECUTIONS; i++) {
            bbots_row row;
            if (get_id(txn, &bbots_task_executions_table, i, &row) == BBOTS_NOT_FOUND) {
                assert_ok(insert_named(txn, &bbots_agency_tasks_table, "id", integer(i), "userId",
                                       integer(1 + i % USERS), "sourceType", string("x"), "title",
                                       string("x"), "description", string("x"), "taskType",
                                       string("x")));
                assert_ok(insert_named(txn, &bbots_task_executions_table, "id", integer(i),
                                       "taskId", integer(i), "triggeredBy", string("x")));
            }
        }
        break;
    }
    case 1:
    case 2:
    case 3:
        change_plain(txn, source);
        break;
    case 4:
    case 5:
        insert_plain(txn, source);
        break;
    default:
        record(txn, source);
        break;
    }
}

static void run_transaction(bbots_store *store, random_source *source)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    unsigned steps = 1 + (unsigned)random_below(source, 16);
    bool marked = false;
    for (unsigned i = 0; i < steps; i++) {
        if (!marked && random_below(source, 5) == 0) {
            assert_ok(bbots_savepoint(txn, "here", &fault));
            marked = true;
        }
        step(txn, source);
        if (marked && random_below(source, 5) == 0) {
            if (random_below(source, 2) == 0) {
                assert_ok(bbots_savepoint_rollback(txn, "here", &fault));
            }
            assert_ok(bbots_savepoint_release(txn, "here", &fault));
            marked = false;
        }
        if (random_below(source, 8) == 0) {
            ask(txn, source);
        }
    }
    if (random_below(source, 8) == 0) {
        bbots_rollback(txn);
    } else {
        commit(txn);
    }
}

static void test_model(void **state)
{
    fixture *place = *state;
    random_source source = random_begin("test_costs");
    const char *steps = getenv("BBOTS_STEPS");
    unsigned long rounds = steps != NULL ? strtoul(steps, NULL, 10) / 8 + 1 : 40;
    make_people(place);
    for (unsigned long i = 0; i < rounds; i++) {
        run_transaction(place->store, &source);
        bbots_txn *txn = begin(place->store, BBOTS_READ);
        for (unsigned k = 0; k < 10; k++) {
            ask(txn, &source);
        }
        check_summaries(txn);
        bbots_rollback(txn);
    }
}

/* Summaries that a plain store left behind, or a hand spoilt, are brought in line. */
static void test_summaries_rebuild(void **state)
{
    fixture *place = *state;
    random_source source = random_begin("test_summaries_rebuild");
    bbots_options plain = {.schema = &bbots_platform_schema, .flags = BBOTS_OPEN_UNFOLLOWED};
    make_people(place);
    run_transaction(place->store, &source);
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &plain);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    uint64_t before = count_of(txn, &bbots_daily_cost_summaries_table);
    for (unsigned i = 0; i < 20; i++) {
        insert_plain(txn, &source);
    }
    assert_int_equal(count_of(txn, &bbots_daily_cost_summaries_table), before);
    assert_ok(insert_named(txn, &bbots_daily_cost_summaries_table, "userId", integer(1), "date",
                           bbots_value_timestamp(0), "totalCostUsd", bbots_value_decimal(1, 4)));
    assert_ok(bbots_cost_summaries_rebuild(txn, &fault));
    check_summaries(txn);
    commit(txn);
}

/* ------------------------------------------------------------------ recording */

static void test_recording(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    bbots_row row;
    make_people(place);
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
                            .at = begin_time};
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
                                  .started = begin_time,
                                  .at = begin_time};
    assert_ok(bbots_cost_record_session(txn, &session, 0, 0, &recorded, &fault));
    assert_int_equal(recorded.total, 180); /* 1.5 minutes at 0.01, 3 pictures at 0.001 */
    session.duration_ms = 120000;
    session.recorded = true;
    session.completed = begin_time + 120 * INT64_C(1000000);
    session.at = begin_time + 5 * DAY;
    assert_ok(bbots_cost_record_session(txn, &session, 0, 0, &recorded, &fault));
    assert_true(recorded.updated);
    assert_int_equal(recorded.total, 730);
    assert_ok(get_id(txn, &bbots_browserbase_costs_table, recorded.id, &row));
    assert_int_equal(number_at(&row, "createdAt"), begin_time);
    assert_int_equal(number_at(&row, "durationMinutes"), 200);

    bbots_cost_operation operation = {.user_id = 2,
                                      .provider = bbots_text_of("s3"),
                                      .bucket = bbots_text_of("b"),
                                      .operation = bbots_text_of("download"),
                                      .size_bytes = 1073741824,
                                      .request_cost = 40,
                                      .transfer_cost = 90000,
                                      .at = begin_time};
    assert_ok(bbots_cost_record_operation(txn, &operation, 0, 0, &recorded, &fault));
    assert_int_equal(recorded.total, 90000); /* 0.0000004 + 0.09 */
    operation.operation = bbots_text_of("delete");
    assert_ok(bbots_cost_record_operation(txn, &operation, 0, 0, &recorded, &fault));
    assert_int_equal(recorded.total, 0);
    check_summaries(txn);
    commit(txn);
}

static void test_refused(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    bbots_cost_answer *answer;
    make_people(place);
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
                                  .started = begin_time + 2,
                                  .completed = begin_time + 1};
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
    };
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
    make_people(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 10; i++) {
        bbots_cost_call call = {.source = BBOTS_COST_CLAUDE,
                                .user_id = 1,
                                .execution_id = i % 3,
                                .model = bbots_text_of("x"),
                                .input_tokens = 5,
                                .priced = true,
                                .input_cost = 10000,
                                .at = begin_time + i * DAY};
        assert_ok(bbots_cost_record_call(txn, &call, 0, 0, &recorded, &fault));
    }
    bbots_cost_question question = {.user_id = 1, .from = begin_time, .to = begin_time + 31 * DAY};
    assert_ok(bbots_cost_executions_of(txn, &question, &executions, &fault));
    assert_int_equal(executions.count, 2);
    assert_int_equal(executions.total, 6000000);
    assert_int_equal(executions.average, 3000000);
    assert_ok(bbots_cost_execution(txn, 1, &sums, &fault));
    assert_int_equal(sums.total, 3000000);
    assert_int_equal(sums.input_tokens, 15);
    assert_ok(bbots_cost_forecast_of(txn, 1, NULL, begin_time + 10 * DAY, &forecast, &fault));
    assert_int_equal(forecast.spent, 10000000);
    assert_int_equal(forecast.month, 31000000);
    assert_int_equal(forecast.days, 10);
    assert_int_equal(forecast.days_of_month, 31);
    sums = (bbots_cost_sums){.input_tokens = 1, .cache_read_tokens = 1, .cache_creation_tokens = 1};
    assert_int_equal(bbots_cost_cache_hits(&sums), 333333);
    commit(txn);
}

/* ------------------------------------------------------------------ budgets */

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
    make_people(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_timestamp start = begin_time + 30 * DAY; /* 31 January */
    bbots_budget_limits limits = {.limits = {10000, 30000, 100000}, .auto_stop = true};
    assert_ok(bbots_budget_set(txn, 1, &limits, start, &fault));
    spend(txn, 1, 5000, start + HOUR, &recorded);
    assert_int_equal(recorded.verdict, BBOTS_BUDGET_WITHIN);
    spend(txn, 1, 3000, start + 2 * HOUR, &recorded);
    assert_int_equal(recorded.verdict, BBOTS_BUDGET_ALERT);
    spend(txn, 1, 2000, start + 3 * HOUR, &recorded);
    assert_int_equal(recorded.verdict, BBOTS_BUDGET_ALERT); /* all of it, and not more */
    spend(txn, 1, 1, start + 4 * HOUR, &recorded);
    assert_int_equal(recorded.verdict, BBOTS_BUDGET_STOP);
    assert_ok(bbots_budget_status_of(txn, 1, start + 4 * HOUR, &status, &fault));
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].spend, 10001);
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].remaining, 0);
    assert_int_equal(status.periods[BBOTS_BUDGET_WEEK].remaining, 19999);
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].projected, 60006);
    assert_ok(bbots_budget_mark_alert(txn, 1, start + 4 * HOUR, &fault));
    assert_ok(bbots_budget_status_of(txn, 1, start + 5 * HOUR, &status, &fault));
    assert_int_equal(status.alerts_today, 1);
    /* Month by month from the 31st, the day is kept. */
    static const char *const begins[] = {"2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30",
                                         "2026-05-31"};
    for (size_t i = 0; i + 1 < COUNT(begins); i++) {
        bbots_timestamp from;
        bbots_timestamp to;
        assert_int_equal(bbots_timestamp_parse(bbots_text_of(begins[i]), false, &from), BBOTS_OK);
        assert_int_equal(bbots_timestamp_parse(bbots_text_of(begins[i + 1]), false, &to), BBOTS_OK);
        assert_ok(bbots_budget_refresh(txn, 1, from + 5 * HOUR, &fault));
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
    assert_ok(bbots_budget_refresh(txn, 1, start + 130 * DAY, &fault));
    assert_ok(insert_named(txn, &bbots_gemini_token_usage_table, "userId", integer(1), "model",
                           string("x"), "totalTokens", integer(1), "inputCost",
                           bbots_value_decimal(1, 6), "outputCost", bbots_value_decimal(1, 6),
                           "totalCost", bbots_value_decimal(1500050, 6), "createdAt",
                           bbots_value_timestamp(start + 130 * DAY)));
    commit(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_ok(get_id(txn, &bbots_cost_budgets_table, 1, &row));
    assert_int_equal(number_at(&row, "currentDailySpend"), 15001);
    bbots_rollback(txn);
}

static void test_reservations(void **state)
{
    fixture *place = *state;
    bbots_budget_status status;
    bbots_uuid first;
    bbots_uuid second;
    make_people(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_budget_limits limits = {.limits = {10000, -1, -1}, .auto_stop = true};
    bbots_timestamp now = begin_time + HOUR;
    assert_ok(bbots_budget_set(txn, 1, &limits, now, &fault));
    assert_ok(bbots_budget_reserve(txn, 1, 6000, now + HOUR, now, &first, &status, &fault));
    assert_int_equal(status.periods[BBOTS_BUDGET_DAY].reserved, 6000);
    assert_status(bbots_budget_reserve(txn, 1, 4001, now + HOUR, now, &second, &status, &fault),
                  BBOTS_REFUSED);
    assert_ok(bbots_budget_reserve(txn, 1, 4000, now + HOUR, now, &second, NULL, &fault));
    assert_ok(bbots_budget_settle(txn, 1, first, now, &fault));
    assert_status(bbots_budget_settle(txn, 1, first, now, &fault), BBOTS_NOT_FOUND);
    assert_status(bbots_budget_release(txn, 1, first, now, &fault), BBOTS_NOT_FOUND);
    /* The other one expires by itself. */
    assert_status(bbots_budget_reserve(txn, 1, 10000, now + 3 * HOUR, now, &first, NULL, &fault),
                  BBOTS_REFUSED);
    assert_ok(
        bbots_budget_reserve(txn, 1, 10000, now + 3 * HOUR, now + HOUR, &first, NULL, &fault));
    assert_status(bbots_budget_reserve(txn, 1, 0, now + HOUR, now, &first, NULL, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_budget_reserve(txn, 1, 1, now, now, &first, NULL, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_budget_reserve(txn, 77, 1, now + HOUR, now, &first, NULL, &fault),
                  BBOTS_FOREIGN_KEY_VIOLATION);
    commit(txn);
}

/* A cost below the budget's last digit counts: with it the whole budget is too much. */
static void test_reserve_last_digit(void **state)
{
    fixture *place = *state;
    bbots_uuid id;
    make_people(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_timestamp now = begin_time + HOUR;
    bbots_budget_limits limits = {.limits = {10000, -1, -1}, .auto_stop = true};
    assert_ok(bbots_budget_set(txn, 1, &limits, now, &fault));
    assert_ok(insert_named(txn, &bbots_gemini_token_usage_table, "userId", integer(1), "model",
                           string("x"), "totalTokens", integer(1), "inputCost",
                           bbots_value_decimal(1, 6), "outputCost", bbots_value_decimal(0, 6),
                           "totalCost", bbots_value_decimal(1, 6), "createdAt",
                           bbots_value_timestamp(now)));
    assert_status(bbots_budget_reserve(txn, 1, 10000, now + HOUR, now, &id, NULL, &fault),
                  BBOTS_REFUSED);
    assert_ok(bbots_budget_reserve(txn, 1, 9999, now + HOUR, now, &id, NULL, &fault));
    commit(txn);
}

/* ------------------------------------------------------------------ races */

#define RACE_TIME (begin_time + HOUR)

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
    return bbots_budget_reserve(txn, 1, 100, RACE_TIME + HOUR, RACE_TIME, &id, NULL, error);
}

static race race_of(fixture *place)
{
    bbots_budget_limits limits = {.limits = {100, -1, -1}, .auto_stop = true};
    make_people(place);
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
        cmocka_unit_test_setup_teardown(test_model, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_summaries_rebuild, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_recording, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_zones),
        cmocka_unit_test_setup_teardown(test_executions_and_forecast, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_budget, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_reservations, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_reserve_last_digit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(one_of_two_threads_gets_the_last_cent, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(one_of_two_processes_gets_the_last_cent, fixture_setup,
                                        fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
