/*
 * import_pg.c - a script of pg_dump (plain form), statement by statement.
 *
 * This is no SQL engine. What brings rows is read (COPY ... FROM stdin, INSERT), what moves
 * sequences is read (setval), and so is what those need: the order of columns, which sequence
 * belongs to which column, the encoding. What only describes tables is skipped, for the store has
 * its own schema. Everything else could change data in a way that would be lost here, so it is
 * refused by line.
 *
 * pg_dump writes tables in an order that knows nothing of foreign keys, so these are judged at the
 * end (bbots/defer.h).
 */
#include "import_pg.h"

#include "jsonl_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ refusing */

void pg_refuse(pg_script *script, uint64_t line, int code, const bbots_table *table,
               const char *column, const char *format, ...)
{
    char message[900];
    bbots_error error;
    va_list arguments;
    if (script->code != EXIT_DONE) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    jsonl_fail(&error, code, table, column, "%s", message);
    script->code = import_session_refuse(script->session, line, &error);
}

/* What the lexer or the input complained of. */
static void refuse_input(pg_script *script, int rc)
{
    const pg_lexer *lexer = &script->lexer;
    const char *why = lexer->problem != NULL       ? lexer->problem
                      : rc == BBOTS_IO             ? strerror(errno)
                      : rc == BBOTS_LIMIT_EXCEEDED ? "a line is longer than 256 MiB"
                                                   : "out of memory";
    pg_refuse(script, rc == BBOTS_IO ? 0 : lexer->token.line, rc, script->table, NULL, "%s", why);
}

/* ------------------------------------------------------------------ tokens */

const pg_token *pg_advance(pg_script *script)
{
    pg_token *token = &script->lexer.token;
    if (script->code == EXIT_DONE) {
        int rc = pg_lexer_next(&script->lexer);
        if (rc != BBOTS_OK) {
            refuse_input(script, rc);
        }
    }
    if (script->code != EXIT_DONE) {
        token->kind = PG_END;
        token->size = 0;
        token->text[0] = '\0';
    }
    return token;
}

/* A token for a message; what is quoted may be a secret and is not told. */
static const char *show_token(const pg_token *token, char shown[JSONL_NAME_SHOWN])
{
    bbots_text text = {token->text, token->size};
    return token->kind == PG_STRING ? "a quoted text" : jsonl_name(text, shown);
}

void pg_expect(pg_script *script, const char *text)
{
    const pg_token *token = &script->lexer.token;
    char shown[JSONL_NAME_SHOWN];
    if (pg_is(token, text)) {
        pg_advance(script);
    } else if (token->kind == PG_END) {
        pg_refuse(script, script->statement, BBOTS_SYNTAX, script->table, NULL,
                  "the file ends within the statement that begins here");
    } else {
        pg_refuse(script, token->line, BBOTS_SYNTAX, script->table, NULL, "expected %s, found %s",
                  text, show_token(token, shown));
    }
}

/* Nested bodies: BEGIN ... END and CASE ... END of functions written in SQL, as psql counts them. */
static unsigned body_depth(const pg_token *token, unsigned depth)
{
    if (pg_is(token, "begin") || (depth > 0 && pg_is(token, "case"))) {
        return depth + 1;
    }
    return depth > 0 && pg_is(token, "end") ? depth - 1 : depth;
}

static void skip_to_end(pg_script *script, bool has_body)
{
    const pg_token *token = &script->lexer.token;
    unsigned body = 0;
    unsigned depth = 0;
    while (token->kind != PG_END) {
        if (pg_is(token, ";") && depth == 0 && body == 0) {
            return;
        }
        depth += pg_is(token, "(");
        depth -= pg_is(token, ")") && depth > 0;
        body = has_body ? body_depth(token, body) : 0;
        pg_advance(script);
    }
    pg_refuse(script, script->statement, BBOTS_SYNTAX, NULL, NULL,
              "the file ends within the statement that begins here");
}

void pg_skip_statement(pg_script *script)
{
    skip_to_end(script, false);
}

/* ------------------------------------------------------------------ statements */

/* SET name = value, as far as it changes how the script has to be read. */
static void read_set(pg_script *script)
{
    const pg_token *token = &script->lexer.token;
    bool encoding = pg_is(token, "client_encoding");
    bool strings = pg_is(token, "standard_conforming_strings");
    bool path = pg_is(token, "search_path");
    pg_advance(script);
    if (encoding || strings || path) {
        pg_advance(script); /* = or TO */
    }
    bool utf8 = strcasecmp(token->text, "utf8") == 0 || strcasecmp(token->text, "unicode") == 0;
    if (encoding && !utf8) {
        pg_refuse(script, token->line, BBOTS_INVALID_ENCODING, NULL, NULL,
                  "the dump is written in %s; make it with pg_dump --encoding=UTF8", token->text);
    } else if (strings && !pg_is(token, "on") && strcmp(token->text, "on") != 0) {
        pg_refuse(script, token->line, BBOTS_SYNTAX, NULL, NULL,
                  "standard_conforming_strings is off, so quoted texts mean something else");
    } else if (path && token->size < sizeof script->path) {
        snprintf(script->path, sizeof script->path, "%s", token->text);
    }
    pg_skip_statement(script);
}

