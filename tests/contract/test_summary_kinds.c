/*
 * test_summary_kinds.c - groups and measures of columns of every type, nulls and texts of any length
 * among them, in one thread and in several, over all rows and over a range: each summary is what a
 * plain walk over the rows comes to. A damaged row is met in whichever thread reads it, and where no
 * thread can be made this one does it all.
 */
#include "support/sanitizer.h"
#include "support/support.h"

#include <bbots/backup.h>
#include <bbots/sample.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define KINDS (&sample_kinds_table)
#define NODES (&sample_nodes_table)

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 magnitude;

enum { ROWS = 400, COLUMNS = 17, TEXT_ROOM = 700 };

static bbots_value rows[ROWS][COLUMNS];
static char texts[ROWS][COLUMNS][TEXT_ROOM];
static const char *const groupable[] = {"flag",  "small",  "medium", "large",  "single",
                                        "twice", "amount", "wide",   "words",  "short",
                                        "raw",   "token",  "moment", "instant"};
static const char *const measurable[] = {"small", "medium", "large",   "amount",
                                         "wide",  "moment", "instant", "flag"};

/* Few different values, so that groups have rows; some texts longer than a key. */
static void make_row(random_source *source, int number)
{
    for (unsigned c = 1; c < KINDS->column_count; c++) {
        bbots_value *value = &rows[number][c];
        if (number >= 20 && random_below(source, 3) != 0) {
            *value = rows[random_below(source, 20)][c];
        } else {
            *value = random_value(source, &KINDS->columns[c], texts[number][c]);
        }
        if (KINDS->columns[c].type == BBOTS_TYPE_JSONB) {
            *value = number % 3 == 0 ? null_value() : bbots_value_json(bbots_json_of("{\"a\": 1}"));
        }
        if (KINDS->columns[c].type == BBOTS_TYPE_VECTOR) {
            *value = number % 4 == 0 ? null_value() : string("[1, 2, 3]");
        }
        if (c == column(KINDS, "words") && random_below(source, 4) == 0) {
            memset(texts[number][c], 'w', 600);
            texts[number][c][599] = (char)('a' + number % 3);
            *value = bbots_value_text((bbots_text){texts[number][c], 600});
        }
    }
}

static int setup(void **state)
{
    int rc = fixture_setup_store(state);
    fixture *place = *state;
    random_source source = random_begin("summary kinds");
    assert_true(KINDS->column_count <= COLUMNS);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < ROWS; i++) {
        make_row(&source, i);
        bbots_row row;
        uint64_t given = ((UINT64_C(1) << KINDS->column_count) - 1) & ~UINT64_C(1);
        assert_ok(bbots_insert(txn, KINDS, rows[i], given, &row, &fault));
        for (unsigned c = 0; c < KINDS->column_count; c++) { /* as it was stored */
            rows[i][c] = bbots_row_value(&row, c);
            if (rows[i][c].size != 0 && rows[i][c].kind != BBOTS_NULL &&
                rows[i][c].size <= TEXT_ROOM &&
                (rows[i][c].kind == BBOTS_TEXT || rows[i][c].kind == BBOTS_BYTES)) {
                memcpy(texts[i][c], rows[i][c].data, rows[i][c].size);
                rows[i][c].data = texts[i][c];
            }
        }
    }
    commit(txn);
    return rc;
}

/* ------------------------------------------------------------------ the plain walk */

/* Rows that have equal values in the query's groups; a null equals a null. */
static bool same_group(const bbots_summary_query *query, int a, int b)
{
    for (unsigned g = 0; g < query->group_count; g++) {
        unsigned c = query->groups[g].column;
        if (!same_value(&rows[a][c], &rows[b][c])) {
            return false;
        }
    }
    return true;
}

static wide exact(bbots_exact from)
{
    return (wide)((magnitude)(uint64_t)from.high << 64 | from.low);
}

