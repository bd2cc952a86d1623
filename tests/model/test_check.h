/*
 * test_check.h - what test_check.c works with: an undamaged store, a check whose findings are kept,
 * and the means to damage a copy of the file through LMDB itself.
 */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <bbots/bbots.h>
#include <lmdb.h>
#include <stdio.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { USERS = 20, USAGES = 900, FOUND_MAX = 2000, ROW_MAX = 16384, DIMENSIONS = 1536 };

#define SECRET "sk-not-for-any-eyes"

/* A finding, copied. */
typedef struct found {
    bbots_severity severity;
    char table[64];
    char object[64];
    char key[256];
    char message[512];
} found;

static struct {
    char folder[64];
    char path[96];
    uint8_t *file; /* of the undamaged store */
    size_t file_size;
    found findings[FOUND_MAX];
    size_t count;
    int calls; /* of on_progress */
    uint64_t random;
} world;

static void expect(int rc, int expected, const bbots_error *error)
{
    if (rc != expected) {
        fail_msg("got %s, expected %s: %s", bbots_status_name(rc), bbots_status_name(expected),
                 rc < 0 ? error->message : "");
    }
}

static uint64_t roll(uint64_t limit)
{
    world.random ^= world.random << 13;
    world.random ^= world.random >> 7;
    world.random ^= world.random << 17;
    return (world.random >> 11) % limit;
}

/* ------------------------------------------------------------------ the undamaged store */

/* Inserts a row of texts: name, value, name, value, NULL. */
static void insert(bbots_txn *txn, const char *table_name, ...)
{
    const bbots_table *table = bbots_schema_table(&bbots_platform_schema, table_name, NULL);
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given = 0;
    bbots_error error;
    va_list arguments;
    va_start(arguments, table_name);
    for (const char *name; (name = va_arg(arguments, const char *)) != NULL;) {
        int column = bbots_table_column(table, bbots_text_of(name));
        assert_true(column >= 0);
        values[column] = bbots_value_string(va_arg(arguments, const char *));
        given |= BBOTS_COLUMN_BIT(column);
    }
    va_end(arguments);
    expect(bbots_insert(txn, table, values, given, NULL, &error), BBOTS_OK, &error);
}

static void insert_users(bbots_txn *txn)
{
    for (int i = 1; i <= USERS; i++) {
        char email[32];
        snprintf(email, sizeof email, "user%02d@example.org", i);
        insert(txn, "users", "email", email, "name", i == 2 ? "Ada" : NULL, "loginMethod",
               i == 9 ? "github" : "email", NULL);
    }
    insert(txn, "user_profiles", "userId", "4", "ghlApiKey", SECRET, NULL);
    insert(txn, "sessions", "id", "a-session", "userId", "5", "expiresAt", "2026-01-01", NULL);
    insert(txn, "users", "email", "longname@example.org", "openId", "open", "googleId", "google",
           NULL);
}

static void insert_usages(bbots_txn *txn)
{
    for (int i = 0; i < USAGES; i++) {
        char user[8];
        snprintf(user, sizeof user, "%d", 1 + i % 3);
        insert(txn, "api_token_usage", "userId", user, "model", "opus", "totalTokens", "7",
               "inputCost", "0.5", "outputCost", "0.5", "totalCost", "1.0", "toolsUsed",
               "[\"hammer\", {\"a\": 1.5}]", NULL);
    }
}

static void insert_chunk(bbots_txn *txn)
{
    static char vector[2 * DIMENSIONS + 2] = "[";
    for (unsigned i = 0; i < DIMENSIONS; i++) {
        strcat(vector + 2 * i, i + 1 < DIMENSIONS ? "1," : "1]");
    }
    insert(txn, "documentation_sources", "platform", "p", "category", "c", "title", "t", "content",
           "text", NULL);
    insert(txn, "documentation_chunks", "sourceId", "1", "chunkIndex", "0", "content", "text",
           "tokenCount", "1", "embedding", vector, NULL);
}