/* CREATE: the columns of a table are in it, everything else is skipped. */
static void read_create(pg_script *script)
{
    const pg_token *token = &script->lexer.token;
    bool function = pg_is(token, "function") || pg_is(token, "procedure");
    if (pg_is(token, "or")) {
        pg_advance(script);
        token = pg_advance(script);
        function = pg_is(token, "function") || pg_is(token, "procedure");
    }
    if (pg_is(token, "unlogged")) {
        pg_advance(script);
    }
    if (pg_is(token, "table")) {
        pg_target target;
        pg_advance(script);
        if (pg_is(token, "if")) {
            pg_advance(script); /* NOT */
            pg_advance(script); /* EXISTS */
            pg_advance(script);
        }
        pg_read_target(script, &target);
        if (pg_is(token, "as")) {
            pg_refuse(script, token->line, BBOTS_SYNTAX, NULL, NULL,
                      "CREATE TABLE ... AS brings rows in a way that is not read");
        }
        if (pg_is(token, "(")) {
            pg_read_created(script, target.table);
        }
    }
    skip_to_end(script, function);
}

/* DROP, as pg_dump --clean writes it: fine as long as the store has nothing to lose. */
static void read_drop(pg_script *script)
{
    const pg_token *token = &script->lexer.token;
    bbots_error error;
    uint64_t count = 0;
    pg_target target = {NULL, ""};
    if (pg_is(token, "table")) {
        pg_advance(script);
        if (pg_is(token, "if")) {
            pg_advance(script); /* EXISTS */
            pg_advance(script);
        }
        pg_read_target(script, &target);
    }
    if (target.table != NULL && script->code == EXIT_DONE &&
        bbots_count(script->session->txn, target.table, &count, &error) == BBOTS_OK && count > 0) {
        pg_refuse(script, script->statement, BBOTS_SYNTAX, target.table, NULL,
                  "table \"%s\" has rows in the store, and the dump would drop it first; make it "
                  "without --clean",
                  target.table->name);
    }
    pg_skip_statement(script);
}

static void read_alter(pg_script *script)
{
    const pg_token *token = &script->lexer.token;
    if (pg_is(token, "sequence")) {
        pg_advance(script);
        pg_read_alter_sequence(script);
    } else if (pg_is(token, "table")) {
        pg_advance(script);
        pg_read_alter_table(script);
    }
    pg_skip_statement(script);
}

static void read_begin(pg_script *script)
{
    script->in_transaction = true;
    pg_skip_statement(script);
}

static void read_commit(pg_script *script)
{
    script->in_transaction = false;
    pg_skip_statement(script);
}

/* A line of psql's own. Another database's tables would only clash with those read so far. */
static void read_meta(pg_script *script)
{
    const pg_token *token = &script->lexer.token;
    bool connect = strncmp(token->text, "connect ", 8) == 0;
    bool known = connect || strncmp(token->text, "restrict ", 9) == 0 ||
                 strncmp(token->text, "unrestrict ", 11) == 0;
    if (!known) {
        char shown[JSONL_NAME_SHOWN];
        bbots_text text = {token->text, token->size};
        pg_refuse(script, token->line, BBOTS_SYNTAX, NULL, NULL,
                  "a command of psql that is not read: \\%s", jsonl_name(text, shown));
    } else if (connect && script->has_data) {
        pg_refuse(script, token->line, BBOTS_SYNTAX, NULL, NULL,
                  "a second database begins here; import the dump of one");
    }
}

/* ------------------------------------------------------------------ the script */

/* What to do with a statement by its first word; the current token is the one behind it. */
static const struct {
    const char *word;
    void (*read)(pg_script *script);
} statements[] = {
    {"copy", pg_read_copy},
    {"insert", pg_read_insert},
    {"select", pg_read_select},
    {"set", read_set},
    {"create", read_create},
    {"alter", read_alter},
    {"drop", read_drop},
    {"begin", read_begin},
    {"start", read_begin},
    {"commit", read_commit},
    {"comment", pg_skip_statement},
    {"grant", pg_skip_statement},
    {"revoke", pg_skip_statement},
    {"reset", pg_skip_statement},
    {"lock", pg_skip_statement},
    {"analyze", pg_skip_statement},
    {"vacuum", pg_skip_statement},
    {"refresh", pg_skip_statement},
    {"security", pg_skip_statement},
    {"cluster", pg_skip_statement},
    {"reindex", pg_skip_statement},
};

