/*
 * works.c - the list of works, what they share, and those that change rows: W8, W9.
 *
 * What is drawn and made (rows, ids, emails, windows) is made before the clock starts. Works that
 * write are followed by a reading of all columns of all rows, which goes into the answer and is not
 * timed.
 */
#include "bench/works_parts.h"

#include "bench/measure.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ parts shared by works */

void work_open(const bench_job *job, durability level, opened *open)
{
    open->engine = job->engine;
    open->store = job->engine->open(job->path, work_creates(job->work), level);
    open->session = job->engine->attach(open->store);
}

void work_memory(outcome *out)
{
    if (out->peak_kib == 0) {
        out->own_kib = memory_kib("RssAnon:");
        out->peak_kib = memory_kib("VmHWM:");
    }
}

void work_close(const bench_job *job, opened *open, outcome *out)
{
    work_memory(out);
    open->engine->detach(open->session);
    open->engine->close(open->store);
    out->file_bytes = file_bytes(job->path);
}

uint32_t *work_ids(const workload *data, uint64_t stream, uint32_t count)
{
    uint32_t *ids = allocate(count, sizeof *ids);
    for (uint32_t i = 0; i < count; i++) {
        ids[i] = 1 + workload_draw(data->seed, stream, i, data->calls);
    }
    return ids;
}

call_row *work_calls(const workload *data, uint32_t first, uint32_t count)
{
    call_row *rows = allocate(count, sizeof *rows);
    for (uint32_t i = 0; i < count; i++) {
        workload_call(data, first + i, &rows[i]);
    }
    return rows;
}

uint32_t work_share(const workload *data, uint32_t divisor)
{
    return data->calls / divisor > 0 ? data->calls / divisor : 1;
}

/* ------------------------------------------------------------------ W8: delete users */

/* Users one after another with gaps, so that none is drawn twice. */
static void run_delete(const bench_job *job, outcome *out)
{
    const workload *data = &job->set->data;
    uint32_t count = data->users / 20 > 50 ? 50 : data->users / 20 + 1;
    count = count > data->users ? data->users : count;
    uint32_t step = data->users / count;
    uint32_t *users = allocate(count, sizeof *users);
    opened open;
    for (uint32_t i = 0; i < count; i++) {
        users[i] = 1 + i * step;
    }
    work_open(job, DURABLE, &open);
    double start = clock_seconds();
    job->engine->delete_users(open.session, users, count);
    out->seconds[0] = clock_seconds() - start;
    out->operations[0] = count;
    work_memory(out);
    job->engine->state(open.session, &out->found);
    work_close(job, &open, out);
    free(users);
}

/* ------------------------------------------------------------------ W9: update a plain column */

static void run_update(const bench_job *job, outcome *out)
{
    enum { UPDATE_BATCH = 1000 };
    const workload *data = &job->set->data;
    uint32_t count = work_share(data, 10);
    uint32_t *ids = work_ids(data, DRAW_UPDATES, count);
    int32_t *times = allocate(count, sizeof *times);
    opened open;
    for (uint32_t i = 0; i < count; i++) {
        times[i] = 10000 + (int32_t)workload_draw(data->seed, DRAW_UPDATES + 1, i, 50000);
    }
    work_open(job, job->set->level, &open);
    double start = clock_seconds();
    for (uint32_t done = 0; done < count; done += UPDATE_BATCH) {
        uint32_t batch = count - done < UPDATE_BATCH ? count - done : UPDATE_BATCH;
        job->engine->update_calls(open.session, ids + done, times + done, batch);
    }
    out->seconds[0] = clock_seconds() - start;
    out->operations[0] = count;
    work_memory(out);
    job->engine->state(open.session, &out->found);
    work_close(job, &open, out);
    free(ids);
    free(times);
}

/* ------------------------------------------------------------------ the list */

#define OFFERS(name, function)                                                                     \
    static bool name(const bench_engine *engine)                                                   \
    {                                                                                              \
        return engine->function != NULL;                                                           \
    }

