/*
 * ledger/costs_times.c - costs by hour, day, week or month, in a zone.
 *
 * In a zone whose clocks differ from UTC by whole hours each bucket of an hour, or a finer one, lies whole in
 * one unit of the zone: the aggregate tells bucket by bucket, and it is added where it belongs.
 */
#include "ledger/costs_ask.h"

static bbots_time_unit unit_of(bbots_cost_by by)
{
    return by == BBOTS_COST_BY_HOUR   ? BBOTS_TIME_HOUR
           : by == BBOTS_COST_BY_DAY  ? BBOTS_TIME_DAY
           : by == BBOTS_COST_BY_WEEK ? BBOTS_TIME_WEEK
                                      : BBOTS_TIME_MONTH;
}

bool ask_is_time(bbots_cost_by by)
{
    return by >= BBOTS_COST_BY_HOUR && by <= BBOTS_COST_BY_MONTH;
}

/* ------------------------------------------------------------------ buckets */

/* The group to which buckets went last; neighbours mostly share it. */
typedef struct times {
    asking *asked;
    unsigned source;
    bbots_time_unit unit;
    size_t group; /* its place, when end is greater than start */
    bbots_timestamp start;
    bbots_timestamp end;
} times;

static bool add(int64_t *to, live_number number)
{
    return __builtin_add_overflow(number, *to, to);
}

/* Numbers are the count, the cost and, of calls, the tokens. */
static int add_bucket(times *to, bbots_cost_sums *sums, const live_number *numbers)
{
    bbots_error *error = to->asked->error;
    int64_t cost = (int64_t)numbers[1];
    if (cost != numbers[1]) {
        return ask_overflow(error);
    }
    int rc = ask_scaled(to->asked, to->source, &cost);
    if (rc != BBOTS_OK) {
        return rc;
    }
    bool over = add(&sums->count[to->source], numbers[0]) || add(&sums->cost[to->source], cost) ||
                add(&sums->total, cost) ||
                (to->source <= BBOTS_COST_GEMINI && add(&sums->tokens, numbers[2]));
    return over ? ask_overflow(error) : BBOTS_OK;
}

static int take_bucket(void *context, bbots_timestamp time, const live_number *numbers)
{
    times *to = context;
    if (time < to->start || time >= to->end) {
        zone_unit(&to->asked->zone, time, to->unit, &to->start, &to->end);
        bbots_cost_group *made = ask_new_group(to->asked);
        if (made == NULL) {
            return BBOTS_NO_MEMORY;
        }
        made->number = to->start;
        to->group = to->asked->answer->count - 1;
    }
    return add_bucket(to, &to->asked->answer->groups[to->group].sums, numbers);
}

/* One source's costs by a unit, from buckets of a piece's length that lie whole in its units. */
static int ask_pieces(asking *asked, unsigned source, bbots_time_unit piece, bbots_time_unit unit)
{
    times to = {.asked = asked, .source = source, .unit = unit};
    live_question question = ask_plain(asked, source);
    bbots_live_query query;
    question.wanted = COSTS_AND_TOKENS;
    question.column = COST_TIME;
    question.unit = piece;
    ask_query(asked, source, &question, &query);
    return live_each_time(asked->txn, &query, take_bucket, &to, asked->error);
}

/* ------------------------------------------------------------------ zones */

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
        live_question question = ask_plain(asked, source);
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
        rc = ask_sums(asked, source, COSTS_AND_TOKENS, summary, 0, &sums);
        bbots_summary_free(summary);
        if (rc == BBOTS_OK && ask_any(&sums)) {
            bbots_cost_group *group = ask_new_group(asked);
            rc = group != NULL ? BBOTS_OK : BBOTS_NO_MEMORY;
            if (rc == BBOTS_OK) {
                group->number = start;
                group->sums = sums;
            }
        }
        at = end;
    }
    return rc;
}

int ask_times(asking *asked, unsigned source)
{
    bbots_time_unit unit = unit_of(asked->question->by);
    bool all = asked->question->from == 0 && asked->question->to == 0;
    if (zone_is_utc(&asked->zone)) {
        return ask_pieces(asked, source, unit, unit);
    }
    if (whole_hours_in(asked)) {
        return ask_pieces(asked, source, BBOTS_TIME_HOUR, unit);
    }
    return all ? ask_pieces(asked, source, BBOTS_TIME_MINUTE, unit)
               : ask_units(asked, source, unit);
}

/* ------------------------------------------------------------------ names */

/* The start of a time by the zone's clocks: as much of the ISO form as the unit needs. */
static int name_time(asking *asked, bbots_cost_group *group, bbots_time_unit unit)
{
    char text[BBOTS_TIMESTAMP_TEXT_MAX];
    bbots_timestamp local = group->number + zone_offset(&asked->zone, group->number);
    bbots_timestamp_print(local, false, BBOTS_TIMESTAMP_ISO, text);
    text[unit == BBOTS_TIME_MONTH ? 7 : unit == BBOTS_TIME_HOUR ? 16 : 10] = '\0';
    return ask_set_name(asked, group, bbots_text_of(text));
}

int ask_name_times(asking *asked)
{
    bbots_time_unit unit = unit_of(asked->question->by);
    int rc = BBOTS_OK;
    for (size_t i = 0; i < asked->answer->count && rc == BBOTS_OK; i++) {
        rc = name_time(asked, &asked->answer->groups[i], unit);
    }
    return rc;
}
