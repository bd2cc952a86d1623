/*
 * bbots/cursor.h - rows in the order of an index, between bounds, forward or backward.
 */
#ifndef BBOTS_CURSOR_H
#define BBOTS_CURSOR_H

#include <bbots/table.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bbots_cursor bbots_cursor;

/*
 * Bounds are values of the first columns of the index, as many as wanted; a bound of fewer columns
 * takes in every row that begins with it. Null sorts after every value. Zeroed, the range is all.
 */
typedef struct bbots_range {
    const bbots_value *from;   /* from_count values, or NULL */
    const bbots_value *to;     /* to_count values, or NULL */
    uint8_t from_count;
    uint8_t to_count;
    bool from_exclusive;       /* rows that begin with `from` do not count */
    bool to_exclusive;
    bool reverse;              /* from the end to the start */
    bool live_only;            /* leave out soft-deleted rows */
    uint64_t limit;            /* rows at most; 0 means no limit */
} bbots_range;

/*
 * Opens a cursor over a table in the order of an index (0 is the primary key). range may be NULL:
 * all rows. The bounds are copied. The cursor has to be closed before its transaction ends. The
 * transaction may write while a cursor is open: the cursor goes on behind the last row it gave,
 * and sees what was written ahead of it.
 *
 * Errors: BBOTS_UNKNOWN_INDEX, BBOTS_INVALID_ARGUMENT (more bounds than columns), the complaints
 * about a value, and those of every table function.
 */
BBOTS_API BBOTS_CHECKED int bbots_cursor_open(bbots_txn *txn, const bbots_table *table,
                                              unsigned index, const bbots_range *range,
                                              bbots_cursor **cursor, bbots_error *error);

/* The next row. Returns BBOTS_OK or BBOTS_END. */
BBOTS_API BBOTS_CHECKED int bbots_cursor_next(bbots_cursor *cursor, bbots_row *row,
                                              bbots_error *error);

/* The next row into a typed struct. Returns BBOTS_OK or BBOTS_END. */
BBOTS_API BBOTS_CHECKED int bbots_cursor_next_record(bbots_cursor *cursor, void *record,
                                                     bbots_error *error);

/* Frees a cursor. NULL is allowed. */
BBOTS_API void bbots_cursor_close(bbots_cursor *cursor);

#ifdef __cplusplus
}
#endif
#endif
