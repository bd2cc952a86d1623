/* schema_parts.h - the forms in which `schema` shows tables, and the words they share. */
#ifndef INSPECT_SCHEMA_PARTS_H
#define INSPECT_SCHEMA_PARTS_H

#include "inspect.h"

/* A table for people, and as a JSON object. */
void schema_put_people(const bbots_schema *schema, const bbots_table *table);
void schema_put_json(const bbots_schema *schema, const bbots_table *table);

/* "primary key", "unique", "index" */
const char *schema_index_kind(const bbots_index *index);

/* "no action", "cascade", "set null" */
const char *schema_rule(uint8_t rule);

/* What a column holds when nothing is given, as SQL says it: NULL for none. */
const char *schema_default(const bbots_column *column);

#endif
