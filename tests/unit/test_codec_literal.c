/*
 * tests/unit/test_codec_literal.c - proves codec/literal.h: what a column takes, in which form it
 * is kept, and how it is written.
 *
 * The table of literals is what PostgreSQL 15.18 answered to `select $1::text::type::text` and, for
 * what it refuses, the SQLSTATE (its 22023 for hexadecimal digits is our INVALID_TEXT; its numeric
 * NaN has no place in a decimal of 64 bits).
 */
#include "base/error.h"
#include "codec/literal.h"
#include "support/support.h"

#include <math.h>

typedef struct literal {
    const char *given;
    int status;
    const char *kept; /* as written afterwards; NULL: as given */
} literal;

/* A table of one column of a type. */
static bbots_table table_of(bbots_column *made, bbots_type type, uint32_t length, unsigned scale)
{
    *made = (bbots_column){.name = "c",
                           .comment = "",
                           .unit = "",
                           .type = (uint8_t)type,
                           .length = length,
                           .scale = (uint8_t)scale};
    return (bbots_table){.name = "t", .columns = made, .column_count = 1};
}

static int read_and_write(const bbots_table *table, const char *given, size_t size, char *kept)
{
    bb_arena arena;
    bbots_value stored;
    bbots_value text = bbots_value_of_bytes(BBOTS_TEXT, given, size);
    bb_arena_init(&arena);
    bb_error_clear(&fault);
    int rc = codec_value_store(&arena, table, 0, &text, &stored, &fault);
    if (rc == BBOTS_OK) {
        bbots_text written;
        assert_ok(codec_value_print(&arena, &table->columns[0], &stored, BBOTS_TIMESTAMP_POSTGRES,
                                    &written, &fault));
        assert_true(written.size < 400);
        memcpy(kept, written.data, written.size);
        kept[written.size] = '\0';
    } else {
        assert_int_equal(fault.code, rc);
        assert_string_equal(fault.table, "t");
        assert_string_equal(fault.column, "c");
    }
    bb_arena_free(&arena);
    return rc;
}

