/*
 * codec/block.c - runs of entries, packed and taken apart.
 *
 * A packed entry begins with a byte: its low seven bits say how many bytes are those of the entry
 * before it, the highest whether the number of its own bytes follows. Without that the entry is as
 * long as the one before it, which most are: numbers, times and ids have fixed widths.
 */
#include "codec/block.h"

#include "base/bytes.h"
#include "base/hash.h"

#include <bbots/error.h>

#define SHARED_MORE 127u /* two bytes follow with the number */
#define SIZED       128u
#define OWN_MORE    255u /* two bytes follow with the number */

/* ------------------------------------------------------------------ blocks */

static uint32_t checksum(uint64_t seed, const void *key, size_t key_size, const uint8_t *value,
                         size_t size)
{
    uint64_t content = bb_hash64(value + 4, size - 4);
    return (uint32_t)bb_hash64_seeded(key, key_size, seed ^ content);
}

bool codec_block_open(uint64_t seed, const void *key, size_t key_size, const void *value,
                      size_t size, codec_block *block)
{
    const uint8_t *bytes = value;
    if (size < CODEC_BLOCK_HEAD || size > CODEC_BLOCK_VALUE_MAX || key_size == 0 ||
        key_size > CODEC_ENTRY_MAX ||
        bb_load32(bytes) != checksum(seed, key, key_size, bytes, size)) {
        return false;
    }
    block->key = key;
    block->key_size = key_size;
    block->fence_size = bb_load16(bytes + 4);
    if (block->fence_size > size - CODEC_BLOCK_HEAD || block->fence_size > CODEC_ENTRY_MAX) {
        return false;
    }
    block->run = bytes + CODEC_BLOCK_HEAD;
    block->run_size = size - CODEC_BLOCK_HEAD - block->fence_size;
    block->fence = block->run + block->run_size;
    return true;
}

size_t codec_block_close(uint64_t seed, const void *key, size_t key_size, const void *fence,
                         size_t fence_size, uint8_t *value, size_t run_size)
{
    size_t size = CODEC_BLOCK_HEAD + run_size + fence_size;
    bb_store16(value + 4, (uint16_t)fence_size);
    if (fence_size != 0) {
        memcpy(value + CODEC_BLOCK_HEAD + run_size, fence, fence_size);
    }
    bb_store32(value, checksum(seed, key, key_size, value, size));
    return size;
}

/* ------------------------------------------------------------------ runs */

void codec_run_begin(codec_run *run, const codec_block *block)
{
    run->start = block->run;
    run->from = block->run;
    run->at = block->run;
    run->end = block->run_size != 0 ? block->run + block->run_size : block->run; /* may be NULL */
    run->shared = 0;
    run->size = block->key_size;
    memcpy(run->entry, block->key, block->key_size);
}

/* The numbers in front of an entry's own bytes, in their longer forms too. */
static const uint8_t *read_long_head(const uint8_t *at, const uint8_t *end, size_t before_size,
                                     size_t *shared, size_t *size)
{
    unsigned head = *at++;
    *shared = head & SHARED_MORE;
    *size = before_size;
    if (*shared == SHARED_MORE) {
        if (end - at < 2) {
            return NULL;
        }
        *shared = bb_load16(at);
        at += 2;
    }
    if ((head & SIZED) != 0) {
        if (end - at < 1 || (*at == OWN_MORE && end - at < 3)) {
            return NULL;
        }
        *size = *shared + (*at == OWN_MORE ? bb_load16(at + 1) : *at);
        at += *at == OWN_MORE ? 3 : 1;
    }
    return at;
}

/*
 * Where the own bytes of the entry at `at` begin, and its numbers; NULL when they cannot be. Only
 * the first entry of a run can have no bytes of its own.
 */
static inline const uint8_t *read_head(const codec_run *run, const uint8_t *at, size_t before_size,
                                       size_t *shared, size_t *size)
{
    const uint8_t *own = at + 1;
    *shared = *at;
    *size = before_size;
    if (*at >= SHARED_MORE) {
        own = read_long_head(at, run->end, before_size, shared, size);
    }
    if (own == NULL || *shared > before_size || *size > CODEC_ENTRY_MAX ||
        *size + (at == run->start) <= *shared || *size - *shared > (size_t)(run->end - own)) {
        return NULL;
    }
    return own;
}

