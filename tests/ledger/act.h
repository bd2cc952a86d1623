/* tests/ledger/act.h - what act.c and act_rules.c share. */
#ifndef TESTS_LEDGER_ACT_H
#define TESTS_LEDGER_ACT_H

#include "ledger.h"

uint64_t draw(actor *of, uint64_t below);

/* act_rules.c: prices, budgets, credits and the clock. */
void write_prices(actor *of, bbots_txn *txn, unsigned source, bool insert);
void change_prices(actor *of, bbots_txn *txn);
void reprice(actor *of, bbots_txn *txn);
void use_budget(actor *of, bbots_txn *txn);
void reserve(actor *of, bbots_txn *txn);
void use_credits(actor *of, bbots_txn *txn);
void pass_time(actor *of, bbots_txn *txn);

#endif
