/*
 * table/pending.h - index entries that wait to be written, and the order in which they will be.
 *
 * Additions and removals are kept as they come. Of those with the same key the first tells whether
 * the entry was in the tree before and the last whether it shall be; so only runs whose first and
 * last agree come to anything: add … remove does not.
 */
#ifndef TABLE_PENDING_H
#define TABLE_PENDING_H

#include "store/store.h"

#include <bbots/error.h>

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
} index_pending;

/* Notes one; false when memory is exhausted. */
bool pending_note(index_pending *pending, const uint8_t *key, size_t size, bool add);

/* Whether there are so many that they should be written now. */
bool pending_is_full(const index_pending *pending);

/* Sorts by key, then by age; false when memory is exhausted. */
bool pending_sort(index_pending *pending);

/*
 * Walks the sorted entries: *position starts at 0. True with the next key that comes to something,
 * false at the end.
 */
bool pending_next(const index_pending *pending, size_t *position, store_bytes *key, bool *add);

void pending_clear(index_pending *pending);
void pending_free(index_pending *pending);

#endif
