/*
 * table/live_block.c - the value of one block: a checksum, then two lists.
 *
 *     4 bytes   checksum: the low 32 bits of the XXH3-128 of what follows, seeded by the key's
 *               XXH3-64
 *     varint    number of groups; for each: size of its key and the key (when the aggregate is
 *               split), number of rows, all sums
 *     varint    number of finer buckets (when the level has finer ones); for each: its number in
 *               the block, number of rows, the fine sums
 *
 * A varint has seven bits a byte, low ones first, the eighth says that more follow. A sum is a
 * 128-bit integer, its sign folded into the lowest bit: 0, -1, 1, -2 are written as 0, 1, 2, 3.
 */
#include "table/live.h"

#include "base/bytes.h"

#include <stdlib.h>

#define CHECKSUM   4
#define VARINT_MAX 19 /* bytes of 128 bits */

static uint32_t checksum(store_bytes key, const uint8_t *data, size_t size)
{
    return (uint32_t)bb_hash128(data, size, bb_hash64(key.data, key.size)).low;
}

/* ------------------------------------------------------------------ a block in hand */

void live_block_begin(live_block *block, const bbots_live *live)
{
    memset(block, 0, sizeof *block);
    block->groups.sums = live->sum_count;
    block->finer.sums = live->fine_count;
}

void live_block_free(live_block *block)
{
    free(block->groups.items);
    free(block->finer.items);
    free(block->out);
}

void live_block_clear(live_block *block)
{
    block->groups.count = 0;
    block->finer.count = 0;
    block->damaged = false;
}

/* A new line at a place of a list. */
static live_item *insert_item(live_list *list, size_t place)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : list->room * 2;
        live_item *moved = realloc(list->items, room * sizeof *moved);
        if (moved == NULL) {
            return NULL;
        }
        list->items = moved;
        list->room = room;
    }
    live_item *item = &list->items[place];
    memmove(item + 1, item, (list->count - place) * sizeof *item);
    memset(item, 0, offsetof(live_item, sums) + list->sums * sizeof *item->sums);
    list->count++;
    return item;
}

static int compare_bytes(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    size_t common = a_size < b_size ? a_size : b_size;
    int order = common != 0 ? memcmp(a, b, common) : 0;
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

/* Reads the numbers of a line that is to change. */
static live_item *opened(live_block *block, live_item *item, unsigned sums);

live_item *live_block_group(live_block *block, const uint8_t *key, size_t size)
{
    size_t low = 0;
    size_t high = block->groups.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        live_item *item = &block->groups.items[middle];
        int order = compare_bytes(item->key, item->size, key, size);
        if (order == 0) {
            return opened(block, item, block->groups.sums);
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    live_item *made = insert_item(&block->groups, low);
    if (made != NULL) {
        made->key = key;
        made->size = size;
    }
    return made;
}

live_item *live_block_finer(live_block *block, int64_t bucket)
{
    size_t place = block->finer.count;
    while (place > 0 && block->finer.items[place - 1].bucket > bucket) {
        place--;
    }
    if (place > 0 && block->finer.items[place - 1].bucket == bucket) {
        return opened(block, &block->finer.items[place - 1], block->finer.sums);
    }
    live_item *made = insert_item(&block->finer, place);
    if (made != NULL) {
        made->bucket = bucket;
    }
    return made;
}

/* ------------------------------------------------------------------ writing */

static uint8_t *put_varint(uint8_t *out, live_magnitude number)
{
    while (number >= 128) {
        *out++ = (uint8_t)(number | 128);
        number >>= 7;
    }
    *out++ = (uint8_t)number;
    return out;
}

static uint8_t *put_sum(uint8_t *out, live_number sum)
{
    live_magnitude folded = (live_magnitude)sum << 1 ^ (sum < 0 ? ~(live_magnitude)0 : 0);
    uint64_t small = (uint64_t)folded;
    if (folded >> 64 != 0) {
        return put_varint(out, folded);
    }
    while (small >= 128) { /* the common case, in one word */
        *out++ = (uint8_t)(small | 128);
        small >>= 7;
    }
    *out++ = (uint8_t)small;
    return out;
}

static uint8_t *put_line(uint8_t *out, const live_item *item, unsigned sums)
{
    if (item->stored != NULL) {
        memcpy(out, item->stored, item->stored_size);
        return out + item->stored_size;
    }
    out = put_sum(out, item->count);
    for (unsigned i = 0; i < sums; i++) {
        out = put_sum(out, item->sums[i]);
    }
    return out;
}

/* Without rows there are no sums, and never fewer rows than none. */
static bool is_sound(const live_item *item, unsigned sums)
{
    bool zero = true;
    for (unsigned s = 0; s < sums; s++) {
        zero = zero && item->sums[s] == 0;
    }
    return item->count > 0 || (item->count == 0 && zero);
}

/* Takes out the lines that no row is left in. False: one has a sum all the same. */
static bool drop_empty(live_list *list, unsigned sums)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        const live_item *item = &list->items[i];
        if (item->stored == NULL && !is_sound(item, sums)) {
            return false;
        }
        if (item->stored != NULL || item->count != 0) {
            if (kept != i) {
                live_item_copy(&list->items[kept], item, sums);
            }
            kept++;
        }
    }
    list->count = kept;
    return true;
}

