/*
 * table/check.c - the whole-file check: run it, report, and judge the catalogue.
 *
 * What is stored twice has to agree, so each statement of the file is held against the rows, which
 * are the one thing that cannot be derived:
 *   0. The pages beneath are walked: each is used or free exactly once (check_pages.c).
 *   1. A row is held against its own checksum, its column's rules and the key it lies under.
 *   2. Every entry of an index tree has to be the entry of its row. Entries are distinct, so when
 *      there are as many good ones as rows, each row has its own; only otherwise the rows are gone
 *      through a second time to say which lack theirs.
 *   3. A reference has to find its parent by the parent's own tree.
 *   4. Live aggregates are held against the rows as a whole (live_check.c).
 *   5. What the rooms above know of rows is asked of them (check_account.c).
 *   6. Count, digest and serial of the catalogue are held against what the walk over rows saw.
 *
 * A finding never ends the check, a failure of LMDB does. Nothing is collected: memory does not
 * grow with the file. No order of trees is assumed beyond LMDB's own, and no byte of a row or an
 * entry is trusted before its length was looked at: rows can be forged with a fitting checksum.
 *
 * Drawback, told: each entry of an index costs a look-up of its row, at random over the table. A
 * file much larger than memory is checked at the speed of its disk.
 */
#include "table/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FINDINGS_DEFAULT 1000u
#define PROGRESS_STEPS   4096u

/* ------------------------------------------------------------------ reporting */

static void count_finding(bbots_check_result *result, bbots_severity severity)
{
    switch (severity) {
    case BBOTS_NOTE:
        result->notes++;
        break;
    case BBOTS_DERIVED:
        result->derived++;
        break;
    case BBOTS_DAMAGE:
        result->damage++;
        break;
    }
}

int check_report(check *run, bbots_severity severity, const char *object, store_bytes key,
                 const char *format, ...)
{
    char message[sizeof run->error->message];
    char key_text[ROW_KEY_TEXT_MAX] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (key.size != 0) {
        check_key_text(run->engine->table, key, key_text);
    }
    count_finding(run->result, severity);
    if (run->options->on_finding != NULL) {
        bbots_finding finding = {.severity = severity,
                                 .table = run->engine != NULL ? run->engine->table->name : "",
                                 .object = object != NULL ? object : "",
                                 .key = key_text,
                                 .message = message};
        run->options->on_finding(&finding, run->options->context);
    }
    run->findings_left--;
    return run->findings_left == 0 ? BBOTS_END : BBOTS_OK;
}

