/*
 * tests/refusal/main.c - plays all scenes, each in a process of its own, and counts; see refusal.h.
 *
 *   refusal oom|ioerr|lmdberr|flipped|cut|lost POINTS|places SEED [SCENE [FROM]]
 *
 * POINTS: about how many refusals in all, from a place that SEED gives; each scene has as many as any
 * other, or all that it can meet; 0: every one there is; `places`: one from each place that the calls
 * come from (places.c). SCENE: only this one; FROM: beginning with this number. A process that dies is
 * a finding, and the next one goes on behind.
 */
#include "refusal.h"
#include "support/coverage.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SCENES_MAX = 128,
    SECONDS_MAX = 120, /* to rehearse a scene */
    CRASHES_MAX = 10   /* of one scene; then it is given up */
};

static const scene *const all_scenes[] = {plain_scenes,  vault_scenes,  row_scenes,
                                          ledger_scenes, growth_scenes, file_scenes};

/* What the children tell, in memory that all share. */
typedef struct shared {
    uint64_t calls; /* of a rehearsal */
    uint64_t next;  /* of the scene's choice */
    tally found;
    places noted;
} shared;

typedef struct run {
    stage *at; /* made once; each child has it as it was */
    enum refusal what;
    uint64_t points;
    bool by_places;
    uint64_t seed;
    const char *only;
    uint64_t from;
    uint64_t calls[SCENES_MAX]; /* that each scene makes, in their order */
    shared *told;
    uint64_t scenes;
    uint64_t crashes;
} run;

/* Runs work in a child; false when it died. */
static bool in_child(void (*work)(const run *it, const scene *of, bool lasting,
                                  const choice *which),
                     const run *it, const scene *of, bool lasting, const choice *which)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        work(it, of, lasting, which);
        if ((of->flags & REGEX) != 0) {
            keep_coverage();
            _exit(0); /* the sanitizer would look for leaks, and find those of glibc */
        }
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        give_up("run a child", NULL);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
        exit(2);
    }
    if (WIFSIGNALED(status)) {
        printf("signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void rehearse_child(const run *it, const scene *of, bool lasting, const choice *which)
{
    (void)lasting;
    (void)which;
    alarm(SECONDS_MAX);
    it->told->calls = rehearse(it->at, of, it->what, it->by_places ? &it->told->noted : NULL);
}

static void play_child(const run *it, const scene *of, bool lasting, const choice *which)
{
    play(it->at, of, it->what, lasting, which, &it->told->next, &it->told->found);
}

static bool is_wanted(const run *it, const scene *of)
{
    return it->only == NULL || strcmp(it->only, of->name) == 0;
}

/* How many calls the scene makes. */
static uint64_t rehearse_scene(run *it, const scene *of)
{
    it->told->calls = 0;
    it->told->noted.count = 0;
    if (!in_child(rehearse_child, it, of, false, NULL)) {
        printf("scene %s cannot be rehearsed\n", of->name);
        it->crashes++;
    }
    return it->told->calls;
}

static void rehearse_all(run *it)
{
    for (unsigned s = 0; s < COUNT(all_scenes); s++) {
        for (const scene *of = all_scenes[s]; of->name != NULL; of++) {
            if (is_wanted(it, of)) {
                it->calls[it->scenes++] = rehearse_scene(it, of);
            }
        }
    }
}

/* How many refusals, in each of the two ways, a scene gets that can meet more. */
static uint64_t fair_share(const run *it)
{
    uint64_t share = 0;
    uint64_t all = 0;
    for (uint64_t more = 1; more != 0 && all < it->points / 2; share++) {
        more = 0;
        for (unsigned s = 0; s < it->scenes; s++) {
            more += it->calls[s] > share;
        }
        all += more;
    }
    return share;
}

/* The number of the refusal that the child that died had come to. */
static uint64_t number_reached(const run *it, const choice *which)
{
    uint64_t next = it->told->next;
    return which->numbers == NULL ? which->first + next * which->step
           : next < which->count  ? which->numbers[next]
                                  : 0;
}

static void play_choice(run *it, const scene *of, bool lasting, const choice *which)
{
    it->told->next = 0;
    for (int died = 0; died < CRASHES_MAX && !in_child(play_child, it, of, lasting, which);
         died++) {
        printf("scene %s, number %" PRIu64 "%s: the process died\n", of->name,
               number_reached(it, which), lasting ? " (lasting)" : "");
        it->told->next++;
        it->crashes++;
        it->told->found.points++;
    }
}

/* Share: how many refusals it gets; 0: all. */
static void play_scene(run *it, const scene *of, uint64_t share)
{
    choice which = {.step = share != 0 ? it->calls[it->scenes] / share + 1 : 1};
    which.first = it->from != 0 ? it->from : 1 + (it->seed + 7 * it->scenes) % which.step;
    if (it->by_places) {
        rehearse_scene(it, of);
        which = (choice){.numbers = it->told->noted.numbers, .count = it->told->noted.count};
    }
    play_choice(it, of, false, &which);
    play_choice(it, of, true, &which);
}

int main(int argc, char **argv)
{
    run it = {.points = argc > 2 ? strtoull(argv[2], NULL, 10) : 0,
              .seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1,
              .only = argc > 4 ? argv[4] : NULL,
              .from = argc > 5 ? strtoull(argv[5], NULL, 10) : 0};
    static const char *const kinds[] = {"oom",     "ioerr", "lmdberr", /* as enum refusal */
                                        "flipped", "cut",   "lost"};
    unsigned kind = 0;
    while (argc > 1 && kind < COUNT(kinds) && strcmp(argv[1], kinds[kind]) != 0) {
        kind++;
    }
    if (argc < 2 || kind == COUNT(kinds)) {
        fprintf(stderr, "usage: refusal oom|ioerr|lmdberr|flipped|cut|lost POINTS|places SEED "
                        "[SCENE [FROM]]\n");
        return 2;
    }
    it.what = (enum refusal)kind;
    it.by_places = argc > 2 && strcmp(argv[2], "places") == 0;
    it.told =
        mmap(NULL, sizeof *it.told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    stage at;
    stage_make(&at);
    it.at = &at;
    uint64_t share = 0;
    if (it.points != 0) {
        rehearse_all(&it);
        share = fair_share(&it);
    }
    it.scenes = 0;
    for (unsigned s = 0; s < COUNT(all_scenes); s++) {
        for (const scene *of = all_scenes[s]; of->name != NULL; of++) {
            if (is_wanted(&it, of)) {
                uint64_t before = it.told->found.points;
                play_scene(&it, of, share);
                it.scenes++;
                printf("  %-28s %8" PRIu64 "\n", of->name, it.told->found.points - before);
            }
        }
    }
    stage_end(&at);
    uint64_t bad = it.crashes + it.told->found.failed;
    printf("%s: %" PRIu64 " points in %" PRIu64 " scenes, %" PRIu64 " crashes, %" PRIu64
           " leaks, wrong states or unnamed errors (0) %s\n",
           argv[1], it.told->found.points, it.scenes, it.crashes, it.told->found.failed,
           bad == 0 ? "ok" : "FAIL");
    return bad == 0 ? 0 : 1;
}
