/*
 * table/live_check.c - blocks of live aggregates held against the rows.
 *
 * Recomputing an aggregate takes memory for all its groups. What is compared here takes none: sums
 * over all lines of (hash of the line's place) x (its number), modulo 2^128. The same sums come out
 * of the rows, line by line of what each row counts in. If a line is wrong, missing or too many,
 * they differ but for a chance of about 2^-64; as with a digest, it is not told which line.
 */
#include "table/check.h"
#include "table/live.h"

#include "base/bytes.h"

#define LISTS 2 /* groups, finer buckets */

/* What all lines of a level come to: number of rows, then sums. */
typedef struct proof {
    live_magnitude numbers[BBOTS_LIVE_UNITS_MAX][LISTS][BBOTS_LIVE_SUMS_MAX + 1];
} proof;

typedef struct comparison {
    check *run;
    const bbots_live *live;
    proof of_rows;
    proof of_blocks;
    uint64_t blocks;
} comparison;

/* ------------------------------------------------------------------ lines */

/* A place: list, level and the aggregate are in the head; then `by`, bucket and split. */
static live_magnitude weight(const uint8_t *place, size_t size)
{
    bb_hash hash = bb_hash128(place, size, 0);
    return hash.low | 1;
}

static void add_line(live_magnitude *numbers, live_magnitude factor, const live_item *item,
                     unsigned sums)
{
    live_magnitude count = (live_magnitude)(live_number)item->count;
    numbers[0] += factor * count;
    for (unsigned i = 0; i < sums; i++) {
        numbers[i + 1] += factor * (live_magnitude)item->sums[i];
    }
}

/* ------------------------------------------------------------------ from the rows */

static int64_t bucket_of(const bbots_live *live, const bbots_row *row, bbots_time_unit unit)
{
    return live_bucket(bbots_row_value(row, live->time).integer, unit);
}

static void add_row_level(comparison *both, const bbots_row *row, const live_item *item,
                          const uint8_t *values, const live_cell *counts, unsigned level)
{
    const bbots_live *live = both->live;
    uint8_t place[LIVE_HEAD + LIVE_BUCKET + LIVE_CELL_MAX];
    size_t by_end = LIVE_HEAD + counts->by_size;
    size_t split_at = by_end + (live->unit_count != 0 ? LIVE_BUCKET : 0u);
    place[0] = 0;
    bb_store16_big(place + 1, (uint16_t)level);
    memcpy(place + LIVE_HEAD, values, counts->by_size);
    if (live->unit_count != 0) {
        live_put_bucket(place + by_end, bucket_of(live, row, live_unit(live, level)));
    }
    memcpy(place + split_at, values + counts->by_size, counts->split_size);
    add_line(both->of_rows.numbers[level][0], weight(place, split_at + counts->split_size), item,
             live->sum_count);
    if (live->unit_count > 1) {
        place[0] = 1;
        live_put_bucket(place + by_end, bucket_of(live, row, live_fine_unit(live, level)));
        add_line(both->of_rows.numbers[level][1], weight(place, split_at), item, live->fine_count);
    }
}

