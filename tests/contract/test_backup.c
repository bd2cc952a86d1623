/*
 * tests/contract/test_backup.c - proves bbots/backup.h: copies that are whole, made while others
 * write, that overwrite nothing, and a compaction that either happened or did not.
 */
#include "support/support.h"

#include <bbots/sample.h>

#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODES (&sample_nodes_table)

static const bbots_options usual = {.schema = &bbots_sample_schema};

static void add_nodes(bbots_store *store, int count)
{
    static char label[300];
    memset(label, 'x', sizeof label - 1);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (int i = 0; i < count; i++) {
        assert_ok(insert_named(txn, NODES, "label", string(label)));
    }
    commit(txn);
}

static void delete_nodes(bbots_store *store, int from, int to)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (int i = from; i < to; i++) {
        assert_ok(delete_id(txn, NODES, i, NULL));
    }
    commit(txn);
}

static bbots_digest digest_of_store(bbots_store *store)
{
    bbots_txn *txn = begin(store, BBOTS_READ);
    bbots_digest digest = digest_of(txn);
    commit(txn);
    return digest;
}

static char *copy_path(const fixture *place)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/copy", place->folder);
    return path;
}

static void expect_store(const char *path, const bbots_digest *digest)
{
    bbots_store *store = open_store(path, &usual);
    bbots_digest found = digest_of_store(store);
    assert_memory_equal(&found, digest, sizeof found);
    check_store(store);
    add_nodes(store, 1); /* a copy is a store like any other */
    check_store(store);
    assert_ok(bbots_close(store, &fault));
}

static void a_backup_is_the_last_commit(void **state)
{
    fixture *place = *state;
    struct stat status;
    place->store = open_store(place->path, &usual);
    add_nodes(place->store, 3000);
    delete_nodes(place->store, 100, 1500);
    bbots_digest digest = digest_of_store(place->store);
    /* What is written meanwhile and not committed is not in it. */
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, NODES, "label", string("later")));
    assert_ok(bbots_backup(place->store, copy_path(place), &fault));
    commit(txn);
    assert_int_equal(stat(copy_path(place), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    expect_store(copy_path(place), &digest);
}

static void a_backup_overwrites_nothing(void **state)
{
    fixture *place = *state;
    char path[160];
    glob_t left;
    place->store = open_store(place->path, &usual);
    add_nodes(place->store, 10);
    assert_ok(bbots_backup(place->store, copy_path(place), &fault));
    assert_status(bbots_backup(place->store, copy_path(place), &fault), BBOTS_FILE_EXISTS);
    assert_status(bbots_backup(place->store, place->path, &fault), BBOTS_FILE_EXISTS);
    assert_status(bbots_backup(place->store, "/nowhere/at/all", &fault), BBOTS_FILE_MISSING);
    snprintf(path, sizeof path, "%s/bbots-new-*", place->folder);
    assert_int_equal(glob(path, 0, NULL, &left), GLOB_NOMATCH);
}

/* ------------------------------------------------------------------ what killed makers left */

static char *in_folder(const fixture *place, const char *name, char path[160])
{
    snprintf(path, 160, "%s/%s", place->folder, name);
    return path;
}

static void leave(const fixture *place, const char *name)
{
    char path[160];
    int fd = open(in_folder(place, name, path), O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "half", 4), 4);
    close(fd);
}

static bool is_there(const fixture *place, const char *name)
{
    char path[160];
    struct stat status;
    return lstat(in_folder(place, name, path), &status) == 0;
}

/* The lock that a maker holds (docs/format.md), on a file of that name. */
static int hold(const fixture *place, const char *name)
{
    char path[160];
    struct flock lock = {.l_type = F_WRLCK, .l_start = (INT64_C(1) << 61) + 2, .l_len = 1};
    int fd = open(in_folder(place, name, path), O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    return fd;
}

static void make_backup(const fixture *place)
{
    char path[160];
    unlink(copy_path(place));
    unlink(in_folder(place, "copy-lock", path));
    assert_ok(bbots_backup(place->store, copy_path(place), &fault));
}

/* Working files on which nobody works are removed by the next maker in the folder, and nothing else is. */
static void what_killed_makers_left_is_removed(void **state)
{
    static const char *const others[] = {"bbots-new-cccccc.txt", "bbots-new-ccc", "new", "target"};
    fixture *place = *state;
    char path[160];
    place->store = open_store(place->path, &usual);
    add_nodes(place->store, 10);
    leave(place, "bbots-new-aaaaaa");
    leave(place, "bbots-new-aaaaaa-lock");
    leave(place, "bbots-new-bbbbbb");
    leave(place, "bbots-new-bbbbbb-lock");
    for (size_t i = 0; i < COUNT(others); i++) {
        leave(place, others[i]);
    }
    assert_int_equal(mkdir(in_folder(place, "bbots-new-dddddd", path), 0700), 0);
    assert_int_equal(symlink("target", in_folder(place, "bbots-new-eeeeee", path)), 0);
    int fd = hold(place, "bbots-new-bbbbbb");
    make_backup(place);
    assert_false(is_there(place, "bbots-new-aaaaaa"));
    assert_false(is_there(place, "bbots-new-aaaaaa-lock"));
    assert_true(is_there(place, "bbots-new-bbbbbb") && is_there(place, "bbots-new-bbbbbb-lock"));
    close(fd); /* its maker died */
    make_backup(place);
    assert_false(is_there(place, "bbots-new-bbbbbb") || is_there(place, "bbots-new-bbbbbb-lock"));
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_true(is_there(place, others[i]));
        unlink(in_folder(place, others[i], path));
    }
    assert_true(is_there(place, "bbots-new-eeeeee"));
    unlink(in_folder(place, "bbots-new-eeeeee", path));
    assert_int_equal(rmdir(in_folder(place, "bbots-new-dddddd", path)), 0);
}

