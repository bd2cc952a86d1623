/*
 * table/live_read.c - questions to live aggregates.
 *
 * A range is cut at the borders of buckets. What whole blocks cover is read from the coarsest
 * level; their ends from the finer lists, then from the next level, and so on; the last rest is
 * read from rows. Each piece is read once and pieces do not overlap, so the sum is exact.
 */
#include "table/live.h"

#include "base/bytes.h"
#include "codec/literal.h"
#include "table/summary.h"

#include <bbots/live.h>
#include <bbots/timestamp.h>

typedef struct question {
    bbots_txn *txn;
    const bbots_live_query *query;
    const bbots_live *live;
    engine_table *engine;
    bbots_summary *summary;
    bbots_error *error;
    bbots_value by[BBOTS_LIVE_BY_MAX]; /* stored form */
    uint8_t given[LIVE_KEY_MAX];       /* the same as bytes of a key */
    size_t given_size;
    int sums[BBOTS_SUMMARY_MEASURES_MAX]; /* a measure's place among the sums; -1: count */
    bbots_time_unit unit;                 /* of the group by time, or none */
    bool wants_split;                     /* a group is a split column */
    bool wants_all_sums;                  /* a sum is not fine */
    bool wants_by;                        /* a group is a `by` column */
    bool open_from;                       /* the range has no beginning, */
    bool open_to;                         /* no end */
    const live_window *window;            /* of lists of buckets, or NULL */
    live_visit *visit; /* hears of each bucket, and no groups are made; or NULL */
    void *context;
} question;

/* ------------------------------------------------------------------ what may be asked */

static int refuse(const question *asked, const char *what, bbots_error *error)
{
    return bb_fail_at(error, BBOTS_INVALID_ARGUMENT, asked->query->table->name, NULL, NULL,
                      "live aggregate \"%s\" %s", asked->live->name, what);
}

static int place_of(const uint8_t *columns, unsigned count, unsigned column)
{
    for (unsigned i = 0; i < count; i++) {
        if (columns[i] == column) {
            return (int)i;
        }
    }
    return -1;
}

static int check_group(question *asked, const bbots_group_column *group, bbots_error *error)
{
    const bbots_live *live = asked->live;
    bool by = place_of(live->by, live->by_count, group->column) >= 0;
    bool split = place_of(live->split, live->split_count, group->column) >= 0;
    asked->wants_by = asked->wants_by || by;
    asked->wants_split = asked->wants_split || split;
    if ((by || split) && group->unit == BBOTS_TIME_NONE) {
        return BBOTS_OK;
    }
    if (live->unit_count == 0 || group->column != live->time || group->unit == BBOTS_TIME_NONE ||
        group->unit > BBOTS_TIME_YEAR || asked->unit != BBOTS_TIME_NONE) {
        return refuse(asked, "does not have the groups that are asked for", error);
    }
    asked->unit = (bbots_time_unit)group->unit;
    return BBOTS_OK;
}

static int check_measure(question *asked, unsigned number, bbots_error *error)
{
    const bbots_measure *measure = &asked->query->measures[number];
    asked->sums[number] = -1;
    if (measure->kind == BBOTS_COUNT && measure->column == -1) {
        return BBOTS_OK;
    }
    if (measure->kind == BBOTS_SUM && measure->column >= 0) {
        asked->sums[number] =
            place_of(asked->live->sums, asked->live->sum_count, (unsigned)measure->column);
        asked->wants_all_sums =
            asked->wants_all_sums || asked->sums[number] >= (int)asked->live->fine_count;
    }
    return asked->sums[number] >= 0
               ? BBOTS_OK
               : refuse(asked, "does not have the measures that are asked for", error);
}

static bool is_time(bbots_timestamp time)
{
    return time >= BBOTS_TIMESTAMP_MIN || time == BBOTS_TIMESTAMP_MINUS_INFINITY;
}

