/*
 * codec/json_reader.c - a bounds-checked reader of the few MessagePack items that we write.
 *
 *   first byte  item
 *   00..7f      integer 0 to 127                  cc cd ce cf   integer of 1 2 4 8 bytes
 *   e0..ff      integer -32 to -1                 d0 d1 d2 d3   negative of 1 2 4 8 bytes
 *   a0..bf      string of 0 to 31 bytes           d9 da db      string, length in 1 2 4 bytes
 *   90..9f      array of 0 to 15 elements         dc dd         array, count in 2 4 bytes
 *   80..8f      object of 0 to 15 members         de df         object, count in 2 4 bytes
 *   c0 c2 c3    null, false, true                 d4..d8        extension of 1 2 4 8 16 bytes
 *   c7 c8 c9    extension, length in 1 2 4 bytes  (then the type, which must be 1)
 *
 * Everything else is refused, and so is any item that has a shorter form: two spellings of one
 * value would be two values to whoever compares bytes.
 */
#include "codec/json_reader.h"

#include <assert.h>

#define DECIMAL_EXTENSION 1

codec_json_reader codec_json_reader_on(bbots_json json)
{
    static const uint8_t nothing[1] = {0};
    if (json.data == NULL || json.form != BBOTS_JSON_PACKED) {
        return (codec_json_reader){nothing, nothing};
    }
    const uint8_t *data = json.data;
    return (codec_json_reader){data, data + json.size};
}

/* Takes a big-endian number of 1, 2, 4 or 8 bytes. */
static bool take_natural(codec_json_reader *reader, unsigned width, uint64_t *natural)
{
    if ((size_t)(reader->end - reader->at) < width) {
        return false;
    }
    uint64_t sum = 0;
    for (unsigned i = 0; i < width; i++) {
        sum = sum << 8 | reader->at[i];
    }
    reader->at += width;
    *natural = sum;
    return true;
}

static bool take_text(codec_json_reader *reader, uint64_t size, bbots_text *text)
{
    if ((uint64_t)(reader->end - reader->at) < size) {
        return false;
    }
    text->data = (const char *)reader->at;
    text->size = (size_t)size;
    reader->at += size;
    return true;
}

/* tag cc to cf. The shortest form: the number does not fit half the width (or the tag itself). */
static bool take_positive(codec_json_reader *reader, uint8_t tag, codec_json_item *item)
{
    static const uint64_t least[4] = {0x80, 0x100, 0x10000, 0x100000000};
    unsigned step = tag - 0xccu;
    uint64_t natural;
    if (!take_natural(reader, 1u << step, &natural) || natural < least[step]) {
        return false;
    }
    if (natural > INT64_MAX) {
        item->type = BBOTS_JSON_NUMBER;
        item->natural = natural;
    } else {
        item->type = BBOTS_JSON_INTEGER;
        item->integer = (int64_t)natural;
    }
    return true;
}

/* tag d0 to d3. Positive numbers never take this form. */
static bool take_negative(codec_json_reader *reader, uint8_t tag, codec_json_item *item)
{
    static const int64_t most[4] = {-33, INT8_MIN - 1, INT16_MIN - 1, (int64_t)INT32_MIN - 1};
    unsigned step = tag - 0xd0u;
    unsigned unused = 64 - (8u << step);
    uint64_t natural;
    if (!take_natural(reader, 1u << step, &natural)) {
        return false;
    }
    item->type = BBOTS_JSON_INTEGER;
    item->integer = (int64_t)(natural << unused) >> unused; /* spreads the sign */
    return item->integer <= most[step];
}

/* A string whose length is in 1 << step bytes. */
static bool take_long_string(codec_json_reader *reader, unsigned step, codec_json_item *item)
{
    static const uint64_t least[3] = {32, 0x100, 0x10000};
    uint64_t size;
    item->type = BBOTS_JSON_STRING;
    return take_natural(reader, 1u << step, &size) && size >= least[step] &&
           take_text(reader, size, &item->text);
}

/* An array or object of so many elements or members. */
static bool set_container(codec_json_reader *reader, bbots_json_type type, uint64_t count,
                          codec_json_item *item)
{
    /* Each element takes a byte at least; this also keeps sums of counts small. */
    uint64_t items = type == BBOTS_JSON_OBJECT ? count * 2 : count;
    item->type = type;
    item->count = (uint32_t)count;
    return items <= (uint64_t)(reader->end - reader->at);
}