/* Takes an entry in hand: its start is in run->entry already. */
static inline void take(codec_run *run, const uint8_t *from, const uint8_t *own, size_t shared,
                        size_t size)
{
    size_t own_size = size - shared;
    uint8_t *to = run->entry + shared;
    if (own_size <= CODEC_RUN_SLACK && (size_t)(run->end - own) >= CODEC_RUN_SLACK) {
        memcpy(to, own, CODEC_RUN_SLACK); /* what lies behind the entry is of no entry */
    } else {
        memcpy(to, own, own_size);
    }
    run->from = from;
    run->at = own + own_size;
    run->shared = shared;
    run->size = size;
}

int codec_run_next(codec_run *run)
{
    size_t shared;
    size_t size;
    if (run->at == run->end) {
        return BBOTS_END;
    }
    const uint8_t *own = read_head(run, run->at, run->size, &shared, &size);
    if (own == NULL) {
        return BBOTS_CORRUPTED;
    }
    /* Entries ascend, and no byte is written that is shared; only the first may be the key. */
    if (shared == size ? shared != run->size : shared != run->size && *own <= run->entry[shared]) {
        return BBOTS_CORRUPTED;
    }
    take(run, run->at, own, shared, size);
    return BBOTS_OK;
}

size_t codec_entry_common(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    size_t size = a_size < b_size ? a_size : b_size;
    size_t at = 0;
    while (at + 8 <= size) {
        uint64_t differs = bb_load64(a + at) ^ bb_load64(b + at);
        if (differs != 0) {
            return at + (size_t)__builtin_ctzll(differs) / 8;
        }
        at += 8;
    }
    while (at < size && a[at] == b[at]) {
        at++;
    }
    return at;
}

/*
 * The entry before shares `match` bytes with the target and is less. One that shares more with it
 * is less too, one that shares fewer is greater: for entries ascend. Only one that shares as many
 * has to be looked at.
 */
int codec_run_seek(codec_run *run, const uint8_t *target, size_t target_size)
{
    const uint8_t *at = run->at;
    size_t before_size = run->size;
    size_t match = codec_entry_common(run->entry, run->size, target, target_size);
    while (at != run->end) {
        size_t shared;
        size_t size;
        const uint8_t *own = read_head(run, at, before_size, &shared, &size);
        if (own == NULL) {
            return BBOTS_CORRUPTED;
        }
        size_t common = 0;
        bool less = shared > match;
        if (shared == match) {
            common = codec_entry_common(own, size - shared, target + match, target_size - match);
            less = match + common < target_size &&
                   (match + common == size || own[common] < target[match + common]);
        }
        if (!less) {
            memcpy(run->entry, target, shared);
            run->before_size = before_size;
            run->match = match;
            take(run, at, own, shared, size);
            return BBOTS_OK;
        }
        match += common;
        before_size = size;
        at = own + (size - shared);
    }
    run->before_size = before_size;
    run->match = match;
    run->from = at;
    run->at = at;
    return BBOTS_END;
}

size_t codec_run_pack(size_t before_size, size_t shared, const uint8_t *entry, size_t size,
                      uint8_t out[CODEC_PACKED_MAX])
{
    size_t own = size - shared;
    unsigned sized = size != before_size ? SIZED : 0;
    uint8_t *at = out;
    *at++ = (uint8_t)(sized | (shared < SHARED_MORE ? (unsigned)shared : SHARED_MORE));
    if (shared >= SHARED_MORE) {
        bb_store16(at, (uint16_t)shared);
        at += 2;
    }
    if (sized != 0) {
        *at++ = (uint8_t)(own < OWN_MORE ? own : OWN_MORE);
        if (own >= OWN_MORE) {
            bb_store16(at, (uint16_t)own);
            at += 2;
        }
    }
    memcpy(at, entry + shared, own);
    return (size_t)(at - out) + own;
}

int codec_entry_compare(const void *a, size_t a_size, const void *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}
