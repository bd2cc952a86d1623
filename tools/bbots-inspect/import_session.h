/* import_session.h - an import under way: its transaction, its count, its way to fail. */
#ifndef IMPORT_SESSION_H
#define IMPORT_SESSION_H

#include "import_plan.h"
#include "import_store.h"
#include "inspect.h"

typedef struct import_session {
    const command_line *line;
    const import_options *options;
    import_store to;
    bbots_store *store; /* the same */
    bbots_txn *txn;
    progress *bar;
    const char *file;      /* that is being read, as messages name it */
    bool several;          /* rows of more than one table: messages name it */
    uint64_t rows;         /* inserted by this import */
    uint64_t rows_kept;    /* of them: committed already (--batch) */
    uint64_t batch_end;    /* number of rows at which a batch may end */
    uint64_t bytes_before; /* of files that are done */
    uint64_t bytes_total;  /* 0: unknown */
} import_session;

/*
 * Opens the store and begins the transaction. EXIT_DONE or EXIT_FAILED after a message.
 * import_session_end() is needed in either case.
 */
int import_session_begin(import_session *session, const command_line *line,
                         const import_options *options);

/*
 * Inserts a row that began on `line` of the session's file. bytes: how far the file is read, for the
 * progress bar. EXIT_DONE or EXIT_FAILED after a message.
 */
int import_session_row(import_session *session, const bbots_table *table, const bbots_value *values,
                       uint64_t given, uint64_t line, uint64_t bytes);

/*
 * Judges the references that had to wait, and commits. EXIT_DONE or EXIT_FAILED after a message,
 * which lists rows whose references lead nowhere.
 */
int import_session_finish(import_session *session);

/* Says that the file itself is wrong at a line (0: no line); EXIT_FAILED. */
int import_session_refuse(import_session *session, uint64_t line, const bbots_error *error);

/* Rolls back what is open and closes. */
void import_session_end(import_session *session);

/* The drivers: read a whole file into the session's transaction. */
int import_csv(import_session *session, const import_plan *plan, int descriptor);
int import_jsonl(import_session *session, const import_plan *plan, int descriptor);
int import_pg(import_session *session, int descriptor); /* a script of pg_dump */

#endif
