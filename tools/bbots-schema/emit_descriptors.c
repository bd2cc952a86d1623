/*
 * emit_descriptors.c - the schema as constant data.
 *
 * Designated initialisers only, one line a column: a debugger shows it, grep finds it, and the
 * compiler checks it. Offsets are left to offsetof, so that no layout rule is repeated here.
 */
#include "emit.h"

#include "cname.h"
#include "output.h"

#include <string.h>

static const char *const type_names[] = {
    "",        "BOOLEAN", "SMALLINT", "INTEGER", "BIGINT", "REAL",      "DOUBLE",      "DECIMAL",
    "TEXT",    "VARCHAR", "BYTEA",    "UUID",    "TIMESTAMP", "TIMESTAMPTZ", "JSONB",  "VECTOR",
};
static const char *const default_names[] = {"NONE", "LITERAL", "NOW", "UUID"};
static const char *const rule_names[] = {"BBOTS_NO_ACTION", "BBOTS_CASCADE", "BBOTS_SET_NULL"};

typedef struct flag_name {
    unsigned flag;
    const char *name;
} flag_name;

static const flag_name column_flags[] = {
    {BBOTS_COLUMN_NOT_NULL, "BBOTS_COLUMN_NOT_NULL"},
    {BBOTS_COLUMN_SERIAL, "BBOTS_COLUMN_SERIAL"},
    {BBOTS_COLUMN_SECRET, "BBOTS_COLUMN_SECRET"},
    {BBOTS_COLUMN_VAULT, "BBOTS_COLUMN_VAULT"},
    {BBOTS_COLUMN_UPDATED_AT, "BBOTS_COLUMN_UPDATED_AT"},
    {BBOTS_COLUMN_DATA_KEY, "BBOTS_COLUMN_DATA_KEY"},
    {0, NULL},
};
static const flag_name index_flags[] = {
    {BBOTS_INDEX_PRIMARY, "BBOTS_INDEX_PRIMARY"},
    {BBOTS_INDEX_UNIQUE, "BBOTS_INDEX_UNIQUE"},
    {BBOTS_INDEX_CONSTRAINT, "BBOTS_INDEX_CONSTRAINT"},
    {BBOTS_INDEX_REFERENCE, "BBOTS_INDEX_REFERENCE"},
    {BBOTS_INDEX_QUEUE, "BBOTS_INDEX_QUEUE"},
    {BBOTS_INDEX_ONCE, "BBOTS_INDEX_ONCE"},
    {0, NULL},
};

/* Non-ASCII bytes are written in octal, so that the file is ASCII whatever the comments are. */
void gen_emit_string(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            fprintf(to, "\\%c", byte);
        else if (byte == '?') /* no trigraphs */
            fputs("\\?", to);
        else if (byte < 0x20 || byte >= 0x7f)
            fprintf(to, "\\%03o", byte);
        else
            fputc(byte, to);
    }
    fputc('"', to);
}

static void emit_flags(FILE *to, const flag_name *names, unsigned flags)
{
    const char *between = "";
    for (; names->name != NULL; names++) {
        if ((flags & names->flag) != 0) {
            fprintf(to, "%s%s", between, names->name);
            between = " | ";
        }
    }
    fputs(*between == '\0' ? "0" : "", to);
}

static void emit_numbers(FILE *to, const uint8_t *numbers, unsigned count)
{
    fputs("(const uint8_t[]){", to);
    for (unsigned i = 0; i < count; i++)
        fprintf(to, "%s%u", i == 0 ? "" : ", ", numbers[i]);
    fputs("}", to);
}

static void emit_member(FILE *to, const char *member, const char *text)
{
    fprintf(to, ", .%s = ", member);
    gen_emit_string(to, text);
}

static void emit_usual(FILE *to, const char *const *usual)
{
    fputs(",\n     .usual = (const char *const[]){", to);
    for (; *usual != NULL; usual++) {
        gen_emit_string(to, *usual);
        fputs(", ", to);
    }
    fputs("NULL}", to);
}

