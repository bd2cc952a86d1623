/*
 * tests/unit/test_pages_walk.c - the structural walk: never a false alarm, never a crash.
 *
 * LMDB itself makes the files, with random transactions over several trees: small values and large
 * ones, keys deleted, trees emptied, readers held open so that the free list grows. The walk finds
 * nothing in any of them. Then bytes are changed and every answer will do that is one: the file is
 * given as memory of exactly its size, so that the sanitized build sees the first byte too far. Each
 * rule is also broken on purpose, and has to be named.
 */
#include "../support/support.h"

#include <base/error.h>
#include <pages/walk.h>

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#define TREES 5

typedef struct image {
    uint8_t *bytes;
    size_t size;
    pages_source source;
    pages_meta meta; /* the newer one */
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
    pages_meta first = pages_meta_read(file.bytes, 0);
    assert_true(pages_meta_is_known(&first));
    pages_meta second = pages_meta_read(file.bytes + first.page_bytes, 1);
    file.meta = first.transaction >= second.transaction ? first : second;
    file.source = (pages_source){.memory = file.bytes,
                                 .fd = -1,
                                 .page_bytes = first.page_bytes,
                                 .page_count = file.size / first.page_bytes};
    return file;
}

typedef struct faults {
    unsigned count;
    char first[400];
} faults;

static int on_fault(const pages_fault *met, void *context)
{
    faults *found = context;
    assert_true(met->message[0] != '\0');
    if (found->count++ == 0) {
        snprintf(found->first, sizeof found->first, "page %lld of %s: %s", (long long)met->page,
                 met->tree, met->message);
    }
    return 0;
}

static faults walk(const image *file, pages_walk_result *result)
{
    faults found = {0};
    pages_walk_options options = {.on_fault = on_fault, .context = &found};
    assert_ok(pages_walk(&file->source, &file->meta, &options, result, &fault));
    return found;
}

/* ------------------------------------------------------------------ files by LMDB */

static void change_tree(MDB_txn *txn, MDB_dbi tree, random_source *random)
{
    static char value[20000];
    for (uint64_t i = random_below(random, 200); i > 0; i--) {
        char name[520];
        uint64_t number = random_below(random, 3000);
        int size = snprintf(name, sizeof name, "%llu", (unsigned long long)number);
        size_t filler = number % 7 == 0 ? random_below(random, 500) : 0;
        memset(name + size, 'k', filler);
        MDB_val key = {(size_t)size + filler, name};
        if (random_below(random, 3) == 0) {
            int rc = mdb_del(txn, tree, &key, NULL);
            assert_true(rc == 0 || rc == MDB_NOTFOUND);
        } else {
            MDB_val data = {random_below(random, random_below(random, 20) == 0 ? 20000 : 300),
                            value};
            assert_int_equal(mdb_put(txn, tree, &key, &data, 0), 0);
        }
    }
}

static void make_file(const char *path, random_source *random, unsigned transactions)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_txn *reader = NULL;
    MDB_dbi trees[TREES];
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, TREES), 0);
    assert_int_equal(mdb_env_set_mapsize(env, 64 << 20), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC, 0600), 0);
    for (unsigned t = 0; t < transactions; t++) {
        assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
        for (unsigned i = 0; i < TREES; i++) {
            char name[8] = {'t', (char)('0' + i), 0};
            assert_int_equal(mdb_dbi_open(txn, name, MDB_CREATE, &trees[i]), 0);
            if (random_below(random, 3) != 0) {
                change_tree(txn, trees[i], random);
            }
        }
        if (random_below(random, 40) == 0) {
            assert_int_equal(mdb_drop(txn, trees[random_below(random, TREES)], 0), 0);
        }
        if (random_below(random, 10) == 0) {
            mdb_txn_abort(txn);
        } else {
            assert_int_equal(mdb_txn_commit(txn), 0);
        }
        if (random_below(random, 10) == 0) {
            if (reader != NULL) {
                mdb_txn_abort(reader);
                reader = NULL;
            } else {
                assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &reader), 0);
            }
        }
    }
    if (reader != NULL) {
        mdb_txn_abort(reader);
    }
    mdb_env_close(env);
}

