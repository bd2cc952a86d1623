/*
 * codec/json_number.c - the one spelling of a JSON number.
 *
 * PostgreSQL keeps a number in jsonb as a numeric: an exact decimal with a count of digits after
 * the point. It prints that without exponent, so "1e2" is 100, "1.50e1" is 15.0 and "1E-3" is
 * 0.001; trailing zeros stay ("1.50"), and there is no negative zero ("-0.0" is 0.0). A spelling
 * with a point is never an integer, even when nothing but zeros follows it.
 *
 * Most numbers are integers of a few digits; they never come near the general case. A number
 * without exponent is already spelled canonically, because JSON allows no leading zeros. Only an
 * exponent makes new text, and of that at most 144 KiB: the limits of numeric are checked first.
 */
#include "codec/json_tree.h"

#include <string.h>

/* PostgreSQL's numeric: digits before the point (its weight is an int16 in steps of four digits)
 * and after it (NUMERIC_DSCALE_MAX). */
#define WHOLE_DIGITS_MAX 131072
#define SCALE_MAX        16383

/* From here on numeric_in() refuses an exponent unseen, even that of a zero. */
#define EXPONENT_LIMIT (INT32_MAX / 2)

/* A number taken apart; the parts point into its text. */
typedef struct decimal {
    bool negative;
    const char *whole;
    int64_t whole_size;
    const char *fraction;
    int64_t fraction_size;
    int64_t exponent; /* at most EXPONENT_LIMIT either way */
} decimal;

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static int64_t count_digits(const char *at, const char *end)
{
    const char *from = at;
    while (at < end && is_digit(*at)) {
        at++;
    }
    return at - from;
}

/* The number after the "e", which has one; held at the limit so that no length of it can overflow. */
static int64_t read_exponent(const char *at, const char *end)
{
    bool negative = *at == '-';
    at += !is_digit(*at);
    int64_t exponent = 0;
    for (; at < end && exponent < EXPONENT_LIMIT; at++) {
        exponent = exponent * 10 + (*at - '0');
    }
    if (exponent > EXPONENT_LIMIT) {
        exponent = EXPONENT_LIMIT;
    }
    return negative ? -exponent : exponent;
}

/* text keeps to JSON's grammar: yajl has seen to that. */
static decimal take_apart(bbots_text text)
{
    const char *at = text.data;
    const char *end = text.data + text.size;
    decimal number = {.negative = *at == '-'};
    at += number.negative;
    number.whole = at;
    number.whole_size = count_digits(at, end);
    at += number.whole_size;
    number.fraction = at;
    if (at < end && *at == '.') {
        number.fraction = at + 1;
        number.fraction_size = count_digits(at + 1, end);
        at += 1 + number.fraction_size;
    }
    if (at < end) {
        number.exponent = read_exponent(at + 1, end);
    }
    return number;
}

/* The digit at a position counted from the first of the whole part, 0 outside the text's digits. */
static char digit_at(const decimal *number, int64_t position)
{
    if (position < 0 || position >= number->whole_size + number->fraction_size) {
        return '0';
    }
    return position < number->whole_size ? number->whole[position]
                                         : number->fraction[position - number->whole_size];
}

/* Where the first digit other than 0 is; the count of digits for a zero. */
static int64_t first_significant(const decimal *number)
{
    int64_t digits = number->whole_size + number->fraction_size;
    int64_t position = 0;
    while (position < digits && digit_at(number, position) == '0') {
        position++;
    }
    return position;
}

/* An integer without sign that is in the range of 64 bits, or false. */
static bool read_natural(const char *digits, size_t size, uint64_t *natural)
{
    if (size > 20) {
        return false;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(digits[i]) || __builtin_mul_overflow(sum, (uint64_t)10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(digits[i] - '0'), &sum)) {
            return false;
        }
    }
    *natural = sum;
    return size > 0;
}

