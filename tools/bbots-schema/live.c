/*
 * live.c - live aggregates, from the tags of a table's comment:
 *
 *   [live NAME: by COLUMNS; split COLUMNS; time COLUMN UNITS; fine COLUMNS; sum COLUMNS]
 *
 * Clauses stand in this order, and each may be missing. Lists have commas.
 */
#include "gen.h"

#include <string.h>

/* The clause under way: its text, and where it came from. */
typedef struct clause {
    const gen_table *table;
    const gen_table_tag *tag;
    const char *live;
    const char *text;
} clause;

/* The next word, up to a blank or one of the marks; NULL at the end. *text moves on. */
static const char *take_word(const char **text)
{
    const char *at = *text + strspn(*text, " ");
    size_t size = strcspn(at, " ,;:");
    *text = at + size;
    return size != 0 ? gen_copy(at, size) : NULL;
}

static bool take_mark(const char **text, char mark)
{
    const char *at = *text + strspn(*text, " ");
    bool there = *at == mark;
    *text = at + there;
    return there;
}

static uint8_t column_of(const clause *from, const char *name)
{
    int column = name != NULL ? gen_column_find(from->table, name) : -1;
    if (column < 0)
        gen_refuse(from->tag->place,
                   "live aggregate \"%s\" names \"%s\", which is no column of "
                   "table \"%s\"",
                   from->live, name != NULL ? name : "", from->table->table.name);
    return (uint8_t)column;
}

/* A list of columns behind what is there; returns how many there are in all. */
static uint8_t take_columns(clause *from, uint8_t *columns, unsigned count, unsigned most)
{
    do {
        uint8_t column = column_of(from, take_word(&from->text));
        if (count == most)
            gen_refuse(from->tag->place, "live aggregate \"%s\" has more than %u columns of a kind",
                       from->live, most);
        columns[count++] = column;
    } while (take_mark(&from->text, ','));
    return (uint8_t)count;
}

static uint8_t take_units(clause *from, uint8_t *units)
{
    unsigned count = 0;
    do {
        const char *word = take_word(&from->text);
        unsigned unit = word != NULL ? schema_unit_of_word(word) : 0;
        if (unit == 0 || count == BBOTS_LIVE_UNITS_MAX)
            gen_refuse(from->tag->place,
                       "live aggregate \"%s\": \"%s\" is no unit of time; known "
                       "are year, month, day, hour, minute",
                       from->live, word != NULL ? word : "");
        units[count++] = (uint8_t)unit;
    } while (take_mark(&from->text, ','));
    return (uint8_t)count;
}

/* Which clause a word begins: its place in their order, or -1. */
static int clause_number(const char *word)
{
    static const char *const words[] = {"by", "split", "time", "fine", "sum"};
    for (int i = 0; word != NULL && i < (int)(sizeof words / sizeof words[0]); i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    return -1;
}

static void take_clause(clause *from, int number, bbots_live *live)
{
    uint8_t *sums = (uint8_t *)live->sums;
    switch (number) {
    case 0:
        live->by_count = take_columns(from, (uint8_t *)live->by, 0, BBOTS_LIVE_BY_MAX);
        break;
    case 1:
        live->split_count = take_columns(from, (uint8_t *)live->split, 0, BBOTS_LIVE_SPLIT_MAX);
        break;
    case 2:
        live->time = column_of(from, take_word(&from->text));
        live->unit_count = take_units(from, (uint8_t *)live->units);
        break;
    case 3:
        live->fine_count = take_columns(from, sums, 0, BBOTS_LIVE_SUMS_MAX);
        live->sum_count = live->fine_count;
        break;
    default:
        live->sum_count = take_columns(from, sums, live->sum_count, BBOTS_LIVE_SUMS_MAX);
        break;
    }
}

static void read_live(const gen_table *table, const gen_table_tag *tag, bbots_live *live)
{
    clause from = {table, tag, "", tag->text};
    const char *name = take_word(&from.text);
    int before = -1;
    if (name == NULL || !schema_name_valid(name) || !take_mark(&from.text, ':'))
        gen_refuse(tag->place, "a tag [live name: ...] of table \"%s\" has no name and colon",
                   table->table.name);
    from.live = name;
    live->name = name;
    live->by = gen_alloc(BBOTS_LIVE_BY_MAX, 1);
    live->split = gen_alloc(BBOTS_LIVE_SPLIT_MAX, 1);
    live->units = gen_alloc(BBOTS_LIVE_UNITS_MAX, 1);
    live->sums = gen_alloc(BBOTS_LIVE_SUMS_MAX, 1);
    do {
        const char *word = take_word(&from.text);
        if (word == NULL && *from.text == '\0' && before < 0)
            break;
        int number = clause_number(word);
        if (number <= before)
            gen_refuse(tag->place,
                       "live aggregate \"%s\": \"%s\" is out of place; the clauses are "
                       "by, split, time, fine, sum, in this order",
                       name, word != NULL ? word : "");
        take_clause(&from, number, live);
        before = number;
    } while (take_mark(&from.text, ';'));
    if (from.text[strspn(from.text, " ")] != '\0')
        gen_refuse(tag->place, "live aggregate \"%s\" cannot be understood at \"%s\"", name,
                   from.text);
}

void gen_lives(gen_table *table)
{
    table->table.lives = table->lives;
    for (unsigned i = 0; i < table->live_tag_count; i++) {
        const gen_table_tag *tag = &table->live_tags[i];
        read_live(table, tag, &table->lives[i]);
        const char *fault = schema_live_fault(&table->table, &table->lives[i]);
        if (fault != NULL)
            gen_refuse(tag->place, "live aggregate \"%s\": %s", table->lives[i].name, fault);
        if (bbots_table_live(&table->table, table->lives[i].name) != NULL)
            gen_refuse(tag->place, "live aggregate \"%s\" is declared twice", table->lives[i].name);
        table->table.live_count++;
    }
}
