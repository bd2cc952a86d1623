/* tests/support/acts.c - see acts.h */
#include "support/acts.h"

#include <bbots/budget.h>
#include <bbots/costs.h>
#include <bbots/credits.h>
#include <bbots/prices.h>
#include <bbots/queue.h>
#include <bbots/usage.h>

#define NOW ACTS_NOW
#define DAY ACTS_DAY

static int hear_credits(bbots_text type, const bbots_credits *credits, void *context)
{
    (void)type;
    (void)credits;
    (void)context;
    return 0;
}

static int hear_entry(const bbots_price_entry *entry, void *context)
{
    (void)entry;
    (void)context;
    return 0;
}

static int hear_cost(const bbots_row *row, void *context)
{
    (void)row;
    (void)context;
    return 0;
}

static int do_credits_add(bbots_txn *txn)
{
    return bbots_credits_add(txn, 1, bbots_text_of("call"), 1, NOW, NULL, &fault);
}

static int do_credits_consume(bbots_txn *txn)
{
    return bbots_credits_consume(txn, 1, bbots_text_of("call"), 1, NOW, NULL, &fault);
}

static int do_credits_balance(bbots_txn *txn)
{
    bbots_credits got;
    return bbots_credits_balance(txn, 1, bbots_text_of("call"), &got, &fault);
}

static int do_credits_list(bbots_txn *txn)
{
    return bbots_credits_list(txn, 1, hear_credits, NULL, &fault);
}

static int do_usage_get(bbots_txn *txn)
{
    bbots_usage_status status;
    return bbots_usage_get(txn, 1, NOW, &status, &fault);
}

static int do_may_execute(bbots_txn *txn)
{
    bbots_verdict verdict;
    return bbots_usage_may_execute(txn, 1, 1, NOW, &verdict, &fault);
}

static int do_may_execute_too_much(bbots_txn *txn)
{
    bbots_verdict verdict;
    return bbots_usage_may_execute(txn, 1, 1000, NOW, &verdict, &fault);
}

static int do_may_spawn(bbots_txn *txn)
{
    bbots_verdict verdict;
    return bbots_usage_may_spawn(txn, 1, 1, 0, NOW, &verdict, &fault);
}

static int do_may_spawn_too_many(bbots_txn *txn)
{
    bbots_verdict verdict;
    return bbots_usage_may_spawn(txn, 1, 1000, 0, NOW, &verdict, &fault);
}

static int do_may_use(bbots_txn *txn)
{
    bbots_verdict verdict;
    return bbots_usage_may_use_strategy(txn, 1, bbots_text_of("auto"), NOW, &verdict, &fault);
}

static int do_has_feature(bbots_txn *txn)
{
    bbots_verdict verdict;
    return bbots_usage_has_feature(txn, 1, bbots_text_of("none"), NOW, &verdict, &fault);
}

static int do_consume(bbots_txn *txn)
{
    bbots_verdict verdict;
    return bbots_usage_consume(txn, 1, 1, 0, NOW, &verdict, &fault);
}

static int do_spawn(bbots_txn *txn)
{
    bbots_verdict verdict;
    return bbots_usage_spawn(txn, 1, 1, 0, NOW, &verdict, &fault);
}

static int do_buy_pack(bbots_txn *txn)
{
    bbots_verdict verdict;
    int64_t id;
    return bbots_usage_buy_pack(txn, 1, 1, NOW, &id, &verdict, &fault);
}

static int do_take_add_on(bbots_txn *txn)
{
    bbots_verdict verdict;
    int64_t id;
    return bbots_usage_take_add_on(txn, 1, 1, 1, NOW, &id, &verdict, &fault);
}

static int do_cancel_add_on(bbots_txn *txn)
{
    return bbots_usage_cancel_add_on(txn, 1, 1, NOW, &fault);
}

static int do_renew(bbots_txn *txn)
{
    bbots_renewal renewal;
    return bbots_usage_renew(txn, 1, 1, NOW + 40 * DAY, &renewal, &fault);
}

static int do_seed_tiers(bbots_txn *txn)
{
    unsigned made;
    return bbots_usage_seed_tiers(txn, NOW, &made, &fault);
}

static int do_price_find(bbots_txn *txn)
{
    bbots_price price;
    return bbots_price_find(txn, bbots_text_of("anthropic"), bbots_text_of("m1"), NOW, 0, 0, &price,
                            &fault);
}

static int do_prices_each(bbots_txn *txn)
{
    return bbots_prices_each(txn, hear_entry, NULL, &fault);
}

static int do_prices_import(bbots_txn *txn)
{
    static const char *const providers[] = {"google"};
    bbots_price_import done[1];
    return bbots_prices_import(txn,
                               bbots_text_of("[{\"id\": \"google\", \"models\": [{\"id\": \"g\", "
                                             "\"match\": {\"equals\": \"g\"}, \"prices\": "
                                             "{\"input_mtok\": 1, \"output_mtok\": 2}}]}]"),
                               providers, 1, NOW, done, &fault);
}

