/*
 * tests/corrupt/main.c - the two programs: `corrupt` damages whole files in twelve ways, `bitflip`
 * changes one bit at a time.
 *
 *     corrupt damage FILES SEED [FIRST]     corrupt bitflip FLIPS SEED [SMALL]
 *
 * The last line of each says what was reached: `name: figure (target) ok|FAIL`.
 */
#include "corrupt.h"
#include "support/coverage.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX 60
#define SMALL_ROWS  60
#define LARGE_ROWS  700

typedef struct tally {
    uint64_t counts[DAMAGE_KINDS][OUTCOMES];
    uint64_t all[OUTCOMES];
} tally;

static void print_tally(const tally *found)
{
    printf("%-16s", "damage");
    for (unsigned o = 0; o < OUTCOMES; o++) {
        printf("%12s", outcome_names[o]);
    }
    printf("\n");
    for (unsigned k = 0; k < DAMAGE_KINDS; k++) {
        printf("%-16s", damage_names[k]);
        for (unsigned o = 0; o < OUTCOMES; o++) {
            printf("%12llu", (unsigned long long)found->counts[k][o]);
        }
        printf("\n");
    }
}

static int run_damage(uint64_t files, uint64_t seed, uint64_t first)
{
    world all;
    tally found = {0};
    world_make(&all, 1500, seed);
    for (uint64_t n = first; n < first + files; n++) {
        uint64_t random = seed * UINT64_C(1000003) + n;
        unsigned kind = (unsigned)(n % DAMAGE_KINDS);
        damage(&all, kind, &random);
        enum outcome outcome = in_a_child(&all, ordeal_all, SECONDS_MAX);
        found.counts[kind][outcome]++;
        found.all[outcome]++;
        if (outcome >= WRONG_ROW) {
            printf("file %llu of seed %llu, %s: %s\n", (unsigned long long)n,
                   (unsigned long long)seed, damage_names[kind], outcome_names[outcome]);
        }
    }
    world_free(&all);
    print_tally(&found);
    uint64_t bad = found.all[CRASHED] + found.all[HUNG] + found.all[WRONG_ROW] + found.all[BLIND];
    printf(
        "corrupt: %llu files, %llu crashes, %llu hangs, %llu wrong rows, %llu missed by check (0) "
        "%s\n",
        (unsigned long long)files, (unsigned long long)found.all[CRASHED],
        (unsigned long long)found.all[HUNG], (unsigned long long)found.all[WRONG_ROW],
        (unsigned long long)found.all[BLIND], bad == 0 ? "ok" : "FAIL");
    return bad == 0 ? 0 : 1;
}

/* ------------------------------------------------------------------ one bit at a time */

/* What a child has done so far, in memory that it shares: when it dies the next goes on behind. */
typedef struct shared {
    uint64_t next;
    uint64_t all[OUTCOMES];
} shared;

static uint64_t place_of(const world *all, uint64_t n, uint64_t flips, uint64_t seed)
{
    uint64_t bits = world_newest(all)->size * 8;
    uint64_t random = seed * UINT64_C(1000003) + n;
    return flips >= bits ? n % bits : draw_below(&random, bits);
}

static void flip(const world *all, uint64_t bit, bool back)
{
    int fd = open(all->path, O_RDWR);
    uint8_t byte = world_newest(all)->bytes[bit / 8];
    byte = (uint8_t)(byte ^ (back ? 0 : 1u << bit % 8));
    if (fd < 0 || pwrite(fd, &byte, 1, (off_t)(bit / 8)) != 1) {
        exit(2);
    }
    close(fd);
}

/* Opening can repair a meta page and mark the file: those pages are put back whole. */
static void restore(const world *all, uint64_t bit)
{
    int fd = open(all->path, O_RDWR);
    if (fd < 0 || pwrite(fd, world_newest(all)->bytes, 2 * all->page_bytes, 0) < 0) {
        exit(2);
    }
    close(fd);
    flip(all, bit, true);
}

static void flip_on(const world *all, shared *done, uint64_t flips, uint64_t seed)
{
    /* Memory that one flip gave back serves the next. */
    mallopt(M_MMAP_THRESHOLD, 1 << 26);
    mallopt(M_TRIM_THRESHOLD, 1 << 28);
    while (done->next < flips) {
        uint64_t bit = place_of(all, done->next, flips, seed);
        flip(all, bit, false);
        alarm(SECONDS_MAX);
        enum outcome outcome = ordeal_read(all);
        restore(all, bit);
        if (outcome >= WRONG_ROW) {
            printf("bit %llu (page %llu, byte %llu): %s\n", (unsigned long long)bit,
                   (unsigned long long)(bit / 8 / all->page_bytes),
                   (unsigned long long)(bit / 8 % all->page_bytes), outcome_names[outcome]);
            fflush(stdout);
        }
        done->all[outcome]++;
        done->next++;
    }
}

static int run_bitflip(uint64_t flips, uint64_t seed, bool small)
{
    world all;
    shared *done =
        mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (done == MAP_FAILED) {
        return 2;
    }
    if (small) {
        world_make(&all, SMALL_ROWS, seed);
    } else {
        world_make_varied(&all, LARGE_ROWS, seed);
    }
    put_file(all.path, world_newest(&all)->bytes, world_newest(&all)->size);
    if (flips == 0) {
        flips = world_newest(&all)->size * 8;
    }
    while (done->next < flips) {
        int status;
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            flip_on(&all, done, flips, seed);
            fflush(NULL);
            keep_coverage();
            _exit(0);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || WEXITSTATUS(status) == 2) {
            return 2;
        }
        if (!WIFEXITED(status)) {
            uint64_t bit = place_of(&all, done->next, flips, seed);
            printf("bit %llu: signal %d\n", (unsigned long long)bit, WTERMSIG(status));
            done->all[WTERMSIG(status) == SIGALRM ? HUNG : CRASHED]++;
            done->next++;
            put_file(all.path, world_newest(&all)->bytes, world_newest(&all)->size);
        }
    }
    uint64_t bad = done->all[CRASHED] + done->all[HUNG] + done->all[WRONG_ROW] + done->all[BLIND];
    printf("bitflip: %llu flips in %llu bytes, %llu found, %llu in bytes that say nothing, %llu "
           "missed, %llu crashes or hangs (0) %s\n",
           (unsigned long long)flips, (unsigned long long)world_newest(&all)->size,
           (unsigned long long)done->all[FOUND], (unsigned long long)done->all[HARMLESS],
           (unsigned long long)(done->all[WRONG_ROW] + done->all[BLIND]),
           (unsigned long long)(done->all[CRASHED] + done->all[HUNG]), bad == 0 ? "ok" : "FAIL");
    world_free(&all);
    munmap(done, sizeof *done);
    return bad == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1200;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && strcmp(argv[1], "damage") == 0) {
        return run_damage(count, seed, argc > 4 ? strtoull(argv[4], NULL, 10) : 0);
    }
    if (argc > 1 && strcmp(argv[1], "bitflip") == 0) {
        return run_bitflip(count, seed, argc > 4);
    }
    fprintf(stderr,
            "usage: corrupt damage FILES SEED [FIRST] | corrupt bitflip FLIPS SEED [SMALL]\n");
    return 2;
}
