/*
 * tests/contract/test_prices.c - proves bbots/prices.h: which entry is in force, what usage costs to
 * the last digit, what an import makes of a data file, and what bad lists and quantities are told.
 */
#include "support/support.h"

#include <bbots/platform.h>
#include <bbots/prices.h>

#define CONFIG (&bbots_system_config_table)

static void put_list(bbots_txn *txn, const char *key, const char *json)
{
    assert_ok(insert_named(txn, CONFIG, "key", string(key), "value",
                           bbots_value_json(bbots_json_of(json))));
}

static const char list[] =
    "{\"provider\": \"anthropic\", \"models\": ["
    " {\"id\": \"tiers\", \"match\": {\"or\": [{\"starts_with\": \"t-\"}, {\"equals\": "
    "\"tiers\"}]},"
    "  \"prices\": [{\"input\": \"3\", \"output\": \"15\", \"cacheWrite\": \"3.75\", "
    "\"cacheRead\": \"0.3\"},"
    "   {\"above\": 200000, \"input\": \"6\", \"output\": \"22.5\", \"cacheWrite\": \"7.5\", "
    "\"cacheRead\": \"0.6\"},"
    "   {\"above\": 500000, \"input\": \"9\", \"output\": \"30\", \"cacheWrite\": \"10\", "
    "\"cacheRead\": \"1\"},"
    "   {\"from\": \"2026-03-13\", \"input\": \"2\", \"output\": \"10\", \"cacheWrite\": \"2.5\", "
    "\"cacheRead\": \"0.2\"}]},"
    " {\"id\": \"late\", \"prices\": [{\"from\": \"2026-03-13T12:00:00Z\", \"input\": \"1\", "
    "\"output\": \"1\"}]},"
    " {\"id\": \"both\", \"match\": {\"and\": [{\"contains\": \"bo\"}, {\"ends_with\": \"th\"}]},"
    "  \"prices\": [{\"input\": \"0.000000000001\", \"output\": \"999999.999999999999\"}]},"
    " {\"id\": \"digits\", \"match\": {\"regex\": \"^d-[0-9]{3}$\"}, \"prices\": [{\"input\": "
    "\"1\"}]},"
    " {\"id\": \"order\", \"prices\": [{\"from\": \"2026-06-01T00:00:00.5\", \"input\": \"1\"},"
    "   {\"from\": \"2026-05-01\", \"above\": 20, \"input\": \"2\"},"
    "   {\"from\": \"2026-05-01\", \"above\": 10, \"input\": \"3\"},"
    "   {\"from\": \"2026-03-01\", \"input\": \"4\"},"
    "   {\"from\": \"2026-03-01\", \"above\": 10, \"input\": \"5\"}]},"
    " {\"id\": \"shadowed\", \"match\": {\"starts_with\": \"t-\"}, \"prices\": [{\"input\": "
    "\"100\"}]}],"
    " \"fallback\": {\"id\": \"any\", \"prices\": [{\"input\": \"50\", \"output\": \"60\"}]}}";

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    put_list(txn, "pricing.anthropic", list);
    put_list(txn, "pricing.browserbase",
             "{\"provider\": \"browserbase\", \"models\": [{\"id\": \"session\", \"prices\":"
             " [{\"minute\": \"0.01\", \"recording\": \"0.05\", \"screenshot\": \"0.0007\"}]}]}");
    put_list(txn, "pricing.storage",
             "{\"provider\": \"storage\", \"models\": [{\"id\": \"s3/download\", \"prices\":"
             " [{\"request\": \"0.0000004\", \"transferGb\": \"0.09\"}]},"
             " {\"id\": \"s3/upload\", \"prices\": [{\"request\": \"0.000005\"}]}]}");
    put_list(txn, "pricingx", "1");
    put_list(txn, "pricing", "1");
    commit(txn);
    return rc;
}

static int find(bbots_txn *txn, const char *model, const char *at, int64_t context, uint32_t flags,
                bbots_price *price)
{
    return bbots_price_find(txn, bbots_text_of("anthropic"), bbots_text_of(model), time_of(at),
                            context, flags, price, &fault);
}

static void assert_entry(bbots_txn *txn, const char *model, const char *at, int64_t context,
                         const char *id)
{
    bbots_price price;
    assert_ok(find(txn, model, at, context, 0, &price));
    assert_string_equal(price.id, id);
}