static int reprice(bbots_txn *txn, uint32_t flags)
{
    bbots_reprice_request request = {.flags = flags};
    bbots_repricing *done;
    int rc = bbots_prices_reprice(txn, &request, &done, &fault);
    bbots_repricing_free(done);
    return rc;
}

static int do_reprice_look(bbots_txn *txn)
{
    return reprice(txn, 0);
}

static int do_reprice(bbots_txn *txn)
{
    return reprice(txn, BBOTS_REPRICE_APPLY);
}

static int do_record_call(bbots_txn *txn)
{
    bbots_cost_recorded recorded;
    bbots_cost_call call = {.user_id = 1, .model = bbots_text_of("m1"), .input_tokens = 1000000};
    return bbots_cost_record_call(txn, &call, 0, NOW, &recorded, &fault);
}

static int do_record_priced(bbots_txn *txn)
{
    bbots_cost_recorded recorded;
    bbots_cost_call call = {
        .user_id = 1, .model = bbots_text_of("m"), .priced = true, .input_cost = 5};
    return bbots_cost_record_call(txn, &call, 0, NOW, &recorded, &fault);
}

static int do_record_session(bbots_txn *txn)
{
    bbots_cost_recorded recorded;
    bbots_cost_session session = {.user_id = 1,
                                  .session_id = bbots_text_of("s"),
                                  .status = bbots_text_of("active"),
                                  .minute_cost = BBOTS_COST_UNKNOWN};
    return bbots_cost_record_session(txn, &session, 0, NOW, &recorded, &fault);
}

static int do_record_operation(bbots_txn *txn)
{
    bbots_cost_recorded recorded;
    bbots_cost_operation operation = {.user_id = 1,
                                      .provider = bbots_text_of("s3"),
                                      .bucket = bbots_text_of("b"),
                                      .operation = bbots_text_of("list"),
                                      .request_cost = 5};
    return bbots_cost_record_operation(txn, &operation, 0, NOW, &recorded, &fault);
}

static int ask(bbots_txn *txn, bbots_cost_by by, const char *zone)
{
    bbots_cost_question question = {
        .user_id = 1, .from = NOW - 30 * DAY, .to = NOW + DAY, .zone = zone, .by = by};
    bbots_cost_answer *answer;
    int rc = bbots_cost_ask(txn, &question, &answer, &fault);
    bbots_cost_answer_free(answer);
    return rc;
}

static int do_ask_nothing(bbots_txn *txn)
{
    return ask(txn, BBOTS_COST_BY_NOTHING, NULL);
}

static int do_ask_days(bbots_txn *txn)
{
    return ask(txn, BBOTS_COST_BY_DAY, "Europe/Berlin");
}

static int do_executions(bbots_txn *txn)
{
    bbots_cost_question question = {.user_id = 1};
    bbots_cost_executions executions;
    return bbots_cost_executions_of(txn, &question, &executions, &fault);
}

static int do_execution(bbots_txn *txn)
{
    bbots_cost_sums sums;
    return bbots_cost_execution(txn, 1, &sums, &fault);
}

static int do_latest(bbots_txn *txn)
{
    return bbots_cost_latest(txn, BBOTS_COST_CLAUDE, 1, 3, hear_cost, NULL, &fault);
}

static int do_forecast(bbots_txn *txn)
{
    bbots_cost_forecast forecast;
    return bbots_cost_forecast_of(txn, 1, NULL, NOW, &forecast, &fault);
}

static int do_summaries(bbots_txn *txn)
{
    return bbots_cost_summaries_rebuild(txn, &fault);
}

static int do_budget_status(bbots_txn *txn)
{
    bbots_budget_status status;
    return bbots_budget_status_of(txn, 1, NOW, &status, &fault);
}

static int do_budget_set(bbots_txn *txn)
{
    bbots_budget_limits limits = {.limits = {10000, 20000, 30000}};
    return bbots_budget_set(txn, 2, &limits, NOW, &fault);
}

static int do_budget_refresh(bbots_txn *txn)
{
    return bbots_budget_refresh(txn, 1, NOW + DAY, &fault);
}

static int do_budget_mark(bbots_txn *txn)
{
    return bbots_budget_mark_alert(txn, 1, NOW, &fault);
}

static int do_reserve(bbots_txn *txn)
{
    bbots_uuid one;
    return bbots_budget_reserve(txn, 1, 100, NOW + DAY, NOW, &one, NULL, &fault);
}

static int do_settle(bbots_txn *txn)
{
    bbots_uuid one;
    int rc = bbots_budget_reserve(txn, 1, 100, NOW + DAY, NOW, &one, NULL, &fault);
    return rc < 0 ? rc : bbots_budget_settle(txn, 1, one, NOW, &fault);
}

