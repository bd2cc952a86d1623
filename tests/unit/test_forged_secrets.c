/*
 * tests/unit/test_forged_secrets.c - sealed values that nobody sealed, in rows whose checksums fit: of no
 * shape, of other keys, of keys that are rows where there are none. Whoever reads, changes, moves or
 * renews such a row is told; nothing else of the row is lost, and the check names what it can.
 *
 * Rows are written past the tables in a write transaction, which is rolled back.
 */
#include "support/support.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "table/secret.h"

#include <bbots/check.h>
#include <bbots/secrets.h>

#define PEOPLE   (&secrets_people_table)
#define KEYS     (&secrets_people_keys_table)
#define ACCOUNTS (&secrets_accounts_table)
#define GROWN    (&secrets_grown_table)

enum { ROW_MAX = 1000, BY_AT = 1, ID_AT = 2 };

static const char ring_key[] = "1111111111111111111111111111111111111111111111111111111111111111";

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    open_with_keys(place, &bbots_secrets_schema, ring_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, PEOPLE, "name", string("Ada"))); /* who has a key of her own */
    assert_ok(insert_named(txn, PEOPLE, "name", string("Bob")));
    assert_ok(insert_named(txn, KEYS, "personId", integer(1)));
    for (int owner = 1; owner <= 2; owner++) {
        assert_ok(insert_named(txn, ACCOUNTS, "personId", integer(owner), "token",
                               string("a token"), "settings", string("{\"a\": 1}")));
    }
    assert_ok(insert_named(txn, GROWN, "secret", string("a secret")));
    commit(txn);
    return rc;
}

/* ------------------------------------------------------------------ past the tables */

typedef struct forged {
    uint8_t row[ROW_MAX];
    size_t size;
    size_t at; /* of the sealed value */
    size_t sealed_size;
} forged;

/* A row's bytes as they lie in the file, and where a column's are in them. */
static forged take(bbots_txn *txn, const bbots_table *table, int64_t id, const char *name)
{
    bbots_row row;
    forged made;
    assert_ok(get_id(txn, table, id, &row));
    bbots_value value = codec_row_value(row.layout, row.data, row.size, column(table, name));
    assert_int_equal(value.kind, BBOTS_SEALED);
    assert_true(row.size <= ROW_MAX);
    made.size = row.size;
    made.at = (size_t)((const uint8_t *)value.data - (const uint8_t *)row.data);
    made.sealed_size = value.size;
    memcpy(made.row, row.data, row.size);
    return made;
}

static void put(bbots_txn *txn, const bbots_table *table, int64_t id, forged *made)
{
    uint8_t bytes[4] = {0x80, 0, 0, (uint8_t)id};
    store_bytes key = {bytes, sizeof bytes};
    store_bytes value = {made->row, made->size};
    bb_hash hash =
        bb_hash128(made->row + 4, made->size - 4, bb_hash64(table->name, strlen(table->name)));
    bb_store32(made->row, (uint32_t)hash.low);
    assert_ok(store_put(&txn->base, txn->store->tables[table->number].trees[0], key, value,
                        STORE_REPLACE, &fault));
}

/* ------------------------------------------------------------------ one forgery */

typedef struct forgery {
    const bbots_table *table;
    int64_t id;
    const char *column;
    uint8_t by; /* who sealed it, as it says */
    bool other; /* the key's id is another */
    int read;   /* what its reader is told */
} forgery;

static const forgery forgeries[] = {
    {&secrets_accounts_table, 1, "token", 9, false, BBOTS_TAMPERED},
    {&secrets_accounts_table, 1, "token", VAULT_BY_RING, false, BBOTS_KEY_MISSING},
    {&secrets_accounts_table, 1, "token", VAULT_BY_ROW, true, BBOTS_KEY_MISSING},
    {&secrets_accounts_table, 2, "token", 0, false, BBOTS_TAMPERED},
    {&secrets_accounts_table, 2, "token", VAULT_BY_ROW, false, BBOTS_KEY_MISSING},
    {&secrets_accounts_table, 2, "token", VAULT_BY_RING, true, BBOTS_KEY_MISSING},
    {&secrets_accounts_table, 2, "settings", VAULT_BY_ROW, true, BBOTS_KEY_MISSING},
    {&secrets_grown_table, 1, "secret", VAULT_BY_ROW, false, BBOTS_KEY_MISSING},
    {&secrets_grown_table, 1, "secret", 3, false, BBOTS_TAMPERED},
};

static void forge(bbots_txn *txn, const forgery *of)
{
    forged made = take(txn, of->table, of->id, of->column);
    made.row[made.at + BY_AT] = of->by;
    made.row[made.at + ID_AT] ^= of->other ? 1 : 0;
    put(txn, of->table, of->id, &made);
}

static int read_value(bbots_txn *txn, const forgery *of)
{
    bbots_row row;
    bbots_value value;
    assert_ok(get_id(txn, of->table, of->id, &row));
    return bbots_row_secret(&row, column(of->table, of->column), &value, &fault);
}

