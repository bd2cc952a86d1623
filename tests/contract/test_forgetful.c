/*
 * tests/contract/test_forgetful.c - a row that a delete makes forget one or two columns concerns those who know
 * it by one of these, as in PostgreSQL, and nobody who knows it by another.
 */
#include "support/support.h"

#include <bbots/explain.h>
#include <bbots/forgetful.h>

#define LORDS   (&forgetful_lords_table)
#define VASSALS (&forgetful_vassals_table)
#define TENANTS (&forgetful_tenants_table)

enum { NOBODY = 0 };

typedef struct family {
    int first; /* lords of vassal 1 */
    int second;
    const char *known_by; /* by which column tenant 1 knows the vassal */
    int known;
    const char *refused_by; /* NULL: the delete of lord 1 succeeds */
} family;

static const family families[] = {
    {1, NOBODY, "vassal", 1, NULL},
    {1, NOBODY, "first", 1, "tenants_first_fkey"},
    {1, 1, "vassal", 1, NULL},
    {1, 1, "first", 1, "tenants_first_fkey"},
    {1, 1, "second", 1, "tenants_second_fkey"},
    {1, 2, "second", 2, NULL}, /* by a lord who stays */
    {2, 1, "first", 2, NULL},
    {2, 1, "second", 1, "tenants_second_fkey"},
};

static bbots_value lord(int number)
{
    return number == NOBODY ? null_value() : integer(number);
}

static void insert_family(bbots_txn *txn, const family *of)
{
    assert_ok(insert_named(txn, LORDS, "id", integer(1)));
    assert_ok(insert_named(txn, LORDS, "id", integer(2)));
    assert_ok(insert_named(txn, VASSALS, "id", integer(1), "first", lord(of->first), "second",
                           lord(of->second)));
    assert_ok(insert_named(txn, TENANTS, of->known_by, integer(of->known)));
}

static void expect_forgotten(bbots_txn *txn, const family *of)
{
    bbots_row row;
    assert_ok(get_id(txn, VASSALS, 1, &row));
    assert_int_equal(row_at(&row, "first").kind, of->first == 2 ? BBOTS_INTEGER : BBOTS_NULL);
    assert_int_equal(row_at(&row, "second").kind, of->second == 2 ? BBOTS_INTEGER : BBOTS_NULL);
    assert_ok(get_id(txn, TENANTS, 1, &row));
    assert_int_equal(row_at(&row, of->known_by).integer, of->known);
}

static void only_what_is_forgotten_concerns_others(void **state)
{
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_forgetful_schema);
    for (size_t i = 0; i < COUNT(families); i++) {
        const family *of = &families[i];
        bbots_explanation *explanation;
        bbots_deleted deleted;
        bbots_value first = integer(1);
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        insert_family(txn, of);
        assert_ok(bbots_explain_delete(txn, LORDS, 0, &first, &explanation, &fault));
        assert_int_equal(explanation->refusal_count, of->refused_by != NULL);
        assert_int_equal(explanation->set_null, 1);
        bbots_explanation_free(explanation);
        int rc = delete_id(txn, LORDS, 1, &deleted);
        if (of->refused_by != NULL) {
            assert_status(rc, BBOTS_FOREIGN_KEY_VIOLATION);
            assert_string_equal(fault.constraint, of->refused_by);
        } else {
            assert_ok(rc);
            assert_int_equal(deleted.set_null, 1);
            expect_forgotten(txn, of);
        }
        check_txn(txn);
        bbots_rollback(txn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_is_forgotten_concerns_others, fixture_setup,
                                        fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests_name("forgetful rows", tests, NULL, NULL);
}
