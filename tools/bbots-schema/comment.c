/*
 * comment.c - a column's comment carries what SQL cannot say, in square brackets:
 *
 *   [values: a, b, c]  values that usually stand here; not enforced
 *   [unit: ms]         what a number counts
 *   [secret] [vault]   never shown
 *
 * An unknown tag is refused: a misspelt [secert] would show a password.
 */
#include "comment.h"

#include "base/utf8.h"

#include <ctype.h>
#include <string.h>

/* The text without blanks at its ends. */
static char *trimmed(const char *text, size_t size)
{
    while (size > 0 && isspace((unsigned char)*text)) {
        text++;
        size--;
    }
    while (size > 0 && isspace((unsigned char)text[size - 1]))
        size--;
    return gen_copy(text, size);
}

void gen_comment_add(gen_comment *comment, const gen_token *token)
{
    size_t dashes = 0;
    while (dashes < token->size && token->start[dashes] == '-')
        dashes++;
    char *line = trimmed(token->start + dashes, token->size - dashes);
    for (char *byte = line; *byte != '\0'; byte++) {
        if (*byte == '\t')
            *byte = ' ';
        if ((unsigned char)*byte < 0x20 || *byte == 0x7f)
            gen_refuse(token->place, "a comment has a control character");
    }
    if (!bb_utf8_valid(line, strlen(line)))
        gen_refuse(token->place, "a comment is not UTF-8");
    if (comment->text == NULL)
        *comment = (gen_comment){line, token->place};
    else
        comment->text = gen_format("%s %s", comment->text, line);
}

static void take_values(const gen_comment *comment, const char *list, bbots_column *column)
{
    const char **usual = gen_alloc(SCHEMA_USUAL_MAX + 1, sizeof *usual);
    size_t count = 0;
    while (*list != '\0') {
        size_t size = strcspn(list, ",");
        char *value = trimmed(list, size);
        if (*value == '\0' || count == SCHEMA_USUAL_MAX)
            gen_refuse(comment->place, "the tag [values: ...] of column \"%s\" has %s",
                       column->name, *value == '\0' ? "an empty value" : "too many values");
        usual[count++] = value;
        list += size + (list[size] == ',');
    }
    if (column->usual != NULL || count == 0)
        gen_refuse(comment->place, "column \"%s\" has %s", column->name,
                   count == 0 ? "an empty tag [values: ]" : "two tags [values: ...]");
    column->usual = usual;
}

static void take_tag(const gen_comment *comment, const char *tag, bbots_column *column)
{
    if (strncmp(tag, "values:", 7) == 0)
        take_values(comment, trimmed(tag + 7, strlen(tag + 7)), column);
    else if (strncmp(tag, "unit:", 5) == 0)
        column->unit = trimmed(tag + 5, strlen(tag + 5));
    else if (strcmp(tag, "secret") == 0)
        column->flags |= BBOTS_COLUMN_SECRET;
    else if (strcmp(tag, "vault") == 0)
        column->flags |= BBOTS_COLUMN_VAULT;
    else
        gen_refuse(comment->place,
                   "tag [%s] is unknown; known are [values: a, b], [unit: x], [secret], [vault]",
                   tag);
}

/* Moves the rest of the text over a tag, with the blank before it. */
static void cut(char *from, const char *to, const char *start)
{
    while (from > start && from[-1] == ' ')
        from--;
    memmove(from, to, strlen(to) + 1);
}

void gen_comment_column(const gen_comment *comment, bbots_column *column)
{
    column->comment = "";
    column->unit = "";
    if (comment->text == NULL)
        return;
    char *text = gen_copy(comment->text, strlen(comment->text));
    char *open;
    while ((open = strchr(text, '[')) != NULL) {
        char *close = strchr(open, ']');
        if (close == NULL)
            gen_refuse(comment->place, "a [ in the comment of column \"%s\" is not closed",
                       column->name);
        take_tag(comment, trimmed(open + 1, (size_t)(close - open - 1)), column);
        cut(open, close + 1, text);
    }
    column->comment = trimmed(text, strlen(text));
}

const char *gen_comment_table(const gen_comment *comment)
{
    return comment->text != NULL ? comment->text : "";
}
