/*
 * import_jsonl.c - JSON lines, one object a row, into an import's transaction.
 *
 * Members are named like columns and their values are read as `apply` reads them, which keeps every
 * digit. A member that is absent takes the column's default, a null is NULL. Empty lines are
 * skipped.
 */
#include "import_session.h"
#include "jsonl_error.h"
#include "jsonl_line.h"
#include "jsonl_value.h"

#include <errno.h>
#include <stdlib.h>

static int read_members(const import_plan *plan, bbots_json object, jsonl_values *values,
                        bbots_error *error)
{
    size_t position = 0;
    bbots_text name;
    bbots_json element;
    char shown[JSONL_NAME_SHOWN];
    int rc = BBOTS_OK;
    while (rc == BBOTS_OK && bbots_json_next(object, &position, &name, &element) == BBOTS_OK) {
        int column = import_plan_column(plan, name);
        if (column >= 0) {
            rc = jsonl_value_set(values, plan->table, (unsigned)column, element, error);
        } else if (column == IMPORT_UNKNOWN) {
            rc = jsonl_fail(error, BBOTS_UNKNOWN_COLUMN, plan->table, NULL,
                            "member %s fits no column of table \"%s\"; see --map, --ignore",
                            jsonl_name(name, shown), plan->table->name);
        }
    }
    return rc;
}

/* Packs a line and takes its members; *packed is to be freed whatever the result. */
static int read_row(const import_plan *plan, bbots_text line, void **packed, jsonl_values *values,
                    bbots_error *error)
{
    size_t size;
    int rc = bbots_json_pack(line, packed, &size, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_json object = {*packed, (uint32_t)size, BBOTS_JSON_PACKED};
    if (bbots_json_type_of(object) != BBOTS_JSON_OBJECT) {
        return jsonl_fail(error, BBOTS_SYNTAX, NULL, NULL, "the line is no JSON object");
    }
    return read_members(plan, object, values, error);
}

static int import_line(import_session *session, const import_plan *plan, bbots_text line,
                       const jsonl_reader *reader)
{
    static jsonl_values values; /* large, and one at a time */
    void *packed = NULL;
    bbots_error error = {0};
    int code;
    jsonl_values_init(&values);
    if (read_row(plan, line, &packed, &values, &error) != BBOTS_OK) {
        code = import_session_refuse(session, reader->line, &error);
    } else {
        for (uint64_t left = plan->constant; left != 0; left &= left - 1) {
            unsigned column = (unsigned)__builtin_ctzll(left);
            values.values[column] = plan->constants[column];
        }
        code = import_session_row(session, plan->table, values.values,
                                  values.given | plan->constant, reader->line, reader->bytes);
    }
    jsonl_values_free(&values);
    free(packed);
    return code;
}

static bool is_blank(bbots_text line)
{
    return line.size == 0 || (line.size == 1 && line.data[0] == '\r');
}

int import_jsonl(import_session *session, const import_plan *plan, int descriptor)
{
    jsonl_reader reader;
    bbots_text line;
    bbots_error error = {0};
    int code = EXIT_DONE;
    int rc = BBOTS_OK;
    jsonl_reader_begin(&reader, descriptor);
    while (code == EXIT_DONE && (rc = jsonl_reader_next(&reader, &line)) == BBOTS_OK) {
        if (!is_blank(line)) {
            code = import_line(session, plan, line, &reader);
        }
    }
    if (code == EXIT_DONE && rc != BBOTS_END) {
        jsonl_fail(&error, rc, NULL, NULL, "%s",
                   rc == BBOTS_IO               ? strerror(errno)
                   : rc == BBOTS_LIMIT_EXCEEDED ? "the line is longer than 64 MiB"
                                                : "out of memory");
        code = import_session_refuse(session, rc == BBOTS_LIMIT_EXCEEDED ? reader.line : 0, &error);
    }
    session->bytes_before += reader.bytes;
    jsonl_reader_end(&reader);
    return code;
}
