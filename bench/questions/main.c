/*
 * bench/questions/main.c - how long each question about one user and one year takes, at several numbers
 * of rows.
 *
 *     bench-questions FOLDER ROWS [ROWS...]
 *
 * For each number of rows a store is made: calls of Claude (seven of eight) and of Gemini, and for
 * each 64 of them a browser session and an operation on storage, of USERS users over a year. The users
 * stay the same, so ten times the rows are ten times as many of each. Then each question is asked
 * ASKED times, of one random user after another, in one read transaction; the median is shown, and the
 * ratio of the last size to the first. The last line says what was reached:
 * `questions: figure (target) ok|FAIL`.
 */
#include "bench/bbots.h"

#include <bbots/budget.h>
#include <bbots/costs.h>
#include <bbots/platform/browserbase_costs.h>
#include <bbots/platform/gemini_token_usage.h>
#include <bbots/platform/storage_costs.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define USERS      100
#define EXECUTIONS 2000
#define BATCH      10000
#define ASKED      501
#define SIZES_MAX  8
#define HOUR       INT64_C(3600000000)
#define YEAR_END   (WORKLOAD_BEGIN + WORKLOAD_DAYS * WORKLOAD_DAY)
#define LEAST_US   1000 /* the goal: less than this, */
#define RATIO      1.2  /* and no more than this times as long with ten times the rows */

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

/* ------------------------------------------------------------------ rows */

typedef struct batch {
    const call_row *rows;
    uint32_t count;
    uint32_t first;
} batch;

static bbots_text text_of(span from)
{
    return (bbots_text){from.data, from.size};
}

static int insert_gemini(bbots_txn *txn, const call_row *from, bbots_error *error)
{
    bbots_gemini_token_usage row = {
        .given = BBOTS_GEMINI_TOKEN_USAGE_USER_ID | BBOTS_GEMINI_TOKEN_USAGE_EXECUTION_ID |
                 BBOTS_GEMINI_TOKEN_USAGE_MODEL | BBOTS_GEMINI_TOKEN_USAGE_PROMPT_TYPE |
                 BBOTS_GEMINI_TOKEN_USAGE_INPUT_TOKENS | BBOTS_GEMINI_TOKEN_USAGE_OUTPUT_TOKENS |
                 BBOTS_GEMINI_TOKEN_USAGE_TOTAL_TOKENS | BBOTS_GEMINI_TOKEN_USAGE_INPUT_COST |
                 BBOTS_GEMINI_TOKEN_USAGE_OUTPUT_COST | BBOTS_GEMINI_TOKEN_USAGE_TOTAL_COST |
                 BBOTS_GEMINI_TOKEN_USAGE_CREATED_AT,
        .null = from->execution == 0 ? BBOTS_GEMINI_TOKEN_USAGE_EXECUTION_ID : 0,
        .userId = from->user,
        .executionId = from->execution,
        .model = text_of(from->model),
        .promptType = text_of(from->prompt_type),
        .inputTokens = from->input_tokens,
        .outputTokens = from->output_tokens,
        .totalTokens = from->input_tokens + from->output_tokens,
        .inputCost = from->input_cost,
        .outputCost = from->output_cost,
        .totalCost = from->input_cost + from->output_cost,
        .createdAt = from->created_at};
    return bbots_gemini_token_usage_insert(txn, &row, error);
}

static int insert_session(bbots_txn *txn, const call_row *from, uint32_t number, bbots_error *error)
{
    static const char *const statuses[] = {"completed", "completed", "failed", "timeout"};
    char name[24];
    snprintf(name, sizeof name, "session-%u", number);
    bbots_cost_session session = {.user_id = from->user,
                                  .execution_id = from->execution,
                                  .session_id = bbots_text_of(name),
                                  .status = bbots_text_of(statuses[number / 64 % 4]),
                                  .duration_ms = from->total_tokens * 10,
                                  .screenshots = number / 64 % 7,
                                  .minute_cost = 100,
                                  .screenshot_cost = 10,
                                  .started = from->created_at,
                                  .at = from->created_at};
    bbots_cost_recorded recorded;
    return bbots_cost_record_session(txn, &session, 0, 0, &recorded, error);
}

static int insert_operation(bbots_txn *txn, const call_row *from, uint32_t number,
                            bbots_error *error)
{
    static const char *const kinds[] = {"upload", "download", "list", "delete"};
    bbots_cost_operation operation = {.user_id = from->user,
                                      .execution_id = from->execution,
                                      .provider = bbots_text_of(number / 64 % 3 != 0 ? "s3" : "r2"),
                                      .bucket = bbots_text_of("files"),
                                      .operation = bbots_text_of(kinds[number / 64 % 4]),
                                      .size_bytes = from->total_tokens * 1000,
                                      .request_cost = 500,
                                      .transfer_cost = 90000,
                                      .at = from->created_at};
    bbots_cost_recorded recorded;
    return bbots_cost_record_operation(txn, &operation, 0, 0, &recorded, error);
}

/* All of a batch that is not Claude's. */
static int insert_others(bbots_txn *txn, void *context, bbots_error *error)
{
    const batch *all = context;
    int rc = BBOTS_OK;
    for (uint32_t i = 0; i < all->count && rc == BBOTS_OK; i++) {
        uint32_t number = all->first + i;
        rc = number % 8 == 0 ? insert_gemini(txn, &all->rows[i], error) : BBOTS_OK;
        if (rc == BBOTS_OK && number % 64 == 0) {
            rc = insert_session(txn, &all->rows[i], number, error);
        }
        if (rc == BBOTS_OK && number % 64 == 0) {
            rc = insert_operation(txn, &all->rows[i], number, error);
        }
    }
    return rc;
}

