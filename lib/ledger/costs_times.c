/*
 * ledger/costs_times.c - costs by hour, day, week or month, in a zone.
 *
 * The aggregate tells bucket by bucket, and each is added where it belongs. In a zone whose clocks
 * differ from UTC by whole hours, hours lie whole in the zone's units; so its days are UTC's, which
 * are cheap, with the hours at their ends moved to the neighbour. Where a day begins inside an hour,
 * rows of that hour are moved as well.
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

/* ------------------------------------------------------------------ groups */

#define HOUR     INT64_C(3600000000)
#define MANY     20000 /* groups that are made before anything is read */
#define FEW      16    /* units that are asked for one by one */
#define DAY_LAST (23 * HOUR)

/* The group to which buckets went last; neighbours mostly share it. */
typedef struct times {
    asking *asked;
    unsigned source;
    bbots_time_unit unit;
    int sign;              /* 1: buckets are added, -1: taken away */
    bbots_timestamp shift; /* added to the time of a bucket */
    size_t group;          /* its place */
    bbots_timestamp start; /* of the group; end is not greater when there is none */
    bbots_timestamp end;
} times;

/* How many units a range may have, were each as short as clocks that are turned can make it. */
static int64_t units_most(const bbots_cost_question *question, bbots_time_unit unit)
{
    int64_t least = unit == BBOTS_TIME_HOUR  ? HOUR / 2
                    : unit == BBOTS_TIME_DAY ? 20 * HOUR
                                             : 144 * HOUR;
    return (question->to - question->from) / least + 4;
}

/* Makes the groups of a range that does not have too many, so that each has its place. */
static int make_groups(asking *asked, bbots_time_unit unit)
{
    const bbots_cost_question *question = asked->question;
    bool all = question->from == 0 && question->to == 0;
    int64_t most = all ? MANY : units_most(question, unit);
    bbots_timestamp end = question->from;
    size_t count = 0;
    if (asked->starts != NULL || most >= MANY) {
        return BBOTS_OK;
    }
    asked->starts = bb_arena_alloc(&asked->answer->arena, ((size_t)most + 1) * sizeof end);
    if (asked->starts == NULL) {
        return bb_fail(asked->error, BBOTS_NO_MEMORY, "out of memory");
    }
    for (bbots_timestamp at = end; at < question->to && count < (size_t)most; at = end) {
        zone_unit(&asked->zone, at, unit, &asked->starts[count], &end);
        bbots_cost_group *made = ask_new_group(asked);
        if (made == NULL) {
            return BBOTS_NO_MEMORY;
        }
        made->number = asked->starts[count++];
    }
    asked->starts[count] = end;
    asked->start_count = count;
    return BBOTS_OK;
}

/* The place of the last start that is not behind a time. */
static size_t place_of(const asking *asked, bbots_timestamp time)
{
    size_t low = 0;
    size_t high = asked->start_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        bool before = asked->starts[middle] <= time;
        low = before ? middle : low;
        high = before ? high : middle;
    }
    return low;
}

/* Turns to the group in which a time lies. */
static int turn_to(times *to, bbots_timestamp time)
{
    asking *asked = to->asked;
    const bbots_timestamp *starts = asked->starts;
    size_t count = asked->start_count;
    if (count != 0 && time >= starts[0] && time < starts[count]) {
        size_t next = to->group + 1;
        bool follows = next < count && time >= starts[next] && time < starts[next + 1];
        to->group = follows ? next : place_of(asked, time);
        to->start = starts[to->group];
        to->end = starts[to->group + 1];
        return BBOTS_OK;
    }
    zone_unit(&asked->zone, time, to->unit, &to->start, &to->end);
    bbots_cost_group *group = ask_new_group(asked);
    if (group == NULL) {
        return BBOTS_NO_MEMORY;
    }
    group->number = to->start;
    to->group = asked->answer->count - 1;
    return BBOTS_OK;
}

static bool is_in(const times *to, bbots_timestamp time)
{
    return time >= to->start && time < to->end;
}

