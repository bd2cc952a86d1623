/*
 * tests/unit/test_codec_json.c - proves bbots/json.h: PostgreSQL's answers, one spelling per
 * value, and safety on any bytes.
 *
 * The tables were taken from PostgreSQL 15.18: `select $1::jsonb::text` and, for what it refuses,
 * the SQLSTATE. One row differs on purpose and says so. Random documents start from a printed seed;
 * BBOTS_SEED repeats a run.
 */
#include "codec/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Packs text that must be good; the caller frees .data. */
static bbots_json pack(const char *text)
{
    void *packed;
    size_t size;
    bbots_error error;
    if (bbots_json_pack(bbots_text_of(text), &packed, &size, &error) != BBOTS_OK) {
        fail_msg("%.200s: %s", text, error.message);
    }
    return (bbots_json){packed, (uint32_t)size, BBOTS_JSON_PACKED};
}

static void release(bbots_json json)
{
    free((void *)(uintptr_t)json.data);
}

static int pack_status(const char *text)
{
    void *packed;
    size_t size;
    bbots_error error = {0};
    int status = bbots_json_pack(bbots_text_of(text), &packed, &size, &error);
    if (status == BBOTS_OK) {
        free(packed);
    } else {
        assert_int_equal(error.code, status);
        assert_true(strlen(error.message) > 0);
        assert_null(strchr(error.message, '\n'));
    }
    return status;
}

static void assert_prints(bbots_json json, const char *expected)
{
    char *text;
    size_t size;
    bbots_error error;
    assert_int_equal(bbots_json_print(json, &text, &size, &error), BBOTS_OK);
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
    free(text);
}

static void prints_what_postgresql_prints(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"null", "null"},
        {" true ", "true"},
        {"\t[\r\n]", "[]"},
        {"{}", "{}"},
        {"[[],{}]", "[[], {}]"},
        {"{\"b\":[true,false,null],\"a\":1}", "{\"a\": 1, \"b\": [true, false, null]}"},
        {"{\"b\":1,\"a\":1,\"aa\":2,\"\":3,\"b\":[]}", "{\"\": 3, \"a\": 1, \"b\": [], \"aa\": 2}"},
        {"{\"a\":1,\"a\":2}", "{\"a\": 2}"},
        {"{\"a\":1,\"a\":{\"x\":1},\"a\":[2]}", "{\"a\": [2]}"},
        {"\"\\u0041\\u00e9\\ud83d\\ude00\\/\"", "\"A\xc3\xa9\xf0\x9f\x98\x80/\""},
        {"\"\\b\\f\\n\\r\\t\\\"\\\\\"", "\"\\b\\f\\n\\r\\t\\\"\\\\\""},
        {"\"\\u0001\\u001F\\u007f\"", "\"\\u0001\\u001f\x7f\""},
        {"\"\\uABCD\\uFFFF\"", "\"\xea\xaf\x8d\xef\xbf\xbf\""},
        {"\"/'<\"", "\"/'<\""},
        {"0", "0"},
        {"-0", "0"},
        {"-0.0", "0.0"},
        {"0.0", "0.0"},
        {"0e5", "0"},
        {"-0e3", "0"},
        {"0e-5", "0.00000"},
        {"-0e-3", "0.000"},
        {"0.00e1", "0.0"},
        {"0e999999", "0"},
        {"0e1073741822", "0"},
        {"1.0", "1.0"},
        {"1.50", "1.50"},
        {"1e2", "100"},
        {"1E-3", "0.001"},
        {"1.50e1", "15.0"},
        {"100e-2", "1.00"},
        {"1e0000000000000000000000000002", "100"},
        {"123.456e2", "12345.6"},
        {"-123.456e3", "-123456"},
        {"0.00123e2", "0.123"},
        {"0.00123e5", "123"},
        {"0.00123e-2", "0.0000123"},
        {"1e18", "1000000000000000000"},
        {"1e20", "100000000000000000000"},
        {"9223372036854775807", "9223372036854775807"},
        {"9223372036854775808", "9223372036854775808"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"-9223372036854775809", "-9223372036854775809"},
        {"18446744073709551615", "18446744073709551615"},
        {"18446744073709551616", "18446744073709551616"},
        {"[1.5,-2.25,3]", "[1.5, -2.25, 3]"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bbots_json json = pack(cases[i][0]);
        assert_prints(json, cases[i][1]);
        release(json);
    }
}

