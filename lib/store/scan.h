/*
 * store/scan.h - all entries of a tree, as a reader sees it, many at a time and past LMDB.
 */
#ifndef STORE_SCAN_H
#define STORE_SCAN_H

#include "pages/scan.h"
#include "store/store.h"

#define STORE_SCAN_MANY 64u

typedef struct store_scan {
    store_file *file;
    pages_scan pages;
} store_scan;

/*
 * Begins part number `part` of `parts` equal ones, which follow each other. False: there is no such
 * way (a write transaction, plain reads), and a cursor has to be used. The parts of a tree may be read
 * by as many threads while the transaction goes on; they are begun by the transaction's.
 */
bool store_scan_begin(store_scan *scan, store_txn *txn, store_tree tree, unsigned part,
                      unsigned parts);

/* The next entries, at most STORE_SCAN_MANY. BBOTS_OK, BBOTS_END, BBOTS_CORRUPTED. */
int store_scan_next(store_scan *scan, store_pair *pairs, unsigned *count, bbots_error *error);

#endif
