/*
 * ledger/queue.c - rows of queues are claimed, prolonged and finished.
 *
 * The index of a queue is ordered by status, gates, priority and due time. A claim visits the
 * priorities that wait, the first first. Of one priority it merges the rows of each status by due
 * time: those that wait, and those that were claimed and whose lease, their due time, is over. So
 * it reads the rows that it takes and little else.
 *
 * First all rows are chosen, then they are written: what was read stays valid until the first write.
 */
#include "ledger/queue.h"

#include <stdlib.h>

#define DUE_AT_ONCE BBOTS_TIMESTAMP_MINUS_INFINITY

/* ------------------------------------------------------------------ what is chosen */

typedef struct chosen {
    bbots_claim claim;
    int64_t attempts;
    bool give_up;
} chosen;

typedef struct claiming {
    bbots_txn *txn;
    const queue_kind *kind;
    const ledger_table *of;
    bbots_timestamp now;
    unsigned most;
    unsigned claims; /* that will be claims */
    chosen *rows;    /* claims and rows that are given up */
    size_t count;
    size_t room;
    bbots_error *error;
} claiming;

static int choose(claiming *run, const bbots_row *row, bool came_back)
{
    const queue_kind *kind = run->kind;
    if (run->count == run->room) {
        size_t room = run->room == 0 ? 16 : run->room * 2;
        chosen *moved = realloc(run->rows, room * sizeof *moved);
        if (moved == NULL) {
            return bb_fail(run->error, BBOTS_NO_MEMORY, "out of memory");
        }
        run->rows = moved;
        run->room = room;
    }
    bbots_value due = ledger_value(run->of, row, QUEUE_DUE);
    chosen *made = &run->rows[run->count++];
    memset(made, 0, sizeof *made);
    made->claim.id = ledger_value(run->of, row, QUEUE_ID);
    made->claim.due = due.kind != BBOTS_NULL ? due.integer : 0;
    made->claim.had_due = due.kind != BBOTS_NULL;
    made->claim.came_back = came_back;
    if (kind->attempts != QUEUE_NO_COLUMN) {
        made->attempts = ledger_integer(run->of, row, kind->attempts);
    }
    made->give_up = kind->max_attempts != QUEUE_NO_COLUMN &&
                    made->attempts >= ledger_integer(run->of, row, kind->max_attempts);
    run->claims += !made->give_up;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ one priority */

/* Of priorities, or of ids. */
static bool is_less(const bbots_value *a, const bbots_value *b)
{
    if (a->kind == BBOTS_UUID) {
        return memcmp(a->uuid.bytes, b->uuid.bytes, sizeof a->uuid.bytes) < 0;
    }
    if (a->kind != BBOTS_TEXT) {
        return a->integer < b->integer;
    }
    uint32_t common = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->data, b->data, common);
    return order != 0 ? order < 0 : a->size < b->size;
}

/* Rows of one status and priority that are due, in the order of their times. */
typedef struct stream {
    bbots_cursor *cursor; /* NULL: at its end */
    bbots_row row;
    bbots_timestamp due;
    bbots_value id;
    bool claimed;
} stream;

/* A stream for each waiting status with a time, one for those without, one for claimed rows. */
enum { STREAMS_MAX = 2 * QUEUE_WAITING_MAX + 1 };

