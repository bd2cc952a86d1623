/*
 * tests/model/test_model.c - random operations on a store and on arrays in memory must agree.
 *
 * The model knows the same descriptors and is as simple as can be: rows are arrays of numbers in a
 * list, every question is answered by looking at all of them, a savepoint is a copy of everything.
 * For each statement it says which status must come back; after some, all rows in the order of all
 * indexes are compared. Covered: insert, update (keys too), upsert, delete with its cascades, look-up,
 * savepoints, commit, rollback, reopening, and snapshots that are held open meanwhile.
 *
 * Two processes do so in turns on one file. Each has its own store and its own snapshots, which it
 * holds while the other one writes; what was committed lies in memory that both share. Only one of
 * them runs at a time, so a seed gives the same run again.
 *
 * BBOTS_OPERATIONS is the number of statements (20,000), BBOTS_SEED repeats a run; model.sh adds up
 * many runs.
 */
#include "support/support.h"

#include <bbots/sample.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define NONE           INT64_MIN /* SQL NULL in the model */
#define ROWS_MAX       160
#define COLUMNS_MAX    6
#define TABLES         4
#define SAVEPOINTS_MAX 8
#define SNAPSHOTS_MAX  4

static const bbots_table *const tables[TABLES] = {&sample_owners_table, &sample_folders_table,
                                                  &sample_docs_table, &sample_nodes_table};

typedef struct row {
    int64_t at[COLUMNS_MAX];
} row;

typedef struct rows {
    row list[ROWS_MAX];
    unsigned count;
    int64_t next; /* of the serial */
} rows;

typedef struct model {
    rows of[TABLES];
} model;

typedef struct snapshot {
    bbots_txn *txn;
    model seen;
} snapshot;

/* What both processes know. */
typedef struct shared {
    random_source source;
    model committed;
    int64_t numbers; /* columns hold 1 to this: few make conflicts, many make pages split */
    uint64_t operations;
    uint64_t statements;
    uint64_t refused;
    uint64_t comparisons;
    uint64_t reopened;
    uint64_t undone;
    uint64_t turns;
} shared;

/* One process's part. */
typedef struct run {
    fixture *place;
    shared *all;
    bbots_txn *txn;
    model now;
    model savepoints[SAVEPOINTS_MAX];
    unsigned savepoint_count;
    snapshot snapshots[SNAPSHOTS_MAX];
} run;

static uint64_t draw(run *it, uint64_t below)
{
    return random_below(&it->all->source, below);
}

/* ------------------------------------------------------------------ numbers as values */

/* A text column holds a text for each number; some are longer than a key, and begin alike. */
#define TEXT_MAX 330

static bool is_long(int64_t number)
{
    return number % 5 == 0 && number != 0;
}

static bbots_value value_of(const bbots_column *column, int64_t number, char buffer[TEXT_MAX])
{
    if (number == NONE) {
        return null_value();
    }
    if (column->type != BBOTS_TYPE_TEXT && column->type != BBOTS_TYPE_VARCHAR) {
        return integer(number);
    }
    int start = 0;
    if (is_long(number) && column->length == 0) {
        start = 300;
        memset(buffer, 'l', 300);
    }
    snprintf(buffer + start, TEXT_MAX - 300, "%04lld", (long long)number);
    return string(buffer);
}

static void values_of(const bbots_table *table, const row *from, bbots_value *values,
                      char (*buffers)[TEXT_MAX])
{
    for (unsigned c = 0; c < table->column_count; c++) {
        values[c] = value_of(&table->columns[c], from->at[c], buffers[c]);
    }
}

/* ------------------------------------------------------------------ questions to the model */

static unsigned number_of(const bbots_table *table)
{
    unsigned t = 0;
    while (tables[t] != table) {
        t++;
    }
    return t;
}

static bool same_columns(const row *a, const uint8_t *a_columns, const row *b,
                         const uint8_t *b_columns, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (a->at[a_columns[i]] == NONE || a->at[a_columns[i]] != b->at[b_columns[i]]) {
            return false;
        }
    }
    return true;
}

