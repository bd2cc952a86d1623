/*
 * ledger/costs_record.c - one cost is recorded: what can be derived is derived, the row goes in, the
 * day's summary and the budget follow.
 */
#include "ledger/budget.h"
#include "ledger/costs.h"

#include <bbots/prices.h>
#include <stdio.h>

typedef struct recording {
    bbots_txn *txn;
    unsigned number;
    cost_source source;
    uint32_t flags;
    bbots_timestamp now;
    bbots_cost_recorded *recorded;
    bbots_error *error;
    ledger_values row;
} recording;

static int refuse(const char *what, bbots_error *error)
{
    return bb_fail(error, BBOTS_INVALID_ARGUMENT, "%s", what);
}

static int begin(recording *made, bbots_txn *txn, unsigned number, uint32_t flags,
                 bbots_timestamp now, bbots_cost_recorded *recorded, bbots_error *error)
{
    cost_tables tables;
    made->txn = txn;
    made->number = number;
    made->flags = flags;
    made->now = now;
    made->recorded = recorded;
    made->error = error;
    memset(recorded, 0, sizeof *recorded);
    int rc = ledger_begin(txn, true, &made->now, error);
    if (rc == BBOTS_OK && (flags & ~(uint32_t)(BBOTS_COST_ONCE | BBOTS_COST_FALLBACK)) != 0) {
        rc = refuse("a flag of the recording is unknown", error);
    }
    if (rc == BBOTS_OK) {
        rc = costs_find(txn, &tables, error);
    }
    if (rc == BBOTS_OK) {
        made->source = tables.sources[number];
        ledger_values_begin(&made->row, made->source.of);
    }
    return rc;
}

static bool is_empty(bbots_text text)
{
    return text.data == NULL || text.size == 0;
}

/* ------------------------------------------------------------------ values */

static void set_text(recording *made, unsigned column, bbots_text text)
{
    ledger_set(&made->row, column, bbots_value_text(text));
}

static void set_decimal(recording *made, unsigned column, int64_t number)
{
    const ledger_table *of = made->source.of;
    unsigned scale = of->table->columns[of->columns[column]].scale;
    ledger_set(&made->row, column, bbots_value_decimal(number, scale));
}

static unsigned scale_of(const recording *made, unsigned column)
{
    const ledger_table *of = made->source.of;
    return of->table->columns[of->columns[column]].scale;
}

static void set_common(recording *made, int64_t user, int64_t execution, bbots_text name,
                       bbots_timestamp at)
{
    ledger_set_integer(&made->row, COST_USER, user);
    if (execution != 0) {
        ledger_set_integer(&made->row, COST_EXECUTION, execution);
    }
    if (!is_empty(name)) {
        set_text(made, COST_KEY, name);
    }
    ledger_set_time(&made->row, COST_TIME, at != 0 ? at : made->now);
}

