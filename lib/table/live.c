/*
 * table/live.c - live aggregates follow the rows.
 *
 * table_change() hands every change here, so inserts, updates, cascades, imports and the taking
 * back of changes all count. What a change means is noted in a log, in memory, and written into the
 * blocks, in the order of the tree, when somebody asks, when there is much of it, and at the commit.
 * A bulk load pays for a block once.
 */
#include "table/live.h"

#include "base/bytes.h"

#include <bbots/live.h>
#include <stdlib.h>

#define ENTRIES_AHEAD 8   /* so many places before its turn the memory of an entry is asked for, */
#define ENTRY_USUAL   192 /* as much of it, */
#define LINE          64  /* so many bytes at once */
#define ENTRIES_MANY  256 /* from so many on it pays to keep the pages of new blocks full */

/* ------------------------------------------------------------------ rows to entries */

static int no_memory(bbots_error *error)
{
    return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
}

static bool same_value(const bbots_value *a, const bbots_value *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case BBOTS_NULL:
        return true;
    case BBOTS_TEXT:
        return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
    case BBOTS_UUID:
        return memcmp(a->uuid.bytes, b->uuid.bytes, 16) == 0;
    case BBOTS_BOOLEAN:
        return a->boolean == b->boolean;
    default:
        return a->integer == b->integer;
    }
}

static bool same_values(live_row *a, live_row *b, const uint8_t *columns, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!same_value(live_row_value(a, columns[i]), live_row_value(b, columns[i]))) {
            return false;
        }
    }
    return true;
}

/* Whether an update leaves all that the aggregate looks at as it was. */
static bool is_untouched(const bbots_live *live, live_row *old, live_row *row)
{
    return same_values(old, row, live->by, live->by_count) &&
           same_values(old, row, live->split, live->split_count) &&
           same_values(old, row, live->sums, live->sum_count) &&
           (live->unit_count == 0 || same_values(old, row, &live->time, 1));
}

/* old and row are NULL when there is none. */
static int note_one(bbots_txn *txn, txn_table *state, const bbots_live *live, live_log **log,
                    live_row *old, live_row *row, bbots_error *error)
{
    if (old != NULL && row != NULL && is_untouched(live, old, row)) {
        return BBOTS_OK;
    }
    if (*log == NULL && (*log = live_log_new()) == NULL) {
        return no_memory(error);
    }
    if ((old != NULL && !live_log_add(*log, live, old, -1)) ||
        (row != NULL && !live_log_add(*log, live, row, 1))) {
        return no_memory(error);
    }
    return live_log_full(*log)
               ? live_write(&txn->base, txn->store->live, state->engine, live, *log, error)
               : BBOTS_OK;
}

int live_note(bbots_txn *txn, txn_table *state, const engine_image *old,
              const engine_image *new_image, bbots_error *error)
{
    const bbots_table *table = state->engine->table;
    live_row before;
    live_row after;
    int rc = BBOTS_OK;
    if (state->lives == NULL) {
        size_t size = table->live_count * sizeof *state->lives;
        state->lives = bb_arena_alloc(&txn->arena, size);
        if (state->lives == NULL) {
            return no_memory(error);
        }
        memset(state->lives, 0, size);
    }
    if (old != NULL) {
        live_row_begin(&before, &old->row);
    }
    if (new_image != NULL) {
        live_row_begin(&after, &new_image->row);
    }
    for (unsigned i = 0; i < table->live_count && rc == BBOTS_OK; i++) {
        rc = note_one(txn, state, &table->lives[i], &state->lives[i], old != NULL ? &before : NULL,
                      new_image != NULL ? &after : NULL, error);
    }
    return rc;
}

void live_forget(txn_table *state)
{
    for (unsigned i = 0; state->lives != NULL && i < state->engine->table->live_count; i++) {
        live_log_free(state->lives[i]);
    }
    state->lives = NULL;
}

/* ------------------------------------------------------------------ entries to blocks */

/* One level of one aggregate while its entries are written. */
typedef struct writing {
    store_cursor cursor;
    store_tree tree;
    const bbots_live *live;
    const engine_table *table;
    const live_log *log;
    unsigned level;
    live_block block;
    uint8_t key[LIVE_KEY_MAX]; /* of the block in hand */
    size_t key_size;           /* 0: none */
    int64_t bucket;            /* of it */
    store_bytes by;    /* its `by` values, in the log; no data: none was in hand on this level */
    int64_t fine_base; /* the first finer bucket in it */
    bbots_error *error;
} writing;

