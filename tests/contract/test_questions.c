/*
 * test_questions.c - questions about costs, taken apart by everything there is, in zones of all
 * kinds, over ranges of all kinds: each answer is what a walk over all costs comes to, group by
 * group, in their order. What cannot be asked is named.
 */
#include "support/people.h"

#include <bbots/costs.h>

#define HOUR PEOPLE_HOUR
#define DAY  PEOPLE_DAY

enum { COSTS = 240, GROUPS_MAX = COSTS };

/* ------------------------------------------------------------------ costs, and a list of them */

typedef struct cost {
    bbots_cost_source source;
    int64_t user;
    int64_t execution;
    const char *label[5]; /* model, prompt type, status, store, operation; NULL: none */
    bbots_timestamp at;
    int64_t amount; /* at BBOTS_COST_SCALE */
    int64_t tokens;
} cost;

static cost all[COSTS];

static void record_call(bbots_txn *txn, cost *one, int i)
{
    static const char *const types[] = {"plan", "act", NULL};
    bbots_cost_recorded done;
    bool claude = one->source == BBOTS_COST_CLAUDE;
    one->label[0] = claude ? "c" : "g";
    one->label[1] = types[i % 3];
    one->tokens = 7 + i;
    one->amount = claude ? 100 * (int64_t)(i + 1) : i + 1;
    bbots_cost_call call = {.source = one->source,
                            .user_id = one->user,
                            .execution_id = one->execution,
                            .model = bbots_text_of(one->label[0]),
                            .prompt_type = bbots_text_of(one->label[1]),
                            .input_tokens = one->tokens,
                            .priced = true,
                            .output_cost = i + 1,
                            .at = one->at};
    assert_ok(bbots_cost_record_call(txn, &call, 0, 0, &done, &fault));
}

static void record_session(bbots_txn *txn, cost *one, int i)
{
    char name[16];
    bbots_cost_recorded done;
    snprintf(name, sizeof name, "s%d", i);
    one->label[2] = i % 2 == 0 ? "completed" : "failed";
    one->amount = 100 * (int64_t)(i + 1);
    bbots_cost_session session = {.user_id = one->user,
                                  .execution_id = one->execution,
                                  .session_id = bbots_text_of(name),
                                  .status = bbots_text_of(one->label[2]),
                                  .screenshots = i + 1,
                                  .screenshot_cost = 1,
                                  .at = one->at};
    assert_ok(bbots_cost_record_session(txn, &session, 0, 0, &done, &fault));
}

static void record_operation(bbots_txn *txn, cost *one, int i)
{
    bbots_cost_recorded done;
    one->label[3] = i % 2 == 0 ? "s3" : "r2";
    one->label[4] = i % 3 == 0 ? "upload" : "list";
    one->amount = i + 1;
    bbots_cost_operation operation = {.user_id = one->user,
                                      .execution_id = one->execution,
                                      .provider = bbots_text_of(one->label[3]),
                                      .bucket = bbots_text_of("b"),
                                      .operation = bbots_text_of(one->label[4]),
                                      .request_cost = 100 * (int64_t)(i + 1),
                                      .at = one->at};
    assert_ok(bbots_cost_record_operation(txn, &operation, 0, 0, &done, &fault));
}

static void fill(bbots_txn *txn, bbots_timestamp from, bbots_timestamp step)
{
    static void (*const record[])(bbots_txn *, cost *, int) = {record_call, record_call,
                                                               record_session, record_operation};
    memset(all, 0, sizeof all);
    for (int i = 0; i < COSTS; i++) {
        all[i].source = (bbots_cost_source)(i % BBOTS_COST_SOURCES);
        all[i].user = 1 + i % 3;
        all[i].execution = i % 5 == 0 ? 0 : 1 + i % 4;
        all[i].at = from + i * step;
        record[all[i].source](txn, &all[i], i);
    }
}

static int setup_people(void **state)
{
    int rc = fixture_setup(state);
    people_make(*state);
    return rc;
}

/* From October 2025 to April 2026, every 19 hours and some minutes: over changes to and from summer time. */
static int setup(void **state)
{
    int rc = setup_people(state);
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    fill(txn, PEOPLE_BEGIN - 92 * DAY, 19 * HOUR + HOUR / 3 + 1);
    commit(txn);
    return rc;
}

