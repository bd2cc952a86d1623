/*
 * engine_bbots.c - the works in libbbots through its public functions, as a host would write them.
 *
 * Calls go in through the typed struct and come out by column, because that is what each is good
 * at. W6 and W7 are the library's summaries, `bbots-threads` in two threads; `bbots-cursor` does the same two with a cursor and a
 * hash table of its own (groups.c), to show what the summaries are worth.
 */
#include "bench/bbots.h"

#include "bench/groups.h"

#include <bbots/load.h>
#include <bbots/platform/api_token_usage.h>
#include <bbots/platform/users.h>

/* ------------------------------------------------------------------ writes */

typedef struct call_job {
    const call_row *rows;
    const uint32_t *ids;
    const int32_t *times;
    uint32_t count;
} call_job;

static bbots_text text_of(span from)
{
    bbots_text text = {from.data, from.size};
    return text;
}

static void fill_call(const call_row *from, bbots_api_token_usage *to)
{
    to->given = BBOTS_COLUMN_BIT(BBOTS_API_TOKEN_USAGE_COL_COUNT) - 1;
    to->null = from->execution == 0 ? BBOTS_API_TOKEN_USAGE_EXECUTION_ID : 0;
    to->id = from->id;
    to->userId = from->user;
    to->executionId = from->execution;
    to->requestId = text_of(from->request_id);
    to->model = text_of(from->model);
    to->inputTokens = from->input_tokens;
    to->outputTokens = from->output_tokens;
    to->cacheCreationTokens = from->cache_creation_tokens;
    to->cacheReadTokens = from->cache_read_tokens;
    to->totalTokens = from->total_tokens;
    to->inputCost = from->input_cost;
    to->outputCost = from->output_cost;
    to->cacheCost = from->cache_cost;
    to->totalCost = from->total_cost;
    to->promptType = text_of(from->prompt_type);
    to->toolsUsed =
        (bbots_json){from->tools_used.data, (uint32_t)from->tools_used.size, BBOTS_JSON_TEXT};
    to->responseTime = from->response_time;
    to->stopReason = text_of(from->stop_reason);
    to->createdAt = from->created_at;
}

static int insert_call_rows(bbots_txn *txn, void *context, bbots_error *error)
{
    const call_job *job = context;
    int result = BBOTS_OK;
    for (uint32_t i = 0; i < job->count && result == BBOTS_OK; i++) {
        bbots_api_token_usage row;
        fill_call(&job->rows[i], &row);
        result = bbots_api_token_usage_insert(txn, &row, error);
    }
    return result;
}

static void insert_calls(bench_session *session, const call_row *rows, uint32_t count)
{
    call_job job = {.rows = rows, .count = count};
    bbots_error error;
    bbots_must(bbots_write(session->handle, insert_call_rows, &job, &error), &error, "insert");
}

static void bulk_load(bench_session *session, call_source *source)
{
    bbots_txn *txn = NULL;
    bbots_error error;
    const call_row *from;
    bbots_must(bbots_load_begin(session->handle, &txn, &error), &error, "load");
    while ((from = call_source_next(source)) != NULL) {
        bbots_api_token_usage row;
        fill_call(from, &row);
        bbots_must(bbots_api_token_usage_insert(txn, &row, &error), &error, "load");
    }
    bbots_must(bbots_commit(txn, &error), &error, "load");
}

static int update_call_rows(bbots_txn *txn, void *context, bbots_error *error)
{
    const call_job *job = context;
    int result = BBOTS_OK;
    bbots_value values[BBOTS_API_TOKEN_USAGE_COL_COUNT];
    for (uint32_t i = 0; i < job->count && result == BBOTS_OK; i++) {
        bbots_value key = bbots_value_integer(job->ids[i]);
        values[BBOTS_API_TOKEN_USAGE_COL_RESPONSE_TIME] = bbots_value_integer(job->times[i]);
        result = bbots_update(txn, &bbots_api_token_usage_table, 0, &key, values,
                              BBOTS_API_TOKEN_USAGE_RESPONSE_TIME, NULL, error);
    }
    return result;
}

static void update_calls(bench_session *session, const uint32_t *ids, const int32_t *times,
                         uint32_t count)
{
    call_job job = {.ids = ids, .times = times, .count = count};
    bbots_error error;
    bbots_must(bbots_write(session->handle, update_call_rows, &job, &error), &error, "update");
}

static int delete_user(bbots_txn *txn, void *context, bbots_error *error)
{
    const uint32_t *user = context;
    return bbots_users_delete(txn, (int32_t)*user, NULL, error);
}

static void delete_users(bench_session *session, const uint32_t *users, uint32_t count)
{
    bbots_error error;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t user = users[i];
        bbots_must(bbots_write(session->handle, delete_user, &user, &error), &error, "delete");
    }
}

/* ------------------------------------------------------------------ reads */

