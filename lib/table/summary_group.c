/*
 * table/summary_group.c - the groups of a summary: found by the key of their values, at the end
 * put in the order of these.
 *
 * The key is that of an index on the group's columns (codec/key.h): equal values have equal bytes,
 * -0 is 0, every NaN one NaN, null its own. Key order is SQL's order with nulls last, except of
 * long keys, of which only the beginning is there; those are compared value by value.
 *
 * Groups are never moved and never freed one by one, so they lie in an arena with their copies of
 * texts. The hash table has chains and at least as many slots as groups.
 */
#include "table/summary.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ room for one more */

static bool grow_slots(bbots_summary *summary)
{
    size_t count = summary->slot_count == 0 ? 64 : summary->slot_count * 4;
    summary_group **slots = calloc(count, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < summary->count; i++) {
        summary_group *group = summary->groups[i];
        group->chain = slots[group->hash & (count - 1)];
        slots[group->hash & (count - 1)] = group;
    }
    free(summary->slots);
    summary->slots = slots;
    summary->slot_count = count;
    return true;
}

static bool make_room(bbots_summary *summary)
{
    if (summary->count == summary->room) {
        size_t room = summary->room == 0 ? 64 : summary->room * 2;
        summary_group **moved = realloc(summary->groups, room * sizeof *moved);
        if (moved == NULL) {
            return false;
        }
        summary->groups = moved;
        summary->room = room;
    }
    return summary->count < summary->slot_count || grow_slots(summary);
}

static bool is_bytes(const bbots_value *value)
{
    return value->kind == BBOTS_TEXT || value->kind == BBOTS_BYTES;
}

/* ------------------------------------------------------------------ finding */

static summary_group *make_group(bbots_summary *summary, const bbots_value *values,
                                 const uint8_t *key, size_t key_size, uint64_t hash)
{
    summary_group *group = bb_arena_alloc(&summary->arena, sizeof *group);
    size_t cells_size = sizeof *group->cells * summary->measure_count;
    if (group == NULL || !make_room(summary)) {
        return NULL;
    }
    memset(group, 0, sizeof *group);
    group->cells = bb_arena_alloc(&summary->arena, cells_size);
    group->key = bb_arena_copy(&summary->arena, key, key_size);
    if (group->cells == NULL || group->key == NULL) {
        return NULL;
    }
    memset(group->cells, 0, cells_size);
    group->key_size = key_size;
    group->hash = hash;
    for (unsigned g = 0; g < summary->column_count; g++) {
        group->values[g] = values[g];
        if (is_bytes(&values[g])) {
            group->values[g].data = bb_arena_copy(&summary->arena, values[g].data, values[g].size);
            if (group->values[g].data == NULL) {
                return NULL;
            }
        }
    }
    group->chain = summary->slots[hash & (summary->slot_count - 1)];
    summary->slots[hash & (summary->slot_count - 1)] = group;
    summary->groups[summary->count++] = group;
    return group;
}

static bool has_key(const summary_group *group, const uint8_t *key, size_t size)
{
    return group->key_size == size && memcmp(group->key, key, size) == 0;
}

int summary_find_group(bbots_summary *summary, const bbots_value *values, summary_group **found,
                       bbots_error *error)
{
    uint8_t key[CODEC_KEY_MAX] = {0};
    size_t size =
        codec_key_encode(summary->table, summary->columns, summary->column_count, values, key);
    if (summary->last != NULL && has_key(summary->last, key, size)) {
        *found = summary->last;
        return BBOTS_OK;
    }
    uint64_t hash = bb_hash64(key, size);
    summary_group *group =
        summary->slot_count != 0 ? summary->slots[hash & (summary->slot_count - 1)] : NULL;
    while (group != NULL && (group->hash != hash || !has_key(group, key, size))) {
        group = group->chain;
    }
    if (group == NULL) {
        group = make_group(summary, values, key, size, hash);
    }
    if (group == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    summary->last = group;
    *found = group;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ order */

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
    const summary_group *a = *(summary_group *const *)first;
    const summary_group *b = *(summary_group *const *)second;
    const bbots_summary *summary = context;
    int order = 0;
    if (a->key_size < CODEC_KEY_MAX && b->key_size < CODEC_KEY_MAX) {
        return compare_bytes(a->key, a->key_size, b->key, b->key_size);
    }
    for (unsigned g = 0; g < summary->column_count && order == 0; g++) {
        order = compare_values(summary->table, summary->columns[g], &a->values[g], &b->values[g]);
    }
    return order;
}

void summary_sort_groups(bbots_summary *summary)
{
    if (summary->count > 1) {
        qsort_r(summary->groups, summary->count, sizeof *summary->groups, compare_groups, summary);
    }
    free(summary->slots);
    summary->slots = NULL;
    summary->slot_count = 0;
    summary->last = NULL;
}
