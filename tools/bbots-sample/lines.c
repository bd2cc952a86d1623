/*
 * lines.c - rows as JSON lines.
 *
 * A million rows have to come out in a few seconds, so lines are put together in one large buffer
 * and stdio is not asked for each field. Decimals, times and uuids are strings, written by the
 * library's own functions: nothing is rounded on the way. A cell that is NULL is left out, and the
 * column takes its default, which is NULL for all of them but the serial.
 */
#include "tools/bbots-sample/lines.h"

#include <bbots/decimal.h>
#include <bbots/timestamp.h>
#include <bbots/uuid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The longest line is far below this: texts of the sample end at 255 bytes, 20 cells a row. */
enum { BATCH_LINES = 10000 };
enum { LINE_MAX_BYTES = 64 * 1024, BUFFER_BYTES = 1024 * 1024 };

static struct {
    size_t used;
    int failure;    /* errno of the first write that failed */
    uint64_t lines; /* operations since the last begin */
    char bytes[BUFFER_BYTES];
} output;

static void flush(void)
{
    if (output.failure == 0 && fwrite(output.bytes, 1, output.used, stdout) != output.used) {
        output.failure = errno;
    }
    output.used = 0;
}

static void put(const char *data, size_t size)
{
    memcpy(output.bytes + output.used, data, size);
    output.used += size;
}

static void put_string(const char *string)
{
    put(string, strlen(string));
}

static void put_byte(char byte)
{
    output.bytes[output.used++] = byte;
}

static void put_number(int64_t number)
{
    char digits[BBOTS_DECIMAL_TEXT_MAX];
    put(digits, bbots_decimal_print(number, 0, digits));
}

/* Text with what JSON does not allow inside a string escaped. */
static void put_text(const char *data, size_t size)
{
    put_byte('"');
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)data[i];
        if (byte < 0x20) {
            static const char digits[] = "0123456789abcdef";
            put("\\u00", 4);
            put_byte(digits[byte >> 4]);
            put_byte(digits[byte & 15]);
            continue;
        }
        if (byte == '"' || byte == '\\') {
            put_byte('\\');
        }
        put_byte(data[i]);
    }
    put_byte('"');
}

static void put_uuid(const cell *from)
{
    char text[BBOTS_UUID_TEXT_MAX];
    bbots_uuid uuid;
    memcpy(uuid.bytes, from->data, sizeof uuid.bytes);
    put_text(text, bbots_uuid_print(&uuid, text));
}

static void put_timestamp(int64_t time)
{
    char text[BBOTS_TIMESTAMP_TEXT_MAX];
    put_text(text, bbots_timestamp_print(time, false, BBOTS_TIMESTAMP_ISO, text));
}

static void put_cost(int64_t cost)
{
    char text[BBOTS_DECIMAL_TEXT_MAX];
    put_text(text, bbots_decimal_print(cost, WORKLOAD_COST_SCALE, text));
}

static void put_cell(const cell *from)
{
    switch (from->kind) {
    case CELL_NULL:
        put_string("null");
        break;
    case CELL_INTEGER:
        put_number(from->number);
        break;
    case CELL_BOOLEAN:
        put_string(from->number != 0 ? "true" : "false");
        break;
    case CELL_COST:
        put_cost(from->number);
        break;
    case CELL_TIMESTAMP:
        put_timestamp(from->number);
        break;
    case CELL_TEXT:
        put_text(from->data, from->size);
        break;
    case CELL_JSON:
        put(from->data, from->size);
        break;
    case CELL_UUID:
        put_uuid(from);
        break;
    }
}

/* What stands before the row of an operation; a transaction begins with every 10,000th. */
static void put_operation(const char *table)
{
    if (output.lines == BATCH_LINES) {
        put_string("{\"op\":\"commit\"}\n");
        output.lines = 0;
    }
    if (output.lines++ == 0) {
        put_string("{\"op\":\"begin\"}\n");
    }
    put_string("{\"op\":\"insert\",\"table\":\"");
    put_string(table);
    put_string("\",\"row\":");
}

void line_put(line_form form, workload_number number, const cell cells[WORKLOAD_CELLS_MAX])
{
    const workload_table *table = &workload_tables[number];
    char before = '{';
    if (output.used > BUFFER_BYTES - LINE_MAX_BYTES) {
        flush();
    }
    if (form == LINE_OPERATION) {
        put_operation(table->name);
    }
    for (unsigned i = 0; i < table->column_count; i++) {
        if (cells[i].kind != CELL_NULL) {
            put_byte(before);
            put_byte('"');
            put_string(table->columns[i]);
            put("\":", 2);
            put_cell(&cells[i]);
            before = ',';
        }
    }
    put_string(form == LINE_OPERATION ? "}}\n" : "}\n");
}

int lines_end(void)
{
    if (output.lines > 0) {
        put_string("{\"op\":\"commit\"}\n");
    }
    flush();
    if (output.failure == 0 && fflush(stdout) != 0) {
        output.failure = errno;
    }
    errno = output.failure;
    return output.failure == 0 ? 0 : -1;
}