static void nothing_is_wrong_with_what_lmdb_wrote(void **state)
{
    fixture *place = *state;
    random_source random = random_begin("nothing_is_wrong_with_what_lmdb_wrote");
    uint64_t lost = 0;
    for (unsigned n = 0; n < 12; n++) {
        pages_walk_result result;
        make_file(place->path, &random, 1 + (unsigned)random_below(&random, 60));
        image file = load(place->path);
        if (file.meta.transaction != 0) {
            assert_null(pages_meta_fault(&file.meta, file.source.page_count));
        }
        faults found = walk(&file, &result);
        if (result.faults != 0) {
            fail_msg("a legal file: %s", found.first);
        }
        lost += result.lost;
        assert_true(result.used + result.free + result.lost == file.meta.last_page + 1);
        /* A file that is read gives the same answers as memory. */
        pages_walk_result again;
        image read = file;
        read.source.memory = NULL;
        read.source.fd = open(place->path, O_RDONLY);
        walk(&read, &again);
        assert_memory_equal(&result, &again, sizeof result);
        close(read.source.fd);
        free(file.bytes);
        assert_int_equal(unlink(place->path), 0);
    }
    print_message("%llu pages lost by LMDB in 12 files\n", (unsigned long long)lost);
}

/* ------------------------------------------------------------------ damage */

static void whatever_the_bytes_it_ends(void **state)
{
    fixture *place = *state;
    random_source random = random_begin("whatever_the_bytes_it_ends");
    make_file(place->path, &random, 20);
    image file = load(place->path);
    uint8_t *sound = malloc(file.size);
    memcpy(sound, file.bytes, file.size);
    unsigned found_damage = 0;
    for (unsigned n = 0; n < 1000; n++) {
        for (uint64_t i = 1 + random_below(&random, 8); i > 0; i--) {
            /* Where structure lies: the first bytes of a page, more often than anywhere. */
            size_t at = random_below(&random, file.size);
            if (random_below(&random, 2) == 0) {
                at = at / file.source.page_bytes * file.source.page_bytes + at % 64;
            }
            unsigned change = random_below(&random, 2) == 0 ? 1u << n % 8 : 1 + n % 255;
            file.bytes[at] ^= (uint8_t)change;
        }
        file.meta =
            pages_meta_read(file.bytes + file.meta.at * file.source.page_bytes, file.meta.at);
        pages_walk_result result;
        uint8_t value[8];
        (void)pages_meta_find(&file.source, &file.meta, "t3", value, 8, NULL);
        if (pages_meta_fault(&file.meta, file.source.page_count) == NULL) {
            walk(&file, &result);
            found_damage += result.faults != 0;
        }
        memcpy(file.bytes, sound, file.size);
    }
    free(sound);
    free(file.bytes);
    assert_true(found_damage > 30);
}

/* A leaf of tree t0 with at least three nodes. */
static uint8_t *some_leaf(image *file)
{
    for (uint64_t number = 2; number < file->source.page_count; number++) {
        uint8_t *page = file->bytes + number * file->source.page_bytes;
        page_node node;
        if (page_number(page) == number && page_kind(page) == PAGES_LEAF &&
            page_slots(page, file->source.page_bytes) > 2 &&
            page_node_at(page, file->source.page_bytes, true, 0, &node) && node.flags == 0 &&
            node.key_size != 8) {
            return page;
        }
    }
    fail_msg("there is no leaf");
    return NULL;
}

static void expect(image *file, const char *rule)
{
    pages_walk_result result;
    faults found = walk(file, &result);
    if (result.faults == 0 || strstr(found.first, rule) == NULL) {
        fail_msg("\"%s\" was expected, and found: %s", rule, found.first);
    }
}

