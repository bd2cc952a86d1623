/*
 * import_csv.c - a CSV file, record by record, into an import's transaction.
 *
 * The first record names the columns. Values go in as text and are read by the library like quoted
 * literals, so every type that can be printed can be imported, and there is one set of rules for
 * what a value may look like.
 */
#include "csv_read.h"
#include "import_session.h"
#include "jsonl_error.h"

#include <errno.h>
#include <stdlib.h>

/* Where the fields of a record go: a column, or IMPORT_IGNORED. */
typedef struct csv_header {
    int columns[CSV_FIELDS_MAX];
    unsigned count;
} csv_header;

/* Says what csv_reader_next() complained of. */
static int refuse_file(import_session *session, const bbots_table *table, const csv_reader *reader,
                       int rc)
{
    bbots_error error = {0};
    bool format = rc == BBOTS_INVALID_TEXT || rc == BBOTS_LIMIT_EXCEEDED;
    const char *why = format ? reader->problem : rc == BBOTS_IO ? strerror(errno) : "out of memory";
    jsonl_fail(&error, rc, table, NULL, "%s", why);
    return import_session_refuse(session, format ? reader->here : 0, &error);
}

/* Sees to it that every --map found its header. */
static int check_maps(import_session *session, const import_plan *plan, const csv_header *header)
{
    uint64_t seen = 0;
    bbots_error error = {0};
    for (unsigned i = 0; i < header->count; i++) {
        seen |= header->columns[i] >= 0 ? BBOTS_COLUMN_BIT(header->columns[i]) : 0;
    }
    for (unsigned c = 0; c < plan->table->column_count; c++) {
        if (plan->sources[c] != NULL && (seen & BBOTS_COLUMN_BIT(c)) == 0) {
            jsonl_fail(&error, BBOTS_UNKNOWN_COLUMN, plan->table, NULL,
                       "there is no header \"%s\" for column \"%s\"", plan->sources[c],
                       plan->table->columns[c].name);
            return import_session_refuse(session, 1, &error);
        }
    }
    return EXIT_DONE;
}

/* Notes where the next field of each record goes. */
static int add_header(import_session *session, const import_plan *plan, uint64_t line,
                      bbots_text name, csv_header *header)
{
    bbots_error error = {0};
    char shown[JSONL_NAME_SHOWN];
    int column = import_plan_column(plan, name);
    if (column == IMPORT_UNKNOWN || header->count == CSV_FIELDS_MAX) {
        jsonl_fail(&error, BBOTS_UNKNOWN_COLUMN, plan->table, NULL,
                   "header %s fits no column of table \"%s\"; see --map, --ignore",
                   jsonl_name(name, shown), plan->table->name);
        return import_session_refuse(session, line, &error);
    }
    for (unsigned i = 0; column >= 0 && i < header->count; i++) {
        if (header->columns[i] == column) {
            jsonl_fail(&error, BBOTS_DUPLICATE_COLUMN, plan->table,
                       plan->table->columns[column].name, "column \"%s\" has two headers",
                       plan->table->columns[column].name);
            return import_session_refuse(session, line, &error);
        }
    }
    header->columns[header->count++] = column;
    return EXIT_DONE;
}

/* The first record names the columns. */
static int read_header(import_session *session, const import_plan *plan, const csv_reader *reader,
                       csv_header *header)
{
    int code = EXIT_DONE;
    for (unsigned i = 0; i < reader->field_count && code == EXIT_DONE; i++) {
        bbots_text name = csv_reader_field(reader, i);
        code = add_header(session, plan, reader->line, name, header);
    }
    return code == EXIT_DONE ? check_maps(session, plan, header) : code;
}

/* --header names them: a,b,c. */
static int take_header(import_session *session, const import_plan *plan, csv_header *header)
{
    const char *at = plan->options->header;
    int code = EXIT_DONE;
    while (at != NULL && code == EXIT_DONE) {
        const char *comma = strchr(at, ',');
        bbots_text name = {at, comma != NULL ? (size_t)(comma - at) : strlen(at)};
        code = add_header(session, plan, 0, name, header);
        at = comma != NULL ? comma + 1 : NULL;
    }
    return code == EXIT_DONE ? check_maps(session, plan, header) : code;
}

