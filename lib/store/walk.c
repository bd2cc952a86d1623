/*
 * store/walk.c - the structural walk of a file that is in use.
 *
 * A read transaction of our own keeps the pages of a commit from being used again, so they can be
 * read from the file while others write. The meta page that names the commit is overwritten by the
 * next but one, so it is read at once, and if that was too late another transaction is begun.
 */
#include "store/internal.h"

#include "base/error.h"

#define TRIES 100

typedef struct walk {
    store_fault_seen *seen;
    void *context;
    int stopped;
} walk;

static int on_fault(const pages_fault *fault, void *context)
{
    walk *run = context;
    store_fault passed = {fault->page, fault->tree, fault->message, fault->harmless};
    run->stopped = run->seen(&passed, run->context);
    return run->stopped;
}

/* The meta page of a reader's commit; BBOTS_NOT_FOUND when it is gone. */
static int find_meta(store_file *file, uint64_t number, store_view *view, pages_meta *meta,
                     bbots_error *error)
{
    int rc = store_look(file->path, file->fd, view, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (unsigned at = 0; at < 2; at++) {
        if (view->metas[at].transaction == number) {
            *meta = view->metas[at];
            return BBOTS_OK;
        }
    }
    return BBOTS_NOT_FOUND;
}

static int walk_commit(store_file *file, walk *run, bbots_error *error)
{
    store_txn txn = {0};
    store_view view;
    pages_meta meta;
    int rc = store_begin(file, false, &txn, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = find_meta(file, store_txn_number(&txn), &view, &meta, error);
    if (rc == BBOTS_OK) {
        pages_walk_result result;
        pages_walk_options options = {.on_fault = on_fault, .context = run};
        const char *fault = pages_meta_fault(&meta, view.source.page_count);
        pages_fault at_once = {.page = meta.at, .tree = "", .message = fault};
        rc = fault != NULL ? on_fault(&at_once, run)
                           : pages_walk(&view.source, &meta, &options, &result, error);
    }
    store_abort(&txn);
    return rc;
}

int store_walk(store_file *file, store_fault_seen *seen, void *context, bbots_error *error)
{
    walk run = {.seen = seen, .context = context};
    for (int tries = 0; tries < TRIES; tries++) {
        int rc = walk_commit(file, &run, error);
        if (rc != BBOTS_NOT_FOUND) {
            return rc == BBOTS_END ? run.stopped : rc;
        }
    }
    return bb_fail(error, BBOTS_BUSY,
                   "commits follow one another too fast for a look at the pages");
}

bool store_is_guarded(const store_file *file)
{
    return file->guarded;
}
