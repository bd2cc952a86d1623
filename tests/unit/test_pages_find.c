/*
 * tests/unit/test_pages_find.c - look-ups and scans in pages find what LMDB finds, and read no byte
 * beside the file whatever its bytes.
 *
 * LMDB makes the files: trees of serial numbers of 4 and of 8 bytes, dense, with gaps and at the
 * ends of their range, of short and long texts, of keys of mixed sizes, with small and large
 * values. Each key that is there, its neighbours, and random ones are looked up both ways. Then
 * bytes are changed: the file is given as memory of exactly its size, for the sanitized build.
 */
#include "../support/support.h"

#include <base/bytes.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pages/find.h>
#include <pages/meta.h>
#include <pages/scan.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum key_form { DENSE4, DENSE8, SPARSE4, SPARSE8, EDGES8, TEXTS, MIXED, FORMS } key_form;

/* A random key of a form; of the dense ones the next. */
static size_t make_key(key_form form, random_source *random, uint64_t turn, uint8_t *key)
{
    static const uint64_t edges[] = {0, 1, 2, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63};
    size_t size;
    switch (form) {
    case DENSE4:
        bb_store32_big(key, 0x80000001u + (uint32_t)turn);
        return 4;
    case DENSE8:
        bb_store64_big(key, turn);
        return 8;
    case SPARSE4:
        bb_store32_big(key, (uint32_t)random_next(random));
        return 4;
    case SPARSE8:
        bb_store64_big(key, random_next(random) >> random_below(random, 60));
        return 8;
    case EDGES8:
        bb_store64_big(key, edges[random_below(random, COUNT(edges))] + random_below(random, 300));
        return 8;
    case TEXTS:
        size = 1 + random_below(random, random_below(random, 10) == 0 ? 500 : 20);
        for (size_t i = 0; i < size; i++) {
            key[i] = (uint8_t)('a' + random_below(random, i < 12 ? 2 : 26));
        }
        return size;
    default:
        size = random_below(random, 2) == 0 ? 4 : 1 + random_below(random, 12);
        for (size_t i = 0; i < size; i++) {
            key[i] = (uint8_t)random_below(random, 4);
        }
        return size;
    }
}

static void fill_tree(MDB_txn *txn, MDB_dbi tree, key_form form, random_source *random,
                      uint64_t keys)
{
    static char value[9000];
    for (uint64_t turn = 0; turn < keys; turn++) {
        uint8_t key[512];
        MDB_val name = {make_key(form, random, turn, key), key};
        MDB_val data = {random_below(random, random_below(random, 50) == 0 ? 9000 : 200), value};
        memset(value, (int)(turn & 0xff), data.mv_size);
        assert_int_equal(mdb_put(txn, tree, &name, &data, 0), 0);
    }
    for (uint64_t turn = 0; turn < keys / 7; turn++) { /* gaps */
        uint8_t key[512];
        MDB_val name = {make_key(form, random, random_below(random, keys), key), key};
        int rc = mdb_del(txn, tree, &name, NULL);
        assert_true(rc == 0 || rc == MDB_NOTFOUND);
    }
}

/* ------------------------------------------------------------------ both ways */

typedef struct two_ways {
    pages_memory memory;
    page_tree tree;
    MDB_txn *txn;
    MDB_dbi handle;
    MDB_cursor *cursor;
    uint64_t ends; /* seeks that were left to the caller */
} two_ways;

static void assert_same(const pages_entry *found, const MDB_val *key, const MDB_val *value)
{
    assert_int_equal(found->key_size, key->mv_size);
    assert_memory_equal(found->key, key->mv_data, key->mv_size);
    assert_int_equal(found->value_size, value->mv_size);
    assert_memory_equal(found->value, value->mv_data, value->mv_size);
}

