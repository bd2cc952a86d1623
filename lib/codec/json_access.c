/*
 * codec/json_access.c - looking into a packed value without decoding it.
 *
 * Nothing is copied and nothing is allocated: results point into the value. Each function reads
 * forward over what lies before its answer, since MessagePack has no table of offsets. The names
 * of an object are sorted by length, so a search for a member ends at the first longer name.
 */
#include "codec/json_reader.h"

#include <string.h>

/* The first item; false also for nothing at all. */
static bool read_first(bbots_json json, codec_json_item *item)
{
    codec_json_reader reader = codec_json_reader_on(json);
    return codec_json_read(&reader, item);
}

bbots_json_type bbots_json_type_of(bbots_json json)
{
    codec_json_item item;
    return read_first(json, &item) ? item.type : BBOTS_JSON_NULL;
}

uint32_t bbots_json_count(bbots_json json)
{
    codec_json_item item;
    return read_first(json, &item) ? item.count : 0; /* a scalar has the count 0 */
}

int bbots_json_next(bbots_json json, size_t *position, bbots_text *name, bbots_json *element)
{
    codec_json_reader reader = codec_json_reader_on(json);
    const uint8_t *start = reader.at;
    codec_json_item head;
    codec_json_item key;
    if (!codec_json_read(&reader, &head) ||
        (head.type != BBOTS_JSON_ARRAY && head.type != BBOTS_JSON_OBJECT) ||
        *position > json.size) {
        return BBOTS_END;
    }
    if (*position > 0) { /* the offset behind the element before */
        reader.at = start + *position;
    }
    key.text = bbots_text_of(NULL);
    if (head.type == BBOTS_JSON_OBJECT && !codec_json_read(&reader, &key)) {
        return BBOTS_END;
    }
    if (!codec_json_skip(&reader, element)) {
        return BBOTS_END;
    }
    if (name != NULL) {
        *name = key.text;
    }
    *position = (size_t)(reader.at - start);
    return BBOTS_OK;
}

int bbots_json_member(bbots_json json, bbots_text name, bbots_json *found)
{
    codec_json_reader reader = codec_json_reader_on(json);
    codec_json_item head;
    codec_json_item key;
    bbots_json value;
    if (name.data == NULL || !codec_json_read(&reader, &head) || head.type != BBOTS_JSON_OBJECT) {
        return BBOTS_NOT_FOUND;
    }
    for (uint32_t i = 0; i < head.count; i++) {
        if (!codec_json_read(&reader, &key) || key.type != BBOTS_JSON_STRING ||
            key.text.size > name.size || !codec_json_skip(&reader, &value)) {
            break;
        }
        if (key.text.size == name.size && memcmp(key.text.data, name.data, name.size) == 0) {
            *found = value;
            return BBOTS_OK;
        }
    }
    return BBOTS_NOT_FOUND;
}

int bbots_json_boolean(bbots_json json, bool *boolean)
{
    codec_json_item item;
    if (!read_first(json, &item) || item.type != BBOTS_JSON_BOOLEAN) {
        return BBOTS_WRONG_TYPE;
    }
    *boolean = item.boolean;
    return BBOTS_OK;
}

int bbots_json_integer(bbots_json json, int64_t *integer)
{
    codec_json_item item;
    if (!read_first(json, &item) || item.type != BBOTS_JSON_INTEGER) {
        return BBOTS_WRONG_TYPE;
    }
    *integer = item.integer;
    return BBOTS_OK;
}

int bbots_json_string(bbots_json json, bbots_text *string)
{
    codec_json_item item;
    if (!read_first(json, &item) || item.type != BBOTS_JSON_STRING) {
        return BBOTS_WRONG_TYPE;
    }
    *string = item.text;
    return BBOTS_OK;
}

int bbots_json_number(bbots_json json, char buffer[24], bbots_text *number)
{
    codec_json_item item;
    if (!read_first(json, &item) ||
        (item.type != BBOTS_JSON_INTEGER && item.type != BBOTS_JSON_NUMBER)) {
        return BBOTS_WRONG_TYPE;
    }
    *number = item.text;
    if (item.text.data == NULL) {
        number->size = codec_json_write_integer(&item, buffer);
        number->data = buffer;
    }
    return BBOTS_OK;
}
