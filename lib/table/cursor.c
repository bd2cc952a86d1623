/*
 * table/cursor.c - scans in the order of an index.
 *
 * Rows that an index leads to lie anywhere, and each waits for memory. So a reader's cursor reads
 * some entries ahead and looks up their rows together.
 *
 * A cursor keeps the last entry that it gave. When the transaction has written since, LMDB's
 * cursor is not trusted to stand where it stood: it is placed anew behind that entry. So a loop
 * may update and delete the rows that it reads.
 *
 * Bounds are kept as bytes: an entry is in range when its first bytes compare right. Of a bound
 * too long for a key only the first CODEC_KEY_PLAIN bytes are at hand; entries that begin with
 * them are held against the bound by the row's own values.
 */
#include "table/engine.h"

#include "codec/literal.h"

#include <stdlib.h>

typedef struct bound {
    bool set;
    bool exclusive;
    bool exact;
    uint8_t count;
    size_t size;
    uint8_t bytes[CODEC_KEY_MAX];
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
} bound;

#define AHEAD_BYTES 64u /* longer entries are not kept */

typedef struct ahead_row {
    store_bytes entry;
    size_t part; /* bytes of its columns; the key of the row follows */
} ahead_row;

/* Entries that were read, and the rows that were looked up, before they were asked for. */
typedef struct look_ahead {
    unsigned at; /* the next one to give */
    unsigned count;
    unsigned most;
    ahead_row rows[STORE_MANY];
    store_pair pairs[STORE_MANY];
    uint8_t bytes[STORE_MANY][AHEAD_BYTES];
} look_ahead;

struct bbots_cursor {
    bbots_txn *txn;
    engine_table *table;
    unsigned tree;
    entries_cursor cursor;
    bound from;
    bound to;
    bool reverse;
    bool live_only;
    bool started;
    bool ended;
    bool over;        /* no entry is left to be read */
    bool again;       /* the next entry is the one behind `last` */
    uint64_t left;    /* rows still to give */
    uint64_t changes; /* of the transaction when the cursor last moved */
    size_t last_size; /* the entry last given */
    uint8_t last[CODEC_ENTRY_MAX];
    bb_arena arena;   /* the bounds' texts */
    look_ahead ahead; /* the last: its arrays begin without contents */
};

static const bbots_tree *tree_of(const bbots_cursor *cursor)
{
    return &cursor->table->table->trees[cursor->tree];
}

/* ------------------------------------------------------------------ opening */

static int set_bound(bbots_cursor *cursor, const bbots_index *index, const bbots_value *values,
                     unsigned count, bool exclusive, bound *to, bbots_error *error)
{
    const bbots_table *table = cursor->table->table;
    const bbots_tree *tree = tree_of(cursor);
    if (values == NULL || count == 0) {
        return BBOTS_OK;
    }
    if (count > index->column_count || memcmp(index->columns, tree->columns, count) != 0) {
        return bb_fail_at(error, BBOTS_INVALID_ARGUMENT, table->name, NULL, index->name,
                          "index \"%s\" of table \"%s\" has %u columns; the bound has %u values",
                          index->name, table->name, index->column_count, count);
    }
    for (unsigned i = 0; i < count; i++) {
        int rc = codec_value_store(&cursor->arena, table, index->columns[i], &values[i],
                                   &to->values[i], error);
        if (rc != BBOTS_OK) {
            return rc;
        }
        if (to->values[i].kind == BBOTS_NULL &&
            (table->columns[index->columns[i]].flags & BBOTS_COLUMN_NOT_NULL) != 0) {
            /* Null lies behind every value of a column that has none: behind all that begins so. */
            count = i;
            exclusive = to == &cursor->from;
            break;
        }
        if (to->values[i].kind == BBOTS_TEXT || to->values[i].kind == BBOTS_BYTES) {
            to->values[i].data =
                bb_arena_copy(&cursor->arena, to->values[i].data, to->values[i].size);
            if (to->values[i].data == NULL) {
                return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
            }
        }
    }
    if (count == 0) {
        cursor->ended = cursor->ended || exclusive;
        return BBOTS_OK;
    }
    to->set = true;
    to->exclusive = exclusive;
    to->count = (uint8_t)count;
    to->size = codec_key_bound(table, tree->columns, count, to->values, to->bytes, &to->exact);
    return BBOTS_OK;
}

static int set_range(bbots_cursor *cursor, const bbots_index *index, const bbots_range *range,
                     bbots_error *error)
{
    cursor->left = range->limit != 0 ? range->limit : UINT64_MAX;
    cursor->reverse = range->reverse;
    cursor->live_only = range->live_only;
    int rc = set_bound(cursor, index, range->from, range->from_count, range->from_exclusive,
                       &cursor->from, error);
    return rc == BBOTS_OK ? set_bound(cursor, index, range->to, range->to_count,
                                      range->to_exclusive, &cursor->to, error)
                          : rc;
}

