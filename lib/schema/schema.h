/*
 * schema/schema.h - schemas as data: their serialized form, their fingerprint, their trees, and
 * what separates two of them.
 */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include "base/arena.h"

#include <bbots/schema.h>

/*
 * Decides which tree serves which index of a table under construction: sets indexes[i].tree and
 * fills trees (room for index_count + 1). Tree 0 is the primary key's. The rules: an index on
 * the columns of a unique one (or of the primary key) uses its tree; a non-unique index whose
 * columns begin those of another index uses that one's tree; anything else has a tree of its own.
 * Names of trees are taken from the arena. Returns the number of trees, 0 when memory is exhausted.
 * The generator and the reader of serialized schemas both call it: one rule, one place.
 */
unsigned schema_assign_trees(bb_arena *arena, const char *table_name, const bbots_column *columns,
                             bbots_index *indexes, unsigned index_count, bbots_tree *trees);

/*
 * Serializes a schema (docs/format.md, "Schema record"): MessagePack, maps with names, so that any
 * MessagePack reader can show it. Without fingerprint, struct offsets and trees' sharing, which
 * follow from the rest (trees are written for readers, and checked). *data is from the arena.
 */
int schema_serialize(bb_arena *arena, const bbots_schema *schema, const void **data, size_t *size,
                     bbots_error *error);

/*
 * Reads a serialized schema into memory of the arena. Trusts nothing: any byte sequence gives a
 * valid schema or BBOTS_CORRUPTED. The fingerprint is computed from the bytes.
 */
int schema_deserialize(bb_arena *arena, const void *data, size_t size, const bbots_schema **schema,
                       bbots_error *error);

/*
 * The foreign key of a table that holds data keys ([datakey]) by which its rows belong to their
 * owners: on the one column of its primary key, with CASCADE. NULL when there is none.
 */
const bbots_foreign_key *schema_data_key_owner(const bbots_table *table);

/* The columns that a live aggregate looks at, as a set: a change of others leaves it as it is. */
uint64_t schema_live_columns(const bbots_live *live);

/* XXH3-128 of the serialized form. */
bbots_fingerprint schema_fingerprint(const void *serialized, size_t size);

/*
 * Whether a file with schema `old` can be brought to `new` without touching stored rows: tables,
 * indexes and, at the end of a table, columns that are nullable or have a literal default may be
 * added; nothing may be taken away, changed or reordered (comments, units and usual values may).
 * Returns BBOTS_OK, BBOTS_UNCHANGED when nothing but comments differs, or BBOTS_SCHEMA_MISMATCH
 * with the first obstacle named.
 */
int schema_compare(const bbots_schema *old, const bbots_schema *new_schema, bbots_error *error);

#endif
