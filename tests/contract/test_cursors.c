/*
 * tests/contract/test_cursors.c - proves bbots/cursor.h: every scan gives the rows that SQL would
 * give, in its order, also while rows change under it.
 *
 * Random rows are kept in an array beside the store. What a range holds is decided by comparing
 * values column by column (support.h), with no part of the key codec. Only one thing is asked of
 * it: parts longer than CODEC_KEY_PLAIN bytes that begin alike may come in any order.
 */
#include "codec/key.h"
#include "support/support.h"

#include <bbots/sample.h>

#define ROWS   300
#define RANGES 150

#define OWNERS (&sample_owners_table)
#define NODES  (&sample_nodes_table)
#define SOFT   (&sample_soft_table)
#define PAGES  (&sample_pages_table)

/* ------------------------------------------------------------------ rows in memory */

typedef struct model_row {
    bbots_value values[BBOTS_COLUMNS_MAX];
    char (*texts)[RANDOM_TEXT];
} model_row;

typedef struct model {
    const bbots_table *table;
    model_row rows[ROWS];
    unsigned count;
} model;

static int compare_columns(const bbots_value *row, const uint8_t *columns, unsigned count,
                           const bbots_value *values)
{
    for (unsigned i = 0; i < count; i++) {
        int order = compare_values(&row[columns[i]], &values[i]);
        if (order != 0) {
            return order;
        }
    }
    return 0;
}

static int compare_rows(const bbots_table *table, unsigned index, const bbots_value *a,
                        const bbots_value *b)
{
    const bbots_index *order = &table->indexes[index];
    const bbots_tree *tree = &table->trees[order->tree]; /* may name more columns */
    const bbots_index *primary = &table->indexes[0];
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
    for (unsigned i = 0; i < tree->column_count; i++) {
        values[i] = b[tree->columns[i]];
    }
    int compared = compare_columns(a, tree->columns, tree->column_count, values);
    if (compared != 0) {
        return compared;
    }
    for (unsigned i = 0; i < primary->column_count; i++) {
        values[i] = b[primary->columns[i]];
    }
    return compare_columns(a, primary->columns, primary->column_count, values);
}

/* Both keys are cut, at the same beginning: their order is that of their hashes. */
static bool begin_alike(const bbots_table *table, const uint8_t *columns, unsigned count,
                        const bbots_value *a, const bbots_value *b)
{
    uint8_t a_key[CODEC_KEY_MAX];
    uint8_t b_key[CODEC_KEY_MAX];
    bbots_value values[BBOTS_KEY_COLUMNS_MAX] = {{0}};
    for (unsigned i = 0; i < count; i++) {
        values[i] = a[columns[i]];
    }
    size_t a_size = codec_key_encode(table, columns, count, values, a_key);
    for (unsigned i = 0; i < count; i++) {
        values[i] = b[columns[i]];
    }
    size_t b_size = codec_key_encode(table, columns, count, values, b_key);
    return a_size == CODEC_KEY_MAX && b_size == CODEC_KEY_MAX &&
           memcmp(a_key, b_key, CODEC_KEY_PLAIN) == 0;
}

static bool any_order(const bbots_table *table, unsigned index, const bbots_value *a,
                      const bbots_value *b)
{
    const bbots_tree *tree = &table->trees[table->indexes[index].tree];
    const bbots_tree *primary = &table->trees[0];
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
    if (begin_alike(table, tree->columns, tree->column_count, a, b)) {
        return true;
    }
    for (unsigned i = 0; i < tree->column_count; i++) {
        values[i] = b[tree->columns[i]];
    }
    return compare_columns(a, tree->columns, tree->column_count, values) == 0 &&
           begin_alike(table, primary->columns, primary->column_count, a, b);
}

static void free_model(model *all)
{
    for (unsigned i = 0; i < all->count; i++) {
        free(all->rows[i].texts);
    }
    free(all);
}

