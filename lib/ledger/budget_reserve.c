/*
 * ledger/budget_reserve.c - money set aside before it is spent, and what else is kept of a user's
 * budget: one row of system_config, with a list of open reservations.
 *
 * A row, because rows are durable, take part in savepoints, and are checked and exported with all
 * others; one a user, because all of his reservations are read together.
 */
#include "ledger/budget.h"
#include "ledger/prices.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define OPEN_MAX  1000u
#define LINE_MAX_ 160 /* bytes of one reservation as JSON */

/* ------------------------------------------------------------------ the note */

#define KEY_BEGINS "reservations."

static bbots_text key_of(int64_t user, char buffer[64])
{
    int size = snprintf(buffer, 64, KEY_BEGINS "%" PRId64, user);
    return (bbots_text){buffer, (size_t)size};
}

int64_t budget_note_user(bbots_text key)
{
    const size_t begins = sizeof KEY_BEGINS - 1;
    char buffer[64];
    int64_t user = 0;
    if (key.size <= begins || key.size > begins + 18 || memcmp(key.data, KEY_BEGINS, begins) != 0) {
        return 0;
    }
    for (size_t i = begins; i < key.size; i++) {
        if (key.data[i] < '0' || key.data[i] > '9') {
            return 0;
        }
        user = user * 10 + (key.data[i] - '0');
    }
    bbots_text own = key_of(user, buffer);
    return own.size == key.size && memcmp(own.data, key.data, own.size) == 0 ? user : 0;
}

static int64_t number_of(bbots_json json, const char *name)
{
    bbots_json member;
    int64_t number = 0;
    return bbots_json_member(json, bbots_text_of(name), &member) == BBOTS_OK &&
                   bbots_json_integer(member, &number) == BBOTS_OK
               ? number
               : 0;
}

static bool read_reservation(bbots_json json, struct budget_reservation *made)
{
    bbots_json id;
    bbots_text text;
    made->amount = number_of(json, "amount");
    made->expires = number_of(json, "expires");
    return bbots_json_member(json, bbots_text_of("id"), &id) == BBOTS_OK &&
           bbots_json_string(id, &text) == BBOTS_OK &&
           bbots_uuid_parse(text, &made->id) == BBOTS_OK && made->amount > 0;
}

