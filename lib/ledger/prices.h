/*
 * ledger/prices.h - what the files of prices share: lists read in their packed form.
 */
#ifndef LEDGER_PRICES_H
#define LEDGER_PRICES_H

#include "ledger/ledger.h"

#include <bbots/json.h>
#include <bbots/prices.h>

/* ------------------------------------------------------------------ lists (prices_list.c) */

enum { PRICES_ID, PRICES_KEY, PRICES_VALUE, PRICES_DESCRIPTION, PRICES_UPDATED };

/* system_config as the ledger needs it. */
extern const ledger_need prices_need;

/* A list as it lies in its row: valid until the next write. */
typedef struct price_list {
    bbots_text key;
    bbots_text provider;
    bbots_json models;   /* an array */
    bbots_json fallback; /* an object; data == NULL: none */
} price_list;

/* A model of a list, or its fallback. */
typedef struct price_model {
    bbots_text list; /* the list's key */
    bbots_text id;
    bbots_json match;  /* data == NULL: the id has to be equal */
    bbots_json prices; /* an array */
} price_model;

/* Opens a cursor over all lists, in the order of their keys. */
int prices_open(bbots_txn *txn, const ledger_table **of, bbots_cursor **cursor, bbots_error *error);

/* BBOTS_OK or BBOTS_END. */
int prices_next(const ledger_table *of, bbots_cursor *cursor, price_list *list, bbots_error *error);

/* The list's next model, starting with *position 0: BBOTS_OK or BBOTS_END. */
int prices_next_model(const price_list *list, size_t *position, price_model *model,
                      bbots_error *error);
int prices_read_model(const price_list *list, bbots_json json, price_model *model,
                      bbots_error *error);

/* An entry's conditions. */
typedef struct price_condition {
    bool has_from;
    bool has_above;
    bbots_timestamp from;
    int64_t above;
} price_condition;

int prices_read_condition(const price_model *model, bbots_json entry, price_condition *condition,
                          bbots_error *error);
int prices_read_entry(const price_model *model, bbots_json entry, const price_condition *condition,
                      bbots_price *price, bbots_error *error);

/* Reads a whole list. BBOTS_INVALID_TEXT: it could not be used, and what is wrong with it. */
int prices_check_list(bbots_text key, bbots_json json, bbots_error *error);

/* The names of the parts in a list, by enum bbots_price_part. */
extern const char *const prices_part_names[BBOTS_PRICE_PARTS];

/* ------------------------------------------------------------------ matching (prices_match.c) */

/* *matches: whether a model's name meets a match. */
int prices_match(const price_model *model, bbots_text name, bool *matches, bbots_error *error);

/* BBOTS_INVALID_TEXT unless it is a pattern that can be used. */
int prices_check_regex(bbots_text pattern, bbots_error *error);

#endif
