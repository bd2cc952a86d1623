/*
 * table/defer.c - foreign keys that are judged when the transaction ends.
 *
 * As long as every reference of a deferred foreign key leads somewhere, nothing is different: rows
 * in the right order need no second look. The first that leads nowhere opens the foreign key, and
 * its rows are not asked any more. An open one is judged by a walk along its index, where equal
 * values are neighbours: each value is looked up once, in the order of the parent's tree if that
 * has the same one, and a long run of equal values is jumped over.
 *
 * The alternative, to keep the rows that wait and try them again, takes memory by their number: of a
 * dump whose tables stand in alphabetical order that is nearly all rows.
 */
#include "table/engine.h"

#include <bbots/defer.h>

#define RUN_MAX  16u  /* equal values are read one by one so often, then jumped over */
#define JUMP_MAX 200u /* bytes of a value: a longer one may be cut in the index (codec/key.h) */

enum { DEFERRED = 1, OPEN = 2 };

/* ------------------------------------------------------------------ what is deferred */

static int make_marks(bbots_txn *txn, bbots_error *error)
{
    const bbots_schema *schema = txn->store->schema;
    size_t keys = 0;
    for (uint32_t t = 0; t < schema->table_count; t++) {
        keys += schema->tables[t]->foreign_key_count;
    }
    uint8_t **marks = bb_arena_alloc(&txn->arena, sizeof *marks * schema->table_count);
    uint8_t *all = bb_arena_alloc(&txn->arena, keys + 1);
    if (marks == NULL || all == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    memset(all, 0, keys + 1);
    for (uint32_t t = 0; t < schema->table_count; t++) {
        marks[t] = all;
        all += schema->tables[t]->foreign_key_count;
    }
    txn->deferred = marks;
    return BBOTS_OK;
}

/* Marks the foreign keys of a name; returns how many there are. */
static unsigned mark_named(bbots_txn *txn, const char *constraint)
{
    const bbots_schema *schema = txn->store->schema;
    unsigned marked = 0;
    for (uint32_t t = 0; t < schema->table_count; t++) {
        for (unsigned f = 0; f < schema->tables[t]->foreign_key_count; f++) {
            const char *name = schema->tables[t]->foreign_keys[f].name;
            if (constraint == NULL || strcmp(name, constraint) == 0) {
                txn->deferred[t][f] |= DEFERRED;
                marked++;
            }
        }
    }
    return marked;
}

int bbots_defer_references(bbots_txn *txn, const char *constraint, bbots_error *error)
{
    engine_table *engine;
    int rc = statement_begin(txn, txn->store->schema->tables[0], true, &engine, error);
    if (rc == BBOTS_OK && txn->deferred == NULL) {
        rc = make_marks(txn, error);
    }
    if (rc == BBOTS_OK && mark_named(txn, constraint) == 0 && constraint != NULL) {
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT, "constraint \"%s\" does not exist", constraint);
    }
    return rc;
}

/* ------------------------------------------------------------------ rows that come in */

static int judge_one(bbots_txn *txn, const bbots_row *old, const bbots_row *row,
                     const bbots_foreign_key *key, uint8_t *mark, bbots_error *error)
{
    if ((*mark & OPEN) != 0) {
        return BBOTS_OK;
    }
    int rc = reference_check_parent(txn, old, row, key, error);
    if (rc == BBOTS_FOREIGN_KEY_VIOLATION && (*mark & DEFERRED) != 0) {
        *mark |= OPEN;
        bb_error_clear(error);
        rc = BBOTS_OK;
    }
    return rc;
}

