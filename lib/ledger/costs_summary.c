/*
 * ledger/costs_summary.c - a user's rows of daily_cost_summaries and cost_budgets follow his costs.
 *
 * Whichever way a cost came in or went, its user and day are noted, once a transaction. Settling
 * reads the day's blocks of the live aggregates, which say what the rows come to now, and writes
 * the summary when it says something else. So nothing is added to what was there before, and an
 * error made once cannot stay.
 *
 * Summaries are followed as well: one that is changed by anything but settling (by hand, by an
 * import, by a rollback to a savepoint that takes back what was settled) is settled again. A row
 * whose date is no midnight is no day's summary and is left alone. So is a budget, whose spends are
 * those of the periods that its row has.
 */
#include "ledger/budget.h"
#include "ledger/costs.h"
#include "ledger/prices.h"

#include "base/arena.h"
#include "codec/json_tree.h"
#include "schema/schema.h"

#include <bbots/json.h>
#include <stdio.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ which days */

#define BUDGET_ONLY BBOTS_TIMESTAMP_MINUS_INFINITY

typedef struct touched_day {
    int64_t user;
    bbots_timestamp day; /* BUDGET_ONLY: none, but his budget */
    int64_t id;          /* of the summary that is there; 0: none */
} touched_day;

/* Days that were touched: a hash table, and the days in the order of their first touch. */
typedef struct touched {
    touched_day *days;
    size_t count;
    size_t room;
    uint32_t *slots;
    size_t slot_count;
    bool settling; /* summaries that change now are right */
} touched;

static int no_memory(bbots_error *error)
{
    return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
}

static uint64_t day_hash(const touched_day *day)
{
    return bb_hash64(day, offsetof(touched_day, id));
}

static bool grow(touched *all)
{
    size_t room = all->room == 0 ? 32 : all->room * 2;
    touched_day *days = realloc(all->days, room * sizeof *days);
    uint32_t *slots = calloc(room * 4, sizeof *slots);
    all->days = days != NULL ? days : all->days;
    if (days == NULL || slots == NULL) {
        free(slots);
        return false;
    }
    free(all->slots);
    all->slots = slots;
    all->slot_count = room * 4;
    all->room = room;
    for (size_t i = 0; i < all->count; i++) {
        size_t slot = day_hash(&all->days[i]) & (all->slot_count - 1);
        while (slots[slot] != 0) {
            slot = (slot + 1) & (all->slot_count - 1);
        }
        slots[slot] = (uint32_t)i + 1;
    }
    return true;
}

static int touch(touched *all, touched_day day, bbots_error *error)
{
    if (all->count == all->room && !grow(all)) {
        return no_memory(error);
    }
    size_t slot = day_hash(&day) & (all->slot_count - 1);
    while (all->slots[slot] != 0) {
        const touched_day *there = &all->days[all->slots[slot] - 1];
        if (there->user == day.user && there->day == day.day) {
            return BBOTS_OK;
        }
        slot = (slot + 1) & (all->slot_count - 1);
    }
    all->days[all->count++] = day;
    all->slots[slot] = (uint32_t)all->count;
    return BBOTS_OK;
}

/* The live aggregate tells where user and time are: it was checked when the store was opened. */
static int touch_row(touched *all, const bbots_row *row, bbots_error *error)
{
    const bbots_live *users = bbots_table_live(row->table, "users");
    bbots_value user = bbots_row_value(row, users->by[0]);
    bbots_value time = bbots_row_value(row, users->time);
    if (user.kind == BBOTS_NULL || time.kind == BBOTS_NULL ||
        time.integer == BBOTS_TIMESTAMP_INFINITY ||
        time.integer == BBOTS_TIMESTAMP_MINUS_INFINITY) {
        return BBOTS_OK;
    }
    touched_day day = {user.integer,
                       live_bucket_start(live_bucket(time.integer, BBOTS_TIME_DAY), BBOTS_TIME_DAY),
                       0};
    return touch(all, day, error);
}

/* A summary that changed by itself. */
static int touch_summary(touched *all, const bbots_row *row, bbots_error *error)
{
    int user = bbots_table_column(row->table, bbots_text_of("userId"));
    int date = bbots_table_column(row->table, bbots_text_of("date"));
    touched_day day = {bbots_row_value(row, (unsigned)user).integer,
                       bbots_row_value(row, (unsigned)date).integer, 0};
    return day.day % COST_DAY == 0 ? touch(all, day, error) : BBOTS_OK;
}