/* ------------------------------------------------------------------ buckets */

static bool add(int64_t *to, live_number number)
{
    return __builtin_add_overflow(number, *to, to);
}

/* Numbers are the count, the cost and, of calls, the tokens. */
static int add_bucket(times *to, const live_number *numbers)
{
    bbots_cost_sums *sums = &to->asked->answer->groups[to->group].sums;
    bbots_error *error = to->asked->error;
    int64_t cost = (int64_t)numbers[1];
    if (cost != numbers[1]) {
        return ask_overflow(error);
    }
    int rc = ask_scaled(to->asked, to->source, &cost);
    if (rc != BBOTS_OK) {
        return rc;
    }
    live_number signed_cost = to->sign * (live_number)cost;
    bool over = add(&sums->count[to->source], to->sign * numbers[0]);
    over |= add(&sums->cost[to->source], signed_cost);
    over |= add(&sums->total, signed_cost);
    if (to->source <= BBOTS_COST_GEMINI) {
        over |= add(&sums->tokens, to->sign * numbers[2]);
    }
    return over ? ask_overflow(error) : BBOTS_OK;
}

static int take_bucket(void *context, bbots_timestamp time, const live_number *numbers)
{
    times *to = context;
    time += to->shift;
    int rc = is_in(to, time) ? BBOTS_OK : turn_to(to, time);
    return rc == BBOTS_OK ? add_bucket(to, numbers) : rc;
}

/* Tells of one source's buckets in a range. */
static int each(const asking *asked, unsigned source, bbots_time_unit piece, bbots_timestamp from,
                bbots_timestamp to, const live_window *window, live_visit *visit, void *context)
{
    live_question question = ask_plain(asked, source);
    bbots_live_query query;
    question.wanted = COSTS_AND_TOKENS;
    question.column = COST_TIME;
    question.unit = piece;
    question.from = from;
    question.to = to;
    ask_query(asked, source, &question, &query);
    return live_each_time(asked->txn, &query, window, visit, context, asked->error);
}

/* One source's costs by a unit, from buckets of a piece's length that lie whole in its units. */
static int ask_pieces(asking *asked, unsigned source, bbots_time_unit piece, bbots_time_unit unit)
{
    times to = {.asked = asked, .source = source, .unit = unit, .sign = 1};
    return each(asked, source, piece, asked->question->from, asked->question->to, NULL, take_bucket,
                &to);
}

/* ------------------------------------------------------------------ zones */

/* What a zone's clocks differ from UTC by, in a question's range; seconds east. */
typedef struct clocks {
    int64_t least;
    int64_t most;
    bool whole; /* by whole hours, always */
} clocks;

static void note_offset(clocks *of, int64_t seconds)
{
    of->least = seconds < of->least ? seconds : of->least;
    of->most = seconds > of->most ? seconds : of->most;
    of->whole = of->whole && seconds % 3600 == 0;
}

static clocks clocks_of(const asking *asked)
{
    const zone *at = &asked->zone;
    const bbots_cost_question *question = asked->question;
    bool all = question->from == 0 && question->to == 0;
    int64_t from = all ? INT64_MIN : question->from / 1000000 - 1;
    int64_t to = all ? INT64_MAX : question->to / 1000000 + 1;
    int64_t first = all ? at->first : zone_offset(at, question->from) / 1000000;
    clocks of = {first, first, first % 3600 == 0};
    if (!all) {
        note_offset(&of, zone_offset(at, question->to) / 1000000);
    }
    for (size_t i = 0; i < at->count; i++) {
        if (at->times[i] >= from && at->times[i] <= to) {
            note_offset(&of, at->offsets[i]);
        }
    }
    if (at->rule.there && (at->count == 0 || to >= at->times[at->count - 1])) {
        note_offset(&of, at->rule.standard);
        note_offset(&of, at->rule.summer);
    }
    return of;
}

/*
 * UTC's days are taken for the zone's, then hours are moved: a zone in the east begins its days in
 * the last hours of UTC's, one in the west ends them in the first ones.
 */
