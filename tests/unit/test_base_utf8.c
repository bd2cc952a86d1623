/*
 * The check of UTF-8 is held against a second one, written from the definition: decode a number,
 * then ask whether it may exist and whether it was written in its shortest form. All sequences of
 * up to three bytes are tried, and of four bytes all with a border value in each place; each at
 * every distance from a border of the eight bytes that are tested at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <base/utf8.h>

/* Whether one character fills the bytes exactly. */
static bool is_character(const unsigned char *bytes, size_t size)
{
    static const uint32_t first_of_length[] = {0, 1, 0x80, 0x800, 0x10000};
    static const unsigned lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    static const unsigned lead_mark[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    if (size < 1 || size > 4 || (bytes[0] & ~lead_bits[size]) != lead_mark[size]) {
        return false;
    }
    uint32_t number = bytes[0] & lead_bits[size];
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xC0u) != 0x80u) {
            return false;
        }
        number = number << 6 | (bytes[i] & 0x3Fu);
    }
    bool surrogate = number >= 0xD800 && number <= 0xDFFF;
    return number >= first_of_length[size] && number <= 0x10FFFF && !surrogate;
}

/* Whether the bytes can be cut into characters. No character is the start of another one. */
static bool is_text(const unsigned char *bytes, size_t size)
{
    for (size_t length = 1; length <= 4 && length <= size; length++) {
        if (is_character(bytes, length)) {
            return is_text(bytes + length, size - length);
        }
    }
    return size == 0;
}

static bool valid(const unsigned char *bytes, size_t size)
{
    return bb_utf8_valid((const char *)bytes, size);
}

static void every_sequence_of_up_to_three_bytes_is_judged_as_by_the_definition(void **state)
{
    (void)state;
    unsigned char bytes[3];
    for (unsigned number = 0; number < 1u << 24; number++) {
        bytes[0] = (unsigned char)(number >> 16);
        bytes[1] = (unsigned char)(number >> 8);
        bytes[2] = (unsigned char)number;
        /* Where the first byte is ASCII, the last two repeat what was tried before. */
        if (bytes[0] < 0x80 && bytes[0] > 1) {
            continue;
        }
        if (valid(bytes, 3) != is_text(bytes, 3)) {
            fail_msg("%02x %02x %02x", bytes[0], bytes[1], bytes[2]);
        }
    }
    for (unsigned number = 0; number < 1u << 16; number++) {
        bytes[0] = (unsigned char)(number >> 8);
        bytes[1] = (unsigned char)number;
        assert_int_equal(valid(bytes, 2), is_text(bytes, 2));
        assert_int_equal(valid(bytes + 1, 1), is_text(bytes + 1, 1));
    }
}

static void four_bytes_are_judged_as_by_the_definition_at_every_offset(void **state)
{
    (void)state;
    static const unsigned char borders[] = {
        0x00, 0x01, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
        0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF7, 0xF8, 0xFE, 0xFF};
    const size_t count = sizeof borders;
    for (size_t n = 0; n < count * count * count * count; n++) {
        unsigned char four[4] = {borders[n % count], borders[n / count % count],
                                 borders[n / count / count % count],
                                 borders[n / count / count / count]};
        size_t offset = n % 9;
        unsigned char bytes[20];
        memset(bytes, 'a', sizeof bytes);
        memcpy(bytes + offset, four, 4);
        bool expected = is_text(four, 4);
        /* Once with ASCII behind it and once at the very end. */
        if (valid(bytes, sizeof bytes) != expected || valid(bytes, offset + 4) != expected) {
            fail_msg("%02x %02x %02x %02x at %zu", four[0], four[1], four[2], four[3], offset);
        }
    }
}

static void a_zero_byte_is_refused_at_every_place(void **state)
{
    (void)state;
    for (size_t size = 1; size < 40; size++) {
        char text[40];
        memset(text, 'x', sizeof text);
        assert_true(bb_utf8_valid(text, size));
        for (size_t i = 0; i < size; i++) {
            text[i] = '\0';
            assert_false(bb_utf8_valid(text, size));
            text[i] = 'x';
        }
    }
    assert_true(bb_utf8_valid("", 0));
    assert_true(bb_utf8_valid(NULL, 0));
}

/* Characters of one to four bytes, in an order that meets every offset. */
static size_t mixed_text(char *text, size_t characters, size_t *start_of)
{
    static const char *const letters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                          "b", "c",        "\xEF\xBF\xBF"};
    size_t size = 0;
    for (size_t i = 0; i < characters; i++) {
        const char *letter = letters[i * i % 7];
        start_of[i] = size;
        memcpy(text + size, letter, strlen(letter));
        size += strlen(letter);
    }
    start_of[characters] = size;
    return size;
}

static void length_counts_characters(void **state)
{
    (void)state;
    char text[400];
    size_t start_of[101];
    for (size_t characters = 0; characters <= 100; characters++) {
        size_t size = mixed_text(text, characters, start_of);
        assert_true(bb_utf8_valid(text, size));
        assert_int_equal(bb_utf8_length(text, size), characters);
    }
}

static void prefix_ends_at_the_border_of_a_character(void **state)
{
    (void)state;
    char text[400];
    size_t start_of[101];
    size_t size = mixed_text(text, 100, start_of);
    for (size_t characters = 0; characters <= 100; characters++) {
        assert_int_equal(bb_utf8_prefix(text, size, characters), start_of[characters]);
    }
    assert_int_equal(bb_utf8_prefix(text, size, 101), size);
    assert_int_equal(bb_utf8_prefix(text, size, SIZE_MAX), size);
    assert_int_equal(bb_utf8_prefix("", 0, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sequence_of_up_to_three_bytes_is_judged_as_by_the_definition),
        cmocka_unit_test(four_bytes_are_judged_as_by_the_definition_at_every_offset),
        cmocka_unit_test(a_zero_byte_is_refused_at_every_place),
        cmocka_unit_test(length_counts_characters),
        cmocka_unit_test(prefix_ends_at_the_border_of_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
