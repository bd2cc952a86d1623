/* ledger/reprice_sources.c - the costs of a row of each table, by the price lists. */
#include "ledger/reprice.h"

#include <bbots/decimal.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const ledger_key by_time_and_user[] = {
    [REPRICE_BY_TIME] = {false, 1, {REPRICE_CREATED}},
    [REPRICE_BY_USER] = {false, 2, {REPRICE_USER, REPRICE_CREATED}},
};

static unsigned scale_of(const ledger_table *of, unsigned column)
{
    return of->table->columns[of->columns[column]].scale;
}

static void set_cost(ledger_values *change, unsigned column, int64_t cost)
{
    ledger_set(change, column, bbots_value_decimal(cost, scale_of(change->of, column)));
}

static bool copy_name(const ledger_table *of, const bbots_row *row, unsigned column,
                      char name[REPRICE_MODEL_MAX])
{
    bbots_value value = ledger_value(of, row, column);
    snprintf(name, REPRICE_MODEL_MAX, "%.*s", (int)value.size, (const char *)value.data);
    return true;
}

/* ------------------------------------------------------------------ calls of models */

enum {
    CALL_MODEL = REPRICE_OTHERS,
    CALL_INPUT,
    CALL_OUTPUT,
    CALL_INPUT_COST,
    CALL_OUTPUT_COST,
    CALL_CACHE_WRITE, /* Claude's only, from here on */
    CALL_CACHE_READ,
    CALL_CACHE_COST
};

#define CALL_COLUMNS                                                                               \
    [REPRICE_ID] = {"id", LEDGER_INTEGER}, [REPRICE_USER] = {"userId", LEDGER_INTEGER},            \
    [REPRICE_CREATED] = {"createdAt", LEDGER_TIME},                                                \
    [REPRICE_TOTAL] = {"totalCost", LEDGER_DECIMAL}, [CALL_MODEL] = {"model", LEDGER_TEXT},        \
    [CALL_INPUT] = {"inputTokens", LEDGER_INTEGER},                                                \
    [CALL_OUTPUT] = {"outputTokens", LEDGER_INTEGER},                                              \
    [CALL_INPUT_COST] = {"inputCost", LEDGER_DECIMAL},                                             \
    [CALL_OUTPUT_COST] = {"outputCost", LEDGER_DECIMAL}

static const ledger_column claude_columns[] = {
    CALL_COLUMNS,
    [CALL_CACHE_WRITE] = {"cacheCreationTokens", LEDGER_INTEGER},
    [CALL_CACHE_READ] = {"cacheReadTokens", LEDGER_INTEGER},
    [CALL_CACHE_COST] = {"cacheCost", LEDGER_DECIMAL},
};
static const ledger_column gemini_columns[] = {CALL_COLUMNS};

static bool model_of_call(const ledger_table *of, const bbots_row *row,
                          char name[REPRICE_MODEL_MAX])
{
    return copy_name(of, row, CALL_MODEL, name);
}

static bbots_tokens gemini_tokens(const ledger_table *of, const bbots_row *row)
{
    return (bbots_tokens){.input = ledger_integer(of, row, CALL_INPUT),
                          .output = ledger_integer(of, row, CALL_OUTPUT)};
}

static bbots_tokens claude_tokens(const ledger_table *of, const bbots_row *row)
{
    bbots_tokens tokens = gemini_tokens(of, row);
    tokens.cache_write = ledger_integer(of, row, CALL_CACHE_WRITE);
    tokens.cache_read = ledger_integer(of, row, CALL_CACHE_READ);
    return tokens;
}

static int64_t context_of_gemini(const ledger_table *of, const bbots_row *row)
{
    return gemini_tokens(of, row).input;
}

static int64_t context_of_claude(const ledger_table *of, const bbots_row *row)
{
    bbots_tokens tokens = claude_tokens(of, row);
    __extension__ __int128 sum = (__int128)tokens.input + tokens.cache_write + tokens.cache_read;
    return sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
}

/* One cost, rounded to its own column. */
static int set_token_cost(const bbots_price *price, const bbots_tokens *tokens, unsigned column,
                          ledger_values *change, bbots_error *error)
{
    bbots_price_token_costs costs;
    int rc = bbots_price_tokens(price, tokens, scale_of(change->of, column), &costs, error);
    if (rc == BBOTS_OK) {
        set_cost(change, column,
                 column == CALL_INPUT_COST    ? costs.input
                 : column == CALL_OUTPUT_COST ? costs.output
                 : column == CALL_CACHE_COST  ? costs.cache
                                              : costs.total);
    }
    return rc;
}

