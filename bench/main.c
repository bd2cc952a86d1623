/*
 * main.c - bbots-bench: the command line, and whose turn it is.
 *
 * For each work, each run lets every engine do it once, in a process of its own; the engine that
 * begins changes from run to run. Works that need data start from a file that was loaded once for
 * each engine: W1's, when it is among the works. Exit code: 0, or 1 when an engine failed or two
 * answers differ.
 */
#include "bench/measure.h"
#include "bench/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help[] =
    "bbots-bench - the same work on libbbots and on SQLite\n"
    "\n"
    "  --n N              calls that are loaded (100000)\n"
    "  --runs N           runs, of which medians are shown (3)\n"
    "  --work W1,W3       only these works; W2 takes in W2/1, W2/4 and W2/16 (all)\n"
    "  --threads 1,4      only these numbers of threads of W2 (1,4,16)\n"
    "  --engines A,B      of bbots, bbots-cursor, sqlite, sqlite-covering (all)\n"
    "  --users N          users (1000)\n"
    "  --executions N     executions (20000)\n"
    "  --seed N           another seed, other rows (1)\n"
    "  --seconds N        how long W10 lasts (3)\n"
    "  --durability LEVEL of W1, W9, W10: relaxed or durable (relaxed)\n"
    "  --dir FOLDER       where the stores go (build/bench/data)\n"
    "  --tsv FILE         all figures (build/bench/results.tsv)\n"
    "  --list             the works\n";

static const bench_engine *const all_engines[] = {&engine_bbots, &engine_bbots_cursor,
                                                  &engine_sqlite, &engine_sqlite_covering};
enum { ALL_ENGINES = sizeof all_engines / sizeof all_engines[0] };

