/*
 * import_session.c - rows go in; the first that cannot ends it.
 *
 * One load (bbots/load.h) holds the whole import unless --batch divides it, so a file that is refused
 * at its last line leaves the store as it was. The message of a failure has all that is needed to
 * mend the file: name, line, table, column, the value (never a secret's), the rule that it breaks,
 * and what became of the rows before it.
 */
#include "import_session.h"

#include "jsonl_error.h"
#include "terminal.h"

#include <stdlib.h>

#define VALUE_SHOWN       100 /* bytes of a value in a message */
#define PROGRESS_INTERVAL 64  /* rows */
#define ORPHANS_SHOWN     10  /* rows that are listed one by one */

/* ------------------------------------------------------------------ transactions */

/*
 * Defers the references that may lead to a row that is yet to come: to the table itself, or to one
 * whose file is read later. The others are judged at once, which finds the line.
 */
static int defer_later(import_session *session, bbots_error *error)
{
    const bbots_schema *schema = bbots_store_schema(session->store);
    int rc = BBOTS_OK;
    for (uint32_t t = 0; t < schema->table_count; t++) {
        const bbots_table *table = schema->tables[t];
        for (unsigned f = 0; f < table->foreign_key_count && rc == BBOTS_OK; f++) {
            if (table->foreign_keys[f].parent >= table->number) {
                rc = bbots_defer_references(session->txn, table->foreign_keys[f].name, error);
            }
        }
    }
    return rc;
}

static int begin_txn(import_session *session, bbots_error *error)
{
    int rc = session->options->batch == 0
                 ? bbots_load_begin(session->store, &session->txn, error)
                 : bbots_begin(session->store, BBOTS_WRITE, &session->txn, error);
    if (rc == BBOTS_OK) { /* the tables of a script stand in no order */
        rc = session->options->script ? bbots_defer_references(session->txn, NULL, error)
                                      : defer_later(session, error);
    }
    session->batch_end = session->rows + session->options->batch;
    return rc;
}

int import_session_begin(import_session *session, const command_line *line,
                         const import_options *options)
{
    bbots_error error = {0};
    memset(session, 0, sizeof *session);
    session->line = line;
    session->options = options;
    int code = import_store_open(&session->to, line, options->create, options->whole);
    session->store = session->to.store;
    if (code != EXIT_DONE) {
        return code;
    }
    return begin_txn(session, &error) == BBOTS_OK ? EXIT_DONE : library_error(line, &error);
}