int defer_check_parents(bbots_txn *txn, engine_table *table, const bbots_row *old,
                        const bbots_row *row, uint64_t changed, bbots_error *error)
{
    int rc = BBOTS_OK;
    if (txn->deferred == NULL) {
        return reference_check_parents(txn, table, old, row, changed, error);
    }
    for (unsigned f = 0; f < table->table->foreign_key_count && rc == BBOTS_OK; f++) {
        const bbots_foreign_key *key = &table->table->foreign_keys[f];
        uint64_t columns = 0;
        for (unsigned i = 0; i < key->column_count; i++) {
            columns |= BBOTS_COLUMN_BIT(key->columns[i]);
        }
        if ((columns & changed) != 0) {
            uint8_t *mark = &txn->deferred[table->table->number][f];
            rc = judge_one(txn, old, row, key, mark, error);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ the walk */

/* A walk along the index of an open foreign key. */
typedef struct walk {
    bbots_txn *txn;
    const bbots_table *table;
    const bbots_foreign_key *key;
    const bbots_index *index;
    bbots_cursor *cursor;
    bbots_value good[BBOTS_KEY_COLUMNS_MAX]; /* the values that were last found to lead somewhere */
    unsigned run;                            /* rows that had them; 0: there are none */
    bbots_on_orphan *on_orphan;
    void *context;
    uint64_t *count;
    bbots_error *first; /* what the walk fails with */
} walk;

/* A failure beneath; those of earlier rows matter less. */
static int fail_beneath(walk *on, int rc, const bbots_error *why)
{
    if (rc < 0) {
        bb_error_give(on->first, why);
    }
    return rc;
}

/* Opens the cursor, behind the good values if there are some. */
static int place(walk *on)
{
    bbots_range range = {.from = on->good,
                         .from_count = on->run != 0 ? on->key->column_count : 0,
                         .from_exclusive = true};
    bbots_error why;
    bbots_cursor_close(on->cursor);
    on->cursor = NULL;
    on->run = 0;
    int rc = bbots_cursor_open(on->txn, on->table, on->key->index, &range, &on->cursor, &why);
    return fail_beneath(on, rc, &why);
}

/* Whether the walk can be placed behind the good values and miss none. */
static bool can_jump(const walk *on)
{
    const bbots_tree *tree = &on->table->trees[on->index->tree];
    size_t size = 0;
    for (unsigned i = 0; i < on->key->column_count; i++) {
        bool bytes = on->good[i].kind == BBOTS_TEXT || on->good[i].kind == BBOTS_BYTES;
        size += bytes ? on->good[i].size : 0;
    }
    return size <= JUMP_MAX &&
           memcmp(on->index->columns, tree->columns, on->key->column_count) == 0;
}

/* Says that a row's reference leads nowhere; the first one's error is the walk's. */
static int report(walk *on, const bbots_row *row, const bbots_error *why)
{
    bbots_orphan orphan = {row, on->key, why->message};
    if (on->first != NULL && on->first->code == BBOTS_OK) {
        *on->first = *why;
    }
    if (on->count != NULL) {
        *on->count += 1;
    }
    if (on->on_orphan != NULL) {
        on->on_orphan(&orphan, on->context);
    }
    return on->count == NULL && on->on_orphan == NULL ? BBOTS_END : BBOTS_OK;
}

static bool is_good(const walk *on, const bbots_row *row)
{
    return on->run != 0 &&
           codec_key_compare(row, on->index->columns, on->key->column_count, on->good) == 0;
}

static int visit(walk *on, const bbots_row *row, bool *failed)
{
    bbots_error why;
    if (is_good(on, row)) {
        return ++on->run > RUN_MAX && can_jump(on) ? place(on) : BBOTS_OK;
    }
    bb_error_clear(&why);
    int rc = reference_check_parent(on->txn, NULL, row, on->key, &why);
    if (rc == BBOTS_OK) {
        for (unsigned i = 0; i < on->key->column_count; i++) {
            on->good[i] = bbots_row_value(row, on->index->columns[i]);
        }
        on->run = 1;
    } else if (rc == BBOTS_FOREIGN_KEY_VIOLATION) {
        *failed = true;
        rc = report(on, row, &why);
    }
    return fail_beneath(on, rc, &why);
}

/* Nulls come behind all values and reference nothing; behind the first one there is nothing to ask. */
static bool is_past_values(const walk *on, const bbots_row *row)
{
    return bbots_row_value(row, on->index->columns[0]).kind == BBOTS_NULL;
}

static int judge_key(walk *on, bool *failed)
{
    bbots_row row;
    on->index = &on->table->indexes[on->key->index];
    int rc = place(on);
    while (rc == BBOTS_OK) {
        bbots_error why;
        rc = fail_beneath(on, bbots_cursor_next(on->cursor, &row, &why), &why);
        if (rc == BBOTS_OK) {
            rc = is_past_values(on, &row) ? BBOTS_END : visit(on, &row, failed);
        }
    }
    bbots_cursor_close(on->cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static bool is_enough(const walk *on, bool failed)
{
    return failed && on->count == NULL && on->on_orphan == NULL;
}

static int judge(walk *common)
{
    const bbots_schema *schema = common->txn->store->schema;
    bool failed = false;
    int rc = BBOTS_OK;
    for (uint32_t t = 0; t < schema->table_count; t++) {
        const bbots_table *table = schema->tables[t];
        for (unsigned f = 0; f < table->foreign_key_count && rc == BBOTS_OK; f++) {
            uint8_t *mark = &common->txn->deferred[t][f];
            bool bad = false;
            if ((*mark & OPEN) == 0 || is_enough(common, failed)) {
                continue;
            }
            walk on = *common;
            on.table = table;
            on.key = &table->foreign_keys[f];
            rc = judge_key(&on, &bad);
            *mark = (uint8_t)(rc == BBOTS_OK && !bad ? DEFERRED : *mark);
            failed = failed || bad;
        }
    }
    return rc == BBOTS_OK && failed ? BBOTS_FOREIGN_KEY_VIOLATION : rc;
}

int defer_judge(bbots_txn *txn, bbots_error *error)
{
    walk common = {.txn = txn, .first = error};
    return txn->deferred != NULL ? judge(&common) : BBOTS_OK;
}

int bbots_judge_references(bbots_txn *txn, bbots_on_orphan *on_orphan, void *context,
                           uint64_t *count, bbots_error *error)
{
    engine_table *engine;
    bbots_error mine;
    walk common = {
        .txn = txn, .on_orphan = on_orphan, .context = context, .count = count, .first = &mine};
    if (count != NULL) {
        *count = 0;
    }
    int rc = statement_begin(txn, txn->store->schema->tables[0], true, &engine, error);
    if (rc == BBOTS_OK && txn->deferred != NULL) {
        bb_error_clear(&mine);
        rc = judge(&common);
        if (rc < 0 && error != NULL) {
            *error = mine;
        }
    }
    return rc;
}
