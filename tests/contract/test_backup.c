/*
 * tests/contract/test_backup.c - proves bbots/backup.h: copies that are whole, made while others
 * write, that overwrite nothing, and a compaction that either happened or did not.
 */
#include "support/support.h"

#include <bbots/sample.h>

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
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
    snprintf(path, sizeof path, "%s-copy*", copy_path(place));
    assert_int_equal(glob(path, 0, NULL, &left), GLOB_NOMATCH);
}

/* A backup whose process was killed leaves its working file: the next one is not hindered. */
static void a_killed_backup_is_in_nobodys_way(void **state)
{
    fixture *place = *state;
    char path[160];
    place->store = open_store(place->path, &usual);
    add_nodes(place->store, 10);
    bbots_digest digest = digest_of_store(place->store);
    snprintf(path, sizeof path, "%s-copy", copy_path(place));
    FILE *left = fopen(path, "w");
    assert_non_null(left);
    fclose(left);
    assert_ok(bbots_backup(place->store, copy_path(place), &fault));
    expect_store(copy_path(place), &digest);
    assert_int_equal(unlink(path), 0); /* nor is it touched: it may be somebody's */
}

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
        CLOSED(a_backup_is_the_last_commit),       CLOSED(a_backup_overwrites_nothing),
        CLOSED(a_killed_backup_is_in_nobodys_way), CLOSED(compaction_gives_space_back),
        CLOSED(compaction_waits_for_nobody),       CLOSED(damage_is_not_copied),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
