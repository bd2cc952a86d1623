/*
 * test_sealed_given.c - what a caller hands in already sealed: it is taken where it opens or where
 * nobody can tell, and refused where it cannot be meant; and keys and triples of forms that are none.
 */
#include "support/support.h"

#include <bbots/secret.h>
#include <bbots/secrets.h>
#include <bbots/vault.h>

#include <unistd.h>

#define PEOPLE   (&secrets_people_table)
#define KEYS     (&secrets_people_keys_table)
#define ACCOUNTS (&secrets_accounts_table)

static const char first_key[] = "1111111111111111111111111111111111111111111111111111111111111111";
static const char second_key[] = "2222222222222222222222222222222222222222222222222222222222222222";

static void open_with(fixture *place, const char *keys)
{
    open_with_keys(place, &bbots_secrets_schema, keys);
}

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, PEOPLE, "name", string("Ada")));
    assert_ok(insert_named(txn, PEOPLE, "name", string("Bob")));
    assert_ok(insert_named(txn, KEYS, "personId", integer(1)));
    assert_ok(insert_named(txn, ACCOUNTS, "personId", integer(1), "token", string("of Ada's key")));
    assert_ok(insert_named(txn, ACCOUNTS, "token", string("of the ring's key")));
    commit(txn);
    return rc;
}

typedef struct sealed {
    uint8_t bytes[512];
    bbots_value value; /* of these bytes */
} sealed;

/* A column's value as it lies in the file: whoever has no keys reads it so. */
static void read_sealed(fixture *place, const bbots_table *table, int64_t id, const char *name,
                        sealed *to)
{
    bbots_row row;
    open_with(place, NULL);
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_ok(get_id(txn, table, id, &row));
    to->value = row_at(&row, name);
    assert_int_equal(to->value.kind, BBOTS_SEALED);
    assert_true(to->value.size <= sizeof to->bytes);
    memcpy(to->bytes, to->value.data, to->value.size);
    to->value.data = to->bytes;
    bbots_rollback(txn);
    open_with(place, first_key);
}

static int give(bbots_txn *txn, int64_t account, bbots_value value)
{
    return update_named(txn, ACCOUNTS, account, "token", value);
}

static void sealed_values_are_taken_where_they_open(void **state)
{
    static const int64_t accounts[] = {1, 2}; /* by a key of the row's owner, by one of the ring */
    fixture *place = *state;
    sealed own;
    for (size_t i = 0; i < COUNT(accounts); i++) {
        int64_t other = accounts[1 - i];
        read_sealed(place, ACCOUNTS, accounts[i], "token", &own);
        bbots_row row;
        bbots_value value;
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        assert_ok(give(txn, accounts[i], own.value));
        if (i == 1) { /* in another row it does not open */
            assert_status(give(txn, other, own.value), BBOTS_TAMPERED);
        }
        bbots_value cut = own.value;
        for (cut.size = 0; cut.size < own.value.size; cut.size++) {
            int rc = give(txn, accounts[i], cut); /* too little of it is no sealed value at all */
            assert_true(rc == BBOTS_TAMPERED || rc == BBOTS_WRONG_TYPE);
        }
        for (uint32_t at = 0; at < own.value.size; at++) {
            own.bytes[at] ^= 1;
            int rc = give(txn, accounts[i], own.value);
            own.bytes[at] ^= 1;
            /* With another key's id in it nobody can tell. */
            assert_true(rc == BBOTS_TAMPERED || rc == BBOTS_WRONG_TYPE || rc == BBOTS_OK);
            if (rc == BBOTS_OK) {
                assert_ok(get_id(txn, ACCOUNTS, accounts[i], &row));
                assert_true(bbots_row_secret(&row, column(ACCOUNTS, "token"), &value, &fault) < 0);
                assert_ok(give(txn, accounts[i], own.value));
            }
        }
        assert_ok(get_id(txn, ACCOUNTS, accounts[i], &row));
        assert_ok(bbots_row_secret(&row, column(ACCOUNTS, "token"), &value, &fault));
        bbots_value wanted = string(i == 0 ? "of Ada's key" : "of the ring's key");
        assert_true(same_value(&value, &wanted));
        commit(txn);
    }
}

