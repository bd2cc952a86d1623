/*
 * import_pg_copy.c - COPY table (columns) FROM stdin: rows as lines, fields parted by tabs.
 *
 * A line is taken apart where it lies in the input block: a field without a backslash is handed to
 * the library as it stands, one with a backslash is rewritten in place, since what an escape stands
 * for is never longer than the escape (PostgreSQL's manual, COPY, "Text Format").
 */
#include "import_pg.h"

#include <errno.h>

/* A COPY under way. */
typedef struct copy {
    pg_script *script;
    const bbots_table *table; /* NULL: its rows are left out */
    pg_left_out *skipped;
    const pg_columns *columns;
    const char *name; /* for messages */
    uint64_t rows;
} copy;

/* ------------------------------------------------------------------ fields */

static int hex_digit(char byte)
{
    return byte >= '0' && byte <= '9'   ? byte - '0'
           : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
           : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                        : -1;
}

/* The byte of an escape; *at stands behind the backslash and is moved behind the escape. */
static char read_escape(const char **at, const char *end)
{
    static const char names[] = "bfnrtv";
    static const char bytes[] = "\b\f\n\r\t\v";
    char byte = *(*at)++;
    const char *named = byte != '\0' ? strchr(names, byte) : NULL;
    if (named != NULL) {
        return bytes[named - names];
    }
    unsigned value = 0;
    unsigned digits = 0;
    if (byte >= '0' && byte <= '7') {
        value = (unsigned)(byte - '0');
        for (; digits < 2 && *at < end && **at >= '0' && **at <= '7'; digits++) {
            value = value * 8 + (unsigned)(*(*at)++ - '0');
        }
        return (char)(value & 0xFF);
    }
    if (byte == 'x') {
        for (; digits < 2 && *at < end && hex_digit(**at) >= 0; digits++) {
            value = value * 16 + (unsigned)hex_digit(*(*at)++);
        }
        return digits > 0 ? (char)value : byte;
    }
    return byte;
}

/*
 * Reads a field that has a backslash, from *at to its end, and rewrites it in place. *at is moved to
 * the tab behind it or to the line's end. False when the line ends in a backslash.
 */
static bool read_escaped(char **at, char *end, bbots_value *value)
{
    char *start = *at;
    char *to = start;
    const char *from = start;
    if (end - start >= 2 && from[0] == '\\' && from[1] == 'N' &&
        (end - start == 2 || from[2] == '\t')) {
        *value = bbots_value_null();
        *at = start + 2;
        return true;
    }
    while (from < end && *from != '\t') {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        if (++from == end) {
            return false;
        }
        *to++ = read_escape(&from, end);
    }
    *value = bbots_value_of_bytes(BBOTS_TEXT, start, (size_t)(to - start));
    *at = end - (end - from);
    return true;
}

static bool read_field(char **at, char *end, bool escapes, bbots_value *value)
{
    char *start = *at;
    char *tab = memchr(start, '\t', (size_t)(end - start));
    char *stop = tab != NULL ? tab : end;
    if (escapes && memchr(start, '\\', (size_t)(stop - start)) != NULL) {
        return read_escaped(at, end, value);
    }
    *value = bbots_value_of_bytes(BBOTS_TEXT, start, (size_t)(stop - start));
    *at = stop;
    return true;
}

/* pgvector's [1,2] and an array's {1,2} are the same to a vector column. */
static void adapt(const bbots_column *column, bbots_value *value)
{
    if (column->type == BBOTS_TYPE_VECTOR && value->kind == BBOTS_TEXT && value->size >= 2) {
        char *text = (char *)(uintptr_t)value->data; /* in the input block */
        if (text[0] == '{' && text[value->size - 1] == '}') {
            text[0] = '[';
            text[value->size - 1] = ']';
        }
    }
}

/* ------------------------------------------------------------------ rows */

static const char *column_name(const copy *of, unsigned number)
{
    int column = number < of->columns->count ? of->columns->columns[number] : IMPORT_IGNORED;
    return column >= 0 ? of->table->columns[column].name : "(left out)";
}

/* A row has too few fields or too many. */
static void refuse_count(const copy *of, unsigned fields, uint64_t line)
{
    bool few = fields < of->columns->count;
    const char *name = column_name(of, few ? fields : of->columns->count - 1);
    pg_refuse(of->script, line, BBOTS_INVALID_TEXT, of->table, name,
              few ? "table \"%s\": missing data for column \"%s\""
                  : "table \"%s\": extra data behind the last column, \"%s\"",
              of->table->name, name);
}

static void read_row(copy *of, char *text, size_t size, uint64_t line)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given = 0;
    char *at = text;
    char *end = text + size;
    bool escapes = memchr(text, '\\', size) != NULL;
    unsigned field = 0;
    for (;; field++) {
        bbots_value value;
        int column = field < of->columns->count ? of->columns->columns[field] : IMPORT_IGNORED;
        if (!read_field(&at, end, escapes, &value)) {
            pg_refuse(of->script, line, BBOTS_INVALID_TEXT, of->table, NULL,
                      "table \"%s\": a backslash ends the line", of->table->name);
            return;
        }
        if (column >= 0) {
            adapt(&of->table->columns[column], &value);
            values[column] = value;
            given |= BBOTS_COLUMN_BIT(column);
        }
        if (at == end) {
            break;
        }
        at++; /* the tab */
    }
    if (field + 1 != of->columns->count) {
        refuse_count(of, field + 1, line);
        return;
    }
    import_session *session = of->script->session;
    of->script->code =
        import_session_row(session, of->table, values, given, line, of->script->lexer.input.bytes);
}