typedef struct command_line {
    settings set;
    unsigned runs;
    const char *work_list;
    const char *thread_list;
    const char *engine_list;
    const char *tsv;
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
    if (strcmp(text, "durable") != 0 && strcmp(text, "relaxed") != 0) {
        die("--durability is durable or relaxed");
    }
    return strcmp(text, "durable") == 0 ? DURABLE : RELAXED;
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

/* Whether a list "A,B" has a word of this size; no list has all. */
static bool in_list(const char *list, const char *word, size_t size)
{
    while (list != NULL && *list != '\0') {
        size_t length = strcspn(list, ",");
        if (length == size && strncmp(list, word, size) == 0) {
            return true;
        }
        list += length + (list[length] == ',');
    }
    return list == NULL;
}

static bool wants_work(const command_line *line, const bench_work *candidate)
{
    const char *slash = strchr(candidate->name, '/');
    size_t stem = strcspn(candidate->name, "/");
    return (in_list(line->work_list, candidate->name, stem) ||
            in_list(line->work_list, candidate->name, strlen(candidate->name))) &&
           (slash == NULL || in_list(line->thread_list, slash + 1, strlen(slash + 1)));
}

static bool wants_engine(const bench_work *candidate, const bench_engine *engine)
{
    return candidate->offered(engine) &&
           in_list(engine->only, candidate->name, strlen(candidate->name));
}

/* ------------------------------------------------------------------ one turn */

static void store_path(const settings *set, const bench_engine *engine, const char *what,
                       char *path, size_t size)
{
    snprintf(path, size, "%s/%s.%s", set->folder, engine->name, what);
}

/* Does a job in a process of its own. The outcome comes back through a pipe. */
static outcome run_apart(const bench_job *job)
{
    outcome out;
    int ends[2];
    int status = 0;
    memset(&out, 0, sizeof out);
    fflush(NULL);
    if (pipe(ends) != 0) {
        die("no pipe: %s", strerror(errno));
    }
    pid_t child = fork();
    if (child < 0) {
        die("no process: %s", strerror(errno));
    }
    if (child == 0) {
        close(ends[0]);
        if (job->work != NULL) {
            job->work->run(job, &out);
        } else {
            works_load(job);
        }
        bool written = write(ends[1], &out, sizeof out) == (ssize_t)sizeof out;
        exit(written ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ends[1]);
    bool complete = read(ends[0], &out, sizeof out) == (ssize_t)sizeof out;
    close(ends[0]);
    if (waitpid(child, &status, 0) != child || status != 0 || !complete) {
        die("%s: %s failed", job->work != NULL ? job->work->name : "load", job->engine->name);
    }
    return out;
}

/* The loaded file of an engine, made when it is not there. */
static void need_loaded(const settings *set, const bench_engine *engine, char *path, size_t size)
{
    bench_job loading = {set, engine, NULL, path};
    store_path(set, engine, "loaded", path, size);
    if (file_bytes(path) == 0) {
        file_remove(path);
        run_apart(&loading);
    }
}

static outcome take_turn(const settings *set, const bench_engine *engine, const bench_work *work)
{
    char loaded[4096];
    char path[4096];
    bench_job turn = {set, engine, work, path};
    store_path(set, engine, work->file == FILE_SHARED ? "loaded" : "work", path, sizeof path);
    if (work->file != FILE_NEW) {
        need_loaded(set, engine, loaded, sizeof loaded);
    }
    if (work->file != FILE_SHARED) {
        file_remove(path);
    }
    if (work->file == FILE_COPY) {
        file_copy(loaded, path);
    }
    outcome out = run_apart(&turn);
    if (work->file == FILE_NEW) {
        store_path(set, engine, "loaded", loaded, sizeof loaded);
        file_remove(loaded);
        if (rename(path, loaded) != 0) {
            die("cannot rename %s: %s", path, strerror(errno));
        }
    }
    if (work->file != FILE_SHARED) {
        file_remove(path);
    }
    return out;
}

static void run_work(const settings *set, report_line *line)
{
    for (unsigned run = 0; run < line->runs; run++) {
        for (unsigned turn = 0; turn < line->engine_count; turn++) {
            unsigned number = (turn + run) % line->engine_count;
            if (wants_engine(line->work, line->engines[number])) {
                line->outcomes[number][run] = take_turn(set, line->engines[number], line->work);
            }
        }
    }
}

/* ------------------------------------------------------------------ all of it */

static void forget_loaded(const settings *set)
{
    char path[4096];
    for (unsigned i = 0; i < ALL_ENGINES; i++) {
        store_path(set, all_engines[i], "loaded", path, sizeof path);
        file_remove(path);
        store_path(set, all_engines[i], "work", path, sizeof path);
        file_remove(path);
    }
}

static void write_tsv(const char *path, const report_line *lines, unsigned count)
{
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        die("cannot write %s: %s", path, strerror(errno));
    }
    report_tsv(out, lines, count);
    if (fclose(out) != 0) {
        die("cannot write %s: %s", path, strerror(errno));
    }
    printf("\nall figures: %s\n", path);
}

static int run_all(const command_line *line)
{
    const bench_engine *engines[ALL_ENGINES];
    unsigned engine_count = 0;
    unsigned count = 0;
    bool agree = true;
    report_line *lines = allocate(work_count, sizeof *lines);
    for (unsigned i = 0; i < ALL_ENGINES; i++) {
        if (in_list(line->engine_list, all_engines[i]->name, strlen(all_engines[i]->name))) {
            engines[engine_count++] = all_engines[i];
        }
    }
    folder_make(line->set.folder);
    forget_loaded(&line->set);
    report_head(&line->set, engines, engine_count, line->runs);
    for (unsigned i = 0; i < work_count; i++) {
        if (wants_work(line, &works[i])) {
            report_line *next = &lines[count++];
            next->work = &works[i];
            next->engines = engines;
            next->engine_count = engine_count;
            next->runs = line->runs;
            run_work(&line->set, next);
            report_work(next);
            agree = report_agree(next) && agree;
        }
    }
    forget_loaded(&line->set);
    if (count == 0 || engine_count == 0) {
        die("no such work or engine; see --list and --help");
    }
    report_ratios(lines, count);
    printf("\nanswers: %s\n", agree ? "equal" : "DIFFERENT, see above");
    write_tsv(line->tsv, lines, count);
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
                .level = RELAXED,
                .seconds = 3,
                .folder = "build/bench/data"},
        .runs = 3,
        .tsv = "build/bench/results.tsv",
    };
    if (argc == 5 && strcmp(argv[1], "--first-row") == 0) {
        return first_row(argv + 2);
    }
    for (int i = 1; i < argc; i += 2) {
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