typedef struct refusal {
    const char *text;
    int status;
} refusal;

static void refuses_what_postgresql_refuses(void **state)
{
    (void)state;
    static const char *const not_json[] = {
        "",
        " ",
        "nul",
        "TRUE",
        "tru1",
        "truefalse",
        "NaN",
        "Infinity",
        "01",
        "-01",
        "1.",
        ".5",
        "+1",
        "-",
        "- 1",
        "1e",
        "1e+",
        "1.e5",
        "1 2",
        "1-1",
        "1true",
        "1\"",
        "[1]\"a",
        "1}",
        "[1]]",
        "[1",
        "[1,]",
        "[,]",
        "[1 2]",
        "[1}",
        "{",
        "{,}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{1:2}",
        "]",
        "'a'",
        "\"abc",
        "\"\\",
        "\"\\a\"",
        "\"\\U0041\"",
        "\"\\u00\"",
        "\"\\u12G4\"",
        "\"a\"\"b\"",
        "\"a\tb\"",
        "\"a\nb\"",
        "\"\f\"",
        "\v1",
        "1\f",
        "[\f]",
        "/*a*/1",
        "1//x",
        "\x7f",
        "\xc2\xa0"
        "1",
        "\xef\xbb\xbf"
        "1",
        "\\u0000",
        "\"\\x\\u0000\"",
        "nul \"\\u0000\"",
        "[1 2,\"\\u0000\"]",
    };
    static const refusal others[] = {
        {"\"\\u0000\"", BBOTS_UNTRANSLATABLE_CHARACTER},
        {"\"\\u0000", BBOTS_UNTRANSLATABLE_CHARACTER},
        {"\"\\u0000\" nul", BBOTS_UNTRANSLATABLE_CHARACTER},
        {"{\"\\u0000\":1}", BBOTS_UNTRANSLATABLE_CHARACTER},
        {"[\"a\" \"\\u0000\"]", BBOTS_UNTRANSLATABLE_CHARACTER},
        {"[\"\\u0000\",1e999999]", BBOTS_UNTRANSLATABLE_CHARACTER},
        {"[1e999999,\"\\u0000\"]", BBOTS_NUMERIC_OUT_OF_RANGE},
        {"[1e999999", BBOTS_NUMERIC_OUT_OF_RANGE},
        {"{\"a\":1e999999,\"a\":1}", BBOTS_NUMERIC_OUT_OF_RANGE},
        {"\"\xff\"", BBOTS_INVALID_ENCODING},
        {"\"\xed\xa0\x80\"", BBOTS_INVALID_ENCODING},
        {"\"\xc0\x80\"", BBOTS_INVALID_ENCODING},
        {"\"\xf4\x90\x80\x80\"", BBOTS_INVALID_ENCODING},
    };
    for (size_t i = 0; i < COUNT(not_json); i++) {
        assert_int_equal(pack_status(not_json[i]), BBOTS_INVALID_TEXT);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_int_equal(pack_status(others[i].text), others[i].status);
    }
}

/* As PostgreSQL: 22P02, while 22P05 is for \u0000 only. */
static void refuses_lone_surrogates(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\"\\ud800\"",        "\"\\ud800x\"",       "\"\\udc00\"",
        "\"\\ud800\\ud800\"", "\"\\ud800\\u0041\"", "{\"\\uDBFF\":1}",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(pack_status(cases[i]), BBOTS_INVALID_TEXT);
    }
}

static void refuses_a_raw_zero_byte_and_no_text(void **state)
{
    (void)state;
    void *packed;
    size_t size;
    bbots_text zero = {"\"a\0b\"", 5};
    bbots_text none = {NULL, 0};
    assert_int_equal(bbots_json_pack(zero, &packed, &size, NULL), BBOTS_INVALID_ENCODING);
    assert_int_equal(bbots_json_pack(none, &packed, &size, NULL), BBOTS_INVALID_TEXT);
}