/* The file ends within the data: in which column, if in one. */
static void refuse_end(const copy *of, uint64_t line)
{
    const pg_input *input = &of->script->lexer.input;
    unsigned field = 0;
    for (size_t i = input->at; i < input->end; i++) {
        field += input->data[i] == '\t';
    }
    if (of->table == NULL || input->at == input->end) {
        pg_refuse(of->script, line, BBOTS_SYNTAX, of->table, NULL,
                  "table \"%s\": the file ends within the data, behind %llu rows; COPY begins on "
                  "line %llu",
                  of->name, (unsigned long long)of->rows,
                  (unsigned long long)of->script->statement);
    } else {
        const char *name = column_name(of, field);
        pg_refuse(of->script, line, BBOTS_SYNTAX, of->table, name,
                  "table \"%s\": the file ends within the data, in column \"%s\"; COPY begins on "
                  "line %llu",
                  of->name, name, (unsigned long long)of->script->statement);
    }
}

static void refuse_line(const copy *of, int rc, uint64_t line)
{
    if (rc == BBOTS_END) {
        refuse_end(of, line);
    } else {
        pg_refuse(of->script, line, rc, of->table, NULL, "table \"%s\": %s", of->name,
                  rc == BBOTS_IO               ? strerror(errno)
                  : rc == BBOTS_LIMIT_EXCEEDED ? "the row is longer than 256 MiB"
                                               : "out of memory");
    }
}

static void read_rows(copy *of)
{
    pg_script *script = of->script;
    char *text;
    size_t size;
    while (script->code == EXIT_DONE) {
        uint64_t line = script->lexer.input.line;
        int rc = pg_input_line(&script->lexer.input, &text, &size);
        if (rc != BBOTS_OK) {
            refuse_line(of, rc, line);
            return;
        }
        if (memchr(text, '\r', size) != NULL) {
            pg_refuse(script, line, BBOTS_INVALID_TEXT, of->table, NULL,
                      "table \"%s\": a carriage return stands in the data; the file was changed on "
                      "its way here (pg_dump writes \\r)",
                      of->name);
        } else if (size == 2 && text[0] == '\\' && text[1] == '.') {
            return;
        } else if (of->table != NULL) {
            read_row(of, text, size, line);
        } else {
            of->skipped->rows++;
        }
        of->rows++;
    }
}

/* ------------------------------------------------------------------ the statement */

/* Behind the columns: FROM stdin; and nothing else. */
static void read_source(pg_script *script)
{
    const pg_token *token = &script->lexer.token;
    pg_expect(script, "from");
    if (script->code == EXIT_DONE && !pg_is(token, "stdin")) {
        pg_refuse(script, token->line, BBOTS_SYNTAX, NULL, NULL,
                  "COPY from a file or program is not read, only COPY ... FROM stdin");
    }
    pg_advance(script);
    if (script->code == EXIT_DONE && !pg_is(token, ";")) {
        pg_refuse(script, token->line, BBOTS_SYNTAX, NULL, NULL,
                  "options of COPY are not read: pg_dump writes none");
    }
}

/* The data begins on the next line. */
static void end_line(pg_script *script)
{
    int byte;
    do {
        byte = pg_next(&script->lexer.input);
    } while (byte == ' ' || byte == '\t' || byte == '\r');
    if (byte != '\n' && script->code == EXIT_DONE) {
        pg_refuse(script, script->statement, BBOTS_SYNTAX, NULL, NULL,
                  "a line end has to follow COPY ... FROM stdin;");
    }
}

/* COPY without columns takes those of CREATE TABLE, or else the store's own order. */
static void choose_columns(pg_script *script, const bbots_table *table, pg_columns *columns)
{
    if (pg_is(&script->lexer.token, "(")) {
        pg_read_columns(script, table, columns);
    } else {
        pg_default_columns(script, table, columns);
    }
    pg_check_columns(script, table, columns);
}

void pg_read_copy(pg_script *script)
{
    pg_columns columns = {0};
    pg_target target;
    copy of = {.script = script, .columns = &columns, .name = target.name};
    pg_read_target(script, &target);
    of.table = target.table;
    if (script->code == EXIT_DONE && target.table != NULL) {
        choose_columns(script, target.table, &columns);
    } else if (script->code == EXIT_DONE && pg_may_skip(script, &target, &of.skipped)) {
        while (script->lexer.token.kind != PG_END && !pg_is(&script->lexer.token, "from")) {
            pg_advance(script);
        }
    }
    read_source(script);
    if (script->code == EXIT_DONE) {
        end_line(script);
        script->has_data = true;
        read_rows(&of);
    }
}
