/*
 * bbots/costs.h - what calls, browsers and storage cost: recorded once, summed up exactly, asked in
 * a few reads however many rows there are.
 *
 * Costs are rows of four tables, the sources below; the time of a cost is its "createdAt". In a
 * store whose schema has them as documented, with their live aggregates (schema/09-costs.sql),
 * every write keeps right
 *   - the aggregates, in the statement;
 *   - the row of daily_cost_summaries of each user and UTC day, at the commit, or at once by the
 *     functions here: also for plain inserts, updates, deletes, cascades and imports. A day without
 *     costs has no row. (Not in a store opened with BBOTS_OPEN_UNFOLLOWED.)
 *
 * Amounts are integers, USD times 10 to the power of a scale: 4 for Claude and browsers, 6 for
 * Gemini and storage, BBOTS_COST_SCALE where sources are added up. Times are UTC unless a zone is
 * named; ranges are half open, from <= time < to. User 0 stands for all users together.
 *
 * All functions run in the caller's transaction, on its thread; those that record need a write
 * transaction and change all or nothing. now is the present, 0 the transaction's time. Errors of
 * each: those of bbots/table.h; BBOTS_UNKNOWN_TABLE, BBOTS_UNKNOWN_COLUMN, BBOTS_WRONG_TYPE or
 * BBOTS_UNKNOWN_INDEX when the store's schema lacks what is needed: the four sources, and to record,
 * cost_budgets and system_config too.
 */
#ifndef BBOTS_COSTS_H
#define BBOTS_COSTS_H

#include <bbots/budget.h>
#include <bbots/live.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BBOTS_COST_SCALE 6 /* digits after the point of amounts over several sources */

typedef enum bbots_cost_source {
    BBOTS_COST_CLAUDE,  /* api_token_usage, provider "anthropic" */
    BBOTS_COST_GEMINI,  /* gemini_token_usage, "google" */
    BBOTS_COST_BROWSER, /* browserbase_costs, "browserbase" */
    BBOTS_COST_STORAGE, /* storage_costs, "storage" */
    BBOTS_COST_SOURCES
} bbots_cost_source;

/* ------------------------------------------------------------------ recording */

typedef enum bbots_cost_flag {
    /*
     * A cost of the same name in the source, whosever it is and whichever way it came in, is not
     * recorded again; of several the one with the least id is told. It is found by an index, however
     * many there are. That index takes in what came since it was last asked: the first question
     * after a load reads the loaded rows.
     */
    BBOTS_COST_ONCE = 1,
    BBOTS_COST_FALLBACK = 2 /* a model without a price takes the list's fallback (prices.h) */
} bbots_cost_flag;

#define BBOTS_COST_UNKNOWN INT64_MIN /* an amount that is to be taken from the price list */

/* What a recording did. */
typedef struct bbots_cost_recorded {
    int64_t id;       /* of the row */
    int64_t total;    /* of the row, at the source's scale */
    bool repeated;    /* BBOTS_COST_ONCE: the cost was there already, nothing changed */
    bool updated;     /* a session that was known was brought up to date */
    char price[256];  /* id of the price list's entry that was used, or "" (prices.h) */
    bbots_budget_verdict verdict; /* what his budget says now; BBOTS_BUDGET_NONE without one */
} bbots_cost_recorded;

/* A call of a model. Zeroed texts and JSON are NULL. */
typedef struct bbots_cost_call {
    bbots_cost_source source;   /* BBOTS_COST_CLAUDE or BBOTS_COST_GEMINI */
    int64_t user_id;
    int64_t execution_id;       /* 0: none */
    bbots_text request_id;      /* its name; needed with BBOTS_COST_ONCE */
    bbots_text model;
    bbots_text prompt_type;
    bbots_text stop_reason;
    bbots_json tools_used;
    int64_t input_tokens;
    int64_t output_tokens;
    int64_t cache_creation_tokens; /* Claude only */
    int64_t cache_read_tokens;     /* Claude only */
    int64_t response_ms;           /* negative: NULL */
    bbots_timestamp at;            /* 0: now */
    bool priced;                   /* the three costs are given; otherwise the price list has them */
    int64_t input_cost;            /* at the source's scale */
    int64_t output_cost;
    int64_t cache_cost;
} bbots_cost_call;

