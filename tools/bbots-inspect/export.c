/*
 * export.c - `export`: one table into a file, all tables into a folder, or all into a script.
 *
 * Everything is read in one transaction, so the files of a folder belong together whatever is
 * written meanwhile. Secret columns are in it only when that is asked for.
 */
#include "export_file.h"
#include "export_pg.h"
#include "export_rows.h"
#include "options.h"
#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char help_text[] =
    "Usage: bbots-inspect FILE export TABLE [--format csv|jsonl] [--columns A,B,...] [-o OUT]\n"
    "                            [--secrets]\n"
    "       bbots-inspect FILE export --all -o FOLDER [--secrets]\n"
    "       bbots-inspect FILE export --format pg [-o OUT.sql] [--secrets]\n"
    "\n"
    "Writes the rows of a table in the order of the primary key, in the forms that `import` "
    "reads:\n"
    "an export with all columns that is imported again gives the same rows.\n"
    "\n"
    "  --format csv|jsonl   without it the ending of OUT decides, else JSON lines are written\n"
    "  --columns A,B,...    only these columns\n"
    "  -o, --output OUT     a file, made for its owner only (0600); without it standard output\n"
    "  --all                write TABLE.jsonl for each table with rows into a new or empty "
    "folder;\n"
    "                       `import --all` reads them back in the right order\n"
    "\n"
    "In CSV, NULL is an empty field and \"\" the empty text. Times are in ISO form, jsonb is its\n"
    "JSON text. JSON lines cannot tell the jsonb value null from NULL: a table that holds one has\n"
    "to be written as CSV, as --all does by itself.\n"
    "\n"
    "--format pg writes the whole store as one script for an empty PostgreSQL database:\n"
    "`psql -X -v ON_ERROR_STOP=1 -f OUT.sql DATABASE`. Definitions, rows by COPY, sequences.\n"
    "\n"
    "  --schema-only        only the definitions\n"
    "  --data-only          only rows and sequences, for tables that are there\n"
    "  --vectors array|pgvector   vectors as real[], which every PostgreSQL has, or as vector(n)\n"
    "\n"
    "Columns tagged [secret] are left out, also where the reader will miss them because they must\n"
    "have a value. With --secrets they are written in the open: keep the files accordingly. Sealed\n"
    "ones need their key then (--keys).\n"
    "\n"
    "Exit code: 0, 2 for a wrong command line, 3 when the store or a file could not be used.\n";

/* What the command line says. */
typedef struct export_options {
    const char *format;
    const char *columns;
    const char *output;
    const char *vectors;
    bool all;
    bool schema_only;
    bool data_only;
    bool script; /* for PostgreSQL */
    bool secrets;
} export_options;

/* ------------------------------------------------------------------ one table */

/* Writes a table to a path. Returns a status and an exit code: a status that is no failure with
 * EXIT_FAILED is a file's failure, about which a message was written. */
static int write_table(session *in, const export_shape *shape, const char *path, int *code,
                       bbots_error *error)
{
    export_file file;
    uint64_t rows;
    *code = export_file_open(&file, in->line, path);
    if (*code != EXIT_DONE) {
        return BBOTS_OK;
    }
    progress *bar = path != NULL ? progress_begin(in->line, shape->table->name) : NULL;
    int rc = export_rows(in->txn, shape, file.out, bar, &rows, error);
    progress_end(bar);
    *code = export_file_close(&file, rc == BBOTS_OK);
    return rc;
}

static bool ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name);
    size_t ending_size = strlen(ending);
    return size >= ending_size && strcmp(name + size - ending_size, ending) == 0;
}

static bool wants_csv(const command_line *line, const export_options *options)
{
    if (options->format != NULL) {
        return strcmp(options->format, "csv") == 0;
    }
    if (line->format != FORMAT_PEOPLE) {
        return line->format == FORMAT_CSV;
    }
    return options->output != NULL && ends_with(options->output, ".csv");
}

static int export_one(session *in, const export_options *options, const char *name)
{
    export_shape shape;
    bbots_error error = {0};
    const bbots_table *table = session_table(in, name);
    if (table == NULL) {
        return EXIT_USAGE;
    }
    export_shape_whole(&shape, table, wants_csv(in->line, options), options->secrets);
    int code = EXIT_DONE;
    if (options->columns != NULL) {
        code = read_columns(in->line, table, options->columns, BBOTS_COLUMNS_MAX, shape.columns,
                            &shape.column_count);
    }
    for (unsigned i = 0; code == EXIT_DONE && i < shape.column_count; i++) {
        const bbots_column *column = &table->columns[shape.columns[i]];
        if (!options->secrets && export_is_secret(column)) {
            code = usage_error(in->line, "column \"%s\" is secret; --secrets writes it in the open",
                               column->name);
        }
    }
    if (code == EXIT_DONE) {
        int rc = write_table(in, &shape, options->output, &code, &error);
        code = rc != BBOTS_OK ? library_error(in->line, &error) : code;
    }
    return code;
}

/* ------------------------------------------------------------------ all tables */

static int refuse_folder(const session *in, const char *path, const char *why)
{
    (void)usage_error(in->line, "%s: %s", path, why);
    return EXIT_FAILED;
}

/* Makes a folder, or sees to it that the one that is there is empty. */
static int prepare_folder(const session *in, const char *path)
{
    if (mkdir(path, 0700) == 0) {
        return EXIT_DONE;
    }
    DIR *directory = errno == EEXIST ? opendir(path) : NULL;
    if (directory == NULL) {
        return refuse_folder(in, path, strerror(errno));
    }
    bool empty = true;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    }
    closedir(directory);
    return empty ? EXIT_DONE : refuse_folder(in, path, "the folder is not empty");
}

