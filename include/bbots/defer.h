/*
 * bbots/defer.h - foreign keys that are judged at the end of a transaction, for loading rows in any
 * order.
 *
 * PostgreSQL's SET CONSTRAINTS ... DEFERRED, for the referencing side: a row may come before the
 * row that it references. What is checked at once stays checked at once: values, NOT NULL, UNIQUE,
 * and the other end of a reference (a delete or an update of a referenced row finds all rows that
 * reference it, as ever).
 *
 * Cost: a reference is looked up as without deferral until one leads nowhere. From then on the rows
 * of that foreign key are not asked any more; at the end one pass in the order of its index asks
 * for each value once. That pass reads the whole index, rows of earlier transactions included.
 * Memory: none by the number of rows.
 */
#ifndef BBOTS_DEFER_H
#define BBOTS_DEFER_H

#include <bbots/table.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Defers the foreign keys of this name, or all when constraint is NULL, until the transaction ends.
 * bbots_commit() judges them: it returns BBOTS_FOREIGN_KEY_VIOLATION, and nothing was committed,
 * when a reference leads nowhere.
 *
 * Errors: BBOTS_INVALID_ARGUMENT (no foreign key has that name), and those of every function that
 * changes something.
 */
BBOTS_API BBOTS_CHECKED int bbots_defer_references(bbots_txn *txn, const char *constraint,
                                                   bbots_error *error);

/* A row with a reference that leads nowhere. */
typedef struct bbots_orphan {
    const bbots_row *row;                 /* these live during the call */
    const bbots_foreign_key *foreign_key; /* of row->table */
    const char *message;                  /* the sentence that an insert would have failed with */
} bbots_orphan;

typedef void bbots_on_orphan(const bbots_orphan *orphan, void *context);

/*
 * Judges what is deferred and not judged yet, and changes nothing. on_orphan (may be NULL) is
 * called for each row and foreign key that fails, in the order of tables and of the foreign key's
 * index; *count (may be NULL) receives their number. When both are NULL the first one ends it.
 *
 * Returns BBOTS_OK when all references lead to rows; the foreign keys stay deferred. Errors:
 * BBOTS_FOREIGN_KEY_VIOLATION with the first one's sentence; the transaction goes on, and
 * rows that are missing may still come.
 */
BBOTS_API BBOTS_CHECKED int bbots_judge_references(bbots_txn *txn, bbots_on_orphan *on_orphan,
                                                   void *context, uint64_t *count,
                                                   bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