/* tags dc to df */
static bool take_long_container(codec_json_reader *reader, uint8_t tag, codec_json_item *item)
{
    bool wide = (tag & 1) != 0;
    uint64_t count;
    return take_natural(reader, wide ? 4 : 2, &count) && count >= (wide ? 0x10000u : 16u) &&
           set_container(reader, tag >= 0xde ? BBOTS_JSON_OBJECT : BBOTS_JSON_ARRAY, count, item);
}

/* tags d4 to d8 and c7 to c9 */
static bool take_decimal(codec_json_reader *reader, uint8_t tag, codec_json_item *item)
{
    static const uint64_t least[3] = {0, 0x100, 0x10000};
    uint64_t size;
    uint64_t type;
    if (tag >= 0xd4) {
        size = 1u << (tag - 0xd4u);
    } else {
        unsigned step = tag - 0xc7u;
        if (!take_natural(reader, 1u << step, &size) || size < least[step] || size == 1 ||
            size == 2 || size == 4 || size == 8 || size == 16) {
            return false;
        }
    }
    item->type = BBOTS_JSON_NUMBER;
    return take_natural(reader, 1, &type) && type == DECIMAL_EXTENSION &&
           take_text(reader, size, &item->text);
}

/* The items whose first byte is c0 or above and not all of it. */
static bool take_tagged(codec_json_reader *reader, uint8_t tag, codec_json_item *item)
{
    switch (tag) {
    case 0xc0:
        item->type = BBOTS_JSON_NULL;
        return true;
    case 0xc2:
    case 0xc3:
        item->type = BBOTS_JSON_BOOLEAN;
        item->boolean = tag == 0xc3;
        return true;
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return take_positive(reader, tag, item);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return take_negative(reader, tag, item);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return take_long_string(reader, tag - 0xd9u, item);
    case 0xdc:
    case 0xdd:
    case 0xde:
    case 0xdf:
        return take_long_container(reader, tag, item);
    case 0xc7:
    case 0xc8:
    case 0xc9:
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
        return take_decimal(reader, tag, item);
    default: /* c1 is unused, c4 to c6 are bytes, ca and cb floats */
        return false;
    }
}

static bool take_item(codec_json_reader *reader, codec_json_item *item)
{
    if (reader->at == reader->end) {
        return false;
    }
    uint8_t tag = *reader->at++;
    if (tag <= 0x7f || tag >= 0xe0) {
        item->type = BBOTS_JSON_INTEGER;
        item->integer = tag <= 0x7f ? tag : tag - 0x100;
        return true;
    }
    if (tag <= 0x8f) {
        return set_container(reader, BBOTS_JSON_OBJECT, tag & 0x0fu, item);
    }
    if (tag <= 0x9f) {
        return set_container(reader, BBOTS_JSON_ARRAY, tag & 0x0fu, item);
    }
    if (tag <= 0xbf) {
        item->type = BBOTS_JSON_STRING;
        return take_text(reader, tag & 0x1fu, &item->text);
    }
    return take_tagged(reader, tag, item);
}

bool codec_json_read(codec_json_reader *reader, codec_json_item *item)
{
    codec_json_reader ahead = *reader;
    *item = (codec_json_item){.type = BBOTS_JSON_NULL};
    if (!take_item(&ahead, item)) {
        return false;
    }
    assert(ahead.at > reader->at && ahead.at <= reader->end);
    reader->at = ahead.at;
    return true;
}

bool codec_json_skip(codec_json_reader *reader, bbots_json *value)
{
    codec_json_reader ahead = *reader;
    codec_json_item item;
    uint64_t left = 1; /* at most the square of the size: set_container() sees to it */
    while (left > 0) {
        if (!codec_json_read(&ahead, &item)) {
            return false;
        }
        left += (uint64_t)item.count * (item.type == BBOTS_JSON_OBJECT ? 2 : 1) - 1;
    }
    value->data = reader->at;
    value->size = (uint32_t)(ahead.at - reader->at);
    value->form = BBOTS_JSON_PACKED;
    reader->at = ahead.at;
    return true;
}

size_t codec_json_write_integer(const codec_json_item *item, char buffer[24])
{
    bool negative = item->type == BBOTS_JSON_INTEGER && item->integer < 0;
    uint64_t natural = negative ? 0 - item->natural : item->natural;
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + natural % 10);
        natural /= 10;
    } while (natural > 0);
    size_t size = 0;
    if (negative) {
        buffer[size++] = '-';
    }
    while (count > 0) {
        buffer[size++] = digits[--count];
    }
    return size;
}
