/*
 * ledger/prices_list.c - price lists as they lie in system_config.
 *
 * A list is read where it is, in its packed form: a look-up walks past the models that do not
 * match and reads the prices of the one that does. Whatever is not of the form that bbots/prices.h
 * describes is named with its list and model.
 */
#include "ledger/prices.h"

#include "base/decimal.h"

#include <bbots/timestamp.h>
#include <stdio.h>

static const ledger_column columns[] = {
    [PRICES_ID] = {"id", LEDGER_ANY},
    [PRICES_KEY] = {"key", LEDGER_TEXT},
    [PRICES_VALUE] = {"value", LEDGER_JSON},
    [PRICES_DESCRIPTION] = {"description", LEDGER_TEXT},
    [PRICES_UPDATED] = {"updatedAt", LEDGER_TIME},
};

static const ledger_key keys[] = {{true, 1, {PRICES_KEY}}};

const ledger_need prices_need = {
    LEDGER_SYSTEM_CONFIG,      "system_config", columns, keys, sizeof columns / sizeof *columns,
    sizeof keys / sizeof *keys};

const char *const prices_part_names[BBOTS_PRICE_PARTS] = {
    [BBOTS_PRICE_INPUT] = "input",
    [BBOTS_PRICE_OUTPUT] = "output",
    [BBOTS_PRICE_CACHE_WRITE] = "cacheWrite",
    [BBOTS_PRICE_CACHE_READ] = "cacheRead",
    [BBOTS_PRICE_MINUTE] = "minute",
    [BBOTS_PRICE_RECORDING] = "recording",
    [BBOTS_PRICE_SCREENSHOT] = "screenshot",
    [BBOTS_PRICE_REQUEST] = "request",
    [BBOTS_PRICE_TRANSFER_GB] = "transferGb",
    [BBOTS_PRICE_STORAGE_GB] = "storageGb",
};

#define KEY_BEGIN "pricing."
#define KEY_END   "pricing/" /* what comes behind every key that begins so */

/* ------------------------------------------------------------------ complaints */

static int refuse_list(bbots_text key, const char *what, bbots_error *error)
{
    char shown[BB_QUOTE_MAX];
    return bb_fail_at(error, BBOTS_INVALID_TEXT, prices_need.table, "value", NULL,
                      "price list %s: %s", bb_quote(key.data, key.size, shown), what);
}

static int refuse_model(const price_model *model, const char *name, const char *what,
                        bbots_error *error)
{
    char list[BB_QUOTE_MAX];
    char id[BB_QUOTE_MAX];
    return bb_fail_at(error, BBOTS_INVALID_TEXT, prices_need.table, "value", NULL,
                      "price list %s, model %s: \"%s\" %s",
                      bb_quote(model->list.data, model->list.size, list),
                      bb_quote(model->id.data, model->id.size, id), name, what);
}

/* ------------------------------------------------------------------ lists */

int prices_open(bbots_txn *txn, const ledger_table **of, bbots_cursor **cursor, bbots_error *error)
{
    static const char begin[] = KEY_BEGIN;
    static const char end[] = KEY_END;
    bbots_value from = bbots_value_string(begin);
    bbots_value to = bbots_value_string(end);
    bbots_range range = {
        .from = &from, .to = &to, .from_count = 1, .to_count = 1, .to_exclusive = true};
    int rc = ledger_find(txn, &prices_need, of, error);
    return rc == BBOTS_OK
               ? bbots_cursor_open(txn, (*of)->table, (*of)->indexes[0], &range, cursor, error)
               : rc;
}

static int read_list(bbots_text key, bbots_json json, price_list *list, bbots_error *error)
{
    bbots_json provider;
    *list = (price_list){.key = key};
    if (bbots_json_member(json, bbots_text_of("provider"), &provider) != BBOTS_OK ||
        bbots_json_string(provider, &list->provider) != BBOTS_OK) {
        return refuse_list(list->key, "\"provider\" is missing or no text", error);
    }
    if (bbots_json_member(json, bbots_text_of("models"), &list->models) != BBOTS_OK ||
        bbots_json_type_of(list->models) != BBOTS_JSON_ARRAY) {
        return refuse_list(list->key, "\"models\" is missing or no array", error);
    }
    if (bbots_json_member(json, bbots_text_of("fallback"), &list->fallback) == BBOTS_OK &&
        bbots_json_type_of(list->fallback) != BBOTS_JSON_OBJECT) {
        return refuse_list(list->key, "\"fallback\" is no object", error);
    }
    return BBOTS_OK;
}

