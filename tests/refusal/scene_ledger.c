/* tests/refusal/scene_ledger.c - credits, plans, prices, costs, budgets, queues; see refusal.h. */
#include "refusal.h"

/* ------------------------------------------------------------------ credits and plans */

static int hear_credits(bbots_text type, const bbots_credits *credits, void *context)
{
    (void)type;
    (void)credits;
    (void)context;
    return 0;
}

static int act_credits_list(stage *at, bbots_error *error)
{
    return bbots_credits_list(at->txn, 1, hear_credits, NULL, error);
}

static int act_credits(stage *at, bbots_error *error)
{
    bbots_credits after;
    int rc = bbots_credits_add(at->txn, 2, bbots_text_of("call"), 5, NOW, &after, error);
    rc = rc < 0 ? rc
                : bbots_credits_consume(at->txn, 1, bbots_text_of("call"), 3, NOW, &after, error);
    return rc < 0 ? rc : bbots_credits_balance(at->txn, 1, bbots_text_of("call"), &after, error);
}

static int act_usage_questions(stage *at, bbots_error *error)
{
    bbots_usage_status status;
    bbots_verdict verdict;
    int rc = bbots_usage_get(at->txn, 1, NOW, &status, error);
    rc = rc < 0 ? rc : bbots_usage_may_execute(at->txn, 1, 1, NOW, &verdict, error);
    rc = rc < 0 ? rc : bbots_usage_may_spawn(at->txn, 1, 1, 0, NOW, &verdict, error);
    rc = rc < 0 ? rc
                : bbots_usage_may_use_strategy(at->txn, 1, bbots_text_of("auto"), NOW, &verdict,
                                               error);
    rc = rc < 0 ? rc
                : bbots_usage_has_feature(at->txn, 1, bbots_text_of("api"), NOW, &verdict, error);
    rc = rc < 0 ? rc : bbots_usage_may_execute(at->txn, 1, 100000, NOW, &verdict, error);
    rc = rc < 0 ? rc : bbots_usage_may_spawn(at->txn, 1, 100000, 0, NOW, &verdict, error);
    return rc < 0 ? rc
                  : bbots_usage_may_use_strategy(at->txn, 1, bbots_text_of("nobody's"), NOW,
                                                 &verdict, error);
}

static int act_usage_consume(stage *at, bbots_error *error)
{
    bbots_verdict verdict;
    return bbots_usage_consume(at->txn, 1, 100000, BBOTS_USAGE_OVERAGE, NOW, &verdict, error);
}

static int act_usage_spawn(stage *at, bbots_error *error)
{
    bbots_verdict verdict;
    return bbots_usage_spawn(at->txn, 1, 1, 0, NOW, &verdict, error);
}

static int act_usage_buy(stage *at, bbots_error *error)
{
    bbots_verdict verdict;
    int64_t id;
    int rc = bbots_usage_buy_pack(at->txn, 1, 1, NOW, &id, &verdict, error);
    rc = rc < 0 ? rc : bbots_usage_take_add_on(at->txn, 1, 1, 1, NOW, &id, &verdict, error);
    return rc < 0 ? rc : bbots_usage_cancel_add_on(at->txn, 1, 1, NOW, error);
}

static int act_usage_renew(stage *at, bbots_error *error)
{
    bbots_renewal renewal;
    return bbots_usage_renew(at->txn, 1, 10, NOW + 40 * DAY, &renewal, error);
}

static int act_usage_seed(stage *at, bbots_error *error)
{
    unsigned made;
    bbots_value key = string("starter");
    int index = bbots_table_index(&bbots_subscription_tiers_table, "subscription_tiers_slug_key");
    int rc =
        bbots_delete(at->txn, &bbots_subscription_tiers_table, (unsigned)index, &key, NULL, error);
    return rc < 0 ? rc : bbots_usage_seed_tiers(at->txn, NOW, &made, error);
}

/* ------------------------------------------------------------------ prices */

static int on_entry(const bbots_price_entry *entry, void *context)
{
    *(unsigned *)context += entry->price != NULL;
    return 0;
}

static int act_prices(stage *at, bbots_error *error)
{
    bbots_price price;
    char id[BBOTS_PRICE_ID_MAX + 1];
    unsigned entries = 0;
    int rc = bbots_price_find(at->txn, bbots_text_of("anthropic"), bbots_text_of("s7"), NOW, 100, 0,
                              &price, error);
    rc = rc < 0 ? rc : bbots_prices_each(at->txn, on_entry, &entries, error);
    return rc < 0 ? rc : bbots_price_noted(at->txn, &bbots_api_token_usage_table, 1, id, error);
}

