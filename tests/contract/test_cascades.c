/*
 * tests/contract/test_cascades.c - proves that a cascade of any size and depth needs bounded memory
 * and no stack: a fan, a chain, rows that forget, a delete that a savepoint takes back.
 *
 * BBOTS_ROWS says how many rows (200,000 unless given; 1,000,000 is the size that is promised). Each
 * case runs in a process of its own whose data segment may not grow by more than the bound: past it
 * malloc fails, and so would the test.
 */
#include "support/sanitizer.h"
#include "support/support.h"

#include <bbots/sample.h>

#include <sys/resource.h>
#include <unistd.h>

#define NODES (&sample_nodes_table)
#define HEADS (&sample_heads_table)
#define HATS  (&sample_hats_table)

#define MIB      (UINT64_C(1) << 20)
#define PLAN_MAX (12 * MIB) /* of memory for a plan, whatever its size */
#define PER_TXN  50000
#if SANITIZED
#define ROWS 50000
#else
#define ROWS 200000
#endif

/* What beside the plan takes part in carrying it out: index entries that wait, at most 24 MiB or
 * so a tree, and LMDB's changed pages, at most 131,072 of them. */
#define WAITING_MAX (96 * MIB)
#define DIRTY_MAX   (512 * MIB)

typedef enum shape { FAN, CHAIN, FORGET } shape;

typedef struct work {
    const fixture *place;
    shape how;
    uint64_t rows;
    bool take_back;
} work;

static uint64_t wanted_rows(void)
{
    const char *given = getenv("BBOTS_ROWS");
    return given != NULL ? strtoull(given, NULL, 10) : ROWS;
}

/* ------------------------------------------------------------------ in the child */

/* cmocka's own would go on with the other tests, in the child. */
#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, fault.message);     \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* A line of /proc/self/status, in KiB. */
static uint64_t status_kib(const char *name)
{
    char line[200];
    uint64_t kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    must(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            kib = strtoull(line + strlen(name) + 1, NULL, 10);
        }
    }
    fclose(file);
    return kib;
}

/* From here on the process's own memory may grow by so much. The sanitizer's counts too, so there
 * is no limit there. */
static void limit_growth(uint64_t bytes)
{
#if SANITIZED
    (void)bytes;
#else
    struct rlimit limit;
    must(getrlimit(RLIMIT_DATA, &limit) == 0);
    limit.rlim_cur = status_kib("VmData") * 1024 + bytes;
    must(setrlimit(RLIMIT_DATA, &limit) == 0);
#endif
}

/* ------------------------------------------------------------------ rows */

static int insert_one(bbots_txn *txn, shape how, int64_t number)
{
    if (how == FORGET) {
        return number == 1 ? insert_named(txn, HEADS, "id", integer(1))
                           : insert_named(txn, HATS, "head", integer(1));
    }
    int64_t parent = how == FAN ? 1 : number - 1;
    return number == 1 ? insert_named(txn, NODES, "label", string("root"))
                       : insert_named(txn, NODES, "parent", integer(parent));
}

static void fill_store(const fixture *place, shape how, uint64_t rows)
{
    bbots_options options = {
        .schema = &bbots_sample_schema, .flags = BBOTS_OPEN_CREATE, .durability = BBOTS_RELAXED};
    bbots_store *store = open_store(place->path, &options);
    for (uint64_t done = 0; done < rows;) {
        bbots_txn *txn = begin(store, BBOTS_WRITE);
        for (int i = 0; i < PER_TXN && done < rows; i++) {
            assert_ok(insert_one(txn, how, (int64_t)++done));
        }
        commit(txn);
    }
    assert_ok(bbots_close(store, &fault));
}

/* ------------------------------------------------------------------ the work */

