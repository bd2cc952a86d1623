/*
 * The platform's credentials: stored, fetched and counted, listed without their secrets, given new
 * ones, deleted softly; and nobody gets another's.
 */
#include "support/variant.h"

#include <bbots/credential.h>
#include <bbots/platform.h>

#define CREDENTIALS (&bbots_credentials_table)

static const char hex_key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const char other_key[] = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static int setup(void **state)
{
    if (!bbots_vault_is_available() || fixture_setup(state) != 0) {
        return -1;
    }
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, &bbots_users_table, "email", string("ada@example.org")));
    assert_ok(insert_named(txn, &bbots_users_table, "email", string("bob@example.org")));
    commit(txn);
    return 0;
}

static int64_t store_one(bbots_txn *txn, const bbots_keyring *ring, int64_t user,
                         const char *secret)
{
    bbots_credential of = {.user_id = user,
                           .name = bbots_text_of("Mail"),
                           .service = bbots_text_of("mail.example.org"),
                           .type = bbots_text_of("password"),
                           .metadata = bbots_json_of("{\"port\": 993}")};
    bbots_bytes bytes = {secret, strlen(secret)};
    int64_t id = 0;
    assert_ok(bbots_credential_store(txn, ring, &of, bytes, BBOTS_VAULT_HEX, &id, &fault));
    return id;
}

static void assert_fetches(bbots_txn *txn, const bbots_keyring *ring, int64_t user, int64_t id,
                           const char *secret)
{
    bbots_secret opened;
    assert_ok(bbots_credential_fetch(txn, ring, user, id, &opened, &fault));
    assert_string_equal(opened.data, secret);
    bbots_secret_free(&opened);
}

/* What a list shows, one after the other. */
typedef struct seen {
    unsigned count;
    bbots_credential last;
} seen;

static int see(const bbots_credential *credential, void *context)
{
    seen *to = context;
    to->count++;
    to->last = *credential;
    return 0;
}

static void a_use_is_counted_and_a_look_is_not(void **state)
{
    fixture *place = *state;
    bbots_keyring *ring = ring_of(hex_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_txn_set_now(txn, 1000000);
    int64_t id = store_one(txn, ring, 1, "pass word");
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    bbots_txn_set_now(txn, 2000000);
    assert_fetches(txn, ring, 1, id, "pass word");
    assert_fetches(txn, ring, 1, id, "pass word");
    seen list = {0};
    assert_ok(bbots_credential_list(txn, 1, false, see, &list, &fault));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.last.use_count, 2);
    assert_int_equal(list.last.last_used_at, 2000000);
    assert_int_equal(list.last.updated_at, 1000000);
    assert_int_equal(list.last.created_at, 1000000);
    assert_int_equal(list.last.deleted_at, BBOTS_TIMESTAMP_MINUS_INFINITY);
    assert_true(list.last.is_active);
    assert_memory_equal(list.last.service.data, "mail.example.org", 16);
    assert_true(list.last.metadata.data != NULL);
    commit(txn);
    bbots_keyring_free(ring);
}

static void nobody_gets_anothers(void **state)
{
    fixture *place = *state;
    bbots_keyring *ring = ring_of(hex_key);
    bbots_secret opened;
    bbots_bytes plain = {"x", 1};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    int64_t id = store_one(txn, ring, 1, "ada's");
    bbots_digest before = digest_of(txn);
    assert_status(bbots_credential_fetch(txn, ring, 2, id, &opened, &fault), BBOTS_NOT_FOUND);
    assert_null(opened.data);
    assert_status(bbots_credential_rotate(txn, ring, 2, id, plain, BBOTS_VAULT_HEX, &fault),
                  BBOTS_NOT_FOUND);
    assert_status(bbots_credential_delete(txn, 2, id, &fault), BBOTS_NOT_FOUND);
    assert_status(bbots_credential_fetch(txn, ring, 1, id + 1, &opened, &fault), BBOTS_NOT_FOUND);
    seen list = {0};
    assert_ok(bbots_credential_list(txn, 2, true, see, &list, &fault));
    assert_int_equal(list.count, 0);
    assert_digest(txn, before);
    commit(txn);
    bbots_keyring_free(ring);
}

