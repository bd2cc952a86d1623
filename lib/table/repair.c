/*
 * table/repair.c - what can be derived is made anew: index trees, counts, digests, serials, live
 * aggregates.
 *
 * Rows are the truth. A table in which the check finds derived data wrong gets all of its derived data
 * anew: what was wrong once is not worth a search for what is right. Rows themselves are never
 * touched: what is wrong with them no rebuilding can mend, and salvage is for it.
 */
#include "table/check.h"
#include "table/judge.h"

typedef struct repair {
    bbots_txn *txn;
    void (*on_repair)(const bbots_finding *finding, void *context);
    void *context;
    bbots_check_result *result;
    bbots_error *error;
} repair;

/* table: NULL when it is of none. */
static void tell(const repair *run, const bbots_table *table, const char *object,
                 const char *message)
{
    if (run->on_repair != NULL) {
        bbots_finding finding = {.severity = BBOTS_DERIVED,
                                 .table = table != NULL ? table->name : "",
                                 .object = object,
                                 .key = "",
                                 .message = message};
        run->on_repair(&finding, run->context);
    }
}

/* ------------------------------------------------------------------ one table */

int stat_add_up(store_txn *txn, engine_table *engine, engine_stat *stat, bbots_error *error)
{
    store_cursor cursor;
    store_bytes key;
    store_bytes data;
    int rc = store_cursor_open(txn, engine->trees[0], &cursor, error);
    int step = rc == BBOTS_OK ? store_cursor_move(&cursor, STORE_FIRST, &key, &data, error) : rc;
    stat->count = 0;
    stat->digest = (bb_hash){0, 0};
    while (step == BBOTS_OK) {
        bbots_row row;
        bb_hash hash;
        step = row_open(engine, data, &row, &hash, error);
        if (step == BBOTS_OK) {
            step = row_confirm_key(engine, &row, key, error);
        }
        if (step == BBOTS_OK) {
            stat->count++;
            stat->digest = bb_hash_add(stat->digest, hash);
            if (engine->serial >= 0) {
                bbots_value value = bbots_row_value(&row, (unsigned)engine->serial);
                if (value.kind == BBOTS_INTEGER && value.integer >= stat->serial_next) {
                    stat->serial_next = value.integer < INT64_MAX ? value.integer + 1 : INT64_MAX;
                }
            }
            step = store_cursor_move(&cursor, STORE_NEXT, &key, &data, error);
        }
    }
    store_cursor_close(&cursor);
    return step == BBOTS_END ? BBOTS_OK : step;
}

/* The record may be missing: then it begins anew. */
static int touch(repair *run, engine_table *engine, txn_table **state)
{
    engine_stat stat = {.serial_next = 1};
    bbots_error error;
    bb_error_clear(&error);
    int rc = txn_touch(run->txn, engine, state, &error);
    if (rc == BBOTS_CORRUPTED && error.table[0] != '\0') {
        rc = catalog_save_stat(&run->txn->base, engine->table, &stat, run->error);
        return rc == BBOTS_OK ? txn_touch(run->txn, engine, state, run->error) : rc;
    }
    if (rc < 0) {
        bb_error_give(run->error, &error);
    }
    return rc;
}

static int rebuild(repair *run, engine_table *engine)
{
    const bbots_table *table = engine->table;
    txn_table *state;
    int rc = touch(run, engine, &state);
    if (rc == BBOTS_OK) {
        rc = stat_add_up(&run->txn->base, engine, &state->stat, run->error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    state->dirty = true;
    state->last_known = false;
    state->once_known = false; /* its tree begins anew */
    state->once_end_size = 0;
    tell(run, table, "", "count, digest and next number were taken from the rows");
    for (unsigned t = 1; t < table->tree_count && rc == BBOTS_OK; t++) {
        rc = index_build(&run->txn->base, engine, t, run->error);
        if (rc == BBOTS_OK) {
            tell(run, table, table->trees[t].name, "the index tree was built anew from the rows");
        }
    }
    if (rc == BBOTS_OK && table->live_count > 0) {
        live_forget(state);
        rc = live_build(&run->txn->base, run->txn->store->live, engine, run->error);
        if (rc == BBOTS_OK) {
            tell(run, table, LIVE_TREE, "the live aggregates were built anew from the rows");
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ all of them */

static int repair_table(repair *run, engine_table *engine)
{
    bbots_check_result found;
    bbots_check_options options = {.table = engine->table, .findings_max = UINT64_MAX};
    int rc = check_stored(run->txn, &options, &found, run->error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    run->result->tables++;
    run->result->rows += found.rows;
    run->result->damage += found.damage;
    run->result->derived += found.derived;
    if (found.derived == 0) {
        return BBOTS_OK;
    }
    rc = rebuild(run, engine);
    return rc == BBOTS_OK ? rc : txn_break(run->txn, rc);
}

/* What is of no table. Afterwards the commit has to say that something changed: a table's record does. */
static int repair_rest(repair *run)
{
    uint64_t marks;
    uint64_t blocks;
    bool counts;
    txn_table *state;
    int rc = repair_strays(run->txn, &marks, &blocks, run->error);
    if (rc == BBOTS_OK) {
        rc = repair_key_counts(run->txn, &counts, run->error);
    }
    if (rc != BBOTS_OK || marks + blocks + counts == 0) {
        return rc;
    }
    run->result->derived += marks + blocks + counts;
    if (marks > 0) {
        tell(run, NULL, MARK_TREE, "marks without a row were taken out");
    }
    if (blocks > 0) {
        tell(run, NULL, LIVE_TREE, "blocks that are of no live aggregate were taken out");
    }
    if (counts) {
        tell(run, NULL, "@keys", "sealed values were counted anew");
    }
    rc = txn_touch(run->txn, &run->txn->store->tables[0], &state, run->error);
    if (rc == BBOTS_OK) {
        state->dirty = true;
    }
    return rc;
}

/* What a judge found, and mended if it follows from other facts. */
static void tell_account(judged_row *of, bbots_severity severity, const char *object,
                         const char *message)
{
    const repair *run = of->context;
    char key_text[ROW_KEY_TEXT_MAX];
    if (severity == BBOTS_DAMAGE) {
        run->result->damage++;
    } else if (severity == BBOTS_DERIVED) {
        run->result->derived++;
    }
    if (severity == BBOTS_DERIVED && run->on_repair != NULL) {
        bbots_finding finding = {.severity = severity,
                                 .table = of->row.table->name,
                                 .object = object,
                                 .key = check_key_text(of->row.table, of->key, key_text),
                                 .message = message};
        run->on_repair(&finding, run->context);
    }
}

int bbots_repair(bbots_txn *txn, void (*on_repair)(const bbots_finding *finding, void *context),
                 void *context, bbots_check_result *result, bbots_error *error)
{
    const bbots_schema *schema = txn->store->schema;
    engine_table *engine;
    repair run = {
        .txn = txn, .on_repair = on_repair, .context = context, .result = result, .error = error};
    memset(result, 0, sizeof *result);
    int rc = statement_begin(txn, schema->tables[0], true, &engine, error);
    for (uint32_t t = 0; t < schema->table_count && rc == BBOTS_OK; t++) {
        rc = repair_table(&run, &txn->store->tables[t]);
    }
    if (rc == BBOTS_OK) {
        rc = repair_rest(&run);
        rc = rc == BBOTS_OK ? rc : txn_break(txn, rc);
    }
    for (uint32_t t = 0; t < schema->table_count && rc == BBOTS_OK; t++) {
        rc = account_mend(txn, &txn->store->tables[t], tell_account, &run, error);
    }
    return rc;
}
