/*
 * table/delete.c - a delete with all that hangs on it.
 *
 * First a plan: starting from the row, everything that references a row of the plan is looked at.
 *   1. CASCADE adds the referencing row to the plan.
 *   2. SET NULL notes which of its columns become null.
 *   3. When the plan is complete, every row of it is looked at again for NO ACTION: a referencing
 *      row that neither goes away nor gets a null there refuses the whole statement.
 *   4. SET NULL on a column that must have a value refuses it too.
 * Only then is anything written: the nulls first, the deletions after. So a refusal has changed
 * nothing, and the order in which rows are met decides nothing: a row that one path would refuse
 * and another cascades to is deleted (the supplement to the schema: "cascades of the same
 * statement counted first").
 *
 * The plan keeps a primary key and some 40 bytes for each row, in the statement's memory.
 */
#include "table/engine.h"

#include <stdlib.h>

typedef struct plan_row {
    struct plan_row *next;  /* in the order in which they were met */
    struct plan_row *chain; /* in the hash table */
    uint64_t nulls;         /* columns that become null */
    uint32_t hash;
    uint16_t table;
    uint16_t key_size;
    bool deleted;
    bool followed;          /* its references were looked at */
    uint8_t key[];
} plan_row;

typedef struct plan {
    bbots_txn *txn;
    plan_row *first;
    plan_row **last;
    plan_row **slots;
    size_t slot_count;
    size_t row_count;
} plan;

/* ------------------------------------------------------------------ the set of rows */

static uint32_t hash_key(uint16_t table, store_bytes key)
{
    return (uint32_t)(bb_hash64(key.data, key.size) * 31 + table);
}

