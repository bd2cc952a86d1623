/*
 * works_load.c - the works that load: W1, W1b, and the file that other works start from.
 *
 * Users, tasks and executions are there before the clock starts; only calls are timed, and not the
 * making of them.
 */
#include "bench/works_parts.h"

#include "bench/measure.h"

#include <stdlib.h>

enum { LOAD_BATCH = 10000 };

static void load_parents(const bench_job *job, opened *open)
{
    work_open(job, job->set->level, open);
    job->engine->load(open->session, &job->set->data, WORKLOAD_USERS);
    job->engine->load(open->session, &job->set->data, WORKLOAD_TASKS);
    job->engine->load(open->session, &job->set->data, WORKLOAD_EXECUTIONS);
}

/* Makes the calls from `first` on, at most a batch; returns how many. */
static uint32_t make_batch(const workload *data, uint32_t first, call_row *rows)
{
    uint32_t count = data->calls - first + 1 < LOAD_BATCH ? data->calls - first + 1 : LOAD_BATCH;
    for (uint32_t i = 0; i < count; i++) {
        workload_call(data, first + i, &rows[i]);
    }
    return count;
}

/* What was loaded, from a store opened anew. */
static void read_back(const bench_job *job, outcome *out)
{
    bench_store *store = job->engine->open(job->path, false, RELAXED);
    bench_session *session = job->engine->attach(store);
    job->engine->state(session, &out->found);
    job->engine->detach(session);
    job->engine->close(store);
}

/* ------------------------------------------------------------------ W1: load */

static double load_calls(const bench_job *job, opened *open)
{
    const workload *data = &job->set->data;
    call_row *rows = allocate(LOAD_BATCH, sizeof *rows);
    double seconds = 0;
    for (uint32_t done = 0; done < data->calls;) {
        uint32_t count = make_batch(data, done + 1, rows);
        double start = clock_seconds();
        job->engine->insert_calls(open->session, rows, count);
        seconds += clock_seconds() - start;
        done += count;
    }
    free(rows);
    return seconds;
}

void work_load(const bench_job *job, outcome *out)
{
    opened open;
    load_parents(job, &open);
    out->seconds[0] = load_calls(job, &open);
    out->operations[0] = job->set->data.calls;
    work_close(job, &open, out);
    read_back(job, out);
}

void works_load(const bench_job *from)
{
    static const bench_work loading = {.name = "load", .file = FILE_LOADED};
    bench_job again = *from;
    opened open;
    outcome out;
    again.work = &loading;
    load_parents(&again, &open);
    load_calls(&again, &open);
    work_close(&again, &open, &out);
}

/* ------------------------------------------------------------------ W1b: bulk load */

struct call_source {
    const workload *data;
    call_row *rows;
    uint32_t made;  /* in all */
    uint32_t count; /* of the batch at hand */
    uint32_t given; /* of the batch at hand */
    double seconds; /* that making them took: not the engine's */
};

const call_row *call_source_next(call_source *source)
{
    if (source->given == source->count) {
        if (source->made == source->data->calls) {
            return NULL;
        }
        double start = clock_seconds();
        source->count = make_batch(source->data, source->made + 1, source->rows);
        source->seconds += clock_seconds() - start;
        source->made += source->count;
        source->given = 0;
    }
    return &source->rows[source->given++];
}

void work_bulk_load(const bench_job *job, outcome *out)
{
    call_source source = {.data = &job->set->data,
                          .rows = allocate(LOAD_BATCH, sizeof *source.rows)};
    opened open;
    load_parents(job, &open);
    double start = clock_seconds();
    job->engine->bulk_load(open.session, &source);
    out->seconds[0] = clock_seconds() - start - source.seconds;
    out->operations[0] = job->set->data.calls;
    work_close(job, &open, out);
    read_back(job, out);
    free(source.rows);
}