static void error_tells_place_and_reason(void **state)
{
    (void)state;
    void *packed;
    size_t size;
    bbots_error error;
    assert_int_equal(bbots_json_pack(bbots_text_of("[1,]"), &packed, &size, &error),
                     BBOTS_INVALID_TEXT);
    assert_string_equal(error.sqlstate, "22P02");
    assert_non_null(strstr(error.message, "byte 4"));
    assert_non_null(strstr(error.message, "unallowed token"));
}

/* digits times a digit, with something before. */
static int status_of_digits(const char *before, size_t digits)
{
    size_t start = strlen(before);
    char *text = malloc(start + digits + 1);
    assert_non_null(text);
    memcpy(text, before, start);
    memset(text + start, '7', digits);
    text[start + digits] = '\0';
    int status = pack_status(text);
    free(text);
    return status;
}

static void numbers_end_where_numeric_ends(void **state)
{
    (void)state;
    static const refusal cases[] = {
        {"1e131071", BBOTS_OK},
        {"1e131072", BBOTS_NUMERIC_OUT_OF_RANGE},
        {"12e131070", BBOTS_OK},
        {"12e131071", BBOTS_NUMERIC_OUT_OF_RANGE},
        {"0.001e131074", BBOTS_OK},
        {"0.001e131075", BBOTS_NUMERIC_OUT_OF_RANGE},
        {"1e-16383", BBOTS_OK},
        {"1e-16384", BBOTS_NUMERIC_OUT_OF_RANGE},
        {"0e-16383", BBOTS_OK},
        {"0e-16384", BBOTS_NUMERIC_OUT_OF_RANGE},
        {"0e1073741822", BBOTS_OK},
        {"0e1073741823", BBOTS_NUMERIC_OUT_OF_RANGE},
        {"0e-1073741823", BBOTS_NUMERIC_OUT_OF_RANGE},
        {"0e99999999999999999999999", BBOTS_NUMERIC_OUT_OF_RANGE},
        {"1e99999999999999999999999", BBOTS_NUMERIC_OUT_OF_RANGE},
        {"1e-99999999999999999999999", BBOTS_NUMERIC_OUT_OF_RANGE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(pack_status(cases[i].text), cases[i].status);
    }
    assert_int_equal(status_of_digits("", 131072), BBOTS_OK);
    assert_int_equal(status_of_digits("", 131073), BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_int_equal(status_of_digits("-0.", 16383), BBOTS_OK);
    assert_int_equal(status_of_digits("-0.", 16384), BBOTS_NUMERIC_OUT_OF_RANGE);
}

static void nesting_ends_at_the_limit(void **state)
{
    (void)state;
    char text[2 * (BBOTS_JSON_DEPTH_MAX + 1) + 1] = {0};
    for (size_t depth = BBOTS_JSON_DEPTH_MAX; depth <= BBOTS_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(pack_status(text),
                         depth <= BBOTS_JSON_DEPTH_MAX ? BBOTS_OK : BBOTS_LIMIT_EXCEEDED);
    }
    uint8_t packed[BBOTS_JSON_DEPTH_MAX + 1];
    memset(packed, 0x91, sizeof packed); /* arrays of one element around an empty one */
    packed[BBOTS_JSON_DEPTH_MAX - 1] = 0x90;
    bbots_json json = {packed, BBOTS_JSON_DEPTH_MAX, BBOTS_JSON_PACKED};
    assert_int_equal(bbots_json_validate(json), BBOTS_OK);
    packed[BBOTS_JSON_DEPTH_MAX - 1] = 0x91;
    packed[BBOTS_JSON_DEPTH_MAX] = 0x90;
    json.size = BBOTS_JSON_DEPTH_MAX + 1;
    assert_int_equal(bbots_json_validate(json), BBOTS_LIMIT_EXCEEDED);
}

static void small_text_makes_no_huge_value(void **state)
{
    (void)state;
    enum { NUMBERS = 600 }; /* of 128 KiB each: 75 MiB */
    char text[NUMBERS * 9 + 2] = "[";
    for (size_t i = 0; i < NUMBERS; i++) {
        strcat(text, i == 0 ? "1e131071" : ",1e131071");
    }
    strcat(text, "]");
    assert_int_equal(pack_status(text), BBOTS_LIMIT_EXCEEDED);
}

static void text_ends_at_64_mib(void **state)
{
    (void)state;
    size_t size = ((size_t)64 << 20) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, ' ', size);
    text[0] = '1';
    void *packed;
    size_t packed_size;
    bbots_text whole = {text, size};
    assert_int_equal(bbots_json_pack(whole, &packed, &packed_size, NULL), BBOTS_LIMIT_EXCEEDED);
    whole.size--;
    assert_int_equal(bbots_json_pack(whole, &packed, &packed_size, NULL), BBOTS_OK);
    assert_int_equal(packed_size, 1);
    free(packed);
    free(text);
}

typedef struct spelling {
    const char *text;
    const char *packed;
    uint32_t size;
} spelling;

static void packs_to_the_shortest_form(void **state)
{
    (void)state;
    static const spelling cases[] = {
        {"null", "\xc0", 1},
        {"true", "\xc3", 1},
        {"0", "\0", 1},
        {"127", "\x7f", 1},
        {"128", "\xcc\x80", 2},
        {"255", "\xcc\xff", 2},
        {"256", "\xcd\x01\0", 3},
        {"65536", "\xce\0\x01\0\0", 5},
        {"4294967296", "\xcf\0\0\0\x01\0\0\0\0", 9},
        {"18446744073709551615", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9},
        {"-32", "\xe0", 1},
        {"-33", "\xd0\xdf", 2},
        {"-129", "\xd1\xff\x7f", 3},
        {"-32769", "\xd2\xff\xff\x7f\xff", 5},
        {"-2147483649", "\xd3\xff\xff\xff\xff\x7f\xff\xff\xff", 9},
        {"1.5",
         "\xc7\x03\x01"
         "1.5",
         6},
        {"0.10",
         "\xd6\x01"
         "0.10",
         6},
        {"\"a\"",
         "\xa1"
         "a",
         2},
        {"[1,\"\"]", "\x92\x01\xa0", 3},
        {"{\"b\":1,\"a\":2}",
         "\x82\xa1"
         "a\x02\xa1"
         "b\x01",
         7},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bbots_json json = pack(cases[i].text);
        assert_int_equal(json.size, cases[i].size);
        assert_memory_equal(json.data, cases[i].packed, json.size);
        release(json);
    }
}

static void equal_values_have_equal_bytes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"a\":1,\"b\":2}", "{ \"b\" : 2.0e0 , \"b\" : 2, \"a\" : 1 }"},
        {"100", "1e2"},
        {"1.0", "10e-1"},
        {"\"A\"", "\"\\u0041\""},
        {"0.000", "-0e-3"},
        {"100000000000000000000", "1e20"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bbots_json left = pack(cases[i][0]);
        bbots_json right = pack(cases[i][1]);
        assert_int_equal(left.size, right.size);
        assert_memory_equal(left.data, right.data, left.size);
        release(left);
        release(right);
    }
}

