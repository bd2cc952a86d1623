/*
 * ledger/costs_ask.c - questions about costs, answered by the live aggregates of the four sources.
 *
 * Each question is one or two of theirs for each source. Groups of the sources are put into one
 * list, sorted, and equal ones added up.
 */
#include "ledger/costs.h"
#include "ledger/zone.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

struct bbots_cost_answer {
    bbots_cost_sums sums;
    bbots_cost_group *groups;
    size_t count;
    size_t room;
    bb_arena arena; /* names */
};

typedef struct asking {
    bbots_txn *txn;
    const bbots_cost_question *question;
    cost_tables tables;
    zone zone;
    bbots_cost_answer *answer;
    bbots_error *error;
} asking;

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
enum { MEASURES_MAX = 6 };

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

/* How many of the measures a question is for. */
typedef enum detail { COSTS_ONLY, COSTS_AND_TOKENS, EVERYTHING } detail;

static unsigned measure_count(unsigned source, detail wanted)
{
    bool called = source <= BBOTS_COST_GEMINI;
    unsigned count = 0;
    if (wanted == COSTS_AND_TOKENS) {
        return called ? 1 : 0;
    }
    while (wanted == EVERYTHING && count < MEASURES_MAX && measures[source][count].column != 0) {
        count++;
    }
    return count;
}

static int overflow(bbots_error *error)
{
    return bb_fail(error, BBOTS_NUMERIC_OUT_OF_RANGE, "a sum of costs needs more than 64 bits");
}

static int to_number(bbots_exact exact, int64_t *number, bbots_error *error)
{
    *number = (int64_t)exact.low;
    bool fits = exact.high == (*number < 0 ? -1 : 0);
    *number = exact.null ? 0 : *number;
    return exact.null || fits ? BBOTS_OK : overflow(error);
}

/* Reads one group's measures: count, cost, then the source's own. */
static int read_sums(const asking *asked, unsigned source, detail wanted,
                     const bbots_summary *summary, size_t number, bbots_cost_sums *sums)
{
    int64_t cost = 0;
    memset(sums, 0, sizeof *sums);
    int rc =
        to_number(bbots_summary_measure(summary, number, 0), &sums->count[source], asked->error);
    if (rc == BBOTS_OK) {
        rc = to_number(bbots_summary_measure(summary, number, 1), &cost, asked->error);
    }
    for (unsigned scale = asked->tables.sources[source].scale;
         rc == BBOTS_OK && scale < BBOTS_COST_SCALE; scale++) {
        rc = __builtin_mul_overflow(cost, 10, &cost) ? overflow(asked->error) : BBOTS_OK;
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

/* All members of the struct are 64-bit integers. */
static int add_sums(bbots_cost_sums *to, const bbots_cost_sums *from, bbots_error *error)
{
    int64_t *into = (int64_t *)to;
    const int64_t *part = (const int64_t *)from;
    for (size_t i = 0; i < sizeof *to / sizeof *into; i++) {
        if (__builtin_add_overflow(into[i], part[i], &into[i])) {
            return overflow(error);
        }
    }
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ asking one source */

typedef struct live_question {
    const bbots_live *live;
    bbots_value by;
    unsigned by_count;
    bbots_timestamp from;
    bbots_timestamp to;
    int column;           /* place in the need by which it is grouped; -1: none */
    bbots_time_unit unit; /* of a group by time */
    detail wanted;
} live_question;

static int ask_source(const asking *asked, unsigned number, const live_question *question,
                      bbots_summary **summary)
{
    const cost_source *source = &asked->tables.sources[number];
    bbots_live_query query = {
        .table = source->of->table,
        .live = question->live,
        .by = &question->by,
        .by_count = question->by_count,
        .from = question->from,
        .to = question->to,
        .measures = {{BBOTS_COUNT, -1}, {BBOTS_SUM, source->of->columns[COST_TOTAL]}},
        .measure_count = 2};
    for (unsigned m = 0; m < measure_count(number, question->wanted); m++) {
        query.measures[query.measure_count++] =
            (bbots_measure){BBOTS_SUM, source->of->columns[measures[number][m].column]};
    }
    if (question->column >= 0) {
        query.groups[0].column = source->of->columns[question->column];
        query.groups[0].unit = (uint16_t)question->unit;
        query.group_count = 1;
    }
    return bbots_live_summarize(asked->txn, &query, summary, asked->error);
}

static bool counts(const asking *asked, unsigned source)
{
    return asked->question->sources == 0 || (asked->question->sources >> source & 1) != 0;
}

/* The aggregate for the question's user, or for all, over its range. */
static live_question plain_question(const asking *asked, unsigned source)
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
    }
    return made;
}

static int ask_total(asking *asked, unsigned source)
{
    live_question question = plain_question(asked, source);
    bbots_cost_sums sums;
    bbots_summary *summary;
    int rc = ask_source(asked, source, &question, &summary);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = read_sums(asked, source, EVERYTHING, summary, 0, &sums);
    bbots_summary_free(summary);
    return rc == BBOTS_OK ? add_sums(&asked->answer->sums, &sums, asked->error) : rc;
}

/* ------------------------------------------------------------------ groups */

static bbots_cost_group *new_group(asking *asked)
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

static int set_name(asking *asked, bbots_cost_group *group, bbots_text name)
{
    group->name.size = name.size;
    group->name.data = NULL;
    if (name.data != NULL) {
        group->name.data = bb_arena_copy(&asked->answer->arena, name.data, name.size);
        return group->name.data != NULL ? BBOTS_OK
                                        : bb_fail(asked->error, BBOTS_NO_MEMORY, "out of memory");
    }
    return BBOTS_OK;
}

static int name_number(asking *asked, bbots_cost_group *group)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)group->number);
    return set_name(asked, group, bbots_text_of(text));
}

