/* column.h - types, nullability and defaults of a table's columns. */
#ifndef GEN_COLUMN_H
#define GEN_COLUMN_H

#include "catalogue.h"

/* Fills the columns that the lexer found from the catalogue. */
void gen_columns(sqlite3 *database, gen_table *table);

/* Sets type, length, scale and the flags of a serial; refuses an unknown type. */
void gen_type(gen_place place, const char *text, bbots_column *column);

/* Sets the default from the text of its expression ("" for none). */
void gen_default(sqlite3 *database, gen_place place, const char *text, bbots_column *column);

#endif
