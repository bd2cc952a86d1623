/*
 * options.h - the words behind a command: its own options, and the rest.
 *
 * An option is --name VALUE, --name=VALUE or, of a switch, --name. Options and other words mix;
 * behind "--" nothing is an option. -o is --output; any other word with one dash, such as -5, is a value.
 */
#ifndef INSPECT_OPTIONS_H
#define INSPECT_OPTIONS_H

#include "inspect.h"

enum { OPTION_LIST_MAX = 16, REST_MAX = 16 };

/* Values of an option that may be given several times. */
typedef struct option_list {
    const char *values[OPTION_LIST_MAX];
    unsigned count;
} option_list;

/* Where an option goes: exactly one of the three is set. A list of options ends with name NULL. */
typedef struct option {
    const char *name; /* with its dashes */
    const char **value;
    bool *flag;
    option_list *list;
} option;

/* The words that are no options. */
typedef struct rest_words {
    const char *words[REST_MAX];
    unsigned count;
} rest_words;

/*
 * Sorts the words of a command line into options and the rest, of which there have to be least to
 * most. what names them for the message: "TABLE KEY...". EXIT_DONE, or EXIT_USAGE after a message.
 */
int read_options(const command_line *line, const option *options, unsigned least, unsigned most,
                 const char *what, rest_words *rest);

/* Reads a whole number; EXIT_DONE or EXIT_USAGE after a message that names the option. */
int read_number(const command_line *line, const char *name, const char *text, uint64_t *number);

/*
 * Reads the number of a row, such as a user's, from 1 on: 0 would mean all of them. EXIT_DONE or EXIT_USAGE
 * after a message that names the option.
 */
int read_id(const command_line *line, const char *name, const char *text, int64_t *id);

/* Reads how many, 1 to 4,294,967,295. */
int read_count(const command_line *line, const char *name, const char *text, uint32_t *count);

/* Reads a day or a time; EXIT_DONE or EXIT_USAGE after a message that names the option. */
int read_time(const command_line *line, const char *name, const char *text, bbots_timestamp *time);

/* The columns of "a,b,c"; a message names an unknown or repeated one. */
int read_columns(const command_line *line, const bbots_table *table, const char *text,
                 unsigned most, uint8_t *columns, unsigned *count);

/*
 * Splits "a,b" into values, at most `most`; with most 1 the text is one value whatever it holds.
 * A value in double quotes may hold commas ("" is one quote); a bare NULL is null. *memory is to
 * be freed by the caller, also after a failure.
 */
int read_values(const command_line *line, const char *name, const char *text, unsigned most,
                bbots_value *values, unsigned *count, char **memory);

#endif
