/*
 * import_plan.c - names of the file against names of the table.
 *
 * A header goes where --map sends it, else nowhere when --ignore names it, else to the column of
 * the same name unless that column takes its value from --map or --set. What is left is unknown:
 * an error, so that a misspelt header cannot quietly lose a column.
 */
#include "import_plan.h"

static bool same(bbots_text text, const char *name)
{
    return strlen(name) == text.size && memcmp(name, text.data, text.size) == 0;
}

/* Splits COLUMN=REST and finds the column. */
static int split(const command_line *line, const bbots_table *table, const char *option_name,
                 const char *text, unsigned *column, const char **rest)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL) {
        return usage_error(line, "option %s needs COLUMN=..., not \"%s\"", option_name, text);
    }
    bbots_text name = {text, (size_t)(equals - text)};
    int found = bbots_table_column(table, name);
    if (found < 0) {
        return usage_error(line, "option %s: table \"%s\" has no column \"%.*s\"", option_name,
                           table->name, (int)name.size, name.data);
    }
    *column = (unsigned)found;
    *rest = equals + 1;
    return EXIT_DONE;
}

static int add_maps(const command_line *line, import_plan *plan)
{
    const option_list *maps = &plan->options->maps;
    for (unsigned i = 0; i < maps->count; i++) {
        unsigned column;
        const char *header;
        int code = split(line, plan->table, "--map", maps->values[i], &column, &header);
        if (code != EXIT_DONE) {
            return code;
        }
        if (plan->sources[column] != NULL) {
            return usage_error(line, "option --map: column \"%s\" is given twice",
                               plan->table->columns[column].name);
        }
        plan->sources[column] = header;
    }
    return EXIT_DONE;
}

static int add_sets(const command_line *line, import_plan *plan)
{
    const option_list *sets = &plan->options->sets;
    for (unsigned i = 0; i < sets->count; i++) {
        unsigned column;
        const char *value;
        int code = split(line, plan->table, "--set", sets->values[i], &column, &value);
        if (code != EXIT_DONE) {
            return code;
        }
        if (plan->sources[column] != NULL || (plan->constant & BBOTS_COLUMN_BIT(column)) != 0) {
            return usage_error(line, "option --set: column \"%s\" has a value already",
                               plan->table->columns[column].name);
        }
        plan->constants[column] = bbots_value_string(value);
        plan->constant |= BBOTS_COLUMN_BIT(column);
    }
    return EXIT_DONE;
}

int import_plan_make(const command_line *line, const import_options *options,
                     const bbots_table *table, import_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    plan->table = table;
    plan->options = options;
    int code = add_maps(line, plan);
    return code == EXIT_DONE ? add_sets(line, plan) : code;
}

int import_plan_column(const import_plan *plan, bbots_text header)
{
    const import_options *options = plan->options;
    for (unsigned c = 0; c < plan->table->column_count; c++) {
        if (plan->sources[c] != NULL && same(header, plan->sources[c])) {
            return (int)c;
        }
    }
    for (unsigned i = 0; i < options->ignores.count; i++) {
        if (same(header, options->ignores.values[i])) {
            return IMPORT_IGNORED;
        }
    }
    int column = bbots_table_column(plan->table, header);
    if (column >= 0 && plan->sources[column] == NULL &&
        (plan->constant & BBOTS_COLUMN_BIT(column)) == 0) {
        return column;
    }
    return options->ignore_unknown ? IMPORT_IGNORED : IMPORT_UNKNOWN;
}
