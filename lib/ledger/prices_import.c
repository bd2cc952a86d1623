/*
 * ledger/prices_import.c - price lists from the data of genai-prices.
 *
 * A provider there has models, a model a match and prices: one object, or an array of objects of
 * which each has a constraint (since a date) and prices. A price is a number, or a base with tiers
 * by length of context. Here each date and each tier becomes an entry of its own, with all of
 * its prices, and numbers become strings.
 *
 * The file is read into a tree (codec/json_tree.h) and the list is built as another one, which is
 * packed. Both live in an arena until the row is written.
 */
#include "ledger/prices.h"

#include "codec/json.h"
#include "codec/json_tree.h"

#include <stdio.h>

typedef codec_json_node node;

typedef struct importing {
    bb_arena *arena;
    bbots_error *error;
    const char *provider;
    const char *model;
    bbots_price_import *counts;
} importing;

/* ------------------------------------------------------------------ complaints */

static int refuse(const importing *in, const char *what)
{
    char provider[BB_QUOTE_MAX];
    char model[BB_QUOTE_MAX];
    return bb_fail(in->error, BBOTS_INVALID_TEXT, "prices of %s, model %s: %s",
                   bb_quote(in->provider, strlen(in->provider), provider),
                   bb_quote(in->model, strlen(in->model), model), what);
}

static int no_memory(const importing *in)
{
    return bb_fail(in->error, BBOTS_NO_MEMORY, "out of memory");
}

/* ------------------------------------------------------------------ reading trees */

static const node *member(const node *object, const char *name)
{
    if (object->kind != CODEC_JSON_OBJECT) {
        return NULL;
    }
    for (const node *at = object->first; at != NULL; at = at->next) {
        if (at->key_size == strlen(name) && memcmp(at->key, name, at->key_size) == 0) {
            return at;
        }
    }
    return NULL;
}

/* A string that is not empty as one that ends with a zero byte; wrong: what to say of another node. */
static int text_of(const importing *in, const node *string, const char *wrong, const char **text)
{
    if (string == NULL || string->kind != CODEC_JSON_STRING || string->size == 0) {
        return refuse(in, wrong);
    }
    char *copy = bb_arena_copy(in->arena, string->text, string->size);
    if (copy == NULL) {
        return no_memory(in);
    }
    *text = copy;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ building trees */

static node *new_node(const importing *in, codec_json_kind kind)
{
    node *made = bb_arena_alloc(in->arena, sizeof *made);
    if (made != NULL) {
        memset(made, 0, sizeof *made);
        made->kind = (uint32_t)kind & 0xf;
    }
    return made;
}

static node *new_string(const importing *in, const char *text, size_t size)
{
    node *made = new_node(in, CODEC_JSON_STRING);
    char *copy = bb_arena_copy(in->arena, text, size);
    if (made == NULL || copy == NULL) {
        return NULL;
    }
    made->text = copy;
    made->size = (uint32_t)size & 0xfffffff;
    return made;
}

/* Appends to an array or, with a key, to an object. False when memory is short. */
static bool append(node *to, const char *key, node *element)
{
    if (element == NULL) {
        return false;
    }
    node **end = &to->first;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = element;
    element->next = NULL;
    element->key = key;
    element->key_size = key != NULL ? (uint32_t)strlen(key) : 0;
    to->size++;
    return true;
}

static bool append_string(const importing *in, node *to, const char *key, const char *text)
{
    return append(to, key, new_string(in, text, strlen(text)));
}

/* ------------------------------------------------------------------ matches */

/* Python's \d, which POSIX has not. */
static node *copy_regex(const importing *in, const node *from)
{
    char *text = bb_arena_alloc(in->arena, (size_t)from->size * 3 + 1);
    size_t size = 0;
    if (text == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < from->size; i++) {
        if (from->text[i] == '\\' && i + 1 < from->size && from->text[i + 1] == 'd') {
            memcpy(text + size, "[0-9]", 5);
            size += 5;
            i++;
        } else {
            text[size++] = from->text[i];
            if (from->text[i] == '\\' && i + 1 < from->size) {
                text[size++] = from->text[++i];
            }
        }
    }
    return new_string(in, text, size);
}

static int copy_match(const importing *in, const node *from, node **made);

static int copy_matches(const importing *in, const node *list, node *to)
{
    int rc = BBOTS_OK;
    if (list->kind != CODEC_JSON_ARRAY) {
        return refuse(in, "\"match\" has a rule of a form that is not known");
    }
    for (const node *at = list->first; at != NULL && rc == BBOTS_OK; at = at->next) {
        node *one;
        rc = copy_match(in, at, &one);
        if (rc == BBOTS_OK && !append(to, NULL, one)) {
            rc = no_memory(in);
        }
    }
    return rc;
}

static int copy_match(const importing *in, const node *from, node **made)
{
    static const char *const rules[] = {"or",        "and",      "equals", "starts_with",
                                        "ends_with", "contains", "regex"};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const node *rule = member(from, rules[i]);
        node *copy;
        if (rule == NULL) {
            continue;
        }
        if (i < 2) {
            copy = new_node(in, CODEC_JSON_ARRAY);
            int rc = copy != NULL ? copy_matches(in, rule, copy) : no_memory(in);
            if (rc != BBOTS_OK) {
                return rc;
            }
        } else if (rule->kind != CODEC_JSON_STRING) {
            break;
        } else {
            bool is_regex = i == sizeof rules / sizeof *rules - 1;
            copy = is_regex ? copy_regex(in, rule) : new_string(in, rule->text, rule->size);
            if (is_regex && copy != NULL) {
                int rc = prices_check_regex((bbots_text){copy->text, copy->size}, in->error);
                if (rc != BBOTS_OK) {
                    return rc;
                }
            }
        }
        *made = new_node(in, CODEC_JSON_OBJECT);
        return *made != NULL && append(*made, rules[i], copy) ? BBOTS_OK : no_memory(in);
    }
    return refuse(in, "\"match\" has a rule that is not known");
}

