/*
 * costs.c - bbots-inspect FILE costs, top, budget: what was spent, by whom and on what.
 *
 * The library answers from its live aggregates; here a request is understood and the answer laid
 * out. On a terminal the lines of a list have bars, and the overview has its days as a row of columns.
 */
#include "options.h"
#include "session.h"
#include "sheet.h"
#include "terminal.h"

#include <inttypes.h>

enum { BAR_MOST = 24, AMOUNT_TEXT = 48 };

static const struct {
    const char *name;
    bbots_cost_by by;
} groupings[] = {
    {"hour", BBOTS_COST_BY_HOUR},           {"day", BBOTS_COST_BY_DAY},
    {"week", BBOTS_COST_BY_WEEK},           {"month", BBOTS_COST_BY_MONTH},
    {"provider", BBOTS_COST_BY_PROVIDER},   {"model", BBOTS_COST_BY_MODEL},
    {"prompt", BBOTS_COST_BY_PROMPT_TYPE},  {"status", BBOTS_COST_BY_STATUS},
    {"storage", BBOTS_COST_BY_STORE},       {"operation", BBOTS_COST_BY_OPERATION},
    {"execution", BBOTS_COST_BY_EXECUTION}, {"user", BBOTS_COST_BY_USER},
};

/* ------------------------------------------------------------------ what is asked */

static int read_by(const command_line *line, const char *text, bbots_cost_by *by)
{
    for (size_t i = 0; i < sizeof groupings / sizeof *groupings; i++) {
        if (strcmp(groupings[i].name, text) == 0) {
            *by = groupings[i].by;
            return EXIT_DONE;
        }
    }
    return usage_error(line,
                       "there is no \"%s\"; known are hour, day, week, month, provider, model, "
                       "prompt, status, storage, operation, execution, user",
                       text);
}

typedef struct request {
    const char *user;
    const char *from;
    const char *to;
    const char *zone;
    const char *by;
    const char *limit;
} request;

static int read_request(const command_line *line, const request *from, bbots_cost_question *asked)
{
    uint64_t number = 0;
    int rc = EXIT_DONE;
    memset(asked, 0, sizeof *asked);
    asked->zone = from->zone;
    if (from->user != NULL) {
        rc = read_number(line, "--user", from->user, &number);
        asked->user_id = (int64_t)number;
    }
    if (rc == EXIT_DONE && from->limit != NULL) {
        rc = read_number(line, "--limit", from->limit, &number);
        asked->limit = (uint32_t)number;
    }
    if (from->from != NULL || from->to != NULL) {
        asked->from = BBOTS_TIMESTAMP_MIN + INT64_C(400) * 86400000000;
        asked->to = BBOTS_TIMESTAMP_MAX - INT64_C(400) * 86400000000;
    }
    if (rc == EXIT_DONE && from->from != NULL) {
        rc = read_time(line, "--from", from->from, &asked->from);
    }
    if (rc == EXIT_DONE && from->to != NULL) {
        rc = read_time(line, "--to", from->to, &asked->to);
    }
    return rc == EXIT_DONE && from->by != NULL ? read_by(line, from->by, &asked->by) : rc;
}

/* ------------------------------------------------------------------ cells */

static void put_amount(sheet *to, int64_t amount, unsigned scale)
{
    char text[AMOUNT_TEXT];
    bbots_exact exact = {amount < 0 ? -1 : 0, (uint64_t)amount, false};
    bbots_exact_print(exact, scale, text);
    sheet_figure(to, text, false);
}

static void put_count(sheet *to, int64_t count)
{
    sheet_number(to, (uint64_t)count);
}

static int64_t count_of(const bbots_cost_sums *sums)
{
    int64_t count = 0;
    for (unsigned i = 0; i < BBOTS_COST_SOURCES; i++) {
        count += sums->count[i];
    }
    return count;
}

/* Bars and the row of columns are for eyes: what is piped on is a plain table. */
static bool is_drawn(const command_line *line)
{
    return line->format == FORMAT_PEOPLE && terminal_width(stdout) > 0;
}

/* A bar in eighths of a column: as long as the share of the greatest. */
static void put_bar(sheet *to, int64_t amount, int64_t most)
{
    static const char *const parts[] = {"",       "\u258f", "\u258e", "\u258d",
                                        "\u258c", "\u258b", "\u258a", "\u2589"};
    char text[BAR_MOST * 4] = "";
    double share = most > 0 && amount > 0 ? (double)amount / (double)most : 0;
    unsigned eighths = (unsigned)(share * BAR_MOST * 4 + 0.5);
    for (unsigned i = 0; i < eighths / 8; i++) {
        strcat(text, "\u2588");
    }
    strcat(text, parts[eighths % 8]);
    sheet_text(to, text);
}

