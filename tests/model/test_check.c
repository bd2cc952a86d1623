/*
 * test_check.c - the whole-file check finds what was done to a file behind the library's back, and
 * nothing in a file to which nothing was done.
 *
 * One store is made through the library. Every case takes a copy of its file, damages it through
 * LMDB itself, opens it and looks for the finding by severity, table, object, key and words. What
 * this test knows of bytes (docs/format.md) it knows on its own account: a row's checksum, the keys
 * of serials, the catalogue's records. The last case damages at random, from a seed that is printed
 * (BBOTS_SEED repeats it): nothing may crash, and no finding may show the secret of a row.
 */
#include "test_check.h"

/* ------------------------------------------------------------------ an undamaged file */

static void a_clean_store_has_no_findings(void **state)
{
    (void)state;
    restore_file();
    bbots_check_result result = run_check(NULL, false);
    assert_int_equal(world.count, 0);
    assert_int_equal(result.tables, bbots_platform_schema.table_count);
    assert_int_equal(result.rows, USERS + USAGES + 5);
    assert_int_equal(result.entries, 5 * (USERS + 1) + 4 * USAGES + 4);
}

static void waiting_entries_are_counted(void **state)
{
    bbots_check_options options = {.on_finding = note_finding};
    bbots_check_result result;
    bbots_error error;
    (void)state;
    restore_file();
    bbots_store *store = open_store(0);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    world.count = 0;
    insert_usages(txn);
    expect(bbots_check(txn, &options, &result, &error), BBOTS_OK, &error);
    assert_int_equal(world.count, 0);
    assert_int_equal(result.rows, USERS + 2 * USAGES + 5);
    insert_usages(txn); /* the transaction goes on */
    expect(bbots_commit(txn, &error), BBOTS_OK, &error);
    close_store(store);
    run_check(NULL, false);
    assert_int_equal(world.count, 0);
}

static void unusual_values_are_notes(void **state)
{
    (void)state;
    restore_file();
    bbots_check_result result = run_check("users", true);
    assert_int_equal(result.notes, 1);
    assert_int_equal(result.tables, 1);
    assert_int_equal(world.count, 1);
    expect_finding(BBOTS_NOTE, "users", "loginMethod", "9", "github");
}

/* ------------------------------------------------------------------ rows */

static void a_flipped_bit_is_found_wherever_it_is(void **state)
{
    uint8_t key[4];
    uint8_t row[ROW_MAX];
    size_t size = 1;
    (void)state;
    key_of(7, key);
    for (size_t at = 0; at < size; at++) {
        raw file = raw_open();
        size = raw_get(&file, "users", key, sizeof key, row);
        row[at] ^= (uint8_t)(1u << at % 8);
        raw_put(&file, "users", key, sizeof key, row, size);
        raw_commit(&file);
        run_check("users", false);
        assert_int_equal(world.count, 1);
        expect_finding(BBOTS_DAMAGE, "users", "users", "7", "checksum");
    }
}

static void a_row_under_another_key_is_found(void **state)
{
    uint8_t from[4];
    uint8_t to[4];
    uint8_t row[ROW_MAX];
    (void)state;
    raw file = raw_open();
    key_of(7, from);
    key_of(-1000, to);
    size_t size = raw_get(&file, "users", from, sizeof from, row);
    raw_delete(&file, "users", from, sizeof from);
    raw_put(&file, "users", to, sizeof to, row, size);
    raw_commit(&file);
    run_check("users", false);
    expect_finding(BBOTS_DAMAGE, "users", "users", "-1000", "its own, which is (7)");
    expect_finding(BBOTS_DERIVED, "users", "users(email)", "7", "of no row");
    expect_finding(BBOTS_DERIVED, "users", "users(email)", "-1000", "lacks the entry");
}

static void a_missing_parent_is_found(void **state)
{
    uint8_t key[4];
    (void)state;
    raw file = raw_open();
    key_of(3, key);
    raw_delete(&file, "users", key, sizeof key);
    raw_commit(&file);
    run_check(NULL, false);
    expect_finding(BBOTS_DAMAGE, "api_token_usage", "api_token_usage_userId_fkey", "3",
                   "(userId)=(3) finds no row in table \"users\"");
    expect_finding(BBOTS_DERIVED, "users", "", "", "counts 21 rows");
    expect_finding(BBOTS_DERIVED, "users", "users(loginMethod)", "3", "of no row");
}

