/*
 * ledger/reprice.c - rows are priced anew, and what changes is told by provider, day and model.
 *
 * Rows are read in the order of createdAt, which a new price does not move, so that they can be
 * written while the cursor goes on. Lines are kept in order; there is one for each day and model.
 */
#include "ledger/reprice.h"

#include "base/arena.h"

#include <bbots/decimal.h>
#include <bbots/timestamp.h>
#include <stdlib.h>

struct bbots_repricing {
    bbots_reprice_line *lines;
    size_t count;
    size_t room;
    uint64_t rows;
    bb_arena arena; /* texts */
};

typedef struct run {
    bbots_txn *txn;
    const bbots_reprice_request *request;
    const reprice_source *source;
    const ledger_table *of;
    bbots_repricing *done;
    bbots_error *error;
} run;

/* ------------------------------------------------------------------ lines */

static int compare_line(const bbots_reprice_line *line, const run *at, bbots_timestamp day,
                        bbots_text model)
{
    /* Sources come one after the other: only lines of the last one can be this one's. */
    /* Their rows come in the order of time: lines of another day are of an earlier one. */
    if (line->provider != at->source->provider || line->day != day) {
        return -1;
    }
    size_t common = line->model.size < model.size ? line->model.size : model.size;
    int order = memcmp(line->model.data, model.data, common);
    return order != 0 ? order : (line->model.size > model.size) - (line->model.size < model.size);
}

static bbots_reprice_line *make_line(const run *at, size_t place, bbots_timestamp day,
                                     bbots_text model)
{
    bbots_repricing *done = at->done;
    if (done->count == done->room) {
        size_t room = done->room == 0 ? 64 : done->room * 2;
        bbots_reprice_line *moved = realloc(done->lines, room * sizeof *moved);
        if (moved == NULL) {
            return NULL;
        }
        done->lines = moved;
        done->room = room;
    }
    char *copy = bb_arena_copy(&done->arena, model.data, model.size);
    if (copy == NULL) {
        return NULL;
    }
    memmove(&done->lines[place + 1], &done->lines[place],
            (done->count - place) * sizeof *done->lines);
    done->count++;
    done->lines[place] = (bbots_reprice_line){
        .provider = at->source->provider, .day = day, .model = {copy, model.size}};
    return &done->lines[place];
}