static int touch_budget(touched *all, const bbots_row *row, bbots_error *error)
{
    int user = bbots_table_column(row->table, bbots_text_of("userId"));
    touched_day day = {bbots_row_value(row, (unsigned)user).integer, BUDGET_ONLY, 0};
    return touch(all, day, error);
}

static int note_row(touched *all, const bbots_row *row, bbots_error *error)
{
    bool budget = row != NULL && strcmp(row->table->name, budget_need.table) == 0;
    bool summary = row != NULL && strcmp(row->table->name, cost_summary_need.table) == 0;
    if (row == NULL || ((budget || summary) && all->settling)) {
        return BBOTS_OK;
    }
    return budget    ? touch_budget(all, row, error)
           : summary ? touch_summary(all, row, error)
                     : touch_row(all, row, error);
}

static int note(bbots_txn *txn, void **state, const bbots_row *old, const bbots_row *row,
                bbots_error *error)
{
    (void)txn;
    if (*state == NULL) {
        *state = calloc(1, sizeof(touched));
    }
    touched *all = *state;
    if (all == NULL) {
        return no_memory(error);
    }
    int rc = note_row(all, old, error);
    return rc == BBOTS_OK ? note_row(all, row, error) : rc;
}

static void free_touched(void *state)
{
    touched *all = state;
    if (all != NULL) {
        free(all->days);
        free(all->slots);
        free(all);
    }
}

/* ------------------------------------------------------------------ what a day comes to */

/* A model's cost, at six digits. */
typedef struct model_cost {
    bbots_text model;
    live_number cost;
    struct model_cost *next;
} model_cost;

typedef struct day_costs {
    bb_arena *arena;
    live_item sources[BBOTS_COST_SOURCES]; /* of all groups together */
    model_cost *models;
} day_costs;

enum { MODEL_SCALE = 6 };

static live_number rescaled(live_number number, unsigned from, unsigned to)
{
    for (; from < to; from++) {
        number = (live_number)((live_magnitude)number * 10); /* any number, if somebody forged it */
    }
    return number;
}

static bool add_model(day_costs *costs, bbots_text name, live_number cost)
{
    model_cost *at = costs->models;
    while (at != NULL &&
           (at->model.size != name.size || memcmp(at->model.data, name.data, name.size) != 0)) {
        at = at->next;
    }
    if (at == NULL) {
        at = bb_arena_alloc(costs->arena, sizeof *at);
        if (at == NULL) {
            return false;
        }
        *at = (model_cost){
            {bb_arena_copy(costs->arena, name.data, name.size), name.size}, 0, costs->models};
        costs->models = at;
        if (at->model.data == NULL) {
            return false;
        }
    }
    at->cost = live_plus(at->cost, cost);
    return true;
}

/* The place of a column among an aggregate's sums; it is there (follows()). */
static unsigned sum_of(const cost_source *source, unsigned column)
{
    unsigned place = 0;
    while (place + 1 < source->users->sum_count &&
           source->users->sums[place] != source->of->columns[column]) {
        place++;
    }
    return place;
}

/* What one source cost a user on a day. */
static int add_source(bbots_txn *txn, const cost_source *source, unsigned number,
                      const touched_day *day, day_costs *costs, bbots_error *error)
{
    const bbots_table *table = source->of->table;
    bbots_value user = bbots_value_integer(day->user);
    live_item *sum = &costs->sources[number];
    live_reader reader;
    live_item item;
    bool called = number == BBOTS_COST_CLAUDE || number == BBOTS_COST_GEMINI;
    int rc = live_block_find(txn, table, source->users, 1, &user, day->day, &reader, error);
    if (rc != BBOTS_OK) {
        return rc == BBOTS_NOT_FOUND ? BBOTS_OK : rc;
    }
    unsigned total = sum_of(source, COST_TOTAL);
    while (live_reader_group(&reader, &item)) {
        bbots_value model;
        live_item_add(sum, &item, source->users->sum_count);
        if (called &&
            live_get_value(&table->columns[source->users->split[0]], true, item.key, item.size,
                           &model) != 0 &&
            model.kind == BBOTS_TEXT &&
            !add_model(costs, (bbots_text){model.data, model.size},
                       rescaled(item.sums[total], source->scale, MODEL_SCALE))) {
            return no_memory(error);
        }
    }
    return reader.damaged ? live_damaged(&txn->store->tables[table->number], source->users, error)
                          : BBOTS_OK;
}

