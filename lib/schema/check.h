/* schema/check.h - whether a schema that has been read makes sense. */
#ifndef SCHEMA_CHECK_H
#define SCHEMA_CHECK_H

#include "schema/reader.h"

#include <bbots/schema.h>

/*
 * Looks at every table: names unique, types in their limits, a primary key that cannot be null, key
 * columns keyable, defaults of their type, references between like types. Expects what the reader
 * ensures: columns of keys in range and parents found. Failures go to the reader.
 */
void schema_check(schema_reader *reader, const bbots_schema *schema);

#endif
