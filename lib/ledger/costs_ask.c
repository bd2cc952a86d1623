/*
 * ledger/costs_ask.c - questions about costs, answered by the live aggregates of the four sources.
 *
 * Each question is one or two of theirs for each source. Groups of the sources are put into one
 * list, sorted, and equal ones added up.
 */
#include "ledger/costs_ask.h"

#include "schema/build.h"

#include <stdio.h>
#include <stdlib.h>

enum { YEARS_MANY = 20 };

/* ------------------------------------------------------------------ sums of a source */

/* Which sum of a source goes where; costs are handled apart. */
typedef struct measure {
    uint8_t column; /* place in the source's need */
    size_t offset;  /* in bbots_cost_sums */
} measure;

#define FIELD(column, field)                                                                       \
    {                                                                                              \
        (column), offsetof(bbots_cost_sums, field)                                                 \
    }
enum { MEASURES_MAX = 6 }; /* and the one that ends them, which is none */

static const measure measures[BBOTS_COST_SOURCES][MEASURES_MAX] = {
    [BBOTS_COST_CLAUDE] = {FIELD(CALL_TOKENS, tokens), FIELD(CALL_INPUT, input_tokens),
                           FIELD(CALL_OUTPUT, output_tokens),
                           FIELD(CALL_CACHE_CREATION, cache_creation_tokens),
                           FIELD(CALL_CACHE_READ, cache_read_tokens)},
    [BBOTS_COST_GEMINI] = {FIELD(CALL_TOKENS, tokens), FIELD(CALL_INPUT, input_tokens),
                           FIELD(CALL_OUTPUT, output_tokens)},
    [BBOTS_COST_BROWSER] = {FIELD(SESSION_DURATION, duration_ms), FIELD(SESSION_MINUTES, minutes),
                            FIELD(SESSION_RECORDING_COST, recording_cost),
                            FIELD(SESSION_SCREENSHOTS, screenshots),
                            FIELD(SESSION_SCREENSHOT_COST, screenshot_cost)},
    [BBOTS_COST_STORAGE] = {FIELD(STORAGE_BYTES, bytes), FIELD(STORAGE_MB, mb)},
};

static unsigned measure_count(unsigned source, detail wanted)
{
    bool called = source <= BBOTS_COST_GEMINI;
    unsigned count = 0;
    if (wanted == COSTS_AND_TOKENS) {
        return called ? 1 : 0;
    }
    while (wanted == EVERYTHING && measures[source][count].column != 0) {
        count++;
    }
    return count;
}

int ask_overflow(bbots_error *error)
{
    return bb_fail(error, BBOTS_NUMERIC_OUT_OF_RANGE, "a sum of costs needs more than 64 bits");
}

static int to_number(bbots_exact exact, int64_t *number, bbots_error *error)
{
    *number = (int64_t)exact.low;
    bool fits = exact.high == (*number < 0 ? -1 : 0);
    *number = exact.null ? 0 : *number;
    return exact.null || fits ? BBOTS_OK : ask_overflow(error);
}

int ask_scaled(const asking *asked, unsigned source, int64_t *cost)
{
    int rc = BBOTS_OK;
    for (unsigned scale = asked->tables.sources[source].scale;
         rc == BBOTS_OK && scale < BBOTS_COST_SCALE; scale++) {
        rc = __builtin_mul_overflow(*cost, 10, cost) ? ask_overflow(asked->error) : BBOTS_OK;
    }
    return rc;
}

int ask_sums(const asking *asked, unsigned source, detail wanted, const bbots_summary *summary,
             size_t number, bbots_cost_sums *sums)
{
    int64_t cost = 0;
    memset(sums, 0, sizeof *sums);
    int rc =
        to_number(bbots_summary_measure(summary, number, 0), &sums->count[source], asked->error);
    if (rc == BBOTS_OK) {
        rc = to_number(bbots_summary_measure(summary, number, 1), &cost, asked->error);
    }
    if (rc == BBOTS_OK) {
        rc = ask_scaled(asked, source, &cost);
    }
    for (unsigned m = 0; m < measure_count(source, wanted) && rc == BBOTS_OK; m++) {
        int64_t *field = (int64_t *)(void *)((char *)sums + measures[source][m].offset);
        rc = to_number(bbots_summary_measure(summary, number, m + 2), field, asked->error);
    }
    if (rc == BBOTS_OK) {
        sums->cost[source] = sums->total = cost;
    }
    return rc;
}

