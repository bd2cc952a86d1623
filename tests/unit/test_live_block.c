/*
 * tests/unit/test_live_block.c - blocks, keys and buckets of live aggregates by themselves: what was put
 * in comes out, and bytes that nobody wrote are refused within their bounds, although their checksum
 * fits.
 */
#include "support/support.h"

#include "base/bytes.h"
#include "table/live.h"

#include <bbots/gauges.h>

#define READINGS (&gauges_readings_table)

enum { CHECKSUM = 4, VALUE_MAX = 400, GROUPS = 2, FINER = 3 };

static const store_bytes key = {"\0\1\0some key", 11};

static const bbots_live *live_of(const char *name)
{
    const bbots_live *found = bbots_table_live(READINGS, name);
    assert_non_null(found);
    return found;
}

/* ------------------------------------------------------------------ blocks */

/* Numbers of all lengths, up to the 19 bytes of 128 bits. */
static live_number number_at(unsigned at)
{
    live_number number = (live_number)1 << at * 29 % 126;
    return at % 2 == 0 ? number : -number;
}

static void fill_item(live_item *item, unsigned sums, unsigned at)
{
    assert_non_null(item);
    item->count = 1 + at;
    for (unsigned s = 0; s < sums; s++) {
        item->sums[s] = number_at(at * 3 + s);
    }
}

static void fill_block(live_block *block, const bbots_live *live)
{
    static const uint8_t keys[GROUPS][3] = {{1, 'a', 0}, {2}};
    live_block_begin(block, live);
    for (unsigned g = 0; g < (live->split_count != 0 ? GROUPS : 1u); g++) {
        size_t size = live->split_count == 0 ? 0 : g == 0 ? 3 : 1;
        fill_item(live_block_group(block, keys[g], size), live->sum_count, g);
    }
    for (unsigned f = 0; f < (live->unit_count > 1 ? FINER : 0u); f++) {
        fill_item(live_block_finer(block, 100 * f), live->fine_count, GROUPS + f);
    }
}

static size_t encode(const bbots_live *live, uint8_t out[VALUE_MAX])
{
    live_block block;
    fill_block(&block, live);
    assert_ok(live_block_encode(live, &block, key, &fault));
    size_t size = block.out_size;
    assert_true(size > CHECKSUM && size <= VALUE_MAX);
    memcpy(out, block.out, size);
    live_block_free(&block);
    return size;
}

static void seal(uint8_t *value, size_t size)
{
    bb_hash hash = bb_hash128(value + CHECKSUM, size - CHECKSUM, bb_hash64(key.data, key.size));
    bb_store32(value, (uint32_t)hash.low);
}

/* In a block of its own size, so that one byte too far is seen by who watches memory. */
static store_bytes sealed_copy(const uint8_t *value, size_t size)
{
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, value, size);
    if (size > CHECKSUM) {
        seal(copy, size);
    }
    return (store_bytes){copy, size};
}

/* Line by line; false: it is damaged. With pass, over the groups and the buckets below one. */
static bool read_all(const bbots_live *live, store_bytes value, bool pass, int64_t low)
{
    live_reader reader;
    live_item item;
    if (!live_reader_open(&reader, live, key, value)) {
        return false;
    }
    while (!pass && live_reader_group(&reader, &item)) {
        assert_true(item.size <= value.size);
    }
    if (pass) {
        live_reader_pass(&reader, low);
    }
    while (live_reader_finer(&reader, &item)) {
        assert_null(item.key);
    }
    return live_reader_whole(&reader);
}

/* Whether it can be taken in hand, every line of it read, and written again. */
static bool load_all(const bbots_live *live, store_bytes value)
{
    live_block block;
    bool no_memory;
    live_block_begin(&block, live);
    bool loaded = live_block_load(&block, live, key, value, &no_memory);
    assert_false(no_memory);
    for (size_t g = 0; loaded && g < block.groups.count; g++) {
        live_item *item = &block.groups.items[g];
        (void)live_block_group(&block, item->key, item->size);
    }
    for (size_t f = block.finer.count; loaded && f > 0; f--) {
        (void)live_block_finer(&block, block.finer.items[f - 1].bucket);
    }
    bool fine = loaded && live_block_encode(live, &block, key, &fault) == BBOTS_OK;
    live_block_free(&block);
    return fine;
}

static const char *const lives[] = {"owners", "everything", "totals", "places", "days"};

