/*
 * tests/kill9/kill9.h - processes that write until they are killed, and what they say they have done.
 *
 * actor.c is what the children do; main.c starts and kills them and judges the file.
 */
#ifndef KILL9_H
#define KILL9_H

#include "proving/proving.h"

#include <stdatomic.h>

enum { ACTORS = 2, THREADS = 2, WORKERS = ACTORS * THREADS };

/* What a worker says, in memory that outlives it. */
typedef struct account {
    _Atomic int64_t acknowledged; /* its last transaction that returned */
    plot states[2];               /* after an even number of transactions, after an odd one */
} account;

typedef struct theatre {
    char folder[96];
    char path[128];
    char copy[128]; /* where backups go */
    account accounts[WORKERS];
    _Atomic int64_t refused; /* calls that failed and should not have */
    char refusal[600];
    _Atomic int64_t copies; /* backups that returned */
} theatre;

/* What a child does until it is killed. The random numbers are its own. */
void act_write(theatre *stage, unsigned actor, uint64_t random);
void act_compact(theatre *stage, uint64_t random);
void act_copy(theatre *stage, uint64_t random);
void act_rotate(theatre *stage, uint64_t random);

#endif