/* ------------------------------------------------------------------ prices */

static const struct {
    const char *theirs;
    bbots_price_part ours;
} parts[] = {{"input_mtok", BBOTS_PRICE_INPUT},
             {"output_mtok", BBOTS_PRICE_OUTPUT},
             {"cache_write_mtok", BBOTS_PRICE_CACHE_WRITE},
             {"cache_read_mtok", BBOTS_PRICE_CACHE_READ}};

enum { PART_COUNT = sizeof parts / sizeof *parts, TIERS_MAX = 16 };

static bool is_number(const node *of)
{
    return of != NULL && (of->kind == CODEC_JSON_SIGNED || of->kind == CODEC_JSON_UNSIGNED ||
                          of->kind == CODEC_JSON_DECIMAL);
}

/* A number as a string of its digits. */
static node *price_string(const importing *in, const node *number)
{
    char text[32];
    if (number->kind == CODEC_JSON_DECIMAL) {
        return new_string(in, number->text, number->size);
    }
    int size = number->kind == CODEC_JSON_SIGNED
                   ? snprintf(text, sizeof text, "%lld", (long long)number->integer)
                   : snprintf(text, sizeof text, "%llu", (unsigned long long)number->natural);
    return new_string(in, text, (size_t)size);
}

/* Notes the bounds of a price's tiers in ascending order, each once. */
static int note_bounds(const importing *in, const node *price, int64_t *bounds, unsigned *count)
{
    const node *tiers = member(price, "tiers");
    for (const node *tier = tiers != NULL ? tiers->first : NULL; tier != NULL; tier = tier->next) {
        const node *start = member(tier, "start");
        if (start == NULL || start->kind != CODEC_JSON_SIGNED || start->integer < 0 ||
            !is_number(member(tier, "price"))) {
            return refuse(in, "a tier has no \"start\" or \"price\"");
        }
        unsigned at = 0;
        while (at < *count && bounds[at] < start->integer) {
            at++;
        }
        if (at < *count && bounds[at] == start->integer) {
            continue;
        }
        if (*count == TIERS_MAX) {
            return refuse(in, "there are more than 16 tiers");
        }
        memmove(&bounds[at + 1], &bounds[at], (*count - at) * sizeof *bounds);
        bounds[at] = start->integer;
        ++*count;
    }
    return BBOTS_OK;
}