/* Buckets of the finest unit that lie in one of another unit: the last one that was looked for. */
typedef struct span {
    bbots_time_unit unit;
    int64_t low; /* from low to below high; none at first */
    int64_t high;
    int64_t bucket;
} span;

/* Brings a bucket of the finest unit to the one of another unit in which it lies. */
static int64_t coarser(const bbots_live *live, span *last, int64_t finest)
{
    bbots_time_unit from = (bbots_time_unit)live->units[live->unit_count - 1];
    if (last->unit == from) {
        return finest;
    }
    if (finest < last->low || finest >= last->high) {
        last->bucket = live_bucket(live_bucket_start(finest, from), last->unit);
        last->low = live_bucket(live_bucket_start(last->bucket, last->unit), from);
        last->high = live_bucket(live_bucket_start(last->bucket + 1, last->unit), from);
    }
    return last->bucket;
}

/* Takes the block that lies under the key in hand, if one does. */
static int load_block(writing *run)
{
    store_bytes key = {run->key, run->key_size};
    store_bytes found;
    store_bytes value;
    bool short_of_memory;
    live_block_clear(&run->block);
    int rc = store_cursor_seek(&run->cursor, key, &found, &value, run->error);
    if (rc < 0) {
        return rc;
    }
    if (rc == BBOTS_END || found.size != key.size || memcmp(found.data, key.data, key.size) != 0) {
        return BBOTS_OK;
    }
    if (live_block_load(&run->block, run->live, key, value, &short_of_memory)) {
        return BBOTS_OK;
    }
    return short_of_memory ? no_memory(run->error)
                           : live_damaged(run->table, run->live, run->error);
}