/* ------------------------------------------------------------------ lists */

static int put_groups(const session *in, const bbots_cost_answer *answer, const char *name)
{
    const sheet_column columns[] = {{name, SHEET_TEXT},
                                    {"cost_usd", SHEET_NUMBER},
                                    {"costs", SHEET_NUMBER},
                                    {"tokens", SHEET_NUMBER},
                                    {"share", SHEET_TEXT}};
    bool drawn = is_drawn(in->line);
    int64_t most = 0;
    sheet *to = sheet_begin(in->line, columns, drawn ? 5 : 4, (sheet_options){.empty = "no costs"});
    if (to == NULL) {
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < bbots_cost_answer_count(answer); i++) {
        int64_t total = bbots_cost_answer_group(answer, i)->sums.total;
        most = total > most ? total : most;
    }
    for (size_t i = 0; i < bbots_cost_answer_count(answer); i++) {
        const bbots_cost_group *group = bbots_cost_answer_group(answer, i);
        if (group->name.data != NULL) {
            sheet_text(to, group->name.data);
        } else {
            sheet_null(to);
        }
        put_amount(to, group->sums.total, BBOTS_COST_SCALE);
        put_count(to, count_of(&group->sums));
        put_count(to, group->sums.tokens);
        if (drawn) {
            put_bar(to, group->sums.total, most);
        }
    }
    return sheet_end(to);
}

static void put_total(const session *in, const bbots_cost_answer *answer)
{
    char text[AMOUNT_TEXT];
    int64_t total = bbots_cost_answer_sums(answer)->total;
    if (in->line->format == FORMAT_PEOPLE && !in->line->quiet) {
        bbots_exact exact = {total < 0 ? -1 : 0, (uint64_t)total, false};
        bbots_exact_print(exact, BBOTS_COST_SCALE, text);
        printf("\nTotal %s USD, %" PRId64 " costs\n", text,
               count_of(bbots_cost_answer_sums(answer)));
    }
}

static int list(const session *in, const bbots_cost_question *question, const char *name)
{
    bbots_cost_answer *answer;
    bbots_error error;
    if (bbots_cost_ask(in->txn, question, &answer, &error) != BBOTS_OK) {
        return library_error(in->line, &error);
    }
    int rc = put_groups(in, answer, name);
    put_total(in, answer);
    bbots_cost_answer_free(answer);
    return rc;
}

/* ------------------------------------------------------------------ overview */

/* Days of the answer as a row of columns, the last ones that fit. */
static void put_days(const session *in, const bbots_cost_question *question)
{
    static const char *const heights[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                          "\u2585", "\u2586", "\u2587", "\u2588"};
    bbots_cost_question by_day = *question;
    bbots_cost_answer *answer;
    bbots_error error;
    int64_t most = 1;
    by_day.by = BBOTS_COST_BY_DAY;
    if (bbots_cost_ask(in->txn, &by_day, &answer, &error) != BBOTS_OK) {
        return;
    }
    size_t count = bbots_cost_answer_count(answer);
    size_t room = terminal_width(stdout);
    size_t first = count > room ? count - room : 0;
    for (size_t i = first; i < count; i++) {
        int64_t total = bbots_cost_answer_group(answer, i)->sums.total;
        most = total > most ? total : most;
    }
    for (size_t i = first; i < count; i++) {
        int64_t total = bbots_cost_answer_group(answer, i)->sums.total;
        double share = total > 0 ? (double)total / (double)most : 0;
        fputs(heights[(unsigned)(share * 7.999)], stdout);
    }
    if (count > 0) {
        printf("\n%s to %s, days with costs\n", bbots_cost_answer_group(answer, first)->name.data,
               bbots_cost_answer_group(answer, count - 1)->name.data);
    }
    bbots_cost_answer_free(answer);
}

static void put_share(sheet *to, int64_t millionths)
{
    put_amount(to, (millionths + 50) / 100, 2); /* percent with two digits */
}

