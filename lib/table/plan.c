/*
 * table/plan.c - a set of rows and a queue, both of any size.
 *
 * The set is a hash table with open addressing over the rows' places. A slot holds a place and 24
 * bits of the key's hash, so that a row is looked at when it is most likely the one.
 */
#include "table/plan.h"

#include "base/hash.h"

#include <stddef.h>
#include <string.h>

#define ROWS_MEMORY_MAX   ((size_t)4 << 20)
#define SLOTS_MEMORY_MAX  ((size_t)4 << 20)
#define EVENTS_MEMORY_MAX ((size_t)1 << 20)
#define SLOTS_FIRST       ((size_t)64)

/* Rows begin at multiples of this, which leaves the lowest bits of a place free. */
#define ROW_UNIT   _Alignof(plan_row)
#define PLACE_BITS 40u /* of a slot: a place in units, plus one, so that 0 is an empty slot */
#define PLACE_MASK ((UINT64_C(1) << PLACE_BITS) - 1)
#define EVENT_LONG UINT64_C(1) /* in an event's place: two sets of columns follow */

void plan_init(plan *all)
{
    memset(all, 0, sizeof *all);
    bb_spill_init(&all->rows, ROWS_MEMORY_MAX);
    bb_spill_init(&all->slots, SLOTS_MEMORY_MAX);
    bb_spill_init(&all->events, EVENTS_MEMORY_MAX);
}

void plan_free(plan *all)
{
    bb_spill_free(&all->rows);
    bb_spill_free(&all->slots);
    bb_spill_free(&all->events);
}

/* ------------------------------------------------------------------ the hash table */

static uint64_t hash_key(uint16_t table, const void *key, size_t size)
{
    return bb_hash64(key, size) + table * UINT64_C(0x9E3779B97F4A7C15);
}

static uint64_t slot_of(uint64_t hash, uint64_t place)
{
    return (hash & ~PLACE_MASK) | (place / ROW_UNIT + 1);
}

static uint64_t place_in(uint64_t slot)
{
    return ((slot & PLACE_MASK) - 1) * ROW_UNIT;
}

static bool is_row(const plan *all, uint64_t slot, uint64_t hash, uint16_t table, store_bytes key)
{
    if ((slot & ~PLACE_MASK) != (hash & ~PLACE_MASK)) {
        return false;
    }
    const plan_row *row = plan_at(all, place_in(slot));
    return row->table == table && row->key_size == key.size &&
           memcmp(row->key, key.data, key.size) == 0;
}

/* The slot of a row, or the empty one in which it would be. There is always one. */
static uint64_t *find_slot(const plan *all, uint64_t hash, uint16_t table, store_bytes key)
{
    uint64_t *slots = (uint64_t *)(void *)all->slots.data;
    size_t at = hash & (all->slot_count - 1);
    while (slots[at] != 0 && !is_row(all, slots[at], hash, table, key)) {
        at = (at + 1) & (all->slot_count - 1);
    }
    return &slots[at];
}

static int grow_slots(plan *all, bbots_error *error)
{
    bb_spill grown;
    size_t count = all->slot_count == 0 ? SLOTS_FIRST : all->slot_count * 2;
    uint64_t place = 0;
    uint64_t here = 0;
    const plan_row *row;
    bb_spill_init(&grown, SLOTS_MEMORY_MAX);
    int rc = bb_spill_add_zeroes(&grown, count * sizeof(uint64_t), error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    uint64_t *slots = (uint64_t *)(void *)grown.data;
    while ((row = plan_next(all, &place)) != NULL) {
        uint64_t hash = hash_key(row->table, row->key, row->key_size);
        size_t at = hash & (count - 1);
        while (slots[at] != 0) {
            at = (at + 1) & (count - 1);
        }
        slots[at] = slot_of(hash, here);
        here = place;
    }
    bb_spill_free(&all->slots);
    all->slots = grown;
    all->slot_count = count;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ rows */

static size_t row_room(size_t key_size)
{
    return (offsetof(plan_row, key) + key_size + ROW_UNIT - 1) / ROW_UNIT * ROW_UNIT;
}

const plan_row *plan_find(const plan *all, uint16_t table, store_bytes key)
{
    if (all->slot_count == 0) {
        return NULL;
    }
    uint64_t slot = *find_slot(all, hash_key(table, key.data, key.size), table, key);
    return slot != 0 ? plan_at(all, place_in(slot)) : NULL;
}

int plan_enter(plan *all, uint16_t table, store_bytes key, uint64_t *place, bbots_error *error)
{
    uint64_t hash = hash_key(table, key.data, key.size);
    if (all->row_count >= all->slot_count / 3 * 2) {
        int rc = grow_slots(all, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
    uint64_t *slot = find_slot(all, hash, table, key);
    if (*slot != 0) {
        *place = place_in(*slot);
        return BBOTS_OK;
    }
    *place = all->rows.used;
    int rc = bb_spill_add_zeroes(&all->rows, row_room(key.size), error);
    if (rc == BBOTS_OK) {
        plan_row *row = plan_at(all, *place);
        row->table = table;
        row->key_size = (uint16_t)key.size;
        memcpy(row->key, key.data, key.size);
        *slot = slot_of(hash, *place);
        all->row_count++;
    }
    return rc;
}

const plan_row *plan_next(const plan *all, uint64_t *place)
{
    if (*place >= all->rows.used) {
        return NULL;
    }
    const plan_row *row = plan_at(all, *place);
    *place += row_room(row->key_size);
    return row;
}

void plan_pass(plan *all, uint64_t place)
{
    bb_spill_pass(&all->rows, place);
}

/* ------------------------------------------------------------------ the queue */

int plan_queue(plan *all, const plan_event *event, bbots_error *error)
{
    bool whole = event->before != 0 || event->changed != 0;
    uint64_t words[] = {event->row | (whole ? EVENT_LONG : 0), event->before, event->changed};
    size_t size = whole ? sizeof words : sizeof *words;
    int rc = bb_spill_reserve(&all->events, size, error);
    if (rc == BBOTS_OK) {
        memcpy(all->events.data + all->events.used, words, size);
        all->events.used += size;
    }
    return rc;
}

bool plan_take(plan *all, plan_event *event)
{
    uint64_t words[3] = {0, 0, 0};
    if (all->next_event >= all->events.used) {
        return false;
    }
    const uint8_t *at = all->events.data + all->next_event;
    memcpy(words, at, sizeof *words);
    if ((words[0] & EVENT_LONG) != 0) {
        memcpy(words, at, sizeof words);
    }
    all->next_event += (words[0] & EVENT_LONG) != 0 ? sizeof words : sizeof *words;
    *event = (plan_event){words[0] & ~EVENT_LONG, words[1], words[2]};
    bb_spill_pass(&all->events, all->next_event);
    bb_spill_pass(&all->rows, event->row);
    return true;
}