/* ------------------------------------------------------------------ as a row */

static bool set_amount(day_costs *costs, codec_json_node *node, live_number amount, unsigned scale)
{
    char text[48];
    bbots_exact_print((bbots_exact){(int64_t)(amount >> 64), (uint64_t)amount, false}, scale, text);
    char *copy = bb_arena_copy(costs->arena, text, strlen(text));
    if (copy == NULL) {
        return false;
    }
    return codec_json_set_number(costs->arena, bbots_text_of(copy), node) == BBOTS_OK;
}

static codec_json_node *new_object(day_costs *costs)
{
    codec_json_node *object = bb_arena_alloc(costs->arena, sizeof *object);
    if (object != NULL) {
        memset(object, 0, sizeof *object);
        object->kind = CODEC_JSON_OBJECT;
    }
    return object;
}

static bool add_member(day_costs *costs, codec_json_node *object, bbots_text name,
                       live_number amount, unsigned scale)
{
    codec_json_node *node = bb_arena_alloc(costs->arena, sizeof *node);
    if (node == NULL) {
        return false;
    }
    memset(node, 0, sizeof *node);
    node->key = name.data;
    node->key_size = (uint32_t)name.size;
    node->next = object->first;
    object->first = node;
    object->size++;
    return set_amount(costs, node, amount, scale);
}

static int set_json(day_costs *costs, codec_json_node *object, ledger_values *row, unsigned column,
                    bbots_error *error)
{
    codec_json_sort(object);
    size_t size = codec_json_packed_size(object);
    void *packed = bb_arena_alloc(costs->arena, size);
    if (packed == NULL) {
        return no_memory(error);
    }
    codec_json_write_packed(object, packed, size);
    ledger_set(row, column, bbots_value_of_bytes(BBOTS_JSON, packed, size));
    return BBOTS_OK;
}

static int set_objects(const cost_tables *tables, day_costs *costs, ledger_values *row,
                       bbots_error *error)
{
    codec_json_node *models = new_object(costs);
    codec_json_node *providers = new_object(costs);
    bool fine = models != NULL && providers != NULL;
    for (const model_cost *at = costs->models; at != NULL && fine; at = at->next) {
        fine = add_member(costs, models, at->model, at->cost, MODEL_SCALE);
    }
    for (unsigned i = 0; i < BBOTS_COST_SOURCES && fine; i++) {
        const cost_source *source = &tables->sources[i];
        if (costs->sources[i].count != 0) {
            fine = add_member(costs, providers, bbots_text_of(cost_providers[i]),
                              costs->sources[i].sums[sum_of(source, COST_TOTAL)], source->scale);
        }
    }
    if (!fine) {
        return no_memory(error);
    }
    int rc = set_json(costs, models, row, SUMMARY_BY_MODEL, error);
    return rc == BBOTS_OK ? set_json(costs, providers, row, SUMMARY_BY_PROVIDER, error) : rc;
}

/* A whole number for a column; past 64 bits it would be past the column as well. */
static int set_number(ledger_values *row, unsigned column, live_number number, unsigned scale,
                      bbots_error *error)
{
    const bbots_column *described = &row->of->table->columns[row->of->columns[column]];
    live_number part = 1;
    unsigned to = described->type == BBOTS_TYPE_DECIMAL ? described->scale : 0;
    for (unsigned s = to; s < scale; s++) {
        part *= 10;
    }
    if (part != 1) {
        live_number half = part / 2;
        number = live_plus(number, number < 0 ? -half : half) / part;
    }
    number = rescaled(number, scale, to);
    if (number > INT64_MAX || number < INT64_MIN) {
        return bb_fail_at(error, BBOTS_NUMERIC_OUT_OF_RANGE, row->of->table->name, described->name,
                          NULL, "the day's sum for column \"%s\" needs more than 64 bits",
                          described->name);
    }
    ledger_set(row, column,
               described->type == BBOTS_TYPE_DECIMAL
                   ? bbots_value_decimal((int64_t)number, described->scale)
                   : bbots_value_integer((int64_t)number));
    return BBOTS_OK;
}

