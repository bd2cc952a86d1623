/*
 * tests/contract/test_guard.c - proves BBOTS_OPEN_GUARD (bbots/store.h): damage that is met in the
 * file's memory is an error of the call, other faults are the host's, and nothing dies.
 *
 * Each case runs in a child, since what it does to a process is the question.
 */
#include "support/support.h"

#include <bbots/sample.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NODES (&sample_nodes_table)
#define PAGE  4096

static const bbots_options guarded = {.schema = &bbots_sample_schema,
                                      .flags = BBOTS_OPEN_GUARD | BBOTS_OPEN_UNVERIFIED};

/* In a child nothing of cmocka may fail: a number tells where. */
#define EXPECT(condition)                                                                          \
    if (!(condition)) {                                                                            \
        return __LINE__ % 200 + 20;                                                                \
    }

static int insert_label(bbots_txn *txn, const char *label, bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given = fill_row(NODES, values, "label", string(label), NULL);
    return bbots_insert(txn, NODES, values, given, NULL, error);
}

static void fill(const char *path)
{
    static char label[9000];
    memset(label, 'x', sizeof label - 1);
    bbots_store *store = make_store(path, &bbots_sample_schema);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (int i = 0; i < 600; i++) {
        assert_ok(insert_label(txn, i % 50 == 0 ? label : "some text that fills pages", &fault));
    }
    commit(txn);
    check_store(store);
    assert_ok(bbots_close(store, &fault));
}

static int check_all(bbots_store *store)
{
    bbots_txn *txn;
    bbots_check_result result;
    int rc = bbots_begin(store, BBOTS_READ, &txn, NULL);
    if (rc == BBOTS_OK) {
        rc = bbots_check(txn, NULL, &result, NULL);
        rc = rc == BBOTS_OK && result.damage > 0 ? BBOTS_CORRUPTED : rc;
        bbots_rollback(txn);
    }
    return rc;
}

/* ------------------------------------------------------------------ a file that is cut off */

static int read_a_cut_file(void *context)
{
    bbots_store *store;
    bbots_txn *txn;
    bbots_error error;
    struct sigaction before;
    struct sigaction after;
    sigaction(SIGBUS, NULL, &before);
    EXPECT(bbots_open(context, &guarded, &store, &error) == BBOTS_OK);
    EXPECT(truncate(context, 2 * PAGE) == 0);
    EXPECT(check_all(store) == BBOTS_CORRUPTED);
    EXPECT(bbots_begin(store, BBOTS_READ, &txn, &error) == BBOTS_CORRUPTED);
    EXPECT(error.message[0] != '\0');
    EXPECT(bbots_begin(store, BBOTS_WRITE, &txn, &error) == BBOTS_CORRUPTED);
    EXPECT(bbots_close(store, &error) == BBOTS_OK);
    sigaction(SIGBUS, NULL, &after);
    EXPECT(before.sa_handler == after.sa_handler);
    /* After a fault in a read the same process can open the file again, if only it is one. */
    EXPECT(bbots_open(context, &guarded, &store, &error) == BBOTS_CORRUPTED);
    return 0;
}

static void a_file_that_is_cut_off_gives_an_error(void **state)
{
    fixture *place = *state;
    fill(place->path);
    assert_int_equal(in_child(read_a_cut_file, place->path), 0);
}

static int write_to_a_cut_file(void *context)
{
    bbots_store *store;
    bbots_txn *txn;
    bbots_error error;
    EXPECT(bbots_open(context, &guarded, &store, &error) == BBOTS_OK);
    EXPECT(bbots_begin(store, BBOTS_WRITE, &txn, &error) == BBOTS_OK);
    EXPECT(truncate(context, 2 * PAGE) == 0);
    int rc = insert_label(txn, "x", &error);
    if (rc == BBOTS_OK) {
        rc = bbots_commit(txn, &error);
    } else {
        bbots_rollback(txn);
    }
    EXPECT(rc == BBOTS_CORRUPTED);
    EXPECT(bbots_begin(store, BBOTS_WRITE, &txn, &error) == BBOTS_CORRUPTED);
    EXPECT(bbots_close(store, &error) == BBOTS_OK);
    return 0;
}

