/* ledger/costs_tables.c - the four sources of costs and the day's summary, found by name. */
#include "ledger/costs.h"

#define COUNT(array) (uint8_t)(sizeof(array) / sizeof *(array))

const char *const cost_providers[BBOTS_COST_SOURCES] = {"anthropic", "google", "browserbase",
                                                        "storage"};

#define COMMON(key)                                                                                \
    [COST_ID] = {"id", LEDGER_INTEGER}, [COST_USER] = {"userId", LEDGER_INTEGER},                  \
    [COST_EXECUTION] = {"executionId", LEDGER_INTEGER}, [COST_KEY] = {(key), LEDGER_TEXT},         \
    [COST_TIME] = {"createdAt", LEDGER_TIME}, [COST_TOTAL] = {"totalCost", LEDGER_DECIMAL}

#define CALL(stop)                                                                                 \
    COMMON("requestId"), [CALL_MODEL] = {"model", LEDGER_TEXT},                                    \
                         [CALL_INPUT] = {"inputTokens", LEDGER_INTEGER},                           \
                         [CALL_OUTPUT] = {"outputTokens", LEDGER_INTEGER},                         \
                         [CALL_TOKENS] = {"totalTokens", LEDGER_INTEGER},                          \
                         [CALL_INPUT_COST] = {"inputCost", LEDGER_DECIMAL},                        \
                         [CALL_OUTPUT_COST] = {"outputCost", LEDGER_DECIMAL},                      \
                         [CALL_PROMPT_TYPE] = {"promptType", LEDGER_TEXT},                         \
                         [CALL_TOOLS] = {"toolsUsed", LEDGER_JSON},                                \
                         [CALL_RESPONSE_TIME] = {"responseTime", LEDGER_INTEGER},                  \
                         [CALL_STOP_REASON] = {(stop), LEDGER_TEXT}

static const ledger_column claude[] = {
    CALL("stopReason"),
    [CALL_CACHE_CREATION] = {"cacheCreationTokens", LEDGER_INTEGER},
    [CALL_CACHE_READ] = {"cacheReadTokens", LEDGER_INTEGER},
    [CALL_CACHE_COST] = {"cacheCost", LEDGER_DECIMAL},
};

static const ledger_column gemini[] = {CALL("finishReason")};

static const ledger_column sessions[] = {
    COMMON("sessionId"),
    [SESSION_PROJECT] = {"projectId", LEDGER_TEXT},
    [SESSION_DURATION] = {"durationMs", LEDGER_INTEGER},
    [SESSION_MINUTES] = {"durationMinutes", LEDGER_DECIMAL},
    [SESSION_MINUTE_COST] = {"costPerMinute", LEDGER_DECIMAL},
    [SESSION_DEBUG_URL] = {"debugUrl", LEDGER_TEXT},
    [SESSION_RECORDING_URL] = {"recordingUrl", LEDGER_TEXT},
    [SESSION_RECORDED] = {"hasRecording", LEDGER_BOOLEAN},
    [SESSION_RECORDING_COST] = {"recordingCost", LEDGER_DECIMAL},
    [SESSION_SCREENSHOTS] = {"screenshotCount", LEDGER_INTEGER},
    [SESSION_SCREENSHOT_COST] = {"screenshotCost", LEDGER_DECIMAL},
    [SESSION_STATUS] = {"status", LEDGER_TEXT},
    [SESSION_STARTED] = {"startedAt", LEDGER_TIME},
    [SESSION_COMPLETED] = {"completedAt", LEDGER_TIME},
};

static const ledger_column storage[] = {
    COMMON("operationId"),
    [STORAGE_PROVIDER] = {"provider", LEDGER_TEXT},
    [STORAGE_BUCKET] = {"bucket", LEDGER_TEXT},
    [STORAGE_OPERATION] = {"operationType", LEDGER_TEXT},
    [STORAGE_OBJECT] = {"objectKey", LEDGER_TEXT},
    [STORAGE_BYTES] = {"sizeBytes", LEDGER_INTEGER},
    [STORAGE_MB] = {"sizeMb", LEDGER_DECIMAL},
    [STORAGE_TRANSFER_COST] = {"transferCostPerGb", LEDGER_DECIMAL},
    [STORAGE_REQUEST_COST] = {"requestCost", LEDGER_DECIMAL},
    [STORAGE_CONTENT_TYPE] = {"contentType", LEDGER_TEXT},
    [STORAGE_STATUS] = {"status", LEDGER_TEXT},
};

