/*
 * html_report.c - bbots-inspect FILE report: what was spent, as one page that needs nothing else.
 *
 * Charts are SVG that is written here, so the page has no script and asks no network. Every chart has
 * a title, units, and its numbers in a table under it. Colours come from CSS, for light and dark.
 */
#include "export_file.h"
#include "options.h"
#include "session.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CHART_WIDTH = 720, CHART_HEIGHT = 220, AMOUNT_TEXT = 48 };

static const char *const providers[BBOTS_COST_SOURCES] = {"anthropic", "google", "browserbase",
                                                          "storage"};

typedef struct page {
    FILE *out;
    const session *in;
    bbots_cost_question question;
    bbots_timestamp now;
    bbots_error error;
} page;

static const char style[] =
    ":root{--ink:#1b1f24;--dim:#59636e;--back:#fff;--line:#d8dee4;--c0:#c2571a;--c1:#2f6fde;"
    "--c2:#1f9d63;--c3:#8a5cd0;color-scheme:light dark}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9aa4af;--back:#0d1117;"
    "--line:#30363d;--c0:#f0883e;--c1:#6ca4f8;--c2:#3fb97f;--c3:#b392f0}}"
    "body{font:16px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--back);"
    "margin:0 auto;max-width:760px;padding:16px}"
    "h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .3rem}p{margin:.3rem 0}"
    ".dim{color:var(--dim);font-size:.85rem}"
    "svg{width:100%;height:220px;display:block}.ends{display:flex;justify-content:space-between}"
    ".bar i{display:block;height:8px}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%;font-size:.9rem}"
    "th,td{text-align:right;padding:2px 6px;border-bottom:1px solid var(--line)}"
    "th:first-child,td:first-child{text-align:left;overflow-wrap:anywhere;min-width:4.5em}"
    "summary{cursor:pointer;color:var(--dim);font-size:.9rem}details{overflow-x:auto}"
    ".c0{fill:var(--c0);background:var(--c0)}.c1{fill:var(--c1);background:var(--c1)}"
    ".c2{fill:var(--c2);background:var(--c2)}.c3{fill:var(--c3);background:var(--c3)}"
    ".key{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 .9em}"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:8px}"
    ".tile{border:1px solid var(--line);border-radius:6px;padding:8px}.tile b{display:block;"
    "font-size:1.05rem;overflow-wrap:anywhere}.name{white-space:nowrap}.gauge{height:12px;border-"
    "radius:6px;background:var(--line);overflow:hidden}"
    ".gauge i{display:block;height:100%}";

/* ------------------------------------------------------------------ small parts */

static void put_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *as = *text == '&'   ? "&amp;"
                         : *text == '<' ? "&lt;"
                         : *text == '>' ? "&gt;"
                         : *text == '"' ? "&quot;"
                                        : NULL;
        if (as != NULL) {
            fputs(as, out);
        } else {
            fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
        }
    }
}

static void put_amount(FILE *out, int64_t amount, unsigned scale)
{
    char text[AMOUNT_TEXT];
    bbots_exact exact = {amount < 0 ? -1 : 0, (uint64_t)amount, false};
    bbots_exact_print(exact, scale, text);
    fputs(text, out);
}

static void put_tile(FILE *out, const char *title, int64_t amount, unsigned scale, const char *unit)
{
    fprintf(out, "<div class=tile><span class=dim>%s</span><b>", title);
    put_amount(out, amount, scale);
    fprintf(out, "</b><span class=dim>%s</span></div>", unit);
}

static int ask(page *of, const bbots_cost_question *question, bbots_cost_answer **answer)
{
    return bbots_cost_ask(of->in->txn, question, answer, &of->error);
}

static const char *name_of(const bbots_cost_group *group)
{
    return group->name.data != NULL ? group->name.data : "(none)";
}

/* ------------------------------------------------------------------ over time */

typedef struct bar {
    char name[40];
    int64_t number;
    int64_t parts[BBOTS_COST_SOURCES];
    int64_t total;
} bar;

