/*
 * inspect.h - what the commands of bbots-inspect share: the command line as it was understood,
 * the way to report, and the exit codes.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include <bbots/bbots.h>
#include <stdio.h>

/* Exit codes (docs/inspect.md; `bbots-inspect --help` prints them). */
enum {
    EXIT_DONE = 0,     /* all went well; of get and count: something was found */
    EXIT_NOTHING = 1,  /* get, explain, delete: no such row. apply: at least one line failed.
                          check: notes only */
    EXIT_USAGE = 2,    /* the command line cannot be understood */
    EXIT_FAILED = 3,   /* the store or a file said no; the message says why */
    EXIT_FINDINGS = 4  /* check: damage or derived data that is wrong. explain: refused */
};

/* How results are written. */
typedef enum output_format { FORMAT_PEOPLE, FORMAT_JSON, FORMAT_CSV } output_format;

/* The options that several commands understand. */
typedef struct command_line {
    const char *program;
    const char *file;        /* the store */
    const char *command;
    char **words;            /* what follows the command and is no common option */
    int word_count;
    output_format format;    /* --json, --csv */
    bool quiet;              /* --quiet: no progress bar */
    bbots_keyring *keys;     /* --keys, BBOTS_KEYS; NULL: none */
} command_line;

/* A command: its name, a line of help, the long help, and what runs it. Returns an exit code. */
typedef struct command {
    const char *name;
    const char *summary;
    const char *help;        /* usage and options, as `bbots-inspect help NAME` prints it */
    int (*run)(const command_line *line);
} command;

/* commands in files of their own */
extern const command command_create;
extern const command command_tables;
extern const command command_schema;
extern const command command_get;
extern const command command_scan;
extern const command command_count;
extern const command command_sum;
extern const command command_stat;
extern const command command_check;
extern const command command_readers;
extern const command command_salvage;
extern const command command_backup;
extern const command command_compact;
extern const command command_explain;
extern const command command_delete;
extern const command command_rebuild;
extern const command command_prices;
extern const command command_usage;
extern const command command_queues;
extern const command command_credits;
extern const command command_latest;
extern const command command_execution;
extern const command command_forecast;
extern const command command_costs;
extern const command command_top;
extern const command command_budget;
extern const command command_report;
extern const command command_import;
extern const command command_export;
extern const command command_apply;
extern const command command_keys;

/* ------------------------------------------------------------------ report.c */

/* Prints "bbots-inspect: ..." to standard error and returns EXIT_USAGE. */
int usage_error(const command_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints a library error (sentence, SQLSTATE, system error) to standard error; EXIT_FAILED. */
int library_error(const command_line *line, const bbots_error *error);

/*
 * Opens the store of the command line with the file's own schema. NULL after a message.
 * flags: enum bbots_open_flag.
 */
bbots_store *open_store(const command_line *line, unsigned flags);

/* ------------------------------------------------------------------ progress.c */

/*
 * A progress bar on standard error, drawn only when that is a terminal and --quiet is not given,
 * at most ten times a second, fitting any width from 20 columns on.
 */
typedef struct progress progress;
progress *progress_begin(const command_line *line, const char *what);
/* total 0: unknown, only the count is shown. */
void progress_show(progress *bar, uint64_t done, uint64_t total);
/* Wipes the bar. NULL is allowed. */
void progress_end(progress *bar);

/* ------------------------------------------------------------------ json_out.c */

/* Writes text as a JSON string with quotes. */
void json_put_string(FILE *out, const char *data, size_t size);

/*
 * Writes a value of a column as JSON: integers and booleans as such, decimals, times and uuids as
 * strings, jsonb as JSON, vectors as arrays, real and double as numbers (NaN and infinities as
 * strings), bytea as its \x string, NULL as null, a sealed value as {"$sealed":true}. Returns BBOTS_OK or BBOTS_NO_MEMORY.
 */
int json_put_value(FILE *out, const bbots_table *table, unsigned column, const bbots_value *value);

/* Writes a row as an object of all columns in the table's order. */
int json_put_row(FILE *out, const bbots_row *row);

#endif
