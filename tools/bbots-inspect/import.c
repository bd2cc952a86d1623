/*
 * import.c - `import`: the command line, and a file or a folder of files into a session.
 *
 * All work is done by import_session.c (rows and transactions), import_csv.c, import_jsonl.c and
 * import_pg.c (forms) and import_plan.c (names); this file connects them.
 */
#include "import_folder.h"
#include "import_session.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char help_text[] =
    "Usage: bbots-inspect FILE import TABLE IN|-  [options]\n"
    "       bbots-inspect FILE import SCRIPT.sql   [options]\n"
    "       bbots-inspect FILE import --all FOLDER\n"
    "\n"
    "Inserts rows, all or none of them: the first row that is refused is reported with file, "
    "line,\n"
    "column, value and rule, and nothing is written. A row may come before the row that it\n"
    "references if that is of the same table or, in a script, of any; rows whose references lead\n"
    "nowhere in the end are listed.\n"
    "\n"
    "  --format csv|jsonl|pg  the file's form; without it the name's ending decides\n"
    "  --create               make the store first, with the built-in schema; it appears when all\n"
    "                         is in it\n"
    "  --batch N              commit every N rows; an error then leaves the batches before it; not\n"
    "                         with --create\n"
    "  --map COLUMN=HEADER    take a column's values from this header or member (repeatable)\n"
    "  --set COLUMN=VALUE     give every row this value (repeatable)\n"
    "  --ignore NAME          leave a header or member out (repeatable)\n"
    "  --ignore-unknown       leave out all that fit no column\n"
    "  --all                  read the files of a folder that `export --all` wrote\n"
    "\n"
    "CSV is RFC 4180: the first line names the columns, quotes may hold line ends, CRLF or LF "
    "ends\n"
    "a line, a byte order mark is skipped, and so are empty lines of a file with several columns.\n"
    "An unquoted empty field is NULL, \"\" is the empty text. So does COPY ... CSV write.\n"
    "\n"
    "  --delimiter C          between fields instead of a comma; \\t is a tab\n"
    "  --null TEXT            an unquoted field of this text is NULL, instead of the empty one\n"
    "  --defaults             such a field takes the column's default instead of NULL\n"
    "  --header A,B,...       the columns of a file that does not name them\n"
    "\n"
    "JSON lines hold one object a row; an absent member takes the default, null is NULL.\n"
    "\n"
    "A script (.sql, or --format pg) is what pg_dump writes in plain form: with COPY or --inserts, "
    "a\n"
    "whole database or --data-only. Rows and sequences are taken from it and definitions skipped;\n"
    "a statement that would change rows in another way is refused.\n"
    "\n"
    "  --schema NAME          the schema whose tables count, instead of public\n"
    "  --ignore NAME          leave out a table, TABLE.COLUMN or sequence (repeatable)\n"
    "  --ignore-unknown       leave out all that the store has not; it is named at the end\n"
    "\n"
    "Columns that are not in the file take their defaults. Standard input has the form CSV unless\n"
    "--format says otherwise.\n"
    "\n"
    "Exit code: 0, 2 for a wrong command line, 3 when a row or a file was refused.\n";

/* ------------------------------------------------------------------ one file */

static bool ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name);
    size_t ending_size = strlen(ending);
    return size >= ending_size && strcmp(name + size - ending_size, ending) == 0;
}

static int import_descriptor(import_session *session, const import_plan *plan, int descriptor)
{
    return plan->options->csv ? import_csv(session, plan, descriptor)
                              : import_jsonl(session, plan, descriptor);
}

/* A plan for one table's file, NULL for a script. */
static int import_path(import_session *session, const import_plan *plan, const char *path)
{
    bool piped = strcmp(path, "-") == 0;
    session->file = piped ? "standard input" : path;
    int descriptor = piped ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        (void)usage_error(session->line, "%s: %s", path, strerror(errno));
        return EXIT_FAILED;
    }
    int code = plan != NULL ? import_descriptor(session, plan, descriptor)
                            : import_pg(session, descriptor);
    if (!piped) {
        close(descriptor);
    }
    return code;
}