/* The number that a price is above a bound (-1: none), or NULL when it is none. */
static const node *price_above(const node *price, int64_t bound)
{
    const node *found = price->kind == CODEC_JSON_OBJECT ? member(price, "base") : price;
    const node *tiers = member(price, "tiers");
    int64_t best = -1;
    for (const node *tier = tiers != NULL ? tiers->first : NULL; tier != NULL; tier = tier->next) {
        int64_t start = member(tier, "start")->integer;
        if (start <= bound && start > best) {
            best = start;
            found = member(tier, "price");
        }
    }
    return is_number(found) ? found : NULL;
}

/* One entry: the prices above a bound, valid from a date. Nothing at all is free. */
static int add_entry(const importing *in, const node *prices, const char *from, int64_t bound,
                     node *entries)
{
    node *entry = new_node(in, CODEC_JSON_OBJECT);
    bool fine = entry != NULL;
    if (fine && from != NULL) {
        fine = append_string(in, entry, "from", from);
    }
    if (fine && bound >= 0) {
        node *above = new_node(in, CODEC_JSON_SIGNED);
        if (above != NULL) {
            above->integer = bound;
        }
        fine = append(entry, "above", above);
    }
    bool free_of_charge = prices->first == NULL;
    for (unsigned i = 0; i < PART_COUNT && fine; i++) {
        const node *price = member(prices, parts[i].theirs);
        const char *name = prices_part_names[parts[i].ours];
        if (free_of_charge) {
            fine = append_string(in, entry, name, "0");
        } else if (price != NULL) {
            const node *number = price_above(price, bound);
            if (number == NULL) {
                return refuse(in, "a price is neither a number nor a base with tiers");
            }
            fine = append(entry, name, price_string(in, number));
        }
    }
    if (!fine) {
        return no_memory(in);
    }
    codec_json_sort(entry);
    append(entries, NULL, entry);
    in->counts->entries++;
    return BBOTS_OK;
}

/* The entries of one date: the base and a further one for each tier. */
static int add_entries(const importing *in, const node *prices, const char *from, node *entries)
{
    int64_t bounds[TIERS_MAX];
    unsigned count = 0;
    unsigned known = 0;
    int rc = BBOTS_OK;
    if (prices == NULL || prices->kind != CODEC_JSON_OBJECT) {
        return refuse(in, "\"prices\" is no object");
    }
    for (unsigned i = 0; i < PART_COUNT && rc == BBOTS_OK; i++) {
        const node *price = member(prices, parts[i].theirs);
        known += price != NULL;
        rc = price != NULL ? note_bounds(in, price, bounds, &count) : BBOTS_OK;
    }
    in->counts->left_out += prices->size - known;
    if (rc == BBOTS_OK) {
        rc = add_entry(in, prices, from, -1, entries);
    }
    for (unsigned i = 0; i < count && rc == BBOTS_OK; i++) {
        rc = add_entry(in, prices, from, bounds[i], entries);
    }
    return rc;
}