/* A file of one transaction has no stale pages: each leaf is in use. */
static image make_plain(fixture *place)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi tree;
    unlink(place->path);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 1), 0);
    assert_int_equal(mdb_env_open(env, place->path, MDB_NOSUBDIR, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "rows", MDB_CREATE, &tree), 0);
    for (int i = 0; i < 400; i++) {
        char name[16];
        MDB_val key = {(size_t)snprintf(name, sizeof name, "row %06d", i), name};
        MDB_val data = {i == 7 ? 9000 : 90, (char[9000]){0}};
        assert_int_equal(mdb_put(txn, tree, &key, &data, 0), 0);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    return load(place->path);
}

static void each_rule_is_named(void **state)
{
    fixture *place = *state;
    image file = make_plain(place);
    uint8_t *leaf = some_leaf(&file);
    uint8_t kept[8];
    pages_walk_result result;
    walk(&file, &result);
    assert_int_equal(result.faults, 0);
    assert_int_equal(result.entries, 401);

    memcpy(kept, leaf, 8);
    leaf[0] ^= 1;
    expect(&file, "another page's number");
    memcpy(leaf, kept, 8);

    leaf[10] = PAGES_BRANCH;
    expect(&file, "it is no leaf");
    leaf[10] = PAGES_LEAF;

    memcpy(kept, leaf + 14, 2);
    bb_store16(leaf + 14, (uint16_t)(page_upper(leaf) - 2));
    expect(&file, "its nodes leave a gap");
    memcpy(leaf + 14, kept, 2);

    memcpy(kept, leaf + 16, 4); /* two slots change places */
    memcpy(leaf + 16, kept + 2, 2);
    memcpy(leaf + 18, kept, 2);
    expect(&file, "not in order");
    memcpy(leaf + 18, kept, 2);
    memcpy(leaf + 16, kept, 2);
    expect(&file, "two nodes overlap");
    memcpy(leaf + 16, kept, 4);

    bb_store16(leaf + 16, 0xfff0);
    expect(&file, "does not lie within it");
    memcpy(leaf + 16, kept, 4);

    page_node node;
    page_node_at(leaf, file.source.page_bytes, true, 0, &node);
    uint8_t *bytes = leaf + node.begin;
    bytes[4] = 4;
    expect(&file, "flags that it cannot have");
    bytes[4] = 0;

    bytes = leaf + (node.key - leaf);
    bytes[0] = 'z';
    expect(&file, "outside the borders");
    bytes[0] = 'r';

    file.meta.free_list.entries++;
    expect(&file, "counts other pages or entries");
    file.meta.free_list.entries--;

    file.meta.main_tree.flags = 4;
    expect(&file, "flags that none of ours has");
    file.meta.main_tree.flags = 0;

    walk(&file, &result);
    assert_int_equal(result.faults, 0);
    free(file.bytes);
}

/* What no meta page of ours says is named, and a key of the main tree is found or not. */
static void meta_pages_are_judged(void **state)
{
    fixture *place = *state;
    image file = make_plain(place);
    const pages_meta sound = file.meta;
    uint8_t value[PAGES_RECORD_BYTES];
    assert_null(pages_meta_fault(&sound, file.source.page_count));
    for (int i = 0; i < 14; i++) {
        pages_meta meta = sound;
        switch (i) {
        case 0:
            meta.magic++;
            break;
        case 1:
            meta.version++;
            break;
        case 2:
            meta.number = 1 - meta.at;
            break;
        case 3:
            meta.kind = PAGES_LEAF;
            break;
        case 4:
            meta.page_bytes = 5000;
            break;
        case 5:
            meta.page_bytes = PAGES_BYTES_LEAST / 2;
            break;
        case 6:
            meta.page_bytes = PAGES_BYTES_MOST * 2;
            break;
        case 7:
            meta.address = 4096;
            break;
        case 8:
            meta.last_page = 0;
            break;
        case 9:
            meta.last_page = UINT64_MAX;
            break;
        case 10:
            meta.main_tree.depth = PAGES_DEPTH_MAX + 1;
            break;
        case 11:
            meta.main_tree.root = PAGES_NONE;
            break;
        case 12:
            meta.free_list.root = 1;
            break;
        default:
            meta.main_tree.root = meta.last_page + 1;
            break;
        }
        if (pages_meta_fault(&meta, file.source.page_count) == NULL) {
            fail_msg("change %d of a meta page has no fault", i);
        }
    }
    static const char *const keys[] = {"rows", "row", "rowt", "", "zzzz"};
    for (size_t i = 0; i < COUNT(keys); i++) { /* there are trees in it, and no values */
        assert_int_equal(
            pages_meta_find(&file.source, &sound, keys[i], value, sizeof value, &fault),
            BBOTS_NOT_FOUND);
    }
    image read = file;
    read.source.memory = NULL;
    read.source.fd = open(place->path, O_RDWR);
    assert_int_equal(ftruncate(read.source.fd, (off_t)(2 * read.source.page_bytes)), 0);
    bb_error_clear(&fault);
    assert_status(pages_meta_find(&read.source, &sound, "rows", value, sizeof value, &fault),
                  BBOTS_CORRUPTED);
    close(read.source.fd);
    free(file.bytes);
}

