/*
 * tests/unit/test_codec_key.c - proves codec/key.h: the order of keys as bytes is SQL's order of
 * their values, parts come apart again, and long parts keep to their size.
 *
 * Keys are written into memory of exactly CODEC_KEY_MAX bytes, so that the address sanitizer sees
 * one byte too many.
 */
#include "codec/key.h"
#include "support/support.h"

#include <bbots/sample.h>

#include <math.h>

static const bbots_table *const tables[] = {&sample_kinds_table, &sample_strict_table,
                                            &sample_pages_table, &sample_owners_table,
                                            &sample_folders_table};

typedef struct random_row {
    bbots_value values[BBOTS_COLUMNS_MAX];
    char texts[BBOTS_COLUMNS_MAX][RANDOM_TEXT];
} random_row;

static void fill_random(random_source *source, const bbots_table *table, random_row *row)
{
    for (unsigned c = 0; c < table->column_count; c++) {
        row->values[c] = random_value(source, &table->columns[c], row->texts[c]);
        if (row->values[c].kind == BBOTS_JSONTEXT) {
            row->values[c] = bbots_value_of_bytes(BBOTS_JSON, "\xc3", 1);
        }
    }
}

static void pick(const bbots_value *row, const uint8_t *columns, unsigned count,
                 bbots_value *values)
{
    for (unsigned i = 0; i < count; i++) {
        values[i] = row[columns[i]];
    }
}

