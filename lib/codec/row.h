/*
 * codec/row.h - a row as bytes (docs/format.md, "Row").
 *
 *     offset  size  meaning
 *     0       4     checksum: the low 32 bits of the row's hash
 *     4       1     number of columns when the row was written, 1 to 64
 *     5       1     flags: CODEC_ROW_WIDE
 *     6       B     null bitmap, B = (columns + 7) / 8; bit n of the whole is column n, 1 = null
 *     6+B     F     fixed-size columns in the table's order, little endian; a null one is zeros
 *     ...     V*E   for each variable column the end of its bytes, counted from the first one's
 *                   start; E = 2, or 4 with CODEC_ROW_WIDE
 *     ...           the bytes of the variable columns
 *
 * The hash is XXH3-128 over all bytes from offset 4 on, seeded with XXH3-64 of the table's name:
 * a row that got into another table or lost a bit does not fit. All columns are in the row, the
 * primary key's too, so that a row found under a wrong key, or without any, is still whole.
 *
 * A table only ever gains columns at its end. The number of columns a row was written with is
 * therefore all that is needed to find its columns; later ones read as their default.
 */
#ifndef CODEC_ROW_H
#define CODEC_ROW_H

#include "base/bytes.h"
#include "base/hash.h"

#include <bbots/decimal.h>
#include <bbots/schema.h>
#include <bbots/table.h>

#define CODEC_ROW_HEADER 6
#define CODEC_ROW_WIDE   1 /* the ends of variable columns have 4 bytes */
#define CODEC_ROW_MAX    (64u << 20)

/* Where the columns of rows with a given number of columns are. */
typedef struct codec_layout {
    const bbots_table *table;
    const bbots_value *defaults; /* per column of the table, in stored form */
    uint64_t seed;               /* of the table's hashes */
    uint64_t variable;           /* set of the variable columns */
    uint32_t variable_at;        /* where the ends of the variable columns begin */
    uint16_t column_count;
    uint16_t variable_count;
    uint16_t place[BBOTS_COLUMNS_MAX]; /* a fixed column's offset, a variable one's ordinal */
    uint8_t width[BBOTS_COLUMNS_MAX];  /* bytes of a fixed column, 0 for a variable one */
    uint8_t kind[BBOTS_COLUMNS_MAX];   /* of its values; BBOTS_SEALED: see the value itself */
} codec_layout;

/* Bytes that a column takes in a row and in a key; 0 for a variable one. */
unsigned codec_column_width(const bbots_column *column);

/* The seed of a table's hashes. */
uint64_t codec_table_seed(const char *table_name);

/* Works out where the first column_count columns of a table are. */
void codec_layout_init(codec_layout *layout, const bbots_table *table, unsigned column_count,
                       const bbots_value *defaults);

/* The size that codec_row_encode() will write; 0 when it is past CODEC_ROW_MAX. */
size_t codec_row_size(const codec_layout *layout, const bbots_value *values);

/* Writes a row of stored-form values (one per column; see literal.h) and its checksum. */
bb_hash codec_row_encode(const codec_layout *layout, const bbots_value *values, uint8_t *out,
                         size_t size);

/*
 * Sets columns of fixed width in a row of the layout, to the stored-form values that stand at their
 * numbers, and renews its checksum: the bytes are those that codec_row_encode() would write.
 */
bb_hash codec_row_patch(const codec_layout *layout, const bbots_value *values, uint64_t columns,
                        uint8_t *data, size_t size);

/*
 * The columns whose bytes differ in two rows of the layout. Those of equal bytes have equal values;
 * the other way round it holds for what this library wrote.
 */
uint64_t codec_row_difference(const codec_layout *layout, const uint8_t *a, size_t a_size,
                              const uint8_t *b, size_t b_size);

/* The hash of a row's bytes. */
bb_hash codec_row_hash(const codec_layout *layout, const uint8_t *data, size_t size);