static int claim(bbots_txn *txn, bbots_queue queue)
{
    bbots_claim claims[1];
    unsigned count;
    return bbots_queue_claim(txn, queue, 1, 1000, NOW, claims, &count, &fault);
}

static int do_claim(bbots_txn *txn)
{
    return claim(txn, BBOTS_QUEUE_AGENCY_TASKS);
}

static int do_claim_alert(bbots_txn *txn)
{
    return claim(txn, BBOTS_QUEUE_ALERT_DELIVERIES);
}

static int do_extend(bbots_txn *txn)
{
    bbots_claim one = {.id = integer(1), .lease_end = NOW + DAY};
    return bbots_queue_extend(txn, BBOTS_QUEUE_AGENCY_TASKS, &one, 1000, NOW, &fault);
}

static int do_finish(bbots_txn *txn)
{
    bbots_claim one = {.id = integer(1), .lease_end = NOW + DAY};
    return bbots_queue_finish(txn, BBOTS_QUEUE_AGENCY_TASKS, &one, bbots_text_of("done"), NULL,
                              &fault);
}

static int do_look(bbots_txn *txn)
{
    bbots_queue_state state;
    return bbots_queue_look(txn, BBOTS_QUEUE_AGENCY_TASKS, NOW, &state, &fault);
}

/* ------------------------------------------------------------------ and what each needs */

#define SOURCES "api_token_usage gemini_token_usage browserbase_costs storage_costs"
#define RECORDS SOURCES " cost_budgets system_config"
#define PLAN                                                                                       \
    "subscription_tiers user_subscriptions user_execution_packs user_agent_add_ons agent_add_ons"

const struct act acts[] = {
    {"credits_add", do_credits_add, true, "user_credits"},
    {"credits_consume", do_credits_consume, true, "user_credits"},
    {"credits_balance", do_credits_balance, false, "user_credits"},
    {"credits_list", do_credits_list, false, "user_credits"},
    {"usage_get", do_usage_get, false, PLAN},
    {"usage_may_execute", do_may_execute, false, PLAN},
    {"usage_may_execute too much", do_may_execute_too_much, false, PLAN " execution_packs"},
    {"usage_may_spawn", do_may_spawn, false, PLAN},
    {"usage_may_spawn too many", do_may_spawn_too_many, false, PLAN},
    {"usage_may_use_strategy", do_may_use, false, PLAN},
    {"usage_has_feature", do_has_feature, false, PLAN},
    {"usage_consume", do_consume, true, PLAN},
    {"usage_spawn", do_spawn, true, PLAN},
    {"usage_buy_pack", do_buy_pack, true, PLAN " execution_packs"},
    {"usage_take_add_on", do_take_add_on, true, PLAN},
    {"usage_cancel_add_on", do_cancel_add_on, true, "user_agent_add_ons"},
    {"usage_renew", do_renew, true, PLAN " subscription_usage_records"},
    {"usage_seed_tiers", do_seed_tiers, true, "subscription_tiers"},
    {"price_find", do_price_find, false, "system_config"},
    {"prices_each", do_prices_each, false, "system_config"},
    {"prices_import", do_prices_import, true, "system_config"},
    {"prices_reprice", do_reprice_look, false, "system_config api_token_usage"},
    {"prices_reprice apply", do_reprice, true, "system_config api_token_usage"},
    {"cost_record_call", do_record_call, true, RECORDS},
    {"cost_record_call priced", do_record_priced, true, RECORDS},
    {"cost_record_session", do_record_session, true, RECORDS},
    {"cost_record_operation", do_record_operation, true, RECORDS},
    {"cost_ask", do_ask_nothing, false, SOURCES},
    {"cost_ask days", do_ask_days, false, SOURCES},
    {"cost_executions_of", do_executions, false, SOURCES},
    {"cost_execution", do_execution, false, SOURCES},
    {"cost_latest", do_latest, false, "api_token_usage"},
    {"cost_forecast_of", do_forecast, false, SOURCES},
    {"cost_summaries_rebuild", do_summaries, true, SOURCES " daily_cost_summaries"},
    {"budget_status_of", do_budget_status, false, RECORDS},
    {"budget_set", do_budget_set, true, RECORDS},
    {"budget_refresh", do_budget_refresh, true, RECORDS},
    {"budget_mark_alert", do_budget_mark, true, RECORDS},
    {"budget_reserve", do_reserve, true, RECORDS " users"},
    {"budget_settle", do_settle, true, RECORDS " users"},
    {"queue_claim", do_claim, true, "agency_tasks"},
    {"queue_claim alerts", do_claim_alert, true, "alert_delivery_queue"},
    {"queue_extend", do_extend, true, "agency_tasks"},
    {"queue_finish", do_finish, true, "agency_tasks"},
    {"queue_look", do_look, false, "agency_tasks"},
};

const size_t act_count = COUNT(acts);
