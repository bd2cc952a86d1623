/*
 * sheet.h - rows of named cells on standard output, in the form the command line asks for.
 *
 * For people: an aligned table, or, when that does not fit the terminal, a block a row with a
 * column a line. For --json: an array of objects (or one object). For --csv: RFC 4180 with a
 * header. Cells are handed over one after another; the last of a row ends it. Rows stream: for
 * people the first rows are held back to learn widths, the others follow with the same ones.
 */
#ifndef INSPECT_SHEET_H
#define INSPECT_SHEET_H

#include "inspect.h"

enum { SHEET_COLUMNS_MAX = 80 };

/* How cells of a column stand in a table. */
typedef enum sheet_shape {
    SHEET_TEXT,  /* on the left, cut when there is no room */
    SHEET_WHOLE, /* on the left, never cut: a part of a time or uuid says nothing */
    SHEET_NUMBER /* on the right, never cut */
} sheet_shape;

typedef struct sheet_column {
    const char *name;
    sheet_shape shape;
} sheet_column;

typedef struct sheet_options {
    bool single;       /* one row: an object in JSON, a block for people */
    bool full;         /* never cut text */
    bool show_secrets; /* of sheet_value(); otherwise "(secret)" */
    const char *empty; /* what people read when there is no row; NULL: nothing */
} sheet_options;

typedef struct sheet sheet;

/* Names are copied. NULL when memory is exhausted (after a message). */
sheet *sheet_begin(const command_line *line, const sheet_column *columns, unsigned count,
                   sheet_options options);

/* The next cell. */
void sheet_null(sheet *to);
void sheet_text(sheet *to, const char *text);
void sheet_number(sheet *to, uint64_t number);
/* A number in JSON, and for people something easier to read. */
void sheet_number_as(sheet *to, uint64_t number, const char *people);
/* Text that is a number with a sign or point; JSON has it bare only when bare is true. */
void sheet_figure(sheet *to, const char *text, bool bare);
/* Yes and no for people, true and false for others. */
void sheet_boolean(sheet *to, bool boolean);
/* A value of a table's column; secrets are covered. */
void sheet_value(sheet *to, const bbots_table *table, unsigned column, const bbots_value *value);

/* The shape of a column's values. */
sheet_shape sheet_shape_of(const bbots_column *column);

/* Whether a column is one whose values are covered. */
bool sheet_is_secret(const bbots_column *column);

/* The form of digests and fingerprints; count is how many of the 16 bytes. */
void sheet_print_hex(const uint8_t *bytes, unsigned count, char *text);

/*
 * Writes what is held back, ends the document and frees the sheet. EXIT_DONE, or EXIT_FAILED after
 * a message (memory). NULL is allowed and fails.
 */
int sheet_end(sheet *done);

#endif
