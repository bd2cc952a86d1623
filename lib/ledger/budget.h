/*
 * ledger/budget.h - what the files of budgets share.
 *
 * budget.c           the row, its periods and what was spent
 * budget_note.c      what is kept beside the row
 * budget_reserve.c   money set aside
 */
#ifndef LEDGER_BUDGET_H
#define LEDGER_BUDGET_H

#include "ledger/ledger.h"

#include <bbots/budget.h>
#include <bbots/json.h>

enum {
    BUDGET_ID,
    BUDGET_USER,
    BUDGET_DAILY,
    BUDGET_WEEKLY,
    BUDGET_MONTHLY,
    BUDGET_THRESHOLD,
    BUDGET_DAY_SPEND,
    BUDGET_WEEK_SPEND,
    BUDGET_MONTH_SPEND,
    BUDGET_ACTIVE,
    BUDGET_AUTO_STOP,
    BUDGET_LAST_ALERT,
    BUDGET_ALERTS_TODAY,
    BUDGET_DAY_START,
    BUDGET_WEEK_START,
    BUDGET_MONTH_START,
    BUDGET_CREATED,
    BUDGET_UPDATED
};

#define BUDGET_ENDED_MAX 16u

/* How a reservation ended; the numbers stand in rows. */
typedef enum budget_end { BUDGET_SETTLED, BUDGET_RELEASED, BUDGET_EXPIRED } budget_end;

/* What is kept of a user beside his row: a row of system_config, read into memory. */
typedef struct budget_note {
    int64_t id;             /* of the row; 0: there is none */
    bbots_timestamp anchor; /* the month's first begin, ... */
    bbots_timestamp start;  /* ... valid while the budget's row says this */
    struct budget_reservation {
        bbots_uuid id;
        int64_t amount;
        bbots_timestamp expires;
    } * open;
    size_t count;
    struct budget_ended {
        bbots_uuid id;
        budget_end how;
        bbots_timestamp at;
    } ended[BUDGET_ENDED_MAX]; /* the last ones, in their order: for who ends one twice */
    size_t ended_count;
} budget_note;

/* Reads a user's note; budget_note_free() in any case. */
int budget_note_read(bbots_txn *txn, int64_t user, budget_note *note, bbots_error *error);
int budget_note_write(bbots_txn *txn, int64_t user, const budget_note *note, bbots_timestamp now,
                      bbots_error *error);
void budget_note_free(budget_note *note);

/* What open reservations that have not expired come to. */
int64_t budget_reserved(const budget_note *note, bbots_timestamp now);

/*
 * Brings the row up to date and reads it: after a cost was recorded. spends (may be NULL) is what
 * was spent to the last digit, at BBOTS_COST_SCALE; 0 without a budget.
 */
int budget_charge(bbots_txn *txn, int64_t user, bbots_timestamp now, bbots_budget_status *status,
                  int64_t spends[BBOTS_BUDGET_PERIODS], bbots_error *error);

/* The table of budgets. */
extern const ledger_need budget_need;

/*
 * What a user's row says was spent in its own periods, and what the costs of those come to, at
 * BBOTS_BUDGET_SCALE.
 */
int budget_compare(bbots_txn *txn, int64_t user, int64_t says[BBOTS_BUDGET_PERIODS],
                   int64_t due[BBOTS_BUDGET_PERIODS], bbots_error *error);

/* Whether two open reservations of a note are the same one. */
bool budget_note_repeats(const budget_note *note);

/* The user whose note lies under a key of system_config; 0: no note does. */
int64_t budget_note_user(bbots_text key);

/* Brings the spends of the row's own periods up to date, at a commit; nothing without a budget. */
int budget_follow(bbots_txn *txn, int64_t user, bbots_error *error);

#endif