static int read_list(bbots_json value, budget_note *note, bbots_error *error)
{
    bbots_json list;
    bbots_json element;
    size_t position = 0;
    if (bbots_json_member(value, bbots_text_of("open"), &list) != BBOTS_OK) {
        return BBOTS_OK;
    }
    uint32_t count = bbots_json_count(list);
    note->open = calloc(count + 1u, sizeof *note->open);
    if (note->open == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    while (note->count < count && bbots_json_next(list, &position, NULL, &element) == BBOTS_OK) {
        if (!read_reservation(element, &note->open[note->count])) {
            return bb_fail(error, BBOTS_INVALID_TEXT, "a reservation in system_config is no such");
        }
        note->count++;
    }
    return BBOTS_OK;
}

int budget_note_read(bbots_txn *txn, int64_t user, budget_note *note, bbots_error *error)
{
    char buffer[64];
    const ledger_table *of;
    bbots_row row;
    bbots_value key = bbots_value_text(key_of(user, buffer));
    memset(note, 0, sizeof *note);
    int rc = ledger_find(txn, &prices_need, &of, error);
    if (rc == BBOTS_OK) {
        rc = bbots_get(txn, of->table, of->indexes[0], &key, &row, error);
    }
    if (rc != BBOTS_OK) {
        return rc == BBOTS_NOT_FOUND ? BBOTS_OK : rc;
    }
    bbots_value value = ledger_value(of, &row, PRICES_VALUE);
    bbots_json json = {value.data, value.size, BBOTS_JSON_PACKED};
    note->id = ledger_integer(of, &row, PRICES_ID);
    note->anchor = number_of(json, "monthAnchor");
    note->start = number_of(json, "monthStart");
    return read_list(json, note, error);
}

void budget_note_free(budget_note *note)
{
    free(note->open);
    note->open = NULL;
    note->count = 0;
}

static char *as_json(const budget_note *note)
{
    size_t room = 200 + note->count * LINE_MAX_;
    char *text = malloc(room);
    size_t size = 0;
    if (text == NULL) {
        return NULL;
    }
    size += (size_t)snprintf(
        text, room, "{\"monthAnchor\": %" PRId64 ", \"monthStart\": %" PRId64 ", \"open\": [",
        note->anchor, note->start);
    for (size_t i = 0; i < note->count; i++) {
        char id[37];
        bbots_uuid_print(&note->open[i].id, id);
        size += (size_t)snprintf(
            text + size, room - size,
            "%s{\"id\": \"%s\", \"amount\": %" PRId64 ", \"expires\": %" PRId64 "}",
            i > 0 ? ", " : "", id, note->open[i].amount, note->open[i].expires);
    }
    snprintf(text + size, room - size, "]}");
    return text;
}

int budget_note_write(bbots_txn *txn, int64_t user, const budget_note *note, bbots_timestamp now,
                      bbots_error *error)
{
    char buffer[64];
    const ledger_table *of;
    ledger_values row;
    int rc = ledger_find(txn, &prices_need, &of, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    char *text = as_json(note);
    if (text == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    ledger_values_begin(&row, of);
    ledger_set(&row, PRICES_VALUE, bbots_value_json(bbots_json_of(text)));
    ledger_set_time(&row, PRICES_UPDATED, now);
    if (note->id != 0) {
        rc = ledger_update(txn, &row, bbots_value_integer(note->id), error);
    } else {
        ledger_set(&row, PRICES_KEY, bbots_value_text(key_of(user, buffer)));
        rc = ledger_insert(txn, &row, NULL, error);
    }
    free(text);
    return rc;
}

int64_t budget_reserved(const budget_note *note, bbots_timestamp now)
{
    int64_t sum = 0;
    for (size_t i = 0; i < note->count; i++) {
        if (note->open[i].expires > now &&
            __builtin_add_overflow(sum, note->open[i].amount, &sum)) {
            return INT64_MAX;
        }
    }
    return sum;
}

bool budget_note_repeats(const budget_note *note)
{
    for (size_t i = 0; i < note->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (memcmp(&note->open[i].id, &note->open[j].id, sizeof note->open[i].id) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* ------------------------------------------------------------------ reserving */

/* Those that expired a day ago or more are forgotten: nobody will settle them. */
static void drop_old(budget_note *note, bbots_timestamp now)
{
    const int64_t day = INT64_C(86400000000);
    size_t kept = 0;
    for (size_t i = 0; i < note->count; i++) {
        if (note->open[i].expires > now - day) {
            note->open[kept++] = note->open[i];
        }
    }
    note->count = kept;
}

/* spends are exact: what a rounded one hides is past the limit, too. */
static bool refuses(const bbots_budget_status *status, const int64_t spends[BBOTS_BUDGET_PERIODS],
                    int64_t amount)
{
    const int64_t part = 100; /* 10^(BBOTS_COST_SCALE - BBOTS_BUDGET_SCALE) */
    bool refused = false;
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS && status->has_budget && status->auto_stop; i++) {
        const bbots_budget_state *state = &status->periods[i];
        __extension__ __int128 sum = ((__int128)state->reserved + amount) * part + spends[i];
        __extension__ __int128 limit = (__int128)state->budget * part;
        refused = refused || (state->budget != BBOTS_BUDGET_UNLIMITED && sum > limit);
    }
    return refused;
}

static int check_user(bbots_txn *txn, int64_t user, bbots_error *error)
{
    const bbots_table *users = bbots_store_table(bbots_txn_store(txn), "users", error);
    bbots_value key = bbots_value_integer(user);
    bbots_row row;
    int rc = users != NULL ? bbots_get(txn, users, 0, &key, &row, error) : BBOTS_UNKNOWN_TABLE;
    return rc == BBOTS_NOT_FOUND ? bb_fail(error, BBOTS_FOREIGN_KEY_VIOLATION,
                                           "there is no user %lld", (long long)user)
                                 : rc;
}

static int add_reservation(bbots_txn *txn, int64_t user, int64_t amount, bbots_timestamp expires,
                           bbots_timestamp now, bbots_uuid *id, bbots_error *error)
{
    budget_note note;
    int rc = budget_note_read(txn, user, &note, error);
    drop_old(&note, now);
    if (rc == BBOTS_OK && note.count >= OPEN_MAX) {
        rc = bb_fail(error, BBOTS_LIMIT_EXCEEDED, "user %lld has %u open reservations",
                     (long long)user, OPEN_MAX);
    }
    struct budget_reservation *moved =
        rc == BBOTS_OK ? realloc(note.open, (note.count + 1) * sizeof *moved) : NULL;
    if (rc == BBOTS_OK && moved == NULL) {
        rc = bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    if (rc == BBOTS_OK) {
        note.open = moved;
        *id = bbots_uuid_random();
        note.open[note.count++] = (struct budget_reservation){*id, amount, expires};
        rc = budget_note_write(txn, user, &note, now, error);
    }
    budget_note_free(&note);
    return rc;
}

int bbots_budget_reserve(bbots_txn *txn, int64_t user_id, int64_t amount, bbots_timestamp expires,
                         bbots_timestamp now, bbots_uuid *reservation, bbots_budget_status *status,
                         bbots_error *error)
{
    int64_t spends[BBOTS_BUDGET_PERIODS] = {0};
    bbots_budget_status before;
    memset(&before, 0, sizeof before);
    int rc = ledger_begin(txn, true, &now, error);
    if (rc == BBOTS_OK) {
        rc = ledger_check_positive("a reservation", amount, error);
    }
    if (rc == BBOTS_OK && expires <= now) {
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT, "a reservation expires before it begins");
    }
    if (rc == BBOTS_OK) {
        rc = check_user(txn, user_id, error);
    }
    if (rc == BBOTS_OK) {
        rc = budget_charge(txn, user_id, now, &before, spends, error);
    }
    if (rc == BBOTS_OK && refuses(&before, spends, amount)) {
        rc = BBOTS_REFUSED;
    }
    if (rc == BBOTS_OK) {
        rc = add_reservation(txn, user_id, amount, expires, now, reservation, error);
    }
    if (rc == BBOTS_OK) {
        for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS; i++) {
            before.periods[i].reserved += before.has_budget ? amount : 0;
        }
    }
    if (status != NULL) {
        *status = before;
    }
    return rc;
}

static int end_reservation(bbots_txn *txn, int64_t user, bbots_uuid id, bbots_timestamp now,
                           bbots_error *error)
{
    budget_note note;
    bool found = false;
    int rc = ledger_begin(txn, true, &now, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = budget_note_read(txn, user, &note, error);
    for (size_t i = 0; rc == BBOTS_OK && i < note.count && !found; i++) {
        found = memcmp(note.open[i].id.bytes, id.bytes, sizeof id.bytes) == 0;
        if (found) {
            note.open[i] = note.open[--note.count];
        }
    }
    if (rc == BBOTS_OK) {
        rc = found ? budget_note_write(txn, user, &note, now, error) : BBOTS_NOT_FOUND;
    }
    budget_note_free(&note);
    return rc;
}

int bbots_budget_settle(bbots_txn *txn, int64_t user_id, bbots_uuid reservation,
                        bbots_timestamp now, bbots_error *error)
{
    return end_reservation(txn, user_id, reservation, now, error);
}

int bbots_budget_release(bbots_txn *txn, int64_t user_id, bbots_uuid reservation,
                         bbots_timestamp now, bbots_error *error)
{
    return end_reservation(txn, user_id, reservation, now, error);
}
