/*
 * tests/contract/test_repair.c - proves that what can be derived can be had again (bbots/check.h,
 * bbots_repair), that rows are not touched by it, and that the check looks at pages first.
 *
 * Damage is done with LMDB itself, on the closed file.
 */
#include "support/support.h"

#include <bbots/platform.h>
#include <bbots/sample.h>

#include <fcntl.h>
#include <lmdb.h>
#include <unistd.h>

#define NODES (&sample_nodes_table)
#define PAGE  4096

static const bbots_options usual = {.schema = &bbots_sample_schema};

typedef struct raw {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi main;
} raw;

static raw raw_open(const char *path)
{
    raw file;
    assert_int_equal(mdb_env_create(&file.env), 0);
    assert_int_equal(mdb_env_set_maxdbs(file.env, 600), 0);
    assert_int_equal(mdb_env_set_mapsize(file.env, (size_t)1 << 28),
                     0); /* what valgrind can map too */
    assert_int_equal(mdb_env_open(file.env, path, MDB_NOSUBDIR, 0600), 0);
    assert_int_equal(mdb_txn_begin(file.env, NULL, 0, &file.txn), 0);
    assert_int_equal(mdb_dbi_open(file.txn, NULL, 0, &file.main), 0);
    return file;
}

static void raw_close(raw *file)
{
    uint64_t number = mdb_txn_id(file->txn);
    MDB_val key = {7, (char[]){"@commit"}};
    MDB_val value = {8, &number};
    assert_int_equal(mdb_put(file->txn, file->main, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(file->txn), 0);
    mdb_env_close(file->env);
}

static void make_nodes(const char *path)
{
    bbots_store *store = make_store(path, &bbots_sample_schema);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (int i = 0; i < 200; i++) {
        assert_ok(insert_named(txn, NODES, "label", string("some text")));
    }
    commit(txn);
    check_store(store);
    assert_ok(bbots_close(store, &fault));
}

static void count_repair(const bbots_finding *finding, void *context)
{
    assert_int_equal(finding->severity, BBOTS_DERIVED);
    assert_true(finding->message[0] != '\0');
    ++*(unsigned *)context;
}

static int repair(bbots_store *store, bbots_check_result *result, unsigned *count)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    *count = 0;
    int rc = bbots_repair(txn, count_repair, count, result, &fault);
    if (rc == BBOTS_OK) {
        commit(txn);
    } else {
        bbots_rollback(txn);
    }
    return rc;
}

static void a_whole_store_needs_no_repair(void **state)
{
    fixture *place = *state;
    bbots_check_result result;
    unsigned repairs;
    make_nodes(place->path);
    place->store = open_store(place->path, &usual);
    assert_ok(repair(place->store, &result, &repairs));
    assert_int_equal(repairs, 0);
    assert_int_equal(result.derived, 0);
    assert_int_equal(result.rows, 200);
}

/* An index tree emptied, a record wrong, another one gone. */
static void derived_data_is_built_anew(void **state)
{
    fixture *place = *state;
    bbots_check_result result;
    bbots_digest before;
    unsigned repairs;
    MDB_dbi tree;
    make_nodes(place->path);
    place->store = open_store(place->path, &usual);
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    before = digest_of(txn);
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;

    raw file = raw_open(place->path);
    assert_true(NODES->tree_count > 1);
    assert_int_equal(mdb_dbi_open(file.txn, NODES->trees[1].name, 0, &tree), 0);
    assert_int_equal(mdb_drop(file.txn, tree, 0), 0);
    MDB_val key = {6, (char[]){"nodes#"}};
    assert_int_equal(mdb_del(file.txn, file.main, &key, NULL), 0);
    uint64_t wrong[4] = {77, 1, 2, 1};
    MDB_val other = {6, (char[]){"kinds#"}};
    MDB_val value = {sizeof wrong, wrong};
    assert_int_equal(mdb_put(file.txn, file.main, &other, &value, 0), 0);
    raw_close(&file);

    place->store = open_store(place->path, &usual);
    assert_ok(repair(place->store, &result, &repairs));
    assert_true(result.derived >= 3);
    assert_true(repairs >= 3);
    assert_int_equal(result.damage, 0);
    check_store(place->store);
    txn = begin(place->store, BBOTS_WRITE);
    assert_digest(txn, before);
    /* The serial goes on behind the rows. */
    assert_ok(insert_named(txn, NODES, "label", string("next")));
    commit(txn);
}

