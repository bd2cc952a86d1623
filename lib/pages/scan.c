/*
 * pages/scan.c - see scan.h.
 *
 * The branches tell which leaf is next before it is read, so its bytes are asked for while the
 * entries of this one are worked on.
 */
#include "pages/scan.h"

#include <bbots/error.h>

#define LINE 64u /* bytes that memory hands out together */

/* Makes a branch the one of a level; false when it is none. */
static bool open_branch(pages_scan *scan, unsigned level, uint64_t number)
{
    pages_scan_level *at = &scan->path[level];
    at->page = pages_at(&scan->memory, number, PAGES_BRANCH);
    at->slot = 0;
    at->past = at->page != NULL ? page_slots(at->page, scan->memory.page_bytes) : 0;
    return at->past != 0;
}

bool pages_scan_begin(pages_scan *scan, const pages_memory *memory, const page_tree *tree,
                      unsigned part, unsigned parts)
{
    memset(scan, 0, sizeof *scan);
    scan->memory = *memory;
    if (tree->root == PAGES_NONE) {
        scan->ended = true;
        return true;
    }
    if (tree->depth == 0 || tree->depth > PAGES_DEPTH_MAX) {
        return false;
    }
    scan->branches = tree->depth - 1u;
    if (scan->branches == 0) {
        scan->leaf = pages_at(memory, tree->root, PAGES_LEAF);
        scan->slots = scan->leaf != NULL ? page_slots(scan->leaf, memory->page_bytes) : 0;
        scan->ended = part != 0;
        return scan->slots != 0;
    }
    if (!open_branch(scan, 0, tree->root)) {
        return false;
    }
    unsigned children = scan->path[0].past;
    scan->path[0].slot = children * part / parts;
    scan->path[0].past = children * (part + 1) / parts;
    for (unsigned level = 1; level < scan->branches; level++) {
        scan->path[level].slot = scan->path[level].past = 0;
    }
    return true;
}

/* The child that is next in a branch; false when its node does not lie there. */
static bool next_child(const pages_scan *scan, pages_scan_level *at, uint64_t *child)
{
    page_node node;
    if (!page_node_at(at->page, scan->memory.page_bytes, false, at->slot, &node)) {
        return false;
    }
    at->slot++;
    *child = node.child;
    return true;
}

/* Inlined: see find.c. */
static inline __attribute__((always_inline)) void ask_for_next(const pages_scan *scan)
{
    pages_scan_level parent = scan->path[scan->branches - 1];
    uint64_t child;
    if (parent.slot >= parent.past || !next_child(scan, &parent, &child) ||
        child >= scan->memory.page_count) {
        return;
    }
    const uint8_t *page = scan->memory.bytes + child * scan->memory.page_bytes;
    for (uint32_t i = 0; i < scan->memory.page_bytes; i += LINE) {
        __builtin_prefetch(page + i);
    }
}

/* Whether a key is greater than the one before; serial numbers are compared as numbers. */
static inline bool ascends(const pages_scan *scan, const pages_entry *entry)
{
    const uint8_t *last = scan->last_key;
    size_t size = entry->key_size;
    if (last != NULL && size == 4 && scan->last_size == 4) {
        return bb_load32_big(last) < bb_load32_big(entry->key);
    }
    return last == NULL || page_key_compare(last, scan->last_size, entry->key, size) < 0;
}

/* BBOTS_OK, BBOTS_END or BBOTS_CORRUPTED. */
static int next_leaf(pages_scan *scan)
{
    unsigned level = scan->branches;
    uint64_t child;
    while (level > 0 && scan->path[level - 1].slot >= scan->path[level - 1].past) {
        level--;
    }
    if (level == 0) {
        return BBOTS_END;
    }
    for (;; level++) {
        if (!next_child(scan, &scan->path[level - 1], &child)) {
            return BBOTS_CORRUPTED;
        }
        if (level == scan->branches) {
            break;
        }
        if (!open_branch(scan, level, child)) {
            return BBOTS_CORRUPTED;
        }
    }
    scan->leaf = pages_at(&scan->memory, child, PAGES_LEAF);
    scan->slots = scan->leaf != NULL ? page_slots(scan->leaf, scan->memory.page_bytes) : 0;
    scan->slot = 0;
    if (scan->slots == 0) {
        return BBOTS_CORRUPTED;
    }
    ask_for_next(scan);
    return BBOTS_OK;
}

int pages_scan_next(pages_scan *scan, pages_entry *entries, unsigned room, unsigned *count)
{
    *count = 0;
    if (!scan->ended && scan->slot >= scan->slots) {
        int rc = next_leaf(scan);
        scan->ended = rc != BBOTS_OK;
        if (rc < 0) {
            return rc;
        }
    }
    if (scan->ended) {
        return BBOTS_END;
    }
    while (scan->slot < scan->slots && *count < room) {
        pages_entry *entry = &entries[*count];
        if (!pages_entry_at(&scan->memory, scan->leaf, scan->slot, entry) ||
            !ascends(scan, entry)) {
            scan->ended = true;
            return BBOTS_CORRUPTED;
        }
        scan->last_key = entry->key;
        scan->last_size = entry->key_size;
        scan->slot++;
        ++*count;
    }
    return BBOTS_OK;
}
