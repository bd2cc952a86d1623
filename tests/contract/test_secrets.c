/*
 * Sealed columns: what is written comes back, and only there and only with its key; what the file
 * holds is not what was written; without keys nothing is lost and nothing gets into the open.
 */
#include "support/support.h"

#include <bbots/secret.h>
#include <bbots/secrets.h>

#include <lmdb.h>
#include <unistd.h>

#define PEOPLE   (&secrets_people_table)
#define KEYS     (&secrets_people_keys_table)
#define ACCOUNTS (&secrets_accounts_table)
#define PAIRS    (&secrets_pairs_table)
#define GROWN    (&secrets_grown_table)

#define CANARY      "canary-7f3a-never-in-the-open"
#define JSON_CANARY "{\"n\": 12.50, \"key\": \"canary-7f3a-never-in-the-open\"}"

static const char first_key[] = "1111111111111111111111111111111111111111111111111111111111111111";
static const char second_key[] = "2222222222222222222222222222222222222222222222222222222222222222";

/* ------------------------------------------------------------------ stores and rows */

static void open_with(fixture *place, const char *keys)
{
    open_with_keys(place, &bbots_secrets_schema, keys);
}

static bool has_text(const bbots_value *value, const char *text)
{
    return value->kind == BBOTS_TEXT && value->size == strlen(text) &&
           memcmp(value->data, text, value->size) == 0;
}

#define assert_text(value, text)                                                                   \
    do {                                                                                           \
        bbots_value got_ = (value);                                                                \
        assert_true(has_text(&got_, (text)));                                                      \
    } while (0)

static void assert_json(bbots_value value, const char *text)
{
    bbots_json json = {value.data, value.size, BBOTS_JSON_PACKED};
    char *printed;
    size_t size;
    assert_int_equal(value.kind, BBOTS_JSON);
    assert_ok(bbots_json_print(json, &printed, &size, &fault));
    assert_string_equal(printed, text);
    free(printed);
}

static void add_account(bbots_txn *txn, const char *token)
{
    assert_ok(insert_named(txn, ACCOUNTS, "label", string("plain"), "token", string(token), "short",
                           string("a\xc3\xa4"
                                  "bcd"),
                           "settings", string(JSON_CANARY)));
}

static bool file_holds(const char *path, const char *text)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    char *bytes = malloc(size + 1);
    rewind(file);
    assert_int_equal(fread(bytes, 1, size, file), size);
    fclose(file);
    bool found = memmem(bytes, size, text, strlen(text)) != NULL;
    free(bytes);
    return found;
}

static uint64_t values_of_key(bbots_txn *txn, const char *keys, bool *given)
{
    bbots_key_use uses[8];
    unsigned count;
    bbots_key_id id = {{0}};
    if (keys != NULL) {
        bbots_keyring *ring = ring_of(keys);
        id = bbots_keyring_id(ring, 0);
        bbots_keyring_free(ring);
    }
    assert_ok(bbots_key_uses(txn, uses, COUNT(uses), &count, &fault));
    for (unsigned i = 0; i < count; i++) {
        if (memcmp(&uses[i].id, &id, sizeof id) == 0) {
            if (given != NULL) {
                *given = uses[i].given;
            }
            return uses[i].values;
        }
    }
    return 0;
}

/* ------------------------------------------------------------------ transparent with a key */