static void compare(two_ways *ways, const uint8_t *key, size_t size)
{
    pages_entry found;
    MDB_val name = {size, (void *)(uintptr_t)key};
    MDB_val value;
    int rc = mdb_get(ways->txn, ways->handle, &name, &value);
    int got = pages_get(&ways->memory, &ways->tree, key, size, &found);
    assert_int_equal(got, rc == 0 ? BBOTS_OK : BBOTS_NOT_FOUND);
    if (rc == 0) {
        assert_same(&found, &name, &value);
    }
    rc = mdb_cursor_get(ways->cursor, &name, &value, MDB_SET_RANGE);
    got = pages_seek(&ways->memory, &ways->tree, key, size, &found);
    assert_true(got == BBOTS_OK || got == BBOTS_END);
    if (got == BBOTS_OK) {
        assert_int_equal(rc, 0);
        assert_same(&found, &name, &value);
    } else {
        ways->ends++;
    }
}

static void compare_around(two_ways *ways, const MDB_val *key)
{
    uint8_t near[513];
    memcpy(near, key->mv_data, key->mv_size);
    compare(ways, near, key->mv_size);
    near[key->mv_size - 1]++;
    compare(ways, near, key->mv_size);
    near[key->mv_size - 1] -= 2;
    compare(ways, near, key->mv_size);
    near[key->mv_size - 1]++;
    if (key->mv_size < 511) {
        near[key->mv_size] = 0;
        compare(ways, near, key->mv_size + 1);
    }
    if (key->mv_size > 1) {
        compare(ways, near, key->mv_size - 1);
    }
}

/* Several keys at once, some twice: as each by itself. */
static int look_up_many(const pages_memory *memory, const page_tree *tree, key_form form,
                        random_source *random, uint64_t keys)
{
    static uint8_t bytes[PAGES_MANY][512];
    pages_entry found[PAGES_MANY];
    unsigned count = 1 + (unsigned)random_below(random, PAGES_MANY);
    for (unsigned i = 0; i < count; i++) {
        found[i].key = bytes[i];
        found[i].key_size = make_key(form, random, random_below(random, keys + 1), bytes[i]);
    }
    int rc = pages_get_many(memory, tree, found, count);
    for (unsigned i = 0; rc == BBOTS_OK && i < count; i++) {
        pages_entry one;
        bool there = pages_get(memory, tree, bytes[i], found[i].key_size, &one) == BBOTS_OK;
        assert_ptr_equal(found[i].value, there ? one.value : NULL);
        assert_int_equal(found[i].value_size, there ? one.value_size : 0);
    }
    return rc;
}

/* All entries, in parts that follow each other. */
static void compare_scan(two_ways *ways, MDB_cursor *cursor, unsigned parts, random_source *random)
{
    MDB_val key;
    MDB_val value;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    for (unsigned part = 0; part < parts; part++) {
        pages_scan scan;
        pages_entry entries[10];
        unsigned count;
        int step;
        assert_true(pages_scan_begin(&scan, &ways->memory, &ways->tree, part, parts));
        while ((step = pages_scan_next(&scan, entries, 1 + (unsigned)random_below(random, 10),
                                       &count)) == BBOTS_OK) {
            for (unsigned i = 0; i < count; i++) {
                assert_int_equal(rc, 0);
                assert_same(&entries[i], &key, &value);
                rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
            }
        }
        assert_int_equal(step, BBOTS_END);
        assert_int_equal(count, 0);
        assert_int_equal(pages_scan_next(&scan, entries, 10, &count), BBOTS_END);
    }
    assert_int_equal(rc, MDB_NOTFOUND);
}

/* Goes through a damaged tree; the bytes are read for the sanitizer's sake. */
static int scan_damaged(const pages_memory *memory, const page_tree *tree, uint64_t *sum)
{
    pages_scan scan;
    pages_entry entries[64];
    unsigned count;
    uint64_t seen = 0;
    int rc = pages_scan_begin(&scan, memory, tree, 0, 1) ? BBOTS_OK : BBOTS_CORRUPTED;
    while (rc == BBOTS_OK && (rc = pages_scan_next(&scan, entries, 64, &count)) == BBOTS_OK) {
        for (unsigned i = 0; i < count; i++) {
            *sum += entries[i].key_size != 0 ? entries[i].key[entries[i].key_size - 1] : 0;
            *sum += entries[i].value_size != 0 ? entries[i].value[entries[i].value_size - 1] : 0;
        }
        seen += count;
        assert_true(count != 0 && seen < 100000);
    }
    return rc;
}

