/* csv_write.h - fields of a CSV file that csv_read.c reads back byte by byte. */
#ifndef CSV_WRITE_H
#define CSV_WRITE_H

#include <bbots/bbots.h>
#include <stdio.h>

/* Writes a field, quoted where it must be; an empty text is "". */
void csv_put_text(FILE *out, const char *data, size_t size);

/*
 * Writes a value of a column: NULL is nothing at all, timestamps in ISO form, jsonb as its text.
 * Returns BBOTS_OK or BBOTS_NO_MEMORY.
 */
int csv_put_value(FILE *out, const bbots_table *table, unsigned column, const bbots_value *value);

#endif
