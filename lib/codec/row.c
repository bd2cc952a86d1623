/*
 * codec/row.c - rows to bytes and back.
 *
 * The shape serves reading: a fixed column is one load at a known offset, a variable one two loads
 * of ends and a pointer; nothing is unpacked.
 */
#include "codec/row.h"

#include "base/hash.h"
#include "vault/vault.h"

#include <assert.h>

/* Bytes that hold every integer of so many decimal digits, with its sign. */
static const uint8_t decimal_width[BBOTS_DECIMAL_PRECISION_MAX + 1] = {1, 1, 1, 2, 2, 3, 3, 4, 4, 4,
                                                                       5, 5, 6, 6, 6, 7, 7, 8, 8};

unsigned codec_column_width(const bbots_column *column)
{
    switch ((bbots_type)column->type) {
    case BBOTS_TYPE_BOOLEAN:
        return 1;
    case BBOTS_TYPE_SMALLINT:
        return 2;
    case BBOTS_TYPE_INTEGER:
    case BBOTS_TYPE_REAL:
        return 4;
    case BBOTS_TYPE_BIGINT:
    case BBOTS_TYPE_DOUBLE:
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        return 8;
    case BBOTS_TYPE_DECIMAL:
        return decimal_width[column->length];
    case BBOTS_TYPE_UUID:
        return 16;
    case BBOTS_TYPE_TEXT:
    case BBOTS_TYPE_VARCHAR:
    case BBOTS_TYPE_BYTEA:
    case BBOTS_TYPE_JSONB:
    case BBOTS_TYPE_VECTOR:
        return 0;
    }
    return 0;
}

uint64_t codec_table_seed(const char *table_name)
{
    return bb_hash64(table_name, strlen(table_name));
}

bbots_kind codec_column_kind(const bbots_column *column)
{
    switch ((bbots_type)column->type) {
    case BBOTS_TYPE_BOOLEAN:
        return BBOTS_BOOLEAN;
    case BBOTS_TYPE_SMALLINT:
    case BBOTS_TYPE_INTEGER:
    case BBOTS_TYPE_BIGINT:
        return BBOTS_INTEGER;
    case BBOTS_TYPE_DECIMAL:
        return BBOTS_DECIMAL;
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        return BBOTS_TIMESTAMP;
    case BBOTS_TYPE_REAL:
    case BBOTS_TYPE_DOUBLE:
        return BBOTS_FLOAT;
    case BBOTS_TYPE_UUID:
        return BBOTS_UUID;
    case BBOTS_TYPE_JSONB:
        return BBOTS_JSON;
    case BBOTS_TYPE_VECTOR:
        return BBOTS_VECTOR;
    case BBOTS_TYPE_BYTEA:
        return BBOTS_BYTES;
    default:
        return BBOTS_TEXT;
    }
}

void codec_layout_init(codec_layout *layout, const bbots_table *table, unsigned column_count,
                       const bbots_value *defaults)
{
    memset(layout, 0, sizeof *layout);
    layout->table = table;
    layout->defaults = defaults;
    layout->seed = codec_table_seed(table->name);
    layout->column_count = (uint16_t)column_count;
    unsigned at = CODEC_ROW_HEADER + (column_count + 7) / 8;
    for (unsigned c = 0; c < column_count; c++) {
        unsigned width = codec_column_width(&table->columns[c]);
        bool secret = width == 0 && (table->columns[c].flags & BBOTS_COLUMN_SECRET) != 0;
        layout->width[c] = (uint8_t)width;
        layout->place[c] = (uint16_t)(width != 0 ? at : layout->variable_count++);
        layout->variable |= width == 0 ? BBOTS_COLUMN_BIT(c) : 0;
        layout->kind[c] = (uint8_t)(secret ? BBOTS_SEALED : codec_column_kind(&table->columns[c]));
        at += width;
    }
    layout->variable_at = at;
}

static size_t variable_bytes(const codec_layout *layout, const bbots_value *values)
{
    size_t bytes = 0;
    for (unsigned c = 0; c < layout->column_count; c++) {
        if (layout->width[c] == 0 && values[c].kind != BBOTS_NULL) {
            bytes += values[c].size;
        }
    }
    return bytes;
}

size_t codec_row_size(const codec_layout *layout, const bbots_value *values)
{
    size_t bytes = variable_bytes(layout, values);
    size_t end_width = bytes > UINT16_MAX ? 4 : 2;
    size_t size = layout->variable_at + layout->variable_count * end_width + bytes;
    return size <= CODEC_ROW_MAX ? size : 0;
}

