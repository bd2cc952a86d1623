/* tests/states/explore.c - goes through a trace and judges the states at each of its cuts. */
#include "states.h"

#include <unistd.h>

enum {
    WRITES_EVERY = 8,
    RECOVERS_EVERY = 250,
    RECOVERY_STATES = 30,
    TOLD_MAX = 20,
    LIES_OF = 3,
    PATIENCE_S = 30
};

typedef struct explorer {
    const exploration *of;
    disk shown;
    size_t cut;
    uint64_t number; /* of the state, from 0 */
    uint64_t in_all; /* 0: count only */
    seen_states *seen;
} explorer;

static void tell(const explorer *run, const judgement *judged, const choice *chosen)
{
    size_t there = 0;
    for (size_t i = 0; i < run->shown.dirty_count; i++) {
        there += chosen->picks[i].version != 0;
    }
    if (run->of->sum->told++ < TOLD_MAX && run->of->lie == LIE_NONE) {
        printf(
            "%s, seed %llu, after %zu of %zu events, %zu of %zu blocks and %u of %u names%s: %s\n",
            run->of->of->name, (unsigned long long)run->of->seed, run->cut, run->of->run->count,
            there, run->shown.dirty_count, chosen->pending, run->shown.pending_count,
            run->of->inner ? ", of a recovery" : "", judged->why);
    }
}

/* A transaction on the state that is shown is recorded, and cut in its turn. */
static void recover(explorer *run, uint64_t random)
{
    char path[300];
    trace again;
    stage on = {.run = &again, .random = random};
    bbots_error error;
    const object *store_of = &run->of->run->objects[0];
    snprintf(path, sizeof path, "%s/%s", run->shown.folder, store_of->name);
    if (access(path, F_OK) != 0) {
        return;
    }
    trace_begin(&again, run->shown.folder);
    trace_object(&again, store_of->name);
    system_record(&again);
    bbots_store *store = stage_open(path, run->of->of->schema, 0);
    bbots_digest digest = stage_digest(store);
    trace_told(&again, 0, &digest);
    again.objects[0].moments[0].noted = again.objects[0].moments[0].acknowledged = 0;
    demand(bbots_write(store, run->of->of->afterwards, &on.random, &error) >= 0, "recovery",
           &error);
    digest = stage_digest(store);
    trace_told(&again, 0, &digest);
    stage_close(store);
    system_rest();
    exploration inner = *run->of;
    inner.run = &again;
    inner.wanted = RECOVERY_STATES;
    inner.from = 0;
    inner.inner = true;
    explore(&inner);
    trace_end(&again);
}

static bool visit(const disk *of, const choice *chosen, void *context)
{
    explorer *run = context;
    const exploration *wanted = run->of;
    uint64_t random = wanted->seed ^ (run->number + 1) * UINT64_C(0x2545f4914f6cdd1d);
    uint64_t number = run->number++;
    if (run->in_all == 0 || draw_below(&random, run->in_all) >= wanted->wanted ||
        number < wanted->from) {
        return true;
    }
    if (!wanted->inner) {
        wanted->sum->at = number;
    }
    disk_show(&run->shown, chosen);
    judgement judged = {.of = wanted->of, .run = wanted->run, .shown = of, .cut = run->cut};
    judged.sum = wanted->sum;
    judged.writes = draw_below(&random, WRITES_EVERY) == 0;
    judged.random = draw(&random);
    alarm(PATIENCE_S);
    system_note(&run->shown);
    bool good = judge_state(&judged);
    wanted->sum->states++;
    wanted->sum->recoveries += wanted->inner;
    if (!good) {
        wanted->sum->faults[judged.fault]++;
        tell(run, &judged, chosen);
    } else if (!wanted->inner && !judged.writes && wanted->lie == LIE_NONE &&
               draw_below(&random, RECOVERS_EVERY) == 0) {
        recover(run, draw(&random));
    }
    system_rest();
    return true;
}

/* Told apart: what is on the disk for certain, and what may be found. */
static uint64_t range_at(const explorer *run, uint64_t flushes)
{
    uint64_t range = flushes;
    for (unsigned o = 0; o < run->of->run->object_count; o++) {
        unsigned first;
        unsigned last;
        judge_range(run->of->run, o, run->cut, &first, &last);
        range = range << 20 ^ (uint64_t)first << 10 ^ last;
    }
    return draw(&range);
}

static bool is_flush(const event *next)
{
    return next->kind == EVENT_FLUSH || next->kind == EVENT_FLUSH_PART ||
           next->kind == EVENT_FLUSH_FOLDER;
}

static bool is_lied(const exploration *of, const event *next, uint64_t *random)
{
    if (of->lie == LIE_FOLDER) {
        return next->kind == EVENT_FLUSH_FOLDER; /* there are few: all of them */
    }
    bool lies = (of->lie == LIE_FILE && next->kind == EVENT_FLUSH) ||
                (of->lie == LIE_PART && next->kind == EVENT_FLUSH_PART);
    return lies && draw_below(random, LIES_OF) == 0;
}

/* Goes through all cuts. Judges nothing while run->in_all is 0. */
static void go_through(explorer *run)
{
    const trace *all = run->of->run;
    uint64_t random = run->of->seed;
    uint64_t lies = run->of->seed + 1;
    uint64_t flushes = 0;
    run->number = 0;
    run->seen = seen_new();
    disk_begin(&run->shown, all, run->of->place);
    for (run->cut = 0; run->cut <= all->count; run->cut++) {
        const event *next = run->cut < all->count ? &all->events[run->cut] : NULL;
        choose_states(&run->shown, &random, range_at(run, flushes), next == NULL || is_flush(next),
                      run->seen, visit, run);
        if (next != NULL) {
            bool lied = is_lied(run->of, next, &lies);
            flushes += is_flush(next) && !lied;
            disk_apply(&run->shown, next, lied);
        }
    }
    if (run->in_all == 0 && !run->of->inner) {
        disk_confirm(&run->shown);
    }
    seen_free(run->seen);
    disk_end(&run->shown);
}

void explore(const exploration *of)
{
    explorer run = {.of = of};
    go_through(&run);
    run.in_all = run.number;
    if (run.in_all != 0) {
        go_through(&run);
    }
}
