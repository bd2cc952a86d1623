/*
 * tests/contract/test_rows.c - proves bbots/table.h, the dynamic form: what goes in, what is
 * refused and with which words, and that a refusal has changed nothing.
 *
 * What PostgreSQL 15 does with the same statements is the judge wherever the header does not say
 * otherwise. Each test ends with the check of the whole file (fixture_teardown).
 */
#include "support/support.h"

#include <bbots/sample.h>

#include <math.h>

#define KINDS   (&sample_kinds_table)
#define STRICT  (&sample_strict_table)
#define PAGES   (&sample_pages_table)
#define LINKS   (&sample_links_table)
#define NODES   (&sample_nodes_table)
#define SHELVES (&sample_shelves_table)
#define OWNERS  (&sample_owners_table)
#define FOLDERS (&sample_folders_table)
#define DOCS    (&sample_docs_table)
#define SOFT    (&sample_soft_table)
#define SOFTLY  (&sample_softly_table)
#define HEADS   (&sample_heads_table)
#define HATS    (&sample_hats_table)
#define BODIES  (&sample_bodies_table)
#define TAILS   (&sample_tails_table)
#define HELMETS (&sample_helmets_table)
#define TICKETS (&sample_tickets_table)
#define BROAD   (&sample_broad_table)

/* The write transaction of the test under way. */
static bbots_txn *txn;

static int setup(void **state)
{
    if (fixture_setup_store(state) != 0) {
        return -1;
    }
    txn = begin(((fixture *)*state)->store, BBOTS_WRITE);
    return 0;
}

/* What the transaction sees is whole, and so is what it leaves in the file. */
static int teardown(void **state)
{
    if (txn != NULL) {
        check_txn(txn);
        commit(txn);
        txn = NULL;
    }
    return fixture_teardown(state);
}

/* A refused statement changes nothing and the transaction goes on. */
#define assert_refused(call, status)                                                               \
    do {                                                                                           \
        bbots_digest before = digest_of(txn);                                                      \
        assert_status(call, status);                                                               \
        bbots_error kept = fault;                                                                  \
        assert_digest(txn, before);                                                                \
        check_txn(txn);                                                                            \
        fault = kept;                                                                              \
    } while (0)

