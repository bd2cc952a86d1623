/*
 * tests/contract/test_faults.c - the system says no: a full disk, a failing one, a network file
 * system, no memory. Each is told as what it is, and the store is as it was before.
 *
 * The program puts its own functions in place of the system's: while a fault is set they fail with
 * its number. LMDB's library calls them too.
 */
#include "support/sanitizer.h"
#include "support/support.h"

#include <bbots/sample.h>

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NODES (&sample_nodes_table)

static int fault_number;
static bool network;

BBOTS_API ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    if (fault_number != 0) {
        errno = fault_number;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, data, size, offset);
}

BBOTS_API ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset)
{
    return pwrite(fd, data, size, offset);
}

BBOTS_API ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    if (fault_number != 0) {
        errno = fault_number;
        return -1;
    }
    return syscall(SYS_writev, fd, pieces, count);
}

/* What temporary files grow by (lib/base/spill.c). */
static int temporary_fault;

BBOTS_API int posix_fallocate(int fd, off_t offset, off_t size)
{
    return temporary_fault != 0                               ? temporary_fault
           : syscall(SYS_fallocate, fd, 0, offset, size) == 0 ? 0
                                                              : errno;
}

static off_t allocated; /* up to here the file's blocks were asked for */

BBOTS_API int fallocate(int fd, int mode, off_t offset, off_t size)
{
    allocated = offset + size > allocated ? offset + size : allocated;
    return (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

BBOTS_API int fstatfs(int fd, struct statfs *status)
{
    int rc = (int)syscall(SYS_fstatfs, fd, status);
    if (network) {
        status->f_type = 0x6969; /* NFS */
    }
    return rc;
}

static bbots_options creating_options(void)
{
    bbots_options options = {.schema = &bbots_sample_schema, .flags = BBOTS_OPEN_CREATE};
    return options;
}

/* A commit that meets the fault says so, is not there, and the next one works. */
static void commit_with_fault(fixture *place, int number, int expected)
{
    bbots_options options = creating_options();
    place->store = open_store(place->path, &options);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, NODES, "label", string("before")));
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, NODES, "label", string("lost")));
    fault_number = number;
    int rc = bbots_commit(txn, &fault);
    fault_number = 0;
    assert_status(rc, expected);
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &options);
    txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(count_of(txn, NODES), 1);
    assert_ok(insert_named(txn, NODES, "label", string("after")));
    commit(txn);
    check_store(place->store);
}

static void a_full_disk_refuses_the_commit(void **state)
{
    fixture *place = *state;
    commit_with_fault(place, ENOSPC, BBOTS_DISK_FULL);
}

static void a_failing_disk_refuses_the_commit(void **state)
{
    fixture *place = *state;
    commit_with_fault(place, EIO, BBOTS_IO);
}

/* Why a write failed is found out within the process's limit: beyond it some file systems send a signal. */
static void a_failing_disk_is_asked_within_the_limit(void **state)
{
    fixture *place = *state;
    bbots_options options = creating_options();
    struct rlimit before;
    options.reserve_bytes = 4096;
    place->store = open_store(place->path, &options);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, NODES, "label", string("lost")));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit limit = {.rlim_cur = (1u << 20), .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    allocated = 0;
    fault_number = EIO;
    int rc = bbots_commit(txn, &fault);
    fault_number = 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_status(rc, BBOTS_IO);
    assert_in_range(allocated, 1, 1u << 20);
}

/* A file that is being made is its maker's alone, so a copy may lie anywhere. */
static void a_copy_may_lie_on_a_network_file_system(void **state)
{
    fixture *place = *state;
    char copy[sizeof place->path + 8];
    char saved[sizeof place->path + 8];
    bbots_salvage_result result;
    snprintf(copy, sizeof copy, "%s-copy", place->path);
    snprintf(saved, sizeof saved, "%s-saved", place->path);
    place->store = make_store(place->path, &bbots_sample_schema);
    network = true;
    int backed_up = bbots_backup(place->store, copy, &fault);
    int salvaged = bbots_salvage(place->path, saved, NULL, &result, NULL);
    network = false;
    assert_ok(backed_up);
    assert_int_equal(salvaged, BBOTS_OK);
}

static void a_network_file_system_is_refused_unless_forced(void **state)
{
    fixture *place = *state;
    bbots_options options = creating_options();
    bbots_store *store;
    assert_ok(bbots_open(place->path, &options, &store, &fault));
    assert_ok(bbots_close(store, &fault));
    network = true;
    int refused = bbots_open(place->path, &options, &store, &fault);
    options.flags |= BBOTS_OPEN_NETWORK;
    int forced = bbots_open(place->path, &options, &store, NULL);
    network = false;
    assert_status(refused, BBOTS_NETWORK_FILE_SYSTEM);
    assert_status(forced, BBOTS_OK);
    check_store(store);
    assert_ok(bbots_close(store, &fault));
}

