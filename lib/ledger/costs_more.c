/* ledger/costs_more.c - costs of executions, the cache's hits, what was spent and the forecast. */
#include "ledger/costs_ask.h"

/* ------------------------------------------------------------------ executions */

static int64_t divide(int64_t number, int64_t by)
{
    int64_t half = by / 2;
    __extension__ __int128 wide = number;
    return by != 0 ? (int64_t)((wide + (number < 0 ? -half : half)) / by) : 0;
}

int bbots_cost_executions_of(bbots_txn *txn, const bbots_cost_question *question,
                             bbots_cost_executions *executions, bbots_error *error)
{
    bbots_cost_question by = *question;
    bbots_cost_answer *answer;
    by.by = BBOTS_COST_BY_EXECUTION;
    by.limit = 0;
    memset(executions, 0, sizeof *executions);
    int rc = bbots_cost_ask(txn, &by, &answer, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (size_t i = 0; i < answer->count && rc == BBOTS_OK; i++) {
        executions->count++;
        rc = __builtin_add_overflow(executions->total, answer->groups[i].sums.total,
                                    &executions->total)
                 ? ask_overflow(error)
                 : BBOTS_OK;
    }
    executions->average = divide(executions->total, executions->count);
    bbots_cost_answer_free(answer);
    return rc;
}

int bbots_cost_execution(bbots_txn *txn, int64_t execution_id, bbots_cost_sums *sums,
                         bbots_error *error)
{
    static const bbots_cost_question nothing;
    asking asked = {.txn = txn, .question = &nothing, .error = error};
    memset(sums, 0, sizeof *sums);
    int rc = ledger_begin(txn, false, NULL, error);
    if (rc == BBOTS_OK) {
        rc = costs_find(txn, &asked.tables, error);
    }
    for (unsigned source = 0; source < BBOTS_COST_SOURCES && rc == BBOTS_OK; source++) {
        live_question question = {.live = asked.tables.sources[source].execution,
                                  .by = bbots_value_integer(execution_id),
                                  .by_count = 1,
                                  .column = -1,
                                  .wanted = EVERYTHING};
        bbots_cost_sums part;
        bbots_summary *summary;
        rc = ask_source(&asked, source, &question, &summary);
        if (rc == BBOTS_OK) {
            rc = ask_sums(&asked, source, EVERYTHING, summary, 0, &part);
            bbots_summary_free(summary);
        }
        if (rc == BBOTS_OK) {
            rc = ask_add(sums, &part, error);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ the latest */

int bbots_cost_latest(bbots_txn *txn, bbots_cost_source source, int64_t user_id, uint32_t limit,
                      bbots_cost_visit *visit, void *context, bbots_error *error)
{
    const ledger_table *of;
    bbots_value user = bbots_value_integer(user_id);
    bbots_range range = {.from = &user, .to = &user, .limit = limit, .reverse = true};
    bbots_cursor *cursor;
    bbots_row row;
    int rc = ledger_begin(txn, false, NULL, error);
    if (rc == BBOTS_OK && (source >= BBOTS_COST_SOURCES || user_id < 0 || limit == 0)) {
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT, "there are no such latest costs");
    }
    if (rc == BBOTS_OK) {
        rc = ledger_find(txn, &cost_needs[source], &of, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    range.from_count = range.to_count = user_id != 0 ? 1 : 0;
    rc = bbots_cursor_open(txn, of->table,
                           of->indexes[user_id != 0 ? COST_BY_USER_TIME : COST_BY_TIME], &range,
                           &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    while ((rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK && visit(&row, context) == 0) {
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* ------------------------------------------------------------------ small things */

int64_t bbots_cost_cache_hits(const bbots_cost_sums *sums)
{
    __extension__ __int128 all =
        (__int128)sums->input_tokens + sums->cache_read_tokens + sums->cache_creation_tokens;
    __extension__ __int128 hits = (__int128)sums->cache_read_tokens * 1000000;
    return all > 0 ? (int64_t)((hits + all / 2) / all) : 0;
}

/* ------------------------------------------------------------------ what was spent, and will be */

int costs_spent(bbots_txn *txn, int64_t user_id, bbots_timestamp from, bbots_timestamp to,
                int64_t *total, bbots_error *error)
{
    bbots_cost_question range = {.user_id = user_id, .from = from, .to = to};
    asking asked = {.txn = txn, .question = &range, .error = error};
    *total = 0;
    int rc = costs_find(txn, &asked.tables, error);
    for (unsigned source = 0; source < BBOTS_COST_SOURCES && rc == BBOTS_OK; source++) {
        live_question question = ask_plain(&asked, source);
        bbots_cost_sums part;
        bbots_summary *summary;
        question.wanted = COSTS_ONLY;
        rc = ask_source(&asked, source, &question, &summary);
        if (rc != BBOTS_OK) {
            break;
        }
        rc = ask_sums(&asked, source, COSTS_ONLY, summary, 0, &part);
        bbots_summary_free(summary);
        if (rc == BBOTS_OK && __builtin_add_overflow(*total, part.total, total)) {
            rc = ask_overflow(error);
        }
    }
    return rc;
}

int bbots_cost_forecast_of(bbots_txn *txn, int64_t user_id, const char *name, bbots_timestamp now,
                           bbots_cost_forecast *forecast, bbots_error *error)
{
    memset(forecast, 0, sizeof *forecast);
    int rc = ledger_begin(txn, false, &now, error);
    if (rc == BBOTS_OK) {
        rc = bbots_zone_unit(name, now, BBOTS_TIME_MONTH, &forecast->from, &forecast->to, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (now > forecast->from) {
        rc = costs_spent(txn, user_id, forecast->from, now, &forecast->spent, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
    __extension__ __int128 month = (__int128)forecast->spent * (forecast->to - forecast->from);
    int64_t passed = now - forecast->from;
    if (passed > 0) {
        month = (month + (month < 0 ? -passed : passed) / 2) / passed;
    } else {
        month = forecast->spent;
    }
    if (month > INT64_MAX || month < INT64_MIN) {
        return ask_overflow(error);
    }
    forecast->month = (int64_t)month;
    forecast->days = (int32_t)((passed + COST_DAY - 1) / COST_DAY);
    forecast->days_of_month = (int32_t)((forecast->to - forecast->from + COST_DAY / 2) / COST_DAY);
    return BBOTS_OK;
}
