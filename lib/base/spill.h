/*
 * base/spill.h - bytes that grow at their end: in memory while they are few, in an unnamed
 * temporary file when they are many.
 *
 * Either way they lie at one address, so they are read and changed in place. In the file they do
 * not count against the process's own memory: the system writes them out when it needs the room.
 * The file is in TMPDIR or /tmp, has no name and is gone with the process.
 */
#ifndef BASE_SPILL_H
#define BASE_SPILL_H

#include <bbots/error.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bb_spill {
    uint8_t *data; /* moves when it grows: keep offsets, not pointers */
    size_t used;   /* bytes; whoever owns them may make them fewer */
    size_t room;
    size_t memory_max; /* from here on they lie in a file */
    size_t passed;     /* of the reader: see bb_spill_pass() */
    int file;          /* or -1 */
} bb_spill;

void bb_spill_init(bb_spill *spill, size_t memory_max);

/* Frees everything; the object is then as after bb_spill_init(). */
void bb_spill_free(bb_spill *spill);

/*
 * Makes room for `more` bytes behind those in use. Errors: BBOTS_NO_MEMORY, BBOTS_DISK_FULL (of
 * the temporary folder), BBOTS_IO. After one everything is as it was.
 */
int bb_spill_reserve(bb_spill *spill, size_t more, bbots_error *error);

/* Adds zeroes. Errors as bb_spill_reserve(). */
int bb_spill_add_zeroes(bb_spill *spill, size_t size, bbots_error *error);

/*
 * Says that a reader who goes from the start to the end has come to an offset. What lies before it
 * leaves the process's memory now and then; it can still be read.
 */
void bb_spill_pass(bb_spill *spill, size_t at);

#endif
