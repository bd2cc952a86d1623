/*
 * terminal.c - what may be written to a terminal and how much room it takes there.
 *
 * UTF-8 is read here by hand and not by mbrtowc(): the store is UTF-8 whatever the locale says, and
 * a damaged byte must show as such and not end the text.
 */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

/* ------------------------------------------------------------------ characters */

/* The code point at data, and its length in bytes; length 0 when the bytes are no UTF-8. */
static unsigned long decode(const unsigned char *data, size_t size, size_t *length)
{
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = data[0];
    size_t need = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    unsigned long point = need == 1 ? first : first & (0x7fu >> need);
    *length = 0;
    if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || need > size) {
        return 0;
    }
    for (size_t i = 1; i < need; i++) {
        if ((data[i] & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (data[i] & 0x3f);
    }
    if (point < least[need] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        return 0;
    }
    *length = need;
    return point;
}

static void escape(glyph *shown, const char *format, unsigned long point)
{
    /* every caller's format has one hexadecimal conversion */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    int size = snprintf(shown->bytes, sizeof shown->bytes, format, point);
#pragma GCC diagnostic pop
    shown->size = (unsigned)size;
    shown->width = (unsigned)size;
}

/* Marks that change the direction of what follows, and those that end a line: not for show. */
static bool misleads(unsigned long point)
{
    return (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
           point == 0x200e || point == 0x200f || point == 0x061c || point == 0x2028 ||
           point == 0x2029 || point == 0xfeff;
}

size_t glyph_next(const char *data, size_t size, glyph *shown)
{
    size_t length;
    unsigned long point = decode((const unsigned char *)data, size, &length);
    if (length == 0) {
        escape(shown, "\\x%02lx", (unsigned char)data[0]);
        return 1;
    }
    if (point == '\n' || point == '\t' || point == '\r') {
        shown->bytes[0] = '\\';
        shown->bytes[1] = point == '\n' ? 'n' : point == '\t' ? 't' : 'r';
        shown->size = shown->width = 2;
    } else if (point < 0x20 || point == 0x7f) {
        escape(shown, "\\x%02lx", point);
    } else if ((point >= 0x80 && point < 0xa0) || misleads(point)) {
        escape(shown, "\\u%04lx", point);
    } else {
        int width = wcwidth((wchar_t)point);
        memcpy(shown->bytes, data, length);
        shown->size = (unsigned)length;
        shown->width = width < 0 ? 1 : (unsigned)width;
    }
    return length;
}

size_t text_width(const char *data, size_t size)
{
    size_t width = 0;
    glyph shown;
    for (size_t at = 0; at < size;) {
        at += glyph_next(data + at, size - at, &shown);
        width += shown.width;
    }
    return width;
}

void text_put(FILE *out, const char *data, size_t size)
{
    glyph shown;
    for (size_t at = 0; at < size;) {
        at += glyph_next(data + at, size - at, &shown);
        fwrite(shown.bytes, 1, shown.size, out);
    }
}

/* Where a line of wrapped text stands; columns count from the terminal's edge. */
typedef struct wrapping {
    FILE *out;
    size_t indent; /* of the lines after the first */
    size_t end;    /* the column behind the last usable one; 0: lines do not end */
    size_t column;
} wrapping;

static void next_line(wrapping *to)
{
    fprintf(to->out, "\n%*s", (int)to->indent, "");
    to->column = to->indent;
}

/* Writes a word, broken where the line ends. */
static void put_word(wrapping *to, const char *word, size_t size)
{
    glyph shown;
    for (size_t at = 0; at < size;) {
        at += glyph_next(word + at, size - at, &shown);
        if (to->end > 0 && to->column + shown.width > to->end) {
            next_line(to);
        }
        fwrite(shown.bytes, 1, shown.size, to->out);
        to->column += shown.width;
    }
}

/* Lines after the first are indented by `hang` more. */
static void put_lines(FILE *out, size_t indent, size_t hang, size_t width, const char *text)
{
    enum { LEAST = 10 }; /* however narrow the terminal, a line has so much text */
    size_t least = indent + hang + LEAST;
    wrapping to = {out, indent + hang, width == 0 || width > least ? width : least, indent};
    fprintf(out, "%*s", (int)indent, "");
    for (bool first = true; *text != '\0'; first = false) {
        size_t size = strcspn(text, " ");
        if (!first && to.end > 0 && to.column + 1 + text_width(text, size) > to.end) {
            next_line(&to);
        } else if (!first) {
            putc(' ', out);
            to.column++;
        }
        put_word(&to, text, size);
        text += size + strspn(text + size, " ");
    }
    putc('\n', out);
}

void text_put_wrapped(FILE *out, size_t indent, size_t width, const char *text)
{
    put_lines(out, indent, 0, width, text);
}

void text_put_hanging(FILE *out, size_t indent, size_t width, const char *text)
{
    put_lines(out, indent, 4, width, text);
}

/* ------------------------------------------------------------------ the terminal */

size_t terminal_width(FILE *stream)
{
    struct winsize size;
    int descriptor = fileno(stream);
    if (!isatty(descriptor)) {
        return 0;
    }
    const char *columns = getenv("COLUMNS");
    long asked = columns != NULL ? strtol(columns, NULL, 10) : 0;
    if (asked > 0 && asked < 100000) {
        return (size_t)asked;
    }
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool terminal_has_colour(FILE *stream)
{
    const char *refused = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) && (refused == NULL || refused[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}