/* Of the costs of a call the first ones; the last is of the cache. */
static int price_call(const bbots_price *price, const bbots_tokens *tokens, size_t count,
                      ledger_values *change, bbots_error *error)
{
    static const unsigned costs[] = {CALL_INPUT_COST, CALL_OUTPUT_COST, REPRICE_TOTAL,
                                     CALL_CACHE_COST};
    int rc = BBOTS_OK;
    for (size_t i = 0; i < count && rc == BBOTS_OK; i++) {
        rc = set_token_cost(price, tokens, costs[i], change, error);
    }
    return rc;
}

static int price_gemini(const ledger_table *of, const bbots_row *row, const bbots_price *price,
                        ledger_values *change, bbots_error *error)
{
    bbots_tokens tokens = gemini_tokens(of, row);
    return price_call(price, &tokens, 3, change, error);
}

static int price_claude(const ledger_table *of, const bbots_row *row, const bbots_price *price,
                        ledger_values *change, bbots_error *error)
{
    bbots_tokens tokens = claude_tokens(of, row);
    return price_call(price, &tokens, 4, change, error);
}

/* ------------------------------------------------------------------ remote browsers */

enum {
    SESSION_MS = REPRICE_OTHERS,
    SESSION_RECORDED,
    SESSION_SCREENSHOTS,
    SESSION_MINUTE,
    SESSION_RECORDING_COST,
    SESSION_SCREENSHOT_COST
};

static const ledger_column session_columns[] = {
    [REPRICE_ID] = {"id", LEDGER_INTEGER},
    [REPRICE_USER] = {"userId", LEDGER_INTEGER},
    [REPRICE_CREATED] = {"createdAt", LEDGER_TIME},
    [REPRICE_TOTAL] = {"totalCost", LEDGER_DECIMAL},
    [SESSION_MS] = {"durationMs", LEDGER_INTEGER},
    [SESSION_RECORDED] = {"hasRecording", LEDGER_BOOLEAN},
    [SESSION_SCREENSHOTS] = {"screenshotCount", LEDGER_INTEGER},
    [SESSION_MINUTE] = {"costPerMinute", LEDGER_DECIMAL},
    [SESSION_RECORDING_COST] = {"recordingCost", LEDGER_DECIMAL},
    [SESSION_SCREENSHOT_COST] = {"screenshotCost", LEDGER_DECIMAL},
};

static bool model_of_session(const ledger_table *of, const bbots_row *row,
                             char name[REPRICE_MODEL_MAX])
{
    (void)of;
    (void)row;
    strcpy(name, "session");
    return true;
}

static int64_t no_context(const ledger_table *of, const bbots_row *row)
{
    (void)of;
    (void)row;
    return 0;
}

/* A price itself, as a column of prices holds it. */
static int set_price(const bbots_price *price, bbots_price_part part, unsigned column,
                     ledger_values *change, bbots_error *error)
{
    int64_t rescaled;
    if ((price->given & 1u << part) == 0) {
        return BBOTS_OK;
    }
    if (bbots_decimal_rescale(price->parts[part], BBOTS_PRICE_SCALE, BBOTS_DECIMAL_PRECISION_MAX,
                              scale_of(change->of, column), &rescaled) != BBOTS_OK) {
        return bb_fail(error, BBOTS_NUMERIC_OUT_OF_RANGE, "a price of entry \"%s\" is too great",
                       price->id);
    }
    set_cost(change, column, rescaled);
    return BBOTS_OK;
}