static void what_was_put_into_a_block_comes_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lives); i++) {
        const bbots_live *live = live_of(lives[i]);
        uint8_t value[VALUE_MAX];
        live_reader reader;
        live_item item;
        store_bytes bytes = {value, encode(live, value)};
        assert_true(live_reader_open(&reader, live, key, bytes));
        assert_false(live_reader_whole(&reader)); /* before its lines are read */
        for (unsigned g = 0; g < (live->split_count != 0 ? GROUPS : 1u); g++) {
            assert_true(live_reader_group(&reader, &item));
            assert_int_equal(item.count, 1 + g);
            for (unsigned s = 0; s < live->sum_count; s++) {
                assert_true(item.sums[s] == number_at(g * 3 + s));
            }
        }
        assert_false(live_reader_group(&reader, &item));
        for (unsigned f = 0; f < (live->unit_count > 1 ? FINER : 0u); f++) {
            assert_true(live_reader_finer(&reader, &item));
            assert_int_equal(item.bucket, 100 * f);
            assert_true(live->fine_count == 0 || item.sums[0] == number_at((GROUPS + f) * 3));
        }
        assert_true(live_reader_whole(&reader));
        assert_true(load_all(live, bytes));
        assert_true(read_all(live, bytes, true, 150));
    }
}

static void a_block_that_is_cut_or_longer_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lives); i++) {
        const bbots_live *live = live_of(lives[i]);
        uint8_t value[VALUE_MAX + 1] = {0};
        size_t whole = encode(live, value);
        for (size_t size = 0; size <= whole + 1; size++) {
            store_bytes bytes = sealed_copy(value, size);
            bool fine = size == whole;
            assert_int_equal(load_all(live, bytes), fine);
            assert_int_equal(read_all(live, bytes, false, 0), fine);
            for (int64_t low = 0; low <= 400; low += 50) {
                assert_int_equal(read_all(live, bytes, true, low), fine);
            }
            free((void *)(uintptr_t)bytes.data);
        }
    }
}

/* What is read line by line without a fault can be taken in hand too. */
static void a_block_of_other_bytes_is_read_within_them(void **state)
{
    unsigned taken = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(lives); i++) {
        const bbots_live *live = live_of(lives[i]);
        uint8_t value[VALUE_MAX];
        size_t size = encode(live, value);
        for (size_t at = CHECKSUM; at < size; at++) {
            uint8_t own = value[at];
            for (unsigned byte = 0; byte < 256; byte++) {
                value[at] = (uint8_t)byte;
                store_bytes bytes = sealed_copy(value, size);
                bool loaded = load_all(live, bytes);
                bool read = read_all(live, bytes, false, 0);
                (void)read_all(live, bytes, true, byte);
                assert_true(read || !loaded);
                taken += loaded;
                free((void *)(uintptr_t)bytes.data);
            }
            value[at] = own;
        }
    }
    assert_true(taken > 1000); /* sums that are other ones: nothing in a block tells */
}

/* A number has 19 bytes at most, and it may be in a line that nobody needs. */
static void a_number_of_too_many_bytes_is_damage(void **state)
{
    const bbots_live *live = live_of("everything"); /* one group: its count, two sums */
    uint8_t value[64] = {0};
    live_block block;
    bool no_memory;
    (void)state;
    for (size_t bytes = 18; bytes <= 21; bytes++) {
        size_t size = CHECKSUM;
        value[size++] = 1; /* groups */
        value[size++] = 2; /* rows: 1 */
        memset(value + size, 0x80, bytes - 1);
        size += bytes - 1;
        value[size++] = 1;
        value[size++] = 0;
        store_bytes made = sealed_copy(value, size);
        assert_int_equal(read_all(live, made, false, 0), bytes <= 19);
        live_block_begin(&block, live);
        assert_true(live_block_load(&block, live, key, made, &no_memory));
        assert_ok(live_block_encode(live, &block, key, &fault)); /* as it was */
        assert_non_null(live_block_group(&block, NULL, 0));
        int rc = live_block_encode(live, &block, key, &fault);
        assert_status(rc, bytes <= 19 ? BBOTS_OK : BBOTS_CORRUPTED);
        live_block_free(&block);
        free((void *)(uintptr_t)made.data);
    }
}

/* ------------------------------------------------------------------ blocks that parted from rows */

typedef struct parted {
    int64_t groups[2]; /* rows and first sum of the group */
    int64_t finer[2];
    int status;
} parted;

