/*
 * ledger/budget.c - a user's budget: which periods hold now, what was spent in them, what follows.
 *
 * What was spent is never added to: it is read from the live aggregates, so that backdated,
 * corrected and deleted costs count where they belong. The columns of the row are a copy.
 */
#include "ledger/budget.h"

#include "base/calendar.h"
#include "ledger/costs.h"
#include "ledger/prices.h"
#include "ledger/zone.h"

#include <bbots/costs.h>
#include <bbots/decimal.h>

#define COUNT(array) (uint8_t)(sizeof(array) / sizeof *(array))
#define DAY          (BB_DAY_SECONDS * BB_SECOND_MICROSECONDS)
#define WEEK         (7 * DAY)

static const ledger_column columns[] = {
    [BUDGET_ID] = {"id", LEDGER_INTEGER},
    [BUDGET_USER] = {"userId", LEDGER_INTEGER},
    [BUDGET_DAILY] = {"dailyBudget", LEDGER_DECIMAL},
    [BUDGET_WEEKLY] = {"weeklyBudget", LEDGER_DECIMAL},
    [BUDGET_MONTHLY] = {"monthlyBudget", LEDGER_DECIMAL},
    [BUDGET_THRESHOLD] = {"alertThreshold", LEDGER_INTEGER},
    [BUDGET_DAY_SPEND] = {"currentDailySpend", LEDGER_DECIMAL},
    [BUDGET_WEEK_SPEND] = {"currentWeeklySpend", LEDGER_DECIMAL},
    [BUDGET_MONTH_SPEND] = {"currentMonthlySpend", LEDGER_DECIMAL},
    [BUDGET_ACTIVE] = {"isActive", LEDGER_BOOLEAN},
    [BUDGET_AUTO_STOP] = {"autoStopOnLimit", LEDGER_BOOLEAN},
    [BUDGET_LAST_ALERT] = {"lastAlertSent", LEDGER_TIME},
    [BUDGET_ALERTS_TODAY] = {"alertsSentToday", LEDGER_INTEGER},
    [BUDGET_DAY_START] = {"dailyPeriodStart", LEDGER_TIME},
    [BUDGET_WEEK_START] = {"weeklyPeriodStart", LEDGER_TIME},
    [BUDGET_MONTH_START] = {"monthlyPeriodStart", LEDGER_TIME},
    [BUDGET_CREATED] = {"createdAt", LEDGER_TIME},
    [BUDGET_UPDATED] = {"updatedAt", LEDGER_TIME},
};

enum { BY_ID, BY_USER };

static const ledger_key keys[] = {
    [BY_ID] = {true, 1, {BUDGET_ID}}, [BY_USER] = {true, 1, {BUDGET_USER}}};

const ledger_need budget_need = {LEDGER_COST_BUDGETS, "cost_budgets", columns, keys,
                                 COUNT(columns),      COUNT(keys)};

/* A user's budget in hand. */
typedef struct account {
    bbots_txn *txn;
    const ledger_table *of;
    int64_t user;
    bbots_timestamp now;
    bbots_error *error;
    bool found;
    int64_t id;
    bbots_timestamp starts[BBOTS_BUDGET_PERIODS]; /* as the row has them, */
    bbots_timestamp begins[BBOTS_BUDGET_PERIODS]; /* and as they count */
    int64_t spends[BBOTS_BUDGET_PERIODS];         /* as the row has them */
    int64_t exact[BBOTS_BUDGET_PERIODS];          /* as the costs have them, at BBOTS_COST_SCALE */
    bbots_timestamp anchor;                       /* of the month */
    bool stay;                                    /* periods are those of the row */
    bool active;
    budget_note note;
    bbots_budget_status status;
} account;

/* ------------------------------------------------------------------ periods */

/* A date some months later, or the month's last day when that is shorter. */
static bbots_timestamp add_months(bbots_timestamp anchor, int64_t months)
{
    bbots_calendar calendar;
    bbots_timestamp result = anchor;
    bbots_timestamp_split(anchor, &calendar);
    int64_t month = (int64_t)calendar.year * 12 + calendar.month - 1 + months;
    calendar.year = (int32_t)(month / 12);
    calendar.month = (int32_t)(month % 12) + 1;
    int days = bb_calendar_month_days(calendar.year, calendar.month);
    calendar.day = calendar.day > days ? days : calendar.day;
    return bbots_timestamp_join(&calendar, &result) == BBOTS_OK ? result : anchor;
}