static int act_price_note(stage *at, bbots_error *error)
{
    return bbots_price_note(at->txn, &bbots_api_token_usage_table, 1, "by/hand", error);
}

static int act_prices_import(stage *at, bbots_error *error)
{
    static const char file[] =
        "[{\"id\": \"google\", \"name\": \"Google\", \"models\": [{\"id\": \"pro\", \"match\": "
        "{\"starts_with\": \"pro\"}, \"prices\": {\"input_mtok\": {\"base\": 1.25, \"tiers\": "
        "[{\"start\": 200000, \"price\": 2.5}]}, \"output_mtok\": 10}}, {\"id\": \"dated\", "
        "\"match\": {\"regex\": \"^dated-[0-9]$\"}, \"prices\": [{\"prices\": {\"input_mtok\": "
        "0.075}}, {\"constraint\": {\"start_date\": \"2026-09-01\"}, \"prices\": "
        "{\"input_mtok\": 3}}]}]}, {\"id\": \"anthropic\", \"models\": [{\"id\": \"sonnet\", "
        "\"match\": {\"or\": [{\"starts_with\": \"claude\"}, {\"contains\": \"sonnet\"}]}, "
        "\"prices\": {\"input_mtok\": 4, \"output_mtok\": 20}}]}]";
    static const char *const providers[] = {"google", "anthropic"};
    bbots_price_import done[2];
    return bbots_prices_import(at->txn, bbots_text_of(file), providers, 2, NOW, done, error);
}

static int reprice(stage *at, uint32_t flags, bbots_error *error)
{
    bbots_reprice_request request = {.flags = flags};
    bbots_repricing *done;
    int rc = bbots_prices_reprice(at->txn, &request, &done, error);
    if (rc >= 0) {
        if (bbots_repricing_rows(done) == 0 ||
            (bbots_repricing_count(done) > 0 && bbots_repricing_line(done, 0)->rows == 0)) {
            rc = BBOTS_CORRUPTED;
        }
        bbots_repricing_free(done);
    }
    return rc;
}

static int act_reprice_look(stage *at, bbots_error *error)
{
    return reprice(at, 0, error);
}

/* Other prices, and all costs anew. */
static int act_reprice(stage *at, bbots_error *error)
{
    int rc =
        change(at->txn, error, &bbots_system_config_table, 1, "value",
               json_of("{\"provider\": \"anthropic\", \"models\": [{\"id\": \"all\", \"match\": "
                       "{\"contains\": \"\"}, \"prices\": [{\"input\": \"7\", \"output\": "
                       "\"7\"}]}]}"),
               NULL);
    return rc < 0 ? rc : reprice(at, BBOTS_REPRICE_APPLY, error);
}

/* ------------------------------------------------------------------ costs */

static int act_record_call(stage *at, bbots_error *error)
{
    bbots_cost_recorded done;
    bbots_cost_call call = {.user_id = 1,
                            .execution_id = 1,
                            .request_id = bbots_text_of("r"),
                            .model = bbots_text_of("claude-y"),
                            .tools_used = bbots_json_of("[\"a\"]"),
                            .input_tokens = 100,
                            .output_tokens = 10};
    return bbots_cost_record_call(at->txn, &call, BBOTS_COST_ONCE, NOW, &done, error);
}

static int act_record_session(stage *at, bbots_error *error)
{
    bbots_cost_recorded done;
    bbots_cost_session session = {.user_id = 1,
                                  .session_id = bbots_text_of("s"),
                                  .status = bbots_text_of("completed"),
                                  .duration_ms = 90000,
                                  .minute_cost = BBOTS_COST_UNKNOWN,
                                  .recording_cost = BBOTS_COST_UNKNOWN,
                                  .screenshot_cost = BBOTS_COST_UNKNOWN};
    int rc = bbots_cost_record_session(at->txn, &session, 0, NOW, &done, error);
    session.duration_ms = 120000; /* it is known, and goes on */
    return rc < 0 ? rc : bbots_cost_record_session(at->txn, &session, 0, NOW, &done, error);
}

