/* tests/refusal/play.c - plays a scene with one refusal after the other; see refusal.h. */
#include "refusal.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

enum {
    COMPLAINTS_MAX = 6,
    SECONDS_MAX = 120 /* for one play */
};

/* One play: what is refused in it, and what came of it. */
typedef struct performance {
    stage *at;
    const scene *it;
    enum refusal what;
    bool lasting;
    uint64_t number; /* which call is refused */
    places *noted;   /* NULL, or where the calls are noted, none of which is refused */
    system_report report;
    bbots_error error;
    int rc;
    bool wrong;          /* something did not hold */
    bool settled;        /* the scene changes rows in the same way each time: */
    bbots_digest effect; /* to these */
} performance;

static void complain(performance *of, const char *what, const bbots_error *more)
{
    static unsigned shown;
    of->wrong = true;
    if (++shown <= COMPLAINTS_MAX) {
        printf("scene %s, %s %" PRIu64 " (%s%s): %s%s%s\n", of->it->name,
               of->what == REFUSE_MEMORY ? "allocation" : "call", of->number,
               of->report.name != NULL ? of->report.name : "none", of->lasting ? ", lasting" : "",
               what, more != NULL ? ": " : "", more != NULL ? more->message : "");
    }
}

/* ------------------------------------------------------------------ is the error named? */

/*
 * Calls without which all goes on as well: hints, locks of memory that are only a precaution. Room in
 * the file is asked for once more when there is not as much.
 */
static bool is_harmless(const performance *of)
{
    const char *name = of->report.name;
    return strcmp(name, "madvise") == 0 || strcmp(name, "mlock") == 0 ||
           (strcmp(name, "fallocate") == 0 && !of->lasting);
}

/* Whether the scene may come to its end all the same. */
static bool is_tolerated(const performance *of)
{
    unsigned flags = of->it->flags;
    return (flags & (TOLERANT | REGEX)) != 0 ||
           ((flags & TOLERANT_MEMORY) != 0 && of->what == REFUSE_MEMORY) ||
           ((flags & TOLERANT_LMDB) != 0 && of->what == REFUSE_LMDB);
}

/* What was read is not what was written: the work may take it for what it is not, and say so. */
static bool is_misled(const performance *of)
{
    return of->what >= REFUSE_VALUE_FLIPPED;
}

static bool is_named(const performance *of)
{
    if (of->what == REFUSE_MEMORY) {
        return of->rc == BBOTS_NO_MEMORY;
    }
    if (of->what == REFUSE_LMDB) {
        return of->rc == BBOTS_CORRUPTED;
    }
    if (is_misled(of)) { /* a row that is not there may be missing by right */
        bool in_txn = of->it->kind == READS || of->it->kind == WRITES;
        return of->rc == BBOTS_CORRUPTED || of->what == REFUSE_ENTRY || !in_txn;
    }
    if ((of->it->flags & LOSSY) != 0 && of->rc == BBOTS_CORRUPTED) {
        return true; /* what it needs cannot be read */
    }
    if (of->lasting) { /* several calls of several kinds fail */
        return of->rc == BBOTS_IO || of->rc == BBOTS_DISK_FULL || of->rc == BBOTS_NO_MEMORY;
    }
    bool memory = of->report.number == ENOMEM || strcmp(of->report.name, "madvise") == 0;
    return of->rc == (memory ? BBOTS_NO_MEMORY : BBOTS_IO);
}

static void judge_error(performance *of)
{
    const bbots_error *error = &of->error;
    char text[96];
    if (of->report.name == NULL) {
        if (of->rc < 0) {
            complain(of, "failed without a refusal", error);
        }
        return;
    }
    if (of->rc >= 0) {
        bool judged = of->it->kind == WRITES && of->settled; /* by its effect */
        judged = judged || is_misled(of);                    /* the value may say nothing here */
        if (!is_harmless(of) && !is_tolerated(of) && !judged) {
            complain(of, "nobody noticed", NULL);
        }
        return;
    }
    if (!is_named(of)) {
        snprintf(text, sizeof text, "gave %s", bbots_status_name(of->rc));
        complain(of, text, (of->it->flags & NAMELESS) == 0 ? error : NULL);
    }
    if ((of->it->flags & NAMELESS) == 0 && of->what != REFUSE_ENTRY &&
        (error->code != of->rc || error->message[0] == '\0' ||
         strcmp(error->sqlstate, bbots_status_sqlstate(of->rc)) != 0)) {
        complain(of, "the error object is not filled", NULL);
    }
}

