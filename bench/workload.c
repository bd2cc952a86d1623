/*
 * workload.c - the sample data: every row a function of (seed, table, id). workload.h argues why.
 *
 * Nothing here reads a clock or a global. Money is integers only: tokens times price is exact in
 * 128 bits and is rounded once, when it becomes a column.
 */
#include "bench/workload.h"

#include <stdio.h>
#include <string.h>

/* Streams of workload_hash(): one for each thing that is drawn; the works use 100 and above. */
enum {
    DRAW_USER = 1,
    DRAW_TIME,
    DRAW_MODEL,
    DRAW_INPUT,
    DRAW_OUTPUT,
    DRAW_CACHE,
    DRAW_REQUEST,
    DRAW_EXECUTION,
    DRAW_PROMPT,
    DRAW_TOOLS,
    DRAW_RESPONSE,
    DRAW_STOP,
    DRAW_NAME,
    DRAW_SIGN_IN,
    DRAW_TASK,
    DRAW_STATUS,
    DRAW_UUID,
    DRAW_DURATION
};

#define LITERAL(text)                                                                              \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
#define COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

const workload_table workload_tables[WORKLOAD_TABLES] = {
    {"users",
     9,
     {"id", "openId", "name", "email", "loginMethod", "onboardingCompleted", "createdAt",
      "updatedAt", "lastSignedIn"}},
    {"agency_tasks",
     11,
     {"id", "userId", "taskUuid", "sourceType", "title", "taskType", "priority", "status",
      "queuedAt", "createdAt", "updatedAt"}},
    {"task_executions",
     12,
     {"id", "taskId", "executionUuid", "attemptNumber", "status", "triggeredBy",
      "triggeredByUserId", "stepsTotal", "stepsCompleted", "duration", "startedAt", "createdAt"}},
    {"api_token_usage",
     19,
     {"id", "userId", "executionId", "requestId", "model", "inputTokens", "outputTokens",
      "cacheCreationTokens", "cacheReadTokens", "totalTokens", "inputCost", "outputCost",
      "cacheCost", "totalCost", "promptType", "toolsUsed", "responseTime", "stopReason",
      "createdAt"}},
};

/* ------------------------------------------------------------------ calls */

/* A model, its share in percent and its price (Anthropic's list of 2025, USD per million). */
static const struct model {
    span name;
    uint32_t percent;
    token_price price;
} models[] = {
    {LITERAL("claude-sonnet-4-5"), 55, {3000000, 15000000, 3750000, 300000}},
    {LITERAL("claude-haiku-4-5"), 25, {1000000, 5000000, 1250000, 100000}},
    {LITERAL("claude-opus-4-5"), 12, {5000000, 25000000, 6250000, 500000}},
    {LITERAL("claude-3-5-haiku-latest"), 8, {800000, 4000000, 1000000, 80000}},
};

static const struct model *draw_model(const workload *data, uint32_t id)
{
    uint32_t percent = workload_draw(data->seed, DRAW_MODEL, id, 100);
    const struct model *model = models;
    while (percent >= model->percent) {
        percent -= model->percent;
        model++;
    }
    return model;
}

__extension__ typedef unsigned __int128 wide;

/* tokens x price, times 10^WORKLOAD_PRICE_SCALE x 10^6, as a cost. */
static int64_t cost_of(wide product)
{
    const uint64_t unit = 100000000; /* 10^6 tokens x 10^(price scale - cost scale) */
    return (int64_t)((product + unit / 2) / unit);
}

static wide times(int32_t tokens, int64_t price)
{
    return (wide)(uint32_t)tokens * (uint64_t)price;
}

void call_price(call_row *row, const token_price *price)
{
    wide input = times(row->input_tokens, price->input);
    wide output = times(row->output_tokens, price->output);
    wide cache = times(row->cache_creation_tokens, price->cache_creation) +
                 times(row->cache_read_tokens, price->cache_read);
    row->input_cost = cost_of(input);
    row->output_cost = cost_of(output);
    row->cache_cost = cost_of(cache);
    row->total_cost = cost_of(input + output + cache);
}

/* Calls are spread evenly and each one moves within its own slot, so that times ascend. */
static int64_t call_time(const workload *data, uint32_t id)
{
    int64_t slot = WORKLOAD_DAYS * WORKLOAD_DAY / (data->calls > 0 ? data->calls : 1);
    uint32_t shift = workload_draw(data->seed, DRAW_TIME, id, 1000000);
    return WORKLOAD_BEGIN + (id - 1) * slot + slot / 1000000 * shift;
}

