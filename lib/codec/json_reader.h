/*
 * codec/json_reader.h - the packed form, one item at a time, in place.
 *
 * The reader is strict: an item that the packer would not have written (a float, a map with a
 * longer count than needed, bytes past the end) is no item. On any bytes at all it stays inside
 * them and moves forward, so every walk over it ends.
 */
#ifndef CODEC_JSON_READER_H
#define CODEC_JSON_READER_H

#include <bbots/json.h>

typedef struct codec_json_reader {
    const uint8_t *at;
    const uint8_t *end;
} codec_json_reader;

/* A scalar, or the head of an array or object whose elements follow. */
typedef struct codec_json_item {
    bbots_json_type type;
    uint32_t count; /* elements of an array, members of an object */
    union {
        bool boolean;
        int64_t integer;
        uint64_t natural; /* a NUMBER without text: an integer above INT64_MAX */
    };
    bbots_text text; /* a STRING's bytes, or a NUMBER's */
} codec_json_item;

/* Over a packed value; empty when json is NULL or text. */
codec_json_reader codec_json_reader_on(bbots_json json);

/* The next item; false when the bytes hold none, and the reader then stays where it is. */
bool codec_json_read(codec_json_reader *reader, codec_json_item *item);

/* Reads a whole value with all that is in it. *value are its bytes. */
bool codec_json_skip(codec_json_reader *reader, bbots_json *value);

/* Writes an integer in decimal digits; returns its length, at most 20. */
size_t codec_json_write_integer(const codec_json_item *item, char buffer[24]);

#endif
