/*
 * tests/unit/test_live_forged.c - blocks of live aggregates that nobody wrote, each with a checksum that
 * fits: every key cut at every place or made longer, every value cut at every place or with other bytes.
 * The check finds each of them, a question is answered or names the damage, and so does a change of the
 * rows.
 *
 * Blocks are written past the tables in a write transaction, which is rolled back.
 */
#include "support/findings.h"

#include "base/bytes.h"
#include "table/live.h"

#include <bbots/gauges.h>

#define READINGS (&gauges_readings_table)
#define NOON     time_of("2026-01-15 12:00:00")
#define DAY      INT64_C(86400000000)

enum { BLOCKS_MAX = 64, VALUE_MAX = 300, ROOM = VALUE_MAX + SCHEMA_LIVE_SPLIT_MAX, CHECKSUM = 4 };

/* ------------------------------------------------------------------ the store */

static int insert_reading(bbots_txn *txn, int owner, const char *place, bbots_timestamp moment)
{
    static const bbots_uuid token = {{1, 2, 3}};
    return insert_named(txn, READINGS, "owner", integer(owner), "place", string(place), "flag",
                        bbots_value_boolean(owner == 1), "token", bbots_value_uuid(token), "amount",
                        bbots_value_decimal(1500, 3), "large", integer(INT64_MAX / 3), "small",
                        integer(-7), "day", bbots_value_timestamp(NOON), "moment",
                        bbots_value_timestamp(moment), "instant", bbots_value_timestamp(moment));
}

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_gauges_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 2; i++) {
        assert_ok(insert_named(txn, &gauges_owners_table, "name", string("n")));
    }
    assert_ok(insert_reading(txn, 1, "a", NOON));
    assert_ok(insert_reading(txn, 1, "b", NOON + DAY / 24));
    assert_ok(insert_reading(txn, 2, "a", NOON + DAY));
    commit(txn);
    return rc;
}

typedef struct block {
    uint8_t key[LIVE_KEY_MAX + 8];
    size_t key_size;
    uint8_t value[ROOM];
    size_t size;
} block;

static block blocks[BLOCKS_MAX];

static unsigned list_blocks(bbots_store *store)
{
    bbots_txn *txn = begin(store, BBOTS_READ);
    store_cursor cursor;
    store_bytes key;
    store_bytes value;
    unsigned count = 0;
    assert_ok(store_cursor_open(&txn->base, store->live, &cursor, &fault));
    int rc = store_cursor_move(&cursor, STORE_FIRST, &key, &value, &fault);
    for (; rc == BBOTS_OK; rc = store_cursor_move(&cursor, STORE_NEXT, &key, &value, &fault)) {
        assert_true(count < BLOCKS_MAX && key.size <= LIVE_KEY_MAX && value.size <= VALUE_MAX);
        block *of = &blocks[count++];
        of->key_size = key.size;
        of->size = value.size;
        memcpy(of->key, key.data, key.size);
        memcpy(of->value, value.data, value.size);
    }
    assert_int_equal(rc, BBOTS_END);
    store_cursor_close(&cursor);
    commit(txn);
    return count;
}

/* ------------------------------------------------------------------ questions */

static unsigned refused; /* of all questions */

static void ask(bbots_txn *txn, bbots_live_query *query)
{
    static const struct {
        const char *from;
        const char *to;
    } ranges[] = {{"1970-01-01 00:00:00", "1970-01-01 00:00:00"}, /* all times */
                  {"1970-01-01 00:00:00", "2026-01-16 00:00:00"},
                  {"2025-11-03 04:05:06", "2026-03-01 07:00:00"},
                  {"2026-01-15 12:00:00", "2026-01-15 13:00:00"}};
    for (size_t i = 0; i < (query->live->unit_count != 0 ? COUNT(ranges) : 1); i++) {
        bbots_summary *summary;
        query->from = time_of(ranges[i].from);
        query->to = time_of(ranges[i].to);
        int rc = bbots_live_summarize(txn, query, &summary, &fault);
        if (rc == BBOTS_OK) {
            bbots_summary_free(summary);
            continue;
        }
        assert_status(rc, BBOTS_CORRUPTED);
        assert_non_null(strstr(fault.message, query->live->name));
        refused++;
    }
}