void import_session_end(import_session *session)
{
    progress_end(session->bar);
    bbots_rollback(session->txn);
    import_store_end(&session->to);
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

/* `table "users": `, when the table is known and the message does not say it. */
static void say_table(const bbots_error *error)
{
    char quoted[BBOTS_NAME_MAX + 3];
    snprintf(quoted, sizeof quoted, "\"%s\"", error->table);
    if (error->table[0] != '\0' && strstr(error->message, quoted) == NULL) {
        fprintf(stderr, "table %s: ", quoted);
    }
}

static int say_outcome(const import_session *session)
{
    if (session->rows_kept > 0 && !session->options->create) {
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
    say_table(error);
    say_rule(error);
    return say_outcome(session);
}

static int refuse_row(import_session *session, const bbots_table *table, const bbots_value *values,
                      uint64_t given, uint64_t line, const bbots_error *error)
{
    say_place(session, session->file, line);
    session->bar = NULL;
    if (session->several) {
        fprintf(stderr, "table \"%s\": ", table->name);
    }
    say_value(table, values, given, error->column);
    say_rule(error);
    return say_outcome(session);
}

static int refuse_commit(import_session *session, const bbots_error *error)
{
    return import_session_refuse(session, 0, error);
}

/* ------------------------------------------------------------------ references at the end */

/* What is heard of rows whose references lead nowhere. */
typedef struct orphan_list {
    import_session *session;
    uint64_t count;
} orphan_list;

/* `(id)=(7)`: which row it is; a secret is not told. */
static void say_key(const bbots_row *row)
{
    const bbots_index *key = &row->table->indexes[0];
    say("(");
    for (unsigned i = 0; i < key->column_count; i++) {
        say(i > 0 ? ", " : "");
        say(row->table->columns[key->columns[i]].name);
    }
    say(")=(");
    for (unsigned i = 0; i < key->column_count; i++) {
        const bbots_column *column = &row->table->columns[key->columns[i]];
        bbots_value value = bbots_row_value(row, key->columns[i]);
        bool secret = (column->flags & (BBOTS_COLUMN_SECRET | BBOTS_COLUMN_VAULT)) != 0;
        char *text = NULL;
        size_t size = 0;
        say(i > 0 ? ", " : "");
        if (!secret && bbots_value_print(row->table, key->columns[i], &value, BBOTS_TIMESTAMP_ISO,
                                         &text, &size, NULL) == BBOTS_OK) {
            text_put(stderr, text, size < VALUE_SHOWN ? size : VALUE_SHOWN);
        }
        free(text);
    }
    say(")");
}

static void say_orphan(const bbots_orphan *orphan, void *context)
{
    orphan_list *list = context;
    if (list->count++ < ORPHANS_SHOWN) {
        say_place(list->session, list->session->file, 0);
        list->session->bar = NULL;
        fprintf(stderr, "table \"%s\", row ", orphan->row->table->name);
        say_key(orphan->row);
        say(": ");
        say(orphan->message);
        putc('\n', stderr);
    }
}

/* Lists the rows whose references lead nowhere; EXIT_DONE when there are none. */
static int list_orphans(import_session *session)
{
    bbots_error error;
    orphan_list list = {session, 0};
    int rc = bbots_judge_references(session->txn, say_orphan, &list, NULL, &error);
    if (rc == BBOTS_OK) {
        return EXIT_DONE;
    }
    if (rc != BBOTS_FOREIGN_KEY_VIOLATION) {
        return refuse_commit(session, &error);
    }
    say_place(session, session->file, 0);
    fprintf(stderr, "%llu %s (SQLSTATE %s)", (unsigned long long)list.count,
            list.count == 1 ? "reference leads nowhere" : "references lead nowhere",
            error.sqlstate);
    return say_outcome(session);
}

/* ------------------------------------------------------------------ rows */

/*
 * Ends a batch that is full and begins the next. As long as a reference waits for its row the batch
 * goes on, and is judged again when it has grown by as much.
 */
static int end_batch(import_session *session)
{
    bbots_error error;
    int rc = bbots_judge_references(session->txn, NULL, NULL, NULL, &error);
    if (rc == BBOTS_FOREIGN_KEY_VIOLATION) {
        session->batch_end += session->rows - session->rows_kept;
        return EXIT_DONE;
    }
    if (rc == BBOTS_OK) {
        rc = bbots_commit(session->txn, &error);
        session->txn = NULL;
    }
    if (rc == BBOTS_OK) {
        session->rows_kept = session->rows;
        rc = begin_txn(session, &error);
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
    bbots_error error;
    show_progress(session, bytes);
    if (bbots_insert(session->txn, table, values, given, NULL, &error) != BBOTS_OK) {
        return refuse_row(session, table, values, given, line, &error);
    }
    session->rows++;
    return session->options->batch != 0 && session->rows >= session->batch_end ? end_batch(session)
                                                                               : EXIT_DONE;
}

int import_session_finish(import_session *session)
{
    bbots_error error;
    int code = list_orphans(session);
    if (code != EXIT_DONE) {
        return code;
    }
    int rc = bbots_commit(session->txn, &error);
    session->txn = NULL;
    progress_end(session->bar);
    session->bar = NULL;
    return rc == BBOTS_OK ? import_store_keep(&session->to) : refuse_commit(session, &error);
}
