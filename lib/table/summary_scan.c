/*
 * table/summary_scan.c - the rows of a query, counted into their groups.
 *
 * Nearly all of a summary's time goes by here, once a row. So what can be known of a query is found
 * out before the first row: where each column lies and how wide it is. A row of today's layout then
 * gives its key (that of codec/key.h, byte for byte) and its numbers without a bbots_value in
 * between; what is not that simple (reals, uuids, long texts, rows of an older layout) goes the
 * general way, and both give the same key.
 *
 * All rows are read straight off the pages of their tree, by a writer off a cursor. Every other range is a
 * bbots_cursor's, which knows bounds, indexes and soft-deleted rows. Either verifies each row's checksum
 * and that it lies under its own key.
 */
#include "table/summary.h"

#include "base/bytes.h"

#include <bbots/timestamp.h>

typedef enum column_form {
    FORM_OTHER,  /* the general way */
    FORM_NUMBER, /* an integer, decimal, time or boolean: `width` bytes of the row */
    FORM_TEXT
} column_form;

/* A column as a row of today's layout has it. */
typedef struct scan_column {
    column_form form;
    unsigned column;
    unsigned place;
    unsigned width;
    bool nullable;
    bool boolean;
    uint8_t kind; /* of a measure, and its bit in `any` */
    uint16_t bit;
    bbots_time_unit unit;
    int64_t start; /* of the unit that the last row fell into, and how long it is; 0: not known */
    uint64_t span;
} scan_column;

typedef struct summary_scan_state {
    bbots_txn *txn;
    engine_table *engine;
    const bbots_summary_query *query;
    bbots_summary *summary;
    scan_column groups[BBOTS_SUMMARY_GROUPS_MAX];
    scan_column measures[BBOTS_SUMMARY_MEASURES_MAX];
    bool quick_measures; /* every measure is a count, or one of a number column */
} scan_state;

/* ------------------------------------------------------------------ what is known before */

static scan_column plan_column(const engine_table *engine, unsigned column)
{
    const bbots_column *described = &engine->table->columns[column];
    scan_column plan = {.column = column,
                        .place = engine->layout.place[column],
                        .width = engine->layout.width[column],
                        .nullable = (described->flags & BBOTS_COLUMN_NOT_NULL) == 0};
    switch ((bbots_type)described->type) {
    case BBOTS_TYPE_BOOLEAN:
        plan.boolean = true;
        plan.form = FORM_NUMBER;
        break;
    case BBOTS_TYPE_SMALLINT:
    case BBOTS_TYPE_INTEGER:
    case BBOTS_TYPE_BIGINT:
    case BBOTS_TYPE_DECIMAL:
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        plan.form = FORM_NUMBER;
        break;
    case BBOTS_TYPE_TEXT:
    case BBOTS_TYPE_VARCHAR:
        plan.form = (described->flags & BBOTS_COLUMN_SECRET) == 0 ? FORM_TEXT : FORM_OTHER;
        break;
    default:
        plan.form = FORM_OTHER;
        break;
    }
    return plan;
}

static void plan_scan(scan_state *scan, engine_table *engine, const bbots_summary_query *query,
                      bbots_summary *summary)
{
    scan->engine = engine;
    scan->query = query;
    scan->summary = summary;
    for (unsigned g = 0; g < query->group_count; g++) {
        scan->groups[g] = plan_column(engine, query->groups[g].column);
        scan->groups[g].unit = (bbots_time_unit)query->groups[g].unit;
    }
    scan->quick_measures = true;
    for (unsigned m = 0; m < query->measure_count; m++) {
        scan_column *plan = &scan->measures[m];
        if (query->measures[m].column >= 0) {
            *plan = plan_column(engine, (unsigned)query->measures[m].column);
            scan->quick_measures = scan->quick_measures && plan->form != FORM_OTHER;
        }
        plan->kind = (uint8_t)query->measures[m].kind;
        plan->bit = (uint16_t)(1u << m);
    }
}

