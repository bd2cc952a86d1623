/* tests/ledger/ask.c - questions about costs, and their answers by going through all rows. */
#include "ask.h"

#define GROUPS_MAX 3000

typedef struct group {
    int64_t number;   /* a time, a user, an execution */
    const char *name; /* of a label or a provider; NULL: null */
    bbots_cost_sums sums;
} group;

typedef struct expected {
    bbots_cost_sums sums;
    size_t count;
    group groups[GROUPS_MAX];
} expected;

/* ------------------------------------------------------------------ clocks, by hand */

typedef struct clock_zone {
    const char *name;
    int64_t before; /* hours times two from UTC until the clocks are changed */
    int64_t change;
    int64_t after;
} clock_zone;

/* All times are within 2026 and before October. */
static const clock_zone zones[] = {
    {NULL, 0, 0, 0},
    {"UTC", 0, 0, 0},
    {"Europe/Berlin", 2, BEGIN_TIME + 87 * DAY + 1 * HOUR, 4},
    {"America/New_York", -10, BEGIN_TIME + 66 * DAY + 7 * HOUR, -8},
    {"Asia/Kolkata", 11, 0, 11},
    {"+05:30", 11, 0, 11},
    {"-8", -16, 0, -16},
};

static int64_t offset_at(const clock_zone *zone, int64_t time)
{
    return (time < zone->change ? zone->before : zone->after) * HOUR / 2;
}

static int64_t floor_to(int64_t number, int64_t step)
{
    int64_t rest = number % step;
    return number - (rest < 0 ? rest + step : rest);
}

/* The local day on which a unit begins; days are counted from 2026-01-01, a Thursday. */
static int64_t unit_day(int64_t day, bbots_cost_by by)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30};
    int64_t start = -31;
    if (by == BBOTS_COST_BY_WEEK) {
        return floor_to(day + 3, 7) - 3;
    }
    if (by == BBOTS_COST_BY_MONTH) {
        for (unsigned m = 0; start + (start < 0 ? 31 : days[m - 1]) <= day; m++) {
            start += start < 0 ? 31 : days[m - 1];
        }
        return start;
    }
    return day;
}

/* The moment at which a unit of a zone's calendar begins. */
static int64_t unit_start(const clock_zone *zone, int64_t time, bbots_cost_by by)
{
    int64_t local = time + offset_at(zone, time);
    if (by == BBOTS_COST_BY_HOUR) {
        return floor_to(local, HOUR) - offset_at(zone, time);
    }
    int64_t day = floor_to(local - BEGIN_TIME, DAY) / DAY;
    int64_t start = BEGIN_TIME + unit_day(day, by) * DAY;
    return start - offset_at(zone, start - offset_at(zone, time));
}

/* ------------------------------------------------------------------ by all rows */

/* The group of a row; false when it has none. */
static bool group_of(const bbots_cost_question *question, const clock_zone *zone, const cost *row,
                     group *of)
{
    static const char *const providers[] = {"anthropic", "google", "browserbase", "storage"};
    const char *const *names = NULL;
    int number = -1;
    of->number = 0;
    of->name = NULL;
    switch (question->by) {
    case BBOTS_COST_BY_NOTHING:
        return false;
    case BBOTS_COST_BY_PROVIDER:
        of->name = providers[row->source];
        return true;
    case BBOTS_COST_BY_USER:
        of->number = row->user;
        return true;
    case BBOTS_COST_BY_EXECUTION:
        of->number = row->execution;
        return row->execution != 0;
    case BBOTS_COST_BY_MODEL:
        names = model_names;
        number = row->by.model;
        break;
    case BBOTS_COST_BY_PROMPT_TYPE:
        of->name = row->by.prompt_type >= 0 ? prompt_types[row->by.prompt_type] : NULL;
        return row->source <= BBOTS_COST_GEMINI;
    case BBOTS_COST_BY_STATUS:
        names = statuses;
        number = row->by.status;
        break;
    case BBOTS_COST_BY_STORE:
        names = stores;
        number = row->by.store;
        break;
    case BBOTS_COST_BY_OPERATION:
        names = operations;
        number = row->by.operation;
        break;
    default:
        of->number = unit_start(zone, row->time, question->by);
        return true;
    }
    of->name = number >= 0 ? names[number] : NULL;
    return number >= 0;
}

