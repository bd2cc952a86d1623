/*
 * tests/contract/test_forged_rows.c - proves that a row which somebody wrote past the library, with a
 * checksum that fits, is held against every rule of its columns by the check; and that a finding
 * names a damaged row by its key, whatever kinds of columns that has.
 *
 * Rows are changed with LMDB itself, in the closed file.
 */
#include "support/findings.h"

#include "base/hash.h"

#include <bbots/check.h>
#include <bbots/forged.h>

#include <lmdb.h>

#define THINGS (&forged_things_table)
#define ID     0x11223344

enum { ROW_MAX = 1000 };

/* ------------------------------------------------------------------ past the library */

typedef struct direct {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi main;
} direct;

static void begin_direct(direct *of, const char *path)
{
    assert_int_equal(mdb_env_create(&of->env), 0);
    assert_int_equal(mdb_env_set_maxdbs(of->env, 4), 0);
    assert_int_equal(mdb_env_set_mapsize(of->env, (size_t)256 << 20), 0);
    assert_int_equal(mdb_env_open(of->env, path, MDB_NOSUBDIR | MDB_NOSYNC, 0600), 0);
    assert_int_equal(mdb_txn_begin(of->env, NULL, 0, &of->txn), 0);
    assert_int_equal(mdb_dbi_open(of->txn, NULL, 0, &of->main), 0);
}

