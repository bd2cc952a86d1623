/*
 * literal_number.c - integers, decimals and floating point numbers, good and bad.
 */
#include "diffpg.h"

#include <math.h>
#include <stdio.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *pick(random_source *source, const char *const *list, size_t count)
{
    return list[random_below(source, count)];
}

/* ------------------------------------------------------------------ integers */

static int64_t most_of(const bbots_column *column)
{
    return column->type == BBOTS_TYPE_SMALLINT  ? INT16_MAX
           : column->type == BBOTS_TYPE_INTEGER ? INT32_MAX
                                                : INT64_MAX;
}

static void odd_integer(random_source *source, pool *memory, const bbots_column *column,
                        literal *made)
{
    static const char *const forms[] = {" 7",
                                        "7 ",
                                        "+7",
                                        "-0",
                                        "007",
                                        "\t8\n",
                                        "0000000000000000009",
                                        "-00000000000000000000000000000000000003",
                                        "\v5\f"};
    int64_t most = most_of(column);
    int64_t values[] = {0, -1, most, -most - 1, most - 1, -most, 1000000 % most};
    if (chance(source, 50)) {
        literal_text(memory, made, "%s", pick(source, forms, COUNT(forms)));
        return;
    }
    int64_t value = values[random_below(source, COUNT(values))];
    literal_text(memory, made, "%lld", (long long)value);
    made->typed = chance(source, 50) ? bbots_value_integer(value) : bbots_value_null();
}

static void bad_integer(random_source *source, pool *memory, const bbots_column *column,
                        literal *made)
{
    static const char *const forms[] = {"",
                                        " ",
                                        "x",
                                        "1.0",
                                        "1e3",
                                        "0x10",
                                        "1_000",
                                        "--1",
                                        "+-1",
                                        "+",
                                        "-",
                                        "1 2",
                                        "NaN",
                                        "1a",
                                        "null",
                                        "\u0661",
                                        "1\xc2\xa0",
                                        "0b1",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999999999",
                                        "-2147483649",
                                        "2147483648",
                                        "32768",
                                        "-32769",
                                        "1.",
                                        "18446744073709551617",
                                        "9999999999999999999x",
                                        "2147483648x",
                                        "-2147483648x",
                                        "2147483649x",
                                        "32768x",
                                        "32769 x",
                                        "-32769x"};
    if (chance(source, 30) && column->type != BBOTS_TYPE_BIGINT) {
        int64_t value = most_of(column) + 1 + (int64_t)random_below(source, 2);
        literal_text(memory, made, "%lld", (long long)value);
        made->typed = bbots_value_integer(value);
        return;
    }
    literal_text(memory, made, "%s", pick(source, forms, COUNT(forms)));
}

static void make_integer(random_source *source, pool *memory, const bbots_column *column,
                         manner how, literal *made)
{
    if (how == ODD) {
        odd_integer(source, memory, column, made);
    } else if (how == BAD) {
        bad_integer(source, memory, column, made);
    } else {
        int64_t value = (int64_t)random_below(source, 2000) - 500;
        literal_text(memory, made, "%lld", (long long)value);
        made->typed = chance(source, 40) ? bbots_value_integer(value) : bbots_value_null();
    }
}

/* ------------------------------------------------------------------ decimals */

/* Digits before the point, digits behind it, more of either than the column takes when wanted. */
static void random_decimal(random_source *source, const bbots_column *column, bool past, char *text,
                           size_t room)
{
    char digits[64];
    unsigned whole = column->length - column->scale;
    unsigned before = (unsigned)random_below(source, whole + 1) + (past ? 1 + whole / 2 : 0);
    unsigned behind = (unsigned)random_below(source, column->scale + 4u);
    unsigned edge = (unsigned)random_below(source, 3);
    for (unsigned i = 0; i < before + behind && i < 60; i++) {
        digits[i] = edge == 0 ? '9'
                    : edge == 1 && i >= before + column->scale
                        ? "45"[i % 2]
                        : (char)('0' + random_below(source, 10));
    }
    snprintf(text, room, "%s%.*s%s%.*s", chance(source, 30) ? "-" : "", (int)before, digits,
             behind > 0 || before == 0 ? "." : "", (int)behind, digits + before);
    if (before + behind == 0) {
        snprintf(text, room, "0");
    }
}

static void odd_decimal(random_source *source, pool *memory, const bbots_column *column,
                        literal *made)
{
    static const char *const forms[] = {"0",
                                        "-0",
                                        "+0.5",
                                        ".5",
                                        "5.",
                                        "1e0",
                                        "1E-2",
                                        "1e-1",
                                        "-1e-3",
                                        " 1.5 ",
                                        "00001.5",
                                        "-.0049",
                                        "0.005",
                                        "-0.005",
                                        "0.0049999999999999999999",
                                        "1e+0",
                                        "0.00000000000000000000000000001",
                                        "0e99",
                                        "1e-16000",
                                        "\t2\n",
                                        "0.995",
                                        "9.995",
                                        "0.5e0",
                                        "-0.00",
                                        "0.045e1"};
    char text[80];
    if (chance(source, 50)) {
        literal_text(memory, made, "%s", pick(source, forms, COUNT(forms)));
        return;
    }
    random_decimal(source, column, false, text, sizeof text);
    literal_text(memory, made, "%s", text);
}