/* A model's prices: one object, or an array of dated ones. */
static int add_dates(const importing *in, const node *prices, node *entries)
{
    int rc = BBOTS_OK;
    if (prices == NULL || prices->kind != CODEC_JSON_ARRAY) {
        return add_entries(in, prices, NULL, entries);
    }
    for (const node *dated = prices->first; dated != NULL && rc == BBOTS_OK; dated = dated->next) {
        const node *constraint = member(dated, "constraint");
        const char *from = NULL;
        if (constraint != NULL && constraint->kind != CODEC_JSON_NULL) {
            const node *start = constraint->size == 1 ? member(constraint, "start_date") : NULL;
            rc = text_of(in, start, "a constraint is something else than a start date", &from);
        }
        if (rc == BBOTS_OK) {
            rc = add_entries(in, member(dated, "prices"), from, entries);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ models and providers */

static int add_model(importing *in, const node *model, node *models)
{
    in->model = "";
    int rc = text_of(in, member(model, "id"), "it has no \"id\"", &in->model);
    if (rc != BBOTS_OK) {
        return rc;
    }
    node *made = new_node(in, CODEC_JSON_OBJECT);
    node *entries = new_node(in, CODEC_JSON_ARRAY);
    const node *match = member(model, "match");
    node *copy = NULL;
    rc = match != NULL ? copy_match(in, match, &copy) : refuse(in, "it has no \"match\"");
    if (rc == BBOTS_OK &&
        (made == NULL || entries == NULL || !append_string(in, made, "id", in->model))) {
        rc = no_memory(in);
    }
    if (rc == BBOTS_OK) {
        rc = add_dates(in, member(model, "prices"), entries);
    }
    if (rc == BBOTS_OK) {
        append(made, "match", copy);
        append(made, "prices", entries);
        codec_json_sort(made);
        append(models, NULL, made);
        in->counts->models++;
    }
    return rc;
}

/* The tree of a provider's list but for its fallback. */
static int build_list(importing *in, const node *provider, node **list)
{
    const node *models = member(provider, "models");
    node *made = new_node(in, CODEC_JSON_OBJECT);
    node *array = new_node(in, CODEC_JSON_ARRAY);
    int rc = BBOTS_OK;
    in->model = "";
    if (models == NULL || models->kind != CODEC_JSON_ARRAY) {
        return refuse(in, "there is no array \"models\"");
    }
    if (made == NULL || array == NULL || !append_string(in, made, "provider", in->provider)) {
        return no_memory(in);
    }
    append(made, "models", array);
    for (const node *at = models->first; at != NULL && rc == BBOTS_OK; at = at->next) {
        rc = add_model(in, at, array);
    }
    *list = made;
    return rc;
}

static const node *find_provider(const importing *in, const node *file)
{
    for (const node *at = file->first; at != NULL; at = at->next) {
        const node *id = member(at, "id");
        if (id != NULL && id->kind == CODEC_JSON_STRING &&
            ledger_equal((bbots_text){id->text, id->size}, bbots_text_of(in->provider))) {
            return at;
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ the row */

/* The fallback of the list that is there, as a tree. */
static int copy_fallback(const importing *in, bbots_json old, node *list)
{
    bbots_json fallback;
    bbots_text text;
    node *root;
    if (bbots_json_member(old, bbots_text_of("fallback"), &fallback) != BBOTS_OK) {
        return BBOTS_OK;
    }
    int rc = codec_json_print(in->arena, fallback, &text, in->error);
    if (rc == BBOTS_OK) {
        rc = codec_json_parse(in->arena, text, &root, in->error);
    }
    if (rc == BBOTS_OK) {
        append(list, "fallback", root);
    }
    return rc;
}

static int put_list(bbots_txn *txn, const importing *in, const ledger_table *of, node *list,
                    bbots_timestamp now)
{
    bbots_row row;
    ledger_values values;
    bbots_value key = bbots_value_string(in->counts->list);
    bbots_value old = bbots_value_null();
    int found = bbots_get(txn, of->table, of->indexes[0], &key, &row, in->error);
    int rc = found;
    if (found == BBOTS_OK) {
        old = ledger_value(of, &row, PRICES_VALUE);
        rc = copy_fallback(in, (bbots_json){old.data, old.size, BBOTS_JSON_PACKED}, list);
    }
    if (rc < 0) {
        return rc;
    }
    codec_json_sort(list);
    size_t size = codec_json_packed_size(list);
    void *packed = bb_arena_alloc(in->arena, size);
    if (packed == NULL) {
        return no_memory(in);
    }
    codec_json_write_packed(list, packed, size);
    bbots_value made = bbots_value_of_bytes(BBOTS_JSON, packed, size);
    rc = prices_check_list(bbots_text_of(in->counts->list),
                           (bbots_json){made.data, made.size, BBOTS_JSON_PACKED}, in->error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    in->counts->changed =
        found != BBOTS_OK || old.size != size || memcmp(old.data, packed, size) != 0;
    if (!in->counts->changed) {
        return BBOTS_OK;
    }
    ledger_values_begin(&values, of);
    ledger_set(&values, PRICES_VALUE, made);
    ledger_set_time(&values, PRICES_UPDATED, now);
    if (found == BBOTS_OK) {
        return bbots_update(txn, of->table, of->indexes[0], &key, values.values, values.given, NULL,
                            in->error);
    }
    ledger_set(&values, PRICES_KEY, key);
    ledger_set(&values, PRICES_DESCRIPTION,
               bbots_value_string("Price list, imported from genai-prices."));
    return ledger_insert(txn, &values, NULL, in->error);
}

/* ------------------------------------------------------------------ all of it */

static int build(const node *file, importing *in, node **list)
{
    char shown[BB_QUOTE_MAX];
    size_t size = strlen(in->provider);
    const node *provider = find_provider(in, file);
    if (provider == NULL) {
        return bb_fail(in->error, BBOTS_INVALID_ARGUMENT, "the prices have no provider %s",
                       bb_quote(in->provider, size, shown));
    }
    memset(in->counts, 0, sizeof *in->counts);
    if (size + sizeof "pricing." > sizeof in->counts->list) {
        return bb_fail(in->error, BBOTS_INVALID_ARGUMENT, "the name of provider %s is too long",
                       bb_quote(in->provider, size, shown));
    }
    snprintf(in->counts->list, sizeof in->counts->list, "pricing.%s", in->provider);
    return build_list(in, provider, list);
}

/* First all lists are built, then they are written. */
static int import_all(bbots_txn *txn, const ledger_table *of, const node *file,
                      const char *const *providers, unsigned count, bbots_timestamp now,
                      bbots_price_import *imports, bb_arena *arena, bbots_error *error)
{
    int rc = BBOTS_OK;
    node **lists = bb_arena_alloc(arena, (count + 1) * sizeof *lists);
    if (lists == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    for (unsigned i = 0; i < count && rc == BBOTS_OK; i++) {
        importing in = {arena, error, providers[i], "", &imports[i]};
        rc = build(file, &in, &lists[i]);
    }
    for (unsigned i = 0; i < count && rc == BBOTS_OK; i++) {
        importing in = {arena, error, providers[i], "", &imports[i]};
        rc = put_list(txn, &in, of, lists[i], now);
    }
    return rc;
}

int bbots_prices_import(bbots_txn *txn, bbots_text file, const char *const *providers,
                        unsigned count, bbots_timestamp now, bbots_price_import *imports,
                        bbots_error *error)
{
    const ledger_table *of;
    codec_json_node *root;
    bb_arena arena;
    int rc = ledger_begin(txn, true, &now, error);
    if (rc == BBOTS_OK) {
        rc = ledger_find(txn, &prices_need, &of, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    bb_arena_init(&arena);
    rc = codec_json_parse(&arena, file, &root, error);
    if (rc == BBOTS_OK && root->kind != CODEC_JSON_ARRAY) {
        rc = bb_fail(error, BBOTS_INVALID_TEXT, "the prices are no array of providers");
    }
    if (rc == BBOTS_OK) {
        rc = ledger_begin_rows(txn, error);
    }
    if (rc == BBOTS_OK) {
        rc = import_all(txn, of, root, providers, count, now, imports, &arena, error);
        rc = ledger_end_rows(txn, rc);
    }
    bb_arena_free(&arena);
    return rc;
}
