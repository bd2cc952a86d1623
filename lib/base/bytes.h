/*
 * base/bytes.h - numbers in memory at any address: little endian in rows, big endian in keys.
 *
 * Memory is read and written with memcpy, which compiles to one instruction and has no alignment
 * rule. The file is little endian; a big-endian build is refused here.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "libbbots needs a little-endian machine"
#endif

static inline uint16_t bb_load16(const void *at)
{
    uint16_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

static inline uint32_t bb_load32(const void *at)
{
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

static inline uint64_t bb_load64(const void *at)
{
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

static inline void bb_store16(void *at, uint16_t number)
{
    memcpy(at, &number, sizeof number);
}

static inline void bb_store32(void *at, uint32_t number)
{
    memcpy(at, &number, sizeof number);
}

static inline void bb_store64(void *at, uint64_t number)
{
    memcpy(at, &number, sizeof number);
}

static inline uint32_t bb_load32_big(const void *at)
{
    return __builtin_bswap32(bb_load32(at));
}

static inline uint64_t bb_load64_big(const void *at)
{
    return __builtin_bswap64(bb_load64(at));
}

static inline void bb_store16_big(void *at, uint16_t number)
{
    bb_store16(at, __builtin_bswap16(number));
}

static inline void bb_store32_big(void *at, uint32_t number)
{
    bb_store32(at, __builtin_bswap32(number));
}

static inline void bb_store64_big(void *at, uint64_t number)
{
    bb_store64(at, __builtin_bswap64(number));
}

#endif