/* A cascade whose plan needs a temporary file. */
static void insert_many(bbots_txn *txn)
{
    assert_ok(insert_named(txn, NODES, "label", string("root")));
    for (int i = 0; i < 200000; i++) {
        assert_ok(insert_named(txn, NODES, "parent", integer(1)));
    }
}

static void a_plan_without_a_temporary_file_changes_nothing(void **state)
{
    fixture *place = *state;
    bbots_options options = creating_options();
    bbots_explanation *explained = NULL;
    bbots_deleted deleted;
    bbots_value key = integer(1);
    place->store = open_store(place->path, &options);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    insert_many(txn);
    bbots_digest before = digest_of(txn);
    temporary_fault = ENOSPC;
    assert_status(delete_id(txn, NODES, 1, &deleted), BBOTS_DISK_FULL);
    temporary_fault = EFBIG;
    assert_status(delete_id(txn, NODES, 1, &deleted), BBOTS_DISK_FULL);
    temporary_fault = EIO;
    assert_status(delete_id(txn, NODES, 1, &deleted), BBOTS_IO);
    assert_status(bbots_explain_delete(txn, NODES, 0, &key, &explained, &fault), BBOTS_IO);
    temporary_fault = 0;
    assert_null(explained);
    assert_int_equal(deleted.rows, 0);
    assert_digest(txn, before);
    assert_ok(delete_id(txn, NODES, 1, &deleted));
    assert_int_equal(deleted.cascaded, 200000);
    commit(txn);
}

/* A savepoint whose notes find no room: the change cannot be taken back any more, so the
 * transaction is broken, and its rollback leaves all as it was. */
static void notes_without_a_temporary_file_break_the_transaction(void **state)
{
    fixture *place = *state;
    bbots_options options = creating_options();
    size_t size = (size_t)30 << 20;
    char *text = calloc(1, size);
    assert_non_null(text);
    memset(text, 'a', size);
    place->store = open_store(place->path, &options);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_savepoint(txn, "a", &fault));
    temporary_fault = ENOSPC;
    int rc = BBOTS_OK;
    for (int i = 0; i < 3 && rc == BBOTS_OK; i++) {
        rc = insert_named(txn, NODES, "label", bbots_value_of_bytes(BBOTS_TEXT, text, size));
    }
    temporary_fault = 0;
    free(text);
    assert_status(rc, BBOTS_DISK_FULL);
    assert_status(bbots_savepoint_rollback(txn, "a", &fault), BBOTS_TRANSACTION_BROKEN);
    bbots_rollback(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(count_of(txn, NODES), 0);
    commit(txn);
}

#if !SANITIZED /* whose own memory counts against the limit */
static int pack_with_little_memory(void *context)
{
    struct rlimit limit = {UINT64_C(300) << 20, UINT64_C(300) << 20};
    bbots_text text = {context, UINT64_C(60) << 20};
    void *packed;
    size_t size;
    bbots_error error;
    setrlimit(RLIMIT_AS, &limit);
    return bbots_json_pack(text, &packed, &size, &error) == BBOTS_NO_MEMORY ? 0 : 1;
}

static void exhausted_memory_is_told(void **state)
{
    (void)state;
    size_t size = (size_t)60 << 20;
    char *text = malloc(size);
    assert_non_null(text);
    for (size_t i = 0; i < size; i += 2) {
        text[i] = i == 0 ? '[' : '1';
        text[i + 1] = ',';
    }
    text[1] = '1';
    text[2] = ',';
    text[3] = '1';
    text[size - 1] = ']';
    text[size - 2] = '1';
    assert_int_equal(in_child(pack_with_little_memory, text), 0);
    free(text);
}

/* Less than the map that is asked for at first: a smaller one does, also for a new file. */
static int make_in_little_space(void *context)
{
    struct rlimit limit = {UINT64_C(8) << 30, UINT64_C(8) << 30};
    bbots_options options = {.schema = &bbots_sample_schema, .flags = BBOTS_OPEN_CREATE};
    bbots_error error;
    bbots_store *store;
    setrlimit(RLIMIT_AS, &limit);
    for (int i = 0; i < 2; i++) { /* it is made, and opened again */
        if (bbots_open(context, &options, &store, &error) != BBOTS_OK ||
            bbots_close(store, &error) != BBOTS_OK) {
            fprintf(stderr, "%s\n", error.message);
            return 1;
        }
    }
    return 0;
}

