/* catalogue.h - the one door to SQLite: loads statements, and asks what they declared. */
#ifndef GEN_CATALOGUE_H
#define GEN_CATALOGUE_H

#include "lex.h"

#include <sqlite3.h>

/* An empty database in memory. */
sqlite3 *gen_catalogue_open(void);

/* Runs one statement; SQLite's complaint is refused with file and line. */
void gen_catalogue_load(sqlite3 *database, const gen_statement *statement);

/* A query; arguments are texts, ended by NULL. Step with gen_catalogue_row(), which ends it. */
sqlite3_stmt *gen_catalogue_ask(sqlite3 *database, const char *sql, ...)
    __attribute__((sentinel));
bool gen_catalogue_row(sqlite3_stmt *query);

/* A column of the row as a string of the run; "" for NULL. */
const char *gen_catalogue_text(sqlite3_stmt *query, int column);

#endif
