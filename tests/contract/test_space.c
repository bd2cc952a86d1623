/*
 * test_space.c - room ends: by the host's limit, by the process's limit on the size of files, on the
 * disk. Each is told as what it is, nothing that was acknowledged is lost, what makes the store smaller can
 * be committed all the same, also a cascade over many rows, and then there is room again.
 *
 * All ways run the same ordeal. The full disk is a small tmpfs where the test may mount one; where it
 * may not, and everywhere as well, a fallocate() in place of the system's finds no block.
 *
 * Also: two processes make the file larger in turn, with readers in both.
 */
#include "support/support.h"

#include <bbots/load.h>
#include <bbots/sample.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODES (&sample_nodes_table)
#define KINDS (&sample_kinds_table)
#define ROOTS 200
#define LIMIT (UINT64_C(12) << 20)

static bool no_blocks; /* the disk has none left */

BBOTS_API int fallocate(int fd, int mode, off_t offset, off_t size)
{
    if (no_blocks) {
        errno = ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int teardown(void **state)
{
    limit_files(RLIM_INFINITY);
    no_blocks = false;
    return fixture_teardown(state);
}

/* ------------------------------------------------------------------ filling */

static int insert_node(bbots_txn *txn, int64_t parent, const char *label, bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given = fill_row(NODES, values, "label", string(label), "parent",
                              parent != 0 ? integer(parent) : null_value(), NULL);
    return bbots_insert(txn, NODES, values, given, NULL, error);
}

/* A row with entries in fifteen trees. */
static int insert_kind(bbots_txn *txn, int64_t number, bbots_error *error)
{
    char words[64];
    bbots_value values[BBOTS_COLUMNS_MAX];
    snprintf(words, sizeof words, "%llx", (unsigned long long)number * 0x9e3779b97f4a7c15u);
    uint64_t given = fill_row(KINDS, values, "words", string(words), "large", integer(number),
                              "medium", integer(number % 7), NULL);
    return bbots_insert(txn, KINDS, values, given, NULL, error);
}

static int insert_roots(bbots_txn *txn, void *context, bbots_error *error)
{
    int rc = BBOTS_OK;
    (void)context;
    for (int i = 0; i < ROOTS && rc == BBOTS_OK; i++) {
        rc = insert_node(txn, 0, "root", error);
    }
    return rc;
}

typedef struct portion {
    int64_t rows; /* before */
    int nodes;
    int kinds;
} portion;

/* The children of a root lie all over the table. */
static int insert_portion(bbots_txn *txn, void *context, bbots_error *error)
{
    const portion *part = context;
    static char text[300];
    int rc = BBOTS_OK;
    memset(text, 't', sizeof text - 1);
    for (int i = 0; i < part->nodes && rc == BBOTS_OK; i++) {
        rc = insert_node(txn, 1 + (part->rows + i) % ROOTS, text, error);
    }
    for (int i = 0; i < part->kinds && rc == BBOTS_OK; i++) {
        rc = insert_kind(txn, part->rows + i, error);
    }
    return rc;
}

/* Writes until nothing more goes in, not even one row. Returns how many rows were acknowledged. */
static uint64_t fill(bbots_store *store, int expected)
{
    portion part = {.nodes = 256, .kinds = 64};
    assert_ok(bbots_write(store, insert_roots, NULL, &fault));
    part.rows = ROOTS;
    while (part.nodes > 0) {
        int rc = bbots_write(store, insert_portion, &part, &fault);
        if (rc == BBOTS_OK) {
            part.rows += part.nodes + part.kinds;
        } else {
            assert_status(rc, expected);
            part.kinds = 0;
            part.nodes /= 2;
        }
    }
    return (uint64_t)part.rows;
}

/* Longer by a byte each time. */
static int update_root(bbots_txn *txn, void *context, bbots_error *error)
{
    static char text[1200];
    bbots_value values[BBOTS_COLUMNS_MAX];
    bbots_value key = integer(1);
    size_t *size = context;
    memset(text, 'u', sizeof text);
    bbots_value label = bbots_value_text((bbots_text){text, ++*size});
    return bbots_update(txn, NODES, 0, &key, values, fill_row(NODES, values, "label", label, NULL),
                        NULL, error);
}

/* With a reader that sees all that is freed, each change takes pages for good. */
static void use_up_what_is_left(bbots_store *store, int expected)
{
    size_t size = 10;
    int rc;
    while ((rc = bbots_write(store, update_root, &size, &fault)) == BBOTS_OK) {
        assert_true(size < 1200);
    }
    assert_status(rc, expected);
}

/* ------------------------------------------------------------------ the ordeal */

static uint64_t delete_one(bbots_store *store, const bbots_table *table, int64_t id)
{
    bbots_deleted deleted;
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    assert_ok(delete_id(txn, table, id, &deleted));
    commit(txn);
    return deleted.rows + deleted.cascaded;
}

/* Nothing but deletes goes in any more. */
static void deletes_go_through(fixture *place, uint64_t rows, int expected)
{
    bbots_store *store = place->store;
    uint64_t gone = 0;
    bbots_txn *reader = begin(store, BBOTS_READ);
    use_up_what_is_left(store, expected);
    assert_int_equal(check_store(store), rows);
    for (int id = 1; id <= 5; id++) {
        gone += delete_one(store, KINDS, id);
    }
    uint64_t cascaded = delete_one(store, NODES, 1);
    assert_true(cascaded > rows / ROOTS / 2);
    bbots_rollback(reader);
    gone += cascaded;
    for (int id = 2; id <= ROOTS / 4; id++) {
        gone += delete_one(store, NODES, id);
    }
    assert_int_equal(check_store(store), rows - gone);
}

static void there_is_room_again(bbots_store *store)
{
    uint64_t before = check_store(store);
    portion part = {.kinds = 10};
    assert_ok(bbots_write(store, insert_roots, NULL, &fault));
    for (int i = 0; i < 20; i++) {
        part.rows = 1000000 + i * part.kinds;
        assert_ok(bbots_write(store, insert_portion, &part, &fault));
    }
    assert_int_equal(check_store(store), before + ROOTS + 200);
}

static void open_again(fixture *place, const bbots_options *options)
{
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, options);
}

static void ordeal(fixture *place, const bbots_options *options, int expected, const char *sqlstate)
{
    place->store = open_store(place->path, options);
    uint64_t rows = fill(place->store, expected);
    assert_string_equal(fault.sqlstate, sqlstate);
    open_again(place, options); /* what is kept lies in the file, not in the process */
    deletes_go_through(place, rows, expected);
    there_is_room_again(place->store);
    open_again(place, options);
}

static bbots_options creating(void)
{
    bbots_options options = {.schema = &bbots_sample_schema, .flags = BBOTS_OPEN_CREATE};
    return options;
}

/* ------------------------------------------------------------------ tests */

static void a_full_file_lets_deletes_through(void **state)
{
    fixture *place = *state;
    struct stat status;
    bbots_options options = creating();
    options.file_bytes_max = LIMIT;
    ordeal(place, &options, BBOTS_MAP_FULL, "53400");
    assert_int_equal(stat(place->path, &status), 0);
    assert_true((uint64_t)status.st_size <= LIMIT);
}

static void a_reserve_has_the_size_that_the_host_wants(void **state)
{
    fixture *place = *state;
    bbots_options options = creating();
    bbots_store *store;
    options.file_bytes_max = LIMIT;
    options.reserve_bytes = LIMIT / 2 + 1;
    assert_status(bbots_open(place->path, &options, &store, &fault), BBOTS_INVALID_ARGUMENT);
    options.reserve_bytes = LIMIT / 2;
    place->store = open_store(place->path, &options);
    fill(place->store, BBOTS_MAP_FULL);
    struct stat status;
    assert_int_equal(stat(place->path, &status), 0);
    assert_true((uint64_t)status.st_size <= LIMIT / 2);
    /* All trees at once: each page of the file is written anew. */
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int id = 1; id <= ROOTS; id++) {
        assert_ok(delete_id(txn, NODES, id, NULL));
    }
    commit(txn);
}

