/*
 * tests/contract/test_credits.c - proves bbots/credits.h: what is added, consumed and refused, what
 * a store without the tables says, and that of two who want the last credit one gets it.
 *
 * BBOTS_ROUNDS sets the rounds of a race (the whole proof: 100000).
 */
#include "support/race.h"

#include <bbots/platform.h>
#include <bbots/sample.h>

#define CREDITS (&bbots_user_credits_table)
#define TYPE    bbots_text_of("enrichment")

static void add_user(bbots_txn *txn, const char *email)
{
    assert_ok(insert_named(txn, &bbots_users_table, "email", string(email), "name", string("x")));
}

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_user(txn, "ada@example.org");
    add_user(txn, "li@example.org");
    commit(txn);
    return rc;
}

static void assert_credits(bbots_credits got, int64_t purchased, int64_t used)
{
    assert_int_equal(got.purchased, purchased);
    assert_int_equal(got.used, used);
    assert_int_equal(got.balance, purchased - used);
}

typedef struct heard {
    char types[64];
    int64_t balance;
    unsigned most;
} heard;

static int hear(bbots_text type, const bbots_credits *credits, void *context)
{
    heard *all = context;
    strncat(all->types, type.data, type.size);
    strcat(all->types, " ");
    all->balance += credits->balance;
    return --all->most == 0;
}

/* Each type of a user is told once, also when it has two rows; others' are not told. */
static void types_are_listed(void **state)
{
    fixture *place = *state;
    heard all = {.most = 9};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_credits_list(txn, 1, hear, &all, &fault));
    assert_string_equal(all.types, "");
    assert_ok(bbots_credits_add(txn, 1, bbots_text_of("b"), 5, 0, NULL, &fault));
    assert_ok(bbots_credits_add(txn, 1, bbots_text_of("a"), 7, 0, NULL, &fault));
    assert_ok(bbots_credits_add(txn, 2, bbots_text_of("c"), 9, 0, NULL, &fault));
    assert_ok(insert_named(txn, CREDITS, "userId", integer(1), "creditType", string("b"),
                           "totalPurchased", integer(3), "totalUsed", integer(0), "balance",
                           integer(3)));
    assert_ok(bbots_credits_list(txn, 1, hear, &all, &fault));
    assert_string_equal(all.types, "b a ");
    assert_int_equal(all.balance, 15);
    all = (heard){.most = 1};
    assert_ok(bbots_credits_list(txn, 1, hear, &all, &fault));
    assert_string_equal(all.types, "b ");
    commit(txn);
}

static void credits_are_added_and_consumed(void **state)
{
    fixture *place = *state;
    bbots_credits after;
    bbots_row row;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_credits_balance(txn, 1, TYPE, &after, &fault));
    assert_credits(after, 0, 0);
    assert_ok(bbots_credits_add(txn, 1, TYPE, 100, 1000000, &after, &fault));
    assert_credits(after, 100, 0);
    assert_ok(bbots_credits_add(txn, 1, TYPE, 20, 2000000, NULL, &fault));
    assert_ok(bbots_credits_consume(txn, 1, TYPE, 45, 3000000, &after, &fault));
    assert_credits(after, 120, 45);
    assert_int_equal(count_of(txn, CREDITS), 1);
    assert_ok(get_id(txn, CREDITS, 1, &row));
    assert_int_equal(row_at(&row, "balance").integer, 75);
    assert_int_equal(row_at(&row, "createdAt").integer, 1000000);
    assert_int_equal(row_at(&row, "updatedAt").integer, 3000000);
    commit(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_ok(bbots_credits_balance(txn, 1, TYPE, &after, &fault));
    assert_credits(after, 120, 45);
    bbots_rollback(txn);
}

static void users_and_types_are_apart(void **state)
{
    fixture *place = *state;
    bbots_credits got;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_credits_add(txn, 1, TYPE, 5, 0, NULL, &fault));
    assert_ok(bbots_credits_add(txn, 2, TYPE, 7, 0, NULL, &fault));
    assert_ok(bbots_credits_add(txn, 1, bbots_text_of("calling"), 11, 0, NULL, &fault));
    assert_ok(bbots_credits_consume(txn, 1, bbots_text_of("calling"), 11, 0, &got, &fault));
    assert_credits(got, 11, 11);
    assert_ok(bbots_credits_balance(txn, 1, TYPE, &got, &fault));
    assert_credits(got, 5, 0);
    assert_ok(bbots_credits_balance(txn, 2, TYPE, &got, &fault));
    assert_credits(got, 7, 0);
    assert_ok(bbots_credits_balance(txn, 2, bbots_text_of("enrich"), &got, &fault));
    assert_credits(got, 0, 0);
    commit(txn);
}

static void more_than_there_is_is_refused(void **state)
{
    fixture *place = *state;
    bbots_credits got;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_status(bbots_credits_consume(txn, 1, TYPE, 1, 0, &got, &fault), BBOTS_REFUSED);
    assert_credits(got, 0, 0);
    assert_ok(bbots_credits_add(txn, 1, TYPE, 3, 0, NULL, &fault));
    bbots_digest before = digest_of(txn);
    assert_status(bbots_credits_consume(txn, 1, TYPE, 4, 0, &got, &fault), BBOTS_REFUSED);
    assert_credits(got, 3, 0);
    assert_digest(txn, before);
    assert_ok(bbots_credits_consume(txn, 1, TYPE, 3, 0, &got, &fault));
    assert_status(bbots_credits_consume(txn, 1, TYPE, 1, 0, &got, &fault), BBOTS_REFUSED);
    assert_credits(got, 3, 3);
    commit(txn);
}