static void try_literals(bbots_type type, uint32_t length, unsigned scale, const literal *cases,
                         size_t count)
{
    bbots_column made;
    bbots_table table = table_of(&made, type, length, scale);
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        char kept[400] = "";
        int rc = read_and_write(&table, cases[i].given, strlen(cases[i].given), kept);
        const char *expected = cases[i].kept != NULL ? cases[i].kept : cases[i].given;
        if (rc != cases[i].status || (rc == BBOTS_OK && strcmp(kept, expected) != 0)) {
            print_error("case %zu, \"%s\": %s \"%s\" and not %s\n", i, cases[i].given,
                        bbots_status_name(rc), kept,
                        cases[i].status == BBOTS_OK ? expected
                                                    : bbots_status_name(cases[i].status));
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

#define LITERALS(type, length, scale, ...)                                                         \
    do {                                                                                           \
        static const literal cases[] = {__VA_ARGS__};                                              \
        try_literals(type, length, scale, cases, COUNT(cases));                                    \
    } while (0)
#define NO    BBOTS_INVALID_TEXT
#define RANGE BBOTS_NUMERIC_OUT_OF_RANGE

static void booleans(void **state)
{
    (void)state;
    LITERALS(BBOTS_TYPE_BOOLEAN, 0, 0, {"t", 0, "true"}, {"T", 0, "true"}, {"tr", 0, "true"},
             {"tru", 0, "true"}, {"true", 0, "true"}, {"TRUE", 0, "true"}, {"f", 0, "false"},
             {"fa", 0, "false"}, {"FALSE", 0, "false"}, {"y", 0, "true"}, {"ye", 0, "true"},
             {"yes", 0, "true"}, {"n", 0, "false"}, {"no", 0, "false"}, {"on", 0, "true"},
             {"oN", 0, "true"}, {"of", 0, "false"}, {"off", 0, "false"}, {"1", 0, "true"},
             {"0", 0, "false"}, {" t ", 0, "true"}, {"o", NO, 0}, {"2", NO, 0}, {"00", NO, 0},
             {"", NO, 0}, {"truex", NO, 0}, {"yess", NO, 0}, {"-1", NO, 0}, {"\x11", NO, 0},
             {"\x10", NO, 0}, {"t\x12", NO, 0});
}

static void integers(void **state)
{
    (void)state;
    LITERALS(BBOTS_TYPE_SMALLINT, 0, 0, {"32767", 0, 0}, {"-32768", 0, 0}, {"32768", RANGE, 0},
             {"+1", 0, "1"}, {"-0", 0, "0"}, {" 7 ", 0, "7"}, {"1.0", NO, 0}, {"1e2", NO, 0},
             {"", NO, 0}, {"-", NO, 0}, {"0x1f", NO, 0}, {"1 2", NO, 0}, {"1_0", NO, 0});
    LITERALS(BBOTS_TYPE_INTEGER, 0, 0, {"2147483647", 0, 0}, {"2147483648", RANGE, 0},
             {"-2147483648", 0, 0}, {"-2147483649", RANGE, 0}, {"000000000000012", 0, "12"},
             {"9223372036854775808", RANGE, 0}, {"99999999999999999999999x", RANGE, 0},
             {"x99999999999999999999999", NO, 0});
    LITERALS(BBOTS_TYPE_BIGINT, 0, 0, {"9223372036854775807", 0, 0},
             {"9223372036854775808", RANGE, 0}, {"-9223372036854775808", 0, 0},
             {"-9223372036854775809", RANGE, 0}, {"18446744073709551616", RANGE, 0});
}

static void decimals(void **state)
{
    (void)state;
    LITERALS(BBOTS_TYPE_DECIMAL, 12, 2, {"1", 0, "1.00"}, {"1.005", 0, "1.01"},
             {"-1.005", 0, "-1.01"}, {"1.004999", 0, "1.00"}, {"9999999999.99", 0, 0},
             {"9999999999.994", 0, "9999999999.99"}, {"9999999999.995", RANGE, 0},
             {"1e3", 0, "1000.00"}, {"1e-3", 0, "0.00"}, {".5", 0, "0.50"}, {"5.", 0, "5.00"},
             {"-.5", 0, "-0.50"}, {"inf", RANGE, 0}, {"", NO, 0}, {"1,5", NO, 0}, {"1e", NO, 0},
             {"0x10", NO, 0}, {" 1 ", 0, "1.00"}, {"1e10", RANGE, 0}, {"1e9", 0, "1000000000.00"},
             {"NaN", NO, 0});
}

static void texts(void **state)
{
    (void)state;
    LITERALS(BBOTS_TYPE_VARCHAR, 10, 0, {"0123456789", 0, 0},
             {"01234567890", BBOTS_STRING_TOO_LONG, 0}, {"0123456789 ", 0, "0123456789"},
             {"  ", 0, 0}, {"", 0, 0}, {"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac 345678", 0, 0},
             {"\xe2\x82\xac 234567890", BBOTS_STRING_TOO_LONG, 0});
    LITERALS(BBOTS_TYPE_VARCHAR, 0, 0, {"without any limit, as text is", 0, 0});
    LITERALS(BBOTS_TYPE_TEXT, 0, 0, {" kept ", 0, 0}, {"\xc3\x28", BBOTS_INVALID_ENCODING, 0},
             {"\xed\xa0\x80", BBOTS_INVALID_ENCODING, 0},
             {"\xf4\x90\x80\x80", BBOTS_INVALID_ENCODING, 0}, {"\xf4\x8f\xbf\xbf", 0, 0});
    bbots_column made;
    bbots_table table = table_of(&made, BBOTS_TYPE_TEXT, 0, 0);
    char kept[400];
    assert_int_equal(read_and_write(&table, "a\0b", 3, kept), BBOTS_INVALID_ENCODING);
}

static void uuids_bytes_times_and_json(void **state)
{
    (void)state;
    static const char uuid[] = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    LITERALS(BBOTS_TYPE_UUID, 0, 0, {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", 0, 0},
             {"A0EEBC999C0B4EF8BB6D6BB9BD380A11", 0, uuid},
             {"{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}", 0, uuid},
             {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", NO, 0},
             {"a0-eebc999c0b4ef8bb6d6bb9bd380a11", NO, 0}, {"", NO, 0});
    LITERALS(BBOTS_TYPE_BYTEA, 0, 0, {"\\x", 0, 0}, {"\\x00ff", 0, 0}, {"\\xABcd", 0, "\\xabcd"},
             {"\\x0", BBOTS_INVALID_ARGUMENT, 0}, {"\\x0g", BBOTS_INVALID_ARGUMENT, 0},
             {"\\x0@", BBOTS_INVALID_ARGUMENT, 0});
    /* Blanks between pairs of digits; the escape form. */
    LITERALS(BBOTS_TYPE_BYTEA, 0, 0, {"\\x 00 fF\n", 0, "\\x00ff"}, {"\\x\t0a\r", 0, "\\x0a"},
             {"\\x0 0", BBOTS_INVALID_ARGUMENT, 0}, {"", 0, "\\x"}, {"ab", 0, "\\x6162"},
             {"a\\\\b", 0, "\\x615c62"}, {"\\101\\377", 0, "\\x41ff"}, {"\\400", NO, 0},
             {"\\180", NO, 0}, {"\\108", NO, 0}, {"\\/00", NO, 0}, {"\\1/0", NO, 0},
             {"\\10/", NO, 0}, {"\\10", NO, 0}, {"\\", NO, 0}, {"\\9", NO, 0},
             {"\xc3\x28", BBOTS_INVALID_ENCODING, 0});
    LITERALS(BBOTS_TYPE_TIMESTAMP, 0, 0, {"2026-01-31", 0, "2026-01-31 00:00:00"},
             {"2026-01-31 12:00:00.1234567", 0, "2026-01-31 12:00:00.123457"}, {"infinity", 0, 0},
             {"-infinity", 0, 0}, {"2026-02-30", BBOTS_DATETIME_OUT_OF_RANGE, 0},
             {"x", BBOTS_INVALID_DATETIME, 0}, {"2026-01-31T12:00:00+05", 0, "2026-01-31 12:00:00"},
             {"epoch", 0, "1970-01-01 00:00:00"}, {"", BBOTS_INVALID_DATETIME, 0});
    LITERALS(BBOTS_TYPE_TIMESTAMPTZ, 0, 0, {"2026-01-31 12:00:00+05", 0, "2026-01-31 07:00:00+00"},
             {"2026-01-31 12:00:00Z", 0, "2026-01-31 12:00:00+00"},
             {"2026-01-31 12:00", 0, "2026-01-31 12:00:00+00"});
    LITERALS(BBOTS_TYPE_JSONB, 0, 0, {"1", 0, 0}, {"1.50", 0, 0},
             {"{\"b\":1,\"a\":2,\"b\":3}", 0, "{\"a\": 2, \"b\": 3}"}, {"[]", 0, 0},
             {" true ", 0, "true"}, {"", NO, 0}, {"{", NO, 0}, {"nul", NO, 0},
             {"\"\\u0000\"", BBOTS_UNTRANSLATABLE_CHARACTER, 0}, {"\"\\ud800\"", NO, 0});
    LITERALS(BBOTS_TYPE_VECTOR, 3, 0, {"[1,2.5,-3]", 0, 0}, {" [ 1 , 2 , 3 ] ", 0, "[1,2,3]"},
             {"[1,2]", BBOTS_WRONG_TYPE, 0}, {"[1,2,3,4]", BBOTS_WRONG_TYPE, 0}, {"[1,2,]", NO, 0},
             {"[,1,2]", NO, 0}, {"[1,2,inf]", NO, 0}, {"[1,2,1e39]", RANGE, 0}, {"1,2,3", NO, 0},
             {"", NO, 0}, {"[", NO, 0}, {"]", NO, 0});
}

static void a_dimensionless_vector_literal_is_refused_not_read_past(void **state)
{
    (void)state;
    LITERALS(BBOTS_TYPE_VECTOR, 1, 0, {"[]", BBOTS_WRONG_TYPE, 0}, {"[1]", 0, 0});
}

static void stored_values_store_as_themselves(void **state)
{
    (void)state;
    random_source source = random_begin(__func__);
    static const struct {
        bbots_type type;
        uint32_t length;
        unsigned scale;
    } types[] = {
        {BBOTS_TYPE_BOOLEAN, 0, 0},  {BBOTS_TYPE_SMALLINT, 0, 0},  {BBOTS_TYPE_INTEGER, 0, 0},
        {BBOTS_TYPE_BIGINT, 0, 0},   {BBOTS_TYPE_REAL, 0, 0},      {BBOTS_TYPE_DOUBLE, 0, 0},
        {BBOTS_TYPE_DECIMAL, 18, 0}, {BBOTS_TYPE_DECIMAL, 18, 18}, {BBOTS_TYPE_DECIMAL, 1, 1},
        {BBOTS_TYPE_TEXT, 0, 0},     {BBOTS_TYPE_VARCHAR, 7, 0},   {BBOTS_TYPE_BYTEA, 0, 0},
        {BBOTS_TYPE_UUID, 0, 0},     {BBOTS_TYPE_TIMESTAMP, 0, 0}, {BBOTS_TYPE_TIMESTAMPTZ, 0, 0},
        {BBOTS_TYPE_VECTOR, 9, 0}};
    for (size_t t = 0; t < COUNT(types); t++) {
        bbots_column made;
        bbots_table table = table_of(&made, types[t].type, types[t].length, types[t].scale);
        for (int i = 0; i < 300; i++) {
            char buffer[RANDOM_TEXT];
            bb_arena arena;
            bbots_value stored;
            bbots_value again;
            bbots_text text;
            bbots_value value = random_value(&source, &made, buffer);
            bb_arena_init(&arena);
            assert_ok(codec_value_store(&arena, &table, 0, &value, &stored, &fault));
            assert_true(same_value(&value, &stored));
            assert_ok(codec_value_store(&arena, &table, 0, &stored, &again, &fault));
            assert_true(same_value(&stored, &again));
            /* And through its text. */
            assert_ok(
                codec_value_print(&arena, &made, &stored, BBOTS_TIMESTAMP_ISO, &text, &fault));
            bbots_value written = bbots_value_text(text);
            assert_ok(codec_value_store(&arena, &table, 0, &written, &again, &fault));
            assert_true(same_value(&stored, &again));
            bb_arena_free(&arena);
        }
    }
}

/* A value of each kind, none of which lies past a limit. */
static const bbots_value *value_of_kind(bbots_kind kind)
{
    static bbots_value made;
    static const float numbers[3] = {1, 2, 3};
    switch (kind) {
    case BBOTS_BOOLEAN:
        made = bbots_value_boolean(true);
        break;
    case BBOTS_DECIMAL:
        made = bbots_value_decimal(15, 1);
        break;
    case BBOTS_FLOAT:
        made = bbots_value_float(1.5);
        break;
    case BBOTS_TIMESTAMP:
        made = bbots_value_timestamp(0);
        break;
    case BBOTS_UUID:
        made = bbots_value_uuid((bbots_uuid){{1}});
        break;
    case BBOTS_JSON:
        made = bbots_value_of_bytes(BBOTS_JSON, "\x01", 1);
        break;
    case BBOTS_JSONTEXT:
        made = bbots_value_of_bytes(BBOTS_JSONTEXT, "[1]", 3);
        break;
    case BBOTS_VECTOR:
        made = bbots_value_of_bytes(BBOTS_VECTOR, numbers, sizeof numbers);
        break;
    case BBOTS_BYTES:
    case BBOTS_SEALED:
        made = bbots_value_of_bytes(kind, "\xff", 1);
        break;
    default:
        made = integer(1);
        break;
    }
    return &made;
}

/* What each type takes beside its own kind; text is what the literals above are about. */
static void a_value_of_another_kind_is_refused(void **state)
{
    (void)state;
    static const struct {
        bbots_type type;
        uint32_t length;
        unsigned taken; /* bits of kinds */
    } types[] = {{BBOTS_TYPE_BOOLEAN, 0, 1u << BBOTS_BOOLEAN},
                 {BBOTS_TYPE_SMALLINT, 0, 1u << BBOTS_INTEGER | 1u << BBOTS_DECIMAL},
                 {BBOTS_TYPE_BIGINT, 0, 1u << BBOTS_INTEGER | 1u << BBOTS_DECIMAL},
                 {BBOTS_TYPE_REAL, 0, 1u << BBOTS_INTEGER | 1u << BBOTS_FLOAT},
                 {BBOTS_TYPE_DOUBLE, 0, 1u << BBOTS_INTEGER | 1u << BBOTS_FLOAT},
                 {BBOTS_TYPE_DECIMAL, 9, 1u << BBOTS_INTEGER | 1u << BBOTS_DECIMAL},
                 {BBOTS_TYPE_TEXT, 0, 0},
                 {BBOTS_TYPE_VARCHAR, 4, 0},
                 {BBOTS_TYPE_UUID, 0, 1u << BBOTS_UUID},
                 {BBOTS_TYPE_TIMESTAMP, 0, 1u << BBOTS_TIMESTAMP},
                 {BBOTS_TYPE_TIMESTAMPTZ, 0, 1u << BBOTS_TIMESTAMP},
                 {BBOTS_TYPE_JSONB, 0, 1u << BBOTS_JSON | 1u << BBOTS_JSONTEXT},
                 {BBOTS_TYPE_BYTEA, 0, 1u << BBOTS_BYTES},
                 {BBOTS_TYPE_VECTOR, 3, 1u << BBOTS_VECTOR}};
    for (size_t t = 0; t < COUNT(types); t++) {
        for (unsigned kind = BBOTS_BOOLEAN; kind <= BBOTS_SEALED; kind++) {
            bbots_column made;
            bbots_table table = table_of(&made, types[t].type, types[t].length, 0);
            bbots_value stored;
            bb_arena arena;
            if (kind == BBOTS_TEXT) {
                continue;
            }
            bb_arena_init(&arena);
            bb_error_clear(&fault);
            assert_status(codec_value_store(&arena, &table, 0, value_of_kind((bbots_kind)kind),
                                            &stored, &fault),
                          (types[t].taken & 1u << kind) != 0 ? BBOTS_OK : BBOTS_WRONG_TYPE);
            bb_arena_free(&arena);
        }
    }
}

static void values_past_what_a_type_holds_are_refused(void **state)
{
    (void)state;
    static const float infinite[1] = {INFINITY};
    const struct {
        bbots_type type;
        uint32_t length;
        bbots_value given;
        int status;
    } cases[] = {
        {BBOTS_TYPE_REAL, 0, bbots_value_float(1e39), BBOTS_NUMERIC_OUT_OF_RANGE},
        {BBOTS_TYPE_REAL, 0, bbots_value_float(1e-60), BBOTS_NUMERIC_OUT_OF_RANGE},
        {BBOTS_TYPE_REAL, 0, bbots_value_float((double)INFINITY), BBOTS_OK},
        {BBOTS_TYPE_REAL, 0, bbots_value_float(0), BBOTS_OK},
        {BBOTS_TYPE_SMALLINT, 0, integer(-32769), BBOTS_NUMERIC_OUT_OF_RANGE},
        {BBOTS_TYPE_INTEGER, 0, bbots_value_decimal(INT64_C(99999999995), 1),
         BBOTS_NUMERIC_OUT_OF_RANGE},
        {BBOTS_TYPE_DECIMAL, 3, integer(1000), BBOTS_NUMERIC_OUT_OF_RANGE},
        {BBOTS_TYPE_TIMESTAMP, 0, bbots_value_timestamp(BBOTS_TIMESTAMP_MAX), BBOTS_OK},
        {BBOTS_TYPE_TIMESTAMP, 0, bbots_value_timestamp(BBOTS_TIMESTAMP_INFINITY), BBOTS_OK},
        {BBOTS_TYPE_TIMESTAMP, 0, bbots_value_timestamp(BBOTS_TIMESTAMP_MIN - 1),
         BBOTS_DATETIME_OUT_OF_RANGE},
        {BBOTS_TYPE_TIMESTAMP, 0, bbots_value_timestamp(BBOTS_TIMESTAMP_MINUS_INFINITY), BBOTS_OK},
        {BBOTS_TYPE_VECTOR, 2, bbots_value_of_bytes(BBOTS_VECTOR, infinite, 4), BBOTS_WRONG_TYPE},
        {BBOTS_TYPE_VECTOR, 1, bbots_value_of_bytes(BBOTS_VECTOR, infinite, 4), BBOTS_INVALID_TEXT},
        {BBOTS_TYPE_JSONB, 0, bbots_value_of_bytes(BBOTS_JSON, "\x92\x01", 2), BBOTS_INVALID_TEXT}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bbots_column made;
        bbots_table table = table_of(&made, cases[i].type, cases[i].length, 0);
        bbots_value stored;
        bb_arena arena;
        bb_arena_init(&arena);
        bb_error_clear(&fault);
        assert_status(codec_value_store(&arena, &table, 0, &cases[i].given, &stored, &fault),
                      cases[i].status);
        bb_arena_free(&arena);
    }
}

/* To look for a value is not to store it: what no row can hold is in no row. */
static void what_no_row_can_hold_is_not_found(void **state)
{
    (void)state;
    const struct {
        bbots_type type;
        uint32_t length;
        bbots_value given;
        int status;
    } cases[] = {{BBOTS_TYPE_DECIMAL, 5, string("1.50"), BBOTS_OK},
                 {BBOTS_TYPE_DECIMAL, 5, string("1.505"), BBOTS_NOT_FOUND},
                 {BBOTS_TYPE_DECIMAL, 5, string("1.5x"), BBOTS_INVALID_TEXT},
                 {BBOTS_TYPE_DECIMAL, 5, integer(15), BBOTS_OK},
                 {BBOTS_TYPE_DECIMAL, 5, integer(1000), BBOTS_NOT_FOUND},
                 {BBOTS_TYPE_DECIMAL, 5, bbots_value_decimal(1505, 3), BBOTS_NOT_FOUND},
                 {BBOTS_TYPE_DECIMAL, 5, bbots_value_decimal(1500, 3), BBOTS_OK},
                 {BBOTS_TYPE_DECIMAL, 5, bbots_value_boolean(true), BBOTS_WRONG_TYPE},
                 {BBOTS_TYPE_VARCHAR, 3, string("abc"), BBOTS_OK},
                 {BBOTS_TYPE_VARCHAR, 3, string("abc "), BBOTS_NOT_FOUND},
                 {BBOTS_TYPE_VARCHAR, 3, string("abcd"), BBOTS_NOT_FOUND},
                 {BBOTS_TYPE_VARCHAR, 3, string("a\xe2\x82\xac"), BBOTS_OK},
                 {BBOTS_TYPE_VARCHAR, 3, string("abc\xff"), BBOTS_INVALID_ENCODING},
                 {BBOTS_TYPE_VARCHAR, 3, integer(1), BBOTS_WRONG_TYPE},
                 {BBOTS_TYPE_VARCHAR, 0, string("abcd"), BBOTS_OK},
                 {BBOTS_TYPE_INTEGER, 0, string("7"), BBOTS_OK}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bbots_column made;
        bbots_table table = table_of(&made, cases[i].type, cases[i].length,
                                     cases[i].type == BBOTS_TYPE_DECIMAL ? 2 : 0);
        bbots_value stored;
        bb_arena arena;
        bb_arena_init(&arena);
        bb_error_clear(&fault);
        assert_status(codec_value_look_for(&arena, &table, 0, &cases[i].given, &stored, &fault),
                      cases[i].status);
        bb_arena_free(&arena);
    }
}

static void a_message_shows_values_but_no_secret(void **state)
{
    (void)state;
    bbots_column made;
    char shown[BB_QUOTE_MAX];
    bbots_value null = null_value();
    bbots_value text = string("hunter2");
    (void)table_of(&made, BBOTS_TYPE_TEXT, 0, 0);
    assert_string_equal(codec_value_show(&made, &text, shown), "\"hunter2\"");
    assert_string_equal(codec_value_show(&made, &null, shown), "null");
    static const uint8_t flags[] = {BBOTS_COLUMN_SECRET, BBOTS_COLUMN_VAULT};
    for (size_t i = 0; i < COUNT(flags); i++) {
        made.flags = flags[i];
        assert_null(strstr(codec_value_show(&made, &text, shown), "hunter2"));
        bb_arena arena;
        bbots_value stored;
        bbots_value wrong = bbots_value_of_bytes(BBOTS_TEXT, "hunter2\xff", 8);
        bb_arena_init(&arena);
        bbots_table table = {.name = "t", .columns = &made, .column_count = 1};
        bb_error_clear(&fault);
        assert_status(codec_value_store(&arena, &table, 0, &wrong, &stored, &fault),
                      BBOTS_INVALID_ENCODING);
        assert_null(strstr(fault.message, "hunter2"));
        made.type = BBOTS_TYPE_JSONB;
        bb_error_clear(&fault);
        assert_status(codec_value_store(&arena, &table, 0, &text, &stored, &fault),
                      BBOTS_INVALID_TEXT);
        assert_null(strstr(fault.message, "hunter2"));
        made.type = BBOTS_TYPE_TEXT;
        bb_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(booleans),
        cmocka_unit_test(integers),
        cmocka_unit_test(decimals),
        cmocka_unit_test(texts),
        cmocka_unit_test(uuids_bytes_times_and_json),
        cmocka_unit_test(a_dimensionless_vector_literal_is_refused_not_read_past),
        cmocka_unit_test(stored_values_store_as_themselves),
        cmocka_unit_test(a_value_of_another_kind_is_refused),
        cmocka_unit_test(values_past_what_a_type_holds_are_refused),
        cmocka_unit_test(what_no_row_can_hold_is_not_found),
        cmocka_unit_test(a_message_shows_values_but_no_secret),
    };
    choose_tests();
    return cmocka_run_group_tests_name("codec literal", tests, NULL, NULL);
}
