/*
 * ledger/usage_renew.c - periods that are closed.
 *
 * All that is over at now is closed at once: the first period with what was used, those behind it
 * with nothing, since the counters are those of the first. The subscription is written once, at
 * the end.
 */
#include "ledger/usage.h"

#include <bbots/timestamp.h>

#define WEEK        (7 * INT64_C(86400000000))
#define PERIODS_MAX 10000

/* ------------------------------------------------------------------ the next period */

static int days_of(int32_t year, int32_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/*
 * The day of the month on which periods begin: that of the start or of the end, whichever is later,
 * since a shorter month can only have made it earlier; or one that both hide (a 29th of February,
 * by the year).
 */
static int anchor_of(bbots_timestamp start, bbots_timestamp end, int hidden)
{
    bbots_calendar first;
    bbots_calendar last;
    bbots_timestamp_split(start, &first);
    bbots_timestamp_split(end, &last);
    int day = first.day > last.day ? first.day : last.day;
    return day > hidden ? day : hidden;
}

/* So many months behind a time, on the anchor's day or the last one of the month. */
static int add_months(bbots_timestamp from, int months, int anchor, bbots_timestamp *to)
{
    bbots_calendar parts;
    bbots_timestamp_split(from, &parts);
    int month = parts.month - 1 + months;
    parts.year += month / 12;
    parts.month = month % 12 + 1;
    int last = days_of(parts.year, parts.month);
    parts.day = anchor < last ? anchor : last;
    return bbots_timestamp_join(&parts, to);
}

/* How the subscription's periods follow one another: months, or 0 for a week. */
static int read_frequency(bbots_value frequency, int *months, bbots_error *error)
{
    static const struct {
        const char *name;
        int months;
    } known[] = {{"weekly", 0}, {"monthly", 1}, {"six_month", 6}, {"annual", 12}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (usage_text_is(frequency, known[i].name)) {
            *months = known[i].months;
            return BBOTS_OK;
        }
    }
    char shown[BB_QUOTE_MAX];
    return bb_fail(error, BBOTS_INVALID_ARGUMENT, "the payment frequency %s is not known",
                   bb_quote(frequency.data, frequency.size, shown));
}

static int next_end(bbots_timestamp end, int months, int anchor, bbots_timestamp *next,
                    bbots_error *error)
{
    int rc = BBOTS_OK;
    if (months == 0) {
        rc = __builtin_add_overflow(end, WEEK, next) ? BBOTS_DATETIME_OUT_OF_RANGE : BBOTS_OK;
    } else {
        rc = add_months(end, months, anchor, next);
    }
    return rc == BBOTS_OK
               ? rc
               : bb_fail(error, BBOTS_DATETIME_OUT_OF_RANGE, "the next period ends out of range");
}

/* ------------------------------------------------------------------ the record */

/* Executions in packs that were bought within the period; packs of any number count as none. */
static int count_bought(const usage *of, const ledger_table *bought, int64_t *executions,
                        bbots_error *error)
{
    bbots_cursor *cursor;
    bbots_row row;
    *executions = 0;
    int rc = ledger_scan(of->txn, bought, BOUGHT_BY_USER, &of->user, 1, &cursor, error);
    while (rc == BBOTS_OK && (rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        bbots_timestamp at = ledger_integer(bought, &row, BOUGHT_AT);
        if (at >= of->start && at < of->end &&
            __builtin_add_overflow(*executions, ledger_integer(bought, &row, BOUGHT_INCLUDED),
                                   executions)) {
            rc = bb_fail(error, BBOTS_NUMERIC_OUT_OF_RANGE, "packs need more than 64 bits");
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* What was used of the additional executions: what the plan did not hold. */
static int64_t additional_used(const usage *of)
{
    int64_t of_plan = of->used - of->used_of_packs - of->overage;
    int64_t more = of->plan_unlimited || of_plan < of->plan_limit ? 0 : of_plan - of->plan_limit;
    return more < of->additional ? more : of->additional;
}

static int archive(const usage *of, const ledger_table *bought, int64_t overage_cents,
                   bbots_error *error)
{
    const ledger_table *records;
    ledger_values made;
    int64_t purchased;
    int64_t charged;
    int rc = ledger_find(of->txn, &usage_records, &records, error);
    if (rc == BBOTS_OK) {
        rc = count_bought(of, bought, &purchased, error);
    }
    if (rc == BBOTS_OK && (__builtin_mul_overflow(of->overage, overage_cents, &charged) ||
                           __builtin_add_overflow(purchased, of->additional, &purchased))) {
        rc = bb_fail(error, BBOTS_NUMERIC_OUT_OF_RANGE, "a period's totals need more than 64 bits");
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    ledger_values_begin(&made, records);
    ledger_set(&made, RECORD_USER, of->user);
    ledger_set_time(&made, RECORD_START, of->start);
    ledger_set_time(&made, RECORD_END, of->end);
    ledger_set_integer(&made, RECORD_TIER, of->tier_id);
    ledger_set_integer(&made, RECORD_LIMIT, of->plan_limit);
    ledger_set_integer(&made, RECORD_AGENTS, of->agents);
    ledger_set_integer(&made, RECORD_USED, of->used);
    ledger_set_integer(&made, RECORD_PEAK, of->peak_agents);
    ledger_set_integer(&made, RECORD_PURCHASED, purchased);
    ledger_set_integer(&made, RECORD_PURCHASED_USED, additional_used(of) + of->used_of_packs);
    ledger_set_integer(&made, RECORD_OVERAGE, of->overage);
    ledger_set_integer(&made, RECORD_CHARGED, charged);
    ledger_set_time(&made, RECORD_CREATED, of->now);
    return ledger_insert(of->txn, &made, NULL, error);
}

/* ------------------------------------------------------------------ packs that have expired */

static int expire_packs(const usage *of, const ledger_table *bought, uint64_t *expired,
                        bbots_error *error)
{
    bbots_cursor *cursor;
    bbots_row row;
    int rc = ledger_scan(of->txn, bought, BOUGHT_BY_USER, &of->user, 1, &cursor, error);
    while (rc == BBOTS_OK && (rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        bbots_value expires = ledger_value(bought, &row, BOUGHT_EXPIRES);
        if (expires.kind == BBOTS_NULL || expires.integer > of->now ||
            !usage_text_is(ledger_value(bought, &row, BOUGHT_STATUS), "active")) {
            continue;
        }
        ledger_values change;
        ledger_values_begin(&change, bought);
        ledger_set(&change, BOUGHT_STATUS, bbots_value_string("expired"));
        rc = ledger_update(of->txn, &change, ledger_value(bought, &row, BOUGHT_ID), error);
        *expired += rc == BBOTS_OK;
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* ------------------------------------------------------------------ renewing */

/* Closes the period in hand and goes on to the next. */
static int close_period(usage *of, const ledger_table *bought, int64_t overage_cents, int months,
                        int anchor, bbots_renewal *renewal, bbots_error *error)
{
    bbots_timestamp end;
    int rc = next_end(of->end, months, anchor, &end, error);
    if (rc == BBOTS_OK) {
        rc = archive(of, bought, overage_cents, error);
    }
    if (rc == BBOTS_OK) {
        of->start = of->end;
        of->end = end;
        of->used = of->used_of_packs = of->overage = of->peak_agents = 0;
        of->spawned = of->additional = 0;
        renewal->periods++;
    }
    return rc;
}

static void set_period(ledger_values *change, const usage *of, const bbots_renewal *renewal)
{
    ledger_set_integer(change, SUB_USED, 0);
    ledger_set_integer(change, SUB_SPAWNED, 0);
    ledger_set_integer(change, SUB_ADDITIONAL, 0);
    ledger_set_time(change, SUB_UPDATED, of->now);
    if (renewal->cancelled) {
        ledger_set(change, SUB_STATUS, bbots_value_string("cancelled"));
        ledger_set_time(change, SUB_CANCELLED, renewal->end);
    } else {
        ledger_set_time(change, SUB_START, of->start);
        ledger_set_time(change, SUB_END, of->end);
    }
}

/* The counters are written when there are any, or when start and end would hide the anchor. */
static int write_period(usage *of, const bbots_renewal *renewal, int anchor, bbots_error *error)
{
    ledger_values change;
    bbots_value metadata;
    bb_arena arena;
    int rc = BBOTS_OK;
    bool hidden = anchor != 0 && anchor_of(of->start, of->end, 0) < anchor;
    ledger_values_begin(&change, of->of);
    set_period(&change, of, renewal);
    of->anchor_day = hidden ? anchor : 0;
    bb_arena_init(&arena);
    if (hidden || of->counted) {
        rc = usage_write_counters(of, &arena, &metadata, error);
        if (rc == BBOTS_OK) {
            ledger_set(&change, SUB_METADATA, metadata);
        }
    }
    if (rc == BBOTS_OK) {
        rc = ledger_update(of->txn, &change, of->id, error);
    }
    bb_arena_free(&arena);
    return rc;
}

/* How many periods are over, and whether all of it can be done: before anything is written. */
static int plan_periods(const usage *of, int months, int anchor, bool one, uint64_t *periods,
                        bbots_error *error)
{
    bbots_timestamp end = of->end;
    if (of->start >= end) {
        return bb_fail_at(error, BBOTS_INVALID_ARGUMENT, of->of->table->name, "currentPeriodEnd",
                          NULL, "the period of user %lld ends before it begins",
                          (long long)of->user.integer);
    }
    for (*periods = 0; end <= of->now && !(one && *periods == 1); ++*periods) {
        bbots_timestamp next;
        int rc = next_end(end, months, anchor, &next, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
        if (*periods == PERIODS_MAX) {
            return bb_fail(error, BBOTS_INVALID_ARGUMENT,
                           "more than %d periods of user %lld are over", PERIODS_MAX,
                           (long long)of->user.integer);
        }
        end = next;
    }
    return BBOTS_OK;
}

static int renew(usage *of, int64_t overage_cents, int months, bool ends, bbots_renewal *renewal,
                 bbots_error *error)
{
    const ledger_table *bought;
    uint64_t periods = 0;
    int anchor = months != 0 ? anchor_of(of->start, of->end, of->anchor_day) : 0;
    int rc = plan_periods(of, months, anchor, ends, &periods, error);
    if (rc == BBOTS_OK && periods == 0) {
        return BBOTS_UNCHANGED;
    }
    if (rc == BBOTS_OK) {
        rc = ledger_find(of->txn, &usage_bought, &bought, error);
    }
    bbots_timestamp start = of->start;
    bbots_timestamp end = of->end;
    for (uint64_t i = 0; i < periods && rc == BBOTS_OK; i++) {
        rc = close_period(of, bought, overage_cents, months, anchor, renewal, error);
    }
    renewal->cancelled = ends;
    renewal->start = ends ? start : of->start;
    renewal->end = ends ? end : of->end;
    if (rc == BBOTS_OK) {
        rc = write_period(of, renewal, anchor, error);
    }
    return rc == BBOTS_OK ? expire_packs(of, bought, &renewal->expired_packs, error) : rc;
}

/* All or nothing. The metadata is copied, since its row is read after others were written. */
static int renew_whole(usage *of, int64_t overage_cents, int months, bool ends,
                       bbots_renewal *renewal, bbots_error *error)
{
    bb_arena arena;
    bb_arena_init(&arena);
    int rc = BBOTS_OK;
    if (of->metadata.data != NULL) {
        of->metadata.data = bb_arena_copy(&arena, of->metadata.data, of->metadata.size);
        rc =
            of->metadata.data != NULL ? BBOTS_OK : bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    if (rc == BBOTS_OK) {
        rc = ledger_begin_rows(of->txn, error);
    }
    if (rc == BBOTS_OK) {
        rc = ledger_end_rows(of->txn, renew(of, overage_cents, months, ends, renewal, error));
    }
    bb_arena_free(&arena);
    return rc;
}

int bbots_usage_renew(bbots_txn *txn, int64_t user_id, int64_t overage_cents, bbots_timestamp now,
                      bbots_renewal *renewal, bbots_error *error)
{
    usage of;
    bbots_row row;
    int months = 0;
    memset(renewal, 0, sizeof *renewal);
    int rc = ledger_begin(txn, true, &now, error);
    if (rc == BBOTS_OK && overage_cents < 0) {
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT, "an execution cannot cost %lld cents",
                     (long long)overage_cents);
    }
    if (rc == BBOTS_OK) {
        rc = usage_read(txn, user_id, now, &of, error);
    }
    if (rc != BBOTS_OK || of.reason == BBOTS_USAGE_NO_SUBSCRIPTION) {
        return rc == BBOTS_OK ? BBOTS_NOT_FOUND : rc;
    }
    if (of.reason == BBOTS_USAGE_NOT_ACTIVE) {
        return BBOTS_REFUSED;
    }
    rc = bbots_get(txn, of.of->table, of.of->indexes[SUB_BY_USER], &of.user, &row, error);
    if (rc == BBOTS_OK) {
        rc = read_frequency(ledger_value(of.of, &row, SUB_FREQUENCY), &months, error);
    }
    if (rc == BBOTS_OK) {
        bool ends = ledger_value(of.of, &row, SUB_CANCEL_AT_END).boolean;
        rc = renew_whole(&of, overage_cents, months, ends, renewal, error);
    }
    return rc;
}
