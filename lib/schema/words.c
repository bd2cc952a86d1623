/* words.c - what flags and rules are called in a serialized schema. The order of the column flags
 * is the order of the members. */
#include "schema/words.h"

#include <bbots/schema.h>

#include <string.h>

const schema_word schema_column_flags[SCHEMA_COLUMN_FLAG_COUNT] = {
    {"notNull", BBOTS_COLUMN_NOT_NULL}, {"serial", BBOTS_COLUMN_SERIAL},
    {"updatedAt", BBOTS_COLUMN_UPDATED_AT}, {"secret", BBOTS_COLUMN_SECRET},
    {"vault", BBOTS_COLUMN_VAULT}, {"dataKey", BBOTS_COLUMN_DATA_KEY},
};

const schema_word schema_index_kinds[SCHEMA_INDEX_KIND_COUNT] = {
    {"primary key", BBOTS_INDEX_PRIMARY | BBOTS_INDEX_UNIQUE | BBOTS_INDEX_CONSTRAINT},
    {"unique constraint", BBOTS_INDEX_UNIQUE | BBOTS_INDEX_CONSTRAINT},
    {"unique index", BBOTS_INDEX_UNIQUE},
    {"index", 0},
    {"reference", BBOTS_INDEX_REFERENCE},
    {"queue", BBOTS_INDEX_QUEUE},
    {"once", BBOTS_INDEX_ONCE},
};

const schema_word schema_rules[SCHEMA_RULE_COUNT] = {
    {"no action", BBOTS_NO_ACTION},
    {"cascade", BBOTS_CASCADE},
    {"set null", BBOTS_SET_NULL},
};

const char *schema_word_of(const schema_word *words, size_t count, unsigned code)
{
    for (size_t i = 0; i < count; i++) {
        if (words[i].code == code)
            return words[i].word;
    }
    return "?";
}

int schema_word_find(const schema_word *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].word, word) == 0)
            return (int)i;
    }
    return -1;
}
