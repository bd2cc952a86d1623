/*
 * report.c - outcomes as a table, as ratios and as TSV; and whether all engines agree.
 *
 * A ratio is the median of the ratios inside each run, not the ratio of the medians: engines take
 * turns, so what slows the machine down for a minute slows both sides of the same run.
 */
#include "bench/report.h"

#include <stdlib.h>
#include <string.h>

static bool took_part(const outcome *from)
{
    return from->seconds[0] > 0;
}

static double rate_of(const outcome *from, unsigned measure)
{
    return from->seconds[measure] > 0 ? (double)from->operations[measure] / from->seconds[measure]
                                      : 0;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Sorts, and gives the middle. */
static double median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, compare);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double ratio_to(const report_line *line, unsigned engine, unsigned base, unsigned measure)
{
    double ratios[RUNS_MAX];
    for (unsigned run = 0; run < line->runs; run++) {
        double below = rate_of(&line->outcomes[base][run], measure);
        ratios[run] = below > 0 ? rate_of(&line->outcomes[engine][run], measure) / below : 0;
    }
    return median(ratios, line->runs);
}

/* The engine of a name that took part in the work, or -1. */
static int find_engine(const report_line *line, const char *name)
{
    for (unsigned i = 0; i < line->engine_count; i++) {
        if (strcmp(line->engines[i]->name, name) == 0 && took_part(&line->outcomes[i][0])) {
            return (int)i;
        }
    }
    return -1;
}

/* A number of about four figures with a mark for thousands. */
static const char *number_text(double number, char buffer[32])
{
    if (number < 1000) {
        snprintf(buffer, 32, number < 100 ? "%.1f" : "%.0f", number);
    } else if (number < 1e6) {
        snprintf(buffer, 32, "%d,%03d", (int)number / 1000, (int)number % 1000);
    } else {
        int whole = (int)(number / 1000);
        snprintf(buffer, 32, "%d,%03d,%03d", whole / 1000, whole % 1000,
                 (int)(number - whole * 1000.0));
    }
    return buffer;
}

void report_head(const settings *set, const bench_engine *const *engines, unsigned engine_count,
                 unsigned runs)
{
    printf("%u calls, %u users, %u tasks, %u executions, seed %llu; %u run%s, medians\n",
           (unsigned)set->data.calls, (unsigned)set->data.users,
           (unsigned)workload_count(&set->data, WORKLOAD_TASKS), (unsigned)set->data.executions,
           (unsigned long long)set->data.seed, runs, runs == 1 ? "" : "s");
    printf("W1, W9, W10: %s; W2, W8: durable\n",
           set->level == DURABLE ? "durable (bbots DURABLE, SQLite WAL synchronous=FULL)"
                                 : "relaxed (bbots RELAXED, SQLite WAL synchronous=NORMAL)");
    for (unsigned i = 0; i < engine_count; i++) {
        printf("%s: %s\n", engines[i]->name, engines[i]->tuning);
    }
}

static void report_measure(const report_line *line, unsigned engine, unsigned measure)
{
    double rates[RUNS_MAX];
    char middle[32];
    char least[32];
    char greatest[32];
    int base = find_engine(line, "sqlite");
    const outcome *last = &line->outcomes[engine][line->runs - 1];
    for (unsigned run = 0; run < line->runs; run++) {
        rates[run] = rate_of(&line->outcomes[engine][run], measure);
    }
    number_text(median(rates, line->runs), middle);
    printf("  %-16s %11s %s/s (%s to %s)", line->engines[engine]->name, middle,
           line->work->units[measure], number_text(rates[0], least),
           number_text(rates[line->runs - 1], greatest));
    if (base >= 0 && (unsigned)base != engine) {
        printf("  %.2f x sqlite", ratio_to(line, engine, (unsigned)base, measure));
    }
    if (measure == 0) {
        printf("  file %.1f MiB", (double)last->file_bytes / 1048576);
        if (last->peak_kib > 0) {
            printf(", peak %llu MiB, own %llu MiB", (unsigned long long)last->peak_kib / 1024,
                   (unsigned long long)last->own_kib / 1024);
        }
    }
    putchar('\n');
}