static inline void store_fixed(uint8_t *at, unsigned width, const bbots_column *column,
                               const bbots_value *value)
{
    if (column->type == BBOTS_TYPE_UUID) {
        memcpy(at, value->uuid.bytes, 16);
    } else if (column->type == BBOTS_TYPE_REAL) {
        float real = (float)value->real;
        memcpy(at, &real, sizeof real);
    } else if (column->type == BBOTS_TYPE_DOUBLE) {
        memcpy(at, &value->real, sizeof value->real);
    } else if (column->type == BBOTS_TYPE_BOOLEAN) {
        *at = value->boolean ? 1 : 0;
    } else {
        codec_row_put_integer(at, width, value->integer);
    }
}

/* Writes the checksum. */
static bb_hash close_row(const codec_layout *layout, uint8_t *data, size_t size)
{
    bb_hash hash = codec_row_hash(layout, data, size);
    bb_store32(data, (uint32_t)hash.low);
    return hash;
}

bb_hash codec_row_encode(const codec_layout *layout, const bbots_value *values, uint8_t *out,
                         size_t size)
{
    bool wide = variable_bytes(layout, values) > UINT16_MAX;
    uint8_t *ends = out + layout->variable_at;
    uint8_t *bytes = ends + (size_t)layout->variable_count * (wide ? 4 : 2);
    uint32_t end = 0;
    memset(out, 0, layout->variable_at);
    out[4] = (uint8_t)layout->column_count;
    out[5] = wide ? CODEC_ROW_WIDE : 0;
    for (unsigned c = 0; c < layout->column_count; c++) {
        const bbots_value *value = &values[c];
        bool null = value->kind == BBOTS_NULL;
        if (null) {
            out[CODEC_ROW_HEADER + c / 8] |= (uint8_t)(1u << c % 8);
        }
        if (layout->width[c] != 0) {
            if (!null) {
                store_fixed(out + layout->place[c], layout->width[c], &layout->table->columns[c],
                            value);
            }
            continue;
        }
        if (!null && value->size != 0) {
            memcpy(bytes + end, value->data, value->size);
            end += value->size;
        }
        if (wide) {
            bb_store32(ends + 4u * layout->place[c], end);
        } else {
            bb_store16(ends + 2u * layout->place[c], (uint16_t)end);
        }
    }
    assert((size_t)(bytes - out) + end == size);
    return close_row(layout, out, size);
}

bb_hash codec_row_patch(const codec_layout *layout, const bbots_value *values, uint64_t columns,
                        uint8_t *data, size_t size)
{
    assert((columns & layout->variable) == 0);
    for (uint64_t left = columns; left != 0; left &= left - 1) {
        unsigned c = (unsigned)__builtin_ctzll(left);
        uint8_t *nulls = &data[CODEC_ROW_HEADER + c / 8];
        uint8_t bit = (uint8_t)(1u << c % 8);
        uint8_t *at = data + layout->place[c];
        if (values[c].kind == BBOTS_NULL) {
            *nulls |= bit;
            memset(at, 0, layout->width[c]);
        } else {
            *nulls &= (uint8_t)~bit;
            store_fixed(at, layout->width[c], &layout->table->columns[c], &values[c]);
        }
    }
    return close_row(layout, data, size);
}

bb_hash codec_row_hash(const codec_layout *layout, const uint8_t *data, size_t size)
{
#ifdef BBOTS_ROWS_UNHASHED /* a build that shows what checksums and digests cost, and nothing else */
    (void)layout, (void)data, (void)size;
    return (bb_hash){0, 0};
#endif
    return bb_hash128(data + 4, size - 4, layout->seed);
}

bool codec_row_checksum_fits(const codec_layout *layout, const uint8_t *data, size_t size)
{
    return size >= CODEC_ROW_HEADER &&
           bb_load32(data) == (uint32_t)codec_row_hash(layout, data, size).low;
}

bool codec_row_intact(const codec_layout *layout, const uint8_t *data, size_t size, bb_hash *hash)
{
    if (size < layout->variable_at || data[4] != layout->column_count ||
        (data[5] & ~CODEC_ROW_WIDE) != 0) {
        return false;
    }
    bb_hash computed = codec_row_hash(layout, data, size);
    if (hash != NULL) {
        *hash = computed;
    }
    if (bb_load32(data) != (uint32_t)computed.low) {
        return false;
    }
    size_t start = codec_row_bytes_start(layout, data);
    if (layout->variable_count == 0) {
        return size == start;
    }
    return size >= start &&
           size - start == codec_row_bytes_end(layout, data, layout->variable_count - 1u);
}

