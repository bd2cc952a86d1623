/*
 * tests/contract/test_load.c - proves bbots/load.h: a load leaves what the same inserts leave, says
 * which row was refused, and is there as a whole or not at all, however it ends.
 *
 * BBOTS_SEED repeats the random part; each test ends with the check of the whole file.
 */
#include "support/support.h"

#include <bbots/sample.h>
#include <signal.h>
#include <unistd.h>

#define KINDS  (&sample_kinds_table)
#define STRICT (&sample_strict_table)
#define PAGES  (&sample_pages_table)
#define LINKS  (&sample_links_table)
#define NODES  (&sample_nodes_table)
#define OWNERS (&sample_owners_table)
#define DOCS   (&sample_docs_table)

static bbots_txn *begin_load(fixture *place, bool deferred)
{
    bbots_txn *txn;
    assert_ok(bbots_load_begin(place->store, &txn, &fault));
    if (deferred) {
        assert_ok(bbots_defer_references(txn, NULL, &fault));
    }
    return txn;
}

static bbots_digest digest_now(bbots_store *store)
{
    bbots_txn *txn = begin(store, BBOTS_READ);
    bbots_digest digest = digest_of(txn);
    bbots_rollback(txn);
    return digest;
}

static void assert_unchanged(bbots_store *store, bbots_digest before)
{
    bbots_txn *txn = begin(store, BBOTS_READ);
    assert_digest(txn, before);
    bbots_rollback(txn);
    check_store(store);
}

/* ------------------------------------------------------------------ the same as inserts */

typedef struct random_row {
    const bbots_table *table;
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given;
    char texts[BBOTS_COLUMNS_MAX][RANDOM_TEXT];
} random_row;

/* Columns of keys and references are from few values, so that rows clash and find one another. */
static void make_row(random_source *source, random_row *row)
{
    static const bbots_table *const tables[] = {KINDS, STRICT, PAGES, LINKS, NODES, OWNERS, DOCS};
    row->table = tables[random_below(source, COUNT(tables))];
    row->given = 0;
    for (unsigned c = 0; c < row->table->column_count; c++) {
        const bbots_column *described = &row->table->columns[c];
        bool of_a_key = row->table != KINDS || c == 0;
        row->values[c] = random_value(source, described, row->texts[c]);
        if (row->values[c].kind == BBOTS_INTEGER && of_a_key) {
            row->values[c] = integer((int64_t)random_below(source, 3000));
        } else if (row->values[c].kind == BBOTS_TEXT && of_a_key) {
            size_t size =
                (size_t)snprintf(row->texts[c], RANDOM_TEXT, "%d", (int)random_below(source, 3000));
            row->values[c] = bbots_value_of_bytes(BBOTS_TEXT, row->texts[c], size);
        }
        if (described->default_kind == BBOTS_DEFAULT_NONE || random_below(source, 3) != 0) {
            row->given |= BBOTS_COLUMN_BIT(c);
        }
    }
}

/* Rows of all kinds, and refusals of all kinds, in one store by a load and in one by inserts. */
static void a_load_leaves_what_inserts_leave(void **state)
{
    fixture *place = *state;
    static random_row row;
    char path[128];
    random_source source = random_begin("a_load_leaves_what_inserts_leave");
    snprintf(path, sizeof path, "%s/other", place->folder);
    bbots_store *other = make_store(path, &bbots_sample_schema);
    for (int load = 0; load < 4; load++) { /* the later ones into tables with rows */
        bbots_txn *a = begin_load(place, true);
        bbots_txn *b = begin(other, BBOTS_WRITE);
        assert_ok(bbots_defer_references(b, NULL, &fault));
        bbots_txn_set_now(a, load);
        bbots_txn_set_now(b, load);
        for (uint64_t i = 1; i <= 4000; i++) {
            bbots_error one;
            bbots_error two;
            make_row(&source, &row);
            int rc = bbots_insert(a, row.table, row.values, row.given, NULL, &one);
            assert_int_equal(bbots_insert(b, row.table, row.values, row.given, NULL, &two), rc);
            if (rc < 0) {
                assert_string_equal(one.message, two.message);
                assert_string_equal(one.constraint, two.constraint);
                assert_int_equal(one.row, i);
                assert_int_equal(two.row, 0);
            }
        }
        uint64_t one = 0;
        uint64_t two = 0;
        int rc = bbots_judge_references(a, NULL, NULL, &one, &fault);
        assert_int_equal(bbots_judge_references(b, NULL, NULL, &two, NULL), rc);
        assert_int_equal(one, two);
        assert_true(one > 0);
        assert_digest(a, digest_of(b));
        bbots_rollback(a); /* it has orphans: the next half is one that can stay */
        bbots_rollback(b);
        a = begin_load(place, false);
        b = begin(other, BBOTS_WRITE);
        bbots_txn_set_now(a, load);
        bbots_txn_set_now(b, load);
        for (uint64_t i = 1; i <= 4000; i++) {
            make_row(&source, &row);
            int got = bbots_insert(a, row.table, row.values, row.given, NULL, &fault);
            assert_int_equal(bbots_insert(b, row.table, row.values, row.given, NULL, NULL), got);
        }
        commit(a);
        commit(b);
    }
    bbots_txn *b = begin(other, BBOTS_READ);
    bbots_digest expected = digest_of(b);
    bbots_rollback(b);
    assert_unchanged(place->store, expected);
    assert_int_equal(check_store(place->store), check_store(other));
    assert_ok(bbots_close(other, &fault));
}

