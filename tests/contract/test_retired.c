/*
 * tests/contract/test_retired.c - bbots_soft_delete() and bbots_row_is_deleted() (bbots/table.h) on tables that
 * tell in every way they can: a time, a boolean, a word, both, and columns of these names that cannot.
 */
#include "support/support.h"

#include <bbots/retired.h>

#define NOW time_of("2026-01-15 12:00:00")

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_retired_schema);
    return rc;
}

static int retire(bbots_txn *txn, const bbots_table *table, int64_t id)
{
    bbots_value key = integer(id);
    return bbots_soft_delete(txn, table, 0, &key, &fault);
}

static bool is_retired(bbots_txn *txn, const bbots_table *table, int64_t id)
{
    bbots_row row;
    assert_ok(get_id(txn, table, id, &row));
    return bbots_row_is_deleted(&row);
}

typedef struct way {
    const bbots_table *table;
    const char *column;
    bbots_value before;
    bool retired; /* by that */
} way;

static void a_row_is_retired_once(void **state)
{
    const way ways[] = {
        {&retired_dated_table, "deletedAt", null_value(), false},
        {&retired_dated_table, "deletedAt", bbots_value_timestamp(0), true},
        {&retired_switched_table, "isActive", null_value(), false},
        {&retired_switched_table, "isActive", bbots_value_boolean(true), false},
        {&retired_switched_table, "isActive", bbots_value_boolean(false), true},
        {&retired_endless_table, "isActive", string("true"), false},
        {&retired_worded_table, "isActive", null_value(), false},
        {&retired_worded_table, "isActive", string("true"), false},
        {&retired_worded_table, "isActive", string("maybe"), false},
        {&retired_worded_table, "isActive", string("falsehood"), false},
        {&retired_worded_table, "isActive", string("false"), true},
        {&retired_doubled_table, "isActive", bbots_value_boolean(true), false},
    };
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        const way *of = &ways[i];
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        bbots_txn_set_now(txn, NOW);
        assert_ok(insert_named(txn, of->table, "id", integer(1), of->column, of->before));
        assert_int_equal(is_retired(txn, of->table, 1), of->retired);
        assert_status(retire(txn, of->table, 1), of->retired ? BBOTS_UNCHANGED : BBOTS_OK);
        assert_true(is_retired(txn, of->table, 1));
        bbots_digest digest = digest_of(txn);
        assert_status(retire(txn, of->table, 1), BBOTS_UNCHANGED);
        assert_digest(txn, digest);
        assert_status(retire(txn, of->table, 2), BBOTS_NOT_FOUND);
        check_txn(txn);
        bbots_rollback(txn);
    }
}

/* Of two columns the one that does not tell yet is set, and a time that is there stays. */
static void what_is_half_retired_becomes_so_by_both(void **state)
{
    fixture *place = *state;
    const bbots_table *table = &retired_doubled_table;
    for (int half = 0; half < 2; half++) {
        bbots_row row;
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        bbots_txn_set_now(txn, NOW);
        assert_ok(insert_named(txn, table, "id", integer(1), "deletedAt",
                               half == 0 ? bbots_value_timestamp(7) : null_value(), "isActive",
                               bbots_value_boolean(half == 0)));
        assert_true(is_retired(txn, table, 1));
        assert_ok(retire(txn, table, 1));
        assert_ok(get_id(txn, table, 1, &row));
        assert_int_equal(row_at(&row, "deletedAt").integer, half == 0 ? 7 : NOW);
        assert_false(row_at(&row, "isActive").boolean);
        assert_status(retire(txn, table, 1), BBOTS_UNCHANGED);
        check_txn(txn);
        bbots_rollback(txn);
    }
}

static void columns_that_cannot_tell_do_not(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, &retired_named_so_table, "deletedAt", string("2026-01-15"),
                           "isActive", integer(0)));
    assert_ok(insert_named(txn, &retired_narrow_table, "isActive", string("no")));
    assert_false(is_retired(txn, &retired_named_so_table, 1));
    assert_false(is_retired(txn, &retired_narrow_table, 1));
    assert_status(retire(txn, &retired_named_so_table, 1), BBOTS_UNKNOWN_COLUMN);
    assert_status(retire(txn, &retired_narrow_table, 1), BBOTS_UNKNOWN_COLUMN);
    assert_string_equal(fault.table, "narrow");
    check_txn(txn);
    commit(txn);
}

#define RETIRED(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RETIRED(a_row_is_retired_once),
        RETIRED(what_is_half_retired_becomes_so_by_both),
        RETIRED(columns_that_cannot_tell_do_not),
    };
    choose_tests();
    return cmocka_run_group_tests_name("retired rows", tests, NULL, NULL);
}
