/*
 * type.c - what a column's type is called, how large it may be, and which defaults fit it.
 *
 * A default is checked when the schema is made, not when the first row needs it: a schema whose
 * default cannot be read would fail far from the line that is wrong. PostgreSQL does the same at
 * CREATE TABLE.
 */
#include "base/utf8.h"
#include "schema/build.h"

#include <bbots/decimal.h>
#include <bbots/timestamp.h>
#include <bbots/uuid.h>

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_words[] = {
    [BBOTS_TYPE_BOOLEAN] = "boolean",     [BBOTS_TYPE_SMALLINT] = "smallint",
    [BBOTS_TYPE_INTEGER] = "integer",     [BBOTS_TYPE_BIGINT] = "bigint",
    [BBOTS_TYPE_REAL] = "real",           [BBOTS_TYPE_DOUBLE] = "double precision",
    [BBOTS_TYPE_DECIMAL] = "decimal",     [BBOTS_TYPE_TEXT] = "text",
    [BBOTS_TYPE_VARCHAR] = "varchar",     [BBOTS_TYPE_BYTEA] = "bytea",
    [BBOTS_TYPE_UUID] = "uuid",           [BBOTS_TYPE_TIMESTAMP] = "timestamp",
    [BBOTS_TYPE_TIMESTAMPTZ] = "timestamp with time zone",
    [BBOTS_TYPE_JSONB] = "jsonb",         [BBOTS_TYPE_VECTOR] = "vector",
};
#define TYPE_COUNT (sizeof type_words / sizeof type_words[0])

const char *schema_type_word(unsigned type)
{
    return type < TYPE_COUNT ? type_words[type] : NULL;
}

unsigned schema_type_of_word(const char *word)
{
    for (unsigned type = 1; type < TYPE_COUNT; type++) {
        if (strcmp(type_words[type], word) == 0)
            return type;
    }
    return 0;
}

bool schema_type_keyable(unsigned type)
{
    return type != BBOTS_TYPE_JSONB && type != BBOTS_TYPE_VECTOR;
}

bool schema_type_sealable(unsigned type)
{
    return type == BBOTS_TYPE_TEXT || type == BBOTS_TYPE_VARCHAR || type == BBOTS_TYPE_JSONB;
}

bool schema_type_sized(unsigned type, uint32_t length, unsigned scale)
{
    switch (type) {
    case BBOTS_TYPE_DECIMAL:
        return length >= 1 && length <= BBOTS_DECIMAL_PRECISION_MAX && scale <= length;
    case BBOTS_TYPE_VARCHAR:
        return length <= SCHEMA_VARCHAR_MAX && scale == 0;
    case BBOTS_TYPE_VECTOR:
        return length >= 1 && length <= SCHEMA_VECTOR_MAX && scale == 0;
    default:
        return length == 0 && scale == 0;
    }
}

bool schema_types_joinable(const bbots_column *child, const bbots_column *parent)
{
    unsigned a = child->type == BBOTS_TYPE_VARCHAR ? BBOTS_TYPE_TEXT : child->type;
    unsigned b = parent->type == BBOTS_TYPE_VARCHAR ? BBOTS_TYPE_TEXT : parent->type;
    return a == b && child->scale == parent->scale;
}

static const char *serial_word(unsigned type)
{
    switch (type) {
    case BBOTS_TYPE_SMALLINT:
        return "smallserial";
    case BBOTS_TYPE_BIGINT:
        return "bigserial";
    default:
        return "serial";
    }
}

size_t bbots_column_type_text(const bbots_column *column, char buffer[40])
{
    const char *word = schema_type_word(column->type);
    int length = 0;
    if ((column->flags & BBOTS_COLUMN_SERIAL) != 0)
        length = snprintf(buffer, 40, "%s", serial_word(column->type));
    else if (column->type == BBOTS_TYPE_DECIMAL)
        length = snprintf(buffer, 40, "decimal(%u,%u)", (unsigned)column->length, column->scale);
    else if (column->length != 0)
        length = snprintf(buffer, 40, "%s(%u)", word, (unsigned)column->length);
    else
        length = snprintf(buffer, 40, "%s", word != NULL ? word : "unknown");
    return (size_t)length;
}

