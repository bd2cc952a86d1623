/*
 * base/hash.c - XXH3 (xxHash's specification, doc/xxhash_spec.md), compiled into this file so that
 * short inputs cost no call.
 */
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t bb_hash64(const void *data, size_t size)
{
    return XXH3_64bits(data, size);
}

uint64_t bb_hash64_seeded(const void *data, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, size, seed);
}

bb_hash bb_hash128(const void *data, size_t size, uint64_t seed)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(data, size, seed);
    bb_hash result = {hash.low64, hash.high64};
    return result;
}
