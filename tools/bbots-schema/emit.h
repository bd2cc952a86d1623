/* emit.h - the C that is written. */
#ifndef GEN_EMIT_H
#define GEN_EMIT_H

#include "gen.h"

/* NAME_schema.c: all descriptors. */
void gen_emit_descriptors(const gen_model *model);

/* bbots/NAME.h and bbots/NAME/TABLE.h for every table. */
void gen_emit_headers(const gen_model *model);

/* The macros at the top of a table's header: numbers, bits, scales, usual values. */
void gen_emit_macros(FILE *to, const gen_model *model, const gen_table *table, unsigned number);

/* The functions at its end. */
void gen_emit_functions(FILE *to, const gen_model *model, const gen_table *table);

/* The C type of a column's field ("int32_t"). */
const char *gen_field_type(const bbots_column *column);

/* "bbots_users": the prefix and the table's name. */
const char *gen_table_cname(const gen_model *model, const gen_table *table);

/* "BBOTS_USERS". */
const char *gen_table_macro(const gen_model *model, const gen_table *table);

/* A text as a C string literal. */
void gen_emit_string(FILE *to, const char *text);

/* Text as a C comment's inside: no end of comment in it. */
void gen_emit_comment(FILE *to, const char *text);

#endif
