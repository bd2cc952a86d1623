/*
 * codec/json_validate.c - is it a packed value, complete and in the one canonical spelling?
 *
 * The reader already refuses what is malformed or longer than needed. Left to check are: names
 * sorted and unique, UTF-8, the spelling of decimals, the depth, and that nothing follows. When
 * all holds, packing the printed text gives the same bytes again, so bytes can stand for values.
 * Recursion is bounded by BBOTS_JSON_DEPTH_MAX.
 */
#include "codec/json_reader.h"
#include "codec/json_tree.h"

#include "base/utf8.h"

#include <string.h>

static int check_value(codec_json_reader *reader, unsigned depth);

/* A member's name, which must come after the one before it (data NULL: there is none). */
static int check_name(codec_json_reader *reader, bbots_text *before)
{
    codec_json_item item;
    if (!codec_json_read(reader, &item) || item.type != BBOTS_JSON_STRING) {
        return BBOTS_INVALID_TEXT;
    }
    bbots_text name = item.text;
    if (!bb_utf8_valid(name.data, name.size)) {
        return BBOTS_INVALID_ENCODING;
    }
    if (before->data != NULL) {
        bool longer = name.size > before->size;
        bool same_size = name.size == before->size;
        if (!longer && !(same_size && memcmp(name.data, before->data, name.size) > 0)) {
            return BBOTS_INVALID_TEXT;
        }
    }
    *before = name;
    return BBOTS_OK;
}

static int check_elements(codec_json_reader *reader, const codec_json_item *container,
                          unsigned depth)
{
    bbots_text name = {NULL, 0};
    for (uint32_t i = 0; i < container->count; i++) {
        int status = BBOTS_OK;
        if (container->type == BBOTS_JSON_OBJECT) {
            status = check_name(reader, &name);
        }
        if (status == BBOTS_OK) {
            status = check_value(reader, depth);
        }
        if (status != BBOTS_OK) {
            return status;
        }
    }
    return BBOTS_OK;
}

/* depth counts the arrays and objects around the value. */
static int check_value(codec_json_reader *reader, unsigned depth)
{
    codec_json_item item;
    if (!codec_json_read(reader, &item)) {
        return BBOTS_INVALID_TEXT;
    }
    switch (item.type) {
    case BBOTS_JSON_STRING:
        return bb_utf8_valid(item.text.data, item.text.size) ? BBOTS_OK : BBOTS_INVALID_ENCODING;
    case BBOTS_JSON_NUMBER:
        return item.text.data == NULL || codec_json_decimal_valid(item.text.data, item.text.size)
                   ? BBOTS_OK
                   : BBOTS_INVALID_TEXT;
    case BBOTS_JSON_ARRAY:
    case BBOTS_JSON_OBJECT:
        return depth < BBOTS_JSON_DEPTH_MAX ? check_elements(reader, &item, depth + 1)
                                            : BBOTS_LIMIT_EXCEEDED;
    case BBOTS_JSON_NULL:
    case BBOTS_JSON_BOOLEAN:
    case BBOTS_JSON_INTEGER:
        return BBOTS_OK;
    }
    return BBOTS_INVALID_TEXT;
}

int bbots_json_validate(bbots_json json)
{
    if (json.size > CODEC_JSON_SIZE_MAX) {
        return BBOTS_LIMIT_EXCEEDED;
    }
    codec_json_reader reader = codec_json_reader_on(json);
    int status = check_value(&reader, 0);
    if (status == BBOTS_OK && reader.at != reader.end) {
        return BBOTS_INVALID_TEXT;
    }
    return status;
}
