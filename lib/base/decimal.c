/*
 * base/decimal.c - exact decimal numbers, as scaled 64-bit integers.
 *
 * Reading follows PostgreSQL 15's numeric input. A number is a row of digits, the place of its
 * point in that row, and an exponent that only moves the point; so however large the exponent is,
 * the work is bounded by the length of the text. The digits up to the wanted scale make the
 * integer, the first one behind decides the rounding: half away from zero needs no more.
 *
 * Two limits of PostgreSQL's numeric show even in a column with a small scale and are kept: an
 * exponent of 2^30 - 1 or more, and more than 16383 digits behind the point, are out of range,
 * though the number may be zero ("1e-20000").
 */
#include "base/decimal.h"

#include <assert.h>

#define EXPONENT_LIMIT      (INT32_MAX / 2)
#define FRACTION_DIGITS_MAX 16383
#define WHOLE_DIGITS_MAX    131072

/* A number as written: digits[0..count) without sign and point. */
typedef struct number {
    bool negative;
    bool infinite;
    const char *whole;    /* the digits before the point */
    const char *fraction; /* the digits behind it */
    size_t whole_count;
    size_t fraction_count;
    int64_t exponent; /* held within EXPONENT_LIMIT on both sides */
} number;

/* 10^power, power at most 18. */
static int64_t power_of_ten(unsigned power)
{
    static const int64_t powers[] = {
        1,
        10,
        100,
        1000,
        10000,
        100000,
        1000000,
        10000000,
        100000000,
        1000000000,
        10000000000,
        100000000000,
        1000000000000,
        10000000000000,
        100000000000000,
        1000000000000000,
        10000000000000000,
        100000000000000000,
        1000000000000000000,
    };
    assert(power < sizeof powers / sizeof powers[0]);
    return powers[power];
}

static bool fits(int64_t scaled, unsigned precision)
{
    int64_t limit = power_of_ten(precision);
    return scaled > -limit && scaled < limit;
}

static bool is_valid_type(unsigned precision, unsigned scale)
{
    return precision >= 1 && precision <= BBOTS_DECIMAL_PRECISION_MAX &&
           scale <= BBOTS_DECIMAL_PRECISION_MAX;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at)) {
        at++;
    }
    return at;
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at)) {
        at++;
    }
    return at;
}

/* Whether a word, given in lower case, starts here in any case. */
static bool starts_with(const char *at, const char *end, const char *word)
{
    for (; *word != '\0'; word++, at++) {
        if (at == end || (*at | 0x20) != *word) {
            return false;
        }
    }
    return true;
}

/* Reads "e" and its number. Blanks may stand between, as PostgreSQL 15 uses strtol(). */
static const char *read_exponent(const char *at, const char *end, int64_t *exponent)
{
    at = skip_blanks(at + 1, end);
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    if (at == end || !is_digit(*at)) {
        return NULL;
    }
    int64_t value = 0;
    for (; at < end && is_digit(*at); at++) {
        value = value * 10 + (*at - '0');
        value = value < EXPONENT_LIMIT ? value : EXPONENT_LIMIT;
    }
    *exponent = negative ? -value : value;
    return at;
}

/* Reads digits, point and exponent; NULL when there is no number. */
static const char *read_digits(const char *at, const char *end, number *read)
{
    read->whole = at;
    at = skip_digits(at, end);
    read->whole_count = (size_t)(at - read->whole);
    if (at < end && *at == '.') {
        at++;
        read->fraction = at;
        at = skip_digits(at, end);
        read->fraction_count = (size_t)(at - read->fraction);
    }
    if (read->whole_count + read->fraction_count == 0) {
        return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at = read_exponent(at, end, &read->exponent);
    }
    return at;
}

static bool read_number(bbots_text text, number *read)
{
    memset(read, 0, sizeof *read);
    if (text.data == NULL) {
        return false;
    }
    const char *end = text.data + text.size;
    const char *at = skip_blanks(text.data, end);
    if (at < end && (*at == '-' || *at == '+')) {
        read->negative = *at == '-';
        at++;
    }
    if (starts_with(at, end, "inf")) {
        read->infinite = true;
        at += starts_with(at, end, "infinity") ? 8 : 3;
    } else {
        at = read_digits(at, end, read);
    }
    return at != NULL && skip_blanks(at, end) == end;
}

/* The digit at a place of the row of digits; zeros follow its end. */
static int digit_at(const number *read, size_t place)
{
    if (place < read->whole_count) {
        return read->whole[place] - '0';
    }
    place -= read->whole_count;
    return place < read->fraction_count ? read->fraction[place] - '0' : 0;
}

static bool is_within_numeric(const number *read)
{
    return !read->infinite && read->exponent < EXPONENT_LIMIT && read->exponent > -EXPONENT_LIMIT &&
           (int64_t)read->fraction_count - read->exponent <= FRACTION_DIGITS_MAX;
}

/* How many digits stand before the point, from the first one that is not zero. */
static int64_t whole_digits(const number *read)
{
    size_t count = read->whole_count + read->fraction_count;
    size_t start = 0;
    while (start < count && digit_at(read, start) == 0) {
        start++;
    }
    return start == count ? 0 : (int64_t)read->whole_count - (int64_t)start + read->exponent;
}

