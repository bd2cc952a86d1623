/*
 * apply_request.c - from a line of text to a request that can be run.
 *
 * The line is packed once, whole, and everything in the request points into it. A request is
 * judged in three steps, each of which may rely on the ones before: its shape (members known,
 * present and of the right JSON type), its names (table, columns, index), its values. Nothing here
 * touches the store's rows; what passes can still be refused by the library, with an error of its
 * own.
 */
#include "apply_request.h"

#include "jsonl_error.h"

#include <stdlib.h>

static const struct {
    const char *name;
    bbots_json_type type;
    const char *type_name;
} members[MEMBER_COUNT] = {[MEMBER_TABLE] = {"table", BBOTS_JSON_STRING, "a string"},
                           [MEMBER_ROW] = {"row", BBOTS_JSON_OBJECT, "an object"},
                           [MEMBER_KEY] = {"key", BBOTS_JSON_OBJECT, "an object"},
                           [MEMBER_SET] = {"set", BBOTS_JSON_OBJECT, "an object"},
                           [MEMBER_CONFLICT] = {"conflict", BBOTS_JSON_ARRAY, "an array"},
                           [MEMBER_INDEX] = {"index", BBOTS_JSON_STRING, "a string"},
                           [MEMBER_FROM] = {"from", BBOTS_JSON_ARRAY, "an array"},
                           [MEMBER_TO] = {"to", BBOTS_JSON_ARRAY, "an array"},
                           [MEMBER_REVERSE] = {"reverse", BBOTS_JSON_BOOLEAN, "a boolean"},
                           [MEMBER_LIMIT] = {"limit", BBOTS_JSON_INTEGER, "an integer"},
                           [MEMBER_NAME] = {"name", BBOTS_JSON_STRING, "a string"},
                           [MEMBER_MAX_ROWS] = {"max_rows", BBOTS_JSON_INTEGER, "an integer"}};

static bool given(const apply_request *request, apply_member member)
{
    return request->members[member].data != NULL;
}

/* ------------------------------------------------------------------ shape */

static int read_op(apply_request *request, bbots_json line, bbots_error *error)
{
    bbots_json op;
    bbots_text name;
    char shown[JSONL_NAME_SHOWN];
    if (bbots_json_type_of(line) != BBOTS_JSON_OBJECT) {
        return jsonl_fail(error, BBOTS_SYNTAX, NULL, NULL, "the line is no JSON object");
    }
    if (bbots_json_member(line, bbots_text_of("op"), &op) != BBOTS_OK) {
        return jsonl_fail(error, BBOTS_SYNTAX, NULL, NULL, "member \"op\" is missing");
    }
    if (bbots_json_string(op, &name) != BBOTS_OK) {
        return jsonl_fail(error, BBOTS_WRONG_TYPE, NULL, NULL, "member \"op\" must be a string");
    }
    request->op = apply_op_find(name);
    return request->op != NULL ? BBOTS_OK
                               : jsonl_fail(error, BBOTS_SYNTAX, NULL, NULL,
                                            "there is no operation %s", jsonl_name(name, shown));
}

/* Files one member of the line. A null stands for a member that is not given, if it may be so. */
static int file_member(apply_request *request, bbots_text name, bbots_json element,
                       bbots_error *error)
{
    const apply_op *op = request->op;
    char shown[JSONL_NAME_SHOWN];
    unsigned m = 0;
    while (m < MEMBER_COUNT && (strlen(members[m].name) != name.size ||
                                memcmp(members[m].name, name.data, name.size) != 0)) {
        m++;
    }
    if (m == MEMBER_COUNT || ((op->needs | op->allows) & 1u << m) == 0) {
        return jsonl_fail(error, BBOTS_SYNTAX, NULL, NULL, "operation \"%s\" has no member %s",
                          op->name, jsonl_name(name, shown));
    }
    bbots_json_type type = bbots_json_type_of(element);
    if (type == BBOTS_JSON_NULL && (op->needs & 1u << m) == 0) {
        return BBOTS_OK;
    }
    if (type != members[m].type) {
        return jsonl_fail(error, BBOTS_WRONG_TYPE, NULL, NULL, "member \"%s\" must be %s",
                          members[m].name, members[m].type_name);
    }
    request->members[m] = element;
    return BBOTS_OK;
}