static bbots_store *open_store(uint32_t flags)
{
    bbots_options options = {.schema = &bbots_platform_schema, .flags = flags | BBOTS_OPEN_UNFOLLOWED};
    bbots_store *store;
    bbots_error error;
    expect(bbots_open(world.path, &options, &store, &error), BBOTS_OK, &error);
    return store;
}

static bbots_txn *begin(bbots_store *store, bbots_access access)
{
    bbots_txn *txn;
    bbots_error error;
    expect(bbots_begin(store, access, &txn, &error), BBOTS_OK, &error);
    return txn;
}

static void close_store(bbots_store *store)
{
    bbots_error error;
    expect(bbots_close(store, &error), BBOTS_OK, &error);
}

static void read_file(void)
{
    FILE *file = fopen(world.path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    world.file_size = (size_t)ftell(file);
    rewind(file);
    world.file = malloc(world.file_size);
    assert_non_null(world.file);
    assert_int_equal(fread(world.file, 1, world.file_size, file), world.file_size);
    fclose(file);
}

/* The undamaged file again. */
static void restore_file(void)
{
    FILE *file = fopen(world.path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(world.file, 1, world.file_size, file), world.file_size);
    assert_int_equal(fclose(file), 0);
}

static int make_world(void **state)
{
    const char *given = getenv("BBOTS_SEED");
    bbots_error error;
    (void)state;
    world.random = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)bbots_timestamp_now();
    printf("BBOTS_SEED=%llu\n", (unsigned long long)world.random);
    world.random |= world.random == 0;
    strcpy(world.folder, "/tmp/bbots-check-XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    snprintf(world.path, sizeof world.path, "%s/store.bbots", world.folder);
    bbots_store *store = open_store(BBOTS_OPEN_CREATE);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    insert_users(txn);
    insert_usages(txn);
    insert_chunk(txn);
    expect(bbots_commit(txn, &error), BBOTS_OK, &error);
    close_store(store);
    read_file();
    return 0;
}

static int drop_world(void **state)
{
    char lock[112];
    (void)state;
    snprintf(lock, sizeof lock, "%s-lock", world.path);
    unlink(lock);
    unlink(world.path);
    free(world.file);
    return rmdir(world.folder);
}

/* ------------------------------------------------------------------ checking */

static void note_finding(const bbots_finding *finding, void *context)
{
    (void)context;
    assert_true(world.count < FOUND_MAX);
    assert_true(strlen(finding->message) > 0);
    assert_null(strstr(finding->message, SECRET));
    found *kept = &world.findings[world.count++];
    kept->severity = finding->severity;
    snprintf(kept->table, sizeof kept->table, "%s", finding->table);
    snprintf(kept->object, sizeof kept->object, "%s", finding->object);
    snprintf(kept->key, sizeof kept->key, "%s", finding->key);
    snprintf(kept->message, sizeof kept->message, "%s", finding->message);
}

/* Checks the file as it lies there; the findings are in world.findings. */
static bbots_check_result run_check(const char *table, bool usual_values)
{
    bbots_check_options options = {
        .usual_values = usual_values, .findings_max = FOUND_MAX, .on_finding = note_finding};
    bbots_check_result result;
    bbots_error error;
    bbots_store *store = open_store(0);
    bbots_txn *txn = begin(store, BBOTS_READ);
    world.count = 0;
    if (table != NULL) {
        options.table = bbots_store_table(store, table, &error);
    }
    expect(bbots_check(txn, &options, &result, &error), BBOTS_OK, &error);
    bbots_rollback(txn);
    close_store(store);
    assert_int_equal(result.notes + result.derived + result.damage, world.count);
    return result;
}

static void expect_finding(bbots_severity severity, const char *table, const char *object,
                           const char *key, const char *words)
{
    for (size_t i = 0; i < world.count; i++) {
        const found *at = &world.findings[i];
        if (at->severity == severity && strcmp(at->table, table) == 0 &&
            strcmp(at->object, object) == 0 && strcmp(at->key, key) == 0 &&
            strstr(at->message, words) != NULL) {
            return;
        }
    }
    for (size_t i = 0; i < world.count; i++) {
        const found *at = &world.findings[i];
        print_message("%d %s/%s [%s] %s\n", at->severity, at->table, at->object, at->key,
                      at->message);
    }
    fail_msg("no finding %d %s/%s [%s] ...%s...", severity, table, object, key, words);
}

/* ------------------------------------------------------------------ damaging */

typedef struct raw {
    MDB_env *env;
    MDB_txn *txn;
} raw;

static raw raw_open(void)
{
    raw file;
    restore_file();
    assert_int_equal(mdb_env_create(&file.env), 0);
    assert_int_equal(mdb_env_set_maxdbs(file.env, 1000), 0);
    assert_int_equal(mdb_env_set_mapsize(file.env, (size_t)1 << 30), 0);
    assert_int_equal(mdb_env_open(file.env, world.path, MDB_NOSUBDIR | MDB_NOSYNC, 0600), 0);
    assert_int_equal(mdb_txn_begin(file.env, NULL, 0, &file.txn), 0);
    return file;
}

/* A tree, or with NULL the main one. */
static MDB_dbi raw_tree(const raw *file, const char *name)
{
    MDB_dbi tree;
    assert_int_equal(mdb_dbi_open(file->txn, name, 0, &tree), 0);
    return tree;
}

static void raw_put(const raw *file, const char *tree, const void *key, size_t key_size,
                    const void *data, size_t size)
{
    MDB_val key_val = {key_size, (void *)(uintptr_t)key};
    MDB_val value = {size, (void *)(uintptr_t)data};
    assert_int_equal(mdb_put(file->txn, raw_tree(file, tree), &key_val, &value, 0), 0);
}

static void raw_delete(const raw *file, const char *tree, const void *key, size_t key_size)
{
    MDB_val key_val = {key_size, (void *)(uintptr_t)key};
    assert_int_equal(mdb_del(file->txn, raw_tree(file, tree), &key_val, NULL), 0);
}

/* A copy of a value; returns its size. */
static size_t raw_get(const raw *file, const char *tree, const void *key, size_t key_size,
                      uint8_t *data)
{
    MDB_val key_val = {key_size, (void *)(uintptr_t)key};
    MDB_val value;
    assert_int_equal(mdb_get(file->txn, raw_tree(file, tree), &key_val, &value), 0);
    assert_true(value.mv_size <= ROW_MAX);
    memcpy(data, value.mv_data, value.mv_size);
    return value.mv_size;
}

/* The store is only opened when its catalogue has LMDB's number of the commit. */
static void raw_commit(raw *file)
{
    uint64_t number = mdb_txn_id(file->txn);
    raw_put(file, NULL, "@commit", 7, &number, sizeof number);
    assert_int_equal(mdb_txn_commit(file->txn), 0);
    mdb_env_close(file->env);
}

/* The key of an integer that is not null. */
static void key_of(int32_t number, uint8_t key[4])
{
    uint32_t turned = (uint32_t)number ^ UINT32_C(1) << 31;
    for (int i = 0; i < 4; i++) {
        key[i] = (uint8_t)(turned >> (24 - 8 * i));
    }
}

/* ------------------------------------------------------------------ blocks of entries */

/* The entries of a small tree, and how they are kept. */
typedef struct entry_list {
    bool blocks;
    size_t count;
    struct {
        size_t size;
        uint8_t bytes[512];
    } at[64];
} entry_list;

static void fit_block_checksum(const char *tree, const void *key, size_t key_size, uint8_t *value,
                               size_t size)
{
    XXH64_hash_t seed = XXH3_64bits(tree, strlen(tree)) ^ XXH3_64bits(value + 4, size - 4);
    uint32_t sum = (uint32_t)XXH3_64bits_withSeed(key, key_size, seed);
    memcpy(value, &sum, sizeof sum);
}

/* Of the forms of packed entries those that the trees of this test have. */
static void unpack_entries(MDB_val key, MDB_val value, entry_list *list)
{
    const uint8_t *bytes = value.mv_data;
    size_t end = value.mv_size - (bytes[4] | (size_t)bytes[5] << 8);
    uint8_t before[512];
    size_t before_size = key.mv_size;
    memcpy(before, key.mv_data, before_size);
    for (size_t at = 6; at < end;) {
        size_t shared = bytes[at] & 127u;
        bool sized = (bytes[at] & 128u) != 0;
        size_t own = sized ? bytes[at + 1] : before_size - shared;
        assert_true(shared < 127 && own < 255);
        at += sized ? 2 : 1;
        memcpy(before + shared, bytes + at, own);
        before_size = shared + own;
        at += own;
        assert_true(list->count < sizeof list->at / sizeof *list->at);
        list->at[list->count].size = before_size;
        memcpy(list->at[list->count++].bytes, before, before_size);
    }
}

static void raw_entries(const raw *file, const char *tree, entry_list *list)
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    list->count = 0;
    list->blocks = false;
    assert_int_equal(mdb_cursor_open(file->txn, raw_tree(file, tree), &cursor), 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        if (value.mv_size != 0) {
            list->blocks = true;
            unpack_entries(key, value, list);
        } else {
            assert_true(list->count < sizeof list->at / sizeof *list->at);
            list->at[list->count].size = key.mv_size;
            memcpy(list->at[list->count++].bytes, key.mv_data, key.mv_size);
        }
    }
    mdb_cursor_close(cursor);
}