/* The signal that goes with it is not for the host. */
static void a_limit_of_the_process_is_an_error_and_no_signal(void **state)
{
    fixture *place = *state;
    bbots_options options = creating();
    struct sigaction now;
    sigset_t mask;
    limit_files(LIMIT);
    ordeal(place, &options, BBOTS_DISK_FULL, "53100");
    assert_int_equal(sigaction(SIGXFSZ, NULL, &now), 0);
    assert_ptr_equal(now.sa_handler, SIG_DFL);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    assert_int_equal(sigismember(&mask, SIGXFSZ), 0);
}

/* A load writes pages before its commit, past all that is kept. */
static void a_load_that_meets_the_limit_leaves_no_trace(void **state)
{
    fixture *place = *state;
    bbots_options options = creating();
    static char text[3000];
    bbots_txn *txn;
    int rc = BBOTS_OK;
    memset(text, 't', sizeof text - 1);
    limit_files(LIMIT);
    place->store = open_store(place->path, &options);
    assert_ok(bbots_write(place->store, insert_roots, NULL, &fault));
    assert_ok(bbots_load_begin(place->store, &txn, &fault));
    for (int i = 0; i < 40000 && rc == BBOTS_OK; i++) {
        rc = insert_node(txn, 1, text, &fault);
    }
    assert_status(rc, BBOTS_DISK_FULL);
    assert_status(insert_node(txn, 1, text, &fault), BBOTS_TRANSACTION_BROKEN);
    bbots_rollback(txn);
    assert_int_equal(check_store(place->store), ROOTS);
    delete_one(place->store, NODES, 1);
    assert_ok(bbots_write(place->store, insert_roots, NULL, &fault));
}

