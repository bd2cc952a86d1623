/* tests/support/people.h - a store of the platform's tables with users, executions and prices in it. */
#ifndef TESTS_PEOPLE_H
#define TESTS_PEOPLE_H

#include "support/support.h"

#include <bbots/platform.h>

#define PEOPLE_USERS      5 /* ids from 1 */
#define PEOPLE_EXECUTIONS 8 /* the same; execution n is of user 1 + n % PEOPLE_USERS */
#define PEOPLE_DAY        INT64_C(86400000000)
#define PEOPLE_HOUR       INT64_C(3600000000)
#define PEOPLE_BEGIN      INT64_C(1767225600000000) /* 2026-01-01 */

/* Makes it. Models with prices: "m1" of anthropic (3, 15, 3.75, 0.3), "g1" of google (0.1, 0.4). */
void people_make(fixture *place);

/* An integer, decimal or time of a row; 0 for null. */
int64_t number_at(const bbots_row *row, const char *name);

#endif
