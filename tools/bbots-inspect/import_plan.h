/* import_plan.h - which column takes its value from where. */
#ifndef IMPORT_PLAN_H
#define IMPORT_PLAN_H

#include "inspect.h"
#include "options.h"

/* What the command line says. */
typedef struct import_options {
    bool create; /* the store */
    bool script; /* of pg_dump */
    bool whole;  /* all tables of a store: what follows rows is among them, and taken as it is */
    bool csv;
    const char *schema; /* of a script: whose tables count; NULL: public */
    const char *header; /* of CSV: the columns when the file does not name them */
    char delimiter;
    const char *null_text; /* an unquoted field of this text is NULL */
    bool defaults;         /* ... or rather the column's default */
    bool ignore_unknown;
    option_list maps;    /* COLUMN=HEADER */
    option_list ignores; /* HEADER */
    option_list sets;    /* COLUMN=VALUE */
    uint64_t batch;      /* rows a transaction; 0: all in one */
} import_options;

/* What a header of the file can be beside a column's number. */
enum { IMPORT_IGNORED = -1, IMPORT_UNKNOWN = -2 };

typedef struct import_plan {
    const bbots_table *table;
    const import_options *options;
    const char *sources[BBOTS_COLUMNS_MAX]; /* headers of --map, by column; NULL: its own name */
    bbots_value constants[BBOTS_COLUMNS_MAX];
    uint64_t constant; /* columns of --set */
} import_plan;

/*
 * Makes a plan for a table; options must outlive it. EXIT_DONE, or EXIT_USAGE after a message.
 */
int import_plan_make(const command_line *line, const import_options *options,
                     const bbots_table *table, import_plan *plan);

/* The column that a header's values go to, IMPORT_IGNORED or IMPORT_UNKNOWN. */
int import_plan_column(const import_plan *plan, bbots_text header);

#endif
