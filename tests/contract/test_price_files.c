/*
 * test_price_files.c - files of genai-prices: each form that is not known is refused by its
 * sentence and changes nothing; each that is gives a list that can be read.
 */
#include "support/support.h"

#include <bbots/platform.h>
#include <bbots/prices.h>

#define CONFIG (&bbots_system_config_table)

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_platform_schema);
    return rc;
}

static const char *const acme[] = {"acme"};

/* A file of one provider with these models. */
static int import_models(bbots_txn *txn, const char *models)
{
    char file[4096];
    bbots_price_import done;
    snprintf(file, sizeof file, "[{\"id\": \"other\"}, {\"id\": \"acme\", \"models\": %s}]",
             models);
    return bbots_prices_import(txn, bbots_text_of(file), acme, 1, 0, &done, &fault);
}

/* A file of one model of that match and those prices. */
static int import_one(bbots_txn *txn, const char *match, const char *prices)
{
    char models[4000];
    snprintf(models, sizeof models, "[{\"id\": \"m\", \"match\": %s, \"prices\": %s}]", match,
             prices);
    return import_models(txn, models);
}

static void assert_says(int got, int wanted, const char *says, const char *of)
{
    assert_status(got, wanted);
    if (strstr(fault.message, says) == NULL) {
        fail_msg("of %s: \"%s\" does not say \"%s\"", of, fault.message, says);
    }
}

/* ------------------------------------------------------------------ what is refused */

#define TIER(start) "{\"start\": " #start ", \"price\": 1}"
#define FOUR(start) TIER(start##1) ", " TIER(start##2) ", " TIER(start##3) ", " TIER(start##4)

static const char *const bad_models[][2] = {
    {"{}", "there is no array \"models\""},
    {"[1]", "it has no \"id\""},
    {"[null]", "it has no \"id\""},
    {"[{\"id\": 5}]", "it has no \"id\""},
    {"[{\"id\": \"\"}]", "it has no \"id\""},
    {"[{\"id\": \"m\"}]", "it has no \"match\""},
    {"[{\"id\": \"m\", \"match\": {\"equals\": \"m\"}}]", "\"prices\" is no object"},
};

static const char *const bad_matches[][2] = {
    {"5", "a rule that is not known"},
    {"{}", "a rule that is not known"},
    {"{\"like\": \"m\"}", "a rule that is not known"},
    {"{\"equals\": 5}", "a rule that is not known"},
    {"{\"or\": {}}", "a rule of a form that is not known"},
    {"{\"and\": \"m\"}", "a rule of a form that is not known"},
    {"{\"or\": [{\"equals\": \"m\"}, {\"like\": \"m\"}]}", "a rule that is not known"},
    {"{\"or\": [{\"like\": \"m\"}, {\"equals\": \"m\"}]}", "a rule that is not known"},
    {"{\"regex\": \"(\"}", "regular expression"},
    {"{\"regex\": \"m\\\\\"}", "regular expression"}, /* ends with a backslash */
};

static const char *const bad_prices[][2] = {
    {"5", "\"prices\" is no object"},
    {"[5]", "\"prices\" is no object"},
    {"[{\"prices\": []}]", "\"prices\" is no object"},
    {"{\"input_mtok\": \"3\"}", "neither a number nor a base"},
    {"{\"input_mtok\": {\"tiers\": []}}", "neither a number nor a base"},
    {"{\"input_mtok\": {\"base\": 1, \"tiers\": [5]}}", "a tier has no"},
    {"{\"input_mtok\": {\"base\": 1, \"tiers\": [{\"price\": 1}]}}", "a tier has no"},
    {"{\"input_mtok\": {\"base\": 1, \"tiers\": [{\"start\": 1}]}}", "a tier has no"},
    {"{\"input_mtok\": {\"base\": 1, \"tiers\": [{\"start\": 1, \"price\": \"1\"}]}}",
     "a tier has no"},
    {"{\"input_mtok\": {\"base\": 1, \"tiers\": [{\"start\": 1.5, \"price\": 1}]}}",
     "a tier has no"},
    {"{\"input_mtok\": {\"base\": 1, \"tiers\": [{\"start\": -1, \"price\": 1}]}}",
     "a tier has no"},
    {"{\"input_mtok\": {\"base\": 1, \"tiers\": [" FOUR(1) ", " FOUR(2) ", " FOUR(3) ", " FOUR(
         4) ", " TIER(50) "]}}",
     "more than 16 tiers"},
    {"[{\"constraint\": {}, \"prices\": {}}]", "something else than a start date"},
    {"[{\"constraint\": {\"start_date\": 5}, \"prices\": {}}]", "something else than a start date"},
    {"[{\"constraint\": {\"start_date\": \"\"}, \"prices\": {}}]",
     "something else than a start date"},
    {"[{\"constraint\": {\"start_date\": \"2026-01-01\", \"end_date\": \"2026-02-01\"}, "
     "\"prices\": {}}]",
     "something else than a start date"},
    {"[{\"constraint\": {\"start_time\": \"16:00\"}, \"prices\": {}}, {\"prices\": {}}]",
     "something else than a start date"},
};