static void a_new_secret_and_a_new_key(void **state)
{
    fixture *place = *state;
    char both[200];
    bbots_row row;
    bbots_secret opened;
    bbots_bytes fresh = {"fresh", 5};
    bbots_bytes same = {NULL, 0};
    snprintf(both, sizeof both, "%s %s", other_key, hex_key);
    bbots_keyring *ring = ring_of(hex_key);
    bbots_keyring *two = ring_of(both);
    bbots_keyring *new_ring = ring_of(other_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    int64_t id = store_one(txn, ring, 1, "old");
    assert_ok(bbots_credential_rotate(txn, ring, 1, id, fresh, BBOTS_VAULT_BASE64, &fault));
    assert_fetches(txn, ring, 1, id, "fresh");
    assert_ok(get_id(txn, CREDENTIALS, id, &row));
    assert_int_equal(row_at(&row, "iv").size, 16);
    bbots_digest before = digest_of(txn);
    assert_status(bbots_credential_fetch(txn, new_ring, 1, id, &opened, &fault), BBOTS_TAMPERED);
    assert_status(bbots_credential_rotate(txn, new_ring, 1, id, same, BBOTS_VAULT_HEX, &fault),
                  BBOTS_TAMPERED);
    assert_digest(txn, before);
    assert_ok(bbots_credential_rotate(txn, two, 1, id, same, BBOTS_VAULT_HEX, &fault));
    assert_fetches(txn, new_ring, 1, id, "fresh");
    assert_ok(get_id(txn, CREDENTIALS, id, &row));
    assert_int_equal(row_at(&row, "iv").size, 24);
    assert_int_equal(row_at(&row, "useCount").integer, 2);
    commit(txn);
    bbots_keyring_free(new_ring);
    bbots_keyring_free(two);
    bbots_keyring_free(ring);
}

static void a_deleted_one_is_kept_and_not_opened(void **state)
{
    fixture *place = *state;
    bbots_keyring *ring = ring_of(hex_key);
    bbots_secret opened;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    int64_t id = store_one(txn, ring, 1, "gone");
    int64_t idle = store_one(txn, ring, 1, "idle");
    bbots_txn_set_now(txn, 5000000);
    assert_ok(bbots_credential_delete(txn, 1, id, &fault));
    assert_status(bbots_credential_delete(txn, 1, id, &fault), BBOTS_NOT_FOUND);
    assert_status(bbots_credential_fetch(txn, ring, 1, id, &opened, &fault), BBOTS_NOT_FOUND);
    assert_ok(update_named(txn, CREDENTIALS, idle, "isActive", bbots_value_boolean(false)));
    assert_status(bbots_credential_fetch(txn, ring, 1, idle, &opened, &fault), BBOTS_NOT_FOUND);
    seen list = {0};
    assert_ok(bbots_credential_list(txn, 1, false, see, &list, &fault));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.last.id, idle);
    assert_ok(bbots_credential_list(txn, 1, true, see, &list, &fault));
    assert_int_equal(list.count, 3);
    assert_int_equal(count_of(txn, CREDENTIALS), 2);
    bbots_row row;
    assert_ok(get_id(txn, CREDENTIALS, id, &row));
    assert_int_equal(row_at(&row, "deletedAt").integer, 5000000);
    assert_false(row_at(&row, "isActive").boolean);
    commit(txn);
    bbots_keyring_free(ring);
}