static int save_block(writing *run)
{
    store_bytes key = {run->key, run->key_size};
    if (run->key_size == 0) {
        return BBOTS_OK;
    }
    run->key_size = 0;
    int rc = live_block_encode(run->live, &run->block, key, run->error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (run->block.out_size == 0) {
        rc = store_cursor_delete(&run->cursor, key, run->error);
        return rc == BBOTS_NOT_FOUND ? BBOTS_OK : rc;
    }
    store_bytes value = {run->block.out, run->block.out_size};
    return store_cursor_put(&run->cursor, key, value, STORE_REPLACE, run->error);
}

/* The key of the block in which an entry counts. Returns its size. */
static size_t block_key(const writing *run, const live_entry *entry, int64_t bucket,
                        uint8_t out[LIVE_KEY_MAX])
{
    size_t size = live_put_head(run->live, run->level, bucket, out);
    memcpy(out + size, live_entry_by(run->live, entry), entry->by_size);
    return size + entry->by_size;
}

static bool counts_in_hand(const writing *run, const live_entry *entry, int64_t bucket)
{
    return run->key_size != 0 && bucket == run->bucket && entry->by_size == run->by.size &&
           memcmp(live_entry_by(run->live, entry), run->by.data, run->by.size) == 0;
}

/* Makes the block of an entry the one in hand. */
static int turn_to(writing *run, const live_entry *entry, int64_t bucket)
{
    const bbots_live *live = run->live;
    bbots_time_unit unit = live_unit(live, run->level);
    if (counts_in_hand(run, entry, bucket)) {
        return BBOTS_OK;
    }
    int rc = save_block(run);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (live->unit_count > 1 && (run->by.data == NULL || bucket != run->bucket)) {
        run->fine_base =
            live_bucket(live_bucket_start(bucket, unit), live_fine_unit(live, run->level));
    }
    run->key_size = block_key(run, entry, bucket, run->key);
    run->bucket = bucket;
    run->by = (store_bytes){live_entry_by(live, entry), entry->by_size};
    return load_block(run);
}

static void add_entry_to(live_item *item, const live_entry *entry, unsigned sums)
{
    item->count = (int64_t)((uint64_t)item->count + (uint64_t)(int64_t)entry->sign);
    for (unsigned i = 0; i < sums; i++) {
        live_number number = entry->sums[i];
        item->sums[i] = live_plus(item->sums[i], entry->sign < 0 ? -number : number);
    }
}

static int add_entry(writing *run, const live_entry *entry, int64_t bucket, span *finer)
{
    const bbots_live *live = run->live;
    int rc = turn_to(run, entry, bucket);
    if (rc != BBOTS_OK) {
        return rc;
    }
    live_item *item = live_block_group(&run->block, live_entry_by(live, entry) + entry->by_size,
                                       entry->split_size);
    if (item == NULL) {
        return no_memory(run->error);
    }
    add_entry_to(item, entry, live->sum_count);
    if (live->unit_count > 1) {
        item = live_block_finer(&run->block, coarser(live, finer, entry->bucket) - run->fine_base);
        if (item == NULL) {
            return no_memory(run->error);
        }
        add_entry_to(item, entry, live->fine_count);
    }
    return BBOTS_OK;
}

/*
 * Asks for the memory of the entry that comes some places later: in the order of blocks each one lies
 * somewhere else in the log.
 */
static inline void ask_for_entry(const writing *run, const live_order *order, size_t place)
{
    const live_log *log = run->log;
    if (place < log->count) {
        size_t at = order->places[place].at;
        size_t end = at + ENTRY_USUAL < log->used ? at + ENTRY_USUAL : log->used;
        for (; at < end; at += LINE) {
            __builtin_prefetch(log->bytes + at);
        }
    }
}

/*
 * Brings the entries to the order of a level's blocks: by bucket first, then by `by`, which is the
 * order that they are in as long as buckets of the levels before were coarser.
 */
static void order_level(const writing *run, live_order *order)
{
    const bbots_live *live = run->live;
    span whole = {.unit = live_unit(live, run->level)};
    for (size_t i = 0; i < run->log->count; i++) {
        live_place *place = &order->places[i];
        ask_for_entry(run, order, i + ENTRIES_AHEAD);
        int64_t bucket = live_entry_at(run->log, place)->bucket;
        place->start =
            live_place_of_bucket(live->unit_count != 0 ? coarser(live, &whole, bucket) : 0);
    }
    live_order_by_start(order, run->log->count);
}

/* Takes out of the tree what stands behind the last block that is to be written. */
static int lift_tail(writing *run, const live_place *last, live_tail *tail)
{
    uint8_t key[LIVE_KEY_MAX];
    const live_entry *entry = live_entry_at(run->log, last);
    store_bytes behind = {key, block_key(run, entry, live_place_bucket(last), key)};
    return live_tail_lift(tail, &run->cursor, behind, run->error);
}

static int write_level(writing *run, live_order *order)
{
    span finer = {.unit = live_fine_unit(run->live, run->level)};
    size_t count = run->log->count;
    live_tail tail = {.size = 0};
    order_level(run, order);
    int rc = count >= ENTRIES_MANY ? lift_tail(run, &order->places[count - 1], &tail) : BBOTS_OK;
    run->key_size = 0;
    run->by.data = NULL;
    for (size_t i = 0; i < count && rc == BBOTS_OK; i++) {
        const live_place *place = &order->places[i];
        ask_for_entry(run, order, i + ENTRIES_AHEAD);
        rc = add_entry(run, live_entry_at(run->log, place), live_place_bucket(place), &finer);
    }
    rc = rc == BBOTS_OK ? save_block(run) : rc;
    return rc == BBOTS_OK ? live_tail_put_back(&tail, &run->cursor, run->error) : rc;
}

int live_write(store_txn *txn, store_tree tree, engine_table *table, const bbots_live *live,
               live_log *log, bbots_error *error)
{
    live_order order;
    if (log->count == 0) {
        return BBOTS_OK;
    }
    if (!live_order_begin(&order, log, live)) {
        return no_memory(error);
    }
    writing run = {.tree = tree, .live = live, .table = table, .log = log, .error = error};
    live_block_begin(&run.block, live);
    int rc = store_cursor_open(txn, tree, &run.cursor, error);
    if (rc == BBOTS_OK) {
        for (run.level = 0; run.level < live_levels(live) && rc == BBOTS_OK; run.level++) {
            rc = write_level(&run, &order);
        }
        store_cursor_close(&run.cursor);
    }
    live_block_free(&run.block);
    live_order_end(&order);
    live_log_clear(log);
    return rc;
}

int live_flush(bbots_txn *txn, txn_table *state, const bbots_live *live, bbots_error *error)
{
    live_log *log = state->lives != NULL ? state->lives[live - state->engine->table->lives] : NULL;
    if (log == NULL) {
        return BBOTS_OK;
    }
    int rc = live_write(&txn->base, txn->store->live, state->engine, live, log, error);
    return rc == BBOTS_OK ? rc : txn_break(txn, rc);
}

int live_flush_all(bbots_txn *txn, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (uint32_t t = 0; txn->tables != NULL && t < txn->store->schema->table_count; t++) {
        txn_table *state = txn->tables[t];
        for (unsigned i = 0; state != NULL && i < state->engine->table->live_count; i++) {
            if (rc == BBOTS_OK) {
                rc = live_flush(txn, state, &state->engine->table->lives[i], error);
            }
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ anew from the rows */

bool live_declared(const bbots_schema *schema)
{
    bool any = false;
    for (uint32_t t = 0; t < schema->table_count && !any; t++) {
        any = schema->tables[t]->live_count != 0;
    }
    return any;
}

static int add_rows(store_txn *txn, store_tree tree, engine_table *table, const bbots_live *live,
                    live_log *log, bbots_error *error)
{
    store_cursor cursor;
    store_bytes key;
    store_bytes data;
    bbots_row row;
    live_row hand;
    int rc = store_cursor_open(txn, table->trees[0], &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    int step = store_cursor_move(&cursor, STORE_FIRST, &key, &data, error);
    while (step == BBOTS_OK) {
        step = row_open(table, data, &row, NULL, error);
        if (step == BBOTS_OK) {
            live_row_begin(&hand, &row);
            step = live_log_add(log, live, &hand, 1) ? BBOTS_OK : no_memory(error);
        }
        if (step == BBOTS_OK && live_log_full(log)) {
            step = live_write(txn, tree, table, live, log, error);
        }
        if (step == BBOTS_OK) {
            step = store_cursor_move(&cursor, STORE_NEXT, &key, &data, error);
        }
    }
    store_cursor_close(&cursor);
    return step == BBOTS_END ? live_write(txn, tree, table, live, log, error) : step;
}

/* Takes an aggregate's blocks out. */
static int clear_one(store_txn *txn, store_tree tree, const bbots_live *live, bbots_error *error)
{
    uint8_t head[2];
    store_bytes from = {head, sizeof head};
    store_bytes key;
    store_bytes value;
    store_cursor cursor;
    bb_store16_big(head, live->number);
    int rc = store_cursor_open(txn, tree, &cursor, error);
    int step = rc == BBOTS_OK ? store_cursor_seek(&cursor, from, &key, &value, error) : rc;
    while (step == BBOTS_OK && key.size >= sizeof head &&
           memcmp(key.data, head, sizeof head) == 0) {
        uint8_t copy[LIVE_KEY_MAX];
        store_bytes gone = {copy, key.size};
        memcpy(copy, key.data, key.size);
        step = store_cursor_delete(&cursor, gone, error);
        if (step == BBOTS_OK) {
            step = store_cursor_seek(&cursor, from, &key, &value, error);
        }
    }
    store_cursor_close(&cursor);
    return step < 0 ? step : BBOTS_OK;
}

int live_build(store_txn *txn, store_tree tree, engine_table *table, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned i = 0; i < table->table->live_count && rc == BBOTS_OK; i++) {
        const bbots_live *live = &table->table->lives[i];
        live_log *log = live_log_new();
        rc = log != NULL ? clear_one(txn, tree, live, error) : no_memory(error);
        if (rc == BBOTS_OK) {
            rc = add_rows(txn, tree, table, live, log, error);
        }
        live_log_free(log);
    }
    return rc;
}

int bbots_live_rebuild(bbots_txn *txn, const bbots_table *table, bbots_error *error)
{
    const bbots_schema *schema = txn->store->schema;
    engine_table *engine;
    txn_table *state;
    int rc = statement_begin(txn, table != NULL ? table : schema->tables[0], true, &engine, error);
    for (uint32_t t = 0; t < schema->table_count && rc == BBOTS_OK; t++) {
        engine = &txn->store->tables[t];
        if ((table != NULL && table != engine->table) || engine->table->live_count == 0) {
            continue;
        }
        rc = txn_touch(txn, engine, &state, error);
        if (rc == BBOTS_OK) {
            live_forget(state); /* what waits is in the rows already */
            state->dirty = true;
            rc = live_build(&txn->base, txn->store->live, engine, error);
            rc = rc == BBOTS_OK ? rc : txn_break(txn, rc);
        }
    }
    return rc;
}
