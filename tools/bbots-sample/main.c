/*
 * main.c - bbots-sample: rows to try things with, as JSON lines on standard output.
 *
 * The rows are those of the benchmark (bench/workload.c): what is measured can be looked at. Exit
 * code: 0, 1 when a trace is bad or the output cannot be written, 2 for a command line that cannot
 * be understood.
 */
#include "tools/bbots-sample/lines.h"
#include "tools/bbots-sample/trace.h"

#include <bbots/decimal.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_DONE = 0, EXIT_BAD = 1, EXIT_USAGE = 2 };

static const char help[] =
    "bbots-sample - rows to try things with\n"
    "\n"
    "  bbots-sample rows [--users N] [--executions N] [--calls N] [--seed N]\n"
    "                    [--table NAME]\n"
    "      Users, their tasks and executions, and the calls of a year that those made (1000,\n"
    "      20000, 100000). The same seed gives the same rows.\n"
    "\n"
    "  bbots-sample trace FILE.csv... [--model NAME] [--input-price D] [--output-price D]\n"
    "                                 [--users N] [--seed N] [--table NAME]\n"
    "      Calls of the Azure LLM inference traces as rows of api_token_usage, for users 1 to N\n"
    "      (1000). Prices are USD per million tokens (claude-sonnet-4-5, 3, 15).\n"
    "\n"
    "Both write operations, 10,000 a transaction, or with --table the bare rows of one table:\n"
    "      bbots-sample rows | bbots-inspect FILE apply > answers.jsonl\n"
    "      bbots-sample rows --table users | bbots-inspect FILE import users - --format jsonl\n";

typedef struct command_line {
    workload data;
    trace_options trace;
    unsigned table; /* the only one to write; WORKLOAD_TABLES: all */
    int file_count; /* of a trace; they stand at the front of the words */
} command_line;

static int usage(const char *what, const char *word)
{
    fprintf(stderr, "bbots-sample: %s%s; see bbots-sample --help\n", word, what);
    return EXIT_USAGE;
}

/* ------------------------------------------------------------------ options */

static bool read_number(const char *text, uint32_t least, uint32_t most, uint32_t *number)
{
    char *end = NULL;
    errno = 0;
    unsigned long long read = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || read < least || read > most) {
        return false;
    }
    *number = (uint32_t)read;
    return true;
}

/* USD per million tokens, below 10,000 and exact to WORKLOAD_PRICE_SCALE digits. */
static bool read_price(const char *text, int64_t *price)
{
    const int64_t finer = 1000000;
    int64_t scaled;
    bbots_text from = {text, strlen(text)};
    if (bbots_decimal_parse(from, 16, WORKLOAD_PRICE_SCALE + 6, &scaled) != BBOTS_OK ||
        scaled < 0 || scaled % finer != 0) {
        return false;
    }
    *price = scaled / finer;
    return true;
}

/* A table that this command has rows of. */
static bool read_table(const char *text, bool trace, unsigned *table)
{
    for (unsigned i = trace ? WORKLOAD_CALLS : 0; i < WORKLOAD_TABLES; i++) {
        if (strcmp(text, workload_tables[i].name) == 0) {
            *table = i;
            return true;
        }
    }
    return false;
}