static void what_is_written_comes_back_and_is_not_in_the_file(void **state)
{
    fixture *place = *state;
    bbots_row row;
    bbots_cursor *cursor;
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_account(txn, CANARY);
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_text(row_at(&row, "token"), CANARY);
    check_txn(txn);
    commit(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_text(row_at(&row, "token"), CANARY);
    assert_text(row_at(&row, "token"), CANARY); /* a second time: the same memory */
    assert_ptr_equal(row_at(&row, "token").data, row_at(&row, "token").data);
    assert_text(row_at(&row, "short"), "a\xc3\xa4"
                                       "bcd");
    assert_text(row_at(&row, "label"), "plain");
    assert_json(row_at(&row, "settings"), JSON_CANARY);
    assert_ok(bbots_cursor_open(txn, ACCOUNTS, 0, NULL, &cursor, &fault));
    assert_ok(bbots_cursor_next(cursor, &row, &fault));
    assert_text(row_at(&row, "token"), CANARY);
    bbots_cursor_close(cursor);
    bbots_rollback(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    assert_false(file_holds(place->path, "canary-7f3a"));
    assert_true(file_holds(place->path, "plain"));
    open_with(place, first_key);
}

static void typed_rows_have_the_plain_text(void **state)
{
    fixture *place = *state;
    secrets_accounts account = {.given = SECRETS_ACCOUNTS_TOKEN | SECRETS_ACCOUNTS_SETTINGS,
                                .token = bbots_text_of(CANARY),
                                .settings = bbots_json_of(JSON_CANARY)};
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(secrets_accounts_insert(txn, &account, &fault));
    assert_int_equal(account.token.size, strlen(CANARY));
    assert_memory_equal(account.token.data, CANARY, strlen(CANARY));
    assert_int_equal(account.null & SECRETS_ACCOUNTS_SHORT, SECRETS_ACCOUNTS_SHORT);
    commit(txn);
    open_with(place, NULL);
    txn = begin(place->store, BBOTS_WRITE);
    secrets_accounts closed;
    assert_ok(secrets_accounts_get(txn, 1, &closed, &fault));
    assert_null(closed.token.data);
    assert_int_equal(closed.given & (SECRETS_ACCOUNTS_TOKEN | SECRETS_ACCOUNTS_SETTINGS), 0);
    assert_int_equal(closed.null & (SECRETS_ACCOUNTS_TOKEN | SECRETS_ACCOUNTS_SETTINGS), 0);
    assert_int_equal(closed.null & SECRETS_ACCOUNTS_SHORT, SECRETS_ACCOUNTS_SHORT);
    /* Written back as it was read, the row keeps its secrets. */
    closed.label = bbots_text_of("new");
    closed.null &= ~SECRETS_ACCOUNTS_LABEL;
    assert_ok(secrets_accounts_update(txn, &closed, closed.given, &fault));
    commit(txn);
    open_with(place, first_key);
    txn = begin(place->store, BBOTS_READ);
    assert_ok(secrets_accounts_get(txn, 1, &account, &fault));
    assert_memory_equal(account.token.data, CANARY, strlen(CANARY));
    assert_memory_equal(account.label.data, "new", 3);
    bbots_rollback(txn);
}

static void a_length_is_that_of_the_plain_text(void **state)
{
    fixture *place = *state;
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_status(insert_named(txn, ACCOUNTS, "token", string("t"), "short", string("qzxwvy")),
                  BBOTS_STRING_TOO_LONG);
    assert_null(strstr(fault.message, "qzx"));
    assert_status(insert_named(txn, ACCOUNTS, "token", null_value()), BBOTS_NOT_NULL_VIOLATION);
    assert_status(insert_named(txn, ACCOUNTS, "token", string("t"), "settings", string("{qzx")),
                  BBOTS_INVALID_TEXT);
    assert_null(strstr(fault.message, "qzx"));
    assert_ok(insert_named(txn, ACCOUNTS, "token", string(""), "short", string("12345")));
    bbots_row row;
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_text(row_at(&row, "token"), "");
    commit(txn);
}

static void a_value_that_was_read_can_be_given_to_the_next_write(void **state)
{
    fixture *place = *state;
    bbots_row row;
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_account(txn, CANARY);
    for (int i = 0; i < 20; i++) { /* each of what the one before gave back */
        bbots_value key = integer(i + 1);
        assert_ok(bbots_get(txn, ACCOUNTS, 0, &key, &row, &fault));
        assert_ok(insert_named(txn, ACCOUNTS, "token", row_at(&row, "token"), "settings",
                               row_at(&row, "settings")));
    }
    assert_ok(get_id(txn, ACCOUNTS, 21, &row));
    assert_text(row_at(&row, "token"), CANARY);
    assert_json(row_at(&row, "settings"), JSON_CANARY);
    bbots_txn_wipe(txn);
    assert_text(row_at(&row, "token"), CANARY); /* opened anew */
    commit(txn);
}

/* ------------------------------------------------------------------ without a key, with a wrong one */

static void without_a_key_the_rest_is_there_and_nothing_gets_into_the_open(void **state)
{
    fixture *place = *state;
    bbots_row row;
    bool given;
    bbots_keyring *ring = ring_of(first_key);
    char id[BBOTS_KEY_ID_TEXT_MAX];
    bbots_key_id_print(bbots_keyring_id(ring, 0), id);
    bbots_keyring_free(ring);
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_account(txn, CANARY);
    commit(txn);
    open_with(place, NULL);
    txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(values_of_key(txn, first_key, &given), 3);
    assert_false(given);
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_text(row_at(&row, "label"), "plain");
    assert_int_equal(row_at(&row, "token").kind, BBOTS_SEALED);
    assert_int_equal(row_at(&row, "settings").kind, BBOTS_SEALED);
    bbots_value value;
    assert_status(bbots_row_secret(&row, column(ACCOUNTS, "token"), &value, &fault),
                  BBOTS_KEY_MISSING);
    assert_non_null(strstr(fault.message, id));
    bbots_digest before = digest_of(txn);
    assert_status(insert_named(txn, ACCOUNTS, "token", string(CANARY)), BBOTS_KEY_MISSING);
    assert_null(strstr(fault.message, "canary"));
    assert_status(update_named(txn, ACCOUNTS, 1, "short", string("x")), BBOTS_KEY_MISSING);
    assert_digest(txn, before);
    assert_ok(update_named(txn, ACCOUNTS, 1, "label", string("other")));
    assert_ok(update_named(txn, ACCOUNTS, 1, "short", null_value()));
    assert_int_equal(values_of_key(txn, first_key, NULL), 2);
    assert_status(update_named(txn, ACCOUNTS, 1, "id", integer(7)), BBOTS_KEY_MISSING);
    commit(txn);
    check_store(place->store);
    /* A wrong key is as good as none, except that new values can be sealed. */
    open_with(place, second_key);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_int_equal(row_at(&row, "token").kind, BBOTS_SEALED);
    assert_status(bbots_row_secret(&row, column(ACCOUNTS, "token"), &value, &fault),
                  BBOTS_KEY_MISSING);
    assert_non_null(strstr(fault.message, id));
    add_account(txn, "another");
    assert_int_equal(values_of_key(txn, second_key, &given), 3);
    assert_true(given);
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    /* Who cannot do without asks for it. */
    ring = ring_of(second_key);
    bbots_options strict = {
        .schema = &bbots_secrets_schema, .flags = BBOTS_OPEN_ALL_KEYS, .keys = ring};
    assert_status(bbots_open(place->path, &strict, &place->store, &fault), BBOTS_KEY_MISSING);
    assert_non_null(strstr(fault.message, id));
    assert_null(place->store);
    bbots_keyring_free(ring);
    char both[160];
    snprintf(both, sizeof both, "%s %s", second_key, first_key);
    ring = ring_of(both);
    strict.keys = ring;
    assert_ok(bbots_open(place->path, &strict, &place->store, &fault));
    bbots_keyring_free(ring);
    txn = begin(place->store, BBOTS_READ);
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_text(row_at(&row, "token"), CANARY);
    assert_text(row_at(&row, "label"), "other");
    bbots_rollback(txn);
}

static void a_store_that_never_had_keys_keeps_secrets_in_the_open(void **state)
{
    fixture *place = *state;
    bbots_row row;
    open_with(place, NULL);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, GROWN, "secret", string("open")));
    assert_ok(insert_named(txn, GROWN, "secret", string("open too")));
    commit(txn);
    assert_true(file_holds(place->path, "open too"));
    open_with(place, first_key);
    txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(values_of_key(txn, first_key, NULL), 0);
    assert_ok(get_id(txn, GROWN, 1, &row));
    assert_text(row_at(&row, "secret"), "open");
    assert_ok(update_named(txn, GROWN, 1, "secret", string("open")));
    assert_int_equal(values_of_key(txn, first_key, NULL), 1);
    commit(txn);
    open_with(place, NULL); /* now it holds both */
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(get_id(txn, GROWN, 2, &row));
    assert_text(row_at(&row, "secret"), "open too");
    assert_ok(get_id(txn, GROWN, 1, &row));
    assert_int_equal(row_at(&row, "secret").kind, BBOTS_SEALED);
    assert_status(update_named(txn, GROWN, 2, "secret", string("x")), BBOTS_KEY_MISSING);
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ its place */

static void a_new_key_of_the_row_seals_anew(void **state)
{
    fixture *place = *state;
    bbots_row row;
    bbots_value key[2] = {string("left"), integer(1)};
    bbots_value moved[2] = {string("right"), integer(1)};
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(
        insert_named(txn, PAIRS, "a", string("left"), "b", integer(1), "secret", string(CANARY)));
    assert_ok(bbots_savepoint(txn, "s", &fault));
    bbots_digest before = digest_of(txn);
    assert_ok(bbots_update(txn, PAIRS, 0, key, moved, BBOTS_COLUMN_BIT(0), &row, &fault));
    assert_text(row_at(&row, "secret"), CANARY);
    assert_ok(bbots_get(txn, PAIRS, 0, moved, &row, &fault));
    assert_text(row_at(&row, "secret"), CANARY);
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    assert_digest(txn, before);
    assert_int_equal(values_of_key(txn, first_key, NULL), 1);
    assert_ok(bbots_get(txn, PAIRS, 0, key, &row, &fault));
    assert_text(row_at(&row, "secret"), CANARY);
    commit(txn);
}

/* Sealed bytes of one place, given to another by somebody who has no key. */
static void a_moved_value_does_not_open(void **state)
{
    fixture *place = *state;
    bbots_row row;
    bbots_value value;
    uint8_t bytes[200];
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_account(txn, CANARY);
    add_account(txn, "second");
    assert_ok(insert_named(txn, PEOPLE, "name", string("Ada"), "pin", string("1234")));
    assert_ok(insert_named(txn, GROWN, "secret", string("grown")));
    commit(txn);
    open_with(place, NULL);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    value = row_at(&row, "token");
    assert_int_equal(value.kind, BBOTS_SEALED);
    memcpy(bytes, value.data, value.size);
    value.data = bytes;
    assert_ok(
        update_named(txn, ACCOUNTS, 2, "token", value, "short", value)); /* row; row and column */
    assert_ok(update_named(txn, ACCOUNTS, 1, "short", value));           /* column */
    assert_ok(update_named(txn, GROWN, 1, "secret", value));             /* table */
    assert_ok(update_named(txn, ACCOUNTS, 1, "token", value));           /* its own place */
    assert_status(update_named(txn, ACCOUNTS, 1, "label", value), BBOTS_WRONG_TYPE);
    commit(txn);
    open_with(place, first_key);
    txn = begin(place->store, BBOTS_READ);
    static const struct {
        const bbots_table *table;
        int64_t id;
        const char *column;
        int status;
    } places[] = {{ACCOUNTS, 1, "token", BBOTS_OK},
                  {ACCOUNTS, 1, "short", BBOTS_TAMPERED},
                  {ACCOUNTS, 2, "token", BBOTS_TAMPERED},
                  {ACCOUNTS, 2, "short", BBOTS_TAMPERED},
                  {GROWN, 1, "secret", BBOTS_TAMPERED}};
    for (size_t i = 0; i < COUNT(places); i++) {
        assert_ok(get_id(txn, places[i].table, places[i].id, &row));
        assert_status(
            bbots_row_secret(&row, column(places[i].table, places[i].column), &value, &fault),
            places[i].status);
        assert_int_equal(value.kind, places[i].status == BBOTS_OK ? BBOTS_TEXT : BBOTS_SEALED);
    }
    bbots_check_result result;
    assert_ok(bbots_check(txn, NULL, &result, &fault));
    assert_int_equal(result.damage, 4);
    assert_int_equal(result.derived, 0);
    bbots_rollback(txn);
    txn = begin(place->store, BBOTS_WRITE); /* who has the key is told at once */
    value.data = bytes;
    value.kind = BBOTS_SEALED;
    value.size = (uint32_t)(strlen(CANARY) + 50);
    assert_status(update_named(txn, ACCOUNTS, 2, "token", value), BBOTS_TAMPERED);
    bbots_rollback(txn);
    assert_ok(bbots_close(place->store, &fault)); /* its check would find what this test did */
    place->store = NULL;
}

/* Every bit and every length of a sealed value, given back to its own place. */
static void try_spoiled(bbots_txn *txn, const char *name, const bbots_value *whole, uint8_t *bytes)
{
    bbots_value spoiled = *whole;
    bbots_row row;
    spoiled.data = bytes;
    for (uint32_t i = 0; i < whole->size * 9; i++) {
        memcpy(bytes, whole->data, whole->size);
        if (i < whole->size * 8) {
            bytes[i / 8] ^= (uint8_t)(1u << i % 8);
            spoiled.size = whole->size;
        } else {
            spoiled.size = i - whole->size * 8;
        }
        assert_ok(bbots_savepoint(txn, "s", &fault));
        int rc = update_named(txn, ACCOUNTS, 1, name, spoiled);
        assert_true(rc == BBOTS_OK || rc == BBOTS_TAMPERED || rc == BBOTS_WRONG_TYPE);
        if (rc == BBOTS_OK) { /* the id of a key that is not here, or one that is a row */
            assert_ok(get_id(txn, ACCOUNTS, 1, &row));
            assert_int_equal(row_at(&row, name).kind, BBOTS_SEALED);
        }
        assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
        assert_ok(bbots_savepoint_release(txn, "s", &fault));
    }
}

static void every_bit_and_every_cut_is_noticed(void **state)
{
    static const char *const columns[] = {"token", "short", "settings"};
    fixture *place = *state;
    uint8_t copies[3][300];
    bbots_value sealed[3];
    uint8_t bytes[300];
    bbots_row row;
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_account(txn, CANARY);
    commit(txn);
    open_with(place, NULL);
    txn = begin(place->store, BBOTS_READ);
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    for (int i = 0; i < 3; i++) {
        sealed[i] = row_at(&row, columns[i]);
        memcpy(copies[i], sealed[i].data, sealed[i].size);
        sealed[i].data = copies[i];
    }
    bbots_rollback(txn);
    open_with(place, first_key);
    txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 3; i++) {
        try_spoiled(txn, columns[i], &sealed[i], bytes);
        assert_ok(
            update_named(txn, ACCOUNTS, 1, columns[i], sealed[i])); /* unspoiled, it is taken */
    }
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_text(row_at(&row, "token"), CANARY);
    commit(txn);
}

