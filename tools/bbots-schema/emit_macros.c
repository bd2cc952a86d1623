/* emit_macros.c - constants of a table's header: numbers, sets, scales and usual values. */
#include "emit.h"

#include "cname.h"

#include <string.h>

static void emit_column_numbers(FILE *to, const gen_table *table, const char *macro)
{
    fputs("\n/* Numbers of the columns. */\nenum {\n", to);
    for (unsigned i = 0; i < table->table.column_count; i++) {
        const char *name = gen_format("%s_COL_%s", macro, gen_upper(table->columns[i].name));
        gen_cname_take(table->column_places[i], name);
        fprintf(to, "    %s = %u,\n", name, i);
    }
    fprintf(to, "    %s_COL_COUNT = %u\n};\n", macro, table->table.column_count);
}

static void emit_column_bits(FILE *to, const gen_table *table, const char *macro)
{
    fputs("\n/* Sets of columns: join them with |. */\n", to);
    for (unsigned i = 0; i < table->table.column_count; i++) {
        const char *name = gen_format("%s_%s", macro, gen_upper(table->columns[i].name));
        gen_cname_take(table->column_places[i], name);
        fprintf(to, "#define %s (UINT64_C(1) << %u)\n", name, i);
    }
}

static void emit_scales(FILE *to, const gen_table *table, const char *macro)
{
    const char *heading = "\n/* Digits behind the point: a field holds its number times 10 to the "
                          "power of this. */\n";
    for (unsigned i = 0; i < table->table.column_count; i++) {
        const bbots_column *column = &table->columns[i];
        if (column->type != BBOTS_TYPE_DECIMAL)
            continue;
        const char *name = gen_format("%s_%s_SCALE", macro, gen_upper(column->name));
        gen_cname_take(table->column_places[i], name);
        fprintf(to, "%s#define %s %u\n", heading, name, column->scale);
        heading = "";
    }
}

/* Values come from comments, which must not break a build: one whose name is taken is called
 * ..._VALUE, and numbered after that. */
static const char *value_name(const char *macro, const bbots_column *column, const char *value)
{
    const char *base = gen_format("%s_%s_%s", macro, gen_upper(column->name), gen_upper(value));
    const char *name = base;
    for (unsigned pass = 0; gen_cname_taken(name); pass++)
        name = pass == 0 ? gen_format("%s_VALUE", base) : gen_format("%s_VALUE%u", base, pass);
    return name;
}

static void emit_values(FILE *to, const gen_table *table, const char *macro)
{
    const char *heading = "\n/* Values that usually stand in a column. */\n";
    for (unsigned i = 0; i < table->table.column_count; i++) {
        const bbots_column *column = &table->columns[i];
        bool text = column->type == BBOTS_TYPE_TEXT || column->type == BBOTS_TYPE_VARCHAR;
        for (unsigned k = 0; text && column->usual != NULL && column->usual[k] != NULL; k++) {
            const char *name = value_name(macro, column, column->usual[k]);
            gen_cname_take(table->column_places[i], name);
            fprintf(to, "%s#define %s ", heading, name);
            gen_emit_string(to, column->usual[k]);
            fputs("\n", to);
            heading = "";
        }
    }
}

void gen_emit_macros(FILE *to, const gen_model *model, const gen_table *table, unsigned number)
{
    const char *macro = gen_table_macro(model, table);
    const char *name = gen_format("%s_TABLE", macro);
    gen_cname_take(table->place, name);
    gen_cname_take(table->place, gen_format("%s_COL_COUNT", macro));
    fprintf(to, "\n/* The table's number in the schema. */\n#define %s %u\n", name, number);
    emit_column_numbers(to, table, macro);
    emit_column_bits(to, table, macro);
    emit_scales(to, table, macro);
    emit_values(to, table, macro);
}