static void explain(bbots_store *store, const work *what, const bbots_table *table)
{
    bbots_explanation *explained = NULL;
    bbots_txn *reader;
    bbots_value key = integer(1);
    must(bbots_begin(store, BBOTS_READ, &reader, &fault) == BBOTS_OK);
    limit_growth(PLAN_MAX);
    must(bbots_explain_delete(reader, table, 0, &key, &explained, &fault) == BBOTS_OK);
    must(explained->deleted == (what->how == FORGET ? 1 : what->rows));
    must(explained->set_null == (what->how == FORGET ? what->rows - 1 : 0));
    bbots_explanation_free(explained);
    bbots_rollback(reader);
}

static void carry_out(bbots_store *store, const work *what, const bbots_table *table)
{
    bbots_deleted deleted;
    bbots_stat stat;
    bbots_txn *txn;
    bbots_digest before;
    bbots_digest after;
    bbots_value key = integer(1);
    must(bbots_store_stat(store, &stat, &fault) == BBOTS_OK);
    must(bbots_begin(store, BBOTS_WRITE, &txn, &fault) == BBOTS_OK);
    must(!what->take_back || bbots_savepoint(txn, "before", &fault) == BBOTS_OK);
    must(bbots_store_digest(txn, &before, &fault) == BBOTS_OK);
    uint64_t dirty = stat.used_bytes + stat.used_bytes / 2;
    limit_growth(PLAN_MAX + WAITING_MAX + (dirty < DIRTY_MAX ? dirty : DIRTY_MAX) +
                 (what->take_back ? 64 * MIB : 0));
    must(bbots_delete(txn, table, 0, &key, &deleted, &fault) == BBOTS_OK);
    must(deleted.cascaded == (what->how == FORGET ? 0 : what->rows - 1));
    must(deleted.set_null == (what->how == FORGET ? what->rows - 1 : 0));
    if (what->take_back) {
        must(bbots_savepoint_rollback(txn, "before", &fault) == BBOTS_OK);
        must(bbots_store_digest(txn, &after, &fault) == BBOTS_OK);
        must(memcmp(&before, &after, sizeof before) == 0);
    }
    must(bbots_commit(txn, &fault) == BBOTS_OK);
}

static int run_in_child(void *context)
{
    const work *what = context;
    const bbots_table *table = what->how == FORGET ? HEADS : NODES;
    bbots_options options = {.schema = &bbots_sample_schema};
    bbots_store *store;
    must(bbots_open(what->place->path, &options, &store, &fault) == BBOTS_OK);
    explain(store, what, table);
    carry_out(store, what, table);
    must(bbots_close(store, &fault) == BBOTS_OK);
    printf("%llu rows: at most %llu MiB resident, mapped files among them\n",
           (unsigned long long)what->rows, (unsigned long long)status_kib("VmHWM") / 1024);
    fflush(stdout);
    return 0;
}

static void run(void **state, shape how, bool take_back)
{
    fixture *place = *state;
    work what = {place, how, wanted_rows(), take_back};
    fill_store(place, how, what.rows);
    assert_int_equal(in_child(run_in_child, &what), 0);
    bbots_options options = {.schema = &bbots_sample_schema};
    place->store = open_store(place->path, &options);
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    uint64_t left = count_of(reader, NODES) + count_of(reader, HATS) + count_of(reader, HEADS);
    assert_int_equal(left, take_back ? what.rows : how == FORGET ? what.rows - 1 : 0);
    bbots_rollback(reader);
}

static void a_wide_cascade_needs_little_memory(void **state)
{
    run(state, FAN, false);
}

static void a_deep_cascade_needs_little_memory_and_no_stack(void **state)
{
    run(state, CHAIN, false);
}

static void rows_that_forget_need_little_memory(void **state)
{
    run(state, FORGET, false);
}

static void a_savepoint_takes_back_a_wide_cascade(void **state)
{
    run(state, FAN, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_wide_cascade_needs_little_memory, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_deep_cascade_needs_little_memory_and_no_stack,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(rows_that_forget_need_little_memory, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_savepoint_takes_back_a_wide_cascade, fixture_setup,
                                        fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests_name("cascades", tests, NULL, NULL);
}
