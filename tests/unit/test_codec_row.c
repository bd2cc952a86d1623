/*
 * tests/unit/test_codec_row.c - proves codec/row.h: rows come back as they went, damage is seen,
 * and no bytes make a reader leave the row.
 *
 * Rows lie in memory of their exact size, so that the address sanitizer sees a read one byte
 * outside.
 */
#include "codec/row.h"
#include "support/support.h"

#include <bbots/sample.h>

static const bbots_table *const tables[] = {&sample_kinds_table, &sample_strict_table,
                                            &sample_pages_table, &sample_heads_table,
                                            &sample_broad_table, &sample_soft_table};

static char texts[BBOTS_COLUMNS_MAX][RANDOM_TEXT];
static bbots_value no_defaults[BBOTS_COLUMNS_MAX];

/* Stored-form values; JSON as packed true. */
static void random_values(random_source *source, const bbots_table *table, bbots_value *values)
{
    for (unsigned c = 0; c < table->column_count; c++) {
        values[c] = random_value(source, &table->columns[c], texts[c]);
        if (values[c].kind == BBOTS_JSONTEXT) {
            values[c] = bbots_value_of_bytes(BBOTS_JSON, "\xc3", 1);
        }
    }
}

static uint8_t *encode(const codec_layout *layout, const bbots_value *values, size_t *size,
                       bb_hash *hash)
{
    *size = codec_row_size(layout, values);
    assert_true(*size > 0);
    uint8_t *bytes = malloc(*size);
    assert_non_null(bytes);
    *hash = codec_row_encode(layout, values, bytes, *size);
    return bytes;
}

static void rows_come_back_as_they_went(void **state)
{
    (void)state;
    random_source source = random_begin(__func__);
    for (size_t t = 0; t < COUNT(tables); t++) {
        codec_layout layout;
        codec_layout_init(&layout, tables[t], tables[t]->column_count, no_defaults);
        for (int i = 0; i < 300; i++) {
            bbots_value values[BBOTS_COLUMNS_MAX];
            bb_hash hash;
            bb_hash found;
            size_t size;
            random_values(&source, tables[t], values);
            uint8_t *bytes = encode(&layout, values, &size, &hash);
            assert_int_equal(codec_row_columns(bytes, size), tables[t]->column_count);
            assert_true(codec_row_intact(&layout, bytes, size, &found));
            assert_true(found.low == hash.low && found.high == hash.high);
            assert_true(codec_row_intact(&layout, bytes, size, NULL));
            for (unsigned c = 0; c < tables[t]->column_count; c++) {
                bbots_value value = codec_row_value(&layout, bytes, size, c);
                assert_true(same_value(&value, &values[c]));
            }
            bbots_value behind = codec_row_value(&layout, bytes, size, tables[t]->column_count);
            assert_int_equal(behind.kind, BBOTS_NULL);
            free(bytes);
        }
    }
}

/* Writes a row with the values of another one, in which the columns in set are replaced. */
static uint8_t *encode_changed(const codec_layout *layout, const uint8_t *data, size_t data_size,
                               const bbots_value *values, uint64_t set, size_t *size, bb_hash *hash)
{
    bbots_value mixed[BBOTS_COLUMNS_MAX];
    for (unsigned c = 0; c < layout->column_count; c++) {
        mixed[c] = (set & BBOTS_COLUMN_BIT(c)) != 0 ? values[c]
                                                    : codec_row_value(layout, data, data_size, c);
    }
    return encode(layout, mixed, size, hash);
}