int ask_add(bbots_cost_sums *to, const bbots_cost_sums *from, bbots_error *error)
{
    int64_t *into = (int64_t *)to;
    const int64_t *part = (const int64_t *)from;
    for (size_t i = 0; i < sizeof *to / sizeof *into; i++) {
        if (__builtin_add_overflow(into[i], part[i], &into[i])) {
            return ask_overflow(error);
        }
    }
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ asking one source */

void ask_query(const asking *asked, unsigned source, const live_question *question,
               bbots_live_query *query)
{
    const ledger_table *of = asked->tables.sources[source].of;
    *query =
        (bbots_live_query){.table = of->table,
                           .live = question->live,
                           .by = &question->by,
                           .by_count = question->by_count,
                           .from = question->from,
                           .to = question->to,
                           .measures = {{BBOTS_COUNT, -1}, {BBOTS_SUM, of->columns[COST_TOTAL]}},
                           .measure_count = 2};
    for (unsigned m = 0; m < measure_count(source, question->wanted); m++) {
        query->measures[query->measure_count++] =
            (bbots_measure){BBOTS_SUM, of->columns[measures[source][m].column]};
    }
    if (question->column >= 0) {
        query->groups[0].column = of->columns[question->column];
        query->groups[0].unit = (uint16_t)question->unit;
        query->group_count = 1;
    }
}

/* The rows of one execution in groups: its aggregate has none, and it has few rows. */
static int ask_rows(const asking *asked, uint8_t execution, const bbots_live_query *query,
                    bbots_summary **summary)
{
    const bbots_table *table = query->table;
    bbots_value id = bbots_value_integer(asked->question->execution_id);
    bbots_range range = {.from = &id, .to = &id, .from_count = 1, .to_count = 1};
    int index = schema_index_serving(table->indexes, table->index_count, &execution, 1);
    bbots_summary_query rows = {.table = table,
                                .index = (unsigned)index,
                                .range = &range,
                                .group_count = query->group_count,
                                .measure_count = query->measure_count};
    memcpy(rows.groups, query->groups, sizeof rows.groups);
    memcpy(rows.measures, query->measures, sizeof rows.measures);
    return index >= 0 ? bbots_summarize(asked->txn, &rows, summary, asked->error)
                      : bb_fail_at(asked->error, BBOTS_UNKNOWN_INDEX, table->name,
                                   table->columns[execution].name, NULL,
                                   "table \"%s\" has no index by \"%s\"", table->name,
                                   table->columns[execution].name);
}

int ask_source(const asking *asked, unsigned source, const live_question *question,
               bbots_summary **summary)
{
    bbots_live_query query;
    ask_query(asked, source, question, &query);
    if (asked->question->execution_id != 0 && question->column >= 0) {
        return ask_rows(asked, asked->tables.sources[source].of->columns[COST_EXECUTION], &query,
                        summary);
    }
    return bbots_live_summarize(asked->txn, &query, summary, asked->error);
}

static bool counts(const asking *asked, unsigned source)
{
    return asked->question->sources == 0 || (asked->question->sources >> source & 1) != 0;
}

live_question ask_plain(const asking *asked, unsigned source)
{
    const bbots_cost_question *question = asked->question;
    live_question made = {.live = asked->tables.sources[source].all,
                          .from = question->from,
                          .to = question->to,
                          .column = -1,
                          .wanted = EVERYTHING};
    if (question->user_id != 0) {
        made.live = asked->tables.sources[source].users;
        made.by = bbots_value_integer(question->user_id);
        made.by_count = 1;
    } else if (question->execution_id != 0) {
        made.live = asked->tables.sources[source].execution;
        made.by = bbots_value_integer(question->execution_id);
        made.by_count = 1;
    }
    return made;
}

static int ask_total(asking *asked, unsigned source)
{
    live_question question = ask_plain(asked, source);
    bbots_cost_sums sums;
    bbots_summary *summary;
    int rc = ask_source(asked, source, &question, &summary);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = ask_sums(asked, source, EVERYTHING, summary, 0, &sums);
    bbots_summary_free(summary);
    return rc == BBOTS_OK ? ask_add(&asked->answer->sums, &sums, asked->error) : rc;
}

/* ------------------------------------------------------------------ groups */

bool ask_any(const bbots_cost_sums *sums)
{
    bool any = false;
    for (unsigned i = 0; i < BBOTS_COST_SOURCES; i++) {
        any = any || sums->count[i] != 0;
    }
    return any;
}

bbots_cost_group *ask_new_group(asking *asked)
{
    bbots_cost_answer *answer = asked->answer;
    if (answer->count == answer->room) {
        size_t room = answer->room == 0 ? 64 : answer->room * 2;
        bbots_cost_group *moved = realloc(answer->groups, room * sizeof *moved);
        if (moved == NULL) {
            (void)bb_fail(asked->error, BBOTS_NO_MEMORY, "out of memory");
            return NULL;
        }
        answer->groups = moved;
        answer->room = room;
    }
    bbots_cost_group *made = &answer->groups[answer->count++];
    memset(made, 0, sizeof *made);
    return made;
}

int ask_set_name(asking *asked, bbots_cost_group *group, bbots_text name)
{
    group->name.size = name.size;
    group->name.data = bb_arena_copy(&asked->answer->arena, name.data, name.size);
    return group->name.data != NULL ? BBOTS_OK
                                    : bb_fail(asked->error, BBOTS_NO_MEMORY, "out of memory");
}

static int name_number(asking *asked, bbots_cost_group *group)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)group->number);
    return ask_set_name(asked, group, bbots_text_of(text));
}

