/*
 * get.c - bbots-inspect FILE get: one row by a unique key, a column a line.
 */
#include "options.h"
#include "session.h"
#include "sheet.h"
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

static int put_row(const session *in, const bbots_row *row, sheet_options how)
{
    sheet_column columns[BBOTS_COLUMNS_MAX];
    const bbots_table *table = row->table;
    for (unsigned i = 0; i < table->column_count; i++) {
        columns[i] = (sheet_column){table->columns[i].name, SHEET_TEXT};
    }
    sheet *to = sheet_begin(in->line, columns, table->column_count, how);
    for (unsigned i = 0; to != NULL && i < table->column_count; i++) {
        bbots_value value = bbots_row_value(row, i);
        sheet_value(to, table, i, &value);
    }
    return sheet_end(to);
}

static int get(const session *in, const rest_words *rest, const char *by, sheet_options how)
{
    char text[512];
    key_choice choice;
    bbots_value key[BBOTS_KEY_COLUMNS_MAX];
    bbots_error error;
    bbots_row row;
    const bbots_table *table = session_table(in, rest->words[0]);
    int rc = table != NULL ? choose_key(in, table, by, &choice) : EXIT_USAGE;
    if (rc != EXIT_DONE) {
        return rc;
    }
    const bbots_index *index = &table->indexes[choice.index];
    if (rest->count - 1 != index->column_count) {
        describe_key(table, index, text, sizeof text);
        return usage_error(in->line, "key \"%s\" of table \"%s\" has %s; %u given", index->name,
                           table->name, text, rest->count - 1);
    }
    for (unsigned i = 0; i < index->column_count; i++) {
        key[i] = bbots_value_string(rest->words[1 + choice.word[i]]);
    }
    rc = bbots_get(in->txn, table, choice.index, key, &row, &error);
    if (rc == BBOTS_NOT_FOUND) {
        (void)usage_error(in->line, "table \"%s\" has no row with that key", table->name);
        return EXIT_NOTHING;
    }
    return rc == BBOTS_OK ? put_row(in, &row, how) : library_error(in->line, &error);
}

static int run(const command_line *line)
{
    const char *by = NULL;
    sheet_options how = {.single = true};
    const option options[] = {{"--by", &by, NULL, NULL},
                              {"--full", NULL, &how.full, NULL},
                              {"--show-secrets", NULL, &how.show_secrets, NULL},
                              {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    int rc = read_options(line, options, 2, 1 + BBOTS_KEY_COLUMNS_MAX, "TABLE KEY...", &rest);
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = get(&in, &rest, by, how);
        session_close(&in);
    }
    return rc;
}

const command command_get = {
    "get", "show one row by its key",
    "Usage: bbots-inspect FILE get TABLE KEY... [--by INDEX|COLUMN[,COLUMN]]\n"
    "\n"
    "KEY is a value for each column of the primary key, or of the unique key that --by names.\n"
    "\n"
    "  --by X            the name of a unique index, or its columns in the order of the values\n"
    "  --full            do not cut long texts to the terminal's width\n"
    "  --show-secrets    show columns tagged [secret] and [vault]; otherwise there is no way\n"
    "\n"
    "NULL stands for no value; an empty text is left empty. Exit 1 when there is no such row.\n",
    run};
