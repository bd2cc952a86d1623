/*
 * tests/refusal/places.c - where calls come from, so that of many calls from the same place few have to
 * be refused; see refusal.h.
 *
 * What follows a refusal is decided by the functions that it goes up through. A call is chosen when
 * a few of them that called one another on the way to it were not met in this way before, each at
 * the place of its call.
 */
#include "refusal.h"

#include <unwind.h>

enum { DEPTH_MAX = 100, CHAIN = 5 };

typedef struct walk {
    void *frames[DEPTH_MAX];
    int depth;
} walk;

static _Unwind_Reason_Code take_frame(struct _Unwind_Context *context, void *argument)
{
    walk *up = argument;
    if (up->depth == DEPTH_MAX) {
        return _URC_END_OF_STACK;
    }
    up->frames[up->depth++] = (void *)_Unwind_GetIP(context); // NOLINT
    return _URC_NO_REASON;
}

/* Puts a chain of places into the set; false when it was there, or the set is full. */
static bool put_chain(places *of, void *const chain[CHAIN])
{
    uint64_t hash = 0;
    for (int i = 0; i < CHAIN; i++) {
        hash = (hash ^ (uint64_t)(uintptr_t)chain[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    hash += hash == 0;
    for (uint64_t i = hash, tries = 0; tries < COUNT(of->chains); i++, tries++) {
        uint64_t *slot = &of->chains[i % COUNT(of->chains)];
        if (*slot == 0) {
            *slot = hash;
            return true;
        }
        if (*slot == hash) {
            return false;
        }
    }
    return false;
}

void places_note(places *of, uint64_t call)
{
    walk up = {.depth = 0};
    bool fresh = false;
    _Unwind_Backtrace(take_frame, &up);
    for (int i = 1; i + CHAIN <= up.depth; i++) { /* 0 is here */
        fresh |= put_chain(of, up.frames + i);
    }
    if (fresh && of->count < COUNT(of->numbers)) {
        of->numbers[of->count++] = call;
    }
}
