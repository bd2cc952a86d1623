/*
 * A new key: after a rotation every value is sealed by it, whatever stops the rotation on its way.
 * And keys that are rows: with their owner's deletion, what older copies of the file hold of his
 * secrets stays closed once the main key of that time is gone.
 *
 * N= values and KILLS= make the test of interrupted rotations longer.
 */
#include "support/support.h"

#include <bbots/backup.h>
#include <bbots/secrets.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEOPLE   (&secrets_people_table)
#define KEYS     (&secrets_people_keys_table)
#define ACCOUNTS (&secrets_accounts_table)
#define GROWN    (&secrets_grown_table)

static const char old_key[] = "1111111111111111111111111111111111111111111111111111111111111111";
static const char new_key[] = "2222222222222222222222222222222222222222222222222222222222222222";
static const char both_keys[] = "2222222222222222222222222222222222222222222222222222222222222222 "
                                "1111111111111111111111111111111111111111111111111111111111111111";

static bbots_store *open_keys(const char *path, const char *keys)
{
    bbots_keyring *ring = NULL;
    bbots_error error;
    bbots_store *store = NULL;
    if (keys != NULL && (bbots_keyring_new(&ring, &error) != BBOTS_OK ||
                         bbots_keyring_add_text(ring, bbots_text_of(keys), &error) != BBOTS_OK)) {
        return NULL;
    }
    bbots_options options = {.schema = &bbots_secrets_schema,
                             .flags = BBOTS_OPEN_CREATE,
                             .durability = BBOTS_RELAXED,
                             .keys = ring};
    int rc = bbots_open(path, &options, &store, &error);
    bbots_keyring_free(ring);
    return rc == BBOTS_OK ? store : NULL;
}

static void open_with(fixture *place, const char *keys)
{
    if (place->store != NULL) {
        assert_ok(bbots_close(place->store, &fault));
    }
    place->store = open_keys(place->path, keys);
    assert_non_null(place->store);
}

static void assert_secret(bbots_txn *txn, const bbots_table *table, int64_t id, const char *name,
                          const char *text)
{
    bbots_row row;
    bbots_value value;
    assert_ok(get_id(txn, table, id, &row));
    assert_ok(bbots_row_secret(&row, column(table, name), &value, &fault));
    assert_int_equal(value.size, strlen(text));
    assert_memory_equal(value.data, text, value.size);
}

static uint64_t values_of(bbots_txn *txn, bool given)
{
    bbots_key_use uses[8];
    unsigned count;
    uint64_t values = 0;
    assert_ok(bbots_key_uses(txn, uses, COUNT(uses), &count, &fault));
    for (unsigned i = 0; i < count && i < COUNT(uses); i++) {
        values += uses[i].given == given ? uses[i].values : 0;
    }
    return values;
}

/* Accounts number 1 to count, with the token "token-N" and other secrets now and then. */
static void add_accounts(bbots_store *store, unsigned count)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (unsigned i = 1; i <= count; i++) {
        char token[40];
        snprintf(token, sizeof token, "token-%u", i);
        assert_ok(insert_named(txn, ACCOUNTS, "token", string(token), "short",
                               i % 3 == 0 ? string("short") : null_value(), "settings",
                               i % 5 == 0 ? string("{\"a\": [1, 2]}") : null_value()));
    }
    commit(txn);
}