/* Makes the node an integer when the text is one that fits 64 bits. */
static bool set_integer(const char *text, size_t size, codec_json_node *node)
{
    bool negative = size > 0 && text[0] == '-';
    uint64_t natural;
    if (!read_natural(text + negative, size - negative, &natural)) {
        return false;
    }
    if (negative) {
        if (natural > (uint64_t)INT64_MAX + 1) {
            return false;
        }
        node->kind = CODEC_JSON_SIGNED;
        node->integer = (int64_t)(0 - natural);
    } else if (natural <= INT64_MAX) {
        node->kind = CODEC_JSON_SIGNED;
        node->integer = (int64_t)natural;
    } else {
        node->kind = CODEC_JSON_UNSIGNED;
        node->natural = natural;
    }
    node->size = 0;
    return true;
}

static char *write_digits(const decimal *number, int64_t from, int64_t to, char *out)
{
    for (int64_t position = from; position < to; position++) {
        *out++ = digit_at(number, position);
    }
    return out;
}

/* Spells the number out. point is the position before which the decimal point stands. */
static int expand(bb_arena *scratch, const decimal *number, int64_t first, int64_t scale,
                  bbots_text *text)
{
    int64_t point = number->whole_size + number->exponent;
    bool zero = first == number->whole_size + number->fraction_size;
    int64_t whole = !zero && point > first ? point - first : 0;
    char *out = bb_arena_alloc(scratch, (size_t)(whole + scale) + 3); /* sign, "0", point */
    if (out == NULL) {
        return BBOTS_NO_MEMORY;
    }
    text->data = out;
    if (number->negative && !zero) {
        *out++ = '-';
    }
    if (whole == 0) {
        *out++ = '0';
    }
    out = write_digits(number, first, first + whole, out);
    if (scale > 0) {
        *out++ = '.';
        out = zero ? (char *)memset(out, '0', (size_t)scale) + scale
                   : write_digits(number, point, point + scale, out);
    }
    text->size = (size_t)(out - text->data);
    return BBOTS_OK;
}

int codec_json_set_number(bb_arena *scratch, bbots_text text, codec_json_node *node)
{
    if (set_integer(text.data, text.size, node)) {
        return BBOTS_OK;
    }
    decimal number = take_apart(text);
    int64_t first = first_significant(&number);
    bool zero = first == number.whole_size + number.fraction_size;
    int64_t scale = number.fraction_size - number.exponent;
    scale = scale > 0 ? scale : 0;
    if (number.exponent >= EXPONENT_LIMIT || number.exponent <= -EXPONENT_LIMIT ||
        scale > SCALE_MAX ||
        (!zero && number.whole_size + number.exponent - first > WHOLE_DIGITS_MAX)) {
        return BBOTS_NUMERIC_OUT_OF_RANGE;
    }
    bool exponent = number.fraction + number.fraction_size != text.data + text.size;
    if (exponent || (zero && number.negative)) {
        int status = expand(scratch, &number, first, scale, &text);
        if (status != BBOTS_OK || (scale == 0 && set_integer(text.data, text.size, node))) {
            return status;
        }
    }
    node->kind = CODEC_JSON_DECIMAL;
    node->text = text.data;
    node->size = text.size & 0xFFFFFFFu;
    return BBOTS_OK;
}

bool codec_json_decimal_valid(const char *text, size_t size)
{
    codec_json_node node;
    const char *end = text + size;
    bool negative = size > 0 && text[0] == '-';
    const char *at = text + negative;
    int64_t whole = count_digits(at, end);
    if (whole == 0 || whole > WHOLE_DIGITS_MAX || (*at == '0' && whole > 1)) {
        return false;
    }
    at += whole;
    if (at == end) { /* an integer: only when it does not fit the shorter form */
        return !set_integer(text, size, &node);
    }
    int64_t scale = count_digits(at + 1, end);
    if (*at != '.' || scale == 0 || scale > SCALE_MAX || at + 1 + scale != end) {
        return false;
    }
    bbots_text digits = {text, size};
    decimal number = take_apart(digits);
    return !negative || first_significant(&number) < number.whole_size + number.fraction_size;
}