#define assert_same(a, b)                                                                          \
    do {                                                                                           \
        bbots_value left = (a);                                                                    \
        bbots_value right = (b);                                                                   \
        if (!same_value(&left, &right)) {                                                          \
            print_error("kinds %d and %d, integers %lld and %lld\n", left.kind, right.kind,        \
                        (long long)left.integer, (long long)right.integer);                        \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

static void assert_text(bbots_value value, const char *expected)
{
    assert_int_equal(value.kind, BBOTS_TEXT);
    assert_int_equal(value.size, strlen(expected));
    assert_memory_equal(value.data, expected, value.size);
}

/* ------------------------------------------------------------------ insert */

static void insert_takes_defaults_for_what_is_not_given(void **state)
{
    (void)state;
    bbots_row row;
    bbots_value none[1];
    bbots_txn_set_now(txn, 1234567);
    assert_ok(bbots_insert(txn, TICKETS, none, 0, &row, &fault));
    assert_same(row_at(&row, "id"), integer(1));
    assert_int_equal(row_at(&row, "token").kind, BBOTS_UUID);
    assert_int_equal(row_at(&row, "token").uuid.bytes[6] >> 4, 4);
    assert_int_equal(row_at(&row, "pin").kind, BBOTS_NULL);
    assert_same(row_at(&row, "price"), bbots_value_decimal(15000, 4));
    assert_same(row_at(&row, "quantity"), integer(7));
    assert_same(row_at(&row, "made"), bbots_value_timestamp(1234567));
    bbots_value settings = row_at(&row, "settings");
    char *text;
    size_t size;
    assert_ok(bbots_value_print(TICKETS, column(TICKETS, "settings"), &settings,
                                BBOTS_TIMESTAMP_POSTGRES, &text, &size, &fault));
    assert_string_equal(text, "{\"a\": \"x\", \"b\": [1, null]}");
    free(text);
}

static void an_explicit_null_is_not_the_default(void **state)
{
    (void)state;
    bbots_row row;
    assert_ok(insert_named(txn, TICKETS, "quantity", null_value()));
    assert_ok(get_id(txn, TICKETS, 1, &row));
    assert_int_equal(row_at(&row, "quantity").kind, BBOTS_NULL);
    assert_refused(insert_named(txn, TICKETS, "price", null_value()), BBOTS_NOT_NULL_VIOLATION);
    assert_string_equal(fault.table, "tickets");
    assert_string_equal(fault.column, "price");
    assert_refused(insert_named(txn, TICKETS, "id", null_value()), BBOTS_NOT_NULL_VIOLATION);
    assert_refused(insert_named(txn, OWNERS, "score", integer(1)), BBOTS_NOT_NULL_VIOLATION);
    assert_string_equal(fault.column, "code");
}

static void the_stored_row_stays_readable_while_others_are_read(void **state)
{
    (void)state;
    bbots_row stored;
    bbots_row other;
    static char long_text[300000];
    memset(long_text, 'q', sizeof long_text - 1);
    assert_ok(insert_named(txn, NODES, "label", string("first")));
    uint64_t given = fill_row(NODES, named, "label", string(long_text), NULL);
    assert_ok(bbots_insert(txn, NODES, named, given, &stored, &fault));
    assert_ok(get_id(txn, NODES, 1, &other));
    assert_int_equal(count_of(txn, NODES), 2);
    assert_text(row_at(&stored, "label"), long_text);
    assert_text(row_at(&other, "label"), "first");
}

static void values_of_a_stored_row_can_be_given_to_the_next_statement(void **state)
{
    (void)state;
    bbots_row stored;
    uint64_t given = fill_row(KINDS, named, "words", string("kept words"), "short", string("kept"),
                              "settings", string("{\"first\": [1, 2, 3]}"), NULL);
    assert_ok(bbots_insert(txn, KINDS, named, given, &stored, &fault));
    bbots_value key = row_at(&stored, "id");
    given = fill_row(KINDS, named, "settings", string("{\"quite different\": [4, 5, 6, 7, 8]}"),
                     "words", row_at(&stored, "words"), "short", row_at(&stored, "short"), NULL);
    assert_ok(bbots_update(txn, KINDS, 0, &key, named, given, &stored, &fault));
    assert_text(row_at(&stored, "words"), "kept words");
    assert_text(row_at(&stored, "short"), "kept");
}

static void each_type_keeps_its_limits(void **state)
{
    (void)state;
    static const struct {
        const char *column;
        const char *given;
        int status;
        const char *kept; /* NULL: as given */
    } cases[] = {
        {"flag", "t", BBOTS_OK, "true"},
        {"flag", " oFf ", BBOTS_OK, "false"},
        {"flag", "o", BBOTS_INVALID_TEXT, NULL},
        {"flag", "2", BBOTS_INVALID_TEXT, NULL},
        {"flag", "\x11", BBOTS_INVALID_TEXT, NULL},
        {"flag", "\x10", BBOTS_INVALID_TEXT, NULL},
        {"flag", "", BBOTS_INVALID_TEXT, NULL},
        {"small", "32767", BBOTS_OK, NULL},
        {"small", "-32768", BBOTS_OK, NULL},
        {"small", "32768", BBOTS_NUMERIC_OUT_OF_RANGE, NULL},
        {"small", "-32769", BBOTS_NUMERIC_OUT_OF_RANGE, NULL},
        {"medium", "2147483647", BBOTS_OK, NULL},
        {"medium", "-2147483648", BBOTS_OK, NULL},
        {"medium", "2147483648", BBOTS_NUMERIC_OUT_OF_RANGE, NULL},
        {"medium", " 12 ", BBOTS_OK, "12"},
        {"medium", "+12", BBOTS_OK, "12"},
        {"medium", "1.5", BBOTS_INVALID_TEXT, NULL},
        {"medium", "", BBOTS_INVALID_TEXT, NULL},
        {"medium", "-", BBOTS_INVALID_TEXT, NULL},
        {"medium", "12a", BBOTS_INVALID_TEXT, NULL},
        {"large", "9223372036854775807", BBOTS_OK, NULL},
        {"large", "-9223372036854775808", BBOTS_OK, NULL},
        {"large", "9223372036854775808", BBOTS_NUMERIC_OUT_OF_RANGE, NULL},
        {"large", "99999999999999999999999x", BBOTS_NUMERIC_OUT_OF_RANGE, NULL},
        {"single", "3.4028235e38", BBOTS_OK, "3.4028235e+38"},
        {"single", "3.5e38", BBOTS_NUMERIC_OUT_OF_RANGE, NULL},
        {"single", "1e-50", BBOTS_NUMERIC_OUT_OF_RANGE, NULL},
        {"single", "-0", BBOTS_OK, NULL},
        {"twice", "1.7976931348623157e308", BBOTS_OK, "1.7976931348623157e+308"},
        {"twice", "1e309", BBOTS_NUMERIC_OUT_OF_RANGE, NULL},
        {"twice", "-infinity", BBOTS_OK, "-Infinity"},
        {"twice", "nan", BBOTS_OK, "NaN"},
        {"twice", "0x10", BBOTS_OK, "16"},
        {"amount", "9999999999.99", BBOTS_OK, NULL},
        {"amount", "9999999999.995", BBOTS_NUMERIC_OUT_OF_RANGE, NULL},
        {"amount", "-0.005", BBOTS_OK, "-0.01"},
        {"amount", "NaN", BBOTS_INVALID_TEXT, NULL},
        {"amount", "12,5", BBOTS_INVALID_TEXT, NULL},
        {"wide", "-999999999999.999999", BBOTS_OK, NULL},
        {"wide", "1000000000000", BBOTS_NUMERIC_OUT_OF_RANGE, NULL},
        {"short",
         "\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac"
         "123456",
         BBOTS_OK, NULL},
        {"short", "12345678901", BBOTS_STRING_TOO_LONG, NULL},
        {"short", "1234567890   ", BBOTS_OK, "1234567890"},
        {"short", "123456789  1", BBOTS_STRING_TOO_LONG, NULL},
        {"words", "", BBOTS_OK, NULL},
        {"words", "a\xff", BBOTS_INVALID_ENCODING, NULL},
        {"words", "\xed\xa0\x80", BBOTS_INVALID_ENCODING, NULL},
        {"raw", "\\x", BBOTS_OK, NULL},
        {"raw", "\\x00FFab", BBOTS_OK, "\\x00ffab"},
        {"raw", "\\x0", BBOTS_INVALID_ARGUMENT, NULL},
        {"raw", "\\x0g", BBOTS_INVALID_ARGUMENT, NULL},
        {"token", "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", BBOTS_OK,
         "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
        {"token", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", BBOTS_INVALID_TEXT, NULL},
        {"moment", "2026-02-28 12:30:45.5", BBOTS_OK, NULL},
        {"moment", "2026-02-30", BBOTS_DATETIME_OUT_OF_RANGE, NULL},
        {"moment", "yesterday or so", BBOTS_INVALID_DATETIME, NULL},
        {"moment", "infinity", BBOTS_OK, NULL},
        {"moment", "2026-02-28 12:30:45+05", BBOTS_OK, "2026-02-28 12:30:45"},
        {"instant", "2026-02-28 12:30:45+05", BBOTS_OK, "2026-02-28 07:30:45+00"},
        {"settings", "{\"b\":1,\"a\":[ ]}", BBOTS_OK, "{\"a\": [], \"b\": 1}"},
        {"settings", "{", BBOTS_INVALID_TEXT, NULL},
        {"settings", "\"\\u0000\"", BBOTS_UNTRANSLATABLE_CHARACTER, NULL},
        {"settings", "null", BBOTS_OK, NULL},
        {"place", "[1,2.5,-3]", BBOTS_OK, NULL},
        {"place", "[1,2.5]", BBOTS_WRONG_TYPE, NULL},
        {"place", "[1,2.5,nan]", BBOTS_INVALID_TEXT, NULL},
        {"place", "[1,2.5,]", BBOTS_INVALID_TEXT, NULL},
        {"place", "1,2,3", BBOTS_INVALID_TEXT, NULL},
    };
    int64_t id = 0;
    int wrong = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int rc = insert_named(txn, KINDS, cases[i].column, string(cases[i].given));
        if (rc != cases[i].status) {
            print_error("case %zu, %s '%s': %s and not %s\n", i, cases[i].column, cases[i].given,
                        bbots_status_name(rc), bbots_status_name(cases[i].status));
            wrong++;
            id += rc == BBOTS_OK;
            continue;
        }
        if (rc != BBOTS_OK) {
            assert_string_equal(fault.table, "kinds");
            assert_string_equal(fault.column, cases[i].column);
            assert_string_equal(fault.sqlstate, bbots_status_sqlstate(rc));
            continue;
        }
        bbots_row row;
        char *text;
        size_t size;
        assert_ok(get_id(txn, KINDS, ++id, &row));
        bbots_value value = row_at(&row, cases[i].column);
        assert_ok(bbots_value_print(KINDS, column(KINDS, cases[i].column), &value,
                                    BBOTS_TIMESTAMP_POSTGRES, &text, &size, &fault));
        assert_string_equal(text, cases[i].kept != NULL ? cases[i].kept : cases[i].given);
        free(text);
    }
    assert_int_equal(wrong, 0);
}

static void a_value_of_another_kind_is_refused_or_cast_as_an_assignment_does(void **state)
{
    (void)state;
    static const uint8_t bytes[12] = {1};
    bbots_value values[] = {bbots_value_boolean(true),
                            integer(1),
                            bbots_value_decimal(10, 1),
                            bbots_value_float(1),
                            bbots_value_timestamp(1),
                            bbots_value_uuid((bbots_uuid){{1}}),
                            bbots_value_of_bytes(BBOTS_VECTOR, bytes, 12),
                            bbots_value_of_bytes(BBOTS_BYTES, bytes, 12),
                            bbots_value_of_bytes(BBOTS_JSONTEXT, "1", 1)};
    /* For each column: 'y' where the value is taken. */
    static const struct {
        const char *column;
        const char *takes;
    } cases[] = {{"flag", "y--------"},     {"small", "-yy------"},  {"large", "-yy------"},
                 {"single", "-y-y-----"},   {"twice", "-y-y-----"},  {"amount", "-yy------"},
                 {"words", "---------"},    {"short", "---------"},  {"raw", "-------y-"},
                 {"token", "-----y---"},    {"moment", "----y----"}, {"instant", "----y----"},
                 {"settings", "--------y"}, {"place", "------y--"}};
    for (size_t c = 0; c < COUNT(cases); c++) {
        for (size_t v = 0; v < COUNT(values); v++) {
            int rc = insert_named(txn, KINDS, cases[c].column, values[v]);
            int wanted = cases[c].takes[v] == 'y' ? BBOTS_OK : BBOTS_WRONG_TYPE;
            if (rc != wanted) {
                fail_msg("%s, value %zu: %s", cases[c].column, v, bbots_status_name(rc));
            }
        }
    }
}

static void binary_values_are_held_against_the_column(void **state)
{
    (void)state;
    static const float far[3] = {1, INFINITY, 0};
    assert_refused(insert_named(txn, KINDS, "small", integer(32768)), BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_refused(insert_named(txn, KINDS, "amount", bbots_value_decimal(INT64_MAX, 2)),
                   BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_refused(insert_named(txn, KINDS, "amount", bbots_value_decimal(1, 19)),
                   BBOTS_INVALID_ARGUMENT);
    assert_refused(insert_named(txn, KINDS, "single", bbots_value_float(1e39)),
                   BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_refused(
        insert_named(txn, KINDS, "moment", bbots_value_timestamp(BBOTS_TIMESTAMP_MIN - 1)),
        BBOTS_DATETIME_OUT_OF_RANGE);
    assert_refused(insert_named(txn, KINDS, "words", bbots_value_of_bytes(BBOTS_TEXT, "a\0b", 3)),
                   BBOTS_INVALID_ENCODING);
    assert_refused(
        insert_named(txn, KINDS, "settings", bbots_value_of_bytes(BBOTS_JSON, "\xc1", 1)),
        BBOTS_INVALID_TEXT);
    assert_refused(
        insert_named(txn, KINDS, "place", bbots_value_of_bytes(BBOTS_VECTOR, far, sizeof far)),
        BBOTS_INVALID_TEXT);
    assert_refused(insert_named(txn, KINDS, "place", bbots_value_of_bytes(BBOTS_VECTOR, far, 8)),
                   BBOTS_WRONG_TYPE);
    assert_ok(insert_named(txn, KINDS, "amount", bbots_value_decimal(12345, 3)));
    bbots_row row;
    assert_ok(get_id(txn, KINDS, 1, &row));
    assert_same(row_at(&row, "amount"), bbots_value_decimal(1235, 2));
}

static void random_rows_read_back_as_they_went_in(void **state)
{
    (void)state;
    random_source source = random_begin(__func__);
    static char texts[BBOTS_COLUMNS_MAX][RANDOM_TEXT];
    for (int i = 0; i < 2000; i++) {
        bbots_row row;
        bbots_value values[BBOTS_COLUMNS_MAX];
        for (unsigned c = 1; c < KINDS->column_count; c++) {
            values[c] = random_value(&source, &KINDS->columns[c], texts[c]);
        }
        assert_ok(bbots_insert(txn, KINDS, values, ~UINT64_C(1) & ((1u << KINDS->column_count) - 1),
                               NULL, &fault));
        assert_ok(get_id(txn, KINDS, i + 1, &row));
        for (unsigned c = 1; c < KINDS->column_count; c++) {
            bbots_value kept = bbots_row_value(&row, c);
            if (KINDS->columns[c].type != BBOTS_TYPE_JSONB && !same_value(&kept, &values[c])) {
                fail_msg("row %d, column %s: kinds %d and %d, sizes %u and %u", i,
                         KINDS->columns[c].name, kept.kind, values[c].kind, kept.size,
                         values[c].size);
            }
        }
    }
}

static void a_table_can_have_as_many_columns_as_a_set_has_bits(void **state)
{
    (void)state;
    bbots_value values[64];
    bbots_row row;
    for (unsigned c = 0; c < 63; c++) {
        values[c] = integer(c * 7);
    }
    values[63] = string("sixty-three");
    assert_ok(bbots_insert(txn, BROAD, values, ~UINT64_C(0), NULL, &fault));
    assert_ok(get_id(txn, BROAD, 0, &row));
    for (unsigned c = 0; c < 64; c++) {
        assert_same(bbots_row_value(&row, c), values[c]);
    }
    assert_ok(update_named(txn, BROAD, 0, "c63", null_value(), "c62", null_value()));
    assert_ok(get_id(txn, BROAD, 0, &row));
    assert_int_equal(bbots_row_value(&row, 63).kind, BBOTS_NULL);
    assert_int_equal(bbots_row_value(&row, 62).kind, BBOTS_NULL);
    assert_same(bbots_row_value(&row, 61), integer(61 * 7));
}

static void rows_end_at_their_size_limit(void **state)
{
    (void)state;
    size_t most = (size_t)64 << 20;
    char *large = malloc(most);
    assert_non_null(large);
    memset(large, 'x', most);
    bbots_value value = bbots_value_of_bytes(BBOTS_TEXT, large, most);
    assert_refused(insert_named(txn, NODES, "label", value), BBOTS_LIMIT_EXCEEDED);
    value.size = (uint32_t)most - 100;
    assert_ok(insert_named(txn, NODES, "label", value));
    bbots_row row;
    assert_ok(get_id(txn, NODES, 1, &row));
    bbots_value kept = row_at(&row, "label");
    assert_true(same_value(&kept, &value));
    assert_ok(delete_id(txn, NODES, 1, NULL));
    free(large);
}

/* ------------------------------------------------------------------ keys */

static void a_key_stands_once(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, OWNERS, "id", integer(5), "code", string("five")));
    assert_refused(insert_named(txn, OWNERS, "id", integer(5), "code", string("x")),
                   BBOTS_UNIQUE_VIOLATION);
    assert_string_equal(fault.constraint, "owners_pkey");
    assert_string_equal(fault.sqlstate, "23505");
    assert_refused(insert_named(txn, OWNERS, "code", string("five")), BBOTS_UNIQUE_VIOLATION);
    assert_string_equal(fault.constraint, "owners_code_key");
    assert_non_null(strstr(fault.message, "five"));
    assert_ok(insert_named(txn, OWNERS, "code", string("six")));
    assert_refused(update_named(txn, OWNERS, 6, "code", string("five")), BBOTS_UNIQUE_VIOLATION);
    assert_refused(update_named(txn, OWNERS, 6, "id", integer(5)), BBOTS_UNIQUE_VIOLATION);
    assert_ok(update_named(txn, OWNERS, 6, "code", string("six"))); /* its own key is no clash */
}

static void a_message_never_shows_a_secret(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, TICKETS, "pin", string("hunter2")));
    assert_refused(insert_named(txn, TICKETS, "pin", string("hunter2")), BBOTS_UNIQUE_VIOLATION);
    assert_null(strstr(fault.message, "hunter2"));
    assert_string_equal(fault.constraint, "tickets_pin_idx");
    assert_refused(insert_named(txn, TICKETS, "pin", string("hunter3\xff")),
                   BBOTS_INVALID_ENCODING);
    assert_null(strstr(fault.message, "hunter3"));
}

static void nulls_of_a_unique_key_are_distinct(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        char path[2] = {(char)('a' + i), '\0'};
        assert_ok(insert_named(txn, PAGES, "site", string("s"), "path", string(path), "title",
                               string("same"), "rank", null_value()));
    }
    bbots_value key[] = {string("same"), null_value()};
    bbots_row row;
    unsigned title = index_of(PAGES, "pages_title_rank_key");
    assert_status(bbots_get(txn, PAGES, title, key, &row, &fault), BBOTS_NOT_FOUND);
    bbots_value first[] = {string("s"), string("a")};
    bbots_value second[] = {string("s"), string("b")};
    uint64_t set = fill_row(PAGES, named, "rank", integer(1), NULL);
    assert_ok(bbots_update(txn, PAGES, 0, first, named, set, NULL, &fault));
    assert_refused(bbots_update(txn, PAGES, 0, second, named, set, NULL, &fault),
                   BBOTS_UNIQUE_VIOLATION);
}

static void long_keys_differ_behind_what_a_tree_can_hold(void **state)
{
    (void)state;
    char path[400];
    bbots_row row;
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    for (char last = 'a'; last <= 'e'; last++) {
        path[398] = last;
        assert_ok(insert_named(txn, PAGES, "site", string("s"), "path", string(path), "title",
                               string(path), "rank", integer(1)));
        assert_ok(insert_named(txn, LINKS, "path", string(path), "site", string("s"), "label",
                               string(path)));
        assert_refused(insert_named(txn, PAGES, "site", string("s"), "path", string(path)),
                       BBOTS_UNIQUE_VIOLATION);
        assert_refused(insert_named(txn, LINKS, "label", string(path)), BBOTS_UNIQUE_VIOLATION);
    }
    path[398] = 'c';
    bbots_value key[] = {string("s"), string(path)};
    assert_ok(bbots_get(txn, PAGES, 0, key, &row, &fault));
    assert_text(row_at(&row, "path"), path);
    bbots_value label = string(path);
    assert_ok(bbots_get(txn, LINKS, 1, &label, &row, &fault));
    assert_same(row_at(&row, "id"), integer(3));
    path[398] = 'z';
    assert_status(bbots_get(txn, PAGES, 0, key, &row, &fault), BBOTS_NOT_FOUND);
    assert_refused(insert_named(txn, LINKS, "path", string(path), "site", string("s")),
                   BBOTS_FOREIGN_KEY_VIOLATION);
    /* A delete finds the rows that refer to this page, and not those that begin like it. */
    path[398] = 'c';
    bbots_deleted deleted;
    assert_ok(bbots_delete(txn, PAGES, 0, key, &deleted, &fault));
    assert_int_equal(deleted.cascaded, 1);
    assert_int_equal(count_of(txn, LINKS), 4);
    assert_status(get_id(txn, LINKS, 3, &row), BBOTS_NOT_FOUND);
}

static void keys_of_every_type_find_their_row(void **state)
{
    (void)state;
    random_source source = random_begin(__func__);
    static char texts[BBOTS_COLUMNS_MAX][RANDOM_TEXT];
    unsigned all = index_of(STRICT, "strict_all_idx");
    int kept = 0;
    for (int i = 0; i < 500; i++) {
        bbots_value values[BBOTS_COLUMNS_MAX];
        bbots_row row;
        for (unsigned c = 0; c < STRICT->column_count; c++) {
            values[c] = random_value(&source, &STRICT->columns[c], texts[c]);
        }
        int rc = bbots_insert(txn, STRICT, values, (1u << STRICT->column_count) - 1, NULL, &fault);
        if (rc == BBOTS_UNIQUE_VIOLATION) {
            continue;
        }
        assert_ok(rc);
        kept++;
        bbots_value primary[] = {values[1], values[5]};
        assert_ok(bbots_get(txn, STRICT, 0, primary, &row, &fault));
        bbots_value key[BBOTS_KEY_COLUMNS_MAX];
        for (unsigned k = 0; k < STRICT->indexes[all].column_count; k++) {
            key[k] = values[STRICT->indexes[all].columns[k]];
        }
        assert_ok(bbots_get(txn, STRICT, all, key, &row, &fault));
        assert_same(row_at(&row, "small"), values[1]);
        assert_same(row_at(&row, "words"), values[5]);
    }
    assert_true(kept > 100);
}

static void minus_zero_and_zero_are_one_key_and_so_are_all_nans(void **state)
{
    (void)state;
    double other_nan;
    uint64_t bits = UINT64_C(0xfff8000000000123);
    memcpy(&other_nan, &bits, sizeof other_nan);
    bbots_value same[2][2] = {{bbots_value_float(0.0), bbots_value_float(-0.0)},
                              {bbots_value_float(NAN), bbots_value_float(other_nan)}};
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 2; k++) {
            int rc = insert_named(txn, STRICT, "flag", bbots_value_boolean(false), "small",
                                  integer(2 * i + k), "single", same[i][k], "twice", same[i][k],
                                  "amount", integer(0), "words", string(""), "raw", string("\\x"),
                                  "token", bbots_value_uuid((bbots_uuid){{0}}), "moment",
                                  bbots_value_timestamp(0));
            assert_status(rc, k == 0 ? BBOTS_OK : BBOTS_UNIQUE_VIOLATION);
        }
    }
}

