/*
 * jsonl_error.c - errors that the tool finds before the library is asked.
 *
 * They take the library's own form, with its codes, so that a program that reads the answers of
 * `apply` has one kind of error to understand. What is quoted comes from a stranger's file: it is
 * cut at a character's border, because an answer has to be valid UTF-8.
 */
#include "jsonl_error.h"

#include <stdarg.h>
#include <stdio.h>

/* The longest beginning of at most `most` bytes that cuts no character in two. */
static size_t whole_characters(const char *text, size_t size, size_t most)
{
    if (size <= most) {
        return size;
    }
    while (most > 0 && ((unsigned char)text[most] & 0xC0u) == 0x80u) {
        most--;
    }
    return most;
}

int jsonl_fail(bbots_error *error, int code, const bbots_table *table, const char *column,
               const char *format, ...)
{
    va_list arguments;
    char message[1024];
    memset(error, 0, sizeof *error);
    error->code = code;
    snprintf(error->sqlstate, sizeof error->sqlstate, "%s", bbots_status_sqlstate(code));
    snprintf(error->table, sizeof error->table, "%s", table != NULL ? table->name : "");
    snprintf(error->column, sizeof error->column, "%s", column != NULL ? column : "");
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    size_t size = whole_characters(message, strlen(message), sizeof error->message - 1);
    memcpy(error->message, message, size);
    error->message[size] = '\0';
    return code;
}

void jsonl_error_at_line(bbots_error *error, uint64_t line)
{
    char message[sizeof error->message + 40];
    int length = snprintf(message, sizeof message, "line %llu: %s", (unsigned long long)line,
                          error->message);
    size_t size = whole_characters(message, (size_t)length, sizeof error->message - 1);
    memcpy(error->message, message, size);
    error->message[size] = '\0';
}

const char *jsonl_name(bbots_text name, char buffer[JSONL_NAME_SHOWN])
{
    size_t size = whole_characters(name.data, name.size, BBOTS_NAME_MAX);
    snprintf(buffer, JSONL_NAME_SHOWN, "\"%.*s%s\"", (int)size, name.data,
             size < name.size ? "..." : "");
    return buffer;
}
