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
    /* Hexadecimal too, as PostgreSQL, but not what else strtod takes: "nan(1)", "infinit". */
    if (strspn(word, "+-.0123456789abcdefABCDEFxXpP") != text.size) {
        return BBOTS_INVALID_TEXT;
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

/* Half way to the neighbours: these read back as `real` at most by a rule for ties. */
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

/* Whether digits x 10^power is exactly a number that long double holds. */
static bool is_exactly(uint64_t digits, int power, long double number)
{
    char text[80];
    char shown[24];
    char zeros[80];
    int count = snprintf(shown, sizeof shown, "%llu", (unsigned long long)digits);
    snprintf(text, sizeof text, "%.50Le", number);
    memmove(text + 1, text + 2, strlen(text + 2) + 1); /* without the point */
    memset(zeros, '0', sizeof zeros);
    return strncmp(text, shown, (size_t)count) == 0 &&
           strncmp(text + count, zeros, (size_t)(51 - count)) == 0 &&
           atoi(text + 52) == power + count - 1;
}

/* Whether digits x 10^power reads back as `real` and lies on neither end of its interval. */
static bool lies_inside(uint64_t digits, int power, double real, bool single, interval ends)
{
    char text[40];
    snprintf(text, sizeof text, "%llue%d", (unsigned long long)digits, power);
    bool same = single ? strtof(text, NULL) == (float)real : strtod(text, NULL) == real;
    /* Where long double is no wider than double (valgrind), an end may coincide with the number. */
    return same && (ends.low == (long double)real || !is_exactly(digits, power, ends.low)) &&
           (ends.high == (long double)real || !is_exactly(digits, power, ends.high));
}

/*
 * Of as many digits, the ones to print: the correctly rounded ones, or else a neighbour, which can
 * lie inside where the interval is not even-sided.
 */
static bool choose_digits(uint64_t *digits, int power, double real, bool single, interval ends)
{
    if (lies_inside(*digits, power, real, single, ends)) {
        return true;
    }
    if (lies_inside(*digits + 1, power, real, single, ends)) {
        ++*digits;
        return true;
    }
    if (lies_inside(*digits - 1, power, real, single, ends)) {
        --*digits;
        return true;
    }
    return false;
}

/*
 * Finds the shortest digits of a positive finite number, and of several as short the closest.
 * Numbers half way to a neighbour do not count as reading back, as in PostgreSQL. Returns the
 * decimal exponent of the first digit.
 */
static int shortest_digits(double real, bool single, char digits[24])
{
    const interval ends = interval_of(real, single);
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
        found = choose_digits(&number, power, real, single, ends);
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