/* ------------------------------------------------------------------ serials */

static void a_serial_never_gives_a_number_twice(void **state)
{
    (void)state;
    bbots_row row;
    int64_t next = -1;
    uint64_t given = fill_row(NODES, named, "label", string("x"), NULL);
    assert_ok(bbots_serial_next(txn, NODES, &next, &fault));
    assert_int_equal(next, 1);
    assert_ok(bbots_insert(txn, NODES, named, given, &row, &fault));
    assert_same(row_at(&row, "id"), integer(1));
    assert_ok(insert_named(txn, NODES, "id", integer(10)));
    assert_ok(insert_named(txn, NODES, "id", integer(4)));
    assert_ok(insert_named(txn, NODES, "id", integer(-3)));
    given = fill_row(NODES, named, "label", string("x"), NULL);
    assert_ok(bbots_insert(txn, NODES, named, given, &row, &fault));
    assert_same(row_at(&row, "id"), integer(11));
    assert_ok(delete_id(txn, NODES, 11, NULL));
    assert_ok(bbots_insert(txn, NODES, named, given, &row, &fault));
    assert_same(row_at(&row, "id"), integer(12));
    assert_ok(update_named(txn, NODES, 12, "id", integer(20)));
    assert_ok(bbots_serial_next(txn, NODES, &next, &fault));
    assert_int_equal(next, 21);
    assert_ok(bbots_serial_advance(txn, NODES, 100, &fault));
    assert_ok(bbots_serial_advance(txn, NODES, 50, &fault));
    assert_ok(bbots_serial_next(txn, NODES, &next, &fault));
    assert_int_equal(next, 100);
    assert_status(bbots_serial_next(txn, HEADS, &next, &fault), BBOTS_NOT_FOUND);
    assert_refused(bbots_serial_advance(txn, HEADS, 1, &fault), BBOTS_UNKNOWN_COLUMN);
}