static void read_statement(pg_script *script)
{
    const pg_token *token = &script->lexer.token;
    char shown[JSONL_NAME_SHOWN];
    script->statement = token->line;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        if (pg_is(token, statements[i].word)) {
            pg_advance(script);
            statements[i].read(script);
            return;
        }
    }
    pg_refuse(script, token->line, BBOTS_SYNTAX, NULL, NULL,
              "a statement that begins with %s is not read: it could change data in a way that "
              "would be lost",
              show_token(token, shown));
}

/* Files that are no script, by their first bytes. */
static void check_form(pg_script *script)
{
    pg_input *input = &script->lexer.input;
    int first = pg_peek(input);
    size_t size = first >= 0 ? input->end - input->at : 0;
    const char *data = input->data + input->at;
    if (first == PG_FAILED) {
        refuse_input(script, input->failure);
    } else if (first == PG_NO_BYTE) {
        pg_refuse(script, 0, BBOTS_SYNTAX, NULL, NULL, "the file is empty");
    } else if (size >= 5 && memcmp(data, "PGDMP", 5) == 0) {
        pg_refuse(script, 0, BBOTS_SYNTAX, NULL, NULL,
                  "a dump in pg_dump's own form; `pg_restore -f dump.sql FILE` makes a script of "
                  "it");
    } else if (size >= 2 && memcmp(data, "\x1F\x8B", 2) == 0) {
        pg_refuse(script, 0, BBOTS_SYNTAX, NULL, NULL,
                  "the file is compressed; `gzip -dc FILE | bbots-inspect STORE import -` reads "
                  "it");
    } else if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) {
        input->at += 3;
    }
}

/* Whether the script was whole. */
static void check_end(pg_script *script)
{
    const pg_lexer *lexer = &script->lexer;
    if (script->in_transaction) {
        pg_refuse(script, lexer->input.line, BBOTS_SYNTAX, NULL, NULL,
                  "the file ends before COMMIT: it is cut off");
    } else if (lexer->headed && !lexer->completed) {
        pg_refuse(script, lexer->input.line, BBOTS_SYNTAX, NULL, NULL,
                  "the file ends without the line \"PostgreSQL database dump complete\": it is cut "
                  "off");
    }
}

static void read_script(pg_script *script)
{
    const pg_token *token = &script->lexer.token;
    check_form(script);
    pg_advance(script);
    while (script->code == EXIT_DONE && token->kind != PG_END) {
        if (token->kind == PG_META) {
            read_meta(script);
        } else if (!pg_is(token, ";")) {
            read_statement(script);
        }
        pg_advance(script);
    }
    check_end(script);
}

/* ------------------------------------------------------------------ begin and end */

/* Names what was left out, each on a line. */
static void say_left_out(const pg_script *script)
{
    for (const pg_left_out *one = script->left_out; one != NULL; one = one->next) {
        fprintf(stderr, "%s: left out: %s", script->session->line->program, one->name);
        if (one->rows > 0) {
            fprintf(stderr, ", %llu rows", (unsigned long long)one->rows);
        }
        putc('\n', stderr);
    }
}

static void free_script(pg_script *script)
{
    pg_lexer_end(&script->lexer);
    for (uint32_t t = 0; script->created != NULL && t < script->schema->table_count; t++) {
        free(script->created[t]);
    }
    free(script->created);
    while (script->sequences != NULL) {
        pg_sequence *next = script->sequences->next;
        free(script->sequences);
        script->sequences = next;
    }
    while (script->left_out != NULL) {
        pg_left_out *next = script->left_out->next;
        free(script->left_out);
        script->left_out = next;
    }
    free(script->row);
}

int import_pg(import_session *session, int descriptor)
{
    pg_script script = {.session = session, .code = EXIT_DONE};
    script.schema = bbots_store_schema(session->store);
    script.created = calloc(script.schema->table_count, sizeof(pg_columns *));
    int rc = pg_lexer_begin(&script.lexer, descriptor);
    if (rc != BBOTS_OK || script.created == NULL) {
        refuse_input(&script, BBOTS_NO_MEMORY);
    } else {
        read_script(&script);
    }
    if (script.code == EXIT_DONE) {
        progress_end(session->bar);
        session->bar = NULL;
        say_left_out(&script);
    }
    int code = script.code;
    free_script(&script);
    return code;
}