static void validate_refuses_every_second_spelling(void **state)
{
    (void)state;
    static const spelling cases[] = {
        {"nothing", "", 0},
        {"two values", "\x01\x02", 2},
        {"unused tag", "\xc1", 1},
        {"bytes",
         "\xc4\x01"
         "a",
         3},
        {"float", "\xca\0\0\0\0", 5},
        {"long 5", "\xcc\x05", 2},
        {"long 255", "\xcd\0\xff", 3},
        {"long 65535", "\xce\0\0\xff\xff", 5},
        {"signed 5", "\xd0\x05", 2},
        {"long -32", "\xd0\xe0", 2},
        {"long -128", "\xd1\xff\x80", 3},
        {"long string",
         "\xd9\x01"
         "a",
         3},
        {"long array", "\xdc\0\x01\x01", 4},
        {"long object", "\xde\0\0", 3},
        {"name no string", "\x81\x01\x01", 3},
        {"names unsorted",
         "\x82\xa1"
         "b\x01\xa1"
         "a\x01",
         7},
        {"names by length",
         "\x82\xa2"
         "aa\x01\xa1"
         "b\x01",
         8},
        {"names twice",
         "\x82\xa1"
         "a\x01\xa1"
         "a\x01",
         7},
        {"other extension",
         "\xd6\x02"
         "0.10",
         6},
        {"long extension",
         "\xc7\x04\x01"
         "0.10",
         7},
        {"integer as decimal",
         "\xd4\x01"
         "1",
         3},
        {"negative zero",
         "\xd6\x01"
         "-0.0",
         6},
        {"exponent",
         "\xc7\x03\x01"
         "1e5",
         6},
        {"leading zero",
         "\xd6\x01"
         "01.5",
         6},
        {"no fraction",
         "\xd5\x01"
         "1.",
         4},
        {"no whole",
         "\xd5\x01"
         ".5",
         4},
        {"plus",
         "\xd6\x01"
         "+1.5",
         6},
        {"count past the end", "\xdd\xff\xff\xff\xff", 5},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bbots_json json = {cases[i].packed, cases[i].size, BBOTS_JSON_PACKED};
        char *text;
        size_t size;
        if (bbots_json_validate(json) != BBOTS_INVALID_TEXT) {
            fail_msg("accepted: %s", cases[i].text);
        }
        assert_int_equal(bbots_json_print(json, &text, &size, NULL), BBOTS_INVALID_TEXT);
    }
    bbots_json encoding = {"\xa1\xff", 2, BBOTS_JSON_PACKED};
    bbots_json none = {NULL, 0, BBOTS_JSON_PACKED};
    assert_int_equal(bbots_json_validate(encoding), BBOTS_INVALID_ENCODING);
    assert_int_equal(bbots_json_validate(none), BBOTS_INVALID_TEXT);
    assert_int_equal(bbots_json_validate(bbots_json_of("1")), BBOTS_INVALID_TEXT);
}