static void a_serial_lives_on_in_the_file(void **state)
{
    fixture *place = *state;
    int64_t next = 0;
    assert_ok(bbots_serial_advance(txn, NODES, 1000, &fault));
    commit(txn);
    txn = NULL;
    reopen(place);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_serial_next(txn, NODES, &next, &fault));
    assert_int_equal(next, 1000);
}

static void a_serial_ends(void **state)
{
    (void)state;
    bbots_value none[1];
    assert_ok(insert_named(txn, TICKETS, "id", integer(32766)));
    assert_ok(bbots_insert(txn, TICKETS, none, 0, NULL, &fault));
    assert_refused(bbots_insert(txn, TICKETS, none, 0, NULL, &fault), BBOTS_SERIAL_EXHAUSTED);
    assert_string_equal(fault.column, "id");
    assert_string_equal(fault.sqlstate, "2200H");
    assert_ok(insert_named(txn, TICKETS, "id", integer(7))); /* a number of one's own still goes */
}

/* ------------------------------------------------------------------ update */

static void an_update_changes_what_is_in_its_set(void **state)
{
    (void)state;
    bbots_row row;
    bbots_txn_set_now(txn, 1000);
    assert_ok(insert_named(txn, SOFT, "name", string("before")));
    bbots_txn_set_now(txn, 2000);
    bbots_value key = integer(1);
    uint64_t set = fill_row(SOFT, named, "name", string("after"), NULL);
    assert_ok(bbots_update(txn, SOFT, 0, &key, named, set, &row, &fault));
    assert_text(row_at(&row, "name"), "after");
    assert_same(row_at(&row, "isActive"), bbots_value_boolean(true));
    assert_same(row_at(&row, "updatedAt"), bbots_value_timestamp(2000));
    assert_ok(update_named(txn, SOFT, 1, "updatedAt", bbots_value_timestamp(5)));
    assert_ok(get_id(txn, SOFT, 1, &row));
    assert_same(row_at(&row, "updatedAt"), bbots_value_timestamp(5));
    assert_status(update_named(txn, SOFT, 2, "name", string("x")), BBOTS_NOT_FOUND);
    assert_refused(update_named(txn, SOFT, 1, "isActive", null_value()), BBOTS_NOT_NULL_VIOLATION);
}

static void the_transactions_time_can_be_the_epoch(void **state)
{
    (void)state;
    bbots_txn_set_now(txn, 0);
    assert_int_equal(bbots_txn_now(txn), 0);
}

static void the_transactions_time_stands_still(void **state)
{
    (void)state;
    bbots_timestamp now = bbots_txn_now(txn);
    bbots_row row;
    while (bbots_timestamp_now() == now) {
    }
    assert_ok(insert_named(txn, SOFT, "name", string("x")));
    assert_ok(get_id(txn, SOFT, 1, &row));
    assert_same(row_at(&row, "updatedAt"), bbots_value_timestamp(now));
}