static void the_entry_in_force_is_used(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    for (int again = 0; again < 2; again++) { /* what is kept answers the same */
        assert_entry(txn, "tiers", "2026-03-12T23:59:59.999999", 0, "anthropic/tiers");
        assert_entry(txn, "t-x", "2026-03-12", 200000, "anthropic/tiers");
        assert_entry(txn, "t-x", "2026-03-12", 200001, "anthropic/tiers>200000");
        assert_entry(txn, "t-x", "2026-03-12", 500000, "anthropic/tiers>200000");
        assert_entry(txn, "t-x", "2026-03-12", 500001, "anthropic/tiers>500000");
        assert_entry(txn, "tiers", "2026-03-13", 500001, "anthropic/tiers@2026-03-13");
        assert_entry(txn, "late", "2026-03-13T12:00:00", 0, "anthropic/late@2026-03-13 12:00:00");
        assert_entry(txn, "booth", "1999-01-01", 0, "anthropic/both");
        assert_entry(txn, "d-123", "1999-01-01", 0, "anthropic/digits");
        assert_entry(txn, "order", "2026-03-02", 0, "anthropic/order@2026-03-01");
        assert_entry(txn, "order", "2026-03-02", 11, "anthropic/order@2026-03-01>10");
        assert_entry(txn, "order", "2026-05-02", 21, "anthropic/order@2026-05-01>20");
        assert_entry(txn, "order", "2026-05-02", 11, "anthropic/order@2026-05-01>10");
        assert_entry(txn, "order", "2026-07-01", 0, "anthropic/order@2026-06-01 00:00:00.5");
    }
    bbots_rollback(txn);
}

static void an_unknown_model_is_named(void **state)
{
    fixture *place = *state;
    bbots_price price;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_status(find(txn, "gpt-9", "2026-01-01", 0, 0, &price), BBOTS_UNKNOWN_PRICE);
    assert_non_null(strstr(fault.message, "gpt-9"));
    assert_status(find(txn, "d-1234", "2026-01-01", 0, 0, &price), BBOTS_UNKNOWN_PRICE);
    assert_status(find(txn, "late", "2026-03-13T11:59:59", 0, 0, &price), BBOTS_UNKNOWN_PRICE);
    assert_status(bbots_price_find(txn, bbots_text_of("openai"), bbots_text_of("gpt-9"), 0, 0, 0,
                                   &price, &fault),
                  BBOTS_UNKNOWN_PRICE);
    assert_non_null(strstr(fault.message, "openai"));
    assert_ok(find(txn, "gpt-9", "2026-01-01", 0, BBOTS_PRICE_FALLBACK, &price));
    assert_string_equal(price.id, "anthropic/any");
    /* What was found as a fallback stays unknown to who does not ask for it. */
    assert_status(find(txn, "gpt-9", "2026-01-01", 0, 0, &price), BBOTS_UNKNOWN_PRICE);
    assert_ok(find(txn, "t-1", "2026-01-01", 0, BBOTS_PRICE_FALLBACK, &price));
    assert_string_equal(price.id, "anthropic/tiers");
    assert_status(find(txn, "", "2026-01-01", 0, 0, &price), BBOTS_INVALID_ARGUMENT);
    assert_status(find(txn, "tiers", "2026-01-01", -1, 0, &price), BBOTS_INVALID_ARGUMENT);
    const bbots_text none[] = {{NULL, 0}, {"", 0}};
    for (size_t i = 0; i < COUNT(none); i++) {
        const bbots_text some = bbots_text_of("tiers");
        assert_status(bbots_price_find(txn, none[i], some, 0, 0, 0, &price, &fault),
                      BBOTS_INVALID_ARGUMENT);
        assert_status(bbots_price_find(txn, some, none[i], 0, 0, 0, &price, &fault),
                      BBOTS_INVALID_ARGUMENT);
    }
    bbots_rollback(txn);
}

