/*
 * bbots/prices.h - price lists: which price is in force for a model at a time, and what usage costs.
 *
 * Lists are rows of system_config whose key begins with "pricing."; value is
 *
 *     {"provider": "anthropic",
 *      "models": [{"id": "claude-x", "match": {"starts_with": "claude-x"},
 *                  "prices": [{"input": "3", "output": "15"},
 *                             {"above": 200000, "input": "6", "output": "22.5"},
 *                             {"from": "2026-09-01", "input": "2.50", "output": "12"}]}],
 *      "fallback": {"id": "any", "prices": [{"input": "15", "output": "75"}]}}
 *
 * A model's entry in force is, of those with from <= time (none: since ever) and above < context
 * length in tokens (none: any length), the one with the latest from and among these the greatest
 * above. Lists of one provider are searched in the order of their keys and models in the order of
 * the list; the first that matches counts. A match is equals, starts_with, ends_with, contains,
 * regex (POSIX extended), or and and (arrays of matches); without one the model's id has to be
 * equal. Times are UTC. Prices are USD as strings of decimals, not negative, with up to 12 digits
 * after the point and 6 before it:
 *
 *     input, output, cacheWrite, cacheRead   of 1,000,000 tokens
 *     minute, recording, screenshot          of a remote browser; its model is "session"
 *     request, transferGb, storageGb         of object storage; its model is "s3/download":
 *                                            the provider, a slash, the type of operation
 *
 * There is no silent default: a model without a price is an error that names it, and the fallback
 * of a list counts only for who asks for it.
 *
 * All functions with a transaction run in the caller's, on its thread. Errors of every one of
 * them: those of bbots/table.h; BBOTS_UNKNOWN_TABLE, BBOTS_UNKNOWN_COLUMN, BBOTS_WRONG_TYPE and
 * BBOTS_UNKNOWN_INDEX when the store has no system_config with key (unique) and value;
 * BBOTS_INVALID_TEXT for a list that is not of the form above, naming its key and the place.
 */
#ifndef BBOTS_PRICES_H
#define BBOTS_PRICES_H

#include <bbots/store.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BBOTS_PRICE_SCALE  12  /* digits after the point of a price */
#define BBOTS_PRICE_ID_MAX 255 /* bytes of an entry's id */

typedef enum bbots_price_part {
    BBOTS_PRICE_INPUT, /* of 1,000,000 tokens */
    BBOTS_PRICE_OUTPUT,
    BBOTS_PRICE_CACHE_WRITE,
    BBOTS_PRICE_CACHE_READ,
    BBOTS_PRICE_MINUTE, /* of one */
    BBOTS_PRICE_RECORDING,
    BBOTS_PRICE_SCREENSHOT,
    BBOTS_PRICE_REQUEST,
    BBOTS_PRICE_TRANSFER_GB, /* of 1,073,741,824 bytes */
    BBOTS_PRICE_STORAGE_GB,
    BBOTS_PRICE_PARTS
} bbots_price_part;

/* An entry of a list. */
typedef struct bbots_price {
    /*
     * "anthropic/claude-x@2026-09-01>200000": what follows "pricing." in the key, the model's id,
     * from and above, the last two when the entry has them.
     */
    char id[BBOTS_PRICE_ID_MAX + 1];
    uint32_t given;                   /* bit n: parts[n] is in the list */
    int64_t parts[BBOTS_PRICE_PARTS]; /* USD times 10^12 */
} bbots_price;

typedef enum bbots_price_flag {
    BBOTS_PRICE_FALLBACK = 1 /* when no model matches, take a list's fallback */
} bbots_price_flag;

/*
 * The price of a model at a time (0: the transaction's) for a context of so many tokens (input,
 * cache read and cache creation together; 0 where there are none).
 *
 * Errors: BBOTS_UNKNOWN_PRICE (no list of the provider, no such model, or none in force at that
 * time), BBOTS_INVALID_ARGUMENT (an empty name, a negative context).
 */
BBOTS_API BBOTS_CHECKED int bbots_price_find(bbots_txn *txn, bbots_text provider, bbots_text model,
                                             bbots_timestamp at, int64_t context_tokens,
                                             uint32_t flags, bbots_price *price,
                                             bbots_error *error);