static void a_key_can_change(void **state)
{
    (void)state;
    bbots_row row;
    assert_ok(
        insert_named(txn, OWNERS, "id", integer(1), "code", string("a"), "score", integer(9)));
    assert_ok(insert_named(txn, OWNERS, "id", integer(2), "code", string("b")));
    assert_ok(update_named(txn, OWNERS, 1, "id", integer(30), "code", string("c")));
    assert_status(get_id(txn, OWNERS, 1, &row), BBOTS_NOT_FOUND);
    bbots_value code = string("c");
    assert_ok(bbots_get(txn, OWNERS, index_of(OWNERS, "owners_code_key"), &code, &row, &fault));
    assert_same(row_at(&row, "id"), integer(30));
    assert_same(row_at(&row, "score"), integer(9));
    code = string("a");
    assert_status(bbots_get(txn, OWNERS, 1, &code, &row, &fault), BBOTS_NOT_FOUND);
    assert_int_equal(count_of(txn, OWNERS), 2);
    assert_ok(insert_named(txn, OWNERS, "id", integer(1), "code", string("a")));
}

static void a_referenced_key_changes_only_without_references(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, OWNERS, "id", integer(1), "code", string("a")));
    assert_ok(insert_named(txn, DOCS, "owner", integer(1), "owner_code", string("a")));
    assert_refused(update_named(txn, OWNERS, 1, "id", integer(2)), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.table, "docs");
    assert_string_equal(fault.constraint, "docs_owner_fkey");
    assert_refused(update_named(txn, OWNERS, 1, "code", string("b")), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.constraint, "docs_owner_code_fkey");
    assert_ok(update_named(txn, OWNERS, 1, "score", integer(3)));
    assert_ok(update_named(txn, DOCS, 1, "owner_code", null_value()));
    assert_ok(update_named(txn, OWNERS, 1, "code", string("b")));
    assert_ok(delete_id(txn, DOCS, 1, NULL));
    assert_ok(update_named(txn, OWNERS, 1, "id", integer(2)));
}

/* ------------------------------------------------------------------ references */

static void a_reference_points_to_a_row_or_is_null(void **state)
{
    (void)state;
    assert_refused(insert_named(txn, FOLDERS, "owner", integer(1), "name", string("x")),
                   BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.table, "folders");
    assert_string_equal(fault.constraint, "folders_owner_fkey");
    assert_string_equal(fault.sqlstate, "23503");
    assert_ok(insert_named(txn, NODES, "parent", null_value()));
    assert_refused(insert_named(txn, NODES, "parent", integer(99)), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_ok(insert_named(txn, NODES, "parent", integer(1)));
    assert_refused(update_named(txn, NODES, 2, "parent", integer(99)), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_ok(update_named(txn, NODES, 2, "parent", null_value()));
    /* MATCH SIMPLE: one null is enough. */
    assert_ok(insert_named(txn, LINKS, "site", string("nowhere"), "path", null_value()));
    assert_refused(insert_named(txn, LINKS, "site", string("nowhere"), "path", string("p")),
                   BBOTS_FOREIGN_KEY_VIOLATION);
}

static void a_row_can_refer_to_itself(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, SHELVES, "id", integer(1), "parent", integer(1)));
    assert_refused(insert_named(txn, SHELVES, "id", integer(2), "parent", integer(3)),
                   BBOTS_FOREIGN_KEY_VIOLATION);
    assert_refused(update_named(txn, SHELVES, 1, "id", integer(5)), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_ok(update_named(txn, SHELVES, 1, "id", integer(5), "parent", integer(5)));
    bbots_deleted deleted;
    assert_ok(delete_id(txn, SHELVES, 5, &deleted));
    assert_int_equal(deleted.rows, 1);
    assert_int_equal(deleted.cascaded, 0);
}

static void a_row_cannot_come_to_refer_to_its_own_former_key(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, SHELVES, "id", integer(1)));
    assert_refused(update_named(txn, SHELVES, 1, "id", integer(2), "parent", integer(1)),
                   BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.constraint, "shelves_parent_fkey");
}

static void no_action_refuses_what_is_still_referenced(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, SHELVES, "id", integer(1)));
    assert_ok(insert_named(txn, SHELVES, "id", integer(2), "parent", integer(1)));
    assert_refused(delete_id(txn, SHELVES, 1, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.constraint, "shelves_parent_fkey");
    assert_non_null(strstr(fault.message, "still referenced"));
    assert_ok(delete_id(txn, SHELVES, 2, NULL));
    assert_ok(delete_id(txn, SHELVES, 1, NULL));
    assert_status(delete_id(txn, SHELVES, 1, NULL), BBOTS_NOT_FOUND);
}

static void a_cascade_goes_to_any_depth(void **state)
{
    (void)state;
    bbots_deleted deleted;
    assert_ok(insert_named(txn, NODES, "label", string("root")));
    for (int i = 1; i < 3000; i++) {
        assert_ok(insert_named(txn, NODES, "parent", integer(i % 2 == 0 ? i : i / 2 + 1)));
    }
    assert_ok(insert_named(txn, NODES, "label", string("other")));
    assert_ok(delete_id(txn, NODES, 1, &deleted));
    assert_int_equal(deleted.rows, 1);
    assert_int_equal(deleted.cascaded, 2999);
    assert_int_equal(deleted.set_null, 0);
    assert_int_equal(count_of(txn, NODES), 1);
}

static void a_cascade_ends_in_a_ring(void **state)
{
    (void)state;
    bbots_deleted deleted;
    for (int i = 0; i < 3; i++) {
        assert_ok(insert_named(txn, NODES, "label", string("x")));
    }
    assert_ok(update_named(txn, NODES, 1, "parent", integer(3)));
    assert_ok(update_named(txn, NODES, 2, "parent", integer(1)));
    assert_ok(update_named(txn, NODES, 3, "parent", integer(2)));
    assert_ok(delete_id(txn, NODES, 2, &deleted));
    assert_int_equal(deleted.cascaded, 2);
    assert_int_equal(count_of(txn, NODES), 0);
}

static void make_diamond(void)
{
    for (int i = 1; i <= 3; i++) {
        char code[16];
        snprintf(code, sizeof code, "o%d", i);
        assert_ok(insert_named(txn, OWNERS, "code", string(code)));
        assert_ok(insert_named(txn, FOLDERS, "owner", integer(i), "name", string("in")));
    }
}

static void in_a_diamond_cascades_of_the_statement_count_first(void **state)
{
    (void)state;
    bbots_deleted deleted;
    make_diamond();
    /* The doc protects its folder, but both go with their owner. */
    assert_ok(insert_named(txn, DOCS, "owner", integer(1), "folder", integer(1), "owner_code",
                           string("o1")));
    assert_refused(delete_id(txn, FOLDERS, 1, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_ok(delete_id(txn, OWNERS, 1, &deleted));
    assert_int_equal(deleted.cascaded, 2);
    /* A doc of another owner in the folder is not deleted and protects it. */
    assert_ok(insert_named(txn, DOCS, "owner", integer(3), "folder", integer(2)));
    assert_refused(delete_id(txn, OWNERS, 2, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.constraint, "docs_folder_fkey");
}

static void set_null_forgets_and_keeps_the_row(void **state)
{
    (void)state;
    bbots_deleted deleted;
    bbots_row row;
    make_diamond();
    assert_ok(insert_named(txn, DOCS, "owner", integer(1), "reviewer", integer(2)));
    assert_ok(insert_named(txn, DOCS, "owner", integer(2), "reviewer", integer(2)));
    assert_ok(insert_named(txn, DOCS, "owner", integer(1), "reviewer", integer(1)));
    assert_ok(delete_id(txn, OWNERS, 2, &deleted));
    assert_int_equal(deleted.rows, 1);
    assert_int_equal(deleted.cascaded, 2); /* its folder and the second doc */
    assert_int_equal(deleted.set_null, 1);
    assert_ok(get_id(txn, DOCS, 1, &row));
    assert_int_equal(row_at(&row, "reviewer").kind, BBOTS_NULL);
    assert_same(row_at(&row, "owner"), integer(1));
    assert_status(get_id(txn, DOCS, 2, &row), BBOTS_NOT_FOUND);
}

static void set_null_of_two_columns_takes_both(void **state)
{
    (void)state;
    bbots_row row;
    bbots_value above[] = {string("s"), string("a")};
    bbots_value below[] = {string("s"), string("b")};
    assert_ok(insert_named(txn, PAGES, "site", string("s"), "path", string("a")));
    assert_ok(insert_named(txn, PAGES, "site", string("s"), "path", string("b"), "above_site",
                           string("s"), "above_path", string("a")));
    bbots_deleted deleted;
    assert_ok(bbots_delete(txn, PAGES, 0, above, &deleted, &fault));
    assert_int_equal(deleted.set_null, 1);
    assert_ok(bbots_get(txn, PAGES, 0, below, &row, &fault));
    assert_int_equal(row_at(&row, "above_site").kind, BBOTS_NULL);
    assert_int_equal(row_at(&row, "above_path").kind, BBOTS_NULL);
}

static void set_null_on_a_column_that_must_have_a_value_refuses(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, HEADS, "id", integer(1)));
    assert_ok(insert_named(txn, HATS, "head", integer(1)));
    assert_ok(insert_named(txn, HELMETS, "head", integer(1)));
    assert_refused(delete_id(txn, HEADS, 1, NULL), BBOTS_NOT_NULL_VIOLATION);
    assert_string_equal(fault.table, "helmets");
    assert_string_equal(fault.column, "head");
}

/* bodies.head becomes null and tails know the body by it: refused, with nothing done before. */
static void set_null_of_a_referenced_column_is_refused_whole(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, HEADS, "id", integer(1)));
    assert_ok(insert_named(txn, HATS, "head", integer(1)));
    assert_ok(insert_named(txn, BODIES, "head", integer(1)));
    assert_ok(insert_named(txn, TAILS, "body_head", integer(1)));
    assert_refused(delete_id(txn, HEADS, 1, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.constraint, "tails_body_head_fkey");
}

