/*
 * bench/questions/main.c - how long each question about one user and one year takes, in stores of
 * several sizes (README.md).
 *
 *     bench-questions FOLDER ROWS/USERS [ROWS/USERS...]
 *     bench-questions --only QUESTION FOLDER ROWS/USERS
 *
 * For each size a store is made. Then each question is asked ASKED times, of one random user after
 * another, in one read transaction; the median is shown. The ratio is that of the last store in which
 * a user has as many rows as in the first. The last line says what was reached:
 * `questions: figure (target) ok|FAIL`. With --only one question is asked and no more, and
 * the store stays and is used again: for a profiler.
 */
#include "bench/questions/data.h"

#include <bbots/budget.h>
#include <bbots/costs.h>
#include <bbots/platform/browserbase_costs.h>
#include <bbots/platform/storage_costs.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASKED     501
#define WARM      100 /* asked before the clock is read */
#define KNOWN     50  /* users who are asked about: as many in each store, for memory's sake */
#define SIZES_MAX 8
#define LEAST_US  1000 /* the goal: less than this, */
#define RATIO     1.2  /* and no more than this times as long with ten times the rows */

typedef struct size {
    const char *name; /* as it was given */
    uint32_t rows;
    uint32_t users;
} size;

typedef struct question {
    const char *name;
    bbots_cost_by by;
    const char *zone;
    int64_t from;
    int64_t to;
    uint32_t sources;
    uint32_t limit;
    int (*ask)(bbots_txn *txn, int32_t user, bbots_error *error); /* another kind of question */
} question;

/* ------------------------------------------------------------------ questions */

static int ask_executions(bbots_txn *txn, int32_t user, bbots_error *error)
{
    bbots_cost_question asked = {.user_id = user, .from = WORKLOAD_BEGIN, .to = YEAR_END};
    bbots_cost_executions found;
    return bbots_cost_executions_of(txn, &asked, &found, error);
}

static int ask_execution(bbots_txn *txn, int32_t user, bbots_error *error)
{
    bbots_cost_sums sums;
    return bbots_cost_execution(txn, user, &sums, error);
}

static int ask_forecast(bbots_txn *txn, int32_t user, bbots_error *error)
{
    bbots_cost_forecast forecast;
    return bbots_cost_forecast_of(txn, user, NULL, YEAR_END - 10 * WORKLOAD_DAY - 17, &forecast,
                                  error);
}

static int ask_budget(bbots_txn *txn, int32_t user, bbots_error *error)
{
    bbots_budget_status status;
    return bbots_budget_status_of(txn, user, YEAR_END - 10 * WORKLOAD_DAY - 17, &status, error);
}