static void equal_values_do_not_look_alike(void **state)
{
    fixture *place = *state;
    bbots_row row;
    bbots_value a;
    bbots_value b;
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_account(txn, CANARY);
    bbots_digest before = digest_of(txn);
    assert_ok(update_named(txn, ACCOUNTS, 1, "token", string(CANARY)));
    bbots_digest after = digest_of(txn);
    assert_memory_not_equal(&before, &after, sizeof before);
    add_account(txn, CANARY);
    commit(txn);
    open_with(place, NULL);
    txn = begin(place->store, BBOTS_READ);
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    a = row_at(&row, "token");
    assert_ok(get_id(txn, ACCOUNTS, 2, &row));
    b = row_at(&row, "token");
    assert_int_equal(a.size, b.size);
    assert_memory_not_equal((const uint8_t *)a.data + 34, (const uint8_t *)b.data + 34, 16);
    bbots_rollback(txn);
}

static void counts_follow_savepoints_and_deletes(void **state)
{
    fixture *place = *state;
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 100; i++) {
        add_account(txn, CANARY);
    }
    assert_int_equal(values_of_key(txn, first_key, NULL), 300);
    assert_ok(bbots_savepoint(txn, "s", &fault));
    for (int i = 0; i < 50; i++) {
        assert_ok(delete_id(txn, ACCOUNTS, i + 1, NULL));
    }
    assert_int_equal(values_of_key(txn, first_key, NULL), 150);
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    assert_int_equal(values_of_key(txn, first_key, NULL), 300);
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(delete_id(txn, ACCOUNTS, 1, NULL));
    bbots_rollback(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_int_equal(values_of_key(txn, first_key, NULL), 300);
    bbots_rollback(txn);
}

