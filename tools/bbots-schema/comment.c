/*
 * comment.c - a column's comment carries what SQL cannot say, in square brackets:
 *
 *   [values: a, b, c]  values that usually stand here; not enforced
 *   [unit: ms]         what a number counts
 *   [secret] [vault]   never shown
 *   [datakey]          secret, and a key for the secrets of the row's owner
 *
 * A table's comment can have live aggregates: [live NAME: ...]; live.c reads them; the columns by
 * which it is polled as a queue: [queue: a, b]; and the one by which a repeated row is known:
 * [once: a]; key.c makes their indexes.
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
    unsigned number = comment->line_count++;
    unsigned *lines = gen_alloc(comment->line_count, sizeof *lines);
    size_t *starts = gen_alloc(comment->line_count, sizeof *starts);
    if (number != 0) {
        memcpy(lines, comment->lines, number * sizeof *lines);
        memcpy(starts, comment->starts, number * sizeof *starts);
    }
    lines[number] = token->place.line;
    starts[number] = comment->text == NULL ? 0 : strlen(comment->text) + 1;
    comment->lines = lines;
    comment->starts = starts;
    if (comment->text == NULL) {
        comment->text = line;
        comment->place = token->place;
    } else {
        comment->text = gen_format("%s %s", comment->text, line);
    }
}

/* Where in the file a place of the text is. */
static gen_place place_of(const gen_comment *comment, size_t offset)
{
    gen_place place = comment->place;
    for (unsigned i = 0; i < comment->line_count && comment->starts[i] <= offset; i++)
        place.line = comment->lines[i];
    return place;
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
    else if (strcmp(tag, "datakey") == 0)
        column->flags |= BBOTS_COLUMN_SECRET | BBOTS_COLUMN_DATA_KEY;
    else
        gen_refuse(comment->place,
                   "tag [%s] is unknown; known are [values: a, b], [unit: x], [secret], [vault], "
                   "[datakey]",
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

/* Takes [WORD: ...], which a table may have once. */
static bool note_index(gen_table *table, gen_place place, const char *text, const char *word,
                       gen_table_tag *tag)
{
    size_t size = strlen(word);
    if (strncmp(text, word, size) != 0 || text[size] != ':')
        return false;
    if (tag->text != NULL)
        gen_refuse(place, "table \"%s\" has two tags [%s: ...]", table->table.name, word);
    *tag = (gen_table_tag){trimmed(text + size + 1, strlen(text + size + 1)), place};
    return true;
}

static void note_tag(gen_table *table, gen_place place, char *text)
{
    if (note_index(table, place, text, "queue", &table->queue_tag) ||
        note_index(table, place, text, "once", &table->once_tag))
        return;
    if (strncmp(text, "live ", 5) != 0)
        gen_refuse(place,
                   "tag [%s] of table \"%s\" is unknown; known are [live name: ...], [queue: ...] "
                   "and [once: ...]",
                   text, table->table.name);
    if (table->live_tag_count == GEN_LIVES_MAX)
        gen_refuse(place, "table \"%s\" has more than %d live aggregates", table->table.name,
                   GEN_LIVES_MAX);
    table->live_tags[table->live_tag_count++] =
        (gen_table_tag){trimmed(text + 5, strlen(text + 5)), place};
}

void gen_comment_table(const gen_comment *comment, gen_table *table)
{
    const char *from = comment->text != NULL ? comment->text : "";
    const char *start = from;
    char *text = gen_copy("", 0);
    const char *open;
    while ((open = strchr(from, '[')) != NULL) {
        const char *close = strchr(open, ']');
        gen_place place = place_of(comment, (size_t)(open - start));
        if (close == NULL)
            gen_refuse(place, "a [ in the comment of table \"%s\" is not closed",
                       table->table.name);
        note_tag(table, place, trimmed(open + 1, (size_t)(close - open - 1)));
        const char *before = trimmed(from, (size_t)(open - from));
        text = gen_format("%s%s%s", text, *text != '\0' && *before != '\0' ? " " : "", before);
        from = close + 1;
    }
    const char *rest = trimmed(from, strlen(from));
    table->table.comment = gen_format("%s%s%s", text, *text != '\0' && *rest != '\0' ? " " : "", rest);
}
