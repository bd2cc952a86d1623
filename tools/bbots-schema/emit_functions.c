/*
 * emit_functions.c - typed names for the generic core.
 *
 * Each is a few straight lines over bbots/table.h and bbots/cursor.h: no loop and no branch, so
 * that there is nothing to test in them but that they name the right table and index. A key is
 * passed as the fields of its columns.
 */
#include "emit.h"

#include "cname.h"

#include <string.h>

typedef struct printer {
    FILE *to;
    const gen_table *table;
    const char *cname; /* bbots_users */
    const char *macro; /* BBOTS_USERS */
} printer;

enum { WIDTH = 100 };

/* Writes "name(parameters)" and the opening brace, with lines broken behind commas. */
static void open_function(const printer *print, const char *name, const char *parameters)
{
    gen_cname_take(print->table->place, name);
    fputs("BBOTS_CHECKED static inline int\n", print->to);
    size_t column = (size_t)fprintf(print->to, "%s(", name);
    for (bool first = true; *parameters != '\0'; first = false) {
        size_t size = strcspn(parameters, ",");
        size += parameters[size] == ',';
        if (column + 1 + size > WIDTH - 1) {
            fputs("\n    ", print->to);
            column = 4;
        } else if (!first) {
            fputc(' ', print->to);
            column++;
        }
        column += (size_t)fprintf(print->to, "%.*s", (int)size, parameters);
        parameters += size + (parameters[size] == ' ');
    }
    fputs(")\n{\n", print->to);
}

/* A column as a parameter: its field's name, unless that is one of our own parameters. */
static const char *parameter(const bbots_column *column)
{
    static const char *const ours[] = {"txn",     "row",     "columns", "inserted", "deleted",
                                       "cursor",  "options", "range",   "key",      "error"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (strcmp(column->name, ours[i]) == 0)
            return gen_format("%s_", column->name);
    }
    return gen_field(column->name);
}

/* "int32_t userId, bbots_text email" */
static const char *parameters(const printer *print, const uint8_t *columns, unsigned count)
{
    const char *list = "";
    for (unsigned i = 0; i < count; i++) {
        const bbots_column *column = &print->table->columns[columns[i]];
        list = gen_format("%s%s%s %s", list, i == 0 ? "" : ", ", gen_field_type(column),
                          parameter(column));
    }
    return list;
}

/* The expression that makes a bbots_value of a parameter. */
static const char *value_of(const bbots_column *column)
{
    const char *field = parameter(column);
    switch (column->type) {
    case BBOTS_TYPE_BOOLEAN:
        return gen_format("bbots_value_boolean(%s)", field);
    case BBOTS_TYPE_REAL:
    case BBOTS_TYPE_DOUBLE:
        return gen_format("bbots_value_float(%s)", field);
    case BBOTS_TYPE_DECIMAL:
        return gen_format("bbots_value_decimal(%s, %u)", field, column->scale);
    case BBOTS_TYPE_TEXT:
    case BBOTS_TYPE_VARCHAR:
        return gen_format("bbots_value_text(%s)", field);
    case BBOTS_TYPE_BYTEA:
        return gen_format("bbots_value_of_bytes(BBOTS_BYTES, %s.data, %s.size)", field, field);
    case BBOTS_TYPE_UUID:
        return gen_format("bbots_value_uuid(%s)", field);
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        return gen_format("bbots_value_timestamp(%s)", field);
    default:
        return gen_format("bbots_value_integer(%s)", field);
    }
}

static void key_values(const printer *print, const uint8_t *columns, unsigned count)
{
    fputs("    const bbots_value key[] = {", print->to);
    for (unsigned i = 0; i < count; i++)
        fprintf(print->to, "%s%s", i == 0 ? "" : ", ",
                value_of(&print->table->columns[columns[i]]));
    fputs("};\n", print->to);
}