/* One column of the summary: which source's sum it holds; COST_ID stands for the count. */
typedef struct summary_part {
    uint8_t column;
    uint8_t source;
    uint8_t sum;
} summary_part;

static const summary_part parts[] = {
    {SUMMARY_CALLS, BBOTS_COST_CLAUDE, COST_ID},
    {SUMMARY_INPUT, BBOTS_COST_CLAUDE, CALL_INPUT},
    {SUMMARY_OUTPUT, BBOTS_COST_CLAUDE, CALL_OUTPUT},
    {SUMMARY_CLAUDE_COST, BBOTS_COST_CLAUDE, COST_TOTAL},
    {SUMMARY_GEMINI_CALLS, BBOTS_COST_GEMINI, COST_ID},
    {SUMMARY_GEMINI_INPUT, BBOTS_COST_GEMINI, CALL_INPUT},
    {SUMMARY_GEMINI_OUTPUT, BBOTS_COST_GEMINI, CALL_OUTPUT},
    {SUMMARY_GEMINI_COST, BBOTS_COST_GEMINI, COST_TOTAL},
    {SUMMARY_SESSIONS, BBOTS_COST_BROWSER, COST_ID},
    {SUMMARY_MINUTES, BBOTS_COST_BROWSER, SESSION_MINUTES},
    {SUMMARY_BROWSER_COST, BBOTS_COST_BROWSER, COST_TOTAL},
    {SUMMARY_OPERATIONS, BBOTS_COST_STORAGE, COST_ID},
    {SUMMARY_MB, BBOTS_COST_STORAGE, STORAGE_MB},
    {SUMMARY_STORAGE_COST, BBOTS_COST_STORAGE, COST_TOTAL},
};

static unsigned scale_of(const cost_source *source, unsigned column)
{
    return source->of->table->columns[source->of->columns[column]].scale;
}

static int set_parts(const cost_tables *tables, const day_costs *costs, ledger_values *row,
                     bbots_error *error)
{
    int rc = BBOTS_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && rc == BBOTS_OK; i++) {
        const cost_source *source = &tables->sources[parts[i].source];
        const live_item *sum = &costs->sources[parts[i].source];
        if (parts[i].sum == COST_ID) {
            rc = set_number(row, parts[i].column, sum->count, 0, error);
        } else {
            rc = set_number(row, parts[i].column, sum->sums[sum_of(source, parts[i].sum)],
                            scale_of(source, parts[i].sum), error);
        }
    }
    return rc;
}

static int fill_row(const cost_tables *tables, day_costs *costs, ledger_values *row,
                    bbots_error *error)
{
    const cost_source *claude = &tables->sources[BBOTS_COST_CLAUDE];
    const live_item *calls = &costs->sources[BBOTS_COST_CLAUDE];
    live_number total = 0;
    int rc = set_parts(tables, costs, row, error);
    if (rc == BBOTS_OK) {
        rc = set_number(row, SUMMARY_CACHE,
                        calls->sums[sum_of(claude, CALL_CACHE_CREATION)] +
                            calls->sums[sum_of(claude, CALL_CACHE_READ)],
                        0, error);
    }
    for (unsigned i = 0; i < BBOTS_COST_SOURCES; i++) {
        const cost_source *source = &tables->sources[i];
        total = live_plus(total, rescaled(costs->sources[i].sums[sum_of(source, COST_TOTAL)],
                                          source->scale, MODEL_SCALE));
    }
    if (rc == BBOTS_OK) {
        rc = set_number(row, SUMMARY_TOTAL, total, MODEL_SCALE, error);
    }
    return rc == BBOTS_OK ? set_objects(tables, costs, row, error) : rc;
}

/* ------------------------------------------------------------------ into the table */

static bool same_value(const bbots_value *a, const bbots_value *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    return a->kind == BBOTS_JSON ? a->size == b->size && memcmp(a->data, b->data, a->size) == 0
                                 : a->integer == b->integer;
}

int costs_summary_difference(const ledger_values *row, const bbots_row *stored)
{
    for (unsigned c = SUMMARY_CALLS; c <= SUMMARY_BY_PROVIDER; c++) {
        bbots_value before = ledger_value(row->of, stored, c);
        if (!same_value(&before, &row->values[row->of->columns[c]])) {
            return (int)c;
        }
    }
    return -1;
}

