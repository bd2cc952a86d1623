/*
 * base/arena.h - memory that is given back all at once.
 *
 * A transaction and a statement need many small pieces of memory with one common end. Blocks are
 * kept on reset, so that a loop of statements stops calling malloc after the first ones.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bb_arena_block bb_arena_block;

typedef struct bb_arena {
    bb_arena_block *first; /* blocks in use, newest first */
    bb_arena_block *spare; /* empty ones kept for reuse */
    size_t used;           /* bytes taken from the first block */
    bool wipe;             /* secrets are in it: what is taken back is overwritten */
} bb_arena;

/* A place in an arena to which it can be rewound. */
typedef struct bb_arena_mark {
    bb_arena_block *block;
    size_t used;
} bb_arena_mark;

void bb_arena_init(bb_arena *arena);

/* size bytes aligned for any type, or NULL when memory is exhausted. size 0 gives a valid pointer. */
void *bb_arena_alloc(bb_arena *arena, size_t size);

/* A copy of size bytes followed by a zero byte, or NULL. */
void *bb_arena_copy(bb_arena *arena, const void *data, size_t size);

bb_arena_mark bb_arena_mark_here(const bb_arena *arena);

/* Takes back everything allocated since the mark. Keeps at most 1 MiB of spare blocks. */
void bb_arena_rewind(bb_arena *arena, bb_arena_mark mark);

/* Takes back everything; wipe is false again. */
void bb_arena_reset(bb_arena *arena);

/* Gives all memory to the system; the arena is empty and usable. */
void bb_arena_free(bb_arena *arena);

#endif
