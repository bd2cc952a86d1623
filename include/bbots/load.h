/*
 * bbots/load.h - many rows at once: a transaction that is made for inserting.
 *
 *     bbots_txn *txn;
 *     rc = bbots_load_begin(store, &txn, &error);
 *     while (rc == BBOTS_OK && next_row(&row))
 *         rc = bbots_users_insert(txn, &row, &error);      // or bbots_insert()
 *     ... bbots_commit(), or bbots_rollback()
 *
 * What is in the store afterwards is what the same inserts in another transaction would have left:
 * rows, defaults, serials, indexes, counts, digests, live aggregates, summaries. All of it or
 * nothing: until the commit nobody sees a row, and after a failure, a rollback or the end of the
 * process the store is as it was. (The file may have become longer; the pages behind its end in use
 * are used by the next writes.)
 *
 * Order: a row may come before the row that it references when the references are deferred
 * (bbots_defer_references()): then they are judged in the end. Otherwise each is judged when its row
 * comes. Loading is fastest when each table's rows come in the order of their primary key. The
 * tables may hold rows already.
 *
 * Memory: some 100 MiB whatever the number of rows, and a few dozen bytes for each day of each user
 * whose summary follows. Index entries that wait are sorted and lie in temporary files in TMPDIR or
 * /tmp; changed pages are written into unused places of the file.
 *
 * Other statements are allowed, and see what was inserted.
 */
#ifndef BBOTS_LOAD_H
#define BBOTS_LOAD_H

#include <bbots/table.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Begins a load: a write transaction. It ends as any other does.
 *
 * An insert that fails has error->row: 1 for the first insert of the load, 2 for the second, and so
 * on, those that failed counted as well. It has changed nothing and the load can go on.
 *
 * Errors: those of bbots_begin(). Those of inserts and of the commit are the usual ones, and
 * BBOTS_DISK_FULL and BBOTS_IO of the temporary files.
 */
BBOTS_API BBOTS_CHECKED int bbots_load_begin(bbots_store *store, bbots_txn **txn,
                                             bbots_error *error);

/*
 * Numbers the next row otherwise (the line of a file that it begins on, say); the one after gets the
 * number that follows. Nothing in another transaction.
 */
BBOTS_API void bbots_load_number(bbots_txn *txn, uint64_t number);

#ifdef __cplusplus
}
#endif
#endif