int prices_next(const ledger_table *of, bbots_cursor *cursor, price_list *list, bbots_error *error)
{
    bbots_row row;
    int rc = bbots_cursor_next(cursor, &row, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_value key = ledger_value(of, &row, PRICES_KEY);
    bbots_value value = ledger_value(of, &row, PRICES_VALUE);
    bbots_json json = {value.data, value.size, BBOTS_JSON_PACKED};
    return read_list((bbots_text){key.data, key.size}, json, list, error);
}

int prices_read_model(const price_list *list, bbots_json json, price_model *model,
                      bbots_error *error)
{
    bbots_json id;
    *model = (price_model){.list = list->key};
    if (bbots_json_member(json, bbots_text_of("id"), &id) != BBOTS_OK ||
        bbots_json_string(id, &model->id) != BBOTS_OK || model->id.size == 0) {
        return refuse_list(list->key, "a model has no \"id\"", error);
    }
    if (bbots_json_member(json, bbots_text_of("prices"), &model->prices) != BBOTS_OK ||
        bbots_json_type_of(model->prices) != BBOTS_JSON_ARRAY) {
        return refuse_model(model, "prices", "is missing or no array", error);
    }
    if (bbots_json_member(json, bbots_text_of("match"), &model->match) != BBOTS_OK) {
        model->match = (bbots_json){NULL, 0, BBOTS_JSON_PACKED};
    }
    return BBOTS_OK;
}

int prices_next_model(const price_list *list, size_t *position, price_model *model,
                      bbots_error *error)
{
    bbots_json json;
    int rc = bbots_json_next(list->models, position, NULL, &json);
    return rc == BBOTS_OK ? prices_read_model(list, json, model, error) : rc;
}

/* ------------------------------------------------------------------ entries */

int prices_read_condition(const price_model *model, bbots_json entry, price_condition *condition,
                          bbots_error *error)
{
    bbots_json member;
    bbots_text text;
    memset(condition, 0, sizeof *condition);
    if (bbots_json_type_of(entry) != BBOTS_JSON_OBJECT) {
        return refuse_model(model, "prices", "has an entry that is no object", error);
    }
    condition->has_from = bbots_json_member(entry, bbots_text_of("from"), &member) == BBOTS_OK;
    if (condition->has_from && (bbots_json_string(member, &text) != BBOTS_OK ||
                                bbots_timestamp_parse(text, true, &condition->from) != BBOTS_OK)) {
        return refuse_model(model, "from", "is no date or time", error);
    }
    condition->has_above = bbots_json_member(entry, bbots_text_of("above"), &member) == BBOTS_OK;
    if (condition->has_above &&
        (bbots_json_integer(member, &condition->above) != BBOTS_OK || condition->above < 0)) {
        return refuse_model(model, "above", "is no number of tokens", error);
    }
    return BBOTS_OK;
}

/* "2026-09-01", or with the time when it is not midnight. */
static void print_date(bbots_timestamp from, char text[BBOTS_TIMESTAMP_TEXT_MAX])
{
    size_t size = bbots_timestamp_print(from, false, BBOTS_TIMESTAMP_POSTGRES, text);
    if (size == 19 && strcmp(text + 10, " 00:00:00") == 0) {
        text[10] = '\0';
    }
}

static int make_id(const price_model *model, const price_condition *condition, bbots_price *price,
                   bbots_error *error)
{
    char date[BBOTS_TIMESTAMP_TEXT_MAX] = "";
    char above[24] = "";
    size_t begin = sizeof KEY_BEGIN - 1;
    if (condition->has_from) {
        print_date(condition->from, date);
    }
    if (condition->has_above) {
        snprintf(above, sizeof above, ">%lld", (long long)condition->above);
    }
    int size =
        snprintf(price->id, sizeof price->id, "%.*s/%.*s%s%s%s", (int)(model->list.size - begin),
                 model->list.data + begin, (int)model->id.size, model->id.data,
                 condition->has_from ? "@" : "", date, above);
    return size <= BBOTS_PRICE_ID_MAX ? BBOTS_OK : refuse_model(model, "id", "is too long", error);
}

int prices_read_entry(const price_model *model, bbots_json entry, const price_condition *condition,
                      bbots_price *price, bbots_error *error)
{
    unsigned known = (unsigned)condition->has_from + condition->has_above;
    memset(price, 0, sizeof *price);
    for (unsigned part = 0; part < BBOTS_PRICE_PARTS; part++) {
        bbots_json member;
        bbots_text text;
        if (bbots_json_member(entry, bbots_text_of(prices_part_names[part]), &member) != BBOTS_OK) {
            continue;
        }
        if (bbots_json_string(member, &text) != BBOTS_OK ||
            bb_decimal_parse_exactly(text, BBOTS_DECIMAL_PRECISION_MAX, BBOTS_PRICE_SCALE,
                                     &price->parts[part]) != BBOTS_OK ||
            price->parts[part] < 0) {
            return refuse_model(model, prices_part_names[part],
                                "is no price: a decimal as a string, not negative, with up to 6 "
                                "digits before the point and 12 behind it",
                                error);
        }
        price->given |= 1u << part;
        known++;
    }
    if (known != bbots_json_count(entry)) {
        return refuse_model(model, "prices", "has a member that is not known", error);
    }
    return make_id(model, condition, price, error);
}

/* ------------------------------------------------------------------ showing all */

typedef struct showing {
    int (*on_entry)(const bbots_price_entry *entry, void *context);
    void *context;
} showing;

static int show_model(const price_list *list, const price_model *model, bool fallback,
                      const showing *show, bbots_error *error)
{
    bbots_json json;
    size_t position = 0;
    int rc = BBOTS_OK;
    while (rc == BBOTS_OK && bbots_json_next(model->prices, &position, NULL, &json) == BBOTS_OK) {
        price_condition condition;
        bbots_price price;
        rc = prices_read_condition(model, json, &condition, error);
        if (rc == BBOTS_OK) {
            rc = prices_read_entry(model, json, &condition, &price, error);
        }
        if (rc == BBOTS_OK) {
            const bbots_price_entry entry = {.list = list->key,
                                             .provider = list->provider,
                                             .model = model->id,
                                             .fallback = fallback,
                                             .has_from = condition.has_from,
                                             .has_above = condition.has_above,
                                             .from = condition.from,
                                             .above = condition.above,
                                             .price = &price};
            rc = show->on_entry(&entry, show->context);
        }
    }
    return rc;
}

static int show_list(const price_list *list, const showing *show, bbots_error *error)
{
    price_model model;
    size_t position = 0;
    int rc;
    while ((rc = prices_next_model(list, &position, &model, error)) == BBOTS_OK) {
        rc = show_model(list, &model, false, show, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
    if (rc == BBOTS_END && list->fallback.data != NULL) {
        rc = prices_read_model(list, list->fallback, &model, error);
        return rc == BBOTS_OK ? show_model(list, &model, true, show, error) : rc;
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int pass_over(const bbots_price_entry *entry, void *context)
{
    (void)entry;
    (void)context;
    return BBOTS_OK;
}

int prices_check_list(bbots_text key, bbots_json json, bbots_error *error)
{
    static const showing to_nobody = {pass_over, NULL};
    price_list list;
    int rc = read_list(key, json, &list, error);
    return rc == BBOTS_OK ? show_list(&list, &to_nobody, error) : rc;
}

int bbots_prices_each(bbots_txn *txn,
                      int (*on_entry)(const bbots_price_entry *entry, void *context), void *context,
                      bbots_error *error)
{
    const ledger_table *of;
    bbots_cursor *cursor;
    price_list list;
    showing show = {on_entry, context};
    int rc = ledger_begin(txn, false, NULL, error);
    if (rc == BBOTS_OK) {
        rc = prices_open(txn, &of, &cursor, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    while ((rc = prices_next(of, cursor, &list, error)) == BBOTS_OK) {
        rc = show_list(&list, &show, error);
        if (rc != BBOTS_OK) {
            break;
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}
