/*
 * tests/states/choose.c - which of the states that a disk may hold at a cut are looked at.
 *
 * Of n blocks that were written and not flushed any may have come to the disk, torn or not: too many
 * to look at all of them. README.md says which are taken.
 */
#include "states.h"

enum { ALL_SUBSETS_TO = 4, RANDOM_STATES = 4 };

/* ------------------------------------------------------------------ what was seen */

struct seen_states {
    uint64_t *keys; /* 0: free */
    size_t room;
    size_t count;
};

seen_states *seen_new(void)
{
    seen_states *made = calloc(1, sizeof *made);
    demand(made != NULL, "memory", NULL);
    return made;
}

void seen_free(seen_states *seen)
{
    free(seen->keys);
    free(seen);
}

static bool add_key(uint64_t *keys, size_t room, uint64_t key)
{
    size_t at = key & (room - 1);
    while (keys[at] != 0 && keys[at] != key) {
        at = (at + 1) & (room - 1);
    }
    bool fresh = keys[at] == 0;
    keys[at] = key;
    return fresh;
}

static bool is_new(seen_states *seen, uint64_t key)
{
    key += key == 0;
    if (seen->count * 2 >= seen->room) {
        size_t room = seen->room == 0 ? 4096 : seen->room * 2;
        uint64_t *keys = calloc(room, sizeof *keys);
        demand(keys != NULL, "memory", NULL);
        for (size_t i = 0; i < seen->room; i++) {
            if (seen->keys[i] != 0) {
                add_key(keys, room, seen->keys[i]);
            }
        }
        free(seen->keys);
        seen->keys = keys;
        seen->room = room;
    }
    bool fresh = add_key(seen->keys, seen->room, key);
    seen->count += fresh;
    return fresh;
}

/* ------------------------------------------------------------------ a state */

typedef struct chooser {
    disk *of;
    choice now;
    bool *watched; /* by dirty block: it belongs to a store that promises are made about */
    size_t watched_count;
    size_t *order; /* numbers of the watched ones */
    uint64_t *random;
    uint64_t range;
    seen_states *seen;
    chosen_state *visit;
    void *context;
    bool stopped;
} chooser;

static uint64_t mix(uint64_t hash, uint64_t with)
{
    uint64_t state = hash ^ with;
    return draw(&state);
}

/* A state is the same as another one when each block's bytes come from the same place. */
static uint64_t key_of(const chooser *run)
{
    uint64_t key = mix(run->range, (uint64_t)run->now.pending << 1 | run->now.extended);
    for (size_t i = 0; i < run->of->dirty_count; i++) {
        pick picked = run->now.picks[i];
        const dirty_block *at = &run->of->dirty[i];
        if (picked.version != 0) {
            key = mix(key, (uint64_t)at->file << 56 | at->block << 16 |
                               (uint64_t)picked.version << 8 | picked.sectors);
        }
    }
    return key;
}

static void emit(chooser *run)
{
    if (!run->stopped && is_new(run->seen, key_of(run))) {
        run->stopped = !run->visit(run->of, &run->now, run->context);
    }
}

/* ------------------------------------------------------------------ blocks */

static void set_last(chooser *run, size_t at)
{
    run->now.picks[at] = (pick){(uint8_t)run->of->dirty[at].count, 0xff};
}

static void set_old(chooser *run, size_t at)
{
    run->now.picks[at] = (pick){0, 0};
}

static void set_all(chooser *run, bool last)
{
    for (size_t i = 0; i < run->of->dirty_count; i++) {
        if (last) {
            set_last(run, i);
        } else {
            set_old(run, i);
        }
    }
}

/* Some sectors of it: the first ones, the last ones, or any. */
static void set_torn(chooser *run, size_t at)
{
    unsigned kind = (unsigned)draw_below(run->random, 3);
    unsigned sectors = 1 + (unsigned)draw_below(run->random, SECTORS - 1);
    uint8_t mask = (uint8_t)((1u << sectors) - 1);
    mask = kind == 0 ? mask : kind == 1 ? (uint8_t)~mask : (uint8_t)draw_below(run->random, 256);
    unsigned version = 1 + (unsigned)draw_below(run->random, run->of->dirty[at].count);
    run->now.picks[at] = (pick){(uint8_t)version, mask};
}