/* Fills a table with random rows; columns of foreign keys and JSON stay null. */
static model *fill_table(bbots_txn *txn, const bbots_table *table, random_source *source)
{
    model *all = calloc(1, sizeof *all);
    assert_non_null(all);
    all->table = table;
    uint64_t skip = 0;
    for (unsigned f = 0; f < table->foreign_key_count; f++) {
        for (unsigned i = 0; i < table->foreign_keys[f].column_count; i++) {
            skip |= BBOTS_COLUMN_BIT(table->foreign_keys[f].columns[i]);
        }
    }
    for (int tries = 0; all->count < ROWS && tries < 10 * ROWS; tries++) {
        model_row *row = &all->rows[all->count];
        row->texts = calloc(table->column_count, sizeof *row->texts);
        assert_non_null(row->texts);
        for (unsigned c = 0; c < table->column_count; c++) {
            bool null =
                (skip & BBOTS_COLUMN_BIT(c)) != 0 || table->columns[c].type == BBOTS_TYPE_JSONB;
            row->values[c] =
                null ? null_value() : random_value(source, &table->columns[c], row->texts[c]);
        }
        uint64_t given =
            table->column_count == 64 ? ~UINT64_C(0) : BBOTS_COLUMN_BIT(table->column_count) - 1;
        int rc = bbots_insert(txn, table, row->values, given, NULL, &fault);
        if (rc == BBOTS_UNIQUE_VIOLATION) {
            free(row->texts);
            continue;
        }
        assert_ok(rc);
        all->count++;
    }
    assert_true(all->count > ROWS / 4);
    return all;
}

/* ------------------------------------------------------------------ one range */

static bool in_range(const bbots_index *index, const bbots_range *range, const model_row *row)
{
    if (range->from != NULL && range->from_count > 0) {
        int order = compare_columns(row->values, index->columns, range->from_count, range->from);
        if (order < 0 || (order == 0 && range->from_exclusive)) {
            return false;
        }
    }
    if (range->to != NULL && range->to_count > 0) {
        int order = compare_columns(row->values, index->columns, range->to_count, range->to);
        if (order > 0 || (order == 0 && range->to_exclusive)) {
            return false;
        }
    }
    return true;
}

/* The model's row that the store gave; each is given once. */
static unsigned find_given(const model *all, const bbots_row *row, bool *given)
{
    const bbots_index *primary = &all->table->indexes[0];
    bbots_value key[BBOTS_KEY_COLUMNS_MAX];
    for (unsigned i = 0; i < primary->column_count; i++) {
        key[i] = bbots_row_value(row, primary->columns[i]);
    }
    for (unsigned r = 0; r < all->count; r++) {
        if (compare_columns(all->rows[r].values, primary->columns, primary->column_count, key) ==
            0) {
            assert_false(given[r]);
            given[r] = true;
            return r;
        }
    }
    fail_msg("a row that nobody inserted");
    return 0;
}

/* Scans a range; the numbers of the rows go to `found`. */
static unsigned scan(bbots_txn *txn, const model *all, unsigned index, const bbots_range *range,
                     unsigned *found)
{
    bool given[ROWS] = {false};
    bbots_cursor *cursor;
    bbots_row row;
    unsigned count = 0;
    int rc;
    assert_ok(bbots_cursor_open(txn, all->table, index, range, &cursor, &fault));
    while ((rc = bbots_cursor_next(cursor, &row, &fault)) == BBOTS_OK) {
        found[count++] = find_given(all, &row, given);
    }
    assert_status(rc, BBOTS_END);
    assert_status(bbots_cursor_next(cursor, &row, &fault), BBOTS_END);
    bbots_cursor_close(cursor);
    return count;
}

static void describe(const model *all, unsigned index, const bbots_range *range)
{
    print_error("index \"%s\", from %u%s, to %u%s\n", all->table->indexes[index].name,
                range->from_count, range->from_exclusive ? " exclusive" : "", range->to_count,
                range->to_exclusive ? " exclusive" : "");
}

