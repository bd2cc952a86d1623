/*
 * table/live.h - live aggregates from the inside (docs/format.md, "Live aggregates").
 *
 * All aggregates of a file share one tree, because open trees cost every reader a little. An entry
 * is a block: of one aggregate, one level of time, one bucket and one key (`by`). Its value is a
 * list of groups (`split`) with all sums and a list of the buckets of the next finer unit with the
 * fine sums. So a year of one key is twelve entries, and its days lie in the same twelve.
 *
 * live_key.c    keys and buckets      live_block.c  values
 * live_log.c    what a transaction has noted, in memory
 * live.c        rows to entries, entries to blocks      live_check.c  blocks held against rows
 * live_tail.c   room for many new blocks
 * live_read.c   questions
 */
#ifndef TABLE_LIVE_H
#define TABLE_LIVE_H

#include "schema/build.h"
#include "table/engine.h"

#include <bbots/live.h>

__extension__ typedef __int128 live_number;
__extension__ typedef unsigned __int128 live_magnitude;

/* ------------------------------------------------------------------ keys (live_key.c) */

#define LIVE_HEAD       3 /* the aggregate's number, big endian, and the level */
#define LIVE_BUCKET     5 /* big endian, the sign turned */
#define LIVE_BUCKET_MAX ((INT64_C(1) << 39) - 1)
#define LIVE_KEY_MAX    511 /* of the tree; the rules of lib/schema/live.c keep it */

/* How many levels of blocks an aggregate has, and by which unit one of them is. */
static inline unsigned live_levels(const bbots_live *live)
{
    return live->unit_count < 2 ? 1 : live->unit_count - 1u;
}

static inline bbots_time_unit live_unit(const bbots_live *live, unsigned level)
{
    return live->unit_count == 0 ? BBOTS_TIME_NONE : (bbots_time_unit)live->units[level];
}

/* The unit of a level's finer list, or none. */
static inline bbots_time_unit live_fine_unit(const bbots_live *live, unsigned level)
{
    return level + 1 < live->unit_count ? (bbots_time_unit)live->units[level + 1] : BBOTS_TIME_NONE;
}

/* The number of the unit in which a finite time lies, counted from the one that holds 1970. */
int64_t live_bucket(bbots_timestamp time, bbots_time_unit unit);

/* When it begins; past the range of timestamps, the range's end. */
bbots_timestamp live_bucket_start(int64_t bucket, bbots_time_unit unit);

void live_put_bucket(uint8_t out[LIVE_BUCKET], int64_t bucket);

/*
 * Writes what stands before the `by` values in the key of a block: number, level and, in an
 * aggregate with time, the bucket. So blocks of one time are neighbours. Returns the size.
 */
size_t live_put_head(const bbots_live *live, unsigned level, int64_t bucket, uint8_t *out);

/* Where the `by` values begin. */
static inline size_t live_by_at(const bbots_live *live)
{
    return LIVE_HEAD + (live->unit_count != 0 ? LIVE_BUCKET : 0u);
}
int64_t live_get_bucket(const uint8_t in[LIVE_BUCKET]);

/*
 * Writes one value of a column so that bytes compare as values do; nullable puts a byte in front.
 * Returns the size.
 */
size_t live_put_value(const bbots_column *column, const bbots_value *value, bool nullable,
                      uint8_t *out);

/* Reads it back; 0 when the bytes are no such value. Texts point into the bytes. */
size_t live_get_value(const bbots_column *column, bool nullable, const uint8_t *in, size_t size,
                      bbots_value *value);

/*
 * A row's values while several aggregates look at it: each column is decoded once, and the time is
 * brought to a unit once.
 */
typedef struct live_row {
    const bbots_row *row;
    uint64_t known; /* columns whose values are there */
    bbots_timestamp time;
    bbots_time_unit unit; /* none: no bucket is known */
    int64_t bucket;       /* of time */
    bbots_value values[BBOTS_COLUMNS_MAX];
} live_row;

static inline void live_row_begin(live_row *hand, const bbots_row *row)
{
    hand->row = row;
    hand->known = 0;
    hand->unit = BBOTS_TIME_NONE;
}

static inline const bbots_value *live_row_value(live_row *hand, unsigned column)
{
    if ((hand->known >> column & 1) == 0) {
        hand->known |= BBOTS_COLUMN_BIT(column);
        row_read(hand->row, column, &hand->values[column]);
    }
    return &hand->values[column];
}

