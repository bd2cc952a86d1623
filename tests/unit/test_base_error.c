/* The error object: what is filled, what is kept, and that a cut never breaks a character. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <base/error.h>
#include <base/status_table.h>
#include <base/utf8.h>

#include <errno.h>

static void every_status_has_a_name_a_sqlstate_and_a_text(void **state)
{
    (void)state;
    assert_true(bb_status_count > 40);
    for (size_t i = 0; i < bb_status_count; i++) {
        const bb_status_entry *entry = &bb_status_table[i];
        assert_string_equal(bbots_status_name(entry->number), entry->name);
        assert_string_equal(bbots_status_sqlstate(entry->number), entry->sqlstate);
        assert_string_equal(bbots_status_text(entry->number), entry->text);
        assert_int_equal(strlen(entry->sqlstate), 5);
        assert_true(strlen(entry->text) > 0);
    }
    assert_string_equal(bbots_status_name(BBOTS_UNIQUE_VIOLATION), "UNIQUE_VIOLATION");
    assert_string_equal(bbots_status_sqlstate(BBOTS_UNIQUE_VIOLATION), "23505");
    assert_string_equal(bbots_status_name(BBOTS_OK), "OK");
}

static void numbers_and_names_are_given_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < bb_status_count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(bb_status_table[i].number, bb_status_table[j].number);
            assert_string_not_equal(bb_status_table[i].name, bb_status_table[j].name);
            if (strncmp(bb_status_table[i].sqlstate, "BB", 2) == 0) { /* the class that is ours */
                assert_string_not_equal(bb_status_table[i].sqlstate, bb_status_table[j].sqlstate);
            }
        }
    }
}

static void an_unknown_status_has_a_text_too(void **state)
{
    (void)state;
    static const int unknown[] = {99, -19, -61, 12345, -2147483647 - 1};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_string_equal(bbots_status_name(unknown[i]), "UNKNOWN");
        assert_string_equal(bbots_status_sqlstate(unknown[i]), "XX000");
        assert_string_equal(bbots_status_text(unknown[i]), "unknown status");
    }
}

static void a_failure_fills_the_object_and_returns_its_code(void **state)
{
    (void)state;
    bbots_error error;
    bb_error_clear(&error);
    int status = bb_fail_at(&error, BBOTS_UNIQUE_VIOLATION, "users", NULL, "users_email_key",
                            "Key (%s)=(%d) already exists", "email", 7);
    assert_int_equal(status, BBOTS_UNIQUE_VIOLATION);
    assert_int_equal(error.code, BBOTS_UNIQUE_VIOLATION);
    assert_int_equal(error.system, 0);
    assert_string_equal(error.sqlstate, "23505");
    assert_string_equal(error.table, "users");
    assert_string_equal(error.column, "");
    assert_string_equal(error.constraint, "users_email_key");
    assert_string_equal(error.message, "Key (email)=(7) already exists");
}

static void the_first_failure_wins_until_the_object_is_cleared(void **state)
{
    (void)state;
    bbots_error error = {0}; /* clearing does not write behind the texts */
    bb_error_clear(&error);
    assert_int_equal(bb_fail(&error, BBOTS_IO, "first"), BBOTS_IO);
    bbots_error first = error;
    assert_int_equal(bb_fail(&error, BBOTS_BUSY, "second"), BBOTS_BUSY);
    assert_int_equal(bb_fail_at(&error, BBOTS_BUSY, "t", "c", "n", "third"), BBOTS_BUSY);
    assert_int_equal(bb_fail_system(&error, BBOTS_BUSY, ENOENT, "fourth"), BBOTS_BUSY);
    assert_memory_equal(&error, &first, sizeof error);
    bb_error_clear(&error);
    assert_int_equal(error.code, 0);
    assert_string_equal(error.message, "");
    assert_int_equal(bb_fail(&error, BBOTS_BUSY, "second"), BBOTS_BUSY);
    assert_int_equal(error.code, BBOTS_BUSY);
    assert_string_equal(error.message, "second");
}

static void no_object_is_no_trouble(void **state)
{
    (void)state;
    assert_int_equal(bb_fail(NULL, BBOTS_IO, "%d", 1), BBOTS_IO);
    assert_int_equal(bb_fail_at(NULL, BBOTS_IO, "t", "c", "n", "%d", 1), BBOTS_IO);
    assert_int_equal(bb_fail_system(NULL, BBOTS_IO, ENOENT, "%d", 1), BBOTS_IO);
    bb_error_clear(NULL);
}

static void a_system_failure_keeps_the_number_and_adds_its_text(void **state)
{
    (void)state;
    bbots_error error;
    bb_error_clear(&error);
    bb_fail_system(&error, BBOTS_FILE_MISSING, ENOENT, "could not open \"%s\"", "x");
    assert_int_equal(error.system, ENOENT);
    char expected[200] = "could not open \"x\": ";
    strcat(expected, strerror(ENOENT));
    assert_string_equal(error.message, expected);
}

