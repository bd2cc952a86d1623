/*
 * tests/unit/test_base_room.c - proves base/room.h: the limit of the process is told, the signal of a
 * file that is too long is held back and taken away, also by who holds it back already, and what the
 * system says of a full disk is a full disk.
 */
#include "support/support.h"

#include "base/room.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

static void the_limit_is_that_of_the_process(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit limit = before;
    limit.rlim_cur = (rlim_t)1 << 40;
    if (before.rlim_max < limit.rlim_cur) {
        skip();
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(bb_file_limit(), UINT64_C(1) << 40);
    limit.rlim_cur = before.rlim_cur;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(bb_file_limit() == UINT64_MAX, before.rlim_cur == RLIM_INFINITY);
}

static bool is_blocked(void)
{
    sigset_t now;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
    return sigismember(&now, SIGXFSZ) == 1;
}

static bool is_pending(void)
{
    sigset_t pending;
    assert_int_equal(sigpending(&pending), 0);
    return sigismember(&pending, SIGXFSZ) == 1;
}

/* Who does not hold the signal back never hears of it, and errno stays. */
static void a_signal_that_came_is_taken_away(void **state)
{
    (void)state;
    bb_held_signal held;
    assert_false(is_blocked());
    bb_signal_hold(&held);
    assert_true(is_blocked());
    assert_int_equal(raise(SIGXFSZ), 0);
    assert_true(is_pending());
    errno = EFBIG;
    bb_signal_release(&held);
    assert_int_equal(errno, EFBIG);
    assert_false(is_pending() || is_blocked());
    bb_signal_hold(&held);
    bb_signal_release(&held);
    assert_false(is_blocked());
}

/* Who holds it back himself gets what came: it is his to judge. */
static void a_signal_that_the_host_holds_back_stays_his(void **state)
{
    (void)state;
    static const struct timespec at_once = {0, 0};
    bb_held_signal held;
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGXFSZ);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &only, NULL), 0);
    bb_signal_hold(&held);
    assert_int_equal(raise(SIGXFSZ), 0);
    bb_signal_release(&held);
    assert_true(is_blocked() && is_pending());
    assert_int_equal(sigtimedwait(&only, NULL, &at_once), SIGXFSZ);
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &only, NULL), 0);
}

static void no_room_is_a_full_disk(void **state)
{
    (void)state;
    static const int full[] = {ENOSPC, EDQUOT, EFBIG};
    static const int others[] = {EIO, EINVAL, EROFS, 0};
    for (size_t i = 0; i < COUNT(full); i++) {
        assert_int_equal(bb_write_status(full[i]), BBOTS_DISK_FULL);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_int_equal(bb_write_status(others[i]), BBOTS_IO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_is_that_of_the_process),
        cmocka_unit_test(a_signal_that_came_is_taken_away),
        cmocka_unit_test(a_signal_that_the_host_holds_back_stays_his),
        cmocka_unit_test(no_room_is_a_full_disk),
    };
    choose_tests();
    return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