/* A store of such a name would be taken for one. */
static void no_store_has_a_working_files_name(void **state)
{
    fixture *place = *state;
    char path[160];
    bbots_options creating = usual;
    bbots_store *store;
    creating.flags = BBOTS_OPEN_CREATE;
    in_folder(place, "bbots-new-backup", path);
    assert_status(bbots_open(path, &creating, &store, &fault), BBOTS_INVALID_ARGUMENT);
    place->store = open_store(place->path, &usual);
    assert_status(bbots_backup(place->store, path, &fault), BBOTS_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.message, "bbots-new-"));
    assert_int_not_equal(access(path, F_OK), 0);
    assert_ok(bbots_close(place->store, &fault));
    assert_int_equal(rename(place->path, path), 0);
    assert_status(bbots_compact(path, NULL, NULL, &fault), BBOTS_INVALID_ARGUMENT);
    assert_int_equal(rename(path, place->path), 0);
    place->store = open_store(place->path, &usual);
    in_folder(place, "bbots-new-backups", path); /* a letter more */
    assert_ok(bbots_backup(place->store, path, &fault));
    assert_ok(bbots_backup(place->store, copy_path(place), &fault));
    assert_int_equal(access(path, F_OK), 0);
}

/* One of a longer name could be made, and never opened. */
static void a_stores_name_leaves_room_for_its_lock_files(void **state)
{
    fixture *place = *state;
    char path[400];
    char name[256];
    bbots_options creating = usual;
    bbots_store *store;
    creating.flags = BBOTS_OPEN_CREATE;
    memset(name, 'n', sizeof name);
    name[251] = '\0';
    snprintf(path, sizeof path, "%s/%s", place->folder, name);
    assert_status(bbots_open(path, &creating, &store, &fault), BBOTS_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.message, "250 bytes"));
    assert_int_not_equal(access(path, F_OK), 0);
    path[strlen(path) - 1] = '\0';
    assert_ok(bbots_open(path, &creating, &store, &fault));
    assert_ok(bbots_close(store, &fault));
    assert_ok(bbots_compact(path, NULL, NULL, &fault));
    store = open_store(path, &usual);
    check_store(store);
    assert_ok(bbots_close(store, &fault));
    unlink(path);
    strcat(path, "-lock");
    unlink(path);
}

/* Makes stores in the folder for a while; 0, or what went wrong. */
static int make_many(const fixture *place, char name)
{
    char path[160];
    char lock[168];
    snprintf(path, sizeof path, "%s/made-%c", place->folder, name);
    snprintf(lock, sizeof lock, "%s-lock", path);
    for (int i = 0; i < 60; i++) {
        bbots_options options = {.schema = &bbots_sample_schema, .flags = BBOTS_OPEN_CREATE};
        bbots_store *made;
        bbots_error error;
        int rc = bbots_open(path, &options, &made, &error);
        if (rc == BBOTS_OK) {
            rc = bbots_close(made, &error);
        }
        if (rc != BBOTS_OK) {
            fprintf(stderr, "%s\n", error.message);
            return 1;
        }
        unlink(path);
        unlink(lock);
    }
    return 0;
}

static void makers_do_not_disturb_each_other(void **state)
{
    fixture *place = *state;
    char path[160];
    glob_t left;
    pid_t children[3];
    int status;
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            _exit(make_many(place, (char)('a' + i)));
        }
    }
    place->store = open_store(place->path, &usual);
    for (int i = 0; i < 20; i++) {
        make_backup(place);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(glob(in_folder(place, "bbots-new-*", path), 0, NULL, &left), GLOB_NOMATCH);
}

/* ------------------------------------------------------------------ compaction */

static void compaction_gives_space_back(void **state)
{
    fixture *place = *state;
    struct stat status;
    uint64_t before;
    uint64_t after;
    place->store = open_store(place->path, &usual);
    add_nodes(place->store, 3000);
    delete_nodes(place->store, 100, 2900);
    bbots_digest digest = digest_of_store(place->store);
    assert_status(bbots_compact(place->path, NULL, NULL, &fault), BBOTS_ALREADY_OPEN);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    assert_int_equal(chmod(place->path, 0640), 0);
    assert_ok(bbots_compact(place->path, &before, &after, &fault));
    assert_true(after < before / 2);
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal((uint64_t)status.st_size, after);
    assert_int_equal(status.st_mode & 0777, 0640);
    expect_store(place->path, &digest);
    /* Again, and again. */
    assert_ok(bbots_compact(place->path, NULL, NULL, &fault));
    assert_ok(bbots_compact(place->path, NULL, NULL, &fault));
    place->store = open_store(place->path, &usual);
}

