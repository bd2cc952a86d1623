/* reader.c - the bounds-checked MessagePack reader; see reader.h. */
#include "schema/reader.h"

#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

int schema_reader_fail(schema_reader *reader, const char *why)
{
    if (reader->status != BBOTS_OK)
        return reader->status;
    reader->status = bb_fail(reader->error, BBOTS_CORRUPTED,
                             "schema record is damaged at byte %zu%s%s: %s", reader->position,
                             *reader->where != '\0' ? ", table " : "", reader->where, why);
    reader->position = reader->size;
    return reader->status;
}

int schema_reader_no_memory(schema_reader *reader)
{
    if (reader->status == BBOTS_OK)
        reader->status = bb_fail(reader->error, BBOTS_NO_MEMORY, "no memory to read a schema");
    reader->position = reader->size;
    return reader->status;
}

void *schema_reader_alloc(schema_reader *reader, size_t count, size_t size)
{
    void *memory = reader->status == BBOTS_OK ? bb_arena_alloc(reader->arena, count * size) : NULL;
    if (memory == NULL)
        schema_reader_no_memory(reader);
    else
        memset(memory, 0, count * size);
    return memory;
}

static size_t bytes_left(const schema_reader *reader)
{
    return reader->size - reader->position;
}

/* The next byte, or 0xc1, which MessagePack never uses. */
static uint8_t peek(const schema_reader *reader)
{
    return bytes_left(reader) > 0 ? reader->data[reader->position] : 0xc1;
}

/* A big-endian number of 1, 2 or 4 bytes behind the type byte; 0 when it is cut off. */
static uint32_t take_number(schema_reader *reader, unsigned bytes)
{
    uint32_t number = 0;
    if (bytes_left(reader) < 1U + bytes) {
        schema_reader_fail(reader, "it is cut off");
        return 0;
    }
    reader->position++;
    for (unsigned i = 0; i < bytes; i++)
        number = number << 8 | reader->data[reader->position++];
    return number;
}

/* The number in a header: inside the type byte when `fixed` matches it, or behind one of the wider
 * type bytes. A width of 0 ends the list. */
typedef struct header {
    uint8_t fixed;
    uint8_t fixed_mask;
    struct {
        uint8_t type;
        uint8_t bytes;
    } wide[4];
} header;

static uint32_t take_header(schema_reader *reader, const header *form, const char *why)
{
    uint8_t type = peek(reader);
    if ((type & form->fixed_mask) == form->fixed)
        return take_number(reader, 0) | (uint32_t)(type & (uint8_t)~form->fixed_mask);
    for (unsigned i = 0; i < 4 && form->wide[i].bytes != 0; i++) {
        if (type == form->wide[i].type)
            return take_number(reader, form->wide[i].bytes);
    }
    schema_reader_fail(reader, why);
    return 0;
}

static const header map_header = {0x80, 0xf0, {{0xde, 2}, {0xdf, 4}}};
static const header array_header = {0x90, 0xf0, {{0xdc, 2}, {0xdd, 4}}};
static const header string_header = {0xa0, 0xe0, {{0xd9, 1}, {0xda, 2}, {0xdb, 4}}};
static const header number_header = {0x00, 0x80, {{0xcc, 1}, {0xcd, 2}, {0xce, 4}}};

/* Every element has at least one byte, so that no count is larger than what is left. */
static uint32_t take_count(schema_reader *reader, const header *form, uint32_t most,
                           const char *why)
{
    uint32_t count = take_header(reader, form, why);
    if (count > bytes_left(reader) || count > most) {
        schema_reader_fail(reader, "a count is too large");
        return 0;
    }
    return count;
}

uint32_t schema_read_map(schema_reader *reader)
{
    return take_count(reader, &map_header, UINT32_MAX, "a map is missing");
}

uint32_t schema_read_array(schema_reader *reader, uint32_t most)
{
    return take_count(reader, &array_header, most, "an array is missing");
}

static bool printable(const char *string, size_t size, bool with_lines)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)string[i];
        if (byte < 0x20 || byte == 0x7f) {
            if (!with_lines || (byte != '\n' && byte != '\t'))
                return false;
        }
    }
    return true;
}

const char *schema_read_string(schema_reader *reader, bool with_lines)
{
    uint32_t size = take_header(reader, &string_header, "a string is missing");
    if (size > bytes_left(reader)) {
        schema_reader_fail(reader, "a string is cut off");
        return "";
    }
    const char *start = (const char *)reader->data + reader->position;
    if (!bb_utf8_valid(start, size) || !printable(start, size, with_lines))
        schema_reader_fail(reader, "a string is no printable UTF-8");
    if (reader->status != BBOTS_OK)
        return "";
    reader->position += size;
    const char *copy = bb_arena_copy(reader->arena, start, size);
    if (copy == NULL)
        schema_reader_no_memory(reader);
    return copy != NULL ? copy : "";
}

uint32_t schema_read_number(schema_reader *reader)
{
    return take_header(reader, &number_header, "a number is missing");
}

void schema_read_true(schema_reader *reader)
{
    if (peek(reader) != 0xc3)
        schema_reader_fail(reader, "\"true\" is missing");
    else
        reader->position++;
}

bool schema_read_word(schema_reader *reader, const char *word)
{
    size_t start = reader->position;
    if (reader->status != BBOTS_OK || (peek(reader) & 0xe0) != 0xa0)
        return false; /* all our words are shorter than 32 bytes */
    size_t size = take_header(reader, &string_header, "");
    if (size == strlen(word) && size <= bytes_left(reader) &&
        memcmp(reader->data + reader->position, word, size) == 0) {
        reader->position += size;
        return true;
    }
    reader->position = start;
    return false;
}

void schema_expect_word(schema_reader *reader, const char *word)
{
    if (!schema_read_word(reader, word))
        schema_reader_fail(reader, "a member is missing, unknown or out of order");
}

bool schema_read_member(schema_reader *reader, uint32_t *members, const char *name)
{
    if (*members == 0 || !schema_read_word(reader, name))
        return false;
    (*members)--;
    return true;
}
