/*
 * table/cascade.c - a delete with all that hangs on it, in PostgreSQL's order.
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
 * All this happens to a plan. Nothing is written, so a refusal has changed nothing, and a delete can
 * be explained by the same walk.
 *
 * The walk has a queue and no recursion: a chain of a million rows needs no stack.
 */
#include "table/cascade.h"

void cascade_free(cascade *all)
{
    plan_free(&all->plan);
}

static uint64_t column_set(const uint8_t *columns, unsigned count)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < count; i++) {
        set |= BBOTS_COLUMN_BIT(columns[i]);
    }
    return set;
}

/* ------------------------------------------------------------------ reading */

int cascade_fetch(const cascade *all, const plan_row *row, engine_image *image, bbots_error *error)
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

/* ------------------------------------------------------------------ rows onto the plan */

static int too_many(const cascade *all, bbots_error *error)
{
    uint64_t place = 0;
    const plan_row *first = plan_next(&all->plan, &place);
    const char *name = all->txn->store->tables[first->table].table->name;
    return bb_fail_at(error, BBOTS_TOO_MANY_ROWS, name, NULL, NULL,
                      "the delete on table \"%s\" would delete or change more than %llu row%s",
                      name, (unsigned long long)all->rows_max, all->rows_max == 1 ? "" : "s");
}

static int enter(cascade *all, uint16_t table, store_bytes key, uint64_t *place, bbots_error *error)
{
    int rc = plan_enter(&all->plan, table, key, place, error);
    return rc == BBOTS_OK && all->plan.row_count > all->rows_max ? too_many(all, error) : rc;
}

static int delete_row(cascade *all, uint64_t place, bbots_error *error)
{
    plan_row *row = plan_at(&all->plan, place);
    plan_event event = {place, row->nulls, 0};
    row->deleted = true;
    all->deleted++;
    all->set_null -= row->nulls != 0;
    int rc = all->explains != NULL ? explain_deleted(all->explains, all, row, error) : BBOTS_OK;
    if (rc == BBOTS_OK && all->txn->store->tables[row->table].table->reference_count != 0) {
        rc = plan_queue(&all->plan, &event, error);
    }
    return rc;
}

/* A row that must have a reference is told to forget it. */
static int refuse_null(const cascade *all, const reference_scan *scan, store_bytes row_key,
                       uint64_t columns, bbots_error *error)
{
    const bbots_table *table = scan->child->table;
    const char *column = table->columns[__builtin_ctzll(columns)].name;
    bbots_row_sample sample = {.count = 0};
    int rc = sample_add(all->txn, scan->child, row_key, &sample, error);
    return rc != BBOTS_OK
               ? rc
               : bb_fail_at(error, BBOTS_NOT_NULL_VIOLATION, table->name, column, NULL,
                            "null value in column \"%s\" of table \"%s\" violates not-null "
                            "constraint: \"%s\" would set it to null in row %s",
                            column, table->name, scan->key->name, sample.keys);
}

static int forget_parent(cascade *all, uint64_t place, uint64_t columns, bbots_error *error)
{
    plan_row *row = plan_at(&all->plan, place);
    plan_event event = {place, row->nulls, columns};
    all->set_null += row->nulls == 0;
    row->nulls |= columns;
    int rc = all->explains != NULL ? explain_set_null(all->explains, all, row, columns, error)
                                   : BBOTS_OK;
    if (rc == BBOTS_OK && (columns & all->txn->store->tables[row->table].referenced) != 0) {
        rc = plan_queue(&all->plan, &event, error);
    }
    return rc;
}

/* ------------------------------------------------------------------ the rules */

/* CASCADE or SET NULL for a child that is still there. */
static int apply_rule(cascade *all, bbots_rule rule, const reference_scan *scan,
                      store_bytes row_key, bbots_error *error)
{
    uint64_t place;
    uint64_t columns = column_set(scan->key->columns, scan->key->column_count);
    uint64_t needed = columns & scan->child->not_null;
    if (rule == BBOTS_SET_NULL && needed != 0) {
        if (all->explains == NULL) {
            return refuse_null(all, scan, row_key, needed, error);
        }
        bbots_row_sample *rows = explain_refusal(all->explains, BBOTS_NOT_NULL_VIOLATION,
                                                 scan->child->table, scan->key, error);
        return rows == NULL ? BBOTS_NO_MEMORY
                            : sample_add(all->txn, scan->child, row_key, rows, error);
    }
    int rc = enter(all, scan->child->table->number, row_key, &place, error);
    if (rc == BBOTS_OK) {
        rc = rule == BBOTS_CASCADE ? delete_row(all, place, error)
                                   : forget_parent(all, place, columns, error);
    }
    return rc;
}