/* Puts a list in place of a tree's blocks, as a single one. */
static void raw_put_block(const raw *file, const char *tree, const entry_list *list)
{
    uint8_t value[1520] = {0};
    size_t size = 6;
    uint8_t before[512] = {0};
    size_t before_size = 1;
    for (size_t i = 0; i < list->count; i++) {
        const uint8_t *entry = list->at[i].bytes;
        size_t shared = 0;
        while (shared < before_size && shared < list->at[i].size &&
               entry[shared] == before[shared]) {
            shared++;
        }
        size_t own = list->at[i].size - shared;
        assert_true(shared < 127 && size + 4 + own <= sizeof value);
        value[size++] = (uint8_t)(128 + shared);
        if (own >= 255) {
            value[size++] = 255;
            value[size++] = (uint8_t)own;
            value[size++] = (uint8_t)(own >> 8);
        } else {
            value[size++] = (uint8_t)own;
        }
        memcpy(value + size, entry + shared, own);
        size += own;
        before_size = list->at[i].size;
        memcpy(before, entry, before_size);
    }
    fit_block_checksum(tree, "", 1, value, size);
    assert_int_equal(mdb_drop(file->txn, raw_tree(file, tree), 0), 0);
    raw_put(file, tree, "", 1, value, size);
}

/* A copy of a tree's block by its number; its key is in key, its value is returned. */
static MDB_val raw_block(const raw *file, const char *tree, unsigned number, MDB_val *key)
{
    static uint8_t bytes[2][2048];
    MDB_cursor *cursor;
    MDB_val value;
    assert_int_equal(mdb_cursor_open(file->txn, raw_tree(file, tree), &cursor), 0);
    for (unsigned i = 0; i <= number; i++) {
        assert_int_equal(mdb_cursor_get(cursor, key, &value, MDB_NEXT), 0);
    }
    mdb_cursor_close(cursor);
    memcpy(bytes[0], key->mv_data, key->mv_size);
    memcpy(bytes[1], value.mv_data, value.mv_size);
    key->mv_data = bytes[0];
    value.mv_data = bytes[1];
    return value;
}