static void set_month(bbots_timestamp anchor, bbots_timestamp now, bbots_budget_state *state)
{
    bbots_calendar first;
    bbots_calendar last;
    bbots_timestamp_split(anchor, &first);
    bbots_timestamp_split(now, &last);
    int64_t months = ((int64_t)last.year - first.year) * 12 + last.month - first.month;
    months = now < anchor ? 0 : months;
    if (months > 0 && add_months(anchor, months) > now) {
        months--;
    }
    state->from = add_months(anchor, months);
    state->to = add_months(anchor, months + 1);
}

/* The periods that hold now; one that has not begun yet is the first. */
static void set_periods(account *of)
{
    bbots_budget_state *periods = of->status.periods;
    bbots_timestamp week = of->begins[BBOTS_BUDGET_WEEK];
    int64_t weeks = of->now > week && !of->stay ? (of->now - week) / WEEK : 0;
    bbots_timestamp day = of->stay ? of->begins[BBOTS_BUDGET_DAY] : of->now;
    bbots_timestamp month = of->stay ? of->begins[BBOTS_BUDGET_MONTH] : of->now;
    periods[BBOTS_BUDGET_DAY].from = bbots_timestamp_truncate(day, BBOTS_TIME_DAY);
    periods[BBOTS_BUDGET_DAY].to = periods[BBOTS_BUDGET_DAY].from + DAY;
    periods[BBOTS_BUDGET_WEEK].from = week + weeks * WEEK;
    periods[BBOTS_BUDGET_WEEK].to = week + (weeks + 1) * WEEK;
    set_month(of->anchor, month, &periods[BBOTS_BUDGET_MONTH]);
}

/* ------------------------------------------------------------------ what was spent */

static int64_t at_scale(int64_t amount, int64_t part)
{
    return (amount + (amount < 0 ? -part : part) / 2) / part;
}

/* spend at BBOTS_COST_SCALE against a budget at BBOTS_BUDGET_SCALE, exactly. */
static void judge(account *of, bbots_budget_state *state, int64_t spend)
{
    __extension__ typedef __int128 wide;
    wide limit = (wide)state->budget * 100; /* at BBOTS_COST_SCALE */
    int64_t passed = of->now - state->from;
    wide projected = state->spend;
    if (passed > 0 && of->now < state->to) {
        projected = projected * (state->to - state->from) / passed;
    }
    state->projected = projected > INT64_MAX ? INT64_MAX : (int64_t)projected;
    state->remaining = BBOTS_BUDGET_UNLIMITED;
    if (state->budget == BBOTS_BUDGET_UNLIMITED) {
        return;
    }
    state->over = spend > limit;
    state->alert = (wide)spend * 100 >= limit * of->status.alert_threshold;
    state->remaining = state->budget > state->spend ? state->budget - state->spend : 0;
    if (state->over) {
        of->status.verdict = BBOTS_BUDGET_OVER;
    } else if (state->alert && of->status.verdict < BBOTS_BUDGET_ALERT) {
        of->status.verdict = BBOTS_BUDGET_ALERT;
    }
}

static int add_spends(account *of)
{
    int rc = BBOTS_OK;
    of->status.verdict = BBOTS_BUDGET_WITHIN;
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS && rc == BBOTS_OK; i++) {
        bbots_budget_state *state = &of->status.periods[i];
        int64_t spend;
        rc = costs_spent(of->txn, of->user, state->from, state->to, &spend, of->error);
        if (rc == BBOTS_OK) {
            of->exact[i] = spend;
            state->spend = at_scale(spend, 100);
            state->reserved = budget_reserved(&of->note, of->now);
            judge(of, state, spend);
        }
    }
    if (of->status.verdict == BBOTS_BUDGET_OVER && of->status.auto_stop) {
        of->status.verdict = BBOTS_BUDGET_STOP;
        of->status.stop = true;
    }
    if (!of->active) {
        of->status.verdict = BBOTS_BUDGET_NONE;
        of->status.stop = false;
    }
    return rc;
}

/* ------------------------------------------------------------------ the row */

/* At the scale of the amounts here, whatever the column's is; what does not fit is past every spend. */
static int64_t amount_of(const account *of, const bbots_row *row, unsigned column)
{
    bbots_value value = ledger_value(of->of, row, column);
    int64_t amount;
    if (value.kind == BBOTS_NULL) {
        return BBOTS_BUDGET_UNLIMITED;
    }
    return bbots_decimal_rescale(value.integer, value.scale, BBOTS_DECIMAL_PRECISION_MAX,
                                 BBOTS_BUDGET_SCALE, &amount) == BBOTS_OK
               ? amount
               : INT64_MAX;
}

