/*
 * table/summary_group.c - the groups of a summary: found by the key of their values, at the end
 * put in the order of these.
 *
 * The key is that of an index on the group's columns (codec/key.h): equal values have equal bytes,
 * -0 is 0, every NaN one NaN, null its own. Key order is SQL's order with nulls last, except of
 * long keys, of which only the beginning is there; those are compared value by value.
 *
 * Groups are never moved and never freed one by one, so they lie in an arena with their copies of
 * texts. The hash table is searched slot by slot and at most three quarters full. There may be more
 * groups than a processor's cache holds, so its slots tell by themselves which group is none.
 */
#include "table/summary.h"

#include "base/bytes.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ room for one more */

#define GROUPS_MAX (UINT32_MAX / 2)

/* The first free slot for a hash. */
static summary_slot *free_slot(summary_slot *slots, size_t count, uint32_t hash)
{
    size_t at = hash & (count - 1);
    while (slots[at].number != 0) {
        at = (at + 1) & (count - 1);
    }
    return &slots[at];
}

bool summary_grow_slots(bbots_summary *summary)
{
    size_t count = summary->slots == NULL ? 64 : summary->slot_count * 4;
    summary_slot *slots = calloc(count, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < summary->slot_count; i++) {
        if (summary->slots[i].number != 0) {
            *free_slot(slots, count, summary->slots[i].hash) = summary->slots[i];
        }
    }
    free(summary->slots);
    summary->slots = slots;
    summary->slot_count = count;
    return true;
}

/* Room for so many more groups. */
static bool make_room(bbots_summary *summary, size_t more)
{
    size_t count = summary->count + more;
    size_t room = summary->room == 0 ? 64 : summary->room;
    bool fine = count <= GROUPS_MAX;
    while (room < count) {
        room *= 2;
    }
    if (fine && room != summary->room) {
        summary_group **moved = realloc(summary->groups, room * sizeof *moved);
        fine = moved != NULL;
        summary->groups = fine ? moved : summary->groups;
        summary->room = fine ? room : summary->room;
    }
    while (fine && count * 4 > summary->slot_count * 3) {
        fine = summary_grow_slots(summary);
    }
    return fine;
}

static bool is_bytes(const bbots_value *value)
{
    return value->kind == BBOTS_TEXT || value->kind == BBOTS_BYTES || value->kind == BBOTS_SEALED;
}

/* ------------------------------------------------------------------ finding */

static inline uint64_t word(const uint8_t *key, size_t number)
{
    return bb_load64(key + 8 * number);
}

static inline bool has_key(const bbots_summary *summary, summary_group *group, const uint8_t *key,
                           size_t size)
{
    const uint8_t *own = summary_key(summary, group);
    size_t words = summary_key_words(size);
    if (group->key_size != size ||
        ((word(own, 0) ^ word(key, 0)) | (word(own, 1) ^ word(key, 1)))) {
        return false;
    }
    if (words == 4) {
        return ((word(own, 2) ^ word(key, 2)) | (word(own, 3) ^ word(key, 3))) == 0;
    }
    for (size_t i = 2; i < words; i++) {
        if (word(own, i) != word(key, i)) {
            return false;
        }
    }
    return true;
}

#define ODD_1 UINT64_C(0x9e3779b97f4a7c15)
#define ODD_2 UINT64_C(0xbf58476d1ce4e5b9)
#define ODD_3 UINT64_C(0x94d049bb133111eb)
#define ODD_4 UINT64_C(0xd6e8feb86659fd93)

/* Of the words of a key: for a table of this summary only, never stored. */
uint32_t summary_hash(const uint8_t *key, size_t size)
{
    size_t words = summary_key_words(size);
    uint64_t hash = size + word(key, 0) * ODD_1 + word(key, 1) * ODD_2;
    if (words > 2) {
        hash += word(key, 2) * ODD_3 + word(key, 3) * ODD_4;
    }
    hash ^= hash >> 32;
    for (size_t i = 4; i < words; i++) {
        hash = (hash ^ word(key, i)) * ODD_1;
        hash ^= hash >> 32;
    }
    return (uint32_t)hash;
}

