/*
 * filter.h - conditions on rows: --where 'COLUMN OP VALUE'.
 *
 * OP is = != <> < <= > >= ~ (contains), "is null" or "is not null". As in SQL a comparison with
 * NULL is not true, whatever the operator. COLUMN may go on as a path into jsonb: metadata.a[0].
 */
#ifndef INSPECT_FILTER_H
#define INSPECT_FILTER_H

#include "inspect.h"

typedef enum filter_operator {
    FILTER_EQUAL,
    FILTER_DIFFERS,
    FILTER_LESS,
    FILTER_LESS_EQUAL,
    FILTER_GREATER,
    FILTER_GREATER_EQUAL,
    FILTER_CONTAINS,
    FILTER_NULL,
    FILTER_NOT_NULL
} filter_operator;

typedef struct filter {
    const bbots_table *table;
    unsigned column;
    filter_operator operator;
    char *path; /* into jsonb, or NULL */
    char *text; /* the operand as it was typed, without SQL's quotes */
    size_t text_size;
    bbots_value operand; /* the same as a value of the column; points to text or packed */
    void *packed;        /* of jsonb: the operand packed, or NULL when it is no JSON */
    size_t packed_size;
    bool quoted; /* the operand stood in single quotes: text and never a number */
} filter;

/* Reads a condition; EXIT_DONE, or the exit code after a message. filter_free() in either case. */
int filter_read(const command_line *line, const bbots_table *table, const char *condition,
                filter *read);
void filter_free(filter *read);

/* Whether a row meets a condition. Sets *failed when memory is exhausted. */
bool filter_matches(const filter *condition, const bbots_row *row, bool *failed);

/* The order of two values of one column, nulls last: negative, zero, positive. */
int value_compare(const bbots_column *column, const bbots_value *a, const bbots_value *b);

#endif
