/*
 * bbots/json.h - JSON values: text to the packed form of the store and back, and paths into it.
 *
 * The packed form is MessagePack in the canonical shape of PostgreSQL's jsonb (manual, 8.14):
 * object keys sorted by length, then by bytes, the last of equal keys kept; integers that fit 64
 * bits as MessagePack integers; every other number as extension type 1 whose bytes are the number's
 * text in PostgreSQL's form for numeric ("0.10", "100000", never an exponent), so that no digit is
 * lost; strings as UTF-8. Equal packed bytes mean equal jsonb text.
 */
#ifndef BBOTS_JSON_H
#define BBOTS_JSON_H

#include <bbots/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How deep arrays and objects may nest. */
#define BBOTS_JSON_DEPTH_MAX 256

typedef enum bbots_json_type {
    BBOTS_JSON_NULL,
    BBOTS_JSON_BOOLEAN,
    BBOTS_JSON_INTEGER, /* fits int64_t */
    BBOTS_JSON_NUMBER,  /* any other number */
    BBOTS_JSON_STRING,
    BBOTS_JSON_ARRAY,
    BBOTS_JSON_OBJECT
} bbots_json_type;

/*
 * Packs JSON text (RFC 8259). On success *packed points to memory from malloc that the caller
 * frees.
 *
 * Returns BBOTS_OK; BBOTS_INVALID_TEXT (not JSON, or half of a surrogate pair; the message says
 * where and why); BBOTS_INVALID_ENCODING (not UTF-8); BBOTS_UNTRANSLATABLE_CHARACTER (\u0000);
 * BBOTS_NUMERIC_OUT_OF_RANGE (a number past PostgreSQL's numeric: 131072 digits before, 16383 after
 * the point); BBOTS_LIMIT_EXCEEDED (nesting, or more than 64 MiB); BBOTS_NO_MEMORY. Any thread.
 */
BBOTS_API BBOTS_CHECKED int bbots_json_pack(bbots_text text, void **packed, size_t *size,
                                            bbots_error *error);

/*
 * Writes packed JSON as text in PostgreSQL's spacing ({"a": 1, "b": [true, null]}). *text points to
 * memory from malloc, with a NUL behind it, that the caller frees.
 *
 * Returns BBOTS_OK, BBOTS_INVALID_TEXT (not a canonical packed value), BBOTS_NO_MEMORY. Any thread.
 */
BBOTS_API BBOTS_CHECKED int bbots_json_print(bbots_json json, char **text, size_t *size,
                                             bbots_error *error);

/*
 * BBOTS_OK when the bytes are one complete canonical packed value, otherwise BBOTS_INVALID_TEXT,
 * BBOTS_INVALID_ENCODING or BBOTS_LIMIT_EXCEEDED.
 */
BBOTS_API BBOTS_CHECKED int bbots_json_validate(bbots_json json);

/* The type of a valid packed value. */
BBOTS_API bbots_json_type bbots_json_type_of(bbots_json json);

/*
 * The value at a path, without copying or decoding the rest. A path is a sequence of steps:
 * ".name", "[3]", ["quoted name"]; a leading "$" is allowed: "$.steps[0].name". Negative positions
 * count from the end.
 *
 * Returns BBOTS_OK, BBOTS_NOT_FOUND, or BBOTS_SYNTAX for a path that cannot be understood.
 * The result points into json.
 */
BBOTS_API BBOTS_CHECKED int bbots_json_get(bbots_json json, const char *path, bbots_json *found);

/* The member of an object, or BBOTS_NOT_FOUND (also when json is no object). */
BBOTS_API BBOTS_CHECKED int bbots_json_member(bbots_json json, bbots_text name, bbots_json *found);

/* The number of elements of an array or members of an object; 0 for anything else. */
BBOTS_API uint32_t bbots_json_count(bbots_json json);

/*
 * Walks an array or object. Start with *position = 0; each call gives the next element (and of an
 * object the member's name; name may be NULL). Returns BBOTS_OK or BBOTS_END.
 */
BBOTS_API BBOTS_CHECKED int bbots_json_next(bbots_json json, size_t *position, bbots_text *name,
                                            bbots_json *element);

/* The scalar inside; BBOTS_WRONG_TYPE when json is of another type. Results point into json. */
BBOTS_API BBOTS_CHECKED int bbots_json_boolean(bbots_json json, bool *boolean);
BBOTS_API BBOTS_CHECKED int bbots_json_integer(bbots_json json, int64_t *integer);
BBOTS_API BBOTS_CHECKED int bbots_json_string(bbots_json json, bbots_text *string);
/* The text of an integer or number; integers are written to buffer (at least 24 bytes). */
BBOTS_API BBOTS_CHECKED int bbots_json_number(bbots_json json, char buffer[24], bbots_text *number);

#ifdef __cplusplus
}
#endif
#endif
