/*
 * literal_json.c - JSON of every shape, and what only looks like it.
 */
#include "diffpg.h"

#include <stdio.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *pick(random_source *source, const char *const *list, size_t count)
{
    return list[random_below(source, count)];
}

static const char *const blanks[] = {"", "", "", " ", "\n", "\t ", "\r\n"};
static const char *const numbers[] = {"0",
                                      "-0",
                                      "1",
                                      "-1",
                                      "0.0",
                                      "-0.0",
                                      "1.10",
                                      "1e5",
                                      "1E+5",
                                      "1e-5",
                                      "0.1e1",
                                      "100e-2",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "-9223372036854775808",
                                      "-9223372036854775809",
                                      "18446744073709551615",
                                      "1e100",
                                      "-1.5e-30",
                                      "123456789012345678901234567890.12345678901234567890",
                                      "0e10",
                                      "0.000",
                                      "1.0e3",
                                      "12e0",
                                      "5e-1",
                                      "0.00001000",
                                      "1e-300",
                                      "2147483648",
                                      "-0e1",
                                      "-0.0e5"};
static const char *const names[] = {"a",          "b",       "aa",     "id", "",     "name",
                                    "zz",         "\\u0061", "\u00e9", "A",  "type", "list",
                                    "\U0001F600", "\\\"",    "a b",    "ab", "ba"};
static const char *const pieces[] = {
    "x",       "\\n",     "\\t",     "\\\\",           "\\\"",       "\\/",
    "/",       "\\u00e9", "\u00e9",  "\\ud83d\\ude00", "\U0001F600", "\\u0001",
    "\\b",     "\\f",     "\\r",     "\u0301",         "'",          "\\uFFFF",
    "\\u001f", "\x7f",    "\\u007f", "\\u2028",        "\u2029",     "long text that goes on"};

static void add_string(random_source *source, builder *text)
{
    builder_print(text, "\"");
    for (uint64_t left = random_below(source, 5); left > 0; left--) {
        builder_print(text, "%s", pick(source, pieces, COUNT(pieces)));
    }
    builder_print(text, "\"");
}

static void add_value(random_source *source, unsigned depth, builder *text);

static void add_container(random_source *source, unsigned depth, bool object, builder *text)
{
    uint64_t count = random_below(source, 5);
    builder_print(text, object ? "{" : "[");
    for (uint64_t i = 0; i < count; i++) {
        builder_print(text, "%s%s", i > 0 ? "," : "", pick(source, blanks, COUNT(blanks)));
        if (object) {
            builder_print(text, "\"%s\"%s:", pick(source, names, COUNT(names)),
                          pick(source, blanks, COUNT(blanks)));
        }
        add_value(source, depth + 1, text);
    }
    builder_print(text, "%s%s", pick(source, blanks, COUNT(blanks)), object ? "}" : "]");
}

static void add_value(random_source *source, unsigned depth, builder *text)
{
    static const char *const words[] = {"true", "false", "null"};
    uint64_t choice = random_below(source, depth > 4 ? 6 : 10);
    builder_print(text, "%s", pick(source, blanks, COUNT(blanks)));
    if (choice < 2) {
        add_string(source, text);
    } else if (choice < 4) {
        builder_print(text, "%s", pick(source, numbers, COUNT(numbers)));
    } else if (choice < 6) {
        builder_print(text, "%s", pick(source, words, COUNT(words)));
    } else {
        add_container(source, depth, choice < 8, text);
    }
    builder_print(text, "%s", pick(source, blanks, COUNT(blanks)));
}

static const char *const odd_values[] = {"{}",
                                         "[]",
                                         "\"\"",
                                         "null",
                                         "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
                                         "{\"a\":1,\"a\":2}",
                                         "{\"a\":1,\"b\":2,\"a\":{\"a\":1}}",
                                         "{\"aa\":1,\"b\":2}",
                                         "  [1 , 2]  ",
                                         "-0",
                                         "1e5",
                                         "[-0.0]",
                                         "{\"\":0}",
                                         "{\"\\u0061\":1,\"a\":2}",
                                         "1.000000000000000000000000000000000000",
                                         "\"\\ud834\\udd1e\"",
                                         "[1e400]",
                                         "[1E-400]",
                                         "1e131071",
                                         "[0.1,1.0,10]",
                                         "{\"z\":{\"y\":{\"x\":[{\"w\":[]}]}}}",
                                         "true",
                                         "\"\\\\u0000\"",
                                         "[\"\u00e9\",\"e\u0301\"]"};
static const char *const bad_values[] = {"",
                                         " ",
                                         "{",
                                         "[",
                                         "]",
                                         "{\"a\"}",
                                         "{\"a\":}",
                                         "[1,]",
                                         "[,1]",
                                         "{\"a\":1,}",
                                         "{a:1}",
                                         "'a'",
                                         "01",
                                         "-",
                                         "+1",
                                         ".5",
                                         "1.",
                                         "1e",
                                         "1e+",
                                         "0x10",
                                         "NaN",
                                         "Infinity",
                                         "tru",
                                         "True",
                                         "nul",
                                         "\"\\u0000\"",
                                         "{\"\\u0000\":1}",
                                         "\"\\ud800\"",
                                         "\"\\udc00\"",
                                         "\"\\ud800\\u0041\"",
                                         "\"\\ud800x\"",
                                         "\"\\udc00\\ud800\"",
                                         "\"\\x\"",
                                         "\"\\u12\"",
                                         "\"\\u12g4\"",
                                         "\"abc",
                                         "\"a\nb\"",
                                         "\"a\tb\"",
                                         "1 2",
                                         "[] []",
                                         "{}x",
                                         "undefined",
                                         "// a",
                                         "\"\x1f\"",
                                         "--1",
                                         "1e131072",
                                         "1e-16384",
                                         "[1e999999999999]",
                                         "\u00a01",
                                         "\xef\xbb\xbf{}",
                                         "\"\\ud83d\\ude0\"",
                                         "[1 2]",
                                         "{\"a\" 1}",
                                         "{1:2}",
                                         "\"\\ud800\\ud800\"",
                                         "1e-16383",
                                         "[\"\\u0000\", x]",
                                         "[nulll]",
                                         "{\"a\":\"\\ud800\", b}",
                                         "\"\\",
                                         "\"\\u",
                                         "00",
                                         "-01",
                                         "-a",
                                         "1a",
                                         "[1e1000000]",
                                         "\"\x80\"",
                                         "{\"a\xff\":1}"};

void literal_json(random_source *source, pool *memory, manner how, literal *made)
{
    builder text = {NULL, 0, 0};
    literal_null(made);
    if (how != PLAIN && chance(source, 50)) {
        builder_print(&text, "%s",
                      how == ODD ? pick(source, odd_values, COUNT(odd_values))
                                 : pick(source, bad_values, COUNT(bad_values)));
    } else {
        add_value(source, how == PLAIN ? 3 : 0, &text);
        if (how == BAD) { /* something is cut out of what was right */
            size_t at = random_below(source, text.size);
            memmove(text.data + at, text.data + at + 1, text.size - at);
            text.size--;
        }
    }
    builder_add(&text, "", 0);
    made->text = pool_copy(memory, text.data, text.size);
    made->size = text.size;
    if (chance(source, 40) && text.size > 0) {
        made->typed = bbots_value_of_bytes(BBOTS_JSONTEXT, made->text, made->size);
    }
    builder_free(&text);
}