/* ------------------------------------------------------------------ acting */

static void act(performance *of)
{
    memset(&of->error, 0, sizeof of->error);
    if (of->noted != NULL) {
        system_note(of->what, of->noted);
    } else {
        system_refuse(of->what, of->number, of->lasting);
    }
    of->rc = of->it->act(of->at, &of->error);
    of->report = system_relent();
    judge_error(of);
}

static void act_unharmed(performance *of)
{
    bbots_error error;
    if (of->it->act(of->at, &error) < 0) {
        complain(of, "cannot be done again", (of->it->flags & NAMELESS) == 0 ? &error : NULL);
    }
}

/* ------------------------------------------------------------------ what must be there */

static bbots_txn *begin(performance *of, bbots_access access)
{
    bbots_error error;
    bbots_txn *txn = NULL;
    if (bbots_begin(of->at->store, access, &txn, &error) < 0) {
        complain(of, "cannot begin", &error);
        return NULL;
    }
    if (access == BBOTS_WRITE) {
        bbots_txn_set_now(txn, NOW);
    }
    return txn;
}

static void open_store(performance *of)
{
    bbots_error error;
    bbots_options options = stage_options(of->at);
    if (bbots_open(of->at->path, &options, &of->at->store, &error) < 0) {
        complain(of, "cannot be opened any more", &error);
        of->at->store = NULL;
    }
}

static void close_store(performance *of)
{
    bbots_error error;
    if (bbots_close(of->at->store, &error) < 0) {
        complain(of, "cannot be closed", &error);
    }
    of->at->store = NULL;
}

static void check(performance *of, bbots_txn *txn)
{
    bbots_error error;
    bbots_check_result result;
    bbots_check_options options = {0};
    if (bbots_check(txn, &options, &result, &error) < 0) {
        complain(of, "cannot be checked", &error);
    } else if (result.damage + result.derived != 0) {
        complain(of, "the check finds something", NULL);
    }
}

static void compare(performance *of, bbots_txn *txn, const bbots_digest *wanted, const char *what)
{
    bbots_error error;
    bbots_digest digest;
    if (bbots_store_digest(txn, &digest, &error) < 0) {
        complain(of, "cannot be read", &error);
    } else if (memcmp(&digest, wanted, sizeof digest) != 0) {
        complain(of, what, NULL);
    }
}

static void compare_holdings(performance *of, system_holdings before)
{
    system_holdings after = system_hold();
    char text[96];
    if ((of->it->flags & REGEX) != 0 && of->what == REFUSE_MEMORY) {
        after.blocks = before.blocks;
    }
    if (memcmp(&before, &after, sizeof after) != 0) {
        snprintf(text, sizeof text,
                 "leaked %" PRId64 " blocks, %" PRId64 " mappings, %" PRId64 " descriptors",
                 after.blocks - before.blocks, after.mappings - before.mappings,
                 after.descriptors - before.descriptors);
        complain(of, text, NULL);
    }
}

/* ------------------------------------------------------------------ the kinds of scenes */

static void play_plain(performance *of)
{
    act(of);
    act_unharmed(of);
}

/* After a statement that failed: its transaction goes on as if it had not been. */
static void go_on(performance *of)
{
    bbots_error error;
    if (of->it->kind == WRITES) {
        if (bbots_savepoint(of->at->txn, "alive", &error) == BBOTS_TRANSACTION_BROKEN) {
            return; /* it says so: its rollback is all that is left */
        }
        if (bbots_savepoint_release(of->at->txn, "alive", &error) < 0) {
            complain(of, "does not go on", &error);
        }
    }
    compare(of, of->at->txn, &of->at->digest, "a statement that failed changed something");
    act_unharmed(of);
    check(of, of->at->txn);
}

