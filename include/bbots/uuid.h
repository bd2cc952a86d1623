/* bbots/uuid.h - universally unique identifiers (RFC 9562). */
#ifndef BBOTS_UUID_H
#define BBOTS_UUID_H

#include <bbots/value.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BBOTS_UUID_TEXT_MAX 37 /* 36 characters and NUL */

/*
 * Reads the forms that PostgreSQL reads (manual, 8.12): 32 hexadecimal digits of either case, a
 * hyphen allowed after each group of four, braces allowed around it.
 *
 * Returns BBOTS_OK or BBOTS_INVALID_TEXT. Any thread.
 */
BBOTS_API BBOTS_CHECKED int bbots_uuid_parse(bbots_text text, bbots_uuid *uuid);

/* Writes the canonical form, lower case, and a NUL. Returns 36. */
BBOTS_API size_t bbots_uuid_print(const bbots_uuid *uuid, char buffer[BBOTS_UUID_TEXT_MAX]);

/* A random (version 4) identifier from libsodium's generator. Any thread. */
BBOTS_API bbots_uuid bbots_uuid_random(void);

#ifdef __cplusplus
}
#endif
#endif