/* One source's groups by a column. */
static int ask_groups(asking *asked, unsigned source, const live_question *question)
{
    bbots_summary *summary;
    int rc = ask_source(asked, source, question, &summary);
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (size_t i = 0; i < bbots_summary_count(summary) && rc == BBOTS_OK; i++) {
        bbots_value value = bbots_summary_group(summary, i, 0);
        bbots_cost_group *group = ask_new_group(asked);
        rc = group != NULL ? ask_sums(asked, source, question->wanted, summary, i, &group->sums)
                           : BBOTS_NO_MEMORY;
        if (rc == BBOTS_OK && value.kind == BBOTS_INTEGER) {
            group->number = value.integer;
            rc = name_number(asked, group);
        } else if (rc == BBOTS_OK && value.kind == BBOTS_TEXT) {
            rc = ask_set_name(asked, group, (bbots_text){value.data, value.size});
        }
    }
    bbots_summary_free(summary);
    return rc;
}

static int compare_groups(const void *a, const void *b)
{
    const bbots_cost_group *one = a;
    const bbots_cost_group *two = b;
    if (one->number != two->number) {
        return one->number < two->number ? -1 : 1;
    }
    if (one->name.data == NULL || two->name.data == NULL) {
        return (one->name.data == NULL) - (two->name.data == NULL); /* null last */
    }
    return strcmp(one->name.data, two->name.data);
}

static int compare_costs(const void *a, const void *b)
{
    const bbots_cost_group *one = a;
    const bbots_cost_group *two = b;
    if (one->sums.total != two->sums.total) {
        return one->sums.total > two->sums.total ? -1 : 1;
    }
    return compare_groups(a, b);
}

/* Adds equal groups up, drops empty ones, and brings them into order. */
static int merge_groups(asking *asked)
{
    bbots_cost_answer *answer = asked->answer;
    size_t kept = 0;
    int rc = BBOTS_OK;
    if (answer->count > 1) {
        qsort(answer->groups, answer->count, sizeof *answer->groups, compare_groups);
    }
    for (size_t i = 0; i < answer->count && rc == BBOTS_OK; i++) {
        bbots_cost_group *group = &answer->groups[i];
        if (ask_is_time(asked->question->by) && !ask_any(&group->sums)) {
            continue;
        }
        if (kept != 0 && compare_groups(&answer->groups[kept - 1], group) == 0) {
            rc = ask_add(&answer->groups[kept - 1].sums, &group->sums, asked->error);
        } else {
            answer->groups[kept++] = *group;
        }
    }
    answer->count = kept;
    if (asked->question->costs_first && kept > 1) {
        qsort(answer->groups, kept, sizeof *answer->groups, compare_costs);
    }
    uint32_t limit = asked->question->limit;
    answer->count = limit != 0 && kept > limit ? limit : kept;
    return rc == BBOTS_OK && ask_is_time(asked->question->by) ? ask_name_times(asked) : rc;
}