static void a_long_message_is_cut_at_the_border_of_a_character(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 5; shift++) {
        char text[1200] = "aaaaa";
        size_t size = shift;
        while (size + 10 < sizeof text) {
            memcpy(text + size, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 10);
            size += 9;
        }
        bbots_error error;
        bb_error_clear(&error);
        bb_fail_at(&error, BBOTS_IO, text, text, text, "%s", text);
        size_t length = strlen(error.message);
        assert_in_range(length, sizeof error.message - 4, sizeof error.message - 1);
        assert_true(bb_utf8_valid(error.message, length));
        assert_memory_equal(error.message, text, length);
        assert_in_range(strlen(error.table), BBOTS_NAME_MAX - 3, BBOTS_NAME_MAX);
        assert_true(bb_utf8_valid(error.table, strlen(error.table)));
        assert_string_equal(error.table, error.constraint);
    }
}

static void a_full_message_takes_no_system_text_beyond_its_end(void **state)
{
    (void)state;
    char text[600];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    bbots_error error;
    bb_error_clear(&error);
    bb_fail_system(&error, BBOTS_IO, EIO, "%s", text);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    bb_error_clear(&error);
    bb_fail(&error, BBOTS_IO, "%.*s", (int)sizeof error.message - 1, text);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
}

static void a_name_of_63_bytes_is_kept_whole(void **state)
{
    (void)state;
    char name[BBOTS_NAME_MAX + 1];
    memset(name, 'n', BBOTS_NAME_MAX);
    name[BBOTS_NAME_MAX] = '\0';
    bbots_error error;
    bb_error_clear(&error);
    bb_fail_at(&error, BBOTS_IO, name, NULL, NULL, "x");
    assert_string_equal(error.table, name);
}

static void quoting_shows_what_cannot_be_printed(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t size;
        const char *quoted;
    } cases[] = {
        {"", 0, "\"\""},
        {"abc", 3, "\"abc\""},
        {"a\0b", 3, "\"a\\x00b\""},
        {"a\n\x7F", 3, "\"a\\x0a\\x7f\""},
        {"\xC3\xA9", 2, "\"\xC3\xA9\""},
        {"\xC3", 1, "\"\\xc3\""},
        {"\xC2", 1, "\"\\xc2\""},
        {"\xC3z", 2, "\"\\xc3z\""},
        {"\xFF\xFE", 2, "\"\\xff\\xfe\""},
        {"\x80", 1, "\"\\x80\""},
        {"\xC2\x85", 2, "\"\\xc2\\x85\""}, /* U+0085, a control character */
        {"\xC2\xA0", 2, "\"\xC2\xA0\""},
        {"\xED\xA0\x80", 3, "\"\\xed\\xa0\\x80\""}, /* a surrogate */
        {"\xF0\x9F\x98\x80", 4, "\"\xF0\x9F\x98\x80\""},
    };
    char buffer[BB_QUOTE_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_ptr_equal(bb_quote(cases[i].data, cases[i].size, buffer), buffer);
        assert_string_equal(buffer, cases[i].quoted);
    }
    assert_string_equal(bb_quote(NULL, 0, buffer), "\"\"");
}

static void quoting_cuts_after_64_bytes_at_the_border_of_a_character(void **state)
{
    (void)state;
    char buffer[BB_QUOTE_MAX];
    char text[200];
    memset(text, 'x', sizeof text);
    assert_int_equal(strlen(bb_quote(text, 64, buffer)), 66);
    bb_quote(text, 65, buffer);
    assert_int_equal(strlen(buffer), 69);
    assert_string_equal(buffer + 64, "x\"...");
    memcpy(text + 62, "\xE2\x82\xAC", 3); /* bytes 62 to 64: would be cut in two */
    bb_quote(text, 100, buffer);
    assert_string_equal(buffer + 62, "x\"...");
    memset(text, 0xFF, sizeof text); /* the longest result */
    bb_quote(text, sizeof text, buffer);
    assert_int_equal(strlen(buffer), 64 * 4 + 5);
    memset(text, 0x80, sizeof text); /* only tails of characters */
    assert_true(strlen(bb_quote(text, sizeof text, buffer)) >= 61 * 4);
}

static void an_error_is_given_to_whoever_wants_it(void **state)
{
    bbots_error from;
    bbots_error to;
    (void)state;
    bb_error_clear(&from);
    bb_error_clear(&to);
    (void)bb_fail(&to, BBOTS_IO, "what was there before");
    (void)bb_fail(&from, BBOTS_NOT_NULL_VIOLATION, "what is given");
    bb_error_give(NULL, &from);
    bb_error_give(&to, &from);
    assert_int_equal(to.code, BBOTS_NOT_NULL_VIOLATION);
    assert_string_equal(to.message, "what is given");
    assert_string_equal(to.sqlstate, "23502");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_a_sqlstate_and_a_text),
        cmocka_unit_test(numbers_and_names_are_given_once),
        cmocka_unit_test(an_unknown_status_has_a_text_too),
        cmocka_unit_test(a_failure_fills_the_object_and_returns_its_code),
        cmocka_unit_test(the_first_failure_wins_until_the_object_is_cleared),
        cmocka_unit_test(no_object_is_no_trouble),
        cmocka_unit_test(an_error_is_given_to_whoever_wants_it),
        cmocka_unit_test(a_system_failure_keeps_the_number_and_adds_its_text),
        cmocka_unit_test(a_long_message_is_cut_at_the_border_of_a_character),
        cmocka_unit_test(a_full_message_takes_no_system_text_beyond_its_end),
        cmocka_unit_test(a_name_of_63_bytes_is_kept_whole),
        cmocka_unit_test(quoting_shows_what_cannot_be_printed),
        cmocka_unit_test(quoting_cuts_after_64_bytes_at_the_border_of_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