/* ------------------------------------------------------------------ the plain answer */

typedef struct group {
    bool named;
    char name[40];
    int64_t number;
    int64_t count;
    int64_t amount;
    int64_t tokens;
} group;

static group groups[GROUPS_MAX];
static size_t group_count;

static bbots_time_unit unit_of(bbots_cost_by by)
{
    static const bbots_time_unit units[] = {BBOTS_TIME_HOUR, BBOTS_TIME_DAY, BBOTS_TIME_WEEK,
                                            BBOTS_TIME_MONTH};
    return by >= BBOTS_COST_BY_HOUR && by <= BBOTS_COST_BY_MONTH ? units[by - BBOTS_COST_BY_HOUR]
                                                                 : BBOTS_TIME_NONE;
}

/* In which group a cost counts; false: in none. */
static bool label(const bbots_cost_question *question, const cost *one, group *to)
{
    static const char *const providers[] = {"anthropic", "google", "browserbase", "storage"};
    static const int8_t places[] = {[BBOTS_COST_BY_MODEL] = 0,
                                    [BBOTS_COST_BY_PROMPT_TYPE] = 1,
                                    [BBOTS_COST_BY_STATUS] = 2,
                                    [BBOTS_COST_BY_STORE] = 3,
                                    [BBOTS_COST_BY_OPERATION] = 4};
    static const uint8_t of_source[] = {3, 3, 4, 24}; /* which labels each has */
    bbots_timestamp end;
    const char *name = NULL;
    memset(to, 0, sizeof *to);
    to->named = true;
    switch (question->by) {
    case BBOTS_COST_BY_PROVIDER:
        name = providers[one->source];
        break;
    case BBOTS_COST_BY_EXECUTION:
    case BBOTS_COST_BY_USER:
        to->number = question->by == BBOTS_COST_BY_USER ? one->user : one->execution;
        snprintf(to->name, sizeof to->name, "%lld", (long long)to->number);
        return to->number != 0;
    case BBOTS_COST_BY_HOUR:
    case BBOTS_COST_BY_DAY:
    case BBOTS_COST_BY_WEEK:
    case BBOTS_COST_BY_MONTH:
        assert_ok(bbots_zone_unit(question->zone, one->at, unit_of(question->by), &to->number, &end,
                                  &fault));
        return true;
    default:
        if ((of_source[one->source] >> places[question->by] & 1) == 0) {
            return false;
        }
        name = one->label[places[question->by]];
        to->named = name != NULL;
        break;
    }
    snprintf(to->name, sizeof to->name, "%s", name != NULL ? name : "");
    return true;
}

static bool counts(const bbots_cost_question *question, const cost *one)
{
    bool timed = question->from != 0 || question->to != 0;
    return (question->user_id == 0 || one->user == question->user_id) &&
           (question->execution_id == 0 || one->execution == question->execution_id) &&
           (question->sources == 0 || (question->sources >> one->source & 1) != 0) &&
           (!timed || (one->at >= question->from && one->at < question->to));
}

static void walk(const bbots_cost_question *question)
{
    group_count = 0;
    for (int i = 0; i < COSTS; i++) {
        group to;
        if (!counts(question, &all[i]) || !label(question, &all[i], &to)) {
            continue;
        }
        size_t place = 0;
        while (place < group_count &&
               (groups[place].number != to.number || groups[place].named != to.named ||
                strcmp(groups[place].name, to.name) != 0)) {
            place++;
        }
        if (place == group_count) {
            groups[group_count++] = to;
        }
        groups[place].count++;
        groups[place].amount += all[i].amount;
        groups[place].tokens += all[i].tokens;
    }
}