static void bad_input_changes_nothing(void **state)
{
    fixture *place = *state;
    bbots_keyring *ring = ring_of(hex_key);
    bbots_keyring *empty = ring_of("");
    bbots_credential of = {.user_id = 77,
                           .name = bbots_text_of("n"),
                           .service = bbots_text_of("s"),
                           .type = bbots_text_of("t")};
    bbots_bytes secret = {"canary", 6};
    bbots_secret opened;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(txn);
    assert_status(bbots_credential_store(txn, ring, &of, secret, BBOTS_VAULT_HEX, NULL, &fault),
                  BBOTS_FOREIGN_KEY_VIOLATION);
    assert_null(strstr(fault.message, "canary"));
    of.user_id = 1;
    assert_status(bbots_credential_store(txn, empty, &of, secret, BBOTS_VAULT_HEX, NULL, &fault),
                  BBOTS_KEY_MISSING);
    assert_status(bbots_credential_store(txn, ring, &of, secret, (bbots_vault_form)7, NULL, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_digest(txn, before);
    int64_t id = store_one(txn, ring, 1, "short nonce");
    assert_ok(update_named(txn, CREDENTIALS, id, "iv", string("00112233445566778899aabbccddeeff")));
    before = digest_of(txn);
    assert_status(bbots_credential_fetch(txn, ring, 1, id, &opened, &fault), BBOTS_INVALID_TEXT);
    assert_non_null(strstr(fault.message, "16 bytes"));
    assert_digest(txn, before);
    commit(txn);
    bbots_keyring_free(empty);
    bbots_keyring_free(ring);
}

/* Each of the five functions gives this status and changes nothing. */
static void expect_of_all(bbots_txn *txn, int status, const char *says)
{
    bbots_credential of = {.user_id = 1,
                           .name = bbots_text_of("Mail"),
                           .service = bbots_text_of("mail.example.org"),
                           .type = bbots_text_of("password")};
    bbots_bytes secret = {"s", 1};
    bbots_keyring *ring = ring_of(hex_key);
    bbots_digest before = digest_of(txn);
    bbots_secret opened;
    seen list = {0};
    int64_t id;
    for (unsigned function = 0; function < 5; function++) {
        int got = function == 0
                      ? bbots_credential_store(txn, ring, &of, secret, BBOTS_VAULT_HEX, &id, &fault)
                  : function == 1 ? bbots_credential_fetch(txn, ring, 1, 1, &opened, &fault)
                  : function == 2
                      ? bbots_credential_rotate(txn, ring, 1, 1, secret, BBOTS_VAULT_HEX, &fault)
                  : function == 3 ? bbots_credential_list(txn, 1, true, see, &list, &fault)
                                  : bbots_credential_delete(txn, 1, 1, &fault);
        assert_status(got, status);
        assert_non_null(strstr(fault.message, says));
    }
    assert_int_equal(list.count, 0);
    assert_digest(txn, before);
    bbots_keyring_free(ring);
}

static void a_store_without_the_table_says_so(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    expect_of_all(txn, BBOTS_UNKNOWN_TABLE, "credentials");
    bbots_rollback(txn);
}

/* A store whose table is not as it has to be; every function says what is wrong. */
static void refuse(fixture *place, variant *made, int status, const char *says)
{
    variant_settle(made);
    variant_open(place, made);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    expect_of_all(txn, status, says);
    bbots_rollback(txn);
    variant_close(place);
    variant_free(made);
}

static void a_table_that_lacks_a_column_is_named_with_it(void **state)
{
    variant *made = variant_new();
    variant_column(made, "credentials", "useCount")->name = "uses";
    refuse(*state, made, BBOTS_UNKNOWN_COLUMN, "\"credentials\" has no column \"useCount\"");
}

static void columns_of_another_type_are_named_with_it(void **state)
{
    static const struct {
        const char *column;
        bbots_type type;
        const char *says;
    } cases[] = {
        {"service", BBOTS_TYPE_BIGINT, "\"service\" of table \"credentials\" is of type bigint"},
        {"encryptedData", BBOTS_TYPE_BYTEA,
         "\"encryptedData\" of table \"credentials\" is of type bytea"},
        {"metadata", BBOTS_TYPE_TEXT, "\"metadata\" of table \"credentials\" is of type text"},
        {"lastUsedAt", BBOTS_TYPE_TEXT, "\"lastUsedAt\" of table \"credentials\" is of type text"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        variant *made = variant_new();
        bbots_column *changed = variant_column(made, "credentials", cases[i].column);
        changed->type = (uint8_t)cases[i].type;
        changed->length = 0;
        refuse(*state, made, BBOTS_WRONG_TYPE, cases[i].says);
    }
}

static void the_primary_key_is_the_number_alone(void **state)
{
    static const uint8_t both[] = {0, 1};
    variant *made = variant_new();
    bbots_index *key = variant_index(made, "credentials", "credentials_pkey");
    key->columns = both;
    key->column_count = 2;
    refuse(*state, made, BBOTS_UNKNOWN_INDEX, "no primary key (id)");
}

static void uses_are_counted_as_far_as_numbers_go(void **state)
{
    fixture *place = *state;
    variant *made = variant_new();
    variant_column(made, "credentials", "useCount")->type = BBOTS_TYPE_BIGINT;
    variant_settle(made);
    variant_open(place, made);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    const bbots_table *table = made->tables[CREDENTIALS->number];
    bbots_keyring *ring = ring_of(hex_key);
    bbots_secret opened;
    variant_insert(txn, made, users, "email", string("ada@example.org"));
    int64_t id = store_one(txn, ring, 1, "secret");
    assert_ok(update_named(txn, table, id, "useCount", integer(INT64_MAX - 1)));
    assert_fetches(txn, ring, 1, id, "secret");
    bbots_digest before = digest_of(txn);
    assert_status(bbots_credential_fetch(txn, ring, 1, id, &opened, &fault),
                  BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_null(opened.data);
    assert_digest(txn, before);
    bbots_keyring_free(ring);
    commit(txn);
    variant_close(place);
    variant_free(made);
}

int main(void)
{
#define credential_test(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        credential_test(a_use_is_counted_and_a_look_is_not),
        credential_test(nobody_gets_anothers),
        credential_test(a_new_secret_and_a_new_key),
        credential_test(a_deleted_one_is_kept_and_not_opened),
        credential_test(bad_input_changes_nothing),
        cmocka_unit_test_setup_teardown(a_store_without_the_table_says_so, fixture_setup_store,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_table_that_lacks_a_column_is_named_with_it, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(columns_of_another_type_are_named_with_it, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(the_primary_key_is_the_number_alone, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(uses_are_counted_as_far_as_numbers_go, fixture_setup,
                                        fixture_teardown),
    };
    if (!bbots_vault_is_available()) {
        print_message("this processor has no AES instructions: nothing to try\n");
        return 0;
    }
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
