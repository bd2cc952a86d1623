/*
 * pg_lex.c - a lexer for scripts as pg_dump and this tool write them.
 *
 * It knows PostgreSQL's quotes and comments, since the end of a statement can only be found by who
 * knows what is no part of it. It does not know the grammar. Strings without E are taken literally
 * (standard_conforming_strings, which every dump sets; import_pg.c refuses a script that turns it
 * off).
 */
#include "pg_lex.h"

#include <stdlib.h>

static const char head[] = " PostgreSQL database dump";
static const char tail[] = " PostgreSQL database dump complete";

int pg_lexer_begin(pg_lexer *lexer, int descriptor)
{
    memset(lexer, 0, sizeof *lexer);
    lexer->capacity = 1024;
    lexer->at_start = true;
    lexer->token.text = malloc(lexer->capacity);
    int rc = pg_input_begin(&lexer->input, descriptor);
    return lexer->token.text != NULL ? rc : BBOTS_NO_MEMORY;
}

void pg_lexer_end(pg_lexer *lexer)
{
    pg_input_end(&lexer->input);
    free(lexer->token.text);
    lexer->token.text = NULL;
}

/* ------------------------------------------------------------------ the token's text */

static int keep(pg_lexer *lexer, int byte)
{
    pg_token *token = &lexer->token;
    if (token->size + 1 >= lexer->capacity) {
        if (lexer->capacity >= PG_LINE_MAX) {
            lexer->problem = "a word or quoted text is longer than 256 MiB";
            return BBOTS_LIMIT_EXCEEDED;
        }
        char *grown = realloc(token->text, lexer->capacity * 2);
        if (grown == NULL) {
            return BBOTS_NO_MEMORY;
        }
        token->text = grown;
        lexer->capacity *= 2;
    }
    token->text[token->size++] = (char)byte;
    return BBOTS_OK;
}

/* A byte that has to be there: the file may not end here. */
static int next_inside(pg_lexer *lexer, int *byte)
{
    *byte = pg_next(&lexer->input);
    if (*byte == PG_NO_BYTE) {
        lexer->problem = "the file ends within what begins here";
        return BBOTS_SYNTAX;
    }
    return *byte == PG_FAILED ? lexer->input.failure : BBOTS_OK;
}

/* ------------------------------------------------------------------ blanks and comments */

