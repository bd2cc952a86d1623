/*
 * turns.c - each run lets every engine do a work once, in a process of its own; who begins changes
 * from run to run. Works that need data start from a file that was loaded once for each engine:
 * W1's, when it is among the works.
 */
#include "bench/turns.h"

#include "bench/measure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Stands for the loading of the file that works start from. */
static const bench_work loading = {.name = "load", .file = FILE_LOADED};

static void store_path(const settings *set, const bench_engine *engine, const char *what,
                       char *path, size_t size)
{
    snprintf(path, size, "%s/%s.%s", set->folder, engine->name, what);
}

static void do_job(const bench_job *job, outcome *out)
{
    if (job->engine->script != NULL) {
        works_script(job, out);
    } else if (job->work != &loading) {
        job->work->run(job, out);
    } else {
        works_load(job);
    }
}

/* Does a job in a process of its own. The outcome comes back through a pipe. */
static outcome run_apart(const bench_job *job)
{
    outcome out;
    int ends[2];
    int status = 0;
    memset(&out, 0, sizeof out);
    fflush(NULL);
    if (pipe(ends) != 0) {
        die("no pipe: %s", strerror(errno));
    }
    pid_t child = fork();
    if (child < 0) {
        die("no process: %s", strerror(errno));
    }
    if (child == 0) {
        close(ends[0]);
        do_job(job, &out);
        bool written = write(ends[1], &out, sizeof out) == (ssize_t)sizeof out;
        exit(written ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ends[1]);
    bool complete = read(ends[0], &out, sizeof out) == (ssize_t)sizeof out;
    close(ends[0]);
    if (waitpid(child, &status, 0) != child || status != 0 || !complete) {
        die("%s: %s failed", job->work->name, job->engine->name);
    }
    return out;
}

/* The loaded file of an engine, made when it is not there. */
static void need_loaded(const settings *set, const bench_engine *engine, char *path, size_t size)
{
    bench_job job = {set, engine, &loading, path};
    store_path(set, engine, "loaded", path, size);
    if (file_bytes(path) == 0) {
        file_remove(path);
        run_apart(&job);
    }
}

/* What an engine's own program reads is written when the first one is about to. */
static void need_inputs(const settings *set, const bench_engine *engine)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/inputs/%s", set->folder, workload_tables[WORKLOAD_CALLS].name);
    if (engine->script != NULL && file_bytes(path) == 0) {
        works_script_inputs(set);
    }
}

static outcome take_turn(const settings *set, const bench_engine *engine, const bench_work *work)
{
    char loaded[4096];
    char path[4096];
    bench_job turn = {set, engine, work, path};
    store_path(set, engine, work->file == FILE_SHARED ? "loaded" : "work", path, sizeof path);
    need_inputs(set, engine);
    if (!work_creates(work)) {
        need_loaded(set, engine, loaded, sizeof loaded);
    }
    if (work->file != FILE_SHARED) {
        file_remove(path);
    }
    if (work->file == FILE_COPY) {
        file_copy(loaded, path);
    }
    outcome out = run_apart(&turn);
    if (work->file == FILE_LOADED) {
        store_path(set, engine, "loaded", loaded, sizeof loaded);
        file_remove(loaded);
        if (rename(path, loaded) != 0) {
            die("cannot rename %s: %s", path, strerror(errno));
        }
    }
    if (work->file != FILE_SHARED) {
        file_remove(path);
    }
    return out;
}

static bool takes_part(const bench_engine *engine, const bench_work *work)
{
    return list_has(engine->only, work->name, strlen(work->name)) &&
           (engine->script != NULL || work->offered(engine));
}

void turns_run(const settings *set, report_line *line)
{
    for (unsigned run = 0; run < line->runs; run++) {
        for (unsigned turn = 0; turn < line->engine_count; turn++) {
            unsigned number = (turn + run) % line->engine_count;
            if (takes_part(line->engines[number], line->work)) {
                line->outcomes[number][run] = take_turn(set, line->engines[number], line->work);
            }
        }
    }
}

void turns_forget(const settings *set, const bench_engine *const *engines, unsigned count)
{
    char path[4096];
    for (unsigned i = 0; i < count; i++) {
        store_path(set, engines[i], "loaded", path, sizeof path);
        file_remove(path);
        store_path(set, engines[i], "work", path, sizeof path);
        file_remove(path);
    }
    works_script_forget(set);
}
