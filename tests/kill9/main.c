/*
 * tests/kill9/main.c - processes that write are killed at random; nothing that was acknowledged may be
 * missing, and nothing may be there in part.
 *
 *     kill9 KILLS SEED
 *
 * Two processes of two threads each write to one file, in groups, with cascades, imports, savepoints,
 * rollbacks, long texts, sealed columns and their rotation. One of them is killed after a random
 * time, from before its opening on; the other writes on, with the write lock of the dead in
 * its hands. Then the file is opened: each part of the dead must be as after its last acknowledged
 * transaction or the one after that, row by row, and the whole-file check must find nothing. Every
 * so often all are killed, and compactions, backups, rotations and the creation of the file are.
 *
 * The last line says what was reached: `name: figure (target) ok|FAIL`.
 */
#include "kill9.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ALONE_EVERY = 8, LATEST_US = 4000, OPENING_US = 600, REASON_MAX = 600 };

typedef struct director {
    theatre *stage;
    pid_t actors[ACTORS]; /* 0: none */
    uint64_t random;
    uint64_t kills;
    uint64_t by_kind[6]; /* of kills: writers, compaction, backup, rotation, creation */
    uint64_t committed;
    uint64_t violations;
} director;

enum { KILLED_WRITER, KILLED_COMPACTION, KILLED_BACKUP, KILLED_ROTATION, KILLED_CREATION };

static void violation(director *all, const char *what, const char *why)
{
    all->violations++;
    printf("after kill %llu: %s: %s\n", (unsigned long long)all->kills, what, why);
}

static int conclude(const director *all)
{
    printf("%llu writers, %llu compactions, %llu backups, %llu rotations, %llu creations killed; "
           "%llu transactions stand\n",
           (unsigned long long)all->by_kind[KILLED_WRITER],
           (unsigned long long)all->by_kind[KILLED_COMPACTION],
           (unsigned long long)all->by_kind[KILLED_BACKUP],
           (unsigned long long)all->by_kind[KILLED_ROTATION],
           (unsigned long long)all->by_kind[KILLED_CREATION], (unsigned long long)all->committed);
    printf("kill9: %llu kills, %llu violations (0) %s\n", (unsigned long long)all->kills,
           (unsigned long long)all->violations, all->violations == 0 ? "ok" : "FAIL");
    return all->violations == 0 ? 0 : 1;
}

/* After this nothing that follows could be judged. The file stays where it is. */
static void stop_at(director *all, const char *what, const char *why)
{
    violation(all, what, why);
    printf("the file is %s\n", all->stage->path);
    exit(conclude(all));
}

/* ------------------------------------------------------------------ starting and killing */

static void wait_some(director *all)
{
    uint64_t most = draw_below(&all->random, 4) == 0 ? OPENING_US : LATEST_US;
    usleep((useconds_t)draw_below(&all->random, most));
}

static pid_t start(director *all, unsigned kind, unsigned actor)
{
    uint64_t random = draw(&all->random);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        theatre *stage = all->stage;
        bbots_error error;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        switch (kind) {
        case KILLED_WRITER:
            act_write(stage, actor, random);
            break;
        case KILLED_COMPACTION:
            act_compact(stage, random);
            break;
        case KILLED_BACKUP:
            act_copy(stage, random);
            break;
        case KILLED_ROTATION:
            act_rotate(stage, random);
            break;
        default:
            for (;;) {
                bbots_store *made =
                    open_ordeal(stage->copy, BBOTS_OPEN_CREATE, BBOTS_DURABLE, 0, &error);
                if (made == NULL) {
                    _exit(3);
                }
                (void)bbots_close(made, NULL);
                remove_store(stage->copy);
            }
        }
        _exit(2);
    }
    demand(child > 0, "fork", NULL);
    return child;
}

static void kill_one(director *all, unsigned kind, pid_t child)
{
    int status;
    kill(child, SIGKILL);
    demand(waitpid(child, &status, 0) == child, "waitpid", NULL);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        violation(all, "a process ended by itself", WIFSIGNALED(status) ? "signal" : "status");
    }
    all->kills++;
    all->by_kind[kind]++;
    if (atomic_load(&all->stage->refused) != 0) {
        violation(all, "a call failed", all->stage->refusal);
        atomic_store(&all->stage->refused, 0);
    }
}

/* ------------------------------------------------------------------ judging */

/* A worker that is dead: what does the file have of it? What it has is where its next life begins. */
static void judge_dead(director *all, bbots_txn *txn, unsigned worker)
{
    char why[REASON_MAX];
    bbots_error error;
    account *said = &all->stage->accounts[worker];
    int64_t acknowledged = atomic_load(&said->acknowledged);
    int64_t done = plot_done(txn, worker, &error);
    if (done != acknowledged && done != acknowledged + 1) {
        snprintf(why, sizeof why, "worker %u had %lld transactions acknowledged, the file has %lld",
                 worker, (long long)acknowledged, (long long)done);
        stop_at(all, done < acknowledged ? "lost" : "never done", why);
    }
    if (!plot_holds(txn, worker, &said->states[done % 2], why, sizeof why)) {
        printf("worker %u, of whose transactions %lld were acknowledged, and the file has %lld\n",
               worker, (long long)acknowledged, (long long)done);
        stop_at(all, "a transaction is there in part", why);
    }
    all->committed += (uint64_t)(done - acknowledged);
    atomic_store(&said->acknowledged, done);
}

/*
 * Who dies between the write of the meta page and the note of its number in the lock file leaves a
 * commit that stands, but that readers do not see yet. The next writer makes the note.
 */