summary_group *summary_find_group(bbots_summary *summary, const uint8_t *key, size_t size,
                                  uint32_t hash)
{
    size_t at = hash & (summary->slot_count - 1);
    for (; summary->slots[at].number != 0; at = (at + 1) & (summary->slot_count - 1)) {
        if (summary->slots[at].hash == hash) {
            summary_group *group = summary->groups[summary->slots[at].number - 1];
            if (has_key(summary, group, key, size)) {
                return group;
            }
        }
    }
    return NULL;
}

/* There is room. */
static void take_in(bbots_summary *summary, summary_group *group, uint32_t hash)
{
    summary->groups[summary->count++] = group;
    *free_slot(summary->slots, summary->slot_count, hash) =
        (summary_slot){hash, (uint32_t)summary->count};
}

summary_group *summary_make_group(bbots_summary *summary, const bbots_value *values,
                                  const uint8_t *key, size_t size, uint32_t hash)
{
    size_t fixed = sizeof(summary_group) + summary->measure_count * sizeof(summary_number) +
                   summary->column_count * sizeof(bbots_value);
    size_t words = 8 * summary_key_words(size);
    summary_group *group = bb_arena_alloc(&summary->arena, fixed + words);
    if (group == NULL || !make_room(summary, 1)) {
        return NULL;
    }
    memset(group, 0, fixed);
    group->key_size = (uint32_t)size;
    memcpy(summary_key(summary, group), key, words);
    for (unsigned g = 0; g < summary->column_count; g++) {
        bbots_value *own = &summary_values(summary, group)[g];
        *own = values[g];
        if (is_bytes(own)) {
            own->data = bb_arena_copy(&summary->arena, values[g].data, values[g].size);
            if (own->data == NULL) {
                return NULL;
            }
        }
    }
    take_in(summary, group, hash);
    return group;
}

int summary_group_of(bbots_summary *summary, const bbots_value *values, summary_group **found,
                     bbots_error *error)
{
    uint8_t key[SUMMARY_KEY_ROOM];
    summary_begin_key(key);
    size_t size =
        codec_key_encode(summary->table, summary->columns, summary->column_count, values, key);
    summary_end_key(key, size);
    uint32_t hash = summary_hash(key, size);
    *found = summary_find_group(summary, key, size, hash);
    if (*found == NULL) {
        *found = summary_make_group(summary, values, key, size, hash);
    }
    return *found != NULL ? BBOTS_OK : bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
}

/* ------------------------------------------------------------------ parts */

static void add_cells(const bbots_summary_query *query, summary_group *into,
                      const summary_group *part)
{
    for (unsigned m = 0; m < query->measure_count; m++) {
        if ((part->any >> m & 1) != 0) {
            summary_add(&into->cells[m], (into->any >> m & 1) == 0, query->measures[m].kind,
                        part->cells[m]);
        }
    }
    into->any |= part->any;
}

int summary_merge(bbots_summary *into, bbots_summary *part, const bbots_summary_query *query,
                  bbots_error *error)
{
    bool room = make_room(into, part->count);
    /*
     * By slots, not by groups: they are in the order of the slots where these will be looked for. Room
     * for all was made before, for what comes in this order would crowd the first slots of a table that
     * is too small.
     */
    for (size_t i = 0; room && i < part->slot_count; i++) {
        summary_slot slot = part->slots[i];
        if (slot.number == 0) {
            continue;
        }
        summary_group *group = part->groups[slot.number - 1];
        summary_group *same =
            summary_find_group(into, summary_key(part, group), group->key_size, slot.hash);
        if (same != NULL) {
            add_cells(query, same, group);
        } else {
            take_in(into, group, slot.hash); /* it stays where it lies */
        }
    }
    part->next_part = into->next_part;
    into->next_part = part;
    return room ? BBOTS_OK : bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
}

/* ------------------------------------------------------------------ order */

/*
 * Groups can be as many as rows, and a comparison that follows two pointers is a miss of the cache or
 * two. So they are sorted by the first bytes of their keys, which lie beside the pointer, and only
 * those that agree in these are looked at.
 */