static void a_patched_row_is_the_one_that_would_be_written(void **state)
{
    (void)state;
    random_source source = random_begin(__func__);
    for (size_t t = 0; t < COUNT(tables); t++) {
        codec_layout layout;
        codec_layout_init(&layout, tables[t], tables[t]->column_count, no_defaults);
        for (int i = 0; i < 300; i++) {
            bbots_value values[BBOTS_COLUMNS_MAX];
            bb_hash hash;
            size_t size;
            size_t expected_size;
            random_values(&source, tables[t], values);
            uint8_t *bytes = encode(&layout, values, &size, &hash);
            uint64_t all = UINT64_MAX >> (64 - tables[t]->column_count);
            uint64_t set = random_next(&source) & all & ~layout.variable;
            random_values(&source, tables[t], values);
            uint8_t *expected =
                encode_changed(&layout, bytes, size, values, set, &expected_size, &hash);
            bb_hash patched = codec_row_patch(&layout, values, set, bytes, size);
            assert_int_equal(size, expected_size);
            assert_memory_equal(bytes, expected, size);
            assert_true(patched.low == hash.low && patched.high == hash.high);
            free(bytes);
            free(expected);
        }
    }
}

/* Two zeros of a float are equal, and have not the same bytes. */
static bool is_float(const bbots_column *column)
{
    return column->type == BBOTS_TYPE_REAL || column->type == BBOTS_TYPE_DOUBLE;
}

static void rows_differ_where_their_values_do(void **state)
{
    (void)state;
    random_source source = random_begin(__func__);
    for (size_t t = 0; t < COUNT(tables); t++) {
        codec_layout layout;
        codec_layout_init(&layout, tables[t], tables[t]->column_count, no_defaults);
        for (int i = 0; i < 300; i++) {
            bbots_value values[BBOTS_COLUMNS_MAX];
            bb_hash hash;
            size_t size;
            size_t other_size;
            random_values(&source, tables[t], values);
            uint8_t *row = encode(&layout, values, &size, &hash);
            uint64_t set = random_next(&source) & random_next(&source);
            random_values(&source, tables[t], values);
            uint8_t *other = encode_changed(&layout, row, size, values, set, &other_size, &hash);
            uint64_t found = codec_row_difference(&layout, row, size, other, other_size);
            for (unsigned c = 0; c < tables[t]->column_count; c++) {
                bbots_value a = codec_row_value(&layout, row, size, c);
                bbots_value b = codec_row_value(&layout, other, other_size, c);
                bool differs = (found & BBOTS_COLUMN_BIT(c)) != 0;
                assert_true(differs || same_value(&a, &b));
                assert_true(!differs || is_float(&tables[t]->columns[c]) || !same_value(&a, &b));
            }
            assert_true((found & ~set) == 0);
            assert_true(codec_row_difference(&layout, row, size, row, size) == 0);
            free(row);
            free(other);
        }
    }
}

static void equal_values_have_equal_bytes(void **state)
{
    (void)state;
    random_source source = random_begin(__func__);
    codec_layout layout;
    codec_layout_init(&layout, tables[0], tables[0]->column_count, no_defaults);
    for (int i = 0; i < 200; i++) {
        bbots_value values[BBOTS_COLUMNS_MAX];
        bb_hash hash[2];
        size_t size[2];
        random_values(&source, tables[0], values);
        uint8_t *first = encode(&layout, values, &size[0], &hash[0]);
        uint8_t *second = encode(&layout, values, &size[1], &hash[1]);
        assert_int_equal(size[0], size[1]);
        assert_memory_equal(first, second, size[0]);
        free(first);
        free(second);
    }
}

/* The offsets of the head of the file, by hand: heads has one integer, nodes two and a text. */
static void the_bytes_are_those_of_the_format(void **state)
{
    (void)state;
    codec_layout layout;
    bb_hash hash;
    size_t size;
    bbots_value values[] = {bbots_value_integer(-2), null_value(), string("ab")};
    codec_layout_init(&layout, &sample_nodes_table, 3, no_defaults);
    uint8_t *bytes = encode(&layout, values, &size, &hash);
    static const uint8_t expected[] = {3,    0,                   /* columns, flags */
                                       2,                         /* the second is null */
                                       0xfe, 0xff, 0xff, 0xff, 0, /* id */
                                       0,    0,    0,             /* parent */
                                       2,    0,                   /* where the text ends */
                                       'a',  'b'};
    assert_int_equal(size, 4 + sizeof expected);
    assert_memory_equal(bytes + 4, expected, sizeof expected);
    free(bytes);
}