static void whoever_reads_it_is_told(void **state)
{
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(forgeries); i++) {
        const forgery *of = &forgeries[i];
        bbots_check_result found;
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        assert_ok(read_value(txn, of));
        assert_ok(read_value(txn, of)); /* from what is at hand */
        forge(txn, of);
        assert_status(read_value(txn, of), of->read);
        assert_status(read_value(txn, of), of->read); /* and is not kept for it */
        assert_string_equal(fault.table, of->table->name);
        assert_string_equal(fault.column, of->column);
        assert_ok(bbots_check(txn, NULL, &found, &fault));
        assert_true(found.damage + found.derived > 0); /* the table's digest, at least */
        bbots_rollback(txn);
    }
}

/* What a change leaves alone stays as it is; what it has to seal anew it has to open first. */
static void whoever_changes_the_row_is_told(void **state)
{
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(forgeries); i++) {
        const forgery *of = &forgeries[i];
        if (of->table != ACCOUNTS) {
            continue;
        }
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        forge(txn, of);
        assert_ok(update_named(txn, ACCOUNTS, of->id, "label", string("x")));
        assert_status(read_value(txn, of), of->read);
        assert_status(update_named(txn, ACCOUNTS, of->id, "personId", integer(3 - of->id)),
                      of->read);
        assert_ok(update_named(txn, ACCOUNTS, of->id, of->column,
                               strcmp(of->column, "settings") == 0 ? string("{}") : string("new")));
        assert_ok(read_value(txn, of));
        assert_ok(delete_id(txn, ACCOUNTS, of->id, NULL));
        bbots_rollback(txn);
    }
}

/* Less than a sealed value has; in its row it is the last one, and its end stands before it. */
static void cut(bbots_txn *txn, const bbots_table *table, const char *name)
{
    forged made = take(txn, table, 1, name);
    assert_int_equal(bb_load16(made.row + made.at - 2), made.sealed_size);
    bb_store16(made.row + made.at - 2, 10);
    made.size = made.at + 10;
    put(txn, table, 1, &made);
}

static void what_is_too_short_to_be_sealed_is_told(void **state)
{
    fixture *place = *state;
    const forgery grown = {GROWN, 1, "secret", 0, false, BBOTS_TAMPERED};
    const forgery ada = {ACCOUNTS, 1, "token", 0, false, BBOTS_KEY_MISSING};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(read_value(txn, &grown));
    cut(txn, GROWN, "secret");
    cut(txn, KEYS, "key");
    assert_status(read_value(txn, &grown), BBOTS_TAMPERED);
    assert_status(read_value(txn, &ada), BBOTS_KEY_MISSING);
    assert_non_null(strstr(fault.message, "a data key of table \"people_keys\" is not sealed"));
    bbots_rollback(txn);
}

/* Sealed bytes of a row's key, given to a row whose owner has none: nobody can tell until they are read. */
static void what_another_ones_key_sealed_does_not_open(void **state)
{
    fixture *place = *state;
    const forgery bob = {ACCOUNTS, 2, "token", 0, false, BBOTS_KEY_MISSING};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    forged made = take(txn, ACCOUNTS, 1, "token");
    bbots_value sealed = bbots_value_of_bytes(BBOTS_SEALED, made.row + made.at, made.sealed_size);
    assert_ok(update_named(txn, ACCOUNTS, 2, "token", sealed));
    assert_status(read_value(txn, &bob), BBOTS_KEY_MISSING);
    bbots_rollback(txn);
}

/* A new key leaves a value that does not open as it is, and says how many. */
static void a_new_key_goes_round_it(void **state)
{
    static const char both[] = "2222222222222222222222222222222222222222222222222222222222222222,"
                               "1111111111111111111111111111111111111111111111111111111111111111";
    static const forgery bob = {ACCOUNTS, 2, "token", VAULT_BY_RING, true, BBOTS_TAMPERED};
    fixture *place = *state;
    bbots_check_result found;
    bbots_rotation rotation = {.batch_rows = 1};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    forged made = take(txn, ACCOUNTS, 2, "token");
    made.row[made.at + made.sealed_size - 1] ^= 1;
    put(txn, ACCOUNTS, 2, &made);
    commit(txn);
    open_with_keys(place, &bbots_secrets_schema, both);
    assert_ok(bbots_keys_rotate(place->store, &rotation, &fault));
    assert_int_equal(rotation.closed, 1);
    assert_true(rotation.renewed >= 3);
    txn = begin(place->store, BBOTS_WRITE);
    assert_status(read_value(txn, &bob), BBOTS_TAMPERED);
    assert_ok(update_named(txn, ACCOUNTS, 2, "token", string("mended")));
    assert_ok(bbots_repair(txn, NULL, NULL, &found, &fault)); /* the digest */
    commit(txn);
    open_with_keys(place, &bbots_secrets_schema, both);
}