static int settle(bbots_store *store, bbots_error *error)
{
    bbots_txn *txn;
    int rc = bbots_begin(store, BBOTS_WRITE, &txn, error);
    if (rc == BBOTS_OK) {
        bbots_rollback(txn);
    }
    return rc;
}

/* The file, after actor number `dead` was killed (ACTORS: all of them). */
static void judge(director *all, const char *path, unsigned dead)
{
    char why[REASON_MAX];
    bbots_error error;
    bbots_txn *txn;
    int64_t at_least[WORKERS];
    for (unsigned w = 0; w < WORKERS; w++) {
        at_least[w] = atomic_load(&all->stage->accounts[w].acknowledged);
    }
    bbots_store *store = open_ordeal(path, 0, BBOTS_DURABLE, 0, &error);
    if (store == NULL || settle(store, &error) != BBOTS_OK ||
        bbots_begin(store, BBOTS_READ, &txn, &error) != BBOTS_OK) {
        stop_at(all, "the file cannot be opened", error.message);
    }
    const plot *states[WORKERS];
    for (unsigned w = 0; w < WORKERS; w++) {
        if (dead == ACTORS || w / THREADS == dead) {
            judge_dead(all, txn, w);
        } else if (plot_done(txn, w, &error) < at_least[w]) {
            violation(all, "lost", "of a process that lives on");
        }
        const account *said = &all->stage->accounts[w];
        states[w] = &said->states[atomic_load(&said->acknowledged) % 2];
    }
    if (dead == ACTORS && !plot_counts(txn, states, WORKERS, why, sizeof why)) {
        violation(all, "rows that nobody wrote, or too few", why);
    }
    if (!check_whole(txn, why, sizeof why)) {
        violation(all, "the check finds", why);
    }
    bbots_rollback(txn);
    if (bbots_close(store, &error) != BBOTS_OK) {
        violation(all, "close", error.message);
    }
}

/* ------------------------------------------------------------------ rounds */

static void kill_writer(director *all)
{
    unsigned victim = (unsigned)draw_below(&all->random, ACTORS);
    for (unsigned a = 0; a < ACTORS; a++) {
        if (all->actors[a] == 0) {
            all->actors[a] = start(all, KILLED_WRITER, a);
        }
    }
    wait_some(all);
    kill_one(all, KILLED_WRITER, all->actors[victim]);
    all->actors[victim] = 0;
    judge(all, all->stage->path, victim);
}

/* Whoever makes the next file in the folder removes what makers that were killed left there. */
static void expect_no_litter(director *all)
{
    char path[400];
    bbots_error error;
    remove_store(all->stage->copy);
    bbots_store *made = open_ordeal(all->stage->copy, BBOTS_OPEN_CREATE, BBOTS_DURABLE, 0, &error);
    if (made == NULL || bbots_close(made, &error) != BBOTS_OK) {
        violation(all, "no file can be made", error.message);
    }
    remove_store(all->stage->copy);
    if (folder_has(all->stage->folder, "bbots-new-", path, sizeof path)) {
        violation(all, "a working file is left", path);
    }
}

/* All writers are killed; then one process that has the file for itself is. */
static void kill_alone(director *all)
{
    static const unsigned kinds[] = {KILLED_COMPACTION, KILLED_BACKUP, KILLED_ROTATION,
                                     KILLED_CREATION};
    unsigned kind = kinds[draw_below(&all->random, sizeof kinds / sizeof *kinds)];
    for (unsigned a = 0; a < ACTORS; a++) {
        if (all->actors[a] != 0) {
            kill_one(all, KILLED_WRITER, all->actors[a]);
            all->actors[a] = 0;
        }
    }
    judge(all, all->stage->path, ACTORS);
    pid_t child = start(all, kind, 0);
    wait_some(all);
    wait_some(all);
    kill_one(all, kind, child);
    judge(all, all->stage->path, ACTORS);
    if (access(all->stage->copy, F_OK) == 0) {
        if (kind == KILLED_BACKUP) {
            judge(all, all->stage->copy, ACTORS);
        } else if (kind == KILLED_CREATION) {
            bbots_error error;
            bbots_store *made = open_ordeal(all->stage->copy, 0, BBOTS_DURABLE, 0, &error);
            if (made == NULL || bbots_close(made, &error) != BBOTS_OK) {
                violation(all, "a new file that is not whole", error.message);
            }
        }
    }
    expect_no_litter(all);
}

static void set_up(director *all)
{
    bbots_error error;
    theatre *stage = all->stage;
    unsigned workers = WORKERS;
    folder_make(stage->folder, "kill9");
    snprintf(stage->path, sizeof stage->path, "%s/store", stage->folder);
    snprintf(stage->copy, sizeof stage->copy, "%s/copy", stage->folder);
    bbots_store *store = open_ordeal(stage->path, BBOTS_OPEN_CREATE, BBOTS_DURABLE, 0, &error);
    demand(store != NULL && bbots_write(store, plot_begin, &workers, &error) == BBOTS_OK &&
               bbots_close(store, &error) == BBOTS_OK,
           "kill9", &error);
}

int main(int argc, char **argv)
{
    uint64_t kills = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    director all = {.stage = shared_memory(sizeof(theatre)), .random = seed};
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("seed %llu\n", (unsigned long long)seed);
    set_up(&all);
    for (uint64_t round = 1; all.kills < kills; round++) {
        if (round % ALONE_EVERY == 0) {
            kill_alone(&all);
        } else {
            kill_writer(&all);
        }
    }
    kill_alone(&all);
    for (unsigned w = 0; w < WORKERS; w++) {
        all.committed += (uint64_t)atomic_load(&all.stage->accounts[w].acknowledged);
    }
    folder_remove(all.stage->folder);
    return conclude(&all);
}
