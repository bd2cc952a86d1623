/*
 * cells.h - cells of a sheet that are no column of a table: texts with a length, times, amounts.
 */
#ifndef INSPECT_CELLS_H
#define INSPECT_CELLS_H

#include "sheet.h"

/* Text of up to 512 bytes; longer ones are cut. */
void cell_text(sheet *to, bbots_text text);

/* A time as the format wants it: ISO 8601 for programs, a day as a day for people. */
void cell_time(const command_line *line, sheet *to, bbots_timestamp time);

/* A day: 2026-01-31. */
void cell_day(sheet *to, bbots_timestamp day);

/* A decimal: all digits of its scale. */
void cell_decimal(sheet *to, int64_t scaled, unsigned scale);

/* The same without zeros at its end. */
void cell_short_decimal(sheet *to, int64_t scaled, unsigned scale);

void cell_integer(sheet *to, int64_t number);

#endif
