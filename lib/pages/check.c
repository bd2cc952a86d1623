/*
 * pages/check.c - one branch or leaf, judged by itself.
 *
 * LMDB packs the nodes of a page against its end, without gaps. So a page is right when its nodes
 * cover what lies behind `upper` exactly once; a bit for each two bytes shows it.
 */
#include "pages/internal.h"

/* Marks the bits [from, to); false when one was marked before. */
static bool cover(uint8_t *bits, unsigned from, unsigned to)
{
    while (from < to) {
        unsigned byte = from / 8;
        unsigned last = to < (byte + 1) * 8 ? to : (byte + 1) * 8;
        unsigned mask = ((1u << (last - byte * 8)) - 1) & ~((1u << (from - byte * 8)) - 1);
        if ((bits[byte] & mask) != 0) {
            return false;
        }
        bits[byte] |= (uint8_t)mask;
        from = last;
    }
    return true;
}

static const char *header_fault(const pages_walker *walk, const uint8_t *page, uint64_t number,
                                bool leaf)
{
    size_t page_bytes = walk->source->page_bytes;
    unsigned lower = page_lower(page);
    if (page_number(page) != number) {
        return "its header has another page's number";
    }
    if (page_kind(page) != (leaf ? PAGES_LEAF : PAGES_BRANCH)) {
        return leaf ? "it is no leaf, and the tree's depth says so"
                    : "it is no branch, and the tree's depth says so";
    }
    if (lower < PAGES_HEADER || lower % 2 != 0 || lower > page_upper(page) ||
        page_upper(page) > page_bytes) {
        return "the borders of its slots and nodes cannot be";
    }
    /* While LMDB puts the free list in order a branch of it may be left with one child. */
    if (lower == PAGES_HEADER ||
        (!leaf && lower == PAGES_HEADER + 2 && walk->kind != WALK_FREE_LIST)) {
        return leaf ? "it is a leaf without an entry" : "it is a branch with too few children";
    }
    return NULL;
}

static const char *node_fault(const pages_walker *walk, const page_node *node, bool leaf,
                              unsigned slot)
{
    if (node->key_size > PAGES_KEY_MAX || (node->key_size == 0 && (leaf || slot > 0))) {
        return "a key has a size that none can have";
    }
    if (walk->kind == WALK_FREE_LIST && node->key_size != 8 && (leaf || slot > 0)) {
        return "a key of the free list is no transaction's number";
    }
    if ((node->flags & ~(PAGES_BIG | PAGES_TREE)) != 0 ||
        ((node->flags & PAGES_TREE) != 0 && (walk->kind != WALK_MAIN || node->flags != PAGES_TREE ||
                                             node->data_size != PAGES_RECORD_BYTES))) {
        return "a node has flags that it cannot have";
    }
    return NULL;
}

static int compare(const pages_walker *walk, const uint8_t *a, size_t a_size, pages_key b)
{
    if (walk->kind == WALK_FREE_LIST && a_size == 8 && b.size == 8) {
        uint64_t left = bb_load64(a);
        uint64_t right = bb_load64(b.data);
        return (left > right) - (left < right);
    }
    return page_key_compare(a, a_size, b.data, b.size);
}

/* The first key of a branch counts for less than every other, whatever it is. */
static const char *order_fault(const pages_walker *walk, const page_node *node, pages_key before,
                               pages_key lower, pages_key upper)
{
    if (before.data != NULL && compare(walk, node->key, node->key_size, before) <= 0) {
        return "its keys are not in order";
    }
    if ((before.data == NULL && lower.data != NULL &&
         compare(walk, node->key, node->key_size, lower) < 0) ||
        (upper.data != NULL && compare(walk, node->key, node->key_size, upper) >= 0)) {
        return "a key lies outside the borders that the branch above gives";
    }
    return NULL;
}

int pages_check(pages_walker *walk, const uint8_t *page, uint64_t number, bool leaf,
                pages_key lower, pages_key upper, bool *sound)
{
    size_t page_bytes = walk->source->page_bytes;
    const char *fault = header_fault(walk, page, number, leaf);
    pages_key before = {NULL, 0};
    size_t covered = 0;
    *sound = false;
    if (fault != NULL) {
        return pages_report(walk, number, "%s", fault);
    }
    unsigned slots = page_slots(page, page_bytes);
    memset(walk->cover, 0, page_bytes / 16);
    for (unsigned slot = 0; slot < slots; slot++) {
        page_node node;
        if (!page_node_at(page, page_bytes, leaf, slot, &node) || node.begin < page_upper(page)) {
            return pages_report(walk, number, "node %u does not lie within it", slot);
        }
        fault = node_fault(walk, &node, leaf, slot);
        if (fault == NULL && !cover(walk->cover, node.begin / 2, node.end / 2)) {
            fault = "two nodes overlap";
        }
        if (fault == NULL && (leaf || slot > 0)) {
            fault = order_fault(walk, &node, before, lower, upper);
            before = (pages_key){node.key, node.key_size};
        }
        if (fault != NULL) {
            return pages_report(walk, number, "%s (node %u)", fault, slot);
        }
        covered += node.end - node.begin;
    }
    if (covered != page_bytes - page_upper(page)) {
        return pages_report(walk, number, "its nodes leave a gap");
    }
    *sound = true;
    return BBOTS_OK;
}
