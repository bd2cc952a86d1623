/*
 * ledger/prices_match.c - whether a model's name meets the match of a price list.
 *
 * A match is an object with one member: a rule with its text, or `or` and `and` with an array of
 * matches. How deep they nest is bounded by what JSON may nest.
 */
#include "ledger/prices.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>

static bool starts_with(bbots_text name, bbots_text start)
{
    return name.size >= start.size && memcmp(name.data, start.data, start.size) == 0;
}

static bool ends_with(bbots_text name, bbots_text end)
{
    return name.size >= end.size &&
           memcmp(name.data + name.size - end.size, end.data, end.size) == 0;
}

static bool contains(bbots_text name, bbots_text part)
{
    return part.size == 0 || memmem(name.data, name.size, part.data, part.size) != NULL;
}

/* Compiles a pattern, which has to end with a zero byte for the system. */
static int compile(bbots_text pattern, regex_t *compiled, bbots_error *error)
{
    char shown[BB_QUOTE_MAX];
    char *text = strndup(pattern.data, pattern.size);
    if (text == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    int failed = regcomp(compiled, text, REG_EXTENDED | REG_NOSUB);
    free(text);
    if (failed == REG_ESPACE) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    return failed == 0
               ? BBOTS_OK
               : bb_fail(error, BBOTS_INVALID_TEXT, "%s is no POSIX extended regular expression",
                         bb_quote(pattern.data, pattern.size, shown));
}

int prices_check_regex(bbots_text pattern, bbots_error *error)
{
    regex_t compiled;
    int rc = compile(pattern, &compiled, error);
    if (rc == BBOTS_OK) {
        regfree(&compiled);
    }
    return rc;
}

static int meets_regex(bbots_text name, bbots_text pattern, bool *matches, bbots_error *error)
{
    regex_t compiled;
    int rc = compile(pattern, &compiled, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    char *text = strndup(name.data, name.size);
    if (text == NULL) {
        rc = bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    } else {
        /* glibc says "no match" too when it finds no memory. */
        errno = 0;
        *matches = regexec(&compiled, text, 0, NULL, 0) == 0;
        if (!*matches && errno == ENOMEM) {
            rc = bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
        }
    }
    free(text);
    regfree(&compiled);
    return rc;
}

static int refuse(const price_model *model, bbots_error *error)
{
    char list[BB_QUOTE_MAX];
    char id[BB_QUOTE_MAX];
    return bb_fail_at(error, BBOTS_INVALID_TEXT, prices_need.table, "value", NULL,
                      "price list %s, model %s: \"match\" is none: one of equals, starts_with, "
                      "ends_with, contains, regex with a text, or and and with an array",
                      bb_quote(model->list.data, model->list.size, list),
                      bb_quote(model->id.data, model->id.size, id));
}

static int meets(const price_model *model, bbots_json match, bbots_text name, bool *matches,
                 bbots_error *error);

/* `or` and `and`: the first match that decides ends it. */
static int meets_list(const price_model *model, bbots_json list, bool any, bbots_text name,
                      bool *matches, bbots_error *error)
{
    bbots_json one;
    size_t position = 0;
    int rc = BBOTS_OK;
    if (bbots_json_type_of(list) != BBOTS_JSON_ARRAY) {
        return refuse(model, error);
    }
    *matches = !any;
    while (rc == BBOTS_OK && *matches != any &&
           bbots_json_next(list, &position, NULL, &one) == BBOTS_OK) {
        rc = meets(model, one, name, matches, error);
    }
    return rc;
}

static int meets(const price_model *model, bbots_json match, bbots_text name, bool *matches,
                 bbots_error *error)
{
    static const struct {
        const char *name;
        bool (*holds)(bbots_text name, bbots_text operand);
    } rules[] = {{"equals", ledger_equal},
                 {"starts_with", starts_with},
                 {"ends_with", ends_with},
                 {"contains", contains}};
    bbots_text rule;
    bbots_text operand;
    bbots_json value;
    size_t position = 0;
    if (bbots_json_type_of(match) != BBOTS_JSON_OBJECT || bbots_json_count(match) != 1 ||
        bbots_json_next(match, &position, &rule, &value) != BBOTS_OK) {
        return refuse(model, error);
    }
    bool any = ledger_equal(rule, bbots_text_of("or"));
    if (any || ledger_equal(rule, bbots_text_of("and"))) {
        return meets_list(model, value, any, name, matches, error);
    }
    if (bbots_json_string(value, &operand) != BBOTS_OK) {
        return refuse(model, error);
    }
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (ledger_equal(rule, bbots_text_of(rules[i].name))) {
            *matches = rules[i].holds(name, operand);
            return BBOTS_OK;
        }
    }
    return ledger_equal(rule, bbots_text_of("regex")) ? meets_regex(name, operand, matches, error)
                                                      : refuse(model, error);
}

int prices_match(const price_model *model, bbots_text name, bool *matches, bbots_error *error)
{
    if (model->match.data == NULL) {
        *matches = ledger_equal(model->id, name);
        return BBOTS_OK;
    }
    return meets(model, model->match, name, matches, error);
}
