/* pg_lex.h - the words of a SQL script, as PostgreSQL reads them. */
#ifndef PG_LEX_H
#define PG_LEX_H

#include "pg_input.h"

typedef enum pg_kind {
    PG_END,    /* of the file */
    PG_WORD,   /* a name or word without quotes, in lower case */
    PG_NAME,   /* a name in double quotes */
    PG_STRING, /* '...', E'...' or $$...$$ */
    PG_NUMBER, /* digits, with point and exponent; a sign is a symbol of its own */
    PG_SYMBOL, /* one character */
    PG_META    /* a line of psql's own that begins with a backslash; text is what follows it */
} pg_kind;

typedef struct pg_token {
    pg_kind kind;
    char *text; /* with a NUL; valid until the next token */
    size_t size;
    uint64_t line; /* on which it begins */
} pg_token;

typedef struct pg_lexer {
    pg_input input;
    pg_token token; /* the last one read */
    size_t capacity;
    bool at_start;       /* of a statement: only there a backslash is psql's */
    bool headed;         /* a comment said that a dump begins ... */
    bool completed;      /* ... and one that it is complete */
    const char *problem; /* a sentence behind BBOTS_SYNTAX and BBOTS_LIMIT_EXCEEDED */
} pg_lexer;

int pg_lexer_begin(pg_lexer *lexer, int descriptor);
void pg_lexer_end(pg_lexer *lexer);

/*
 * Reads the next token. BBOTS_OK, or: BBOTS_SYNTAX (the file ends within a quote or a comment),
 * BBOTS_LIMIT_EXCEEDED, BBOTS_IO (errno says why), BBOTS_NO_MEMORY; token.line is where it began.
 */
int pg_lexer_next(pg_lexer *lexer);

/* Whether the token is this word or symbol; of more than one byte: this word. */
bool pg_is(const pg_token *token, const char *text);

#endif
