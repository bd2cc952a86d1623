/*
 * costs.c - bbots-inspect FILE costs, top: what was spent, by whom and on what.
 *
 * The library answers from its live aggregates; here a request is understood and the answer laid
 * out. On a terminal the lines of a list have bars, and the overview has its days as a row of columns.
 */
#include "costs_draw.h"
#include "options.h"
#include "session.h"
#include "sheet.h"
#include "terminal.h"

#include <inttypes.h>

enum { AMOUNT_TEXT = 48, CALLS = 1 << BBOTS_COST_CLAUDE | 1 << BBOTS_COST_GEMINI };

static const struct {
    const char *name;
    bbots_cost_by by;
    uint32_t sources; /* that have such lines; 0: all */
} groupings[] = {
    {"hour", BBOTS_COST_BY_HOUR, 0},
    {"day", BBOTS_COST_BY_DAY, 0},
    {"week", BBOTS_COST_BY_WEEK, 0},
    {"month", BBOTS_COST_BY_MONTH, 0},
    {"provider", BBOTS_COST_BY_PROVIDER, 0},
    {"model", BBOTS_COST_BY_MODEL, CALLS},
    {"prompt", BBOTS_COST_BY_PROMPT_TYPE, CALLS},
    {"status", BBOTS_COST_BY_STATUS, 1u << BBOTS_COST_BROWSER},
    {"storage", BBOTS_COST_BY_STORE, 1u << BBOTS_COST_STORAGE},
    {"operation", BBOTS_COST_BY_OPERATION, 1u << BBOTS_COST_STORAGE},
    {"execution", BBOTS_COST_BY_EXECUTION, 0},
    {"user", BBOTS_COST_BY_USER, 0},
};

/* ------------------------------------------------------------------ what is asked */

