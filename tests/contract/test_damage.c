/*
 * tests/contract/test_damage.c - proves that a file is looked at before it is trusted: what a torn
 * meta page, an unclean end and damaged pages lead to (bbots/store.h, "bbots_open").
 *
 * Files are damaged byte by byte and opened in this process: a crash would be the wrong answer, and
 * would be seen.
 */
#include "support/support.h"

#include <bbots/diamonds.h>
#include <bbots/sample.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define NODES (&sample_nodes_table)
#define PAGE  4096

static unsigned char *read_file(const char *path, size_t *size)
{
    struct stat status;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &status), 0);
    *size = (size_t)status.st_size;
    unsigned char *data = malloc(*size);
    assert_non_null(data);
    assert_int_equal(read(fd, data, *size), *size);
    close(fd);
    return data;
}

static void write_file(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
    close(fd);
}

static void add_nodes(bbots_store *store, int count)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (int i = 0; i < count; i++) {
        assert_ok(insert_named(txn, NODES, "label", string("some text that fills pages")));
    }
    commit(txn);
}

/* A store of several commits; *last and *before are the digests of the last two. */
static void make_commits(const char *path, bbots_digest *last, bbots_digest *before)
{
    bbots_store *store = make_store(path, &bbots_sample_schema);
    add_nodes(store, 300);
    add_nodes(store, 1);
    bbots_txn *txn = begin(store, BBOTS_READ);
    *before = digest_of(txn);
    commit(txn);
    add_nodes(store, 1);
    txn = begin(store, BBOTS_READ);
    *last = digest_of(txn);
    commit(txn);
    assert_ok(bbots_close(store, &fault));
}

/* Opens; *digest is of what is found, *opened what it took. */
static int open_and_look(const char *path, uint32_t flags, bbots_digest *digest, uint32_t *opened)
{
    bbots_options options = {.flags = flags};
    bbots_store *store;
    bbots_stat stat;
    int rc = bbots_open(path, &options, &store, &fault);
    if (rc == BBOTS_OK) {
        assert_ok(bbots_store_stat(store, &stat, &fault));
        *opened = stat.opened;
        bbots_check_result result;
        bbots_txn *txn = begin(store, BBOTS_READ);
        *digest = digest_of(txn);
        /* A note is no finding: the number of the last page may be too great, which harms nobody. */
        assert_ok(bbots_check(txn, NULL, &result, &fault));
        assert_int_equal(result.damage + result.derived, 0);
        commit(txn);
        assert_ok(bbots_close(store, &fault));
    }
    return rc;
}

