/*
 * import_pg_insert.c - INSERT INTO table [(columns)] VALUES (...), ...; as pg_dump --inserts,
 * --column-inserts and --rows-per-insert write it.
 *
 * Values are literals: quoted texts, numbers, true, false, NULL, DEFAULT. Texts go into the library
 * as they are, which reads them by the column's type as PostgreSQL does.
 */
#include "import_pg.h"

#include "jsonl_error.h"

#include <stdlib.h>

/* An INSERT under way. */
typedef struct insert {
    pg_script *script;
    const bbots_table *table;
    const pg_columns *columns;
    size_t used; /* of script->row */
    size_t offsets[BBOTS_COLUMNS_MAX];
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given;
} insert;

/* Appends bytes to the row's texts. */
static void keep(insert *into, const char *text, size_t size)
{
    pg_script *script = into->script;
    size_t wanted = script->row_capacity == 0 ? 4096 : script->row_capacity;
    while (wanted < into->used + size) {
        wanted *= 2;
    }
    if (wanted > 2 * PG_LINE_MAX) {
        pg_refuse(script, script->lexer.token.line, BBOTS_LIMIT_EXCEEDED, into->table, NULL,
                  "table \"%s\": the row is longer than 256 MiB", into->table->name);
        return;
    }
    if (wanted > script->row_capacity) {
        char *grown = realloc(script->row, wanted);
        if (grown == NULL) {
            pg_refuse(script, 0, BBOTS_NO_MEMORY, NULL, NULL, "out of memory");
            return;
        }
        script->row = grown;
        script->row_capacity = wanted;
    }
    memcpy(script->row + into->used, text, size);
    into->used += size;
}

/* The text of the current token, behind a minus if there was one. */
static bool is_literal(const pg_token *token)
{
    return token->kind == PG_STRING || token->kind == PG_NUMBER || pg_is(token, "true") ||
           pg_is(token, "false") || pg_is(token, "null") || pg_is(token, "default");
}

/* Reads a value into its column; a column that is left out is read all the same. */
static void read_value(insert *into, int column)
{
    pg_script *script = into->script;
    const pg_token *token = &script->lexer.token;
    size_t start = into->used;
    if (pg_is(token, "-")) {
        keep(into, "-", 1);
        pg_advance(script);
    }
    if (!is_literal(token)) {
        pg_expect(script, "a literal");
        return;
    }
    bool null = pg_is(token, "null");
    bool given = !pg_is(token, "default");
    if (!null && given) {
        keep(into, token->text, token->size);
    }
    pg_advance(script);
    if (column < 0 || !given || script->code != EXIT_DONE) {
        return;
    }
    bool vector = into->table->columns[column].type == BBOTS_TYPE_VECTOR;
    if (vector && into->used - start >= 2 && script->row[start] == '{') {
        script->row[start] = '['; /* an array is a vector too */
        script->row[into->used - 1] = script->row[into->used - 1] == '}' ? ']' : '}';
    }
    into->offsets[column] = start;
    into->values[column] =
        null ? bbots_value_null() : bbots_value_of_bytes(BBOTS_TEXT, "", into->used - start);
    into->given |= BBOTS_COLUMN_BIT(column);
}

static void give_row(insert *into, uint64_t line)
{
    pg_script *script = into->script;
    for (uint64_t left = into->given; left != 0; left &= left - 1) {
        unsigned column = (unsigned)__builtin_ctzll(left);
        if (into->values[column].kind != BBOTS_NULL) {
            into->values[column].data = script->row + into->offsets[column];
        }
    }
    script->code = import_session_row(script->session, into->table, into->values, into->given, line,
                                      script->lexer.input.bytes);
}

/* From the parenthesis to behind its end. */
static void read_row(insert *into)
{
    pg_script *script = into->script;
    const pg_token *token = &script->lexer.token;
    uint64_t line = token->line;
    unsigned field = 0;
    into->used = 0;
    into->given = 0;
    pg_expect(script, "(");
    for (;; field++) {
        bool known = field < into->columns->count;
        read_value(into, known ? into->columns->columns[field] : IMPORT_IGNORED);
        if (!pg_is(token, ",")) {
            break;
        }
        pg_advance(script);
    }
    unsigned count = into->columns->count;
    /* PostgreSQL lets the last columns be missing when none were named. */
    if (field + 1 > count || (field + 1 < count && into->columns->given)) {
        int at = into->columns->columns[field + 1 < count ? field + 1 : count - 1];
        const char *name = at >= 0 ? into->table->columns[at].name : "(left out)";
        pg_refuse(script, line, BBOTS_INVALID_TEXT, into->table, name,
                  field + 1 < count ? "table \"%s\": missing data for column \"%s\""
                                    : "table \"%s\": extra data behind the last column, \"%s\"",
                  into->table->name, name);
    }
    pg_expect(script, ")");
    if (script->code == EXIT_DONE) {
        give_row(into, line);
    }
}

static void read_rows(pg_script *script, const bbots_table *table, const pg_columns *columns)
{
    const pg_token *token = &script->lexer.token;
    insert into;
    into.script = script;
    into.table = table;
    into.columns = columns;
    script->table = table;
    pg_expect(script, "values");
    read_row(&into);
    while (pg_is(token, ",")) {
        pg_advance(script);
        read_row(&into);
    }
    if (pg_is(token, "on")) {
        pg_refuse(
            script, token->line, BBOTS_SYNTAX, table, NULL,
            "table \"%s\": ON CONFLICT would leave out rows in silence; make the dump without "
            "--on-conflict-do-nothing",
            table->name);
    } else if (script->code == EXIT_DONE && !pg_is(token, ";")) {
        pg_expect(script, ";");
    }
    script->table = NULL;
}

/* Counts the rows of a table that is left out. */
static void skip_rows(pg_script *script, pg_left_out *skipped)
{
    const pg_token *token = &script->lexer.token;
    unsigned depth = 0;
    while (token->kind != PG_END && !pg_is(token, "values") && !pg_is(token, ";")) {
        pg_advance(script);
    }
    while (token->kind != PG_END && !(depth == 0 && pg_is(token, ";"))) {
        skipped->rows += depth == 0 && pg_is(token, "(");
        depth += pg_is(token, "(");
        depth -= pg_is(token, ")") && depth > 0;
        pg_advance(script);
    }
    if (token->kind == PG_END) {
        pg_expect(script, ";");
    }
}

void pg_read_insert(pg_script *script)
{
    const pg_token *token = &script->lexer.token;
    pg_columns columns = {0};
    pg_left_out *skipped;
    pg_target target;
    pg_expect(script, "into");
    pg_read_target(script, &target);
    if (script->code == EXIT_DONE && target.table == NULL) {
        if (pg_may_skip(script, &target, &skipped)) {
            skip_rows(script, skipped);
        }
        return;
    }
    if (pg_is(token, "(")) {
        pg_read_columns(script, target.table, &columns);
    } else if (script->code == EXIT_DONE) {
        pg_default_columns(script, target.table, &columns);
    }
    if (pg_is(token, "overriding")) {
        pg_advance(script); /* SYSTEM or USER */
        pg_advance(script); /* VALUE */
        pg_advance(script);
    }
    if (script->code == EXIT_DONE) {
        pg_check_columns(script, target.table, &columns);
        script->has_data = true;
        read_rows(script, target.table, &columns);
    }
}
