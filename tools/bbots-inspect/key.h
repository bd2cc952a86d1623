/* key.h - a row named on the command line: TABLE KEY... [--by INDEX|COLUMN[,COLUMN]]. */
#ifndef INSPECT_KEY_H
#define INSPECT_KEY_H

#include "options.h"
#include "session.h"

typedef struct row_name {
    const bbots_table *table;
    unsigned index;                         /* a unique one */
    bbots_value key[BBOTS_KEY_COLUMNS_MAX]; /* in its order; points to the words */
} row_name;

/*
 * Understands the words TABLE KEY...; `by` is what --by said, or NULL for the primary key.
 * EXIT_DONE, or EXIT_USAGE after a message.
 */
int read_row_name(const session *in, const rest_words *rest, const char *by, row_name *named);

/* Says that there is no such row; EXIT_NOTHING. */
int no_such_row(const session *in, const row_name *named);

#endif
