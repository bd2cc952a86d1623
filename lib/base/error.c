/*
 * base/error.c - filling the caller's error object, and the texts of the status codes.
 *
 * An error is data, not a channel: it is written once, at the place that knows most about the
 * failure, and whoever unwinds only passes the number up. That is why the first failure wins; a
 * clean-up that fails later must not hide its cause.
 *
 * Messages and names are cut at a character's border, so that an error text is valid UTF-8
 * whenever what went into it was.
 */
#include <base/error.h>

#include <base/status_table.h>
#include <base/utf8.h>

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* How much of a text bb_quote shows: 64 bytes, each at most four characters, quotes, dots, NUL. */
#define QUOTE_BYTES 64
_Static_assert(QUOTE_BYTES * 4 + 2 + 3 + 1 <= BB_QUOTE_MAX, "a quoted text fits its buffer");

/* Linear: the list is short and only failures look here. */
static const bb_status_entry *find(int status)
{
    for (size_t i = 0; i < bb_status_count; i++) {
        if (bb_status_table[i].number == status) {
            return &bb_status_table[i];
        }
    }
    return NULL;
}

const char *bbots_status_name(int status)
{
    const bb_status_entry *entry = find(status);
    return entry != NULL ? entry->name : "UNKNOWN";
}

const char *bbots_status_sqlstate(int status)
{
    const bb_status_entry *entry = find(status);
    return entry != NULL ? entry->sqlstate : "XX000";
}

const char *bbots_status_text(int status)
{
    const bb_status_entry *entry = find(status);
    return entry != NULL ? entry->text : "unknown status";
}

/*
 * The end of a text that was cut at size bytes, more than a character has: back to before a character
 * that lost its tail.
 */
static size_t whole_characters(const char *text, size_t size)
{
    size_t tail = 0;
    assert(size > 3);
    while (tail < 3 && ((unsigned char)text[size - 1 - tail] & 0xC0u) == 0x80u) {
        tail++;
    }
    unsigned char lead = (unsigned char)text[size - 1 - tail];
    if (lead < 0xC2 || lead > 0xF4) {
        return size; /* the last character is ASCII, or nothing that could be cut in two */
    }
    size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    return tail + 1 < length ? size - 1 - tail : size;
}

static void copy_name(char to[BBOTS_NAME_MAX + 1], const char *name)
{
    size_t size = name != NULL ? strnlen(name, BBOTS_NAME_MAX + 1) : 0;
    if (size > BBOTS_NAME_MAX) {
        size = whole_characters(name, BBOTS_NAME_MAX);
    }
    if (size > 0) {
        memcpy(to, name, size);
    }
    to[size] = '\0';
}

/* Adds formatted text behind the message; what does not fit is cut. */
__attribute__((format(printf, 2, 0))) static void append(bbots_error *error, const char *format,
                                                         va_list arguments)
{
    size_t used = strlen(error->message);
    size_t room = sizeof error->message - used;
    int written = vsnprintf(error->message + used, room, format, arguments);
    if (written < 0) {
        error->message[used] = '\0';
    } else if ((size_t)written >= room) {
        size_t cut = whole_characters(error->message, sizeof error->message - 1);
        error->message[cut] = '\0';
    }
}

__attribute__((format(printf, 2, 3))) static void append_text(bbots_error *error,
                                                              const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append(error, format, arguments);
    va_end(arguments);
}

/* Starts a new error; false when there is no object or an earlier failure is in it. */
static bool begin(bbots_error *error, int code)
{
    assert(code < 0);
    if (error == NULL || error->code != BBOTS_OK) {
        return false;
    }
    bb_error_clear(error);
    error->code = code;
    memcpy(error->sqlstate, bbots_status_sqlstate(code), sizeof error->sqlstate);
    return true;
}

int bb_fail(bbots_error *error, int code, const char *format, ...)
{
    if (begin(error, code)) {
        va_list arguments;
        va_start(arguments, format);
        append(error, format, arguments);
        va_end(arguments);
    }
    return code;
}

int bb_fail_at(bbots_error *error, int code, const char *table, const char *column,
               const char *constraint, const char *format, ...)
{
    if (begin(error, code)) {
        copy_name(error->table, table);
        copy_name(error->column, column);
        copy_name(error->constraint, constraint);
        va_list arguments;
        va_start(arguments, format);
        append(error, format, arguments);
        va_end(arguments);
    }
    return code;
}

int bb_fail_system(bbots_error *error, int code, int system, const char *format, ...)
{
    if (begin(error, code)) {
        error->system = system;
        va_list arguments;
        va_start(arguments, format);
        append(error, format, arguments);
        va_end(arguments);
        char buffer[128]; /* strerror would share one buffer between threads */
        append_text(error, ": %s", strerror_r(system, buffer, sizeof buffer));
    }
    return code;
}

void bb_error_give(bbots_error *to, const bbots_error *from)
{
    if (to != NULL) {
        *to = *from;
    }
}

void bb_error_clear(bbots_error *error)
{
    if (error != NULL) {
        /* Every statement begins so: each text's first byte is enough, not all 700 bytes. */
        error->code = BBOTS_OK;
        error->system = 0;
        memset(error->sqlstate, 0, sizeof error->sqlstate);
        error->table[0] = '\0';
        error->column[0] = '\0';
        error->constraint[0] = '\0';
        error->message[0] = '\0';
        error->row = 0;
    }
}

/* The bytes of the printable character that starts at data, or 0 when none does. */
static size_t printable_character(const unsigned char *data, size_t size)
{
    if (data[0] < 0x80) {
        return data[0] >= 0x20 && data[0] != 0x7F ? 1 : 0;
    }
    size_t length = data[0] < 0xE0 ? 2 : data[0] < 0xF0 ? 3 : 4;
    bool control = data[0] == 0xC2 && size >= 2 && data[1] < 0xA0; /* U+0080 to U+009F */
    if (length > size || control || !bb_utf8_valid((const char *)data, length)) {
        return 0;
    }
    return length;
}

const char *bb_quote(const void *data, size_t size, char buffer[BB_QUOTE_MAX])
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    size_t shown = size <= QUOTE_BYTES ? size : whole_characters(data, QUOTE_BYTES);
    char *out = buffer;
    *out++ = '"';
    for (size_t i = 0; i < shown;) {
        size_t length = printable_character(bytes + i, shown - i);
        if (length > 0) {
            memcpy(out, bytes + i, length);
            out += length;
            i += length;
        } else {
            *out++ = '\\';
            *out++ = 'x';
            *out++ = digits[bytes[i] >> 4];
            *out++ = digits[bytes[i] & 15u];
            i++;
        }
    }
    *out++ = '"';
    memcpy(out, size > shown ? "..." : "", size > shown ? 4 : 1);
    return buffer;
}