static bool grow_slots(plan *all)
{
    size_t count = all->slot_count == 0 ? 64 : all->slot_count * 4;
    plan_row **slots = calloc(count, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (plan_row *row = all->first; row != NULL; row = row->next) {
        plan_row **slot = &slots[row->hash & (count - 1)];
        row->chain = *slot;
        *slot = row;
    }
    free(all->slots);
    all->slots = slots;
    all->slot_count = count;
    return true;
}

static plan_row *find_row(const plan *all, uint16_t table, store_bytes key)
{
    if (all->slot_count == 0) {
        return NULL;
    }
    uint32_t hash = hash_key(table, key);
    plan_row *row = all->slots[hash & (all->slot_count - 1)];
    while (row != NULL && (row->hash != hash || row->table != table ||
                           row->key_size != key.size ||
                           memcmp(row->key, key.data, key.size) != 0)) {
        row = row->chain;
    }
    return row;
}

static int add_row(plan *all, uint16_t table, store_bytes key, plan_row **added,
                   bbots_error *error)
{
    *added = find_row(all, table, key);
    if (*added != NULL) {
        return BBOTS_OK;
    }
    plan_row *row = bb_arena_alloc(&all->txn->scratch, sizeof *row + key.size);
    if (row == NULL || (all->row_count >= all->slot_count && !grow_slots(all))) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    memset(row, 0, sizeof *row);
    row->table = table;
    row->key_size = (uint16_t)key.size;
    memcpy(row->key, key.data, key.size);
    row->hash = hash_key(table, key);
    plan_row **slot = &all->slots[row->hash & (all->slot_count - 1)];
    row->chain = *slot;
    *slot = row;
    *all->last = row;
    all->last = &row->next;
    all->row_count++;
    *added = row;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ looking at references */

static const bbots_foreign_key *key_of(const plan *all, bbots_reference reference)
{
    return &all->txn->store->schema->tables[reference.table]->foreign_keys[reference.foreign_key];
}

static uint64_t columns_of(const bbots_foreign_key *key)
{
    uint64_t columns = 0;
    for (unsigned i = 0; i < key->column_count; i++) {
        columns |= BBOTS_COLUMN_BIT(key->columns[i]);
    }
    return columns;
}

static uint64_t parent_columns_of(const bbots_foreign_key *key)
{
    uint64_t columns = 0;
    for (unsigned i = 0; i < key->column_count; i++) {
        columns |= BBOTS_COLUMN_BIT(key->parent_columns[i]);
    }
    return columns;
}

/* Reads the row of the plan; it must be there, the entry that led to it says so. */
static int fetch(plan *all, const plan_row *row, engine_image *image, bbots_error *error)
{
    engine_table *table = &all->txn->store->tables[row->table];
    store_bytes key = {row->key, row->key_size};
    int rc = row_fetch(all->txn, table, key, &image->row, &image->hash, error);
    if (rc == BBOTS_NOT_FOUND) {
        return bb_fail_at(error, BBOTS_CORRUPTED, table->table->name, NULL, NULL,
                          "an index of table \"%s\" has an entry without a row",
                          table->table->name);
    }
    memcpy(image->key, row->key, row->key_size);
    image->key_size = row->key_size;
    return rc;
}

/* Steps 1 and 2 for the rows that reference `parent` by one foreign key. */
static int follow_reference(plan *all, bbots_reference reference, const bbots_row *parent,
                            bbots_error *error)
{
    const bbots_foreign_key *key = key_of(all, reference);
    reference_scan scan;
    store_bytes row_key;
    plan_row *row;
    int rc = reference_scan_open(all->txn, reference, parent, &scan, error);
    while (rc == BBOTS_OK) {
        rc = reference_scan_next(all->txn, &scan, &row_key, error);
        if (rc == BBOTS_OK) {
            rc = add_row(all, reference.table, row_key, &row, error);
        }
        if (rc == BBOTS_OK && key->on_delete == BBOTS_CASCADE) {
            row->deleted = true;
        } else if (rc == BBOTS_OK) {
            row->nulls |= columns_of(key);
        }
    }
    reference_scan_close(&scan);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* Step 3: what still references a row that goes away. */
static int refuse_reference(plan *all, bbots_reference reference, const bbots_row *parent,
                            bbots_error *error)
{
    uint64_t columns = columns_of(key_of(all, reference));
    reference_scan scan;
    store_bytes row_key;
    int rc = reference_scan_open(all->txn, reference, parent, &scan, error);
    while (rc == BBOTS_OK) {
        rc = reference_scan_next(all->txn, &scan, &row_key, error);
        const plan_row *row = rc == BBOTS_OK ? find_row(all, reference.table, row_key) : NULL;
        if (rc == BBOTS_OK && (row == NULL || (!row->deleted && (row->nulls & columns) == 0))) {
            rc = reference_refuse(parent, &scan, error);
        }
    }
    reference_scan_close(&scan);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* Goes through a row's references of one kind. */
static int each_reference(plan *all, const plan_row *row, bool refusing, bbots_error *error)
{
    const bbots_table *table = all->txn->store->schema->tables[row->table];
    engine_image image;
    bool read = false;
    int rc = BBOTS_OK;
    for (unsigned r = 0; r < table->reference_count && rc == BBOTS_OK; r++) {
        bbots_reference reference = table->references[r];
        if ((key_of(all, reference)->on_delete == BBOTS_NO_ACTION) != refusing) {
            continue;
        }
        if (!read) {
            rc = fetch(all, row, &image, error);
            read = true;
        }
        if (rc == BBOTS_OK) {
            rc = refusing ? refuse_reference(all, reference, &image.row, error)
                          : follow_reference(all, reference, &image.row, error);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ the plan */

/*
 * A row that was first met by SET NULL and later by CASCADE is followed when its turn comes or,
 * if that is over, at the next pass; each pass ends with more deleted rows or is the last.
 */
static int complete_plan(plan *all, bbots_error *error)
{
    int rc = BBOTS_OK;
    size_t followed;
    do {
        followed = 0;
        for (plan_row *row = all->first; row != NULL && rc == BBOTS_OK; row = row->next) {
            if (row->deleted && !row->followed) {
                row->followed = true;
                followed++;
                rc = each_reference(all, row, false, error);
            }
        }
    } while (followed > 0 && rc == BBOTS_OK);
    return rc;
}

static int null_refused(const bbots_table *table, uint64_t columns, bbots_error *error)
{
    const char *name = table->columns[__builtin_ctzll(columns)].name;
    return bb_fail_at(error, BBOTS_NOT_NULL_VIOLATION, table->name, name, NULL,
                      "null value in column \"%s\" of table \"%s\" violates not-null constraint",
                      name, table->name);
}

/* The row as SET NULL will leave it. */
static int null_image(plan *all, const plan_row *row, const engine_image *old,
                      engine_image *image, bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    engine_table *table = &all->txn->store->tables[row->table];
    for (unsigned c = 0; c < old->row.table->column_count; c++) {
        values[c] = (row->nulls & BBOTS_COLUMN_BIT(c)) != 0 ? bbots_value_null()
                                                            : bbots_row_value(&old->row, c);
    }
    return row_make(all->txn, table, values, image, error);
}

/* Columns that become null may themselves be referenced: then nothing may be left that does. */
static int judge_null_row(plan *all, const plan_row *row, bbots_error *error)
{
    const engine_table *table = &all->txn->store->tables[row->table];
    engine_image old;
    if ((row->nulls & table->not_null) != 0) {
        return null_refused(table->table, row->nulls & table->not_null, error);
    }
    if ((row->nulls & table->referenced) == 0) {
        return BBOTS_OK;
    }
    int rc = fetch(all, row, &old, error);
    for (unsigned r = 0; r < table->table->reference_count && rc == BBOTS_OK; r++) {
        bbots_reference reference = table->table->references[r];
        if ((parent_columns_of(key_of(all, reference)) & row->nulls) != 0) {
            rc = refuse_reference(all, reference, &old.row, error);
        }
    }
    return rc;
}

static int judge_plan(plan *all, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (const plan_row *row = all->first; row != NULL && rc == BBOTS_OK; row = row->next) {
        rc = row->deleted ? each_reference(all, row, true, error)
                          : judge_null_row(all, row, error);
    }
    return rc;
}

/* ------------------------------------------------------------------ carrying it out */

static int set_nulls(plan *all, const plan_row *row, const engine_image *old, txn_table *state,
                     bbots_error *error)
{
    engine_image image;
    int rc = null_image(all, row, old, &image, error);
    return rc == BBOTS_OK ? table_change(all->txn, state, old, &image, error) : rc;
}

static int carry_out_row(plan *all, const plan_row *row, bbots_error *error)
{
    engine_image old;
    txn_table *state;
    int rc = txn_touch(all->txn, &all->txn->store->tables[row->table], &state, error);
    if (rc == BBOTS_OK) {
        rc = fetch(all, row, &old, error);
    }
    if (rc == BBOTS_OK) {
        rc = row_keep(all->txn, &old, error);
    }
    if (rc == BBOTS_OK) {
        rc = row->deleted ? table_change(all->txn, state, &old, NULL, error)
                          : set_nulls(all, row, &old, state, error);
    }
    return rc;
}

static int carry_out(plan *all, bool deletions, bbots_deleted *deleted, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (const plan_row *row = all->first; row != NULL && rc == BBOTS_OK; row = row->next) {
        if (row->deleted != deletions) {
            continue;
        }
        bb_arena_mark mark = bb_arena_mark_here(&all->txn->scratch);
        rc = carry_out_row(all, row, error);
        bb_arena_rewind(&all->txn->scratch, mark);
        deleted->cascaded += row->deleted && row != all->first;
        deleted->set_null += !row->deleted;
    }
    return rc;
}

static int run_plan(plan *all, bbots_deleted *deleted, bbots_error *error)
{
    int rc = complete_plan(all, error);
    if (rc == BBOTS_OK) {
        rc = judge_plan(all, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    /* From the first change on there is no way back but the transaction's. */
    rc = carry_out(all, false, deleted, error);
    if (rc == BBOTS_OK) {
        rc = carry_out(all, true, deleted, error);
        deleted->rows = 1;
    }
    return rc == BBOTS_OK ? rc : txn_break(all->txn, rc);
}

int bbots_delete(bbots_txn *txn, const bbots_table *table, unsigned index, const bbots_value *key,
                 bbots_deleted *deleted, bbots_error *error)
{
    engine_table *engine;
    engine_image image;
    bbots_deleted counted = {0, 0, 0};
    bbots_value stored[BBOTS_KEY_COLUMNS_MAX];
    int rc = statement_begin(txn, table, true, &engine, error);
    if (rc == BBOTS_OK) {
        rc = row_key(txn, table, index, key, stored, NULL, NULL, error);
    }
    if (rc == BBOTS_OK) {
        rc = row_find(txn, engine, index, stored, &image, error);
    }
    if (rc == BBOTS_OK) {
        plan all = {.txn = txn};
        plan_row *row;
        store_bytes row_bytes = {image.key, image.key_size};
        all.last = &all.first;
        rc = add_row(&all, table->number, row_bytes, &row, error);
        if (rc == BBOTS_OK) {
            row->deleted = true;
            rc = run_plan(&all, &counted, error);
        }
        free(all.slots);
    }
    if (deleted != NULL) {
        *deleted = counted;
    }
    return rc;
}
