/*
 * tests/serial/serial.h - histories: what transactions read and wrote, with the place in the order of
 * commits that each of them has.
 *
 * perform.c runs transactions and writes them down, replay.c plays them to a naive model in the order of
 * their commits, main.c does both in turn.
 */
#ifndef SERIAL_H
#define SERIAL_H

#include "proving/proving.h"

#include <stdatomic.h>

enum { PROCESSES = 3, THREADS = 3, GROUPS = 8, GROUP_ITEMS = 8, ITEM_COUNT = GROUPS * GROUP_ITEMS };
enum { HISTORY_WORDS = 1 << 19, RECORD_WORDS_MAX = 256 };

/* What happened in a transaction: a word for the kind, then the words that are named here. */
typedef enum event {
    END,          /* of the transaction */
    READ,         /* item, amount */
    READ_RANGE,   /* least, greatest, count, sum of ids */
    READ_SUM,     /* group, count, sum of amounts: from the live aggregate */
    READ_COUNT,   /* items in all */
    PUT,          /* item, amount */
    REMOVE,       /* item */
    REMOVE_GROUP, /* group, items that went with it */
    PUT_GROUP     /* group */
} event;

/*
 * A transaction: words from `at` in its thread's history. One that was committed is number `base` + 1;
 * of others nothing remains, and what they read has to be so after number `base`.
 */
typedef struct record_head {
    int64_t base;
    int64_t floor; /* the greatest number that had been acknowledged before it began */
    int64_t committed;
} record_head;

enum { HEAD_WORDS = sizeof(record_head) / sizeof(int64_t) };

typedef struct history {
    size_t used;
    int64_t words[HISTORY_WORDS];
} history;

typedef struct stage {
    char folder[96];
    char path[128];
    atomic_llong acknowledged;
    atomic_llong left; /* transactions of this round */
    atomic_llong refused;
    char refusal[600];
    history histories[PROCESSES * THREADS];
} stage;

/* A store with all groups and no items, its clock at 0. */
bbots_work serial_begin;

/* A process: threads that run transactions until none is left. */
void perform(stage *all, unsigned process, uint64_t random);

/* The naive model: what the store holds after number `clock`. */
typedef struct model {
    int64_t clock;
    int64_t amounts[ITEM_COUNT]; /* 0: not there */
    bool groups[GROUPS];
} model;

/* Plays a round's histories. Returns how many anomalies there are and tells of the first ones. */
uint64_t replay(const stage *all, model *now, uint64_t *transactions);

/* Whether a store is what the model is, row by row and by the check. */
bool model_is(const model *now, bbots_store *store, char *why, size_t room);

#endif