/* The number of the transaction has to agree, or the file is refused as a whole. */
static void end_direct(direct *of)
{
    uint64_t number = mdb_txn_id(of->txn);
    MDB_val key = {7, (char[]){"@commit"}};
    MDB_val value = {8, &number};
    assert_int_equal(mdb_put(of->txn, of->main, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(of->txn), 0);
    mdb_env_close(of->env);
}

/* The only row of a table, and the key under which it lies. */
typedef struct stored {
    MDB_dbi tree;
    uint8_t key[256];
    size_t key_size;
    uint8_t data[ROW_MAX];
    size_t size;
} stored;

static void take_row(direct *of, const char *table, stored *row)
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    assert_int_equal(mdb_dbi_open(of->txn, table, 0, &row->tree), 0);
    assert_int_equal(mdb_cursor_open(of->txn, row->tree, &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    assert_true(key.mv_size <= sizeof row->key && value.mv_size <= sizeof row->data / 2);
    row->key_size = key.mv_size;
    row->size = value.mv_size;
    memcpy(row->key, key.mv_data, key.mv_size);
    memcpy(row->data, value.mv_data, value.mv_size);
    assert_int_equal(mdb_cursor_del(cursor, 0), 0);
    mdb_cursor_close(cursor);
}

static void put_row(direct *of, stored *row)
{
    MDB_val key = {row->key_size, row->key};
    MDB_val value = {row->size, row->data};
    assert_int_equal(mdb_put(of->txn, row->tree, &key, &value, 0), 0);
}

/* The checksum of what the row has become. */
static void seal(stored *row, const char *table)
{
    uint64_t seed = bb_hash64(table, strlen(table));
    bb_hash hash = bb_hash128(row->data + 4, row->size - 4, seed);
    uint32_t low = (uint32_t)hash.low;
    memcpy(row->data, &low, sizeof low);
}

/* Puts bytes in the place of others, which the row has. */
static void replace(stored *row, const char *from, size_t from_size, const char *to, size_t to_size)
{
    uint8_t *at = memmem(row->data, row->size, from, from_size);
    assert_non_null(at);
    size_t behind = row->size - (size_t)(at - row->data) - from_size;
    memmove(at + to_size, at + from_size, behind);
    memcpy(at, to, to_size);
    row->size = row->size - from_size + to_size;
}

/* ------------------------------------------------------------------ what the check says */

typedef struct expectation {
    const char *object; /* NULL: any */
    const char *key;
    const char *message;
    unsigned met;
} expectation;

static void note_finding(const bbots_finding *finding, void *context)
{
    expectation *wanted = context;
    bool object = wanted->object == NULL || strcmp(finding->object, wanted->object) == 0;
    if (object && finding->severity == BBOTS_DAMAGE && strcmp(finding->key, wanted->key) == 0 &&
        strstr(finding->message, wanted->message) != NULL) {
        wanted->met++;
    } else if (finding->severity == BBOTS_DAMAGE) {
        print_message("  also: %s, %s, key %s: %s\n", finding->table, finding->object, finding->key,
                      finding->message);
    }
}

static void expect_finding(fixture *place, expectation wanted)
{
    bbots_check_options options = {.on_finding = note_finding, .context = &wanted};
    bbots_check_result result;
    place->store = open_store(place->path, NULL);
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_ok(bbots_check(txn, &options, &result, &fault));
    assert_true(check_in_steps(txn) >= 1);
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    if (wanted.met != 1) {
        fail_msg("%u findings of %s with key %s: %s", wanted.met,
                 wanted.object != NULL ? wanted.object : "any", wanted.key, wanted.message);
    }
}

/* ------------------------------------------------------------------ values that break a rule */

/* Two changes at most; `from` says what is there, so that a change of the format is noticed. */
typedef struct forgery {
    struct {
        const char *from;
        size_t from_size;
        const char *to;
        size_t to_size;
    } changes[2];
    const char *object;
    const char *message;
} forgery;

/* A row with its 4 bytes of checksum has 9 columns, 2 bytes of nulls (parent is), then id, flag. */
#define BYTES(text) text, sizeof text - 1
#define HEAD        "\x09\x00\x10\x00\x44\x33\x22\x11\x01"
#define ENDS        "\x06\x00\x0c\x00\x13\x00\x1b\x00"
#define MOMENT      "\x00\x00\x00\x00\x00\x00\x00\x40"
#define PACKED      "\x82\xa1\x61\x01\xa1\x62\x02"

static const forgery forgeries[] = {
    {{{BYTES(HEAD), BYTES("\x09\x00\x00\x00\x44\x33\x22\x11\x01")}},
     "things_parent_fkey",
     "finds no row in table"},
    {{{BYTES("needle"), BYTES("nee\xff\x6c\x65")}}, "words", "not valid UTF-8"},
    {{{BYTES("needle"), BYTES("nee\0le")}}, "words", "not valid UTF-8"},
    {{{BYTES("\xc3\xa4\xc3\xb6\xc3\xbc"), BYTES("abcdef")}},
     "short",
     "longer than its type allows"},
    {{{BYTES("\x39\x30\0"), BYTES("\xa0\x86\x01")}}, "amount", "more digits than its type"},
    {{{BYTES("\x39\x30\0"), BYTES("\x60\x79\xfe")}}, "amount", "more digits than its type"},
    {{{BYTES(MOMENT), BYTES("\x01\0\0\0\0\0\0\x80")}}, "moment", "a time out of range"},
    {{{BYTES(PACKED), BYTES("\x82\xa1\x62\x01\xa1\x61\x02")}},
     "settings",
     "not JSON in its canonical"},
    {{{BYTES("\0\0\xc0\x3f"), BYTES("\0\0\x80\x7f")}}, "place", "a number that is not finite"},
    {{{BYTES("\0\0\xc0\x3f\0\0\x20\x40"), BYTES("\0\0\xc0\x3f")},
      {BYTES(ENDS), BYTES("\x06\x00\x0c\x00\x13\x00\x17\x00")}},
     "place",
     "number of dimensions"},
    {{{BYTES(HEAD), BYTES("\x09\x00\x10\x00\x44\x33\x22\x11\x02")}}, "flag", "neither 0 nor 1"},
    {{{BYTES(HEAD), BYTES("\x09\x00\x12\x00\x44\x33\x22\x11\x00")}}, "flag", "must have a value"},
    {{{BYTES(HEAD), BYTES("\x09\x00\x14\x00\x44\x33\x22\x11\x01")}},
     "amount",
     "is null and has bytes"},
    {{{BYTES(HEAD), BYTES("\x09\x00\x30\x00\x44\x33\x22\x11\x01")}},
     "words",
     "is null and has bytes"},
    {{{BYTES(HEAD), BYTES("\x09\x00\x10\x04\x44\x33\x22\x11\x01")}},
     NULL,
     "head is not as the format"},
    {{{BYTES(HEAD), BYTES("\x09\x01\x10\x00\x44\x33\x22\x11\x01")},
      {BYTES(ENDS), BYTES("\x06\0\0\0\x0c\0\0\0\x13\0\0\0\x1b\0\0\0")}},
     NULL,
     "head is not as the format"},
    {{{BYTES(ENDS), BYTES("\x0c\x00\x06\x00\x13\x00\x1b\x00")}}, "short", "ends before it begins"},
    {{{BYTES(HEAD), BYTES("\x09\x00\x10\x00\x45\x33\x22\x11\x01")}}, "things", "under another key"},
};

static void make_things(fixture *place)
{
    static const float numbers[] = {1.5f, 2.5f};
    bbots_store *store = make_store(place->path, &bbots_forged_schema);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    assert_ok(insert_named(txn, THINGS, "id", integer(ID), "flag", bbots_value_boolean(true),
                           "amount", bbots_value_decimal(12345, 2), "moment",
                           bbots_value_timestamp(INT64_C(0x4000000000000000)), "words",
                           string("needle"), "short", string("\xc3\xa4\xc3\xb6\xc3\xbc"),
                           "settings", bbots_value_json(bbots_json_of("{\"a\": 1, \"b\": 2}")),
                           "place", bbots_value_of_bytes(BBOTS_VECTOR, numbers, sizeof numbers)));
    commit(txn);
    assert_ok(bbots_close(store, &fault));
}

static void what_a_value_may_not_be_is_found_in_the_file(void **state)
{
    fixture *place = *state;
    char key[16];
    snprintf(key, sizeof key, "%d", ID);
    for (size_t i = 0; i < COUNT(forgeries); i++) {
        const forgery *of = &forgeries[i];
        direct file;
        stored row;
        make_things(place);
        begin_direct(&file, place->path);
        take_row(&file, "things", &row);
        for (size_t c = 0; c < COUNT(of->changes) && of->changes[c].from != NULL; c++) {
            replace(&row, of->changes[c].from, of->changes[c].from_size, of->changes[c].to,
                    of->changes[c].to_size);
        }
        seal(&row, "things");
        put_row(&file, &row);
        end_direct(&file);
        expect_finding(place, (expectation){of->object, key, of->message, 0});
        assert_int_equal(remove(place->path), 0);
    }
}

/* ------------------------------------------------------------------ keys of damaged rows */

static const bbots_uuid token = {
    {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0x4d, 0xef, 0x80, 1, 2, 3, 4, 5, 6, 7}};

/* A key as it is shown: whole, and when a part of its bytes is gone. */
typedef struct shown_key {
    const bbots_table *table;
    const char *whole;
    size_t cut; /* bytes at its end */
    const char *rest;
} shown_key;

static const shown_key shown_keys[] = {
    {&forged_by_flag_table, "true, 2026-01-15 12:00:00", 1, "\\x018006486bf6d330"},
    {&forged_by_amount_table, "-1.50, -7", 1, "\\x7fffffff6a7f"},
    {&forged_by_token_table, "12345678-9abc-4def-8001-020304050607", 3,
     "\\x123456789abc4def8001020304"},
    {&forged_by_text_table, "\"one\", \"two\", -5", 8, "\\x6f6e650074776f00"},
    {&forged_by_text_table, "\"one\", \"two\", -5", 9, "\\x6f6e650074776f"},
    {&forged_by_bytes_table, "\\x00ff0100ff0000", 2, "\\x00ff0100ff"},
    {&forged_by_real_table, "\\xc004000000000000", 1, "\\xc0040000000000"},
};

static void make_keyed(fixture *place)
{
    bbots_store *store = make_store(place->path, &bbots_forged_schema);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    assert_ok(insert_named(txn, &forged_by_flag_table, "enabled", bbots_value_boolean(true),
                           "since", bbots_value_timestamp(time_of("2026-01-15 12:00:00"))));
    assert_ok(insert_named(txn, &forged_by_amount_table, "amount", bbots_value_decimal(-150, 2),
                           "small", integer(-7)));
    assert_ok(insert_named(txn, &forged_by_token_table, "token", bbots_value_uuid(token)));
    assert_ok(insert_named(txn, &forged_by_text_table, "words", string("one"), "short",
                           string("two"), "large", integer(-5)));
    assert_ok(insert_named(txn, &forged_by_bytes_table, "bytes",
                           bbots_value_of_bytes(BBOTS_BYTES, "\0\1\0", 3)));
    assert_ok(insert_named(txn, &forged_by_real_table, "size", bbots_value_float(2.5)));
    commit(txn);
    assert_ok(bbots_close(store, &fault));
}

static void a_damaged_row_is_named_by_its_key(void **state)
{
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(shown_keys); i++) {
        const shown_key *of = &shown_keys[i];
        for (int cut = 0; cut < 2; cut++) {
            direct file;
            stored row;
            make_keyed(place);
            begin_direct(&file, place->path);
            take_row(&file, of->table->name, &row);
            row.data[row.size - 1] ^= 0x10; /* and the checksum stays */
            row.key_size -= cut != 0 ? of->cut : 0;
            put_row(&file, &row);
            end_direct(&file);
            const char *key = cut != 0 ? of->rest : of->whole;
            expect_finding(place, (expectation){of->table->name, key, "the row is damaged", 0});
            assert_int_equal(remove(place->path), 0);
        }
    }
}

#define FOLDER(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER(what_a_value_may_not_be_is_found_in_the_file),
        FOLDER(a_damaged_row_is_named_by_its_key),
    };
    choose_tests();
    return cmocka_run_group_tests_name("forged rows", tests, NULL, NULL);
}
