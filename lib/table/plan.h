/*
 * table/plan.h - the rows that a delete will change, each once, and the references that wait for
 * their turn.
 *
 * A row takes 13 bytes and its key, 12 to 24 in the hash table and, where others may reference it, 8
 * in the queue. Past a few MiB all that lies in temporary files (base/spill.h), so a plan of any
 * size needs little memory.
 */
#ifndef TABLE_PLAN_H
#define TABLE_PLAN_H

#include "base/spill.h"
#include "store/store.h"

#include <stdbool.h>

/* A row on the plan. Its place is an offset: a pointer is good until the next plan_enter(). */
typedef struct plan_row {
    uint64_t nulls; /* columns that become null */
    uint16_t table;
    uint16_t key_size;
    bool deleted;
    uint8_t key[]; /* the primary key */
} plan_row;

/* A change whose references wait for their turn. */
typedef struct plan_event {
    uint64_t row;     /* its place */
    uint64_t before;  /* columns that the plan had set to null before the change */
    uint64_t changed; /* columns that the change set to null; 0: the row was deleted */
} plan_event;

typedef struct plan {
    bb_spill rows; /* one behind the other, in the order in which they were met */
    bb_spill slots;
    bb_spill events;
    size_t slot_count;
    size_t next_event; /* offset */
    uint64_t row_count;
} plan;

void plan_init(plan *all);
void plan_free(plan *all);

/*
 * The place of a row, which is added when it is not there yet. Errors of this and of plan_queue():
 * those of bb_spill_reserve().
 */
int plan_enter(plan *all, uint16_t table, store_bytes key, uint64_t *place, bbots_error *error);

/* The row, or NULL when it is not on the plan. */
const plan_row *plan_find(const plan *all, uint16_t table, store_bytes key);

static inline plan_row *plan_at(const plan *all, uint64_t place)
{
    return (plan_row *)(void *)(all->rows.data + place);
}

/* Reads all rows: *place is 0 at first and stands at the next one afterwards. NULL at the end. */
const plan_row *plan_next(const plan *all, uint64_t *place);

/* Says that a reader of all rows is done with those before a place. */
void plan_pass(plan *all, uint64_t place);

int plan_queue(plan *all, const plan_event *event, bbots_error *error);

/* The oldest event; false when none is left. */
bool plan_take(plan *all, plan_event *event);

#endif
