/*
 * workload.h - the sample data: users, tasks, executions and calls, the same for every engine.
 *
 * Each row is a function of (seed, table, id) alone. So any row can be made again anywhere, in any
 * order and by any thread, and nobody has to keep a million rows in memory to know what an engine
 * should have answered.
 *
 * The rows hang together as real ones do. User u owns the executions u, u + users, u + 2 users, ...
 * which follow each other through the year; two attempts in a row belong to one task. A call
 * belongs to the execution that its user had running at the time, so deleting a user takes along
 * tasks, executions and calls on every path there is. Calls come in the order of their time.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct workload {
    uint64_t seed;
    uint32_t users;      /* at least 1 */
    uint32_t executions; /* may be 0 */
    uint32_t calls;
} workload;

/* The year that the data covers, in microseconds since 1970: 2025-01-01 and 365 days. */
#define WORKLOAD_BEGIN INT64_C(1735689600000000)
#define WORKLOAD_DAY   INT64_C(86400000000)
#define WORKLOAD_DAYS  365

/* Text without a terminating zero; data == NULL stands for NULL. */
typedef struct span {
    const char *data;
    size_t size;
} span;

/* Digits behind the point of all costs, and of prices per million tokens. */
#define WORKLOAD_COST_SCALE  4
#define WORKLOAD_PRICE_SCALE 6

/* Prices per million tokens, times 10^WORKLOAD_PRICE_SCALE. */
typedef struct token_price {
    int64_t input;
    int64_t output;
    int64_t cache_creation;
    int64_t cache_read;
} token_price;

/* A row of api_token_usage. Costs are times 10^WORKLOAD_COST_SCALE. */
typedef struct call_row {
    int32_t id; /* 0: the serial's next */
    int32_t user;
    int32_t execution; /* 0: NULL */
    int32_t input_tokens;
    int32_t output_tokens;
    int32_t cache_creation_tokens;
    int32_t cache_read_tokens;
    int32_t total_tokens;
    int32_t response_time; /* ms; negative: NULL */
    int64_t input_cost;
    int64_t output_cost;
    int64_t cache_cost;
    int64_t total_cost;
    int64_t created_at;
    span request_id;
    span model;
    span prompt_type;
    span stop_reason;
    span tools_used; /* JSON as PostgreSQL writes it */
    char request_buffer[32];
} call_row;

/* Sets the four costs from the tokens: exact, each rounded once, half away from zero. */
void call_price(call_row *row, const token_price *price);

/* Makes call `id` (1 to calls, and further: later ones follow in time). row must not be moved. */
void workload_call(const workload *data, uint32_t id, call_row *row);

/* ------------------------------------------------------------------ rows as cells */

typedef enum cell_kind {
    CELL_NULL,
    CELL_INTEGER,
    CELL_BOOLEAN,
    CELL_COST,      /* .number, times 10^WORKLOAD_COST_SCALE */
    CELL_TIMESTAMP, /* .number, microseconds */
    CELL_TEXT,
    CELL_JSON,
    CELL_UUID /* .data: 16 bytes */
} cell_kind;

typedef struct cell {
    cell_kind kind;
    size_t size;
    union {
        int64_t number;
        const char *data;
    };
} cell;

#define WORKLOAD_CELLS_MAX 20

/* A table of the work and the columns that its rows name, in the order of their cells. */
typedef struct workload_table {
    const char *name;
    unsigned column_count;
    const char *columns[WORKLOAD_CELLS_MAX];
} workload_table;

/* In an order in which parents come first. */
typedef enum workload_number {
    WORKLOAD_USERS,
    WORKLOAD_TASKS,
    WORKLOAD_EXECUTIONS,
    WORKLOAD_CALLS,
    WORKLOAD_TABLES
} workload_number;

extern const workload_table workload_tables[WORKLOAD_TABLES];

typedef struct cell_row {
    cell cells[WORKLOAD_CELLS_MAX];
    char text[160]; /* what cells point to, when it is made for this row */
    call_row call;
} cell_row;

uint32_t workload_count(const workload *data, workload_number table);

/* Makes row `id` (from 1) of a table. row must not be moved. */
void workload_row(const workload *data, workload_number table, uint32_t id, cell_row *row);

/* The cells of a call. */
void call_cells(const call_row *call, cell cells[WORKLOAD_CELLS_MAX]);

/* ------------------------------------------------------------------ drawing */

/* A number that depends on its three inputs and on nothing else. */
static inline uint64_t workload_hash(uint64_t seed, uint64_t stream, uint64_t number)
{
    uint64_t mixed = seed + stream * UINT64_C(0x9E3779B97F4A7C15) + number;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed += number * UINT64_C(0xD6E8FEB86659FD93);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

/* A number from 0 to below - 1. */
static inline uint32_t workload_draw(uint64_t seed, uint64_t stream, uint64_t number,
                                     uint32_t below)
{
    return (uint32_t)(((workload_hash(seed, stream, number) >> 32) * below) >> 32);
}

/* The email address of a user; returns its length. */
size_t workload_email(const workload *data, uint32_t user, char buffer[48]);

#endif