static size_t size_most(const live_block *block, const bbots_live *live)
{
    size_t line = (live->sum_count + 3u) * VARINT_MAX;
    size_t size = CHECKSUM + 2 * VARINT_MAX + (block->groups.count + block->finer.count) * line;
    for (size_t i = 0; i < block->groups.count; i++) {
        size += block->groups.items[i].size;
    }
    return size;
}

static bool make_room(live_block *block, size_t size)
{
    if (block->out_room < size) {
        free(block->out);
        block->out = malloc(2 * size);
        block->out_room = block->out != NULL ? 2 * size : 0;
    }
    return block->out_room >= size;
}

int live_block_encode(const bbots_live *live, live_block *block, store_bytes key,
                      bbots_error *error)
{
    bool whole =
        drop_empty(&block->groups, live->sum_count) && drop_empty(&block->finer, live->fine_count);
    if (!whole || block->damaged || (block->groups.count == 0 && block->finer.count != 0)) {
        return bb_fail(error, BBOTS_CORRUPTED,
                       "live aggregate \"%s\" has parted from its rows: build it anew", live->name);
    }
    block->out_size = 0;
    if (block->groups.count == 0) {
        return BBOTS_OK;
    }
    if (!make_room(block, size_most(block, live))) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    uint8_t *out = put_varint(block->out + CHECKSUM, block->groups.count);
    for (size_t i = 0; i < block->groups.count; i++) {
        const live_item *item = &block->groups.items[i];
        if (live->split_count != 0) {
            out = put_varint(out, item->size);
            memcpy(out, item->key, item->size);
            out += item->size;
        }
        out = put_line(out, item, live->sum_count);
    }
    if (live->unit_count > 1) {
        out = put_varint(out, block->finer.count);
        for (size_t i = 0; i < block->finer.count; i++) {
            out = put_varint(out, (live_magnitude)block->finer.items[i].bucket);
            out = put_line(out, &block->finer.items[i], live->fine_count);
        }
    }
    block->out_size = (size_t)(out - block->out);
    bb_store32(block->out, checksum(key, block->out + CHECKSUM, block->out_size - CHECKSUM));
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ reading */

static live_magnitude get_wide(live_reader *reader)
{
    live_magnitude number = 0;
    for (unsigned shift = 0; shift < 7 * VARINT_MAX && reader->at < reader->end; shift += 7) {
        uint8_t byte = *reader->at++;
        number |= (live_magnitude)(byte & 127) << shift;
        if (byte < 128) {
            return number;
        }
    }
    reader->damaged = true;
    return 0;
}

/* The common case, in one word; nine bytes have 63 bits. 0 when it is wide. */
static inline uint64_t get_varint(live_reader *reader, bool *wide)
{
    const uint8_t *at = reader->at;
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 63 && at < reader->end; shift += 7) {
        uint8_t byte = *at++;
        number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            reader->at = at;
            *wide = false;
            return number;
        }
    }
    *wide = true;
    return 0;
}

static live_number unfold(live_magnitude folded)
{
    return (live_number)(folded >> 1 ^ (0 - (folded & 1)));
}

static inline live_number get_sum(live_reader *reader)
{
    bool wide;
    uint64_t folded = get_varint(reader, &wide);
    if (wide) {
        return unfold(get_wide(reader));
    }
    return (int64_t)(folded >> 1 ^ (0 - (folded & 1)));
}

static uint64_t get_number(live_reader *reader)
{
    bool wide;
    uint64_t number = get_varint(reader, &wide);
    if (wide) {
        reader->damaged = true;
    }
    return number;
}

bool live_reader_open(live_reader *reader, const bbots_live *live, store_bytes key,
                      store_bytes value)
{
    *reader = (live_reader){.live = live};
    if (value.size <= CHECKSUM ||
        bb_load32(value.data) !=
            checksum(key, (const uint8_t *)value.data + CHECKSUM, value.size - CHECKSUM)) {
        reader->damaged = true;
        return false;
    }
    reader->at = (const uint8_t *)value.data + CHECKSUM;
    reader->end = (const uint8_t *)value.data + value.size;
    reader->groups = get_number(reader);
    return !reader->damaged;
}

static bool get_line(live_reader *reader, live_item *item, unsigned sums)
{
    item->count = (int64_t)get_sum(reader);
    for (unsigned i = 0; i < sums; i++) {
        item->sums[i] = get_sum(reader);
    }
    return !reader->damaged;
}