static void set_random(chooser *run)
{
    uint64_t of_eight = 1 + draw_below(run->random, 7);
    run->now.extended = draw_below(run->random, 2) == 0;
    bool rest = draw_below(run->random, 2) == 0;
    set_all(run, rest);
    for (size_t i = 0; i < run->watched_count; i++) {
        size_t at = run->order[i];
        if (draw_below(run->random, 8) >= of_eight) {
            set_old(run, at);
        } else if (draw_below(run->random, 8) == 0) {
            set_torn(run, at);
        } else {
            unsigned version = 1 + (unsigned)draw_below(run->random, run->of->dirty[at].count);
            run->now.picks[at] = (pick){(uint8_t)version, 0xff};
        }
    }
}

/* ------------------------------------------------------------------ which */

/* Blocks that nobody will look at are there with the names that lead to them, or not at all. */
static void find_watched(chooser *run)
{
    names found;
    bool watched[FILES_MAX] = {false};
    disk_names(run->of, run->now.pending, &found);
    for (unsigned n = 0; n < found.count; n++) {
        for (unsigned o = 0; o < run->of->run->object_count; o++) {
            if (strcmp(found.list[n].name, run->of->run->objects[o].name) == 0) {
                watched[found.list[n].file] = true;
            }
        }
    }
    run->watched_count = 0;
    for (size_t i = 0; i < run->of->dirty_count; i++) {
        if (watched[run->of->dirty[i].file]) {
            run->order[run->watched_count++] = i;
        }
    }
}

/* Nothing, and all; with files as long as what came needs, and as long as they were meant to be. */
static void choose_ends(chooser *run)
{
    for (unsigned kind = 0; kind < 4; kind++) {
        run->now.extended = (kind & 1) != 0;
        set_all(run, (kind & 2) != 0);
        emit(run);
    }
}

static void choose_subsets(chooser *run)
{
    for (unsigned subset = 0; subset < 1u << run->watched_count; subset++) {
        set_all(run, false);
        for (size_t i = 0; i < run->watched_count; i++) {
            if ((subset >> i & 1) != 0) {
                set_last(run, run->order[i]);
            }
        }
        emit(run);
    }
}

/* One block alone, torn alone, missing alone, torn among all others, and in each older version. */
static void choose_around(chooser *run, size_t at)
{
    set_all(run, false);
    set_last(run, at);
    emit(run);
    set_torn(run, at);
    emit(run);
    set_all(run, true);
    set_old(run, at);
    emit(run);
    set_torn(run, at);
    emit(run);
    for (unsigned version = 1; version < run->of->dirty[at].count; version++) {
        run->now.picks[at] = (pick){(uint8_t)version, 0xff};
        emit(run);
    }
}

static void choose_blocks(chooser *run, bool all)
{
    run->now.extended = false;
    if (run->watched_count <= ALL_SUBSETS_TO) {
        choose_subsets(run);
    }
    for (size_t i = all || run->watched_count == 0 ? 0 : run->watched_count - 1;
         i < run->watched_count; i++) {
        choose_around(run, run->order[i]);
    }
    for (unsigned i = 0; i < RANDOM_STATES && run->watched_count > 1; i++) {
        set_random(run);
        emit(run);
    }
}

bool choose_states(disk *of, uint64_t *random, uint64_t range, bool all, seen_states *seen,
                   chosen_state *visit, void *context)
{
    chooser run = {.of = of,
                   .random = random,
                   .range = range,
                   .seen = seen,
                   .visit = visit,
                   .context = context};
    run.now.picks = calloc(of->dirty_count + 1, sizeof *run.now.picks);
    run.order = calloc(of->dirty_count + 1, sizeof *run.order);
    demand(run.now.picks != NULL && run.order != NULL, "memory", NULL);
    for (unsigned pending = 0; pending <= of->pending_count; pending++) {
        run.now.pending = pending;
        find_watched(&run);
        choose_ends(&run);
        if (pending == of->pending_count || run.watched_count <= ALL_SUBSETS_TO) {
            choose_blocks(&run, all);
        }
    }
    free(run.now.picks);
    free(run.order);
    return !run.stopped;
}
