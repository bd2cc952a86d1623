/*
 * Files belong to whoever made them: a store and its lock file are 0600 whatever the umask allows, who is
 * given a right to the store has it to its lock file, and no link that stands in the way is followed
 * when one is made.
 */
#include "support/support.h"

#include <bbots/sample.h>

#include <sys/stat.h>
#include <unistd.h>

static mode_t mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 07777;
}

static void a_store_is_its_owners_alone(void **state)
{
    fixture *place = *state;
    char lock[128];
    snprintf(lock, sizeof lock, "%s-lock", place->path);
    mode_t before = umask(0);
    place->store = make_store(place->path, &bbots_sample_schema);
    umask(before);
    assert_int_equal(mode_of(place->path), 0600);
    assert_int_equal(mode_of(lock), 0600);
}

static void who_may_use_a_store_may_use_its_lock_file(void **state)
{
    fixture *place = *state;
    char lock[128];
    snprintf(lock, sizeof lock, "%s-lock", place->path);
    assert_ok(bbots_close(make_store(place->path, &bbots_sample_schema), &fault));
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(chmod(place->path, 0660), 0);
    mode_t before = umask(0);
    place->store = open_store(place->path, NULL);
    umask(before);
    assert_int_equal(mode_of(lock), 0660);
}

static void no_link_is_followed_to_a_new_file(void **state)
{
    fixture *place = *state;
    char target[128];
    bbots_options options = {.schema = &bbots_sample_schema, .flags = BBOTS_OPEN_CREATE};
    snprintf(target, sizeof target, "%s/elsewhere", place->folder);
    assert_int_equal(symlink(target, place->path), 0);
    assert_true(bbots_open(place->path, &options, &place->store, &fault) < 0);
    options.flags |= BBOTS_OPEN_EXCLUSIVE;
    assert_status(bbots_open(place->path, &options, &place->store, &fault), BBOTS_FILE_EXISTS);
    assert_int_equal(access(target, F_OK), -1);
    assert_int_equal(unlink(place->path), 0);
}

static void no_link_is_followed_to_a_lock_file(void **state)
{
    fixture *place = *state;
    char target[128];
    char lock[128];
    bbots_options options = {.schema = &bbots_sample_schema};
    snprintf(target, sizeof target, "%s/elsewhere", place->folder);
    snprintf(lock, sizeof lock, "%s-lock", place->path);
    place->store = make_store(place->path, &bbots_sample_schema);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(symlink(target, lock), 0);
    assert_status(bbots_open(place->path, &options, &place->store, &fault), BBOTS_ACCESS_DENIED);
    assert_int_equal(access(target, F_OK), -1);
    assert_int_equal(unlink(lock), 0);
    place->store = open_store(place->path, &options);
}

int main(void)
{
#define mode_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        mode_test(a_store_is_its_owners_alone),
        mode_test(who_may_use_a_store_may_use_its_lock_file),
        mode_test(no_link_is_followed_to_a_new_file),
        mode_test(no_link_is_followed_to_a_lock_file),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
