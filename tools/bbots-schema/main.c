/*
 * bbots-schema - makes descriptors and typed headers from SQL.
 *
 *   bbots-schema --name platform --out build/gen schema/NN-*.sql
 *
 * The way of a schema through this program: files are cut into statements (lex.c); each statement
 * is looked through for what the engine cannot keep (declare.c, refuse.c) and given to SQLite
 * (catalogue.c); then columns and keys are read back from SQLite's catalogue in the order of the
 * statements (column.c, key.c); trees, links and the fingerprint come from lib/schema; the C is
 * made in memory (emit_*.c) and put on disk at once (output.c).
 */
#include "catalogue.h"
#include "column.h"
#include "declare.h"
#include "emit.h"
#include "key.h"
#include "output.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: bbots-schema --name NAME --out FOLDER [--prefix PREFIX] FILE.sql...\n"
    "\n"
    "Makes FOLDER/NAME_schema.c, FOLDER/bbots/NAME.h and FOLDER/bbots/NAME/TABLE.h from plain\n"
    "SQL. C names begin with PREFIX (NAME_ when not given; bbots_ for the name platform).\n";

typedef struct options {
    const char *name;
    const char *out;
    const char *prefix;
} options;

static options read_options(int count, char **arguments)
{
    static const struct option known[] = {
        {"name", required_argument, NULL, 'n'},   {"out", required_argument, NULL, 'o'},
        {"prefix", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    options given = {NULL, NULL, NULL};
    int letter;
    while ((letter = getopt_long(count, arguments, "", known, NULL)) != -1) {
        if (letter == 'n')
            given.name = optarg;
        else if (letter == 'o')
            given.out = optarg;
        else if (letter == 'p')
            given.prefix = optarg;
        else if (letter == 'h') {
            fputs(usage, stdout);
            exit(0);
        } else {
            gen_give_up("see --help");
        }
    }
    if (given.name == NULL || given.out == NULL || optind == count)
        gen_give_up("--name, --out and at least one file are needed; see --help");
    return given;
}

/* The file's text with a NUL behind it. */
static const char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t room = 0;
    if (file == NULL)
        gen_give_up("%s: %s", path, strerror(errno));
    ssize_t size = getdelim(&text, &room, '\0', file);
    bool zero = size > 0 && text[size - 1] == '\0';
    if (ferror(file) != 0 || zero)
        gen_give_up("%s: %s", path, zero ? "the file has a zero byte" : strerror(errno));
    fclose(file);
    char *copy = gen_copy(size > 0 ? text : "", size > 0 ? (size_t)size : 0);
    free(text);
    return copy;
}

static void load_file(sqlite3 *database, gen_model *model, const char *path)
{
    const char *at = read_file(path);
    gen_place place = {path, 1};
    gen_statement statement;
    while (gen_statement_next(&at, &place, &statement)) {
        gen_declare(model, &statement);
        gen_catalogue_load(database, &statement);
    }
}

static void read_catalogue(sqlite3 *database, gen_model *model)
{
    for (unsigned i = 0; i < model->table_count; i++)
        gen_columns(database, model->tables[i]);
    for (unsigned i = 0; i < model->table_count; i++)
        gen_lives(model->tables[i]);
    for (size_t i = 0; i < model->object_count; i++) {
        const gen_object *object = &model->objects[i];
        if (object->is_index)
            gen_index(database, model, object);
        else
            gen_table_keys(database, model, gen_table_find(model, object->name, NULL));
    }
}

static void finish_tables(gen_model *model, bbots_table **tables)
{
    for (unsigned i = 0; i < model->table_count; i++) {
        gen_table *table = model->tables[i];
        gen_reference_indexes(table);
        gen_tag_indexes(table);
        unsigned count =
            schema_assign_trees(gen_arena(), table->table.name, table->columns, table->indexes,
                                table->table.index_count, table->trees);
        if (count == 0)
            gen_give_up("memory is exhausted");
        table->table.tree_count = (uint16_t)count;
        tables[i] = &table->table;
    }
}

/* What follows from the rest, and the proof that the engine will read what was made here. */
static void finish_schema(gen_model *model)
{
    bbots_table **tables = gen_alloc(model->table_count, sizeof *tables);
    bbots_reference fault;
    const void *data;
    size_t size;
    const bbots_schema *again;
    bbots_error error = {0};
    finish_tables(model, tables);
    if (schema_link(gen_arena(), tables, model->table_count, &fault) != BBOTS_OK)
        gen_give_up("the foreign keys could not be joined");
    model->schema.name = model->name;
    model->schema.tables = (const bbots_table *const *)tables;
    model->schema.table_count = model->table_count;
    if (schema_serialize(gen_arena(), &model->schema, &data, &size, &error) != BBOTS_OK)
        gen_give_up("%s", error.message);
    model->schema.fingerprint = schema_fingerprint(data, size);
    if (schema_deserialize(gen_arena(), data, size, &again, &error) != BBOTS_OK)
        gen_give_up("the schema would not be read back: %s", error.message);
}

int main(int count, char **arguments)
{
    options given = read_options(count, arguments);
    gen_model *model = gen_alloc(1, sizeof *model);
    model->name = given.name;
    model->prefix = given.prefix != NULL                        ? given.prefix
                    : strcmp(given.name, "platform") == 0 ? "bbots_"
                                                                : gen_format("%s_", given.name);
    if (!schema_name_valid(model->name) || !schema_name_valid(model->prefix))
        gen_give_up("--name and --prefix are made of letters, digits and underscores");
    sqlite3 *database = gen_catalogue_open();
    for (int i = optind; i < count; i++)
        load_file(database, model, arguments[i]);
    if (model->table_count == 0)
        gen_give_up("the files declare no table");
    read_catalogue(database, model);
    finish_schema(model);
    gen_emit_headers(model);
    gen_emit_descriptors(model);
    gen_output_write(given.out);
    sqlite3_close(database);
    bb_arena_free(gen_arena());
    return 0;
}