typedef struct moving {
    times from; /* where the day went: by its first hour or, in the west, by its last */
    times to;
    bool *inside; /* of each group: it begins inside an hour that has costs */
} moving;

static int move_hour(void *context, bbots_timestamp time, const live_number *numbers)
{
    moving *run = context;
    const times *from = &run->from;
    bbots_timestamp day = bbots_timestamp_truncate(time, BBOTS_TIME_DAY) + from->shift;
    int rc = is_in(from, day) ? BBOTS_OK : turn_to(&run->from, day);
    bool begins = is_in(from, time);
    bool ends = is_in(from, time + HOUR - 1);
    if (rc != BBOTS_OK || (begins && ends)) {
        return rc;
    }
    if (begins || ends) {
        run->inside[begins ? from->group + 1 : from->group] = true;
        return BBOTS_OK;
    }
    rc = add_bucket(&run->from, numbers);
    return rc == BBOTS_OK ? take_bucket(&run->to, time, numbers) : rc;
}

static int move_row(void *context, bbots_timestamp time, const live_number *numbers)
{
    moving *run = context;
    (void)time;
    int rc = add_bucket(&run->from, numbers);
    return rc == BBOTS_OK ? add_bucket(&run->to, numbers) : rc;
}

/* Moves the rows of hours in which a group begins; hours went where most of UTC's day is. */
static int move_rows(moving *run, bool east)
{
    const asking *asked = run->from.asked;
    int rc = BBOTS_OK;
    for (size_t g = 1; g < asked->start_count && rc == BBOTS_OK; g++) {
        bbots_timestamp start = asked->starts[g];
        bbots_timestamp hour = bbots_timestamp_truncate(start, BBOTS_TIME_HOUR);
        if (run->inside[g]) {
            run->from.group = east ? g - 1 : g;
            run->to.group = east ? g : g - 1;
            rc = each(asked, run->from.source, BBOTS_TIME_MINUTE, east ? start : hour,
                      east ? hour + HOUR : start, NULL, move_row, run);
        }
    }
    return rc;
}

static int ask_whole_days(asking *asked, unsigned source, bbots_time_unit unit, const clocks *of,
                          bbots_timestamp from, bbots_timestamp to)
{
    bool east = of->least >= 0;
    live_window window = {east ? 24 - (of->most + 3599) / 3600 : 0,
                          east ? 24 : (3599 - of->least) / 3600};
    times days = {.asked = asked, .source = source, .unit = unit, .sign = 1};
    moving run = {.from = days, .to = days};
    days.shift = run.from.shift = east ? 0 : DAY_LAST;
    run.from.sign = -1;
    run.inside = bb_arena_alloc(&asked->answer->arena, asked->start_count + 1);
    if (run.inside == NULL) {
        return bb_fail(asked->error, BBOTS_NO_MEMORY, "out of memory");
    }
    memset(run.inside, 0, asked->start_count + 1);
    int rc = each(asked, source, BBOTS_TIME_DAY, from, to, NULL, take_bucket, &days);
    if (rc == BBOTS_OK) {
        rc = each(asked, source, BBOTS_TIME_HOUR, from, to, &window, move_hour, &run);
    }
    return rc == BBOTS_OK ? move_rows(&run, east) : rc;
}

/* Each unit as a question of its own. */
static int ask_units(asking *asked, unsigned source, bbots_time_unit unit, bbots_timestamp from,
                     bbots_timestamp to)
{
    int rc = BBOTS_OK;
    while (from < to && rc == BBOTS_OK) {
        live_question question = ask_plain(asked, source);
        bbots_timestamp start;
        bbots_timestamp end;
        bbots_summary *summary;
        zone_unit(&asked->zone, from, unit, &start, &end);
        question.wanted = COSTS_AND_TOKENS;
        question.from = from;
        question.to = end < to ? end : to;
        rc = ask_source(asked, source, &question, &summary);
        if (rc != BBOTS_OK) {
            break;
        }
        bbots_cost_group *group = ask_new_group(asked);
        rc = BBOTS_NO_MEMORY;
        if (group != NULL) {
            group->number = start;
            rc = ask_sums(asked, source, COSTS_AND_TOKENS, summary, 0, &group->sums);
        }
        bbots_summary_free(summary);
        from = end;
    }
    return rc;
}