/* Some bytes of a sound file are others, and that is named; afterwards they are as they were. */
static void expect_changed(image *file, uint8_t *at, uint64_t value, size_t size, const char *rule)
{
    uint8_t kept[8];
    memcpy(kept, at, size);
    memcpy(at, &value, size);
    expect(file, rule);
    memcpy(at, kept, size);
}

/* A node of a page, from its size on: flags are at 4, the key's size at 6, the key at 8. */
static uint8_t *node_of(image *file, uint8_t *page, bool leaf, unsigned slot, page_node *node)
{
    assert_true(page_node_at(page, file->source.page_bytes, leaf, slot, node));
    return page + node->begin;
}

static uint8_t *page_of(image *file, uint64_t number)
{
    return file->bytes + number * file->source.page_bytes;
}

static void borders_sizes_and_flags_are_named(void **state)
{
    fixture *place = *state;
    image file = make_plain(place);
    page_node node;
    uint8_t *leaf = some_leaf(&file);
    unsigned slots = page_slots(leaf, file.source.page_bytes);
    expect_changed(&file, leaf + 12, 16, 2, "a leaf without an entry");
    expect_changed(&file, leaf + 12, 12, 2, "the borders");
    expect_changed(&file, leaf + 12, page_lower(leaf) + 1, 2, "the borders");
    expect_changed(&file, leaf + 12, page_upper(leaf) + 2, 2, "the borders");
    expect_changed(&file, leaf + 14, file.source.page_bytes + 2, 2, "the borders");
    uint8_t *bytes = node_of(&file, leaf, true, slots - 1, &node);
    expect_changed(&file, bytes + 6, 0, 2, "a size that none can have");
    expect_changed(&file, bytes + 6, 600, 2, "a size that none can have");
    expect_changed(&file, bytes + 4, PAGES_TREE, 2, "flags that it cannot have");
    uint8_t *main_leaf = page_of(&file, file.meta.main_tree.root);
    bytes = node_of(&file, main_leaf, true, 0, &node);
    assert_int_equal(node.flags, PAGES_TREE);
    page_tree rows = page_tree_read(node.data);
    expect_changed(&file, bytes + 4, PAGES_TREE | PAGES_BIG, 2, "flags that it cannot have");
    expect_changed(&file, bytes, node.data_size - 2, 2, "flags that it cannot have");
    uint8_t *branch = page_of(&file, rows.root);
    assert_int_equal(page_kind(branch), PAGES_BRANCH);
    expect_changed(&file, branch + 12, 16, 2, "a branch with too few children");
    expect_changed(&file, branch + 12, 18, 2, "a branch with too few children");
    bytes = node_of(&file, branch, false, 1, &node);
    expect_changed(&file, bytes + 6, 0, 2, "a size that none can have");
    pages_walk_result result;
    walk(&file, &result);
    assert_int_equal(result.faults, 0);
    free(file.bytes);
}

