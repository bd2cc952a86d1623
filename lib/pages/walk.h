/*
 * pages/walk.h - every page of a file is reachable or free, exactly once: the structural walk.
 */
#ifndef PAGES_WALK_H
#define PAGES_WALK_H

#include "pages/meta.h"

/* What is wrong, and where. */
typedef struct pages_fault {
    uint64_t page;       /* PAGES_NONE: no single one */
    const char *tree;    /* "the free list", "the main tree", or a quoted name; "" */
    const char *message; /* the rule that is broken: a sentence */
    bool harmless;       /* pages are lost, and nothing else */
} pages_fault;

typedef struct pages_walk_options {
    /* Each may be NULL. Strings and pages live during the call; a result other than 0 stops. */
    int (*on_fault)(const pages_fault *fault, void *context);
    /* A leaf without a fault in itself; the main tree's has the name "", the free list's none. */
    int (*on_leaf)(const char *name, size_t name_size, const uint8_t *page, void *context);
    /* After each tree, a page that no tree reached and that is not free either. */
    int (*on_lost)(uint64_t page, void *context);
    int (*on_progress)(uint64_t done, uint64_t total, void *context);
    void *context;
} pages_walk_options;

typedef struct pages_walk_result {
    uint64_t used; /* pages that trees reach, the two meta pages among them */
    uint64_t free;
    uint64_t lost; /* neither, though the file has them */
    uint64_t trees;
    uint64_t entries; /* of all trees but the free list */
    uint64_t faults;  /* harmless ones not counted */
    bool free_known;  /* the free list is whole: a lost page is not a free one */
} pages_walk_result;

/*
 * Walks the trees of a meta page that pages_meta_fault() had nothing against. A fault ends the way
 * into the pages below it, not the walk: what can still be reached is walked and reported.
 *
 * BBOTS_OK, also with faults; BBOTS_END when a callback stopped it; BBOTS_IO; BBOTS_NO_MEMORY.
 */
int pages_walk(const pages_source *source, const pages_meta *meta,
               const pages_walk_options *options, pages_walk_result *result, bbots_error *error);

#endif
