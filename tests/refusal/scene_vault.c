/* tests/refusal/scene_vault.c - keys, sealed values and credentials; see refusal.h. */
#include "refusal.h"

#include <unistd.h>

static const char key_text[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static int give_key(void *context, unsigned number, uint8_t key[BBOTS_KEY_BYTES],
                    bbots_error *error)
{
    (void)context;
    (void)error;
    memset(key, 77, BBOTS_KEY_BYTES);
    return number == 0 ? BBOTS_OK : BBOTS_END;
}

static int add_keys(bbots_keyring *ring, const stage *at, bbots_error *error)
{
    uint8_t key[BBOTS_KEY_BYTES] = {1, 2, 3};
    char text[BBOTS_KEY_ID_TEXT_MAX];
    int rc = bbots_keyring_add(ring, key, error);
    rc = rc < 0 ? rc : bbots_keyring_add_text(ring, bbots_text_of(key_text), error);
    rc = rc < 0 ? rc : bbots_keyring_add_file(ring, at->key_path, error);
    rc = rc < 0 ? rc : bbots_keyring_add_source(ring, give_key, NULL, error);
    rc = rc < 0 ? rc : bbots_keyring_add_environment(ring, "BBOTS_REFUSAL_KEY", error);
    if (rc >= 0) {
        (void)bbots_key_id_print(bbots_keyring_id(ring, bbots_keyring_count(ring) - 1), text);
    }
    return rc;
}

static int act_keyring(stage *at, bbots_error *error)
{
    bbots_keyring *ring;
    int rc = bbots_keyring_new(&ring, error);
    if (rc >= 0) {
        rc = add_keys(ring, at, error);
        bbots_keyring_free(ring);
    }
    return rc;
}

static int act_key_file(stage *at, bbots_error *error)
{
    bbots_key_id id;
    return bbots_key_file_create(at->other, &id, error);
}

static int act_triple(stage *at, bbots_error *error)
{
    bbots_vault_triple triple;
    bbots_secret secret;
    bbots_bytes plain = {"a secret", 8};
    if (!bbots_vault_is_available()) {
        return BBOTS_OK;
    }
    int rc = bbots_vault_seal(at->ring, plain, BBOTS_VAULT_BASE64, &triple, error);
    if (rc < 0) {
        return rc;
    }
    rc = bbots_vault_open(at->ring, &triple, &secret, error);
    if (rc >= 0) {
        bbots_secret_free(&secret);
    }
    bbots_vault_triple_free(&triple);
    return rc;
}

static int act_secret(stage *at, bbots_error *error)
{
    const bbots_table *table = &bbots_user_profiles_table;
    bbots_value key = integer(1);
    bbots_value value;
    bbots_key_use uses[4];
    bbots_row row;
    unsigned count;
    int column = bbots_table_column(table, bbots_text_of("ghlApiKey"));
    int rc = bbots_get(at->txn, table, 0, &key, &row, error);
    rc = rc != BBOTS_OK ? rc : bbots_row_secret(&row, (unsigned)column, &value, error);
    bbots_txn_wipe(at->txn);
    return rc < 0 ? rc : bbots_key_uses(at->txn, uses, 4, &count, error);
}

static int act_secret_change(stage *at, bbots_error *error)
{
    return change(at->txn, error, &bbots_user_profiles_table, 1, "ghlApiKey", string("another"),
                  NULL);
}

static int act_secret_insert(stage *at, bbots_error *error)
{
    return put(at->txn, error, &bbots_user_profiles_table, "userId", integer(3), "ghlApiKey",
               string("of user 3"), NULL);
}

static int act_rotate(stage *at, bbots_error *error)
{
    bbots_rotation rotation = {.batch_rows = 1};
    return bbots_keys_rotate(at->store, &rotation, error);
}

static int see_credential(const bbots_credential *credential, void *context)
{
    (void)context;
    return credential->id == 0;
}

static int act_credential_store(stage *at, bbots_error *error)
{
    bbots_credential of = {.user_id = 2,
                           .name = bbots_text_of("Mail"),
                           .service = bbots_text_of("mail.example.org"),
                           .type = bbots_text_of("password"),
                           .metadata = bbots_json_of("{\"port\": 993}")};
    bbots_bytes secret = {"pass word", 9};
    int64_t id;
    return bbots_credential_store(at->txn, at->ring, &of, secret, BBOTS_VAULT_HEX, &id, error);
}

static int act_credential_fetch(stage *at, bbots_error *error)
{
    bbots_secret secret;
    int rc = bbots_credential_fetch(at->txn, at->ring, 1, 1, &secret, error);
    if (rc >= 0) {
        bbots_secret_free(&secret);
    }
    return rc;
}

static int act_credential_list(stage *at, bbots_error *error)
{
    return bbots_credential_list(at->txn, 1, true, see_credential, NULL, error);
}

static int act_credential_rotate(stage *at, bbots_error *error)
{
    bbots_bytes secret = {"another", 7};
    return bbots_credential_rotate(at->txn, at->ring, 1, 1, secret, BBOTS_VAULT_BASE64, error);
}

static int act_credential_delete(stage *at, bbots_error *error)
{
    return bbots_credential_delete(at->txn, 1, 1, error);
}

__attribute__((constructor)) static void give_environment(void)
{
    setenv("BBOTS_REFUSAL_KEY", key_text, 1);
}

const scene vault_scenes[] = {
    {"keyring", PLAIN, 0, act_keyring},
    {"key file", FILES, 0, act_key_file},
    {"triple", PLAIN, 0, act_triple},
    {"secret", READS, 0, act_secret},
    {"secret change", WRITES, TOLERANT, act_secret_change},
    {"secret insert", WRITES, TOLERANT, act_secret_insert},
    {"rotate", USES, STEPWISE | TOLERANT, act_rotate},
    {"credential store", WRITES, TOLERANT, act_credential_store},
    {"credential fetch", WRITES, 0, act_credential_fetch},
    {"credential list", READS, 0, act_credential_list},
    {"credential rotate", WRITES, TOLERANT, act_credential_rotate},
    {"credential delete", WRITES, 0, act_credential_delete},
    {NULL, PLAIN, 0, NULL},
};