/* ------------------------------------------------------------------ groups */

/* The length of a unit that is always as long as any other of its kind, otherwise 0. */
static uint64_t unit_span(bbots_time_unit unit)
{
    switch (unit) {
    case BBOTS_TIME_MINUTE:
        return UINT64_C(60000000);
    case BBOTS_TIME_HOUR:
        return UINT64_C(3600000000);
    case BBOTS_TIME_DAY:
        return UINT64_C(86400000000);
    case BBOTS_TIME_WEEK:
        return UINT64_C(604800000000);
    default:
        return 0;
    }
}

/* The start of the unit that a time falls into: mostly that of the row before. */
static int64_t truncate_time(scan_column *column, int64_t time)
{
    if ((uint64_t)time - (uint64_t)column->start >= column->span) {
        int64_t start = bbots_timestamp_truncate(time, column->unit);
        bool whole = start > BBOTS_TIMESTAMP_MIN && time < BBOTS_TIMESTAMP_MAX;
        column->start = start;
        column->span = whole ? unit_span(column->unit) : 0;
    }
    return column->start;
}

/* As codec/key.c writes it: big endian, the sign bit turned. */
static size_t put_number(uint8_t *out, const scan_column *column, int64_t number)
{
    uint64_t turned = (uint64_t)number ^ UINT64_C(1) << (8 * column->width - 1);
    if (column->boolean) {
        out[0] = number != 0;
        return 1;
    }
    bb_store64_big(out, turned << (64 - 8 * column->width));
    return column->width;
}

#define NO_KEY SIZE_MAX

/* The key of a row of today's layout; NO_KEY when it has to be made the general way. */
static size_t quick_key(scan_state *scan, const bbots_row *row, uint8_t key[SUMMARY_KEY_ROOM])
{
    size_t size = 0;
    for (unsigned g = 0; g < scan->query->group_count; g++) {
        scan_column *column = &scan->groups[g];
        if (column->form == FORM_OTHER || size + 10 > CODEC_KEY_PLAIN) {
            return NO_KEY;
        }
        if (codec_row_is_null(row->data, column->column)) {
            key[size++] = 2;
            continue;
        }
        if (column->nullable) {
            key[size++] = 1;
        }
        if (column->form == FORM_NUMBER) {
            int64_t number = codec_row_integer(row->data + column->place, column->width);
            if (column->unit != BBOTS_TIME_NONE) {
                number = truncate_time(column, number);
            }
            size += put_number(key + size, column, number);
            continue;
        }
        size_t length;
        const uint8_t *text =
            codec_row_bytes(row->layout, row->data, row->size, column->column, &length);
        if (text == NULL || size + length + 1 > CODEC_KEY_PLAIN) {
            return NO_KEY;
        }
        memcpy(key + size, text, length);
        size += length;
        key[size++] = 0;
    }
    return size;
}

static void group_values(const scan_state *scan, const bbots_row *row, bbots_value *values)
{
    for (unsigned g = 0; g < scan->query->group_count; g++) {
        row_read(row, scan->query->groups[g].column, &values[g]);
        if (values[g].kind == BBOTS_TIMESTAMP) {
            values[g].integer = bbots_timestamp_truncate(
                values[g].integer, (bbots_time_unit)scan->query->groups[g].unit);
        }
    }
}

/* A row on its way into its group. */
typedef struct scan_row {
    bbots_row row;
    uint32_t hash;
    size_t key_size;
    uint8_t key[SUMMARY_KEY_ROOM];
} scan_row;

