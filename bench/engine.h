/*
 * engine.h - what the benchmark asks of an engine, and how it compares answers.
 *
 * An engine is a struct of functions. They never fail: what goes wrong ends the child process with
 * a message (die()), because a benchmark that goes on after an error measures something else. A
 * function that is NULL means that the engine does not offer that work; its line stays empty.
 */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include "bench/workload.h"

/* Each engine has its own. A session is one thread's connection to a store. */
typedef struct bench_store bench_store;
typedef struct bench_session bench_session;

/* What a commit waits for, the same on both sides. */
typedef enum durability {
    DURABLE, /* the commit is on the disk: bbots DURABLE, SQLite synchronous=FULL */
    RELAXED, /* the last commit may be lost, nothing broken: bbots RELAXED */
    BUFFERED /* those since the last flush may be lost, nothing broken: bbots BUFFERED. The others
                have one level for both: synchronous=NORMAL, MDB_NOMETASYNC */
} durability;

/* What a work found out. Engines are right when theirs are equal. */
typedef struct answer {
    uint64_t count;
    int64_t sum;       /* of totalCost, exact */
    uint64_t checksum; /* of all that was read */
} answer;

/* A user and a half-open span of time. */
typedef struct window {
    int32_t user;
    int64_t from;
    int64_t to;
} window;

/*
 * Rows for a bulk load, in the order of their ids. Next gives a row, valid until the next one, or
 * NULL behind the last. Making rows is not timed.
 */
typedef struct call_source call_source;
const call_row *call_source_next(call_source *source);

typedef struct bench_engine {
    const char *name;
    const char *tuning; /* how it was set up, a line for the report */
    const char *only;   /* the works that it is there for, "W6,W7", or NULL for all */
    /* A program that does the works of `only` in the place of the functions (script.h), or NULL. */
    const char *script;

    /* Opens a store; create: makes a new one with all tables and indexes. */
    bench_store *(*open)(const char *path, bool create, durability level);
    void (*close)(bench_store *store);
    bench_session *(*attach)(bench_store *store);
    void (*detach)(bench_session *session);

    /* Inserts rows of a table from cells; many in one transaction. Not timed. */
    void (*load)(bench_session *session, const workload *data, workload_number table);
    /* Adds to *found all columns of all rows of the four tables. Not timed. */
    void (*state)(bench_session *session, answer *found);

    /* Inserts all calls in any way that leaves the same state and holds all constraints (W1b). */
    void (*bulk_load)(bench_session *session, call_source *source);
    /* Inserts calls in one transaction (W1, W2, W10). */
    void (*insert_calls)(bench_session *session, const call_row *rows, uint32_t count);
    /* Reads four columns of each call, in one transaction or in one each (W3, W3t, W10, W11). */
    void (*read_calls)(bench_session *session, const uint32_t *ids, uint32_t count, bool one_each,
                       answer *found);
    /* Looks up users by email (W4). */
    void (*find_users)(bench_session *session, const span *emails, uint32_t count, answer *found);
    /* Sums totalCost of each window by reading its rows (W5). */
    void (*sum_windows)(bench_session *session, const window *windows, uint32_t count,
                        answer *found);
    /* Count, sum(totalTokens), sum(totalCost) by model over all rows (W6). */
    void (*sum_models)(bench_session *session, answer *found);
    /* The same by user and day (W7). */
    void (*sum_days)(bench_session *session, answer *found);
    /* Deletes users, one transaction each (W8). */
    void (*delete_users)(bench_session *session, const uint32_t *users, uint32_t count);
    /* Sets responseTime of calls in one transaction (W9). */
    void (*update_calls)(bench_session *session, const uint32_t *ids, const int32_t *times,
                         uint32_t count);
    /* The three sums from what the engine keeps up to date while it writes (W5 to W7, live). */
    void (*sum_windows_live)(bench_session *session, const window *windows, uint32_t count,
                             answer *found);
    void (*sum_models_live)(bench_session *session, answer *found);
    void (*sum_days_live)(bench_session *session, answer *found);
} bench_engine;

extern const bench_engine engine_bbots;
extern const bench_engine engine_bbots_threads;
extern const bench_engine engine_bbots_cursor;
extern const bench_engine engine_sqlite;
extern const bench_engine engine_sqlite_covering;
extern const bench_engine engine_lmdb;
extern const bench_engine engine_duckdb;

/* ------------------------------------------------------------------ comparing */

/* What a read of the four columns userId, model, totalTokens, totalCost adds to a checksum. */
static inline uint64_t call_check(int64_t user, int64_t tokens, int64_t cost, const char *model,
                                  size_t size)
{
    return (uint64_t)user * 3 + (uint64_t)tokens * 5 + (uint64_t)cost * 7 + size * 11 +
           (unsigned char)model[size - 1];
}

static inline void answer_call(answer *found, int64_t user, int64_t tokens, int64_t cost,
                               const char *model, size_t size)
{
    found->count++;
    found->sum += cost;
    found->checksum += call_check(user, tokens, cost, model, size);
}

/* A group of W6 or W7. key: the model's bytes or the user and the day, mixed. */
static inline void answer_group(answer *found, uint64_t key, int64_t rows, int64_t tokens,
                                int64_t cost)
{
    found->count++;
    found->sum += cost;
    found->checksum += (key | 1) * ((uint64_t)rows * 3 + (uint64_t)tokens * 5 + (uint64_t)cost * 7);
}

/* Mixing columns one after another, so that values in the wrong column show. */
static inline uint64_t mix_number(uint64_t mixed, int64_t number)
{
    return (mixed ^ (uint64_t)number) * UINT64_C(0x9E3779B97F4A7C15) + 1;
}

static inline uint64_t mix_bytes(uint64_t mixed, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        mixed = (mixed ^ bytes[i]) * UINT64_C(0x100000001B3);
    }
    return mix_number(mixed, (int64_t)size);
}

#define MIX_NULL INT64_C(-7046029254386353131)

static inline uint64_t user_day_key(int64_t user, int64_t day)
{
    return (uint64_t)user * 100000 + (uint64_t)day;
}

#endif
