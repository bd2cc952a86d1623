/* pgname.h - the names that PostgreSQL gives to what has none. */
#ifndef GEN_PGNAME_H
#define GEN_PGNAME_H

#include "gen.h"

/* Notes a relation's name (table, index, sequence) as taken. */
void gen_relation_take(const char *name);
bool gen_relation_taken(const char *name);

/* ChooseRelationName(): of an index made by a constraint (label "pkey", "key"), or of a serial's
 * sequence ("seq"), which is taken along. columns may be NULL. */
const char *gen_relation_choose(const char *table, const char *columns, const char *label);

/* ChooseConstraintName(): of a foreign key. */
const char *gen_foreign_key_choose(const char *table, const char *columns);

/* ChooseIndexNameAddition(): column names with underscores between, not much longer than a name. */
const char *gen_name_addition(const bbots_column *columns, const uint8_t *numbers, unsigned count);

#endif