static void bad_decimal(random_source *source, pool *memory, const bbots_column *column,
                        literal *made)
{
    static const char *const forms[] = {"",
                                        "x",
                                        "1,5",
                                        "1.2.3",
                                        "1e",
                                        "1e+",
                                        "e5",
                                        "Infinity",
                                        "-inf",
                                        "inf",
                                        "0x1F",
                                        "1 000",
                                        "$1",
                                        "--1",
                                        ".",
                                        "-",
                                        "1e20",
                                        "1e-20000",
                                        "1e131073",
                                        "1e9999999999",
                                        "999999999999999999999",
                                        "1_0",
                                        "+-1",
                                        "1e5.5",
                                        "infinit",
                                        "1e-16384",
                                        "- 1",
                                        "NaNx"};
    char text[80];
    if (chance(source, 50)) {
        literal_text(memory, made, "%s", pick(source, forms, COUNT(forms)));
        return;
    }
    random_decimal(source, column, true, text, sizeof text);
    literal_text(memory, made, "%s", text);
}

static void make_decimal(random_source *source, pool *memory, const bbots_column *column,
                         manner how, literal *made)
{
    char text[BBOTS_DECIMAL_TEXT_MAX];
    if (how == ODD) {
        odd_decimal(source, memory, column, made);
    } else if (how == BAD) {
        bad_decimal(source, memory, column, made);
    } else {
        unsigned scale = (unsigned)random_below(source, column->scale + 3u);
        int64_t scaled = (int64_t)random_below(source, 3000) - 1000;
        while (scale + 1u + 3 < column->length && chance(source, 30)) {
            scaled *= 7;
        }
        unsigned whole = column->length - column->scale;
        double limit = pow(10, (double)whole + scale) - 1;
        scaled = fabs((double)scaled) < limit ? scaled : scaled % 10;
        bbots_decimal_print(scaled, scale, text);
        literal_text(memory, made, "%s", text);
        if (chance(source, 40)) {
            made->typed = bbots_value_decimal(scaled, scale);
        }
    }
}

/* ------------------------------------------------------------------ floating point */

static const char *const odd_reals[] = {"0",
                                        "-0",
                                        "1e38",
                                        "3.4028235e38",
                                        "-3.4028235e38",
                                        "1.17549435e-38",
                                        "1e-45",
                                        "1.4e-45",
                                        "NaN",
                                        "nan",
                                        "0x1p3",
                                        "0x1F",
                                        "Infinity",
                                        "-Infinity",
                                        "inf",
                                        "-inf",
                                        " 1.5 ",
                                        "+.5",
                                        "5.",
                                        "1e10",
                                        "16777217",
                                        "0.1",
                                        "123456.789",
                                        "1e15",
                                        "1e16",
                                        "1e-5",
                                        "0.0001",
                                        "1e6",
                                        "1e7",
                                        "9999999",
                                        "infinity",
                                        "+inf",
                                        "-iNf",
                                        "0.30000001",
                                        "33554435",
                                        "+Infinity",
                                        "8388608.5",
                                        "1.00000005960464477539",
                                        "7e-46",
                                        "7.1e-46"};
static const char *const bad_reals[] = {
    "",   "x", "1e400", "1e39", "-1e39",  "1e-46", "1e-400", "1,5",  "1.5.", "--1", "infi",
    "na", ".", "1 2",   "1e",   "3.5e38", "1e-50", "+-1",    "NaNs", "e1",   "1e+"};

static void make_real(random_source *source, pool *memory, const bbots_column *column, manner how,
                      literal *made)
{
    if (how != PLAIN) {
        literal_text(memory, made, "%s",
                     how == ODD ? pick(source, odd_reals, COUNT(odd_reals))
                                : pick(source, bad_reals, COUNT(bad_reals)));
        return;
    }
    double value = (double)((int64_t)random_below(source, 2000000) - 1000000) / 1024;
    uint32_t bits = (uint32_t)random_next(source);
    float any;
    memcpy(&any, &bits, sizeof any);
    if (chance(source, 30) && isfinite(any)) {
        value = (double)any;
    }
    if (column->type == BBOTS_TYPE_DOUBLE && chance(source, 50)) {
        value = value / 3;
    }
    if (chance(source, 10)) { /* below a power of two numbers are denser than above */
        int most = column->type == BBOTS_TYPE_DOUBLE ? 1000 : 120;
        value = ldexp(chance(source, 50) ? 1 : -1,
                      (int)random_below(source, 2u * (unsigned)most) - most);
    }
    literal_text(memory, made, "%.17g", value);
    made->typed = chance(source, 40) ? bbots_value_float(value) : bbots_value_null();
}

void literal_number(random_source *source, pool *memory, const bbots_column *column, manner how,
                    literal *made)
{
    if (column->type == BBOTS_TYPE_DECIMAL) {
        make_decimal(source, memory, column, how, made);
    } else if (column->type == BBOTS_TYPE_REAL || column->type == BBOTS_TYPE_DOUBLE) {
        make_real(source, memory, column, how, made);
    } else {
        make_integer(source, memory, column, how, made);
    }
}
