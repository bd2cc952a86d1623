/*
 * codec/key.h - keys as bytes whose memcmp order is SQL's order (docs/format.md, "Key").
 *
 * A column's bytes, in the order of the key:
 *     a nullable column   01 and its value, or 02 alone for null: nulls sort last
 *     boolean             00 or 01
 *     integers, decimal,  big endian with the sign bit turned, as wide as in the row
 *     timestamp
 *     real, double        big endian; of a positive number the sign bit is turned, of a negative
 *                         one all bits; -0 is 0 and every NaN is one NaN, after all others
 *     uuid                its 16 bytes
 *     text                its bytes and 00 (a text has no zero byte)
 *     bytea               its bytes, 00 as 00 FF, and 00 00
 *
 * LMDB's keys end at 511 bytes. A part (the columns of an index, or a primary key) of more than
 * CODEC_KEY_PLAIN bytes keeps its first CODEC_KEY_PLAIN and, behind them, 16 bytes of hash over the
 * whole in big endian: CODEC_KEY_MAX bytes. The hash is XXH3-128 chained over the columns: each
 * one's raw bytes (text and bytea without their end mark; other columns and nulls as above) hashed
 * with the exclusive or of the halves of the hash before as seed; the first seed is the part's
 * full size. A primary key has one part, an index entry two: its columns,
 * then the row's primary key. Every column's bytes say where they end, so the parts come apart
 * again: if the columns do not end within the first CODEC_KEY_PLAIN bytes, the part is a long one.
 */
#ifndef CODEC_KEY_H
#define CODEC_KEY_H

#include "codec/row.h"

#define CODEC_KEY_PLAIN 239
#define CODEC_KEY_MAX (CODEC_KEY_PLAIN + 16)
#define CODEC_ENTRY_MAX (2 * CODEC_KEY_MAX)

/*
 * Writes the part for stored-form values, one per column of `columns` in that order. Returns its
 * size. out has CODEC_KEY_MAX bytes.
 */
size_t codec_key_encode(const bbots_table *table, const uint8_t *columns, unsigned count,
                        const bbots_value *values, uint8_t *out);

/* The same with the values of a stored row. has_null (may be NULL) tells whether one is null. */
size_t codec_key_of_row(const bbots_row *row, const uint8_t *columns, unsigned count, uint8_t *out,
                        bool *has_null);

/*
 * The same as codec_key_encode() for a bound: a part that would be long keeps only its first
 * CODEC_KEY_PLAIN bytes and *exact is false: entries that begin with them have to be looked at.
 */
size_t codec_key_bound(const bbots_table *table, const uint8_t *columns, unsigned count,
                       const bbots_value *values, uint8_t *out, bool *exact);

/*
 * The size of the first part of an entry whose columns these are; 0 when the bytes are no such
 * entry.
 */
size_t codec_key_part(const bbots_table *table, const uint8_t *columns, unsigned count,
                      const uint8_t *entry, size_t size);

/* Whether a part (as codec_key_part() measures it) has a null column; of a long part unknown: no. */
bool codec_key_has_null(const bbots_table *table, const uint8_t *columns, unsigned count,
                        const uint8_t *part, size_t size);

/*
 * Compares a stored row with bound values column by column, in key order: negative, zero, positive.
 * For keys that bytes alone do not decide.
 */
int codec_key_compare(const bbots_row *row, const uint8_t *columns, unsigned count,
                      const bbots_value *values);

#endif