static void put_legend(FILE *out)
{
    fputs("<p class=dim>", out);
    for (unsigned i = 0; i < BBOTS_COST_SOURCES; i++) {
        fprintf(out, "<span class=name><span class=\"key c%u\"></span>%s</span> ", i, providers[i]);
    }
    fputs("</p>", out);
}

/* Stacked bars, with the greatest amount and the first and last name at the axes. */
static void put_bars(FILE *out, const char *title, const bar *bars, size_t count)
{
    int64_t most = 0;
    for (size_t i = 0; i < count; i++) {
        most = bars[i].total > most ? bars[i].total : most;
    }
    double step = (double)CHART_WIDTH / (double)(count > 0 ? count : 1);
    fputs("<p class=dim>", out);
    if (most == 0) {
        most = 1;
        fputs("nothing was spent", out);
    } else {
        fputs("highest: ", out);
        put_amount(out, most, BBOTS_COST_SCALE);
        fputs(" USD", out);
    }
    fprintf(out,
            "</p><svg class=chart viewBox=\"0 0 %d %d\" preserveAspectRatio=none role=img "
            "aria-label=\"%s\">",
            CHART_WIDTH, CHART_HEIGHT, title);
    for (size_t i = 0; i < count; i++) {
        double top = CHART_HEIGHT;
        for (unsigned p = 0; p < BBOTS_COST_SOURCES; p++) {
            double height = (double)bars[i].parts[p] / (double)most * CHART_HEIGHT;
            if (height > 0) {
                top -= height;
                fprintf(out,
                        "<rect class=c%u x=%.2f y=%.2f width=%.2f height=%.2f><title>%s %s</title>"
                        "</rect>",
                        p, step * (double)i, top, step * 0.86, height, bars[i].name, providers[p]);
            }
        }
    }
    fputs("</svg>", out);
    if (count > 0) {
        fprintf(out, "<p class=\"dim ends\"><span>%s</span><span>%s</span></p>", bars[0].name,
                bars[count - 1].name);
    }
}

static void put_bar_table(FILE *out, const char *first, const bar *bars, size_t count)
{
    fprintf(out, "<details><summary>The numbers, in USD</summary><table><tr><th>%s", first);
    for (unsigned p = 0; p < BBOTS_COST_SOURCES; p++) {
        fprintf(out, "<th>%s", providers[p]);
    }
    fputs("<th>total</tr>", out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "<tr><td>%s", bars[i].name);
        for (unsigned p = 0; p < BBOTS_COST_SOURCES; p++) {
            fputs("<td>", out);
            put_amount(out, bars[i].parts[p], BBOTS_COST_SCALE);
        }
        fputs("<td>", out);
        put_amount(out, bars[i].total, BBOTS_COST_SCALE);
        fputs("</tr>", out);
    }
    fputs("</table></details>", out);
}

static void fill_bar(bar *made, const bbots_cost_group *group)
{
    snprintf(made->name, sizeof made->name, "%.39s", name_of(group));
    made->number = group->number;
    made->total = group->sums.total;
    memcpy(made->parts, group->sums.cost, sizeof made->parts);
}

static int put_days(page *of)
{
    bbots_cost_question by_day = of->question;
    bbots_cost_answer *answer;
    by_day.by = BBOTS_COST_BY_DAY;
    int rc = ask(of, &by_day, &answer);
    if (rc != BBOTS_OK) {
        return rc;
    }
    size_t count = bbots_cost_answer_count(answer);
    bar *bars = calloc(count + 1, sizeof *bars);
    for (size_t i = 0; i < count && bars != NULL; i++) {
        fill_bar(&bars[i], bbots_cost_answer_group(answer, i));
    }
    if (bars != NULL) {
        fputs("<h2>Spend a day, by provider</h2><p class=dim>USD; days without costs are left "
              "out</p>",
              of->out);
        put_legend(of->out);
        put_bars(of->out, "Spend a day in USD, stacked by provider", bars, count);
        put_bar_table(of->out, "day", bars, count);
    }
    free(bars);
    bbots_cost_answer_free(answer);
    return BBOTS_OK;
}