/* Offsets of fixed columns: head of 6 bytes, null bitmap, then the columns in the table's order. */
static void forged_values_are_found(void **state)
{
    const int64_t too_early = BBOTS_TIMESTAMP_MIN - 1;
    const float not_a_number = -__builtin_nanf("");
    uint8_t nulls[2] = {0, 0};
    (void)state;
    forge("users", 2, offset_in_row("users", 2, "Ada"),
          "A\xff"
          "a",
          3);
    run_check(NULL, false);
    expect_finding(BBOTS_DAMAGE, "users", "name", "2", "UTF-8");
    expect_finding(BBOTS_DERIVED, "users", "", "", "digest");
    forge("users", 2, offset_in_row("users", 2, "Ada"), "A\0a", 3);
    run_check(NULL, false);
    expect_finding(BBOTS_DAMAGE, "users", "name", "2", "zero byte");
    /* Ends of variable columns, from 45 on: email and loginMethod leave all their bytes to role. */
    forge("users", 2, 53, "\3\0\3", 4);
    run_check(NULL, false);
    expect_finding(BBOTS_DAMAGE, "users", "role", "2", "longer than its type");
    forge("users", 2, 53, "\xff\xff", 2);
    run_check(NULL, false);
    expect_finding(BBOTS_DAMAGE, "users", "loginMethod", "2", "ends before it begins");
    forge("users", 2, 12, "\2", 1);
    run_check(NULL, false);
    expect_finding(BBOTS_DAMAGE, "users", "onboardingCompleted", "2", "boolean");
    forge("users", 2, 21, &too_early, sizeof too_early);
    run_check(NULL, false);
    expect_finding(BBOTS_DAMAGE, "users", "createdAt", "2", "out of range");
    nulls[0] = 1u << 5;
    forge("users", 2, 6, nulls, sizeof nulls);
    run_check(NULL, false);
    expect_finding(BBOTS_DAMAGE, "users", "email", "2", "must have a value");
    expect_finding(BBOTS_DAMAGE, "users", "email", "2", "is null and has bytes");
    nulls[1] = 0xc0;
    forge("users", 2, 6, nulls, sizeof nulls);
    run_check(NULL, false);
    expect_finding(BBOTS_DAMAGE, "users", "", "2", "head");
    forge("api_token_usage", 2, 41, "\xff\xff\xff\xff\x7f", 5);
    run_check(NULL, false);
    expect_finding(BBOTS_DAMAGE, "api_token_usage", "inputCost", "2", "more digits");
    forge("api_token_usage", 2, offset_in_row("api_token_usage", 2, "hammer") - 1, "\xc1", 1);
    run_check(NULL, false);
    expect_finding(BBOTS_DAMAGE, "api_token_usage", "toolsUsed", "2", "JSON");
    size_t end = offset_in_row("documentation_chunks", 1, "\x80\x3f");
    forge("documentation_chunks", 1, end - 2, &not_a_number, sizeof not_a_number);
    run_check(NULL, false);
    expect_finding(BBOTS_DAMAGE, "documentation_chunks", "embedding", "1", "finite");
}

static void secrets_are_not_shown(void **state)
{
    (void)state;
    forge("user_profiles", 1, offset_in_row("user_profiles", 1, SECRET), "\xff", 1);
    run_check(NULL, true);
    expect_finding(BBOTS_DAMAGE, "user_profiles", "ghlApiKey", "1", "UTF-8");
    assert_null(strstr(world.findings[0].message, &SECRET[1]));
}

/* ------------------------------------------------------------------ indexes */

static void a_missing_entry_is_found(void **state)
{
    static const char *const trees[] = {"users(loginMethod)", "users(email)", "users(openId)"};
    uint8_t entry[512];
    (void)state;
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        raw file = raw_open();
        size_t size = raw_entry(&file, trees[i], 7, entry);
        raw_remove_entry(&file, trees[i], entry, size);
        raw_commit(&file);
        run_check(NULL, false);
        assert_int_equal(world.count, 1);
        expect_finding(BBOTS_DERIVED, "users", trees[i], "7", "lacks the entry");
    }
}

