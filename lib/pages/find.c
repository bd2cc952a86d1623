/*
 * pages/find.c - from the root to a leaf, and to a slot in it.
 *
 * A look-up's time is the memory that it has to wait for. LMDB's binary search touches some five
 * cache lines of a leaf whose keys lie a row apart. Keys of 4 or 8 bytes are mostly serial numbers,
 * evenly spread between the keys that the branch above names as the leaf's bounds; so their slot is
 * guessed from these bounds before the leaf was touched, and the search goes on from there. A guess
 * that is wrong costs a step or two, never the answer.
 */
#include "pages/find.h"

#include <bbots/error.h>

/* A key that is looked for, and between which keys it is known to be when it is a number. */
typedef struct search {
    const uint8_t *key;
    size_t size;
    uint64_t start; /* its first 8 bytes as a number, or all of its 4 */
    uint64_t end;   /* its last 8 bytes, when it has 9 to 16 */
    uint64_t low;   /* not greater than the first key of the page */
    uint64_t high;  /* greater than its last */
    bool numeric;   /* 4 or 8 bytes: start is the whole key */
    bool low_known;
    bool high_known;
} search;

/* A page and the slots of it that are left to look at. */
typedef struct spot {
    const uint8_t *page;
    unsigned page_bytes;
    bool cold;      /* a leaf whose rows were not asked for yet */
    unsigned first; /* all slots before it have lesser keys */
    unsigned past;  /* none from here on has a lesser one */
} spot;

/* The key of a slot, or NULL when it does not lie in the page. */
static inline const uint8_t *slot_key(const spot *at, unsigned slot, size_t *size)
{
    size_t begin = bb_load16(at->page + PAGES_HEADER + 2 * (size_t)slot) + PAGES_NODE_HEADER;
    if (begin > at->page_bytes) {
        return NULL;
    }
    const uint8_t *key = at->page + begin;
    *size = bb_load16(key - 2);
    return begin + *size <= at->page_bytes ? key : NULL;
}

static inline uint64_t start_of(const uint8_t *key, size_t size)
{
    return size == 4 ? bb_load32_big(key) : bb_load64_big(key);
}

/* The key of a slot against the one looked for: below 0 when it is less. False: a bad node. */
static inline bool compare_slot(const spot *at, const search *wanted, unsigned slot, int *order)
{
    size_t size;
    const uint8_t *key = slot_key(at, slot, &size);
    if (key == NULL) {
        return false;
    }
    bool comparable = wanted->numeric ? size == wanted->size : size >= 8 && wanted->size >= 8;
    uint64_t start = comparable ? start_of(key, size) : wanted->start;
    if (start != wanted->start) {
        *order = start < wanted->start ? -1 : 1;
    } else if (comparable && wanted->numeric) {
        *order = 0;
    } else if (size == wanted->size && size > 8 && size <= 16) {
        uint64_t end = bb_load64_big(key + size - 8);
        *order = (end > wanted->end) - (end < wanted->end);
    } else {
        *order = page_key_compare(key, size, wanted->key, wanted->size);
    }
    return true;
}

static unsigned guess_slot(const spot *at, const search *wanted)
{
    uint64_t span = wanted->high - wanted->low;
    uint64_t within = wanted->start - wanted->low;
    unsigned slots = at->past - at->first;
    while (span > UINT32_MAX) { /* so that the product fits */
        span >>= 8;
        within >>= 8;
    }
    uint64_t guess = span != 0 ? within * slots / span : 0;
    return at->first + (guess < slots ? (unsigned)guess : slots - 1);
}

/* Bounds that no branch above has told are the page's own first and last key. */
static bool know_bounds(const spot *at, search *wanted)
{
    size_t size;
    if (!wanted->low_known) {
        const uint8_t *key = slot_key(at, at->first, &size);
        wanted->low_known = key != NULL && size == wanted->size;
        wanted->low = wanted->low_known ? start_of(key, size) : 0;
    }
    if (!wanted->high_known) {
        const uint8_t *key = slot_key(at, at->past - 1, &size);
        wanted->high_known = key != NULL && size == wanted->size;
        wanted->high = wanted->high_known ? start_of(key, size) + 1 : 0;
    }
    return wanted->low_known && wanted->high_known && wanted->low <= wanted->start &&
           wanted->start < wanted->high;
}

/*
 * A function that does nothing but ask for memory has no effect that the compiler knows of: unless it
 * is inlined, its calls are left out.
 */
#define ASKING static inline __attribute__((always_inline)) void

#define LINE      64u  /* bytes that memory hands out together */
#define ROW_USUAL 256u /* as much of a row as is asked for */

ASKING ask_for(const uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i += LINE) {
        __builtin_prefetch(at + i);
    }
}

