/*
 * main.c - bbots-bench: the command line, and what is run.
 *
 * Whose turn it is stands in turns.c, what is printed in report.c. Exit code: 0, or 1 when an engine
 * failed or two answers differ.
 */
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/turns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "bbots-bench - the same work on libbbots, SQLite, LMDB and DuckDB\n"
    "\n"
    "  --n N              calls that are loaded (100000)\n"
    "  --runs N           runs, of which medians are shown (3)\n"
    "  --work W1,W3       only these works; W2 takes in W2/1, W2/4 and W2/16 (all)\n"
    "  --threads 1,4      only these numbers of threads of W2 (1,4,16)\n"
    "  --engines A,B      of bbots, bbots-threads, bbots-cursor, sqlite, sqlite-covering, lmdb, "
    "duckdb (all)\n"
    "  --users N          users (1000)\n"
    "  --executions N     executions (20000)\n"
    "  --seed N           another seed, other rows (1)\n"
    "  --seconds N        how long W10 lasts (3)\n"
    "  --durability LEVEL of W1, W9, W10: buffered, relaxed or durable (buffered)\n"
    "  --dir FOLDER       where the stores go (build/bench/data)\n"
    "  --tsv FILE         all figures (build/bench/results.tsv)\n"
    "  --duckdb FOLDER    where bench/duckdb.sh put DuckDB (none: without it)\n"
    "  --note TEXT        stands in the TSV file: which build it was\n"
    "  --canary           falsify one answer: the run must fail\n"
    "  --list             the works\n";

static const bench_engine *const all_engines[] = {
    &engine_bbots,           &engine_bbots_threads, &engine_bbots_cursor, &engine_sqlite,
    &engine_sqlite_covering, &engine_lmdb,          &engine_duckdb};
enum { ALL_ENGINES = sizeof all_engines / sizeof all_engines[0] };

typedef struct command_line {
    settings set;
    unsigned runs;
    const char *work_list;
    const char *thread_list;
    const char *engine_list;
    const char *tsv;
    const char *note;
    bool canary;
} command_line;

/* ------------------------------------------------------------------ command line */

static uint32_t number_option(const char *name, const char *text, uint32_t least, uint32_t most)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = text != NULL ? strtoull(text, &end, 10) : 0;
    if (text == NULL || *text == '-' || end == text || *end != '\0' || errno != 0 ||
        number < least || number > most) {
        die("%s needs a number from %u to %u", name, (unsigned)least, (unsigned)most);
    }
    return (uint32_t)number;
}

static durability level_option(const char *text)
{
    for (unsigned level = DURABLE; level <= BUFFERED; level++) {
        if (strcmp(text, report_level((durability)level)) == 0) {
            return (durability)level;
        }
    }
    die("--durability is buffered, relaxed or durable");
}

/* One option with its value; false when there is no such option. */
static bool read_option(command_line *line, const char *name, const char *value)
{
    const struct {
        const char *name;
        uint32_t *number;
        uint32_t least;
        uint32_t most;
    } numbers[] = {
        {"--n", &line->set.data.calls, 100, 100000000},
        {"--runs", &line->runs, 1, RUNS_MAX},
        {"--users", &line->set.data.users, 1, 10000000},
        {"--executions", &line->set.data.executions, 0, 10000000},
        {"--seconds", &line->set.seconds, 1, 3600},
    };
    const struct {
        const char *name;
        const char **text;
    } texts[] = {
        {"--work", &line->work_list},
        {"--threads", &line->thread_list},
        {"--engines", &line->engine_list},
        {"--dir", &line->set.folder},
        {"--tsv", &line->tsv},
        {"--duckdb", &line->set.duckdb},
        {"--note", &line->note},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].number = number_option(name, value, numbers[i].least, numbers[i].most);
            return true;
        }
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(name, texts[i].name) == 0 && value != NULL) {
            *texts[i].text = value;
            return true;
        }
    }
    if (strcmp(name, "--seed") == 0) {
        line->set.data.seed = number_option(name, value, 0, UINT32_MAX);
        return true;
    }
    if (strcmp(name, "--durability") == 0 && value != NULL) {
        line->set.level = level_option(value);
        return true;
    }
    return false;
}

static bool wants_work(const command_line *line, const bench_work *candidate)
{
    size_t stem = strcspn(candidate->name, "/");
    const char *threads = candidate->name + stem + (candidate->name[stem] == '/');
    bool counted = *threads >= '0' && *threads <= '9';
    return (list_has(line->work_list, candidate->name, stem) ||
            list_has(line->work_list, candidate->name, strlen(candidate->name))) &&
           (!counted || list_has(line->thread_list, threads, strlen(threads)));
}

