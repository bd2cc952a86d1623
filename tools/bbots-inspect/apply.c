/*
 * apply.c - operations in, answers out: a programming interface for programs without a binding.
 *
 * One line is one request and gets one line as answer, in order, whatever happens: a request that
 * cannot be understood or is refused is answered with an error and the stream goes on. An answer
 * is put together in memory and written only when its request has succeeded to the end, commit
 * included, so that no answer says "ok" for something that did not happen.
 */
#include "apply_request.h"

#include "inspect.h"
#include "jsonl_error.h"
#include "jsonl_line.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help_text[] =
    "Usage: bbots-inspect FILE apply [--file IN]\n"
    "\n"
    "Reads operations as JSON lines from standard input (or IN) and answers each with a line.\n"
    "\n"
    "  {\"op\":\"insert\",\"table\":T,\"row\":{COLUMN:VALUE,...}}      -> "
    "{\"ok\":true,\"row\":{...}}\n"
    "  {\"op\":\"get\",\"table\":T,\"key\":{...}}                     -> ... \"row\":{...} or "
    "null\n"
    "  {\"op\":\"update\",\"table\":T,\"key\":{...},\"set\":{...}}      -> ... \"rows\":N\n"
    "  {\"op\":\"delete\",\"table\":T,\"key\":{...}}   -> ... "
    "\"rows\":N,\"cascaded\":N,\"set_null\":N\n"
    "      with \"max_rows\":N it is refused when more rows would be deleted or set to null\n"
    "  {\"op\":\"soft_delete\",\"table\":T,\"key\":{...}}             -> ... \"rows\":N\n"
    "  {\"op\":\"upsert\",\"table\":T,\"conflict\":[COLUMNS],\"row\":{...},\"set\":{...}}\n"
    "                                                  -> ... \"row\":{...},\"inserted\":BOOLEAN\n"
    "  "
    "{\"op\":\"scan\",\"table\":T,\"index\":I,\"from\":[...],\"to\":[...],\"reverse\":B,\"limit\":"
    "N}\n"
    "                                                  -> ... \"rows\":[{...},...]\n"
    "  {\"op\":\"count\",\"table\":T}                             -> ... \"count\":N\n"
    "  {\"op\":\"begin\"}  {\"op\":\"commit\"}  {\"op\":\"rollback\"}\n"
    "  {\"op\":\"savepoint\",\"name\":S}  {\"op\":\"rollback_to\",\"name\":S}  "
    "{\"op\":\"release\",\"name\":S}\n"
    "  a failure -> {\"ok\":false,\"error\":{\"sqlstate\":...,\"code\":...,\"message\":...,...}}\n"
    "\n"
    "A key names the columns of the primary key or of a unique key. Bounds of a scan are values "
    "of\n"
    "the first columns of the index and count themselves. Without \"begin\" each line is a\n"
    "transaction of its own. A failed line changes nothing, and an open transaction goes on; what\n"
    "is still open at the end of the input is rolled back. Without \"set\" an upsert leaves a row\n"
    "that stands as it is.\n"
    "\n"
    "Integers and booleans are written as such, decimals, timestamps and uuids as strings, jsonb "
    "as\n"
    "JSON, vectors as arrays, NULL as null. Decimals may come as numbers; no digit is lost. A "
    "line\n"
    "has at most 64 MiB.\n"
    "\n"
    "Secret columns are shown in answers: this is a programming interface, not a view for people.\n"
    "\n"
    "  --file IN   read from a file\n"
    "\n"
    "Exit code: 0, 1 when at least one line failed, 2 for a wrong command line, 3 when the "
    "store\n"
    "or a file could not be used.\n";

/* ------------------------------------------------------------------ answers */

static void put_member(FILE *out, const char *name, const char *value)
{
    if (value[0] != '\0') {
        fprintf(out, ",\"%s\":", name);
        json_put_string(out, value, strlen(value));
    }
}

/* line: 0 when the request was understood and the library refused it. */
static void put_error(FILE *out, int code, const bbots_error *error, uint64_t line)
{
    const char *message = error->message[0] != '\0' ? error->message : bbots_status_text(code);
    fprintf(out, "{\"ok\":false,\"error\":{\"sqlstate\":\"%s\",\"code\":\"%s\"",
            bbots_status_sqlstate(code), bbots_status_name(code));
    put_member(out, "table", error->table);
    put_member(out, "column", error->column);
    put_member(out, "constraint", error->constraint);
    put_member(out, "message", message);
    if (line != 0) {
        fprintf(out, ",\"line\":%llu", (unsigned long long)line);
    }
    fputs("}}\n", out);
}

/* ------------------------------------------------------------------ running a request */

/* A request on its way through bbots_write(), which may run it twice. */
typedef struct work {
    const apply_request *request;
    FILE *answer;
} work;

static int run_work(bbots_txn *txn, void *context, bbots_error *error)
{
    work *what = context;
    rewind(what->answer);
    return what->request->op->run(txn, what->request, what->answer, error);
}