static int check_query(question *asked, bbots_error *error)
{
    const bbots_live_query *query = asked->query;
    int rc = BBOTS_OK;
    if (query->live < query->table->lives ||
        query->live >= query->table->lives + query->table->live_count) {
        return bb_fail_at(error, BBOTS_INVALID_ARGUMENT, query->table->name, NULL, NULL,
                          "the live aggregate is none of table \"%s\"", query->table->name);
    }
    if (query->group_count > BBOTS_SUMMARY_GROUPS_MAX ||
        query->measure_count > BBOTS_SUMMARY_MEASURES_MAX ||
        query->by_count > query->live->by_count) {
        return refuse(asked, "has not so many columns", error);
    }
    if (query->live->unit_count == 0 && (query->from != 0 || query->to != 0)) {
        return refuse(asked, "is not kept by time", error);
    }
    if (!is_time(query->from) || !is_time(query->to)) {
        return refuse(asked, "is asked for a range that is none of timestamps", error);
    }
    for (unsigned g = 0; g < query->group_count && rc == BBOTS_OK; g++) {
        rc = check_group(asked, &query->groups[g], error);
    }
    for (unsigned m = 0; m < query->measure_count && rc == BBOTS_OK; m++) {
        rc = check_measure(asked, m, error);
    }
    return rc;
}

/* Brings the given values to stored form. BBOTS_NOT_FOUND: no row can have them. */
static int store_by(question *asked, bbots_error *error)
{
    const bbots_table *table = asked->query->table;
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < asked->query->by_count; i++) {
        int one = codec_value_look_for(&asked->txn->scratch, table, asked->live->by[i],
                                       &asked->query->by[i], &asked->by[i], error);
        if (one < 0) {
            return one;
        }
        rc = one != BBOTS_OK || asked->by[i].kind == BBOTS_NULL ? BBOTS_NOT_FOUND : rc;
    }
    return rc;
}

/* ------------------------------------------------------------------ adding up */

/* Adds a line of a block, or what lines came to, to its group. */
static int add_to_group(question *asked, const bbots_value *values, const live_item *item)
{
    const bbots_live_query *query = asked->query;
    summary_group *group;
    int rc = summary_group_of(asked->summary, values, &group, asked->error);
    for (unsigned m = 0; m < query->measure_count && rc == BBOTS_OK; m++) {
        live_number number = asked->sums[m] < 0 ? item->count : item->sums[asked->sums[m]];
        group->any |= (uint16_t)(1u << m);
        group->cells[m] = live_plus(group->cells[m], number);
    }
    return rc;
}

/* The group's values that the key of a block tells. */
static int values_of_key(const question *asked, store_bytes key, bbots_value *by)
{
    const bbots_live *live = asked->live;
    const uint8_t *at = (const uint8_t *)key.data + live_by_at(live);
    size_t left = key.size - live_by_at(live);
    for (unsigned i = 0; i < live->by_count; i++) {
        size_t taken =
            live_get_value(&asked->query->table->columns[live->by[i]], false, at, left, &by[i]);
        if (taken == 0) {
            return live_damaged(asked->engine, live, asked->error);
        }
        at += taken;
        left -= taken;
    }
    return BBOTS_OK;
}

static bool values_of_split(const question *asked, const live_item *item, bbots_value *split)
{
    const bbots_live *live = asked->live;
    size_t at = 0;
    for (unsigned i = 0; i < live->split_count; i++) {
        size_t taken = live_get_value(&asked->query->table->columns[live->split[i]], true,
                                      item->key + at, item->size - at, &split[i]);
        if (taken == 0) {
            return false;
        }
        at += taken;
    }
    return true;
}