/* The node of the large value. */
static uint8_t *large_node(image *file)
{
    for (uint64_t number = 2; number < file->source.page_count; number++) {
        uint8_t *page = page_of(file, number);
        bool leaf = page_number(page) == number && page_kind(page) == PAGES_LEAF;
        for (unsigned s = 0; leaf && s < page_slots(page, file->source.page_bytes); s++) {
            page_node node;
            uint8_t *bytes = node_of(file, page, true, s, &node);
            if (node.flags == PAGES_BIG) {
                return bytes + (node.data - bytes);
            }
        }
    }
    fail_msg("there is no large value");
    return NULL;
}

static void runs_of_large_values_are_judged(void **state)
{
    fixture *place = *state;
    image file = make_plain(place);
    uint8_t *to = large_node(&file);
    uint8_t *run = page_of(&file, bb_load64(to));
    expect_changed(&file, to, 1, 8, "outside the file");
    expect_changed(&file, to, file.source.page_count, 8, "outside the file");
    expect_changed(&file, to, bb_load64(to) + 1, 8, "does not begin the run");
    expect_changed(&file, run + 10, PAGES_LEAF, 2, "does not begin the run");
    expect_changed(&file, run + 12, page_run(run) - 1, 4, "does not begin the run");
    expect_changed(&file, run + 12, file.source.page_count, 4, "outside the file");
    free(file.bytes);
}

/* ------------------------------------------------------------------ the list of free pages */

static void put_rows(MDB_txn *txn, MDB_dbi tree, int rows)
{
    for (int i = 0; i < rows; i++) {
        char name[16];
        MDB_val key = {(size_t)snprintf(name, sizeof name, "row %06d", i), name};
        MDB_val data = {1000, (char[1000]){0}};
        assert_int_equal(mdb_put(txn, tree, &key, &data, 0), 0);
    }
}

/* A tree of so many rows was emptied, and then another one: two records of free pages. */
static image make_freed(fixture *place, int rows)
{
    static const char *const names[] = {"first", "second"};
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi trees[2];
    unlink(place->path);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 2), 0);
    assert_int_equal(mdb_env_set_mapsize(env, 64 << 20), 0);
    assert_int_equal(mdb_env_open(env, place->path, MDB_NOSUBDIR | MDB_NOTLS, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mdb_dbi_open(txn, names[i], MDB_CREATE, &trees[i]), 0);
        put_rows(txn, trees[i], rows);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
    MDB_txn *reader; /* keeps what is freed from being used again */
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &reader), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
        assert_int_equal(mdb_drop(txn, trees[i], 0), 0);
        assert_int_equal(mdb_txn_commit(txn), 0);
    }
    mdb_txn_abort(reader);
    mdb_env_close(env);
    return load(place->path);
}

static void each_rule_of_the_free_list_is_named(void **state)
{
    fixture *place = *state;
    image file = make_freed(place, 40);
    page_node node;
    pages_walk_result result;
    walk(&file, &result);
    assert_int_equal(result.faults, 0);
    assert_true(result.free > 10 && file.meta.free_list.depth == 1);
    uint8_t *leaf = page_of(&file, file.meta.free_list.root);
    uint8_t *bytes = node_of(&file, leaf, true, 0, &node);
    uint8_t *list = bytes + 16;
    uint64_t count = bb_load64(list);
    assert_true(node.data_size == 8 + 8 * count && count > 2);
    expect_changed(&file, bytes + 6, 7, 2, "no transaction's number");
    expect_changed(&file, bytes + 8, UINT64_MAX, 8, "not in order");
    expect_changed(&file, list, count + 1, 8, "has a wrong size");
    expect_changed(&file, list + 8, 1, 8, "out of order in the free list");
    expect_changed(&file, list + 8, file.meta.last_page + 1, 8, "out of order in the free list");
    expect_changed(&file, list + 16, bb_load64(list + 8), 8, "out of order in the free list");
    for (uint16_t size = 0; size < 16; size++) { /* a page whose nodes leave a gap otherwise */
        uint8_t kept[8];
        memcpy(kept, bytes, 2);
        bb_store16(bytes, size);
        walk(&file, &result);
        assert_true(result.faults != 0);
        memcpy(bytes, kept, 2);
    }
    file.meta.free_list.root = file.meta.last_page + 1;
    expect(&file, "outside the file");
    free(file.bytes);
}

