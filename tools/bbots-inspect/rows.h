/*
 * rows.h - the rows that a command asks for: a range of an index, conditions, an order, a limit.
 *
 * Rows stream: one after another leaves the cursor and nothing is kept, unless an order is asked
 * for that no index has. Then rows are collected and sorted, at most ROWS_SORTED_MAX of them (a
 * row takes 40 bytes; its contents stay in the file). With a limit only the best `limit` rows are
 * kept, so a small limit sorts tables of any size.
 */
#ifndef INSPECT_ROWS_H
#define INSPECT_ROWS_H

#include "filter.h"
#include "options.h"
#include "session.h"

enum { ROWS_SORTED_MAX = 1000000 };

/* The options of scan and count, as typed; NULL when not given. */
typedef struct rows_request {
    const char *index;
    const char *from;
    const char *to;
    const char *order;
    const char *limit;
    bool exclusive; /* rows at the bounds do not count */
    bool reverse;
    bool live;
    option_list where;
} rows_request;

typedef struct rows {
    const session *in;
    const bbots_table *table;
    unsigned index;
    bbots_range range;
    bbots_value from[BBOTS_KEY_COLUMNS_MAX];
    bbots_value to[BBOTS_KEY_COLUMNS_MAX];
    char *from_memory;
    char *to_memory;
    filter filters[OPTION_LIST_MAX];
    unsigned filter_count;
    int order;       /* the column to sort by in memory, or -1 */
    bool descending; /* of that sorting */
    uint64_t limit;  /* rows at most; 0: all */
    bool more;       /* set by rows_each(): the limit left rows out */
} rows;

/* Reads the range and limit of a request: --index, --from, --to, --exclusive, --live, --limit. */
int rows_read_range(const session *in, const bbots_table *table, const rows_request *request,
                    rows *made);

/* The same with conditions and order. rows_free() in any case. */
int rows_read(const session *in, const bbots_table *table, const rows_request *request, rows *made);
void rows_free(rows *made);

/* Gives every row to `take`, in order. EXIT_DONE, or the exit code after a message. */
typedef void rows_take(void *context, const bbots_row *row);
int rows_each(rows *from, rows_take *take, void *context);

#endif
