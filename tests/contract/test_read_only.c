/*
 * tests/contract/test_read_only.c - proves that a store can be read by who may not write its file, with
 * BBOTS_OPEN_READ_ONLY: nothing of the file or its folder changes, no writer comes meanwhile, and what
 * would have to be mended first is refused.
 *
 * Those readers are children that are nobody, or the same user where the tests do not run as root.
 */
#include "support/support.h"

#include "base/bytes.h"
#include "base/hash.h"

#include <bbots/sample.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODES      (&sample_nodes_table)
#define ROWS       300u
#define PAGE       4096
#define ANCHOR_AT  (2 * PAGE - 512)
#define ANCHOR_RUN (ANCHOR_AT + 8)
#define HASHED     176 /* bytes of the anchor */
#define NOBODY     65534

static const bbots_options durable = {.schema = &bbots_sample_schema};
static const bbots_options buffered = {.schema = &bbots_sample_schema,
                                       .durability = BBOTS_BUFFERED};
static const bbots_options reading = {.schema = &bbots_sample_schema,
                                      .flags = BBOTS_OPEN_READ_ONLY};

static int try_open(const char *path, const bbots_options *options)
{
    bbots_store *store;
    int rc = bbots_open(path, options, &store, &fault);
    return rc == BBOTS_OK ? bbots_close(store, &fault) : rc;
}

static void add(bbots_store *store, unsigned count)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (unsigned i = 0; i < count; i++) {
        assert_ok(insert_named(txn, NODES, "label", string("row")));
    }
    commit(txn);
}

static void make_filled(const char *path)
{
    bbots_store *store = make_store(path, &bbots_sample_schema);
    add(store, ROWS);
    assert_ok(bbots_close(store, &fault));
}

/* ------------------------------------------------------------------ who may not write */

static void forbid_writing(const fixture *place)
{
    assert_int_equal(chmod(place->path, 0444), 0);
    assert_int_equal(chmod(place->folder, 0555), 0);
}

static void allow_writing(const fixture *place)
{
    assert_int_equal(chmod(place->folder, 0755), 0);
    assert_int_equal(chmod(place->path, 0644), 0); /* still not by nobody */
}

