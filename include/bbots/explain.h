/*
 * bbots/explain.h - what a delete would do, without doing it.
 */
#ifndef BBOTS_EXPLAIN_H
#define BBOTS_EXPLAIN_H

#include <bbots/table.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BBOTS_SAMPLE_KEYS 5      /* how many rows of a sample are named at most */
#define BBOTS_SAMPLE_TEXT 160

/* Rows that were counted, and which the first of them are. */
typedef struct bbots_row_sample {
    uint64_t count;
    uint32_t named;               /* rows whose keys stand in keys: fewer when they are long */
    char keys[BBOTS_SAMPLE_TEXT]; /* primary keys: `7, 8`, `"s1"`, `(3, "x"), (3, "y")` */
} bbots_row_sample;

/* What would happen to the rows of a table. */
typedef struct bbots_effect {
    const bbots_table *table;
    bbots_row_sample deleted;  /* in the order in which they are met */
    bbots_row_sample set_null; /* rows that stay and lose a reference; a sample may name one that a
                                  longer path deletes after all */
    uint64_t null_columns;     /* the columns that become null, as a set */
} bbots_effect;

/* Rows that are in the way of a delete. */
typedef struct bbots_refusal {
    int code;                           /* BBOTS_FOREIGN_KEY_VIOLATION; BBOTS_NOT_NULL_VIOLATION:
                                           SET NULL on a column that must have a value */
    const bbots_table *table;           /* whose rows are in the way */
    const bbots_foreign_key *reference; /* the constraint: a foreign key of this table */
    bbots_row_sample rows;
} bbots_refusal;

typedef struct bbots_explanation {
    uint64_t deleted;               /* in all, the row itself among them */
    uint64_t set_null;
    const bbots_effect *effects;    /* one a table, in the order in which a delete meets them */
    uint32_t effect_count;
    const bbots_refusal *refusals;  /* one a constraint; none: the delete would succeed */
    uint32_t refusal_count;         /* the first is the one that bbots_delete() would report */
} bbots_explanation;

/*
 * Walks through a delete as bbots_delete() does, and changes nothing. Where a delete would be
 * refused it notes the rows in the way and goes on as if they were not there, so that one look
 * shows all that has to be cleared. It reads every row that it counts; memory stays bounded. Runs
 * in a read transaction too.
 *
 * Returns BBOTS_OK or BBOTS_NOT_FOUND. Errors: those of bbots_get() and BBOTS_DISK_FULL (a large
 * plan needs a temporary file). *explanation is to be freed by bbots_explanation_free(); what it
 * points to in the schema lives as long as the store.
 */
BBOTS_API BBOTS_CHECKED int bbots_explain_delete(bbots_txn *txn, const bbots_table *table,
                                                 unsigned index, const bbots_value *key,
                                                 bbots_explanation **explanation,
                                                 bbots_error *error);

/* NULL is allowed. */
BBOTS_API void bbots_explanation_free(bbots_explanation *explanation);

#ifdef __cplusplus
}
#endif
#endif