/* Root, who compacts another one's file, must not lock him out; he who shares it by its group, the group. */
static int compact_as_one_of_the_group(void *context)
{
    gid_t group = 65533;
    if (setgroups(1, &group) != 0 || setgid(1234) != 0 || setuid(1234) != 0) {
        return 2;
    }
    return bbots_compact(context, NULL, NULL, &fault) == BBOTS_OK ? 0 : 1;
}

static int compact_as_anybody(void *context)
{
    if (setgroups(0, NULL) != 0 || setgid(1234) != 0 || setuid(1234) != 0) {
        return 2;
    }
    return bbots_compact(context, NULL, NULL, &fault) == BBOTS_ACCESS_DENIED ? 0 : 1;
}

static void a_compacted_file_keeps_its_owner_and_group(void **state)
{
    fixture *place = *state;
    char path[160];
    char lock[128];
    glob_t left;
    struct stat status;
    if (getuid() != 0) {
        skip();
    }
    snprintf(lock, sizeof lock, "%s-lock", place->path);
    assert_int_equal(chown(place->path, 65534, 65533), 0);
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(chmod(place->path, 0660), 0);
    assert_int_equal(chmod(place->folder, 0777), 0);
    assert_ok(bbots_compact(place->path, NULL, NULL, &fault));
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_uid, 65534);
    assert_int_equal(status.st_gid, 65533);
    assert_int_equal(status.st_mode & 0777, 0660);
    assert_int_equal(in_child(compact_as_one_of_the_group, place->path), 0);
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_gid, 65533);
    assert_int_equal(status.st_mode & 0777, 0660);
    assert_int_equal(chmod(place->path, 0666), 0);
    assert_int_equal(chmod(lock, 0666), 0);
    assert_int_equal(in_child(compact_as_anybody, place->path), 0);
    assert_int_equal(glob(in_folder(place, "bbots-new-*", path), 0, NULL, &left), GLOB_NOMATCH);
    place->store = open_store(place->path, &usual);
}

static int compact_elsewhere(void *context)
{
    return bbots_compact(context, NULL, NULL, NULL) == BBOTS_BUSY ? 0 : 1;
}

static void compaction_waits_for_nobody(void **state)
{
    fixture *place = *state;
    place->store = open_store(place->path, &usual);
    add_nodes(place->store, 10);
    assert_int_equal(in_child(compact_elsewhere, place->path), 0);
    add_nodes(place->store, 10);
}

/* A damaged row is in no copy: the file stays as it is. */
static void damage_is_not_copied(void **state)
{
    fixture *place = *state;
    struct stat status;
    place->store = open_store(place->path, &usual);
    add_nodes(place->store, 300);
    assert_ok(bbots_close(place->store, &fault));
    assert_int_equal(stat(place->path, &status), 0);
    char *data = malloc((size_t)status.st_size);
    int fd = open(place->path, O_RDWR);
    assert_int_equal(pread(fd, data, (size_t)status.st_size, 0), status.st_size);
    unsigned changed = 0;
    for (off_t at = status.st_size - 200; at > 8192; at--) { /* one letter of each row */
        if (memcmp(data + at, "xxxxxxxxxxxxxxxxxxxxxxxx", 24) == 0) {
            assert_int_equal(pwrite(fd, "y", 1, at), 1);
            changed++;
            at -= 3000;
        }
    }
    assert_true(changed > 5);
    close(fd);
    place->store = open_store(place->path, &usual);
    assert_status(bbots_backup(place->store, copy_path(place), &fault), BBOTS_CORRUPTED);
    assert_int_equal(access(copy_path(place), F_OK), -1);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    assert_status(bbots_compact(place->path, NULL, NULL, &fault), BBOTS_CORRUPTED);
    free(data);
}

static int close_first(void **state)
{
    int rc = fixture_setup_store(state);
    fixture *place = *state;
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    return rc;
}

#define CLOSED(name) cmocka_unit_test_setup_teardown(name, close_first, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLOSED(a_backup_is_the_last_commit),
        CLOSED(a_backup_overwrites_nothing),
        CLOSED(what_killed_makers_left_is_removed),
        CLOSED(no_store_has_a_working_files_name),
        CLOSED(a_stores_name_leaves_room_for_its_lock_files),
        CLOSED(makers_do_not_disturb_each_other),
        CLOSED(compaction_gives_space_back),
        CLOSED(a_compacted_file_keeps_its_owner_and_group),
        CLOSED(compaction_waits_for_nobody),
        CLOSED(damage_is_not_copied),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
