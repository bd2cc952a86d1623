/*
 * store/reach.c - do a file's trees stay within the file?
 *
 * Only asked when a file is shorter than its last page number: that is legal when the missing pages
 * were taken and given back within one transaction, and fatal when the file was cut off. Pages are
 * read with pread and followed with a limit on depth and a mark for each page, so that damaged ones
 * cannot make it run for ever.
 *
 * LMDB 0.9 pages, as far as they are used here:
 *     page   10 2 flags (1 branch, 2 leaf, 4 overflow) | 12 2 end of the node offsets (lower)
 *            12 4 of an overflow page: how many pages it has | 16 node offsets, 2 bytes each
 *     node   0 2 and 2 2 size of the data, low and high half (of a branch node, with 4 2: the child's
 *            page number, 48 bits) | 4 2 flags (1 big data, 2 sub-tree) | 6 2 size of the key |
 *            8 key, then data (of big data: 8 bytes of page number; of a sub-tree: 48 bytes of record,
 *            its root in the last 8)
 */
#include "store/internal.h"

#include "base/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE_BRANCH 1u
#define PAGE_LEAF 2u
#define PAGE_OVERFLOW 4u
#define NODE_BIG 1u
#define NODE_TREE 2u
#define PAGE_HEADER 16u
#define NODE_HEADER 8u
#define DEPTH_MAX 40
#define NO_PAGE UINT64_MAX

typedef struct walk {
    const store_extent *extent;
    uint8_t *seen;  /* a bit a page */
    uint8_t *pages; /* DEPTH_MAX pages: one for each level */
} walk;

static bool follow(walk *all, uint64_t number, unsigned depth);

static bool read_page(const walk *all, uint64_t number, uint8_t *page)
{
    size_t size = all->extent->page_bytes;
    ssize_t got;
    do {
        got = pread(all->extent->fd, page, size, (off_t)(number * size));
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)size;
}

static bool follow_overflow(const walk *all, uint64_t number)
{
    uint8_t header[PAGE_HEADER];
    if (number >= all->extent->page_count ||
        pread(all->extent->fd, header, sizeof header,
              (off_t)(number * all->extent->page_bytes)) != (ssize_t)sizeof header) {
        return false;
    }
    uint64_t count = bb_load32(header + 12);
    return (bb_load16(header + 10) & PAGE_OVERFLOW) != 0 && count != 0 &&
           number + count <= all->extent->page_count;
}

/* A leaf's node: its data may lie on pages of its own or be a tree. */
static bool follow_leaf_node(walk *all, const uint8_t *node, size_t room, unsigned depth)
{
    unsigned flags = bb_load16(node + 4);
    size_t key_size = bb_load16(node + 6);
    if ((flags & (NODE_BIG | NODE_TREE)) == 0) {
        return true;
    }
    size_t data_size = (flags & NODE_BIG) != 0 ? 8 : 48;
    if (NODE_HEADER + key_size + data_size > room) {
        return false;
    }
    const uint8_t *data = node + NODE_HEADER + key_size;
    return (flags & NODE_BIG) != 0 ? follow_overflow(all, bb_load64(data))
                                   : follow(all, bb_load64(data + 40), depth + 1);
}

static bool follow_node(walk *all, const uint8_t *page, unsigned offset, unsigned depth)
{
    size_t size = all->extent->page_bytes;
    if (offset < PAGE_HEADER || offset + NODE_HEADER > size) {
        return false;
    }
    const uint8_t *node = page + offset;
    if ((bb_load16(page + 10) & PAGE_BRANCH) != 0) {
        uint64_t child = (uint64_t)bb_load16(node) | (uint64_t)bb_load16(node + 2) << 16 |
                         (uint64_t)bb_load16(node + 4) << 32;
        return follow(all, child, depth + 1);
    }
    return follow_leaf_node(all, node, size - offset, depth);
}

static bool follow(walk *all, uint64_t number, unsigned depth)
{
    if (number == NO_PAGE) {
        return true; /* an empty tree */
    }
    if (number >= all->extent->page_count || depth >= DEPTH_MAX ||
        (all->seen[number / 8] >> number % 8 & 1) != 0) {
        return false;
    }
    all->seen[number / 8] |= (uint8_t)(1u << number % 8);
    uint8_t *page = all->pages + (size_t)depth * all->extent->page_bytes;
    if (!read_page(all, number, page) ||
        (bb_load16(page + 10) & (PAGE_BRANCH | PAGE_LEAF)) == 0) {
        return false;
    }
    unsigned lower = bb_load16(page + 12);
    if (lower < PAGE_HEADER || lower > all->extent->page_bytes) {
        return false;
    }
    for (unsigned at = PAGE_HEADER; at + 2 <= lower; at += 2) {
        if (!follow_node(all, page, bb_load16(page + at), depth)) {
            return false;
        }
    }
    return true;
}

bool store_trees_within(const store_extent *extent, const uint64_t roots[2])
{
    walk all = {.extent = extent};
    all.seen = calloc(extent->page_count / 8 + 1, 1);
    all.pages = malloc((size_t)DEPTH_MAX * extent->page_bytes);
    bool within = all.seen != NULL && all.pages != NULL && follow(&all, roots[0], 0) &&
                  follow(&all, roots[1], 0);
    free(all.seen);
    free(all.pages);
    return within;
}
