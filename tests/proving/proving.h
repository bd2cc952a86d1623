/*
 * tests/proving/proving.h - what the proofs of crashes, kills and histories share: random numbers, a
 * folder in memory, and the plot: a worker that writes to its own part of a store and knows
 * after each transaction exactly what has to be there.
 */
#ifndef PROVING_H
#define PROVING_H

#include <bbots/bbots.h>
#include <bbots/ordeal.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ small things (proving.c) */

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t draw(uint64_t *state);
uint64_t draw_below(uint64_t *state, uint64_t below);

/* Ends the program with a sentence when something does not hold that the proof itself needs. */
void demand(bool held, const char *what, const bbots_error *error);

/* A new folder: below TMPDIR when that is set, otherwise in memory where the system has that. */
void folder_make(char folder[96], const char *name);
void folder_remove(const char *folder);

/* Whether the folder has a file whose name begins so, and its path. */
bool folder_has(const char *folder, const char *beginning, char *path, size_t room);

/* Removes a file and its lock file. */
void remove_store(const char *path);

/* Memory that forked children share. */
void *shared_memory(size_t size);

/* Two keys; which one seals depends on `turn`, so that rotations find something to do. */
bbots_keyring *make_ring(unsigned turn);

/* Opens the store of the plot. NULL with error filled. */
bbots_store *open_ordeal(const char *path, uint32_t flags, uint32_t durability, unsigned turn,
                         bbots_error *error);

/* The whole-file check: false when it finds something, with the first finding as text. */
bool check_whole(bbots_txn *txn, char *finding, size_t room);

/* ------------------------------------------------------------------ the plot (plot.c) */

enum { PLOT_OWNERS = 6, PLOT_ITEMS = 5, PLOT_NOBODY = -1 };

typedef struct plot_owner {
    int64_t version;             /* 0: not there */
    int64_t amounts[PLOT_ITEMS]; /* 0: not there */
    int keepers[PLOT_ITEMS];     /* one of the worker's owners, or PLOT_NOBODY */
} plot_owner;

/* What a worker's part of the store holds after its transaction number `done`. */
typedef struct plot {
    int64_t done;
    plot_owner owners[PLOT_OWNERS];
} plot;

/* A transaction to come: a bbots_work with this as its context. It can be done again. */
typedef struct plot_work {
    unsigned worker;
    uint64_t seed;
    const plot *before;
    plot *after; /* complete when the work returns */
} plot_work;

/* In a new store: rows for so many workers, none of which has done anything. */
bbots_work plot_begin;

/* A few random changes and the worker's number of them. */
bbots_work plot_go_on;

/* How many transactions the file says that the worker has done; negative: a failure. */
int64_t plot_done(bbots_txn *txn, unsigned worker, bbots_error *error);

/* Whether the worker's part is exactly this; otherwise what differs, as text. */
bool plot_holds(bbots_txn *txn, unsigned worker, const plot *expected, char *why, size_t room);

/* Whether the store holds these rows and no others, by number. */
bool plot_counts(bbots_txn *txn, const plot *const *all, unsigned workers, char *why, size_t room);

#endif