/* The entry of an index tree that ends with the key of a row; returns its size. */
static size_t raw_entry(const raw *file, const char *tree, int32_t id, uint8_t entry[512])
{
    static entry_list list;
    uint8_t wanted[4];
    key_of(id, wanted);
    raw_entries(file, tree, &list);
    for (size_t i = 0; i < list.count; i++) {
        size_t size = list.at[i].size;
        if (memcmp(list.at[i].bytes + size - 4, wanted, 4) == 0) {
            memcpy(entry, list.at[i].bytes, size);
            return size;
        }
    }
    fail_msg("tree %s has no entry of row %d", tree, id);
    return 0;
}

/* Where an entry is or would be. */
static size_t place_of(const entry_list *list, const uint8_t *entry, size_t size)
{
    size_t at = 0;
    for (; at < list->count; at++) {
        size_t common = size < list->at[at].size ? size : list->at[at].size;
        int order = memcmp(list->at[at].bytes, entry, common);
        if (order > 0 || (order == 0 && list->at[at].size >= size)) {
            break;
        }
    }
    return at;
}

static void raw_remove_entry(const raw *file, const char *tree, const uint8_t *entry, size_t size)
{
    static entry_list list;
    raw_entries(file, tree, &list);
    if (!list.blocks) {
        raw_delete(file, tree, entry, size);
        return;
    }
    size_t at = place_of(&list, entry, size);
    assert_true(at < list.count && list.at[at].size == size);
    memmove(&list.at[at], &list.at[at + 1], (list.count - at - 1) * sizeof *list.at);
    list.count--;
    raw_put_block(file, tree, &list);
}

