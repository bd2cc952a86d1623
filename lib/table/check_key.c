/*
 * table/check_key.c - primary keys read back from their bytes, for findings about rows that cannot
 * be asked.
 *
 * A key's bytes say where each column ends (codec/key.h), so values come back from them: integers
 * by turning the sign bit again, texts up to their zero. What cannot be read back (a long key's
 * hash, real numbers, bytea, bytes that are no key) is shown in hexadecimal digits; of a key with a
 * secret column nothing is shown but what could be read, and that as codec_value_show() does.
 */
#include "table/check.h"

#include "base/bytes.h"
#include "codec/literal.h"

#include <assert.h>
#include <stdio.h>

typedef struct reader {
    const uint8_t *at;
    size_t left;
} reader;

static bool is_secret(const bbots_column *column)
{
    return (column->flags & (BBOTS_COLUMN_SECRET | BBOTS_COLUMN_VAULT)) != 0;
}

static bool is_text(const bbots_column *column)
{
    return column->type == BBOTS_TYPE_TEXT || column->type == BBOTS_TYPE_VARCHAR;
}

static bool read_text(reader *from, bbots_value *value)
{
    const uint8_t *end = memchr(from->at, 0, from->left);
    if (end == NULL) {
        return false;
    }
    size_t size = (size_t)(end - from->at);
    *value = bbots_value_of_bytes(BBOTS_TEXT, from->at, size);
    from->at += size + 1;
    from->left -= size + 1;
    return true;
}

/* `width` bytes in big endian with the sign bit turned. */
static int64_t read_integer(const uint8_t *at, unsigned width)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < width; i++) {
        number = number << 8 | at[i];
    }
    unsigned shift = 64 - 8 * width;
    return (int64_t)(number << shift ^ UINT64_C(1) << 63) >> shift;
}

static bool read_fixed(reader *from, const bbots_column *column, bbots_value *value)
{
    unsigned width = codec_column_width(column);
    if (width == 0 || width > from->left) {
        return false;
    }
    switch ((bbots_type)column->type) {
    case BBOTS_TYPE_REAL:
    case BBOTS_TYPE_DOUBLE:
        return false;
    case BBOTS_TYPE_BOOLEAN:
        *value = bbots_value_boolean(*from->at != 0);
        break;
    case BBOTS_TYPE_UUID:
        value->kind = BBOTS_UUID;
        memcpy(value->uuid.bytes, from->at, 16);
        break;
    case BBOTS_TYPE_DECIMAL:
        *value = bbots_value_decimal(read_integer(from->at, width), column->scale);
        break;
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        *value = bbots_value_timestamp(read_integer(from->at, width));
        break;
    default:
        *value = bbots_value_integer(read_integer(from->at, width));
        break;
    }
    from->at += width;
    from->left -= width;
    return true;
}

/* A primary key's column has a value. */
static bool read_column(reader *from, const bbots_column *column, bbots_value *value)
{
    assert((column->flags & BBOTS_COLUMN_NOT_NULL) != 0);
    return is_text(column) ? read_text(from, value) : read_fixed(from, column, value);
}

/* The bytes themselves, unless a secret is among them. */
static void write_bytes(const bbots_table *table, store_bytes key, char buffer[ROW_KEY_TEXT_MAX])
{
    const bbots_tree *tree = &table->trees[0];
    const uint8_t *bytes = key.data;
    size_t size = (size_t)snprintf(buffer, ROW_KEY_TEXT_MAX, "\\x");
    for (unsigned i = 0; i < tree->column_count; i++) {
        if (is_secret(&table->columns[tree->columns[i]])) {
            snprintf(buffer, ROW_KEY_TEXT_MAX, "(a secret)");
            return;
        }
    }
    for (size_t i = 0; i < key.size && size + 3 < ROW_KEY_TEXT_MAX; i++) {
        size += (size_t)snprintf(buffer + size, ROW_KEY_TEXT_MAX - size, "%02x", bytes[i]);
    }
}

const char *check_key_text(const bbots_table *table, store_bytes key, char buffer[ROW_KEY_TEXT_MAX])
{
    const bbots_tree *tree = &table->trees[0];
    reader from = {key.data, key.size};
    size_t size = 0;
    for (unsigned i = 0; i < tree->column_count; i++) {
        const bbots_column *column = &table->columns[tree->columns[i]];
        char shown[BB_QUOTE_MAX];
        bbots_value value;
        if (!read_column(&from, column, &value)) {
            write_bytes(table, key, buffer);
            return buffer;
        }
        codec_value_show(column, &value, shown);
        int more =
            snprintf(buffer + size, ROW_KEY_TEXT_MAX - size, "%s%s", i > 0 ? ", " : "", shown);
        size += more > 0 ? (size_t)more : 0;
        size = size < ROW_KEY_TEXT_MAX ? size : ROW_KEY_TEXT_MAX - 1;
    }
    if (from.left != 0) {
        write_bytes(table, key, buffer);
    }
    return buffer;
}