/* Hours, or the part of one, at an end of a range. */
static int ask_end(asking *asked, unsigned source, bbots_time_unit unit, const clocks *of,
                   bbots_timestamp from, bbots_timestamp to)
{
    times ends = {.asked = asked, .source = source, .unit = unit, .sign = 1};
    if (from >= to) {
        return BBOTS_OK;
    }
    return of->whole ? each(asked, source, BBOTS_TIME_HOUR, from, to, NULL, take_bucket, &ends)
                     : ask_units(asked, source, unit, from, to);
}

/* In a zone that differs always to one side. */
static int ask_days(asking *asked, unsigned source, bbots_time_unit unit, const clocks *of)
{
    const bbots_cost_question *question = asked->question;
    bbots_timestamp from = bbots_timestamp_truncate(question->from + COST_DAY - 1, BBOTS_TIME_DAY);
    bbots_timestamp to = bbots_timestamp_truncate(question->to, BBOTS_TIME_DAY);
    if (from >= to) {
        return ask_end(asked, source, unit, of, question->from, question->to);
    }
    int rc = ask_end(asked, source, unit, of, question->from, from);
    if (rc == BBOTS_OK) {
        rc = ask_end(asked, source, unit, of, to, question->to);
    }
    return rc == BBOTS_OK ? ask_whole_days(asked, source, unit, of, from, to) : rc;
}

int ask_times(asking *asked, unsigned source)
{
    bbots_time_unit unit = unit_of(asked->question->by);
    int rc = make_groups(asked, unit);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (zone_is_utc(&asked->zone)) {
        return ask_pieces(asked, source, unit, unit);
    }
    if (asked->start_count != 0 && asked->start_count <= FEW) {
        return ask_units(asked, source, unit, asked->question->from, asked->question->to);
    }
    clocks of = clocks_of(asked);
    bool aside = of.least >= 0 || of.most <= 0;
    return unit != BBOTS_TIME_HOUR && aside && asked->start_count != 0
               ? ask_days(asked, source, unit, &of)
               : ask_pieces(asked, source, of.whole ? BBOTS_TIME_HOUR : BBOTS_TIME_MINUTE, unit);
}

/* ------------------------------------------------------------------ of all times */

static int note_month(void *context, bbots_timestamp start, const live_number *numbers)
{
    bbots_cost_question *bounded = context;
    const int64_t month = 31 * COST_DAY;
    bbots_timestamp end = start > BBOTS_TIMESTAMP_MAX - month ? BBOTS_TIMESTAMP_MAX : start + month;
    bool first = bounded->from == 0 && bounded->to == 0;
    (void)numbers;
    bounded->from = first || start < bounded->from ? start : bounded->from;
    bounded->to = first || end > bounded->to ? end : bounded->to;
    return BBOTS_OK;
}

int ask_bounds(const asking *asked, unsigned source, bbots_cost_question *bounded)
{
    return each(asked, source, BBOTS_TIME_MONTH, 0, 0, NULL, note_month, bounded);
}

/* ------------------------------------------------------------------ names */

/* The start of a time by the zone's clocks: as much of the ISO form as the unit needs, and the era. */
static int name_time(asking *asked, bbots_cost_group *group, bbots_time_unit unit)
{
    char text[BBOTS_TIMESTAMP_TEXT_MAX];
    bbots_timestamp local = group->number + zone_offset(&asked->zone, group->number);
    bbots_timestamp_print(local, false, BBOTS_TIMESTAMP_ISO, text);
    char *day = strchr(text, 'T');
    bool before_christ = strstr(text, " BC") != NULL;
    day[unit == BBOTS_TIME_MONTH ? -3 : unit == BBOTS_TIME_HOUR ? 6 : 0] = '\0';
    if (before_christ) {
        strcat(text, " BC");
    }
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
