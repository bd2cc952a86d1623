/*
 * tests/fuzz/fuzz.h - what the fuzz targets share.
 *
 * A target is LLVMFuzzerTestOneInput() in a file fuzz_NAME.c: bytes in, an abort when an invariant
 * does not hold. With clang's libFuzzer it searches (make fuzz); with replay.c it only runs the
 * inputs of corpus/NAME again, which make test does.
 *
 * Where random bytes would fail at the first checksum, or at the first brace, the input is not the
 * thing itself but a way to make one: a row whose checksum is put right, patches to a real file.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <bbots/bbots.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ------------------------------------------------------------------ taking an input apart */

typedef struct fuzz_input {
    const uint8_t *at;
    size_t size;
} fuzz_input;

/* The next byte, 0 behind the end. */
static inline uint8_t fuzz_byte(fuzz_input *from)
{
    if (from->size == 0) {
        return 0;
    }
    from->size--;
    return *from->at++;
}

/* The next count bytes, at most 8, as a number. */
static inline uint64_t fuzz_number(fuzz_input *from, unsigned count)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < count; i++) {
        number = number << 8 | fuzz_byte(from);
    }
    return number;
}

/* Up to wanted of the bytes that are left. */
static inline fuzz_input fuzz_take(fuzz_input *from, size_t wanted)
{
    fuzz_input taken = {from->at, wanted < from->size ? wanted : from->size};
    from->at += taken.size;
    from->size -= taken.size;
    return taken;
}

/* ------------------------------------------------------------------ a real file (base.c) */

/* A small store with rows in some tables, made once; its path lies in memory where that is to be
 * had. What is printed goes nowhere from then on. */
typedef struct fuzz_base {
    char folder[64];
    char path[96];
    char input[96]; /* a file for what the target gets */
    uint8_t *bytes; /* of the store */
    size_t size;
} fuzz_base;

#define FUZZ_PAGE 4096u

const fuzz_base *fuzz_base_get(void);

/* Puts the store's file back, or other bytes of the same size, and takes its lock file away. */
void fuzz_base_restore(const fuzz_base *base, const uint8_t *bytes);

/* Writes the file for the input. */
void fuzz_base_input(const fuzz_base *base, const void *data, size_t size);

/* The store opens, and the check finds nothing. */
void fuzz_base_check(const fuzz_base *base);

/*
 * Applies the input to a copy of the file's bytes: pieces of a page number (1 byte), a place in the
 * page (2 bytes), a count (1 byte) and as many bytes that are written there. Bit 15 of the place:
 * the bytes are added instead, which reaches numbers that are nearly right.
 */
void fuzz_base_patch(const fuzz_base *base, uint8_t *copy, fuzz_input input);

#endif