static int visit_row(check *run, store_bytes key, store_bytes data, void *context)
{
    comparison *both = context;
    const bbots_live *live = both->live;
    uint8_t values[LIVE_CELL_MAX];
    live_cell counts;
    bbots_row row;
    live_row hand;
    live_item item = {.count = 1};
    (void)key;
    if (row_open(run->engine, data, &row, NULL, NULL) != BBOTS_OK) {
        return BBOTS_OK; /* reported with the rows */
    }
    live_row_begin(&hand, &row);
    if (!live_row_cell(live, &hand, values, &counts)) {
        return BBOTS_OK;
    }
    for (unsigned i = 0; i < live->sum_count; i++) {
        bbots_value value = bbots_row_value(&row, live->sums[i]);
        item.sums[i] = value.kind != BBOTS_NULL ? value.integer : 0;
    }
    for (unsigned level = 0; level < live_levels(live); level++) {
        add_row_level(both, &row, &item, values, &counts, level);
    }
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ from the blocks */

static bool is_sound(const live_item *item)
{
    return item->count > 0 && item->size <= SCHEMA_LIVE_SPLIT_MAX;
}

/* Adds a block's lines; false when its bytes are no block. */
static bool add_block(comparison *both, store_bytes key, store_bytes value, unsigned level)
{
    const bbots_live *live = both->live;
    uint8_t place[LIVE_KEY_MAX + SCHEMA_LIVE_SPLIT_MAX];
    const uint8_t *bytes = key.data;
    size_t by_at = live_by_at(live);
    size_t by_end = LIVE_HEAD + key.size - by_at;
    live_reader reader;
    live_item item;
    place[0] = 0;
    bb_store16_big(place + 1, (uint16_t)level);
    memcpy(place + LIVE_HEAD, bytes + by_at, key.size - by_at);
    memcpy(place + by_end, bytes + LIVE_HEAD, by_at - LIVE_HEAD);
    size_t split_at = key.size;
    live_reader_open(&reader, live, key, value);
    while (live_reader_group(&reader, &item) && is_sound(&item)) {
        if (item.size != 0) {
            memcpy(place + split_at, item.key, item.size);
        }
        add_line(both->of_blocks.numbers[level][0], weight(place, split_at + item.size), &item,
                 live->sum_count);
    }
    if (live->unit_count > 1 && !reader.damaged) {
        int64_t bucket = live_get_bucket(bytes + LIVE_HEAD);
        int64_t base = live_bucket(live_bucket_start(bucket, live_unit(live, level)),
                                   live_fine_unit(live, level));
        place[0] = 1;
        while (live_reader_finer(&reader, &item) && is_sound(&item)) {
            int64_t number = (int64_t)((uint64_t)base + (uint64_t)item.bucket);
            live_put_bucket(place + by_end, number);
            add_line(both->of_blocks.numbers[level][1], weight(place, split_at), &item,
                     live->fine_count);
        }
    }
    return live_reader_whole(&reader);
}

static int walk_blocks(comparison *both, store_cursor *cursor)
{
    static const store_bytes no_row = {NULL, 0};
    const bbots_live *live = both->live;
    size_t least = live_by_at(live);
    uint8_t head[2];
    store_bytes key = {head, sizeof head};
    store_bytes value;
    int rc = BBOTS_OK;
    bb_store16_big(head, live->number);
    int step = store_cursor_seek(cursor, key, &key, &value, both->run->error);
    while (step == BBOTS_OK && rc == BBOTS_OK && key.size >= sizeof head &&
           memcmp(key.data, head, sizeof head) == 0) {
        unsigned level = key.size > 2 ? ((const uint8_t *)key.data)[2] : UINT8_MAX;
        both->blocks++;
        if (key.size < least || key.size > LIVE_KEY_MAX || level >= live_levels(live) ||
            !add_block(both, key, value, level)) {
            rc = check_report(both->run, BBOTS_DERIVED, live->name, no_row,
                              "live aggregate \"%s\" has a damaged block", live->name);
        }
        if (rc == BBOTS_OK) {
            step = store_cursor_move(cursor, STORE_NEXT, &key, &value, both->run->error);
        }
    }
    return step < 0 ? step : rc;
}

/* ------------------------------------------------------------------ both */

static int compare(comparison *both)
{
    static const store_bytes no_row = {NULL, 0};
    const bbots_live *live = both->live;
    check *run = both->run;
    for (unsigned i = 0; i <= live->sum_count; i++) {
        bool same = true;
        for (unsigned level = 0; level < live_levels(live); level++) {
            for (unsigned list = 0; list < LISTS; list++) {
                same = same && both->of_rows.numbers[level][list][i] ==
                                   both->of_blocks.numbers[level][list][i];
            }
        }
        if (!same && run->unreadable == 0) {
            const char *what =
                i == 0 ? "numbers of rows" : run->engine->table->columns[live->sums[i - 1]].name;
            return check_report(run, BBOTS_DERIVED, live->name, no_row,
                                "live aggregate \"%s\" does not agree with the rows (%s)",
                                live->name, what);
        }
    }
    return BBOTS_OK;
}

static int check_live(check *run, const bbots_live *live, uint64_t *blocks)
{
    comparison both = {.run = run, .live = live};
    store_cursor cursor;
    int rc = check_walk(run, run->engine->trees[0], visit_row, &both);
    if (rc == BBOTS_OK) {
        rc = store_cursor_open(&run->txn->base, run->txn->store->live, &cursor, run->error);
    }
    if (rc == BBOTS_OK) {
        rc = walk_blocks(&both, &cursor);
        store_cursor_close(&cursor);
    }
    *blocks += both.blocks;
    run->result->blocks += both.blocks;
    return rc == BBOTS_OK ? compare(&both) : rc;
}

int check_lives(check *run, uint64_t *blocks)
{
    const bbots_table *table = run->engine->table;
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < table->live_count && rc == BBOTS_OK; i++) {
        rc = check_live(run, &table->lives[i], blocks);
    }
    return rc;
}