static int run_reading(bbots_store *store, work *what, bbots_error *error)
{
    bbots_txn *txn;
    int rc = bbots_begin(store, BBOTS_READ, &txn, error);
    if (rc == BBOTS_OK) {
        rc = run_work(txn, what, error);
        bbots_rollback(txn);
    }
    return rc;
}

static int run_request(apply_session *session, const apply_request *request, FILE *answer,
                       bbots_error *error)
{
    work what = {request, answer};
    if (request->op->control != NULL) {
        return request->op->control(session, request, error);
    }
    if (session->txn != NULL) {
        return run_work(session->txn, &what, error);
    }
    return request->op->access == BBOTS_WRITE ? bbots_write(session->store, run_work, &what, error)
                                              : run_reading(session->store, &what, error);
}

/* Runs a request and writes its answer. */
static int answer_request(apply_session *session, const apply_request *request, FILE *out,
                          bbots_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *answer = open_memstream(&text, &size);
    if (answer == NULL) {
        return jsonl_fail(error, BBOTS_NO_MEMORY, NULL, NULL, "out of memory");
    }
    int rc = run_request(session, request, answer, error);
    if (fclose(answer) != 0 && rc >= 0) {
        rc = jsonl_fail(error, BBOTS_NO_MEMORY, NULL, NULL,
                        "out of memory for the answer; the operation itself was done");
    }
    if (rc >= 0) {
        fputs("{\"ok\":true", out);
        fwrite(text, 1, size, out);
        fputs("}\n", out);
    }
    free(text);
    return rc;
}

/* One line, whatever is in it. Returns whether it went well. */
static bool apply_line(apply_session *session, bbots_text text, uint64_t number, FILE *out)
{
    static apply_request request; /* large, and one at a time */
    bbots_error error = {0};
    int rc = apply_request_read(&request, session->store, text, &error);
    if (rc < 0) {
        /* A value that its column cannot take is the row's fault, not the line's. */
        bool line_at_fault = error.column[0] == '\0';
        if (line_at_fault) {
            jsonl_error_at_line(&error, number);
        }
        put_error(out, rc, &error, line_at_fault ? number : 0);
    } else {
        rc = answer_request(session, &request, out, &error);
        if (rc < 0) {
            put_error(out, rc, &error, 0);
        }
    }
    apply_request_free(&request);
    return rc >= 0;
}

/* ------------------------------------------------------------------ the stream */

static int stream_failed(const command_line *line, const char *what)
{
    fprintf(stderr, "%s: apply: %s: %s\n", line->program, what, strerror(errno));
    return EXIT_FAILED;
}

/* The answer for a line that was too long to be read. */
static void refuse_long_line(uint64_t number, FILE *out)
{
    bbots_error error = {0};
    jsonl_fail(&error, BBOTS_LIMIT_EXCEEDED, NULL, NULL, "the line is longer than 64 MiB");
    jsonl_error_at_line(&error, number);
    put_error(out, BBOTS_LIMIT_EXCEEDED, &error, number);
}

static int apply_stream(const command_line *line, apply_session *session, jsonl_reader *reader,
                        bool flush)
{
    bbots_text text;
    bool failed = false;
    int rc;
    while ((rc = jsonl_reader_next(reader, &text)) == BBOTS_OK || rc == BBOTS_LIMIT_EXCEEDED) {
        if (rc == BBOTS_LIMIT_EXCEEDED) {
            refuse_long_line(reader->line, stdout);
            failed = true;
        } else if (!apply_line(session, text, reader->line, stdout)) {
            failed = true;
        }
        if ((flush && fflush(stdout) != 0) || ferror(stdout)) {
            return stream_failed(line, "cannot write");
        }
    }
    if (fflush(stdout) != 0) {
        return stream_failed(line, "cannot write");
    }
    if (rc != BBOTS_END) {
        return stream_failed(line, "cannot read");
    }
    return failed ? EXIT_NOTHING : EXIT_DONE;
}

static int apply_descriptor(const command_line *line, int descriptor)
{
    struct stat status;
    apply_session session = {open_store(line, 0), NULL};
    jsonl_reader reader;
    if (session.store == NULL) {
        return EXIT_FAILED;
    }
    jsonl_reader_begin(&reader, descriptor);
    bool file = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    int code = apply_stream(line, &session, &reader, !file);
    jsonl_reader_end(&reader);
    bbots_rollback(session.txn);
    bbots_close(session.store, NULL);
    return code;
}

static int run(const command_line *line)
{
    const char *file = NULL;
    const option options[] = {{"--file", &file, NULL, NULL}, {NULL, NULL, NULL, NULL}};
    rest_words rest;
    int code = read_options(line, options, 0, 0, "nothing", &rest);
    if (code != EXIT_DONE) {
        return code;
    }
    if (file == NULL || strcmp(file, "-") == 0) {
        return apply_descriptor(line, STDIN_FILENO);
    }
    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return stream_failed(line, file);
    }
    code = apply_descriptor(line, descriptor);
    close(descriptor);
    return code;
}

const command command_apply = {"apply", "run operations from JSON lines, answer in JSON lines",
                               help_text, run};