static void path_leads_to_the_value(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"\": 5, \"a\": [10, {\"b c\": \"x\"}], \"\xc3\xa9\": 7, \"q\\\"\\\\\": 6}";
    static const char *const cases[][2] = {
        {"", whole},
        {"$", whole},
        {".a", "[10, {\"b c\": \"x\"}]"},
        {"$.a[0]", "10"},
        {"$.a[-2]", "10"},
        {".a[1][\"b c\"]", "\"x\""},
        {"[\"a\"][-1][\"b c\"]", "\"x\""},
        {"[\"\"]", "5"},
        {"[\"q\\\"\\\\\"]", "6"},
        {".\xc3\xa9", "7"},
    };
    static const char *const nowhere[] = {
        ".b",   ".aa", ".a[2]",    ".a[-3]",     ".a[99999999999999999999]",
        ".a.b", "[0]", ".a[0][0]", "[\"\\\"\"]", ".a[1].b",
    };
    static const char *const nonsense[] = {
        "a",     "$a",   "$$",   ".",     "..a",  ".a.",       "[",      "[]",
        "[1",    "[+1]", "[-]",  "[1.5]", "[ 1]", "[\"a]",     "[\"a\"", "[\"\\n\"]",
        "[\"\\", "[a]",  ".a b", ".b]",   ".b\"", ".nowhere[",
    };
    bbots_json json = pack("{\"a\":[10,{\"b c\":\"x\"}],\"\":5,\"q\\\"\\\\\":6,\"\xc3\xa9\":7}");
    bbots_json found;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(bbots_json_get(json, cases[i][0], &found), BBOTS_OK);
        assert_prints(found, cases[i][1]);
        assert_int_equal(bbots_json_validate(found), BBOTS_OK);
    }
    for (size_t i = 0; i < COUNT(nowhere); i++) {
        assert_int_equal(bbots_json_get(json, nowhere[i], &found), BBOTS_NOT_FOUND);
    }
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        if (bbots_json_get(json, nonsense[i], &found) != BBOTS_SYNTAX) {
            fail_msg("understood: %s", nonsense[i]);
        }
    }
    release(json);
}

static void walk_gives_every_element_once(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "aa"};
    bbots_json json = pack("{\"aa\":[1,2],\"b\":{},\"a\":null}");
    bbots_json element;
    bbots_text name;
    size_t position = 0;
    assert_int_equal(bbots_json_count(json), 3);
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_int_equal(bbots_json_next(json, &position, &name, &element), BBOTS_OK);
        assert_int_equal(name.size, strlen(names[i]));
        assert_memory_equal(name.data, names[i], name.size);
    }
    assert_int_equal(bbots_json_next(json, &position, &name, &json), BBOTS_END);
    assert_int_equal(bbots_json_count(element), 2);
    position = 0;
    bbots_json number;
    for (int64_t i = 1; i <= 2; i++) {
        int64_t integer;
        assert_int_equal(bbots_json_next(element, &position, NULL, &number), BBOTS_OK);
        assert_int_equal(bbots_json_integer(number, &integer), BBOTS_OK);
        assert_int_equal(integer, i);
    }
    assert_int_equal(bbots_json_next(element, &position, NULL, &number), BBOTS_END);
    position = 0;
    assert_int_equal(bbots_json_next(number, &position, NULL, &element), BBOTS_END);
    release(json);
}

