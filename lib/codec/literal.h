/*
 * codec/literal.h - values of a column: from what a caller gives to what is stored, from and to
 * text, by PostgreSQL's rules.
 *
 * Stored form: of each column the one kind that its type has (BBOTS_INTEGER for the integers,
 * BBOTS_DECIMAL at the column's scale, BBOTS_JSON packed and so on), checked against every rule
 * that concerns the value alone. Rows and keys are made of stored-form values only.
 */
#ifndef CODEC_LITERAL_H
#define CODEC_LITERAL_H

#include "base/arena.h"

#include <bbots/schema.h>

/*
 * Brings a caller's value to stored form. Memory that the result needs is the arena's, otherwise
 * it points to what the caller gave. Null stays null: NOT NULL is a rule of the row.
 */
int codec_value_store(bb_arena *arena, const bbots_table *table, unsigned column,
                      const bbots_value *given, bbots_value *stored, bbots_error *error);

/*
 * The same for a value to look for: nothing is cut or rounded. BBOTS_NOT_FOUND when no value of the
 * column can be equal to it (a text longer than the column allows, 1.005 in a decimal(10,2)).
 */
int codec_value_look_for(bb_arena *arena, const bbots_table *table, unsigned column,
                         const bbots_value *given, bbots_value *stored, bbots_error *error);

/*
 * Whether PostgreSQL judges a complaint about a value only when all values of the statement were
 * read: lengths and precisions, which it applies in a step of their own.
 */
bool codec_judged_late(const bbots_column *column, const bbots_value *given, int code);

/* Writes a value (stored form) as text into the arena; null gives data == NULL. */
int codec_value_print(bb_arena *arena, const bbots_column *column, const bbots_value *value,
                      unsigned style, bbots_text *text, bbots_error *error);

/*
 * A value for a message: quoted and cut; of a secret column only that it is one. Never fails.
 * buffer has BB_QUOTE_MAX bytes and is returned.
 */
const char *codec_value_show(const bbots_column *column, const bbots_value *value, char *buffer);

#endif
