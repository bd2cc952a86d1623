/*
 * bbots/live.h - live aggregates: counts and sums that every write keeps, so that a question over
 * a year of millions of rows reads a few entries.
 *
 * An aggregate is declared beside its table, in the comment of the CREATE TABLE (schema/README.md):
 *
 *     [live usage: by userId; split model; time createdAt month, day, hour; fine totalCost; sum
 *     inputTokens]
 *
 * It follows the rows whichever way they change: insert, update, delete, cascade, import, rollback
 * to a savepoint; in the same transaction, also for its own later reads. All sums are exact.
 */
#ifndef BBOTS_LIVE_H
#define BBOTS_LIVE_H

#include <bbots/summary.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bbots_live_query {
    const bbots_table *table;
    const bbots_live *live;      /* of the table: bbots_table_live() */
    const bbots_value *by;       /* values of the first `by` columns, as many as wanted */
    unsigned by_count;
    bbots_timestamp from;        /* rows with from <= time < to; both 0: of all times */
    bbots_timestamp to;
    /* `by` and `split` columns, and the time column with a unit. */
    bbots_group_column groups[BBOTS_SUMMARY_GROUPS_MAX];
    unsigned group_count;        /* 0: one group of all */
    bbots_measure measures[BBOTS_SUMMARY_MEASURES_MAX]; /* BBOTS_COUNT of rows (column -1), BBOTS_SUM
                                                           of a column that the aggregate sums up */
    unsigned measure_count;
} bbots_live_query;

/*
 * Answers as bbots_summarize() would over the rows that count in the aggregate: those whose `by`
 * columns are not null and whose time is neither null nor infinite. (One difference: a sum of
 * nothing but nulls is 0 here.) Whole buckets come from the aggregate, from the coarsest unit that
 * serves. What no bucket can tell is read from the rows, through an index when one serves: the ends
 * of a range inside the finest bucket; and inside a bucket of the finest level the groups and the
 * sums that are not fine. Any thread, as the transaction.
 *
 * Errors: BBOTS_INVALID_ARGUMENT (not the table's aggregate; a group, a measure or a number of
 * values that it does not have), BBOTS_CORRUPTED (a block is damaged: bbots_live_rebuild()), and
 * the complaints about a value.
 */
BBOTS_API BBOTS_CHECKED int bbots_live_summarize(bbots_txn *txn, const bbots_live_query *query,
                                                 bbots_summary **summary, bbots_error *error);

/*
 * Builds the live aggregates of a table (NULL: of all) anew from its rows, in a write transaction.
 * For a file in which bbots_check() found them wrong.
 */
BBOTS_API BBOTS_CHECKED int bbots_live_rebuild(bbots_txn *txn, const bbots_table *table,
                                               bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