static const ledger_column summaries[] = {
    [SUMMARY_ID] = {"id", LEDGER_INTEGER},
    [SUMMARY_USER] = {"userId", LEDGER_INTEGER},
    [SUMMARY_DATE] = {"date", LEDGER_TIME},
    [SUMMARY_CALLS] = {"totalApiCalls", LEDGER_INTEGER},
    [SUMMARY_INPUT] = {"totalInputTokens", LEDGER_INTEGER},
    [SUMMARY_OUTPUT] = {"totalOutputTokens", LEDGER_INTEGER},
    [SUMMARY_CACHE] = {"totalCacheTokens", LEDGER_INTEGER},
    [SUMMARY_CLAUDE_COST] = {"apiCostUsd", LEDGER_DECIMAL},
    [SUMMARY_GEMINI_CALLS] = {"totalGeminiCalls", LEDGER_INTEGER},
    [SUMMARY_GEMINI_INPUT] = {"totalGeminiInputTokens", LEDGER_INTEGER},
    [SUMMARY_GEMINI_OUTPUT] = {"totalGeminiOutputTokens", LEDGER_INTEGER},
    [SUMMARY_GEMINI_COST] = {"geminiCostUsd", LEDGER_DECIMAL},
    [SUMMARY_SESSIONS] = {"totalSessions", LEDGER_INTEGER},
    [SUMMARY_MINUTES] = {"totalSessionMinutes", LEDGER_DECIMAL},
    [SUMMARY_BROWSER_COST] = {"browserbaseCostUsd", LEDGER_DECIMAL},
    [SUMMARY_OPERATIONS] = {"totalStorageOperations", LEDGER_INTEGER},
    [SUMMARY_MB] = {"totalStorageMb", LEDGER_DECIMAL},
    [SUMMARY_STORAGE_COST] = {"storageCostUsd", LEDGER_DECIMAL},
    [SUMMARY_TOTAL] = {"totalCostUsd", LEDGER_DECIMAL},
    [SUMMARY_BY_MODEL] = {"costByModel", LEDGER_JSON},
    [SUMMARY_BY_PROVIDER] = {"costByProvider", LEDGER_JSON},
    [SUMMARY_CREATED] = {"createdAt", LEDGER_TIME},
    [SUMMARY_UPDATED] = {"updatedAt", LEDGER_TIME},
};

static const ledger_key plain_keys[] = {
    [COST_BY_ID] = {true, 1, {COST_ID}},
    [COST_BY_USER_TIME] = {false, 2, {COST_USER, COST_TIME}},
    [COST_BY_TIME] = {false, 1, {COST_TIME}},
};

static const ledger_key session_keys[] = {
    [COST_BY_ID] = {true, 1, {COST_ID}},
    [COST_BY_USER_TIME] = {false, 2, {COST_USER, COST_TIME}},
    [COST_BY_TIME] = {false, 1, {COST_TIME}},
    [COST_BY_KEY] = {true, 1, {COST_KEY}},
};

static const ledger_key summary_keys[] = {{true, 1, {SUMMARY_ID}},
                                          {false, 2, {SUMMARY_USER, SUMMARY_DATE}}};

const ledger_need cost_needs[BBOTS_COST_SOURCES] = {
    [BBOTS_COST_CLAUDE] = {LEDGER_API_TOKEN_USAGE, "api_token_usage", claude, plain_keys,
                           COUNT(claude), COUNT(plain_keys)},
    [BBOTS_COST_GEMINI] = {LEDGER_GEMINI_TOKEN_USAGE, "gemini_token_usage", gemini, plain_keys,
                           COUNT(gemini), COUNT(plain_keys)},
    [BBOTS_COST_BROWSER] = {LEDGER_BROWSERBASE_COSTS, "browserbase_costs", sessions, session_keys,
                            COUNT(sessions), COUNT(session_keys)},
    [BBOTS_COST_STORAGE] = {LEDGER_STORAGE_COSTS, "storage_costs", storage, plain_keys,
                            COUNT(storage), COUNT(plain_keys)},
};

const ledger_need cost_summary_need = {
    LEDGER_DAILY_COST_SUMMARIES, "daily_cost_summaries", summaries, summary_keys, COUNT(summaries),
    COUNT(summary_keys)};

/* A documented live aggregate: what its groups are by, and whether it has times. */
typedef struct live_need {
    const char *name;
    unsigned by_count;
    unsigned by[2];
    bool timed;
} live_need;

static const live_need users_need = {"users", 1, {COST_USER}, true};
static const live_need all_need = {"all", 0, {0}, true};
static const live_need executions_need = {"executions", 2, {COST_USER, COST_EXECUTION}, true};
static const live_need execution_need = {"execution", 1, {COST_EXECUTION}, false};

/* One of the same name by something else would give other sums. */
static bool is_as_needed(const ledger_table *of, const bbots_live *live, const live_need *need)
{
    bool fits = live != NULL && live->by_count == need->by_count;
    for (unsigned i = 0; fits && i < need->by_count; i++) {
        fits = live->by[i] == of->columns[need->by[i]];
    }
    return fits &&
           (!need->timed || (live->unit_count != 0 && live->time == of->columns[COST_TIME]));
}

static int find_live(const cost_source *source, const live_need *need, const bbots_live **live,
                     bbots_error *error)
{
    const bbots_table *table = source->of->table;
    *live = bbots_table_live(table, need->name);
    return is_as_needed(source->of, *live, need)
               ? BBOTS_OK
               : bb_fail_at(error, BBOTS_UNKNOWN_INDEX, table->name, NULL, NULL,
                            "table \"%s\" has no live aggregate \"%s\" as it is needed here: the "
                            "file has an earlier schema, or another one",
                            table->name, need->name);
}

int costs_find(bbots_txn *txn, cost_tables *tables, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < BBOTS_COST_SOURCES && rc == BBOTS_OK; i++) {
        cost_source *source = &tables->sources[i];
        rc = ledger_find(txn, &cost_needs[i], &source->of, error);
        if (rc != BBOTS_OK) {
            break;
        }
        const bbots_table *table = source->of->table;
        source->scale = table->columns[source->of->columns[COST_TOTAL]].scale;
        rc = find_live(source, &users_need, &source->users, error);
        rc = rc == BBOTS_OK ? find_live(source, &all_need, &source->all, error) : rc;
        rc = rc == BBOTS_OK ? find_live(source, &executions_need, &source->executions, error) : rc;
        rc = rc == BBOTS_OK ? find_live(source, &execution_need, &source->execution, error) : rc;
    }
    return rc;
}
