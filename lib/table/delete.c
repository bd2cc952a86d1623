/*
 * table/delete.c - a delete with all that hangs on it, in PostgreSQL's order.
 *
 * PostgreSQL keeps foreign keys by triggers that wait in a queue. A row that goes away queues one
 * for each foreign key that references its table, in the order in which these were declared; what
 * a trigger deletes or sets to null queues its own at the end. So the graph is walked level by
 * level, and a reference is judged when its turn comes:
 *   1. CASCADE deletes the referencing rows that are there at that moment.
 *   2. SET NULL sets their columns to null, which is refused at once when one must have a value.
 *      Where others reference these columns, that is a change of a key: see 3.
 *   3. NO ACTION refuses when a referencing row is there at that moment. A row that a longer path
 *      would delete later is still there; one that an earlier turn deleted is not.
 * All this happens to a plan first. Only when the queue is empty is anything written: the nulls
 * first, the deletions after. So a refusal has changed nothing.
 *
 * The plan keeps a primary key and some 80 bytes for each row, in the statement's memory.
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
    uint8_t key[];
} plan_row;

/* A change whose references wait for their turn. */
typedef struct plan_event {
    struct plan_event *next;
    plan_row *row;
    uint64_t before;  /* columns that the plan had set to null before the change */
    uint64_t changed; /* columns that the change set to null; 0: the row was deleted */
} plan_event;

typedef struct plan {
    bbots_txn *txn;
    plan_row *first;
    plan_row **last;
    plan_row **slots;
    size_t slot_count;
    size_t row_count;
    plan_event *events;
    plan_event **events_end;
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

/* ------------------------------------------------------------------ the queue */

static int queue(plan *all, plan_row *row, uint64_t changed, bbots_error *error)
{
    plan_event *event = bb_arena_alloc(&all->txn->scratch, sizeof *event);
    if (event == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    *event = (plan_event){.row = row, .before = row->nulls, .changed = changed};
    *all->events_end = event;
    all->events_end = &event->next;
    return BBOTS_OK;
}

static uint64_t column_set(const uint8_t *columns, unsigned count)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < count; i++) {
        set |= BBOTS_COLUMN_BIT(columns[i]);
    }
    return set;
}

static int null_refused(const bbots_table *table, uint64_t columns, bbots_error *error)
{
    const char *name = table->columns[__builtin_ctzll(columns)].name;
    return bb_fail_at(error, BBOTS_NOT_NULL_VIOLATION, table->name, name, NULL,
                      "null value in column \"%s\" of table \"%s\" violates not-null constraint",
                      name, table->name);
}

static int delete_row(plan *all, plan_row *row, bbots_error *error)
{
    row->deleted = true;
    return queue(all, row, 0, error);
}

static int forget_parent(plan *all, plan_row *row, uint64_t columns, bbots_error *error)
{
    const engine_table *table = &all->txn->store->tables[row->table];
    if ((columns & table->not_null) != 0) {
        return null_refused(table->table, columns & table->not_null, error);
    }
    int rc = (columns & table->referenced) != 0 ? queue(all, row, columns, error) : BBOTS_OK;
    row->nulls |= columns;
    return rc;
}

/* ------------------------------------------------------------------ looking at references */

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

/* Carries out one foreign key's rule for a child that the scan found and that is still there. */
static int apply_rule(plan *all, bbots_rule rule, const bbots_row *parent,
                      const reference_scan *scan, store_bytes row_key, bbots_error *error)
{
    plan_row *row;
    uint16_t table = scan->child->table->number;
    if (rule == BBOTS_NO_ACTION) {
        return reference_refuse(parent, scan, error);
    }
    int rc = add_row(all, table, row_key, &row, error);
    if (rc == BBOTS_OK) {
        rc = rule == BBOTS_CASCADE
                 ? delete_row(all, row, error)
                 : forget_parent(all, row, column_set(scan->key->columns, scan->key->column_count),
                                 error);
    }
    return rc;
}

static int follow_reference(plan *all, bbots_reference reference, bbots_rule rule,
                            const bbots_row *parent, bbots_error *error)
{
    reference_scan scan;
    store_bytes row_key;
    int rc = reference_scan_open(all->txn, reference, parent, &scan, error);
    uint64_t columns = column_set(scan.key->columns, scan.key->column_count);
    while (rc == BBOTS_OK) {
        rc = reference_scan_next(all->txn, &scan, &row_key, error);
        const plan_row *row = rc == BBOTS_OK ? find_row(all, reference.table, row_key) : NULL;
        if (rc == BBOTS_OK && (row == NULL || (!row->deleted && (row->nulls & columns) == 0))) {
            rc = apply_rule(all, rule, parent, &scan, row_key, error);
        }
    }
    reference_scan_close(&scan);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* A change's references have their turn. A key with a null in it was referenced by nothing. */
static int run_event(plan *all, const plan_event *event, bbots_error *error)
{
    const bbots_schema *schema = all->txn->store->schema;
    const bbots_table *table = schema->tables[event->row->table];
    engine_image image;
    int rc = BBOTS_OK;
    for (unsigned r = 0; r < table->reference_count && rc == BBOTS_OK; r++) {
        bbots_reference reference = table->references[r];
        const bbots_foreign_key *key =
            &schema->tables[reference.table]->foreign_keys[reference.foreign_key];
        uint64_t columns = column_set(key->parent_columns, key->column_count);
        bool update = event->changed != 0;
        if ((columns & event->before) != 0 || (update && (columns & event->changed) == 0)) {
            continue;
        }
        rc = reference_settle(all->txn, reference, error); /* a write: the row is read after it */
        if (rc == BBOTS_OK) {
            rc = fetch(all, event->row, &image, error);
        }
        if (rc == BBOTS_OK) {
            rc = follow_reference(all, reference,
                                  update ? BBOTS_NO_ACTION : (bbots_rule)key->on_delete,
                                  &image.row, error);
        }
    }
    return rc;
}

static int complete_plan(plan *all, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (plan_event *event = all->events; event != NULL && rc == BBOTS_OK; event = event->next) {
        rc = run_event(all, event, error);
    }
    return rc;
}

/* ------------------------------------------------------------------ carrying it out */

static int set_nulls(plan *all, const plan_row *row, const engine_image *old, txn_table *state,
                     bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    engine_image image;
    for (unsigned c = 0; c < old->row.table->column_count; c++) {
        values[c] = (row->nulls & BBOTS_COLUMN_BIT(c)) != 0 ? bbots_value_null()
                                                            : bbots_row_value(&old->row, c);
    }
    int rc = row_make(all->txn, state->engine, values, &image, error);
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
        all.events_end = &all.events;
        rc = add_row(&all, table->number, row_bytes, &row, error);
        if (rc == BBOTS_OK) {
            rc = delete_row(&all, row, error);
        }
        if (rc == BBOTS_OK) {
            rc = run_plan(&all, &counted, error);
        }
        free(all.slots);
    }
    if (deleted != NULL) {
        *deleted = counted;
    }
    return rc;
}
