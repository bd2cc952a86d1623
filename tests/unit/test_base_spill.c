/*
 * tests/unit/test_base_spill.c - proves base/spill.h: bytes stay what they were when they move to a
 * file and when a reader passes them, the file has no name, and a file that cannot be had leaves
 * all as it was.
 */
#include "support/support.h"

#include "base/error.h"
#include "base/spill.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#define MIB  ((size_t)1 << 20)
#define STEP 509 /* bytes from one that is looked at to the next: several on every page */

static uint8_t byte_at(size_t offset)
{
    return (uint8_t)(offset * 2654435761u >> 13);
}

static void add(bb_spill *spill, size_t size)
{
    assert_ok(bb_spill_reserve(spill, size, &fault));
    assert_true(spill->room - spill->used >= size);
    size_t from = (spill->used + STEP - 1) / STEP * STEP;
    spill->used += size;
    for (size_t at = from; at < spill->used; at += STEP) {
        spill->data[at] = byte_at(at);
    }
}

static void assert_bytes(bb_spill *spill, bool passing)
{
    for (size_t at = 0; at < spill->used; at += STEP) {
        if (spill->data[at] != byte_at(at)) {
            fail_msg("byte %zu of %zu is another one", at, spill->used);
        }
        if (passing) {
            bb_spill_pass(spill, at);
        }
    }
}

static void bytes_stay_what_they_were(void **state)
{
    (void)state;
    bb_spill spill;
    bb_spill_init(&spill, MIB);
    add(&spill, 1);
    add(&spill, 5000);
    add(&spill, MIB - spill.used);
    assert_int_equal(spill.file, -1);
    assert_true(spill.room <= MIB);
    add(&spill, 1);
    assert_true(spill.file >= 0);
    assert_bytes(&spill, false);
    add(&spill, 40 * MIB);
    assert_bytes(&spill, true);
    spill.used -= 7 * MIB + 1;
    assert_bytes(&spill, true);
    add(&spill, 30 * MIB);
    assert_bytes(&spill, true);
    bb_spill_free(&spill);
    assert_int_equal(spill.used, 0);
    add(&spill, 10);
    assert_bytes(&spill, false);
    bb_spill_free(&spill);
}

static void zeroes_are_zero(void **state)
{
    (void)state;
    bb_spill spill;
    bb_spill_init(&spill, 8192);
    add(&spill, 8000);
    memset(spill.data, 1, 8000);
    spill.used = 10;
    assert_ok(bb_spill_add_zeroes(&spill, 0, &fault));
    assert_ok(bb_spill_add_zeroes(&spill, 8000, &fault));
    assert_ok(bb_spill_add_zeroes(&spill, 100000, &fault));
    assert_int_equal(spill.used, 108010);
    for (size_t at = 0; at < spill.used; at++) {
        assert_int_equal(spill.data[at], at < 10);
    }
    bb_spill_free(&spill);
}

static unsigned files_in(const char *folder)
{
    unsigned count = 0;
    DIR *open = opendir(folder);
    assert_non_null(open);
    while (readdir(open) != NULL) {
        count++;
    }
    closedir(open);
    return count - 2; /* "." and ".." */
}

static void the_file_has_no_name_and_may_not_be_had(void **state)
{
    fixture *place = *state;
    bb_spill spill;
    char missing[128];
    snprintf(missing, sizeof missing, "%s/missing", place->folder);
    bb_spill_init(&spill, 4096);
    add(&spill, 4000);
    assert_int_equal(setenv("TMPDIR", missing, 1), 0);
    bb_error_clear(&fault);
    assert_status(bb_spill_reserve(&spill, 4000, &fault), BBOTS_IO);
    assert_int_equal(spill.used, 4000);
    assert_bytes(&spill, false);
    assert_int_equal(setenv("TMPDIR", place->folder, 1), 0);
    bb_error_clear(&fault);
    add(&spill, 4000);
    assert_true(spill.file >= 0);
    assert_int_equal(files_in(place->folder), 0);
    assert_bytes(&spill, false);
    bb_error_clear(&fault);
    assert_status(bb_spill_reserve(&spill, SIZE_MAX - 100, &fault), BBOTS_NO_MEMORY);
    assert_bytes(&spill, false);
    bb_spill_free(&spill);
    unsetenv("TMPDIR");
}

static void nobody_says_where_and_it_is_tmp(void **state)
{
    (void)state;
    bb_spill spill;
    for (int empty = 0; empty < 2; empty++) {
        assert_int_equal(empty ? setenv("TMPDIR", "", 1) : unsetenv("TMPDIR"), 0);
        bb_spill_init(&spill, 16);
        add(&spill, 1000);
        assert_true(spill.file >= 0);
        assert_ok(bb_spill_reserve(&spill, spill.room, &fault)); /* it grows with one page used */
        assert_bytes(&spill, false);
        bb_spill_free(&spill);
    }
    unsetenv("TMPDIR");
}

/* A file that may not become longer is told so, and keeps what it has. */
static void a_file_that_may_not_grow_keeps_its_bytes(void **state)
{
    (void)state;
    struct rlimit before;
    bb_spill spill;
    bb_spill_init(&spill, 16);
    add(&spill, 100000);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit limit = {spill.room, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    bb_error_clear(&fault);
    int rc = bb_spill_reserve(&spill, spill.room, &fault);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_status(rc, BBOTS_DISK_FULL);
    assert_bytes(&spill, false);
    bb_error_clear(&fault);
    add(&spill, spill.room);
    assert_bytes(&spill, true);
    bb_spill_free(&spill);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_stay_what_they_were),
        cmocka_unit_test(zeroes_are_zero),
        cmocka_unit_test(nobody_says_where_and_it_is_tmp),
        cmocka_unit_test(a_file_that_may_not_grow_keeps_its_bytes),
        cmocka_unit_test_setup_teardown(the_file_has_no_name_and_may_not_be_had, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests_name("spill", tests, NULL, NULL);
}
