/*
 * pages/memory.h - a file's pages as they lie in memory, and the entries of a leaf there.
 *
 * As everywhere in this room nothing is believed: what is returned lies inside `bytes`.
 */
#ifndef PAGES_MEMORY_H
#define PAGES_MEMORY_H

#include "pages/page.h"

typedef struct pages_memory {
    const uint8_t *bytes;
    uint64_t page_count;
    uint32_t page_bytes;
} pages_memory;

/* An entry of a tree; all of it lies in the pages. */
typedef struct pages_entry {
    const uint8_t *key;
    size_t key_size;
    const uint8_t *value;
    size_t value_size;
} pages_entry;

/* A page that says of itself what it is taken for; NULL when it does not, or is not there. */
static inline const uint8_t *pages_at(const pages_memory *memory, uint64_t number, unsigned kind)
{
    if (number < 2 || number >= memory->page_count) {
        return NULL;
    }
    const uint8_t *page = memory->bytes + number * memory->page_bytes;
    return page_number(page) == number && page_kind(page) == kind ? page : NULL;
}

/* The entry of a leaf's slot, wherever its value lies; false when a part of it is not there. */
static inline bool pages_entry_at(const pages_memory *memory, const uint8_t *leaf, unsigned slot,
                                  pages_entry *found)
{
    page_node node;
    if (!page_node_at(leaf, memory->page_bytes, true, slot, &node)) {
        return false;
    }
    *found = (pages_entry){node.key, node.key_size, node.data, (size_t)node.data_size};
    if ((node.flags & PAGES_BIG) != 0) {
        uint64_t run = bb_load64(node.data);
        const uint8_t *page = pages_at(memory, run, PAGES_OVERFLOW);
        uint64_t needed = page_run_needed(node.data_size, memory->page_bytes);
        if (page == NULL || needed > memory->page_count - run) {
            return false;
        }
        found->value = page + PAGES_HEADER;
    }
    return true;
}

#endif