static void member_is_found_by_its_whole_name(void **state)
{
    (void)state;
    bbots_json json = pack("{\"a\":1,\"ab\":2,\"abc\":3}");
    bbots_json found;
    int64_t integer;
    assert_int_equal(bbots_json_member(json, bbots_text_of("ab"), &found), BBOTS_OK);
    assert_int_equal(bbots_json_integer(found, &integer), BBOTS_OK);
    assert_int_equal(integer, 2);
    assert_int_equal(bbots_json_member(json, bbots_text_of("b"), &found), BBOTS_NOT_FOUND);
    assert_int_equal(bbots_json_member(json, bbots_text_of("abcd"), &found), BBOTS_NOT_FOUND);
    assert_int_equal(bbots_json_member(json, bbots_text_of(NULL), &found), BBOTS_NOT_FOUND);
    assert_int_equal(bbots_json_member(found, bbots_text_of("a"), &found), BBOTS_NOT_FOUND);
    release(json);
}

static void scalars_come_out_by_their_type(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bbots_json_type type;
        const char *number;
    } cases[] = {
        {"null", BBOTS_JSON_NULL, NULL},
        {"true", BBOTS_JSON_BOOLEAN, NULL},
        {"-9223372036854775808", BBOTS_JSON_INTEGER, "-9223372036854775808"},
        {"9223372036854775808", BBOTS_JSON_NUMBER, "9223372036854775808"},
        {"18446744073709551615", BBOTS_JSON_NUMBER, "18446744073709551615"},
        {"1.50", BBOTS_JSON_NUMBER, "1.50"},
        {"\"text\"", BBOTS_JSON_STRING, NULL},
        {"[]", BBOTS_JSON_ARRAY, NULL},
        {"{}", BBOTS_JSON_OBJECT, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bbots_json json = pack(cases[i].text);
        bool boolean;
        int64_t integer;
        bbots_text text;
        char buffer[24];
        bbots_json_type type = cases[i].type;
        assert_int_equal(bbots_json_type_of(json), type);
        assert_int_equal(bbots_json_count(json), 0);
        assert_int_equal(bbots_json_boolean(json, &boolean),
                         type == BBOTS_JSON_BOOLEAN ? BBOTS_OK : BBOTS_WRONG_TYPE);
        assert_int_equal(bbots_json_integer(json, &integer),
                         type == BBOTS_JSON_INTEGER ? BBOTS_OK : BBOTS_WRONG_TYPE);
        assert_int_equal(bbots_json_string(json, &text),
                         type == BBOTS_JSON_STRING ? BBOTS_OK : BBOTS_WRONG_TYPE);
        assert_int_equal(bbots_json_number(json, buffer, &text),
                         cases[i].number != NULL ? BBOTS_OK : BBOTS_WRONG_TYPE);
        if (cases[i].number != NULL) {
            assert_int_equal(text.size, strlen(cases[i].number));
            assert_memory_equal(text.data, cases[i].number, text.size);
        }
        release(json);
    }
}

static void arena_and_malloc_give_the_same(void **state)
{
    (void)state;
    static const char text[] = "{\"b\": [1.5, \"\\u00e9\"], \"a\": null}";
    bb_arena arena;
    bb_arena_init(&arena);
    bbots_json packed;
    bbots_text printed;
    bbots_json expected = pack(text);
    assert_int_equal(codec_json_pack(&arena, bbots_text_of(text), &packed, NULL), BBOTS_OK);
    assert_int_equal(packed.form, BBOTS_JSON_PACKED);
    assert_int_equal(packed.size, expected.size);
    assert_memory_equal(packed.data, expected.data, packed.size);
    assert_int_equal(codec_json_print(&arena, packed, &printed, NULL), BBOTS_OK);
    assert_int_equal(printed.data[printed.size], '\0');
    assert_prints(expected, printed.data);
    bbots_error error = {0}; /* inner functions keep the first failure */
    assert_int_equal(codec_json_pack(&arena, bbots_text_of("["), &packed, &error),
                     BBOTS_INVALID_TEXT);
    release(expected);
    bb_arena_free(&arena);
}

