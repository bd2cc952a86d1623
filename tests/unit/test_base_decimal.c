/*
 * Decimals: reading as PostgreSQL 15 reads, and arithmetic held against 128-bit numbers, in which
 * nothing can overflow.
 */
#include "support/support.h"

#include "base/decimal.h"

#include <bbots/decimal.h>

__extension__ typedef __int128 wide;

static random_source source;

static uint64_t random_bits(void)
{
    return random_next(&source);
}

static void start_random(void)
{
    source = random_begin("decimal");
}

static wide power(unsigned digits)
{
    wide result = 1;
    while (digits-- > 0) {
        result *= 10;
    }
    return result;
}

/* A number of any size: as likely to have one digit as to have 19. */
static int64_t random_scaled(void)
{
    return (int64_t)random_bits() >> (random_bits() % 64);
}

/* Results taken from PostgreSQL 15: text::numeric(precision, scale), or the SQLSTATE. */
static const struct {
    const char *text;
    unsigned precision;
    unsigned scale;
    const char *result;
} cases[] = {
    {"0", 10, 2, "0.00"},
    {"-0", 10, 2, "0.00"},
    {"-0.001", 10, 2, "0.00"},
    {"12.5", 10, 2, "12.50"},
    {"-12.50", 10, 2, "-12.50"},
    {"+7", 10, 2, "7.00"},
    {"1.", 10, 2, "1.00"},
    {".5", 10, 2, "0.50"},
    {"-.5", 10, 2, "-0.50"},
    {"+.5", 10, 2, "0.50"},
    {" \t\n\v\f\r1 \t\n\v\f\r", 10, 2, "1.00"},
    {"00000000000000000000000000001", 10, 2, "1.00"},
    {"0.005", 10, 2, "0.01"},
    {"-0.005", 10, 2, "-0.01"},
    {"0.0049999999999999999999999999999999", 10, 2, "0.00"},
    {"1.005", 10, 2, "1.01"},
    {"2.675", 10, 2, "2.68"},
    {"99999999.994", 10, 2, "99999999.99"},
    {"99999999.995", 10, 2, "22003"},
    {"-99999999.995", 10, 2, "22003"},
    {"100000000", 10, 2, "22003"},
    {"999999999999999999", 18, 0, "999999999999999999"},
    {"-999999999999999999", 18, 0, "-999999999999999999"},
    {"999999999999999999.4", 18, 0, "999999999999999999"},
    {"999999999999999999.5", 18, 0, "22003"},
    {"1000000000000000000", 18, 0, "22003"},
    {"9223372036854775808", 18, 0, "22003"},
    {"99999999999999999999999999999999999999", 18, 0, "22003"},
    {"0.999999999999999999", 18, 18, "0.999999999999999999"},
    {"0.9999999999999999994", 18, 18, "0.999999999999999999"},
    {"0.9999999999999999995", 18, 18, "22003"},
    {"1", 18, 18, "22003"},
    {"-0.000000000000000001", 18, 18, "-0.000000000000000001"},
    {"9.4", 1, 0, "9"},
    {"9.5", 1, 0, "22003"},
    {"0.5", 1, 0, "1"},
    {"-0.5", 1, 0, "-1"},
    {"0.4", 1, 0, "0"},
    {"0.0049", 2, 4, "0.0049"},
    {"0.01", 2, 4, "22003"},
    {"0.00995", 2, 4, "22003"},
    {"1e3", 10, 2, "1000.00"},
    {"1E+3", 10, 2, "1000.00"},
    {"12e-1", 10, 2, "1.20"},
    {"125e-3", 10, 2, "0.13"},
    {"1e 5", 10, 2, "100000.00"},
    {"1e7", 10, 2, "10000000.00"},
    {"1e8", 10, 2, "22003"},
    {"5e-3", 10, 2, "0.01"},
    {"4e-3", 10, 2, "0.00"},
    {"0.0000000000000000000000000000001e30", 10, 2, "0.10"},
    {"100000000000000000000000000000000e-30", 10, 2, "100.00"},
    {"1e-16383", 10, 2, "0.00"},
    {"1e-16384", 10, 2, "22003"},
    {"0e-16384", 10, 2, "22003"},
    {"0.1e-16382", 10, 2, "0.00"},
    {"0.10e-16382", 10, 2, "22003"},
    {"0e1073741822", 10, 2, "0.00"},
    {"0e1073741823", 10, 2, "22003"},
    {"1e1073741822", 10, 2, "22003"},
    {"1e99999999999999999999999999", 10, 2, "22003"},
    {"1e-99999999999999999999999999", 10, 2, "22003"},
    {"Infinity", 10, 2, "22003"},
    {"-infinity", 10, 2, "22003"},
    {"+inf", 10, 2, "22003"},
    {" -INF ", 10, 2, "22003"},
    {"infx", 10, 2, "22P02"},
    {"infinit", 10, 2, "22P02"},
    {"+ Infinity", 10, 2, "22P02"},
    {"", 10, 2, "22P02"},
    {" ", 10, 2, "22P02"},
    {".", 10, 2, "22P02"},
    {"-", 10, 2, "22P02"},
    {"- 5", 10, 2, "22P02"},
    {"+-5", 10, 2, "22P02"},
    {"--1", 10, 2, "22P02"},
    {"1-", 10, 2, "22P02"},
    {"1 2", 10, 2, "22P02"},
    {"1.2.3", 10, 2, "22P02"},
    {"1,5", 10, 2, "22P02"},
    {"1_000", 10, 2, "22P02"},
    {"0x10", 10, 2, "22P02"},
    {"e5", 10, 2, "22P02"},
    {"1e", 10, 2, "22P02"},
    {"1e+", 10, 2, "22P02"},
    {"1ex", 10, 2, "22P02"},
    {"1e-/", 10, 2, "22P02"},
    {"1e5.0", 10, 2, "22P02"},
    {"1e1e1", 10, 2, "22P02"},
    {"1 e5", 10, 2, "22P02"},
    {"1e5 x", 10, 2, "22P02"},
    {"-nan", 10, 2, "22P02"},
    {"abc", 10, 2, "22P02"},
};

