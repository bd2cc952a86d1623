/*
 * tests/ledger/main.c - costs under random operations of threads and processes, held against a mirror.
 *
 *     model-costs OPERATIONS SEED [PROCESSES THREADS]
 *
 * After each operation one random question is compared with what all rows of the mirror give; after
 * each commit a reader of its own compares answers with the rows that it sees; and after 1, 2, 4, ...
 * operations, then each DEEP_STEP, every kind of question for every user, every row, every day's
 * summary, the copies in budgets and the balances of credits. The run is in parts: between them the
 * processes end, the whole file is checked and rows are imported from a file by bbots-inspect
 * (BBOTS_INSPECT, otherwise without). The last line says what was reached:
 * `model-costs: figure (target) ok|FAIL`.
 */
#include "ledger.h"

#include <bbots/check.h>

#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES_MAX 8
#define THREADS_MAX   8
#define DEEP_STEP     2000
#define PARTS         4

static char path[200];

void broken(const shared *all, const char *format, ...)
{
    va_list rest;
    char text[600];
    va_start(rest, format);
    vsnprintf(text, sizeof text, format, rest);
    va_end(rest);
    if (!atomic_exchange(&((shared *)all)->broken, true)) { /* what follows from it is no news */
        fprintf(stderr, "model-costs: seed %llu, operation %llu: %s\n",
                (unsigned long long)all->seed, (unsigned long long)atomic_load(&all->operations),
                text);
    }
    _exit(1);
}

void must_be(actor *of, int got, int wanted, const char *call)
{
    if (got != wanted) {
        broken(of->all, "%.60s: %d instead of %d: %s", call, got, wanted,
               got < 0 ? of->error.message : "");
    }
}

/* ------------------------------------------------------------------ transactions */

/* Of what was committed: works that share a commit do not see each other's summaries. */
static void compare_at_times(actor *of, bbots_txn *txn)
{
    shared *all = of->all;
    uint64_t done = atomic_load(&all->operations);
    if (done >= all->deep) {
        all->deep = done < DEEP_STEP ? done * 2 + 1 : done + DEEP_STEP;
        ask_all(of, txn);
    }
}

/* Some operations, with savepoints that are rolled back or released. Whether to keep them. */
static bool act_some(actor *of, bbots_txn *txn)
{
    random_source *random = &of->all->random;
    unsigned steps = 1 + (unsigned)random_below(random, 16);
    bool marked = false;
    mirror_copy(of->at_begin, &of->all->now);
    bbots_txn_set_now(txn, of->all->now.now);
    while (steps-- != 0) {
        if (!marked && random_below(random, 6) == 0) {
            must(of, bbots_savepoint(txn, "here", &of->error), BBOTS_OK);
            mirror_copy(of->at_savepoint, &of->all->now);
            marked = true;
        }
        act(of, txn);
        ask(of, txn);
        if (marked && random_below(random, 6) == 0) {
            if (random_below(random, 2) == 0) {
                must(of, bbots_savepoint_rollback(txn, "here", &of->error), BBOTS_OK);
                mirror_copy(&of->all->now, of->at_savepoint);
                ask(of, txn);
            }
            must(of, bbots_savepoint_release(txn, "here", &of->error), BBOTS_OK);
            marked = false;
        }
    }
    bool kept = random_below(random, 8) != 0;
    if (!kept) {
        mirror_copy(&of->all->now, of->at_begin);
    }
    return kept;
}

/* As bbots_write() calls it; the mirror goes back before the store does. */
static int work(bbots_txn *txn, void *context, bbots_error *error)
{
    (void)error;
    return act_some(context, txn) ? BBOTS_OK : BBOTS_INVALID_ARGUMENT;
}

static void write_some(actor *of, bool together)
{
    bbots_txn *txn;
    if (together) {
        int rc = bbots_write(of->store, work, of, &of->error);
        must_be(of, rc == BBOTS_INVALID_ARGUMENT ? BBOTS_OK : rc, BBOTS_OK, "bbots_write");
        return;
    }
    must(of, bbots_begin(of->store, BBOTS_WRITE, &txn, &of->error), BBOTS_OK);
    compare_at_times(of, txn);
    if (act_some(of, txn)) {
        must(of, bbots_commit(txn, &of->error), BBOTS_OK);
    } else {
        bbots_rollback(txn);
    }
}

