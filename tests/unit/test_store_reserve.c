/*
 * tests/unit/test_store_reserve.c - proves lib/store/reserve.c: what a commit leaves is enough, also with an
 * LMDB whose struct of a transaction is another one, so that where its pages end is not known.
 *
 * mdb_txn_env() stands here in place of LMDB's and can say something else than the struct does.
 */
#include "support/support.h"

#include "store/internal.h"

#include <dlfcn.h>

#define LIMIT       (UINT64_C(4) << 20)
#define RESERVE     (UINT64_C(512) << 10)
#define PAGE        4096u
#define KEPT        (RESERVE + 64 * PAGE) /* with what LMDB writes at a commit */
#define SMALL_WRITE (16 * PAGE)           /* and what asking LMDB takes beside the reserve */
#define PAGE_HEADER 16u
#define KEY_SIZE    40u
#define LARGE_VALUE 400000u /* of a value: its pages are a bound that is not beyond the reserve */

static bool other_struct;

BBOTS_API MDB_env *mdb_txn_env(MDB_txn *txn)
{
    union {
        void *found;
        MDB_env *(*txn_env)(MDB_txn *);
    } lmdb = {.found = dlsym(RTLD_NEXT, "mdb_txn_env")};
    return other_struct ? NULL : lmdb.txn_env(txn);
}

static int teardown(void **state)
{
    other_struct = false;
    return fixture_teardown(state);
}

/* ------------------------------------------------------------------ a file of one tree */

static int make_tree(store_file *file, void *context, bbots_error *error)
{
    store_txn txn = {0};
    store_tree tree;
    (void)context;
    int rc = store_begin(file, true, &txn, error);
    if (rc == BBOTS_OK) {
        rc = store_tree_open(&txn, "tree", true, &tree, error);
        rc = rc == BBOTS_OK ? store_commit(&txn, error) : rc;
    }
    return rc;
}

static store_file *open_file(const fixture *place, uint64_t limit, store_tree *tree)
{
    store_options options = {.mode = 0600, .readers_max = 8, .trees_max = 4};
    store_file *file;
    store_txn txn = {0};
    options.file_bytes_max = limit;
    options.reserve_bytes = limit != 0 ? RESERVE : 0;
    assert_ok(store_file_create(place->path, &options, make_tree, NULL, &fault));
    assert_ok(store_file_open(place->path, &options, &file, &fault));
    assert_ok(store_begin(file, false, &txn, &fault));
    assert_ok(store_tree_open(&txn, "tree", false, tree, &fault));
    assert_ok(store_commit(&txn, &fault));
    return file;
}

static int show_fault(const store_fault *found, void *context)
{
    (void)context;
    print_error("page %llu: %s\n", (unsigned long long)found->page, found->message);
    return found->harmless ? 0 : BBOTS_CORRUPTED;
}

static void end(store_file *file, store_txn *reader)
{
    store_abort(reader);
    store_discard(reader);
    assert_ok(store_walk(file, show_fault, NULL, &fault));
    assert_ok(store_file_close(file, &fault));
}

/* A key that may lie anywhere, of which few fit on a page. */
static store_bytes some_key(random_source *source, uint64_t of, char key[KEY_SIZE])
{
    uint64_t number = random_below(source, of) * UINT64_C(0x9e3779b97f4a7c15);
    snprintf(key, KEY_SIZE, "%016llx and some more bytes", (unsigned long long)number);
    return (store_bytes){key, strlen(key)};
}

/* ------------------------------------------------------------------ the bound */

/* As reserve.c knows the struct. */
static uint64_t next_page(const store_txn *txn)
{
    struct {
        const void *parent;
        const void *child;
        size_t next_page;
    } known;
    memcpy(&known, txn->handle, sizeof known);
    return known.next_page;
}

static int change_something(store_txn *txn, store_tree tree, random_source *source)
{
    static uint8_t bytes[20000];
    static const size_t sizes[] = {1, 30, 400, 1500, 2100, 5000, sizeof bytes};
    char key[KEY_SIZE];
    store_bytes where = some_key(source, 4000, key);
    store_bytes value = {bytes, random_below(source, sizes[random_below(source, COUNT(sizes))])};
    int rc = random_below(source, 3) == 0
                 ? store_delete(txn, tree, where, &fault)
                 : store_put(txn, tree, where, value, STORE_REPLACE, &fault);
    return rc == BBOTS_NOT_FOUND ? BBOTS_OK : rc;
}

