/*
 * tests/unit/test_codec_block.c - proves codec/block.h: what is packed comes out again, a block
 * tells of every changed bit, and bytes of any kind give ascending entries or none.
 *
 * Blocks lie in memory of exactly their size, so that the address sanitizer sees one byte too many.
 * BBOTS_ROUNDS multiplies the rounds.
 */
#include "codec/block.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "support/support.h"

#define SEED        UINT64_C(0x1234567890abcdef)
#define ENTRIES_MAX 600

typedef struct entry {
    size_t size;
    uint8_t bytes[CODEC_ENTRY_MAX];
} entry;

typedef struct entry_list {
    size_t count;
    entry at[ENTRIES_MAX];
} entry_list;

/* A block in memory of its own. */
typedef struct packed {
    size_t key_size;
    size_t size;
    uint8_t *key;
    uint8_t *value;
} packed;

static int rounds(int usual)
{
    const char *given = getenv("BBOTS_ROUNDS");
    return given != NULL ? usual * (int)strtol(given, NULL, 10) : usual;
}

/* ------------------------------------------------------------------ entries as indexes have them */

/* (user, time, id): numbers that ascend by little. */
static void make_numbers(random_source *source, entry *made)
{
    static const unsigned spread[] = {3, 200, 70000};
    uint64_t numbers[] = {random_below(source, spread[random_below(source, 3)]),
                          random_below(source, spread[random_below(source, 3)]),
                          random_below(source, spread[random_below(source, 3)])};
    made->size = 16;
    for (unsigned i = 0; i < 16; i++) {
        made->bytes[i] = (uint8_t)(numbers[i / 6] >> (8 * (5 - i % 6)));
    }
}

/* Texts of any length, with starts in common. */
static void make_text(random_source *source, entry *made, size_t most)
{
    made->size = 1 + random_below(source, most);
    memset(made->bytes, 't', made->size);
    for (uint64_t i = random_below(source, 4); i > 0; i--) {
        made->bytes[random_below(source, made->size)] = (uint8_t)random_next(source);
    }
}

static int compare(const void *a, const void *b)
{
    const entry *left = a;
    const entry *right = b;
    return codec_entry_compare(left->bytes, left->size, right->bytes, right->size);
}

/* Sorted and different. */
static void make_list(random_source *source, entry_list *made)
{
    static const size_t most[] = {4, 40, 140, 300, CODEC_ENTRY_MAX};
    uint64_t kind = random_below(source, 6);
    size_t count = 1 + random_below(source, ENTRIES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (kind == 5) {
            make_numbers(source, &made->at[i]);
        } else {
            make_text(source, &made->at[i], most[kind]);
        }
    }
    qsort(made->at, count, sizeof *made->at, compare);
    made->count = 1;
    for (size_t i = 1; i < count; i++) {
        if (compare(&made->at[made->count - 1], &made->at[i]) != 0) {
            made->at[made->count++] = made->at[i];
        }
    }
}

/* ------------------------------------------------------------------ blocks */