static void a_write_to_a_file_that_is_cut_off_gives_an_error(void **state)
{
    fixture *place = *state;
    fill(place->path);
    assert_int_equal(in_child(write_to_a_cut_file, place->path), 0);
}

/* A fault within a write keeps LMDB's lock until the process ends, and no longer. */
static void the_write_lock_comes_back_with_the_end_of_the_process(void **state)
{
    fixture *place = *state;
    struct stat status;
    fill(place->path);
    assert_int_equal(stat(place->path, &status), 0);
    char *kept = malloc((size_t)status.st_size);
    int fd = open(place->path, O_RDWR);
    assert_int_equal(read(fd, kept, (size_t)status.st_size), status.st_size);
    assert_int_equal(in_child(write_to_a_cut_file, place->path), 0);
    assert_int_equal(pwrite(fd, kept, (size_t)status.st_size, 0), status.st_size);
    close(fd);
    free(kept);
    bbots_options options = {.schema = &bbots_sample_schema};
    place->store = open_store(place->path, &options);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_label(txn, "x", &fault));
    commit(txn);
}

/* ------------------------------------------------------------------ the host's signals */

static sigjmp_buf host_place;

static void host_handler(int signal)
{
    (void)signal;
    siglongjmp(host_place, 1);
}

static int fault_of_the_host(void *context)
{
    bbots_store *store;
    bbots_error error;
    struct sigaction ours = {.sa_handler = host_handler, .sa_flags = SA_NODEFER};
    struct sigaction now;
    sigaction(SIGSEGV, &ours, NULL);
    EXPECT(bbots_open(context, &guarded, &store, &error) == BBOTS_OK);
    char *nothing = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sigsetjmp(host_place, 1) == 0) {
        *(volatile char *)nothing = 1;
        return 1;
    }
    EXPECT(check_all(store) == BBOTS_OK);
    EXPECT(bbots_close(store, &error) == BBOTS_OK);
    sigaction(SIGSEGV, NULL, &now);
    EXPECT(now.sa_handler == host_handler);
    return 0;
}

static void a_fault_elsewhere_is_the_hosts(void **state)
{
    fixture *place = *state;
    fill(place->path);
    assert_int_equal(in_child(fault_of_the_host, place->path), 0);
}

/* A signal that was sent, and not raised by a fault, is the host's: with either kind of handler,
 * ignored, or deadly. */
static volatile sig_atomic_t received;

static void count_signal(int signal)
{
    (void)signal;
    received++;
}

static void count_signal_with(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    received += info->si_code <= 0 ? 1 : 100;
}

static int signals_that_are_sent(void *context)
{
    static const struct sigaction hosts[] = {
        {.sa_handler = count_signal},
        {.sa_sigaction = count_signal_with, .sa_flags = SA_SIGINFO},
        {.sa_handler = SIG_IGN}};
    bbots_store *store;
    for (unsigned i = 0; i < COUNT(hosts); i++) {
        struct sigaction now;
        received = 0;
        sigaction(SIGBUS, &hosts[i], NULL);
        EXPECT(bbots_open(context, &guarded, &store, NULL) == BBOTS_OK);
        EXPECT(raise(SIGBUS) == 0);
        EXPECT(received == (hosts[i].sa_handler == SIG_IGN ? 0 : 1));
        EXPECT(check_all(store) == BBOTS_OK);
        EXPECT(bbots_close(store, NULL) == BBOTS_OK);
        sigaction(SIGBUS, NULL, &now);
        EXPECT(now.sa_handler == hosts[i].sa_handler);
    }
    return 0;
}

static int signal_that_kills(void *context)
{
    bbots_store *store;
    signal(SIGBUS, SIG_DFL); /* cmocka has one of its own */
    EXPECT(bbots_open(context, &guarded, &store, NULL) == BBOTS_OK);
    raise(SIGBUS);
    return 0;
}

static void a_signal_that_was_sent_is_the_hosts(void **state)
{
    fixture *place = *state;
    fill(place->path);
    assert_int_equal(in_child(signals_that_are_sent, place->path), 0);
    assert_int_equal(in_child(signal_that_kills, place->path), -1);
}

