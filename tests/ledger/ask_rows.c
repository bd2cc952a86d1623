/* tests/ledger/ask_rows.c - rows, and rows that follow from them, against the mirror. */
#include "ask.h"

static int64_t number_at(const bbots_row *row, const char *name)
{
    bbots_value value = row_at(row, name);
    return value.kind != BBOTS_NULL ? value.integer : 0;
}

static int8_t label_at(const bbots_row *row, const char *name, const char *const *names,
                       unsigned count)
{
    bbots_value value = row_at(row, name);
    for (unsigned i = 0; value.kind != BBOTS_NULL && i < count; i++) {
        if (value.size == strlen(names[i]) && memcmp(value.data, names[i], value.size) == 0) {
            return (int8_t)i;
        }
    }
    return -1;
}

/* ------------------------------------------------------------------ costs */

static void read_call(const bbots_row *row, cost *into)
{
    bbots_cost_sums *sums = &into->sums;
    into->by.model = label_at(row, "model", model_names, MODELS);
    into->by.prompt_type = label_at(row, "promptType", prompt_types, COUNT(prompt_types));
    into->parts[0] = number_at(row, "inputCost");
    into->parts[1] = number_at(row, "outputCost");
    sums->tokens = number_at(row, "totalTokens");
    sums->input_tokens = number_at(row, "inputTokens");
    sums->output_tokens = number_at(row, "outputTokens");
    if (into->source == BBOTS_COST_CLAUDE) {
        into->parts[2] = number_at(row, "cacheCost");
        sums->cache_creation_tokens = number_at(row, "cacheCreationTokens");
        sums->cache_read_tokens = number_at(row, "cacheReadTokens");
    }
}

static void read_cost(unsigned source, const bbots_row *row, cost *into)
{
    bbots_cost_sums *sums = &into->sums;
    memset(into, 0, sizeof *into);
    into->source = source;
    into->by = (labels){-1, -1, -1, -1, -1};
    into->id = number_at(row, "id");
    into->user = number_at(row, "userId");
    into->execution = number_at(row, "executionId");
    into->time = number_at(row, "createdAt");
    if (source <= BBOTS_COST_GEMINI) {
        read_call(row, into);
    } else if (source == BBOTS_COST_BROWSER) {
        into->by.status = label_at(row, "status", statuses, COUNT(statuses));
        sums->duration_ms = number_at(row, "durationMs");
        sums->minutes = number_at(row, "durationMinutes");
        sums->recording_cost = number_at(row, "recordingCost");
        sums->screenshots = number_at(row, "screenshotCount");
        sums->screenshot_cost = number_at(row, "screenshotCost");
    } else {
        into->by.store = label_at(row, "provider", stores, COUNT(stores));
        into->by.operation = label_at(row, "operationType", operations, COUNT(operations));
        sums->bytes = number_at(row, "sizeBytes");
        sums->mb = number_at(row, "sizeMb");
    }
    cost_set_total(into, number_at(row, "totalCost"));
}

void read_rows(actor *of, bbots_txn *txn, mirror *into)
{
    into->count = 0;
    for (unsigned source = 0; source < BBOTS_COST_SOURCES; source++) {
        bbots_cursor *cursor;
        bbots_row row;
        int rc;
        must(of, bbots_cursor_open(txn, sources[source], 0, NULL, &cursor, &of->error), BBOTS_OK);
        while ((rc = bbots_cursor_next(cursor, &row, &of->error)) == BBOTS_OK) {
            if (into->count == ROWS_MAX) {
                broken(of->all, "there are more rows than were ever made");
            }
            read_cost(source, &row, &into->rows[into->count++]);
        }
        must_be(of, rc, BBOTS_END, "reading rows");
        bbots_cursor_close(cursor);
    }
}

static void compare_costs(actor *of, bbots_txn *txn)
{
    mirror *stored = of->at_savepoint;
    read_rows(of, txn, stored);
    if (stored->count != of->all->now.count) {
        broken(of->all, "there are %u rows instead of %u", stored->count, of->all->now.count);
    }
    for (unsigned i = 0; i < stored->count; i++) {
        const cost *row = &stored->rows[i];
        const cost *wanted = mirror_find(&of->all->now, row->source, row->id);
        cost same = wanted != NULL ? *wanted : (cost){0};
        same.noted = false;
        same.name = 0;
        if (wanted == NULL || memcmp(&same, row, sizeof same) != 0) {
            broken(of->all, "row %lld of source %u is not as it should be", (long long)row->id,
                   row->source);
        }
    }
}

/* ------------------------------------------------------------------ the days' summaries */

