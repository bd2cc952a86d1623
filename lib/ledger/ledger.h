/*
 * ledger/ledger.h - how the ledger finds the tables that it works on, and what its files share.
 *
 * A store's schema is data, so nothing here is compiled against the built-in one. Each file says
 * what it needs of a table: its name, names and kinds of columns, and keys by which rows are
 * found. ledger_find() looks that up in the schema of the transaction's store, once for each store
 * and table, and answers with numbers; a schema that lacks something is refused by name.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "base/error.h"

#include <bbots/cursor.h>

/* ------------------------------------------------------------------ what is needed (ledger.c) */

/* One for each need; the place of its answer in a store. */
typedef enum ledger_slot {
    LEDGER_USER_CREDITS,
    LEDGER_SYSTEM_CONFIG,
    LEDGER_TIERS,
    LEDGER_SUBSCRIPTIONS,
    LEDGER_PACKS,
    LEDGER_BOUGHT_PACKS,
    LEDGER_ADD_ONS,
    LEDGER_HELD_ADD_ONS,
    LEDGER_USAGE_RECORDS,
    LEDGER_AGENCY_TASKS,
    LEDGER_SCHEDULED_TASKS,
    LEDGER_ALERTS,
    LEDGER_WEBHOOK_LOGS,
    LEDGER_OUTBOUND,
    LEDGER_API_TOKEN_USAGE,
    LEDGER_GEMINI_TOKEN_USAGE,
    LEDGER_BROWSERBASE_COSTS,
    LEDGER_STORAGE_COSTS,
    LEDGER_DAILY_COST_SUMMARIES,
    LEDGER_COST_BUDGETS,
    LEDGER_REPRICE_CLAUDE,
    LEDGER_REPRICE_GEMINI,
    LEDGER_REPRICE_SESSIONS,
    LEDGER_REPRICE_OPERATIONS,
    LEDGER_USERS,
    LEDGER_SLOTS /* how many */
} ledger_slot;

/* What a column has to hold. */
typedef enum ledger_kind {
    LEDGER_INTEGER, /* smallint, integer, bigint */
    LEDGER_DECIMAL,
    LEDGER_BOOLEAN,
    LEDGER_TEXT, /* text, varchar */
    LEDGER_TIME, /* timestamp, timestamp with time zone */
    LEDGER_JSON,
    LEDGER_ANY
} ledger_kind;

typedef struct ledger_column {
    const char *name;
    ledger_kind kind;
} ledger_column;

enum { LEDGER_COLUMNS_MAX = 32, LEDGER_KEYS_MAX = 4, LEDGER_KEY_COLUMNS_MAX = 5 };

/* Columns that an index has to begin with, as places in ledger_need.columns. */
typedef struct ledger_key {
    bool unique; /* a unique index on just these columns */
    uint8_t count;
    uint8_t columns[LEDGER_KEY_COLUMNS_MAX];
} ledger_key;

typedef struct ledger_need {
    ledger_slot slot;
    const char *table;
    const ledger_column *columns;
    const ledger_key *keys;
    uint8_t column_count;
    uint8_t key_count;
} ledger_need;

/* The answer: places in the need become numbers of the schema. Lives as long as the store. */
typedef struct ledger_table {
    const bbots_table *table;
    uint8_t columns[LEDGER_COLUMNS_MAX];
    uint8_t indexes[LEDGER_KEYS_MAX];
} ledger_table;

/*
 * Any thread. Errors: BBOTS_UNKNOWN_TABLE, BBOTS_UNKNOWN_COLUMN, BBOTS_WRONG_TYPE (a column of
 * another kind), BBOTS_UNKNOWN_INDEX, BBOTS_NO_MEMORY.
 */
int ledger_find(bbots_txn *txn, const ledger_need *need, const ledger_table **found,
                bbots_error *error);

/* Whether a schema has what is needed. */
bool ledger_has(const bbots_schema *schema, const ledger_need *need);

/* ------------------------------------------------------------------ rows (ledger.c) */

/* Values of a row on their way in, by places in the need. */
typedef struct ledger_values {
    const ledger_table *of;
    uint64_t given;
    bbots_value values[BBOTS_COLUMNS_MAX];
} ledger_values;

/* Empties it for a table. */
void ledger_values_begin(ledger_values *values, const ledger_table *of);

/* Inline: the value is made in its place, not made and then copied. */
static inline void ledger_set(ledger_values *values, unsigned column, bbots_value value)
{
    unsigned number = values->of->columns[column];
    values->values[number] = value;
    values->given |= BBOTS_COLUMN_BIT(number);
}

void ledger_set_integer(ledger_values *values, unsigned column, int64_t integer);
void ledger_set_time(ledger_values *values, unsigned column, bbots_timestamp time);

int ledger_insert(bbots_txn *txn, const ledger_values *values, bbots_row *stored,
                  bbots_error *error);

/*
 * Changes the row with this value of its primary key, which has one column. A row that is not
 * there is BBOTS_CORRUPTED: it was read a moment ago.
 */
int ledger_update(bbots_txn *txn, const ledger_values *values, bbots_value id, bbots_error *error);

bbots_value ledger_value(const ledger_table *of, const bbots_row *row, unsigned column);
/* 0 when it is null. */
int64_t ledger_integer(const ledger_table *of, const bbots_row *row, unsigned column);

/* The table of a need, and the row with this value of one of its unique keys; as bbots_get(). */
int ledger_get(bbots_txn *txn, const ledger_need *need, unsigned key, const bbots_value *value,
               const ledger_table **of, bbots_row *row, bbots_error *error);

/*
 * Opens a cursor over the rows whose first columns of a key have these values; with values NULL
 * over all rows in the key's order.
 */
int ledger_scan(bbots_txn *txn, const ledger_table *of, unsigned key, const bbots_value *values,
                unsigned count, bbots_cursor **cursor, bbots_error *error);

/* The table of a need, and the same of its rows. *cursor is NULL on failure. */
int ledger_open(bbots_txn *txn, const ledger_need *need, unsigned key, const bbots_value *values,
                unsigned count, const ledger_table **of, bbots_cursor **cursor, bbots_error *error);

/* ------------------------------------------------------------------ small things (ledger.c) */

/*
 * What every public function begins with: empties the error, refuses a transaction that cannot do
 * it, and makes *now the transaction's time when it is 0 (now may be NULL).
 */
int ledger_begin(bbots_txn *txn, bool write, bbots_timestamp *now, bbots_error *error);

/*
 * What writes more than one row does it between these two, so that a failure takes back all of it:
 * ledger_end_rows() does that for a negative rc, and returns rc.
 */
int ledger_begin_rows(bbots_txn *txn, bbots_error *error);
int ledger_end_rows(bbots_txn *txn, int rc);

static inline bool ledger_equal(bbots_text a, bbots_text b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* BBOTS_INVALID_ARGUMENT naming what is not positive. */
int ledger_check_positive(const char *what, int64_t number, bbots_error *error);

#endif