/* A host may have inserted rows of its own: several of one type, and a wrong balance. */
static void rows_of_one_type_are_one_balance(void **state)
{
    fixture *place = *state;
    bbots_credits got;
    bbots_row row;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 3; i++) {
        assert_ok(insert_named(txn, CREDITS, "userId", integer(1), "creditType",
                               string("enrichment"), "totalPurchased", integer(10), "totalUsed",
                               integer(4 - i), "balance", integer(999)));
    }
    assert_ok(bbots_credits_balance(txn, 1, TYPE, &got, &fault));
    assert_credits(got, 30, 9);
    assert_ok(bbots_credits_consume(txn, 1, TYPE, 15, 0, &got, &fault));
    assert_credits(got, 30, 24);
    static const int64_t used[] = {10, 10, 4};
    static const int64_t balance[] = {0, 0, 6};
    for (int i = 0; i < 3; i++) {
        assert_ok(get_id(txn, CREDITS, i + 1, &row));
        assert_int_equal(row_at(&row, "totalUsed").integer, used[i]);
        assert_int_equal(row_at(&row, "balance").integer, balance[i]);
    }
    assert_ok(bbots_credits_add(txn, 1, TYPE, 2, 0, &got, &fault));
    assert_credits(got, 32, 24);
    assert_ok(update_named(txn, CREDITS, 1, "totalUsed", integer(12), "balance", integer(0)));
    assert_ok(bbots_credits_consume(txn, 1, TYPE, 1, 0, &got, &fault)); /* of the third */
    assert_ok(get_id(txn, CREDITS, 2, &row));
    assert_int_equal(row_at(&row, "totalUsed").integer, 10);
    assert_ok(get_id(txn, CREDITS, 3, &row));
    assert_int_equal(row_at(&row, "totalUsed").integer, 5);
    commit(txn);
}

static void bad_input_changes_nothing(void **state)
{
    fixture *place = *state;
    bbots_credits got;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_credits_add(txn, 1, TYPE, INT32_MAX - 5, 0, NULL, &fault));
    bbots_digest before = digest_of(txn);
    assert_status(bbots_credits_add(txn, 1, TYPE, 0, 0, &got, &fault), BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_credits_add(txn, 1, TYPE, -1, 0, &got, &fault), BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_credits_consume(txn, 1, TYPE, -1, 0, &got, &fault), BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_credits_add(txn, 1, bbots_text_of(NULL), 1, 0, &got, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_credits_balance(txn, 1, bbots_text_of(""), &got, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_credits_add(txn, 3, TYPE, 1, 0, &got, &fault), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_status(bbots_credits_add(txn, 1, TYPE, 6, 0, &got, &fault), BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_status(bbots_credits_add(txn, 1, TYPE, INT64_MAX, 0, &got, &fault),
                  BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_status(bbots_credits_add(
                      txn, 1, bbots_text_of("a type of more than fifty characters is too long .."),
                      1, 0, &got, &fault),
                  BBOTS_STRING_TOO_LONG);
    assert_digest(txn, before);
    assert_ok(bbots_credits_add(txn, 1, TYPE, 5, 0, &got, &fault));
    assert_credits(got, INT32_MAX, 0);
    commit(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_status(bbots_credits_consume(txn, 1, TYPE, 1, 0, &got, &fault), BBOTS_READ_ONLY);
    bbots_rollback(txn);
}

static void a_savepoint_takes_back_what_was_consumed(void **state)
{
    fixture *place = *state;
    bbots_credits got;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_credits_add(txn, 1, TYPE, 5, 0, NULL, &fault));
    assert_ok(bbots_savepoint(txn, "s", &fault));
    assert_ok(bbots_credits_consume(txn, 1, TYPE, 5, 0, NULL, &fault));
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    assert_ok(bbots_credits_balance(txn, 1, TYPE, &got, &fault));
    assert_credits(got, 5, 0);
    commit(txn);
}

static void a_store_without_the_table_says_so(void **state)
{
    fixture *place = *state;
    bbots_credits got;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_status(bbots_credits_balance(txn, 1, TYPE, &got, &fault), BBOTS_UNKNOWN_TABLE);
    assert_string_equal(fault.table, "user_credits");
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ races */

static int put_one(bbots_txn *txn, void *context, bbots_error *error)
{
    (void)context;
    return bbots_credits_add(txn, 1, TYPE, 1, 0, NULL, error);
}

static int take_one(bbots_txn *txn, void *context, bbots_error *error)
{
    (void)context;
    return bbots_credits_consume(txn, 1, TYPE, 1, 0, NULL, error);
}

static race race_of(fixture *place)
{
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    return (race){place->path, &bbots_platform_schema, put_one, take_one, NULL};
}

static void one_of_two_threads_gets_the_last_credit(void **state)
{
    race run = race_of(*state);
    race_threads(&run, race_rounds(50));
}

static void one_of_two_processes_gets_the_last_credit(void **state)
{
    race run = race_of(*state);
    race_processes(&run, race_rounds(50));
}

#define ON_PLATFORM(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PLATFORM(types_are_listed),
        ON_PLATFORM(credits_are_added_and_consumed),
        ON_PLATFORM(users_and_types_are_apart),
        ON_PLATFORM(more_than_there_is_is_refused),
        ON_PLATFORM(rows_of_one_type_are_one_balance),
        ON_PLATFORM(bad_input_changes_nothing),
        ON_PLATFORM(a_savepoint_takes_back_what_was_consumed),
        cmocka_unit_test_setup_teardown(a_store_without_the_table_says_so, fixture_setup_store,
                                        fixture_teardown),
        ON_PLATFORM(one_of_two_threads_gets_the_last_credit),
        ON_PLATFORM(one_of_two_processes_gets_the_last_credit),
    };
    choose_tests();
    return cmocka_run_group_tests_name("credits", tests, NULL, NULL);
}
