/*
 * test_summary.c - bbots_summarize() against a recomputation that knows nothing of it.
 *
 * Rows of the platform's table api_token_usage are made at random from a seed that is printed
 * (BBOTS_SEED repeats a run) and kept in an array too; each question is answered twice, by the
 * library and by going through the array for every group. The last test closes with the whole-file
 * check.
 */
#include "test_summary.h"

/* ------------------------------------------------------------------ recomputing */

typedef struct answer {
    int64_t keys[BBOTS_SUMMARY_GROUPS_MAX]; /* INT64_MAX: null, which comes last */
    wide numbers[BBOTS_SUMMARY_MEASURES_MAX];
    bool any[BBOTS_SUMMARY_MEASURES_MAX];
} answer;

static bool is_column(uint16_t column, const char *name)
{
    return column == column_of(world.table, name);
}

/* A row's value of a column as a number that sorts like it; false: null. */
static bool number_of(const usage *row, uint16_t column, unsigned id, int64_t *number)
{
    bool there = true;
    if (is_column(column, "id")) {
        *number = id;
    } else if (is_column(column, "userId")) {
        *number = row->user;
    } else if (is_column(column, "model")) {
        *number = row->model;
    } else if (is_column(column, "promptType")) {
        *number = row->prompt;
        there = row->prompt != NONE;
    } else if (is_column(column, "totalCost")) {
        *number = row->cost;
    } else if (is_column(column, "responseTime")) {
        *number = row->response;
        there = row->has_response;
    } else {
        assert_true(is_column(column, "createdAt"));
        *number = row->created;
    }
    return there;
}

static int64_t key_of(const usage *row, const bbots_group_column *group, unsigned id)
{
    int64_t key;
    if (!number_of(row, group->column, id, &key)) {
        return INT64_MAX;
    }
    return is_column(group->column, "createdAt")
               ? bbots_timestamp_truncate(key, (bbots_time_unit)group->unit)
               : key;
}

static void measure_row(answer *of, unsigned m, const bbots_measure *measure, const usage *row,
                        unsigned id)
{
    int64_t number = 0;
    bool there = measure->column < 0 || number_of(row, (uint16_t)measure->column, id, &number);
    wide *kept = &of->numbers[m];
    if (measure->kind == BBOTS_COUNT) {
        *kept += there;
        of->any[m] = true;
    } else if (there) {
        bool less = !of->any[m] || number < *kept;
        bool more = !of->any[m] || number > *kept;
        *kept = measure->kind == BBOTS_SUM                   ? *kept + number
                : (measure->kind == BBOTS_MIN ? less : more) ? number
                                                             : *kept;
        of->any[m] = true;
    }
}

static unsigned compared_keys; /* for qsort, which passes nothing on */

static int compare_answers(const void *first, const void *second)
{
    const answer *a = first;
    const answer *b = second;
    for (unsigned g = 0; g < compared_keys; g++) {
        if (a->keys[g] != b->keys[g]) {
            return a->keys[g] < b->keys[g] ? -1 : 1;
        }
    }
    return 0;
}

/* Goes through ids first to last in steps of `step`. */
static size_t recompute(const bbots_summary_query *query, int first, int last, int step,
                        answer *answers)
{
    size_t count = query->group_count == 0 ? 1 : 0;
    compared_keys = query->group_count;
    memset(answers, 0, sizeof *answers * (ROWS + 1));
    for (int id = first; step > 0 ? id <= last : id >= last; id += step) {
        const usage *row = &world.rows[id - 1];
        answer *wanted = &answers[count];
        for (unsigned g = 0; g < query->group_count; g++) {
            wanted->keys[g] = key_of(row, &query->groups[g], (unsigned)id);
        }
        size_t at = 0;
        while (compare_answers(&answers[at], wanted) != 0) {
            at++;
        }
        count += at == count;
        for (unsigned m = 0; m < query->measure_count; m++) {
            measure_row(&answers[at], m, &query->measures[m], row, (unsigned)id);
        }
    }
    qsort(answers, count, sizeof *answers, compare_answers);
    for (unsigned m = 0; m < query->measure_count && query->group_count == 0; m++) {
        answers[0].any[m] |= query->measures[m].kind == BBOTS_COUNT;
    }
    return count;
}

/* ------------------------------------------------------------------ comparing */

static wide exact_number(bbots_exact exact)
{
    return (wide)exact.high * ((wide)1 << 64) + exact.low;
}

static void expect_group(const bbots_value *value, uint16_t column, int64_t key)
{
    if (key == INT64_MAX) {
        assert_int_equal(value->kind, BBOTS_NULL);
    } else if (is_column(column, "model") || is_column(column, "promptType")) {
        const char *text = is_column(column, "model") ? models[key] : prompts[key];
        assert_int_equal(value->kind, BBOTS_TEXT);
        assert_int_equal(value->size, strlen(text));
        assert_memory_equal(value->data, text, strlen(text));
    } else {
        assert_int_equal(value->integer, key);
    }
}

