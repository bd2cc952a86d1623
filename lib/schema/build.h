/*
 * schema/build.h - what a schema under construction needs, shared by its two makers.
 *
 * Descriptors come into being twice: in the generator, out of SQL, and in schema_deserialize(), out
 * of a file. Whatever both must decide alike is decided here, so that a file's schema and the
 * compiled one cannot drift apart.
 */
#ifndef SCHEMA_BUILD_H
#define SCHEMA_BUILD_H

#include "base/arena.h"

#include <bbots/schema.h>

#define SCHEMA_INDEXES_MAX 255      /* of one table: tree numbers are one byte */
#define SCHEMA_FOREIGN_KEYS_MAX 255 /* of one table */
#define SCHEMA_TREE_NAME_MAX 255    /* bytes: LMDB takes names of sub-databases up to 511 */
#define SCHEMA_USUAL_MAX 255        /* usual values of one column */
#define SCHEMA_VECTOR_MAX 16000     /* dimensions, as in pgvector */
#define SCHEMA_VARCHAR_MAX 10485760 /* characters, as in PostgreSQL */
#define SCHEMA_LIVES_MAX 255        /* live aggregates of one table */
#define SCHEMA_LIVE_KEY_MAX 480     /* bytes of the `by` columns of one */
#define SCHEMA_LIVE_SPLIT_MAX 2048  /* bytes of its `split` columns */

/* Whether a name is 1 to 63 letters, digits and underscores and begins with no digit. */
bool schema_name_valid(const char *name);

/* The word by which a serialized schema calls a type ("varchar"), NULL for an unknown number. */
const char *schema_type_word(unsigned type);

/* The type of such a word, 0 for an unknown one. */
unsigned schema_type_of_word(const char *word);

/* Whether a column of the type can be in a key or an index: not jsonb, not vector. */
bool schema_type_keyable(unsigned type);

/* Whether a column of the type can be secret: what is sealed has no fixed size. */
bool schema_type_sealable(unsigned type);

/* Whether the type's length and scale are in its limits. */
bool schema_type_sized(unsigned type, uint32_t length, unsigned scale);

/* Whether a reference may join the two columns: their keys must have the same bytes. */
bool schema_types_joinable(const bbots_column *child, const bbots_column *parent);

/* Why default_kind and default_text are not a value of the column; NULL when they are. JSON is
 * looked at by the caller (this room is below the codec). */
const char *schema_default_fault(const bbots_column *column);

/* The word of a unit of time by which live aggregates are kept ("month"), NULL for any other. */
const char *schema_unit_word(unsigned unit);

/* The unit of such a word, 0 for an unknown one. */
unsigned schema_unit_of_word(const char *word);

/* Why a live aggregate of the table cannot be kept; NULL when it can. Its columns exist. */
const char *schema_live_fault(const bbots_table *table, const bbots_live *live);

/* Whether two of them are kept alike: the same columns, sums and units, by name. */
bool schema_live_same(const bbots_table *table, const bbots_live *live, const bbots_table *other,
                      const bbots_live *with);

/* Whether the first column_count columns of the index are these, in this order. */
bool schema_index_begins(const bbots_index *index, const uint8_t *columns, unsigned column_count);

/* The first index that begins with the columns, or -1. */
int schema_index_serving(const bbots_index *indexes, unsigned index_count, const uint8_t *columns,
                         unsigned column_count);

/*
 * Fills what follows from the rest: every table's and live aggregate's number, for every foreign key its index and its
 * parent's, for every table the foreign keys that point to it (also its own), by table and then by foreign key.
 * Each one's `parent` and columns are set and in range. Returns BBOTS_OK, BBOTS_NO_MEMORY, or
 * BBOTS_CORRUPTED with *fault set to the foreign key that lacks an index on one of its sides.
 */
int schema_link(bb_arena *arena, bbots_table *const *tables, unsigned table_count,
                bbots_reference *fault);

#endif
