/*
 * followers.c - what follows rows in this library. It stands above all rooms: lib/table hands changes
 * to a list that it does not know, and the ledger's followers are in it.
 */
#include "ledger/costs.h"

const table_follower *const table_followers[] = {&costs_follower, NULL};
