/*
 * bbots_live.c - W5 to W7 from the live aggregates that the schema declares for api_token_usage
 * (schema/09-costs.sql): "users" for one user or all of them, "all" over everybody.
 */
#include "bench/bbots.h"

#include <bbots/platform/api_token_usage.h>

static const bbots_live *live_of(const char *name)
{
    const bbots_live *live = bbots_table_live(&bbots_api_token_usage_table, name);
    if (live == NULL) {
        die("bbots: api_token_usage has no live aggregate \"%s\"", name);
    }
    return live;
}

static void set_measures(bbots_live_query *query)
{
    query->table = &bbots_api_token_usage_table;
    query->measures[0] = (bbots_measure){BBOTS_COUNT, -1};
    query->measures[1] = (bbots_measure){BBOTS_SUM, BBOTS_API_TOKEN_USAGE_COL_TOTAL_COST};
    query->measures[2] = (bbots_measure){BBOTS_SUM, BBOTS_API_TOKEN_USAGE_COL_TOTAL_TOKENS};
    query->measure_count = 2;
}

static int64_t number_of(const bbots_summary *summary, size_t group, unsigned measure)
{
    return (int64_t)bbots_summary_measure(summary, group, measure).low;
}

void bbots_engine_windows_live(bench_session *session, const window *windows, uint32_t count,
                               answer *found)
{
    bbots_txn *txn = bbots_engine_read(session);
    bbots_live_query query = {.live = live_of("users"), .by_count = 1};
    bbots_error error;
    set_measures(&query);
    for (uint32_t i = 0; i < count; i++) {
        bbots_value user = bbots_value_integer(windows[i].user);
        bbots_summary *summary = NULL;
        query.by = &user;
        query.from = windows[i].from;
        query.to = windows[i].to;
        bbots_must(bbots_live_summarize(txn, &query, &summary, &error), &error, "window");
        found->count += (uint64_t)number_of(summary, 0, 0);
        found->sum += number_of(summary, 0, 1);
        bbots_summary_free(summary);
    }
    bbots_rollback(txn);
}

/* Runs a query and adds its groups; key_of makes a group's key. */
static void add_groups(bench_session *session, bbots_live_query *query,
                       uint64_t key_of(const bbots_summary *, size_t), answer *found)
{
    bbots_txn *txn = bbots_engine_read(session);
    bbots_summary *summary = NULL;
    bbots_error error;
    set_measures(query);
    query->measure_count = 3;
    bbots_must(bbots_live_summarize(txn, query, &summary, &error), &error, "live summary");
    for (size_t i = 0; i < bbots_summary_count(summary); i++) {
        answer_group(found, key_of(summary, i), number_of(summary, i, 0), number_of(summary, i, 2),
                     number_of(summary, i, 1));
    }
    bbots_summary_free(summary);
    bbots_rollback(txn);
}

void bbots_engine_models_live(bench_session *session, answer *found)
{
    bbots_live_query query = {.live = live_of("all"),
                              .groups = {{BBOTS_API_TOKEN_USAGE_COL_MODEL, BBOTS_TIME_NONE}},
                              .group_count = 1};
    add_groups(session, &query, bbots_engine_model_key, found);
}

void bbots_engine_days_live(bench_session *session, answer *found)
{
    bbots_live_query query = {.live = live_of("users"),
                              .groups = {{BBOTS_API_TOKEN_USAGE_COL_USER_ID, BBOTS_TIME_NONE},
                                         {BBOTS_API_TOKEN_USAGE_COL_CREATED_AT, BBOTS_TIME_DAY}},
                              .group_count = 2};
    add_groups(session, &query, bbots_engine_day_key, found);
}