/* Each group of the answer is one of the walk's, none is missing, and they come in their order. */
static void compare(const bbots_cost_question *question, const bbots_cost_answer *answer)
{
    bool executions = question->by == BBOTS_COST_BY_EXECUTION;
    bool numbered = unit_of(question->by) != BBOTS_TIME_NONE || executions ||
                    question->by == BBOTS_COST_BY_USER;
    int64_t before = INT64_MIN;
    assert_int_equal(bbots_cost_answer_count(answer), group_count);
    for (size_t i = 0; i < group_count; i++) {
        const bbots_cost_group *got = bbots_cost_answer_group(answer, i);
        int64_t count = 0;
        size_t place = 0;
        while (place < group_count &&
               (numbered ? groups[place].number != got->number
                         : groups[place].named != (got->name.data != NULL) ||
                               (got->name.data != NULL &&
                                strcmp(groups[place].name, got->name.data) != 0))) {
            place++;
        }
        assert_true(place < group_count);
        for (unsigned source = 0; source < BBOTS_COST_SOURCES; source++) {
            count += got->sums.count[source];
        }
        assert_int_equal(count, groups[place].count);
        assert_int_equal(got->sums.total, groups[place].amount);
        assert_int_equal(got->sums.tokens, executions ? 0 : groups[place].tokens);
        assert_true(!numbered || got->number > before);
        before = got->number;
    }
    assert_null(bbots_cost_answer_group(answer, group_count));
}

static void ask(bbots_txn *txn, const bbots_cost_question *question)
{
    bbots_cost_answer *answer;
    assert_ok(bbots_cost_ask(txn, question, &answer, &fault));
    walk(question);
    compare(question, answer);
    bbots_cost_answer_free(answer);
}

/* ------------------------------------------------------------------ the tests */

static const bbots_timestamp ranges[][2] = {
    {0, 0},
    {PEOPLE_BEGIN - 90 * DAY, PEOPLE_BEGIN + 100 * DAY},
    {PEOPLE_BEGIN - 65 * DAY - HOUR / 2, PEOPLE_BEGIN + 88 * DAY + HOUR / 4 + 3},
    {PEOPLE_BEGIN + 3 * HOUR, PEOPLE_BEGIN + 21 * HOUR},
    {PEOPLE_BEGIN + 5, PEOPLE_BEGIN + 6},
    {PEOPLE_BEGIN + 400 * DAY, PEOPLE_BEGIN + 500 * DAY},
    {0, PEOPLE_BEGIN - 30 * DAY}, /* 0 is a time, if only the other one is another */
    {PEOPLE_BEGIN, PEOPLE_BEGIN + 15 * DAY},
};

static void times_are_those_of_the_zone(void **state)
{
    static const char *const zones[] = {NULL,
                                        "UTC",
                                        "Europe/Berlin",
                                        "America/New_York",
                                        "Asia/Kolkata",
                                        "Europe/London",
                                        "Atlantic/Azores",
                                        "-03:00",
                                        "+05:45",
                                        "Australia/Lord_Howe"};
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    for (size_t z = 0; z < COUNT(zones); z++) {
        for (size_t r = 0; r < COUNT(ranges); r++) {
            for (int by = BBOTS_COST_BY_HOUR; by <= BBOTS_COST_BY_MONTH; by++) {
                bbots_cost_question question = {.user_id = (int64_t)(r % 3),
                                                .from = ranges[r][0],
                                                .to = ranges[r][1],
                                                .zone = zones[z],
                                                .by = (bbots_cost_by)by};
                ask(txn, &question);
            }
        }
    }
    bbots_rollback(txn);
}

/*
 * Where days begin inside an hour, costs of that hour lie on both sides; asked by the transaction
 * that wrote them. Four weeks, because few units are asked for in another way.
 */