static void try_range(bbots_txn *txn, const model *all, unsigned index, bbots_range range,
                      random_source *source)
{
    unsigned forward[ROWS];
    unsigned other[ROWS];
    unsigned expected = 0;
    range.reverse = false;
    range.limit = 0;
    unsigned count = scan(txn, all, index, &range, forward);
    for (unsigned r = 0; r < all->count; r++) {
        expected += in_range(&all->table->indexes[index], &range, &all->rows[r]);
    }
    for (unsigned i = 0; i < count; i++) {
        const bbots_value *row = all->rows[forward[i]].values;
        if (!in_range(&all->table->indexes[index], &range, &all->rows[forward[i]])) {
            describe(all, index, &range);
            fail_msg("row %u of %u is outside of the range", i, count);
        }
        if (i > 0) {
            const bbots_value *before = all->rows[forward[i - 1]].values;
            if (compare_rows(all->table, index, before, row) >= 0 &&
                !any_order(all->table, index, before, row)) {
                describe(all, index, &range);
                fail_msg("row %u of %u is out of order", i, count);
            }
        }
    }
    if (count != expected) {
        describe(all, index, &range);
        fail_msg("%u rows and not %u", count, expected);
    }
    range.reverse = true;
    assert_int_equal(scan(txn, all, index, &range, other), count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(other[i], forward[count - 1 - i]);
    }
    range.limit = 1 + random_below(source, count + 2);
    unsigned limited = scan(txn, all, index, &range, other);
    assert_int_equal(limited, range.limit < count ? range.limit : count);
    for (unsigned i = 0; i < limited; i++) {
        assert_int_equal(other[i], forward[count - 1 - i]);
    }
    range.reverse = false;
    limited = scan(txn, all, index, &range, other);
    for (unsigned i = 0; i < limited; i++) {
        assert_int_equal(other[i], forward[i]);
    }
}

/* A bound: of a row that is there, or of values that nobody has. */
static uint8_t random_bound(const model *all, unsigned index, random_source *source,
                            bbots_value *bound, char (*texts)[RANDOM_TEXT])
{
    const bbots_index *order = &all->table->indexes[index];
    uint8_t count = (uint8_t)random_below(source, order->column_count + 1u);
    const model_row *row = &all->rows[random_below(source, all->count)];
    for (unsigned i = 0; i < count; i++) {
        bound[i] = random_below(source, 5) != 0
                       ? row->values[order->columns[i]]
                       : random_value(source, &all->table->columns[order->columns[i]], texts[i]);
    }
    return count;
}

static void try_ranges(bbots_txn *txn, const model *all, random_source *source, unsigned ranges)
{
    static char texts[2][BBOTS_KEY_COLUMNS_MAX][RANDOM_TEXT];
    for (unsigned index = 0; index < all->table->index_count; index++) {
        for (unsigned i = 0; i < ranges; i++) {
            bbots_value from[BBOTS_KEY_COLUMNS_MAX];
            bbots_value to[BBOTS_KEY_COLUMNS_MAX];
            bbots_range range = {.from = from, .to = to};
            range.from_count = random_bound(all, index, source, from, texts[0]);
            if (random_below(source, 4) == 0) {
                memcpy(to, from, sizeof to);
                range.to_count = range.from_count;
            } else {
                range.to_count = random_bound(all, index, source, to, texts[1]);
            }
            range.from_exclusive = random_below(source, 2) == 0;
            range.to_exclusive = random_below(source, 2) == 0;
            try_range(txn, all, index, range, source);
        }
    }
}

static void every_range_gives_what_sql_would(void **state, const bbots_table *table,
                                             const char *name)
{
    fixture *place = *state;
    random_source source = random_begin(name);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    model *all = fill_table(txn, table, &source);
    /* While entries of indexes wait to be written, and when they are. */
    try_ranges(txn, all, &source, RANGES / 10);
    commit(txn);
    txn = begin(place->store, BBOTS_READ);
    try_ranges(txn, all, &source, RANGES);
    bbots_rollback(txn);
    free_model(all);
}

static void ranges_over_every_type(void **state)
{
    every_range_gives_what_sql_would(state, &sample_kinds_table, __func__);
}

static void ranges_over_keys_without_nulls(void **state)
{
    every_range_gives_what_sql_would(state, &sample_strict_table, __func__);
}

static void ranges_over_long_keys(void **state)
{
    every_range_gives_what_sql_would(state, &sample_pages_table, __func__);
}

static void ranges_over_unique_keys(void **state)
{
    every_range_gives_what_sql_would(state, &sample_links_table, __func__);
}

