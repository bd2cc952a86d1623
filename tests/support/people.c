/* tests/support/people.c */
#include "support/people.h"

static const char *const prices =
    "{\"provider\": \"anthropic\", \"models\": [{\"id\": \"m1\", \"prices\": [{\"input\": \"3\", "
    "\"output\": \"15\", \"cacheWrite\": \"3.75\", \"cacheRead\": \"0.3\"}]}]}";
static const char *const gemini_prices =
    "{\"provider\": \"google\", \"models\": [{\"id\": \"g1\", \"prices\": [{\"input\": \"0.1\", "
    "\"output\": \"0.4\"}]}]}";

static void insert_user(bbots_txn *txn, int64_t id)
{
    char email[48];
    snprintf(email, sizeof email, "u%lld@example.org", (long long)id);
    assert_ok(insert_named(txn, &bbots_users_table, "id", integer(id), "email", string(email)));
}

void people_make(fixture *place)
{
    place->store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 1; i <= PEOPLE_USERS; i++) {
        insert_user(txn, i);
    }
    for (int i = 1; i <= PEOPLE_EXECUTIONS; i++) {
        assert_ok(insert_named(txn, &bbots_agency_tasks_table, "id", integer(i), "userId",
                               integer(1 + i % PEOPLE_USERS), "sourceType", string("x"), "title",
                               string("x"), "description", string("x"), "taskType", string("x")));
        assert_ok(insert_named(txn, &bbots_task_executions_table, "id", integer(i), "taskId",
                               integer(i), "triggeredBy", string("x")));
    }
    assert_ok(insert_named(txn, &bbots_system_config_table, "key", string("pricing.anthropic"),
                           "value", bbots_value_json(bbots_json_of(prices))));
    assert_ok(insert_named(txn, &bbots_system_config_table, "key", string("pricing.google"),
                           "value", bbots_value_json(bbots_json_of(gemini_prices))));
    commit(txn);
}

int64_t number_at(const bbots_row *row, const char *name)
{
    bbots_value value = row_at(row, name);
    return value.kind != BBOTS_NULL ? value.integer : 0;
}
