/*
 * report.c - outcomes as a table, as ratios and as TSV; and whether all engines agree.
 *
 * A ratio is the median of the ratios inside each run, not the ratio of the medians: engines take
 * turns, so what slows the machine down for a minute slows both sides of the same run.
 */
#include "bench/report.h"

#include "bench/measure.h"

#include <lmdb.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static bool took_part(const outcome *from)
{
    return from->seconds[0] > 0;
}

static double rate_of(const outcome *from, unsigned measure)
{
    return from->seconds[measure] > 0 ? (double)from->operations[measure] / from->seconds[measure]
                                      : 0;
}

/* A ratio to SQLite: the middle, the least and the greatest of the ratios inside the runs. */
typedef struct spread {
    double middle;
    double least;
    double greatest;
} spread;

static spread spread_of(double *values, unsigned count)
{
    double middle = median(values, count);
    return (spread){middle, values[0], values[count - 1]}; /* median() sorted them */
}

static spread rates_of(const report_line *line, unsigned engine, unsigned measure)
{
    double rates[RUNS_MAX];
    for (unsigned run = 0; run < line->runs; run++) {
        rates[run] = rate_of(&line->outcomes[engine][run], measure);
    }
    return spread_of(rates, line->runs);
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

/* Against SQLite in the same run; for a live sum, against SQLite's sum by reading rows. */
static bool ratios_of(const report_line *line, unsigned engine, unsigned measure, spread *ratios)
{
    const report_line *other = line->against != NULL ? line->against : line;
    int base = find_engine(other, "sqlite");
    double values[RUNS_MAX];
    if (base < 0 || (other == line && (unsigned)base == engine) ||
        !took_part(&line->outcomes[engine][0])) {
        return false;
    }
    for (unsigned run = 0; run < line->runs; run++) {
        double below = rate_of(&other->outcomes[base][run], measure);
        values[run] = below > 0 ? rate_of(&line->outcomes[engine][run], measure) / below : 0;
    }
    *ratios = spread_of(values, line->runs);
    return true;
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

const char *report_level(durability level)
{
    static const char *const names[] = {"durable", "relaxed", "buffered"};
    return names[level];
}

void report_head(const settings *set, const bench_engine *const *engines, unsigned engine_count,
                 unsigned runs)
{
    printf("%u calls, %u users, %u tasks, %u executions, seed %llu; %u run%s, medians\n",
           (unsigned)set->data.calls, (unsigned)set->data.users,
           (unsigned)workload_count(&set->data, WORKLOAD_TASKS), (unsigned)set->data.executions,
           (unsigned long long)set->data.seed, runs, runs == 1 ? "" : "s");
    printf("W1, W9, W10: %s; W2, W8: durable\n",
           set->level == DURABLE   ? "durable (bbots DURABLE, SQLite WAL synchronous=FULL)"
           : set->level == RELAXED ? "relaxed (bbots RELAXED, SQLite WAL synchronous=NORMAL)"
                                   : "buffered (bbots BUFFERED, flushed at 64 MiB; SQLite WAL "
                                     "synchronous=NORMAL, flushed at its checkpoint at 64 MiB)");
    for (unsigned i = 0; i < engine_count; i++) {
        printf("%s: %s\n", engines[i]->name, engines[i]->tuning);
    }
}

static void report_measure(const report_line *line, unsigned engine, unsigned measure)
{
    char middle[32];
    char least[32];
    char greatest[32];
    spread ratios;
    spread rates = rates_of(line, engine, measure);
    const outcome *last = &line->outcomes[engine][line->runs - 1];
    printf("  %-16s %11s %s/s (%s to %s)", line->engines[engine]->name,
           number_text(rates.middle, middle), line->work->units[measure],
           number_text(rates.least, least), number_text(rates.greatest, greatest));
    if (ratios_of(line, engine, measure, &ratios)) {
        printf("  %.2f x sqlite", ratios.middle);
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

static void ratio_line(const report_line *line, unsigned measure)
{
    char name[32];
    snprintf(name, sizeof name, "%s %s", line->work->name,
             line->work->units[1] != NULL ? line->work->units[measure] : "");
    printf("%-10s", name);
    for (unsigned engine = 0; engine < line->engine_count; engine++) {
        char text[64] = "-";
        spread ratios;
        if (strcmp(line->engines[engine]->name, "sqlite") == 0) {
            continue;
        }
        if (ratios_of(line, engine, measure, &ratios)) {
            snprintf(text, sizeof text, "%.2f (%.2f to %.2f)", ratios.middle, ratios.least,
                     ratios.greatest);
        }
        printf(" %26s", text);
    }
    putchar('\n');
}

static void ratio_files(const report_line *line)
{
    int base = find_engine(line, "sqlite");
    printf("%-10s", "file size");
    for (unsigned engine = 0; engine < line->engine_count && base >= 0; engine++) {
        char text[64] = "-";
        const outcome *of = &line->outcomes[engine][line->runs - 1];
        if ((int)engine == base) {
            continue;
        }
        if (took_part(of)) {
            snprintf(text, sizeof text, "%.2f",
                     (double)of->file_bytes /
                         (double)line->outcomes[base][line->runs - 1].file_bytes);
        }
        printf(" %26s", text);
    }
    putchar('\n');
}

void report_ratios(const report_line *lines, unsigned count)
{
    if (count == 0 || find_engine(&lines[0], "sqlite") < 0) {
        return;
    }
    printf("\nratios to sqlite: median (least to greatest) of %u run%s\n%-10s", lines[0].runs,
           lines[0].runs == 1 ? "" : "s", "");
    for (unsigned engine = 0; engine < lines[0].engine_count; engine++) {
        if (strcmp(lines[0].engines[engine]->name, "sqlite") != 0) {
            printf(" %26s", lines[0].engines[engine]->name);
        }
    }
    putchar('\n');
    for (unsigned i = 0; i < count; i++) {
        for (unsigned measure = 0; measure < MEASURES_MAX; measure++) {
            if (lines[i].work->units[measure] != NULL) {
                ratio_line(&lines[i], measure);
            }
        }
        if (lines[i].work->file == FILE_LOADED) {
            ratio_files(&lines[i]);
        }
    }
}

/* ------------------------------------------------------------------ TSV */

/* The first line of a file that begins so, without what stands before its colon. */
static void file_fact(const char *path, const char *beginning, char text[128])
{
    char line[256];
    FILE *file = fopen(path, "r");
    text[0] = '\0';
    while (file != NULL && text[0] == '\0' && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, beginning, strlen(beginning)) == 0) {
            const char *colon = strchr(line, ':');
            const char *from = colon != NULL ? colon + 1 : line;
            from += strspn(from, " \t");
            snprintf(text, 128, "%.*s", (int)strcspn(from, "\n"), from);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static void machine_facts(FILE *out, const settings *set)
{
    char text[128];
    struct utsname system;
    file_fact("/proc/cpuinfo", "model name", text);
    fprintf(out, "# processor\t%ld x %s\n", sysconf(_SC_NPROCESSORS_ONLN), text);
    file_fact("/proc/meminfo", "MemTotal", text);
    fprintf(out, "# memory\t%llu MiB\n", strtoull(text, NULL, 10) / 1024);
    if (uname(&system) == 0) {
        fprintf(out, "# system\t%s %s\n", system.sysname, system.release);
    }
    fprintf(out, "# flush\t%.0f us for an appended 4 KiB block\n",
            flush_seconds(set->folder) * 1e6);
}

void report_facts(FILE *out, const settings *set, unsigned runs, const char *note)
{
    char day[32];
    time_t now = time(NULL);
    struct tm parts;
    strftime(day, sizeof day, "%Y-%m-%d %H:%M UTC", gmtime_r(&now, &parts));
    fprintf(out, "# date\t%s\n", day);
    if (*note != '\0') {
        fprintf(out, "# build\t%s\n", note);
    }
    machine_facts(out, set);
    fprintf(out, "# compiler\t%s\n", __VERSION__);
    fprintf(out, "# libraries\tSQLite %s, %s\n", sqlite3_libversion(),
            mdb_version(NULL, NULL, NULL));
    fprintf(out, "# rows\t%u calls, %u users, %u executions, seed %llu\n",
            (unsigned)set->data.calls, (unsigned)set->data.users, (unsigned)set->data.executions,
            (unsigned long long)set->data.seed);
    fprintf(out, "# runs\t%u\n", runs);
    fprintf(out, "# commits\tW2 and W8 durable; W1, W1b, W9 and W10 %s\n",
            report_level(set->level));
}

static void tsv_outcome(FILE *out, const settings *set, const report_line *line, unsigned engine,
                        unsigned run)
{
    const outcome *from = &line->outcomes[engine][run];
    for (unsigned measure = 0; measure < MEASURES_MAX; measure++) {
        if (line->work->units[measure] == NULL || !took_part(from)) {
            continue;
        }
        fprintf(out,
                "%u\t%s\t%s\t%s\t%u\t%llu\t%.6f\t%.1f\t%llu\t%lld\t%016llx\t%llu\t%llu\t%llu\n",
                (unsigned)set->data.calls, line->work->name, line->engines[engine]->name,
                line->work->units[measure], run + 1, (unsigned long long)from->operations[measure],
                from->seconds[measure], rate_of(from, measure),
                (unsigned long long)from->found.count, (long long)from->found.sum,
                (unsigned long long)from->found.checksum, (unsigned long long)from->file_bytes,
                (unsigned long long)from->peak_kib, (unsigned long long)from->own_kib);
    }
}

void report_tsv(FILE *out, const settings *set, const report_line *lines, unsigned count)
{
    fputs("n\twork\tengine\tunit\trun\toperations\tseconds\tper_second\tanswer_count\tanswer_sum\t"
          "answer_checksum\tfile_bytes\tpeak_kib\town_kib\n",
          out);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned engine = 0; engine < lines[i].engine_count; engine++) {
            for (unsigned run = 0; run < lines[i].runs; run++) {
                tsv_outcome(out, set, &lines[i], engine, run);
            }
        }
    }
}

/* ------------------------------------------------------------------ answers */

static void show_difference(const report_line *line, unsigned engine, unsigned run,
                            const answer *expected)
{
    const answer *found = &line->outcomes[engine][run].found;
    fprintf(stderr,
            "bbots-bench: %s: %s, run %u: count %llu, sum %lld, checksum %016llx; "
            "expected count %llu, sum %lld, checksum %016llx\n",
            line->work->name, line->engines[engine]->name, run + 1,
            (unsigned long long)found->count, (long long)found->sum,
            (unsigned long long)found->checksum, (unsigned long long)expected->count,
            (long long)expected->sum, (unsigned long long)expected->checksum);
}

/* The first answer of a line; NULL when nothing took part. */
static const answer *first_answer(const report_line *line)
{
    for (unsigned engine = 0; line != NULL && engine < line->engine_count; engine++) {
        if (took_part(&line->outcomes[engine][0]) && !line->outcomes[engine][0].proved) {
            return &line->outcomes[engine][0].found;
        }
    }
    return NULL;
}

bool report_agree(const report_line *line)
{
    const answer *expected = first_answer(line->against);
    bool agree = true;
    expected = expected != NULL ? expected : first_answer(line);
    for (unsigned engine = 0; engine < line->engine_count; engine++) {
        for (unsigned run = 0; run < line->runs; run++) {
            const outcome *from = &line->outcomes[engine][run];
            if (took_part(from) && !from->proved &&
                memcmp(expected, &from->found, sizeof *expected) != 0) {
                show_difference(line, engine, run, expected);
                agree = false;
            }
        }
    }
    return agree;
}