static void ranges_over_references(void **state)
{
    every_range_gives_what_sql_would(state, &sample_owners_table, __func__);
}

/* ------------------------------------------------------------------ rows that refer */

static void the_rows_that_refer_to_a_long_key(void **state)
{
    fixture *place = *state;
    char path[300];
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    memset(path, 'p', sizeof path - 1);
    path[299] = '\0';
    for (char last = 'a'; last <= 'd'; last++) {
        path[298] = last;
        assert_ok(insert_named(txn, PAGES, "site", string("s"), "path", string(path)));
        for (int i = 0; i < 5; i++) {
            assert_ok(
                insert_named(txn, &sample_links_table, "site", string("s"), "path", string(path)));
        }
    }
    path[298] = 'b';
    bbots_value key[] = {string(path), string("s")};
    bbots_range range = {.from = key, .to = key, .from_count = 2, .to_count = 2};
    unsigned index = index_of(&sample_links_table, "links_path_site_fkey");
    bbots_cursor *cursor;
    bbots_row row;
    int rows = 0;
    assert_ok(bbots_cursor_open(txn, &sample_links_table, index, &range, &cursor, &fault));
    while (bbots_cursor_next(cursor, &row, &fault) == BBOTS_OK) {
        int64_t id = row_at(&row, "id").integer;
        assert_true(id >= 6 && id <= 10);
        rows++;
    }
    bbots_cursor_close(cursor);
    assert_int_equal(rows, 5);
    commit(txn);
}

/* ------------------------------------------------------------------ rows that change meanwhile */

static void fill_owners(bbots_txn *txn, int count)
{
    for (int i = 0; i < count; i++) {
        char code[16];
        snprintf(code, sizeof code, "%04d", (i * 7919) % count);
        assert_ok(insert_named(txn, OWNERS, "id", integer(i), "code", string(code), "score",
                               integer((i * 31) % 50)));
    }
}

static void a_scan_may_delete_what_it_reads(void **state)
{
    fixture *place = *state;
    for (unsigned index = 0; index < OWNERS->index_count; index++) {
        for (int reverse = 0; reverse < 2; reverse++) {
            bbots_txn *txn = begin(place->store, BBOTS_WRITE);
            bbots_range range = {.reverse = reverse == 1};
            bbots_cursor *cursor;
            bbots_row row;
            int rows = 0;
            fill_owners(txn, 500);
            assert_ok(bbots_cursor_open(txn, OWNERS, index, &range, &cursor, &fault));
            while (bbots_cursor_next(cursor, &row, &fault) == BBOTS_OK) {
                assert_ok(delete_id(txn, OWNERS, row_at(&row, "id").integer, NULL));
                rows++;
            }
            bbots_cursor_close(cursor);
            assert_int_equal(rows, 500);
            assert_int_equal(count_of(txn, OWNERS), 0);
            check_txn(txn);
            commit(txn);
        }
    }
}

static void a_row_that_moves_back_is_not_met_again(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_cursor *cursor;
    bbots_row row;
    int rows = 0;
    fill_owners(txn, 500);
    assert_ok(bbots_cursor_open(txn, OWNERS, index_of(OWNERS, "owners_score_idx"), NULL, &cursor,
                                &fault));
    while (bbots_cursor_next(cursor, &row, &fault) == BBOTS_OK) {
        int64_t score = row_at(&row, "score").integer;
        assert_true(score >= 0);
        assert_ok(
            update_named(txn, OWNERS, row_at(&row, "id").integer, "score", integer(-score - 1)));
        rows++;
    }
    bbots_cursor_close(cursor);
    assert_int_equal(rows, 500);
    commit(txn);
}

typedef struct entry {
    int64_t score;
    int64_t id;
    bool there;
} entry;

