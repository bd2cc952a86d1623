/*
 * table/cascade.h - what a delete takes with it: the plan, and who makes it.
 */
#ifndef TABLE_CASCADE_H
#define TABLE_CASCADE_H

#include "table/engine.h"
#include "table/plan.h"

#include <bbots/explain.h>

typedef struct explainer explainer; /* explain.c */

typedef struct cascade {
    bbots_txn *txn;
    plan plan;
    uint64_t rows_max; /* more than these are refused */
    uint64_t deleted;  /* rows on the plan by what becomes of them */
    uint64_t set_null;
    explainer *explains; /* NULL: a refusal ends the walk */
} cascade;

/*
 * Makes the plan of deleting a row that is there, with all that its references' rules say.
 * Nothing is written but entries that wait. cascade_free() in any case.
 *
 * Errors: BBOTS_FOREIGN_KEY_VIOLATION, BBOTS_NOT_NULL_VIOLATION, BBOTS_TOO_MANY_ROWS; those of
 * reading and of bb_spill_reserve().
 */
int cascade_make(cascade *all, bbots_txn *txn, engine_table *table, store_bytes key,
                 uint64_t rows_max, explainer *explains, bbots_error *error);
void cascade_free(cascade *all);

/* Reads a row of the plan; it must be there, the entry that led to it says so. */
int cascade_fetch(const cascade *all, const plan_row *row, engine_image *image, bbots_error *error);

/* ------------------------------------------------------------------ who looks on (explain.c) */

/* A row of the plan is deleted, or loses the reference in some columns. */
int explain_deleted(explainer *to, const cascade *all, const plan_row *row, bbots_error *error);
int explain_set_null(explainer *to, const cascade *all, const plan_row *row, uint64_t columns,
                     bbots_error *error);

/* Where rows are counted that refuse by a foreign key; NULL after BBOTS_NO_MEMORY. */
bbots_row_sample *explain_refusal(explainer *to, int code, const bbots_table *table,
                                  const bbots_foreign_key *key, bbots_error *error);

#endif
