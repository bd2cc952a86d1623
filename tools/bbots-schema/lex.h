/* lex.h - tokens of SQL with their lines, and statements made of them. */
#ifndef GEN_LEX_H
#define GEN_LEX_H

#include "gen.h"

typedef enum gen_kind {
    GEN_END,
    GEN_WORD,    /* keyword or bare name */
    GEN_QUOTED,  /* "name", with its quotes */
    GEN_STRING,  /* 'text', with its quotes */
    GEN_NUMBER,
    GEN_MARK,    /* any other character */
    GEN_COMMENT  /* up to the end of the line */
} gen_kind;

typedef struct gen_token {
    gen_kind kind;
    const char *start;
    size_t size;
    gen_place place;
} gen_token;

/* Tokens up to and without the semicolon; the last one is GEN_END. text ends behind the
 * semicolon and begins with the first token. */
typedef struct gen_statement {
    gen_place place;
    const char *text;
    size_t size;
    gen_token *tokens;
    size_t token_count; /* without GEN_END */
} gen_statement;

/* Reads the next statement at *at; false when there is none. *at and *place move on. */
bool gen_statement_next(const char **at, gen_place *place, gen_statement *statement);

/* All tokens of a text on one line, GEN_END included. */
gen_token *gen_tokens(const char *text, gen_place place);

/* Whether a token is this keyword (in any case) or mark. A quoted name is no keyword. */
bool gen_is(const gen_token *token, const char *word);

/* The name that a token is, as PostgreSQL and SQLite both read it; refuses everything else. */
const char *gen_name(const gen_token *token, const char *what);

/* The text of a GEN_STRING or GEN_QUOTED token without quotes, doubled ones made single. */
char *gen_unquote(const gen_token *token);

#endif