static void expect_answers(const bbots_summary_query *query, const bbots_summary *summary,
                           const answer *answers, size_t count)
{
    assert_int_equal(bbots_summary_count(summary), count);
    for (size_t i = 0; i < count; i++) {
        for (unsigned g = 0; g < query->group_count; g++) {
            bbots_value value = bbots_summary_group(summary, i, g);
            expect_group(&value, query->groups[g].column, answers[i].keys[g]);
        }
        for (unsigned m = 0; m < query->measure_count; m++) {
            bbots_exact exact = bbots_summary_measure(summary, i, m);
            assert_int_equal(exact.null, !answers[i].any[m]);
            assert_true(exact.null || exact_number(exact) == answers[i].numbers[m]);
        }
    }
}

static bbots_summary *summarize(const bbots_summary_query *query, int expected)
{
    bbots_summary *summary;
    bbots_error error;
    bbots_txn *txn;
    expect(bbots_begin(world.store, BBOTS_READ, &txn, &error), BBOTS_OK, &error);
    expect(bbots_summarize(txn, query, &summary, &error), expected, &error);
    bbots_rollback(txn); /* a summary outlives it */
    return summary;
}

static void add_measures(bbots_summary_query *query)
{
    static const struct {
        uint16_t kind;
        const char *column;
    } measures[] = {{BBOTS_COUNT, NULL},         {BBOTS_COUNT, "responseTime"},
                    {BBOTS_SUM, "totalCost"},    {BBOTS_SUM, "responseTime"},
                    {BBOTS_MIN, "responseTime"}, {BBOTS_MAX, "responseTime"},
                    {BBOTS_MIN, "createdAt"},    {BBOTS_MAX, "totalCost"},
                    {BBOTS_MAX, "createdAt"},    {BBOTS_MIN, "totalCost"},
                    {BBOTS_COUNT, "promptType"}, {BBOTS_MIN, "responseTime"},
                    {BBOTS_SUM, "responseTime"}, {BBOTS_COUNT, "totalCost"},
                    {BBOTS_MAX, "responseTime"}, {BBOTS_SUM, "totalCost"}};
    assert_int_equal(sizeof measures / sizeof *measures, BBOTS_SUMMARY_MEASURES_MAX);
    query->measure_count = sizeof measures / sizeof *measures;
    for (unsigned m = 0; m < query->measure_count; m++) {
        query->measures[m].kind = measures[m].kind;
        query->measures[m].column =
            measures[m].column != NULL ? (int16_t)column_of(world.table, measures[m].column) : -1;
    }
}

static void add_group(bbots_summary_query *query, const char *column, bbots_time_unit unit)
{
    bbots_group_column *group = &query->groups[query->group_count++];
    group->column = column_of(world.table, column);
    group->unit = (uint16_t)unit;
}

/* ------------------------------------------------------------------ the tests */

static void answers_like_a_recomputation(void **state)
{
    static const char *const columns[] = {"userId", "model", "promptType", "createdAt",
                                          "responseTime"};
    answer *answers = calloc(ROWS + 1, sizeof *answers);
    (void)state;
    assert_non_null(answers);
    for (unsigned round = 0; round < 40; round++) {
        bbots_summary_query query = {.table = world.table};
        int first = 1 + (int)roll(ROWS);
        int last = first + (int)roll(ROWS - (uint64_t)first + 1);
        bool reverse = roll(2) == 0;
        bbots_value from = bbots_value_integer(first);
        bbots_value to = bbots_value_integer(last);
        bbots_range range = {
            .from = &from, .to = &to, .from_count = 1, .to_count = 1, .reverse = reverse};
        range.limit = roll(3) == 0 ? 1 + roll(ROWS) : 0;
        query.range = &range;
        unsigned groups = (unsigned)roll(4);
        for (unsigned g = 0; g < groups; g++) {
            const char *column = columns[roll(sizeof columns / sizeof *columns)];
            bool time = strcmp(column, "createdAt") == 0;
            add_group(&query, column, time ? (bbots_time_unit)roll(7) : BBOTS_TIME_NONE);
        }
        add_measures(&query);
        int rows = last - first + 1;
        rows = range.limit != 0 && range.limit < (uint64_t)rows ? (int)range.limit : rows;
        size_t count = reverse ? recompute(&query, last, last - rows + 1, -1, answers)
                               : recompute(&query, first, first + rows - 1, 1, answers);
        bbots_summary *summary = summarize(&query, BBOTS_OK);
        expect_answers(&query, summary, answers, count);
        bbots_summary_free(summary);
    }
    free(answers);
}

