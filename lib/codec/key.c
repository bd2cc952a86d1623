/*
 * codec/key.c - keys to bytes.
 *
 * Encoding goes through a sink that keeps the first CODEC_KEY_PLAIN bytes and remembers whether
 * there was more. Only then, and that is rare, the columns are gone through a second time to be
 * hashed, each where it lies: no case needs memory, and the common one pays nothing for the long.
 */
#include "codec/key.h"

#include "base/bytes.h"
#include "base/hash.h"

#include <assert.h>
#include <math.h>

typedef struct sink {
    uint8_t *out;
    size_t size;  /* bytes of the whole, also those that were not kept */
    size_t limit; /* of bytes kept */
} sink;

static void put(sink *to, const void *data, size_t size)
{
    if (to->size < to->limit && size != 0) {
        size_t room = to->limit - to->size;
        memcpy(to->out + to->size, data, size < room ? size : room);
    }
    to->size += size;
}

static void put_byte(sink *to, uint8_t byte)
{
    put(to, &byte, 1);
}

/* The low `width` bytes in big endian, the sign turned so that negative numbers come first. */
static void put_integer(sink *to, int64_t integer, unsigned width)
{
    uint8_t bytes[8];
    uint64_t turned = (uint64_t)integer ^ UINT64_C(1) << (8 * width - 1);
    bb_store64_big(bytes, turned << (64 - 8 * width));
    put(to, bytes, width);
}

static void put_float(sink *to, double real, unsigned width)
{
    uint64_t bits;
    if (isnan(real)) {
        real = (double)NAN;
    }
    if (width == 4) {
        float narrow = real == 0 ? 0.0f : (float)real;
        uint32_t half;
        memcpy(&half, &narrow, sizeof half);
        bits = isnan(real) ? UINT64_C(0x7fc0000000000000) : (uint64_t)half << 32;
    } else {
        double wide = real == 0 ? 0.0 : real;
        memcpy(&bits, &wide, sizeof bits);
        bits = isnan(real) ? UINT64_C(0x7ff8000000000000) : bits;
    }
    bits = (bits >> 63) != 0 ? ~bits : bits | UINT64_C(1) << 63;
    uint8_t bytes[8];
    bb_store64_big(bytes, bits);
    put(to, bytes, width);
}

static void put_bytea(sink *to, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        put_byte(to, data[i]);
        if (data[i] == 0) {
            put_byte(to, 0xff);
        }
    }
    put(to, "\0", 2);
}

static void put_value(sink *to, const bbots_column *column, const bbots_value *value)
{
    if ((column->flags & BBOTS_COLUMN_NOT_NULL) == 0) {
        put_byte(to, value->kind == BBOTS_NULL ? 2 : 1);
    }
    if (value->kind == BBOTS_NULL) {
        return;
    }
    switch ((bbots_type)column->type) {
    case BBOTS_TYPE_BOOLEAN:
        put_byte(to, value->boolean ? 1 : 0);
        break;
    case BBOTS_TYPE_REAL:
        put_float(to, value->real, 4);
        break;
    case BBOTS_TYPE_DOUBLE:
        put_float(to, value->real, 8);
        break;
    case BBOTS_TYPE_UUID:
        put(to, value->uuid.bytes, 16);
        break;
    case BBOTS_TYPE_TEXT:
    case BBOTS_TYPE_VARCHAR:
        put(to, value->data, value->size);
        put_byte(to, 0);
        break;
    case BBOTS_TYPE_BYTEA:
        put_bytea(to, value->data, value->size);
        break;
    case BBOTS_TYPE_JSONB:
    case BBOTS_TYPE_VECTOR:
        assert(!"no key has such a column: the generator and the schema's reader refuse it");
        break;
    default:
        put_integer(to, value->integer, codec_column_width(column));
        break;
    }
}

static void put_values(sink *to, const bbots_table *table, const uint8_t *columns, unsigned count,
                       const bbots_value *values)
{
    for (unsigned i = 0; i < count; i++) {
        put_value(to, &table->columns[columns[i]], &values[i]);
    }
}

/* The hash of a long part: chained over the columns, as key.h says. */
static bb_hash long_hash(const bbots_table *table, const uint8_t *columns, unsigned count,
                         const bbots_value *values, size_t size)
{
    bb_hash hash = {size, 0};
    for (unsigned i = 0; i < count; i++) {
        const bbots_column *column = &table->columns[columns[i]];
        uint8_t bytes[24];
        sink piece = {bytes, 0, sizeof bytes};
        if (values[i].kind == BBOTS_NULL || codec_column_width(column) != 0) {
            put_value(&piece, column, &values[i]);
            hash = bb_hash128(bytes, piece.size, hash.low ^ hash.high);
        } else {
            hash = bb_hash128(values[i].data, values[i].size, hash.low ^ hash.high);
        }
    }
    return hash;
}

size_t codec_key_encode(const bbots_table *table, const uint8_t *columns, unsigned count,
                        const bbots_value *values, uint8_t *out)
{
    sink to = {out, 0, CODEC_KEY_PLAIN};
    put_values(&to, table, columns, count, values);
    if (to.size <= CODEC_KEY_PLAIN) {
        return to.size;
    }
    bb_hash hash = long_hash(table, columns, count, values, to.size);
    bb_store64_big(out + CODEC_KEY_PLAIN, hash.high);
    bb_store64_big(out + CODEC_KEY_PLAIN + 8, hash.low);
    return CODEC_KEY_MAX;
}

static bbots_value value_of(const bbots_row *row, unsigned column)
{
    return codec_row_value(row->layout, row->data, row->size, column);
}

/*
 * The common case of a stored row's part: integers, times and short texts go from the row's bytes
 * to the key's without becoming values. Returns 0 when something else is met.
 */