OFFERS(offers_load, insert_calls)
OFFERS(offers_bulk_load, bulk_load)
OFFERS(offers_reads, read_calls)
OFFERS(offers_find, find_users)
OFFERS(offers_windows, sum_windows)
OFFERS(offers_windows_live, sum_windows_live)
OFFERS(offers_models, sum_models)
OFFERS(offers_models_live, sum_models_live)
OFFERS(offers_days, sum_days)
OFFERS(offers_days_live, sum_days_live)
OFFERS(offers_delete, delete_users)
OFFERS(offers_update, update_calls)

const bench_work works[] = {
    {"W1",
     "load in order, 10,000 rows a transaction",
     {"rows", NULL},
     FILE_LOADED,
     1,
     NULL,
     offers_load,
     work_load},
    {"W1b",
     "bulk load: any order, the same end state",
     {"rows", NULL},
     FILE_NEW,
     1,
     NULL,
     offers_bulk_load,
     work_bulk_load},
    {"W2/1",
     "durable one-row transactions, 1 thread",
     {"commits", NULL},
     FILE_COPY,
     1,
     NULL,
     offers_load,
     work_commits},
    {"W2/4",
     "durable one-row transactions, 4 threads",
     {"commits", NULL},
     FILE_COPY,
     4,
     NULL,
     offers_load,
     work_commits},
    {"W2/16",
     "durable one-row transactions, 16 threads",
     {"commits", NULL},
     FILE_COPY,
     16,
     NULL,
     offers_load,
     work_commits},
    {"W3",
     "reads by primary key, all in one transaction",
     {"reads", NULL},
     FILE_SHARED,
     1,
     NULL,
     offers_reads,
     work_reads},
    {"W3t",
     "reads by primary key, a transaction each",
     {"reads", NULL},
     FILE_SHARED,
     1,
     NULL,
     offers_reads,
     work_reads_one_each},
    {"W4",
     "look-ups of a user by email",
     {"look-ups", NULL},
     FILE_SHARED,
     1,
     NULL,
     offers_find,
     work_find},
    {"W5",
     "sum of 30 days of a user, by reading rows",
     {"sums", NULL},
     FILE_SHARED,
     1,
     NULL,
     offers_windows,
     work_windows},
    {"W5/live",
     "sum of 30 days of a user, kept up to date",
     {"sums", NULL},
     FILE_SHARED,
     1,
     "W5",
     offers_windows_live,
     work_windows_live},
    {"W6",
     "sums by model of all rows, by reading rows",
     {"rows", NULL},
     FILE_SHARED,
     1,
     NULL,
     offers_models,
     work_models},
    {"W6/live",
     "sums by model of all rows, kept up to date",
     {"rows", NULL},
     FILE_SHARED,
     1,
     "W6",
     offers_models_live,
     work_models_live},
    {"W7",
     "sums by user and day of all rows, by reading rows",
     {"rows", NULL},
     FILE_SHARED,
     1,
     NULL,
     offers_days,
     work_days},
    {"W7/live",
     "sums by user and day of all rows, kept up to date",
     {"rows", NULL},
     FILE_SHARED,
     1,
     "W7",
     offers_days_live,
     work_days_live},
    {"W8",
     "delete users and all that cascades, durable",
     {"users", NULL},
     FILE_COPY,
     1,
     NULL,
     offers_delete,
     run_delete},
    {"W9",
     "update a plain column, 1,000 rows a transaction",
     {"rows", NULL},
     FILE_COPY,
     1,
     NULL,
     offers_update,
     run_update},
    {"W10",
     "two readers and a writer at once",
     {"reads", "rows"},
     FILE_COPY,
     3,
     NULL,
     offers_reads,
     work_mixed},
    {"W11",
     "open 92 tables in a new process, read a row",
     {"opens", NULL},
     FILE_SHARED,
     1,
     NULL,
     offers_reads,
     work_first_rows},
};

const unsigned work_count = sizeof works / sizeof works[0];