/* A record that is longer than a page lies in a run of pages. */
static void long_records_of_free_pages_are_read(void **state)
{
    fixture *place = *state;
    image file = make_freed(place, 4000);
    page_node node;
    pages_walk_result result;
    walk(&file, &result);
    assert_int_equal(result.faults, 0);
    assert_true(result.free > 2000);
    uint8_t *leaf = page_of(&file, file.meta.free_list.root);
    assert_int_equal(page_kind(leaf), PAGES_LEAF);
    uint8_t *bytes = node_of(&file, leaf, true, 0, &node);
    assert_int_equal(node.flags, PAGES_BIG);
    uint8_t *list = page_of(&file, bb_load64(bytes + 16)) + PAGES_HEADER;
    expect_changed(&file, list, 0xffffff, 8, "has a wrong size");
    expect_changed(&file, list + 8, 1, 8, "out of order in the free list");
    expect_changed(&file, bytes, 4, 2, "has a wrong size");
    free(file.bytes);
}

/* A file that loses its end while it is read is told as such, wherever the walk is by then. */
static void a_file_that_is_cut_off_meanwhile_is_named(void **state)
{
    fixture *place = *state;
    for (int freed = 0; freed < 2; freed++) {
        image file = freed ? make_freed(place, 4000) : make_plain(place);
        image read = file;
        read.source.memory = NULL;
        read.source.fd = open(place->path, O_RDWR);
        assert_true(read.source.fd >= 0);
        unsigned told = 0;
        uint64_t step = freed ? file.source.page_count / 20 : 1;
        for (uint64_t pages = file.source.page_count; pages > 2 + step; pages -= step) {
            pages_walk_result result;
            assert_int_equal(ftruncate(read.source.fd, (off_t)(pages * read.source.page_bytes)), 0);
            faults found = walk(&read, &result);
            assert_int_equal(found.count, result.faults);
            told += strstr(found.first, "the file was cut off meanwhile") != NULL;
        }
        assert_true(told > 3);
        close(read.source.fd);
        uint8_t byte;
        uint64_t end = file.source.page_count * file.source.page_bytes;
        assert_int_equal(pages_read_bytes(&file.source, end, 1, &byte, &fault), BBOTS_END);
        assert_int_equal(pages_read_bytes(&file.source, end + 1, 1, &byte, &fault), BBOTS_END);
        assert_int_equal(pages_read_bytes(&file.source, end - 1, 1, &byte, &fault), BBOTS_OK);
        free(file.bytes);
    }
}

static int stop_at_lost(uint64_t page, void *context)
{
    *(uint64_t *)context = page;
    return 1;
}

/* Pages that nobody has are counted; who is asked of each may end the walk, and who is not hears nothing. */
static void lost_pages_are_counted(void **state)
{
    fixture *place = *state;
    image file = make_plain(place);
    pages_walk_options silent = {.on_fault = NULL};
    pages_walk_result result;
    uint64_t lost = 0;
    file.meta.last_page += 3; /* behind the end */
    assert_ok(pages_walk(&file.source, &file.meta, &silent, &result, &fault));
    assert_int_equal(result.lost, 3);
    faults found = walk(&file, &result);
    assert_true(found.count == 1 && result.faults == 0);
    assert_non_null(strstr(found.first, "3 pages are neither used nor free"));
    pages_walk_options asked = {.on_lost = stop_at_lost, .context = &lost};
    assert_ok(pages_walk(&file.source, &file.meta, &asked, &result, &fault));
    assert_int_equal(lost, 0); /* they are not in the file */
    file.meta.free_list = (page_tree){.root = PAGES_NONE, .flags = file.meta.free_list.flags};
    file.meta.main_tree = (page_tree){.root = PAGES_NONE};
    assert_int_equal(pages_walk(&file.source, &file.meta, &asked, &result, &fault), BBOTS_END);
    assert_int_equal(lost, 2);
    assert_int_equal(result.lost, 1);
    file.meta.main_tree.depth = 1; /* a fault that nobody hears counts all the same */
    assert_ok(pages_walk(&file.source, &file.meta, &silent, &result, &fault));
    assert_int_equal(result.faults, 1);
    free(file.bytes);
}