static bool become_nobody(void)
{
    return getuid() != 0 || (setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
}

/* What nobody asks for. */
typedef struct visit {
    const char *path;
    const bbots_options *options;
} visit;

static int open_as_nobody(void *context)
{
    const visit *wanted = context;
    return become_nobody() ? -try_open(wanted->path, wanted->options) : 255;
}

static int answer_to_nobody(const fixture *place, const bbots_options *options)
{
    visit wanted = {place->path, options};
    return -in_child(open_as_nobody, &wanted);
}

/* ------------------------------------------------------------------ nothing changes */

/* What a change of the file or of its folder would change. */
typedef struct evidence {
    uint64_t hash;
    struct timespec changed;
    struct timespec folder_changed;
} evidence;

static evidence take_evidence(const fixture *place)
{
    evidence taken = {0};
    struct stat status;
    int fd = open(place->path, O_RDONLY);
    assert_int_equal(fstat(fd, &status), 0);
    char *bytes = malloc((size_t)status.st_size);
    assert_int_equal(pread(fd, bytes, (size_t)status.st_size, 0), status.st_size);
    taken.hash = bb_hash64(bytes, (size_t)status.st_size);
    taken.changed = status.st_mtim;
    free(bytes);
    close(fd);
    assert_int_equal(stat(place->folder, &status), 0);
    taken.folder_changed = status.st_mtim;
    return taken;
}

static int count_reader(const bbots_reader *reader, void *context)
{
    (void)reader;
    ++*(unsigned *)context;
    return 0;
}

/* All kinds of reading; the number of the first that is not as it should be. */
static int read_everything(void *context)
{
    bbots_store *store;
    bbots_txn *txn;
    bbots_row row;
    bbots_stat stat;
    unsigned readers = 0;
    if (!become_nobody() || bbots_open(context, &reading, &store, NULL) != BBOTS_OK) {
        return 1;
    }
    if (bbots_begin(store, BBOTS_WRITE, &txn, NULL) != BBOTS_READ_ONLY ||
        bbots_flush(store, NULL) != BBOTS_READ_ONLY) {
        return 2;
    }
    for (int64_t id = 1; id <= (int64_t)ROWS; id++) { /* as many transactions */
        txn = begin(store, BBOTS_READ);
        if (get_id(txn, NODES, id, &row) != BBOTS_OK) {
            return 3;
        }
        bbots_rollback(txn);
    }
    txn = begin(store, BBOTS_READ);
    if (count_of(txn, NODES) != ROWS || check_txn(txn) != ROWS ||
        bbots_readers(store, count_reader, &readers, NULL) != BBOTS_OK || readers != 0) {
        return 4;
    }
    bbots_rollback(txn);
    if (bbots_store_stat(store, &stat, NULL) != BBOTS_OK || stat.opened != 0) {
        return 5;
    }
    check_store(store);
    return bbots_close(store, NULL) == BBOTS_OK ? 0 : 6;
}

static void who_may_not_write_reads_and_leaves_no_trace(void **state)
{
    fixture *place = *state;
    bbots_options plain = reading;
    plain.flags |= BBOTS_OPEN_PLAIN_READS | BBOTS_OPEN_VERIFY | BBOTS_OPEN_GUARD;
    bbots_options alone = reading;
    alone.flags |= BBOTS_OPEN_ALONE;
    make_filled(place->path);
    forbid_writing(place);
    evidence before = take_evidence(place);
    assert_int_equal(in_child(read_everything, place->path), 0);
    assert_int_equal(answer_to_nobody(place, &plain), BBOTS_OK);
    assert_int_equal(answer_to_nobody(place, &durable), BBOTS_ACCESS_DENIED);
    assert_int_equal(answer_to_nobody(place, &alone), BBOTS_ACCESS_DENIED);
    evidence after = take_evidence(place);
    assert_memory_equal(&before, &after, sizeof before);
    allow_writing(place);
    place->store = open_store(place->path, &durable);
}

static int back_up_as_nobody(void *context)
{
    const fixture *place = context;
    bbots_store *store;
    bbots_store *copy;
    char path[sizeof place->path + 8];
    snprintf(path, sizeof path, "%s/out/copy", place->folder);
    if (!become_nobody() || bbots_open(place->path, &reading, &store, NULL) != BBOTS_OK ||
        bbots_backup(store, path, NULL) != BBOTS_OK) {
        return 1;
    }
    if (bbots_open(path, &durable, &copy, NULL) != BBOTS_OK || check_store(copy) != ROWS) {
        return 2;
    }
    return bbots_close(copy, NULL) == BBOTS_OK && bbots_close(store, NULL) == BBOTS_OK ? 0 : 3;
}

static void who_may_not_write_takes_a_backup(void **state)
{
    fixture *place = *state;
    char out[sizeof place->folder + 8];
    make_filled(place->path);
    snprintf(out, sizeof out, "%s/out", place->folder);
    assert_int_equal(mkdir(out, 0777), 0);
    assert_int_equal(chmod(out, 0777), 0);
    forbid_writing(place);
    assert_int_equal(in_child(back_up_as_nobody, place), 0);
    allow_writing(place);
    place->store = open_store(place->path, &durable);
}

/* ------------------------------------------------------------------ beside others */

/* A child that is nobody and has the file open until it is told to end. */
typedef struct guest {
    pid_t process;
    int tell;
} guest;

static guest invite(const char *path)
{
    int open_end[2];
    int told[2];
    assert_int_equal(pipe(open_end), 0);
    assert_int_equal(pipe(told), 0);
    guest one = {.process = fork(), .tell = told[1]};
    if (one.process == 0) {
        bbots_store *store = NULL;
        close(told[1]);
        if (!become_nobody() || bbots_open(path, &reading, &store, NULL) != BBOTS_OK) {
            end_child(1);
        }
        bbots_txn *txn = begin(store, BBOTS_READ);
        send_byte(open_end[1]);
        await_byte(told[0]);
        uint64_t rows = count_of(txn, NODES);
        bbots_rollback(txn);
        bbots_close(store, NULL);
        end_child(rows == ROWS ? 0 : 2);
    }
    close(open_end[1]);
    close(told[0]);
    await_byte(open_end[0]);
    close(open_end[0]);
    return one;
}

static void see_off(guest one)
{
    int status;
    send_byte(one.tell);
    close(one.tell);
    assert_int_equal(waitpid(one.process, &status, 0), one.process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void writers_and_such_readers_keep_each_other_out(void **state)
{
    fixture *place = *state;
    make_filled(place->path);
    place->store = open_store(place->path, &durable);
    forbid_writing(place);
    assert_int_equal(answer_to_nobody(place, &reading), BBOTS_BUSY);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    guest one = invite(place->path);
    guest another = invite(place->path);
    allow_writing(place);
    assert_status(try_open(place->path, &durable), BBOTS_BUSY);
    assert_non_null(strstr(fault.message, "may not write"));
    assert_status(bbots_compact(place->path, NULL, NULL, &fault), BBOTS_BUSY);
    assert_ok(try_open(place->path, &reading)); /* he could write, and only reads */
    see_off(one);
    assert_status(try_open(place->path, &durable), BBOTS_BUSY);
    see_off(another);
    place->store = open_store(place->path, &durable);
    add(place->store, 1);
}

/* ------------------------------------------------------------------ after an unclean end */

static int add_and_die(void *path)
{
    add(open_store(path, &buffered), 1);
    raise(SIGKILL);
    return 1;
}

static int walked_as_nobody(void *context)
{
    bbots_store *store;
    bbots_stat stat;
    if (!become_nobody() || bbots_open(context, &reading, &store, NULL) != BBOTS_OK ||
        bbots_store_stat(store, &stat, NULL) != BBOTS_OK || stat.opened != BBOTS_OPENED_WALKED) {
        return 1;
    }
    bool whole = check_store(store) == ROWS + 1;
    return bbots_close(store, NULL) == BBOTS_OK && whole ? 0 : 2;
}

static void what_a_killed_writer_left_is_walked_and_read(void **state)
{
    fixture *place = *state;
    make_filled(place->path);
    assert_int_equal(in_child(add_and_die, place->path), -1);
    forbid_writing(place);
    evidence before = take_evidence(place);
    assert_int_equal(in_child(walked_as_nobody, place->path), 0);
    evidence after = take_evidence(place);
    assert_memory_equal(&before, &after, sizeof before);
    allow_writing(place);
    place->store = open_store(place->path, &durable);
    assert_int_equal(check_store(place->store), ROWS + 1);
}

static void change(const char *path, off_t at, size_t size, const uint8_t *bytes)
{
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, bytes, size, at), (ssize_t)size);
    close(fd);
}

static void a_torn_meta_page_has_to_be_mended_by_who_may(void **state)
{
    fixture *place = *state;
    static const uint8_t torn[8] = {1, 2, 3};
    make_filled(place->path);
    change(place->path, 16, sizeof torn, torn);
    forbid_writing(place);
    evidence before = take_evidence(place);
    assert_int_equal(answer_to_nobody(place, &reading), BBOTS_ACCESS_DENIED);
    evidence after = take_evidence(place);
    assert_memory_equal(&before, &after, sizeof before);
    allow_writing(place);
    assert_ok(try_open(place->path, &reading));
    assert_int_equal(answer_to_nobody(place, &reading), BBOTS_OK);
    place->store = open_store(place->path, &durable);
}

static void a_file_that_has_to_go_back_does_so_by_who_may(void **state)
{
    fixture *place = *state;
    uint8_t anchor[HASHED + 8];
    make_filled(place->path);
    assert_int_equal(in_child(add_and_die, place->path), -1);
    int fd = open(place->path, O_RDONLY);
    assert_int_equal(pread(fd, anchor, sizeof anchor, ANCHOR_AT), sizeof anchor);
    close(fd);
    anchor[ANCHOR_RUN - ANCHOR_AT] ^= 1; /* the power failed since */
    bb_store64(anchor + HASHED, bb_hash64(anchor, HASHED));
    change(place->path, ANCHOR_AT, sizeof anchor, anchor);
    forbid_writing(place);
    assert_int_equal(answer_to_nobody(place, &reading), BBOTS_ACCESS_DENIED);
    allow_writing(place);
    assert_ok(try_open(place->path, &reading));
    assert_int_equal(answer_to_nobody(place, &reading), BBOTS_OK);
    place->store = open_store(place->path, &durable);
    assert_int_equal(check_store(place->store), ROWS);
}

int main(void)
{
    choose_tests();
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(who_may_not_write_reads_and_leaves_no_trace),
        TEST(who_may_not_write_takes_a_backup),
        TEST(writers_and_such_readers_keep_each_other_out),
        TEST(what_a_killed_writer_left_is_walked_and_read),
        TEST(a_torn_meta_page_has_to_be_mended_by_who_may),
        TEST(a_file_that_has_to_go_back_does_so_by_who_may),
    };
    return cmocka_run_group_tests_name("reading without the right to write", tests, NULL, NULL);
}