/* A decimal integer without blanks, between the bounds. */
static bool integer_fits(const char *text, int64_t lowest, int64_t highest)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (!isdigit((unsigned char)*digits))
        return false;
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && number >= lowest && number <= highest;
}

/* A decimal number or one of the three words that PostgreSQL's floats know. */
static bool float_fits(const char *text, bool single)
{
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i]) == 0)
            return true;
    }
    if (*text == '\0' || strspn(text, "+-.0123456789eE") != strlen(text))
        return false;
    char *end = NULL;
    double number = strtod(text, &end);
    return *end == '\0' && isfinite(single ? (double)(float)number : number);
}

/* The hexadecimal form, \x and pairs of digits: the only one that SQLite leaves as it is. */
static bool bytea_fits(const char *text)
{
    size_t size = strlen(text);
    return size >= 2 && size % 2 == 0 && memcmp(text, "\\x", 2) == 0 &&
           strspn(text + 2, "0123456789abcdefABCDEF") == size - 2;
}

static bool varchar_fits(const bbots_column *column, bbots_text text)
{
    return column->length == 0 || bb_utf8_length(text.data, text.size) <= column->length;
}

static bool literal_fits(const bbots_column *column)
{
    const char *string = column->default_text;
    bbots_text text = bbots_text_of(string);
    int64_t number;
    bbots_uuid uuid;
    switch (column->type) {
    case BBOTS_TYPE_BOOLEAN:
        return strcmp(string, "true") == 0 || strcmp(string, "false") == 0;
    case BBOTS_TYPE_SMALLINT:
        return integer_fits(string, INT16_MIN, INT16_MAX);
    case BBOTS_TYPE_INTEGER:
        return integer_fits(string, INT32_MIN, INT32_MAX);
    case BBOTS_TYPE_BIGINT:
        return integer_fits(string, INT64_MIN, INT64_MAX);
    case BBOTS_TYPE_REAL:
    case BBOTS_TYPE_DOUBLE:
        return float_fits(string, column->type == BBOTS_TYPE_REAL);
    case BBOTS_TYPE_DECIMAL:
        return bbots_decimal_parse(text, column->length, column->scale, &number) == BBOTS_OK;
    case BBOTS_TYPE_TEXT:
        return true;
    case BBOTS_TYPE_VARCHAR:
        return varchar_fits(column, text);
    case BBOTS_TYPE_BYTEA:
        return bytea_fits(string);
    case BBOTS_TYPE_UUID:
        return bbots_uuid_parse(text, &uuid) == BBOTS_OK;
    case BBOTS_TYPE_TIMESTAMP:
        return bbots_timestamp_parse(text, false, &number) == BBOTS_OK;
    case BBOTS_TYPE_TIMESTAMPTZ:
        return bbots_timestamp_parse(text, true, &number) == BBOTS_OK;
    case BBOTS_TYPE_JSONB:
        return true;
    default:
        return false;
    }
}

const char *schema_default_fault(const bbots_column *column)
{
    bool is_time = column->type == BBOTS_TYPE_TIMESTAMP || column->type == BBOTS_TYPE_TIMESTAMPTZ;
    if ((column->flags & BBOTS_COLUMN_SERIAL) != 0 && column->default_kind != BBOTS_DEFAULT_NONE)
        return "a serial column has its numbers as default and takes no other";
    switch (column->default_kind) {
    case BBOTS_DEFAULT_NONE:
        return NULL;
    case BBOTS_DEFAULT_NOW:
        return is_time ? NULL : "the current time is a default of timestamps only";
    case BBOTS_DEFAULT_UUID:
        return column->type == BBOTS_TYPE_UUID ? NULL : "a random uuid is a default of uuid only";
    case BBOTS_DEFAULT_LITERAL:
        if (!bb_utf8_valid(column->default_text, strlen(column->default_text)))
            return "the default is not UTF-8";
        return literal_fits(column) ? NULL : "the default is no value of the column's type";
    default:
        return "the kind of default is unknown";
    }
}