static bool wants_engine(const command_line *line, const bench_engine *engine)
{
    return list_has(line->engine_list, engine->name, strlen(engine->name)) &&
           (engine->script == NULL || line->set.duckdb != NULL);
}

/* ------------------------------------------------------------------ all of it */

static void write_tsv(const command_line *from, const report_line *lines, unsigned count)
{
    FILE *out = fopen(from->tsv, "w");
    if (out == NULL) {
        die("cannot write %s: %s", from->tsv, strerror(errno));
    }
    report_facts(out, &from->set, from->runs, from->note);
    report_tsv(out, &from->set, lines, count);
    if (fclose(out) != 0) {
        die("cannot write %s: %s", from->tsv, strerror(errno));
    }
    printf("\nall figures: %s\n", from->tsv);
}

/* A live sum's line is held against that of the sum by reading rows. */
static const report_line *find_against(const report_line *lines, unsigned count,
                                       const bench_work *work)
{
    for (unsigned i = 0; i < count && work->against != NULL; i++) {
        if (strcmp(lines[i].work->name, work->against) == 0) {
            return &lines[i];
        }
    }
    return NULL;
}

static unsigned run_works(const command_line *from, const bench_engine *const *engines,
                          unsigned engine_count, report_line *lines, bool *agree)
{
    unsigned count = 0;
    for (unsigned i = 0; i < work_count; i++) {
        if (!wants_work(from, &works[i])) {
            continue;
        }
        report_line *next = &lines[count];
        next->work = &works[i];
        next->engines = engines;
        next->engine_count = engine_count;
        next->runs = from->runs;
        next->against = find_against(lines, count, &works[i]);
        turns_run(&from->set, next);
        if (from->canary && count == 0) {
            next->outcomes[engine_count - 1][0].found.sum++;
        }
        report_work(next);
        *agree = report_agree(next) && *agree;
        count++;
    }
    return count;
}

static int run_all(const command_line *line)
{
    const bench_engine *engines[ALL_ENGINES];
    unsigned engine_count = 0;
    bool agree = true;
    report_line *lines = allocate(work_count, sizeof *lines);
    for (unsigned i = 0; i < ALL_ENGINES; i++) {
        if (wants_engine(line, all_engines[i])) {
            engines[engine_count++] = all_engines[i];
        }
    }
    folder_make(line->set.folder);
    turns_forget(&line->set, all_engines, ALL_ENGINES);
    report_head(&line->set, engines, engine_count, line->runs);
    unsigned count = run_works(line, engines, engine_count, lines, &agree);
    turns_forget(&line->set, all_engines, ALL_ENGINES);
    if (count == 0 || engine_count == 0) {
        die("no such work or engine; see --list and --help");
    }
    report_ratios(lines, count);
    printf("\nanswers: %s\n", agree ? "equal" : "DIFFERENT, see above");
    write_tsv(line, lines, count);
    free(lines);
    return agree ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int list_works(void)
{
    for (unsigned i = 0; i < work_count; i++) {
        printf("%-6s %s\n", works[i].name, works[i].title);
    }
    return EXIT_SUCCESS;
}

static int first_row(char **arguments)
{
    for (unsigned i = 0; i < ALL_ENGINES; i++) {
        if (strcmp(arguments[0], all_engines[i]->name) == 0) {
            works_first_row(all_engines[i], arguments[1],
                            (uint32_t)strtoul(arguments[2], NULL, 10));
            return EXIT_SUCCESS;
        }
    }
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    command_line line = {
        .set = {.data = {.seed = 1, .users = 1000, .executions = 20000, .calls = 100000},
                .level = BUFFERED,
                .seconds = 3,
                .folder = "build/bench/data"},
        .runs = 3,
        .tsv = "build/bench/results.tsv",
        .note = "",
    };
    if (argc == 5 && strcmp(argv[1], "--first-row") == 0) {
        return first_row(argv + 2);
    }
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--canary") == 0) {
            line.canary = true;
            i--;
            continue;
        }
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return EXIT_SUCCESS;
        }
        if (strcmp(argv[i], "--list") == 0) {
            return list_works();
        }
        if (!read_option(&line, argv[i], argv[i + 1])) {
            die("%s is no option, or has no value; see --help", argv[i]);
        }
    }
    return run_all(&line);
}
