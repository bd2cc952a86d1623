/*
 * emit_headers.c - one typed header for each table, and one that includes them all.
 *
 * The struct begins with the two sets of bbots_record, then has a field for each column, under the
 * column's own name and with its comment from the SQL.
 */
#include "emit.h"

#include "cname.h"
#include "output.h"

#include <string.h>

enum { WIDTH = 100 };

static const char *const field_types[] = {
    [BBOTS_TYPE_BOOLEAN] = "bool",
    [BBOTS_TYPE_SMALLINT] = "int16_t",
    [BBOTS_TYPE_INTEGER] = "int32_t",
    [BBOTS_TYPE_BIGINT] = "int64_t",
    [BBOTS_TYPE_REAL] = "float",
    [BBOTS_TYPE_DOUBLE] = "double",
    [BBOTS_TYPE_DECIMAL] = "int64_t",
    [BBOTS_TYPE_TEXT] = "bbots_text",
    [BBOTS_TYPE_VARCHAR] = "bbots_text",
    [BBOTS_TYPE_BYTEA] = "bbots_bytes",
    [BBOTS_TYPE_UUID] = "bbots_uuid",
    [BBOTS_TYPE_TIMESTAMP] = "bbots_timestamp",
    [BBOTS_TYPE_TIMESTAMPTZ] = "bbots_timestamp",
    [BBOTS_TYPE_JSONB] = "bbots_json",
    [BBOTS_TYPE_VECTOR] = "bbots_vector",
};

const char *gen_field_type(const bbots_column *column)
{
    return field_types[column->type];
}

const char *gen_table_cname(const gen_model *model, const gen_table *table)
{
    return gen_format("%s%s", model->prefix, gen_snake(table->table.name));
}

const char *gen_table_macro(const gen_model *model, const gen_table *table)
{
    return gen_upper(gen_table_cname(model, table));
}

void gen_emit_comment(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        bool edge = (text[0] == '*' && text[1] == '/') || (text[0] == '/' && text[1] == '*');
        fputc(*text, to);
        if (edge)
            fputc(' ', to);
    }
}

/* Words of a comment on lines of their own width, each after `start`. */
static void emit_wrapped(FILE *to, const char *start, const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        char *word = gen_copy(text, size);
        if (column > 0 && column + 1 + size + 3 > WIDTH) {
            fprintf(to, "\n%s", start);
            column = strlen(start);
        } else if (column > 0) {
            fputc(' ', to);
            column++;
        } else {
            column = strlen(start);
        }
        gen_emit_comment(to, word);
        column += size;
        text += size + strspn(text + size, " ");
    }
}

/* The comment, then what the type in C does not say: "varchar(64), not null, in ms". */
static const char *field_comment(const bbots_column *column)
{
    char type[40];
    bbots_column_type_text(column, type);
    const char *note = gen_format("%s%s", type,
                                  (column->flags & BBOTS_COLUMN_NOT_NULL) != 0 &&
                                          (column->flags & BBOTS_COLUMN_SERIAL) == 0
                                      ? " not null"
                                      : "");
    if (*column->unit != '\0')
        note = gen_format("%s, in %s", note, column->unit);
    if ((column->flags & (BBOTS_COLUMN_SECRET | BBOTS_COLUMN_VAULT)) != 0)
        note = gen_format("%s, secret", note);
    return *column->comment == '\0' ? note : gen_format("%s (%s)", column->comment, note);
}

static void emit_struct(FILE *to, const char *cname, const gen_table *table)
{
    fprintf(to,
            "\ntypedef struct %s {\n"
            "    uint64_t given; /* the columns whose fields count */\n"
            "    uint64_t null;  /* those of them that are NULL */\n",
            cname);
    for (unsigned i = 0; i < table->table.column_count; i++) {
        const bbots_column *column = &table->columns[i];
        fputs("    /* ", to);
        emit_wrapped(to, "     * ", field_comment(column));
        fprintf(to, " */\n    %s %s;\n", gen_field_type(column), gen_field(column->name));
    }
    fprintf(to, "} %s;\n", cname);
}

static const char *api(const gen_model *model)
{
    return strcmp(model->name, "platform") == 0 ? "BBOTS_API " : "";
}

static void emit_opening(FILE *to, const char *guard, const char *first_line)
{
    fprintf(to, "/* %s */\n#ifndef %s\n#define %s\n\n", first_line, guard, guard);
}

static void emit_table_header(const gen_model *model, const gen_table *table, unsigned number)
{
    const char *cname = gen_table_cname(model, table);
    const char *guard = gen_format("%s_ROW_H", gen_table_macro(model, table));
    FILE *to = gen_output_begin(gen_format("bbots/%s/%s.h", model->name, table->table.name));
    gen_cname_take(table->place, cname);
    gen_cname_take(table->place, guard);
    emit_opening(to, guard,
                 gen_format("Made by bbots-schema from %s; do not edit. Table \"%s\".",
                            table->place.file, table->table.name));
    if (*table->table.comment != '\0') {
        fputs("/* ", to);
        emit_wrapped(to, " * ", table->table.comment);
        fputs(" */\n\n", to);
    }
    fputs("#include <bbots/cursor.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n", to);
    gen_emit_macros(to, model, table, number);
    emit_struct(to, cname, table);
    gen_cname_take(table->place, gen_format("%s_table", cname));
    fprintf(to, "\nextern %sconst bbots_table %s_table;\n", api(model), cname);
    gen_emit_functions(to, model, table);
    fputs("\n#ifdef __cplusplus\n}\n#endif\n#endif\n", to);
    gen_output_end();
}

static void emit_all_header(const gen_model *model)
{
    const char *guard = gen_format("BBOTS_%s_H", gen_upper(model->name));
    FILE *to = gen_output_begin(gen_format("bbots/%s.h", model->name));
    emit_opening(to, guard,
                 gen_format("Made by bbots-schema from SQL; do not edit. All tables of \"%s\".",
                            model->name));
    for (unsigned i = 0; i < model->table_count; i++)
        fprintf(to, "#include <bbots/%s/%s.h>\n", model->name, model->tables[i]->table.name);
    if (strcmp(model->name, "platform") != 0) /* bbots/schema.h declares that one */
        fprintf(to,
                "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
                "extern const bbots_schema bbots_%s_schema;\n\n"
                "#ifdef __cplusplus\n}\n#endif\n",
                model->name);
    fputs("\n#endif\n", to);
    gen_output_end();
}

void gen_emit_headers(const gen_model *model)
{
    emit_all_header(model);
    for (unsigned i = 0; i < model->table_count; i++)
        emit_table_header(model, model->tables[i], i);
}
