/* catalogue.c - SQLite as the parser: it takes the text, and its catalogue is the syntax tree. */
#include "catalogue.h"

#include <stdarg.h>
#include <string.h>

sqlite3 *gen_catalogue_open(void)
{
    sqlite3 *database = NULL;
    if (sqlite3_open(":memory:", &database) != SQLITE_OK)
        gen_give_up("SQLite does not open a database in memory");
    /* "name" is a name and never a string, as in PostgreSQL. */
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    return database;
}

static _Noreturn void refuse(sqlite3 *database, const gen_statement *statement)
{
    gen_place place = statement->place;
    int offset = sqlite3_error_offset(database);
    for (int i = 0; i < offset && (size_t)i < statement->size; i++)
        place.line += statement->text[i] == '\n';
    gen_refuse(place, "%s", sqlite3_errmsg(database));
}

void gen_catalogue_load(sqlite3 *database, const gen_statement *statement)
{
    sqlite3_stmt *prepared = NULL;
    if (sqlite3_prepare_v2(database, statement->text, (int)statement->size, &prepared, NULL) !=
        SQLITE_OK)
        refuse(database, statement);
    sqlite3_step(prepared);
    if (sqlite3_finalize(prepared) != SQLITE_OK)
        refuse(database, statement);
}

sqlite3_stmt *gen_catalogue_ask(sqlite3 *database, const char *sql, ...)
{
    sqlite3_stmt *query = NULL;
    if (sqlite3_prepare_v2(database, sql, -1, &query, NULL) != SQLITE_OK)
        gen_give_up("SQLite: %s", sqlite3_errmsg(database));
    va_list arguments;
    va_start(arguments, sql);
    int place = 1;
    for (const char *text; (text = va_arg(arguments, const char *)) != NULL; place++)
        sqlite3_bind_text(query, place, text, -1, SQLITE_TRANSIENT);
    va_end(arguments);
    return query;
}

bool gen_catalogue_row(sqlite3_stmt *query)
{
    int status = sqlite3_step(query);
    if (status == SQLITE_ROW)
        return true;
    if (status != SQLITE_DONE)
        gen_give_up("SQLite: %s", sqlite3_errmsg(sqlite3_db_handle(query)));
    sqlite3_finalize(query);
    return false;
}

const char *gen_catalogue_text(sqlite3_stmt *query, int column)
{
    const char *text = (const char *)sqlite3_column_text(query, column);
    return text != NULL ? gen_copy(text, strlen(text)) : "";
}
