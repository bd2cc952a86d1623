/*
 * test_once.c - a call that is reported twice is charged once, whoever reports it and whichever way the
 * first one came in; its index follows rows, is checked and built anew; two who report one call.
 */
#include "support/people.h"
#include "support/race.h"

#include <bbots/costs.h>
#include <lmdb.h>

static void insert_plain(bbots_txn *txn, int64_t user, const char *request, bbots_timestamp at)
{
    assert_ok(insert_named(txn, &bbots_api_token_usage_table, "userId", integer(user), "requestId",
                           string(request), "model", string("by hand"), "totalTokens", integer(7),
                           "inputCost", bbots_value_decimal(1, 4), "outputCost",
                           bbots_value_decimal(2, 4), "totalCost", bbots_value_decimal(41, 4),
                           "createdAt", bbots_value_timestamp(at)));
}

/* Records a call of this name; returns the id of the row that it made or, negative, of the known. */
static int64_t report(bbots_txn *txn, int64_t user, const char *name)
{
    bbots_cost_recorded recorded;
    bbots_cost_call call = {.source = BBOTS_COST_CLAUDE,
                            .user_id = user,
                            .request_id = bbots_text_of(name),
                            .model = bbots_text_of("m1"),
                            .input_tokens = 1000000,
                            .response_ms = -1,
                            .at = PEOPLE_BEGIN};
    bbots_digest before = digest_of(txn);
    assert_ok(bbots_cost_record_call(txn, &call, BBOTS_COST_ONCE, 0, &recorded, &fault));
    if (recorded.repeated) {
        assert_digest(txn, before);
    }
    assert_true(recorded.id > 0);
    return recorded.repeated ? -recorded.id : recorded.id;
}

static void rename_call(bbots_txn *txn, int64_t id, bbots_value name)
{
    assert_ok(update_named(txn, &bbots_api_token_usage_table, id, "requestId", name));
}

/* A name is known whoever pays, whichever way its row came in, and no longer than the row has it. */
static void test_once(void **state)
{
    fixture *place = *state;
    char long_name[256];
    bbots_options options = {.schema = &bbots_platform_schema};
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    insert_plain(txn, 2, "by hand", PEOPLE_BEGIN);
    assert_int_equal(report(txn, 1, "by hand"), -1);
    assert_int_equal(report(txn, 1, "new"), 2);
    assert_int_equal(report(txn, 3, "new"), -2);
    assert_int_equal(report(txn, 3, long_name), 3);
    assert_int_equal(report(txn, 1, long_name), -3);
    long_name[254] = 'm'; /* differs where a key is cut */
    assert_int_equal(report(txn, 1, long_name), 4);
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &options);
    txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(report(txn, 5, "new"), -2);
    rename_call(txn, 2, string("other"));
    assert_int_equal(report(txn, 5, "other"), -2);
    assert_int_equal(report(txn, 5, "new"), 5);
    rename_call(txn, 2, null_value());
    assert_int_equal(report(txn, 5, "other"), 6);
    rename_call(txn, 1, string("other")); /* two have it: the first is told */
    assert_int_equal(report(txn, 5, "other"), -1);
    assert_int_equal(report(txn, 5, "by hand"), 7);
    bbots_value key = integer(7);
    assert_ok(bbots_delete(txn, &bbots_api_token_usage_table, 0, &key, NULL, &fault));
    assert_int_equal(report(txn, 5, "by hand"), 8);
    commit(txn);
}

/* What is taken back is unknown again, what comes back is known: the index goes along. */
static void test_once_savepoints(void **state)
{
    fixture *place = *state;
    bbots_value key = integer(1);
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(report(txn, 1, "kept"), 1);
    assert_ok(bbots_savepoint(txn, "s", &fault));
    assert_ok(bbots_delete(txn, &bbots_api_token_usage_table, 0, &key, NULL, &fault));
    insert_plain(txn, 1, "gone", PEOPLE_BEGIN);
    assert_int_equal(report(txn, 2, "kept"), 3);
    assert_int_equal(report(txn, 2, "gone"), -2);
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    assert_int_equal(report(txn, 2, "kept"), -1);
    int64_t again = report(txn, 2, "gone");
    assert_true(again > 0);
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_delete(txn, &bbots_users_table, 0, &key, NULL, &fault)); /* and his calls */
    assert_true(report(txn, 2, "kept") > 0);
    bbots_rollback(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(report(txn, 2, "kept"), -1);
    commit(txn);
}