static void texts_are_read_and_rounded_as_postgresql_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t scaled;
        char text[BBOTS_DECIMAL_TEXT_MAX];
        const char *result;
        int status = bbots_decimal_parse(bbots_text_of(cases[i].text), cases[i].precision,
                                         cases[i].scale, &scaled);
        if (status == BBOTS_OK) {
            bbots_decimal_print(scaled, cases[i].scale, text);
            result = text;
        } else {
            result = bbots_status_sqlstate(status);
        }
        if (strcmp(result, cases[i].result) != 0) {
            fail_msg("\"%s\"::numeric(%u,%u) gives %s, not %s", cases[i].text, cases[i].precision,
                     cases[i].scale, result, cases[i].result);
        }
    }
}

static void not_a_number_is_refused_though_postgresql_holds_it(void **state)
{
    (void)state;
    int64_t scaled;
    assert_int_equal(bbots_decimal_parse(bbots_text_of("NaN"), 10, 2, &scaled), BBOTS_INVALID_TEXT);
}

/* To look for a number is to find it or not: what a column cannot hold is in no row of it. */
static void a_number_is_read_exactly_or_not_at_all(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        int64_t scaled;
    } looked_for[] = {
        {"1.5", BBOTS_OK, 150},
        {"-1.5000", BBOTS_OK, -150},
        {"150e-2", BBOTS_OK, 150},
        {"1.501", BBOTS_NOT_FOUND, 0},
        {"123456789012", BBOTS_NOT_FOUND, 0},
        {"Infinity", BBOTS_NOT_FOUND, 0},
        {"x", BBOTS_INVALID_TEXT, 0},
        {"1e131073", BBOTS_NUMERIC_OUT_OF_RANGE, 0},
        {"1e-20000", BBOTS_NUMERIC_OUT_OF_RANGE, 0},
    };
    for (size_t i = 0; i < sizeof looked_for / sizeof *looked_for; i++) {
        int64_t scaled = 0;
        int status = bb_decimal_parse_exactly(bbots_text_of(looked_for[i].text), 10, 2, &scaled);
        if (status != looked_for[i].status ||
            (status == BBOTS_OK && scaled != looked_for[i].scaled)) {
            fail_msg("%s: %s", looked_for[i].text, bbots_status_name(status));
        }
    }
    assert_false(bb_decimal_is_numeric(bbots_text_of("x")));
}