static void emit_column(FILE *to, const char *cname, const bbots_column *column)
{
    fputs("    {.name = ", to);
    gen_emit_string(to, column->name);
    fprintf(to, ", .type = BBOTS_TYPE_%s", type_names[column->type]);
    if (column->length != 0)
        fprintf(to, ", .length = %u", (unsigned)column->length);
    if (column->scale != 0)
        fprintf(to, ", .scale = %u", column->scale);
    fprintf(to, ",\n     .field = offsetof(%s, %s), .flags = ", cname, gen_field(column->name));
    emit_flags(to, column_flags, column->flags);
    fprintf(to, ",\n     .default_kind = BBOTS_DEFAULT_%s", default_names[column->default_kind]);
    if (column->default_kind == BBOTS_DEFAULT_LITERAL)
        emit_member(to, "default_text", column->default_text);
    emit_member(to, "unit", column->unit);
    if (column->usual != NULL)
        emit_usual(to, column->usual);
    fputs(",\n     .comment = ", to);
    gen_emit_string(to, column->comment);
    fputs("},\n", to);
}

static void emit_columns(FILE *to, const char *cname, const gen_table *table)
{
    fprintf(to, "\nstatic const bbots_column %s_columns[] = {\n", table->table.name);
    for (unsigned i = 0; i < table->table.column_count; i++)
        emit_column(to, cname, &table->columns[i]);
    fputs("};\n", to);
}

static void emit_indexes(FILE *to, const gen_table *table)
{
    fprintf(to, "\nstatic const bbots_index %s_indexes[] = {\n", table->table.name);
    for (unsigned i = 0; i < table->table.index_count; i++) {
        const bbots_index *index = &table->indexes[i];
        fprintf(to, "    {.name = \"%s\", .columns = ", index->name);
        emit_numbers(to, index->columns, index->column_count);
        fprintf(to, ", .column_count = %u, .tree = %u,\n     .flags = ", index->column_count,
                index->tree);
        emit_flags(to, index_flags, index->flags);
        fputs("},\n", to);
    }
    fputs("};\n", to);
}

static void emit_trees(FILE *to, const gen_table *table)
{
    fprintf(to, "\nstatic const bbots_tree %s_trees[] = {\n", table->table.name);
    for (unsigned i = 0; i < table->table.tree_count; i++) {
        const bbots_tree *tree = &table->trees[i];
        fprintf(to, "    {.name = \"%s\", .columns = ", tree->name);
        emit_numbers(to, tree->columns, tree->column_count);
        fprintf(to, ", .column_count = %u, .unique = %u},\n", tree->column_count, tree->unique);
    }
    fputs("};\n", to);
}

static void emit_foreign_keys(FILE *to, const gen_model *model, const gen_table *table)
{
    if (table->table.foreign_key_count == 0)
        return;
    fprintf(to, "\nstatic const bbots_foreign_key %s_foreign_keys[] = {\n", table->table.name);
    for (unsigned i = 0; i < table->table.foreign_key_count; i++) {
        const bbots_foreign_key *key = &table->foreign_keys[i];
        fprintf(to, "    {.name = \"%s\", .columns = ", key->name);
        emit_numbers(to, key->columns, key->column_count);
        fputs(", .parent_columns = ", to);
        emit_numbers(to, key->parent_columns, key->column_count);
        fprintf(to, ",\n     .parent = %u /* %s */, .column_count = %u, .on_delete = %s,\n",
                key->parent, model->tables[key->parent]->table.name, key->column_count,
                rule_names[key->on_delete]);
        fprintf(to, "     .index = %u, .parent_index = %u},\n", key->index, key->parent_index);
    }
    fputs("};\n", to);
}

static void emit_references(FILE *to, const gen_model *model, const gen_table *table)
{
    if (table->table.reference_count == 0)
        return;
    fprintf(to, "\nstatic const bbots_reference %s_references[] = {\n", table->table.name);
    for (unsigned i = 0; i < table->table.reference_count; i++) {
        const bbots_reference *reference = &table->table.references[i];
        const bbots_table *child = &model->tables[reference->table]->table;
        fprintf(to, "    {%u, %u}, /* %s */\n", reference->table, reference->foreign_key,
                child->foreign_keys[reference->foreign_key].name);
    }
    fputs("};\n", to);
}