static void *exactly(const void *bytes, size_t size)
{
    void *copy = malloc(size != 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    return copy;
}

static void drop(packed *block)
{
    free(block->key);
    free(block->value);
}

static size_t pack_behind(const uint8_t *before, size_t before_size, const entry *added,
                          uint8_t out[CODEC_PACKED_MAX])
{
    size_t shared = codec_entry_common(before, before_size, added->bytes, added->size);
    return codec_run_pack(before_size, shared, added->bytes, added->size, out);
}

/* Packs as many entries as go in; returns their number. */
static size_t pack(random_source *source, const entry_list *list, packed *block)
{
    uint8_t value[CODEC_BLOCK_VALUE_MAX + CODEC_PACKED_MAX];
    size_t run_size = 0;
    size_t taken = 0;
    const entry *last = NULL;
    size_t key_size = 1 + random_below(source, list->at[0].size); /* a start of the first */
    for (; taken < list->count; taken++) {
        uint8_t *at = value + CODEC_BLOCK_HEAD + run_size;
        size_t more = last == NULL ? pack_behind(list->at[0].bytes, key_size, &list->at[0], at)
                                   : pack_behind(last->bytes, last->size, &list->at[taken], at);
        if (CODEC_BLOCK_HEAD + run_size + more > 1000) {
            break;
        }
        run_size += more;
        last = &list->at[taken];
    }
    const entry *fence = taken < list->count ? &list->at[taken] : NULL;
    block->size =
        codec_block_close(SEED, list->at[0].bytes, key_size, fence != NULL ? fence->bytes : NULL,
                          fence != NULL ? fence->size : 0, value, run_size);
    block->key = exactly(list->at[0].bytes, key_size);
    block->key_size = key_size;
    block->value = exactly(value, block->size);
    return taken;
}

static bool open_packed(const packed *from, codec_block *block)
{
    return codec_block_open(SEED, from->key, from->key_size, from->value, from->size, block);
}

/* ------------------------------------------------------------------ proofs */

static void what_is_packed_comes_out_again(void **state)
{
    random_source source = random_begin("what_is_packed_comes_out_again");
    static entry_list list;
    (void)state;
    for (int round = 0; round < rounds(300); round++) {
        packed made;
        codec_block block;
        codec_run run;
        make_list(&source, &list);
        size_t taken = pack(&source, &list, &made);
        assert_true(open_packed(&made, &block));
        assert_int_equal(block.fence_size != 0, taken < list.count);
        codec_run_begin(&run, &block);
        for (size_t i = 0; i < taken; i++) {
            assert_int_equal(codec_run_next(&run), BBOTS_OK);
            assert_int_equal(run.size, list.at[i].size);
            assert_memory_equal(run.entry, list.at[i].bytes, run.size);
        }
        assert_int_equal(codec_run_next(&run), BBOTS_END);
        drop(&made);
    }
}

/* From any entry to any target behind it: as if each between had been looked at. */
static void seeking_passes_over_what_is_less(void **state)
{
    random_source source = random_begin("seeking_passes_over_what_is_less");
    static entry_list list;
    static entry_list targets;
    (void)state;
    for (int round = 0; round < rounds(150); round++) {
        packed made;
        codec_block block;
        codec_run run;
        make_list(&source, &list);
        make_list(&source, &targets);
        size_t taken = pack(&source, &list, &made);
        assert_true(open_packed(&made, &block));
        for (int i = 0; i < 20; i++) {
            const entry *target = random_below(&source, 2) == 0
                                      ? &list.at[random_below(&source, list.count)]
                                      : &targets.at[random_below(&source, targets.count)];
            size_t first = random_below(&source, taken + 1); /* how many are walked over before */
            codec_run_begin(&run, &block);
            for (size_t k = 0; k < first; k++) {
                assert_int_equal(codec_run_next(&run), BBOTS_OK);
            }
            if (codec_entry_compare(run.entry, run.size, target->bytes, target->size) > 0) {
                continue;
            }
            size_t at = first;
            while (at < taken && compare(&list.at[at], target) < 0) {
                at++;
            }
            int rc = codec_run_seek(&run, target->bytes, target->size);
            assert_int_equal(rc, at < taken ? BBOTS_OK : BBOTS_END);
            const uint8_t *before = at > 0 ? list.at[at - 1].bytes : block.key;
            size_t before_size = at > 0 ? list.at[at - 1].size : block.key_size;
            assert_int_equal(run.before_size, before_size);
            assert_int_equal(run.match,
                             codec_entry_common(before, before_size, target->bytes, target->size));
            for (; at < taken; at++) {
                assert_int_equal(rc, BBOTS_OK);
                assert_int_equal(run.size, list.at[at].size);
                assert_memory_equal(run.entry, list.at[at].bytes, run.size);
                rc = codec_run_next(&run);
            }
            assert_int_equal(rc, BBOTS_END);
        }
        drop(&made);
    }
}

/* Numbers of equal width that ascend by one: two bytes for each, as docs/decisions/0008 counts. */
static void ascending_numbers_are_small(void **state)
{
    uint8_t out[CODEC_PACKED_MAX];
    (void)state;
    for (unsigned i = 1; i < 255; i++) {
        const uint8_t before[] = {1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0, 9, (uint8_t)(i - 1)};
        const uint8_t after[] = {1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0, 9, (uint8_t)i};
        size_t shared = codec_entry_common(before, sizeof before, after, sizeof after);
        assert_int_equal(codec_run_pack(sizeof before, shared, after, sizeof after, out), 2);
    }
}

static void every_changed_bit_is_noticed(void **state)
{
    random_source source = random_begin("every_changed_bit_is_noticed");
    static entry_list list;
    (void)state;
    for (int round = 0; round < rounds(5); round++) {
        packed made;
        codec_block block;
        make_list(&source, &list);
        pack(&source, &list, &made);
        for (size_t bit = 0; bit < 8 * (made.key_size + made.size); bit++) {
            uint8_t *at =
                bit / 8 < made.key_size ? &made.key[bit / 8] : &made.value[bit / 8 - made.key_size];
            *at ^= (uint8_t)(1u << bit % 8);
            assert_false(open_packed(&made, &block));
            *at ^= (uint8_t)(1u << bit % 8);
        }
        assert_true(open_packed(&made, &block));
        assert_false(codec_block_open(SEED + 1, made.key, made.key_size, made.value, made.size,
                                      &block)); /* of another tree */
        drop(&made);
    }
}

/* The checksum as docs/format.md defines it. */
static void fit_checksum(const uint8_t *key, size_t key_size, uint8_t *value, size_t size)
{
    uint64_t content = bb_hash64(value + 4, size - 4);
    bb_store32(value, (uint32_t)bb_hash64_seeded(key, key_size, SEED ^ content));
}

static void sizes_that_cannot_be_are_refused(void **state)
{
    uint8_t value[CODEC_BLOCK_VALUE_MAX + 1] = {0};
    uint8_t key[CODEC_ENTRY_MAX + 1] = {1};
    codec_block block;
    (void)state;
    for (size_t size = 0; size < CODEC_BLOCK_HEAD; size++) {
        assert_false(codec_block_open(SEED, key, 1, value, size, &block));
    }
    fit_checksum(key, 1, value, sizeof value);
    assert_false(codec_block_open(SEED, key, 1, value, sizeof value, &block));
    fit_checksum(key, 1, value, sizeof value - 1);
    assert_true(codec_block_open(SEED, key, 1, value, sizeof value - 1, &block));
    fit_checksum(key, sizeof key, value, 10);
    assert_false(codec_block_open(SEED, key, sizeof key, value, 10, &block));
    fit_checksum(key, 0, value, 10);
    assert_false(codec_block_open(SEED, key, 0, value, 10, &block));
    for (uint16_t fence = 0; fence < 10; fence++) { /* longer than all there is, from 5 on */
        bb_store16(value + 4, fence);
        fit_checksum(key, 1, value, 10);
        assert_int_equal(codec_block_open(SEED, key, 1, value, 10, &block), fence <= 4);
    }
}

/* Whatever the bytes: an end, within them, and entries that ascend until then. */
static void walk_any(const packed *from, const entry *target)
{
    codec_block block = {from->key, from->key_size, NULL, 0, from->value, from->size};
    codec_run run;
    entry before;
    size_t steps = 0;
    codec_run_begin(&run, &block);
    before.size = from->key_size;
    memcpy(before.bytes, from->key, from->key_size);
    while (codec_run_next(&run) == BBOTS_OK) {
        int order = codec_entry_compare(before.bytes, before.size, run.entry, run.size);
        assert_true(order < 0 || (order == 0 && steps == 0));
        assert_true(run.size <= CODEC_ENTRY_MAX);
        assert_true(++steps <= from->size);
        before.size = run.size;
        memcpy(before.bytes, run.entry, run.size);
    }
    codec_run_begin(&run, &block);
    if (codec_run_seek(&run, target->bytes, target->size) == BBOTS_OK) {
        assert_true(run.size <= CODEC_ENTRY_MAX && run.at <= run.end);
    }
}

static void any_bytes_end_and_ascend(void **state)
{
    static const uint8_t edges[] = {0, 1, 126, 127, 128, 129, 254, 255};
    random_source source = random_begin("any_bytes_end_and_ascend");
    static entry_list list;
    static entry target;
    (void)state;
    for (int round = 0; round < rounds(3000); round++) {
        packed any;
        if (random_below(&source, 2) == 0) {
            make_list(&source, &list);
            pack(&source, &list, &any);
            size_t size = random_below(&source, any.size);
            uint8_t *cut = exactly(any.value + CODEC_BLOCK_HEAD,
                                   size > CODEC_BLOCK_HEAD ? size - CODEC_BLOCK_HEAD : 0);
            free(any.value);
            any.value = cut;
            any.size = size > CODEC_BLOCK_HEAD ? size - CODEC_BLOCK_HEAD : 0;
        } else {
            any.key_size = 1 + random_below(&source, CODEC_ENTRY_MAX);
            any.key = calloc(1, any.key_size);
            any.size = random_below(&source, 300);
            any.value = malloc(any.size + 1);
            assert_non_null(any.key);
            assert_non_null(any.value);
            for (size_t i = 0; i < any.size; i++) {
                any.value[i] = (uint8_t)random_next(&source);
            }
        }
        for (uint64_t i = random_below(&source, 8); i > 0 && any.size != 0; i--) {
            any.value[random_below(&source, any.size)] =
                random_below(&source, 2) == 0 ? edges[random_below(&source, COUNT(edges))]
                                              : (uint8_t)random_next(&source);
        }
        make_text(&source, &target, 300);
        memcpy(target.bytes, any.key, any.key_size < target.size ? any.key_size : target.size);
        walk_any(&any, &target);
        drop(&any);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_out_again),
        cmocka_unit_test(seeking_passes_over_what_is_less),
        cmocka_unit_test(ascending_numbers_are_small),
        cmocka_unit_test(every_changed_bit_is_noticed),
        cmocka_unit_test(sizes_that_cannot_be_are_refused),
        cmocka_unit_test(any_bytes_end_and_ascend),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