static void emit_insert(const printer *print)
{
    fputs("\n/* Inserts the fields in row->given; the row is completed in place. */\n", print->to);
    open_function(print, gen_format("%s_insert", print->cname),
                  gen_format("bbots_txn *txn, %s *row, bbots_error *error", print->cname));
    fprintf(print->to, "    return bbots_record_insert(txn, &%s_table, row, error);\n}\n",
            print->cname);
}

/* "" for the primary key, "_by_email" for another one. */
static const char *suffix(const printer *print, unsigned index)
{
    const bbots_index *of = &print->table->indexes[index];
    return index == 0 ? ""
                      : gen_format("_by_%s", gen_joined(print->table->columns, of->columns,
                                                        of->column_count));
}

static void emit_get(const printer *print, unsigned index)
{
    const bbots_index *of = &print->table->indexes[index];
    fprintf(print->to, "\n/* Fills *row by %s. BBOTS_OK or BBOTS_NOT_FOUND. */\n", of->name);
    open_function(print, gen_format("%s_get%s", print->cname, suffix(print, index)),
                  gen_format("bbots_txn *txn, %s, %s *row, bbots_error *error",
                             parameters(print, of->columns, of->column_count), print->cname));
    fputs("    row->given = ", print->to);
    for (unsigned i = 0; i < of->column_count; i++)
        fprintf(print->to, "%s%s_%s", i == 0 ? "" : " | ", print->macro,
                gen_upper(print->table->columns[of->columns[i]].name));
    fputs(";\n    row->null = 0;\n", print->to);
    for (unsigned i = 0; i < of->column_count; i++) {
        const bbots_column *column = &print->table->columns[of->columns[i]];
        fprintf(print->to, "    row->%s = %s;\n", gen_field(column->name), parameter(column));
    }
    fprintf(print->to, "    return bbots_record_get(txn, &%s_table, %u, row, error);\n}\n",
            print->cname, index);
}

static void emit_update(const printer *print)
{
    fputs("\n/* Sets the columns of the row that has row's primary key. BBOTS_OK or "
          "BBOTS_NOT_FOUND. */\n",
          print->to);
    open_function(print, gen_format("%s_update", print->cname),
                  gen_format("bbots_txn *txn, %s *row, uint64_t columns, bbots_error *error",
                             print->cname));
    fprintf(print->to, "    return bbots_record_update(txn, &%s_table, row, columns, error);\n}\n",
            print->cname);
}

static void emit_delete(const printer *print)
{
    const bbots_index *primary = &print->table->indexes[0];
    fputs("\n/* Deletes a row and does what the rules of references to it say.\n"
          " * deleted may be NULL. BBOTS_OK or BBOTS_NOT_FOUND. */\n",
          print->to);
    open_function(print, gen_format("%s_delete", print->cname),
                  gen_format("bbots_txn *txn, %s, bbots_deleted *deleted, bbots_error *error",
                             parameters(print, primary->columns, primary->column_count)));
    key_values(print, primary->columns, primary->column_count);
    fprintf(print->to, "    return bbots_delete(txn, &%s_table, 0, key, deleted, error);\n}\n",
            print->cname);
}

static void emit_upsert(const printer *print, unsigned index)
{
    fprintf(print->to,
            "\n/* Inserts; where %s clashes, sets the columns\n"
            " * of the row that stands. inserted may be NULL. */\n",
            print->table->indexes[index].name);
    open_function(
        print, gen_format("%s_upsert%s", print->cname, suffix(print, index)),
        gen_format("bbots_txn *txn, %s *row, uint64_t columns, bool *inserted, bbots_error *error",
                   print->cname));
    fprintf(print->to,
            "    return bbots_record_upsert(txn, &%s_table, %u, row, columns, inserted, error);\n"
            "}\n",
            print->cname, index);
}

static void emit_scan(const printer *print, unsigned index)
{
    fprintf(print->to, "\n/* Rows in the order of %s; range may be NULL. */\n",
            print->table->indexes[index].name);
    open_function(print, gen_format("%s_scan%s", print->cname, suffix(print, index)),
                  "bbots_txn *txn, const bbots_range *range, bbots_cursor **cursor, "
                  "bbots_error *error");
    fprintf(print->to,
            "    return bbots_cursor_open(txn, &%s_table, %u, range, cursor, error);\n}\n",
            print->cname, index);
}