/* A row that moves to another owner takes along what nobody here can open, or is refused. */
static void what_cannot_be_opened_cannot_be_sealed_anew(void **state)
{
    fixture *place = *state;
    open_with(place, second_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(txn);
    assert_status(update_named(txn, ACCOUNTS, 2, "personId", integer(2)), BBOTS_KEY_MISSING);
    assert_status(update_named(txn, ACCOUNTS, 1, "personId", integer(2)), BBOTS_KEY_MISSING);
    assert_digest(txn, before);
    assert_ok(update_named(txn, ACCOUNTS, 2, "label", string("x")));
    commit(txn);
    open_with(place, first_key);
}

static void a_data_key_stays_what_it_is(void **state)
{
    fixture *place = *state;
    sealed key;
    sealed token;
    read_sealed(place, KEYS, 1, "key", &key);
    read_sealed(place, ACCOUNTS, 1, "token", &token);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(txn);
    assert_ok(update_named(txn, KEYS, 1, "key", key.value));
    assert_digest(txn, before);
    assert_status(update_named(txn, KEYS, 1, "key", string(second_key)), BBOTS_INVALID_ARGUMENT);
    assert_status(update_named(txn, KEYS, 1, "key", token.value), BBOTS_INVALID_ARGUMENT);
    key.bytes[key.value.size - 1] ^= 1;
    assert_status(update_named(txn, KEYS, 1, "key", key.value), BBOTS_INVALID_ARGUMENT);
    assert_digest(txn, before);
    commit(txn);
}

/* A store that was made without keys has its data keys in the open: they are not used. */
static void a_data_key_in_the_open_is_none(void **state)
{
    fixture *place = *state;
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    assert_int_equal(unlink(place->path), 0);
    open_with(place, NULL);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, PEOPLE, "name", string("Ada")));
    assert_ok(insert_named(txn, KEYS, "personId", integer(1), "key", string(second_key)));
    commit(txn);
    open_with(place, first_key);
    txn = begin(place->store, BBOTS_WRITE);
    assert_status(insert_named(txn, ACCOUNTS, "personId", integer(1), "token", string("t")),
                  BBOTS_KEY_MISSING);
    assert_non_null(strstr(fault.message, "is not sealed"));
    assert_ok(insert_named(txn, ACCOUNTS, "personId", null_value(), "token", string("t")));
    commit(txn);
}

/* ------------------------------------------------------------------ keys and triples as text */

static void keys_stand_between_anything_that_is_no_key(void **state)
{
    static const char *const bad[] = {
        "111111111111111111111111111111111111111111111111111111111111111",   /* 63 digits */
        "11111111111111111111111111111111111111111111111111111111111111111", /* 65 */
        "111111111111111111111111111111111111111111111111111111111111111g",
        "EREREREREREREREREREREREREREREREREREREREREREA",
        "ERERERERERERERERERERERERERERERERERERERERER==",
        "!RERERERERERERERERERERERERERERERERERERERERE=",
        "1111111111111111111111111111111111111111111111111111111111111111, x",
    };
    static const char many[] =
        "# two keys, one of them twice\r\n\t,"
        "1111111111111111111111111111111111111111111111111111111111111111,,\t"
        "ERERERERERERERERERERERERERERERERERERERERERE= # the same\n"
        "2222222222222222222222222222222222222222222222222222222222222222#end";
    bbots_keyring *ring = ring_of(many);
    (void)state;
    assert_int_equal(bbots_keyring_count(ring), 2);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_status(bbots_keyring_add_text(ring, bbots_text_of(bad[i]), &fault),
                      BBOTS_INVALID_TEXT);
        assert_null(strstr(fault.message, "1111"));
    }
    assert_ok(bbots_keyring_add_text(ring, (bbots_text){NULL, 0}, &fault));
    assert_int_equal(bbots_keyring_count(ring), 2);
    bbots_keyring_free(ring);
}

