/*
 * ledger/queue.h - what the files of queues share: the queues as data.
 */
#ifndef LEDGER_QUEUE_H
#define LEDGER_QUEUE_H

#include "ledger/ledger.h"

#include <bbots/queue.h>

#define QUEUE_CLAIMED "claimed"

/* Places in the need of every queue; what a queue has not is left out of its need. */
enum { QUEUE_ID, QUEUE_STATUS, QUEUE_DUE, QUEUE_OTHERS };

enum { QUEUE_WAITING_MAX = 2, QUEUE_GATES_MAX = 2, QUEUE_NO_COLUMN = 0xff };

/* A column that has to have a value, between status and priority in the index. */
typedef struct queue_gate {
    uint8_t column;
    bool is_null; /* has to be null; otherwise true */
} queue_gate;

typedef struct queue_kind {
    ledger_need need; /* its first key is the index: status, gates, priority, due */
    const char *waiting[QUEUE_WAITING_MAX + 1]; /* statuses, ended by NULL */
    queue_gate gates[QUEUE_GATES_MAX];
    uint8_t gate_count;
    bool null_is_due;
    const char *const *ranks; /* of text priorities, the first first, ended by NULL; or NULL */

    /* Places in the need, or QUEUE_NO_COLUMN. */
    uint8_t priority;
    uint8_t started;
    uint8_t attempts;
    uint8_t max_attempts;
    uint8_t review;   /* rows where it is true wait ... */
    uint8_t reviewed; /* ... until this has a value */
} queue_kind;

/* The queue of a number; BBOTS_INVALID_ARGUMENT when there is none. (queue_kinds.c) */
int queue_find(bbots_queue queue, const queue_kind **kind, bbots_error *error);

/*
 * The first columns of the index for rows of a status: status, gates and, unless it is null, a
 * priority. Returns how many there are. (queue_kinds.c)
 */
enum { QUEUE_KEY_MAX = 1 + QUEUE_GATES_MAX + 2 };
unsigned queue_key(const queue_kind *kind, const char *status, const bbots_value *priority,
                   bbots_value key[QUEUE_KEY_MAX]);

/* Whether a row waits for a review. (queue_kinds.c) */
bool queue_waits_for_review(const queue_kind *kind, const ledger_table *of, const bbots_row *row);

#endif