/* amount at BBOTS_COST_SCALE, with as many digits as its source has. */
static size_t print_member(char *text, size_t size, const char *name, int64_t amount,
                           unsigned digits)
{
    int64_t part = digits == 4 ? 10000 : 1000000;
    int64_t number = llabs(amount) / (1000000 / part);
    return (size_t)sprintf(text + size, "%s\"%s\": %s%lld.%0*lld", size > 1 ? ", " : "", name,
                           amount < 0 ? "-" : "", (long long)(number / part), (int)digits,
                           (long long)(number % part));
}

/* The two objects of names and amounts, in the order of jsonb: shorter names first. */
static void print_objects(const mirror *of, int64_t user, int64_t day, char *models,
                          char *providers)
{
    static const struct {
        const char *name;
        unsigned source;
    } order[] = {{"google", 1}, {"storage", 3}, {"anthropic", 0}, {"browserbase", 2}};
    static const uint8_t model_order[MODELS] = {2, 3, 0, 1};
    bbots_cost_sums sums = mirror_sums(of, user, day, day + DAY);
    int64_t by_model[MODELS] = {0};
    bool there[MODELS] = {false};
    size_t size = (size_t)sprintf(models, "{");
    for (unsigned i = 0; i < of->count; i++) {
        const cost *row = &of->rows[i];
        if (row->by.model >= 0 && row->user == user && row->time >= day && row->time < day + DAY) {
            by_model[row->by.model] += row->sums.total;
            there[row->by.model] = true;
        }
    }
    for (unsigned m = 0; m < MODELS; m++) {
        unsigned model = model_order[m];
        size +=
            there[model] ? print_member(models, size, model_names[model], by_model[model], 6) : 0;
    }
    sprintf(models + size, "}");
    size = (size_t)sprintf(providers, "{");
    for (unsigned p = 0; p < COUNT(order); p++) {
        if (sums.count[order[p].source] != 0) {
            size += print_member(providers, size, order[p].name, sums.cost[order[p].source],
                                 scale_of(order[p].source));
        }
    }
    sprintf(providers + size, "}");
}

static void compare_object(actor *of, const bbots_row *row, const char *name, const char *wanted)
{
    bbots_value value = row_at(row, name);
    char *text;
    size_t size;
    must(of,
         bbots_json_print((bbots_json){value.data, value.size, BBOTS_JSON_PACKED}, &text, &size,
                          &of->error),
         BBOTS_OK);
    if (strcmp(text, wanted) != 0) {
        broken(of->all, "%s is %s instead of %s", name, text, wanted);
    }
    free(text);
}

/* Returns how many costs a summary is about. */
static int64_t compare_summary(actor *of, const bbots_row *row)
{
    const mirror *now = &of->all->now;
    int64_t user = number_at(row, "userId");
    int64_t day = number_at(row, "date");
    bbots_cost_sums sums = mirror_sums(now, user, day, day + DAY);
    bbots_cost_sums claude = {.count = {0}};
    char models[200];
    char providers[200];
    for (unsigned i = 0; i < now->count; i++) {
        const cost *one = &now->rows[i];
        if (one->source == BBOTS_COST_CLAUDE && one->user == user && one->time >= day &&
            one->time < day + DAY) {
            sums_add(&claude, &one->sums);
        }
    }
    const struct {
        const char *name;
        int64_t wanted;
    } columns[] = {
        {"totalApiCalls", sums.count[0]},
        {"totalGeminiCalls", sums.count[1]},
        {"totalSessions", sums.count[2]},
        {"totalStorageOperations", sums.count[3]},
        {"apiCostUsd", sums.cost[0] / 100},
        {"geminiCostUsd", sums.cost[1]},
        {"browserbaseCostUsd", sums.cost[2] / 100},
        {"storageCostUsd", sums.cost[3]},
        {"totalCostUsd", rounded(sums.total, 100)},
        {"totalInputTokens", claude.input_tokens},
        {"totalOutputTokens", claude.output_tokens},
        {"totalCacheTokens", claude.cache_creation_tokens + claude.cache_read_tokens},
        {"totalGeminiInputTokens", sums.input_tokens - claude.input_tokens},
        {"totalGeminiOutputTokens", sums.output_tokens - claude.output_tokens},
        {"totalSessionMinutes", sums.minutes},
        {"totalStorageMb", sums.mb},
    };
    for (size_t i = 0; i < COUNT(columns); i++) {
        if (number_at(row, columns[i].name) != columns[i].wanted) {
            broken(of->all, "%s of user %lld is %lld instead of %lld", columns[i].name,
                   (long long)user, (long long)number_at(row, columns[i].name),
                   (long long)columns[i].wanted);
        }
    }
    print_objects(now, user, day, models, providers);
    compare_object(of, row, "costByModel", models);
    compare_object(of, row, "costByProvider", providers);
    return sums.count[0] + sums.count[1] + sums.count[2] + sums.count[3];
}

