/*
 * session.c - both engines, statement by statement.
 *
 * The store runs a statement and answers; the statement waits in one of two batches. When a batch
 * is full PostgreSQL gets it and the answers of the batch before are read, so that both engines
 * work at the same time. The first statement whose answers differ ends the session: what both hold
 * from then on is not the same any more.
 *
 * A delete that reaches further than its row is run alone (excuse.c), after all before it.
 */
#include "diffpg.h"

#include <stdio.h>
#include <stdlib.h>

void session_open(session *both, const char *database, const bbots_schema *schema,
                  const char *const *files)
{
    memset(both, 0, sizeof *both);
    both->ours.schema = schema;
    both->ours.now = postgres_now();
    snprintf(both->ours.path, sizeof both->ours.path, "%s/%s.bbots", server_directory(), database);
    postgres_open(&both->theirs, database, schema, files);
    store_reset(&both->ours);
}

void session_close(session *both)
{
    store_close(&both->ours);
    postgres_close(&both->theirs);
    builder_free(&both->report);
}

/* ------------------------------------------------------------------ a difference */

static void note_difference(session *both, const statement *one, const answer *ours,
                            const answer *theirs, uint64_t number)
{
    if (both->differs) {
        return;
    }
    both->differs = true;
    both->culprit = one;
    both->at = number;
    bool row =
        strcmp(ours->sqlstate, theirs->sqlstate) == 0 && strcmp(ours->sqlstate, "00000") == 0;
    snprintf(both->kind, sizeof both->kind, "%s: libbbots %s, PostgreSQL %s%s",
             verb_name(one->verb), ours->sqlstate, theirs->sqlstate, row ? ", rows" : "");
    both->report.size = 0;
    sql_print(one, &both->report);
    answer_print("libbbots", ours, &both->report);
    answer_print("PostgreSQL", theirs, &both->report);
}

static void judge(session *both, const statement *one, answer *ours, answer *theirs,
                  uint64_t number)
{
    if (!both->differs && both->counted != NULL) {
        both->counted->statements++;
        tally_add(&both->counted->ours, ours->sqlstate);
        tally_add(&both->counted->theirs, theirs->sqlstate);
        variety_add(&both->counted->variety, both->ours.schema, one, ours);
    }
    if (!answer_same(ours, theirs)) {
        note_difference(both, one, ours, theirs, number);
    }
    answer_free(ours);
    answer_free(theirs);
}

/* ------------------------------------------------------------------ batches */

static void receive_flying(session *both)
{
    answer theirs[IN_FLIGHT_MAX];
    const statement *sent[IN_FLIGHT_MAX];
    unsigned side = 1 - both->side;
    for (unsigned i = 0; i < both->flying; i++) {
        sent[i] = both->pending[side][i].statement;
    }
    postgres_receive(&both->theirs, sent, theirs);
    for (unsigned i = 0; i < both->flying; i++) {
        judge(both, sent[i], &both->pending[side][i].ours, &theirs[i],
              both->pending[side][i].number);
    }
    both->flying = 0;
}

/* The batch that was filled flies, and the other one is filled. */
static void turn(session *both)
{
    receive_flying(both);
    for (unsigned i = 0; i < both->filled; i++) {
        const struct pending *next = &both->pending[both->side][i];
        postgres_send(&both->theirs, next->statement, next->within,
                      strcmp(next->ours.sqlstate, "00000") != 0);
    }
    postgres_flush(&both->theirs);
    both->flying = both->filled;
    both->filled = 0;
    both->side = 1 - both->side;
}

bool session_drain(session *both)
{
    turn(both);
    receive_flying(both);
    return !both->differs;
}

void session_reset(session *both)
{
    session_drain(both);
    postgres_reset(&both->theirs, both->ours.schema);
    store_reset(&both->ours);
    both->differs = false;
    both->culprit = NULL;
    both->number = 0;
    both->report.size = 0;
}

/* ------------------------------------------------------------------ statements */

static void run_far(session *both, const statement *one, bool within, answer *ours)
{
    answer first;
    answer second;
    if (!session_drain(both)) {
        answer_free(ours);
        return;
    }
    postgres_judge(&both->theirs, one, within, ours, &first, &second);
    if (!both->strict && !answer_same(ours, &first) &&
        excuse_order(ours, &first, &second,
                     both->counted != NULL ? &both->counted->excused : NULL)) {
        answer_free(&first);
        first = second;
        memset(&second, 0, sizeof second);
    }
    judge(both, one, ours, &first, both->number);
    answer_free(&second);
}

bool session_run(session *both, statement *one)
{
    bool within = both->ours.txn != NULL;
    if ((one->verb == BEGIN) == within && one->verb >= BEGIN) {
        return !both->differs;
    }
    struct pending *next = &both->pending[both->side][both->filled];
    both->number++;
    store_run(&both->ours, one, &next->ours);
    one->failed = strcmp(next->ours.sqlstate, "00000") != 0;
    next->ours.rows += both->number == both->canary; /* a difference that has to be seen */
    if (next->ours.far_reaching) {
        answer ours = next->ours;
        memset(&next->ours, 0, sizeof next->ours);
        run_far(both, one, within, &ours);
        return !both->differs;
    }
    next->statement = one;
    next->number = both->number;
    next->within = within;
    if (++both->filled == IN_FLIGHT_MAX) {
        turn(both);
    }
    return !both->differs;
}

bool session_compare(session *both)
{
    uint64_t rows = 0;
    builder text = {NULL, 0, 0};
    if (!session_drain(both)) {
        return false;
    }
    if (!contents_same(&both->ours, &both->theirs, &rows, &text)) {
        both->differs = true;
        both->at = both->number;
        snprintf(both->kind, sizeof both->kind, "contents");
        both->report.size = 0;
        builder_add(&both->report, text.data, text.size);
    }
    builder_free(&text);
    if (both->counted != NULL) {
        both->counted->rows += rows;
    }
    return !both->differs;
}

bool session_replay(session *both, const statements *all)
{
    session_reset(both);
    for (size_t i = 0; i < all->count && !both->differs && interrupted == 0; i++) {
        session_run(both, all->list[i]);
    }
    return session_compare(both);
}