static int overview(const session *in, const bbots_cost_question *question)
{
    static const sheet_column columns[] = {
        {"total_usd", SHEET_NUMBER},         {"anthropic_usd", SHEET_NUMBER},
        {"google_usd", SHEET_NUMBER},        {"browserbase_usd", SHEET_NUMBER},
        {"storage_usd", SHEET_NUMBER},       {"claude_calls", SHEET_NUMBER},
        {"gemini_calls", SHEET_NUMBER},      {"sessions", SHEET_NUMBER},
        {"operations", SHEET_NUMBER},        {"input_tokens", SHEET_NUMBER},
        {"output_tokens", SHEET_NUMBER},     {"cache_write_tokens", SHEET_NUMBER},
        {"cache_read_tokens", SHEET_NUMBER}, {"tokens", SHEET_NUMBER},
        {"cache_hit_percent", SHEET_NUMBER}, {"browser_minutes", SHEET_NUMBER},
        {"storage_mb", SHEET_NUMBER},        {"executions", SHEET_NUMBER},
        {"usd_per_execution", SHEET_NUMBER},
    };
    bbots_cost_answer *answer;
    bbots_cost_executions executions;
    bbots_error error;
    if (bbots_cost_executions_of(in->txn, question, &executions, &error) != BBOTS_OK ||
        bbots_cost_ask(in->txn, question, &answer, &error) != BBOTS_OK) {
        return library_error(in->line, &error);
    }
    bbots_cost_sums sums = *bbots_cost_answer_sums(answer);
    bbots_cost_answer_free(answer);
    sheet *to = sheet_begin(in->line, columns, sizeof columns / sizeof *columns,
                            (sheet_options){.single = true});
    if (to == NULL) {
        return EXIT_FAILED;
    }
    put_amount(to, sums.total, BBOTS_COST_SCALE);
    for (unsigned i = 0; i < BBOTS_COST_SOURCES; i++) {
        put_amount(to, sums.cost[i], BBOTS_COST_SCALE);
    }
    for (unsigned i = 0; i < BBOTS_COST_SOURCES; i++) {
        put_count(to, sums.count[i]);
    }
    put_amount(to, sums.input_tokens, 0);
    put_amount(to, sums.output_tokens, 0);
    put_amount(to, sums.cache_creation_tokens, 0);
    put_amount(to, sums.cache_read_tokens, 0);
    put_amount(to, sums.tokens, 0);
    put_share(to, bbots_cost_cache_hits(&sums));
    put_amount(to, sums.minutes, 2);
    put_amount(to, sums.mb, 4);
    put_count(to, executions.count);
    put_amount(to, executions.average, BBOTS_COST_SCALE);
    int rc = sheet_end(to);
    if (rc == EXIT_DONE && is_drawn(in->line) && !in->line->quiet) {
        putchar('\n');
        put_days(in, question);
    }
    return rc;
}

/* ------------------------------------------------------------------ commands */

