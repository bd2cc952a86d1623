/*
 * table/summary.h - a summary from the inside: summary.c judges the query, summary_scan.c reads rows
 * and measures them, summary_threads.c does that in several threads, summary_group.c keeps the groups,
 * summary_print.c writes exact numbers.
 */
#ifndef TABLE_SUMMARY_H
#define TABLE_SUMMARY_H

#include "store/scan.h"
#include "table/engine.h"

#include <bbots/summary.h>

__extension__ typedef __int128 summary_number;

/* Behind it in memory: a cell for each measure, a value for each group column, its key's bytes. */
typedef struct summary_group {
    uint32_t key_size;
    uint16_t any; /* a bit for each measure: a row had a value; otherwise it is null, a count 0 */
    summary_number cells[];
} summary_group;

/* A place of the hash table: which group, and its hash, so that one that is not wanted is not touched. */
typedef struct summary_slot {
    uint32_t hash;
    uint32_t number; /* one more than the group's; 0: free */
} summary_slot;

struct bbots_summary {
    const bbots_table *table;
    uint8_t columns[BBOTS_SUMMARY_GROUPS_MAX];
    unsigned column_count;
    unsigned measure_count;
    bb_arena arena;         /* groups and their texts */
    summary_group **groups; /* in the order of their first rows; at the end of their values */
    size_t count;
    size_t room;
    summary_slot *slots;             /* the hash table; freed when all rows are read */
    size_t slot_count;               /* a power of two */
    struct bbots_summary *next_part; /* whose groups are among these */
};

static inline bbots_value *summary_values(const bbots_summary *summary, summary_group *group)
{
    return (bbots_value *)(void *)(group->cells + summary->measure_count);
}

static inline uint8_t *summary_key(const bbots_summary *summary, summary_group *group)
{
    return (uint8_t *)(summary_values(summary, group) + summary->column_count);
}

/* An empty summary; NULL when memory is exhausted (summary.c). */
bbots_summary *summary_new(const bbots_table *table, const bbots_group_column *groups,
                           unsigned group_count, unsigned measure_count);

/* ------------------------------------------------------------------ summary_group.c */

/* The first slots, or more of them; false when memory is exhausted. */
bool summary_grow_slots(bbots_summary *summary);

/*
 * Room for a key. Zeros stand behind it, up to so many words as summary_key_words() tells. Keys are
 * compared and hashed by two or four words at once: a loop that ends now here and now there, as texts
 * do, costs more than a word too many.
 */
#define SUMMARY_KEY_ROOM ((CODEC_KEY_MAX + 15u) / 8 * 8)

static inline size_t summary_key_words(size_t size)
{
    return size <= 16 ? 2 : size <= 32 ? 4 : (size + 7) / 8;
}

static inline void summary_begin_key(uint8_t key[SUMMARY_KEY_ROOM])
{
    memset(key, 0, 32);
}

static inline void summary_end_key(uint8_t key[SUMMARY_KEY_ROOM], size_t size)
{
    memset(key + size, 0, 8);
}

/* Of a key's words. */
uint32_t summary_hash(const uint8_t *key, size_t size);

/* The group of a key and its hash, or NULL when there is none yet. */
summary_group *summary_find_group(bbots_summary *summary, const uint8_t *key, size_t size,
                                  uint32_t hash);

/* A new group of nothing, with a copy of its values (stored form). NULL: no memory. */
summary_group *summary_make_group(bbots_summary *summary, const bbots_value *values,
                                  const uint8_t *key, size_t size, uint32_t hash);

/*
 * The group of these values (stored form, one per group column), made when there is none yet.
 * BBOTS_OK or BBOTS_NO_MEMORY.
 */
int summary_group_of(bbots_summary *summary, const bbots_value *values, summary_group **found,
                     bbots_error *error);

/*
 * Adds the groups of a part of the rows, which belongs to the whole from then on, whatever comes back:
 * BBOTS_OK or BBOTS_NO_MEMORY.
 */
int summary_merge(bbots_summary *into, bbots_summary *part, const bbots_summary_query *query,
                  bbots_error *error);

/*
 * Brings the groups into the order of their values and drops what only finding them needs.
 * BBOTS_OK or BBOTS_NO_MEMORY.
 */
int summary_sort_groups(bbots_summary *summary, bbots_error *error);

/* ------------------------------------------------------------------ summary_scan.c */

/*
 * Adds a number to a cell. first: nothing was added before. A sum of 64-bit numbers of fewer than 2^63
 * rows is within 128 bits.
 */
static inline void summary_add(summary_number *cell, bool first, unsigned kind,
                               summary_number number)
{
    switch (kind) {
    case BBOTS_COUNT:
    case BBOTS_SUM:
        *cell += number;
        break;
    case BBOTS_MIN:
        *cell = first || number < *cell ? number : *cell;
        break;
    default:
        *cell = first || number > *cell ? number : *cell;
        break;
    }
}

/* Counts the rows of one part of the table's tree. */
int summary_scan_pages(bbots_txn *txn, engine_table *engine, const bbots_summary_query *query,
                       bbots_summary *summary, store_scan *pages, bbots_error *error);

/* Counts all rows of a checked query into their groups. */
int summary_scan(bbots_txn *txn, engine_table *engine, const bbots_summary_query *query,
                 bbots_summary *summary, bbots_error *error);

/* ------------------------------------------------------------------ summary_threads.c */

/* Counts the rows of several parts, the first of them in the caller's thread. */
int summary_scan_parts(bbots_txn *txn, engine_table *engine, const bbots_summary_query *query,
                       bbots_summary *summary, store_scan *pages, unsigned count,
                       bbots_error *error);

/* ------------------------------------------------------------------ summary_print.c */

/* The two halves of a number; null: there is none. */
bbots_exact summary_exact(summary_number number, bool null);

#endif