static int advance(claiming *run, stream *of)
{
    int rc = bbots_cursor_next(of->cursor, &of->row, run->error);
    if (rc == BBOTS_OK) {
        bbots_value due = ledger_value(run->of, &of->row, QUEUE_DUE);
        of->due = due.kind != BBOTS_NULL ? due.integer : DUE_AT_ONCE;
        of->id = ledger_value(run->of, &of->row, QUEUE_ID);
        return rc;
    }
    bbots_cursor_close(of->cursor);
    of->cursor = NULL;
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* Opens a stream of rows with a due time up to now, or (at_once) of those without one. */
static int open_stream(claiming *run, const char *status, const bbots_value *priority, bool at_once,
                       stream *opened)
{
    bbots_value from[QUEUE_KEY_MAX];
    bbots_value to[QUEUE_KEY_MAX];
    unsigned count = queue_key(run->kind, status, priority, from);
    memcpy(to, from, sizeof to);
    to[count] = at_once ? bbots_value_null() : bbots_value_timestamp(run->now);
    from[count] = bbots_value_null();
    bbots_range range = {.from = from,
                         .to = to,
                         .from_count = (uint8_t)(at_once ? count + 1 : count),
                         .to_count = (uint8_t)(count + 1)};
    opened->claimed = strcmp(status, QUEUE_CLAIMED) == 0;
    int rc = bbots_cursor_open(run->txn, run->of->table, run->of->indexes[0], &range,
                               &opened->cursor, run->error);
    return rc == BBOTS_OK ? advance(run, opened) : rc;
}

static int open_streams(claiming *run, const bbots_value *priority, stream *streams,
                        unsigned *count)
{
    int rc = BBOTS_OK;
    *count = 0;
    for (unsigned i = 0; run->kind->waiting[i] != NULL && rc == BBOTS_OK; i++) {
        const char *status = run->kind->waiting[i];
        if (run->kind->null_is_due) {
            rc = open_stream(run, status, priority, true, &streams[(*count)++]);
        }
        if (rc == BBOTS_OK) {
            rc = open_stream(run, status, priority, false, &streams[(*count)++]);
        }
    }
    return rc == BBOTS_OK ? open_stream(run, QUEUE_CLAIMED, priority, false, &streams[(*count)++])
                          : rc;
}

static bool is_before(const stream *a, const stream *b)
{
    return a->due != b->due ? a->due < b->due : is_less(&a->id, &b->id);
}

/* Each is in order of due time and id by itself. */
static stream *earliest(stream *streams, unsigned count)
{
    stream *first = NULL;
    for (unsigned i = 0; i < count; i++) {
        if (streams[i].cursor != NULL && (first == NULL || is_before(&streams[i], first))) {
            first = &streams[i];
        }
    }
    return first;
}

/* Chooses among the due rows of one priority (NULL: the queue has none). */
static int choose_of(claiming *run, const bbots_value *priority)
{
    stream streams[STREAMS_MAX];
    stream *next;
    unsigned count;
    memset(streams, 0, sizeof streams);
    int rc = open_streams(run, priority, streams, &count);
    while (rc == BBOTS_OK && run->claims < run->most && (next = earliest(streams, count)) != NULL) {
        if (!queue_waits_for_review(run->kind, run->of, &next->row)) {
            rc = choose(run, &next->row, next->claimed);
        }
        if (rc == BBOTS_OK) {
            rc = advance(run, next);
        }
    }
    for (unsigned i = 0; i < STREAMS_MAX; i++) {
        bbots_cursor_close(streams[i].cursor);
    }
    return rc;
}

/* ------------------------------------------------------------------ all priorities */

/*
 * The next priority behind one (NULL: the first) among rows of a status: BBOTS_OK or BBOTS_END.
 * A text lies in its row, which stays where it is as long as nothing is written.
 */
static int next_priority(claiming *run, const char *status, const bbots_value *behind,
                         bbots_value *found)
{
    bbots_value from[QUEUE_KEY_MAX];
    bbots_value to[QUEUE_KEY_MAX];
    bbots_cursor *cursor;
    bbots_row row;
    unsigned to_count = queue_key(run->kind, status, NULL, to);
    unsigned from_count = queue_key(run->kind, status, behind, from);
    bbots_range range = {.from = from,
                         .to = to,
                         .from_count = (uint8_t)from_count,
                         .to_count = (uint8_t)to_count,
                         .from_exclusive = behind != NULL,
                         .limit = 1};
    int rc = bbots_cursor_open(run->txn, run->of->table, run->of->indexes[0], &range, &cursor,
                               run->error);
    rc = rc == BBOTS_OK ? bbots_cursor_next(cursor, &row, run->error) : rc;
    if (rc == BBOTS_OK) {
        *found = ledger_value(run->of, &row, run->kind->priority);
    }
    bbots_cursor_close(cursor);
    return rc;
}

static bool is_ranked(const queue_kind *kind, const bbots_value *priority)
{
    for (unsigned i = 0; kind->ranks != NULL && kind->ranks[i] != NULL; i++) {
        if (priority->kind == BBOTS_TEXT &&
            ledger_equal((bbots_text){priority->data, priority->size},
                         bbots_text_of(kind->ranks[i]))) {
            return true;
        }
    }
    return false;
}

/* The least priority behind one over all statuses that can be claimed: BBOTS_OK or BBOTS_END. */
static int least_priority(claiming *run, const bbots_value *behind, bbots_value *least)
{
    bool any = false;
    for (unsigned i = 0; i == 0 || run->kind->waiting[i - 1] != NULL; i++) {
        bbots_value one;
        const char *status = run->kind->waiting[i] != NULL ? run->kind->waiting[i] : QUEUE_CLAIMED;
        int rc = next_priority(run, status, behind, &one);
        if (rc < 0) {
            return rc;
        }
        if (rc == BBOTS_OK && (!any || is_less(&one, least))) {
            any = true;
            *least = one;
        }
    }
    return any ? BBOTS_OK : BBOTS_END;
}

/* The ranked ones in their order, then all others in the index's. */
static int choose_all(claiming *run)
{
    const queue_kind *kind = run->kind;
    bbots_value behind;
    bbots_value priority;
    int rc = BBOTS_OK;
    if (kind->priority == QUEUE_NO_COLUMN) {
        return choose_of(run, NULL);
    }
    for (unsigned i = 0; kind->ranks != NULL && kind->ranks[i] != NULL && rc == BBOTS_OK; i++) {
        priority = bbots_value_string(kind->ranks[i]);
        rc = run->claims < run->most ? choose_of(run, &priority) : BBOTS_OK;
    }
    bool first = true;
    while (rc == BBOTS_OK && run->claims < run->most) {
        rc = least_priority(run, first ? NULL : &behind, &priority);
        if (rc == BBOTS_OK && !is_ranked(kind, &priority)) {
            rc = choose_of(run, &priority);
        }
        behind = priority;
        first = false;
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* ------------------------------------------------------------------ claiming */

static int write_claim(const claiming *run, const chosen *row, bbots_timestamp lease_end)
{
    const queue_kind *kind = run->kind;
    ledger_values change;
    ledger_values_begin(&change, run->of);
    ledger_set(&change, QUEUE_STATUS, bbots_value_string(row->give_up ? "failed" : QUEUE_CLAIMED));
    if (!row->give_up) {
        ledger_set_time(&change, QUEUE_DUE, lease_end);
        if (kind->started != QUEUE_NO_COLUMN) {
            ledger_set_time(&change, kind->started, run->now);
        }
        if (kind->attempts != QUEUE_NO_COLUMN) {
            ledger_set_integer(&change, kind->attempts, row->attempts + 1);
        }
    }
    return ledger_update(run->txn, &change, row->claim.id, run->error);
}

static int write_all(const claiming *run, bbots_timestamp lease_end, bbots_claim *claims,
                     unsigned *count)
{
    int rc = BBOTS_OK;
    for (size_t i = 0; i < run->count && rc == BBOTS_OK; i++) {
        rc = write_claim(run, &run->rows[i], lease_end);
        if (rc == BBOTS_OK && !run->rows[i].give_up) {
            claims[*count] = run->rows[i].claim;
            claims[*count].lease_end = lease_end;
            ++*count;
        }
    }
    return rc;
}

/* When a lease of so many milliseconds ends. */
static int end_of_lease(bbots_timestamp now, int64_t lease_ms, bbots_timestamp *end,
                        bbots_error *error)
{
    int64_t span;
    int rc = ledger_check_positive("the lease", lease_ms, error);
    if (rc == BBOTS_OK && (__builtin_mul_overflow(lease_ms, 1000, &span) ||
                           __builtin_add_overflow(now, span, end) || *end > BBOTS_TIMESTAMP_MAX)) {
        rc = bb_fail(error, BBOTS_DATETIME_OUT_OF_RANGE, "a lease of %lld ms does not end",
                     (long long)lease_ms);
    }
    return rc;
}

static int begin(bbots_txn *txn, bool write, bbots_queue queue, bbots_timestamp *now,
                 const queue_kind **kind, const ledger_table **of, bbots_error *error)
{
    int rc = ledger_begin(txn, write, now, error);
    if (rc == BBOTS_OK) {
        rc = queue_find(queue, kind, error);
    }
    return rc == BBOTS_OK ? ledger_find(txn, &(*kind)->need, of, error) : rc;
}

int bbots_queue_claim(bbots_txn *txn, bbots_queue queue, unsigned most, int64_t lease_ms,
                      bbots_timestamp now, bbots_claim *claims, unsigned *count, bbots_error *error)
{
    claiming run = {.txn = txn, .most = most, .error = error};
    bbots_timestamp lease_end = 0;
    *count = 0;
    int rc = begin(txn, true, queue, &now, &run.kind, &run.of, error);
    if (rc == BBOTS_OK && (most == 0 || most > BBOTS_CLAIMS_MAX)) {
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT, "1 to %d rows can be claimed at once, not %u",
                     BBOTS_CLAIMS_MAX, most);
    }
    if (rc == BBOTS_OK) {
        rc = end_of_lease(now, lease_ms, &lease_end, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    run.now = now;
    rc = choose_all(&run);
    if (rc == BBOTS_OK && run.count > 0) {
        rc = ledger_begin_rows(txn, error);
        if (rc == BBOTS_OK) {
            rc = ledger_end_rows(txn, write_all(&run, lease_end, claims, count));
        }
    }
    free(run.rows);
    return rc == BBOTS_OK && *count == 0 ? BBOTS_NOT_FOUND : rc;
}

/* ------------------------------------------------------------------ a claim goes on, or ends */

/* Whether the row is still this claim's: BBOTS_OK, BBOTS_REFUSED or BBOTS_NOT_FOUND. */
static int confirm(bbots_txn *txn, const ledger_table *of, const bbots_claim *claim,
                   bbots_error *error)
{
    bbots_row row;
    bbots_value id = claim->id;
    int rc = bbots_get(txn, of->table, 0, &id, &row, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_value status = ledger_value(of, &row, QUEUE_STATUS);
    bbots_value due = ledger_value(of, &row, QUEUE_DUE);
    bool ours =
        status.kind == BBOTS_TEXT &&
        ledger_equal((bbots_text){status.data, status.size}, bbots_text_of(QUEUE_CLAIMED)) &&
        due.kind != BBOTS_NULL && due.integer == claim->lease_end;
    return ours ? BBOTS_OK : BBOTS_REFUSED;
}

int bbots_queue_extend(bbots_txn *txn, bbots_queue queue, bbots_claim *claim, int64_t lease_ms,
                       bbots_timestamp now, bbots_error *error)
{
    const queue_kind *kind;
    const ledger_table *of;
    ledger_values change;
    bbots_timestamp lease_end = 0;
    int rc = begin(txn, true, queue, &now, &kind, &of, error);
    if (rc == BBOTS_OK) {
        rc = end_of_lease(now, lease_ms, &lease_end, error);
    }
    if (rc == BBOTS_OK) {
        rc = confirm(txn, of, claim, error);
    }
    if (rc == BBOTS_OK) {
        ledger_values_begin(&change, of);
        ledger_set_time(&change, QUEUE_DUE, lease_end);
        rc = ledger_update(txn, &change, claim->id, error);
    }
    if (rc == BBOTS_OK) {
        claim->lease_end = lease_end;
    }
    return rc;
}

int bbots_queue_finish(bbots_txn *txn, bbots_queue queue, const bbots_claim *claim,
                       bbots_text status, const bbots_timestamp *due, bbots_error *error)
{
    const queue_kind *kind;
    const ledger_table *of;
    ledger_values change;
    int rc = begin(txn, true, queue, NULL, &kind, &of, error);
    if (rc == BBOTS_OK && (status.data == NULL || status.size == 0 ||
                           (status.size == strlen(QUEUE_CLAIMED) &&
                            memcmp(status.data, QUEUE_CLAIMED, status.size) == 0))) {
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT,
                     "a claim ends with a status other than '" QUEUE_CLAIMED "'");
    }
    if (rc == BBOTS_OK) {
        rc = confirm(txn, of, claim, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    ledger_values_begin(&change, of);
    ledger_set(&change, QUEUE_STATUS, bbots_value_text(status));
    ledger_set(&change, QUEUE_DUE,
               due != NULL      ? bbots_value_timestamp(*due)
               : claim->had_due ? bbots_value_timestamp(claim->due)
                                : bbots_value_null());
    return ledger_update(txn, &change, claim->id, error);
}

/* ------------------------------------------------------------------ looking */

/* One row of a status that waits. */
static void look_at_waiting(const queue_kind *kind, bbots_value due, bbots_timestamp now,
                            bbots_queue_state *state)
{
    bool none = due.kind == BBOTS_NULL;
    if (none && !kind->null_is_due) {
        return;
    }
    if (!none && due.integer > now) {
        state->later++;
        return;
    }
    state->due++;
    if (!none && (state->oldest == 0 || due.integer < state->oldest)) {
        state->oldest = due.integer;
    }
}

static int look_at(bbots_txn *txn, const queue_kind *kind, const ledger_table *of,
                   const char *status, bbots_timestamp now, bbots_queue_state *state,
                   bbots_error *error)
{
    bbots_value key[QUEUE_KEY_MAX];
    bbots_cursor *cursor;
    bbots_row row;
    bool claimed = strcmp(status, QUEUE_CLAIMED) == 0;
    unsigned count = queue_key(kind, status, NULL, key);
    int rc = ledger_scan(txn, of, 0, key, count, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    while ((rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        bbots_value due = ledger_value(of, &row, QUEUE_DUE);
        if (!claimed) {
            look_at_waiting(kind, due, now, state);
        } else if (due.kind != BBOTS_NULL && due.integer <= now) {
            state->came_back++;
        } else {
            state->claimed++;
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

int bbots_queue_look(bbots_txn *txn, bbots_queue queue, bbots_timestamp now,
                     bbots_queue_state *state, bbots_error *error)
{
    const queue_kind *kind;
    const ledger_table *of;
    memset(state, 0, sizeof *state);
    int rc = begin(txn, false, queue, &now, &kind, &of, error);
    for (unsigned i = 0; rc == BBOTS_OK && kind->waiting[i] != NULL; i++) {
        rc = look_at(txn, kind, of, kind->waiting[i], now, state, error);
    }
    return rc == BBOTS_OK ? look_at(txn, kind, of, QUEUE_CLAIMED, now, state, error) : rc;
}