static void check_accounts(bbots_store *store, unsigned count)
{
    bbots_txn *txn = begin(store, BBOTS_READ);
    assert_int_equal(count_of(txn, ACCOUNTS), count);
    for (unsigned i = 1; i <= count; i++) {
        char token[40];
        snprintf(token, sizeof token, "token-%u", i);
        assert_secret(txn, ACCOUNTS, i, "token", token);
        bbots_txn_wipe(txn);
    }
    assert_int_equal(values_of(txn, false), 0);
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ rotations */

static void values_of_all_kinds_get_the_new_key(void **state)
{
    fixture *place = *state;
    open_with(place, NULL); /* some from before there were keys */
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, GROWN, "secret", string("from the beginning")));
    commit(txn);
    open_with(place, old_key);
    add_accounts(place->store, 100);
    bbots_rotation rotation = {.batch_rows = 7};
    open_with(place, NULL);
    assert_status(bbots_keys_rotate(place->store, &rotation, &fault), BBOTS_KEY_MISSING);
    open_with(place, both_keys);
    assert_ok(bbots_keys_rotate(place->store, &rotation, &fault));
    assert_int_equal(rotation.renewed, 101);
    assert_int_equal(rotation.closed, 0);
    assert_ok(bbots_keys_rotate(place->store, &rotation, &fault));
    assert_int_equal(rotation.renewed, 0);
    open_with(place, new_key);
    check_accounts(place->store, 100);
    txn = begin(place->store, BBOTS_READ);
    assert_secret(txn, GROWN, 1, "secret", "from the beginning");
    bbots_rollback(txn);
    rotation.batch_rows = 100001;
    assert_status(bbots_keys_rotate(place->store, &rotation, &fault), BBOTS_INVALID_ARGUMENT);
}

static void what_cannot_be_opened_stays_and_is_told(void **state)
{
    fixture *place = *state;
    open_with(place, old_key);
    add_accounts(place->store, 30);
    open_with(place, new_key); /* the old one is not there */
    bbots_rotation rotation = {.batch_rows = 4};
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    bbots_digest before = digest_of(txn);
    bbots_rollback(txn);
    assert_ok(bbots_keys_rotate(place->store, &rotation, &fault));
    assert_int_equal(rotation.renewed, 0);
    assert_int_equal(rotation.closed, 30 + 10 + 6);
    txn = begin(place->store, BBOTS_READ);
    assert_digest(txn, before);
    bbots_rollback(txn);
}

static int stop_at_once(uint64_t renewed, uint64_t rows, void *context)
{
    (void)context;
    assert_true(renewed <= rows);
    return 1;
}

static void a_stopped_rotation_goes_on(void **state)
{
    fixture *place = *state;
    open_with(place, old_key);
    add_accounts(place->store, 95);
    open_with(place, both_keys);
    bbots_rotation rotation = {.batch_rows = 10, .on_progress = stop_at_once};
    unsigned stops = 0;
    uint64_t renewed = 0;
    int rc;
    while ((rc = bbots_keys_rotate(place->store, &rotation, &fault)) == BBOTS_CANCELLED) {
        stops++;
        renewed += rotation.renewed;
    }
    assert_ok(rc);
    assert_int_equal(stops, 10);
    assert_int_equal(renewed, 95);
    open_with(place, new_key);
    check_accounts(place->store, 95);
}

/* ------------------------------------------------------------------ killed on its way */

static int tell_parent(uint64_t renewed, uint64_t rows, void *context)
{
    (void)renewed;
    (void)rows;
    return write(*(int *)context, "b", 1) == 1 ? 0 : 1;
}

/* Rotates in a process of its own; a byte for each batch. Exit 0: it came to the end. */
static pid_t start_rotation(const char *path, int *read_end)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bbots_error error;
        close(ends[0]);
        bbots_store *store = open_keys(path, both_keys);
        bbots_rotation rotation = {
            .batch_rows = 200, .on_progress = tell_parent, .context = &ends[1]};
        int rc = store != NULL ? bbots_keys_rotate(store, &rotation, &error) : -1;
        end_child(rc == BBOTS_OK ? bbots_close(store, &error) != BBOTS_OK : 1);
    }
    close(ends[1]);
    *read_end = ends[0];
    return child;
}

