/*
 * codec/float.c - floating point numbers as text.
 *
 * The shortest text is found by trying: 1 to 17 significant digits (9 for single precision) until
 * one reads back as the same number. PostgreSQL uses Ryu for the same result; rows with many
 * floats are rare here, so the C library's conversions do.
 */
#include "codec/float.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define TEXT_MAX 512 /* of a number on the way in; a longer one is refused as no number */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bbots_text trimmed(bbots_text text)
{
    while (text.size > 0 && is_blank(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

/* The names that PostgreSQL takes for numbers that are none. */
static bool parse_special(const char *word, double *real)
{
    bool negative = word[0] == '-';
    const char *name = word + (negative || word[0] == '+' ? 1 : 0);
    if (strcasecmp(name, "infinity") == 0 || strcasecmp(name, "inf") == 0) {
        *real = negative ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    if (strcasecmp(word, "nan") == 0) {
        *real = (double)NAN;
        return true;
    }
    return false;
}

int codec_float_parse(bbots_text text, bool single, double *real)
{
    char word[TEXT_MAX];
    text = trimmed(text);
    if (text.size == 0 || text.size >= sizeof word) {
        return BBOTS_INVALID_TEXT;
    }
    memcpy(word, text.data, text.size);
    word[text.size] = '\0';
    if (strlen(word) != text.size) {
        return BBOTS_INVALID_TEXT;
    }
    if (parse_special(word, real)) {
        return BBOTS_OK;
    }
    if (strspn(word, "+-0123456789.eE") != text.size) {
        return BBOTS_INVALID_TEXT; /* strtod would take hexadecimal and nan(...) */
    }
    char *end;
    errno = 0;
    *real = single ? (double)strtof(word, &end) : strtod(word, &end);
    if (end != word + text.size) {
        return BBOTS_INVALID_TEXT;
    }
    if (errno == ERANGE && (*real == 0 || isinf(*real))) {
        return BBOTS_NUMERIC_OUT_OF_RANGE;
    }
    return BBOTS_OK;
}

static bool reads_back(const char *text, double real, bool single)
{
    return single ? strtof(text, NULL) == (float)real : strtod(text, NULL) == real;
}

/* Finds the shortest digits of a finite number that is not zero. Returns the decimal exponent. */
static int shortest_digits(double real, bool single, char digits[24])
{
    char text[40];
    int most = single ? 9 : 17;
    int places = 0;
    do {
        snprintf(text, sizeof text, "%.*e", places++, real);
    } while (places < most && !reads_back(text, real, single));
    size_t count = 0;
    const char *c = text;
    for (; *c != 'e'; c++) {
        if (*c >= '0' && *c <= '9') {
            digits[count++] = *c;
        }
    }
    while (count > 1 && digits[count - 1] == '0') {
        count--;
    }
    digits[count] = '\0';
    return atoi(c + 1);
}

static size_t print_plain(const char *digits, int exponent, char *out)
{
    size_t size = 0;
    int count = (int)strlen(digits);
    if (exponent < 0) {
        out[size++] = '0';
        out[size++] = '.';
        for (int i = -1; i > exponent; i--) {
            out[size++] = '0';
        }
    }
    for (int i = 0; i < count || i <= exponent; i++) {
        out[size++] = i < count ? digits[i] : '0';
        if (i == exponent && i + 1 < count) {
            out[size++] = '.';
        }
    }
    out[size] = '\0';
    return size;
}

static size_t print_scientific(const char *digits, int exponent, char *out)
{
    return (size_t)snprintf(out, CODEC_FLOAT_TEXT_MAX - 1, "%c%s%se%c%02d", digits[0],
                            digits[1] != '\0' ? "." : "", digits + 1, exponent < 0 ? '-' : '+',
                            abs(exponent));
}

size_t codec_float_print(double real, bool single, char buffer[CODEC_FLOAT_TEXT_MAX])
{
    if (isnan(real)) {
        return (size_t)sprintf(buffer, "NaN");
    }
    size_t sign = 0;
    if (signbit(real)) {
        buffer[sign++] = '-';
        real = -real;
    }
    if (isinf(real)) {
        return sign + (size_t)sprintf(buffer + sign, "Infinity");
    }
    if (real == 0) {
        return sign + (size_t)sprintf(buffer + sign, "0");
    }
    char digits[24];
    int exponent = shortest_digits(real, single, digits);
    if (exponent < -4 || exponent >= (single ? FLT_DIG : DBL_DIG)) {
        return sign + print_scientific(digits, exponent, buffer + sign);
    }
    return sign + print_plain(digits, exponent, buffer + sign);
}
