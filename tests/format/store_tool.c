/*
 * store_tool.c - makes and dumps a store of the tables of shapes.sql, through the public interface.
 *
 *   store_tool FILE create          a new store
 *   store_tool FILE upgrade         an existing one, brought to the compiled schema
 *   store_tool FILE apply           inserts in one transaction the lines of standard input, each
 *                                   {"op": "insert", "table": T, "row": {...}}
 *   store_tool FILE leave           the same without a flush, and leaves the store open when it ends
 *   store_tool FILE dump TABLE      the rows as JSON lines in the order of the primary key
 *   store_tool FILE index TABLE N   the same in the order of index N
 *   store_tool FILE digests         count and digest of each table, and of the store
 *
 * It is the other side of the comparison: reader.py must say the same from the bytes alone.
 */
#include <bbots/bbots.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const bbots_schema bbots_shapes_schema;

static bbots_error error;

static void must(int status, const char *what)
{
    if (status < 0) {
        fprintf(stderr, "store_tool: %s: %s (%s)\n", what, error.message,
                bbots_status_name(status));
        exit(1);
    }
}

/* A member of a row as the value that an import would hand in: numbers and times as text. */
static bbots_value value_of(bbots_json json, char buffer[24])
{
    bbots_text text = {NULL, 0};
    bool boolean;
    switch (bbots_json_type_of(json)) {
    case BBOTS_JSON_NULL:
        return bbots_value_null();
    case BBOTS_JSON_BOOLEAN:
        must(bbots_json_boolean(json, &boolean), "boolean");
        return bbots_value_boolean(boolean);
    case BBOTS_JSON_STRING:
        must(bbots_json_string(json, &text), "string");
        return bbots_value_text(text);
    case BBOTS_JSON_INTEGER:
    case BBOTS_JSON_NUMBER:
        must(bbots_json_number(json, buffer, &text), "number");
        return bbots_value_text(text);
    default:
        return bbots_value_json(json);
    }
}

static void insert_line(bbots_txn *txn, const bbots_schema *schema, bbots_text line)
{
    void *packed;
    size_t size;
    bbots_text name;
    char table_name[BBOTS_NAME_MAX + 1] = "";
    static char buffers[BBOTS_COLUMNS_MAX][24];
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given = 0;
    bbots_json member;
    must(bbots_json_pack(line, &packed, &size, &error), "a line");
    bbots_json whole = {packed, (uint32_t)size, BBOTS_JSON_PACKED};
    must(bbots_json_member(whole, bbots_text_of("table"), &member), "table");
    must(bbots_json_string(member, &name), "table");
    memcpy(table_name, name.data, name.size < BBOTS_NAME_MAX ? name.size : BBOTS_NAME_MAX);
    const bbots_table *table = bbots_schema_table(schema, table_name, NULL);
    bbots_json row;
    must(table != NULL ? BBOTS_OK : BBOTS_UNKNOWN_TABLE, table_name);
    must(bbots_json_member(whole, bbots_text_of("row"), &row), "row");
    size_t position = 0;
    while (bbots_json_next(row, &position, &name, &member) == BBOTS_OK) {
        int column = bbots_table_column(table, name);
        must(column >= 0 ? BBOTS_OK : BBOTS_UNKNOWN_COLUMN, "column");
        bool document = table->columns[column].type == BBOTS_TYPE_JSONB;
        values[column] = document ? bbots_value_json(member) : value_of(member, buffers[column]);
        given |= BBOTS_COLUMN_BIT(column);
    }
    must(bbots_insert(txn, table, values, given, NULL, &error), "insert");
    free(packed);
}

static void apply(bbots_store *store)
{
    bbots_txn *txn;
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    must(bbots_begin(store, BBOTS_WRITE, &txn, &error), "begin");
    while ((size = getline(&line, &room, stdin)) > 0) {
        bbots_text text = {line, (size_t)size};
        insert_line(txn, bbots_store_schema(store), text);
    }
    must(bbots_commit(txn, &error), "commit");
    free(line);
}

static void put_string(const char *text, size_t size)
{
    putchar('"');
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            printf("\\%c", c);
        } else if (c < 32) {
            printf("\\u%04x", c);
        } else {
            putchar(c);
        }
    }
    putchar('"');
}

