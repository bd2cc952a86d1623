/* table/follower.c - hands changes to followers; see follower.h. */
#include "table/follower.h"

void follower_attach(bbots_store *store, engine_table *table)
{
    for (unsigned i = 0; table_followers[i] != NULL && i < FOLLOWERS_MAX; i++) {
        table->followed[i] = table_followers[i]->follows(store->schema, table->table);
    }
}

int follower_note(bbots_txn *txn, txn_table *state, const engine_image *old,
                  const engine_image *new_image, uint64_t changed, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < FOLLOWERS_MAX && rc == BBOTS_OK; i++) {
        if ((state->engine->followed[i] & changed) != 0) {
            rc = table_followers[i]->note(txn, &txn->followers[i], old != NULL ? &old->row : NULL,
                                          new_image != NULL ? &new_image->row : NULL, error);
        }
    }
    return rc;
}

int follower_settle(bbots_txn *txn, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < FOLLOWERS_MAX && rc == BBOTS_OK; i++) {
        if (txn->followers[i] != NULL) {
            rc = table_followers[i]->settle(txn, txn->followers[i], error);
        }
    }
    return rc;
}

void follower_forget(bbots_txn *txn)
{
    for (unsigned i = 0; i < FOLLOWERS_MAX; i++) {
        if (txn->followers[i] != NULL) {
            table_followers[i]->free(txn->followers[i]);
            txn->followers[i] = NULL;
        }
    }
}
