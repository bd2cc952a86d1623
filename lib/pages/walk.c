/*
 * pages/walk.c - the structural walk.
 *
 * The free list first, then the main tree, then each tree whose record lies in the main tree. Every
 * page that is met is marked; to meet one twice is a fault, so no cycle and no shared page can keep
 * the walk from ending, and no page is looked at more than once. The way down is a list of levels,
 * as long as LMDB's own, and no recursion.
 *
 * Speed: leaves that lie one behind the other are read together, since that is how a tree that
 * was filled in order lies in the file; and values in overflow runs are not read at all.
 */
#include "pages/internal.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH_PAGES    32u
#define PROGRESS_STEPS 8192u

/* ------------------------------------------------------------------ reporting and marking */

static const char *shown_tree(const pages_walker *walk, char buffer[BB_QUOTE_MAX])
{
    return walk->kind == WALK_FREE_LIST ? "the free list"
           : walk->kind == WALK_MAIN    ? "the main tree"
                                        : bb_quote(walk->name, walk->name_size, buffer);
}

static int report(pages_walker *walk, const pages_fault *fault)
{
    const pages_walk_options *options = walk->options;
    return options->on_fault != NULL && options->on_fault(fault, options->context) != 0 ? BBOTS_END
                                                                                        : BBOTS_OK;
}

int pages_report(pages_walker *walk, uint64_t page, const char *format, ...)
{
    char message[160];
    char tree[BB_QUOTE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    pages_fault fault = {.page = page, .tree = shown_tree(walk, tree), .message = message};
    walk->faulty = true;
    walk->result->faults++;
    return report(walk, &fault);
}

static bool is_marked(const pages_walker *walk, uint64_t page)
{
    return (walk->seen[page / 8] >> page % 8 & 1) != 0;
}

/* Marks pages as met. False, and nothing is marked, when one lies outside or was met before. */
static bool mark_pages(pages_walker *walk, uint64_t first, uint64_t count)
{
    if (first < 2 || first > walk->meta->last_page || count > walk->meta->last_page + 1 - first) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (is_marked(walk, first + i)) {
            return false;
        }
    }
    for (uint64_t i = 0; i < count; i++) {
        walk->seen[(first + i) / 8] |= (uint8_t)(1u << (first + i) % 8);
    }
    return true;
}

/* Marks pages of a tree, which have to be in the file. *good: it may be followed. */
static int take(pages_walker *walk, uint64_t from, uint64_t first, uint64_t count, bool *good)
{
    *good = false;
    if (first > walk->meta->last_page || first >= walk->source->page_count ||
        count > walk->source->page_count - first) {
        return pages_report(walk, from, "it leads to page %llu, which lies outside the file",
                            (unsigned long long)first);
    }
    if (!mark_pages(walk, first, count)) {
        return pages_report(walk, from, "it leads to page %llu, which is used twice or free",
                            (unsigned long long)first);
    }
    walk->result->used += count;
    *good = true;
    return BBOTS_OK;
}

static int progress(pages_walker *walk)
{
    const pages_walk_options *options = walk->options;
    return ++walk->steps % PROGRESS_STEPS == 0 && options->on_progress != NULL &&
                   options->on_progress(walk->result->used, walk->source->page_count,
                                        options->context) != 0
               ? BBOTS_END
               : BBOTS_OK;
}

/* A page that ends before the file did when the walk began. */
static int cut_off(pages_walker *walk, int rc, uint64_t page)
{
    return rc == BBOTS_END ? pages_report(walk, page, "the file was cut off meanwhile") : rc;
}

/* ------------------------------------------------------------------ leaves */

static int note_tree(pages_walker *walk, const page_node *node)
{
    if (walk->tree_count == walk->tree_room) {
        size_t room = walk->tree_room * 2 + 64;
        walk_tree *trees = realloc(walk->trees, room * sizeof *trees);
        if (trees == NULL) {
            return bb_fail(walk->error, BBOTS_NO_MEMORY, "out of memory");
        }
        walk->trees = trees;
        walk->tree_room = room;
    }
    if (walk->names_room - walk->names_size < node->key_size) {
        size_t room = walk->names_room * 2 + 4096;
        char *names = realloc(walk->names, room);
        if (names == NULL) {
            return bb_fail(walk->error, BBOTS_NO_MEMORY, "out of memory");
        }
        walk->names = names;
        walk->names_room = room;
    }
    walk->trees[walk->tree_count++] =
        (walk_tree){page_tree_read(node->data), walk->names_size, node->key_size};
    memcpy(walk->names + walk->names_size, node->key, node->key_size);
    walk->names_size += node->key_size;
    return BBOTS_OK;
}