/* The same, but the row that refers to it goes away in the same statement. */
static void set_null_of_a_referenced_column_counts_cascades_first(void **state)
{
    (void)state;
    bbots_deleted deleted;
    assert_ok(insert_named(txn, HEADS, "id", integer(1)));
    assert_ok(insert_named(txn, BODIES, "head", integer(1)));
    assert_ok(insert_named(txn, TAILS, "body_head", integer(1), "head", integer(1)));
    assert_ok(delete_id(txn, HEADS, 1, &deleted));
    assert_int_equal(deleted.cascaded, 1);
    assert_int_equal(deleted.set_null, 1);
    assert_int_equal(count_of(txn, TAILS), 0);
}

static void parents_that_went_away_are_not_remembered(void **state)
{
    (void)state;
    /* Enough checks that found parents are cached. */
    assert_ok(insert_named(txn, OWNERS, "id", integer(1), "code", string("a")));
    assert_ok(insert_named(txn, OWNERS, "id", integer(2), "code", string("b")));
    for (int i = 0; i < 2000; i++) {
        assert_ok(insert_named(txn, DOCS, "owner", integer(1), "owner_code", string("b")));
    }
    assert_ok(bbots_savepoint(txn, "s", &fault));
    assert_ok(insert_named(txn, OWNERS, "id", integer(3), "code", string("c")));
    assert_ok(insert_named(txn, DOCS, "owner", integer(3), "owner_code", string("c")));
    assert_ok(insert_named(txn, DOCS, "owner", integer(3), "owner_code", string("c")));
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    assert_refused(insert_named(txn, DOCS, "owner", integer(3)), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_refused(insert_named(txn, DOCS, "owner", integer(1), "owner_code", string("c")),
                   BBOTS_FOREIGN_KEY_VIOLATION);
    assert_ok(insert_named(txn, OWNERS, "id", integer(4), "code", string("d")));
    assert_ok(insert_named(txn, DOCS, "id", integer(9000), "owner", integer(4)));
    assert_ok(update_named(txn, DOCS, 9000, "owner", integer(1)));
    assert_ok(update_named(txn, OWNERS, 4, "id", integer(5)));
    assert_refused(insert_named(txn, DOCS, "owner", integer(4)), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_ok(delete_id(txn, OWNERS, 5, NULL));
    assert_refused(insert_named(txn, DOCS, "owner", integer(5)), BBOTS_FOREIGN_KEY_VIOLATION);
}

static void complaints_come_in_postgresqls_order(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, OWNERS, "id", integer(1), "code", string("a")));
    assert_ok(
        insert_named(txn, FOLDERS, "id", integer(1), "owner", integer(1), "name", string("n")));
    assert_refused(insert_named(txn, FOLDERS, "id", integer(1), "owner", null_value(), "name",
                                string("far longer than twenty")),
                   BBOTS_STRING_TOO_LONG);
    assert_refused(
        insert_named(txn, FOLDERS, "id", integer(1), "owner", null_value(), "name", string("n")),
        BBOTS_NOT_NULL_VIOLATION);
    assert_refused(
        insert_named(txn, FOLDERS, "id", integer(1), "owner", integer(1), "name", string("n")),
        BBOTS_UNIQUE_VIOLATION);
    assert_string_equal(fault.constraint, "folders_pkey");
    assert_refused(
        insert_named(txn, FOLDERS, "id", integer(1), "owner", integer(9), "name", string("n")),
        BBOTS_UNIQUE_VIOLATION);
    assert_refused(insert_named(txn, FOLDERS, "owner", integer(9), "name", string("n")),
                   BBOTS_FOREIGN_KEY_VIOLATION);
}

/* ------------------------------------------------------------------ upsert */

static int upsert_owner(const char *code, int64_t score, bool change, bool *inserted)
{
    bbots_value values[3];
    bbots_value set_values[3];
    uint64_t given = fill_row(OWNERS, values, "code", string(code), "score", integer(score), NULL);
    uint64_t set = fill_row(OWNERS, set_values, "score", integer(score), NULL);
    return bbots_upsert(txn, OWNERS, index_of(OWNERS, "owners_code_key"), values, given, set_values,
                        change ? set : 0, NULL, inserted, &fault);
}

static void an_upsert_inserts_or_changes_or_leaves(void **state)
{
    (void)state;
    bool inserted = false;
    bbots_row row;
    assert_ok(upsert_owner("a", 1, true, &inserted));
    assert_true(inserted);
    assert_ok(upsert_owner("a", 2, true, &inserted));
    assert_false(inserted);
    assert_ok(get_id(txn, OWNERS, 1, &row));
    assert_same(row_at(&row, "score"), integer(2));
    assert_ok(upsert_owner("a", 3, false, &inserted));
    assert_false(inserted);
    assert_ok(get_id(txn, OWNERS, 1, &row));
    assert_same(row_at(&row, "score"), integer(2));
    assert_int_equal(count_of(txn, OWNERS), 1);
}

static void an_upsert_judges_the_new_row_first(void **state)
{
    (void)state;
    bbots_value values[3];
    assert_ok(upsert_owner("a", 1, true, NULL));
    uint64_t given = fill_row(OWNERS, values, "code", string("a"), "score", null_value(), NULL);
    assert_refused(bbots_upsert(txn, OWNERS, 1, values, given, values, 0, NULL, NULL, &fault),
                   BBOTS_NOT_NULL_VIOLATION);
    given = fill_row(OWNERS, values, "code", string("a"), "score", string("x"), NULL);
    assert_refused(bbots_upsert(txn, OWNERS, 1, values, given, values, 0, NULL, NULL, &fault),
                   BBOTS_INVALID_TEXT);
    /* A clash in another index than the one named is an error. */
    given = fill_row(OWNERS, values, "id", integer(1), "code", string("b"), NULL);
    assert_refused(bbots_upsert(txn, OWNERS, 1, values, given, values, 0, NULL, NULL, &fault),
                   BBOTS_UNIQUE_VIOLATION);
}

