/*
 * options.c - the words behind a command: its own options, and the rest.
 */
#include "options.h"

#include "suggest.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static int refuse_option(const command_line *line, const option *options, const char *word,
                         size_t size)
{
    char name[BBOTS_NAME_MAX + 1];
    char text[128];
    snprintf(name, sizeof name, "%.*s", size < sizeof name ? (int)size : BBOTS_NAME_MAX, word);
    suggestion near = suggestion_for(name);
    for (; options->name != NULL; options++) {
        suggestion_offer(&near, options->name);
    }
    return usage_error(line, "command %s has no option \"%s\"%s", line->command, name,
                       suggestion_text(&near, text));
}

/* Takes the option at words[*at], with its value; moves *at past both. */
static int take_option(const command_line *line, const option *options, int *at)
{
    const char *word = line->words[(*at)++];
    word = strcmp(word, "-o") == 0 ? "--output" : word;
    const char *equals = strchr(word, '=');
    size_t size = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const option *found = options;
    while (found->name != NULL &&
           (strlen(found->name) != size || memcmp(found->name, word, size) != 0)) {
        found++;
    }
    if (found->name == NULL) {
        return refuse_option(line, options, word, size);
    }
    if (found->flag != NULL) {
        *found->flag = true;
        return equals == NULL ? EXIT_DONE
                              : usage_error(line, "option %s takes no value", found->name);
    }
    if (equals == NULL && *at >= line->word_count) {
        return usage_error(line, "option %s needs a value", found->name);
    }
    const char *value = equals != NULL ? equals + 1 : line->words[(*at)++];
    if (found->value != NULL) {
        if (*found->value != NULL) {
            return usage_error(line, "option %s is given twice", found->name);
        }
        *found->value = value;
        return EXIT_DONE;
    }
    if (found->list->count == OPTION_LIST_MAX) {
        return usage_error(line, "option %s is given more than %d times", found->name,
                           (int)OPTION_LIST_MAX);
    }
    found->list->values[found->list->count++] = value;
    return EXIT_DONE;
}

int read_options(const command_line *line, const option *options, unsigned least, unsigned most,
                 const char *what, rest_words *rest)
{
    bool plain = false;
    rest->count = 0;
    for (int at = 0; at < line->word_count;) {
        const char *word = line->words[at];
        if (!plain && strcmp(word, "--") == 0) {
            plain = true;
            at++;
        } else if (!plain && (strncmp(word, "--", 2) == 0 || strcmp(word, "-o") == 0)) {
            int rc = take_option(line, options, &at);
            if (rc != EXIT_DONE) {
                return rc;
            }
        } else if (rest->count == most || rest->count == REST_MAX) {
            return usage_error(line, "\"%s\" is one word too many for command %s, which takes %s",
                               word, line->command, what);
        } else {
            rest->words[rest->count++] = word;
            at++;
        }
    }
    if (rest->count < least) {
        return usage_error(line, "command %s needs %s (see `%s help %s`)", line->command, what,
                           line->program, line->command);
    }
    return EXIT_DONE;
}

static bool parse_number(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0;
}

int read_number(const command_line *line, const char *name, const char *text, uint64_t *number)
{
    return parse_number(text, number)
               ? EXIT_DONE
               : usage_error(line, "%s needs a whole number from 0 on, not \"%s\"", name, text);
}

static int read_from_one(const command_line *line, const char *name, const char *text,
                         uint64_t most, uint64_t *number)
{
    return parse_number(text, number) && *number != 0 && *number <= most
               ? EXIT_DONE
               : usage_error(line, "%s needs a whole number from 1 to %" PRIu64 ", not \"%s\"",
                             name, most, text);
}

int read_id(const command_line *line, const char *name, const char *text, int64_t *id)
{
    uint64_t number = 0;
    int rc = read_from_one(line, name, text, INT64_MAX, &number);
    *id = rc == EXIT_DONE ? (int64_t)number : 0;
    return rc;
}

int read_count(const command_line *line, const char *name, const char *text, uint32_t *count)
{
    uint64_t number = 0;
    int rc = read_from_one(line, name, text, UINT32_MAX, &number);
    *count = rc == EXIT_DONE ? (uint32_t)number : 0;
    return rc;
}

int read_time(const command_line *line, const char *name, const char *text, bbots_timestamp *time)
{
    if (bbots_timestamp_parse(bbots_text_of(text), true, time) != BBOTS_OK) {
        return usage_error(
            line, "option %s needs a time, such as 2026-01-31 or 2026-01-31T12:30, not \"%s\"",
            name, text);
    }
    return EXIT_DONE;
}

int read_columns(const command_line *line, const bbots_table *table, const char *text,
                 unsigned most, uint8_t *columns, unsigned *count)
{
    uint64_t seen = 0;
    *count = 0;
    for (const char *at = text;; at++) {
        char name[128];
        char near_text[128];
        size_t size = strcspn(at, ",");
        int column = bbots_table_column(table, (bbots_text){at, size});
        if (column < 0) {
            snprintf(name, sizeof name, "%.*s", size < sizeof name ? (int)size : 127, at);
            suggestion near = suggest_column(table, name);
            return usage_error(line, "table \"%s\" has no column \"%s\"%s", table->name, name,
                               suggestion_text(&near, near_text));
        }
        if ((seen & BBOTS_COLUMN_BIT(column)) != 0) {
            return usage_error(line, "column \"%s\" is named twice", table->columns[column].name);
        }
        if (*count == most) {
            return usage_error(line, "\"%s\" names more than %u columns", text, most);
        }
        seen |= BBOTS_COLUMN_BIT(column);
        columns[(*count)++] = (uint8_t)column;
        at += size;
        if (*at == '\0') {
            return EXIT_DONE;
        }
    }
}

/* Reads a value in double quotes at *from into *to; false when the quotes do not close. */
static bool take_quoted(const char **from, char **to)
{
    const char *at = *from + 1;
    for (;; at++) {
        if (*at == '\0') {
            return false;
        }
        if (*at == '"' && *++at != '"') {
            *from = at;
            return true;
        }
        *(*to)++ = *at;
    }
}

int read_values(const command_line *line, const char *name, const char *text, unsigned most,
                bbots_value *values, unsigned *count, char **memory)
{
    const char *at = text;
    char *to = *memory = malloc(strlen(text) + 1);
    *count = 0;
    if (to == NULL) {
        return usage_error(line, "out of memory");
    }
    for (;; at++) {
        char *begin = to;
        bool quoted = *at == '"';
        if (*count == most) {
            return usage_error(line, "option %s takes %u values here; \"%s\" has more", name, most,
                               text);
        }
        if (quoted && !take_quoted(&at, &to)) {
            return usage_error(line, "option %s: a double quote in %s is not closed", name, text);
        }
        if (!quoted) {
            size_t size = most == 1 ? strlen(at) : strcspn(at, ",");
            memcpy(to, at, size);
            to += size;
            at += size;
        }
        bool null = !quoted && to - begin == 4 && memcmp(begin, "NULL", 4) == 0;
        values[(*count)++] =
            null ? bbots_value_null() : bbots_value_text((bbots_text){begin, (size_t)(to - begin)});
        if (*at == '\0') {
            return EXIT_DONE;
        }
        if (*at != ',') {
            return usage_error(line, "option %s: a comma is missing in %s", name, text);
        }
    }
}
