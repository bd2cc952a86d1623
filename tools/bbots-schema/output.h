/* output.h - files that appear all together or not at all. */
#ifndef GEN_OUTPUT_H
#define GEN_OUTPUT_H

#include "gen.h"

/* A stream into memory for the file at path (relative to the output folder); close the one before
 * by gen_output_end(). */
FILE *gen_output_begin(const char *path);
void gen_output_end(void);

/* Writes all of them below the folder. */
void gen_output_write(const char *folder);

#endif