static void a_key_file_of_another_user_is_refused(void **state)
{
    fixture *place = *state;
    char path[128];
    bbots_keyring *ring;
    snprintf(path, sizeof path, "%s/key", place->folder);
    assert_ok(bbots_key_file_create(path, NULL, &fault));
    assert_ok(bbots_keyring_new(&ring, &fault));
    assert_ok(bbots_keyring_add_file(ring, path, &fault));
    if (chown(path, 12345, (gid_t)-1) == 0) { /* only root can give it away */
        assert_status(bbots_keyring_add_file(ring, path, &fault), BBOTS_ACCESS_DENIED);
        assert_non_null(strstr(fault.message, "another user"));
    }
    assert_int_equal(unlink(path), 0);
    assert_status(bbots_keyring_add_file(ring, path, &fault), BBOTS_FILE_MISSING);
    bbots_keyring_free(ring);
}

#define IV  "000102030405060708090a0b"
#define TAG "000102030405060708090a0b0c0d0e0f"

static void triples_of_another_form_are_named(void **state)
{
    static const struct {
        const char *data;
        const char *iv;
        const char *tag;
        const char *says;
    } bad[] = {
        {NULL, IV, TAG, "encryptedData"},
        {"00", NULL, TAG, "nonce"},
        {"00", "", TAG, "nonce"},
        {"00", IV "00", TAG, "nonce"},
        {"00", "zz0102030405060708090a0b", TAG, "nonce"},
        {"00", TAG, TAG, "16 bytes"},
        {"00", IV, NULL, "authTag"},
        {"00", IV, TAG "00", "authTag"},
        {"00", IV, "AAECAwQFBgcICQoLDA0ODw==", "authTag"},
        {"0", IV, TAG, "encryptedData"},
        {"0z", IV, TAG, "encryptedData"},
        {"AA==", IV, TAG, "encryptedData"},
    };
    bbots_keyring *ring = ring_of(first_key);
    bbots_keyring *empty;
    bbots_secret secret;
    bbots_vault_triple made;
    (void)state;
    if (!bbots_vault_is_available()) {
        bbots_keyring_free(ring);
        skip();
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        bbots_vault_triple triple = {.encrypted_data = bbots_text_of(bad[i].data),
                                     .iv = bbots_text_of(bad[i].iv),
                                     .auth_tag = bbots_text_of(bad[i].tag)};
        assert_status(bbots_vault_open(ring, &triple, &secret, &fault), BBOTS_INVALID_TEXT);
        assert_non_null(strstr(fault.message, bad[i].says));
        assert_null(secret.data);
    }
    bbots_bytes nothing = {NULL, 5};
    assert_status(bbots_vault_seal(ring, nothing, BBOTS_VAULT_HEX, &made, &fault),
                  BBOTS_INVALID_ARGUMENT);
    nothing.size = 0;
    assert_status(bbots_vault_seal(ring, nothing, (bbots_vault_form)7, &made, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_vault_seal(NULL, nothing, BBOTS_VAULT_HEX, &made, &fault),
                  BBOTS_KEY_MISSING);
    assert_ok(bbots_keyring_new(&empty, &fault));
    assert_status(bbots_vault_seal(empty, nothing, BBOTS_VAULT_HEX, &made, &fault),
                  BBOTS_KEY_MISSING);
    for (int form = BBOTS_VAULT_HEX; form <= BBOTS_VAULT_BASE64; form++) {
        assert_ok(bbots_vault_seal(ring, nothing, (bbots_vault_form)form, &made, &fault));
        assert_ok(bbots_vault_open(ring, &made, &secret, &fault));
        assert_int_equal(secret.size, 0);
        bbots_secret_free(&secret);
        bbots_vault_triple_free(&made);
    }
    bbots_bytes huge = {"", (size_t)1 << 40};
    assert_status(bbots_vault_seal(ring, huge, BBOTS_VAULT_HEX, &made, &fault),
                  BBOTS_LIMIT_EXCEEDED);
    bbots_keyring_free(empty);
    bbots_keyring_free(ring);
}

#define ON_SECRETS(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SECRETS(sealed_values_are_taken_where_they_open),
        ON_SECRETS(what_cannot_be_opened_cannot_be_sealed_anew),
        ON_SECRETS(a_data_key_stays_what_it_is),
        ON_SECRETS(a_data_key_in_the_open_is_none),
        cmocka_unit_test(keys_stand_between_anything_that_is_no_key),
        cmocka_unit_test_setup_teardown(a_key_file_of_another_user_is_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(triples_of_another_form_are_named),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