/* Read straight off the pages, in one part and in several, and by a cursor. */
static void all_rows_answer_the_same_in_any_number_of_threads(void **state)
{
    static const char *const columns[] = {"userId", "model", "promptType", "createdAt", "id"};
    answer *answers = calloc(ROWS + 1, sizeof *answers);
    (void)state;
    assert_non_null(answers);
    for (unsigned threads = 0; threads <= BBOTS_SUMMARY_THREADS_MAX; threads++) {
        bbots_summary_query query = {.table = world.table, .threads = threads};
        unsigned groups = threads % 3;
        for (unsigned g = 0; g < groups; g++) {
            const char *column = columns[(threads + g) % 5];
            bool time = strcmp(column, "createdAt") == 0;
            add_group(&query, column, time ? BBOTS_TIME_DAY : BBOTS_TIME_NONE);
        }
        add_measures(&query);
        size_t count = recompute(&query, 1, ROWS, 1, answers);
        bbots_summary *summary = summarize(&query, BBOTS_OK);
        expect_answers(&query, summary, answers, count);
        bbots_summary_free(summary);
        bbots_error error;
        bbots_txn *txn; /* a writer has no pages to read off */
        expect(bbots_begin(world.store, BBOTS_WRITE, &txn, &error), BBOTS_OK, &error);
        expect(bbots_summarize(txn, &query, &summary, &error), BBOTS_OK, &error);
        bbots_rollback(txn);
        expect_answers(&query, summary, answers, count);
        bbots_summary_free(summary);
    }
    bbots_summary_query query = {.table = world.table, .threads = BBOTS_SUMMARY_THREADS_MAX + 1};
    assert_null(summarize(&query, BBOTS_INVALID_ARGUMENT));
    free(answers);
}

static void no_row_makes_one_group_of_nothing_or_none(void **state)
{
    bbots_value from = bbots_value_integer(ROWS + 1);
    bbots_range range = {.from = &from, .from_count = 1};
    bbots_summary_query query = {.table = world.table, .range = &range};
    (void)state;
    add_measures(&query);
    bbots_summary *summary = summarize(&query, BBOTS_OK);
    assert_int_equal(bbots_summary_count(summary), 1);
    assert_false(bbots_summary_measure(summary, 0, 0).null);
    assert_int_equal(bbots_summary_measure(summary, 0, 0).low, 0);
    assert_true(bbots_summary_measure(summary, 0, 2).null);
    assert_true(bbots_summary_measure(summary, 7, 0).null); /* no such group */
    bbots_summary_free(summary);
    add_group(&query, "model", BBOTS_TIME_NONE);
    summary = summarize(&query, BBOTS_OK);
    assert_int_equal(bbots_summary_count(summary), 0);
    bbots_summary_free(summary);
}

/* Names that are the same for the first 239 bytes: their keys tell them apart, not their order. */
static void long_texts_are_ordered_by_all_their_bytes(void **state)
{
    enum { NAMES = 20, LENGTH = 300 };
    const bbots_table *users = bbots_schema_table(&bbots_platform_schema, "users", NULL);
    bbots_summary_query query = {.table = users, .group_count = 1, .measure_count = 1};
    char name[LENGTH + 1];
    bbots_error error;
    bbots_txn *txn;
    (void)state;
    memset(name, 'n', LENGTH);
    name[LENGTH] = '\0';
    query.groups[0].column = column_of(users, "name");
    query.measures[0] = (bbots_measure){BBOTS_COUNT, -1};
    expect(bbots_begin(world.store, BBOTS_WRITE, &txn, &error), BBOTS_OK, &error);
    for (unsigned i = 0; i < 2 * NAMES; i++) {
        name[LENGTH - 1] = (char)('a' + i * 7 % NAMES);
        insert_user(txn, name, 100 + i);
    }
    bbots_summary *summary;
    expect(bbots_summarize(txn, &query, &summary, &error), BBOTS_OK, &error);
    assert_int_equal(bbots_summary_count(summary), NAMES + 1);
    for (unsigned i = 0; i < NAMES; i++) {
        bbots_value value = bbots_summary_group(summary, i, 0);
        assert_int_equal(value.size, LENGTH);
        assert_int_equal(((const char *)value.data)[LENGTH - 1], 'a' + i);
        assert_int_equal(bbots_summary_measure(summary, i, 0).low, 2);
    }
    assert_int_equal(bbots_summary_group(summary, NAMES, 0).kind, BBOTS_NULL);
    assert_int_equal(bbots_summary_measure(summary, NAMES, 0).low, USERS);
    bbots_summary_free(summary);
    bbots_rollback(txn);
}

