/*
 * tests/unit/test_codec_float.c - proves codec/float.h: numbers are read and written as
 * PostgreSQL 15 does, and every number reads back as itself.
 *
 * The tables are what PostgreSQL 15.18 answered to `select $1::float8::text` and float4. Its
 * shortest text is that of Ryu with two turns: a text on the very border between two
 * numbers belongs to neither (1e23 reads as 9.999999999999999e+22, and is written so), and at powers
 * of two the shortest text need not be the rounded one.
 */
#include "codec/float.h"
#include "support/support.h"

#include <math.h>

typedef struct sample_text {
    const char *given;
    const char *printed;
} sample_text;

static const sample_text doubles[] = {
    {"0", "0"},
    {"-0", "-0"},
    {"1", "1"},
    {"-1", "-1"},
    {"0.1", "0.1"},
    {"0.3", "0.3"},
    {"1e-4", "0.0001"},
    {"0.00012345", "0.00012345"},
    {"1e-5", "1e-05"},
    {"0.00001234", "1.234e-05"},
    {"123456789012345", "123456789012345"},
    {"999999999999999", "999999999999999"},
    {"1e15", "1e+15"},
    {"1234567890123456", "1.234567890123456e+15"},
    {"1e16", "1e+16"},
    {"1e21", "1e+21"},
    {"1e22", "1e+22"},
    {"9007199254740991", "9.007199254740991e+15"},
    {"9007199254740992", "9.007199254740992e+15"},
    {"9007199254740993", "9.007199254740992e+15"},
    {"4.9e-324", "5e-324"},
    {"2.2250738585072014e-308", "2.2250738585072014e-308"},
    {"1.7976931348623157e308", "1.7976931348623157e+308"},
    {"3.141592653589793", "3.141592653589793"},
    {"2.718281828459045", "2.718281828459045"},
    {"100", "100"},
    {"1000000", "1000000"},
    {"1e100", "1e+100"},
    {"-1.5e-300", "-1.5e-300"},
    {"123.456", "123.456"},
    {"5e-1", "0.5"},
    {"0.30000000000000004", "0.30000000000000004"},
    {"1e23", "9.999999999999999e+22"},
    {"9.5e21", "9.500000000000001e+21"},
    {"-71195650299869264", "-7.1195650299869264e+16"},
    {"9223372036854775807", "9.223372036854776e+18"},
    {"7.120236347223045e-307", "7.120236347223045e-307"},
    {"7.291122019556398e-304", "7.291122019556398e-304"},
    {"7.174648137343064e-43", "7.174648137343064e-43"},
    {"5.684341886080802e-14", "5.684341886080802e-14"},
    {"4611686018427387904", "4.611686018427388e+18"},
    {"1e126", "1e+126"},
    {"165015172997526.875", "165015172997526.88"},
    {"-2.4177262535233335e-299", "-2.4177262535233335e-299"},
    {"-5.94315593719205e-259", "-5.94315593719205e-259"},
    {"2.165682706034594e-146", "2.165682706034594e-146"},
};

static const sample_text singles[] = {
    {"0", "0"},
    {"-0", "-0"},
    {"1", "1"},
    {"0.1", "0.1"},
    {"0.3", "0.3"},
    {"1e-4", "0.0001"},
    {"0.00012345", "0.00012345"},
    {"1e-5", "1e-05"},
    {"123456", "123456"},
    {"999999", "999999"},
    {"1e6", "1e+06"},
    {"1234567", "1.234567e+06"},
    {"16777216", "1.6777216e+07"},
    {"16777217", "1.6777216e+07"},
    {"1e10", "1e+10"},
    {"1e-45", "1e-45"},
    {"1.1754944e-38", "1.1754944e-38"},
    {"3.4028235e38", "3.4028235e+38"},
    {"3.1415927", "3.1415927"},
    {"100", "100"},
    {"0.30000001", "0.3"},
    {"-124567424", "-1.24567424e+08"},
    {"119393904", "1.19393904e+08"},
    {"34011432", "3.4011432e+07"},
    {"2456089.92", "2.45609e+06"},
    {"4103920128", "4.1039201e+09"},
    {"1.2621774483536189e-29", "1.2621775e-29"},
    {"1.547425049106725e26", "1.5474251e+26"},
    {"1.2379400392853803e27", "1.2379401e+27"},
    {"8388608", "8.388608e+06"},
    {"33554432", "3.3554432e+07"},
    {"3100805.75", "3.1008058e+06"},
    {"-2405395.75", "-2.4053958e+06"},
    {"145932.375", "145932.38"},
    {"434577.875", "434577.88"},
    {"4193410.75", "4.1934108e+06"},
};

static int print_all(const sample_text *samples, size_t count, bool single)
{
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        char text[CODEC_FLOAT_TEXT_MAX];
        double real;
        assert_int_equal(codec_float_parse(bbots_text_of(samples[i].given), single, &real),
                         BBOTS_OK);
        size_t size = codec_float_print(real, single, text);
        assert_int_equal(size, strlen(text));
        if (strcmp(text, samples[i].printed) != 0) {
            print_error("%s: \"%s\" and not \"%s\"\n", samples[i].given, text, samples[i].printed);
            wrong++;
        }
    }
    return wrong;
}

static void doubles_print_as_postgresql_prints_them(void **state)
{
    (void)state;
    assert_int_equal(print_all(doubles, COUNT(doubles), false), 0);
}

static void singles_print_as_postgresql_prints_them(void **state)
{
    (void)state;
    assert_int_equal(print_all(singles, COUNT(singles), true), 0);
}