static uint64_t size_of(const char *path)
{
    struct stat status;
    return strcmp(path, "-") != 0 && stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static int import_one(import_session *session, const import_options *options, const char *name,
                      const char *path)
{
    import_plan plan;
    bbots_error error = {0};
    const bbots_table *table = bbots_store_table(session->store, name, &error);
    if (table == NULL) {
        return library_error(session->line, &error);
    }
    int code = import_plan_make(session->line, options, table, &plan);
    if (code != EXIT_DONE) {
        return code;
    }
    session->bytes_total = size_of(path);
    return import_path(session, &plan, path);
}

static int import_script(import_session *session, const char *path)
{
    session->several = true;
    session->bytes_total = size_of(path);
    return import_path(session, NULL, path);
}

/* ------------------------------------------------------------------ a folder */

static int import_files(import_session *session, import_options *options,
                        const import_folder *folder)
{
    const bbots_schema *schema = bbots_store_schema(session->store);
    import_plan plan;
    int code = EXIT_DONE;
    session->several = true;
    session->bytes_total = folder->bytes;
    for (uint32_t t = 0; t < folder->count && code == EXIT_DONE; t++) {
        if (folder->files[t] != NULL) {
            options->csv = ends_with(folder->files[t], ".csv");
            code = import_plan_make(session->line, options, schema->tables[t], &plan);
            code = code == EXIT_DONE ? import_path(session, &plan, folder->files[t]) : code;
        }
    }
    return code;
}

/* Reads all files and ends the session, while the folder's names are still there for messages. */
static int import_all(import_session *session, import_options *options, const char *path)
{
    import_folder folder;
    int code = import_folder_read(session->line, bbots_store_schema(session->store), path, &folder);
    if (code == EXIT_DONE) {
        code = import_files(session, options, &folder);
    }
    if (code == EXIT_DONE) {
        session->file = path;
        code = import_session_finish(session);
    }
    import_folder_free(&folder);
    return code;
}

/* ------------------------------------------------------------------ the command */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void say_result(const command_line *line, uint64_t rows, double seconds)
{
    double speed = seconds > 0 ? (double)rows / seconds : 0;
    if (line->format == FORMAT_JSON) {
        printf("{\"rows\":%llu,\"seconds\":%.3f,\"rows_per_second\":%.0f}\n",
               (unsigned long long)rows, seconds, speed);
    } else {
        printf("%llu rows in %.2f s, %.0f rows/s\n", (unsigned long long)rows, seconds, speed);
    }
}

static int import_words(const command_line *line, import_options *options, bool all,
                        const rest_words *words)
{
    import_session session;
    double start = seconds_now();
    options->whole = all || options->script;
    int code = import_session_begin(&session, line, options);
    if (code == EXIT_DONE && all) {
        code = import_all(&session, options, words->words[0]);
    } else if (code == EXIT_DONE) {
        code = options->script ? import_script(&session, words->words[0])
                               : import_one(&session, options, words->words[0], words->words[1]);
        code = code == EXIT_DONE ? import_session_finish(&session) : code;
    }
    if (code == EXIT_DONE) {
        say_result(line, session.rows, seconds_now() - start);
    }
    import_session_end(&session);
    return code;
}

static bool is_format(const char *format)
{
    return strcmp(format, "csv") == 0 || strcmp(format, "jsonl") == 0 || strcmp(format, "pg") == 0;
}

/* Decides the form of the file, the last word. */
static int read_format(const command_line *line, const char *format, const rest_words *words,
                       import_options *options)
{
    const char *path = words->words[words->count - 1];
    if (format != NULL && !is_format(format)) {
        return usage_error(line, "option --format is csv, jsonl or pg, not \"%s\"", format);
    }
    options->script = format != NULL ? strcmp(format, "pg") == 0 : ends_with(path, ".sql");
    if (words->count != (options->script ? 1 : 2)) {
        return usage_error(line, options->script
                                     ? "a script of pg_dump names its tables itself: give the file "
                                       "alone"
                                     : "command import needs TABLE FILE, SCRIPT.sql or --all "
                                       "FOLDER");
    }
    bool lines = format != NULL ? strcmp(format, "jsonl") == 0
                                : ends_with(path, ".jsonl") || ends_with(path, ".ndjson");
    options->csv = !lines && !options->script;
    if (format == NULL && options->csv && strcmp(path, "-") != 0 && !ends_with(path, ".csv")) {
        return usage_error(line, "the name of \"%s\" does not tell its form: give --format", path);
    }
    return EXIT_DONE;
}

static int read_delimiter(const command_line *line, const char *text, import_options *options)
{
    options->delimiter = ',';
    if (text == NULL) {
        return EXIT_DONE;
    }
    options->delimiter = strcmp(text, "\\t") == 0 ? '\t' : text[0];
    bool one = strlen(text) == 1 || options->delimiter == '\t';
    if (!one || strchr("\"\r\n", options->delimiter) != NULL ||
        (unsigned char)options->delimiter >= 0x80) {
        return usage_error(line, "option --delimiter is one ASCII character, not \"%s\"", text);
    }
    return EXIT_DONE;
}

/* Which options go together. */
static int check_options(const command_line *line, const import_options *options,
                         const char *format, bool all)
{
    bool maps = options->maps.count + options->sets.count > 0;
    if (all && (maps || format != NULL || options->header != NULL)) {
        return usage_error(line, "option --all goes with neither --format, --map, --set nor "
                                 "--header");
    }
    if (options->script && (maps || options->defaults || options->null_text != NULL)) {
        return usage_error(line, "options --map, --set, --defaults and --null are not for scripts");
    }
    if (options->schema != NULL && !options->script) {
        return usage_error(line, "option --schema is for scripts of pg_dump");
    }
    if (options->header != NULL && !options->csv) {
        return usage_error(line, "option --header is for CSV");
    }
    return EXIT_DONE;
}

static int run(const command_line *line)
{
    import_options options;
    const char *format = NULL;
    const char *delimiter = NULL;
    const char *batch = NULL;
    bool all = false;
    rest_words words;
    memset(&options, 0, sizeof options);
    const option known[] = {{"--format", &format, NULL, NULL},
                            {"--batch", &batch, NULL, NULL},
                            {"--delimiter", &delimiter, NULL, NULL},
                            {"--null", &options.null_text, NULL, NULL},
                            {"--header", &options.header, NULL, NULL},
                            {"--schema", &options.schema, NULL, NULL},
                            {"--defaults", NULL, &options.defaults, NULL},
                            {"--ignore-unknown", NULL, &options.ignore_unknown, NULL},
                            {"--map", NULL, NULL, &options.maps},
                            {"--set", NULL, NULL, &options.sets},
                            {"--ignore", NULL, NULL, &options.ignores},
                            {"--all", NULL, &all, NULL},
                            {"--create", NULL, &options.create, NULL},
                            {NULL, NULL, NULL, NULL}};
    const char *what = "TABLE FILE, SCRIPT.sql or --all FOLDER";
    int code = read_options(line, known, 1, 2, what, &words);
    if (code == EXIT_DONE && all && words.count != 1) {
        code = usage_error(line, "command import needs %s", what);
    }
    if (code == EXIT_DONE && !all) {
        code = read_format(line, format, &words, &options);
    }
    code = code == EXIT_DONE ? check_options(line, &options, format, all) : code;
    if (code == EXIT_DONE && batch != NULL) {
        code = read_number(line, "--batch", batch, &options.batch);
    }
    if (code == EXIT_DONE && options.create && batch != NULL) {
        code = usage_error(line, "option --batch does not go with --create: the store appears when all is "
                                 "in it, or not at all");
    }
    code = code == EXIT_DONE ? read_delimiter(line, delimiter, &options) : code;
    options.null_text = options.null_text != NULL ? options.null_text : "";
    return code == EXIT_DONE ? import_words(line, &options, all, &words) : code;
}

const command command_import = {
    "import", "insert the rows of a CSV or JSON lines file, or a pg_dump", help_text, run};
