/*
 * ledger/prices.c - the price in force.
 *
 * The first look-up of a model walks the lists; what it found is kept for the rest of the
 * transaction, so that a thousand calls of one model are matched once. It is kept as long as the
 * digest of system_config says that nothing in there has changed, and no more than PRICES_KEPT_MAX
 * models, since names are the caller's.
 */
#include "ledger/prices.h"

#include "table/engine.h"

#define PRICES_KEPT_MAX 256

/* A model that was found, in memory of the transaction. */
typedef struct kept_model {
    struct kept_model *next;
    bbots_text provider;
    bbots_text name;
    price_model model;
    bool fallback; /* it is a fallback: counts only for who asks */
} kept_model;

typedef struct kept_prices {
    bbots_digest digest; /* of system_config */
    kept_model *first;
    unsigned count;
} kept_prices;

/* ------------------------------------------------------------------ what is kept */

/* What this transaction keeps, emptied when system_config has changed. */
static int open_kept(bbots_txn *txn, const ledger_table *of, kept_prices **opened,
                     bbots_error *error)
{
    bbots_digest digest;
    int rc = bbots_table_digest(txn, of->table, &digest, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    kept_prices *kept = txn->kept;
    if (kept == NULL) {
        kept = bb_arena_alloc(&txn->arena, sizeof *kept);
        if (kept == NULL) {
            return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
        }
        *kept = (kept_prices){digest, NULL, 0};
        txn->kept = kept;
    }
    if (memcmp(&kept->digest, &digest, sizeof digest) != 0) {
        kept->digest = digest;
        kept->first = NULL; /* its memory stays the transaction's; count goes on */
    }
    *opened = kept;
    return BBOTS_OK;
}

static const kept_model *find_kept(const kept_prices *kept, bbots_text provider, bbots_text name,
                                   bool fallback)
{
    for (const kept_model *at = kept->first; at != NULL; at = at->next) {
        if (ledger_equal(at->name, name) && ledger_equal(at->provider, provider) &&
            (fallback || !at->fallback)) {
            return at;
        }
    }
    return NULL;
}

static bool copy_text(bbots_txn *txn, bbots_text *text)
{
    text->data = bb_arena_copy(&txn->arena, text->data, text->size);
    return text->data != NULL;
}

/* When memory is short nothing is kept: the next look-up walks again. */
static void keep(bbots_txn *txn, kept_prices *kept, bbots_text provider, bbots_text name,
                 const price_model *model, bool fallback)
{
    kept_model *made =
        kept->count < PRICES_KEPT_MAX ? bb_arena_alloc(&txn->arena, sizeof *made) : NULL;
    if (made == NULL) {
        return;
    }
    *made = (kept_model){kept->first, provider, name, *model, fallback};
    made->model.match.data = NULL;
    made->model.prices.data = bb_arena_copy(&txn->arena, model->prices.data, model->prices.size);
    if (made->model.prices.data != NULL && copy_text(txn, &made->provider) &&
        copy_text(txn, &made->name) && copy_text(txn, &made->model.list) &&
        copy_text(txn, &made->model.id)) {
        kept->first = made;
        kept->count++;
    }
}

/* ------------------------------------------------------------------ looking through the lists */

/* The model of a list that matches: BBOTS_OK or BBOTS_END. */
static int search_list(const price_list *list, bbots_text name, price_model *model,
                       bbots_error *error)
{
    size_t position = 0;
    int rc;
    while ((rc = prices_next_model(list, &position, model, error)) == BBOTS_OK) {
        bool matches;
        rc = prices_match(model, name, &matches, error);
        if (rc != BBOTS_OK || matches) {
            return rc;
        }
    }
    return rc;
}

static int refuse_unknown(bbots_text provider, bbots_text name, bool has_list, bbots_error *error)
{
    char shown_provider[BB_QUOTE_MAX];
    char shown[BB_QUOTE_MAX];
    bb_quote(provider.data, provider.size, shown_provider);
    bb_quote(name.data, name.size, shown);
    return has_list ? bb_fail(error, BBOTS_UNKNOWN_PRICE, "no price of %s is known for model %s",
                              shown_provider, shown)
                    : bb_fail(error, BBOTS_UNKNOWN_PRICE,
                              "there is no price list of %s, which would have model %s",
                              shown_provider, shown);
}

/* The first model that matches, else the first fallback when it is asked for. */
static int search(bbots_txn *txn, bbots_text provider, bbots_text name, bool want_fallback,
                  price_model *model, bool *is_fallback, bbots_error *error)
{
    const ledger_table *of;
    bbots_cursor *cursor;
    price_list list;
    price_list with_fallback = {.fallback = {NULL, 0, 0}};
    bool has_list = false;
    int rc = prices_open(txn, &of, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    *is_fallback = false;
    while ((rc = prices_next(of, cursor, &list, error)) == BBOTS_OK) {
        if (!ledger_equal(list.provider, provider)) {
            continue;
        }
        has_list = true;
        if (with_fallback.fallback.data == NULL) {
            with_fallback = list;
        }
        rc = search_list(&list, name, model, error);
        if (rc != BBOTS_END) {
            break;
        }
    }
    bbots_cursor_close(cursor);
    if (rc == BBOTS_END && want_fallback && with_fallback.fallback.data != NULL) {
        *is_fallback = true;
        rc = prices_read_model(&with_fallback, with_fallback.fallback, model, error);
    }
    return rc == BBOTS_END ? refuse_unknown(provider, name, has_list, error) : rc;
}

/* ------------------------------------------------------------------ which entry it was */

int bbots_price_note(bbots_txn *txn, const bbots_table *table, int64_t row_id, const char *id,
                     bbots_error *error)
{
    bbots_value key = bbots_value_integer(row_id);
    return mark_put(txn, table, &key, bbots_text_of(id), error);
}

int bbots_price_noted(bbots_txn *txn, const bbots_table *table, int64_t row_id,
                      char id[BBOTS_PRICE_ID_MAX + 1], bbots_error *error)
{
    bbots_value key = bbots_value_integer(row_id);
    bbots_text mark;
    int rc = mark_get(txn, table, &key, &mark, error);
    if (rc == BBOTS_OK) {
        size_t size = mark.size < BBOTS_PRICE_ID_MAX ? mark.size : BBOTS_PRICE_ID_MAX;
        memcpy(id, mark.data, size);
        id[size] = '\0';
    }
    return rc;
}

/* ------------------------------------------------------------------ the entry in force */

static bool applies(const price_condition *condition, bbots_timestamp at, int64_t context)
{
    return (!condition->has_from || condition->from <= at) &&
           (!condition->has_above || condition->above < context);
}

/* Whether a comes before b: an earlier time, or the same and a lower bound. */
static bool is_before(const price_condition *a, const price_condition *b)
{
    if (a->has_from != b->has_from) {
        return b->has_from;
    }
    if (a->has_from && a->from != b->from) {
        return a->from < b->from;
    }
    return a->has_above != b->has_above ? b->has_above : a->above < b->above;
}

static int choose(const price_model *model, bbots_timestamp at, int64_t context, bbots_price *price,
                  bbots_error *error)
{
    bbots_json json;
    bbots_json best_json = {NULL, 0, BBOTS_JSON_PACKED};
    price_condition best = {0};
    size_t position = 0;
    while (bbots_json_next(model->prices, &position, NULL, &json) == BBOTS_OK) {
        price_condition condition;
        int rc = prices_read_condition(model, json, &condition, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
        if (applies(&condition, at, context) &&
            (best_json.data == NULL || is_before(&best, &condition))) {
            best = condition;
            best_json = json;
        }
    }
    if (best_json.data == NULL) {
        char time[BBOTS_TIMESTAMP_TEXT_MAX];
        char id[BB_QUOTE_MAX];
        bbots_timestamp_print(at, false, BBOTS_TIMESTAMP_POSTGRES, time);
        return bb_fail(error, BBOTS_UNKNOWN_PRICE, "no price of model %s was in force at %s",
                       bb_quote(model->id.data, model->id.size, id), time);
    }
    return prices_read_entry(model, best_json, &best, price, error);
}

int bbots_price_find(bbots_txn *txn, bbots_text provider, bbots_text model, bbots_timestamp at,
                     int64_t context_tokens, uint32_t flags, bbots_price *price, bbots_error *error)
{
    const ledger_table *of;
    kept_prices *kept = NULL;
    bool want_fallback = (flags & BBOTS_PRICE_FALLBACK) != 0;
    int rc = ledger_begin(txn, false, &at, error);
    if (rc == BBOTS_OK && (provider.data == NULL || provider.size == 0 || model.data == NULL ||
                           model.size == 0 || context_tokens < 0)) {
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT,
                     "a price is asked for without a provider or model, or for %lld tokens",
                     (long long)context_tokens);
    }
    if (rc == BBOTS_OK) {
        rc = ledger_find(txn, &prices_need, &of, error);
    }
    if (rc == BBOTS_OK) {
        rc = open_kept(txn, of, &kept, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    const kept_model *known = find_kept(kept, provider, model, want_fallback);
    if (known != NULL) {
        return choose(&known->model, at, context_tokens, price, error);
    }
    price_model found;
    bool is_fallback;
    rc = search(txn, provider, model, want_fallback, &found, &is_fallback, error);
    if (rc == BBOTS_OK) {
        rc = choose(&found, at, context_tokens, price, error);
    }
    if (rc == BBOTS_OK) {
        keep(txn, kept, provider, model, &found, is_fallback);
    }
    return rc;
}
