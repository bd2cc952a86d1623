/*
 * sql.c - a statement as SQL, for PostgreSQL and for people.
 *
 * PostgreSQL gets values as parameters without a type, which it reads like quoted literals of the
 * column's type. The key's parameters come first, as the store judges them first.
 *
 * An update also sets the columns that the store sets by itself (updatedAt), and every statement
 * returns the row as it stands, so that a difference shows where it arises.
 */
#include "diffpg.h"

#define NOW "current_setting('diffpg.now')::timestamp"

uint64_t shared_columns(const bbots_table *table)
{
    uint64_t columns = 0;
    for (unsigned c = 0; c < table->column_count; c++) {
        if (table->columns[c].type != BBOTS_TYPE_VECTOR) {
            columns |= BBOTS_COLUMN_BIT(c);
        }
    }
    return columns;
}

void sql_name(builder *text, const char *name)
{
    builder_print(text, "\"%s\"", name);
}

static void add_names(builder *text, const bbots_table *table, uint64_t columns)
{
    const char *comma = "";
    for (uint64_t left = columns; left != 0; left &= left - 1) {
        builder_print(text, "%s\"%s\"", comma, table->columns[__builtin_ctzll(left)].name);
        comma = ", ";
    }
}

/* ------------------------------------------------------------------ values */

/* A literal for people: E'' where a character would not be seen. */
static void add_literal(builder *text, const literal *value)
{
    bool plain = true;
    if (value->text == NULL) {
        builder_print(text, "NULL");
        return;
    }
    for (size_t i = 0; i < value->size; i++) {
        plain = plain && (unsigned char)value->text[i] >= ' ' && value->text[i] != '\\' &&
                (unsigned char)value->text[i] < 127;
    }
    builder_print(text, plain ? "'" : "E'");
    for (size_t i = 0; i < value->size && (i < 400 || value->size < 500); i++) {
        unsigned char c = (unsigned char)value->text[i];
        if (c == '\'' || c == '\\') {
            builder_print(text, "%c%c", c, c);
        } else if (c < ' ' || c >= 127) {
            builder_print(text, "\\x%02x", c);
        } else {
            builder_print(text, "%c", c);
        }
    }
    if (value->size >= 500) {
        builder_print(text, "... (%zu bytes)", value->size);
    }
    builder_print(text, "'%s", value->typed.kind != BBOTS_NULL ? " /* typed */" : "");
}

/* A value as a parameter, or written out when made is NULL. */
static void add_value(builder *text, query *made, const literal *value)
{
    if (made == NULL) {
        add_literal(text, value);
    } else {
        made->values[made->count++] = value->text;
        builder_print(text, "$%d", made->count);
    }
}

/* ------------------------------------------------------------------ statements */

static void add_where(builder *text, query *made, const statement *one)
{
    const bbots_index *index = &one->table->indexes[one->index];
    for (unsigned i = 0; i < index->column_count; i++) {
        builder_print(text, "%s\"%s\" = ", i == 0 ? " WHERE " : " AND ",
                      one->table->columns[index->columns[i]].name);
        add_value(text, made, &one->key[i]);
    }
}

static void add_changes(builder *text, query *made, const statement *one)
{
    const bbots_table *table = one->table;
    const char *comma = " SET ";
    unsigned place = 0;
    for (unsigned c = 0; c < table->column_count; c++) {
        bool set = (one->set & BBOTS_COLUMN_BIT(c)) != 0;
        if (set || (table->columns[c].flags & BBOTS_COLUMN_UPDATED_AT) != 0) {
            builder_print(text, "%s\"%s\" = ", comma, table->columns[c].name);
            comma = ", ";
            if (set) {
                add_value(text, made, &one->changes[place++]);
            } else {
                builder_print(text, NOW);
            }
        }
    }
}

static void add_insert(builder *text, query *made, const statement *one)
{
    builder_print(text, "INSERT INTO \"%s\"", one->table->name);
    if (one->given == 0) {
        builder_print(text, " DEFAULT VALUES");
        return;
    }
    builder_print(text, " (");
    add_names(text, one->table, one->given);
    builder_print(text, ") VALUES (");
    for (unsigned i = 0; i < (unsigned)__builtin_popcountll(one->given); i++) {
        builder_print(text, "%s", i > 0 ? ", " : "");
        add_value(text, made, &one->values[i]);
    }
    builder_print(text, ")");
}

static void add_conflict(builder *text, query *made, const statement *one)
{
    const bbots_index *index = &one->table->indexes[one->index];
    builder_print(text, " ON CONFLICT (");
    for (unsigned i = 0; i < index->column_count; i++) {
        builder_print(text, "%s\"%s\"", i > 0 ? ", " : "",
                      one->table->columns[index->columns[i]].name);
    }
    builder_print(text, one->set != 0 ? ") DO UPDATE" : ") DO NOTHING");
    if (one->set != 0) {
        add_changes(text, made, one);
    }
}

static void add_row_statement(builder *text, query *made, const statement *one)
{
    if (one->verb == UPDATE) {
        builder where = {NULL, 0, 0};
        builder_print(text, "UPDATE \"%s\"", one->table->name);
        add_where(&where, made, one);
        add_changes(text, made, one);
        builder_add(text, where.data, where.size);
        builder_free(&where);
    } else if (one->verb == DELETE) {
        builder_print(text, "DELETE FROM \"%s\"", one->table->name);
        add_where(text, made, one);
    } else {
        add_insert(text, made, one);
        if (one->verb == UPSERT) {
            add_conflict(text, made, one);
        }
    }
}

static void add_statement(builder *text, query *made, const statement *one)
{
    static const char *const words[] = {[BEGIN] = "BEGIN",
                                        [COMMIT] = "COMMIT",
                                        [ROLLBACK] = "ROLLBACK",
                                        [SAVEPOINT] = "SAVEPOINT",
                                        [ROLLBACK_TO] = "ROLLBACK TO SAVEPOINT",
                                        [RELEASE] = "RELEASE SAVEPOINT"};
    if (one->verb >= BEGIN) {
        builder_print(text, "%s", words[one->verb]);
        if (one->name != NULL) {
            builder_print(text, " \"%s\"", one->name);
        }
        return;
    }
    add_row_statement(text, made, one);
}

void sql_query(const statement *one, query *made)
{
    made->count = 0;
    made->sql.size = 0;
    add_statement(&made->sql, made, one);
    if (one->verb == INSERT || one->verb == UPDATE || one->verb == UPSERT) {
        builder_print(&made->sql, " RETURNING ");
        add_names(&made->sql, one->table, shared_columns(one->table));
    }
}

void sql_print(const statement *one, builder *text)
{
    if (one->serial != 0) {
        builder_print(text, "/* the serial's next number is %lld */ ", (long long)one->serial);
    }
    add_statement(text, NULL, one);
    builder_print(text, ";\n");
}