static void compare_measure(const bbots_summary *summary, size_t number,
                            const bbots_summary_query *query, unsigned m, int first, int from)
{
    const bbots_measure *measure = &query->measures[m];
    wide wanted = 0;
    bool any = false;
    for (int i = from; i < ROWS; i++) {
        const bbots_value *value = measure->column >= 0 ? &rows[i][measure->column] : NULL;
        if (!same_group(query, first, i) || (value != NULL && value->kind == BBOTS_NULL)) {
            continue;
        }
        wide number_of = value == NULL                  ? 1
                         : value->kind == BBOTS_BOOLEAN ? value->boolean
                                                        : value->integer;
        bool less = number_of < wanted;
        wanted = measure->kind == BBOTS_COUNT ? wanted + 1
                 : measure->kind == BBOTS_SUM ? wanted + number_of
                 : !any || (measure->kind == BBOTS_MIN ? less : number_of > wanted) ? number_of
                                                                                    : wanted;
        any = true;
    }
    bbots_exact got = bbots_summary_measure(summary, number, m);
    bool counts = measure->kind == BBOTS_COUNT;
    assert_int_equal(got.null, !any && !counts);
    assert_true((!any && !counts) || exact(got) == wanted);
}

/* The row from which a group of the summary is, among those from a number on. */
static int row_of(const bbots_summary *summary, size_t number, const bbots_summary_query *query,
                  int from)
{
    for (int i = from; i < ROWS; i++) {
        bool same = true;
        for (unsigned g = 0; g < query->group_count && same; g++) {
            bbots_value got = bbots_summary_group(summary, number, g);
            same = same_value(&got, &rows[i][query->groups[g].column]);
        }
        if (same) {
            return i;
        }
    }
    return -1;
}

static void compare(bbots_txn *txn, const bbots_summary_query *query, int from)
{
    bbots_summary *summary;
    size_t groups = 0;
    for (int i = from; i < ROWS; i++) {
        int before = from;
        while (before < i && !same_group(query, before, i)) {
            before++;
        }
        groups += before == i;
    }
    assert_ok(bbots_summarize(txn, query, &summary, &fault));
    assert_int_equal(bbots_summary_count(summary), groups);
    for (size_t n = 0; n < groups; n++) {
        int first = row_of(summary, n, query, from);
        assert_true(first >= 0);
        for (unsigned m = 0; m < query->measure_count; m++) {
            compare_measure(summary, n, query, m, first, from);
        }
        if (n > 0) { /* in the order of their values */
            bbots_value a = bbots_summary_group(summary, n - 1, 0);
            bbots_value b = bbots_summary_group(summary, n, 0);
            assert_true(compare_values(&a, &b) <= 0);
        }
    }
    assert_int_equal(bbots_summary_group(summary, groups, 0).kind, BBOTS_NULL);
    assert_int_equal(bbots_summary_group(summary, 0, query->group_count).kind, BBOTS_NULL);
    assert_true(bbots_summary_measure(summary, groups, 0).null);
    assert_true(bbots_summary_measure(summary, 0, query->measure_count).null);
    bbots_summary_free(summary);
}

static void measure_with(bbots_summary_query *query, const char *name)
{
    static const uint16_t kinds[] = {BBOTS_COUNT, BBOTS_SUM, BBOTS_MIN, BBOTS_MAX};
    unsigned c = column(KINDS, name);
    uint8_t type = KINDS->columns[c].type;
    bool time = type == BBOTS_TYPE_TIMESTAMP || type == BBOTS_TYPE_TIMESTAMPTZ;
    query->measures[0] = (bbots_measure){BBOTS_COUNT, -1};
    query->measure_count = 1;
    for (size_t k = 0; k < COUNT(kinds); k++) {
        if ((kinds[k] == BBOTS_COUNT || type != BBOTS_TYPE_BOOLEAN) &&
            (kinds[k] != BBOTS_SUM || !time)) {
            query->measures[query->measure_count++] = (bbots_measure){kinds[k], (int16_t)c};
        }
    }
}

/* ------------------------------------------------------------------ the tests */