static int count_lost(uint64_t page, void *context)
{
    *(uint64_t *)context += page != 0;
    return 0;
}

static int stop_at_once(uint64_t used, uint64_t of, void *context)
{
    assert_true(used > 0 && used <= of);
    ++*(uint64_t *)context;
    return 1;
}

static int go_on(uint64_t used, uint64_t of, void *context)
{
    return stop_at_once(used, of, context) - 1;
}

/* Who hears how far a long walk is may end it, and hears of every lost page in the file if he does not. */
static void a_long_walk_tells_how_far_it_is(void **state)
{
    fixture *place = *state;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi tree;
    uint64_t heard = 0;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 1), 0);
    assert_int_equal(mdb_env_set_mapsize(env, 128 << 20), 0);
    assert_int_equal(mdb_env_open(env, place->path, MDB_NOSUBDIR | MDB_NOSYNC, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "rows", MDB_CREATE, &tree), 0);
    put_rows(txn, tree, 30000);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    image file = load(place->path);
    pages_walk_options silent = {.on_fault = NULL};
    pages_walk_options stops = {.on_progress = stop_at_once, .context = &heard};
    pages_walk_options goes_on = {.on_progress = go_on, .context = &heard};
    pages_walk_result result;
    assert_ok(pages_walk(&file.source, &file.meta, &silent, &result, &fault));
    assert_int_equal(result.entries, 30001);
    assert_int_equal(pages_walk(&file.source, &file.meta, &stops, &result, &fault), BBOTS_END);
    assert_int_equal(heard, 1);
    assert_ok(pages_walk(&file.source, &file.meta, &goes_on, &result, &fault));
    assert_true(heard > 1 && result.entries == 30001);
    heard = 0;
    file.meta.main_tree = (page_tree){.root = PAGES_NONE};
    pages_walk_options lost = {.on_lost = count_lost, .context = &heard};
    assert_ok(pages_walk(&file.source, &file.meta, &lost, &result, &fault));
    assert_int_equal(heard, result.lost);
    assert_true(heard > 7000);
    free(file.bytes);
}

static void a_way_in_a_circle_ends(void **state)
{
    fixture *place = *state;
    image file = make_plain(place);
    for (uint64_t number = 2; number < file.source.page_count; number++) {
        uint8_t *page = file.bytes + number * file.source.page_bytes;
        page_node node;
        if (page_number(page) == number && page_kind(page) == PAGES_BRANCH) {
            page_node_at(page, file.source.page_bytes, false, 1, &node);
            bb_store16(page + node.begin, (uint16_t)number);
            expect(&file, "used twice or free");
            page_node_at(page, file.source.page_bytes, false, 1, &node);
            bb_store16(page + node.begin, 0xffff);
            expect(&file, "outside the file");
            free(file.bytes);
            return;
        }
    }
    fail_msg("there is no branch");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_wrong_with_what_lmdb_wrote),
        TEST(whatever_the_bytes_it_ends),
        TEST(each_rule_is_named),
        TEST(meta_pages_are_judged),
        TEST(borders_sizes_and_flags_are_named),
        TEST(runs_of_large_values_are_judged),
        TEST(each_rule_of_the_free_list_is_named),
        TEST(long_records_of_free_pages_are_read),
        TEST(a_file_that_is_cut_off_meanwhile_is_named),
        TEST(lost_pages_are_counted),
        TEST(a_long_walk_tells_how_far_it_is),
        TEST(a_way_in_a_circle_ends),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