/* A random document; the text never outgrows the buffer because only short pieces are added. */
typedef struct generator {
    uint64_t random;
    char text[1 << 16];
    size_t size;
} generator;

static unsigned draw(generator *from, unsigned below)
{
    from->random = from->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(from->random >> 33) % below;
}

static void put(generator *to, const char *piece)
{
    size_t size = strlen(piece);
    assert_true(to->size + size < sizeof to->text);
    memcpy(to->text + to->size, piece, size + 1);
    to->size += size;
}

static void put_string(generator *to)
{
    static const char *const pieces[] = {
        "a",    "b", "\\n",     "\\u0041", "\\ud83d\\ude00", "\xc3\xa9", "\\\"",
        "\\\\", "/", "\\u001f", " ",       "longer piece"};
    put(to, "\"");
    for (unsigned left = draw(to, 4); left > 0; left--) {
        put(to, pieces[draw(to, COUNT(pieces))]);
    }
    put(to, "\"");
}

static void put_number(generator *to)
{
    char digits[48];
    static const char *const tails[] = {"", "", ".0", ".50", "e3", "E-2", ".25e+1", "e19"};
    snprintf(digits, sizeof digits, "%s%u", draw(to, 2) ? "-" : "", draw(to, 1u << draw(to, 31)));
    put(to, digits);
    put(to, tails[draw(to, COUNT(tails))]);
}

static void put_value(generator *to, unsigned depth)
{
    static const char *const words[] = {"null", "true", "false"};
    unsigned kind = draw(to, depth > 3 ? 3 : 5);
    if (kind == 0) {
        put(to, words[draw(to, COUNT(words))]);
    } else if (kind == 1) {
        put_number(to);
    } else if (kind == 2) {
        put_string(to);
    } else {
        unsigned count = draw(to, draw(to, 8) == 0 ? 20 : 5);
        put(to, kind == 3 ? "[" : "{");
        for (unsigned i = 0; i < count; i++) {
            put(to, i > 0 ? " ," : "");
            if (kind == 4) {
                put_string(to);
                put(to, ":");
            }
            put_value(to, depth + 1 + count / 6);
        }
        put(to, kind == 3 ? "]" : "}");
    }
}

static const char *next_document(generator *from)
{
    from->size = 0;
    put_value(from, 0);
    return from->text;
}

static generator *new_generator(void)
{
    const char *given = getenv("BBOTS_SEED");
    generator *made = calloc(1, sizeof *made);
    assert_non_null(made);
    made->random = given != NULL ? strtoull(given, NULL, 10) : 20230809;
    print_message("BBOTS_SEED=%llu\n", (unsigned long long)made->random);
    return made;
}

/* What bbots_json_validate() promises of bytes that it accepts. */
static void assert_is_canonical(bbots_json json)
{
    char *text;
    size_t size;
    assert_int_equal(bbots_json_print(json, &text, &size, NULL), BBOTS_OK);
    bbots_json again = pack(text);
    assert_int_equal(again.size, json.size);
    assert_memory_equal(again.data, json.data, json.size);
    release(again);
    free(text);
}

static void random_documents_survive_print_and_pack(void **state)
{
    (void)state;
    generator *documents = new_generator();
    for (int i = 0; i < 3000; i++) {
        bbots_json json = pack(next_document(documents));
        assert_int_equal(bbots_json_validate(json), BBOTS_OK);
        assert_is_canonical(json);
        release(json);
    }
    free(documents);
}

/* Every truncation in memory of just that size, so that a sanitizer sees a byte too far. */
static void every_truncation_is_refused(void **state)
{
    (void)state;
    generator *documents = new_generator();
    for (int i = 0; i < 200; i++) {
        bbots_json json = pack(next_document(documents));
        for (uint32_t size = 0; size < json.size; size++) {
            void *part = malloc(size > 0 ? size : 1);
            assert_non_null(part);
            memcpy(part, json.data, size);
            bbots_json cut = {part, size, BBOTS_JSON_PACKED};
            assert_int_not_equal(bbots_json_validate(cut), BBOTS_OK);
            free(part);
        }
        release(json);
    }
    free(documents);
}