/* The values of the query's groups. time is the beginning of a bucket. */
static void pick_values(const question *asked, const bbots_value *by, const bbots_value *split,
                        bbots_timestamp time, bbots_value *values)
{
    const bbots_live *live = asked->live;
    for (unsigned g = 0; g < asked->query->group_count; g++) {
        const bbots_group_column *group = &asked->query->groups[g];
        int place = place_of(live->by, live->by_count, group->column);
        if (group->unit != BBOTS_TIME_NONE) {
            values[g] =
                bbots_value_timestamp(bbots_timestamp_truncate(time, (bbots_time_unit)group->unit));
        } else if (place >= 0) {
            values[g] = by[place];
        } else {
            values[g] = split[place_of(live->split, live->split_count, group->column)];
        }
    }
}

static int tell(question *asked, bbots_timestamp start, const live_item *item)
{
    const bbots_live_query *query = asked->query;
    live_number numbers[BBOTS_SUMMARY_MEASURES_MAX];
    for (unsigned m = 0; m < query->measure_count; m++) {
        numbers[m] = asked->sums[m] < 0 ? item->count : item->sums[asked->sums[m]];
    }
    return asked->visit(asked->context, start, numbers);
}

/* Adds a line, or lines of one time together, to its group. */
static int take_item(question *asked, const bbots_value *by, const bbots_value *split,
                     bbots_timestamp start, const live_item *item)
{
    bbots_value values[BBOTS_SUMMARY_GROUPS_MAX];
    if (asked->visit != NULL) {
        return tell(asked, start, item);
    }
    pick_values(asked, by, split, start, values);
    return add_to_group(asked, values, item);
}

/* ------------------------------------------------------------------ one block */

/* A whole block: its groups, or all of them together. */
static int take_groups(question *asked, live_reader *reader, const bbots_value *by,
                       bbots_timestamp start)
{
    bbots_value split[BBOTS_LIVE_SPLIT_MAX];
    live_item item;
    live_item sum;
    int rc = BBOTS_OK;
    memset(&sum, 0, sizeof sum);
    while (rc == BBOTS_OK && live_reader_group(reader, &item)) {
        if (!asked->wants_split) {
            live_item_add(&sum, &item, asked->live->sum_count);
        } else if (values_of_split(asked, &item, split)) {
            rc = take_item(asked, by, split, start, &item);
        } else {
            reader->damaged = true;
        }
    }
    if (rc == BBOTS_OK && reader->damaged) {
        return live_damaged(asked->engine, asked->live, asked->error);
    }
    if (rc == BBOTS_OK && !asked->wants_split) {
        rc = take_item(asked, by, split, start, &sum);
    }
    return rc;
}

/* Buckets of the finer list: numbers from low to below high, counted as in the block. */
static int take_finer(question *asked, live_reader *reader, const bbots_value *by, int64_t base,
                      int64_t low, int64_t high, bbots_time_unit unit)
{
    live_item item;
    live_item sum;
    bool any = false;
    int rc = BBOTS_OK;
    memset(&sum, 0, sizeof sum);
    if (asked->window != NULL) {
        low = asked->window->low;
        high = asked->window->high;
    }
    live_reader_pass(reader, low);
    while (rc == BBOTS_OK && live_reader_finer(reader, &item) && item.bucket < high) {
        if (asked->unit == BBOTS_TIME_NONE) {
            live_item_add(&sum, &item, asked->live->fine_count);
            any = true;
        } else {
            rc = take_item(asked, by, NULL, live_bucket_start(base + item.bucket, unit), &item);
        }
    }
    if (rc == BBOTS_OK && reader->damaged) {
        return live_damaged(asked->engine, asked->live, asked->error);
    }
    if (rc == BBOTS_OK && any) {
        rc = take_item(asked, by, NULL, 0, &sum);
    }
    return rc;
}

/* ------------------------------------------------------------------ walking over blocks */

/* What of the blocks of a level is wanted: whole ones, or buckets of their finer lists. */
typedef struct piece {
    unsigned level;
    bool finer;
    int64_t low; /* buckets of the level's unit, or of the finer one; from low to below high */
    int64_t high;
} piece;

