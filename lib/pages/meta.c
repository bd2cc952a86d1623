/* pages/meta.c - meta pages judged, and a look into the main tree that they lead to. */
#include "pages/meta.h"

#include "base/error.h"

#include <stdlib.h>

#define META_MAGIC   0xBEEFC0DEu
#define FREE_FLAGS   0x0008u /* keys are integers */
#define FREE_IGNORED 0x4000u /* the way the file was first opened: not a directory */

pages_meta pages_meta_read(const uint8_t *bytes, unsigned at)
{
    pages_meta meta = {.at = at,
                       .number = page_number(bytes),
                       .kind = bb_load16(bytes + 10),
                       .magic = bb_load32(bytes + 16),
                       .version = bb_load32(bytes + 20),
                       .address = bb_load64(bytes + 24),
                       .page_bytes = bb_load32(bytes + 40),
                       .free_list = page_tree_read(bytes + 40),
                       .main_tree = page_tree_read(bytes + 88),
                       .last_page = bb_load64(bytes + 136),
                       .transaction = bb_load64(bytes + 144)};
    meta.free_list.flags &= (uint16_t)~FREE_IGNORED;
    return meta;
}

static bool is_page_size(uint32_t bytes)
{
    return bytes >= PAGES_BYTES_LEAST && bytes <= PAGES_BYTES_MOST && (bytes & (bytes - 1)) == 0;
}

bool pages_meta_is_known(const pages_meta *meta)
{
    return meta->magic == META_MAGIC && is_page_size(meta->page_bytes);
}

/* A record by itself. */
static const char *record_fault(const page_tree *tree, uint16_t flags, const pages_meta *meta)
{
    if (tree->flags != flags) {
        return "a tree has flags that none of ours has";
    }
    if (tree->depth > PAGES_DEPTH_MAX) {
        return "a tree is deeper than a tree can be";
    }
    if ((tree->root == PAGES_NONE) != (tree->depth == 0)) {
        return "a tree's depth does not fit its root";
    }
    /* Not held against the file's size: a file that was cut off has meta pages that are right. */
    if (tree->root != PAGES_NONE && (tree->root < 2 || tree->root > meta->last_page)) {
        return "a tree's root lies behind the last page";
    }
    return NULL;
}

const char *pages_meta_fault(const pages_meta *meta, uint64_t page_count)
{
    if (meta->magic != META_MAGIC) {
        return "the magic number is another";
    }
    if (meta->version != PAGES_META_VERSION) {
        return "the version of the page format is another";
    }
    if (meta->number != meta->at || meta->kind != PAGES_META) {
        return "the header is not that of a meta page";
    }
    if (!is_page_size(meta->page_bytes)) {
        return "the page size cannot be";
    }
    if (meta->address != 0) {
        return "the map has a fixed address";
    }
    /* Pages that were taken and given back in one transaction count, but may lie behind the end:
     * each of them is in the free list, which takes 8 bytes. */
    if (meta->last_page < 1 || meta->last_page / (meta->page_bytes / 8 + 1) >= page_count) {
        return "the number of the last page cannot be";
    }
    const char *fault = record_fault(&meta->free_list, FREE_FLAGS, meta);
    return fault != NULL ? fault : record_fault(&meta->main_tree, 0, meta);
}

/* ------------------------------------------------------------------ one key of the main tree */

/* The slot of the greatest key that is not greater; of a branch the first counts as least. */
static bool find_slot(const uint8_t *page, size_t page_bytes, bool leaf, const uint8_t *key,
                      size_t key_size, page_node *node)
{
    unsigned slots = page_slots(page, page_bytes);
    bool found = false;
    for (unsigned slot = 0; slot < slots; slot++) {
        page_node here;
        if (!page_node_at(page, page_bytes, leaf, slot, &here)) {
            return false;
        }
        if ((leaf || slot > 0) && page_key_compare(here.key, here.key_size, key, key_size) > 0) {
            break;
        }
        *node = here;
        found = true;
    }
    return found;
}

static int damaged(bbots_error *error, uint64_t page)
{
    return bb_fail(error, BBOTS_CORRUPTED,
                   "page %llu, on the way through the main tree, is damaged",
                   (unsigned long long)page);
}

static int descend(const pages_source *source, const pages_meta *meta, const uint8_t *key,
                   size_t key_size, uint8_t *buffer, page_node *node, bbots_error *error)
{
    uint64_t number = meta->main_tree.root;
    for (unsigned depth = 1; depth <= meta->main_tree.depth; depth++) {
        const uint8_t *page;
        bool leaf = depth == meta->main_tree.depth;
        if (number < 2 || number >= source->page_count) {
            return damaged(error, number);
        }
        int rc = pages_read(source, number, 1, buffer, &page, error);
        if (rc < 0) {
            return rc;
        }
        if (rc == BBOTS_END || page_number(page) != number ||
            page_kind(page) != (leaf ? PAGES_LEAF : PAGES_BRANCH) ||
            page_slots(page, source->page_bytes) == 0) {
            return damaged(error, number);
        }
        if (!find_slot(page, source->page_bytes, leaf, key, key_size, node)) {
            return leaf ? BBOTS_NOT_FOUND : damaged(error, number);
        }
        number = node->child;
    }
    return meta->main_tree.depth == 0 ? BBOTS_NOT_FOUND : BBOTS_OK;
}

int pages_meta_find(const pages_source *source, const pages_meta *meta, const char *key,
                    uint8_t *value, size_t size, bbots_error *error)
{
    page_node node = {0};
    size_t key_size = strlen(key);
    uint8_t *buffer = malloc(source->page_bytes);
    if (buffer == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    int rc = descend(source, meta, (const uint8_t *)key, key_size, buffer, &node, error);
    if (rc == BBOTS_OK && (node.key_size != key_size || memcmp(node.key, key, key_size) != 0 ||
                           node.flags != 0 || node.data_size != size)) {
        rc = BBOTS_NOT_FOUND;
    }
    if (rc == BBOTS_OK) {
        memcpy(value, node.data, size);
    }
    free(buffer);
    return rc;
}

/* ------------------------------------------------------------------ mending */

pages_meta pages_meta_mend(const pages_meta *meta, uint32_t page_bytes)
{
    pages_meta mended = *meta;
    mended.number = meta->at;
    mended.kind = PAGES_META;
    mended.magic = META_MAGIC;
    mended.version = PAGES_META_VERSION;
    mended.address = 0;
    mended.page_bytes = page_bytes;
    mended.free_list.flags = FREE_FLAGS;
    mended.main_tree.flags = 0;
    return mended;
}

bool pages_meta_same(const pages_meta *a, const pages_meta *b)
{
    return a->number == b->number && a->kind == b->kind && a->magic == b->magic &&
           a->version == b->version && a->address == b->address && a->page_bytes == b->page_bytes &&
           a->free_list.flags == b->free_list.flags && a->main_tree.flags == b->main_tree.flags &&
           a->transaction == b->transaction;
}

void pages_meta_write(const pages_meta *meta, unsigned at, uint8_t *bytes)
{
    bb_store64(bytes, at);
    bb_store16(bytes + 10, meta->kind);
    bb_store32(bytes + 16, meta->magic);
    bb_store32(bytes + 20, meta->version);
    bb_store64(bytes + 24, meta->address);
    bb_store32(bytes + 40, meta->page_bytes);
    bb_store16(bytes + 44, (uint16_t)(meta->free_list.flags | FREE_IGNORED));
    bb_store16(bytes + 92, meta->main_tree.flags);
    bb_store64(bytes + 144, meta->transaction);
}
