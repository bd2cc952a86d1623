/*
 * import_session.c - rows go in; the first that cannot ends it.
 *
 * One transaction holds the whole import unless --batch divides it, so a file that is refused at its
 * last line leaves the store as it was. The message of a failure has all that is needed to mend the
 * file: name, line, column, the value (never a secret's), the rule that it breaks, and what became
 * of the rows before it.
 */
#include "import_session.h"

#include "jsonl_error.h"
#include "terminal.h"

#include <stdlib.h>

#define VALUE_SHOWN       100 /* bytes of a value in a message */
#define PROGRESS_INTERVAL 64  /* rows */

int import_session_begin(import_session *session, const command_line *line,
                         const import_options *options)
{
    bbots_error error = {0};
    memset(session, 0, sizeof *session);
    session->line = line;
    session->options = options;
    session->store = open_store(line, 0);
    if (session->store == NULL) {
        return EXIT_FAILED;
    }
    if (bbots_begin(session->store, BBOTS_WRITE, &session->txn, &error) != BBOTS_OK) {
        return library_error(line, &error);
    }
    return EXIT_DONE;
}

void import_session_end(import_session *session)
{
    progress_end(session->bar);
    import_wait_free(&session->wait);
    bbots_rollback(session->txn);
    if (session->store != NULL) {
        bbots_close(session->store, NULL);
    }
}

/* ------------------------------------------------------------------ saying what failed */

static void say(const char *text)
{
    text_put(stderr, text, strlen(text));
}

static void say_place(const import_session *session, const char *file, uint64_t line)
{
    char number[40];
    progress_end(session->bar);
    fflush(stdout);
    say(session->line->program);
    say(": ");
    say(file);
    if (line != 0) {
        snprintf(number, sizeof number, ", line %llu", (unsigned long long)line);
        say(number);
    }
    say(": ");
}

/* ` column "email" = "x":`, without the value when it is a secret or was not given. */
static void say_value(const bbots_table *table, const bbots_value *values, uint64_t given,
                      const char *name)
{
    char *text = NULL;
    size_t size = 0;
    int column = bbots_table_column(table, bbots_text_of(name));
    if (column < 0) {
        return;
    }
    const bbots_value *value = &values[column];
    bool secret = (table->columns[column].flags & (BBOTS_COLUMN_SECRET | BBOTS_COLUMN_VAULT)) != 0;
    bool known = (given & BBOTS_COLUMN_BIT(column)) != 0 && !secret;
    fprintf(stderr, "column \"%s\"", name);
    if (known && value->kind == BBOTS_NULL) {
        say(" = NULL");
    } else if (known && bbots_value_print(table, (unsigned)column, value, BBOTS_TIMESTAMP_ISO,
                                          &text, &size, NULL) == BBOTS_OK) {
        say(" = \"");
        text_put(stderr, text, size < VALUE_SHOWN ? size : VALUE_SHOWN);
        say(size < VALUE_SHOWN ? "\"" : "\"...");
    }
    free(text);
    say(": ");
}

static void say_rule(const bbots_error *error)
{
    say(error->message[0] != '\0' ? error->message : bbots_status_text(error->code));
    fprintf(stderr, " (SQLSTATE %s", error->sqlstate);
    if (error->constraint[0] != '\0') {
        fprintf(stderr, ", constraint \"%s\"", error->constraint);
    }
    say(")");
}

static int say_outcome(const import_session *session)
{
    if (session->rows_kept > 0) {
        fprintf(stderr, "; %llu rows of committed batches stay\n",
                (unsigned long long)session->rows_kept);
    } else {
        fputs("; nothing was written\n", stderr);
    }
    return EXIT_FAILED;
}

int import_session_refuse(import_session *session, uint64_t line, const bbots_error *error)
{
    say_place(session, session->file, line);
    session->bar = NULL;
    say_rule(error);
    return say_outcome(session);
}

static int refuse_row(import_session *session, const waiting_row *row, const bbots_error *error)
{
    say_place(session, row->file, row->line);
    session->bar = NULL;
    say_value(row->table, row->values, row->given, error->column);
    say_rule(error);
    return say_outcome(session);
}

static int refuse_commit(import_session *session, const bbots_error *error)
{
    return import_session_refuse(session, 0, error);
}

/* ------------------------------------------------------------------ rows */

/* Whether the row that is referenced may still come. */
static bool may_come(const import_session *session, const bbots_table *table,
                     const bbots_error *error)
{
    for (unsigned i = 0; i < table->foreign_key_count; i++) {
        const bbots_foreign_key *key = &table->foreign_keys[i];
        if (strcmp(key->name, error->constraint) == 0) {
            return key->parent == table->number ||
                   (session->several && key->parent > table->number);
        }
    }
    return false;
}

/* Ends a batch that is full and begins the next. */
static int end_batch(import_session *session)
{
    bbots_error error = {0};
    int rc = bbots_commit(session->txn, &error);
    session->txn = NULL;
    if (rc == BBOTS_OK) {
        session->rows_kept = session->rows;
        rc = bbots_begin(session->store, BBOTS_WRITE, &session->txn, &error);
    }
    return rc == BBOTS_OK ? EXIT_DONE : refuse_commit(session, &error);
}

static void show_progress(import_session *session, uint64_t bytes)
{
    if (session->bar == NULL && session->rows == 0) {
        session->bar = progress_begin(session->line, session->several ? "import" : session->file);
    }
    if (session->rows % PROGRESS_INTERVAL == 0) {
        progress_show(session->bar, session->bytes_before + bytes, session->bytes_total);
    }
}

int import_session_row(import_session *session, const bbots_table *table, const bbots_value *values,
                       uint64_t given, uint64_t line, uint64_t bytes)
{
    bbots_error error = {0};
    uint64_t batch = session->options->batch;
    show_progress(session, bytes);
    int rc = bbots_insert(session->txn, table, values, given, NULL, &error);
    if (rc == BBOTS_FOREIGN_KEY_VIOLATION && may_come(session, table, &error)) {
        rc = import_wait_add(&session->wait, table, values, given, session->file, line);
        if (rc == BBOTS_OK) {
            return EXIT_DONE;
        }
        jsonl_fail(&error, rc, table, NULL, "out of memory");
    }
    if (rc != BBOTS_OK) {
        bbots_value copy[BBOTS_COLUMNS_MAX];
        memcpy(copy, values, table->column_count * sizeof *copy);
        waiting_row row = {table, session->file, line, given, copy};
        return refuse_row(session, &row, &error);
    }
    session->rows++;
    return batch != 0 && session->rows - session->rows_kept >= batch ? end_batch(session)
                                                                     : EXIT_DONE;
}

int import_session_finish(import_session *session)
{
    bbots_error error = {0};
    const waiting_row *failed;
    int rc = import_wait_retry(&session->wait, session->txn, &session->rows, &failed, &error);
    if (rc != BBOTS_OK) {
        return failed != NULL ? refuse_row(session, failed, &error)
                              : refuse_commit(session, &error);
    }
    rc = bbots_commit(session->txn, &error);
    session->txn = NULL;
    progress_end(session->bar);
    session->bar = NULL;
    return rc == BBOTS_OK ? EXIT_DONE : refuse_commit(session, &error);
}
