/*
 * codec/json_text.c - the packed form as text, spelled as PostgreSQL spells jsonb.
 *
 * One blank after a colon and after a comma; \b \f \n \r \t \" \\ by name, other control
 * characters as \u00xx with lower-case digits, everything else as it is, also DEL and "/". The
 * same code counts first and then writes, so that the text lands in memory of exactly its size.
 * The value has been validated, so recursion is bounded and every read succeeds.
 */
#include "codec/json_text.h"

#include "codec/json_reader.h"

#include <assert.h>
#include <string.h>

/* Where the text goes; at is NULL while it is only counted. */
typedef struct output {
    char *at;
    size_t size;
} output;

static void append(output *out, const char *data, size_t size)
{
    if (out->at != NULL && size > 0) {
        memcpy(out->at + out->size, data, size);
    }
    out->size += size;
}

/* The letter of a two-character escape, or 0. */
static char short_escape(char character)
{
    switch (character) {
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '"':
    case '\\':
        return character;
    default:
        return 0;
    }
}

static void append_escape(output *out, char character)
{
    static const char digits[] = "0123456789abcdef";
    char letter = short_escape(character);
    if (letter != 0) {
        char escape[2] = {'\\', letter};
        append(out, escape, sizeof escape);
    } else {
        char escape[6] = {'\\', 'u', '0', '0', digits[character >> 4], digits[character & 15]};
        append(out, escape, sizeof escape);
    }
}

/* Runs without escapes are copied whole. */
static void append_string(output *out, bbots_text string)
{
    append(out, "\"", 1);
    size_t run = 0;
    for (size_t i = 0; i < string.size; i++) {
        char character = string.data[i];
        if ((unsigned char)character >= ' ' && character != '"' && character != '\\') {
            continue;
        }
        append(out, string.data + run, i - run);
        append_escape(out, character);
        run = i + 1;
    }
    append(out, string.data + run, string.size - run);
    append(out, "\"", 1);
}

static void append_value(output *out, codec_json_reader *reader);

static void append_elements(output *out, codec_json_reader *reader,
                            const codec_json_item *container)
{
    bool object = container->type == BBOTS_JSON_OBJECT;
    append(out, object ? "{" : "[", 1);
    for (uint32_t i = 0; i < container->count; i++) {
        if (i > 0) {
            append(out, ", ", 2);
        }
        if (object) {
            append_value(out, reader);
            append(out, ": ", 2);
        }
        append_value(out, reader);
    }
    append(out, object ? "}" : "]", 1);
}

static void append_value(output *out, codec_json_reader *reader)
{
    codec_json_item item;
    char digits[24];
    bool read = codec_json_read(reader, &item);
    assert(read);
    (void)read; /* an unread item is a null */
    switch (item.type) {
    case BBOTS_JSON_NULL:
        append(out, "null", 4);
        break;
    case BBOTS_JSON_BOOLEAN:
        append(out, item.boolean ? "true" : "false", item.boolean ? 4 : 5);
        break;
    case BBOTS_JSON_INTEGER:
        append(out, digits, codec_json_write_integer(&item, digits));
        break;
    case BBOTS_JSON_NUMBER:
        if (item.text.data != NULL) {
            append(out, item.text.data, item.text.size);
        } else {
            append(out, digits, codec_json_write_integer(&item, digits));
        }
        break;
    case BBOTS_JSON_STRING:
        append_string(out, item.text);
        break;
    case BBOTS_JSON_ARRAY:
    case BBOTS_JSON_OBJECT:
        append_elements(out, reader, &item);
        break;
    }
}

size_t codec_json_text_size(bbots_json json)
{
    codec_json_reader reader = codec_json_reader_on(json);
    output out = {NULL, 0};
    append_value(&out, &reader);
    return out.size;
}

void codec_json_write_text(bbots_json json, char *text, size_t size)
{
    codec_json_reader reader = codec_json_reader_on(json);
    output out = {text, 0};
    append_value(&out, &reader);
    assert(out.size == size);
    (void)size;
}