static size_t quick_part(const bbots_row *row, const uint8_t *columns, unsigned count, uint8_t *out)
{
    const codec_layout *layout = row->layout;
    size_t size = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned column = columns[i];
        const bbots_column *description = &row->table->columns[column];
        if (column >= layout->column_count || codec_row_is_null(row->data, column) ||
            size + 9 > CODEC_KEY_PLAIN) {
            return 0;
        }
        if ((description->flags & BBOTS_COLUMN_NOT_NULL) == 0) {
            out[size++] = 1;
        }
        unsigned width = layout->width[column];
        if (width != 0 && width <= 8 && description->type != BBOTS_TYPE_REAL &&
            description->type != BBOTS_TYPE_DOUBLE && description->type != BBOTS_TYPE_BOOLEAN) {
            uint8_t bytes[8];
            int64_t integer = codec_row_integer(row->data + layout->place[column], width);
            uint64_t turned = (uint64_t)integer ^ UINT64_C(1) << (8 * width - 1);
            bb_store64_big(bytes, turned << (64 - 8 * width));
            memcpy(out + size, bytes, 8);
            size += width;
        } else if (description->type == BBOTS_TYPE_TEXT ||
                   description->type == BBOTS_TYPE_VARCHAR) {
            bbots_value text = value_of(row, column);
            if (text.kind == BBOTS_NULL || size + text.size + 1 > CODEC_KEY_PLAIN) {
                return 0;
            }
            memcpy(out + size, text.data, text.size);
            size += text.size;
            out[size++] = 0;
        } else {
            return 0;
        }
    }
    return size;
}

size_t codec_key_of_row(const bbots_row *row, const uint8_t *columns, unsigned count, uint8_t *out,
                        bool *has_null)
{
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
    bool null = false;
    size_t quick = quick_part(row, columns, count, out);
    for (unsigned i = 0; quick == 0 && i < count; i++) {
        values[i] = value_of(row, columns[i]);
        null = null || values[i].kind == BBOTS_NULL;
    }
    if (has_null != NULL) {
        *has_null = null;
    }
    return quick != 0 ? quick : codec_key_encode(row->table, columns, count, values, out);
}

size_t codec_key_bound(const bbots_table *table, const uint8_t *columns, unsigned count,
                       const bbots_value *values, uint8_t *out, bool *exact)
{
    sink to = {out, 0, CODEC_KEY_PLAIN};
    put_values(&to, table, columns, count, values);
    *exact = to.size <= CODEC_KEY_PLAIN;
    return *exact ? to.size : CODEC_KEY_PLAIN;
}

/* The size of one column's bytes at the start of data, 0 when they do not end within size. */
static size_t column_part(const bbots_column *column, const uint8_t *data, size_t size)
{
    size_t at = 0;
    if ((column->flags & BBOTS_COLUMN_NOT_NULL) == 0) {
        if (size == 0 || data[0] == 2) {
            return size == 0 ? 0 : 1;
        }
        at = 1;
    }
    unsigned width = codec_column_width(column);
    if (width != 0) {
        return at + width <= size ? at + width : 0;
    }
    while (at < size) {
        const uint8_t *zero = memchr(data + at, 0, size - at);
        if (zero == NULL) {
            return 0;
        }
        at = (size_t)(zero - data) + 1;
        if (column->type != BBOTS_TYPE_BYTEA) {
            return at;
        }
        if (at < size && data[at++] == 0) {
            return at;
        }
    }
    return 0;
}

size_t codec_key_part(const bbots_table *table, const uint8_t *columns, unsigned count,
                      const uint8_t *entry, size_t size)
{
    size_t within = size < CODEC_KEY_PLAIN ? size : CODEC_KEY_PLAIN;
    size_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t part = column_part(&table->columns[columns[i]], entry + at, within - at);
        if (part == 0) {
            return size >= CODEC_KEY_MAX ? CODEC_KEY_MAX : 0;
        }
        at += part;
    }
    return at;
}

bool codec_key_has_null(const bbots_table *table, const uint8_t *columns, unsigned count,
                        const uint8_t *part, size_t size)
{
    for (unsigned i = 0; i < count && size != 0; i++) {
        const bbots_column *column = &table->columns[columns[i]];
        size_t taken = column_part(column, part, size);
        if ((column->flags & BBOTS_COLUMN_NOT_NULL) == 0 && part[0] == 2) {
            return true;
        }
        part += taken;
        size -= taken != 0 ? taken : size;
    }
    return false;
}

static int compare_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t common = a_size < b_size ? a_size : b_size;
    int order = common != 0 ? memcmp(a, b, common) : 0;
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_value(const bbots_table *table, uint8_t column, const bbots_value *a,
                         const bbots_value *b)
{
    if (codec_column_width(&table->columns[column]) == 0 && a->kind != BBOTS_NULL &&
        b->kind != BBOTS_NULL) {
        return compare_bytes(a->data, a->size, b->data, b->size);
    }
    uint8_t a_key[CODEC_KEY_MAX];
    uint8_t b_key[CODEC_KEY_MAX];
    size_t a_size = codec_key_encode(table, &column, 1, a, a_key);
    size_t b_size = codec_key_encode(table, &column, 1, b, b_key);
    return compare_bytes(a_key, a_size, b_key, b_size);
}

int codec_key_compare(const bbots_row *row, const uint8_t *columns, unsigned count,
                      const bbots_value *values)
{
    for (unsigned i = 0; i < count; i++) {
        bbots_value value = value_of(row, columns[i]);
        int order = compare_value(row->table, columns[i], &value, &values[i]);
        if (order != 0) {
            return order;
        }
    }
    return 0;
}
