/*
 * The arena is filled with pieces whose content is derived from their number, so that two pieces
 * that overlap, or a rewind that takes too much, show as a wrong byte.
 */
#include "support/support.h"

#include <base/arena.h>

static random_source source;

static uint64_t random_number(void)
{
    return random_next(&source);
}

static void start_random(void)
{
    source = random_begin("arena");
}

typedef struct piece {
    unsigned char *data;
    size_t size;
    unsigned char fill;
} piece;

static piece take(bb_arena *arena, size_t size)
{
    piece taken = {bb_arena_alloc(arena, size), size, (unsigned char)random_number()};
    assert_non_null(taken.data);
    assert_int_equal((uintptr_t)taken.data % _Alignof(max_align_t), 0);
    memset(taken.data, taken.fill, size);
    return taken;
}

static void check(const piece *taken)
{
    for (size_t i = 0; i < taken->size; i++) {
        if (taken->data[i] != taken->fill) {
            fail_msg("byte %zu of a piece of %zu was overwritten", i, taken->size);
        }
    }
}

static void pieces_are_aligned_and_do_not_overlap(void **state)
{
    (void)state;
    bb_arena arena;
    bb_arena_init(&arena);
    start_random();
    enum { COUNT = 2000 };
    static piece pieces[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = random_number() % 50 == 0 ? random_number() % 100000 : random_number() % 200;
        pieces[i] = take(&arena, size);
    }
    for (size_t i = 0; i < COUNT; i++) {
        check(&pieces[i]);
    }
    bb_arena_free(&arena);
}

static void a_rewind_keeps_what_was_there_before_the_mark(void **state)
{
    (void)state;
    bb_arena arena;
    bb_arena_init(&arena);
    start_random();
    enum { DEPTH = 60 };
    bb_arena_mark marks[DEPTH];
    piece pieces[DEPTH];
    size_t depth = 0;
    for (int step = 0; step < 20000; step++) {
        if (depth < DEPTH && random_number() % 2 == 0) {
            marks[depth] = bb_arena_mark_here(&arena);
            pieces[depth] = take(&arena, random_number() % 3000);
            depth++;
        } else if (depth > 0) {
            depth = (size_t)(random_number() % depth);
            bb_arena_rewind(&arena, marks[depth]);
        }
        for (size_t i = 0; i < depth; i++) {
            check(&pieces[i]);
        }
    }
    bb_arena_free(&arena);
}

static void a_rewind_gives_the_same_memory_again(void **state)
{
    (void)state;
    bb_arena arena;
    bb_arena_init(&arena);
    assert_non_null(bb_arena_alloc(&arena, 100));
    bb_arena_mark mark = bb_arena_mark_here(&arena);
    void *first = bb_arena_alloc(&arena, 100);
    bb_arena_rewind(&arena, mark);
    assert_ptr_equal(bb_arena_alloc(&arena, 100), first);
    bb_arena_free(&arena);
}

static void equal_statements_stop_taking_new_memory(void **state)
{
    (void)state;
    bb_arena arena;
    bb_arena_init(&arena);
    void *first_round[50];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 50; i++) {
            void *piece_taken = bb_arena_alloc(&arena, 1000);
            assert_non_null(piece_taken);
            if (round == 1) {
                first_round[i] = piece_taken;
            } else if (round > 1 && round % 2 == 1) {
                assert_ptr_equal(piece_taken, first_round[i]);
            }
        }
        bb_arena_reset(&arena);
        assert_null(arena.first);
        assert_non_null(arena.spare);
    }
    bb_arena_free(&arena);
}

static void a_large_block_is_not_kept(void **state)
{
    (void)state;
    bb_arena arena;
    bb_arena_init(&arena);
    assert_non_null(bb_arena_alloc(&arena, 2 * 1024 * 1024));
    bb_arena_reset(&arena);
    assert_null(arena.spare);
    bb_arena_free(&arena);
}

static void a_size_that_cannot_exist_gives_null(void **state)
{
    (void)state;
    bb_arena arena;
    bb_arena_init(&arena);
    piece before = take(&arena, 10);
    assert_null(bb_arena_alloc(&arena, SIZE_MAX));
    assert_null(bb_arena_alloc(&arena, SIZE_MAX - 20));
    assert_null(bb_arena_copy(&arena, "", SIZE_MAX));
    check(&before);
    bb_arena_free(&arena);
}

static void nothing_has_an_address_of_its_own(void **state)
{
    (void)state;
    bb_arena arena;
    bb_arena_init(&arena);
    void *one = bb_arena_alloc(&arena, 0);
    void *two = bb_arena_alloc(&arena, 0);
    assert_non_null(one);
    assert_non_null(two);
    assert_ptr_not_equal(one, two);
    bb_arena_free(&arena);
}

static void a_copy_ends_with_a_zero_byte(void **state)
{
    (void)state;
    bb_arena arena;
    bb_arena_init(&arena);
    assert_memory_equal(bb_arena_copy(&arena, "a\0b", 3), "a\0b\0", 4);
    assert_string_equal(bb_arena_copy(&arena, NULL, 0), "");
    bb_arena_free(&arena);
}

static void an_arena_can_be_used_again_after_free(void **state)
{
    (void)state;
    bb_arena arena;
    bb_arena_init(&arena);
    bb_arena_free(&arena);
    bb_arena_reset(&arena);
    assert_non_null(bb_arena_alloc(&arena, 10));
    bb_arena_free(&arena);
    assert_null(arena.first);
    assert_null(arena.spare);
    assert_non_null(bb_arena_alloc(&arena, 10));
    bb_arena_free(&arena);
}

static void secrets_are_overwritten_when_they_are_taken_back(void **state)
{
    (void)state;
    static const char secret[] = "not for the next one";
    bb_arena arena;
    bb_arena_init(&arena);
    bb_arena_mark mark = bb_arena_mark_here(&arena);
    char *first = bb_arena_copy(&arena, secret, sizeof secret);
    char *large = bb_arena_alloc(&arena, 100000);
    memcpy(large + 99000, secret, sizeof secret);
    arena.wipe = true;
    bb_arena_rewind(&arena, mark);
    assert_ptr_equal(bb_arena_alloc(&arena, 100000), large); /* the same memory again */
    assert_int_equal(large[99000], 0);
    assert_true(arena.wipe);
    bb_arena_reset(&arena);
    assert_false(arena.wipe);
    char *again = bb_arena_alloc(&arena, sizeof secret);
    assert_true(again == first || again == large);
    assert_int_equal(again[0], 0);
    bb_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
        cmocka_unit_test(a_rewind_keeps_what_was_there_before_the_mark),
        cmocka_unit_test(a_rewind_gives_the_same_memory_again),
        cmocka_unit_test(equal_statements_stop_taking_new_memory),
        cmocka_unit_test(a_large_block_is_not_kept),
        cmocka_unit_test(a_size_that_cannot_exist_gives_null),
        cmocka_unit_test(nothing_has_an_address_of_its_own),
        cmocka_unit_test(a_copy_ends_with_a_zero_byte),
        cmocka_unit_test(an_arena_can_be_used_again_after_free),
        cmocka_unit_test(secrets_are_overwritten_when_they_are_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
