/*
 * table/pending.c - a list of keys that is sorted once.
 *
 * The sort is a bottom-up merge sort over runs that are in order already: entries often come in
 * order or nearly so, and it is stable, which keeps entries of one key by age. Comparisons look at
 * the first eight bytes as a number and only then at the rest.
 */
#include "table/pending.h"

#include "base/bytes.h"

#include <stdlib.h>

#ifndef PENDING_ENTRIES_MAX /* 1 writes every entry at once: docs/decisions/0003 */
#define PENDING_ENTRIES_MAX 262144u
#endif
#define BYTES_MAX (16u << 20)

static bool grow(void **memory, size_t *room, size_t needed, size_t unit)
{
    if (needed <= *room) {
        return true;
    }
    size_t more = *room == 0 ? 64 : *room * 2;
    while (more < needed) {
        more *= 2;
    }
    void *moved = realloc(*memory, more * unit);
    if (moved == NULL) {
        return false;
    }
    *memory = moved;
    *room = more;
    return true;
}

static uint64_t key_start(const uint8_t *key, size_t size)
{
    uint8_t first[8] = {0};
    if (size >= 8) {
        return bb_load64_big(key);
    }
    memcpy(first, key, size);
    return bb_load64_big(first);
}

bool pending_note(index_pending *pending, const uint8_t *key, size_t size, bool add)
{
    if (!grow((void **)&pending->entries, &pending->room, pending->count + 1,
              sizeof *pending->entries) ||
        !grow((void **)&pending->bytes, &pending->bytes_room, pending->used + size, 1)) {
        return false;
    }
    pending_entry *entry = &pending->entries[pending->count++];
    entry->start = key_start(key, size);
    entry->offset = (uint32_t)pending->used;
    entry->size = (uint16_t)size;
    entry->add = add;
    memcpy(pending->bytes + pending->used, key, size);
    pending->used += size;
    return true;
}

bool pending_is_full(const index_pending *pending)
{
    return pending->count >= PENDING_ENTRIES_MAX || pending->used >= BYTES_MAX;
}

static int compare(const pending_entry *a, const pending_entry *b, const uint8_t *bytes)
{
    if (a->start != b->start) {
        return a->start < b->start ? -1 : 1;
    }
    size_t common = a->size < b->size ? a->size : b->size;
    int order = common > 8 ? memcmp(bytes + a->offset + 8, bytes + b->offset + 8, common - 8) : 0;
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* Merges the neighbours from[low, middle) and from[middle, high) into to[low, high). */
static void merge(const pending_entry *from, pending_entry *to, size_t low, size_t middle,
                  size_t high, const uint8_t *bytes)
{
    size_t left = low;
    size_t right = middle;
    for (size_t at = low; at < high; at++) {
        bool take_left = right == high ||
                         (left < middle && compare(&from[left], &from[right], bytes) <= 0);
        to[at] = from[take_left ? left++ : right++];
    }
}

/* Short runs are sorted where they lie. */
static void sort_run(pending_entry *entries, size_t count, const uint8_t *bytes)
{
    for (size_t i = 1; i < count; i++) {
        pending_entry moved = entries[i];
        size_t at = i;
        while (at > 0 && compare(&entries[at - 1], &moved, bytes) > 0) {
            entries[at] = entries[at - 1];
            at--;
        }
        entries[at] = moved;
    }
}

static bool is_sorted(const index_pending *pending)
{
    for (size_t i = 1; i < pending->count; i++) {
        if (compare(&pending->entries[i - 1], &pending->entries[i], pending->bytes) > 0) {
            return false;
        }
    }
    return true;
}

bool pending_sort(index_pending *pending)
{
    const size_t run = 8;
    size_t count = pending->count;
    if (is_sorted(pending)) {
        return true;
    }
    if (!grow((void **)&pending->spare, &pending->spare_room, pending->room,
              sizeof *pending->spare)) {
        return false;
    }
    for (size_t at = 0; at < count; at += run) {
        sort_run(pending->entries + at, count - at < run ? count - at : run, pending->bytes);
    }
    for (size_t width = run; width < count; width *= 2) {
        for (size_t low = 0; low < count; low += 2 * width) {
            size_t middle = low + width < count ? low + width : count;
            size_t high = low + 2 * width < count ? low + 2 * width : count;
            merge(pending->entries, pending->spare, low, middle, high, pending->bytes);
        }
        pending_entry *swap = pending->entries;
        pending->entries = pending->spare;
        pending->spare = swap;
        size_t room = pending->room;
        pending->room = pending->spare_room;
        pending->spare_room = room;
    }
    return true;
}

bool pending_next(const index_pending *pending, size_t *position, store_bytes *key, bool *add)
{
    const pending_entry *entries = pending->entries;
    while (*position < pending->count) {
        size_t first = *position;
        size_t last = first;
        while (last + 1 < pending->count &&
               compare(&entries[first], &entries[last + 1], pending->bytes) == 0) {
            last++;
        }
        *position = last + 1;
        if (entries[first].add == entries[last].add) {
            key->data = pending->bytes + entries[first].offset;
            key->size = entries[first].size;
            *add = entries[first].add;
            return true;
        }
    }
    return false;
}

void pending_clear(index_pending *pending)
{
    pending->count = 0;
    pending->used = 0;
}

void pending_free(index_pending *pending)
{
    if (pending != NULL) {
        free(pending->entries);
        free(pending->spare);
        free(pending->bytes);
        free(pending);
    }
}
