/*
 * codec/float.c - floating point numbers as text.
 *
 * The shortest text is found by trying: 1 to 17 significant digits until one lies inside the
 * interval that reads back as the same number. long double holds the interval's ends exactly (64
 * bits of mantissa on x86-64, more on arm64). PostgreSQL uses Ryu for the same result; rows with
 * many floats are rare here, so the C library's conversions do.
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

/* The numbers that read back as `real`: strictly between these. */
typedef struct interval {
    long double low;
    long double high;
} interval;

static interval interval_of(double real, bool single)
{
    long double at = (long double)real;
    long double below = single ? (long double)nextafterf((float)real, 0)
                               : (long double)nextafter(real, 0);
    long double above = single ? (long double)nextafterf((float)real, INFINITY)
                               : (long double)nextafter(real, (double)INFINITY);
    if (isinf(above)) {
        above = at + (at - below); /* beyond the greatest number as far as before it */
    }
    interval result = {(below + at) / 2, (at + above) / 2};
    return result;
}

/* The number digits x 10^power, of the candidates around it that read back the closest one. */
static bool closest_inside(uint64_t *digits, int power, double real, interval inside)
{
    uint64_t best = 0;
    long double best_distance = 0;
    for (uint64_t candidate = *digits - 1; candidate <= *digits + 1; candidate++) {
        char text[40];
        snprintf(text, sizeof text, "%llue%d", (unsigned long long)candidate, power);
        long double number = strtold(text, NULL);
        long double distance = fabsl(number - (long double)real);
        if (number > inside.low && number < inside.high &&
            (best == 0 || distance < best_distance)) {
            best = candidate;
            best_distance = distance;
        }
    }
    *digits = best;
    return best != 0;
}

/*
 * Finds the shortest digits of a positive finite number, and of several as short the closest.
 * Numbers half way to a neighbour do not count as reading back, as in PostgreSQL. Returns the
 * decimal exponent of the first digit.
 */
static int shortest_digits(double real, bool single, char digits[24])
{
    const interval inside = interval_of(real, single);
    uint64_t number = 0;
    int power = 0;
    bool found = false;
    for (int places = 0; places <= 16 && !found; places++) {
        char text[40];
        snprintf(text, sizeof text, "%.*e", places, real);
        number = 0;
        const char *c = text;
        for (; *c != 'e'; c++) {
            number = *c == '.' ? number : number * 10 + (uint64_t)(*c - '0');
        }
        power = atoi(c + 1) - places;
        found = closest_inside(&number, power, real, inside);
    }
    int count = snprintf(digits, 24, "%llu", (unsigned long long)number);
    int exponent = power + count - 1;
    while (count > 1 && digits[count - 1] == '0') {
        digits[--count] = '\0';
    }
    return exponent;
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