static void every_column_is_grouped_and_measured(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    for (size_t g = 0; g < COUNT(groupable); g++) {
        for (unsigned threads = 0; threads <= 3; threads += 3) {
            bbots_summary_query query = {.table = KINDS, .group_count = 1, .threads = threads};
            query.groups[0].column = (uint16_t)column(KINDS, groupable[g]);
            measure_with(&query, measurable[g % COUNT(measurable)]);
            compare(txn, &query, 0);
            query.group_count = 3;
            query.groups[1].column = (uint16_t)column(KINDS, groupable[(g + 5) % COUNT(groupable)]);
            query.groups[2].column = (uint16_t)column(KINDS, groupable[(g + 9) % COUNT(groupable)]);
            compare(txn, &query, 0);
        }
    }
    bbots_rollback(txn);
}

static void what_is_counted_of_other_types(void **state)
{
    static const char *const others[] = {"single", "twice",    "words", "raw",
                                         "token",  "settings", "place"};
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    for (size_t i = 0; i < COUNT(others); i++) {
        bbots_summary_query query = {.table = KINDS, .group_count = 1, .measure_count = 2};
        query.groups[0].column = (uint16_t)column(KINDS, "short");
        query.measures[0] = (bbots_measure){BBOTS_COUNT, (int16_t)column(KINDS, others[i])};
        query.measures[1] = (bbots_measure){BBOTS_SUM, (int16_t)column(KINDS, "large")};
        compare(txn, &query, 0);
    }
    bbots_rollback(txn);
}

static void a_range_and_a_writing_transaction_are_read_too(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_value from = integer(ROWS / 2 + 1);
    bbots_range range = {.from = &from, .from_count = 1};
    bbots_summary_query query = {.table = KINDS, .group_count = 1, .range = &range, .threads = 2};
    query.groups[0].column = (uint16_t)column(KINDS, "amount");
    measure_with(&query, "medium");
    compare(txn, &query, ROWS / 2);
    query.range = NULL;
    compare(txn, &query, 0);
    commit(txn);
}

typedef struct impossible {
    const char *group; /* NULL: a column behind the last */
    uint16_t unit;
    uint16_t measure;
    const char *of; /* NULL: a column behind the last; "": none */
    unsigned groups;
    unsigned measures;
    unsigned threads;
    int status;
} impossible;

