/* tests/support/acts.h - every function of the ledger, called once on a store with rows for it. */
#ifndef TESTS_ACTS_H
#define TESTS_ACTS_H

#include "support/support.h"

#define ACTS_NOW INT64_C(1768478400000000) /* 2026-01-15 12:00 UTC */
#define ACTS_DAY INT64_C(86400000000)

struct act {
    const char *name;
    int (*of)(bbots_txn *txn); /* fills fault */
    bool writes;
    const char *tables; /* without which it cannot, with a space between two */
};

extern const struct act acts[];
extern const size_t act_count;

#endif
