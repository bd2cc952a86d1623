/*
 * tests/contract/test_salvage.c - proves bbots_salvage() (bbots/check.h): what can be proved is in
 * the new store, constraints hold there, what is missing was said.
 */
#include "support/variant.h"

#include <bbots/platform.h>
#include <bbots/sample.h>

#include <dirent.h>
#include <fcntl.h>
#include <pages/meta.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define NODES (&sample_nodes_table)
#define PAGE  4096

static const bbots_options usual = {.schema = &bbots_sample_schema};

static char *new_path(const fixture *place)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/new", place->folder);
    return path;
}

/* Every tenth node is the parent of the nine behind it. */
static bbots_digest make_nodes(const char *path, int count)
{
    static char large[9000];
    memset(large, 'l', sizeof large - 1);
    bbots_store *store = make_store(path, &bbots_sample_schema);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (int i = 1; i <= count; i++) {
        char label[40];
        snprintf(label, sizeof label, "the label of node %d", i);
        if (i % 10 == 1) {
            assert_ok(insert_named(txn, NODES, "label", string(i % 100 == 1 ? large : label)));
        } else {
            assert_ok(insert_named(txn, NODES, "label", string(label), "parent",
                                   integer(i - (i + 9) % 10)));
        }
    }
    commit(txn);
    txn = begin(store, BBOTS_READ);
    bbots_digest digest = digest_of(txn);
    commit(txn);
    assert_ok(bbots_close(store, &fault));
    return digest;
}

static uint8_t *load(const char *path, size_t *size)
{
    struct stat status;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    *size = (size_t)status.st_size;
    uint8_t *bytes = malloc(*size);
    assert_int_equal(read(fd, bytes, *size), *size);
    close(fd);
    return bytes;
}

static void store_bytes_at(const char *path, off_t at, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, bytes, size, at), size);
    close(fd);
}

typedef struct losses {
    unsigned count;
    unsigned orphans;
} losses;

static void on_loss(const bbots_finding *finding, void *context)
{
    losses *seen = context;
    assert_true(finding->message[0] != '\0');
    seen->count++;
    seen->orphans += strstr(finding->object, "fkey") != NULL;
}

static bbots_salvage_result salvage(const fixture *place, losses *seen)
{
    bbots_salvage_result result;
    bbots_salvage_options options = {.on_loss = on_loss, .context = seen};
    memset(seen, 0, sizeof *seen);
    assert_ok(bbots_salvage(place->path, new_path(place), &options, &result, &fault));
    return result;
}

static void expect_new(const fixture *place, const bbots_digest *digest, uint64_t rows)
{
    bbots_store *store = open_store(new_path(place), &usual);
    assert_int_equal(check_store(store), rows);
    bbots_txn *txn = begin(store, BBOTS_READ);
    if (digest != NULL) {
        assert_digest(txn, *digest);
    }
    commit(txn);
    assert_ok(bbots_close(store, &fault));
}

static void a_whole_file_gives_all_of_it(void **state)
{
    fixture *place = *state;
    losses seen;
    bbots_digest digest = make_nodes(place->path, 2000);
    bbots_salvage_result result = salvage(place, &seen);
    assert_int_equal(result.rows, 2000);
    assert_int_equal(result.scattered + result.damaged + result.dropped + seen.count, 0);
    expect_new(place, &digest, 2000);
    bbots_salvage_result again;
    assert_status(bbots_salvage(place->path, new_path(place), NULL, &again, &fault),
                  BBOTS_FILE_EXISTS);
    assert_status(bbots_salvage("/nowhere", "/nowhere/else", NULL, &again, &fault),
                  BBOTS_FILE_MISSING);
}

/* No branch can be read any more: rows are found on their leaves, and prove themselves. */
static void rows_are_found_without_their_tree(void **state)
{
    fixture *place = *state;
    losses seen;
    size_t size;
    unsigned branches = 0;
    bbots_digest digest = make_nodes(place->path, 2000);
    uint8_t *bytes = load(place->path, &size);
    static const uint8_t zeros[PAGE];
    for (size_t page = 2; page < size / PAGE; page++) {
        if (page_kind(bytes + page * PAGE) == PAGES_BRANCH &&
            page_number(bytes + page * PAGE) == page) {
            store_bytes_at(place->path, (off_t)(page * PAGE), zeros, PAGE);
            branches++;
        }
    }
    free(bytes);
    assert_true(branches >= 1);
    bbots_salvage_result result = salvage(place, &seen);
    assert_int_equal(result.rows, 2000);
    assert_true(result.scattered > 1000);
    expect_new(place, &digest, 2000);
}

static void damage_label(const char *path, const char *label)
{
    size_t size;
    uint8_t *bytes = load(path, &size);
    for (size_t at = 2 * PAGE; at + 24 < size; at++) {
        if (memcmp(bytes + at, label, strlen(label)) == 0) {
            store_bytes_at(path, (off_t)at, "T", 1);
        }
    }
    free(bytes);
}

/* One parent is damaged: its nine children cannot stay. */
static void what_hangs_on_a_lost_row_is_dropped_and_said(void **state)
{
    fixture *place = *state;
    losses seen;
    make_nodes(place->path, 200);
    damage_label(place->path, "the label of node 31");
    bbots_salvage_result result = salvage(place, &seen);
    assert_int_equal(result.damaged, 1);
    assert_int_equal(result.dropped, 9);
    assert_int_equal(seen.orphans, 9);
    assert_int_equal(result.rows, 190);
    expect_new(place, NULL, 190);
}

static void die(const bbots_finding *finding, void *context)
{
    (void)finding;
    (void)context;
    kill(getpid(), SIGKILL);
}

