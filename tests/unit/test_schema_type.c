/*
 * tests/unit/test_schema_type.c - proves what schema/build.h says about types: which sizes they
 * take, which may be keys, sealed or joined, how they are written, and which defaults a column may
 * have. A schema record from a file is held to the same rules.
 */
#include "schema/build.h"
#include "support/support.h"

static void types_have_words(void **state)
{
    (void)state;
    static const char *const words[] = {"boolean", "smallint", "integer",
                                        "bigint",  "real",     "double precision",
                                        "decimal", "text",     "varchar",
                                        "bytea",   "uuid",     "timestamp",
                                        "jsonb",   "vector",   "timestamp with time zone"};
    for (size_t i = 0; i < COUNT(words); i++) {
        unsigned type = schema_type_of_word(words[i]);
        assert_int_not_equal(type, 0);
        assert_string_equal(schema_type_word(type), words[i]);
        assert_int_equal(schema_type_keyable(type),
                         type != BBOTS_TYPE_JSONB && type != BBOTS_TYPE_VECTOR);
        assert_int_equal(schema_type_sealable(type), type == BBOTS_TYPE_TEXT ||
                                                         type == BBOTS_TYPE_VARCHAR ||
                                                         type == BBOTS_TYPE_JSONB);
    }
    assert_int_equal(schema_type_of_word("money"), 0);
    assert_null(schema_type_word(200));
}

