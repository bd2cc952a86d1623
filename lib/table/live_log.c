/*
 * table/live_log.c - what a transaction has noted for one aggregate: an entry for each row that
 * came or went, in the order in which that happened.
 *
 * Nothing is looked up when a row is noted. Entries are put in order once, when they are written,
 * and those of one line of a block then come one after the other.
 */
#include "table/live.h"

#include "base/bytes.h"

#include <stdlib.h>

#define ENTRIES_MAX 65536u /* then they are written early: mostly some 8 MiB, 16 at most */
#define BYTES_MAX   (16u << 20)

live_log *live_log_new(void)
{
    return calloc(1, sizeof(live_log));
}

void live_log_free(live_log *log)
{
    if (log != NULL) {
        free(log->bytes);
        free(log);
    }
}

void live_log_clear(live_log *log)
{
    log->count = 0;
    log->used = 0;
    log->long_by = false;
}

bool live_log_full(const live_log *log)
{
    return log->count >= ENTRIES_MAX || log->used >= BYTES_MAX;
}

/* ------------------------------------------------------------------ adding */

static size_t size_most(const bbots_live *live)
{
    return sizeof(live_entry) + live->sum_count * sizeof(int64_t) + SCHEMA_LIVE_KEY_MAX +
           SCHEMA_LIVE_SPLIT_MAX + 8;
}

static bool make_room(live_log *log, size_t more)
{
    if (log->room - log->used >= more) {
        return true;
    }
    size_t room = 2 * log->room + 4 * more;
    uint8_t *moved = realloc(log->bytes, room);
    if (moved != NULL) {
        log->bytes = moved;
        log->room = room;
    }
    return moved != NULL;
}

bool live_log_add(live_log *log, const bbots_live *live, live_row *hand, int sign)
{
    live_cell cell;
    if (!make_room(log, size_most(live))) {
        return false;
    }
    live_entry *entry = (live_entry *)(void *)(log->bytes + log->used);
    uint8_t *by = (uint8_t *)(entry->sums + live->sum_count);
    if (!live_row_cell(live, hand, by, &cell)) {
        return true;
    }
    for (unsigned i = 0; i < live->sum_count; i++) {
        const bbots_value *value = live_row_value(hand, live->sums[i]);
        entry->sums[i] = value->kind != BBOTS_NULL ? value->integer : 0;
    }
    entry->bucket = cell.bucket;
    entry->by_size = (uint16_t)cell.by_size;
    entry->split_size = (uint16_t)cell.split_size;
    entry->sign = sign;
    size_t size = (size_t)(by - (uint8_t *)entry) + cell.by_size + cell.split_size;
    memset((uint8_t *)entry + size, 0, 8); /* the first eight bytes of `by` are read as one */
    log->used += (size + 7) / 8 * 8;
    log->long_by = log->long_by || cell.by_size > 8;
    log->count++;
    return true;
}

/* ------------------------------------------------------------------ order */

/*
 * Orders by start, byte by byte from the lowest, which keeps the order of equal ones; bytes that
 * all share cost nothing.
 */
void live_order_by_start(live_order *order, size_t count)
{
    uint64_t differ = 0;
    for (size_t i = 1; i < count; i++) {
        differ |= order->places[i].start ^ order->places[0].start;
    }
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t ends[257] = {0};
        if ((differ >> shift & 255) == 0) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            ends[(order->places[i].start >> shift & 255) + 1]++;
        }
        for (unsigned i = 1; i < 256; i++) {
            ends[i] += ends[i - 1];
        }
        for (size_t i = 0; i < count; i++) {
            order->spare[ends[order->places[i].start >> shift & 255]++] = order->places[i];
        }
        live_place *swap = order->places;
        order->places = order->spare;
        order->spare = swap;
    }
}

static int compare(const live_log *log, const bbots_live *live, const live_place *a,
                   const live_place *b)
{
    if (a->start != b->start) {
        return a->start < b->start ? -1 : 1;
    }
    const live_entry *one = live_entry_at(log, a);
    const live_entry *two = live_entry_at(log, b);
    size_t common = one->by_size < two->by_size ? one->by_size : two->by_size;
    int result = memcmp(live_entry_by(live, one), live_entry_by(live, two), common);
    return result != 0 ? result : (one->by_size > two->by_size) - (one->by_size < two->by_size);
}

/* `by` values longer than eight bytes: their starts tell most of the order, not all. */
static void order_by_compare(const live_log *log, const bbots_live *live, live_order *order)
{
    size_t count = log->count;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low < count; low += 2 * width) {
            size_t middle = low + width < count ? low + width : count;
            size_t high = low + 2 * width < count ? low + 2 * width : count;
            size_t left = low;
            size_t right = middle;
            for (size_t at = low; at < high; at++) {
                bool take_left =
                    right == high || (left < middle && compare(log, live, &order->places[left],
                                                               &order->places[right]) <= 0);
                order->spare[at] = order->places[take_left ? left++ : right++];
            }
        }
        live_place *swap = order->places;
        order->places = order->spare;
        order->spare = swap;
    }
}

bool live_order_begin(live_order *order, const live_log *log, const bbots_live *live)
{
    order->memory = malloc(2 * log->count * sizeof *order->memory);
    order->places = order->memory;
    order->spare = order->memory + log->count;
    if (order->memory == NULL) {
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; i < log->count; i++) {
        live_place *place = &order->places[i];
        place->at = (uint32_t)at;
        const live_entry *entry = live_entry_at(log, place);
        /* Fewer bytes are all of one size, or end in a zero: what follows them decides nothing. */
        place->start = bb_load64_big(live_entry_by(live, entry));
        if (entry->by_size < 8) {
            place->start &= entry->by_size != 0 ? ~(UINT64_MAX >> 8 * entry->by_size) : 0;
        }
        at += live_entry_size(live, entry);
    }
    if (log->long_by) {
        order_by_compare(log, live, order);
    } else {
        live_order_by_start(order, log->count);
    }
    return true;
}

void live_order_end(live_order *order)
{
    free(order->memory);
}
