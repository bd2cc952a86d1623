/* jsonl_error.h - filling a bbots_error for what the tool itself finds wrong in its input. */
#ifndef JSONL_ERROR_H
#define JSONL_ERROR_H

#include <bbots/bbots.h>

/* How many bytes jsonl_name() needs: a name of 63 bytes, quotes, dots, NUL, and room. */
#define JSONL_NAME_SHOWN 80

/*
 * Fills error with a code of enum bbots_status and a sentence; table and column may be NULL.
 * Returns code. The sentence is cut at a character's border.
 */
int jsonl_fail(bbots_error *error, int code, const bbots_table *table, const char *column,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Puts "line N: " before the message of an error. */
void jsonl_error_at_line(bbots_error *error, uint64_t line);

/* A name from the input in quotes, cut to what a message can hold. buffer is returned. */
const char *jsonl_name(bbots_text name, char buffer[JSONL_NAME_SHOWN]);

#endif
