/*
 * Secrets and keys stay where they belong: canaries are written, read, updated, refused, rotated and
 * checked; afterwards no message has shown one, no file of the folder holds one, and after the store
 * and the keyring are gone no byte of this process's memory is left of one.
 *
 * The canaries are in this program masked only, also while they are searched for.
 */
#include "support/sanitizer.h"
#include "support/support.h"

#include <bbots/secret.h>
#include <bbots/secrets.h>

#include <dirent.h>
#include <sodium.h>

#define ACCOUNTS (&secrets_accounts_table)
#define PEOPLE   (&secrets_people_table)
#define KEYS     (&secrets_people_keys_table)
#define GROWN    (&secrets_grown_table)

#define MASK   0x5a
#define LENGTH 24

/* What is searched for, each byte XOR MASK. */
typedef struct canary {
    const char *what;
    uint8_t masked[LENGTH];
    size_t size;
} canary;

static canary canaries[8];
static unsigned canary_count;

/* A new canary: printable, at random; its plain form lies in guarded memory. */
static char *new_canary(const char *what, random_source *source)
{
    canary *made = &canaries[canary_count++];
    char *plain = sodium_malloc(LENGTH + 1);
    assert_non_null(plain);
    made->what = what;
    made->size = LENGTH;
    for (unsigned i = 0; i < LENGTH; i++) {
        made->masked[i] = (uint8_t)(('a' + random_below(source, 26)) ^ MASK);
        plain[i] = (char)(made->masked[i] ^ MASK);
    }
    plain[LENGTH] = '\0';
    return plain;
}

static bool is_at(const canary *one, const uint8_t *at)
{
    for (size_t i = 0; i < one->size; i++) {
        if ((at[i] ^ MASK) != one->masked[i]) {
            return false;
        }
    }
    return true;
}

/* The canary that lies somewhere in these bytes, or NULL. */
static const canary *search(const uint8_t *bytes, size_t size)
{
    for (unsigned c = 0; c < canary_count; c++) {
        uint8_t first = canaries[c].masked[0] ^ MASK;
        const uint8_t *at = bytes;
        size_t left = size;
        while (left >= canaries[c].size) {
            const uint8_t *next = memchr(at, first, left - canaries[c].size + 1);
            if (next == NULL) {
                break;
            }
            if (is_at(&canaries[c], next)) {
                return &canaries[c];
            }
            left -= (size_t)(next - at) + 1;
            at = next + 1;
        }
    }
    return NULL;
}

static void assert_silent_error(void)
{
    const canary *found = search((const uint8_t *)&fault, sizeof fault);
    if (found != NULL) {
        fail_msg("a message shows %s", found->what);
    }
}

static void assert_silent_folder(const char *folder)
{
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    unsigned files = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = entry->d_name[0] != '.' ? fopen(path, "rb") : NULL;
        if (file == NULL) {
            continue;
        }
        fseek(file, 0, SEEK_END);
        size_t size = (size_t)ftell(file);
        rewind(file);
        uint8_t *bytes = malloc(size + 1);
        assert_int_equal(fread(bytes, 1, size, file), size);
        const canary *found = search(bytes, size);
        free(bytes);
        fclose(file);
        files++;
        if (found != NULL) {
            fail_msg("%s holds %s", path, found->what);
        }
    }
    closedir(directory);
    assert_true(files >= 1);
}

/* ------------------------------------------------------------------ memory */

#define MAPPING_MAX (UINT64_C(1) << 30)

#if !SANITIZED /* freed memory is kept for a while there, and the shadow is vast */