/* How many executions a user has; they are numbered user, user + users, user + 2 users, ... */
static uint32_t executions_of(const workload *data, uint32_t user)
{
    return data->executions < user ? 0 : (data->executions - user) / data->users + 1;
}

/* The execution that a user had running at a time; one call in five belongs to none. */
static int32_t call_execution(const workload *data, uint32_t id, uint32_t user, int64_t time)
{
    uint32_t count = executions_of(data, user);
    if (count == 0 || workload_draw(data->seed, DRAW_EXECUTION, id, 5) == 0) {
        return 0;
    }
    int64_t round = (time - WORKLOAD_BEGIN) * count / (WORKLOAD_DAYS * WORKLOAD_DAY);
    if (round >= count) {
        round = count - 1;
    }
    return (int32_t)(user + data->users * (uint32_t)round);
}

static span pick(const workload *data, uint64_t stream, uint32_t id, const span *from,
                 uint32_t count)
{
    return from[workload_draw(data->seed, stream, id, count)];
}

static void draw_tokens(const workload *data, uint32_t id, call_row *row)
{
    uint64_t seed = data->seed;
    row->input_tokens = 20 + (int32_t)workload_draw(seed, DRAW_INPUT, id, 8000);
    row->output_tokens = 1 + (int32_t)workload_draw(seed, DRAW_OUTPUT, id, 1500);
    uint32_t cache = workload_draw(seed, DRAW_CACHE, id, 40000);
    row->cache_creation_tokens = cache < 4000 ? (int32_t)cache : 0;
    row->cache_read_tokens = cache >= 20000 ? (int32_t)(cache - 20000) : 0;
    row->total_tokens = row->input_tokens + row->output_tokens + row->cache_creation_tokens +
                        row->cache_read_tokens;
}

static void draw_texts(const workload *data, uint32_t id, call_row *row)
{
    static const span prompts[] = {LITERAL("system"), LITERAL("task"), LITERAL("observation"),
                                   LITERAL("error_recovery")};
    static const span stops[] = {LITERAL("end_turn"), LITERAL("end_turn"), LITERAL("tool_use"),
                                 LITERAL("max_tokens")};
    static const span tools[] = {{NULL, 0},
                                 {NULL, 0},
                                 LITERAL("[\"browser.click\", \"browser.type\"]"),
                                 LITERAL("[\"http.get\"]")};
    static const char digits[] = "0123456789abcdef";
    uint64_t hash = workload_hash(data->seed, DRAW_REQUEST, id);
    char *out = row->request_buffer;
    memcpy(out, "req_", 4);
    for (unsigned i = 0; i < 16; i++) {
        out[4 + i] = digits[(hash >> (60 - 4 * i)) & 15];
    }
    for (unsigned i = 0; i < 8; i++) {
        out[20 + i] = digits[(id >> (28 - 4 * i)) & 15];
    }
    row->request_id = (span){out, 28};
    row->prompt_type = pick(data, DRAW_PROMPT, id, prompts, COUNT_OF(prompts));
    row->stop_reason = pick(data, DRAW_STOP, id, stops, COUNT_OF(stops));
    row->tools_used = pick(data, DRAW_TOOLS, id, tools, COUNT_OF(tools));
}

void workload_call(const workload *data, uint32_t id, call_row *row)
{
    const struct model *model = draw_model(data, id);
    uint32_t user = 1 + workload_draw(data->seed, DRAW_USER, id, data->users);
    row->id = (int32_t)id;
    row->user = (int32_t)user;
    row->created_at = call_time(data, id);
    row->execution = call_execution(data, id, user, row->created_at);
    row->model = model->name;
    row->response_time = 200 + (int32_t)workload_draw(data->seed, DRAW_RESPONSE, id, 9000);
    draw_tokens(data, id, row);
    call_price(row, &model->price);
    draw_texts(data, id, row);
}

/* ------------------------------------------------------------------ cells */

static cell number_cell(cell_kind kind, int64_t number)
{
    cell made = {kind, 0, {number}};
    return made;
}

static cell text_cell(cell_kind kind, const char *data, size_t size)
{
    cell made = {data != NULL ? kind : CELL_NULL, size, {0}};
    made.data = data;
    return made;
}

static cell string_cell(const char *string)
{
    return text_cell(CELL_TEXT, string, strlen(string));
}