/* Lets the child do some batches and kills it. True when it came to its end before. */
static bool rotate_and_kill(const char *path, uint64_t batches, uint64_t spins)
{
    int fd;
    int status;
    char byte;
    pid_t child = start_rotation(path, &fd);
    while (batches-- > 0 && read(fd, &byte, 1) == 1) {
    }
    for (volatile uint64_t i = 0; i < spins; i++) {
    }
    kill(child, SIGKILL);
    close(fd);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static unsigned asked(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void a_killed_rotation_goes_on(void **state)
{
    fixture *place = *state;
    random_source source = random_begin("a_killed_rotation_goes_on");
    unsigned count = asked("N", 6000);
    unsigned kills = asked("KILLS", 8);
    open_with(place, old_key);
    add_accounts(place->store, count);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    unsigned killed = 0;
    for (unsigned i = 0; i < kills; i++) {
        uint64_t batches = random_below(&source, count / 200 / (kills + 1) + 2);
        killed += !rotate_and_kill(place->path, batches, random_below(&source, 2000000));
    }
    print_message("killed %u times\n", killed);
    open_with(place, both_keys);
    bbots_rotation rotation = {0};
    assert_ok(bbots_keys_rotate(place->store, &rotation, &fault));
    open_with(place, new_key);
    check_accounts(place->store, count);
}

/* ------------------------------------------------------------------ deletion that reaches copies */

static bool file_holds(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    size_t length = (size_t)ftell(file);
    uint8_t *all = malloc(length);
    rewind(file);
    assert_int_equal(fread(all, 1, length, file), length);
    fclose(file);
    bool found = memmem(all, length, bytes, size) != NULL;
    free(all);
    return found;
}

static void assert_closed(bbots_txn *txn, const bbots_table *table, int64_t id, const char *name)
{
    bbots_row row;
    bbots_value value;
    assert_ok(get_id(txn, table, id, &row));
    assert_status(bbots_row_secret(&row, column(table, name), &value, &fault), BBOTS_KEY_MISSING);
}

/* Two people with keys of their own, and an account of each. */
static void add_people(bbots_store *store)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    assert_ok(insert_named(txn, PEOPLE, "name", string("Ada")));
    assert_ok(insert_named(txn, PEOPLE, "name", string("Bob")));
    for (int i = 1; i <= 2; i++) {
        assert_ok(insert_named(txn, KEYS, "personId", integer(i)));
        assert_ok(insert_named(txn, ACCOUNTS, "personId", integer(i), "token",
                               string(i == 1 ? "ada's" : "bob's")));
    }
    commit(txn);
}

/*
 * A copy holds the data keys of its time, sealed by the main key of its time. When that key is changed
 * and destroyed, they are closed in every older copy; who still has a row brings his key along.
 */
static void a_deleted_owners_secrets_stay_closed_in_old_copies(void **state)
{
    fixture *place = *state;
    char copy[160];
    bbots_row row;
    char bobs_key[65] = "";
    bbots_digest before;
    snprintf(copy, sizeof copy, "%s/backup.bbots", place->folder);
    open_with(place, old_key);
    add_people(place->store);
    assert_ok(bbots_backup(place->store, copy, &fault));
    open_with(place, both_keys);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    before = digest_of(txn);
    assert_ok(delete_id(txn, PEOPLE, 1, NULL));
    bbots_rollback(txn); /* not yet */
    txn = begin(place->store, BBOTS_WRITE);
    assert_digest(txn, before);
    assert_secret(txn, ACCOUNTS, 1, "token", "ada's");
    assert_ok(delete_id(txn, PEOPLE, 1, NULL)); /* her key goes in the same transaction */
    assert_int_equal(count_of(txn, KEYS), 1);
    assert_closed(txn, ACCOUNTS, 1, "token");
    commit(txn);
    bbots_rotation rotation = {0};
    assert_ok(bbots_keys_rotate(place->store, &rotation, &fault));
    assert_int_equal(rotation.renewed, 1); /* Bob's key; what it seals need not change */
    assert_int_equal(rotation.closed, 1);  /* Ada's account is there and closed */
    /* The old main key is destroyed: from here on nobody has it. */
    open_with(place, new_key);
    txn = begin(place->store, BBOTS_READ);
    assert_secret(txn, ACCOUNTS, 2, "token", "bob's");
    assert_closed(txn, ACCOUNTS, 1, "token");
    assert_ok(get_id(txn, KEYS, 2, &row));
    bbots_value key = row_at(&row, "key");
    assert_int_equal(key.size, 64);
    memcpy(bobs_key, key.data, 64);
    bbots_rollback(txn);
    /* The copy, by whoever has all keys that there are. */
    bbots_store *restored = open_keys(copy, new_key);
    assert_non_null(restored);
    txn = begin(restored, BBOTS_WRITE);
    assert_closed(txn, ACCOUNTS, 1, "token");
    assert_closed(txn, ACCOUNTS, 2, "token");
    assert_closed(txn, KEYS, 1, "key");
    /* Bob is still a customer: his key comes over from the store of today. */
    assert_ok(delete_id(txn, KEYS, 2, NULL));
    assert_ok(insert_named(txn, KEYS, "personId", integer(2), "key", string(bobs_key)));
    assert_secret(txn, ACCOUNTS, 2, "token", "bob's");
    assert_closed(txn, ACCOUNTS, 1, "token");
    commit(txn);
    check_store(restored);
    assert_ok(bbots_close(restored, &fault));
}

/* A copy from which the data keys were taken, and the gaps that they left. */
static void a_copy_without_data_keys_is_closed_at_once(void **state)
{
    fixture *place = *state;
    char copy[160];
    uint8_t sealed[200];
    bbots_row row;
    snprintf(copy, sizeof copy, "%s/backup.bbots", place->folder);
    open_with(place, old_key);
    add_people(place->store);
    assert_ok(bbots_backup(place->store, copy, &fault));
    bbots_store *taken = open_keys(copy, NULL); /* that needs no key */
    assert_non_null(taken);
    bbots_txn *txn = begin(taken, BBOTS_WRITE);
    assert_ok(get_id(txn, KEYS, 1, &row));
    bbots_value key = row_at(&row, "key");
    assert_int_equal(key.kind, BBOTS_SEALED);
    size_t size = key.size;
    assert_true(size <= sizeof sealed);
    memcpy(sealed, key.data, size);
    assert_true(file_holds(copy, sealed, size));
    assert_ok(delete_id(txn, KEYS, 1, NULL));
    assert_ok(delete_id(txn, KEYS, 2, NULL));
    commit(txn);
    assert_ok(bbots_close(taken, &fault));
    assert_ok(bbots_compact(copy, NULL, NULL, &fault));
    assert_false(file_holds(copy, sealed, size));
    taken = open_keys(copy, old_key); /* the very key that sealed the data keys */
    assert_non_null(taken);
    txn = begin(taken, BBOTS_READ);
    assert_closed(txn, ACCOUNTS, 1, "token");
    assert_closed(txn, ACCOUNTS, 2, "token");
    bbots_rollback(txn);
    check_store(taken);
    assert_ok(bbots_close(taken, &fault));
}

static void an_owner_who_gets_a_key_has_it_used_by_the_next_rotation(void **state)
{
    fixture *place = *state;
    open_with(place, old_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, PEOPLE, "name", string("Ada"), "pin", string("1234")));
    assert_ok(insert_named(txn, ACCOUNTS, "personId", integer(1), "token", string("ada's")));
    assert_ok(insert_named(txn, KEYS, "personId", integer(1)));
    commit(txn);
    bbots_rotation rotation = {0};
    assert_ok(bbots_keys_rotate(place->store, &rotation, &fault));
    assert_int_equal(rotation.renewed, 2);
    txn = begin(place->store, BBOTS_WRITE);
    assert_secret(txn, PEOPLE, 1, "pin", "1234");
    assert_secret(txn, ACCOUNTS, 1, "token", "ada's");
    assert_ok(delete_id(txn, KEYS, 1, NULL));
    assert_closed(txn, PEOPLE, 1, "pin");
    assert_closed(txn, ACCOUNTS, 1, "token");
    commit(txn);
}

int main(void)
{
#define rotation_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        rotation_test(values_of_all_kinds_get_the_new_key),
        rotation_test(what_cannot_be_opened_stays_and_is_told),
        rotation_test(a_stopped_rotation_goes_on),
        rotation_test(a_killed_rotation_goes_on),
        rotation_test(a_deleted_owners_secrets_stay_closed_in_old_copies),
        rotation_test(a_copy_without_data_keys_is_closed_at_once),
        rotation_test(an_owner_who_gets_a_key_has_it_used_by_the_next_rotation),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