/* A node of a leaf that will be read if the guess was right, as far as a row of usual size reaches. */
ASKING ask_for_slot(const spot *leaf, unsigned slot)
{
    size_t begin = bb_load16(leaf->page + PAGES_HEADER + 2 * (size_t)slot);
    if (begin < leaf->page_bytes) {
        size_t left = leaf->page_bytes - begin;
        ask_for(leaf->page + begin, left < ROW_USUAL ? left : ROW_USUAL);
    }
}

/*
 * Narrows the slots to none: `first` is then the first whose key is not less. *exact: it is equal.
 * Begins at the guess and widens its steps, so that a guess that is near is as good as right.
 */
static bool narrow(spot *at, const search *wanted, bool *exact)
{
    search bounds = *wanted; /* what a page tells of itself does not hold for the next one */
    bool guessing = wanted->numeric && at->past - at->first > 4 && know_bounds(at, &bounds);
    unsigned step = 1;
    *exact = false;
    unsigned slot = guessing ? guess_slot(at, &bounds) : 0;
    if (guessing && at->cold) {
        ask_for_slot(at, slot);
    }
    while (at->first < at->past) {
        int order;
        if (!guessing) {
            slot = at->first + (at->past - at->first) / 2;
        }
        if (!compare_slot(at, wanted, slot, &order)) {
            return false;
        }
        if (order == 0) {
            at->first = at->past = slot;
            *exact = true;
        } else if (order < 0) {
            at->first = slot + 1;
            slot = at->past - at->first > step ? at->first + step - 1 : at->past - 1;
        } else {
            at->past = slot;
            slot = at->past - at->first > step ? at->past - step : at->first;
        }
        guessing = guessing && step < 4;
        step *= 2;
    }
    return true;
}

/* ------------------------------------------------------------------ down the tree */

static bool open_spot(const pages_memory *memory, uint64_t number, bool leaf, spot *at)
{
    at->page = pages_at(memory, number, leaf ? PAGES_LEAF : PAGES_BRANCH);
    at->page_bytes = memory->page_bytes;
    at->cold = leaf;
    at->first = leaf ? 0 : 1; /* a branch's first key counts for less than all others */
    at->past = at->page != NULL ? page_slots(at->page, memory->page_bytes) : 0;
    return at->past > at->first;
}

/* Takes the bounds of the child that a slot of a branch leads to. */
static void take_bounds(const spot *branch, unsigned slots, unsigned slot, search *wanted)
{
    size_t size = 0;
    const uint8_t *key = slot > 0 ? slot_key(branch, slot, &size) : NULL;
    if (key != NULL && size == wanted->size) {
        wanted->low = start_of(key, size);
        wanted->low_known = true;
    }
    key = slot + 1 < slots ? slot_key(branch, slot + 1, &size) : NULL;
    if (key != NULL && size == wanted->size) {
        wanted->high = start_of(key, size);
        wanted->high_known = true;
    }
}

/* From the root to the number of the leaf where the key would be. */
static bool find_leaf(const pages_memory *memory, const page_tree *tree, search *wanted,
                      uint64_t *leaf)
{
    uint64_t number = tree->root;
    for (unsigned level = 1; level < tree->depth; level++) {
        spot branch;
        page_node node;
        bool exact;
        if (!open_spot(memory, number, false, &branch)) {
            return false;
        }
        unsigned slots = branch.past;
        if (!narrow(&branch, wanted, &exact)) {
            return false;
        }
        unsigned slot = exact ? branch.first : branch.first - 1;
        if (!page_node_at(branch.page, memory->page_bytes, false, slot, &node)) {
            return false;
        }
        if (wanted->numeric) {
            take_bounds(&branch, slots, slot, wanted);
        }
        number = node.child;
    }
    *leaf = number;
    return true;
}

/*
 * Asks for the row before the leaf itself was touched, so that both are waited for together. Serial
 * numbers mostly fill a leaf without gaps, one behind the other from its end on, in rows of about one
 * size: then bounds and number tell where a row is, give or take a line.
 */
ASKING ask_ahead(const pages_memory *memory, uint64_t number, const search *wanted)
{
    uint64_t rows = wanted->high - wanted->low;
    uint64_t row = wanted->start - wanted->low;
    if (!wanted->numeric || !wanted->low_known || !wanted->high_known || row >= rows ||
        rows > memory->page_bytes / LINE || number >= memory->page_count) {
        return;
    }
    size_t each = (memory->page_bytes - PAGES_HEADER) / (size_t)rows;
    size_t begin = memory->page_bytes - ((size_t)row + 1) * each;
    size_t end =
        begin + each + LINE < memory->page_bytes ? begin + each + LINE : memory->page_bytes;
    begin = begin > PAGES_HEADER + LINE ? begin - LINE : PAGES_HEADER;
    ask_for(memory->bytes + number * memory->page_bytes + begin,
            end - begin < 2 * ROW_USUAL ? end - begin : 2 * ROW_USUAL);
}

