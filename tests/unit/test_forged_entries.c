/*
 * tests/unit/test_forged_entries.c - entries of index trees that nobody wrote, marks of nobody, and names that
 * lead nowhere: whoever comes upon one is told that the index is damaged and gets no wrong row; and
 * what marks and the search by name refuse.
 *
 * Entries are written past the tables in a write transaction, which is rolled back.
 */
#include "support/support.h"

#include "base/error.h"
#include "table/engine.h"

#include <bbots/check.h>
#include <bbots/platform.h>
#include <bbots/sample.h>

#define USERS (&bbots_users_table)
#define CALLS (&bbots_api_token_usage_table)

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, USERS, "email", string("one@example.org")));
    assert_ok(insert_named(txn, USERS, "email", string("two@example.org")));
    commit(txn);
    return rc;
}

/* ------------------------------------------------------------------ unique trees */

static store_tree tree_of(bbots_txn *txn, const bbots_table *table, unsigned tree)
{
    return txn->store->tables[table->number].trees[tree];
}

static void put(bbots_txn *txn, store_tree tree, const void *bytes, size_t size)
{
    store_bytes key = {bytes, size};
    store_bytes nothing = {"", 0};
    assert_ok(store_put(&txn->base, tree, key, nothing, STORE_NEW, &fault));
}

/* The unique entry of user 1's profile becomes one of so many bytes behind its first part. */
typedef struct forgery {
    size_t part; /* bytes of the part that stay */
    size_t more;
    bool met; /* whoever looks for the part comes upon it */
} forgery;

static const forgery forgeries[] = {
    {4, 0, true}, {4, 1, true}, {4, 4, true}, {4, CODEC_KEY_MAX + 1, true}, {3, 0, false},
};

static void forge(bbots_txn *txn, unsigned tree, const forgery *of)
{
    uint8_t bytes[4 + CODEC_KEY_MAX + 1] = {0x80, 0, 0, 1};
    uint8_t own[] = {0x80, 0, 0, 1, 0x80, 0, 0, 1};
    store_tree handle = tree_of(txn, &bbots_user_profiles_table, tree);
    assert_ok(store_delete(&txn->base, handle, (store_bytes){own, sizeof own}, &fault));
    memset(bytes + of->part, 0x77, of->more);
    put(txn, handle, bytes, of->part + of->more);
}

static void told_as_damage(int rc)
{
    assert_status(rc, BBOTS_CORRUPTED);
    assert_string_equal(fault.table, "user_profiles");
}

static void an_entry_of_no_row_is_damage_to_whoever_meets_it(void **state)
{
    fixture *place = *state;
    const bbots_table *profiles = &bbots_user_profiles_table;
    unsigned index = index_of(profiles, "user_profiles_userId_key");
    for (size_t i = 0; i < COUNT(forgeries); i++) {
        const forgery *of = &forgeries[i];
        bbots_value user = integer(1);
        bbots_check_result found;
        bbots_cursor *cursor;
        bbots_row row;
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        assert_ok(insert_named(txn, profiles, "userId", integer(1)));
        forge(txn, profiles->indexes[index].tree, of);
        int rc = bbots_get(txn, profiles, index, &user, &row, &fault);
        if (rc != (of->met ? BBOTS_CORRUPTED : BBOTS_NOT_FOUND)) {
            fail_msg("entry %zu: got %s", i, bbots_status_name(rc));
        }
        assert_ok(bbots_cursor_open(txn, profiles, index, NULL, &cursor, &fault));
        told_as_damage(bbots_cursor_next(cursor, &row, &fault));
        bbots_cursor_close(cursor);
        assert_ok(bbots_check(txn, NULL, &found, &fault));
        assert_true(found.derived >= 2 && found.damage == 0); /* too many, and one too few */
        rc = delete_id(txn, USERS, 1, NULL);
        assert_true(rc == (of->met ? BBOTS_CORRUPTED : BBOTS_OK) ||
                    rc == BBOTS_FOREIGN_KEY_VIOLATION);
        bbots_rollback(txn);
        txn = begin(place->store, BBOTS_WRITE);
        assert_ok(insert_named(txn, profiles, "userId", integer(1)));
        forge(txn, profiles->indexes[index].tree, of);
        assert_ok(bbots_repair(txn, NULL, NULL, &found, &fault));
        check_txn(txn);
        bbots_rollback(txn);
    }
}

