/*
 * works_threads.c - the works of several threads or processes: W2, W10, W11.
 *
 * Threads attach and draw what they need, meet at a barrier, and the clock starts. In W10 the
 * amount done depends on the machine, so the answer is what must hold at any amount: every row read
 * is the one the generator made, and every row written is there at the end.
 */
#include "bench/works_parts.h"

#include "bench/measure.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void start(pthread_t *thread, void *body(void *), void *context)
{
    int failure = pthread_create(thread, NULL, body, context);
    if (failure != 0) {
        die("no thread: %s", strerror(failure));
    }
}

/* ------------------------------------------------------------------ W2: durable commits */

enum { COMMITS_MAX = 2000 };

typedef struct committer {
    const bench_job *job;
    bench_store *store;
    pthread_barrier_t *gate;
    call_row *rows;
    uint32_t first; /* the rows first, first + threads, ... are this thread's */
    uint32_t count; /* of all threads' rows */
} committer;

static void *commit_rows(void *context)
{
    const committer *self = context;
    const bench_engine *engine = self->job->engine;
    bench_session *session = engine->attach(self->store);
    pthread_barrier_wait(self->gate);
    for (uint32_t i = self->first; i < self->count; i += self->job->work->threads) {
        engine->insert_calls(session, &self->rows[i], 1);
    }
    pthread_barrier_wait(self->gate);
    engine->detach(session);
    return NULL;
}

void work_commits(const bench_job *job, outcome *out)
{
    uint32_t threads = job->work->threads;
    uint32_t count = job->set->data.calls < COMMITS_MAX ? job->set->data.calls : COMMITS_MAX;
    committer *all = allocate(threads, sizeof *all);
    pthread_t *handles = allocate(threads, sizeof *handles);
    call_row *rows = work_calls(&job->set->data, job->set->data.calls + 1, count);
    pthread_barrier_t gate;
    opened open;
    work_open(job, DURABLE, &open);
    pthread_barrier_init(&gate, NULL, threads + 1);
    for (uint32_t i = 0; i < threads; i++) {
        all[i] = (committer){job, open.store, &gate, rows, i, count};
        start(&handles[i], commit_rows, &all[i]);
    }
    pthread_barrier_wait(&gate);
    double begun = clock_seconds();
    pthread_barrier_wait(&gate);
    out->seconds[0] = clock_seconds() - begun;
    out->operations[0] = count;
    for (uint32_t i = 0; i < threads; i++) {
        pthread_join(handles[i], NULL);
    }
    pthread_barrier_destroy(&gate);
    work_memory(out);
    job->engine->state(open.session, &out->found);
    work_close(job, &open, out);
    free(rows);
    free(handles);
    free(all);
}

/* ------------------------------------------------------------------ W10: readers and a writer */

enum { MIXED_READERS = 2, MIXED_BATCH = 1000 };

typedef struct mixed {
    const bench_job *job;
    bench_store *store;
    pthread_barrier_t gate;
    atomic_bool stop;
    const uint64_t *checks; /* of each loaded call */
} mixed;

typedef struct mixed_thread {
    mixed *all;
    uint32_t number;
    uint64_t done;
    uint64_t wrong;
    double seconds;
} mixed_thread;

/* The check of every loaded call, so that readers can tell a wrong row. */
static uint64_t *all_checks(const workload *data)
{
    uint64_t *checks = allocate((size_t)data->calls + 1, sizeof *checks);
    for (uint32_t id = 1; id <= data->calls; id++) {
        call_row row;
        workload_call(data, id, &row);
        checks[id] =
            call_check(row.user, row.total_tokens, row.total_cost, row.model.data, row.model.size);
    }
    return checks;
}

static void *mixed_read(void *context)
{
    mixed_thread *self = context;
    mixed *all = self->all;
    const workload *data = &all->job->set->data;
    const bench_engine *engine = all->job->engine;
    bench_session *session = engine->attach(all->store);
    uint32_t ids[MIXED_BATCH];
    pthread_barrier_wait(&all->gate);
    double begun = clock_seconds();
    for (uint64_t drawn = 0; !atomic_load(&all->stop);) {
        answer found = {0, 0, 0};
        uint64_t expected = 0;
        for (uint32_t i = 0; i < MIXED_BATCH; i++) {
            ids[i] =
                1 + workload_draw(data->seed, DRAW_THREADS + self->number, drawn++, data->calls);
            expected += all->checks[ids[i]];
        }
        engine->read_calls(session, ids, MIXED_BATCH, false, &found);
        self->done += MIXED_BATCH;
        self->wrong += found.checksum != expected;
    }
    self->seconds = clock_seconds() - begun;
    engine->detach(session);
    return NULL;
}

