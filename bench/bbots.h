/* bbots.h - what the two halves of the bbots engine share. */
#ifndef BENCH_BBOTS_H
#define BENCH_BBOTS_H

#include "bench/engine.h"

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

/* Begins a read transaction. */
bbots_txn *bbots_engine_read(const bench_session *session);

#endif
