/*
 * pages/page.h - one page of LMDB 0.9, byte by byte (README.md, "The format").
 *
 * Everything here is given a page as bytes and believes none of them: whatever they are, nothing
 * outside the page is read. Numbers are little endian, at any address.
 */
#ifndef PAGES_PAGE_H
#define PAGES_PAGE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGES_HEADER       16u
#define PAGES_NODE_HEADER  8u
#define PAGES_BYTES_LEAST  512u
#define PAGES_BYTES_MOST   32768u
#define PAGES_KEY_MAX      511u /* MDB_MAXKEYSIZE */
#define PAGES_DEPTH_MAX    32u  /* CURSOR_STACK: LMDB itself follows no deeper tree */
#define PAGES_RECORD_BYTES 48u  /* of a tree */
#define PAGES_NONE         UINT64_MAX

/* Kinds of pages; a page on the disk has exactly one. */
#define PAGES_BRANCH   1u
#define PAGES_LEAF     2u
#define PAGES_OVERFLOW 4u
#define PAGES_META     8u

/* Flags of a leaf's node. */
#define PAGES_BIG  1u /* the value lies in an overflow run */
#define PAGES_TREE 2u /* the value is the record of a tree */

static inline uint64_t page_number(const uint8_t *page)
{
    return bb_load64(page);
}

static inline unsigned page_kind(const uint8_t *page)
{
    return bb_load16(page + 10);
}

/* Of a branch or leaf: where its slots end and its nodes begin. */
static inline unsigned page_lower(const uint8_t *page)
{
    return bb_load16(page + 12);
}

static inline unsigned page_upper(const uint8_t *page)
{
    return bb_load16(page + 14);
}

/* Of an overflow run's first page: how many pages it has. */
static inline uint64_t page_run(const uint8_t *page)
{
    return bb_load32(page + 12);
}

/* How many slots a branch or leaf has, never more than fit into it. */
static inline unsigned page_slots(const uint8_t *page, size_t page_bytes)
{
    unsigned lower = page_lower(page);
    return lower < PAGES_HEADER || lower > page_bytes ? 0 : (lower - PAGES_HEADER) / 2;
}

/* A node as it lies in its page. */
typedef struct page_node {
    const uint8_t *key;
    size_t key_size;
    const uint8_t *data; /* of a leaf: the value, or the 8 bytes that name its overflow run */
    uint64_t data_size;  /* of a leaf: the value's, wherever it lies */
    unsigned flags;      /* of a leaf */
    uint64_t child;      /* of a branch */
    unsigned begin;      /* where it lies in the page ... */
    unsigned end;        /* ... rounded up to an even number */
} page_node;

/*
 * The node of a slot below page_slots(). False when it does not lie between the page's slots and
 * its end, or begins at an odd place.
 */
static inline bool page_node_at(const uint8_t *page, size_t page_bytes, bool leaf, unsigned slot,
                                page_node *node)
{
    size_t begin = bb_load16(page + PAGES_HEADER + 2 * (size_t)slot);
    if (begin < page_lower(page) || begin % 2 != 0 || begin + PAGES_NODE_HEADER > page_bytes) {
        memset(node, 0, sizeof *node);
        return false;
    }
    const uint8_t *at = page + begin;
    size_t end = begin + PAGES_NODE_HEADER + bb_load16(at + 6);
    node->key = at + PAGES_NODE_HEADER;
    node->key_size = bb_load16(at + 6);
    node->flags = leaf ? bb_load16(at + 4) : 0;
    node->data = page + end;
    node->data_size = (uint64_t)bb_load16(at) | (uint64_t)bb_load16(at + 2) << 16;
    node->child = node->data_size | (uint64_t)bb_load16(at + 4) << 32;
    if (leaf) {
        end += (node->flags & PAGES_BIG) != 0 ? 8 : node->data_size;
    }
    end += end % 2;
    node->begin = (unsigned)begin;
    node->end = (unsigned)end;
    return end <= page_bytes;
}

/* The record of a tree. */
typedef struct page_tree {
    uint16_t flags;
    uint16_t depth;
    uint64_t branches;
    uint64_t leaves;
    uint64_t overflows;
    uint64_t entries;
    uint64_t root; /* PAGES_NONE: the tree is empty */
} page_tree;

/* From PAGES_RECORD_BYTES bytes. */
static inline page_tree page_tree_read(const uint8_t *record)
{
    page_tree tree = {.flags = bb_load16(record + 4),
                      .depth = bb_load16(record + 6),
                      .branches = bb_load64(record + 8),
                      .leaves = bb_load64(record + 16),
                      .overflows = bb_load64(record + 24),
                      .entries = bb_load64(record + 32),
                      .root = bb_load64(record + 40)};
    return tree;
}

/* How many pages an overflow run needs for a value. */
static inline uint64_t page_run_needed(uint64_t value_bytes, size_t page_bytes)
{
    return (PAGES_HEADER - 1 + value_bytes) / page_bytes + 1;
}

/* LMDB's order of plain keys: by bytes, the shorter of two that agree first. */
static inline int page_key_compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

#endif
