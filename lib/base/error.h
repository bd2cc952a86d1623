/* base/error.h - filling the caller's error object. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <bbots/error.h>
#include <stddef.h>

/*
 * Fills error (may be NULL) with a status and a sentence, and returns the status, so that a
 * failing function can `return bb_fail(...)`. An error that is already filled is kept: the first
 * one wins. The sentence starts in lower case and ends without a full stop, as PostgreSQL's do.
 */
int bb_fail(bbots_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with the names of what it concerns; any may be NULL. */
int bb_fail_at(bbots_error *error, int code, const char *table, const char *column,
               const char *constraint, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The same for a failed system call: keeps errno's number and adds its text to the sentence. */
int bb_fail_system(bbots_error *error, int code, int system, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Empties the object so that a next failure is recorded. error may be NULL. */
void bb_error_clear(bbots_error *error);

/* Copies an error into the caller's object, which may be NULL, whatever it holds. */
void bb_error_give(bbots_error *to, const bbots_error *from);

/*
 * A text for a message: quotes it, cuts it after 64 bytes at a character's border, and shows bytes
 * that are no printable UTF-8 as \xNN. buffer is returned.
 */
#define BB_QUOTE_MAX 300
const char *bb_quote(const void *data, size_t size, char buffer[BB_QUOTE_MAX]);

#endif
