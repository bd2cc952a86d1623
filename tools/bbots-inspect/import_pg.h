/*
 * import_pg.h - a script of pg_dump on its way into an import's transaction: what its parts share.
 *
 * Failures stick: after the first one pg_advance() only gives PG_END, and refusals say nothing more.
 * So a part reads on as if all were well and `code` is looked at where it matters.
 */
#ifndef IMPORT_PG_H
#define IMPORT_PG_H

#include "import_session.h"
#include "pg_lex.h"

#define PG_COLUMNS_MAX 1600 /* of a table, PostgreSQL's own limit */
#define PG_NAME_SHOWN  160  /* bytes of "schema.table" in a message, with a NUL */

/* Columns in the order in which the script gives values. */
typedef struct pg_columns {
    unsigned count;
    bool given;                       /* the script named them */
    int columns[PG_COLUMNS_MAX];      /* numbers, IMPORT_IGNORED or IMPORT_UNKNOWN */
    char unknown[BBOTS_NAME_MAX + 1]; /* the first name that fits no column */
} pg_columns;

/* Which table of the store a name of the script means. */
typedef struct pg_target {
    const bbots_table *table; /* NULL: none */
    char name[PG_NAME_SHOWN]; /* as the script has it */
} pg_target;

/* Something that was left out because the store has no place for it. */
typedef struct pg_left_out {
    char name[PG_NAME_SHOWN];
    uint64_t rows;
    struct pg_left_out *next;
} pg_left_out;

/* A sequence that belongs to a serial column. */
typedef struct pg_sequence {
    char name[PG_NAME_SHOWN];
    const bbots_table *table; /* NULL: to a column that the store has not, or that is no serial */
    struct pg_sequence *next;
} pg_sequence;

typedef struct pg_script {
    import_session *session;
    const bbots_schema *schema; /* the store's */
    pg_lexer lexer;
    uint64_t statement;            /* the line on which the statement under way begins */
    const bbots_table *table; /* whose rows the statement gives; NULL: not known, or none */
    char path[BBOTS_NAME_MAX + 1]; /* the schema of names without one; "": any */
    pg_columns **created;          /* by table: the order of its CREATE TABLE, or NULL */
    pg_sequence *sequences;
    pg_left_out *left_out;
    char *row; /* the texts of an INSERT's row */
    size_t row_capacity;
    bool in_transaction; /* between BEGIN and COMMIT */
    bool has_data;
    int code; /* EXIT_DONE until something was refused */
} pg_script;

/* ------------------------------------------------------------------ import_pg.c */

/* Reads the next token; PG_END after a failure too. */
const pg_token *pg_advance(pg_script *script);

/* Takes a word or symbol that has to stand here, and reads on. */
void pg_expect(pg_script *script, const char *text);

/* Skips to the end of the statement, whose last token read is the current one. */
void pg_skip_statement(pg_script *script);

/* Says what is wrong at a line. table and column may be NULL. */
void pg_refuse(pg_script *script, uint64_t line, int code, const bbots_table *table,
               const char *column, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* ------------------------------------------------------------------ import_pg_names.c */

/* Reads a name that may have a schema before it, from the current token on. */
void pg_read_target(pg_script *script, pg_target *target);

/*
 * Whether the data of a table that the store has not may be left out; otherwise refuses. *skipped is
 * what counts the rows.
 */
bool pg_may_skip(pg_script *script, const pg_target *target, pg_left_out **skipped);

/* Reads (a, "b", ...) from the current token, the parenthesis, to behind its end. */
void pg_read_columns(pg_script *script, const bbots_table *table, pg_columns *columns);

/* Reads the columns of CREATE TABLE name (...), from behind the name; those of a table count. */
void pg_read_created(pg_script *script, const bbots_table *table);

/* The columns when a statement names none: those of CREATE TABLE, or else the store's. */
void pg_default_columns(pg_script *script, const bbots_table *table, pg_columns *columns);

/* Sees to it that every column is one of the table's or may be left out. */
void pg_check_columns(pg_script *script, const bbots_table *table, const pg_columns *columns);

/* ALTER SEQUENCE name OWNED BY table.column; and ALTER TABLE ... SEQUENCE NAME name. */
void pg_read_alter_sequence(pg_script *script);
void pg_read_alter_table(pg_script *script);

/* SELECT setval(...) or set_config(...); anything else is refused. */
void pg_read_select(pg_script *script);

/* ------------------------------------------------------------------ import_pg_copy.c, _insert.c */

/* From behind COPY, and from behind INSERT, to the end of the data. */
void pg_read_copy(pg_script *script);
void pg_read_insert(pg_script *script);

#endif
