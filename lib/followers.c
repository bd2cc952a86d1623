/*
 * followers.c - what follows rows in this library, and who judges them in a check. It stands above all rooms:
 * lib/table hands changes and rows to lists that it does not know, and the ledger's are in them.
 */
#include "ledger/audit.h"
#include "ledger/costs.h"

const table_follower *const table_followers[] = {&costs_follower, NULL};

const table_judge *const table_judges[] = {
    &credits_judge,   &packs_judge,        &subscriptions_judge,
    &periods_judge,   &reservations_judge, &budgets_judge,
    &summaries_judge, &days_judge,         NULL};
