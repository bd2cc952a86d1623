/*
 * bbots/queue.h - tables that are polled as queues: rows are claimed for a time, and come back.
 *
 *   queue                       waits               first                   due
 *   agency_tasks                status pending      critical, high, medium, scheduledFor; null at
 *                                                   low, then all others    once
 *   scheduled_browser_tasks     status active                               nextRun; null never
 *   alert_delivery_queue        status pending      the least priority      scheduledFor; null at
 *                                                                           once
 *   webhook_logs                status pending,                             nextRetryAt; null never
 *                               retrying
 *   outbound_messages           deliveryStatus                              scheduledFor; null at
 *                               pending                                     once
 *
 * Of one priority, rows that are due at once come first, then by due time, then by id. Not claimed
 * are agency_tasks that a person does ("assignedToBot" false), that another one blocks ("blockedBy")
 * or that wait for a review ("requiresHumanReview" without "humanReviewedAt"), and
 * scheduled_browser_tasks that are off ("isActive" false).
 *
 * A claim sets the status to 'claimed' and the due time to the end of the lease. So nobody else gets
 * the row until then, and behind it the row is due again: it comes back by itself, and a worker that
 * was lost loses nothing. What a claim counts besides: "attempts" of alert_delivery_queue and
 * webhook_logs; and it notes now in "startedAt", "lastRun" or "lastAttemptAt". A row of
 * alert_delivery_queue that has had "maxAttempts" becomes 'failed' instead of being claimed.
 *
 * Everything goes through an index (docs/decisions/0014-a-queue-is-an-index.md): the work of a claim
 * depends on how many rows it takes, on how many different priorities wait, and on the tasks due
 * that it passes over because they wait for a review; not on the size of the table.
 *
 * All functions run in the caller's write transaction, on its thread; as there is one at a time
 * over all threads and processes, a row is never claimed twice. now is the time of the claim, 0 the
 * transaction's. Errors of every function: those of bbots/table.h; BBOTS_UNKNOWN_TABLE,
 * BBOTS_UNKNOWN_COLUMN, BBOTS_WRONG_TYPE, BBOTS_UNKNOWN_INDEX when the store's schema lacks what the
 * queue needs; BBOTS_INVALID_ARGUMENT for a queue that there is not.
 */
#ifndef BBOTS_QUEUE_H
#define BBOTS_QUEUE_H

#include <bbots/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bbots_queue {
    BBOTS_QUEUE_AGENCY_TASKS,
    BBOTS_QUEUE_SCHEDULED_BROWSER_TASKS,
    BBOTS_QUEUE_ALERT_DELIVERIES,
    BBOTS_QUEUE_WEBHOOK_LOGS,
    BBOTS_QUEUE_OUTBOUND_MESSAGES,
    BBOTS_QUEUES /* how many there are */
} bbots_queue;

/* The name of its table; NULL for another number. */
BBOTS_API const char *bbots_queue_table(bbots_queue queue);

/* A claimed row. To be kept until the work is finished. */
typedef struct bbots_claim {
    bbots_value id;             /* an integer or a uuid */
    bbots_timestamp lease_end;  /* until then it is the caller's */
    bbots_timestamp due;        /* its due time before; of one that came back the old lease's end */
    bool had_due;               /* false: it was null */
    bool came_back;             /* an earlier claim's lease ran out */
} bbots_claim;

#define BBOTS_CLAIMS_MAX 1000

/*
 * Claims up to most rows (1 to BBOTS_CLAIMS_MAX) that are due at now, for lease_ms milliseconds.
 * claims has room for most; *count is how many there are.
 *
 * Returns BBOTS_OK, or BBOTS_NOT_FOUND when nothing is due. Errors: BBOTS_INVALID_ARGUMENT (most, a
 * lease that is not positive), BBOTS_DATETIME_OUT_OF_RANGE (a lease that never ends).
 */
BBOTS_API BBOTS_CHECKED int bbots_queue_claim(bbots_txn *txn, bbots_queue queue, unsigned most,
                                              int64_t lease_ms, bbots_timestamp now,
                                              bbots_claim *claims, unsigned *count,
                                              bbots_error *error);

/*
 * Prolongs a claim to lease_ms from now. Returns BBOTS_OK, BBOTS_REFUSED (the row is no longer this
 * claim's: the lease ran out and somebody else has it, or it was changed), BBOTS_NOT_FOUND (it was
 * deleted). A lease that ran out can be prolonged as long as nobody else has the row.
 */
BBOTS_API BBOTS_CHECKED int bbots_queue_extend(bbots_txn *txn, bbots_queue queue,
                                               bbots_claim *claim, int64_t lease_ms,
                                               bbots_timestamp now, bbots_error *error);

/*
 * Ends a claim: the row takes this status and, with due, that due time; without (NULL) the one that
 * it had before the claim. 'pending' and a time is a retry; 'active' and the next run is how a
 * scheduled task goes on. The host writes results into the row by an update of its own, in the same
 * transaction. Returns as bbots_queue_extend(): BBOTS_REFUSED means that nothing was changed and
 * the work may have been done twice.
 *
 * Errors: BBOTS_INVALID_ARGUMENT (no status, or 'claimed'), BBOTS_STRING_TOO_LONG.
 */
BBOTS_API BBOTS_CHECKED int bbots_queue_finish(bbots_txn *txn, bbots_queue queue,
                                               const bbots_claim *claim, bbots_text status,
                                               const bbots_timestamp *due, bbots_error *error);

/* How many rows of a queue are in which state at a time; reads each of them once. */
typedef struct bbots_queue_state {
    uint64_t due;       /* could be claimed, but for those that wait for a review */
    uint64_t later;     /* wait for their time */
    uint64_t claimed;   /* under a lease */
    uint64_t came_back; /* whose lease ran out */
    bbots_timestamp oldest; /* due time of the one that waits longest, 0 without one */
} bbots_queue_state;

BBOTS_API BBOTS_CHECKED int bbots_queue_look(bbots_txn *txn, bbots_queue queue, bbots_timestamp now,
                                             bbots_queue_state *state, bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