/* As text in quotes, but for what JSON can say itself. */
static void put_value(const bbots_table *table, unsigned column, const bbots_value *value)
{
    char *text;
    size_t size;
    must(bbots_value_print(table, column, value, BBOTS_TIMESTAMP_ISO, &text, &size, &error),
         "print");
    unsigned type = table->columns[column].type;
    bool real = value->kind == BBOTS_FLOAT && value->real - value->real == 0;
    if (text == NULL) {
        printf("null");
    } else if (type <= BBOTS_TYPE_BIGINT || type == BBOTS_TYPE_JSONB ||
               type == BBOTS_TYPE_VECTOR || real) {
        fwrite(text, 1, size, stdout);
    } else {
        put_string(text, size);
    }
    free(text);
}

static void dump(bbots_store *store, const char *name, unsigned index)
{
    bbots_txn *txn;
    bbots_cursor *cursor;
    bbots_row row;
    const bbots_table *table = bbots_store_table(store, name, &error);
    must(table != NULL ? BBOTS_OK : BBOTS_UNKNOWN_TABLE, name);
    must(bbots_begin(store, BBOTS_READ, &txn, &error), "begin");
    must(bbots_cursor_open(txn, table, index, NULL, &cursor, &error), "cursor");
    int status;
    while ((status = bbots_cursor_next(cursor, &row, &error)) == BBOTS_OK) {
        for (unsigned c = 0; c < table->column_count; c++) {
            bbots_value value = bbots_row_value(&row, c);
            printf("%s\"%s\": ", c == 0 ? "{" : ", ", table->columns[c].name);
            put_value(table, c, &value);
        }
        puts("}");
    }
    must(status, "next");
    bbots_cursor_close(cursor);
    bbots_rollback(txn);
}

static void put_digest(const bbots_digest *digest)
{
    for (unsigned i = 0; i < sizeof digest->bytes; i++) {
        printf("%02x", digest->bytes[i]);
    }
    putchar('\n');
}

static void digests(bbots_store *store)
{
    const bbots_schema *schema = bbots_store_schema(store);
    bbots_txn *txn;
    bbots_digest digest;
    must(bbots_begin(store, BBOTS_READ, &txn, &error), "begin");
    for (uint32_t t = 0; t < schema->table_count; t++) {
        uint64_t count = 0;
        must(bbots_count(txn, schema->tables[t], &count, &error), "count");
        must(bbots_table_digest(txn, schema->tables[t], &digest, &error), "digest");
        printf("%s %" PRIu64 " ", schema->tables[t]->name, count);
        put_digest(&digest);
    }
    must(bbots_store_digest(txn, &digest, &error), "digest");
    printf("store ");
    put_digest(&digest);
    bbots_rollback(txn);
}

int main(int argc, char **argv)
{
    bbots_options options = {0};
    bbots_store *store;
    const char *command = argc > 2 ? argv[2] : "";
    if (strcmp(command, "create") == 0) {
        options.schema = &bbots_shapes_schema;
        options.flags = BBOTS_OPEN_CREATE | BBOTS_OPEN_EXCLUSIVE;
    } else if (strcmp(command, "upgrade") == 0) {
        options.schema = &bbots_shapes_schema;
        options.flags = BBOTS_OPEN_UPGRADE;
    }
    bool leave = strcmp(command, "leave") == 0;
    options.durability = leave ? BBOTS_BUFFERED : BBOTS_DURABLE;
    must(argc > 2 ? bbots_open(argv[1], &options, &store, &error) : BBOTS_SYNTAX, "open");
    if (strcmp(command, "apply") == 0 || leave) {
        apply(store);
    } else if (strcmp(command, "dump") == 0 && argc > 3) {
        dump(store, argv[3], 0);
    } else if (strcmp(command, "index") == 0 && argc > 4) {
        dump(store, argv[3], (unsigned)strtoul(argv[4], NULL, 10));
    } else if (strcmp(command, "digests") == 0) {
        digests(store);
    }
    if (leave) {
        _exit(0);
    }
    must(bbots_close(store, &error), "close");
    return 0;
}