static void load(bench_session *session, uint32_t count)
{
    workload data = {.seed = 1, .users = USERS, .executions = EXECUTIONS, .calls = count};
    call_row *rows = calloc(BATCH, sizeof *rows);
    call_row *calls = calloc(BATCH, sizeof *calls);
    bbots_error error;
    if (rows == NULL || calls == NULL) {
        die("out of memory");
    }
    engine_bbots.load(session, &data, WORKLOAD_USERS);
    engine_bbots.load(session, &data, WORKLOAD_TASKS);
    engine_bbots.load(session, &data, WORKLOAD_EXECUTIONS);
    for (uint32_t done = 0; done < count; done += BATCH) {
        batch all = {rows, count - done < BATCH ? count - done : BATCH, done + 1};
        uint32_t claude = 0;
        for (uint32_t i = 0; i < all.count; i++) {
            workload_call(&data, all.first + i, &rows[i]);
            if ((all.first + i) % 8 != 0) {
                workload_call(&data, all.first + i, &calls[claude++]);
            }
        }
        engine_bbots.insert_calls(session, calls, claude);
        bbots_must(bbots_write(session->handle, insert_others, &all, &error), &error, "insert");
    }
    free(rows);
    free(calls);
}

static int set_budgets(bbots_txn *txn, void *context, bbots_error *error)
{
    bbots_budget_limits limits = {.limits = {1000000, 5000000, 20000000}};
    int rc = BBOTS_OK;
    (void)context;
    for (int32_t user = 1; user <= USERS && rc == BBOTS_OK; user++) {
        rc = bbots_budget_set(txn, user, &limits, YEAR_END - 40 * WORKLOAD_DAY, error);
    }
    return rc;
}

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

static double microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return difference < 0 ? -1 : difference > 0;
}

/* The median; each user was asked about once before. */
static double measure(bbots_txn *txn, const question *one)
{
    double times[ASKED];
    bbots_error error;
    for (int i = -USERS; i < ASKED; i++) {
        int32_t user =
            i < 0 ? USERS + i + 1 : 1 + (int32_t)workload_draw(1, 99, (uint64_t)i, USERS);
        double start = microseconds();
        bbots_must(ask(txn, one, user, &error), &error, one->name);
        if (i >= 0) {
            times[i] = microseconds() - start;
        }
    }
    qsort(times, ASKED, sizeof *times, compare);
    return times[ASKED / 2];
}

static void run(const char *folder, uint32_t rows, double medians[QUESTIONS])
{
    char path[400];
    char lock[420];
    bbots_txn *txn;
    bbots_error error;
    snprintf(path, sizeof path, "%s/questions-%u.bbots", folder, rows);
    snprintf(lock, sizeof lock, "%s-lock", path);
    unlink(path);
    bench_store *store = engine_bbots.open(path, true, RELAXED);
    bench_session *session = engine_bbots.attach(store);
    load(session, rows);
    bbots_must(bbots_write(session->handle, set_budgets, NULL, &error), &error, "budgets");
    txn = bbots_engine_read(session);
    for (unsigned q = 0; q < QUESTIONS; q++) {
        medians[q] = measure(txn, &questions[q]);
    }
    bbots_rollback(txn);
    engine_bbots.detach(session);
    engine_bbots.close(store);
    unlink(path);
    unlink(lock);
}

/* Returns whether the goals are reached. */
static bool report(double medians[SIZES_MAX][QUESTIONS], char **names, unsigned sizes)
{
    double slowest = 0;
    double steepest = 0;
    printf("%-32s", "median in microseconds, rows:");
    for (unsigned s = 0; s < sizes; s++) {
        printf("%12s", names[s]);
    }
    printf("%9s\n", "ratio");
    for (unsigned q = 0; q < QUESTIONS; q++) {
        double ratio = medians[sizes - 1][q] / medians[0][q];
        steepest = ratio > steepest ? ratio : steepest;
        printf("%-32s", questions[q].name);
        for (unsigned s = 0; s < sizes; s++) {
            slowest = medians[s][q] > slowest ? medians[s][q] : slowest;
            printf("%12.1f", medians[s][q]);
        }
        printf("%9.2f\n", ratio);
    }
    bool good = slowest < LEAST_US && steepest <= RATIO;
    printf("questions: slowest median %.0f us (< %d), greatest ratio %.2f (<= %.2f) %s\n", slowest,
           LEAST_US, steepest, RATIO, good ? "ok" : "FAIL");
    return good;
}

int main(int count, char **arguments)
{
    static double medians[SIZES_MAX][QUESTIONS];
    unsigned sizes = count > 2 ? (unsigned)count - 2 : 0;
    if (sizes == 0 || sizes > SIZES_MAX) {
        fprintf(stderr, "usage: bench-questions FOLDER ROWS [ROWS...]\n");
        return 2;
    }
    for (unsigned s = 0; s < sizes; s++) {
        uint32_t rows = (uint32_t)strtoul(arguments[s + 2], NULL, 10);
        if (rows < 1000) {
            fprintf(stderr, "bench-questions: %s rows are too few\n", arguments[s + 2]);
            return 2;
        }
        run(arguments[1], rows, medians[s]);
    }
    return report(medians, arguments + 2, sizes) ? 0 : 1;
}