static int salvage_and_die(void *context)
{
    const fixture *place = context;
    bbots_salvage_result result;
    bbots_salvage_options options = {.on_loss = die};
    return bbots_salvage(place->path, new_path(place), &options, &result, &fault) < 0;
}

static unsigned files_in(const char *folder)
{
    unsigned count = 0;
    struct dirent *entry;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    while ((entry = readdir(entries)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    closedir(entries);
    return count;
}

/*
 * The process dies when thousands of rows are committed to the new file: no file has the name that was asked
 * for, and the next salvage does all of it and leaves nothing of the first.
 */
static void a_salvage_that_dies_leaves_no_file_of_that_name(void **state)
{
    fixture *place = *state;
    losses seen;
    make_nodes(place->path, 12000);
    damage_label(place->path, "the label of node 9999");
    unsigned before = files_in(place->folder);
    assert_int_equal(in_child(salvage_and_die, place), -1);
    assert_int_not_equal(access(new_path(place), F_OK), 0);
    assert_true(files_in(place->folder) > before); /* it had begun */
    bbots_salvage_result result = salvage(place, &seen);
    assert_int_equal(result.rows, 11999);
    assert_int_equal(files_in(place->folder), before + 1);
    expect_new(place, NULL, 11999);
}

/* A salvage that fails leaves nothing, and a file that has the name is not touched. */
static void a_salvage_that_fails_leaves_no_file(void **state)
{
    static const struct {
        const char *broken; /* in the folder */
        const char *path;
        int rc;
    } cases[] = {
        {"nothing", "new", BBOTS_FILE_MISSING},
        {"text", "new", BBOTS_NOT_A_STORE},
        {"store.bbots", "text", BBOTS_FILE_EXISTS},
        {"store.bbots", "nowhere/new", BBOTS_FILE_MISSING},
    };
    fixture *place = *state;
    bbots_salvage_result result;
    bbots_salvage_options options = {.schema = &bbots_sample_schema};
    char broken[160];
    char path[160];
    make_nodes(place->path, 10);
    snprintf(path, sizeof path, "%s/text", place->folder);
    FILE *text = fopen(path, "w");
    assert_true(text != NULL && fputs("no store", text) >= 0 && fclose(text) == 0);
    unsigned before = files_in(place->folder);
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(broken, sizeof broken, "%s/%s", place->folder, cases[i].broken);
        snprintf(path, sizeof path, "%s/%s", place->folder, cases[i].path);
        assert_status(bbots_salvage(broken, path, &options, &result, &fault), cases[i].rc);
        assert_int_equal(files_in(place->folder), before);
    }
    assert_status(bbots_salvage(place->path, "", NULL, &result, &fault), BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_salvage(place->path, NULL, NULL, &result, &fault), BBOTS_INVALID_ARGUMENT);
}

/* ------------------------------------------------------------------ by a schema that asks for more */

typedef struct said {
    unsigned no_name;
    unsigned taken;
    unsigned orphans;
    unsigned all;
} said;

static void note_said(const bbots_finding *finding, void *context)
{
    said *of = context;
    of->no_name += strcmp(finding->table, "users") == 0 && strcmp(finding->key, "2") == 0;
    of->taken +=
        strcmp(finding->object, "users_login_method_idx") == 0 && strcmp(finding->key, "3") == 0;
    of->orphans += strcmp(finding->table, "sessions") == 0;
    of->all++;
}

/* What a row lacks or has as another one has it is said, and what refers to such a row goes too. */
static void rows_that_a_stricter_schema_refuses_are_dropped_and_said(void **state)
{
    fixture *place = *state;
    static const char *const methods[] = {"email", "google", "email"};
    variant *strict = variant_new();
    bbots_store *store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (int i = 1; i <= 3; i++) {
        char text[40];
        snprintf(text, sizeof text, "user%d@example.org", i);
        assert_ok(insert_named(txn, &bbots_users_table, "email", string(text), "name",
                               i == 2 ? null_value() : string("n"), "loginMethod",
                               string(methods[i - 1])));
        assert_ok(insert_named(txn, &bbots_sessions_table, "id", string(text), "userId", integer(i),
                               "expiresAt", bbots_value_timestamp(0)));
    }
    commit(txn);
    assert_ok(bbots_close(store, &fault));
    variant_column(strict, "users", "name")->flags |= BBOTS_COLUMN_NOT_NULL;
    variant_index(strict, "users", "users_login_method_idx")->flags |= BBOTS_INDEX_UNIQUE;
    variant_settle(strict);
    said of = {0};
    bbots_salvage_result result;
    bbots_salvage_options options = {
        .schema = &strict->schema, .on_loss = note_said, .context = &of};
    assert_ok(bbots_salvage(place->path, new_path(place), &options, &result, &fault));
    assert_int_equal(result.rows, 2);
    assert_int_equal(result.dropped, 4);
    assert_int_equal(of.no_name, 1);
    assert_int_equal(of.taken, 1);
    assert_int_equal(of.orphans, 2);
    assert_int_equal(of.all, 4);
    bbots_options strictly = {.schema = &strict->schema};
    store = open_store(new_path(place), &strictly);
    assert_int_equal(check_store(store), 2);
    assert_ok(bbots_close(store, &fault));
    variant_free(strict);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_file_gives_all_of_it),
        TEST(rows_are_found_without_their_tree),
        TEST(what_hangs_on_a_lost_row_is_dropped_and_said),
        TEST(a_salvage_that_dies_leaves_no_file_of_that_name),
        TEST(a_salvage_that_fails_leaves_no_file),
        TEST(rows_that_a_stricter_schema_refuses_are_dropped_and_said),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
