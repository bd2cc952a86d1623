/*
 * tests/contract/test_buffered.c - proves what BBOTS_BUFFERED promises: commits that wait for nothing
 * survive the process; after a power failure the file is as at its last flush, whole, whatever was
 * written since; and what waits for the disk at another level is not lost by it.
 *
 * A power failure is played by changing the number of the system's run in the file (docs/format.md,
 * "Anchor"): the next one to open it takes the file back. That the pages it then needs are on a
 * disk is the business of tests/states; here they must not have been used for anything else.
 */
#include "support/support.h"

#include "base/bytes.h"
#include "base/hash.h"

#include <bbots/sample.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODES      (&sample_nodes_table)
#define PAGE       4096
#define ANCHOR_AT  (2 * PAGE - 512)
#define ANCHOR_RUN (ANCHOR_AT + 8)
#define HASHED     176

static const bbots_options buffered = {.schema = &bbots_sample_schema,
                                       .durability = BBOTS_BUFFERED,
                                       .unflushed_bytes_max = UINT64_C(1) << 40};
static const bbots_options durable = {.schema = &bbots_sample_schema};

/* Whether the file has an anchor. */
static bool is_anchored(const char *path)
{
    uint8_t bytes[HASHED + 8];
    int fd = open(path, O_RDONLY);
    assert_int_equal(pread(fd, bytes, sizeof bytes, ANCHOR_AT), sizeof bytes);
    close(fd);
    return bb_load64(bytes + HASHED) == bb_hash64(bytes, HASHED);
}

/* The system goes down: whoever opens the file next is in another run of it. */
static void fail_power(const char *path)
{
    uint8_t bytes[HASHED + 8];
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, bytes, sizeof bytes, ANCHOR_AT), sizeof bytes);
    bytes[ANCHOR_RUN - ANCHOR_AT] ^= 1;
    bb_store64(bytes + HASHED, bb_hash64(bytes, HASHED));
    assert_int_equal(pwrite(fd, bytes, sizeof bytes, ANCHOR_AT), sizeof bytes);
    close(fd);
}

static void add(bbots_store *store, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        bbots_txn *txn = begin(store, BBOTS_WRITE);
        assert_ok(insert_named(txn, NODES, "label", string("row")));
        commit(txn);
    }
}

/* Changes and deletes many times what is there, so that pages come free again and again. */
static void churn(bbots_store *store, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        bbots_txn *txn = begin(store, BBOTS_WRITE);
        for (int64_t id = 1; id <= 40; id++) {
            char label[300];
            snprintf(label, sizeof label, "%*u", 40 + (int)(i * 7 % 200), i);
            assert_true(update_named(txn, NODES, id, "label", string(label)) >= 0);
        }
        assert_true(delete_id(txn, NODES, 41 + (int64_t)i, NULL) >= 0);
        commit(txn);
    }
}

static uint64_t rows_in(bbots_store *store)
{
    bbots_txn *txn = begin(store, BBOTS_READ);
    uint64_t count = count_of(txn, NODES);
    commit(txn);
    return count;
}

static bbots_digest digest_in(bbots_store *store)
{
    bbots_txn *txn = begin(store, BBOTS_READ);
    bbots_digest digest = digest_of(txn);
    commit(txn);
    return digest;
}

static uint32_t how_opened(bbots_store *store)
{
    bbots_stat stat;
    assert_ok(bbots_store_stat(store, &stat, &fault));
    return stat.opened;
}

static bbots_store *enter(const char *path, const bbots_options *options)
{
    bbots_store *store;
    return bbots_open(path, options, &store, NULL) == BBOTS_OK ? store : NULL;
}

/* ------------------------------------------------------------------ the process ends */

static int add_and_die(void *path)
{
    add(enter(path, &buffered), 30);
    raise(SIGKILL);
    return 1;
}

static void a_killed_process_loses_nothing(void **state)
{
    fixture *place = *state;
    bbots_close(make_store(place->path, &bbots_sample_schema), NULL);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(in_child(add_and_die, place->path), -1);
        assert_true(is_anchored(place->path));
    }
    place->store = open_store(place->path, &durable);
    assert_int_equal(rows_in(place->store), 90);
    assert_int_equal(how_opened(place->store) & BBOTS_OPENED_TAKEN_BACK, 0);
    assert_false(is_anchored(place->path));
}