/* ------------------------------------------------------------------ refusals */

static void a_refused_row_has_its_number_and_the_load_goes_on(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin_load(place, false);
    assert_ok(insert_named(txn, OWNERS, "code", string("a")));
    assert_status(insert_named(txn, OWNERS, "code", string("a")), BBOTS_UNIQUE_VIOLATION);
    assert_int_equal(fault.row, 2);
    assert_string_equal(fault.constraint, "owners_code_key");
    assert_status(insert_named(txn, OWNERS, "code", null_value()), BBOTS_NOT_NULL_VIOLATION);
    assert_int_equal(fault.row, 3);
    assert_string_equal(fault.column, "code");
    assert_status(insert_named(txn, DOCS, "owner", integer(9)), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_int_equal(fault.row, 4);
    assert_string_equal(fault.constraint, "docs_owner_fkey");
    bbots_load_number(txn, 77777);
    assert_status(insert_named(txn, KINDS, "short", string("eleven char")), BBOTS_STRING_TOO_LONG);
    assert_int_equal(fault.row, 77777);
    assert_status(insert_named(txn, KINDS, "small", integer(40000)), BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_int_equal(fault.row, 77778);
    assert_status(insert_named(txn, KINDS, "token", string("none")), BBOTS_INVALID_TEXT);
    assert_int_equal(fault.row, 77779);
    bbots_load_number(txn, 0); /* rows are counted from 1 */
    uint64_t given = fill_row(KINDS, named, "small", integer(40000), NULL);
    assert_int_equal(bbots_insert(txn, KINDS, named, given, NULL, NULL), /* nobody asks which */
                     BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_status(insert_named(txn, KINDS, "small", integer(40000)), BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_int_equal(fault.row, 2);
    assert_ok(insert_named(txn, DOCS, "owner", integer(1)));
    assert_status(delete_id(txn, DOCS, 9, NULL), BBOTS_NOT_FOUND);
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    bbots_load_number(txn, 5); /* it is no load: nothing */
    assert_status(insert_named(txn, OWNERS, "code", string("a")), BBOTS_UNIQUE_VIOLATION);
    assert_int_equal(fault.row, 0);
    commit(txn);
    assert_int_equal(check_store(place->store), 2);
}

static void a_reader_cannot_load(void **state)
{
    fixture *place = *state;
    bbots_txn *txn;
    bbots_options options = {.flags = BBOTS_OPEN_READ_ONLY};
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &options);
    assert_status(bbots_load_begin(place->store, &txn, &fault), BBOTS_READ_ONLY);
}

/* ------------------------------------------------------------------ any order */

static void rows_may_come_in_any_order(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin_load(place, true);
    for (int64_t i = 1; i <= 2000; i++) { /* keys that jump, children first, a row's own parent */
        int64_t id = i * 7919 % 2003;
        assert_ok(insert_named(txn, NODES, "id", integer(id), "parent",
                               integer(id % 10 == 0 ? id : (id * 31 + 1) % 2003)));
        assert_ok(insert_named(txn, DOCS, "id", integer(id), "owner", integer(id % 7 + 1)));
    }
    assert_status(bbots_judge_references(txn, NULL, NULL, NULL, &fault),
                  BBOTS_FOREIGN_KEY_VIOLATION);
    for (int64_t i = 0; i < 2003; i++) {
        bbots_value key = integer(i);
        bbots_row row;
        if (bbots_get(txn, NODES, 0, &key, &row, &fault) == BBOTS_NOT_FOUND) {
            assert_ok(insert_named(txn, NODES, "id", integer(i)));
        }
    }
    for (int64_t i = 7; i >= 1; i--) {
        char code[8];
        snprintf(code, sizeof code, "%d", (int)i);
        assert_ok(insert_named(txn, OWNERS, "id", integer(i), "code", string(code)));
    }
    commit(txn);
    assert_int_equal(check_store(place->store), 2003 + 2000 + 7);
}

/* ------------------------------------------------------------------ all or nothing */

/* Rows with entries in fifteen trees, in an order that is none: more than may wait in memory. */
static void load_kinds(bbots_txn *txn, int64_t first, int64_t count)
{
    static char words[300];
    memset(words, 'w', sizeof words - 1);
    for (int64_t i = first; i < first + count; i++) {
        words[0] = (char)('a' + i * 7 % 26);
        words[1] = (char)('a' + i * 11 % 26);
        assert_ok(insert_named(txn, KINDS, "id", integer(i), "large", integer(i * 7919 % 1000003),
                               "words", string(words), "flag", bbots_value_boolean(i % 3 == 0)));
    }
}

enum { MANY = 40000 };

static void a_load_that_does_not_end_changes_nothing(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin_load(place, false);
    load_kinds(txn, 1, 1000);
    commit(txn);
    bbots_digest before = digest_now(place->store);
    bbots_stat was;
    bbots_stat now;
    assert_ok(bbots_store_stat(place->store, &was, &fault));

    txn = begin_load(place, false); /* rolled back */
    load_kinds(txn, 1001, MANY);
    bbots_rollback(txn);
    assert_unchanged(place->store, before);

    txn = begin_load(place, true); /* refused at its end */
    load_kinds(txn, 1001, MANY);
    assert_ok(insert_named(txn, NODES, "id", integer(1), "parent", integer(2)));
    assert_status(bbots_commit(txn, &fault), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_unchanged(place->store, before);
    assert_ok(bbots_store_stat(place->store, &now, &fault));
    assert_int_equal(now.transaction, was.transaction);
    assert_int_equal(now.used_bytes, was.used_bytes);

    txn = begin_load(place, false); /* and what was left behind is in nobody's way */
    load_kinds(txn, 1001, MANY);
    commit(txn);
    assert_int_equal(check_store(place->store), 1000 + MANY);
}

/* A process that is killed while it loads, having written pages into the file. */
static int load_and_die(void *context)
{
    fixture *place = context;
    bbots_options options = {.schema = &bbots_sample_schema};
    bbots_store *store = open_store(place->path, &options);
    bbots_txn *txn;
    assert_ok(bbots_load_begin(store, &txn, &fault));
    load_kinds(txn, 1001, MANY);
    raise(SIGKILL);
    return 0;
}

static void a_load_that_is_killed_changes_nothing(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin_load(place, false);
    load_kinds(txn, 1, 1000);
    commit(txn);
    bbots_digest before = digest_now(place->store);
    assert_ok(bbots_close(place->store, &fault));
    assert_int_equal(in_child(load_and_die, place), -1);
    bbots_options options = {.schema = &bbots_sample_schema};
    place->store = open_store(place->path, &options);
    assert_unchanged(place->store, before);
    txn = begin_load(place, false);
    load_kinds(txn, 1001, 5000);
    commit(txn);
    assert_int_equal(check_store(place->store), 6000);
}

/* ------------------------------------------------------------------ other statements */

static void other_statements_see_what_was_inserted(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin_load(place, true);
    bbots_deleted deleted;
    bbots_row row;
    load_kinds(txn, 1, MANY);
    assert_int_equal(count_of(txn, KINDS), MANY);
    assert_ok(get_id(txn, KINDS, MANY / 2, &row));
    assert_ok(update_named(txn, KINDS, MANY / 2, "large", integer(-1)));
    assert_ok(delete_id(txn, KINDS, MANY, &deleted));
    assert_ok(bbots_savepoint(txn, "s", &fault));
    load_kinds(txn, MANY + 1, 1000);
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    bbots_value least = integer(-1);
    bbots_range range = {.from = &least, .from_count = 1, .to = &least, .to_count = 1};
    bbots_cursor *cursor;
    assert_ok(
        bbots_cursor_open(txn, KINDS, index_of(KINDS, "kinds_large_idx"), &range, &cursor, &fault));
    assert_ok(bbots_cursor_next(cursor, &row, &fault));
    assert_int_equal(row_at(&row, "id").integer, MANY / 2);
    assert_status(bbots_cursor_next(cursor, &row, &fault), BBOTS_END);
    bbots_cursor_close(cursor);
    assert_int_equal(check_txn(txn), MANY - 1);
    commit(txn);
}

#define STORE(name) cmocka_unit_test_setup_teardown(name, fixture_setup_store, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE(a_load_leaves_what_inserts_leave),
        STORE(a_refused_row_has_its_number_and_the_load_goes_on),
        STORE(a_reader_cannot_load),
        STORE(rows_may_come_in_any_order),
        STORE(a_load_that_does_not_end_changes_nothing),
        STORE(a_load_that_is_killed_changes_nothing),
        STORE(other_statements_see_what_was_inserted),
    };
    choose_tests();
    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