static bool same(const bbots_digest *a, const bbots_digest *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ------------------------------------------------------------------ meta pages */

/*
 * Each byte of both meta pages is changed in three ways. The file opens with the last commit's
 * state; or, when the newer page was hit, with the one before, and says so; or is refused.
 */
static void a_torn_meta_page_is_repaired_from_the_other(void **state)
{
    fixture *place = *state;
    static const unsigned char ways[] = {0x01, 0x80, 0xff};
    bbots_digest last;
    bbots_digest before;
    bbots_digest found;
    size_t size;
    unsigned whole = 0;
    unsigned back = 0;
    unsigned refused = 0;
    make_commits(place->path, &last, &before);
    unsigned char *data = read_file(place->path, &size);
    for (size_t at = 0; at < 2 * 152; at++) {
        for (size_t way = 0; way < COUNT(ways); way++) {
            size_t offset = at / 152 * PAGE + at % 152;
            uint32_t opened = 0;
            data[offset] ^= ways[way];
            write_file(place->path, data, size);
            data[offset] ^= ways[way];
            int rc = open_and_look(place->path, BBOTS_OPEN_VERIFY, &found, &opened);
            if (rc == BBOTS_OK && same(&found, &last)) {
                whole++;
            } else if (rc == BBOTS_OK && same(&found, &before)) {
                assert_true((opened & BBOTS_OPENED_WENT_BACK) != 0);
                back++;
            } else {
                assert_int_equal(rc, BBOTS_CORRUPTED);
                refused++;
            }
            /* What was repaired needs no repair again. */
            if (rc == BBOTS_OK) {
                assert_ok(open_and_look(place->path, BBOTS_OPEN_VERIFY, &found, &opened));
                assert_int_equal(opened, BBOTS_OPENED_WALKED);
            }
        }
    }
    free(data);
    print_message("%u as before, %u one commit back and told, %u refused\n", whole, back, refused);
    assert_true(whole > 600 && refused < 200);
}

/* ------------------------------------------------------------------ a power cut after a relaxed commit */

static uint64_t number_at(const unsigned char *data, size_t offset)
{
    uint64_t number;
    memcpy(&number, data + offset, sizeof number);
    return number;
}

/*
 * Commits 1, 2, 3, 4, of which 3 was relaxed: its meta page may not be on the disk when the power fails
 * during commit 4, which writes over pages that 1 alone used. Then the file is as after commit 2,
 * and what the older meta page leads to is a mixture, which may even say that it is of commit 4.
 */
static void a_state_that_is_being_overwritten_is_not_taken_for_the_last(void **state)
{
    fixture *place = *state;
    bbots_digest last;
    bbots_digest found;
    uint32_t opened;
    size_t size;
    place->store = make_store(place->path, &bbots_diamonds_schema);
    for (int id = 1; id < 5; id++) {
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        assert_ok(insert_named(txn, &diamonds_tops_table, "id", integer(id)));
        commit(txn);
        txn = begin(place->store, BBOTS_READ);
        last = digest_of(txn);
        commit(txn);
    }
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    unsigned char *data = read_file(place->path, &size);
    size_t older = number_at(data, 144) < number_at(data, PAGE + 144) ? 0 : PAGE;
    unsigned char *root = data + number_at(data, older + 128) * PAGE; /* of the main tree */
    unsigned char *key = memmem(root, PAGE, "@commit", 7);
    while (key != NULL && number_at(key, 7) != number_at(data, older + 144)) {
        key = memmem(key + 1, (size_t)(root + PAGE - key - 1), "@commit",
                     7); /* one was left behind */
    }
    assert_non_null(key);
    key[7] = (unsigned char)(key[7] + 3);
    write_file(place->path, data, size);
    assert_ok(open_and_look(place->path, BBOTS_OPEN_VERIFY, &found, &opened));
    assert_true(same(&found, &last));
    assert_int_equal(opened, BBOTS_OPENED_WALKED);
    free(data);
}

static void a_meta_page_of_zeros_is_repaired(void **state)
{
    fixture *place = *state;
    bbots_digest last;
    bbots_digest before;
    bbots_digest found;
    size_t size;
    make_commits(place->path, &last, &before);
    unsigned char *data = read_file(place->path, &size);
    for (size_t page = 0; page < 2; page++) {
        uint32_t opened;
        unsigned char kept[PAGE];
        memcpy(kept, data + page * PAGE, PAGE);
        memset(data + page * PAGE, 0, PAGE);
        write_file(place->path, data, size);
        assert_ok(open_and_look(place->path, 0, &found, &opened));
        assert_true((opened & BBOTS_OPENED_META_REPAIRED) != 0);
        assert_true(same(&found, &last) || (opened & BBOTS_OPENED_WENT_BACK) != 0);
        memcpy(data + page * PAGE, kept, PAGE);
    }
    memset(data, 0, 2 * PAGE);
    write_file(place->path, data, size);
    uint32_t opened;
    assert_status(open_and_look(place->path, 0, &found, &opened), BBOTS_NOT_A_STORE);
    free(data);
}

/* The root page of the newest main tree. */
static size_t newest_root(const unsigned char *data)
{
    uint64_t transactions[2];
    uint64_t root;
    memcpy(&transactions[0], data + 144, 8);
    memcpy(&transactions[1], data + PAGE + 144, 8);
    memcpy(&root, data + (transactions[1] > transactions[0] ? PAGE : 0) + 128, 8);
    return (size_t)root;
}

/* A commit that was acknowledged is not given up unless somebody asks for it. */
static void the_last_commit_is_given_up_only_when_asked_for(void **state)
{
    fixture *place = *state;
    bbots_digest last;
    bbots_digest before;
    bbots_digest found;
    size_t size;
    uint32_t opened;
    make_commits(place->path, &last, &before);
    unsigned char *data = read_file(place->path, &size);
    data[newest_root(data) * PAGE + 10] ^= 0xff;
    write_file(place->path, data, size);
    assert_status(open_and_look(place->path, 0, &found, &opened), BBOTS_CORRUPTED);
    assert_non_null(strstr(fault.message, "a repair can take the file back to commit"));
    assert_ok(open_and_look(place->path, BBOTS_OPEN_REPAIR, &found, &opened));
    assert_true((opened & BBOTS_OPENED_WENT_BACK) != 0);
    assert_true(same(&found, &before));
    assert_ok(open_and_look(place->path, 0, &found, &opened));
    assert_int_equal(opened, 0);
    free(data);
}

/* ------------------------------------------------------------------ unclean ends */

static const bbots_options existing = {.schema = &bbots_sample_schema};

static int use_and_die(void *context)
{
    bbots_store *store;
    if (bbots_open(context, &existing, &store, NULL) != BBOTS_OK) {
        return 1;
    }
    add_nodes(store, 1);
    raise(SIGKILL);
    return 2;
}

static int use_and_close(void *context)
{
    bbots_store *store;
    if (bbots_open(context, &existing, &store, NULL) != BBOTS_OK) {
        return 1;
    }
    add_nodes(store, 1);
    return bbots_close(store, NULL);
}

static void expect_opened(const char *path, uint32_t flags, uint32_t expected)
{
    bbots_digest digest;
    uint32_t opened;
    assert_ok(open_and_look(path, flags, &digest, &opened));
    assert_int_equal(opened, expected);
}

static void pages_are_walked_after_an_unclean_end(void **state)
{
    fixture *place = *state;
    bbots_digest last;
    bbots_digest before;
    make_commits(place->path, &last, &before);
    expect_opened(place->path, 0, 0); /* a new file, and closed */
    expect_opened(place->path, BBOTS_OPEN_VERIFY, BBOTS_OPENED_WALKED);
    assert_int_equal(in_child(use_and_close, place->path), 0);
    expect_opened(place->path, 0, 0);
    assert_int_equal(in_child(use_and_die, place->path), -1);
    expect_opened(place->path, BBOTS_OPEN_UNVERIFIED, 0);
    expect_opened(place->path, 0, BBOTS_OPENED_WALKED); /* still: nobody had looked */
    expect_opened(place->path, 0, 0);
}

/* One of several dies: those that have the file open go on, the next to have it alone looks. */
static void an_unclean_end_among_several_is_remembered(void **state)
{
    fixture *place = *state;
    bbots_digest last;
    bbots_digest before;
    make_commits(place->path, &last, &before);
    place->store = open_store(place->path, &existing);
    assert_int_equal(in_child(use_and_die, place->path), -1);
    assert_int_equal(in_child(use_and_close, place->path), 0);
    add_nodes(place->store, 1);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    expect_opened(place->path, 0, BBOTS_OPENED_WALKED);
    expect_opened(place->path, 0, 0);
}

static void damaged_pages_are_named_after_an_unclean_end(void **state)
{
    fixture *place = *state;
    bbots_digest last;
    bbots_digest before;
    bbots_digest found;
    uint32_t opened;
    size_t size;
    make_commits(place->path, &last, &before);
    assert_int_equal(in_child(use_and_die, place->path), -1);
    unsigned char *data = read_file(place->path, &size);
    unsigned refused = 0;
    for (size_t page = 2; page < size / PAGE; page++) {
        data[page * PAGE] ^= 0x40; /* its number */
        write_file(place->path, data, size);
        data[page * PAGE] ^= 0x40;
        int rc = open_and_look(place->path, 0, &found, &opened);
        if (rc != BBOTS_OK) { /* otherwise the page is free, or the rest of a long value */
            assert_int_equal(rc, BBOTS_CORRUPTED);
            refused++;
        }
    }
    assert_true(refused > 5);
    data[newest_root(data) * PAGE + 16] ^= 0x02;
    write_file(place->path, data, size);
    assert_status(open_and_look(place->path, 0, &found, &opened), BBOTS_CORRUPTED);
    free(data);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_torn_meta_page_is_repaired_from_the_other),
        TEST(a_meta_page_of_zeros_is_repaired),
        TEST(a_state_that_is_being_overwritten_is_not_taken_for_the_last),
        TEST(the_last_commit_is_given_up_only_when_asked_for),
        TEST(pages_are_walked_after_an_unclean_end),
        TEST(an_unclean_end_among_several_is_remembered),
        TEST(damaged_pages_are_named_after_an_unclean_end),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