static void a_closed_store_is_flushed(void **state)
{
    fixture *place = *state;
    bbots_close(make_store(place->path, &bbots_sample_schema), NULL);
    place->store = open_store(place->path, &buffered);
    add(place->store, 30);
    assert_true(is_anchored(place->path));
    assert_ok(bbots_close(place->store, &fault));
    assert_false(is_anchored(place->path));
    place->store = open_store(place->path, &buffered);
    assert_int_equal(rows_in(place->store), 30);
    assert_int_equal(how_opened(place->store), 0);
    assert_false(is_anchored(place->path)); /* nothing was written */
}

/* ------------------------------------------------------------------ the power fails */

typedef struct flushed {
    const char *path;
    bbots_digest digest; /* told to the parent */
} flushed;

static int flush_churn_and_die(void *context)
{
    flushed *on = context;
    bbots_store *store = enter(on->path, &buffered);
    add(store, 400);
    churn(store, 60);
    assert_ok(bbots_flush(store, &fault));
    on->digest = digest_in(store);
    churn(store, 250);
    raise(SIGKILL);
    return 1;
}

static void after_a_power_failure_it_is_as_at_the_last_flush(void **state)
{
    fixture *place = *state;
    flushed *on = mmap(NULL, sizeof *on, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(on, MAP_FAILED);
    on->path = place->path;
    bbots_close(make_store(place->path, &bbots_sample_schema), NULL);
    assert_int_equal(in_child(flush_churn_and_die, on), -1);
    fail_power(place->path);
    place->store = open_store(place->path, &buffered);
    assert_true((how_opened(place->store) & BBOTS_OPENED_TAKEN_BACK) != 0);
    assert_true((how_opened(place->store) & BBOTS_OPENED_WALKED) != 0);
    bbots_digest found = digest_in(place->store);
    assert_memory_equal(&found, &on->digest, sizeof found);
    check_store(place->store);
    assert_false(is_anchored(place->path));
    churn(place->store, 20); /* and on it goes */
    munmap(on, sizeof *on);
}

/* A salvage does not open the file, and has to know as well which state is to be believed. */
static void a_salvage_takes_the_flushed_state(void **state)
{
    fixture *place = *state;
    char saved[120];
    bbots_salvage_result result;
    snprintf(saved, sizeof saved, "%s/saved", place->folder);
    bbots_store *store = make_store(place->path, &bbots_sample_schema);
    add(store, 60);
    bbots_digest wanted = digest_in(store);
    assert_ok(bbots_close(store, &fault));
    assert_int_equal(in_child(add_and_die, place->path), -1);
    fail_power(place->path);
    assert_ok(bbots_salvage(place->path, saved, NULL, &result, &fault));
    place->store = open_store(saved, &durable);
    bbots_digest found = digest_in(place->store);
    assert_memory_equal(&found, &wanted, sizeof found);
}

/* Commits of a small store, none of them flushed: all are taken back, one after the other survives. */
static void without_a_flush_it_is_as_it_was_opened(void **state)
{
    fixture *place = *state;
    bbots_store *store = make_store(place->path, &bbots_sample_schema);
    add(store, 7);
    assert_ok(bbots_close(store, &fault));
    assert_int_equal(in_child(add_and_die, place->path), -1);
    fail_power(place->path);
    place->store = open_store(place->path, &durable);
    assert_int_equal(rows_in(place->store), 7);
    assert_true((how_opened(place->store) & BBOTS_OPENED_TAKEN_BACK) != 0);
    add(place->store, 1);
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &durable);
    assert_int_equal(rows_in(place->store), 8);
    assert_int_equal(how_opened(place->store), 0);
}

static int add_much_and_die(void *path)
{
    bbots_options options = buffered;
    options.unflushed_bytes_max = 1 << 20;
    add(enter(path, &options), 1000);
    raise(SIGKILL);
    return 1;
}

/* What may be lost is bounded. */
static void so_much_is_flushed_by_itself(void **state)
{
    fixture *place = *state;
    bbots_close(make_store(place->path, &bbots_sample_schema), NULL);
    assert_int_equal(in_child(add_much_and_die, place->path), -1);
    fail_power(place->path);
    place->store = open_store(place->path, &durable);
    uint64_t left = rows_in(place->store);
    assert_true(left > 950 && left < 1000);
}

static bool refusing;
static int flushes; /* so many were asked for */

