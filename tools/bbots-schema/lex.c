/*
 * lex.c - cuts SQL into tokens.
 *
 * No parser: SQLite parses, and its catalogue says what was declared. Tokens serve three things
 * that the catalogue cannot give: the line of a column, its comment, and whether a clause stands
 * there that SQLite would take in silence (a CHECK, a collation, a DESC).
 */
#include "lex.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool word_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || byte == '$' || (byte & 0x80) != 0;
}

/* Behind the closing quote; a doubled quote is part of the text. */
static const char *quoted_end(const char *at, gen_place place)
{
    char quote = *at++;
    for (;; at++) {
        if (*at == '\0')
            gen_refuse(place, "the quote %c is not closed", quote);
        if (*at == quote && at[1] == quote)
            at++;
        else if (*at == quote)
            return at + 1;
    }
}

static const char *number_end(const char *at)
{
    while (word_byte(*at) || *at == '.' || ((*at == '+' || *at == '-') && tolower(at[-1]) == 'e'))
        at++;
    return at;
}

static const char *word_end(const char *at)
{
    while (word_byte(*at))
        at++;
    return at;
}

/* Kind and end of the token that begins here; *at is no blank and no end. */
static gen_kind measure(const char *at, gen_place place, const char **end)
{
    if (at[0] == '-' && at[1] == '-') {
        *end = at + strcspn(at, "\n");
        return GEN_COMMENT;
    }
    if (at[0] == '/' && at[1] == '*')
        gen_refuse(place, "comments are written with --, block comments are not read");
    if (*at == '`' || *at == '[')
        gen_refuse(place, "a name is quoted with \", not with %c", *at);
    if (*at == '"' || *at == '\'') {
        *end = quoted_end(at, place);
        return *at == '"' ? GEN_QUOTED : GEN_STRING;
    }
    if (isdigit((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1]))) {
        *end = number_end(at);
        return GEN_NUMBER;
    }
    if (word_byte(*at)) {
        *end = word_end(at);
        return GEN_WORD;
    }
    *end = at + 1;
    return GEN_MARK;
}

static void count_lines(gen_place *place, const char *start, const char *end)
{
    for (; start < end; start++)
        place->line += *start == '\n';
}

static gen_token next_token(const char **at, gen_place *place)
{
    const char *start = *at + strspn(*at, " \t\r\n\f");
    count_lines(place, *at, start);
    gen_token token = {GEN_END, start, 0, *place};
    const char *end = start;
    if (*start != '\0')
        token.kind = measure(start, *place, &end);
    token.size = (size_t)(end - start);
    count_lines(place, start, end);
    *at = end;
    return token;
}

/* Grows by doubling; the arena keeps the smaller ones, which does not matter in a run of 0.1 s. */
static void append(gen_token **tokens, size_t *count, gen_token token)
{
    if ((*count & (*count - 1)) == 0) {
        gen_token *larger = gen_alloc(*count == 0 ? 1 : *count * 2, sizeof *larger);
        if (*count != 0)
            memcpy(larger, *tokens, *count * sizeof *larger);
        *tokens = larger;
    }
    (*tokens)[(*count)++] = token;
}

bool gen_statement_next(const char **at, gen_place *place, gen_statement *statement)
{
    memset(statement, 0, sizeof *statement);
    for (;;) {
        gen_token token = next_token(at, place);
        bool first = statement->token_count == 0;
        if (first && (token.kind == GEN_COMMENT || gen_is(&token, ";")))
            continue; /* between statements */
        if (first && token.kind == GEN_END)
            return false;
        if (token.kind == GEN_END)
            gen_refuse(statement->place, "the statement does not end with a semicolon");
        if (first) {
            statement->place = token.place;
            statement->text = token.start;
        }
        if (gen_is(&token, ";"))
            break;
        append(&statement->tokens, &statement->token_count, token);
    }
    size_t count = statement->token_count;
    append(&statement->tokens, &count, (gen_token){GEN_END, *at, 0, *place});
    statement->size = (size_t)(*at - statement->text);
    return true;
}

gen_token *gen_tokens(const char *text, gen_place place)
{
    gen_token *tokens = NULL;
    size_t count = 0;
    gen_token token;
    gen_place here = place;
    do {
        token = next_token(&text, &here);
        token.place = place;
        append(&tokens, &count, token);
    } while (token.kind != GEN_END);
    return tokens;
}

bool gen_is(const gen_token *token, const char *word)
{
    return (token->kind == GEN_WORD || token->kind == GEN_MARK) && strlen(word) == token->size &&
           strncasecmp(token->start, word, token->size) == 0;
}

char *gen_unquote(const gen_token *token)
{
    char *text = gen_copy(token->start + 1, token->size - 2);
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        *to++ = *from;
        if (*from == *token->start)
            from++; /* the second of a doubled quote */
    }
    *to = '\0';
    return text;
}

const char *gen_name(const gen_token *token, const char *what)
{
    if (token->kind != GEN_WORD && token->kind != GEN_QUOTED)
        gen_refuse(token->place, "the name of %s is expected, not \"%.*s\"", what,
                   (int)token->size, token->start);
    bool quoted = token->kind == GEN_QUOTED;
    char *name = quoted ? gen_unquote(token) : gen_copy(token->start, token->size);
    if (strlen(name) > BBOTS_NAME_MAX)
        gen_refuse(token->place, "name \"%s\" is longer than %d bytes", name, BBOTS_NAME_MAX);
    if (!schema_name_valid(name))
        gen_refuse(token->place,
                   "name \"%s\" has other characters than letters, digits and underscores, or "
                   "begins with a digit; it could not be a name in C",
                   name);
    for (const char *byte = name; !quoted && *byte != '\0'; byte++) {
        if (isupper((unsigned char)*byte))
            gen_refuse(token->place,
                       "name %s has capitals and no quotes: PostgreSQL would fold it to lower "
                       "case, write \"%s\"",
                       name, name);
    }
    return name;
}
