/*
 * ledger/budget_note.c - what is kept of a user's budget beside its row: one row of system_config, with the
 * month's anchor, a list of open reservations, and how the last ones ended.
 *
 * A row, because rows are durable, take part in savepoints, and are checked and exported with all
 * others; one a user, because all of his reservations are read together.
 */
#include "ledger/budget.h"
#include "ledger/prices.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_ 160 /* bytes of one reservation as JSON */

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
    return key_of(user, buffer).size == key.size ? user : 0; /* else it begins with zeros */
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

static bool read_id(bbots_json json, bbots_uuid *id)
{
    bbots_json member;
    bbots_text text;
    return bbots_json_member(json, bbots_text_of("id"), &member) == BBOTS_OK &&
           bbots_json_string(member, &text) == BBOTS_OK && bbots_uuid_parse(text, id) == BBOTS_OK;
}

static bool read_reservation(bbots_json json, struct budget_reservation *made)
{
    made->amount = number_of(json, "amount");
    made->expires = number_of(json, "expires");
    return read_id(json, &made->id) && made->amount > 0;
}

/* Only messages are made of it: what cannot be read is left out. */
static void read_ended(bbots_json value, budget_note *note)
{
    bbots_json list;
    bbots_json element;
    size_t position = 0;
    if (bbots_json_member(value, bbots_text_of("ended"), &list) != BBOTS_OK) {
        return;
    }
    while (note->ended_count < BUDGET_ENDED_MAX &&
           bbots_json_next(list, &position, NULL, &element) == BBOTS_OK) {
        struct budget_ended *one = &note->ended[note->ended_count];
        int64_t how = number_of(element, "how");
        if (read_id(element, &one->id) && how >= BUDGET_SETTLED && how <= BUDGET_EXPIRED) {
            one->how = (budget_end)how;
            one->at = number_of(element, "at");
            note->ended_count++;
        }
    }
}

static int read_open(bbots_json value, budget_note *note, bbots_error *error)
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
    while (bbots_json_next(list, &position, NULL, &element) == BBOTS_OK) {
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
    int rc = ledger_get(txn, &prices_need, 0, &key, &of, &row, error);
    if (rc != BBOTS_OK) {
        return rc == BBOTS_NOT_FOUND ? BBOTS_OK : rc;
    }
    bbots_value value = ledger_value(of, &row, PRICES_VALUE);
    bbots_json json = {value.data, value.size, BBOTS_JSON_PACKED};
    note->id = ledger_integer(of, &row, PRICES_ID);
    note->anchor = number_of(json, "monthAnchor");
    note->start = number_of(json, "monthStart");
    read_ended(json, note);
    return read_open(json, note, error);
}

void budget_note_free(budget_note *note)
{
    free(note->open);
    note->open = NULL;
    note->count = 0;
}

static char *as_json(const budget_note *note)
{
    size_t room = 200 + (note->count + note->ended_count) * LINE_MAX_;
    char id[BBOTS_UUID_TEXT_MAX];
    char *text = malloc(room);
    if (text == NULL) {
        return NULL;
    }
    int size = snprintf(text, room,
                        "{\"monthAnchor\": %" PRId64 ", \"monthStart\": %" PRId64 ", \"open\": [",
                        note->anchor, note->start);
    for (size_t i = 0; i < note->count; i++) {
        const struct budget_reservation *one = &note->open[i];
        bbots_uuid_print(&one->id, id);
        size += snprintf(text + size, room - (size_t)size,
                         "%s{\"id\": \"%s\", \"amount\": %" PRId64 ", \"expires\": %" PRId64 "}",
                         i > 0 ? ", " : "", id, one->amount, one->expires);
    }
    size += snprintf(text + size, room - (size_t)size, "], \"ended\": [");
    for (size_t i = 0; i < note->ended_count; i++) {
        const struct budget_ended *one = &note->ended[i];
        bbots_uuid_print(&one->id, id);
        size += snprintf(text + size, room - (size_t)size,
                         "%s{\"id\": \"%s\", \"how\": %u, \"at\": %" PRId64 "}", i > 0 ? ", " : "",
                         id, (unsigned)one->how, one->at);
    }
    snprintf(text + size, room - (size_t)size, "]}");
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
