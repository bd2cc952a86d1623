/* schema/words.h - the words of the serialized form, shared by its writer and its reader. */
#ifndef SCHEMA_WORDS_H
#define SCHEMA_WORDS_H

#include <stddef.h>

#define SCHEMA_FORMAT 1

typedef struct schema_word {
    const char *word;
    unsigned code;
} schema_word;

#define SCHEMA_COLUMN_FLAG_COUNT 6
extern const schema_word schema_column_flags[SCHEMA_COLUMN_FLAG_COUNT];

#define SCHEMA_INDEX_KIND_COUNT 7
extern const schema_word schema_index_kinds[SCHEMA_INDEX_KIND_COUNT]; /* all flags together */

#define SCHEMA_RULE_COUNT 3
extern const schema_word schema_rules[SCHEMA_RULE_COUNT];

/* The word of a code; "?" for one that the list lacks, which no reader accepts. */
const char *schema_word_of(const schema_word *words, size_t count, unsigned code);

/* The place of a word in its list, or -1. */
int schema_word_find(const schema_word *words, size_t count, const char *word);

#endif