static void what_cannot_be_summed_up_is_refused(void **state)
{
    static const impossible all[] = {
        {"settings", 0, BBOTS_COUNT, "", 1, 1, 0, BBOTS_WRONG_TYPE},
        {"place", 0, BBOTS_COUNT, "", 1, 1, 0, BBOTS_WRONG_TYPE},
        {"small", BBOTS_TIME_DAY, BBOTS_COUNT, "", 1, 1, 0, BBOTS_WRONG_TYPE},
        {"moment", BBOTS_TIME_YEAR + 1, BBOTS_COUNT, "", 1, 1, 0, BBOTS_INVALID_ARGUMENT},
        {NULL, 0, BBOTS_COUNT, "", 2, 1, 0, BBOTS_INVALID_ARGUMENT},
        {"small", 0, 0, "small", 1, 1, 0, BBOTS_INVALID_ARGUMENT},
        {"small", 0, BBOTS_MAX + 1, "small", 1, 1, 0, BBOTS_INVALID_ARGUMENT},
        {"small", 0, BBOTS_SUM, "", 1, 1, 0, BBOTS_INVALID_ARGUMENT},
        {"small", 0, BBOTS_SUM, NULL, 1, 2, 0, BBOTS_INVALID_ARGUMENT},
        {"small", 0, BBOTS_SUM, "moment", 1, 1, 0, BBOTS_WRONG_TYPE},
        {"small", 0, BBOTS_MIN, "words", 1, 1, 0, BBOTS_WRONG_TYPE},
        {"small", 0, BBOTS_COUNT, "", BBOTS_SUMMARY_GROUPS_MAX + 1, 1, 0, BBOTS_INVALID_ARGUMENT},
        {"small", 0, BBOTS_COUNT, "", 1, BBOTS_SUMMARY_MEASURES_MAX + 1, 0, BBOTS_INVALID_ARGUMENT},
        {"small", 0, BBOTS_COUNT, "", 1, 1, BBOTS_SUMMARY_THREADS_MAX + 1, BBOTS_INVALID_ARGUMENT},
        {"small", 0, BBOTS_COUNT, "", 1, 1, 1, BBOTS_OK},
    };
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    for (size_t i = 0; i < COUNT(all); i++) {
        const impossible *of = &all[i];
        bbots_summary *summary;
        bbots_summary_query query = {.table = KINDS,
                                     .group_count = of->groups,
                                     .measure_count = of->measures,
                                     .threads = of->threads};
        query.groups[0].column =
            (uint16_t)(of->group != NULL ? column(KINDS, of->group) : KINDS->column_count);
        query.groups[0].unit = of->unit;
        query.measures[0].kind = of->measure;
        query.measures[0].column = of->of == NULL      ? (int16_t)KINDS->column_count
                                   : of->of[0] == '\0' ? -1
                                                       : (int16_t)column(KINDS, of->of);
        query.measures[1] = (bbots_measure){BBOTS_COUNT, -1};
        int rc = bbots_summarize(txn, &query, &summary, &fault);
        if (rc != of->status) {
            fail_msg("query %zu: %s", i, bbots_status_name(rc));
        }
        assert_true((rc == BBOTS_OK) == (summary != NULL));
        bbots_summary_free(summary);
    }
    bbots_rollback(txn);
}

/* Times in whose unit there is no other, or whose unit begins before all times. */
static void times_at_their_ends_have_groups(void **state)
{
    static const bbots_timestamp times[] = {BBOTS_TIMESTAMP_MINUS_INFINITY, BBOTS_TIMESTAMP_MIN, 0,
                                            BBOTS_TIMESTAMP_MAX, BBOTS_TIMESTAMP_INFINITY};
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (size_t i = 0; i < 2 * COUNT(times); i++) { /* each twice, and by turns */
        assert_ok(
            insert_named(txn, KINDS, "moment", bbots_value_timestamp(times[i % COUNT(times)])));
    }
    for (bbots_time_unit unit = BBOTS_TIME_MINUTE; unit <= BBOTS_TIME_YEAR; unit++) {
        bbots_summary_query query = {.table = KINDS, .group_count = 1, .measure_count = 1};
        bbots_summary *summary;
        query.groups[0].column = (uint16_t)column(KINDS, "moment");
        query.groups[0].unit = (uint16_t)unit;
        query.measures[0] = (bbots_measure){BBOTS_COUNT, -1};
        assert_ok(bbots_summarize(txn, &query, &summary, &fault));
        assert_int_equal(bbots_summary_count(summary), COUNT(times));
        for (size_t i = 0; i < COUNT(times); i++) {
            assert_int_equal(bbots_summary_group(summary, i, 0).integer,
                             bbots_timestamp_truncate(times[i], unit));
            assert_int_equal(bbots_summary_measure(summary, i, 0).low, 2);
        }
        bbots_summary_free(summary);
    }
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ threads that meet something */

enum { MANY = 3000, THREADS = 4 };

static void make_nodes(fixture *place)
{
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 1; i <= MANY; i++) {
        char label[40];
        snprintf(label, sizeof label, "the label of node %05d", i);
        assert_ok(insert_named(txn, NODES, "label", string(label)));
    }
    commit(txn);
}

/* Changes a byte of a node's row in the closed file, wherever it lies. */
static void damage_node(fixture *place, int number)
{
    char label[40];
    struct stat status;
    int size = snprintf(label, sizeof label, "the label of node %05d", number);
    int fd = open(place->path, O_RDWR);
    assert_int_equal(fstat(fd, &status), 0);
    uint8_t *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(bytes != MAP_FAILED);
    unsigned found = 0;
    for (uint8_t *at = bytes;
         (at = memmem(at, (size_t)(bytes + status.st_size - at), label, (size_t)size)) != NULL;
         found++) {
        *at = 'T';
    }
    assert_true(found > 0);
    munmap(bytes, (size_t)status.st_size);
    close(fd);
}