/* With so little nothing can be made, opened for the first time, copied or spilled. */
static void nothing_at_all_may_be_written(void **state)
{
    fixture *place = *state;
    bbots_options options = creating();
    char copy[128];
    bbots_store *store;
    snprintf(copy, sizeof copy, "%s/copy.bbots", place->folder);
    limit_files(0);
    assert_status(bbots_open(place->path, &options, &store, &fault), BBOTS_DISK_FULL);
    limit_files(RLIM_INFINITY);
    place->store = open_store(place->path, &options);
    assert_ok(bbots_write(place->store, insert_roots, NULL, &fault));
    limit_files(8192);
    assert_status(bbots_backup(place->store, copy, &fault), BBOTS_DISK_FULL);
    assert_int_equal(access(copy, F_OK), -1);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    assert_status(bbots_compact(place->path, NULL, NULL, &fault), BBOTS_DISK_FULL);
    limit_files(0);
    assert_status(bbots_open(place->path, &options, &store, &fault), BBOTS_DISK_FULL);
    limit_files(RLIM_INFINITY);
    place->store = open_store(place->path, &options);
    assert_int_equal(check_store(place->store), ROOTS);
}

/* The blocks were given before the disk was full. */
static void a_disk_without_blocks_lets_deletes_through(void **state)
{
    fixture *place = *state;
    bbots_options options = creating();
    portion part = {.rows = ROOTS, .nodes = 2000, .kinds = 500};
    place->store = open_store(place->path, &options);
    assert_ok(bbots_write(place->store, insert_roots, NULL, &fault));
    assert_ok(bbots_write(place->store, insert_portion, &part, &fault));
    struct stat before;
    assert_int_equal(stat(place->path, &before), 0);
    assert_true((uint64_t)before.st_blocks * 512 >= (uint64_t)before.st_size + (1u << 20));
    no_blocks = true;
    part.rows += 2500;
    int rc;
    while ((rc = bbots_write(place->store, insert_portion, &part, &fault)) == BBOTS_OK) {
        part.rows += 2500;
    }
    assert_status(rc, BBOTS_DISK_FULL);
    assert_string_equal(fault.sqlstate, "53100");
    assert_int_equal(check_store(place->store), part.rows);
    for (int id = 1; id <= ROOTS / 4; id++) {
        delete_one(place->store, NODES, id);
    }
    struct stat after;
    assert_int_equal(stat(place->path, &after), 0);
    assert_int_equal(after.st_blocks, before.st_blocks);
    no_blocks = false;
    there_is_room_again(place->store);
}

/* ------------------------------------------------------------------ two who grow */

#define TURNS 6

typedef struct grower {
    const char *path;
    int in;  /* a byte from the other one */
    int out; /* and to him */
} grower;

/* What a reader sees that has been open while the other one made the file larger. */
static int hold_a_reader(const grower *self, bbots_store *store)
{
    bbots_txn *txn;
    bbots_digest before;
    bbots_digest now;
    bbots_check_result result;
    if (bbots_begin(store, BBOTS_READ, &txn, NULL) != BBOTS_OK ||
        bbots_store_digest(txn, &before, NULL) != BBOTS_OK) {
        return 2;
    }
    send_byte(self->out);
    await_byte(self->in);
    bool same =
        bbots_store_digest(txn, &now, NULL) == BBOTS_OK &&
        memcmp(&before, &now, sizeof before) == 0 &&
        bbots_check(txn, &(bbots_check_options){.table = NODES}, &result, NULL) == BBOTS_OK &&
        result.derived + result.damage == 0;
    bbots_rollback(txn);
    return same ? 0 : 3;
}

/* In turn one reads while the other one writes more than his map has held so far. */
static int grow_in_turn(const grower *self, bool first)
{
    bbots_store *store;
    bbots_options small = {.schema = &bbots_sample_schema, .map_bytes = 1u << 20};
    int rc = bbots_open(self->path, &small, &store, NULL) == BBOTS_OK ? 0 : 1;
    for (int turn = 0; turn < TURNS && rc == 0; turn++) {
        if ((turn % 2 == 0) == first) {
            portion part = {.rows = 0, .nodes = 3000 * (turn + 1)};
            await_byte(self->in);
            rc = bbots_write(store, insert_portion, &part, NULL) == BBOTS_OK ? 0 : 4;
            send_byte(self->out);
        } else {
            rc = hold_a_reader(self, store);
        }
    }
    return bbots_close(store, NULL) == BBOTS_OK ? rc : 5;
}

