/*
 * works.h - the works W1 to W11: what is done, on which file, and what of it is timed.
 *
 * A work runs in a process of its own, so that its peak of memory is its own. It gets a path and
 * leaves an outcome: operations and seconds, and an answer that must be the same for all engines.
 */
#ifndef BENCH_WORKS_H
#define BENCH_WORKS_H

#include "bench/engine.h"

typedef struct settings {
    workload data;
    durability level; /* of W1, W9 and W10; W2 and W8 are durable always */
    uint32_t seconds; /* that W10 lasts */
    const char *folder;
    const char *duckdb; /* where DuckDB is installed, or NULL (duckdb.sh) */
} settings;

#define MEASURES_MAX 2

typedef struct outcome {
    answer found;
    uint64_t operations[MEASURES_MAX];
    double seconds[MEASURES_MAX];
    uint64_t file_bytes; /* after the store was closed */
    uint64_t peak_kib;   /* VmHWM, with mapped pages of the file */
    uint64_t own_kib;    /* RssAnon at the end of the work */
    bool proved; /* found was held against the generator's rows, not made of what was read */
} outcome;

/* Which file a work starts from. */
typedef enum work_file {
    FILE_NEW,    /* none: the work makes one, which is not needed again */
    FILE_LOADED, /* none: the work makes the loaded one */
    FILE_SHARED, /* the loaded one, which the work must not change */
    FILE_COPY    /* a copy of the loaded one */
} work_file;

typedef struct bench_work bench_work;

typedef struct bench_job {
    const settings *set;
    const bench_engine *engine;
    const bench_work *work;
    const char *path;
} bench_job;

/* A line of the report, or two. */
struct bench_work {
    const char *name; /* "W2/4": what stands before the slash chooses it on the command line */
    const char *title;
    const char *units[MEASURES_MAX]; /* "rows", and so on; the second is NULL for most */
    work_file file;
    uint32_t threads;
    const char *against; /* a live sum: the work whose figures it is held against; or NULL */
    bool (*offered)(const bench_engine *engine);
    void (*run)(const bench_job *job, outcome *out);
};

extern const bench_work works[];
extern const unsigned work_count;

/* Whether a work makes its file. */
static inline bool work_creates(const bench_work *work)
{
    return work->file == FILE_NEW || work->file == FILE_LOADED;
}

/* Lets the engine's program do the work (script.c). */
void works_script(const bench_job *job, outcome *out);

/* Writes the rows of the four tables where such programs look for them, and takes them away. */
void works_script_inputs(const settings *set);
void works_script_forget(const settings *set);

/* Makes the loaded file that works start from. */
void works_load(const bench_job *job);

/* Opens a store, reads one row, prints seconds and checksum: what W11's processes do. */
void works_first_row(const bench_engine *engine, const char *path, uint32_t id);

#endif
