/* tests/ledger/mirror.c - what there is, and what follows from it by going through all of it. */
#include "ledger.h"

#define WEEK (7 * DAY)

const bbots_table *const sources[BBOTS_COST_SOURCES] = {
    &bbots_api_token_usage_table, &bbots_gemini_token_usage_table, &bbots_browserbase_costs_table,
    &bbots_storage_costs_table};
const char *const model_names[MODELS] = {"m1", "m2", "g1", "g2"};
const char *const prompt_types[3] = {"observation", "system", "task"};
const char *const statuses[3] = {"active", "completed", "failed"};
const char *const stores[3] = {"gcs", "r2", "s3"};
const char *const operations[4] = {"delete", "download", "list", "upload"};

void mirror_copy(mirror *to, const mirror *from)
{
    memcpy(to, from, offsetof(mirror, rows) + from->count * sizeof *from->rows);
}

void mirror_begin(mirror *made)
{
    static const int64_t first[4] = {30000, 150000, 37500, 3000};
    memset(made, 0, sizeof *made);
    made->now = BEGIN_TIME;
    for (unsigned m = 0; m < MODELS; m++) {
        made->prices[m][0].there = true;
        memcpy(made->prices[m][0].price, first, sizeof first);
    }
}

cost *mirror_find(mirror *of, unsigned source, int64_t id)
{
    for (unsigned i = 0; i < of->count; i++) {
        if (of->rows[i].id == id && of->rows[i].source == source) {
            return &of->rows[i];
        }
    }
    return NULL;
}

cost *mirror_named(mirror *of, unsigned source, int name)
{
    cost *first = NULL;
    for (unsigned i = 0; i < of->count; i++) {
        cost *row = &of->rows[i];
        if (row->name == name && row->source == source && (first == NULL || row->id < first->id)) {
            first = row;
        }
    }
    return first;
}

void mirror_add(mirror *of, const cost *row)
{
    of->rows[of->count++] = *row;
}

void mirror_remove(mirror *of, const cost *row)
{
    of->rows[row - of->rows] = of->rows[--of->count];
}

/* ------------------------------------------------------------------ numbers */

int64_t rounded(wide number, wide by)
{
    return (int64_t)((number + (number < 0 ? -by : by) / 2) / by);
}

void sums_add(bbots_cost_sums *to, const bbots_cost_sums *from)
{
    int64_t *into = (int64_t *)to;
    const int64_t *part = (const int64_t *)from;
    for (size_t i = 0; i < sizeof *to / sizeof *into; i++) {
        into[i] += part[i];
    }
}

unsigned scale_of(unsigned source)
{
    return source == BBOTS_COST_CLAUDE || source == BBOTS_COST_BROWSER ? 4 : 6;
}

void cost_set_total(cost *row, int64_t total)
{
    row->sums.count[row->source] = 1;
    row->sums.cost[row->source] = row->sums.total = total * (scale_of(row->source) == 4 ? 100 : 1);
}

int64_t cost_total(const cost *row)
{
    return row->sums.total / (scale_of(row->source) == 4 ? 100 : 1);
}

/* ------------------------------------------------------------------ prices */

static const entry *entry_in_force(const mirror *of, const cost *row)
{
    const bbots_cost_sums *sums = &row->sums;
    const entry *best = NULL;
    int64_t context = sums->input_tokens + sums->cache_creation_tokens + sums->cache_read_tokens;
    for (unsigned i = 0; i < ENTRIES; i++) {
        const entry *one = &of->prices[row->by.model][i];
        bool begun = one->day == 0 || BEGIN_TIME + one->day * DAY <= row->time;
        if (!one->there || !begun || (one->above != 0 && one->above >= context)) {
            continue;
        }
        if (best == NULL || one->day > best->day ||
            (one->day == best->day && one->above > best->above)) {
            best = one;
        }
    }
    return best;
}

void price_call(const mirror *of, cost *row)
{
    const entry *by = entry_in_force(of, row);
    wide input = (wide)row->sums.input_tokens * by->price[0];
    wide output = (wide)row->sums.output_tokens * by->price[1];
    wide cache = (wide)row->sums.cache_creation_tokens * by->price[2] +
                 (wide)row->sums.cache_read_tokens * by->price[3];
    wide by_scale = scale_of(row->source) == 4 ? 1000000 : 10000;
    row->parts[0] = rounded(input, by_scale);
    row->parts[1] = rounded(output, by_scale);
    row->parts[2] = rounded(cache, by_scale);
    row->noted = true;
    cost_set_total(row, rounded(input + output + cache, by_scale));
}

static size_t print_entry(const entry *one, char *text)
{
    static const char *const names[] = {"input", "output", "cacheWrite", "cacheRead"};
    size_t size = (size_t)sprintf(text, "{");
    if (one->day != 0) {
        char from[BBOTS_TIMESTAMP_TEXT_MAX];
        bbots_timestamp_print(BEGIN_TIME + one->day * DAY, false, BBOTS_TIMESTAMP_ISO, from);
        size += (size_t)sprintf(text + size, "\"from\": \"%.10s\", ", from);
    }
    if (one->above != 0) {
        size += (size_t)sprintf(text + size, "\"above\": %lld, ", (long long)one->above);
    }
    for (unsigned p = 0; p < 4; p++) {
        size +=
            (size_t)sprintf(text + size, "%s\"%s\": \"%lld.%04lld\"", p != 0 ? ", " : "", names[p],
                            (long long)(one->price[p] / 10000), (long long)(one->price[p] % 10000));
    }
    return size + (size_t)sprintf(text + size, "}");
}