static const parted all_parted[] = {
    {{1, 5}, {1, 5}, BBOTS_OK},
    {{0, 0}, {0, 0}, BBOTS_OK},
    {{-1, 0}, {1, 5}, BBOTS_CORRUPTED},
    {{0, 5}, {1, 5}, BBOTS_CORRUPTED},
    {{1, 5}, {-1, 5}, BBOTS_CORRUPTED},
    {{1, 5}, {0, 5}, BBOTS_CORRUPTED},
    {{0, 0}, {1, 5}, BBOTS_CORRUPTED},
    {{1, 5}, {0, 0}, BBOTS_OK},
    {{-1, -5}, {-1, -5}, BBOTS_CORRUPTED},
};

static void a_block_without_rows_has_no_sums(void **state)
{
    const bbots_live *live = live_of("owners");
    (void)state;
    for (size_t i = 0; i < COUNT(all_parted); i++) {
        const parted *of = &all_parted[i];
        live_block block;
        live_block_begin(&block, live);
        live_item *group = live_block_group(&block, (const uint8_t *)"\2\2", 2);
        live_item *finer = live_block_finer(&block, 7);
        group->count = of->groups[0];
        group->sums[0] = of->groups[1];
        finer->count = of->finer[0];
        finer->sums[0] = of->finer[1];
        assert_status(live_block_encode(live, &block, key, &fault), of->status);
        if (of->status != BBOTS_OK) {
            assert_non_null(strstr(fault.message, "\"owners\" has parted from its rows"));
        } else {
            assert_int_equal(block.out_size == 0, of->groups[0] == 0);
        }
        live_block_free(&block);
    }
}

/* ------------------------------------------------------------------ keys */

static const bbots_uuid token = {{0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0}};

/* Values in ascending order, each of a column. */
typedef struct ordered {
    const char *column;
    bbots_value values[4];
    unsigned count;
} ordered;

static const ordered *all_ordered(size_t *count)
{
    static ordered all[10];
    size_t made = 0;
    all[made++] = (ordered){"owner", {integer(INT32_MIN), integer(-1), integer(0)}, 3};
    all[made++] = (ordered){"large", {integer(INT64_MIN), integer(7), integer(INT64_MAX)}, 3};
    all[made++] = (ordered){"small", {integer(-300), integer(300)}, 2};
    all[made++] = (ordered){"place", {string(""), string("a"), string("ab"), string("b")}, 4};
    all[made++] = (ordered){"note", {string("\x01"), string("\xc3\xa4")}, 2};
    all[made++] = (ordered){"flag", {bbots_value_boolean(false), bbots_value_boolean(true)}, 2};
    all[made++] =
        (ordered){"token", {bbots_value_uuid((bbots_uuid){{0}}), bbots_value_uuid(token)}, 2};
    all[made++] =
        (ordered){"amount", {bbots_value_decimal(-12345, 3), bbots_value_decimal(12345, 3)}, 2};
    all[made++] = (ordered){"day",
                            {bbots_value_timestamp(BBOTS_TIMESTAMP_MIN), bbots_value_timestamp(-1),
                             bbots_value_timestamp(BBOTS_TIMESTAMP_MAX)},
                            3};
    all[made++] = (ordered){"instant", {bbots_value_timestamp(0), bbots_value_timestamp(1)}, 2};
    *count = made;
    return all;
}

/* One value as bytes, in memory of their size; each shorter part of them is none. */
static void come_back(const bbots_column *column, const bbots_value *value, bool nullable)
{
    uint8_t bytes[64];
    bbots_value back;
    size_t size = live_put_value(column, value, nullable, bytes);
    for (size_t given = 0; given <= size; given++) {
        uint8_t *exact = malloc(given + 1); /* not NULL for none */
        assert_non_null(exact);
        memcpy(exact + 1, bytes, given);
        size_t taken = live_get_value(column, nullable, exact + 1, given, &back);
        assert_int_equal(taken, given == size ? size : 0);
        if (given == size && !same_value(&back, value)) {
            fail_msg("a value of column \"%s\" comes back as another one", column->name);
        }
        free(exact);
    }
}

static void values_come_back_from_keys_and_lie_in_their_order(void **state)
{
    size_t count;
    const ordered *all = all_ordered(&count);
    bbots_value null = null_value();
    (void)state;
    for (size_t i = 0; i < count; i++) {
        const bbots_column *of = &READINGS->columns[column(READINGS, all[i].column)];
        uint8_t before[64];
        size_t before_size = 0;
        for (unsigned v = 0; v < all[i].count; v++) {
            uint8_t bytes[64];
            come_back(of, &all[i].values[v], false);
            come_back(of, &all[i].values[v], true);
            size_t size = live_put_value(of, &all[i].values[v], false, bytes);
            size_t least = size < before_size ? size : before_size;
            assert_true(v == 0 || memcmp(before, bytes, least) < 0);
            memcpy(before, bytes, size);
            before_size = size;
        }
        come_back(of, &null, true);
    }
}