static void a_damaged_row_is_left_to_salvage(void **state)
{
    fixture *place = *state;
    bbots_check_result result;
    unsigned repairs;
    MDB_dbi tree;
    MDB_val key;
    MDB_val value;
    MDB_cursor *cursor;
    make_nodes(place->path);
    raw file = raw_open(place->path);
    assert_int_equal(mdb_dbi_open(file.txn, "nodes", 0, &tree), 0);
    assert_int_equal(mdb_cursor_open(file.txn, tree, &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    uint8_t row[500];
    size_t size = value.mv_size;
    memcpy(row, value.mv_data, size);
    row[size - 1] ^= 1;
    MDB_val changed = {size, row};
    assert_int_equal(mdb_put(file.txn, tree, &key, &changed, 0), 0);
    assert_int_equal(mdb_dbi_open(file.txn, NODES->trees[1].name, 0, &tree), 0);
    assert_int_equal(mdb_drop(file.txn, tree, 0), 0);
    mdb_cursor_close(cursor);
    raw_close(&file);
    place->store = open_store(place->path, &usual);
    assert_status(repair(place->store, &result, &repairs), BBOTS_CORRUPTED);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
}

typedef struct seen {
    unsigned damage;
    char first[200];
} seen;

static void note(const bbots_finding *finding, void *context)
{
    seen *found = context;
    if (finding->severity == BBOTS_DAMAGE && found->damage++ == 0) {
        snprintf(found->first, sizeof found->first, "%s: %s", finding->object, finding->message);
    }
}

/* ------------------------------------------------------------------ of no single table */

typedef struct findings {
    unsigned count;
    char all[1000];
} findings;

static void collect(const bbots_finding *finding, void *context)
{
    findings *found = context;
    size_t size = strlen(found->all);
    assert_int_equal(finding->severity, BBOTS_DERIVED);
    snprintf(found->all + size, sizeof found->all - size, "%s: %s\n", finding->object,
             finding->message);
    found->count++;
}

static findings check_all(bbots_store *store)
{
    findings found = {0};
    bbots_check_options how = {.on_finding = collect, .context = &found};
    bbots_check_result result;
    bbots_txn *txn = begin(store, BBOTS_READ);
    assert_ok(bbots_check(txn, &how, &result, &fault));
    bbots_rollback(txn);
    return found;
}

static void raw_put(const raw *file, const char *tree, const char *bytes, size_t size,
                    size_t filled)
{
    MDB_dbi number = file->main;
    static char value[64];
    MDB_val key = {size, (void *)(uintptr_t)bytes};
    MDB_val data = {filled, value};
    if (tree != NULL) {
        assert_int_equal(mdb_dbi_open(file->txn, tree, 0, &number), 0);
    }
    memset(value, 1, sizeof value);
    assert_int_equal(mdb_put(file->txn, number, &key, &data, 0), 0);
}

/* Marks without a row, blocks of no live aggregate, counts of keys: found, and put right. */
static void what_is_of_no_table_is_put_right(void **state)
{
    static const struct {
        const char *tree;
        const char *key;
        size_t key_size;
        size_t filled;
        const char *found; /* the finding has these words */
    } cases[] = {
        {"@marks", "no table", 8, 3, "a mark of a row"},
        {"@marks", "no table and a key", 18, 3, "a mark of a row"},
        {"@live", "\xff\xfe\x00", 3, 20, "of live aggregates"},
        {"@live", "\x00", 1, 20, "of live aggregates"},
        {NULL, "@keys", 5, 16, "values sealed with key"},
        {NULL, "@keys", 5, 7, "wrong size"},
    };
    fixture *place = *state;
    bbots_options platform = {.schema = &bbots_platform_schema};
    bbots_store *store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    assert_ok(insert_named(txn, &bbots_users_table, "email", string("a@example.org")));
    commit(txn);
    assert_ok(bbots_close(store, &fault));
    for (size_t i = 0; i < COUNT(cases); i++) {
        bbots_check_result result;
        unsigned repairs;
        raw file = raw_open(place->path);
        raw_put(&file, cases[i].tree, cases[i].key, cases[i].key_size, cases[i].filled);
        raw_close(&file);
        store = open_store(place->path, &platform);
        findings found = check_all(store);
        assert_int_equal(found.count, 1);
        assert_non_null(strstr(found.all, cases[i].found));
        assert_ok(repair(store, &result, &repairs));
        assert_int_equal(repairs, 1);
        assert_int_equal(result.derived, 1);
        assert_int_equal(check_store(store), 1);
        assert_ok(bbots_close(store, &fault));
    }
    place->store = open_store(place->path, &platform); /* the commits are known as such */
}

/* A damaged page is named by the check, with or without the guard. */
static void the_check_looks_at_pages_first(void **state)
{
    fixture *place = *state;
    static const uint32_t ways[] = {BBOTS_OPEN_UNVERIFIED,
                                    BBOTS_OPEN_UNVERIFIED | BBOTS_OPEN_GUARD};
    uint64_t root;
    uint8_t metas[2 * PAGE];
    make_nodes(place->path);
    int fd = open(place->path, O_RDWR);
    assert_int_equal(pread(fd, metas, sizeof metas, 0), sizeof metas);
    uint64_t first;
    uint64_t second;
    memcpy(&first, metas + 144, 8);
    memcpy(&second, metas + PAGE + 144, 8);
    /* The free list's root: no row is lost, and only the walk reads it. */
    memcpy(&root, metas + (second > first ? PAGE : 0) + 80, 8);
    uint8_t number = (uint8_t)(root ^ 0x40);
    assert_int_equal(pwrite(fd, &number, 1, (off_t)(root * PAGE)), 1);
    close(fd);
    for (size_t i = 0; i < COUNT(ways); i++) {
        seen found = {0};
        bbots_options options = {.schema = &bbots_sample_schema, .flags = ways[i]};
        bbots_check_options how = {.on_finding = note, .context = &found};
        bbots_check_result result;
        bbots_store *store = open_store(place->path, &options);
        bbots_txn *txn = begin(store, BBOTS_READ);
        assert_ok(bbots_check(txn, &how, &result, &fault));
        assert_int_equal(found.damage, 1);
        assert_non_null(strstr(found.first, "the free list: page"));
        assert_int_equal(result.rows, i == 0 ? 0 : 200);
        commit(txn);
        assert_ok(bbots_close(store, &fault));
    }
}

/* The schema record is not read when the caller brings the schema: the check reads it. */
static void a_damaged_schema_record_is_found(void **state)
{
    fixture *place = *state;
    MDB_val key = {7, (char[]){"@schema"}};
    MDB_val value;
    make_nodes(place->path);
    raw file = raw_open(place->path);
    assert_int_equal(mdb_get(file.txn, file.main, &key, &value), 0);
    uint8_t *record = malloc(value.mv_size);
    memcpy(record, value.mv_data, value.mv_size);
    MDB_val changed = {value.mv_size, record};
    for (size_t i = 0; i + 7 < changed.mv_size; i++) { /* the name of a table */
        if (memcmp(record + i, "shelves", 7) == 0) {
            record[i] ^= 1;
            break;
        }
    }
    assert_int_equal(mdb_put(file.txn, file.main, &key, &changed, 0), 0);
    raw_close(&file);
    free(record);
    seen found = {0};
    bbots_check_options how = {.on_finding = note, .context = &found};
    bbots_check_result result;
    bbots_salvage_result salvaged;
    bbots_store *store = open_store(place->path, &usual);
    bbots_txn *txn = begin(store, BBOTS_READ);
    assert_ok(bbots_check(txn, &how, &result, &fault));
    commit(txn);
    assert_ok(bbots_close(store, &fault));
    assert_int_equal(found.damage, 1);
    assert_non_null(strstr(found.first, "@schema: "));
    /* Nor is it taken for a salvage. */
    char path[128];
    snprintf(path, sizeof path, "%s/new", place->folder);
    assert_status(bbots_salvage(place->path, path, NULL, &salvaged, &fault), BBOTS_CORRUPTED);
    bbots_salvage_options options = {.schema = &bbots_sample_schema};
    assert_ok(bbots_salvage(place->path, path, &options, &salvaged, &fault));
    assert_int_equal(salvaged.rows, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_store_needs_no_repair),    TEST(derived_data_is_built_anew),
        TEST(a_damaged_row_is_left_to_salvage), TEST(the_check_looks_at_pages_first),
        TEST(a_damaged_schema_record_is_found), TEST(what_is_of_no_table_is_put_right),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