/* In a write transaction entries may wait: the tree has to be whole before it is read. */
static int settle(bbots_cursor *cursor, bbots_error *error)
{
    bbots_txn *txn = cursor->txn;
    txn_table *state = txn->tables != NULL ? txn->tables[cursor->table->table->number] : NULL;
    cursor->changes = txn->changes;
    return state != NULL && cursor->tree != 0 ? index_flush(txn, state, cursor->tree, error)
                                              : BBOTS_OK;
}

int bbots_cursor_open(bbots_txn *txn, const bbots_table *table, unsigned index,
                      const bbots_range *range, bbots_cursor **opened, bbots_error *error)
{
    static const bbots_range all;
    engine_table *engine;
    *opened = NULL;
    int rc = statement_begin(txn, table, false, &engine, error);
    if (rc == BBOTS_OK && index >= table->index_count) {
        rc = bb_fail_at(error, BBOTS_UNKNOWN_INDEX, table->name, NULL, NULL,
                        "table \"%s\" has no index number %u", table->name, index);
    }
    if (rc == BBOTS_OK && (table->indexes[index].flags & BBOTS_INDEX_ONCE) != 0) {
        rc = bb_fail_at(
            error, BBOTS_UNKNOWN_INDEX, table->name, NULL, table->indexes[index].name,
            "index \"%s\" of table \"%s\" does not have all rows: none are read along it",
            table->indexes[index].name, table->name);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_cursor *cursor = malloc(sizeof *cursor);
    if (cursor == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    memset(cursor, 0, offsetof(bbots_cursor, ahead.rows));
    cursor->txn = txn;
    cursor->table = engine;
    cursor->tree = table->indexes[index].tree;
    bb_arena_init(&cursor->arena);
    rc = set_range(cursor, &table->indexes[index], range != NULL ? range : &all, error);
    if (rc == BBOTS_OK) {
        rc = settle(cursor, error);
    }
    if (rc == BBOTS_OK) {
        rc = entries_open(&txn->base, engine, cursor->tree, &cursor->cursor, error);
    }
    if (rc != BBOTS_OK) {
        bbots_cursor_close(cursor);
        return rc;
    }
    *opened = cursor;
    return BBOTS_OK;
}

void bbots_cursor_close(bbots_cursor *cursor)
{
    if (cursor != NULL) {
        entries_close(&cursor->cursor);
        bb_arena_free(&cursor->arena);
        free(cursor);
    }
}

/* ------------------------------------------------------------------ moving */

static int compare_start(const bound *limit, store_bytes entry)
{
    size_t common = entry.size < limit->size ? entry.size : limit->size;
    int order = memcmp(entry.data, limit->bytes, common);
    return order != 0 ? order : entry.size < limit->size ? -1 : 0;
}

/*
 * To the greatest entry that is not greater than all that begin with `key` (for_prefix), or that
 * is less than `key`.
 */
static int seek_before(bbots_cursor *cursor, store_bytes key, bool for_prefix, store_bytes *entry,
                       store_bytes *value, bbots_error *error)
{
    uint8_t above[CODEC_ENTRY_MAX + 1];
    store_bytes target = key;
    if (for_prefix) {
        /* The least key above all with this prefix: its last byte that is not FF, plus one. */
        memcpy(above, key.data, key.size);
        while (target.size > 0 && above[target.size - 1] == 0xff) {
            target.size--;
        }
        if (target.size == 0) {
            return entries_move(&cursor->cursor, STORE_LAST, entry, value, error);
        }
        above[target.size - 1]++;
        target.data = above;
    }
    int rc = entries_seek(&cursor->cursor, target, entry, value, error);
    return rc == BBOTS_END  ? entries_move(&cursor->cursor, STORE_LAST, entry, value, error)
           : rc == BBOTS_OK ? entries_move(&cursor->cursor, STORE_PREVIOUS, entry, value, error)
                            : rc;
}

static int move_first(bbots_cursor *cursor, store_bytes *entry, store_bytes *value,
                      bbots_error *error)
{
    const bound *start = cursor->reverse ? &cursor->to : &cursor->from;
    store_bytes key = {start->bytes, start->size};
    if (!start->set) {
        return entries_move(&cursor->cursor, cursor->reverse ? STORE_LAST : STORE_FIRST, entry,
                            value, error);
    }
    if (cursor->reverse) {
        return seek_before(cursor, key, !start->exclusive || !start->exact, entry, value, error);
    }
    return entries_seek(&cursor->cursor, key, entry, value, error);
}

/* After writes: to the entry behind the last one given. */
static int move_again(bbots_cursor *cursor, store_bytes *entry, store_bytes *value,
                      bbots_error *error)
{
    store_bytes last = {cursor->last, cursor->last_size};
    if (cursor->reverse) {
        return seek_before(cursor, last, false, entry, value, error);
    }
    int rc = entries_seek(&cursor->cursor, last, entry, value, error);
    if (rc == BBOTS_OK && entry->size == last.size &&
        memcmp(entry->data, last.data, last.size) == 0) {
        rc = entries_move(&cursor->cursor, STORE_NEXT, entry, value, error);
    }
    return rc;
}

static int move(bbots_cursor *cursor, store_bytes *entry, store_bytes *value, bbots_error *error)
{
    int rc;
    bool changed = cursor->changes != cursor->txn->changes;
    if (changed) {
        rc = settle(cursor, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
    if (!cursor->started) {
        cursor->started = true;
        rc = move_first(cursor, entry, value, error);
    } else if (changed || cursor->again) {
        cursor->again = false;
        rc = move_again(cursor, entry, value, error);
    } else {
        rc = entries_move(&cursor->cursor, cursor->reverse ? STORE_PREVIOUS : STORE_NEXT, entry,
                          value, error);
    }
    if (rc == BBOTS_OK && entry->size > CODEC_ENTRY_MAX) {
        rc = bb_fail(error, BBOTS_CORRUPTED, "a key of tree \"%s\" is too long",
                     tree_of(cursor)->name);
    }
    if (rc == BBOTS_OK && cursor->txn->write) {
        memcpy(cursor->last, entry->data, entry->size);
        cursor->last_size = entry->size;
    }
    return rc;
}

/* ------------------------------------------------------------------ the range */

/* Where an entry lies: negative before the range, zero in it, positive behind it. */
static int place(const bbots_cursor *cursor, store_bytes entry, const bbots_row *row)
{
    const bbots_tree *tree = tree_of(cursor);
    if (cursor->from.set) {
        int order = compare_start(&cursor->from, entry);
        if (order == 0 && !cursor->from.exact) {
            order = row != NULL ? codec_key_compare(row, tree->columns, cursor->from.count,
                                                    cursor->from.values)
                                : 1;
        }
        if (order < 0 || (order == 0 && cursor->from.exclusive)) {
            return -1;
        }
    }
    if (cursor->to.set) {
        int order = compare_start(&cursor->to, entry);
        if (order == 0 && !cursor->to.exact) {
            order = row != NULL
                        ? codec_key_compare(row, tree->columns, cursor->to.count, cursor->to.values)
                        : -1;
        }
        if (order > 0 || (order == 0 && cursor->to.exclusive)) {
            return 1;
        }
    }
    return 0;
}

/* To the next entry that is in the range as far as its bytes tell. BBOTS_OK or BBOTS_END. */
static int move_within(bbots_cursor *cursor, store_bytes *entry, store_bytes *value,
                       bbots_error *error)
{
    int rc = move(cursor, entry, value, error);
    while (rc == BBOTS_OK) {
        int where = place(cursor, *entry, NULL);
        if (where == 0) {
            return BBOTS_OK;
        }
        rc = (where < 0) == cursor->reverse ? BBOTS_END : move(cursor, entry, value, error);
    }
    return rc;
}

/* ------------------------------------------------------------------ rows ahead */

/* An entry split into its columns and the key of its row. */
static int split_entry(const bbots_cursor *cursor, store_bytes entry, ahead_row *to,
                       bbots_error *error)
{
    const bbots_tree *tree = tree_of(cursor);
    to->entry = entry;
    to->part = codec_key_part(cursor->table->table, tree->columns, tree->column_count, entry.data,
                              entry.size);
    return to->part != 0 && to->part < entry.size && entry.size - to->part <= CODEC_KEY_MAX
               ? BBOTS_OK
               : entries_damaged(cursor->table, cursor->tree, "has an entry of no row", error);
}

/* Notes an entry; false when it is too long to be kept, and has to be the last one for now. */
static bool note_ahead(look_ahead *ahead, store_bytes entry, ahead_row *row)
{
    row->entry = entry;
    if (entry.size <= AHEAD_BYTES) {
        row->entry.data = memcpy(ahead->bytes[ahead->count], entry.data, entry.size);
    }
    ahead->pairs[ahead->count].key =
        (store_bytes){(const uint8_t *)row->entry.data + row->part, row->entry.size - row->part};
    ahead->count++;
    return entry.size <= AHEAD_BYTES;
}

/*
 * What follows is not known yet when a failure was met behind rows that are still to be given: it
 * will be met again.
 */
static void fail_later(bbots_cursor *cursor)
{
    store_bytes last = cursor->ahead.rows[cursor->ahead.count - 1].entry;
    memcpy(cursor->last, last.data, last.size);
    cursor->last_size = last.size;
    cursor->again = true;
}

/*
 * Gathers the next entries and looks up their rows together: first a few, then more. A writer's
 * next row may depend on what is done with this one, so it gets one at a time.
 */
static int look_forward(bbots_cursor *cursor, bbots_error *error)
{
    look_ahead *ahead = &cursor->ahead;
    bbots_error late;
    store_bytes entry;
    store_bytes value;
    int rc = cursor->over ? BBOTS_END : BBOTS_OK;
    bool more = true;
    ahead->most = cursor->txn->write ? 1 : ahead->most == 0 ? 4 : STORE_MANY;
    ahead->at = 0;
    ahead->count = 0;
    bb_error_clear(&late);
    while (rc == BBOTS_OK && more && ahead->count < ahead->most && ahead->count < cursor->left) {
        ahead_row *row = &ahead->rows[ahead->count];
        rc = move_within(cursor, &entry, &value, &late);
        rc = rc == BBOTS_OK ? split_entry(cursor, entry, row, &late) : rc;
        more = rc == BBOTS_OK && note_ahead(ahead, entry, row);
    }
    cursor->over = rc == BBOTS_END;
    if (rc != BBOTS_OK && ahead->count == 0) {
        if (rc < 0) {
            bb_error_give(error, &late);
        }
        return rc;
    }
    if (rc < 0) {
        fail_later(cursor);
    }
    return store_get_many(&cursor->txn->base, cursor->table->trees[0], ahead->pairs, ahead->count,
                          error);
}

/* The row of the next entry of an index tree; *entry stays until the one after it. */
static int next_indexed(bbots_cursor *cursor, store_bytes *entry, bbots_row *row,
                        bbots_error *error)
{
    look_ahead *ahead = &cursor->ahead;
    int rc = ahead->at == ahead->count ? look_forward(cursor, error) : BBOTS_OK;
    if (rc != BBOTS_OK) {
        return rc;
    }
    const ahead_row *next = &ahead->rows[ahead->at];
    const store_pair *pair = &ahead->pairs[ahead->at];
    store_bytes part = {next->entry.data, next->part};
    ahead->at++;
    *entry = next->entry;
    if (pair->value.data == NULL) {
        return entries_damaged(cursor->table, cursor->tree, "has an entry of no row", error);
    }
    rc = row_accept(cursor->table, pair->key, pair->value, row, NULL, error);
    return rc == BBOTS_OK ? row_confirm_entry(cursor->table, cursor->tree, row, part, error) : rc;
}

static int next_stored(bbots_cursor *cursor, store_bytes *entry, bbots_row *row, bbots_error *error)
{
    store_bytes value;
    int rc = move_within(cursor, entry, &value, error);
    return rc == BBOTS_OK ? row_accept(cursor->table, *entry, value, row, NULL, error) : rc;
}

/* Whether a row is wanted, where its entry's bytes alone do not decide. */
static bool is_wanted(const bbots_cursor *cursor, store_bytes entry, const bbots_row *row)
{
    bool exact = (!cursor->from.set || cursor->from.exact) && (!cursor->to.set || cursor->to.exact);
    return (exact || place(cursor, entry, row) == 0) &&
           !(cursor->live_only && bbots_row_is_deleted(row));
}

const bbots_table *cursor_table(const bbots_cursor *cursor)
{
    return cursor->table->table;
}

int bbots_cursor_next(bbots_cursor *cursor, bbots_row *row, bbots_error *error)
{
    store_bytes entry;
    bb_error_clear(error);
    int rc = store_check_process(cursor->txn->store->file, error);
    if (rc == BBOTS_OK) {
        rc = txn_check(cursor->txn, false, error);
    }
    while (rc == BBOTS_OK && !cursor->ended && cursor->left > 0) {
        rc = cursor->tree == 0 ? next_stored(cursor, &entry, row, error)
                               : next_indexed(cursor, &entry, row, error);
        if (rc == BBOTS_OK && is_wanted(cursor, entry, row)) {
            cursor->left--;
            row_give(cursor->txn, cursor->table, row);
            return BBOTS_OK;
        }
    }
    if (rc < 0) {
        return rc;
    }
    cursor->ended = true;
    return BBOTS_END;
}

int bbots_cursor_next_record(bbots_cursor *cursor, void *record, bbots_error *error)
{
    bbots_row row;
    int rc = bbots_cursor_next(cursor, &row, error);
    if (rc == BBOTS_OK) {
        bbots_record_read(&row, record);
    }
    return rc;
}