static int price_session(const ledger_table *of, const bbots_row *row, const bbots_price *price,
                         ledger_values *change, bbots_error *error)
{
    static const unsigned set[] = {SESSION_RECORDING_COST, SESSION_SCREENSHOT_COST, REPRICE_TOTAL};
    int rc = set_price(price, BBOTS_PRICE_MINUTE, SESSION_MINUTE, change, error);
    for (size_t i = 0; i < COUNT(set) && rc == BBOTS_OK; i++) {
        bbots_price_session_costs costs;
        rc = bbots_price_session(price, ledger_integer(of, row, SESSION_MS),
                                 ledger_value(of, row, SESSION_RECORDED).boolean,
                                 ledger_integer(of, row, SESSION_SCREENSHOTS), scale_of(of, set[i]),
                                 &costs, error);
        if (rc == BBOTS_OK) {
            set_cost(change, set[i],
                     i == 0   ? costs.recording
                     : i == 1 ? costs.screenshots
                              : costs.total);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ object storage */

enum {
    OPERATION_PROVIDER = REPRICE_OTHERS,
    OPERATION_TYPE,
    OPERATION_BYTES,
    OPERATION_REQUEST,
    OPERATION_TRANSFER
};

static const ledger_column operation_columns[] = {
    [REPRICE_ID] = {"id", LEDGER_INTEGER},
    [REPRICE_USER] = {"userId", LEDGER_INTEGER},
    [REPRICE_CREATED] = {"createdAt", LEDGER_TIME},
    [REPRICE_TOTAL] = {"totalCost", LEDGER_DECIMAL},
    [OPERATION_PROVIDER] = {"provider", LEDGER_TEXT},
    [OPERATION_TYPE] = {"operationType", LEDGER_TEXT},
    [OPERATION_BYTES] = {"sizeBytes", LEDGER_INTEGER},
    [OPERATION_REQUEST] = {"requestCost", LEDGER_DECIMAL},
    [OPERATION_TRANSFER] = {"transferCostPerGb", LEDGER_DECIMAL},
};

static bool is_operation(const ledger_table *of, const bbots_row *row, const char *type)
{
    bbots_value value = ledger_value(of, row, OPERATION_TYPE);
    return value.size == strlen(type) && memcmp(value.data, type, value.size) == 0;
}

/* "s3/download"; a delete is free. */
static bool model_of_operation(const ledger_table *of, const bbots_row *row,
                               char name[REPRICE_MODEL_MAX])
{
    bbots_value provider = ledger_value(of, row, OPERATION_PROVIDER);
    bbots_value type = ledger_value(of, row, OPERATION_TYPE);
    snprintf(name, REPRICE_MODEL_MAX, "%.*s/%.*s", (int)provider.size, (const char *)provider.data,
             (int)type.size, (const char *)type.data);
    return !is_operation(of, row, "delete");
}

static int price_operation(const ledger_table *of, const bbots_row *row, const bbots_price *price,
                           ledger_values *change, bbots_error *error)
{
    bbots_price_storage_costs request;
    bbots_price_storage_costs total;
    if (price == NULL) {
        set_cost(change, OPERATION_REQUEST, 0);
        set_cost(change, REPRICE_TOTAL, 0);
        return BBOTS_OK;
    }
    int64_t bytes =
        is_operation(of, row, "download") ? ledger_integer(of, row, OPERATION_BYTES) : 0;
    int rc = bbots_price_storage(price, bytes, scale_of(of, OPERATION_REQUEST), &request, error);
    rc = rc == BBOTS_OK
             ? bbots_price_storage(price, bytes, scale_of(of, REPRICE_TOTAL), &total, error)
             : rc;
    if (rc != BBOTS_OK) {
        return rc;
    }
    set_cost(change, OPERATION_REQUEST, request.request);
    set_cost(change, REPRICE_TOTAL, total.total);
    return set_price(price, BBOTS_PRICE_TRANSFER_GB, OPERATION_TRANSFER, change, error);
}

/* ------------------------------------------------------------------ all of them */

#define NEED(slot, table, columns)                                                                 \
    {                                                                                              \
        slot, table, columns, by_time_and_user, COUNT(columns), COUNT(by_time_and_user)            \
    }

const reprice_source reprice_sources[REPRICE_SOURCES] = {
    {"anthropic", NEED(LEDGER_REPRICE_CLAUDE, "api_token_usage", claude_columns), model_of_call,
     context_of_claude, price_claude},
    {"google", NEED(LEDGER_REPRICE_GEMINI, "gemini_token_usage", gemini_columns), model_of_call,
     context_of_gemini, price_gemini},
    {"browserbase", NEED(LEDGER_REPRICE_SESSIONS, "browserbase_costs", session_columns),
     model_of_session, no_context, price_session},
    {"storage", NEED(LEDGER_REPRICE_OPERATIONS, "storage_costs", operation_columns),
     model_of_operation, no_context, price_operation},
};
