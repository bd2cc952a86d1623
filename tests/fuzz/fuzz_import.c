/*
 * tests/fuzz/fuzz_import.c - libFuzzer target over `bbots-inspect import`: the first byte chooses
 * form and table, the rest is the file.
 *
 * Invariants: the command ends with one of its exit codes; afterwards the whole-file check finds
 * nothing, whether rows came in or not.
 */
#include "fuzz.h"

#include "tools/bbots-inspect/inspect.h"

static char *forms[] = {"csv", "jsonl", "pg"};
static char *tables[] = {"nodes", "kinds", "tickets", "docs"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fuzz_base *base = fuzz_base_get();
    fuzz_input input = {data, size};
    uint8_t choice = fuzz_byte(&input);
    char *form = forms[choice % 3];
    char *words[] = {tables[choice / 3 % 4], (char *)base->input, "--format", form, NULL};
    bool script = choice % 3 == 2;
    command_line line = {.program = "fuzz", .file = base->path, .command = "import", .quiet = true};
    line.words = script ? words + 1 : words;
    line.word_count = script ? 3 : 4;
    fuzz_base_restore(base, base->bytes);
    fuzz_base_input(base, input.at, input.size);
    int code = command_import.run(&line);
    REQUIRE(code == EXIT_DONE || code == EXIT_NOTHING || code == EXIT_USAGE || code == EXIT_FAILED);
    fuzz_base_check(base);
    return 0;
}
