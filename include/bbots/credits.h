/*
 * bbots/credits.h - what users have bought to be used up: one balance for each user and type.
 *
 * The table is user_credits ("userId", "creditType", balance, "totalPurchased", "totalUsed",
 * "createdAt", "updatedAt"), found by these names in the schema of the store. Of every row balance
 * is "totalPurchased" less "totalUsed"; purchased and used are the facts, and a row in which a host
 * wrote another balance is put right by the next change. Should a host have inserted several rows
 * of one user and type, they are one balance: they are added up, and used up in the order of their
 * ids.
 *
 * All functions run in the caller's transaction, on the transaction's thread. As there is one
 * write transaction at a time over all threads and processes, of those who race for the last
 * credit exactly one gets it. now is the time of the change, 0 the transaction's.
 *
 * Errors of every function: those of bbots/table.h; BBOTS_UNKNOWN_TABLE, BBOTS_UNKNOWN_COLUMN,
 * BBOTS_WRONG_TYPE or BBOTS_UNKNOWN_INDEX when the store's schema lacks what is named above;
 * BBOTS_INVALID_ARGUMENT for an amount that is not positive and for a type that is null or empty.
 */
#ifndef BBOTS_CREDITS_H
#define BBOTS_CREDITS_H

#include <bbots/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bbots_credits {
    int64_t balance;   /* purchased less used */
    int64_t purchased; /* ever bought or granted */
    int64_t used;      /* ever consumed */
} bbots_credits;

/*
 * Adds credits that were bought or granted; the first ones make the row. after (may be NULL)
 * receives the balance as it then is.
 *
 * Errors: BBOTS_FOREIGN_KEY_VIOLATION (no such user), BBOTS_STRING_TOO_LONG (the type),
 * BBOTS_NUMERIC_OUT_OF_RANGE (a total past what its column holds). Nothing was changed then.
 */
BBOTS_API BBOTS_CHECKED int bbots_credits_add(bbots_txn *txn, int64_t user_id, bbots_text type,
                                              int64_t amount, bbots_timestamp now,
                                              bbots_credits *after, bbots_error *error);

/*
 * Consumes credits, all of amount or none. Returns BBOTS_OK, or BBOTS_REFUSED when fewer are left;
 * after (may be NULL) receives the balance in both cases.
 */
BBOTS_API BBOTS_CHECKED int bbots_credits_consume(bbots_txn *txn, int64_t user_id, bbots_text type,
                                                  int64_t amount, bbots_timestamp now,
                                                  bbots_credits *after, bbots_error *error);

/* The balance; all zero for a user or type without any. */
BBOTS_API BBOTS_CHECKED int bbots_credits_balance(bbots_txn *txn, int64_t user_id, bbots_text type,
                                                  bbots_credits *credits, bbots_error *error);

/* Hears of one type of credits; anything but 0 ends the list. It must not write. */
typedef int bbots_credits_visit(bbots_text type, const bbots_credits *credits, void *context);

/* Tells of every type of credits that a user has or had, in the order in which they were first added. */
BBOTS_API BBOTS_CHECKED int bbots_credits_list(bbots_txn *txn, int64_t user_id,
                                               bbots_credits_visit *visit, void *context,
                                               bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