static void *mixed_write(void *context)
{
    mixed_thread *self = context;
    mixed *all = self->all;
    const workload *data = &all->job->set->data;
    const bench_engine *engine = all->job->engine;
    bench_session *session = engine->attach(all->store);
    pthread_barrier_wait(&all->gate);
    while (!atomic_load(&all->stop)) {
        uint32_t next = data->calls + (uint32_t)self->done + 1;
        call_row *rows = work_calls(data, next, MIXED_BATCH);
        double begun = clock_seconds();
        engine->insert_calls(session, rows, MIXED_BATCH);
        self->seconds += clock_seconds() - begun;
        self->done += MIXED_BATCH;
        free(rows);
    }
    engine->detach(session);
    return NULL;
}

/* Wrong reads and missing rows: nothing of it depends on how much was done. */
static void mixed_answer(mixed *all, const mixed_thread *threads, outcome *out)
{
    const settings *set = all->job->set;
    answer before = {0, 0, 0};
    opened open;
    work_open(all->job, set->level, &open);
    open.engine->state(open.session, &before);
    for (unsigned i = 0; i < MIXED_READERS; i++) {
        out->operations[0] += threads[i].done;
        out->seconds[0] = threads[i].seconds;
        out->found.checksum += threads[i].wrong;
    }
    out->operations[1] = threads[MIXED_READERS].done;
    out->seconds[1] = threads[MIXED_READERS].seconds;
    out->found.count = before.count - threads[MIXED_READERS].done;
    if (out->found.checksum != 0) {
        die("W10: %s: a row read is not the one that was loaded", open.engine->name);
    }
    work_close(all->job, &open, out);
}

void work_mixed(const bench_job *job, outcome *out)
{
    mixed all = {.job = job};
    mixed_thread threads[MIXED_READERS + 1];
    pthread_t handles[MIXED_READERS + 1];
    uint64_t *checks = all_checks(&job->set->data);
    struct timespec pause = {job->set->seconds, 0};
    memset(threads, 0, sizeof threads);
    all.checks = checks;
    all.store = job->engine->open(job->path, false, job->set->level);
    pthread_barrier_init(&all.gate, NULL, MIXED_READERS + 2);
    for (unsigned i = 0; i <= MIXED_READERS; i++) {
        threads[i].all = &all;
        threads[i].number = i;
        start(&handles[i], i < MIXED_READERS ? mixed_read : mixed_write, &threads[i]);
    }
    pthread_barrier_wait(&all.gate);
    nanosleep(&pause, NULL);
    atomic_store(&all.stop, true);
    for (unsigned i = 0; i <= MIXED_READERS; i++) {
        pthread_join(handles[i], NULL);
    }
    pthread_barrier_destroy(&all.gate);
    work_memory(out);
    job->engine->close(all.store);
    mixed_answer(&all, threads, out);
    free(checks);
}

/* ------------------------------------------------------------------ W11: time to first row */

enum { FIRST_ROWS = 15 };

void works_first_row(const bench_engine *engine, const char *path, uint32_t id)
{
    answer found = {0, 0, 0};
    double begun = clock_seconds();
    bench_store *store = engine->open(path, false, DURABLE);
    bench_session *session = engine->attach(store);
    engine->read_calls(session, &id, 1, false, &found);
    printf("%.9f %llu\n", clock_seconds() - begun, (unsigned long long)found.checksum);
    engine->detach(session);
    engine->close(store);
}

/* Runs this program again and reads what works_first_row() printed. */
static double first_row_once(const bench_job *job, uint32_t id, uint64_t *checksum)
{
    char number[16];
    char line[128];
    char *rest = NULL;
    snprintf(number, sizeof number, "%u", (unsigned)id);
    char *const arguments[] = {(char[]){"bbots-bench"},
                               (char[]){"--first-row"},
                               (char *)(uintptr_t)job->engine->name,
                               (char *)(uintptr_t)job->path,
                               number,
                               NULL};
    program_line("/proc/self/exe", arguments, line, sizeof line);
    double seconds = strtod(line, &rest);
    *checksum += strtoull(rest, NULL, 10);
    return seconds;
}

void work_first_rows(const bench_job *job, outcome *out)
{
    double seconds[FIRST_ROWS];
    uint32_t *ids = work_ids(&job->set->data, DRAW_READS, FIRST_ROWS);
    for (unsigned i = 0; i < FIRST_ROWS; i++) {
        seconds[i] = first_row_once(job, ids[i], &out->found.checksum);
        out->found.count++;
    }
    out->seconds[0] = median(seconds, FIRST_ROWS);
    out->operations[0] = 1;
    out->file_bytes = file_bytes(job->path);
    free(ids);
}
