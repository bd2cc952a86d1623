/* bench/questions/data.c - the rows about which is asked. */
#include "bench/questions/data.h"

#include <bbots/budget.h>
#include <bbots/costs.h>
#include <bbots/platform/gemini_token_usage.h>

#include <stdio.h>
#include <stdlib.h>

#define BATCH 10000

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

static int set_budgets(bbots_txn *txn, void *context, bbots_error *error)
{
    bbots_budget_limits limits = {.limits = {1000000, 5000000, 20000000}};
    int rc = BBOTS_OK;
    uint32_t users = *(const uint32_t *)context;
    for (uint32_t user = 1; user <= users && rc == BBOTS_OK; user++) {
        rc = bbots_budget_set(txn, (int64_t)user, &limits, YEAR_END - 40 * WORKLOAD_DAY, error);
    }
    return rc;
}

void questions_load(bench_session *session, uint32_t count, uint32_t users)
{
    workload data = {.seed = 1, .users = users, .executions = 20 * users, .calls = count};
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
    bbots_must(bbots_write(session->handle, set_budgets, &users, &error), &error, "budgets");
}
