/* tests/corrupt/damage.c - twelve kinds of damage to a whole file. */
#include "corrupt.h"

#include <pages/meta.h>

#include <unistd.h>

const char *const damage_names[DAMAGE_KINDS] = {
    "bit flips",   "byte runs",  "zeroed pages", "swapped pages",   "truncation", "extension",
    "stale pages", "torn metas", "wrong sizes",  "cyclic pointers", "free list",  "lock file"};

uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t draw_below(uint64_t *state, uint64_t below)
{
    return draw(state) % below;
}

typedef struct target {
    const world *all;
    uint8_t *bytes;
    size_t size;
    uint64_t pages;
    uint64_t *random;
} target;

static uint64_t below(target *file, uint64_t limit)
{
    return draw_below(file->random, limit);
}

static uint8_t *page_at(target *file, uint64_t number)
{
    return file->bytes + number * file->all->page_bytes;
}

static void flip_bits(target *file)
{
    for (uint64_t i = 1 + below(file, 8); i > 0; i--) {
        file->bytes[below(file, file->size)] ^= (uint8_t)(1u << below(file, 8));
    }
}

static void spoil_run(target *file)
{
    size_t at = below(file, file->size);
    size_t size = 1 + below(file, 4096);
    for (size_t i = at; i < file->size && i < at + size; i++) {
        file->bytes[i] = (uint8_t)draw(file->random);
    }
}

static void zero_pages(target *file)
{
    for (uint64_t i = 1 + below(file, 3); i > 0; i--) {
        memset(page_at(file, below(file, file->pages)), 0, file->all->page_bytes);
    }
}

static void swap_pages(target *file)
{
    uint8_t *one = page_at(file, below(file, file->pages));
    uint8_t *other = page_at(file, below(file, file->pages));
    for (size_t i = 0; i < file->all->page_bytes; i++) {
        uint8_t kept = one[i];
        one[i] = other[i];
        other[i] = kept;
    }
}

static void cut(target *file)
{
    file->size = below(file, 4) == 0 ? below(file, file->size)
                                     : below(file, file->pages) * file->all->page_bytes;
}

/* The buffer has room for it. */
static void extend(target *file)
{
    size_t more = 1 + below(file, 5 * file->all->page_bytes);
    for (size_t i = 0; i < more; i++) {
        file->bytes[file->size + i] = below(file, 2) == 0 ? 0 : (uint8_t)draw(file->random);
    }
    file->size += more;
}

static const image *older_image(target *file)
{
    return &file->all->images[below(file, file->all->image_count - 1)];
}

static void put_stale_pages(target *file)
{
    const image *older = older_image(file);
    for (uint64_t i = 1 + below(file, 4); i > 0; i--) {
        uint64_t number = below(file, older->size / file->all->page_bytes);
        memcpy(page_at(file, number), older->bytes + number * file->all->page_bytes,
               file->all->page_bytes);
    }
}

/* Part of the newer meta page is what the one before it was there, or nothing. */
static void tear_meta(target *file)
{
    uint64_t number = below(file, 2);
    size_t from = below(file, PAGES_META_BYTES);
    size_t size = 1 + below(file, PAGES_META_BYTES - from);
    const image *older = older_image(file);
    uint8_t *at = page_at(file, number) + from;
    if (below(file, 4) == 0) {
        memset(at, 0, size);
    } else {
        memcpy(at, older->bytes + number * file->all->page_bytes + from, size);
    }
}

/* A page of a kind that has nodes, or NULL. */
static uint8_t *page_with_nodes(target *file, unsigned kind)
{
    for (int tries = 0; tries < 200; tries++) {
        uint8_t *page = page_at(file, 2 + below(file, file->pages - 2));
        if (page_kind(page) == kind && page_slots(page, file->all->page_bytes) > 0) {
            return page;
        }
    }
    return NULL;
}

static void put_wrong_sizes(target *file)
{
    uint8_t *page = page_with_nodes(file, below(file, 4) == 0 ? PAGES_BRANCH : PAGES_LEAF);
    page_node node;
    if (page == NULL) {
        return;
    }
    unsigned slots = page_slots(page, file->all->page_bytes);
    unsigned slot = (unsigned)below(file, slots);
    if (!page_node_at(page, file->all->page_bytes, page_kind(page) == PAGES_LEAF, slot, &node)) {
        return;
    }
    static const unsigned places[] = {0, 2, 4, 6};
    if (below(file, 3) == 0) { /* the page's own borders, or a slot */
        bb_store16(page + (below(file, 2) == 0 ? 12 + 2 * below(file, 2) : 16 + 2 * slot),
                   (uint16_t)draw(file->random));
    } else {
        bb_store16(page + node.begin + places[below(file, 4)], (uint16_t)draw(file->random));
    }
}

static void put_cycle(target *file)
{
    uint8_t *page = page_with_nodes(file, below(file, 2) == 0 ? PAGES_BRANCH : PAGES_LEAF);
    page_node node;
    if (page == NULL) {
        return;
    }
    bool leaf = page_kind(page) == PAGES_LEAF;
    unsigned slots = page_slots(page, file->all->page_bytes);
    for (unsigned tries = 0; tries < 20; tries++) {
        unsigned slot = (unsigned)below(file, slots);
        uint64_t number = below(file, file->pages);
        if (!page_node_at(page, file->all->page_bytes, leaf, slot, &node)) {
            continue;
        }
        if (!leaf) {
            bb_store16(page + node.begin, (uint16_t)number);
            bb_store16(page + node.begin + 2, (uint16_t)(number >> 16));
            return;
        }
        if ((node.flags & PAGES_BIG) != 0) {
            bb_store64(page + (node.data - page), number);
            return;
        }
        if ((node.flags & PAGES_TREE) != 0) {
            bb_store64(page + (node.data - page) + 40, number);
            return;
        }
    }
}

static void damage_free_list(target *file)
{
    for (int tries = 0; tries < 400; tries++) {
        uint8_t *page = page_with_nodes(file, PAGES_LEAF);
        page_node node;
        if (page == NULL || !page_node_at(page, file->all->page_bytes, true, 0, &node) ||
            node.key_size != 8 || node.data_size < 16 || node.flags != 0) {
            continue;
        }
        uint8_t *list = page + (node.data - page);
        uint64_t entry = below(file, node.data_size / 8);
        bb_store64(list + 8 * entry,
                   below(file, 3) == 0 ? draw(file->random) : below(file, file->pages + 3));
        return;
    }
}

static void damage_lock(target *file)
{
    static uint8_t bytes[20000];
    char path[128];
    size_t size = below(file, sizeof bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)draw(file->random);
    }
    snprintf(path, sizeof path, "%s-lock", file->all->path);
    put_file(path, bytes, size);
}

void damage(const world *all, unsigned kind, uint64_t *random)
{
    static void (*const kinds[DAMAGE_KINDS])(target * file) = {
        flip_bits,        spoil_run,       zero_pages, swap_pages,      cut,
        extend,           put_stale_pages, tear_meta,  put_wrong_sizes, put_cycle,
        damage_free_list, damage_lock};
    const image *newest = world_newest(all);
    char lock[128];
    target file = {.all = all, .size = newest->size, .random = random};
    file.pages = newest->size / all->page_bytes;
    file.bytes = malloc(newest->size + 8 * all->page_bytes);
    if (file.bytes == NULL) {
        exit(2);
    }
    memcpy(file.bytes, newest->bytes, newest->size);
    snprintf(lock, sizeof lock, "%s-lock", all->path);
    unlink(lock);
    kinds[kind](&file);
    put_file(all->path, file.bytes, file.size);
    free(file.bytes);
}