static int run_costs(const command_line *line)
{
    request asked = {0};
    bbots_cost_question question;
    const option options[] = {{"--user", &asked.user, NULL, NULL},
                              {"--from", &asked.from, NULL, NULL},
                              {"--to", &asked.to, NULL, NULL},
                              {"--tz", &asked.zone, NULL, NULL},
                              {"--by", &asked.by, NULL, NULL},
                              {"--limit", &asked.limit, NULL, NULL},
                              {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    int rc = read_options(line, options, 0, 0, "no words", &rest);
    if (rc == EXIT_DONE) {
        rc = read_request(line, &asked, &question);
    }
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = asked.by != NULL ? list(&in, &question, asked.by) : overview(&in, &question);
        session_close(&in);
    }
    return rc;
}

const command command_costs = {
    "costs", "what was spent: overview, or by time, model, ...",
    "Usage: bbots-inspect FILE costs [--by WHAT] [--user ID] [--from T] [--to T] [--tz ZONE]\n"
    "                                 [--limit N]\n"
    "\n"
    "  --by WHAT     a line for each hour, day, week, month, provider, model, prompt, status,\n"
    "                storage, operation, execution or user; without it an overview\n"
    "  --user ID     of one user; without it of all\n"
    "  --from, --to  costs of from <= time < to, as 2026-01-31 or 2026-01-31T12:00\n"
    "  --tz ZONE     whose clocks count for --by: Europe/Berlin, +05:30; without it UTC\n"
    "  --limit N     the first N lines\n"
    "\n"
    "Amounts are exact. A bar is as long as its share of the greatest amount.\n",
    run_costs};

static int run_top(const command_line *line)
{
    request asked = {0};
    bbots_cost_question question;
    const option options[] = {
        {"--user", &asked.user, NULL, NULL},   {"--from", &asked.from, NULL, NULL},
        {"--to", &asked.to, NULL, NULL},       {"--tz", &asked.zone, NULL, NULL},
        {"--limit", &asked.limit, NULL, NULL}, {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    int rc = read_options(line, options, 1, 1, "WHAT", &rest);
    if (rc == EXIT_DONE) {
        asked.by = rest.words[0];
        asked.limit = asked.limit != NULL ? asked.limit : "10";
        rc = read_request(line, &asked, &question);
    }
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        question.costs_first = true;
        rc = list(&in, &question, asked.by);
        session_close(&in);
    }
    return rc;
}

const command command_top = {
    "top", "what cost most",
    "Usage: bbots-inspect FILE top WHAT [--limit N] [--user ID] [--from T] [--to T] [--tz ZONE]\n"
    "\n"
    "The N (10) users, models, executions, days or other groups of costs --by that cost most:\n"
    "WHAT is user, model, execution, day, ...\n",
    run_top};

/* ------------------------------------------------------------------ budget */

static const char *verdict_name(bbots_budget_verdict verdict)
{
    static const char *const names[] = {"none", "within", "alert", "over", "stop"};
    return names[verdict];
}

static void put_money(sheet *to, int64_t amount)
{
    if (amount == BBOTS_BUDGET_UNLIMITED) {
        sheet_null(to);
    } else {
        put_amount(to, amount, BBOTS_BUDGET_SCALE);
    }
}

static void put_moment(sheet *to, bbots_timestamp time)
{
    char text[BBOTS_TIMESTAMP_TEXT_MAX];
    bbots_timestamp_print(time, false, BBOTS_TIMESTAMP_POSTGRES, text);
    sheet_text(to, text);
}

static int put_budget(const session *in, const bbots_budget_status *status)
{
    static const sheet_column columns[] = {
        {"period", SHEET_TEXT},     {"budget", SHEET_NUMBER},    {"spend", SHEET_NUMBER},
        {"reserved", SHEET_NUMBER}, {"remaining", SHEET_NUMBER}, {"projected", SHEET_NUMBER},
        {"resets", SHEET_WHOLE},    {"state", SHEET_TEXT},       {"used", SHEET_TEXT}};
    static const char *const names[] = {"day", "week", "month"};
    bool people = in->line->format == FORMAT_PEOPLE;
    bool drawn = is_drawn(in->line);
    sheet *to = sheet_begin(in->line, columns, drawn ? 9 : 8, (sheet_options){.single = false});
    if (to == NULL) {
        return EXIT_FAILED;
    }
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS; i++) {
        const bbots_budget_state *state = &status->periods[i];
        sheet_text(to, names[i]);
        put_money(to, state->budget);
        put_money(to, state->spend);
        put_money(to, state->reserved);
        put_money(to, state->remaining);
        put_money(to, state->projected);
        put_moment(to, state->to);
        sheet_text(to, state->over ? "over" : state->alert ? "alert" : "within");
        if (drawn) {
            bool limited = state->budget != BBOTS_BUDGET_UNLIMITED;
            put_bar(to, limited && state->spend > state->budget ? state->budget : state->spend,
                    limited ? state->budget : 0);
        }
    }
    int rc = sheet_end(to);
    if (people && !in->line->quiet) {
        printf("\nVerdict: %s\n", verdict_name(status->verdict));
    }
    return rc;
}

static int run_budget(const command_line *line)
{
    const char *at = NULL;
    const option options[] = {{"--at", &at, NULL, NULL}, {NULL, NULL, NULL, NULL}};
    bbots_budget_status status;
    bbots_timestamp now = 0;
    bbots_error error;
    uint64_t user = 0;
    rest_words rest;
    session in;
    int rc = read_options(line, options, 1, 1, "USER", &rest);
    if (rc == EXIT_DONE) {
        rc = read_number(line, "USER", rest.words[0], &user);
    }
    if (rc == EXIT_DONE && at != NULL) {
        rc = read_time(line, "--at", at, &now);
    }
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc != EXIT_DONE) {
        return rc;
    }
    if (bbots_budget_status_of(in.txn, (int64_t)user, now, &status, &error) != BBOTS_OK) {
        rc = library_error(line, &error);
    } else if (status.has_budget) {
        rc = put_budget(&in, &status);
    } else {
        rc = EXIT_NOTHING;
        if (line->format == FORMAT_PEOPLE) {
            printf("user %" PRIu64 " has no active budget\n", user);
        } else if (line->format == FORMAT_JSON) {
            puts("[]");
        }
    }
    session_close(&in);
    return rc;
}

const command command_budget = {
    "budget", "how a user stands against his budget",
    "Usage: bbots-inspect FILE budget USER [--at T]\n"
    "\n"
    "Budget, spend, open reservations, what remains and what the period will come to at the\n"
    "present rate, for the day, the week and the month that hold T (now). Exit 1: no budget.\n",
    run_budget};