static int act_record_operation(stage *at, bbots_error *error)
{
    bbots_cost_recorded done;
    bbots_cost_operation operation = {.user_id = 1,
                                      .operation_id = bbots_text_of("o"),
                                      .provider = bbots_text_of("s3"),
                                      .bucket = bbots_text_of("b"),
                                      .operation = bbots_text_of("download"),
                                      .object_key = bbots_text_of("k"),
                                      .size_bytes = 1000000,
                                      .request_cost = BBOTS_COST_UNKNOWN,
                                      .transfer_cost = BBOTS_COST_UNKNOWN};
    return bbots_cost_record_operation(at->txn, &operation, 0, NOW, &done, error);
}

static int ask(stage *at, bbots_cost_by by, const char *zone, bbots_error *error)
{
    bbots_cost_question question = {
        .user_id = 1, .from = NOW - 30 * DAY, .to = NOW + DAY, .zone = zone, .by = by};
    bbots_cost_answer *answer;
    int rc = bbots_cost_ask(at->txn, &question, &answer, error);
    if (rc >= 0) {
        if (bbots_cost_answer_count(answer) == 0 ||
            bbots_cost_answer_group(answer, 0)->sums.total == 0 ||
            bbots_cost_answer_sums(answer)->total == 0) {
            rc = BBOTS_CORRUPTED;
        }
        bbots_cost_answer_free(answer);
    }
    return rc;
}

static int act_ask(stage *at, bbots_error *error)
{
    int rc = ask(at, BBOTS_COST_BY_MODEL, NULL, error);
    rc = rc < 0 ? rc : ask(at, BBOTS_COST_BY_DAY, "Europe/Berlin", error);
    rc = rc < 0 ? rc : ask(at, BBOTS_COST_BY_MONTH, NULL, error);
    rc = rc < 0 ? rc : ask(at, BBOTS_COST_BY_PROVIDER, NULL, error);
    rc = rc < 0 ? rc : ask(at, BBOTS_COST_BY_WEEK, "Europe/Berlin", error);
    rc = rc < 0 ? rc : ask(at, BBOTS_COST_BY_DAY, "Asia/Kolkata", error);
    return rc < 0 ? rc : ask(at, BBOTS_COST_BY_EXECUTION, NULL, error);
}

static int act_cost_questions(stage *at, bbots_error *error)
{
    bbots_cost_question question = {.user_id = 1};
    bbots_cost_executions executions;
    bbots_cost_sums sums;
    bbots_cost_forecast forecast;
    int rc = bbots_cost_executions_of(at->txn, &question, &executions, error);
    rc = rc < 0 ? rc : bbots_cost_execution(at->txn, 1, &sums, error);
    return rc < 0 ? rc : bbots_cost_forecast_of(at->txn, 1, "+02:00", NOW, &forecast, error);
}

static int hear_cost(const bbots_row *row, void *context)
{
    (void)row;
    (void)context;
    return 0;
}

static int act_latest(stage *at, bbots_error *error)
{
    return bbots_cost_latest(at->txn, BBOTS_COST_CLAUDE, 1, 5, hear_cost, NULL, error);
}

static int act_summaries(stage *at, bbots_error *error)
{
    return bbots_cost_summaries_rebuild(at->txn, error);
}

/* A summary that a hand changes is noted, to be settled. */
static int act_summary_by_hand(stage *at, bbots_error *error)
{
    return change(at->txn, error, &bbots_daily_cost_summaries_table, 1, "totalCostUsd",
                  bbots_value_decimal(1, 4), NULL);
}

/* ------------------------------------------------------------------ budgets */

static int act_budget_status(stage *at, bbots_error *error)
{
    bbots_budget_status status;
    return bbots_budget_status_of(at->txn, 1, NOW, &status, error);
}

static int act_budget_set(stage *at, bbots_error *error)
{
    bbots_budget_limits limits = {.limits = {10000, 20000, 30000}, .auto_stop = true};
    return bbots_budget_set(at->txn, 2, &limits, NOW, error);
}

static int act_budget_refresh(stage *at, bbots_error *error)
{
    int rc = bbots_budget_refresh(at->txn, 1, NOW + 10 * DAY, error);
    return rc < 0 ? rc : bbots_budget_mark_alert(at->txn, 1, NOW, error);
}

static int act_budget_reserve(stage *at, bbots_error *error)
{
    bbots_uuid one;
    bbots_uuid two;
    bbots_budget_status status;
    int rc = bbots_budget_reserve(at->txn, 1, 100, NOW + DAY, NOW, &one, &status, error);
    rc = rc < 0 ? rc : bbots_budget_reserve(at->txn, 1, 100, NOW + DAY, NOW, &two, NULL, error);
    rc = rc < 0 ? rc : bbots_budget_settle(at->txn, 1, one, NOW, error);
    return rc < 0 ? rc : bbots_budget_release(at->txn, 1, two, NOW, error);
}

