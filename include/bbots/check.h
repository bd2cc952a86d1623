/*
 * bbots/check.h - the whole-file check: everything that is stored twice must agree.
 */
#ifndef BBOTS_CHECK_H
#define BBOTS_CHECK_H

#include <bbots/table.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bbots_severity {
    BBOTS_NOTE = 0,   /* unusual, allowed: a value outside a column's usual ones */
    BBOTS_DERIVED = 1, /* what can be rebuilt is wrong: an index entry, a count, a digest */
    BBOTS_DAMAGE = 2  /* a row is unreadable or breaks a constraint */
} bbots_severity;

typedef struct bbots_finding {
    bbots_severity severity;
    const char *table;      /* "" when no table is concerned */
    const char *object;     /* column, constraint or tree; or "" */
    const char *key;        /* the row's primary key as text, or "" */
    const char *message;    /* a sentence */
} bbots_finding;

typedef struct bbots_check_options {
    const bbots_table *table;   /* only this one; NULL: all */
    bool usual_values;          /* also report values outside a column's usual ones */
    uint64_t findings_max;      /* stop after so many; 0 means 1,000 */
    /* Called for each finding; the strings live during the call. May be NULL. */
    void (*on_finding)(const bbots_finding *finding, void *context);
    /* Called now and then with rows done and rows in all; a result other than 0 stops. May be NULL. */
    int (*on_progress)(uint64_t done, uint64_t total, void *context);
    void *context;
    bool no_accounts; /* leave out what is said of accounts: rows that others keep may contradict it */
} bbots_check_options;

typedef struct bbots_check_result {
    uint64_t tables;
    uint64_t rows;
    uint64_t entries;    /* of index trees */
    uint64_t notes;
    uint64_t derived;
    uint64_t damage;
    uint64_t blocks;     /* of live aggregates */
} bbots_check_result;

/*
 * Checks the pages of the file's last commit (unless only one table is asked for): each is used or
 * free exactly once, and holds together. When one does not, rows are looked at only in a store that
 * was opened with BBOTS_OPEN_GUARD.
 *
 * Then checks, in one transaction's view: every row's checksum and shape, NOT NULL, lengths and ranges,
 * UNIQUE, foreign keys, index trees against rows both ways, counts, digests, serials, live
 * aggregates against rows, sealed values by key, marks.
 *
 * Then accounts, in a schema that has their tables: balance = totalPurchased - totalUsed and none of the
 * totals negative; of a pack 0 <= executionsRemaining <= executionsIncluded, and it is depleted when nothing
 * remains and only then; counters of subscriptions and closed periods not negative, and not less than what
 * of them came out of packs and beyond all that was granted; what a budget says was spent in its periods, and daily_cost_summaries of a
 * day, is what the costs of those come to, and no day's summary is missing; reservations can be read and are there once. (More used of the plan than it
 * grants is a note, told with usual_values: plans change.) What a follower keeps is not judged in a store that was opened
 * with BBOTS_OPEN_UNFOLLOWED, and in a write transaction not while costs wait for their commit.
 *
 * Returns BBOTS_OK (also with findings; see result), BBOTS_CANCELLED (on_progress), or the failure
 * that kept it from going on. Never crashes on damaged rows.
 */
BBOTS_API BBOTS_CHECKED int bbots_check(bbots_txn *txn, const bbots_check_options *options,
                                        bbots_check_result *result, bbots_error *error);

/*
 * Rebuilds what can be derived from the rows, within a write transaction: of each table in which
 * the check finds derived data wrong, its index trees, live aggregates, count, digest and next
 * number. Then, of the accounts that bbots_check() tells of, balances, the status of packs that are used up, the spends of budgets and the summaries of days, which
 * are the only rows that are touched. on_repair (may be NULL) is told of each thing that was rebuilt.
 * *result: tables, rows, and the derived data and damage that were found before. Damage
 * remains: bbots_salvage() is for it.
 *
 * Errors: BBOTS_CORRUPTED (a row cannot be read), BBOTS_UNIQUE_VIOLATION (rows clash), BBOTS_READ_ONLY,
 * BBOTS_TRANSACTION_BROKEN, BBOTS_MAP_FULL, BBOTS_NO_MEMORY. The transaction can then only be
 * rolled back.
 */
BBOTS_API BBOTS_CHECKED int bbots_repair(bbots_txn *txn,
                                         void (*on_repair)(const bbots_finding *finding,
                                                           void *context),
                                         void *context, bbots_check_result *result,
                                         bbots_error *error);

typedef struct bbots_salvage_options {
    const bbots_schema *schema; /* of the rows; NULL: the one that the broken file holds */
    /* Called for each row that is known to be lost; the strings live during the call. May be NULL. */
    void (*on_loss)(const bbots_finding *finding, void *context);
    void *context;
} bbots_salvage_options;

typedef struct bbots_salvage_result {
    uint64_t rows;      /* in the new store */
    uint64_t scattered; /* of those that were found: on pages that no tree reached */
    uint64_t damaged;   /* in their tree, but no row any more */
    uint64_t dropped;   /* proved, but without what a constraint asks for */
} bbots_salvage_result;

/*
 * Writes every row of a broken file that can be proved (its checksum fits) into a new store, in
 * which all constraints hold, and reports the rest. The broken file is only read, without a lock:
 * nobody should write to it meanwhile. Whatever its bytes, it ends. What never was on a readable
 * page is not reported, since nothing tells of it. If the list of free pages is damaged, rows that
 * were deleted may come back, and older versions of rows whose newer one is lost. The new file has its
 * name only when it is whole (bbots/backup.h says the same of copies), and mode 0600.
 *
 * Errors: BBOTS_FILE_MISSING, BBOTS_NOT_A_STORE (neither meta page is one), BBOTS_CORRUPTED (no schema is
 * given or found), BBOTS_FILE_EXISTS, and those of bbots_open() and bbots_insert(). There is no new
 * file then.
 */
BBOTS_API BBOTS_CHECKED int bbots_salvage(const char *broken, const char *path,
                                          const bbots_salvage_options *options,
                                          bbots_salvage_result *result, bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