/* Every readable mapping of this process, searched in place: a copy would be one more to find. */
/* The canary that is left anywhere, or NULL; *where says where. */
static const canary *find_in_memory(char where[200])
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[600];
    static struct {
        uintptr_t from;
        uintptr_t to;
        char name[80];
    } found[2000];
    unsigned count = 0;
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL && count < COUNT(found)) {
        char access[8] = "";
        unsigned long from;
        unsigned long to;
        int name_at = 0;
        if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %n", &from, &to, access, &name_at) >= 3 &&
            access[0] == 'r' && strstr(line, "[v") == NULL && to - from <= MAPPING_MAX) {
            found[count].from = from;
            found[count].to = to;
            snprintf(found[count++].name, sizeof found[0].name, "%s", line + name_at);
        }
    }
    fclose(maps);
    assert_true(count > 5);
    for (unsigned i = 0; i < count; i++) {
        const canary *left = search((const uint8_t *)found[i].from, found[i].to - found[i].from);
        if (left != NULL) {
            snprintf(where, 200, "%lx %s", (unsigned long)found[i].from, found[i].name);
            return left;
        }
    }
    return NULL;
}

#endif

/* ------------------------------------------------------------------ the life of secrets */

/* Guarded memory of the test's own, for what it hands in. */
typedef struct words {
    char *text; /* a token */
    char *json; /* inside a jsonb, with an escape before it */
    char *document;
    char *refused; /* in statements that fail */
    char *person;  /* under a data key */
    char *hex_key; /* the main key as text */
    char *next_key;
    char *both_keys;
} words;

/* A canary of hexadecimal digits in a text that is a key; its bytes are a canary too. */
static char *new_key(const char *what, const char *what_bytes, random_source *source)
{
    char *text = sodium_malloc(65);
    assert_non_null(text);
    canary *digits = &canaries[canary_count++];
    canary *bytes = &canaries[canary_count++];
    digits->what = what;
    digits->size = LENGTH;
    bytes->what = what_bytes;
    bytes->size = 16;
    for (unsigned i = 0; i < 32; i++) {
        uint8_t byte = (uint8_t)random_below(source, 256);
        static const char hex[] = "0123456789abcdef";
        text[2 * i] = hex[byte >> 4];
        text[2 * i + 1] = hex[byte & 15];
        if (i < 16) {
            bytes->masked[i] = byte ^ MASK;
        }
    }
    text[64] = '\0';
    for (unsigned i = 0; i < LENGTH; i++) {
        digits->masked[i] = (uint8_t)(text[i] ^ MASK);
    }
    return text;
}

static words make_words(random_source *source)
{
    words made;
    made.text = new_canary("a text", source);
    made.json = new_canary("a text in jsonb", source);
    made.refused = new_canary("a refused text", source);
    made.person = new_canary("a text under a data key", source);
    made.hex_key = new_key("the key's digits", "the key", source);
    made.next_key = new_key("the next key's digits", "the next key", source);
    made.document = sodium_malloc(100);
    made.both_keys = sodium_malloc(140);
    snprintf(made.document, 100, "{\"k\": \"a\\tb%s\", \"l\": [\"%s\"]}", made.json, made.json);
    snprintf(made.both_keys, 140, "%s,%s", made.next_key, made.hex_key);
    return made;
}

static void free_words(const words *all)
{
    sodium_free(all->text);
    sodium_free(all->json);
    sodium_free(all->document);
    sodium_free(all->refused);
    sodium_free(all->person);
    sodium_free(all->hex_key);
    sodium_free(all->next_key);
    sodium_free(all->both_keys);
}

static void open_with(fixture *place, const char *keys)
{
    bbots_keyring *ring;
    if (place->store != NULL) {
        assert_ok(bbots_close(place->store, &fault));
    }
    assert_ok(bbots_keyring_new(&ring, &fault));
    assert_ok(bbots_keyring_add_text(ring, bbots_text_of(keys), &fault));
    bbots_options options = {.schema = &bbots_secrets_schema,
                             .flags = BBOTS_OPEN_CREATE,
                             .durability = BBOTS_RELAXED,
                             .keys = ring};
    place->store = open_store(place->path, &options);
    bbots_keyring_free(ring);
}