/* Of a write that came to its end: whatever was refused, it did what it always does. */
static void judge_effect(performance *of)
{
    if (of->settled) {
        compare(of, of->at->txn, &of->effect, "it did something else than usual");
    }
}

static void play_in_txn(performance *of)
{
    bbots_access access = of->it->kind == WRITES ? BBOTS_WRITE : BBOTS_READ;
    /* A transaction keeps what it was told of counts and digests, which have no checksum. */
    bool misled = is_misled(of);
    bool alone = (of->it->flags & (STEPWISE | UNFORGIVING)) == 0 && !misled;
    of->at->txn = begin(of, access);
    act(of);
    if (of->rc < 0 && alone) {
        go_on(of);
    } else if (of->rc >= 0 && of->it->kind == WRITES && !misled) {
        judge_effect(of);
    }
    bbots_rollback(of->at->txn);
    of->at->txn = begin(of, access);
    compare(of, of->at->txn, &of->at->digest, "a rollback left something");
    if (of->rc < 0 && !alone) {
        act_unharmed(of);
        check(of, of->at->txn);
    }
    bbots_rollback(of->at->txn);
    of->at->txn = NULL;
}

/* A store that was just used: rows are those of before, or of an acknowledged commit. */
static void look(performance *of, const bbots_digest *wanted)
{
    bbots_txn *txn = begin(of, BBOTS_READ);
    if (txn != NULL) {
        if (wanted != NULL) {
            compare(of, txn, wanted, "rows are not those of the last acknowledged commit");
        }
        check(of, txn);
        bbots_rollback(txn);
    }
}

/* Whether rows are to be those of before. */
static const bbots_digest *wanted_rows(const performance *of)
{
    return of->rc < 0 && (of->it->flags & STEPWISE) == 0 ? &of->at->digest : NULL;
}

/* A copy that was acknowledged holds the same rows. */
static void look_at_copy(performance *of)
{
    bbots_error error;
    bbots_store *own = of->at->store;
    bool lossy = (of->it->flags & LOSSY) != 0 && of->what == REFUSE_IO;
    if (of->rc >= 0 && (of->it->flags & COPIES) != 0 && !lossy) {
        if (bbots_open(of->at->other, NULL, &of->at->store, &error) < 0) {
            complain(of, "the copy cannot be opened", &error);
        } else {
            look(of, &of->at->digest);
            close_store(of);
        }
        of->at->store = own;
    }
}

/* On a store or a file, which is then thrown away: the same work on what is whole. */
static void play_misled(performance *of)
{
    bool opens = of->it->kind == USES;
    for (int unharmed = 0; unharmed < 2; unharmed++) {
        stage_clear(of->at);
        stage_restore(of->at, (of->it->flags & UNCLEAN) != 0);
        if (opens) {
            open_store(of);
        }
        if (unharmed) {
            act_unharmed(of);
        } else {
            act(of);
        }
        if (opens) {
            close_store(of);
        }
    }
}

static void play_on_store(performance *of)
{
    bbots_txn *txn;
    bbots_error error;
    bbots_digest digest;
    stage_restore(of->at, (of->it->flags & UNCLEAN) != 0);
    open_store(of);
    act(of);
    bool known = bbots_begin(of->at->store, BBOTS_READ, &txn, &error) == BBOTS_OK;
    if (known) { /* else LMDB wants the file opened again: after a commit that failed half way */
        known = bbots_store_digest(txn, &digest, &error) == BBOTS_OK;
        bbots_rollback(txn);
    }
    close_store(of);
    look_at_copy(of);
    stage_clear(of->at);
    open_store(of);
    look(of, wanted_rows(of) != NULL ? wanted_rows(of) : known ? &digest : NULL);
    if (of->rc < 0) {
        act_unharmed(of);
        look(of, NULL);
    }
    close_store(of);
}