static void wide_rows_have_wide_ends(void **state)
{
    (void)state;
    static const size_t sizes[] = {65534, 65535, 65536, 200000};
    codec_layout layout;
    codec_layout_init(&layout, &sample_pages_table, 6, no_defaults);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *text = malloc(sizes[i]);
        bb_hash hash;
        size_t size;
        assert_non_null(text);
        memset(text, 'w', sizes[i]);
        bbots_value values[] = {string("s"),   bbots_value_of_bytes(BBOTS_TEXT, text, sizes[i] - 4),
                                string("abc"), integer(7),
                                null_value(),  null_value()};
        uint8_t *bytes = encode(&layout, values, &size, &hash);
        assert_int_equal(bytes[5], sizes[i] > 65535 ? CODEC_ROW_WIDE : 0);
        assert_true(codec_row_intact(&layout, bytes, size, NULL));
        for (unsigned c = 0; c < 6; c++) {
            bbots_value value = codec_row_value(&layout, bytes, size, c);
            assert_true(same_value(&value, &values[c]));
        }
        free(bytes);
        free(text);
    }
}

static void a_row_past_the_limit_has_no_size(void **state)
{
    (void)state;
    codec_layout layout;
    bbots_value values[] = {integer(1), null_value(), bbots_value_of_bytes(BBOTS_TEXT, "", 0)};
    codec_layout_init(&layout, &sample_nodes_table, 3, no_defaults);
    values[2].size = CODEC_ROW_MAX;
    assert_int_equal(codec_row_size(&layout, values), 0);
    values[2].size = UINT32_MAX;
    assert_int_equal(codec_row_size(&layout, values), 0);
    values[2].size = CODEC_ROW_MAX - 64;
    assert_true(codec_row_size(&layout, values) > 0);
}

static void rows_with_fewer_columns_read_the_others_defaults(void **state)
{
    (void)state;
    random_source source = random_begin(__func__);
    const bbots_table *table = &sample_kinds_table;
    bbots_value defaults[BBOTS_COLUMNS_MAX] = {{0}};
    defaults[9] = string("a default");
    defaults[16] = null_value();
    for (unsigned count = 1; count <= table->column_count; count++) {
        bbots_value values[BBOTS_COLUMNS_MAX];
        codec_layout layout;
        bb_hash hash;
        size_t size;
        random_values(&source, table, values);
        codec_layout_init(&layout, table, count, defaults);
        uint8_t *bytes = encode(&layout, values, &size, &hash);
        assert_int_equal(codec_row_columns(bytes, size), count);
        for (unsigned c = 0; c < table->column_count; c++) {
            bbots_value value = codec_row_value(&layout, bytes, size, c);
            assert_true(same_value(&value, c < count ? &values[c] : &defaults[c]));
        }
        codec_layout other;
        codec_layout_init(&other, table, count % table->column_count + 1, defaults);
        assert_false(codec_row_intact(&other, bytes, size, NULL));
        free(bytes);
    }
}

static void damage_is_seen(void **state)
{
    (void)state;
    random_source source = random_begin(__func__);
    bbots_value values[BBOTS_COLUMNS_MAX];
    codec_layout layout;
    codec_layout other;
    bb_hash hash;
    size_t size;
    random_values(&source, tables[0], values);
    codec_layout_init(&layout, tables[0], tables[0]->column_count, no_defaults);
    uint8_t *bytes = encode(&layout, values, &size, &hash);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(codec_row_intact(&layout, bytes, size, NULL));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *shorter = malloc(cut + 1);
        assert_non_null(shorter);
        memcpy(shorter, bytes, cut);
        uint8_t *exact = realloc(shorter, cut != 0 ? cut : 1);
        assert_non_null(exact);
        assert_false(codec_row_intact(&layout, exact, cut, NULL));
        free(exact);
    }
    assert_true(codec_row_intact(&layout, bytes, size, NULL));
    /* A row of the same shape of another table does not fit. */
    bbots_table renamed = *tables[0];
    renamed.name = "kindz";
    codec_layout_init(&other, &renamed, renamed.column_count, no_defaults);
    assert_false(codec_row_intact(&other, bytes, size, NULL));
    free(bytes);
}