/* The 24 hours of the day, all days together. */
static int put_hours(page *of)
{
    bbots_cost_question by_hour = of->question;
    bbots_cost_answer *answer;
    bar bars[24];
    memset(bars, 0, sizeof bars);
    by_hour.by = BBOTS_COST_BY_HOUR;
    int rc = ask(of, &by_hour, &answer);
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (unsigned h = 0; h < 24; h++) {
        snprintf(bars[h].name, sizeof bars[h].name, "%02u:00", h);
    }
    for (size_t i = 0; i < bbots_cost_answer_count(answer); i++) {
        const bbots_cost_group *group = bbots_cost_answer_group(answer, i);
        unsigned hour = (unsigned)strtoul(name_of(group) + 11, NULL, 10) % 24;
        bars[hour].total += group->sums.total;
        for (unsigned p = 0; p < BBOTS_COST_SOURCES; p++) {
            bars[hour].parts[p] += group->sums.cost[p];
        }
    }
    bbots_cost_answer_free(answer);
    fputs("<h2>Spend by hour of the day</h2><p class=dim>USD, all days together</p>", of->out);
    put_legend(of->out);
    put_bars(of->out, "Spend by hour of the day in USD", bars, 24);
    put_bar_table(of->out, "hour", bars, 24);
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ lists */

static int put_list(page *of, bbots_cost_by by, const char *title, const char *first,
                    uint32_t limit)
{
    bbots_cost_question question = of->question;
    bbots_cost_answer *answer;
    question.by = by;
    question.costs_first = true;
    question.limit = limit;
    int rc = ask(of, &question, &answer);
    if (rc != BBOTS_OK) {
        return rc;
    }
    int64_t most = 1;
    size_t count = bbots_cost_answer_count(answer);
    fprintf(of->out, "<h2>%s</h2><p class=dim>", title);
    if (count == 0) {
        fputs("nothing was spent</p>", of->out);
    } else {
        fprintf(of->out, "USD; a bar is the share of the greatest%s</p>",
                count == limit ? ", and those that cost less may be left out" : "");
    }
    for (size_t i = 0; i < count; i++) {
        int64_t total = bbots_cost_answer_group(answer, i)->sums.total;
        most = total > most ? total : most;
    }
    fprintf(of->out, "<div class=chart role=img aria-label=\"%s\">", title);
    for (size_t i = 0; i < count; i++) {
        const bbots_cost_group *group = bbots_cost_answer_group(answer, i);
        double share = group->sums.total > 0 ? (double)group->sums.total / (double)most : 0;
        fputs("<p class=\"dim ends\"><span>", of->out);
        put_escaped(of->out, name_of(group));
        fputs("</span><span>", of->out);
        put_amount(of->out, group->sums.total, BBOTS_COST_SCALE);
        fprintf(of->out, "</span></p><div class=bar><i class=c1 style=\"width:%.2f%%\"></i></div>",
                share * 100);
    }
    fprintf(of->out,
            "</div><details><summary>The numbers</summary><table><tr><th>%s<th>USD<th>costs<th>"
            "tokens</tr>",
            first);
    for (size_t i = 0; i < count; i++) {
        const bbots_cost_group *group = bbots_cost_answer_group(answer, i);
        int64_t costs = 0;
        for (unsigned p = 0; p < BBOTS_COST_SOURCES; p++) {
            costs += group->sums.count[p];
        }
        fputs("<tr><td>", of->out);
        put_escaped(of->out, name_of(group));
        fputs("<td>", of->out);
        put_amount(of->out, group->sums.total, BBOTS_COST_SCALE);
        fprintf(of->out, "<td>%" PRId64 "<td>%" PRId64 "</tr>", costs, group->sums.tokens);
    }
    fputs("</table></details>", of->out);
    bbots_cost_answer_free(answer);
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ overview, forecast, budget */

static int put_overview(page *of)
{
    bbots_cost_answer *answer;
    bbots_cost_forecast forecast;
    int rc = ask(of, &of->question, &answer);
    if (rc == BBOTS_OK) {
        bbots_cost_sums sums = *bbots_cost_answer_sums(answer);
        bbots_cost_answer_free(answer);
        fputs("<div class=tiles>", of->out);
        put_tile(of->out, "Total", sums.total, BBOTS_COST_SCALE, "USD");
        for (unsigned i = 0; i < BBOTS_COST_SOURCES; i++) {
            put_tile(of->out, providers[i], sums.cost[i], BBOTS_COST_SCALE, "USD");
        }
        put_tile(of->out, "Tokens", sums.tokens, 0, "tokens");
        put_tile(of->out, "Cache hit ratio", (bbots_cost_cache_hits(&sums) + 50) / 100, 2,
                 "% of tokens sent");
        rc = bbots_cost_forecast_of(of->in->txn, of->question.user_id, of->question.zone, of->now,
                                    &forecast, &of->error);
    }
    if (rc == BBOTS_OK) {
        char resting[64];
        snprintf(resting, sizeof resting, "USD, from %d of %d days", forecast.days,
                 forecast.days_of_month);
        put_tile(of->out, "Month's forecast", forecast.month, BBOTS_COST_SCALE, resting);
        fputs("</div>", of->out);
    }
    return rc;
}

static void put_gauge(FILE *out, const char *name, const bbots_budget_state *state)
{
    double share = state->budget > 0  ? (double)state->spend / (double)state->budget * 100
                   : state->spend > 0 ? 100
                                      : 0;
    fprintf(out, "<p>%s: ", name);
    put_amount(out, state->spend, BBOTS_BUDGET_SCALE);
    fputs(" of ", out);
    put_amount(out, state->budget, BBOTS_BUDGET_SCALE);
    fprintf(out, "%s</p><div class=gauge><i class=c%d style=\"width:%.1f%%\"></i></div>",
            state->over    ? ", over"
            : state->alert ? ", alert"
                           : "",
            state->alert || state->over ? 0 : 2,
            share > 100 ? 100
            : share < 0 ? 0
                        : share);
}

static void put_gauge_row(FILE *out, const char *name, const bbots_budget_state *state)
{
    char resets[BBOTS_TIMESTAMP_TEXT_MAX];
    const int64_t amounts[] = {state->budget, state->spend, state->reserved, state->remaining,
                               state->projected};
    bbots_timestamp_print(state->to, false, BBOTS_TIMESTAMP_POSTGRES, resets);
    fprintf(out, "<tr><td>%s", name);
    for (unsigned i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        fputs("<td>", out);
        put_amount(out, amounts[i], BBOTS_BUDGET_SCALE);
    }
    fprintf(out, "<td>%s</tr>", resets);
}

static int put_budget(page *of)
{
    static const char *const names[] = {"day", "week", "month"};
    bbots_budget_status status;
    if (of->question.user_id == 0) {
        return BBOTS_OK;
    }
    int rc =
        bbots_budget_status_of(of->in->txn, of->question.user_id, of->now, &status, &of->error);
    if (rc != BBOTS_OK || !status.has_budget) {
        return rc;
    }
    fputs("<h2>Budget</h2><p class=dim>USD, spend of the running period</p>"
          "<div class=chart role=img aria-label=\"Spend of each budget\">",
          of->out);
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS; i++) {
        if (status.periods[i].budget != BBOTS_BUDGET_UNLIMITED) {
            put_gauge(of->out, names[i], &status.periods[i]);
        }
    }
    fputs("</div><details><summary>The numbers, in USD</summary><table><tr><th>period<th>budget<th>"
          "spend<th>reserved<th>remaining<th>projected<th>begins anew (UTC)</tr>",
          of->out);
    for (unsigned i = 0; i < BBOTS_BUDGET_PERIODS; i++) {
        if (status.periods[i].budget != BBOTS_BUDGET_UNLIMITED) {
            put_gauge_row(of->out, names[i], &status.periods[i]);
        }
    }
    fputs("</table></details>", of->out);
    return BBOTS_OK;
}

/* Whose costs, of which time. */
static void put_subject(const page *of)
{
    char from[BBOTS_TIMESTAMP_TEXT_MAX];
    char to[BBOTS_TIMESTAMP_TEXT_MAX];
    const bbots_cost_question *question = &of->question;
    if (question->user_id != 0) {
        fprintf(of->out, "User %" PRId64 ". ", question->user_id);
    }
    if (question->from != 0 || question->to != 0) {
        bbots_timestamp_print(question->from, false, BBOTS_TIMESTAMP_POSTGRES, from);
        bbots_timestamp_print(question->to, false, BBOTS_TIMESTAMP_POSTGRES, to);
        fprintf(of->out, "From %s until before %s, UTC. ", from, to);
    } else {
        fputs("Of all times. ", of->out);
    }
    fputs("Days and hours by ", of->out);
    put_escaped(of->out, question->zone != NULL ? question->zone : "UTC");
    fputs(".", of->out);
}

static int put_page(page *of)
{
    fprintf(of->out,
            "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport "
            "content=\"width=device-width,initial-scale=1\"><title>Costs</title>"
            "<link rel=icon href=\"data:,\"><style>%s</style></head><body><h1>Costs</h1><p "
            "class=dim>",
            style);
    put_subject(of);
    fputs("</p>", of->out);
    int rc = put_overview(of);
    rc = rc == BBOTS_OK ? put_budget(of) : rc;
    rc = rc == BBOTS_OK ? put_days(of) : rc;
    rc = rc == BBOTS_OK ? put_list(of, BBOTS_COST_BY_MODEL, "Spend by model", "model", 20) : rc;
    rc = rc == BBOTS_OK ? put_hours(of) : rc;
    rc = rc == BBOTS_OK
             ? put_list(of, BBOTS_COST_BY_EXECUTION, "Executions that cost most", "execution", 10)
             : rc;
    fputs("</body></html>\n", of->out);
    return rc;
}

/* ------------------------------------------------------------------ the command */

static int write_page(const session *in, page *of, const char *path)
{
    export_file file;
    int code = export_file_open(&file, in->line, path);
    if (code != EXIT_DONE) {
        return code;
    }
    of->in = in;
    of->out = file.out;
    int rc = put_page(of);
    code = export_file_close(&file, rc == BBOTS_OK);
    return rc == BBOTS_OK ? code : library_error(in->line, &of->error);
}

static int run(const command_line *line)
{
    const char *path = NULL;
    const char *user = NULL;
    const char *from = NULL;
    const char *to = NULL;
    const char *at = NULL;
    page of;
    memset(&of, 0, sizeof of);
    const option options[] = {
        {"--output", &path, NULL, NULL}, {"--user", &user, NULL, NULL},
        {"--from", &from, NULL, NULL},   {"--to", &to, NULL, NULL},
        {"--at", &at, NULL, NULL},       {"--tz", &of.question.zone, NULL, NULL},
        {NULL, NULL, NULL, NULL}};
    rest_words rest;
    session in;
    int rc = read_options(line, options, 0, 0, "no words", &rest);
    if (rc == EXIT_DONE && (from == NULL) != (to == NULL)) {
        rc = usage_error(line, "--from and --to belong together");
    }
    if (rc == EXIT_DONE && user != NULL) {
        rc = read_id(line, "--user", user, &of.question.user_id);
    }
    rc = rc == EXIT_DONE && from != NULL ? read_time(line, "--from", from, &of.question.from) : rc;
    rc = rc == EXIT_DONE && to != NULL ? read_time(line, "--to", to, &of.question.to) : rc;
    rc = rc == EXIT_DONE && at != NULL ? read_time(line, "--at", at, &of.now) : rc;
    if (rc == EXIT_DONE) {
        rc = session_open(line, &in);
    }
    if (rc == EXIT_DONE) {
        rc = write_page(&in, &of, path);
        session_close(&in);
    }
    return rc;
}

const command command_report = {
    "report", "what was spent, as a page for a browser",
    "Usage: bbots-inspect FILE report [-o FILE.html] [--user ID] [--from T --to T] [--tz ZONE]\n"
    "                                 [--at T]\n"
    "\n"
    "One HTML page that needs nothing else: totals, forecast, budget, spend by day, model, hour\n"
    "and execution, each with its numbers in a table. --at is the present for forecast and\n"
    "budget. Without -o the page goes to standard output.\n",
    run};
