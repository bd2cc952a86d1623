/*
 * import_pg_names.c - names of a script against names of the store: tables, columns, sequences.
 *
 * A name that fits nothing is an error, so that no row is lost in silence; --ignore and
 * --ignore-unknown leave tables and columns out, and what was left out is named at the end.
 */
#include "import_pg.h"

#include "jsonl_error.h"

#include <stdlib.h>

static bool is_name(const pg_token *token)
{
    return token->kind == PG_WORD || token->kind == PG_NAME;
}

/* ------------------------------------------------------------------ tables */

/* The table of a schema and a name. */
static const bbots_table *find_table(const pg_script *script, const char *schema, const char *name)
{
    const char *wanted = script->session->options->schema;
    const char *given = schema[0] != '\0' ? schema : script->path;
    bool here = given[0] == '\0' || strcmp(given, wanted != NULL ? wanted : "public") == 0;
    return here ? bbots_schema_table(script->schema, name, NULL) : NULL;
}

/* Reads a name into a buffer, cut to what PostgreSQL allows. */
static void read_name(pg_script *script, char name[BBOTS_NAME_MAX + 1])
{
    const pg_token *token = &script->lexer.token;
    name[0] = '\0';
    if (!is_name(token)) {
        pg_expect(script, "name");
        return;
    }
    snprintf(name, BBOTS_NAME_MAX + 1, "%s", token->text);
    pg_advance(script);
}

void pg_read_target(pg_script *script, pg_target *target)
{
    char schema[BBOTS_NAME_MAX + 1] = "";
    char name[BBOTS_NAME_MAX + 1];
    if (pg_is(&script->lexer.token, "only")) {
        pg_advance(script);
    }
    read_name(script, name);
    if (pg_is(&script->lexer.token, ".")) {
        memcpy(schema, name, sizeof schema);
        pg_advance(script);
        read_name(script, name);
    }
    target->table = find_table(script, schema, name);
    snprintf(target->name, sizeof target->name, "%s%s%s", schema, schema[0] != '\0' ? "." : "",
             name);
}

/* Whether --ignore names something, with its schema or table or without. */
static bool is_ignored(const pg_script *script, const char *name)
{
    const option_list *ignores = &script->session->options->ignores;
    const char *dot = strchr(name, '.');
    for (unsigned i = 0; i < ignores->count; i++) {
        if (strcmp(ignores->values[i], name) == 0 ||
            (dot != NULL && strcmp(ignores->values[i], dot + 1) == 0)) {
            return true;
        }
    }
    return script->session->options->ignore_unknown;
}

/* The note of a name, made when there is none. NULL after a refusal. */
static pg_left_out *leave_out(pg_script *script, const char *name)
{
    pg_left_out **at = &script->left_out;
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        if (*at == NULL) {
            pg_refuse(script, 0, BBOTS_NO_MEMORY, NULL, NULL, "out of memory");
            return NULL;
        }
        snprintf((*at)->name, sizeof(*at)->name, "%s", name);
    }
    return *at;
}

bool pg_may_skip(pg_script *script, const pg_target *target, pg_left_out **skipped)
{
    char name[PG_NAME_SHOWN];
    if (!is_ignored(script, target->name)) {
        pg_refuse(script, script->statement, BBOTS_UNKNOWN_TABLE, NULL, NULL,
                  "the store has no table \"%s\"; --ignore %s leaves it out, --ignore-unknown all "
                  "that it has not",
                  target->name, target->name);
        return false;
    }
    snprintf(name, sizeof name, "table %.*s", PG_NAME_SHOWN - 10, target->name);
    *skipped = leave_out(script, name);
    return *skipped != NULL;
}

/* ------------------------------------------------------------------ columns */

static void add_column(pg_script *script, const bbots_table *table, pg_columns *columns,
                       const char *name)
{
    if (columns->count == PG_COLUMNS_MAX) {
        pg_refuse(script, script->statement, BBOTS_LIMIT_EXCEEDED, NULL, NULL,
                  "more than %u columns", PG_COLUMNS_MAX);
        return;
    }
    int column = bbots_table_column(table, bbots_text_of(name));
    if (column < 0) {
        char full[PG_NAME_SHOWN];
        snprintf(full, sizeof full, "%s.%.*s", table->name, BBOTS_NAME_MAX, name);
        column = is_ignored(script, full) ? IMPORT_IGNORED : IMPORT_UNKNOWN;
        if (column == IMPORT_UNKNOWN && columns->unknown[0] == '\0') {
            snprintf(columns->unknown, sizeof columns->unknown, "%s", name);
        }
        snprintf(full, sizeof full, "column %s.%.*s", table->name, BBOTS_NAME_MAX, name);
        if (column == IMPORT_IGNORED) {
            leave_out(script, full);
        }
    }
    for (unsigned i = 0; column >= 0 && i < columns->count; i++) {
        if (columns->columns[i] == column) {
            pg_refuse(script, script->lexer.token.line, BBOTS_DUPLICATE_COLUMN, table, name,
                      "table \"%s\": column \"%s\" is named twice", table->name, name);
        }
    }
    columns->columns[columns->count++] = column;
}

