/*
 * table/group.c - bbots_write(): work that runs as a write transaction, alone or in a group.
 *
 * Most of a small transaction's time is the wait for the disk, and one wait can serve many. The
 * thread that finds nobody else writing leads: it begins a transaction and does its own work. Those
 * who came meanwhile are given the transaction one after the other, each in its own thread; then
 * the leader commits once for all. While it waits for the disk the next group gathers. A
 * thread that is alone commits directly: a group costs it two uncontended mutex calls.
 *
 * Each member's work stands behind a savepoint, so that a failure takes back that member's changes
 * only. When the transaction itself breaks, or the commit fails for a reason that may be one
 * member's (no room in the map, a sum that overflows), all do their work again, each alone, and
 * get their own answers.
 */
#include "table/engine.h"

#define GROUP_MAX 64u

typedef enum member_state {
    WAITING,
    LEADING,  /* it begins and commits */
    WORKING,  /* it has the leader's transaction */
    WORKED,   /* it gave it back */
    RETRYING, /* nothing of its work stands: it starts again, alone */
    ANSWERED
} member_state;

typedef struct group_member {
    bbots_store *store;
    bbots_work *work;
    void *context;
    bbots_error *error;
    bbots_txn *txn; /* while it works */
    int answer;     /* of its work, or what became of it */
    bool alone;     /* takes no others in and joins none */
    member_state state;
    pthread_cond_t changed;
    struct group_member *next; /* in the queue, then in the group */
} group_member;

/* ------------------------------------------------------------------ the queue */

static void tell(group_member *member, member_state state)
{
    group_queue *queue = &member->store->writers;
    pthread_mutex_lock(&queue->mutex);
    member->state = state;
    pthread_cond_signal(&member->changed);
    pthread_mutex_unlock(&queue->mutex);
}

static member_state wait_while(group_member *member, member_state state)
{
    group_queue *queue = &member->store->writers;
    pthread_mutex_lock(&queue->mutex);
    while (member->state == state) {
        pthread_cond_wait(&member->changed, &queue->mutex);
    }
    member_state now = member->state;
    pthread_mutex_unlock(&queue->mutex);
    return now;
}

/* Leads when nobody does, otherwise takes its place in the queue. */
static void enter(group_member *member)
{
    group_queue *queue = &member->store->writers;
    pthread_mutex_lock(&queue->mutex);
    member->next = NULL;
    member->state = queue->led ? WAITING : LEADING;
    if (!queue->led) {
        queue->led = true;
    } else if (queue->first == NULL) {
        queue->first = queue->last = member;
    } else {
        queue->last->next = member;
        queue->last = member;
    }
    pthread_mutex_unlock(&queue->mutex);
}

static group_member *take_first(group_queue *queue)
{
    group_member *first = queue->first;
    if (first != NULL) {
        queue->first = first->next;
        first->next = NULL;
    }
    return first;
}

/* The next one who may join, taken out of the queue. */
static group_member *take_joiner(group_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    bool joins = queue->first != NULL && !queue->first->alone;
    group_member *joiner = joins ? take_first(queue) : NULL;
    pthread_mutex_unlock(&queue->mutex);
    return joiner;
}

static void hand_over(group_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    group_member *next = take_first(queue);
    queue->led = next != NULL;
    if (next != NULL) {
        next->state = LEADING;
        pthread_cond_signal(&next->changed);
    }
    pthread_mutex_unlock(&queue->mutex);
}

/* ------------------------------------------------------------------ work */

/* Runs a member's work to its end: afterwards nothing in the transaction is this member's own. */
static void do_work(group_member *member)
{
    bbots_txn *txn = member->txn;
    txn->now_known = false;
    member->answer = member->work(txn, member->context, member->error);
    if (member->answer >= 0) {
        bb_error_clear(member->error); /* what the work met and went on after is no reason */
        int rc = txn_check(txn, true, member->error);
        if (rc == BBOTS_OK) {
            rc = defer_judge(txn, member->error);
        }
        member->answer = rc < 0 ? rc : member->answer;
    }
    txn->deferred = NULL;
}