static void an_upsert_names_a_unique_index(void **state)
{
    (void)state;
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given = fill_row(OWNERS, values, "code", string("a"), "score", integer(1), NULL);
    unsigned plain = index_of(OWNERS, "owners_score_idx");
    assert_refused(bbots_upsert(txn, OWNERS, plain, values, given, values, 0, NULL, NULL, &fault),
                   BBOTS_UNKNOWN_INDEX);
    assert_refused(bbots_upsert(txn, OWNERS, 99, values, given, values, 0, NULL, NULL, &fault),
                   BBOTS_UNKNOWN_INDEX);
    /* Also when the columns are not given at all. */
    given = fill_row(OWNERS, values, "code", string("a"), NULL);
    assert_refused(bbots_upsert(txn, OWNERS, plain, values, given, values, 0, NULL, NULL, &fault),
                   BBOTS_UNKNOWN_INDEX);
    given = fill_row(TICKETS, values, "quantity", integer(1), NULL);
    assert_refused(bbots_upsert(txn, TICKETS, index_of(TICKETS, "tickets_token_price_idx"), values,
                                given, values, 0, NULL, NULL, &fault),
                   BBOTS_UNKNOWN_INDEX);
}

static void an_upsert_can_change_the_key_that_clashed(void **state)
{
    (void)state;
    bbots_value values[3];
    bbots_value changed[3];
    bbots_row row;
    bool inserted = true;
    assert_ok(upsert_owner("a", 1, true, NULL));
    uint64_t given = fill_row(OWNERS, values, "code", string("a"), NULL);
    uint64_t set = fill_row(OWNERS, changed, "code", string("b"), "id", integer(8), NULL);
    assert_ok(bbots_upsert(txn, OWNERS, 1, values, given, changed, set, &row, &inserted, &fault));
    assert_false(inserted);
    assert_text(row_at(&row, "code"), "b");
    assert_same(row_at(&row, "id"), integer(8));
    assert_ok(bbots_upsert(txn, OWNERS, 1, values, given, changed, 0, &row, &inserted, &fault));
    assert_true(inserted);
    assert_same(row_at(&row, "id"), integer(9));
}

/* ------------------------------------------------------------------ soft delete */

static void a_soft_delete_marks_and_keeps(void **state)
{
    (void)state;
    bbots_row row;
    bbots_value key = integer(1);
    bbots_txn_set_now(txn, 77);
    assert_ok(insert_named(txn, SOFT, "name", string("x")));
    assert_ok(get_id(txn, SOFT, 1, &row));
    assert_false(bbots_row_is_deleted(&row));
    assert_ok(bbots_soft_delete(txn, SOFT, 0, &key, &fault));
    assert_ok(get_id(txn, SOFT, 1, &row));
    assert_true(bbots_row_is_deleted(&row));
    assert_same(row_at(&row, "deletedAt"), bbots_value_timestamp(77));
    assert_same(row_at(&row, "isActive"), bbots_value_boolean(false));
    bbots_txn_set_now(txn, 78);
    assert_status(bbots_soft_delete(txn, SOFT, 0, &key, &fault), BBOTS_UNCHANGED);
    /* The time that is there stays. */
    assert_ok(update_named(txn, SOFT, 1, "isActive", bbots_value_boolean(true)));
    assert_ok(bbots_soft_delete(txn, SOFT, 0, &key, &fault));
    assert_ok(get_id(txn, SOFT, 1, &row));
    assert_same(row_at(&row, "deletedAt"), bbots_value_timestamp(77));
    key = integer(2);
    assert_status(bbots_soft_delete(txn, SOFT, 0, &key, &fault), BBOTS_NOT_FOUND);
    assert_refused(bbots_soft_delete(txn, NODES, 0, &key, &fault), BBOTS_UNKNOWN_COLUMN);
    assert_ok(insert_named(txn, SOFTLY, "id", integer(2)));
    assert_ok(bbots_soft_delete(txn, SOFTLY, 0, &key, &fault));
    assert_ok(get_id(txn, SOFTLY, 2, &row));
    assert_text(row_at(&row, "isActive"), "false");
    assert_true(bbots_row_is_deleted(&row));
}

/* ------------------------------------------------------------------ counts and digests */

static void a_digest_does_not_know_the_order_of_its_rows(void **state)
{
    (void)state;
    bbots_digest nothing;
    bbots_digest forward;
    bbots_digest digest;
    bbots_digest store_forward;
    assert_ok(bbots_table_digest(txn, OWNERS, &nothing, &fault));
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 100; i++) {
            int number = pass == 0 ? i : (i * 37 + 11) % 100;
            char code[16];
            snprintf(code, sizeof code, "c%d", number);
            assert_ok(insert_named(txn, OWNERS, "id", integer(number), "code", string(code)));
        }
        assert_int_equal(count_of(txn, OWNERS), 100);
        assert_ok(bbots_table_digest(txn, OWNERS, pass == 0 ? &forward : &digest, &fault));
        if (pass == 0) {
            store_forward = digest_of(txn);
            for (int i = 0; i < 100; i++) {
                assert_ok(delete_id(txn, OWNERS, i, NULL));
            }
            bbots_digest empty;
            assert_ok(bbots_table_digest(txn, OWNERS, &empty, &fault));
            assert_memory_equal(empty.bytes, nothing.bytes, 16);
        }
    }
    assert_memory_equal(forward.bytes, digest.bytes, 16);
    assert_digest(txn, store_forward);
    assert_memory_not_equal(forward.bytes, nothing.bytes, 16);
    assert_ok(update_named(txn, OWNERS, 3, "score", integer(1)));
    assert_ok(bbots_table_digest(txn, OWNERS, &digest, &fault));
    assert_memory_not_equal(forward.bytes, digest.bytes, 16);
    assert_ok(update_named(txn, OWNERS, 3, "score", integer(0)));
    assert_digest(txn, store_forward);
}

static void equal_rows_of_two_tables_give_a_different_store(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, HATS, "id", integer(1)));
    bbots_digest hats = digest_of(txn);
    assert_ok(delete_id(txn, HATS, 1, NULL));
    assert_ok(insert_named(txn, BODIES, "id", integer(1)));
    bbots_digest bodies = digest_of(txn);
    assert_memory_not_equal(hats.bytes, bodies.bytes, 16);
}

/* ------------------------------------------------------------------ what is not there */

static void unknown_things_have_their_own_errors(void **state)
{
    (void)state;
    bbots_row row;
    bbots_value key = integer(1);
    uint64_t count;
    bbots_cursor *cursor;
    bbots_value values[BBOTS_COLUMNS_MAX] = {integer(1)};
    extern const bbots_table bbots_users_table; /* of another schema */
    assert_refused(bbots_insert(txn, &bbots_users_table, values, 0, NULL, &fault),
                   BBOTS_UNKNOWN_TABLE);
    assert_string_equal(fault.sqlstate, "42P01");
    assert_refused(bbots_get(txn, &bbots_users_table, 0, &key, &row, &fault), BBOTS_UNKNOWN_TABLE);
    assert_refused(bbots_count(txn, NULL, &count, &fault), BBOTS_UNKNOWN_TABLE);
    assert_refused(bbots_insert(txn, NODES, values, BBOTS_COLUMN_BIT(3), NULL, &fault),
                   BBOTS_UNKNOWN_COLUMN);
    assert_refused(bbots_update(txn, NODES, 0, &key, values, BBOTS_COLUMN_BIT(63), NULL, &fault),
                   BBOTS_UNKNOWN_COLUMN);
    assert_refused(bbots_get(txn, NODES, 1, &key, &row, &fault), BBOTS_UNKNOWN_INDEX);
    assert_refused(bbots_get(txn, NODES, 2, &key, &row, &fault), BBOTS_UNKNOWN_INDEX);
    assert_refused(bbots_delete(txn, NODES, 9, &key, NULL, &fault), BBOTS_UNKNOWN_INDEX);
    assert_refused(bbots_cursor_open(txn, NODES, 9, NULL, &cursor, &fault), BBOTS_UNKNOWN_INDEX);
    assert_null(cursor);
    assert_null(bbots_store_table(bbots_txn_store(txn), "no such", &fault));
    assert_int_equal(fault.code, BBOTS_UNKNOWN_TABLE);
    assert_ptr_equal(bbots_store_table(bbots_txn_store(txn), "nodes", &fault), NODES);
    assert_int_equal(bbots_table_column(NODES, bbots_text_of("nope")), -1);
    assert_int_equal(bbots_table_index(NODES, "nope"), -1);
    key = string("x");
    assert_refused(bbots_get(txn, NODES, 0, &key, &row, &fault), BBOTS_INVALID_TEXT);
    key = bbots_value_boolean(true);
    assert_refused(bbots_get(txn, NODES, 0, &key, &row, &fault), BBOTS_WRONG_TYPE);
    key = integer(INT64_C(1) << 40);
    assert_refused(bbots_get(txn, NODES, 0, &key, &row, &fault), BBOTS_NUMERIC_OUT_OF_RANGE);
}

