/*
 * tests/states/main.c - states that a power cut may leave, rebuilt from what was recorded and judged.
 *
 *     crash-states STATES SEED [SCENE]
 *     crash-states lie STATES SEED
 *
 * With `lie` the disk says that it flushed and did not. Then faults have to be found: a store that kept
 * its promises on such a disk would not need to flush.
 *
 * A fault is told with its scene and its seed: `crash-states 4000 SEED SCENE` plays that again first
 * (in the scene "group" threads race, so that it does not always come out the same).
 *
 * The last line says what was reached: `name: figure (target) ok|FAIL`.
 */
#include "states.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SCENES_MAX = 24, ROUND_MOST = 4000 };

typedef struct all_states {
    const scene *scenes[SCENES_MAX];
    report *reports; /* of scenes, in memory that is shared */
    unsigned count;
    char place[96]; /* for all files */
    uint64_t seed;
    uint64_t wanted;
    uint64_t a_round; /* states of one trace, about */
    unsigned lie;
} all_states;

static void add_scenes(all_states *all, const scene *list, const char *only)
{
    for (unsigned i = 0; list[i].name != NULL; i++) {
        if (only == NULL || strcmp(only, list[i].name) == 0) {
            demand(all->count < SCENES_MAX, "too many scenes", NULL);
            all->scenes[all->count++] = &list[i];
        }
    }
}

/* A child judges: what kills it is a fault of the state that it was at. */
static void judge_trace(const all_states *all, const scene *of, const trace *run, uint64_t seed,
                        report *sum)
{
    exploration job = {.of = of,
                       .run = run,
                       .place = all->place,
                       .seed = seed,
                       .wanted = all->a_round,
                       .lie = all->lie,
                       .sum = sum};
    int status = 1;
    while (status != 0) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            explore(&job);
            fflush(NULL);
            _exit(0);
        }
        demand(child > 0 && waitpid(child, &status, 0) == child, "fork", NULL);
        if (status != 0) {
            sum->faults[FAULT_FINDING]++;
            sum->states++;
            job.from = sum->at + 1;
            if (all->lie == LIE_NONE) {
                printf("%s, seed %llu, state %llu: the process ended with status %#x\n", of->name,
                       (unsigned long long)seed, (unsigned long long)sum->at, (unsigned)status);
            }
        }
    }
}

static void play(const all_states *all, unsigned number, uint64_t seed)
{
    static stage on;
    static trace run;
    const scene *of = all->scenes[number];
    memset(&on, 0, sizeof on);
    memset(&run, 0, sizeof run);
    on.run = &run;
    on.random = seed;
    folder_new(all->place, "live", on.folder);
    snprintf(on.path, sizeof on.path, "%s/store", on.folder);
    snprintf(on.copy, sizeof on.copy, "%s/copy", on.folder);
    if (of->prepare != NULL) {
        of->prepare(&on);
    }
    of->act(&on);
    system_rest();
    judge_trace(all, of, &run, seed, &all->reports[number]);
    folder_drop(on.folder);
    trace_end(&run);
}

static report add_up(const all_states *all)
{
    report sum = {0};
    for (unsigned i = 0; i < all->count; i++) {
        sum.states += all->reports[i].states;
        sum.recoveries += all->reports[i].recoveries;
        sum.written += all->reports[i].written;
        for (unsigned f = 0; f < FAULTS; f++) {
            sum.faults[f] += all->reports[i].faults[f];
        }
    }
    return sum;
}

static uint64_t faults_of(const report *sum)
{
    return sum->faults[FAULT_LOST] + sum->faults[FAULT_PARTIAL] + sum->faults[FAULT_FINDING];
}

static void print_faults(const report *sum)
{
    printf("%llu states, %llu lost, %llu partial, %llu findings", (unsigned long long)sum->states,
           (unsigned long long)sum->faults[FAULT_LOST],
           (unsigned long long)sum->faults[FAULT_PARTIAL],
           (unsigned long long)sum->faults[FAULT_FINDING]);
}

/* The scene of which fewest states were judged. */
static unsigned next_scene(const all_states *all)
{
    unsigned least = 0;
    for (unsigned i = 1; i < all->count; i++) {
        least = all->reports[i].states < all->reports[least].states ? i : least;
    }
    return least;
}

/* Round after round, until enough states were judged. */
static report play_all(all_states *all)
{
    uint64_t played = 0;
    memset(all->reports, 0, sizeof *all->reports * SCENES_MAX);
    report sum = {0};
    while (sum.states < all->wanted) {
        play(all, next_scene(all), all->seed + played++);
        sum = add_up(all);
    }
    return sum;
}

static int prove(all_states *all)
{
    report sum = play_all(all);
    uint64_t faults = faults_of(&sum);
    for (unsigned i = 0; i < all->count; i++) {
        printf("%-12s %8llu states\n", all->scenes[i]->name,
               (unsigned long long)all->reports[i].states);
    }
    printf("of these %llu of a recovery that was cut off, %llu written to\n",
           (unsigned long long)sum.recoveries, (unsigned long long)sum.written);
    printf("crash-states: ");
    print_faults(&sum);
    printf(" (0) %s\n", faults == 0 ? "ok" : "FAIL");
    return faults == 0 ? 0 : 1;
}

/* With flushes of a kind left out there has to be something to find. */
static int prove_by_lies(all_states *all)
{
    static const char *const kinds[] = {"", "files", "the page that commits", "names"};
    unsigned found = 0;
    for (all->lie = LIE_FILE; all->lie <= LIE_FOLDER; all->lie++) {
        report sum = play_all(all);
        printf("%s not flushed: ", kinds[all->lie]);
        print_faults(&sum);
        printf("\n");
        found += faults_of(&sum) != 0;
    }
    printf("crash-states: %u of 3 lies of a disk found (3) %s\n", found,
           found == 3 ? "ok" : "FAIL");
    return found == 3 ? 0 : 1;
}

int main(int argc, char **argv)
{
    all_states all = {.reports = shared_memory(sizeof(report) * SCENES_MAX)};
    bool lies = argc > 1 && strcmp(argv[1], "lie") == 0;
    char **rest = argv + lies;
    int count = argc - lies;
    const char *only = count > 3 ? rest[3] : NULL;
    all.wanted = count > 1 ? strtoull(rest[1], NULL, 10) : 10000;
    all.seed = count > 2 ? strtoull(rest[2], NULL, 10) : 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("seed %llu\n", (unsigned long long)all.seed);
    add_scenes(&all, row_scenes, only);
    add_scenes(&all, file_scenes, only);
    demand(all.count != 0, "there is no such scene", NULL);
    all.a_round = only != NULL ? ROUND_MOST : all.wanted / all.count + 1;
    all.a_round = all.a_round > ROUND_MOST ? ROUND_MOST : all.a_round;
    folder_make(all.place, "states");
    int rc = lies ? prove_by_lies(&all) : prove(&all);
    folder_drop(all.place);
    return rc;
}