static void days_begin_inside_hours(void **state)
{
    static const struct {
        const char *zone;
        int changes; /* its clocks, days from the begin */
    } zones[] = {{"Asia/Kolkata", 0},
                 {"Asia/Kathmandu", 0},
                 {"America/St_Johns", 66},
                 {"Pacific/Chatham", 94},
                 {"Australia/Lord_Howe", 94},
                 {"Africa/Casablanca", 45},
                 {"Pacific/Marquesas", 0},
                 {"Pacific/Apia", -5116}, /* from one side of UTC to the other */
                 {"+00:01", 0},
                 {"-00:59", 0}};
    fixture *place = *state;
    for (size_t z = 0; z < COUNT(zones); z++) {
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        bbots_timestamp from = PEOPLE_BEGIN + (zones[z].changes - 3) * DAY;
        fill(txn, from, 37 * HOUR / 60 + (bbots_timestamp)z);
        for (int by = BBOTS_COST_BY_HOUR; by <= BBOTS_COST_BY_MONTH; by++) {
            bbots_cost_question question = {
                .user_id = by % 2, .zone = zones[z].zone, .by = (bbots_cost_by)by};
            ask(txn, &question);
            question.from = from - 11 * DAY;
            question.to = from + 17 * DAY + HOUR / 3;
            ask(txn, &question);
            question.from = from + DAY + HOUR / 7; /* without an end, and without a begin */
            question.to = BBOTS_TIMESTAMP_MAX - 400 * DAY;
            ask(txn, &question);
            question.to = question.from;
            question.from = BBOTS_TIMESTAMP_MIN + 400 * DAY;
            ask(txn, &question);
            question.to = question.from + 9000 * DAY; /* long, and nothing in it */
            ask(txn, &question);
        }
        bbots_rollback(txn);
    }
}

/*
 * All times begin with the first cost, whichever source has it, be it in the month of the time 0. Each
 * source's first cost is older than that of the source before.
 */
static void all_times_begin_with_the_first_cost(void **state)
{
    static const char *const zones[] = {"Europe/Berlin", "Asia/Kolkata", "-03:30"};
    const bbots_timestamp step = 19 * HOUR + HOUR / 3;
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    fill(txn, time_of("1970-01-31 12:00:00") + (COSTS - 1) * step, -step);
    for (size_t z = 0; z < COUNT(zones); z++) {
        for (int by = BBOTS_COST_BY_HOUR; by <= BBOTS_COST_BY_MONTH; by++) {
            bbots_cost_question question = {.zone = zones[z], .by = (bbots_cost_by)by};
            ask(txn, &question);
            question.sources = 1; /* the others are not looked at */
            ask(txn, &question);
        }
    }
    bbots_rollback(txn);
}

/* Costs at both ends of the calendar have their day, by all its digits, in any zone. */
static void times_end_with_the_calendar(void **state)
{
    static const char *const zones[] = {NULL, "Europe/Berlin", "Asia/Kolkata", "-03:30"};
    fixture *place = *state;
    bbots_cost_answer *answer;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    memset(all, 0, sizeof all);
    all[0].at = BBOTS_TIMESTAMP_MIN + DAY;
    all[1].at = BBOTS_TIMESTAMP_MAX - HOUR;
    for (int i = 0; i < 2; i++) {
        all[i].source = BBOTS_COST_CLAUDE;
        all[i].user = 1;
        record_call(txn, &all[i], i);
    }
    for (size_t z = 0; z < COUNT(zones); z++) {
        for (int by = BBOTS_COST_BY_HOUR; by <= BBOTS_COST_BY_MONTH; by++) {
            bbots_cost_question question = {
                .user_id = 1, .zone = zones[z], .by = (bbots_cost_by)by};
            assert_ok(bbots_cost_ask(txn, &question, &answer, &fault));
            assert_int_equal(bbots_cost_answer_count(answer), 2);
            const char *first = bbots_cost_answer_group(answer, 0)->name.data;
            const char *last = bbots_cost_answer_group(answer, 1)->name.data;
            assert_string_equal(first + strlen(first) - 3, " BC");
            assert_memory_equal(last, "294247-01-10", 9);
            assert_true(by != BBOTS_COST_BY_DAY || strlen(last) == 12);
            assert_int_equal(bbots_cost_answer_sums(answer)->total, 300);
            bbots_cost_answer_free(answer);
        }
    }
    bbots_rollback(txn);
}

static void everything_else_is_a_group_too(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    for (int by = BBOTS_COST_BY_PROVIDER; by <= BBOTS_COST_BY_USER; by++) {
        for (size_t r = 0; r < COUNT(ranges); r++) {
            for (uint32_t sources = 0; sources < 1u << BBOTS_COST_SOURCES; sources += 5) {
                bbots_cost_question question = {.user_id = (int64_t)(r % 4),
                                                .from = ranges[r][0],
                                                .to = ranges[r][1],
                                                .sources = sources,
                                                .by = (bbots_cost_by)by};
                ask(txn, &question);
            }
        }
    }
    bbots_rollback(txn);
}