static bool is_asked(const bbots_cost_question *question, const cost *row)
{
    bool always = question->from == 0 && question->to == 0;
    return (question->user_id == 0 || question->user_id == row->user) &&
           (question->sources == 0 || (question->sources >> row->source & 1) != 0) &&
           (always || (question->from <= row->time && row->time < question->to));
}

static group *find_group(expected *all, const group *like)
{
    for (size_t i = all->count; i-- != 0;) {
        group *one = &all->groups[i];
        if (one->number == like->number && one->name == like->name) {
            return one;
        }
    }
    group *made = &all->groups[all->count++];
    memset(made, 0, sizeof *made);
    made->number = like->number;
    made->name = like->name;
    return made;
}

static int by_name(const void *a, const void *b)
{
    const group *one = a;
    const group *two = b;
    if (one->number != two->number) {
        return one->number < two->number ? -1 : 1;
    }
    if (one->name == NULL || two->name == NULL) {
        return (one->name == NULL) - (two->name == NULL);
    }
    return strcmp(one->name, two->name);
}

static int by_cost(const void *a, const void *b)
{
    int64_t one = ((const group *)a)->sums.total;
    int64_t two = ((const group *)b)->sums.total;
    return one != two ? (one > two ? -1 : 1) : by_name(a, b);
}

/* Groups of times have counts, costs and tokens; those of executions counts and costs. */
static bbots_cost_sums told_of(const bbots_cost_question *question, const bbots_cost_sums *sums)
{
    bool times = question->by >= BBOTS_COST_BY_HOUR && question->by <= BBOTS_COST_BY_MONTH;
    if (!times && question->by != BBOTS_COST_BY_EXECUTION) {
        return *sums;
    }
    bbots_cost_sums told = {.total = sums->total, .tokens = times ? sums->tokens : 0};
    memcpy(told.count, sums->count, sizeof told.count);
    memcpy(told.cost, sums->cost, sizeof told.cost);
    return told;
}

static void compute(const mirror *of, const bbots_cost_question *question, const clock_zone *zone,
                    expected *all)
{
    memset(&all->sums, 0, sizeof all->sums);
    all->count = 0;
    for (unsigned i = 0; i < of->count; i++) {
        const cost *row = &of->rows[i];
        group like;
        if (is_asked(question, row)) {
            sums_add(&all->sums, &row->sums);
            if (group_of(question, zone, row, &like)) {
                sums_add(&find_group(all, &like)->sums, &row->sums);
            }
        }
    }
    qsort(all->groups, all->count, sizeof *all->groups, question->costs_first ? by_cost : by_name);
}

/* ------------------------------------------------------------------ both answers */

static void compare_groups(actor *of, const bbots_cost_question *question, const expected *all,
                           const bbots_cost_answer *answer)
{
    for (size_t i = 0; i < bbots_cost_answer_count(answer); i++) {
        const bbots_cost_group *got = bbots_cost_answer_group(answer, i);
        const group *wanted = &all->groups[i];
        bbots_cost_sums told = told_of(question, &wanted->sums);
        bool named_so = wanted->number != 0 ||
                        (wanted->name == NULL
                             ? got->name.data == NULL
                             : got->name.data != NULL && strcmp(got->name.data, wanted->name) == 0);
        if (got->number != wanted->number || !named_so ||
            memcmp(&got->sums, &told, sizeof told) != 0) {
            broken(of->all, "group %zu (%s) of user %lld's costs by %d in %s differs", i,
                   got->name.data != NULL ? got->name.data : "null", (long long)question->user_id,
                   (int)question->by, question->zone != NULL ? question->zone : "UTC");
        }
    }
}