static void play_on_file(performance *of)
{
    stage_restore(of->at, (of->it->flags & UNCLEAN) != 0);
    act(of);
    if (of->rc < 0 && of->what == REFUSE_MEMORY && (of->it->flags & STEPWISE) == 0 &&
        stage_litter(of->at) != 0) {
        complain(of, "a file was left behind", NULL);
    }
    look_at_copy(of);
    open_store(of);
    if (of->at->store != NULL) {
        look(of, &of->at->digest);
        close_store(of);
    }
    stage_restore(of->at, (of->it->flags & UNCLEAN) != 0);
    act_unharmed(of);
}

static void play_one(performance *of)
{
    system_holdings before = system_hold();
    switch (of->it->kind) {
    case PLAIN:
        play_plain(of);
        break;
    case READS:
    case WRITES:
        play_in_txn(of);
        break;
    case USES:
    case FILES:
        if (is_misled(of)) {
            play_misled(of);
        } else if (of->it->kind == USES) {
            play_on_store(of);
        } else {
            play_on_file(of);
        }
        break;
    }
    if (of->at->store == NULL) { /* an open one keeps what it may want again */
        compare_holdings(of, before);
    }
}

/* ------------------------------------------------------------------ all of a scene */

static void warm_up(performance *of)
{
    of->number = UINT64_MAX;
    if (of->it->kind == READS || of->it->kind == WRITES) {
        stage_restore(of->at, false);
        open_store(of);
    }
    play_one(of);
    of->wrong = false;
}

/* What the scene makes of the rows, when that is the same twice. */
static void note_effect(performance *of)
{
    bbots_digest twice[2];
    bbots_error error;
    of->settled = of->it->kind == WRITES;
    for (unsigned i = 0; i < 2 && of->settled; i++) {
        of->at->txn = begin(of, BBOTS_WRITE);
        of->settled = of->it->act(of->at, &error) >= 0 &&
                      bbots_store_digest(of->at->txn, &twice[i], &error) == BBOTS_OK;
        bbots_rollback(of->at->txn);
    }
    of->settled = of->settled && memcmp(&twice[0], &twice[1], sizeof twice[0]) == 0;
    of->effect = twice[0];
}

static void cool_down(performance *of)
{
    if (of->at->store != NULL) {
        close_store(of);
    }
}

uint64_t rehearse(stage *at, const scene *it, enum refusal what, places *noted)
{
    performance of = {.at = at, .it = it, .what = what};
    at->plain_reads = what >= REFUSE_LMDB;
    warm_up(&of);
    if (noted != NULL) { /* behind what libc and the store do once */
        of.noted = noted;
        play_one(&of);
    }
    cool_down(&of);
    return of.report.calls;
}

/* Number i of a choice; false behind its last one. */
static bool choose(const choice *of, uint64_t i, uint64_t *number)
{
    if (of->numbers == NULL) {
        *number = of->first + i * of->step;
        return true;
    }
    *number = i < of->count ? of->numbers[i] : 0;
    return i < of->count;
}

void play(stage *at, const scene *it, enum refusal what, bool lasting, const choice *which,
          uint64_t *next, tally *found)
{
    performance of = {.at = at, .it = it, .what = what, .lasting = lasting};
    at->plain_reads = what >= REFUSE_LMDB;
    warm_up(&of); /* tables that libc makes once and keeps */
    cool_down(&of);
    system_holdings before = system_hold();
    warm_up(&of);
    note_effect(&of);
    for (; choose(which, *next, &of.number); ++*next) {
        alarm(SECONDS_MAX);
        of.wrong = false;
        play_one(&of);
        found->failed += of.wrong;
        if (of.report.name == NULL) {
            break; /* the scene came to its end before */
        }
        found->points++;
    }
    cool_down(&of);
    of.wrong = false;
    compare_holdings(&of, before);
    found->failed += of.wrong;
}