static bool same_variable(const codec_layout *layout, const uint8_t *a, size_t a_size,
                          const uint8_t *b, size_t b_size, unsigned column)
{
    size_t a_length = 0;
    size_t b_length = 0;
    const uint8_t *in_a = codec_row_bytes(layout, a, a_size, column, &a_length);
    const uint8_t *in_b = codec_row_bytes(layout, b, b_size, column, &b_length);
    return in_a != NULL && in_b != NULL && a_length == b_length &&
           memcmp(in_a, in_b, a_length) == 0;
}

/* Eight bytes that end with a fixed column's last one lie inside the row: codec_row_integer(). */
static bool same_fixed(const codec_layout *layout, const uint8_t *a, const uint8_t *b,
                       unsigned column)
{
    unsigned width = layout->width[column];
    unsigned at = layout->place[column];
    return width <= 8 ? codec_row_integer(a + at, width) == codec_row_integer(b + at, width)
                      : memcmp(a + at, b + at, width) == 0;
}

/* The columns that are null in one of two rows. */
static uint64_t null_difference(const codec_layout *layout, const uint8_t *a, const uint8_t *b)
{
    uint8_t bits[8] = {0};
    for (unsigned i = 0; i < (layout->column_count + 7u) / 8; i++) {
        bits[i] = a[CODEC_ROW_HEADER + i] ^ b[CODEC_ROW_HEADER + i];
    }
    return bb_load64(bits) & UINT64_MAX >> (64 - layout->column_count);
}

uint64_t codec_row_difference(const codec_layout *layout, const uint8_t *a, size_t a_size,
                              const uint8_t *b, size_t b_size)
{
    uint64_t different = null_difference(layout, a, b);
    uint64_t variable = layout->variable;
    if (a_size == b_size && a[5] == b[5] &&
        memcmp(a + layout->variable_at, b + layout->variable_at, a_size - layout->variable_at) ==
            0) {
        variable = 0; /* mostly they are as they were, all of them */
    }
    for (unsigned c = 0; c < layout->column_count; c++) {
        if (layout->width[c] != 0 && !same_fixed(layout, a, b, c)) {
            different |= BBOTS_COLUMN_BIT(c);
        }
    }
    for (; variable != 0; variable &= variable - 1) {
        unsigned c = (unsigned)__builtin_ctzll(variable);
        if (!same_variable(layout, a, a_size, b, b_size, c)) {
            different |= BBOTS_COLUMN_BIT(c);
        }
    }
    return different;
}

static void read_fixed(const codec_layout *layout, const uint8_t *at, unsigned column,
                       bbots_value *value)
{
    unsigned width = layout->width[column];
    bbots_uuid uuid;
    float single;
    double real;
    switch ((bbots_kind)layout->kind[column]) {
    case BBOTS_BOOLEAN:
        *value = bbots_value_boolean(*at != 0);
        break;
    case BBOTS_UUID:
        memcpy(uuid.bytes, at, sizeof uuid.bytes);
        *value = bbots_value_uuid(uuid);
        break;
    case BBOTS_FLOAT:
        if (width == sizeof single) {
            memcpy(&single, at, sizeof single);
            real = (double)single;
        } else {
            memcpy(&real, at, sizeof real);
        }
        *value = bbots_value_float(real);
        break;
    case BBOTS_DECIMAL:
        *value =
            bbots_value_decimal(codec_row_integer(at, width), layout->table->columns[column].scale);
        break;
    case BBOTS_TIMESTAMP:
        *value = bbots_value_timestamp(codec_row_integer(at, width));
        break;
    default:
        *value = bbots_value_integer(codec_row_integer(at, width));
        break;
    }
}

static void read_variable(const codec_layout *layout, const uint8_t *data, size_t size,
                          unsigned column, bbots_value *value)
{
    size_t length = 0;
    const uint8_t *bytes = codec_row_bytes(layout, data, size, column, &length);
    bbots_kind kind = (bbots_kind)layout->kind[column];
    if (kind == BBOTS_SEALED && bytes != NULL && !vault_is_sealed(bytes, length)) {
        kind = codec_column_kind(&layout->table->columns[column]);
    }
    *value = bbots_value_of_bytes(kind, bytes, length);
}

/* Each path writes its fields to where they are wanted: put together first, they would be copied. */
void codec_row_read(const codec_layout *layout, const uint8_t *data, size_t size, unsigned column,
                    bbots_value *value)
{
    if (column >= layout->column_count) {
        *value =
            column < layout->table->column_count ? layout->defaults[column] : bbots_value_null();
    } else if (codec_row_is_null(data, column)) {
        *value = bbots_value_null();
    } else if (layout->width[column] != 0) {
        read_fixed(layout, data + layout->place[column], column, value);
    } else {
        read_variable(layout, data, size, column, value);
    }
}
