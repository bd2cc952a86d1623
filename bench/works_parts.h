/* works_parts.h - what the files of works share. */
#ifndef BENCH_WORKS_PARTS_H
#define BENCH_WORKS_PARTS_H

#include "bench/works.h"

/* Streams of workload_hash() that the works draw from; the generator's are below 100. */
enum {
    DRAW_READS = 100,
    DRAW_WARM_UP = 102, /* and the one behind it */
    DRAW_EMAILS = 104,
    DRAW_WINDOWS = 106, /* and the one behind it */
    DRAW_UPDATES = 108, /* and the one behind it */
    DRAW_THREADS = 110  /* and as many as there are threads */
};

typedef struct opened {
    const bench_engine *engine;
    bench_store *store;
    bench_session *session;
} opened;

/* Opens the job's store, new or not as its work wants. */
void work_open(const bench_job *job, durability level, opened *open);

/* Notes memory, once: before what is not timed raises it. */
void work_memory(outcome *out);

/* Closes the store, notes the file's size (and memory, when it was not yet). */
void work_close(const bench_job *job, opened *open, outcome *out);

/* Random calls that were loaded; rows of calls. Both to be freed. */
uint32_t *work_ids(const workload *data, uint64_t stream, uint32_t count);
call_row *work_calls(const workload *data, uint32_t first, uint32_t count);

/* A share of the calls, at least 1. */
uint32_t work_share(const workload *data, uint32_t divisor);

void work_load(const bench_job *job, outcome *out);           /* W1 */
void work_bulk_load(const bench_job *job, outcome *out);      /* W1b */
void work_reads(const bench_job *job, outcome *out);          /* W3 */
void work_reads_one_each(const bench_job *job, outcome *out); /* W3t */
void work_find(const bench_job *job, outcome *out);           /* W4 */
void work_windows(const bench_job *job, outcome *out);        /* W5 */
void work_windows_live(const bench_job *job, outcome *out);
void work_models(const bench_job *job, outcome *out); /* W6 */
void work_models_live(const bench_job *job, outcome *out);
void work_days(const bench_job *job, outcome *out); /* W7 */
void work_days_live(const bench_job *job, outcome *out);
void work_commits(const bench_job *job, outcome *out);    /* W2 */
void work_mixed(const bench_job *job, outcome *out);      /* W10 */
void work_first_rows(const bench_job *job, outcome *out); /* W11 */

#endif