static bbots_reprice_line *find_line(const run *at, bbots_timestamp day, bbots_text model)
{
    size_t low = 0;
    size_t high = at->done->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_line(&at->done->lines[middle], at, day, model);
        if (order == 0) {
            return &at->done->lines[middle];
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return make_line(at, low, day, model);
}

static int add_amount(int64_t *sum, bbots_value cost, bbots_error *error)
{
    int64_t amount;
    if (bbots_decimal_rescale(cost.integer, cost.scale, BBOTS_DECIMAL_PRECISION_MAX,
                              BBOTS_REPRICE_SCALE, &amount) != BBOTS_OK ||
        __builtin_add_overflow(*sum, amount, sum)) {
        return bb_fail(error, BBOTS_NUMERIC_OUT_OF_RANGE, "a sum of costs is past 64 bits");
    }
    return BBOTS_OK;
}

static int note_change(const run *at, const bbots_row *row, bbots_text model,
                       const ledger_values *change)
{
    bbots_timestamp day = bbots_timestamp_truncate(
        ledger_value(at->of, row, REPRICE_CREATED).integer, BBOTS_TIME_DAY);
    bbots_reprice_line *line = find_line(at, day, model);
    if (line == NULL) {
        return bb_fail(at->error, BBOTS_NO_MEMORY, "out of memory");
    }
    line->rows++;
    int rc = add_amount(&line->old_cost, ledger_value(at->of, row, REPRICE_TOTAL), at->error);
    if (rc == BBOTS_OK) {
        rc = add_amount(&line->new_cost, change->values[at->of->columns[REPRICE_TOTAL]], at->error);
    }
    if (rc == BBOTS_OK &&
        __builtin_sub_overflow(line->new_cost, line->old_cost, &line->difference)) {
        rc = bb_fail(at->error, BBOTS_NUMERIC_OUT_OF_RANGE, "a difference is past 64 bits");
    }
    return rc;
}

/* ------------------------------------------------------------------ rows */

/* Whether any cost that was computed differs from the row's. */
static bool differs(const bbots_row *row, const ledger_values *change)
{
    for (uint64_t left = change->given; left != 0; left &= left - 1) {
        unsigned column = (unsigned)__builtin_ctzll(left);
        bbots_value old = bbots_row_value(row, column);
        if (old.kind == BBOTS_NULL || old.integer != change->values[column].integer) {
            return true;
        }
    }
    return false;
}

/* The price of a row's model; a failure also tells which row it was. */
static int find_price(const run *at, const bbots_row *row, bbots_text model, bbots_price *price)
{
    bbots_error inner = {0};
    bool fallback = (at->request->flags & BBOTS_REPRICE_FALLBACK) != 0;
    int rc = bbots_price_find(at->txn, bbots_text_of(at->source->provider), model,
                              ledger_value(at->of, row, REPRICE_CREATED).integer,
                              at->source->context(at->of, row), fallback ? BBOTS_PRICE_FALLBACK : 0,
                              price, &inner);
    if (rc < 0) {
        bb_fail_at(at->error, rc, at->of->table->name, NULL, NULL, "row %lld of table \"%s\": %s",
                   (long long)ledger_integer(at->of, row, REPRICE_ID), at->of->table->name,
                   inner.message);
    }
    return rc;
}

static bool is_wanted(const run *at, bbots_text model)
{
    bbots_text wanted = at->request->model;
    return wanted.data == NULL || ledger_equal(wanted, model);
}

/* Whether a row is left out since nothing is noted of it: BBOTS_OK, or BBOTS_END for such. */
static int look_for_note(const run *at, const bbots_row *row, char noted[BBOTS_PRICE_ID_MAX + 1])
{
    int rc = bbots_price_noted(at->txn, at->of->table, ledger_integer(at->of, row, REPRICE_ID),
                               noted, at->error);
    if (rc != BBOTS_NOT_FOUND) {
        return rc;
    }
    noted[0] = '\0';
    return (at->request->flags & BBOTS_REPRICE_NOTED) != 0 ? BBOTS_END : BBOTS_OK;
}

/* Writes what was computed. */
static int apply(const run *at, bbots_value id, const ledger_values *change, bool changed,
                 const char *entry, const char *noted)
{
    int rc = changed ? ledger_update(at->txn, change, id, at->error) : BBOTS_OK;
    if (rc == BBOTS_OK && strcmp(entry, noted) != 0) {
        rc = bbots_price_note(at->txn, at->of->table, id.integer, entry, at->error);
    }
    return rc != BBOTS_NOT_FOUND
               ? rc
               : bb_fail_at(at->error, BBOTS_CORRUPTED, at->of->table->name, NULL, NULL,
                            "table \"%s\": a row was found by one way and not by the other",
                            at->of->table->name);
}

static int price_row(const run *at, const bbots_row *row)
{
    char noted[BBOTS_PRICE_ID_MAX + 1];
    char name[REPRICE_MODEL_MAX];
    bbots_price price;
    ledger_values change;
    bool costs = at->source->model(at->of, row, name);
    bbots_text model = bbots_text_of(name);
    if (!is_wanted(at, model)) {
        return BBOTS_OK;
    }
    int rc = look_for_note(at, row, noted);
    if (rc != BBOTS_OK) {
        return rc == BBOTS_END ? BBOTS_OK : rc;
    }
    at->done->rows++;
    ledger_values_begin(&change, at->of);
    rc = costs ? find_price(at, row, model, &price) : BBOTS_OK;
    if (rc == BBOTS_OK) {
        rc = at->source->price(at->of, row, costs ? &price : NULL, &change, at->error);
    }
    bool changed = rc == BBOTS_OK && differs(row, &change);
    bbots_value id = ledger_value(at->of, row, REPRICE_ID);
    if (changed) {
        rc = note_change(at, row, model, &change);
    }
    return rc == BBOTS_OK && (at->request->flags & BBOTS_REPRICE_APPLY) != 0
               ? apply(at, id, &change, changed, costs ? price.id : "", noted)
               : rc;
}

static int open_rows(const run *at, bbots_cursor **cursor)
{
    const bbots_reprice_request *request = at->request;
    bool by_user = request->user_id != 0;
    bool timed = request->from != 0 || request->to != 0;
    bbots_value from[2];
    bbots_value to[2];
    unsigned count = 0;
    if (by_user) {
        from[count] = to[count] = bbots_value_integer(request->user_id);
        count++;
    }
    if (timed) {
        from[count] = bbots_value_timestamp(request->from);
        to[count] = bbots_value_timestamp(request->to);
        count++;
    }
    bbots_range range = {.from = from,
                         .to = to,
                         .from_count = (uint8_t)count,
                         .to_count = (uint8_t)count,
                         .to_exclusive = timed};
    unsigned key = by_user ? REPRICE_BY_USER : REPRICE_BY_TIME;
    return bbots_cursor_open(at->txn, at->of->table, at->of->indexes[key], &range, cursor,
                             at->error);
}

static int price_source(run *at)
{
    bbots_cursor *cursor = NULL;
    bbots_row row;
    int rc = ledger_find(at->txn, &at->source->need, &at->of, at->error);
    if (rc == BBOTS_OK) {
        rc = open_rows(at, &cursor);
    }
    while (rc == BBOTS_OK && (rc = bbots_cursor_next(cursor, &row, at->error)) == BBOTS_OK) {
        rc = price_row(at, &row);
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* ------------------------------------------------------------------ all of it */

/* Whether a provider has a list; set: those of the sources, by number. */
static int find_lists(bbots_txn *txn, bool has_list[REPRICE_SOURCES], bbots_error *error)
{
    const ledger_table *of;
    bbots_cursor *cursor;
    price_list list;
    int rc = prices_open(txn, &of, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    while ((rc = prices_next(of, cursor, &list, error)) == BBOTS_OK) {
        for (unsigned i = 0; i < REPRICE_SOURCES; i++) {
            has_list[i] |= ledger_equal(list.provider, bbots_text_of(reprice_sources[i].provider));
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int check_request(const bbots_reprice_request *request, bbots_error *error)
{
    char shown[BB_QUOTE_MAX];
    bool known = request->provider.data == NULL;
    for (unsigned i = 0; i < REPRICE_SOURCES; i++) {
        known =
            known || ledger_equal(request->provider, bbots_text_of(reprice_sources[i].provider));
    }
    if (!known) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT,
                       "there is no provider %s: anthropic, google, browserbase or storage",
                       bb_quote(request->provider.data, request->provider.size, shown));
    }
    return request->to >= request->from
               ? BBOTS_OK
               : bb_fail(error, BBOTS_INVALID_ARGUMENT, "the time ends before it begins");
}

static int price_all(run *at)
{
    bool has_list[REPRICE_SOURCES] = {false};
    bbots_text wanted = at->request->provider;
    int rc = find_lists(at->txn, has_list, at->error);
    for (unsigned i = 0; i < REPRICE_SOURCES && rc == BBOTS_OK; i++) {
        at->source = &reprice_sources[i];
        bool named =
            wanted.data != NULL && ledger_equal(wanted, bbots_text_of(at->source->provider));
        if (named || (wanted.data == NULL && has_list[i])) {
            rc = price_source(at);
        }
    }
    return rc;
}

int bbots_prices_reprice(bbots_txn *txn, const bbots_reprice_request *request,
                         bbots_repricing **done, bbots_error *error)
{
    bool apply = (request->flags & BBOTS_REPRICE_APPLY) != 0;
    *done = NULL;
    int rc = ledger_begin(txn, apply, NULL, error);
    if (rc == BBOTS_OK) {
        rc = check_request(request, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_repricing *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    bb_arena_init(&made->arena);
    run at = {.txn = txn, .request = request, .done = made, .error = error};
    rc = apply ? ledger_begin_rows(txn, error) : BBOTS_OK;
    if (rc == BBOTS_OK) {
        rc = price_all(&at);
        rc = apply ? ledger_end_rows(txn, rc) : rc;
    }
    if (rc == BBOTS_OK) {
        *done = made;
    } else {
        bbots_repricing_free(made);
    }
    return rc;
}

uint64_t bbots_repricing_rows(const bbots_repricing *done)
{
    return done->rows;
}

size_t bbots_repricing_count(const bbots_repricing *done)
{
    return done->count;
}

const bbots_reprice_line *bbots_repricing_line(const bbots_repricing *done, size_t number)
{
    return &done->lines[number];
}

void bbots_repricing_free(bbots_repricing *done)
{
    if (done != NULL) {
        bb_arena_free(&done->arena);
        free(done->lines);
        free(done);
    }
}
