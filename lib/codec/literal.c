/*
 * codec/literal.c - a caller's value becomes a stored one.
 *
 * Two ways lead in. A value of the column's own kind is checked against the column's limits. A
 * text is read as PostgreSQL reads a quoted literal, whatever the column's type: that is how
 * imports, JSON lines and the command line hand in everything. Between numbers the conversions
 * are those of PostgreSQL's assignment casts as far as they lose nothing but digits after the
 * point; no floating point number becomes a decimal.
 */
#include "codec/literal.h"

#include "base/bytes.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/utf8.h"
#include "codec/float.h"
#include "codec/json.h"
#include "vault/vault.h"

#include <bbots/decimal.h>
#include <bbots/table.h>
#include <bbots/timestamp.h>
#include <bbots/uuid.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* What a conversion works on: the column, its table's name and where errors go. */
typedef struct target {
    const bbots_table *table;
    const bbots_column *column;
    bb_arena *arena;
    bbots_error *error;
} target;

static const char *type_text(const target *to, char buffer[40])
{
    static const char *const full_names[] = {[BBOTS_TYPE_VARCHAR] = "character varying",
                                             [BBOTS_TYPE_DECIMAL] = "numeric",
                                             [BBOTS_TYPE_TIMESTAMP] = "timestamp"};
    const bbots_column *column = to->column;
    if (column->type == BBOTS_TYPE_VARCHAR && column->length != 0) {
        snprintf(buffer, 40, "character varying(%u)", column->length);
    } else if (column->type == BBOTS_TYPE_JSONB) {
        snprintf(buffer, 40, "json");
    } else if (column->type < sizeof full_names / sizeof *full_names &&
               full_names[column->type] != NULL) {
        snprintf(buffer, 40, "%s", full_names[column->type]);
    } else {
        bbots_column plain = *column;
        plain.flags = 0; /* a serial is an integer */
        bbots_column_type_text(&plain, buffer);
    }
    return buffer;
}

/* Says what is wrong with a value, in PostgreSQL's words where it has some. */
static int refuse(const target *to, int code, const bbots_value *value)
{
    char shown[BB_QUOTE_MAX];
    char type[40];
    const char *table = to->table->name;
    const char *column = to->column->name;
    codec_value_show(to->column, value, shown);
    type_text(to, type);
    switch (code) {
    case BBOTS_NUMERIC_OUT_OF_RANGE:
        if (to->column->type == BBOTS_TYPE_DECIMAL) {
            return bb_fail_at(to->error, code, table, column, NULL,
                              "numeric field overflow: %s does not fit column \"%s\" of type %s",
                              shown, column, type);
        }
        return bb_fail_at(to->error, code, table, column, NULL,
                          "value %s is out of range for type %s of column \"%s\"", shown, type,
                          column);
    case BBOTS_DATETIME_OUT_OF_RANGE:
        return bb_fail_at(to->error, code, table, column, NULL,
                          "date/time field value out of range for type %s: %s, column \"%s\"", type,
                          shown, column);
    case BBOTS_STRING_TOO_LONG:
        return bb_fail_at(to->error, code, table, column, NULL,
                          "value too long for type %s, column \"%s\": %s", type, column, shown);
    case BBOTS_WRONG_TYPE:
        return bb_fail_at(to->error, code, table, column, NULL,
                          "column \"%s\" is of type %s and cannot take the value %s", column, type,
                          shown);
    case BBOTS_INVALID_ARGUMENT:
        return bb_fail_at(to->error, code, table, column, NULL,
                          "invalid hexadecimal data for type %s: %s, column \"%s\"", type, shown,
                          column);
    case BBOTS_INVALID_ENCODING:
        return bb_fail_at(to->error, code, table, column, NULL,
                          "invalid byte sequence for encoding \"UTF8\" in column \"%s\": %s",
                          column, shown);
    default:
        return bb_fail_at(to->error, code, table, column, NULL,
                          "invalid input syntax for type %s: %s, column \"%s\"", type, shown,
                          column);
    }
}

static int no_memory(const target *to)
{
    return bb_fail_at(to->error, BBOTS_NO_MEMORY, to->table->name, to->column->name, NULL,
                      "out of memory");
}

