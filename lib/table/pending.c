/*
 * table/pending.c - a list of keys that is sorted once.
 *
 * The sort is a bottom-up merge sort over runs that are in order already: entries often come in
 * order or nearly so, and it is stable, which keeps entries of one key by age. Comparisons look at
 * the first eight bytes as a number and only then at the rest.
 */
#include "table/pending.h"

#include "base/bytes.h"
#include "base/error.h"

#include <stdlib.h>

#define ENTRIES_MAX 262144u
#define BYTES_MAX   (16u << 20)
#define RUN_HEAD    3u /* of an entry in a run: its size in two bytes, and whether it is added */

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
    return pending->count >= ENTRIES_MAX || pending->used >= BYTES_MAX;
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
        bool take_left =
            right == high || (left < middle && compare(&from[left], &from[right], bytes) <= 0);
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

static bool sort(index_pending *pending)
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

/* ------------------------------------------------------------------ runs */

static int no_memory(bbots_error *error)
{
    return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
}

static void forget_list(index_pending *pending)
{
    free(pending->entries);
    free(pending->spare);
    free(pending->bytes);
    pending->entries = NULL;
    pending->spare = NULL;
    pending->bytes = NULL;
    pending->count = 0;
    pending->room = 0;
    pending->spare_room = 0;
    pending->used = 0;
    pending->bytes_room = 0;
}

/* Puts the sorted entries behind what was spilled. */
static void write_run(index_pending *pending)
{
    uint8_t *at = pending->spilled.data + pending->spilled.used;
    for (size_t i = 0; i < pending->count; i++) {
        const pending_entry *entry = &pending->entries[i];
        bb_store16(at, entry->size);
        at[2] = entry->add;
        memcpy(at + RUN_HEAD, pending->bytes + entry->offset, entry->size);
        at += RUN_HEAD + entry->size;
    }
    pending->spilled.used = (size_t)(at - pending->spilled.data);
}

int pending_spill(index_pending *pending, bbots_error *error)
{
    if (pending->count == 0) {
        return BBOTS_OK;
    }
    size_t *ends = realloc(pending->run_ends, (pending->run_count + 1) * sizeof *ends);
    if (ends == NULL || !sort(pending)) {
        pending->run_ends = ends != NULL ? ends : pending->run_ends;
        return no_memory(error);
    }
    pending->run_ends = ends;
    size_t size = pending->used + RUN_HEAD * pending->count;
    int rc = bb_spill_reserve(&pending->spilled, size, error);
    if (rc == BBOTS_OK) {
        write_run(pending);
        ends[pending->run_count++] = pending->spilled.used;
        forget_list(pending);
    }
    return rc;
}

/* ------------------------------------------------------------------ reading runs */

/* Takes the next entry of a run in hand; false at its end. */
static bool step(pending_place *place)
{
    if (place->at == place->end) {
        return false;
    }
    place->key = (store_bytes){place->at + RUN_HEAD, bb_load16(place->at)};
    place->add = place->at[2] != 0;
    place->start = key_start(place->key.data, place->key.size);
    place->at += RUN_HEAD + place->key.size;
    return true;
}

static int compare_places(const pending_place *a, const pending_place *b)
{
    if (a->start != b->start) {
        return a->start < b->start ? -1 : 1;
    }
    size_t common = a->key.size < b->key.size ? a->key.size : b->key.size;
    int order = memcmp(a->key.data, b->key.data, common);
    return order != 0 ? order : (a->key.size > b->key.size) - (a->key.size < b->key.size);
}

/* Runs lie in the order of their age, and so do the places that they are read at. */
static bool comes_first(const pending_place *a, const pending_place *b)
{
    int order = compare_places(a, b);
    return order != 0 ? order < 0 : a->end < b->end;
}

static void sift_down(pending_reader *reader, size_t at)
{
    pending_place *places = reader->places;
    pending_place moved = places[at];
    for (size_t child = 2 * at + 1; child < reader->place_count; child = 2 * at + 1) {
        if (child + 1 < reader->place_count && comes_first(&places[child + 1], &places[child])) {
            child++;
        }
        if (comes_first(&moved, &places[child])) {
            break;
        }
        places[at] = places[child];
        at = child;
    }
    places[at] = moved;
}

/* The least entry's place goes on, or away. */
static void advance(pending_reader *reader)
{
    if (!step(&reader->places[0])) {
        reader->places[0] = reader->places[--reader->place_count];
    }
    if (reader->place_count > 1) {
        sift_down(reader, 0);
    }
}

int pending_read(pending_reader *reader, index_pending *pending, bbots_error *error)
{
    *reader = (pending_reader){.pending = pending};
    if (pending->run_count == 0) {
        return sort(pending) ? BBOTS_OK : no_memory(error);
    }
    int rc = pending_spill(pending, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    reader->places = calloc(pending->run_count, sizeof *reader->places);
    if (reader->places == NULL) {
        return no_memory(error);
    }
    for (size_t i = 0; i < pending->run_count; i++) {
        pending_place *place = &reader->places[i];
        place->at = pending->spilled.data + (i == 0 ? 0 : pending->run_ends[i - 1]);
        place->end = pending->spilled.data + pending->run_ends[i];
        (void)step(place); /* no run is empty */
    }
    reader->place_count = pending->run_count;
    for (size_t i = reader->place_count / 2; i-- > 0;) {
        sift_down(reader, i);
    }
    return BBOTS_OK;
}

void pending_read_end(pending_reader *reader)
{
    free(reader->places);
    reader->places = NULL;
}

/* ------------------------------------------------------------------ entries in order */

static bool next_in_memory(pending_reader *reader, store_bytes *key, bool *add)
{
    const index_pending *pending = reader->pending;
    const pending_entry *entries = pending->entries;
    while (reader->position < pending->count) {
        size_t first = reader->position;
        size_t last = first;
        while (last + 1 < pending->count &&
               compare(&entries[first], &entries[last + 1], pending->bytes) == 0) {
            last++;
        }
        reader->position = last + 1;
        if (entries[first].add == entries[last].add) {
            key->data = pending->bytes + entries[first].offset;
            key->size = entries[first].size;
            *add = entries[first].add;
            return true;
        }
    }
    return false;
}

static bool next_of_runs(pending_reader *reader, store_bytes *key, bool *add)
{
    while (reader->place_count > 0) {
        pending_place first = reader->places[0];
        bool last = first.add;
        advance(reader);
        while (reader->place_count > 0 && compare_places(&first, &reader->places[0]) == 0) {
            last = reader->places[0].add;
            advance(reader);
        }
        if (first.add == last) {
            *key = first.key;
            *add = last;
            return true;
        }
    }
    return false;
}

bool pending_next(pending_reader *reader, store_bytes *key, bool *add)
{
    return reader->places != NULL ? next_of_runs(reader, key, add)
                                  : next_in_memory(reader, key, add);
}

/* ------------------------------------------------------------------ the whole */

index_pending *pending_new(void)
{
    index_pending *pending = calloc(1, sizeof *pending);
    if (pending != NULL) {
        bb_spill_init(&pending->spilled, 0);
    }
    return pending;
}

size_t pending_memory(const index_pending *pending)
{
    return (pending->room + pending->spare_room) * sizeof *pending->entries + pending->bytes_room;
}

void pending_clear(index_pending *pending)
{
    pending->count = 0;
    pending->used = 0;
    pending->run_count = 0;
    bb_spill_free(&pending->spilled);
}

void pending_free(index_pending *pending)
{
    if (pending != NULL) {
        forget_list(pending);
        bb_spill_free(&pending->spilled);
        free(pending->run_ends);
        free(pending);
    }
}
