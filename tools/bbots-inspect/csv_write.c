/*
 * csv_write.c - CSV in which NULL and the empty text differ.
 *
 * RFC 4180 knows no NULL. The usual reading, PostgreSQL's, is kept: nothing between two delimiters
 * is NULL and "" is the empty text. Fields that begin or end with a blank are quoted too, because
 * some readers drop such blanks.
 */
#include "csv_write.h"

#include <stdlib.h>

static bool needs_quotes(const char *data, size_t size)
{
    if (size == 0 || data[0] == ' ' || data[size - 1] == ' ') {
        return true;
    }
    for (size_t i = 0; i < size; i++) {
        if (data[i] == ',' || data[i] == '"' || data[i] == '\n' || data[i] == '\r') {
            return true;
        }
    }
    return false;
}

void csv_put_text(FILE *out, const char *data, size_t size)
{
    if (!needs_quotes(data, size)) {
        fwrite(data, 1, size, out);
        return;
    }
    putc('"', out);
    const char *end = data + size;
    for (const char *quote; (quote = memchr(data, '"', (size_t)(end - data))) != NULL;) {
        fwrite(data, 1, (size_t)(quote - data) + 1, out);
        putc('"', out);
        data = quote + 1;
    }
    fwrite(data, 1, (size_t)(end - data), out);
    putc('"', out);
}

int csv_put_value(FILE *out, const bbots_table *table, unsigned column, const bbots_value *value)
{
    char *text = NULL;
    size_t size;
    if (value->kind == BBOTS_NULL) {
        return BBOTS_OK;
    }
    if (value->kind == BBOTS_TEXT) {
        csv_put_text(out, value->data, value->size);
        return BBOTS_OK;
    }
    int rc = bbots_value_print(table, column, value, BBOTS_TIMESTAMP_ISO, &text, &size, NULL);
    if (rc == BBOTS_OK) {
        csv_put_text(out, text, size);
        free(text);
    }
    return rc;
}