/* The next row that a cursor has to give, if any: the least behind the last one. */
static const entry *next_entry(const entry *entries, unsigned count, const entry *last,
                               bool reverse)
{
    const entry *best = NULL;
    for (unsigned i = 0; i < count; i++) {
        const entry *at = &entries[i];
        int sign = reverse ? -1 : 1;
        int64_t from_last = last == NULL ? 1
                            : at->score != last->score
                                ? sign * (at->score > last->score ? 1 : -1)
                                : sign * ((at->id > last->id) - (at->id < last->id));
        int64_t to_best = best == NULL ? -1
                          : at->score != best->score
                              ? sign * (at->score > best->score ? 1 : -1)
                              : sign * ((at->id > best->id) - (at->id < best->id));
        if (at->there && from_last > 0 && to_best < 0) {
            best = at;
        }
    }
    return best;
}

/* After each row something changes, also the row itself; two cursors go in opposite directions. */
static void cursors_go_on_behind_the_last_row_they_gave(void **state)
{
    fixture *place = *state;
    random_source source = random_begin(__func__);
    enum { IDS = 120 };
    unsigned index = index_of(OWNERS, "owners_score_idx");
    for (int round = 0; round < 20; round++) {
        entry entries[IDS];
        bbots_cursor *cursors[2];
        entry last[2];
        bool started[2] = {false, false};
        bool ended[2] = {false, false};
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        for (int i = 0; i < IDS; i++) {
            char code[16];
            snprintf(code, sizeof code, "c%d", i);
            entries[i] =
                (entry){(int64_t)random_below(&source, 20), i, random_below(&source, 2) == 0};
            if (entries[i].there) {
                assert_ok(insert_named(txn, OWNERS, "id", integer(i), "code", string(code), "score",
                                       integer(entries[i].score)));
            }
        }
        for (int c = 0; c < 2; c++) {
            bbots_range range = {.reverse = c == 1};
            assert_ok(bbots_cursor_open(txn, OWNERS, index, &range, &cursors[c], &fault));
        }
        while (!ended[0] || !ended[1]) {
            unsigned c = (unsigned)random_below(&source, 2);
            bbots_row row;
            if (ended[c]) {
                c = 1 - c;
            }
            const entry *expected = next_entry(entries, IDS, started[c] ? &last[c] : NULL, c == 1);
            int rc = bbots_cursor_next(cursors[c], &row, &fault);
            assert_status(rc, expected != NULL ? BBOTS_OK : BBOTS_END);
            ended[c] = expected == NULL;
            if (expected != NULL) {
                assert_int_equal(row_at(&row, "id").integer, expected->id);
                assert_int_equal(row_at(&row, "score").integer, expected->score);
                last[c] = *expected;
                started[c] = true;
            }
            for (uint64_t changes = random_below(&source, 3); changes > 0; changes--) {
                entry *any = &entries[random_below(&source, 3) == 0 && started[c]
                                          ? (uint64_t)last[c].id
                                          : random_below(&source, IDS)];
                char code[16];
                snprintf(code, sizeof code, "c%d", (int)any->id);
                if (!any->there) {
                    any->score = (int64_t)random_below(&source, 20);
                    assert_ok(insert_named(txn, OWNERS, "id", integer(any->id), "code",
                                           string(code), "score", integer(any->score)));
                    any->there = true;
                } else if (random_below(&source, 2) == 0) {
                    assert_ok(delete_id(txn, OWNERS, any->id, NULL));
                    any->there = false;
                } else {
                    any->score = (int64_t)random_below(&source, 20);
                    assert_ok(update_named(txn, OWNERS, any->id, "score", integer(any->score)));
                }
            }
        }
        bbots_cursor_close(cursors[0]);
        bbots_cursor_close(cursors[1]);
        check_txn(txn);
        bbots_rollback(txn);
    }
}

static void a_scan_survives_a_rollback_to_a_savepoint(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_cursor *cursor;
    bbots_row row;
    fill_owners(txn, 100);
    assert_ok(bbots_savepoint(txn, "s", &fault));
    assert_ok(bbots_cursor_open(txn, OWNERS, 0, NULL, &cursor, &fault));
    for (int i = 0; i < 50; i++) {
        assert_ok(bbots_cursor_next(cursor, &row, &fault));
        assert_int_equal(row_at(&row, "id").integer, i);
        assert_ok(delete_id(txn, OWNERS, i, NULL));
    }
    for (int i = 60; i < 80; i++) {
        assert_ok(delete_id(txn, OWNERS, i, NULL));
    }
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    for (int i = 50; i < 100; i++) {
        assert_ok(bbots_cursor_next(cursor, &row, &fault));
        assert_int_equal(row_at(&row, "id").integer, i);
    }
    assert_status(bbots_cursor_next(cursor, &row, &fault), BBOTS_END);
    bbots_cursor_close(cursor);
    commit(txn);
}