/* Works out the key of the row's group, and asks for the memory where that will be looked for. */
static void make_key(scan_state *scan, scan_row *hand)
{
    bbots_summary *summary = scan->summary;
    bbots_value values[BBOTS_SUMMARY_GROUPS_MAX];
    summary_begin_key(hand->key);
    hand->key_size =
        hand->row.layout == &scan->engine->layout ? quick_key(scan, &hand->row, hand->key) : NO_KEY;
    if (hand->key_size == NO_KEY) {
        group_values(scan, &hand->row, values);
        hand->key_size = codec_key_encode(summary->table, summary->columns, summary->column_count,
                                          values, hand->key);
    }
    summary_end_key(hand->key, hand->key_size);
    hand->hash = summary_hash(hand->key, hand->key_size);
    __builtin_prefetch(&summary->slots[hand->hash & (summary->slot_count - 1)]);
}

/* The row's group; NULL: no memory. */
static summary_group *group_of(scan_state *scan, const scan_row *hand)
{
    bbots_summary *summary = scan->summary;
    bbots_value values[BBOTS_SUMMARY_GROUPS_MAX];
    summary_group *group = summary_find_group(summary, hand->key, hand->key_size, hand->hash);
    if (group == NULL) {
        group_values(scan, &hand->row, values);
        group = summary_make_group(summary, values, hand->key, hand->key_size, hand->hash);
    }
    return group;
}

/* ------------------------------------------------------------------ measures */

/* A row of today's layout: its numbers lie where the plan says. */
static void add_quickly(const scan_state *scan, const bbots_row *row, summary_group *group)
{
    const unsigned count = scan->query->measure_count;
    for (unsigned m = 0; m < count; m++) {
        const scan_column *column = &scan->measures[m];
        int64_t number = 1;
        if (column->form != FORM_OTHER) { /* otherwise it is a count of rows */
            if (codec_row_is_null(row->data, column->column)) {
                continue;
            }
            if (column->kind != BBOTS_COUNT) {
                number = codec_row_integer(row->data + column->place, column->width);
            }
        }
        bool first = (group->any & column->bit) == 0;
        group->any |= column->bit;
        summary_add(&group->cells[m], first, column->kind, number);
    }
}

static void add_slowly(const scan_state *scan, const bbots_row *row, summary_group *group)
{
    for (unsigned m = 0; m < scan->query->measure_count; m++) {
        const bbots_measure *measure = &scan->query->measures[m];
        bbots_value value = bbots_value_integer(1);
        if (measure->column >= 0) {
            value = bbots_row_value(row, (unsigned)measure->column);
        }
        if (value.kind != BBOTS_NULL) {
            bool first = (group->any >> m & 1) == 0;
            group->any |= (uint16_t)(1u << m);
            int64_t number = measure->kind == BBOTS_COUNT ? 1 : value.integer;
            summary_add(&group->cells[m], first, measure->kind, number);
        }
    }
}

