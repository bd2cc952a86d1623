/*
 * filter_read.c - understanding a condition: COLUMN[path] OP VALUE.
 *
 * Reading goes strictly from left to right, so an operator inside the value needs no quotes:
 * 'url = a=b' compares with "a=b". The value may stand in SQL's single quotes, which keep blanks
 * at its ends.
 */
#include "filter.h"

#include "options.h"
#include "suggest.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

static const char *skip_blanks(const char *at)
{
    while (isspace((unsigned char)*at)) {
        at++;
    }
    return at;
}

/* Takes the column's name, bare or in double quotes; *at moves behind it. */
static int take_column(const command_line *line, const bbots_table *table, const char **at,
                       unsigned *column)
{
    char name[128];
    char near_text[128];
    bool quoted = **at == '"';
    const char *begin = *at + (quoted ? 1 : 0);
    size_t size = quoted ? strcspn(begin, "\"") : 0;
    while (!quoted && (isalnum((unsigned char)begin[size]) || begin[size] == '_')) {
        size++;
    }
    *at = begin + size + (quoted && begin[size] == '"' ? 1 : 0);
    int found = bbots_table_column(table, (bbots_text){begin, size});
    if (found < 0) {
        snprintf(name, sizeof name, "%.*s", size < sizeof name ? (int)size : 127, begin);
        suggestion near = suggest_column(table, name);
        return usage_error(line, "--where: table \"%s\" has no column \"%s\"%s", table->name, name,
                           suggestion_text(&near, near_text));
    }
    *column = (unsigned)found;
    return EXIT_DONE;
}

/* The length of a path: up to a blank or operator that stands in no brackets. */
static size_t path_size(const char *at)
{
    size_t size = 0;
    bool brackets = false;
    bool quotes = false;
    for (; at[size] != '\0'; size++) {
        char byte = at[size];
        if (quotes && byte == '\\' && at[size + 1] != '\0') {
            size++;
        } else if (byte == '"' && brackets) {
            quotes = !quotes;
        } else if (!quotes && byte == '[') {
            brackets = true;
        } else if (!quotes && byte == ']') {
            brackets = false;
        } else if (!brackets && strchr(" \t=<>!~", byte) != NULL) {
            break;
        }
    }
    return size;
}

/* Takes an operator; false when there is none. Longer ones come first. */
static bool take_operator(const char **at, filter_operator *found)
{
    static const struct {
        const char *text;
        filter_operator operator;
    } signs[] = {
        {"!=", FILTER_DIFFERS}, {"<>", FILTER_DIFFERS},       {"<=", FILTER_LESS_EQUAL},
        {"==", FILTER_EQUAL},   {">=", FILTER_GREATER_EQUAL}, {"=", FILTER_EQUAL},
        {"<", FILTER_LESS},     {">", FILTER_GREATER},        {"~", FILTER_CONTAINS},
    };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t size = strlen(signs[i].text);
        if (strncmp(*at, signs[i].text, size) == 0) {
            *at += size;
            *found = signs[i].operator;
            return true;
        }
    }
    return false;
}

/* Takes a word without regard to case, with the blanks behind it. */
static bool take_word(const char **at, const char *word)
{
    size_t size = strlen(word);
    if (strncasecmp(*at, word, size) != 0 || isalnum((unsigned char)(*at)[size])) {
        return false;
    }
    *at = skip_blanks(*at + size);
    return true;
}

static bool take_null_test(const char **at, filter_operator *found)
{
    const char *next = *at;
    if (!take_word(&next, "is")) {
        return false;
    }
    *found = take_word(&next, "not") ? FILTER_NOT_NULL : FILTER_NULL;
    if (!take_word(&next, "null") || *next != '\0') {
        return false;
    }
    *at = next;
    return true;
}