/* ------------------------------------------------------------------ from text */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bbots_text trimmed(const bbots_value *value)
{
    bbots_text text = {value->data, value->size};
    while (text.size > 0 && is_blank(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

static int64_t largest_integer(const bbots_column *column)
{
    return column->type == BBOTS_TYPE_SMALLINT  ? INT16_MAX
           : column->type == BBOTS_TYPE_INTEGER ? INT32_MAX
                                                : INT64_MAX;
}

/*
 * Digits with a sign. Too many of them are out of range even when something else follows, because
 * PostgreSQL's reader stops there too.
 */
static int parse_integer(bbots_text text, int64_t most, int64_t *integer)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    size_t i = negative || (text.size > 0 && text.data[0] == '+') ? 1 : 0;
    uint64_t magnitude = 0;
    if (i == text.size) {
        return BBOTS_INVALID_TEXT;
    }
    for (; i < text.size; i++) {
        unsigned digit = (unsigned char)text.data[i] - (unsigned)'0';
        if (digit > 9) {
            return BBOTS_INVALID_TEXT;
        }
        if (__builtin_mul_overflow(magnitude, 10u, &magnitude) ||
            __builtin_add_overflow(magnitude, digit, &magnitude) ||
            magnitude > (uint64_t)most + 1) {
            return BBOTS_NUMERIC_OUT_OF_RANGE;
        }
    }
    if (magnitude > (uint64_t)most + negative) {
        return BBOTS_NUMERIC_OUT_OF_RANGE;
    }
    *integer = (int64_t)(negative ? 0 - magnitude : magnitude);
    return BBOTS_OK;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* PostgreSQL takes any unique beginning of these words, in either case. */
static int parse_boolean(bbots_text text, bool *boolean)
{
    static const struct {
        const char *word;
        size_t least;
        bool value;
    } words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                 {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (text.size >= words[i].least && text.size <= strlen(words[i].word)) {
            size_t same = 0;
            while (same < text.size && lower(text.data[same]) == words[i].word[same]) {
                same++;
            }
            if (same == text.size) {
                *boolean = words[i].value;
                return BBOTS_OK;
            }
        }
    }
    return BBOTS_INVALID_TEXT;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* bytea's hex form behind \x: pairs of digits, blanks between pairs. */
static int parse_hex(const char *text, size_t size, uint8_t *bytes, size_t *count)
{
    for (size_t i = 0; i < size;) {
        if (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
            i++;
            continue;
        }
        int high = hex_digit(text[i]);
        int low = i + 1 < size ? hex_digit(text[i + 1]) : -1;
        if (high < 0 || low < 0) {
            return BBOTS_INVALID_ARGUMENT; /* PostgreSQL's SQLSTATE for it: 22023 */
        }
        bytes[(*count)++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    return BBOTS_OK;
}

static bool is_octal(char c, char most)
{
    return c >= '0' && c <= most;
}

/* bytea's escape form: bytes as they are, \\ for a backslash, \ooo for any. */
static int parse_escaped(const char *text, size_t size, uint8_t *bytes, size_t *count)
{
    for (size_t i = 0; i < size;) {
        if (text[i] != '\\') {
            bytes[(*count)++] = (uint8_t)text[i++];
        } else if (size - i >= 4 && is_octal(text[i + 1], '3') && is_octal(text[i + 2], '7') &&
                   is_octal(text[i + 3], '7')) {
            bytes[(*count)++] = (uint8_t)((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
                                          (text[i + 3] - '0'));
            i += 4;
        } else if (size - i >= 2 && text[i + 1] == '\\') {
            bytes[(*count)++] = '\\';
            i += 2;
        } else {
            return BBOTS_INVALID_TEXT;
        }
    }
    return BBOTS_OK;
}

static int parse_bytes(const target *to, const bbots_value *given, bbots_value *stored)
{
    const char *text = given->data;
    bool hex = given->size >= 2 && text[0] == '\\' && text[1] == 'x';
    size_t count = 0;
    uint8_t *bytes = bb_arena_alloc(to->arena, given->size + 1);
    if (bytes == NULL) {
        return no_memory(to);
    }
    if (!bb_utf8_valid(text, given->size)) {
        return refuse(to, BBOTS_INVALID_ENCODING, given);
    }
    int rc = hex ? parse_hex(text + 2, given->size - 2, bytes, &count)
                 : parse_escaped(text, given->size, bytes, &count);
    if (rc != BBOTS_OK) {
        return refuse(to, rc, given);
    }
    *stored = bbots_value_of_bytes(BBOTS_BYTES, bytes, count);
    return BBOTS_OK;
}

/* pgvector's form: [1,2.5,-3]. */
static int parse_vector(const target *to, const bbots_value *given, bbots_value *stored)
{
    bbots_text text = trimmed(given);
    size_t dimensions = to->column->length;
    float *numbers = bb_arena_alloc(to->arena, dimensions * sizeof *numbers);
    size_t count = 0;
    if (numbers == NULL) {
        return no_memory(to);
    }
    if (text.size < 2 || text.data[0] != '[' || text.data[text.size - 1] != ']') {
        return refuse(to, BBOTS_INVALID_TEXT, given);
    }
    const char *at = text.data + 1;
    const char *end = text.data + text.size - 1;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        bbots_text part = {at, (size_t)((comma != NULL ? comma : end) - at)};
        double real;
        int rc = codec_float_parse(part, true, &real);
        if (rc != BBOTS_OK || !isfinite(real) || (comma != NULL && comma + 1 == end)) {
            return refuse(to, rc < 0 ? rc : BBOTS_INVALID_TEXT, given);
        }
        if (count < dimensions) {
            numbers[count] = (float)real;
        }
        count++;
        at = comma != NULL ? comma + 1 : end;
    }
    if (count != dimensions) {
        return bb_fail_at(to->error, BBOTS_WRONG_TYPE, to->table->name, to->column->name, NULL,
                          "expected %zu dimensions, not %zu, in column \"%s\"", dimensions, count,
                          to->column->name);
    }
    *stored = bbots_value_of_bytes(BBOTS_VECTOR, numbers, dimensions * sizeof *numbers);
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ limits of a column */

static int store_integer(const target *to, const bbots_value *given, int64_t integer,
                         bbots_value *stored)
{
    int64_t most = largest_integer(to->column);
    if (integer > most || integer < -most - 1) {
        return refuse(to, BBOTS_NUMERIC_OUT_OF_RANGE, given);
    }
    *stored = bbots_value_integer(integer);
    return BBOTS_OK;
}

/*
 * A text of at most length characters. Blanks past the length are dropped and anything else past
 * it is an error, as the SQL standard and PostgreSQL have it for varchar.
 */
static int store_text(const target *to, const bbots_value *given, bbots_value *stored)
{
    const char *data = given->data;
    size_t size = given->size;
    size_t length = to->column->type == BBOTS_TYPE_VARCHAR ? to->column->length : 0;
    if (!bb_utf8_valid(data, size)) {
        return refuse(to, BBOTS_INVALID_ENCODING, given);
    }
    if (length != 0 && size > length) {
        size_t kept = bb_utf8_prefix(data, size, length);
        for (size_t i = kept; i < size; i++) {
            if (data[i] != ' ') {
                return refuse(to, BBOTS_STRING_TOO_LONG, given);
            }
        }
        size = kept;
    }
    *stored = bbots_value_of_bytes(BBOTS_TEXT, data, size);
    return BBOTS_OK;
}

static int store_float(const target *to, const bbots_value *given, double real, bbots_value *stored)
{
    if (to->column->type == BBOTS_TYPE_REAL) {
        float narrow = (float)real;
        if ((isinf(narrow) && !isinf(real)) || (narrow == 0 && real != 0)) {
            return refuse(to, BBOTS_NUMERIC_OUT_OF_RANGE, given);
        }
        real = (double)narrow;
    }
    *stored = bbots_value_float(real);
    return BBOTS_OK;
}

static int store_timestamp(const target *to, const bbots_value *given, int64_t microseconds,
                           bbots_value *stored)
{
    /* Past the latest time there is only infinity. */
    if (microseconds < BBOTS_TIMESTAMP_MIN && microseconds != BBOTS_TIMESTAMP_MINUS_INFINITY) {
        return refuse(to, BBOTS_DATETIME_OUT_OF_RANGE, given);
    }
    *stored = bbots_value_timestamp(microseconds);
    return BBOTS_OK;
}

static int store_vector(const target *to, const bbots_value *given, bbots_value *stored)
{
    if (given->size != to->column->length * sizeof(float)) {
        return bb_fail_at(to->error, BBOTS_WRONG_TYPE, to->table->name, to->column->name, NULL,
                          "expected %u dimensions, not %zu, in column \"%s\"", to->column->length,
                          given->size / sizeof(float), to->column->name);
    }
    for (size_t i = 0; i < to->column->length; i++) {
        float number;
        memcpy(&number, (const uint8_t *)given->data + 4 * i, sizeof number);
        if (!isfinite(number)) {
            return refuse(to, BBOTS_INVALID_TEXT, given);
        }
    }
    *stored = *given;
    return BBOTS_OK;
}

static int store_json_text(const target *to, const bbots_value *given, bbots_value *stored)
{
    bbots_json packed;
    bbots_text text = {given->data, given->size};
    bbots_error why;
    memset(&why, 0, sizeof why);
    int rc = codec_json_pack(to->arena, text, &packed, &why);
    if (rc != BBOTS_OK) {
        bool silent = (to->column->flags & (BBOTS_COLUMN_SECRET | BBOTS_COLUMN_VAULT)) != 0;
        return bb_fail_at(to->error, rc, to->table->name, to->column->name, NULL,
                          "invalid JSON for column \"%s\"%s%s", to->column->name,
                          silent ? "" : ": ", silent ? "" : why.message);
    }
    *stored = bbots_value_of_bytes(BBOTS_JSON, packed.data, packed.size);
    return BBOTS_OK;
}

static int store_json(const target *to, const bbots_value *given, bbots_value *stored)
{
    bbots_json json = {given->data, given->size, BBOTS_JSON_PACKED};
    int rc = bbots_json_validate(json);
    if (rc != BBOTS_OK) {
        return bb_fail_at(to->error, rc, to->table->name, to->column->name, NULL,
                          "the bytes for column \"%s\" are no packed JSON value", to->column->name);
    }
    *stored = *given;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ per type */

static int decimal_from_text(const target *to, const bbots_value *given, bbots_value *stored)
{
    int64_t scaled;
    bbots_text text = {given->data, given->size};
    int rc = bbots_decimal_parse(text, to->column->length, to->column->scale, &scaled);
    if (rc != BBOTS_OK) {
        return refuse(to, rc, given);
    }
    *stored = bbots_value_decimal(scaled, to->column->scale);
    return BBOTS_OK;
}

static int decimal_from_number(const target *to, const bbots_value *given, bbots_value *stored)
{
    int64_t scaled;
    unsigned scale = given->kind == BBOTS_DECIMAL ? given->scale : 0;
    int rc = bbots_decimal_rescale(given->integer, scale, to->column->length, to->column->scale,
                                   &scaled);
    if (rc != BBOTS_OK) {
        return refuse(to, rc, given);
    }
    *stored = bbots_value_decimal(scaled, to->column->scale);
    return BBOTS_OK;
}

static int store_as_integer(const target *to, const bbots_value *given, bbots_value *stored)
{
    int64_t integer = given->integer;
    int rc = BBOTS_OK;
    if (given->kind == BBOTS_TEXT) {
        rc = parse_integer(trimmed(given), largest_integer(to->column), &integer);
    } else if (given->kind == BBOTS_DECIMAL) {
        rc = bbots_decimal_rescale(integer, given->scale, BBOTS_DECIMAL_PRECISION_MAX, 0, &integer);
    } else if (given->kind != BBOTS_INTEGER) {
        rc = BBOTS_WRONG_TYPE;
    }
    return rc != BBOTS_OK ? refuse(to, rc, given) : store_integer(to, given, integer, stored);
}

static int store_as_float(const target *to, const bbots_value *given, bbots_value *stored)
{
    double real = given->real;
    if (given->kind == BBOTS_TEXT) {
        bbots_text text = {given->data, given->size};
        int rc = codec_float_parse(text, to->column->type == BBOTS_TYPE_REAL, &real);
        if (rc != BBOTS_OK) {
            return refuse(to, rc, given);
        }
    } else if (given->kind == BBOTS_INTEGER) {
        real = (double)given->integer;
    } else if (given->kind != BBOTS_FLOAT) {
        return refuse(to, BBOTS_WRONG_TYPE, given);
    }
    return store_float(to, given, real, stored);
}

static int store_as_timestamp(const target *to, const bbots_value *given, bbots_value *stored)
{
    int64_t microseconds = given->integer;
    if (given->kind == BBOTS_TEXT) {
        bbots_text text = {given->data, given->size};
        int rc =
            bbots_timestamp_parse(text, to->column->type == BBOTS_TYPE_TIMESTAMPTZ, &microseconds);
        if (rc != BBOTS_OK) {
            return refuse(to, rc, given);
        }
    } else if (given->kind != BBOTS_TIMESTAMP) {
        return refuse(to, BBOTS_WRONG_TYPE, given);
    }
    return store_timestamp(to, given, microseconds, stored);
}

static int store_as_boolean(const target *to, const bbots_value *given, bbots_value *stored)
{
    bool boolean = given->kind == BBOTS_BOOLEAN && given->boolean;
    if (given->kind == BBOTS_TEXT) {
        int rc = parse_boolean(trimmed(given), &boolean);
        if (rc != BBOTS_OK) {
            return refuse(to, rc, given);
        }
    } else if (given->kind != BBOTS_BOOLEAN) {
        return refuse(to, BBOTS_WRONG_TYPE, given);
    }
    *stored = bbots_value_boolean(boolean);
    return BBOTS_OK;
}

static int store_as_uuid(const target *to, const bbots_value *given, bbots_value *stored)
{
    bbots_uuid uuid = given->uuid;
    if (given->kind == BBOTS_TEXT) {
        bbots_text text = {given->data, given->size};
        int rc = bbots_uuid_parse(text, &uuid);
        if (rc != BBOTS_OK) {
            return refuse(to, rc, given);
        }
    } else if (given->kind != BBOTS_UUID) {
        return refuse(to, BBOTS_WRONG_TYPE, given);
    }
    *stored = bbots_value_uuid(uuid);
    return BBOTS_OK;
}

static int store_as_json(const target *to, const bbots_value *given, bbots_value *stored)
{
    if (given->kind == BBOTS_JSON) {
        return store_json(to, given, stored);
    }
    if (given->kind == BBOTS_TEXT || given->kind == BBOTS_JSONTEXT) {
        return store_json_text(to, given, stored);
    }
    return refuse(to, BBOTS_WRONG_TYPE, given);
}

/* What was read without its key may be written again as it is: a copy, an import. */
static int store_sealed(const target *to, const bbots_value *given, bbots_value *stored)
{
    *stored = *given;
    return (to->column->flags & BBOTS_COLUMN_SECRET) != 0 &&
                   vault_sealed_shape(given->data, given->size, NULL, NULL)
               ? BBOTS_OK
               : refuse(to, BBOTS_WRONG_TYPE, given);
}

int codec_value_store(bb_arena *arena, const bbots_table *table, unsigned column,
                      const bbots_value *given, bbots_value *stored, bbots_error *error)
{
    const target to = {table, &table->columns[column], arena, error};
    bool text = given->kind == BBOTS_TEXT;
    if (given->kind == BBOTS_NULL) {
        *stored = bbots_value_null();
        return BBOTS_OK;
    }
    if (given->kind == BBOTS_SEALED) {
        return store_sealed(&to, given, stored);
    }
    switch ((bbots_type)to.column->type) {
    case BBOTS_TYPE_BOOLEAN:
        return store_as_boolean(&to, given, stored);
    case BBOTS_TYPE_SMALLINT:
    case BBOTS_TYPE_INTEGER:
    case BBOTS_TYPE_BIGINT:
        return store_as_integer(&to, given, stored);
    case BBOTS_TYPE_REAL:
    case BBOTS_TYPE_DOUBLE:
        return store_as_float(&to, given, stored);
    case BBOTS_TYPE_DECIMAL:
        return text ? decimal_from_text(&to, given, stored)
               : given->kind == BBOTS_DECIMAL || given->kind == BBOTS_INTEGER
                   ? decimal_from_number(&to, given, stored)
                   : refuse(&to, BBOTS_WRONG_TYPE, given);
    case BBOTS_TYPE_TEXT:
    case BBOTS_TYPE_VARCHAR:
        return text ? store_text(&to, given, stored) : refuse(&to, BBOTS_WRONG_TYPE, given);
    case BBOTS_TYPE_UUID:
        return store_as_uuid(&to, given, stored);
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        return store_as_timestamp(&to, given, stored);
    case BBOTS_TYPE_JSONB:
        return store_as_json(&to, given, stored);
    case BBOTS_TYPE_BYTEA:
        *stored = *given;
        return text                         ? parse_bytes(&to, given, stored)
               : given->kind == BBOTS_BYTES ? BBOTS_OK
                                            : refuse(&to, BBOTS_WRONG_TYPE, given);
    case BBOTS_TYPE_VECTOR:
        return text                          ? parse_vector(&to, given, stored)
               : given->kind == BBOTS_VECTOR ? store_vector(&to, given, stored)
                                             : refuse(&to, BBOTS_WRONG_TYPE, given);
    }
    return refuse(&to, BBOTS_WRONG_TYPE, given);
}

bool codec_judged_late(const bbots_column *column, const bbots_value *given, int code)
{
    bbots_text text = {given->data, given->size};
    return code == BBOTS_STRING_TOO_LONG ||
           (code == BBOTS_NUMERIC_OUT_OF_RANGE && column->type == BBOTS_TYPE_DECIMAL &&
            (given->kind != BBOTS_TEXT || bb_decimal_is_numeric(text)));
}

/* ------------------------------------------------------------------ to look for */

static int look_for_decimal(const target *to, const bbots_value *given, bbots_value *stored)
{
    int64_t scaled;
    int64_t back;
    bbots_text text = {given->data, given->size};
    int rc;
    if (given->kind == BBOTS_TEXT) {
        rc = bb_decimal_parse_exactly(text, to->column->length, to->column->scale, &scaled);
        if (rc < 0) {
            return refuse(to, rc, given);
        }
    } else {
        unsigned scale = given->kind == BBOTS_DECIMAL ? given->scale : 0;
        rc = bbots_decimal_rescale(given->integer, scale, to->column->length, to->column->scale,
                                   &scaled);
        if (rc != BBOTS_OK ||
            bbots_decimal_rescale(scaled, to->column->scale, BBOTS_DECIMAL_PRECISION_MAX, scale,
                                  &back) != BBOTS_OK ||
            back != given->integer) {
            rc = BBOTS_NOT_FOUND;
        }
    }
    if (rc == BBOTS_OK) {
        *stored = bbots_value_decimal(scaled, to->column->scale);
    }
    return rc;
}

int codec_value_look_for(bb_arena *arena, const bbots_table *table, unsigned column,
                         const bbots_value *given, bbots_value *stored, bbots_error *error)
{
    const bbots_column *described = &table->columns[column];
    const target to = {table, described, arena, error};
    bool number =
        given->kind == BBOTS_TEXT || given->kind == BBOTS_DECIMAL || given->kind == BBOTS_INTEGER;
    if (described->type == BBOTS_TYPE_DECIMAL && number) {
        return look_for_decimal(&to, given, stored);
    }
    if (described->type == BBOTS_TYPE_VARCHAR && given->kind == BBOTS_TEXT &&
        bb_utf8_valid(given->data, given->size) && described->length != 0 &&
        given->size > described->length &&
        bb_utf8_prefix(given->data, given->size, described->length) < given->size) {
        return BBOTS_NOT_FOUND; /* longer than any of them, also when its end is blank */
    }
    return codec_value_store(arena, table, column, given, stored, error);
}

/* ------------------------------------------------------------------ to text */

static size_t print_scalar(const bbots_column *column, const bbots_value *value, unsigned style,
                           char buffer[64])
{
    switch ((bbots_kind)value->kind) {
    case BBOTS_BOOLEAN:
        return (size_t)snprintf(buffer, 64, "%s", value->boolean ? "true" : "false");
    case BBOTS_INTEGER:
        return (size_t)snprintf(buffer, 64, "%lld", (long long)value->integer);
    case BBOTS_DECIMAL:
        return bbots_decimal_print(value->integer, value->scale, buffer);
    case BBOTS_FLOAT:
        return codec_float_print(value->real, column->type != BBOTS_TYPE_DOUBLE, buffer);
    case BBOTS_TIMESTAMP:
        return bbots_timestamp_print(value->integer, column->type == BBOTS_TYPE_TIMESTAMPTZ,
                                     (bbots_timestamp_style)style, buffer);
    case BBOTS_UUID:
        return bbots_uuid_print(&value->uuid, buffer);
    default:
        return 0;
    }
}

static char *print_bytes(bb_arena *arena, const bbots_value *value, size_t *size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = value->data;
    *size = 2 + 2 * (size_t)value->size;
    char *text = bb_arena_alloc(arena, *size + 1);
    if (text != NULL) {
        text[0] = '\\';
        text[1] = 'x';
        for (size_t i = 0; i < value->size; i++) {
            text[2 + 2 * i] = digits[bytes[i] >> 4];
            text[3 + 2 * i] = digits[bytes[i] & 15];
        }
        text[*size] = '\0';
    }
    return text;
}

static char *print_vector(bb_arena *arena, const bbots_value *value, size_t *size)
{
    size_t count = value->size / sizeof(float);
    char *text = bb_arena_alloc(arena, 3 + count * CODEC_FLOAT_TEXT_MAX);
    if (text == NULL) {
        return NULL;
    }
    *size = 0;
    text[(*size)++] = '[';
    for (size_t i = 0; i < count; i++) {
        float number;
        memcpy(&number, (const uint8_t *)value->data + 4 * i, sizeof number);
        if (i > 0) {
            text[(*size)++] = ',';
        }
        *size += codec_float_print((double)number, true, text + *size);
    }
    text[(*size)++] = ']';
    text[*size] = '\0';
    return text;
}

int codec_value_print(bb_arena *arena, const bbots_column *column, const bbots_value *value,
                      unsigned style, bbots_text *text, bbots_error *error)
{
    char buffer[64];
    char *made = NULL;
    size_t size = 0;
    switch ((bbots_kind)value->kind) {
    case BBOTS_NULL:
        *text = bbots_text_of(NULL);
        return BBOTS_OK;
    case BBOTS_JSON: {
        bbots_json json = {value->data, value->size, BBOTS_JSON_PACKED};
        return codec_json_print(arena, json, text, error);
    }
    case BBOTS_TEXT:
    case BBOTS_JSONTEXT:
        size = value->size;
        made = bb_arena_copy(arena, value->data, size);
        break;
    case BBOTS_SEALED:
        size = sizeof "(sealed)" - 1;
        made = bb_arena_copy(arena, "(sealed)", size);
        break;
    case BBOTS_BYTES:
        made = print_bytes(arena, value, &size);
        break;
    case BBOTS_VECTOR:
        made = print_vector(arena, value, &size);
        break;
    default:
        size = print_scalar(column, value, style, buffer);
        made = bb_arena_copy(arena, buffer, size);
        break;
    }
    if (made == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    text->data = made;
    text->size = size;
    return BBOTS_OK;
}

const char *codec_value_show(const bbots_column *column, const bbots_value *value, char *buffer)
{
    if (value->kind == BBOTS_NULL) {
        return strcpy(buffer, "null");
    }
    if ((column->flags & (BBOTS_COLUMN_SECRET | BBOTS_COLUMN_VAULT)) != 0) {
        return strcpy(buffer, "(a secret)");
    }
    switch ((bbots_kind)value->kind) {
    case BBOTS_TEXT:
    case BBOTS_JSONTEXT:
        return bb_quote(value->data, value->size, buffer);
    case BBOTS_JSON:
        return strcpy(buffer, "(JSON)");
    case BBOTS_VECTOR:
    case BBOTS_BYTES:
    case BBOTS_SEALED:
        snprintf(buffer, BB_QUOTE_MAX, "(%u bytes)", value->size);
        return buffer;
    default:
        print_scalar(column, value, BBOTS_TIMESTAMP_POSTGRES, buffer);
        return buffer;
    }
}

/* ------------------------------------------------------------------ public */

int bbots_value_parse(const bbots_table *table, unsigned column, bbots_text text,
                      bbots_value *value, bbots_error *error)
{
    bb_error_clear(error);
    bbots_value given = bbots_value_text(text);
    bbots_type type = (bbots_type)table->columns[column].type;
    if (given.kind != BBOTS_NULL && type == BBOTS_TYPE_JSONB) {
        given.kind = BBOTS_JSONTEXT;
    }
    if (type == BBOTS_TYPE_JSONB || type == BBOTS_TYPE_VECTOR || type == BBOTS_TYPE_BYTEA) {
        *value = given;
        return BBOTS_OK;
    }
    return codec_value_store(NULL, table, column, &given, value, error);
}

int bbots_value_print(const bbots_table *table, unsigned column, const bbots_value *value,
                      bbots_timestamp_style style, char **text, size_t *size, bbots_error *error)
{
    bb_arena arena;
    bbots_text printed;
    bb_error_clear(error);
    bb_arena_init(&arena);
    *text = NULL;
    *size = 0;
    int rc = codec_value_print(&arena, &table->columns[column], value, style, &printed, error);
    if (rc == BBOTS_OK && printed.data != NULL) {
        *text = malloc(printed.size + 1);
        if (*text != NULL) {
            memcpy(*text, printed.data, printed.size);
            (*text)[printed.size] = '\0';
            *size = printed.size;
        } else {
            rc = bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
        }
    }
    bb_arena_free(&arena);
    return rc;
}
