/* codec/hash.h - the one door to xxHash. */
#ifndef CODEC_HASH_H
#define CODEC_HASH_H

#include "codec/row.h"

uint64_t codec_hash64(const void *data, size_t size);

codec_hash codec_hash128(const void *data, size_t size, uint64_t seed);

/* Sums of hashes modulo 2^128. */
static inline codec_hash codec_hash_add(codec_hash a, codec_hash b)
{
    codec_hash sum = {a.low + b.low, a.high + b.high};
    sum.high += sum.low < a.low;
    return sum;
}

static inline codec_hash codec_hash_subtract(codec_hash a, codec_hash b)
{
    codec_hash difference = {a.low - b.low, a.high - b.high};
    difference.high -= a.low < b.low;
    return difference;
}

#endif