static void emit_live_member(FILE *to, const char *member, const uint8_t *numbers, unsigned count)
{
    if (count == 0)
        return;
    fprintf(to, ",\n     .%s = ", member);
    emit_numbers(to, numbers, count);
    size_t stem = strlen(member) - (member[strlen(member) - 1] == 's');
    fprintf(to, ", .%.*s_count = %u", (int)stem, member, count);
}

static void emit_lives(FILE *to, const gen_table *table)
{
    if (table->table.live_count == 0)
        return;
    fprintf(to, "\nstatic const bbots_live %s_lives[] = {\n", table->table.name);
    for (unsigned i = 0; i < table->table.live_count; i++) {
        const bbots_live *live = &table->lives[i];
        fprintf(to, "    {.name = \"%s\", .number = %u", live->name, live->number);
        emit_live_member(to, "by", live->by, live->by_count);
        emit_live_member(to, "split", live->split, live->split_count);
        emit_live_member(to, "units", live->units, live->unit_count);
        emit_live_member(to, "sums", live->sums, live->sum_count);
        fprintf(to, ",\n     .fine_count = %u, .time = %u},\n", live->fine_count, live->time);
    }
    fputs("};\n", to);
}

/* An array that may be absent, and its length. */
static void emit_array(FILE *to, const char *table, const char *array, const char *count_name,
                       unsigned count)
{
    if (count != 0)
        fprintf(to, "    .%s = %s_%s, .%s_count = %u,\n", array, table, array, count_name, count);
}

static void emit_table(FILE *to, const gen_model *model, const gen_table *table)
{
    const bbots_table *made = &table->table;
    const char *cname = gen_table_cname(model, table);
    emit_columns(to, cname, table);
    emit_indexes(to, table);
    emit_trees(to, table);
    emit_foreign_keys(to, model, table);
    emit_references(to, model, table);
    emit_lives(to, table);
    fprintf(to, "\nconst bbots_table %s_table = {\n    .name = \"%s\",\n    .comment = ", cname,
            made->name);
    gen_emit_string(to, made->comment);
    fputs(",\n", to);
    emit_array(to, made->name, "columns", "column", made->column_count);
    emit_array(to, made->name, "indexes", "index", made->index_count);
    emit_array(to, made->name, "trees", "tree", made->tree_count);
    emit_array(to, made->name, "foreign_keys", "foreign_key", made->foreign_key_count);
    emit_array(to, made->name, "references", "reference", made->reference_count);
    emit_array(to, made->name, "lives", "live", made->live_count);
    fprintf(to, "    .struct_size = sizeof(%s),\n    .number = %u,\n};\n", cname, made->number);
}

static void emit_schema(FILE *to, const gen_model *model)
{
    fprintf(to, "\nstatic const bbots_table *const %s_tables[] = {\n", model->name);
    for (unsigned i = 0; i < model->table_count; i++)
        fprintf(to, "    &%s_table,\n", gen_table_cname(model, model->tables[i]));
    fprintf(to,
            "};\n\nconst bbots_schema bbots_%s_schema = {\n    .name = \"%s\",\n"
            "    .tables = %s_tables,\n    .table_count = %u,\n    .fingerprint = {{",
            model->name, model->name, model->name, model->table_count);
    for (unsigned i = 0; i < sizeof model->schema.fingerprint.bytes; i++)
        fprintf(to, "%s0x%02x", i == 0 ? "" : i == 8 ? ",\n                     " : ", ",
                model->schema.fingerprint.bytes[i]);
    fputs("}},\n};\n", to);
}

void gen_emit_descriptors(const gen_model *model)
{
    FILE *to = gen_output_begin(gen_format("%s_schema.c", model->name));
    fprintf(to,
            "/* Made by bbots-schema from SQL; do not edit. Descriptors of the schema \"%s\". */\n"
            "#include <bbots/%s.h>\n\n#include <stddef.h>\n",
            model->name, model->name);
    for (unsigned i = 0; i < model->table_count; i++)
        emit_table(to, model, model->tables[i]);
    emit_schema(to, model);
    gen_output_end();
}