static void a_changed_list_counts_at_once(void **state)
{
    fixture *place = *state;
    bbots_price price;
    bbots_value key = string("pricing.anthropic");
    bbots_value values[BBOTS_COLUMNS_MAX];
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_entry(txn, "tiers", "2026-01-01", 0, "anthropic/tiers");
    uint64_t set = fill_row(CONFIG, values, "value",
                            bbots_value_json(bbots_json_of(
                                "{\"provider\": \"anthropic\", \"models\": [{\"id\": \"tiers\","
                                " \"prices\": [{\"input\": \"4\"}]}]}")),
                            NULL);
    assert_ok(bbots_update(txn, CONFIG, index_of(CONFIG, "system_config_key_key"), &key, values,
                           set, NULL, &fault));
    assert_ok(find(txn, "tiers", "2026-01-01", 0, 0, &price));
    assert_int_equal(price.parts[BBOTS_PRICE_INPUT], INT64_C(4000000000000));
    assert_status(find(txn, "t-x", "2026-01-01", 0, 0, &price), BBOTS_UNKNOWN_PRICE);
    bbots_rollback(txn);
}

static void lists_of_one_provider_are_searched_by_key(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    put_list(
        txn, "pricing.aa",
        "{\"provider\": \"anthropic\", \"models\": [{\"id\": \"late\", \"prices\": [{\"input\":"
        " \"7\"}]}, {\"id\": \"new\", \"prices\": [{\"input\": \"8\"}]}]}");
    assert_entry(txn, "late", "2020-01-01", 0, "aa/late");
    assert_entry(txn, "new", "2020-01-01", 0, "aa/new");
    assert_entry(txn, "tiers", "2020-01-01", 0, "anthropic/tiers");
    bbots_rollback(txn);
}

/* Of several lists with a fallback the first one's counts. */
static void the_first_fallback_counts(void **state)
{
    fixture *place = *state;
    bbots_price price;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    put_list(txn, "pricing.aa",
             "{\"provider\": \"anthropic\", \"models\": [], \"fallback\": {\"id\": \"first\", "
             "\"prices\": [{\"input\": \"1\"}]}}");
    assert_ok(find(txn, "gpt-9", "2026-01-01", 0, BBOTS_PRICE_FALLBACK, &price));
    assert_string_equal(price.id, "aa/first");
    bbots_rollback(txn);
}

/* A model's name says nothing without its provider, also when it was just looked up. */
static void models_are_their_providers_own(void **state)
{
    fixture *place = *state;
    bbots_price price;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_ok(bbots_price_find(txn, bbots_text_of("browserbase"), bbots_text_of("session"), 0, 0, 0,
                               &price, &fault));
    assert_status(find(txn, "session", "2026-01-01", 0, 0, &price), BBOTS_UNKNOWN_PRICE);
    bbots_rollback(txn);
}

