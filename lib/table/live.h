/*
 * table/live.h - live aggregates from the inside (docs/format.md, "Live aggregates").
 *
 * All aggregates of a file share one tree, because open trees cost every reader a little. An entry
 * is a block: of one aggregate, one level of time, one bucket and one key (`by`). Its value is a
 * list of groups (`split`) with all sums and a list of the buckets of the next finer unit with the
 * fine sums. So a year of one key is twelve entries, and its days lie in the same twelve.
 *
 * live_key.c    keys and buckets      live_block.c  values
 * live_cells.c  what a transaction has collected, in memory
 * live.c        rows to cells, cells to blocks      live_check.c  blocks held against rows
 * live_tail.c   room for many new blocks
 * live_read.c   questions
 */
#ifndef TABLE_LIVE_H
#define TABLE_LIVE_H

#include "schema/build.h"
#include "table/engine.h"

__extension__ typedef __int128 live_number;
__extension__ typedef unsigned __int128 live_magnitude;

/* ------------------------------------------------------------------ keys (live_key.c) */

#define LIVE_HEAD       3 /* the aggregate's number, big endian, and the level */
#define LIVE_BUCKET     5 /* big endian, the sign turned */
#define LIVE_BUCKET_MAX ((INT64_C(1) << 39) - 1)
#define LIVE_KEY_MAX    511 /* of the tree; the rules of lib/schema/live.c keep it */
#define LIVE_CELL_MAX   (SCHEMA_LIVE_KEY_MAX + LIVE_BUCKET + SCHEMA_LIVE_SPLIT_MAX)

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
        hand->values[column] = bbots_row_value(hand->row, column);
    }
    return &hand->values[column];
}

/*
 * The cell that a row counts in: its `by` values, its finest bucket (in an aggregate with time),
 * its `split` values. Returns the size, 0 when the row counts nowhere; *split_at is where the split
 * begins.
 */
size_t live_cell_key(const bbots_live *live, live_row *hand, uint8_t out[LIVE_CELL_MAX],
                     size_t *split_at);

/* ------------------------------------------------------------------ cells (live_cells.c) */

/* What rows came to in one group of the finest bucket, as a difference. */
typedef struct live_cell {
    uint64_t hash;
    uint32_t key_at;
    uint16_t key_size;
    uint16_t split_at;
    int64_t count;
    live_number sums[]; /* as many as the aggregate has */
} live_cell;

/* A cell's place in an order. */
typedef struct live_place {
    uint64_t start; /* by key: its first eight bytes, big endian; by bucket: the sign turned */
    uint32_t cell;
} live_place;

/* The cells in the order of their keys, and room to order them by the buckets of a level. */
typedef struct live_places {
    live_place *memory;
    live_place *by_key;
    live_place *by_bucket;
    live_place *spare;
} live_places;

static inline uint64_t live_place_of_bucket(int64_t bucket)
{
    return (uint64_t)bucket ^ UINT64_C(1) << 63;
}

static inline int64_t live_place_bucket(const live_place *place)
{
    return (int64_t)(place->start ^ UINT64_C(1) << 63);
}

/*
 * The cells of one aggregate in one transaction, found by their keys. A sum cannot leave 128 bits:
 * a row adds less than 2^63, and there are less than 2^63 rows.
 */
typedef struct live_cells {
    size_t stride; /* bytes of a cell */
    uint8_t *cells;
    size_t count;
    size_t room;
    uint32_t *slots; /* hash table of cell numbers, one more than each; 0 is free */
    size_t slot_count;
    uint8_t *keys;
    size_t used;
    size_t keys_room;
} live_cells;

live_cells *live_cells_new(const bbots_live *live);
void live_cells_free(live_cells *cells);
void live_cells_clear(live_cells *cells);

static inline live_cell *live_cell_at(const live_cells *cells, size_t number)
{
    return (live_cell *)(void *)(cells->cells + number * cells->stride);
}

/* The cell of a key, made when there is none; NULL when memory is exhausted. */
live_cell *live_cells_find(live_cells *cells, const uint8_t *key, size_t size, size_t split_at);

/* Whether there are so many that they should be written. */
bool live_cells_full(const live_cells *cells);

/* Orders the cells, one at least, by their keys; false when memory is exhausted. */
bool live_cells_sort(const live_cells *cells, live_places *places);
void live_places_free(live_places *places);

/* Orders the first so many of places->by_bucket by bucket; equal ones stay as they are. */
void live_places_sort(live_places *places, size_t count);

/* ------------------------------------------------------------------ blocks (live_block.c) */

/* One line of a block's lists. */
typedef struct live_item {
    const uint8_t *key; /* of the split; in the list of finer buckets NULL */
    size_t size;
    int64_t bucket; /* in the list of finer buckets: its number in the block */
    int64_t count;
    live_number sums[BBOTS_LIVE_SUMS_MAX];
} live_item;

/* Copies a line that has so many sums. */
static inline void live_item_copy(live_item *to, const live_item *from, unsigned sums)
{
    memcpy(to, from, offsetof(live_item, sums) + sums * sizeof *from->sums);
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
    uint8_t *out;
    size_t out_room;
    size_t out_size;
} live_block;

void live_block_begin(live_block *block, const bbots_live *live);
void live_block_free(live_block *block);
void live_block_clear(live_block *block);

/* The line of a split's key, or of a finer bucket; made when there is none. NULL: no memory. */
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

/* Whether an update leaves all that an aggregate looks at as it was. */
bool live_untouched(const bbots_live *live, const bbots_row *old, const bbots_row *row);

/*
 * Begins to read the one block of a level that has these `by` values (all of them, in stored form)
 * and holds the time. BBOTS_OK, or BBOTS_NOT_FOUND: no row counts in it.
 */
int live_block_find(bbots_txn *txn, const bbots_table *table, const bbots_live *live,
                    unsigned level, const bbots_value *by, bbots_timestamp time,
                    live_reader *reader, bbots_error *error);

/* Adds a row's part, once or minus once. */
int live_add_row(const bbots_live *live, live_cells *cells, live_row *hand, int sign,
                 bbots_error *error);

/* Writes cells into their blocks and clears them. */
int live_write(store_txn *txn, store_tree tree, engine_table *table, const bbots_live *live,
               live_cells *cells, bbots_error *error);

#endif
