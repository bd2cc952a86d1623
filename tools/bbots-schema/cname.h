/* cname.h - names in C for tables, columns and values. */
#ifndef GEN_CNAME_H
#define GEN_CNAME_H

#include "gen.h"

/* "openId" as open_id, "technicalSEO" as technical_seo; other bytes become underscores. */
char *gen_snake(const char *name);

/* The same in capitals. */
char *gen_upper(const char *name);

/* A column's field: its name, with an underscore behind it where C or C++ mean something else. */
const char *gen_field(const char *name);

/* "given_name_and_other": the snake names of columns joined by underscores. */
const char *gen_joined(const bbots_column *columns, const uint8_t *numbers, unsigned count);

/* Notes a macro's, constant's or function's name; refuses one that is taken. */
void gen_cname_take(gen_place place, const char *name);

/* Whether it is taken. */
bool gen_cname_taken(const char *name);

#endif
