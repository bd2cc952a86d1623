/*
 * ledger/audit.h - the judges of accounts (table/judge.h): what the check holds against each other, what a
 * repair writes anew.
 *
 * table                       holds                                           written anew
 * user_credits                no total is negative, no more used than
 *                             purchased; balance = totalPurchased - totalUsed  balance
 * user_execution_packs        0 <= remaining <= included; depleted when
 *                             nothing remains, and only then                  status depleted
 * user_subscriptions          no counter is negative; used >= what came of
 *                             packs and beyond all; the period does not end
 *                             before it begins; used of the plan <= what it
 *                             grants (a note: plans change)
 * subscription_usage_records  the same of closed periods
 * cost_budgets                no limit is negative; what the row says was
 *                             spent is what the costs of its periods come to  spends
 * daily_cost_summaries        every column is what the user's costs of the
 *                             day come to                                     all of the table
 * users                       each day with costs has its summary             the same
 * system_config               reservations can be read, and each is there once
 */
#ifndef LEDGER_AUDIT_H
#define LEDGER_AUDIT_H

#include "ledger/ledger.h"
#include "table/judge.h"

extern const table_judge credits_judge; /* credits.c */
extern const table_judge packs_judge;   /* audit.c ... */
extern const table_judge subscriptions_judge;
extern const table_judge periods_judge;
extern const table_judge budgets_judge; /* audit_budget.c ... */
extern const table_judge reservations_judge;
extern const table_judge summaries_judge; /* audit_summary.c ... */
extern const table_judge days_judge;

/* Whether a table is the one of a need, and has all of it. */
bool audit_is(const bbots_schema *schema, const bbots_table *table, const ledger_need *need);

/* Whether the schema's summaries and budgets follow costs. */
bool audit_follows_costs(const bbots_schema *schema);

/* Tells of a column that is negative. Returns whether it is. */
bool audit_negative(judged_row *of, const ledger_table *table, unsigned column);

#endif