static int compare_bytes(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_all(const bbots_value *a, const bbots_value *b, unsigned count)
{
    int order = 0;
    for (unsigned i = 0; i < count && order == 0; i++) {
        order = compare_values(&a[i], &b[i]);
    }
    return order;
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

/* Runs a proof over the columns of every index, with random rows of its table. */
typedef void proof(random_source *source, const bbots_table *table, const bbots_index *index,
                   const random_row *a, const random_row *b);

static void for_all_indexes(const char *name, int rounds, proof *prove)
{
    random_source source = random_begin(name);
    static random_row a;
    static random_row b;
    for (size_t t = 0; t < COUNT(tables); t++) {
        for (unsigned i = 0; i < tables[t]->index_count; i++) {
            for (int round = 0; round < rounds; round++) {
                fill_random(&source, tables[t], &a);
                fill_random(&source, tables[t], &b);
                /* Often all but one column are equal. */
                const bbots_index *index = &tables[t]->indexes[i];
                uint64_t keep = random_below(&source, 2u * index->column_count);
                for (unsigned c = 0; c < index->column_count && c < keep; c++) {
                    b.values[index->columns[c]] = a.values[index->columns[c]];
                }
                prove(&source, tables[t], index, &a, &b);
            }
        }
    }
}

static void prove_order(random_source *source, const bbots_table *table, const bbots_index *index,
                        const random_row *a, const random_row *b)
{
    (void)source;
    uint8_t *keys[2] = {malloc(CODEC_KEY_MAX), malloc(CODEC_KEY_MAX)};
    bbots_value values[2][BBOTS_KEY_COLUMNS_MAX];
    size_t sizes[2];
    for (int k = 0; k < 2; k++) {
        assert_non_null(keys[k]);
        pick(k == 0 ? a->values : b->values, index->columns, index->column_count, values[k]);
        sizes[k] = codec_key_encode(table, index->columns, index->column_count, values[k], keys[k]);
        assert_true(sizes[k] <= CODEC_KEY_PLAIN || sizes[k] == CODEC_KEY_MAX);
    }
    int wanted = sign(compare_all(values[0], values[1], index->column_count));
    int got = sign(compare_bytes(keys[0], sizes[0], keys[1], sizes[1]));
    bool cut_alike = sizes[0] == CODEC_KEY_MAX && sizes[1] == CODEC_KEY_MAX &&
                     memcmp(keys[0], keys[1], CODEC_KEY_PLAIN) == 0;
    if (cut_alike ? (wanted == 0) != (got == 0) : wanted != got) {
        fail_msg("index %s: bytes say %d, values %d", index->name, got, wanted);
    }
    free(keys[0]);
    free(keys[1]);
}

static void the_order_of_bytes_is_that_of_values(void **state)
{
    (void)state;
    for_all_indexes(__func__, 2000, prove_order);
}

/* A row in memory of its exact size. */
static uint8_t *encode_row(const bbots_table *table, const bbots_value *values,
                           codec_layout *layout, bbots_row *row)
{
    static const bbots_value no_defaults[BBOTS_COLUMNS_MAX];
    codec_layout_init(layout, table, table->column_count, no_defaults);
    size_t size = codec_row_size(layout, values);
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    codec_row_encode(layout, values, bytes, size);
    *row = (bbots_row){table, bytes, layout, (uint32_t)size, NULL};
    return bytes;
}

static void prove_of_row(random_source *source, const bbots_table *table, const bbots_index *index,
                         const random_row *a, const random_row *b)
{
    (void)source;
    (void)b;
    codec_layout layout;
    bbots_row row;
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
    uint8_t *bytes = encode_row(table, a->values, &layout, &row);
    uint8_t *given = malloc(CODEC_KEY_MAX);
    uint8_t *stored = malloc(CODEC_KEY_MAX);
    bool null = false;
    bool has_null = true;
    assert_true(given != NULL && stored != NULL);
    pick(a->values, index->columns, index->column_count, values);
    for (unsigned i = 0; i < index->column_count; i++) {
        null = null || values[i].kind == BBOTS_NULL;
    }
    size_t size = codec_key_encode(table, index->columns, index->column_count, values, given);
    size_t again = codec_key_of_row(&row, index->columns, index->column_count, stored, &has_null);
    if (size != again || memcmp(given, stored, size) != 0) {
        fail_msg("index %s: %zu bytes from values, %zu from the row", index->name, size, again);
    }
    assert_int_equal(has_null, null);
    if (size < CODEC_KEY_MAX) {
        assert_int_equal(
            codec_key_has_null(table, index->columns, index->column_count, given, size), null);
    }
    free(bytes);
    free(given);
    free(stored);
}

static void a_row_and_its_values_give_the_same_key(void **state)
{
    (void)state;
    for_all_indexes(__func__, 1000, prove_of_row);
}

static void prove_parts(random_source *source, const bbots_table *table, const bbots_index *index,
                        const random_row *a, const random_row *b)
{
    (void)b;
    uint8_t entry[CODEC_ENTRY_MAX];
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
    const bbots_index *primary = &table->indexes[0];
    pick(a->values, index->columns, index->column_count, values);
    size_t part = codec_key_encode(table, index->columns, index->column_count, values, entry);
    pick(a->values, primary->columns, primary->column_count, values);
    size_t size = part + codec_key_encode(table, primary->columns, primary->column_count, values,
                                          entry + part);
    uint8_t *exact = malloc(size);
    assert_non_null(exact);
    memcpy(exact, entry, size);
    assert_int_equal(codec_key_part(table, index->columns, index->column_count, exact, size), part);
    free(exact);
    /* Cut off within the part it is none, and nothing behind it is read. */
    size_t cut = random_below(source, part);
    exact = malloc(cut != 0 ? cut : 1);
    assert_non_null(exact);
    memcpy(exact, entry, cut);
    assert_int_equal(codec_key_part(table, index->columns, index->column_count, exact, cut), 0);
    for (size_t i = 0; i < cut; i++) {
        exact[i] = random_below(source, 4) == 0 ? (uint8_t)random_next(source) : exact[i];
    }
    assert_true(codec_key_part(table, index->columns, index->column_count, exact, cut) <= cut);
    (void)codec_key_has_null(table, index->columns, index->column_count, exact, cut);
    free(exact);
}

static void parts_of_an_entry_come_apart(void **state)
{
    (void)state;
    for_all_indexes(__func__, 1000, prove_parts);
}

static void prove_bounds(random_source *source, const bbots_table *table, const bbots_index *index,
                         const random_row *a, const random_row *b)
{
    uint8_t key[CODEC_KEY_MAX];
    uint8_t limit[CODEC_KEY_MAX];
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
    unsigned count = 1 + (unsigned)random_below(source, index->column_count);
    bool exact;
    pick(a->values, index->columns, index->column_count, values);
    size_t bound = codec_key_bound(table, index->columns, count, values, limit, &exact);
    size_t size = codec_key_encode(table, index->columns, index->column_count, values, key);
    assert_true(bound <= CODEC_KEY_PLAIN && bound <= size);
    assert_memory_equal(limit, key, bound);
    assert_true(exact || bound == CODEC_KEY_PLAIN);
    /* An exact bound is the beginning of those keys only whose columns it has. */
    bbots_value other[BBOTS_KEY_COLUMNS_MAX];
    pick(b->values, index->columns, index->column_count, other);
    size = codec_key_encode(table, index->columns, index->column_count, other, key);
    bool begins = size >= bound && memcmp(key, limit, bound) == 0;
    bool same = compare_all(values, other, count) == 0;
    assert_true(exact ? begins == same : begins || !same);
}

static void a_bound_is_the_beginning_of_its_keys(void **state)
{
    (void)state;
    for_all_indexes(__func__, 1000, prove_bounds);
}

static void prove_compare(random_source *source, const bbots_table *table, const bbots_index *index,
                          const random_row *a, const random_row *b)
{
    codec_layout layout;
    bbots_row row;
    bbots_value left[BBOTS_KEY_COLUMNS_MAX];
    bbots_value right[BBOTS_KEY_COLUMNS_MAX];
    unsigned count = 1 + (unsigned)random_below(source, index->column_count);
    uint8_t *bytes = encode_row(table, a->values, &layout, &row);
    pick(a->values, index->columns, count, left);
    pick(b->values, index->columns, count, right);
    assert_int_equal(codec_key_compare(&row, index->columns, count, left), 0);
    assert_int_equal(sign(codec_key_compare(&row, index->columns, count, right)),
                     sign(compare_all(left, right, count)));
    free(bytes);
}

static void a_row_compares_with_values_as_sql_does(void **state)
{
    (void)state;
    for_all_indexes(__func__, 1000, prove_compare);
}

/* ------------------------------------------------------------------ by hand */

static void assert_key(bbots_type type, bool nullable, bbots_value value, const char *bytes,
                       size_t size)
{
    static const uint8_t first[] = {0};
    bbots_column made = {.name = "c",
                         .comment = "",
                         .unit = "",
                         .type = (uint8_t)type,
                         .length = type == BBOTS_TYPE_DECIMAL ? 5 : 0,
                         .scale = 2,
                         .flags = nullable ? 0 : BBOTS_COLUMN_NOT_NULL};
    bbots_table table = {.name = "t", .columns = &made, .column_count = 1};
    uint8_t key[CODEC_KEY_MAX];
    assert_int_equal(codec_key_encode(&table, first, 1, &value, key), size);
    assert_memory_equal(key, bytes, size);
}

static void the_bytes_are_those_of_the_format(void **state)
{
    (void)state;
    assert_key(BBOTS_TYPE_INTEGER, false, integer(-2), "\x7f\xff\xff\xfe", 4);
    assert_key(BBOTS_TYPE_INTEGER, true, integer(1), "\x01\x80\x00\x00\x01", 5);
    assert_key(BBOTS_TYPE_INTEGER, true, null_value(), "\x02", 1);
    assert_key(BBOTS_TYPE_SMALLINT, false, integer(256), "\x81\x00", 2);
    assert_key(BBOTS_TYPE_BOOLEAN, true, bbots_value_boolean(true), "\x01\x01", 2);
    assert_key(BBOTS_TYPE_TEXT, false, string("ab"), "ab\0", 3);
    assert_key(BBOTS_TYPE_TEXT, true, string(""), "\x01\0", 2);
    assert_key(BBOTS_TYPE_BYTEA, false, bbots_value_of_bytes(BBOTS_BYTES, "a\0b", 3),
               "a\0\xff"
               "b\0\0",
               6);
    assert_key(BBOTS_TYPE_DOUBLE, false, bbots_value_float(-0.0), "\x80\0\0\0\0\0\0\0", 8);
    assert_key(BBOTS_TYPE_DOUBLE, false, bbots_value_float(1.0), "\xbf\xf0\0\0\0\0\0\0", 8);
    assert_key(BBOTS_TYPE_DOUBLE, false, bbots_value_float(-1.0),
               "\x40\x0f\xff\xff\xff\xff\xff\xff", 8);
    assert_key(BBOTS_TYPE_REAL, false, bbots_value_float(-(double)NAN), "\xff\xc0\0\0", 4);
    assert_key(BBOTS_TYPE_DECIMAL, false, bbots_value_decimal(-1, 2), "\x7f\xff\xff", 3);
    assert_key(BBOTS_TYPE_TIMESTAMP, false, bbots_value_timestamp(BBOTS_TIMESTAMP_INFINITY),
               "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
}

/* 238 bytes and their end are the last short key; one more byte and a hash stands for the rest. */
static void a_long_part_keeps_its_beginning_and_a_hash(void **state)
{
    (void)state;
    static const uint8_t first[] = {0};
    bbots_column made = {.name = "c",
                         .comment = "",
                         .unit = "",
                         .type = BBOTS_TYPE_TEXT,
                         .flags = BBOTS_COLUMN_NOT_NULL};
    bbots_table table = {.name = "t", .columns = &made, .column_count = 1};
    char text[1000];
    uint8_t short_key[CODEC_KEY_MAX];
    uint8_t long_key[CODEC_KEY_MAX];
    uint8_t other_key[CODEC_KEY_MAX];
    memset(text, 'x', sizeof text);
    bbots_value value = bbots_value_of_bytes(BBOTS_TEXT, text, 238);
    assert_int_equal(codec_key_encode(&table, first, 1, &value, short_key), CODEC_KEY_PLAIN);
    value.size = 239;
    assert_int_equal(codec_key_encode(&table, first, 1, &value, long_key), CODEC_KEY_MAX);
    assert_memory_equal(long_key, text, CODEC_KEY_PLAIN);
    assert_true(memcmp(short_key, long_key, CODEC_KEY_PLAIN) < 0);
    for (uint32_t size = 240; size < sizeof text; size++) {
        value.size = size;
        assert_int_equal(codec_key_encode(&table, first, 1, &value, other_key), CODEC_KEY_MAX);
        assert_memory_not_equal(long_key, other_key, CODEC_KEY_MAX);
        memcpy(long_key, other_key, CODEC_KEY_MAX);
    }
    text[998] = 'y';
    codec_key_encode(&table, first, 1, &value, other_key);
    assert_memory_not_equal(long_key, other_key, CODEC_KEY_MAX);
    text[998] = 'x';
    codec_key_encode(&table, first, 1, &value, other_key);
    assert_memory_equal(long_key, other_key, CODEC_KEY_MAX);
}

/* Bytes that only differ in which column they belong to do not meet in one key. */
static void columns_of_a_long_part_do_not_run_together(void **state)
{
    (void)state;
    static const uint8_t both[] = {0, 1};
    bbots_column made[2] = {{.name = "a", .comment = "", .unit = "", .type = BBOTS_TYPE_TEXT},
                            {.name = "b", .comment = "", .unit = "", .type = BBOTS_TYPE_TEXT}};
    bbots_table table = {.name = "t", .columns = made, .column_count = 2};
    char text[600];
    uint8_t keys[5][CODEC_KEY_MAX];
    memset(text, 'x', sizeof text);
    bbots_value values[5][2] = {
        {bbots_value_of_bytes(BBOTS_TEXT, text, 300), bbots_value_of_bytes(BBOTS_TEXT, text, 300)},
        {bbots_value_of_bytes(BBOTS_TEXT, text, 301), bbots_value_of_bytes(BBOTS_TEXT, text, 299)},
        {bbots_value_of_bytes(BBOTS_TEXT, text, 600), bbots_value_of_bytes(BBOTS_TEXT, text, 0)},
        {bbots_value_of_bytes(BBOTS_TEXT, text, 600), null_value()},
        {bbots_value_of_bytes(BBOTS_TEXT, text, 599), bbots_value_of_bytes(BBOTS_TEXT, text, 1)}};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(codec_key_encode(&table, both, 2, values[i], keys[i]), CODEC_KEY_MAX);
        for (int k = 0; k < i; k++) {
            assert_memory_not_equal(keys[i], keys[k], CODEC_KEY_MAX);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_bytes_is_that_of_values),
        cmocka_unit_test(a_row_and_its_values_give_the_same_key),
        cmocka_unit_test(parts_of_an_entry_come_apart),
        cmocka_unit_test(a_bound_is_the_beginning_of_its_keys),
        cmocka_unit_test(a_row_compares_with_values_as_sql_does),
        cmocka_unit_test(the_bytes_are_those_of_the_format),
        cmocka_unit_test(a_long_part_keeps_its_beginning_and_a_hash),
        cmocka_unit_test(columns_of_a_long_part_do_not_run_together),
    };
    choose_tests();
    return cmocka_run_group_tests_name("codec key", tests, NULL, NULL);
}