/* In the place of libc's: a disk that fails once is not asked again. */
BBOTS_API int fdatasync(int fd)
{
    flushes++;
    if (refusing) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

/* The system may have forgotten what it could not write: a second flush that succeeds proves nothing. */
static void a_flush_that_failed_takes_the_file_back(void **state)
{
    fixture *place = *state;
    bbots_txn *txn;
    bbots_close(make_store(place->path, &bbots_sample_schema), NULL);
    bbots_store *store = open_store(place->path, &buffered);
    add(store, 30);
    assert_ok(bbots_flush(store, &fault));
    add(store, 20);
    refusing = true;
    assert_status(bbots_flush(store, &fault), BBOTS_IO);
    refusing = false;
    assert_status(bbots_flush(store, &fault), BBOTS_IO);
    assert_status(bbots_begin(store, BBOTS_WRITE, &txn, &fault), BBOTS_IO);
    assert_non_null(strstr(fault.message, "goes back to its last flush"));
    assert_int_equal(rows_in(store), 50);
    check_store(store); /* to read from, it is as whole as ever */
    assert_status(bbots_close(store, &fault), BBOTS_IO);
    place->store = open_store(place->path, &durable);
    assert_int_equal(rows_in(place->store), 30);
    assert_int_equal(how_opened(place->store) & BBOTS_OPENED_TAKEN_BACK, BBOTS_OPENED_TAKEN_BACK);
    add(place->store, 1);
}

static bool nameless;

/* In the place of libc's: a system that does not number its runs. */
BBOTS_API int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, unsigned) : 0;
    va_end(rest);
    if (nameless && strstr(path, "boot_id") != NULL) {
        errno = ENOENT;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, (mode_t)mode);
}

/* It cannot be known whether the power failed: commits wait. */
static void without_a_number_of_the_run_commits_wait(void **state)
{
    fixture *place = *state;
    bbots_close(make_store(place->path, &bbots_sample_schema), NULL);
    nameless = true;
    place->store = open_store(place->path, &buffered);
    nameless = false;
    int before = flushes;
    add(place->store, 5);
    assert_true(flushes - before >= 5);
    assert_false(is_anchored(place->path));
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &buffered);
    before = flushes;
    add(place->store, 5);
    assert_true(flushes - before < 5);
}

/* ------------------------------------------------------------------ several processes */

static int add_durably(void *path)
{
    bbots_store *store = enter(path, &durable);
    add(store, 5);
    return bbots_close(store, NULL) == BBOTS_OK ? 0 : 1;
}

static int add_durably_and_die(void *path)
{
    add(enter(path, &durable), 5);
    raise(SIGKILL);
    return 1;
}

static int add_beside_and_die(void *path)
{
    bbots_store *store = enter(path, &buffered);
    add(store, 200);
    int child = in_child(add_durably, path);
    raise(child == 0 ? SIGKILL : SIGTERM);
    return 1;
}

/* Another process waits for the disk: neither its rows nor those before it can be lost any more. */
static void a_durable_commit_flushes_what_came_before(void **state)
{
    fixture *place = *state;
    bbots_close(make_store(place->path, &bbots_sample_schema), NULL);
    assert_int_equal(in_child(add_beside_and_die, place->path), -1);
    fail_power(place->path);
    place->store = open_store(place->path, &durable);
    assert_int_equal(rows_in(place->store), 205);
    assert_ok(bbots_close(place->store, &fault));
    assert_int_equal(in_child(add_and_die, place->path), -1);
    assert_int_equal(in_child(add_durably_and_die, place->path), -1);
    fail_power(place->path);
    place->store = open_store(place->path, &durable);
    assert_int_equal(rows_in(place->store), 240);
}

typedef struct pair {
    const char *path;
    int turns[2][2]; /* pipes: whose turn it is */
} pair;

static int take_turns(void *context)
{
    const pair *two = context;
    bbots_store *store = enter(two->path, &buffered);
    char turn;
    for (unsigned i = 0; i < 20; i++) {
        if (read(two->turns[0][0], &turn, 1) != 1) {
            return 1;
        }
        churn(store, 5);
        add(store, 1);
        if (write(two->turns[1][1], &turn, 1) != 1) {
            return 1;
        }
    }
    raise(SIGKILL);
    return 2;
}

static int churn_beside_another(void *context)
{
    const pair *two = context;
    bbots_store *store = enter(two->path, &buffered);
    char turn = 0;
    pid_t other = fork();
    if (other == 0) {
        bbots_close(store, NULL); /* the parent's */
        _exit(take_turns(context));
    }
    for (unsigned i = 0; i < 20; i++) {
        churn(store, 5);
        add(store, 1);
        if (write(two->turns[0][1], &turn, 1) != 1 || read(two->turns[1][0], &turn, 1) != 1) {
            return 1;
        }
    }
    waitpid(other, NULL, 0); /* so that nobody has the file open when this one is gone */
    raise(SIGKILL);
    return 2;
}