/* Passes over so many numbers, a word at a time: each ends with the first byte below 128. */
static void skip_numbers(live_reader *reader, unsigned count)
{
    const uint8_t *at = reader->at;
    while (count != 0 && reader->end - at >= 8) {
        uint64_t ends = ~bb_load64(at) & UINT64_C(0x8080808080808080);
        unsigned found = (unsigned)((ends >> 7) * UINT64_C(0x0101010101010101) >> 56);
        if (found < count) {
            count -= found;
            at += 8;
            continue;
        }
        for (; count > 1; count--) {
            ends &= ends - 1;
        }
        at += __builtin_ctzll(ends) / 8 + 1;
        count = 0;
    }
    while (count != 0 && at < reader->end) {
        count -= *at++ < 128;
    }
    reader->at = at;
    if (count != 0) {
        reader->damaged = true;
    }
}

/* The split's key of the next group. */
static bool get_key(live_reader *reader, live_item *item)
{
    item->key = (const uint8_t *)"";
    item->size = 0;
    if (reader->live->split_count != 0) {
        uint64_t size = get_number(reader);
        if (size > (size_t)(reader->end - reader->at)) {
            reader->damaged = true;
            return false;
        }
        item->key = reader->at;
        item->size = (size_t)size;
        reader->at += size;
    }
    return true;
}

/* One group less is left; behind the last stands how many finer buckets there are. */
static void end_group(live_reader *reader)
{
    reader->groups--;
    if (!reader->damaged && reader->groups == 0 && reader->live->unit_count > 1) {
        reader->finer = get_number(reader);
    }
}

bool live_reader_group(live_reader *reader, live_item *item)
{
    if (reader->damaged || reader->groups == 0 || !get_key(reader, item)) {
        return false;
    }
    bool fine = get_line(reader, item, reader->live->sum_count);
    end_group(reader);
    return fine;
}

static void skip_groups(live_reader *reader)
{
    live_item unused;
    while (!reader->damaged && reader->groups != 0 && get_key(reader, &unused)) {
        skip_numbers(reader, reader->live->sum_count + 1u);
        end_group(reader);
    }
}

void live_reader_pass(live_reader *reader, int64_t low)
{
    skip_groups(reader);
    while (!reader->damaged && reader->finer != 0) {
        const uint8_t *line = reader->at;
        if ((int64_t)get_number(reader) >= low) {
            reader->at = line;
            return;
        }
        skip_numbers(reader, reader->live->fine_count + 1u);
        reader->finer--;
    }
}

bool live_reader_finer(live_reader *reader, live_item *item)
{
    skip_groups(reader);
    if (reader->damaged || reader->finer == 0) {
        return false;
    }
    reader->finer--;
    item->key = NULL;
    item->size = 0;
    item->bucket = (int64_t)get_number(reader);
    return get_line(reader, item, reader->live->fine_count);
}

/* ------------------------------------------------------------------ taking a value in hand */

static live_item *opened(live_block *block, live_item *item, unsigned sums)
{
    if (item->stored != NULL) {
        live_reader line = {.at = item->stored, .end = item->stored + item->stored_size};
        if (!get_line(&line, item, sums)) {
            block->damaged = true;
        }
        item->stored = NULL;
    }
    return item;
}

/* Adds a line at the end of a list and passes over its numbers. */
static bool load_line(live_reader *reader, live_list *list, const live_item *item)
{
    live_item *made = insert_item(list, list->count);
    if (made != NULL) {
        made->key = item->key;
        made->size = item->size;
        made->bucket = item->bucket;
        made->stored = reader->at;
        skip_numbers(reader, list->sums + 1u);
        made->stored_size = (size_t)(reader->at - made->stored);
    }
    return made != NULL;
}

bool live_block_load(live_block *block, const bbots_live *live, store_bytes key, store_bytes value,
                     bool *no_memory)
{
    live_reader reader;
    live_item item = {.key = NULL};
    bool fine = true;
    (void)live_reader_open(&reader, live, key, value);
    while (fine && !reader.damaged && reader.groups != 0 && get_key(&reader, &item)) {
        fine = load_line(&reader, &block->groups, &item);
        end_group(&reader);
    }
    item = (live_item){.key = NULL};
    for (; fine && !reader.damaged && reader.finer != 0; reader.finer--) {
        item.bucket = (int64_t)get_number(&reader);
        fine = load_line(&reader, &block->finer, &item);
    }
    *no_memory = !fine;
    return fine && live_reader_whole(&reader);
}

/* ------------------------------------------------------------------ the end */

bool live_reader_whole(const live_reader *reader)
{
    return !reader->damaged && reader->groups == 0 && reader->finer == 0 &&
           reader->at == reader->end;
}

int live_damaged(const engine_table *table, const bbots_live *live, bbots_error *error)
{
    return bb_fail_at(error, BBOTS_CORRUPTED, table->table->name, NULL, NULL,
                      "live aggregate \"%s\" of table \"%s\" is damaged: build it anew", live->name,
                      table->table->name);
}
