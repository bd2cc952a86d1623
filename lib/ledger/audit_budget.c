/*
 * ledger/audit_budget.c - budgets and reservations before their judges (audit.h).
 *
 * Budgets come after the tables of costs, whose live aggregates say what was spent.
 */
#include "ledger/audit.h"
#include "ledger/budget.h"
#include "ledger/costs.h"
#include "ledger/prices.h"

#include <bbots/decimal.h>

/* ------------------------------------------------------------------ budgets */

bool audit_follows_costs(const bbots_schema *schema)
{
    const bbots_table *summaries = bbots_schema_table(schema, cost_summary_need.table, NULL);
    return summaries != NULL && costs_follower.follows(schema, summaries) != 0;
}

static bool judges_budgets(const bbots_schema *schema, const bbots_table *table)
{
    return audit_is(schema, table, &budget_need) && ledger_has(schema, &prices_need) &&
           audit_follows_costs(schema);
}

static void tell_spend(judged_row *of, const char *column, const char *period, int64_t says,
                       int64_t due)
{
    char told[BBOTS_DECIMAL_TEXT_MAX];
    char costs[BBOTS_DECIMAL_TEXT_MAX];
    bbots_decimal_print(says, BBOTS_BUDGET_SCALE, told);
    bbots_decimal_print(due, BBOTS_BUDGET_SCALE, costs);
    judge_tell(of, BBOTS_DERIVED, column, "the %s's spend is %s, but its costs come to %s", period,
               told, costs);
}

static int judge_budget(judged_row *of, bbots_error *error)
{
    static const uint8_t limits[] = {BUDGET_DAILY, BUDGET_WEEKLY, BUDGET_MONTHLY};
    static const char *const spends[] = {"currentDailySpend", "currentWeeklySpend",
                                         "currentMonthlySpend"};
    static const char *const periods[] = {"day", "week", "month"};
    const ledger_table *table;
    int64_t says[BBOTS_BUDGET_PERIODS];
    int64_t due[BBOTS_BUDGET_PERIODS];
    bool wrong = false;
    int rc = ledger_find(of->txn, &budget_need, &table, error);
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS && rc == BBOTS_OK; i++) {
        (void)audit_negative(of, table, limits[i]);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    int64_t user = ledger_integer(table, &of->row, BUDGET_USER);
    rc = budget_compare(of->txn, user, says, due, error);
    if (rc == BBOTS_NOT_FOUND || rc == BBOTS_INVALID_ARGUMENT || rc == BBOTS_INVALID_TEXT) {
        /* An index that does not lead here, no such user, an unreadable note: findings of their own. */
        bb_error_clear(error);
        return BBOTS_OK;
    }
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS && rc == BBOTS_OK; i++) {
        if (says[i] != due[i]) {
            wrong = true;
            tell_spend(of, spends[i], periods[i], says[i], due[i]);
        }
    }
    return rc == BBOTS_OK && wrong && of->mend ? budget_follow(of->txn, user, error) : rc;
}

const table_judge budgets_judge = {true, judges_budgets, judge_budget};

/* ------------------------------------------------------------------ reservations */

static bool judges_reservations(const bbots_schema *schema, const bbots_table *table)
{
    return audit_is(schema, table, &prices_need);
}

static int judge_reservations(judged_row *of, bbots_error *error)
{
    const ledger_table *table;
    budget_note note;
    bbots_error why;
    int rc = ledger_find(of->txn, &prices_need, &table, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_value key = ledger_value(table, &of->row, PRICES_KEY);
    int64_t user = key.kind == BBOTS_TEXT ? budget_note_user((bbots_text){key.data, key.size}) : 0;
    if (user == 0) {
        return BBOTS_OK;
    }
    bb_error_clear(&why);
    rc = budget_note_read(of->txn, user, &note, &why);
    if (rc == BBOTS_INVALID_TEXT) {
        judge_tell(of, BBOTS_DAMAGE, "value", "%s", why.message);
        rc = BBOTS_OK;
    } else if (rc == BBOTS_OK && budget_note_repeats(&note)) {
        judge_tell(of, BBOTS_DAMAGE, "value", "a reservation of user %lld is there twice",
                   (long long)user);
    } else if (rc < 0 && error != NULL) {
        *error = why;
    }
    budget_note_free(&note);
    return rc;
}

const table_judge reservations_judge = {false, judges_reservations, judge_reservations};
