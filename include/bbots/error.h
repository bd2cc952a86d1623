/*
 * bbots/error.h - what went wrong, as a value that the caller owns.
 *
 * Every function that can fail returns an int of enum bbots_status: zero is success, a positive
 * number is an answer (no such row, no further row), a negative number is a failure. A function
 * whose last parameter is a `bbots_error *` fills it when, and only when, it returns a negative
 * number. The pointer may be NULL. Nothing in the object has to be freed; it can be copied.
 *
 * A failure leaves everything as it was before the call, and the transaction goes on, unless the
 * function says otherwise.
 */
#ifndef BBOTS_ERROR_H
#define BBOTS_ERROR_H

#include <bbots/errcodes.h>
#include <bbots/export.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The longest name of a table, column or constraint, as in PostgreSQL (NAMEDATALEN - 1). */
#define BBOTS_NAME_MAX 63

typedef struct bbots_error {
    int code;                            /* enum bbots_status, negative; 0 when nothing failed */
    int system;                          /* errno of the system call beneath, or 0 */
    char sqlstate[6];                    /* five characters as PostgreSQL would report, and NUL */
    char table[BBOTS_NAME_MAX + 1];      /* the table concerned, or "" */
    char column[BBOTS_NAME_MAX + 1];     /* the column concerned, or "" */
    char constraint[BBOTS_NAME_MAX + 1]; /* the constraint in PostgreSQL's name, or "" */
    char message[512];                   /* a sentence with the values; never a secret's */
    uint64_t row;                        /* of a load or a batch: the row's number, or 0 */
} bbots_error;

/* The name of a status without its prefix ("UNIQUE_VIOLATION"), "UNKNOWN" for any other number. */
BBOTS_API const char *bbots_status_name(int status);

/* The five characters of SQLSTATE that belong to a status, "XX000" for any other number. */
BBOTS_API const char *bbots_status_sqlstate(int status);

/* A short English text for a status, for use where no bbots_error is at hand. */
BBOTS_API const char *bbots_status_text(int status);

#ifdef __cplusplus
}
#endif
#endif