/* A period that begins never, or where the calendar ends, begins on the day of now. */
static bbots_timestamp begin_of(const account *of, bbots_timestamp start)
{
    return zone_is_past_calendar(start) ? bbots_timestamp_truncate(of->now, BBOTS_TIME_DAY) : start;
}

static void read_row(account *of, const bbots_row *row)
{
    static const uint8_t limits[] = {BUDGET_DAILY, BUDGET_WEEKLY, BUDGET_MONTHLY};
    static const uint8_t spends[] = {BUDGET_DAY_SPEND, BUDGET_WEEK_SPEND, BUDGET_MONTH_SPEND};
    static const uint8_t starts[] = {BUDGET_DAY_START, BUDGET_WEEK_START, BUDGET_MONTH_START};
    const ledger_table *table = of->of;
    of->found = true;
    of->id = ledger_integer(table, row, BUDGET_ID);
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS; i++) {
        of->status.periods[i].budget = amount_of(of, row, limits[i]);
        of->spends[i] = amount_of(of, row, spends[i]);
        of->starts[i] = ledger_integer(table, row, starts[i]);
        of->begins[i] = begin_of(of, of->starts[i]);
    }
    of->active = ledger_value(table, row, BUDGET_ACTIVE).boolean;
    of->status.has_budget = of->active;
    of->status.auto_stop = ledger_value(table, row, BUDGET_AUTO_STOP).boolean;
    of->status.alert_threshold = (int32_t)ledger_integer(table, row, BUDGET_THRESHOLD);
    of->status.last_alert = ledger_integer(table, row, BUDGET_LAST_ALERT);
    bool today = bbots_timestamp_truncate(of->status.last_alert, BBOTS_TIME_DAY) ==
                 bbots_timestamp_truncate(of->now, BBOTS_TIME_DAY);
    of->status.alerts_today = today ? (int32_t)ledger_integer(table, row, BUDGET_ALERTS_TODAY) : 0;
}

/* Opens a user's budget; found is false without a row. account_close() in any case. */
static int account_open(account *of, bbots_txn *txn, bool write, int64_t user, bbots_timestamp now,
                        bool stay, bbots_error *error)
{
    bbots_row row;
    bbots_value key = bbots_value_integer(user);
    memset(of, 0, sizeof *of);
    of->txn = txn;
    of->user = user;
    of->now = now;
    of->stay = stay;
    of->error = error;
    int rc = ledger_begin(txn, write, &of->now, error);
    if (rc == BBOTS_OK && user <= 0) {
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT, "a budget is one user's");
    }
    if (rc == BBOTS_OK) {
        rc = ledger_find(txn, &budget_need, &of->of, error);
    }
    if (rc == BBOTS_OK) {
        rc = budget_note_read(txn, user, &of->note, error);
    }
    if (rc == BBOTS_OK) {
        rc = bbots_get(txn, of->of->table, of->of->indexes[BY_USER], &key, &row, error);
        if (rc == BBOTS_NOT_FOUND) {
            return BBOTS_OK;
        }
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    read_row(of, &row);
    of->anchor = of->begins[BBOTS_BUDGET_MONTH];
    if (of->note.id != 0 && of->note.start == of->anchor && of->note.anchor != 0) {
        of->anchor = of->note.anchor;
    }
    set_periods(of);
    return add_spends(of);
}

static void account_close(account *of)
{
    budget_note_free(&of->note);
}

/* At the scale of the amounts here; the column has its own. */
static void set_amount(ledger_values *row, unsigned column, int64_t amount)
{
    ledger_set(row, column, bbots_value_decimal(amount, BBOTS_BUDGET_SCALE));
}

/* The anchor is noted when the month's begin no longer tells it. */
static int keep_anchor(account *of)
{
    bbots_timestamp start = of->status.periods[BBOTS_BUDGET_MONTH].from;
    bool told = add_months(start, 1) == of->status.periods[BBOTS_BUDGET_MONTH].to;
    bool same = of->note.anchor == of->anchor && of->note.start == start;
    if ((told && of->note.anchor == 0) || same || start == of->anchor) {
        return BBOTS_OK;
    }
    of->note.anchor = of->anchor;
    of->note.start = start;
    return budget_note_write(of->txn, of->user, &of->note, of->now, of->error);
}