static int take_block(question *asked, const piece *part, store_bytes key, store_bytes value,
                      int64_t bucket)
{
    const bbots_live *live = asked->live;
    bbots_value by[BBOTS_LIVE_BY_MAX];
    live_reader reader;
    bbots_time_unit unit = live_unit(live, part->level);
    int rc = asked->wants_by ? values_of_key(asked, key, by) : BBOTS_OK;
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (!live_reader_open(&reader, live, key, value)) {
        return live_damaged(asked->engine, live, asked->error);
    }
    if (!part->finer) {
        return take_groups(asked, &reader, by,
                           live->unit_count != 0 ? live_bucket_start(bucket, unit) : 0);
    }
    bbots_time_unit fine = live_fine_unit(live, part->level);
    int64_t base = live_bucket(live_bucket_start(bucket, unit), fine);
    return take_finer(asked, &reader, by, base, part->low - base, part->high - base, fine);
}

/* The blocks of the level that a piece touches. */
static void block_range(const question *asked, const piece *part, int64_t *low, int64_t *high)
{
    bbots_time_unit unit = live_unit(asked->live, part->level);
    bbots_time_unit fine = live_fine_unit(asked->live, part->level);
    *low = part->low;
    *high = part->high;
    if (part->finer) {
        *low = part->low <= -LIVE_BUCKET_MAX
                   ? -LIVE_BUCKET_MAX
                   : live_bucket(live_bucket_start(part->low, fine), unit);
        *high = part->high >= LIVE_BUCKET_MAX
                    ? LIVE_BUCKET_MAX
                    : live_bucket(live_bucket_start(part->high - 1, fine), unit) + 1;
    }
}

/* Moves to the first block of a bucket, or behind it, that may have the given values. */
static int seek_block(question *asked, const piece *part, store_cursor *cursor, int64_t bucket,
                      store_bytes *found, store_bytes *value)
{
    uint8_t target[LIVE_KEY_MAX];
    size_t size = live_put_head(asked->live, part->level, bucket, target);
    memcpy(target + size, asked->given, asked->given_size);
    store_bytes key = {target, size + asked->given_size};
    int step = store_cursor_seek(cursor, key, found, value, asked->error);
    if (step == BBOTS_OK &&
        memcmp(found->data, target, found->size < key.size ? found->size : key.size) < 0) {
        return live_damaged(asked->engine, asked->live, asked->error);
    }
    return step;
}

/* How the `by` values of a block compare with the given ones. */
static int compare_given(const question *asked, store_bytes key)
{
    size_t at = live_by_at(asked->live);
    size_t size = key.size - at < asked->given_size ? key.size - at : asked->given_size;
    int order = size != 0 ? memcmp((const uint8_t *)key.data + at, asked->given, size) : 0;
    return order != 0 || size == asked->given_size ? order : -1;
}

/* Looks up the blocks of neighbouring buckets, STORE_MANY at most, together. */
static int take_blocks(question *asked, const piece *part, int64_t bucket, unsigned count,
                       bool *any)
{
    uint8_t keys[STORE_MANY][LIVE_KEY_MAX];
    store_pair pairs[STORE_MANY];
    for (unsigned i = 0; i < count; i++) {
        size_t size = live_put_head(asked->live, part->level, bucket + i, keys[i]);
        memcpy(keys[i] + size, asked->given, asked->given_size);
        pairs[i] = (store_pair){{keys[i], size + asked->given_size}, {NULL, 0}};
    }
    int rc = store_get_many(&asked->txn->base, asked->txn->store->live, pairs, count, asked->error);
    *any = false;
    for (unsigned i = 0; i < count && rc == BBOTS_OK; i++) {
        if (pairs[i].value.data != NULL) {
            *any = true;
            rc = take_block(asked, part, pairs[i].key, pairs[i].value, bucket + i);
        }
    }
    return rc;
}

