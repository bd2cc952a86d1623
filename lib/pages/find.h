/*
 * pages/find.h - look-ups in trees whose pages lie in memory: what LMDB's mdb_get() does, for a
 * reader of one committed state, without its cursor.
 *
 * Pages are believed no more than elsewhere in this room: nothing outside `bytes` is read, and
 * whatever is wrong is BBOTS_CORRUPTED without a message. The caller then asks LMDB, which says
 * what it is.
 */
#ifndef PAGES_FIND_H
#define PAGES_FIND_H

#include "pages/memory.h"

/* BBOTS_OK, BBOTS_NOT_FOUND or BBOTS_CORRUPTED. */
int pages_get(const pages_memory *memory, const page_tree *tree, const uint8_t *key, size_t size,
              pages_entry *found);

/*
 * The first entry whose key is not less. BBOTS_OK; BBOTS_END when it does not lie in the leaf where
 * the key would be: it is the first of the next leaf, or there is none; BBOTS_CORRUPTED.
 */
int pages_seek(const pages_memory *memory, const page_tree *tree, const uint8_t *key, size_t size,
               pages_entry *found);

/* How many keys pages_get_many() takes. */
#define PAGES_MANY 16u

/*
 * As pages_get() for several keys, found[i].key: what each has to wait for in memory is asked for
 * before any of them is waited for. found[i].value is NULL where nothing is found. BBOTS_OK or
 * BBOTS_CORRUPTED.
 */
int pages_get_many(const pages_memory *memory, const page_tree *tree, pages_entry *found,
                   unsigned count);

#endif