/* ------------------------------------------------------------------ the rest of the contract */

static void live_only_leaves_out_what_was_soft_deleted(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_cursor *cursor;
    bbots_row row;
    for (int i = 1; i <= 30; i++) {
        bbots_value key = integer(i);
        assert_ok(insert_named(txn, SOFT, "name", string("x")));
        if (i % 3 == 0) {
            assert_ok(bbots_soft_delete(txn, SOFT, 0, &key, &fault));
        }
    }
    for (int live = 0; live < 2; live++) {
        bbots_range range = {.live_only = live == 1, .limit = 15, .reverse = true};
        int rows = 0;
        assert_ok(bbots_cursor_open(txn, SOFT, 0, &range, &cursor, &fault));
        int64_t last = 31;
        while (bbots_cursor_next(cursor, &row, &fault) == BBOTS_OK) {
            int64_t id = row_at(&row, "id").integer;
            assert_true(id < last && (live == 0 || id % 3 != 0));
            last = id;
            rows++;
        }
        assert_int_equal(rows, 15); /* the limit counts rows given */
        assert_int_equal(last, live == 0 ? 16 : 8);
        bbots_cursor_close(cursor);
    }
    commit(txn);
}

static void bounds_are_copied_and_read_as_literals(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_cursor *cursor;
    bbots_row row;
    char from[] = "0007";
    char to[] = "0009";
    fill_owners(txn, 20);
    bbots_value low = string(from);
    bbots_value high = string(to);
    bbots_range range = {.from = &low, .to = &high, .from_count = 1, .to_count = 1};
    assert_ok(bbots_cursor_open(txn, OWNERS, 1, &range, &cursor, &fault));
    memset(from, 'x', 4);
    memset(to, 'x', 4);
    low = null_value();
    for (int i = 7; i <= 9; i++) {
        assert_ok(bbots_cursor_next(cursor, &row, &fault));
        assert_int_equal(((const char *)row_at(&row, "code").data)[3], '0' + i);
    }
    assert_status(bbots_cursor_next(cursor, &row, &fault), BBOTS_END);
    bbots_cursor_close(cursor);
    low = string("18"); /* a literal of an integer column */
    range.to_count = 0;
    assert_ok(bbots_cursor_open(txn, OWNERS, 0, &range, &cursor, &fault));
    sample_owners record;
    for (int i = 18; i < 20; i++) {
        assert_ok(bbots_cursor_next_record(cursor, &record, &fault));
        assert_int_equal(record.id, i);
    }
    assert_status(bbots_cursor_next_record(cursor, &record, &fault), BBOTS_END);
    bbots_cursor_close(cursor);
    bbots_cursor_close(NULL);
    commit(txn);
}