static int read_by(const command_line *line, const char *text, bbots_cost_question *asked)
{
    for (size_t i = 0; i < sizeof groupings / sizeof *groupings; i++) {
        if (strcmp(groupings[i].name, text) == 0) {
            asked->by = groupings[i].by;
            asked->sources = groupings[i].sources;
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
    const char *execution;
} request;

static int read_request(const command_line *line, const request *from, bbots_cost_question *asked)
{
    int rc = EXIT_DONE;
    memset(asked, 0, sizeof *asked);
    asked->zone = from->zone;
    if (from->user != NULL) {
        rc = read_id(line, "--user", from->user, &asked->user_id);
    }
    if (rc == EXIT_DONE && from->execution != NULL) {
        rc = from->by != NULL
                 ? read_id(line, "--execution", from->execution, &asked->execution_id)
                 : usage_error(line,
                               "--execution goes with --by; the command execution has the whole");
    }
    if (rc == EXIT_DONE && from->limit != NULL) {
        rc = read_count(line, "--limit", from->limit, &asked->limit);
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
    return rc == EXIT_DONE && from->by != NULL ? read_by(line, from->by, asked) : rc;
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

/* ------------------------------------------------------------------ lists */

static int put_groups(const session *in, const bbots_cost_answer *answer, const char *name)
{
    const sheet_column columns[] = {{name, SHEET_TEXT},
                                    {"cost_usd", SHEET_NUMBER},
                                    {"costs", SHEET_NUMBER},
                                    {"tokens", SHEET_NUMBER},
                                    {"share", SHEET_TEXT}};
    bool drawn = costs_drawn(in->line);
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
            costs_put_bar(to, group->sums.total, most);
        }
    }
    return sheet_end(to);
}

static void put_total(const session *in, const bbots_cost_answer *answer, bbots_cost_by by)
{
    char text[AMOUNT_TEXT];
    int64_t total = bbots_cost_answer_sums(answer)->total;
    if (in->line->format == FORMAT_PEOPLE && !in->line->quiet) {
        bbots_exact exact = {total < 0 ? -1 : 0, (uint64_t)total, false};
        bbots_exact_print(exact, BBOTS_COST_SCALE, text);
        printf("\nTotal %s USD, %" PRId64 " costs%s\n", text,
               count_of(bbots_cost_answer_sums(answer)),
               by == BBOTS_COST_BY_EXECUTION ? ", with those of no execution" : "");
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
    put_total(in, answer, question->by);
    bbots_cost_answer_free(answer);
    return rc;
}

/* ------------------------------------------------------------------ details */

/* A number of a line beside its cost, and how many of its digits stand behind the point. */
typedef struct measure {
    const char *name;
    size_t offset; /* in bbots_cost_sums */
    unsigned scale;
} measure;

#define MEASURE(name, field, scale)                                                                \
    {                                                                                              \
        (name), offsetof(bbots_cost_sums, field), (scale)                                          \
    }
enum { MEASURES_MAX = 4, DETAILS = 5 + MEASURES_MAX };

static const measure of_calls[MEASURES_MAX + 1] = {
    MEASURE("input", input_tokens, 0), MEASURE("output", output_tokens, 0),
    MEASURE("cache_write", cache_creation_tokens, 0), MEASURE("cache_read", cache_read_tokens, 0)};
static const measure of_browsers[MEASURES_MAX + 1] = {
    MEASURE("minutes", minutes, 2), MEASURE("recording_usd", recording_cost, 4),
    MEASURE("screenshots", screenshots, 0), MEASURE("screenshot_usd", screenshot_cost, 4)};
static const measure of_storage[MEASURES_MAX + 1] = {MEASURE("bytes", bytes, 0),
                                                     MEASURE("mb", mb, 4)};

static const measure *measures_of(bbots_cost_by by)
{
    switch (by) {
    case BBOTS_COST_BY_MODEL:
    case BBOTS_COST_BY_PROMPT_TYPE:
        return of_calls;
    case BBOTS_COST_BY_STATUS:
        return of_browsers;
    case BBOTS_COST_BY_STORE:
    case BBOTS_COST_BY_OPERATION:
        return of_storage;
    default:
        return NULL;
    }
}

/* number / count, rounded half away from zero. */
static int64_t average(int64_t number, int64_t count)
{
    int64_t half = number < 0 ? -(count / 2) : count / 2;
    return count != 0 ? (number + half) / count : 0;
}

static void put_detail(sheet *to, const bbots_cost_group *group, const measure *measures)
{
    if (group->name.data != NULL) {
        sheet_text(to, group->name.data);
    } else {
        sheet_null(to);
    }
    put_count(to, count_of(&group->sums));
    put_amount(to, group->sums.total, BBOTS_COST_SCALE);
    put_amount(to, average(group->sums.total, count_of(&group->sums)), BBOTS_COST_SCALE);
    for (unsigned i = 0; measures[i].name != NULL; i++) {
        int64_t number;
        memcpy(&number, (const char *)&group->sums + measures[i].offset, sizeof number);
        put_amount(to, number, measures[i].scale);
    }
    if (measures == of_calls) {
        put_amount(to, (bbots_cost_cache_hits(&group->sums) + 50) / 100, 2);
    }
}

/* A line for each group with the sums of its source, and averages. */
static int details(const session *in, const bbots_cost_question *question, const char *name)
{
    const measure *measures = measures_of(question->by);
    sheet_column columns[DETAILS] = {{name, SHEET_TEXT},
                                     {"costs", SHEET_NUMBER},
                                     {"cost_usd", SHEET_NUMBER},
                                     {"average_usd", SHEET_NUMBER}};
    unsigned count = 4;
    bbots_cost_answer *answer;
    bbots_error error;
    for (; measures[count - 4].name != NULL; count++) {
        columns[count] = (sheet_column){measures[count - 4].name, SHEET_NUMBER};
    }
    if (measures == of_calls) {
        columns[count++] = (sheet_column){"hit_percent", SHEET_NUMBER};
    }
    if (bbots_cost_ask(in->txn, question, &answer, &error) != BBOTS_OK) {
        return library_error(in->line, &error);
    }
    sheet *to = sheet_begin(in->line, columns, count, (sheet_options){.empty = "no costs"});
    for (size_t i = 0; i < bbots_cost_answer_count(answer) && to != NULL; i++) {
        put_detail(to, bbots_cost_answer_group(answer, i), measures);
    }
    bbots_cost_answer_free(answer);
    return sheet_end(to);
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
        {"usd_per_execution", SHEET_NUMBER}, {"budget", SHEET_TEXT},
    };
    bbots_cost_answer *answer;
    bbots_cost_executions executions;
    bbots_budget_status status = {.verdict = BBOTS_BUDGET_NONE};
    bbots_error error;
    if ((question->user_id != 0 &&
         bbots_budget_status_of(in->txn, question->user_id, 0, &status, &error) != BBOTS_OK) ||
        bbots_cost_executions_of(in->txn, question, &executions, &error) != BBOTS_OK ||
        bbots_cost_ask(in->txn, question, &answer, &error) != BBOTS_OK) {
        return library_error(in->line, &error);
    }
    bbots_cost_sums sums = *bbots_cost_answer_sums(answer);
    bbots_cost_answer_free(answer);
    unsigned shown = sizeof columns / sizeof *columns - (question->user_id == 0);
    sheet *to = sheet_begin(in->line, columns, shown, (sheet_options){.single = true});
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
    if (question->user_id != 0) {
        sheet_text(to, costs_verdict_name(status.verdict));
    }
    int rc = sheet_end(to);
    if (rc == EXIT_DONE && costs_drawn(in->line) && !in->line->quiet) {
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
    bool detailed = false;
    const option options[] = {{"--user", &asked.user, NULL, NULL},
                              {"--details", NULL, &detailed, NULL},
                              {"--from", &asked.from, NULL, NULL},
                              {"--to", &asked.to, NULL, NULL},
                              {"--tz", &asked.zone, NULL, NULL},
                              {"--by", &asked.by, NULL, NULL},
                              {"--limit", &asked.limit, NULL, NULL},
                              {"--execution", &asked.execution, NULL, NULL},
                              {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    int rc = read_options(line, options, 0, 0, "no words", &rest);
    if (rc == EXIT_DONE) {
        rc = read_request(line, &asked, &question);
    }
    if (rc == EXIT_DONE && detailed && measures_of(question.by) == NULL) {
        rc = usage_error(line, "--details goes --by model, prompt, status, storage or operation");
    }
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = detailed           ? details(&in, &question, asked.by)
             : asked.by != NULL ? list(&in, &question, asked.by)
                                : overview(&in, &question);
        session_close(&in);
    }
    return rc;
}

const command command_costs = {
    "costs", "what was spent: overview, or by time, model, ...",
    "Usage: bbots-inspect FILE costs [--by WHAT] [--user ID] [--from T] [--to T] [--tz ZONE]\n"
    "                                 [--limit N] [--details] [--execution ID]\n"
    "\n"
    "  --by WHAT     a line for each hour, day, week, month, provider, model, prompt, status,\n"
    "                storage, operation, execution or user; without it an overview\n"
    "  --user ID     of one user; without it of all\n"
    "  --from, --to  costs of from <= time < to, in UTC, as 2026-01-31 or 2026-01-31T12:00\n"
    "  --tz ZONE     whose clocks count for --by: Europe/Berlin, +05:30; without it UTC\n"
    "  --limit N     the first N lines\n"
    "  --details     what the lines' tokens, minutes or bytes come to, and averages: --by model,\n"
    "                prompt, status, storage or operation\n"
    "  --execution ID\n"
    "                of one execution, --by provider, model, prompt, status, storage or "
    "operation,\n"
    "                and without user, times and zone\n"
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
    int rc =
        read_options(line, options, 1, 1, "WHAT costs: user, model, execution, day ...", &rest);
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