static int add_row(scan_state *scan, const scan_row *hand, bbots_error *error)
{
    summary_group *group = group_of(scan, hand);
    if (group == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    if (scan->quick_measures && hand->row.layout == &scan->engine->layout) {
        add_quickly(scan, &hand->row, group);
    } else {
        add_slowly(scan, &hand->row, group);
    }
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ rows */

static int read_range(bbots_txn *txn, scan_state *scan, bbots_error *error)
{
    const bbots_summary_query *query = scan->query;
    bbots_cursor *cursor;
    scan_row hand;
    int rc = bbots_cursor_open(txn, query->table, query->index, query->range, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = bbots_cursor_next(cursor, &hand.row, error);
    while (rc == BBOTS_OK) {
        make_key(scan, &hand);
        rc = add_row(scan, &hand, error);
        if (rc == BBOTS_OK) {
            rc = bbots_cursor_next(cursor, &hand.row, error);
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int accept(scan_state *scan, store_bytes key, store_bytes data, scan_row *hand,
                  bbots_error *error)
{
    int rc = row_accept(scan->engine, key, data, &hand->row, NULL, error);
    if (rc == BBOTS_OK) {
        row_give(scan->txn, scan->engine, &hand->row);
        make_key(scan, hand);
    }
    return rc;
}

#define HANDS 16u /* rows whose groups are asked for before the first of them is looked for */

static int read_pairs(scan_state *scan, const store_pair *pairs, unsigned count, bbots_error *error)
{
    scan_row hands[HANDS];
    int rc = BBOTS_OK;
    for (unsigned done = 0; done < count && rc == BBOTS_OK; done += HANDS) {
        unsigned now = count - done < HANDS ? count - done : HANDS;
        for (unsigned i = 0; i < now && rc == BBOTS_OK; i++) {
            rc = accept(scan, pairs[done + i].key, pairs[done + i].value, &hands[i], error);
        }
        for (unsigned i = 0; i < now && rc == BBOTS_OK; i++) {
            rc = add_row(scan, &hands[i], error);
        }
    }
    return rc;
}

static int read_pages(scan_state *scan, store_scan *pages, bbots_error *error)
{
    store_pair pairs[STORE_SCAN_MANY];
    unsigned count;
    int rc;
    while ((rc = store_scan_next(pages, pairs, &count, error)) == BBOTS_OK) {
        rc = read_pairs(scan, pairs, count, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

int summary_scan_pages(bbots_txn *txn, engine_table *engine, const bbots_summary_query *query,
                       bbots_summary *summary, store_scan *pages, bbots_error *error)
{
    scan_state scan = {.txn = txn};
    plan_scan(&scan, engine, query, summary);
    return read_pages(&scan, pages, error);
}

static int read_by_cursor(bbots_txn *txn, scan_state *scan, bbots_error *error)
{
    store_cursor cursor;
    store_bytes key;
    store_bytes data;
    int rc = store_cursor_open(&txn->base, scan->engine->trees[0], &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = store_cursor_move(&cursor, STORE_FIRST, &key, &data, error);
    while (rc == BBOTS_OK) {
        scan_row hand;
        rc = accept(scan, key, data, &hand, error);
        if (rc == BBOTS_OK) {
            rc = add_row(scan, &hand, error);
        }
        if (rc == BBOTS_OK) {
            rc = store_cursor_move(&cursor, STORE_NEXT, &key, &data, error);
        }
    }
    store_cursor_close(&cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* Opening a sealed value takes memory of the transaction, which is one thread's. */
static unsigned parts_of(const scan_state *scan)
{
    bool alone = scan->engine->secret != 0 || scan->query->threads == 0;
    return alone ? 1 : scan->query->threads;
}

/* Rows do not wait to be written as index entries do: their tree is whole at any time. */
static int read_all(bbots_txn *txn, scan_state *scan, bbots_error *error)
{
    store_scan pages[BBOTS_SUMMARY_THREADS_MAX];
    unsigned parts = parts_of(scan);
    for (unsigned i = 0; i < parts; i++) {
        if (!store_scan_begin(&pages[i], &txn->base, scan->engine->trees[0], i, parts)) {
            return read_by_cursor(txn, scan, error);
        }
    }
    return parts == 1 ? read_pages(scan, pages, error)
                      : summary_scan_parts(txn, scan->engine, scan->query, scan->summary, pages,
                                           parts, error);
}

int summary_scan(bbots_txn *txn, engine_table *engine, const bbots_summary_query *query,
                 bbots_summary *summary, bbots_error *error)
{
    scan_state scan = {.txn = txn};
    plan_scan(&scan, engine, query, summary);
    int rc = BBOTS_OK;
    if (query->group_count == 0) {
        summary_group *only; /* it stands also without a row */
        rc = summary_group_of(summary, NULL, &only, error);
    }
    if (rc == BBOTS_OK) {
        rc = query->index == 0 && query->range == NULL ? read_all(txn, &scan, error)
                                                       : read_range(txn, &scan, error);
    }
    for (size_t i = 0; i < summary->count; i++) {
        for (unsigned m = 0; m < query->measure_count; m++) {
            if (query->measures[m].kind == BBOTS_COUNT) {
                summary->groups[i]->any |= (uint16_t)(1u << m); /* a count of nothing is 0 */
            }
        }
    }
    return rc;
}
