/*
 * table/delete.c - a delete: the plan is made whole (cascade.c), then carried out.
 *
 * Nulls are set first, rows are deleted after. Within each of the two, stretches of the plan are
 * brought into the order of tables and primary keys: what a cascade found in the order of an index
 * lies scattered over the table's tree, and in order each of its pages is visited once. The order
 * of writing is nobody's business; that of judging was the plan's.
 */
#include "table/cascade.h"

#include <stdlib.h>

#define STRETCH_ROWS 65536u /* that are sorted at a time: eight bytes each */

int delete_find(bbots_txn *txn, const bbots_table *table, unsigned index, const bbots_value *key,
                bool write, engine_table **engine, engine_image *image, bbots_error *error)
{
    bbots_value stored[BBOTS_KEY_COLUMNS_MAX];
    int rc = statement_begin(txn, table, write, engine, error);
    if (rc == BBOTS_OK) {
        rc = row_key(txn, table, index, key, stored, NULL, NULL, error);
    }
    return rc == BBOTS_OK ? row_find(txn, *engine, index, stored, image, error) : rc;
}

/* ------------------------------------------------------------------ one row */

static int set_nulls(bbots_txn *txn, const plan_row *row, const engine_image *old, txn_table *state,
                     bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    engine_image image;
    bool patch = row_can_patch(state->engine, &old->row, row->nulls);
    for (unsigned c = 0; c < old->row.table->column_count; c++) {
        bool null = (row->nulls & BBOTS_COLUMN_BIT(c)) != 0;
        if (null || !patch) {
            values[c] = null ? bbots_value_null() : bbots_row_value(&old->row, c);
        }
    }
    int rc = patch ? row_patch(txn, state->engine, old, values, row->nulls, &image, error)
                   : row_make(txn, state->engine, values, &image, error);
    return rc == BBOTS_OK ? table_change(txn, state, old, &image, error) : rc;
}

static int carry_out_row(const cascade *all, const plan_row *row, bbots_error *error)
{
    engine_image old;
    txn_table *state;
    bbots_txn *txn = all->txn;
    bb_arena_mark mark = bb_arena_mark_here(&txn->scratch);
    int rc = txn_touch(txn, &txn->store->tables[row->table], &state, error);
    if (rc == BBOTS_OK) {
        rc = cascade_fetch(all, row, &old, error);
    }
    if (rc == BBOTS_OK) {
        rc = row_keep(txn, &old, error);
    }
    if (rc == BBOTS_OK) {
        rc = row->deleted ? table_change(txn, state, &old, NULL, error)
                          : set_nulls(txn, row, &old, state, error);
    }
    bb_arena_rewind(&txn->scratch, mark);
    return rc;
}

/* ------------------------------------------------------------------ the whole plan */

static int compare_rows(const void *left, const void *right)
{
    const plan_row *a = *(const plan_row *const *)left;
    const plan_row *b = *(const plan_row *const *)right;
    if (a->table != b->table) {
        return a->table < b->table ? -1 : 1;
    }
    size_t common = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = memcmp(a->key, b->key, common);
    return order != 0 ? order : (a->key_size > b->key_size) - (a->key_size < b->key_size);
}

/* Carries out the rows of one kind in the next stretch of the plan. */
static int carry_out_stretch(cascade *all, bool deletions, uint64_t *place, const plan_row **rows,
                             size_t room, bbots_error *error)
{
    size_t count = 0;
    const plan_row *row = NULL;
    while (count < room && (row = plan_next(&all->plan, place)) != NULL) {
        if (row->deleted == deletions) {
            rows[count++] = row;
        }
    }
    qsort(rows, count, sizeof(const plan_row *), compare_rows);
    int rc = BBOTS_OK;
    for (size_t i = 0; i < count && rc == BBOTS_OK; i++) {
        rc = carry_out_row(all, rows[i], error);
    }
    plan_pass(&all->plan, *place);
    return rc == BBOTS_OK && row == NULL ? BBOTS_END : rc;
}

static int carry_out(cascade *all, bool deletions, const plan_row **rows, size_t room,
                     bbots_error *error)
{
    uint64_t place = 0;
    int rc;
    do {
        rc = carry_out_stretch(all, deletions, &place, rows, room, error);
    } while (rc == BBOTS_OK);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int run_plan(cascade *all, bbots_error *error)
{
    size_t room = all->plan.row_count < STRETCH_ROWS ? all->plan.row_count : STRETCH_ROWS;
    const plan_row **rows = malloc(room * sizeof *rows);
    if (rows == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    /* From the first change on there is no way back but the transaction's. */
    int rc = all->set_null > 0 ? carry_out(all, false, rows, room, error) : BBOTS_OK;
    if (rc == BBOTS_OK) {
        rc = carry_out(all, true, rows, room, error);
    }
    free(rows);
    return rc == BBOTS_OK ? rc : txn_break(all->txn, rc);
}

/* ------------------------------------------------------------------ the statement */

int bbots_delete_at_most(bbots_txn *txn, const bbots_table *table, unsigned index,
                         const bbots_value *key, uint64_t rows_max, bbots_deleted *deleted,
                         bbots_error *error)
{
    engine_table *engine;
    engine_image image;
    bbots_deleted counted = {0, 0, 0};
    int rc = delete_find(txn, table, index, key, true, &engine, &image, error);
    if (rc == BBOTS_OK) {
        cascade all;
        store_bytes row_key = {image.key, image.key_size};
        rc = cascade_make(&all, txn, engine, row_key, rows_max, NULL, error);
        if (rc == BBOTS_OK) {
            rc = run_plan(&all, error);
        }
        if (rc == BBOTS_OK) {
            counted = (bbots_deleted){1, all.deleted - 1, all.set_null};
        }
        cascade_free(&all);
    }
    if (deleted != NULL) {
        *deleted = counted;
    }
    return rc;
}

int bbots_delete(bbots_txn *txn, const bbots_table *table, unsigned index, const bbots_value *key,
                 bbots_deleted *deleted, bbots_error *error)
{
    return bbots_delete_at_most(txn, table, index, key, UINT64_MAX, deleted, error);
}
