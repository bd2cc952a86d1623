/*
 * table/live_key.c - keys of live aggregates: values as bytes that can be read back, and times as
 * numbers of units.
 *
 * The keys of lib/codec cannot serve: a long one is cut there, and a group has to be told by name.
 */
#include "table/live.h"

#include "base/bytes.h"
#include "base/calendar.h"

#include <bbots/timestamp.h>

/* ------------------------------------------------------------------ buckets */

#define MINUTE (60 * BB_SECOND_MICROSECONDS)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static int64_t floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

int64_t live_bucket(bbots_timestamp time, bbots_time_unit unit)
{
    bbots_calendar calendar;
    switch (unit) {
    case BBOTS_TIME_MINUTE:
        return floor_divide(time, MINUTE);
    case BBOTS_TIME_HOUR:
        return floor_divide(time, HOUR);
    case BBOTS_TIME_DAY:
        return floor_divide(time, DAY);
    default:
        bbots_timestamp_split(time, &calendar);
        return unit == BBOTS_TIME_MONTH ? ((int64_t)calendar.year - 1970) * 12 + calendar.month - 1
                                        : (int64_t)calendar.year - 1970;
    }
}

bbots_timestamp live_bucket_start(int64_t bucket, bbots_time_unit unit)
{
    int64_t length = unit == BBOTS_TIME_MINUTE ? MINUTE : unit == BBOTS_TIME_HOUR ? HOUR : DAY;
    int64_t number = bucket;
    if (unit == BBOTS_TIME_MONTH || unit == BBOTS_TIME_YEAR) {
        int64_t year = 1970 + (unit == BBOTS_TIME_YEAR ? bucket : floor_divide(bucket, 12));
        int64_t month = unit == BBOTS_TIME_YEAR ? 1 : bucket - floor_divide(bucket, 12) * 12 + 1;
        if (year < BB_YEAR_MIN || year > BB_YEAR_MAX) {
            return year < 0 ? BBOTS_TIMESTAMP_MIN : BBOTS_TIMESTAMP_MAX;
        }
        number = bb_calendar_day(year, month, 1);
    }
    bbots_timestamp start;
    if (__builtin_mul_overflow(number, length, &start) || start > BBOTS_TIMESTAMP_MAX ||
        start < BBOTS_TIMESTAMP_MIN) {
        return number < 0 ? BBOTS_TIMESTAMP_MIN : BBOTS_TIMESTAMP_MAX;
    }
    return start;
}

void live_put_bucket(uint8_t out[LIVE_BUCKET], int64_t bucket)
{
    uint8_t bytes[8];
    bb_store64_big(bytes, ((uint64_t)bucket ^ UINT64_C(1) << 39) << 24);
    memcpy(out, bytes, LIVE_BUCKET);
}

int64_t live_get_bucket(const uint8_t in[LIVE_BUCKET])
{
    uint8_t bytes[8] = {0};
    memcpy(bytes, in, LIVE_BUCKET);
    uint64_t turned = bb_load64_big(bytes) ^ UINT64_C(1) << 63;
    return (int64_t)turned >> 24;
}

size_t live_put_head(const bbots_live *live, unsigned level, int64_t bucket, uint8_t *out)
{
    bb_store16_big(out, live->number);
    out[2] = (uint8_t)level;
    if (live->unit_count != 0) {
        live_put_bucket(out + LIVE_HEAD, bucket);
    }
    return live_by_at(live);
}

/* ------------------------------------------------------------------ values */

static bool is_text(const bbots_column *column)
{
    return column->type == BBOTS_TYPE_TEXT || column->type == BBOTS_TYPE_VARCHAR;
}

size_t live_put_value(const bbots_column *column, const bbots_value *value, bool nullable,
                      uint8_t *out)
{
    size_t size = 0;
    if (nullable) {
        out[size++] = value->kind == BBOTS_NULL ? 2 : 1;
        if (value->kind == BBOTS_NULL) {
            return size;
        }
    }
    if (is_text(column)) {
        if (value->size != 0) {
            memcpy(out + size, value->data, value->size);
        }
        out[size + value->size] = 0;
        return size + value->size + 1;
    }
    if (column->type == BBOTS_TYPE_UUID) {
        memcpy(out + size, value->uuid.bytes, 16);
        return size + 16;
    }
    if (column->type == BBOTS_TYPE_BOOLEAN) {
        out[size] = value->boolean ? 1 : 0;
        return size + 1;
    }
    unsigned width = codec_column_width(column);
    uint8_t bytes[8];
    uint64_t turned = (uint64_t)value->integer ^ UINT64_C(1) << (8 * width - 1);
    bb_store64_big(bytes, turned << (64 - 8 * width));
    memcpy(out + size, bytes, width);
    return size + width;
}

