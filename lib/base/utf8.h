/* base/utf8.h - is it UTF-8, and how many characters has it. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether the bytes are UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF)
 * without a zero byte, which PostgreSQL's text cannot hold. ASCII runs are taken 8 bytes at a time.
 */
bool bb_utf8_valid(const char *data, size_t size);

/* The number of characters (code points) of valid UTF-8. */
size_t bb_utf8_length(const char *data, size_t size);

/* The number of bytes of the first `characters` characters of valid UTF-8 (size when it has fewer). */
size_t bb_utf8_prefix(const char *data, size_t size, size_t characters);

#endif
