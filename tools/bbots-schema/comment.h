/* comment.h - what comments say: text and tags. */
#ifndef GEN_COMMENT_H
#define GEN_COMMENT_H

#include "lex.h"

/* Comments of one column or table, gathered line by line. */
typedef struct gen_comment {
    char *text; /* lines joined by blanks, with tags; NULL when there is none */
    gen_place place;
    unsigned *lines;    /* for each line of the text: its number in the file ... */
    size_t *starts;     /* ... and where it begins in the text */
    unsigned line_count;
} gen_comment;

/* Adds a line; token is a GEN_COMMENT. */
void gen_comment_add(gen_comment *comment, const gen_token *token);

/* Takes the tags out and fills comment, unit, usual values and flags of the column. */
void gen_comment_column(const gen_comment *comment, bbots_column *column);

/* Takes the tags out, which are live aggregates, and fills the table's comment. */
void gen_comment_table(const gen_comment *comment, gen_table *table);

#endif
