/*
 * session.c - a store that is open for reading with one transaction, for commands that look.
 *
 * One transaction for the whole command: all that a command prints is of the same moment, whatever
 * other processes write meanwhile.
 */
#include "session.h"

#include "options.h"
#include "suggest.h"

int session_open(const command_line *line, session *opened)
{
    return session_open_as(line, 0, opened);
}

int session_open_as(const command_line *line, unsigned flags, session *opened)
{
    bbots_error error;
    opened->line = line;
    opened->store = open_store(line, BBOTS_OPEN_READ_ONLY | flags);
    if (opened->store == NULL) {
        return EXIT_FAILED;
    }
    opened->schema = bbots_store_schema(opened->store);
    if (bbots_begin(opened->store, BBOTS_READ, &opened->txn, &error) != BBOTS_OK) {
        int code = library_error(line, &error);
        (void)bbots_close(opened->store, NULL);
        return code;
    }
    return EXIT_DONE;
}

void session_close(session *opened)
{
    bbots_rollback(opened->txn);
    (void)bbots_close(opened->store, NULL);
}

const bbots_table *session_table(const session *in, const char *name)
{
    char text[128];
    const bbots_table *table = bbots_schema_table(in->schema, name, NULL);
    if (table == NULL) {
        suggestion near = suggest_table(in->schema, name);
        (void)usage_error(in->line, "%s has no table \"%s\"%s", in->line->file, name,
                          suggestion_text(&near, text));
    }
    return table;
}

int session_index(const session *in, const bbots_table *table, const char *name, unsigned *index)
{
    char text[128];
    int found = bbots_table_index(table, name);
    if (found < 0) {
        suggestion near = suggest_index(table, name);
        return usage_error(in->line, "table \"%s\" has no index \"%s\"%s", table->name, name,
                           suggestion_text(&near, text));
    }
    *index = (unsigned)found;
    return EXIT_DONE;
}

int session_column(const session *in, const bbots_table *table, const char *name, unsigned *column)
{
    uint8_t found;
    unsigned count;
    int rc = read_columns(in->line, table, name, 1, &found, &count);
    *column = rc == EXIT_DONE ? found : 0;
    return rc;
}
