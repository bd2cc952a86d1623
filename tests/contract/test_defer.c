/*
 * tests/contract/test_defer.c - proves bbots/defer.h: rows may come in any order, at the end every
 * reference leads somewhere or nothing was committed, and what is said to fail is what the
 * whole-file check says.
 *
 * BBOTS_SEED repeats the random part.
 */
#include "support/support.h"

#include <bbots/sample.h>

#define NODES   (&sample_nodes_table)
#define SHELVES (&sample_shelves_table)
#define OWNERS  (&sample_owners_table)
#define FOLDERS (&sample_folders_table)
#define DOCS    (&sample_docs_table)
#define PAGES   (&sample_pages_table)
#define LINKS   (&sample_links_table)

static bbots_txn *begin_deferred(fixture *place, const char *constraint)
{
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_defer_references(txn, constraint, &fault));
    return txn;
}

static int insert_node(bbots_txn *txn, int64_t id, int64_t parent)
{
    return insert_named(txn, NODES, "id", integer(id), "parent", integer(parent));
}

static int insert_doc(bbots_txn *txn, int64_t id, int64_t owner, const char *code)
{
    return insert_named(txn, DOCS, "id", integer(id), "owner", integer(owner), "owner_code",
                        string(code));
}

static int insert_owner(bbots_txn *txn, int64_t id, const char *code)
{
    return insert_named(txn, OWNERS, "id", integer(id), "code", string(code));
}

static uint64_t orphans_of(bbots_txn *txn)
{
    uint64_t count = 0;
    int rc = bbots_judge_references(txn, NULL, NULL, &count, &fault);
    assert_int_equal(rc, count == 0 ? BBOTS_OK : BBOTS_FOREIGN_KEY_VIOLATION);
    return count;
}

/* ------------------------------------------------------------------ rows in any order */

static void children_may_come_before_their_parents(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin_deferred(place, NULL);
    for (int64_t i = 1; i < 100; i++) {
        assert_ok(insert_node(txn, i, i + 1)); /* a chain that runs backward */
        assert_ok(insert_doc(txn, i, i % 3 + 1, i % 2 != 0 ? "a" : "b"));
        assert_ok(insert_named(txn, LINKS, "path", string("p"), "site", string("s")));
    }
    assert_ok(insert_node(txn, 100, 100));
    assert_int_equal(orphans_of(txn), 99 + 99 + 99);
    assert_ok(insert_owner(txn, 1, "a"));
    assert_ok(insert_owner(txn, 2, "b"));
    assert_ok(insert_owner(txn, 3, "c"));
    assert_int_equal(orphans_of(txn), 99);
    assert_ok(insert_named(txn, PAGES, "site", string("s"), "path", string("p")));
    commit(txn);
    assert_int_equal(check_store(place->store), 100 + 99 + 99 + 3 + 1);
}

static void a_commit_judges_what_was_deferred(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin_deferred(place, NULL);
    assert_ok(insert_owner(txn, 1, "a"));
    assert_ok(insert_doc(txn, 1, 1, "a"));
    assert_ok(insert_doc(txn, 2, 7, "a"));
    assert_ok(insert_doc(txn, 3, 8, "b"));
    assert_status(bbots_commit(txn, &fault), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.constraint, "docs_owner_fkey");
    assert_string_equal(fault.table, "docs");
    assert_string_equal(fault.column, "owner");
    assert_non_null(strstr(fault.message, "(owner)=(7)"));
    assert_int_equal(check_store(place->store), 0);
}