/*
 * Lets a member work in the leader's transaction. Returns whether the transaction is whole: with
 * the member's changes, or without them when its work failed.
 */
static bool let_work(group_member *member, bbots_txn *txn)
{
    if (undo_begin(txn, NULL) != BBOTS_OK) {
        return false;
    }
    member->txn = txn;
    tell(member, WORKING);
    wait_while(member, WORKING);
    store_take_over(&txn->base);
    return !txn->broken && undo_end(txn, member->answer >= 0, NULL) == BBOTS_OK;
}

/* ------------------------------------------------------------------ a group */

/* Tells all members of a group how it ended; rc is BBOTS_OK when it was committed. */
static void tell_all(group_member *joined, int rc, const bbots_error *why, bool again)
{
    while (joined != NULL) {
        group_member *next = joined->next; /* once told, a member is gone */
        if (rc != BBOTS_OK && !again) {
            joined->answer = rc;
            bb_error_give(joined->error, why);
        }
        tell(joined, again ? RETRYING : ANSWERED);
        joined = next;
    }
}

/*
 * Lets all who wait join. Those whose work failed are told only at the end too: what stood in their
 * way may be the change of one that is not committed after all.
 */
static bool gather(bbots_txn *txn, group_member **joined)
{
    bool whole = true;
    group_member *joiner;
    undo_free(txn->undo); /* savepoints that the leader's work left behind */
    txn->undo = NULL;
    for (unsigned count = 1; whole && count < GROUP_MAX; count++) {
        joiner = take_joiner(&txn->store->writers);
        if (joiner == NULL) {
            break;
        }
        whole = let_work(joiner, txn);
        joiner->next = *joined;
        *joined = joiner;
    }
    return whole;
}

/* Whether a failed commit left the file as it was for certain, so that work may be done again. */
static bool may_repeat(int rc)
{
    return rc != BBOTS_IO && rc != BBOTS_CORRUPTED && rc != BBOTS_FORKED;
}

/* Commits what the leader and those who join did. Returns whether the leader has its answer. */
static bool complete(group_member *leader, bbots_txn *txn)
{
    bbots_error why;
    group_member *joined = NULL;
    if (!leader->alone && !gather(txn, &joined)) {
        bbots_rollback(txn);
        tell_all(joined, BBOTS_OK, NULL, true);
        return false;
    }
    int rc = bbots_commit(txn, &why);
    bool again = rc != BBOTS_OK && joined != NULL && may_repeat(rc);
    tell_all(joined, rc, &why, again);
    if (rc != BBOTS_OK) {
        leader->answer = rc;
        bb_error_give(leader->error, &why);
    }
    return !again;
}

/* Returns whether the member has its answer; otherwise it has to try again, alone. */
static bool lead(group_member *member)
{
    bbots_store *store = member->store;
    bool answered = true;
    member->answer = bbots_begin(store, BBOTS_WRITE, &member->txn, member->error);
    if (member->answer == BBOTS_OK) {
        do_work(member);
        if (member->answer < 0) {
            bbots_rollback(member->txn);
        } else {
            answered = complete(member, member->txn);
        }
    }
    hand_over(&store->writers);
    return answered && (member->answer != BBOTS_MAP_FULL || !store_map_can_grow(store->file));
}

static bool follow(group_member *member)
{
    store_take_over(&member->txn->base);
    do_work(member);
    tell(member, WORKED);
    return wait_while(member, WORKED) == ANSWERED;
}

int bbots_write(bbots_store *store, bbots_work *work, void *context, bbots_error *error)
{
    group_member member = {.store = store, .work = work, .context = context, .error = error};
    bool answered = false;
    bb_error_clear(error);
    int rc = store_check_process(store->file, error);
    if (rc == BBOTS_OK) {
        rc = store_check_thread(store->file, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    pthread_cond_init(&member.changed, NULL);
    while (!answered) {
        enter(&member);
        member_state state = wait_while(&member, WAITING);
        answered = state == LEADING ? lead(&member) : follow(&member);
        member.alone = true;
        if (!answered) {
            bb_error_clear(error);
        }
    }
    pthread_cond_destroy(&member.changed);
    return member.answer;
}