static void what_is_no_number_has_a_name(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        const char *printed;
    } names[] = {{"infinity", "Infinity"}, {"-Infinity", "-Infinity"}, {"inf", "Infinity"},
                 {"+inf", "Infinity"},     {" -INF ", "-Infinity"},    {"nan", "NaN"},
                 {"NaN", "NaN"},           {"\tNAN\n", "NaN"}};
    for (size_t i = 0; i < COUNT(names); i++) {
        for (int single = 0; single < 2; single++) {
            char text[CODEC_FLOAT_TEXT_MAX];
            double real;
            assert_int_equal(codec_float_parse(bbots_text_of(names[i].given), single == 1, &real),
                             BBOTS_OK);
            codec_float_print(real, single == 1, text);
            assert_string_equal(text, names[i].printed);
        }
    }
    char text[CODEC_FLOAT_TEXT_MAX];
    codec_float_print(copysign((double)NAN, -1), false, text);
    assert_string_equal(text, "NaN"); /* it has no sign */
}

static void texts_that_are_no_number_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        " ",
                                        ".",
                                        "-",
                                        "+",
                                        "--1",
                                        "1e",
                                        "1e+",
                                        "1 2",
                                        "1_0",
                                        "1d5",
                                        "1f",
                                        "1e5.",
                                        "infinit",
                                        "infinityx",
                                        "na",
                                        "e5",
                                        "1,5",
                                        "0x",
                                        "1..2",
                                        "\xc2\xa0"
                                        "1"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        double real = 77;
        if (codec_float_parse(bbots_text_of(texts[i]), false, &real) != BBOTS_INVALID_TEXT) {
            fail_msg("\"%s\" was read as a number", texts[i]);
        }
    }
    double real;
    static char longest[2000];
    memset(longest, '1', sizeof longest);
    bbots_text long_text = {longest, sizeof longest};
    assert_int_equal(codec_float_parse(long_text, false, &real), BBOTS_INVALID_TEXT);
    bbots_text zero = {"1\0002", 3};
    assert_int_equal(codec_float_parse(zero, false, &real), BBOTS_INVALID_TEXT);
}

static void numbers_past_the_type_are_out_of_range(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        int as_double;
        int as_single;
    } cases[] = {{"1e400", BBOTS_NUMERIC_OUT_OF_RANGE, BBOTS_NUMERIC_OUT_OF_RANGE},
                 {"-1e400", BBOTS_NUMERIC_OUT_OF_RANGE, BBOTS_NUMERIC_OUT_OF_RANGE},
                 {"1e-400", BBOTS_NUMERIC_OUT_OF_RANGE, BBOTS_NUMERIC_OUT_OF_RANGE},
                 {"2e-324", BBOTS_NUMERIC_OUT_OF_RANGE, BBOTS_NUMERIC_OUT_OF_RANGE},
                 {"1e99999999999", BBOTS_NUMERIC_OUT_OF_RANGE, BBOTS_NUMERIC_OUT_OF_RANGE},
                 {"0e99999999999", BBOTS_OK, BBOTS_OK},
                 {"0.000", BBOTS_OK, BBOTS_OK},
                 {"4.9e-324", BBOTS_OK, BBOTS_NUMERIC_OUT_OF_RANGE},
                 {"1e-320", BBOTS_OK, BBOTS_NUMERIC_OUT_OF_RANGE},
                 {"1e39", BBOTS_OK, BBOTS_NUMERIC_OUT_OF_RANGE},
                 {"3.4028236e38", BBOTS_OK, BBOTS_NUMERIC_OUT_OF_RANGE},
                 {"3.4028235e38", BBOTS_OK, BBOTS_OK},
                 {"1e-46", BBOTS_OK, BBOTS_NUMERIC_OUT_OF_RANGE},
                 {"1e-45", BBOTS_OK, BBOTS_OK}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        double real;
        bbots_text text = bbots_text_of(cases[i].given);
        if (codec_float_parse(text, false, &real) != cases[i].as_double ||
            codec_float_parse(text, true, &real) != cases[i].as_single) {
            fail_msg("%s", cases[i].given);
        }
    }
}

static void every_number_reads_back_as_itself(void **state)
{
    (void)state;
    random_source source = random_begin(__func__);
    for (int i = 0; i < 20000; i++) {
        char text[CODEC_FLOAT_TEXT_MAX];
        uint64_t bits = random_next(&source);
        uint32_t half = (uint32_t)(bits >> 13);
        double number;
        double back;
        float narrow;
        memcpy(&number, &bits, sizeof number);
        memcpy(&narrow, &half, sizeof narrow);
        size_t size = codec_float_print(number, false, text);
        assert_true(size == strlen(text) && size < 26);
        assert_int_equal(codec_float_parse(bbots_text_of(text), false, &back), BBOTS_OK);
        assert_true(isnan(number) ? isnan(back) : memcmp(&back, &number, sizeof back) == 0);
        size = codec_float_print((double)narrow, true, text);
        assert_true(size == strlen(text) && size < 17);
        assert_int_equal(codec_float_parse(bbots_text_of(text), true, &back), BBOTS_OK);
        float narrow_back = (float)back;
        assert_true(isnan(narrow) ? isnan(back)
                                  : memcmp(&narrow_back, &narrow, sizeof narrow) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_print_as_postgresql_prints_them),
        cmocka_unit_test(singles_print_as_postgresql_prints_them),
        cmocka_unit_test(what_is_no_number_has_a_name),
        cmocka_unit_test(texts_that_are_no_number_are_refused),
        cmocka_unit_test(numbers_past_the_type_are_out_of_range),
        cmocka_unit_test(every_number_reads_back_as_itself),
    };
    choose_tests();
    return cmocka_run_group_tests_name("codec float", tests, NULL, NULL);
}
