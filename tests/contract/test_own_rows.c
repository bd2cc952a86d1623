/*
 * tests/contract/test_own_rows.c - the store's side of a difference from PostgreSQL: a row that this
 * very transaction wrote is set to null and deleted by one cascade, on two ways, and nothing refuses
 * (docs/differences.md, "References to a row's own change"; PostgreSQL's side is in
 * tests/docs/test_differences.sh).
 */
#include "support/support.h"

#include <bbots/own_rows.h>

static void insert_family(bbots_txn *txn)
{
    assert_ok(insert_named(txn, &own_rows_roots_table, "id", integer(1)));
    assert_ok(insert_named(txn, &own_rows_stems_table, "id", integer(1), "root", integer(1)));
    assert_ok(insert_named(txn, &own_rows_twigs_table, "id", integer(1), "stem", integer(1)));
    assert_ok(insert_named(txn, &own_rows_leaves_table, "id", integer(1), "root", integer(1), "twig",
                           integer(1)));
}

static void delete_root(bbots_txn *txn)
{
    bbots_deleted deleted;
    assert_ok(delete_id(txn, &own_rows_roots_table, 1, &deleted));
    assert_int_equal(deleted.cascaded, 3);
    assert_int_equal(count_of(txn, &own_rows_leaves_table), 0);
}

static void a_cascade_takes_rows_of_its_own_transaction(void **state)
{
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_own_rows_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    insert_family(txn);
    delete_root(txn);
    commit(txn);
}

static void and_of_an_earlier_one(void **state)
{
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_own_rows_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    insert_family(txn);
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    delete_root(txn);
    commit(txn);
}

#define FOLDER(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER(a_cascade_takes_rows_of_its_own_transaction),
        FOLDER(and_of_an_earlier_one),
    };
    choose_tests();
    return cmocka_run_group_tests_name("own rows", tests, NULL, NULL);
}