static void null_and_bytes_behind_the_text_are_not_read(void **state)
{
    (void)state;
    int64_t scaled = 5;
    bbots_text null_text = {NULL, 0};
    assert_int_equal(bbots_decimal_parse(null_text, 10, 2, &scaled), BBOTS_INVALID_TEXT);
    bbots_text with_zero_byte = {"1\0", 2};
    assert_int_equal(bbots_decimal_parse(with_zero_byte, 10, 2, &scaled), BBOTS_INVALID_TEXT);
    assert_int_equal(scaled, 5);
    bbots_text start = {"12.345e3", 5};
    assert_int_equal(bbots_decimal_parse(start, 10, 2, &scaled), BBOTS_OK);
    assert_int_equal(scaled, 1234);
}

static void a_type_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const unsigned types[][2] = {{0, 0}, {19, 0}, {18, 19}, {1000, 2}};
    int64_t scaled;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        assert_int_equal(bbots_decimal_parse(bbots_text_of("1"), types[i][0], types[i][1], &scaled),
                         BBOTS_INVALID_ARGUMENT);
        assert_int_equal(bbots_decimal_rescale(1, 0, types[i][0], types[i][1], &scaled),
                         BBOTS_INVALID_ARGUMENT);
    }
    assert_int_equal(bbots_decimal_rescale(1, 19, 18, 0, &scaled), BBOTS_INVALID_ARGUMENT);
}

/* The longest texts, so that a step per digit and not per unit of the exponent is seen in time. */
static void long_texts_are_read_to_their_end(void **state)
{
    (void)state;
    enum { SIZE = 1000000 };
    char *text = malloc(SIZE);
    int64_t scaled;
    assert_non_null(text);
    memset(text, '0', SIZE);
    text[SIZE - 1] = '7';
    bbots_text number = {text, SIZE};
    assert_int_equal(bbots_decimal_parse(number, 18, 2, &scaled), BBOTS_OK);
    assert_int_equal(scaled, 700);
    memcpy(text, "1e00000", 7);
    assert_int_equal(bbots_decimal_parse(number, 18, 2, &scaled), BBOTS_OK);
    assert_int_equal(scaled, 1000000000);
    memset(text, '9', SIZE);
    assert_int_equal(bbots_decimal_parse(number, 18, 2, &scaled), BBOTS_NUMERIC_OUT_OF_RANGE);
    free(text);
}

static void printing_writes_exactly_scale_digits(void **state)
{
    (void)state;
    static const struct {
        int64_t scaled;
        unsigned scale;
        const char *text;
    } printed[] = {
        {0, 0, "0"},
        {0, 3, "0.000"},
        {5, 0, "5"},
        {-5, 1, "-0.5"},
        {-500, 4, "-0.0500"},
        {1234, 2, "12.34"},
        {100, 2, "1.00"},
        {-1, 18, "-0.000000000000000001"},
        {INT64_MAX, 0, "9223372036854775807"},
        {INT64_MIN, 0, "-9223372036854775808"},
        {INT64_MIN, 18, "-9.223372036854775808"},
    };
    for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++) {
        char text[BBOTS_DECIMAL_TEXT_MAX];
        size_t length = bbots_decimal_print(printed[i].scaled, printed[i].scale, text);
        assert_string_equal(text, printed[i].text);
        assert_int_equal(length, strlen(text));
    }
}

