/*
 * bbots/summary.h - count, sum, least and greatest by group, over rows of a range, exactly.
 */
#ifndef BBOTS_SUMMARY_H
#define BBOTS_SUMMARY_H

#include <bbots/cursor.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BBOTS_SUMMARY_GROUPS_MAX 4
#define BBOTS_SUMMARY_MEASURES_MAX 16
#define BBOTS_SUMMARY_THREADS_MAX 16

typedef enum bbots_measure_kind {
    BBOTS_COUNT = 1, /* rows; with a column: rows in which it is not null */
    BBOTS_SUM,       /* of an integer or decimal column */
    BBOTS_MIN,
    BBOTS_MAX
} bbots_measure_kind;

typedef struct bbots_group_column {
    uint16_t column;
    uint16_t unit; /* enum bbots_time_unit for a timestamp column: its start of hour, day, ... */
} bbots_group_column;

typedef struct bbots_measure {
    uint16_t kind;   /* enum bbots_measure_kind */
    int16_t column;  /* -1 for COUNT of rows */
} bbots_measure;

typedef struct bbots_summary_query {
    const bbots_table *table;
    unsigned index;             /* the index whose range is read */
    const bbots_range *range;   /* NULL: all rows; limit counts rows read */
    bbots_group_column groups[BBOTS_SUMMARY_GROUPS_MAX];
    unsigned group_count;       /* 0: one group of all rows */
    bbots_measure measures[BBOTS_SUMMARY_MEASURES_MAX];
    unsigned measure_count;
    /*
     * How many threads may read, this one among them; 0 is 1. More than one is of use to a read
     * transaction that asks for all rows of a large table, and is this one alone otherwise, for a
     * table with secrets, and where no thread can be made. They end before the call does.
     */
    unsigned threads;
} bbots_summary_query;

/*
 * A measure's result: an exact 128-bit integer in two halves (value = high * 2^64 + low, two's
 * complement), to be read with the column's scale. null: no row had a value.
 */
typedef struct bbots_exact {
    int64_t high;
    uint64_t low;
    bool null;
} bbots_exact;

typedef struct bbots_summary bbots_summary;

/*
 * Reads the rows of a range once, decoding only the columns named, and groups them. The groups come
 * in the order of their values. Free the result with bbots_summary_free(); texts in it are copies.
 *
 * Errors: BBOTS_WRONG_TYPE (a measure or unit does not fit its column), BBOTS_INVALID_ARGUMENT (also:
 * more threads than BBOTS_SUMMARY_THREADS_MAX), and those of a cursor. No sum of rows is past 128 bits.
 */
BBOTS_API BBOTS_CHECKED int bbots_summarize(bbots_txn *txn, const bbots_summary_query *query,
                                            bbots_summary **summary, bbots_error *error);

/* The number of groups. */
BBOTS_API size_t bbots_summary_count(const bbots_summary *summary);

/* Group column `group` and measure `measure` of group number `number`. */
BBOTS_API bbots_value bbots_summary_group(const bbots_summary *summary, size_t number,
                                          unsigned group);
BBOTS_API bbots_exact bbots_summary_measure(const bbots_summary *summary, size_t number,
                                            unsigned measure);

BBOTS_API void bbots_summary_free(bbots_summary *summary);

/* Writes an exact number with scale digits after the point, and a NUL: at most 48 bytes. */
BBOTS_API size_t bbots_exact_print(bbots_exact exact, unsigned scale, char buffer[48]);

#ifdef __cplusplus
}
#endif
#endif