/*
 * In a tree of blocks and in a unique one: an entry of no row, one that is not its row's, and what
 * is no entry at all; in a unique tree also one with a value.
 */
static void alien_entries_are_found(void **state)
{
    static const char *const trees[] = {"users(loginMethod)", "users(openId)"};
    uint8_t own[512];
    uint8_t entry[512];
    (void)state;
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        raw file = raw_open();
        size_t size = raw_entry(&file, trees[i], 7, own);
        memcpy(entry, own, size);
        key_of(999, entry + size - 4);
        raw_add_entry(&file, trees[i], entry, size);
        memcpy(entry, "\1zz", 4);
        key_of(7, entry + 4);
        raw_add_entry(&file, trees[i], entry, 8);
        raw_add_entry(&file, trees[i], (const uint8_t *)"no end", 6);
        raw_add_entry(&file, trees[i], (const uint8_t *)"email", 5);
        if (i == 1) {
            raw_put(&file, trees[i], own, size, "x", 1);
        }
        raw_commit(&file);
        run_check(NULL, false);
        assert_int_equal(world.count, 4 + i);
        expect_finding(BBOTS_DERIVED, "users", trees[i], "999", "of no row");
        expect_finding(BBOTS_DERIVED, "users", trees[i], "7", "not its row's");
        expect_finding(BBOTS_DERIVED, "users", trees[i], "", "none of this index");
        if (i == 1) {
            expect_finding(BBOTS_DERIVED, "users", trees[i], "7", "bytes behind");
        }
    }
}

/* User 8 takes the address of user 7, with all that an index holds of it. */
static void equal_unique_keys_are_found(void **state)
{
    static const char *const trees[] = {"users(email)", "users(email,loginMethod)"};
    size_t at = offset_in_row("users", 8, "user08");
    uint8_t key[4];
    uint8_t row[ROW_MAX];
    uint8_t entry[512];
    (void)state;
    raw file = raw_open();
    key_of(8, key);
    size_t size = raw_get(&file, "users", key, sizeof key, row);
    memcpy(row + at, "user07", 6);
    fit_checksum("users", row, size);
    raw_put(&file, "users", key, sizeof key, row, size);
    for (size_t i = 0; i < 2; i++) {
        size = raw_entry(&file, trees[i], 8, entry);
        raw_remove_entry(&file, trees[i], entry, size);
        memcpy(entry, "user07", 6);
        raw_add_entry(&file, trees[i], entry, size);
    }
    raw_commit(&file);
    bbots_check_result result = run_check(NULL, false);
    assert_int_equal(result.damage, 1);
    expect_finding(BBOTS_DAMAGE, "users", "users(email)", "8", "unique key (email)");
    expect_finding(BBOTS_DERIVED, "users", "", "", "digest");
}

/* ------------------------------------------------------------------ blocks of entries */

#define BLOCKS     "api_token_usage(userId,createdAt)"
#define BLOCKS_MIN 4u

/* Reads the tree of blocks through the library from one of its ends. */
static int scan_blocks(bool reverse, uint64_t *rows, bbots_error *failure)
{
    bbots_store *store = open_store(0);
    bbots_txn *txn = begin(store, BBOTS_READ);
    bbots_range range = {.reverse = reverse};
    bbots_cursor *cursor;
    bbots_error error;
    bbots_row row;
    const bbots_table *table = bbots_store_table(store, "api_token_usage", &error);
    int index = bbots_table_index(table, "api_token_usage_user_created_idx");
    assert_true(index >= 0);
    expect(bbots_cursor_open(txn, table, (unsigned)index, &range, &cursor, &error), BBOTS_OK,
           &error);
    *rows = 0;
    int rc = BBOTS_OK;
    while (rc == BBOTS_OK) {
        rc = bbots_cursor_next(cursor, &row, failure);
        *rows += rc == BBOTS_OK;
    }
    bbots_cursor_close(cursor);
    bbots_rollback(txn);
    close_store(store);
    return rc;
}

