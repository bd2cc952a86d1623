/*
 * tests/support/findings.h - a check that stops after so many findings tells the same ones as a check that
 * does not, up to there.
 */
#ifndef TESTS_FINDINGS_H
#define TESTS_FINDINGS_H

#include "support/support.h"

#include <bbots/check.h>

/*
 * Checks as seen by a transaction, then again with each smaller number of findings. Returns how many
 * there were, at most FINDINGS_SEEN; 0 also when the check could not be done.
 */
#define FINDINGS_SEEN 24u
unsigned check_in_steps(bbots_txn *txn);

#endif
