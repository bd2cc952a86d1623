/*
 * table/summary_threads.c - parts of a table, each counted by a thread of its own into groups of its
 * own, which are then put together.
 *
 * Threads share the pages of a read transaction and nothing else. Exact sums do not depend on the order
 * in which they are made.
 */
#include "table/summary.h"

#include <pthread.h>

typedef struct summary_part {
    bbots_txn *txn;
    engine_table *engine;
    const bbots_summary_query *query;
    bbots_summary *summary;
    store_scan *pages;
    pthread_t thread;
    bool started;
    int rc;
    bbots_error error;
} summary_part;

static void *count_part(void *argument)
{
    summary_part *part = argument;
    part->rc = summary_scan_pages(part->txn, part->engine, part->query, part->summary, part->pages,
                                  &part->error);
    return NULL;
}

static void begin_part(summary_part *part)
{
    const bbots_summary_query *query = part->query;
    part->summary =
        summary_new(query->table, query->groups, query->group_count, query->measure_count);
    if (part->summary != NULL) {
        part->started = pthread_create(&part->thread, NULL, count_part, part) == 0;
    } else {
        part->rc = bb_fail(&part->error, BBOTS_NO_MEMORY, "out of memory");
    }
}

/* A part whose thread could not be made is counted here. */
static int end_part(summary_part *part, bbots_summary *into, bbots_error *error)
{
    if (part->started) {
        pthread_join(part->thread, NULL);
    } else if (part->rc == BBOTS_OK) {
        count_part(part);
    }
    if (part->rc == BBOTS_OK) {
        return summary_merge(into, part->summary, part->query, error);
    }
    bb_error_give(error, &part->error);
    bbots_summary_free(part->summary);
    return part->rc;
}

int summary_scan_parts(bbots_txn *txn, engine_table *engine, const bbots_summary_query *query,
                       bbots_summary *summary, store_scan *pages, unsigned count,
                       bbots_error *error)
{
    summary_part parts[BBOTS_SUMMARY_THREADS_MAX];
    for (unsigned i = 1; i < count; i++) {
        parts[i] = (summary_part){.txn = txn, .engine = engine, .query = query, .pages = &pages[i]};
        begin_part(&parts[i]);
    }
    int rc = summary_scan_pages(txn, engine, query, summary, pages, error);
    for (unsigned i = 1; i < count; i++) { /* all of them, whatever has failed */
        int one = end_part(&parts[i], summary, rc == BBOTS_OK ? error : NULL);
        rc = rc == BBOTS_OK ? one : rc;
    }
    return rc;
}