/* After damage: no scan comes to its end as if nothing were missing, and the check finds it. */
static void expect_damaged_blocks(const char *words)
{
    uint64_t rows;
    bbots_error error;
    for (int reverse = 0; reverse < 2; reverse++) {
        assert_int_equal(scan_blocks(reverse != 0, &rows, &error), BBOTS_CORRUPTED);
        assert_non_null(strstr(error.message, BLOCKS));
        assert_string_equal(error.table, "api_token_usage");
        assert_true(rows < USAGES);
    }
    run_check("api_token_usage", false);
    expect_finding(BBOTS_DERIVED, "api_token_usage", BLOCKS, "", words);
}

static unsigned count_blocks(void)
{
    MDB_stat stat;
    raw file = raw_open();
    assert_int_equal(mdb_stat(file.txn, raw_tree(&file, BLOCKS), &stat), 0);
    mdb_txn_abort(file.txn);
    mdb_env_close(file.env);
    return (unsigned)stat.ms_entries;
}

static void a_changed_bit_in_a_block_is_found(void **state)
{
    MDB_val key;
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        raw file = raw_open();
        MDB_val value = raw_block(&file, BLOCKS, i % BLOCKS_MIN, &key);
        uint64_t bit = roll(8 * value.mv_size);
        ((uint8_t *)value.mv_data)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        raw_put(&file, BLOCKS, key.mv_data, key.mv_size, value.mv_data, value.mv_size);
        raw_commit(&file);
        expect_damaged_blocks("damaged block");
    }
}

static void a_missing_block_is_found(void **state)
{
    MDB_val key;
    (void)state;
    unsigned count = count_blocks();
    uint64_t given = 0; /* rows before the missing block */
    assert_true(count >= BLOCKS_MIN);
    for (unsigned i = 0; i < count; i++) {
        bbots_error error;
        uint64_t rows;
        raw file = raw_open();
        raw_block(&file, BLOCKS, i, &key);
        raw_delete(&file, BLOCKS, key.mv_data, key.mv_size);
        raw_commit(&file);
        expect_damaged_blocks("lacks a block");
        /* What comes before it is given, although it was read ahead when the damage was met. */
        assert_int_equal(scan_blocks(false, &rows, &error), BBOTS_CORRUPTED);
        assert_true(i == 0 ? rows == 0 : rows > given);
        given = rows;
    }
    assert_true(given > USAGES / 2);
}

/* A block of another tree, and one under another key, are none of this tree's. */
static void a_strayed_block_is_found(void **state)
{
    MDB_val key;
    (void)state;
    raw file = raw_open();
    MDB_val value = raw_block(&file, "api_token_usage(createdAt)", 0, &key);
    raw_put(&file, BLOCKS, "\0", 1, value.mv_data, value.mv_size);
    raw_commit(&file);
    expect_damaged_blocks("damaged block");
    file = raw_open();
    value = raw_block(&file, BLOCKS, 2, &key);
    raw_put(&file, BLOCKS, "\0", 1, value.mv_data, value.mv_size);
    raw_commit(&file);
    expect_damaged_blocks("damaged block");
}

/* Damage with a checksum that fits: the order of entries and the borders of blocks are looked at. */
static void forged_blocks_are_found(void **state)
{
    MDB_val key;
    (void)state;
    raw file = raw_open();
    MDB_val value = raw_block(&file, BLOCKS, 1, &key);
    uint8_t *bytes = value.mv_data;
    bytes[6] |= 127;
    fit_block_checksum(BLOCKS, key.mv_data, key.mv_size, bytes, value.mv_size);
    raw_put(&file, BLOCKS, key.mv_data, key.mv_size, bytes, value.mv_size);
    raw_commit(&file);
    expect_damaged_blocks("damaged block");
    file = raw_open();
    value = raw_block(&file, BLOCKS, 0, &key);
    ((uint8_t *)value.mv_data)[value.mv_size - 1] ^= 1; /* of the fence */
    fit_block_checksum(BLOCKS, key.mv_data, key.mv_size, value.mv_data, value.mv_size);
    raw_put(&file, BLOCKS, key.mv_data, key.mv_size, value.mv_data, value.mv_size);
    raw_commit(&file);
    expect_damaged_blocks("lacks a block");
}