/*
 * With all `by` values given a bucket has one block at most, whose key is known. Where the blocks
 * of many buckets are missing the next one of anybody is looked for.
 */
static int walk_alone(question *asked, const piece *part, store_cursor *cursor)
{
    uint8_t head[LIVE_HEAD + LIVE_BUCKET];
    store_bytes key;
    store_bytes value;
    int64_t bucket;
    int64_t high;
    bool any = false;
    int rc = BBOTS_OK;
    block_range(asked, part, &bucket, &high);
    (void)live_put_head(asked->live, part->level, bucket, head);
    while (rc == BBOTS_OK && bucket < high) {
        if (!any) {
            rc = seek_block(asked, part, cursor, bucket, &key, &value);
            if (rc != BBOTS_OK || key.size < LIVE_HEAD || memcmp(key.data, head, LIVE_HEAD) != 0) {
                break;
            }
            if (key.size < sizeof head) {
                return live_damaged(asked->engine, asked->live, asked->error);
            }
            int64_t next = live_get_bucket((const uint8_t *)key.data + LIVE_HEAD);
            bucket = next > bucket ? next : bucket;
        }
        int64_t left = high - bucket;
        if (left > 0) {
            unsigned count = left < STORE_MANY ? (unsigned)left : STORE_MANY;
            rc = take_blocks(asked, part, bucket, count, &any);
            bucket += count;
        }
    }
    return rc < 0 ? rc : BBOTS_OK;
}

/* Goes through the buckets of a piece. */
static int walk(question *asked, const piece *part, store_cursor *cursor)
{
    const bbots_live *live = asked->live;
    bool timed = live->unit_count != 0;
    if (timed && live->by_count != 0 && asked->query->by_count == live->by_count) {
        return walk_alone(asked, part, cursor);
    }
    uint8_t head[LIVE_HEAD + LIVE_BUCKET];
    store_bytes key;
    store_bytes value;
    int64_t low = 0;
    int64_t high = 1;
    if (timed) {
        block_range(asked, part, &low, &high);
    }
    (void)live_put_head(live, part->level, low, head);
    int step = seek_block(asked, part, cursor, low, &key, &value);
    while (step == BBOTS_OK && key.size >= LIVE_HEAD && memcmp(key.data, head, LIVE_HEAD) == 0) {
        if (key.size < live_by_at(live) || key.size > LIVE_KEY_MAX) {
            return live_damaged(asked->engine, live, asked->error);
        }
        int64_t bucket = timed ? live_get_bucket((const uint8_t *)key.data + LIVE_HEAD) : 0;
        int order = compare_given(asked, key);
        if (bucket >= high || (!timed && order != 0)) {
            break;
        }
        if (order == 0) {
            step = take_block(asked, part, key, value, bucket);
        }
        if (step == BBOTS_OK && order == 0) {
            step = store_cursor_move(cursor, STORE_NEXT, &key, &value, asked->error);
        } else if (step == BBOTS_OK) {
            step = seek_block(asked, part, cursor, order < 0 ? bucket : bucket + 1, &key, &value);
        }
    }
    return step < 0 ? step : BBOTS_OK;
}

static int take_piece(question *asked, const piece *part)
{
    store_cursor cursor;
    int rc = store_cursor_open(&asked->txn->base, asked->txn->store->live, &cursor, asked->error);
    if (rc == BBOTS_OK) {
        rc = walk(asked, part, &cursor);
        store_cursor_close(&cursor);
    }
    return rc;
}

/* ------------------------------------------------------------------ the rest: rows */

