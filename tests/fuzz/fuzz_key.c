/*
 * tests/fuzz/fuzz_key.c - libFuzzer target over codec/key.h: any bytes as an entry, and keys of
 * any values.
 *
 * Invariants:
 *   1. an entry's first part lies within its bytes, and nothing outside is read;
 *   2. what is encoded has a size that is allowed and measures as it was made;
 *   3. the order of short keys is that of their values, null last.
 */
#include "fuzz.h"

#include "codec/key.h"

#include <bbots/sample.h>

static const bbots_table *const table = &sample_kinds_table;

static void read_entry(fuzz_input input)
{
    const bbots_tree *tree = &table->trees[fuzz_byte(&input) % table->tree_count];
    uint8_t *exact = malloc(input.size + 1);
    REQUIRE(exact != NULL);
    uint8_t *entry = exact + 1; /* ends where the memory ends */
    memcpy(entry, input.at, input.size);
    size_t part = codec_key_part(table, tree->columns, tree->column_count, entry, input.size);
    REQUIRE(part <= input.size);
    if (part != 0) {
        (void)codec_key_has_null(table, tree->columns, tree->column_count, entry, part);
    }
    free(exact);
}

/* Values of words (text) and large (bigint), by the columns' numbers. */
static void draw(fuzz_input *input, unsigned words, unsigned large, bbots_value *values)
{
    uint8_t form = fuzz_byte(input);
    values[large] = bbots_value_null();
    values[words] = bbots_value_null();
    if ((form & 1) != 0) {
        values[large] = bbots_value_integer((int64_t)fuzz_number(input, form & 2 ? 8 : 1));
    }
    fuzz_input text = fuzz_take(input, form & 4 ? form : form / 16u);
    const uint8_t *zero = text.size > 0 ? memchr(text.at, 0, text.size) : NULL;
    size_t size = zero != NULL ? (size_t)(zero - text.at) : text.size; /* a text has no zero byte */
    if ((form & 8) != 0 && text.at != NULL) {
        values[words] = bbots_value_of_bytes(BBOTS_TEXT, text.at, size);
    }
}

static int sign(int64_t number)
{
    return number < 0 ? -1 : number > 0;
}

static int order_of(const bbots_value *a, const bbots_value *b)
{
    if (a->kind == BBOTS_NULL || b->kind == BBOTS_NULL) {
        return (a->kind == BBOTS_NULL) - (b->kind == BBOTS_NULL);
    }
    if (a->kind == BBOTS_INTEGER) {
        return (a->integer > b->integer) - (a->integer < b->integer);
    }
    size_t least = a->size < b->size ? a->size : b->size;
    int order = least > 0 ? sign(memcmp(a->data, b->data, least)) : 0;
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

static void compare_keys(fuzz_input input)
{
    uint8_t words = (uint8_t)bbots_table_column(table, bbots_text_of("words"));
    uint8_t large = (uint8_t)bbots_table_column(table, bbots_text_of("large"));
    uint8_t columns[2] = {words, large};
    bbots_value values[2][BBOTS_COLUMNS_MAX];
    uint8_t keys[2][CODEC_KEY_MAX];
    size_t sizes[2];
    for (unsigned k = 0; k < 2; k++) {
        draw(&input, words, large, values[k]);
        bbots_value listed[2] = {values[k][words], values[k][large]};
        sizes[k] = codec_key_encode(table, columns, 2, listed, keys[k]);
        REQUIRE(sizes[k] > 0 && sizes[k] <= CODEC_KEY_MAX);
        REQUIRE(codec_key_part(table, columns, 2, keys[k], sizes[k]) == sizes[k]);
        bool null = listed[0].kind == BBOTS_NULL || listed[1].kind == BBOTS_NULL;
        REQUIRE(sizes[k] > CODEC_KEY_PLAIN ||
                codec_key_has_null(table, columns, 2, keys[k], sizes[k]) == null);
    }
    if (sizes[0] > CODEC_KEY_PLAIN || sizes[1] > CODEC_KEY_PLAIN) {
        return; /* among long ones a hash decides */
    }
    int wanted = order_of(&values[0][words], &values[1][words]);
    wanted = wanted != 0 ? wanted : order_of(&values[0][large], &values[1][large]);
    size_t least = sizes[0] < sizes[1] ? sizes[0] : sizes[1];
    int order = sign(memcmp(keys[0], keys[1], least));
    order = order != 0 ? order : (sizes[0] > sizes[1]) - (sizes[0] < sizes[1]);
    REQUIRE(order == wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input = {data, size};
    if (size < 2) {
        return 0;
    }
    if (fuzz_byte(&input) % 2 == 0) {
        read_entry(input);
    } else {
        compare_keys(input);
    }
    return 0;
}