void call_cells(const call_row *call, cell cells[WORKLOAD_CELLS_MAX])
{
    cell *out = cells;
    *out++ = number_cell(call->id != 0 ? CELL_INTEGER : CELL_NULL, call->id);
    *out++ = number_cell(CELL_INTEGER, call->user);
    *out++ = number_cell(call->execution != 0 ? CELL_INTEGER : CELL_NULL, call->execution);
    *out++ = text_cell(CELL_TEXT, call->request_id.data, call->request_id.size);
    *out++ = text_cell(CELL_TEXT, call->model.data, call->model.size);
    *out++ = number_cell(CELL_INTEGER, call->input_tokens);
    *out++ = number_cell(CELL_INTEGER, call->output_tokens);
    *out++ = number_cell(CELL_INTEGER, call->cache_creation_tokens);
    *out++ = number_cell(CELL_INTEGER, call->cache_read_tokens);
    *out++ = number_cell(CELL_INTEGER, call->total_tokens);
    *out++ = number_cell(CELL_COST, call->input_cost);
    *out++ = number_cell(CELL_COST, call->output_cost);
    *out++ = number_cell(CELL_COST, call->cache_cost);
    *out++ = number_cell(CELL_COST, call->total_cost);
    *out++ = text_cell(CELL_TEXT, call->prompt_type.data, call->prompt_type.size);
    *out++ = text_cell(CELL_JSON, call->tools_used.data, call->tools_used.size);
    *out++ = number_cell(call->response_time >= 0 ? CELL_INTEGER : CELL_NULL, call->response_time);
    *out++ = text_cell(CELL_TEXT, call->stop_reason.data, call->stop_reason.size);
    *out++ = number_cell(CELL_TIMESTAMP, call->created_at);
}

/* ------------------------------------------------------------------ users */

static const char *const first_names[] = {
    "ada", "alan", "barbara",   "claude", "donald",   "edsger",  "frances", "grace",
    "ida", "john", "katherine", "leslie", "margaret", "niklaus", "peter",   "radia",
};
static const char *const last_names[] = {
    "allen", "backus",  "codd",   "dijkstra", "floyd",   "gray",   "hamilton", "hopper",
    "knuth", "lamport", "liskov", "lovelace", "perlman", "rhodes", "shannon",  "turing",
};

size_t workload_email(const workload *data, uint32_t user, char buffer[48])
{
    uint64_t hash = workload_hash(data->seed, DRAW_NAME, user);
    int size = snprintf(buffer, 48, "%s.%s%u@example.org", first_names[hash & 15],
                        last_names[(hash >> 4) & 15], (unsigned)user);
    return (size_t)size;
}

/* A version 4 identifier. */
static cell make_uuid(const workload *data, workload_number table, uint32_t id, char *out)
{
    uint64_t halves[2] = {workload_hash(data->seed + table, DRAW_UUID, id),
                          workload_hash(data->seed - 1 - table, DRAW_UUID, id)};
    memcpy(out, halves, 16);
    out[6] = (char)((out[6] & 0x0F) | 0x40);
    out[8] = (char)((out[8] & 0x3F) | 0x80);
    return text_cell(CELL_UUID, out, 16);
}

static void make_user(const workload *data, uint32_t id, cell_row *row)
{
    uint64_t hash = workload_hash(data->seed, DRAW_NAME, id);
    int64_t created = WORKLOAD_BEGIN - (int64_t)(data->users - id + 1) * 60000000;
    uint32_t days = workload_draw(data->seed, DRAW_SIGN_IN, id, WORKLOAD_DAYS);
    char *email = row->text;
    char *name = email + workload_email(data, id, email) + 1;
    int name_size =
        snprintf(name, 48, "%s %s", first_names[hash & 15], last_names[(hash >> 4) & 15]);
    char *open_id = name + name_size + 1;
    bool google = (hash & 0x300) == 0;
    snprintf(open_id, 24, "manus-%08u", (unsigned)id);
    cell *out = row->cells;
    *out++ = number_cell(CELL_INTEGER, id);
    *out++ = string_cell(open_id);
    *out++ = string_cell(name);
    *out++ = string_cell(email);
    *out++ = string_cell(google ? "google" : "email");
    *out++ = number_cell(CELL_BOOLEAN, (hash & 0xC00) != 0);
    *out++ = number_cell(CELL_TIMESTAMP, created);
    *out++ = number_cell(CELL_TIMESTAMP, created);
    *out++ = number_cell(CELL_TIMESTAMP, WORKLOAD_BEGIN + days * WORKLOAD_DAY);
}

/* ------------------------------------------------------------------ tasks and executions */

/* Task t is round (t - 1) / users of its user, and execution e is round (e - 1) / users. */
static uint32_t round_of(const workload *data, uint32_t id)
{
    return (id - 1) / data->users;
}