static int read_shape(apply_request *request, bbots_json line, bbots_error *error)
{
    size_t position = 0;
    bbots_text name;
    bbots_json element;
    int rc = read_op(request, line, error);
    while (rc == BBOTS_OK && bbots_json_next(line, &position, &name, &element) == BBOTS_OK) {
        if (name.size != 2 || memcmp(name.data, "op", 2) != 0) {
            rc = file_member(request, name, element, error);
        }
    }
    for (unsigned m = 0; m < MEMBER_COUNT && rc == BBOTS_OK; m++) {
        if ((request->op->needs & 1u << m) != 0 && !given(request, (apply_member)m)) {
            rc = jsonl_fail(error, BBOTS_SYNTAX, NULL, NULL,
                            "operation \"%s\" needs the member \"%s\"", request->op->name,
                            members[m].name);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ names */

/* A name as a C string; one that is too long for a name is cut and then fits nothing. */
static void copy_name(bbots_json json, size_t room, char *name)
{
    bbots_text text = {"", 0};
    if (bbots_json_string(json, &text) == BBOTS_OK) {
        snprintf(name, room, "%.*s", (int)(text.size < room ? text.size : room - 1), text.data);
    }
}

static int read_table(apply_request *request, const bbots_store *store, bbots_error *error)
{
    char name[BBOTS_NAME_MAX + 2] = "";
    bbots_text text = {"", 0};
    char shown[JSONL_NAME_SHOWN];
    copy_name(request->members[MEMBER_TABLE], sizeof name, name);
    request->table = bbots_schema_table(bbots_store_schema(store), name, NULL);
    if (request->table == NULL) {
        (void)!bbots_json_string(request->members[MEMBER_TABLE], &text);
        jsonl_fail(error, BBOTS_UNKNOWN_TABLE, NULL, NULL, "table %s does not exist",
                   jsonl_name(text, shown));
        if (strlen(name) < sizeof error->table) {
            memcpy(error->table, name, strlen(name) + 1);
        }
        return BBOTS_UNKNOWN_TABLE;
    }
    return BBOTS_OK;
}

static int read_index(apply_request *request, bbots_error *error)
{
    char name[BBOTS_NAME_MAX + 2] = "";
    bbots_text text = {"", 0};
    char shown[JSONL_NAME_SHOWN];
    if (!given(request, MEMBER_INDEX)) {
        request->index = 0;
        return BBOTS_OK;
    }
    copy_name(request->members[MEMBER_INDEX], sizeof name, name);
    int index = bbots_table_index(request->table, name);
    if (index < 0) {
        (void)!bbots_json_string(request->members[MEMBER_INDEX], &text);
        return jsonl_fail(error, BBOTS_UNKNOWN_INDEX, request->table, NULL,
                          "index %s of table \"%s\" does not exist", jsonl_name(text, shown),
                          request->table->name);
    }
    request->index = (unsigned)index;
    return BBOTS_OK;
}

static int find_unique(apply_request *request, const uint8_t *columns, unsigned count,
                       bbots_error *error)
{
    int index = count > 0 && count <= BBOTS_KEY_COLUMNS_MAX
                    ? bbots_table_unique_index(request->table, columns, count)
                    : -1;
    if (index < 0) {
        return jsonl_fail(error, BBOTS_NO_UNIQUE_KEY, request->table, NULL,
                          "the columns are no primary key and no unique key of table \"%s\"",
                          request->table->name);
    }
    request->index = (unsigned)index;
    return BBOTS_OK;
}

static int read_conflict(apply_request *request, bbots_error *error)
{
    uint8_t columns[BBOTS_KEY_COLUMNS_MAX];
    unsigned count = 0;
    size_t position = 0;
    bbots_json element;
    bbots_text name;
    char shown[JSONL_NAME_SHOWN];
    while (bbots_json_next(request->members[MEMBER_CONFLICT], &position, NULL, &element) ==
           BBOTS_OK) {
        if (bbots_json_string(element, &name) != BBOTS_OK) {
            return jsonl_fail(error, BBOTS_WRONG_TYPE, request->table, NULL,
                              "member \"conflict\" must be an array of column names");
        }
        int column = bbots_table_column(request->table, name);
        if (column < 0) {
            return jsonl_fail(error, BBOTS_UNKNOWN_COLUMN, request->table, NULL,
                              "column %s of table \"%s\" does not exist", jsonl_name(name, shown),
                              request->table->name);
        }
        if (count < BBOTS_KEY_COLUMNS_MAX) {
            columns[count] = (uint8_t)column;
        }
        count++;
    }
    return find_unique(request, columns, count, error);
}

/* ------------------------------------------------------------------ values */

static int read_key(apply_request *request, bbots_error *error)
{
    uint8_t columns[BBOTS_COLUMNS_MAX];
    unsigned count = 0;
    int rc = jsonl_values_read(&request->key, request->table, request->members[MEMBER_KEY], error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (uint64_t left = request->key.given; left != 0; left &= left - 1) {
        columns[count++] = (uint8_t)__builtin_ctzll(left);
    }
    rc = find_unique(request, columns, count, error);
    for (unsigned i = 0; rc == BBOTS_OK && i < count; i++) {
        unsigned column = request->table->indexes[request->index].columns[i];
        request->key_values[i] = request->key.values[column];
    }
    return rc;
}

/* One of the two bounds of a scan. */
static int read_bound(apply_request *request, unsigned which, uint8_t *count, bbots_error *error)
{
    static const apply_member names[] = {MEMBER_FROM, MEMBER_TO};
    const bbots_index *index = &request->table->indexes[request->index];
    jsonl_values *bound = &request->bounds[which];
    bbots_json array = request->members[names[which]];
    size_t position = 0;
    bbots_json element;
    int rc = BBOTS_OK;
    if (bbots_json_count(array) > index->column_count) {
        return jsonl_fail(error, BBOTS_INVALID_ARGUMENT, request->table, NULL,
                          "member \"%s\" has more values than index \"%s\" has columns",
                          members[names[which]].name, index->name);
    }
    for (; rc == BBOTS_OK && bbots_json_next(array, &position, NULL, &element) == BBOTS_OK;
         (*count)++) {
        unsigned column = index->columns[*count];
        rc = jsonl_value_set(bound, request->table, column, element, error);
        request->bound_values[which][*count] = bound->values[column];
    }
    return rc;
}

static int read_range(apply_request *request, bbots_error *error)
{
    bbots_range *range = &request->range;
    int64_t limit = 0;
    int rc = read_index(request, error);
    if (rc == BBOTS_OK && given(request, MEMBER_FROM)) {
        range->from = request->bound_values[0];
        rc = read_bound(request, 0, &range->from_count, error);
    }
    if (rc == BBOTS_OK && given(request, MEMBER_TO)) {
        range->to = request->bound_values[1];
        rc = read_bound(request, 1, &range->to_count, error);
    }
    if (rc == BBOTS_OK && given(request, MEMBER_REVERSE)) {
        rc = bbots_json_boolean(request->members[MEMBER_REVERSE], &range->reverse);
    }
    if (rc == BBOTS_OK && given(request, MEMBER_LIMIT)) {
        rc = bbots_json_integer(request->members[MEMBER_LIMIT], &limit);
        rc = rc == BBOTS_OK && limit < 0 ? jsonl_fail(error, BBOTS_INVALID_ARGUMENT, request->table,
                                                      NULL, "member \"limit\" must not be negative")
                                         : rc;
        range->limit = (uint64_t)limit;
    }
    return rc;
}

static int read_max_rows(apply_request *request, bbots_error *error)
{
    int64_t most = 0;
    int rc = bbots_json_integer(request->members[MEMBER_MAX_ROWS], &most);
    if (rc == BBOTS_OK && most < 0) {
        return jsonl_fail(error, BBOTS_INVALID_ARGUMENT, request->table, NULL,
                          "member \"max_rows\" must not be negative");
    }
    request->max_rows = (uint64_t)most;
    return rc;
}

static int read_savepoint(apply_request *request, bbots_error *error)
{
    bbots_text name = {"", 0};
    (void)!bbots_json_string(request->members[MEMBER_NAME], &name);
    if (name.size == 0 || name.size > BBOTS_NAME_MAX) {
        return jsonl_fail(error, BBOTS_INVALID_ARGUMENT, NULL, NULL,
                          "the name of a savepoint has 1 to %d bytes", BBOTS_NAME_MAX);
    }
    copy_name(request->members[MEMBER_NAME], sizeof request->name, request->name);
    return BBOTS_OK;
}

/* Everything that is not the request's shape: names first, for the values depend on them. */
static int read_content(apply_request *request, const bbots_store *store, bbots_error *error)
{
    unsigned known = request->op->needs | request->op->allows;
    int rc = BBOTS_OK;
    if (given(request, MEMBER_TABLE)) {
        rc = read_table(request, store, error);
    }
    if (rc == BBOTS_OK && given(request, MEMBER_KEY)) {
        rc = read_key(request, error);
    }
    if (rc == BBOTS_OK && given(request, MEMBER_CONFLICT)) {
        rc = read_conflict(request, error);
    }
    if (rc == BBOTS_OK && given(request, MEMBER_ROW)) {
        rc = jsonl_values_read(&request->row, request->table, request->members[MEMBER_ROW], error);
    }
    if (rc == BBOTS_OK && given(request, MEMBER_SET)) {
        rc = jsonl_values_read(&request->set, request->table, request->members[MEMBER_SET], error);
    }
    if (rc == BBOTS_OK && (known & 1u << MEMBER_INDEX) != 0) {
        rc = read_range(request, error);
    }
    if (rc == BBOTS_OK && given(request, MEMBER_NAME)) {
        rc = read_savepoint(request, error);
    }
    if (rc == BBOTS_OK && given(request, MEMBER_MAX_ROWS)) {
        rc = read_max_rows(request, error);
    }
    return rc;
}

/* ------------------------------------------------------------------ the whole */

static void init(apply_request *request)
{
    request->packed = NULL;
    request->op = NULL;
    request->table = NULL;
    request->max_rows = UINT64_MAX;
    memset(request->members, 0, sizeof request->members);
    memset(&request->range, 0, sizeof request->range);
    jsonl_values_init(&request->row);
    jsonl_values_init(&request->set);
    jsonl_values_init(&request->key);
    jsonl_values_init(&request->bounds[0]);
    jsonl_values_init(&request->bounds[1]);
}

int apply_request_read(apply_request *request, const bbots_store *store, bbots_text line,
                       bbots_error *error)
{
    size_t size;
    init(request);
    int rc = bbots_json_pack(line, &request->packed, &size, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_json packed = {request->packed, (uint32_t)size, BBOTS_JSON_PACKED};
    rc = read_shape(request, packed, error);
    return rc == BBOTS_OK ? read_content(request, store, error) : rc;
}

void apply_request_free(apply_request *request)
{
    jsonl_values_free(&request->row);
    jsonl_values_free(&request->set);
    jsonl_values_free(&request->key);
    jsonl_values_free(&request->bounds[0]);
    jsonl_values_free(&request->bounds[1]);
    free(request->packed);
}
