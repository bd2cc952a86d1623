/* bench/questions/data.h - the rows about which is asked. */
#ifndef BENCH_QUESTIONS_DATA_H
#define BENCH_QUESTIONS_DATA_H

#include "bench/bbots.h"

#define HOUR     INT64_C(3600000000)
#define YEAR_END (WORKLOAD_BEGIN + WORKLOAD_DAYS * WORKLOAD_DAY)

/*
 * Fills an empty store with so many calls of so many users over a year, of Claude (seven of eight)
 * and of Gemini, for each 64 of them a browser session and an operation on storage, and a budget for
 * each user.
 */
void questions_load(bench_session *session, uint32_t count, uint32_t users);

#endif