/* One field as a value; false when the column shall take its default. */
static bool read_value(const import_options *options, const csv_reader *reader, unsigned field,
                       bbots_value *value)
{
    bbots_text text = csv_reader_field(reader, field);
    bool null = !reader->fields[field].quoted && text.size == strlen(options->null_text) &&
                memcmp(text.data, options->null_text, text.size) == 0;
    *value = null ? bbots_value_null() : bbots_value_text(text);
    return !null || !options->defaults;
}

/* A record is too short or too long for the header. */
static int refuse_count(import_session *session, const import_plan *plan, const csv_reader *reader,
                        const csv_header *header)
{
    bbots_error error = {0};
    unsigned fields = reader->field_count;
    int column = header->columns[fields < header->count ? fields : header->count - 1];
    const char *name = column >= 0 ? plan->table->columns[column].name : "(left out)";
    jsonl_fail(&error, BBOTS_INVALID_TEXT, plan->table, name,
               fields < header->count
                   ? "the record has %u fields, the header %u: missing data for column \"%s\""
                   : "the record has %u fields, the header %u: extra data behind column \"%s\"",
               fields, header->count, name);
    return import_session_refuse(session, reader->line, &error);
}

static int import_record(import_session *session, const import_plan *plan, const csv_reader *reader,
                         const csv_header *header)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given = plan->constant;
    if (reader->field_count != header->count) {
        return refuse_count(session, plan, reader, header);
    }
    memcpy(values, plan->constants, sizeof values);
    for (unsigned i = 0; i < header->count; i++) {
        int column = header->columns[i];
        if (column >= 0 && read_value(plan->options, reader, i, &values[column])) {
            given |= BBOTS_COLUMN_BIT(column);
        }
    }
    return import_session_row(session, plan->table, values, given, reader->line, reader->bytes);
}

/* An empty line; in a file of one column it is a record like any other. */
static bool is_blank(const csv_reader *reader, const csv_header *header)
{
    return header->count > 1 && reader->field_count == 1 && reader->fields[0].size == 0 &&
           !reader->fields[0].quoted;
}

static int begin_records(import_session *session, const import_plan *plan, csv_reader *reader,
                         csv_header *header)
{
    bbots_error error = {0};
    if (plan->options->header != NULL) {
        return take_header(session, plan, header);
    }
    int rc = csv_reader_next(reader);
    if (rc == BBOTS_END) {
        jsonl_fail(&error, BBOTS_INVALID_TEXT, plan->table, NULL,
                   "the file is empty; its first line has to name the columns");
        return import_session_refuse(session, 0, &error);
    }
    return rc == BBOTS_OK ? read_header(session, plan, reader, header)
                          : refuse_file(session, plan->table, reader, rc);
}

static int import_records(import_session *session, const import_plan *plan, csv_reader *reader,
                          csv_header *header)
{
    int rc = BBOTS_OK;
    header->count = 0;
    int code = begin_records(session, plan, reader, header);
    while (code == EXIT_DONE && (rc = csv_reader_next(reader)) == BBOTS_OK) {
        if (!is_blank(reader, header)) {
            code = import_record(session, plan, reader, header);
        }
    }
    return rc < 0 ? refuse_file(session, plan->table, reader, rc) : code;
}

int import_csv(import_session *session, const import_plan *plan, int descriptor)
{
    csv_reader reader;
    csv_header *header = malloc(sizeof *header);
    int rc = csv_reader_begin(&reader, descriptor, plan->options->delimiter);
    int code = rc == BBOTS_OK && header != NULL
                   ? import_records(session, plan, &reader, header)
                   : refuse_file(session, plan->table, &reader, BBOTS_NO_MEMORY);
    session->bytes_before += reader.bytes;
    csv_reader_end(&reader);
    free(header);
    return code;
}