/* Two sources have the same name each for itself. */
static void test_once_sources(void **state)
{
    fixture *place = *state;
    bbots_cost_recorded recorded;
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(report(txn, 1, "x"), 1);
    bbots_cost_call call = {.source = BBOTS_COST_GEMINI,
                            .user_id = 1,
                            .request_id = bbots_text_of("x"),
                            .model = bbots_text_of("g1"),
                            .input_tokens = 10,
                            .response_ms = -1};
    bbots_cost_operation operation = {.user_id = 1,
                                      .operation_id = bbots_text_of("x"),
                                      .provider = bbots_text_of("s3"),
                                      .bucket = bbots_text_of("b"),
                                      .operation = bbots_text_of("upload"),
                                      .request_cost = 500,
                                      .transfer_cost = 0};
    for (int i = 0; i < 2; i++) {
        call.user_id = operation.user_id = 1 + i;
        assert_ok(bbots_cost_record_call(txn, &call, BBOTS_COST_ONCE, 0, &recorded, &fault));
        assert_int_equal(recorded.repeated, i == 1);
        assert_ok(
            bbots_cost_record_operation(txn, &operation, BBOTS_COST_ONCE, 0, &recorded, &fault));
        assert_int_equal(recorded.repeated, i == 1);
    }
    commit(txn);
}

/* ------------------------------------------------------------------ damage */

enum { NODES_MAX = 8 };

/* What lies in the tree of names. */
typedef struct nodes {
    unsigned count;
    struct {
        uint8_t key[64];
        uint8_t value[2048];
        MDB_val sizes[2];
    } all[NODES_MAX];
} nodes;

static const char *tree_of_names(void)
{
    const bbots_table *table = &bbots_api_token_usage_table;
    return table->trees[table->indexes[index_of(table, "api_token_usage_once")].tree].name;
}

static MDB_env *raw_open(const char *path, MDB_txn **txn, MDB_dbi *tree)
{
    MDB_env *env;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 4), 0);
    assert_int_equal(mdb_env_set_mapsize(env, (size_t)256 << 20), 0); /* valgrind has no more */
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, txn), 0);
    assert_int_equal(mdb_dbi_open(*txn, tree_of_names(), 0, tree), 0);
    return env;
}

static void read_nodes(const char *path, nodes *found)
{
    MDB_txn *txn;
    MDB_dbi tree;
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    MDB_env *env = raw_open(path, &txn, &tree);
    assert_int_equal(mdb_cursor_open(txn, tree, &cursor), 0);
    found->count = 0;
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        unsigned i = found->count++;
        assert_true(i < NODES_MAX && key.mv_size <= 64 && value.mv_size <= 2048);
        memcpy(found->all[i].key, key.mv_data, key.mv_size);
        memcpy(found->all[i].value, value.mv_data, value.mv_size);
        found->all[i].sizes[0].mv_size = key.mv_size;
        found->all[i].sizes[1].mv_size = value.mv_size;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    mdb_env_close(env);
}