void print_prices(const mirror *of, unsigned source, char *text)
{
    unsigned first = source == BBOTS_COST_CLAUDE ? 0 : MODELS / 2;
    size_t size = (size_t)sprintf(text, "{\"provider\": \"%s\", \"models\": [",
                                  first == 0 ? "anthropic" : "google");
    for (unsigned m = first; m < first + MODELS / 2; m++) {
        const char *comma = "";
        size += (size_t)sprintf(text + size, "%s{\"id\": \"%s\", \"prices\": [",
                                m != first ? ", " : "", model_names[m]);
        for (unsigned i = 0; i < ENTRIES; i++) {
            if (of->prices[m][i].there) {
                size += (size_t)sprintf(text + size, "%s", comma);
                size += print_entry(&of->prices[m][i], text + size);
                comma = ", ";
            }
        }
        size += (size_t)sprintf(text + size, "]}");
    }
    sprintf(text + size, "]}");
}

/* ------------------------------------------------------------------ budgets */

bbots_cost_sums mirror_sums(const mirror *of, int64_t user, int64_t from, int64_t to)
{
    bbots_cost_sums sums;
    memset(&sums, 0, sizeof sums);
    for (unsigned i = 0; i < of->count; i++) {
        const cost *row = &of->rows[i];
        bool inside = (from == 0 && to == 0) || (from <= row->time && row->time < to);
        if (inside && (user == 0 || row->user == user)) {
            sums_add(&sums, &row->sums);
        }
    }
    return sums;
}

/* The same day of a month further on, or that month's last one. Days are counted from 2026-01-01. */
static int64_t month_later(int64_t day, int64_t months)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int month = 0;
    int64_t start = 0;
    while (day - start >= days[month]) {
        start += days[month++];
    }
    int64_t date = day - start;
    for (; months > 0; months--) {
        start += days[month++];
    }
    return start + (date < days[month] ? date : days[month] - 1);
}

static void set_period(const mirror *of, const budget *set, unsigned period,
                       bbots_budget_state *state)
{
    int64_t day = (of->now - BEGIN_TIME) / DAY;
    int64_t begun = (set->begun - BEGIN_TIME) / DAY;
    int64_t from = day;
    int64_t to = day + 1;
    if (period == BBOTS_BUDGET_WEEK) {
        from = begun + (day - begun) / 7 * 7;
        to = from + 7;
    } else if (period == BBOTS_BUDGET_MONTH) {
        int64_t months = 0;
        while (month_later(begun, months + 1) <= day) {
            months++;
        }
        from = month_later(begun, months);
        to = month_later(begun, months + 1);
    }
    state->from = BEGIN_TIME + from * DAY;
    state->to = BEGIN_TIME + to * DAY;
}

static int64_t reserved_of(const mirror *of, int64_t user)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < OPEN_MAX; i++) {
        const reservation *one = &of->reservations[user][i];
        sum += one->open && one->expires > of->now ? one->amount : 0;
    }
    return sum;
}

static void judge(const mirror *of, const budget *set, int64_t spent, bbots_budget_state *state,
                  bbots_budget_status *status)
{
    int64_t passed = of->now - state->from;
    state->spend = rounded(spent, 100);
    state->projected = state->spend;
    if (passed > 0) {
        state->projected = (int64_t)((wide)state->spend * (state->to - state->from) / passed);
    }
    state->remaining = BBOTS_BUDGET_UNLIMITED;
    if (state->budget == BBOTS_BUDGET_UNLIMITED) {
        return;
    }
    state->over = spent > state->budget * 100;
    state->alert = (wide)spent >= (wide)state->budget * set->threshold;
    state->remaining = state->budget > state->spend ? state->budget - state->spend : 0;
    if (state->over) {
        status->verdict = set->auto_stop ? BBOTS_BUDGET_STOP : BBOTS_BUDGET_OVER;
    } else if (state->alert && status->verdict == BBOTS_BUDGET_WITHIN) {
        status->verdict = BBOTS_BUDGET_ALERT;
    }
}

bbots_budget_status mirror_budget(const mirror *of, int64_t user)
{
    const budget *set = &of->budgets[user];
    bbots_budget_status status;
    memset(&status, 0, sizeof status);
    if (!set->there) {
        return status;
    }
    status.has_budget = set->active;
    status.auto_stop = set->auto_stop;
    status.alert_threshold = set->threshold;
    status.verdict = BBOTS_BUDGET_WITHIN;
    for (unsigned p = 0; p < BBOTS_BUDGET_PERIODS; p++) {
        bbots_budget_state *state = &status.periods[p];
        state->budget = set->limits[p];
        state->reserved = reserved_of(of, user);
        set_period(of, set, p, state);
        judge(of, set, mirror_sums(of, user, state->from, state->to).total, state, &status);
    }
    status.stop = status.verdict == BBOTS_BUDGET_STOP;
    if (!set->active) {
        status.verdict = BBOTS_BUDGET_NONE;
        status.stop = false;
    }
    return status;
}
