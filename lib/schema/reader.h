/*
 * schema/reader.h - reads MessagePack that nobody vouches for.
 *
 * msgpack-c's own unpacker reserves memory for as many elements as an array's header promises,
 * which five bytes can make 64 GiB. This reader reserves nothing before it has seen the bytes: a
 * count larger than the bytes that are left is refused, strings are copied only when they are
 * whole. It knows the types that a schema uses: maps, arrays, strings, unsigned integers, true.
 *
 * The first failure sticks: later calls return nothing, so that a caller looks once at the end.
 */
#ifndef SCHEMA_READER_H
#define SCHEMA_READER_H

#include "base/arena.h"

#include <bbots/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct schema_reader {
    bb_arena *arena;
    const uint8_t *data;
    size_t size;
    size_t position;
    const char *where;   /* the table that is being read, for messages; may be "" */
    bbots_error *error;
    int status;          /* BBOTS_OK until something fails */
} schema_reader;

/* Records a failure at the current position; keeps an earlier one. Returns the status. */
int schema_reader_fail(schema_reader *reader, const char *why);

/* The same for exhausted memory. */
int schema_reader_no_memory(schema_reader *reader);

/* Memory of the arena, zeroed, or NULL. count * size is bounded by the bytes read. */
void *schema_reader_alloc(schema_reader *reader, size_t count, size_t size);

/* The number of members of a map, of elements of an array; 0 when there is none. */
uint32_t schema_read_map(schema_reader *reader);
uint32_t schema_read_array(schema_reader *reader, uint32_t most);

/* A string without control characters (with lines: line feed and tab are let through), valid UTF-8,
 * copied with a NUL. Never NULL: "" after a failure. */
const char *schema_read_string(schema_reader *reader, bool with_lines);

uint32_t schema_read_number(schema_reader *reader);
void schema_read_true(schema_reader *reader);

/* Whether the next thing is this string, which is then read over. */
bool schema_read_word(schema_reader *reader, const char *word);

/* The same where it must be there. */
void schema_expect_word(schema_reader *reader, const char *word);

/* Where members may be missing: whether *members is not used up and the next name is this one. */
bool schema_read_member(schema_reader *reader, uint32_t *members, const char *name);

#endif
