/* turns.h - lets engines do works in turn. */
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H

#include "bench/report.h"

/* Fills the outcomes of a line: every run of every engine that offers the work. */
void turns_run(const settings *set, report_line *line);

/* Removes the files that works left. */
void turns_forget(const settings *set, const bench_engine *const *engines, unsigned count);

#endif