static void read_some(actor *of, random_source *random)
{
    bbots_txn *txn;
    must(of, bbots_begin(of->store, BBOTS_READ, &txn, &of->error), BBOTS_OK);
    ask_snapshot(of, txn, random);
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ threads and processes */

typedef struct thread {
    actor actor;
    random_source own; /* which only chooses what disturbs nobody */
    pthread_t thread;
} thread;

static void actor_open(actor *of, shared *all, bbots_store *store)
{
    of->all = all;
    of->store = store;
    of->at_begin = malloc(sizeof *of->at_begin);
    of->at_savepoint = malloc(sizeof *of->at_savepoint);
    if (of->at_begin == NULL || of->at_savepoint == NULL) {
        broken(all, "out of memory");
    }
}

static void actor_close(actor *of)
{
    free(of->at_begin);
    free(of->at_savepoint);
}

static void *run_thread(void *context)
{
    thread *me = context;
    shared *all = me->actor.all;
    while (atomic_load(&all->operations) < all->until && !atomic_load(&all->broken)) {
        write_some(&me->actor, random_below(&me->own, 2) != 0);
        atomic_fetch_add(&all->commits, 1);
        if (random_below(&me->own, 8) == 0) {
            read_some(&me->actor, &me->own);
        }
    }
    return NULL;
}

static bbots_store *open_it(shared *all, uint32_t flags)
{
    bbots_options options = {
        .schema = &bbots_platform_schema, .flags = flags, .durability = BBOTS_RELAXED};
    bbots_store *store;
    bbots_error error;
    if (bbots_open(path, &options, &store, &error) != BBOTS_OK) {
        broken(all, "%s", error.message);
    }
    return store;
}

static void run_process(shared *all, unsigned number, unsigned threads)
{
    thread mine[THREADS_MAX];
    bbots_store *store = open_it(all, 0);
    for (unsigned i = 0; i < threads; i++) {
        actor_open(&mine[i].actor, all, store);
        mine[i].own.state = all->seed + number * THREADS_MAX + i;
        if (pthread_create(&mine[i].thread, NULL, run_thread, &mine[i]) != 0) {
            broken(all, "no thread");
        }
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(mine[i].thread, NULL);
        actor_close(&mine[i].actor);
    }
    bbots_close(store, NULL);
}

static bool run_part(shared *all, unsigned processes, unsigned threads)
{
    pid_t children[PROCESSES_MAX];
    bool good = true;
    fflush(NULL);
    for (unsigned i = 0; i < processes; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            run_process(all, i, threads);
            fflush(NULL);
            _exit(0);
        }
        good = good && children[i] > 0;
    }
    for (unsigned i = 0; i < processes; i++) {
        int status = 1;
        good = children[i] > 0 && waitpid(children[i], &status, 0) == children[i] && good &&
               status == 0;
    }
    return good && !atomic_load(&all->broken);
}

/* ------------------------------------------------------------------ between the parts */

/* Rows of storage_costs, in CSV, that bbots-inspect takes in; the mirror has them too. */
static void import_rows(actor *of, const char *inspect, unsigned part)
{
    const int64_t first = 1000000000 + 1000000 * (int64_t)part;
    char csv[220];
    char command[700];
    mirror *now = &of->all->now;
    unsigned rows = now->count < ROWS_MAX - 200 ? 100 : 0;
    snprintf(csv, sizeof csv, "%s.csv", path);
    FILE *file = fopen(csv, "w");
    if (file == NULL) {
        broken(of->all, "no file for an import");
    }
    fprintf(file, "id,userId,provider,bucket,operationType,sizeBytes,sizeMb,totalCost,status,"
                  "createdAt\n");
    for (unsigned i = 0; i < rows; i++) {
        cost row = {.id = first + i,
                    .source = BBOTS_COST_STORAGE,
                    .user = 1 + i % USERS,
                    .time = BEGIN_TIME + (int64_t)random_below(&of->all->random, 80) * DAY,
                    .by = {-1, -1, -1, 1, 3}};
        char time[BBOTS_TIMESTAMP_TEXT_MAX];
        row.sums.bytes = (int64_t)random_below(&of->all->random, 1000000);
        row.sums.mb = rounded((wide)row.sums.bytes * 10000, 1048576);
        cost_set_total(&row, (int64_t)random_below(&of->all->random, 1000000));
        bbots_timestamp_print(row.time, false, BBOTS_TIMESTAMP_POSTGRES, time);
        fprintf(file, "%lld,%lld,r2,b,upload,%lld,%lld.%04lld,0.%06lld,success,%s\n",
                (long long)row.id, (long long)row.user, (long long)row.sums.bytes,
                (long long)(row.sums.mb / 10000), (long long)(row.sums.mb % 10000),
                (long long)cost_total(&row), time);
        mirror_add(now, &row);
    }
    fclose(file);
    snprintf(command, sizeof command, "%s %s import storage_costs %s > /dev/null", inspect, path,
             csv);
    if (system(command) != 0) {
        broken(of->all, "the import fell");
    }
    unlink(csv);
}