/* The index that brings the fewest rows: by the given values and the time, or one of these. */
static unsigned choose_index(const question *asked, bool *by, bool *time)
{
    const bbots_table *table = asked->query->table;
    const bbots_live *live = asked->live;
    unsigned count = asked->query->by_count;
    unsigned best = 0;
    unsigned score = 0;
    for (unsigned i = 0; i < table->index_count; i++) {
        const bbots_index *index = &table->indexes[i];
        bool begins = count != 0 && schema_index_begins(index, live->by, count);
        unsigned at = begins ? count : 0;
        bool timed = index->column_count > at && index->columns[at] == live->time &&
                     (index->flags & BBOTS_INDEX_ONCE) == 0;
        unsigned worth = (begins ? 2u : 0u) + (timed ? 1u : 0u);
        if (worth > score) {
            score = worth;
            best = i;
        }
    }
    *by = (score & 2) != 0;
    *time = (score & 1) != 0;
    return best;
}

static bool same_by(const question *asked, const bbots_value *value, unsigned place)
{
    const bbots_column *column = &asked->query->table->columns[asked->live->by[place]];
    uint8_t one[LIVE_KEY_MAX + LIVE_BUCKET];
    uint8_t two[LIVE_KEY_MAX + LIVE_BUCKET];
    size_t size = live_put_value(column, value, false, one);
    return size == live_put_value(column, &asked->by[place], false, two) &&
           memcmp(one, two, size) == 0;
}

/* Whether a row counts in the aggregate and has the given values. */
static bool counts(const question *asked, const bbots_row *row, bbots_value *by)
{
    for (unsigned i = 0; i < asked->live->by_count; i++) {
        row_read(row, asked->live->by[i], &by[i]);
        if (by[i].kind == BBOTS_NULL ||
            (i < asked->query->by_count && !same_by(asked, &by[i], i))) {
            return false;
        }
    }
    return true;
}

static int take_row(question *asked, const bbots_row *row, bbots_timestamp from, bbots_timestamp to)
{
    const bbots_live *live = asked->live;
    bbots_value by[BBOTS_LIVE_BY_MAX];
    bbots_value split[BBOTS_LIVE_SPLIT_MAX];
    live_item item = {.count = 1};
    bbots_value time = bbots_row_value(row, live->time);
    if (time.kind == BBOTS_NULL || time.integer < from || time.integer >= to ||
        time.integer == BBOTS_TIMESTAMP_MINUS_INFINITY || !counts(asked, row, by)) {
        return BBOTS_OK;
    }
    for (unsigned i = 0; i < live->split_count; i++) {
        row_read(row, live->split[i], &split[i]);
    }
    for (unsigned i = 0; i < live->sum_count; i++) {
        bbots_value value = bbots_row_value(row, live->sums[i]);
        item.sums[i] = value.kind != BBOTS_NULL ? value.integer : 0;
    }
    return take_item(asked, by, split, time.integer, &item);
}