/* The cell in which a row counts: its `by` values as bytes of a key, its finest bucket, its `split` values. */
typedef struct live_cell {
    int64_t bucket; /* 0 in an aggregate without time */
    size_t by_size;
    size_t split_size; /* the bytes follow those of `by` */
} live_cell;

#define LIVE_CELL_MAX (SCHEMA_LIVE_KEY_MAX + SCHEMA_LIVE_SPLIT_MAX)

/* False: the row counts nowhere. */
bool live_row_cell(const bbots_live *live, live_row *hand, uint8_t out[LIVE_CELL_MAX],
                   live_cell *cell);

/* ------------------------------------------------------------------ the log (live_log.c) */

/* One row, once or minus once; behind the sums the bytes of its `by` and `split` values. */
typedef struct live_entry {
    int64_t bucket; /* the finest */
    uint16_t by_size;
    uint16_t split_size;
    int32_t sign;
    int64_t sums[]; /* as many as the aggregate has; 0 for a null */
} live_entry;

/* What one transaction has noted for one aggregate. */
typedef struct live_log {
    uint8_t *bytes; /* entries, each at a multiple of eight */
    size_t used;
    size_t room;
    size_t count;
    bool long_by; /* `by` values of an entry have more than eight bytes */
} live_log;

live_log *live_log_new(void);
void live_log_free(live_log *log);
void live_log_clear(live_log *log);

/* Notes a row, once or minus once; false when memory is exhausted. */
bool live_log_add(live_log *log, const bbots_live *live, live_row *hand, int sign);

/* Whether there is so much that it should be written. */
bool live_log_full(const live_log *log);

/* An entry's place in an order. */
typedef struct live_place {
    uint64_t start; /* the first eight bytes of `by`, big endian; or a bucket, the sign turned */
    uint32_t at;    /* of the entry in the log */
} live_place;

/* All entries in an order, and room for the next one. */
typedef struct live_order {
    live_place *memory;
    live_place *places;
    live_place *spare;
} live_order;

static inline const uint8_t *live_entry_by(const bbots_live *live, const live_entry *entry)
{
    return (const uint8_t *)(entry->sums + live->sum_count);
}

static inline size_t live_entry_size(const bbots_live *live, const live_entry *entry)
{
    size_t key = (size_t)entry->by_size + entry->split_size;
    return sizeof *entry + live->sum_count * sizeof *entry->sums + (key + 7) / 8 * 8;
}

static inline const live_entry *live_entry_at(const live_log *log, const live_place *place)
{
    return (const live_entry *)(const void *)(log->bytes + place->at);
}

static inline uint64_t live_place_of_bucket(int64_t bucket)
{
    return (uint64_t)bucket ^ UINT64_C(1) << 63;
}

static inline int64_t live_place_bucket(const live_place *place)
{
    return (int64_t)(place->start ^ UINT64_C(1) << 63);
}

/*
 * Orders the entries, one at least, by their `by` values; false when memory is exhausted. Equal ones
 * stay as they came.
 */
bool live_order_begin(live_order *order, const live_log *log, const bbots_live *live);

/* Orders anew by start; equal ones stay as they are. */
void live_order_by_start(live_order *order, size_t count);
void live_order_end(live_order *order);

/* ------------------------------------------------------------------ blocks (live_block.c) */

/* One line of a block's lists. */
typedef struct live_item {
    const uint8_t *key; /* of the split; in the list of finer buckets NULL */
    size_t size;
    const uint8_t *stored; /* bytes of numbers that nobody has looked at, or NULL */
    size_t stored_size;
    int64_t bucket; /* in the list of finer buckets: its number in the block */
    int64_t count;
    live_number sums[BBOTS_LIVE_SUMS_MAX];
} live_item;

/* Copies a line that has so many sums. */
static inline void live_item_copy(live_item *to, const live_item *from, unsigned sums)
{
    memcpy(to, from, offsetof(live_item, sums) + sums * sizeof *from->sums);
}

/* Sums wrap: a block that somebody forged may hold any numbers, and no rows come near the end of these. */
static inline live_number live_plus(live_number a, live_number b)
{
    return (live_number)((live_magnitude)a + (live_magnitude)b);
}

/* Adds a line's numbers to those of another. */
static inline void live_item_add(live_item *sum, const live_item *item, unsigned sums)
{
    sum->count = (int64_t)((uint64_t)sum->count + (uint64_t)item->count);
    for (unsigned i = 0; i < sums; i++) {
        sum->sums[i] = live_plus(sum->sums[i], item->sums[i]);
    }
}