/*
 * Records a call: totalTokens is the sum of its tokens; costs that are not given are tokens x price
 * / 1,000,000 of the entry in force at its time, rounded once; totalCost is the sum of the
 * unrounded parts. The day's summary is brought up to date.
 *
 * Errors: BBOTS_INVALID_ARGUMENT (another source, negative tokens or costs, cache tokens of Gemini,
 * no model, BBOTS_COST_ONCE without a name), BBOTS_UNKNOWN_PRICE (no price for the model),
 * BBOTS_NUMERIC_OUT_OF_RANGE, BBOTS_FOREIGN_KEY_VIOLATION (no such user or execution).
 */
BBOTS_API BBOTS_CHECKED int bbots_cost_record_call(bbots_txn *txn, const bbots_cost_call *call,
                                                   uint32_t flags, bbots_timestamp now,
                                                   bbots_cost_recorded *recorded,
                                                   bbots_error *error);

/* A remote browser, while it runs or at its end. */
typedef struct bbots_cost_session {
    int64_t user_id;
    int64_t execution_id;    /* 0: none */
    bbots_text session_id;   /* its name: needed */
    bbots_text project_id;
    bbots_text debug_url;
    bbots_text recording_url;
    bbots_text status;       /* "active", "completed", "failed", "timeout" */
    int64_t duration_ms;
    bool recorded;
    int64_t screenshots;
    int64_t minute_cost;     /* USD times 10^4; BBOTS_COST_UNKNOWN: from the price list, model */
    int64_t recording_cost;  /* "session" of provider "browserbase"; without a list the column's */
    int64_t screenshot_cost; /* default for a minute, and nothing for the others. Of one each */
    bbots_timestamp started; /* 0: now */
    bbots_timestamp completed; /* 0: NULL */
    bbots_timestamp at;      /* 0: now; of a session that is known it stays as it was */
} bbots_cost_session;

/*
 * Records a session, or brings the row with its name up to date. durationMinutes is durationMs /
 * 60,000; totalCost is durationMs x costPerMinute / 60,000 + the recording's price if recorded +
 * screenshots x the price of one, rounded once.
 *
 * Errors: as above, and BBOTS_INVALID_ARGUMENT for a session that ends before it starts.
 */
BBOTS_API BBOTS_CHECKED int bbots_cost_record_session(bbots_txn *txn,
                                                      const bbots_cost_session *session,
                                                      uint32_t flags, bbots_timestamp now,
                                                      bbots_cost_recorded *recorded,
                                                      bbots_error *error);

/* An operation on object storage. */
typedef struct bbots_cost_operation {
    int64_t user_id;
    int64_t execution_id;     /* 0: none */
    bbots_text operation_id;  /* its name; needed with BBOTS_COST_ONCE */
    bbots_text provider;      /* "s3", "r2", "gcs" */
    bbots_text bucket;
    bbots_text operation;     /* "upload", "download", "delete", "list" */
    bbots_text object_key;
    bbots_text content_type;
    bbots_text status;        /* NULL: "success" */
    int64_t size_bytes;
    int64_t request_cost;     /* USD times 10^8; BBOTS_COST_UNKNOWN: from the price list, model */
    int64_t transfer_cost;    /* USD times 10^6 a GB; "PROVIDER/OPERATION" of provider "storage" */
    bbots_timestamp at;       /* 0: now */
} bbots_cost_operation;

/*
 * Records an operation. sizeMb is sizeBytes / 1,048,576; totalCost is the request's price (a delete
 * is free) and for a download sizeBytes / 1,073,741,824 x the price of a GB, rounded once.
 */
BBOTS_API BBOTS_CHECKED int bbots_cost_record_operation(bbots_txn *txn,
                                                        const bbots_cost_operation *operation,
                                                        uint32_t flags, bbots_timestamp now,
                                                        bbots_cost_recorded *recorded,
                                                        bbots_error *error);

