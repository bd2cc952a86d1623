/*
 * bbots/budget.h - what a user may spend in a day, a week and a month (cost_budgets), and money that
 * is set aside before it is spent.
 *
 * Periods: the day is the UTC day. The week is 7 days from "weeklyPeriodStart", the month runs from
 * "monthlyPeriodStart" to the same day of the next month, or to that month's last day when it is
 * shorter; the anchor is kept, so that a month begun on the 31st runs to the 28th of February and
 * then to the 31st of March. A period that is over is replaced by the one that holds now.
 *
 * What was spent is the sum of the costs in the period, read from their live aggregates, whichever
 * way they came in. The columns "current...Spend" and "...PeriodStart" are brought up to date by
 * the functions that write; at each commit that changed a cost of a user who has a budget, or the
 * budget's row, the spends are, for the periods that the row then has: also those of a row that a
 * host inserts behind its costs. A period whose start is infinite, or within 400 days of where
 * times end, begins on the day of now. (Not in a store opened with BBOTS_OPEN_UNFOLLOWED.)
 *
 * Amounts are USD times 10^4, budgets too (the table keeps two of the digits). All functions run in
 * the caller's transaction; now is the present, 0 the transaction's time. As there is one write
 * transaction at a time over all threads and processes, two who reserve the last cent do not both
 * get it. Errors of each: as in bbots/costs.h.
 */
#ifndef BBOTS_BUDGET_H
#define BBOTS_BUDGET_H

#include <bbots/uuid.h>
#include <bbots/store.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BBOTS_BUDGET_SCALE 4

typedef enum bbots_budget_verdict {
    BBOTS_BUDGET_NONE,   /* the user has no budget, or it is not active */
    BBOTS_BUDGET_WITHIN,
    BBOTS_BUDGET_ALERT,  /* spend >= budget x alertThreshold / 100 in a period */
    BBOTS_BUDGET_OVER,   /* spend > budget in a period */
    BBOTS_BUDGET_STOP    /* over, and autoStopOnLimit */
} bbots_budget_verdict;

typedef enum bbots_budget_period {
    BBOTS_BUDGET_DAY,
    BBOTS_BUDGET_WEEK,
    BBOTS_BUDGET_MONTH,
    BBOTS_BUDGET_PERIODS
} bbots_budget_period;

#define BBOTS_BUDGET_UNLIMITED (-1) /* a limit that is not set */

typedef struct bbots_budget_state {
    int64_t budget;        /* BBOTS_BUDGET_UNLIMITED: none */
    int64_t spend;
    int64_t reserved;      /* open reservations */
    int64_t remaining;     /* max(0, budget - spend); BBOTS_BUDGET_UNLIMITED without a budget */
    int64_t projected;     /* spend at the period's end at its present rate */
    bbots_timestamp from;  /* the period */
    bbots_timestamp to;    /* when it begins anew */
    bool over;
    bool alert;
} bbots_budget_state;

typedef struct bbots_budget_status {
    bool has_budget;       /* there is a row, and it is active */
    bool stop;             /* over, and autoStopOnLimit */
    bool auto_stop;
    int32_t alert_threshold;
    int32_t alerts_today;  /* 0 when the last was sent on an earlier day */
    bbots_timestamp last_alert; /* 0: none */
    bbots_budget_verdict verdict;
    bbots_budget_state periods[BBOTS_BUDGET_PERIODS];
} bbots_budget_status;

/* Reads how a user stands; changes nothing, so that any transaction will do. */
BBOTS_API BBOTS_CHECKED int bbots_budget_status_of(bbots_txn *txn, int64_t user_id,
                                                   bbots_timestamp now,
                                                   bbots_budget_status *status,
                                                   bbots_error *error);

typedef struct bbots_budget_limits {
    int64_t limits[BBOTS_BUDGET_PERIODS]; /* BBOTS_BUDGET_UNLIMITED: none */
    int32_t alert_threshold;              /* percent, 1 to 100; 0 means 80 */
    bool auto_stop;
    bool inactive;
} bbots_budget_limits;

/*
 * Sets a user's budget, or changes it; periods that run go on. A new one's week and month begin on
 * the day of now.
 * Errors: BBOTS_INVALID_ARGUMENT (a budget of zero or less, a threshold outside 1 to 100, more
 * digits than two), BBOTS_NUMERIC_OUT_OF_RANGE, BBOTS_FOREIGN_KEY_VIOLATION.
 */
BBOTS_API BBOTS_CHECKED int bbots_budget_set(bbots_txn *txn, int64_t user_id,
                                             const bbots_budget_limits *limits,
                                             bbots_timestamp now, bbots_error *error);

/* Brings the row's periods and spends up to now. BBOTS_OK, or BBOTS_NOT_FOUND without a row. */
BBOTS_API BBOTS_CHECKED int bbots_budget_refresh(bbots_txn *txn, int64_t user_id,
                                                 bbots_timestamp now, bbots_error *error);

/* Notes that an alert was sent. BBOTS_OK, or BBOTS_NOT_FOUND without a row. */
BBOTS_API BBOTS_CHECKED int bbots_budget_mark_alert(bbots_txn *txn, int64_t user_id,
                                                    bbots_timestamp now, bbots_error *error);

/* ------------------------------------------------------------------ reservations */

/*
 * Sets money aside, until expires. Returns BBOTS_OK; BBOTS_REFUSED when autoStopOnLimit is set and
 * in a period spend + open reservations + amount > budget. status (may be NULL) is how the user
 * stands afterwards. A user without a budget is never refused.
 *
 * Reservations are rows of system_config, one a user: "reservations.USER". Like all rows they are
 * durable, and of all processes.
 *
 * Errors: BBOTS_INVALID_ARGUMENT (an amount that is not positive; expires not after now),
 * BBOTS_LIMIT_EXCEEDED (1,000 are open), BBOTS_FOREIGN_KEY_VIOLATION (no such user).
 */
BBOTS_API BBOTS_CHECKED int bbots_budget_reserve(bbots_txn *txn, int64_t user_id, int64_t amount,
                                                 bbots_timestamp expires, bbots_timestamp now,
                                                 bbots_uuid *reservation,
                                                 bbots_budget_status *status, bbots_error *error);

/*
 * Ends a reservation: because its cost was recorded in the same transaction (settle), or because
 * nothing was spent (release); the two differ only in what is said of it later. One that expired can
 * still be ended once, for a day at least.
 * Errors: BBOTS_INVALID_ARGUMENT when the user has no such open reservation. The message names it and
 * says when it was settled or released or that it expired, if it is one of the user's last 16 that
 * ended; nothing was changed.
 */
BBOTS_API BBOTS_CHECKED int bbots_budget_settle(bbots_txn *txn, int64_t user_id,
                                                bbots_uuid reservation, bbots_timestamp now,
                                                bbots_error *error);
BBOTS_API BBOTS_CHECKED int bbots_budget_release(bbots_txn *txn, int64_t user_id,
                                                 bbots_uuid reservation, bbots_timestamp now,
                                                 bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
