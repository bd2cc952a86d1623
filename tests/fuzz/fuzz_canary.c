/*
 * tests/fuzz/fuzz_canary.c - a target that is broken on purpose: a search that does not find this in
 * seconds is not set up rightly. Four bytes, each behind the one before, lead to a write past the
 * end of memory.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 4 && data[0] == 'b' && data[1] == 'i' && data[2] == 'r' && data[3] == 'd') {
        uint8_t *small = malloc(4);
        REQUIRE(small != NULL);
        volatile size_t place = size;
        small[place] = 1;
        free(small);
    }
    return 0;
}
