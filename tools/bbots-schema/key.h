/* key.h - primary keys, unique constraints, indexes and foreign keys. */
#ifndef GEN_KEY_H
#define GEN_KEY_H

#include "catalogue.h"

/* The keys that a table declares: primary key, unique constraints, foreign keys, with PostgreSQL's
 * names. Call in the order of the statements; parents come first. */
void gen_table_keys(sqlite3 *database, gen_model *model, gen_table *table);

/* The index of a CREATE INDEX. */
void gen_index(sqlite3 *database, gen_model *model, const gen_object *object);

/* Adds an index for each foreign key that no index serves. Last, when all indexes are there. */
void gen_reference_indexes(gen_table *table);

/* Adds the indexes of the tags [queue: ...] and [once: ...]. */
void gen_tag_indexes(gen_table *table);

#endif