static void compare_summaries(actor *of, bbots_txn *txn)
{
    bbots_cursor *cursor;
    bbots_row row;
    int64_t found = 0;
    int rc;
    must(of,
         bbots_cursor_open(txn, &bbots_daily_cost_summaries_table, 0, NULL, &cursor, &of->error),
         BBOTS_OK);
    while ((rc = bbots_cursor_next(cursor, &row, &of->error)) == BBOTS_OK) {
        int64_t costs = compare_summary(of, &row);
        if (costs == 0) {
            broken(of->all, "a day without costs has a summary");
        }
        found += costs;
    }
    must_be(of, rc, BBOTS_END, "reading summaries");
    bbots_cursor_close(cursor);
    if (found != of->all->now.count) {
        broken(of->all, "summaries are of %lld costs, there are %u", (long long)found,
               of->all->now.count);
    }
}

/* ------------------------------------------------------------------ budgets, credits */

void compare_budget(actor *of, bbots_txn *txn, int64_t user)
{
    bbots_budget_status wanted = mirror_budget(&of->all->now, user);
    bbots_budget_status got;
    must(of, bbots_budget_status_of(txn, user, of->all->now.now, &got, &of->error), BBOTS_OK);
    if (got.has_budget != wanted.has_budget || got.stop != wanted.stop ||
        got.verdict != wanted.verdict) {
        broken(of->all, "user %lld stands at verdict %d instead of %d", (long long)user,
               (int)got.verdict, (int)wanted.verdict);
    }
    for (unsigned p = 0; of->all->now.budgets[user].there && p < BBOTS_BUDGET_PERIODS; p++) {
        const bbots_budget_state *one = &got.periods[p];
        const bbots_budget_state *two = &wanted.periods[p];
        if (one->budget != two->budget || one->spend != two->spend ||
            one->reserved != two->reserved || one->remaining != two->remaining ||
            one->projected != two->projected || one->from != two->from || one->to != two->to ||
            one->over != two->over || one->alert != two->alert) {
            broken(of->all,
                   "period %u of user %lld: spent %lld, reserved %lld, projected %lld; it should "
                   "be %lld, %lld, %lld",
                   p, (long long)user, (long long)one->spend, (long long)one->reserved,
                   (long long)one->projected, (long long)two->spend, (long long)two->reserved,
                   (long long)two->projected);
        }
    }
}

/* The copies in the row of a budget: of the periods that the row has. */
static void compare_copies(actor *of, const bbots_row *row)
{
    int64_t user = number_at(row, "userId");
    mirror *then = of->at_savepoint;
    mirror_copy(then, &of->all->now);
    then->now = number_at(row, "dailyPeriodStart");
    bbots_budget_status wanted = mirror_budget(then, user);
    if (number_at(row, "currentDailySpend") != wanted.periods[0].spend ||
        number_at(row, "currentWeeklySpend") != wanted.periods[1].spend ||
        number_at(row, "currentMonthlySpend") != wanted.periods[2].spend ||
        number_at(row, "weeklyPeriodStart") != wanted.periods[1].from ||
        number_at(row, "monthlyPeriodStart") != wanted.periods[2].from) {
        broken(of->all, "the row of user %lld's budget says something else than its costs",
               (long long)user);
    }
}

static void compare_budgets(actor *of, bbots_txn *txn)
{
    const bbots_table *table = &bbots_cost_budgets_table;
    for (int64_t user = 1; user <= USERS; user++) {
        bool there = of->all->now.budgets[user].there;
        bbots_value key = integer(user);
        bbots_row row;
        must(of,
             bbots_get(txn, table, index_of(table, "cost_budgets_userId_key"), &key, &row,
                       &of->error),
             there ? BBOTS_OK : BBOTS_NOT_FOUND);
        if (there) {
            compare_copies(of, &row);
        }
    }
}

static void compare_credits(actor *of, bbots_txn *txn)
{
    static const char *const types[] = {"calling", "scraping"};
    for (unsigned place = 0; place < 2 * HOLDERS; place++) {
        bbots_credits got;
        must(of,
             bbots_credits_balance(txn, FIRST_HOLDER + place / 2, bbots_text_of(types[place % 2]),
                                   &got, &of->error),
             BBOTS_OK);
        if (memcmp(&got, &of->all->now.credits[place / 2][place % 2], sizeof got) != 0) {
            broken(of->all, "holder %u has %lld credits", place / 2, (long long)got.balance);
        }
    }
}

void compare_rows(actor *of, bbots_txn *txn)
{
    compare_costs(of, txn);
    compare_summaries(of, txn);
    compare_budgets(of, txn);
    compare_credits(of, txn);
}