void pg_read_columns(pg_script *script, const bbots_table *table, pg_columns *columns)
{
    char name[BBOTS_NAME_MAX + 1];
    const pg_token *token = &script->lexer.token;
    columns->count = 0;
    columns->given = true;
    columns->unknown[0] = '\0';
    do {
        pg_advance(script);
        read_name(script, name);
        if (script->code == EXIT_DONE) {
            add_column(script, table, columns, name);
        }
    } while (pg_is(token, ","));
    pg_expect(script, ")");
}

/* A part of CREATE TABLE that is no column. */
static bool is_constraint(const pg_token *token)
{
    static const char *const words[] = {"constraint", "primary", "unique",
                                        "check",      "foreign", "like"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (pg_is(token, words[i])) {
            return true;
        }
    }
    return false;
}

/* Skips to the comma behind a column's definition, or to the parenthesis that ends the table. */
static void skip_definition(pg_script *script)
{
    const pg_token *token = &script->lexer.token;
    unsigned depth = 0;
    while (token->kind != PG_END && (depth > 0 || !(pg_is(token, ",") || pg_is(token, ")")))) {
        depth += pg_is(token, "(");
        depth -= pg_is(token, ")");
        pg_advance(script);
    }
}

void pg_read_created(pg_script *script, const bbots_table *table)
{
    char name[BBOTS_NAME_MAX + 1];
    const pg_token *token = &script->lexer.token;
    if (table == NULL) {
        return; /* the whole statement is skipped */
    }
    pg_columns **columns = &script->created[table->number];
    free(*columns);
    *columns = calloc(1, sizeof **columns);
    if (*columns == NULL) {
        pg_refuse(script, 0, BBOTS_NO_MEMORY, NULL, NULL, "out of memory");
        return;
    }
    do {
        pg_advance(script);
        if (is_name(token) && !is_constraint(token)) {
            read_name(script, name);
            add_column(script, table, *columns, name);
        }
        skip_definition(script);
    } while (pg_is(token, ","));
    pg_expect(script, ")");
}

void pg_default_columns(pg_script *script, const bbots_table *table, pg_columns *columns)
{
    if (script->created[table->number] != NULL) {
        *columns = *script->created[table->number];
    } else {
        columns->count = table->column_count;
        for (unsigned c = 0; c < table->column_count; c++) {
            columns->columns[c] = (int)c;
        }
    }
    columns->given = false;
}

void pg_check_columns(pg_script *script, const bbots_table *table, const pg_columns *columns)
{
    if (columns->unknown[0] != '\0') {
        pg_refuse(script, script->statement, BBOTS_UNKNOWN_COLUMN, table, columns->unknown,
                  "table \"%s\" has no column \"%s\"; --ignore %s.%s leaves it out, "
                  "--ignore-unknown all that the store has not",
                  table->name, columns->unknown, table->name, columns->unknown);
    }
}

/* ------------------------------------------------------------------ sequences */

static int serial_of(const bbots_table *table)
{
    for (unsigned c = 0; c < table->column_count; c++) {
        if ((table->columns[c].flags & BBOTS_COLUMN_SERIAL) != 0) {
            return (int)c;
        }
    }
    return -1;
}

/* Notes that a sequence belongs to a column. */
static void own_sequence(pg_script *script, const char *name, const bbots_table *table,
                         const char *column)
{
    int serial = table != NULL ? serial_of(table) : -1;
    bool fits = serial >= 0 && strcmp(table->columns[serial].name, column) == 0;
    pg_sequence *sequence = calloc(1, sizeof *sequence);
    if (sequence == NULL) {
        pg_refuse(script, 0, BBOTS_NO_MEMORY, NULL, NULL, "out of memory");
        return;
    }
    snprintf(sequence->name, sizeof sequence->name, "%s", name);
    sequence->table = fits ? table : NULL;
    sequence->next = script->sequences;
    script->sequences = sequence;
}