typedef struct live_list {
    live_item *items;
    unsigned sums; /* of each line */
    size_t count;
    size_t room;
} live_list;

/* A block in hand. It can be used again for the next one. */
typedef struct live_block {
    live_list groups; /* in the order of keys */
    live_list finer;  /* in the order of buckets */
    bool damaged;     /* a number in it cannot be */
    uint8_t *out;
    size_t out_room;
    size_t out_size;
} live_block;

void live_block_begin(live_block *block, const bbots_live *live);
void live_block_free(live_block *block);
void live_block_clear(live_block *block);

/*
 * Takes a stored value in hand. Keys and lines point into it until live_block_encode(). False: the
 * value is damaged. *no_memory tells when it is not, and memory is exhausted.
 */
bool live_block_load(live_block *block, const bbots_live *live, store_bytes key, store_bytes value,
                     bool *no_memory);

/*
 * The line of a split's key, or of a finer bucket, its numbers read; made when there is none.
 * NULL: no memory.
 */
live_item *live_block_group(live_block *block, const uint8_t *key, size_t size);
live_item *live_block_finer(live_block *block, int64_t bucket);

/*
 * Writes the block into block->out, out_size bytes; 0 when nothing is left in it. BBOTS_CORRUPTED
 * when a line without rows has a sum: then blocks and rows had parted before.
 */
int live_block_encode(const bbots_live *live, live_block *block, store_bytes key,
                      bbots_error *error);

/* Reads a stored value line by line: first all groups, then all finer buckets. */
typedef struct live_reader {
    const bbots_live *live;
    const uint8_t *at;
    const uint8_t *end;
    uint64_t groups; /* lines left */
    uint64_t finer;
    bool damaged;
} live_reader;

/* Verifies the checksum and begins. False: it does not fit. */
bool live_reader_open(live_reader *reader, const bbots_live *live, store_bytes key,
                      store_bytes value);

/* The next line of a list; false at its end, or with reader->damaged. */
bool live_reader_group(live_reader *reader, live_item *item);
bool live_reader_finer(live_reader *reader, live_item *item);

/* Passes over the groups and over the finer buckets below one. */
void live_reader_pass(live_reader *reader, int64_t low);

/* Whether the value was whole: to be asked when both lists are read. */
bool live_reader_whole(const live_reader *reader);

int live_damaged(const engine_table *table, const bbots_live *live, bbots_error *error);

/* ------------------------------------------------------------------ what stands behind (live_tail.c) */

#define LIVE_TAIL 4096 /* bytes of a page */

/* Entries that were taken out of the tree, one after another: sizes, key, value. */
typedef struct live_tail {
    size_t size;
    uint8_t bytes[2 * LIVE_TAIL + LIVE_KEY_MAX + 4];
} live_tail;

/* Takes out what stands behind a key, as much as may share its page; puts it back. */
int live_tail_lift(live_tail *tail, store_cursor *cursor, store_bytes key, bbots_error *error);
int live_tail_put_back(live_tail *tail, store_cursor *cursor, bbots_error *error);

/* ------------------------------------------------------------------ the rows' side (live.c) */

/* Hears of a bucket that begins at a time, or of a row at it: the measures, in their order. */
typedef int live_visit(void *context, bbots_timestamp start, const live_number *numbers);

/* Of the buckets in a list, as numbers in their block, those from low to below high: hours of a day. */
typedef struct live_window {
    int64_t low;
    int64_t high;
} live_window;

/*
 * As bbots_live_summarize() with one group, of times, which is not made: each bucket of the unit
 * or a finer one is told by itself, not in order, and a time can be told twice. With a window (or
 * NULL) the range begins and ends with a whole block of the list.
 */
int live_each_time(bbots_txn *txn, const bbots_live_query *query, const live_window *window,
                   live_visit *visit, void *context, bbots_error *error);

/*
 * Begins to read the one block of a level, in an aggregate with time, that has these `by` values (all of
 * them, in stored form) and holds the time. BBOTS_OK, or BBOTS_NOT_FOUND: no row counts in it.
 */
int live_block_find(bbots_txn *txn, const bbots_table *table, const bbots_live *live,
                    unsigned level, const bbots_value *by, bbots_timestamp time,
                    live_reader *reader, bbots_error *error);

/* Writes what was noted into its blocks and clears the log. */
int live_write(store_txn *txn, store_tree tree, engine_table *table, const bbots_live *live,
               live_log *log, bbots_error *error);

#endif