typedef struct sort_entry {
    uint64_t lead;
    summary_group *group;
} sort_entry;

static int compare_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t common = a_size < b_size ? a_size : b_size;
    int order = common != 0 ? memcmp(a, b, common) : 0;
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_values(const bbots_table *table, uint8_t column, const bbots_value *a,
                          const bbots_value *b)
{
    uint8_t a_key[CODEC_KEY_MAX];
    uint8_t b_key[CODEC_KEY_MAX];
    if (is_bytes(a) && is_bytes(b)) {
        return compare_bytes(a->data, a->size, b->data, b->size);
    }
    size_t a_size = codec_key_encode(table, &column, 1, a, a_key);
    size_t b_size = codec_key_encode(table, &column, 1, b, b_key);
    return compare_bytes(a_key, a_size, b_key, b_size);
}

static int compare_groups(const void *first, const void *second, void *context)
{
    summary_group *a = ((const sort_entry *)first)->group;
    summary_group *b = ((const sort_entry *)second)->group;
    const bbots_summary *summary = context;
    int order = 0;
    if (a->key_size < CODEC_KEY_MAX && b->key_size < CODEC_KEY_MAX) {
        return compare_bytes(summary_key(summary, a), a->key_size, summary_key(summary, b),
                             b->key_size);
    }
    for (unsigned g = 0; g < summary->column_count && order == 0; g++) {
        order = compare_values(summary->table, summary->columns[g], &summary_values(summary, a)[g],
                               &summary_values(summary, b)[g]);
    }
    return order;
}

/* One byte's turn: entries go from one place to another in the order of that byte. */
static void sort_by_byte(const sort_entry *from, sort_entry *to, size_t count, unsigned shift)
{
    size_t starts[256] = {0};
    size_t start = 0;
    for (size_t i = 0; i < count; i++) {
        starts[from[i].lead >> shift & 0xff]++;
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        size_t here = starts[byte];
        starts[byte] = start;
        start += here;
    }
    for (size_t i = 0; i < count; i++) {
        to[starts[from[i].lead >> shift & 0xff]++] = from[i];
    }
}

/*
 * Sorts by the first eight bytes of keys, a byte at a time from the last one, leaving out bytes
 * that are the same in all. Returns which of the two places the result lies in.
 */
static sort_entry *sort_by_lead(sort_entry *entries, sort_entry *other, size_t count)
{
    uint64_t differing = 0;
    for (size_t i = 1; i < count; i++) {
        differing |= entries[i].lead ^ entries[0].lead;
    }
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if ((differing >> shift & 0xff) != 0) {
            sort_by_byte(entries, other, count, shift);
            sort_entry *sorted = other;
            other = entries;
            entries = sorted;
        }
    }
    return entries;
}

/* Entries with the same lead, by the whole of their keys. */
static void sort_equal_leads(bbots_summary *summary, sort_entry *entries, size_t count)
{
    for (size_t from = 0; from < count;) {
        size_t to = from + 1;
        while (to < count && entries[to].lead == entries[from].lead) {
            to++;
        }
        if (to - from > 1) {
            qsort_r(entries + from, to - from, sizeof *entries, compare_groups, summary);
        }
        from = to;
    }
}

int summary_sort_groups(bbots_summary *summary, bbots_error *error)
{
    free(summary->slots);
    summary->slots = NULL;
    summary->slot_count = 0;
    if (summary->count < 2) {
        return BBOTS_OK;
    }
    sort_entry *entries = malloc(2 * summary->count * sizeof *entries);
    if (entries == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < summary->count; i++) {
        summary_group *group = summary->groups[i];
        uint8_t lead[8] = {0};
        memcpy(lead, summary_key(summary, group), group->key_size < 8 ? group->key_size : 8);
        entries[i] = (sort_entry){bb_load64_big(lead), group};
    }
    sort_entry *sorted = sort_by_lead(entries, entries + summary->count, summary->count);
    sort_equal_leads(summary, sorted, summary->count);
    for (size_t i = 0; i < summary->count; i++) {
        summary->groups[i] = sorted[i].group;
    }
    free(entries);
    return BBOTS_OK;
}
