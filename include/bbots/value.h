/*
 * bbots/value.h - one value of one column, and the types that typed rows are made of.
 *
 * A bbots_value is a small tagged union that is passed and copied freely. It never owns memory:
 * text, JSON, bytes and vectors point to memory of the caller (on the way in: needed until the
 * call returns) or into the store (on the way out: valid until the transaction ends, and in a
 * write transaction until its next write).
 */
#ifndef BBOTS_VALUE_H
#define BBOTS_VALUE_H

#include <bbots/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of UTF-8 without a terminating zero. data == NULL stands for SQL NULL. */
typedef struct bbots_text {
    const char *data;
    size_t size;
} bbots_text;

/*
 * A JSON value. form says what data holds: JSON text (on the way in), or the packed form in which
 * the store keeps jsonb (on the way out; also accepted on the way in). See bbots/json.h.
 */
typedef enum bbots_json_form { BBOTS_JSON_PACKED = 0, BBOTS_JSON_TEXT = 1 } bbots_json_form;

typedef struct bbots_json {
    const void *data; /* NULL stands for SQL NULL (JSON null is a value) */
    uint32_t size;    /* bytes */
    uint32_t form;    /* enum bbots_json_form */
} bbots_json;

/* 16 bytes in the order in which the text form writes them (RFC 9562). */
typedef struct bbots_uuid {
    uint8_t bytes[16];
} bbots_uuid;

/* Little-endian IEEE 754 single precision numbers, not aligned: copy them out with memcpy. */
typedef struct bbots_vector {
    const void *data; /* NULL stands for SQL NULL */
    uint32_t count;   /* numbers, not bytes */
} bbots_vector;

/* Raw bytes (bytea). */
typedef struct bbots_bytes {
    const void *data; /* NULL stands for SQL NULL */
    size_t size;
} bbots_bytes;

/* Microseconds since 1970-01-01 00:00:00 UTC. See bbots/timestamp.h for infinity and text. */
typedef int64_t bbots_timestamp;

/* What a bbots_value holds. */
typedef enum bbots_kind {
    BBOTS_NULL = 0,
    BBOTS_BOOLEAN,   /* .boolean */
    BBOTS_INTEGER,   /* .integer: smallint, integer, bigint and their serials */
    BBOTS_DECIMAL,   /* .integer: the number times 10 to the power of .scale */
    BBOTS_FLOAT,     /* .real: real and double precision */
    BBOTS_TEXT,      /* .data, .size: UTF-8; for any other column's type it is parsed like a
                        quoted literal of PostgreSQL */
    BBOTS_TIMESTAMP, /* .integer: bbots_timestamp */
    BBOTS_UUID,      /* .uuid */
    BBOTS_JSON,      /* .data, .size: packed JSON */
    BBOTS_JSONTEXT,  /* .data, .size: JSON text (on the way in only) */
    BBOTS_VECTOR,    /* .data, .size in bytes */
    BBOTS_BYTES,     /* .data, .size */
    BBOTS_SEALED     /* .data, .size: of a secret column that could not be opened, as it is stored
                        (docs/format.md, "Sealed values"); see bbots/secret.h */
} bbots_kind;

typedef struct bbots_value {
    uint8_t kind;  /* enum bbots_kind */
    uint8_t scale; /* of a decimal: digits after the point, 0 to 18 */
    uint32_t size; /* of .data, in bytes */
    union {
        bool boolean;
        int64_t integer;
        double real;
        const void *data;
        bbots_uuid uuid;
    };
} bbots_value;

/* Text from a C string; NULL gives SQL NULL. */
static inline bbots_text bbots_text_of(const char *string)
{
    bbots_text text = {string, string != NULL ? strlen(string) : 0};
    return text;
}

/* JSON from a C string of JSON text; NULL gives SQL NULL. */
static inline bbots_json bbots_json_of(const char *string)
{
    bbots_json json = {string, string != NULL ? (uint32_t)strlen(string) : 0, BBOTS_JSON_TEXT};
    return json;
}

/*
 * Field by field: a struct that is cleared as a whole and then filled in parts lies in memory first, and a
 * processor waits for those parts before it can copy them together.
 */
static inline bbots_value bbots_value_null(void)
{
    bbots_value value;
    value.kind = BBOTS_NULL;
    value.scale = 0;
    value.size = 0;
    value.integer = 0;
    return value;
}

static inline bbots_value bbots_value_boolean(bool boolean)
{
    bbots_value value = bbots_value_null();
    value.kind = BBOTS_BOOLEAN;
    value.integer = boolean; /* of which .boolean is the first byte */
    return value;
}

static inline bbots_value bbots_value_integer(int64_t integer)
{
    bbots_value value = bbots_value_null();
    value.kind = BBOTS_INTEGER;
    value.integer = integer;
    return value;
}

/* scaled / 10^scale: 12.34 is (1234, 2). */
static inline bbots_value bbots_value_decimal(int64_t scaled, unsigned scale)
{
    bbots_value value = bbots_value_null();
    value.kind = BBOTS_DECIMAL;
    value.scale = (uint8_t)scale;
    value.integer = scaled;
    return value;
}

static inline bbots_value bbots_value_float(double real)
{
    bbots_value value = bbots_value_null();
    value.kind = BBOTS_FLOAT;
    value.real = real;
    return value;
}

static inline bbots_value bbots_value_timestamp(bbots_timestamp microseconds)
{
    bbots_value value = bbots_value_null();
    value.kind = BBOTS_TIMESTAMP;
    value.integer = microseconds;
    return value;
}

static inline bbots_value bbots_value_uuid(bbots_uuid uuid)
{
    bbots_value value = bbots_value_null();
    value.kind = BBOTS_UUID;
    value.uuid = uuid;
    return value;
}

/* data == NULL gives SQL NULL. */
static inline bbots_value bbots_value_of_bytes(bbots_kind kind, const void *data, size_t size)
{
    bbots_value value = bbots_value_null();
    if (data != NULL) {
        value.kind = (uint8_t)kind;
        value.size = (uint32_t)size;
        value.data = data;
    }
    return value;
}

static inline bbots_value bbots_value_text(bbots_text text)
{
    return bbots_value_of_bytes(BBOTS_TEXT, text.data, text.size);
}

/* The same from a C string; NULL gives SQL NULL. */
static inline bbots_value bbots_value_string(const char *string)
{
    return bbots_value_text(bbots_text_of(string));
}

static inline bbots_value bbots_value_json(bbots_json json)
{
    return bbots_value_of_bytes(json.form == BBOTS_JSON_TEXT ? BBOTS_JSONTEXT : BBOTS_JSON,
                                json.data, json.size);
}

#ifdef __cplusplus
}
#endif
#endif