/* Puts bytes in place of the record of counts by key, on the closed file. */
static void forge_counts(const char *path, const void *bytes, size_t size)
{
    MDB_env *env;
    MDB_txn *raw;
    MDB_dbi main_tree;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_mapsize(env, (size_t)1 << 28), 0); /* what valgrind can map too */
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &raw), 0);
    assert_int_equal(mdb_dbi_open(raw, NULL, 0, &main_tree), 0);
    uint64_t number = mdb_txn_id(raw);
    MDB_val key = {5, (char[]){"@keys"}};
    MDB_val value = {size, (void *)(uintptr_t)bytes};
    assert_int_equal(mdb_put(raw, main_tree, &key, &value, 0), 0);
    MDB_val commit_key = {7, (char[]){"@commit"}};
    MDB_val commit_value = {8, &number};
    assert_int_equal(mdb_put(raw, main_tree, &commit_key, &commit_value, 0), 0);
    assert_int_equal(mdb_txn_commit(raw), 0);
    mdb_env_close(env);
}

/* With or without the key: what is sealed says by which. */
static void counts_are_made_anew_by_a_repair(void **state)
{
    static const uint8_t wrong[40] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const size_t sizes[] = {16, 32, 7, 40};
    fixture *place = *state;
    bbots_check_result result;
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 20; i++) {
        add_account(txn, CANARY);
    }
    commit(txn);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        assert_ok(bbots_close(place->store, &fault));
        place->store = NULL;
        forge_counts(place->path, wrong, sizes[i]);
        open_with(place, i % 2 == 0 ? first_key : NULL);
        txn = begin(place->store, BBOTS_WRITE);
        assert_ok(bbots_check(txn, NULL, &result, &fault));
        assert_true(result.derived > 0);
        assert_ok(bbots_repair(txn, NULL, NULL, &result, &fault));
        assert_int_equal(result.derived, 1);
        assert_int_equal(values_of_key(txn, first_key, NULL), 60 - 3 * i);
        assert_ok(delete_id(txn, ACCOUNTS, (int64_t)i + 1, NULL)); /* counts go on from there */
        commit(txn);
        check_store(place->store);
        txn = begin(place->store, BBOTS_READ);
        assert_int_equal(values_of_key(txn, first_key, NULL), 57 - 3 * i);
        bbots_rollback(txn);
    }
}