/* Letters, digits and marks, as names of models are: JSON and varchar(100) take them as they are. */
static bool read_model(const char *text, span *model)
{
    size_t size = strlen(text);
    *model = (span){text, size};
    for (size_t i = 0; i < size; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return size > 0 && size <= 100;
}

/* Reads an option of the command; EXIT_DONE or EXIT_USAGE after a message. */
static int read_option(command_line *line, bool trace, const char *name, const char *value)
{
    uint32_t seed = 0;
    bool known = true;
    bool good = false;
    if (value == NULL) {
        return usage(" needs a value", name);
    }
    if (strcmp(name, "--users") == 0) {
        good = read_number(value, 1, 1000000, &line->data.users);
    } else if (strcmp(name, "--seed") == 0) {
        good = read_number(value, 0, UINT32_MAX, &seed);
        line->data.seed = seed;
    } else if (strcmp(name, "--table") == 0) {
        good = read_table(value, trace, &line->table);
    } else if (!trace && strcmp(name, "--executions") == 0) {
        good = read_number(value, 0, 100000000, &line->data.executions);
    } else if (!trace && strcmp(name, "--calls") == 0) {
        good = read_number(value, 0, 1000000000, &line->data.calls);
    } else if (trace && strcmp(name, "--model") == 0) {
        good = read_model(value, &line->trace.model);
    } else if (trace && strcmp(name, "--input-price") == 0) {
        good = read_price(value, &line->trace.price.input);
    } else if (trace && strcmp(name, "--output-price") == 0) {
        good = read_price(value, &line->trace.price.output);
    } else {
        known = false;
    }
    return !known ? usage(" is no option of this command", name)
           : good ? EXIT_DONE
                  : usage(" has a value that it cannot take", name);
}

/* Options may stand between files; files move to the front of the words. */
static int read_words(command_line *line, bool trace, char **words, int count)
{
    for (int i = 0; i < count; i++) {
        if (strncmp(words[i], "--", 2) == 0) {
            int result = read_option(line, trace, words[i], i + 1 < count ? words[i + 1] : NULL);
            if (result != EXIT_DONE) {
                return result;
            }
            i++;
        } else if (trace) {
            words[line->file_count++] = words[i];
        } else {
            return usage(" is not understood", words[i]);
        }
    }
    return trace && line->file_count == 0 ? usage("trace needs a file", "") : EXIT_DONE;
}

/* ------------------------------------------------------------------ commands */

static int end_output(void)
{
    if (lines_end() != 0) {
        fprintf(stderr, "bbots-sample: cannot write: %s\n", strerror(errno));
        return EXIT_BAD;
    }
    return EXIT_DONE;
}

static int put_rows(const workload *data, unsigned only)
{
    line_form form = only < WORKLOAD_TABLES ? LINE_ROW : LINE_OPERATION;
    cell_row row;
    for (unsigned table = 0; table < WORKLOAD_TABLES; table++) {
        if (form == LINE_ROW && table != only) {
            continue;
        }
        uint32_t count = workload_count(data, (workload_number)table);
        for (uint32_t id = 1; id <= count; id++) {
            workload_row(data, (workload_number)table, id, &row);
            line_put(form, (workload_number)table, row.cells);
        }
    }
    return end_output();
}

static int put_trace(command_line *line, char **files)
{
    line->trace.users = line->data.users;
    line->trace.seed = line->data.seed;
    line->trace.form = line->table < WORKLOAD_TABLES ? LINE_ROW : LINE_OPERATION;
    if (trace_put(files, line->file_count, &line->trace) != 0) {
        return EXIT_BAD;
    }
    return end_output();
}

int main(int argc, char **argv)
{
    static const char model[] = "claude-sonnet-4-5";
    command_line line = {
        .data = {.seed = 1, .users = 1000, .executions = 20000, .calls = 100000},
        .trace = {.model = {model, sizeof model - 1}, .price = {3000000, 15000000, 0, 0}},
        .table = WORKLOAD_TABLES,
    };
    const char *command = argc > 1 ? argv[1] : "";
    bool trace = strcmp(command, "trace") == 0;
    if (strcmp(command, "--help") == 0 || strcmp(command, "help") == 0) {
        fputs(help, stdout);
        return EXIT_DONE;
    }
    if (!trace && strcmp(command, "rows") != 0) {
        return usage("the first word is rows or trace", "");
    }
    int result = read_words(&line, trace, argv + 2, argc - 2);
    if (result != EXIT_DONE) {
        return result;
    }
    return trace ? put_trace(&line, argv + 2) : put_rows(&line.data, line.table);
}
