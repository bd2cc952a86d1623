/*
 * codec/block.h - many index entries in one value (docs/format.md, "Blocks").
 *
 * A block lies under a key that is not greater than its first entry. It holds a run of entries in
 * ascending order, each written as what it does not share with the one before it (the first with
 * the block's key), a checksum, and its fence: the key of the block that follows. So who comes to a
 * block by a look-up, or from the block before it, can prove that nothing was missed on the way.
 *
 * Nothing here trusts its bytes: reading ends, stays within them, and gives ascending entries or
 * none.
 */
#ifndef CODEC_BLOCK_H
#define CODEC_BLOCK_H

#include "codec/key.h"

#define CODEC_BLOCK_HEAD 6u                     /* checksum, size of the fence */
#define CODEC_PACKED_MAX (CODEC_ENTRY_MAX + 6u) /* a packed entry */
#define CODEC_RUN_SLACK  16u

/* Of a block's value. With any key the node still lies within a page of 4,096 bytes. */
#define CODEC_BLOCK_VALUE_MAX 1520u

/*
 * How many bytes key, head, fence and run of a block should have together, unless a single entry
 * has more. Eight such nodes fill a page of 4,096 bytes (docs/decisions/0008).
 */
#ifndef CODEC_BLOCK_BYTES
#define CODEC_BLOCK_BYTES 500u
#endif

/* The key of a tree's first block: not greater than any entry. */
#define CODEC_BLOCK_FIRST "\0"

/* A block's parts, in somebody else's memory. */
typedef struct codec_block {
    const uint8_t *key;
    size_t key_size;
    const uint8_t *fence;
    size_t fence_size; /* 0: no block follows */
    const uint8_t *run;
    size_t run_size;
} codec_block;

/* A walk over a run. */
typedef struct codec_run {
    const uint8_t *start;
    const uint8_t *from; /* of the entry in hand */
    const uint8_t *at;   /* behind it */
    const uint8_t *end;
    size_t shared;      /* bytes of the entry in hand that are those of the one before it */
    size_t before_size; /* of the one before it; only codec_run_seek() says these two: */
    size_t match;       /* how many of its bytes are the target's */
    size_t size;        /* of the entry in hand, at first of the block's key */
    uint8_t entry[CODEC_ENTRY_MAX + CODEC_RUN_SLACK];
} codec_run;

/* Takes a stored block apart; false when its checksum or its head is wrong. */
bool codec_block_open(uint64_t seed, const void *key, size_t key_size, const void *value,
                      size_t size, codec_block *block);

/*
 * Finishes a block: `value` has room for head, run and fence, and the run already lies in it behind
 * CODEC_BLOCK_HEAD bytes. Returns the size of the value.
 */
size_t codec_block_close(uint64_t seed, const void *key, size_t key_size, const void *fence,
                         size_t fence_size, uint8_t *value, size_t run_size);

void codec_run_begin(codec_run *run, const codec_block *block);

/* BBOTS_OK with the next entry in run->entry, BBOTS_END, or BBOTS_CORRUPTED. */
int codec_run_next(codec_run *run);

/*
 * From the entry in hand, which is not greater than `target`, on to the first one behind it that is
 * not less. What lies between is passed over without being unpacked.
 */
int codec_run_seek(codec_run *run, const uint8_t *target, size_t size);

/*
 * Writes an entry behind another of before_size bytes, of which the first `shared` are its own too
 * and the next is not. Returns its packed size.
 */
size_t codec_run_pack(size_t before_size, size_t shared, const uint8_t *entry, size_t size,
                      uint8_t out[CODEC_PACKED_MAX]);

/* How many bytes two entries begin with in common. */
size_t codec_entry_common(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size);

/* As memcmp() over keys of any size: of two that begin alike the shorter comes first. */
int codec_entry_compare(const void *a, size_t a_size, const void *b, size_t b_size);

#endif