/* Reads schema.name, without deciding what it is. */
static void read_full_name(pg_script *script, char full[PG_NAME_SHOWN])
{
    pg_target target;
    pg_read_target(script, &target);
    memcpy(full, target.name, PG_NAME_SHOWN);
}

/* Reads [schema.]table.column as table and column. */
static const bbots_table *read_owner(pg_script *script, char column[BBOTS_NAME_MAX + 1])
{
    char parts[3][BBOTS_NAME_MAX + 1] = {"", "", ""};
    const pg_token *token = &script->lexer.token;
    read_name(script, parts[1]);
    pg_expect(script, ".");
    read_name(script, parts[2]);
    if (pg_is(token, ".")) {
        memcpy(parts[0], parts[1], sizeof parts[0]);
        memcpy(parts[1], parts[2], sizeof parts[1]);
        pg_advance(script);
        read_name(script, parts[2]);
    }
    memcpy(column, parts[2], BBOTS_NAME_MAX + 1);
    return find_table(script, parts[0], parts[1]);
}

void pg_read_alter_sequence(pg_script *script)
{
    char name[PG_NAME_SHOWN];
    char column[BBOTS_NAME_MAX + 1];
    read_full_name(script, name);
    if (pg_is(&script->lexer.token, "owned") && pg_is(pg_advance(script), "by") &&
        is_name(pg_advance(script)) && !pg_is(&script->lexer.token, "none")) {
        const bbots_table *table = read_owner(script, column);
        own_sequence(script, name, table, column);
    }
}

/* ALTER TABLE t ALTER COLUMN c ADD GENERATED ... AS IDENTITY ( SEQUENCE NAME s ... */
void pg_read_alter_table(pg_script *script)
{
    const pg_token *token = &script->lexer.token;
    char column[BBOTS_NAME_MAX + 1] = "";
    char name[PG_NAME_SHOWN];
    pg_target target;
    pg_read_target(script, &target);
    if (!pg_is(token, "alter") || !pg_is(pg_advance(script), "column")) {
        return;
    }
    pg_advance(script);
    read_name(script, column);
    while (token->kind != PG_END && !pg_is(token, ";")) {
        if (pg_is(token, "sequence") && pg_is(pg_advance(script), "name")) {
            pg_advance(script);
            read_full_name(script, name);
            own_sequence(script, name, target.table, column);
            return;
        }
        pg_advance(script);
    }
}

/* The name that PostgreSQL gives to a serial's sequence, unless it would be too long. */
static bool has_serial_name(const bbots_table *table, const char *name)
{
    char usual[2 * BBOTS_NAME_MAX + 8];
    int serial = serial_of(table);
    if (serial < 0) {
        return false;
    }
    snprintf(usual, sizeof usual, "%s_%s_seq", table->name, table->columns[serial].name);
    return strcmp(usual, name) == 0;
}

/* Takes a quoted or plain name off a text such as public."Seq". */
static const char *split_name(const char *text, char name[BBOTS_NAME_MAX + 1])
{
    size_t size = 0;
    bool quoted = *text == '"';
    text += quoted;
    while (*text != '\0' && (quoted || *text != '.')) {
        if (quoted && *text == '"' && *++text != '"') {
            break;
        }
        if (size < BBOTS_NAME_MAX) {
            name[size++] = *text;
        }
        text++;
    }
    name[size] = '\0';
    return *text == '.' ? text + 1 : text;
}

/* Splits "schema.name" or "name". */
static void split_full_name(const char *text, char schema[BBOTS_NAME_MAX + 1],
                            char name[BBOTS_NAME_MAX + 1])
{
    schema[0] = '\0';
    text = split_name(text, name);
    if (*text != '\0') {
        memcpy(schema, name, BBOTS_NAME_MAX + 1);
        split_name(text, name);
    }
}

/* The table whose serial a sequence is; *known when the script or its name says whose it is. */
static const bbots_table *find_sequence(const pg_script *script, const char *text, bool *known)
{
    char schema[BBOTS_NAME_MAX + 1];
    char name[BBOTS_NAME_MAX + 1];
    char full[PG_NAME_SHOWN];
    split_full_name(text, schema, name);
    snprintf(full, sizeof full, "%s%s%s", schema, schema[0] != '\0' ? "." : "", name);
    *known = true;
    for (const pg_sequence *one = script->sequences; one != NULL; one = one->next) {
        if (strcmp(one->name, full) == 0) {
            return one->table;
        }
    }
    for (uint32_t t = 0; t < script->schema->table_count; t++) {
        const bbots_table *table = script->schema->tables[t];
        if (has_serial_name(table, name) && find_table(script, schema, table->name) == table) {
            return table;
        }
    }
    *known = false;
    return NULL;
}