/* ------------------------------------------------------------------ questions */

/* Counts and sums over some costs. Amounts at BBOTS_COST_SCALE; tokens of calls only. */
typedef struct bbots_cost_sums {
    int64_t count[BBOTS_COST_SOURCES]; /* calls, calls, sessions, operations */
    int64_t cost[BBOTS_COST_SOURCES];
    int64_t total;                     /* of the four costs */
    int64_t input_tokens;
    int64_t output_tokens;
    int64_t cache_creation_tokens;
    int64_t cache_read_tokens;
    int64_t tokens;                    /* "totalTokens" */
    int64_t duration_ms;               /* of browsers */
    int64_t minutes;                   /* "durationMinutes", times 100 */
    int64_t recording_cost;            /* times 10^4 */
    int64_t screenshots;
    int64_t screenshot_cost;           /* times 10^4 */
    int64_t bytes;                     /* of storage */
    int64_t mb;                        /* "sizeMb", times 10^4 */
} bbots_cost_sums;

/* By what an answer is taken apart. */
typedef enum bbots_cost_by {
    BBOTS_COST_BY_NOTHING,
    BBOTS_COST_BY_HOUR,        /* name: start as ISO time; in the zone */
    BBOTS_COST_BY_DAY,         /* name: "2026-01-31", in the zone */
    BBOTS_COST_BY_WEEK,        /* name: its Monday */
    BBOTS_COST_BY_MONTH,       /* name: "2026-01" */
    BBOTS_COST_BY_PROVIDER,    /* anthropic, google, browserbase, storage */
    BBOTS_COST_BY_MODEL,       /* of calls; other sources are left out */
    BBOTS_COST_BY_PROMPT_TYPE, /* of calls */
    BBOTS_COST_BY_STATUS,      /* of browsers */
    BBOTS_COST_BY_STORE,       /* of storage: s3, r2, gcs */
    BBOTS_COST_BY_OPERATION,   /* of storage: upload, download, ... */
    BBOTS_COST_BY_EXECUTION,   /* name: its id; costs and counts only; costs without one left out */
    BBOTS_COST_BY_USER         /* name: his id */
} bbots_cost_by;

typedef struct bbots_cost_group {
    bbots_text name;           /* with a NUL; data == NULL: null */
    int64_t number;            /* of an execution or a user; the start of a time */
    bbots_cost_sums sums;
} bbots_cost_group;

typedef struct bbots_cost_question {
    int64_t user_id;           /* 0: all */
    bbots_timestamp from;      /* both 0: of all times */
    bbots_timestamp to;
    const char *zone;          /* "Europe/Berlin", "+05:30"; NULL: UTC */
    bbots_cost_by by;
    bool costs_first;          /* groups in the order of their cost, greatest first */
    uint32_t limit;            /* groups at most; 0: all */
    uint32_t sources;          /* bit n: source n counts; 0: all */
    int64_t execution_id;      /* 0: whatever it was for. Otherwise what this one cost, whoever paid, whenever:
                                  without user, times and zone, whole or by provider ... operation */
} bbots_cost_question;

typedef struct bbots_cost_answer bbots_cost_answer;

/*
 * Answers a question, exactly as reading all rows would. Groups without a row are left out; they
 * come in the order of their names or times. In a zone, an hour, a day and so on are those of its
 * clocks, with its changes to summer time and back. Groups of times have counts, costs and tokens
 * alone, those of executions counts and costs; the other sums are 0 in them.
 * bbots_cost_answer_free() frees the answer.
 *
 * Errors: BBOTS_INVALID_ARGUMENT (to before from, a zone that the system does not know, times past
 * what a zone can tell, one execution with what cannot be asked of it), BBOTS_UNKNOWN_INDEX (a table of the host's own
 * that has no index by execution), BBOTS_NUMERIC_OUT_OF_RANGE (a sum past 64 bits).
 */