static void sizes_have_limits(void **state)
{
    (void)state;
    static const struct {
        bbots_type type;
        uint32_t length;
        unsigned scale;
        bool fits;
    } cases[] = {{BBOTS_TYPE_DECIMAL, 0, 0, false},
                 {BBOTS_TYPE_DECIMAL, 1, 0, true},
                 {BBOTS_TYPE_DECIMAL, 18, 18, true},
                 {BBOTS_TYPE_DECIMAL, 18, 19, false},
                 {BBOTS_TYPE_DECIMAL, 19, 0, false},
                 {BBOTS_TYPE_VARCHAR, 0, 0, true},
                 {BBOTS_TYPE_VARCHAR, SCHEMA_VARCHAR_MAX, 0, true},
                 {BBOTS_TYPE_VARCHAR, SCHEMA_VARCHAR_MAX + 1u, 0, false},
                 {BBOTS_TYPE_VARCHAR, 1, 1, false},
                 {BBOTS_TYPE_VECTOR, 0, 0, false},
                 {BBOTS_TYPE_VECTOR, SCHEMA_VECTOR_MAX, 0, true},
                 {BBOTS_TYPE_VECTOR, SCHEMA_VECTOR_MAX + 1u, 0, false},
                 {BBOTS_TYPE_VECTOR, 1, 1, false},
                 {BBOTS_TYPE_TEXT, 0, 0, true},
                 {BBOTS_TYPE_TEXT, 1, 0, false},
                 {BBOTS_TYPE_INTEGER, 0, 1, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(schema_type_sized(cases[i].type, cases[i].length, cases[i].scale),
                         cases[i].fits);
    }
}

static void texts_of_any_length_and_equal_types_are_joined(void **state)
{
    (void)state;
    bbots_column text = {.type = BBOTS_TYPE_TEXT};
    bbots_column varchar = {.type = BBOTS_TYPE_VARCHAR, .length = 7};
    bbots_column number = {.type = BBOTS_TYPE_INTEGER};
    bbots_column price = {.type = BBOTS_TYPE_DECIMAL, .length = 9, .scale = 2};
    bbots_column rate = {.type = BBOTS_TYPE_DECIMAL, .length = 9, .scale = 4};
    assert_true(schema_types_joinable(&text, &varchar));
    assert_true(schema_types_joinable(&varchar, &text));
    assert_true(schema_types_joinable(&price, &price));
    assert_false(schema_types_joinable(&price, &rate));
    assert_false(schema_types_joinable(&text, &number));
}

static void types_are_written_as_in_sql(void **state)
{
    (void)state;
    static const struct {
        bbots_column column;
        const char *text;
    } cases[] = {{{.type = BBOTS_TYPE_SMALLINT, .flags = BBOTS_COLUMN_SERIAL}, "smallserial"},
                 {{.type = BBOTS_TYPE_INTEGER, .flags = BBOTS_COLUMN_SERIAL}, "serial"},
                 {{.type = BBOTS_TYPE_BIGINT, .flags = BBOTS_COLUMN_SERIAL}, "bigserial"},
                 {{.type = BBOTS_TYPE_DECIMAL, .length = 12, .scale = 2}, "decimal(12,2)"},
                 {{.type = BBOTS_TYPE_VARCHAR, .length = 9}, "varchar(9)"},
                 {{.type = BBOTS_TYPE_VARCHAR}, "varchar"},
                 {{.type = 200}, "unknown"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char buffer[40];
        assert_int_equal(bbots_column_type_text(&cases[i].column, buffer), strlen(cases[i].text));
        assert_string_equal(buffer, cases[i].text);
    }
}

typedef struct literal {
    bbots_type type;
    const char *text;
    bool fits;
} literal;

static void a_default_is_a_value_of_its_type(void **state)
{
    (void)state;
    static const literal cases[] = {{BBOTS_TYPE_BOOLEAN, "true", true},
                                    {BBOTS_TYPE_BOOLEAN, "false", true},
                                    {BBOTS_TYPE_BOOLEAN, "t", false},
                                    {BBOTS_TYPE_SMALLINT, "-32768", true},
                                    {BBOTS_TYPE_SMALLINT, "+32767", true},
                                    {BBOTS_TYPE_SMALLINT, "32768", false},
                                    {BBOTS_TYPE_SMALLINT, "-32769", false},
                                    {BBOTS_TYPE_INTEGER, "2147483648", false},
                                    {BBOTS_TYPE_INTEGER, "7x", false},
                                    {BBOTS_TYPE_INTEGER, "", false},
                                    {BBOTS_TYPE_INTEGER, "-", false},
                                    {BBOTS_TYPE_BIGINT, "9223372036854775807", true},
                                    {BBOTS_TYPE_BIGINT, "9223372036854775808", false},
                                    {BBOTS_TYPE_REAL, "NaN", true},
                                    {BBOTS_TYPE_REAL, "-Infinity", true},
                                    {BBOTS_TYPE_REAL, "1e38", true},
                                    {BBOTS_TYPE_REAL, "1e39", false},
                                    {BBOTS_TYPE_DOUBLE, "1e39", true},
                                    {BBOTS_TYPE_DOUBLE, "1e400", false},
                                    {BBOTS_TYPE_DOUBLE, "1e", false},
                                    {BBOTS_TYPE_DOUBLE, "", false},
                                    {BBOTS_TYPE_DOUBLE, "1 ", false},
                                    {BBOTS_TYPE_DECIMAL, "1234567.89", true},
                                    {BBOTS_TYPE_DECIMAL, "12345678", false},
                                    {BBOTS_TYPE_TEXT, "", true},
                                    {BBOTS_TYPE_VARCHAR, "123456789", true},
                                    {BBOTS_TYPE_VARCHAR, "1234567890", false},
                                    {BBOTS_TYPE_BYTEA, "\\x", true},
                                    {BBOTS_TYPE_BYTEA, "\\x0aF9", true},
                                    {BBOTS_TYPE_BYTEA, "\\x0", false},
                                    {BBOTS_TYPE_BYTEA, "\\x0g", false},
                                    {BBOTS_TYPE_BYTEA, "ab", false},
                                    {BBOTS_TYPE_BYTEA, "", false},
                                    {BBOTS_TYPE_UUID, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", true},
                                    {BBOTS_TYPE_UUID, "a0eebc99", false},
                                    {BBOTS_TYPE_TIMESTAMP, "2026-01-31 12:00:00", true},
                                    {BBOTS_TYPE_TIMESTAMP, "2026-02-30", false},
                                    {BBOTS_TYPE_TIMESTAMPTZ, "2026-01-31 12:00:00+05", true},
                                    {BBOTS_TYPE_TIMESTAMPTZ, "x", false},
                                    {BBOTS_TYPE_JSONB, "{}", true},
                                    {BBOTS_TYPE_VECTOR, "[1]", false},
                                    {BBOTS_TYPE_TEXT, "\xff", false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool sized = cases[i].type == BBOTS_TYPE_DECIMAL || cases[i].type == BBOTS_TYPE_VARCHAR;
        bbots_column column = {.type = (uint8_t)cases[i].type,
                               .length = sized ? 9 : 0,
                               .scale = cases[i].type == BBOTS_TYPE_DECIMAL ? 2 : 0,
                               .default_kind = BBOTS_DEFAULT_LITERAL,
                               .default_text = cases[i].text};
        if ((schema_default_fault(&column) == NULL) != cases[i].fits) {
            fail_msg("default \"%s\" of %s", cases[i].text, schema_type_word(cases[i].type));
        }
    }
    bbots_column unlimited = {.type = BBOTS_TYPE_VARCHAR,
                              .default_kind = BBOTS_DEFAULT_LITERAL,
                              .default_text = "as long as it likes"};
    assert_null(schema_default_fault(&unlimited));
}

static void a_default_that_is_computed_has_its_types(void **state)
{
    (void)state;
    static const struct {
        bbots_type type;
        unsigned kind;
        uint8_t flags;
        bool fits;
    } cases[] = {{BBOTS_TYPE_TIMESTAMP, BBOTS_DEFAULT_NOW, 0, true},
                 {BBOTS_TYPE_TIMESTAMPTZ, BBOTS_DEFAULT_NOW, 0, true},
                 {BBOTS_TYPE_INTEGER, BBOTS_DEFAULT_NOW, 0, false},
                 {BBOTS_TYPE_UUID, BBOTS_DEFAULT_UUID, 0, true},
                 {BBOTS_TYPE_TEXT, BBOTS_DEFAULT_UUID, 0, false},
                 {BBOTS_TYPE_INTEGER, BBOTS_DEFAULT_NONE, BBOTS_COLUMN_SERIAL, true},
                 {BBOTS_TYPE_INTEGER, BBOTS_DEFAULT_NOW, BBOTS_COLUMN_SERIAL, false},
                 {BBOTS_TYPE_INTEGER, 99, 0, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bbots_column column = {.type = (uint8_t)cases[i].type,
                               .flags = cases[i].flags,
                               .default_kind = (uint8_t)cases[i].kind};
        assert_int_equal(schema_default_fault(&column) == NULL, cases[i].fits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_words),
        cmocka_unit_test(sizes_have_limits),
        cmocka_unit_test(texts_of_any_length_and_equal_types_are_joined),
        cmocka_unit_test(types_are_written_as_in_sql),
        cmocka_unit_test(a_default_is_a_value_of_its_type),
        cmocka_unit_test(a_default_that_is_computed_has_its_types),
    };
    choose_tests();
    return cmocka_run_group_tests_name("schema type", tests, NULL, NULL);
}
