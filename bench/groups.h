/* groups.h - counts and exact sums by a 64-bit key, for engines that can only hand out rows. */
#ifndef BENCH_GROUPS_H
#define BENCH_GROUPS_H

#include "bench/engine.h"

typedef struct group {
    uint64_t key;
    int64_t rows; /* 0: an empty place */
    int64_t tokens;
    int64_t cost;
} group;

/* A hash table with open addressing; zeroed it is empty. */
typedef struct groups {
    group *places;
    size_t size; /* a power of two, or 0 */
    size_t used;
} groups;

/* Counts a row into the group of its key. */
void groups_add(groups *all, uint64_t key, int64_t tokens, int64_t cost);

/* Adds all groups to an answer and frees them. */
void groups_answer(groups *all, answer *found);

#endif
