/*
 * base/utf8.c - is it UTF-8, and how many characters has it.
 *
 * Every text that enters the store passes here once, and most of it is ASCII. So eight bytes are
 * tested at a time as one word, and only a word with something else in it is taken byte by byte.
 * A character starts at every byte that is no continuation (10xxxxxx), which is all that counting
 * needs once the text is known to be valid.
 */
#include <base/utf8.h>

#include <base/bytes.h>

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/*
 * Whether all eight bytes are from 1 to 127. Of bytes below 128, subtracting one sets a high bit
 * only where a byte was zero (a borrow can add further ones, but only above a true one).
 */
static bool word_is_ascii(uint64_t word)
{
    return (((word - ONES) | word) & HIGHS) == 0;
}

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0u) == 0x80u;
}

/*
 * The length of the character of several bytes that starts at data, 0 when there is none. The
 * second byte is held to a narrower range where else an overlong form (E0, F0), a surrogate (ED)
 * or a number past U+10FFFF (F4) would pass: table 3-7 of the Unicode standard.
 */
static size_t long_character(const unsigned char *data, size_t size)
{
    unsigned char lead = data[0];
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }
    size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (length > size) {
        return 0;
    }
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (data[1] < low || data[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (!is_continuation(data[i])) {
            return 0;
        }
    }
    return length;
}

bool bb_utf8_valid(const char *data, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)data;
    size_t i = 0;
    while (i < size) {
        if (size - i >= 8 && word_is_ascii(bb_load64(bytes + i))) {
            i += 8;
        } else if (bytes[i] < 0x80) {
            if (bytes[i] == 0) {
                return false;
            }
            i++;
        } else {
            size_t length = long_character(bytes + i, size - i);
            if (length == 0) {
                return false;
            }
            i += length;
        }
    }
    return true;
}

/* How many of eight bytes start a character: those without the bits 10 on top. */
static size_t starts_in_word(uint64_t word)
{
    uint64_t continuations = (word >> 7) & ~(word >> 6) & ONES;
    return 8 - (size_t)__builtin_popcountll(continuations);
}

size_t bb_utf8_length(const char *data, size_t size)
{
    size_t characters = 0;
    size_t i = 0;
    for (; size - i >= 8; i += 8) {
        characters += starts_in_word(bb_load64(data + i));
    }
    for (; i < size; i++) {
        characters += !is_continuation((unsigned char)data[i]);
    }
    return characters;
}

/* The prefix ends where the character behind it starts, so a word may be skipped only when that
 * start lies behind the word. */
size_t bb_utf8_prefix(const char *data, size_t size, size_t characters)
{
    size_t seen = 0;
    size_t i = 0;
    for (; size - i >= 8; i += 8) {
        size_t starts = starts_in_word(bb_load64(data + i));
        if (starts > characters - seen) {
            break;
        }
        seen += starts;
    }
    for (; i < size; i++) {
        if (!is_continuation((unsigned char)data[i])) {
            if (seen == characters) {
                return i;
            }
            seen++;
        }
    }
    return size;
}