static void what_is_printed_is_read_back(void **state)
{
    (void)state;
    start_random();
    for (int i = 0; i < 200000; i++) {
        unsigned scale = (unsigned)(random_bits() % 19);
        int64_t scaled = random_scaled() % (int64_t)power(18);
        int64_t again = 0;
        char text[BBOTS_DECIMAL_TEXT_MAX];
        bbots_text number = {text, bbots_decimal_print(scaled, scale, text)};
        assert_int_equal(bbots_decimal_parse(number, 18, scale, &again), BBOTS_OK);
        assert_true(again == scaled);
    }
}

/* scaled / 10^digits, half away from zero, by adding one half and cutting. */
static wide round_wide(wide scaled, unsigned digits)
{
    wide divisor = power(digits);
    wide twice = 2 * (scaled < 0 ? -scaled : scaled) + divisor;
    wide rounded = digits == 0 ? scaled : twice / (2 * divisor);
    return digits > 0 && scaled < 0 ? -rounded : rounded;
}

static void rescaling_agrees_with_128_bit_arithmetic(void **state)
{
    (void)state;
    start_random();
    for (int i = 0; i < 500000; i++) {
        int64_t scaled = random_scaled();
        unsigned from = (unsigned)(random_bits() % 19);
        unsigned to = (unsigned)(random_bits() % 19);
        unsigned precision = 1 + (unsigned)(random_bits() % 18);
        if (random_bits() % 4 == 0 && from > to) {
            /* A half and its neighbours, which chance does not find. */
            int64_t unit = (int64_t)power(from - to);
            int64_t whole = random_scaled() / unit / 2;
            scaled =
                whole * unit + (whole < 0 ? -unit : unit) / 2 + (int64_t)(random_bits() % 3) - 1;
        }
        wide expected = from >= to ? round_wide(scaled, from - to) : scaled * power(to - from);
        bool fits = expected > -power(precision) && expected < power(precision);
        int64_t rescaled = 77;
        int status = bbots_decimal_rescale(scaled, from, precision, to, &rescaled);
        if (status != (fits ? BBOTS_OK : BBOTS_NUMERIC_OUT_OF_RANGE) ||
            rescaled != (fits ? (int64_t)expected : 77)) {
            fail_msg("%lld from scale %u to (%u,%u) gives %lld, status %d", (long long)scaled, from,
                     precision, to, (long long)rescaled, status);
        }
    }
}

static void rescaling_takes_the_ends_of_the_range(void **state)
{
    (void)state;
    int64_t rescaled;
    assert_int_equal(bbots_decimal_rescale(INT64_MIN, 18, 18, 0, &rescaled), BBOTS_OK);
    assert_int_equal(rescaled, -9);
    assert_int_equal(bbots_decimal_rescale(INT64_MAX, 18, 18, 17, &rescaled), BBOTS_OK);
    assert_int_equal(rescaled, 922337203685477581);
    assert_int_equal(bbots_decimal_rescale(INT64_MIN, 0, 18, 0, &rescaled),
                     BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_int_equal(bbots_decimal_rescale(INT64_MIN, 0, 18, 18, &rescaled),
                     BBOTS_NUMERIC_OUT_OF_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_and_rounded_as_postgresql_does),
        cmocka_unit_test(not_a_number_is_refused_though_postgresql_holds_it),
        cmocka_unit_test(a_number_is_read_exactly_or_not_at_all),
        cmocka_unit_test(null_and_bytes_behind_the_text_are_not_read),
        cmocka_unit_test(a_type_that_cannot_be_is_refused),
        cmocka_unit_test(long_texts_are_read_to_their_end),
        cmocka_unit_test(printing_writes_exactly_scale_digits),
        cmocka_unit_test(what_is_printed_is_read_back),
        cmocka_unit_test(rescaling_agrees_with_128_bit_arithmetic),
        cmocka_unit_test(rescaling_takes_the_ends_of_the_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