static void raw_add_entry(const raw *file, const char *tree, const uint8_t *entry, size_t size)
{
    static entry_list list;
    raw_entries(file, tree, &list);
    if (!list.blocks) {
        raw_put(file, tree, entry, size, "", 0);
        return;
    }
    size_t at = place_of(&list, entry, size);
    if (at < list.count && list.at[at].size == size &&
        memcmp(list.at[at].bytes, entry, size) == 0) {
        return;
    }
    assert_true(list.count < sizeof list.at / sizeof *list.at);
    memmove(&list.at[at + 1], &list.at[at], (list.count - at) * sizeof *list.at);
    list.at[at].size = size;
    memcpy(list.at[at].bytes, entry, size);
    list.count++;
    raw_put_block(file, tree, &list);
}

static void fit_checksum(const char *table, uint8_t *row, size_t size)
{
    XXH64_hash_t seed = XXH3_64bits(table, strlen(table));
    uint32_t sum = (uint32_t)XXH3_128bits_withSeed(row + 4, size - 4, seed).low64;
    memcpy(row, &sum, sizeof sum);
}

/* Writes bytes into a row at an offset, with a checksum that fits. */
static void forge(const char *table, int32_t id, size_t offset, const void *bytes, size_t size)
{
    uint8_t key[4];
    uint8_t row[ROW_MAX];
    raw file = raw_open();
    key_of(id, key);
    size_t row_size = raw_get(&file, table, key, sizeof key, row);
    assert_true(offset + size <= row_size);
    memcpy(row + offset, bytes, size);
    fit_checksum(table, row, row_size);
    raw_put(&file, table, key, sizeof key, row, row_size);
    raw_commit(&file);
}

/* Where bytes are in a row. */
static size_t offset_in_row(const char *table, int32_t id, const char *bytes)
{
    uint8_t key[4];
    uint8_t row[ROW_MAX];
    raw file = raw_open();
    key_of(id, key);
    size_t size = raw_get(&file, table, key, sizeof key, row);
    mdb_txn_abort(file.txn);
    mdb_env_close(file.env);
    const uint8_t *at = memmem(row, size, bytes, strlen(bytes));
    assert_non_null(at);
    return (size_t)(at - row);
}

#endif
