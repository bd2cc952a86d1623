/*
 * key.c - a row named on the command line by the values of a unique key.
 */
#include "key.h"

#include "suggest.h"

/* The unique index that --by names, and for each of its columns which key word belongs to it. */
typedef struct key_choice {
    unsigned index;
    uint8_t word[BBOTS_KEY_COLUMNS_MAX];
} key_choice;

static void in_order(const bbots_table *table, key_choice *choice)
{
    for (uint8_t i = 0; i < table->indexes[choice->index].column_count; i++) {
        choice->word[i] = i;
    }
}

static int choose_columns(const session *in, const bbots_table *table, const char *by,
                          key_choice *choice)
{
    uint8_t columns[BBOTS_KEY_COLUMNS_MAX];
    unsigned count;
    int rc = read_columns(in->line, table, by, BBOTS_KEY_COLUMNS_MAX, columns, &count);
    if (rc != EXIT_DONE) {
        return rc;
    }
    int index = bbots_table_unique_index(table, columns, count);
    if (index < 0) {
        return usage_error(in->line,
                           "--by %s: no unique key of table \"%s\" has these columns; `scan %s "
                           "--where` finds rows by any column",
                           by, table->name, table->name);
    }
    choice->index = (unsigned)index;
    for (unsigned i = 0; i < count; i++) {
        for (uint8_t j = 0; j < count; j++) {
            if (table->indexes[index].columns[i] == columns[j]) {
                choice->word[i] = j;
            }
        }
    }
    return EXIT_DONE;
}

static int choose_key(const session *in, const bbots_table *table, const char *by,
                      key_choice *choice)
{
    choice->index = 0;
    int index = by != NULL ? bbots_table_index(table, by) : 0;
    if (index < 0) {
        return choose_columns(in, table, by, choice);
    }
    choice->index = (unsigned)index;
    if ((table->indexes[index].flags & (BBOTS_INDEX_PRIMARY | BBOTS_INDEX_UNIQUE)) == 0) {
        return usage_error(in->line,
                           "--by %s: the index is not unique; use `scan %s --index %s --from V "
                           "--to V`",
                           by, table->name, by);
    }
    in_order(table, choice);
    return EXIT_DONE;
}

/* "1 value (id)": what a key consists of, for the message. */
static void describe_key(const bbots_table *table, const bbots_index *index, char *text,
                         size_t size)
{
    int used = snprintf(text, size, "%u value%s (", index->column_count,
                        index->column_count == 1 ? "" : "s");
    for (unsigned i = 0; i < index->column_count && used > 0 && (size_t)used < size; i++) {
        used += snprintf(text + used, size - (size_t)used, "%s%s%s", i > 0 ? ", " : "",
                         table->columns[index->columns[i]].name,
                         i + 1 == index->column_count ? ")" : "");
    }
}

int read_row_name(const session *in, const rest_words *rest, const char *by, row_name *named)
{
    char text[512];
    key_choice choice;
    named->table = session_table(in, rest->words[0]);
    int rc = named->table != NULL ? choose_key(in, named->table, by, &choice) : EXIT_USAGE;
    if (rc != EXIT_DONE) {
        return rc;
    }
    const bbots_index *index = &named->table->indexes[choice.index];
    if (rest->count - 1 != index->column_count) {
        describe_key(named->table, index, text, sizeof text);
        return usage_error(in->line, "key \"%s\" of table \"%s\" has %s; %u given", index->name,
                           named->table->name, text, rest->count - 1);
    }
    named->index = choice.index;
    for (unsigned i = 0; i < index->column_count; i++) {
        named->key[i] = bbots_value_string(rest->words[1 + choice.word[i]]);
    }
    return EXIT_DONE;
}

int no_such_row(const session *in, const row_name *named)
{
    (void)usage_error(in->line, "table \"%s\" has no row with that key", named->table->name);
    return EXIT_NOTHING;
}