static void bytes_that_are_no_value_are_refused(void **state)
{
    static const struct {
        const char *column;
        bool nullable;
        uint8_t bytes[4];
        size_t taken;
    } all[] = {
        {"flag", false, {2}, 0},    {"flag", false, {1}, 1},     {"flag", true, {1, 2}, 0},
        {"flag", true, {0, 1}, 0},  {"flag", true, {3, 1}, 0},   {"flag", true, {2, 1}, 1},
        {"place", true, {0, 0}, 0}, {"place", false, "abcd", 0}, {"place", true, {1, 'a', 0}, 3},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        const bbots_column *of = &READINGS->columns[column(READINGS, all[i].column)];
        bbots_value value;
        size_t taken =
            live_get_value(of, all[i].nullable, all[i].bytes, sizeof all[i].bytes, &value);
        assert_int_equal(taken, all[i].taken);
    }
}

/* ------------------------------------------------------------------ buckets */

static void a_bucket_begins_within_the_times_that_there_are(void **state)
{
    static const struct {
        int64_t bucket;
        bbots_time_unit unit;
        bbots_timestamp start;
    } all[] = {
        {0, BBOTS_TIME_YEAR, 0},
        {13, BBOTS_TIME_MONTH, INT64_C(396) * 86400 * 1000000},
        {-1, BBOTS_TIME_DAY, INT64_C(-86400) * 1000000},
        {-1, BBOTS_TIME_HOUR, INT64_C(-3600) * 1000000},
        {2, BBOTS_TIME_MINUTE, INT64_C(120) * 1000000},
        {LIVE_BUCKET_MAX, BBOTS_TIME_YEAR, BBOTS_TIMESTAMP_MAX},
        {-LIVE_BUCKET_MAX, BBOTS_TIME_YEAR, BBOTS_TIMESTAMP_MIN},
        {LIVE_BUCKET_MAX, BBOTS_TIME_MONTH, BBOTS_TIMESTAMP_MAX},
        {-LIVE_BUCKET_MAX, BBOTS_TIME_MONTH, BBOTS_TIMESTAMP_MIN},
        {LIVE_BUCKET_MAX, BBOTS_TIME_DAY, BBOTS_TIMESTAMP_MAX},
        {-LIVE_BUCKET_MAX, BBOTS_TIME_DAY, BBOTS_TIMESTAMP_MIN},
        {LIVE_BUCKET_MAX, BBOTS_TIME_MINUTE, BBOTS_TIMESTAMP_MAX},
        {-LIVE_BUCKET_MAX, BBOTS_TIME_MINUTE, BBOTS_TIMESTAMP_MIN},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        uint8_t bytes[LIVE_BUCKET];
        assert_int_equal(live_bucket_start(all[i].bucket, all[i].unit), all[i].start);
        live_put_bucket(bytes, all[i].bucket);
        assert_int_equal(live_get_bucket(bytes), all[i].bucket);
    }
    /* The unit in which the last and the first time lie begins no later and no earlier than they. */
    for (bbots_time_unit unit = BBOTS_TIME_MINUTE; unit <= BBOTS_TIME_YEAR; unit++) {
        if (unit != BBOTS_TIME_WEEK) {
            int64_t last = live_bucket(BBOTS_TIMESTAMP_MAX, unit);
            int64_t first = live_bucket(BBOTS_TIMESTAMP_MIN, unit);
            assert_true(live_bucket_start(last, unit) <= BBOTS_TIMESTAMP_MAX);
            assert_int_equal(live_bucket_start(last + 1, unit), BBOTS_TIMESTAMP_MAX);
            assert_int_equal(live_bucket_start(first, unit), BBOTS_TIMESTAMP_MIN);
            assert_int_equal(live_bucket_start(first - 1, unit), BBOTS_TIMESTAMP_MIN);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_into_a_block_comes_out),
        cmocka_unit_test(a_block_that_is_cut_or_longer_is_refused),
        cmocka_unit_test(a_block_of_other_bytes_is_read_within_them),
        cmocka_unit_test(a_number_of_too_many_bytes_is_damage),
        cmocka_unit_test(a_block_without_rows_has_no_sums),
        cmocka_unit_test(values_come_back_from_keys_and_lie_in_their_order),
        cmocka_unit_test(bytes_that_are_no_value_are_refused),
        cmocka_unit_test(a_bucket_begins_within_the_times_that_there_are),
    };
    choose_tests();
    return cmocka_run_group_tests_name("blocks of live aggregates", tests, NULL, NULL);
}