/* By each column and unit that an aggregate has, for one owner of its rows and for all. */
static void ask_all(bbots_txn *txn, const bbots_live *live)
{
    static const bbots_uuid token = {{1, 2, 3}};
    bbots_value by[2] = {integer(1), bbots_value_boolean(true)};
    bbots_live_query query = {.table = READINGS, .live = live, .by = by, .measure_count = 2};
    if (live->by_count != 0) {
        const char *first = READINGS->columns[live->by[0]].name;
        by[0] = strcmp(first, "place") == 0   ? string("a")
                : strcmp(first, "token") == 0 ? bbots_value_uuid(token)
                : strcmp(first, "day") == 0   ? bbots_value_timestamp(NOON)
                                              : integer(1);
        by[1] = strcmp(first, "token") == 0 ? integer(1) : by[1];
    }
    query.measures[0] = (bbots_measure){BBOTS_COUNT, -1};
    query.measures[1] = (bbots_measure){BBOTS_SUM, (int16_t)live->sums[0]};
    for (query.by_count = 0; query.by_count <= live->by_count; query.by_count++) {
        query.group_count = 0;
        ask(txn, &query);
        query.group_count = 1;
        for (unsigned i = 0; i < live->by_count; i++) {
            query.groups[0] = (bbots_group_column){.column = live->by[i]};
            ask(txn, &query);
        }
        for (unsigned i = 0; i < live->split_count; i++) {
            query.groups[0] = (bbots_group_column){.column = live->split[i]};
            ask(txn, &query);
        }
        for (unsigned i = 0; i < live->unit_count; i++) {
            query.groups[0] = (bbots_group_column){.column = live->time, .unit = live->units[i]};
            ask(txn, &query);
        }
    }
}

/* ------------------------------------------------------------------ one forgery */

static void put(bbots_txn *txn, block *made)
{
    store_bytes key = {made->key, made->key_size};
    store_bytes value = {made->value, made->size};
    if (made->size > CHECKSUM) {
        bb_hash hash = bb_hash128(made->value + CHECKSUM, made->size - CHECKSUM,
                                  bb_hash64(made->key, made->key_size));
        bb_store32(made->value, (uint32_t)hash.low);
    }
    assert_ok(store_put(&txn->base, txn->store->live, key, value, STORE_REPLACE, &fault));
}

static bbots_txn *begin_with(bbots_store *store, const block *own, block *made)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    store_bytes key = {own->key, own->key_size};
    assert_ok(store_delete(&txn->base, store->live, key, &fault));
    put(txn, made);
    return txn;
}

/* Under valgrind, where all is slower, one of a few is lived through. */
static bool is_passed_over(unsigned *number)
{
    return getenv("BBOTS_VALGRIND") != NULL && ++*number % 8 != 0;
}

/* Puts `made` in the place of `own` and does all that reads or writes it. */
static void live_through(bbots_store *store, const block *own, block made)
{
    static unsigned passed;
    if (is_passed_over(&passed)) {
        return;
    }
    bbots_txn *txn = begin_with(store, own, &made);
    bbots_check_result found;
    assert_ok(bbots_check(txn, NULL, &found, &fault));
    if (found.derived == 0 || found.damage != 0) {
        fail_msg(
            "a block of %zu and %zu bytes became one of %zu and %zu, and the check finds nothing",
            own->key_size, own->size, made.key_size, made.size);
    }
    for (unsigned i = 0; i < READINGS->live_count; i++) {
        const uint8_t *number = made.key_size > 1 ? made.key : own->key;
        if (i == own->key[1] || i == number[1]) {
            ask_all(txn, &READINGS->lives[i]);
        }
    }
    int rc = insert_reading(txn, 1, "a", NOON);
    if (rc == BBOTS_OK) {
        bbots_live_query query = {.table = READINGS, .live = &READINGS->lives[own->key[1]]};
        bbots_summary *summary;
        rc = bbots_live_summarize(txn, &query, &summary, &fault); /* what waits is written */
        if (rc == BBOTS_OK) {
            bbots_summary_free(summary);
        }
    }
    if (rc != BBOTS_OK) {
        assert_status(rc, BBOTS_CORRUPTED);
    }
    bbots_rollback(txn);
}

