/*
 * column.c - reads columns back from the catalogue.
 *
 * The lexer knows names and lines, SQLite knows types, nullability and defaults; they must agree
 * on the names, which is also the proof that the lexer cut the statement where SQLite did.
 */
#include "column.h"

#include <string.h>
#include <strings.h>

/* What the expression of a default is made of. */
typedef enum expression { FORM_WORD, FORM_NUMBER, FORM_STRING, FORM_CALL, FORM_OTHER } expression;

/* "CURRENT_TIMESTAMP", "now()", "-1", "'text'"; parentheses around it do not count. */
static expression read_expression(const gen_token *token, const char **text)
{
    while (gen_is(token, "("))
        token++;
    bool sign = gen_is(token, "-") || gen_is(token, "+");
    const gen_token *main = token + sign;
    const gen_token *end = main->kind == GEN_END ? main : main + 1;
    bool call = main->kind == GEN_WORD && gen_is(end, "(") && gen_is(end + 1, ")");
    end += call ? 2 : 0;
    while (gen_is(end, ")"))
        end++;
    *text = gen_format("%s%.*s", sign && gen_is(token, "-") ? "-" : "", (int)main->size,
                       main->start);
    if (end->kind != GEN_END || (sign && main->kind != GEN_NUMBER))
        return FORM_OTHER;
    if (main->kind == GEN_STRING) {
        *text = gen_unquote(main);
        return FORM_STRING;
    }
    return main->kind == GEN_NUMBER                    ? FORM_NUMBER
           : main->kind == GEN_WORD ? (call ? FORM_CALL : FORM_WORD)
                                                       : FORM_OTHER;
}

static bool numeric(const bbots_column *column)
{
    return column->type >= BBOTS_TYPE_SMALLINT && column->type <= BBOTS_TYPE_DECIMAL;
}

/* The kind of default that the expression is for a column of this type. */
static bool set_default(expression form, const char *text, bbots_column *column)
{
    bool truth = strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0;
    column->default_kind = BBOTS_DEFAULT_LITERAL;
    column->default_text = text;
    switch (form) {
    case FORM_WORD:
        if (truth)
            column->default_text = strcasecmp(text, "true") == 0 ? "true" : "false";
        if (strcasecmp(text, "CURRENT_TIMESTAMP") == 0)
            column->default_kind = BBOTS_DEFAULT_NOW;
        if (strcasecmp(text, "NULL") == 0)
            column->default_kind = BBOTS_DEFAULT_NONE;
        break;
    case FORM_CALL:
        column->default_kind = strcasecmp(text, "now") == 0 ? BBOTS_DEFAULT_NOW
                                                            : BBOTS_DEFAULT_UUID;
        return strcasecmp(text, "now") == 0 || strcasecmp(text, "gen_random_uuid") == 0;
    case FORM_NUMBER:
        return numeric(column);
    case FORM_STRING:
        return true;
    case FORM_OTHER:
        return false;
    }
    if (column->default_kind != BBOTS_DEFAULT_LITERAL)
        column->default_text = NULL;
    return column->default_kind != BBOTS_DEFAULT_LITERAL ||
           (truth && column->type == BBOTS_TYPE_BOOLEAN);
}

static bool json_valid(sqlite3 *database, const char *text)
{
    sqlite3_stmt *query = gen_catalogue_ask(database, "SELECT json_valid(?1)", text, NULL);
    bool valid = false;
    while (gen_catalogue_row(query))
        valid = sqlite3_column_int(query, 0) != 0;
    return valid;
}

void gen_default(sqlite3 *database, gen_place place, const char *text, bbots_column *column)
{
    const char *value;
    if (*text == '\0')
        return;
    expression form = read_expression(gen_tokens(text, place), &value);
    if (!set_default(form, value, column))
        gen_refuse(place,
                   "default %s of column \"%s\" is neither a literal of its type nor "
                   "CURRENT_TIMESTAMP, (now()) or (gen_random_uuid())",
                   text, column->name);
    if (column->default_kind != BBOTS_DEFAULT_LITERAL)
        column->default_text = NULL;
    const char *fault = schema_default_fault(column);
    if (fault != NULL)
        gen_refuse(place, "default %s of column \"%s\": %s", text, column->name, fault);
    if (column->default_kind == BBOTS_DEFAULT_LITERAL && column->type == BBOTS_TYPE_JSONB &&
        !json_valid(database, value))
        gen_refuse(place, "default %s of column \"%s\" is not JSON", text, column->name);
}

static bool notes_updates(const bbots_column *column)
{
    return (column->type == BBOTS_TYPE_TIMESTAMP || column->type == BBOTS_TYPE_TIMESTAMPTZ) &&
           (strcmp(column->name, "updatedAt") == 0 || strcmp(column->name, "updated_at") == 0);
}

static void read_column(sqlite3 *database, gen_table *table, unsigned number, sqlite3_stmt *query)
{
    bbots_column *column = &table->columns[number];
    gen_place place = table->column_places[number];
    if (strcmp(column->name, gen_catalogue_text(query, 0)) != 0)
        gen_refuse(place, "column \"%s\" is \"%s\" to SQLite; the definition cannot be understood",
                   column->name, gen_catalogue_text(query, 0));
    gen_type(place, gen_catalogue_text(query, 1), column);
    if (sqlite3_column_int(query, 2) != 0 || sqlite3_column_int(query, 4) != 0)
        column->flags |= BBOTS_COLUMN_NOT_NULL;
    if (notes_updates(column))
        column->flags |= BBOTS_COLUMN_UPDATED_AT;
    gen_default(database, place, gen_catalogue_text(query, 3), column);
    if ((column->flags & BBOTS_COLUMN_SECRET) != 0 && !schema_type_sealable(column->type))
        gen_refuse(place, "column \"%s\" is secret and of type %s: what is sealed is text, varchar or jsonb",
                   column->name, schema_type_word(column->type));
}

void gen_columns(sqlite3 *database, gen_table *table)
{
    sqlite3_stmt *query =
        gen_catalogue_ask(database,
                          "SELECT name, type, \"notnull\", dflt_value, pk, hidden "
                          "FROM pragma_table_xinfo(?1) ORDER BY cid",
                          table->table.name, NULL);
    unsigned count = 0;
    unsigned serials = 0;
    while (gen_catalogue_row(query)) {
        if (count >= table->table.column_count || sqlite3_column_int(query, 5) != 0)
            gen_refuse(table->place, "table \"%s\" cannot be understood", table->table.name);
        read_column(database, table, count, query);
        serials += (table->columns[count].flags & BBOTS_COLUMN_SERIAL) != 0;
        if (serials > 1)
            gen_refuse(table->column_places[count], "table \"%s\" has two serial columns",
                       table->table.name);
        count++;
    }
    if (count != table->table.column_count)
        gen_refuse(table->place, "table \"%s\" cannot be understood", table->table.name);
}
