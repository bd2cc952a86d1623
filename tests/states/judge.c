/*
 * tests/states/judge.c - one state is opened as a user would open it.
 *
 * It must be what the store held after the last transaction that was acknowledged before the cut, or after
 * one that may have been on its way; the whole-file check must find nothing; it can be written to.
 */
#include "states.h"

#include <fcntl.h>
#include <unistd.h>

void judge_range(const trace *run, unsigned number, size_t cut, unsigned *first, unsigned *last)
{
    const object *of = &run->objects[number];
    unsigned noted = 0;
    *first = 0;
    for (unsigned m = 0; m < of->count; m++) {
        if (of->moments[m].acknowledged < cut) {
            *first = m;
        }
        if (of->moments[m].noted < cut) {
            noted = m;
        }
    }
    *last = noted > *first ? noted : *first;
    /* What is noted when it is done was on its way before. */
    if (*last == *first && *last + 1 < of->count) {
        ++*last;
    }
    if (run->relaxed && *first > 0) {
        --*first;
    }
}

static bool fault(judgement *on, enum fault kind, const char *what, const char *why)
{
    on->fault = kind;
    snprintf(on->why, sizeof on->why, "%s: %.200s", what, why);
    return false;
}

static bool is_moment(const moment *of, const bbots_digest *digest)
{
    return of->absent == (digest == NULL) &&
           (digest == NULL || memcmp(&of->digest, digest, sizeof *digest) == 0);
}

/* digest NULL: there is no file. */
static bool judge_digest(judgement *on, unsigned number, const bbots_digest *digest)
{
    const object *of = &on->run->objects[number];
    unsigned first;
    unsigned last;
    char why[100];
    judge_range(on->run, number, on->cut, &first, &last);
    for (unsigned m = first; m <= last; m++) {
        if (is_moment(&of->moments[m], digest)) {
            return true;
        }
    }
    for (unsigned m = 0; m < of->count; m++) {
        if (is_moment(&of->moments[m], digest)) {
            snprintf(why, sizeof why, "it is as after transaction %u, and %u was acknowledged", m,
                     first);
            return m < first ? fault(on, FAULT_LOST, of->name, why)
                             : fault(on, FAULT_PARTIAL, of->name, "it is of a later moment");
        }
    }
    return fault(on, FAULT_PARTIAL, of->name,
                 digest != NULL ? "it is as it never was" : "there is no file");
}

/* Writes something, and looks again. */
static bool try_writing(judgement *on, bbots_store *store)
{
    bbots_error error;
    bbots_txn *txn;
    char finding[WHY_MAX];
    on->sum->written++;
    if (bbots_write(store, on->of->afterwards, &on->random, &error) < 0) {
        return fault(on, FAULT_FINDING, "a write afterwards", error.message);
    }
    if (bbots_begin(store, BBOTS_READ, &txn, &error) != BBOTS_OK) {
        return fault(on, FAULT_FINDING, "a look after a write", error.message);
    }
    bool whole = check_whole(txn, finding, sizeof finding);
    bbots_rollback(txn);
    return whole || fault(on, FAULT_FINDING, "the check after a write finds", finding);
}

static bool judge_open(judgement *on, unsigned number, bbots_store *store)
{
    bbots_error error;
    bbots_txn *txn;
    bbots_digest digest;
    char finding[WHY_MAX];
    if (bbots_begin(store, BBOTS_READ, &txn, &error) != BBOTS_OK) {
        return fault(on, FAULT_FINDING, "a read", error.message);
    }
    bool good = bbots_store_digest(txn, &digest, &error) == BBOTS_OK ||
                fault(on, FAULT_FINDING, "the digest", error.message);
    good = good && judge_digest(on, number, &digest);
    if (good && !check_whole(txn, finding, sizeof finding)) {
        good = fault(on, FAULT_FINDING, "the check finds", finding);
    }
    bbots_rollback(txn);
    return good && (!on->writes || try_writing(on, store));
}

/* Lock files hold no data: whatever of one is there, it must not matter. */
static void spoil_lock(judgement *on, const char *path)
{
    char lock[320];
    char noise[3000];
    snprintf(lock, sizeof lock, "%s-lock", path);
    unsigned kind = (unsigned)draw_below(&on->random, 16);
    if (kind == 0) {
        unlink(lock);
    } else if (kind == 1) {
        int fd = open(lock, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        memset(noise, (int)draw_below(&on->random, 256), sizeof noise);
        ssize_t put = write(fd, noise, (size_t)draw_below(&on->random, sizeof noise));
        demand(fd >= 0 && put >= 0, lock, NULL);
        close(fd);
    }
}

static bool judge_object(judgement *on, unsigned number)
{
    char path[300];
    bbots_error error;
    bbots_store *store;
    snprintf(path, sizeof path, "%s/%s", on->shown->folder, on->run->objects[number].name);
    spoil_lock(on, path);
    if (access(path, F_OK) != 0) {
        return judge_digest(on, number, NULL);
    }
    bbots_keyring *ring = make_ring(0);
    bbots_options options = {.schema = on->of->schema, .flags = BBOTS_OPEN_GUARD, .keys = ring};
    int rc = bbots_open(path, &options, &store, &error);
    bbots_keyring_free(ring);
    if (rc != BBOTS_OK) {
        return fault(on, FAULT_FINDING, "it does not open", error.message);
    }
    bool good = judge_open(on, number, store);
    if (bbots_close(store, &error) != BBOTS_OK && good) {
        good = fault(on, FAULT_FINDING, "it does not close", error.message);
    }
    return good;
}

bool judge_state(judgement *on)
{
    bool good = true;
    for (unsigned o = 0; o < on->run->object_count && good; o++) {
        good = judge_object(on, o);
    }
    return good;
}
