/*
 * base/arena.c - memory that is given back all at once.
 *
 * An arena is a stack of blocks; the newest one is filled from its start. A piece that does not fit
 * goes into a further block and the rest of the old one stays unused until a rewind, which costs
 * little as blocks double in size. Blocks that a rewind empties become spare and are taken again
 * before malloc is asked, so a loop of equal statements reaches a state without any malloc.
 *
 * Always true: `used` is at most the capacity of `first` and a multiple of ALIGNMENT; the sizes of
 * the spare blocks sum up to at most SPARE_MAX.
 *
 * Under the address sanitizer all memory that is not handed out is poisoned: a pointer that is kept
 * over a rewind is caught at its first use, not when its memory is taken again.
 */
#include <base/arena.h>

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#endif

#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#endif

#define ALIGNMENT _Alignof(max_align_t)

#ifndef BLOCK_MIN                       /* whoever includes this file may have sizes of its own */
#define BLOCK_MIN ((size_t)8 * 1024)    /* bytes of the first block */
#define BLOCK_MAX ((size_t)256 * 1024)  /* blocks stop doubling here; larger pieces get their own */
#define SPARE_MAX ((size_t)1024 * 1024) /* bytes of spare blocks that a rewind keeps */
#endif

struct bb_arena_block {
    bb_arena_block *next;
    size_t capacity; /* bytes of data */
    _Alignas(max_align_t) unsigned char data[];
};

static void poison(void *data, size_t size)
{
#ifdef ARENA_POISONS
    __asan_poison_memory_region(data, size);
#else
    (void)data;
    (void)size;
#endif
}

static void unpoison(void *data, size_t size)
{
#ifdef ARENA_POISONS
    __asan_unpoison_memory_region(data, size);
#else
    (void)data;
    (void)size;
#endif
}

void bb_arena_init(bb_arena *arena)
{
    memset(arena, 0, sizeof *arena);
}

/* Takes the first spare block that is large enough off its list, or returns NULL. */
static bb_arena_block *take_spare(bb_arena *arena, size_t size)
{
    for (bb_arena_block **link = &arena->spare; *link != NULL; link = &(*link)->next) {
        bb_arena_block *block = *link;
        if (block->capacity >= size) {
            *link = block->next;
            return block;
        }
    }
    return NULL;
}

static bb_arena_block *new_block(const bb_arena *arena, size_t size)
{
    size_t capacity = BLOCK_MIN;
    if (arena->first != NULL) {
        capacity = arena->first->capacity < BLOCK_MAX / 2 ? arena->first->capacity * 2 : BLOCK_MAX;
    }
    if (capacity < size) {
        capacity = size;
    }
    if (capacity > SIZE_MAX - sizeof(bb_arena_block)) {
        return NULL;
    }
    bb_arena_block *block = malloc(sizeof *block + capacity);
    if (block != NULL) {
        block->capacity = capacity;
        poison(block->data, capacity);
    }
    return block;
}

/* Puts an empty block with at least size bytes in front. */
static bool add_block(bb_arena *arena, size_t size)
{
    bb_arena_block *block = take_spare(arena, size);
    if (block == NULL) {
        block = new_block(arena, size);
    }
    if (block == NULL) {
        return false;
    }
    block->next = arena->first;
    arena->first = block;
    arena->used = 0;
    return true;
}

void *bb_arena_alloc(bb_arena *arena, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT) {
        return NULL;
    }
    /* Nothing still takes a place, so that its address is one of its own. */
    size_t rounded = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (arena->first == NULL || arena->first->capacity - arena->used < rounded) {
        if (!add_block(arena, rounded)) {
            return NULL;
        }
    }
    assert(arena->used <= arena->first->capacity && arena->used % ALIGNMENT == 0);
    unsigned char *piece = arena->first->data + arena->used;
    arena->used += rounded;
    unpoison(piece, size);
    return piece;
}

void *bb_arena_copy(bb_arena *arena, const void *data, size_t size)
{
    if (size == SIZE_MAX) {
        return NULL;
    }
    char *copy = bb_arena_alloc(arena, size + 1);
    if (copy == NULL) {
        return NULL;
    }
    if (size > 0) { /* data may be NULL for nothing, which memcpy must not see */
        memcpy(copy, data, size);
    }
    copy[size] = '\0';
    return copy;
}

bb_arena_mark bb_arena_mark_here(const bb_arena *arena)
{
    bb_arena_mark mark = {arena->first, arena->used};
    return mark;
}

static size_t spare_bytes(const bb_arena *arena)
{
    size_t bytes = 0;
    for (const bb_arena_block *block = arena->spare; block != NULL; block = block->next) {
        bytes += block->capacity;
    }
    return bytes;
}

static void free_blocks(bb_arena_block *block)
{
    while (block != NULL) {
        bb_arena_block *next = block->next;
        unpoison(block->data, block->capacity);
        free(block);
        block = next;
    }
}

/* Overwrites what was used of a block, from an offset on; the compiler may not leave it out. */
static void wipe(bb_arena_block *block, size_t from, size_t to)
{
    unpoison(block->data + from, to - from);
    explicit_bzero(block->data + from, to - from);
}

/* Takes the newest block off the arena: to the spare ones while they stay small, else back. */
static void drop_first(bb_arena *arena, size_t *spare)
{
    bb_arena_block *block = arena->first;
    arena->first = block->next;
    if (arena->wipe) {
        wipe(block, 0, arena->used);
    }
    arena->used = arena->first != NULL ? arena->first->capacity : 0;
    if (block->capacity <= SPARE_MAX - *spare) {
        *spare += block->capacity;
        poison(block->data, block->capacity);
        block->next = arena->spare;
        arena->spare = block;
    } else {
        block->next = NULL;
        free_blocks(block);
    }
}

void bb_arena_rewind(bb_arena *arena, bb_arena_mark mark)
{
    if (arena->first != mark.block) {
        size_t spare = spare_bytes(arena);
        while (arena->first != mark.block) {
            assert(arena->first != NULL); /* else the mark is not of this arena or already gone */
            drop_first(arena, &spare);
        }
    } else {
        assert(mark.used <= arena->used);
    }
    arena->used = mark.used;
    if (arena->first != NULL) {
        if (arena->wipe) {
            wipe(arena->first, mark.used, arena->used);
        }
        poison(arena->first->data + mark.used, arena->first->capacity - mark.used);
    }
}

void bb_arena_reset(bb_arena *arena)
{
    bb_arena_mark start = {NULL, 0};
    bb_arena_rewind(arena, start);
    arena->wipe = false;
}

void bb_arena_free(bb_arena *arena)
{
    bb_arena_reset(arena);
    free_blocks(arena->spare);
    bb_arena_init(arena);
}
