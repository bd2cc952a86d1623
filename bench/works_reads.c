/*
 * works_reads.c - the works that read: W3 to W7.
 *
 * All begin with a tenth of their reads on other numbers (W6 and W7: with the whole sum), so that
 * every engine starts with its statements prepared and its file mapped. W3 is checked against the
 * generator as well: no engine is asked what is right.
 */
#include "bench/works_parts.h"

#include "bench/measure.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ W3 and W3t: read by key */

/* What reading these calls must add up to, from the generator: no engine is asked. */
static answer expected_reads(const workload *data, const uint32_t *ids, uint32_t count)
{
    answer expected = {0, 0, 0};
    for (uint32_t i = 0; i < count; i++) {
        call_row row;
        workload_call(data, ids[i], &row);
        answer_call(&expected, row.user, row.total_tokens, row.total_cost, row.model.data,
                    row.model.size);
    }
    return expected;
}

static void run_reads_by(const bench_job *job, bool one_each, outcome *out)
{
    const workload *data = &job->set->data;
    uint32_t count = data->calls;
    uint32_t *ids = work_ids(data, DRAW_READS, count);
    uint32_t *others = work_ids(data, DRAW_WARM_UP, work_share(data, 10));
    answer unused = {0, 0, 0};
    opened open;
    work_open(job, RELAXED, &open);
    job->engine->read_calls(open.session, others, work_share(data, 10), one_each, &unused);
    double start = clock_seconds();
    job->engine->read_calls(open.session, ids, count, one_each, &out->found);
    out->seconds[0] = clock_seconds() - start;
    out->operations[0] = count;
    work_close(job, &open, out);
    answer expected = expected_reads(data, ids, count);
    if (memcmp(&expected, &out->found, sizeof expected) != 0) {
        die("%s: %s: rows read are not those that were loaded", job->work->name, job->engine->name);
    }
    free(ids);
    free(others);
}

void work_reads(const bench_job *job, outcome *out)
{
    run_reads_by(job, false, out);
}

void work_reads_one_each(const bench_job *job, outcome *out)
{
    run_reads_by(job, true, out);
}

/* ------------------------------------------------------------------ W4: look up by email */

void work_find(const bench_job *job, outcome *out)
{
    const workload *data = &job->set->data;
    uint32_t count = work_share(data, 2);
    char(*texts)[48] = allocate(data->users + 1, sizeof *texts);
    span *emails = allocate(count, sizeof *emails);
    answer unused = {0, 0, 0};
    opened open;
    for (uint32_t user = 1; user <= data->users; user++) {
        workload_email(data, user, texts[user]);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t user = 1 + workload_draw(data->seed, DRAW_EMAILS, i, data->users);
        emails[i] = (span){texts[user], strlen(texts[user])};
    }
    work_open(job, RELAXED, &open);
    job->engine->find_users(open.session, emails, count / 10, &unused);
    double start = clock_seconds();
    job->engine->find_users(open.session, emails, count, &out->found);
    out->seconds[0] = clock_seconds() - start;
    out->operations[0] = count;
    work_close(job, &open, out);
    free(emails);
    free(texts);
}

/* ------------------------------------------------------------------ W5: windows of 30 days */

static window *draw_windows(const workload *data, uint64_t stream, uint32_t count)
{
    window *windows = allocate(count, sizeof *windows);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t hours = workload_draw(data->seed, stream + 1, i, (WORKLOAD_DAYS - 30) * 24);
        windows[i].user = 1 + (int32_t)workload_draw(data->seed, stream, i, data->users);
        windows[i].from = WORKLOAD_BEGIN + hours * (WORKLOAD_DAY / 24);
        windows[i].to = windows[i].from + 30 * WORKLOAD_DAY;
    }
    return windows;
}

static void run_windows(const bench_job *job,
                        void sums(bench_session *, const window *, uint32_t, answer *),
                        outcome *out)
{
    const workload *data = &job->set->data;
    uint32_t count = work_share(data, 50);
    window *windows = draw_windows(data, DRAW_WINDOWS, count);
    window *others = draw_windows(data, DRAW_WARM_UP, count / 10);
    answer unused = {0, 0, 0};
    opened open;
    work_open(job, RELAXED, &open);
    sums(open.session, others, count / 10, &unused);
    double start = clock_seconds();
    sums(open.session, windows, count, &out->found);
    out->seconds[0] = clock_seconds() - start;
    out->operations[0] = count;
    work_close(job, &open, out);
    free(windows);
    free(others);
}

void work_windows(const bench_job *job, outcome *out)
{
    run_windows(job, job->engine->sum_windows, out);
}

void work_windows_live(const bench_job *job, outcome *out)
{
    run_windows(job, job->engine->sum_windows_live, out);
}

/* ------------------------------------------------------------------ W6 and W7: sums of all rows */

/* A live sum takes microseconds: it is done for at least this long, and a run's part is taken. */
#define LIVE_SECONDS 0.1

static void run_sums(const bench_job *job, void sums(bench_session *, answer *), outcome *out)
{
    answer unused = {0, 0, 0};
    opened open;
    work_open(job, RELAXED, &open);
    sums(open.session, &unused);
    double start = clock_seconds();
    do {
        out->found = (answer){0, 0, 0};
        sums(open.session, &out->found);
        out->operations[0] += job->set->data.calls;
        out->seconds[0] = clock_seconds() - start;
    } while (job->work->against != NULL && out->seconds[0] < LIVE_SECONDS);
    work_close(job, &open, out);
}

void work_models(const bench_job *job, outcome *out)
{
    run_sums(job, job->engine->sum_models, out);
}

void work_models_live(const bench_job *job, outcome *out)
{
    run_sums(job, job->engine->sum_models_live, out);
}

void work_days(const bench_job *job, outcome *out)
{
    run_sums(job, job->engine->sum_days, out);
}

void work_days_live(const bench_job *job, outcome *out)
{
    run_sums(job, job->engine->sum_days_live, out);
}
