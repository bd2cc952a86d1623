/* pages/internal.h - a walk under way: what walk.c and check.c share. Nothing else includes it. */
#ifndef PAGES_INTERNAL_H
#define PAGES_INTERNAL_H

#include "pages/walk.h"

/* A key, or none (data NULL). */
typedef struct pages_key {
    const uint8_t *data;
    size_t size;
} pages_key;

/* A branch on the way down. */
typedef struct walk_level {
    uint8_t *buffer; /* of one page, kept for the next tree */
    const uint8_t *page;
    uint64_t number;
    unsigned slot; /* that comes next */
    unsigned slots;
    pages_key lower; /* keys below are not less than this ... */
    pages_key upper; /* ... and less than this */
} walk_level;

/* A tree whose record was met in the main tree. */
typedef struct walk_tree {
    page_tree record;
    size_t name; /* where its name begins among the names */
    size_t name_size;
} walk_tree;

enum walk_kind { WALK_FREE_LIST, WALK_MAIN, WALK_TREE };

typedef struct pages_walker {
    const pages_source *source;
    const pages_meta *meta;
    const pages_walk_options *options;
    pages_walk_result *result;
    bbots_error *error;
    uint64_t limit; /* pages that are told apart: those of the file and those up to the last one */
    uint8_t *seen;  /* a bit a page: used or free */
    uint64_t steps;

    walk_level levels[PAGES_DEPTH_MAX];
    uint8_t *batch; /* leaves that were read together */
    const uint8_t *batch_pages;
    uint64_t batch_first;
    uint64_t batch_count;
    uint8_t *cover; /* of a page: a bit for each two bytes that belong to a node */

    /* The tree under way: */
    enum walk_kind kind;
    page_tree record;
    const char *name; /* of WALK_TREE */
    size_t name_size;
    page_tree seen_record; /* what was counted */
    bool faulty;

    /* Trees that were met: */
    walk_tree *trees;
    size_t tree_count;
    size_t tree_room;
    char *names;
    size_t names_size;
    size_t names_room;
} pages_walker;

/* Reports a fault of the tree under way. BBOTS_OK to go on, BBOTS_END to stop. */
int pages_report(pages_walker *walk, uint64_t page, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Judges a page by itself: header, slots, nodes, order and borders of keys. *sound: whether it can
 * be followed; if not, that was reported (check.c).
 */
int pages_check(pages_walker *walk, const uint8_t *page, uint64_t number, bool leaf,
                pages_key lower, pages_key upper, bool *sound);

#endif
