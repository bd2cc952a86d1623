/*
 * ledger/costs_ask.h - what the files of questions share.
 *
 * costs_ask.c    sources are asked and their groups put together
 * costs_times.c  groups by time, in a zone
 * costs_more.c   executions, the forecast, what was spent
 */
#ifndef LEDGER_COSTS_ASK_H
#define LEDGER_COSTS_ASK_H

#include "base/arena.h"
#include "ledger/costs.h"
#include "ledger/zone.h"

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
    bbots_timestamp *starts; /* of groups by time, in order, and the end of the last; or NULL */
    size_t start_count;      /* how many of these groups there are: the answer's first ones */
    bbots_cost_answer *answer;
    bbots_error *error;
} asking;

/* How many of a source's measures a question is for. */
typedef enum detail { COSTS_ONLY, COSTS_AND_TOKENS, EVERYTHING } detail;

/* A question to one source. */
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

/* The aggregate for the question's user, or for all, over its range. */
live_question ask_plain(const asking *asked, unsigned source);

/* Fills the query of a question; its `by` is the question's. */
void ask_query(const asking *asked, unsigned source, const live_question *question,
               bbots_live_query *query);
int ask_source(const asking *asked, unsigned source, const live_question *question,
               bbots_summary **summary);

/* One group's measures: count, cost, then the source's own. */
int ask_sums(const asking *asked, unsigned source, detail wanted, const bbots_summary *summary,
             size_t number, bbots_cost_sums *sums);

/* A cost at the source's scale brought to BBOTS_COST_SCALE. */
int ask_scaled(const asking *asked, unsigned source, int64_t *cost);

/* Adds sums up; all members of the struct are 64-bit integers. */
int ask_add(bbots_cost_sums *to, const bbots_cost_sums *from, bbots_error *error);

/* Whether a row is among them. */
bool ask_any(const bbots_cost_sums *sums);

int ask_overflow(bbots_error *error);

/* A group more, empty; NULL when memory is exhausted. */
bbots_cost_group *ask_new_group(asking *asked);
int ask_set_name(asking *asked, bbots_cost_group *group, bbots_text name);

/*
 * One source's groups by time, without names; then the names of all groups (costs_times.c).
 * ask_bounds() widens a range, which is empty at first, to the months in which a source has costs.
 */
bool ask_is_time(bbots_cost_by by);
int ask_bounds(const asking *asked, unsigned source, bbots_cost_question *bounded);
int ask_times(asking *asked, unsigned source);
int ask_name_times(asking *asked);

#endif