static void write_secrets(bbots_store *store, const words *all)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    bbots_row row;
    for (int i = 0; i < 50; i++) {
        assert_ok(insert_named(txn, ACCOUNTS, "token", string(all->text), "settings",
                               string(all->document)));
        assert_ok(get_id(txn, ACCOUNTS, i + 1, &row));
        assert_int_equal(row_at(&row, "token").size, LENGTH);
        assert_int_equal(row_at(&row, "settings").kind, BBOTS_JSON);
    }
    secrets_accounts typed = {.given = SECRETS_ACCOUNTS_TOKEN | SECRETS_ACCOUNTS_SETTINGS,
                              .token = bbots_text_of(all->text),
                              .settings = bbots_json_of(all->document)};
    assert_ok(secrets_accounts_insert(txn, &typed, &fault));
    assert_ok(bbots_savepoint(txn, "s", &fault));
    assert_ok(update_named(txn, ACCOUNTS, 1, "token", string(all->text)));
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    assert_ok(insert_named(txn, PEOPLE, "name", string("Ada")));
    assert_ok(insert_named(txn, KEYS, "personId", integer(1)));
    assert_ok(update_named(txn, PEOPLE, 1, "pin", string(all->person)));
    assert_ok(insert_named(txn, GROWN, "secret", string(all->person)));
    commit(txn);
}

static void be_refused(bbots_store *store, const words *all)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    assert_status(insert_named(txn, ACCOUNTS, "id", integer(1), "token", string(all->refused)),
                  BBOTS_UNIQUE_VIOLATION);
    assert_silent_error();
    assert_status(
        insert_named(txn, ACCOUNTS, "personId", integer(99), "token", string(all->refused)),
        BBOTS_FOREIGN_KEY_VIOLATION);
    assert_silent_error();
    assert_status(insert_named(txn, ACCOUNTS, "token", string("t"), "short", string(all->refused)),
                  BBOTS_STRING_TOO_LONG);
    assert_silent_error();
    assert_status(
        insert_named(txn, ACCOUNTS, "token", string("t"), "settings", string(all->refused)),
        BBOTS_INVALID_TEXT);
    assert_silent_error();
    assert_status(insert_named(txn, ACCOUNTS, "token", integer(4)), BBOTS_WRONG_TYPE);
    bbots_rollback(txn);
    bbots_keyring *ring;
    assert_ok(bbots_keyring_new(&ring, &fault));
    assert_status(bbots_keyring_add_text(ring, (bbots_text){all->hex_key, 63}, &fault),
                  BBOTS_INVALID_TEXT);
    assert_silent_error();
    bbots_keyring_free(ring);
}

static void silence_of_a_finding(const bbots_finding *finding, void *context)
{
    unsigned *findings = context;
    ++*findings;
    assert_null(search((const uint8_t *)finding->message, strlen(finding->message)));
}

static void read_all(bbots_store *store)
{
    bbots_txn *txn = begin(store, BBOTS_READ);
    bbots_cursor *cursor;
    secrets_accounts account;
    unsigned findings = 0;
    bbots_check_options options = {.on_finding = silence_of_a_finding, .context = &findings};
    bbots_check_result result;
    assert_ok(bbots_cursor_open(txn, ACCOUNTS, 0, NULL, &cursor, &fault));
    while (bbots_cursor_next_record(cursor, &account, &fault) == BBOTS_OK) {
        assert_int_equal(account.token.size, LENGTH);
    }
    bbots_cursor_close(cursor);
    assert_ok(bbots_check(txn, &options, &result, &fault));
    assert_int_equal(findings, 0);
    bbots_rollback(txn);
}

/* The store, its keys and the test's own words are gone: what is left? */
static void end_silently(fixture *place, const words *all)
{
    char where[200] = "";
    const canary *left = NULL;
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    assert_silent_folder(place->folder);
    memset(named, 0, sizeof named);
    free_words(all);
#if !SANITIZED /* freed memory is kept for a while there, and the shadow is vast */
    left = find_in_memory(where);
#endif
    if (left != NULL) {
        fail_msg("%s is left in memory: %s", left->what, where);
    }
}

