/*
 * tests/fuzz/fuzz_apply.c - libFuzzer target over `bbots-inspect apply`: lines of operations.
 *
 * Invariants: the command ends with one of its exit codes; afterwards the whole-file check finds
 * nothing.
 */
#include "fuzz.h"

#include "tools/bbots-inspect/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fuzz_base *base = fuzz_base_get();
    char *words[] = {"--file", (char *)base->input, NULL};
    command_line line = {.program = "fuzz",
                         .file = base->path,
                         .command = "apply",
                         .words = words,
                         .word_count = 2,
                         .quiet = true};
    fuzz_base_restore(base, base->bytes);
    fuzz_base_input(base, data, size);
    int code = command_apply.run(&line);
    REQUIRE(code == EXIT_DONE || code == EXIT_NOTHING || code == EXIT_FAILED);
    fuzz_base_check(base);
    return 0;
}
