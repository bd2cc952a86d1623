/*
 * schema_people.c - a table's description for people.
 *
 * Comments are what one opens a schema for, so they are never cut: they are wrapped under the line
 * they belong to, which also holds at 40 columns.
 */
#include "schema_parts.h"
#include "terminal.h"

enum { INDENT = 2, DEEP_INDENT = 6 };

/* A line's text, put together piece by piece; what does not fit is left out. */
typedef struct piece {
    char text[4096];
    size_t size;
} piece;

static void add(piece *to, const char *text)
{
    size_t size = strlen(text);
    size_t room = sizeof to->text - 1 - to->size;
    size = size < room ? size : room;
    memcpy(to->text + to->size, text, size);
    to->size += size;
    to->text[to->size] = '\0';
}

static void add_columns(piece *to, const bbots_table *table, const uint8_t *columns, unsigned count)
{
    add(to, "(");
    for (unsigned i = 0; i < count; i++) {
        add(to, i > 0 ? ", " : "");
        add(to, table->columns[columns[i]].name);
    }
    add(to, ")");
}

static void put_title(const char *title)
{
    bool colour = terminal_has_colour(stdout);
    printf("\n%s%s%s\n", colour ? "\033[1m" : "", title, colour ? "\033[0m" : "");
}

/* ------------------------------------------------------------------ columns */

static void add_properties(piece *to, const bbots_column *column)
{
    const char *by_default = schema_default(column);
    if ((column->flags & BBOTS_COLUMN_NOT_NULL) != 0) {
        add(to, ", not null");
    }
    if (by_default != NULL && (column->flags & BBOTS_COLUMN_SERIAL) == 0) {
        bool quoted = column->default_kind == BBOTS_DEFAULT_LITERAL;
        add(to, quoted ? ", default '" : ", default ");
        add(to, by_default);
        add(to, quoted ? "'" : "");
    }
    if ((column->flags & BBOTS_COLUMN_UPDATED_AT) != 0) {
        add(to, ", set by every update");
    }
    if ((column->flags & BBOTS_COLUMN_SECRET) != 0) {
        add(to, ", secret");
    }
    if ((column->flags & BBOTS_COLUMN_VAULT) != 0) {
        add(to, ", sealed by the application");
    }
    if (column->unit[0] != '\0') {
        add(to, ", in ");
        add(to, column->unit);
    }
}

static void put_column(const bbots_column *column, size_t names, size_t width)
{
    char type[40];
    piece line = {{0}, 0};
    bool colour = terminal_has_colour(stdout);
    size_t name = text_width(column->name, strlen(column->name));
    bbots_column_type_text(column, type);
    printf("%*s%s", INDENT, "", colour ? "\033[36m" : "");
    text_put(stdout, column->name, strlen(column->name));
    printf("%s", colour ? "\033[0m" : "");
    add(&line, type);
    add_properties(&line, column);
    size_t beside = INDENT + names + 2 + text_width(line.text, line.size);
    if (width == 0 || beside <= width) {
        printf("%*s", (int)(names - name + 2), "");
        text_put_wrapped(stdout, 0, 0, line.text);
    } else {
        putchar('\n');
        text_put_wrapped(stdout, DEEP_INDENT - 2, width, line.text);
    }
    if (column->comment[0] != '\0') {
        text_put_wrapped(stdout, DEEP_INDENT, width, column->comment);
    }
    if (column->usual != NULL && column->usual[0] != NULL) {
        piece usual = {{0}, 0};
        add(&usual, "usual:");
        for (unsigned i = 0; column->usual[i] != NULL; i++) {
            add(&usual, i > 0 ? ", " : " ");
            add(&usual, column->usual[i]);
        }
        text_put_wrapped(stdout, DEEP_INDENT, width, usual.text);
    }
}

static void put_columns(const bbots_table *table, size_t width)
{
    size_t names = 0;
    for (unsigned i = 0; i < table->column_count; i++) {
        size_t name = text_width(table->columns[i].name, strlen(table->columns[i].name));
        names = name > names ? name : names;
    }
    put_title("Columns");
    for (unsigned i = 0; i < table->column_count; i++) {
        put_column(&table->columns[i], names, width);
    }
}

/* ------------------------------------------------------------------ keys and references */

static void put_indexes(const bbots_table *table, size_t width)
{
    put_title("Keys and indexes");
    for (unsigned i = 0; i < table->index_count; i++) {
        const bbots_index *index = &table->indexes[i];
        piece line = {{0}, 0};
        add(&line, index->name);
        add(&line, ": ");
        add(&line, schema_index_kind(index));
        add(&line, " ");
        add_columns(&line, table, index->columns, index->column_count);
        add(&line, ", tree ");
        add(&line, table->trees[index->tree].name);
        add(&line, (index->flags & BBOTS_INDEX_REFERENCE) != 0 ? ", made for a reference"
                   : (index->flags & BBOTS_INDEX_QUEUE) != 0   ? ", made for a queue"
                   : (index->flags & BBOTS_INDEX_ONCE) != 0    ? ", made to know what is repeated"
                                                               : "");
        text_put_hanging(stdout, INDENT, width, line.text);
    }
}

static void put_reference(const bbots_schema *schema, const bbots_table *table,
                          const bbots_foreign_key *key, bool incoming, size_t width)
{
    const bbots_table *parent = schema->tables[key->parent];
    piece line = {{0}, 0};
    add(&line, key->name);
    add(&line, ": ");
    add(&line, incoming ? table->name : "");
    add(&line, incoming ? " " : "");
    add_columns(&line, table, key->columns, key->column_count);
    add(&line, " to ");
    add(&line, incoming ? "" : parent->name);
    add(&line, incoming ? "" : " ");
    add_columns(&line, parent, key->parent_columns, key->column_count);
    add(&line, ", on delete ");
    add(&line, schema_rule(key->on_delete));
    text_put_hanging(stdout, INDENT, width, line.text);
}

void schema_put_people(const bbots_schema *schema, const bbots_table *table)
{
    size_t width = terminal_width(stdout);
    bool colour = terminal_has_colour(stdout);
    printf("%sTable %s%s\n", colour ? "\033[1m" : "", table->name, colour ? "\033[0m" : "");
    if (table->comment[0] != '\0') {
        text_put_wrapped(stdout, INDENT, width, table->comment);
    }
    put_columns(table, width);
    put_indexes(table, width);
    if (table->foreign_key_count > 0) {
        put_title("Refers to");
    }
    for (unsigned i = 0; i < table->foreign_key_count; i++) {
        put_reference(schema, table, &table->foreign_keys[i], false, width);
    }
    if (table->reference_count > 0) {
        put_title("Referred to by");
    }
    for (unsigned i = 0; i < table->reference_count; i++) {
        const bbots_table *child = schema->tables[table->references[i].table];
        put_reference(schema, child, &child->foreign_keys[table->references[i].foreign_key], true,
                      width);
    }
}