/* The start of a time by the zone's clocks: as much of the ISO form as the unit needs. */
static int name_time(asking *asked, bbots_cost_group *group, bbots_time_unit unit)
{
    char text[BBOTS_TIMESTAMP_TEXT_MAX];
    bbots_timestamp local = group->number + zone_offset(&asked->zone, group->number);
    bbots_timestamp_print(local, false, BBOTS_TIMESTAMP_ISO, text);
    text[unit == BBOTS_TIME_MONTH ? 7 : unit == BBOTS_TIME_HOUR ? 16 : 10] = '\0';
    return set_name(asked, group, bbots_text_of(text));
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
        bbots_cost_group *group = new_group(asked);
        rc = group != NULL ? read_sums(asked, source, question->wanted, summary, i, &group->sums)
                           : BBOTS_NO_MEMORY;
        if (rc == BBOTS_OK && value.kind == BBOTS_INTEGER) {
            group->number = value.integer;
            rc = name_number(asked, group);
        } else if (rc == BBOTS_OK && value.kind == BBOTS_TEXT) {
            rc = set_name(asked, group, (bbots_text){value.data, value.size});
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
        if (kept != 0 && compare_groups(&answer->groups[kept - 1], group) == 0) {
            rc = add_sums(&answer->groups[kept - 1].sums, &group->sums, asked->error);
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
    return rc;
}

/* ------------------------------------------------------------------ by time */

static bbots_time_unit unit_of(bbots_cost_by by)
{
    return by == BBOTS_COST_BY_HOUR   ? BBOTS_TIME_HOUR
           : by == BBOTS_COST_BY_DAY  ? BBOTS_TIME_DAY
           : by == BBOTS_COST_BY_WEEK ? BBOTS_TIME_WEEK
                                      : BBOTS_TIME_MONTH;
}

static bool any_count(const bbots_cost_sums *sums)
{
    bool any = false;
    for (unsigned i = 0; i < BBOTS_COST_SOURCES; i++) {
        any = any || sums->count[i] != 0;
    }
    return any;
}

/*
 * One source's costs in pieces that are no longer than an hour and cut where hours are; each piece
 * goes to the zone's unit in which it begins. from and to are those of a piece of the question.
 */
static int ask_hours(asking *asked, unsigned source, bbots_time_unit piece, bbots_time_unit unit,
                     bbots_timestamp from, bbots_timestamp to)
{
    live_question question = plain_question(asked, source);
    bbots_timestamp start = 0;
    bbots_timestamp end = 0;
    bbots_summary *summary;
    question.wanted = COSTS_AND_TOKENS;
    question.column = COST_TIME;
    question.unit = piece;
    question.from = from;
    question.to = to;
    int rc = ask_source(asked, source, &question, &summary);
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_cost_group *group = NULL;
    for (size_t i = 0; i < bbots_summary_count(summary) && rc == BBOTS_OK; i++) {
        bbots_cost_sums sums;
        int64_t time = bbots_summary_group(summary, i, 0).integer;
        rc = read_sums(asked, source, COSTS_AND_TOKENS, summary, i, &sums);
        if (rc == BBOTS_OK && (group == NULL || time < start || time >= end)) {
            zone_unit(&asked->zone, time, unit, &start, &end);
            group = new_group(asked);
            if (group == NULL) {
                rc = BBOTS_NO_MEMORY;
                break;
            }
            group->number = start;
            rc = name_time(asked, group, unit);
        }
        if (rc == BBOTS_OK) {
            rc = add_sums(&group->sums, &sums, asked->error);
        }
    }
    bbots_summary_free(summary);
    return rc;
}

/* Whether the zone's clocks differ from UTC by whole hours, as far as can be seen at its ends. */
static bool whole_hours(const zone *at)
{
    bool whole = at->first % 3600 == 0 && at->rule.standard % 3600 == 0 &&
                 (!at->rule.there || at->rule.summer % 3600 == 0);
    return whole;
}

static bool whole_hours_in(const asking *asked)
{
    const zone *at = &asked->zone;
    const bbots_cost_question *question = asked->question;
    const int64_t hour = INT64_C(3600000000);
    if (question->from == 0 && question->to == 0) {
        bool whole = whole_hours(at);
        for (size_t i = 0; i < at->count && whole; i++) {
            whole = at->offsets[i] % 3600 == 0;
        }
        return whole;
    }
    bool whole =
        zone_offset(at, question->from) % hour == 0 && zone_offset(at, question->to) % hour == 0;
    for (size_t i = 0; i < at->count && whole; i++) {
        bool inside = at->times[i] >= question->from / 1000000 - 1 &&
                      at->times[i] <= question->to / 1000000 + 1;
        whole = !inside || at->offsets[i] % 3600 == 0;
    }
    return whole;
}

/* In a zone whose hours are not UTC's each unit is a question of its own. */
static int ask_units(asking *asked, unsigned source, bbots_time_unit unit)
{
    bbots_timestamp at = asked->question->from;
    int rc = BBOTS_OK;
    while (at < asked->question->to && rc == BBOTS_OK) {
        live_question question = plain_question(asked, source);
        bbots_timestamp start;
        bbots_timestamp end;
        bbots_summary *summary;
        bbots_cost_sums sums;
        zone_unit(&asked->zone, at, unit, &start, &end);
        question.wanted = COSTS_AND_TOKENS;
        question.from = at;
        question.to = end < asked->question->to ? end : asked->question->to;
        rc = ask_source(asked, source, &question, &summary);
        if (rc != BBOTS_OK) {
            break;
        }
        rc = read_sums(asked, source, COSTS_AND_TOKENS, summary, 0, &sums);
        bbots_summary_free(summary);
        if (rc == BBOTS_OK && any_count(&sums)) {
            bbots_cost_group *group = new_group(asked);
            rc = group != NULL ? BBOTS_OK : BBOTS_NO_MEMORY;
            if (rc == BBOTS_OK) {
                group->number = start;
                group->sums = sums;
                rc = name_time(asked, group, unit);
            }
        }
        at = end;
    }
    return rc;
}

static int ask_times(asking *asked, unsigned source)
{
    bbots_time_unit unit = unit_of(asked->question->by);
    bool all = asked->question->from == 0 && asked->question->to == 0;
    if (zone_is_utc(&asked->zone)) {
        return ask_hours(asked, source, unit, unit, asked->question->from, asked->question->to);
    }
    if (whole_hours_in(asked)) {
        return ask_hours(asked, source, BBOTS_TIME_HOUR, unit, asked->question->from,
                         asked->question->to);
    }
    return all ? ask_hours(asked, source, BBOTS_TIME_MINUTE, unit, 0, 0)
               : ask_units(asked, source, unit);
}

/* ------------------------------------------------------------------ by anything else */

static int ask_split(asking *asked, unsigned source, int column)
{
    live_question question = plain_question(asked, source);
    question.column = column;
    return ask_groups(asked, source, &question);
}

static int ask_executions(asking *asked, unsigned source)
{
    live_question question = plain_question(asked, source);
    question.live = asked->tables.sources[source].executions;
    question.column = COST_EXECUTION;
    question.wanted = COSTS_ONLY;
    return ask_groups(asked, source, &question);
}

static int ask_users(asking *asked, unsigned source)
{
    live_question question = plain_question(asked, source);
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
    if (asked->question->by != BBOTS_COST_BY_PROVIDER || !any_count(&sums)) {
        return BBOTS_OK;
    }
    bbots_cost_group *group = new_group(asked);
    if (group == NULL) {
        return BBOTS_NO_MEMORY;
    }
    group->sums = sums;
    return set_name(asked, group, bbots_text_of(cost_providers[source]));
}

/* ------------------------------------------------------------------ public */

static int check_question(const bbots_cost_question *question, bbots_error *error)
{
    const bbots_timestamp margin = 400 * COST_DAY;
    bool all = question->from == 0 && question->to == 0;
    if (question->by > BBOTS_COST_BY_USER || question->user_id < 0 ||
        question->sources >> BBOTS_COST_SOURCES != 0) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "the question about costs has no such form");
    }
    if (!all && question->to < question->from) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "the range of costs ends before it begins");
    }
    if (!all && (question->from < BBOTS_TIMESTAMP_MIN + margin ||
                 question->to > BBOTS_TIMESTAMP_MAX - margin)) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "the range of costs is past the calendar");
    }
    return BBOTS_OK;
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
                 ? overflow(error)
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
            rc = read_sums(&asked, source, EVERYTHING, summary, 0, &part);
            bbots_summary_free(summary);
        }
        if (rc == BBOTS_OK) {
            rc = add_sums(sums, &part, error);
        }
    }
    return rc;
}