/* ------------------------------------------------------------------ queues */

static int act_queue(stage *at, bbots_error *error)
{
    bbots_claim claims[2];
    unsigned count = 0;
    int rc =
        bbots_queue_claim(at->txn, BBOTS_QUEUE_AGENCY_TASKS, 2, 1000, NOW, claims, &count, error);
    if (rc < 0 || count != 2) {
        return rc < 0 ? rc : BBOTS_CORRUPTED;
    }
    rc = bbots_queue_extend(at->txn, BBOTS_QUEUE_AGENCY_TASKS, &claims[0], 2000, NOW, error);
    return rc < 0 ? rc
                  : bbots_queue_finish(at->txn, BBOTS_QUEUE_AGENCY_TASKS, &claims[1],
                                       bbots_text_of("done"), NULL, error);
}

static int act_queue_look(stage *at, bbots_error *error)
{
    bbots_queue_state state;
    return bbots_queue_look(at->txn, BBOTS_QUEUE_AGENCY_TASKS, NOW, &state, error);
}

/* ------------------------------------------------------------------ on a store that was just opened */

/* What an act does when nothing was looked up in the store's schema before. */
static int anew(const stage *at, bbots_access access, int (*act)(stage *at, bbots_error *error),
                bbots_error *error)
{
    bbots_options options = stage_options(at);
    stage of = *at;
    int rc = bbots_open(at->path, &options, &of.store, error);
    if (rc < 0) {
        return rc;
    }
    rc = bbots_begin(of.store, access, &of.txn, error);
    if (rc >= 0) {
        bbots_txn_set_now(of.txn, NOW);
        rc = act(&of, error);
        bbots_rollback(of.txn);
    }
    int closed = bbots_close(of.store, rc < 0 ? NULL : error);
    return rc < 0 ? rc : closed;
}

static int check(stage *at, bbots_error *error)
{
    bbots_check_result result;
    bbots_check_options options = {.usual_values = true};
    return bbots_check(at->txn, &options, &result, error);
}

static int act_check_anew(stage *at, bbots_error *error)
{
    return anew(at, BBOTS_READ, check, error);
}

static int act_usage_anew(stage *at, bbots_error *error)
{
    return anew(at, BBOTS_WRITE, act_usage_renew, error);
}

static int act_reprice_anew(stage *at, bbots_error *error)
{
    return anew(at, BBOTS_READ, act_reprice_look, error);
}

const scene ledger_scenes[] = {
    {"credits list", READS, 0, act_credits_list},
    {"credits", WRITES, STEPWISE, act_credits},
    {"usage questions", READS, 0, act_usage_questions},
    {"usage consume", WRITES, 0, act_usage_consume},
    {"usage spawn", WRITES, 0, act_usage_spawn},
    {"usage buy", WRITES, STEPWISE, act_usage_buy},
    {"usage renew", WRITES, 0, act_usage_renew},
    {"usage seed", WRITES, STEPWISE, act_usage_seed},
    {"prices", READS, REGEX, act_prices},
    {"price note", WRITES, 0, act_price_note},
    {"prices import", WRITES, REGEX, act_prices_import},
    {"reprice look", READS, REGEX, act_reprice_look},
    {"reprice", WRITES, STEPWISE | REGEX, act_reprice},
    {"record call", WRITES, REGEX, act_record_call},
    {"record session", WRITES, STEPWISE, act_record_session},
    {"record operation", WRITES, 0, act_record_operation},
    {"ask", READS, TOLERANT, act_ask},
    {"cost questions", READS, 0, act_cost_questions},
    {"latest costs", READS, 0, act_latest},
    {"summaries", WRITES, 0, act_summaries},
    {"summary by hand", WRITES, 0, act_summary_by_hand},
    {"budget status", READS, 0, act_budget_status},
    {"budget set", WRITES, 0, act_budget_set},
    {"budget refresh", WRITES, STEPWISE, act_budget_refresh},
    {"budget reserve", WRITES, STEPWISE, act_budget_reserve},
    {"queue", WRITES, STEPWISE, act_queue},
    {"queue look", READS, 0, act_queue_look},
    {"check anew", FILES, TOLERANT, act_check_anew},
    {"usage anew", FILES, TOLERANT, act_usage_anew},
    {"reprice anew", FILES, TOLERANT | REGEX, act_reprice_anew},
    {NULL, PLAIN, 0, NULL},
};
