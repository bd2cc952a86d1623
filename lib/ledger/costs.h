/*
 * ledger/costs.h - what the files of costs share: the four sources and the day's summary.
 *
 * costs_tables.c   which tables and columns        costs_summary.c  daily_cost_summaries
 * costs_record.c   rows are recorded               costs_ask.c      questions (costs_ask.h)
 */
#ifndef LEDGER_COSTS_H
#define LEDGER_COSTS_H

#include "ledger/ledger.h"
#include "table/follower.h"
#include "table/live.h"

#include <bbots/costs.h>

/* Columns that all four sources have, in the same places of their needs. */
enum { COST_ID, COST_USER, COST_EXECUTION, COST_KEY, COST_TIME, COST_TOTAL, COST_OWN };

/* Columns of Claude's and Gemini's calls; Gemini has none of those behind PROMPT_TYPE ... */
enum {
    CALL_MODEL = COST_OWN,
    CALL_INPUT,
    CALL_OUTPUT,
    CALL_TOKENS,
    CALL_INPUT_COST,
    CALL_OUTPUT_COST,
    CALL_PROMPT_TYPE,
    CALL_TOOLS,
    CALL_RESPONSE_TIME,
    CALL_STOP_REASON,
    CALL_CACHE_CREATION, /* ... but for these, which only Claude's have */
    CALL_CACHE_READ,
    CALL_CACHE_COST
};

enum {
    SESSION_PROJECT = COST_OWN,
    SESSION_DURATION,
    SESSION_MINUTES,
    SESSION_MINUTE_COST,
    SESSION_DEBUG_URL,
    SESSION_RECORDING_URL,
    SESSION_RECORDED,
    SESSION_RECORDING_COST,
    SESSION_SCREENSHOTS,
    SESSION_SCREENSHOT_COST,
    SESSION_STATUS,
    SESSION_STARTED,
    SESSION_COMPLETED
};

enum {
    STORAGE_PROVIDER = COST_OWN,
    STORAGE_BUCKET,
    STORAGE_OPERATION,
    STORAGE_OBJECT,
    STORAGE_BYTES,
    STORAGE_MB,
    STORAGE_TRANSFER_COST,
    STORAGE_REQUEST_COST,
    STORAGE_CONTENT_TYPE,
    STORAGE_STATUS
};

enum {
    SUMMARY_ID,
    SUMMARY_USER,
    SUMMARY_DATE,
    SUMMARY_CALLS,
    SUMMARY_INPUT,
    SUMMARY_OUTPUT,
    SUMMARY_CACHE,
    SUMMARY_CLAUDE_COST,
    SUMMARY_GEMINI_CALLS,
    SUMMARY_GEMINI_INPUT,
    SUMMARY_GEMINI_OUTPUT,
    SUMMARY_GEMINI_COST,
    SUMMARY_SESSIONS,
    SUMMARY_MINUTES,
    SUMMARY_BROWSER_COST,
    SUMMARY_OPERATIONS,
    SUMMARY_MB,
    SUMMARY_STORAGE_COST,
    SUMMARY_TOTAL,
    SUMMARY_BY_MODEL,
    SUMMARY_BY_PROVIDER,
    SUMMARY_CREATED,
    SUMMARY_UPDATED,
    SUMMARY_COLUMNS
};

/* Keys of the sources: by user and time, and by the name under which a cost is known. */
enum { COST_BY_ID, COST_BY_USER_TIME, COST_BY_TIME, COST_BY_KEY };

extern const ledger_need cost_needs[BBOTS_COST_SOURCES];
extern const ledger_need cost_summary_need;
extern const char *const cost_providers[BBOTS_COST_SOURCES];

/* A source in a store. */
typedef struct cost_source {
    const ledger_table *of;
    const bbots_live *users;      /* by user, with months, days and hours */
    const bbots_live *all;        /* the same over all users */
    const bbots_live *executions; /* by user and execution, with months and days */
    const bbots_live *execution;  /* by execution */
    unsigned scale;               /* of totalCost */
} cost_source;

typedef struct cost_tables {
    cost_source sources[BBOTS_COST_SOURCES];
} cost_tables;

/* Errors: those of ledger_find(); BBOTS_UNKNOWN_INDEX for a live aggregate that is missing. */
int costs_find(bbots_txn *txn, cost_tables *tables, bbots_error *error);

/* What a user (0: all) spent in a range, at BBOTS_COST_SCALE: costs and nothing else are read. */
int costs_spent(bbots_txn *txn, int64_t user_id, bbots_timestamp from, bbots_timestamp to,
                int64_t *total, bbots_error *error);

/* Keeps daily_cost_summaries. */
extern const table_follower costs_follower;

/*
 * What the summary of a user's day has to say, in memory of the arena; *nothing: there must be none. And
 * the first column in which a row says something else, as a place in the need; -1: none.
 */
int costs_summary_due(bbots_txn *txn, int64_t user, bbots_timestamp day, bb_arena *arena,
                      ledger_values *row, bool *nothing, bbots_error *error);
int costs_summary_difference(const ledger_values *row, const bbots_row *stored);

#define COST_DAY INT64_C(86400000000)

#endif
