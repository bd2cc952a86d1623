/*
 * terminal.h - what may be written to a terminal and how much room it takes there.
 *
 * Text of a store is anybody's text. A terminal obeys control characters, so they never reach it:
 * \n, \t and \r are written so, other controls as \x1b, marks that turn the direction of writing
 * as \u202e, bytes that are no UTF-8 as \xff. Widths are columns of the terminal: 2 for wide
 * characters, 0 for combining ones.
 */
#ifndef INSPECT_TERMINAL_H
#define INSPECT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* One character as it may be shown. */
typedef struct glyph {
    char bytes[12];
    unsigned size;
    unsigned width;
} glyph;

/* Takes the first character of size > 0 bytes; returns how many bytes it has. */
size_t glyph_next(const char *data, size_t size, glyph *shown);

/* The columns that text takes. */
size_t text_width(const char *data, size_t size);

/* Writes text as it may be shown. */
void text_put(FILE *out, const char *data, size_t size);

/*
 * Writes text broken between words into lines of at most `width` columns, each after `indent`
 * blanks and ended by a newline. width 0: one line.
 */
void text_put_wrapped(FILE *out, size_t indent, size_t width, const char *text);

/* The same, and lines after the first are indented a little more. */
void text_put_hanging(FILE *out, size_t indent, size_t width, const char *text);

/* The columns of a stream's terminal (COLUMNS, then the terminal itself, then 80); 0: no terminal. */
size_t terminal_width(FILE *stream);

/* Whether colours may be used on a stream: a terminal that knows them, and no NO_COLOR. */
bool terminal_has_colour(FILE *stream);

#endif