/* The number of columns of a row's bytes; 0 when they are too short to be a row. */
static inline unsigned codec_row_columns(const uint8_t *data, size_t size)
{
    return size >= CODEC_ROW_HEADER ? data[4] : 0;
}

/* Whether a row's checksum fits, whatever its number of columns. */
bool codec_row_checksum_fits(const codec_layout *layout, const uint8_t *data, size_t size);

/*
 * Whether the bytes are a whole row of the layout: size, checksum, flags, the last end. hash (may
 * be NULL) receives the row's hash.
 */
bool codec_row_intact(const codec_layout *layout, const uint8_t *data, size_t size, bb_hash *hash);

/*
 * A signed integer of `width` bytes, 1 to 8. The header has at least seven bytes (six and one of the
 * bitmap), so the eight bytes that end with a fixed column's last one always lie inside the row:
 * one load and one arithmetic shift serve every width.
 */
static inline int64_t codec_row_integer(const uint8_t *at, unsigned width)
{
    return (int64_t)bb_load64(at + width - 8) >> (64 - 8 * width);
}

/* The low bytes of an integer, 1 to 8 of them: two stores that may overlap, whatever the width. */
static inline void codec_row_put_integer(uint8_t *at, unsigned width, int64_t integer)
{
    uint64_t bits = (uint64_t)integer;
    if (width >= 4) {
        bb_store32(at, (uint32_t)bits);
        bb_store32(at + width - 4, (uint32_t)(bits >> 8 * (width - 4)));
    } else if (width >= 2) {
        bb_store16(at, (uint16_t)bits);
        bb_store16(at + width - 2, (uint16_t)(bits >> 8 * (width - 2)));
    } else {
        *at = (uint8_t)bits;
    }
}

/* The kind of a column's values. */
bbots_kind codec_column_kind(const bbots_column *column);

/* Whether a column that the row has is null. */
static inline bool codec_row_is_null(const uint8_t *data, unsigned column)
{
    return (data[CODEC_ROW_HEADER + column / 8] >> column % 8 & 1) != 0;
}

/* Where the bytes of a variable column end, from the start of the first one's; where that is. */
static inline uint32_t codec_row_bytes_end(const codec_layout *layout, const uint8_t *data,
                                           unsigned ordinal)
{
    const uint8_t *ends = data + layout->variable_at;
    return (data[5] & CODEC_ROW_WIDE) != 0 ? bb_load32(ends + 4u * ordinal)
                                           : bb_load16(ends + 2u * ordinal);
}

static inline size_t codec_row_bytes_start(const codec_layout *layout, const uint8_t *data)
{
    return layout->variable_at +
           (size_t)layout->variable_count * ((data[5] & CODEC_ROW_WIDE) != 0 ? 4 : 2);
}

/*
 * The bytes of a variable column, as they are stored; NULL when its ends lead outside of the row: it
 * is forged, the checksum fits and the ends do not.
 */
static inline const uint8_t *codec_row_bytes(const codec_layout *layout, const uint8_t *data,
                                             size_t size, unsigned column, size_t *length)
{
    unsigned ordinal = layout->place[column];
    size_t start = codec_row_bytes_start(layout, data);
    if (start > size) {
        return NULL;
    }
    size_t from = ordinal == 0 ? 0 : codec_row_bytes_end(layout, data, ordinal - 1);
    size_t to = codec_row_bytes_end(layout, data, ordinal);
    if (from > to || to > size - start) {
        return NULL;
    }
    *length = to - from;
    return data + start + from;
}

/*
 * The value of a column; of a secret one that is sealed BBOTS_SEALED. Never reads outside the row, whatever its bytes: the ends are held
 * against the size.
 */
void codec_row_read(const codec_layout *layout, const uint8_t *data, size_t size, unsigned column,
                    bbots_value *value);

/* The same for those who are in no hurry: a value that is returned is copied. */
static inline bbots_value codec_row_value(const codec_layout *layout, const uint8_t *data,
                                          size_t size, unsigned column)
{
    bbots_value value;
    codec_row_read(layout, data, size, column, &value);
    return value;
}

#endif
