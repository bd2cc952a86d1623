/*
 * pages/meta.h - the two meta pages: what a file says of itself, and whether that can be.
 */
#ifndef PAGES_META_H
#define PAGES_META_H

#include "pages/page.h"
#include "pages/source.h"

#define PAGES_META_VERSION 1u   /* LMDB 0.9 */
#define PAGES_META_BYTES   152u /* of a meta page that say something */

typedef struct pages_meta {
    unsigned at; /* the page it lies on: 0 or 1 */
    uint64_t number;
    uint16_t kind;
    uint32_t magic;
    uint32_t version;
    uint64_t address;
    uint32_t page_bytes;
    page_tree free_list;
    page_tree main_tree;
    uint64_t last_page; /* the last that was ever used */
    uint64_t transaction;
} pages_meta;

/* Reads PAGES_META_BYTES of meta page `at`. */
pages_meta pages_meta_read(const uint8_t *bytes, unsigned at);

/* Whether the page says at all that it is LMDB's: magic, and a page size that can be. */
bool pages_meta_is_known(const pages_meta *meta);

/*
 * NULL, or the rule that the page breaks by itself, whatever the rest of the file is: a sentence's
 * end. page_count: of the file.
 */
const char *pages_meta_fault(const pages_meta *meta, uint64_t page_count);

/*
 * The same page with everything set right that is the same in every meta page. What it says of
 * this file (trees, last page, transaction) stays.
 */
pages_meta pages_meta_mend(const pages_meta *meta, uint32_t page_bytes);

/* Whether two agree in what pages_meta_mend() sets, and in the transaction. */
bool pages_meta_same(const pages_meta *a, const pages_meta *b);

/*
 * Writes what pages_meta_mend() sets, and the transaction, into PAGES_META_BYTES that were read
 * from the page `meta` was read from, so that they can be written to meta page `at`.
 */
void pages_meta_write(const pages_meta *meta, unsigned at, uint8_t *bytes);

/*
 * Looks for a key of up to PAGES_KEY_MAX bytes in the main tree of a meta page and reads a value
 * of exactly `size` bytes that lies beside it. BBOTS_OK, BBOTS_NOT_FOUND (also: of another size);
 * BBOTS_CORRUPTED: the way there is damaged; BBOTS_IO; BBOTS_NO_MEMORY.
 */
int pages_meta_find(const pages_source *source, const pages_meta *meta, const char *key,
                    uint8_t *value, size_t size, bbots_error *error);

#endif