/* Tokens by model, storage by operation ... of one execution; all of it is what the whole comes to. */
static void one_execution_is_taken_apart(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    for (int64_t execution = 1; execution <= 5; execution++) { /* the last one cost nothing */
        bbots_cost_sums whole;
        assert_ok(bbots_cost_execution(txn, execution, &whole, &fault));
        for (int by = BBOTS_COST_BY_PROVIDER; by <= BBOTS_COST_BY_OPERATION; by++) {
            for (uint32_t sources = 0; sources < 1u << BBOTS_COST_SOURCES; sources += 5) {
                bbots_cost_question question = {
                    .execution_id = execution, .sources = sources, .by = (bbots_cost_by)by};
                ask(txn, &question);
            }
            bbots_cost_question open = {.execution_id = execution, .by = (bbots_cost_by)by};
            bbots_cost_answer *answer;
            assert_ok(bbots_cost_ask(txn, &open, &answer, &fault));
            assert_memory_equal(bbots_cost_answer_sums(answer), &whole, sizeof whole);
            bbots_cost_answer_free(answer);
        }
    }
    bbots_rollback(txn);
}

static void the_dearest_come_first(void **state)
{
    fixture *place = *state;
    bbots_cost_answer *answer;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    bbots_cost_question question = {.by = BBOTS_COST_BY_DAY, .costs_first = true, .limit = 7};
    assert_ok(bbots_cost_ask(txn, &question, &answer, &fault));
    assert_int_equal(bbots_cost_answer_count(answer), 7);
    int64_t before = INT64_MAX;
    int64_t sum = 0;
    for (size_t i = 0; i < 7; i++) {
        int64_t total = bbots_cost_answer_group(answer, i)->sums.total;
        assert_true(total <= before);
        before = total;
        sum += total;
    }
    assert_true(bbots_cost_answer_sums(answer)->total > sum);
    walk(&question);
    unsigned dearer = 0;
    for (size_t i = 0; i < group_count; i++) {
        dearer += groups[i].amount > before;
    }
    assert_true(dearer < 7);
    bbots_cost_answer_free(answer);
    question.limit = 1000;
    assert_ok(bbots_cost_ask(txn, &question, &answer, &fault));
    assert_int_equal(bbots_cost_answer_count(answer), group_count);
    bbots_cost_answer_free(answer);
    bbots_cost_answer_free(NULL);
    bbots_rollback(txn);
}

static void what_cannot_be_asked_is_named(void **state)
{
    static const bbots_cost_question bad[] = {
        {.by = (bbots_cost_by)99},
        {.user_id = -1},
        {.sources = 1u << BBOTS_COST_SOURCES},
        {.from = 6, .to = 5},
        {.from = BBOTS_TIMESTAMP_MIN, .to = 5},
        {.from = 5, .to = BBOTS_TIMESTAMP_MAX},
        {.zone = "Nowhere/Here"},
        {.execution_id = -1},
        {.execution_id = 1, .user_id = 1},
        {.execution_id = 1, .from = 5, .to = 6},
        {.execution_id = 1, .zone = "UTC"},
        {.execution_id = 1, .by = BBOTS_COST_BY_DAY},
        {.execution_id = 1, .by = BBOTS_COST_BY_EXECUTION},
        {.execution_id = 1, .by = BBOTS_COST_BY_USER},
    };
    fixture *place = *state;
    bbots_cost_answer *answer;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_status(bbots_cost_ask(txn, &bad[i], &answer, &fault), BBOTS_INVALID_ARGUMENT);
        assert_null(answer);
    }
    bbots_rollback(txn);
}

#define ON_COSTS(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_COSTS(times_are_those_of_the_zone),
        cmocka_unit_test_setup_teardown(days_begin_inside_hours, setup_people, fixture_teardown),
        cmocka_unit_test_setup_teardown(all_times_begin_with_the_first_cost, setup_people,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(times_end_with_the_calendar, setup_people,
                                        fixture_teardown),
        ON_COSTS(everything_else_is_a_group_too),
        ON_COSTS(one_execution_is_taken_apart),
        ON_COSTS(the_dearest_come_first),
        ON_COSTS(what_cannot_be_asked_is_named),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
