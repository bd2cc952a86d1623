/*
 * test_needs.c - the ledger works on any store whose tables have the documented names. Of a store
 * without one of them this proves that each function that needs it says so by name, that all others
 * do what they always do, and that neither changes anything. The same for a transaction that may
 * only read, and for a process that has the store from its parent.
 */
#include "support/acts.h"
#include "support/variant.h"

#include <bbots/platform.h>

#define NOW ACTS_NOW
#define DAY ACTS_DAY

enum { ACTS_MAX = 100 };

static const char *const needed[] = {
    "user_credits",         "subscription_tiers",
    "user_subscriptions",   "user_execution_packs",
    "execution_packs",      "user_agent_add_ons",
    "agent_add_ons",        "subscription_usage_records",
    "system_config",        "api_token_usage",
    "gemini_token_usage",   "browserbase_costs",
    "storage_costs",        "daily_cost_summaries",
    "cost_budgets",         "agency_tasks",
    "alert_delivery_queue", "users",
};

static bool needs(const struct act *act, const char *table)
{
    size_t size = strlen(table);
    for (const char *at = strstr(act->tables, table); at != NULL; at = strstr(at + 1, table)) {
        if ((at == act->tables || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0')) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------ stores that lack something */

/*
 * Rows of all that the functions need. Costs that are inserted beside the ledger can be committed
 * whatever is missing, also where a user has a budget and there is no table for its notes.
 */
#define PUT(table, ...) variant_insert(txn, made, table, __VA_ARGS__)

static void fill(bbots_txn *txn, const variant *made)
{
    static const char list[] =
        "{\"provider\": \"anthropic\", \"models\": [{\"id\": \"m1\", \"prices\": [{\"input\": "
        "\"3\", \"output\": \"15\"}]}]}";
    PUT(users, "email", string("a@example.org"));
    PUT(users, "email", string("b@example.org"));
    PUT(user_credits, "userId", integer(1), "creditType", string("call"), "balance", integer(5),
        "totalPurchased", integer(5), "totalUsed", integer(0));
    for (int i = 0; i < 2; i++) {
        PUT(subscription_tiers, "slug", string(i == 0 ? "a" : "b"), "name", string("a"),
            "monthlyPriceCents", integer(1), "maxAgents", integer(5), "maxConcurrentAgents",
            integer(5), "monthlyExecutionLimit", integer(10), "sortOrder", integer(i + 1),
            "allowedStrategies", bbots_value_json(bbots_json_of("[\"auto\"]")));
    }
    PUT(user_subscriptions, "userId", integer(1), "tierId", integer(1), "currentPeriodStart",
        bbots_value_timestamp(NOW - 10 * DAY), "currentPeriodEnd",
        bbots_value_timestamp(NOW + 20 * DAY));
    PUT(execution_packs, "slug", string("p"), "name", string("p"), "executionCount", integer(5),
        "priceCents", integer(50));
    PUT(user_execution_packs, "userId", integer(1), "packId", integer(1), "executionsIncluded",
        integer(5), "executionsRemaining", integer(5), "pricePaidCents", integer(1));
    PUT(agent_add_ons, "slug", string("p"), "name", string("p"), "additionalAgents", integer(2),
        "monthlyPriceCents", integer(10));
    PUT(user_agent_add_ons, "userId", integer(1), "addOnId", integer(1), "quantity", integer(1));
    PUT(system_config, "key", string("pricing.anthropic"), "value",
        bbots_value_json(bbots_json_of(list)));
    PUT(cost_budgets, "userId", integer(1), "dailyBudget", bbots_value_decimal(1000, 2));
    PUT(agency_tasks, "userId", integer(1), "sourceType", string("x"), "title", string("t"),
        "taskType", string("x"));
    PUT(task_executions, "taskId", integer(1), "triggeredBy", string("x"));
    PUT(api_token_usage, "userId", integer(1), "executionId", integer(1), "model", string("m1"),
        "inputTokens", integer(1000000), "outputTokens", integer(0), "totalTokens",
        integer(1000000), "inputCost", bbots_value_decimal(1, 4), "outputCost",
        bbots_value_decimal(0, 4), "totalCost", bbots_value_decimal(1, 4), "createdAt",
        bbots_value_timestamp(NOW - DAY));
}

/* A store in which a table has another name; NULL: none. */
static variant *open_without(fixture *place, const char *table)
{
    variant *made = variant_new();
    if (table != NULL) {
        variant_rename(made, table, "something_else");
    }
    variant_settle(made);
    variant_open(place, made);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    bbots_txn_set_now(txn, NOW);
    fill(txn, made);
    commit(txn);
    return made;
}

static void close_without(fixture *place, variant *made)
{
    variant_close(place);
    variant_free(made);
}

/* What an act says in a transaction of its own, which leaves nothing behind. */
static int perform(fixture *place, const struct act *act, bbots_access access)
{
    memset(&fault, 0, sizeof fault);
    bbots_txn *txn = begin(place->store, access);
    bbots_digest before = digest_of(txn);
    int rc = act->of(txn);
    bbots_error said = fault;
    if (rc < 0) {
        assert_digest(txn, before);
    }
    bbots_rollback(txn);
    fault = said;
    return rc;
}

/* ------------------------------------------------------------------ the tests */

static void a_table_that_is_missing_is_named(void **state)
{
    fixture *place = *state;
    int usual[ACTS_MAX];
    int wrong = 0;
    assert_true(act_count <= ACTS_MAX);
    variant *made = open_without(place, NULL);
    for (size_t i = 0; i < act_count; i++) {
        usual[i] = perform(place, &acts[i], BBOTS_WRITE);
        if (usual[i] < 0) {
            fail_msg("%s: %s", acts[i].name, fault.message);
        }
    }
    close_without(place, made);
    for (size_t t = 0; t < COUNT(needed); t++) {
        made = open_without(place, needed[t]);
        for (size_t i = 0; i < act_count; i++) {
            bool lacks = needs(&acts[i], needed[t]);
            int rc = perform(place, &acts[i], BBOTS_WRITE);
            if (rc != (lacks ? BBOTS_UNKNOWN_TABLE : usual[i]) ||
                (lacks && strcmp(fault.table, needed[t]) != 0)) {
                printf("%s without %s gives %s: %s\n", acts[i].name, needed[t],
                       bbots_status_name(rc), fault.message);
                wrong++;
            }
        }
        close_without(place, made);
    }
    assert_int_equal(wrong, 0);
}

/* The act of a name. */
static const struct act *act_of(const char *name)
{
    for (size_t i = 0; i < act_count; i++) {
        if (strcmp(acts[i].name, name) == 0) {
            return &acts[i];
        }
    }
    fail_msg("no act %s", name);
    return NULL;
}

static void assert_needed(fixture *place, variant *made, const char *act, int wanted,
                          const char *says)
{
    variant_settle(made);
    variant_open(place, made);
    assert_status(perform(place, act_of(act), BBOTS_WRITE), wanted);
    if (strstr(fault.message, says) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.message, says);
    }
    variant_close(place);
    variant_free(made);
}

static void a_column_of_another_kind_is_named(void **state)
{
    static const struct {
        const char *table;
        const char *column;
        bbots_type type;
        const char *act;
        const char *says;
    } cases[] = {
        {"user_credits", "balance", BBOTS_TYPE_DECIMAL, "credits_add", "an integer is needed"},
        {"user_credits", "totalUsed", BBOTS_TYPE_TEXT, "credits_add", "an integer is needed"},
        {"user_credits", "creditType", BBOTS_TYPE_BIGINT, "credits_add", "a text is needed"},
        {"user_credits", "createdAt", BBOTS_TYPE_SMALLINT, "credits_add", "a timestamp is needed"},
        {"user_credits", "updatedAt", BBOTS_TYPE_REAL, "credits_add", "a timestamp is needed"},
        {"cost_budgets", "isActive", BBOTS_TYPE_VARCHAR, "budget_set", "a boolean is needed"},
        {"cost_budgets", "dailyBudget", BBOTS_TYPE_BOOLEAN, "budget_set", "a decimal is needed"},
        {"cost_budgets", "alertThreshold", BBOTS_TYPE_JSONB, "budget_set", "an integer is needed"},
        {"user_subscriptions", "metadata", BBOTS_TYPE_TIMESTAMPTZ, "usage_get", "jsonb is needed"},
        {"user_subscriptions", "status", BBOTS_TYPE_TIMESTAMP, "usage_get", "a text is needed"},
        {"system_config", "value", BBOTS_TYPE_BYTEA, "prices_each", "jsonb is needed"},
    };
    fixture *place = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        variant *made = variant_new();
        bbots_column *column = variant_column(made, cases[i].table, cases[i].column);
        column->type = (uint8_t)cases[i].type;
        column->flags = 0;
        column->default_kind = BBOTS_DEFAULT_NONE;
        column->default_text = NULL;
        column->length = cases[i].type == BBOTS_TYPE_DECIMAL ? 18 : 0;
        column->scale = 0;
        column->usual = NULL;
        assert_needed(place, made, cases[i].act, BBOTS_WRONG_TYPE, cases[i].says);
    }
}

static void a_column_or_a_key_that_is_missing_is_named(void **state)
{
    fixture *place = *state;
    variant *made = variant_new();
    variant_column(made, "user_credits", "balance")->name = "rest";
    assert_needed(place, made, "credits_add", BBOTS_UNKNOWN_COLUMN, "has no column \"balance\"");
    made = variant_new();
    variant_index(made, "system_config", "system_config_key_key")->flags = 0;
    assert_needed(place, made, "prices_each", BBOTS_UNKNOWN_INDEX, "has no unique key on (key)");
    made = variant_new();
    variant_index(made, "agency_tasks", "agency_tasks_queue")->column_count = 1;
    assert_needed(place, made, "queue_claim", BBOTS_UNKNOWN_INDEX,
                  "has no index that begins with (status, ");
}

static void who_may_only_read_changes_nothing(void **state)
{
    fixture *place = *state;
    variant *made = open_without(place, NULL);
    for (size_t i = 0; i < act_count; i++) {
        int rc = perform(place, &acts[i], BBOTS_READ);
        if (acts[i].writes ? rc != BBOTS_READ_ONLY : rc < 0) {
            fail_msg("%s in a reading transaction gives %s", acts[i].name, bbots_status_name(rc));
        }
    }
    close_without(place, made);
}

static bbots_txn *of_parent;

static int act_in_child(void *context)
{
    (void)context;
    for (size_t i = 0; i < act_count; i++) {
        int rc = acts[i].of(of_parent);
        if (rc != BBOTS_FORKED) {
            printf("%s in a child gives %s\n", acts[i].name, bbots_status_name(rc));
            return 1;
        }
    }
    return 0;
}

static void a_child_cannot_use_its_parents_transaction(void **state)
{
    fixture *place = *state;
    variant *made = open_without(place, NULL);
    of_parent = begin(place->store, BBOTS_WRITE);
    bbots_digest before = digest_of(of_parent);
    assert_int_equal(in_child(act_in_child, NULL), 0);
    assert_digest(of_parent, before);
    bbots_rollback(of_parent);
    close_without(place, made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_table_that_is_missing_is_named, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_column_of_another_kind_is_named, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_column_or_a_key_that_is_missing_is_named, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(who_may_only_read_changes_nothing, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_child_cannot_use_its_parents_transaction, fixture_setup,
                                        fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