/* ------------------------------------------------------------------ summaries */

/* Counts accounts by token, of all rows or of a range that is all. */
static bbots_summary *count_tokens(bbots_txn *txn, bool by_range, size_t groups)
{
    static const bbots_range all;
    int token = bbots_table_column(ACCOUNTS, bbots_text_of("token"));
    bbots_summary_query query = {.table = ACCOUNTS,
                                 .range = by_range ? &all : NULL,
                                 .groups = {{(uint16_t)token, BBOTS_TIME_NONE}},
                                 .group_count = 1,
                                 .measures = {{BBOTS_COUNT, -1}},
                                 .measure_count = 1};
    bbots_summary *summary;
    assert_ok(bbots_summarize(txn, &query, &summary, &fault));
    assert_int_equal(bbots_summary_count(summary), groups);
    return summary;
}

/* Equal texts are one group when they can be opened; what cannot be is a group of its own. */
static void a_summary_groups_by_what_it_can_open(void **state)
{
    fixture *place = *state;
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_account(txn, CANARY);
    add_account(txn, "another");
    add_account(txn, CANARY);
    commit(txn);
    for (int by_range = 0; by_range < 2; by_range++) {
        open_with(place, first_key);
        txn = begin(place->store, BBOTS_READ);
        bbots_summary *summary = count_tokens(txn, by_range != 0, 2);
        bbots_rollback(txn);
        assert_text(bbots_summary_group(summary, 0, 0), "another");
        assert_text(bbots_summary_group(summary, 1, 0), CANARY);
        assert_int_equal(bbots_summary_measure(summary, 1, 0).low, 2);
        bbots_summary_free(summary);

        open_with(place, NULL);
        txn = begin(place->store, BBOTS_READ);
        summary = count_tokens(txn, by_range != 0, 3);
        bbots_rollback(txn);
        open_with(place, first_key); /* the file was closed: what the groups hold are copies */
        for (size_t i = 0; i < 3; i++) {
            bbots_value token = bbots_summary_group(summary, i, 0);
            assert_int_equal(token.kind, BBOTS_SEALED);
            assert_null(memmem(token.data, token.size, CANARY, strlen(CANARY)));
        }
        bbots_summary_free(summary);
    }
}

