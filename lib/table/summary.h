/*
 * table/summary.h - a summary from the inside: summary.c reads rows and measures them,
 * summary_group.c keeps the groups, summary_print.c writes exact numbers.
 */
#ifndef TABLE_SUMMARY_H
#define TABLE_SUMMARY_H

#include "table/engine.h"

#include <bbots/summary.h>

__extension__ typedef __int128 summary_number;

/* What a measure came to in one group. */
typedef struct summary_cell {
    summary_number number;
    bool any; /* a row had a value: otherwise sum, least and greatest are null */
} summary_cell;

/* Its cells, one a measure, and its key's bytes follow in memory. */
typedef struct summary_group {
    struct summary_group *chain; /* in the hash table */
    uint64_t hash;
    summary_cell *cells;
    uint8_t *key;
    size_t key_size;
    bbots_value values[BBOTS_SUMMARY_GROUPS_MAX];
} summary_group;

struct bbots_summary {
    const bbots_table *table;
    uint8_t columns[BBOTS_SUMMARY_GROUPS_MAX];
    unsigned column_count;
    unsigned measure_count;
    bb_arena arena;         /* groups and their texts */
    summary_group **groups; /* in the order of their first rows; at the end of their values */
    size_t count;
    size_t room;
    summary_group **slots; /* the hash table; freed when all rows are read */
    size_t slot_count;
    summary_group *last; /* the last row's: rows of a group often follow each other */
};

/* An empty summary; NULL when memory is exhausted. */
bbots_summary *summary_new(const bbots_table *table, const bbots_group_column *groups,
                           unsigned group_count, unsigned measure_count);

/*
 * The group of these values (stored form, one per group column), made when there is none yet.
 * BBOTS_OK or BBOTS_NO_MEMORY.
 */
int summary_find_group(bbots_summary *summary, const bbots_value *values, summary_group **found,
                       bbots_error *error);

/* Brings the groups into the order of their values and drops what only finding them needs. */
void summary_sort_groups(bbots_summary *summary);

/* The two halves of a number and back. */
bbots_exact summary_exact(const summary_cell *cell);
summary_number summary_of_exact(bbots_exact exact);

#endif
