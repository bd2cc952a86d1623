/*
 * table/live_cells.c - the differences that a transaction has collected for one aggregate: a hash
 * table of cells, sorted once when they are written.
 */
#include "table/live.h"

#include "base/bytes.h"

#include <stdlib.h>

#define CELLS_MAX 65536u /* then they are written early: 20 MiB at most, mostly far less */
#define KEYS_MAX  (16u << 20)

live_cells *live_cells_new(const bbots_live *live)
{
    live_cells *cells = calloc(1, sizeof *cells);
    if (cells != NULL) {
        cells->stride = sizeof(live_cell) + live->sum_count * sizeof(live_number);
    }
    return cells;
}

void live_cells_free(live_cells *cells)
{
    if (cells != NULL) {
        free(cells->cells);
        free(cells->slots);
        free(cells->keys);
        free(cells);
    }
}

void live_cells_clear(live_cells *cells)
{
    cells->count = 0;
    cells->used = 0;
    if (cells->slots != NULL) {
        memset(cells->slots, 0, cells->slot_count * sizeof *cells->slots);
    }
}

bool live_cells_full(const live_cells *cells)
{
    return cells->count >= CELLS_MAX || cells->used >= KEYS_MAX;
}

/* ------------------------------------------------------------------ finding */

static bool grow_slots(live_cells *cells)
{
    size_t count = cells->slot_count == 0 ? 64 : cells->slot_count * 4;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < cells->count; i++) {
        size_t slot = live_cell_at(cells, i)->hash & (count - 1);
        while (slots[slot] != 0) {
            slot = (slot + 1) & (count - 1);
        }
        slots[slot] = (uint32_t)i + 1;
    }
    free(cells->slots);
    cells->slots = slots;
    cells->slot_count = count;
    return true;
}

static bool grow(uint8_t **memory, size_t *room, size_t needed, size_t first)
{
    size_t more = *room == 0 ? first : *room;
    while (more < needed) {
        more *= 2;
    }
    if (more == *room) {
        return true;
    }
    uint8_t *moved = realloc(*memory, more);
    if (moved == NULL) {
        return false;
    }
    *memory = moved;
    *room = more;
    return true;
}

static live_cell *new_cell(live_cells *cells, size_t slot, uint64_t hash, const uint8_t *key,
                           size_t size, size_t split_at)
{
    size_t room = cells->room * cells->stride;
    if (!grow(&cells->cells, &room, (cells->count + 1) * cells->stride, 64 * cells->stride) ||
        !grow(&cells->keys, &cells->keys_room, cells->used + size + 8, 4096)) {
        return NULL;
    }
    cells->room = room / cells->stride;
    live_cell *cell = live_cell_at(cells, cells->count);
    memset(cell, 0, cells->stride);
    cell->hash = hash;
    cell->key_at = (uint32_t)cells->used;
    cell->key_size = (uint16_t)size;
    cell->split_at = (uint16_t)split_at;
    memcpy(cells->keys + cells->used, key, size);
    cells->used += size;
    cells->slots[slot] = (uint32_t)++cells->count;
    return cell;
}

live_cell *live_cells_find(live_cells *cells, const uint8_t *key, size_t size, size_t split_at)
{
    uint64_t hash = bb_hash64(key, size);
    if (cells->count * 2 >= cells->slot_count && !grow_slots(cells)) {
        return NULL;
    }
    size_t slot = hash & (cells->slot_count - 1);
    while (cells->slots[slot] != 0) {
        live_cell *cell = live_cell_at(cells, cells->slots[slot] - 1);
        if (cell->hash == hash && cell->key_size == size &&
            memcmp(cells->keys + cell->key_at, key, size) == 0) {
            return cell;
        }
        slot = (slot + 1) & (cells->slot_count - 1);
    }
    return new_cell(cells, slot, hash, key, size, split_at);
}

/* ------------------------------------------------------------------ order */

static int compare(const live_cells *cells, const live_place *a, const live_place *b)
{
    if (a->start != b->start) {
        return a->start < b->start ? -1 : 1;
    }
    const live_cell *one = live_cell_at(cells, a->cell);
    const live_cell *two = live_cell_at(cells, b->cell);
    size_t common = one->key_size < two->key_size ? one->key_size : two->key_size;
    int order = memcmp(cells->keys + one->key_at, cells->keys + two->key_at, common);
    return order != 0 ? order : (one->key_size > two->key_size) - (one->key_size < two->key_size);
}

static void merge(const live_cells *cells, const live_place *from, live_place *to, size_t low,
                  size_t middle, size_t high)
{
    size_t left = low;
    size_t right = middle;
    for (size_t at = low; at < high; at++) {
        bool take_left =
            right == high || (left < middle && compare(cells, &from[left], &from[right]) <= 0);
        to[at] = from[take_left ? left++ : right++];
    }
}

static uint64_t key_start(const live_cells *cells, const live_cell *cell)
{
    uint8_t first[8] = {0};
    memcpy(first, cells->keys + cell->key_at, cell->key_size < 8 ? cell->key_size : 8);
    return bb_load64_big(first);
}

bool live_cells_sort(const live_cells *cells, live_places *places)
{
    size_t count = cells->count;
    places->memory = malloc(3 * count * sizeof(live_place));
    if (places->memory == NULL) {
        return false;
    }
    live_place *from = places->memory;
    live_place *to = from + count;
    for (size_t i = 0; i < count; i++) {
        from[i] = (live_place){key_start(cells, live_cell_at(cells, i)), (uint32_t)i};
    }
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low < count; low += 2 * width) {
            size_t middle = low + width < count ? low + width : count;
            size_t high = low + 2 * width < count ? low + 2 * width : count;
            merge(cells, from, to, low, middle, high);
        }
        live_place *swap = from;
        from = to;
        to = swap;
    }
    places->by_key = from;
    places->by_bucket = to;
    places->spare = places->memory + 2 * count;
    return true;
}

void live_places_free(live_places *places)
{
    free(places->memory);
}

/* Byte by byte from the lowest, which keeps the order of equal ones; bytes that all share cost nothing. */
void live_places_sort(live_places *places, size_t count)
{
    uint64_t differ = 0;
    for (size_t i = 1; i < count; i++) {
        differ |= places->by_bucket[i].start ^ places->by_bucket[0].start;
    }
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t ends[257] = {0};
        if ((differ >> shift & 255) == 0) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            ends[(places->by_bucket[i].start >> shift & 255) + 1]++;
        }
        for (unsigned i = 1; i < 256; i++) {
            ends[i] += ends[i - 1];
        }
        for (size_t i = 0; i < count; i++) {
            places->spare[ends[places->by_bucket[i].start >> shift & 255]++] = places->by_bucket[i];
        }
        live_place *swap = places->by_bucket;
        places->by_bucket = places->spare;
        places->spare = swap;
    }
}