/* ------------------------------------------------------------------ what is there */

/*
 * Notes which summaries there are of a user's days, in one walk; a second one of a day is deleted,
 * for one day has one summary. All walks come before the first write: a walk has to have the
 * entries that wait written, one by one if a write came between.
 */
static int find_summaries(bbots_txn *txn, const ledger_table *of, touched_day *days, size_t count,
                          bbots_error *error)
{
    bbots_value from[] = {bbots_value_integer(days[0].user), bbots_value_timestamp(days[0].day)};
    bbots_value to[] = {from[0], bbots_value_timestamp(days[count - 1].day)};
    bbots_range range = {.from = from, .to = to, .from_count = 2, .to_count = 2};
    bbots_cursor *cursor;
    bbots_row row;
    size_t at = 0;
    int rc = bbots_cursor_open(txn, of->table, of->indexes[1], &range, &cursor, error);
    while (rc == BBOTS_OK && (rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        bbots_value id = ledger_value(of, &row, SUMMARY_ID);
        int64_t date = ledger_integer(of, &row, SUMMARY_DATE);
        while (at + 1 < count && days[at].day < date) {
            at++;
        }
        if (days[at].day != date) {
            continue;
        }
        if (days[at].id == 0) {
            days[at].id = id.integer;
        } else {
            rc = bbots_delete(txn, of->table, 0, &id, NULL, error);
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int find_all_summaries(bbots_txn *txn, const ledger_table *of, touched *all,
                              bbots_error *error)
{
    int rc = BBOTS_OK;
    for (size_t i = 0; i < all->count && rc == BBOTS_OK;) {
        size_t end = i + 1;
        while (end < all->count && all->days[end].user == all->days[i].user) {
            end++;
        }
        i += all->days[i].day == BUDGET_ONLY;
        rc = i < end ? find_summaries(txn, of, &all->days[i], end - i, error) : BBOTS_OK;
        i = end;
    }
    return rc;
}

static bool is_nothing(const day_costs *costs)
{
    bool nothing = true;
    for (unsigned i = 0; i < BBOTS_COST_SOURCES; i++) {
        nothing = nothing && costs->sources[i].count == 0;
    }
    return nothing;
}

static int write_summary(bbots_txn *txn, const ledger_table *of, const touched_day *day,
                         ledger_values *row, bool nothing, bbots_error *error)
{
    bbots_value id = bbots_value_integer(day->id);
    bbots_row stored;
    int rc = BBOTS_OK;
    if (nothing) {
        rc = day->id != 0 ? bbots_delete(txn, of->table, 0, &id, NULL, error) : BBOTS_OK;
        return rc < 0 ? rc : BBOTS_OK;
    }
    if (day->id == 0) {
        ledger_set_integer(row, SUMMARY_USER, day->user);
        ledger_set_time(row, SUMMARY_DATE, day->day);
        return ledger_insert(txn, row, NULL, error);
    }
    rc = bbots_get(txn, of->table, 0, &id, &stored, error);
    if (rc == BBOTS_OK && costs_summary_difference(row, &stored) < 0) {
        return BBOTS_OK;
    }
    return rc < 0 ? rc : ledger_update(txn, row, id, error);
}

/* The sources that have rows, as bits: most days are asked of few of the four. */
static int find_used(bbots_txn *txn, const cost_tables *tables, unsigned *used, bbots_error *error)
{
    int rc = BBOTS_OK;
    *used = 0;
    for (unsigned i = 0; i < BBOTS_COST_SOURCES && rc == BBOTS_OK; i++) {
        uint64_t count;
        rc = bbots_count(txn, tables->sources[i].of->table, &count, error);
        *used |= rc == BBOTS_OK && count != 0 ? 1u << i : 0;
    }
    return rc;
}

/* What the summary of a day has to say, in memory of the arena; *nothing: there must be none. */
static int make_summary(bbots_txn *txn, const cost_tables *tables, unsigned used,
                        const touched_day *day, bb_arena *arena, ledger_values *row, bool *nothing,
                        bbots_error *error)
{
    day_costs costs;
    int rc = BBOTS_OK;
    memset(&costs, 0, sizeof costs);
    costs.arena = arena;
    for (unsigned i = 0; i < BBOTS_COST_SOURCES && rc == BBOTS_OK; i++) {
        if ((used >> i & 1) != 0) {
            rc = add_source(txn, &tables->sources[i], i, day, &costs, error);
        }
    }
    *nothing = is_nothing(&costs);
    return rc == BBOTS_OK && !*nothing ? fill_row(tables, &costs, row, error) : rc;
}

static int settle_day(bbots_txn *txn, const cost_tables *tables, unsigned used,
                      const ledger_table *of, const touched_day *day, bb_arena *arena,
                      bbots_error *error)
{
    ledger_values row;
    bool nothing;
    ledger_values_begin(&row, of);
    int rc = make_summary(txn, tables, used, day, arena, &row, &nothing, error);
    return rc == BBOTS_OK ? write_summary(txn, of, day, &row, nothing, error) : rc;
}

static int find_tables(bbots_txn *txn, cost_tables *tables, const ledger_table **of,
                       bbots_error *error)
{
    int rc = costs_find(txn, tables, error);
    return rc == BBOTS_OK ? ledger_find(txn, &cost_summary_need, of, error) : rc;
}

int costs_summary_due(bbots_txn *txn, int64_t user, bbots_timestamp day, bb_arena *arena,
                      ledger_values *row, bool *nothing, bbots_error *error)
{
    const unsigned all = (1u << BBOTS_COST_SOURCES) - 1;
    cost_tables tables;
    const ledger_table *of;
    touched_day asked = {user, day, 0};
    int rc = find_tables(txn, &tables, &of, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    ledger_values_begin(row, of);
    return make_summary(txn, &tables, all, &asked, arena, row, nothing, error);
}

static int compare_days(const void *a, const void *b)
{
    const touched_day *one = a;
    const touched_day *two = b;
    if (one->user != two->user) {
        return one->user < two->user ? -1 : 1;
    }
    return (one->day > two->day) - (one->day < two->day);
}

static int settle(bbots_txn *txn, void *state, bbots_error *error)
{
    touched *all = state;
    cost_tables tables;
    const ledger_table *of;
    bb_arena arena;
    unsigned used = 0;
    if (all->count == 0) {
        return BBOTS_OK;
    }
    int rc = find_tables(txn, &tables, &of, error);
    bb_arena_init(&arena);
    all->settling = true;
    qsort(all->days, all->count, sizeof *all->days, compare_days);
    if (rc == BBOTS_OK) {
        rc = find_used(txn, &tables, &used, error);
    }
    if (rc == BBOTS_OK) {
        rc = find_all_summaries(txn, of, all, error);
    }
    for (size_t i = 0; i < all->count && rc == BBOTS_OK; i++) {
        if (all->days[i].day != BUDGET_ONLY) {
            rc = settle_day(txn, &tables, used, of, &all->days[i], &arena, error);
            bb_arena_reset(&arena);
        }
    }
    for (size_t i = 0; i < all->count && rc == BBOTS_OK; i++) {
        if (i == 0 || all->days[i].user != all->days[i - 1].user) {
            rc = budget_follow(txn, all->days[i].user, error);
        }
    }
    bb_arena_free(&arena);
    all->settling = false;
    all->count = 0;
    memset(all->slots, 0, all->slot_count * sizeof *all->slots);
    return rc;
}

/* ------------------------------------------------------------------ all days anew */

/* Every user and day that has a cost. */
static int touch_costs(bbots_txn *txn, const cost_source *source, touched *all, bbots_error *error)
{
    const bbots_table *table = source->of->table;
    bbots_live_query query = {.table = table,
                              .live = source->users,
                              .groups = {{source->of->columns[COST_USER], BBOTS_TIME_NONE},
                                         {source->of->columns[COST_TIME], BBOTS_TIME_DAY}},
                              .group_count = 2,
                              .measures = {{BBOTS_COUNT, -1}},
                              .measure_count = 1};
    bbots_summary *summary;
    int rc = bbots_live_summarize(txn, &query, &summary, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (size_t i = 0; i < bbots_summary_count(summary) && rc == BBOTS_OK; i++) {
        touched_day day = {bbots_summary_group(summary, i, 0).integer,
                           bbots_summary_group(summary, i, 1).integer, 0};
        rc = touch(all, day, error);
    }
    bbots_summary_free(summary);
    return rc;
}

/* Every user and day that has a summary. */
static int touch_summaries(bbots_txn *txn, const ledger_table *of, touched *all, bbots_error *error)
{
    bbots_cursor *cursor;
    bbots_row row;
    int rc = ledger_scan(txn, of, 0, NULL, 0, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    while (rc == BBOTS_OK && (rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        rc = touch_summary(all, &row, error);
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

int bbots_cost_summaries_rebuild(bbots_txn *txn, bbots_error *error)
{
    cost_tables tables;
    const ledger_table *of;
    int rc = ledger_begin(txn, true, NULL, error);
    if (rc == BBOTS_OK) {
        rc = find_tables(txn, &tables, &of, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    touched *all = calloc(1, sizeof *all);
    rc = all != NULL ? touch_summaries(txn, of, all, error) : no_memory(error);
    for (unsigned i = 0; i < BBOTS_COST_SOURCES && rc == BBOTS_OK; i++) {
        rc = touch_costs(txn, &tables.sources[i], all, error);
    }
    if (rc == BBOTS_OK) {
        rc = settle(txn, all, error);
    }
    free_touched(all);
    return rc;
}

/* ------------------------------------------------------------------ which tables */

/*
 * Whether an aggregate is kept by the user and in months, days and hours, with these sums, which are
 * among the columns that are needed.
 */
static bool serves(const bbots_table *table, const char *const *sums)
{
    const bbots_live *live = bbots_table_live(table, "users");
    if (live == NULL || live->by_count != 1 || live->unit_count != 3 ||
        live->units[1] != BBOTS_TIME_DAY ||
        strcmp(table->columns[live->by[0]].name, "userId") != 0 ||
        strcmp(table->columns[live->time].name, "createdAt") != 0) {
        return false;
    }
    for (; *sums != NULL; sums++) {
        int column = bbots_table_column(table, bbots_text_of(*sums));
        if (memchr(live->sums, column, live->sum_count) == NULL) {
            return false;
        }
    }
    return true;
}

static bool splits(const bbots_table *table, const char *name)
{
    const bbots_live *live = bbots_table_live(table, "users");
    return live->split_count != 0 && strcmp(table->columns[live->split[0]].name, name) == 0;
}

static bool has_all(const bbots_schema *schema)
{
    /* All tokens of a call are no part of a summary, but the check asks for days as a host does. */
    static const char *const claude[] = {
        "totalCost",           "totalTokens",     "inputTokens", "outputTokens",
        "cacheCreationTokens", "cacheReadTokens", NULL};
    static const char *const gemini[] = {"totalCost", "totalTokens", "inputTokens", "outputTokens",
                                         NULL};
    static const char *const sessions[] = {"totalCost", "durationMinutes", NULL};
    static const char *const storage[] = {"totalCost", "sizeMb", NULL};
    static const char *const *const sums[] = {claude, gemini, sessions, storage};
    bool fits = ledger_has(schema, &cost_summary_need);
    for (unsigned i = 0; i < BBOTS_COST_SOURCES && fits; i++) {
        const bbots_table *table = bbots_schema_table(schema, cost_needs[i].table, NULL);
        fits = ledger_has(schema, &cost_needs[i]) && serves(table, sums[i]) &&
               bbots_table_live(table, "all") != NULL &&
               bbots_table_live(table, "executions") != NULL &&
               bbots_table_live(table, "execution") != NULL;
        fits = fits && (i > BBOTS_COST_GEMINI || splits(table, "model"));
    }
    return fits;
}

/* Of costs what the aggregate by users looks at, of summaries and budgets everything. */
static uint64_t follows(const bbots_schema *schema, const bbots_table *table)
{
    bool summary = strcmp(table->name, cost_summary_need.table) == 0;
    bool budget = strcmp(table->name, budget_need.table) == 0 && ledger_has(schema, &budget_need) &&
                  ledger_has(schema, &prices_need);
    bool source = false;
    for (unsigned i = 0; i < BBOTS_COST_SOURCES; i++) {
        source = source || strcmp(table->name, cost_needs[i].table) == 0;
    }
    if ((!summary && !budget && !source) || !has_all(schema)) {
        return 0;
    }
    return source ? schema_live_columns(bbots_table_live(table, "users")) : ~UINT64_C(0);
}

const table_follower costs_follower = {follows, note, settle, free_touched};