static void emit_children(const printer *print, const gen_model *model,
                          const bbots_foreign_key *key)
{
    fprintf(print->to,
            "\n/* The rows that refer to one of %s (%s).\n"
            " * options gives direction, limit and live_only; its bounds are set here. */\n",
            model->tables[key->parent]->table.name, key->name);
    open_function(print,
                  gen_format("%s_of_%s", print->cname,
                             gen_joined(print->table->columns, key->columns, key->column_count)),
                  gen_format("bbots_txn *txn, %s, bbots_range options, bbots_cursor **cursor, "
                             "bbots_error *error",
                             parameters(print, key->columns, key->column_count)));
    key_values(print, key->columns, key->column_count);
    fprintf(print->to,
            "    options.from = key;\n    options.to = key;\n    options.from_count = %u;\n"
            "    options.to_count = %u;\n    options.from_exclusive = false;\n"
            "    options.to_exclusive = false;\n"
            "    return bbots_cursor_open(txn, &%s_table, %u, &options, cursor, error);\n}\n",
            key->column_count, key->column_count, print->cname, key->index);
}

static void emit_next(const printer *print)
{
    fputs("\n/* The next row of a cursor over this table. BBOTS_OK or BBOTS_END. */\n", print->to);
    open_function(print, gen_format("%s_next", print->cname),
                  gen_format("bbots_cursor *cursor, %s *row, bbots_error *error", print->cname));
    fputs("    return bbots_cursor_next_record(cursor, row, error);\n}\n", print->to);
}

static bool same_columns(const uint8_t *a, unsigned a_count, const uint8_t *b, unsigned b_count)
{
    return a_count == b_count && memcmp(a, b, a_count) == 0;
}

/* Whether an earlier index has the same columns (and is unique, where only unique ones count):
 * it has the functions already. */
static bool repeated_index(const gen_table *table, unsigned index, bool unique_only)
{
    const bbots_index *of = &table->indexes[index];
    for (unsigned i = 0; i < index; i++) {
        const bbots_index *other = &table->indexes[i];
        if ((!unique_only || (other->flags & BBOTS_INDEX_UNIQUE) != 0) &&
            same_columns(of->columns, of->column_count, other->columns, other->column_count))
            return true;
    }
    return false;
}

static bool repeated_key(const gen_table *table, unsigned number)
{
    const bbots_foreign_key *of = &table->foreign_keys[number];
    for (unsigned i = 0; i < number; i++) {
        const bbots_foreign_key *other = &table->foreign_keys[i];
        if (same_columns(of->columns, of->column_count, other->columns, other->column_count))
            return true;
    }
    return false;
}

void gen_emit_functions(FILE *to, const gen_model *model, const gen_table *table)
{
    printer print = {to, table, gen_table_cname(model, table), gen_table_macro(model, table)};
    const bbots_table *made = &table->table;
    emit_insert(&print);
    for (unsigned i = 0; i < made->index_count; i++) {
        if ((table->indexes[i].flags & BBOTS_INDEX_UNIQUE) != 0 && !repeated_index(table, i, true))
            emit_get(&print, i);
    }
    emit_update(&print);
    emit_delete(&print);
    for (unsigned i = 0; i < made->index_count; i++) {
        if ((table->indexes[i].flags & BBOTS_INDEX_UNIQUE) != 0 && !repeated_index(table, i, true))
            emit_upsert(&print, i);
    }
    for (unsigned i = 0; i < made->index_count; i++) {
        if (!repeated_index(table, i, false))
            emit_scan(&print, i);
    }
    for (unsigned i = 0; i < made->foreign_key_count; i++) {
        if (!repeated_key(table, i))
            emit_children(&print, model, &table->foreign_keys[i]);
    }
    emit_next(&print);
}