static void two_processes_make_the_file_larger_in_turn(void **state)
{
    fixture *place = *state;
    bbots_options options = creating();
    int there[2];
    int back[2];
    int status;
    options.map_bytes = 1u << 20;
    bbots_store *store = open_store(place->path, &options);
    assert_ok(bbots_write(store, insert_roots, NULL, &fault));
    assert_ok(bbots_close(store, &fault));
    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(there[1]); /* so that who waits for the other one hears of his end */
        close(back[0]);
        end_child(grow_in_turn(&(grower){place->path, there[0], back[1]}, true));
    }
    close(there[0]);
    close(back[1]);
    int rc = grow_in_turn(&(grower){place->path, back[0], there[1]}, false);
    close(there[1]);
    close(back[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(rc, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    place->store = open_store(place->path, &options);
    assert_int_equal(check_store(place->store), ROOTS + 3000 * TURNS * (TURNS + 1) / 2);
}

/* ------------------------------------------------------------------ a small disk */

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0) {
        close(fd);
    }
    return written;
}

/* Mounts for this process alone; who is not root becomes the root of a namespace of his own. */
static bool leave_namespace(void)
{
    char users[32];
    char groups[32];
    uid_t user = geteuid();
    if (user == 0) {
        return unshare(CLONE_NEWNS) == 0;
    }
    snprintf(users, sizeof users, "0 %u 1", (unsigned)user);
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
    return unshare(CLONE_NEWNS | CLONE_NEWUSER) == 0 && write_text("/proc/self/uid_map", users) &&
           write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/gid_map", groups);
}

/* A disk of 16 MiB in place of a folder; false when the system does not allow it. */
static bool mount_small_disk(const char *folder)
{
    if (!leave_namespace() || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=16m,mode=0777") != 0) {
        print_message("skipped: no tmpfs may be mounted here: %s\n", strerror(errno));
        return false;
    }
    return true;
}

static void a_small_disk_that_is_full(void **state)
{
    fixture *place = *state;
    bbots_options options = creating();
    if (!mount_small_disk(place->folder)) {
        skip();
    }
    ordeal(place, &options, BBOTS_DISK_FULL, "53100");
}

/* Not the store fills the disk but somebody else, to the last byte. */
static void a_small_disk_that_others_fill(void **state)
{
    fixture *place = *state;
    bbots_options options = creating();
    static char block[1 << 16];
    char other[128];
    portion part = {.rows = ROOTS, .nodes = 400, .kinds = 100};
    if (!mount_small_disk(place->folder)) {
        skip();
    }
    snprintf(other, sizeof other, "%s/other", place->folder);
    place->store = open_store(place->path, &options);
    assert_ok(bbots_write(place->store, insert_roots, NULL, &fault));
    assert_ok(bbots_write(place->store, insert_portion, &part, &fault));
    int fd = open(other, O_CREAT | O_WRONLY, 0600);
    while (write(fd, block, sizeof block) > 0) {
    }
    part.rows += 500;
    int rc;
    while ((rc = bbots_write(place->store, insert_portion, &part, &fault)) == BBOTS_OK) {
        part.rows += 500;
    }
    assert_status(rc, BBOTS_DISK_FULL);
    deletes_go_through(place, (uint64_t)part.rows, BBOTS_DISK_FULL);
    close(fd);
    unlink(other);
    there_is_room_again(place->store);
}

/* What was mounted goes with the process; it stands in the way of removing the folder. */
static int teardown_small_disk(void **state)
{
    fixture *place = *state;
    if (place->store != NULL) {
        check_store(place->store);
        assert_ok(bbots_close(place->store, &fault));
        place->store = NULL;
    }
    (void)umount2(place->folder, MNT_DETACH);
    return teardown(state);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, teardown)
#define WITH_DISK(test)   cmocka_unit_test_setup_teardown(test, fixture_setup, teardown_small_disk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(a_full_file_lets_deletes_through),
        WITH_FOLDER(a_reserve_has_the_size_that_the_host_wants),
        WITH_FOLDER(a_limit_of_the_process_is_an_error_and_no_signal),
        WITH_FOLDER(a_load_that_meets_the_limit_leaves_no_trace),
        WITH_FOLDER(nothing_at_all_may_be_written),
        WITH_FOLDER(a_disk_without_blocks_lets_deletes_through),
        WITH_FOLDER(two_processes_make_the_file_larger_in_turn),
        WITH_DISK(a_small_disk_that_is_full),
        WITH_DISK(a_small_disk_that_others_fill),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