/* ------------------------------------------------------------------ the catalogue */

static void a_wrong_record_is_found(void **state)
{
    static const struct {
        size_t offset;
        const char *object;
        const char *key;
        const char *words;
    } cases[] = {{0, "", "", "counts"},
                 {8, "", "", "digest"},
                 {23, "", "", "digest"},
                 {24, "id", "21", "next number"}};
    uint8_t record[ROW_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        raw file = raw_open();
        size_t size = raw_get(&file, NULL, "users#", 6, record);
        assert_int_equal(size, 32);
        record[cases[i].offset] ^= 3; /* the serial's 22 becomes 21, which is taken */
        raw_put(&file, NULL, "users#", 6, record, size);
        raw_commit(&file);
        run_check(NULL, false);
        assert_int_equal(world.count, 1);
        expect_finding(BBOTS_DERIVED, "users", cases[i].object, cases[i].key, cases[i].words);
    }
    raw file = raw_open();
    raw_put(&file, NULL, "users#", 6, record, 31);
    raw_commit(&file);
    run_check(NULL, false);
    expect_finding(BBOTS_DERIVED, "users", "", "", "missing or has a wrong size");
    file = raw_open();
    raw_delete(&file, NULL, "sessions#", 9);
    raw_commit(&file);
    run_check(NULL, false);
    expect_finding(BBOTS_DERIVED, "sessions", "", "", "missing or has a wrong size");
}

