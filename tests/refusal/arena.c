/*
 * tests/refusal/arena.c - arenas of which each piece is an allocation of its own, in place of the
 * library's, of which only a new block can be refused; see refusal.h.
 */
#define ARENA_SINGLE_PIECES
#include "../../lib/base/arena.c"