/* Reads rows of a user along an index of ("userId", a time). */
static int read_rows(bbots_txn *txn, const bbots_table *table, const char *index, int32_t user,
                     bool newest_first, unsigned most, bbots_error *error)
{
    bbots_value bounds[] = {bbots_value_integer(user)};
    bbots_range range = {
        .from = bounds, .to = bounds, .from_count = 1, .to_count = 1, .reverse = newest_first};
    bbots_cursor *cursor;
    bbots_row row;
    int rc = bbots_cursor_open(txn, table, (unsigned)bbots_table_index(table, index), &range,
                               &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (unsigned i = 0; i < most && rc == BBOTS_OK; i++) {
        rc = bbots_cursor_next(cursor, &row, error);
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int ask_latest_sessions(bbots_txn *txn, int32_t user, bbots_error *error)
{
    return read_rows(txn, &bbots_browserbase_costs_table, "browserbase_costs_user_created_idx",
                     user, true, 20, error);
}

static int ask_latest_operations(bbots_txn *txn, int32_t user, bbots_error *error)
{
    return read_rows(txn, &bbots_storage_costs_table, "storage_costs_user_created_idx", user, true,
                     20, error);
}

static int ask_summaries(bbots_txn *txn, int32_t user, bbots_error *error)
{
    return read_rows(txn, bbots_store_table(bbots_txn_store(txn), "daily_cost_summaries", error),
                     "daily_cost_summaries_user_date_idx", user, false, WORKLOAD_DAYS, error);
}

enum { CALLS = 1 << BBOTS_COST_CLAUDE | 1 << BBOTS_COST_GEMINI };
#define YEAR .from = WORKLOAD_BEGIN, .to = YEAR_END
#define WEEK .from = YEAR_END - 7 * WORKLOAD_DAY, .to = YEAR_END

static const question questions[] = {
    {.name = "overview", .by = BBOTS_COST_BY_PROVIDER, YEAR},
    {.name = "overview, a range of seconds",
     .by = BBOTS_COST_BY_PROVIDER,
     .from = WORKLOAD_BEGIN + 1234567890,
     .to = YEAR_END - 987654321},
    {.name = "by day", .by = BBOTS_COST_BY_DAY, YEAR},
    {.name = "by day in Europe/Berlin", .by = BBOTS_COST_BY_DAY, .zone = "Europe/Berlin", YEAR},
    {.name = "by day in Asia/Kolkata", .by = BBOTS_COST_BY_DAY, .zone = "Asia/Kolkata", YEAR},
    {.name = "by week", .by = BBOTS_COST_BY_WEEK, YEAR},
    {.name = "by month", .by = BBOTS_COST_BY_MONTH, YEAR},
    {.name = "by model", .by = BBOTS_COST_BY_MODEL, YEAR},
    {.name = "tokens by model", .by = BBOTS_COST_BY_MODEL, .sources = CALLS, YEAR},
    {.name = "tokens by prompt type", .by = BBOTS_COST_BY_PROMPT_TYPE, .sources = CALLS, YEAR},
    {.name = "browsers by status",
     .by = BBOTS_COST_BY_STATUS,
     .sources = 1 << BBOTS_COST_BROWSER,
     YEAR},
    {.name = "storage by provider",
     .by = BBOTS_COST_BY_STORE,
     .sources = 1 << BBOTS_COST_STORAGE,
     YEAR},
    {.name = "storage by operation",
     .by = BBOTS_COST_BY_OPERATION,
     .sources = 1 << BBOTS_COST_STORAGE,
     YEAR},
    {.name = "latest 20 sessions", .ask = ask_latest_sessions},
    {.name = "latest 20 operations", .ask = ask_latest_operations},
    {.name = "daily summaries", .ask = ask_summaries},
    {.name = "one execution", .ask = ask_execution},
    {.name = "executions and their average", .ask = ask_executions},
    {.name = "top 10 models", .by = BBOTS_COST_BY_MODEL, .limit = 10, YEAR},
    {.name = "top 10 executions", .by = BBOTS_COST_BY_EXECUTION, .limit = 10, YEAR},
    {.name = "top 10 days", .by = BBOTS_COST_BY_DAY, .limit = 10, YEAR},
    {.name = "hours of the last 7 days", .by = BBOTS_COST_BY_HOUR, WEEK},
    {.name = "forecast", .ask = ask_forecast},
    {.name = "budget", .ask = ask_budget},
};
enum { QUESTIONS = sizeof questions / sizeof *questions };

static int ask(bbots_txn *txn, const question *one, int32_t user, bbots_error *error)
{
    if (one->ask != NULL) {
        return one->ask(txn, user, error);
    }
    bbots_cost_question asked = {.user_id = user,
                                 .by = one->by,
                                 .zone = one->zone,
                                 .from = one->from,
                                 .to = one->to,
                                 .sources = one->sources,
                                 .limit = one->limit,
                                 .costs_first = one->limit != 0};
    bbots_cost_answer *told;
    int rc = bbots_cost_ask(txn, &asked, &told, error);
    if (rc == BBOTS_OK) {
        bbots_cost_answer_free(told);
    }
    return rc;
}

/* ------------------------------------------------------------------ measuring */

/* The median in microseconds; no user is asked about for the first time. */
__attribute__((noinline)) static double measure(bbots_txn *txn, const question *one, uint32_t users)
{
    double times[ASKED];
    bbots_error error;
    for (int i = -WARM; i < ASKED; i++) {
        uint32_t known = users < KNOWN ? users : KNOWN;
        uint32_t drawn =
            i < 0 ? (uint32_t)(i + WARM) % known : workload_draw(1, 99, (uint64_t)i, known);
        int32_t user = 1 + (int32_t)(drawn * (users / known));
        double start = clock_seconds();
        bbots_must(ask(txn, one, user, &error), &error, one->name);
        if (i >= 0) {
            times[i] = (clock_seconds() - start) * 1e6;
        }
    }
    return median(times, ASKED);
}

static void run(const char *folder, const size *of, const char *only, double medians[QUESTIONS])
{
    char path[400];
    snprintf(path, sizeof path, "%s/questions-%u-%u.bbots", folder, of->rows, of->users);
    bool loaded = only != NULL && access(path, R_OK) == 0;
    if (!loaded) {
        file_remove(path);
    }
    bench_store *store = engine_bbots.open(path, !loaded, RELAXED);
    bench_session *session = engine_bbots.attach(store);
    if (!loaded) {
        questions_load(session, of->rows, of->users);
    }
    bbots_txn *txn = bbots_engine_read(session);
    for (unsigned q = 0; q < QUESTIONS; q++) {
        if (only == NULL || strcmp(only, questions[q].name) == 0) {
            medians[q] = measure(txn, &questions[q], of->users);
        }
    }
    bbots_rollback(txn);
    engine_bbots.detach(session);
    engine_bbots.close(store);
    if (only == NULL) {
        file_remove(path);
    }
}

/* The last size in which a user has as many rows as in the first. */
static unsigned comparable(const size *sizes, unsigned count)
{
    unsigned last = count - 1;
    while (sizes[last].rows / sizes[last].users != sizes[0].rows / sizes[0].users) {
        last--;
    }
    return last;
}

/* Returns whether the goals are reached. */
static bool report(double medians[SIZES_MAX][QUESTIONS], const size *sizes, unsigned count)
{
    double slowest = 0;
    double steepest = 0;
    unsigned last = comparable(sizes, count);
    printf("%-34s", "median in microseconds, rows/users:");
    for (unsigned s = 0; s < count; s++) {
        printf("%15s", sizes[s].name);
    }
    printf("%9s\n", "ratio");
    for (unsigned q = 0; q < QUESTIONS; q++) {
        double ratio = medians[last][q] / medians[0][q];
        steepest = ratio > steepest ? ratio : steepest;
        printf("%-35s", questions[q].name);
        for (unsigned s = 0; s < count; s++) {
            slowest = medians[s][q] > slowest ? medians[s][q] : slowest;
            printf("%15.1f", medians[s][q]);
        }
        printf("%9.2f\n", ratio);
    }
    bool good = slowest < LEAST_US && steepest <= RATIO;
    printf("questions: slowest median %.0f us (< %d), greatest ratio %.2f (<= %.2f) %s\n", slowest,
           LEAST_US, steepest, RATIO, good ? "ok" : "FAIL");
    return good;
}

static bool read_size(const char *text, size *made)
{
    char *end;
    made->name = text;
    made->rows = (uint32_t)strtoul(text, &end, 10);
    made->users = *end == '/' ? (uint32_t)strtoul(end + 1, &end, 10) : 0;
    return *end == '\0' && made->users != 0 && made->rows >= 10 * made->users;
}

int main(int count, char **arguments)
{
    static double medians[SIZES_MAX][QUESTIONS];
    size sizes[SIZES_MAX];
    const char *only = NULL;
    if (count > 2 && strcmp(arguments[1], "--only") == 0) {
        only = arguments[2];
        count -= 2;
        arguments += 2;
    }
    unsigned given = count > 2 ? (unsigned)count - 2 : 0;
    if (given == 0 || given > SIZES_MAX) {
        fprintf(stderr, "usage: bench-questions [--only QUESTION] FOLDER ROWS/USERS...\n");
        return 2;
    }
    for (unsigned s = 0; s < given; s++) {
        if (!read_size(arguments[s + 2], &sizes[s])) {
            fprintf(stderr, "bench-questions: \"%s\" is not ROWS/USERS with ten rows a user\n",
                    arguments[s + 2]);
            return 2;
        }
    }
    for (unsigned s = 0; s < given; s++) {
        run(arguments[1], &sizes[s], only, medians[s]);
    }
    return only != NULL || report(medians, sizes, given) ? 0 : 1;
}