/* Puts the tree back as it was, in a transaction that looks like one of the library's. */
static void write_nodes(const char *path, nodes *found)
{
    MDB_txn *txn;
    MDB_dbi tree;
    MDB_dbi main_tree;
    MDB_env *env = raw_open(path, &txn, &tree);
    uint64_t number = mdb_txn_id(txn);
    MDB_val key = {7, (char[]){"@commit"}};
    MDB_val value = {8, &number};
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &main_tree), 0);
    assert_int_equal(mdb_put(txn, main_tree, &key, &value, 0), 0);
    assert_int_equal(mdb_drop(txn, tree, 0), 0);
    for (unsigned i = 0; i < found->count; i++) {
        found->all[i].sizes[0].mv_data = found->all[i].key;
        found->all[i].sizes[1].mv_data = found->all[i].value;
        assert_int_equal(mdb_put(txn, tree, &found->all[i].sizes[0], &found->all[i].sizes[1], 0),
                         0);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void collect(const bbots_finding *finding, void *context)
{
    char *all = context;
    assert_int_equal(finding->severity, BBOTS_DERIVED);
    strcat(strcat(all, strstr(finding->message, "\" ") + 2), "; ");
}

/* An index that is older than its rows is found by the check in each way, and built anew. */
static void test_old_index(void **state)
{
    fixture *place = *state;
    bbots_options options = {.schema = &bbots_platform_schema};
    bbots_value key = integer(2);
    bbots_check_result result;
    static nodes before;
    char findings[2000] = "";
    bbots_check_options check = {.on_finding = collect, .context = findings};
    people_make(place);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_int_equal(report(txn, 1, "renamed"), 1);
    assert_int_equal(report(txn, 1, "deleted"), 2);
    assert_int_equal(report(txn, 1, "kept"), 3);
    assert_int_equal(report(txn, 1, "kept"), -3);
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    read_nodes(place->path, &before);
    place->store = open_store(place->path, &options);
    txn = begin(place->store, BBOTS_WRITE);
    rename_call(txn, 1, string("other"));
    assert_ok(bbots_delete(txn, &bbots_api_token_usage_table, 0, &key, NULL, &fault));
    assert_int_equal(report(txn, 1, "last"), 4);
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    write_nodes(place->path, &before);
    place->store = open_store(place->path, &options);
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_check(txn, &check, &result, &fault));
    assert_string_equal(findings, "has an entry of no row; has an entry that is not its row's; "
                                  "lacks the entry of the row; ");
    assert_ok(bbots_repair(txn, NULL, NULL, &result, &fault));
    assert_int_equal(report(txn, 1, "other"), -1);
    assert_int_equal(report(txn, 1, "last"), -4);
    assert_int_equal(report(txn, 1, "deleted"), 5);
    commit(txn);
}

/* ------------------------------------------------------------------ races */

/* The call that was charged in the round before goes. */
static int forget_call(bbots_txn *txn, void *context, bbots_error *error)
{
    const bbots_table *table = &bbots_api_token_usage_table;
    bbots_cursor *cursor;
    bbots_row row;
    (void)context;
    int rc = bbots_cursor_open(txn, table, 0, NULL, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = bbots_cursor_next(cursor, &row, error);
    bbots_value key = rc == BBOTS_OK ? row_at(&row, "id") : integer(0);
    bbots_cursor_close(cursor);
    if (rc == BBOTS_OK) {
        rc = bbots_delete(txn, table, 0, &key, NULL, error);
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int charge_call(bbots_txn *txn, void *context, bbots_error *error)
{
    bbots_cost_recorded recorded;
    bbots_cost_call call = {.source = BBOTS_COST_CLAUDE,
                            .user_id = 1,
                            .request_id = bbots_text_of("the call"),
                            .model = bbots_text_of("m1"),
                            .input_tokens = 10,
                            .response_ms = -1,
                            .at = PEOPLE_BEGIN};
    (void)context;
    int rc = bbots_cost_record_call(txn, &call, BBOTS_COST_ONCE, 0, &recorded, error);
    return rc == BBOTS_OK && recorded.repeated ? BBOTS_REFUSED : rc;
}

static race race_of(fixture *place)
{
    people_make(place);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    return (race){place->path, &bbots_platform_schema, forget_call, charge_call, NULL};
}

static void one_of_two_threads_charges_a_call(void **state)
{
    race run = race_of(*state);
    race_threads(&run, race_rounds(50));
}

static void one_of_two_processes_charges_a_call(void **state)
{
    race run = race_of(*state);
    race_processes(&run, race_rounds(50));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_once_savepoints, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_once_sources, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_old_index, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(one_of_two_threads_charges_a_call, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(one_of_two_processes_charges_a_call, fixture_setup,
                                        fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
