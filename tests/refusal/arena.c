/*
 * tests/refusal/arena.c - arenas of which each piece is an allocation of its own, in place of the
 * library's, of which only a new block can be refused; see refusal.h.
 */
#define BLOCK_MIN ((size_t)2)
#define BLOCK_MAX ((size_t)2)
#define SPARE_MAX ((size_t)0)
#include "../../lib/base/arena.c"