static bool descend(const pages_memory *memory, const page_tree *tree, search *wanted, spot *leaf)
{
    uint64_t number;
    if (!find_leaf(memory, tree, wanted, &number)) {
        return false;
    }
    ask_ahead(memory, number, wanted);
    return open_spot(memory, number, true, leaf);
}

static search make_search(const uint8_t *key, size_t size)
{
    search wanted = {.key = key, .size = size, .numeric = size == 4 || size == 8};
    if (size == 4 || size >= 8) {
        wanted.start = start_of(key, size);
    }
    if (size > 8 && size <= 16) {
        wanted.end = bb_load64_big(key + size - 8);
    }
    return wanted;
}

static bool can_follow(const page_tree *tree)
{
    return tree->depth != 0 && tree->depth <= PAGES_DEPTH_MAX;
}

int pages_get(const pages_memory *memory, const page_tree *tree, const uint8_t *key, size_t size,
              pages_entry *found)
{
    search wanted = make_search(key, size);
    spot leaf;
    bool exact;
    if (tree->root == PAGES_NONE) {
        return BBOTS_NOT_FOUND;
    }
    if (!can_follow(tree) || !descend(memory, tree, &wanted, &leaf) ||
        !narrow(&leaf, &wanted, &exact)) {
        return BBOTS_CORRUPTED;
    }
    if (!exact) {
        return BBOTS_NOT_FOUND;
    }
    return pages_entry_at(memory, leaf.page, leaf.first, found) ? BBOTS_OK : BBOTS_CORRUPTED;
}

int pages_seek(const pages_memory *memory, const page_tree *tree, const uint8_t *key, size_t size,
               pages_entry *found)
{
    search wanted = make_search(key, size);
    spot leaf;
    bool exact;
    if (tree->root == PAGES_NONE) {
        return BBOTS_END;
    }
    if (!can_follow(tree) || !descend(memory, tree, &wanted, &leaf)) {
        return BBOTS_CORRUPTED;
    }
    unsigned slots = leaf.past;
    if (!narrow(&leaf, &wanted, &exact)) {
        return BBOTS_CORRUPTED;
    }
    if (leaf.first == slots) {
        return BBOTS_END;
    }
    return pages_entry_at(memory, leaf.page, leaf.first, found) ? BBOTS_OK : BBOTS_CORRUPTED;
}

/* ------------------------------------------------------------------ many at once */

/* Of a leaf the header and the first slots; false when there is no such page. */
static bool ask_for_slots(const pages_memory *memory, uint64_t leaf)
{
    if (leaf >= memory->page_count) {
        return false;
    }
    ask_for(memory->bytes + leaf * memory->page_bytes, 2 * LINE);
    return true;
}

/* The node that the guess leads to, as far as a row of usual size reaches. */
ASKING ask_for_node(const pages_memory *memory, uint64_t number, const search *wanted)
{
    spot leaf;
    if (!wanted->low_known || !wanted->high_known || wanted->start < wanted->low ||
        wanted->start >= wanted->high || !open_spot(memory, number, true, &leaf)) {
        return;
    }
    ask_for_slot(&leaf, guess_slot(&leaf, wanted));
}

int pages_get_many(const pages_memory *memory, const page_tree *tree, pages_entry *found,
                   unsigned count)
{
    search wanted[PAGES_MANY];
    uint64_t leaves[PAGES_MANY];
    for (unsigned i = 0; i < count; i++) {
        found[i].value = NULL;
        found[i].value_size = 0;
    }
    if (tree->root == PAGES_NONE) {
        return BBOTS_OK;
    }
    if (!can_follow(tree)) {
        return BBOTS_CORRUPTED;
    }
    for (unsigned i = 0; i < count; i++) {
        wanted[i] = make_search(found[i].key, found[i].key_size);
        if (!find_leaf(memory, tree, &wanted[i], &leaves[i]) || !ask_for_slots(memory, leaves[i])) {
            return BBOTS_CORRUPTED;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        ask_for_node(memory, leaves[i], &wanted[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        spot leaf;
        bool exact;
        if (!open_spot(memory, leaves[i], true, &leaf)) {
            return BBOTS_CORRUPTED;
        }
        leaf.cold = false;
        if (!narrow(&leaf, &wanted[i], &exact) ||
            (exact && !pages_entry_at(memory, leaf.page, leaf.first, &found[i]))) {
            return BBOTS_CORRUPTED;
        }
    }
    return BBOTS_OK;
}
