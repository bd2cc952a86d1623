/*
 * ledger/budget_reserve.c - money set aside before it is spent (the list is in budget_note.c).
 */
#include "ledger/budget.h"

#include <stdlib.h>

#define OPEN_MAX 1000u

/* ------------------------------------------------------------------ reserving */

/* Takes one out of the open ones, of which the others may change places. */
static void end(budget_note *note, size_t i, budget_end how, bbots_timestamp at)
{
    struct budget_ended ended = {note->open[i].id, how, at};
    if (note->ended_count == BUDGET_ENDED_MAX) {
        memmove(note->ended, note->ended + 1, --note->ended_count * sizeof ended);
    }
    note->ended[note->ended_count++] = ended;
    note->open[i] = note->open[--note->count];
}

/* Those that expired a day ago or more are forgotten: nobody will settle them. */
static void drop_old(budget_note *note, bbots_timestamp now)
{
    const int64_t day = INT64_C(86400000000);
    for (size_t i = 0; i < note->count;) {
        if (note->open[i].expires > now - day) {
            i++;
        } else {
            end(note, i, BUDGET_EXPIRED, note->open[i].expires);
        }
    }
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

static const ledger_column user_columns[] = {{"id", LEDGER_INTEGER}};
static const ledger_key user_keys[] = {{true, 1, {0}}};
static const ledger_need users_need = {LEDGER_USERS, "users", user_columns, user_keys, 1, 1};

static int check_user(bbots_txn *txn, int64_t user, bbots_error *error)
{
    const ledger_table *users;
    bbots_value key = bbots_value_integer(user);
    bbots_row row;
    int rc = ledger_get(txn, &users_need, 0, &key, &users, &row, error);
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

/* As budget_reserved() will say it from now on. */
static void add_reserved(bbots_budget_status *status, int64_t amount)
{
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS && status->has_budget; i++) {
        int64_t *reserved = &status->periods[i].reserved;
        if (__builtin_add_overflow(*reserved, amount, reserved)) {
            *reserved = INT64_MAX;
        }
    }
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
        add_reserved(&before, amount);
    }
    if (status != NULL) {
        *status = before;
    }
    return rc;
}

/* ------------------------------------------------------------------ ending */

static bool is_same(const bbots_uuid *a, const bbots_uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Of a reservation that is not open: what became of it, as far as that is known. */
static int fail_ended(const budget_note *note, int64_t user, const bbots_uuid *id,
                      bbots_error *error)
{
    static const char *const ends[] = {"was settled", "was released", "expired"};
    char name[BBOTS_UUID_TEXT_MAX];
    char time[BBOTS_TIMESTAMP_TEXT_MAX];
    bbots_uuid_print(id, name);
    for (size_t i = 0; i < note->ended_count; i++) {
        const struct budget_ended *one = &note->ended[i];
        if (is_same(&one->id, id)) {
            bbots_timestamp_print(one->at, true, BBOTS_TIMESTAMP_ISO, time);
            return bb_fail(error, BBOTS_INVALID_ARGUMENT,
                           "reservation %s of user %lld is not open: it %s at %s", name,
                           (long long)user, ends[one->how], time);
        }
    }
    return bb_fail(
        error, BBOTS_INVALID_ARGUMENT,
        "reservation %s of user %lld is not open, and none of the last %u that ended: it "
        "ended long ago, is another user's or never was",
        name, (long long)user, BUDGET_ENDED_MAX);
}

static int end_reservation(bbots_txn *txn, int64_t user, bbots_uuid id, budget_end how,
                           bbots_timestamp now, bbots_error *error)
{
    budget_note note;
    size_t i = 0;
    int rc = ledger_begin(txn, true, &now, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = budget_note_read(txn, user, &note, error);
    while (rc == BBOTS_OK && i < note.count && !is_same(&note.open[i].id, &id)) {
        i++;
    }
    if (rc == BBOTS_OK && i == note.count) {
        rc = fail_ended(&note, user, &id, error);
    }
    if (rc == BBOTS_OK) {
        end(&note, i, how, now);
        rc = budget_note_write(txn, user, &note, now, error);
    }
    budget_note_free(&note);
    return rc;
}

int bbots_budget_settle(bbots_txn *txn, int64_t user_id, bbots_uuid reservation,
                        bbots_timestamp now, bbots_error *error)
{
    return end_reservation(txn, user_id, reservation, BUDGET_SETTLED, now, error);
}

int bbots_budget_release(bbots_txn *txn, int64_t user_id, bbots_uuid reservation,
                         bbots_timestamp now, bbots_error *error)
{
    return end_reservation(txn, user_id, reservation, BUDGET_RELEASED, now, error);
}
