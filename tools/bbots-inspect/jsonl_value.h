/* jsonl_value.h - the members of a JSON object as values of a table's columns. */
#ifndef JSONL_VALUE_H
#define JSONL_VALUE_H

#include <bbots/bbots.h>

/*
 * Values by column number and the set of those that count. They point into the packed JSON that
 * they were read from, or to the memory here, so the object must not be moved.
 */
typedef struct jsonl_values {
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given;
    char digits[BBOTS_COLUMNS_MAX][24]; /* integers that are handed on as text */
    char *texts[BBOTS_COLUMNS_MAX];     /* arrays that are handed on as text, from malloc */
} jsonl_values;

/* Empties a new object; jsonl_values_free() empties it again and frees what it holds. */
void jsonl_values_init(jsonl_values *values);
void jsonl_values_free(jsonl_values *values);

/*
 * Takes a packed JSON value for a column:
 *
 *     jsonb column              any JSON value as it is; null stands for SQL NULL
 *     string                    read like a quoted literal of PostgreSQL
 *     integer or number         for number columns only, digit by digit
 *     boolean                   for boolean columns
 *     array                     for vector columns
 *
 * Returns BBOTS_OK, BBOTS_WRONG_TYPE or BBOTS_NO_MEMORY.
 */
int jsonl_value_set(jsonl_values *values, const bbots_table *table, unsigned column,
                    bbots_json element, bbots_error *error);

/* Takes all members of an object; also BBOTS_UNKNOWN_COLUMN. */
int jsonl_values_read(jsonl_values *values, const bbots_table *table, bbots_json object,
                      bbots_error *error);

#endif