/* The row that a unique index would find, or -1. */
static int find(const model *all, unsigned table, unsigned index, const row *key)
{
    const bbots_index *unique = &tables[table]->indexes[index];
    for (unsigned r = 0; r < all->of[table].count; r++) {
        if (same_columns(&all->of[table].list[r], unique->columns, key, unique->columns,
                         unique->column_count)) {
            return (int)r;
        }
    }
    return -1;
}

static bool has_parent(const model *all, const bbots_foreign_key *key, const row *child)
{
    for (unsigned i = 0; i < key->column_count; i++) {
        if (child->at[key->columns[i]] == NONE) {
            return true;
        }
    }
    unsigned parent = number_of(bbots_sample_schema.tables[key->parent]);
    for (unsigned r = 0; r < all->of[parent].count; r++) {
        if (same_columns(child, key->columns, &all->of[parent].list[r], key->parent_columns,
                         key->column_count)) {
            return true;
        }
    }
    return false;
}

/* All references of all rows: the simplest statement of what foreign keys mean. */
static bool references_hold(const model *all)
{
    for (unsigned t = 0; t < TABLES; t++) {
        for (unsigned r = 0; r < all->of[t].count; r++) {
            for (unsigned f = 0; f < tables[t]->foreign_key_count; f++) {
                if (!has_parent(all, &tables[t]->foreign_keys[f], &all->of[t].list[r])) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* What PostgreSQL says of a row that is put in place of row `at` (-1: a new one). */
static int judge(const model *all, unsigned table, const row *made, int at)
{
    const bbots_table *described = tables[table];
    for (unsigned c = 0; c < described->column_count; c++) {
        if ((described->columns[c].flags & BBOTS_COLUMN_NOT_NULL) != 0 && made->at[c] == NONE) {
            return BBOTS_NOT_NULL_VIOLATION;
        }
    }
    for (unsigned i = 0; i < described->index_count; i++) {
        if ((described->indexes[i].flags & BBOTS_INDEX_UNIQUE) != 0) {
            int other = find(all, table, i, made);
            if (other >= 0 && other != at) {
                return BBOTS_UNIQUE_VIOLATION;
            }
        }
    }
    static model after;
    after = *all;
    if (at < 0) {
        after.of[table].list[after.of[table].count++] = *made;
    } else {
        after.of[table].list[at] = *made;
    }
    return references_hold(&after) ? BBOTS_OK : BBOTS_FOREIGN_KEY_VIOLATION;
}

static void note_serial(rows *of, int64_t number)
{
    if (number >= of->next) {
        of->next = number + 1;
    }
}

/* Deletes a row with what hangs on it; the model is changed only when that is allowed. */
static int delete_row(model *all, unsigned table, unsigned at, bbots_deleted *deleted)
{
    static model after;
    static bool gone[TABLES][ROWS_MAX];
    static bool nulled[TABLES][ROWS_MAX];
    bool more = true;
    after = *all;
    memset(gone, 0, sizeof gone);
    memset(nulled, 0, sizeof nulled);
    gone[table][at] = true;
    while (more) {
        more = false;
        for (unsigned t = 0; t < TABLES; t++) {
            for (unsigned f = 0; f < tables[t]->foreign_key_count; f++) {
                const bbots_foreign_key *key = &tables[t]->foreign_keys[f];
                unsigned parent = number_of(bbots_sample_schema.tables[key->parent]);
                for (unsigned r = 0; r < all->of[t].count; r++) {
                    for (unsigned p = 0; p < all->of[parent].count; p++) {
                        if (!gone[parent][p] ||
                            !same_columns(&all->of[t].list[r], key->columns,
                                          &all->of[parent].list[p], key->parent_columns,
                                          key->column_count)) {
                            continue;
                        }
                        if (key->on_delete == BBOTS_CASCADE && !gone[t][r]) {
                            gone[t][r] = true;
                            more = true;
                        } else if (key->on_delete == BBOTS_SET_NULL) {
                            nulled[t][r] = true;
                            for (unsigned i = 0; i < key->column_count; i++) {
                                after.of[t].list[r].at[key->columns[i]] = NONE;
                            }
                        }
                    }
                }
            }
        }
    }
    *deleted = (bbots_deleted){1, 0, 0};
    for (unsigned t = 0; t < TABLES; t++) {
        unsigned kept = 0;
        for (unsigned r = 0; r < all->of[t].count; r++) {
            deleted->cascaded += gone[t][r] && !(t == table && r == at);
            deleted->set_null += nulled[t][r] && !gone[t][r];
            if (!gone[t][r]) {
                after.of[t].list[kept++] = after.of[t].list[r];
            }
        }
        after.of[t].count = kept;
    }
    if (!references_hold(&after)) {
        *deleted = (bbots_deleted){0, 0, 0};
        return BBOTS_FOREIGN_KEY_VIOLATION;
    }
    *all = after;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ store against model */

static int64_t number_in(const bbots_value *value)
{
    if (value->kind == BBOTS_NULL) {
        return NONE;
    }
    if (value->kind == BBOTS_TEXT) {
        assert_true(value->size >= 4);
        return strtoll((const char *)value->data + value->size - 4, NULL, 10);
    }
    return value->integer;
}

static void assert_row(const bbots_row *stored, const row *expected)
{
    char buffer[TEXT_MAX];
    for (unsigned c = 0; c < stored->table->column_count; c++) {
        bbots_value got = bbots_row_value(stored, c);
        bbots_value wanted = value_of(&stored->table->columns[c], expected->at[c], buffer);
        if (!same_value(&got, &wanted)) {
            fail_msg("table %s, column %s, id %lld", stored->table->name,
                     stored->table->columns[c].name, (long long)expected->at[0]);
        }
    }
}

/* The order of two rows in an index; 0 when it is that of hashes. */
static int order_of(const bbots_table *table, const bbots_tree *tree, const row *a, const row *b)
{
    char a_text[TEXT_MAX];
    char b_text[TEXT_MAX];
    for (unsigned i = 0; i <= tree->column_count; i++) {
        unsigned c = i < tree->column_count ? tree->columns[i] : 0;
        bbots_value left = value_of(&table->columns[c], a->at[c], a_text);
        bbots_value right = value_of(&table->columns[c], b->at[c], b_text);
        int order = compare_values(&left, &right);
        if (order != 0) {
            return left.size >= 300 && right.size >= 300 ? 0 : order;
        }
    }
    return 0;
}

static void compare_index(bbots_txn *txn, const rows *expected, const bbots_table *table,
                          unsigned index, bool reverse)
{
    const bbots_tree *tree = &table->trees[table->indexes[index].tree];
    bool given[ROWS_MAX] = {false};
    bbots_range range = {.reverse = reverse};
    bbots_cursor *cursor;
    bbots_row stored;
    const row *last = NULL;
    unsigned count = 0;
    assert_ok(bbots_cursor_open(txn, table, index, &range, &cursor, &fault));
    while (bbots_cursor_next(cursor, &stored, &fault) == BBOTS_OK) {
        bbots_value id = bbots_row_value(&stored, 0);
        unsigned r = 0;
        while (r < expected->count && expected->list[r].at[0] != number_in(&id)) {
            r++;
        }
        assert_true(r < expected->count && !given[r]);
        given[r] = true;
        assert_row(&stored, &expected->list[r]);
        if (last != NULL) {
            int order = order_of(table, tree, last, &expected->list[r]);
            assert_true(reverse ? order >= 0 : order <= 0);
        }
        last = &expected->list[r];
        count++;
    }
    bbots_cursor_close(cursor);
    assert_int_equal(count, expected->count);
}

static void compare_all(run *it, bbots_txn *txn, const model *expected)
{
    it->all->comparisons++;
    for (unsigned t = 0; t < TABLES; t++) {
        int64_t next;
        assert_int_equal(count_of(txn, tables[t]), expected->of[t].count);
        assert_ok(bbots_serial_next(txn, tables[t], &next, &fault));
        assert_int_equal(next, expected->of[t].next);
        for (unsigned i = 0; i < tables[t]->index_count; i++) {
            compare_index(txn, &expected->of[t], tables[t], i, draw(it, 2) == 0);
        }
    }
}

/* ------------------------------------------------------------------ statements */

/* A number for a column: likely one that is there, now and then none. */
static int64_t random_number(run *it, const bbots_column *column)
{
    bool nullable = (column->flags & BBOTS_COLUMN_NOT_NULL) == 0;
    if (draw(it, nullable ? 4 : 200) == 0) {
        return NONE;
    }
    return (int64_t)draw(it, (uint64_t)it->all->numbers) + 1;
}

static row random_row(run *it, unsigned table)
{
    row made;
    for (unsigned c = 0; c < tables[table]->column_count; c++) {
        made.at[c] = random_number(it, &tables[table]->columns[c]);
    }
    return made;
}

static void expect(run *it, int got, int wanted, const char *what, unsigned table)
{
    if (got != wanted) {
        print_error("statement %llu, %s %s: %s and not %s%s%s\n",
                    (unsigned long long)it->all->statements, what, tables[table]->name,
                    bbots_status_name(got), bbots_status_name(wanted), got < 0 ? ": " : "",
                    got < 0 ? fault.message : "");
        fail();
    }
    it->all->refused += got < 0;
}

static void do_insert(run *it, unsigned table)
{
    char buffers[COLUMNS_MAX][TEXT_MAX];
    bbots_value values[COLUMNS_MAX];
    rows *of = &it->now.of[table];
    row made = random_row(it, table);
    uint64_t given = BBOTS_COLUMN_BIT(tables[table]->column_count) - 1;
    bbots_row stored;
    if (draw(it, 3) == 0) {
        given &= ~UINT64_C(1);
        made.at[0] = of->next;
    }
    values_of(tables[table], &made, values, buffers);
    int wanted = judge(&it->now, table, &made, -1);
    int got = bbots_insert(it->txn, tables[table], values, given, &stored, &fault);
    expect(it, got, wanted, "insert into", table);
    if (wanted == BBOTS_OK) {
        assert_row(&stored, &made);
        of->list[of->count++] = made;
        note_serial(of, made.at[0]);
    }
}

static void do_update(run *it, unsigned table)
{
    char buffers[COLUMNS_MAX][TEXT_MAX];
    char key_buffer[TEXT_MAX];
    bbots_value values[COLUMNS_MAX];
    rows *of = &it->now.of[table];
    row change = random_row(it, table);
    row key = random_row(it, table);
    uint64_t set =
        random_next(&it->all->source) & (BBOTS_COLUMN_BIT(tables[table]->column_count) - 1);
    if (draw(it, 3) != 0) {
        set &= ~UINT64_C(1); /* keys change less often */
    }
    if (of->count > 0 && draw(it, 4) != 0) {
        key = of->list[draw(it, of->count)];
    }
    int at = find(&it->now, table, 0, &key);
    int wanted = BBOTS_NOT_FOUND;
    row made = change;
    if (at >= 0) {
        for (unsigned c = 0; c < tables[table]->column_count; c++) {
            made.at[c] = (set & BBOTS_COLUMN_BIT(c)) != 0 ? change.at[c] : of->list[at].at[c];
        }
        wanted = judge(&it->now, table, &made, at);
    }
    values_of(tables[table], &change, values, buffers);
    bbots_value id = value_of(&tables[table]->columns[0], key.at[0], key_buffer);
    int got = bbots_update(it->txn, tables[table], 0, &id, values, set, NULL, &fault);
    expect(it, got, wanted, "update", table);
    if (wanted == BBOTS_OK) {
        of->list[at] = made;
        if ((set & 1) != 0) {
            note_serial(of, made.at[0]);
        }
    }
}

static void do_upsert(run *it, unsigned table)
{
    char buffers[2][COLUMNS_MAX][TEXT_MAX];
    bbots_value values[COLUMNS_MAX];
    bbots_value set_values[COLUMNS_MAX];
    rows *of = &it->now.of[table];
    row made = random_row(it, table);
    row change = random_row(it, table);
    uint64_t all = BBOTS_COLUMN_BIT(tables[table]->column_count) - 1;
    uint64_t set = draw(it, 3) == 0 ? 0 : random_next(&it->all->source) & all & ~1u;
    unsigned index = (unsigned)draw(it, 2); /* 1 is unique where it is a key */
    if ((tables[table]->indexes[index].flags & BBOTS_INDEX_UNIQUE) == 0) {
        index = 0;
    }
    bool inserted = false;
    int at = find(&it->now, table, index, &made);
    int wanted = BBOTS_OK;
    for (unsigned c = 0; c < tables[table]->column_count; c++) {
        if ((tables[table]->columns[c].flags & BBOTS_COLUMN_NOT_NULL) != 0 && made.at[c] == NONE) {
            wanted = BBOTS_NOT_NULL_VIOLATION;
        }
    }
    row result = made;
    if (wanted == BBOTS_OK && at >= 0) {
        result = of->list[at];
        for (unsigned c = 0; c < tables[table]->column_count; c++) {
            result.at[c] = (set & BBOTS_COLUMN_BIT(c)) != 0 ? change.at[c] : result.at[c];
        }
        wanted = set != 0 ? judge(&it->now, table, &result, at) : BBOTS_OK;
    } else if (wanted == BBOTS_OK) {
        wanted = judge(&it->now, table, &made, -1);
    }
    values_of(tables[table], &made, values, buffers[0]);
    values_of(tables[table], &change, set_values, buffers[1]);
    bbots_row stored;
    int got = bbots_upsert(it->txn, tables[table], index, values, all, set_values, set, &stored,
                           &inserted, &fault);
    expect(it, got, wanted, "upsert into", table);
    if (wanted != BBOTS_OK) {
        return;
    }
    assert_int_equal(inserted, at < 0);
    assert_row(&stored, &result);
    if (at < 0) {
        of->list[of->count++] = made;
        note_serial(of, made.at[0]);
    } else {
        of->list[at] = result;
    }
}

static void do_delete(run *it, unsigned table)
{
    char buffer[TEXT_MAX];
    const rows *of = &it->now.of[table];
    row key = random_row(it, table);
    if (of->count > 0 && draw(it, 4) != 0) {
        key = of->list[draw(it, of->count)];
    }
    bbots_deleted expected = {0, 0, 0};
    bbots_deleted deleted;
    int at = find(&it->now, table, 0, &key);
    int wanted = BBOTS_NOT_FOUND;
    if (at >= 0) {
        wanted = delete_row(&it->now, table, (unsigned)at, &expected);
    }
    bbots_value id = value_of(&tables[table]->columns[0], key.at[0], buffer);
    int got = bbots_delete(it->txn, tables[table], 0, &id, &deleted, &fault);
    expect(it, got, wanted, "delete from", table);
    if (wanted == BBOTS_OK) {
        assert_int_equal(deleted.rows, 1);
        assert_int_equal(deleted.cascaded, expected.cascaded);
        assert_int_equal(deleted.set_null, expected.set_null);
    }
}

static void do_get(run *it, unsigned table)
{
    char buffers[COLUMNS_MAX][TEXT_MAX];
    bbots_value values[COLUMNS_MAX];
    bbots_value key[BBOTS_KEY_COLUMNS_MAX];
    row wanted = random_row(it, table);
    const bbots_table *described = tables[table];
    unsigned index = (unsigned)draw(it, described->index_count);
    if ((described->indexes[index].flags & BBOTS_INDEX_UNIQUE) == 0) {
        index = 0;
    }
    values_of(described, &wanted, values, buffers);
    for (unsigned i = 0; i < described->indexes[index].column_count; i++) {
        key[i] = values[described->indexes[index].columns[i]];
    }
    int at = find(&it->now, table, index, &wanted);
    bbots_row stored;
    int got = bbots_get(it->txn, described, index, key, &stored, &fault);
    expect(it, got, at >= 0 ? BBOTS_OK : BBOTS_NOT_FOUND, "get from", table);
    if (at >= 0) {
        assert_row(&stored, &it->now.of[table].list[at]);
    }
}

static void do_statement(run *it)
{
    unsigned table = (unsigned)draw(it, TABLES);
    bool full = it->now.of[table].count >= ROWS_MAX - 1;
    uint64_t choice = full ? 9 : draw(it, 10);
    if (choice > 7 && table == 0 && !full && draw(it, 3) != 0) {
        return; /* owners take much with them */
    }
    it->all->statements++;
    switch (choice) {
    case 0:
    case 1:
    case 2:
    case 3:
        do_insert(it, table);
        break;
    case 4:
    case 5:
        do_update(it, table);
        break;
    case 6:
        do_upsert(it, table);
        break;
    case 7:
        do_get(it, table);
        break;
    default:
        do_delete(it, table);
        break;
    }
}

/* ------------------------------------------------------------------ savepoints, ends, snapshots */

/* Serials do not go back to a savepoint: a number is never given twice. */
static void restore(run *it, const model *to)
{
    int64_t next[TABLES];
    for (unsigned t = 0; t < TABLES; t++) {
        next[t] = it->now.of[t].next;
    }
    it->now = *to;
    for (unsigned t = 0; t < TABLES; t++) {
        it->now.of[t].next = next[t];
    }
}

static void do_savepoint(run *it)
{
    char name[16];
    unsigned level = it->savepoint_count;
    switch (draw(it, 3)) {
    case 0:
        if (level < SAVEPOINTS_MAX) {
            snprintf(name, sizeof name, "s%u", level);
            assert_ok(bbots_savepoint(it->txn, name, &fault));
            it->savepoints[level] = it->now;
            it->savepoint_count++;
        }
        break;
    case 1:
        if (level > 0) {
            unsigned to = level - 1 - (unsigned)draw(it, level) / 2;
            snprintf(name, sizeof name, "s%u", to);
            assert_ok(bbots_savepoint_rollback(it->txn, name, &fault));
            restore(it, &it->savepoints[to]);
            it->savepoint_count = to + 1;
            it->all->undone++;
            compare_all(it, it->txn, &it->now);
        }
        break;
    default:
        if (level > 0) {
            unsigned to = level - 1 - (unsigned)draw(it, level) / 2;
            snprintf(name, sizeof name, "s%u", to);
            assert_ok(bbots_savepoint_release(it->txn, name, &fault));
            it->savepoint_count = to;
        }
        break;
    }
}

static void close_snapshot(run *it, snapshot *held)
{
    if (held->txn != NULL) {
        compare_all(it, held->txn, &held->seen);
        bbots_rollback(held->txn);
        held->txn = NULL;
    }
}

static void do_snapshot(run *it)
{
    snapshot *held = &it->snapshots[draw(it, SNAPSHOTS_MAX)];
    if (held->txn != NULL) {
        close_snapshot(it, held);
    } else {
        held->txn = begin(it->place->store, BBOTS_READ);
        held->seen = it->all->committed; /* also while a transaction is under way */
    }
}

static void end_transaction(run *it, bool keep)
{
    if (it->txn == NULL) {
        return;
    }
    if (keep) {
        commit(it->txn);
        it->all->committed = it->now;
    } else {
        bbots_rollback(it->txn);
        it->now = it->all->committed;
    }
    it->txn = NULL;
    it->savepoint_count = 0;
}

/* Ends all that is under way and closes the store, which the other process may use meanwhile. */
static void leave(run *it)
{
    end_transaction(it, true);
    for (unsigned i = 0; i < SNAPSHOTS_MAX; i++) {
        close_snapshot(it, &it->snapshots[i]);
    }
    check_store(it->place->store);
    assert_ok(bbots_close(it->place->store, &fault));
    it->place->store = NULL;
}

static void enter(run *it)
{
    bbots_options options = {.schema = &bbots_sample_schema, .durability = BBOTS_RELAXED};
    if (draw(it, 3) == 0) {
        options.flags = BBOTS_OPEN_PLAIN_READS; /* answers are the same */
    }
    it->place->store = open_store(it->place->path, &options);
    it->all->reopened++;
}

static void step(run *it)
{
    uint64_t choice = draw(it, 1000);
    if (it->txn == NULL) {
        it->txn = begin(it->place->store, BBOTS_WRITE);
    }
    if (choice < 900) {
        do_statement(it);
    } else if (choice < 950) {
        do_savepoint(it);
    } else if (choice < 970) {
        end_transaction(it, true);
    } else if (choice < 978) {
        end_transaction(it, false);
    } else if (choice < 985) {
        compare_all(it, it->txn, &it->now);
    } else {
        do_snapshot(it);
    }
}

/* ------------------------------------------------------------------ two processes */

/* What one process does before it is the other one's turn: its transaction ends, its snapshots are
 * held on, and now and then it closes the store. */
static void take_turn(run *it)
{
    if (it->place->store == NULL) {
        enter(it);
    }
    it->all->turns++;
    it->now = it->all->committed;
    for (uint64_t steps = draw(it, 400); steps > 0 && it->all->statements < it->all->operations;
         steps--) {
        step(it);
    }
    end_transaction(it, draw(it, 4) != 0);
    if (draw(it, 8) == 0) {
        leave(it);
    }
}

static bool is_done(const run *it)
{
    return it->all->statements >= it->all->operations;
}

/* The last turn of each. */
static void finish(run *it)
{
    if (it->place->store == NULL) {
        enter(it);
    }
    bbots_txn *txn = begin(it->place->store, BBOTS_READ);
    compare_all(it, txn, &it->all->committed);
    check_txn(txn);
    bbots_rollback(txn);
    leave(it);
}

/* Waits for the other process; false when that has ended. */
static bool await_turn(int fd)
{
    char byte;
    return read(fd, &byte, 1) == 1;
}

/* The second process: a turn for each byte that comes, and a byte back, until the first one says no
 * more. A failure ends it, and the first one, which waits, learns that. */
static int second_process(run *it, int from, int to)
{
    while (await_turn(from)) {
        take_turn(it);
        send_byte(to);
    }
    finish(it);
    return 0;
}

static pid_t begin_second(run *it, int to_second[2], int to_first[2])
{
    assert_int_equal(pipe(to_second), 0);
    assert_int_equal(pipe(to_first), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(to_second[1]);
        close(to_first[0]);
        end_child(second_process(it, to_second[0], to_first[1]));
    }
    close(to_second[0]);
    close(to_first[1]);
    return child;
}

static shared *make_shared(void)
{
    const char *given = getenv("BBOTS_OPERATIONS");
    static const int64_t numbers[] = {8, 12, 20, 60}; /* which of them is the seed's choice, too */
    shared *all =
        mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(all != MAP_FAILED);
    all->source = random_begin("model");
    all->operations = given != NULL && given[0] != '\0' ? strtoull(given, NULL, 10) : 20000;
    all->numbers = numbers[random_below(&all->source, COUNT(numbers))];
    for (unsigned t = 0; t < TABLES; t++) {
        all->committed.of[t].next = 1;
    }
    return all;
}

static void a_store_agrees_with_its_model(void **state)
{
    static run it;
    int to_second[2];
    int to_first[2];
    int status;
    it.place = *state;
    it.all = make_shared();
    assert_ok(bbots_close(it.place->store, &fault)); /* a process opens what it uses by itself */
    it.place->store = NULL;
    pid_t second = begin_second(&it, to_second, to_first);
    while (!is_done(&it)) {
        take_turn(&it);
        send_byte(to_second[1]);
        assert_true(await_turn(to_first[0]));
    }
    close(to_second[1]);
    close(to_first[0]);
    assert_int_equal(waitpid(second, &status, 0), second);
    assert_int_equal(status, 0);
    finish(&it);
    shared *all = it.all;
    print_message(
        "%llu statements with numbers to %lld, %llu refused, %llu turns, %llu comparisons, "
        "%llu rollbacks to savepoints, %llu openings\n",
        (unsigned long long)all->statements, (long long)all->numbers,
        (unsigned long long)all->refused, (unsigned long long)all->turns,
        (unsigned long long)all->comparisons, (unsigned long long)all->undone,
        (unsigned long long)all->reopened);
    /* A run in which something never happened proves little. */
    assert_true(all->operations < 10000 ||
                (all->refused > all->operations / 20 && all->undone > 20 && all->reopened > 2 &&
                 all->turns > 20 && all->comparisons > 100));
    munmap(all, sizeof *all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_store_agrees_with_its_model, fixture_setup_store,
                                        fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
