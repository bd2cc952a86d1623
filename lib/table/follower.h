/*
 * table/follower.h - what follows the changes of a transaction and acts once, before the commit, by
 * ordinary statements.
 *
 * Rows that are derived from other rows have to be right whichever way those came in. A follower
 * notes changes as they pass table_change(), in memory, and settles them when the transaction is
 * about to commit, or when somebody above asks for it. The rooms above give the list.
 */
#ifndef TABLE_FOLLOWER_H
#define TABLE_FOLLOWER_H

#include "table/engine.h"

typedef struct table_follower {
    /*
     * The columns of a table of the schema that it looks at; 0: it does not follow it. Asked once,
     * when a store is opened.
     */
    uint64_t (*follows)(const bbots_schema *schema, const bbots_table *table);
    /*
     * A row of such a table goes from old to row; either is NULL for an insert or a delete. Otherwise
     * one of those columns may differ. *state is the follower's own in this transaction, NULL at
     * first. The rows live during the call.
     */
    int (*note)(bbots_txn *txn, void **state, const bbots_row *old, const bbots_row *row,
                bbots_error *error);
    /* Does what follows from the changes noted so far, and forgets them. */
    int (*settle)(bbots_txn *txn, void *state, bbots_error *error);
    void (*free)(void *state);
} table_follower;

/* The list of this library, ended by NULL (lib/followers.c). */
extern const table_follower *const table_followers[];

/* Settles what all followers have noted (follower.c). */
int follower_settle(bbots_txn *txn, bbots_error *error);

#endif