/* The record of keys says what the rows, which have no sealed value, do not. */
static void a_wrong_record_of_keys_is_found(void **state)
{
    uint8_t record[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    (void)state;
    raw file = raw_open();
    raw_put(&file, NULL, "@keys", 5, record, sizeof record);
    raw_commit(&file);
    run_check(NULL, false);
    assert_int_equal(world.count, 1);
    expect_finding(BBOTS_DERIVED, "", "@keys", "",
                   "counts 9 values sealed with key 0102030405060708; there are 0");
    file = raw_open();
    raw_put(&file, NULL, "@keys", 5, record, 15);
    raw_commit(&file);
    run_check(NULL, false);
    assert_int_equal(world.count, 1);
    expect_finding(BBOTS_DERIVED, "", "@keys", "", "wrong size");
}

/* ------------------------------------------------------------------ its options */

static int stop(uint64_t done, uint64_t total, void *context)
{
    assert_true(done <= total);
    assert_ptr_equal(context, &world);
    world.calls++;
    return 1;
}

static void a_check_can_be_stopped(void **state)
{
    bbots_check_options options = {.findings_max = 3, .on_finding = note_finding};
    bbots_check_result result;
    bbots_error error;
    (void)state;
    raw file = raw_open();
    assert_int_equal(mdb_drop(file.txn, raw_tree(&file, "users"), 0), 0);
    raw_commit(&file);
    bbots_store *store = open_store(0);
    bbots_txn *txn = begin(store, BBOTS_READ);
    world.count = 0;
    expect(bbots_check(txn, &options, &result, &error), BBOTS_OK, &error);
    assert_int_equal(world.count, 3);
    options.on_progress = stop;
    options.context = &world;
    options.findings_max = 0;
    options.table = bbots_store_table(store, "sessions", &error);
    expect(bbots_check(txn, &options, &result, &error), BBOTS_CANCELLED, &error);
    assert_int_equal(world.calls, 1);
    options.on_progress = NULL;
    options.on_finding = NULL;
    expect(bbots_check(txn, &options, &result, &error), BBOTS_OK, &error);
    assert_int_equal(result.damage, 1); /* its user is gone */
    options.table = &(bbots_table){.name = "alien"};
    expect(bbots_check(txn, &options, &result, &error), BBOTS_UNKNOWN_TABLE, &error);
    bbots_rollback(txn);
    close_store(store);
}

/* ------------------------------------------------------------------ at random */

/* A row of any bytes behind the first few, with a checksum that fits most of the time. */
static void scramble_row(const raw *file, const char *table)
{
    static const uint8_t edges[] = {0, 1, 2, 0x7f, 0x80, 0xff};
    uint8_t key[4];
    uint8_t row[ROW_MAX];
    key_of(1, key);
    size_t size = raw_get(file, table, key, sizeof key, row);
    for (uint64_t i = size > 4 ? roll(6) : 0; i > 0; i--) {
        size_t limit = roll(2) == 0 && size > 48 ? 48 : size;
        row[4 + roll(limit - 4)] = roll(2) == 0 ? edges[roll(sizeof edges)] : (uint8_t)roll(256);
    }
    size = roll(4) == 0 ? roll(size + 1) : size;
    if (size > 4 && roll(8) != 0) {
        fit_checksum(table, row, size);
    }
    raw_put(file, table, key, sizeof key, row, size);
}

/* Any bytes in a block, mostly with a checksum that fits. */
static void scramble_block(const raw *file, const char *tree)
{
    MDB_val key;
    MDB_val value = raw_block(file, tree, 0, &key);
    uint8_t *bytes = value.mv_data;
    size_t size = roll(4) == 0 ? roll(value.mv_size + 1) : value.mv_size;
    for (uint64_t i = size > 4 ? roll(6) : 0; i > 0; i--) {
        bytes[4 + roll(size - 4)] = (uint8_t)(roll(2) == 0 ? roll(256) : 127 + roll(3));
    }
    if (size > 4 && roll(8) != 0) {
        fit_block_checksum(tree, key.mv_data, key.mv_size, bytes, size);
    }
    raw_put(file, tree, key.mv_data, key.mv_size, bytes, size);
}

static void scramble_entry(const raw *file, const char *tree)
{
    uint8_t entry[512] = {0};
    size_t size = raw_entry(file, tree, 1, entry);
    size = roll(2) == 0 ? size : 1 + roll(511);
    for (uint64_t i = roll(6); i > 0; i--) {
        entry[roll(size)] = (uint8_t)roll(256);
    }
    raw_put(file, tree, entry, size, "", 0);
}

static void nothing_crashes_on_forged_bytes(void **state)
{
    static const char *const tables[] = {"users", "user_profiles", "api_token_usage",
                                         "documentation_chunks"};
    static const char *const trees[] = {"users(openId)", "users(email)", "user_profiles(userId)"};
    static const char *const blocks[] = {"users(email,loginMethod)", "sessions(userId)",
                                         "api_token_usage(model)", BLOCKS};
    uint64_t rows;
    bbots_error error;
    (void)state;
    for (int round = 0; round < 150; round++) {
        raw file = raw_open();
        for (uint64_t i = 1 + roll(3); i > 0; i--) {
            scramble_row(&file, tables[roll(sizeof tables / sizeof *tables)]);
            scramble_entry(&file, trees[roll(sizeof trees / sizeof *trees)]);
            scramble_block(&file, blocks[roll(sizeof blocks / sizeof *blocks)]);
        }
        raw_commit(&file);
        run_check(NULL, true);
        scan_blocks(roll(2) == 0, &rows, &error);
        assert_true(rows <= USAGES);
    }
    restore_file();
    run_check(NULL, false);
    assert_int_equal(world.count, 0); /* of the file as the library made it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_store_has_no_findings),
        cmocka_unit_test(waiting_entries_are_counted),
        cmocka_unit_test(unusual_values_are_notes),
        cmocka_unit_test(a_flipped_bit_is_found_wherever_it_is),
        cmocka_unit_test(a_row_under_another_key_is_found),
        cmocka_unit_test(a_missing_parent_is_found),
        cmocka_unit_test(forged_values_are_found),
        cmocka_unit_test(secrets_are_not_shown),
        cmocka_unit_test(a_missing_entry_is_found),
        cmocka_unit_test(alien_entries_are_found),
        cmocka_unit_test(equal_unique_keys_are_found),
        cmocka_unit_test(a_changed_bit_in_a_block_is_found),
        cmocka_unit_test(a_missing_block_is_found),
        cmocka_unit_test(a_strayed_block_is_found),
        cmocka_unit_test(forged_blocks_are_found),
        cmocka_unit_test(a_wrong_record_is_found),
        cmocka_unit_test(a_wrong_record_of_keys_is_found),
        cmocka_unit_test(a_check_can_be_stopped),
        cmocka_unit_test(nothing_crashes_on_forged_bytes),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