/* NO ACTION: a child is still there. Such rows are counted where the walk ends, or explained. */
static int refuse(cascade *all, const reference_scan *scan, store_bytes row_key,
                  bbots_row_sample *in_the_way, bbots_error *error)
{
    if (all->explains != NULL) {
        in_the_way = explain_refusal(all->explains, BBOTS_FOREIGN_KEY_VIOLATION, scan->child->table,
                                     scan->key, error);
    }
    return in_the_way == NULL ? BBOTS_NO_MEMORY
                              : sample_add(all->txn, scan->child, row_key, in_the_way, error);
}

static int follow_reference(cascade *all, bbots_reference reference, bbots_rule rule,
                            const bbots_row *parent, bbots_error *error)
{
    reference_scan scan;
    store_bytes row_key;
    bbots_row_sample in_the_way = {.count = 0};
    int rc = reference_scan_open(all->txn, reference, parent, &scan, error);
    uint64_t columns = column_set(scan.key->columns, scan.key->column_count);
    while (rc == BBOTS_OK && in_the_way.count <= REFERENCE_COUNT_MAX) {
        rc = reference_scan_next(all->txn, &scan, &row_key, error);
        const plan_row *row =
            rc == BBOTS_OK ? plan_find(&all->plan, reference.table, row_key) : NULL;
        if (rc != BBOTS_OK || (row != NULL && (row->deleted || (row->nulls & columns) != 0))) {
            continue;
        }
        rc = rule == BBOTS_NO_ACTION ? refuse(all, &scan, row_key, &in_the_way, error)
                                     : apply_rule(all, rule, &scan, row_key, error);
    }
    if (rc >= 0 && in_the_way.count > 0) {
        rc = reference_refuse(parent, &scan, &in_the_way, error);
    }
    reference_scan_close(&scan);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* ------------------------------------------------------------------ the queue */

/*
 * Whether an event concerns a foreign key. A key with a null in it was referenced by nothing, and a
 * change only concerns those whose columns it changed.
 */
static bool concerns(const plan_event *event, const bbots_foreign_key *key)
{
    uint64_t columns = column_set(key->parent_columns, key->column_count);
    return (columns & event->before) == 0 &&
           (event->changed == 0 || (columns & event->changed) != 0);
}

/* Most of a schema's tables are empty in most stores: a look that is cheaper than a scan. */
static int has_rows(cascade *all, const engine_table *table, bool *rows, bbots_error *error)
{
    uint64_t count = 0;
    int rc = store_tree_count(&all->txn->base, table->trees[0], &count, error);
    *rows = count != 0;
    return rc;
}

/* Writes the entries that wait in the trees that the event will read. */
static int settle(cascade *all, const bbots_table *table, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned r = 0; r < table->reference_count && rc == BBOTS_OK; r++) {
        rc = reference_settle(all->txn, table->references[r], error);
    }
    return rc;
}

/* A change's references have their turn. */
static int run_event(cascade *all, const plan_event *event, bbots_error *error)
{
    const bbots_schema *schema = all->txn->store->schema;
    const plan_row *row = plan_at(&all->plan, event->row);
    const bbots_table *table = schema->tables[row->table];
    engine_image image;
    int rc = settle(all, table, error); /* the last write of the walk: the row is read after it */
    if (rc == BBOTS_OK) {
        rc = cascade_fetch(all, row, &image, error);
    }
    for (unsigned r = 0; r < table->reference_count && rc == BBOTS_OK; r++) {
        bbots_reference reference = table->references[r];
        const bbots_foreign_key *key =
            &schema->tables[reference.table]->foreign_keys[reference.foreign_key];
        bool rows = false;
        if (concerns(event, key)) {
            rc = has_rows(all, &all->txn->store->tables[reference.table], &rows, error);
        }
        if (rc == BBOTS_OK && rows) {
            bbots_rule rule = event->changed != 0 ? BBOTS_NO_ACTION : (bbots_rule)key->on_delete;
            rc = follow_reference(all, reference, rule, &image.row, error);
        }
    }
    return rc;
}

int cascade_make(cascade *all, bbots_txn *txn, engine_table *table, store_bytes key,
                 uint64_t rows_max, explainer *explains, bbots_error *error)
{
    uint64_t place;
    plan_event event;
    *all = (cascade){.txn = txn, .rows_max = rows_max, .explains = explains};
    plan_init(&all->plan);
    int rc = enter(all, table->table->number, key, &place, error);
    if (rc == BBOTS_OK) {
        rc = delete_row(all, place, error);
    }
    while (rc == BBOTS_OK && plan_take(&all->plan, &event)) {
        rc = run_event(all, &event, error);
    }
    return rc;
}