/*
 * Notes which entry priced a row, beside the row, and tells it: row_id is the value of the table's
 * primary key, id at most BBOTS_PRICE_ID_MAX bytes, an empty one takes the note away. The note goes
 * with the row and comes back with it; it is no column, so it is not in exports. Recording and
 * pricing anew (below) note it themselves.
 *
 * Return BBOTS_OK or BBOTS_NOT_FOUND (no such row; of the second also: nothing is noted). Errors:
 * BBOTS_INVALID_ARGUMENT (an id too long; a store whose schema has no live aggregates).
 */
BBOTS_API BBOTS_CHECKED int bbots_price_note(bbots_txn *txn, const bbots_table *table,
                                             int64_t row_id, const char *id, bbots_error *error);
BBOTS_API BBOTS_CHECKED int bbots_price_noted(bbots_txn *txn, const bbots_table *table,
                                              int64_t row_id, char id[BBOTS_PRICE_ID_MAX + 1],
                                              bbots_error *error);

/* ------------------------------------------------------------------ what usage costs */

/*
 * Costs are USD times 10^scale, computed exactly and rounded once, half away from zero; a total is
 * the sum of the parts before they were rounded. scale is 0 to 12, that of the column they are
 * for. Any thread.
 *
 * Errors of each: BBOTS_INVALID_ARGUMENT (a negative quantity, a scale past 12),
 * BBOTS_UNKNOWN_PRICE (a quantity for which the entry has no price),
 * BBOTS_NUMERIC_OUT_OF_RANGE (a quantity past 10^15, a cost past 18 digits).
 */
typedef struct bbots_tokens {
    int64_t input; /* without those of the cache */
    int64_t output;
    int64_t cache_write; /* "cacheCreationTokens" */
    int64_t cache_read;
} bbots_tokens;

typedef struct bbots_price_token_costs {
    int64_t input;
    int64_t output;
    int64_t cache; /* writing and reading */
    int64_t total;
} bbots_price_token_costs;

/* tokens x price / 1,000,000 */
BBOTS_API BBOTS_CHECKED int bbots_price_tokens(const bbots_price *price, const bbots_tokens *tokens,
                                               unsigned scale, bbots_price_token_costs *costs,
                                               bbots_error *error);

typedef struct bbots_price_session_costs {
    int64_t time;        /* duration_ms x minute / 60,000 */
    int64_t recording;   /* once when recorded */
    int64_t screenshots; /* screenshots x screenshot */
    int64_t total;
} bbots_price_session_costs;

BBOTS_API BBOTS_CHECKED int bbots_price_session(const bbots_price *price, int64_t duration_ms,
                                                bool recorded, int64_t screenshots, unsigned scale,
                                                bbots_price_session_costs *costs,
                                                bbots_error *error);

typedef struct bbots_price_storage_costs {
    int64_t request;  /* one request; 0 when the entry has no price for it */
    int64_t transfer; /* transferred_bytes x transferGb / 1,073,741,824 */
    int64_t total;
} bbots_price_storage_costs;

/* transferred_bytes: those of a download; 0 for any other operation. */
BBOTS_API BBOTS_CHECKED int bbots_price_storage(const bbots_price *price, int64_t transferred_bytes,
                                                unsigned scale, bbots_price_storage_costs *costs,
                                                bbots_error *error);

/* ------------------------------------------------------------------ lists */

/* An entry of a list, as bbots_prices_each() shows it. Texts live during the call. */
typedef struct bbots_price_entry {
    bbots_text list; /* the key in system_config */
    bbots_text provider;
    bbots_text model; /* the model's id; of a fallback its id */
    bool fallback;
    bool has_from;
    bool has_above;
    bbots_timestamp from;
    int64_t above;
    const bbots_price *price;
} bbots_price_entry;

/* Shows every entry of every list; a result other than 0 ends it and is returned. */
BBOTS_API BBOTS_CHECKED int
bbots_prices_each(bbots_txn *txn, int (*on_entry)(const bbots_price_entry *entry, void *context),
                  void *context, bbots_error *error);

/* What an import did with one provider. */
typedef struct bbots_price_import {
    char list[101]; /* the key in system_config */
    uint64_t models;
    uint64_t entries;
    uint64_t left_out; /* prices of kinds that no table counts: audio tokens, searches */
    bool changed;      /* false: the list was there, just so */
} bbots_price_import;

