/*
 * suggest.c - "did you mean": of many names the one nearest to a misspelt word.
 *
 * Nearness is the number of letters to insert, drop, change or swap, without regard to case. A
 * third of the word may be wrong; a name that the word begins counts as one letter off, so that
 * "user_prof" finds user_profiles.
 */
#include "suggest.h"

#include <ctype.h>
#include <stdio.h>

/* Longer words than any name are not worth the work. */
enum { WORD_MAX = BBOTS_NAME_MAX + 1 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static int letter(char byte)
{
    return tolower((unsigned char)byte);
}

/* The optimal string alignment distance of two words of at most WORD_MAX bytes. */
static unsigned distance_of(const char *a, size_t a_size, const char *b, size_t b_size)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_size; j++) {
        last[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_size; j++) {
            unsigned differs = letter(a[i - 1]) != letter(b[j - 1]);
            now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + differs);
            if (i > 1 && j > 1 && letter(a[i - 1]) == letter(b[j - 2]) &&
                letter(a[i - 2]) == letter(b[j - 1])) {
                now[j] = least(now[j], before[j - 2] + 1);
            }
        }
        unsigned *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b_size];
}

static bool begins(const char *name, const char *word, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (letter(name[i]) != letter(word[i])) {
            return false;
        }
    }
    return true;
}

suggestion suggestion_for(const char *word)
{
    suggestion made = {word, NULL, 0};
    return made;
}

void suggestion_offer(suggestion *to, const char *name)
{
    size_t size = strlen(to->word);
    size_t name_size = strlen(name);
    if (size == 0 || size > WORD_MAX || name_size > WORD_MAX) {
        return;
    }
    unsigned distance = distance_of(to->word, size, name, name_size);
    if (size >= 3 && size < name_size && begins(name, to->word, size)) {
        distance = 1;
    }
    if (distance <= (size < 3 ? 1 : size / 3) && (to->best == NULL || distance < to->distance)) {
        to->best = name;
        to->distance = distance;
    }
}

const char *suggestion_text(const suggestion *from, char buffer[128])
{
    buffer[0] = '\0';
    if (from->best != NULL) {
        snprintf(buffer, 128, " (did you mean \"%s\"?)", from->best);
    }
    return buffer;
}

suggestion suggest_table(const bbots_schema *schema, const char *word)
{
    suggestion made = suggestion_for(word);
    for (uint32_t i = 0; i < schema->table_count; i++) {
        suggestion_offer(&made, schema->tables[i]->name);
    }
    return made;
}

suggestion suggest_column(const bbots_table *table, const char *word)
{
    suggestion made = suggestion_for(word);
    for (unsigned i = 0; i < table->column_count; i++) {
        suggestion_offer(&made, table->columns[i].name);
    }
    return made;
}

suggestion suggest_index(const bbots_table *table, const char *word)
{
    suggestion made = suggestion_for(word);
    for (unsigned i = 0; i < table->index_count; i++) {
        suggestion_offer(&made, table->indexes[i].name);
    }
    return made;
}