static int export_to_folder(session *in, const bbots_table *table, const char *folder, bool csv,
                            bool secrets, int *code, bbots_error *error)
{
    export_shape shape;
    char *path;
    if (asprintf(&path, "%s/%s.%s", folder, table->name, csv ? "csv" : "jsonl") < 0) {
        *code = refuse_folder(in, folder, "out of memory");
        return BBOTS_OK;
    }
    export_shape_whole(&shape, table, csv, secrets);
    int rc = write_table(in, &shape, path, code, error);
    free(path);
    return rc;
}

static int export_all(session *in, const char *folder, bool secrets)
{
    bbots_error error = {0};
    int code = prepare_folder(in, folder);
    for (uint32_t t = 0; t < in->schema->table_count && code == EXIT_DONE; t++) {
        const bbots_table *table = in->schema->tables[t];
        uint64_t count;
        int rc = bbots_count(in->txn, table, &count, &error);
        if (rc == BBOTS_OK && count > 0) {
            rc = export_to_folder(in, table, folder, false, secrets, &code, &error);
            if (rc == BBOTS_UNTRANSLATABLE_CHARACTER) {
                rc = export_to_folder(in, table, folder, true, secrets, &code, &error);
            }
        }
        code = rc != BBOTS_OK ? library_error(in->line, &error) : code;
    }
    return code;
}

/* ------------------------------------------------------------------ a script */

static int export_script(session *in, const export_options *options)
{
    export_file file;
    bbots_error error;
    export_pg_options wanted = {!options->data_only, !options->schema_only, options->secrets,
                                PG_VECTORS_ARRAY};
    if (options->vectors != NULL && strcmp(options->vectors, "pgvector") == 0) {
        wanted.vectors = PG_VECTORS_PGVECTOR;
    }
    int code = export_file_open(&file, in->line, options->output);
    if (code != EXIT_DONE) {
        return code;
    }
    progress *bar = options->output != NULL ? progress_begin(in->line, "export") : NULL;
    int rc = export_pg(in, &wanted, file.out, bar, &error);
    progress_end(bar);
    code = export_file_close(&file, rc == BBOTS_OK);
    return rc != BBOTS_OK ? library_error(in->line, &error) : code;
}

/* ------------------------------------------------------------------ the command */

static int check_script(const command_line *line, const export_options *options,
                        const rest_words *words)
{
    const char *vectors = options->vectors;
    if (words->count != 0 || options->all || options->columns != NULL) {
        return usage_error(line, "a script for PostgreSQL holds the whole store: no TABLE, --all "
                                 "or --columns");
    }
    if (options->schema_only && options->data_only) {
        return usage_error(line, "options --schema-only and --data-only leave nothing");
    }
    if (vectors != NULL && strcmp(vectors, "array") != 0 && strcmp(vectors, "pgvector") != 0) {
        return usage_error(line, "option --vectors is array or pgvector, not \"%s\"", vectors);
    }
    return EXIT_DONE;
}

static int check_options(const command_line *line, const export_options *options,
                         const rest_words *words)
{
    const char *format = options->format;
    if (options->script) {
        return check_script(line, options, words);
    }
    if (format != NULL && strcmp(format, "csv") != 0 && strcmp(format, "jsonl") != 0) {
        return usage_error(line, "option --format is csv, jsonl or pg, not \"%s\"", format);
    }
    if (options->schema_only || options->data_only || options->vectors != NULL) {
        return usage_error(line, "options --schema-only, --data-only and --vectors need --format "
                                 "pg");
    }
    if (words->count != (options->all ? 0 : 1)) {
        return usage_error(line, "command export needs TABLE, --all -o FOLDER or --format pg");
    }
    if (options->all && (format != NULL || options->columns != NULL || options->output == NULL)) {
        return usage_error(line, "option --all needs -o FOLDER and takes no other option but --secrets");
    }
    return EXIT_DONE;
}

static int run(const command_line *line)
{
    export_options options = {0};
    const option known[] = {{"--format", &options.format, NULL, NULL},
                            {"--columns", &options.columns, NULL, NULL},
                            {"--output", &options.output, NULL, NULL},
                            {"--vectors", &options.vectors, NULL, NULL},
                            {"--all", NULL, &options.all, NULL},
                            {"--schema-only", NULL, &options.schema_only, NULL},
                            {"--data-only", NULL, &options.data_only, NULL},
                            {"--secrets", NULL, &options.secrets, NULL},
                            {NULL, NULL, NULL, NULL}};
    rest_words words;
    session in;
    int code = read_options(line, known, 0, 1, "TABLE, or --all -o FOLDER", &words);
    options.script = options.format != NULL
                         ? strcmp(options.format, "pg") == 0
                         : options.output != NULL && ends_with(options.output, ".sql");
    code = code == EXIT_DONE ? check_options(line, &options, &words) : code;
    code = code == EXIT_DONE ? session_open(line, &in) : code;
    if (code == EXIT_DONE) {
        code = options.script ? export_script(&in, &options)
               : options.all  ? export_all(&in, options.output, options.secrets)
                              : export_one(&in, &options, words.words[0]);
        session_close(&in);
    }
    return code;
}

const command command_export = {"export", "write rows as CSV or JSON lines, or all for PostgreSQL",
                                help_text, run};