BBOTS_API BBOTS_CHECKED int bbots_cost_ask(bbots_txn *txn, const bbots_cost_question *question,
                                           bbots_cost_answer **answer, bbots_error *error);

/*
 * What all costs of the question come to: those of the groups that the limit left out, and those
 * that are in no group, too. sources says which shall count.
 */
BBOTS_API const bbots_cost_sums *bbots_cost_answer_sums(const bbots_cost_answer *answer);
BBOTS_API size_t bbots_cost_answer_count(const bbots_cost_answer *answer);
BBOTS_API const bbots_cost_group *bbots_cost_answer_group(const bbots_cost_answer *answer,
                                                          size_t number);
BBOTS_API void bbots_cost_answer_free(bbots_cost_answer *answer);

/* The number of different executions in a range, and what they cost together. */
typedef struct bbots_cost_executions {
    int64_t count;
    int64_t total;   /* at BBOTS_COST_SCALE */
    int64_t average; /* total / count, rounded half away from zero; 0 without one */
} bbots_cost_executions;

BBOTS_API BBOTS_CHECKED int bbots_cost_executions_of(bbots_txn *txn,
                                                     const bbots_cost_question *question,
                                                     bbots_cost_executions *executions,
                                                     bbots_error *error);

/* Everything that one execution cost, whoever paid, whenever. */
BBOTS_API BBOTS_CHECKED int bbots_cost_execution(bbots_txn *txn, int64_t execution_id,
                                                 bbots_cost_sums *sums, bbots_error *error);

/* Hears of one row of a source; anything but 0 ends the list. It must not write. */
typedef int bbots_cost_visit(const bbots_row *row, void *context);

/*
 * Tells of the latest costs of a source, newest first, limit at most: the last browser sessions, say,
 * or storage operations. Those of one user or, user_id 0, of all.
 */
BBOTS_API BBOTS_CHECKED int bbots_cost_latest(bbots_txn *txn, bbots_cost_source source,
                                              int64_t user_id, uint32_t limit,
                                              bbots_cost_visit *visit, void *context,
                                              bbots_error *error);

/* cache read / (input + cache read + cache creation), times 10^6 and rounded; 0 without tokens. */
BBOTS_API int64_t bbots_cost_cache_hits(const bbots_cost_sums *sums);

/* The month's cost at the present rate. Amounts at BBOTS_COST_SCALE. */
typedef struct bbots_cost_forecast {
    bbots_timestamp from;  /* the month's first moment, in the zone */
    bbots_timestamp to;    /* the next one's */
    int64_t spent;         /* from the month's begin until now */
    int64_t month;         /* spent x (to - from) / (now - from), rounded; spent when now is from */
    int32_t days;          /* whole and begun days that it rests on */
    int32_t days_of_month;
} bbots_cost_forecast;

BBOTS_API BBOTS_CHECKED int bbots_cost_forecast_of(bbots_txn *txn, int64_t user_id,
                                                   const char *zone, bbots_timestamp now,
                                                   bbots_cost_forecast *forecast,
                                                   bbots_error *error);

/* ------------------------------------------------------------------ time zones */

/*
 * Where a unit of a zone's calendar begins and ends around a time. zone: an IANA name of the
 * system's zone files, "UTC", "Z", "+05:30", "-8"; NULL is UTC.
 * Errors: BBOTS_INVALID_ARGUMENT for a zone that is unknown, BBOTS_IO (its file cannot be read),
 * BBOTS_NO_MEMORY.
 */
BBOTS_API BBOTS_CHECKED int bbots_zone_unit(const char *zone, bbots_timestamp at,
                                            bbots_time_unit unit, bbots_timestamp *from,
                                            bbots_timestamp *to, bbots_error *error);

/* ------------------------------------------------------------------ summaries */

/*
 * Brings daily_cost_summaries in line with the costs of all users and days: for a file that was
 * written with BBOTS_OPEN_UNFOLLOWED, or whose summaries were changed by hand. In a write transaction.
 */
BBOTS_API BBOTS_CHECKED int bbots_cost_summaries_rebuild(bbots_txn *txn, bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