/* What is wrong is told in one order, and made anew. */
static void mend(bbots_store *store, const block *own, block made)
{
    static unsigned passed;
    if (is_passed_over(&passed)) {
        return;
    }
    bbots_txn *txn = begin_with(store, own, &made);
    bbots_check_result found;
    assert_true(check_in_steps(txn) >= 1);
    assert_ok(bbots_repair(txn, NULL, NULL, &found, &fault));
    assert_true(found.derived >= 1 && found.damage == 0);
    check_txn(txn);
    bbots_rollback(txn);
}

static bool is_there(const block *made, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (blocks[i].key_size == made->key_size &&
            memcmp(blocks[i].key, made->key, made->key_size) == 0) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------ tests */

static void a_key_that_is_cut_or_longer_is_found(void **state)
{
    fixture *place = *state;
    unsigned count = list_blocks(place->store);
    assert_true(count >= 12);
    refused = 0;
    for (unsigned i = 0; i < count; i++) {
        for (size_t size = 1; size <= blocks[i].key_size + 2; size++) {
            block made = blocks[i];
            made.key_size = size;
            if (!is_there(&made, count)) {
                live_through(place->store, &blocks[i], made);
                mend(place->store, &blocks[i], made);
            }
        }
    }
    assert_true(refused > 10);
}

/* Behind the blocks of all aggregates, where who looks for the next one of his own finds it. */
static void a_short_key_behind_all_is_found(void **state)
{
    fixture *place = *state;
    unsigned count = list_blocks(place->store);
    for (unsigned i = 0; i < count; i++) {
        for (size_t size = 1; size <= 3; size++) {
            block made = blocks[i];
            memset(made.key, 0xff, made.key_size);
            made.key_size = size;
            live_through(place->store, &blocks[i], made);
            mend(place->store, &blocks[i], made);
        }
    }
}

/* A group whose key is longer than any of rows can be. */
static void a_group_of_too_long_a_key_is_found(void **state)
{
    fixture *place = *state;
    static block made;
    unsigned count = list_blocks(place->store);
    for (unsigned i = 0; i < count; i++) {
        size_t size = CHECKSUM;
        made = blocks[i];
        made.value[size++] = 1;    /* group */
        made.value[size++] = 0x81; /* of a key of so many bytes */
        made.value[size++] = 0x10;
        memset(made.value + size, 2, SCHEMA_LIVE_SPLIT_MAX + 1);
        size += SCHEMA_LIVE_SPLIT_MAX + 1;
        memset(made.value + size, 2, 8); /* a row, sums; no finer buckets */
        made.size = size + 1 + READINGS->lives[made.key[1]].sum_count;
        made.value[made.size++] = 0;
        live_through(place->store, &blocks[i], made);
        mend(place->store, &blocks[i], made);
    }
}

static void a_key_of_other_bytes_is_found(void **state)
{
    fixture *place = *state;
    static const uint8_t ways[] = {0x01, 0x80};
    unsigned count = list_blocks(place->store);
    for (unsigned i = 0; i < count; i++) {
        for (size_t at = 0; at < blocks[i].key_size; at++) {
            for (size_t way = 0; way < COUNT(ways); way++) {
                block made = blocks[i];
                made.key[at] ^= ways[way];
                if (!is_there(&made, count)) {
                    live_through(place->store, &blocks[i], made);
                }
            }
        }
    }
}

static void a_value_that_is_cut_or_longer_is_found(void **state)
{
    fixture *place = *state;
    unsigned count = list_blocks(place->store);
    refused = 0;
    for (unsigned i = 0; i < count; i++) {
        for (size_t size = 0; size <= blocks[i].size + 1; size++) {
            block made = blocks[i];
            made.size = size;
            if (size != blocks[i].size) {
                live_through(place->store, &blocks[i], made);
            }
        }
    }
    assert_true(refused > 10);
}

static void a_value_of_other_bytes_is_found(void **state)
{
    fixture *place = *state;
    static const uint8_t bytes[] = {0, 1, 0x80, 0xff};
    unsigned count = list_blocks(place->store);
    for (unsigned i = 0; i < count; i++) {
        for (size_t at = CHECKSUM; at < blocks[i].size; at++) {
            for (size_t b = 0; b < COUNT(bytes); b++) {
                block made = blocks[i];
                made.value[at] = bytes[b];
                if (bytes[b] != blocks[i].value[at]) {
                    live_through(place->store, &blocks[i], made);
                }
            }
        }
    }
}

/* No row can have such a value, and a null is no value that a row counts by. */
static void a_value_that_no_row_has_counts_nothing(void **state)
{
    const bbots_value values[] = {string("more than twelve"), null_value(), string("c")};
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    for (size_t i = 0; i < COUNT(values); i++) {
        bbots_summary *summary;
        bbots_live_query query = {.table = READINGS,
                                  .live = bbots_table_live(READINGS, "places"),
                                  .by = &values[i],
                                  .by_count = 1,
                                  .measure_count = 1};
        query.measures[0] = (bbots_measure){BBOTS_COUNT, -1};
        assert_ok(bbots_live_summarize(txn, &query, &summary, &fault));
        assert_int_equal(bbots_summary_count(summary), 1);
        assert_int_equal(bbots_summary_measure(summary, 0, 0).low, 0);
        bbots_summary_free(summary);
    }
    bbots_rollback(txn);
}

static void put_number(block *made, unsigned bytes, uint8_t last)
{
    made->value[made->size++] = 0xfe; /* its sign is in the lowest bit */
    memset(made->value + made->size, 0xff, bytes - 2);
    made->size += bytes - 2;
    made->value[made->size++] = last;
}

/* Counts and sums of two groups, each the greatest that there is: together they are no number. */
static void sums_past_all_numbers_are_found(void **state)
{
    fixture *place = *state;
    unsigned count = list_blocks(place->store);
    for (unsigned i = 0; i < count; i++) {
        const bbots_live *live = &READINGS->lives[blocks[i].key[1]];
        block made = blocks[i];
        made.size = CHECKSUM;
        made.value[made.size++] = live->split_count != 0 ? 2 : 1;
        for (uint8_t group = 0; group < (live->split_count != 0 ? 2 : 1); group++) {
            if (live->split_count != 0) {
                static const uint8_t keys[2][4] = {{1, 'a', 0, 2}, {1, 'b', 0, 2}};
                made.value[made.size++] = sizeof *keys;
                memcpy(made.value + made.size, keys[group], sizeof *keys);
                made.size += sizeof *keys;
            }
            put_number(&made, 10, 1);
            for (unsigned s = 0; s < live->sum_count; s++) {
                put_number(&made, 19, 3);
            }
        }
        if (live->unit_count > 1) {
            made.value[made.size++] = 2;
            for (int bucket = 0; bucket < 2;
                 bucket++) { /* of the greatest number that there is, too */
                memset(made.value + made.size, 0xff, 8);
                made.size += bucket == 0 ? 0 : 8;
                made.value[made.size++] = 0x7f;
                put_number(&made, 10, 1);
                for (unsigned s = 0; s < live->fine_count; s++) {
                    put_number(&made, 19, 3);
                }
            }
        }
        live_through(place->store, &blocks[i], made);
        mend(place->store, &blocks[i], made);
    }
}

#define FILLED(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILLED(a_key_that_is_cut_or_longer_is_found),
        FILLED(a_short_key_behind_all_is_found),
        FILLED(a_key_of_other_bytes_is_found),
        FILLED(a_value_that_is_cut_or_longer_is_found),
        FILLED(a_value_of_other_bytes_is_found),
        FILLED(a_group_of_too_long_a_key_is_found),
        FILLED(a_value_that_no_row_has_counts_nothing),
        FILLED(sums_past_all_numbers_are_found),
    };
    choose_tests();
    return cmocka_run_group_tests_name("forged blocks", tests, NULL, NULL);
}
