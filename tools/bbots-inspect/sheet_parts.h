/* sheet_parts.h - what sheet.c and sheet_people.c share: the cells that wait to be laid out. */
#ifndef INSPECT_SHEET_PARTS_H
#define INSPECT_SHEET_PARTS_H

#include "sheet.h"

typedef enum cell_kind { CELL_PLAIN, CELL_NULL, CELL_DIM } cell_kind;

/* A cell for people; its text, made harmless already, lies in the page's bytes. */
typedef struct cell {
    size_t offset;
    size_t size;
    size_t width; /* columns of the terminal */
    cell_kind kind;
} cell;

/* The rows that wait. */
typedef struct page {
    char *bytes;
    size_t size;
    size_t capacity;
    cell *cells;
    size_t cell_count;
    size_t cell_capacity;
} page;

struct sheet {
    const command_line *line;
    sheet_options options;
    unsigned column_count;
    unsigned at; /* the next cell's column */
    uint64_t rows;
    bool failed; /* memory was exhausted */

    /* for people */
    page page;
    bool planned; /* widths are known, the header is out */
    bool blocks;
    bool colour;
    size_t terminal; /* columns; 0: no terminal, nothing is cut */
    size_t text_max; /* columns of one cell worth keeping; 0: all */
    uint64_t shown;  /* rows laid out */
    size_t widths[SHEET_COLUMNS_MAX];
    sheet_shape shapes[SHEET_COLUMNS_MAX];
    char names[SHEET_COLUMNS_MAX][BBOTS_NAME_MAX + 16]; /* "sum_" and a column at most */
};

/* Adds a cell to the page; text is anybody's and is made harmless here. */
void page_add(sheet *to, cell_kind kind, const char *text, size_t size);

/* Lays out the rows that wait. */
void page_flush(sheet *to);

#endif
