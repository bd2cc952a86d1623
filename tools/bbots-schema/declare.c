/*
 * declare.c - walks over the tokens of one statement.
 *
 * Three forms are known: CREATE TABLE, CREATE INDEX and ALTER TABLE ... ADD COLUMN. The
 * definitions of a table are separated by commas outside of inner parentheses; one that begins
 * with PRIMARY, UNIQUE or FOREIGN is a constraint, any other a column. A comment belongs to the
 * column that began last, so that it can stand behind the comma; before the first column it is the
 * table's.
 */
#include "declare.h"

#include "comment.h"

#include <string.h>

/* Moves over comments, which the caller gets when it wants them. */
static const gen_token *skip(const gen_token *token, gen_comment *comment)
{
    for (; token->kind == GEN_COMMENT; token++) {
        if (comment != NULL)
            gen_comment_add(comment, token);
    }
    return token;
}

/* Behind the end there is nothing: it stays there. */
static const gen_token *next(const gen_token *token)
{
    return token->kind == GEN_END ? token : skip(token + 1, NULL);
}

/* A parenthesised list of plain names; returns the token behind it. */
static const gen_token *name_list(const gen_token *token, gen_comment *comment)
{
    do {
        token = skip(token + 1, comment);
        if (next(token)->kind == GEN_MARK && gen_is(next(token), "("))
            gen_refuse(token->place, "an index on an expression is not kept");
        gen_name(token, "a column");
        token = skip(token + 1, comment);
        gen_refuse_clause(token);
    } while (gen_is(token, ","));
    if (!gen_is(token, ")"))
        gen_refuse(token->place, "an index on an expression is not kept");
    return skip(token + 1, comment);
}

/* Any parenthesised text, as of a type or a default. */
static const gen_token *parenthesised(const gen_token *token, gen_comment *comment)
{
    unsigned depth = 0;
    do {
        if (gen_is(token, "("))
            depth++;
        else if (gen_is(token, ")"))
            depth--;
        else if (token->kind == GEN_END)
            return token; /* SQLite will say so */
        token = skip(token + 1, comment);
    } while (depth > 0);
    return token;
}

static void note_reference(gen_table *table, const gen_token *token)
{
    if (table->reference_place_count == SCHEMA_FOREIGN_KEYS_MAX)
        gen_refuse(token->place, "table \"%s\" has more than %d foreign keys", table->table.name,
                   SCHEMA_FOREIGN_KEYS_MAX);
    table->reference_places[table->reference_place_count++] = token->place;
}

/* The words of a definition up to its comma, closing parenthesis or the statement's end. */
static const gen_token *clauses(gen_table *table, const gen_token *token, gen_comment *comment)
{
    bool list = false; /* whether parentheses to come hold names */
    while (token->kind != GEN_END && !gen_is(token, ",") && !gen_is(token, ")")) {
        gen_refuse_clause(token);
        if (gen_is(token, "(")) {
            token = list ? name_list(token, comment) : parenthesised(token, comment);
            list = false;
            continue;
        }
        if (gen_is(token, "REFERENCES")) {
            note_reference(table, token);
            token = skip(token + 1, comment);
            gen_name(token, "a table");
            list = true;
        } else if (gen_is(token, "KEY") || gen_is(token, "UNIQUE")) {
            list = true;
        } else {
            list = false;
        }
        token = skip(token + 1, comment);
    }
    return token;
}

static bool is_constraint(const gen_token *token)
{
    static const char *const words[] = {"PRIMARY", "UNIQUE",     "FOREIGN", "CHECK",
                                        "EXCLUDE", "CONSTRAINT", "LIKE"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (gen_is(token, words[i]))
            return true;
    }
    return false;
}

static const gen_token *column(gen_table *table, const gen_token *token)
{
    gen_comment comment = {.place = token->place};
    unsigned number = table->table.column_count;
    if (number == BBOTS_COLUMNS_MAX)
        gen_refuse(token->place, "table \"%s\" has more than %d columns", table->table.name,
                   BBOTS_COLUMNS_MAX);
    const char *name = gen_name(token, "a column");
    if (gen_column_find(table, name) >= 0)
        gen_refuse(token->place, "column \"%s\" is declared twice", name);
    bbots_column *made = &table->columns[number];
    made->name = name;
    table->column_places[number] = token->place;
    table->table.column_count++;
    token = clauses(table, skip(token + 1, &comment), &comment);
    if (gen_is(token, ","))
        skip(token + 1, &comment); /* read again, and left, by the caller */
    gen_comment_column(&comment, made);
    return token;
}

