/*
 * ledger/audit_summary.c - the summaries of days before their judges (audit.h): each says what the costs
 * of its day come to, and none is missing.
 *
 * A summary whose date is no midnight is the host's own. What is wrong is not mended row by row: all
 * summaries are brought in line at once, and then nothing is wrong any more.
 */
#include "ledger/audit.h"
#include "ledger/costs.h"

static int mend(const judged_row *of, bool wrong, bbots_error *error)
{
    return wrong && of->mend ? bbots_cost_summaries_rebuild(of->txn, error) : BBOTS_OK;
}

/* ------------------------------------------------------------------ each summary */

static bool judges_summaries(const bbots_schema *schema, const bbots_table *table)
{
    return audit_is(schema, table, &cost_summary_need) && audit_follows_costs(schema);
}

static int judge_summary(judged_row *of, bbots_error *error)
{
    const ledger_table *table;
    ledger_values due;
    bb_arena arena;
    bool nothing;
    bool wrong = false;
    int rc = ledger_find(of->txn, &cost_summary_need, &table, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_timestamp day = ledger_integer(table, &of->row, SUMMARY_DATE);
    if (day % COST_DAY != 0) {
        return BBOTS_OK;
    }
    bb_arena_init(&arena);
    rc = costs_summary_due(of->txn, ledger_integer(table, &of->row, SUMMARY_USER), day, &arena,
                           &due, &nothing, error);
    if (rc == BBOTS_OK && nothing) {
        wrong = true;
        judge_tell(of, BBOTS_DERIVED, "date", "the user has no costs on the day of this summary");
    } else if (rc == BBOTS_OK) {
        int column = costs_summary_difference(&due, &of->row);
        wrong = column >= 0;
        if (wrong) {
            judge_tell(of, BBOTS_DERIVED, cost_summary_need.columns[column].name,
                       "\"%s\" is not what the costs of the day come to",
                       cost_summary_need.columns[column].name);
        }
    }
    bb_arena_free(&arena);
    return rc == BBOTS_OK ? mend(of, wrong, error) : rc;
}

const table_judge summaries_judge = {true, judges_summaries, judge_summary};

/* ------------------------------------------------------------------ each day of a user */

static bool judges_days(const bbots_schema *schema, const bbots_table *table)
{
    return strcmp(table->name, "users") == 0 &&
           bbots_table_column(table, bbots_text_of("id")) == 0 && audit_follows_costs(schema);
}

/* The next summary of a day by the index of user and date: BBOTS_OK or BBOTS_END. */
static int next_summary(const ledger_table *table, bbots_cursor *cursor, bbots_timestamp *day,
                        bbots_error *error)
{
    bbots_row row;
    int rc;
    do {
        rc = bbots_cursor_next(cursor, &row, error);
        *day = rc == BBOTS_OK ? ledger_integer(table, &row, SUMMARY_DATE) : INT64_MAX;
    } while (rc == BBOTS_OK && *day % COST_DAY != 0);
    return rc;
}

/* Days of costs and of summaries, both in order: *missing of the former are not among the latter. */
static int compare_days(judged_row *of, const bbots_cost_answer *costs, bool *missing,
                        bbots_error *error)
{
    const ledger_table *table;
    bbots_cursor *cursor;
    bbots_timestamp there = INT64_MIN;
    bbots_value user = bbots_row_value(&of->row, 0);
    int rc = ledger_open(of->txn, &cost_summary_need, 1, &user, 1, &table, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (size_t i = 0; i < bbots_cost_answer_count(costs) && !*missing; i++) {
        bbots_timestamp day = bbots_cost_answer_group(costs, i)->number;
        while (there < day && rc == BBOTS_OK) {
            rc = next_summary(table, cursor, &there, error);
        }
        if (rc < 0) {
            break;
        }
        if (there != day) {
            char text[BBOTS_TIMESTAMP_TEXT_MAX];
            *missing = true;
            bbots_timestamp_print(day, false, BBOTS_TIMESTAMP_ISO, text);
            judge_tell(of, BBOTS_DERIVED, cost_summary_need.table,
                       "the user has costs on %.10s, and no summary of that day", text);
        }
    }
    bbots_cursor_close(cursor);
    return rc < 0 ? rc : BBOTS_OK;
}

static int judge_days(judged_row *of, bbots_error *error)
{
    bbots_cost_question question = {.user_id = bbots_row_value(&of->row, 0).integer,
                                    .by = BBOTS_COST_BY_DAY};
    bbots_cost_answer *costs;
    bool missing = false;
    if (question.user_id <= 0) {
        return BBOTS_OK; /* 0 asks for all */
    }
    int rc = bbots_cost_ask(of->txn, &question, &costs, error);
    if (rc == BBOTS_OK) {
        rc = compare_days(of, costs, &missing, error);
        bbots_cost_answer_free(costs);
    }
    return rc == BBOTS_OK ? mend(of, missing, error) : rc;
}

const table_judge days_judge = {true, judges_days, judge_days};
