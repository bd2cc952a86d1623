/*
 * suggest.h - "did you mean": of many names the one nearest to a misspelt word.
 */
#ifndef INSPECT_SUGGEST_H
#define INSPECT_SUGGEST_H

#include <bbots/bbots.h>

typedef struct suggestion {
    const char *word; /* what was typed */
    const char *best; /* the nearest name so far, or NULL */
    unsigned distance;
} suggestion;

suggestion suggestion_for(const char *word);

/* Considers a name, which has to live as long as the suggestion. */
void suggestion_offer(suggestion *to, const char *name);

/* ' (did you mean "users"?)' or "" in buffer. */
const char *suggestion_text(const suggestion *from, char buffer[128]);

/* All of a kind at once. */
suggestion suggest_table(const bbots_schema *schema, const char *word);
suggestion suggest_column(const bbots_table *table, const char *word);
suggestion suggest_index(const bbots_table *table, const char *word);

#endif