/* More names than are kept: the rest is looked up each time, and answered the same. */
static void any_number_of_names_is_answered(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    for (int again = 0; again < 2; again++) {
        for (int i = 0; i < 300; i++) {
            char name[16];
            snprintf(name, sizeof name, "t-%d", i);
            assert_entry(txn, name, "2026-01-01", 0, "anthropic/tiers");
        }
    }
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ costs */

static bbots_price price_of(bbots_txn *txn, const char *provider, const char *model)
{
    bbots_price price;
    assert_ok(bbots_price_find(txn, bbots_text_of(provider), bbots_text_of(model),
                               time_of("2026-01-01"), 0, 0, &price, &fault));
    return price;
}

static void tokens_cost_exactly(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    bbots_price price = price_of(txn, "anthropic", "tiers");
    bbots_price_token_costs costs;
    /* 0.003702 + 0.14814 (9876 x 15) + 0.000375 + 0.0003; by python's decimal */
    bbots_tokens tokens = {1234, 9876, 100, 1000};
    assert_ok(bbots_price_tokens(&price, &tokens, 6, &costs, &fault));
    assert_int_equal(costs.input, 3702);
    assert_int_equal(costs.output, 148140);
    assert_int_equal(costs.cache, 675);
    assert_int_equal(costs.total, 152517);
    assert_ok(bbots_price_tokens(&price, &tokens, 4, &costs, &fault));
    assert_int_equal(costs.input, 37);
    assert_int_equal(costs.output, 1481);
    assert_int_equal(costs.cache, 7);
    assert_int_equal(costs.total, 1525);
    /* Rounded once: 17 x 3 / 10^6 = 0.000051 is 0.0001, two halves make one whole. */
    tokens = (bbots_tokens){10, 2, 0, 0}; /* 0.00003 + 0.00003 = 0.00006 */
    assert_ok(bbots_price_tokens(&price, &tokens, 4, &costs, &fault));
    assert_int_equal(costs.input + costs.output, 0);
    assert_int_equal(costs.total, 1);
    tokens = (bbots_tokens){0, 10, 0, 0}; /* 0.00015: the half goes up */
    assert_ok(bbots_price_tokens(&price, &tokens, 4, &costs, &fault));
    assert_int_equal(costs.total, 2);
    tokens = (bbots_tokens){0, 0, 0, 0};
    assert_ok(bbots_price_tokens(&price, &tokens, 12, &costs, &fault));
    assert_int_equal(costs.total, 0);
    price = price_of(txn, "anthropic", "both");
    tokens = (bbots_tokens){500000, 0, 0, 0}; /* half of the smallest price there is */
    assert_ok(bbots_price_tokens(&price, &tokens, 12, &costs, &fault));
    assert_int_equal(costs.total, 1);
    tokens = (bbots_tokens){499999, 0, 0, 0};
    assert_ok(bbots_price_tokens(&price, &tokens, 12, &costs, &fault));
    assert_int_equal(costs.total, 0);
    tokens = (bbots_tokens){0, INT32_MAX, 0, 0}; /* 2147483647 x 999999.999999999999 / 10^6 */
    assert_ok(bbots_price_tokens(&price, &tokens, 8, &costs, &fault));
    assert_int_equal(costs.total, INT64_C(214748364700000000));
    bbots_rollback(txn);
}

static void sessions_and_storage_cost_exactly(void **state)
{
    fixture *place = *state;
    bbots_price_session_costs session;
    bbots_price_storage_costs storage;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    bbots_price price = price_of(txn, "browserbase", "session");
    assert_ok(bbots_price_session(&price, 90001, true, 3, 4, &session, &fault));
    assert_int_equal(session.time, 150); /* 0.0150001666... */
    assert_int_equal(session.recording, 500);
    assert_int_equal(session.screenshots, 21);
    assert_int_equal(session.total, 671);
    assert_ok(bbots_price_session(&price, 300, false, 0, 4, &session, &fault));
    assert_int_equal(session.total, 1); /* 0.00005: half away from zero */
    price = price_of(txn, "storage", "s3/download");
    assert_ok(bbots_price_storage(&price, 1073741824, 6, &storage, &fault));
    assert_int_equal(storage.transfer, 90000);
    assert_int_equal(storage.total, 90000); /* 0.0900004 */
    assert_ok(bbots_price_storage(&price, 1234567890, 8, &storage, &fault));
    assert_int_equal(storage.request, 40);
    assert_int_equal(storage.transfer, 10348029); /* 0.103480285... */
    assert_int_equal(storage.total, 10348069);
    price = price_of(txn, "storage", "s3/upload");
    assert_ok(bbots_price_storage(&price, 0, 8, &storage, &fault));
    assert_int_equal(storage.total, 500);
    assert_status(bbots_price_storage(&price, 1, 8, &storage, &fault), BBOTS_UNKNOWN_PRICE);
    bbots_rollback(txn);
}

static void bad_quantities_are_refused(void **state)
{
    fixture *place = *state;
    bbots_price_token_costs costs = {1, 2, 3, 4};
    bbots_price_session_costs session;
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    bbots_price price = price_of(txn, "anthropic", "both");
    bbots_tokens tokens = {1, -1, 0, 0};
    assert_status(bbots_price_tokens(&price, &tokens, 4, &costs, &fault), BBOTS_INVALID_ARGUMENT);
    tokens = (bbots_tokens){1, 1, 0, 1};
    assert_status(bbots_price_tokens(&price, &tokens, 4, &costs, &fault), BBOTS_UNKNOWN_PRICE);
    assert_non_null(strstr(fault.message, "anthropic/both"));
    tokens = (bbots_tokens){INT64_MAX, 1, 0, 0};
    assert_status(bbots_price_tokens(&price, &tokens, 4, &costs, &fault),
                  BBOTS_NUMERIC_OUT_OF_RANGE);
    tokens = (bbots_tokens){0, INT32_MAX, 0, 0};
    assert_status(bbots_price_tokens(&price, &tokens, 12, &costs, &fault),
                  BBOTS_NUMERIC_OUT_OF_RANGE);
    assert_status(bbots_price_tokens(&price, &tokens, 13, &costs, &fault), BBOTS_INVALID_ARGUMENT);
    price = price_of(txn, "browserbase", "session");
    assert_status(bbots_price_session(&price, -1, false, 0, 4, &session, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_int_equal(costs.input, 1); /* not touched by what failed */
    assert_int_equal(costs.total, 4);
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ bad lists */

static void a_list_of_another_form_is_named(void **state)
{
    static const char *const bad[] = {
        "1",
        "{\"provider\": \"p\"}",
        "{\"provider\": 1, \"models\": []}",
        "{\"provider\": \"p\", \"models\": {}}",
        "{\"provider\": \"p\", \"models\": [1]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\"}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": [1]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": [{\"input\": 3}]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": [{\"input\": \"-3\"}]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": [{\"input\": \"x\"}]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": [{\"input\": "
        "\"1000000\"}]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": [{\"imput\": \"3\"}]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": [{\"input\": "
        "\"0.0000000000001\"}]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": [{\"from\": \"soon\"}]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": [{\"above\": \"1\"}]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"match\": {\"is\": \"m\"}, "
        "\"prices\": []}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"match\": \"m\", \"prices\": []}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"match\": {\"or\": 1}, \"prices\": "
        "[]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"match\": {\"regex\": \"(\"}, "
        "\"prices\": []}]}",
        "{\"provider\": \"p\", \"models\": [], \"fallback\": 1}",
        "{\"provider\": \"p\", \"models\": [{\"id\": 5, \"prices\": []}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"\", \"prices\": []}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": {}}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": [{\"from\": 5}]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": [{\"above\": -1}]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"match\": {\"equals\": 5}, "
        "\"prices\": []}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"match\": {\"equals\": \"m\", "
        "\"contains\": \"m\"}, \"prices\": []}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"match\": {}, \"prices\": []}]}",
    };
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        bbots_price price;
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        put_list(txn, "pricing.bad", bad[i]);
        assert_status(
            bbots_price_find(txn, bbots_text_of("p"), bbots_text_of("m"), 1, 0, 0, &price, &fault),
            BBOTS_INVALID_TEXT);
        bbots_rollback(txn);
    }
}

static int pass_over(const bbots_price_entry *entry, void *context)
{
    (void)entry;
    (void)context;
    return 0;
}

/* Whoever shows all entries meets the bad one, wherever it is, and those that look for another do not. */
static void showing_all_meets_the_bad_one(void **state)
{
    char longest[500];
    char name[301];
    memset(name, 'm', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(longest, sizeof longest,
             "{\"provider\": \"p\", \"models\": [{\"id\": \"%s\", \"prices\": [{\"input\": "
             "\"1\"}]}]}",
             name);
    const char *const bad[] = {
        "1",
        longest,
        "{\"provider\": \"p\", \"models\": [{\"id\": \"m\", \"prices\": [1]}]}",
        "{\"provider\": \"p\", \"models\": [{\"id\": 5}]}",
        "{\"provider\": \"p\", \"models\": [], \"fallback\": {\"prices\": []}}",
        "{\"provider\": \"p\", \"models\": [], \"fallback\": {\"id\": \"x\", \"prices\": [2]}}",
    };
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        put_list(txn, "pricing.zz", bad[i]);
        assert_status(bbots_prices_each(txn, pass_over, NULL, &fault), BBOTS_INVALID_TEXT);
        assert_entry(txn, "tiers", "2026-01-01", 0, "anthropic/tiers");
        bbots_rollback(txn);
    }
}

/* ------------------------------------------------------------------ import */

static const char data_file[] =
    "[{\"id\": \"other\", \"models\": []},"
    " {\"id\": \"google\", \"name\": \"Google\", \"models\": ["
    "  {\"id\": \"pro\", \"match\": {\"starts_with\": \"pro\"}, \"prices\":"
    "   {\"input_mtok\": {\"base\": 1.25, \"tiers\": [{\"start\": 200000, \"price\": 2.5}]},"
    "    \"output_mtok\": {\"base\": 10, \"tiers\": [{\"start\": 200000, \"price\": 15},"
    "                                              {\"start\": 400000, \"price\": 20}]},"
    "    \"cache_read_mtok\": 0.125, \"input_audio_mtok\": 1}},"
    "  {\"id\": \"dated\", \"match\": {\"regex\": \"^dated-\\\\d$\"}, \"prices\":"
    "   [{\"prices\": {\"input_mtok\": 0.075}},"
    "    {\"constraint\": {\"start_date\": \"2026-09-01\"}, \"prices\": {\"input_mtok\": 3}}]},"
    "  {\"id\": \"free\", \"match\": {\"equals\": \"free\"}, \"prices\": {}}]}]";

static const char *const google[] = {"google"};

static int64_t part(bbots_txn *txn, const char *model, const char *at, int64_t context,
                    bbots_price_part wanted)
{
    bbots_price price;
    assert_ok(bbots_price_find(txn, bbots_text_of("google"), bbots_text_of(model), time_of(at),
                               context, 0, &price, &fault));
    assert_true((price.given & 1u << wanted) != 0);
    return price.parts[wanted] / 1000000; /* millionths */
}

static void a_data_file_becomes_lists(void **state)
{
    fixture *place = *state;
    bbots_price_import done;
    bbots_row row;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    uint64_t before = count_of(txn, CONFIG);
    assert_ok(bbots_prices_import(txn, bbots_text_of(data_file), google, 1, 0, &done, &fault));
    assert_string_equal(done.list, "pricing.google");
    assert_int_equal(done.models, 3);
    assert_int_equal(done.entries, 6);
    assert_int_equal(done.left_out, 1);
    assert_true(done.changed);
    assert_int_equal(count_of(txn, CONFIG), before + 1);
    assert_int_equal(part(txn, "pro-x", "2026-01-01", 1, BBOTS_PRICE_INPUT), 1250000);
    assert_int_equal(part(txn, "pro-x", "2026-01-01", 200001, BBOTS_PRICE_INPUT), 2500000);
    assert_int_equal(part(txn, "pro-x", "2026-01-01", 400001, BBOTS_PRICE_INPUT), 2500000);
    assert_int_equal(part(txn, "pro-x", "2026-01-01", 1, BBOTS_PRICE_OUTPUT), 10000000);
    assert_int_equal(part(txn, "pro-x", "2026-01-01", 400000, BBOTS_PRICE_OUTPUT), 15000000);
    assert_int_equal(part(txn, "pro-x", "2026-01-01", 400001, BBOTS_PRICE_OUTPUT), 20000000);
    assert_int_equal(part(txn, "pro-x", "2026-01-01", 400001, BBOTS_PRICE_CACHE_READ), 125000);
    assert_int_equal(part(txn, "dated-7", "2026-08-31T23:59:59", 0, BBOTS_PRICE_INPUT), 75000);
    assert_int_equal(part(txn, "dated-7", "2026-09-01", 0, BBOTS_PRICE_INPUT), 3000000);
    assert_int_equal(part(txn, "free", "2026-09-01", 0, BBOTS_PRICE_OUTPUT), 0);
    bbots_digest same = digest_of(txn);
    assert_ok(bbots_prices_import(txn, bbots_text_of(data_file), google, 1, 5, &done, &fault));
    assert_false(done.changed);
    assert_digest(txn, same);
    assert_ok(get_id(txn, CONFIG, (int64_t)before + 1, &row));
    commit(txn);
}

static void an_import_keeps_the_fallback(void **state)
{
    fixture *place = *state;
    bbots_price_import done;
    bbots_price price;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    put_list(txn, "pricing.google",
             "{\"provider\": \"google\", \"models\": [], \"fallback\": {\"id\": \"any\","
             " \"prices\": [{\"input\": \"9.5\"}]}}");
    assert_ok(bbots_prices_import(txn, bbots_text_of(data_file), google, 1, 0, &done, &fault));
    assert_ok(bbots_price_find(txn, bbots_text_of("google"), bbots_text_of("nobody"), 1, 0,
                               BBOTS_PRICE_FALLBACK, &price, &fault));
    assert_int_equal(price.parts[BBOTS_PRICE_INPUT], INT64_C(9500000000000));
    assert_int_equal(part(txn, "pro-x", "2026-01-01", 1, BBOTS_PRICE_INPUT), 1250000);
    commit(txn);
}

static void a_bad_data_file_changes_nothing(void **state)
{
    static const char *const bad[] = {
        "{}",
        "[{\"id\": \"google\"}]",
        "[{\"id\": \"google\", \"models\": [{\"match\": {\"equals\": \"x\"}, \"prices\": {}}]}]",
        "[{\"id\": \"google\", \"models\": [{\"id\": \"x\", \"prices\": {}}]}]",
        "[{\"id\": \"google\", \"models\": [{\"id\": \"x\", \"match\": {\"like\": \"x\"}, "
        "\"prices\": {}}]}]",
        "[{\"id\": \"google\", \"models\": [{\"id\": \"x\", \"match\": {\"regex\": \"(\"}, "
        "\"prices\": {}}]}]",
        "[{\"id\": \"google\", \"models\": [{\"id\": \"x\", \"match\": {\"equals\": \"x\"}}]}]",
        "[{\"id\": \"google\", \"models\": [{\"id\": \"x\", \"match\": {\"equals\": \"x\"},"
        " \"prices\": {\"input_mtok\": \"3\"}}]}]",
        "[{\"id\": \"google\", \"models\": [{\"id\": \"x\", \"match\": {\"equals\": \"x\"},"
        " \"prices\": {\"input_mtok\": {\"base\": 1, \"tiers\": [{\"start\": -1, \"price\": "
        "2}]}}}]}]",
        "[{\"id\": \"google\", \"models\": [{\"id\": \"x\", \"match\": {\"equals\": \"x\"},"
        " \"prices\": [{\"constraint\": {\"start_time\": \"16:00\"}, \"prices\": {}}]}]}]",
    };
    static const char *const both[] = {"google", "nobody"};
    fixture *place = *state;
    bbots_price_import done[2];
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(txn);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_status(bbots_prices_import(txn, bbots_text_of(bad[i]), google, 1, 0, done, &fault),
                      BBOTS_INVALID_TEXT);
    }
    assert_status(bbots_prices_import(txn, bbots_text_of(data_file), both, 2, 0, done, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_digest(txn, before);
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ all entries */

typedef struct tally {
    unsigned entries;
    unsigned fallbacks;
    unsigned dated;
    unsigned tiers;
} tally;

static int count_entry(const bbots_price_entry *entry, void *context)
{
    tally *so_far = context;
    so_far->entries++;
    so_far->fallbacks += entry->fallback;
    so_far->dated += entry->has_from;
    so_far->tiers += entry->has_above;
    return BBOTS_OK;
}

static void every_entry_is_shown(void **state)
{
    fixture *place = *state;
    tally all = {0, 0, 0, 0};
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_ok(bbots_prices_each(txn, count_entry, &all, &fault));
    assert_int_equal(all.entries, 17);
    assert_int_equal(all.fallbacks, 1);
    assert_int_equal(all.dated, 7);
    assert_int_equal(all.tiers, 5);
    bbots_rollback(txn);
}

#define ON_PLATFORM(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PLATFORM(the_entry_in_force_is_used),
        ON_PLATFORM(an_unknown_model_is_named),
        ON_PLATFORM(a_changed_list_counts_at_once),
        ON_PLATFORM(lists_of_one_provider_are_searched_by_key),
        ON_PLATFORM(the_first_fallback_counts),
        ON_PLATFORM(models_are_their_providers_own),
        ON_PLATFORM(any_number_of_names_is_answered),
        ON_PLATFORM(tokens_cost_exactly),
        ON_PLATFORM(sessions_and_storage_cost_exactly),
        ON_PLATFORM(bad_quantities_are_refused),
        ON_PLATFORM(a_list_of_another_form_is_named),
        ON_PLATFORM(showing_all_meets_the_bad_one),
        ON_PLATFORM(a_data_file_becomes_lists),
        ON_PLATFORM(an_import_keeps_the_fallback),
        ON_PLATFORM(a_bad_data_file_changes_nothing),
        ON_PLATFORM(every_entry_is_shown),
    };
    choose_tests();
    return cmocka_run_group_tests_name("prices", tests, NULL, NULL);
}