/* Each makes the other's state needless before it writes: no more than one turn is lost. */
static void two_buffered_processes_take_turns(void **state)
{
    fixture *place = *state;
    pair two = {.path = place->path};
    bbots_store *store = make_store(place->path, &bbots_sample_schema);
    add(store, 400);
    assert_ok(bbots_close(store, &fault));
    assert_int_equal(pipe(two.turns[0]), 0);
    assert_int_equal(pipe(two.turns[1]), 0);
    assert_int_equal(in_child(churn_beside_another, &two), -1);
    fail_power(place->path);
    place->store = open_store(place->path, &durable);
    assert_int_equal(how_opened(place->store) & BBOTS_OPENED_TAKEN_BACK, BBOTS_OPENED_TAKEN_BACK);
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    bbots_row row;
    assert_int_equal(get_id(txn, NODES, 439, &row), BBOTS_OK); /* the turn before the last */
    assert_int_equal(get_id(txn, NODES, 440, &row), BBOTS_NOT_FOUND);
    commit(txn);
    for (unsigned i = 0; i < 2; i++) {
        close(two.turns[i][0]);
        close(two.turns[i][1]);
    }
}

/* ------------------------------------------------------------------ what it is not */

static int count_reader(const bbots_reader *reader, void *context)
{
    (void)reader;
    ++*(unsigned *)context;
    return 1;
}

/* What the library holds for itself is no reader of the host's, and is not in the way of the map. */
static void it_is_no_reader_and_lets_the_map_grow(void **state)
{
    fixture *place = *state;
    unsigned readers = 0;
    bbots_stat before;
    bbots_stat after;
    bbots_options options = buffered;
    options.map_bytes = 1 << 20;
    options.reader_commits_max = 3;
    options.on_long_reader = count_reader;
    options.reader_context = &readers;
    bbots_close(make_store(place->path, &bbots_sample_schema), NULL);
    place->store = open_store(place->path, &options);
    assert_ok(bbots_store_stat(place->store, &before, &fault));
    add(place->store, 1500);
    churn(place->store, 100);
    assert_ok(bbots_store_stat(place->store, &after, &fault));
    assert_true(after.map_bytes > before.map_bytes);
    assert_int_equal(readers, 0);
    assert_int_equal(bbots_readers(place->store, count_reader, &readers, &fault), 0);
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_int_equal(bbots_readers(place->store, count_reader, &readers, &fault), 1);
    commit(txn);
}

/* A flush is for every level, and not for whoever writes. */
static void a_flush_takes_the_write_transaction(void **state)
{
    fixture *place = *state;
    bbots_close(make_store(place->path, &bbots_sample_schema), NULL);
    place->store = open_store(place->path, &durable);
    add(place->store, 1);
    assert_ok(bbots_flush(place->store, &fault));
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_status(bbots_flush(place->store, &fault), BBOTS_TRANSACTION_ACTIVE);
    commit(txn);
}

/* A damaged anchor is none: within the same run of the system nothing is lost by it. */
static void a_damaged_anchor_is_none(void **state)
{
    fixture *place = *state;
    bbots_close(make_store(place->path, &bbots_sample_schema), NULL);
    assert_int_equal(in_child(add_and_die, place->path), -1);
    int fd = open(place->path, O_RDWR);
    assert_int_equal(pwrite(fd, "x", 1, ANCHOR_AT + 100), 1);
    close(fd);
    place->store = open_store(place->path, &durable);
    assert_int_equal(rows_in(place->store), 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_killed_process_loses_nothing),
        TEST(a_closed_store_is_flushed),
        TEST(after_a_power_failure_it_is_as_at_the_last_flush),
        TEST(a_salvage_takes_the_flushed_state),
        TEST(without_a_flush_it_is_as_it_was_opened),
        TEST(so_much_is_flushed_by_itself),
        TEST(a_flush_that_failed_takes_the_file_back),
        TEST(without_a_number_of_the_run_commits_wait),
        TEST(a_durable_commit_flushes_what_came_before),
        TEST(two_buffered_processes_take_turns),
        TEST(it_is_no_reader_and_lets_the_map_grow),
        TEST(a_flush_takes_the_write_transaction),
        TEST(a_damaged_anchor_is_none),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
