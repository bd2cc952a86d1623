/* tests/ledger/ask.h - what ask.c and ask_rows.c share. */
#ifndef TESTS_LEDGER_ASK_H
#define TESTS_LEDGER_ASK_H

#include "ledger.h"

/* ask_rows.c: costs as the rows have them. */
void read_rows(actor *of, bbots_txn *txn, mirror *into);

/* Rows, days' summaries, budgets' copies and credits are as the mirror says. */
void compare_rows(actor *of, bbots_txn *txn);

void compare_budget(actor *of, bbots_txn *txn, int64_t user);

#endif