/* ------------------------------------------------------------------ by anything else */

static int ask_split(asking *asked, unsigned source, int column)
{
    live_question question = ask_plain(asked, source);
    question.column = column;
    return ask_groups(asked, source, &question);
}

static int ask_executions(asking *asked, unsigned source)
{
    live_question question = ask_plain(asked, source);
    question.live = asked->tables.sources[source].executions;
    question.column = COST_EXECUTION;
    question.wanted = COSTS_ONLY;
    return ask_groups(asked, source, &question);
}

static int ask_users(asking *asked, unsigned source)
{
    live_question question = ask_plain(asked, source);
    question.live = asked->tables.sources[source].users;
    question.column = COST_USER;
    return ask_groups(asked, source, &question);
}

/* The groups of one source; sources that have none of the kind are left out. */
static int ask_by(asking *asked, unsigned source)
{
    bool called = source <= BBOTS_COST_GEMINI;
    switch (asked->question->by) {
    case BBOTS_COST_BY_HOUR:
    case BBOTS_COST_BY_DAY:
    case BBOTS_COST_BY_WEEK:
    case BBOTS_COST_BY_MONTH:
        return ask_times(asked, source);
    case BBOTS_COST_BY_MODEL:
        return called ? ask_split(asked, source, CALL_MODEL) : BBOTS_OK;
    case BBOTS_COST_BY_PROMPT_TYPE:
        return called ? ask_split(asked, source, CALL_PROMPT_TYPE) : BBOTS_OK;
    case BBOTS_COST_BY_STATUS:
        return source == BBOTS_COST_BROWSER ? ask_split(asked, source, SESSION_STATUS) : BBOTS_OK;
    case BBOTS_COST_BY_STORE:
        return source == BBOTS_COST_STORAGE ? ask_split(asked, source, STORAGE_PROVIDER) : BBOTS_OK;
    case BBOTS_COST_BY_OPERATION:
        return source == BBOTS_COST_STORAGE ? ask_split(asked, source, STORAGE_OPERATION)
                                            : BBOTS_OK;
    case BBOTS_COST_BY_EXECUTION:
        return ask_executions(asked, source);
    case BBOTS_COST_BY_USER:
        return ask_users(asked, source);
    default:
        return BBOTS_OK;
    }
}

/* A provider's sums are what was asked of it alone. */
static int name_providers(asking *asked, unsigned source, const bbots_cost_sums *before)
{
    bbots_cost_sums sums = asked->answer->sums;
    int64_t *part = (int64_t *)&sums;
    const int64_t *less = (const int64_t *)before;
    for (size_t i = 0; i < sizeof sums / sizeof *part; i++) {
        part[i] -= less[i];
    }
    if (asked->question->by != BBOTS_COST_BY_PROVIDER || !ask_any(&sums)) {
        return BBOTS_OK;
    }
    bbots_cost_group *group = ask_new_group(asked);
    if (group == NULL) {
        return BBOTS_NO_MEMORY;
    }
    group->sums = sums;
    return ask_set_name(asked, group, bbots_text_of(cost_providers[source]));
}

/* ------------------------------------------------------------------ public */

static bool is_open(const bbots_cost_question *question)
{
    return question->from == 0 && question->to == 0;
}

static bool is_past_calendar(const bbots_cost_question *question)
{
    return zone_is_past_calendar(question->from) || zone_is_past_calendar(question->to);
}

static bool is_of_execution(const bbots_cost_question *question)
{
    bool by = question->by == BBOTS_COST_BY_NOTHING ||
              (question->by >= BBOTS_COST_BY_PROVIDER && question->by <= BBOTS_COST_BY_OPERATION);
    return by && question->user_id == 0 && question->zone == NULL && is_open(question);
}