/* ------------------------------------------------------------------ data keys */

static void an_owner_with_a_key_of_his_own(void **state)
{
    fixture *place = *state;
    bbots_row row;
    bbots_value value;
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, PEOPLE, "name", string("Ada")));
    assert_ok(insert_named(txn, PEOPLE, "name", string("Bob"), "pin", string("9999")));
    assert_ok(insert_named(txn, KEYS, "personId", integer(1)));
    assert_int_equal(values_of_key(txn, first_key, NULL), 2); /* Bob's pin, Ada's key */
    assert_ok(insert_named(txn, ACCOUNTS, "personId", integer(1), "token", string(CANARY)));
    assert_ok(insert_named(txn, ACCOUNTS, "personId", integer(2), "token", string("bob")));
    assert_ok(insert_named(txn, ACCOUNTS, "token", string("nobody")));
    assert_ok(update_named(txn, PEOPLE, 1, "pin", string("1234")));
    assert_int_equal(values_of_key(txn, NULL, NULL), 2);
    assert_int_equal(values_of_key(txn, first_key, NULL), 4);
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_text(row_at(&row, "token"), CANARY);
    assert_ok(get_id(txn, PEOPLE, 1, &row));
    assert_text(row_at(&row, "pin"), "1234");
    /* An account changes hands: it is sealed for its new owner. */
    assert_ok(update_named(txn, ACCOUNTS, 1, "personId", integer(2)));
    assert_int_equal(values_of_key(txn, NULL, NULL), 1);
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_text(row_at(&row, "token"), CANARY);
    assert_ok(update_named(txn, ACCOUNTS, 1, "personId", integer(1)));
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_text(row_at(&row, "token"), CANARY);
    assert_int_equal(values_of_key(txn, NULL, NULL), 2);
    /* The key goes with its owner; the account stays and is closed for ever. */
    assert_ok(bbots_savepoint(txn, "s", &fault));
    assert_ok(delete_id(txn, PEOPLE, 1, NULL));
    assert_int_equal(count_of(txn, KEYS), 0);
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_status(bbots_row_secret(&row, column(ACCOUNTS, "token"), &value, &fault),
                  BBOTS_KEY_MISSING);
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault)); /* or it does not go after all */
    assert_ok(get_id(txn, ACCOUNTS, 1, &row));
    assert_text(row_at(&row, "token"), CANARY);
    assert_ok(delete_id(txn, PEOPLE, 1, NULL));
    commit(txn);
    check_store(place->store);
    open_with(place, NULL); /* without the main key a data key cannot be made */
    txn = begin(place->store, BBOTS_WRITE);
    assert_status(insert_named(txn, KEYS, "personId", integer(2)), BBOTS_KEY_MISSING);
    bbots_rollback(txn);
    open_with(place, first_key);
}

