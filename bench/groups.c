/*
 * groups.c - counts and exact sums by a 64-bit key.
 *
 * What a program writes that wants totals and has a cursor. Kept plain: linear probing, twice the
 * places when half are taken.
 */
#include "bench/groups.h"

#include "bench/measure.h"

#include <stdlib.h>

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
