/* groups.h - counts and exact sums by a 64-bit key or a short text, for engines that hand out rows. */
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

/* Groups by a text of which there are few: looked for one after another, the last one first. */
enum { TEXT_GROUPS_MAX = 64, TEXT_GROUP_SIZE = 100 };

typedef struct text_groups {
    unsigned count;
    unsigned last;
    size_t sizes[TEXT_GROUPS_MAX];
    char texts[TEXT_GROUPS_MAX][TEXT_GROUP_SIZE];
    group groups[TEXT_GROUPS_MAX];
} text_groups;

void text_groups_add(text_groups *all, const char *text, size_t size, int64_t tokens, int64_t cost);

/* Adds all groups to an answer; a group's key is made of its text. */
void text_groups_answer(const text_groups *all, answer *found);

#endif