static bool is_blank(int byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Takes the rest of a line off the stream into the token's text. */
static int read_rest(pg_lexer *lexer)
{
    int rc = BBOTS_OK;
    int byte;
    lexer->token.size = 0;
    while (rc == BBOTS_OK && (byte = pg_next(&lexer->input)) != '\n' && byte >= 0) {
        rc = byte != '\r' ? keep(lexer, byte) : BBOTS_OK;
    }
    lexer->token.text[lexer->token.size] = '\0';
    return rc;
}

static int read_line_comment(pg_lexer *lexer)
{
    int rc = read_rest(lexer);
    lexer->headed = lexer->headed || strcmp(lexer->token.text, head) == 0;
    lexer->completed = lexer->completed || strcmp(lexer->token.text, tail) == 0;
    return rc;
}

/* Comments nest in PostgreSQL. */
static int read_block_comment(pg_lexer *lexer)
{
    unsigned depth = 1;
    int byte = 0;
    int before = 0;
    int rc = BBOTS_OK;
    while (depth > 0 && rc == BBOTS_OK) {
        rc = next_inside(lexer, &byte);
        if ((before == '/' && byte == '*') || (before == '*' && byte == '/')) {
            depth = byte == '*' ? depth + 1 : depth - 1;
            byte = 0;
        }
        before = byte;
    }
    return rc;
}

/* ------------------------------------------------------------------ quotes */

static int read_quoted(pg_lexer *lexer, int quote)
{
    int byte;
    for (;;) {
        int rc = next_inside(lexer, &byte);
        if (rc == BBOTS_OK && byte == quote) {
            if (pg_peek(&lexer->input) != quote) {
                return BBOTS_OK;
            }
            pg_next(&lexer->input);
        }
        rc = rc == BBOTS_OK ? keep(lexer, byte) : rc;
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
}

static int hex_digit(int byte)
{
    return byte >= '0' && byte <= '9'   ? byte - '0'
           : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
           : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                        : -1;
}

/* Up to `most` digits of a base that is 8 or 16; *value keeps its low byte. */
static unsigned read_digits(pg_lexer *lexer, int base, unsigned most, unsigned *value)
{
    unsigned count = 0;
    for (; count < most; count++) {
        int digit = hex_digit(pg_peek(&lexer->input));
        if (digit < 0 || digit >= base) {
            break;
        }
        *value = *value * (unsigned)base + (unsigned)digit;
        pg_next(&lexer->input);
    }
    return count;
}

/* What follows a backslash in E'...'. \u is refused: pg_dump writes none. */
static int read_escape(pg_lexer *lexer)
{
    static const char names[] = "bfnrt";
    static const char bytes[] = "\b\f\n\r\t";
    unsigned value = 0;
    int byte;
    int rc = next_inside(lexer, &byte);
    if (rc != BBOTS_OK) {
        return rc;
    }
    const char *named = byte != 0 ? strchr(names, byte) : NULL;
    if (named != NULL) {
        return keep(lexer, bytes[named - names]);
    }
    if (byte == 'u' || byte == 'U') {
        lexer->problem = "escapes of the form \\u are not read";
        return BBOTS_SYNTAX;
    }
    if (byte == 'x' && read_digits(lexer, 16, 2, &value) > 0) {
        return keep(lexer, (int)(value & 0xFF));
    }
    if (byte >= '0' && byte <= '7') {
        value = (unsigned)(byte - '0');
        read_digits(lexer, 8, 2, &value);
        return keep(lexer, (int)(value & 0xFF));
    }
    return keep(lexer, byte);
}

static int read_escaped(pg_lexer *lexer)
{
    int byte;
    for (;;) {
        int rc = next_inside(lexer, &byte);
        if (rc == BBOTS_OK && byte == '\\') {
            rc = read_escape(lexer);
        } else if (rc == BBOTS_OK && byte == '\'' && pg_peek(&lexer->input) != '\'') {
            return BBOTS_OK;
        } else if (rc == BBOTS_OK) {
            if (byte == '\'') {
                pg_next(&lexer->input);
            }
            rc = keep(lexer, byte);
        }
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
}

static bool is_word_start(int byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           byte >= 0x80;
}

static bool is_digit(int byte)
{
    return byte >= '0' && byte <= '9';
}

/* Reads what stands between two $tag$; the first dollar is taken. A lone dollar is a symbol. */
static int read_dollars(pg_lexer *lexer)
{
    char tag[BBOTS_NAME_MAX + 3] = "$";
    size_t size = 1;
    int byte = pg_peek(&lexer->input);
    while ((is_word_start(byte) || (is_digit(byte) && size > 1)) && size < sizeof tag - 2) {
        tag[size++] = (char)byte;
        pg_next(&lexer->input);
        byte = pg_peek(&lexer->input);
    }
    if (byte != '$') {
        lexer->problem = "a dollar sign begins no quoted text";
        return BBOTS_SYNTAX;
    }
    pg_next(&lexer->input);
    tag[size++] = '$';
    pg_token *token = &lexer->token;
    int rc = BBOTS_OK;
    while (rc == BBOTS_OK) {
        rc = next_inside(lexer, &byte);
        rc = rc == BBOTS_OK ? keep(lexer, byte) : rc;
        if (rc == BBOTS_OK && byte == '$' && token->size >= size &&
            memcmp(token->text + token->size - size, tag, size) == 0) {
            token->size -= size;
            token->kind = PG_STRING;
            return BBOTS_OK;
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ words and numbers */

static int read_word(pg_lexer *lexer, int first)
{
    int rc = BBOTS_OK;
    int byte = first;
    if ((first == 'e' || first == 'E') && pg_peek(&lexer->input) == '\'') {
        pg_next(&lexer->input);
        lexer->token.kind = PG_STRING;
        return read_escaped(lexer);
    }
    lexer->token.kind = PG_WORD;
    for (;;) {
        rc = keep(lexer, byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
        byte = pg_peek(&lexer->input);
        if (rc != BBOTS_OK || !(is_word_start(byte) || is_digit(byte) || byte == '$')) {
            return rc;
        }
        pg_next(&lexer->input);
    }
}

static int read_number(pg_lexer *lexer, int first)
{
    int rc = BBOTS_OK;
    int byte = first;
    int before = 0;
    lexer->token.kind = PG_NUMBER;
    for (;;) {
        rc = keep(lexer, byte);
        before = byte;
        byte = pg_peek(&lexer->input);
        bool sign = (byte == '+' || byte == '-') && (before == 'e' || before == 'E');
        bool goes_on = is_digit(byte) || byte == '.' || byte == 'e' || byte == 'E' || sign;
        if (rc != BBOTS_OK || !goes_on) {
            return rc;
        }
        pg_next(&lexer->input);
    }
}

static int read_token(pg_lexer *lexer, int byte)
{
    if (is_word_start(byte)) {
        return read_word(lexer, byte);
    }
    if (is_digit(byte) || (byte == '.' && is_digit(pg_peek(&lexer->input)))) {
        return read_number(lexer, byte);
    }
    switch (byte) {
    case '\'':
        lexer->token.kind = PG_STRING;
        return read_quoted(lexer, byte);
    case '"':
        lexer->token.kind = PG_NAME;
        return read_quoted(lexer, byte);
    case '$':
        return read_dollars(lexer);
    case '\\':
        lexer->token.kind = lexer->at_start ? PG_META : PG_SYMBOL;
        return lexer->at_start ? read_rest(lexer) : keep(lexer, byte);
    default:
        lexer->token.kind = PG_SYMBOL;
        return keep(lexer, byte);
    }
}

/* Skips blanks and comments; *byte is the first one behind them. */
static int skip_blanks(pg_lexer *lexer, int *byte)
{
    int rc = BBOTS_OK;
    while (rc == BBOTS_OK) {
        lexer->token.line = lexer->input.line;
        *byte = pg_next(&lexer->input);
        if (*byte == PG_FAILED) {
            return lexer->input.failure;
        }
        if (*byte == '-' && pg_peek(&lexer->input) == '-') {
            pg_next(&lexer->input);
            rc = read_line_comment(lexer);
        } else if (*byte == '/' && pg_peek(&lexer->input) == '*') {
            pg_next(&lexer->input);
            rc = read_block_comment(lexer);
        } else if (!is_blank(*byte)) {
            break;
        }
    }
    return rc;
}

int pg_lexer_next(pg_lexer *lexer)
{
    int byte = 0;
    int rc = skip_blanks(lexer, &byte);
    lexer->token.size = 0;
    if (rc == BBOTS_OK && byte == PG_NO_BYTE) {
        lexer->token.kind = PG_END;
    } else if (rc == BBOTS_OK) {
        rc = read_token(lexer, byte);
    }
    lexer->token.text[lexer->token.size] = '\0';
    lexer->at_start = lexer->token.kind == PG_META ||
                      (lexer->token.kind == PG_SYMBOL && lexer->token.text[0] == ';');
    return rc;
}

bool pg_is(const pg_token *token, const char *text)
{
    pg_kind kind = text[0] >= 'a' && text[0] <= 'z' ? PG_WORD : PG_SYMBOL;
    return token->kind == kind && strcmp(token->text, text) == 0;
}