/* Writes periods and spends when the row says something else. */
static int save(account *of)
{
    static const uint8_t spends[] = {BUDGET_DAY_SPEND, BUDGET_WEEK_SPEND, BUDGET_MONTH_SPEND};
    static const uint8_t starts[] = {BUDGET_DAY_START, BUDGET_WEEK_START, BUDGET_MONTH_START};
    ledger_values row;
    ledger_values_begin(&row, of->of);
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS; i++) {
        const bbots_budget_state *state = &of->status.periods[i];
        if (of->starts[i] != state->from) {
            ledger_set_time(&row, starts[i], state->from);
        }
        if (of->spends[i] != state->spend) {
            set_amount(&row, spends[i], state->spend);
        }
    }
    if (row.given == 0) {
        return BBOTS_OK;
    }
    ledger_set_time(&row, BUDGET_UPDATED, of->now);
    int rc = ledger_update(of->txn, &row, bbots_value_integer(of->id), of->error);
    return rc == BBOTS_OK ? keep_anchor(of) : rc;
}

/* ------------------------------------------------------------------ public */

int bbots_budget_status_of(bbots_txn *txn, int64_t user_id, bbots_timestamp now,
                           bbots_budget_status *status, bbots_error *error)
{
    account of;
    int rc = account_open(&of, txn, false, user_id, now, false, error);
    *status = of.status;
    account_close(&of);
    return rc;
}

int budget_charge(bbots_txn *txn, int64_t user, bbots_timestamp now, bbots_budget_status *status,
                  int64_t spends[BBOTS_BUDGET_PERIODS], bbots_error *error)
{
    account of;
    int rc = account_open(&of, txn, true, user, now, false, error);
    if (rc == BBOTS_OK && of.found) {
        rc = save(&of);
    }
    *status = of.status;
    if (spends != NULL) {
        memcpy(spends, of.exact, sizeof of.exact);
    }
    account_close(&of);
    return rc;
}

int budget_follow(bbots_txn *txn, int64_t user, bbots_error *error)
{
    const ledger_table *of;
    const ledger_table *notes;
    account account_of;
    bbots_row row;
    bbots_value key = bbots_value_integer(user);
    uint64_t count;
    int rc = ledger_find(txn, &budget_need, &of, NULL);
    rc = rc == BBOTS_OK ? ledger_find(txn, &prices_need, &notes, NULL) : rc;
    if (rc != BBOTS_OK) { /* a store without budgets, or without a place for their notes */
        return rc == BBOTS_NO_MEMORY ? bb_fail(error, rc, "out of memory") : BBOTS_OK;
    }
    rc = bbots_count(txn, of->table, &count, error);
    if (rc != BBOTS_OK || count == 0) {
        return rc;
    }
    rc = bbots_get(txn, of->table, of->indexes[BY_USER], &key, &row, error);
    if (rc != BBOTS_OK) {
        return rc < 0 ? rc : BBOTS_OK;
    }
    rc = account_open(&account_of, txn, true, user, 0, true, error);
    if (rc == BBOTS_OK && account_of.found) {
        rc = save(&account_of);
    }
    account_close(&account_of);
    return rc;
}

/* The day counts from its beginning, or from the time that a row of the host's own says. */
static int64_t day_due(account *of)
{
    const bbots_budget_state *day = &of->status.periods[BBOTS_BUDGET_DAY];
    bbots_cost_question question = {
        .user_id = of->user, .from = of->begins[BBOTS_BUDGET_DAY], .to = day->to};
    bbots_cost_answer *answer;
    int64_t due = day->spend;
    if (question.from != day->from && of->spends[BBOTS_BUDGET_DAY] != due &&
        bbots_cost_ask(of->txn, &question, &answer, NULL) == BBOTS_OK) {
        due = at_scale(bbots_cost_answer_sums(answer)->total, 100);
        bbots_cost_answer_free(answer);
    }
    return due;
}

int budget_compare(bbots_txn *txn, int64_t user, int64_t says[BBOTS_BUDGET_PERIODS],
                   int64_t due[BBOTS_BUDGET_PERIODS], bbots_error *error)
{
    account of;
    int rc = account_open(&of, txn, false, user, 0, true, error);
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS && rc == BBOTS_OK; i++) {
        says[i] = of.spends[i];
        due[i] = i == BBOTS_BUDGET_DAY ? day_due(&of) : of.status.periods[i].spend;
    }
    account_close(&of);
    return rc == BBOTS_OK && !of.found ? BBOTS_NOT_FOUND : rc;
}