static words begin_words(const char *test)
{
    random_source source = random_begin(test);
    assert_true(sodium_init() >= 0);
    canary_count = 0;
    return make_words(&source);
}

/* One by one, so that nothing that comes later happens to overwrite what was left. */
static void nothing_is_left_of_a_write(void **state)
{
    fixture *place = *state;
    words all = begin_words("nothing_is_left_of_a_write");
    open_with(place, all.hex_key);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(
        insert_named(txn, ACCOUNTS, "token", string(all.text), "settings", string(all.document)));
    commit(txn);
    end_silently(place, &all);
}

static void nothing_is_left_of_a_refusal(void **state)
{
    fixture *place = *state;
    words all = begin_words("nothing_is_left_of_a_refusal");
    open_with(place, all.hex_key);
    write_secrets(place->store, &all);
    open_with(place, all.hex_key);
    be_refused(place->store, &all);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_status(insert_named(txn, ACCOUNTS, "personId", integer(99), "token", string("t"),
                               "settings", string(all.document)),
                  BBOTS_FOREIGN_KEY_VIOLATION);
    bbots_rollback(txn);
    end_silently(place, &all);
}

static void nothing_is_left_of_a_read(void **state)
{
    fixture *place = *state;
    words all = begin_words("nothing_is_left_of_a_read");
    open_with(place, all.hex_key);
    write_secrets(place->store, &all);
    open_with(place, all.hex_key);
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    secrets_accounts account;
    assert_ok(secrets_accounts_get(txn, 1, &account, &fault));
    assert_int_equal(account.token.size, LENGTH);
    bbots_rollback(txn);
    end_silently(place, &all);
}

/* The search finds what somebody forgot, wherever. */
static void a_forgotten_copy_is_found(void **state)
{
    (void)state;
    random_source source = random_begin("a_forgotten_copy_is_found");
    char where[200];
    char on_stack[LENGTH];
    assert_true(sodium_init() >= 0);
#if !SANITIZED
    canary_count = 0;
    char *secret = new_canary("a forgotten text", &source);
    char *forgotten = malloc(100);
    assert_non_null(forgotten);
    memcpy(forgotten + 40, secret, LENGTH);
    memcpy(on_stack, secret, LENGTH);
    sodium_free(secret);
    assert_non_null(find_in_memory(where));
    sodium_memzero(forgotten, 100);
    assert_non_null(find_in_memory(where));
    assert_non_null(strstr(where, "stack"));
    sodium_memzero(on_stack, sizeof on_stack);
    assert_null(find_in_memory(where));
    free(forgotten);
#else
    (void)where;
    (void)on_stack;
    (void)source;
#endif
}

static void nothing_is_shown_kept_or_left(void **state)
{
    fixture *place = *state;
    words all = begin_words("nothing_is_shown_kept_or_left");
    uint8_t probe[LENGTH]; /* the search finds what is there */
    memcpy(probe, all.text, LENGTH);
    assert_non_null(search(probe, sizeof probe));
    sodium_memzero(probe, sizeof probe);
    open_with(place, all.hex_key);
    write_secrets(place->store, &all);
    be_refused(place->store, &all);
    read_all(place->store);
    assert_silent_folder(place->folder);
    open_with(place, all.both_keys);
    bbots_rotation rotation = {.batch_rows = 9};
    assert_ok(bbots_keys_rotate(place->store, &rotation, &fault));
    read_all(place->store);
    open_with(place, all.next_key);
    read_all(place->store);
    end_silently(place, &all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forgotten_copy_is_found),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_a_write, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_a_refusal, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_a_read, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_shown_kept_or_left, fixture_setup,
                                        fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