/* Who puts himself before the guard stays there when the store is closed. */
static int a_later_handler(void *context)
{
    struct sigaction later = {.sa_handler = count_signal};
    struct sigaction now;
    bbots_store *store;
    EXPECT(bbots_open(context, &guarded, &store, NULL) == BBOTS_OK);
    sigaction(SIGBUS, &later, NULL);
    EXPECT(bbots_close(store, NULL) == BBOTS_OK);
    sigaction(SIGBUS, NULL, &now);
    EXPECT(now.sa_handler == count_signal);
    return 0;
}

/* ... and calls the one that he replaced, which does not call him. */
static struct sigaction replaced;

static void call_the_replaced(int signal, siginfo_t *info, void *context)
{
    if (++received == 100) {
        _exit(1);
    }
    replaced.sa_sigaction(signal, info, context);
}

static int a_later_handler_that_calls_on(void *context)
{
    struct sigaction later = {.sa_sigaction = call_the_replaced, .sa_flags = SA_SIGINFO};
    struct sigaction host = {.sa_handler = count_signal};
    bbots_store *store;
    received = 0;
    sigaction(SIGBUS, &host, NULL);
    EXPECT(bbots_open(context, &guarded, &store, NULL) == BBOTS_OK);
    sigaction(SIGBUS, &later, &replaced);
    for (int i = 0; i < 2; i++) {
        EXPECT(bbots_close(store, NULL) == BBOTS_OK);
        EXPECT(bbots_open(context, &guarded, &store, NULL) == BBOTS_OK);
        EXPECT(raise(SIGBUS) == 0);
        EXPECT(received == 2 * (i + 1)); /* each of the two once */
    }
    EXPECT(truncate(context, 2 * PAGE) == 0);
    EXPECT(check_all(store) == BBOTS_CORRUPTED);
    return bbots_close(store, NULL);
}

static void a_handler_that_came_later_stays(void **state)
{
    fixture *place = *state;
    fill(place->path);
    assert_int_equal(in_child(a_later_handler, place->path), 0);
    assert_int_equal(in_child(a_later_handler_that_calls_on, place->path), 0);
}

/* ------------------------------------------------------------------ damaged pages */

static int read_all(void *context)
{
    bbots_store *store;
    if (bbots_open(context, &guarded, &store, NULL) == BBOTS_OK) {
        (void)check_all(store);
        (void)bbots_close(store, NULL);
    }
    return 0;
}

static void damaged_pages_kill_nobody(void **state)
{
    fixture *place = *state;
    random_source random = random_begin("damaged_pages_kill_nobody");
    struct stat status;
    fill(place->path);
    assert_int_equal(stat(place->path, &status), 0);
    uint64_t pages = (uint64_t)status.st_size / PAGE;
    for (int n = 0; n < 300; n++) {
        uint8_t kept[64];
        off_t at = (off_t)((2 + random_below(&random, pages - 2)) * PAGE);
        int fd = open(place->path, O_RDWR);
        assert_int_equal(pread(fd, kept, sizeof kept, at), sizeof kept);
        uint8_t damaged[64];
        memcpy(damaged, kept, sizeof kept);
        for (uint64_t i = 1 + random_below(&random, 4); i > 0; i--) {
            damaged[random_below(&random, sizeof damaged)] = (uint8_t)random_next(&random);
        }
        assert_int_equal(pwrite(fd, damaged, sizeof damaged, at), sizeof damaged);
        int answer = in_child(read_all, place->path);
        if (answer != 0) {
            fail_msg("round %d, page %lld: %d", n, (long long)at / PAGE, answer);
        }
        assert_int_equal(pwrite(fd, kept, sizeof kept, at), sizeof kept);
        close(fd);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_is_cut_off_gives_an_error),
        TEST(a_write_to_a_file_that_is_cut_off_gives_an_error),
        TEST(the_write_lock_comes_back_with_the_end_of_the_process),
        TEST(a_fault_elsewhere_is_the_hosts),
        TEST(a_signal_that_was_sent_is_the_hosts),
        TEST(a_handler_that_came_later_stays),
        TEST(damaged_pages_kill_nobody),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
