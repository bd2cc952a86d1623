/*
 * store/readers.c - who reads, and how far behind.
 *
 * A reader keeps all pages that were freed since its commit from being used again, also when its
 * process is gone: LMDB never looks for the dead by itself. So every so many write transactions the
 * dead are cleared, and those that are long behind are shown to the host.
 *
 * LMDB tells of its readers as lines of text: process, thread, and transaction or "-".
 */
#include "store/internal.h"

#include "base/error.h"

#include <stdio.h>
#include <unistd.h>

#define WRITES_BETWEEN 64u

typedef struct list {
    uint64_t held; /* by this process for its own writes (anchor.c): no reader */
    store_reader_seen *seen;
    void *context;
    uint64_t newest;
    int stopped;
} list;

static int on_line(const char *line, void *context)
{
    list *run = context;
    int process;
    unsigned long long thread;
    unsigned long long transaction;
    if (sscanf(line, "%d %llx %llu", &process, &thread, &transaction) != 3 || run->stopped != 0) {
        return 0;
    }
    if (process == (int)getpid() && run->held != 0 && transaction == run->held) {
        run->held = 0;
    } else {
        store_reader reader = {.process = process,
                               .own = process == (int)getpid(),
                               .transaction = transaction,
                               .behind = run->newest > transaction ? run->newest - transaction : 0};
        run->stopped = run->seen(&reader, run->context);
    }
    return 0;
}

int store_readers(store_file *file, store_reader_seen *seen, void *context, bbots_error *error)
{
    store_stat stat;
    int dead;
    int rc = store_file_stat(file, &stat, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    list run = {.held = atomic_load(&file->held),
                .seen = seen,
                .context = context,
                .newest = stat.transaction};
    rc = mdb_reader_check(file->env, &dead); /* the dead are no readers */
    if (rc != 0) {
        return store_fail(error, rc, "cannot look for dead readers");
    }
    rc = mdb_reader_list(file->env, on_line, &run);
    return rc < 0 ? store_fail(error, rc, "cannot list the readers") : run.stopped;
}

/* 1 when the host refuses, whatever it answers. */
static int judge_reader(const store_reader *reader, void *context)
{
    const store_file *file = context;
    const store_options *options = &file->options;
    return reader->behind > options->reader_commits_max &&
           options->on_long_reader(reader, options->reader_context) != 0;
}

int store_mind_readers(store_file *file, bbots_error *error)
{
    int dead;
    if (atomic_fetch_add(&file->writes_begun, 1) % WRITES_BETWEEN != WRITES_BETWEEN - 1) {
        return BBOTS_OK;
    }
    if (file->options.on_long_reader == NULL) {
        mdb_reader_check(file->env, &dead);
        return BBOTS_OK;
    }
    int rc = store_readers(file, judge_reader, file, error);
    return rc <= 0
               ? rc
               : bb_fail(error, BBOTS_BUSY,
                         "a read transaction on file \"%s\" is too far behind: the host wants no "
                         "writes until it ends",
                         file->path);
}