static void read_call(bbots_txn *txn, uint32_t id, answer *found)
{
    bbots_value key = bbots_value_integer(id);
    bbots_row row;
    bbots_error error;
    bbots_must(bbots_get(txn, &bbots_api_token_usage_table, 0, &key, &row, &error), &error, "get");
    bbots_value model = bbots_row_value(&row, BBOTS_API_TOKEN_USAGE_COL_MODEL);
    answer_call(found, bbots_row_value(&row, BBOTS_API_TOKEN_USAGE_COL_USER_ID).integer,
                bbots_row_value(&row, BBOTS_API_TOKEN_USAGE_COL_TOTAL_TOKENS).integer,
                bbots_row_value(&row, BBOTS_API_TOKEN_USAGE_COL_TOTAL_COST).integer, model.data,
                model.size);
}

static void read_calls(bench_session *session, const uint32_t *ids, uint32_t count, bool one_each,
                       answer *found)
{
    bbots_txn *txn = one_each ? NULL : bbots_engine_read(session);
    for (uint32_t i = 0; i < count; i++) {
        bbots_txn *own = one_each ? bbots_engine_read(session) : txn;
        read_call(own, ids[i], found);
        if (one_each) {
            bbots_rollback(own);
        }
    }
    bbots_rollback(txn);
}

static void find_users(bench_session *session, const span *emails, uint32_t count, answer *found)
{
    static const unsigned by_email = 3; /* users_email_key, as in bbots_users_get_by_email() */
    bbots_txn *txn = bbots_engine_read(session);
    bbots_error error;
    for (uint32_t i = 0; i < count; i++) {
        bbots_value key = bbots_value_text(text_of(emails[i]));
        bbots_row row;
        bbots_must(bbots_get(txn, &bbots_users_table, by_email, &key, &row, &error), &error,
                   "find");
        found->count++;
        found->checksum += (uint64_t)bbots_row_value(&row, BBOTS_USERS_COL_ID).integer * 31 +
                           bbots_row_value(&row, BBOTS_USERS_COL_NAME).size;
    }
    bbots_rollback(txn);
}

static void sum_window(bbots_txn *txn, unsigned index, const window *over, answer *found)
{
    bbots_value from[2] = {bbots_value_integer(over->user), bbots_value_timestamp(over->from)};
    bbots_value to[2] = {bbots_value_integer(over->user), bbots_value_timestamp(over->to)};
    bbots_range range = {
        .from = from, .to = to, .from_count = 2, .to_count = 2, .to_exclusive = true};
    bbots_cursor *cursor = NULL;
    bbots_row row;
    bbots_error error;
    int result;
    bbots_must(bbots_cursor_open(txn, &bbots_api_token_usage_table, index, &range, &cursor, &error),
               &error, "window");
    while ((result = bbots_cursor_next(cursor, &row, &error)) == BBOTS_OK) {
        found->count++;
        found->sum += bbots_row_value(&row, BBOTS_API_TOKEN_USAGE_COL_TOTAL_COST).integer;
    }
    bbots_must(result == BBOTS_END ? BBOTS_OK : result, &error, "window");
    bbots_cursor_close(cursor);
}