static void a_missing_column_of_a_row_reads_as_null(void **state)
{
    (void)state;
    bbots_row row;
    assert_ok(insert_named(txn, NODES, "label", string("x")));
    assert_ok(get_id(txn, NODES, 1, &row));
    assert_int_equal(bbots_row_value(&row, 3).kind, BBOTS_NULL);
    assert_int_equal(bbots_row_value(&row, 64).kind, BBOTS_NULL);
}

static void a_read_transaction_refuses_every_write(void **state)
{
    fixture *place = *state;
    bbots_value key = integer(1);
    bool inserted;
    uint64_t given = fill_row(SOFT, named, "name", string("x"), NULL);
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    assert_status(bbots_insert(reader, SOFT, named, given, NULL, &fault), BBOTS_READ_ONLY);
    assert_status(bbots_update(reader, SOFT, 0, &key, named, given, NULL, &fault), BBOTS_READ_ONLY);
    assert_status(bbots_delete(reader, SOFT, 0, &key, NULL, &fault), BBOTS_READ_ONLY);
    assert_status(
        bbots_upsert(reader, SOFT, 0, named, given, named, given, NULL, &inserted, &fault),
        BBOTS_READ_ONLY);
    assert_status(bbots_soft_delete(reader, SOFT, 0, &key, &fault), BBOTS_READ_ONLY);
    assert_status(bbots_serial_advance(reader, SOFT, 9, &fault), BBOTS_READ_ONLY);
    assert_status(bbots_savepoint(reader, "s", &fault), BBOTS_READ_ONLY);
    assert_status(bbots_savepoint_rollback(reader, "s", &fault), BBOTS_READ_ONLY);
    assert_status(bbots_savepoint_release(reader, "s", &fault), BBOTS_READ_ONLY);
    assert_ok(bbots_commit(reader, &fault));
}

static void values_are_parsed_and_printed_as_literals(void **state)
{
    (void)state;
    bbots_value value;
    char *text;
    size_t size;
    assert_ok(
        bbots_value_parse(KINDS, column(KINDS, "amount"), bbots_text_of("1.005"), &value, &fault));
    assert_same(value, bbots_value_decimal(101, 2));
    assert_ok(
        bbots_value_parse(KINDS, column(KINDS, "settings"), bbots_text_of("[]"), &value, &fault));
    assert_int_equal(value.kind, BBOTS_JSONTEXT);
    assert_ok(
        bbots_value_parse(KINDS, column(KINDS, "small"), bbots_text_of(NULL), &value, &fault));
    assert_int_equal(value.kind, BBOTS_NULL);
    assert_status(
        bbots_value_parse(KINDS, column(KINDS, "small"), bbots_text_of("x"), &value, &fault),
        BBOTS_INVALID_TEXT);
    bbots_value null = null_value();
    assert_ok(bbots_value_print(KINDS, 1, &null, BBOTS_TIMESTAMP_ISO, &text, &size, &fault));
    assert_null(text);
    bbots_value moment = bbots_value_timestamp(1500000);
    assert_ok(bbots_value_print(KINDS, column(KINDS, "moment"), &moment, BBOTS_TIMESTAMP_ISO, &text,
                                &size, &fault));
    assert_string_equal(text, "1970-01-01T00:00:01.500000");
    assert_int_equal(size, strlen(text));
    free(text);
}

/* A failing call fills the caller's error object anew, and none is needed. */
static void an_error_object_is_filled_anew_or_left_out(void **state)
{
    (void)state;
    bbots_row row;
    bbots_value key = integer(1);
    assert_refused(insert_named(txn, NODES, "parent", integer(99)), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_refused(bbots_get(txn, NODES, 9, &key, &row, &fault), BBOTS_UNKNOWN_INDEX);
    assert_string_equal(fault.constraint, "");
    assert_int_equal(bbots_get(txn, NODES, 9, &key, &row, NULL), BBOTS_UNKNOWN_INDEX);
    bbots_value text = string("x");
    uint64_t given = BBOTS_COLUMN_BIT(0);
    assert_int_equal(bbots_insert(txn, NODES, &text, given, NULL, NULL), BBOTS_INVALID_TEXT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(insert_takes_defaults_for_what_is_not_given),
        TEST(an_explicit_null_is_not_the_default),
        TEST(the_stored_row_stays_readable_while_others_are_read),
        TEST(values_of_a_stored_row_can_be_given_to_the_next_statement),
        TEST(each_type_keeps_its_limits),
        TEST(a_value_of_another_kind_is_refused_or_cast_as_an_assignment_does),
        TEST(binary_values_are_held_against_the_column),
        TEST(random_rows_read_back_as_they_went_in),
        TEST(a_table_can_have_as_many_columns_as_a_set_has_bits),
        TEST(rows_end_at_their_size_limit),
        TEST(a_key_stands_once),
        TEST(a_message_never_shows_a_secret),
        TEST(nulls_of_a_unique_key_are_distinct),
        TEST(long_keys_differ_behind_what_a_tree_can_hold),
        TEST(keys_of_every_type_find_their_row),
        TEST(minus_zero_and_zero_are_one_key_and_so_are_all_nans),
        TEST(a_serial_never_gives_a_number_twice),
        TEST(a_serial_lives_on_in_the_file),
        TEST(a_serial_ends),
        TEST(an_update_changes_what_is_in_its_set),
        TEST(the_transactions_time_can_be_the_epoch),
        TEST(the_transactions_time_stands_still),
        TEST(a_key_can_change),
        TEST(a_referenced_key_changes_only_without_references),
        TEST(a_reference_points_to_a_row_or_is_null),
        TEST(a_row_can_refer_to_itself),
        TEST(a_row_cannot_come_to_refer_to_its_own_former_key),
        TEST(no_action_refuses_what_is_still_referenced),
        TEST(a_cascade_goes_to_any_depth),
        TEST(a_cascade_ends_in_a_ring),
        TEST(in_a_diamond_cascades_of_the_statement_count_first),
        TEST(set_null_forgets_and_keeps_the_row),
        TEST(set_null_of_two_columns_takes_both),
        TEST(set_null_on_a_column_that_must_have_a_value_refuses),
        TEST(set_null_of_a_referenced_column_is_refused_whole),
        TEST(set_null_of_a_referenced_column_counts_cascades_first),
        TEST(parents_that_went_away_are_not_remembered),
        TEST(complaints_come_in_postgresqls_order),
        TEST(an_upsert_inserts_or_changes_or_leaves),
        TEST(an_upsert_judges_the_new_row_first),
        TEST(an_upsert_names_a_unique_index),
        TEST(an_upsert_can_change_the_key_that_clashed),
        TEST(a_soft_delete_marks_and_keeps),
        TEST(a_digest_does_not_know_the_order_of_its_rows),
        TEST(equal_rows_of_two_tables_give_a_different_store),
        TEST(unknown_things_have_their_own_errors),
        TEST(a_missing_column_of_a_row_reads_as_null),
        TEST(a_read_transaction_refuses_every_write),
        TEST(values_are_parsed_and_printed_as_literals),
        TEST(an_error_object_is_filled_anew_or_left_out),
    };
    choose_tests();
    return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
