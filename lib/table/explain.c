/*
 * table/explain.c - what a delete would do: the same walk, with somebody who takes notes.
 */
#include "table/cascade.h"

#include <stdlib.h>

struct explainer {
    bbots_explanation *made;
    bbots_effect *effects;   /* room for every table of the schema */
    bbots_effect **of_table; /* by number; NULL: nothing happened to it yet */
    bbots_refusal *refusals;
    uint32_t refusal_room;
};

/* ------------------------------------------------------------------ notes */

static bbots_effect *effect_on(explainer *to, const bbots_table *table)
{
    bbots_effect **effect = &to->of_table[table->number];
    if (*effect == NULL) {
        *effect = &to->effects[to->made->effect_count++];
        (*effect)->table = table;
    }
    return *effect;
}

static int note_row(const cascade *all, const plan_row *row, bbots_row_sample *sample,
                    bbots_error *error)
{
    store_bytes key = {row->key, row->key_size};
    return sample_add(all->txn, &all->txn->store->tables[row->table], key, sample, error);
}

int explain_deleted(explainer *to, const cascade *all, const plan_row *row, bbots_error *error)
{
    bbots_effect *effect = effect_on(to, all->txn->store->tables[row->table].table);
    effect->set_null.count -= row->nulls != 0;
    return note_row(all, row, &effect->deleted, error);
}

int explain_set_null(explainer *to, const cascade *all, const plan_row *row, uint64_t columns,
                     bbots_error *error)
{
    bbots_effect *effect = effect_on(to, all->txn->store->tables[row->table].table);
    bool first = row->nulls == columns;
    effect->null_columns |= columns;
    return first ? note_row(all, row, &effect->set_null, error) : BBOTS_OK;
}

bbots_row_sample *explain_refusal(explainer *to, int code, const bbots_table *table,
                                  const bbots_foreign_key *key, bbots_error *error)
{
    uint32_t count = to->made->refusal_count;
    for (uint32_t i = 0; i < count; i++) {
        if (to->refusals[i].reference == key && to->refusals[i].code == code) {
            return &to->refusals[i].rows;
        }
    }
    if (count == to->refusal_room) {
        uint32_t room = count == 0 ? 8 : count * 2;
        bbots_refusal *moved = realloc(to->refusals, room * sizeof *moved);
        if (moved == NULL) {
            bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
            return NULL;
        }
        to->refusals = moved;
        to->refusal_room = room;
    }
    bbots_refusal *refusal = &to->refusals[to->made->refusal_count++];
    *refusal = (bbots_refusal){.code = code, .table = table, .reference = key};
    return &refusal->rows;
}

/* ------------------------------------------------------------------ begin and end */

void bbots_explanation_free(bbots_explanation *explanation)
{
    if (explanation != NULL) {
        free((void *)(uintptr_t)explanation->effects);
        free((void *)(uintptr_t)explanation->refusals);
        free(explanation);
    }
}

static bool begin(explainer *to, const bbots_schema *schema)
{
    *to = (explainer){.made = calloc(1, sizeof *to->made),
                      .effects = calloc(schema->table_count, sizeof *to->effects),
                      .of_table = calloc(schema->table_count, sizeof *to->of_table)};
    return to->made != NULL && to->effects != NULL && to->of_table != NULL;
}

/* Hands the result over, or frees it. */
static void end(explainer *to, const cascade *all, bool whole, bbots_explanation **explanation)
{
    free(to->of_table);
    if (!whole) {
        free(to->effects);
        free(to->refusals);
        free(to->made);
        return;
    }
    to->made->deleted = all->deleted;
    to->made->set_null = all->set_null;
    to->made->effects = to->effects;
    to->made->refusals = to->refusals;
    *explanation = to->made;
}

int bbots_explain_delete(bbots_txn *txn, const bbots_table *table, unsigned index,
                         const bbots_value *key, bbots_explanation **explanation,
                         bbots_error *error)
{
    engine_table *engine;
    engine_image image;
    explainer to;
    cascade all;
    int rc = delete_find(txn, table, index, key, false, &engine, &image, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    store_bytes row_key = {image.key, image.key_size};
    bool room = begin(&to, txn->store->schema);
    if (room) {
        rc = cascade_make(&all, txn, engine, row_key, UINT64_MAX, &to, error);
    } else {
        rc = bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    end(&to, &all, rc == BBOTS_OK, explanation);
    if (room) {
        cascade_free(&all);
    }
    return rc;
}