/* number x numerator / denominator, rounded half away from zero; none is negative. */
static int scaled(int64_t number, int64_t numerator, int64_t denominator, int64_t *result,
                  bbots_error *error)
{
    __extension__ __int128 wide = (__int128)number * numerator + denominator / 2;
    if (wide / denominator > INT64_MAX) {
        return bb_fail(error, BBOTS_NUMERIC_OUT_OF_RANGE, "an amount needs more than 64 bits");
    }
    *result = (int64_t)(wide / denominator);
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ once */

/* BBOTS_UNCHANGED when the cost is there already. */
static int check_once(recording *made, bbots_text name)
{
    const ledger_table *of = made->source.of;
    bbots_row row;
    if ((made->flags & BBOTS_COST_ONCE) == 0) {
        return BBOTS_OK;
    }
    if (is_empty(name)) {
        return refuse("a cost that is to be recorded once needs a name", made->error);
    }
    int rc = once_find(made->txn, of->table, name, &row, made->error);
    if (rc == BBOTS_OK) {
        made->recorded->id = ledger_integer(of, &row, COST_ID);
        made->recorded->total = ledger_integer(of, &row, COST_TOTAL);
        made->recorded->repeated = true;
        return BBOTS_UNCHANGED;
    }
    return rc == BBOTS_NOT_FOUND ? BBOTS_OK : rc;
}

/* ------------------------------------------------------------------ the row and what follows */

/* Notes beside the row which entry priced it; of a row brought up to date also that none did. */
static int note_price(const recording *made)
{
    bool nothing = made->recorded->price[0] == '\0' && !made->recorded->updated;
    if (nothing || !made->txn->store->has_marks) {
        return BBOTS_OK;
    }
    return bbots_price_note(made->txn, made->source.of->table, made->recorded->id,
                            made->recorded->price, made->error);
}

static int follow(recording *made, int64_t user)
{
    bbots_budget_status status;
    int rc = note_price(made);
    if (rc == BBOTS_OK) {
        rc = follower_settle(made->txn, made->error);
    }
    if (rc == BBOTS_OK) {
        rc = budget_charge(made->txn, user, made->now, &status, NULL, made->error);
        made->recorded->verdict = status.verdict;
    }
    return rc;
}

static int add_row(recording *made, int64_t user)
{
    bbots_row stored;
    int rc = ledger_insert(made->txn, &made->row, &stored, made->error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    made->recorded->id = ledger_integer(made->source.of, &stored, COST_ID);
    made->recorded->total = ledger_integer(made->source.of, &stored, COST_TOTAL);
    return follow(made, user);
}

static int insert(recording *made, int64_t user)
{
    int rc = ledger_begin_rows(made->txn, made->error);
    return rc == BBOTS_OK ? ledger_end_rows(made->txn, add_row(made, user)) : rc;
}

/* Takes the price in force. BBOTS_UNKNOWN_PRICE is left to the caller when it may be. */
static int find_price(recording *made, bbots_text model, bbots_timestamp at, int64_t context,
                      bbots_price *price, bool needed)
{
    bbots_error unheard;
    uint32_t flags = (made->flags & BBOTS_COST_FALLBACK) != 0 ? BBOTS_PRICE_FALLBACK : 0;
    int rc = bbots_price_find(made->txn, bbots_text_of(cost_providers[made->number]), model,
                              at != 0 ? at : made->now, context, flags, price,
                              needed ? made->error : &unheard);
    if (!needed && rc < 0 && rc != BBOTS_UNKNOWN_PRICE && made->error != NULL) {
        *made->error = unheard;
    }
    if (rc == BBOTS_OK) {
        snprintf(made->recorded->price, sizeof made->recorded->price, "%s", price->id);
    }
    return rc;
}

/* ------------------------------------------------------------------ calls */

static int check_call(const bbots_cost_call *call, bbots_error *error)
{
    bool cached = call->cache_creation_tokens != 0 || call->cache_read_tokens != 0;
    if (call->source != BBOTS_COST_CLAUDE && call->source != BBOTS_COST_GEMINI) {
        return refuse("a call is one of Claude or of Gemini", error);
    }
    if (is_empty(call->model)) {
        return refuse("a call needs the name of its model", error);
    }
    if (call->input_tokens < 0 || call->output_tokens < 0 || call->cache_creation_tokens < 0 ||
        call->cache_read_tokens < 0) {
        return refuse("a number of tokens is negative", error);
    }
    if (call->input_tokens > INT32_MAX || call->output_tokens > INT32_MAX ||
        call->cache_creation_tokens > INT32_MAX || call->cache_read_tokens > INT32_MAX) {
        return bb_fail(error, BBOTS_NUMERIC_OUT_OF_RANGE, "a number of tokens is past its column");
    }
    if (call->source == BBOTS_COST_GEMINI && (cached || call->cache_cost != 0)) {
        return refuse("a call of Gemini has no tokens of a cache", error);
    }
    if (call->priced && (call->input_cost < 0 || call->output_cost < 0 || call->cache_cost < 0)) {
        return refuse("a cost is negative", error);
    }
    return BBOTS_OK;
}

static int call_costs(recording *made, const bbots_cost_call *call, bbots_price_token_costs *costs)
{
    bbots_price price;
    if (call->priced) {
        *costs =
            (bbots_price_token_costs){call->input_cost, call->output_cost, call->cache_cost, 0};
        bool over = __builtin_add_overflow(costs->input, costs->output, &costs->total) ||
                    __builtin_add_overflow(costs->total, costs->cache, &costs->total);
        return over ? bb_fail(made->error, BBOTS_NUMERIC_OUT_OF_RANGE, "a cost is past 64 bits")
                    : BBOTS_OK;
    }
    bbots_tokens tokens = {call->input_tokens, call->output_tokens, call->cache_creation_tokens,
                           call->cache_read_tokens};
    int64_t context = call->input_tokens + call->cache_creation_tokens + call->cache_read_tokens;
    int rc = find_price(made, call->model, call->at, context, &price, true);
    return rc == BBOTS_OK
               ? bbots_price_tokens(&price, &tokens, made->source.scale, costs, made->error)
               : rc;
}

static void set_call(recording *made, const bbots_cost_call *call,
                     const bbots_price_token_costs *costs)
{
    int64_t tokens = call->input_tokens + call->output_tokens + call->cache_creation_tokens +
                     call->cache_read_tokens;
    set_common(made, call->user_id, call->execution_id, call->request_id, call->at);
    set_text(made, CALL_MODEL, call->model);
    ledger_set_integer(&made->row, CALL_INPUT, call->input_tokens);
    ledger_set_integer(&made->row, CALL_OUTPUT, call->output_tokens);
    ledger_set_integer(&made->row, CALL_TOKENS, tokens);
    set_decimal(made, CALL_INPUT_COST, costs->input);
    set_decimal(made, CALL_OUTPUT_COST, costs->output);
    set_decimal(made, COST_TOTAL, costs->total);
    set_text(made, CALL_PROMPT_TYPE, call->prompt_type);
    set_text(made, CALL_STOP_REASON, call->stop_reason);
    ledger_set(&made->row, CALL_TOOLS, bbots_value_json(call->tools_used));
    if (call->response_ms >= 0) {
        ledger_set_integer(&made->row, CALL_RESPONSE_TIME, call->response_ms);
    }
    if (call->source == BBOTS_COST_CLAUDE) {
        ledger_set_integer(&made->row, CALL_CACHE_CREATION, call->cache_creation_tokens);
        ledger_set_integer(&made->row, CALL_CACHE_READ, call->cache_read_tokens);
        set_decimal(made, CALL_CACHE_COST, costs->cache);
    }
}

int bbots_cost_record_call(bbots_txn *txn, const bbots_cost_call *call, uint32_t flags,
                           bbots_timestamp now, bbots_cost_recorded *recorded, bbots_error *error)
{
    recording made;
    bbots_price_token_costs costs;
    bb_error_clear(error);
    int rc = check_call(call, error);
    if (rc == BBOTS_OK) {
        rc = begin(&made, txn, call->source, flags, now, recorded, error);
    }
    if (rc == BBOTS_OK) {
        rc = check_once(&made, call->request_id);
    }
    if (rc == BBOTS_OK) {
        rc = call_costs(&made, call, &costs);
    }
    if (rc == BBOTS_OK) {
        set_call(&made, call, &costs);
        rc = insert(&made, call->user_id);
    }
    return rc == BBOTS_UNCHANGED ? BBOTS_OK : rc;
}

/* ------------------------------------------------------------------ sessions */

static int check_session(const bbots_cost_session *session, bbots_error *error)
{
    if (is_empty(session->session_id) || is_empty(session->status)) {
        return refuse("a session needs a name and a status", error);
    }
    if (session->duration_ms < 0 || session->screenshots < 0) {
        return refuse("a duration or a number of screenshots is negative", error);
    }
    if ((session->minute_cost < 0 && session->minute_cost != BBOTS_COST_UNKNOWN) ||
        (session->recording_cost < 0 && session->recording_cost != BBOTS_COST_UNKNOWN) ||
        (session->screenshot_cost < 0 && session->screenshot_cost != BBOTS_COST_UNKNOWN)) {
        return refuse("a cost is negative", error);
    }
    if (session->completed != 0 && session->started != 0 && session->completed < session->started) {
        return refuse("a session ends before it starts", error);
    }
    return BBOTS_OK;
}

/* Prices that are given, at the columns' scale, or of the list; without one a minute's default. */
static int session_prices(recording *made, const bbots_cost_session *session, bbots_price *price)
{
    static const int64_t factor = INT64_C(100000000); /* 10^(12 - 4) */
    const int64_t given[] = {session->minute_cost, session->recording_cost,
                             session->screenshot_cost};
    bbots_price list;
    bool missing = given[0] == BBOTS_COST_UNKNOWN || given[1] == BBOTS_COST_UNKNOWN ||
                   given[2] == BBOTS_COST_UNKNOWN;
    memset(price, 0, sizeof *price);
    memset(&list, 0, sizeof list);
    list.parts[BBOTS_PRICE_MINUTE] = 100 * factor; /* the column's default: 0.01 */
    if (missing) {
        int rc = find_price(made, bbots_text_of("session"), session->at, 0, &list, false);
        if (rc != BBOTS_OK && rc != BBOTS_UNKNOWN_PRICE) {
            return rc;
        }
        if (rc == BBOTS_OK && (list.given >> BBOTS_PRICE_MINUTE & 1) == 0) {
            list.parts[BBOTS_PRICE_MINUTE] = 100 * factor;
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        unsigned part = BBOTS_PRICE_MINUTE + i;
        price->given |= 1u << part;
        price->parts[part] = list.parts[part];
        if (given[i] != BBOTS_COST_UNKNOWN &&
            __builtin_mul_overflow(given[i], factor, &price->parts[part])) {
            return bb_fail(made->error, BBOTS_NUMERIC_OUT_OF_RANGE, "a price is past its column");
        }
    }
    return BBOTS_OK;
}

static int set_session(recording *made, const bbots_cost_session *session)
{
    bbots_price price;
    bbots_price_session_costs costs;
    int64_t minutes = 0;
    int64_t minute_cost = 0;
    int64_t power = 1;
    int rc = session_prices(made, session, &price);
    if (rc == BBOTS_OK) {
        rc = bbots_price_session(&price, session->duration_ms, session->recorded,
                                 session->screenshots, made->source.scale, &costs, made->error);
    }
    for (unsigned s = 0; s < scale_of(made, SESSION_MINUTES); s++) {
        power *= 10;
    }
    if (rc == BBOTS_OK) {
        rc = scaled(session->duration_ms, power, 60000, &minutes, made->error);
    }
    if (rc == BBOTS_OK) {
        rc = scaled(price.parts[BBOTS_PRICE_MINUTE], 1, INT64_C(100000000), &minute_cost,
                    made->error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    ledger_set_integer(&made->row, SESSION_DURATION, session->duration_ms);
    set_decimal(made, SESSION_MINUTES, minutes);
    set_decimal(made, SESSION_MINUTE_COST, minute_cost);
    set_decimal(made, SESSION_RECORDING_COST, costs.recording);
    set_decimal(made, SESSION_SCREENSHOT_COST, costs.screenshots);
    set_decimal(made, COST_TOTAL, costs.total);
    ledger_set(&made->row, SESSION_RECORDED, bbots_value_boolean(session->recorded));
    ledger_set_integer(&made->row, SESSION_SCREENSHOTS, session->screenshots);
    set_text(made, SESSION_STATUS, session->status);
    if (!is_empty(session->project_id)) {
        set_text(made, SESSION_PROJECT, session->project_id);
    }
    if (!is_empty(session->debug_url)) {
        set_text(made, SESSION_DEBUG_URL, session->debug_url);
    }
    if (!is_empty(session->recording_url)) {
        set_text(made, SESSION_RECORDING_URL, session->recording_url);
    }
    if (session->completed != 0) {
        ledger_set_time(&made->row, SESSION_COMPLETED, session->completed);
    }
    return BBOTS_OK;
}

static int renew_row(recording *made, bbots_value id, int64_t user)
{
    const ledger_table *of = made->source.of;
    bbots_row stored;
    int rc = ledger_update(made->txn, &made->row, id, made->error);
    if (rc == BBOTS_OK) {
        rc = bbots_get(made->txn, of->table, 0, &id, &stored, made->error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    made->recorded->id = id.integer;
    made->recorded->total = ledger_integer(of, &stored, COST_TOTAL);
    made->recorded->updated = true;
    return follow(made, user);
}

/* A session that is known keeps its user, its execution and its time. */
static int update_session(recording *made, const bbots_cost_session *session, const bbots_row *old)
{
    const ledger_table *of = made->source.of;
    bbots_value id = ledger_value(of, old, COST_ID);
    int64_t user = ledger_integer(of, old, COST_USER);
    int64_t started = ledger_integer(of, old, SESSION_STARTED);
    if (user != session->user_id) {
        return refuse("the session is another user's", made->error);
    }
    if (session->completed != 0 && session->completed < started) {
        return refuse("a session ends before it starts", made->error);
    }
    int rc = ledger_begin_rows(made->txn, made->error);
    return rc == BBOTS_OK ? ledger_end_rows(made->txn, renew_row(made, id, user)) : rc;
}

int bbots_cost_record_session(bbots_txn *txn, const bbots_cost_session *session, uint32_t flags,
                              bbots_timestamp now, bbots_cost_recorded *recorded,
                              bbots_error *error)
{
    recording made;
    bbots_row old;
    bb_error_clear(error);
    int rc = check_session(session, error);
    if (rc == BBOTS_OK) {
        rc = begin(&made, txn, BBOTS_COST_BROWSER, flags, now, recorded, error);
    }
    if (rc == BBOTS_OK) {
        rc = set_session(&made, session);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    const ledger_table *of = made.source.of;
    bbots_value name = bbots_value_text(session->session_id);
    rc = bbots_get(txn, of->table, of->indexes[COST_BY_KEY], &name, &old, error);
    if (rc == BBOTS_OK) {
        return update_session(&made, session, &old);
    }
    if (rc == BBOTS_NOT_FOUND) {
        set_common(&made, session->user_id, session->execution_id, session->session_id,
                   session->at);
        ledger_set_time(&made.row, SESSION_STARTED,
                        session->started != 0 ? session->started : made.now);
        rc = insert(&made, session->user_id);
    }
    return rc;
}

/* ------------------------------------------------------------------ operations */

static int check_operation(const bbots_cost_operation *operation, bbots_error *error)
{
    if (is_empty(operation->provider) || is_empty(operation->bucket) ||
        is_empty(operation->operation)) {
        return refuse("an operation needs a provider, a bucket and a type", error);
    }
    if (operation->size_bytes < 0) {
        return refuse("a size is negative", error);
    }
    if ((operation->request_cost < 0 && operation->request_cost != BBOTS_COST_UNKNOWN) ||
        (operation->transfer_cost < 0 && operation->transfer_cost != BBOTS_COST_UNKNOWN)) {
        return refuse("a cost is negative", error);
    }
    return BBOTS_OK;
}

/* Prices that are given, brought to 12 digits, or of the list. */
static int operation_prices(recording *made, const bbots_cost_operation *operation,
                            bbots_price *price)
{
    char model[256];
    bool missing = operation->request_cost == BBOTS_COST_UNKNOWN ||
                   operation->transfer_cost == BBOTS_COST_UNKNOWN;
    memset(price, 0, sizeof *price);
    if (missing) {
        snprintf(model, sizeof model, "%.*s/%.*s", (int)operation->provider.size,
                 operation->provider.data, (int)operation->operation.size,
                 operation->operation.data);
        int rc = find_price(made, bbots_text_of(model), operation->at, 0, price, true);
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
    price->given |= 1u << BBOTS_PRICE_REQUEST | 1u << BBOTS_PRICE_TRANSFER_GB;
    if (operation->request_cost != BBOTS_COST_UNKNOWN) {
        price->parts[BBOTS_PRICE_REQUEST] = operation->request_cost;
        if (__builtin_mul_overflow(operation->request_cost, 10000,
                                   &price->parts[BBOTS_PRICE_REQUEST])) {
            return bb_fail(made->error, BBOTS_NUMERIC_OUT_OF_RANGE, "a price is past its column");
        }
    }
    if (operation->transfer_cost != BBOTS_COST_UNKNOWN &&
        __builtin_mul_overflow(operation->transfer_cost, 1000000,
                               &price->parts[BBOTS_PRICE_TRANSFER_GB])) {
        return bb_fail(made->error, BBOTS_NUMERIC_OUT_OF_RANGE, "a price is past its column");
    }
    if (ledger_equal(operation->operation, bbots_text_of("delete"))) {
        price->parts[BBOTS_PRICE_REQUEST] = 0;
    }
    return BBOTS_OK;
}

static int set_operation(recording *made, const bbots_cost_operation *operation)
{
    bbots_price price;
    bbots_price_storage_costs costs;
    int64_t mb = 0;
    int64_t power = 1;
    int64_t request = 0;
    int64_t transfer = 0;
    bool download = ledger_equal(operation->operation, bbots_text_of("download"));
    int rc = operation_prices(made, operation, &price);
    if (rc == BBOTS_OK) {
        rc = bbots_price_storage(&price, download ? operation->size_bytes : 0, made->source.scale,
                                 &costs, made->error);
    }
    for (unsigned s = 0; s < scale_of(made, STORAGE_MB); s++) {
        power *= 10;
    }
    if (rc == BBOTS_OK) {
        rc = scaled(operation->size_bytes, power, 1048576, &mb, made->error);
    }
    if (rc == BBOTS_OK) {
        rc = scaled(price.parts[BBOTS_PRICE_REQUEST], 1, 10000, &request, made->error);
    }
    if (rc == BBOTS_OK) {
        rc = scaled(price.parts[BBOTS_PRICE_TRANSFER_GB], 1, 1000000, &transfer, made->error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    set_common(made, operation->user_id, operation->execution_id, operation->operation_id,
               operation->at);
    set_text(made, STORAGE_PROVIDER, operation->provider);
    set_text(made, STORAGE_BUCKET, operation->bucket);
    set_text(made, STORAGE_OPERATION, operation->operation);
    set_text(made, STORAGE_OBJECT, operation->object_key);
    set_text(made, STORAGE_CONTENT_TYPE, operation->content_type);
    set_text(made, STORAGE_STATUS,
             is_empty(operation->status) ? bbots_text_of("success") : operation->status);
    ledger_set_integer(&made->row, STORAGE_BYTES, operation->size_bytes);
    set_decimal(made, STORAGE_MB, mb);
    set_decimal(made, STORAGE_REQUEST_COST, request);
    set_decimal(made, STORAGE_TRANSFER_COST, transfer);
    set_decimal(made, COST_TOTAL, costs.total);
    return BBOTS_OK;
}

int bbots_cost_record_operation(bbots_txn *txn, const bbots_cost_operation *operation,
                                uint32_t flags, bbots_timestamp now, bbots_cost_recorded *recorded,
                                bbots_error *error)
{
    recording made;
    bb_error_clear(error);
    int rc = check_operation(operation, error);
    if (rc == BBOTS_OK) {
        rc = begin(&made, txn, BBOTS_COST_STORAGE, flags, now, recorded, error);
    }
    if (rc == BBOTS_OK) {
        rc = check_once(&made, operation->operation_id);
    }
    if (rc == BBOTS_OK) {
        rc = set_operation(&made, operation);
    }
    if (rc == BBOTS_OK) {
        rc = insert(&made, operation->user_id);
    }
    return rc == BBOTS_UNCHANGED ? BBOTS_OK : rc;
}
