/* declare.h - what a statement declares, read from its tokens. */
#ifndef GEN_DECLARE_H
#define GEN_DECLARE_H

#include "lex.h"

/*
 * Looks through a statement before SQLite sees it: refuses what the engine cannot keep, and notes
 * in the model which table, columns (names, places, comments) or index it declares.
 */
void gen_declare(gen_model *model, const gen_statement *statement);

/* Refuses a word of a column's or constraint's definition that stands for something not kept.
 * token is not the first one of its definition. */
void gen_refuse_clause(const gen_token *token);

#endif
