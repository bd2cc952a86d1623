/* bbots.h - what the files of the bbots engine share. */
#ifndef BENCH_BBOTS_H
#define BENCH_BBOTS_H

#include "bench/engine.h"
#include "bench/measure.h"

#include <bbots/bbots.h>

struct bench_store {
    bbots_store *handle;
};

struct bench_session {
    bbots_store *handle;
};

/* Ends the run unless result is success. */
void bbots_must(int result, const bbots_error *error, const char *what);

bench_store *bbots_engine_open(const char *path, bool create, durability level);
void bbots_engine_close(bench_store *store);
bench_session *bbots_engine_attach(bench_store *store);
void bbots_engine_detach(bench_session *session);
void bbots_engine_load(bench_session *session, const workload *data, workload_number number);
void bbots_engine_state(bench_session *session, answer *found);

/* The sums of W5 to W7 by live aggregates (bbots_live.c). */
void bbots_engine_windows_live(bench_session *session, const window *windows, uint32_t count,
                               answer *found);
void bbots_engine_models_live(bench_session *session, answer *found);
void bbots_engine_days_live(bench_session *session, answer *found);

/* A group's key in the answers of W6 and of W7. */
uint64_t bbots_engine_model_key(const bbots_summary *summary, size_t number);
uint64_t bbots_engine_day_key(const bbots_summary *summary, size_t number);

/* Begins a read transaction. */
bbots_txn *bbots_engine_read(const bench_session *session);

#endif
