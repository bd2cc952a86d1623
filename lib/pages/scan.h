/*
 * pages/scan.h - all entries of a tree whose pages lie in memory, in their order, some at a time:
 * what a cursor of LMDB does, for a reader of one committed state.
 *
 * Parts of one tree can be read by several threads. Keys have to ascend, so that no damage makes an entry
 * come twice or the scan go on for ever.
 */
#ifndef PAGES_SCAN_H
#define PAGES_SCAN_H

#include "pages/memory.h"

typedef struct pages_scan_level {
    const uint8_t *page; /* a branch */
    unsigned slot;       /* of the child that is next */
    unsigned past;
} pages_scan_level;

typedef struct pages_scan {
    pages_memory memory;
    unsigned branches; /* levels above the leaves */
    pages_scan_level path[PAGES_DEPTH_MAX];
    const uint8_t *leaf; /* NULL: none yet */
    unsigned slot;       /* of it, the next one */
    unsigned slots;
    const uint8_t *last_key; /* of the entry before; NULL: there is none */
    size_t last_size;
    bool ended;
} pages_scan;

/*
 * Begins part number `part` of `parts`, which are about equal, follow each other and are together
 * all of the tree. False when the tree cannot be read so.
 */
bool pages_scan_begin(pages_scan *scan, const pages_memory *memory, const page_tree *tree,
                      unsigned part, unsigned parts);

/* The next entries, *count of them, at most `room`. BBOTS_OK, BBOTS_END or BBOTS_CORRUPTED. */
int pages_scan_next(pages_scan *scan, pages_entry *entries, unsigned room, unsigned *count);

#endif