static void wrong_bounds_are_refused(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    bbots_cursor *cursor;
    bbots_value values[3] = {integer(1), integer(2), integer(3)};
    bbots_range range = {.from = values, .from_count = 2};
    assert_status(bbots_cursor_open(txn, OWNERS, 0, &range, &cursor, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_null(cursor);
    range = (bbots_range){.to = values, .to_count = 255};
    assert_status(bbots_cursor_open(txn, OWNERS, 0, &range, &cursor, &fault),
                  BBOTS_INVALID_ARGUMENT);
    range = (bbots_range){.from = values, .from_count = 1};
    assert_status(bbots_cursor_open(txn, OWNERS, 1, &range, &cursor, &fault), BBOTS_WRONG_TYPE);
    values[0] = string("x");
    assert_status(bbots_cursor_open(txn, OWNERS, 0, &range, &cursor, &fault), BBOTS_INVALID_TEXT);
    assert_status(bbots_cursor_open(txn, OWNERS, OWNERS->index_count, NULL, &cursor, &fault),
                  BBOTS_UNKNOWN_INDEX);
    /* One of the right count still opens. */
    values[0] = integer(1);
    assert_ok(bbots_cursor_open(txn, OWNERS, 0, &range, &cursor, &fault));
    bbots_row row;
    assert_status(bbots_cursor_next(cursor, &row, &fault), BBOTS_END);
    bbots_cursor_close(cursor);
    bbots_rollback(txn);
}

/* Null is behind every value, also of a column that has none. */
static void a_null_bound_of_a_column_without_nulls_lies_behind_all(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_value null = null_value();
    fill_owners(txn, 20);
    for (int way = 0; way < 8; way++) {
        bbots_range range = {.reverse = (way & 1) != 0,
                             .from_exclusive = (way & 2) != 0,
                             .to_exclusive = (way & 2) != 0};
        range.from = (way & 4) != 0 ? &null : NULL;
        range.from_count = (way & 4) != 0 ? 1 : 0;
        range.to = (way & 4) != 0 ? NULL : &null;
        range.to_count = (way & 4) != 0 ? 0 : 1;
        for (unsigned index = 0; index < OWNERS->index_count; index++) {
            bbots_cursor *cursor;
            bbots_row row;
            int rows = 0;
            assert_ok(bbots_cursor_open(txn, OWNERS, index, &range, &cursor, &fault));
            while (bbots_cursor_next(cursor, &row, &fault) == BBOTS_OK) {
                rows++;
            }
            bbots_cursor_close(cursor);
            assert_int_equal(rows, range.from != NULL ? 0 : 20);
        }
    }
    commit(txn);
}

/* The rows that refer to null, by which a typed function asks when it is given no text: none. */
static void a_range_from_null_to_null_of_such_a_column_is_empty(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_value null = null_value();
    fill_owners(txn, 20);
    for (int way = 0; way < 8; way++) {
        bbots_range range = {.from = &null, .to = &null, .from_count = 1, .to_count = 1};
        range.reverse = (way & 1) != 0;
        range.from_exclusive = (way & 2) != 0;
        range.to_exclusive = (way & 4) != 0;
        for (unsigned index = 0; index < OWNERS->index_count; index++) {
            bbots_cursor *cursor;
            bbots_row row;
            assert_ok(bbots_cursor_open(txn, OWNERS, index, &range, &cursor, &fault));
            int rc = bbots_cursor_next(cursor, &row, &fault);
            bbots_cursor_close(cursor);
            assert_int_equal(rc, BBOTS_END);
        }
    }
    commit(txn);
}

static void a_range_with_its_ends_crossed_is_empty(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_value low = integer(10);
    bbots_value high = integer(5);
    fill_owners(txn, 20);
    for (int reverse = 0; reverse < 2; reverse++) {
        bbots_range range = {
            .from = &low, .to = &high, .from_count = 1, .to_count = 1, .reverse = reverse == 1};
        bbots_cursor *cursor;
        bbots_row row;
        assert_ok(bbots_cursor_open(txn, OWNERS, 0, &range, &cursor, &fault));
        assert_status(bbots_cursor_next(cursor, &row, &fault), BBOTS_END);
        bbots_cursor_close(cursor);
    }
    commit(txn);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_store, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ranges_over_every_type),
        TEST(ranges_over_keys_without_nulls),
        TEST(ranges_over_long_keys),
        TEST(ranges_over_unique_keys),
        TEST(ranges_over_references),
        TEST(the_rows_that_refer_to_a_long_key),
        TEST(a_scan_may_delete_what_it_reads),
        TEST(a_row_that_moves_back_is_not_met_again),
        TEST(cursors_go_on_behind_the_last_row_they_gave),
        TEST(a_scan_survives_a_rollback_to_a_savepoint),
        TEST(live_only_leaves_out_what_was_soft_deleted),
        TEST(bounds_are_copied_and_read_as_literals),
        TEST(wrong_bounds_are_refused),
        TEST(a_null_bound_of_a_column_without_nulls_lies_behind_all),
        TEST(a_range_from_null_to_null_of_such_a_column_is_empty),
        TEST(a_range_with_its_ends_crossed_is_empty),
    };
    choose_tests();
    return cmocka_run_group_tests_name("cursors", tests, NULL, NULL);
}
