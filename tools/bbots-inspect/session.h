/*
 * session.h - a store that is open for reading with one transaction, for commands that look.
 */
#ifndef INSPECT_SESSION_H
#define INSPECT_SESSION_H

#include "inspect.h"

typedef struct session {
    const command_line *line;
    bbots_store *store;
    bbots_txn *txn;
    const bbots_schema *schema;
} session;

/* EXIT_DONE, or the exit code after a message; session_close() is then not needed. */
int session_open(const command_line *line, session *opened);
/* The same with more of enum bbots_open_flag. */
int session_open_as(const command_line *line, unsigned flags, session *opened);
void session_close(session *opened);

/* The table of a name, or NULL after a message with the nearest name. */
const bbots_table *session_table(const session *in, const char *name);

/* The index of a name; EXIT_DONE or EXIT_USAGE after a message with the nearest name. */
int session_index(const session *in, const bbots_table *table, const char *name, unsigned *index);

/* The column of a name, the same way. */
int session_column(const session *in, const bbots_table *table, const char *name, unsigned *column);

#endif