/* Copies the operand without blanks around it and without SQL's quotes. */
static bool copy_operand(filter *read, const char *at)
{
    size_t size = strlen(at);
    while (size > 0 && isspace((unsigned char)at[size - 1])) {
        size--;
    }
    read->text = malloc(size + 1);
    if (read->text == NULL) {
        return false;
    }
    read->quoted = size >= 2 && at[0] == '\'' && at[size - 1] == '\'';
    const char *end = at + size - (read->quoted ? 1 : 0);
    for (at += read->quoted ? 1 : 0; at < end; at++) {
        read->text[read->text_size++] = *at;
        at += read->quoted && at[0] == '\'' && at[1] == '\'' && at + 1 < end ? 1 : 0;
    }
    read->text[read->text_size] = '\0';
    return true;
}

/* Which operators a column's type knows. */
static bool type_allows(const bbots_column *column, const filter *read)
{
    bool order = read->operator>= FILTER_LESS && read->operator<= FILTER_GREATER_EQUAL;
    bool plain = column->type != BBOTS_TYPE_JSONB && column->type != BBOTS_TYPE_VECTOR &&
                 column->type != BBOTS_TYPE_BYTEA;
    return !order || plain || read->path != NULL;
}

/* Turns the operand into a value of the column. */
static int read_operand(const command_line *line, filter *read)
{
    bbots_error error;
    const bbots_column *column = &read->table->columns[read->column];
    bbots_text text = {read->text, read->text_size};
    bool is_text = column->type == BBOTS_TYPE_TEXT || column->type == BBOTS_TYPE_VARCHAR;
    if (!type_allows(column, read)) {
        return usage_error(line, "--where: column \"%s\" has no order; use = != ~ or is null",
                           column->name);
    }
    if (column->type == BBOTS_TYPE_JSONB) {
        /* what is no JSON can still be the text of a string */
        if (!read->quoted &&
            bbots_json_pack(text, &read->packed, &read->packed_size, NULL) != BBOTS_OK) {
            read->packed = NULL;
        }
        return EXIT_DONE;
    }
    if (is_text || read->operator== FILTER_CONTAINS) {
        read->operand = bbots_value_text(text); /* a text too long for the column is just unequal */
        return EXIT_DONE;
    }
    return bbots_value_parse(read->table, read->column, text, &read->operand, &error) == BBOTS_OK
               ? EXIT_DONE
               : library_error(line, &error);
}

static int read_path(const command_line *line, filter *read, const char **at)
{
    bbots_json found;
    const bbots_column *column = &read->table->columns[read->column];
    static const uint8_t json_null = 0xc0;
    bbots_json nothing = {&json_null, 1, BBOTS_JSON_PACKED};
    size_t size = path_size(*at);
    if (column->type != BBOTS_TYPE_JSONB) {
        return usage_error(line, "--where: column \"%s\" is no jsonb and has no paths",
                           column->name);
    }
    read->path = strndup(*at, size);
    if (read->path == NULL) {
        return usage_error(line, "out of memory");
    }
    if (bbots_json_get(nothing, read->path, &found) < 0) {
        return usage_error(line, "--where: \"%s\" is no path; write .name, [0] or [\"name\"]",
                           read->path);
    }
    *at += size;
    return EXIT_DONE;
}

int filter_read(const command_line *line, const bbots_table *table, const char *condition,
                filter *read)
{
    memset(read, 0, sizeof *read);
    read->table = table;
    const char *at = skip_blanks(condition);
    int rc = take_column(line, table, &at, &read->column);
    if (rc == EXIT_DONE && (*at == '.' || *at == '[')) {
        rc = read_path(line, read, &at);
    }
    if (rc != EXIT_DONE) {
        return rc;
    }
    at = skip_blanks(at);
    if (take_null_test(&at, &read->operator)) {
        return EXIT_DONE;
    }
    if (!take_operator(&at, &read->operator)) {
        return usage_error(line,
                           "--where: \"%s\" has no operator behind \"%s\"; there are = != < <= > "
                           ">= ~ \"is null\" \"is not null\"",
                           condition, table->columns[read->column].name);
    }
    return copy_operand(read, skip_blanks(at)) ? read_operand(line, read)
                                               : usage_error(line, "out of memory");
}

void filter_free(filter *read)
{
    free(read->path);
    free(read->text);
    free(read->packed);
    memset(read, 0, sizeof *read);
}