static bool is_numeric(const number *read)
{
    return read->infinite || (is_within_numeric(read) && whole_digits(read) <= WHOLE_DIGITS_MAX);
}

bool bb_decimal_is_numeric(bbots_text text)
{
    number read;
    return read_number(text, &read) && is_numeric(&read);
}

/* The integer nearest to the number times 10^scale. */
static int round_number(const number *read, unsigned precision, unsigned scale, int64_t *scaled)
{
    size_t count = read->whole_count + read->fraction_count;
    size_t start = 0;
    while (start < count && digit_at(read, start) == 0) {
        start++;
    }
    /* How many digits, from the first that is not zero, stand before the place of rounding. */
    int64_t kept = (int64_t)read->whole_count - (int64_t)start + read->exponent + (int64_t)scale;
    if (start == count || kept < 0) {
        *scaled = 0;
        return BBOTS_OK;
    }
    if (kept > BBOTS_DECIMAL_PRECISION_MAX) {
        return BBOTS_NUMERIC_OUT_OF_RANGE;
    }
    int64_t value = 0;
    for (size_t i = 0; i < (size_t)kept; i++) {
        value = value * 10 + digit_at(read, start + i);
    }
    value += digit_at(read, start + (size_t)kept) >= 5;
    if (!fits(value, precision)) {
        return BBOTS_NUMERIC_OUT_OF_RANGE;
    }
    *scaled = read->negative ? -value : value;
    return BBOTS_OK;
}

int bbots_decimal_parse(bbots_text text, unsigned precision, unsigned scale, int64_t *scaled)
{
    number read;
    if (!is_valid_type(precision, scale)) {
        return BBOTS_INVALID_ARGUMENT;
    }
    if (!read_number(text, &read)) {
        return BBOTS_INVALID_TEXT;
    }
    if (!is_within_numeric(&read)) {
        return BBOTS_NUMERIC_OUT_OF_RANGE;
    }
    return round_number(&read, precision, scale, scaled);
}

/* Whether nothing but zeros stands behind the place of rounding. */
static bool is_exact(const number *read, unsigned scale)
{
    for (size_t i = 0; i < read->whole_count + read->fraction_count; i++) {
        int64_t place = (int64_t)i - (int64_t)read->whole_count - read->exponent;
        if (place >= (int64_t)scale && digit_at(read, i) != 0) {
            return false;
        }
    }
    return true;
}

int bb_decimal_parse_exactly(bbots_text text, unsigned precision, unsigned scale, int64_t *scaled)
{
    number read;
    if (!read_number(text, &read)) {
        return BBOTS_INVALID_TEXT;
    }
    if (!is_numeric(&read)) {
        return BBOTS_NUMERIC_OUT_OF_RANGE;
    }
    bool found = !read.infinite && is_exact(&read, scale) &&
                 round_number(&read, precision, scale, scaled) == BBOTS_OK;
    return found ? BBOTS_OK : BBOTS_NOT_FOUND;
}

size_t bbots_decimal_print(int64_t scaled, unsigned scale, char *buffer)
{
    if (scale > BBOTS_DECIMAL_PRECISION_MAX) {
        scale = BBOTS_DECIMAL_PRECISION_MAX; /* keeps the promise about the buffer's size */
    }
    char reversed[BBOTS_DECIMAL_TEXT_MAX];
    size_t count = 0;
    uint64_t rest = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;
    for (unsigned place = 0; rest > 0 || place <= scale; place++) {
        if (place == scale && scale > 0) {
            reversed[count++] = '.';
        }
        reversed[count++] = (char)('0' + rest % 10);
        rest /= 10;
    }
    char *out = buffer;
    if (scaled < 0) {
        *out++ = '-';
    }
    while (count > 0) {
        *out++ = reversed[--count];
    }
    *out = '\0';
    return (size_t)(out - buffer);
}

/* scaled / 10^digits, half away from zero. */
static int64_t divide_rounding(int64_t scaled, unsigned digits)
{
    int64_t divisor = power_of_ten(digits);
    int64_t quotient = scaled / divisor;
    int64_t rest = scaled % divisor; /* has the sign of scaled */
    int64_t half = divisor / 2;
    if (digits > 0 && rest >= half) {
        return quotient + 1;
    }
    return digits > 0 && rest <= -half ? quotient - 1 : quotient;
}

int bbots_decimal_rescale(int64_t scaled, unsigned from_scale, unsigned precision,
                          unsigned to_scale, int64_t *rescaled)
{
    if (!is_valid_type(precision, to_scale) || from_scale > BBOTS_DECIMAL_PRECISION_MAX) {
        return BBOTS_INVALID_ARGUMENT;
    }
    int64_t value;
    if (to_scale <= from_scale) {
        value = divide_rounding(scaled, from_scale - to_scale);
    } else if (__builtin_mul_overflow(scaled, power_of_ten(to_scale - from_scale), &value)) {
        return BBOTS_NUMERIC_OUT_OF_RANGE;
    }
    if (!fits(value, precision)) {
        return BBOTS_NUMERIC_OUT_OF_RANGE;
    }
    *rescaled = value;
    return BBOTS_OK;
}
