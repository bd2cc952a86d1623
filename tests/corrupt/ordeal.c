/* tests/corrupt/ordeal.c - what a damaged file is put to, in a child that may die of it. */
#include "corrupt.h"
#include "support/coverage.h"

#include <bbots/sample.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const outcome_names[OUTCOMES] = {"harmless", "found", "wrong row",
                                             "blind",    "crash", "hang"};

#define SEEN_MAX 65536u /* more rows than there are in any of the files */

/* The hashes of rows that were read. */
typedef struct seen {
    size_t count;
    uint64_t hashes[SEEN_MAX];
} seen;

static bool note_row(uint64_t hash, void *context)
{
    seen *rows = context;
    rows->hashes[rows->count++] = hash;
    return rows->count < SEEN_MAX; /* else it goes in a circle */
}

/* Whether each of them was once in the file. */
static bool all_known(const world *all, const seen *rows)
{
    bool known = rows->count < SEEN_MAX;
    for (size_t i = 0; i < rows->count && known; i++) {
        known = world_knows_row(all, rows->hashes[i]);
    }
    return known;
}

static bool check_finds(bbots_store *store)
{
    bbots_txn *txn;
    bbots_check_result result;
    if (bbots_begin(store, BBOTS_READ, &txn, NULL) != BBOTS_OK) {
        return true;
    }
    int rc = bbots_check(txn, NULL, &result, NULL);
    bbots_rollback(txn);
    return rc != BBOTS_OK || result.damage + result.derived + result.notes > 0;
}

/* Rows that add up to a state need not be looked up; a file that says it is broken needs no check. */
static enum outcome read_and_check(const world *all, bbots_store *store)
{
    static seen rows;
    uint64_t sum;
    rows.count = 0;
    bool whole = world_scan(store, &sum, note_row, &rows);
    bool known = world_knows_sum(all, sum);
    if ((!whole || !known) && !all_known(all, &rows)) {
        return WRONG_ROW;
    }
    if (!whole || check_finds(store)) {
        return FOUND;
    }
    return known ? HARMLESS : BLIND;
}

enum outcome ordeal_read(const world *all)
{
    bbots_options options = {.schema = all->schema, .flags = BBOTS_OPEN_GUARD};
    bbots_store *store;
    if (bbots_open(all->path, &options, &store, NULL) != BBOTS_OK) {
        return FOUND;
    }
    enum outcome outcome = read_and_check(all, store);
    (void)bbots_close(store, NULL);
    return outcome;
}

static int write_some(bbots_txn *txn, void *context, bbots_error *error)
{
    const bbots_table *nodes = &sample_nodes_table;
    bbots_value values[BBOTS_COLUMNS_MAX];
    int label = bbots_table_column(nodes, bbots_text_of("label"));
    (void)context;
    memset(values, 0, sizeof values);
    values[label] = bbots_value_string("written after the damage");
    int rc = BBOTS_OK;
    for (int i = 0; i < 20 && rc == BBOTS_OK; i++) {
        rc = bbots_insert(txn, nodes, values, BBOTS_COLUMN_BIT(label), NULL, error);
    }
    for (int i = 1; i < 20 && rc == BBOTS_OK; i++) {
        bbots_value key = bbots_value_integer(i * 7);
        rc = bbots_delete(txn, nodes, 0, &key, NULL, error);
        rc = rc > 0 || rc == BBOTS_FOREIGN_KEY_VIOLATION ? BBOTS_OK : rc;
    }
    return rc;
}

/* What is salvaged was once in the file, and the new store is whole. */
static enum outcome salvage(const world *all)
{
    bbots_options options = {.schema = &bbots_sample_schema};
    bbots_salvage_result result;
    bbots_store *store;
    char path[128];
    char lock[160];
    static seen rows;
    uint64_t sum;
    bool whole = false;
    rows.count = 0;
    snprintf(path, sizeof path, "%s-salvaged", all->path);
    snprintf(lock, sizeof lock, "%s-lock", path);
    if (bbots_salvage(all->path, path, NULL, &result, NULL) != BBOTS_OK) {
        return FOUND;
    }
    if (bbots_open(path, &options, &store, NULL) == BBOTS_OK) {
        whole = world_scan(store, &sum, note_row, &rows) && !check_finds(store);
        (void)bbots_close(store, NULL);
    }
    unlink(path);
    unlink(lock);
    return !all_known(all, &rows) ? WRONG_ROW : whole ? HARMLESS : BLIND;
}

enum outcome ordeal_all(const world *all)
{
    bbots_options options = {.schema = &bbots_sample_schema,
                             .flags = BBOTS_OPEN_GUARD | BBOTS_OPEN_VERIFY};
    bbots_store *store;
    enum outcome outcome = ordeal_read(all);
    if (outcome == WRONG_ROW || outcome == BLIND) {
        return outcome;
    }
    enum outcome salvaged = salvage(all);
    if (salvaged == WRONG_ROW || salvaged == BLIND) {
        return salvaged;
    }
    if (bbots_open(all->path, &options, &store, NULL) != BBOTS_OK) {
        return outcome;
    }
    int rc = bbots_write(store, write_some, NULL, NULL);
    bool finds = check_finds(store);
    (void)bbots_close(store, NULL);
    /* Where nothing was wrong before, writing must not have made it so. */
    return outcome == HARMLESS && (rc < 0 || finds) ? BLIND : outcome;
}

enum outcome in_a_child(const world *all, enum outcome (*ordeal)(const world *all),
                        unsigned seconds)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        alarm(seconds);
        enum outcome outcome = ordeal(all);
        keep_coverage();
        _exit((int)outcome);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        exit(2);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) < CRASHED) {
        return (enum outcome)WEXITSTATUS(status);
    }
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? HUNG : CRASHED;
}