void report_work(const report_line *line)
{
    printf("\n%-5s %s\n", line->work->name, line->work->title);
    for (unsigned measure = 0; measure < MEASURES_MAX; measure++) {
        for (unsigned i = 0; i < line->engine_count; i++) {
            if (line->work->units[measure] != NULL && took_part(&line->outcomes[i][0])) {
                report_measure(line, i, measure);
            }
        }
    }
    fflush(stdout);
}

void report_ratios(const report_line *lines, unsigned count)
{
    printf("\nratio      bbots/sqlite   bbots/sqlite-covering\n");
    for (unsigned i = 0; i < count; i++) {
        int bbots = find_engine(&lines[i], "bbots");
        int base = find_engine(&lines[i], "sqlite");
        int covering = find_engine(&lines[i], "sqlite-covering");
        for (unsigned measure = 0; measure < MEASURES_MAX; measure++) {
            const char *unit = lines[i].work->units[measure];
            if (unit == NULL || bbots < 0 || base < 0) {
                continue;
            }
            printf("%-5s %-8s %9.2f", lines[i].work->name,
                   lines[i].work->units[1] != NULL ? unit : "",
                   ratio_to(&lines[i], (unsigned)bbots, (unsigned)base, measure));
            if (covering >= 0) {
                printf("   %9.2f", ratio_to(&lines[i], (unsigned)bbots, (unsigned)covering, 0));
            }
            putchar('\n');
        }
        if (strcmp(lines[i].work->name, "W1") == 0 && bbots >= 0 && base >= 0) {
            printf("file size      %9.2f\n", (double)lines[i].outcomes[bbots][0].file_bytes /
                                                 (double)lines[i].outcomes[base][0].file_bytes);
        }
    }
}

static void tsv_outcome(FILE *out, const report_line *line, unsigned engine, unsigned run)
{
    const outcome *from = &line->outcomes[engine][run];
    for (unsigned measure = 0; measure < MEASURES_MAX; measure++) {
        if (line->work->units[measure] == NULL || !took_part(from)) {
            continue;
        }
        fprintf(out, "%s\t%s\t%s\t%u\t%llu\t%.6f\t%.1f\t%llu\t%lld\t%016llx\t%llu\t%llu\t%llu\n",
                line->work->name, line->engines[engine]->name, line->work->units[measure], run + 1,
                (unsigned long long)from->operations[measure], from->seconds[measure],
                rate_of(from, measure), (unsigned long long)from->found.count,
                (long long)from->found.sum, (unsigned long long)from->found.checksum,
                (unsigned long long)from->file_bytes, (unsigned long long)from->peak_kib,
                (unsigned long long)from->own_kib);
    }
}

void report_tsv(FILE *out, const report_line *lines, unsigned count)
{
    fputs("work\tengine\tunit\trun\toperations\tseconds\tper_second\tanswer_count\tanswer_sum\t"
          "answer_checksum\tfile_bytes\tpeak_kib\town_kib\n",
          out);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned engine = 0; engine < lines[i].engine_count; engine++) {
            for (unsigned run = 0; run < lines[i].runs; run++) {
                tsv_outcome(out, &lines[i], engine, run);
            }
        }
    }
}

bool report_agree(const report_line *line)
{
    const outcome *first = NULL;
    bool agree = true;
    for (unsigned engine = 0; engine < line->engine_count; engine++) {
        for (unsigned run = 0; run < line->runs; run++) {
            const outcome *from = &line->outcomes[engine][run];
            if (!took_part(from)) {
                continue;
            }
            first = first == NULL ? from : first;
            if (memcmp(&first->found, &from->found, sizeof from->found) != 0) {
                fprintf(stderr,
                        "bbots-bench: %s: %s, run %u: count %llu, sum %lld, checksum %016llx; "
                        "expected count %llu, sum %lld, checksum %016llx\n",
                        line->work->name, line->engines[engine]->name, run + 1,
                        (unsigned long long)from->found.count, (long long)from->found.sum,
                        (unsigned long long)from->found.checksum,
                        (unsigned long long)first->found.count, (long long)first->found.sum,
                        (unsigned long long)first->found.checksum);
                agree = false;
            }
        }
    }
    return agree;
}
