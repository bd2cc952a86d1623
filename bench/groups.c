/*
 * groups.c - counts and exact sums by a 64-bit key, or by one of a few texts.
 *
 * What a program writes that wants totals and has a cursor. Kept plain: linear probing, twice the
 * places when half are taken.
 */
#include "bench/groups.h"

#include "bench/measure.h"

#include <stdlib.h>
#include <string.h>

static group *place_of(const groups *all, uint64_t key)
{
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (all->size - 1);
    while (all->places[at].rows != 0 && all->places[at].key != key) {
        at = (at + 1) & (all->size - 1);
    }
    return &all->places[at];
}

static void grow(groups *all)
{
    groups larger = {NULL, all->size > 0 ? all->size * 2 : 1024, all->used};
    larger.places = allocate(larger.size, sizeof *larger.places);
    for (size_t i = 0; i < all->size; i++) {
        if (all->places[i].rows != 0) {
            *place_of(&larger, all->places[i].key) = all->places[i];
        }
    }
    free(all->places);
    *all = larger;
}

void groups_add(groups *all, uint64_t key, int64_t tokens, int64_t cost)
{
    if (all->used * 2 >= all->size) {
        grow(all);
    }
    group *place = place_of(all, key);
    all->used += place->rows == 0;
    place->key = key;
    place->rows++;
    place->tokens += tokens;
    place->cost += cost;
}

void groups_answer(groups *all, answer *found)
{
    for (size_t i = 0; i < all->size; i++) {
        const group *place = &all->places[i];
        if (place->rows != 0) {
            answer_group(found, place->key, place->rows, place->tokens, place->cost);
        }
    }
    free(all->places);
    *all = (groups){NULL, 0, 0};
}

/* ------------------------------------------------------------------ by text */

static bool is_text(const text_groups *all, unsigned number, const char *text, size_t size)
{
    return all->sizes[number] == size && memcmp(all->texts[number], text, size) == 0;
}

static unsigned find_text(text_groups *all, const char *text, size_t size)
{
    unsigned number = 0;
    while (number < all->count && !is_text(all, number, text, size)) {
        number++;
    }
    if (number == all->count) {
        if (number == TEXT_GROUPS_MAX || size > TEXT_GROUP_SIZE) {
            die("too many or too long texts to group by");
        }
        memcpy(all->texts[number], text, size);
        all->sizes[number] = size;
        all->count++;
    }
    return number;
}

void text_groups_add(text_groups *all, const char *text, size_t size, int64_t tokens, int64_t cost)
{
    if (all->count == 0 || !is_text(all, all->last, text, size)) {
        all->last = find_text(all, text, size);
    }
    group *to = &all->groups[all->last];
    to->rows++;
    to->tokens += tokens;
    to->cost += cost;
}

void text_groups_answer(const text_groups *all, answer *found)
{
    for (unsigned i = 0; i < all->count; i++) {
        const group *from = &all->groups[i];
        answer_group(found, mix_bytes(0, all->texts[i], all->sizes[i]), from->rows, from->tokens,
                     from->cost);
    }
}
