/*
 * bbots/bbots.h - all of libbbots but the tables themselves, which are in bbots/platform.h.
 *
 *     error.h      what went wrong
 *     value.h      one value of one column; decimal.h, timestamp.h, uuid.h, json.h read and write them
 *     schema.h     descriptors of tables
 *     store.h      the file and its transactions
 *     table.h      insert, get, update, delete, upsert
 *     cursor.h     scans
 *     defer.h      references that are judged at the end
 *     load.h       many rows at once
 *     summary.h    counts and sums by group
 *     check.h      the whole-file check, and repair
 *     backup.h     copies of the whole file, and a file without gaps
 *     credits.h    balances of credits
 *     credential.h secrets in the platform's form, kept for users
 *     secret.h     sealed columns
 *     vault.h      keys; secrets in the form of the platform
 *     prices.h     price lists, and what usage costs
 *     queue.h      rows of queues, claimed for a time
 *     usage.h      subscriptions: limits, packs, add-ons, periods
 */
#ifndef BBOTS_BBOTS_H
#define BBOTS_BBOTS_H

#include <bbots/backup.h>
#include <bbots/batch.h>
#include <bbots/budget.h>
#include <bbots/check.h>
#include <bbots/costs.h>
#include <bbots/credits.h>
#include <bbots/credential.h>
#include <bbots/cursor.h>
#include <bbots/decimal.h>
#include <bbots/defer.h>
#include <bbots/error.h>
#include <bbots/explain.h>
#include <bbots/json.h>
#include <bbots/prices.h>
#include <bbots/queue.h>
#include <bbots/live.h>
#include <bbots/load.h>
#include <bbots/schema.h>
#include <bbots/secret.h>
#include <bbots/store.h>
#include <bbots/summary.h>
#include <bbots/table.h>
#include <bbots/timestamp.h>
#include <bbots/usage.h>
#include <bbots/uuid.h>
#include <bbots/value.h>
#include <bbots/vault.h>

/* The library's version, for #if and at run time. */
#define BBOTS_VERSION_MAJOR 0
#define BBOTS_VERSION_MINOR 1
#define BBOTS_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0" */
BBOTS_API const char *bbots_version(void);

#ifdef __cplusplus
}
#endif
#endif