static void compare(actor *of, bbots_txn *txn, const mirror *right,
                    const bbots_cost_question *question, const clock_zone *zone)
{
    static _Thread_local expected all;
    bbots_cost_answer *answer;
    compute(right, question, zone, &all);
    must(of, bbots_cost_ask(txn, question, &answer, &of->error), BBOTS_OK);
    size_t count =
        question->limit != 0 && question->limit < all.count ? question->limit : all.count;
    if (memcmp(bbots_cost_answer_sums(answer), &all.sums, sizeof all.sums) != 0 ||
        bbots_cost_answer_count(answer) != count) {
        broken(of->all,
               "user %lld's costs by %d in %s from %lld to %lld: %zu groups, %lld in all; rows "
               "give %zu, %lld",
               (long long)question->user_id, (int)question->by,
               question->zone != NULL ? question->zone : "UTC", (long long)question->from,
               (long long)question->to, bbots_cost_answer_count(answer),
               (long long)bbots_cost_answer_sums(answer)->total, count, (long long)all.sums.total);
    }
    compare_groups(of, question, &all, answer);
    bbots_cost_answer_free(answer);
}

static void compare_executions(actor *of, bbots_txn *txn, const mirror *right,
                               const bbots_cost_question *like)
{
    bool seen[EXECUTIONS + 1] = {false};
    bbots_cost_executions wanted = {0};
    bbots_cost_executions got;
    for (unsigned i = 0; i < right->count; i++) {
        const cost *row = &right->rows[i];
        if (row->execution != 0 && is_asked(like, row)) {
            wanted.count += !seen[row->execution];
            seen[row->execution] = true;
            wanted.total += row->sums.total;
        }
    }
    wanted.average = wanted.count != 0 ? rounded(wanted.total, wanted.count) : 0;
    must(of, bbots_cost_executions_of(txn, like, &got, &of->error), BBOTS_OK);
    if (memcmp(&got, &wanted, sizeof got) != 0) {
        broken(of->all, "%lld executions cost %lld, rows give %lld and %lld", (long long)got.count,
               (long long)got.total, (long long)wanted.count, (long long)wanted.total);
    }
}

static void compare_execution(actor *of, bbots_txn *txn, const mirror *right, int64_t id)
{
    bbots_cost_sums wanted = {.count = {0}};
    bbots_cost_sums got;
    for (unsigned i = 0; i < right->count; i++) {
        if (right->rows[i].execution == id) {
            sums_add(&wanted, &right->rows[i].sums);
        }
    }
    must(of, bbots_cost_execution(txn, id, &got, &of->error), BBOTS_OK);
    if (memcmp(&got, &wanted, sizeof got) != 0) {
        broken(of->all, "execution %lld cost %lld, rows give %lld", (long long)id,
               (long long)got.total, (long long)wanted.total);
    }
}

static void compare_forecast(actor *of, bbots_txn *txn, const mirror *right, int64_t user,
                             const clock_zone *zone, int64_t now)
{
    bbots_cost_forecast got;
    must(of, bbots_cost_forecast_of(txn, user, zone->name, now, &got, &of->error), BBOTS_OK);
    int64_t from = unit_start(zone, now, BBOTS_COST_BY_MONTH);
    int64_t to = unit_start(zone, from + 33 * DAY, BBOTS_COST_BY_MONTH);
    int64_t spent = mirror_sums(right, user, from, now > from ? now : from + 1).total;
    spent = now > from ? spent : 0;
    int64_t month = now > from ? rounded((wide)spent * (to - from), now - from) : spent;
    if (got.from != from || got.to != to || got.spent != spent || got.month != month ||
        got.days != (now - from + DAY - 1) / DAY ||
        got.days_of_month != (to - from + 12 * HOUR) / DAY) {
        broken(of->all, "forecast of user %lld: %lld of %lld, rows give %lld of %lld",
               (long long)user, (long long)got.spent, (long long)got.month, (long long)spent,
               (long long)month);
    }
}

