/*
 * codec/hash.c - XXH3 (xxHash's specification, doc/xxhash_spec.md), compiled into this file so that
 * short inputs cost no call.
 */
#include "codec/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t codec_hash64(const void *data, size_t size)
{
    return XXH3_64bits(data, size);
}

codec_hash codec_hash128(const void *data, size_t size, uint64_t seed)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(data, size, seed);
    codec_hash result = {hash.low64, hash.high64};
    return result;
}