/* Without keys a value of no shape is told as what it is, and whose key the others need. */
static void without_keys_it_is_told_too(void **state)
{
    fixture *place = *state;
    open_with_keys(place, &bbots_secrets_schema, NULL);
    for (size_t i = 0; i < COUNT(forgeries); i++) {
        const forgery *of = &forgeries[i];
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        assert_status(read_value(txn, of), BBOTS_KEY_MISSING);
        forge(txn, of);
        assert_status(read_value(txn, of), of->read);
        bbots_rollback(txn);
    }
    open_with_keys(place, &bbots_secrets_schema, ring_key);
}

/* ------------------------------------------------------------------ data keys */

/* Seals a text for the place of Ada's data key, as who has the ring's key can. */
static void seal_as_key(bbots_txn *txn, forged *made, const char *text)
{
    static const uint8_t row_key[] = {0x80, 0, 0, 1};
    static vault_nonces nonces;
    vault_place place = {"people_keys", "key", row_key, sizeof row_key};
    vault_text plain = {text, made->sealed_size - VAULT_SEAL_BYTES};
    vault_seal(&txn->store->keys->keys[0], VAULT_BY_RING, &place, &nonces, plain,
               made->row + made->at);
    put(txn, KEYS, 1, made);
}

static void a_data_key_that_is_none_is_damage(void **state)
{
    static const char words[] = "this is no key, though it has as many characters as one has.....";
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    const forgery ada = {ACCOUNTS, 1, "token", VAULT_BY_ROW, false, BBOTS_CORRUPTED};
    forged made = take(txn, KEYS, 1, "key");
    assert_int_equal(made.sealed_size, VAULT_SEAL_BYTES + strlen(words));
    seal_as_key(txn, &made, words);
    assert_status(read_value(txn, &ada), BBOTS_CORRUPTED);
    assert_null(strstr(fault.message, "this is"));
    assert_string_equal(fault.table, "people_keys");
    assert_status(insert_named(txn, ACCOUNTS, "personId", integer(1), "token", string("t")),
                  BBOTS_CORRUPTED);
    seal_as_key(txn, &made, ring_key); /* one that is another's */
    assert_status(read_value(txn, &ada), BBOTS_KEY_MISSING);
    assert_ok(insert_named(txn, ACCOUNTS, "personId", integer(1), "token", string("t")));
    bbots_rollback(txn); /* and with it the keys at hand */
    txn = begin(place->store, BBOTS_WRITE);
    made.row[made.at + BY_AT] = 7;
    put(txn, KEYS, 1, &made);
    assert_status(read_value(txn, &ada), BBOTS_TAMPERED);
    assert_string_equal(fault.table, "people_keys");
    bbots_rollback(txn);
}

/* A key that went from its row while the row stayed: what it sealed is lost, and that is said. */
static void a_data_key_that_is_gone_is_missed(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    const forgery ada = {ACCOUNTS, 1, "token", VAULT_BY_ROW, false, BBOTS_KEY_MISSING};
    bbots_row row;
    assert_ok(delete_id(txn, KEYS, 1, NULL));
    assert_status(read_value(txn, &ada), BBOTS_KEY_MISSING);
    assert_non_null(strstr(fault.message, "data key that is gone"));
    assert_ok(update_named(txn, ACCOUNTS, 1, "token", string("sealed by the ring's key")));
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_ok(read_value(txn, &ada));
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ counts */

static unsigned uses_of(bbots_txn *txn)
{
    bbots_key_use uses[8];
    unsigned count;
    assert_ok(bbots_key_uses(txn, uses, COUNT(uses), &count, &fault));
    for (unsigned i = 0; i < count; i++) {
        assert_true(uses[i].values > 0);
    }
    return count;
}

static void a_key_without_values_is_not_used(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(uses_of(txn), 2); /* the ring's, and those that are rows */
    assert_ok(delete_id(txn, ACCOUNTS, 1, NULL));
    assert_int_equal(uses_of(txn), 1);
    commit(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_int_equal(uses_of(txn), 1);
    commit(txn);
}

/* ------------------------------------------------------------------ a value that is too long */

static void a_value_has_to_fit_when_it_is_sealed(void **state)
{
    fixture *place = *state;
    size_t size = CODEC_ROW_MAX - VAULT_SEAL_BYTES + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_status(insert_named(txn, GROWN, "secret", bbots_value_text((bbots_text){text, size})),
                  BBOTS_LIMIT_EXCEEDED);
    assert_string_equal(fault.column, "secret");
    assert_int_equal(count_of(txn, GROWN), 1);
    commit(txn);
    free(text);
}

#define SEALED(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEALED(whoever_reads_it_is_told),
        SEALED(whoever_changes_the_row_is_told),
        SEALED(what_is_too_short_to_be_sealed_is_told),
        SEALED(what_another_ones_key_sealed_does_not_open),
        SEALED(a_new_key_goes_round_it),
        SEALED(without_keys_it_is_told_too),
        SEALED(a_data_key_that_is_none_is_damage),
        SEALED(a_data_key_that_is_gone_is_missed),
        SEALED(a_key_without_values_is_not_used),
        SEALED(a_value_has_to_fit_when_it_is_sealed),
    };
    choose_tests();
    return cmocka_run_group_tests_name("forged secrets", tests, NULL, NULL);
}
