/*
 * json_out.c - values and rows as JSON.
 *
 * Characters that a terminal would obey, also those that RFC 8259 allows bare, are written as
 * \uxxxx: the same JSON value, and harmless to look at. Secrets are written like any
 * other value: whoever calls decides whether a column may be seen.
 */
#include "inspect.h"

#include <stdlib.h>

/*
 * The code point at `at` when it is one that JSON allows bare and a terminal should not see:
 * U+0080 to U+009F, and the marks that turn the direction of writing or end a line. *length is
 * then its bytes in UTF-8. Otherwise 0.
 */
static unsigned hidden_point(const unsigned char *at, const unsigned char *end, unsigned *length)
{
    *length = 2;
    if (at[0] == 0xc2 && end - at >= 2 && at[1] >= 0x80 && at[1] < 0xa0) {
        return at[1];
    }
    *length = 3;
    if (at[0] != 0xe2 || end - at < 3) {
        return 0;
    }
    unsigned point = 0x2000u | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
    bool marks = (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
                 point == 0x200e || point == 0x200f;
    return marks ? point : 0;
}

void json_put_string(FILE *out, const char *data, size_t size)
{
    static const char short_names[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    const unsigned char *end = (const unsigned char *)data + size;
    putc('"', out);
    for (const unsigned char *at = (const unsigned char *)data; at < end; at++) {
        unsigned length;
        unsigned point = hidden_point(at, end, &length);
        const char *name = *at != 0 ? strchr(short_names, *at) : NULL;
        if (point != 0) {
            fprintf(out, "\\u%04x", point);
            at += length - 1;
        } else if (name != NULL && (*at < 0x20 || *at == '"' || *at == '\\')) {
            putc('\\', out);
            putc(*at < 0x20 ? name[1] : *at, out);
        } else if (*at < 0x20 || *at == 0x7f) {
            fprintf(out, "\\u%04x", *at);
        } else {
            putc(*at, out);
        }
    }
    putc('"', out);
}

/* JSON text as it is, but for controls, which can stand inside its strings only. */
static void put_json(FILE *out, const char *data, size_t size)
{
    const unsigned char *end = (const unsigned char *)data + size;
    for (const unsigned char *at = (const unsigned char *)data; at < end; at++) {
        unsigned length;
        unsigned point = hidden_point(at, end, &length);
        if (point != 0) {
            fprintf(out, "\\u%04x", point);
            at += length - 1;
        } else if (*at == 0x7f) {
            fputs("\\u007f", out);
        } else {
            putc(*at, out);
        }
    }
}

/* What PostgreSQL's text of a value is in JSON. */
static bool is_bare(const bbots_column *column, const char *text)
{
    switch (column->type) {
    case BBOTS_TYPE_SMALLINT:
    case BBOTS_TYPE_INTEGER:
    case BBOTS_TYPE_BIGINT:
    case BBOTS_TYPE_VECTOR:
        return true;
    case BBOTS_TYPE_REAL:
    case BBOTS_TYPE_DOUBLE:
        return text[strspn(text, "-+.0123456789e")] == '\0'; /* no NaN, no Infinity */
    default:
        return false;
    }
}

int json_put_value(FILE *out, const bbots_table *table, unsigned column, const bbots_value *value)
{
    char *text;
    size_t size;
    if (value->kind == BBOTS_NULL) {
        fputs("null", out);
        return BBOTS_OK;
    }
    if (value->kind == BBOTS_SEALED) {
        fputs("{\"$sealed\":true}", out);
        return BBOTS_OK;
    }
    if (value->kind == BBOTS_BOOLEAN) {
        fputs(value->boolean ? "true" : "false", out);
        return BBOTS_OK;
    }
    int rc = bbots_value_print(table, column, value, BBOTS_TIMESTAMP_ISO, &text, &size, NULL);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (table->columns[column].type == BBOTS_TYPE_JSONB) {
        put_json(out, text, size);
    } else if (is_bare(&table->columns[column], text)) {
        fwrite(text, 1, size, out);
    } else {
        json_put_string(out, text, size);
    }
    free(text);
    return BBOTS_OK;
}

int json_put_row(FILE *out, const bbots_row *row)
{
    const bbots_table *table = row->table;
    putc('{', out);
    for (unsigned i = 0; i < table->column_count; i++) {
        bbots_value value = bbots_row_value(row, i);
        fputs(i > 0 ? "," : "", out);
        json_put_string(out, table->columns[i].name, strlen(table->columns[i].name));
        putc(':', out);
        int rc = json_put_value(out, table, i, &value);
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
    putc('}', out);
    return BBOTS_OK;
}