static void what_does_not_fit_is_refused(void **state)
{
    const struct {
        const char *group;
        uint16_t unit;
        uint16_t kind;
        const char *measure;
        int expected;
    } cases[] = {
        {"toolsUsed", BBOTS_TIME_NONE, BBOTS_COUNT, NULL, BBOTS_WRONG_TYPE},
        {"model", BBOTS_TIME_DAY, BBOTS_COUNT, NULL, BBOTS_WRONG_TYPE},
        {"createdAt", BBOTS_TIME_YEAR + 1, BBOTS_COUNT, NULL, BBOTS_INVALID_ARGUMENT},
        {"model", BBOTS_TIME_NONE, BBOTS_SUM, "createdAt", BBOTS_WRONG_TYPE},
        {"model", BBOTS_TIME_NONE, BBOTS_SUM, "model", BBOTS_WRONG_TYPE},
        {"model", BBOTS_TIME_NONE, BBOTS_MIN, "model", BBOTS_WRONG_TYPE},
        {"model", BBOTS_TIME_NONE, BBOTS_MAX, "toolsUsed", BBOTS_WRONG_TYPE},
        {"model", BBOTS_TIME_NONE, BBOTS_SUM, NULL, BBOTS_INVALID_ARGUMENT},
        {"model", BBOTS_TIME_NONE, 0, "totalCost", BBOTS_INVALID_ARGUMENT},
        {"model", BBOTS_TIME_NONE, BBOTS_MAX + 1, "totalCost", BBOTS_INVALID_ARGUMENT},
        {"model", BBOTS_TIME_NONE, BBOTS_COUNT, "toolsUsed", BBOTS_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bbots_summary_query query = {.table = world.table, .measure_count = 1};
        add_group(&query, cases[i].group, (bbots_time_unit)cases[i].unit);
        query.measures[0].kind = cases[i].kind;
        query.measures[0].column =
            cases[i].measure != NULL ? (int16_t)column_of(world.table, cases[i].measure) : -1;
        bbots_summary *summary = summarize(&query, cases[i].expected);
        assert_int_equal(summary != NULL, cases[i].expected == BBOTS_OK);
        bbots_summary_free(summary);
    }
    bbots_summary_query query = {.table = world.table, .group_count = 5};
    assert_null(summarize(&query, BBOTS_INVALID_ARGUMENT));
    query = (bbots_summary_query){.table = world.table, .group_count = 1};
    query.groups[0].column = 999;
    assert_null(summarize(&query, BBOTS_INVALID_ARGUMENT));
    query = (bbots_summary_query){.table = world.table, .index = 99};
    assert_null(summarize(&query, BBOTS_UNKNOWN_INDEX));
}

static void exact_numbers_are_written_in_full(void **state)
{
    static const struct {
        bbots_exact exact;
        unsigned scale;
        const char *text;
    } cases[] = {
        {{0, 0, false}, 0, "0"},
        {{0, 0, false}, 4, "0.0000"},
        {{0, 5, false}, 2, "0.05"},
        {{-1, UINT64_MAX, false}, 0, "-1"},
        {{-1, UINT64_MAX, false}, 3, "-0.001"},
        {{0, 123456, false}, 4, "12.3456"},
        {{1, 0, false}, 0, "18446744073709551616"},
        {{-1, 0, false}, 1, "-1844674407370955161.6"},
        {{INT64_MAX, UINT64_MAX, false}, 0, "170141183460469231731687303715884105727"},
        {{INT64_MIN, 0, false}, 0, "-170141183460469231731687303715884105728"},
        {{INT64_MIN, 0, false}, 38, "-1.70141183460469231731687303715884105728"},
        {{0, 7, false}, 38, "0.00000000000000000000000000000000000007"},
        {{0, 7, true}, 0, ""},
        {{0, 7, false}, 39, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[48];
        size_t size = bbots_exact_print(cases[i].exact, cases[i].scale, buffer);
        assert_string_equal(buffer, cases[i].text);
        assert_int_equal(size, strlen(cases[i].text));
    }
}

static void the_file_is_whole(void **state)
{
    bbots_check_options options = {.table = NULL};
    bbots_check_result result;
    bbots_error error;
    bbots_txn *txn;
    (void)state;
    expect(bbots_begin(world.store, BBOTS_READ, &txn, &error), BBOTS_OK, &error);
    expect(bbots_check(txn, &options, &result, &error), BBOTS_OK, &error);
    bbots_rollback(txn);
    assert_int_equal(result.rows, ROWS + USERS);
    assert_int_equal(result.derived + result.damage, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_like_a_recomputation),
        cmocka_unit_test(all_rows_answer_the_same_in_any_number_of_threads),
        cmocka_unit_test(no_row_makes_one_group_of_nothing_or_none),
        cmocka_unit_test(long_texts_are_ordered_by_all_their_bytes),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(exact_numbers_are_written_in_full),
        cmocka_unit_test(the_file_is_whole),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