static uint64_t compare_tree(two_ways *ways, key_form form, random_source *random)
{
    MDB_val key;
    MDB_val value;
    uint64_t entries = 0;
    MDB_cursor *all;
    assert_int_equal(mdb_cursor_open(ways->txn, ways->handle, &all), 0);
    assert_int_equal(mdb_cursor_open(ways->txn, ways->handle, &ways->cursor), 0);
    for (int rc = mdb_cursor_get(all, &key, &value, MDB_FIRST); rc == 0;
         rc = mdb_cursor_get(all, &key, &value, MDB_NEXT)) {
        compare_around(ways, &key);
        entries++;
    }
    for (uint64_t i = 0; i < 500; i++) {
        uint8_t any[512];
        compare(ways, any, make_key(form, random, random_next(random) >> 40, any));
    }
    for (uint64_t i = 0; i < 300; i++) {
        assert_int_equal(look_up_many(&ways->memory, &ways->tree, form, random, entries), BBOTS_OK);
    }
    for (unsigned parts = 1; parts <= 7; parts++) {
        compare_scan(ways, all, parts, random);
    }
    mdb_cursor_close(all);
    mdb_cursor_close(ways->cursor);
    return entries;
}

static MDB_env *make_environment(const char *path)
{
    MDB_env *env;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, FORMS + 1), 0);
    assert_int_equal(mdb_env_set_mapsize(env, 64 << 20), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC, 0600), 0);
    return env;
}

typedef struct image {
    uint8_t *bytes;
    size_t size;
    pages_memory memory;
} image;

static image load(const char *path)
{
    image file = {0};
    struct stat status;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &status), 0);
    file.size = (size_t)status.st_size;
    file.bytes = malloc(file.size);
    assert_int_equal(pread(fd, file.bytes, file.size, 0), file.size);
    close(fd);
    pages_meta meta = pages_meta_read(file.bytes, 0);
    file.memory = (pages_memory){file.bytes, file.size / meta.page_bytes, meta.page_bytes};
    return file;
}