/* Reads everything there is; the sanitizers judge. The steps are bounded by the bytes. */
static void read_all(bbots_json json, unsigned depth)
{
    bbots_json element;
    bbots_text name;
    int64_t integer;
    bool boolean;
    char buffer[24];
    size_t position = 0;
    size_t before = 0;
    (void)bbots_json_count(json);
    (void)!bbots_json_boolean(json, &boolean);
    (void)!bbots_json_integer(json, &integer);
    (void)!bbots_json_string(json, &name);
    (void)!bbots_json_number(json, buffer, &name);
    (void)!bbots_json_get(json, "$.a[1][\"\\\"\"]", &element);
    (void)!bbots_json_get(json, "[-1]", &element);
    while (depth < 8 && bbots_json_next(json, &position, &name, &element) == BBOTS_OK) {
        assert_true(position > before && position <= json.size);
        before = position;
        read_all(element, depth + 1);
    }
}

static void damaged_bytes_are_read_safely(void **state)
{
    (void)state;
    generator *documents = new_generator();
    for (int i = 0; i < 60; i++) {
        bbots_json json = pack(next_document(documents));
        uint8_t *bytes = (uint8_t *)(uintptr_t)json.data;
        for (uint32_t at = 0; at < json.size && at < 400; at++) {
            uint8_t kept = bytes[at];
            for (unsigned flip = 1; flip < 256; flip += flip < 16 ? 1 : 15) {
                bytes[at] = (uint8_t)(kept ^ flip);
                read_all(json, 0);
                if (bbots_json_validate(json) == BBOTS_OK) {
                    assert_is_canonical(json);
                }
            }
            bytes[at] = kept;
        }
        release(json);
    }
    free(documents);
}

static void many_members_are_sorted_and_unique(void **state)
{
    (void)state;
    enum { MEMBERS = 5000 };
    char *text = malloc(MEMBERS * 24);
    assert_non_null(text);
    size_t size = 0;
    for (unsigned i = 0; i < MEMBERS; i++) { /* 2500 names, each twice; the second value stays */
        size += (size_t)sprintf(text + size, "%s\"k%u\":%u", i == 0 ? "{" : ",",
                                i * 7919u % (MEMBERS / 2), i);
    }
    strcpy(text + size, "}");
    bbots_json json = pack(text);
    bbots_json found;
    int64_t integer;
    assert_int_equal(bbots_json_validate(json), BBOTS_OK);
    assert_int_equal(bbots_json_count(json), MEMBERS / 2);
    assert_int_equal(bbots_json_get(json, ".k7919", &found), BBOTS_NOT_FOUND);
    assert_int_equal(bbots_json_get(json, ".k0", &found), BBOTS_OK);
    assert_int_equal(bbots_json_integer(found, &integer), BBOTS_OK);
    assert_int_equal(integer, MEMBERS / 2);
    release(json);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_what_postgresql_prints),
        cmocka_unit_test(refuses_what_postgresql_refuses),
        cmocka_unit_test(refuses_lone_surrogates),
        cmocka_unit_test(refuses_a_raw_zero_byte_and_no_text),
        cmocka_unit_test(error_tells_place_and_reason),
        cmocka_unit_test(numbers_end_where_numeric_ends),
        cmocka_unit_test(nesting_ends_at_the_limit),
        cmocka_unit_test(small_text_makes_no_huge_value),
        cmocka_unit_test(text_ends_at_64_mib),
        cmocka_unit_test(packs_to_the_shortest_form),
        cmocka_unit_test(equal_values_have_equal_bytes),
        cmocka_unit_test(validate_refuses_every_second_spelling),
        cmocka_unit_test(path_leads_to_the_value),
        cmocka_unit_test(walk_gives_every_element_once),
        cmocka_unit_test(member_is_found_by_its_whole_name),
        cmocka_unit_test(scalars_come_out_by_their_type),
        cmocka_unit_test(arena_and_malloc_give_the_same),
        cmocka_unit_test(random_documents_survive_print_and_pack),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(damaged_bytes_are_read_safely),
        cmocka_unit_test(many_members_are_sorted_and_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