static void the_next_transaction_judges_at_once(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin_deferred(place, NULL);
    assert_ok(insert_node(txn, 1, 1));
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_status(insert_node(txn, 2, 3), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_ok(bbots_judge_references(txn, NULL, NULL, NULL, &fault));
    commit(txn);
}

static void one_constraint_is_deferred_by_name(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin_deferred(place, "docs_owner_fkey");
    assert_ok(insert_named(txn, DOCS, "id", integer(1), "owner", integer(5)));
    assert_status(insert_doc(txn, 2, 5, "nobody"), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.constraint, "docs_owner_code_fkey");
    assert_status(insert_node(txn, 1, 2), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_status(bbots_defer_references(txn, "docs_pkey", &fault), BBOTS_INVALID_ARGUMENT);
    assert_ok(insert_owner(txn, 5, "late"));
    commit(txn);
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    assert_status(bbots_defer_references(reader, NULL, &fault), BBOTS_READ_ONLY);
    assert_status(bbots_judge_references(reader, NULL, NULL, NULL, &fault), BBOTS_READ_ONLY);
    bbots_rollback(reader);
}

static void other_checks_stay_live(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin_deferred(place, NULL);
    assert_ok(insert_doc(txn, 1, 1, "a"));
    assert_status(insert_doc(txn, 1, 1, "a"), BBOTS_UNIQUE_VIOLATION);
    assert_status(insert_named(txn, DOCS, "id", integer(2)), BBOTS_NOT_NULL_VIOLATION);
    assert_status(insert_named(txn, DOCS, "owner", string("x")), BBOTS_INVALID_TEXT);
    assert_ok(insert_owner(txn, 1, "a"));
    /* The referenced side finds rows that were not judged yet. */
    assert_status(update_named(txn, OWNERS, 1, "code", string("b")), BBOTS_FOREIGN_KEY_VIOLATION);
    bbots_deleted deleted;
    assert_ok(insert_node(txn, 2, 1));
    assert_ok(insert_node(txn, 1, 1));
    assert_ok(delete_id(txn, NODES, 1, &deleted));
    assert_int_equal(deleted.cascaded, 1);
    assert_int_equal(count_of(txn, NODES), 0);
    commit(txn);
}

static void what_is_taken_back_is_not_judged(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin_deferred(place, NULL);
    assert_ok(bbots_savepoint(txn, "s", &fault));
    assert_ok(insert_node(txn, 1, 2));
    assert_ok(update_named(txn, NODES, 1, "parent", integer(3)));
    assert_int_equal(orphans_of(txn), 1);
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    assert_int_equal(orphans_of(txn), 0);
    commit(txn);
    assert_int_equal(check_store(place->store), 0);
}

/* ------------------------------------------------------------------ what is said of orphans */

typedef struct heard {
    uint64_t count;
    int64_t ids[8];
    char message[256];
} heard;

static void hear(const bbots_orphan *orphan, void *context)
{
    heard *to = context;
    assert_true(orphan->row->table == DOCS);
    assert_string_equal(orphan->foreign_key->name, "docs_owner_fkey");
    if (to->count < COUNT(to->ids)) {
        to->ids[to->count] = row_at(orphan->row, "id").integer;
    }
    to->count++;
    snprintf(to->message, sizeof to->message, "%s", orphan->message);
}

static void orphans_are_named_in_the_order_of_the_index(void **state)
{
    fixture *place = *state;
    heard all = {0};
    uint64_t count = 0;
    bbots_txn *txn = begin_deferred(place, NULL);
    assert_ok(insert_owner(txn, 50, "a"));
    for (int64_t i = 1; i <= 300; i++) { /* long runs of one value, with few others between */
        int64_t owner = i % 100 == 0 ? 100 - i / 100 : 50;
        assert_ok(insert_named(txn, DOCS, "id", integer(i), "owner", integer(owner)));
    }
    assert_ok(insert_named(txn, DOCS, "id", integer(301), "owner", integer(1)));
    assert_status(bbots_judge_references(txn, hear, &all, &count, &fault),
                  BBOTS_FOREIGN_KEY_VIOLATION);
    assert_int_equal(count, 4);
    assert_int_equal(all.count, 4);
    const int64_t wanted[] = {301, 300, 200, 100};
    assert_memory_equal(all.ids, wanted, sizeof wanted);
    assert_non_null(strstr(fault.message, "(owner)=(1)"));
    assert_non_null(strstr(all.message, "(owner)=(99) is not present in table \"owners\""));
    bbots_rollback(txn);
}

static void long_texts_are_told_apart(void **state)
{
    fixture *place = *state;
    char path[600];
    bbots_txn *txn = begin_deferred(place, NULL);
    memset(path, 'p', sizeof path);
    path[500] = '\0';
    for (int i = 0; i < 120; i++) { /* the same beginning, which is all that an index keeps */
        path[450] = (char)('a' + i % 3);
        assert_ok(insert_named(txn, LINKS, "site", string("s"), "path", string(path)));
    }
    path[450] = 'a';
    assert_ok(insert_named(txn, PAGES, "site", string("s"), "path", string(path)));
    assert_int_equal(orphans_of(txn), 80);
    path[450] = 'c';
    assert_ok(insert_named(txn, PAGES, "site", string("s"), "path", string(path)));
    assert_int_equal(orphans_of(txn), 40);
    path[450] = 'b';
    assert_ok(insert_named(txn, PAGES, "site", string("s"), "path", string(path)));
    commit(txn);
}

/* ------------------------------------------------------------------ against the whole-file check */

static void count_finding(const bbots_finding *finding, void *context)
{
    uint64_t *count = context;
    assert_int_equal(finding->severity, BBOTS_DAMAGE);
    *count += 1;
}

static uint64_t findings_of(bbots_txn *txn)
{
    uint64_t count = 0;
    bbots_check_options options = {
        .findings_max = UINT64_MAX, .on_finding = count_finding, .context = &count};
    bbots_check_result result;
    assert_ok(bbots_check(txn, &options, &result, &fault));
    return count;
}

static bbots_value some_id(random_source *source, bool nullable)
{
    return nullable && random_below(source, 5) == 0 ? null_value()
                                                    : integer((int64_t)random_below(source, 12));
}

static bbots_value some_text(random_source *source, bool nullable)
{
    static const char *const texts[] = {"", "a", "b", "ab", "c"};
    return nullable && random_below(source, 5) == 0 ? null_value()
                                                    : string(texts[random_below(source, 5)]);
}

/* One statement; whether it succeeds does not matter. */
static void do_something(bbots_txn *txn, random_source *source)
{
    int64_t id = (int64_t)random_below(source, 12);
    int rc = BBOTS_OK;
    switch (random_below(source, 9)) {
    case 0:
        rc = insert_named(txn, OWNERS, "id", integer(id), "code", some_text(source, false));
        break;
    case 1:
        rc = insert_named(txn, FOLDERS, "id", integer(id), "owner", some_id(source, false), "name",
                          some_text(source, false));
        break;
    case 2:
        rc = insert_named(txn, DOCS, "owner", some_id(source, false), "folder",
                          some_id(source, true), "reviewer", some_id(source, true), "owner_code",
                          some_text(source, true));
        break;
    case 3:
        rc = insert_named(txn, SHELVES, "id", integer(id), "parent", some_id(source, true));
        break;
    case 4:
        rc = insert_named(txn, PAGES, "site", some_text(source, false), "path",
                          some_text(source, false), "above_site", some_text(source, true),
                          "above_path", some_text(source, true));
        break;
    case 5:
        rc = insert_named(txn, LINKS, "site", some_text(source, true), "path",
                          some_text(source, true));
        break;
    case 6:
        rc = update_named(txn, SHELVES, id, "parent", some_id(source, true));
        break;
    case 7:
        rc = update_named(txn, OWNERS, id, "code", some_text(source, false));
        break;
    default:
        rc = delete_id(txn, random_below(source, 2) == 0 ? OWNERS : SHELVES, id, NULL);
        break;
    }
    assert_int_not_equal(rc, BBOTS_CORRUPTED);
}

static void orphans_are_what_the_check_finds(void **state)
{
    fixture *place = *state;
    random_source source = random_begin("defer");
    unsigned committed = 0;
    unsigned refused = 0;
    for (int round = 0; round < 300; round++) {
        bbots_txn *txn = begin_deferred(place, NULL);
        unsigned statements = 1 + (unsigned)random_below(&source, round % 2 == 0 ? 4 : 60);
        for (unsigned i = 0; i < statements; i++) {
            do_something(txn, &source);
        }
        uint64_t orphans = orphans_of(txn);
        assert_int_equal(orphans, findings_of(txn));
        bbots_digest digest = digest_of(txn);
        int rc = bbots_commit(txn, &fault);
        assert_int_equal(rc, orphans == 0 ? BBOTS_OK : BBOTS_FOREIGN_KEY_VIOLATION);
        if (rc == BBOTS_OK) {
            txn = begin(place->store, BBOTS_READ);
            assert_digest(txn, digest);
            bbots_rollback(txn);
        }
        committed += rc == BBOTS_OK;
        refused += rc != BBOTS_OK;
        check_store(place->store);
    }
    assert_true(committed > 20 && refused > 20);
}

#define STORE(name)  cmocka_unit_test_setup_teardown(name, fixture_setup_store, fixture_teardown)
#define FOLDER(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE(children_may_come_before_their_parents),
        STORE(a_commit_judges_what_was_deferred),
        STORE(the_next_transaction_judges_at_once),
        STORE(one_constraint_is_deferred_by_name),
        STORE(other_checks_stay_live),
        STORE(what_is_taken_back_is_not_judged),
        STORE(orphans_are_named_in_the_order_of_the_index),
        STORE(long_texts_are_told_apart),
        STORE(orphans_are_what_the_check_finds),
    };
    choose_tests();
    return cmocka_run_group_tests_name("defer", tests, NULL, NULL);
}
