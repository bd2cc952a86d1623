/*
 * main.c - the differential test against PostgreSQL 15.
 *
 * The stream is cut into episodes: each begins with empty tables, on the platform's schema or on
 * the test's own in turn, and has a seed that follows from the seed of the run. What both hold is
 * compared several times in an episode and at its end. A difference ends its episode; it is made
 * short and printed, and the next episode begins.
 */
#include "diffpg.h"

#include <bbots/corners.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define EPISODE       20000u
#define COMPARE_EVERY 5000u

typedef struct options {
    uint64_t statements;
    uint64_t seed;
    uint64_t differences_max;
    uint64_t canary;
    const char *root; /* the checkout */
    const char *only; /* one of the schemas */
    bool keep;
    bool shrink;
    bool strict;
} options;

typedef struct run {
    options wanted;
    session sides[2];
    figures counted;
    uint64_t differences;
} run;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ------------------------------------------------------------------ schemas */

static void open_platform(run *all)
{
    static const char *const groups[] = {
        "01-users",   "02-browser",       "03-workflow", "04-core", "05-agent",    "06-knowledge",
        "07-billing", "08-communication", "09-costs",    "10-seo",  "11-meta-ads", "12-leads",
        "13-email",   "14-admin",         "15-alerts",   "16-rag",  "17-sop"};
    static char paths[17][300];
    const char *files[18] = {NULL};
    for (size_t i = 0; i < 17; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/schema/%s.sql", all->wanted.root, groups[i]);
        files[i] = paths[i];
    }
    session_open(&all->sides[0], "platform", &bbots_platform_schema, files);
}

static void open_corners(run *all)
{
    char path[300];
    const char *files[] = {path, NULL};
    snprintf(path, sizeof path, "%s/tests/diffpg/corners.sql", all->wanted.root);
    session_open(&all->sides[1], "corners", &bbots_corners_schema, files);
}

/* ------------------------------------------------------------------ episodes */

static void report(run *all, session *side, statements *list, uint64_t seed)
{
    all->differences++;
    printf("\nDIFFERENCE %llu: --seed %llu, episode seed %llu of %s, statement %llu: %s\n%s",
           (unsigned long long)all->differences, (unsigned long long)all->wanted.seed,
           (unsigned long long)seed, side->theirs.database, (unsigned long long)side->at,
           side->kind, side->report.data);
    fflush(stdout);
    if (!all->wanted.shrink) {
        return;
    }
    side->counted = NULL;
    shrink(side, list, 120);
    builder text = {NULL, 0, 0};
    for (size_t i = 0; i < list->count; i++) {
        sql_print(list->list[i], &text);
    }
    printf("shrunk to %zu statements:\n%s%s\n", list->count, text.data != NULL ? text.data : "",
           side->report.data);
    fflush(stdout);
    builder_free(&text);
}

static void run_episode(run *all, session *side, uint64_t seed, uint64_t count)
{
    pool memory = {NULL};
    statements list = {NULL, 0, 0};
    generator from = {.source = {seed}, .memory = &memory, .side = &side->ours};
    side->counted = &all->counted;
    session_reset(side);
    for (uint64_t i = 1; i <= count && !side->differs && interrupted == 0; i++) {
        statement *next = generate(&from);
        statements_add(&list, next);
        session_run(side, next);
        if (i % COMPARE_EVERY == 0 || i == count) {
            session_compare(side);
        }
    }
    session_drain(side);
    if (side->differs && interrupted == 0) {
        report(all, side, &list, seed);
    }
    free(list.list);
    pool_free(&memory);
}

static void run_all(run *all)
{
    random_source seeds = {all->wanted.seed};
    uint64_t left = all->wanted.statements;
    for (uint64_t e = 0; left > 0 && interrupted == 0; e++) {
        uint64_t count = left < EPISODE ? left : EPISODE;
        unsigned side = e % 3 == 2;
        if (all->wanted.only != NULL) {
            side = strcmp(all->wanted.only, "corners") == 0;
        }
        run_episode(all, &all->sides[side], random_next(&seeds), count);
        left -= count;
        if (all->differences >= all->wanted.differences_max) {
            break;
        }
    }
}

/* ------------------------------------------------------------------ the program */

static void usage(void)
{
    give_up(
        "usage: diff-pg [--statements N] [--seed S] [--root FOLDER] [--differences N]\n"
        "               [--only platform|corners] [--no-shrink] [--strict] [--canary N] [--keep]");
}

static void read_options(int count, char **arguments, options *wanted)
{
    *wanted = (options){20000, (uint64_t)time(NULL), 1, 0, ".", NULL, false, true, false};
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        const char *value = i + 1 < count ? arguments[i + 1] : "";
        bool taken = true;
        if (strcmp(name, "--statements") == 0) {
            wanted->statements = strtoull(value, NULL, 10);
        } else if (strcmp(name, "--seed") == 0) {
            wanted->seed = strtoull(value, NULL, 10);
        } else if (strcmp(name, "--differences") == 0) {
            wanted->differences_max = strtoull(value, NULL, 10);
        } else if (strcmp(name, "--canary") == 0) {
            wanted->canary = strtoull(value, NULL, 10);
        } else if (strcmp(name, "--root") == 0) {
            wanted->root = value;
        } else if (strcmp(name, "--only") == 0) {
            wanted->only = value;
        } else if (strcmp(name, "--keep") == 0) {
            wanted->keep = true;
            taken = false;
        } else if (strcmp(name, "--no-shrink") == 0) {
            wanted->shrink = false;
            taken = false;
        } else if (strcmp(name, "--strict") == 0) {
            wanted->strict = true;
            taken = false;
        } else {
            usage();
        }
        i += taken;
    }
}

static int print_figures(const run *all, double taken)
{
    const figures *counted = &all->counted;
    printf("seed %llu: %llu statements in %.1f s (%.0f a second), %llu rows compared\n",
           (unsigned long long)all->wanted.seed, (unsigned long long)counted->statements, taken,
           (double)counted->statements / taken, (unsigned long long)counted->rows);
    variety_print(&counted->variety);
    tally_print(&counted->ours, &counted->theirs);
    printf(
        "  excused (excuse.c): %llu by the order of triggers, %llu by a transaction's own rows\n",
        (unsigned long long)counted->excused.order_of_triggers,
        (unsigned long long)counted->excused.own_rows);
    printf("%llu differences\n", (unsigned long long)all->differences);
    printf("%llu passed, %llu failed\n",
           (unsigned long long)(counted->statements - all->differences),
           (unsigned long long)all->differences);
    return all->differences > 0 || interrupted != 0;
}

int main(int count, char **arguments)
{
    static run all;
    read_options(count, arguments, &all.wanted);
    printf("diff-pg: --seed %llu --statements %llu\n", (unsigned long long)all.wanted.seed,
           (unsigned long long)all.wanted.statements);
    fflush(stdout);
    server_start(all.wanted.keep);
    open_platform(&all);
    open_corners(&all);
    for (unsigned side = 0; side < 2; side++) {
        all.sides[side].strict = all.wanted.strict;
        all.sides[side].canary = all.wanted.canary;
    }
    double start = seconds();
    run_all(&all);
    int result = print_figures(&all, seconds() - start);
    session_close(&all.sides[0]);
    session_close(&all.sides[1]);
    return result;
}