/* token stands on the opening parenthesis. Returns the closing one. */
static const gen_token *definitions(gen_table *table, const gen_token *token)
{
    gen_comment comment = {.place = token->place};
    token = skip(token + 1, &comment);
    gen_comment_table(&comment, table);
    for (;;) {
        token = is_constraint(token) ? clauses(table, token, NULL) : column(table, token);
        if (!gen_is(token, ","))
            return token;
        token = next(token);
    }
}

static void add_object(gen_model *model, gen_object object)
{
    for (size_t i = 0; i < model->object_count; i++) {
        if (strcmp(model->objects[i].name, object.name) == 0)
            gen_refuse(object.place, "name \"%s\" is taken by line %u of %s", object.name,
                       model->objects[i].place.line, model->objects[i].place.file);
    }
    size_t count = model->object_count++;
    gen_object *objects = model->objects;
    if ((count & (count - 1)) == 0) {
        model->objects = gen_alloc(count == 0 ? 1 : count * 2, sizeof *objects);
        if (count != 0)
            memcpy(model->objects, objects, count * sizeof *objects);
    }
    model->objects[count] = object;
}

static gen_table *add_table(gen_model *model, const gen_token *token)
{
    const char *name = gen_name(token, "a table");
    if (model->table_count == BBOTS_TABLES_MAX)
        gen_refuse(token->place, "the schema has more than %d tables", BBOTS_TABLES_MAX);
    add_object(model, (gen_object){token->place, name, false, NULL});
    gen_table *table = gen_alloc(1, sizeof *table);
    table->place = token->place;
    table->table.name = name;
    table->table.columns = table->columns;
    table->table.indexes = table->indexes;
    table->table.foreign_keys = table->foreign_keys;
    table->table.trees = table->trees;
    model->tables[model->table_count++] = table;
    return table;
}

/* token stands on the table's name. */
static void declare_table(gen_model *model, const gen_token *token)
{
    if (gen_is(token, "IF"))
        gen_refuse(token->place, "IF NOT EXISTS is not kept; each table is declared once");
    gen_table *table = add_table(model, token);
    token = next(token);
    if (!gen_is(token, "("))
        gen_refuse(token->place, "the columns of table \"%s\" are expected in parentheses",
                   table->table.name);
    token = definitions(table, token);
    if (gen_is(token, ")"))
        token = next(token);
    if (token->kind == GEN_WORD)
        gen_refuse(token->place, "table options (WITHOUT ROWID, STRICT and others) are not kept");
}

static void declare_index(gen_model *model, const gen_token *token)
{
    gen_object object = {token->place, gen_name(token, "an index"), true, NULL};
    token = next(token);
    if (!gen_is(token, "ON"))
        gen_refuse(token->place, "ON and a table's name are expected");
    token = next(token);
    object.on = gen_name(token, "a table");
    token = next(token);
    if (gen_is(token, "(") || gen_is(token, "USING"))
        add_object(model, object);
    token = gen_is(token, "(") ? name_list(token, NULL) : token;
    if (gen_is(token, "WHERE"))
        gen_refuse(token->place, "a partial index is not kept");
    if (token->kind != GEN_END)
        gen_refuse(token->place, "an index is on plain columns, without further clauses");
}

/* token stands behind ALTER. */
static void declare_addition(gen_model *model, const gen_token *token)
{
    const gen_token *name = next(token);
    const gen_token *add = next(name);
    if (!gen_is(token, "TABLE") || !gen_is(add, "ADD"))
        gen_refuse(token->place, "of ALTER, only ALTER TABLE ... ADD COLUMN is kept");
    gen_table *table = gen_table_find(model, gen_name(name, "a table"), NULL);
    if (table == NULL)
        gen_refuse(name->place, "table \"%s\" does not exist", gen_name(name, "a table"));
    token = next(add);
    if (gen_is(token, "COLUMN"))
        token = next(token);
    token = column(table, token);
    if (token->kind != GEN_END)
        gen_refuse(token->place, "one column for each ALTER TABLE is expected");
}

void gen_declare(gen_model *model, const gen_statement *statement)
{
    const gen_token *token = statement->tokens;
    const gen_token *second = next(token);
    bool create = gen_is(token, "CREATE");
    if (create && gen_is(second, "TABLE"))
        declare_table(model, next(second));
    else if (create && gen_is(second, "INDEX"))
        declare_index(model, next(second));
    else if (create && gen_is(second, "UNIQUE") && gen_is(next(second), "INDEX"))
        declare_index(model, next(next(second)));
    else if (gen_is(token, "ALTER"))
        declare_addition(model, second);
    else
        gen_refuse(token->place,
                   "%.*s%s%.*s is not kept; CREATE TABLE, CREATE INDEX and ALTER TABLE ... ADD "
                   "COLUMN are",
                   (int)token->size, token->start, create ? " " : "",
                   create ? (int)second->size : 0, second->start);
}
