/*
 * ledger/reprice.h - the four tables of costs, as pricing anew sees them.
 */
#ifndef LEDGER_REPRICE_H
#define LEDGER_REPRICE_H

#include "ledger/prices.h"

/* Places that every source's need begins with, and its keys. */
enum { REPRICE_ID, REPRICE_USER, REPRICE_CREATED, REPRICE_TOTAL, REPRICE_OTHERS };
enum { REPRICE_BY_TIME, REPRICE_BY_USER };
enum { REPRICE_MODEL_MAX = 256 };

/* A row's model, and what it costs by the lists. */
typedef struct reprice_source {
    const char *provider;
    ledger_need need;
    /* The model's name, into a buffer; false: the row costs nothing whatever the lists say. */
    bool (*model)(const ledger_table *of, const bbots_row *row, char name[REPRICE_MODEL_MAX]);
    /* Tokens of context. */
    int64_t (*context)(const ledger_table *of, const bbots_row *row);
    /* Sets the new costs; price is NULL for a row that costs nothing. */
    int (*price)(const ledger_table *of, const bbots_row *row, const bbots_price *price,
                 ledger_values *change, bbots_error *error);
} reprice_source;

#define REPRICE_SOURCES 4
extern const reprice_source reprice_sources[REPRICE_SOURCES]; /* reprice_sources.c */

#endif