int64_t bbots_cost_cache_hits(const bbots_cost_sums *sums)
{
    __extension__ __int128 all =
        (__int128)sums->input_tokens + sums->cache_read_tokens + sums->cache_creation_tokens;
    __extension__ __int128 hits = (__int128)sums->cache_read_tokens * 1000000;
    return all > 0 ? (int64_t)((hits + all / 2) / all) : 0;
}

/* ------------------------------------------------------------------ forecast */

int bbots_cost_forecast_of(bbots_txn *txn, int64_t user_id, const char *name, bbots_timestamp now,
                           bbots_cost_forecast *forecast, bbots_error *error)
{
    bbots_cost_answer *answer;
    memset(forecast, 0, sizeof *forecast);
    int rc = ledger_begin(txn, false, &now, error);
    if (rc == BBOTS_OK) {
        rc = bbots_zone_unit(name, now, BBOTS_TIME_MONTH, &forecast->from, &forecast->to, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_cost_question question = {.user_id = user_id, .from = forecast->from, .to = now};
    if (now > forecast->from) {
        rc = bbots_cost_ask(txn, &question, &answer, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
        forecast->spent = answer->sums.total;
        bbots_cost_answer_free(answer);
    }
    __extension__ __int128 month = (__int128)forecast->spent * (forecast->to - forecast->from);
    int64_t passed = now - forecast->from;
    if (passed > 0) {
        month = (month + (month < 0 ? -passed : passed) / 2) / passed;
    } else {
        month = forecast->spent;
    }
    if (month > INT64_MAX || month < INT64_MIN) {
        return overflow(error);
    }
    forecast->month = (int64_t)month;
    forecast->days = (int32_t)((passed + COST_DAY - 1) / COST_DAY);
    forecast->days_of_month = (int32_t)((forecast->to - forecast->from + COST_DAY / 2) / COST_DAY);
    return BBOTS_OK;
}