static void forms_that_are_not_known_are_named(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(txn);
    for (size_t i = 0; i < COUNT(bad_models); i++) {
        assert_says(import_models(txn, bad_models[i][0]), BBOTS_INVALID_TEXT, bad_models[i][1],
                    bad_models[i][0]);
    }
    for (size_t i = 0; i < COUNT(bad_matches); i++) {
        assert_says(import_one(txn, bad_matches[i][0], "{}"), BBOTS_INVALID_TEXT, bad_matches[i][1],
                    bad_matches[i][0]);
    }
    for (size_t i = 0; i < COUNT(bad_prices); i++) {
        assert_says(import_one(txn, "{\"equals\": \"m\"}", bad_prices[i][0]), BBOTS_INVALID_TEXT,
                    bad_prices[i][1], bad_prices[i][0]);
    }
    assert_digest(txn, before);
    commit(txn);
}

static void a_provider_that_is_not_there_is_named(void **state)
{
    static const char *const files[] = {
        "[]", "[5]", "[{}]", "[{\"id\": 5}]", "[{\"id\": \"acm\"}]", "[{\"id\": \"acmf\"}]"};
    fixture *place = *state;
    bbots_price_import done;
    char name[400];
    char file[600];
    const char *const names[] = {name};
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (size_t i = 0; i < COUNT(files); i++) {
        assert_says(bbots_prices_import(txn, bbots_text_of(files[i]), acme, 1, 0, &done, &fault),
                    BBOTS_INVALID_ARGUMENT, "have no provider \"acme\"", files[i]);
    }
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(file, sizeof file, "[{\"id\": \"%s\", \"models\": []}]", name);
    assert_says(bbots_prices_import(txn, bbots_text_of(file), names, 1, 0, &done, &fault),
                BBOTS_INVALID_ARGUMENT, "is too long", "a long name");
    assert_int_equal(count_of(txn, CONFIG), 0);
    commit(txn);
}

/* ------------------------------------------------------------------ what becomes a list */

/* The price in force, in millionths; -1: there is none. */
static int64_t price_of(bbots_txn *txn, const char *model, bbots_timestamp at, int64_t context,
                        bbots_price_part part)
{
    bbots_price price;
    int rc = bbots_price_find(txn, bbots_text_of("acme"), bbots_text_of(model), at, context, 0,
                              &price, &fault);
    if (rc == BBOTS_UNKNOWN_PRICE) {
        return -1;
    }
    assert_status(rc, BBOTS_OK);
    return (price.given >> part & 1) != 0 ? price.parts[part] / 1000000 : -1;
}