static uint32_t owner_of(const workload *data, uint32_t id)
{
    return (id - 1) % data->users + 1;
}

/* The time at which a user's execution of a round begins: the year is split evenly. */
static int64_t round_time(const workload *data, uint32_t user, uint32_t round)
{
    uint32_t count = executions_of(data, user);
    return WORKLOAD_BEGIN + WORKLOAD_DAYS * WORKLOAD_DAY / (count > 0 ? count : 1) * round;
}

static void make_task(const workload *data, uint32_t id, cell_row *row)
{
    static const char *const types[] = {"browser", "research", "outreach", "report"};
    static const char *const priorities[] = {"low", "medium", "medium", "high", "critical"};
    static const char *const statuses[] = {"completed", "completed", "completed", "failed"};
    uint32_t user = owner_of(data, id);
    int64_t created = round_time(data, user, 2 * round_of(data, id));
    uint64_t hash = workload_hash(data->seed, DRAW_TASK, id);
    const char *type = types[hash & 3];
    char *title = row->text + 16;
    snprintf(title, 64, "%s number %u of user %u", type, (unsigned)round_of(data, id) + 1,
             (unsigned)user);
    cell *out = row->cells;
    *out++ = number_cell(CELL_INTEGER, id);
    *out++ = number_cell(CELL_INTEGER, user);
    *out++ = make_uuid(data, WORKLOAD_TASKS, id, row->text);
    *out++ = string_cell("webhook");
    *out++ = string_cell(title);
    *out++ = string_cell(type);
    *out++ = string_cell(priorities[(hash >> 8) % COUNT_OF(priorities)]);
    *out++ = string_cell(statuses[(hash >> 16) & 3]);
    *out++ = number_cell(CELL_TIMESTAMP, created);
    *out++ = number_cell(CELL_TIMESTAMP, created);
    *out++ = number_cell(CELL_TIMESTAMP, created);
}

static void make_execution(const workload *data, uint32_t id, cell_row *row)
{
    static const char *const statuses[] = {"completed", "completed", "completed", "failed"};
    uint32_t user = owner_of(data, id);
    uint32_t round = round_of(data, id);
    int64_t started = round_time(data, user, round);
    bool by_user = workload_draw(data->seed, DRAW_EXECUTION, id, 4) == 0;
    uint32_t steps = 1 + workload_draw(data->seed, DRAW_TASK, id, 12);
    uint32_t duration = 1000 + workload_draw(data->seed, DRAW_DURATION, id, 600000);
    cell *out = row->cells;
    *out++ = number_cell(CELL_INTEGER, id);
    *out++ = number_cell(CELL_INTEGER, user + data->users * (round / 2));
    *out++ = make_uuid(data, WORKLOAD_EXECUTIONS, id, row->text);
    *out++ = number_cell(CELL_INTEGER, round % 2 + 1);
    *out++ = string_cell(statuses[workload_draw(data->seed, DRAW_STATUS, id, 4)]);
    *out++ = string_cell(by_user ? "user" : "schedule");
    *out++ = number_cell(by_user ? CELL_INTEGER : CELL_NULL, user);
    *out++ = number_cell(CELL_INTEGER, steps);
    *out++ = number_cell(CELL_INTEGER, steps);
    *out++ = number_cell(CELL_INTEGER, duration);
    *out++ = number_cell(CELL_TIMESTAMP, started);
    *out++ = number_cell(CELL_TIMESTAMP, started);
}

/* ------------------------------------------------------------------ by table */

uint32_t workload_count(const workload *data, workload_number table)
{
    uint32_t rounds = (data->executions + data->users - 1) / data->users;
    switch (table) {
    case WORKLOAD_USERS:
        return data->users;
    case WORKLOAD_TASKS:
        return data->users * ((rounds + 1) / 2);
    case WORKLOAD_EXECUTIONS:
        return data->executions;
    case WORKLOAD_CALLS:
    case WORKLOAD_TABLES:
        break;
    }
    return data->calls;
}

void workload_row(const workload *data, workload_number table, uint32_t id, cell_row *row)
{
    switch (table) {
    case WORKLOAD_USERS:
        make_user(data, id, row);
        break;
    case WORKLOAD_TASKS:
        make_task(data, id, row);
        break;
    case WORKLOAD_EXECUTIONS:
        make_execution(data, id, row);
        break;
    case WORKLOAD_CALLS:
    case WORKLOAD_TABLES:
        workload_call(data, id, &row->call);
        call_cells(&row->call, row->cells);
        break;
    }
}
