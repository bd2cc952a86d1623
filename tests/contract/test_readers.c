/*
 * tests/contract/test_readers.c - proves that readers are known: listed, shown when they are long
 * behind, and forgotten when their process is gone (bbots/store.h).
 */
#include "support/support.h"

#include <bbots/sample.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODES (&sample_nodes_table)

static void add_commits(bbots_store *store, int count)
{
    for (int i = 0; i < count; i++) {
        bbots_txn *txn = begin(store, BBOTS_WRITE);
        assert_ok(insert_named(txn, NODES, "label", string("x")));
        commit(txn);
    }
}

typedef struct seen {
    unsigned own;
    unsigned others;
    uint64_t behind;
    int answer;
} seen;

static int note(const bbots_reader *reader, void *context)
{
    seen *found = context;
    found->own += reader->own;
    found->others += !reader->own;
    found->behind = reader->behind > found->behind ? reader->behind : found->behind;
    return found->answer;
}

static void readers_are_listed(void **state)
{
    fixture *place = *state;
    seen found = {0};
    bbots_options options = {.schema = &bbots_sample_schema, .flags = BBOTS_OPEN_CREATE};
    place->store = open_store(place->path, &options);
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    add_commits(place->store, 7);
    assert_int_equal(bbots_readers(place->store, note, &found, &fault), 0);
    assert_int_equal(found.own, 1);
    assert_int_equal(found.others, 0);
    assert_int_equal(found.behind, 7);
    found.answer = 5;
    assert_int_equal(bbots_readers(place->store, note, &found, &fault), 5);
    commit(reader);
    seen none = {0};
    assert_int_equal(bbots_readers(place->store, note, &none, &fault), 0);
    assert_int_equal(none.own, 0);
}

/* The host is told, and may refuse the write. */
static void a_long_reader_is_shown_to_the_host(void **state)
{
    fixture *place = *state;
    seen found = {0};
    bbots_txn *txn;
    bbots_options options = {.schema = &bbots_sample_schema,
                             .flags = BBOTS_OPEN_CREATE,
                             .reader_commits_max = 20,
                             .on_long_reader = note,
                             .reader_context = &found};
    place->store = open_store(place->path, &options);
    add_commits(place->store, 200);
    assert_int_equal(found.own, 0);
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    add_commits(place->store, 200);
    assert_true(found.own >= 2 && found.behind > 20);
    for (int answer = -1; answer <= 1; answer += 2) { /* any but 0 is a refusal */
        found.answer = answer;
        int rc = BBOTS_OK;
        for (int i = 0; i < 200 && rc == BBOTS_OK; i++) {
            rc = bbots_begin(place->store, BBOTS_WRITE, &txn, &fault);
            if (rc == BBOTS_OK) {
                bbots_rollback(txn);
            }
        }
        assert_status(rc, BBOTS_BUSY);
    }
    commit(reader);
    add_commits(place->store, 200);
}

static int read_and_die(void *context)
{
    bbots_store *store;
    bbots_txn *txn;
    bbots_options options = {.schema = &bbots_sample_schema};
    if (bbots_open(context, &options, &store, NULL) != BBOTS_OK ||
        bbots_begin(store, BBOTS_READ, &txn, NULL) != BBOTS_OK) {
        return 1;
    }
    raise(SIGKILL);
    return 2;
}

/* A dead reader would keep every freed page: the file must not grow by them. */
static void dead_readers_are_cleared_by_writing(void **state)
{
    fixture *place = *state;
    bbots_options options = {.schema = &bbots_sample_schema, .flags = BBOTS_OPEN_CREATE};
    bbots_stat before;
    bbots_stat after;
    place->store = open_store(place->path, &options);
    add_commits(place->store, 100);
    assert_int_equal(in_child(read_and_die, place->path), -1);
    add_commits(place->store, 100); /* among them one that clears */
    assert_ok(bbots_store_stat(place->store, &before, &fault));
    add_commits(place->store, 400);
    assert_ok(bbots_store_stat(place->store, &after, &fault));
    assert_true(after.used_bytes - before.used_bytes < 40 * 4096);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(readers_are_listed),
        TEST(a_long_reader_is_shown_to_the_host),
        TEST(dead_readers_are_cleared_by_writing),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