int bbots_budget_refresh(bbots_txn *txn, int64_t user_id, bbots_timestamp now, bbots_error *error)
{
    account of;
    int rc = account_open(&of, txn, true, user_id, now, false, error);
    if (rc == BBOTS_OK) {
        rc = of.found ? save(&of) : BBOTS_NOT_FOUND;
    }
    account_close(&of);
    return rc;
}

int bbots_budget_mark_alert(bbots_txn *txn, int64_t user_id, bbots_timestamp now,
                            bbots_error *error)
{
    account of;
    ledger_values row;
    int rc = account_open(&of, txn, true, user_id, now, false, error);
    if (rc == BBOTS_OK && !of.found) {
        rc = BBOTS_NOT_FOUND;
    }
    if (rc == BBOTS_OK) {
        ledger_values_begin(&row, of.of);
        ledger_set_time(&row, BUDGET_LAST_ALERT, of.now);
        ledger_set_integer(&row, BUDGET_ALERTS_TODAY, of.status.alerts_today + 1);
        rc = ledger_update(txn, &row, bbots_value_integer(of.id), error);
    }
    account_close(&of);
    return rc;
}

static int check_limits(const bbots_budget_limits *limits, bbots_error *error)
{
    static const char *const names[] = {"daily", "weekly", "monthly"};
    char text[BBOTS_DECIMAL_TEXT_MAX];
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS; i++) {
        int64_t limit = limits->limits[i];
        if (limit == BBOTS_BUDGET_UNLIMITED) {
            continue;
        }
        bbots_decimal_print(limit, BBOTS_BUDGET_SCALE, text);
        if (limit <= 0) {
            return bb_fail(error, BBOTS_INVALID_ARGUMENT,
                           "the %s budget has to be positive, not %s", names[i], text);
        }
        if (limit % 100 != 0) {
            return bb_fail(error, BBOTS_INVALID_ARGUMENT,
                           "the %s budget has two digits after the point, not %s", names[i], text);
        }
    }
    if (limits->alert_threshold < 0 || limits->alert_threshold > 100) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT,
                       "an alert threshold is 1 to 100 percent, not %d",
                       (int)limits->alert_threshold);
    }
    return BBOTS_OK;
}

static int put_limits(account *of, bbots_txn *txn, int64_t user_id,
                      const bbots_budget_limits *limits, bbots_error *error)
{
    static const uint8_t places[] = {BUDGET_DAILY, BUDGET_WEEKLY, BUDGET_MONTHLY};
    int32_t threshold = limits->alert_threshold != 0 ? limits->alert_threshold : 80;
    ledger_values row;
    ledger_values_begin(&row, of->of);
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS; i++) {
        if (limits->limits[i] == BBOTS_BUDGET_UNLIMITED) {
            ledger_set(&row, places[i], bbots_value_null());
        } else {
            set_amount(&row, places[i], limits->limits[i]);
        }
    }
    ledger_set_integer(&row, BUDGET_THRESHOLD, threshold);
    ledger_set(&row, BUDGET_ACTIVE, bbots_value_boolean(!limits->inactive));
    ledger_set(&row, BUDGET_AUTO_STOP, bbots_value_boolean(limits->auto_stop));
    ledger_set_time(&row, BUDGET_UPDATED, of->now);
    if (of->found) {
        return ledger_update(txn, &row, bbots_value_integer(of->id), error);
    }
    bbots_timestamp today = bbots_timestamp_truncate(of->now, BBOTS_TIME_DAY);
    ledger_set_integer(&row, BUDGET_USER, user_id);
    ledger_set_time(&row, BUDGET_DAY_START, today);
    ledger_set_time(&row, BUDGET_WEEK_START, today);
    ledger_set_time(&row, BUDGET_MONTH_START, today);
    ledger_set_time(&row, BUDGET_CREATED, of->now);
    return ledger_insert(txn, &row, NULL, error);
}

int bbots_budget_set(bbots_txn *txn, int64_t user_id, const bbots_budget_limits *limits,
                     bbots_timestamp now, bbots_error *error)
{
    account of;
    bb_error_clear(error);
    int rc = check_limits(limits, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = account_open(&of, txn, true, user_id, now, false, error);
    if (rc == BBOTS_OK) {
        rc = ledger_begin_rows(txn, error);
        if (rc == BBOTS_OK) {
            rc = put_limits(&of, txn, user_id, limits, error);
            rc = rc == BBOTS_OK ? bbots_budget_refresh(txn, user_id, now, error) : rc;
            rc = ledger_end_rows(txn, rc);
        }
    }
    account_close(&of);
    return rc;
}
