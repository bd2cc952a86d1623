/*
 * live.c - what a live aggregate may be made of: the rules that the generator and the reader of
 * serialized schemas share.
 */
#include "schema/build.h"

#include <bbots/timestamp.h>
#include <string.h>

static const char *const unit_words[] = {
    [BBOTS_TIME_MINUTE] = "minute", [BBOTS_TIME_HOUR] = "hour", [BBOTS_TIME_DAY] = "day",
    [BBOTS_TIME_MONTH] = "month",   [BBOTS_TIME_YEAR] = "year",
};
#define UNIT_COUNT (sizeof unit_words / sizeof unit_words[0])

const char *schema_unit_word(unsigned unit)
{
    return unit < UNIT_COUNT ? unit_words[unit] : NULL;
}

unsigned schema_unit_of_word(const char *word)
{
    for (unsigned i = 0; i < UNIT_COUNT; i++) {
        if (unit_words[i] != NULL && strcmp(unit_words[i], word) == 0)
            return i;
    }
    return 0;
}

const bbots_live *bbots_table_live(const bbots_table *table, const char *name)
{
    for (unsigned i = 0; i < table->live_count; i++) {
        if (strcmp(table->lives[i].name, name) == 0)
            return &table->lives[i];
    }
    return NULL;
}

static uint64_t set_of(const uint8_t *columns, unsigned count)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < count; i++)
        set |= UINT64_C(1) << columns[i];
    return set;
}

uint64_t schema_live_columns(const bbots_live *live)
{
    return set_of(live->by, live->by_count) | set_of(live->split, live->split_count) |
           set_of(live->sums, live->sum_count) | set_of(&live->time, live->unit_count != 0);
}

static bool is_text(const bbots_column *column)
{
    return column->type == BBOTS_TYPE_TEXT || column->type == BBOTS_TYPE_VARCHAR;
}

/*
 * Equal values have equal bytes that can be read back: not so real numbers (-0), bytea, and secrets,
 * which besides must not lie in a group's key.
 */
static bool groups(const bbots_column *column)
{
    return schema_type_keyable(column->type) && column->type != BBOTS_TYPE_REAL &&
           column->type != BBOTS_TYPE_DOUBLE && column->type != BBOTS_TYPE_BYTEA &&
           (column->flags & BBOTS_COLUMN_SECRET) == 0;
}

/* The most bytes of a column in the aggregate's key; 0 when there is no limit. */
static size_t width_most(const bbots_column *column)
{
    if (!is_text(column))
        return 17; /* a uuid, and a byte before it */
    return column->type == BBOTS_TYPE_VARCHAR && column->length != 0 ? 4 * (size_t)column->length + 2
                                                                     : 0;
}

/* Columns that make groups: of a fitting type, and no longer together than `most` bytes. */
static const char *group_fault(const bbots_table *table, const uint8_t *columns, unsigned count,
                               size_t most)
{
    size_t size = 0;
    for (unsigned i = 0; i < count; i++) {
        const bbots_column *column = &table->columns[columns[i]];
        size_t width = width_most(column);
        if (!groups(column))
            return "a column's type makes no groups";
        if (width == 0 || width > most - size)
            return "its texts are too long to make groups";
        if (memchr(columns, columns[i], i) != NULL)
            return "a column is named twice";
        size += width;
    }
    return NULL;
}

static const char *time_fault(const bbots_table *table, const bbots_live *live)
{
    const bbots_column *column = &table->columns[live->time];
    if (live->unit_count == 0)
        return live->fine_count != 0 && live->sum_count != 0 ? "fine sums need a time" : NULL;
    if (column->type != BBOTS_TYPE_TIMESTAMP && column->type != BBOTS_TYPE_TIMESTAMPTZ)
        return "its time is no timestamp";
    for (unsigned i = 0; i < live->unit_count; i++) {
        if (schema_unit_word(live->units[i]) == NULL)
            return "a unit of its time is unknown";
        if (i > 0 && live->units[i] >= live->units[i - 1])
            return "its units of time do not go from coarse to fine";
    }
    for (unsigned i = 1; i < live->unit_count; i++) {
        unsigned least = live->units[i - 1] == BBOTS_TIME_YEAR    ? BBOTS_TIME_DAY
                         : live->units[i - 1] == BBOTS_TIME_MONTH ? BBOTS_TIME_HOUR
                                                                  : BBOTS_TIME_MINUTE;
        if (live->units[i] < least)
            return "its units of time are too far apart";
    }
    return NULL;
}

const char *schema_live_fault(const bbots_table *table, const bbots_live *live)
{
    const char *fault = group_fault(table, live->by, live->by_count, SCHEMA_LIVE_KEY_MAX);
    if (fault == NULL)
        fault = group_fault(table, live->split, live->split_count, SCHEMA_LIVE_SPLIT_MAX);
    for (unsigned i = 0; i < live->split_count && fault == NULL; i++) {
        if (live->by_count != 0 && memchr(live->by, live->split[i], live->by_count) != NULL)
            fault = "a column is named twice";
    }
    for (unsigned i = 0; i < live->sum_count && fault == NULL; i++) {
        unsigned type = table->columns[live->sums[i]].type;
        if (type != BBOTS_TYPE_DECIMAL && (type < BBOTS_TYPE_SMALLINT || type > BBOTS_TYPE_BIGINT))
            fault = "only integers and decimals have exact sums";
        if (memchr(live->sums, live->sums[i], i) != NULL)
            fault = "a column is named twice";
    }
    return fault == NULL ? time_fault(table, live) : fault;
}

static bool same_columns(const bbots_table *table, const uint8_t *a, unsigned a_count,
                         const bbots_table *other, const uint8_t *b, unsigned b_count)
{
    bool same = a_count == b_count;
    for (unsigned i = 0; i < a_count && same; i++)
        same = strcmp(table->columns[a[i]].name, other->columns[b[i]].name) == 0;
    return same;
}

bool schema_live_same(const bbots_table *table, const bbots_live *live, const bbots_table *other,
                      const bbots_live *with)
{
    return strcmp(live->name, with->name) == 0 && live->fine_count == with->fine_count &&
           same_columns(table, live->by, live->by_count, other, with->by, with->by_count) &&
           same_columns(table, live->split, live->split_count, other, with->split,
                        with->split_count) &&
           same_columns(table, live->sums, live->sum_count, other, with->sums, with->sum_count) &&
           live->unit_count == with->unit_count &&
           (live->unit_count == 0 ||
            (memcmp(live->units, with->units, live->unit_count) == 0 &&
             same_columns(table, &live->time, 1, other, &with->time, 1)));
}