/* An overflow run: its header, and that it is long enough. *first: where it begins. */
static int take_run(pages_walker *walk, uint64_t from, const page_node *node, bool *good)
{
    uint8_t header[PAGES_HEADER];
    uint64_t first = bb_load64(node->data);
    *good = false;
    if (first < 2 || first >= walk->source->page_count) {
        return pages_report(walk, from, "it leads to page %llu, which lies outside the file",
                            (unsigned long long)first);
    }
    int rc = pages_read_bytes(walk->source, first * walk->source->page_bytes, sizeof header, header,
                              walk->error);
    if (rc != BBOTS_OK) {
        return cut_off(walk, rc, first);
    }
    uint64_t count = page_run(header);
    if (page_number(header) != first || page_kind(header) != PAGES_OVERFLOW ||
        count < page_run_needed(node->data_size, walk->source->page_bytes)) {
        return pages_report(walk, first, "it does not begin the run of pages of a large value");
    }
    walk->seen_record.overflows += count;
    return take(walk, from, first, count, good);
}

/* The pages that one record of the free list names: their number, then they, descending. */
static int take_free(pages_walker *walk, uint64_t from, const uint8_t *list, uint64_t size)
{
    uint64_t count = size < 8 ? 0 : bb_load64(list);
    uint64_t before = PAGES_NONE;
    if (size < 8 || size % 8 != 0 || count > size / 8 - 1) {
        return pages_report(walk, from, "a record of the free list has a wrong size");
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t page = bb_load64(list + 8 + 8 * i);
        if (page >= before || !mark_pages(walk, page, 1)) {
            return pages_report(walk, from,
                                "page %llu is out of order in the free list, or used, or outside",
                                (unsigned long long)page);
        }
        walk->result->free++;
        before = page;
    }
    return BBOTS_OK;
}

static int take_free_run(pages_walker *walk, uint64_t from, const page_node *node)
{
    const uint64_t first = bb_load64(node->data) * walk->source->page_bytes + PAGES_HEADER;
    uint8_t *list = malloc(node->data_size);
    if (list == NULL) {
        return bb_fail(walk->error, BBOTS_NO_MEMORY, "out of memory");
    }
    int rc = pages_read_bytes(walk->source, first, node->data_size, list, walk->error);
    rc = rc == BBOTS_OK ? take_free(walk, from, list, node->data_size) : cut_off(walk, rc, from);
    free(list);
    return rc;
}

static int follow_node(pages_walker *walk, uint64_t number, const page_node *node)
{
    bool good = true;
    int rc = BBOTS_OK;
    if ((node->flags & PAGES_BIG) != 0) {
        rc = take_run(walk, number, node, &good);
    }
    if (rc != BBOTS_OK || !good) {
        return rc;
    }
    if (walk->kind == WALK_FREE_LIST) {
        return (node->flags & PAGES_BIG) != 0
                   ? take_free_run(walk, number, node)
                   : take_free(walk, number, node->data, node->data_size);
    }
    return (node->flags & PAGES_TREE) != 0 ? note_tree(walk, node) : BBOTS_OK;
}