/* Labels until the map is half full, and then until a transaction is refused. */
static int add_labels(bbots_store *store, bool half, bbots_error *error)
{
    static char label[9000];
    int rc = BBOTS_OK;
    bbots_stat stat = {.used_bytes = 0};
    memset(label, 'x', sizeof label - 1);
    while (rc == BBOTS_OK && (!half || stat.used_bytes <= stat.map_bytes / 2)) {
        bbots_txn *txn;
        rc = bbots_begin(store, BBOTS_WRITE, &txn, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
        for (int i = 0; i < 10 && rc == BBOTS_OK; i++) {
            rc = insert_named(txn, NODES, "label", string(label));
        }
        if (rc == BBOTS_OK) {
            rc = bbots_commit(txn, error);
        } else {
            bbots_rollback(txn);
        }
        rc = rc == BBOTS_OK ? bbots_store_stat(store, &stat, error) : rc;
    }
    return rc;
}

static uint64_t address_space(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    int got = fscanf(file, "%llu", &pages);
    fclose(file);
    return got == 1 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static unsigned maps_refused;

BBOTS_API void *mmap(void *where, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (maps_refused > 0 && --maps_refused == 0) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, where, size, protection, flags, fd, offset);
}

BBOTS_API void *mmap64(void *where, size_t size, int protection, int flags, int fd, off_t offset)
{
    return mmap(where, size, protection, flags, fd, offset);
}

#define EXPECT(condition)                                                                          \
    if (!(condition)) {                                                                            \
        return __LINE__ % 200 + 20;                                                                \
    }

/* A map that cannot grow serves as long as it has room, and grows when there is space again. */
static int grow_in_little_space(void *context)
{
    struct rlimit before;
    struct rlimit limit;
    bbots_options options = {
        .schema = &bbots_sample_schema, .flags = BBOTS_OPEN_CREATE, .map_bytes = 32u << 20};
    bbots_error error;
    bbots_store *store;
    bbots_txn *txn;
    bbots_stat stat;
    EXPECT(bbots_open(context, &options, &store, &error) == BBOTS_OK);
    EXPECT(add_labels(store, true, &error) == BBOTS_OK);
    EXPECT(getrlimit(RLIMIT_AS, &before) == 0);
    limit = before;
    limit.rlim_cur = address_space() + (16u << 20);
    EXPECT(setrlimit(RLIMIT_AS, &limit) == 0);
    EXPECT(add_labels(store, false, &error) == BBOTS_MAP_FULL);
    EXPECT(bbots_begin(store, BBOTS_WRITE, &txn, &error) == BBOTS_NO_MEMORY);
    EXPECT(error.message[0] != '\0');
    EXPECT(bbots_begin(store, BBOTS_READ, &txn, &error) == BBOTS_OK);
    bbots_rollback(txn);
    EXPECT(setrlimit(RLIMIT_AS, &before) == 0);
    EXPECT(add_labels(store, true, &error) == BBOTS_OK);
    EXPECT(bbots_store_stat(store, &stat, &error) == BBOTS_OK && stat.map_bytes > 32u << 20);
    return bbots_close(store, &error);
}

/* Nor is it a crash when the space went while the map moved. */
static int lose_the_map(void *context)
{
    bbots_options options = {.schema = &bbots_sample_schema, .map_bytes = 8u << 20};
    bbots_error error;
    bbots_store *store;
    bbots_txn *txn;
    bbots_stat stat;
    EXPECT(bbots_open(context, &options, &store, &error) == BBOTS_OK);
    EXPECT(bbots_begin(store, BBOTS_READ, &txn, &error) == BBOTS_OK);
    bbots_rollback(txn);
    maps_refused = 2; /* the second: LMDB's */
    int rc = add_labels(store, false, &error);
    EXPECT(maps_refused == 0);
    EXPECT(rc == BBOTS_NO_MEMORY);
    EXPECT(bbots_store_stat(store, &stat, &error) == BBOTS_NO_MEMORY);
    EXPECT(bbots_begin(store, BBOTS_READ, &txn, &error) == BBOTS_NO_MEMORY);
    EXPECT(bbots_begin(store, BBOTS_WRITE, &txn, &error) == BBOTS_NO_MEMORY);
    EXPECT(strstr(error.message, "open it again") != NULL);
    EXPECT(bbots_close(store, &error) == BBOTS_OK);
    EXPECT(bbots_open(context, &options, &store, &error) == BBOTS_OK);
    EXPECT(add_labels(store, true, &error) == BBOTS_OK);
    return bbots_close(store, &error);
}

static void a_map_that_cannot_grow_kills_nobody(void **state)
{
    fixture *place = *state;
    assert_int_equal(in_child(grow_in_little_space, place->path), 0);
    assert_int_equal(in_child(lose_the_map, place->path), 0);
    place->store = open_store(place->path, NULL);
}

static void a_store_is_made_in_little_address_space(void **state)
{
    fixture *place = *state;
    assert_int_equal(in_child(make_in_little_space, place->path), 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_disk_refuses_the_commit, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_failing_disk_refuses_the_commit, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_network_file_system_is_refused_unless_forced,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_failing_disk_is_asked_within_the_limit, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_copy_may_lie_on_a_network_file_system, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_plan_without_a_temporary_file_changes_nothing,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(notes_without_a_temporary_file_break_the_transaction,
                                        fixture_setup, fixture_teardown),
#if !SANITIZED
        cmocka_unit_test(exhausted_memory_is_told),
        cmocka_unit_test_setup_teardown(a_map_that_cannot_grow_kills_nobody, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_store_is_made_in_little_address_space, fixture_setup,
                                        fixture_teardown),
#endif
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
