/* ledger/followers.c - what follows rows in a store that has the platform's tables. */
#include "ledger/costs.h"

const table_follower *const table_followers[] = {&costs_follower, NULL};