/* Of all of them, or in a range that has all. */
static int sum_of_nodes(fixture *place, bool ranged, bbots_error *error)
{
    bbots_value first = integer(1);
    bbots_range range = {.from = &first, .from_count = 1};
    bbots_summary_query query = {.table = NODES, .measure_count = 1, .threads = THREADS};
    bbots_summary *summary;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    query.range = ranged ? &range : NULL;
    query.measures[0] = (bbots_measure){BBOTS_SUM, (int16_t)column(NODES, "id")};
    int rc = bbots_summarize(txn, &query, &summary, error);
    if (rc == BBOTS_OK) {
        assert_true(exact(bbots_summary_measure(summary, 0, 0)) == MANY * (MANY + 1) / 2);
        bbots_summary_free(summary);
    }
    bbots_rollback(txn); /* which leaves the error as it is */
    return rc;
}

static void a_damaged_row_is_met_in_any_thread(void **state)
{
    static const int damaged[][2] = {{1, 2}, {MANY - 1, MANY}, {MANY / 2, MANY}, {1, MANY}};
    fixture *place = *state;
    bbots_options options = {.schema = &bbots_sample_schema};
    make_nodes(place);
    for (size_t i = 0; i < COUNT(damaged); i++) {
        char other[sizeof place->path + 8];
        assert_ok(sum_of_nodes(place, false, &fault));
        snprintf(other, sizeof other, "%s-whole", place->path);
        assert_ok(bbots_backup(place->store, other, &fault));
        assert_ok(bbots_close(place->store, &fault));
        damage_node(place, damaged[i][0]);
        damage_node(place, damaged[i][1]);
        place->store = open_store(place->path, &options);
        for (int ranged = 0; ranged < 2; ranged++) {
            assert_status(sum_of_nodes(place, ranged, &fault), BBOTS_CORRUPTED);
            assert_string_equal(fault.table, "nodes");
            assert_int_equal(sum_of_nodes(place, ranged, NULL), BBOTS_CORRUPTED);
        }
        assert_ok(bbots_close(place->store, &fault));
        assert_int_equal(rename(other, place->path), 0);
        place->store = open_store(place->path, &options);
    }
}

#if !SANITIZED /* which have a pthread_create() of their own */

static int threads_left = -1; /* -1: as many as are wanted */

BBOTS_API int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                             void *(*work)(void *), void *argument)
{
    union {
        void *found;
        int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    } system = {.found = dlsym(RTLD_NEXT, "pthread_create")};
    if (threads_left == 0) {
        return EAGAIN;
    }
    threads_left -= threads_left > 0;
    return system.create(thread, attributes, work, argument);
}

static void without_threads_this_one_does_it(void **state)
{
    fixture *place = *state;
    make_nodes(place);
    for (threads_left = 0; threads_left < THREADS; threads_left++) {
        int left = threads_left;
        assert_ok(sum_of_nodes(place, false, &fault));
        assert_int_equal(threads_left, left < THREADS - 1 ? 0 : left - (THREADS - 1));
        threads_left = left;
    }
    threads_left = -1;
}

#endif

#define ON_KINDS(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)
#define ON_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup_store, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_KINDS(every_column_is_grouped_and_measured),
        ON_KINDS(what_is_counted_of_other_types),
        ON_KINDS(a_range_and_a_writing_transaction_are_read_too),
        ON_STORE(what_cannot_be_summed_up_is_refused),
        ON_STORE(times_at_their_ends_have_groups),
        ON_STORE(a_damaged_row_is_met_in_any_thread),
#if !SANITIZED
        ON_STORE(without_threads_this_one_does_it),
#endif
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
