/*
 * tests/unit/test_store_gate.c - proves lib/store/gate.c: nobody is inside while the gate is closed,
 * everybody gets in again, and who waits too long for somebody inside gives up and leaves it open. And
 * lib/store/fail.c: each of LMDB's and the system's results is the one of ours that a host can act on.
 */
#include "support/support.h"

#include "store/internal.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

enum { WALKERS = 3, CLOSERS = 2, CLOSINGS = 1000 };

typedef struct crowd {
    store_gate gate;
    atomic_int inside;
    atomic_bool closed;
    atomic_uint closers; /* that are not done */
    atomic_uint wrong;
} crowd;

static void *go_in_and_out(void *context)
{
    crowd *of = context;
    while (atomic_load(&of->closers) != 0) {
        store_gate_enter(&of->gate);
        atomic_fetch_add(&of->inside, 1);
        atomic_fetch_add(&of->wrong, atomic_load(&of->closed));
        atomic_fetch_sub(&of->inside, 1);
        store_gate_leave(&of->gate);
    }
    return NULL;
}

static void *close_and_open(void *context)
{
    crowd *of = context;
    for (int i = 0; i < CLOSINGS; i++) {
        if (store_gate_close(&of->gate, 60999)) {
            atomic_fetch_add(&of->wrong, atomic_exchange(&of->closed, true)); /* one at a time */
            sched_yield(); /* others come to the gate, and have to stay before it */
            atomic_fetch_add(&of->wrong, atomic_load(&of->inside) != 0);
            atomic_store(&of->closed, false);
            store_gate_open(&of->gate);
        } else {
            atomic_fetch_add(&of->wrong, 1);
        }
    }
    atomic_fetch_sub(&of->closers, 1);
    return NULL;
}

static void nobody_is_inside_while_it_is_closed(void **state)
{
    (void)state;
    crowd of = {.closers = CLOSERS};
    pthread_t threads[WALKERS + CLOSERS];
    store_gate_init(&of.gate);
    for (int i = 0; i < WALKERS + CLOSERS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < WALKERS ? go_in_and_out : close_and_open, &of),
            0);
    }
    for (int i = 0; i < WALKERS + CLOSERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&of.wrong), 0);
    assert_int_equal(atomic_load(&of.gate.inside), 0);
    store_gate_destroy(&of.gate);
}

static void who_waits_too_long_gives_up(void **state)
{
    (void)state;
    store_gate gate;
    store_gate_init(&gate);
    store_gate_enter(&gate);
    assert_false(store_gate_close(&gate, 0));
    assert_false(store_gate_close(&gate, 1));
    store_gate_enter(&gate); /* it is open again */
    store_gate_leave(&gate);
    store_gate_leave(&gate);
    assert_true(store_gate_close(&gate, 0));
    store_gate_open(&gate);
    store_gate_destroy(&gate);
}

static void each_result_has_its_status(void **state)
{
    (void)state;
    static const struct {
        int rc;
        int status;
    } results[] = {
        {MDB_PAGE_NOTFOUND, BBOTS_CORRUPTED},
        {MDB_CORRUPTED, BBOTS_CORRUPTED},
        {MDB_INVALID, BBOTS_CORRUPTED},
        {MDB_PANIC, BBOTS_CORRUPTED},
        {MDB_BAD_VALSIZE, BBOTS_CORRUPTED},
        {MDB_CURSOR_FULL, BBOTS_CORRUPTED},
        {MDB_VERSION_MISMATCH, BBOTS_UNSUPPORTED_VERSION},
        {MDB_MAP_FULL, BBOTS_MAP_FULL},
        {MDB_READERS_FULL, BBOTS_READERS_FULL},
        {MDB_TXN_FULL, BBOTS_LIMIT_EXCEEDED},
        {MDB_BAD_TXN, BBOTS_TRANSACTION_BROKEN},
        {STORE_FAULTED, BBOTS_CORRUPTED},
        {ENOMEM, BBOTS_NO_MEMORY},
        {ENOSPC, BBOTS_DISK_FULL},
        {EDQUOT, BBOTS_DISK_FULL},
        {EFBIG, BBOTS_DISK_FULL},
        {ENOENT, BBOTS_FILE_MISSING},
        {EACCES, BBOTS_ACCESS_DENIED},
        {EPERM, BBOTS_ACCESS_DENIED},
        {EROFS, BBOTS_ACCESS_DENIED},
        {EAGAIN, BBOTS_BUSY},
        {EBUSY, BBOTS_BUSY},
        {EIO, BBOTS_IO},
        {EINVAL, BBOTS_IO},
    };
    for (size_t i = 0; i < COUNT(results); i++) {
        memset(&fault, 0, sizeof fault);
        assert_status(store_fail(&fault, results[i].rc, "cannot do it"), results[i].status);
        assert_int_equal(strncmp(fault.message, "cannot do it", 12), 0);
        assert_int_equal(fault.system, results[i].rc > 0 ? results[i].rc : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_inside_while_it_is_closed),
        cmocka_unit_test(who_waits_too_long_gives_up),
        cmocka_unit_test(each_result_has_its_status),
    };
    choose_tests();
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