static void touch(const bbots_value *value)
{
    static volatile uint8_t sum;
    if (value->kind == BBOTS_TEXT || value->kind == BBOTS_BYTES || value->kind == BBOTS_JSON ||
        value->kind == BBOTS_VECTOR) {
        const uint8_t *data = value->data;
        for (uint32_t i = 0; i < value->size; i++) {
            sum = (uint8_t)(sum + data[i]);
        }
    }
}

/* Rows whose checksum was made to fit: whoever can write the file can do that. */
static void forged_rows_are_never_read_outside(void **state)
{
    (void)state;
    random_source source = random_begin(__func__);
    int intact = 0;
    for (size_t t = 0; t < COUNT(tables); t++) {
        codec_layout layout;
        codec_layout_init(&layout, tables[t], tables[t]->column_count, no_defaults);
        for (int i = 0; i < 3000; i++) {
            bbots_value values[BBOTS_COLUMNS_MAX];
            bb_hash hash;
            size_t size;
            random_values(&source, tables[t], values);
            uint8_t *bytes = encode(&layout, values, &size, &hash);
            size_t changes = 1 + random_below(&source, 6);
            for (size_t c = 0; c < changes; c++) {
                /* Most often where the ends of the variable columns are. */
                size_t at = layout.variable_at + random_below(&source, 2u * 16);
                if (random_below(&source, 3) == 0 || at >= size) {
                    at = 5 + random_below(&source, size - 5);
                }
                bytes[at] = (uint8_t)random_next(&source);
            }
            if (random_below(&source, 4) == 0) {
                bytes[5] = CODEC_ROW_WIDE;
            }
            bb_hash forged = codec_row_hash(&layout, bytes, size);
            memcpy(bytes, &forged.low, 4);
            if (codec_row_intact(&layout, bytes, size, NULL)) {
                intact++;
                for (unsigned c = 0; c < BBOTS_COLUMNS_MAX; c++) {
                    bbots_value value = codec_row_value(&layout, bytes, size, c);
                    touch(&value);
                }
            }
            free(bytes);
        }
    }
    assert_true(intact > 100); /* otherwise nothing was proved */
}

/* codec_row_value() promises it for any bytes, of rows that nobody has verified too. */
static void any_bytes_are_never_read_outside(void **state)
{
    (void)state;
    random_source source = random_begin(__func__);
    for (size_t t = 0; t < COUNT(tables); t++) {
        codec_layout layout;
        codec_layout_init(&layout, tables[t], tables[t]->column_count, no_defaults);
        for (int i = 0; i < 500; i++) {
            size_t size =
                layout.variable_at + 2u * layout.variable_count + random_below(&source, 40);
            uint8_t *bytes = malloc(size);
            assert_non_null(bytes);
            for (size_t b = 0; b < size; b++) {
                bytes[b] = (uint8_t)(random_below(&source, 3) ? random_below(&source, 8)
                                                              : random_next(&source));
            }
            for (unsigned c = 0; c < tables[t]->column_count; c++) {
                bbots_value value = codec_row_value(&layout, bytes, size, c);
                touch(&value);
            }
            free(bytes);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_as_they_went),
        cmocka_unit_test(a_patched_row_is_the_one_that_would_be_written),
        cmocka_unit_test(rows_differ_where_their_values_do),
        cmocka_unit_test(equal_values_have_equal_bytes),
        cmocka_unit_test(the_bytes_are_those_of_the_format),
        cmocka_unit_test(wide_rows_have_wide_ends),
        cmocka_unit_test(a_row_past_the_limit_has_no_size),
        cmocka_unit_test(rows_with_fewer_columns_read_the_others_defaults),
        cmocka_unit_test(damage_is_seen),
        cmocka_unit_test(forged_rows_are_never_read_outside),
        cmocka_unit_test(any_bytes_are_never_read_outside),
    };
    choose_tests();
    return cmocka_run_group_tests_name("codec row", tests, NULL, NULL);
}
