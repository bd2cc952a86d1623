/*
 * tests/fuzz/fuzz_row.c - libFuzzer target over codec/row.h: any bytes as a row.
 *
 * The first byte chooses the table. The checksum is put right, so that what is behind it is
 * reached. Invariants:
 *   1. nothing outside the row is read (the sanitizers), and values lie within it;
 *   2. the checksum that was put right fits, and a row that is taken as intact keeps to its size;
 *   3. its keys have no more bytes than keys may have;
 *   4. every value of it can be printed, or is refused with a sentence.
 */
#include "fuzz.h"

#include "codec/key.h"

#include <bbots/sample.h>

static const bbots_table *const tables[] = {&sample_kinds_table, &sample_strict_table,
                                            &sample_pages_table, &sample_broad_table,
                                            &sample_tickets_table};

static void read_value(const bbots_row *row, unsigned column)
{
    bbots_value value = codec_row_value(row->layout, row->data, row->size, column);
    const uint8_t *at = value.data;
    char *text;
    size_t size;
    bbots_error error = {0};
    bool has_data = value.kind == BBOTS_TEXT || value.kind == BBOTS_JSON ||
                    value.kind == BBOTS_VECTOR || value.kind == BBOTS_BYTES;
    REQUIRE(!has_data || (at >= row->data && value.size <= row->size &&
                          at <= row->data + row->size - value.size));
    int rc =
        bbots_value_print(row->table, column, &value, BBOTS_TIMESTAMP_ISO, &text, &size, &error);
    REQUIRE(rc == BBOTS_OK || error.message[0] != '\0');
    if (rc == BBOTS_OK) {
        free(text);
    }
}

static void make_keys(const bbots_row *row)
{
    for (unsigned i = 0; i < row->table->index_count; i++) {
        const bbots_index *index = &row->table->indexes[i];
        uint8_t key[CODEC_KEY_MAX];
        bool has_null;
        size_t size = codec_key_of_row(row, index->columns, index->column_count, key, &has_null);
        REQUIRE(size <= sizeof key);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bbots_value no_defaults[BBOTS_COLUMNS_MAX];
    fuzz_input input = {data, size};
    const bbots_table *table = tables[fuzz_byte(&input) % (sizeof tables / sizeof *tables)];
    codec_layout layout;
    if (input.size < CODEC_ROW_HEADER) {
        return 0;
    }
    uint8_t *bytes = malloc(input.size);
    REQUIRE(bytes != NULL);
    memcpy(bytes, input.at, input.size);
    codec_layout_init(&layout, table, table->column_count, no_defaults);
    bb_hash hash = codec_row_hash(&layout, bytes, input.size);
    bb_store32(bytes, (uint32_t)hash.low);
    REQUIRE(codec_row_checksum_fits(&layout, bytes, input.size));
    bbots_row row = {table, bytes, &layout, (uint32_t)input.size, NULL};
    if (codec_row_intact(&layout, bytes, input.size, &hash)) {
        for (unsigned c = 0; c < table->column_count; c++) {
            read_value(&row, c);
        }
        make_keys(&row);
    }
    free(bytes);
    return 0;
}