/* ------------------------------------------------------------------ rows under other keys */

/* A whole row, once more, under a key that is longer than any. */
static void a_row_under_too_long_a_key_is_damage(void **state)
{
    static const uint8_t own[] = {0x80, 0, 0, 1};
    fixture *place = *state;
    uint8_t longer[CODEC_KEY_MAX + 2];
    uint8_t copy[2000];
    store_bytes data;
    bbots_check_result found;
    bbots_cursor *cursor;
    bbots_row row;
    unsigned rows = 0;
    int rc;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    store_tree tree = tree_of(txn, USERS, 0);
    assert_ok(store_get(&txn->base, tree, (store_bytes){own, sizeof own}, &data, &fault));
    assert_true(data.size <= sizeof copy);
    memcpy(copy, data.data, data.size);
    memset(longer, 0x90, sizeof longer);
    assert_ok(store_put(&txn->base, tree, (store_bytes){longer, sizeof longer},
                        (store_bytes){copy, data.size}, STORE_NEW, &fault));
    assert_ok(bbots_check(txn, NULL, &found, &fault));
    assert_true(found.damage >= 1);
    assert_ok(bbots_cursor_open(txn, USERS, 0, NULL, &cursor, &fault));
    while ((rc = bbots_cursor_next(cursor, &row, &fault)) == BBOTS_OK) {
        rows++;
    }
    assert_status(rc, BBOTS_CORRUPTED);
    assert_int_equal(rows, 2);
    bbots_cursor_close(cursor);
    assert_status(bbots_repair(txn, NULL, NULL, &found, &fault), BBOTS_CORRUPTED);
    assert_string_equal(fault.table, "users");
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ names of calls */

static void add_call(bbots_txn *txn, const char *name)
{
    assert_ok(insert_named(txn, CALLS, "userId", integer(1), "model", string("m"), "requestId",
                           name != NULL ? string(name) : null_value(), "inputTokens", integer(3),
                           "outputTokens", integer(4), "totalTokens", integer(7), "inputCost",
                           bbots_value_decimal(1, 4), "outputCost", bbots_value_decimal(2, 4),
                           "totalCost", bbots_value_decimal(3, 4)));
}

static int find(bbots_txn *txn, const bbots_table *table, bbots_text name, bbots_row *row)
{
    bb_error_clear(&fault); /* which its callers do */
    return once_find(txn, table, name, row, &fault);
}

static void a_name_is_looked_for_where_there_can_be_one(void **state)
{
    fixture *place = *state;
    char longer[400];
    bbots_row row;
    memset(longer, 'x', sizeof longer);
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_status(find(txn, CALLS, bbots_text_of("a"), &row), BBOTS_READ_ONLY);
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_status(find(txn, &sample_nodes_table, bbots_text_of("a"), &row), BBOTS_UNKNOWN_TABLE);
    assert_status(find(txn, USERS, bbots_text_of("a"), &row), BBOTS_UNKNOWN_INDEX);
    assert_int_equal(find(txn, CALLS, (bbots_text){longer, sizeof longer}, &row), BBOTS_NOT_FOUND);
    assert_status(find(txn, CALLS, (bbots_text){"\xff", 1}, &row), BBOTS_INVALID_ENCODING);
    assert_int_equal(find(txn, CALLS, bbots_text_of("a"), &row), BBOTS_NOT_FOUND);
    add_call(txn, NULL);
    add_call(txn, "a");
    add_call(txn, "a");
    assert_ok(find(txn, CALLS, bbots_text_of("a"), &row));
    assert_int_equal(row_at(&row, "id").integer, 2); /* the first of them */
    commit(txn);
}

/* The tree leads to a row that is gone, or to one of another name. */
static void a_name_that_leads_to_another_row_is_damage(void **state)
{
    fixture *place = *state;
    static const uint8_t first[] = {0x80, 0, 0, 1};
    static const uint8_t second[] = {0x80, 0, 0, 2};
    for (int gone = 0; gone < 2; gone++) {
        store_bytes data;
        bbots_row row;
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        store_tree rows = tree_of(txn, CALLS, 0);
        add_call(txn, "a");
        add_call(txn, "b");
        assert_ok(find(txn, CALLS, bbots_text_of("a"), &row));
        if (gone != 0) {
            assert_ok(store_delete(&txn->base, rows, (store_bytes){first, 4}, &fault));
        } else {
            uint8_t copy[2000];
            assert_ok(store_get(&txn->base, rows, (store_bytes){second, 4}, &data, &fault));
            assert_true(data.size <= sizeof copy);
            memcpy(copy, data.data, data.size);
            assert_ok(store_put(&txn->base, rows, (store_bytes){first, 4},
                                (store_bytes){copy, data.size}, STORE_REPLACE, &fault));
        }
        assert_status(find(txn, CALLS, bbots_text_of("a"), &row), BBOTS_CORRUPTED);
        assert_string_equal(fault.table, "api_token_usage");
        assert_ok(find(txn, CALLS, bbots_text_of("b"), &row));
        bbots_rollback(txn);
    }
}

/* ------------------------------------------------------------------ marks */

static int mark(bbots_txn *txn, const bbots_table *table, bbots_value key, const char *text)
{
    return mark_put(txn, table, &key, bbots_text_of(text), &fault);
}

static int marked(bbots_txn *txn, const bbots_table *table, bbots_value key, bbots_text *text)
{
    return mark_get(txn, table, &key, text, &fault);
}

static void a_mark_needs_a_row(void **state)
{
    fixture *place = *state;
    static char longer[MARK_MAX + 2];
    bbots_text text;
    memset(longer, 'x', MARK_MAX + 1);
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_status(mark(txn, USERS, integer(1), "m"), BBOTS_READ_ONLY);
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_status(mark(txn, &sample_nodes_table, integer(1), "m"), BBOTS_UNKNOWN_TABLE);
    assert_status(mark(txn, USERS, integer(1), longer), BBOTS_INVALID_ARGUMENT);
    assert_status(mark(txn, USERS, string("x"), "m"), BBOTS_INVALID_TEXT);
    assert_int_equal(mark(txn, USERS, integer(3), "m"), BBOTS_NOT_FOUND);
    assert_ok(mark(txn, USERS, integer(1), longer + 1));
    assert_ok(marked(txn, USERS, integer(1), &text));
    assert_int_equal(text.size, MARK_MAX);
    assert_int_equal(marked(txn, USERS, integer(2), &text), BBOTS_NOT_FOUND);
    assert_int_equal(marked(txn, USERS, integer(3), &text), BBOTS_NOT_FOUND);
    assert_status(marked(txn, &sample_nodes_table, integer(1), &text), BBOTS_UNKNOWN_TABLE);
    assert_status(marked(txn, USERS, string("x"), &text), BBOTS_INVALID_TEXT);
    commit(txn);
}

/* Behind the marks of a table there may be one that is nobody's; the check tells, a repair takes it out. */
static void a_mark_of_nobody_is_found(void **state)
{
    fixture *place = *state;
    bbots_check_result found;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    store_bytes key = {"\xff\xff\xff", 3};
    store_bytes value = {"m", 1};
    assert_ok(store_put(&txn->base, place->store->marks, key, value, STORE_NEW, &fault));
    assert_ok(delete_id(txn, USERS, 1, NULL)); /* it has none */
    assert_ok(bbots_check(txn, NULL, &found, &fault));
    assert_int_equal(found.derived, 1);
    assert_ok(bbots_repair(txn, NULL, NULL, &found, &fault));
    assert_int_equal(found.derived, 1);
    check_txn(txn);
    commit(txn);
}

static void without_live_aggregates_there_are_no_marks(void **state)
{
    fixture *place = *state;
    bbots_text text;
    place->store = make_store(place->path, &bbots_sample_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, &sample_nodes_table, "label", string("n")));
    if (!place->store->has_marks) {
        assert_status(mark(txn, &sample_nodes_table, integer(1), "m"), BBOTS_INVALID_ARGUMENT);
        assert_int_equal(marked(txn, &sample_nodes_table, integer(1), &text), BBOTS_NOT_FOUND);
    }
    commit(txn);
}

#define FILLED(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILLED(an_entry_of_no_row_is_damage_to_whoever_meets_it),
        FILLED(a_row_under_too_long_a_key_is_damage),
        FILLED(a_name_is_looked_for_where_there_can_be_one),
        FILLED(a_name_that_leads_to_another_row_is_damage),
        FILLED(a_mark_needs_a_row),
        FILLED(a_mark_of_nobody_is_found),
        cmocka_unit_test_setup_teardown(without_live_aggregates_there_are_no_marks, fixture_setup,
                                        fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests_name("forged entries", tests, NULL, NULL);
}
