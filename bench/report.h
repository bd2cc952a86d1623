/* report.h - outcomes as a table, as ratios and as TSV; and whether all engines agree. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "bench/works.h"

#include <stdio.h>

#define ENGINES_MAX 8
#define RUNS_MAX    101

/* What one work gave: an outcome for each engine and run. Zeroed seconds: it did not take part. */
typedef struct report_line report_line;

struct report_line {
    const bench_work *work;
    const report_line *against; /* of a live sum: the line of the sum by reading rows, or NULL */
    const bench_engine *const *engines;
    unsigned engine_count;
    unsigned runs;
    outcome outcomes[ENGINES_MAX][RUNS_MAX];
};

/* A level's name in options and results. */
const char *report_level(durability level);

/* How the run was set up, and what each engine is. */
void report_head(const settings *set, const bench_engine *const *engines, unsigned engine_count,
                 unsigned runs);

/* Prints a work: per engine median, least and greatest rate, ratio to SQLite, sizes. */
void report_work(const report_line *line);

/* The ratios to SQLite again, a line a measure: median, least and greatest of the runs' ratios. */
void report_ratios(const report_line *lines, unsigned count);

/* Machine, versions and settings, a line each, marked with "#". */
void report_facts(FILE *out, const settings *set, unsigned runs, const char *note);

/* One line for each work, engine, run and measure. */
void report_tsv(FILE *out, const settings *set, const report_line *lines, unsigned count);

/* Prints every answer of a work that differs from the first one; false when there is one. */
bool report_agree(const report_line *line);

#endif
