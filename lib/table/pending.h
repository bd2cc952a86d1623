/*
 * table/pending.h - index entries that wait to be written, and the order in which they will be.
 *
 * Additions and removals are kept as they come. Of those with the same key the first tells whether
 * the entry was in the tree before and the last whether it shall be; so only runs whose first and
 * last agree come to anything: add … remove does not.
 *
 * When there are many they are sorted and leave memory as a run (base/spill.h). In the end all runs are
 * merged while they are read, so a tree is written in one sweep whatever the number of entries.
 */
#ifndef TABLE_PENDING_H
#define TABLE_PENDING_H

#include "base/spill.h"
#include "store/store.h"

typedef struct pending_entry {
    uint64_t start;  /* the key's first eight bytes, big endian: settles most comparisons */
    uint32_t offset; /* of the key in bytes; grows with age */
    uint16_t size;
    bool add;
} pending_entry;

typedef struct index_pending {
    pending_entry *entries;
    pending_entry *spare; /* room for sorting */
    size_t count;
    size_t room;
    size_t spare_room;
    uint8_t *bytes;
    size_t used;
    size_t bytes_room;
    bb_spill spilled; /* runs, one behind the other */
    size_t *run_ends; /* offsets */
    size_t run_count;
} index_pending;

/* One; NULL when memory is exhausted. */
index_pending *pending_new(void);

/* Notes one; false when memory is exhausted. */
bool pending_note(index_pending *pending, const uint8_t *key, size_t size, bool add);

/* Whether there are so many in memory that they should leave it. */
bool pending_is_full(const index_pending *pending);

/* Bytes of memory that are taken. */
size_t pending_memory(const index_pending *pending);

/* Makes a run of those in memory and frees it. Errors: those of bb_spill_reserve(). */
int pending_spill(index_pending *pending, bbots_error *error);

static inline bool pending_is_empty(const index_pending *pending)
{
    return pending->count == 0 && pending->run_count == 0;
}

/* Where a reader stands in a run. */
typedef struct pending_place {
    const uint8_t *at;
    const uint8_t *end;
    uint64_t start; /* of the entry at hand, as in pending_entry */
    store_bytes key;
    bool add;
} pending_place;

/* Reads all entries in order; until the end nothing may be noted. */
typedef struct pending_reader {
    const index_pending *pending;
    size_t position;       /* in memory */
    pending_place *places; /* of runs, the one with the least entry first: a heap; NULL: no runs */
    size_t place_count;
} pending_reader;

/* Sorts what is in memory and begins. Errors: BBOTS_NO_MEMORY, and those of bb_spill_reserve(). */
int pending_read(pending_reader *reader, index_pending *pending, bbots_error *error);
void pending_read_end(pending_reader *reader);

/* True with the next key that comes to something, valid until the reading ends; false behind the last. */
bool pending_next(pending_reader *reader, store_bytes *key, bool *add);

void pending_clear(index_pending *pending);
void pending_free(index_pending *pending);

#endif
