/*
 * ledger/usage_consume.c - executions that are used up, agents that are started.
 *
 * A pack's row changes when something is taken from it; all else is one update of the
 * subscription. The whole is decided before the first row is written.
 */
#include "ledger/usage.h"

/* ------------------------------------------------------------------ packs */

/* A pack in the order in which packs are drawn upon. */
typedef struct drawn_pack {
    bool found;
    bool expires;
    bbots_timestamp expires_at;
    int64_t id;
    bool unlimited;
    int64_t remaining;
} drawn_pack;

/* Earliest expiry first, no expiry last, then by id. */
static bool comes_before(const drawn_pack *a, const drawn_pack *b)
{
    if (a->expires != b->expires) {
        return a->expires;
    }
    if (a->expires && a->expires_at != b->expires_at) {
        return a->expires_at < b->expires_at;
    }
    return a->id < b->id;
}

/* The first pack with something in it. A user has few, so each is looked for anew. */
static int first_pack(const usage *of, const ledger_table *bought, drawn_pack *first,
                      bbots_error *error)
{
    bbots_cursor *cursor;
    bbots_row row;
    memset(first, 0, sizeof *first);
    int rc = ledger_scan(of->txn, bought, BOUGHT_BY_USER, &of->user, 1, &cursor, error);
    while (rc == BBOTS_OK && (rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        bbots_value expires = ledger_value(bought, &row, BOUGHT_EXPIRES);
        bbots_value remaining = ledger_value(bought, &row, BOUGHT_REMAINING);
        drawn_pack pack = {true,
                           expires.kind != BBOTS_NULL,
                           expires.integer,
                           ledger_integer(bought, &row, BOUGHT_ID),
                           remaining.kind == BBOTS_NULL,
                           remaining.integer};
        if (usage_pack_counts(bought, &row, of->now) && (pack.unlimited || pack.remaining > 0) &&
            (!first->found || comes_before(&pack, first))) {
            *first = pack;
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int draw(const usage *of, const ledger_table *bought, const drawn_pack *pack, int64_t taken,
                bbots_error *error)
{
    ledger_values change;
    ledger_values_begin(&change, bought);
    ledger_set_integer(&change, BOUGHT_REMAINING, pack->remaining - taken);
    if (pack->remaining == taken) {
        ledger_set(&change, BOUGHT_STATUS, bbots_value_string("depleted"));
    }
    return ledger_update(of->txn, &change, bbots_value_integer(pack->id), error);
}

/* Takes executions out of packs, which are known to hold them. */
static int draw_on_packs(const usage *of, int64_t executions, bbots_error *error)
{
    const ledger_table *bought;
    int rc = ledger_find(of->txn, &usage_bought, &bought, error);
    while (rc == BBOTS_OK && executions > 0) {
        drawn_pack pack;
        rc = first_pack(of, bought, &pack, error);
        if (rc != BBOTS_OK || !pack.found || pack.unlimited) {
            break;
        }
        int64_t taken = pack.remaining > executions ? executions : pack.remaining;
        rc = draw(of, bought, &pack, taken, error);
        executions -= taken;
    }
    return rc;
}

/* ------------------------------------------------------------------ the subscription */

/* Writes the counters of executions and agents as they are in hand. */
static int write_subscription(usage *of, bool with_metadata, bbots_error *error)
{
    ledger_values change;
    bbots_value metadata;
    bb_arena arena;
    int rc = BBOTS_OK;
    ledger_values_begin(&change, of->of);
    ledger_set_integer(&change, SUB_USED, of->used);
    ledger_set_integer(&change, SUB_SPAWNED, of->spawned);
    ledger_set_time(&change, SUB_UPDATED, of->now);
    bb_arena_init(&arena);
    if (with_metadata) {
        rc = usage_write_counters(of, &arena, &metadata, error);
        if (rc == BBOTS_OK) {
            ledger_set(&change, SUB_METADATA, metadata);
        }
    }
    if (rc == BBOTS_OK) {
        rc = ledger_update(of->txn, &change, of->id, error);
    }
    bb_arena_free(&arena);
    return rc;
}

/*
 * Consumes what was found to be allowed: of the plan, of packs, the rest as overage. The
 * subscription is written first, while its old row's metadata is still in place.
 */
static int consume(usage *of, int64_t executions, bbots_error *error)
{
    int64_t left = usage_plan_left(of);
    int64_t plan = left < executions ? left : executions;
    int64_t packs = executions - plan;
    if (!of->packs_unlimited && packs > of->packs_remaining) {
        packs = of->packs_remaining;
    }
    if (__builtin_add_overflow(of->used, executions, &of->used)) {
        return bb_fail(error, BBOTS_NUMERIC_OUT_OF_RANGE, "%lld executions are too many",
                       (long long)executions);
    }
    of->used_of_packs += packs;
    of->overage += executions - plan - packs;
    int rc = ledger_begin_rows(of->txn, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = write_subscription(of, executions > plan, error);
    if (rc == BBOTS_OK && packs > 0) {
        rc = draw_on_packs(of, packs, error);
        of->packs_remaining -= of->packs_unlimited ? 0 : packs;
    }
    return ledger_end_rows(of->txn, rc);
}

int bbots_usage_consume(bbots_txn *txn, int64_t user_id, int64_t executions, uint32_t flags,
                        bbots_timestamp now, bbots_verdict *verdict, bbots_error *error)
{
    usage of;
    int rc = ledger_begin(txn, true, &now, error);
    if (rc == BBOTS_OK) {
        rc = ledger_check_positive("the number of executions", executions, error);
    }
    if (rc == BBOTS_OK) {
        rc = usage_read(txn, user_id, now, &of, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    usage_decide(&of, of.reason, verdict);
    if (!verdict->allowed) {
        return BBOTS_REFUSED;
    }
    if (executions > usage_left(&of) && (flags & BBOTS_USAGE_OVERAGE) == 0) {
        rc = usage_advise_executions(&of, verdict, error);
        return rc == BBOTS_OK ? BBOTS_REFUSED : rc;
    }
    rc = consume(&of, executions, error);
    if (rc == BBOTS_OK) {
        usage_decide(&of, BBOTS_USAGE_ALLOWED, verdict);
    }
    return rc;
}

/* ------------------------------------------------------------------ agents */

int bbots_usage_spawn(bbots_txn *txn, int64_t user_id, int64_t agents, int64_t running,
                      bbots_timestamp now, bbots_verdict *verdict, bbots_error *error)
{
    usage of;
    int rc = ledger_begin(txn, true, &now, error);
    if (rc == BBOTS_OK) {
        rc = bbots_usage_may_spawn(txn, user_id, agents, running, now, verdict, error);
    }
    if (rc == BBOTS_OK) {
        rc = usage_read(txn, user_id, now, &of, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    bool peak = running + agents > of.peak_agents;
    of.peak_agents = peak ? running + agents : of.peak_agents;
    if (__builtin_add_overflow(of.spawned, agents, &of.spawned)) {
        return bb_fail(error, BBOTS_NUMERIC_OUT_OF_RANGE, "%lld agents are too many",
                       (long long)agents);
    }
    verdict->remaining -= agents;
    return write_subscription(&of, peak, error);
}