/* Makes a file of all forms; roots receives the trees. */
static MDB_env *make_file(const char *path, random_source *random, uint64_t keys, MDB_dbi *handles,
                          page_tree *trees)
{
    MDB_env *env = make_environment(path);
    MDB_txn *txn;
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    for (unsigned form = 0; form < FORMS; form++) {
        char name[8] = {'t', (char)('0' + form), 0};
        assert_int_equal(mdb_dbi_open(txn, name, MDB_CREATE, &handles[form]), 0);
        fill_tree(txn, handles[form], (key_form)form, random, keys);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    for (unsigned form = 0; form < FORMS; form++) {
        char name[8] = {'t', (char)('0' + form), 0};
        MDB_val key = {2, name};
        MDB_val record;
        assert_int_equal(mdb_get(txn, 1, &key, &record), 0);
        assert_int_equal(record.mv_size, PAGES_RECORD_BYTES);
        trees[form] = page_tree_read(record.mv_data);
    }
    mdb_txn_abort(txn);
    return env;
}

static void pages_and_lmdb_find_the_same(void **state)
{
    fixture *place = *state;
    random_source random = random_begin("pages find");
    static const uint64_t sizes[] = {0, 1, 2, 30, 700, 20000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        MDB_dbi handles[FORMS];
        page_tree trees[FORMS];
        char path[120];
        snprintf(path, sizeof path, "%s.%zu", place->path, i);
        MDB_env *env = make_file(path, &random, sizes[i], handles, trees);
        image file = load(path);
        MDB_txn *txn;
        assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
        for (unsigned form = 0; form < FORMS; form++) {
            two_ways ways = {file.memory, trees[form], txn, handles[form], NULL, 0};
            uint64_t entries = compare_tree(&ways, (key_form)form, &random);
            assert_true(ways.ends < 5 * entries / 2 + 1000); /* most seeks are answered */
        }
        mdb_txn_abort(txn);
        mdb_env_close(env);
        free(file.bytes);
    }
}

static void damaged_pages_harm_nobody(void **state)
{
    fixture *place = *state;
    random_source random = random_begin("pages find, damaged");
    MDB_dbi handles[FORMS];
    page_tree trees[FORMS];
    MDB_env *env = make_file(place->path, &random, 800, handles, trees);
    mdb_env_close(env);
    image file = load(place->path);
    uint64_t sum = 0;
    uint64_t refused = 0;
    uint64_t refused_scans = 0;
    for (int round = 0; round < 3000; round++) {
        uint8_t before[8];
        uint64_t places[8];
        for (int i = 0; i < 8; i++) { /* half of the damage is where pages have their slots */
            uint64_t page = random_below(&random, file.memory.page_count);
            uint64_t within = random_below(&random, random_below(&random, 2) ? 64 : 4096);
            places[i] = page * file.memory.page_bytes + within;
            before[i] = file.bytes[places[i]];
            file.bytes[places[i]] = (uint8_t)random_next(&random);
        }
        for (unsigned form = 0; form < FORMS; form++) {
            for (int look = 0; look < 10; look++) {
                uint8_t key[512];
                pages_entry found;
                uint64_t turn = random_below(&random, 800);
                size_t size = make_key((key_form)form, &random, turn, key);
                int rc = look % 2 == 0 ? pages_get(&file.memory, &trees[form], key, size, &found)
                                       : pages_seek(&file.memory, &trees[form], key, size, &found);
                for (size_t i = 0; rc == BBOTS_OK && i < found.value_size; i++) {
                    sum += found.value[i];
                }
                for (size_t i = 0; rc == BBOTS_OK && i < found.key_size; i++) {
                    sum += found.key[i];
                }
                refused += rc == BBOTS_CORRUPTED;
            }
            look_up_many(&file.memory, &trees[form], (key_form)form, &random, 800);
            refused_scans += scan_damaged(&file.memory, &trees[form], &sum) == BBOTS_CORRUPTED;
        }
        for (int i = 7; i >= 0; i--) {
            file.bytes[places[i]] = before[i];
        }
    }
    printf("%llu look-ups met the damage (sum %llu)\n", (unsigned long long)refused,
           (unsigned long long)sum);
    assert_true(refused > 100);
    assert_true(refused_scans > 100);
    free(file.bytes);
}

/* A record that no tree has leads nowhere: not to a page behind the end, and not without end. */
static void records_that_no_tree_has_are_refused(void **state)
{
    enum { PAGES = 4, PAGE_BYTES = 4096 };
    static const page_tree trees[] = {
        {.root = 2, .depth = 0},
        {.root = 2, .depth = PAGES_DEPTH_MAX + 1},
        {.root = 2, .depth = 1}, /* a page of zeros */
        {.root = 2, .depth = 2},
        {.root = PAGES, .depth = 1},
        {.root = UINT64_MAX - 1, .depth = 1},
        {.root = PAGES, .depth = 2},
    };
    static const uint8_t key[8] = {1};
    (void)state;
    uint8_t *bytes = calloc(PAGES, PAGE_BYTES);
    assert_non_null(bytes);
    pages_memory memory = {.bytes = bytes, .page_bytes = PAGE_BYTES, .page_count = PAGES};
    for (size_t i = 0; i < COUNT(trees); i++) {
        pages_entry found = {.key = key, .key_size = sizeof key};
        pages_scan scan;
        unsigned count;
        assert_int_equal(pages_get(&memory, &trees[i], key, sizeof key, &found), BBOTS_CORRUPTED);
        assert_int_equal(pages_seek(&memory, &trees[i], key, sizeof key, &found), BBOTS_CORRUPTED);
        found = (pages_entry){.key = key, .key_size = sizeof key};
        assert_int_equal(pages_get_many(&memory, &trees[i], &found, 1), BBOTS_CORRUPTED);
        assert_true(!pages_scan_begin(&scan, &memory, &trees[i], 0, 1) ||
                    pages_scan_next(&scan, &found, 1, &count) == BBOTS_CORRUPTED);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_that_no_tree_has_are_refused),
        cmocka_unit_test_setup_teardown(pages_and_lmdb_find_the_same, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(damaged_pages_harm_nobody, fixture_setup, fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests_name("pages find", tests, NULL, NULL);
}