static void every_rule_matches_as_it_says(void **state)
{
    static const struct {
        const char *match;
        const char *yes;
        const char *no;
    } cases[] = {
        {"{\"equals\": \"a\"}", "a", "aa"},
        {"{\"starts_with\": \"a\"}", "ab", "ba"},
        {"{\"ends_with\": \"a\"}", "ba", "ab"},
        {"{\"contains\": \"b\"}", "abc", "aac"},
        {"{\"regex\": \"^a\\\\d$\"}", "a7", "ad"},
        {"{\"regex\": \"^a\\\\.b$\"}", "a.b", "acb"},
        {"{\"or\": [{\"equals\": \"a\"}, {\"equals\": \"b\"}]}", "b", "c"},
        {"{\"and\": [{\"starts_with\": \"a\"}, {\"ends_with\": \"b\"}]}", "a-b", "a-c"},
        {"{\"or\": []}", NULL, "a"},
    };
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_ok(import_one(txn, cases[i].match, "{\"input_mtok\": 3}"));
        if (cases[i].yes != NULL) {
            assert_int_equal(price_of(txn, cases[i].yes, 1, 0, BBOTS_PRICE_INPUT), 3000000);
        }
        assert_int_equal(price_of(txn, cases[i].no, 1, 0, BBOTS_PRICE_INPUT), -1);
    }
    assert_int_equal(count_of(txn, CONFIG), 1);
    commit(txn);
}

static void dates_and_tiers_become_entries(void **state)
{
    static const char prices[] =
        "[{\"constraint\": null, \"prices\": {\"input_mtok\": {\"base\": 1, \"tiers\": ["
        "{\"start\": 200, \"price\": 3}, {\"start\": 100, \"price\": 2}]}, \"output_mtok\": "
        "{\"base\": 0.5, \"tiers\": [{\"start\": 200, \"price\": 5}, {\"start\": 200, \"price\": "
        "6}]}}}, {\"constraint\": {\"start_date\": \"1970-01-02\"}, \"prices\": {\"input_mtok\": "
        "7}}]";
    static const struct {
        bbots_timestamp at;
        int64_t context;
        int64_t input;
        int64_t output;
    } cases[] = {
        {1, 0, 1000000, 500000},
        {1, 100, 1000000, 500000},
        {1, 101, 2000000, 500000},
        {1, 200, 2000000, 500000},
        {1, 201, 3000000, 5000000},
        {INT64_C(86399999999), 201, 3000000, 5000000},
        {INT64_C(86400000000), 0, 7000000, -1},
    };
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(import_one(txn, "{\"equals\": \"m\"}", prices));
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(price_of(txn, "m", cases[i].at, cases[i].context, BBOTS_PRICE_INPUT),
                         cases[i].input);
        assert_int_equal(price_of(txn, "m", cases[i].at, cases[i].context, BBOTS_PRICE_OUTPUT),
                         cases[i].output);
    }
    commit(txn);
}

/* A list that says the same is left alone, and one that says something else is not, however long. */
static void another_list_takes_the_place_of_one(void **state)
{
    static const char *const prices[] = {"{\"input_mtok\": 3}", "{\"input_mtok\": 4}",
                                         "{\"input_mtok\": 44}"};
    static const int64_t inputs[] = {3000000, 4000000, 44000000};
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (size_t i = 0; i < COUNT(prices); i++) {
        assert_ok(import_one(txn, "{\"equals\": \"m\"}", prices[i]));
        assert_int_equal(price_of(txn, "m", 1, 0, BBOTS_PRICE_INPUT), inputs[i]);
        bbots_digest before = digest_of(txn);
        assert_ok(import_one(txn, "{\"equals\": \"m\"}", prices[i]));
        assert_digest(txn, before);
    }
    commit(txn);
}

/* What was taken can be used: a price or a date that no list may have is refused at once. */
static void what_no_list_may_have_is_refused(void **state)
{
    static const char *const prices[] = {
        "{\"input_mtok\": -1}",
        "{\"input_mtok\": 18446744073709551615}",
        "{\"input_mtok\": 99999999999}",
        "{\"input_mtok\": 0.0000000000001}",
        "[{\"constraint\": {\"start_date\": \"soon\"}, \"prices\": {\"input_mtok\": 1}}]",
    };
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(txn);
    for (size_t i = 0; i < COUNT(prices); i++) {
        assert_status(import_one(txn, "{\"equals\": \"m\"}", prices[i]), BBOTS_INVALID_TEXT);
    }
    assert_digest(txn, before);
    commit(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forms_that_are_not_known_are_named, setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_provider_that_is_not_there_is_named, setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(every_rule_matches_as_it_says, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(dates_and_tiers_become_entries, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(another_list_takes_the_place_of_one, setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_no_list_may_have_is_refused, setup, fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
