/*
 * tests/fuzz/fuzz_pages.c - libFuzzer target over lib/pages: a real file with patches, as bytes.
 *
 * Covers: meta pages, the look for a key, the walk with every callback. Invariants:
 *   1. nothing outside the bytes is read (the sanitizers), and the walk ends;
 *   2. no page is counted twice: used, free and lost ones are as many as there are;
 *   3. a leaf that is handed out has only nodes that lie within it.
 */
#include "fuzz.h"

#include "pages/walk.h"

static int on_fault(const pages_fault *fault, void *context)
{
    (void)context;
    REQUIRE(fault->message[0] != '\0');
    return 0;
}

static int on_leaf(const char *name, size_t name_size, const uint8_t *page, void *context)
{
    unsigned slots = page_slots(page, *(const uint32_t *)context);
    uint64_t sum = 0;
    for (size_t i = 0; i < name_size; i++) {
        sum += (uint8_t)name[i];
    }
    for (unsigned slot = 0; slot < slots; slot++) {
        page_node node;
        REQUIRE(page_node_at(page, *(const uint32_t *)context, true, slot, &node));
        for (size_t i = 0; i < node.key_size; i++) {
            sum += node.key[i];
        }
    }
    return sum == UINT64_MAX;
}

static void walk(const uint8_t *bytes, size_t size, const pages_meta *meta)
{
    uint8_t value[8];
    pages_source source = {.memory = bytes, .fd = -1, .page_bytes = meta->page_bytes};
    source.page_count = size / meta->page_bytes;
    (void)pages_meta_find(&source, meta, "@commit", value, sizeof value, NULL);
    if (pages_meta_fault(meta, source.page_count) != NULL) {
        return;
    }
    pages_walk_result result;
    pages_walk_options options = {
        .on_fault = on_fault, .on_leaf = on_leaf, .context = &source.page_bytes};
    if (pages_walk(&source, meta, &options, &result, NULL) == BBOTS_OK) {
        REQUIRE(result.faults != 0 ||
                result.used + result.free + result.lost == meta->last_page + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fuzz_base *base = fuzz_base_get();
    fuzz_input input = {data, size};
    uint8_t *copy = malloc(base->size);
    REQUIRE(copy != NULL);
    fuzz_base_patch(base, copy, input);
    for (unsigned at = 0; at < 2; at++) {
        pages_meta meta = pages_meta_read(copy + at * FUZZ_PAGE, at);
        if (pages_meta_is_known(&meta)) {
            walk(copy, base->size, &meta);
        }
    }
    free(copy);
    return 0;
}