static void check_file(actor *of)
{
    bbots_check_options options = {0};
    bbots_check_result result;
    bbots_txn *txn;
    of->store = open_it(of->all, 0);
    must(of, bbots_begin(of->store, BBOTS_READ, &txn, &of->error), BBOTS_OK);
    ask_all(of, txn);
    must(of, bbots_check(txn, &options, &result, &of->error), BBOTS_OK);
    if (result.damage + result.derived + result.notes != 0) {
        broken(of->all, "the whole-file check found something");
    }
    bbots_rollback(txn);
    bbots_close(of->store, NULL);
}

static void make_file(actor *of)
{
    bbots_txn *txn;
    of->store = open_it(of->all, BBOTS_OPEN_CREATE);
    must(of, bbots_begin(of->store, BBOTS_WRITE, &txn, &of->error), BBOTS_OK);
    act_begin(of, txn);
    must(of, bbots_commit(txn, &of->error), BBOTS_OK);
    bbots_close(of->store, NULL);
}

static void run_all(actor *of, uint64_t operations_wanted, unsigned processes, unsigned threads)
{
    const char *inspect = getenv("BBOTS_INSPECT");
    shared *all = of->all;
    bool good = true;
    make_file(of);
    for (unsigned part = 1; part <= PARTS && good; part++) {
        all->until = operations_wanted * part / PARTS;
        good = run_part(all, processes, threads);
        if (good && inspect != NULL) {
            import_rows(of, inspect, part);
        }
        if (good) {
            check_file(of);
        }
    }
    printf("model-costs: seed %llu, %u processes of %u threads, %llu transactions, %llu answers "
           "equal to all rows of the mirror, %llu of readers to the rows they saw\n",
           (unsigned long long)all->seed, processes, threads,
           (unsigned long long)atomic_load(&all->commits),
           (unsigned long long)atomic_load(&all->answers),
           (unsigned long long)atomic_load(&all->snapshots));
    printf("model-costs: %llu operations, %u differences (0) %s\n",
           (unsigned long long)atomic_load(&all->operations), good ? 0 : 1, good ? "ok" : "FAIL");
}

int main(int argc, char **argv)
{
    const char *folder = getenv("TMPDIR");
    char directory[160];
    char lock[220];
    unsigned processes = argc > 4 ? (unsigned)atoi(argv[3]) : 2;
    unsigned threads = argc > 4 ? (unsigned)atoi(argv[4]) : 2;
    if (argc < 3 || processes < 1 || processes > PROCESSES_MAX || threads < 1 ||
        threads > THREADS_MAX) {
        fprintf(stderr, "usage: model-costs OPERATIONS SEED [PROCESSES THREADS]\n");
        return 2;
    }
    shared *all =
        mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(directory, sizeof directory, "%s/bbots-ledger-XXXXXX",
             folder != NULL ? folder : "/tmp");
    if (all == MAP_FAILED || mkdtemp(directory) == NULL) {
        perror("model-costs");
        return 2;
    }
    snprintf(path, sizeof path, "%s/ledger.bbots", directory);
    snprintf(lock, sizeof lock, "%s-lock", path);
    actor first;
    all->seed = strtoull(argv[2], NULL, 10);
    all->random.state = all->seed;
    mirror_begin(&all->now);
    actor_open(&first, all, NULL);
    run_all(&first, strtoull(argv[1], NULL, 10), processes, threads);
    actor_close(&first);
    unlink(path);
    unlink(lock);
    rmdir(directory);
    return atomic_load(&all->broken) ? 1 : 0;
}
