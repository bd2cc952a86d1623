/*
 * tests/support/race.h - several want the last of something: exactly one may get it.
 *
 * Each round the referee puts one there (prepare) and lets two racers loose (grab), which are two
 * threads of one process or two processes. A round in which not exactly one succeeds and the other
 * is refused fails the test. Nobody sleeps: racers wait for a byte in a pipe.
 */
#ifndef TESTS_RACE_H
#define TESTS_RACE_H

#include "support/support.h"

/* Runs as a bbots_write() of its own. */
typedef int race_step(bbots_txn *txn, void *context, bbots_error *error);

typedef struct race {
    const char *path;           /* of a store that is there and not open in this process */
    const bbots_schema *schema; /* its schema */
    race_step *prepare;         /* BBOTS_OK */
    race_step *grab;            /* BBOTS_OK: got it. BBOTS_REFUSED: did not */
    void *context;
} race;

/* Rounds from BBOTS_ROUNDS, or as many as are said here. */
uint64_t race_rounds(uint64_t usual);

void race_threads(const race *run, uint64_t rounds);
void race_processes(const race *run, uint64_t rounds);

#endif