static void sum_windows(bench_session *session, const window *windows, uint32_t count,
                        answer *found)
{
    int index = bbots_table_index(&bbots_api_token_usage_table, "api_token_usage_user_created_idx");
    bbots_txn *txn = bbots_engine_read(session);
    for (uint32_t i = 0; i < count; i++) {
        sum_window(txn, (unsigned)index, &windows[i], found);
    }
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ sums over all rows */

/* Hands every row of the table to a function. */
static void scan_all(bench_session *session, void add(void *all, const bbots_row *row), void *all)
{
    bbots_txn *txn = bbots_engine_read(session);
    bbots_cursor *cursor = NULL;
    bbots_row row;
    bbots_error error;
    int result;
    bbots_must(bbots_cursor_open(txn, &bbots_api_token_usage_table, 0, NULL, &cursor, &error),
               &error, "scan");
    while ((result = bbots_cursor_next(cursor, &row, &error)) == BBOTS_OK) {
        add(all, &row);
    }
    bbots_must(result == BBOTS_END ? BBOTS_OK : result, &error, "scan");
    bbots_cursor_close(cursor);
    bbots_rollback(txn);
}

static void add_to_model(void *all, const bbots_row *row)
{
    bbots_value model = bbots_row_value(row, BBOTS_API_TOKEN_USAGE_COL_MODEL);
    text_groups_add(all, model.data, model.size,
                    bbots_row_value(row, BBOTS_API_TOKEN_USAGE_COL_TOTAL_TOKENS).integer,
                    bbots_row_value(row, BBOTS_API_TOKEN_USAGE_COL_TOTAL_COST).integer);
}

static void add_to_day(void *all, const bbots_row *row)
{
    int64_t user = bbots_row_value(row, BBOTS_API_TOKEN_USAGE_COL_USER_ID).integer;
    int64_t time = bbots_row_value(row, BBOTS_API_TOKEN_USAGE_COL_CREATED_AT).integer;
    groups_add(all, user_day_key(user, time / WORKLOAD_DAY),
               bbots_row_value(row, BBOTS_API_TOKEN_USAGE_COL_TOTAL_TOKENS).integer,
               bbots_row_value(row, BBOTS_API_TOKEN_USAGE_COL_TOTAL_COST).integer);
}

static void cursor_models(bench_session *session, answer *found)
{
    text_groups all = {0};
    scan_all(session, add_to_model, &all);
    text_groups_answer(&all, found);
}

static void cursor_days(bench_session *session, answer *found)
{
    groups all = {NULL, 0, 0};
    scan_all(session, add_to_day, &all);
    groups_answer(&all, found);
}

enum { THREADS = 2 };

/* Runs a query with the three measures and adds its groups; key_of makes a group's key. */
static void summarize(bench_session *session, bbots_summary_query *query,
                      uint64_t key_of(const bbots_summary *, size_t), answer *found)
{
    bbots_txn *txn = bbots_engine_read(session);
    bbots_summary *summary = NULL;
    bbots_error error;
    query->table = &bbots_api_token_usage_table;
    query->measures[0] = (bbots_measure){BBOTS_COUNT, -1};
    query->measures[1] = (bbots_measure){BBOTS_SUM, BBOTS_API_TOKEN_USAGE_COL_TOTAL_TOKENS};
    query->measures[2] = (bbots_measure){BBOTS_SUM, BBOTS_API_TOKEN_USAGE_COL_TOTAL_COST};
    query->measure_count = 3;
    bbots_must(bbots_summarize(txn, query, &summary, &error), &error, "summarize");
    for (size_t i = 0; i < bbots_summary_count(summary); i++) {
        answer_group(found, key_of(summary, i), (int64_t)bbots_summary_measure(summary, i, 0).low,
                     (int64_t)bbots_summary_measure(summary, i, 1).low,
                     (int64_t)bbots_summary_measure(summary, i, 2).low);
    }
    bbots_summary_free(summary);
    bbots_rollback(txn);
}

uint64_t bbots_engine_model_key(const bbots_summary *summary, size_t number)
{
    bbots_value model = bbots_summary_group(summary, number, 0);
    return mix_bytes(0, model.data, model.size);
}

static void by_models(bench_session *session, unsigned threads, answer *found)
{
    bbots_summary_query query = {.groups = {{BBOTS_API_TOKEN_USAGE_COL_MODEL, BBOTS_TIME_NONE}},
                                 .group_count = 1,
                                 .threads = threads};
    summarize(session, &query, bbots_engine_model_key, found);
}

static void sum_models(bench_session *session, answer *found)
{
    by_models(session, 1, found);
}

static void threads_models(bench_session *session, answer *found)
{
    by_models(session, THREADS, found);
}

uint64_t bbots_engine_day_key(const bbots_summary *summary, size_t number)
{
    return user_day_key(bbots_summary_group(summary, number, 0).integer,
                        bbots_summary_group(summary, number, 1).integer / WORKLOAD_DAY);
}

static void by_days(bench_session *session, unsigned threads, answer *found)
{
    bbots_summary_query query = {.groups = {{BBOTS_API_TOKEN_USAGE_COL_USER_ID, BBOTS_TIME_NONE},
                                            {BBOTS_API_TOKEN_USAGE_COL_CREATED_AT, BBOTS_TIME_DAY}},
                                 .group_count = 2,
                                 .threads = threads};
    summarize(session, &query, bbots_engine_day_key, found);
}

static void sum_days(bench_session *session, answer *found)
{
    by_days(session, 1, found);
}

static void threads_days(bench_session *session, answer *found)
{
    by_days(session, THREADS, found);
}

/* What the three ways to use libbbots have in common. */
#define STORE_FUNCTIONS                                                                            \
    .open = bbots_engine_open, .close = bbots_engine_close, .attach = bbots_engine_attach,         \
    .detach = bbots_engine_detach, .load = bbots_engine_load, .state = bbots_engine_state,         \
    .insert_calls = insert_calls

const bench_engine engine_bbots = {
    .name = "bbots",
    .tuning = "defaults; row checksums verified; digests, counts and live aggregates kept",
    STORE_FUNCTIONS,
    .sum_windows_live = bbots_engine_windows_live,
    .sum_models_live = bbots_engine_models_live,
    .sum_days_live = bbots_engine_days_live,
    .bulk_load = bulk_load,
    .read_calls = read_calls,
    .find_users = find_users,
    .sum_windows = sum_windows,
    .sum_models = sum_models,
    .sum_days = sum_days,
    .delete_users = delete_users,
    .update_calls = update_calls,
};

const bench_engine engine_bbots_threads = {
    .name = "bbots-threads",
    .tuning = "W6 and W7 by the library's summaries in two threads",
    .only = "W6,W7",
    STORE_FUNCTIONS,
    .sum_models = threads_models,
    .sum_days = threads_days,
};

const bench_engine engine_bbots_cursor = {
    .name = "bbots-cursor",
    .tuning = "W6 and W7 by a cursor and a hash table of the host's own",
    .only = "W6,W7",
    STORE_FUNCTIONS,
    .sum_models = cursor_models,
    .sum_days = cursor_days,
};