/* Every page that is freed is seen by a reader: all that changes is taken at the end of the file. */
static void no_write_takes_more_pages_than_it_counts_as(void **state)
{
    fixture *place = *state;
    random_source source = random_begin(__func__);
    store_tree tree;
    store_file *file = open_file(place, 0, &tree);
    store_txn reader = {0};
    MDB_envinfo info;
    uint64_t writes = 0;
    uint64_t taken = 0;
    assert_ok(store_begin(file, false, &reader, &fault));
    for (int i = 0; i < 120; i++) {
        store_txn txn = {0};
        assert_ok(store_begin(file, true, &txn, &fault));
        assert_ok(store_info(file, &info, &fault));
        uint64_t used = info.me_last_pgno + 1;
        for (uint64_t n = 1 + random_below(&source, 20); n > 0; n--, writes++) {
            assert_ok(change_something(&txn, tree, &source));
            assert_true(next_page(&txn) <= used + txn.pages_most);
        }
        taken += next_page(&txn) - used;
        assert_ok(store_commit(&txn, &fault));
    }
    assert_true(taken > writes); /* so there was something to count */
    end(file, &reader);
}

/* ------------------------------------------------------------------ what is left */

/* Whether a transaction that came now could take the whole reserve. */
static void reserve_is_there(store_file *file, store_tree tree)
{
    static uint8_t bytes[PAGE - PAGE_HEADER];
    store_txn txn = {0};
    assert_ok(store_begin(file, true, &txn, &fault));
    for (uint32_t i = 0; i < RESERVE / PAGE; i++) {
        store_bytes key = {&i, sizeof i};
        assert_ok(
            store_put(&txn, tree, key, (store_bytes){bytes, sizeof bytes}, STORE_REPLACE, &fault));
    }
    store_abort(&txn);
}

typedef struct pattern {
    unsigned count; /* of writes in a transaction */
    size_t size;    /* of each value */
} pattern;

/* BBOTS_MAP_FULL when too little would be left. */
static int write_many(store_file *file, store_tree tree, random_source *source, pattern how)
{
    static uint8_t bytes[LARGE_VALUE];
    char key[KEY_SIZE];
    store_txn txn = {0};
    int rc = BBOTS_OK;
    assert_ok(store_begin(file, true, &txn, &fault));
    for (unsigned i = 0; i < how.count && rc == BBOTS_OK; i++) {
        rc = store_put(&txn, tree, some_key(source, UINT32_MAX, key),
                       (store_bytes){bytes, how.size}, STORE_REPLACE, &fault);
    }
    rc = rc == BBOTS_OK ? store_keep_reserve(&txn, &fault) : rc;
    if (rc != BBOTS_OK) {
        store_abort(&txn);
        return rc;
    }
    return store_commit(&txn, &fault);
}

/* Whether so many bytes go in beside what is kept. */
static bool has_room(store_file *file, uint64_t bytes)
{
    store_stat stat;
    assert_ok(store_file_stat(file, &stat, &fault));
    return stat.used_bytes + KEPT + bytes <= LIMIT;
}

/*
 * Transactions of a pattern, as long as one goes in for certain, then small ones up to the last page; then one of
 * the pattern is too much. What was let through has left the reserve each time.
 */
static void fill(fixture *place, pattern how)
{
    static const pattern small = {1, 100};
    random_source source = random_begin(__func__);
    store_tree tree;
    store_file *file = open_file(place, LIMIT, &tree);
    store_txn reader = {0};
    assert_ok(store_begin(file, false, &reader, &fault)); /* nothing that is freed is used again */
    while (has_room(file, how.count * (how.size + 2 * PAGE) + SMALL_WRITE)) {
        assert_ok(write_many(file, tree, &source, how));
        reserve_is_there(file, tree);
    }
    while (has_room(file, SMALL_WRITE)) {
        assert_ok(write_many(file, tree, &source, small));
        reserve_is_there(file, tree);
    }
    assert_status(write_many(file, tree, &source, how), BBOTS_MAP_FULL);
    reserve_is_there(file, tree);
    end(file, &reader);
}

static const pattern many_values = {40, 1000};
static const pattern one_large_value = {1, LARGE_VALUE};

static void a_commit_leaves_the_reserve(void **state)
{
    fill(*state, many_values);
}

static void a_large_value_leaves_the_reserve(void **state)
{
    fill(*state, one_large_value);
}

static void a_commit_leaves_it_also_where_its_pages_are_not_known(void **state)
{
    other_struct = true;
    fill(*state, many_values);
}

static void a_large_value_leaves_it_also_where_its_pages_are_not_known(void **state)
{
    other_struct = true;
    fill(*state, one_large_value);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_write_takes_more_pages_than_it_counts_as),
        TEST(a_commit_leaves_the_reserve),
        TEST(a_large_value_leaves_the_reserve),
        TEST(a_commit_leaves_it_also_where_its_pages_are_not_known),
        TEST(a_large_value_leaves_it_also_where_its_pages_are_not_known),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