static int visit_leaf(pages_walker *walk, const uint8_t *page, uint64_t number, pages_key lower,
                      pages_key upper)
{
    bool sound;
    int rc = pages_check(walk, page, number, true, lower, upper, &sound);
    if (rc != BBOTS_OK || !sound) {
        return rc;
    }
    unsigned slots = page_slots(page, walk->source->page_bytes);
    walk->seen_record.leaves++;
    walk->seen_record.entries += slots;
    const pages_walk_options *options = walk->options;
    if (walk->kind != WALK_FREE_LIST && options->on_leaf != NULL &&
        options->on_leaf(walk->kind == WALK_TREE ? walk->name : "", walk->name_size, page,
                         options->context) != 0) {
        return BBOTS_END;
    }
    for (unsigned slot = 0; slot < slots && rc == BBOTS_OK; slot++) {
        page_node node;
        page_node_at(page, walk->source->page_bytes, true, slot, &node);
        if (node.flags != 0 || walk->kind == WALK_FREE_LIST) {
            rc = follow_node(walk, number, &node);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ the way down */

/* How many children from a slot on lie one behind the other in the file. */
static uint64_t run_of_children(const pages_walker *walk, const walk_level *level, unsigned slot,
                                uint64_t first)
{
    uint64_t count = 1;
    while (count < BATCH_PAGES && slot + count < level->slots &&
           first + count < walk->source->page_count) {
        page_node node;
        page_node_at(level->page, walk->source->page_bytes, false, slot + (unsigned)count, &node);
        if (node.child != first + count) {
            break;
        }
        count++;
    }
    return count;
}

/* A leaf's bytes; parent is NULL when it is the root. */
static int read_leaf(pages_walker *walk, const walk_level *parent, unsigned slot, uint64_t number,
                     const uint8_t **page)
{
    size_t page_bytes = walk->source->page_bytes;
    if (number < walk->batch_first || number - walk->batch_first >= walk->batch_count) {
        uint64_t count = parent != NULL ? run_of_children(walk, parent, slot, number) : 1;
        walk->batch_count = 0;
        int rc =
            pages_read(walk->source, number, count, walk->batch, &walk->batch_pages, walk->error);
        if (rc != BBOTS_OK) {
            return rc;
        }
        walk->batch_first = number;
        walk->batch_count = count;
    }
    *page = walk->batch_pages + (number - walk->batch_first) * page_bytes;
    return BBOTS_OK;
}

static int enter_branch(pages_walker *walk, walk_level *level, uint64_t number, pages_key lower,
                        pages_key upper, bool *sound)
{
    size_t page_bytes = walk->source->page_bytes;
    if (level->buffer == NULL && walk->source->memory == NULL) {
        level->buffer = malloc(page_bytes);
        if (level->buffer == NULL) {
            return bb_fail(walk->error, BBOTS_NO_MEMORY, "out of memory");
        }
    }
    *sound = false;
    int rc = pages_read(walk->source, number, 1, level->buffer, &level->page, walk->error);
    if (rc != BBOTS_OK) {
        return cut_off(walk, rc, number);
    }
    rc = pages_check(walk, level->page, number, false, lower, upper, sound);
    level->number = number;
    level->slot = 0;
    level->slots = page_slots(level->page, page_bytes);
    level->lower = lower;
    level->upper = upper;
    walk->seen_record.branches += *sound;
    return rc;
}

/* One page down: takes the next child of a level. *entered: it is a sound branch. */
static int next_child(pages_walker *walk, unsigned depth, bool *entered)
{
    walk_level *level = &walk->levels[depth];
    size_t page_bytes = walk->source->page_bytes;
    unsigned slot = level->slot++;
    page_node node;
    page_node after;
    bool good;
    *entered = false;
    page_node_at(level->page, page_bytes, false, slot, &node);
    int rc = take(walk, level->number, node.child, 1, &good);
    if (rc != BBOTS_OK || !good) {
        return rc;
    }
    pages_key lower = slot > 0 ? (pages_key){node.key, node.key_size} : level->lower;
    pages_key upper = level->upper;
    if (slot + 1 < level->slots) {
        page_node_at(level->page, page_bytes, false, slot + 1, &after);
        upper = (pages_key){after.key, after.key_size};
    }
    if (depth + 2u < walk->record.depth) {
        return enter_branch(walk, level + 1, node.child, lower, upper, entered);
    }
    const uint8_t *page;
    rc = read_leaf(walk, level, slot, node.child, &page);
    return rc == BBOTS_OK ? visit_leaf(walk, page, node.child, lower, upper)
                          : cut_off(walk, rc, node.child);
}

static int descend(pages_walker *walk)
{
    static const pages_key none = {NULL, 0};
    const uint8_t *page;
    bool good;
    int rc = take(walk, PAGES_NONE, walk->record.root, 1, &good);
    if (rc != BBOTS_OK || !good) {
        return rc;
    }
    if (walk->record.depth == 1) {
        rc = read_leaf(walk, NULL, 0, walk->record.root, &page);
        return rc == BBOTS_OK ? visit_leaf(walk, page, walk->record.root, none, none)
                              : cut_off(walk, rc, walk->record.root);
    }
    unsigned depth = 0;
    rc = enter_branch(walk, &walk->levels[0], walk->record.root, none, none, &good);
    bool inside = good;
    while (rc == BBOTS_OK && inside) {
        bool entered = false;
        if (walk->levels[depth].slot < walk->levels[depth].slots) {
            rc = next_child(walk, depth, &entered);
            depth += entered;
        } else if (depth > 0) {
            depth--;
        } else {
            inside = false;
        }
        rc = rc == BBOTS_OK ? progress(walk) : rc;
    }
    return rc;
}

/* ------------------------------------------------------------------ trees */

static int check_record(pages_walker *walk, bool *good)
{
    const page_tree *record = &walk->record;
    *good = false;
    if (record->flags != (walk->kind == WALK_FREE_LIST ? walk->meta->free_list.flags : 0)) {
        return pages_report(walk, PAGES_NONE, "its record has flags that none of ours has");
    }
    if (record->depth > PAGES_DEPTH_MAX || (record->depth == 0) != (record->root == PAGES_NONE)) {
        return pages_report(walk, PAGES_NONE, "its record has a depth that does not fit its root");
    }
    *good = true;
    return BBOTS_OK;
}

static int check_counts(pages_walker *walk)
{
    const page_tree *said = &walk->record;
    const page_tree *seen = &walk->seen_record;
    if (walk->faulty || (said->branches == seen->branches && said->leaves == seen->leaves &&
                         said->overflows == seen->overflows && said->entries == seen->entries)) {
        return BBOTS_OK;
    }
    return pages_report(walk, PAGES_NONE, "its record counts other pages or entries than it has");
}

static int walk_tree_of(pages_walker *walk, enum walk_kind kind, const page_tree *record,
                        const char *name, size_t name_size)
{
    bool good;
    walk->kind = kind;
    walk->record = *record;
    walk->name = name;
    walk->name_size = name_size;
    walk->faulty = false;
    memset(&walk->seen_record, 0, sizeof walk->seen_record);
    int rc = check_record(walk, &good);
    if (rc == BBOTS_OK && good) {
        rc = record->depth == 0 ? BBOTS_OK : descend(walk);
        rc = rc == BBOTS_OK ? check_counts(walk) : rc;
    }
    walk->result->trees++;
    walk->result->entries += kind == WALK_FREE_LIST ? 0 : walk->seen_record.entries;
    return rc;
}

/* What neither a tree nor the free list has met. */
static int check_lost(pages_walker *walk)
{
    const pages_walk_options *options = walk->options;
    uint64_t first = PAGES_NONE;
    int rc = BBOTS_OK;
    for (uint64_t page = 2; page < walk->limit && rc == BBOTS_OK; page++) {
        if (is_marked(walk, page)) {
            continue;
        }
        first = first == PAGES_NONE ? page : first;
        walk->result->lost++;
        if (options->on_lost != NULL && page < walk->source->page_count &&
            options->on_lost(page, options->context) != 0) {
            rc = BBOTS_END;
        }
    }
    if (rc == BBOTS_OK && walk->result->lost > 0 && walk->result->faults == 0) {
        char message[96];
        pages_fault fault = {.page = first, .tree = "", .message = message, .harmless = true};
        snprintf(message, sizeof message, "%llu pages are neither used nor free",
                 (unsigned long long)walk->result->lost);
        rc = report(walk, &fault);
    }
    return rc;
}

static int walk_all(pages_walker *walk)
{
    int rc = walk_tree_of(walk, WALK_FREE_LIST, &walk->meta->free_list, NULL, 0);
    walk->result->free_known = rc == BBOTS_OK && !walk->faulty;
    if (rc == BBOTS_OK) {
        rc = walk_tree_of(walk, WALK_MAIN, &walk->meta->main_tree, NULL, 0);
    }
    for (size_t t = 0; t < walk->tree_count && rc == BBOTS_OK; t++) {
        const walk_tree *tree = &walk->trees[t];
        rc =
            walk_tree_of(walk, WALK_TREE, &tree->record, walk->names + tree->name, tree->name_size);
    }
    return rc == BBOTS_OK ? check_lost(walk) : rc;
}

int pages_walk(const pages_source *source, const pages_meta *meta,
               const pages_walk_options *options, pages_walk_result *result, bbots_error *error)
{
    pages_walker *walk = calloc(1, sizeof *walk);
    memset(result, 0, sizeof *result);
    result->used = 2;
    if (walk == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    walk->source = source;
    walk->meta = meta;
    walk->options = options;
    walk->result = result;
    walk->error = error;
    walk->limit = meta->last_page + 1;
    walk->seen = calloc(walk->limit / 8 + 1, 1);
    walk->cover = malloc(source->page_bytes / 16);
    walk->batch = malloc((size_t)BATCH_PAGES * source->page_bytes);
    int rc = walk->seen == NULL || walk->cover == NULL || walk->batch == NULL
                 ? bb_fail(error, BBOTS_NO_MEMORY, "out of memory")
                 : walk_all(walk);
    for (unsigned level = 0; level < PAGES_DEPTH_MAX; level++) {
        free(walk->levels[level].buffer);
    }
    free(walk->seen);
    free(walk->cover);
    free(walk->batch);
    free(walk->trees);
    free(walk->names);
    free(walk);
    return rc;
}