static int take_rows(question *asked, bbots_timestamp from, bbots_timestamp to)
{
    bbots_value low[BBOTS_LIVE_BY_MAX + 1];
    bbots_value high[BBOTS_LIVE_BY_MAX + 1];
    bbots_range range = {.from = low, .to = high, .to_exclusive = true};
    bbots_cursor *cursor;
    bbots_row row;
    bool by;
    bool time;
    unsigned index = choose_index(asked, &by, &time);
    for (unsigned i = 0; by && i < asked->query->by_count; i++) {
        low[i] = asked->by[i];
        high[i] = asked->by[i];
        range.from_count = range.to_count = (uint8_t)(i + 1);
    }
    range.to_exclusive = time;
    if (time) {
        low[range.from_count++] = bbots_value_timestamp(from);
        high[range.to_count++] = bbots_value_timestamp(to);
    }
    int rc =
        bbots_cursor_open(asked->txn, asked->query->table, index, &range, &cursor, asked->error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    while ((rc = bbots_cursor_next(cursor, &row, asked->error)) == BBOTS_OK) {
        rc = take_row(asked, &row, from, to);
        if (rc != BBOTS_OK) {
            break;
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* ------------------------------------------------------------------ cutting the range */

/* Whether buckets of a unit lie whole in the groups that are asked for. */
static bool nests(const question *asked, bbots_time_unit unit)
{
    return asked->unit == BBOTS_TIME_NONE || unit <= asked->unit;
}

static int64_t first_bucket(const question *asked, bbots_timestamp from, bbots_time_unit unit)
{
    if (asked->open_from && from == asked->query->from) {
        return -LIVE_BUCKET_MAX;
    }
    int64_t bucket = live_bucket(from, unit);
    return live_bucket_start(bucket, unit) < from ? bucket + 1 : bucket;
}

static int64_t end_bucket(const question *asked, bbots_timestamp to, bbots_time_unit unit)
{
    return asked->open_to && to == asked->query->to ? LIVE_BUCKET_MAX : live_bucket(to, unit);
}

static int cover(question *asked, unsigned level, bbots_timestamp from, bbots_timestamp to);

/* The whole buckets of a unit by one way of reading, what lies before and behind them by another. */
static int cut(question *asked, const piece *kind, bbots_time_unit unit, bbots_timestamp from,
               bbots_timestamp to,
               int rest(question *asked, unsigned level, bbots_timestamp from, bbots_timestamp to),
               unsigned rest_level)
{
    piece part = *kind;
    part.low = first_bucket(asked, from, unit);
    part.high = end_bucket(asked, to, unit);
    if (part.low >= part.high) {
        return rest(asked, rest_level, from, to);
    }
    int rc = take_piece(asked, &part);
    if (rc == BBOTS_OK && part.low != -LIVE_BUCKET_MAX) {
        rc = rest(asked, rest_level, from, live_bucket_start(part.low, unit));
    }
    if (rc == BBOTS_OK && part.high != LIVE_BUCKET_MAX) {
        rc = rest(asked, rest_level, live_bucket_start(part.high, unit), to);
    }
    return rc;
}

/* A range in which no block of the level is wanted whole: its finer lists may serve. */
static int cover_ends(question *asked, unsigned level, bbots_timestamp from, bbots_timestamp to)
{
    bbots_time_unit fine = live_fine_unit(asked->live, level);
    piece part = {.level = level, .finer = true};
    if (from >= to) {
        return BBOTS_OK;
    }
    if (fine == BBOTS_TIME_NONE || asked->wants_split || asked->wants_all_sums ||
        !nests(asked, fine)) {
        return cover(asked, level + 1, from, to);
    }
    return cut(asked, &part, fine, from, to, cover, level + 1);
}

static int cover(question *asked, unsigned level, bbots_timestamp from, bbots_timestamp to)
{
    piece part = {.level = level};
    if (from >= to) {
        return BBOTS_OK;
    }
    if (level == live_levels(asked->live)) {
        return take_rows(asked, from, to);
    }
    bbots_time_unit unit = live_unit(asked->live, level);
    return nests(asked, unit) ? cut(asked, &part, unit, from, to, cover_ends, level)
                              : cover_ends(asked, level, from, to);
}

static int answer(question *asked)
{
    bbots_timestamp from = asked->query->from;
    bbots_timestamp to = asked->query->to;
    if (asked->live->unit_count == 0) {
        piece all = {.level = 0};
        return take_piece(asked, &all);
    }
    if (from == 0 && to == 0) {
        from = BBOTS_TIMESTAMP_MINUS_INFINITY;
        to = BBOTS_TIMESTAMP_INFINITY;
    }
    asked->open_from = from == BBOTS_TIMESTAMP_MINUS_INFINITY;
    asked->open_to = to == BBOTS_TIMESTAMP_INFINITY;
    return cover(asked, 0, from, to);
}

/* ------------------------------------------------------------------ one block by its key */

int live_block_find(bbots_txn *txn, const bbots_table *table, const bbots_live *live,
                    unsigned level, const bbots_value *by, bbots_timestamp time,
                    live_reader *reader, bbots_error *error)
{
    engine_table *engine = &txn->store->tables[table->number];
    txn_table *state = txn->tables != NULL ? txn->tables[table->number] : NULL;
    uint8_t bytes[LIVE_KEY_MAX];
    store_bytes key = {bytes, 0};
    store_bytes value;
    key.size = live_put_head(live, level, live_bucket(time, live_unit(live, level)), bytes);
    for (unsigned i = 0; i < live->by_count; i++) {
        key.size += live_put_value(&table->columns[live->by[i]], &by[i], false, bytes + key.size);
    }
    int rc = state != NULL ? live_flush(txn, state, live, error) : BBOTS_OK;
    if (rc == BBOTS_OK) {
        rc = store_get(&txn->base, txn->store->live, key, &value, error);
    }
    if (rc == BBOTS_OK && !live_reader_open(reader, live, key, value)) {
        rc = live_damaged(engine, live, error);
    }
    return rc;
}

/* ------------------------------------------------------------------ public */

static int prepare(question *asked)
{
    const bbots_live_query *query = asked->query;
    for (unsigned i = 0; i < query->by_count; i++) {
        const bbots_column *column = &query->table->columns[asked->live->by[i]];
        asked->given_size +=
            live_put_value(column, &asked->by[i], false, asked->given + asked->given_size);
    }
    if (asked->visit != NULL) {
        return BBOTS_OK;
    }
    asked->summary =
        summary_new(query->table, query->groups, query->group_count, query->measure_count);
    return asked->summary != NULL ? BBOTS_OK
                                  : bb_fail(asked->error, BBOTS_NO_MEMORY, "out of memory");
}

/* One group stands also without a row; a count of nothing is 0. */
static int finish(question *asked)
{
    summary_group *only;
    int rc = BBOTS_OK;
    if (asked->query->group_count == 0) {
        rc = summary_group_of(asked->summary, NULL, &only, asked->error);
    }
    for (size_t i = 0; i < asked->summary->count; i++) {
        for (unsigned m = 0; m < asked->query->measure_count; m++) {
            asked->summary->groups[i]->any |= (uint16_t)((asked->sums[m] < 0) << m);
        }
    }
    return rc == BBOTS_OK ? summary_sort_groups(asked->summary, asked->error) : rc;
}

static int flush(question *asked)
{
    bbots_txn *txn = asked->txn;
    txn_table *state = txn->tables != NULL ? txn->tables[asked->query->table->number] : NULL;
    return state != NULL ? live_flush(txn, state, asked->live, asked->error) : BBOTS_OK;
}

/* Reads what is asked for. */
static int read_answer(question *asked)
{
    int rc = statement_begin(asked->txn, asked->query->table, false, &asked->engine, asked->error);
    if (rc == BBOTS_OK) {
        rc = check_query(asked, asked->error);
    }
    int found = rc == BBOTS_OK ? store_by(asked, asked->error) : rc;
    rc = found < 0 ? found : flush(asked);
    if (rc == BBOTS_OK) {
        rc = prepare(asked);
    }
    return rc == BBOTS_OK && found == BBOTS_OK ? answer(asked) : rc;
}

int live_each_time(bbots_txn *txn, const bbots_live_query *query, const live_window *window,
                   live_visit *visit, void *context, bbots_error *error)
{
    question asked = {.txn = txn,
                      .query = query,
                      .live = query->live,
                      .error = error,
                      .window = window,
                      .visit = visit,
                      .context = context};
    return read_answer(&asked);
}

int bbots_live_summarize(bbots_txn *txn, const bbots_live_query *query, bbots_summary **summary,
                         bbots_error *error)
{
    question asked = {.txn = txn, .query = query, .live = query->live, .error = error};
    *summary = NULL;
    int rc = read_answer(&asked);
    if (rc == BBOTS_OK) {
        rc = finish(&asked);
    }
    if (rc != BBOTS_OK) {
        bbots_summary_free(asked.summary);
        return rc;
    }
    *summary = asked.summary;
    return BBOTS_OK;
}