/* The current token is a quoted text, which is copied. */
static void read_text(pg_script *script, char *text, size_t size)
{
    const pg_token *token = &script->lexer.token;
    text[0] = '\0';
    if (token->kind != PG_STRING) {
        pg_expect(script, "a quoted text");
        return;
    }
    snprintf(text, size, "%s", token->text);
    pg_advance(script);
}

/* A function's name, which may stand behind pg_catalog. */
static void read_function(pg_script *script, char name[BBOTS_NAME_MAX + 1])
{
    read_name(script, name);
    if (strcmp(name, "pg_catalog") == 0) {
        pg_expect(script, ".");
        read_name(script, name);
    }
}

/* 'sequence' or pg_get_serial_sequence('table', 'column'); *text is for messages. */
static const bbots_table *read_sequence(pg_script *script, char text[PG_NAME_SHOWN])
{
    char schema[BBOTS_NAME_MAX + 1];
    char name[BBOTS_NAME_MAX + 1];
    bool known;
    if (script->lexer.token.kind == PG_STRING) {
        read_text(script, text, PG_NAME_SHOWN);
        return find_sequence(script, text, &known);
    }
    read_function(script, name);
    if (strcmp(name, "pg_get_serial_sequence") != 0) {
        pg_expect(script, "pg_get_serial_sequence");
    }
    pg_expect(script, "(");
    read_text(script, text, PG_NAME_SHOWN);
    pg_expect(script, ",");
    read_text(script, name, sizeof name);
    pg_expect(script, ")");
    char column[BBOTS_NAME_MAX + 1];
    memcpy(column, name, sizeof column);
    split_full_name(text, schema, name);
    const bbots_table *table = find_table(script, schema, name);
    int serial = table != NULL ? serial_of(table) : -1;
    return serial >= 0 && strcmp(table->columns[serial].name, column) == 0 ? table : NULL;
}

/* The number of setval() that the serial gives next. */
static int64_t read_next(pg_script *script)
{
    const pg_token *token = &script->lexer.token;
    bool negative = pg_is(token, "-");
    bool called = true;
    if (negative) {
        pg_advance(script);
    }
    int64_t number = strtoll(token->text, NULL, 10);
    if (token->kind != PG_NUMBER) {
        pg_expect(script, "a number");
    }
    pg_advance(script);
    if (pg_is(token, ",")) {
        pg_advance(script);
        called = !pg_is(token, "false");
        pg_advance(script);
    }
    number = negative ? -number : number;
    return called && number < INT64_MAX ? number + 1 : number;
}

static void read_setval(pg_script *script)
{
    char text[PG_NAME_SHOWN];
    char name[PG_NAME_SHOWN];
    bbots_error error;
    pg_expect(script, "(");
    const bbots_table *table = read_sequence(script, text);
    pg_expect(script, ",");
    int64_t next = read_next(script);
    pg_expect(script, ")");
    if (script->code != EXIT_DONE) {
        return;
    }
    if (table == NULL) {
        snprintf(name, sizeof name, "sequence %.*s", PG_NAME_SHOWN - 10, text);
        if (is_ignored(script, text)) {
            leave_out(script, name);
        } else {
            pg_refuse(script, script->statement, BBOTS_UNKNOWN_TABLE, NULL, NULL,
                      "sequence \"%s\" belongs to no serial column of the store; --ignore %s "
                      "leaves it out",
                      text, text);
        }
    } else if (bbots_serial_advance(script->session->txn, table, next, &error) != BBOTS_OK) {
        pg_refuse(script, script->statement, error.code, table, NULL, "%s", error.message);
    }
}

void pg_read_select(pg_script *script)
{
    char name[BBOTS_NAME_MAX + 1];
    read_function(script, name);
    if (strcmp(name, "setval") == 0) {
        read_setval(script);
    } else if (strcmp(name, "set_config") != 0) {
        pg_refuse(script, script->statement, BBOTS_SYNTAX, NULL, NULL,
                  "SELECT %s is not read: only setval and set_config are", name);
    }
    pg_skip_statement(script);
}