static int check_question(const bbots_cost_question *question, bbots_error *error)
{
    bool all = is_open(question);
    if (question->execution_id != 0 && !is_of_execution(question)) {
        return bb_fail(
            error, BBOTS_INVALID_ARGUMENT,
            "costs of one execution are asked for without user, times and zone, whole or by "
            "provider, model, prompt type, status, store or operation");
    }
    if (question->by > BBOTS_COST_BY_USER || question->user_id < 0 || question->execution_id < 0 ||
        question->sources >> BBOTS_COST_SOURCES != 0) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "the question about costs has no such form");
    }
    if (!all && question->to < question->from) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "the range of costs ends before it begins");
    }
    if (!all && is_past_calendar(question)) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "the range of costs is past the calendar");
    }
    return BBOTS_OK;
}

/*
 * All times, or very many, of a zone are the months that have costs: its changes before and behind
 * them matter to nobody.
 */
static int bound(asking *asked, bbots_cost_question *bounded)
{
    const bbots_cost_question *question = asked->question;
    bool many = question->to / 2 - question->from / 2 > YEARS_MANY * 183 * COST_DAY;
    int rc = BBOTS_OK;
    if ((!is_open(question) && !many) || !ask_is_time(question->by) || zone_is_utc(&asked->zone)) {
        return rc;
    }
    bounded->from = bounded->to = 0;
    for (unsigned source = 0; source < BBOTS_COST_SOURCES && rc == BBOTS_OK; source++) {
        rc = counts(asked, source) ? ask_bounds(asked, source, bounded) : BBOTS_OK;
    }
    if (rc != BBOTS_OK || is_past_calendar(bounded)) {
        return rc;
    }
    if (many) {
        bounded->from = bounded->from > question->from ? bounded->from : question->from;
        bounded->to = bounded->to < question->to ? bounded->to : question->to;
        bounded->to = bounded->to < bounded->from ? bounded->from : bounded->to;
    }
    if (many && bounded->to == bounded->from) { /* nothing in it; both 0 would be all */
        bounded->from = bounded->to = COST_DAY;
    }
    asked->question = bounded;
    return rc;
}

static int ask_all(asking *asked)
{
    int rc = BBOTS_OK;
    for (unsigned source = 0; source < BBOTS_COST_SOURCES && rc == BBOTS_OK; source++) {
        bbots_cost_sums before = asked->answer->sums;
        if (!counts(asked, source)) {
            continue;
        }
        rc = ask_total(asked, source);
        if (rc == BBOTS_OK) {
            rc = name_providers(asked, source, &before);
        }
        if (rc == BBOTS_OK) {
            rc = ask_by(asked, source);
        }
    }
    return rc == BBOTS_OK ? merge_groups(asked) : rc;
}

int bbots_cost_ask(bbots_txn *txn, const bbots_cost_question *question, bbots_cost_answer **answer,
                   bbots_error *error)
{
    asking asked = {.txn = txn, .question = question, .error = error};
    bbots_cost_question bounded = *question;
    *answer = NULL;
    int rc = ledger_begin(txn, false, NULL, error);
    if (rc == BBOTS_OK) {
        rc = check_question(question, error);
    }
    if (rc == BBOTS_OK) {
        rc = costs_find(txn, &asked.tables, error);
    }
    if (rc == BBOTS_OK) {
        rc = zone_open(question->zone, &asked.zone, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    asked.answer = calloc(1, sizeof *asked.answer);
    rc = asked.answer != NULL ? BBOTS_OK : bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    if (rc == BBOTS_OK) {
        bb_arena_init(&asked.answer->arena);
        rc = bound(&asked, &bounded);
    }
    if (rc == BBOTS_OK) {
        rc = ask_all(&asked);
    }
    zone_close(&asked.zone);
    if (rc != BBOTS_OK) {
        bbots_cost_answer_free(asked.answer);
        return rc;
    }
    *answer = asked.answer;
    return BBOTS_OK;
}

const bbots_cost_sums *bbots_cost_answer_sums(const bbots_cost_answer *answer)
{
    return &answer->sums;
}

size_t bbots_cost_answer_count(const bbots_cost_answer *answer)
{
    return answer->count;
}

const bbots_cost_group *bbots_cost_answer_group(const bbots_cost_answer *answer, size_t number)
{
    return number < answer->count ? &answer->groups[number] : NULL;
}

void bbots_cost_answer_free(bbots_cost_answer *answer)
{
    if (answer != NULL) {
        bb_arena_free(&answer->arena);
        free(answer->groups);
        free(answer);
    }
}
