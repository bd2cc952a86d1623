/* base/hash.h - the one door to xxHash: XXH3 of 64 and 128 bits. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct bb_hash {
    uint64_t low;
    uint64_t high;
} bb_hash;

uint64_t bb_hash64(const void *data, size_t size);

uint64_t bb_hash64_seeded(const void *data, size_t size, uint64_t seed);

bb_hash bb_hash128(const void *data, size_t size, uint64_t seed);

/* Sums of hashes modulo 2^128. */
static inline bb_hash bb_hash_add(bb_hash a, bb_hash b)
{
    bb_hash sum = {a.low + b.low, a.high + b.high};
    sum.high += sum.low < a.low;
    return sum;
}

static inline bb_hash bb_hash_subtract(bb_hash a, bb_hash b)
{
    bb_hash difference = {a.low - b.low, a.high - b.high};
    difference.high -= a.low < b.low;
    return difference;
}

#endif