/*
 * Makes lists from the text of a genai-prices data file (github.com/pydantic/genai-prices,
 * prices/data.json): the list "pricing.NAME" for each named provider, replacing one that is there
 * but for its fallback. What has a price of nothing at all is free. imports has room for count
 * results. now: "updatedAt" of the rows, 0 the transaction's time.
 *
 * Errors: BBOTS_INVALID_TEXT (not such a file, naming the place; a constraint other than a start
 * date; a regex that POSIX does not know; a price or a date that no list may have), BBOTS_NOT_FOUND is never returned: a provider that the
 * file has not is BBOTS_INVALID_ARGUMENT. Nothing was changed then.
 */
BBOTS_API BBOTS_CHECKED int bbots_prices_import(bbots_txn *txn, bbots_text file,
                                                const char *const *providers, unsigned count,
                                                bbots_timestamp now, bbots_price_import *imports,
                                                bbots_error *error);

/* ------------------------------------------------------------------ pricing anew */

typedef enum bbots_reprice_flag {
    BBOTS_REPRICE_APPLY = 1,   /* write what changes; otherwise only tell it */
    BBOTS_REPRICE_FALLBACK = 2, /* what no model matches takes the list's fallback */
    BBOTS_REPRICE_NOTED = 4     /* only rows of which it is noted which entry priced them */
} bbots_reprice_flag;

/* Which rows: zeroed, all. */
typedef struct bbots_reprice_request {
    int64_t user_id;      /* 0: of all users */
    bbots_timestamp from; /* createdAt: from <= createdAt < to; both 0: all times */
    bbots_timestamp to;
    bbots_text provider; /* "anthropic", "google", "browserbase", "storage"; NULL: every one that
                             has a list */
    bbots_text model;    /* exactly this one; NULL: all. Of storage "s3/download" */
    uint32_t flags;      /* enum bbots_reprice_flag */
} bbots_reprice_request;

#define BBOTS_REPRICE_SCALE 6 /* digits after the point of the amounts below */

/* What changes on one day (UTC) for one model. */
typedef struct bbots_reprice_line {
    const char *provider;
    bbots_timestamp day;
    bbots_text model;
    uint64_t rows;    /* whose costs change */
    int64_t old_cost; /* sum of their totalCost, USD times 10^6 */
    int64_t new_cost;
    int64_t difference; /* new less old */
} bbots_reprice_line;

typedef struct bbots_repricing bbots_repricing;

/*
 * Computes the costs of rows anew from the price lists, each with the entry in force at its
 * createdAt, and tells what differs from what is stored, by provider, day and model in this order.
 * All of it in the caller's transaction: applied wholly or not at all, and every total that follows
 * rows follows. Rows whose costs were given by their caller are priced too unless
 * BBOTS_REPRICE_NOTED leaves them out; so name the time, user or model that was wrong. Of every row
 * that was looked at, applying notes the entry (bbots_price_noted()).
 *
 *     api_token_usage, gemini_token_usage   inputCost, outputCost, cacheCost, totalCost
 *     browserbase_costs   costPerMinute, recordingCost, screenshotCost, totalCost
 *     storage_costs       requestCost, transferCostPerGb, totalCost; a delete costs nothing
 *
 * *done is to be freed with bbots_repricing_free(); texts in it are copies.
 *
 * Errors: BBOTS_UNKNOWN_PRICE (a model of a row has no price; its name and the row's id are told),
 * BBOTS_INVALID_ARGUMENT (a provider that there is not, `to` before `from`),
 * BBOTS_NUMERIC_OUT_OF_RANGE (a sum past 64 bits, a cost past its column); with BBOTS_REPRICE_APPLY
 * also those of an update. Nothing was changed then.
 */
BBOTS_API BBOTS_CHECKED int bbots_prices_reprice(bbots_txn *txn,
                                                 const bbots_reprice_request *request,
                                                 bbots_repricing **done, bbots_error *error);

/* Rows that were looked at, and the lines. */
BBOTS_API uint64_t bbots_repricing_rows(const bbots_repricing *done);
BBOTS_API size_t bbots_repricing_count(const bbots_repricing *done);
BBOTS_API const bbots_reprice_line *bbots_repricing_line(const bbots_repricing *done,
                                                         size_t number);

/* NULL is allowed. */
BBOTS_API void bbots_repricing_free(bbots_repricing *done);

#ifdef __cplusplus
}
#endif
#endif