/* From owner to owner, among more keys than are kept at hand: each time it is sealed for the next. */
static void a_row_goes_from_owner_to_owner(void **state)
{
    enum { OWNERS = 150, MOVES = 300 };
    fixture *place = *state;
    bbots_row row;
    open_with(place, first_key);
    random_source source = random_begin("owners");
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 1; i <= OWNERS; i++) {
        assert_ok(insert_named(txn, PEOPLE, "name", string("n")));
        assert_ok(insert_named(txn, KEYS, "personId", integer(i)));
    }
    assert_ok(insert_named(txn, ACCOUNTS, "personId", integer(1), "token", string(CANARY), "short",
                           string("abc"), "settings", string(JSON_CANARY)));
    for (int i = 0; i < MOVES; i++) {
        int64_t next = 1 + (int64_t)random_below(&source, OWNERS);
        assert_ok(update_named(txn, ACCOUNTS, 1, "personId", integer(next)));
        assert_ok(get_id(txn, ACCOUNTS, 1, &row));
        assert_text(row_at(&row, "token"), CANARY);
        assert_text(row_at(&row, "short"), "abc");
        assert_json(row_at(&row, "settings"), JSON_CANARY);
    }
    commit(txn);
}

static void a_data_key_is_not_changed(void **state)
{
    fixture *place = *state;
    open_with(place, first_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, PEOPLE, "name", string("Ada")));
    assert_status(insert_named(txn, KEYS, "personId", integer(1), "key", string("no key")),
                  BBOTS_INVALID_TEXT);
    assert_null(strstr(fault.message, "no key"));
    assert_ok(insert_named(txn, KEYS, "personId", integer(1), "key", string(second_key)));
    assert_status(update_named(txn, KEYS, 1, "key", string(first_key)), BBOTS_INVALID_ARGUMENT);
    commit(txn);
}

int main(void)
{
#define secret_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        secret_test(what_is_written_comes_back_and_is_not_in_the_file),
        secret_test(typed_rows_have_the_plain_text),
        secret_test(a_length_is_that_of_the_plain_text),
        secret_test(a_value_that_was_read_can_be_given_to_the_next_write),
        secret_test(without_a_key_the_rest_is_there_and_nothing_gets_into_the_open),
        secret_test(a_store_that_never_had_keys_keeps_secrets_in_the_open),
        secret_test(a_new_key_of_the_row_seals_anew),
        secret_test(a_moved_value_does_not_open),
        secret_test(every_bit_and_every_cut_is_noticed),
        secret_test(equal_values_do_not_look_alike),
        secret_test(a_summary_groups_by_what_it_can_open),
        secret_test(counts_follow_savepoints_and_deletes),
        secret_test(counts_are_made_anew_by_a_repair),
        secret_test(an_owner_with_a_key_of_his_own),
        secret_test(a_row_goes_from_owner_to_owner),
        secret_test(a_data_key_is_not_changed),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