static int report_progress(check *run)
{
    if (run->options->on_progress != NULL &&
        run->options->on_progress(run->result->rows, run->rows_total, run->options->context) != 0) {
        return bb_fail(run->error, BBOTS_CANCELLED, "the check was stopped by its caller");
    }
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ walking */

int check_walk(check *run, store_tree tree, check_visit *visit, void *context)
{
    store_cursor cursor;
    store_bytes key;
    store_bytes value;
    int rc = store_cursor_open(&run->txn->base, tree, &cursor, run->error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    int step = store_cursor_move(&cursor, STORE_FIRST, &key, &value, run->error);
    while (step == BBOTS_OK && rc == BBOTS_OK) {
        rc = visit(run, key, value, context);
        if (rc == BBOTS_OK && ++run->steps % PROGRESS_STEPS == 0) {
            rc = report_progress(run);
        }
        if (rc == BBOTS_OK) {
            step = store_cursor_move(&cursor, STORE_NEXT, &key, &value, run->error);
        }
    }
    store_cursor_close(&cursor);
    return step < 0 ? step : rc;
}

/* ------------------------------------------------------------------ the catalogue's record */

/*
 * The record that counts: of a table that this transaction wrote to, its own. *missing: the
 * record is, or has not its size, which is a finding; the error object tells it from a damaged
 * page, which is a failure and concerns no table.
 */
static int load_stat(check *run, engine_stat *stat, bool *missing)
{
    const bbots_table *table = run->engine->table;
    const bbots_txn *txn = run->txn;
    bbots_error error;
    *missing = false;
    if (txn->tables != NULL && txn->tables[table->number] != NULL) {
        *stat = txn->tables[table->number]->stat;
        return BBOTS_OK;
    }
    bb_error_clear(&error);
    int rc = catalog_load_stat(&run->txn->base, table, stat, &error);
    if (rc == BBOTS_CORRUPTED && error.table[0] != '\0') {
        *missing = true;
        return BBOTS_OK;
    }
    if (rc < 0) {
        bb_error_give(run->error, &error);
    }
    return rc;
}

/* The next number of a serial must be greater than all that were given. */
static int check_serial(check *run, const engine_stat *stat)
{
    store_bytes key = {run->serial_key, run->serial_key_size};
    if (!run->serial_seen || run->serial_most < stat->serial_next ||
        run->serial_most == INT64_MAX) {
        return BBOTS_OK;
    }
    const char *column = run->engine->table->columns[run->engine->serial].name;
    return check_report(run, BBOTS_DERIVED, column, key,
                        "the next number of serial column \"%s\" is %lld, but a row has %lld",
                        column, (long long)stat->serial_next, (long long)run->serial_most);
}

static int check_record(check *run)
{
    static const store_bytes no_row = {NULL, 0};
    const char *table = run->engine->table->name;
    engine_stat stat;
    bool missing;
    int rc = load_stat(run, &stat, &missing);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (missing) {
        return check_report(run, BBOTS_DERIVED, NULL, no_row,
                            "the catalogue's record of table \"%s\" is missing or has a wrong size",
                            table);
    }
    if (stat.count != run->rows) {
        rc = check_report(run, BBOTS_DERIVED, NULL, no_row,
                          "the catalogue counts %llu rows in table \"%s\", which has %llu",
                          (unsigned long long)stat.count, table, (unsigned long long)run->rows);
    }
    /* Without an unreadable row's hash the sum cannot fit: that row was reported. */
    bool same = stat.digest.low == run->digest.low && stat.digest.high == run->digest.high;
    if (rc == BBOTS_OK && !same && run->unreadable == 0) {
        rc = check_report(run, BBOTS_DERIVED, NULL, no_row,
                          "the catalogue's digest of table \"%s\" is not that of its rows", table);
    }
    return rc == BBOTS_OK ? check_serial(run, &stat) : rc;
}

/* LMDB's own count of the rows. */
static int check_tree_count(check *run)
{
    static const store_bytes no_row = {NULL, 0};
    const bbots_table *table = run->engine->table;
    uint64_t count;
    int rc = store_tree_count(&run->txn->base, run->engine->trees[0], &count, run->error);
    if (rc == BBOTS_OK && count != run->rows) {
        rc = check_report(run, BBOTS_DERIVED, table->trees[0].name, no_row,
                          "tree \"%s\" says that it has %llu rows and has %llu",
                          table->trees[0].name, (unsigned long long)count,
                          (unsigned long long)run->rows);
    }
    return rc;
}

/* ------------------------------------------------------------------ sealed values */

int check_sealed_count(check *run, const bbots_value *sealed)
{
    if (run->sealed == NULL) {
        run->sealed = calloc(1, sizeof *run->sealed);
        if (run->sealed == NULL) {
            return bb_fail(run->error, BBOTS_NO_MEMORY, "out of memory");
        }
    }
    return secret_count_value(run->sealed, sealed, 1, run->error);
}

static uint64_t count_of_key(const secret_state *state, bbots_key_id id)
{
    for (unsigned i = 0; state != NULL && i < state->count_used; i++) {
        if (memcmp(state->counts[i].id.bytes, id.bytes, sizeof id.bytes) == 0) {
            return state->counts[i].values;
        }
    }
    return 0;
}

static int compare_counts(check *run, const secret_state *one, const secret_state *other,
                          bool is_catalogue)
{
    static const store_bytes no_row = {NULL, 0};
    int rc = BBOTS_OK;
    for (unsigned i = 0; one != NULL && i < one->count_used && rc == BBOTS_OK; i++) {
        bbots_key_id id = one->counts[i].id;
        uint64_t here = one->counts[i].values;
        uint64_t there = count_of_key(other, id);
        /* What both know is judged once, from the catalogue's side. */
        if (here != there && (is_catalogue || there == 0)) {
            char shown[BBOTS_KEY_ID_TEXT_MAX];
            bbots_key_id_print(id, shown);
            rc = check_report(run, BBOTS_DERIVED, "@keys", no_row,
                              "the catalogue counts %llu values sealed with key %s; there are %llu",
                              (unsigned long long)(is_catalogue ? here : there), shown,
                              (unsigned long long)(is_catalogue ? there : here));
        }
    }
    return rc;
}

/* The catalogue's counts by key against those of the rows. */
static int check_key_counts(check *run)
{
    static const store_bytes no_row = {NULL, 0};
    secret_state *catalogue;
    store_bytes record;
    run->engine = NULL; /* what is found here is of no table */
    int rc = catalog_load_keys(&run->txn->base, &record, run->error);
    if (rc == BBOTS_OK && record.size % SECRET_COUNT_BYTES != 0) {
        return check_report(run, BBOTS_DERIVED, "@keys", no_row,
                            "the catalogue's record of keys has a wrong size");
    }
    if (rc == BBOTS_OK) {
        rc = secret_load_counts(run->txn, &catalogue, run->error);
    }
    if (rc == BBOTS_OK) {
        rc = compare_counts(run, catalogue, run->sealed, true);
    }
    return rc == BBOTS_OK ? compare_counts(run, run->sealed, catalogue, false) : rc;
}

/* ------------------------------------------------------------------ the run */

static int check_table(check *run, engine_table *engine)
{
    run->engine = engine;
    run->rows = 0;
    run->unreadable = 0;
    run->digest = (bb_hash){0, 0};
    run->serial_seen = false;
    int rc = check_rows(run);
    if (rc == BBOTS_OK) {
        rc = check_tree_count(run);
    }
    if (rc == BBOTS_OK) {
        rc = check_record(run);
    }
    for (unsigned t = 1; t < engine->table->tree_count && rc == BBOTS_OK; t++) {
        rc = check_tree(run, t);
    }
    if (rc == BBOTS_OK) {
        rc = check_lives(run, &run->blocks);
    }
    run->result->tables++;
    return rc;
}

static bool is_wanted(const check *run, const bbots_table *table)
{
    return run->options->table == NULL || run->options->table == table;
}

static int count_rows(check *run)
{
    const bbots_store *store = run->txn->store;
    int rc = BBOTS_OK;
    for (uint32_t t = 0; t < store->schema->table_count && rc == BBOTS_OK; t++) {
        uint64_t count = 0;
        if (is_wanted(run, store->schema->tables[t])) {
            rc = store_tree_count(&run->txn->base, store->tables[t].trees[0], &count, run->error);
            run->rows_total += count;
        }
    }
    return rc;
}

/* Blocks of live aggregates that no table has. */
static int check_live_count(check *run)
{
    static const store_bytes no_row = {NULL, 0};
    uint64_t count;
    if (!run->txn->store->has_lives || run->options->table != NULL) {
        return BBOTS_OK;
    }
    int rc = store_tree_count(&run->txn->base, run->txn->store->live, &count, run->error);
    return rc == BBOTS_OK && count != run->blocks
               ? check_report(run, BBOTS_DERIVED, LIVE_TREE, no_row,
                              "tree \"%s\" has %llu entries, of which %llu are of live aggregates",
                              LIVE_TREE, (unsigned long long)count, (unsigned long long)run->blocks)
               : rc;
}

/* The schema record, which nobody reads while the caller's schema has the same fingerprint. */
static int check_schema(check *run)
{
    static const store_bytes no_row = {NULL, 0};
    bbots_error error;
    bb_error_clear(&error);
    run->engine = NULL;
    int rc = catalog_check_schema(&run->txn->base, &error);
    if (rc == BBOTS_CORRUPTED) {
        return check_report(run, BBOTS_DAMAGE, "@schema", no_row, "%s", error.message);
    }
    if (rc < 0) {
        bb_error_give(run->error, &error);
    }
    return rc;
}

static int check_tables(check *run, bool accounts)
{
    const bbots_store *store = run->txn->store;
    int rc = count_rows(run);
    for (uint32_t t = 0; t < store->schema->table_count && rc == BBOTS_OK; t++) {
        if (is_wanted(run, store->schema->tables[t])) {
            rc = check_table(run, &store->tables[t]);
        }
    }
    if (rc == BBOTS_OK) {
        rc = check_live_count(run);
    }
    if (rc == BBOTS_OK && run->options->table == NULL) {
        rc = check_marks(run);
    }
    if (rc == BBOTS_OK && run->options->table == NULL) {
        rc = check_key_counts(run);
    }
    if (rc == BBOTS_OK && accounts) {
        rc = check_accounts(run);
    }
    return rc == BBOTS_OK ? report_progress(run) : rc;
}

static int check_all(bbots_txn *txn, const bbots_check_options *options, bool accounts,
                     bbots_check_result *result, bbots_error *error)
{
    static const bbots_check_options plain;
    engine_table *engine;
    check run = {.txn = txn,
                 .options = options != NULL ? options : &plain,
                 .result = result,
                 .error = error};
    const bbots_table *first =
        run.options->table != NULL ? run.options->table : txn->store->schema->tables[0];
    memset(result, 0, sizeof *result);
    run.findings_left =
        run.options->findings_max != 0 ? run.options->findings_max : FINDINGS_DEFAULT;
    int rc = statement_begin(txn, first, false, &engine, error);
    if (rc == BBOTS_OK && txn->write) {
        rc = index_flush_all(txn, error);
    }
    if (rc == BBOTS_OK && txn->write) {
        rc = live_flush_all(txn, error);
    }
    bool whole = true;
    if (rc == BBOTS_OK && run.options->table == NULL) {
        rc = check_pages(&run, &whole);
    }
    if (rc == BBOTS_OK && whole && run.options->table == NULL) {
        rc = check_schema(&run);
    }
    if (rc == BBOTS_OK && (whole || store_is_guarded(txn->store->file))) {
        /* Nothing remembered is believed; and a read transaction has nobody else to forget. */
        reference_forget(txn);
        rc = check_tables(&run, accounts);
        reference_forget(txn);
        if (rc == BBOTS_CORRUPTED && !whole) {
            bb_error_clear(error); /* it was said, and how far the check came is in the result */
            rc = BBOTS_OK;
        }
    }
    secret_memory_wipe(&run.opened, false);
    if (run.sealed != NULL) {
        free(run.sealed->counts);
        free(run.sealed);
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

int bbots_check(bbots_txn *txn, const bbots_check_options *options, bbots_check_result *result,
                bbots_error *error)
{
    return check_all(txn, options, options == NULL || !options->no_accounts, result, error);
}

int check_stored(bbots_txn *txn, const bbots_check_options *options, bbots_check_result *result,
                 bbots_error *error)
{
    return check_all(txn, options, false, result, error);
}