static size_t get_text(const uint8_t *in, size_t size, bbots_value *value)
{
    const uint8_t *zero = size != 0 ? memchr(in, 0, size) : NULL;
    if (zero == NULL) {
        return 0;
    }
    *value = bbots_value_of_bytes(BBOTS_TEXT, in, (size_t)(zero - in));
    return (size_t)(zero - in) + 1;
}

static size_t get_fixed(const bbots_column *column, unsigned width, const uint8_t *in,
                        bbots_value *value)
{
    uint8_t bytes[8] = {0};
    bbots_uuid uuid;
    if (column->type == BBOTS_TYPE_UUID) {
        memcpy(uuid.bytes, in, 16);
        *value = bbots_value_uuid(uuid);
        return width;
    }
    if (column->type == BBOTS_TYPE_BOOLEAN) {
        *value = bbots_value_boolean(in[0] != 0);
        return in[0] <= 1 ? width : 0;
    }
    memcpy(bytes, in, width);
    uint64_t turned = bb_load64_big(bytes) ^ UINT64_C(1) << 63;
    int64_t integer = (int64_t)turned >> (64 - 8 * width);
    if (column->type == BBOTS_TYPE_DECIMAL) {
        *value = bbots_value_decimal(integer, column->scale);
    } else if (column->type == BBOTS_TYPE_TIMESTAMP || column->type == BBOTS_TYPE_TIMESTAMPTZ) {
        *value = bbots_value_timestamp(integer);
    } else {
        *value = bbots_value_integer(integer);
    }
    return width;
}

size_t live_get_value(const bbots_column *column, bool nullable, const uint8_t *in, size_t size,
                      bbots_value *value)
{
    size_t at = 0;
    if (nullable) {
        if (size == 0 || in[0] < 1 || in[0] > 2) {
            return 0;
        }
        if (in[0] == 2) {
            *value = bbots_value_null();
            return 1;
        }
        at = 1;
    }
    if (is_text(column)) {
        size_t taken = get_text(in + at, size - at, value);
        return taken != 0 ? at + taken : 0;
    }
    unsigned width = codec_column_width(column);
    if (size - at < width) {
        return 0;
    }
    size_t taken = get_fixed(column, width, in + at, value);
    return taken != 0 ? at + taken : 0;
}

/* ------------------------------------------------------------------ where a row counts */

static int64_t finest_bucket(const bbots_live *live, live_row *hand, bbots_timestamp time)
{
    bbots_time_unit unit = (bbots_time_unit)live->units[live->unit_count - 1];
    if (hand->unit != unit || hand->time != time) {
        hand->unit = unit;
        hand->time = time;
        hand->bucket = live_bucket(time, unit);
    }
    return hand->bucket;
}

bool live_row_cell(const bbots_live *live, live_row *hand, uint8_t out[LIVE_CELL_MAX],
                   live_cell *cell)
{
    const bbots_column *columns = hand->row->table->columns;
    size_t size = 0;
    for (unsigned i = 0; i < live->by_count; i++) {
        const bbots_value *value = live_row_value(hand, live->by[i]);
        if (value->kind == BBOTS_NULL) {
            return false;
        }
        size += live_put_value(&columns[live->by[i]], value, false, out + size);
    }
    cell->bucket = 0;
    cell->by_size = size;
    if (live->unit_count != 0) {
        const bbots_value *time = live_row_value(hand, live->time);
        if (time->kind == BBOTS_NULL || time->integer == BBOTS_TIMESTAMP_INFINITY ||
            time->integer == BBOTS_TIMESTAMP_MINUS_INFINITY) {
            return false;
        }
        cell->bucket = finest_bucket(live, hand, time->integer);
    }
    for (unsigned i = 0; i < live->split_count; i++) {
        const bbots_value *value = live_row_value(hand, live->split[i]);
        size += live_put_value(&columns[live->split[i]], value, true, out + size);
    }
    cell->split_size = size - cell->by_size;
    return true;
}