/* ------------------------------------------------------------------ which */

static bbots_cost_question draw_question(random_source *random, const clock_zone **zone)
{
    bbots_cost_question question = {0};
    *zone = &zones[random_below(random, COUNT(zones))];
    question.user_id = (int64_t)random_below(random, USERS + 1);
    question.by = (bbots_cost_by)random_below(random, BBOTS_COST_BY_USER + 1);
    question.zone = (*zone)->name;
    question.costs_first = random_below(random, 2) != 0;
    question.limit = random_below(random, 4) == 0 ? (uint32_t)random_below(random, 9) : 0;
    question.sources = random_below(random, 4) == 0 ? (uint32_t)random_below(random, 16) : 0;
    if (random_below(random, 4) != 0) {
        int64_t step = random_below(random, 2) != 0 ? DAY : HOUR / 7;
        uint64_t days = (uint64_t)(DAY / step);
        question.from = BEGIN_TIME - 5 * DAY + (int64_t)random_below(random, 100 * days) * step;
        question.to = question.from + (int64_t)random_below(random, 60 * days) * step;
    }
    return question;
}

static void ask_one(actor *of, bbots_txn *txn, const mirror *right, random_source *random)
{
    const clock_zone *zone;
    bbots_cost_question question = draw_question(random, &zone);
    switch (random_below(random, 12)) {
    case 0:
        compare_executions(of, txn, right, &question);
        break;
    case 1:
        compare_execution(of, txn, right, 1 + (int64_t)random_below(random, EXECUTIONS + 1));
        break;
    case 2:
        compare_forecast(of, txn, right, question.user_id, zone,
                         BEGIN_TIME + (int64_t)random_below(random, 85 * (uint64_t)DAY));
        break;
    default:
        compare(of, txn, right, &question, zone);
        break;
    }
}

void ask(actor *of, bbots_txn *txn)
{
    random_source *random = &of->all->random;
    if (random_below(random, 6) == 0) {
        compare_budget(of, txn, 1 + (int64_t)random_below(random, USERS));
    } else {
        ask_one(of, txn, &of->all->now, random);
    }
    atomic_fetch_add(&of->all->answers, 1);
}

void ask_snapshot(actor *of, bbots_txn *txn, random_source *random)
{
    read_rows(of, txn, of->at_begin);
    for (unsigned i = 0; i < 4; i++) {
        ask_one(of, txn, of->at_begin, random);
    }
    atomic_fetch_add(&of->all->snapshots, 4);
}

void ask_all(actor *of, bbots_txn *txn)
{
    const mirror *now = &of->all->now;
    for (int64_t user = 0; user <= USERS; user++) {
        bbots_cost_question question = {.user_id = user};
        for (int by = BBOTS_COST_BY_NOTHING; by <= BBOTS_COST_BY_USER; by++) {
            question.by = (bbots_cost_by)by;
            compare(of, txn, now, &question, &zones[0]);
        }
        for (unsigned z = 0; z < COUNT(zones); z++) {
            question.by = BBOTS_COST_BY_DAY;
            question.zone = zones[z].name;
            compare(of, txn, now, &question, &zones[z]);
            compare_forecast(of, txn, now, user, &zones[z], now->now);
        }
        compare_executions(of, txn, now, &question);
        if (user != 0) {
            compare_budget(of, txn, user);
        }
    }
    for (int64_t id = 1; id <= EXECUTIONS; id++) {
        compare_execution(of, txn, now, id);
    }
    compare_rows(of, txn);
    atomic_fetch_add(&of->all->answers, (USERS + 1) * (13 + 2 * COUNT(zones) + 2) + EXECUTIONS);
}
